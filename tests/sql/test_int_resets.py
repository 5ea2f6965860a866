"""Resets as episodes: whose, what, by whom, and what is none. Facts: Entra audit activity reference, CloudTrail user guide."""

from datetime import datetime

import pytest

from tests.sql.conftest import at, audit, cloudtrail, sign_in

RESETS = "select person, kinds, performed_by, by_somebody_else, occurred_at, cut_off_at from int_resets order by occurred_at"


def test_the_subject_of_a_help_desk_reset_is_its_target(build) -> None:
    query = build(
        [
            audit("2 09:14", "Reset user password"),
            audit("2 09:16", "Admin deleted security info", service="Authentication Methods"),
        ]
    )
    assert query(RESETS) == [
        ("alice@example.com", ["mfa_method", "password"], "helga@example.com", True, at("2 09:14"), None)
    ]


def test_rows_within_an_hour_are_one_reset_and_later_ones_another(build) -> None:
    query = build(
        [
            audit("2 09:00", "Reset user password"),
            audit("2 10:00", "Reset user password"),
            audit("2 11:01", "Reset user password"),
        ]
    )
    assert query("select occurred_at, ended_at, event_ids from int_resets order by 1") == [
        (at("2 09:00"), at("2 10:00"), ["e1", "e2"]),
        (at("2 11:01"), at("2 11:01"), ["e3"]),
    ]


def test_two_people_at_once_are_two_resets(build) -> None:
    query = build(
        [audit("2 09:00", "Reset user password"), audit("2 09:00", "Reset user password", "bob@example.com")]
    )
    assert [row[0] for row in query("select person from int_resets order by 1")] == [
        "alice@example.com",
        "bob@example.com",
    ]


@pytest.mark.parametrize(
    "action",
    [
        "Change user password",
        "Reset password (self-service)",
        "Change password (self-service)",
        "User registered security info",
    ],
)
def test_the_person_himself(build, action: str) -> None:
    query = build([audit("2 09:00", action, actor="alice@example.com")])
    assert query("select by_somebody_else, performed_by from int_resets") == [(False, "alice@example.com")]


def test_the_reset_service_writes_a_self_service_reset_in_its_own_name(build) -> None:
    service = {"principal_kind": "service_principal", "app_id": "93625bc8-bfe2-437a-97e0-3d0060024faa"}
    query = build(
        [audit("2 09:00", "Reset user password", actor="Microsoft password reset service", **service)]
    )
    assert query("select by_somebody_else from int_resets") == [(False,)]


def test_a_twin_written_by_a_service_does_not_make_it_somebody_else(build) -> None:
    methods = '{"targetResources":[{"modifiedProperties":[{"displayName":"StrongAuthenticationMethod"}]}]}'
    query = build(
        [
            audit("2 09:00", "User registered security info", actor="alice@example.com"),
            audit(
                "2 09:00:01",
                "Update user",
                actor="Azure MFA StrongAuthenticationService",
                principal_kind="service_principal",
                raw=methods,
            ),
        ]
    )
    assert query("select by_somebody_else, performed_by, kinds from int_resets") == [
        (False, "alice@example.com", ["mfa_method"])
    ]


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("Self-service password reset flow activity progress", {}),
        ("User started security info registration", {}),
        ("User started password reset", {}),
        ("Reset user password", {"outcome": "failure"}),
        (
            "Update user",
            {"raw": '{"targetResources":[{"modifiedProperties":[{"displayName":"Department"}]}]}'},
        ),
        (
            "Update user",
            {
                "raw": '{"targetResources":[{"modifiedProperties":[{"displayName":"StrongAuthenticationPhoneAppDetail"}]}]}'
            },
        ),
        ("Register device", {}),
        ("Reset user password", {"target_kind": "device"}),
    ],
)
def test_what_is_no_reset(build, action: str, more: dict) -> None:
    assert build([audit("2 09:00", action, **more)])(RESETS) == []


def test_a_temporary_access_pass_is_told_from_other_methods(build) -> None:
    raw = '{"properties":{"resultReason":"Admin registered temporary access pass method for user"}}'
    query = build([audit("2 09:00", "Admin registered security info", raw=raw)])
    assert query("select kinds from int_resets") == [(["temporary_access_pass"],)]


def test_the_cut_off_is_the_time_that_it_names(build) -> None:
    raw = r'{"targetResources":[{"modifiedProperties":[{"displayName":"StrongAuth"},{"displayName":"StsRefreshTokensValidFrom","oldValue":"[\"2026-01-01T00:00:00Z\"]","newValue":"[\"2026-03-02T09:13:30Z\"]"}]}]}'
    query = build(
        [
            audit("2 09:14", "Reset user password"),
            audit("2 09:14:02", "Update StsRefreshTokenValidFrom Timestamp", raw=raw),
        ]
    )
    assert query("select cut_off_at from int_resets") == [(at("2 09:13:30"),)]


def test_a_cut_off_without_a_value_counts_from_its_own_time(build) -> None:
    query = build(
        [
            audit("2 09:14", "Reset user password"),
            audit("2 11:00", "Update StsRefreshTokenValidFrom Timestamp"),
        ]
    )
    assert query("select cut_off_at from int_resets") == [(at("2 11:00"),)]


@pytest.mark.parametrize(
    ("action", "more", "expected"),
    [
        ("UpdateLoginProfile", {"target_id": "bo", "target_kind": "user"}, ("bo", ["password"], True)),
        ("CreateLoginProfile", {"target_id": "bo", "target_kind": "user"}, ("bo", ["password"], True)),
        ("UpdateLoginProfile", {"target_id": "Ada", "target_kind": "user"}, ("Ada", ["password"], False)),
        ("ChangePassword", {}, ("ada", ["password"], False)),
        ("DeactivateMFADevice", {"target_id": "bo", "target_kind": "user"}, ("bo", ["mfa_method"], True)),
        ("UpdateLoginProfile", {"target_id": "bo", "target_kind": "user", "outcome": "failure"}, None),
        ("CreateVirtualMFADevice", {}, None),
        ("ListMFADevices", {}, None),
        # a device must be deactivated first, and its name need not be the user's
        ("DeleteVirtualMFADevice", {"target_id": "my-phone"}, None),
    ],
)
def test_resets_of_iam_users(build, action: str, more: dict, expected: tuple | None) -> None:
    found = build([cloudtrail("2 09:00", action, **more)])(
        "select person, kinds, by_somebody_else from int_resets"
    )
    assert found == ([expected] if expected else [])


def test_one_name_in_two_accounts_is_two_people(build) -> None:
    rows = [
        cloudtrail("2 09:00", "UpdateLoginProfile", target_id="bo", target_kind="user", tenant_id=account)
        for account in ("111122223333", "444455556666")
    ]
    assert len(build(rows)("select * from int_resets")) == 2


def test_the_root_user(build) -> None:
    root = {"principal_kind": "root", "principal_name": "root", "principal_id": "111122223333"}
    query = build(
        [
            cloudtrail("2 09:00", "PasswordUpdated", None, service="signin.amazonaws.com", **root),
            cloudtrail("2 09:05", "EnableMFADevice", None, target_id="AWS ROOT USER", **root),
        ]
    )
    assert query("select person_id, kinds, by_somebody_else from int_resets") == [
        ("arn:aws:iam::111122223333:root", ["mfa_method", "password"], False)
    ]


@pytest.mark.parametrize(
    "action", ["UpdatePassword", "DeleteMfaDeviceForUser", "CompleteVirtualMfaDeviceRegistration"]
)
def test_identity_center_is_covered(build, action: str) -> None:
    query = build(
        [
            cloudtrail(
                "2 09:00",
                action,
                service="sso-directory.amazonaws.com",
                target_id="93a4-user",
                target_kind="user",
            )
        ]
    )
    assert query("select person_id, by_somebody_else from int_resets") == [("93a4-user", True)]


def test_ids_and_names_lead_to_one_person_whatever_their_case(build) -> None:
    query = build(
        [
            sign_in("1 08:00", "Alice@Example.com", principal_id="oid-alice"),
            cloudtrail(
                "1 09:00",
                "GetObject",
                "ASIAX",
                principal_kind="role",
                principal_id="AROAX:alice@example.com",
                principal_name="alice@example.com",
            ),
            audit("2 09:00", "Reset user password", None, target_id="oid-alice", target_kind="user"),
        ]
    )
    assert query("select person_id from int_resets") == [("alice@example.com",)]
    assert query(
        "select distinct person_id from int_identities where alias in ('oid-alice', 'aroax:alice@example.com')"
    ) == [("alice@example.com",)]


def test_the_id_of_a_reset_does_not_change_when_later_rows_arrive(build) -> None:
    first = audit("2 09:00", "Reset user password")
    early = build([first])("select reset_id from int_resets")
    late = build(
        [
            first,
            audit("2 09:30", "Admin deleted security info"),
            audit("5 09:30", "Reset user password", "bob@example.com"),
        ]
    )
    assert early[0] in late("select reset_id from int_resets")


def test_the_order_of_the_input_changes_nothing(build) -> None:
    rows = [
        audit("2 09:00", "Reset user password"),
        audit("2 09:00", "Admin deleted security info"),
        audit("2 09:30", "Reset user password", "bob@example.com"),
    ]
    numbered = [row | {"event_id": f"id{number}"} for number, row in enumerate(rows)]
    everything = "select * from int_resets order by reset_id"
    assert build(numbered)(everything) == build(numbered[::-1])(everything)


def test_a_reset_row_says_when(build) -> None:
    assert isinstance(
        build([audit("2 09:00", "Reset user password")])("select occurred_at from int_resets")[0][0], datetime
    )


def test_the_id_of_unknown_users_merges_nobody(build) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    rows = [sign_in("1 08:00", f"{name}@example.com") for name in ("alice", "bob")]
    rows += [
        sign_in("1 09:00", f"{name}@example.com", principal_id=nobody, outcome="failure")
        for name in ("alice", "bob")
    ]
    assert build(rows)("select count(distinct person_id) from int_identities") == [(2,)]


def test_identity_center_names_its_user_beside_the_session(build) -> None:
    raw = '{"userIdentity":{"onBehalfOf":{"userId":"93A4-user"}}}'
    role = {
        "principal_kind": "role",
        "principal_id": "AROAX:carol@example.com",
        "principal_name": "carol@example.com",
    }
    reset = cloudtrail(
        "2 09:00",
        "UpdatePassword",
        service="sso-directory.amazonaws.com",
        target_id="93a4-user",
        target_kind="user",
    )
    session = cloudtrail(
        "2 10:00",
        "ListBuckets",
        "ASIAX",
        **role,
        raw=raw,
        issuer_id="arn:aws:iam::1:role/aws-reserved/AWSReservedSSO_Admin_0",
    )
    query = build([reset, session])
    assert query("select person_id from int_resets") == [("carol@example.com",)]
    assert query("select thing_id from reach") == [("aws-key:ASIAX",)]
    forged = session | {"issuer_id": "arn:aws:iam::1:role/Deploy"}
    assert build([reset, forged])("select person_id from int_resets") == [("93a4-user",)]


def test_directory_synchronisation_is_not_said_to_be_a_person(build) -> None:
    query = build(
        [
            audit("2 09:00", "User deleted security info", actor="alice@example.com"),
            audit("2 09:05", "Reset user password", actor="Sync_DC01_ab@example.com"),
        ]
    )
    assert query("select by_somebody_else from int_resets") == [(False,)]
