"""CloudTrail as Amazon Security Lake keeps it: OCSF, in two versions of the schema, back into the trail's own record.

What OCSF has no place for stands in `unmapped` under its dotted name. Sources of the mapping: the OCSF examples for AWS,
https://github.com/ocsf/examples/tree/main/mappings/markdown/AWS (1.0.0-rc.2 and 1.1.0).
"""

import re
from datetime import UTC, datetime
from typing import Any

from pipeline.shapes.placing import Record, opened, place

PLACES = {
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
    "http_request.user_agent": ("userAgent",),
    "src_endpoint.ip": ("sourceIPAddress",),
    "src_endpoint.domain": ("sourceIPAddress",),
    "src_endpoint.uid": ("vpcEndpointId",),
    "actor.invoked_by": ("userIdentity", "invokedBy"),
    "actor.idp.name": ("userIdentity", "identityProvider"),
    "actor.user.type": ("userIdentity", "type"),
    "actor.user.name": ("userIdentity", "userName"),
    "actor.user.credential_uid": ("userIdentity", "accessKeyId"),
    "actor.user.account.uid": ("userIdentity", "accountId"),
    "actor.user.account_uid": ("userIdentity", "accountId"),
    "actor.user.uid_alt": ("userIdentity", "principalId"),
    "actor.user.uuid": ("userIdentity", "arn"),
    "actor.session.issuer": ("userIdentity", "sessionContext", "sessionIssuer", "arn"),
    "actor.session.created_time_dt": ("userIdentity", "sessionContext", "attributes", "creationDate"),
    "actor.session.created_time": ("userIdentity", "sessionContext", "attributes", "creationDate"),
    "actor.session.is_mfa": ("userIdentity", "sessionContext", "attributes", "mfaAuthenticated"),
    "actor.session.mfa": ("userIdentity", "sessionContext", "attributes", "mfaAuthenticated"),
    "tls.version": ("tlsDetails", "tlsVersion"),
    "tls.cipher": ("tlsDetails", "cipherSuite"),
    "tls.sni": ("tlsDetails", "clientProvidedHostHeader"),
}
TIMES = ("time_dt", "time")
MAX_INDEX = 1_000


def reshape(record: Record) -> Record | None:
    """The trail's record, or None where the OCSF event is not one of CloudTrail. What has no place is kept in `ocsf`."""
    product = _at(record, "metadata", "product", "name")
    if product != "CloudTrail" and _at(record, "metadata", "log_name") != "cloudtrail":
        return None
    shaped: Record = {"eventTime": next((t for key in TIMES if (t := _time(record.get(key)))), None)}
    left: Record = {}
    for path, value in _leaves(
        {key: value for key, value in record.items() if key not in ("unmapped", *TIMES)}
    ):
        target = _place_of(path, record)
        if value is None:
            continue
        if target is None or not place(shaped, target, _typed(target, value)):
            place(left, path, value)
    unmapped = _as_map(record.get("unmapped"))
    for name, value in unmapped.items():
        _unflatten(shaped, name, value, left)
    account = _at(record, "cloud", "account", "uid") or _at(record, "cloud", "account_uid")
    if account and not shaped.get("recipientAccountId"):
        shaped["recipientAccountId"] = account
    for key in ("readOnly", "managementEvent"):
        if isinstance(shaped.get(key), str):
            shaped[key] = {"true": True, "false": False}.get(shaped[key].lower(), shaped[key])
    return _lists(shaped) | {"ocsf": left, "eventSource": shaped.get("eventSource", "")}


def _place_of(path: tuple[str, ...], record: Record) -> tuple[str, ...] | None:
    name = ".".join(path)
    if name == "actor.user.uid":  # the ARN since 1.1, the principal before
        uid = _at(record, "actor", "user", "uid")
        return ("userIdentity", "arn" if str(uid).startswith("arn:") else "principalId")
    return PLACES.get(name)


def _typed(target: tuple[str, ...], value: Any) -> Any:
    match target[-1]:
        case "mfaAuthenticated":
            return str(value).lower()
        case "creationDate":
            return _time(value)
        case "requestParameters" | "responseElements":
            return opened(value)
    return value


def _time(value: object) -> str | None:
    """Milliseconds since 1970, or text, as ISO 8601 in UTC."""
    if isinstance(value, bool) or value in (None, ""):
        return None
    if isinstance(value, str) and not re.fullmatch(r"\d{13}", value):
        return value
    try:
        return datetime.fromtimestamp(int(str(value)) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, OverflowError, OSError):
        return None


def _as_map(value: object) -> Record:
    """`unmapped` as an object, whether it is one, JSON text, or the list of keys and values that Parquet maps become."""
    value = opened(value)
    if isinstance(value, list):
        pairs = [pair for pair in value if isinstance(pair, dict)]
        return {str(pair.get("key")): pair.get("value") for pair in pairs}
    return value if isinstance(value, dict) else {}


def _unflatten(shaped: Record, name: str, value: Any, left: Record) -> None:
    """`requestParameters.policyArns[0].arn` to its place; a number in the path is the index of a list, see `_lists`."""
    path = tuple(part for part in re.split(r"[.\[\]]+", name) if part)
    if not path or len(path) > 20 or not place(shaped, path, opened(value)):
        place(left, ("unmapped", name), value)


def _lists(value: Any) -> Any:
    """Objects whose keys are 0, 1, 2 … as the lists they were."""
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(element) for key, element in value.items()}
    if inner and len(inner) <= MAX_INDEX and list(inner) == [str(number) for number in range(len(inner))]:
        return list(inner.values())
    return inner


def _leaves(value: Record, path: tuple[str, ...] = (), depth: int = 0) -> list[tuple[tuple[str, ...], Any]]:
    leaves: list[tuple[tuple[str, ...], Any]] = []
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and depth < 8:
            leaves += _leaves(inner, (*path, key), depth + 1)
        else:
            leaves.append(((*path, key), inner))
    return leaves


def _at(value: object, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
