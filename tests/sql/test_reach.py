"""Reach: forward in time, along each kind of edge, and the same whatever the order of the input."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.models import build_models, models_before
from pipeline.portable_reach import build_reach_steps, read_portable
from pipeline.schema import create_empty_events
from pipeline.score import shipped_parameters
from tests.sql.conftest import SINCE, UNTIL, at, audit, cloudtrail, give, sign_in

RESET = audit("2 09:00", "Reset user password")
THINGS = "select thing_id, seed, depth from reach order by thing_id"


def test_fresh_and_residual_sessions_are_told_apart(build) -> None:
    query = build(
        [
            sign_in("1 08:00", session="old"),
            sign_in("1 08:00", session="over"),
            RESET,
            sign_in("2 09:30", session="new"),
            sign_in("2 10:00", session="old", source="entra_signin_noninteractive"),
            sign_in("2 11:00", "bob@example.com", session="bobs"),
        ]
    )
    assert query(THINGS) == [("entra-session:new", "fresh", 0), ("entra-session:old", "residual", 0)]
    assert query("select first_reached_at from reach where seed = 'residual'") == [(at("2 10:00"),)]


def test_a_session_after_the_window_is_not_reached(build) -> None:
    assert build([RESET, sign_in("2 12:00")], timedelta(hours=2))(THINGS) == []


def test_a_failed_sign_in_reaches_nothing(build) -> None:
    assert build([RESET, sign_in("2 09:30", outcome="failure")])(THINGS) == []


def chain() -> list[dict]:
    """Alice's session → secret on a service principal → used elsewhere → secret read → key → role in another account."""
    principal = {"principal_id": "oid-sp", "principal_name": "sp", "principal_kind": "service_principal"}
    return [
        cloudtrail("1 08:00", "ListBuckets", "AKIADEPLOY", "deploy", source_ip="192.0.2.50"),
        sign_in("1 08:00", "ops@example.com", session="ops", source_ip="192.0.2.77", asn=64999),
        sign_in("1 08:30", session="old"),
        RESET,
        sign_in("5 09:30", session="new", source_ip="203.0.113.5", asn=65000),
        audit(
            "5 09:40",
            "Add service principal credentials",
            None,
            "alice@example.com",
            source_ip="203.0.113.5",
            issued_credential_id="kid-1",
            target_name="sp",
        ),
        sign_in(
            "5 09:50",
            source="entra_signin_service_principal",
            session=None,
            credential_id="kid-1",
            source_ip="203.0.113.9",
            asn=65001,
            **principal,
        ),
        audit(
            "5 09:51",
            "SecretGet",
            None,
            source="azure_key_vault",
            source_ip="203.0.113.9",
            target_id="https://kv/secrets/aws-key",
            target_name="aws-key",
            **principal,
        ),
        cloudtrail(
            "5 10:00",
            "AssumeRole",
            "AKIADEPLOY",
            "deploy",
            "sts.amazonaws.com",
            source_ip="203.0.113.6",
            issued_credential_id="ASIANEW",
            target_id="arn:role",
        ),
        cloudtrail(
            "5 10:05",
            "GetObject",
            "ASIANEW",
            "deploy",
            "s3.amazonaws.com",
            source_ip="203.0.113.6",
            tenant_id="444455556666",
            target_id="b/k",
            target_kind="object",
        ),
        cloudtrail(
            "5 10:06",
            "ModifySnapshotAttribute",
            "ASIANEW",
            "deploy",
            "ec2.amazonaws.com",
            source_ip="203.0.113.6",
            target_id="snap-1",
            target_tenant_id="999988887777",
        ),
        cloudtrail("5 10:10", "ListBuckets", "AKIADEPLOY", "deploy", source_ip="192.0.2.50"),
    ]


CHAIN = [
    "entra-session:new",
    "sp-credential:kid-1",
    "sp-credential:kid-1@AS65001",
    "secret:https://kv/secrets/aws-key",
    "aws-key:AKIADEPLOY@AS65000",
    "aws-key:ASIANEW",
    "aws-account:999988887777",
]


def test_the_chain_through_both_clouds(build) -> None:
    query = build(chain(), timedelta(days=7))
    assert [row[0] for row in query("select thing_id from reach order by depth, first_reached_at")] == CHAIN
    assert query("select path from reach where thing_id = 'aws-key:ASIANEW'") == [
        (["e5", "e6", "e7", "e8", "e9", "e9"],)
    ]
    confidences = [row[0] for row in query("select confidence from reach order by depth")]
    assert confidences == sorted(confidences, reverse=True)


def test_the_old_network_of_a_stolen_key_is_not_reached(build) -> None:
    things = [row[0] for row in build(chain(), timedelta(days=7))("select thing_id from reach")]
    assert "aws-key:AKIADEPLOY@192.0.2.0/24" not in things
    assert not any("64999" in thing for thing in things)


def test_an_edge_before_the_holder_was_reached_is_not_followed(build) -> None:
    rows = chain()
    rows[5] |= {"occurred_at": at("1 09:40")}  # the secret was added the day before, from elsewhere
    assert "sp-credential:kid-1" not in [
        row[0] for row in build(rows, timedelta(days=7))("select thing_id from reach")
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_input_changes_no_table(build, seed: int) -> None:
    rows = [row | {"event_id": f"id{number:02}"} for number, row in enumerate(chain())]
    tables = ("int_resets", "int_sessions", "int_trust_edges", "reach")
    expected = build(rows, timedelta(days=7))
    before = [expected(f"select * from {table} order by all") for table in tables]
    random.Random(seed).shuffle(rows)
    query = build(rows, timedelta(days=7))
    assert [query(f"select * from {table} order by all") for table in tables] == before


def test_console_sessions_are_the_role_and_the_creation_date(build) -> None:
    role = {
        "principal_kind": "role",
        "principal_id": "AROAX:alice@example.com",
        "principal_name": "alice@example.com",
        "credential_kind": "console_session",
    }
    session = {
        "session_id": "AROAX:alice@example.com/2026-03-02T10:00:00Z",
        "session_started_at": at("2 10:00"),
    }
    query = build(
        [RESET, *(cloudtrail(f"2 10:0{n}", "ListBuckets", f"ASIA{n}", **role, **session) for n in range(4))]
    )
    assert query(THINGS) == [("aws-session:AROAX:alice@example.com/2026-03-02T10:00:00Z", "fresh", 0)]


def test_a_role_taken_in_the_console_is_tied_by_id_and_creation_date(build) -> None:
    role = {"principal_kind": "role", "credential_kind": "console_session"}
    query = build(
        [
            RESET,
            cloudtrail("2 10:00", "AssumeRole", "ASIAP", "x", "sts.amazonaws.com", **role, principal_id="AROAX:alice@example.com", principal_name="alice@example.com",
                       session_id="p", session_started_at=at("2 09:59"), issued_session_id="AROAY:switched", target_id="arn:other"),
            cloudtrail("2 10:01", "ListBuckets", "ASIAQ", "x", **role, principal_id="AROAY:switched", principal_name="switched", session_id="c", session_started_at=at("2 10:00")),
        ]
    )  # fmt: skip
    assert ("aws-session:c", "fresh", 1) in query(THINGS)


EDGES = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 5), st.integers(0, 8), st.sampled_from([0.5, 0.8, 1.0])
    ).filter(lambda edge: edge[0] != edge[1]),
    max_size=14,
)


def walk(edges: list[tuple[int, int, int, float]], max_fan_out: int) -> dict[int, tuple[int, float]]:
    """Plain and slow: every path from thing 0, reached at time 0, forward in time, and not on from a thing of which more than
    `max_fan_out` others come. Thing → (first time, best confidence)."""
    found: dict[int, tuple[int, float]] = {0: (0, 1.0)}
    wide = {
        start for start, *_ in edges if len({end for other, end, *_ in edges if other == start}) > max_fan_out
    }

    def step(thing: int, time: int, confidence: float, used: frozenset[int]) -> None:
        for number, (start, end, when, weight) in enumerate(edges):
            if start != thing or start in wide or when < time or number in used:
                continue
            better = confidence * weight
            first, best = found.get(end, (when, 0.0))
            found[end] = (min(first, when), max(best, better))
            step(end, when, better, used | {number})

    step(0, 0, 1.0, frozenset())
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDGES, st.sampled_from([2, 3, 40]))
def test_reach_equals_a_plain_walk_over_all_paths(
    con, edges: list[tuple[int, int, int, float]], max_fan_out: int
) -> None:
    create_empty_events(con)
    times = {"since": SINCE, "until": UNTIL, "window": timedelta(hours=72), "look_back": timedelta(days=30)}
    parameters = {**shipped_parameters(), **times, "max_fan_out": max_fan_out}
    build_models(con, parameters, set(models_before("int_reach_steps")) & set(models_before("signals")))
    start = at("2 09:00")
    give(con, "int_resets", [{"reset_id": "r", "person_id": "p", "occurred_at": start}])
    give(
        con,
        "int_reach_seeds",
        [
            {
                "reset_id": "r",
                "thing_id": "0",
                "kind": "sign_in_session",
                "seed": "fresh",
                "first_reached_at": start,
                "confidence": 1.0,
                "event_id": "s",
                "why": "w",
            }
        ],
    )
    give(
        con,
        "int_trust_edges",
        [
            {
                "edge_id": f"{n}",
                "occurred_at": start + timedelta(minutes=when),
                "from_thing_id": str(a),
                "to_thing_id": str(b),
                "to_kind": "secret",
                "kind": "reads_secret",
                "confidence": weight,
                "event_id": f"e{n}",
                "why": "w",
            }
            for n, (a, b, when, weight) in enumerate(edges)
        ],
    )
    build_models(con, parameters, ["int_wide_things", "int_reach_steps", "reach", "reach_cuts"])
    steps = "from int_reach_steps order by all"
    recursive = con.execute(steps).fetchall()
    assert build_reach_steps(con, parameters) <= len(edges) + 1
    assert con.execute(steps).fetchall() == recursive
    rows = con.execute("select thing_id, first_reached_at, confidence from reach").fetchall()
    found = {
        int(thing): (int((first - start).total_seconds() // 60), round(confidence, 9))
        for thing, first, confidence in rows
    }
    assert found == {
        thing: (first, round(confidence, 9))
        for thing, (first, confidence) in walk(edges, max_fan_out).items()
    }


def test_keys_turned_into_a_console_session_are_followed(build) -> None:
    role = {"principal_kind": "role", "principal_id": "AROAY:x", "principal_name": "x"}
    alice = {
        "principal_kind": "role",
        "principal_id": "AROAX:alice@example.com",
        "principal_name": "alice@example.com",
    }
    query = build(
        [
            RESET,
            cloudtrail("2 10:00", "AssumeRole", "ASIAP", "x", "sts.amazonaws.com", **alice, issued_credential_id="ASIAY", target_id="arn:other"),
            cloudtrail("2 10:05", "GetSigninToken", "ASIAY", "x", "signin.amazonaws.com", **role),
            cloudtrail("2 10:06", "ListBuckets", "ASIAZ", "x", **(role | {"credential_kind": "console_session"}), session_id="c", session_started_at=at("2 10:05")),
        ]
    )  # fmt: skip
    assert ("aws-session:c", "fresh", 2) in query(THINGS)


def okta(when: str, action: str, session: str | None = "s-new", **more: object) -> dict:
    return {
        "source": "okta_system",
        "provider": "okta",
        "tenant_id": "acme.okta.com",
        "occurred_at": at(when),
        "action": action,
        "outcome": "success",
        "principal_id": "00u-alice",
        "principal_name": "alice@example.com",
        "principal_kind": "user",
        "session_id": session,
        "source_ip": "203.0.113.5",
        "asn": 65000,
    } | more


def test_an_okta_session_reaches_a_token_and_what_it_grants(build) -> None:
    query = build(
        [
            okta("1 08:00", "user.session.start", "s-old", source_ip="192.0.2.7", asn=64500),
            okta(
                "2 09:00",
                "user.mfa.factor.reset_all",
                "s-hana",
                principal_id="00u-hana",
                principal_name="hana@example.com",
                target_id="00u-alice",
                target_name="alice@example.com",
                target_kind="user",
            ),
            okta("2 09:30", "user.session.start"),
            okta("2 09:40", "system.api_token.create", issued_credential_id="00T1", target_name="backup"),
            okta(
                "2 09:45", "user.account.privilege.grant", target_id="00u-eve", target_name="eve@example.com"
            ),
            okta(
                "2 10:10",
                "user.lifecycle.activate",
                None,
                credential_id="00T1",
                credential_kind="api_token",
                source_ip="198.51.100.9",
                asn=65010,
            ),
            okta("2 10:20", "user.authentication.sso", "s-old", source_ip="192.0.2.7", asn=64500),
        ]
    )
    assert query("select thing_id, kind, seed, depth from reach order by first_reached_at, thing_id") == [
        ("okta-session:s-new", "sign_in_session", "fresh", 0),
        ("okta-token:00T1", "api_token", "fresh", 1),
        ("grant:acme.okta.com/eve@example.com", "grant", "fresh", 1),
        ("okta-token:00T1@AS65010", "api_token_use", "fresh", 0),  # a token acts as who made it
        ("okta-session:s-old", "sign_in_session", "residual", 0),
    ]


def test_mail_and_graph_are_acts_of_the_session_that_signed_in(build) -> None:
    mail = {"source": "m365_audit", "provider": "m365", "tenant_id": "t", "outcome": "success"}
    alice = {"principal_id": "oid-alice", "principal_name": "alice@example.com", "principal_kind": "user"}
    query = build(
        [
            RESET,
            sign_in("2 09:30", session="new"),
            mail | alice | {"occurred_at": at("2 09:40"), "action": "MailItemsAccessed", "session_id": "new"},
            mail
            | alice
            | {
                "occurred_at": at("2 09:50"),
                "action": "Add-MailboxPermission",
                "session_id": "new",
                "target_name": "ceo@example.com",
            },
        ]
    )
    assert query(THINGS) == [("entra-session:new", "fresh", 0), ("grant:t/ceo@example.com", "fresh", 1)]
    assert query(
        "select thing_id, attribution from int_event_holders where source = 'm365_audit' group by all"
    ) == [("entra-session:new", "exact")]


@pytest.mark.parametrize("name", ["reach_round", "reach_seed_steps"])
def test_the_portable_form_can_be_told_in_spark(name: str) -> None:
    sqlglot = pytest.importorskip("sqlglot", reason="sqlglot is not installed")
    (spark,) = sqlglot.transpile(read_portable(name), read="duckdb", write="spark")
    assert "steps_so_far" in spark or name == "reach_seed_steps"
    sqlglot.parse_one(spark, read="spark")


def test_a_thing_of_which_too_much_comes_is_not_followed_and_that_is_said(build) -> None:
    """A key that forty networks and more use is shared automation: whoever learns it does not reach them all."""
    shared = {"principal_kind": "user", "principal_id": "AIDASHARED"}
    uses = [
        cloudtrail(
            f"2 10:{minute:02d}",
            "ListBuckets",
            "AKIASHARED",
            "shared",
            source_ip=f"198.18.{minute}.7",
            **shared,
        )
        for minute in range(45)
    ]
    alice = {"principal_kind": "role", "principal_id": "AROAX:alice@example.com"}
    made = cloudtrail(
        "2 09:40",
        "CreateAccessKey",
        "ASIAALICE",
        "alice@example.com",
        "iam.amazonaws.com",
        issued_credential_id="AKIASHARED",
        **alice,
    )
    query = build([RESET, made, *uses])
    things = [row[0] for row in query("select thing_id from reach where depth > 1")]
    assert things == []
    assert ("aws-key:AKIASHARED", 45) in query("select from_thing_id, thing_count from int_wide_things")
