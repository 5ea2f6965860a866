"""New events are scanned once; what they give is what a run over everything gives; a changed rule sees the past on demand."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.detect import evaluate_rules
from pipeline.detection import Detection
from pipeline.detections import load_detections
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.scan import rescan, scan_new
from pipeline.signal_store import SignalStore

NOW = datetime(2026, 3, 10, 12)
RULE = """\
title: A user is made
id: aaaaaaaa-0000-4000-8000-000000000001
name: user_made
author: Somebody Else
logsource: {product: aws, service: cloudtrail}
detection: {sel: {eventName: CreateUser}, condition: sel}
level: low
"""
FAILED = """\
title: Console sign-in failed
id: aaaaaaaa-0000-4000-8000-000000000002
name: sign_in_failed
logsource: {product: aws, service: cloudtrail}
detection: {sel: {eventName: ConsoleLogin, errorMessage|contains: fail}, condition: sel}
"""
GUESSING = """\
title: Guessing of passwords
id: aaaaaaaa-0000-4000-8000-000000000003
name: guessing
correlation: {type: event_count, rules: [sign_in_failed], group-by: [sourceIPAddress], timespan: 10m, condition: {gte: 3}}
"""


def rules(folder: Path, *texts: str) -> list[Detection]:
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, text in enumerate(texts):
        (folder / f"rule_{number}.yml").write_text(text)
    return load_detections([folder])


def event(number: int, minute: int, name: str = "ConsoleLogin", **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventID": f"aaaaaaaa-0000-4000-8000-{number:012}",
        "eventTime": f"2026-03-02T09:{minute:02}:00Z",
        "eventSource": "signin.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "203.0.113.9",
        "errorMessage": "Failed authentication",
        "userIdentity": {"type": "IAMUser", "userName": "alice"},
    } | more


def add(lake: Path, name: str, *events: dict[str, Any]) -> Lake:
    logs = lake.parent / f"{name}.json"
    logs.write_text("\n".join(json.dumps(one) for one in events))
    ingest(lake, [logs], NOW)
    return Lake.open(lake)


def stored(lake: Lake) -> list[tuple[str, str]]:
    with duckdb.connect() as con:
        SignalStore(lake).create_stored_table(con)
        rows = con.execute("select detection, event_id from stored_signals order by all").fetchall()
    return [(detection, event_id[-2:]) for detection, event_id in rows]


def from_everything(lake: Lake, detections: list[Detection]) -> list[tuple[str, str]]:
    with duckdb.connect() as con:
        lake.create_events_view(con)
        evaluate_rules(con, detections)
        rows = con.execute("select detection, event_id from signals order by all").fetchall()
    return [(detection, event_id[-2:]) for detection, event_id in rows]


def test_events_are_scanned_once(fresh_lake: Path, tmp_path: Path) -> None:
    detections = rules(tmp_path / "rules", RULE)
    lake = add(fresh_lake, "first", event(1, 1, "CreateUser"), event(2, 2, "Other"))
    first = scan_new(lake, detections, NOW)
    assert (first.event_count, first.batch_count, first.signal_count) == (2, 1, 1)
    assert scan_new(lake, detections, NOW).event_count == 0
    lake = add(fresh_lake, "second", event(3, 0, "CreateUser"), event(1, 1, "CreateUser"))
    second = scan_new(lake, detections, NOW)
    assert (second.event_count, second.signal_count) == (1, 1), (
        "late in time, new in the lake; the duplicate is not"
    )
    assert stored(lake) == from_everything(lake, detections) == [("user_made", "01"), ("user_made", "03")]


def test_a_signal_keeps_whose_rule_it_is(fresh_lake: Path, tmp_path: Path) -> None:
    detections = rules(tmp_path / "rules", RULE)
    lake = add(fresh_lake, "first", event(1, 1, "CreateUser"))
    scan_new(lake, detections, NOW)
    with duckdb.connect() as con:
        SignalStore(lake).create_stored_table(con)
        row = con.execute(
            "select rule_id, content_hash, author, is_imported, found_at, why from stored_signals"
        ).fetchone()
    assert row is not None
    assert row[:5] == (detections[0].id, detections[0].content_hash, "Somebody Else", True, NOW)
    assert (
        row[5].startswith("A user is made: alice") and "imported, by Somebody Else, rule aaaaaaaa" in row[5]
    )


def test_a_correlation_sees_across_batches(fresh_lake: Path, tmp_path: Path) -> None:
    detections = rules(tmp_path / "rules", FAILED, GUESSING)
    lake = add(fresh_lake, "first", event(1, 1), event(2, 2))
    assert scan_new(lake, detections, NOW).signal_count == 0
    lake = add(fresh_lake, "second", event(3, 3), event(9, 3, sourceIPAddress="203.0.113.10"))
    assert scan_new(lake, detections, NOW).signal_count == 1
    lake = add(fresh_lake, "third", event(4, 4), event(5, 5))
    assert scan_new(lake, detections, NOW).signal_count == 0, "the same burst goes on"
    lake = add(fresh_lake, "fourth", event(6, 40), event(7, 41), event(8, 42))
    assert scan_new(lake, detections, NOW).signal_count == 1
    assert stored(lake) == from_everything(lake, detections) == [("guessing", "03"), ("guessing", "08")]


def test_an_earlier_event_that_comes_late_completes_a_window(fresh_lake: Path, tmp_path: Path) -> None:
    detections = rules(tmp_path / "rules", FAILED, GUESSING)
    lake = add(fresh_lake, "first", event(2, 5), event(3, 9))
    assert scan_new(lake, detections, NOW).signal_count == 0
    lake = add(fresh_lake, "second", event(1, 1))
    assert scan_new(lake, detections, NOW).signal_count == 1
    assert stored(lake) == from_everything(lake, detections) == [("guessing", "03")]


def test_a_changed_rule_is_named_and_sees_the_past_on_demand(fresh_lake: Path, tmp_path: Path) -> None:
    detections = rules(tmp_path / "rules", RULE)
    lake = add(
        fresh_lake, "first", event(1, 1, "CreateUser"), event(2, 2, "DeleteUser"), event(3, 50, "DeleteUser")
    )
    assert scan_new(lake, detections, NOW).unscanned == ()
    changed = rules(tmp_path / "rules", RULE.replace("CreateUser", "DeleteUser"), FAILED)
    assert scan_new(lake, changed, NOW).unscanned == ("sign_in_failed", "user_made")
    assert stored(lake) == [("user_made", "01")]
    until = datetime(2026, 3, 2, 9, 30)
    assert rescan(lake, changed, ["user_made"], NOW, until=until).signal_count == 1
    assert stored(lake) == [("user_made", "02")], "the old signal of the period is replaced"
    assert scan_new(lake, changed, NOW).unscanned == ("sign_in_failed", "user_made"), (
        "it has not seen all of it"
    )
    rescan(lake, changed, ["user_made", "sign_in_failed"], NOW)
    assert stored(lake) == from_everything(lake, changed)
    assert scan_new(lake, changed, NOW).unscanned == ()


def test_a_lost_state_finds_nothing_twice(fresh_lake: Path, tmp_path: Path) -> None:
    detections = rules(tmp_path / "rules", RULE, FAILED, GUESSING)
    lake = add(
        fresh_lake, "first", event(1, 1, "CreateUser"), *(event(number, number) for number in range(2, 6))
    )
    scan_new(lake, detections, NOW)
    before = stored(lake)
    SignalStore(lake).state_file.write_text("{")
    assert scan_new(lake, detections, NOW).signal_count == 0
    assert stored(lake) == before


@pytest.mark.parametrize("names", [["guessing"], ["sign_in_failed"], []])
def test_rescanning_touches_the_named_rules_alone(fresh_lake: Path, tmp_path: Path, names: list[str]) -> None:
    detections = rules(tmp_path / "rules", RULE, FAILED, GUESSING)
    lake = add(
        fresh_lake, "first", event(1, 1, "CreateUser"), *(event(number, number) for number in range(2, 6))
    )
    scan_new(lake, detections, NOW)
    before = stored(lake)
    rescan(lake, detections, names, NOW)
    assert stored(lake) == before
