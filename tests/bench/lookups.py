"""Lookups in a lake by one process that goes on running: `python -m tests.bench.lookups LAKE` prints them as JSON.

What is looked for is taken from one hour of the lake's CloudTrail. A rare address stands in one file, a busy one in all.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import duckdb

from pipeline.lake import Lake
from pipeline.query import run_query

ROUNDS = 4
COLUMNS = {
    "credential": "credential_id",
    "session": "session_id",
    "rare address": "source_ip",
    "busy address": "source_ip",
    "event id": "event_id",
}


def main(folder: Path) -> None:
    lake = Lake.open(folder)
    with duckdb.connect() as con:
        lake.create_events_view(con, sources=["aws_cloudtrail"])
        con.execute(
            """create table minutes as from events
            where occurred_at between (select min(occurred_at) + interval 10 day from events)
                and (select min(occurred_at) + interval '10 days 2 hours' from events) and credential_id is not null"""
        )
        values = con.execute(
            """select credential_id, session_id, (select min(source_ip) from minutes where source_ip like '2001:%'), source_ip, event_id
            from minutes where source_ip like '198.%' order by occurred_at, event_id limit 1"""
        ).fetchall()[0]
    found = {}
    for (name, column), value in zip(COLUMNS.items(), values, strict=True):
        sql = f"select occurred_at, source, action, principal_name, target_id from events where {column} = '{value}' order by 1"
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            rows = run_query(lake, sql)[1]
            times.append(time.perf_counter() - started)
        found[name] = {"sql": sql, "seconds": statistics.median(times), "rows": len(rows)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
