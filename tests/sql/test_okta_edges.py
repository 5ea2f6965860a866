"""Trust edges of Okta: grants, tokens, identity providers, impersonation, and the way from Okta and Entra into AWS."""

import pytest

from tests.sql.cloud_records import (
    ATTACKER,
    ELSEWHERE,
    ENDS,
    OFFICE,
    PAST,
    RESET,
    Pair,
    minute,
    okta_row,
    okta_target,
    sign_in_row,
    story,
)
from tests.sql.conftest import cloudtrail

ORG, ALICE, BOB = "acme.okta.com", "okta-session:okta-alice", "bob@example.com"
START = okta_row("9 10:00", "user.session.start")
IDP = okta_target("IdentityProvider", "Evil IdP", "0oaevil")
ACTS = [
    ("user.account.privilege.grant", okta_target("User", BOB), {"privilegeGranted": "Super administrator"}, "grants", f"grant:{ORG}/{BOB}/Super administrator"),
    ("group.privilege.grant", okta_target("UserGroup", "staff"), {}, "grants", f"grant:{ORG}/staff"),
    ("system.api_token.create", okta_target("Token", "backup", "00Tx"), {}, "issues_key", "okta-token:00Tx"),
    ("system.idp.lifecycle.create", IDP, {}, "opens_trust", f"trust:{ORG}/Evil IdP"),
    ("user.lifecycle.create", okta_target("User", "eve@example.com"), {}, "creates_principal", f"principal:{ORG}/eve@example.com"),
    ("user.account.reset_password", okta_target("User", BOB), {}, "sets_password", f"password:{BOB}/{{at}}"),
    ("user.mfa.factor.reset_all", okta_target("User", BOB), {}, "sets_password", f"password:{BOB}/{{at}}"),
    ("user.mfa.factor.activate", okta_target("User", BOB), {}, "adds_method", f"method:{BOB}/{{at}}"),
    ("app.oauth2.credentials.lifecycle.create", okta_target("PublicClientApp", "cli", "0oacli"), {}, "adds_secret", f"client-secret:{ORG}/cli"),
    ("user.session.impersonation.initiate", okta_target("User", BOB), {}, "impersonates", f"impersonation:{BOB}/{{at}}"),
]  # fmt: skip


def edges(build, *parts: Pair | list[Pair], more: list | None = None, where: str = "true") -> list[tuple]:
    query = build(story(PAST, RESET, START, *parts) + (more or []))
    return query(
        f"select from_thing_id, kind, to_thing_id, round(confidence, 2) from int_trust_edges where {where} order by 3, 1"
    )


def test_what_each_act_ends_in(build) -> None:
    acts = [
        okta_row(minute(number), event_type, targets=[whom], **debug)
        for number, (event_type, whom, debug, *_) in enumerate(ACTS)
    ]
    assert build(story(PAST, RESET, START, acts))(ENDS.format(ALICE)) == [
        (event_type, kind, end.format(at=f"2026-03-09T{minute(number)[2:]}Z"))
        for number, (event_type, _, _, kind, end) in enumerate(ACTS)
    ]


def test_ones_own_password_is_no_power_over_another(build) -> None:
    act = okta_row(
        "9 10:30", "user.account.update_password", targets=[okta_target("User", "alice@example.com")]
    )
    assert edges(build, act, where=f"from_thing_id = '{ALICE}'") == []


@pytest.mark.parametrize(
    ("provider", "is_reached"), [("0oaevil", True), ("0oaother", False)], ids=["the new one", "another"]
)
def test_sign_ins_through_the_identity_provider_that_was_made(build, provider: str, is_reached: bool) -> None:
    found = edges(
        build,
        okta_row("9 10:30", "system.idp.lifecycle.create", targets=[IDP]),
        okta_row(
            "9 11:00",
            "user.authentication.auth_via_IDP",
            "system@okta.com",
            "okta-bob",
            targets=[okta_target("AppInstance", "Evil IdP", provider), okta_target("User", BOB)],
        ),
        where="to_thing_id = 'okta-session:okta-bob'",
    )
    expected = [(f"trust:{ORG}/Evil IdP", "opens_session", "okta-session:okta-bob", 0.95)]
    assert found == (expected if is_reached else [])


def test_an_impersonated_session(build) -> None:
    found = edges(
        build,
        okta_row("9 10:30", "user.session.impersonation.initiate", targets=[okta_target("User", BOB)]),
        okta_row("9 10:31", "user.session.start", BOB, "okta-bob"),
        okta_row("9 10:32", "user.session.start", "p1@example.com", "okta-p1"),
        where="kind = 'impersonates' and from_thing_id like 'impersonation:%'",
    )
    assert found == [(f"impersonation:{BOB}/2026-03-09T10:30Z", "impersonates", "okta-session:okta-bob", 0.9)]


def test_a_password_set_in_okta_opens_sessions_of_strange_networks(build) -> None:
    past = [
        okta_row(f"{day} 08:30", "user.session.start", BOB, f"okta-bob-{day}", OFFICE) for day in (1, 3, 5)
    ]
    found = edges(
        build,
        past,
        okta_row("9 10:30", "user.account.reset_password", targets=[okta_target("User", BOB)]),
        okta_row("9 11:00", "user.session.start", BOB, "okta-office", OFFICE),
        okta_row("9 11:30", "user.session.start", BOB, "okta-strange", ELSEWHERE),
        where="from_thing_id like 'password:bob%'",
    )
    assert [(row[2], row[3]) for row in found] == [("okta-session:okta-strange", 0.6)]


ROLE = {
    "principal_kind": "role",
    "principal_id": "AROAX:alice@example.com",
    "principal_name": "alice@example.com",
    "credential_kind": "console_session",
    "session_id": "AROAX:alice@example.com/2026-03-09T10:31Z",
}
CONSOLE = "aws-session:AROAX:alice@example.com/2026-03-09T10:31Z"


def console(when: str, source_ip: str = ATTACKER) -> list[dict]:
    row = cloudtrail(when, "ListBuckets", "ASIAX", source_ip=source_ip, **ROLE)
    return [
        row
        | {"event_id": "console", "session_started_at": row["occurred_at"], "raw": "{}", "outcome": "success"}
    ]


@pytest.mark.parametrize(
    ("app", "when", "source_ip", "confidence"),
    [
        ("AWS Account Federation", "9 10:31", ATTACKER, 0.9),
        ("AWS Account Federation", "9 10:31", ELSEWHERE, 0.6),
        ("AWS Account Federation", "9 10:50", ATTACKER, None),
        ("Zoom", "9 10:31", ATTACKER, None),
    ],
    ids=["same address", "another address", "too late", "another application"],
)
def test_single_sign_on_from_okta_to_aws(
    build, app: str, when: str, source_ip: str, confidence: float | None
) -> None:
    targets = [okta_target("AppInstance", app, "0oaaws"), okta_target("AppUser", "alice@example.com")]
    act = okta_row("9 10:30", "user.authentication.sso", targets=targets)
    found = edges(
        build, act, more=console(when, source_ip), where=f"to_thing_id = '{CONSOLE}' and kind = 'signs_in'"
    )
    assert found == ([(ALICE, "signs_in", CONSOLE, confidence)] if confidence else [])


def test_single_sign_on_from_entra_to_aws(build) -> None:
    act = sign_in_row("9 10:30", resource="AWS IAM Identity Center")
    found = edges(
        build, act, more=console("9 10:31"), where=f"to_thing_id = '{CONSOLE}' and kind = 'signs_in'"
    )
    assert found == [("entra-session:s-alice", "signs_in", CONSOLE, 0.9)]


def test_single_sign_on_from_okta_to_microsoft(build) -> None:
    targets = [
        okta_target("AppInstance", "Microsoft Office 365", "0oam"),
        okta_target("AppUser", "alice@example.com"),
    ]
    found = edges(
        build,
        okta_row("9 10:30", "user.authentication.sso", targets=targets),
        sign_in_row("9 10:31"),
        where="kind = 'signs_in'",
    )
    assert found == [(ALICE, "signs_in", "entra-session:s-alice", 0.9)]
