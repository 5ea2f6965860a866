"""CloudTrail's addenda: a corrected record supersedes the one that it names, whichever of the two comes first.

The ids that were superseded are kept in the ledger. What a batch brings of them is dropped as a duplicate; what the lake
holds of them leaves it in the same commit that brings the correction, by writing the few files anew that hold it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from pipeline.ledger import Ledger
from pipeline.schema import COLUMNS, FILE_ROWS, parquet_options
from pipeline.settings import quoted, sql_text

if TYPE_CHECKING:
    from pipeline.lake import Lake


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Files of the lake and those that take their place without the superseded events."""

    old: list[str] = field(default_factory=list)
    new: list[Path] = field(default_factory=list)


def note_supersessions(con: duckdb.DuckDBPyConnection, ledger: Ledger, batch_id: str) -> None:
    """Table `superseded`: what the batch's addenda correct, noted in the ledger, and what earlier ones did."""
    found = con.execute(sql_text("ingest/supersessions")).fetchall()
    ledger.supersede(batch_id, found)
    known = ledger.superseded(batch_id)
    rows = pa.table(  # noqa: F841  (DuckDB finds it by its name)
        {
            "tenant_id": pa.array([row[0] for row in known], pa.string()),
            "event_id": pa.array([row[1] for row in known], pa.string()),
        }
    )
    con.execute("create table superseded as select * from rows")
    con.execute("create table newly_superseded (event_id varchar)")
    con.executemany("insert into newly_superseded values (?)", [(row[1],) for row in found] or [(None,)])


def write_without_superseded(con: duckdb.DuckDBPyConnection, lake: "Lake", batch_id: str) -> Rewritten:
    """Writes those files of the lake anew that hold an event which this batch's addenda correct."""
    rewritten = Rewritten()
    if con.execute("select count(event_id) from newly_superseded").fetchall() == [(0,)]:
        return rewritten
    files = lake.plan_files(sources=["aws_cloudtrail"])
    if not files:
        return rewritten
    columns = ", ".join(name for name, _ in COLUMNS)
    held = con.execute(
        """select distinct filename
        from read_parquet($files, filename = true, hive_partitioning = false) as events
        where events.event_id in (select event_id from newly_superseded)
            and exists (
                from superseded
                where superseded.event_id = events.event_id and superseded.tenant_id = coalesce(events.tenant_id, '')
            )
        order by all""",
        {"files": files},
    ).fetchall()
    for number, (old,) in enumerate(held):
        target = Path(old).parent / f"events-{batch_id}-without-{number:04}.parquet"
        con.execute(
            f"""copy (
                select {columns}
                from read_parquet({quoted(Path(old))}, hive_partitioning = false) as events
                anti join superseded
                    on superseded.event_id = events.event_id and superseded.tenant_id = coalesce(events.tenant_id, '')
                order by occurred_at
            ) to {quoted(target)} ({parquet_options(FILE_ROWS)})"""
        )
        rewritten.old.append(old)
        if con.execute("select count(*) from read_parquet($file)", {"file": str(target)}).fetchall() == [
            (0,)
        ]:
            target.unlink()
        else:
            rewritten.new.append(target)
    return rewritten
