"""CloudTrail records whose names are spelled or joined anew: Athena's and CloudTrail Lake's small letters, warehouses'
underlines, flattened names (`userIdentity.type`, `userIdentitytype`), the CSV of the console's event history, logstash.
"""

import re
from datetime import datetime
from typing import Any

from pipeline.shapes.cloudtrail_fields import (
    FREE,
    MISSPELT,
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

# names of the console's "Download CSV" that are not those of the record, and of tables that drop `userIdentity`
OTHER_NAMES: dict[str, Path] = {
    "username": ("userIdentity", "userName"),
    "awsaccesskey": ("userIdentity", "accessKeyId"),
    "accesskeyid": ("userIdentity", "accessKeyId"),
    "awsrequestid": ("requestID",),
    "resourcetype": ("resources", "0", "type"),
    "resourcename": ("resources", "0", "resourceName"),
}
NO_ERROR = "NoError"  # what a well-known CSV of CloudTrail writes where there is none
LONGEST_NAME = 300
CONSOLE_TIME = re.compile(
    r"([A-Z][a-z]+ \d{1,2}, \d{4}),? (\d{1,2}:\d{2}:\d{2})(?: ([AP]M))? \(UTC([+-]\d{2}:\d{2})\)"
)


def reshape_flat(record: Record) -> Record | None:
    """The record as a trail writes it, or None where it names neither a service and a call nor an insight."""
    marks = {mark for key in record if (mark := plain(key)) in ("eventsource", "eventname", "insightdetails")}
    if not marks >= {"eventsource", "eventname"} and "insightdetails" not in marks:
        return None
    shaped: Record = {}
    left: Record = {}
    paths = {key: _path_of(key) for key in record}
    # whole objects first: the names joined to theirs are put into them
    for key in sorted(record, key=lambda key: len(paths[key] or ())):
        path = paths[key]
        if path is None or not put(shaped, path, _value(path, record[key])):
            left[key] = record[key]
    if not shaped.get("eventTime") and isinstance(left.get("@timestamp"), str | int | float):
        shaped["eventTime"] = left.pop("@timestamp")
    if any(part.isdigit() for path in paths.values() for part in path or ()):
        shaped = with_lists(shaped)
    return put_beside(with_types(shaped), left)


def _path_of(key: str) -> Path | None:
    if len(key) > LONGEST_NAME:
        return None
    name = plain(MISSPELT.get(plain(key), key))
    if name in PATHS:
        return PATHS[name]
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    parts = tuple(part for part in re.split(r"[.\[\]]+", key) if part)
    head = PATHS.get(plain(parts[0])) if len(parts) > 1 else None
    if head is not None and len(parts) < 20:
        return head + parts[1:]
    return next(((field, key[len(field) :]) for field in FREE if key.startswith(field)), None)


def _value(path: Path, value: Any) -> Any:
    if path in (("errorCode",), ("errorMessage",)) and value == NO_ERROR:
        return None
    if path == ("eventTime",) and isinstance(value, str):
        return _console_time(value)
    fields = fields_at(path)
    if fields:
        return spelled(value, fields)
    if len(path) == 1 and path[0] in FREE:
        value = unwritten(value)
        return dict(value) if isinstance(value, dict) else value
    return value


def _console_time(text: str) -> str:
    """`March 02, 2026, 09:14:00 (UTC+01:00)`, as the console shows a time, in ISO 8601; any other text as it is."""
    match = CONSOLE_TIME.fullmatch(text.strip())
    if not match:
        return text
    day, clock, half, offset = match.groups()
    try:
        form = "%B %d, %Y %I:%M:%S %p" if half else "%B %d, %Y %H:%M:%S"
        return datetime.strptime(f"{day} {clock} {half or ''}".strip(), form).isoformat() + offset
    except ValueError:
        return text
