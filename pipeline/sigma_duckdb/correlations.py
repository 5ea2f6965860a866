"""Sigma correlations in our terms: what is counted, by which keys, within which span. The SQL is made in `correlation_sql`.

What the specification leaves open is decided here once: keys and counted values are compared without their case, an
event without a key is not correlated, a list of values means each of them. What cannot be said exactly is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaCorrelationTimespan,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.exceptions import SigmaCorrelationConditionError, SigmaCorrelationRuleError, SigmaTimespanError

from pipeline.sigma_duckdb.log_sources import LogSource

OPERATORS = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "EQ": "=", "NEQ": "<>"}
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks", "M": "months", "y": "years"}
ORDERED, TEMPORAL = "temporal_ordered", "temporal"
VALUED = ("value_count", "value_sum", "value_avg", "value_percentile", "value_median")
MAX_SEQUENCES = 64
MAX_SPAN_SECONDS = 20 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class ConvertedRule:
    """A rule as SQL: it may look at `sources` only, and a match satisfies `predicate` and each of the bounds."""

    log_source: LogSource
    predicate: str
    action_bound: str
    column_bound: str
    text_bound: str
    negated_fields: frozenset[str]
    name: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        return self.log_source.sources


@dataclass(frozen=True, slots=True)
class Reference:
    """A rule or correlation that a correlation looks at, and where its group-by and value fields stand there."""

    name: str
    of: "ConvertedRule | ConvertedCorrelation"
    keys: tuple[str, ...]
    value_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConvertedCorrelation:
    """A correlation whose references are converted. `alternatives` are the sequences of steps (by number, from 1) of
    which one must have happened, in order where the kind is ordered; empty where `operator` compares a number."""

    name: str
    kind: str
    references: tuple[Reference, ...]
    group_by: tuple[str, ...]
    span: str
    span_seconds: int
    operator: str = ">="
    threshold: str = "1"
    quantile: float = 0.5
    alternatives: tuple[tuple[int, ...], ...] = ()
    generates: bool = False
    negated_fields: frozenset[str] = field(default_factory=frozenset)

    @property
    def rules(self) -> tuple[ConvertedRule, ...]:
        """Every rule below it, once."""
        found: dict[int, ConvertedRule] = {}
        for reference in self.references:
            of = reference.of
            for rule in of.rules if isinstance(of, ConvertedCorrelation) else (of,):
                found[id(rule)] = rule
        return tuple(found.values())

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(source for rule in self.rules for source in rule.sources))


Converted = ConvertedRule | ConvertedCorrelation


def convert_correlation(
    rule: SigmaCorrelationRule, written: Mapping[str, Any], find: Callable[[SigmaRuleReference], Converted]
) -> ConvertedCorrelation:
    """The correlation with its references converted by `find`. `written` is its `correlation` as in the file, because
    pySigma 1.5 cuts thresholds to whole numbers; it may be empty. Raises SigmaError for what cannot be said exactly."""
    condition = rule.condition
    names = _names(rule)
    value_fields = _value_fields(rule)
    references = tuple(
        _reference(rule, str(reference.reference), find(reference), value_fields)
        for reference in _references(rule, names)
    )
    kind = rule.type.name.lower()
    shared: dict[str, Any] = {
        "name": rule.name or rule.title,
        "kind": kind,
        "references": references,
        "group_by": tuple(rule.group_by or ()),
        "span": _span(rule.timespan),
        "span_seconds": rule.timespan.seconds,
        "generates": rule.generate,
    }
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        sequences = _sequences(condition.parsed, names, is_ordered=kind == ORDERED)
        return ConvertedCorrelation(**shared, alternatives=tuple(dict.fromkeys(sequences)))
    raw_condition = written.get("condition")
    number = _number(condition, raw_condition if isinstance(raw_condition, Mapping) else {})
    operator = OPERATORS[condition.op.name]
    if kind in (TEMPORAL, ORDERED):
        if kind == TEMPORAL and len(set(names)) < len(names):
            raise SigmaCorrelationRuleError(
                f"rules names {_repeated(names)} twice; event_count says how often"
            )
        if kind == ORDERED or (operator, number) == (">=", str(len(names))):
            if (operator, number) not in ((">=", str(len(names))), ("=", str(len(names)))):
                raise SigmaCorrelationConditionError(
                    "an order is of all its rules; a number of them has none"
                )
            return ConvertedCorrelation(**shared, alternatives=(tuple(range(1, len(names) + 1)),))
    return ConvertedCorrelation(
        **shared, operator=operator, threshold=number, quantile=_quantile(kind, condition, raw_condition)
    )


def _names(rule: SigmaCorrelationRule) -> list[str]:
    if isinstance(rule.condition, SigmaExtendedCorrelationCondition) and rule.rules is None:
        return rule.condition.get_referenced_rules()
    return [str(reference.reference) for reference in rule.rules or ()]


def _references(rule: SigmaCorrelationRule, names: Sequence[str]) -> list[SigmaRuleReference]:
    """pySigma's references: resolved where the rule came in a collection, else no more than names."""
    resolved = rule.referenced_rules or rule.rules or ()
    by_name = {str(reference.reference): reference for reference in resolved}
    if not names:
        raise SigmaCorrelationRuleError("a correlation of no rules")
    return [by_name.get(name) or SigmaRuleReference(name) for name in names]


def _value_fields(rule: SigmaCorrelationRule) -> tuple[str, ...]:
    if not isinstance(rule.condition, SigmaCorrelationCondition):
        return ()
    named, kind = rule.condition.fieldref, rule.type.name.lower()
    if rule.condition.percentile is not None and kind != "value_percentile":
        raise SigmaCorrelationConditionError(f"{kind} has no percentile")
    if kind not in VALUED:
        if named is not None:
            raise SigmaCorrelationConditionError(f"{kind} has no field: value_count counts the values of one")
        return ()
    fields = tuple(named) if isinstance(named, list) else (named,)
    if not all(isinstance(name, str) and name for name in fields):
        raise SigmaCorrelationConditionError(f"{named!r} is no field")
    if len(fields) > 1 and rule.type.name != "VALUE_COUNT":
        raise SigmaCorrelationConditionError("a number is of one field")
    return tuple(str(name) for name in fields)


def _reference(
    rule: SigmaCorrelationRule, name: str, of: Converted, value_fields: tuple[str, ...]
) -> Reference:
    aliases = {
        alias: {str(reference.reference): place for reference, place in entry.mapping.items()}
        for alias, entry in rule.aliases.aliases.items()
    }
    names = set(_names(rule))
    for alias, mapping in aliases.items():
        if strange := [place for place in mapping.values() if not isinstance(place, str) or not place]:
            raise SigmaCorrelationRuleError(f"the aliases of {alias} name {strange[0]!r}, which is no field")
        if strange := sorted(mapping.keys() - names):
            raise SigmaCorrelationRuleError(
                f"the aliases of {alias} name {strange[0]!r}, which rules does not"
            )
    keys = tuple(aliases.get(key, {}).get(name, key) for key in rule.group_by or ())
    values = tuple(aliases.get(value, {}).get(name, value) for value in value_fields)
    if isinstance(of, ConvertedCorrelation):
        for key in (*keys, *values):
            if key not in of.group_by:
                raise SigmaCorrelationRuleError(
                    f"{key} is no group-by field of the correlation {name}, which has no others"
                )
    return Reference(name, of, keys, values)


def _span(timespan: SigmaCorrelationTimespan) -> str:
    if timespan.seconds > MAX_SPAN_SECONDS:
        raise SigmaTimespanError(f"a timespan of {timespan.spec} is longer than any log")
    return f"interval '{timespan.count} {UNITS[timespan.unit]}'"


def _number(condition: SigmaCorrelationCondition, written: Mapping[str, Any]) -> str:
    value: Any = written.get(condition.op.name.lower(), condition.count)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise SigmaCorrelationConditionError(f"{value!r} is no number")
    try:
        number = (
            int(value)
            if isinstance(value, int) or str(value).strip().lstrip("+-").isdigit()
            else float(value)
        )
    except ValueError as error:
        raise SigmaCorrelationConditionError(f"{value!r} is no number") from error
    if number != number or number in (float("inf"), float("-inf")):
        raise SigmaCorrelationConditionError(f"{value!r} is no number")
    return str(int(number)) if number == int(number) else repr(number)


def _quantile(kind: str, condition: SigmaCorrelationCondition, written: Any) -> float:
    if kind != "value_percentile":
        return 0.5
    value = written.get("percentile") if isinstance(written, Mapping) else condition.percentile
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise SigmaCorrelationConditionError("value_percentile needs percentile, a number from 0 to 100")
    return value / 100


def _sequences(
    node: CorrelationConditionItem | SigmaRuleReference, names: Sequence[str], *, is_ordered: bool
) -> list[tuple[int, ...]]:
    """The condition as alternatives: `a and (b or c)` is a with b, or a with c. An order goes from left to right."""
    if isinstance(node, SigmaRuleReference):
        return [(names.index(str(node.reference)) + 1,)]
    if isinstance(node, CorrelationConditionNOT):
        raise SigmaCorrelationConditionError(
            "not: that nothing happened is only known when the window has ended, which no event tells"
        )
    parts = [_sequences(part, names, is_ordered=is_ordered) for part in node.args]
    if isinstance(node, CorrelationConditionAND):
        joined = [sum(chosen, ()) for chosen in product(*parts)]
        found = joined if is_ordered else [tuple(sorted(set(steps))) for steps in joined]
    else:
        found = [steps for part in parts for steps in part]
    if len(found) > MAX_SEQUENCES:
        raise SigmaCorrelationConditionError(f"the condition has more than {MAX_SEQUENCES} alternatives")
    return found


def _repeated(names: Sequence[str]) -> str:
    return next(name for name in names if names.count(name) > 1)
