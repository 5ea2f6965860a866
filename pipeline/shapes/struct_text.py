"""Objects as Athena prints them in its CSV and Java prints its maps: `{type=IAMUser, arn=…, sessioncontext={…}}`.

Nothing is quoted there, so a value may look like a name and a value. Where the text can be read in one way only, it is read;
anything else stays text.
"""

import json
import re
from typing import Any

MAX_CHARACTERS = 300_000
MAX_DEPTH = 16
NAME = re.compile(r"([\w.$:@/\[\]-]{1,200})=")
POLICY = re.compile(
    r"(?<!bucket)policy(document)?$", re.IGNORECASE
)  # AWS hands policies about as text, but that of a bucket
END_OF_VALUE = re.compile(r", [\w.$:@/\[\]-]{1,200}=|[{}]")
END_OF_ELEMENT = re.compile(r", |[\[\]{}]")


class _Unclear(ValueError):
    """The text has another reading, or none."""


def from_struct_text(text: str) -> dict[str, Any] | list[Any] | None:
    """The object or the list of objects that a text prints, or None where it prints none."""
    if len(text) > MAX_CHARACTERS or not re.match(r"\{\s*[\w.$:@/-]+=|\[\{\s*[\w.$:@/-]+=", text):
        return None
    try:
        value, end = _value(text, 0, 0, END_OF_ELEMENT)
    except _Unclear:
        return None
    return value if end == len(text) and isinstance(value, (dict, list)) else None


def _value(text: str, start: int, depth: int, end_of_scalar: re.Pattern[str]) -> tuple[Any, int]:
    if depth > MAX_DEPTH:
        raise _Unclear
    if text.startswith(('{"', "{}", '["', "[]", '[{"'), start):
        return _json(text, start)
    if text.startswith("{", start):
        return _struct(text, start, depth)
    if text.startswith("[", start):
        return _list(text, start, depth)
    end = end_of_scalar.search(text, start)
    if end is None or end[0] in "{[":
        raise _Unclear
    scalar = text[start : end.start()]
    return (None if scalar == "null" else scalar), end.start()


def _json(text: str, start: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise _Unclear from error


def _struct(text: str, start: int, depth: int) -> tuple[dict[str, Any], int]:
    struct: dict[str, Any] = {}
    at = start + 1
    while True:
        name = NAME.match(text, at)
        if name is None or name[1] in struct:
            raise _Unclear
        value, end = _value(text, name.end(), depth + 1, END_OF_VALUE)
        is_text = text.startswith('{"', name.end()) and POLICY.search(name[1])
        struct[name[1]], at = (text[name.end() : end] if is_text else value), end
        if text.startswith("}", at):
            return struct, at + 1
        if not text.startswith(", ", at):
            raise _Unclear
        at += 2


def _list(text: str, start: int, depth: int) -> tuple[list[Any], int]:
    elements: list[Any] = []
    at = start + 1
    while True:
        element, at = _value(text, at, depth + 1, END_OF_ELEMENT)
        elements.append(element)
        if text.startswith("]", at):
            return elements, at + 1
        if not text.startswith(", ", at):
            raise _Unclear
        at += 2
