"""The Sigma backend: a rule's condition as one boolean SQL expression over the table `events`.

It extends pySigma's TextQueryBackend and works with pySigma 1.5 and 2. What cannot be said exactly is refused, never
approximated. A NOT is `(…) is not true`, because a missing field makes a test NULL and `not NULL` would lose the row.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, cast

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.base import TextQueryBackend
from sigma.conversion.state import ConversionState
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaBackendError, SigmaFeatureNotSupportedByBackendError
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaCasedString,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaType,
)

from pipeline.sigma_duckdb import predicates
from pipeline.sigma_duckdb.fields import (
    LogSource,
    find_log_source,
    leaf_texts,
    literal,
)
from pipeline.sigma_duckdb.predicates import Test
from pipeline.sigma_duckdb.values import is_text_value, keyword_test, text_test, value_test

Leaf = ConditionFieldEqualsValueExpression | ConditionValueExpression
Condition = ConditionItem | Leaf


class DuckDBBackend(TextQueryBackend):
    """Each rule's log source decides where its fields stand, unless `fixed_log_source` is set."""

    name: ClassVar[str] = "DuckDB over the events table"
    identifier: ClassVar[str] = "duckdb"
    formats: ClassVar[dict[str, str]] = {
        "default": "a query on events",
        "predicate": "the boolean expression alone",
    }
    requires_pipeline: ClassVar[bool] = False
    or_token: ClassVar[str] = "or"
    and_token: ClassVar[str] = "and"
    not_token: ClassVar[str] = "not"
    eq_token: ClassVar[str] = "="

    fixed_log_source: LogSource | None = None
    log_source: LogSource = LogSource()

    def convert_rule(
        self, rule: SigmaRule, output_format: str | None = None, callback: Any = None
    ) -> list[Any]:
        self.log_source = self.fixed_log_source or _log_source_of(rule)
        _refuse_half_read_rules(rule)
        queries = super().convert_rule(rule, "predicate", callback)
        if not queries:
            return []
        predicate = queries[0] if len(queries) == 1 else "(" + " or ".join(queries) + ")"
        if (output_format or self.default_format) == "predicate":
            return [predicate]
        sources = ", ".join(literal(source) for source in self.log_source.sources)
        return [f"select * from events where source in ({sources}) and {predicate}"]

    def convert_correlation_rule(self, rule: SigmaCorrelationRule, *args: Any, **kwargs: Any) -> list[Any]:
        raise SigmaFeatureNotSupportedByBackendError(
            "a Sigma correlation is not converted: several events are a correlation in SQL (detections/correlation)"
        )

    def finalize_query_predicate(
        self, rule: SigmaRule, query: str, index: int, state: ConversionState
    ) -> str:
        return query

    def finalize_output_predicate(self, queries: list[str]) -> list[str]:
        return queries

    # -- and, or, not

    def convert_condition(self, cond: Any, state: ConversionState) -> str:
        if cond is None:
            raise SigmaBackendError("a part of the condition names nothing in the detection")
        match cond:
            case ConditionOR():
                return self.convert_condition_or(cond, state)
            case ConditionAND():
                return self.convert_condition_and(cond, state)
            case ConditionNOT():
                return self.convert_condition_not(cond, state)
        try:
            return self._leaf(cond)
        except ValueError as error:
            name = cond.field if isinstance(cond, ConditionFieldEqualsValueExpression) else "keyword"
            raise SigmaBackendError(f"{name}: {error}") from error

    def convert_condition_and(self, cond: ConditionAND, state: ConversionState) -> str:
        return "(" + " and ".join(self.convert_condition(part, state) for part in cond.args) + ")"

    def convert_condition_or(self, cond: ConditionOR, state: ConversionState) -> str:
        """Values of one field are asked in one pass over it; a long list of plain ones becomes IN."""
        parts: list[str] = []
        by_field: dict[str, list[SigmaType]] = {}
        for part in cond.args:
            if isinstance(part, ConditionFieldEqualsValueExpression) and is_text_value(part.value):
                by_field.setdefault(part.field, []).append(part.value)
            else:
                parts.append(self.convert_condition(cast(Condition, part), state))
        for field, values in by_field.items():
            try:
                parts.append(self._field_text(field, values))
            except ValueError as error:
                raise SigmaBackendError(f"{field}: {error}") from error
        return parts[0] if len(parts) == 1 else "(" + " or ".join(parts) + ")"

    def convert_condition_not(self, cond: ConditionNOT, state: ConversionState) -> str:
        return f"({self.convert_condition(cond.args[0], state)}) is not true"

    # -- leaves

    def _leaf(self, cond: Leaf) -> str:
        value = cond.value
        if isinstance(cond, ConditionValueExpression):
            return _any(leaf_texts(), keyword_test(value))
        field = cond.field
        if is_text_value(value):
            return self._field_text(field, [value])
        match value:
            case SigmaNull():
                if column := self.log_source.column(field):
                    return f"{column.name} is null"
                return f"len(list_filter({self.log_source.found_values(field)}, lambda v: json_type(v) <> 'NULL')) = 0"
            case SigmaExists():
                found = f"len(list_filter({self.log_source.found_values(field)}, lambda v: v is not null))"
                return f"{found} > 0" if value.exists else f"{found} = 0"
            case SigmaFieldReference():
                inner = predicates.equals_text_of("w", value.starts_with, value.ends_with)
                other = f"list_filter({self.log_source.texts(value.field)}, lambda w: {inner('v')})"
                return f"len(list_filter({self.log_source.texts(field)}, lambda v: len({other}) > 0)) > 0"
            case SigmaExpansion():
                parts = [
                    self._leaf(ConditionFieldEqualsValueExpression(field, part)) for part in value.values
                ]
                return "(" + " or ".join(parts) + ")"
            case _:
                return _any(self.log_source.texts(field), value_test(value))

    def _field_text(self, field: str, values: list[SigmaType]) -> str:
        column = self.log_source.column(field)
        if column and not any(isinstance(value, SigmaCasedString) for value in values):
            return text_test(values, column)(column.name)
        return _any(self.log_source.texts(field), text_test(values, column))

    # -- what a rule says about `action` alone, to find its candidates

    def action_bound(self, rule: SigmaRule) -> str:
        """SQL on `action` that every match of the rule satisfies; `true` where the rule does not bound it."""
        self.log_source = self.fixed_log_source or _log_source_of(rule)
        bounds = [self._bound(condition.parsed, True) for condition in rule.detection.parsed_condition]
        return "true" if "true" in bounds else "(" + " or ".join(bounds) + ")"

    def _bound(self, cond: Any, is_upper: bool) -> str:
        """The condition with every test of something else taken as true (upper bound) or false (below a NOT)."""
        unknown = "true" if is_upper else "false"
        match cond:
            case ConditionAND() | ConditionOR():
                parts = [self._bound(part, is_upper) for part in cond.args]
                absorbing, neutral = (
                    ("false", "true") if isinstance(cond, ConditionAND) else ("true", "false")
                )
                kept = [part for part in parts if part != neutral]
                if absorbing in kept:
                    return absorbing
                joiner = " and " if isinstance(cond, ConditionAND) else " or "
                return "(" + joiner.join(kept) + ")" if kept else neutral
            case ConditionNOT():
                inner = self._bound(cond.args[0], not is_upper)
                return {"true": "false", "false": "true"}.get(inner, f"({inner}) is not true")
            case ConditionFieldEqualsValueExpression():
                column = self.log_source.column(cond.field)
                if (
                    column
                    and column.name == "action"
                    and is_text_value(cond.value)
                    and not isinstance(cond.value, SigmaCasedString)
                ):
                    return text_test([cond.value], column)(column.name)
        return unknown


def _log_source_of(rule: SigmaRule) -> LogSource:
    known = find_log_source(rule.logsource.product, rule.logsource.service)
    if known is None:
        named = "/".join(
            filter(None, [rule.logsource.product, rule.logsource.service, rule.logsource.category])
        )
        raise SigmaBackendError(f"no source of events answers to the log source {named}")
    return known


def _refuse_half_read_rules(rule: SigmaRule) -> None:
    """pySigma drops an empty selector in silence and leaves a None where a condition should be."""
    if "timeframe" in rule.detection.detections:  # pySigma takes it for a keyword
        raise SigmaBackendError("timeframe needs several events, which one rule cannot count")
    for condition in rule.detection.parsed_condition:
        if any(part is None for part in _parts(condition.parsed)):
            raise SigmaBackendError(f"the condition {condition.condition!r} names nothing in the detection")


def _parts(cond: Any) -> Iterator[Any]:
    yield cond
    if isinstance(cond, ConditionItem):
        if not cond.args:
            yield None
        for part in cond.args:
            yield from _parts(part)


def _any(texts: str, test: Test) -> str:
    return f"len(list_filter({texts}, lambda v: {test('v')})) > 0"


def negated_fields(rule: SigmaRule) -> set[str]:
    """The fields that the rule asks below a NOT, on both sides of a field reference."""
    return {
        field for condition in rule.detection.parsed_condition for field in _negated(condition.parsed, False)
    }


def _negated(cond: Any, is_below_not: bool) -> Iterator[str]:
    if isinstance(cond, ConditionItem):
        for part in cond.args:
            yield from _negated(part, is_below_not or isinstance(cond, ConditionNOT))
    elif is_below_not and isinstance(cond, ConditionFieldEqualsValueExpression):
        yield cond.field
        if isinstance(cond.value, SigmaFieldReference):
            yield cond.value.field
