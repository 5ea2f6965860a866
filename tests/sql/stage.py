"""Runs one staging model over records given in a test, without a lake."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import duckdb

from pipeline.settings import resource_root, sql_text

Record = dict[str, Any]


def stage(
    records: Sequence[Record | str], source: str, reshape: Callable[[Record], Record | None] | None = None
) -> list[Record]:
    """The rows of `stg_<source>` for these records, in their order; each record goes through `reshape` first."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    con.execute(sql_text("ingest/macros"))
    con.execute(
        "create temp table landed (source_file varchar, source_row bigint, record varchar, source varchar, problem varchar, delivered_at timestamp)"
    )
    for number, record in enumerate(records, start=1):
        shaped = record if isinstance(record, str) or reshape is None else reshape(record) or record
        text = shaped if isinstance(shaped, str) else json.dumps(shaped)
        con.execute("insert into landed values ('test.json', ?, ?, ?, null, null)", [number, text, source])
    for path in sorted((resource_root() / "sql" / "staging").glob("stg_*_fields.sql")):
        con.execute(f"create temp view {path.stem} as {path.read_text()}")
    cursor = con.execute(f"from ({sql_text(f'staging/stg_{source}')}) order by source_row")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
