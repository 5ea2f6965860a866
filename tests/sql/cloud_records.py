"""Records of Microsoft and Okta logs as diagnostic settings and APIs deliver them, made up, with the fields that matter.

Each function gives a source and a record; `story` stages such pairs and makes events of them."""

import base64
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.addresses import canonical_address
from tests.sql.conftest import at
from tests.sql.stage import stage

Record = dict[str, Any]
Pair = tuple[str, Record]

TENANT = "7a1c5f0e-3b52-4f0e-9c57-0a9d6f2b1c11"
SUBSCRIPTION = "5c2d9a44-8e0f-4f5b-8a3d-2f6f0b7c9d10"
OFFICE, HOME, ATTACKER, ELSEWHERE = "192.0.2.10", "198.51.100.20", "203.0.113.50", "2001:db8:5::77"
ELSEWHERE_BLOCK = "2001:db8:5::/48"  # sign-ins of applications name no autonomous system
ASNS = {OFFICE: 64496, HOME: 64497, ATTACKER: 64510, ELSEWHERE: 64511}


def oid(name: str) -> str:
    """The object id of a person, an application or a device: the same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def token(name: str) -> str:
    """A unique token identifier: 22 characters of base64url, the bytes of a GUID as .NET orders them."""
    return base64.urlsafe_b64encode(uuid.UUID(oid(name)).bytes_le).decode().rstrip("=")


def time_text(when: str) -> str:
    return at(when).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


def change(name: str, new: object, old: object = None) -> Record:
    return {
        "displayName": name,
        "oldValue": None if old is None else json.dumps(old),
        "newValue": json.dumps(new),
    }


def target(name: str, kind: str = "User", changes: Sequence[Record] = ()) -> Record:
    return {
        "id": oid(name),
        "displayName": None if kind == "User" else name,
        "type": kind,
        "userPrincipalName": name if kind == "User" else None,
        "modifiedProperties": list(changes),
        "administrativeUnits": [],
    }


def audit_row(
    when: str,
    activity: str,
    *targets: Record,
    actor: str = "alice@example.com",
    source_ip: str = ATTACKER,
    by_app: bool = False,
    correlation: str | None = None,
    reason: str = "",
    details: Sequence[Record] = (),
) -> Pair:
    correlation = correlation or oid(f"{when}{activity}")
    user = {
        "id": oid(actor),
        "displayName": None,
        "userPrincipalName": actor,
        "ipAddress": source_ip,
        "roles": [],
    }
    app = {
        "appId": None,
        "displayName": actor,
        "servicePrincipalId": oid(actor),
        "servicePrincipalName": None,
    }
    properties = {
        "id": f"Directory_{correlation}_{oid(when + activity)[:5]}",
        "correlationId": correlation,
        "result": "success",
        "resultReason": reason,
        "activityDisplayName": activity,
        "activityDateTime": time_text(when),
        "loggedByService": "Core Directory",
        "initiatedBy": {"app": app} if by_app else {"user": user},
        "targetResources": list(targets),
        "additionalDetails": list(details),
    }
    record = {
        "time": time_text(when),
        "operationName": activity,
        "category": "AuditLogs",
        "tenantId": TENANT,
        "callerIpAddress": None if by_app else source_ip,
        "correlationId": correlation,
        "properties": properties,
    }
    return "entra_audit", record


def sign_in_row(
    when: str,
    who: str = "alice@example.com",
    session: str = "s-alice",
    source_ip: str = ATTACKER,
    *,
    method: str = "Password",
    source: str = "entra_signin",
    resource: str = "Azure Portal",
    **more: object,
) -> Pair:
    properties = {
        "id": oid(f"sign-in {when}{session}"),
        "createdDateTime": time_text(when),
        "userId": oid(who),
        "userPrincipalName": who,
        "appId": oid("portal"),
        "resourceId": oid(resource),
        "resourceDisplayName": resource,
        "ipAddress": source_ip,
        "sessionId": session,
        "uniqueTokenIdentifier": token(f"{when}{session}"),
        "autonomousSystemNumber": ASNS[source_ip],
        "tokenIssuerType": "AzureAD",
        "status": {"errorCode": 0},
        "deviceDetail": {"deviceId": ""},
        "authenticationDetails": [{"authenticationMethod": method, "succeeded": True}],
    } | more
    record = {
        "time": time_text(when),
        "operationName": "Sign-in activity",
        "tenantId": TENANT,
        "resultType": "0",
        "properties": properties,
    }
    return source, record


def application_row(when: str, app: str, source_ip: str = ATTACKER, **more: object) -> Pair:
    """A sign-in of a service principal; name the credential with `servicePrincipalCredentialKeyId` or another."""
    properties = {
        "id": oid(f"sign-in {when}{app}"),
        "createdDateTime": time_text(when),
        "servicePrincipalId": oid(app),
        "servicePrincipalName": app,
        "appId": oid(f"app id of {app}"),
        "resourceDisplayName": "Microsoft Graph",
        "ipAddress": source_ip,
        "uniqueTokenIdentifier": token(f"{when}{app}"),
        "status": {"errorCode": 0},
    } | more
    record = {
        "time": time_text(when),
        "operationName": "Sign-in activity",
        "tenantId": TENANT,
        "resultType": "0",
        "properties": properties,
    }
    return "entra_signin_service_principal", record


def okta_row(
    when: str,
    event_type: str,
    who: str = "alice@example.com",
    session: str | None = "okta-alice",
    source_ip: str = ATTACKER,
    targets: Sequence[Record] = (),
    **debug: object,
) -> Pair:
    is_platform = who == "system@okta.com"
    record = {
        "uuid": oid(f"okta {when}{event_type}{who}"),
        "published": time_text(when),
        "eventType": event_type,
        "actor": {
            "id": f"00u{who.partition('@')[0]}",
            "type": "SystemPrincipal" if is_platform else "User",
            "alternateId": who,
            "displayName": who,
        },
        "client": {"ipAddress": source_ip, "userAgent": {"rawUserAgent": "Mozilla/5.0"}},
        "outcome": {"result": "SUCCESS", "reason": None},
        "target": list(targets) or None,
        "authenticationContext": {"externalSessionId": session, "rootSessionId": session},
        "securityContext": {"asNumber": ASNS[source_ip]},
        "debugContext": {"debugData": {"url": "https://acme.okta.com/x"} | debug},
        "transaction": {"id": oid(f"transaction {when}")[:20], "type": "WEB", "detail": {}},
    }
    return "okta_system", record


def okta_target(kind: str, name: str, identifier: str | None = None) -> Record:
    return {
        "id": identifier or f"00u{name.partition('@')[0]}",
        "type": kind,
        "alternateId": name,
        "displayName": name,
    }


def past(*people: str) -> list[Pair]:
    """Everybody at work from the office and from home, days before: so that another network is a new one."""
    return [
        sign_in_row(f"{day} 08:{number:02}", who, f"past-{who}-{day}", place)
        for day in (1, 2, 3, 4, 5)
        for number, who in enumerate(people)
        for place in (OFFICE if day % 2 else HOME,)
    ]


def story(*parts: Pair | list[Pair]) -> list[Record]:
    """Events of these records, through the staging of each source."""
    pairs = [pair for part in parts for pair in (part if isinstance(part, list) else [part])]
    rows = [
        row
        for source in dict.fromkeys(source for source, _ in pairs)
        for row in stage([record for name, record in pairs if name == source], source)
    ]
    return [
        row | {"source_ip": canonical_address(row["source_ip"]) if row["source_ip"] else None} for row in rows
    ]


RESET = audit_row(
    "9 09:00", "Reset user password", target("alice@example.com"), actor="helga@example.com", source_ip=OFFICE
)
PEOPLE = (
    "alice@example.com",
    "bob@example.com",
    "helga@example.com",
    *(f"p{n}@example.com" for n in range(6)),
)
PAST = past(*PEOPLE)
BREACH = sign_in_row("9 10:00")  # the attacker's session after the reset of Alice


def minute(number: int) -> str:
    """A time of its own for each act of a table, after the breach."""
    return f"9 {11 + number // 60}:{number % 60:02}"


ENDS = """select events.action, edges.kind, edges.to_thing_id from int_trust_edges as edges
    inner join events on edges.source = events.source and edges.event_id = events.event_id
    where edges.from_thing_id = '{}' and edges.kind <> 'signs_in' order by edges.occurred_at, 1, 3"""


def opened(build: Callable[..., Any], *parts: Pair | list[Pair]) -> dict[str, tuple[str, float]]:
    """Session → from which thing, and how sure: the edges that lead to sessions, but from keys that nothing brought about."""
    query = build(story(PAST, RESET, BREACH, *parts))
    rows = query(
        "select to_thing_id, from_thing_id, confidence, why from int_trust_edges where kind = 'opens_session' "
        "or kind = 'used_from' and from_thing_id in (select to_thing_id from int_trust_edges)"
    )
    assert all(why for *_, why in rows)
    # the reset of Alice is Helga's to answer for
    found = [row for row in rows if not row[1].startswith("password:alice@")]
    return {to_thing: (from_thing, confidence) for to_thing, from_thing, confidence, _ in found}
