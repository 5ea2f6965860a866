"""Names as the SDKs of other languages write them, as the REST APIs write them: `created_date_time` and `CreatedDateTime` are
`createdDateTime`."""

import re
from typing import Any

Record = dict[str, Any]

LEADING_CAPITALS = re.compile(r"[A-Z]+(?=[A-Z][a-z]|[^A-Za-z]|$)|[A-Z]")
AFTER_UNDERSCORE = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")
MAX_DEPTH = 8


def camel(name: str) -> str:
    """`user_principal_name`, `UserPrincipalName` → `userPrincipalName`; `IPAddress` → `ipAddress`."""
    if name[:1].isupper():
        return LEADING_CAPITALS.sub(lambda match: match[0].lower(), name, count=1)
    if "_" in name and name.islower():
        return AFTER_UNDERSCORE.sub(lambda match: match[1].upper(), name)
    return name


def in_camel_case(record: Record, depth: int = 0) -> Record:
    """The record with its names, and those of the objects in it, in camel case. A name that is taken stays as it is."""
    renamed: Record = {}
    for key, value in record.items():
        name = camel(key)
        if name != key and (name in record or name in renamed):
            name = key
        renamed[name] = _inner(value, depth + 1)
    return renamed


def _inner(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, dict):
        return in_camel_case(value, depth)
    if isinstance(value, list):
        return [_inner(element, depth + 1) for element in value]
    return value


def is_told(value: object) -> bool:
    """Whether a field says anything: exports write null and empty text for nothing."""
    return value is not None and value != ""


def put(record: Record, name: str, other_name: str, value: object) -> None:
    """Sets a name that is free or empty, else the other name, so that no value hides another."""
    name = other_name if is_told(record.get(name)) else name
    while is_told(record.get(name)):
        name += "_"
    record[name] = value
