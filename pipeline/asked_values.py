"""What a Sigma rule asks: its fields, its values one by one, and whether it could hold without some of the fields."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.state import ConversionState
from sigma.rule import SigmaRule
from sigma.types import SigmaBool, SigmaExists, SigmaFieldReference, SigmaNull, SigmaNumber, SigmaString

from pipeline.detection import Detection
from pipeline.sigma_duckdb import DuckDBBackend
from pipeline.sigma_duckdb.backend import log_source_of_rule
from pipeline.sigma_duckdb.documents import read_documents
from pipeline.sigma_duckdb.rules import parse_rule

# what authors leave to be filled in: <your country>, %admins%, UPN, HomeTenantID
PLACEHOLDER = re.compile(
    r"<[^<>]*>|%\w+%|^(upn|hometenantid|tenantid|userprincipalname|your[ _-].*|x{3,}|placeholder|example|todo)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AskedValue:
    """One value of a field, not below a NOT. `predicate` is the SQL of this test alone; `is_plain`: no wildcard, no pattern."""

    field: str
    text: str
    predicate: str
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Question:
    """`fields` are all that the rule asks for a value, below a NOT or not; a field whose absence it wants is none of them."""

    fields: tuple[str, ...]
    values: tuple[AskedValue, ...]


@lru_cache(maxsize=8192)
def _rule(query: str) -> SigmaRule:
    return parse_rule(read_documents(query)[0].keys)


def questions_of(detection: Detection) -> Question:
    """What a rule that converts asks."""
    rule = _rule(detection.query)
    backend = DuckDBBackend()
    backend.fixed_log_source = log_source_of_rule(rule)
    fields: dict[str, None] = {}
    values: dict[tuple[str, str], AskedValue] = {}
    for cond, is_negated in _leaves(rule):
        if isinstance(cond, ConditionValueExpression):
            continue
        if isinstance(cond.value, SigmaFieldReference):
            fields[cond.value.field] = None
        asks_for_absence = isinstance(cond.value, SigmaNull) or (
            isinstance(cond.value, SigmaExists) and not cond.value.exists
        )
        if not asks_for_absence:
            fields[cond.field] = None
        if is_negated or isinstance(cond.value, SigmaNull | SigmaExists | SigmaFieldReference):
            continue
        text = _text(cond.value)
        is_plain = isinstance(cond.value, SigmaNumber | SigmaBool) or (
            isinstance(cond.value, SigmaString) and all(isinstance(part, str) for part in cond.value.s)
        )
        predicate = backend.convert_condition(cond, ConversionState())
        values[cond.field, text] = AskedValue(cond.field, text, predicate, is_plain)
    return Question(tuple(fields), tuple(values.values()))


def can_be_true(detection: Detection, absent: set[str]) -> bool:
    """Whether the rule could match an event that has none of these fields."""
    rule = _rule(detection.query)
    return any(_possible(condition.parsed, absent)[0] for condition in rule.detection.parsed_condition)


def is_slip(one: str, other: str) -> bool:
    """Whether one is the other with a letter or two missing, doubled, changed or turned round. A name and its plural are two
    names: GetParameter, GetParameters."""
    if abs(len(one) - len(other)) > 2 or f"{one}s" == other or one == f"{other}s":
        return False
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return 0 < rows[-1][-1] <= 2


def _possible(cond: Any, absent: set[str]) -> tuple[bool, bool]:
    """Whether the condition can be true, and whether it can be false."""
    match cond:
        case ConditionAND():
            parts = [_possible(part, absent) for part in cond.args]
            return all(part[0] for part in parts), any(part[1] for part in parts)
        case ConditionOR():
            parts = [_possible(part, absent) for part in cond.args]
            return any(part[0] for part in parts), all(part[1] for part in parts)
        case ConditionNOT():
            can_be_true, can_be_false = _possible(cond.args[0], absent)
            return can_be_false, can_be_true
        case ConditionFieldEqualsValueExpression():
            value = cond.value
            is_absent = cond.field in absent
            if isinstance(value, SigmaFieldReference) and value.field in absent:
                return False, True
            if isinstance(value, SigmaNull) or (isinstance(value, SigmaExists) and not value.exists):
                return True, not is_absent
            return not is_absent, True
    return True, True


def _leaves(rule: SigmaRule) -> Iterator[tuple[Any, bool]]:
    for condition in rule.detection.parsed_condition:
        yield from _below(condition.parsed, False)


def _below(cond: Any, is_negated: bool) -> Iterator[tuple[Any, bool]]:
    if isinstance(cond, ConditionAND | ConditionOR | ConditionNOT):
        for part in cond.args:
            yield from _below(part, is_negated != isinstance(cond, ConditionNOT))
    elif cond is not None:
        yield cond, is_negated


def _text(value: Any) -> str:
    if isinstance(value, SigmaString):
        return "".join(
            part if isinstance(part, str) else {"WILDCARD_MULTI": "*"}.get(getattr(part, "name", ""), "?")
            for part in value.s
        )
    return str(
        getattr(
            value,
            "regexp",
            getattr(value, "cidr", getattr(value, "number", getattr(value, "boolean", value))),
        )
    )
