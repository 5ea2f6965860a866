"""Runs one staging model over records given in a test, without a lake."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.connection import connect
from pipeline.settings import resource_root, sql_text

Record = dict[str, Any]


def stage(
    records: Sequence[Record | str], source: str, reshape: Callable[[Record], Record | None] | None = None
) -> list[Record]:
    """The rows of `stg_<source>` for these records, in their order; each record goes through `reshape` first."""
    con = _connection()
    texts = []
    for record in records:
        shaped = record if isinstance(record, str) or reshape is None else reshape(record) or record
        texts.append(shaped if isinstance(shaped, str) else json.dumps(shaped))
    rows = pa.table({"source_row": range(1, len(texts) + 1), "record": pa.array(texts, pa.string())})
    con.register("given", rows)
    con.execute("delete from landed")
    con.execute(
        "insert into landed select 'test.json', source_row, record, $source, null, null from given",
        {"source": source},
    )
    con.unregister("given")
    _prepare(source)
    cursor = con.execute(f"execute staged_{source}")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """One for all tests: making the views and planning a model takes longer than most tests' records."""
    con = connect()
    con.execute(sql_text("ingest/macros"))
    con.execute(
        """create temp table landed (
            source_file varchar, source_row bigint, record varchar, source varchar, problem varchar, delivered_at timestamp
        )"""
    )
    for path in sorted((resource_root() / "sql" / "staging").glob("stg_*_fields.sql")):
        con.execute(f"create temp view {path.stem} as {path.read_text()}")
    return con


@cache
def _prepare(source: str) -> None:
    _connection().execute(
        f"prepare staged_{source} as from ({sql_text(f'staging/stg_{source}')}) order by source_row"
    )
