"""The timeline as the report shows it: the steps that matter open, the runs between them folded, the size bounded."""

import heapq
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline.report.narrative import chain_event_ids, counted
from pipeline.report.result import Hunt

ROW_LIMIT = 2_000
OPEN_LIMIT = 80  # steps shown open; more is a wall again

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """One open row, or a run of folded rows with what they are in words."""

    rows: tuple[Row, ...]
    is_open: bool
    first_at: datetime
    last_at: datetime
    summary: str
    points: float


@dataclass(frozen=True, slots=True)
class ShownTimeline:
    stretches: tuple[Stretch, ...]
    row_count: int
    shown_count: int


def shown_timeline(hunt: Hunt, row_limit: int = ROW_LIMIT, open_limit: int = OPEN_LIMIT) -> ShownTimeline:
    """Rows are chosen by weight (steps of the chain, then points, then time) and shown in order of time."""
    timeline, reset_ids = hunt.timeline, set(hunt.reset.event_ids)
    in_chain = chain_event_ids(hunt)
    points, event_ids = timeline["points"].to_pylist(), timeline["event_id"].to_pylist()
    weights = [(event in in_chain, gained or 0.0) for event, gained in zip(event_ids, points, strict=True)]
    # nlargest is stable: among equals the earlier row comes first.
    chosen = heapq.nlargest(row_limit, range(len(weights)), key=weights.__getitem__)
    is_open = {number for number in chosen[:open_limit] if weights[number] > (False, 0.0)}
    numbers = sorted(chosen)
    rows = timeline.take(pa.array(numbers, pa.int64())).to_pylist()
    stretches: list[Stretch] = []
    run: list[Row] = []
    for number, row in zip(numbers, rows, strict=True):
        row["is_reset"] = row["event_id"] in reset_ids
        if number in is_open:
            _close(run, stretches)
            stretches.append(
                Stretch((row,), True, row["occurred_at"], row["occurred_at"], "", row["points"] or 0.0)
            )
        else:
            run.append(row)
    _close(run, stretches)
    return ShownTimeline(tuple(stretches), timeline.num_rows, len(rows))


def _close(run: list[Row], stretches: list[Stretch]) -> None:
    if run:
        stretches.append(
            Stretch(
                tuple(run), False, run[0]["occurred_at"], run[-1]["occurred_at"], _summary(run),
                sum(row["points"] or 0.0 for row in run),
            )
        )  # fmt: skip
        run.clear()


def _summary(run: list[Row]) -> str:
    """`GetObject ×598 by alice, ListBucket ×2 by alice`: the most frequent first."""
    acts = Counter(
        (row["action"] or "event", row["principal_name"] or row["principal_id"] or "somebody") for row in run
    )
    words = [
        f"{action} ×{count:,} by {who}" if count > 1 else f"{action} by {who}"
        for (action, who), count in acts.most_common(3)
    ]
    return ", ".join(words) + (f" and {counted(len(acts) - 3, 'other kind')}" if len(acts) > 3 else "")
