"""Rows of the CSV that the Entra admin center downloads (sign-ins, audit logs), as rows of the Log Analytics tables of the
same events.

The download of interactive and of non-interactive sign-ins has the same columns, so a row is interactive unless it says
otherwise. Audit rows have no id.
"""

import re
from typing import Any

from pipeline.shapes.microsoft.spelling import is_told, put

Record = dict[str, Any]

BLANKS = re.compile(r"\s+")
SIGN_IN_COLUMNS: dict[str, str] = {
    "date (utc)": "CreatedDateTime",
    "request id": "Id",
    "user agent": "UserAgent",
    "correlation id": "CorrelationId",
    "user id": "UserId",
    "user": "UserDisplayName",
    "username": "UserPrincipalName",
    "user type": "UserType",
    "cross tenant access type": "CrossTenantAccessType",
    "incoming token type": "IncomingTokenType",
    "authentication protocol": "AuthenticationProtocol",
    "unique token identifier": "UniqueTokenIdentifier",
    "original transfer method": "OriginalTransferMethod",
    "client credential type": "ClientCredentialType",
    "application": "AppDisplayName",
    "application id": "AppId",
    "app owner tenant id": "AppOwnerTenantId",
    "resource": "ResourceDisplayName",
    "resource id": "ResourceIdentity",
    "resource tenant id": "ResourceTenantId",
    "resource owner tenant id": "ResourceOwnerTenantId",
    "home tenant id": "HomeTenantId",
    "home tenant name": "HomeTenantName",
    "ip address": "IPAddress",
    "location": "Location",
    "status": "ResultSignature",
    "sign-in error code": "ResultType",
    "failure reason": "ResultDescription",
    "client app": "ClientAppUsed",
    "authentication requirement": "AuthenticationRequirement",
    "sign-in identifier": "SignInIdentifier",
    "session id": "SessionId",
    "ip address (seen by resource)": "IPAddressFromResourceProvider",
    "through global secure access": "IsThroughGlobalSecureAccess",
    "global secure access ip address": "GlobalSecureAccessIpAddress",
    "autonomous system number": "AutonomousSystemNumber",
    "flagged for review": "FlaggedForReview",
    "token issuer type": "TokenIssuerType",
    "token issuer name": "TokenIssuerName",
    "latency": "ProcessingTimeInMilliseconds",
    "conditional access": "ConditionalAccessStatus",
    "service principal id": "ServicePrincipalId",
    "service principal name": "ServicePrincipalName",
    "credential key id": "ServicePrincipalCredentialKeyId",
    "credential thumbprint": "ServicePrincipalCredentialThumbprint",
}
# several columns that are one object in the table
SIGN_IN_OBJECTS: dict[str, tuple[str, str]] = {
    "device id": ("DeviceDetail", "deviceId"),
    "browser": ("DeviceDetail", "browser"),
    "operating system": ("DeviceDetail", "operatingSystem"),
    "compliant": ("DeviceDetail", "isCompliant"),
    "managed": ("DeviceDetail", "isManaged"),
    "join type": ("DeviceDetail", "trustType"),
    "multifactor authentication auth method": ("MfaDetail", "authMethod"),
    "multifactor authentication auth detail": ("MfaDetail", "authDetail"),
    "multifactor authentication result": ("Status", "additionalDetails"),
    "token protection - sign in session": ("TokenProtectionStatusDetails", "signInSessionStatus"),
    "token protection - sign in session statuscode": (
        "TokenProtectionStatusDetails",
        "signInSessionStatusCode",
    ),
}
SIGN_IN_TABLES = {
    "SigninLogs": "SignInLogs",
    "AADNonInteractiveUserSignInLogs": "NonInteractiveUserSignInLogs",
    "AADServicePrincipalSignInLogs": "ServicePrincipalSignInLogs",
    "AADManagedIdentitySignInLogs": "ManagedIdentitySignInLogs",
}
AUDIT_COLUMNS: dict[str, str] = {
    "date (utc)": "ActivityDateTime",
    "correlationid": "CorrelationId",
    "service": "LoggedByService",
    "category": "Category",
    "activity": "OperationName",
    "result": "Result",
    "resultreason": "ResultReason",
}
ACTOR_KEYS: dict[str, str] = {
    "actordisplayname": "displayName",
    "actorobjectid": "id",
    "actoruserprincipalname": "userPrincipalName",
    "actorhometenantid": "homeTenantId",
    "actorhometenantname": "homeTenantName",
    "actorserviceprincipalid": "servicePrincipalId",
    "actorserviceprincipalname": "servicePrincipalName",
    "ipaddress": "ipAddress",
    "actortype": "actorType",
}
TARGET_NAME = re.compile(r"target(\d{1,3})(type|displayname|objectid|userprincipalname)")
CHANGE_NAME = re.compile(r"target(\d{1,3})modifiedproperty(\d{1,3})(name|oldvalue|newvalue)")
DETAIL_NAME = re.compile(r"additionaldetail(\d{1,3})(key|value)")
TARGET_KEYS = {
    "type": "type",
    "displayname": "displayName",
    "objectid": "id",
    "userprincipalname": "userPrincipalName",
}
CHANGE_KEYS = {"name": "displayName", "oldvalue": "oldValue", "newvalue": "newValue"}


def reshape_portal_row(record: Record) -> Record | None:
    """The row of a download as a row of its table, without its empty cells; None where it is neither kind."""
    if not any(key[:4].lower() == "date" for key in record):
        return None
    headers = {key: BLANKS.sub(" ", key.strip().lower()) for key in record}
    names = set(headers.values())
    cells = {key: value for key, value in record.items() if is_told(value)}
    if {"date (utc)", "request id"} <= names:
        return _sign_in(cells, headers)
    if {"date (utc)", "activity", "service"} <= names and not names.isdisjoint(
        {"actortype", "correlationid"}
    ):
        return _audit(cells, headers)
    return None


def _sign_in(cells: Record, headers: dict[str, str]) -> Record:
    table = _sign_in_table({headers[key]: value for key, value in cells.items()})
    row: Record = {"Type": table, "Category": SIGN_IN_TABLES[table], "OperationName": "Sign-in activity"}
    objects: dict[str, Record] = {}
    for key, value in cells.items():
        column, inner = SIGN_IN_OBJECTS.get(headers[key], (None, ""))
        if column:
            put(objects.setdefault(column, {}), inner, key, value)
        else:
            put(row, SIGN_IN_COLUMNS.get(headers[key], key), key, value)
    if "ResultType" not in row and "ResultSignature" in row:
        # a success has no code
        row["ResultType"] = (
            "0" if str(row["ResultSignature"]).lower() == "success" else row["ResultSignature"]
        )
    parts = (
        [part.strip() for part in row["Location"].split(",")] if isinstance(row.get("Location"), str) else []
    )
    if len(parts) > 1:
        objects["LocationDetails"] = {
            "city": parts[0],
            "state": ", ".join(parts[1:-1]),
            "countryOrRegion": parts[-1],
        }
    return _with_objects(row, objects)


def _with_objects(row: Record, objects: dict[str, Any]) -> Record:
    for column, value in objects.items():
        put(row, column, f"{column}_object", value)
    return row


def _sign_in_table(told: Record) -> str:
    """The table of a row, by its cells under their headers in small letters."""
    if "username" in told or "user id" in told or "service principal id" not in told:
        is_interactive = str(told.get("interactive", told.get("is interactive", "yes"))).lower()
        return "AADNonInteractiveUserSignInLogs" if is_interactive in ("no", "false") else "SigninLogs"
    if str(told.get("managed identity type", "none")).lower() != "none":
        return "AADManagedIdentitySignInLogs"
    return "AADServicePrincipalSignInLogs"


def _audit(cells: Record, headers: dict[str, str]) -> Record:
    row: Record = {"Type": "AuditLogs"}
    actor: Record = {}
    targets: dict[int, Record] = {}
    changes: dict[tuple[int, int], Record] = {}
    details: dict[int, Record] = {}
    for key, value in cells.items():
        name = headers[key]
        if name in ACTOR_KEYS:
            put(actor, ACTOR_KEYS[name], key, value)
        elif name in ("user agent", "useragent"):
            put(details.setdefault(-1, {"key": "User-Agent"}), "value", key, value)
        elif found := TARGET_NAME.fullmatch(name):
            put(targets.setdefault(int(found[1]), {}), TARGET_KEYS[found[2]], key, value)
        elif found := CHANGE_NAME.fullmatch(name):
            put(changes.setdefault((int(found[1]), int(found[2])), {}), CHANGE_KEYS[found[3]], key, value)
        elif found := DETAIL_NAME.fullmatch(name):
            put(details.setdefault(int(found[1]), {}), found[2], key, value)
        else:
            put(row, AUDIT_COLUMNS.get(name, key), key, value)
    for target_number, change_number in sorted(changes):
        target = targets.setdefault(target_number, {})
        target.setdefault("modifiedProperties", []).append(changes[target_number, change_number])
    objects: dict[str, Any] = {}
    if actor:
        objects["InitiatedBy"] = _initiator(actor)
    if targets:
        objects["TargetResources"] = [targets[number] for number in sorted(targets)]
    if details:
        objects["AdditionalDetails"] = [details[number] for number in sorted(details)]
    return _with_objects(row, objects)


def _initiator(actor: Record) -> Record:
    """An application has a service principal's id, or says that it is one."""
    if not is_told(actor.get("servicePrincipalId")) and not str(
        actor.get("actorType", "")
    ).lower().startswith("app"):
        return {"user": actor}
    if not is_told(actor.get("servicePrincipalId")) and "id" in actor:
        actor["servicePrincipalId"] = actor.pop("id")
    return {"app": actor}
