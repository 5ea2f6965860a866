"""A plain, slow Sigma matcher on one record in Python, written from the same words as the SQL and sharing none of it.

It walks pySigma's condition tree; fields are paths of keys, an array stands for its elements, JSON text on a path is
entered, a flattened key is as good as a nested one. Used to check the SQL on random records.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SpecialChars,
)

MISSING = object()
REGEX_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: re.IGNORECASE,
    SigmaRegularExpressionFlag.MULTILINE: re.MULTILINE,
    SigmaRegularExpressionFlag.DOTALL: re.DOTALL,
}
COMPARISONS = {
    CompareOperators.LT: lambda a, b: a < b,
    CompareOperators.LTE: lambda a, b: a <= b,
    CompareOperators.GT: lambda a, b: a > b,
    CompareOperators.GTE: lambda a, b: a >= b,
}


def is_match(rule: SigmaRule, record: Mapping[str, Any]) -> bool:
    return any(holds(condition.parsed, record) for condition in rule.detection.parsed_condition)


def holds(cond: Any, record: Mapping[str, Any]) -> bool:
    match cond:
        case ConditionAND():
            return all(holds(part, record) for part in cond.args)
        case ConditionOR():
            return any(holds(part, record) for part in cond.args)
        case ConditionNOT():
            return not holds(cond.args[0], record)
        case ConditionFieldEqualsValueExpression():
            return field_holds(cond.field, cond.value, record)
        case ConditionValueExpression():
            return any(text_holds(text, cond.value, is_keyword=True) for text in leaves(record))
    raise TypeError(cond)


def field_holds(field: str, value: Any, record: Mapping[str, Any]) -> bool:
    found = find(record, field)
    match value:
        case SigmaNull():
            return all(item is MISSING or item is None for item in found)
        case SigmaExists():
            return any(item is not MISSING for item in found) == value.exists
        case SigmaFieldReference():
            others = texts(find(record, value.field), number_text)
            return any(
                reference_holds(text, other, value) for text in texts(found, number_text) for other in others
            )
        case SigmaExpansion():
            return any(field_holds(field, part, record) for part in value.values)
    return any(text_holds(text, value) for text in texts(found, number_text if is_number(value) else text_of))


def reference_holds(text: str, other: str, reference: SigmaFieldReference) -> bool:
    text, other = folded(text), folded(other)
    if reference.starts_with and reference.ends_with:
        return other in text
    if reference.starts_with:
        return text.startswith(other)
    return text.endswith(other) if reference.ends_with else text == other


def text_holds(text: str, value: Any, is_keyword: bool = False) -> bool:
    match value:
        case SigmaString():
            is_cased = isinstance(value, SigmaCasedString)
            pattern = "".join(
                {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}[part]
                if isinstance(part, SpecialChars)
                else re.escape(part if is_cased else folded(part))
                for part in value.s
            )
            text = text if is_cased else folded(text)
            compiled = re.compile(pattern, re.DOTALL)
            return bool(compiled.search(text) if is_keyword else compiled.fullmatch(text))
        case SigmaExpansion():
            return any(text_holds(text, part, is_keyword) for part in value.values)
        case SigmaCompareExpression():
            try:
                return COMPARISONS[value.op](float(text), value.number.number)
            except ValueError:
                return False
        case SigmaNumber():
            return str(value.number) in text if is_keyword else text == str(value.number)
        case SigmaBool():
            return text.lower() == str(value.boolean).lower()
        case SigmaRegularExpression():
            flags = sum(REGEX_FLAGS[flag] for flag in value.flags)
            pattern = (
                re.sub(r"(?<!\\)\$$", r"\\Z", str(value.regexp))
                if not flags & re.MULTILINE
                else str(value.regexp)
            )
            return re.search(pattern, text, flags) is not None
        case SigmaCIDRExpression():
            try:
                return ipaddress.ip_address(text) in value.network
            except ValueError:
                return False
    raise TypeError(value)


def find(record: Mapping[str, Any], field: str) -> list[Any]:
    keys = field.split(".")
    found = [record.get(keys[0], MISSING)]
    for key in keys[1:]:
        found = [
            item.get(key, MISSING) if isinstance(item, dict) else MISSING
            for one in found
            for item in opened(one)
        ]
    return found + [value for joined in flattenings(keys) if (value := walk(record, joined)) is not MISSING]


def flattenings(keys: list[str]) -> list[list[str]]:
    """Every way to join neighbouring keys by a dot, but for joining none."""
    if len(keys) == 1:
        return []
    joined = [[".".join(keys[:2]), *keys[2:]]]
    return joined + flattenings(joined[0]) + [[keys[0], *rest] for rest in flattenings(keys[1:])]


def walk(record: Any, keys: list[str]) -> Any:
    for key in keys:
        record = record.get(key, MISSING) if isinstance(record, dict) else MISSING
    return record


def opened(value: Any) -> list[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return [MISSING]
    return value if isinstance(value, list) else [value]


def texts(found: list[Any], written: Callable[[Any], str]) -> list[str]:
    items = [item for one in found for item in (one if isinstance(one, list) else [one])]
    return [written(item) for item in items if item is not MISSING and item is not None]


def is_number(value: Any) -> bool:
    if isinstance(value, SigmaString):
        return re.fullmatch(r"-?\d+", "".join(map(str, value.s))) is not None
    return isinstance(value, SigmaNumber)


def number_text(value: Any) -> str:
    """As text, and 443.0 as 443."""
    return str(int(value)) if isinstance(value, float) and value == int(value) else text_of(value)


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def folded(text: str) -> str:
    """Without case, letter by letter: a letter whose capital is two letters has none."""
    return "".join(small(capital(letter)) for letter in text)


def capital(letter: str) -> str:
    return letter.upper() if len(letter.upper()) == 1 else letter


def small(letter: str) -> str:
    return letter.lower() if len(letter.lower()) == 1 else letter


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in leaves(item)]
    if isinstance(value, list):
        return [text for item in value for text in leaves(item)]
    return [] if value is None else [text_of(value)]
