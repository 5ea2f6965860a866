"""Trust edges of Microsoft 365: mail that would carry the next temporary password away, and grants that only it logs."""

import pytest

from tests.sql.azure_records import unified_row
from tests.sql.cloud_records import BREACH, ENDS, PAST, RESET, TENANT, minute, oid, story

ALICE = "entra-session:s-alice"
SESSION = {"SessionId": "s-alice"}


def parameters(*pairs: tuple[str, str]) -> dict:
    return {"Parameters": [{"Name": name, "Value": value} for name, value in pairs]}


MAILBOX = r"EURPR01.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/example.com/alice\x"
ACTS = [
    ("New-InboxRule", {"ObjectId": MAILBOX} | parameters(("Name", "x"), ("ForwardTo", "eve@example.net")), f"mail-path:{TENANT}/{MAILBOX}/ForwardTo eve@example.net"),
    ("Set-InboxRule", {"ObjectId": "alice"} | parameters(("Identity", "x"), ("RedirectTo", "eve@example.net")), f"mail-path:{TENANT}/x/RedirectTo eve@example.net"),
    ("Set-Mailbox", {"ObjectId": "alice"} | parameters(("Identity", "alice"), ("ForwardingSmtpAddress", "smtp:eve@example.net")), f"mail-path:{TENANT}/alice/ForwardingSmtpAddress smtp:eve@example.net"),
    ("New-TransportRule", {"ObjectId": "r"} | parameters(("Name", "r"), ("BlindCopyTo", "eve@example.net")), f"mail-path:{TENANT}/r/BlindCopyTo eve@example.net"),
    ("Add-MailboxPermission", {"ObjectId": "ceo"} | parameters(("Identity", "ceo"), ("User", "eve"), ("AccessRights", "FullAccess")), f"grant:{TENANT}/ceo/eve"),
    ("UpdateInboxRules", {"MailboxGuid": oid("m"), "MailboxOwnerUPN": "alice@example.com", "OperationProperties": [{"Name": "RuleActions", "Value": '[{"ActionType":"Forward"}]'}]}, f'mail-path:{TENANT}/alice@example.com/RuleActions [{{"ActionType":"Forward"}}]'),
]  # fmt: skip


def edges(build, operation: str, **more: object) -> list[tuple]:
    query = build(story(PAST, RESET, BREACH, unified_row("9 10:30", operation, **SESSION, **more)))
    return query(f"select kind, lower(to_thing_id) from int_trust_edges where from_thing_id = '{ALICE}'")


def test_the_paths_for_the_next_password(build) -> None:
    acts = [
        unified_row(minute(number), operation, **SESSION, **more)
        for number, (operation, more, _) in enumerate(ACTS)
    ]
    found = build(story(PAST, RESET, BREACH, acts))(ENDS.format(ALICE))
    assert [(action, kind, end.lower()) for action, kind, end in found] == [
        (operation, "diverts_mail", end.lower()) for operation, _, end in ACTS
    ]


def test_such_a_path_is_for_the_help_desk_to_close(con) -> None:
    rows = con.execute("select control_domain from edge_domains where kind = 'diverts_mail'").fetchall()
    assert rows == [("help_desk",)]


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("New-InboxRule", parameters(("Name", "x"), ("MoveToFolder", "Archive"))),
        ("Set-Mailbox", parameters(("Identity", "alice"), ("ForwardingSmtpAddress", ""))),
        ("Set-Mailbox", parameters(("Identity", "alice"), ("MaxSendSize", "35 MB"))),
    ],
    ids=["a rule that files", "forwarding ended", "a size"],
)
def test_a_change_that_carries_nothing_away(build, operation: str, more: dict) -> None:
    assert edges(build, operation, **more) == []


def test_a_consent_that_only_the_unified_audit_log_has(build) -> None:
    targets = [{"ID": f"ServicePrincipal_{oid('mailer')}", "Type": 2}, {"ID": "mailer", "Type": 1}]
    query = build(
        story(PAST, RESET, BREACH, unified_row("9 10:30", "Consent to application.", Target=targets))
    )
    assert query("select from_thing_id, to_thing_id from int_trust_edges where kind = 'grants'") == [
        (ALICE, f"grant:{TENANT}/mailer")
    ]
