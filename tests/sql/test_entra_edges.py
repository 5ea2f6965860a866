"""Trust edges of Entra: what an act in the directory gives, and which session uses it afterwards."""

import random

import pytest

from tests.sql.azure_records import unified_row
from tests.sql.cloud_records import (
    BREACH,
    ELSEWHERE,
    ELSEWHERE_BLOCK,
    ENDS,
    OFFICE,
    PAST,
    RESET,
    TENANT,
    Pair,
    application_row,
    audit_row,
    change,
    minute,
    oid,
    opened,
    sign_in_row,
    story,
    target,
)

ALICE = "entra-session:s-alice"
KEY, OLD_KEY = oid("new key"), oid("old key")
BOB, EVE = "bob@example.com", "eve@example.com"
ROLE = [change("Role.DisplayName", "Global Administrator")]
APP_ROLE = [
    change("AppRole.Value", "full_access_as_app"),
    change("ServicePrincipal.ObjectID", oid("backup")),
    change("ServicePrincipal.DisplayName", "backup"),
    change("ServicePrincipal.AppId", oid("app id of backup")),
]


def key_text(key: str) -> str:
    return f"[KeyIdentifier={key},KeyType=Password,KeyUsage=Verify,DisplayName=x]"


KEYS = [change("KeyDescription", [key_text(OLD_KEY), key_text(KEY)], [key_text(OLD_KEY)])]
FEDERATED = [
    change(
        "FederatedIdentityCredentials",
        [{"Id": oid("fic"), "Name": "x", "Issuer": "https://token.example.net", "Subject": "repo:x"}],
        [],
    )
]
ACTS = [  # the act → its edge: kind, end, kind of the end
    (("Add member to role", target(BOB, changes=ROLE)), "grants", f"grant:{TENANT}/{BOB}/Global Administrator", "grant"),
    (("Add eligible member to role", target(BOB, changes=ROLE)), "grants", f"grant:{TENANT}/{BOB}/Global Administrator", "grant"),
    (("Add member to role in PIM completed (permanent)", target(BOB, changes=ROLE)), "grants", f"grant:{TENANT}/{BOB}/Global Administrator", "grant"),
    (("Add member to role completed (PIM activation)", target(BOB, changes=ROLE)), "grants", f"grant:{TENANT}/{BOB}/Global Administrator", "grant"),
    (("Add app role assignment to service principal", target("Office 365 Exchange Online", "ServicePrincipal", APP_ROLE)), "grants", f"grant:{TENANT}/backup/full_access_as_app", "grant"),
    (("Add delegated permission grant", target("Microsoft Graph", "ServicePrincipal", [change("DelegatedPermissionGrant.Scope", "Mail.Read"), *APP_ROLE[1:3]])), "grants", f"grant:{TENANT}/backup/Mail.Read", "grant"),
    (("Consent to application", target("mailer", "ServicePrincipal")), "grants", f"grant:{TENANT}/mailer", "grant"),
    (("Add owner to application", target(BOB), target("backup", "Application")), "grants", f"grant:{TENANT}/{BOB}", "grant"),
    (("Add owner to service principal", target(BOB)), "grants", f"grant:{TENANT}/{BOB}", "grant"),
    (("Add application", target("mailer", "Application")), "creates_principal", f"principal:{TENANT}/mailer", "principal"),
    (("Add service principal", target("mailer", "ServicePrincipal")), "creates_principal", f"principal:{TENANT}/mailer", "principal"),
    (("Add user", target(EVE)), "creates_principal", f"principal:{TENANT}/{EVE}", "principal"),
    (("Invite external user", target(EVE)), "creates_principal", f"principal:{TENANT}/{EVE}", "principal"),
    (("Set domain authentication", target("example.net", "Other")), "opens_trust", f"trust:{TENANT}/example.net", "trust"),
    (("Set federation settings on domain", target("example.net", "Other")), "opens_trust", f"trust:{TENANT}/example.net", "trust"),
    (("Add unverified domain", target("example.net", "Other")), "opens_trust", f"trust:{TENANT}/example.net", "trust"),
    (("Update conditional access policy", target("Require MFA", "Policy")), "opens_trust", f"trust:{TENANT}/Require MFA", "trust"),
    (("Add a partner to cross-tenant access setting", target("partner", "Policy")), "opens_trust", f"trust:{TENANT}/partner", "trust"),
    (("Reset user password", target(BOB)), "sets_password", f"password:{BOB}/{{at}}", "password"),
    (("Reset password (by admin)", target(BOB)), "sets_password", f"password:{BOB}/{{at}}", "password"),
    (("Create Temporary Access Pass method for user", target(BOB)), "adds_method", f"access-pass:{BOB}/{{at}}", "access_pass"),
    (("User registered security info", target("alice@example.com")), "adds_method", "method:alice@example.com/{at}", "method"),
    (("Add FIDO2 security key", target(BOB)), "adds_method", f"method:{BOB}/{{at}}", "method"),
    (("Add Windows Hello for Business credential", target(BOB)), "adds_method", f"method:{BOB}/{{at}}", "method"),
    (("Create application password for user", target(BOB)), "adds_method", f"method:{BOB}/{{at}}", "method"),
    (("Register device", target("laptop", "Device")), "adds_device", f"device:{oid('laptop')}", "device"),
    (("Add service principal credentials", target("backup", "ServicePrincipal", KEYS)), "adds_secret", f"sp-credential:{KEY}", "service_principal_key"),
    (("Update application – Certificates and secrets management ", target("backup", "Application", KEYS)), "adds_secret", f"sp-credential:{KEY}", "service_principal_key"),
    (("Update application", target("backup", "Application", FEDERATED)), "adds_secret", f"federated-credential:{TENANT}/backup/https://token.example.net", "federated_credential"),
]  # fmt: skip


def edges(build, *parts: Pair | list[Pair], where: str = "true") -> list[tuple]:
    query = build(story(PAST, RESET, BREACH, *parts))
    return query(
        f"select from_thing_id, kind, to_thing_id, to_kind from int_trust_edges where {where} order by 3"
    )


def test_what_each_act_ends_in(build) -> None:
    acts = [audit_row(minute(number), name, *targets) for number, ((name, *targets), *_) in enumerate(ACTS)]
    query = build(story(PAST, RESET, BREACH, acts))
    assert query(ENDS.format(ALICE)) == [
        (name.strip().replace("–", "-"), kind, end.format(at=f"2026-03-09T{minute(number)[2:]}Z"))
        for number, ((name, *_), kind, end, _) in enumerate(ACTS)
    ]
    kinds = query(f"select to_thing_id, to_kind from int_trust_edges where from_thing_id = '{ALICE}'")
    assert dict(kinds) == {row[0]: row[1] for row in kinds} | {
        end.format(at=f"2026-03-09T{minute(number)[2:]}Z"): end_kind
        for number, (_, _, end, end_kind) in enumerate(ACTS)
    }


@pytest.mark.parametrize(
    "act",
    [
        ("Update application", target("backup", "Application", [change("DisplayName", "x", "y")])),
        ("Reset user password", target("alice@example.com")),
        ("Add service principal credentials", target("backup", "ServicePrincipal", [change("KeyDescription", [], [key_text(KEY)])])),
    ],
    ids=["no credential", "one's own password", "a key removed"],
)  # fmt: skip
def test_an_act_that_gives_nothing_makes_no_edge(build, act: tuple) -> None:
    assert edges(build, audit_row("9 10:30", *act), where=f"from_thing_id = '{ALICE}'") == []


def test_each_of_several_keys_is_an_edge(build) -> None:
    keys = [change("KeyDescription", [key_text(KEY), key_text(OLD_KEY)], [])]
    act = audit_row(
        "9 10:30", "Add service principal credentials", target("backup", "ServicePrincipal", keys)
    )
    assert [row[2] for row in edges(build, act, where=f"from_thing_id = '{ALICE}'")] == sorted(
        f"sp-credential:{key}" for key in (KEY, OLD_KEY)
    )


def test_a_secret_that_was_added_is_used_elsewhere(build) -> None:
    query = build(
        story(
            PAST,
            RESET,
            BREACH,
            audit_row(
                "9 10:30", "Add service principal credentials", target("backup", "ServicePrincipal", KEYS)
            ),
            application_row("9 11:00", "backup", ELSEWHERE, servicePrincipalCredentialKeyId=KEY),
        )
    )
    things = query("select thing_id, depth from reach order by depth, thing_id")
    assert things == [
        (ALICE, 0),
        (f"sp-credential:{KEY}", 1),
        (f"sp-credential:{KEY}@{ELSEWHERE_BLOCK}", 2),
    ]


def test_the_twin_of_the_unified_audit_log_makes_no_second_edge(build) -> None:
    act = audit_row(
        "9 10:30", "Add service principal credentials", target("backup", "ServicePrincipal", KEYS)
    )
    twin = unified_row(
        "9 10:30",
        "Add service principal credentials.",
        InterSystemsId=act[1]["correlationId"],
        ModifiedProperties=[{"Name": "KeyDescription", "NewValue": f'["{key_text(KEY)}"]', "OldValue": "[]"}],
        Target=[{"ID": f"ServicePrincipal_{oid('backup')}", "Type": 2}],
    )
    where = f"to_thing_id = 'sp-credential:{KEY}'"
    assert edges(build, act, twin, where=where) == [
        (ALICE, "adds_secret", f"sp-credential:{KEY}", "service_principal_key")
    ]
    assert len(edges(build, twin, where=where)) == 1  # alone it counts


def test_a_federated_credential_is_followed_by_its_id_and_by_its_first_use(build) -> None:
    act = audit_row(
        "9 10:30",
        "Update application",
        target("backup", "Application", [*FEDERATED, change("AppId", oid("app id of backup"))]),
    )
    thing = f"federated-credential:{TENANT}/backup/https://token.example.net"
    use = application_row("9 11:00", "backup", ELSEWHERE, federatedCredentialId=oid("fic"))
    assert opened(build, act, use)[f"sp-credential:{oid('fic')}@{ELSEWHERE_BLOCK}"] == (thing, 0.95)
    unnamed = application_row("9 11:00", "backup", ELSEWHERE, federatedCredentialId=oid("another"))
    assert opened(build, act, unnamed)[f"sp-credential:{oid('another')}@{ELSEWHERE_BLOCK}"] == (thing, 0.8)
    secret = application_row("9 11:00", "backup", ELSEWHERE, servicePrincipalCredentialKeyId=KEY)
    assert thing not in {start for start, _ in opened(build, act, secret).values()}


def test_consent_lets_the_application_in_from_new_networks_only(build) -> None:
    old = [
        application_row(f"{day} 02:00", "backup", OFFICE, servicePrincipalCredentialKeyId=OLD_KEY)
        for day in (1, 2, 8)
    ]
    act = audit_row(
        "9 10:30",
        "Add app role assignment to service principal",
        target("Exchange", "ServicePrincipal", APP_ROLE),
    )
    found = opened(
        build,
        old,
        act,
        application_row("9 11:00", "backup", OFFICE, servicePrincipalCredentialKeyId=OLD_KEY),
        application_row("9 11:30", "backup", ELSEWHERE, servicePrincipalCredentialKeyId=OLD_KEY),
    )
    assert {thing for thing, (start, _) in found.items() if start.startswith("grant:")} == {
        f"sp-credential:{OLD_KEY}@{ELSEWHERE_BLOCK}"
    }


def test_the_sessions_of_a_user_and_an_application_that_were_made(build) -> None:
    found = opened(
        build,
        audit_row("9 10:30", "Add user", target(EVE)),
        audit_row("9 10:31", "Add service principal", target("mailer", "ServicePrincipal", [change("AppPrincipalId", [oid("app id of mailer")], [])])),
        sign_in_row("9 11:00", EVE, "s-eve", ELSEWHERE),
        application_row("9 11:30", "mailer", ELSEWHERE, servicePrincipalCredentialKeyId=KEY),
    )  # fmt: skip
    assert found["entra-session:s-eve"] == (f"principal:{TENANT}/{EVE}", 0.9)
    assert found[f"sp-credential:{KEY}@AS64511"] == (f"principal:{TENANT}/mailer", 0.9)


def test_a_role_taints_nobody_whom_the_holder_did_not_make(build) -> None:
    act = audit_row("9 10:30", "Add member to role", target(BOB, changes=ROLE))
    query = build(story(PAST, RESET, BREACH, act, sign_in_row("9 11:00", BOB, "s-bob", OFFICE)))
    assert query("select thing_id from reach where thing_id like '%bob%'") == [
        (f"grant:{TENANT}/{BOB}/Global Administrator",)
    ]


def test_the_order_of_the_input_changes_no_edge(build) -> None:
    rows = story(
        PAST, RESET, BREACH,
        audit_row("9 10:30", "Reset user password", target(BOB)),
        audit_row("9 10:31", "Add user", target(EVE)),
        audit_row("9 10:32", "Add service principal credentials", target("backup", "ServicePrincipal", KEYS)),
        sign_in_row("9 11:00", BOB, "s-bob"),
        sign_in_row("9 11:00", EVE, "s-eve", method="Temporary Access Pass"),
        application_row("9 11:00", "backup", ELSEWHERE, servicePrincipalCredentialKeyId=KEY),
    )  # fmt: skip
    expected = build(rows)("select * from int_trust_edges order by all")
    random.Random(1).shuffle(rows)
    assert build(rows)("select * from int_trust_edges order by all") == expected
