"""A lake of 50 million events: what another batch costs in it, and how long it takes to find one thing.

The lake's events are made up by DuckDB and do not go through ingest (see `biglake`); what is ingested into it is CloudTrail of
the simulator, once spread over the lake's 30 days and once within a day.
"""

import json
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measuring import (
    POSTRESET,
    Figure,
    Run,
    in_turn,
    memory_figure,
    pair_ratio,
    peak,
    python,
    ratio_figure,
    run,
    runs_table,
    say,
    seconds,
)
from tests.bench.sizes import BIG_EVENTS, BIG_LAKE, EVENTS, FEW_ROUNDS

DAYS = 30
BATCH_AIM = 1.3
LOOKUP_AIM = 1.0
COMMAND_ROUNDS = 3


def measure(folder: Path) -> list[Figure]:
    lake = BIG_LAKE or folder / "big-lake"
    if not (lake / "catalog.db").is_file():
        say(f"a lake of {BIG_EVENTS:,} events, written by DuckDB and not through ingest: {lake}")
        python("tests.bench.biglake", lake, BIG_EVENTS)
    size = sum(path.stat().st_size for path in lake.rglob("*.parquet")) / 1e9
    files = sum(1 for _ in lake.rglob("*.parquet"))
    about = Figure(f"Large lake: {BIG_EVENTS:,} events, not ingested", f"{files:,} files, {size:.1f} GB")
    figures = [about, *measure_batches(folder, lake), *measure_lookups(folder, lake)]
    if lake != BIG_LAKE:
        shutil.rmtree(lake)
    return figures


@contextmanager
def put_back(lake: Path) -> Generator[None]:
    """Takes everything back that is committed to the lake meanwhile: the batch is fresh again, and the lake can be kept."""
    catalog = (lake / "catalog.db").read_bytes()
    before = {path for path in lake.rglob("*") if path.is_file()}
    try:
        yield
    finally:
        for path in lake.rglob("*"):
            if path.is_file() and path not in before:
                path.unlink()
        (lake / "catalog.db").write_bytes(catalog)


def measure_batches(folder: Path, lake: Path) -> list[Figure]:
    figures = []
    for name, pace in {
        "within a day": EVENTS / 70_000,
        f"spread over {DAYS} days": EVENTS / (DAYS * 86_400),
    }.items():
        logs = folder / "batch"
        python("tests.bench.logs", "cloudtrail", logs, EVENTS, pace)

        def ingest(into: Path, logs: Path = logs) -> Run:
            account = folder / "account.json"
            measured = run([*POSTRESET, "ingest", str(logs), "--lake", str(into), "--json"], account)
            events = json.loads(account.read_text())["events"]
            assert events == EVENTS, events
            return measured

        def into_empty(_: int) -> Run:
            measured = ingest(folder / "empty-lake")
            shutil.rmtree(folder / "empty-lake")
            return measured

        def into_large(_: int) -> Run:
            with put_back(lake):
                return ingest(lake)

        runs = in_turn({"into an empty lake": into_empty, "into the large lake": into_large}, FEW_ROUNDS)
        say(f"{EVENTS:,} CloudTrail events {name}\n{runs_table(runs, 'into an empty lake')}")
        ratio = pair_ratio(runs["into the large lake"], runs["into an empty lake"])
        figures += [
            ratio_figure(f"Batch {name}: large lake / empty lake", ratio, BATCH_AIM),
            memory_figure(f"Batch {name} into the large lake", runs["into the large lake"]),
        ]
        shutil.rmtree(logs)
    return figures


def measure_lookups(folder: Path, lake: Path) -> list[Figure]:
    answer = folder / "lookups.json"
    server = run([sys.executable, "-m", "tests.bench.lookups", str(lake)], answer)
    found = json.loads(answer.read_text())
    figures = [
        Figure(
            f"Lookup of one {name}, running process",
            f"{lookup['seconds']:.2f} s ({lookup['rows']:,} rows)",
            f"< {LOOKUP_AIM:g} s",
            lookup["seconds"] < LOOKUP_AIM,
        )
        for name, lookup in found.items()
    ]
    commands = []
    for name, lookup in found.items():
        command = [*POSTRESET, "query", lookup["sql"], "--lake", str(lake), "--json"]
        runs = [run(command) for _ in range(COMMAND_ROUNDS)]
        commands += runs
        taken = seconds(runs)
        figures.append(
            Figure(
                f"Lookup of one {name}, command", f"{taken:.2f} s", f"< {LOOKUP_AIM:g} s", taken < LOOKUP_AIM
            )
        )
    say(
        f"lookups: running process {server.peak_megabytes:,.0f} MB, commands {peak(commands):,.0f} MB at most"
    )
    return [*figures, memory_figure("Lookups", [server, *commands])]
