"""Ordinary changes to one's own mailbox, each a near miss of what an attacker does there."""

from datetime import datetime

from pipeline.simulate.campaign.acting import Acting


def mailbox_path(acting: Acting) -> str:
    audit = acting.world.office
    guid = audit.named_guid(f"mailbox/{acting.person.login}")
    tenant = f"{acting.world.estate.name}.onmicrosoft.com"
    return f"DEUP281A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{tenant}/{guid}"


def make_rule(acting: Acting, at: datetime) -> None:
    """Newsletters and tickets into folders of their own; or offers that nobody wants, away."""
    name, fields = acting.rng.choice((
        ("Newsletters", {"FromAddressContainsWords": "newsletter;news@", "MoveToFolder": "Newsletters"}),
        ("Tickets", {"SubjectContainsWords": "[ticket]", "MoveToFolder": "Tickets", "MarkAsRead": "True"}),
        ("No more offers", {"FromAddressContainsWords": "offers@vendor.example", "DeleteMessage": "True"}),
    ))  # fmt: skip
    parameters = {"AlwaysDeleteOutlookRulesBlob": "False", "Force": "False", "Name": name, **fields}
    acting.world.office.cmdlet(
        acting.shift(at), at, "New-InboxRule", rf"{mailbox_path(acting)}\{name}", parameters
    )


def forward_within_company(acting: Acting, at: datetime) -> None:
    colleague = acting.rng.choice(
        [person for person in acting.organisation.people if person is not acting.person]
    )
    name = "While I am away"
    parameters = {
        "AlwaysDeleteOutlookRulesBlob": "False",
        "Force": "False",
        "Name": name,
        "ForwardTo": colleague.upn,
    }
    acting.world.office.cmdlet(
        acting.shift(at), at, "New-InboxRule", rf"{mailbox_path(acting)}\{name}", parameters
    )
