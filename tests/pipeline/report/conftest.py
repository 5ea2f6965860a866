"""Two hunts to render: Alice, whose help-desk reset led through a service principal to two AWS accounts, and Bob, who
replaced a lost phone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.report.result import (
    Finding,
    Hunt,
    Reached,
    Reset,
    ScorePart,
    Visibility,
    VisibilityHour,
    timeline_table,
)
from pipeline.score import score_of

RESET_AT = datetime(2026, 3, 2, 9, 14, 5)
TENANT = "3f1c6f1e-0f6b-4d0f-9a57-6f2f6f0c1a11"
SUBSCRIPTION = "b0d1c2a4-7a55-4c8e-8f0a-2f9d5f2f7c10"
PAYROLL, ARCHIVE = "111122223333", "444455556666"
HANK_IP, NEW_IP, VPS_IP, OFFICE_IP = "203.0.113.9", "198.51.100.23", "192.0.2.77", "203.0.113.40"

SESSION = "entra-session:0071f4c2-77a6-4a92-8b0d-9d0c5d1f33aa"
OLD_SESSION = "entra-session:5cd0b7e1-4f6c-4d7b-b3a0-1a2b3c4d5e6f"
APP_SECRET = "sp-credential:6a0f2f6e-5b2c-4b8a-9f2b-b3b0f2d9c111"
APP = "entra-sp:9d8f7c6b-1a2b-4c3d-8e9f-0a1b2c3d4e5f"
KEY = "aws-key:AKIAEXAMPLEPAYROLL01"
TEMPORARY = "aws-key:ASIAEXAMPLEARCHIVE02"
ROLE = f"aws-session:AROAEXAMPLEARCHIVE:backup-sync/{ARCHIVE}"
STORAGE = "storage-key:payrollexports/sha256-9e107d9d372bb6826bd81d3542a419d6@192.0.2.77"


def minutes(count: float) -> datetime:
    return RESET_AT + timedelta(minutes=count)


def row(at: float, source: str, action: str, **values: Any) -> dict[str, Any]:
    provider = "aws" if source.startswith("aws") else "azure"
    given = {
        "occurred_at": minutes(at),
        "event_id": f"{source}-{at:.4f}",
        "source": source,
        "provider": provider,
        "tenant_id": PAYROLL if provider == "aws" else TENANT,
        "principal_id": "alice-oid",
        "principal_name": "alice@example.com",
        "action": action,
        "outcome": "success",
        "source_ip": NEW_IP,
        "signals": [],
        "points": 0.0,
    }
    return given | values


def chain_rows() -> list[dict[str, Any]]:
    """The steps of the attack, in order."""
    hank = {"principal_id": "hank-oid", "principal_name": "helpdesk.hank@example.com", "source_ip": HANK_IP}
    sync = {"principal_id": "payroll-sync-oid", "principal_name": "payroll-sync", "source_ip": VPS_IP}
    alice, app = (
        {"thing_id": SESSION, "seed": "fresh", "depth": 0},
        {"thing_id": APP_SECRET, "seed": "fresh", "depth": 1},
    )
    key, role = (
        {"thing_id": KEY, "seed": "fresh", "depth": 2} | sync,
        {"thing_id": TEMPORARY, "seed": "fresh", "depth": 3},
    )
    backup = {
        "principal_id": "AROAEXAMPLEARCHIVE:backup-sync",
        "principal_name": "backup-sync",
        "source_ip": VPS_IP,
    }

    def step(
        at: float,
        source: str,
        action: str,
        domain: str,
        detection: str,
        points: float,
        why: str,
        **values: Any,
    ) -> dict[str, Any]:
        return row(
            at, source, action, control_domain=domain, signals=[detection], points=points, why=why, **values
        )

    # fmt: off
    return [
        row(0, "entra_audit", "Reset user password", control_domain="help_desk", target_id="alice@example.com", event_id="reset-password", **hank),
        step(0.2, "entra_audit", "Admin deleted security info", "help_desk", "entra_password_and_mfa_reset_by_other", 1.4, "Password and MFA method of one person replaced within 12 seconds by somebody else", target_id="alice@example.com", event_id="reset-mfa", **hank),
        step(7, "entra_signin", "Sign-in activity", "sessions", "fresh_session_new_network", 2.1, "First session after the reset comes from AS64500, a network this person never used in 90 days", target_id="Microsoft Azure Portal", event_id="sign-in", **alice),
        step(9, "entra_audit", "User registered security info", "help_desk", "mfa_method_registered_from_new_network", 0.9, "MFA method registered from the network of the fresh session, not the help desk's", event_id="mfa-registered", **alice),
        step(16, "entra_audit", "Update application - Certificates and secrets management", "non_human_identities", "entra_secret_added_to_application", 1.8, "Secret added to payroll-sync, an application this person never changed before", target_id="payroll-sync", event_id="secret-added", **alice),
        step(19, "entra_audit", "Add member to role", "entitlements", "entra_privileged_role_granted", 1.3, "payroll-sync was given Key Vault Administrator on the subscription", target_id="payroll-sync", event_id="role-granted", **alice),
        step(24, "entra_signin_service_principal", "Sign-in activity", "non_human_identities", "service_principal_new_network_after_secret", 1.6, "payroll-sync signs in with the new secret from 192.0.2.77, where it never was", event_id="app-sign-in", **app, **sync),
        *[step(26 + index * 0.4, "azure_key_vault", "SecretGet", "secrets", "key_vault_secrets_read_after_secret_added", 1.1 if not index else 0.05, "payroll-sync read 6 secrets of kv-payroll in 2 minutes, its usual is none", target_id=f"https://kv-payroll.vault.azure.net/secrets/aws-exporter-{index}", event_id=f"secret-get-{index}", **app, **sync) for index in range(6)],
        step(41, "aws_cloudtrail", "GetCallerIdentity", "non_human_identities", "aws_access_key_new_network", 1.2, "Access key of payroll-exporter used from 192.0.2.77 12 minutes after its secret was read", event_id="key-used", **key),
        step(46, "aws_cloudtrail", "AssumeRole", "entitlements", "aws_cross_account_role_first_time", 1.0, f"payroll-exporter assumed backup-sync in account {ARCHIVE} for the first time", target_id=f"arn:aws:iam::{ARCHIVE}:role/backup-sync", event_id="assume-role", **key),
        step(95, "aws_cloudtrail", "ModifySnapshotAttribute", "data_access", "aws_snapshot_shared_with_unknown_account", 2.4, "Snapshot snap-0a1b2c3d4e5f67890 shared with account 999988887777, which is not in the inventory", target_id="snap-0a1b2c3d4e5f67890", tenant_id=ARCHIVE, event_id="snapshot-shared", **role, **backup),
    ]
    # fmt: on


def download_rows(count: int = 600) -> list[dict[str, Any]]:
    backup = {
        "principal_id": "AROAEXAMPLEARCHIVE:backup-sync",
        "principal_name": "backup-sync",
        "source_ip": VPS_IP,
    }
    rows = []
    for index in range(count):
        first = index == 0
        rows.append(
            row(
                50 + index * 0.05, "aws_cloudtrail", "GetObject", tenant_id=ARCHIVE, thing_id=TEMPORARY, depth=3,
                seed="fresh", control_domain="data_access", points=1.7 if first else 0.0,
                signals=["aws_bulk_object_read_after_assume_role"] if first else [],
                why=f"{count} objects (4.2 GB) of payroll-archive read in 30 minutes; this role reads 3 a day" if first else None,
                target_id=f"payroll-archive/2026/02/slip-{index:05}.pdf", event_id=f"get-object-{index:05}", **backup,
            )
        )  # fmt: skip
    return rows


def everyday_rows(count: int = 180) -> list[dict[str, Any]]:
    """The old session keeps reading mail, the storage key is used now and then, next morning a last look."""
    rows = []
    for index in range(count):
        thing, seed = (OLD_SESSION, "residual") if index % 3 else (SESSION, "fresh")
        at = (index * 1.7) % 300 + 2 if index < count - 10 else 1440 + index % 10
        rows.append(
            row(at, "entra_signin_noninteractive", "Sign-in activity", thing_id=thing, seed=seed, depth=0, target_id="Office 365 Exchange Online",
                event_id=f"token-{index:04}", source_ip=OFFICE_IP if seed == "residual" else NEW_IP)
        )  # fmt: skip
    return rows


def alice_reach() -> tuple[Reached, ...]:
    def reached(
        thing_id: str, kind: str, at: float, path: tuple[str, ...], why: str, **values: Any
    ) -> Reached:
        given = {
            "seed": "fresh",
            "depth": max(0, len(path) - 1),
            "confidence": round(0.97 ** len(path), 3),
        } | values
        return Reached(
            thing_id=thing_id, kind=kind, first_reached_at=minutes(at), path=path, why=why, **given
        )

    to_secret, to_key = ("sign-in", "secret-added"), ("sign-in", "secret-added", "secret-get-0")
    # fmt: off
    return (
        reached(SESSION, "entra_session", 7, ("sign-in",), "alice@example.com signed in after the reset"),
        reached(OLD_SESSION, "entra_session", 2, (), "session from before the reset, still used", seed="residual", confidence=0.9),
        reached(APP_SECRET, "sp_credential", 16, to_secret, "secret added to payroll-sync"),
        reached(APP, "entra_sp", 19, ("sign-in", "role-granted"), "role granted to payroll-sync", name="payroll-sync"),
        reached(KEY, "aws_key", 41, to_key, "access key read from kv-payroll, then used from the same address", name="payroll-exporter", depth=3),
        reached(TEMPORARY, "temporary_key", 46, (*to_key, "assume-role"), "temporary key of role backup-sync", depth=4),
        reached(ROLE, "aws_session", 46, (*to_key, "assume-role"), "session backup-sync", from_thing_id=KEY, depth=4),
        reached(STORAGE, "storage_key", 33, (*to_secret, "secret-get-1"), "account key listed by payroll-sync", confidence=0.62),
        *(reached(f"secret:kv-payroll/aws-exporter-{index}", "secret", 26 + index * 0.4, (*to_secret, f"secret-get-{index}"), "secret read by payroll-sync", from_thing_id=APP_SECRET) for index in range(6)),
        reached("aws-account:999988887777", "foreign_account", 95, (*to_key, "assume-role", "snapshot-shared"), "shared snap-0a1b2c3d4e5f67890 with account 999988887777", from_thing_id=TEMPORARY, depth=5),
    )
    # fmt: on


def make_hunt(rows: list[dict[str, Any]], reset: Reset, **values: Any) -> Hunt:
    """A hunt whose parts, findings and score follow from its rows."""
    parts = [
        ScorePart(part_id="prior", control_domain=None, detection=None, points=-7.0, reason="1 reset in 1,100 is a takeover"),
        *(
            ScorePart(
                part_id=f"part-{index:03}", control_domain=given["control_domain"], detection=given["signals"][0],
                event_id=given["event_id"], source=given["source"], tenant_id=given["tenant_id"], thing_id=given.get("thing_id"),
                occurred_at=given["occurred_at"], points_base=given["points"] / 0.9, rarity=0.9, confidence=1.0, repetition=1.0,
                points=given["points"], reason=given["why"],
            )
            for index, given in enumerate(given for given in rows if given["signals"])
        ),
    ]  # fmt: skip
    by_domain: dict[str, list[ScorePart]] = {}
    for part in parts[1:]:
        by_domain.setdefault(str(part.control_domain), []).append(part)
    findings = tuple(
        Finding(
            control_domain=domain, points=sum(part.points for part in own), score=min(99, round(30 * sum(part.points for part in own))),
            signal_count=len(own), detections=tuple(sorted({str(part.detection) for part in own})),
            first_at=min(part.occurred_at for part in own if part.occurred_at),
            last_at=max(part.occurred_at for part in own if part.occurred_at), close_when=CLOSE_WHEN[domain],
        )
        for domain, own in by_domain.items()
    )  # fmt: skip
    log_odds = sum(part.points for part in parts)
    score = score_of(log_odds)
    hours = [
        VisibilityHour(source=source, tenant_id=tenant, hour=datetime(2026, 3, 2, 9) + timedelta(hours=index), event_count=scale * (1 + index % 7))
        for source, tenant, scale in (
            ("entra_signin", TENANT, 40), ("entra_audit", TENANT, 6), ("azure_key_vault", SUBSCRIPTION, 3),
            ("aws_cloudtrail", PAYROLL, 300), ("aws_cloudtrail", ARCHIVE, 90),
        )
        for index in range(72)
        if not (source == "azure_key_vault" and 20 <= index < 31)
    ]  # fmt: skip
    given: dict[str, Any] = {
        "hunt_id": f"{reset.person_id}-20260302T091405",
        "reset": reset,
        "score": score,
        "score_low": score,
        "score_high": score,
        "log_odds": log_odds,
        "verdict": "likely_takeover" if score > 80 else "likely_benign",
        "verdict_sentence": "Everything follows from the quiet day of one person.",
        "score_parts": tuple(parts),
        "findings": findings,
        "reach": (),
        "timeline": timeline_table(rows),
        "visibility": Visibility(hours=tuple(hours)),
        "window_from": RESET_AT,
        "window_to": RESET_AT + timedelta(hours=72),
        "parameters": {"window": "72h", "look_back": "90d", "who": reset.person},
        "lake_snapshot_id": "8123456789012345678",
        "rule_set_hash": "sha256:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "versions": {"postreset": "0.1.0", "duckdb": "2.0.0", "python": "3.12"},
        "detection_titles": TITLES,
        "detection_levels": dict.fromkeys(TITLES, "high"),
    }
    return Hunt(**(given | values))


CLOSE_WHEN = {
    "help_desk": "Identity of the caller proved again by a second way; MFA methods of the attacker removed.",
    "sessions": "All sessions of the person revoked, and no later use of an older token in the logs.",
    "entitlements": "Roles granted in the window removed or approved again by their owner.",
    "non_human_identities": "Added secret removed, exposed keys deleted, no later use of either.",
    "secrets": "Every secret read in the window replaced, the old version disabled.",
    "data_access": "Share of the snapshot withdrawn, the objects read listed and judged by their owner.",
}
TITLES = {
    "entra_password_and_mfa_reset_by_other": "Password And MFA Reset Together By Somebody Else",
    "fresh_session_new_network": "First Session After The Reset From A New Network",
    "mfa_method_registered_from_new_network": "MFA Method Registered From A New Network",
    "entra_secret_added_to_application": "Secret Added To An Application",
    "entra_privileged_role_granted": "Privileged Role Granted",
    "service_principal_new_network_after_secret": "Service Principal In A New Network After A New Secret",
    "key_vault_secrets_read_after_secret_added": "Key Vault Secrets Read After A New Secret",
    "aws_access_key_new_network": "AWS Access Key In A New Network",
    "aws_cross_account_role_first_time": "Cross-Account Role Assumed For The First Time",
    "aws_bulk_object_read_after_assume_role": "Many Objects Read After A Role Was Assumed",
    "aws_snapshot_shared_with_unknown_account": "Snapshot Shared With An Unknown Account",
}
ALICE_RESET = Reset(
    reset_id="alice-20260302T091405", person_id="alice", person="Alice Adams", principal_ids=("alice-oid",),
    principal_names=("alice@example.com",), provider="azure", tenant_id=TENANT, occurred_at=RESET_AT, ended_at=RESET_AT,
    kinds=("password", "mfa_method"), performed_by="helpdesk.hank@example.com", performed_by_id="hank-oid",
    by_somebody_else=True, performed_from=HANK_IP, cut_off_at=minutes(131), event_ids=("reset-password", "reset-mfa"),
)  # fmt: skip


@pytest.fixture(scope="session")
def alice_hunt() -> Hunt:
    return make_hunt(
        chain_rows() + download_rows() + everyday_rows(), ALICE_RESET, reach=alice_reach(),
        verdict_sentence="A help-desk reset was followed within 7 minutes by a session from a new network that added a secret to payroll-sync, "
        "and that secret led to 600 payroll files in a second AWS account and a snapshot shared with a stranger.",
        visibility=replace(
            make_hunt([], ALICE_RESET).visibility,
            statements=(
                f"No S3 data events for account {PAYROLL}: reads of its objects would not be seen.",
                "No Key Vault log for 11 hours from 2026-03-03 05:00 UTC.",
                "No Microsoft Graph activity log: mail and files read through Graph would not be seen.",
            ),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def bob_hunt() -> Hunt:
    reset = replace(
        ALICE_RESET, reset_id="bob-20260302T091405", person_id="bob", person="bob@example.com", principal_ids=("bob-oid",),
        principal_names=("bob@example.com",), kinds=("mfa_method",), performed_by="bob@example.com", by_somebody_else=False,
        performed_from=OFFICE_IP, cut_off_at=None, event_ids=("bob-reset",),
    )  # fmt: skip
    bob = {"principal_id": "bob-oid", "principal_name": "bob@example.com", "source_ip": OFFICE_IP}
    thing = {"thing_id": "entra-session:b0b", "seed": "fresh", "depth": 0}
    rows = [row(0, "entra_audit", "User registered security info", event_id="bob-reset", **bob)]
    rows += [
        row(
            5 + 7 * index,
            "entra_signin",
            "Sign-in activity",
            target_id="Office 365",
            event_id=f"bob-{index}",
            **bob,
            **thing,
        )
        for index in range(20)
    ]
    session = Reached(
        thing_id="entra-session:b0b", kind="entra_session", seed="fresh", first_reached_at=minutes(5), depth=0,
        confidence=0.97, path=("bob-0",), why="bob@example.com signed in after the reset",
    )  # fmt: skip
    return make_hunt(
        rows,
        reset,
        reach=(session,),
        verdict_sentence="Bob replaced an MFA method from the office and went on as usual.",
    )


@pytest.fixture(scope="session")
def hunt_of() -> Callable[..., Hunt]:
    """`make_hunt`, for a test that needs rows of its own."""
    return make_hunt


@pytest.fixture(scope="session")
def long_hunt(alice_hunt: Hunt) -> Callable[[int], Hunt]:
    """Alice's hunt with so many rows."""
    return lambda count: replace(
        alice_hunt,
        timeline=timeline_table(
            chain_rows() + download_rows(count - len(chain_rows()) - 180) + everyday_rows()
        ),
    )
