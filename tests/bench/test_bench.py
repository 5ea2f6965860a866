"""The bench measures what it says: its made-up lake is a lake, and its table tells what missed."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.schema import COLUMNS
from tests.bench.biglake import DAYS, SOURCES, build
from tests.bench.large_lake import put_back
from tests.bench.measuring import Figure, figures_table, ratio_figure
from tests.conftest import ROOT


def test_the_made_up_lake_has_the_columns_sources_and_days_of_a_lake(fresh_lake: Path) -> None:
    build(fresh_lake, 60_000)
    lake = Lake.open(fresh_lake)
    assert [(row[0], row[1].lower()) for row in run_query(lake, "describe events")[1]] == list(COLUMNS)
    ((events, ids, keys, first_at, last_at),) = run_query(
        lake,
        "select count(*), count(distinct event_id), count(distinct event_key), min(occurred_at), max(occurred_at) from events",
    )[1]
    assert 59_000 < events == ids == keys <= 60_000
    assert (first_at.date(), (last_at - first_at).days) == (datetime(2026, 2, 23).date(), DAYS - 1)
    by_source = run_query(lake, "select source, count(distinct occurred_at::date) from events group by all")[
        1
    ]
    assert dict(by_source) == dict.fromkeys(SOURCES, DAYS)
    lengths = run_query(lake, "select min(length(raw)), max(length(raw)) from events where json_valid(raw)")[
        1
    ]
    assert 40 < lengths[0][0] < lengths[0][1] < 900
    assert len(lake.plan_files(datetime(2026, 3, 1), datetime(2026, 3, 2), ["entra_signin"])) == 1


def test_a_lake_is_put_back(fresh_lake: Path) -> None:
    lake = Lake.open(fresh_lake, create=True)
    before = sorted(fresh_lake.rglob("*"))
    with put_back(fresh_lake):
        (fresh_lake / "more").write_text("more")
        lake.append([], "batch")
    assert sorted(fresh_lake.rglob("*")) == before
    assert Lake.open(fresh_lake).snapshot_id is None


def test_what_missed_its_aim_is_said() -> None:
    figures = [
        ratio_figure("slow", 5, 4),
        ratio_figure("fast", 0.6, 0.5, at_least=True),
        Figure("plain", "1"),
    ]
    lines = figures_table(figures).splitlines()
    assert [line.split()[-1] for line in lines] == ["MISSED", "met", "1"]


@pytest.mark.slow
def test_hunts_are_measured_in_small(tmp_path: Path) -> None:
    sizes = {"HUNT_EVENTS": "200000", "HUNT_PEOPLE": "10", "ROUNDS": "1", "HUNT_LAKES": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "hunts"],
        cwd=ROOT,
        env=os.environ | sizes,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("10 resets of a night / one")], done.stdout
    assert [line for line in lines if line.startswith("One hunt among 200,000 events")], done.stdout
