"""A tenant of our own in Microsoft Graph: sign-ins, directory audits and risk detections, newest first, page by page."""

import base64
import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from tests.loaders.vendor_server import Answer, Request, VendorServer

TENANT = "72f988bf-0000-4000-8000-00000000aaaa"
BOUNDS = re.compile(r"(\w+) ge (\S+) and \1 le (\S+?)(?: and (.+))?")
KIND = re.compile(r"signInEventTypes/any\(t: t eq '(\w+)'\)")


def sign_in(number: int, at: datetime, kind: str = "interactiveUser") -> dict[str, Any]:
    """With the fields of the beta endpoint that a hunt stands on."""
    is_user = kind.endswith("User")
    found: dict[str, Any] = {
        "id": f"66ea54eb-0000-4000-8000-{number:012x}",
        "createdDateTime": f"{at.isoformat(timespec='seconds')}Z",
        "appId": "00000002-0000-0ff1-ce00-000000000000",
        "appDisplayName": "Office 365 Exchange Online",
        "ipAddress": f"198.51.100.{number % 250 + 1}",
        "correlationId": f"d79f5bee-0000-4000-8000-{number:012x}",
        "conditionalAccessStatus": "success",
        "resourceDisplayName": "Microsoft Graph",
        "resourceTenantId": TENANT,
        "homeTenantId": TENANT,
        "signInEventTypes": [kind],
        "uniqueTokenIdentifier": f"token{number}",
        "sessionId": f"00{number:06x}-0000-4000-8000-000000000000",
        "status": {"errorCode": 0, "failureReason": "Other.", "additionalDetails": None},
        "userId": "",
        "userPrincipalName": None,
    }
    if is_user:
        return found | {
            "userId": f"26be570a-0000-4000-8000-{number % 97:012x}",
            "userPrincipalName": f"u{number % 97}@example.com",
            "isInteractive": kind == "interactiveUser",
            "clientAppUsed": "Browser",
        }
    return found | {
        "servicePrincipalId": f"5e0ac0de-0000-4000-8000-{number % 97:012x}",
        "servicePrincipalName": "backup",
    }


def directory_audit(number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": f"Directory_{number}",
        "category": "UserManagement",
        "correlationId": f"da159bfb-0000-4000-8000-{number:012x}",
        "result": "success",
        "activityDisplayName": "Reset user password",
        "activityDateTime": f"{at.isoformat(timespec='microseconds')}7Z",
        "loggedByService": "Core Directory",
        "operationType": "Update",
        "initiatedBy": {"app": None, "user": {"id": "728309ae-0000-4000-8000-000000000001"}},
        "targetResources": [
            {"id": "26be570a-0000-4000-8000-000000000001", "type": "User", "modifiedProperties": []}
        ],
        "additionalDetails": [],
    }


def risk_detection(number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": f"6a5874ca{number:056x}",
        "requestId": f"66ea54eb-0000-4000-8000-{number:012x}",
        "riskEventType": "unfamiliarFeatures",
        "riskState": "atRisk",
        "riskLevel": "medium",
        "riskDetail": "none",
        "source": "IdentityProtection",
        "activity": "signin",
        "ipAddress": "203.0.113.9",
        "activityDateTime": f"{(at - timedelta(minutes=20)).isoformat(timespec='microseconds')}Z",
        "detectedDateTime": f"{at.isoformat(timespec='microseconds')}Z",
        "lastUpdatedDateTime": f"{at.isoformat(timespec='microseconds')}Z",
        "userId": "26be570a-0000-4000-8000-000000000001",
        "userPrincipalName": "u1@example.com",
    }


@dataclass
class Credential:
    """As azure-identity's, with a token of its own for each claims challenge it is given."""

    server: VendorServer
    tenant: str = TENANT
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    current: str = ""

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> Any:
        self.asked.append((scopes[0], claims))
        if not self.current or claims:
            payload = json.dumps({"tid": self.tenant, "n": len(self.asked)}).encode()
            self.current = f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.signature"
            self.server.valid_tokens = {self.current}
        return type("AccessToken", (), {"token": self.current, "expires_on": 0})()


class GraphTenant:
    """`sign_ins`, `audits` and `risks` may be added to at any time. `expired`: whether page links are refused."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.sign_ins: list[dict[str, Any]] = []
        self.audits: list[dict[str, Any]] = []
        self.risks: list[dict[str, Any]] = []
        self.link_origin = ""
        self.expired: set[str] = set()
        self.is_premium = True
        self._tokens = itertools.count(1)
        self._left: dict[str, list[dict[str, Any]]] = {}
        for version in ("v1.0", "beta"):
            server.routes |= {
                f"GET /{version}/auditLogs/signIns": self._sign_ins,
                f"GET /{version}/auditLogs/directoryAudits": self._audits,
                f"GET /{version}/identityProtection/riskDetections": self._risks,
            }
        challenge = base64.b64encode(b'{"access_token":{"nbf":{"essential":true}}}').decode()
        server.valid_tokens = set()
        server.refusal = Answer(
            {"error": {"code": "InvalidAuthenticationToken", "message": "Lifetime validation failed."}},
            401,
            {"WWW-Authenticate": f'Bearer realm="", error="insufficient_claims", claims="{challenge}"'},
        )

    def ids(self) -> list[str]:
        return sorted(o["id"] for o in (*self.sign_ins, *self.audits, *self.risks))

    def _sign_ins(self, request: Request) -> Answer:
        if not self.is_premium:
            code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
            return Answer({"error": {"code": code, "message": "Neither tenant is B2C or …"}}, 403)
        return self._list(request, self.sign_ins, "createdDateTime", 1000)

    def _audits(self, request: Request) -> Answer:
        return self._list(request, self.audits, "activityDateTime", 1000)

    def _risks(self, request: Request) -> Answer:
        return self._list(request, self.risks, "detectedDateTime", 500)

    def _list(self, request: Request, objects: list[dict[str, Any]], time: str, largest: int) -> Answer:
        query = request.query
        if (token := query.get("$skiptoken")) is not None:
            if token in self.expired or token not in self._left:
                return Answer({"error": {"code": "BadRequest", "message": "Invalid Skip Token"}}, 400)
            found = self._left[token]
        else:
            bounds = BOUNDS.fullmatch(query["$filter"])
            size = int(query["$top"])
            is_unknown = bounds is not None and bounds[4] and request.path.startswith("/v1.0/")
            if bounds is None or bounds[1] != time or size > largest or is_unknown:
                return Answer({"error": {"code": "BadRequest", "message": "Invalid filter clause"}}, 400)
            kind = KIND.fullmatch(bounds[4] or "")
            since, until = _ticks(bounds[2]), _ticks(bounds[3])
            found = [o for o in objects if since <= _ticks(o[time]) <= until]
            if kind:
                found = [o for o in found if kind[1] in o["signInEventTypes"]]
            elif objects is self.sign_ins:
                found = [o for o in found if "interactiveUser" in o["signInEventTypes"]]
            found.sort(key=lambda o: o[time], reverse=True)
        size = int(query["$top"])
        page: dict[str, Any] = {"@odata.context": f"{self.server.url}/v1.0/$metadata#auditLogs"}
        if len(found) > size:
            token = f"page{next(self._tokens)}"
            self._left[token] = found[size:]
            following = urlencode(query | {"$skiptoken": token}, quote_via=quote, safe="$")
            path = request.path.replace("signIns", "signins")  # as Graph writes it in links
            page["@odata.nextLink"] = f"{self.link_origin or self.server.url}{path}?{following}"
        return Answer(page | {"value": found[:size]})


def _ticks(text: str) -> str:
    """A time that compares as text: 100 ns, as Graph counts."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<7}"
