"""Rows of Microsoft Sentinel's table `AWSCloudTrail` as the records they were made of.

Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/awscloudtrail. Objects are JSON text there. Columns
that repeat a part of the request (`CidrIp`, `SourcePort` …) and those of the workspace stay under their own names.
"""

from typing import Any

from pipeline.shapes.cloudtrail_fields import (
    OBJECTS,
    fields_at,
    not_said,
    plain,
    put,
    put_beside,
    spelled,
    unwritten,
    with_types,
)
from pipeline.shapes.placing import Path, Record

_SESSION = ("userIdentity", "sessionContext")
_ISSUER = (*_SESSION, "sessionIssuer")
SENTINEL: dict[str, Path] = {
    "TimeGenerated": ("eventTime",),
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
    "UserIdentityUserId": ("userIdentity", "onBehalfOf", "userId"),
    "UserIdentityStoreArn": ("userIdentity", "onBehalfOf", "identityStoreArn"),
    "SessionMfaAuthenticated": (*_SESSION, "attributes", "mfaAuthenticated"),
    "SessionCreationDate": (*_SESSION, "attributes", "creationDate"),
    "SessionIssuerType": (*_ISSUER, "type"),
    "SessionIssuerPrincipalId": (*_ISSUER, "principalId"),
    "SessionIssuerArn": (*_ISSUER, "arn"),
    "SessionIssuerAccountId": (*_ISSUER, "accountId"),
    "SessionIssuerUserName": (*_ISSUER, "userName"),
    "EC2RoleDelivery": (*_SESSION, "ec2RoleDelivery"),
    "TlsVersion": ("tlsDetails", "tlsVersion"),
    "CipherSuite": ("tlsDetails", "cipherSuite"),
    "ClientProvidedHostHeader": ("tlsDetails", "clientProvidedHostHeader"),
}
_PLACES = {plain(column): path for column, path in SENTINEL.items()}
# the portal's CSV says in which zone a time is; a local time says nothing, and has no place
_PLACES |= {plain(f"{column} [UTC]"): SENTINEL[column] for column in ("TimeGenerated", "SessionCreationDate")}
WHOLE_RECORD = ("RawEvent", "RawEventData")  # tables of one's own keep the record beside the columns


def is_sentinel_row(record: Record) -> bool:
    """Whether a record has columns that no other table has."""
    return "UserIdentityType" in record or (
        "EventSource" in record and "EventName" in record and "AwsEventId" in record
    )


def reshape_sentinel_row(row: Record) -> Record:
    """The record of a row, from the text of the record where the row holds it."""
    for column in WHOLE_RECORD:
        whole = unwritten(row.get(column))
        if isinstance(whole, dict) and whole.get("eventSource"):
            beside = {name: value for name, value in row.items() if name != column}
            return put_beside(dict(whole), not_said(whole, beside, _PLACES))
    shaped: Record = {}
    left: Record = {}
    for column, value in row.items():
        path = _PLACES.get(plain(column))
        if path is None or not put(shaped, path, _value(path, value)):
            left[column] = value
    return put_beside(with_types(shaped), left)


def _value(path: Path, value: Any) -> Any:
    return spelled(value, fields_at(path)) if path[0] in OBJECTS and len(path) == 1 else value
