"""Other shapes of the Okta System Log: Log Analytics tables, lakes that respell the keys, Okta's own CSV.

Canonical is the object of the System Log API. `Okta_CL` joins nested names with `_` and adds a letter for the type;
`OktaV2_CL` and `OktaSystemLogs` have names of their own; the CSV of the admin console joins with dots and numbers the targets.
Sources: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/ and
https://github.com/Azure/Azure-Sentinel/tree/master/Solutions/Okta%20Single%20Sign-On (the transformation and the parser).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pipeline.shapes.placing import cell, opened, place

Record = dict[str, Any]
Path = tuple[str, ...]

IDENTITY = ("uuid", "published", "eventType")  # recognised by these three, whatever they hold
OBJECTS = (
    "actor",
    "client",
    "device",
    "outcome",
    "target",
    "transaction",
    "debugContext",
    "authenticationContext",
    "securityContext",
    "request",
)
TOP_KEYS = frozenset((*IDENTITY, *OBJECTS, "version", "severity", "legacyEventType", "displayMessage"))
# fmt: off
NESTED_KEYS = (
    "id", "type", "alternateId", "displayName", "detailEntry", "userAgent", "rawUserAgent", "os", "browser",
    "zone", "device", "ipAddress", "geographicalContext", "city", "state", "country", "postalCode",
    "geolocation", "lat", "lon", "result", "reason", "detail", "requestApiTokenId", "debugData",
    "requestUri", "url", "dtHash", "deviceFingerprint", "authnRequestId", "requestId", "threatSuspected",
    "factor", "methodTypeUsed", "authenticationProvider", "authenticationStep", "credentialProvider",
    "credentialType", "externalSessionId", "rootSessionId", "interface", "issuer", "asNumber", "asOrg",
    "domain", "isp", "isProxy", "ipChain", "ip", "version", "source",
)
# fmt: on


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


TOP_BY_PLAIN_NAME = {_plain(key): key for key in TOP_KEYS}
NESTED_BY_PLAIN_NAME = {_plain(key): key for key in NESTED_KEYS}
MAX_NESTING = 8  # of the names above; deeper lies what Okta does not define
LONGEST_NAME = 40
FLAT_NAME = re.compile(r"(?P<path>[A-Za-z]\w*?)_[sdbgt]")
NUMBERED_TARGET = re.compile(r"target([0-9]{1,3})")
JSON_PLACES = frozenset(
    {
        ("target",),
        ("request",),
        ("debugContext", "debugData"),
        ("request", "ipChain"),
        ("actor", "detailEntry"),
        ("transaction", "detail"),
    }
)
# columns of OktaV2_CL and OktaSystemLogs → where the API has it ("Longtitude" is theirs)
SECOND_TABLE: dict[str, Path] = {
    "EventOriginalUid": ("uuid",),
    "EventOriginalType": ("eventType",),
    "LegacyEventType": ("legacyEventType",),
    "EventMessage": ("displayMessage",),
    "OriginalSeverity": ("severity",),
    "Version": ("version",),
    "TimeGenerated": ("published",),
    "OriginalOutcomeResult": ("outcome", "result"),
    "EventOriginalResultDetails": ("outcome", "reason"),
    "OriginalUserId": ("actor", "id"),
    "ActorUserId": ("actor", "id"),
    "OriginalActorAlternateId": ("actor", "alternateId"),
    "ActorUsername": ("actor", "alternateId"),
    "ActorDisplayName": ("actor", "displayName"),
    "OriginalUserType": ("actor", "type"),
    "ActorDetailEntry": ("actor", "detailEntry"),
    "ActorSessionId": ("authenticationContext", "externalSessionId"),
    "AuthenticationContextAuthenticationProvider": ("authenticationContext", "authenticationProvider"),
    "AuthenticationContextAuthenticationStep": ("authenticationContext", "authenticationStep"),
    "AuthenticationContextCredentialProvider": ("authenticationContext", "credentialProvider"),
    "AuthenticationContextInterface": ("authenticationContext", "interface"),
    "AuthenticationContextIssuerId": ("authenticationContext", "issuer", "id"),
    "AuthenticationContextIssuerType": ("authenticationContext", "issuer", "type"),
    "LogonMethod": ("authenticationContext", "credentialType"),
    "SrcIpAddr": ("client", "ipAddress"),
    "SrcDvcId": ("client", "id"),
    "HttpUserAgent": ("client", "userAgent", "rawUserAgent"),
    "SrcDvcOs": ("client", "userAgent", "os"),
    "ActingAppName": ("client", "userAgent", "browser"),
    "OriginalClientDevice": ("client", "device"),
    "SrcZone": ("client", "zone"),
    "SrcGeoCountry": ("client", "geographicalContext", "country"),
    "SrcGeoCity": ("client", "geographicalContext", "city"),
    "SrcGeoRegion": ("client", "geographicalContext", "state"),
    "SrcGeoPostalCode": ("client", "geographicalContext", "postalCode"),
    "SrcGeoLatitude": ("client", "geographicalContext", "geolocation", "lat"),
    "SrcGeoLongtitude": ("client", "geographicalContext", "geolocation", "lon"),
    "SrcGeoLongitude": ("client", "geographicalContext", "geolocation", "lon"),
    "SecurityContextAsNumber": ("securityContext", "asNumber"),
    "SecurityContextAsOrg": ("securityContext", "asOrg"),
    "SecurityContextDomain": ("securityContext", "domain"),
    "SecurityContextIsProxy": ("securityContext", "isProxy"),
    "SrcIsp": ("securityContext", "isp"),
    "TransactionId": ("transaction", "id"),
    "TransactionType": ("transaction", "type"),
    "TransactionDetail": ("transaction", "detail"),
    "DebugData": ("debugContext", "debugData"),
    "Request": ("request",),
    "OriginalTarget": ("target",),
}
# beside EventOriginalType, which every vendor's ASIM row has
SECOND_TABLE_MARKS = ("OriginalTarget", "OriginalActorAlternateId", "OriginalOutcomeResult")
FLAT_MARKS = ("actor_id_s", "actor_alternateId_s", "actor_type_s", "outcome_result_s", "legacyEventType_s")
CSV_MARKS = ("actor.id", "actor.alternate_id", "outcome.result")
EVENT_TYPE_NAMES = ("eventType", "eventtype", "event_type", "EventType", "EVENT_TYPE", "EVENTTYPE")
# what no other log that has an eventType calls so
OKTA_MARKS = frozenset({"legacyEventType", "debugContext", "authenticationContext", "securityContext"})


def reshape(record: Record) -> Record | None:
    """The record in the shape of the System Log API, or None where it is no Okta record. One that a wrapper held in that very
    shape comes back as it is."""
    if "EventOriginalType" in record and any(mark in record for mark in SECOND_TABLE_MARKS):
        return _shaped(record, SECOND_TABLE.get)
    if "eventType_s" in record and any(mark in record for mark in FLAT_MARKS):
        return _shaped(record, _flat_path)
    if "event_type" in record and any(mark in record for mark in CSV_MARKS):
        return _shaped(record, _csv_path)
    if any(name in record for name in EVENT_TYPE_NAMES):
        return _with_true_names(record)
    return None


def _flat_path(column: str) -> Path | None:
    match = FLAT_NAME.fullmatch(column)
    first, _, rest = match["path"].partition("_") if match else ("", "", "")
    if first not in TOP_KEYS:
        return None
    if first == "device":  # its own names have underlines: os_platform
        return (first, rest) if rest else (first,)
    path = (first, *rest.split("_")) if rest else (first,)
    # Sentinel's parser has the plural
    return ("transaction", "detail") if path == ("transaction", "details") else path


def _csv_path(column: str) -> Path | None:
    if column in TOP_KEYS:
        return None
    if column == "timestamp":
        return ("published",)
    path = tuple(_camel(part) for part in column.split("."))
    numbered = NUMBERED_TARGET.fullmatch(path[0])
    if numbered and len(path) > 1:
        return ("target", str(int(numbered[1])), *path[1:])
    return path if path[0] in TOP_KEYS else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _shaped(record: Record, path_of: Callable[[str], Path | None]) -> Record:
    """A flat row with its columns at their places: short paths first, so that the order of the columns changes nothing."""
    shaped: Record = {}
    columns = []
    for column, value in record.items():
        path = path_of(column.removesuffix(" [UTC]"))  # the portal's CSV has it behind times
        if path is None:
            shaped[column] = value
        else:
            columns.append((path, column, value))
    for path, column, value in sorted(columns, key=lambda entry: (len(entry[0]), entry[1])):
        if not place(shaped, path, cell(value, is_json=path in JSON_PLACES)):
            shaped[column] = value
    target, request = shaped.get("target"), shaped.get("request")
    if isinstance(target, dict) and target and all(re.fullmatch("[0-9]{1,3}", key) for key in target):
        shaped["target"] = [target[key] for key in sorted(target, key=int)]
    if isinstance(request, dict) and isinstance(chain := request.get("ipChain"), dict):
        # one address from a CSV; Sentinel's parser puts all of `request` here
        shaped["request"] = request | {"ipChain": chain["ipChain"] if list(chain) == ["ipChain"] else [chain]}
    if shaped.get("published") in (None, ""):
        shaped["published"] = record.get("TimeGenerated", record.get("TimeGenerated [UTC]"))
    return _recognisable(shaped)


def _with_true_names(record: Record) -> Record | None:
    """Keys in lower case or with underlines, as lakes write them; a record without an id or a time stays recognisable."""
    names = {key: TOP_BY_PLAIN_NAME.get(_plain(key)) for key in record if len(key) < LONGEST_NAME}
    known = set(names.values())
    if "eventType" not in known:
        return None
    if known.isdisjoint(OKTA_MARKS):
        actor = opened(next((record[key] for key, name in names.items() if name == "actor"), None))
        if not isinstance(actor, dict) or "alternateid" not in {
            _plain(key) for key in actor if len(key) < LONGEST_NAME
        }:
            return None
    if all(record.get(key) is not None for key in IDENTITY):
        return record
    shaped: Record = {}
    # the true spelling first: another one of the same name keeps its own
    for key in sorted(record, key=lambda key: names.get(key) != key):
        name = names.get(key) or key
        value = opened(record[key]) if name in OBJECTS else record[key]
        shaped[key if name in shaped else name] = _nested(value, MAX_NESTING)
    return _recognisable(shaped)


def _nested(value: object, depth: int) -> object:
    """The value with the API's spelling of the keys in it; a key whose true spelling is there as well keeps its own."""
    if depth == 0:
        return value
    if isinstance(value, list):
        return [_nested(element, depth - 1) for element in value]
    if not isinstance(value, dict):
        return value
    named: Record = {}
    for key, inner in value.items():
        name = NESTED_BY_PLAIN_NAME.get(_plain(key), key) if len(key) < LONGEST_NAME else key
        named[key if name in value or name in named else name] = _nested(inner, depth - 1)
    return named


def _recognisable(shaped: Record) -> Record:
    return shaped | {key: "" for key in IDENTITY if shaped.get(key) is None}
