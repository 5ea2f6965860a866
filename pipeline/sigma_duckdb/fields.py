"""Where the fields of a Sigma rule stand in `events`: a column, or a path into the vendor's record in `raw`.

`log_sources.yaml` holds what differs between log sources. Exports of one log differ in the case of the first letter
of a key, in a wrapping `properties` object and in objects that arrive as JSON text, so a field means a list of found
values: an array on the path stands for its elements, and JSON text on the path is entered.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LOG_SOURCES_FILE = Path(__file__).parent / "log_sources.yaml"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `events` that holds a field's text, and the raw paths it was made from."""

    name: str
    paths: tuple[str, ...]
    is_operation: bool = False


@dataclass(frozen=True, slots=True)
class LogSource:
    """A Sigma log source in our terms: the sources it covers and where its fields stand."""

    product: str = ""
    service: str = ""
    sources: tuple[str, ...] = ()
    has_spellings: bool = False
    columns: Mapping[str, Column] = field(default_factory=dict)
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def column(self, field_name: str) -> Column | None:
        return self.columns.get(field_name)

    def roots(self, field_name: str) -> tuple[list[list[str]], list[str]]:
        """The paths at which the field may start, best first, and the keys that are left to follow from there."""
        if column := self.columns.get(field_name):
            return [split_path(path) for path in column.paths], []
        keys = split_path(field_name)
        for length in range(len(keys), 0, -1):
            named = self.fields.get(".".join(keys[:length]))
            if named:
                return [split_path(path) for path in named], keys[length:]
        if not self.has_spellings:
            return [keys[:1]], keys[1:]
        is_wrapped = keys[0] in ("properties", "Properties") and len(keys) > 1
        head, rest = (keys[1], keys[2:]) if is_wrapped else (keys[0], keys[1:])
        plain = [[spelling] for spelling in self.spellings(head)]
        wrapped = [["properties", *path] for path in plain]
        return (wrapped + plain if is_wrapped else plain + wrapped), rest

    def spellings(self, key: str) -> list[str]:
        """The key as written and, where exports differ, with the first letter of the other case."""
        if not self.has_spellings:
            return [key]
        return list(dict.fromkeys([key, key[:1].swapcase() + key[1:]]))

    def places(self, field_name: str) -> set[str]:
        """Every dotted path at which a record may hold the field, in lower case."""
        roots, keys = self.roots(field_name)
        return {".".join([*root, *keys]).lower() for root in roots}

    def found_values(self, field_name: str) -> str:
        """SQL: the JSON values of the field in `raw`, missing ones as SQL NULL, arrays not yet opened."""
        roots, keys = self.roots(field_name)
        found = f"json_extract(raw, {_paths(roots)})"
        if len(roots) > 1:
            found = f"list_filter({found}, lambda v: json_type(v) <> 'NULL')[1:1]"
        for key in keys:
            found = flat_map(
                opened(found), f"json_extract(v, {_paths([[key] for key in self.spellings(key)])})"
            )
        return found

    def texts(self, field_name: str) -> str:
        """SQL: the field's values as a list of text; an object is its compact JSON."""
        taken = "case json_type(v) when 'ARRAY' then json_extract_string(v, '$[*]') else [v ->> '$'] end"
        return flat_map(self.found_values(field_name), taken)


def leaf_texts() -> str:
    """SQL: every value of the record that is not an object or array, as text."""
    leaves = (
        "list_filter(json_extract(raw, '$..*'), lambda v: json_type(v) not in ('OBJECT', 'ARRAY', 'NULL'))"
    )
    return f"list_transform({leaves}, lambda v: v ->> '$')"


def opened(found: str) -> str:
    """SQL: the list with arrays replaced by their elements and JSON text by what it holds (Log Analytics, AWS policies)."""
    inner = "try_cast(v ->> '$' as json)"
    from_text = f"case json_type({inner}) when 'ARRAY' then json_extract({inner}, '$[*]') else [{inner}] end"
    return flat_map(
        found,
        f"case json_type(v) when 'ARRAY' then json_extract(v, '$[*]') when 'VARCHAR' then {from_text} else [v] end",
    )


def flat_map(values: str, expression: str) -> str:
    return f"flatten(list_transform({values}, lambda v: {expression}))"


def split_path(path: str) -> list[str]:
    return path.split(".")


def normalised_operation(text: str) -> str:
    """An operation name as staging writes it to `action`: dashes with blanks around them, trimmed, no trailing dot."""
    return with_plain_dashes(text).strip().rstrip(".")


def with_plain_dashes(text: str) -> str:
    return re.sub(r"\s*[–—]\s*", " - ", text)


def literal(text: str) -> str:
    """A text as SQL. Only literals of rules come here, never a value from a log."""
    if "\0" in text:
        raise ValueError("a NUL character cannot be compared")
    return "'" + text.replace("'", "''") + "'"


def _paths(paths: Sequence[Sequence[str]]) -> str:
    return (
        "["
        + ", ".join(literal("$" + "".join(f'."{_plain_key(key)}"' for key in path)) for path in paths)
        + "]"
    )


def _plain_key(key: str) -> str:
    # Inside a quoted key DuckDB still reads * as a wildcard, and has no escape for the quote.
    if not key or any(letter in key for letter in '"*\\') or not key.isprintable():
        raise ValueError(f"the field name part {key!r} cannot be a JSON key in a path")
    return key


@cache
def read_log_sources(path: Path = LOG_SOURCES_FILE) -> tuple[LogSource, ...]:
    entries: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(
        LogSource(
            product=entry["product"],
            service=entry["service"],
            sources=tuple(entry["sources"]),
            has_spellings=entry.get("spellings") == "either",
            columns={
                name: Column(
                    column["column"], tuple(column["paths"]), column.get("normalised") == "operation"
                )
                for name, column in entry.get("columns", {}).items()
            },
            fields={name: tuple(paths) for name, paths in entry.get("fields", {}).items()},
        )
        for entry in entries
    )


def find_log_source(product: str | None, service: str | None) -> LogSource | None:
    """The log source a rule names, or None where we have no such logs."""
    return next(
        (known for known in read_log_sources() if (known.product, known.service) == (product, service)), None
    )


def column_text(column: Column, record: Mapping[str, Any]) -> str | None:
    """What staging writes to the column for this record: the text at the first of its paths that holds one."""
    for path in column.paths:
        value: Any = record
        for key in split_path(path):
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            return normalised_operation(value) if column.is_operation else value
    return None
