"""Lakes whose events are written by hand, so that they may hold what no ingest would let through."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.lake import Lake
from pipeline.schema import create_empty_events
from pipeline.settings import quoted, sql_text

Row = dict[str, Any]


def plant(folder: Path, rows: Sequence[Row], batch_id: str = "by-hand") -> Lake:
    """A lake with these events; a row names the columns that matter. The lake may be there already."""
    lake = Lake.open(folder, create=True)
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.execute(sql_text("ingest/macros"))
        create_empty_events(con, "planted")
        names = sorted({name for row in rows for name in row})
        given = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])
        con.register("given", given)
        con.execute("insert into planted by name from given")
        con.execute(
            """update planted set batch_id = $batch_id,
            event_key = event_key_of(source, event_id, occurred_at, discriminator_of(source, tenant_id, token_id))""",
            {"batch_id": batch_id},
        )
        parts = con.execute("select distinct source, occurred_at::date from planted order by all").fetchall()
        files = []
        for source, day in parts:
            path = (
                lake.data_folder / f"occurred_day={day}" / f"source={source}" / f"events-{batch_id}.parquet"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            con.execute(
                f"""copy (from planted where source = $source and occurred_at::date = $day order by occurred_at, event_id)
                to {quoted(path)} (format parquet)""",
                {"source": source, "day": day},
            )
            files.append(path)
    assert lake.append(files, batch_id)
    return lake


def events(count: int, source: str, at: datetime, **more: Any) -> list[Row]:
    """So many events of one second, each with an id of its own and nothing wrong with it."""
    return [
        {
            "source": source,
            "event_id": f"{source}-{at:%d%H%M%S}-{number}",
            "tenant_id": "aaaaaaaa-0000-4000-8000-000000000001",
            "occurred_at": at,
            "ingested_at": at,
            "outcome": "success",
            "principal_id": "p",
            "source_file": "logs.json",
            "source_row": number,
        }
        | more
        for number in range(count)
    ]
