"""Read-only SQL over a lake: `events`, `quarantine`, and each model whose name the statement mentions."""

import re
from typing import Any

import duckdb

from pipeline.errors import InputError, SettingsError
from pipeline.hunt import (
    FAR_AHEAD,
    LONG_AGO,
    Request,
    connect,
    load_rule_set,
    match_detections,
    read_score_parameters,
)
from pipeline.lake import Lake
from pipeline.models import build_models, models_before, read_models, upstream
from pipeline.settings import quoted

MAX_ROWS = 1_000_000
DEFAULTS = Request()


def run_query(lake: Lake, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows. The connection cannot write: it holds temp tables only and no file access is left once the
    lake's tables are there. Raises SettingsError for SQL that does not run."""
    con = connect(lake)
    try:
        lake.create_events_view(con)
        create_quarantine_view(con, lake)
        _build_mentioned(con, sql)
        _lock_down(con, lake)
        try:
            statements = con.extract_statements(sql)
        except duckdb.Error as error:
            raise SettingsError(str(error).split("\n\n")[0], "query", "mend the SQL") from error
        if len(statements) != 1:
            raise SettingsError(f"{len(statements)} statements, one is asked for", "query")
        if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
            raise SettingsError(f"{statements[0].type.name.lower()} is not a read", "query", "write a select")
        try:
            cursor = con.execute(statements[0])
            rows = cursor.fetchmany(MAX_ROWS + 1)
        except duckdb.Error as error:
            raise SettingsError(
                str(error).split("\n\n")[0], "query", "`describe events` shows the columns"
            ) from error
        if len(rows) > MAX_ROWS:
            raise InputError(f"more than {MAX_ROWS} rows", "query", "aggregate, or add a limit")
        return [column[0] for column in cursor.description], rows
    finally:
        con.close()


def create_quarantine_view(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    files = sorted(str(path) for path in (lake.folder / "quarantine").glob("*.parquet"))
    if files:
        con.read_parquet(files, union_by_name=True).create_view("quarantine", replace=True)
    else:
        con.execute(
            """create or replace temp table quarantine (
                source_file varchar, source_row bigint, source varchar, reason varchar, record varchar, byte_count bigint,
                content_hash varchar, quarantined_at timestamp, batch_id varchar
            )"""
        )


def _build_mentioned(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Every model that the statement names, and what it needs, over the whole lake and with the default window."""
    texts = read_models()
    words = set(re.findall(r"\w+", sql.lower()))
    wanted = words & texts.keys()
    for name in reversed(list(texts)):
        if name in wanted:
            wanted.update(upstream(name, texts[name], texts))
    plain = set(models_before("signals"))
    needs_signals = not wanted <= plain or bool(words & {"signals", "detections"})
    parameters = read_score_parameters(con) | {
        "since": LONG_AGO,
        "until": FAR_AHEAD,
        "window": DEFAULTS.window,
        "look_back": DEFAULTS.look_back,
    }
    build_models(con, parameters, plain if needs_signals else wanted)
    if needs_signals:
        match_detections(con, load_rule_set(), DEFAULTS.window)
        build_models(con, parameters, wanted - plain)


def _lock_down(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """From here on the SQL reads the lake's folder and nothing else, and cannot change that."""
    con.execute(f"set allowed_directories = [{quoted(lake.folder)}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
