"""Both evaluations give the same signals, rules keep to their own sources, and correlations get their parameters."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from pipeline.detect import (
    evaluate_correlations,
    evaluate_rules,
    evaluate_rules_one_by_one,
    register_detections,
)
from pipeline.detection_cases import case_path, changed, read_cases
from pipeline.detection_checks import find_inputs
from pipeline.detections import Detection, load_detections
from pipeline.errors import DetectionError
from pipeline.schema import create_empty_events
from pipeline.settings import resource_root
from pipeline.sigma_duckdb import column_text, log_source_of

DETECTIONS = load_detections([resource_root() / "detections"])
INPUTS = find_inputs(DETECTIONS)
RULES = [detection for detection in DETECTIONS if detection.kind == "sigma" and id(detection) not in INPUTS]
SIGNALS = "select detection, source, tenant_id, event_id, why from signals order by all"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_empty_events(connection, temp=False)
        yield connection


def add_event(
    con: duckdb.DuckDBPyConnection, event_id: str, source: str, record: dict[str, Any], **columns: Any
) -> None:
    values = {"event_id": event_id, "source": source, "tenant_id": "t", "raw": json.dumps(record)} | columns
    names = ", ".join(values)
    con.execute(f"insert into events ({names}) values ({', '.join(f'${name}' for name in values)})", values)


def rule(name: str) -> Detection:
    return next(detection for detection in RULES if detection.name == name)


def case_records(detection: Detection) -> list[dict[str, Any]]:
    cases = read_cases(case_path(resource_root() / "tests" / "detections", detection))
    return [changed(cases.base, case.change) for case in cases.cases]


def without_something(record: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The record with one random value gone, or its letters in the other case."""
    result = copy.deepcopy(record)
    holder: Any = result
    while True:
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        inner = holder[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            holder = inner
            continue
        if isinstance(inner, str) and rng.random() < 0.5:
            holder[key] = inner.swapcase()
        else:
            del holder[key]
        return result


def test_both_evaluations_agree(con: duckdb.DuckDBPyConnection) -> None:
    rng = Random(7)
    for detection in RULES:
        log_source = log_source_of(detection.product, detection.service)
        for number, base in enumerate(case_records(detection)):
            for turn in range(4):
                record = without_something(base, rng) if turn else base
                columns = {column.name: column_text(column, record) for column in log_source.columns.values()}
                if log_source.product == "aws":
                    columns["error_code"] = record.get("errorCode")
                add_event(
                    con,
                    f"{detection.name}/{number}/{turn}",
                    rng.choice(log_source.sources),
                    record,
                    **columns,
                )
    evaluate_rules(con, DETECTIONS)
    together = con.execute(SIGNALS).fetchall()
    evaluate_rules_one_by_one(con, DETECTIONS)
    assert together == con.execute(SIGNALS).fetchall()
    assert {detection.name for detection in RULES} <= {row[0] for row in together}


def test_a_rule_looks_at_its_own_source_only(con: duckdb.DuckDBPyConnection) -> None:
    detection = rule("aws_secret_read")
    record = case_records(detection)[0]
    for source in ("aws_cloudtrail", "azure_activity", "m365_audit"):
        add_event(
            con, source, source, record, action="GetSecretValue", service="secretsmanager.amazonaws.com"
        )
    evaluate_rules(con, [detection])
    assert [row[3] for row in con.execute(SIGNALS).fetchall()] == ["aws_cloudtrail"]


def test_a_signal_says_who_did_what_from_where(con: duckdb.DuckDBPyConnection) -> None:
    detection = rule("aws_secret_read")
    record, columns = (
        case_records(detection)[0],
        {"action": "GetSecretValue", "service": "secretsmanager.amazonaws.com"},
    )
    add_event(
        con,
        "e1",
        "aws_cloudtrail",
        record,
        **columns,
        principal_name="alice",
        target_id="prod/db",
        source_ip="203.0.113.57",
    )
    add_event(con, "e2", "aws_cloudtrail", record, **columns)
    evaluate_rules(con, [detection])
    assert [row[4] for row in con.execute(SIGNALS).fetchall()] == [
        "Secret read from Secrets Manager: alice on prod/db from 203.0.113.57",
        "Secret read from Secrets Manager: somebody the log does not name",
    ]


def test_signals_are_made_afresh_and_may_be_none(con: duckdb.DuckDBPyConnection) -> None:
    detection = rule("aws_secret_read")
    add_event(
        con,
        "e1",
        "aws_cloudtrail",
        case_records(detection)[0],
        action="GetSecretValue",
        service="secretsmanager.amazonaws.com",
    )
    for _ in range(2):
        evaluate_rules(con, [detection])
        assert len(con.execute(SIGNALS).fetchall()) == 1
    evaluate_rules(con, [])
    assert con.execute(SIGNALS).fetchall() == []


def test_an_unbounded_rule_sees_events_without_an_action(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    text = rule("aws_secret_read").path.read_text()
    start, end = text.index("detection:"), text.index("falsepositives:")
    path = tmp_path / "keyword.yml"
    path.write_text(text[:start] + "detection:\n    words: [prod/db]\n    condition: words\n" + text[end:])
    add_event(con, "e1", "aws_cloudtrail", {"requestParameters": {"secretId": "PROD/DB"}})
    add_event(
        con, "e2", "aws_cloudtrail", {"requestParameters": {"secretId": "other"}}, action="GetSecretValue"
    )
    evaluate_rules(con, load_detections([path]))
    assert [row[3] for row in con.execute(SIGNALS).fetchall()] == ["e1"]


def test_log_values_never_become_sql(con: duckdb.DuckDBPyConnection) -> None:
    detection = rule("aws_secret_read")
    hostile = "'); drop table events; --"
    record = case_records(detection)[0] | {"userAgent": hostile}
    add_event(
        con,
        hostile,
        "aws_cloudtrail",
        record,
        action="GetSecretValue",
        service="secretsmanager.amazonaws.com",
        principal_name=hostile,
    )
    add_event(con, "other", "aws_cloudtrail", record, action=hostile)
    evaluate_rules(con, RULES)
    assert con.execute(SIGNALS).fetchall() == [
        ("aws_secret_read", "aws_cloudtrail", "t", hostile, f"Secret read from Secrets Manager: {hostile}")
    ]


def test_detections_are_registered(con: duckdb.DuckDBPyConnection) -> None:
    register_detections(con, DETECTIONS)
    row = con.execute(
        "select title, kind, control_domain, points, level from detections where detection = 'aws_root_console_login'"
    ).fetchone()
    assert row == ("Root user signs in to the console", "sigma", "sessions", 2.5, "high")
    assert con.execute("select count(*) from detections").fetchone() == (len(DETECTIONS),)
    register_detections(con, [])
    assert con.execute("select count(*) from detections").fetchone() == (0,)


def correlation(tmp_path: Path, query: str) -> Detection:
    text = next(
        detection for detection in DETECTIONS if detection.name == "secret_read_not_rotated"
    ).path.read_text()
    path = tmp_path / "correlation.sql"
    path.write_text(text[: text.index("*/") + 2] + "\n" + query)
    return load_detections([path])[0]


def test_parameters_are_bound_and_may_be_replaced(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    query = "select 'd' as detection, 's' as source, 't' as tenant_id, 'e' as event_id, null as occurred_at, 'r' as reset_id, null as thing_id, $window as why"
    evaluate_rules(con, [])
    evaluate_correlations(con, [correlation(tmp_path, query)])
    evaluate_correlations(con, [correlation(tmp_path, query)], {"window": "24h", "of_another": 1})
    assert [row[4] for row in con.execute(SIGNALS).fetchall()] == ["24h", "72h"]


def test_a_correlation_that_does_not_run_is_a_detection_error(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(DetectionError, match=r"correlation\.sql:1: the correlation does not run"):
        evaluate_correlations(con, [correlation(tmp_path, "select $window as nothing from nowhere")])


@pytest.mark.parametrize(
    "query", ["select 1; select 2", "copy (select 1) to 'x'", "attach 'x.db'", "selct"], ids=str
)
def test_a_correlation_is_one_select(con: duckdb.DuckDBPyConnection, tmp_path: Path, query: str) -> None:
    evaluate_rules(con, [])
    with pytest.raises(DetectionError, match=r"not one SELECT|not SQL"):
        evaluate_correlations(con, [correlation(tmp_path, query)])
