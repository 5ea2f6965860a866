"""From a document to pySigma's rule, and back from pySigma's refusal to the place in the document.

pySigma 1.5 loses what it does not expect: integers beyond 2^53 become floats, and a detection called `notepad` is read as
`not epad`. Both are said otherwise before it sees them, so that 1.5 and 2 read the same rule.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import (
    SigmaConditionError,
    SigmaCorrelationConditionError,
    SigmaCorrelationTypeError,
    SigmaError,
    SigmaLogsourceError,
    SigmaRuleNotFoundError,
    SigmaTimespanError,
    SigmaTypeError,
)
from sigma.rule import SigmaRule

from pipeline.sigma_duckdb.documents import Document, Place

EXACT_INTEGER = 2**53
COMPARISONS = {"gt", "gte", "lt", "lte"}
ENDS = {"startswith", "endswith"}
CONDITION_WORD = re.compile(r"[\w*-]+")
CONDITION_KEYWORDS = {"and", "or", "not", "of", "them", "all", "any", "1"}
ODD_NAME = re.compile(r"(and|or|not)[\w-]", re.IGNORECASE)
PYSIGMA_ON_ODD_TYPES = (AttributeError, TypeError, KeyError, IndexError, RecursionError, OverflowError)


def parse_rule(keys: dict[str, Any]) -> SigmaRule:
    """Raises SigmaError, whatever the types of the values."""
    try:
        detection = keys.get("detection")
        if isinstance(detection, dict):
            _refuse_lost_ends(detection)
            keys = keys | {"detection": _with_plain_names(_with_exact_integers(detection))}
        rule = SigmaRule.from_dict(keys)
        if not all(isinstance(condition, str) for condition in rule.detection.condition):
            raise SigmaTypeError("a condition is text, or a list of texts")
        return rule
    except PYSIGMA_ON_ODD_TYPES as error:
        raise SigmaTypeError(f"a value has a type that Sigma does not know ({error})") from error


def parse_correlation(keys: dict[str, Any]) -> SigmaCorrelationRule:
    """Raises SigmaError, whatever the types of the values."""
    try:
        return SigmaCorrelationRule.from_dict(keys)
    except (*PYSIGMA_ON_ODD_TYPES, UnboundLocalError) as error:
        raise SigmaTypeError(f"a value has a type that Sigma does not know ({error})") from error


def fault_place(document: Document, error: SigmaError, try_rule: Callable[[dict[str, Any]], object]) -> Place:
    """Where in the document the fault is. Each item of the detection is tried alone, so that the culprit is found and not
    guessed from pySigma's words; `try_rule` raises SigmaError for a rule that cannot be converted."""
    if isinstance(document.keys.get("correlation"), dict):
        return _correlation_place(document, error)
    if isinstance(error, SigmaLogsourceError) or "log source" in str(error):
        return document.place("logsource")
    detection = document.keys.get("detection")
    if not isinstance(detection, dict):
        return document.place("detection")
    log_source = document.keys.get("logsource")
    for path, item in _items(detection):
        alone = {"title": "t", "logsource": log_source, "detection": {"s": item, "condition": "s"}}
        try:
            try_rule(alone)
        except SigmaError:
            return document.place("detection", *path)
    if isinstance(error, SigmaConditionError) or "condition" in detection:
        return document.place("detection", "timeframe" if "timeframe" in detection else "condition")
    return document.place("detection")


def _correlation_place(document: Document, error: SigmaError) -> Place:
    words = str(error)
    key = next(
        (key for key in ("group-by", "aliases", "timespan", "generate") if re.search(rf"\b{key}", words)), ""
    )
    match error:
        case SigmaCorrelationTypeError():
            key = "type"
        case SigmaTimespanError():
            key = "timespan"
        case SigmaCorrelationConditionError():
            key = "condition"
        case SigmaRuleNotFoundError():
            key = "rules"
    return document.place("correlation", *([key] if key else []))


def _items(detection: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every item of the detection alone, with its path: a field with its values, a keyword list."""
    for name, selection in detection.items():
        if name in ("condition", "timeframe"):
            continue
        maps = list(enumerate(selection)) if isinstance(selection, list) else [(None, selection)]
        for number, item in maps:
            path = (str(name),) if number is None else (str(name), str(number))
            if isinstance(item, dict):
                for key, value in item.items():
                    yield (*path, str(key)), {key: value}
            else:
                yield path, [item] if number is not None else item


def _refuse_lost_ends(part: Any) -> None:
    """Expressions and keywords are looked for anywhere in a text, so pySigma's wildcard at one end would say nothing."""
    if isinstance(part, list):
        for item in part:
            _refuse_lost_ends(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            name, *modifiers = str(key).split("|")
            if ENDS.intersection(modifiers) and ("re" in modifiers or not name):
                what = "a keyword" if not name else "an expression"
                raise SigmaTypeError(f"{key}: {what} is looked for anywhere: write an expression with ^ or $")
            _refuse_lost_ends(value)


def _with_exact_integers(detection: dict[str, Any]) -> dict[str, Any]:
    return {
        name: part if name == "condition" else _exact(part, is_compared=False)
        for name, part in detection.items()
    }


def _exact(part: Any, *, is_compared: bool) -> Any:
    if isinstance(part, dict):
        return {
            key: _exact(value, is_compared=not COMPARISONS.isdisjoint(str(key).split("|")[1:]))
            for key, value in part.items()
        }
    if isinstance(part, list):
        return [_exact(item, is_compared=is_compared) for item in part]
    if isinstance(part, int) and not isinstance(part, bool) and abs(part) > EXACT_INTEGER:
        if is_compared:
            raise SigmaTypeError(f"{part} cannot be compared exactly: beyond 2^53 numbers are rounded")
        return str(part)
    return part


def _with_plain_names(detection: dict[str, Any]) -> dict[str, Any]:
    """Other names for the detections, where the grammar of pySigma 1.5 would read one as an operator and a rest."""
    conditions = detection.get("condition")
    listed = conditions if isinstance(conditions, list) else [conditions]
    names = [name for name in detection if isinstance(name, str) and name not in ("condition", "timeframe")]
    words = [word for text in listed if isinstance(text, str) for word in CONDITION_WORD.findall(text)]
    if not any(ODD_NAME.match(name) for name in names) and not any(
        "*" in word and "-" in word for word in words
    ):
        return detection

    def renamed(name: str) -> str:
        plain = name.replace("-", "HYPHEN")
        return (
            plain
            if plain.startswith("_") or name in CONDITION_KEYWORDS
            else f"d{plain}"
            if plain[:1] != "*"
            else plain
        )

    def rewritten(condition: Any) -> Any:
        return (
            CONDITION_WORD.sub(lambda word: renamed(word[0]), condition)
            if isinstance(condition, str)
            else condition
        )

    changed = {renamed(name) if name in names else name: part for name, part in detection.items()}
    return changed | {
        "condition": [rewritten(item) for item in conditions]
        if isinstance(conditions, list)
        else rewritten(conditions)
    }
