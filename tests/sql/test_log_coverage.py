"""int_log_coverage: which hours have logs, by source, tenant and region."""

from datetime import datetime
from typing import Any

import duckdb

from pipeline.models import build_models
from pipeline.schema import create_empty_events
from tests.sql.conftest import at, give


def coverage(con: duckdb.DuckDBPyConnection, events: list[dict[str, Any]], columns: str) -> list[tuple]:
    create_empty_events(con)
    give(con, "events", [{"source": "aws_cloudtrail", "tenant_id": "111122223333"} | row for row in events])
    build_models(con, {"since": at("1"), "until": at("9")}, ["int_hourly_counts", "int_log_coverage"])
    return con.execute(f"select {columns} from int_log_coverage order by all").fetchall()


def test_events_are_counted_by_hour_and_those_of_objects_apart(con: duckdb.DuckDBPyConnection) -> None:
    rows = coverage(
        con,
        [
            {"occurred_at": at("2 09:00"), "region": "us-east-1"},
            {"occurred_at": at("2 09:59"), "region": "us-east-1", "target_kind": "object"},
            {"occurred_at": at("2 10:00"), "region": "us-east-1"},
        ],
        "hour, event_count, object_event_count",
    )
    assert rows == [(at("2 09:00"), 2, 1), (at("2 10:00"), 1, 0)]


def test_a_gap_is_one_of_its_region_whatever_the_others_do(con: duckdb.DuckDBPyConnection) -> None:
    rows = coverage(
        con,
        [
            {"occurred_at": at("2 09:30"), "region": "us-east-1"},
            {"occurred_at": at("2 12:10"), "region": "eu-west-1"},
            {"occurred_at": at("2 14:45"), "region": "us-east-1"},
            {"occurred_at": at("2 15:00"), "region": "us-east-1", "tenant_id": "444455556666"},
        ],
        "tenant_id, region, hour, hours_since_last",
    )
    assert rows == [
        ("111122223333", "eu-west-1", at("2 12:00"), None),
        ("111122223333", "us-east-1", at("2 09:00"), None),
        ("111122223333", "us-east-1", at("2 14:00"), 5),
        ("444455556666", "us-east-1", at("2 15:00"), None),
    ]


def test_logs_without_a_tenant_or_a_region_have_hours_of_their_own(con: duckdb.DuckDBPyConnection) -> None:
    rows = coverage(
        con,
        [
            {"occurred_at": at("2 09:30"), "source": "okta_system", "tenant_id": None},
            {"occurred_at": at("2 13:30"), "source": "okta_system", "tenant_id": None},
        ],
        "tenant_id, region, hours_since_last",
    )
    assert rows == [(None, None, 4), (None, None, None)]


def test_the_span_is_half_open(con: duckdb.DuckDBPyConnection) -> None:
    times = [datetime(2026, 2, 28, 23, 59, 59), at("1"), at("8 23:59"), at("9")]
    rows = coverage(con, [{"occurred_at": time} for time in times], "hour")
    assert rows == [(at("1"),), (at("8 23:00"),)]
