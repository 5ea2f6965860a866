"""The records of gathered events are found wherever in the lake they lie, and files that hold none of them are not read."""

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from pipeline import connection
from pipeline.lake import Lake
from pipeline.missing_records import create_missing_records
from pipeline.schema import create_empty_events, parquet_options
from pipeline.settings import quoted

NOON = datetime(2026, 3, 2, 12)
SINCE, UNTIL = NOON - timedelta(days=1), NOON + timedelta(days=1)
# name of the file → its events: id, key, time
FILES: dict[str, list[tuple[str, int | None, datetime]]] = {
    "first": [("a", 1, NOON), ("b", 2, NOON)],
    "second": [("c", 3, NOON), ("d", 4, NOON)],
    "one-has-no-key": [("e", 5, NOON), ("f", None, NOON)],
    "same-key": [("g", 1, NOON)],
    "early": [("a", 1, SINCE - timedelta(hours=2))],
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake.open(tmp_path_factory.mktemp("records") / "lake", create=True)
    paths = []
    with connection.connect() as con:
        for name, events in FILES.items():
            create_empty_events(con)
            for event_id, key, at in events:
                con.execute(
                    """insert into events by name select 'okta_system' as source, $id as event_id, $key as event_key,
                        $at::timestamp as occurred_at, $raw as raw""",
                    {"id": event_id, "key": key, "at": at, "raw": f"{name}/{event_id}"},
                )
            folder = lake.data_folder / f"occurred_day={events[0][2].date()}" / "source=okta_system"
            folder.mkdir(parents=True, exist_ok=True)
            paths.append(folder / f"events-{name}.parquet")
            con.execute(f"copy events to {quoted(paths[-1])} ({parquet_options(len(events))})")
    lake.append(paths, "records")
    return lake


def gather(con: duckdb.DuckDBPyConnection, events: list[tuple[Any, ...]]) -> None:
    create_empty_events(con, "gathered")
    for event_id, key, at, raw in events:
        con.execute(
            """insert into gathered by name select 'okta_system' as source, $id as event_id, $key as event_key,
                $at::timestamp as occurred_at, $raw as raw""",
            {"id": event_id, "key": key, "at": at, "raw": raw},
        )


def found(lake: Lake, events: list[tuple[Any, ...]]) -> tuple[set[str], set[str]]:
    """The records, and the names of the files that were read for them."""
    snapshot_id = lake.snapshot_id
    assert snapshot_id is not None
    with connection.connect() as con:
        gather(con, events)
        create_missing_records(con, lake, SINCE, UNTIL, snapshot_id)
        files = con.execute("select file from wanted_files").fetchall()
        return (
            {raw for (raw,) in con.execute("select raw from missing_records").fetchall()},
            {file.rpartition("events-")[2].removesuffix(".parquet") for (file,) in files},
        )


@pytest.mark.parametrize(
    ("events", "records", "files"),
    [
        pytest.param(
            [("a", 1, NOON, None)], {"first/a"}, {"first", "same-key"}, id="one of another key's file"
        ),
        pytest.param([("d", 4, NOON, None)], {"second/d"}, {"second"}, id="one"),
        pytest.param([("f", None, NOON, None)], {"one-has-no-key/f"}, set(), id="no key"),
        pytest.param([("d", 4, NOON, "kept")], set(), set(), id="its record is there"),
        pytest.param([("d", 4, SINCE - timedelta(hours=1), None)], set(), set(), id="too early for a record"),
        pytest.param([("z", 99, NOON, None)], set(), set(), id="nowhere"),
        pytest.param([], set(), set(), id="nothing gathered"),
    ],
)
def test_records_are_found(
    lake: Lake, events: list[tuple[Any, ...]], records: set[str], files: set[str]
) -> None:
    assert found(lake, events) == (records, files | {"one-has-no-key"})


def test_a_window_without_files_has_no_records(lake: Lake) -> None:
    snapshot_id = lake.snapshot_id
    assert snapshot_id is not None
    with connection.connect() as con:
        gather(con, [("a", 1, NOON, None)])
        later = UNTIL + timedelta(days=40)
        create_missing_records(con, lake, later, later + timedelta(days=3), snapshot_id)
        assert con.table("missing_records").shape[0] == 0
