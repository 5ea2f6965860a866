"""The Sigma backend: a rule's condition as one boolean SQL expression over the table `events`.

It extends pySigma's TextQueryBackend and works with pySigma 1.5 and 2. What cannot be said exactly is refused, never
approximated. A NOT is `(…) is not true`, because a missing field makes a test NULL and `not NULL` would lose the row.
"""

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
from sigma.correlations import SigmaCorrelationRule, SigmaRuleReference
from sigma.exceptions import SigmaBackendError
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaType,
)

from pipeline.sigma_duckdb import predicates
from pipeline.sigma_duckdb.conditions import (
    action_bound,
    column_bound,
    negated_fields,
    refuse_half_read_rules,
    text_bound,
)
from pipeline.sigma_duckdb.correlation_sql import correlation_sql
from pipeline.sigma_duckdb.correlations import (
    Converted,
    ConvertedCorrelation,
    ConvertedRule,
    convert_correlation,
)
from pipeline.sigma_duckdb.fields import found_values, leaf_texts, literal, texts
from pipeline.sigma_duckdb.log_sources import LogSource, find_log_source
from pipeline.sigma_duckdb.predicates import Test
from pipeline.sigma_duckdb.values import (
    is_asked_of_column,
    is_number,
    is_text_value,
    keyword_test,
    text_test,
    value_test,
)

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
    correlation_methods: ClassVar[dict[str, str] | None] = {
        "default": "windows that slide from event to event"
    }
    requires_pipeline: ClassVar[bool] = False
    or_token: ClassVar[str] = "or"
    and_token: ClassVar[str] = "and"
    not_token: ClassVar[str] = "not"
    eq_token: ClassVar[str] = "="

    fixed_log_source: LogSource | None = None

    def __init__(self, *args: Any, table: str = "events", **options: Any) -> None:
        super().__init__(*args, **options)
        self.table = table if table.isidentifier() else '"' + table.replace('"', '""') + '"'
        self._rule: SigmaRule | None = None
        self._converted: dict[int, Converted] = {}

    @property
    def log_source(self) -> LogSource:
        """Asked for after a pipeline has been at the rule, because it may have changed it."""
        if self.fixed_log_source is not None:
            return self.fixed_log_source
        if self._rule is None:
            return LogSource()
        return log_source_of_rule(self._rule)

    def convert_rule(
        self, rule: SigmaRule, output_format: str | None = None, callback: Any = None
    ) -> list[Any]:
        self._rule = rule
        refuse_half_read_rules(rule)
        rule.set_conversion_result([])
        super().convert_rule(rule, "predicate", callback)
        queries: list[str] = rule.get_conversion_result()
        if not queries:
            return []
        predicate = queries[0] if len(queries) == 1 else "(" + " or ".join(queries) + ")"
        log_source = self.log_source
        converted = ConvertedRule(
            log_source,
            predicate,
            action_bound(rule, log_source),
            column_bound(rule, log_source),
            text_bound(rule, log_source),
            frozenset(negated_fields(rule)),
            rule.name or rule.title,
        )
        self._converted[id(rule)] = converted
        if not rule._output:
            return []
        if (output_format or self.default_format) == "predicate":
            return [predicate]
        return [self._select(converted)]

    def convert_correlation_rule(
        self,
        rule: SigmaCorrelationRule,
        output_format: str | None = None,
        method: str | None = None,
        callback: Any = None,
    ) -> list[Any]:
        if (output_format or self.default_format) == "predicate":
            raise SigmaBackendError("a correlation is no boolean expression: it needs the format default")
        if method not in (None, "default"):
            raise SigmaBackendError(f"the correlation method {method!r} is not known")
        if not hasattr(self, "last_processing_pipeline"):
            self.init_processing_pipeline(output_format)
        self.last_processing_pipeline.apply(rule)
        query = correlation_sql(self.converted_correlation(rule), self._relation)
        query = callback(rule, output_format, 0, None, query) if callback else query
        rule.set_conversion_result([query])
        return [query] if rule._output and query is not None else []

    def converted_correlation(self, rule: SigmaCorrelationRule, written: Any = None) -> ConvertedCorrelation:
        converted = convert_correlation(rule, written or {}, self._referenced)
        self._converted[id(rule)] = converted
        return converted

    def converted_rule(self, rule: SigmaRule) -> ConvertedRule | None:
        """The rule as SQL, or None where it gives no query."""
        self.convert_rule(rule, "predicate")
        converted = self._converted.get(id(rule))
        return converted if isinstance(converted, ConvertedRule) else None

    def _referenced(self, reference: SigmaRuleReference) -> Converted:
        rule = reference.rule
        if id(rule) not in self._converted:
            if isinstance(rule, SigmaCorrelationRule):
                self.converted_correlation(rule)
            else:
                self.converted_rule(rule)
        if id(rule) not in self._converted:
            raise SigmaBackendError(f"the rule {reference.reference} gives no query")
        return self._converted[id(rule)]

    def _select(self, rule: ConvertedRule) -> str:
        sources = ", ".join(literal(source) for source in rule.sources)
        where = f"source in ({sources}) and " if rule.sources else ""
        return f"select * from {self.table} where {where}{rule.predicate}"

    def _relation(self, rule: ConvertedRule) -> str:
        return f"({self._select(rule)})"

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
        by_field: dict[tuple[str, bool, bool], list[SigmaType]] = {}
        for part in cond.args:
            if isinstance(part, ConditionFieldEqualsValueExpression) and is_text_value(part.value):
                alike = (part.field, is_asked_of_column(part.value), is_number(part.value))
                by_field.setdefault(alike, []).append(part.value)
            else:
                parts.append(self.convert_condition(cast(Condition, part), state))
        for (field, _, _), values in by_field.items():
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
                return f"len(list_filter({found_values(self.log_source, field)}, lambda v: json_type(v) <> 'NULL')) = 0"
            case SigmaExists():
                found = f"len(list_filter({found_values(self.log_source, field)}, lambda v: v is not null))"
                return f"{found} > 0" if value.exists else f"{found} = 0"
            case SigmaFieldReference():
                inner = predicates.equals_text_of("w", value.starts_with, value.ends_with)
                others = texts(self.log_source, value.field, as_numbers=True)
                other = f"list_filter({others}, lambda w: {inner('v')})"
                own = texts(self.log_source, field, as_numbers=True)
                return f"len(list_filter({own}, lambda v: len({other}) > 0)) > 0"
            case SigmaExpansion():
                parts = [
                    self._leaf(ConditionFieldEqualsValueExpression(field, part)) for part in value.values
                ]
                return "(" + " or ".join(parts) + ")"
            case _:
                return _any(texts(self.log_source, field), value_test(value))

    def _field_text(self, field: str, values: list[SigmaType]) -> str:
        column = self.log_source.column(field)
        if column and all(map(is_asked_of_column, values)):
            return text_test(values, column)(column.name)
        as_numbers = any(map(is_number, values))
        return _any(texts(self.log_source, field, as_numbers=as_numbers), text_test(values, None))


def log_source_of_rule(rule: SigmaRule) -> LogSource:
    """The log source the rule names. Raises SigmaBackendError where we have no such logs."""
    known = find_log_source(rule.logsource.product, rule.logsource.service)
    if known is None:
        named = "/".join(
            filter(None, [rule.logsource.product, rule.logsource.service, rule.logsource.category])
        )
        raise SigmaBackendError(f"no source of events answers to the log source {named}")
    return known


def _any(found_texts: str, test: Test) -> str:
    return f"len(list_filter({found_texts}, lambda v: {test('v')})) > 0"
