"""Values of a flat row put where the vendor's own record has them, so that none is lost or hides another."""

import json
from collections.abc import Mapping
from typing import Any

Record = dict[str, Any]
Path = tuple[str, ...]


def place(shaped: Record, path: Path, value: object) -> bool:
    """Puts a value at a path; False where something else stands there or on the way. Null takes no place."""
    if value is None:
        return True
    here = shaped
    for key in path[:-1]:
        here = here.setdefault(key, {})
        if not isinstance(here, dict):
            return False
    if path[-1] in here:
        return bool(here[path[-1]] == value)
    here[path[-1]] = value
    return True


def placed(record: Mapping[str, Any], places: Mapping[str, Path], json_places: frozenset[Path]) -> Record:
    """A row whose known columns stand at their places; the others stay at the top. "" is null, JSON text is opened where
    the place holds an object."""
    shaped: Record = {}
    left: Record = {}
    for key, value in record.items():
        path = places.get(key)
        if path is None or not place(shaped, path, cell(value, is_json=path in json_places)):
            left[key] = value
    return left | shaped


def cell(value: object, *, is_json: bool) -> object:
    """A cell as the vendor's record has it: "" is null, and JSON text is opened."""
    if value == "":
        return None
    return opened(value) if is_json else value


def opened(value: object) -> object:
    """The value that JSON text holds, or the text where it holds no object or list."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return value
    return value
