"""What a rule could see on a lake: evaluable, partly, not at all; and which values never can be there."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.asked_values import is_slip
from pipeline.detections import load_detections
from pipeline.evaluability import Coverage, RuleEvaluability, assess
from pipeline.lake import Lake
from pipeline.schema import create_empty_events
from pipeline.settings import resource_root

SIGN_IN = {
    "category": "SignInLogs",
    "properties": {"status": {"errorCode": 0}, "userPrincipalName": "ann@example.com", "appDisplayName": "Portal", "clientAppUsed": "Browser"},
}  # fmt: skip
AUDIT = {
    "category": "AuditLogs",
    "properties": {"activityDisplayName": "Add member to role", "result": "success", "initiatedBy": {"user": {"id": "u1"}}},
}  # fmt: skip


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    create_empty_events(connection, temp=False)
    for number, (source, action, record) in enumerate(
        [("entra_signin", "Sign-in activity", SIGN_IN), ("entra_audit", "Add member to role", AUDIT)]
    ):
        connection.execute(
            "insert into events (event_id, source, action, raw) values (?, ?, ?, ?)",
            [str(number), source, action, json.dumps(record)],
        )
    return connection


def coverage(con: duckdb.DuckDBPyConnection, tmp_path: Path, **detections: tuple[str, Any]) -> Coverage:
    for name, (service, detection) in detections.items():
        rule = {
            "title": name,
            "name": name,
            "logsource": {"product": "azure", "service": service},
            "detection": detection,
        }
        (tmp_path / f"{name}.yml").write_text(json.dumps(rule))
    return assess(con, load_detections([tmp_path]))


def only(found: Coverage) -> RuleEvaluability:
    (rule,) = found.rules
    return rule


@pytest.mark.parametrize(
    ("service", "detection", "verdict", "fields_unseen"),
    [
        ("signinlogs", {"s": {"ResultType": 0}, "condition": "s"}, "partly", ()),
        ("auditlogs", {"s": {"OperationName": "Add member to role"}, "condition": "s"}, "evaluable", ()),
        ("auditlogs", {"s": {"properties.message": "x", "Status": "y"}, "condition": "s"}, "evaluable", ()),
        ("auditlogs", {"s": {"Initiatied.By": "x"}, "condition": "s"}, "not on this data", ("Initiatied.By",)),
        ("auditlogs", {"s": {"OperationName": "x", "NoSuch": "y"}, "condition": "s"}, "not on this data", ("NoSuch",)),
        ("auditlogs", {"s": {"OperationName": "x"}, "t": {"NoSuch": "y"}, "condition": "s or t"}, "partly", ("NoSuch",)),
        ("auditlogs", {"s": {"OperationName": "x"}, "f": {"NoSuch": "y"}, "condition": "s and not f"}, "partly", ("NoSuch",)),
        ("auditlogs", {"f": {"NoSuch": "y"}, "condition": "not f"}, "partly", ("NoSuch",)),
        ("auditlogs", {"f": {"NoSuch": "y"}, "condition": "not not f"}, "not on this data", ("NoSuch",)),
        ("auditlogs", {"s": {"OperationName": "x", "NoSuch": None}, "condition": "s"}, "evaluable", ()),
        ("auditlogs", {"s": {"NoSuch|exists": False, "Result": "success"}, "condition": "s"}, "evaluable", ()),
        ("auditlogs", {"s": {"OperationName|fieldref": "NoSuch"}, "condition": "s"}, "not on this data", ("NoSuch",)),
        ("auditlogs", {"s": ["word"], "condition": "s"}, "evaluable", ()),
        ("activitylogs", {"s": {"Caller": "x"}, "condition": "s"}, "not on this data", ()),
    ],
)  # fmt: skip
def test_verdicts(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, service: str, detection: Any, verdict: str, fields_unseen: tuple[str, ...]
) -> None:  # fmt: skip
    rule = only(coverage(con, tmp_path, rule=(service, detection)))
    assert (rule.verdict, rule.fields_unseen) == (verdict, fields_unseen)


def test_a_source_that_was_never_seen_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rule = only(coverage(con, tmp_path, rule=("activitylogs", {"s": {"Caller": "x"}, "condition": "s"})))
    assert rule.sources_unseen == ("azure_activity",) and "azure_activity" in rule.why
    rule = only(coverage(con, tmp_path, rule=("signinlogs", {"s": {"ResultType": 0}, "condition": "s"})))
    assert rule.sources_unseen == ("entra_signin_noninteractive",)


@pytest.mark.parametrize(
    ("service", "selection", "reason", "hint"),
    [
        ("auditlogs", {"Status": "Sucess"}, "misspelt", "seen: success"),
        ("auditlogs", {"OperationName": "Add memmber to role"}, "misspelt", "seen: Add member to role"),
        ("signinlogs", {"Username": "UPN"}, "placeholder", "filled in"),
        (
            "signinlogs",
            {"Location|contains": "<Countries you DO operate out of>"},
            "placeholder",
            "filled in",
        ),
        (
            "signinlogs",
            {"ClientApp": "Portal", "Application": "x"},
            "in another field",
            "seen in Application",
        ),
        ("auditlogs", {"Initiatied.By": "x"}, "misspelt field", "the logs have initiatedBy"),
    ],
)
def test_what_never_can_match(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, service: str, selection: Any, reason: str, hint: str
) -> None:
    rule = only(coverage(con, tmp_path, rule=(service, {"s": selection, "condition": "s"})))
    assert not rule.is_bound
    assert (reason, hint) in [
        (doubt.reason, hint if hint in doubt.hint else doubt.hint) for doubt in rule.doubts
    ]


def test_what_nobody_has_done_yet_is_no_doubt(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rule = only(
        coverage(con, tmp_path, rule=("auditlogs", {"s": {"OperationName": "Delete user"}, "condition": "s"}))
    )
    assert (rule.verdict, rule.values_unseen, rule.doubts) == (
        "evaluable",
        (("OperationName", "Delete user"),),
        (),
    )
    assert not rule.is_bound


def test_binding_counts_imported_rules(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = coverage(
        con,
        tmp_path,
        bound=(
            "auditlogs",
            {"s": {"OperationName": "add member to role", "Result": "success"}, "condition": "s"},
        ),
        unseen=("auditlogs", {"s": {"OperationName": "Delete user"}, "condition": "s"}),
        absent=("auditlogs", {"s": {"NoSuch": "x"}, "condition": "s"}),
    )
    assert found.binding() == (1, 3)
    assert (found.count("evaluable"), found.count("not on this data")) == (2, 1)


def test_a_sample_tells_its_size(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    con.execute(
        "insert into events (event_id, source, action, raw) select 'x' || i, 'entra_audit', 'Other', '{}' from range(1000) t(i)"
    )
    found = coverage(con, tmp_path, rule=("auditlogs", {"s": {"Result": "success"}, "condition": "s"}))
    assert [(one.events_looked_at, one.events, one.is_whole) for one in found.looked] == [(1001, 1001, True)]
    found = assess(con, load_detections([tmp_path]), sample_size=100)
    (looked,) = found.looked
    assert looked.events == 1001 and 40 < looked.events_looked_at < 200 and not looked.is_whole


def test_our_detections_on_the_sample(sample_lake: Lake) -> None:
    with duckdb.connect() as connection:
        sample_lake.create_events_view(connection)
        found = assess(connection, load_detections([resource_root() / "detections"]))
    by_name = {rule.name: rule for rule in found.rules}
    assert by_name["aws_secret_read"].verdict == "evaluable"
    assert {rule.verdict for rule in found.rules if rule.name.startswith("okta_")} <= {"not on this data"}
    assert all(one.is_whole for one in found.looked)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("sucess", "success", True), ("success", "success", False), ("memmber", "member", True), ("update", "create", False), ("recieve", "receive", True), ("a", "abcd", False)],
)  # fmt: skip
def test_slips(one: str, other: str, expected: bool) -> None:
    assert is_slip(one, other) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("sucess", "success", True),
        ("initiatied", "initiated", True),
        ("createacesskey", "createaccesskey", True),
        ("getparameter", "getparameters", False),
        ("success", "success", False),
        ("createuser", "createrole", False),
    ],
)
def test_a_slip_of_the_pen(one: str, other: str, expected: bool) -> None:
    assert is_slip(one, other) is is_slip(other, one) is expected
