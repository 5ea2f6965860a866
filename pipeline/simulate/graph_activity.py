"""MicrosoftGraphActivityLogs rows. A call names the session of its token and the sign-in that the token came from, so that both
logs tell one story. The time taken is in no unit that anybody has explained.

Fields: https://learn.microsoft.com/azure/azure-monitor/reference/tables/microsoftgraphactivitylogs
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.estate import Estate, ServicePrincipal
from pipeline.simulate.logbook import EventRef, Logbook, Record
from pipeline.simulate.times import ticks_text

ORDINARY_USER = "b79fbf4d-3ef9-4689-8143-76b194e85509"  # the role template of everybody, in `wids`
SCOPES = "Calendars.ReadWrite Chat.ReadWrite email Files.ReadWrite.All Mail.ReadWrite Mail.Send openid People.Read profile User.ReadBasic.All"


@dataclass(frozen=True, slots=True)
class GraphCaller:
    """A token in use: what the sign-in that gave it says of it."""

    app_id: str
    source_ip: str
    user_agent: str
    sign_in: Record
    principal: ServicePrincipal | None = None


@dataclass(slots=True)
class GraphActivity:
    estate: Estate
    logbook: Logbook
    rng: Random

    def call(self, caller: GraphCaller, at: datetime, method: str, path: str, status: int) -> EventRef:
        request_id = identifiers.guid(self.rng)
        issued_at = datetime.fromisoformat(caller.sign_in["createdDateTime"][:19])
        duration = 200_000 + int(self.rng.random() * 3_000_000)
        arrived_at = self.logbook.arrival_after("graph_activity", at)
        principal = caller.principal
        properties: Record = {
            "__UDI_RequiredFields_TenantId": self.estate.tenant_id,
            "__UDI_RequiredFields_UniqueId": request_id,
            "__UDI_RequiredFields_RegionScope": "EU",
            "timeGenerated": ticks_text(at),
            "location": "Germany West Central",
            "requestId": request_id,
            "operationId": request_id,
            "clientRequestId": identifiers.guid(self.rng),
            "apiVersion": "v1.0",
            "requestMethod": method,
            "responseStatusCode": status,
            "tenantId": self.estate.tenant_id,
            "durationMs": duration,
            "responseSizeBytes": 300 + int(self.rng.random() * 40_000),
            "signInActivityId": caller.sign_in["uniqueTokenIdentifier"],
            "roles": "Reports.Read.All User.Read.All Organization.Read.All" if principal else "",
            "appId": caller.app_id,
            "UserPrincipalObjectID": principal.object_id if principal else caller.sign_in["userId"],
            "scopes": "" if principal else SCOPES,
            "identityProvider": "",
            "clientAuthMethod": "1" if principal else "0",
            "wids": "" if principal else ORDINARY_USER,
            "C_Idtyp": "app" if principal else "user",
            "C_Iat": str(int(issued_at.timestamp())),
            "ipAddress": caller.source_ip,
            "userAgent": caller.user_agent,
            "requestUri": f"https://graph.microsoft.com/v1.0{path}",
            "atContentP": "",
            "atContentH": "",
            "tokenIssuedAt": f"{issued_at:%Y-%m-%dT%H:%M:%S}.0000000Z",
        }
        if principal:
            properties |= {"servicePrincipalId": principal.object_id}
        else:
            device_id = caller.sign_in["deviceDetail"]["deviceId"]
            properties |= {
                "C_Sid": caller.sign_in["sessionId"],
                "C_DeviceId": device_id,
                "userId": caller.sign_in["userId"],
            }
        record = {
            "time": ticks_text(at),
            "resourceId": f"/TENANTS/{self.estate.tenant_id.upper()}/PROVIDERS/MICROSOFT.AADIAM",
            "operationName": "Microsoft Graph Activity",
            "operationVersion": "v1.0",
            "category": "MicrosoftGraphActivityLogs",
            "resultSignature": str(status),
            "durationMs": str(duration),
            "callerIpAddress": caller.source_ip,
            "correlationId": request_id,
            "level": "Informational",
            "location": "Germany West Central",
            "properties": properties,
            "tenantId": self.estate.tenant_id,
        }
        return self.logbook.keep("graph_activity", record["category"], at, arrived_at, request_id, record)
