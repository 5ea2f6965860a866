"""What each night said of each reset, in `<lake>/nightly/nightly.db`: the queue is written from it, and changes are told by it.

Resets are hunted by the day they happened on, and a day is remembered in one transaction once all its hunts are on disk. A run
that ends anywhere leaves whole days; the next one goes on with the others.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.settings import make_folder

KEPT_NIGHTS = timedelta(days=90)
FAILED = -1  # the score of what a channel was to be told and was not
SCHEMA = """
create table if not exists nights (night text primary key, since text not null, until text not null);
create table if not exists days (
    day text primary key, night text not null, hunt_key text not null, history_hash text not null
);
create table if not exists said (
    night text not null, day text not null, reset_id text not null, occurred_at text not null, entry text not null,
    event_hashes blob not null, primary key (night, reset_id)
);
create index if not exists said_of_reset on said (reset_id, night);
create table if not exists told (
    channel text not null, reset_id text not null, night text not null, score integer not null, domains text not null,
    primary key (channel, reset_id)
);
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a night said of one reset. `entry` is JSON: its line of the queue, and what changes are found by; `event_hashes` are
    eight bytes for each row of the timeline, sorted."""

    night: str
    day: str
    reset_id: str
    occurred_at: datetime
    entry: dict[str, Any]
    event_hashes: bytes

    @property
    def score(self) -> int:
        return self.entry["score"]


@dataclass(frozen=True, slots=True)
class HuntedDay:
    """The last hunt of a day's resets: in which night, from what (`hunt_key`), and what it added to the history."""

    day: str
    night: str
    hunt_key: str
    history_hash: str


class Memory:
    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._db.executescript(SCHEMA)

    @classmethod
    def open(cls, lake_folder: Path) -> "closing[Memory]":
        make_folder(lake_folder / "nightly")
        return closing(cls(lake_folder / "nightly" / "nightly.db"))

    def close(self) -> None:
        self._db.close()

    def begin(self, night: str, since: datetime, until: datetime) -> date:
        """Notes a night; returns the first day that any night was asked about. What nobody compares with any more goes."""
        oldest = (until - KEPT_NIGHTS).date().isoformat()
        with self._db:
            self._db.execute("begin")
            self._db.execute(
                "insert or replace into nights values (?, ?, ?)",
                (night, since.isoformat(), until.isoformat()),
            )
            self._db.execute(
                "delete from said where night < ? and (day, night) not in (select day, night from days)",
                (oldest,),
            )
        (first,) = self._db.execute("select min(since) from nights").fetchone()
        return datetime.fromisoformat(first).date()

    def hunted_days(self) -> dict[str, HuntedDay]:
        rows = self._db.execute("select day, night, hunt_key, history_hash from days").fetchall()
        return {row[0]: HuntedDay(*row) for row in rows}

    def keep_day(self, hunted: HuntedDay, said: Sequence[Said]) -> None:
        """In place of what this night said of the day before."""
        with self._db:
            self._db.execute("begin")
            self._db.execute("delete from said where night = ? and day = ?", (hunted.night, hunted.day))
            self._db.executemany(
                "insert or replace into said values (?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.night,
                        one.day,
                        one.reset_id,
                        one.occurred_at.isoformat(),
                        json.dumps(one.entry, sort_keys=True),
                        one.event_hashes,
                    )
                    for one in said
                ],
            )
            self._db.execute(
                "insert or replace into days values (?, ?, ?, ?)",
                (hunted.day, hunted.night, hunted.hunt_key, hunted.history_hash),
            )

    def latest(self, since: datetime, until: datetime, night: str) -> list[Said]:
        """The last word on every reset of [since, until), and on all that were hunted in this night."""
        return self._read(
            """inner join days using (day, night)
            where (occurred_at >= ? and occurred_at < ?) or night = ? order by occurred_at, reset_id""",
            (since.isoformat(), until.isoformat(), night),
        )

    def of_day(self, hunted: HuntedDay) -> list[Said]:
        return self._read("where day = ? and night = ? order by reset_id", (hunted.day, hunted.night))

    def before(self, night: str, reset_id: str) -> Said | None:
        """What the last night before this one said."""
        found = self._read("where reset_id = ? and night < ? order by night desc limit 1", (reset_id, night))
        return found[0] if found else None

    def told(self, channel: str) -> dict[str, tuple[int, frozenset[str]]]:
        """Reset → the score and the control domains that a channel was last told."""
        rows = self._db.execute("select reset_id, score, domains from told where channel = ?", (channel,))
        return {reset_id: (score, frozenset(json.loads(domains))) for reset_id, score, domains in rows}

    def failed(self, channel: str) -> list[Said]:
        """The last word on what a channel was to be told and was not."""
        return self._read(
            """inner join days using (day, night)
            where reset_id in (select told.reset_id from told where channel = ? and told.score < 0) order by reset_id""",
            (channel,),
        )

    def keep_told(self, channel: str, night: str, said: Iterable[Said], is_failed: bool = False) -> None:
        """What failed is kept as told of a score below all others, so that it is told again."""
        with self._db:
            self._db.execute("begin")
            self._db.executemany(
                "insert or replace into told values (?, ?, ?, ?, ?)",
                [
                    (channel, one.reset_id, night, FAILED, "[]")
                    if is_failed
                    else (channel, one.reset_id, night, one.score, json.dumps(one.entry["domains"]))
                    for one in said
                ],
            )

    def _read(self, where: str, values: tuple[Any, ...]) -> list[Said]:
        rows = self._db.execute(
            f"select night, day, reset_id, occurred_at, entry, event_hashes from said {where}", values
        ).fetchall()
        return [
            Said(night, day, reset_id, datetime.fromisoformat(at), json.loads(entry), hashes)
            for night, day, reset_id, at, entry, hashes in rows
        ]
