"""A Sigma correlation as one SELECT: the events at which it holds, with the group they belong to.

The window slides: it ends at each event and reaches back one span, its edge included. A signal is the first event at which
a correlation holds, and again one span later while it goes on to hold. A correlation over correlations looks at every
event at which they hold, but counts their signals.
"""

from collections.abc import Callable, Sequence

from pipeline.sigma_duckdb.correlations import (
    ORDERED,
    TEMPORAL,
    VALUED,
    ConvertedCorrelation,
    ConvertedRule,
    Reference,
)
from pipeline.sigma_duckdb.fields import literal, texts
from pipeline.sigma_duckdb.predicates import number_of

RelationOf = Callable[[ConvertedRule], str]
"""From a rule to the SQL of a relation with the events that it matches."""

AGGREGATES = {
    "value_count": "count(distinct value)",
    "value_sum": "sum(value)",
    "value_avg": "avg(value)",
    "value_percentile": "quantile_cont(value, {quantile})",
    "value_median": "quantile_cont(value, 0.5)",
}
OF_EVENT = "keys, thing, source, tenant_id, event_id, occurred_at"


def correlation_sql(correlation: ConvertedCorrelation, relation_of: RelationOf) -> str:
    """One row an event at which it holds: keys (folded), shown_keys, source, tenant_id, event_id, occurred_at, began_at (of
    the window's first event), counted, and is_signal."""
    rows = _rows(correlation, relation_of)
    is_numeric = correlation.kind in VALUED and correlation.kind != "value_count"
    if correlation.kind in VALUED:
        holding = _value_windows(correlation, rows, is_numeric)
    elif correlation.kind == ORDERED:
        holding = _sequence_windows(correlation, rows)
    else:
        holding = _event_windows(correlation, rows)
    seconds = correlation.span_seconds
    return f"""
        with holding as ({holding}),
        marked as (
            select *, sum(is_new) over (partition by keys order by occurred_at, source, event_id rows unbounded preceding) as burst
            from (
                select *,
                    case when occurred_at - {correlation.span} <= lag(occurred_at) over (partition by keys order by occurred_at, source, event_id)
                    then 0 else 1 end as is_new
                from holding
            )
        ),
        spans as (
            select *, floor(epoch(occurred_at - min(occurred_at) over (partition by keys, burst)) / {seconds}) as span_number from marked
        )
        select
            keys, shown_keys, source, tenant_id, event_id, occurred_at, began_at, counted,
            row_number() over (partition by keys, burst, span_number order by occurred_at, source, event_id) = 1 as is_signal
        from spans"""


def expression_of_keys(correlation: ConvertedCorrelation) -> str:
    """SQL on its rows: `user=alice, address=192.0.2.1`, or nothing without a group."""
    parts = [
        f"{literal(name + '=')} || shown_keys[{place}]"
        for place, name in enumerate(correlation.group_by, start=1)
    ]
    return " || ', ' || ".join(parts) or "''"


def _rows(correlation: ConvertedCorrelation, relation_of: RelationOf) -> str:
    """One row of a group and an event, with the numbers of the references that it came by and the values asked for."""
    found = "\nunion all\n".join(
        _found(correlation, number, reference, relation_of)
        for number, reference in enumerate(correlation.references, start=1)
    )
    # one event by two rules is one event, and its number one number
    values = (
        "flatten(list(found_values))" if correlation.kind == "value_count" else "arg_min(found_values, step)"
    )
    return f"""
        select {OF_EVENT}, any_value(shown_keys order by step) as shown_keys, list(distinct step) as steps, {values} as found_values
        from ({found})
        group by {OF_EVENT}"""


def _found(
    correlation: ConvertedCorrelation, step: int, reference: Reference, relation_of: RelationOf
) -> str:
    of = reference.of
    if isinstance(of, ConvertedCorrelation):
        places = {name: place for place, name in enumerate(of.group_by, start=1)}
        keys = [f"[shown_keys[{places[key]}]]" for key in reference.keys]
        values = [f"[shown_keys[{places[field]}]]" for field in reference.value_fields]
        wanted = " where is_signal" if correlation.kind not in (ORDERED, TEMPORAL, "value_count") else ""
        relation = f"(select * from ({correlation_sql(of, relation_of)}){wanted})"
        thing = literal(of.name)
    else:
        keys = [texts(of.log_source, key, as_numbers=True) for key in reference.keys]
        values = [texts(of.log_source, field, as_numbers=True) for field in reference.value_fields]
        relation, thing = relation_of(of), "''"
    numbers = range(1, len(keys) + 1)
    shown = "[" + ", ".join(f"g{number}.k" for number in numbers) + "]::varchar[]"
    folded = "[" + ", ".join(f"lower(upper(g{number}.k))" for number in numbers) + "]::varchar[]"
    unnested = "".join(f", unnest({key}) as g{number}(k)" for number, key in zip(numbers, keys, strict=True))
    there = " and ".join(f"g{number}.k is not null" for number in numbers) or "true"
    return f"""
        select {folded} as keys, {shown} as shown_keys, {thing} as thing, {step} as step, e.source, e.tenant_id, e.event_id,
            e.occurred_at, {_tuples(values)} as found_values
        from {relation} as e{unnested}
        where {there}"""


def _tuples(values: Sequence[str]) -> str:
    """SQL: a list of the values; of several fields, of every combination of theirs."""
    if not values:
        return "[]::varchar[]"
    if len(values) == 1:
        return values[0]
    combined = "list_transform(" + values[0] + ", lambda v: [lower(upper(v))])"
    for value in values[1:]:
        combined = f"flatten(list_transform({combined}, lambda t: list_transform({value}, lambda v: list_append(t, lower(upper(v))))))"
    return f"list_transform(list_filter({combined}, lambda t: not list_contains(list_transform(t, lambda v: v is null), true)), lambda t: t::json::varchar)"


def _event_windows(correlation: ConvertedCorrelation, rows: str) -> str:
    numbers = range(1, len(correlation.references) + 1)
    if correlation.kind == TEMPORAL:
        seen = ", ".join(
            f"count(*) filter (where list_contains(steps, {number})) over w > 0 as has_{number}"
            for number in numbers
        )
        counted = " + ".join(f"has_{number}::integer" for number in numbers)
        holds = " or ".join(
            "(" + " and ".join(f"has_{number}" for number in steps) + ")"
            for steps in correlation.alternatives
        )
    else:
        seen, counted, holds = "count(*) over w as counted_events", "counted_events", ""
    return f"""
        select *, {counted} as counted
        from (
            select *, min(occurred_at) over w as began_at, {seen}
            from ({rows}) window w as ({_window(correlation)})
        )
        where {holds or f"{counted} {correlation.operator} {correlation.threshold}"}"""


def _value_windows(correlation: ConvertedCorrelation, rows: str, is_numeric: bool) -> str:
    value = number_of("v.value") if is_numeric else "lower(upper(v.value))"
    aggregate = AGGREGATES[correlation.kind].format(quantile=correlation.quantile)
    return f"""
        select {OF_EVENT}, any_value(shown_keys) as shown_keys, min(began_at) as began_at, any_value(counted) as counted
        from (
            select *, min(occurred_at) over w as began_at, {aggregate} over w as counted
            from (
                select * from (select r.*, {value} as value from ({rows}) as r, unnest(r.found_values) as v(value)) where value is not null
            )
            window w as ({_window(correlation)})
        )
        where counted {correlation.operator} {correlation.threshold}
        group by {OF_EVENT}"""


def _sequence_windows(correlation: ConvertedCorrelation, rows: str) -> str:
    """Of each step the latest moment at which a chain up to it can have begun. Steps may share a moment (CloudTrail has whole
    seconds), but two that follow each other are different events."""
    chains: list[str] = []
    for steps in correlation.alternatives:
        chained = f"select *, case when list_contains(steps, {steps[0]}) then occurred_at end as chain_1 from ({rows})"
        for place, step in enumerate(steps[1:], start=2):
            chained = f"""
                select *, case when list_contains(steps, {step}) then max(chain_{place - 1}) over (
                    partition by keys order by occurred_at range between unbounded preceding and current row exclude current row
                ) end as chain_{place}
                from ({chained})"""
        chains.append(
            f"select {OF_EVENT}, shown_keys, chain_{len(steps)} as began_at, {len(steps)} as counted from ({chained})"
            f" where chain_{len(steps)} >= occurred_at - {correlation.span}"
        )
    return f"""
        select {OF_EVENT}, any_value(shown_keys) as shown_keys, max(began_at) as began_at, max(counted) as counted
        from ({" union all ".join(chains)})
        group by {OF_EVENT}"""


def _window(correlation: ConvertedCorrelation) -> str:
    return (
        f"partition by keys order by occurred_at range between {correlation.span} preceding and current row"
    )
