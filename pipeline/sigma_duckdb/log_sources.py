"""Sigma's log sources in our terms: which sources of events each covers, and at which paths its fields stand.

`log_sources.yaml` holds what differs between them; this reads it and answers in paths. The SQL is made in `fields`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LOG_SOURCES_FILE = Path(__file__).parent / "log_sources.yaml"
KeyPath = tuple[str, ...]
WRAPPERS = ("properties", "Properties")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `events` that holds a field's text, and the raw paths it was made from."""

    name: str
    paths: tuple[str, ...]
    is_operation: bool = False
    is_upper: bool = False


@dataclass(frozen=True, slots=True)
class Implied:
    """A column that follows from a field's value: its text, or what `are` makes of it (None: the column is null). Without
    `has_text` only the values of `are` say something, and only where the column does."""

    column: str
    are: Mapping[str, str | None] = field(default_factory=dict)
    has_text: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A code in words, as a portal shows it: the text at the first of the paths that has one, translated or cut."""

    paths: tuple[KeyPath, ...]
    are: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field stands under other names: at the first path that holds a value or, with `takes_all`, at all of them."""

    paths: tuple[KeyPath, ...]
    takes_all: bool = False
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """The paths at which a field may start, best first, and the keys that are left to follow from there."""

    paths: tuple[KeyPath, ...]
    keys: KeyPath
    takes_all: bool = False
    words: Words | None = None


@dataclass(frozen=True, slots=True)
class LogSource:
    """A Sigma log source in our terms: the sources it covers and where its fields stand."""

    product: str = ""
    services: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    has_spellings: bool = False
    has_pairs: bool = False
    is_default: bool = False
    has_service_pipelines: bool = False
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)
    implied: Mapping[str, Implied] = field(default_factory=dict)

    @property
    def service(self) -> str:
        return self.services[0] if self.services else ""

    def column(self, field_name: str) -> Column | None:
        return self.columns.get(field_name)

    def root(self, field_name: str) -> Root:
        if column := self.columns.get(field_name):
            return Root(tuple(split_path(path) for path in column.paths), ())
        keys = split_path(field_name)
        for length in range(len(keys), 0, -1):
            if named := self.fields.get(".".join(keys[:length])):
                is_whole = length == len(keys)
                return Root(named.paths, keys[length:], named.takes_all, named.words if is_whole else None)
        is_wrapped = self.has_spellings and keys[0] in WRAPPERS and len(keys) > 1
        head, rest = (keys[1], keys[2:]) if is_wrapped else (keys[0], keys[1:])
        plain = tuple((spelling,) for spelling in self.spellings(head))
        if not self.has_spellings:
            return Root(plain, rest)
        wrapped = tuple(("properties", *path) for path in plain)
        return Root(wrapped + plain if is_wrapped else plain + wrapped, rest)

    def spellings(self, key: str) -> tuple[str, ...]:
        """The key as written and as other exports write it."""
        spelled = [key, *self.alike.get(key.lower(), ())]
        if self.has_spellings:
            spelled.append(key[:1].swapcase() + key[1:])
        return tuple(dict.fromkeys(spelled))

    def places(self, field_name: str) -> set[str]:
        """Every dotted path at which a record may hold the field, in lower case."""
        root = self.root(field_name)
        paths = [*root.paths, *(root.words.paths if root.words else ())]
        return {".".join([*path, *root.keys]).lower() for path in paths}


def split_path(path: str) -> KeyPath:
    """The keys of a dotted path. A claim is named by an address, whose dots part nothing."""
    before, mark, address = re.sub(r"(^|\.)(https?://)", r"\1\0\2", path).partition("\0")
    if not mark:
        return tuple(path.split("."))
    return (*before.removesuffix(".").split("."), address) if before else (address,)


@cache
def read_log_sources(path: Path = LOG_SOURCES_FILE) -> tuple[LogSource, ...]:
    entries: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_read_log_source(entry) for entry in entries)


def find_log_source(product: str | None, service: str | None) -> LogSource | None:
    """The log source a rule names, or None where we have no such logs. Some products have one that needs no service."""
    wanted = (product or "").lower(), (service or "").lower()
    for known in read_log_sources():
        if known.product == wanted[0] and (
            wanted[1] in known.services or (known.is_default and not wanted[1])
        ):
            return known
    return None


def _read_log_source(entry: dict[str, Any]) -> LogSource:
    service = entry["service"]
    return LogSource(
        product=entry["product"],
        services=tuple(service) if isinstance(service, list) else (service,),
        sources=tuple(entry["sources"]),
        has_spellings=entry.get("spellings") == "either",
        has_pairs=bool(entry.get("pairs")),
        is_default=bool(entry.get("default")),
        has_service_pipelines=entry.get("pipelines") == "each",
        alike={key.lower(): tuple(line) for line in entry.get("alike", ()) for key in line},
        columns={name: _read_column(column) for name, column in entry.get("columns", {}).items()},
        fields={name: _read_field(named) for name, named in entry.get("fields", {}).items()},
        implied={name: _read_implied(named) for name, named in entry.get("implied", {}).items()},
    )


def _read_column(column: dict[str, Any]) -> Column:
    normalised = column.get("normalised")
    return Column(column["column"], tuple(column["paths"]), normalised == "operation", normalised == "case")


def _read_implied(named: dict[str, Any]) -> Implied:
    are = {str(code).lower(): text for code, text in named.get("are", {}).items()}
    return Implied(named["column"], are, bool(named.get("text")))


def _read_field(named: list[Any] | dict[str, Any]) -> Field:
    if isinstance(named, list):
        return Field(tuple(_read_paths(named)))
    words = named.get("words")
    return Field(
        tuple(_read_paths(named["any"])),
        takes_all=True,
        words=None
        if words is None
        else Words(
            tuple(_read_paths(words["from"])),
            {str(code).lower(): text for code, text in words.get("are", {}).items()},
            words.get("otherwise"),
            words.get("before"),
        ),
    )


def _read_paths(paths: list[Any]) -> Iterator[KeyPath]:
    for path in paths:
        yield tuple(path) if isinstance(path, list) else split_path(path)
