"""A corrected record supersedes the one it names, in whichever order the two arrive."""

import itertools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.ingest import IngestSummary, ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from tests.pipeline.test_opening import event

NOW = datetime(2026, 3, 10, 12)
ORIGINAL = event("original", userIdentity={"type": "IAMUser"})
CORRECTED = event(
    "corrected",
    addendum={
        "reason": "UPDATED_DATA",
        "updatedFields": "userIdentity.principalId",
        "originalEventID": "original",
        "originalRequestID": "r-1",
    },
)
OTHER = event("other")
ELSEWHERE = event("original", recipientAccountId="444455556666")


def take_in(lake: Path, name: str, *records: dict[str, Any]) -> IngestSummary:
    path = lake.parent / f"{name}.json"
    path.write_text("\n".join(json.dumps(record) for record in records))
    return ingest(lake, [path], NOW)


def ids(lake: Path) -> list[tuple[str, str]]:
    return run_query(Lake.open(lake), "select event_id, tenant_id from events order by all")[1]  # ty: ignore[invalid-return-type]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5], ids=str)
def test_the_correction_stays_alone(tmp_path: Path, order: tuple[int, ...]) -> None:
    records = [ORIGINAL, CORRECTED, OTHER, ELSEWHERE]
    lake = tmp_path / "lake"
    for number in order:
        take_in(lake, f"log-{number}", records[number])
    assert ids(lake) == [
        ("corrected", "111122223333"),
        ("original", "444455556666"),
        ("other", "111122223333"),
    ]
    assert take_in(lake, "again", *records).total.events == 0
    assert len(ids(lake)) == 3


def test_within_one_batch(tmp_path: Path) -> None:
    summary = take_in(tmp_path / "lake", "log", ORIGINAL, OTHER, CORRECTED)
    assert (summary.total.records, summary.total.events, summary.total.duplicates) == (3, 2, 1)
    assert [row[0] for row in ids(tmp_path / "lake")] == ["corrected", "other"]


def test_an_older_snapshot_still_shows_what_it_showed(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    take_in(lake, "first", ORIGINAL, OTHER)
    before = Lake.open(lake).snapshot_id
    take_in(lake, "second", CORRECTED)
    opened = Lake.open(lake)
    assert [row[0] for row in ids(lake)] == ["corrected", "other"]
    import duckdb

    with duckdb.connect() as con:
        opened.create_events_view(con, snapshot_id=before)
        assert con.execute("select event_id from events order by 1").fetchall() == [("original",), ("other",)]


@pytest.mark.parametrize(
    "addendum", [{"reason": "DELIVERY_DELAY"}, {"reason": "SERVICE_OUTAGE"}, None, "text"]
)
def test_a_late_record_supersedes_nothing(tmp_path: Path, addendum: Any) -> None:
    take_in(tmp_path / "lake", "log", OTHER, event("late", addendum=addendum))
    assert len(ids(tmp_path / "lake")) == 2


SAME_ID = event(
    "original",
    userIdentity={"type": "IAMUser", "userName": "ada"},
    addendum={"reason": "UPDATED_DATA", "updatedFields": "userIdentity", "originalEventID": "original"},
)


def names(lake: Path) -> list[tuple[str, str, str]]:
    return run_query(Lake.open(lake), "select event_id, tenant_id, principal_name from events order by all")[
        1
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::4], ids=str)
def test_of_two_with_one_id_the_corrected_stays(tmp_path: Path, order: tuple[int, ...]) -> None:
    records = [ORIGINAL, SAME_ID, OTHER, ELSEWHERE]
    lake = tmp_path / "lake"
    events = [take_in(lake, f"log-{number}", records[number]).total.events for number in order]
    expected = [
        ("original", "111122223333", "ada"),
        ("original", "444455556666", None),
        ("other", "111122223333", None),
    ]
    assert names(lake) == expected
    assert sum(events) == 3 + (order.index(0) < order.index(1))
    again = take_in(lake, "again", *records).total
    assert (again.records, again.events, again.duplicates) == (4, 0, 4)
    assert names(lake) == expected


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_of_two_with_one_id_in_one_batch_the_corrected_stays(tmp_path: Path, order: tuple[int, ...]) -> None:
    records = [ORIGINAL, SAME_ID, OTHER]
    total = take_in(tmp_path / "lake", "log", *(records[number] for number in order)).total
    assert (total.records, total.events, total.duplicates) == (3, 2, 1)
    assert names(tmp_path / "lake")[0] == ("original", "111122223333", "ada")


def test_a_late_copy_with_one_id_changes_only_what_it_adds(tmp_path: Path) -> None:
    take_in(tmp_path / "lake", "first", ORIGINAL, OTHER)
    take_in(tmp_path / "lake", "late", ORIGINAL | {"addendum": {"reason": "DELIVERY_DELAY"}})
    assert [row[0] for row in ids(tmp_path / "lake")] == ["original", "other"]
    _, rows = run_query(
        Lake.open(tmp_path / "lake"),
        "select event_id from events where raw ->> '$.addendum.reason' is not null",
    )
    assert rows == [("original",)]


@pytest.mark.parametrize("addendum", [None, "text", [], {}], ids=str)
def test_what_is_no_addendum_replaces_nothing(tmp_path: Path, addendum: Any) -> None:
    take_in(tmp_path / "lake", "first", SAME_ID)
    take_in(tmp_path / "lake", "second", ORIGINAL | {"addendum": addendum})
    assert names(tmp_path / "lake") == [("original", "111122223333", "ada")]
    take_in(tmp_path / "other", "first", ORIGINAL | {"addendum": addendum})
    total = take_in(tmp_path / "other", "second", ORIGINAL, ORIGINAL | {"addendum": addendum}).total
    assert (total.events, total.duplicates) == (0, 2)
