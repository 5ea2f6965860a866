"""Until when each source is complete: the table `watermarks`, which signals about what did not happen wait for.

A source that `load` brings has the watermark of its landing ledger, the least of those that feed it. A lake that is filled by
hand knows no more than its own logs: then the newest event of the source serves, by the time it was delivered where that is told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb

from loaders.landing import Landing
from pipeline.lake import DataFile, Lake

NEWEST_DAYS = 3  # of a source; events that say they are from the future may fill a day of their own
NEWEST = """
select max(greatest(occurred_at, coalesce(received_at, occurred_at))) as newest_at,
    list(distinct split_part(substr(source_file, length($landing) + 1), '/', 1)) filter (starts_with(source_file, $landing)) as names
from read_parquet($paths)
where occurred_at <= ingested_at + interval 1 hour
"""


def create_watermarks(con: duckdb.DuckDBPyConnection, marks: Mapping[str, datetime] | None = None) -> None:
    """Temp table `watermarks`."""
    con.execute("create or replace temp table watermarks (source varchar, complete_until timestamp)")
    for source, complete_until in sorted((marks or {}).items()):
        con.execute("insert into watermarks values (?, ?)", (source, complete_until))


def read_watermarks(
    con: duckdb.DuckDBPyConnection, lake: Lake, files: Sequence[DataFile]
) -> dict[str, datetime]:
    """Source → until when it is complete. Reads the newest days of each source alone."""
    landing = f"{lake.folder / 'landing'}/"
    landed = _landed(lake.folder)
    marks: dict[str, datetime] = {}
    in_order = sorted(files, key=lambda file: (file.source, file.day, file.path))
    for source, group in groupby(in_order, key=lambda file: file.source):
        of_source = list(group)
        days = sorted({file.day for file in of_source})[-NEWEST_DAYS:]
        paths = [file.path for file in of_source if file.day in days]
        newest_at, names = con.execute(NEWEST, {"paths": paths, "landing": landing}).fetchall()[0]
        known = [landed[name] for name in names or () if name in landed]
        if known:
            marks[source] = min(known)
        elif newest_at is not None:
            marks[source] = newest_at
    return marks


def _landed(lake_folder: Path) -> dict[str, datetime]:
    """Name of a configured source → until when it is complete, as far as the landing ledger says."""
    landing = Landing.look(lake_folder)
    if landing is None:
        return {}
    with landing:
        # what is landed and not taken in is not in the lake yet, whatever the mark says
        names = {mark.source for mark in landing.watermarks() if not landing.counts(mark.source).landed}
        return {name: until for name in names if (until := landing.complete_until(name)) is not None}
