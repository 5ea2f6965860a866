"""Labelled records of others, and which of our rules match them through a real lake.

The records are the rule tests of Panther (Apache-2.0) that lie beside the checkout; each says which rule of theirs it is for and
whether that rule must match. Nothing here was tuned to them.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.conversion import convert_detections
from pipeline.detect import evaluate_rules
from pipeline.detection import Detection
from pipeline.detections import load_detections
from pipeline.hunt import connect
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.settings import resource_root

NOW = datetime(2026, 11, 24)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One test of theirs. `topic` is their rule's name."""

    topic: str
    test: str
    is_expected: bool
    record: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it here: whether it is an event, and the names of our rules that match it."""

    labelled: Labelled
    is_event: bool
    matched: frozenset[str]


def read_labels(logs: Path) -> list[Labelled]:
    """Every labelled record below the folder, in the order of files and lines."""
    found: list[Labelled] = []
    for path in sorted(logs.glob("*/panther*/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.append(Labelled(row["rule"], row["test"], bool(row["expected"]), json.dumps(row["log"])))
    return found


def own_rules() -> list[Detection]:
    """Our rules of one event, without the parts of correlations."""
    detections = load_detections([resource_root() / "detections"])
    inputs = convert_detections(detections).inputs
    return [rule for rule in detections if rule.kind == "sigma" and rule.name not in inputs]


def run_labels(labels: Sequence[Labelled], rules: Sequence[Detection]) -> list[Outcome]:
    """One outcome a label, in their order. Their tests repeat event ids, and a lake keeps an event once, so what one lake takes
    for a duplicate goes into the next."""
    outcomes: dict[int, Outcome] = {}
    waiting = list(range(len(labels)))
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(len(labels)):
            if not waiting:
                break
            met = _run_once(
                Path(folder) / str(attempt), {number: labels[number] for number in waiting}, rules
            )
            outcomes |= met
            waiting = [number for number in waiting if number not in met]
    return [outcomes[number] for number in range(len(labels))]


def _run_once(folder: Path, labels: dict[int, Labelled], rules: Sequence[Detection]) -> dict[int, Outcome]:
    """The outcomes of those that were no duplicates."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    for number, labelled in labels.items():
        (logs / f"{number:05}.json").write_text(labelled.record, encoding="utf-8")
    summary = ingest(folder / "lake", [logs], NOW)
    lake = Lake.open(folder / "lake")
    con = connect(lake)
    try:
        lake.create_events_view(con)
        evaluate_rules(con, rules)
        rows = con.execute(
            """select parse_filename(events.source_file, true)::integer as number,
                list(signals.detection) filter (signals.detection is not null) as matched
            from events left join signals using (source, event_id, occurred_at) group by number"""
        ).fetchall()
    finally:
        con.close()
    events = {number: frozenset(matched or ()) for number, matched in rows}
    duplicates = summary.total.duplicates
    unread = [number for number in labels if number not in events]
    # where nothing was a duplicate, what is no event was set aside
    met = {number: Outcome(labels[number], True, matched) for number, matched in events.items()}
    if not duplicates:
        met |= {number: Outcome(labels[number], False, frozenset()) for number in unread}
    return met
