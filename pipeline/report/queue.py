"""The queue of an incident window: every reset in it, ranked by score, each with a way to its hunt folder.

Written as queue.json (one document), queue.jsonl (a line each) and queue.html (links to the folders by relative path).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.report import narrative
from pipeline.report.files import whole_file
from pipeline.report.html import render
from pipeline.report.result import Hunt, Reset
from pipeline.report.shapes import reset_shape
from pipeline.report.text import iso, json_text

TOP_FINDINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """What the queue keeps of a hunt, so that a night of thousands need not be held in memory."""

    hunt_id: str
    reset: Reset
    score: int
    log_odds: float
    verdict: str
    verdict_sentence: str
    top_findings: tuple[tuple[str, float], ...]  # (control domain, points), most points first
    reach_count: int
    statement_count: int
    folder: str | None  # relative to the queue's own folder; None: not written


def queue_entry(hunt: Hunt, folder: str | None) -> QueueEntry:
    """`folder` is the hunt folder relative to where the queue is written."""
    findings = sorted(hunt.findings, key=lambda finding: (-finding.points, finding.control_domain))
    return QueueEntry(
        hunt_id=hunt.hunt_id,
        reset=hunt.reset,
        score=hunt.score,
        log_odds=hunt.log_odds,
        verdict=hunt.verdict,
        verdict_sentence=hunt.verdict_sentence,
        top_findings=tuple((finding.control_domain, finding.points) for finding in findings[:TOP_FINDINGS]),
        reach_count=len(hunt.reach),
        statement_count=len(hunt.visibility.statements),
        folder=folder,
    )


def ranked(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    """Most suspicious first; among equals the older reset, because it has had more time."""
    return sorted(
        entries,
        key=lambda entry: (-entry.score, -entry.log_odds, entry.reset.occurred_at, entry.reset.reset_id),
    )


def write_queue(
    entries: Iterable[QueueEntry],
    folder: Path,
    window_from: datetime,
    window_to: datetime,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Writes queue.jsonl, queue.json and queue.html into the folder and returns the page. `notes` are what a night says besides
    of each reset: what changed since the night before, what waits."""
    folder.mkdir(parents=True, exist_ok=True)
    in_order = ranked(entries)
    shapes = [
        queue_shape(rank, entry) | ({} if notes is None else {"notes": list(notes[entry.reset.reset_id])})
        for rank, entry in enumerate(in_order, start=1)
    ]
    document = {"window": {"from": iso(window_from), "to": iso(window_to)}, "resets": shapes}
    page = render(
        "queue.html.j2",
        entries=[(entry, _link(entry)) for entry in in_order],
        notes=notes or {},
        window_from=window_from,
        window_to=window_to,
        words=narrative,
    )
    for name, text in (
        ("queue.jsonl", "".join(json_text(shape) + "\n" for shape in shapes)),
        ("queue.json", json_text(document, indent=2) + "\n"),
        ("queue.html", page),
    ):
        with whole_file(folder / name) as stream:
            stream.write(text.encode())
    return folder / "queue.html"


def queue_shape(rank: int, entry: QueueEntry) -> dict[str, Any]:
    return {
        "rank": rank,
        "hunt_id": entry.hunt_id,
        "score": entry.score,
        "verdict": entry.verdict,
        "verdict_sentence": entry.verdict_sentence,
        "reset": reset_shape(entry.reset),
        "top_findings": [{"control_domain": name, "points": points} for name, points in entry.top_findings],
        "reach_count": entry.reach_count,
        "out": entry.folder,
    }


def _link(entry: QueueEntry) -> str | None:
    """Quoted and forced to be relative: a folder named `javascript:x` must not become a scheme."""
    return None if entry.folder is None else f"./{quote(entry.folder)}/report.html"
