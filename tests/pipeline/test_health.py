"""Quality and doctor: planted faults are found, each expectation can fail, and nothing is deleted or loaded from elsewhere."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.cli import main
from pipeline.doctor import examine
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.quality import check_quality
from pipeline.query import run_query
from pipeline.schema import create_empty_events
from pipeline.settings import sql_text
from tests.pipeline.test_opening import event

NOW = datetime(2026, 3, 10, 12)


def facts(rows: list[dict[str, Any]], since: datetime = datetime(2000, 1, 1)) -> dict[str, Any]:
    """The measured facts of one source's rows."""
    con = duckdb.connect()
    create_empty_events(con)
    for number, row in enumerate(rows):
        values = {
            "event_id": f"e-{number}",
            "source": "entra_audit",
            "occurred_at": NOW - timedelta(hours=2),
            "ingested_at": NOW,
            "outcome": "success",
            "principal_id": "p",
        } | row
        names = ", ".join(values)
        con.execute(
            f"insert into events ({names}) values ({', '.join('?' * len(values))})", list(values.values())
        )
    cursor = con.execute(sql_text("checks/quality_facts"), {"since": since, "now": NOW})
    return dict(zip([column[0] for column in cursor.description or []], cursor.fetchall()[0], strict=True))


@pytest.mark.parametrize(
    ("rows", "fact", "value"),
    [
        ([{}, {}], "duplicate_key_count", 0),
        ([{"event_id": "same"}, {"event_id": "same"}], "duplicate_key_count", 1),
        ([{"event_id": ""}, {}], "event_id_missing_share", 0.5),
        ([{"occurred_at": NOW + timedelta(hours=2)}], "in_future_count", 1),
        ([{"occurred_at": NOW - timedelta(hours=1), "received_at": NOW - timedelta(hours=3)}], "in_future_count", 1),
        ([{"occurred_at": datetime(1999, 1, 1)}], "before_cloud_count", 1),
        ([{"outcome": "unknown"}, {"outcome": None}, {}, {}], "outcome_unknown_share", 0.5),
        ([{"principal_id": None}, {"principal_id": None, "principal_name": "ada"}], "principal_missing_share", 0.5),
        ([{}], "newest_age_hours", 2),
        ([{"received_at": NOW + timedelta(hours=3)}], "delivery_lag_hours", 5),
    ],
)  # fmt: skip
def test_facts(rows: list[dict[str, Any]], fact: str, value: float) -> None:
    assert facts(rows)[fact] == pytest.approx(value)


def test_an_hour_unlike_the_same_hour_of_other_days() -> None:
    usual = [
        {"occurred_at": NOW - timedelta(days=day, minutes=n / 10)} for day in range(1, 6) for n in range(60)
    ]
    assert (
        facts([*usual, *({"occurred_at": NOW - timedelta(minutes=n / 10)} for n in range(60))])[
            "unusual_hour_count"
        ]
        == 0
    )
    assert facts([*usual, {"occurred_at": NOW - timedelta(minutes=1)}])["unusual_hour_count"] == 1


def test_only_what_arrived_since_is_new() -> None:
    rows = [{"ingested_at": NOW - timedelta(days=3), "event_id": ""}, {}]
    assert facts(rows, since=NOW - timedelta(days=1))["event_count"] == 1


@pytest.fixture
def faulty_lake(tmp_path: Path) -> Path:
    """Two hundred good events, and among them one of next year."""
    records = [event(f"e-{n}", eventTime=f"2026-03-09T{n % 24:02}:00:00Z") for n in range(200)]
    records.append(event("future", eventTime="2027-03-09T00:00:00Z"))
    (tmp_path / "log.json").write_text("\n".join(json.dumps(record) for record in records))
    ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    return tmp_path / "lake"


@pytest.mark.slow
def test_a_failed_expectation_is_told_and_deletes_nothing(faulty_lake: Path, tmp_path: Path) -> None:
    checks = check_quality(Lake.open(faulty_lake), NOW, NOW - timedelta(hours=24), tmp_path / "docs")
    failed = {(check.scope, check.fact): check.value for check in checks if not check.is_met}
    assert failed == {("new", "in_future_count"): 1, ("lake", "in_future_count"): 1}
    assert {check.source for check in checks} == {"aws_cloudtrail"}
    assert run_query(Lake.open(faulty_lake), "select count(*) from events")[1] == [(201,)]
    pages = [path.read_text() for path in (tmp_path / "docs").rglob("*.html")]
    assert len(pages) >= 5
    loaded = re.compile(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=[\"']https?:", re.IGNORECASE)
    assert not any(loaded.search(page) for page in pages)
    assert any("in_future_count" in page for page in pages)


def test_doctor_tells_what_is_missing_and_what_that_hides(faulty_lake: Path) -> None:
    diagnosis = examine(Lake.open(faulty_lake), NOW)
    told = {finding.what: finding for finding in diagnosis.findings}
    assert any(what.startswith("201 events") for what in told)
    assert "no CloudTrail digests" in told
    assert "no S3 data events of 111122223333" in told
    assert told["no entra_signin logs"].advice.startswith("without them nobody sees")
    assert diagnosis.coverage[0].event_count == 201
    assert diagnosis.coverage[0].longest_silence_hours > 8_000


def test_doctor_of_an_empty_lake(tmp_path: Path) -> None:
    diagnosis = examine(Lake.open(tmp_path / "lake", create=True), NOW)
    assert not diagnosis.is_good
    assert diagnosis.findings[0].what == "the lake holds no events"


def test_doctor_on_the_command_line(faulty_lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--lake", str(faulty_lake)]) == 0
    assert "no S3 data events" in capsys.readouterr().out.replace("\n", " ")
    assert main(["doctor", "--json", "--lake", str(faulty_lake)]) == 0
    assert json.loads(capsys.readouterr().out)["sources"][0]["source"] == "aws_cloudtrail"
    assert main(["doctor", "--lake", str(faulty_lake / "nothing")]) == 3


def test_a_lake_of_many_quarantined_records_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps(event("e-1")) + '\n{"what": 1}\n')
    ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    told = [finding.what for finding in examine(Lake.open(tmp_path / "lake"), NOW).findings]
    assert "1 of 2 records read were set aside (50.0%)" in told


def test_the_lake_is_not_written_by_a_check(faulty_lake: Path) -> None:
    before = Lake.open(faulty_lake).snapshot_id
    examine(Lake.open(faulty_lake), NOW)
    assert Lake.open(faulty_lake).snapshot_id == before
