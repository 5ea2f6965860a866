"""An ordinary day in Microsoft 365: mail, files and chats of everybody, and what a few people and services do besides.

The stories below `run` are the near misses: an inbox rule that hides nothing, forwarding that ends, a link within the
company, an administrator's tickets, and the names in which Exchange and SharePoint act on their own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate.logbook import Record
from pipeline.simulate.people import Person
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import jitter, later
from pipeline.simulate.unified_audit import UnifiedAudit
from pipeline.simulate.world import World

WEB = "Client=OWA;Action=ViaProxy"
DESKTOP = "Client=MSExchangeRPC"
EXCHANGE_SERVICE = r"NT AUTHORITY\SYSTEM (Microsoft.Exchange.ServiceHost)"
SHAREPOINT_SERVICE = "app@sharepoint"
TEAM_SITES = {
    "finance": "finance", "sales": "sales", "people": "people", "help desk": "it", "platform": "it",
    "manager": "board",
}  # fmt: skip
SUBJECTS = ("Agenda for Thursday", "Re: Offer 2026-118", "Minutes", "Question on the forecast", "Re: Lunch?")
FILES = ("plan.xlsx", "notes.docx", "figures.xlsx", "slides.pptx", "contract.pdf", "list.csv")


@dataclass(slots=True)
class OfficeDay:
    audit: UnifiedAudit
    shifts: dict[str, Shift]
    people: dict[str, Person]

    def after(self, login: str, minutes: float) -> datetime:
        return later(self.shifts[login].begins_at, minutes * 60)


def run(world: World, shifts: dict[str, Shift], day: datetime) -> None:
    office = OfficeDay(world.office, shifts, world.estate.people)
    for login in shifts:
        work(office, login, world.stream(f"office/{login}"))
    sort_newsletters(office)
    go_on_leave(office)
    administer(office)
    share(office)
    fill_new_laptop(office)
    services(office, day)


def team_site(person: Person) -> str:
    return f"https://example.sharepoint.com/sites/{TEAM_SITES.get(person.job, 'engineering')}/"


def own_site(person: Person) -> str:
    return f"https://example-my.sharepoint.com/personal/{person.login}_example_com/"


def work(office: OfficeDay, login: str, rng: Random) -> None:
    shift, audit = office.shifts[login], office.audit
    length = max((shift.ends_at - shift.begins_at).total_seconds(), 3600)

    def some_time() -> datetime:
        return jitter(later(shift.begins_at, 60), length * 0.9, rng)

    audit.teams(shift, later(shift.begins_at, 40), "TeamsSessionStarted", {"ObjectId": "Unknown (Unknown)"})
    for _ in range(1 + int(rng.random() * 2)):
        audit.mailbox(shift, some_time(), "MailItemsAccessed", WEB, opened(rng))
    if shift.person.laptop.operating_system == "Windows10":
        audit.mailbox(shift, some_time(), "MailItemsAccessed", DESKTOP, synchronised(rng))
    for _ in range(int(rng.random() * 3)):
        item = message(rng, r"\Drafts") | {"Subject": SUBJECTS[int(rng.random() * len(SUBJECTS))]}
        audit.mailbox(shift, some_time(), "Send", WEB, {"Item": item, "SaveToSentItems": True})
    if rng.random() < 0.3:
        inbox = {"Id": f"Lg{rng.getrandbits(96):024X}", "Path": r"\Inbox"}
        item = {key: value for key, value in message(rng, r"\Inbox").items() if key != "SizeInBytes"}
        item["Subject"] = SUBJECTS[int(rng.random() * len(SUBJECTS))]
        audit.mailbox(
            shift, some_time(), "SoftDelete", WEB,
            {"AffectedItems": [item], "CrossMailboxOperation": False, "Folder": inbox},
        )  # fmt: skip
    for operation in rng.sample(("FileAccessed", "FileModified", "FileDownloaded", "FilePreviewed"), 2):
        site = team_site(shift.person) if rng.random() < 0.7 else own_site(shift.person)
        name = FILES[int(rng.random() * len(FILES))]
        folder = "Shared Documents/2026" if "/sites/" in site else "Documents"
        audit.file(shift, some_time(), operation, site, folder, name)
    others = [person for person in office.people.values() if person.login != login]
    for _ in range(1 + int(rng.random() * 3)):
        chat(office, shift, some_time(), others[int(rng.random() * len(others))], rng)


def message(rng: Random, folder: str) -> Record:
    return {
        "Id": f"RgAAAAC{rng.getrandbits(160):040X}AAJ",
        "InternetMessageId": f"<FR0P281MB{rng.getrandbits(96):024X}@FR0P281MB0001.DEUP281.PROD.OUTLOOK.COM>",
        "ParentFolder": {"Id": f"LgAAAAC{rng.getrandbits(128):032X}AAAB", "Path": folder},
        "SizeInBytes": 3_000 + int(rng.random() * 90_000),
    }


def opened(rng: Random) -> Record:
    """Mails opened one by one, collected into one record."""
    count = 1 + int(rng.random() * 4)
    items = [message(rng, r"\Inbox") for _ in range(count)]
    folder = items[0]["ParentFolder"]
    kept = [{key: value for key, value in item.items() if key != "ParentFolder"} for item in items]
    return {
        "OperationProperties": [
            {"Name": "MailAccessType", "Value": "Bind"},
            {"Name": "IsThrottled", "Value": "False"},
        ],
        "Folders": [{"FolderItems": kept, "Id": folder["Id"], "Path": folder["Path"]}],
        "OperationCount": count,
    }


def synchronised(rng: Random) -> Record:
    """Outlook on the desktop takes a whole folder: the record names no mail."""
    folder = message(rng, r"\Inbox")["ParentFolder"] | {"Name": "Inbox"}
    return {
        "OperationProperties": [
            {"Name": "MailAccessType", "Value": "Sync"},
            {"Name": "IsThrottled", "Value": "False"},
        ],
        "Item": {"Id": folder["Id"], "ParentFolder": folder},
    }


def chat(office: OfficeDay, shift: Shift, at: datetime, other: Person, rng: Random) -> None:
    thread = "_".join(sorted((shift.person.object_id, other.object_id)))
    number = str(int(at.timestamp() * 1000))
    fields: Record = {
        "ChatThreadId": f"19:{thread}@unq.gbl.spaces",
        "CommunicationType": "OneOnOne",
        "MessageId": number,
        "MessageVersion": number,
        "ItemName": f"19:{thread}@unq.gbl.spaces",
        "Members": office.audit.members([shift.person, other]),
        "ParticipantInfo": {
            "HasForeignTenantUsers": False, "HasGuestUsers": False, "HasOtherGuestUsers": False,
            "HasUnauthenticatedUsers": False, "ParticipatingDomains": ["example.com"],
            "ParticipatingTenantIds": [office.audit.estate.tenant_id],
        },
    }  # fmt: skip
    if rng.random() < 0.15:
        fields["MessageURLs"] = ["https://wiki.example.com/pages/1182"]
        office.audit.teams(shift, at, "MessageCreatedHasLink", fields)
    else:
        office.audit.teams(shift, at, "MessageSent", fields)


def mailbox_path(office: OfficeDay, login: str) -> str:
    guid = office.audit.named_guid(f"mailbox/{login}")
    return (
        f"DEUP281A001.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/example.onmicrosoft.com/{guid}"
    )


def sort_newsletters(office: OfficeDay) -> None:
    """Two rules that move mail where its owner reads it: one made on the web, one in Outlook."""
    office.audit.cmdlet(
        office.shifts["birte"], office.after("birte", 95), "New-InboxRule", rf"{mailbox_path(office, 'birte')}\Newsletters",
        {
            "AlwaysDeleteOutlookRulesBlob": "False", "Force": "False", "Name": "Newsletters",
            "FromAddressContainsWords": "newsletter;news@", "MoveToFolder": "Newsletters", "StopProcessingRules": "True",
        },
    )  # fmt: skip
    rng = Random(f"{office.audit.seed}/rule of erik")
    item = message(rng, r"\Inbox")
    properties = {
        "RuleOperation": "AddMailboxRule", "RuleId": "4561233110666051585", "RuleState": "Enabled",
        "RuleCondition": "((SubString IgnoreCase(SubjectProperty)=[build]))", "RuleName": "Builds",
        "RuleProvider": "RuleOrganizer", "RuleActions": '[{"ActionType":"Move","FolderId":"Builds"}]',
    }  # fmt: skip
    fields = {
        "OperationProperties": [{"Name": name, "Value": value} for name, value in properties.items()],
        "Item": {"Id": item["Id"], "ParentFolder": item["ParentFolder"] | {"Name": "Inbox"}},
    }
    office.audit.mailbox(
        office.shifts["erik"], office.after("erik", 130), "UpdateInboxRules", DESKTOP, fields
    )


def go_on_leave(office: OfficeDay) -> None:
    """Sven's notice and his cover; and Georg has enough of a vendor's offers."""
    office.audit.cmdlet(
        office.shifts["sven"], office.after("sven", 380), "Set-MailboxAutoReplyConfiguration", mailbox_path(office, "sven"),
        {
            "Identity": "sven@example.com", "AutoReplyState": "Scheduled", "StartTime": "2/19/2026 6:00:00 AM",
            "EndTime": "2/23/2026 6:00:00 AM", "ExternalAudience": "Known", "InternalMessage": "Back on Monday.",
        },
    )  # fmt: skip
    for login, name, action in (
        ("sven", "While I am away", {"ForwardTo": "zoe@example.com"}),
        ("georg", "No more offers", {"DeleteMessage": "True", "FromAddressContainsWords": "offers@vendor.example"}),
    ):  # fmt: skip
        office.audit.cmdlet(
            office.shifts[login], office.after(login, 390), "New-InboxRule", rf"{mailbox_path(office, login)}\{name}",
            {"AlwaysDeleteOutlookRulesBlob": "False", "Force": "False", "Name": name, **action},
        )  # fmt: skip


def administer(office: OfficeDay) -> None:
    """Kai works off tickets: a quota, forwarding that ends, auditing kept longer, old protocols off, the foot of all mail."""
    tickets: tuple[tuple[str, str, Record], ...] = (
        ("Set-Mailbox", "georg", {"ProhibitSendQuota": "95 GB", "ProhibitSendReceiveQuota": "99 GB", "IssueWarningQuota": "90 GB"}),
        ("Set-Mailbox", "petra", {"ForwardingAddress": "", "ForwardingSmtpAddress": "", "DeliverToMailboxAndForward": "False"}),
        ("Set-Mailbox", "viktor", {"AuditEnabled": "True", "AuditLogAgeLimit": "180.00:00:00"}),
        ("Set-CASMailbox", "viktor", {"ImapEnabled": "False", "PopEnabled": "False", "SmtpClientAuthenticationDisabled": "True"}),
    )  # fmt: skip
    for number, (operation, login, parameters) in enumerate(tickets):
        office.audit.cmdlet(
            office.shifts["kai"], office.after("kai", 140 + 6 * number), operation, mailbox_path(office, login),
            {"Identity": f"{login}@example.com", **parameters},
        )  # fmt: skip
    office.audit.cmdlet(
        office.shifts["kai"], office.after("kai", 171), "Set-TransportRule", "Company details",
        {
            "Identity": "Company details", "ApplyHtmlDisclaimerText": "<p>Example Ltd, Hamburg</p>",
            "ApplyHtmlDisclaimerLocation": "Append", "ApplyHtmlDisclaimerFallbackAction": "Wrap",
        },
    )  # fmt: skip


def share(office: OfficeDay) -> None:
    """Within the company by name and by link, and a price list for everybody, which is what it is for."""
    people, shifts, audit = office.people, office.shifts, office.audit
    link = audit.named_guid("sharing/ines")
    documents = "Documents"
    audit.file(
        shifts["ines"], office.after("ines", 200), "AddedToSecureLink", own_site(people["ines"]), documents, "figures.xlsx",
        {
            "EventData": "<Type>Edit</Type><MembersCanShareApplied>False</MembersCanShareApplied>",
            "TargetUserOrGroupType": "Member", "TargetUserOrGroupName": "bob@example.com", "UniqueSharingId": link,
        },
    )  # fmt: skip
    audit.file(
        shifts["xenia"], office.after("xenia", 75), "CompanyLinkCreated", team_site(people["xenia"]), "Shared Documents/2026",
        "slides.pptx", {"EventData": "<Type>View</Type>", "UniqueSharingId": audit.named_guid("sharing/xenia")},
    )  # fmt: skip
    price_link = audit.named_guid("sharing/zoe")
    for operation, fields in (
        ("SharingSet", {
            "EventData": "<Permissions granted>Read</Permissions granted>", "TargetUserOrGroupType": "SharePointGroup",
            "TargetUserOrGroupName": f"SharingLinks.{audit.named_guid('price list')}.AnonymousView.{price_link}",
        }),
        ("AnonymousLinkCreated", {"EventData": "<Type>View</Type>", "UniqueSharingId": price_link}),
    ):  # fmt: skip
        audit.file(
            shifts["zoe"], office.after("zoe", 265), operation, team_site(people["zoe"]), "Shared Documents/Public",
            "price-list-2026.pdf", fields,
        )  # fmt: skip


def fill_new_laptop(office: OfficeDay) -> None:
    """A synchronisation client takes two dozen files to a new laptop."""
    rng = Random(f"{office.audit.seed}/new laptop")
    at = office.after("dmitri", 60)
    for number in range(24):
        at = jitter(later(at, 1), 6, rng)
        office.audit.file(
            office.shifts["dmitri"], at, "FileSyncDownloadedFull", own_site(office.people["dmitri"]), "Documents",
            f"draft-{number:02d}.docx",
            {
                "UserAgent": "Microsoft SkyDriveSync 26.004.0105.0001 ship; Mac OS X 15.3",
                "MachineId": office.people["dmitri"].laptop.device_id,
                "FileSyncBytesCommitted": str(20_000 + int(rng.random() * 400_000)),
            },
        )  # fmt: skip


def services(office: OfficeDay, day: datetime) -> None:
    """Exchange looks after its own system mailboxes, SharePoint after its own files."""
    office.audit.cmdlet(
        EXCHANGE_SERVICE, day + timedelta(hours=2, minutes=11), "Add-MailboxPermission", "DiscoverySearchMailbox",
        {
            "DomainController": "", "Identity": "DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}",
            "User": "Discovery Management", "AccessRights": "FullAccess",
        },
    )  # fmt: skip
    rng = Random(f"{office.audit.seed}/sharepoint service")
    for hour in range(1, 24, 3):
        site = f"https://example.sharepoint.com/sites/{('it', 'sales', 'finance')[hour % 3]}/"
        at = jitter(day + timedelta(hours=hour), 1800, rng)
        operation = "FileAccessed" if hour % 2 else "FileModified"
        office.audit.file(SHAREPOINT_SERVICE, at, operation, site, "SitePages", "Home.aspx")
