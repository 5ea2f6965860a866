"""Cases of the conformance kind (rule, events, expectation) run through a real lake: ingested as JSON, then asked by SQL.

An event is put into a CloudTrail record, because that is what ingest takes: its keys stand at the top, beside those that
a record must have, and its `timestamp` is the record's time.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.sigma_duckdb import (
    Converted,
    ConvertedCorrelation,
    ConvertedRule,
    LogSource,
    convert,
    convert_correlation_text,
    correlation_sql,
)

ANY_FIELD = LogSource(sources=("aws_cloudtrail",))
NOW = datetime(2026, 3, 10)
SOME_TIME = "2026-01-01T00:00:00Z"
Case = dict[str, Any]


def read_suite(path: Path) -> list[Case]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["cases"]


def record(case_number: int, event: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in event.items() if key != "_id"}
    return {
        "eventVersion": "1.11",
        "eventID": event_id(case_number, event["_id"]),
        "eventTime": event.get("timestamp", SOME_TIME),
        "eventSource": "signin.amazonaws.com",
        "eventName": "Q",
    } | own


def event_id(case_number: int, number: int) -> str:
    return f"{case_number:03}-{number:03}"


def fill_lake(folder: Path, cases: Sequence[Case]) -> Lake:
    logs = folder / "logs.json"
    records = [record(number, event) for number, case in enumerate(cases) for event in case["events"]]
    logs.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    ingest(folder / "lake", [logs], NOW)
    return Lake.open(folder / "lake")


def rule_text(case: Case) -> str:
    if "rule" in case:
        return case["rule"]
    make = case["generate"]
    values = [f"{make['prefix']}{number}" for number in range(make["count"])]
    detection = {"sel": {make["field"]: values}, "condition": "sel"}
    return yaml.safe_dump({"title": "t", "logsource": {"product": "test"}, "detection": detection})


def convert_case(case: Case) -> Converted:
    """The last document of the case, with those before it to refer to. Raises DetectionError."""
    found: dict[str, Converted] = {}
    last: Converted | None = None
    for document in rule_text(case).split("\n---\n"):
        keys = yaml.safe_load(document)
        is_correlation = isinstance(keys, dict) and "correlation" in keys
        if is_correlation:
            last = convert_correlation_text(document, "case.yml", found.get)
        else:
            last = convert(document, "case.yml", ANY_FIELD)
        found |= {keys[key]: last for key in ("name", "id") if key in keys}
    assert last is not None
    return last


def matched_events(con: duckdb.DuckDBPyConnection, case_number: int, rule: ConvertedRule) -> list[int]:
    rows = con.execute(f"select event_id from {relation(case_number, rule)} order by event_id").fetchall()
    return [int(row[0].partition("-")[2]) for row in rows]


def found_groups(
    con: duckdb.DuckDBPyConnection, case_number: int, correlation: ConvertedCorrelation
) -> set[tuple[str, ...]]:
    sql = correlation_sql(correlation, lambda rule: relation(case_number, rule))
    return {tuple(row[0]) for row in con.execute(f"select distinct keys from ({sql})").fetchall()}


def relation(case_number: int, rule: ConvertedRule) -> str:
    return (
        f"(select * from events where starts_with(event_id, '{case_number:03}-') and source = 'aws_cloudtrail' "
        f"and {rule.action_bound} and {rule.predicate})"
    )
