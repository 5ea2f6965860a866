"""A table `[sources.NAME]` of the settings as a loader's frozen dataclass of options."""

import types
from dataclasses import MISSING, fields
from datetime import timedelta
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pipeline.errors import SettingsError

Options = TypeVar("Options")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_options(options: type[Options], table: dict[str, Any], where: str) -> Options:
    """The table's values, each of the type that the dataclass names: str, int, bool, tuple[str, ...], timedelta (`48h`), or
    None. Raises SettingsError for what is missing, unknown or of another type; `kind` is passed over."""
    hints = get_type_hints(options)
    declared: Any = options
    given = {name: value for name, value in table.items() if name != "kind"}
    known = [field.name for field in fields(declared)]
    if unknown := sorted(given.keys() - set(known)):
        raise SettingsError(f"unknown: {', '.join(unknown)}", where, f"known are {', '.join(known)}")
    needed = [
        field.name
        for field in fields(declared)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    if missing := [name for name in needed if name not in given]:
        raise SettingsError(f"not set: {', '.join(missing)}", where)
    return options(**{name: _value(hints[name], value, f"{where} {name}") for name, value in given.items()})


def _value(wanted: Any, value: Any, where: str) -> Any:
    if get_origin(wanted) is types.UnionType:
        wanted = next(part for part in get_args(wanted) if part is not type(None))
    if wanted is timedelta and isinstance(value, str) and value[:-1].isdecimal() and value[-1] in UNITS:
        return timedelta(**{UNITS[value[-1]]: int(value[:-1])})
    if get_origin(wanted) is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if wanted in (str, int, bool) and type(value) is wanted:
        return value
    names = {str: "a text", int: "a whole number", bool: "true or false", timedelta: "a time such as 48h"}
    raise SettingsError(f"{value!r} cannot be set", where, f"it is {names.get(wanted, 'a list of texts')}")
