"""A lake as a query needs it: the files of its newest snapshot, without pyiceberg, whose import takes longer than most lookups.

The list is planned once for each commit and kept in the lake's folder under the name of the commit's metadata, so it is
never old: a reader asks the catalog for that name, and plans anew where no list bears it.
"""

import json
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline.errors import InputError
from pipeline.schema import create_empty_events
from pipeline.settings import quoted


@dataclass(frozen=True, slots=True)
class PlannedLake:
    """The newest snapshot of a lake, to be read only."""

    folder: Path
    files: list[str]

    def create_events_view(self, con: duckdb.DuckDBPyConnection, name: str = "events") -> int:
        """Makes `name` a view over all events, or an empty table of the same columns; returns the number of files."""
        if self.files:
            con.read_parquet(self.files, hive_partitioning=False).create_view(name, replace=True)
        else:
            create_empty_events(con, name)
        return len(self.files)


def open_planned(folder: Path) -> PlannedLake:
    """Raises InputError where there is no lake."""
    folder = folder.absolute()
    known = _plan_path(folder, _metadata_location(folder))
    if known is not None:
        with suppress(OSError, ValueError):
            return PlannedLake(folder, json.loads(known.read_text()))
    from pipeline.lake import Lake

    lake = Lake.open(folder)
    files = lake.plan_files()
    _keep(_plan_path(folder, lake.metadata_location), files)
    return PlannedLake(folder, files)


def lock_down(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """From here on SQL on this connection reads the lake's folder and nothing else, and cannot change that."""
    con.execute(f"set allowed_directories = [{quoted(folder)}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")


def _metadata_location(folder: Path) -> str | None:
    """What the catalog calls the newest metadata; None where the catalog is no file of SQLite or has no table yet."""
    catalog = folder / "catalog.db"
    if not catalog.is_file():
        raise InputError(
            "there is no lake here", str(folder), "make one with `postreset ingest PATH --lake DIR`"
        )
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{catalog.as_uri()}?mode=ro", uri=True)) as db:
        row = db.execute(
            "select metadata_location from iceberg_tables where table_namespace = 'postreset' and table_name = 'events'"
        ).fetchone()
        return row[0] if row else None
    return None


def _plan_path(folder: Path, metadata_location: str | None) -> Path | None:
    if metadata_location is None:
        return None
    return folder / "plans" / f"{metadata_location.rpartition('/')[2]}.json"


def _keep(path: Path | None, files: list[str]) -> None:
    """Whole or not at all; a lake that cannot be written is read without."""
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        for earlier in path.parent.glob("*.json"):
            earlier.unlink(missing_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(json.dumps(files))
        new.replace(path)
