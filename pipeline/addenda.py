"""CloudTrail's addenda: a corrected record supersedes the one that it names, whichever of the two comes first.

Under another id, the id that was superseded is kept in the ledger, and what a batch brings of it is dropped as a duplicate.
Under the same id, the record with the addendum is the first of its event. What the lake holds of either leaves it in the same
commit that brings the correction, by writing the few files anew that hold it.
"""

from dataclasses import dataclass, field
from datetime import timedelta
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
    """Tables `addenda`, of the batch, and `superseded`: what they correct under other ids, noted in the ledger, and what
    earlier ones did."""
    con.execute(f"create table addenda as {sql_text('ingest/addenda')}")
    found = con.execute(
        "select distinct tenant_id, corrected_event_id from addenda where corrected_event_id is not null order by all"
    ).fetchall()
    ledger.supersede(batch_id, found)
    known = ledger.superseded(batch_id)
    rows = pa.table(  # noqa: F841  (DuckDB finds it by its name)
        {
            "tenant_id": pa.array([row[0] for row in known], pa.string()),
            "event_id": pa.array([row[1] for row in known], pa.string()),
        }
    )
    con.execute("create table superseded as select * from rows")


def find_uncorrected(con: duckdb.DuckDBPyConnection, lake: "Lake") -> None:
    """Table `uncorrected`: what the lake holds without an addendum and the batch brings with one, under the same id."""
    con.execute("create or replace table uncorrected (event_key bigint, filename varchar)")
    first_at, last_at = con.execute("select min(occurred_at), max(occurred_at) from addenda").fetchall()[0]
    if first_at is None:
        return
    files = lake.plan_files(first_at, last_at + timedelta(microseconds=1), ["aws_cloudtrail"])
    if files:
        con.execute(f"insert into uncorrected by name {sql_text('ingest/uncorrected')}", {"files": files})


def write_without_superseded(con: duckdb.DuckDBPyConnection, lake: "Lake", batch_id: str) -> Rewritten:
    """Writes those files of the lake anew that hold an event which this batch's addenda correct."""
    rewritten = Rewritten()
    if con.execute("select count(*) from addenda").fetchall() == [(0,)]:
        return rewritten
    columns = ", ".join(name for name, _ in COLUMNS)
    for number, old in enumerate(_files_to_rewrite(con, lake)):
        target = Path(old).parent / f"events-{batch_id}-without-{number:04}.parquet"
        con.execute(
            f"""copy (
                select {columns}
                from read_parquet({quoted(Path(old))}, hive_partitioning = false) as events
                anti join superseded
                    on superseded.event_id = events.event_id and superseded.tenant_id = coalesce(events.tenant_id, '')
                anti join uncorrected using (event_key)
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


def _files_to_rewrite(con: duckdb.DuckDBPyConnection, lake: "Lake") -> list[str]:
    held = {row[0] for row in con.execute("select filename from uncorrected").fetchall()}
    files = lake.plan_files(sources=["aws_cloudtrail"])
    corrects_others = con.execute("select count(corrected_event_id) from addenda").fetchall() != [(0,)]
    if files and corrects_others:
        rows = con.execute(
            """select distinct filename
            from read_parquet($files, filename = true, hive_partitioning = false) as events
            where events.event_id in (select corrected_event_id from addenda)
                and exists (
                    from superseded
                    where superseded.event_id = events.event_id and superseded.tenant_id = coalesce(events.tenant_id, '')
                )""",
            {"files": files},
        ).fetchall()
        held |= {row[0] for row in rows}
    return sorted(held)
