"""What a user changes about detections without touching their files: overrides of what they are worth, and suppressions.

A suppression names exact values of fields, a reason and its last day. It hides nothing: what it kept from being a signal is
counted beside the signals. One that has expired is not applied, and is reported.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipeline.detection import Detection, Problem
from pipeline.detection_files import CONTROL_DOMAINS, LEVELS
from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import ConvertedRule, convert, literal
from pipeline.sigma_duckdb.documents import Document, DocumentError, read_documents

OVERRIDE_KEYS = {"rule", "reason", "level", "points", "control_domain", "close_when", "enabled"}
SUPPRESSION_KEYS = {"rule", "values", "reason", "expires"}
WHAT_TO_WRITE = "write rule, values, reason and expires, or rule, reason and what to override"


@dataclass(frozen=True, slots=True)
class Override:
    rule: str
    changes: Mapping[str, Any]
    reason: str
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Suppression:
    """Matches of a rule that hold one of these values in each of these fields are no signals, up to and with `expires`."""

    rule: str
    values: Mapping[str, tuple[Any, ...]]
    reason: str
    expires: date
    where: str = ""

    def is_of(self, detection: Detection) -> bool:
        return self.rule in (detection.name, detection.id)

    def __str__(self) -> str:
        return f"{self.reason} (until {self.expires})"


@dataclass(frozen=True, slots=True)
class Overrides:
    overrides: tuple[Override, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[Problem, ...] = ()

    def in_force(self, today: date) -> tuple[Suppression, ...]:
        return tuple(suppression for suppression in self.suppressions if suppression.expires >= today)

    def expired(self, today: date) -> tuple[Suppression, ...]:
        return tuple(suppression for suppression in self.suppressions if suppression.expires < today)

    def apply(self, detections: Sequence[Detection]) -> list[Detection]:
        """The detections as overridden, without those that are switched off."""
        changed: list[Detection] = []
        for detection in detections:
            own = [override for override in self.overrides if override.rule in (detection.name, detection.id)]
            for override in own:
                detection = replace(detection, **override.changes)
            if all(override.is_enabled for override in own):
                changed.append(detection)
        return changed

    def unknown(self, detections: Sequence[Detection]) -> list[str]:
        """Rules that are named here and not there: a misspelt name changes nothing, which nobody would notice."""
        known = {name for detection in detections for name in (detection.name, detection.id)}
        named = [override.rule for override in self.overrides] + [s.rule for s in self.suppressions]
        return sorted(set(named) - known)


def read_overrides(path: Path) -> Overrides:
    """The overrides and suppressions of a file; faults are among its problems, and the rest is read."""
    try:
        documents = read_documents(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        return Overrides(problems=(Problem(path, 1, f"cannot be read ({error})", "save it as UTF-8 text"),))
    except DocumentError as error:
        return Overrides(
            problems=(Problem(path, error.place[0], error.what, "mend the YAML", error.place[1]),)
        )
    overrides: list[Override] = []
    suppressions: list[Suppression] = []
    problems: list[Problem] = []
    for document in documents:
        for section, number, entry in _entries(document):
            first_key = next(iter(entry), "") if isinstance(entry, dict) else ""
            line = document.place(section, str(number), str(first_key))[0]
            try:
                if section == "overrides":
                    overrides.append(_override(entry))
                else:
                    suppressions.append(_suppression(entry, f"{path}:{line}"))
            except ValueError as error:
                problems.append(Problem(path, line, str(error), WHAT_TO_WRITE))
    return Overrides(tuple(overrides), tuple(suppressions), tuple(problems))


def suppression_sql(detection: Detection, rule: ConvertedRule, suppressions: Sequence[Suppression]) -> str:
    """SQL: which suppression a match of the rule falls under, or null. Raises DetectionError for a field that cannot be asked."""
    own = [suppression for suppression in suppressions if suppression.is_of(detection)]
    if not own:
        return "null"
    tests = " ".join(
        f"when {_predicate(suppression, rule)} then {literal(str(suppression))}" for suppression in own
    )
    return f"case {tests} end"


def _predicate(suppression: Suppression, rule: ConvertedRule) -> str:
    """The values as a Sigma selection, so that a field means the same as in the rule; no sign in a value is a wildcard."""
    selection = {field: [_plain(value) for value in values] for field, values in suppression.values.items()}
    keys = {
        "title": "suppression",
        "logsource": {"product": "any"},
        "detection": {"s": selection, "condition": "s"},
    }
    try:
        return convert(yaml.safe_dump(keys, allow_unicode=True), suppression.where, rule.log_source).predicate
    except DetectionError as error:
        raise DetectionError(error.what, suppression.where, "name a field and exact values") from error


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join("\\" + letter if letter in "*?\\" else letter for letter in value)


def _entries(document: Document) -> Iterator[tuple[str, int, Any]]:
    for section, entries in document.keys.items():
        if section not in ("overrides", "suppressions") or not isinstance(entries, list):
            yield str(section), 0, f"{section} is no list of overrides or suppressions"
            continue
        for number, entry in enumerate(entries):
            yield section, number, entry


def _override(entry: Any) -> Override:
    named = _checked(entry, OVERRIDE_KEYS, {"rule", "reason"})
    changes = {key: named[key] for key in ("level", "points", "control_domain", "close_when") if key in named}
    if changes.get("level", LEVELS[0]) not in LEVELS:
        raise ValueError(f"unknown level {changes['level']!r}")
    if changes.get("control_domain", CONTROL_DOMAINS[0]) not in CONTROL_DOMAINS:
        raise ValueError(f"unknown control domain {changes['control_domain']!r}")
    points = changes.get("points", 0.0)
    if isinstance(points, bool) or not isinstance(points, int | float):
        raise ValueError("points are no number")
    if "points" in changes:
        changes["points"] = float(points)
    is_enabled = named.get("enabled", True)
    if not isinstance(is_enabled, bool):
        raise ValueError("enabled is true or false")
    return Override(str(named["rule"]), changes, str(named["reason"]), is_enabled)


def _suppression(entry: Any, where: str) -> Suppression:
    named = _checked(entry, SUPPRESSION_KEYS, SUPPRESSION_KEYS)
    expires, values = named["expires"], named["values"]
    if not isinstance(expires, date):
        raise ValueError(f"expires is no day ({expires!r})")
    if not isinstance(values, dict) or not values:
        raise ValueError("values names no field, which would suppress every match")
    exact: dict[str, tuple[Any, ...]] = {}
    for field, value in values.items():
        listed = value if isinstance(value, list) else [value]
        if (
            "|" in str(field)
            or not listed
            or not all(isinstance(one, str | int | float | bool) for one in listed)
        ):
            raise ValueError(f"{field} is not asked for exact values")
        exact[str(field)] = tuple(listed)
    return Suppression(str(named["rule"]), exact, str(named["reason"]), expires, where)


def _checked(entry: Any, known: set[str], needed: set[str]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ValueError(str(entry) if isinstance(entry, str) else "not a mapping of keys")
    if strange := sorted(str(key) for key in entry.keys() - known):
        raise ValueError(f"{strange[0]} is no key of this")
    if missing := sorted(key for key in needed if entry.get(key) in (None, "", [])):
        raise ValueError(f"{missing[0]} is missing")
    return entry
