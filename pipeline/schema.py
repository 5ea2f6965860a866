"""The columns of `events`, in their order, with their SQL types. Meanings: docs/schema.md.

Apart from `lake`, because ingest begins to read while pyiceberg, which takes as long to import as 50,000 events to read,
is still on its way.
"""

import duckdb

TEXT, TIME, FLAG, COUNT = "varchar", "timestamp", "boolean", "bigint"
# fmt: off
COLUMNS: tuple[tuple[str, str], ...] = (
    ("event_id", TEXT), ("source", TEXT),
    ("occurred_at", TIME), ("received_at", TIME), ("ingested_at", TIME),
    ("provider", TEXT), ("tenant_id", TEXT), ("region", TEXT),
    ("service", TEXT), ("action", TEXT), ("outcome", TEXT), ("error_code", TEXT), ("is_read_only", FLAG),
    ("principal_id", TEXT), ("principal_name", TEXT), ("principal_kind", TEXT), ("principal_tenant_id", TEXT),
    ("credential_id", TEXT), ("credential_kind", TEXT),
    ("session_id", TEXT), ("session_started_at", TIME), ("token_id", TEXT), ("is_mfa", FLAG),
    ("issuer_id", TEXT), ("source_identity", TEXT), ("app_id", TEXT), ("device_id", TEXT),
    ("source_ip", TEXT), ("user_agent", TEXT), ("country", TEXT), ("asn", COUNT),
    ("target_id", TEXT), ("target_name", TEXT), ("target_kind", TEXT), ("target_tenant_id", TEXT),
    ("issued_credential_id", TEXT), ("issued_session_id", TEXT),
    ("bytes_out", COUNT), ("raw", TEXT),
    ("batch_id", TEXT), ("source_file", TEXT), ("source_row", COUNT), ("event_key", COUNT),
)
# fmt: on
FILE_ROWS = 50_000  # of one Parquet file, and so of a row group


def parquet_options(row_count: int) -> str:
    """How COPY writes a file of about so many events. Ids are different in every row: as dictionaries they get the Bloom
    filters that make a lookup of one among millions quick, and DuckDB's own limit is a fifth of the rows. The limit is paid
    for in memory by each of the columns, so a small file has a small one."""
    return (
        "format parquet, compression zstd, compression_level 1, "
        f"dictionary_size_limit {row_count * 6 // 5 + 16}, string_dictionary_page_size_limit 2200000"
    )


def create_empty_events(con: duckdb.DuckDBPyConnection, name: str = "events", *, temp: bool = True) -> None:
    """An empty table with the columns and types of `events`, for a lake without files and for tests."""
    columns = ", ".join(f"{column} {kind}" for column, kind in COLUMNS)
    con.execute(f"create or replace {'temp ' if temp else ''}table {name} ({columns})")
