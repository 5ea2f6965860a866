"""The tables that correlation cases fill have columns and types of the real models, which may have more."""

from datetime import datetime, timedelta

import duckdb
import pytest

from pipeline.detection_cases import TABLES_FILE
from pipeline.models import build_models, load_seeds, models_before, read_models
from pipeline.schema import create_empty_events

CASE_TABLES = (
    "int_networks", "int_identities", "int_event_holders", "int_sessions", "int_trust_edges", "int_resets", "int_person_networks", "int_baselines",
    "int_principal_networks", "int_vouched_networks", "reach", "first_seen", "int_log_coverage", "int_bucket_days", "int_reset_series",
    "int_named_tenants",
)  # fmt: skip


def columns_of(con: duckdb.DuckDBPyConnection, table: str) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in con.execute(f"describe {table}").fetchall()}


@pytest.fixture(scope="module")
def built() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    load_seeds(con)
    create_empty_events(con)
    values = dict(con.execute("select name, value from score_parameters").fetchall())
    times = {
        "since": datetime(2026, 1, 1),
        "until": datetime(2026, 2, 1),
        "window": timedelta(hours=72),
        "look_back": timedelta(days=30),
    }
    build_models(con, {**values, **times, "max_depth": int(values["max_depth"])}, models_before("signals"))
    return con


@pytest.mark.parametrize("table", CASE_TABLES)
def test_case_tables_are_those_of_the_models(built: duckdb.DuckDBPyConnection, table: str) -> None:
    assert table in read_models()
    with duckdb.connect() as con:
        con.execute(TABLES_FILE.read_text())
        assert columns_of(con, table) <= columns_of(built, table)
