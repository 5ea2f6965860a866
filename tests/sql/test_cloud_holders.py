"""Which session or key an event of Azure, Microsoft 365 or storage belongs to."""

import base64

import pytest

from tests.sql.azure_records import activity_rows, graph_row, storage_row, unified_row, vault_row
from tests.sql.cloud_records import (
    ATTACKER,
    BREACH,
    ELSEWHERE,
    application_row,
    audit_row,
    oid,
    sign_in_row,
    story,
    target,
    token,
)

HOLDERS = "select thing_id, attribution from int_event_holders where source = '{}' and outcome = 'success'"
UTI = token("9 10:00s-alice")


def test_the_azure_activity_log_joins_the_sign_in_by_its_token(build) -> None:
    rows = activity_rows(
        "9 10:10", "Microsoft.Compute/virtualMachines/write", "x/y", source_ip=ELSEWHERE, uti=UTI
    )
    assert build(story(BREACH, rows))(HOLDERS.format("azure_activity")) == [
        ("entra-session:s-alice", "exact")
    ]


@pytest.mark.parametrize(
    "written",
    [
        UTI,
        UTI + "==",
        oid("9 10:00s-alice"),
        base64.b64encode(oid("9 10:00s-alice").encode()).decode(),
    ],
    ids=["base64url", "padded", "guid", "base64 of the text"],
)
def test_one_token_in_each_of_its_forms(build, written: str) -> None:
    rows = story(BREACH, graph_row("9 10:10", "alice@example.com", written, ELSEWHERE))
    assert build(rows)(HOLDERS.format("graph_activity")) == [("entra-session:s-alice", "exact")]


def test_an_old_sign_in_writes_the_text_of_the_guid_and_graph_the_bytes(build) -> None:
    text = base64.b64encode(oid("9 10:00s-alice").encode()).decode()
    rows = story(
        sign_in_row("9 10:00", uniqueTokenIdentifier=text),
        graph_row("9 10:10", "alice@example.com", UTI, ELSEWHERE),
    )
    assert build(rows)(HOLDERS.format("graph_activity")) == [("entra-session:s-alice", "exact")]


def test_a_token_is_told_by_its_capitals(build) -> None:
    rows = story(BREACH, graph_row("9 10:10", "alice@example.com", UTI.swapcase(), ELSEWHERE))
    assert build(rows)(HOLDERS.format("graph_activity")) == [
        (f"entra-user:{oid('alice@example.com')}", "principal")
    ]


def test_the_unified_audit_log_joins_by_its_context(build) -> None:
    rows = story(
        BREACH,
        unified_row(
            "9 10:10", "MailItemsAccessed", AppAccessContext={"UniqueTokenId": UTI}, ClientIP=ELSEWHERE
        ),
    )
    assert build(rows)(HOLDERS.format("m365_audit")) == [("entra-session:s-alice", "exact")]


def test_a_vault_read_belongs_to_the_session_that_signed_in_to_the_same_application(build) -> None:
    rows = story(
        BREACH,
        sign_in_row("9 10:05", session="s-mail", appId=oid("mail")),
        vault_row("9 10:10", "SecretGet"),
    )
    assert build(rows)(HOLDERS.format("azure_key_vault")) == [("entra-session:s-alice", "address")]


def test_one_bearer_token_from_two_addresses_is_one_holder(build) -> None:
    rows = story(
        BREACH,
        storage_row("9 10:10", "OAuth", "A1", ATTACKER, "alice@example.com"),
        storage_row("9 10:20", "OAuth", "A1", ELSEWHERE, "alice@example.com"),
    )
    assert build(rows)(HOLDERS.format("azure_storage")) == [("entra-session:s-alice", "address")] * 2


def test_a_bearer_token_without_a_sign_in_is_a_holder_of_its_own(build) -> None:
    rows = story(
        storage_row("9 10:10", "OAuth", "A1", ATTACKER, "alice@example.com"),
        storage_row("9 10:20", "OAuth", "A1", ELSEWHERE, "alice@example.com"),
    )
    query = build(rows)
    assert query(HOLDERS.format("azure_storage")) == [("storage-token:A1", "exact")] * 2
    assert query("select kind, event_count from int_sessions") == [("storage_token_use", 2)]


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("servicePrincipalCredentialKeyId", oid("key"), "service_principal_key"),
        ("federatedCredentialId", oid("key"), "federated_credential"),
        ("servicePrincipalCredentialThumbprint", oid("key"), "certificate"),
    ],
)
def test_applications_are_told_by_the_credential_that_they_used(
    build, field: str, value: str, kind: str
) -> None:
    query = build(story(application_row("9 10:00", "backup", **{field: value})))
    holder = (f"sp-credential:{value}@203.0.113.0/24", kind)
    assert query("select thing_id, credential_kind from int_event_holders") == [holder]


def test_a_credential_of_zeros_is_none(build) -> None:
    zeros = "00000000-0000-0000-0000-000000000000"
    rows = story(
        application_row(
            "9 10:00", "backup", servicePrincipalCredentialKeyId=zeros, federatedCredentialId=zeros
        )
    )
    assert build(rows)("select credential_id, thing_id from int_event_holders") == [
        (None, f"entra-sp:{oid('backup')}@203.0.113.0/24")
    ]


def test_an_application_without_a_credential_in_the_log_is_one_holder_a_network(build) -> None:
    rows = story(
        vault_row("9 10:00", "SecretGet", who="backup", source_ip="192.0.2.10"),
        vault_row("9 10:01", "SecretGet", who="backup", source_ip=ATTACKER),
    )
    assert build(rows)("select thing_id from int_event_holders order by occurred_at") == [
        (f"entra-sp:{oid('backup')}@192.0.2.0/24",),
        (f"entra-sp:{oid('backup')}@203.0.113.0/24",),
    ]


def test_what_a_service_writes_of_an_operation_is_whose_it_was(build) -> None:
    asked = audit_row("9 10:30", "Register device", target("alice@example.com"), correlation=oid("operation"))
    done = audit_row(
        "9 10:31",
        "Add device",
        target("d", "Device"),
        actor="Device Registration Service",
        by_app=True,
        correlation=oid("operation"),
    )
    other = audit_row(
        "9 10:31", "Add device", target("e", "Device"), actor="Device Registration Service", by_app=True
    )
    query = build(story(BREACH, asked, done, other))
    assert query("select thing_id, attribution from int_event_holders where source = 'entra_audit' order by thing_id") == sorted(
        [("entra-session:s-alice", "address"), ("entra-session:s-alice", "address"), (f"entra-sp:{oid('Device Registration Service')}@azure", "principal")]
    )  # fmt: skip
