"""Runs a scenario: the world lives, the logs are written, and the ground truth is kept beside them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.simulate import administration, attack, automation, quiet_day, resets, workdays
from pipeline.simulate.bench import write_cloudtrail_bench
from pipeline.simulate.logbook import Step
from pipeline.simulate.reset_plan import ORDINARY_RESETS, make_calendar
from pipeline.simulate.times import FORTNIGHT_DAYS, FORTNIGHT_START, QUIET_DAY
from pipeline.simulate.truth import OrdinaryReset, planned_resets, write_expected
from pipeline.simulate.world import World, make_world
from pipeline.simulate.writer import write_logs

SCENARIOS = ("incident", "quiet_day", "bench")


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
    is_incident = scenario == "incident"
    world, ordinary_resets = live_incident(seed) if is_incident else quiet_day.live(seed)
    first_day = FORTNIGHT_START if is_incident else QUIET_DAY
    files, duplicate_count = write_logs(out, world.logbook, world.estate, seed, first_day)
    deliveries = world.logbook.deliveries
    counts = Counter(delivery.source for delivery in deliveries)
    counts["aws_cloudtrail"] += duplicate_count
    expected = write_expected(out, scenario, seed, world, ordinary_resets)
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


def live_incident(seed: int) -> tuple[World, list[OrdinaryReset]]:
    absences = {"alice": (attack.ALICE_LEAVES_AT, attack.ALICE_RETURNS_AT)}
    world = make_world(seed, make_calendar(ORDINARY_RESETS, absences))
    administration.plan_rotation(world)
    workdays.live(world, FORTNIGHT_START, FORTNIGHT_DAYS)
    automation.run(world, FORTNIGHT_START, FORTNIGHT_DAYS)
    administration.run(world)
    written = resets.run(world)
    attack.run(world)
    return world, planned_resets(world, written, ORDINARY_RESETS)
