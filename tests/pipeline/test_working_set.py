"""A hunt of the working set finds what a hunt of the whole lake finds, and what is kept beside the lake says what its events
say, however they came in."""

import shutil
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline import kept_facts
from pipeline.hunt import LONG_AGO, Request, connect, hunt_resets
from pipeline.ingest import ingest
from pipeline.kept_facts import DAILY_MODELS, FAR_AHEAD, create_daily_models, create_kept_views, keep_facts
from pipeline.lake import Lake
from pipeline.models import build_models
from pipeline.report.result import Hunt
from pipeline.settings import resource_root
from pipeline.upkeep.compact import compact

NOW = datetime(2026, 3, 9)
SAMPLES = resource_root() / "data" / "samples"
EVERYTHING, NOTHING = 0, 1 << 60


def as_document(hunt: Hunt) -> dict[str, Any]:
    """A hunt but for what is asked of a sample of the events: which rules could match."""
    document = {field.name: getattr(hunt, field.name) for field in fields(hunt)}
    document["timeline"] = hunt.timeline.to_pylist()
    statements = tuple(words for words in hunt.visibility.statements if "not evaluable" not in words)
    document["visibility"] = replace(hunt.visibility, detections=(), statements=statements)
    return document


def hunts_of(lake: Lake, **request: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The hunts of the whole lake, and those of its working set; neither knows of the other."""
    found = []
    for sift_from in (NOTHING, EVERYTHING):
        found.append(
            [as_document(hunt) for hunt in hunt_resets(lake, Request(sift_from=sift_from, **request))]
        )
        shutil.rmtree(lake.folder / "history", ignore_errors=True)
    return found[0], found[1]


def assert_same(whole: list[dict[str, Any]], sifted: list[dict[str, Any]]) -> None:
    assert [hunt["hunt_id"] for hunt in whole] == [hunt["hunt_id"] for hunt in sifted]
    for one, other in zip(whole, sifted, strict=True):
        for name in one:
            assert one[name] == other[name], f"{one['hunt_id']}: {name}"


@pytest.fixture(scope="module")
def attacked_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("attacked") / "lake"
    ingest(folder, [SAMPLES / "incident"], NOW)
    return Lake.open(folder)


@pytest.mark.parametrize("who", ["alice@example.com", "bob@example.com", "erik.holm"])
def test_one_hunt_of_the_sample_is_the_same(attacked_lake: Lake, who: str) -> None:
    assert_same(*hunts_of(attacked_lake, who=who))


def test_all_hunts_of_a_period_are_the_same(attacked_lake: Lake) -> None:
    whole, sifted = hunts_of(attacked_lake, since=datetime(2026, 3, 2), until=datetime(2026, 3, 5))
    assert len(whole) > 3
    assert_same(whole, sifted)


@pytest.mark.slow
def test_hunts_of_real_logs_are_the_same(real_logs: Path, tmp_path: Path) -> None:
    ingest(tmp_path / "lake", [real_logs], NOW)
    lake = Lake.open(tmp_path / "lake")
    whole, sifted = hunts_of(lake, since=LONG_AGO, until=datetime(2030, 1, 1))
    assert len(whole) > 10
    assert_same(whole, sifted)


def daily_tables(lake: Lake, since: datetime, until: datetime) -> dict[str, list[Any]]:
    """The daily models as the events give them, added up as their readers do."""
    with connect(lake) as con:
        lake.create_events_view(con)
        build_models(con, {"since": since, "until": until}, DAILY_MODELS)
        return added_up(con, until)


def kept_tables(lake: Lake, since: datetime, until: datetime) -> dict[str, list[Any]]:
    with connect(lake) as con:
        create_kept_views(con, keep_facts(lake, lake.data_files()))
        create_daily_models(con, since, until)
        return added_up(con, until)


def added_up(con: duckdb.DuckDBPyConnection, until: datetime) -> dict[str, list[Any]]:
    sums = {
        "int_address_uses": "min(first_at)",
        "int_client_uses": "min(first_at)",
        "int_hourly_counts": "sum(event_count), sum(object_event_count), max(last_at)",
        "int_bucket_days": "sum(object_count)",
        "int_named_tenants": "min(first_at)",
    }
    assert sums.keys() == set(DAILY_MODELS)
    tables = {}
    for name, sum_of in sums.items():
        measures = "first_at, last_at, event_count, object_event_count, object_count"
        keys = [c for c in con.table(name).columns if c not in measures.split(", ")]
        # the days of a bucket are asked for whole, and only those that ended
        where = "day + interval 1 day <= $until" if name == "int_bucket_days" else "$until is not null"
        tables[name] = con.execute(
            f"select {', '.join(keys)}, {sum_of} from {name} where {where} group by {', '.join(keys)} order by all",
            {"until": until},
        ).fetchall()
    return tables


@pytest.mark.parametrize(
    ("since", "until"), [(LONG_AGO, FAR_AHEAD), (datetime(2026, 2, 24), datetime(2026, 3, 3, 14, 20, 7))]
)
def test_kept_facts_are_what_the_events_say(attacked_lake: Lake, since: datetime, until: datetime) -> None:
    assert kept_tables(attacked_lake, since, until) == daily_tables(attacked_lake, since, until)


def test_facts_do_not_depend_on_the_batches_and_survive_compaction(
    attacked_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_facts, "SMALL_PARTS", 3)
    expected = daily_tables(attacked_lake, LONG_AGO, FAR_AHEAD)
    paths = sorted(path for path in (SAMPLES / "incident").rglob("*") if path.is_file())
    for number in range(5):
        ingest(tmp_path / "lake", paths[number::5], NOW)
        lake = Lake.open(tmp_path / "lake")
        keep_facts(lake, lake.data_files())
    kept = kept_tables(lake, LONG_AGO, FAR_AHEAD)
    assert kept == expected
    compact(lake, more_than=1)
    lake.refresh()
    assert kept_tables(lake, LONG_AGO, FAR_AHEAD) == expected
    parts = list((lake.folder / "facts").glob("*/*"))
    assert all((part / "files.json").is_file() for part in parts)
