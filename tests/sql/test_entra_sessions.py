"""Which sessions a password, a pass, a method, a device or a federated domain opened in Entra."""

import pytest

from tests.sql.cloud_records import (
    ATTACKER,
    BREACH,
    ELSEWHERE,
    HOME,
    OFFICE,
    PAST,
    RESET,
    TENANT,
    audit_row,
    change,
    oid,
    opened,
    sign_in_row,
    story,
    target,
)

ALICE, BOB = "entra-session:s-alice", "bob@example.com"


@pytest.mark.parametrize(
    ("source_ip", "confidence"),
    [(ATTACKER, 0.8), (ELSEWHERE, 0.6), (OFFICE, None), (HOME, None)],
    ids=["the attacker's network", "another new network", "the office", "home"],
)
def test_the_second_victim_is_known_by_the_network(build, source_ip: str, confidence: float | None) -> None:
    act = audit_row("9 10:30", "Reset user password", target(BOB))
    found = opened(build, act, sign_in_row("9 11:00", BOB, "s-bob", source_ip))
    expected = confidence and (f"password:{BOB}/2026-03-09T10:30Z", confidence)
    assert found.get("entra-session:s-bob") == expected


def test_a_session_from_before_the_password_was_set_is_not_reached(build) -> None:
    act = audit_row("9 10:30", "Reset user password", target(BOB))
    assert opened(build, sign_in_row("9 10:20", BOB, "s-bob"), act) == {}


@pytest.mark.parametrize(
    "act",
    [
        audit_row("9 10:30", "Admin registered security info", target(BOB), reason="Admin registered temporary access pass method for user"),
        audit_row("9 10:30", "Create Temporary Access Pass method for user", target(BOB)),
    ],
    ids=["by the reason", "by the activity"],
)  # fmt: skip
def test_an_access_pass_opens_the_session_that_says_so(build, act: tuple) -> None:
    found = opened(
        build,
        act,
        sign_in_row("9 11:00", BOB, "s-pass", ELSEWHERE, method="Temporary Access Pass"),
        sign_in_row("9 11:30", BOB, "s-password", ELSEWHERE),
    )
    assert found == {"entra-session:s-pass": (f"access-pass:{BOB}/2026-03-09T10:30Z", 0.9)}


def test_a_method_opens_sessions_of_its_kind(build) -> None:
    act = audit_row(
        "9 10:30",
        "Admin registered security info",
        target(BOB),
        reason="Admin registered phone number for user",
    )
    found = opened(
        build,
        act,
        sign_in_row("9 11:00", BOB, "s-sms", ATTACKER, method="Text message"),
        sign_in_row("9 11:30", BOB, "s-app", ATTACKER, method="Mobile app notification"),
        sign_in_row("9 12:00", BOB, "s-office", OFFICE, method="Text message"),
    )
    assert found == {"entra-session:s-sms": (f"method:{BOB}/2026-03-09T10:30Z", 0.7)}


def test_a_device_signs_in_after_the_next_reset_too(build) -> None:
    """The device service writes `Add device` in its own name; the operation is the person's."""
    registered = audit_row(
        "9 10:30",
        "Register device",
        target("alice@example.com"),
        correlation="c1",
        details=[{"key": "Device Id", "value": oid("laptop")}],
    )
    added = audit_row(
        "9 10:30",
        "Add device",
        target("d", "Device", [change("DeviceId", [oid("laptop")], [])]),
        actor="Device Registration Service",
        by_app=True,
        correlation="c1",
    )
    query = build(
        story(
            PAST,
            RESET,
            BREACH,
            registered,
            added,
            audit_row("9 12:00", "Reset user password", target("alice@example.com"), actor="helga@example.com", source_ip=OFFICE),
            sign_in_row("9 13:00", session="s-device", source_ip=ELSEWHERE, source="entra_signin_noninteractive", incomingTokenType="primaryRefreshToken", deviceDetail={"deviceId": oid("laptop")}),
        )
    )  # fmt: skip
    found = query(
        f"select from_thing_id, to_thing_id, confidence from int_trust_edges where to_thing_id in ('device:{oid('laptop')}', 'entra-session:s-device') order by 2"
    )
    assert (ALICE, f"device:{oid('laptop')}", 0.9) in found
    assert (f"device:{oid('laptop')}", "entra-session:s-device", 0.95) in found


def test_federated_sign_ins_after_the_domain_was_changed(build) -> None:
    act = audit_row("9 10:30", "Set domain authentication", target("example.com", "Other"))
    found = opened(
        build,
        act,
        sign_in_row("9 11:00", BOB, "s-forged", ELSEWHERE, tokenIssuerType="ADFederationServices"),
        sign_in_row(
            "9 11:30", "helga@example.com", "s-office", OFFICE, tokenIssuerType="ADFederationServices"
        ),
        sign_in_row("9 12:00", "p1@example.com", "s-managed", ELSEWHERE),
    )
    assert found == {"entra-session:s-forged": (f"trust:{TENANT}/example.com", 0.4)}
