"""New events against all rules, as they come: signals are kept in the lake's folder, and no event is scanned twice.

A rule that is new or changed has not seen the past; `rescan` shows it a period, and its signals there are made afresh. Only
one scan of a lake runs at a time. A correlation needs what lies around the new events in time, so it also sees the events
of all batches within its span.
"""

import logging
from collections.abc import Generator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from pipeline.connection import connect
from pipeline.conversion import Runnable, convert_detections
from pipeline.detect import evaluate_rules
from pipeline.detection import Detection
from pipeline.lake import Lake
from pipeline.rule_overrides import Suppression
from pipeline.sigma_duckdb import ConvertedCorrelation
from pipeline.signal_store import SignalStore, store_found

log = logging.getLogger("postreset.scan")

GROUP = r" since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: of (.*))?$"
"""What a correlation's signal says of its group, at the end of its words."""
LONG_AGO, FAR_AHEAD = datetime(1990, 1, 1), datetime(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """What one scan looked at and found. `unscanned` are the rules that have not seen the events of earlier scans."""

    event_count: int
    batch_count: int
    signal_count: int
    suppressed_count: int
    unscanned: tuple[str, ...] = field(default_factory=tuple)


def scan_new(
    lake: Lake, detections: Sequence[Detection], now: datetime, suppressions: Sequence[Suppression] = ()
) -> ScanSummary:
    """Scans the events of the batches that no scan has seen, and stores their signals."""
    store = SignalStore(lake)
    with store.locked(), _connection(lake) as con:
        state = store.read_state()
        store.create_stored_table(con)
        _create_new_events(con, lake, state["batches"])
        batches = [
            row[0] for row in con.execute("select distinct batch_id from new_events order by all").fetchall()
        ]
        known: dict[str, str] = state["rules"]
        changed = tuple(
            d.name for d in detections if state["batches"] and known.get(d.name) != d.content_hash
        )
        event_count = _one(con, "select count(*) from new_events")
        signal_count = suppressed_count = 0
        if event_count:
            silent = convert_detections(detections).inputs
            signal_count, suppressed_count = _find(con, detections, silent, suppressions, now)
        state["batches"] = sorted({*state["batches"], *batches})
        # a rule keeps the text that has seen all that was scanned, or none
        state["rules"] = {
            d.name: known.get(d.name, "") if d.name in changed else d.content_hash for d in detections
        }
        store.write(con, state)
        log.info("scan: %d events of %d batches, %d signals", event_count, len(batches), signal_count)
        return ScanSummary(event_count, len(batches), signal_count, suppressed_count, changed)


def rescan(
    lake: Lake,
    detections: Sequence[Detection],
    names: Sequence[str],
    now: datetime,
    since: datetime = LONG_AGO,
    until: datetime = FAR_AHEAD,
    suppressions: Sequence[Suppression] = (),
) -> ScanSummary:
    """Runs these rules again over [since, until); their signals of that period are replaced. The rules count as having seen
    the past once the period is all of it."""
    store = SignalStore(lake)
    wanted = [d for d in detections if d.name in set(names)]
    with store.locked(), _connection(lake, since, until) as con:
        state = store.read_state()
        store.create_stored_table(con)
        con.execute(
            "create or replace temp view new_events as select * from events "
            f"where occurred_at >= timestamp '{since}' and occurred_at < timestamp '{until}'"
        )
        con.execute(
            "delete from stored_signals where list_contains($names, detection) and occurred_at >= $since and occurred_at < $until",
            {"names": [d.name for d in wanted], "since": since, "until": until},
        )
        event_count = _one(con, "select count(*) from new_events")
        runnable = convert_detections(detections)
        needed = _with_inputs(runnable, detections, wanted)
        silent = runnable.inputs | ({d.name for d in needed} - {d.name for d in wanted})
        signal_count, suppressed_count = _find(con, needed, silent, suppressions, now)
        if since <= LONG_AGO and until >= FAR_AHEAD:
            state["rules"] |= {d.name: d.content_hash for d in wanted}
        store.write(con, state)
        return ScanSummary(event_count, 0, signal_count, suppressed_count)


def changed_rules(lake: Lake, detections: Sequence[Detection]) -> list[str]:
    """The rules whose text, as it is now, has not seen everything that was scanned."""
    known = SignalStore(lake).read_state()["rules"]
    return [d.name for d in detections if d.kind != "correlation" and known.get(d.name) != d.content_hash]


@contextmanager
def _connection(
    lake: Lake, since: datetime | None = None, until: datetime | None = None
) -> Generator[duckdb.DuckDBPyConnection]:
    con = connect(lake.folder / "tmp")
    try:
        lake.refresh()
        lake.create_events_view(con, since, until)
        yield con
    finally:
        con.close()


def _create_new_events(con: duckdb.DuckDBPyConnection, lake: Lake, scanned: Sequence[str]) -> None:
    """View `new_events`: the events of batches that were not scanned, over the files that hold any of them. A batch is whole: it
    came with one commit."""
    batches = pa.table({"batch_id": pa.array(scanned, pa.string())})
    con.from_arrow(batches).create_view("scanned_batches", replace=True)
    files = lake.plan_files()
    if files:
        con.read_parquet(files, hive_partitioning=False, filename=True).create_view(
            "lake_files", replace=True
        )
        files = [
            row[0]
            for row in con.execute(
                "select distinct filename from lake_files anti join scanned_batches using (batch_id) order by all"
            ).fetchall()
        ]
    if files:
        con.read_parquet(files, hive_partitioning=False).create_view("files_with_news", replace=True)
    con.execute(
        f"create or replace temp view new_events as from {'files_with_news' if files else 'events limit 0'}"
        + (" anti join scanned_batches using (batch_id)" if files else "")
    )


def _find(
    con: duckdb.DuckDBPyConnection,
    detections: Sequence[Detection],
    silent: Set[str],
    suppressions: Sequence[Suppression],
    now: datetime,
) -> tuple[int, int]:
    """Adds the signals of `new_events` to `stored_signals`; of a correlation those that are new within its span."""
    runnable = convert_detections(detections)
    rules = [detection for detection, _ in runnable.rules]
    evaluate_rules(con, rules, "new_events", suppressions)
    con.execute("create or replace temp table found_signals as from signals")
    con.execute(
        "delete from found_signals where list_contains($silent, detection)", {"silent": sorted(silent)}
    )
    suppressed_count = _one(con, "select count(*) from suppressed_signals")
    for detection, correlation in runnable.correlations:
        if detection.name not in silent:
            _find_correlated(con, detection, correlation, _inputs(runnable, correlation), suppressions)
    before = _one(con, "select count(*) from stored_signals")
    store_found(con, detections, now)
    return _one(con, "select count(*) from stored_signals") - before, suppressed_count


def _find_correlated(
    con: duckdb.DuckDBPyConnection,
    detection: Detection,
    correlation: ConvertedCorrelation,
    inputs: Sequence[Detection],
    suppressions: Sequence[Suppression],
) -> None:
    """The correlation over everything within its span of the new events. A signal that lies within one span after a stored
    one of the same group goes on with it, and is none of its own."""
    span = timedelta(seconds=_reach(correlation))
    first_at, last_at = con.execute("select min(occurred_at), max(occurred_at) from new_events").fetchall()[0]
    if first_at is None:
        return
    con.execute(
        "create or replace temp view events_around as select * from events "
        f"where occurred_at >= timestamp '{first_at - 2 * span}' and occurred_at <= timestamp '{last_at + span}'"
    )
    evaluate_rules(con, [detection, *inputs], "events_around", suppressions)
    con.execute(
        """
        insert into found_signals by name
        select signals.* from signals
        where detection = $detection and occurred_at >= $first_at and not exists (
            select 1 from stored_signals
            where stored_signals.detection = signals.detection
                and regexp_extract(stored_signals.why, $group, 1) = regexp_extract(signals.why, $group, 1)
                and signals.occurred_at - to_seconds($span) < stored_signals.occurred_at
                and stored_signals.occurred_at <= signals.occurred_at
        )
        """,
        {"detection": detection.name, "first_at": first_at, "span": correlation.span_seconds, "group": GROUP},
    )


def _reach(correlation: ConvertedCorrelation) -> int:
    """Seconds that a chain of correlations looks back."""
    inner = [
        _reach(reference.of)
        for reference in correlation.references
        if isinstance(reference.of, ConvertedCorrelation)
    ]
    return correlation.span_seconds + max(inner, default=0)


def _with_inputs(
    runnable: Runnable, detections: Sequence[Detection], wanted: Sequence[Detection]
) -> list[Detection]:
    """The wanted ones, and the rules that correlations among them count."""
    names = {detection.name for detection in wanted}
    below = {
        detection.name
        for correlated, correlation in runnable.correlations
        if correlated.name in names
        for detection in _inputs(runnable, correlation)
    }
    return [detection for detection in detections if detection.name in names | below]


def _inputs(runnable: Runnable, correlation: ConvertedCorrelation) -> list[Detection]:
    """The rules and correlations that it stands on."""
    below: set[int] = set()
    waiting = [correlation]
    while waiting:
        for reference in waiting.pop().references:
            below.add(id(reference.of))
            if isinstance(reference.of, ConvertedCorrelation):
                waiting.append(reference.of)
    return [detection for detection, one in (*runnable.rules, *runnable.correlations) if id(one) in below]


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    return con.execute(sql).fetchall()[0][0]
