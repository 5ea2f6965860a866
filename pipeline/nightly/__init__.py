"""The night's run: hunts every reset of a period, hunts again those that new logs bear on, ranks, writes, and tells people.

Everything is decided by what is in the lake and in its memory (`<lake>/nightly/nightly.db`), so a run may end anywhere and the
next one goes on. One batch over everything and a slice each night come to the same results; `days` says why.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

from pipeline.errors import InputError
from pipeline.hunt import Request, hunt_resets
from pipeline.lake import Lake
from pipeline.nightly.changes import say
from pipeline.nightly.days import Plan, ResetDay, history_hash, hunt_key, midnight, plan_days
from pipeline.nightly.folder import has_folders, notes_of, write_night
from pipeline.nightly.memory import HuntedDay, Memory, Said
from pipeline.nightly.night import Night
from pipeline.nightly.notices import Told, notify
from pipeline.report.files import folder_name, write_hunt_folder
from pipeline.report.queue import QueueEntry

log = logging.getLogger("postreset.nightly")

__all__ = ["Night", "NightResult", "hunt_night"]


@dataclass(frozen=True, slots=True)
class NightResult:
    """The queue, most suspicious first; what changed and what waits, by reset, and which earlier nights said otherwise; the days that were hunted in this run, and those
    with resets that were further back than late logs are followed."""

    entries: tuple[QueueEntry, ...]
    notes: dict[str, tuple[str, ...]]
    changed: frozenset[str]
    hunted_days: int
    too_old_days: int
    told: Told


def hunt_night(
    lake: Lake,
    night: Night,
    run: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] = lambda stage: None,
) -> NightResult:
    """Hunts what is to be hunted, writes the night's folder, `run` into its run.json too, and notifies. Needs the lake's
    turn (`turn`) where others may run."""
    started = perf_counter()
    with Memory.open(lake.folder) as memory:
        first_day = memory.begin(night.name, night.since, night.until)
        tell("finding resets")
        plan = plan_days(lake, night, first_day, tell)
        remembered = memory.hunted_days()
        hunted_count = 0
        for day in plan.days:
            key = hunt_key(lake, plan, day)
            known = remembered.get(day.day.isoformat())
            if known and _stands(known, key, lake, day, night, memory):
                continue
            tell(f"hunting the resets of {day.day}")
            _hunt_day(lake, night, plan, day, key, memory, tell)
            hunted_count += 1
        said = memory.latest(night.since, night.until, night.name)
        known_ids = plan.known.keys()
        said = [one for one in said if one.reset_id in known_ids]
        tell("writing the queue")
        entries = _written(night, said, run or {})
        told = notify(memory, night, said)
    log.info(
        "nightly: %d days hunted, %d resets in the queue, %.1f s",
        hunted_count,
        len(said),
        perf_counter() - started,
    )
    notes = {one.reset_id: notes_of(one, night) for one in said}
    changed = frozenset(
        one.reset_id
        for one in said
        if one.night == night.name and one.entry["was"] is not None and notes[one.reset_id]
    )
    return NightResult(tuple(entries), notes, changed, hunted_count, plan.too_old, told)


def _stands(known: HuntedDay, key: str, lake: Lake, day: ResetDay, night: Night, memory: Memory) -> bool:
    return (
        known.hunt_key == key
        and known.history_hash == history_hash(lake, day)
        and has_folders(night, memory.of_day(known))
    )


def _hunt_day(
    lake: Lake, night: Night, plan: Plan, day: ResetDay, key: str, memory: Memory, tell: Callable[[str], None]
) -> None:
    request = Request(
        since=midnight(day.day),
        until=min(midnight(day.day) + timedelta(days=1), night.until),
        window=night.window,
        look_back=night.look_back,
        rule_set=night.rule_set,
        inventory=night.inventory,
        sift_from=night.sift_from,
    )
    said: list[Said] = []
    try:
        for hunt in hunt_resets(lake, request, lambda stage: tell(f"resets of {day.day}: {stage}")):
            folder = f"{night.name}/{folder_name(hunt.hunt_id)}"
            write_hunt_folder(hunt, night.out / folder)
            before = memory.before(night.name, hunt.reset.reset_id)
            said.append(say(hunt, night.name, folder, plan.marks, before))
    except OSError as error:
        raise _unwritable(error, night) from error
    hunted = HuntedDay(day.day.isoformat(), night.name, key, history_hash(lake, day))
    memory.keep_day(hunted, said)


def _written(night: Night, said: list[Said], run: Mapping[str, Any]) -> list[QueueEntry]:
    try:
        return write_night(night, said, run)
    except OSError as error:
        raise _unwritable(error, night) from error


def _unwritable(error: OSError, night: Night) -> InputError:
    where = str(error.filename or night.folder)
    return InputError(f"cannot be written ({error.strerror})", where, "give another folder with --out")
