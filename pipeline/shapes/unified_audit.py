"""Other shapes of the Microsoft 365 unified audit log, brought into its record: the object that the Management Activity
API serves and that an audit search calls AuditData.

A search row (portal, Search-UnifiedAuditLog, Graph) holds the record as text beside columns that repeat it, Filebeat holds
it under `o365audit`, Log Analytics renames its fields (`OfficeActivity`), and some pipelines write keys in small letters.
What an outer layer says is used only where the record is silent, and what it says otherwise is kept beside it.
"""

import json
import re
from datetime import datetime, timedelta
from typing import Any

Record = dict[str, Any]

AUDIT_DATA = ("AuditData", "auditData", "auditdata")
# columns of an audit search, in small letters, with the field of the record that says the same
SEARCH_COLUMNS = {
    "creationdate": "CreationTime",
    "creationtime": "CreationTime",
    "createddatetime": "CreationTime",
    "recordtype": "RecordType",
    "auditlogrecordtype": "RecordType",
    "operations": "Operation",
    "operation": "Operation",
    "userids": "UserId",
    "userid": "UserId",
    "userprincipalname": "UserId",
    "identity": "Id",
    "recordid": "Id",
    "id": "Id",
    "organizationid": "OrganizationId",
    "usertype": "UserType",
    "service": "Workload",
    "objectid": "ObjectId",
    "clientip": "ClientIP",
}
# what none but an audit search has beside AuditData
SEARCH_MARKS = (
    "CreationDate",
    "createdDateTime",
    "RecordType",
    "auditLogRecordType",
    "Operations",
    "UserIds",
)
# an outer value that disagrees with the record, under a name that the record does not use
OUTER = "AuditRow"

# https://learn.microsoft.com/azure/azure-monitor/reference/tables/officeactivity
OFFICE_MARKS = ("OfficeId", "OfficeWorkload", "OfficeObjectId")
OFFICE_COLUMNS = {
    "OfficeId": "Id",
    "TimeGenerated": "CreationTime",
    "OfficeWorkload": "Workload",
    "OfficeObjectId": "ObjectId",
    "Client_IPAddress": "ClientIPAddress",
    "Site_": "Site",
    "Site_Url": "SiteUrl",
    "Source_Name": "SourceName",
    "Logon_Type": "LogonType",
    "Event_Data": "EventData",
    "AADTarget": "Target",
    "AzureActiveDirectory_EventType": "AzureActiveDirectoryEventType",
    "Start_Time": "StartTime",
}
# columns that fill a field where the one above them is empty, and stay
OFFICE_SPARES = {"SourceRecordId": "Id", "OriginalObjectId": "ObjectId", "OfficeTenantId": "OrganizationId"}
# JSON that Log Analytics holds as text
NESTED = """Actor AffectedItems AppAccessContext ArtifactsShared Attendees DestFolder DeviceProperties ExtendedProperties
    ExtraProperties Folder Folders Item Members ModifiedProperties OperationProperties Parameters SRRuleMatchDetails Target"""
NESTED_COLUMNS = frozenset(NESTED.split())

# https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
NAMES = """Id RecordType CreationTime Operation OrganizationId UserType UserKey Workload ResultStatus ObjectId UserId ClientIP
    ClientIPAddress Scope AppAccessContext Version Actor ActorContextId ActorIpAddress AffectedItems AppId
    ApplicationDisplayName ApplicationId AssociatedAdminUnits AssociatedAdminUnitsNames AuthenticationType
    AzureActiveDirectoryEventType ChatThreadId ClientAppId ClientInfoString CorrelationId DeviceId DeviceProperties ErrorCode
    ErrorNumber EventData EventSource ExtendedProperties ExternalAccess ExtraProperties FileSizeBytes FileSyncBytesCommitted
    Folder Folders GeoLocation InternalLogonType InterSystemsId IntraSystemId IsManagedDevice IsSuccess Item ItemName ItemType
    ListId ListItemUniqueId LogonError LoginStatus LogonType LogonUserSid MachineDomainInfo MachineId MailboxGuid
    MailboxOwnerSid MailboxOwnerUPN Members ModifiedObjectResolvedName ModifiedProperties OperationCount OperationProperties
    OrganizationName OriginatingServer Parameters Platform ResourceTenantId SessionId Site SiteUrl SourceFileExtension
    SourceFileName SourceRelativeUrl SupportTicketId Target TargetContextId TargetUserOrGroupName TargetUserOrGroupType
    TeamGuid TeamName TokenObjectId TokenTenantId UserAgent UserSharedWith WebId"""
FIELDS = {name.lower(): name for name in NAMES.split()}

EPOCH = datetime(1970, 1, 1)


def reshape(record: Record) -> Record | None:
    """The record as the Management Activity API writes it, or None where it is nothing of this log.

    A search row without a readable AuditData gives `postreset_problem`, because its other columns do not say what happened.
    """
    if "Operation" in record and "RecordType" in record and ("CreationTime" in record or "Id" in record):
        return record
    for key in AUDIT_DATA:
        if key in record:
            return _search_row(record, key)
    audit = record.get("o365audit")
    if isinstance(audit, dict):
        return _beside(_spelled(audit), _without_copy(record, audit))
    if record.get("Type") == "OfficeActivity" or any(mark in record for mark in OFFICE_MARKS):
        return _office_row(record)
    if "operation" in record or "OPERATION" in record:
        keys = {key.lower() for key in record}
        if {"recordtype", "creationtime"} <= keys and not keys.isdisjoint(
            {"organizationid", "userkey", "workload"}
        ):
            return _spelled(record)
    return None


def _search_row(row: Record, key: str) -> Record | None:
    written = row[key]
    audit = _opened(_opened(written))  # some exports quote it twice
    is_search = any(mark in row for mark in SEARCH_MARKS)
    if isinstance(audit, dict) and (is_search or "Operation" in audit or "RecordType" in audit):
        return _beside(_spelled(audit), {column: value for column, value in row.items() if column != key})
    if not is_search:
        return None
    if _is_empty(written) or (isinstance(written, str) and not written.strip()):
        return _problem("AuditData is empty", row)
    return _problem("AuditData is no JSON object, or is cut off", row)


def _problem(reason: str, row: Record) -> Record:
    try:
        return {"postreset_problem": reason, "record": json.dumps(row, ensure_ascii=False)}
    except RecursionError:
        return {"postreset_problem": reason}


def _beside(audit: Record, outer: Record) -> Record:
    """The record with what the layer around it says more."""
    disagreeing = {}
    for column, value in outer.items():
        field = SEARCH_COLUMNS.get(column.lower(), column)
        if _is_empty(value) or _is_same(audit.get(field), value):
            continue
        if field != column and _is_empty(audit.get(field)):
            audit[field] = _time(value) if field == "CreationTime" else value
            if audit[field] is value:
                continue
        if _is_empty(audit.get(column)):
            audit[column] = value
        elif not _is_same(audit[column], value):
            disagreeing[column] = value
    if disagreeing:
        name = OUTER
        while name in audit:
            name += "_"
        audit[name] = disagreeing
    return audit


def _without_copy(document: Record, audit: Record) -> Record:
    """A Filebeat document without the record, and without the copy of it that it keeps in `event.original`."""
    rest = {key: value for key, value in document.items() if key != "o365audit"}
    event = rest.get("event")
    if isinstance(event, dict) and _is_copy(event.get("original"), audit):
        rest["event"] = {key: value for key, value in event.items() if key != "original"} or None
    return rest


def _office_row(row: Record) -> Record:
    shaped: Record = {}
    for column, value in row.items():
        bare = column.removesuffix(" [UTC]")
        # the portal splits a column of two types in two, of which one is empty
        if not _is_empty(value):
            bare = bare.removesuffix("_dynamic").removesuffix("_string")
        name = OFFICE_COLUMNS.get(bare, bare)
        if name != column and (name in row or name in shaped):
            name = column
        shaped[name] = _opened(value) if name in NESTED_COLUMNS else value
    twins = {name: name[:-1] for name in shaped if name.endswith("_") and len(name) > 1}
    for spare, name in {**OFFICE_SPARES, **twins}.items():
        if _is_empty(shaped.get(name)) and not _is_empty(shaped.get(spare)):
            shaped[name] = shaped[spare]
    return shaped


def _spelled(record: Record) -> Record:
    """A copy with the keys in the log's own case; a key that is there in both stays."""
    spelled: Record = {}
    for key, value in record.items():
        name = FIELDS.get(key.lower(), key)
        spelled[key if name in record or name in spelled else name] = value
    return spelled


def _opened(value: Any) -> Any:
    """JSON within a string, parsed; anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
        return value
    try:
        return json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return value


def _time(value: Any) -> Any:
    """PowerShell's `/Date(1709290000000)/`, bare or in an object, in ISO form; anything else as it is."""
    text = value.get("value") if isinstance(value, dict) else value
    match = re.fullmatch(r"/Date\((-?\d{1,16})(?:[+-]\d{4})?\)/", text) if isinstance(text, str) else None
    if not match:
        return value
    try:
        return f"{(EPOCH + timedelta(milliseconds=int(match[1]))).isoformat()}Z"
    except OverflowError:
        return value


def _is_copy(text: Any, record: Record) -> bool:
    try:
        return _opened(text) == record
    except RecursionError:
        return False


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _is_same(one: Any, other: Any) -> bool:
    """Equal, or equal as text: a CSV cell is text. Containers are compared by value only, for they may be deep."""
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return False
    return one == other or str(one) == str(other)
