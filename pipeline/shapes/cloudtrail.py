"""Other shapes of CloudTrail: LookupEvents, Sentinel's table, Security Lake, Athena and Elastic, the console's CSV.

Canonical is the record of a trail. Source of its fields:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.shapes import security_lake
from pipeline.shapes.placing import Record, opened, place, placed

OBJECTS = frozenset(
    {
        ("userIdentity",),
        ("requestParameters",),
        ("responseElements",),
        ("additionalEventData",),
        ("serviceEventDetails",),
        ("tlsDetails",),
        ("resources",),
        ("addendum",),
        ("insightDetails",),
    }
)
# columns of Sentinel's AWSCloudTrail → where the record has them
SENTINEL = {
    "AwsEventId": ("eventID",),
    "EventVersion": ("eventVersion",),
    "EventTypeName": ("eventType",),
    "EventSource": ("eventSource",),
    "EventName": ("eventName",),
    "AWSRegion": ("awsRegion",),
    "SourceIpAddress": ("sourceIPAddress",),
    "UserAgent": ("userAgent",),
    "ErrorCode": ("errorCode",),
    "ErrorMessage": ("errorMessage",),
    "RequestParameters": ("requestParameters",),
    "ResponseElements": ("responseElements",),
    "AdditionalEventData": ("additionalEventData",),
    "ServiceEventDetails": ("serviceEventDetails",),
    "Resources": ("resources",),
    "ReadOnly": ("readOnly",),
    "ManagementEvent": ("managementEvent",),
    "Category": ("eventCategory",),
    "APIVersion": ("apiVersion",),
    "RecipientAccountId": ("recipientAccountId",),
    "SharedEventId": ("sharedEventID",),
    "VpcEndpointId": ("vpcEndpointId",),
    "AwsRequestId_": ("requestID",),
    "AwsRequestId": ("requestID",),
    "UserIdentityType": ("userIdentity", "type"),
    "UserIdentityPrincipalid": ("userIdentity", "principalId"),
    "UserIdentityArn": ("userIdentity", "arn"),
    "UserIdentityAccountId": ("userIdentity", "accountId"),
    "UserIdentityAccessKeyId": ("userIdentity", "accessKeyId"),
    "UserIdentityUserName": ("userIdentity", "userName"),
    "UserIdentityInvokedBy": ("userIdentity", "invokedBy"),
    "SessionMfaAuthenticated": ("userIdentity", "sessionContext", "attributes", "mfaAuthenticated"),
    "SessionCreationDate": ("userIdentity", "sessionContext", "attributes", "creationDate"),
    "SessionIssuerType": ("userIdentity", "sessionContext", "sessionIssuer", "type"),
    "SessionIssuerPrincipalId": ("userIdentity", "sessionContext", "sessionIssuer", "principalId"),
    "SessionIssuerArn": ("userIdentity", "sessionContext", "sessionIssuer", "arn"),
    "SessionIssuerAccountId": ("userIdentity", "sessionContext", "sessionIssuer", "accountId"),
    "SessionIssuerUserName": ("userIdentity", "sessionContext", "sessionIssuer", "userName"),
    "EC2RoleDelivery": ("userIdentity", "sessionContext", "ec2RoleDelivery"),
    "TlsVersion": ("tlsDetails", "tlsVersion"),
    "CipherSuite": ("tlsDetails", "cipherSuite"),
    "ClientProvidedHostHeader": ("tlsDetails", "clientProvidedHostHeader"),
    "TimeGenerated": ("eventTime",),
}
# the console's "Download CSV" of the event history
CONSOLE = {
    "Event ID": ("eventID",),
    "Event time": ("eventTime",),
    "Event source": ("eventSource",),
    "Event name": ("eventName",),
    "AWS region": ("awsRegion",),
    "Source IP address": ("sourceIPAddress",),
    "User name": ("userIdentity", "userName"),
    "AWS access key": ("userIdentity", "accessKeyId"),
    "Error code": ("errorCode",),
    "Read-only": ("readOnly",),
    "Request ID": ("requestID",),
    "User agent": ("userAgent",),
}
LOOKUP = {
    "EventId": ("eventID",),
    "EventTime": ("eventTime",),
    "EventSource": ("eventSource",),
    "EventName": ("eventName",),
    "ReadOnly": ("readOnly",),
    "AccessKeyId": ("userIdentity", "accessKeyId"),
    "Username": ("userIdentity", "userName"),
}
# keys of the record and of userIdentity, found again whatever their case and dashes
RECORD_KEYS = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "apiVersion",
    "managementEvent",
    "recipientAccountId",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "edgeDeviceDetails",
    "tlsDetails",
    "serviceEventDetails",
    "insightDetails",
    "eventContext",
]
IDENTITY_KEYS = [
    "type",
    "principalId",
    "arn",
    "accountId",
    "accessKeyId",
    "userName",
    "invokedBy",
    "sessionContext",
    "attributes",
    "mfaAuthenticated",
    "creationDate",
    "sessionIssuer",
    "webIdFederationData",
    "federatedProvider",
    "sourceIdentity",
    "identityProvider",
    "credentialId",
    "onBehalfOf",
    "userId",
    "identityStoreArn",
    "ec2RoleDelivery",
    "inScopeOf",
    "assumedRoot",
]


def reshape(record: Record) -> Record | None:
    """The record as a trail writes it, or None where it is no other shape of CloudTrail."""
    if "CloudTrailEvent" in record:
        return _from_lookup(record)
    if "UserIdentityType" in record or ("EventSource" in record and "AwsEventId" in record):
        return _with_flags(placed(record, SENTINEL, OBJECTS))
    if "Event name" in record and "Event source" in record:
        return _with_flags(placed(record, CONSOLE, OBJECTS))
    if isinstance(record.get("aws"), dict) or "aws.cloudtrail.event_type" in record:
        return _from_elastic(record)
    if "class_uid" in record and "metadata" in record:
        return security_lake.reshape(record)
    return _with_true_case(record)


def _from_lookup(record: Record) -> Record:
    inner = opened(record["CloudTrailEvent"])
    if not isinstance(inner, dict):
        if not isinstance(record.get("EventName"), str):
            return {
                "postreset_problem": "CloudTrailEvent holds no event",
                "record": json.dumps(record, default=str),
            }
        return _with_flags(placed(record, LOOKUP, OBJECTS))
    outer = placed({key: value for key, value in record.items() if key in LOOKUP}, LOOKUP, OBJECTS)
    for key in ("eventID", "eventTime", "eventSource", "eventName"):
        if not inner.get(key) and outer.get(key) is not None:
            inner[key] = outer[key]
    return inner


def _with_flags(shaped: Record) -> Record:
    """Text that the record has as a flag, and the text of a flag that the record has as text."""
    for key in ("readOnly", "managementEvent"):
        if isinstance(shaped.get(key), str):
            shaped[key] = {"true": True, "false": False}.get(shaped[key].lower(), shaped[key])
    session = shaped.get("userIdentity", {})
    session = session.get("sessionContext", {}) if isinstance(session, dict) else {}
    attributes = session.get("attributes", {}) if isinstance(session, dict) else {}
    if isinstance(attributes, dict) and isinstance(attributes.get("mfaAuthenticated"), bool):
        attributes["mfaAuthenticated"] = str(attributes["mfaAuthenticated"]).lower()
    return shaped


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


BY_PLAIN_NAME = {_plain(key): key for key in RECORD_KEYS}
IDENTITY_BY_PLAIN_NAME = {_plain(key): key for key in IDENTITY_KEYS}


def _with_true_case(record: Record) -> Record | None:
    """Keys in lower case or with underlines, as Athena, CloudTrail Lake and warehouses write them; no `eventTime`, but
    `@timestamp`, as logstash does."""
    names = {key: BY_PLAIN_NAME.get(_plain(key), key) for key in record if len(key) < 40}
    if not {"eventSource", "eventName"} <= set(names.values()):
        return None
    shaped: Record = {}
    for key, value in record.items():
        name = names.get(key, key)
        shaped[name if name not in shaped else key] = opened(value) if (name,) in OBJECTS else value
    if not shaped.get("eventTime") and isinstance(record.get("@timestamp"), str):
        shaped["eventTime"] = record["@timestamp"]
    if isinstance(shaped.get("userIdentity"), dict):
        shaped["userIdentity"] = _renamed(shaped["userIdentity"], IDENTITY_BY_PLAIN_NAME, 4)
    return _with_flags(shaped)


def _renamed(value: Any, names: Mapping[str, str], depth: int) -> Any:
    if not isinstance(value, dict) or depth == 0:
        return value
    renamed: Record = {}
    for key, inner in value.items():
        name = names.get(_plain(key), key) if len(key) < 40 else key
        renamed[name if name not in renamed else key] = _renamed(opened(inner), names, depth - 1)
    return renamed


def _from_elastic(record: Record) -> Record | None:
    """A document of Elastic's integration whose original was not kept: the ECS fields and `aws.cloudtrail.*`, as far as they
    go. Names with dots and nested ones are the same there."""
    flat = dict(_leaves(record, ()))
    if not any(path[:2] == ("aws", "cloudtrail") for path in flat):
        return None
    shaped: Record = {}
    for path, value in flat.items():
        if not place(shaped, _elastic_place(path), value):
            place(shaped, ("ecs", *path), value)
    for key in ("requestParameters", "responseElements", "additionalEventData"):
        shaped[key] = opened(shaped.get(key))
    return _with_flags({"eventSource": "", "eventName": ""} | shaped)


ECS = {
    ("@timestamp",): ("eventTime",),
    ("event", "id"): ("eventID",),
    ("event", "provider"): ("eventSource",),
    ("event", "action"): ("eventName",),
    ("cloud", "region"): ("awsRegion",),
    ("source", "address"): ("sourceIPAddress",),
    ("source", "ip"): ("sourceIPAddress",),
    ("user_agent", "original"): ("userAgent",),
    ("user", "name"): ("userIdentity", "userName"),
}


def _elastic_place(path: tuple[str, ...]) -> tuple[str, ...]:
    if path in ECS:
        return ECS[path]
    if path[:2] != ("aws", "cloudtrail") or len(path) < 3:
        return ("ecs", *path)
    head, *rest = path[2:]
    if head == "user_identity":
        session = (
            ("sessionContext", "attributes")
            if rest[-1:] in (["creation_date"], ["mfa_authenticated"])
            else ()
        )
        inner = [IDENTITY_BY_PLAIN_NAME.get(_plain(key), key) for key in rest if key != "session_context"]
        if "session_context" in rest and not session:
            session = ("sessionContext",)
        return ("userIdentity", *session, *inner)
    return (BY_PLAIN_NAME.get(_plain(head), head), *rest)


def _leaves(
    value: Mapping[str, Any], path: tuple[str, ...], depth: int = 0
) -> Iterable[tuple[tuple[str, ...], Any]]:
    for key, inner in value.items():
        here = (*path, *(key.split(".") if depth < 8 else [key]))
        if isinstance(inner, dict) and inner and depth < 8:
            yield from _leaves(inner, here, depth + 1)
        else:
            yield here, inner
