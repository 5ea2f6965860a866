"""Runs a scenario: the world lives, the logs are written, and the ground truth is kept beside them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.simulate import administration, attack, automation, resets, workdays
from pipeline.simulate.bench import write_cloudtrail_bench
from pipeline.simulate.logbook import EventRef, Step
from pipeline.simulate.reset_plan import ORDINARY_RESETS, PlannedReset, make_calendar
from pipeline.simulate.times import FORTNIGHT_DAYS, FORTNIGHT_START, QUIET_DAY, later
from pipeline.simulate.truth import write_expected
from pipeline.simulate.world import World, make_world
from pipeline.simulate.writer import write_logs

SCENARIOS = ("incident", "quiet_day", "bench")
QUIET_RESET = PlannedReset(
    "quentin", later(QUIET_DAY, 9 * 3600 + 1271), ("self_service",), None, True, "office", "forgot it"
)


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """`record_counts` counts what is in the files, by source; `duplicate_count` of these are repeats."""

    scenario: str
    seed: int
    out: Path
    expected: Path | None
    record_counts: dict[str, int]
    duplicate_count: int
    file_count: int
    byte_count: int
    first_at: datetime
    last_at: datetime
    steps: tuple[Step, ...]


def simulate(out: Path, scenario: str, seed: int = 7, event_count: int = 200_000) -> SimulationSummary:
    """Writes the logs of `scenario` into the folder `out`, and the ground truth beside it as `<out>.expected.json`.

    `event_count` is used by `bench` only. Raises SettingsError for an unknown scenario or a folder that is not empty.
    """
    if scenario not in SCENARIOS:
        raise SettingsError(f"no scenario {scenario!r}", hint=f"choose one of {', '.join(SCENARIOS)}")
    if out.is_dir() and any(out.iterdir()):
        raise SettingsError("the folder is not empty", str(out), "choose a new folder, or empty this one")
    if scenario == "bench":
        bench = write_cloudtrail_bench(out, event_count, seed)
        return SimulationSummary(
            scenario, seed, out, None, {"aws_cloudtrail": bench.event_count}, 0, bench.file_count, bench.byte_count,
            bench.first_at, bench.last_at, (),
        )  # fmt: skip
    world, first_day, written = live_incident(seed) if scenario == "incident" else live_quiet_day(seed)
    files, duplicate_count = write_logs(out, world.logbook, world.estate, seed, first_day)
    deliveries = world.logbook.deliveries
    counts = Counter(delivery.source for delivery in deliveries)
    counts["aws_cloudtrail"] += duplicate_count
    expected = write_expected(out, scenario, seed, world, written)
    return SimulationSummary(
        scenario=scenario,
        seed=seed,
        out=out,
        expected=expected,
        record_counts=dict(sorted(counts.items())),
        duplicate_count=duplicate_count,
        file_count=len(files),
        byte_count=sum(path.stat().st_size for path in files),
        first_at=min(delivery.occurred_at for delivery in deliveries),
        last_at=max(delivery.occurred_at for delivery in deliveries),
        steps=tuple(world.logbook.steps),
    )


def live_incident(seed: int) -> tuple[World, datetime, dict[str, tuple[EventRef, ...]]]:
    absences = {"alice": (attack.ALICE_LEAVES_AT, attack.ALICE_RETURNS_AT)}
    world = make_world(seed, make_calendar(ORDINARY_RESETS, absences))
    workdays.live(world, FORTNIGHT_START, FORTNIGHT_DAYS)
    automation.run(world, FORTNIGHT_START, FORTNIGHT_DAYS)
    administration.run(world)
    written = resets.run(world)
    attack.run(world)
    return world, FORTNIGHT_START, written


def live_quiet_day(seed: int) -> tuple[World, datetime, dict[str, tuple[EventRef, ...]]]:
    """One working day of people and machines, and one person who forgot a password."""
    world = make_world(seed, make_calendar((QUIET_RESET,), {}))
    workdays.live(world, QUIET_DAY, 1, has_changes=False)
    automation.run(world, QUIET_DAY, 1)
    return world, QUIET_DAY, {QUIET_RESET.login: tuple(resets.perform(world, QUIET_RESET))}
