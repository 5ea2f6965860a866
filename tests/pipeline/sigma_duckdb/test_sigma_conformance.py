"""The single-event cases of a conformance suite that lies beside the checkout. Skips, with the reason, where it is absent."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import LogSource, convert

SUITE = Path(__file__).parents[4] / "shared" / "sigma" / "conformance.yaml"


def read_suite() -> list[Any]:
    if not SUITE.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no conformance suite at {SUITE}"))]
    cases = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=case["id"]) for case in cases if case["group"] != "corr"]


def rule_of(case: dict[str, Any]) -> str:
    if "rule" in case:
        return case["rule"]
    make = case["generate"]
    values = [f"{make['prefix']}{number}" for number in range(make["count"])]
    return yaml.safe_dump(
        {
            "title": "t",
            "logsource": {"product": "test"},
            "detection": {"sel": {make["field"]: values}, "condition": "sel"},
        }
    )


@pytest.mark.parametrize("case", read_suite())
def test_conformance(case: dict[str, Any]) -> None:
    if "expect_error" in case:
        with pytest.raises(DetectionError):
            convert(rule_of(case), case["id"], LogSource())
        return
    predicate = convert(rule_of(case), case["id"], LogSource()).predicate
    with duckdb.connect() as con:
        con.execute("create table events (number integer, action varchar, raw varchar)")
        rows = [
            (event["_id"], json.dumps({key: value for key, value in event.items() if key != "_id"}))
            for event in case["events"]
        ]
        con.executemany("insert into events values (?, null, ?)", rows)
        found = [
            row[0]
            for row in con.execute(f"select number from events where {predicate} order by number").fetchall()
        ]
    assert found == case["expect"], case["trap"]
