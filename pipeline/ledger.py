"""The ledger of a lake: which batch took in which files, how many records became what, and whether it is done.

A batch is `pending` before its files are written and `done` after its Iceberg commit. The commit carries the batch id,
so after a crash a pending batch is either in the table (then it is done) or not (then its files are removed, and the
next run takes its records in again).
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the records of one source: records = events + duplicates + quarantined."""

    source: str
    records: int
    events: int
    duplicates: int
    quarantined: int


class Ledger:
    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._db.executescript(
            """
            create table if not exists batches (
                batch_id text primary key, state text not null check (state in ('pending', 'done')),
                started_at text not null, snapshot_id integer
            );
            create table if not exists counts (
                batch_id text not null references batches, source text not null,
                records integer not null, events integer not null, duplicates integer not null, quarantined integer not null,
                primary key (batch_id, source)
            );
            create table if not exists files (batch_id text not null references batches, path text not null);
            create table if not exists superseded (
                batch_id text not null references batches, tenant_id text not null, event_id text not null
            );
            """
        )

    def begin(self, batch_id: str, started_at: datetime, files: list[str]) -> None:
        with self._db:
            self._db.execute("begin")
            self._db.execute(
                "insert into batches values (?, 'pending', ?, null)", (batch_id, started_at.isoformat())
            )
            self._db.executemany("insert into files values (?, ?)", [(batch_id, path) for path in files])

    def finish(self, batch_id: str, snapshot_id: int | None, counts: list[Count]) -> None:
        with self._db:
            self._db.execute("begin")
            self._db.executemany(
                "insert or replace into counts values (?, ?, ?, ?, ?, ?)",
                [(batch_id, c.source, c.records, c.events, c.duplicates, c.quarantined) for c in counts],
            )
            self._db.execute(
                "update batches set state = 'done', snapshot_id = ? where batch_id = ?",
                (snapshot_id, batch_id),
            )

    def forget(self, batch_id: str) -> None:
        with self._db:
            self._db.execute("begin")
            for table in ("files", "counts", "superseded", "batches"):
                self._db.execute(f"delete from {table} where batch_id = ?", (batch_id,))

    def supersede(self, batch_id: str, events: list[tuple[str, str]]) -> None:
        """Notes the (tenant_id, event_id) that a batch's addenda correct."""
        self._db.executemany(
            "insert into superseded values (?, ?, ?)", [(batch_id, *event) for event in events]
        )

    def superseded(self, batch_id: str) -> list[tuple[str, str]]:
        """What this batch and all that are done have corrected."""
        return self._db.execute(
            """select distinct tenant_id, event_id from superseded inner join batches using (batch_id)
            where state = 'done' or batch_id = ? order by 1, 2""",
            (batch_id,),
        ).fetchall()

    def totals(self) -> list[Count]:
        """What became of all records so far, by source."""
        rows = self._db.execute(
            """select source, sum(records), sum(events), sum(duplicates), sum(quarantined)
            from counts group by source order by source"""
        )
        return [Count(*row) for row in rows]

    def batches(self, state: str) -> list[str]:
        return [
            row[0]
            for row in self._db.execute(
                "select batch_id from batches where state = ? order by batch_id", (state,)
            )
        ]

    def close(self) -> None:
        self._db.close()
