"""The ledger of landing: which items wait, which are on disk, and how far each stream has been taken.

An item is `waiting` from when it was named until its bytes are on disk (`landed`) or it proved deleted (`gone`); ingest makes
a landed one `ingested`, and so is a window that smaller ones replaced, which has no file. A stream's checkpoint and watermark
move only when none of its items waits. Every change is one transaction, so that a kill leaves the state before or after it.
"""

import json
import sqlite3
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loaders.base import Discovery, Finding, Item
from loaders.ledger_rows import Counts, End, Verification, Waiting, Watermark
from loaders.sink import LandingStopped

ERROR_LENGTH = 500
SCHEMA = """
create table if not exists items (
    item_id integer primary key, source text not null, stream not null, key not null, version not null, cursor not null,
    state text not null check (state in ('waiting', 'landed', 'gone', 'ingested')),
    file text unique, bytes integer, sha256 text, error text, attempts integer not null default 0,
    run text not null, landed_at text, ingested_at text,
    unique (source, stream, key, version)
);
create index if not exists waiting_items on items (source, stream) where state = 'waiting';
create index if not exists landed_items on items (file) where state = 'landed';
create index if not exists kept_items on items (ingested_at) where state = 'ingested' and file is not null;
create table if not exists checkpoints (source text not null, stream not null, text not null, primary key (source, stream));
create table if not exists watermarks (
    source text not null, stream not null, complete_until text, run text not null, primary key (source, stream)
);
create table if not exists loads (source text primary key, open_since text, is_discovered integer not null default 0);
create table if not exists verifications (
    source text primary key, since text not null, until text not null, verified_at text not null,
    finding_count integer not null, findings text not null
);
"""
KEPT_FINDINGS = 1_000
WAITS = "select 1 from items where source = ? and stream = ? and state = 'waiting' limit 1"


class LandingLedger:
    """Used by several threads of one process; other processes wait for their turn."""

    def __init__(self, path: Path, is_read_only: bool = False) -> None:
        """Raises LandingStopped where it cannot be opened, as every method does where it fails."""
        self._path = path
        self._lock = threading.Lock()
        # also to read only: what a killed writer left is rolled back first, which `ro` refuses
        name = f"{path.absolute().as_uri()}?mode={'rw' if is_read_only else 'rwc'}"
        with self._faults():
            self._db = sqlite3.connect(
                name, uri=True, isolation_level=None, timeout=60, check_same_thread=False
            )
            self._db.executescript("pragma query_only = on" if is_read_only else SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def begin(self, source: str, since: datetime) -> None:
        """Notes that a load has begun; until one ends with all complete, the next goes back as far."""
        with self._changing() as db:
            db.execute(
                """insert into loads values (?, ?, 0)
                on conflict do update set open_since = min(coalesce(open_since, excluded.open_since), excluded.open_since)""",
                (source, since.isoformat()),
            )

    def end(self, source: str, run: str, is_complete: bool) -> None:
        """After a discovery without fault: all streams are known, and those that are no more are forgotten."""
        with self._changing() as db:
            db.execute("delete from watermarks where source = ? and run <> ?", (source, run))
            db.execute(
                "update loads set is_discovered = 1, open_since = iif(?, null, open_since) where source = ?",
                (is_complete, source),
            )

    def open_since(self, source: str) -> datetime | None:
        """From when the loads that did not end with all complete were asked."""
        rows = self._rows("select open_since from loads where source = ?", (source,))
        return datetime.fromisoformat(rows[0][0]) if rows and rows[0][0] else None

    def is_discovered(self, source: str) -> bool:
        """Whether all its streams are known."""
        return bool(self._rows("select 1 from loads where source = ? and is_discovered = 1", (source,)))

    def name(self, source: str, run: str, items: Iterable[Item]) -> list[Waiting]:
        """Notes items as waiting. Returns those to fetch: new ones, and those of earlier runs that wait still."""
        with self._changing() as db:
            return [waiting for item in items for waiting in self._name(db, source, run, item)]

    def left_over(self, source: str, run: str, limit: int) -> list[Waiting]:
        """Items that wait since an earlier run and were not named again; each is returned once in a run."""
        with self._changing() as db:
            rows = db.execute(
                """update items set run = ? where item_id in (
                    select item_id from items where source = ? and state = 'waiting' and run <> ? limit ?
                ) returning item_id, stream, key, version, cursor""",
                (run, source, run, limit),
            ).fetchall()
        return [
            Waiting(item_id, Item(_read(stream), _read(key), _read(version), _read(cursor)))
            for item_id, stream, key, version, cursor in rows
        ]

    def settle(self, source: str, run: str, ends: Iterable[End], at: datetime) -> list[Waiting]:
        """Notes how fetches ended, in one transaction. Returns what they brought to fetch besides."""
        more: list[Waiting] = []
        with self._changing() as db:
            for end in ends:
                db.execute(
                    """update items set state = ?, file = ?, bytes = ?, sha256 = ?, error = ?, attempts = attempts + 1,
                    landed_at = ? where item_id = ?""",
                    (
                        end.state,
                        end.file,
                        end.byte_count,
                        end.sha256,
                        end.error and end.error[:ERROR_LENGTH],
                        at.isoformat() if end.state == "landed" else None,
                        end.waiting.item_id,
                    ),
                )
                for item in end.more:
                    more += self._name(db, source, run, item)
        return more

    def advance(
        self, source: str, run: str, found: Iterable[Discovery], unasked: Iterable[str] = ()
    ) -> set[str]:
        """Moves the checkpoint and the watermark of each stream none of whose items waits, and returns those. A watermark never
        goes back. The `unasked` are only noted as there."""
        moved = set()
        meet = "insert into watermarks values (?, ?, null, ?) on conflict do update set run = excluded.run"
        with self._changing() as db:
            db.executemany(meet, [(source, _stored(stream), run) for stream in unasked])
            for discovery in found:
                of = (source, _stored(discovery.stream))
                db.execute(meet, (*of, run))
                if db.execute(WAITS, of).fetchone():
                    continue
                moved.add(discovery.stream)
                db.execute(
                    "insert or replace into checkpoints values (?, ?, ?)",
                    (*of, _stored(discovery.checkpoint)),
                )
                if (until := discovery.complete_until) is not None:
                    db.execute(
                        """update watermarks set complete_until = max(coalesce(complete_until, ''), ?)
                        where source = ? and stream = ?""",
                        (until.isoformat(timespec="microseconds"), *of),
                    )
        return moved

    def checkpoints(self, source: str) -> dict[str, str]:
        rows = self._rows("select stream, text from checkpoints where source = ?", (source,))
        return {_read(stream): _read(text) for stream, text in rows}

    def watermarks(self) -> list[Watermark]:
        rows = self._rows("select source, stream, complete_until from watermarks order by source, stream")
        return [
            Watermark(source, _read(stream), datetime.fromisoformat(until) if until else None)
            for source, stream, until in rows
        ]

    def counts(self, source: str) -> Counts:
        rows = self._rows("select state, count(*) from items where source = ? group by state", (source,))
        worst = self._rows(
            """select attempts, error from items where source = ? and state = 'waiting'
            order by attempts desc, item_id limit 1""",
            (source,),
        )
        attempts, error = worst[0] if worst else (0, None)
        return Counts(**dict(rows), attempts=attempts, error=error)

    def landed(self) -> list[str]:
        """The files that are not ingested, in the order of their names."""
        rows = self._rows("select file from items where state = 'landed' and file is not null order by file")
        return [row[0] for row in rows]

    def mark_ingested(self, files: Iterable[str], at: datetime) -> int:
        """How many of them were landed and not ingested yet."""
        with self._changing() as db:
            return sum(
                db.execute(
                    "update items set state = 'ingested', ingested_at = ? where file = ? and state = 'landed'",
                    (at.isoformat(), file),
                ).rowcount
                for file in files
            )

    def wait_again(self, files: Iterable[str]) -> None:
        """Files that somebody removed before they were ingested are fetched again."""
        with self._changing() as db:
            db.executemany(
                "update items set state = 'waiting', file = null where file = ? and state = 'landed'",
                [(file,) for file in files],
            )

    def ingested_before(self, at: datetime, limit: int) -> list[str]:
        rows = self._rows(
            "select file from items where state = 'ingested' and file is not null and ingested_at <= ? limit ?",
            (at.isoformat(), limit),
        )
        return [row[0] for row in rows]

    def forget_files(self, files: Iterable[str]) -> None:
        with self._changing() as db:
            db.executemany("update items set file = null where file = ?", [(file,) for file in files])

    def is_empty(self) -> bool:
        return not self._rows("select 1 from items union all select 1 from watermarks limit 1")

    def _name(self, db: sqlite3.Connection, source: str, run: str, item: Item) -> list[Waiting]:
        """A cursor is renewed: what an earlier run was told may have expired."""
        row = db.execute(
            """insert into items (source, stream, key, version, cursor, state, bytes, run)
            values (?, ?, ?, ?, ?, 'waiting', ?, ?)
            on conflict (source, stream, key, version) do update set cursor = excluded.cursor, run = excluded.run
            where state = 'waiting' and run <> excluded.run
            returning item_id""",
            (
                source,
                *map(_stored, (item.stream, item.key, item.version, item.cursor)),
                item.byte_count,
                run,
            ),
        ).fetchone()
        return [Waiting(row[0], item)] if row else []

    @contextmanager
    def _changing(self) -> Generator[sqlite3.Connection]:
        with self._lock, self._faults(), self._db:
            self._db.execute("begin immediate")
            yield self._db

    def note_verification(self, source: str, found: Verification) -> None:
        """In place of the one before."""
        kept = [asdict(finding) for finding in found.findings[:KEPT_FINDINGS]]
        times = (at.isoformat() for at in (found.since, found.until, found.verified_at))
        with self._changing() as db:
            db.execute(
                "insert or replace into verifications values (?, ?, ?, ?, ?, ?)",
                (source, *times, found.finding_count, json.dumps(kept)),
            )

    def verification(self, source: str) -> Verification | None:
        """None where the source was never verified."""
        if not self._rows("select 1 from sqlite_master where name = 'verifications'"):
            return None  # the ledger is older, and only looked at
        query = (
            "select since, until, verified_at, finding_count, findings from verifications where source = ?"
        )
        for since, until, at, count, findings in self._rows(query, (source,)):
            kept = tuple(Finding(**finding) for finding in json.loads(findings))
            return Verification(*map(datetime.fromisoformat, (since, until, at)), count, kept)
        return None

    def _rows(self, query: str, given: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._faults():
            return self._db.execute(query, given).fetchall()

    @contextmanager
    def _faults(self) -> Generator[None]:
        """A full disk, a file that cannot be written, or one that is no database."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)):
                raise
            hint = "what was landed is kept, and what was not noted is fetched again"
            raise LandingStopped(f"the ledger of landing fails ({error})", str(self._path), hint) from error


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _stored(text: str) -> str | bytes:
    """A name may hold what is not Unicode (half a surrogate pair), which SQLite takes as bytes only."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _read(stored: str | bytes) -> str:
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored
