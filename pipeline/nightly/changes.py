"""What a night says of a reset that an earlier night did not: late logs change a timeline.

Two nights are compared by the score, the verdict, the signals that count, and the rows of the timeline. A new row is late where
its source was already complete past it when the earlier night looked.
"""

import hashlib
from collections import Counter
from datetime import datetime
from typing import Any

from pipeline.nightly.memory import Said
from pipeline.report.narrative import counted
from pipeline.report.queue import queue_entry, queue_shape
from pipeline.report.result import Hunt
from pipeline.report.text import iso

HASH_BYTES = 8
MOST_TOLD = 4  # signals by name


def say(hunt: Hunt, night: str, folder: str, marks: dict[str, datetime], before: Said | None) -> Said:
    """What this night says of a hunt; `folder` is relative to the folder of all nights."""
    hashes = _row_hashes(hunt)
    entry = queue_entry(hunt, folder)
    shape = queue_shape(0, entry) | {
        "log_odds": hunt.log_odds,
        "statement_count": entry.statement_count,
        "domains": sorted(finding.control_domain for finding in hunt.findings),
        "signals": dict(sorted(Counter(_titles(hunt)).items())),
        "waiting": [words for words in hunt.visibility.statements if words.startswith("Waiting")],
        "marks": {source: iso(mark) for source, mark in sorted(marks.items())},
    }
    if before:
        shape["was"] = before.score
        shape["changes"] = changes(before, shape, _new_rows(hunt, before), _gone(hashes, before))
    else:
        shape["was"], shape["changes"] = None, ["new: no earlier night knew this reset"]
    return Said(
        night,
        f"{hunt.reset.occurred_at:%Y-%m-%d}",
        hunt.reset.reset_id,
        hunt.reset.occurred_at,
        shape,
        b"".join(sorted(hashes)),
    )


def changes(before: Said, now: dict[str, Any], new_rows: list[dict[str, Any]], gone: int) -> list[str]:
    """In words, the gravest first; empty where nothing changed."""
    earlier = before.entry
    told = []
    if earlier["score"] != now["score"]:
        told.append(f"score {earlier['score']} → {now['score']} since {before.night}")
    if earlier["verdict"] != now["verdict"]:
        told.append(f"{earlier['verdict'].replace('_', ' ')} → {now['verdict'].replace('_', ' ')}")
    more, fewer = Counter(now["signals"]), Counter(earlier["signals"])
    told += _signals("new signal", more - fewer)
    told += _signals("signal gone", fewer - more)
    if new_rows:
        told.append(counted(len(new_rows), "new row") + " in the timeline")
    if gone:
        told.append(counted(gone, "row") + " gone from the timeline")
    late = Counter(
        row["source"] for row in new_rows if iso(row["occurred_at"]) < earlier["marks"].get(row["source"], "")
    )
    told += [
        f"late: {counted(count, 'row')} of {source} came after that night had its logs until {earlier['marks'][source][:16]}"
        for source, count in sorted(late.items())
    ]
    if earlier["waiting"] and not now["waiting"]:
        told.append("no signal waits any more")
    return told


def _signals(words: str, signals: Counter[str]) -> list[str]:
    named = [
        f"{words}: {title}" + (f" (×{count})" if count > 1 else "")
        for title, count in sorted(signals.items())
    ]
    more = len(named) - MOST_TOLD
    return named if more <= 0 else [*named[:MOST_TOLD], f"{words}: {more} more"]


def _titles(hunt: Hunt) -> list[str]:
    return [
        hunt.detection_titles.get(part.detection, part.detection)
        for part in hunt.score_parts
        if part.detection
    ]


def _rows(hunt: Hunt) -> list[dict[str, Any]]:
    return hunt.timeline.select(["occurred_at", "source", "tenant_id", "event_id"]).to_pylist()


def _hash(row: dict[str, Any]) -> bytes:
    key = repr((row["source"], row["tenant_id"], row["event_id"], row["occurred_at"]))
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()[:HASH_BYTES]


def _row_hashes(hunt: Hunt) -> set[bytes]:
    return {_hash(row) for row in _rows(hunt)}


def _known(said: Said) -> set[bytes]:
    whole = said.event_hashes
    return {whole[start : start + HASH_BYTES] for start in range(0, len(whole), HASH_BYTES)}


def _new_rows(hunt: Hunt, before: Said) -> list[dict[str, Any]]:
    known = _known(before)
    return [row for row in _rows(hunt) if _hash(row) not in known]


def _gone(hashes: set[bytes], before: Said) -> int:
    return len(_known(before) - hashes)
