"""Reads the real logs record by record, without the readers under test, and stages one of them."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.shapes.microsoft import reshape
from tests.sql.stage import stage

Record = dict[str, Any]


def read_records(path: Path) -> list[Record]:
    """All records of a CSV, or of JSON one after the other with or without an envelope. What is broken is skipped to the end of its line."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines(keepends=True)))
    return list(_records_in(text))


def _records_in(text: str) -> Iterator[Record]:
    position, decoder = 0, json.JSONDecoder()
    while position < len(text):
        if text[position] in " \t\r\n,":
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            line_end = text.find("\n", position)
            position = len(text) if line_end < 0 else line_end
            continue
        yield from _unwrapped(value)


def _unwrapped(value: Any) -> Iterator[Record]:
    if isinstance(value, list):
        for element in value:
            yield from _unwrapped(element)
    elif not isinstance(value, dict):
        return
    elif isinstance(value.get("records"), list):
        yield from value["records"]
    else:
        # labelled rule tests and one vendor's envelope
        yield next((value[key] for key in ("log", "data") if isinstance(value.get(key), dict)), value)


ALWAYS = ("raw", "source_file", "source_row")


def staged_columns(path: Path, index: int, source: str) -> Record:
    """What one record of a file gives in the columns of `events`: those that hold something, times as text."""
    row = stage([read_records(path)[index]], source, reshape)[0]
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None and name not in ALWAYS
    }


def assert_columns(found: Record, expected: Record) -> None:
    """All columns as expected, no other; an event id that ends with a hash is expected up to it (`…:` or `…/`)."""
    prefix = expected["event_id"]
    if prefix.endswith((":", "/")):
        assert found["event_id"].startswith(prefix)
        found = found | {"event_id": prefix}
    assert found == expected
