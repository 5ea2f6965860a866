"""Quality: every fact is measured, every expectation is seen failing, nothing is deleted, and the pages load nothing."""

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.errors import InputError
from pipeline.lake import Lake
from pipeline.quality import Quality, check_quality
from pipeline.quality.facts import measure
from pipeline.query import run_query
from tests.pipeline.planted import Row, events, plant

NOW = datetime(2026, 3, 10, 12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TENANT = "aaaaaaaa-0000-4000-8000-000000000001"


def days(count: int, hours: Sequence[int] = (10, 11), per_hour: int = 60, **more: Any) -> list[Row]:
    """So many days up to yesterday, with as many events in each of these hours."""
    return [
        row
        for day in range(count, 0, -1)
        for hour in hours
        for row in events(per_hour, "entra_audit", (NOW - day * DAY).replace(hour=hour), **more)
    ]


def facts(folder: Path, rows: Sequence[Row], since: datetime | None = None) -> Row:
    """The facts of one tenant's rows: of those that are new where a time is given, else of the lake."""
    measured = measure(plant(folder, rows), NOW, since, None)
    (row,) = measured.facts["new" if since else "lake", "entra_audit"]
    return row


def audit(count: int = 1, **more: Any) -> list[Row]:
    return events(count, "entra_audit", NOW - HOUR, **more)


@pytest.mark.parametrize(
    ("rows", "fact", "value"),
    [
        (audit(2), "event_id_missing_count", 0),
        (audit(event_id=None) + audit(event_id="") + audit(3), "event_id_missing_count", 2),
        (audit(2), "duplicate_key_count", 0),
        (audit(event_id="same") + audit(event_id="same"), "duplicate_key_count", 1),
        (audit(event_id="same") + audit(event_id="same", occurred_at=NOW), "duplicate_key_count", 0),
        (audit(occurred_at=NOW + HOUR, ingested_at=NOW), "in_future_count", 0),
        (audit(occurred_at=NOW + 2 * HOUR, ingested_at=NOW), "in_future_count", 1),
        (audit(occurred_at=datetime(2005, 12, 31)), "before_cloud_count", 1),
        (audit(occurred_at=datetime(2006, 1, 1)), "before_cloud_count", 0),
        (audit(received_at=NOW - 2 * HOUR), "received_early_count", 0),
        (audit(received_at=NOW - 3 * HOUR), "received_early_count", 1),
        (audit(10, outcome="unknown") + audit(10, outcome=None, event_id="n") + audit(20), "outcome_unknown_share", 0.5),
        (audit(19, outcome="unknown"), "outcome_unknown_share", None),
        (audit(20, principal_id=None) + audit(20, principal_id=None, principal_name="ada"), "principal_missing_share", 0.5),
        (audit(5, received_at=NOW + 2 * DAY) + audit(15, received_at=NOW), "received_late_share", 0.25),
        (audit(19, received_at=NOW + 2 * DAY) + audit(20), "received_late_share", None),
        (audit(5, ingested_at=NOW + 2 * DAY) + audit(15), "taken_in_late_share", 0.25),
        (audit(occurred_at=NOW - 30 * HOUR), "overdue_hours", 30),
        (audit(occurred_at=NOW - 30 * HOUR) + audit(occurred_at=NOW - 50 * HOUR, event_id="e"), "overdue_hours", 10),
        (audit(occurred_at=NOW - 30 * HOUR) + audit(occurred_at=NOW + DAY, ingested_at=NOW, event_id="e"), "overdue_hours", 30),
        (days(8), "silent_hour_count", 0),
        (days(8) + days(1, hours=[12]), "flooded_hour_count", 0),
    ],
)  # fmt: skip
def test_facts(tmp_path: Path, rows: list[Row], fact: str, value: float | None) -> None:
    assert facts(tmp_path, rows)[fact] == pytest.approx(value)


def test_an_hour_without_events_that_always_had_some(tmp_path: Path) -> None:
    yesterday = (NOW - DAY).replace(hour=10)
    rows = [row for row in days(8) if row["occurred_at"] != yesterday]
    assert facts(tmp_path / "silent", rows)["silent_hour_count"] == 1
    few = rows + events(2, "entra_audit", yesterday)
    assert facts(tmp_path / "few", few)["silent_hour_count"] == 1
    young = [row for row in rows if row["occurred_at"] >= NOW - 7 * DAY]
    assert facts(tmp_path / "young", young)["silent_hour_count"] == 0
    weekly = [row for row in rows if row["occurred_at"].date() != (NOW - 4 * DAY).date()]
    assert facts(tmp_path / "weekly", weekly)["silent_hour_count"] == 0


def test_the_last_hour_may_still_be_arriving(tmp_path: Path) -> None:
    yesterday = (NOW - DAY).replace(hour=11)
    rows = [row for row in days(8) if row["occurred_at"] != yesterday] + events(1, "entra_audit", yesterday)
    assert facts(tmp_path, rows)["silent_hour_count"] == 0


def test_an_hour_with_far_more_events_than_ever(tmp_path: Path) -> None:
    rows = days(8) + events(1_300, "entra_audit", (NOW - DAY).replace(hour=10, minute=30))
    assert facts(tmp_path, rows)["flooded_hour_count"] == 1


def test_new_is_what_arrived_since(tmp_path: Path) -> None:
    rows = audit(30, ingested_at=NOW - 3 * DAY, outcome="unknown") + audit(30, event_id="", outcome="success")
    assert facts(tmp_path / "new", rows, since=NOW - DAY)["event_count"] == 30
    assert facts(tmp_path / "again", rows, since=NOW - DAY)["outcome_unknown_share"] == 0
    old = audit(event_id="same", ingested_at=NOW - 3 * DAY)
    lake = plant(tmp_path / "copy", old + audit(event_id="same", ingested_at=NOW))
    assert measure(lake, NOW, NOW - DAY, None).facts["new", "entra_audit"][0]["duplicate_key_count"] == 1


def test_copies_are_found_in_whichever_span_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.quality.facts.SPAN_EVENTS", 3)
    rows = [
        row
        for day in range(5)
        for _ in range(2)
        for row in events(1, "entra_audit", NOW - day * DAY, event_id=f"same-{day}")
    ]
    lake = plant(tmp_path, rows)
    assert measure(lake, NOW, None, None).facts["lake", "entra_audit"][0]["duplicate_key_count"] == 5


HOSTILE = "<script>alert(1)</script>\x1b[31m$x"


@pytest.fixture(scope="module")
def faulty_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each expectation fails for one source: which one, is in FAULTS."""
    sign_in, at = "entra_signin", NOW - HOUR
    week = [
        row
        for day in range(8, 0, -1)
        for hour in (9, 10, 11)
        for row in events(60, "aws_cloudtrail", (NOW - day * DAY).replace(hour=hour))
        if (day, hour) != (1, 10)
    ]
    rows = [
        *week,
        *events(1_300, "aws_cloudtrail", (NOW - DAY).replace(hour=9, minute=30)),
        *events(2, "entra_audit", at, event_id="copied"),
        *events(1, "entra_audit", at, event_id=""),
        *events(30, "entra_audit", at, tenant_id=HOSTILE, principal_id=None),
        *events(1, sign_in, at, occurred_at=NOW + DAY, event_id=HOSTILE),
        *events(1, sign_in, at, occurred_at=datetime(1999, 1, 1)),
        *events(1, sign_in, at, received_at=at - DAY),
        *events(30, sign_in, at, event_id="unknown", outcome="unknown", token_id="t"),
        *events(30, "okta_system", NOW - 3 * DAY, received_at=NOW, ingested_at=NOW),
    ]
    for number, row in enumerate(rows):
        if row["event_id"] == "unknown":
            row["event_id"] = f"unknown-{number}"
    folder = tmp_path_factory.mktemp("faulty") / "lake"
    plant(folder, rows)
    return folder


FAULTS = {
    ("new", "aws_cloudtrail", "flooded_hour_count"): 1,
    ("lake", "aws_cloudtrail", "flooded_hour_count"): 1,
    ("new", "aws_cloudtrail", "silent_hour_count"): 1,
    ("lake", "aws_cloudtrail", "silent_hour_count"): 1,
    ("new", "entra_audit", "duplicate_key_count"): 1,
    ("lake", "entra_audit", "duplicate_key_count"): 1,
    ("new", "entra_audit", "event_id_missing_count"): 1,
    ("lake", "entra_audit", "event_id_missing_count"): 1,
    ("new", "entra_audit", "principal_missing_share"): 1,
    ("lake", "entra_audit", "principal_missing_share"): 1,
    ("new", "entra_signin", "in_future_count"): 1,
    ("lake", "entra_signin", "in_future_count"): 1,
    ("new", "entra_signin", "before_cloud_count"): 1,
    ("lake", "entra_signin", "before_cloud_count"): 1,
    ("new", "entra_signin", "received_early_count"): 1,
    ("lake", "entra_signin", "received_early_count"): 1,
    ("new", "entra_signin", "outcome_unknown_share"): pytest.approx(30 / 33),
    ("lake", "entra_signin", "outcome_unknown_share"): pytest.approx(30 / 33),
    ("new", "okta_system", "received_late_share"): 1,
    ("lake", "okta_system", "received_late_share"): 1,
    ("new", "okta_system", "taken_in_late_share"): 1,
    ("lake", "okta_system", "overdue_hours"): 72,
}


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("docs") / "quality"


@pytest.fixture(scope="module")
def faulty(faulty_lake: Path, docs: Path) -> Quality:
    return check_quality(Lake.open(faulty_lake), NOW, docs, since=NOW - 36 * HOUR)


def test_each_expectation_fails_where_its_fault_is_and_nowhere_else(faulty: Quality) -> None:
    assert {(check.scope, check.source, check.fact): check.value for check in faulty.failed} == FAULTS


def test_every_expectation_of_the_seed_was_seen_failing(faulty: Quality) -> None:
    assert {check.fact for check in faulty.checks} == {fact for _, _, fact in FAULTS}


def test_a_failure_names_tenant_and_examples(faulty: Quality) -> None:
    failed = {(check.scope, check.fact): check for check in faulty.failed}
    (offender,) = failed["lake", "duplicate_key_count"].offenders
    assert (offender.tenant_id, offender.value) == (TENANT, 1)
    assert offender.examples == ("copied of 2026-03-10 11:00:00, 2 copies",)
    (offender,) = failed["lake", "silent_hour_count"].offenders
    assert offender.examples == ("2026-03-09 10:00 UTC: 0 events, 60 to 60 in the seven days before",)
    (offender,) = failed["lake", "principal_missing_share"].offenders
    assert offender.tenant_id == HOSTILE
    (offender,) = failed["lake", "in_future_count"].offenders
    assert offender.examples == (
        "<script>alert(1)</script>\\x1b[31m$x of 2026-03-11 12:00:00 (logs.json, row 0)",
    )


def test_nothing_is_deleted(faulty: Quality, faulty_lake: Path) -> None:
    before = Lake.open(faulty_lake).snapshot_id
    ((count,),) = run_query(Lake.open(faulty_lake), "select count(*) from events")[1]
    assert count == sum(n for (scope, _), n in faulty.event_counts.items() if scope == "lake")
    assert Lake.open(faulty_lake).snapshot_id == before


def test_the_pages_load_nothing_and_run_nothing(faulty: Quality, docs: Path) -> None:
    pages = {path.relative_to(docs).as_posix(): path.read_text() for path in docs.rglob("*.html")}
    assert set(pages) == {"index.html"} | {
        f"suites/{source}-{scope}.html" for scope, source in faulty.event_counts
    }
    for page in pages.values():
        assert not re.search(r"https?:|<script|<link|<img|<iframe|\bon\w+=|url\(", page)
        assert "default-src 'none'" in page
        assert "\x1b" not in page
    assert HOSTILE.partition("\x1b")[0] not in "".join(pages.values())
    for href in re.findall(r'href="([^"#]+)"', pages["index.html"]):
        assert (docs / href).is_file()
    page = pages["suites/entra_audit-lake.html"]
    assert (
        "principal_missing_share" in page and "&lt;script&gt;" in page
    )  # Great Expectations' own table of offenders
    assert "1 unexpected values found" in page


def test_the_same_lake_gives_the_same_bytes(
    faulty: Quality, faulty_lake: Path, docs: Path, tmp_path: Path
) -> None:
    check_quality(Lake.open(faulty_lake), NOW, tmp_path, since=NOW - 36 * HOUR)
    for path in docs.rglob("*.*"):
        text = path.read_text().replace(str(docs), str(tmp_path))
        assert (tmp_path / path.relative_to(docs)).read_text() == text


def test_one_batch_is_looked_at_alone(tmp_path: Path) -> None:
    plant(tmp_path / "lake", audit(3, event_id=""), "20260309T000000-run-aa-00000")
    lake = plant(tmp_path / "lake", audit(4), "20260310T000000-run-bb-00000")
    new = check_quality(lake, NOW, tmp_path / "out", batch_id="20260310T000000-run-bb")
    assert new.event_counts == {("new", "entra_audit"): 4, ("lake", "entra_audit"): 7}
    assert {check.scope for check in new.failed} == {"lake"}
    with pytest.raises(InputError, match="no events of such a batch"):
        check_quality(lake, NOW, tmp_path / "out", batch_id="20990101")


def test_pages_of_suites_that_are_no_more_go(tmp_path: Path) -> None:
    lake = plant(tmp_path / "lake", audit(3))
    check_quality(lake, NOW, tmp_path / "out", since=NOW - DAY)
    assert len(list((tmp_path / "out" / "suites").iterdir())) == 2
    check_quality(lake, NOW, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "suites").iterdir()] == ["entra_audit-lake.html"]


def test_the_command(faulty_lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["quality", "--lake", str(faulty_lake), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    printed, err = capsys.readouterr()
    assert "duplicate_key_count" in printed and "expectations hold" in printed
    assert err == ""
    assert main([*arguments, "--fail-on", "1", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] == sum(not check["is_met"] for check in told["checks"])
    assert json.loads((tmp_path / "out" / "quality.json").read_text())["events"] == told["events"]
    assert main([*arguments, "--fail-on", "1000"]) == 0
    assert main([*arguments, "--since", "24h", "--batch", "x"]) == 2


def test_without_great_expectations_it_says_how_to_get_them(
    faulty_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.quality.find_spec", lambda name: None)
    assert main(["quality", "--lake", str(faulty_lake), "--out", str(tmp_path / "out")]) == 2
    assert "pip install 'postreset[quality]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_empty_lake_has_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Lake.open(tmp_path / "lake", create=True)
    assert main(["quality", "--lake", str(tmp_path / "lake"), "--out", str(tmp_path / "out")]) == 0
    assert "nothing to check" in capsys.readouterr().out
    assert "nothing to check" in (tmp_path / "out" / "index.html").read_text()
