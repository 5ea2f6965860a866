"""Records of the Microsoft 365 unified audit log, as the Management Activity API hands them out: one method a service.

Each service fills fields of its own, writes the address in its own way and names a user by its own key. Shapes:
https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.estate import EXCHANGE, SHAREPOINT, Estate
from pipeline.simulate.logbook import EventRef, Logbook, Record
from pipeline.simulate.people import Person
from pipeline.simulate.shifts import Shift

SERVER = "FR0P281MB0001 (15.20.8722.031)"
EXCHANGE_ADMIN_APP = "fb78d390-0c51-40cd-8e17-fdbfab77341b"
MAILBOX_TYPES = {"MailItemsAccessed": 50, "SoftDelete": 3, "MoveToDeletedItems": 3}  # others are of type 2
SHARING = {"SharingSet", "CompanyLinkCreated", "AnonymousLinkCreated", "AddedToSecureLink"}


@dataclass(slots=True)
class UnifiedAudit:
    seed: int
    estate: Estate
    logbook: Logbook
    rng: Random

    def named_guid(self, name: str) -> str:
        return identifiers.guid(Random(f"{self.seed}/unified audit/{name}"))

    def passport_id(self, person: Person) -> str:
        return f"1003200{Random(f'{self.seed}/passport/{person.login}').getrandbits(36):09X}"

    def base(
        self, operation: str, at: datetime, record_type: int, workload: str, user_id: str, user_key: str,
        user_type: int = 0, result: str | None = None,
    ) -> Record:  # fmt: skip
        record: Record = {
            "CreationTime": f"{at:%Y-%m-%dT%H:%M:%S}",
            "Id": identifiers.guid(self.rng),
            "Operation": operation,
            "OrganizationId": self.estate.tenant_id,
            "RecordType": record_type,
            "UserKey": user_key,
            "UserType": user_type,
            "Version": 1,
            "Workload": workload,
            "UserId": user_id,
        }
        return record | ({"ResultStatus": result} if result else {})

    def keep(self, content: str, at: datetime, record: Record) -> EventRef:
        arrived_at = self.logbook.arrival_after("m365_audit", at)
        return self.logbook.keep("m365_audit", f"Audit.{content}", at, arrived_at, record["Id"], record)

    def access_context(self, shift: Shift, at: datetime, app_id: str) -> Record:
        sign_in = shift.sign_in(at)
        return {
            "AADSessionId": sign_in["sessionId"],
            "APIId": EXCHANGE.app_id,
            "ClientAppId": app_id,
            "IssuedAtTime": sign_in["createdDateTime"][:19],
            "UniqueTokenId": sign_in["uniqueTokenIdentifier"],
        }

    def mailbox(self, shift: Shift, at: datetime, operation: str, client: str, fields: Record) -> EventRef:
        """What the owner does in a mailbox. `client` is Exchange's own text, such as `Client=OWA;Action=ViaProxy`."""
        person = shift.person
        sid = f"S-1-5-21-1004336348-1177238915-682003330-{Random(f'{self.seed}/sid/{person.login}').getrandbits(22)}"
        record_type = MAILBOX_TYPES.get(operation, 2)
        record = self.base(
            operation, at, record_type, "Exchange", person.upn, self.passport_id(person), 0, "Succeeded"
        )
        record |= {
            "AppAccessContext": self.access_context(shift, at, EXCHANGE.app_id),
            "AppId": EXCHANGE.app_id,
            "ClientAppId": EXCHANGE.app_id,
            "ClientIPAddress": shift.source_ip,
            "ClientInfoString": client,
            "ExternalAccess": False,
            "InternalLogonType": 0,
            "LogonType": 0,
            "LogonUserSid": sid,
            "MailboxGuid": self.named_guid(f"mailbox/{person.login}"),
            "MailboxOwnerSid": sid,
            "MailboxOwnerUPN": person.upn,
            "OrganizationName": f"{self.estate.name}.onmicrosoft.com",
            "OriginatingServer": f"{SERVER}\r\n",
            "SessionId": shift.sign_in(at)["sessionId"],
            "TokenObjectId": person.object_id,
            "TokenTenantId": self.estate.tenant_id,
        }
        if "RPC" in client:
            record |= {"ClientProcessName": "OUTLOOK.EXE", "ClientVersion": "16.0.19628.20166"}
        return self.keep("Exchange", at, record | fields)

    def cmdlet(
        self, actor: Shift | str, at: datetime, operation: str, target: str, parameters: Mapping[str, str]
    ) -> EventRef:
        """An Exchange cmdlet, by a person (the address carries its port) or in the name of a service (no address)."""
        name = actor if isinstance(actor, str) else actor.person.upn
        key = actor if isinstance(actor, str) else self.passport_id(actor.person)
        record = self.base(
            operation, at, 1, "Exchange", name, key, 3 if isinstance(actor, str) else 2, "True"
        )
        if isinstance(actor, Shift):
            port = 1024 + int(self.rng.random() * 60000)
            bracketed = f"[{actor.source_ip}]" if ":" in actor.source_ip else actor.source_ip
            record |= {"ClientIP": f"{bracketed}:{port}", "SessionId": actor.sign_in(at)["sessionId"]}
        record |= {
            "AppAccessContext": {},
            "AppId": "" if isinstance(actor, str) else EXCHANGE_ADMIN_APP,
            "ClientAppId": "",
            "ExternalAccess": isinstance(actor, str),
            "ObjectId": target,
            "OrganizationName": f"{self.estate.name}.onmicrosoft.com",
            "OriginatingServer": SERVER,
            "Parameters": [{"Name": name, "Value": value} for name, value in parameters.items()],
        }
        return self.keep("Exchange", at, record)

    def file(
        self, actor: Shift | str, at: datetime, operation: str, site_url: str, folder: str, name: str,
        fields: Record | None = None,
    ) -> EventRef:  # fmt: skip
        """An act on a file of SharePoint or OneDrive, by a person or by SharePoint's own `app@sharepoint`."""
        workload = "OneDrive" if "-my." in site_url else "SharePoint"
        record_type = 14 if operation in SHARING else 6
        if isinstance(actor, str):
            key = f"i:0i.t|{SHAREPOINT.app_id}|{actor}"
            record = self.base(operation, at, record_type, workload, actor, key, 5)
            record |= {"ClientIP": "", "UserAgent": "", "ApplicationDisplayName": "SharePoint"}
        else:
            key = f"i:0h.f|membership|{self.passport_id(actor.person).lower()}@live.com"
            record = self.base(operation, at, record_type, workload, actor.person.upn, key)
            device = actor.person.laptop
            record |= {
                "AppAccessContext": self.access_context(actor, at, SHAREPOINT.app_id),
                "ClientIP": actor.source_ip,
                "AuthenticationType": "OAuth",
                "BrowserName": device.browser.split()[0],
                "BrowserVersion": device.browser.split()[1],
                "IsManagedDevice": device.is_managed,
                "Platform": "WinDesktop" if device.operating_system == "Windows10" else "MacOSDesktop",
                "UserAgent": device.user_agent,
                "DeviceDisplayName": actor.source_ip,
            }
        path = f"{site_url}{folder}/{name}"
        record |= {
            "CorrelationId": identifiers.guid(self.rng),
            "EventSource": "SharePoint",
            "GeoLocation": "EUR",
            "ItemType": "File",
            "ListId": self.named_guid(f"list/{site_url}{folder}"),
            "ListItemUniqueId": self.named_guid(f"item/{path}"),
            "Site": self.named_guid(f"site/{site_url}"),
            "WebId": self.named_guid(f"web/{site_url}"),
            "FileSizeBytes": 20_000 + int(self.rng.random() * 900_000),
            "HighPriorityMediaProcessing": False,
            "ListBaseType": 1,
            "ListServerTemplate": 700 if workload == "OneDrive" else 101,
            "SourceFileExtension": name.rpartition(".")[2],
            "SiteUrl": site_url,
            "SourceRelativeUrl": folder,
            "SourceFileName": name,
            "ObjectId": path,
        }
        return self.keep("SharePoint", at, record | (fields or {}))

    def teams(self, shift: Shift, at: datetime, operation: str, fields: Record) -> EventRef:
        person = shift.person
        record = self.base(operation, at, 25, "MicrosoftTeams", person.upn, person.object_id)
        system = "windows" if person.laptop.operating_system == "Windows10" else "mac"
        properties = {
            "TimeZone": "Europe/Berlin", "OsName": system, "OsVersion": "10", "Country": "de",
            "ClientName": "skypeteams", "ClientVersion": "49/26010401234", "ClientUtcOffsetSeconds": "3600",
        }  # fmt: skip
        record |= {
            "ClientIP": shift.source_ip if ":" in shift.source_ip else f"::ffff:{shift.source_ip}",
            "ExtraProperties": [{"Key": key, "Value": value} for key, value in properties.items()],
            "ResourceTenantId": self.estate.tenant_id,
        }
        return self.keep("General", at, record | fields)

    def members(self, people: Sequence[Person]) -> list[Record]:
        return [
            {"OrganizationId": self.estate.tenant_id, "DisplayName": person.display_name, "UPN": person.upn}
            for person in people
        ]
