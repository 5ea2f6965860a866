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
