"""What the condition tree of a rule says apart from its SQL: the bound on `action`, the negated fields, missing parts."""

import re
from collections.abc import Iterator
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.exceptions import SigmaBackendError
from sigma.rule import SigmaRule
from sigma.types import SigmaExpansion, SigmaFieldReference, SigmaString, SigmaType

from pipeline.sigma_duckdb.fields import literal
from pipeline.sigma_duckdb.log_sources import LogSource
from pipeline.sigma_duckdb.values import is_asked_of_column, is_text_value, text_test

# Characters that JSON writes as they are, within a text of one value. Without i, k and s, which are the small letters of
# others too (İ, the Kelvin sign, ſ).
PIECE = re.compile(r"[A-HJLM-RT-Za-hjlm-rt-z0-9 _.@-]+")
# The same within an operation's name, of which staging changes dashes, the blanks around them and a dot at the end.
OPERATION_PIECE = re.compile(
    r"[A-HJLM-RT-Za-hjlm-rt-z0-9_@](?:[A-HJLM-RT-Za-hjlm-rt-z0-9 _@]*[A-HJLM-RT-Za-hjlm-rt-z0-9_@])?"
)
MIN_PIECE = 4
MAX_PIECES = 4


def action_bound(rule: SigmaRule, log_source: LogSource) -> str:
    """SQL on `action` that every match of the rule satisfies; `true` where the rule does not bound it."""
    return _bound_of(rule, log_source, frozenset({"action"}))


def column_bound(rule: SigmaRule, log_source: LogSource) -> str:
    """The same on every column that a field settles, so that `raw` need not be read for the rest."""
    columns = {column.name for column in log_source.columns.values()}
    return _bound_of(
        rule, log_source, frozenset(columns | {implied.column for implied in log_source.implied.values()})
    )


def negated_fields(rule: SigmaRule) -> set[str]:
    """The fields that the rule asks below a NOT, on both sides of a field reference."""
    return {name for name, _, is_negated in asked_fields(rule) if is_negated}


def asked_fields(rule: SigmaRule) -> Iterator[tuple[str, SigmaType, bool]]:
    """Every field of the rule with what it is asked, and whether below a NOT; a keyword has no field."""
    for condition in rule.detection.parsed_condition:
        yield from _asked(condition.parsed, False)


def refuse_half_read_rules(rule: SigmaRule) -> None:
    """pySigma drops an empty selector in silence and leaves a None where a condition should be."""
    if "timeframe" in rule.detection.detections:  # pySigma takes it for a keyword
        raise SigmaBackendError("timeframe needs several events, which one rule cannot count")
    for condition in rule.detection.parsed_condition:
        if any(part is None for part in _parts(condition.parsed)):
            raise SigmaBackendError(f"the condition {condition.condition!r} names nothing in the detection")


def _bound_of(rule: SigmaRule, log_source: LogSource, columns: frozenset[str]) -> str:
    conditions = rule.detection.parsed_condition
    bounds = [_bound(condition.parsed, log_source, columns, True) for condition in conditions]
    return "true" if "true" in bounds else "(" + " or ".join(bounds) + ")"


def _bound(cond: Any, log_source: LogSource, columns: frozenset[str], is_upper: bool) -> str:
    """The condition with every test of something else taken as true (upper bound) or false (below a NOT)."""
    match cond:
        case ConditionAND() | ConditionOR():
            parts = [_bound(part, log_source, columns, is_upper) for part in cond.args]
            absorbing, neutral = ("false", "true") if isinstance(cond, ConditionAND) else ("true", "false")
            kept = [part for part in parts if part != neutral]
            if absorbing in kept:
                return absorbing
            joiner = " and " if isinstance(cond, ConditionAND) else " or "
            return "(" + joiner.join(kept) + ")" if kept else neutral
        case ConditionNOT():
            inner = _bound(cond.args[0], log_source, columns, not is_upper)
            return {"true": "false", "false": "true"}.get(inner, f"({inner}) is not true")
        case ConditionFieldEqualsValueExpression():
            if tested := _column_test(cond, log_source, columns, is_upper):
                return tested
    return "true" if is_upper else "false"


def _column_test(
    cond: ConditionFieldEqualsValueExpression, log_source: LogSource, columns: frozenset[str], is_upper: bool
) -> str:
    """The test of a column that says the same as the test of the field or, for an upper bound, that follows from it."""
    if not is_text_value(cond.value) or not is_asked_of_column(cond.value):
        return ""
    column = log_source.column(cond.field)
    if column is not None:
        return text_test([cond.value], column)(column.name) if column.name in columns else ""
    implied = log_source.implied.get(cond.field)
    if implied is None or implied.column not in columns or not is_upper:
        return ""
    code = str(cond.value).lower()
    if code in implied.are:
        named = implied.are[code]
        if named is None:
            return f"{implied.column} is null"
        return f"({implied.column} = {literal(named)}{'' if implied.has_text else f' or {implied.column} is null'})"
    # a list where a text should be is written to the column as it is
    in_list = f"starts_with({implied.column}, '[')"
    return f"({text_test([cond.value], None)(implied.column)} or {in_list})" if implied.has_text else ""


def text_bound(rule: SigmaRule, log_source: LogSource) -> str:
    """SQL on the text of `raw` that every match satisfies, much cheaper than to read the JSON: one of some pieces of text is in
    it, in any case, or an escape that may stand for one. `true` where the rule says no such pieces."""
    found = [_pieces(condition.parsed, log_source) for condition in rule.detection.parsed_condition]
    if any(pieces is None for pieces in found):
        return "true"
    pieces = sorted(set().union(*filter(None, found)))
    if not 0 < len(pieces) <= MAX_PIECES:
        return "true"
    tests = [f"regexp_matches(raw, {literal(f'(?i){re.escape(piece)}')})" for piece in pieces]
    return "(" + " or ".join([*tests, "contains(raw, '\\u')"]) + ")"


def _pieces(cond: Any, log_source: LogSource) -> frozenset[str] | None:
    """Pieces of which one is in the text of every record that satisfies the condition, or None."""
    match cond:
        case ConditionOR():
            parts = [_pieces(part, log_source) for part in cond.args]
            return None if any(part is None for part in parts) else frozenset().union(*filter(None, parts))
        case ConditionAND():
            parts = [part for part in (_pieces(part, log_source) for part in cond.args) if part]
            return min(parts, key=lambda part: (len(part), -min(map(len, part))), default=None)
        case ConditionFieldEqualsValueExpression() if log_source.root(cond.field).words is None:
            column = log_source.column(cond.field)
            return _pieces_of(cond.value, OPERATION_PIECE if column and column.is_operation else PIECE)
        case ConditionValueExpression():
            return _pieces_of(cond.value, PIECE)
    return None


def _pieces_of(value: SigmaType, piece: re.Pattern[str]) -> frozenset[str] | None:
    if isinstance(value, SigmaExpansion):
        parts = [_pieces_of(part, piece) for part in value.values]
        return None if any(part is None for part in parts) else frozenset().union(*filter(None, parts))
    if not isinstance(value, SigmaString):
        return None
    runs = [run for part in value.s if isinstance(part, str) for run in piece.findall(part)]
    longest = max((run for run in runs if re.search("[a-z]{3}", run, re.IGNORECASE)), key=len, default="")
    return frozenset({longest.lower()}) if len(longest) >= MIN_PIECE else None


def _asked(cond: Any, is_below_not: bool) -> Iterator[tuple[str, SigmaType, bool]]:
    if isinstance(cond, ConditionItem):
        for part in cond.args:
            yield from _asked(part, is_below_not != isinstance(cond, ConditionNOT))
    elif isinstance(cond, ConditionFieldEqualsValueExpression):
        yield cond.field, cond.value, is_below_not
        if isinstance(cond.value, SigmaFieldReference):
            yield cond.value.field, cond.value, is_below_not
    elif isinstance(cond, ConditionValueExpression):
        yield "", cond.value, is_below_not


def _parts(cond: Any) -> Iterator[Any]:
    yield cond
    if isinstance(cond, ConditionItem):
        if not cond.args:
            yield None
        for part in cond.args:
            yield from _parts(part)
