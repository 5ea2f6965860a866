"""The result as plain dicts, for everything that becomes JSON. Keys are a promise: other people's scripts read them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from pipeline.report.result import Finding, Hunt, Reached, Reset, ScorePart, Visibility
from pipeline.report.text import iso

Shape = dict[str, Any]


def reset_shape(reset: Reset) -> Shape:
    return _times_as_text(asdict(reset))


def finding_shape(finding: Finding) -> Shape:
    """`signals` are the names of the detections, as in a line of timeline.jsonl."""
    shape = _times_as_text(asdict(finding))
    shape["signals"] = list(shape.pop("detections"))
    return shape


def reached_shape(reached: Reached) -> Shape:
    return _times_as_text(asdict(reached))


def part_shape(part: ScorePart) -> Shape:
    return _times_as_text(asdict(part))


def visibility_shape(visibility: Visibility) -> Shape:
    return {
        "statements": list(visibility.statements),
        "hours": [_times_as_text(asdict(hour)) for hour in visibility.hours],
        "detections": [asdict(detection) for detection in visibility.detections],
    }


def credits_shape(hunt: Hunt) -> Shape:
    """Of the detections that gave points here, those that others wrote, and what their licence asks to be told."""
    named = sorted({part.detection for part in hunt.score_parts if part.detection})
    return {name: hunt.detection_credits[name] for name in named if name in hunt.detection_credits}


def hunt_summary(hunt: Hunt, out: str | None = None) -> Shape:
    """What `postreset hunt --json` prints."""
    return {
        "hunt_id": hunt.hunt_id,
        "reset": reset_shape(hunt.reset),
        "score": hunt.score,
        "verdict": hunt.verdict,
        "findings": [finding_shape(finding) for finding in hunt.findings],
        "reach": [reached_shape(reached) for reached in hunt.reach],
        "visibility": visibility_shape(hunt.visibility),
        "out": out,
    }


def hunt_document(hunt: Hunt) -> Shape:
    """hunt.json: the summary and all that is needed to run the hunt again. The folder is left out: it may be moved."""
    document = hunt_summary(hunt)
    del document["out"]
    return document | {
        "log_odds": hunt.log_odds,
        "score_low": hunt.score_low,
        "score_high": hunt.score_high,
        "score_band": [asdict(part) for part in hunt.score_band],
        "verdict_sentence": hunt.verdict_sentence,
        "score_parts": [part_shape(part) for part in hunt.score_parts],
        "window": {"from": iso(hunt.window_from), "to": iso(hunt.window_to)},
        "parameters": dict(hunt.parameters),
        "lake_snapshot_id": hunt.lake_snapshot_id,
        "rule_set_hash": hunt.rule_set_hash,
        "versions": dict(hunt.versions),
        "identities": [asdict(identity) for identity in hunt.identities],
        "automation_ties": [_times_as_text(asdict(tie)) for tie in hunt.automation_ties],
        "followed_identities": [_times_as_text(asdict(followed)) for followed in hunt.followed_identities],
        "credits": credits_shape(hunt),
        "timeline_row_count": hunt.timeline.num_rows,
    }


def timeline_rows(timeline: pa.Table, batch_size: int = 10_000) -> Iterator[Shape]:
    """The rows as dicts with the promised keys in their order, a batch at a time: a timeline may be long."""
    for batch in timeline.to_batches(max_chunksize=batch_size):
        yield from batch.to_pylist()


def _times_as_text(shape: Shape) -> Shape:
    return {
        name: iso(value) if name.endswith("_at") or name == "hour" else value for name, value in shape.items()
    }
