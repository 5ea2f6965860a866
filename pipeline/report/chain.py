"""The chain: the few steps, out of thousands of events, that tell the hunt in order.

Steps are the reset, what has points, and what brought a reached thing into being. Like events of one thing are one
step, so that six secrets read in two minutes do not push the theft out of sight.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from pipeline.report.narrative import chain_event_ids, plain_sentence, reset_sentence
from pipeline.report.result import Hunt, Reached, ScorePart, text_array, timeline_table

ROW_LIMIT = 5_000
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `count` like events on one thing from `occurred_at` on, told by the weightiest of them, with the points
    of all. `reason` is why it gained points, when the sentence says something else."""

    occurred_at: datetime
    sentence: str
    reason: str
    control_domain: str | None
    points: float
    count: int
    event_ids: tuple[str, ...]
    thing_id: str | None
    source_ip: str | None
    is_reset: bool


def chain(hunt: Hunt, limit: int = 12) -> tuple[Step, ...]:
    """At most `limit` steps in order of time: those with most points, each with the path that led to it."""
    steps = _steps(hunt)
    of_event = {event: step for step in steps for event in step.event_ids}
    paths = {reached.thing_id: reached.path for reached in hunt.reach}
    chosen: dict[tuple[str, ...], Step] = {step.event_ids: step for step in steps if step.is_reset}
    for step in sorted(steps, key=lambda step: (-step.points, step.occurred_at, step.event_ids)):
        led_here = (of_event[event] for event in paths.get(step.thing_id or "", ()) if event in of_event)
        for candidate in (*led_here, step):
            if len(chosen) < limit:
                chosen.setdefault(candidate.event_ids, candidate)
    return tuple(
        sorted(chosen.values(), key=lambda step: (step.occurred_at, not step.is_reset, step.event_ids))
    )


def _steps(hunt: Hunt) -> list[Step]:
    reset_ids = set(hunt.reset.event_ids)
    in_chain = pc.field("event_id").isin(text_array(chain_event_ids(hunt)))
    rows = hunt.timeline.filter(in_chain | (pc.field("points") > 0))
    if rows.num_rows > ROW_LIMIT:
        rows = timeline_table(rows.sort_by([("points", "descending")]).slice(0, ROW_LIMIT))
    groups: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows.to_pylist():
        is_reset = row["event_id"] in reset_ids
        groups[("reset",) if is_reset else (row["thing_id"], row["action"], row["control_domain"])].append(
            row
        )
    brought = {reached.path[-1]: reached for reached in reversed(hunt.reach) if reached.path}
    reasons = _reasons(hunt)
    leads_on = Counter(event for reached in hunt.reach for event in reached.path[:-1])
    return [
        _reset_step(hunt, group) if key == ("reset",) else _step(group, brought, reasons, leads_on)
        for key, group in groups.items()
    ]


def _reset_step(hunt: Hunt, rows: Sequence[Row]) -> Step:
    return _told(rows, rows[0], reset_sentence(hunt.reset)[:-1], "", is_reset=True)


def _step(
    rows: Sequence[Row],
    brought: Mapping[str, Reached],
    reasons: Mapping[str, str],
    leads_on: Mapping[str, int],
) -> Step:
    """Told by the event that others of the chain came from, else by the one with most points, else by the first."""
    row = max(rows, key=lambda row: (leads_on.get(row["event_id"], 0) > 0, row["points"] or 0.0))
    reason = reasons.get(row["event_id"], "")
    reached = brought.get(row["event_id"])
    # That a session began says less than what is odd about it.
    if reached is None or not reached.why or (reached.depth == 0 and reason):
        return _told(rows, row, reason or plain_sentence(row), "")
    who = row["principal_name"] or row["principal_id"]
    says_who = not who or who.lower() in reached.why.lower()
    return _told(rows, row, reached.why if says_who else f"{who}: {reached.why}", reason)


def _told(rows: Sequence[Row], row: Row, sentence: str, reason: str, is_reset: bool = False) -> Step:
    return Step(
        occurred_at=rows[0]["occurred_at"],
        sentence=sentence,
        reason=reason,
        control_domain=row["control_domain"],
        points=sum(row["points"] or 0.0 for row in rows),
        count=len(rows),
        event_ids=tuple(row["event_id"] for row in rows),
        thing_id=row["thing_id"],
        source_ip=row["source_ip"],
        is_reset=is_reset,
    )


def _reasons(hunt: Hunt) -> dict[str, str]:
    """event_id → the reason of its weightiest score part."""
    weightiest: dict[str, ScorePart] = {}
    for part in hunt.score_parts:
        if part.event_id and (
            part.event_id not in weightiest or part.points > weightiest[part.event_id].points
        ):
            weightiest[part.event_id] = part
    return {event: part.reason for event, part in weightiest.items()}
