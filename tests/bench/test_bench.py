"""The bench measures what it says: its made-up lake is a lake, and its table tells what missed."""

from datetime import datetime
from pathlib import Path

from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.schema import COLUMNS
from tests.bench.biglake import DAYS, SOURCES, build
from tests.bench.large_lake import put_back
from tests.bench.measuring import Figure, figures_table, ratio_figure


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
