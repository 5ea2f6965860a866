"""A batch of files into the table `staged`: the columns of `events`, before duplicates are dropped.

The bulk of all logs, CloudTrail in its own envelope, is parsed while it is read. The rest lands first, is recognised
record by record, and then goes through the staging model of its source.
"""

from datetime import datetime

import duckdb
import pyarrow as pa

from pipeline.addresses import canonical_address
from pipeline.envelopes import Sniffed
from pipeline.readers import Parameters, create_landing, land, read_files
from pipeline.schema import COLUMNS, create_empty_events
from pipeline.settings import sql_text


def stage_files(con: duckdb.DuckDBPyConnection, files: list[Sniffed], batch_id: str, now: datetime) -> None:
    """Makes the tables `staged` and `landed_records` and the views `numbered` and `landed` over them."""
    create_empty_events(con, "staged", temp=False)  # cursors of other threads do not see temp tables
    create_landing(con)
    stamp: Parameters = {"now": now, "batch_id": batch_id}
    read_files(con, files, lambda records, given: _stage_directly(con, records, given | stamp))
    con.execute(f"create table direct_files as {sql_text('ingest/direct_files')}")
    con.execute(f"create view numbered as {sql_text('ingest/numbered')}")
    _land_strays(con)
    con.execute(f"create temp view landed as {sql_text('ingest/landed')}")
    con.execute(f"create temp view stg_entra_signin_fields as {sql_text('staging/stg_entra_signin_fields')}")
    sources = con.execute("select distinct source from landed where source is not null order by 1").fetchall()
    for (source,) in sources:
        con.execute(_staging(source), stamp)
    _make_addresses_canonical(con)


def _staging(source: str, landed: str = "") -> str:
    """The INSERT of one source's staging model, over the view `landed` or over a SELECT that stands in for it."""
    columns = ", ".join(name for name, _ in COLUMNS)
    return f"""insert into staged by name {f"with landed as ({landed})" if landed else ""}
        select {columns}
        from (select *, $now as ingested_at, $batch_id as batch_id from ({sql_text(f"staging/stg_{source}")}))"""


def _stage_directly(con: duckdb.DuckDBPyConnection, records: str, parameters: Parameters) -> None:
    landed = f"select *, 'aws_cloudtrail' as source, null::timestamp as delivered_at from ({records})"
    con.execute(_staging("aws_cloudtrail", landed), parameters)


def _land_strays(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"create temp table strays as {sql_text('ingest/strays')}")
    if con.execute("select count(*) from strays").fetchall() == [(0,)]:
        return
    land(con, "select source_file, source_row, record, problem from strays", {})
    con.execute("delete from staged where rowid in (select staged_id from strays)")


def _make_addresses_canonical(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("select distinct source_ip from staged where source_ip is not null").fetchall()
    changed = [(text, canonical) for (text,) in rows if (canonical := canonical_address(text)) != text]
    if not changed:
        return
    canonical_addresses = pa.table(  # noqa: F841  (DuckDB finds it by its name)
        {
            "written": [pair[0] for pair in changed],
            "canonical": pa.array([pair[1] for pair in changed], pa.string()),
        }
    )
    con.execute(sql_text("ingest/canonical_source_ip"))
