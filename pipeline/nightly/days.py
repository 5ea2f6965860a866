"""Which days' resets are to be hunted: those of which anything that decides the result has changed since they were last hunted.

Resets are hunted by the day they happened on, always all of a day together, so that a hunt sees the same past and the same
future whichever night it is made in. What decides it is hashed to one key: the resets themselves, how many events each source
has on each day that the hunts look at, until when the sources are complete, the rules, and the history of earlier resets.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import duckdb

from pipeline import __version__, connection
from pipeline.hunt import connect, find_resets
from pipeline.inventory import inventory_hash
from pipeline.lake import DataFile, Lake
from pipeline.nightly.night import Night
from pipeline.signal_history import history_file
from pipeline.watermarks import read_watermarks


@dataclass(frozen=True, slots=True)
class ResetDay:
    """The resets of one day, and a hash of all that decides their hunts but the history."""

    day: date
    reset_ids: frozenset[str]
    last_at: datetime
    own_hash: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every day with resets that nights were asked about, in order. `too_old` are those further back than late logs are
    followed; `known` are all resets of the lake, `marks` its watermarks."""

    days: tuple[ResetDay, ...]
    too_old: int
    known: dict[str, datetime] = field(default_factory=dict)
    marks: dict[str, datetime] = field(default_factory=dict)


def plan_days(lake: Lake, night: Night, first_day: date, tell: Callable[[str], None]) -> Plan:
    """Needs no event of a large lake, only what is kept beside it."""
    snapshot_id = lake.snapshot_id
    if snapshot_id is None:
        return Plan((), 0)
    files = lake.data_files(snapshot_id)
    with closing(connect(lake, night.inventory)) as con:
        find_resets(con, lake, files, snapshot_id, night.sift_from, tell)
        marks = read_watermarks(con, lake, files)
        rows = con.execute(
            "select * from int_resets where occurred_at < $until order by occurred_at, reset_id",
            {"until": night.until},
        )
        names = [column[0] for column in rows.description]
        found = rows.fetchall()
        shared = [
            night.rule_set.content_hash,
            inventory_hash(con),
            str(night.window),
            str(night.look_back),
            __version__,
        ]
    id_at, time_at = names.index("reset_id"), names.index("occurred_at")
    of_day: dict[date, list[tuple]] = {}
    for row in found:
        of_day.setdefault(row[time_at].date(), []).append(row)
    counts = _event_counts(files)
    oldest = (night.until - night.look_back - night.window).date()
    asked = [day for day in sorted(of_day) if day >= first_day]
    days = []
    for day in asked:
        if day < oldest:
            continue
        resets = of_day[day]
        ends_at = resets[-1][time_at] + night.window
        seen_from = (resets[0][time_at] - night.look_back).date().isoformat()
        seen_to = (ends_at + timedelta(hours=1)).date().isoformat()  # the last hour is counted whole
        decides = [
            resets,
            [count for count in counts if seen_from <= count[0] <= seen_to],
            sorted((source, min(mark, ends_at)) for source, mark in marks.items()),
            shared,
        ]
        days.append(
            ResetDay(day, frozenset(row[id_at] for row in resets), resets[-1][time_at], _hash(decides))
        )
    known = {row[id_at]: row[time_at] for row in found}
    return Plan(tuple(days), sum(day < oldest for day in asked), known, marks)


def hunt_key(lake: Lake, plan: Plan, day: ResetDay) -> str:
    """What decides the hunts of a day, the history as it stands now included."""
    first_known = min(plan.known.values())
    earlier = [
        row
        for row in _history(lake)
        if row[1] < day.last_at
        and row[0] not in day.reset_ids
        and (row[0] in plan.known or row[1] < first_known)
    ]
    return _hash([day.own_hash, earlier])


def history_hash(lake: Lake, day: ResetDay) -> str:
    """What the history holds of the day itself."""
    return _hash([row for row in _history(lake) if row[0] in day.reset_ids])


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _history(lake: Lake) -> list[tuple]:
    path = history_file(lake)
    if not path.is_file():
        return []
    try:
        with closing(connection.connect()) as con:
            return (
                con.read_parquet(str(path))
                .project("reset_id, occurred_at, person_id, ordinary, detections")
                .order("reset_id")
                .fetchall()
            )
    except duckdb.Error:
        return []  # a hunt leaves it out, too, and says so


def _event_counts(files: Sequence[DataFile]) -> list[tuple[str, str, int]]:
    """Day, source, number of events: a compaction changes none of them, events that arrive do."""
    counts: dict[tuple[str, str], int] = {}
    for file in files:
        counts[file.day, file.source] = counts.get((file.day, file.source), 0) + file.event_count
    return sorted((day, source, count) for (day, source), count in counts.items())


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode(errors="surrogatepass")).hexdigest()[:32]
