"""The score as SQL: its parts add up, it meets the reckoning by hand, and what must never change it does not."""

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import ModelError
from pipeline.models import Parameter, build_models, load_seeds
from pipeline.score import (
    Evidence,
    Weights,
    log_odds_of,
    longest_chain,
    read_domains,
    score_of,
    shipped_parameters,
)
from pipeline.score_checks import check_scores
from pipeline.signal_history import create_history_tables

RESET_AT = datetime(2026, 3, 2, 9)
SCORING = (
    "weighed_signals",
    "reset_outlooks",
    "signal_rates",
    "score_spread",
    "score_parts",
    "score_bands",
    "scores",
    "findings",
)
DOMAINS = sorted(read_domains())
DETECTIONS = {
    f"{domain} {points}": (domain, points) for domain in DOMAINS for points in (0.0, 0.5, 1.25, 2.5, 4.0)
}

TABLES = """
create or replace temp table int_resets (reset_id varchar, person_id varchar, occurred_at timestamp, event_ids varchar[]);
create or replace temp table int_person_networks (person_id varchar, network_id varchar, first_seen_at timestamp, known_since timestamp as (first_seen_at));
create or replace temp table int_principal_networks (principal_id varchar, network_id varchar, first_seen_at timestamp);
create or replace temp table int_principal_clients (principal_id varchar, client varchar, first_seen_at timestamp);
create or replace temp table int_vouched_networks (reset_id varchar, network_id varchar);
create or replace temp table strange_things (reset_id varchar, thing_id varchar);
create or replace temp table int_baselines (person_id varchar, facet varchar, value varchar, first_seen_at timestamp);
create or replace temp table int_log_coverage (source varchar, hour timestamp);
create or replace temp table int_log_completeness (reset_id varchar, source varchar, completeness double);
create or replace temp table detection_sources (detection varchar, source varchar);
create or replace temp table detections (detection varchar, title varchar, control_domain varchar, points double, close_when varchar);
create or replace temp table signals_in_reach (
    reset_id varchar, detection varchar, source varchar, tenant_id varchar, event_id varchar, occurred_at timestamp, thing_id varchar,
    principal_id varchar, person_id varchar, network_id varchar, client varchar, confidence double, depth integer, seed varchar, why varchar
)
"""


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    load_seeds(connection)
    return connection


def signal(
    detection: str, event: str, minutes: float = 10, confidence: float = 1.0, **more: Any
) -> dict[str, Any]:
    return {
        "reset_id": "r", "detection": detection, "source": "aws_cloudtrail", "tenant_id": "t", "event_id": event, "person_id": "p",
        "occurred_at": RESET_AT + timedelta(minutes=minutes), "thing_id": "x", "network_id": "new", "confidence": confidence,
    } | more  # fmt: skip


def give(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        names = ", ".join(row)
        con.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))


def scored(
    con: duckdb.DuckDBPyConnection,
    signals: list[dict[str, Any]],
    resets: list[dict[str, Any]] | None = None,
    **tables: list[dict[str, Any]],
) -> dict[str, Any]:
    """The row of `scores` of reset `r`, with its parts as `parts`."""
    con.execute(TABLES)
    create_history_tables(con)
    give(
        con,
        "int_resets",
        [{"reset_id": "r", "person_id": "p", "occurred_at": RESET_AT, "event_ids": ["e0"]}, *(resets or [])],
    )
    give(con, "detections", [
        {"detection": name, "title": name, "control_domain": domain, "points": points, "close_when": ""}
        for name, (domain, points) in DETECTIONS.items()
    ])  # fmt: skip
    give(con, "signals_in_reach", signals)
    for table, rows in tables.items():
        give(con, table, rows)
    parameters: dict[str, Parameter] = {
        **shipped_parameters(),
        "window": timedelta(hours=72),
        "look_back": timedelta(days=30),
    }
    build_models(con, parameters, SCORING)
    found = con.sql("select * from scores where reset_id = 'r'")
    (row,) = [dict(zip(found.columns, values, strict=True)) for values in found.fetchall()]
    parts = con.sql("select * from score_parts where reset_id = 'r' order by part_id")
    return row | {"parts": [dict(zip(parts.columns, values, strict=True)) for values in parts.fetchall()]}


SIGNALS = st.lists(
    st.builds(
        signal,
        st.sampled_from(sorted(DETECTIONS)),
        st.sampled_from([f"e{number}" for number in range(12)]),
        st.integers(0, 4000),
        st.sampled_from([0.3, 0.75, 1.0]),
    ),
    max_size=14,
    unique_by=lambda row: (row["detection"], row["event_id"]),
)
slow = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@slow
@given(SIGNALS)
def test_the_sum_is_what_adding_by_hand_gives(
    con: duckdb.DuckDBPyConnection, signals: list[dict[str, Any]]
) -> None:
    row = scored(con, signals)
    evidence = [
        Evidence(
            one["detection"],
            DETECTIONS[one["detection"]][0],
            one["occurred_at"],
            DETECTIONS[one["detection"]][1] * one["confidence"],
            one["event_id"] != "e0",
        )
        for one in signals
    ]
    by_hand = log_odds_of(evidence, Weights.of({}))
    assert row["log_odds"] == pytest.approx(by_hand, abs=1e-6)
    assert row["score"] == score_of(by_hand)
    assert math.fsum(part["points"] for part in row["parts"]) == pytest.approx(row["log_odds"], abs=1e-6)
    assert 0 <= row["score_low"] <= row["score"] <= row["score_high"] <= 99


@slow
@given(SIGNALS, st.randoms(use_true_random=False))
def test_the_order_of_the_signals_changes_nothing(
    con: duckdb.DuckDBPyConnection, signals: list[dict[str, Any]], rng: Any
) -> None:
    one = scored(con, signals)
    rng.shuffle(signals)
    assert scored(con, signals) == one


@slow
@given(SIGNALS, SIGNALS)
def test_more_evidence_never_lowers_the_score(
    con: duckdb.DuckDBPyConnection, signals: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    seen = {(one["detection"], one["event_id"]) for one in signals}
    more = [one for one in more if (one["detection"], one["event_id"]) not in seen]
    assert scored(con, signals + more)["log_odds"] >= scored(con, signals)["log_odds"] - 1e-6


@slow
@given(SIGNALS, st.sampled_from(sorted(DETECTIONS)))
def test_a_repetition_adds_no_more_than_its_share(
    con: duckdb.DuckDBPyConnection, signals: list[dict[str, Any]], detection: str
) -> None:
    before = [*signals, *(signal(detection, f"again {number}") for number in range(3))]
    again = signal(detection, "again 9")
    gained = scored(con, [*before, again])["log_odds"] - scored(con, before)["log_odds"]
    assert gained <= DETECTIONS[detection][1] * 4**-1.5 + 1e-3


def test_without_a_signal_after_the_reset_the_score_is_zero(con: duckdb.DuckDBPyConnection) -> None:
    assert scored(con, [])["score"] == 0
    on_the_reset = [signal("help_desk 4.0", "e0", 0, thing_id=None), signal("sessions 4.0", "e5", -3)]
    row = scored(con, on_the_reset)
    assert (row["score"], row["log_odds"]) == (0, -4.0)
    assert any("counts only once something follows" in part["reason"] for part in row["parts"])
    assert scored(con, [*on_the_reset, signal("data_access 0.5", "e6")])["score"] > 0


def test_one_domain_gives_no_more_than_its_cap(con: duckdb.DuckDBPyConnection) -> None:
    many = [signal(name, "e1") for name in DETECTIONS if name.startswith("secrets")]
    row = scored(con, many)
    assert row["log_odds"] == pytest.approx(-4 + read_domains()["secrets"].cap_points)
    assert any("no one domain gives" in part["reason"] for part in row["parts"])


def test_the_chain_counts_forward_in_time_only(con: duckdb.DuckDBPyConnection) -> None:
    forward = [
        signal("sessions 1.25", "e1", 10),
        signal("secrets 1.25", "e2", 20),
        signal("data_access 1.25", "e3", 30),
    ]
    backward = [
        signal("sessions 1.25", "e1", 30),
        signal("secrets 1.25", "e2", 20),
        signal("data_access 1.25", "e3", 10),
    ]
    points = {
        name: [part["points"] for part in scored(con, rows)["parts"] if part["part_id"] == "spread"]
        for name, rows in (("f", forward), ("b", backward))
    }
    assert points == {"f": [1.0], "b": []}


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5)), max_size=9))
def test_the_longest_chain_is_that_of_all_subsets(pairs: list[tuple[int, int]]) -> None:
    links = [(stage, RESET_AT + timedelta(minutes=minute)) for stage, minute in pairs]
    best = 0
    for chosen in range(1 << len(links)):
        row = sorted(link for number, link in enumerate(links) if chosen >> number & 1)
        if all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(row)):
            best = max(best, len(row))
    assert longest_chain(links) == best


def test_history_makes_a_common_signal_weak_but_an_attack_does_not(con: duckdb.DuckDBPyConnection) -> None:
    earlier = [
        {
            "reset_id": f"r{number}",
            "person_id": f"p{number}",
            "occurred_at": RESET_AT - timedelta(days=number + 1),
            "event_ids": [],
        }
        for number in range(20)
    ]
    own = [signal("sessions 1.25", "e1")]
    alone = scored(con, own, earlier)["log_odds"]
    common = [signal("sessions 1.25", f"x{number}", reset_id=f"r{number}") for number in range(20)]
    usual = scored(con, [*own, *common], earlier)
    assert usual["log_odds"] < alone - 0.5
    assert any(
        "seen after 20 of 20 earlier resets" in part["reason"] or "earlier resets here" in part["reason"]
        for part in usual["parts"]
    )
    attacks = [
        signal(name, f"y{number}", reset_id=f"r{number}")
        for number in range(20)
        for name in DETECTIONS
        if name.endswith("4.0")
    ]
    assert scored(con, [*own, *common, *attacks], earlier)["log_odds"] > alone - 0.05


def test_kept_history_counts_like_resets_of_the_same_run(con: duckdb.DuckDBPyConnection) -> None:
    own = [signal("sessions 1.25", "e1")]
    past = [
        {
            "reset_id": f"r{number}",
            "person_id": f"p{number}",
            "occurred_at": RESET_AT - timedelta(days=number + 1),
            "ordinary": 0.939,
        }
        for number in range(5)
    ]
    kept = scored(
        con,
        own,
        past_resets=past,
        past_signals=[{"reset_id": f"r{number}", "detection": "sessions 1.25"} for number in range(5)],
    )
    resets = [
        {**{key: row[key] for key in ("reset_id", "person_id", "occurred_at")}, "event_ids": []}
        for row in past
    ]
    together = scored(
        con,
        own + [signal("sessions 1.25", f"x{number}", reset_id=f"r{number}") for number in range(5)],
        resets,
    )
    assert kept["log_odds"] == pytest.approx(together["log_odds"], abs=0.01)


def test_the_band_widens_when_a_source_is_missing(con: duckdb.DuckDBPyConnection) -> None:
    own = [signal("sessions 2.5", "e1")]
    sources = [{"detection": name, "source": "aws_cloudtrail"} for name in DETECTIONS]
    whole = scored(
        con,
        own,
        detection_sources=sources,
        int_log_completeness=[{"reset_id": "r", "source": "aws_cloudtrail", "completeness": 1.0}],
    )
    half = scored(
        con,
        own,
        detection_sources=sources,
        int_log_completeness=[{"reset_id": "r", "source": "aws_cloudtrail", "completeness": 0.5}],
    )
    none = scored(
        con,
        own,
        detection_sources=sources,
        int_log_completeness=[{"reset_id": "r", "source": "aws_cloudtrail", "completeness": 0.0}],
    )
    assert whole["score"] == half["score"] == none["score"]
    assert whole["log_odds_high"] == whole["log_odds"] < half["log_odds_high"] < none["log_odds_high"]
    assert whole["score_high"] == whole["score"] < half["score_high"]


def test_an_inferred_path_lowers_the_low_end(con: duckdb.DuckDBPyConnection) -> None:
    past = [{"source": "aws_cloudtrail", "hour": RESET_AT - timedelta(days=20)}]
    sure = scored(con, [signal("sessions 2.5", "e1")], int_log_coverage=past)
    inferred = scored(con, [signal("sessions 2.5", "e1", confidence=0.6)], int_log_coverage=past)
    assert sure["log_odds_low"] == sure["log_odds"]
    assert inferred["log_odds_low"] < inferred["log_odds"] < sure["log_odds"]


def test_known_places_and_clients_say_less(con: duckdb.DuckDBPyConnection) -> None:
    past = RESET_AT - timedelta(days=3)
    network = {"int_person_networks": [{"person_id": "p", "network_id": "new", "first_seen_at": past}]}
    client = {
        "int_baselines": [{"person_id": "p", "facet": "client", "value": "curl", "first_seen_at": past}]
    }
    one = [signal("sessions 2.5", "e1", client="curl")]
    new, same_network, same_both = (
        scored(con, one),
        scored(con, one, **network),
        scored(con, one, **network, **client),
    )
    assert [round(row["log_odds"] + 4, 4) for row in (new, same_network, same_both)] == [2.5, 1.5, 0.625]


def test_a_network_of_many_says_less_of_a_key_than_one_of_few(con: duckdb.DuckDBPyConnection) -> None:
    past = RESET_AT - timedelta(days=3)
    key = [signal("sessions 2.5", "e1", person_id="machine")]
    uses = [{"principal_id": f"m{n}", "network_id": "new", "first_seen_at": past} for n in range(4)]
    few, many = (
        scored(con, key, int_principal_networks=uses[:3]),
        scored(con, key, int_principal_networks=uses),
    )
    assert [round(row["log_odds"] + 4, 4) for row in (few, many)] == [2.5, 1.125]


def test_where_no_device_can_vouch_a_new_network_says_less(con: duckdb.DuckDBPyConnection) -> None:
    one = [signal("sessions 2.5", "e1", source="entra_signin_noninteractive", person_id="p")]
    device = {"person_id": "q", "facet": "device", "value": "d", "first_seen_at": RESET_AT}
    assert round(scored(con, one)["log_odds"] + 4, 4) == 1.375
    assert round(scored(con, one, int_baselines=[device])["log_odds"] + 4, 4) == 2.5


def test_a_score_that_does_not_add_up_is_not_told(con: duckdb.DuckDBPyConnection) -> None:
    parameters: dict[str, Parameter] = dict(shipped_parameters())
    scored(con, [signal("sessions 2.5", "e1")])
    check_scores(con, parameters)
    con.execute("update scores set log_odds = log_odds + 0.001")
    with pytest.raises(ModelError, match="does not hold"):
        check_scores(con, parameters)
    scored(con, [signal("sessions 2.5", "e1")])
    con.execute("update score_parts set reason = '' where detection is not null")
    with pytest.raises(ModelError, match="does not hold"):
        check_scores(con, parameters)
