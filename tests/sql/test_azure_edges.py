"""Trust edges of Azure: roles, vault policies, keys and SAS, code on machines, and secrets that were read."""

import pytest

from tests.sql.azure_records import activity_rows, storage_row, vault_row
from tests.sql.cloud_records import (
    ATTACKER,
    BREACH,
    ELSEWHERE,
    ELSEWHERE_BLOCK,
    ENDS,
    OFFICE,
    PAST,
    RESET,
    SUBSCRIPTION,
    Pair,
    application_row,
    minute,
    oid,
    sign_in_row,
    story,
    token,
)

ALICE = "entra-session:s-alice"
UTI = token("9 10:00s-alice")
KEY = oid("key in the vault")
VAULT = "Microsoft.KeyVault/vaults/kv-example"
STORAGE = "Microsoft.Storage/storageAccounts/exampledata"
MACHINE = "Microsoft.Compute/virtualMachines/vm-jump"
AUTOMATION = "Microsoft.Automation/automationAccounts/ops"
ROLE_BODY = {
    "Id": oid("assignment"),
    "Properties": {"PrincipalId": oid("eve@example.com"), "RoleDefinitionId": "x", "Scope": "/"},
}
POLICY_BODY = {"properties": {"accessPolicies": [{"objectId": oid("alice@example.com")}]}}
ISSUER_BODY = {"properties": {"issuer": "https://token.example.net", "subject": "x"}}
IN_SUBSCRIPTION = f"{SUBSCRIPTION}/"
ACTS = [  # action, resource, body → kind and end
    ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/1", ROLE_BODY, "grants", f"grant:{IN_SUBSCRIPTION}{oid('eve@example.com')}"),
    ("Microsoft.Authorization/elevateAccess/action", "Microsoft.Authorization", None, "grants", f"grant:{IN_SUBSCRIPTION}every subscription"),
    ("Microsoft.KeyVault/vaults/accessPolicies/write", f"{VAULT}/accessPolicies/add", None, "grants", f"grant:{IN_SUBSCRIPTION}kv-example"),
    ("Microsoft.KeyVault/vaults/write", VAULT, POLICY_BODY, "grants", f"grant:{IN_SUBSCRIPTION}kv-example"),
    ("Microsoft.ManagedServices/registrationAssignments/write", "Microsoft.ManagedServices/registrationAssignments/1", None, "opens_trust", f"trust:{IN_SUBSCRIPTION}1"),
    ("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write", "Microsoft.ManagedIdentity/userAssignedIdentities/mi-deploy/federatedIdentityCredentials/f", ISSUER_BODY, "adds_secret", f"federated-credential:{IN_SUBSCRIPTION}mi-deploy/https://token.example.net"),
    ("Microsoft.Storage/storageAccounts/listKeys/action", STORAGE, None, "lists_key", "storage-keys:exampledata"),
    ("Microsoft.Storage/storageAccounts/listAccountSas/action", STORAGE, None, "lists_key", "storage-sas:exampledata"),
    ("Microsoft.Storage/storageAccounts/listServiceSas/action", STORAGE, None, "lists_key", "storage-sas:exampledata"),
    ("Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action", f"{STORAGE}/blobServices/default", None, "lists_key", "storage-sas:exampledata"),
    ("Microsoft.Compute/disks/beginGetAccess/action", "Microsoft.Compute/disks/disk-1", None, "shares", f"disk-link:{IN_SUBSCRIPTION}disk-1"),
    ("Microsoft.Compute/snapshots/beginGetAccess/action", "Microsoft.Compute/snapshots/snap-1", None, "shares", f"disk-link:{IN_SUBSCRIPTION}snap-1"),
    ("Microsoft.Compute/snapshots/write", "Microsoft.Compute/snapshots/snap-1", None, "shares", f"disk-copy:{IN_SUBSCRIPTION}snap-1"),
    ("Microsoft.Compute/virtualMachines/runCommand/action", MACHINE, None, "runs_code", f"code:{IN_SUBSCRIPTION}vm-jump"),
    ("Microsoft.Compute/virtualMachines/extensions/write", f"{MACHINE}/extensions/x", None, "runs_code", f"code:{IN_SUBSCRIPTION}vm-jump"),
    ("Microsoft.Automation/automationAccounts/runbooks/publish/action", f"{AUTOMATION}/runbooks/r", None, "runs_code", f"code:{IN_SUBSCRIPTION}ops"),
    ("Microsoft.Automation/automationAccounts/webhooks/write", f"{AUTOMATION}/webhooks/w", None, "runs_code", f"code:{IN_SUBSCRIPTION}ops"),
    ("Microsoft.Web/sites/host/listkeys/action", "Microsoft.Web/sites/func-a/host/default", None, "lists_key", f"service-keys:{IN_SUBSCRIPTION}func-a"),
    ("Microsoft.EventHub/namespaces/authorizationRules/listKeys/action", "Microsoft.EventHub/namespaces/hub/authorizationRules/r", None, "lists_key", f"service-keys:{IN_SUBSCRIPTION}hub"),
]  # fmt: skip


def edges(build, *parts: Pair | list[Pair], where: str = "true") -> list[tuple]:
    query = build(story(PAST, RESET, BREACH, *parts))
    return query(
        f"select from_thing_id, kind, to_thing_id, round(confidence, 2) from int_trust_edges where {where} order by 3, 1"
    )


def act(when: str, action: str, path: str, body: dict | None = None) -> list:
    return activity_rows(when, action, path, body=body, uti=UTI)


def test_what_each_act_ends_in(build) -> None:
    acts = [act(minute(number), action, path, body) for number, (action, path, body, *_) in enumerate(ACTS)]
    assert build(story(PAST, RESET, BREACH, *acts))(ENDS.format(ALICE)) == [
        (action.upper(), kind, end) for action, _, _, kind, end in ACTS
    ]


def test_a_vault_changed_without_an_access_policy_makes_no_edge(build) -> None:
    rows = act(
        "9 10:30", "Microsoft.KeyVault/vaults/write", VAULT, {"properties": {"sku": {"name": "standard"}}}
    )
    assert edges(build, rows, where=f"from_thing_id = '{ALICE}'") == []


@pytest.mark.parametrize(
    "more",
    [
        {"addedAccessPolicy": {"ObjectId": oid("alice@example.com"), "Permissions": {"secrets": ["get"]}}},
        {"addedAccessPolicy_ObjectId_g": oid("alice@example.com")},
    ],
    ids=["export", "AzureDiagnostics"],
)  # fmt: skip
def test_a_grant_to_oneself_says_so(build, more: dict) -> None:
    query = build(story(PAST, RESET, BREACH, vault_row("9 10:30", "VaultPatch", None, **more)))
    rows = query(f"select to_thing_id, why from int_trust_edges where from_thing_id = '{ALICE}'")
    assert rows == [
        (
            f"grant:{SUBSCRIPTION}/kv-example/alice@example.com",
            "gave itself access to vault kv-example",
        )
    ]


@pytest.mark.parametrize(
    ("source_ip", "confidence"),
    [(ELSEWHERE, 0.9), (OFFICE, 0.3)],
    ids=["a new network", "where it was used before"],
)
def test_a_storage_key_is_used_after_it_was_listed(build, source_ip: str, confidence: float) -> None:
    found = edges(
        build,
        storage_row("8 09:00", "AccountKey", "key1(AA)", "192.0.2.11"),
        act("9 10:30", "Microsoft.Storage/storageAccounts/listKeys/action", STORAGE),
        storage_row("9 11:00", "AccountKey", "key1(AA)", source_ip),
        where=f"to_thing_id like 'storage-key:%@{source_ip}'",
    )
    assert found == [
        ("storage-keys:exampledata", "used_from", f"storage-key:exampledata/key1(AA)@{source_ip}", confidence)
    ]


def test_a_sas_is_told_by_its_signature(build) -> None:
    thing = f"storage-key:exampledata/key1(AA),SasSignature(BB)@{ELSEWHERE}"
    found = edges(
        build,
        act("9 10:30", "Microsoft.Storage/storageAccounts/listAccountSas/action", STORAGE),
        storage_row("9 11:00", "SAS", "key1(AA),SasSignature(BB)", ELSEWHERE),
        where=f"to_thing_id = '{thing}'",
    )
    assert found == [
        ("storage-keys:exampledata", "used_from", thing, 0.9),
        ("storage-sas:exampledata", "used_from", thing, 0.9),
    ]


def test_a_command_on_a_machine_reaches_its_managed_identity(build) -> None:
    identity = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg/providers/{MACHINE}".lower()
    acts = activity_rows(
        "9 10:40", "Microsoft.Storage/storageAccounts/listKeys/action", STORAGE, identity, "192.0.2.200"
    )
    query = build(
        story(
            PAST,
            RESET,
            BREACH,
            act("9 10:30", "Microsoft.Compute/virtualMachines/runCommand/action", MACHINE),
            acts,
        )
    )
    found = query("select thing_id, round(confidence, 2) from reach order by depth")
    assert found == [
        (ALICE, 1.0),
        (f"code:{SUBSCRIPTION}/vm-jump", 1.0),
        (f"entra-sp:{oid(identity)}@AS64496", 0.4),
        ("storage-keys:exampledata", 0.2),  # and the log names no session of it
    ]


def test_what_another_machine_does_is_not_reached(build) -> None:
    identity = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg/providers/Microsoft.Compute/virtualMachines/vm-other".lower()
    acts = activity_rows(
        "9 10:40", "Microsoft.Storage/storageAccounts/listKeys/action", STORAGE, identity, "192.0.2.200"
    )
    rows = story(
        PAST,
        RESET,
        BREACH,
        act("9 10:30", "Microsoft.Compute/virtualMachines/runCommand/action", MACHINE),
        acts,
    )
    assert build(rows)("select thing_id from reach where thing_id like 'entra-sp:%'") == []


SECRET = "https://kv-example.vault.azure.net/secrets/{}"


@pytest.mark.parametrize(
    ("name", "source_ip", "confidence"),
    [
        ("backup-client-secret", ELSEWHERE, 0.95),  # named for the application
        (KEY, OFFICE, 0.95),  # named for the key
        ("entra-app-secret", ELSEWHERE, 0.7),
        ("entra-app-secret", ATTACKER, 1.0),
        ("database-password", OFFICE, None),
        ("database-password", ELSEWHERE, None),
    ],
    ids=["named", "key id", "new network", "the reader's address", "at the office", "nothing but new"],
)
def test_the_application_that_signs_in_with_what_was_read(
    build, name: str, source_ip: str, confidence: float | None
) -> None:
    found = edges(
        build,
        vault_row("9 10:30", "SecretGet", name),
        application_row("9 11:00", "backup", source_ip, servicePrincipalCredentialKeyId=KEY),
        where=f"from_thing_id = '{SECRET.format(name)}' or from_thing_id = 'secret:{SECRET.format(name)}'",
    )
    assert [row[3] for row in found] == ([confidence] if confidence else [])


def test_a_key_that_was_in_use_before_is_not_inferred_from_a_read(build) -> None:
    old = [
        application_row(f"{day} 02:00", "backup", OFFICE, servicePrincipalCredentialKeyId=KEY)
        for day in (1, 8)
    ]
    found = edges(
        build,
        old,
        vault_row("9 10:30", "SecretGet", "entra-app-secret"),
        application_row("9 11:00", "backup", OFFICE, servicePrincipalCredentialKeyId=KEY),
        where="from_thing_id like 'secret:%'",
    )
    assert found == []


def test_the_second_network_of_the_session_is_no_other_session(build) -> None:
    moved = sign_in_row("9 11:00", source_ip=ELSEWHERE, source="entra_signin_noninteractive")
    assert build(story(PAST, RESET, BREACH, moved))("select thing_id from reach") == [(ALICE,)]
    assert ELSEWHERE_BLOCK.startswith(ELSEWHERE[:10])
