"""CloudTrail as Amazon Security Lake keeps it, in the event classes of OCSF, put back into the trail's own record.

What OCSF has no place for stands in `unmapped` under its dotted name; what the record has no place for stays under `ocsf`.
The mapping, of schema 1.0.0-rc.2, 1.1.0 and 1.5.0: https://github.com/ocsf/examples/tree/main/mappings/markdown/AWS
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pipeline.shapes.cloudtrail_fields import (
    MAX_DEPTH,
    OBJECTS,
    PATHS,
    fields_at,
    plain,
    put,
    put_beside,
    spelled,
    unwritten,
    with_lists,
    with_types,
)
from pipeline.shapes.placing import Path, Record

_ATTRIBUTES = ("userIdentity", "sessionContext", "attributes")
PLACES: dict[str, Path] = {
    "metadata.uid": ("eventID",),
    "metadata.product.version": ("eventVersion",),
    "metadata.event_code": ("eventType",),
    "api.operation": ("eventName",),
    "api.service.name": ("eventSource",),
    "api.version": ("apiVersion",),
    "api.request.uid": ("requestID",),
    "api.request.data": ("requestParameters",),
    "api.response.data": ("responseElements",),
    "api.response.error": ("errorCode",),
    "api.response.message": ("errorMessage",),
    "api.response.error_message": ("errorMessage",),
    "cloud.region": ("awsRegion",),
    "cloud.account.uid": ("recipientAccountId",),
    "cloud.account_uid": ("recipientAccountId",),
    "http_request.user_agent": ("userAgent",),
    "src_endpoint.ip": ("sourceIPAddress",),
    "src_endpoint.domain": ("sourceIPAddress",),
    "src_endpoint.svc_name": ("sourceIPAddress",),
    "src_endpoint.uid": ("vpcEndpointId",),
    "dst_endpoint.svc_name": ("additionalEventData", "LoginTo"),
    "actor.invoked_by": ("userIdentity", "invokedBy"),
    "actor.idp.name": ("userIdentity", "identityProvider"),
    "actor.idp.uid": ("userIdentity", "onBehalfOf", "identityStoreArn"),
    "actor.user.type": ("userIdentity", "type"),
    "actor.user.name": ("userIdentity", "userName"),
    "actor.user.credential_uid": ("userIdentity", "accessKeyId"),
    "actor.user.account.uid": ("userIdentity", "accountId"),
    "actor.user.account_uid": ("userIdentity", "accountId"),
    "actor.user.uid_alt": ("userIdentity", "principalId"),
    "actor.user.uuid": ("userIdentity", "arn"),
    "actor.session.issuer": ("userIdentity", "sessionContext", "sessionIssuer", "arn"),
    "actor.session.created_time": (*_ATTRIBUTES, "creationDate"),
    "actor.session.created_time_dt": (*_ATTRIBUTES, "creationDate"),
    "actor.session.is_mfa": (*_ATTRIBUTES, "mfaAuthenticated"),
    "actor.session.mfa": (*_ATTRIBUTES, "mfaAuthenticated"),
    "session.uid": ("responseElements", "assumedRoleUser", "arn"),
    "session.uid_alt": ("responseElements", "assumedRoleUser", "assumedRoleId"),
    "session.credential_uid": ("responseElements", "credentials", "accessKeyId"),
    "tls.version": ("tlsDetails", "tlsVersion"),
    "tls.cipher": ("tlsDetails", "cipherSuite"),
    "tls.sni": ("tlsDetails", "clientProvidedHostHeader"),
}
# a person of Identity Center has no ARN, no principal and no key: OCSF puts other ids where those would be
IDENTITY_CENTER: dict[str, Path] = {
    "actor.user.name": ("additionalEventData", "UserName"),
    "actor.user.uid_alt": ("userIdentity", "onBehalfOf", "userId"),
    "actor.user.credential_uid": ("userIdentity", "credentialId"),
}
RESOURCE_PLACES = {("uid",): "ARN", ("owner", "account", "uid"): "accountId", ("account", "uid"): "accountId", ("account_uid",): "accountId"}  # fmt: skip
CATEGORIES = ("Management", "Data", "NetworkActivity", "Insight")
ACCOUNT_CHANGE = 3001
TIMES = ("time", "time_dt")  # the second is in somebody's zone, and in AWS's own sample in the wrong one


def reshape_security_lake_row(row: Record) -> Record | None:
    """The trail's record, or None where the OCSF event is not one of CloudTrail."""
    event = {key: unwritten(value) for key, value in row.items()}
    if not _is_cloudtrail(event):
        return None
    whole = unwritten(event.get("raw_data"))
    if isinstance(whole, dict) and whole.get("eventSource"):
        rest = {key: value for key, value in event.items() if key != "raw_data"}
        return put_beside(dict(whole), {"ocsf": rest})
    shaped: Record = {}
    left: Record = {}
    for name, value in _as_map(
        event.get("unmapped")
    ).items():  # CloudTrail's own words go before the schema's
        path = _own_path(name)
        if path is None or not put(shaped, path, _opened_value(path, value)):
            put(left, ("unmapped", name), value)
    shaped = with_lists(shaped)
    _put_time(shaped, left, event)
    for path, value in _leaves({key: event[key] for key in event if key not in ("unmapped", *TIMES)}):
        target = _place_of(path, event)
        if target is None or not put(shaped, target, _opened_value(target, value)):
            put(left, path, value)
    _put_what_moved(shaped, event)
    shaped.setdefault("eventSource", "")
    return put_beside(with_types(shaped), {"ocsf": left} if left else {})


def _is_cloudtrail(event: Record) -> bool:
    names = (_at(event, "metadata", "product", "name"), _at(event, "metadata", "log_name"))
    return any(isinstance(name, str) and name.lower() == "cloudtrail" for name in names)


def _place_of(path: Path, event: Record) -> Path | None:
    name = ".".join(
        ("actor", *path[1:]) if path[0] == "identity" else path
    )  # the preview's name of the actor
    if name == "actor.user.uid":  # the ARN since 1.1, the principal before
        return ("userIdentity", "arn" if _is_arn(_at(event, *path)) else "principalId")
    if name == "metadata.product.feature.name":
        return ("eventCategory",) if _at(event, *path) in CATEGORIES else None
    if name == "resources":
        return ("resources",)
    if name in IDENTITY_CENTER and _at(event, path[0], "user", "type") == "IdentityCenterUser":
        return IDENTITY_CENTER[name]
    return PLACES.get(name)


def _opened_value(target: Path, value: Any) -> Any:
    match target[-1]:
        case "mfaAuthenticated":
            return str(value).lower() if isinstance(value, bool) else value
        case "creationDate":
            return _time(value)
        case "resources" if len(target) == 1:
            value = unwritten(value)
            return [_resource(inner) for inner in value] if isinstance(value, list) else value
    if len(target) == 1 and target[0] in OBJECTS:
        return spelled(value, fields_at(target))
    # a list within the request came as JSON; an object there is a policy, and that is text in a trail too
    return unwritten(value) if isinstance(value, str) and value.startswith("[") else value


def _resource(resource: Any) -> Any:
    if not isinstance(resource, dict):
        return resource
    shaped: Record = {}
    for path, value in _leaves(resource):
        name = RESOURCE_PLACES.get(path)
        if name is None or not put(shaped, (name,), value):
            put(shaped, path, value)
    return shaped


def _put_time(shaped: Record, left: Record, event: Record) -> None:
    for key in TIMES:
        if not put(shaped, ("eventTime",), _time(event.get(key))):
            put(left, (key,), event[key])


def _time(value: Any) -> Any:
    """Milliseconds since 1970 as ISO 8601 in UTC; a time as text as it is."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"\d{13}", str(value)):
        return value
    at = datetime.fromtimestamp(int(value) / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}{f'.{at:%f}' if at.microsecond else ''}Z"


def _put_what_moved(shaped: Record, event: Record) -> None:
    """What the classes for sign-ins and for accounts took out of the request, the response and the error."""
    call = shaped.get("eventName")
    status = event.get("status")
    if call == "ConsoleLogin":
        if status in ("Success", "Failure") and not _at(shaped, "responseElements", "ConsoleLogin"):
            put(shaped, ("responseElements", "ConsoleLogin"), status)
        with_mfa = next((event[key] for key in ("is_mfa", "mfa") if isinstance(event.get(key), bool)), None)
        if with_mfa is not None and not _at(shaped, "additionalEventData", "MFAUsed"):
            put(shaped, ("additionalEventData", "MFAUsed"), "Yes" if with_mfa else "No")
    elif status == "Failure" and not shaped.get("errorCode") and not shaped.get("errorMessage"):
        put(shaped, ("errorMessage",), event.get("status_detail") or status)
    user = event.get("user")
    if not isinstance(call, str) or not isinstance(user, dict) or _at(shaped, "requestParameters", "roleArn"):
        return
    if call.startswith("AssumeRole"):
        role = next((user[key] for key in ("uuid", "uid") if _is_arn(user.get(key))), None)
        if role and ":role/" in role:
            put(shaped, ("requestParameters", "roleArn"), role)
            put(shaped, ("requestParameters", "roleSessionName"), user.get("name"))
    elif event.get("class_uid") in (ACCOUNT_CHANGE, str(ACCOUNT_CHANGE)):
        request = shaped.get("requestParameters")
        if not isinstance(request, dict) or not request.keys() & {"userName", "roleName"}:
            put(shaped, ("requestParameters", "roleName" if "Role" in call else "userName"), user.get("name"))


def _is_arn(value: object) -> bool:
    return isinstance(value, str) and value.startswith("arn:")


def _as_map(value: object) -> Record:
    """`unmapped` as an object, whether it is one, text, or the list of keys and values that a map of Parquet becomes."""
    value = unwritten(value)
    if isinstance(value, list):
        pairs = [pair for pair in value if isinstance(pair, dict) and "key" in pair]
        found = {str(pair["key"]): pair.get("value") for pair in pairs}
        others = [element for element in value if not (isinstance(element, dict) and "key" in element)]
        return found | ({"": others} if others else {})
    if isinstance(value, dict):
        return value
    return {} if value is None or value == "" else {"": value}


def _own_path(name: str) -> Path | None:
    """`requestParameters.policyArns[0].arn` as a path, a number being an index; None where it is no field of a record."""
    parts = tuple(part for part in re.split(r"[.\[\]]+", name.replace("[]", ".0.")) if part)
    head = PATHS.get(plain(parts[0])) if parts and len(parts) < 4 * MAX_DEPTH else None
    return head + parts[1:] if head and len(head) == 1 else None


def _leaves(value: Record, above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and len(above) < MAX_DEPTH:
            yield from _leaves(inner, (*above, key))
        elif inner is not None:
            yield (*above, key), inner


def _at(value: object, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
