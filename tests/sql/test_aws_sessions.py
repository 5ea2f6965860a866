"""Where an AWS session begins and ends, and whose it is: decided for a credential group, whatever the order of its events."""

import random

import pytest

from tests.sql.aws_records import (
    ACCOUNT,
    ALICE,
    ALICE_ROW,
    ALICE_THING,
    STORE,
    assume_row,
    iam_user,
    role,
    trail_row,
)
from tests.sql.cloud_records import ATTACKER, HOME, OFFICE, PAST, RESET, Pair, story

SIGN_IN = f"arn:aws:signin:us-east-1:{ACCOUNT}:session/1f0e"
CONSOLE = {"sessionCredentialFromConsole": "true"}
BEHALF = {"userId": "U-Alice", "identityStoreArn": STORE}
BINDING = role(
    "AWSReservedSSO_Admin_0123456789abcdef", "alice@example.com", "ASIABIND", "3 08:00", onBehalfOf=BEHALF
)
BINDING_ROW = trail_row("3 08:01", "s3:ListBuckets", BINDING, source_ip=OFFICE)


def things(build, *parts: Pair | list[Pair]) -> list[tuple]:
    query = build(story(PAST, RESET, *parts))
    return query(
        """select distinct thing_id, person_id from int_event_holders
        where source = 'aws_cloudtrail' and occurred_at >= '2026-03-09' order by all"""
    )


def stamped(identity: dict, arn: str = SIGN_IN) -> dict:
    return identity | {"sessionContext": identity["sessionContext"] | {"signInSessionArn": arn}}


def test_a_console_session_is_one_whatever_keys_it_uses(build) -> None:
    rows = [
        trail_row(f"9 10:0{n}", "s3:ListBuckets", role("Admin", "alice@example.com", f"ASIA{n}"), **CONSOLE)
        for n in range(3)
    ]
    empty = trail_row("9 10:05", "s3:ListBuckets", role("Admin", "alice@example.com", ""))
    assert things(build, rows, empty) == [
        ("aws-session:AROAADMIN:alice@example.com/2026-03-09T10:00:00Z", "alice@example.com")
    ]


def test_one_temporary_key_is_one_session(build) -> None:
    rows = [
        trail_row(f"9 10:0{n}", "s3:ListBuckets", role("Admin", "alice@example.com", f"ASIA{n}"))
        for n in range(2)
    ]
    assert [thing for thing, _ in things(build, rows)] == ["aws-key:ASIA0", "aws-key:ASIA1"]


def test_a_sign_in_session_goes_on_under_other_keys(build) -> None:
    """Some services stamp it and some do not: one event that does decides for its key."""
    rows = [
        trail_row("9 10:00", "s3:ListBuckets", role("Admin", "alice@example.com", "ASIA0")),
        trail_row("9 10:01", "iam:ListUsers", stamped(role("Admin", "alice@example.com", "ASIA0"))),
        trail_row("9 10:02", "iam:ListUsers", stamped(role("Admin", "alice@example.com", "ASIA1"))),
        trail_row("9 10:03", "s3:ListBuckets", role("Admin", "alice@example.com", "ASIA1")),
    ]
    assert things(build, rows) == [(f"aws-session:{SIGN_IN}", "alice@example.com")]


def test_a_token_of_the_command_line_names_the_session_that_it_opens(build) -> None:
    query = build(
        story(
            PAST,
            RESET,
            ALICE_ROW,
            trail_row("9 10:10", "signin:CreateOAuth2Token", stamped(ALICE)),
            trail_row(
                "9 10:20", "s3:ListBuckets", stamped(role("Admin", "alice@example.com", "ASIACLI", "9 10:10"))
            ),
        )
    )
    assert query(
        f"select from_thing_id, to_thing_id, kind from int_trust_edges where from_thing_id = '{ALICE_THING}'"
    ) == [(ALICE_THING, f"aws-session:{SIGN_IN}", "signs_in")]


def test_on_whose_behalf_decides_for_the_group(build) -> None:
    """One event of the key names the user; the name of the session, which anybody may choose, counts for nothing."""
    rows = [
        trail_row("9 10:00", "s3:ListBuckets", role("AWSReservedSSO_Admin_0123456789abcdef", "bob@example.com", "ASIA0")),
        trail_row("9 10:01", "sqs:ListQueues", role("AWSReservedSSO_Admin_0123456789abcdef", "bob@example.com", "ASIA0", onBehalfOf=BEHALF)),
    ]  # fmt: skip
    assert [person for _, person in things(build, BINDING_ROW, rows)] == ["alice@example.com"]


def test_a_user_id_of_another_store_is_another_person(build) -> None:
    there = {"userId": "U-Alice", "identityStoreArn": STORE.replace("d-9067000000", "d-9067999999")}
    rows = [trail_row("9 10:01", "sqs:ListQueues", role("Reader", "x", "ASIA0", onBehalfOf=there))]
    assert things(build, BINDING_ROW, rows) == [
        ("aws-key:ASIA0", f"identity-center:{there['identityStoreArn']}|u-alice")
    ]


CHAIN = [
    trail_row("9 10:00", "iam:ListUsers", role("Admin", "alice@example.com", "ASIA0")),
    assume_row("9 10:10", role("Admin", "alice@example.com", "ASIA0"), "ops", "deploy", "ASIA1"),
    assume_row("9 10:20", role("ops", "deploy", "ASIA1", "9 10:10"), "data", "bob@example.com", "ASIA2"),
    trail_row("9 10:30", "s3:ListBuckets", role("data", "bob@example.com", "ASIA2", "9 10:20")),
    trail_row("9 10:31", "s3:ListBuckets", stamped(role("data", "bob@example.com", "ASIA2", "9 10:20"))),
]


def test_a_chain_is_the_person_s_who_began_it(build) -> None:
    found = dict(things(build, CHAIN))
    assert found["aws-key:ASIA1"] == "alice@example.com"
    assert found[f"aws-session:{SIGN_IN}"] == "alice@example.com"


def test_a_chain_begun_before_the_reset_is_residual(build) -> None:
    """After the reset only the last role is used: nothing leads there but that it is hers."""
    before = [
        trail_row(
            "8 20:00", "iam:ListUsers", role("Admin", "alice@example.com", "ASIA0", "8 20:00"), source_ip=HOME
        ),
        assume_row(
            "9 08:00", role("Admin", "alice@example.com", "ASIA0", "8 20:00"), "ops", "deploy", "ASIA1"
        ),
    ]
    after = trail_row("9 09:30", "s3:ListBuckets", role("ops", "deploy", "ASIA1", "9 08:00"))
    query = build(story(PAST, RESET, before, after))
    assert query("select thing_id, seed, depth from reach") == [("aws-key:ASIA1", "residual", 0)]


def test_a_chain_begun_after_the_reset_is_told_as_a_chain(build) -> None:
    query = build(story(PAST, RESET, CHAIN))
    assert query("select thing_id, depth from reach order by depth") == [
        ("aws-key:ASIA0", 0), ("aws-key:ASIA1", 1), (f"aws-session:{SIGN_IN}", 2)
    ]  # fmt: skip


def test_a_role_switched_to_in_the_console(build) -> None:
    base = role("Admin", "alice@example.com", "")
    rows = [
        trail_row("9 10:00", "iam:ListUsers", base),
        trail_row(
            "9 10:10",
            "signin:SwitchRole",
            base,
            None,
            {"SwitchRole": "Success"},
            eventType="AwsConsoleSignIn",
        ),
        trail_row("9 10:11", "s3:ListBuckets", role("data", "alice@example.com", "", "9 10:10")),
    ]
    query = build(story(PAST, RESET, rows))
    child = "aws-session:AROADATA:alice@example.com/2026-03-09T10:10:00Z"
    assert query(f"select kind, round(confidence, 2) from int_trust_edges where to_thing_id = '{child}'") == [
        ("assumes_role", 0.9)
    ]


def test_the_portal_hides_the_keys_that_it_gives(build) -> None:
    portal = {
        "type": "IdentityCenterUser",
        "accountId": ACCOUNT,
        "onBehalfOf": BEHALF,
        "credentialId": "cred-1",
    }
    rows = [
        trail_row("9 10:00", "sso:ListAccounts", portal),
        trail_row("9 10:10", "sso:GetRoleCredentials", portal, {"role_name": "Admin", "account_id": ACCOUNT}),
        trail_row("9 10:11", "s3:ListBuckets", role("AWSReservedSSO_Admin_0123456789abcdef", "alice@example.com", "ASIA9", "9 10:10")),
    ]  # fmt: skip
    query = build(story(PAST, BINDING_ROW, RESET, rows))
    assert query(
        "select from_thing_id, round(confidence, 2) from int_trust_edges where to_thing_id = 'aws-key:ASIA9'"
    ) == [("aws-session:cred-1", 0.8)]


def test_the_shell_of_the_console_belongs_to_it(build) -> None:
    rows = [
        trail_row(
            "9 10:01", "cloudshell:CreateEnvironment", role("Admin", "alice@example.com", "ASIAC"), **CONSOLE
        ),
        trail_row("9 10:05", "s3:ListBuckets", role("Admin", "alice@example.com", "ASIASHELL")),
    ]
    query = build(story(PAST, RESET, rows))
    assert query(
        "select from_thing_id, kind from int_trust_edges where to_thing_id = 'aws-key:ASIASHELL'"
    ) == [("aws-session:AROAADMIN:alice@example.com/2026-03-09T10:00:00Z", "issues_key")]


def test_a_federated_session_outlives_its_key_and_is_the_user_s(build) -> None:
    """S12: the key is made inactive, the session that came of it acts on and signs in to the console."""
    ada = iam_user("ada", "AKIAADA")
    federated = {
        "type": "FederatedUser", "principalId": f"{ACCOUNT}:ada-x", "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/ada-x",
        "accountId": ACCOUNT, "accessKeyId": "ASIAFED",
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": ada["arn"], "accountId": ACCOUNT}, "attributes": {"creationDate": "2026-03-09T10:00:00Z"}},
    }  # fmt: skip
    rows = [
        trail_row("9 10:00", "sts:GetFederationToken", ada, {"name": "ada-x"}, {"credentials": {"accessKeyId": "ASIAFED"}, "federatedUser": {"federatedUserId": f"{ACCOUNT}:ada-x"}}),
        trail_row("9 11:00", "iam:ListUsers", federated),
        trail_row("9 11:05", "signin:GetSigninToken", federated, None, {"GetSigninToken": "Success"}),
        trail_row("9 11:06", "s3:ListBuckets", federated | {"accessKeyId": "ASIAROT"}, **CONSOLE),
    ]  # fmt: skip
    query = build(story(PAST, RESET, rows))
    person = f"arn:aws:iam::{ACCOUNT}:user/ada"
    assert query("select distinct person_id from int_sessions where principal_name = 'ada-x'") == [(person,)]
    assert query("select kind from int_trust_edges where to_thing_id = 'aws-key:ASIAFED'") == [
        ("issues_key",)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_the_records_changes_nothing(build, seed: int) -> None:
    """Issuance may be delivered after what it explains, and one session's events in any number of files."""
    records = [
        *PAST,
        RESET,
        BINDING_ROW,
        ALICE_ROW,
        *CHAIN,
        trail_row("9 12:00", "s3:ListBuckets", stamped(BINDING), source_ip=ATTACKER),
    ]
    tables = ("int_aws_groups", "int_sessions", "int_trust_edges", "reach")
    first = build(story(*records))
    expected = [first(f"select * from {table} order by all") for table in tables]
    random.Random(seed).shuffle(records)
    events = [row | {"event_id": row["event_id"]} for row in story(*records)]
    random.Random(seed).shuffle(events)
    again = build(events)
    assert [again(f"select * from {table} order by all") for table in tables] == expected
