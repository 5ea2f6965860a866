"""The SQL of correlations and brute force agree on random events, for every kind, and where one stands on another."""

import itertools
import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.sigma_duckdb import (
    ConvertedCorrelation,
    ConvertedRule,
    LogSource,
    convert,
    convert_correlation_text,
    correlation_sql,
)
from tests.sigma.plain_correlations import Found, holding

START = datetime(2026, 1, 1)
KINDS = (
    "event_count",
    "value_count",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
    "temporal",
    "temporal_ordered",
)
EVENT_COUNT = 14
Event = dict[str, Any]


def make_events(seed: int) -> list[Event]:
    """Few moments, few users in either case, values that are numbers, texts, lists or missing, several rules an event."""
    rng = Random(seed)
    events: list[Event] = []
    for number in range(EVENT_COUNT):
        event: Event = {
            "number": number,
            "at": rng.randrange(0, 12),
            "kinds": rng.sample("abc", rng.choice((1, 1, 1, 2))),
        }
        if rng.random() < 0.85:
            event["u"] = rng.choice(("x", "X", "y", ["x", "y"], ["y", "Y"]))
        if rng.random() < 0.85:
            event["n"] = rng.choice((1, 2, "2", 3.5, "k", "K", -1, [1, 2], [], "7"))
        events.append(event)
    return events


def rule(letter: str) -> ConvertedRule:
    keys = {
        "title": letter,
        "name": letter,
        "logsource": {"product": "t"},
        "detection": {"s": {"kinds": letter}, "condition": "s"},
    }
    return convert(json.dumps(keys), "", LogSource())


RULES = {letter: rule(letter) for letter in "abc"}


def correlation(
    kind: str, letters: str, span: int, operator: str, threshold: float, percentile: int, group_by: list[str]
) -> ConvertedCorrelation:
    written: dict[str, Any] = {
        "type": kind,
        "rules": list(letters),
        "timespan": f"{span}s",
        "group-by": group_by,
    }
    if not kind.startswith("temporal"):
        written["condition"] = {operator: threshold}
        if kind != "event_count":
            written["condition"]["field"] = "n"
        if kind == "value_percentile":
            written["condition"]["percentile"] = percentile
    return convert_correlation_text(json.dumps({"title": "c", "correlation": written}), "c.yml", RULES.get)


def relation(rule: ConvertedRule) -> str:
    return f"(select * from events where {rule.predicate})"


def load(con: duckdb.DuckDBPyConnection, events: list[Event]) -> None:
    columns = {
        "source": ["s"] * len(events),
        "tenant_id": ["t"] * len(events),
        "event_id": [str(event["number"]) for event in events],
        "occurred_at": [START + timedelta(seconds=event["at"]) for event in events],
        "action": [None] * len(events),
        "raw": [json.dumps(event) for event in events],
    }
    con.register("events", pa.table(columns))


def found_by(events: list[Event], letter: str, group_by: list[str]) -> list[Found]:
    return [
        Found(
            str(event["number"]),
            event["at"],
            tuple(texts(event.get(key)) for key in group_by),
            texts(event.get("n")),
        )
        for event in events
        if letter in event["kinds"]
    ]


def texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in items if item is not None)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(KINDS),
    letters=st.sampled_from(("a", "ab", "ba", "abc", "cab")),
    span=st.integers(1, 8),
    operator=st.sampled_from(("gt", "gte", "lt", "lte", "eq", "neq")),
    threshold=st.sampled_from((0, 1, 2, 3, 4, 2.5, -1)),
    percentile=st.sampled_from((0, 10, 50, 75, 100)),
    group_by=st.sampled_from((["u"], [], ["u", "n"])),
    seed=st.integers(0, 100_000),
)
def test_sql_equals_brute_force(
    kind: str,
    letters: str,
    span: int,
    operator: str,
    threshold: float,
    percentile: int,
    group_by: list[str],
    seed: int,
) -> None:
    events = make_events(seed)
    converted = correlation(kind, letters, span, operator, threshold, percentile, group_by)
    with duckdb.connect() as con:
        load(con, events)
        rows = con.execute(f"select keys, event_id from ({correlation_sql(converted, relation)})").fetchall()
    found = [found_by(events, letter, group_by) for letter in letters]
    wanted = holding(kind, found, span, operator, threshold, 50 if kind == "value_median" else percentile)
    assert len(rows) == len({(tuple(keys), event) for keys, event in rows})
    assert {(tuple(keys), event) for keys, event in rows} == wanted


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(span=st.integers(1, 6), threshold=st.integers(1, 3), seed=st.integers(0, 100_000))
def test_a_chain_equals_brute_force(span: int, threshold: int, seed: int) -> None:
    events = make_events(seed)
    inner = correlation("event_count", "a", 3, "gte", threshold, 50, ["u"])
    written = {"type": "temporal_ordered", "rules": ["inner", "b"], "timespan": f"{span}s", "group-by": ["u"]}
    outer = convert_correlation_text(
        json.dumps({"title": "o", "correlation": written}), "o.yml", {"inner": inner, **RULES}.get
    )
    with duckdb.connect() as con:
        load(con, events)
        rows = con.execute(f"select keys, event_id from ({correlation_sql(outer, relation)})").fetchall()
    by_event = {str(event["number"]): event for event in events}
    held = holding("event_count", [found_by(events, "a", ["u"])], 3, "gte", threshold, 50)
    inner_found = [
        Found(f"inner {event}", by_event[event]["at"], tuple((key,) for key in keys)) for keys, event in held
    ]
    wanted = holding("temporal_ordered", [inner_found, found_by(events, "b", ["u"])], span, "gte", 2, 50)
    assert {(tuple(keys), event) for keys, event in rows} == wanted


@pytest.mark.parametrize("seed", range(10))
def test_signals_are_a_span_apart(seed: int) -> None:
    """A signal begins each stretch of holding, and comes again a span later while it lasts."""
    rng = Random(seed)
    events = [
        {"number": number, "at": rng.randrange(0, 60), "kinds": ["a"], "u": "x"} for number in range(20)
    ]
    with duckdb.connect() as con:
        load(con, events)
        sql = correlation_sql(correlation("event_count", "a", 5, "gte", 1, 50, ["u"]), relation)
        rows = con.execute(
            f"select occurred_at, is_signal from ({sql}) order by occurred_at, event_id"
        ).fetchall()
    moments = sorted((at - START).seconds for at, _ in rows)
    signals = [(at - START).seconds for at, is_signal in rows if is_signal]
    assert signals[0] == moments[0]
    for before, at in itertools.pairwise(moments):
        assert at - before <= 5 or at in signals
    for at in moments:
        assert any(0 <= at - signal <= 5 for signal in signals)
    assert len(signals) == len(set(signals))
