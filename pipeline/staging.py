"""A batch of files into the table `staged`: the columns of `events`, before duplicates are dropped.

The bulk of all logs, CloudTrail in its own envelope, is parsed while it is read. The rest lands first, is recognised
record by record, and then goes through the staging model of its source.
"""

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.addresses import canonical_address
from pipeline.envelopes.sniffing import Sniffed
from pipeline.limits import DEFAULT_LIMITS, Limits
from pipeline.readers import Landing, Parameters
from pipeline.schema import COLUMNS, create_empty_events
from pipeline.settings import resource_root, sql_text


def stage_files(
    con: duckdb.DuckDBPyConnection,
    files: list[Sniffed],
    batch_id: str,
    now: datetime,
    scratch: Path,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Makes the tables `staged` and `landed_records` and the views `numbered` and `landed` over them. `scratch` is a folder
    for what is written on the way."""
    create_empty_events(con, "staged", temp=False)  # cursors of other threads do not see temp tables
    landing = Landing(con, limits, scratch)
    landing.create_tables()
    stamp: Parameters = {"now": now, "batch_id": batch_id}
    landing.read_files(files, lambda records, given: _stage_directly(con, records, given | stamp))
    con.execute(f"create table direct_files as {sql_text('ingest/direct_files')}")
    con.execute(f"create view numbered as {sql_text('ingest/numbered')}")
    _land_strays(con, landing)
    landing.peel_unknown()
    con.execute(f"create temp view landed as {sql_text('ingest/landed')}")
    sources = con.execute("select distinct source from landed where source is not null order by 1").fetchall()
    models = [_staging(source) for (source,) in sources]
    for path in sorted((resource_root() / "sql" / "staging").glob("stg_*_fields.sql")):
        if any(
            path.stem in model for model in models
        ):  # planning one takes longer than staging a small batch
            con.execute(f"create temp view {path.stem} as {path.read_text()}")
    for model in models:
        con.execute(model, stamp)
    _make_addresses_canonical(con)


def _staging(source: str, landed: str = "") -> str:
    """The INSERT of one source's staging model, over the view `landed` or over a SELECT that stands in for it."""
    columns = ", ".join(name for name, _ in COLUMNS)
    return f"""insert into staged by name {f"with landed as ({landed})" if landed else ""}
        select {columns}
        from (select *, $now as ingested_at, $batch_id as batch_id, null::bigint as event_key from ({sql_text(f"staging/stg_{source}")}))"""


def _stage_directly(con: duckdb.DuckDBPyConnection, records: str, parameters: Parameters) -> None:
    landed = f"""select * replace (on_one_line(record) as record), 'aws_cloudtrail' as source, null::timestamp as delivered_at
        from ({records})"""
    con.execute(_staging("aws_cloudtrail", landed), parameters)


def _land_strays(con: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    con.execute(
        f"create temp table strays as {sql_text('ingest/strays')}",
        {"max_record_bytes": landing.limits.max_record_bytes},
    )
    if con.execute("select count(*) from strays").fetchall() == [(0,)]:
        return
    landing.land("select source_file, source_row, record, problem from strays", {})
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
