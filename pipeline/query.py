"""Read-only SQL over a lake: `events`, `quarantine`, and each model whose name the statement mentions."""

import re
from typing import TYPE_CHECKING, Any

import duckdb

from pipeline.connection import connect
from pipeline.errors import InputError, SettingsError
from pipeline.models import build_models, load_seeds, models_before, read_models, seed_names, upstream
from pipeline.planned import PlannedLake, lock_down

if TYPE_CHECKING:
    from pipeline.lake import Lake

MAX_ROWS = 1_000_000


def run_query(lake: "Lake | PlannedLake", sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows. The connection cannot write: it holds temp tables only and no file access is left once the
    lake's tables are there. Raises SettingsError for SQL that does not run."""
    con = connect(lake.folder / "tmp")
    try:
        lake.create_events_view(con)
        create_quarantine_view(con, lake)
        _build_mentioned(con, sql)
        lock_down(con, lake.folder)
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


def create_quarantine_view(con: duckdb.DuckDBPyConnection, lake: "Lake | PlannedLake") -> None:
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
    """The seeds and every model that the statement names, and what it needs, over the whole lake and with the default
    window. What hunts need is imported for models only: lookups of events are to be quick."""
    texts = read_models()
    words = set(re.findall(r"\w+", sql.lower()))
    wanted = words & texts.keys()
    if wanted or words & {*seed_names(), "signals", "detections"}:
        load_seeds(con)
    if wanted or words & {"signals", "detections"}:
        _build(con, words, wanted)


def _build(con: duckdb.DuckDBPyConnection, words: set[str], wanted: set[str]) -> None:
    from pipeline.hunt import FAR_AHEAD, LONG_AGO, Request, match_detections, read_score_parameters
    from pipeline.rule_sets import load_rules
    from pipeline.signal_history import create_history_tables
    from pipeline.watermarks import create_watermarks

    create_history_tables(con)
    create_watermarks(con)
    texts, defaults = read_models(), Request()
    for name in reversed(list(texts)):
        if name in wanted:
            wanted.update(upstream(name, texts[name], texts))
    plain = set(models_before("signals"))
    needs_signals = not wanted <= plain or bool(words & {"signals", "detections"})
    parameters = read_score_parameters(con) | {
        "since": LONG_AGO,
        "until": FAR_AHEAD,
        "window": defaults.window,
        "look_back": defaults.look_back,
    }
    build_models(con, parameters, plain if needs_signals else wanted)
    if needs_signals:
        match_detections(con, load_rules(), defaults.window)
        build_models(con, parameters, wanted - plain)
