"""The facts of a lake's events, the bounds that they are expected in, and examples of what lies outside."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import duckdb

from pipeline.connection import connect
from pipeline.lake import Lake
from pipeline.models import load_seeds
from pipeline.settings import sql_text

SPAN_EVENTS = 4_000_000  # whose keys are compared at a time: about 200 MB
MEMORY_LIMIT = "1200MB"
DUPLICATES = """
from duplicate_keys
qualify row_number() over (
    partition by source, tenant_id, is_new order by occurred_at desc, event_id, discriminator
) <= 3
order by source, tenant_id, is_new, occurred_at desc, event_id, discriminator
"""
HOURS = """
from unusual_hours
qualify row_number() over (partition by source, tenant_id, kind, is_new order by hour desc) <= 3
order by source, tenant_id, kind, is_new, hour desc
"""

ScopeName = Literal["new", "lake"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expectation:
    """A row of the seed: the fact is to lie in [least, most]; a bound that is none does not bind."""

    fact: str
    least: float | None
    most: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """`facts`: a row for each tenant of a scope and source. `examples`: of a fact, source and tenant, whether each is new,
    and in words."""

    expectations: dict[tuple[ScopeName, str], list[Expectation]] = field(default_factory=dict)
    facts: dict[tuple[ScopeName, str], list[Row]] = field(default_factory=dict)
    examples: dict[tuple[str, str, str | None], list[tuple[bool, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def measure(
    lake: Lake,
    now: datetime,
    since: datetime | None,
    batch_id: str | None,
    occurred_since: datetime | None = None,
) -> Measured:
    """Reads no `raw`, and each other column once. Fifty million events take some fifteen seconds and less than a gigabyte."""
    measured = Measured()
    with connect(lake.folder / "tmp", MEMORY_LIMIT) as con:
        con.execute(sql_text("ingest/macros"))
        load_seeds(con)
        snapshot_id = lake.snapshot_id
        lake.create_events_view(con, occurred_since, snapshot_id=snapshot_id)
        new = {"batch_id": batch_id, "arrived_since": None if batch_id else since}
        con.execute(f"create temp table quality_hours as {sql_text('checks/quality_hours')}", new)
        days = con.execute(sql_text("checks/event_days")).fetchall()
        offending = _rows(con, sql_text("checks/offending_events"), new)
        _find_duplicates(con, lake, snapshot_id, days, new)
        con.execute(f"create temp table unusual_hours as {sql_text('checks/unusual_hours')}")
        scopes: tuple[ScopeName, ...] = ("new", "lake") if batch_id or since else ("lake",)
        if occurred_since:
            scopes = ("new",)
        for scope in scopes:
            for row in _rows(con, sql_text("checks/quality_facts"), {"only_new": scope == "new", "now": now}):
                measured.facts.setdefault((scope, row["source"]), []).append(row)
        bounds = con.execute(
            "select scope, source, fact, min_value, max_value, reason from quality_expectations"
        ).fetchall()
        for key in measured.facts:
            measured.expectations[key] = _expected(*key, bounds)
        for key, is_new, words in _examples(con, offending):
            measured.examples[key].append((is_new, words))
    return measured


def _expected(scope: ScopeName, source: str, bounds: list[tuple[Any, ...]]) -> list[Expectation]:
    """A source's own bounds where it has some, else everybody's; a row without any bound expects nothing."""
    chosen: dict[str, Expectation] = {}
    for of_source in ("*", source):
        for of_scope, named, fact, least, most, reason in bounds:
            if named == of_source and of_scope in ("*", scope):
                chosen[fact] = Expectation(fact, least, most, reason)
    return [bound for bound in chosen.values() if (bound.least, bound.most) != (None, None)]


def _find_duplicates(
    con: duckdb.DuckDBPyConnection,
    lake: Lake,
    snapshot_id: int | None,
    days: list[tuple[date, int]],
    new: dict[str, Any],
) -> None:
    """Table `duplicate_keys`, over some days at a time, so that only their keys need to fit into memory."""
    text = sql_text("checks/duplicate_keys")
    nothing = {"since": datetime.min, "until": datetime.min}
    con.execute(f"create temp table duplicate_keys as {text}", new | nothing)
    for since, until in _spans(days):
        lake.create_events_view(con, since, until, snapshot_id=snapshot_id)
        con.execute(f"insert into duplicate_keys {text}", new | {"since": since, "until": until})


def _spans(days: list[tuple[date, int]]) -> Iterator[tuple[datetime, datetime]]:
    """[since, until) of as many days in order as hold about SPAN_EVENTS, one at least."""
    first, total = None, 0
    for day, count in days:
        if first is not None and total + count > SPAN_EVENTS:
            yield datetime.combine(first, time()), datetime.combine(day, time())
            first, total = None, 0
        first, total = first or day, total + count
    if first is not None:
        yield datetime.combine(first, time()), datetime.combine(days[-1][0], time()) + timedelta(days=1)


def _examples(
    con: duckdb.DuckDBPyConnection, offending: list[Row]
) -> Iterator[tuple[tuple[str, str, str | None], bool, str]]:
    for row in offending:
        words = f"{row['event_id'] or 'no id'} of {row['occurred_at']} ({row['source_file']}, row {row['source_row']})"
        yield (row["fact"], row["source"], row["tenant_id"]), row["is_new"], words
    for row in _rows(con, DUPLICATES, {}):
        words = f"{row['event_id']} of {row['occurred_at']}, {row['copy_count']} copies"
        yield ("duplicate_key_count", row["source"], row["tenant_id"]), row["is_new"], words
    for row in _rows(con, HOURS, {}):
        words = (
            f"{row['hour']:%Y-%m-%d %H:%M} UTC: {row['event_count']:,} events, "
            f"{row['usual_from']:,} to {row['usual_to']:,} in the seven days before"
        )
        yield (f"{row['kind']}_hour_count", row["source"], row["tenant_id"]), row["is_new"], words


def _rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[Row]:
    cursor = con.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
