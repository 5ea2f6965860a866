"""An organisation's logs as they arrive night by night: late files, files that come twice, and what each night says."""

import re
import shutil
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.nightly import Night, NightResult, hunt_night
from pipeline.nightly.memory import Memory
from pipeline.query import run_query
from pipeline.rule_sets import RuleSet
from pipeline.simulate import writer
from pipeline.simulate.campaign import writing

A_DAY = timedelta(days=1)
INGESTED_AT = datetime(2027, 1, 1)
ARRIVAL = (
    (re.compile(r"/(\d{4})/(\d\d)/(\d\d)/[^/]+$"), 0),
    (re.compile(r"y=(\d{4})/m=(\d\d)/d=(\d\d)"), 1),
    (re.compile(r"(\d{4})-(\d\d)-(\d\d)\.json"), 1),
)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Files by the morning on which they are there. Resets happen in [`begins_at`, `ends_at`)."""

    begins_at: datetime
    ends_at: datetime
    files: dict[date, list[Path]]

    @property
    def mornings(self) -> list[date]:
        first, last = self.begins_at.date(), max(max(self.files), self.ends_at.date())
        return [first + number * A_DAY for number in range(1, (last - first).days + 1)]


def organisation(folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int, **plan: Any) -> Arrivals:
    """A file for each day of arrivals, instead of a week."""
    monkeypatch.setattr(writing, "WEEKLY_FILES", writer.Packing(days=1, level=1))
    monkeypatch.setattr(writer, "WEEKLY", set())
    truth = writing.write_campaign(folder, seed, writing.CampaignPlan(**plan))
    files: dict[date, list[Path]] = {}
    for path in sorted(folder.rglob("*.gz")):
        files.setdefault(_morning(path), []).append(path)
    return Arrivals(truth.resets_begin_at.replace(tzinfo=None), truth.ends_at.replace(tzinfo=None), files)


def disturbed(arrivals: Arrivals, folder: Path, seed: int) -> Arrivals:
    """Some files two days late, and some a second time under another name."""
    rng = Random(f"{seed}/disturbed")
    files: dict[date, list[Path]] = {}
    folder.mkdir()
    for morning, paths in arrivals.files.items():
        for path in paths:
            is_late = morning > arrivals.begins_at.date() and rng.random() < 0.15
            files.setdefault(morning + (2 * A_DAY if is_late else 0 * A_DAY), []).append(path)
            if rng.random() < 0.1:
                again = folder / f"{len(list(folder.iterdir()))}-{path.name}"
                shutil.copyfile(path, again)
                files.setdefault(morning + A_DAY, []).append(again)
    return Arrivals(arrivals.begins_at, arrivals.ends_at, files)


def at_midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def take_in(lake: Path, arrivals: Arrivals, after: date | None, until: date) -> None:
    paths = [
        p
        for day, group in sorted(arrivals.files.items())
        if (after is None or day > after) and day <= until
        for p in group
    ]
    if paths:
        ingest(lake, paths, INGESTED_AT)


def hunt_of(
    lake: Path, out: Path, since: datetime, until: datetime, rules: RuleSet, **more: Any
) -> NightResult:
    return hunt_night(Lake.open(lake), Night(since, until, rules, out, **more))


def in_one_batch(lake: Path, out: Path, arrivals: Arrivals, rules: RuleSet) -> NightResult:
    last = arrivals.mornings[-1]
    take_in(lake, arrivals, None, last)
    return hunt_of(lake, out, arrivals.begins_at, at_midnight(last), rules)


def night_by_night(
    lake: Path, out: Path, arrivals: Arrivals, rules: RuleSet, missed: tuple[int, ...] = ()
) -> list[NightResult]:
    """What has arrived is taken in each night, then hunted; in the `missed` nights (by number) nothing runs."""
    before = arrivals.begins_at.date()
    take_in(lake, arrivals, None, before)
    results = []
    for number, morning in enumerate(arrivals.mornings, start=1):
        if number in missed:
            continue
        take_in(lake, arrivals, before, morning)
        before = morning
        until = at_midnight(morning)
        results.append(hunt_of(lake, out, until - A_DAY, until, rules))
    return results


def last_words(lake: Path) -> dict[str, tuple[Any, ...]]:
    """Of every reset: who, score, verdict, the sum to four decimals, and which signals counted how often."""
    with Memory.open(lake) as memory:
        said = memory.latest(datetime(1990, 1, 1), datetime(2200, 1, 1), "")
    return {
        one.reset_id: (
            one.entry["reset"]["person"],
            one.score,
            one.entry["verdict"],
            one.entry["log_odds"],
            tuple(one.entry["signals"].items()),
            tuple(one.entry["waiting"]),
        )
        for one in said
    }


def content(lake: Path) -> tuple[Any, ...]:
    """How many events, and a fingerprint of all of them that does not depend on when they came."""
    sql = """select source, count(*), bit_xor(hash(event_id, tenant_id, occurred_at, action, raw)) from events
    group by source order by source"""
    return tuple(run_query(Lake.open(lake), sql)[1])


def _morning(path: Path) -> date:
    for pattern, days in ARRIVAL:
        if found := pattern.search(path.as_posix()):
            year, month, day = map(int, found.groups())
            return date(year, month, day) + days * A_DAY
    raise AssertionError(f"no date in {path}")
