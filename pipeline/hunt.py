"""From the lake to results: which reset, what it reached, which signals, what score.

The models are built once for all resets that were asked for; each result is then read from the tables. Nothing here
knows the time of day: the same lake, rules and parameters give the same hunts.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from pipeline import connection
from pipeline.detect import evaluate_correlations, evaluate_rules, register_detections
from pipeline.errors import InputError, SettingsError
from pipeline.follow_through import follow_through
from pipeline.hunt_result import read_hunt, read_rows
from pipeline.inventory import inventory_hash, load_inventory
from pipeline.kept_coverage import coverage_of
from pipeline.kept_facts import DAILY_MODELS, keep_facts
from pipeline.lake import DataFile, Lake
from pipeline.models import Parameter, build_models, load_seeds, models_before, read_models
from pipeline.people import find_person, find_reset
from pipeline.planned import lock_down
from pipeline.report.result import Hunt
from pipeline.rule_sets import RuleSet, load_rules
from pipeline.score_checks import check_scores
from pipeline.signal_history import create_history_tables, keep_history, load_history
from pipeline.watermarks import create_watermarks, read_watermarks
from pipeline.working_set import Bounds, create_identity_events, create_working_events

log = logging.getLogger("postreset.hunt")

RESET_MODELS = (
    "int_identity_evidence",
    "int_identities",
    "int_cut_offs",
    "int_reset_events",
    "int_reset_episodes",
    "int_help_desk",
    "int_resets",
    "int_reset_series",
)
LONG_AGO, FAR_AHEAD = datetime(1990, 1, 1), datetime(2200, 1, 1)
SMALL_LAKE = 500_000  # events: so many are sooner read than sifted


@dataclass(frozen=True, slots=True)
class Request:
    """What to hunt: one person's reset (`who`, near `at`), or every reset in [`since`, `until`)."""

    who: str | None = None
    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    window: timedelta = timedelta(hours=72)
    look_back: timedelta = timedelta(days=30)
    rule_set: RuleSet | None = None  # ours alone
    inventory: Path | None = None  # by default the one in the lake's folder
    sift_from: int = SMALL_LAKE  # events in the lake from which on a working set is sifted out of them


def connect(lake: Lake, inventory: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A connection for the models; what does not fit into memory goes to the lake's own folder."""
    con = connection.connect(lake.folder / "tmp")
    # the index has many files, each asked several times
    con.execute("set parquet_metadata_cache = true")
    # with more holders than this a scan skips by the least and the greatest alone, and so not at all
    con.execute("set dynamic_or_filter_threshold = 1000")
    load_seeds(con)
    load_inventory(con, lake.folder, inventory)
    create_history_tables(con)
    create_watermarks(con)
    return con


def build_resets(con: duckdb.DuckDBPyConnection, lake: Lake, snapshot_id: int | None = None) -> None:
    """Table `int_resets` and what it needs, over the whole lake."""
    lake.create_events_view(con, snapshot_id=snapshot_id)
    build_models(con, {"since": LONG_AGO, "until": FAR_AHEAD}, RESET_MODELS)


def find_resets(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    files: Sequence[DataFile],
    snapshot_id: int,
    sift_from: int = SMALL_LAKE,
    tell: Callable[[str], None] = lambda stage: None,
) -> list[Path]:
    """Table `int_resets` without reading a large lake: from the index that is kept beside it, whose parts are returned; none
    where the lake is small and was read."""
    if sum(file.event_count for file in files) < sift_from:
        build_resets(con, lake, snapshot_id)
        return []
    parts = keep_facts(lake, files, tell)
    create_identity_events(con, parts)
    build_models(con, {"since": LONG_AGO, "until": FAR_AHEAD}, RESET_MODELS)
    return parts


def list_resets(lake: Lake, inventory: Path | None = None) -> list[dict[str, Any]]:
    """Every reset of the lake, newest first, with the keys of the design's section 5."""
    con = connect(lake, inventory)
    try:
        build_resets(con, lake)
        return read_rows(
            con,
            """select reset_id, person, principal_ids, occurred_at, kinds, performed_by, by_somebody_else, provider, tenant_id, cut_off_at,
                is_self_service, is_help_desk, help_desk_reason, performed_from, on_premises_agent, is_guest, is_automation,
                automation_reason, still_alive, may_be_alive
            from int_resets order by occurred_at desc, reset_id""",
        )
    finally:
        con.close()


def hunt_resets(
    lake: Lake, request: Request, on_stage: Callable[[str], None] | None = None
) -> Iterator[Hunt]:
    """Every hunt that was asked for, the highest score first; none where a window holds no reset. They come one by one,
    so that a window of thousands need not fit into memory. Raises InputError for a person or a reset that is not there."""
    started = perf_counter()
    tell = on_stage or (lambda stage: None)
    snapshot_id = lake.snapshot_id
    if snapshot_id is None:
        raise InputError(
            "the lake holds no events yet", str(lake.folder), "fill it with `postreset ingest PATH`"
        )
    rule_set = request.rule_set or load_rules()
    con = connect(lake, request.inventory)
    try:
        files = lake.data_files(snapshot_id)
        tell("finding resets")
        parts = find_resets(con, lake, files, snapshot_id, request.sift_from, tell)
        is_sifted = bool(parts)
        reset_ids = _chosen(con, request)
        if not reset_ids:
            return
        bounds = _bounds(con, request, reset_ids)
        parameters = read_score_parameters(con) | {
            "since": bounds.since,
            "until": bounds.until,
            "window": request.window,
            "look_back": request.look_back,
        }
        con.execute(
            "create or replace temp table known_resets as select reset_id, occurred_at from int_resets"
        )
        # the others of the lake are history: they are known by what was kept of them, and not followed again
        con.execute(
            "delete from int_resets where not list_contains($reset_ids, reset_id)", {"reset_ids": reset_ids}
        )
        built: tuple[str, ...] = RESET_MODELS
        if is_sifted:
            tell("sifting events")
            create_working_events(con, lake, bounds, snapshot_id)
            built += (*DAILY_MODELS, "int_networks")
        else:
            con.execute("drop view if exists events")
            # the last hour is counted whole
            until = bounds.until + timedelta(hours=1)
            lake.create_events_view(con, bounds.since, until, snapshot_id=snapshot_id, name="lake_events")
            con.execute("create or replace temp view events as from lake_events")
            lake.create_events_view(con, bounds.until, snapshot_id=snapshot_id, name="later_events")
        # only what was earlier than the last of them is ever counted
        history = load_history(con, lake, bounds.until - request.window)
        create_watermarks(con, read_watermarks(con, lake, files))
        lock_down(con, lake.folder)  # correlations in SQL may be somebody else's
        if history:
            parameters["history"] = history
        if inventory := inventory_hash(con):
            parameters["inventory"] = inventory
        tell("following the trust chain")
        before_signals = models_before("signals")
        build_models(con, parameters, [name for name in before_signals if name not in built])
        follow_through(con, parameters, "kept_acts" if is_sifted else "later_events")
        tell("matching detections")
        match_detections(con, rule_set, request.window)
        tell("scoring")
        build_models(con, parameters, [name for name in read_models() if name not in before_signals])
        check_scores(con, parameters)
        if request.who is None:
            keep_history(con, lake, reset_ids, rule_set.content_hash)
        coverage = coverage_of(
            con,
            lake.folder,
            rule_set.detections,
            rule_set.content_hash,
            [str(part) for part in parts] or lake.plan_files(bounds.since, bounds.until, None, snapshot_id),
            "sample_events" if parts else "lake_events",
        )
        ranked = con.execute(
            """select reset_id from scores inner join int_resets using (reset_id)
            where list_contains($reset_ids, reset_id) order by log_odds desc, occurred_at, reset_id""",
            {"reset_ids": reset_ids},
        ).fetchall()
        log.info("hunt: %d resets followed, %.1f s", len(ranked), perf_counter() - started)
        for number, (reset_id,) in enumerate(ranked, start=1):
            tell(f"writing {number} of {len(ranked)}")
            yield read_hunt(con, reset_id, parameters, snapshot_id, rule_set, coverage)
    finally:
        con.close()


def match_detections(con: duckdb.DuckDBPyConnection, rule_set: RuleSet, window: timedelta) -> None:
    """Tables `detections`, `signals` and `suppressed_signals`. Needs `events` and every model before the signals."""
    register_detections(con, rule_set.detections)
    evaluate_rules(con, rule_set.detections, suppressions=rule_set.suppressions)
    evaluate_correlations(con, rule_set.detections, {"window": f"{int(window.total_seconds())} seconds"})


def _chosen(con: duckdb.DuckDBPyConnection, request: Request) -> list[str]:
    if request.since is not None or request.until is not None:
        if request.who or request.at:
            raise SettingsError(
                "a person or --at goes with one hunt, --from and --to with all of a window",
                hint="leave one out",
            )
        since, until = request.since or LONG_AGO, request.until or FAR_AHEAD
        if since >= until:
            raise SettingsError("--from is not before --to", hint="turn them round")
        rows = con.execute(
            "select reset_id from int_resets where occurred_at >= $since and occurred_at < $until order by occurred_at, reset_id",
            {"since": since, "until": until},
        ).fetchall()
        return [row[0] for row in rows]
    if not request.who:
        raise SettingsError("whom to hunt?", hint="name a person, or give --from and --to")
    return [find_reset(con, find_person(con, request.who), request.at)]


def _bounds(con: duckdb.DuckDBPyConnection, request: Request, reset_ids: list[str]) -> Bounds:
    """From the midnight before the look-back of the first reset to the end of the last window."""
    first_at, last_at = con.execute(
        "select min(occurred_at), max(occurred_at) from int_resets where list_contains($reset_ids, reset_id)",
        {"reset_ids": reset_ids},
    ).fetchall()[0]
    since = datetime.combine(max(first_at - request.look_back, LONG_AGO), time())
    return Bounds(since, first_at, last_at + request.window)


def read_score_parameters(con: duckdb.DuckDBPyConnection) -> dict[str, Parameter]:
    """sql/seeds/score_parameters.csv as bound parameters."""
    return dict(con.execute("select name, value from score_parameters").fetchall())
