"""A lake of millions of made-up events over 30 days, written by DuckDB straight into the lake's layout.

It does not go through ingest: the files are what ingest writes (a day and source each, ordered by time, FILE_ROWS rows) and
are registered with Lake.append, a commit a day. `python -m tests.bench.biglake FOLDER EVENTS` makes one.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipeline.lake import Lake
from pipeline.schema import COLUMNS, FILE_ROWS, parquet_options
from pipeline.settings import quoted

FIRST_DAY = datetime(2026, 2, 23)
DAYS = 30
DAY_MICROSECONDS = 86_400_000_000
# source → provider, share of all events in thousandths
SOURCES = {
    "aws_cloudtrail": ("aws", 400),
    "entra_signin_noninteractive": ("azure", 150),
    "azure_storage": ("azure", 120),
    "graph_activity": ("azure", 80),
    "m365_audit": ("m365", 80),
    "entra_signin_service_principal": ("azure", 50),
    "entra_signin": ("azure", 40),
    "azure_activity": ("azure", 20),
    "azure_key_vault": ("azure", 20),
    "okta_system": ("okta", 20),
    "entra_audit": ("azure", 10),
    "entra_signin_managed_identity": ("azure", 9),
    "entra_risk": ("azure", 1),
}
PRINCIPALS = 5_000
EVENTS_SQL = (Path(__file__).parent / "events.sql").read_text()


@dataclass(frozen=True, slots=True)
class Slice:
    """Events number `first` to `last` of one source and day that has `count` of them: one file."""

    source: str
    day: datetime
    count: int
    first: int
    last: int

    @property
    def parameters(self) -> dict[str, object]:
        return {
            "source": self.source,
            "provider": SOURCES[self.source][0],
            "day": self.day.date(),
            "first_at": self.day,
            "first": self.first,
            "last": self.last,
            "microseconds_apart": DAY_MICROSECONDS / self.count,
            "principals": PRINCIPALS,
            "has_token": self.source.startswith(("entra_signin", "graph")),
            "batch_id": batch_id(self.day),
        }


def batch_id(day: datetime) -> str:
    return f"made-up-{day:%Y%m%d}"


def slices(event_count: int, day: datetime) -> Iterator[Slice]:
    for source, (_, share) in SOURCES.items():
        count = max(event_count * share // 1000 // DAYS, 1)
        for first in range(0, count, FILE_ROWS):
            yield Slice(source, day, count, first, min(first + FILE_ROWS, count))


def build(folder: Path, event_count: int) -> None:
    """Makes the lake, day by day; `event_count` is met within rounding."""
    lake = Lake.open(folder, create=True)
    con = duckdb.connect(config={"memory_limit": "2GB"})
    con.execute("set timezone = 'UTC'")

    def write(piece: Slice) -> Path:
        target = lake.data_folder / f"occurred_day={piece.day:%Y-%m-%d}" / f"source={piece.source}"
        target.mkdir(parents=True, exist_ok=True)
        path = target / f"events-{batch_id(piece.day)}-{piece.first:09d}.parquet"
        columns = ", ".join(name for name, _ in COLUMNS)
        con.cursor().execute(
            f"copy (select {columns} from ({EVENTS_SQL})) to {quoted(path)} ({parquet_options(piece.last - piece.first)})",
            piece.parameters,
        )
        return path

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number in range(DAYS):
            day = FIRST_DAY + timedelta(days=number)
            files = list(pool.map(write, slices(event_count, day)))
            lake.append(files, batch_id(day))


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]))
