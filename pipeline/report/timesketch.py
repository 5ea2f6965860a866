"""The timeline as a CSV that Timesketch imports: `message`, `datetime`, `timestamp` (µs), `timestamp_desc`, then our
columns and a `tag` list (https://timesketch.org/guides/user/import-from-json-csv/). Every cell is inert in a spreadsheet.
"""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from pipeline.report.result import TIMELINE_SCHEMA
from pipeline.report.text import csv_cell, json_text

REQUIRED = ("message", "datetime", "timestamp", "timestamp_desc")
OURS = tuple(name for name in TIMELINE_SCHEMA.names if name not in ("occurred_at", "signals"))
COLUMNS = (*REQUIRED, *OURS, "tag")
TAG_LENGTH = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def write_csv(rows: Iterable[dict[str, Any]], stream: TextIO) -> None:
    """Rows are those of timeline.jsonl; the stream must be opened with newline=''."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows)


def _cells(row: dict[str, Any]) -> list[str]:
    at = row["occurred_at"].replace(tzinfo=UTC)
    labels = (f"{name}:{row[name]}" for name in ("control_domain", "seed") if row[name])
    tags = [csv_cell(tag)[:TAG_LENGTH] for tag in (*(row["signals"] or ()), *labels)]
    ours = (str(value) if isinstance(value := row[name], (int, float)) else csv_cell(value) for name in OURS)
    return [
        csv_cell(_message(row)),
        at.isoformat(timespec="microseconds"),
        str((at - EPOCH) // MICROSECOND),  # integers: a float loses the last microseconds
        "Event occurred",
        *ours,
        json_text(tags),
    ]


def _message(row: dict[str, Any]) -> str:
    who = row["principal_name"] or row["principal_id"] or "somebody"
    act = f"{who}: {row['action'] or 'event'}" + (f" on {row['target_id']}" if row["target_id"] else "")
    return f"{act} ({row['outcome']})" + (f". {row['why']}" if row["why"] else "") if row["outcome"] else act
