"""What became no event: listed, shown, and taken in again after its cause is mended.

The quarantine is a folder of Parquet files in the lake, one a batch. `retry` reads the files again that are still there,
and the stored text of what came from files that are not; what is an event now leaves the quarantine.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.connection import connect
from pipeline.errors import InputError
from pipeline.ingest import IngestSummary, ingest
from pipeline.lake import Lake
from pipeline.limits import DEFAULT_LIMITS, Limits
from pipeline.settings import quoted, sql_text

ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, or one file, set aside. `record` is masked text, at most 1 MiB of it; `byte_count` its true length."""

    entry_id: str
    quarantined_at: datetime
    source: str | None
    reason: str
    source_file: str
    source_row: int | None
    byte_count: int
    record: str
    content_hash: str


def read_entries(
    lake: Lake,
    ids: Sequence[str] = (),
    reason: str | None = None,
    source: str | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """The newest first. `ids` are beginnings of entry ids, `reason` is a part of one. Raises InputError for an id that
    names none, or more than one."""
    files = _files(lake)
    if not files:
        entries: list[Entry] = []
    else:
        with connect() as con:
            con.read_parquet([str(path) for path in files], union_by_name=True).create_view("quarantine")
            rows = con.execute(
                sql_text("ingest/quarantine_entries"),
                {
                    "reason": reason,
                    "source": source,
                    "limit": limit if not ids else None,
                    "id_length": ID_LENGTH,
                },
            ).fetchall()
        entries = [Entry(*row) for row in rows]
    if not ids:
        return entries
    return [_only(entries, entry_id) for entry_id in ids]


def _only(entries: list[Entry], entry_id: str) -> Entry:
    found = [entry for entry in entries if entry.content_hash.startswith(entry_id.lower())]
    if len(found) != 1:
        what = "no such entry" if not found else f"{len(found)} entries begin so"
        raise InputError(what, f"quarantine {entry_id}", "`postreset quarantine list` shows the ids")
    return found[0]


def retry(
    lake: Lake, entries: Sequence[Entry], now: datetime, limits: Limits = DEFAULT_LIMITS
) -> tuple[IngestSummary, int]:
    """Takes the entries in again; returns the account of what was read and how many entries are in quarantine no more.
    A kill on the way leaves every entry where it was, or at worst some of them twice with one id."""
    if not entries:
        return IngestSummary(), 0
    hashes = frozenset(entry.content_hash for entry in entries)
    before = _files(lake)
    paths, stored = _sources(lake, entries)
    try:
        summary = ingest(lake.folder, paths, now, limits=limits, quarantined_again=hashes)
    finally:
        for path in stored:
            path.unlink(missing_ok=True)
    with lake.writing():
        _forget(before, hashes)
    still = {entry.content_hash for entry in read_entries(lake)}
    return summary, len(hashes - still)


def _sources(lake: Lake, entries: Iterable[Entry]) -> tuple[list[Path], list[Path]]:
    """The files to read again, and of these the ones written here, which hold what came from files that are gone."""
    paths: dict[Path, None] = {}
    texts: dict[str, list[str]] = {}
    for entry in entries:
        container = Path(entry.source_file.partition("!")[0])
        if container.is_file():
            paths[container] = None
        elif entry.record and entry.byte_count <= len(entry.record.encode()):
            texts.setdefault(entry.source_file, []).append(entry.record.replace("\n", " "))
    stored = []
    for source_file, records in texts.items():
        name = f"stored-{hashlib.sha256(source_file.encode()).hexdigest()[:ID_LENGTH]}.jsonl"
        path = lake.folder / "quarantine" / name
        path.write_text("\n".join(records))
        stored.append(path)
    return [*paths, *stored], stored


def _forget(files: Iterable[Path], hashes: frozenset[str]) -> None:
    """Writes the files anew without these entries; each is replaced whole or not at all."""
    with connect() as con:
        con.execute("create table gone (content_hash varchar)")
        con.executemany("insert into gone values (?)", [(content_hash,) for content_hash in hashes])
        for path in files:
            con.read_parquet(str(path)).create_view("earlier", replace=True)
            con.execute(
                "create or replace table kept as select * from earlier anti join gone using (content_hash)"
            )
            if con.execute("select count(*) from kept").fetchall() == [(0,)]:
                path.unlink()
                continue
            temporary = path.with_suffix(".new")
            con.execute(f"copy kept to {quoted(temporary)} (format parquet, compression zstd)")
            temporary.replace(path)


def _files(lake: Lake) -> list[Path]:
    return sorted((lake.folder / "quarantine").glob("*.parquet"))
