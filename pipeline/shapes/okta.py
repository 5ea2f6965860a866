"""Other shapes of the Okta System Log: Log Analytics tables, Panther's lower-case keys, Okta's own CSV.

Canonical is the object of the System Log API. `Okta_CL` joins nested names with `_` and adds a letter for the type;
`OktaV2_CL` has names of its own; the CSV of the admin console joins with dots and numbers the targets.
Source: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
"""

import re
from typing import Any

from pipeline.shapes.placing import cell, opened, place, placed

Record = dict[str, Any]

TOP_KEYS = (
    "uuid",
    "published",
    "eventType",
    "version",
    "severity",
    "legacyEventType",
    "displayMessage",
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
BY_PLAIN_NAME = {re.sub(r"[^a-z0-9]", "", key.lower()): key for key in TOP_KEYS}
FLAT_NAME = re.compile(r"^(?P<path>[A-Za-z]\w*?)_(?P<kind>[sdbgt])$")
OBJECTS = (
    "actor",
    "client",
    "outcome",
    "transaction",
    "debugContext",
    "authenticationContext",
    "securityContext",
    "request",
    "device",
)
JSON_PLACES = frozenset(
    {
        ("target",),
        ("debugContext", "debugData"),
        ("request", "ipChain"),
        ("actor", "detailEntry"),
        ("transaction", "detail"),
    }
)
# columns of OktaV2_CL → where the API has it
SECOND_TABLE = {
    "EventOriginalUid": ("uuid",),
    "EventOriginalType": ("eventType",),
    "EventMessage": ("displayMessage",),
    "OriginalSeverity": ("severity",),
    "Version": ("version",),
    "OriginalOutcomeResult": ("outcome", "result"),
    "EventOriginalResultDetails": ("outcome", "reason"),
    "ActorUserId": ("actor", "id"),
    "OriginalUserId": ("actor", "id"),
    "OriginalActorAlternateId": ("actor", "alternateId"),
    "ActorUsername": ("actor", "alternateId"),
    "ActorDisplayName": ("actor", "displayName"),
    "OriginalUserType": ("actor", "type"),
    "ActorDetailEntry": ("actor", "detailEntry"),
    "ActorSessionId": ("authenticationContext", "externalSessionId"),
    "AuthenticationProvider": ("authenticationContext", "authenticationProvider"),
    "AuthenticationStep": ("authenticationContext", "authenticationStep"),
    "CredentialProvider": ("authenticationContext", "credentialProvider"),
    "CredentialType": ("authenticationContext", "credentialType"),
    "SrcIpAddr": ("client", "ipAddress"),
    "HttpUserAgent": ("client", "userAgent", "rawUserAgent"),
    "OriginalClientDevice": ("client", "device"),
    "SrcDeviceType": ("client", "device"),
    "SrcZone": ("client", "zone"),
    "SrcGeoCountry": ("client", "geographicalContext", "country"),
    "SrcGeoCity": ("client", "geographicalContext", "city"),
    "SrcGeoRegion": ("client", "geographicalContext", "state"),
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
    "TimeGenerated": ("published",),
}
# columns of the console's CSV whose name is no path
CSV_NAMES = {
    "timestamp": ("published",),
    "event_type": ("eventType",),
    "display_message": ("displayMessage",),
    "legacy_event_type": ("legacyEventType",),
}


def reshape(record: Record) -> Record | None:
    """The record in the shape of the System Log API, or None where it is no Okta record in another shape."""
    if "EventOriginalType" in record and ("OriginalTarget" in record or "EventOriginalUid" in record):
        return _with_identity(placed(record, SECOND_TABLE, JSON_PLACES), record.get("TimeGenerated"))
    if "eventType_s" in record and ("published_t" in record or "uuid_g" in record or "uuid_s" in record):
        return _from_flat_table(record)
    if "event_type" in record and ("actor.id" in record or "actor.alternate_id" in record):
        return _from_csv(record)
    return _with_true_case(record)


def _with_true_case(record: Record) -> Record | None:
    """Keys in lower case or with underlines, as lakes write them; a record without an id or a time stays recognisable."""
    names = {
        key: BY_PLAIN_NAME.get(re.sub(r"[^a-z0-9]", "", key.lower()), key) for key in record if len(key) < 40
    }
    known = set(names.values())
    if not {"eventType", "actor"} <= known or not known & {
        "legacyEventType",
        "debugContext",
        "outcome",
        "client",
    }:
        return None
    if not isinstance(record[next(key for key, name in names.items() if name == "actor")], dict | str):
        return None
    shaped: Record = {}
    for key, value in record.items():
        name = names.get(key, key)
        shaped[name if name not in shaped else key] = (
            opened(value) if name in OBJECTS or name == "target" else value
        )
    # recognised by these three, whatever they hold
    return {"uuid": "", "published": ""} | {key: value for key, value in shaped.items() if value is not None}


def _from_flat_table(record: Record) -> Record:
    shaped: Record = {}
    for key, value in record.items():
        match = FLAT_NAME.match(key)
        path = tuple(match["path"].split("_")) if match else ()
        if (
            not match
            or path[0] not in TOP_KEYS
            or not place(shaped, path, cell(value, is_json=path in JSON_PLACES))
        ):
            shaped[key] = value
    return _with_identity(shaped, record.get("TimeGenerated"))


def _from_csv(record: Record) -> Record:
    shaped: Record = {}
    targets: dict[int, Record] = {}
    for key, value in record.items():
        path = CSV_NAMES.get(key, tuple(_camel(part) for part in key.split(".")))
        numbered = re.fullmatch(r"target(\d{1,3})", path[0])
        if numbered and len(path) == 2:
            if value != "":
                targets.setdefault(int(numbered[1]), {})[path[1]] = value
        elif path[0] not in TOP_KEYS or not place(shaped, path, cell(value, is_json=path in JSON_PLACES)):
            shaped[key] = value
    if targets:
        shaped["target"] = [targets[number] for number in sorted(targets)]
    return _with_identity(shaped, None)


def _with_identity(shaped: Record, delivered_at: object) -> Record:
    if not shaped.get("published") and isinstance(delivered_at, str):
        shaped["published"] = delivered_at
    return {"uuid": "", "published": "", "eventType": ""} | shaped


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
