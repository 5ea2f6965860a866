"""What Entra logs twice: the unified audit log's own records of sign-ins and directory changes that Entra's logs hold already.

A sign-in has the same id in both logs. A directory change shares its correlation id, as `InterSystemsId`; its name ends
in a full stop here.
"""

from datetime import datetime

from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.unified_audit import UnifiedAudit
from pipeline.simulate.world import World

LOGON_ERRORS = {
    50072: "UserStrongAuthEnrollmentRequired",
    50074: "UserStrongAuthClientAuthNRequired",
    50126: "InvalidUserNameOrPassword",
    50173: "FreshTokenNeeded",
}


def run(world: World) -> dict[str, EventRef]:
    """The twins, by the id of the row that they repeat."""
    twins = {}
    for delivery in list(world.logbook.deliveries):
        properties = delivery.record.get("properties", {})
        if delivery.source == "entra_signin":
            twins[properties["id"]] = write_sign_in(world.office, delivery.occurred_at, properties)
        elif delivery.source == "entra_audit" and properties["loggedByService"] == "Core Directory":
            twins[properties["id"]] = write_change(world.office, delivery.occurred_at, properties)
    return twins


def write_sign_in(audit: UnifiedAudit, at: datetime, properties: Record) -> EventRef:
    """ResultStatus is that of the page, and says Success even where the password was wrong."""
    error_code = properties["status"]["errorCode"]
    operation = "UserLoginFailed" if error_code else "UserLoggedIn"
    user_id, upn, source_ip = (properties[key] for key in ("userId", "userPrincipalName", "ipAddress"))
    record = audit.base(operation, at, 15, "AzureActiveDirectory", upn, user_id, 0, "Success")
    device = properties["deviceDetail"]
    request = "SAS:ProcessAuth" if properties["mfaDetail"] else "OAuth2:Authorize"
    extended = {
        "ResultStatusDetail": "Success" if error_code else "Redirect",
        "UserAgent": properties["userAgent"],
        "UserAuthenticationMethod": "1",  # a password; that a factor followed, the request's type tells
        "RequestType": "Login:login" if error_code else request,
    }
    seen = {
        "Id": device["deviceId"],
        "DisplayName": device.get("displayName", ""),
        "OS": device["operatingSystem"],
        "BrowserType": device["browser"].split()[0],
        "IsCompliantAndManaged": str(device.get("isManaged", False)),
        "SessionId": properties["sessionId"],
    }
    record |= {
        "Id": properties["id"],
        "ClientIP": source_ip,
        "ObjectId": properties["resourceId"],
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": named(extended),
        "ModifiedProperties": [],
        "Actor": [{"ID": user_id, "Type": 0}, {"ID": upn, "Type": 5}],
        "ActorContextId": audit.estate.tenant_id,
        "ActorIpAddress": source_ip,
        "InterSystemsId": properties["correlationId"],
        "IntraSystemId": properties["id"],
        "SupportTicketId": "",
        "Target": [{"ID": properties["resourceId"], "Type": 0}],
        "TargetContextId": audit.estate.tenant_id,
        "ApplicationId": properties["appId"],
        "DeviceProperties": named(seen),
        "ErrorNumber": str(error_code),
    }
    if error_code:
        record["LogonError"] = LOGON_ERRORS.get(error_code, "Other")
    return audit.keep("AzureActiveDirectory", at, record)


def write_change(audit: UnifiedAudit, at: datetime, properties: Record) -> EventRef:
    user, app = (properties["initiatedBy"].get(key) for key in ("user", "app"))
    user_id = user["userPrincipalName"] if user else f"ServicePrincipal_{app['servicePrincipalId']}"
    record = audit.base(
        f"{properties['activityDisplayName'].rstrip()}.", at, 8, "AzureActiveDirectory", user_id,
        user["id"] if user else "Not Available", 0 if user else 4, "Success",
    )  # fmt: skip
    target = properties["targetResources"][0]
    source_ip = (user or {}).get("ipAddress") or ""
    record |= {
        "ClientIP": source_ip,
        "ObjectId": target.get("userPrincipalName") or target["displayName"] or "Not Available",
        "AzureActiveDirectoryEventType": 1,
        "ExtendedProperties": named({"extendedAuditEventCategory": target["type"]}),
        "ModifiedProperties": [
            {
                "Name": change["displayName"],
                "NewValue": change["newValue"] or "",
                "OldValue": change["oldValue"] or "",
            }
            for change in target["modifiedProperties"]
        ],
        "Actor": identity("User", user["id"], user["userPrincipalName"], 5)
        if user
        else identity("ServicePrincipal", app["servicePrincipalId"], app["displayName"], 1),
        "ActorContextId": audit.estate.tenant_id,
        "ActorIpAddress": source_ip,
        "InterSystemsId": properties["correlationId"],
        "IntraSystemId": audit.named_guid(f"twin/{properties['id']}"),
        "SupportTicketId": "",
        "Target": identity(
            target["type"], target["id"], target.get("userPrincipalName") or target["displayName"], 5
        ),
        "TargetContextId": audit.estate.tenant_id,
    }
    return audit.keep("AzureActiveDirectory", at, record)


def identity(kind: str, object_id: str, name: str | None, name_type: int) -> list[Record]:
    """An actor or a target: its name, its kind and id in one, its id, its kind."""
    parts = [
        {"ID": f"{kind}_{object_id}", "Type": 2},
        {"ID": object_id, "Type": 2},
        {"ID": kind, "Type": 2},
    ]
    return [*([{"ID": name, "Type": name_type}] if name else []), *parts]


def named(values: Record) -> list[Record]:
    return [{"Name": name, "Value": value} for name, value in values.items()]
