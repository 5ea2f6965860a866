"""Case files of detections: one base, and cases that each change it in one place. They are data.

A rule's base is one record as its vendor writes it; that of a correlation in SQL is rows of the models it reads; that of a
Sigma correlation is events, each a named record at a time. A change names a place by a dotted path, list positions included
(`properties.targetResources.0.id`); a change to null takes it away.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline.detections import Detection
from pipeline.errors import DetectionError

WHAT_TO_WRITE = "write base: or given:, and cases: with case and expect"


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `expect` is match or miss, or how many signals, or the signals themselves by any of their columns."""

    name: str
    expect: str | int | list[dict[str, Any]]
    change: Mapping[str, Any] = field(default_factory=dict)
    add: Any = ()
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expects_signal(self) -> bool:
        return self.expect == "match" if isinstance(self.expect, str) else bool(self.expect)

    @property
    def change_count(self) -> int:
        """In how many things it differs from the base."""
        return len(self.change) + len(self.add)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """`base` is a record, or rows by table, or a list of events; `records` are what those events are made of, by name."""

    path: Path
    base: Any
    cases: tuple[Case, ...]
    records: Mapping[str, Any] = field(default_factory=dict)


def case_path(cases_root: Path, detection: Detection) -> Path:
    """Cases mirror the tree of the detections: `<folder>/<name>.yml`."""
    return cases_root / detection.path.parent.name / f"{detection.name}.yml"


def read_cases(path: Path) -> CaseFile:
    """Raises DetectionError for a file that is no case file."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        base = content["base"] if "base" in content else content["given"]
        cases = tuple(
            Case(
                str(case["case"]),
                case["expect"],
                case.get("change") or {},
                case.get("add") or (),
                case.get("params") or {},
            )
            for case in content["cases"]
        )
        records = content.get("records") or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise DetectionError(f"no case file ({error!r})", str(path), WHAT_TO_WRITE) from error
    return CaseFile(path, base, cases, records)


def changed(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the base with each dotted path set, or taken away where the new value is None."""
    result = copy.deepcopy(dict(base))
    for path, value in change.items():
        *way, last = path_keys(result, path)
        holder: Any = result
        for key in way:
            if isinstance(holder, dict) and key not in holder:
                holder[key] = {}
            holder = holder[key]
        if value is not None:
            holder[last] = value
        elif isinstance(holder, dict):
            holder.pop(last, None)
        else:
            del holder[last]
    return result


def path_keys(record: Any, path: str) -> list[str | int]:
    """The keys of a dotted path; a number is a position where a list stands, and a key with dots is found whole."""
    keys: list[str | int] = []
    rest = path.split(".")
    while rest:
        if isinstance(record, list):
            position = int(rest.pop(0))
            keys.append(position)
            record = record[position] if position < len(record) else None
            continue
        held = record if isinstance(record, dict) else {}
        length = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in held), 1)
        key = ".".join(rest[:length])
        keys.append(key)
        rest = rest[length:]
        record = held.get(key)
    return keys


def without_positions(path: str) -> str:
    """The path as a log source writes it: lists on it stand for their elements."""
    return ".".join(key for key in path.lower().split(".") if not key.isdigit())
