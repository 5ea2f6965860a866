"""The night's folder: queue.json, queue.jsonl, queue.md, queue.html, a folder for each hunt, and run.json, which goes last.

All of it is written from what is remembered, so a second run of the same period writes the same bytes.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.nightly.memory import Said
from pipeline.nightly.night import Night
from pipeline.report.files import LAST, whole_file
from pipeline.report.narrative import counted, kinds_words, performer_words, person_name, verdict_words
from pipeline.report.queue import QueueEntry, ranked, write_queue
from pipeline.report.result import Reset
from pipeline.report.text import clock, iso, json_text, visible

MARKDOWN = re.compile(r"([\\`*_\[\]()<>|~&]|:(?=//)|(?<=www)\.)")


def entry_of(said: Said, night: Night) -> QueueEntry:
    """The queue's entry of what was said; its folder may be an earlier night's."""
    shape = said.entry
    times = {name: value and _time(value) for name, value in shape["reset"].items() if name.endswith("_at")}
    return QueueEntry(
        hunt_id=shape["hunt_id"],
        reset=Reset.from_row(shape["reset"] | times),
        score=shape["score"],
        log_odds=shape["log_odds"],
        verdict=shape["verdict"],
        verdict_sentence=shape["verdict_sentence"],
        top_findings=tuple((top["control_domain"], top["points"]) for top in shape["top_findings"]),
        reach_count=shape["reach_count"],
        statement_count=shape["statement_count"],
        folder=shape["out"].removeprefix(f"{night.name}/")
        if said.night == night.name
        else f"../{shape['out']}",
    )


def notes_of(said: Said, night: Night) -> tuple[str, ...]:
    """What changed in this night, and what waits."""
    changed = said.entry["changes"] if said.night == night.name else []
    return (*changed, *said.entry["waiting"])


def write_night(night: Night, said: Sequence[Said], run: Mapping[str, Any]) -> list[QueueEntry]:
    """Everything but the hunt folders, which are there. What an interrupted run left of them goes."""
    entries = ranked(entry_of(one, night) for one in said)
    notes = {one.reset_id: notes_of(one, night) for one in said}
    folder = night.folder
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder, {entry.folder for entry in entries})
    write_queue(entries, folder, night.since, night.until, notes)
    with whole_file(folder / "queue.md") as stream:
        stream.write(_markdown(night, entries, notes).encode())
    with whole_file(folder / "run.json") as stream:
        stream.write((json_text(_run(night, said) | dict(run), indent=2) + "\n").encode())
    return entries


def has_folders(night: Night, said: Sequence[Said]) -> bool:
    """Whether what was said can be read where this night writes."""
    return all((night.out / one.entry["out"] / LAST).is_file() for one in said)


def _run(night: Night, said: Sequence[Said]) -> dict[str, Any]:
    tonight = [one for one in said if one.night == night.name]
    return {
        "night": night.name,
        "period": {"from": iso(night.since), "to": iso(night.until)},
        "window": str(night.window),
        "look_back": str(night.look_back),
        "rule_set_hash": night.rule_set.content_hash,
        "resets": len(said),
        "hunted": len(tonight),
        "changed": sum(bool(one.entry["changes"]) for one in tonight),
        "waiting": sum(bool(one.entry["waiting"]) for one in said),
    }


def _remove_leftovers(folder: Path, named: set[str | None]) -> None:
    for path in folder.iterdir():
        is_hunt = path.is_dir() and ((path / LAST).is_file() or (path / "timeline.jsonl").is_file())
        if is_hunt and path.name not in named:
            shutil.rmtree(path, ignore_errors=True)


def _markdown(night: Night, entries: Sequence[QueueEntry], notes: Mapping[str, Sequence[str]]) -> str:
    lines = [
        f"# Resets of the night {night.name}",
        "",
        f"{counted(len(entries), 'reset')}, from {clock(night.since)} to {clock(night.until)} UTC and before, where new logs "
        "bear on them. The likeliest takeover comes first.",
    ]
    for entry in entries:
        reset = entry.reset
        title = f"{entry.score} {verdict_words(entry.verdict)}: {_text(person_name(reset))}"
        lines += [
            "",
            f"## [{title}](<{entry.folder}/report.html>)",
            "",
            f"{_text(clock(reset.occurred_at))} UTC, {_text(kinds_words(reset.kinds))} reset by {_text(performer_words(reset))}. "
            + _text(entry.verdict_sentence),
        ]
        if notes[reset.reset_id]:
            lines += ["", *(f"- {_text(note)}" for note in notes[reset.reset_id])]
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    """Text of a log that is no Markdown, no link and no HTML."""
    return MARKDOWN.sub(r"\\\1", visible(value))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)
