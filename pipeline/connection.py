"""Connections to DuckDB: times are UTC, and nothing is printed unasked.

DuckDB shows a bar on stdout for whatever takes long where Python has no script, such as `python -c` and a notebook; stdout is
data and nothing else. The setting is one of the connection, and a cursor is a connection of its own.
"""

from pathlib import Path

import duckdb


def connect(temporary: Path | None = None, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory. What does not fit goes to the folder `temporary`."""
    config = {"temp_directory": str(temporary) if temporary else None, "memory_limit": memory_limit}
    return _quiet(duckdb.connect(config={name: value for name, value in config.items() if value}))


def cursor(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """For another thread: it sees the same database, without its temp tables."""
    return _quiet(con.cursor())


def _quiet(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    con.execute("set enable_progress_bar = false")
    con.execute("set timezone = 'UTC'")
    return con
