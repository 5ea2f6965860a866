"""Resets as each provider writes them: staged records of the vendors' shapes, and the reset models alone."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.hunt import RESET_MODELS
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.models import build_models
from pipeline.schema import create_empty_events
from tests.sql.conftest import SINCE, UNTIL, Rows, audit, cloudtrail, give, sign_in
from tests.sql.stage import stage

Record = dict[str, Any]
Build = Callable[..., Callable[[str], Rows]]
STORE_USER = "9267aaaa-0001-4bc1-9d2e-0123456789ab"
TENANT = "8b0f0d3a-1111-4222-8333-444455556666"
RESETS = "select person_id, kinds, by_somebody_else, is_self_service from int_resets order by occurred_at"


@pytest.fixture
def build(con: duckdb.DuckDBPyConnection) -> Build:
    """`build(events, staged=…)` makes the reset models over rows and staged records."""

    def run(
        events: Sequence[Record] = (), staged: Sequence[Record] = (), inventory: Sequence[Record] = ()
    ) -> Callable[[str], Rows]:
        create_empty_events(con)
        rows = [
            {
                "event_id": f"e{number}",
                "outcome": "success",
                "provider": "azure",
                "tenant_id": "t1",
                "raw": "{}",
            }
            | row
            for number, row in enumerate(events, start=1)
        ]
        give(con, "events", [*rows, *staged])
        give(con, "inventory", list(inventory))
        build_models(con, {"since": SINCE, "until": UNTIL}, RESET_MODELS)
        return lambda sql: con.execute(sql).fetchall()

    return run


def api_call(action: str, service: str, request: Record | None, who: Record, **more: Any) -> Record:
    return {
        "eventVersion": "1.10", "userIdentity": who, "eventTime": "2026-03-02T09:00:00Z", "eventSource": service,
        "eventName": action, "awsRegion": "eu-central-1", "sourceIPAddress": "192.0.2.7", "userAgent": "Mozilla/5.0",
        "requestParameters": request, "responseElements": None, "eventID": f"id-{action}", "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    } | more  # fmt: skip


ADMIN = {
    "type": "AssumedRole", "principalId": "AROAEXAMPLE:helga@example.com", "accountId": "111122223333",
    "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/helga@example.com",
    "accessKeyId": "ASIAEXAMPLE",
}  # fmt: skip
STORE = {"userId": STORE_USER, "identityStoreId": "d-9067aaaaaa"}
OWN = {
    "type": "Unknown", "principalId": STORE_USER, "accountId": "111122223333",
    "onBehalfOf": {"userId": STORE_USER, "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-9067aaaaaa"},
}  # fmt: skip


def staged_calls(*records: Record) -> list[Record]:
    return [row for row in stage(list(records), "aws_cloudtrail") if row["event_id"]]


@pytest.mark.parametrize(
    ("action", "who", "kinds", "by_somebody_else"),
    [
        ("UpdatePassword", ADMIN, ["password"], True),
        ("UpdatePassword", OWN, ["password"], False),
        ("UpdateMfaDeviceForUser", ADMIN, ["mfa_method"], True),
        ("DeleteMfaDeviceForUser", ADMIN, ["mfa_method"], True),
        ("CompleteVirtualMfaDeviceRegistration", OWN, ["mfa_method"], False),
        ("CompleteWebAuthnDeviceRegistration", OWN, ["mfa_method"], False),
        ("StartVirtualMfaDeviceRegistration", OWN, None, None),
        ("StartWebAuthnDeviceRegistration", OWN, None, None),
        ("EnableUser", ADMIN, None, None),
    ],
)
def test_identity_center(
    build: Build, action: str, who: Record, kinds: list[str] | None, by_somebody_else: bool
) -> None:
    record = api_call(action, "sso-directory.amazonaws.com", STORE, who)
    found = build(staged=staged_calls(record))(RESETS)
    assert found == ([(STORE_USER, kinds, by_somebody_else, False)] if kinds else [])


@pytest.mark.parametrize("action", ["CredentialChallenge", "CredentialVerification", "UserAuthentication"])
def test_a_sign_in_to_identity_center_is_no_reset(build: Build, action: str) -> None:
    record = api_call(action, "signin.amazonaws.com", None, OWN, eventType="AwsServiceEvent")
    assert build(staged=staged_calls(record))(RESETS) == []


def cognito(action: str, sub: str | None) -> Record:
    return api_call(
        action,
        "cognito-idp.amazonaws.com",
        {"userPoolId": "eu-central-1_Example", "username": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        ADMIN,
        eventID=f"{action}-{sub}",
        additionalEventData={"sub": sub} if sub else None,
    )


def test_hidden_names_of_cognito_are_not_one_person(build: Build) -> None:
    rows = staged_calls(
        cognito("AdminSetUserPassword", "sub-1"),
        cognito("AdminResetUserPassword", "sub-2"),
        cognito("ConfirmForgotPassword", "sub-3"),
        cognito("AdminSetUserMFAPreference", "sub-4"),
        cognito("ForgotPassword", "sub-5"),
        cognito("AdminSetUserPassword", None),
    )
    assert sorted(build(staged=rows)(RESETS)) == [
        ("cognito-user:sub-1", ["password"], True, False),
        ("cognito-user:sub-2", ["password"], True, False),
        ("cognito-user:sub-3", ["password"], False, True),
        ("cognito-user:sub-4", ["mfa_method"], True, False),
    ]
    assert build(staged=rows)("select count(*) from int_resets where contains(person, 'HIDDEN')") == [(0,)]


def test_one_name_in_two_directories_is_two_people(build: Build) -> None:
    calls = [
        api_call(
            "ResetUserPassword",
            "ds.amazonaws.com",
            {"directoryId": name, "userName": "bo"},
            ADMIN,
            eventID=name,
        )
        for name in ("d-1", "d-2")
    ]
    assert {row[0] for row in build(staged=staged_calls(*calls))(RESETS)} == {
        "aws-directory:d-1/bo",
        "aws-directory:d-2/bo",
    }


def test_root_password_recovery(build: Build) -> None:
    who = {
        "type": "Root",
        "principalId": "111122223333",
        "arn": "arn:aws:iam::111122223333:root",
        "accountId": "111122223333",
    }
    calls = [
        api_call(
            name,
            "signin.amazonaws.com",
            None,
            who,
            eventType="AwsConsoleSignIn",
            responseElements={name: "Success"},
        )
        for name in ("PasswordRecoveryRequested", "PasswordRecoveryCompleted")
    ]
    query = build(staged=staged_calls(*calls))
    assert query("select person_id, kinds, is_self_service, event_ids from int_resets") == [
        (
            "arn:aws:iam::111122223333:root",
            ["password"],
            True,
            ["id-PasswordRecoveryCompleted", "id-PasswordRecoveryRequested"],
        )
    ]


def directory_entry(action: str, targets: list[Record], **properties: Any) -> Record:
    """An entry of AuditLogs as a diagnostic setting exports it."""
    helga = {
        "id": "0aaaaaaa-0000-4000-8000-000000000001", "displayName": None, "userPrincipalName": "helga@example.com",
        "ipAddress": "192.0.2.1", "roles": [],
    }  # fmt: skip
    return {
        "time": "2026-03-02T09:00:10Z", "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "operationName": action, "category": "AuditLogs", "tenantId": TENANT, "resultSignature": "None", "durationMs": 0,
        "callerIpAddress": "192.0.2.1", "correlationId": "c-1", "Level": 4,
        "properties": {
            "id": f"Directory_c-1_ABCDE_{len(action)}", "category": "UserManagement", "correlationId": "c-1",
            "result": "success", "resultReason": "", "activityDisplayName": action,
            "activityDateTime": "2026-03-02T09:00:00.1234567Z", "loggedByService": "Core Directory",
            "operationType": "Update", "initiatedBy": {"user": helga}, "targetResources": targets,
            "additionalDetails": [],
        } | properties,
    }  # fmt: skip


DEVICE = {
    "id": "d0000000-0000-4000-8000-000000000000",
    "displayName": "laptop",
    "type": "Device",
    "modifiedProperties": [],
}
ALICE = {
    "id": "0aaaaaaa-0000-4000-8000-00000000000a", "displayName": "Alice", "type": "User",
    "userPrincipalName": "alice@example.com", "modifiedProperties": [],
}  # fmt: skip


def staged_entries(*records: Record) -> list[Record]:
    return stage(list(records), "entra_audit")


@pytest.mark.parametrize("targets", [[ALICE, DEVICE], [DEVICE, ALICE]], ids=["first", "last"])
def test_the_user_is_found_wherever_he_stands(build: Build, targets: list[Record]) -> None:
    rows = staged_entries(directory_entry("Reset user password", targets))
    assert build(staged=rows)(RESETS) == [("alice@example.com", ["password"], True, False)]


@pytest.mark.parametrize("targets", [[], [DEVICE]])
def test_the_actor_is_never_the_subject(build: Build, targets: list[Record]) -> None:
    assert build(staged=staged_entries(directory_entry("Reset user password", targets)))(RESETS) == []


@pytest.mark.parametrize(
    ("action", "more"),
    [
        (
            "Admin registered security info",
            {"resultReason": "Admin registered temporary access pass method for user"},
        ),
        ("User registered security info", {"resultReason": "User registered temporary access pass method"}),
        ("Create Temporary Access Pass method for user", {}),
        (
            "Update user",
            {
                "targetResources": [
                    ALICE | {"modifiedProperties": [{"displayName": "TemporaryAccessPass", "newValue": "[]"}]}
                ]
            },
        ),
    ],
)
def test_a_temporary_access_pass_in_all_its_forms(build: Build, action: str, more: Record) -> None:
    rows = staged_entries(directory_entry(action, [ALICE], **more))
    assert build(staged=rows)("select kinds from int_resets") == [(["temporary_access_pass"],)]


def test_a_deleted_pass_is_no_reset(build: Build) -> None:
    reason = {"resultReason": "Admin deleted temporary access pass method for user"}
    rows = staged_entries(directory_entry("Admin deleted security info", [ALICE], **reason))
    assert build(staged=rows)(RESETS) == []


@pytest.mark.parametrize(
    "action",
    [
        "Add FIDO2 security keys",
        "Delete Windows Hello for Business credential",
        "Add passwordless phone sign-in credential",
        "Add platform credential",
        "Disable Strong Authentication",
        "Create application password for user",
        "Set user oath token metadata enabled",
        "Security info saved for self-service password reset",
    ],
)
def test_methods_of_all_kinds_are_resets(build: Build, action: str) -> None:
    assert len(build(staged=staged_entries(directory_entry(action, [ALICE])))(RESETS)) == 1


@pytest.mark.parametrize(
    "action",
    [
        "User started password reset",
        "Admin started password reset",
        "User started password change",
        "User started security info registration",
        "User canceled security info registration",
        "Self-service password reset flow activity progress",
        "Blocked from self-service password reset",
        "Unlock user account (self-service)",
        "Get passkey creation options",
        "User registered all required security info",
        "Add service principal credentials",
    ],
)
def test_steps_and_secrets_of_applications_are_none(build: Build, action: str) -> None:
    assert build(staged=staged_entries(directory_entry(action, [ALICE])))(RESETS) == []


def test_a_reset_by_way_of_the_directory_on_premises(build: Build) -> None:
    details = [{"key": "OnPremisesAgent", "value": "Microsoft Entra Connect"}]
    rows = staged_entries(directory_entry("Reset password (by admin)", [ALICE], additionalDetails=details))
    assert build(staged=rows)("select on_premises_agent from int_resets") == [("Microsoft Entra Connect",)]
    none = [{"key": "OnPremisesAgent", "value": "None"}]
    rows = staged_entries(directory_entry("Reset password (by admin)", [ALICE], additionalDetails=none))
    assert build(staged=rows)("select on_premises_agent from int_resets") == [(None,)]


def test_both_audit_logs_write_one_reset(build: Build) -> None:
    unified = {
        "CreationTime": "2026-03-02T09:00:00", "Id": "u-1", "Operation": "Reset user password.", "OrganizationId": TENANT,
        "RecordType": 8, "ResultStatus": "Success", "UserKey": "x", "UserType": 0, "Version": 1,
        "Workload": "AzureActiveDirectory", "ObjectId": "alice@example.com", "UserId": "helga@example.com",
        "InterSystemsId": "c-1", "ModifiedProperties": [],
        "Target": [{"ID": "User_0aaaaaaa-0000-4000-8000-00000000000a", "Type": 2}, {"ID": "alice@example.com", "Type": 5}],
    }  # fmt: skip
    unnamed = ALICE | {"userPrincipalName": None, "displayName": None}
    rows = staged_entries(directory_entry("Reset user password", [unnamed])) + stage([unified], "m365_audit")
    assert build(staged=rows)(RESETS) == [("alice@example.com", ["password"], True, False)]


HELD = ("refresh tokens that were not made with the password", "cookies that were not made with the password")


def test_what_survives_a_reset(build: Build) -> None:
    query = build([audit("2 09:00", "Change user password", actor="alice@example.com")])
    ((alive, unknown),) = query("select still_alive, may_be_alive from int_resets")
    assert set(HELD) <= set(alive) and unknown == []
    ((alive, unknown),) = build([audit("2 09:00", "Reset user password")])(
        "select still_alive, may_be_alive from int_resets"
    )
    assert HELD[1] in alive and HELD[0] in unknown


def test_a_cut_off_ends_the_tokens_and_not_the_sessions_of_applications(build: Build) -> None:
    rows = [
        audit("2 09:00", "Reset user password"),
        audit("2 09:05", "Update StsRefreshTokenValidFrom Timestamp"),
    ]
    assert build(rows)("select still_alive, may_be_alive from int_resets") == [
        (["access tokens until they run out", "sessions that applications keep themselves"], [])
    ]


def test_nothing_of_aws_ends_with_a_password(build: Build) -> None:
    reset = cloudtrail("2 09:00", "UpdateLoginProfile", target_id="bo", target_kind="user")
    ((alive,),) = build([reset])("select still_alive from int_resets")
    assert "role sessions and other temporary credentials" in alive


def test_a_help_desk_is_known_by_what_it_does(build: Build) -> None:
    resets = [audit(f"{day} 09:00", "Reset user password", f"user{day}@example.com") for day in range(2, 8)]
    query = build(resets)
    assert query("select is_help_desk, help_desk_reason from int_resets order by occurred_at")[-1] == (
        True,
        "reset 6 different people in 30 days",
    )
    assert query("select is_help_desk from int_resets order by occurred_at")[0] == (False,)


def test_a_help_desk_is_known_by_role_or_inventory(build: Build) -> None:
    entry = directory_entry("Reset user password", [ALICE])
    entry["properties"]["initiatedBy"]["user"]["roles"] = ["Helpdesk Administrator"]
    assert build(staged=staged_entries(entry))("select is_help_desk, help_desk_reason from int_resets") == [
        (True, "the log names their role: helpdesk administrator")
    ]
    listed = [{"thing": "Helga@Example.com", "kind": "help desk"}]
    assert build([audit("2 09:00", "Reset user password")], inventory=listed)(
        "select help_desk_reason from int_resets"
    ) == [("the inventory says so",)]


@pytest.mark.parametrize(
    ("name", "inventory", "reason"),
    [
        ("svc-backup@example.com", [], "by its name"),
        ("saskia@example.com", [], None),
        ("bob@example.com", [{"thing": "bob@example.com", "kind": "automation"}], "the inventory says so"),
    ],
)
def test_automation_is_reset_too(
    build: Build, name: str, inventory: list[Record], reason: str | None
) -> None:
    query = build([audit("2 09:00", "Reset user password", name)], inventory=inventory)
    assert query("select is_automation, automation_reason from int_resets") == [(reason is not None, reason)]


def test_a_renamed_person_stays_one(build: Build) -> None:
    rows = [
        sign_in(f"{day} 08:00", f"{name}@example.com", principal_id="oid-1")
        for day, name in ((1, "anna"), (2, "berg"))
    ]
    rows += [
        sign_in(f"{day} 08:00", f"{name}@example.com", principal_id="okta-1")
        for day, name in ((3, "berg"), (4, "carl"))
    ]
    assert build(rows)("select distinct person_id from int_identities") == [("anna@example.com",)]


def test_a_guest_is_the_person_at_home(build: Build) -> None:
    guest = "bob_fabrikam.example#EXT#@example.com"
    query = build(
        [
            sign_in("1 08:00", guest, principal_id="oid-g"),
            audit("2 09:00", "Reset user password", guest, target_id="oid-g"),
        ]
    )
    assert query("select person_id, is_guest, still_alive[1] is not null from int_resets") == [
        ("bob@fabrikam.example", True, True)
    ]


def test_a_person_hired_again_is_flagged(build: Build) -> None:
    def session(when: str, user_id: str) -> Record:
        return cloudtrail(
            when, "ListBuckets", "ASIAX", principal_kind="role", principal_id=f"AROA{user_id}:carol@example.com",
            principal_name="carol@example.com", issuer_id="arn:aws:iam::1:role/aws-reserved/AWSReservedSSO_Admin_0",
            raw=json.dumps({"userIdentity": {"onBehalfOf": {"userId": user_id}}}),
        )  # fmt: skip

    flagged = "select alias from int_identities where is_ambiguous order by alias"
    assert build([session("1 08:00", "u1"), session("9 08:00", "u1")])(flagged) == []
    assert build([session("1 08:00", "u1"), session("9 08:00", "u2")])(flagged) == [("u1",), ("u2",)]


def test_each_alias_has_its_evidence(build: Build) -> None:
    query = build([sign_in("1 08:00", "Alice@example.com"), sign_in("2 08:00", "alice@example.com")])
    assert query("select alias, kind, how, evidence_event_id from int_identities order by alias") == [
        ("alice@example.com", "name", "one record names both", "e1"),
        ("oid-alice", "directory_user", "one record names both", "e1"),
    ]


def test_the_inventory_ties_an_iam_user_to_a_person(build: Build) -> None:
    tie = {
        "thing": "arn:aws:iam::111122223333:user/staff/zoe",
        "kind": "IAM user",
        "owner": "Zoe@example.com",
    }
    reset = cloudtrail("2 09:00", "UpdateLoginProfile", target_id="zoe", target_kind="user")
    assert build([reset, cloudtrail("1 09:00", "ListUsers", user="zoe")], inventory=[tie])(
        "select person_id from int_resets"
    ) == [("zoe@example.com",)]


def test_an_id_that_is_written_for_many_merges_nobody(build: Build) -> None:
    rows = [sign_in("1 08:00", f"user{number}@example.com", principal_id="shared") for number in range(12)]
    assert build(rows)("select count(*) from int_identities where alias = 'shared'") == [(0,)]


def test_the_real_logs(real_logs: Path, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Each of these was read by eye in the records."""
    folders = [
        "m365/det-eng-samples",
        "okta/sekoia",
        "azure/sekoia",
        "cloudtrail/aws-docs",
        "cloudtrail/elastic",
    ]
    ingest(tmp_path / "lake", [real_logs / folder for folder in folders], datetime(2026, 3, 10))
    con.execute("drop table events")
    Lake.open(tmp_path / "lake").create_events_view(con)
    build_models(con, {"since": datetime(1990, 1, 1), "until": UNTIL}, RESET_MODELS)
    found = con.execute(
        "select person, kinds, by_somebody_else from int_resets order by occurred_at, person"
    ).fetchall()
    assert found == [
        ("user1", ["password"], False),
        ("Bob", ["mfa_method"], True),
        ("Alice", ["password"], False),
        ("Alice", ["mfa_method"], False),
        ("Bob", ["password"], True),
        ("AWS ROOT USER", ["mfa_method", "password"], False),
        ("john.doe@example.org", ["password"], False),
        ("stinger@contoso.onmicrosoft.com", ["app_password", "mfa_method"], False),
        ("stinger@contoso.onmicrosoft.com", ["app_password", "mfa_method"], False),
    ]
