"""The records of gathered events, which the index does not keep, from the lake.

An event may lie in any file of its day, and to read the records of a file takes longer than all else in it. So the keys of the
files are read first, and of a file that holds none of the events nothing more.
"""

from datetime import datetime

import duckdb

from pipeline.lake import Lake
from pipeline.models import Parameter, build_model
from pipeline.schema import create_empty_events
from pipeline.settings import sql_text


def create_missing_records(
    con: duckdb.DuckDBPyConnection, lake: Lake, since: datetime, until: datetime, snapshot_id: int
) -> None:
    """Table `missing_records` for the events of `gathered` in [since, until) that have none."""
    parameters: dict[str, Parameter] = {"raw_from": since, "until": until}
    files = lake.plan_files(since, until, None, snapshot_id)
    if files:
        con.read_parquet(files, hive_partitioning=False, filename=True).create_view(
            "window_files", replace=True
        )
        build_model(con, "wanted_files", sql_text("working_set/files_of_missing_records"), parameters)
        files = [file for (file,) in con.execute("select file from wanted_files order by file").fetchall()]
    if files:
        con.read_parquet(files, hive_partitioning=False).create_view("window_events", replace=True)
    else:
        create_empty_events(con, "window_events")
    build_model(con, "missing_records", sql_text("working_set/missing_records"), parameters)
