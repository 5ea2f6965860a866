"""The records within a record that no source claims: shippers wrap them, APIs list them, other exports spell them anew.

A wrapper is known by its key. What is left inside is offered to the vendors' `reshape`, which bring other shapes of their
logs into the one that staging reads.
"""

import json
from collections.abc import Iterator
from typing import Any

from pipeline.envelopes.opening import PROBLEM_KEY
from pipeline.shapes import RESHAPERS

Record = dict[str, Any]

MAX_DEPTH = 6
# the original text that a shipper kept beside its own fields
ORIGINALS = (("event", "original"), ("event.original",), ("_raw",))
EMPTY_LISTS = ("Records", "records", "value", "Events", "events", "logEvents", "QueryResultRows")
LISTS = (
    "Records",
    "records",
    "value",
    "values",
    "Events",
    "events",
    "logs",
    "hits",
    "items",
    "results",
    "logEvents",
    "Messages",
)
WRAPPERS = (
    "log",
    "message",
    "@message",
    "Message",
    "Body",
    "attributes",
    "eventJson",
    "detail",
    "body",
    "data",
    "result",
    "_source",
    "record",
    "payload",
    "json",
    "raw",
    "rawEvent",
    "raw_event",
    "raw_log",
    "hits",
    "event",
    "Event",
)


def peel(record: Record) -> list[Record]:
    """The records inside: the record itself where it wraps nothing, none where it wraps an empty list. Never raises."""
    return list(_peel(record, 0))


def _peel(record: Record, depth: int) -> Iterator[Record]:
    if depth == MAX_DEPTH:
        yield record
        return
    for keys in ORIGINALS:
        inner = _objects(_at(record, keys))
        if inner:
            yield from _each(inner, depth)
            return
    for reshape in RESHAPERS:
        shaped = reshape(record)
        if shaped is not None:
            yield shaped
            return
    if (tables := _table_rows(record)) is not None or (tables := _query_rows(record)) is not None:
        yield from _each(tables, depth)
        return
    if any(record.get(key) == [] for key in EMPTY_LISTS):
        return
    for key in (*LISTS, *WRAPPERS):
        inner = _objects(record.get(key))
        if inner:
            yield from _each(inner, depth)
            return
    yield record


def _each(inner: list[Any], depth: int) -> Iterator[Record]:
    for value in inner:
        if isinstance(value, dict):
            yield from _peel(value, depth + 1)
        else:
            yield {PROBLEM_KEY: "not an object", "record": json.dumps(value, ensure_ascii=False)}


def _at(record: Record, keys: tuple[str, ...]) -> object:
    value: object = record
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _objects(value: object) -> list[Any]:
    """The value as a list that holds an object, JSON text opened; empty where it is none."""
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith(("{", "[")):
            return []
        try:
            value = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return []
    if isinstance(value, dict):
        return [value] if value else []
    if isinstance(value, list) and any(isinstance(element, dict) for element in value):
        return value
    return []


def _table_rows(record: Record) -> list[Any] | None:
    """The rows of a Log Analytics query result, `{"tables": [{"columns": [{"name"}…], "rows": [[…]…]}]}`, as objects;
    None where it is none."""
    tables = record.get("tables", record.get("Tables", [record]))
    rows: list[Any] = []
    is_result = False
    for table in tables if isinstance(tables, list) else []:
        columns = _either(table, "columns", "Columns")
        table_rows = _either(table, "rows", "Rows")
        if isinstance(columns, list) and isinstance(table_rows, list):
            is_result = True
            names = [_column_name(column) for column in columns]
            rows += [_row(names, row) for row in table_rows]
    return rows if is_result else None


def _query_rows(record: Record) -> list[Any] | None:
    """The rows of a query of CloudTrail Lake (`[[{name: value}, …], …]`), of CloudWatch Logs Insights
    (`[[{"field", "value"}, …], …]`), or of Athena, as objects; None where it is none of them."""
    rows = record.get("QueryResultRows", record.get("results"))
    if isinstance(rows, list) and rows and all(isinstance(row, list) and _are_objects(row) for row in rows):
        return [_joined(row) for row in rows]
    result = record.get("ResultSet")
    return _athena_rows(result) if isinstance(result, dict) else None


def _athena_rows(result: Record) -> list[Any] | None:
    """The first row of the first page, and of no other, repeats the names of the columns."""
    rows = result.get("Rows")
    if not isinstance(rows, list):
        return None
    values = []
    for row in rows:
        cells = row.get("Data") if isinstance(row, dict) else None
        if not isinstance(cells, list) or not _are_objects(cells):
            return None
        values.append([cell.get("VarCharValue") for cell in cells])
    columns = _either(result.get("ResultSetMetadata"), "ColumnInfo")
    names = [_column_name(column) for column in columns] if isinstance(columns, list) else None
    if names is None:
        names = [str(name) for name in values[0]] if values else []
        return [_row(names, row) for row in values[1:]]
    return [_row(names, row) for row in (values[1:] if values[:1] == [names] else values)]


def _are_objects(values: list[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def _joined(row: list[Any]) -> Record:
    joined: Record = {}
    for cell in row:
        for name, value in (
            {str(cell["field"]): cell.get("value")}.items() if "field" in cell else cell.items()
        ):
            while name in joined:
                name += "_"
            joined[name] = value
    return joined


def _either(table: object, *keys: str) -> object:
    return next((table[key] for key in keys if key in table), None) if isinstance(table, dict) else None


def _row(names: list[str], row: object) -> Record:
    if isinstance(row, list) and len(row) <= len(names):
        return {name: value for name, value in zip(names, row, strict=False) if value is not None}
    return {PROBLEM_KEY: "a row that does not fit its columns", "record": json.dumps(row, ensure_ascii=False)}


def _column_name(column: object) -> str:
    if isinstance(column, dict):
        column = column.get("name", column.get("ColumnName", column.get("Name")))
    return str(column)
