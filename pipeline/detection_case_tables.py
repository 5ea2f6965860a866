"""The tables that cases fill: empty ones with the columns and types of the models, and rows that must fit them."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.errors import DetectionError

TABLES_FILE = Path(__file__).with_name("detection_case_tables.sql")


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(TABLES_FILE.read_text(encoding="utf-8"))
    return con


@contextmanager
def case_tables() -> Generator[duckdb.DuckDBPyConnection]:
    """Empty tables; what is done to them is undone at the end, because to make them anew takes longer than most cases."""
    con = _connection()
    con.begin()
    try:
        yield con
    finally:
        con.rollback()


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    batch = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])
    try:
        con.register("case_rows", batch)
        con.execute(f'insert into "{table}" by name select * from case_rows')
    except duckdb.Error as error:
        raise DetectionError(
            f"the rows given for {table} do not fit it ({error})", hint="name its columns"
        ) from error


def read_signals(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The signals in the order of time."""
    cursor = con.execute("select * from signals order by reset_id, occurred_at, event_id, detection")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
