"""Events of the Azure activity log as the REST API, the SDKs and the portal write them, as records of diagnostic settings.

These have `{"value", "localizedValue"}` where an export has text, the caller's claims at the top, and the time as
`eventTimestamp`; where that was left out, the event's own id still ends with its time in ticks.
"""

import re
from typing import Any

from pipeline.shapes.microsoft.spelling import camel, is_told, put

Record = dict[str, Any]

EVENT_NAMES = frozenset(
    ("operationName", "operation_name", "OperationName", "eventDataId", "event_data_id", "EventDataId")
)
OTHER_NAMES = frozenset(
    (
        "eventTimestamp", "event_timestamp", "EventTimestamp", "submissionTimestamp", "submission_timestamp",
        "SubmissionTimestamp", "eventDataId", "event_data_id", "EventDataId",
    )
)  # fmt: skip
TICKS = re.compile(r"/ticks/(\d{15,20})$")
CATEGORY_OF_VERB = {"write": "Write", "delete": "Delete", "action": "Action"}
# what an export calls them
PLAIN = {
    "operationName": "operationName",
    "category": "category",
    "status": "resultType",
    "subStatus": "resultSignature",
}


def reshape_activity_event(record: Record) -> Record | None:
    """The event as an export has it, or None where the record is none."""
    if record.keys().isdisjoint(EVENT_NAMES) or not _is_event(record):
        return None
    event = _by_rest_names(record)
    shaped: Record = {}
    localized: Record = {}
    for name, exported_name in PLAIN.items():
        if name in event and (name == exported_name or exported_name not in event):
            shaped[exported_name], words = _plain(event.pop(name))
            if words is not None:
                localized[exported_name] = words
    _place_time(event)
    _place_caller(event)
    _name_operation(event, shaped, localized)
    if not is_told(event.get("resourceId")) and (
        scope := _authorization(event).get("scope") or _subscription(event)
    ):
        event["resourceId"] = scope
    if not is_told(shaped.get("category")):
        shaped["category"] = _category(shaped.get("operationName"))
    if localized:
        put(event, "localized", "localizedValues", localized)
    return shaped | event


def _is_event(record: Record) -> bool:
    if any(name[:13].lower() == "timegenerated" for name in record):
        return False  # a row of Log Analytics
    operation = record.get("operationName", record.get("operation_name", record.get("OperationName")))
    if isinstance(operation, dict):
        return not {"value", "Value"}.isdisjoint(operation)
    return operation is not None and not record.keys().isdisjoint(OTHER_NAMES)


def _by_rest_names(record: Record) -> Record:
    """Names in camel case, but not within `claims` and `properties`, whose names are the caller's and the service's."""
    event: Record = {}
    is_spelled_so = "operationName" in record or "eventDataId" in record
    for key, value in record.items():
        name = key if is_spelled_so else camel(key)
        if name != key and (name in record or name in event):
            name = key
        if name in ("claims", "properties") and isinstance(value, dict) and set(value) == {"Content"}:
            value = value["Content"]  # PowerShell's wrapper of a dictionary
        elif name in ("httpRequest", "authorization") and isinstance(value, dict) and _is_injective(value):
            value = {camel(inner): inner_value for inner, inner_value in value.items()}
        event[name] = value
    return event


def _is_injective(value: Record) -> bool:
    return len({camel(key) for key in value}) == len(value)


def _plain(value: object) -> tuple[object, object]:
    """The value, and its words in the reader's language where they say something else."""
    if not isinstance(value, dict):
        return value, None
    names = {camel(key): key for key in value}
    if "value" not in names or not set(names) <= {"value", "localizedValue"}:
        return value, None
    plain = value[names["value"]]
    words = value[names["localizedValue"]] if "localizedValue" in names else None
    says_more = is_told(words) and not (isinstance(words, type(plain)) and words == plain)
    return plain, words if says_more else None


def _place_time(event: Record) -> None:
    if is_told(event.get("time")):
        return
    event_id = event.get("id")
    if is_told(event.get("eventTimestamp")):
        event["time"] = event.pop("eventTimestamp")
    elif isinstance(event_id, str) and (ticks := TICKS.search(event_id)):
        event["time"] = ticks[1]


def _place_caller(event: Record) -> None:
    """Claims and authorization go into `identity`, the address to the top."""
    identity = event.get("identity")
    inner = identity if isinstance(identity, dict) else {}
    moved = {
        name: event.pop(name) for name in ("authorization", "claims") if name in event and name not in inner
    }
    if moved:
        event["identity"] = inner | moved if isinstance(identity, dict | None) else moved | {"name": identity}
    request = event.get("httpRequest")
    address = request.get("clientIpAddress") if isinstance(request, dict) else None
    if address and not is_told(event.get("callerIpAddress")):
        event["callerIpAddress"] = address


def _authorization(event: Record) -> Record:
    identity = event.get("identity")
    authorization = identity.get("authorization") if isinstance(identity, dict) else None
    return authorization if isinstance(authorization, dict) else {}


def _subscription(event: Record) -> str | None:
    subscription_id = event.get("subscriptionId")
    return (
        f"/subscriptions/{subscription_id}" if isinstance(subscription_id, str) and subscription_id else None
    )


def _name_operation(event: Record, shaped: Record, localized: Record) -> None:
    """PowerShell has the operation in words; what was authorized is its identifier."""
    operation, action = shaped.get("operationName"), _authorization(event).get("action")
    if isinstance(action, str) and "/" in action and not (isinstance(operation, str) and "/" in operation):
        shaped["operationName"] = action
        if is_told(operation):
            put(localized, "operationName", "operation", operation)


def _category(operation_name: object) -> str:
    """Exports had the last word of the operation as their category before they had categories."""
    verb = operation_name.rpartition("/")[2].lower() if isinstance(operation_name, str) else ""
    return CATEGORY_OF_VERB.get(verb, "Administrative")
