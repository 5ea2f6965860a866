"""Which Sigma rule matched which event: table `rule_matches`, in one scan of `events` or rule by rule.

A rule says nothing about most actions, so the (source, action) pairs that occur are asked first which rules can match
them. Each row is then tried by its own rules only, and `raw`, most of a lake's bytes, is read once for all of them.
Rules that name no action share what they need: columns, or pieces of text that must be somewhere in the record.
"""

from collections.abc import Iterable, Mapping, Sequence

import duckdb

from pipeline.conversion import Runnable
from pipeline.detection import Detection
from pipeline.rule_overrides import Suppression, suppression_sql
from pipeline.schema import COLUMNS
from pipeline.sigma_duckdb import ConvertedRule, literal

MATCH_COLUMNS = "source, tenant_id, event_id, occurred_at"
WHO = """coalesce(events.principal_name, events.principal_id, 'somebody the log does not name')
    || coalesce(' on ' || coalesce(events.target_name, events.target_id), '') || coalesce(' from ' || events.source_ip, '')"""
FREE = -1
"""The number of all rules together that name no action."""


def match_rules(
    con: duckdb.DuckDBPyConnection,
    runnable: Runnable,
    events_relation: str,
    suppressions: Sequence[Suppression],
) -> None:
    """Rows made by hand may lack the columns that candidates are found by, so they are asked rule by rule."""
    if _is_of_a_lake(con, events_relation):
        _match_together(con, runnable, events_relation, suppressions)
    else:
        match_one_by_one(con, runnable, events_relation, suppressions)


def match_one_by_one(
    con: duckdb.DuckDBPyConnection,
    runnable: Runnable,
    events_relation: str,
    suppressions: Sequence[Suppression],
) -> None:
    _create_matches(con)
    for number, (detection, rule) in enumerate(runnable.rules):
        con.execute(
            f"""
            insert into rule_matches by name
            select {number} as rule, {_match_expressions(runnable, str(number), {number: suppression_sql(detection, rule, suppressions)})}
            from {identifier(events_relation)} as events
            where list_contains($sources, events.source) and {rule.predicate}
            """,
            {"sources": list(rule.sources)},
        )


def _match_together(
    con: duckdb.DuckDBPyConnection,
    runnable: Runnable,
    events_relation: str,
    suppressions: Sequence[Suppression],
) -> None:
    """Table `rule_matches`: which rule matched which event. One scan: a row meets each rule that its action can satisfy, and
    once, as `FREE`, what all rules that name no action need; only where that holds are they tried."""
    _create_matches(con)
    rules = runnable.rules
    if not rules:
        return
    bounded = [number for number, (_, rule) in enumerate(rules) if rule.action_bound != "true"]
    free = [number for number, (_, rule) in enumerate(rules) if rule.action_bound == "true"]
    _find_rule_actions(con, rules, bounded, free, events_relation)
    # what no action can satisfy is left out: to plan a rule's SQL takes longer than to run it
    met = {row[0] for row in con.execute("select distinct rule from rule_actions").fetchall()}
    bounded = [number for number in bounded if number in met]
    free = free if FREE in met else []
    if not met:
        return
    # The inner CASE makes DuckDB stop at the first AND that is false; as a plain result it would parse `raw` for each.
    tests = [f"when {number} then case when {rules[number][1].predicate} then true end" for number in bounded]
    if free:
        tests.append(f"when {FREE} then {' or '.join(_need(rules[number][1]) for number in free)}")
    tried = [
        f"case when {_need(rules[number][1])} then case when {rules[number][1].predicate} then {number} end end"
        for number in free
    ]
    matched = (
        f"unnest(case rule_actions.rule when {FREE} then [{', '.join(tried)}] else [rule_actions.rule] end)"
    )
    suppressed = {
        number: sql
        for number, (detection, rule) in enumerate(rules)
        if (sql := suppression_sql(detection, rule, suppressions)) != "null"
    }
    con.execute(f"""
        insert into rule_matches by name
        select matched as rule, {_match_expressions(runnable, "matched", suppressed)}
        from (
            select events.*, {matched if free else "rule_actions.rule"} as matched
            from {identifier(events_relation)} as events
            inner join rule_actions
                on events.source = rule_actions.seen_source and events.action is not distinct from rule_actions.seen_action
            where case rule_actions.rule {" ".join(tests)} end
        ) as events
        where matched is not null
    """)


def _need(rule: ConvertedRule) -> str:
    """SQL of what a rule needs that costs little to ask: its sources, columns, pieces of the record's text."""
    sources = ", ".join(literal(source) for source in rule.sources)
    bounds = [bound for bound in (rule.column_bound, rule.text_bound) if bound != "true"]
    # a column settles most, and then the text need not be searched
    return f"(events.source in ({sources}) and {' and '.join(bounds[:1]) or 'true'})"


def _match_expressions(runnable: Runnable, rule: str, suppressed: Mapping[int, str]) -> str:
    """The columns of `rule_matches` but for the rule. The record itself is kept for the rules that a correlation counts."""
    counted = {id(one) for _, correlation in runnable.correlations for one in correlation.rules}
    numbers = [str(number) for number, (_, one) in enumerate(runnable.rules) if id(one) in counted]
    raw = f"case when {rule} in ({', '.join(numbers)}) then events.raw end" if numbers else "null"
    cases = " ".join(f"when {number} then ({sql})" for number, sql in suppressed.items())
    of_event = ", ".join(f"events.{column}" for column in MATCH_COLUMNS.split(", "))
    suppression = f"case {rule} {cases} end" if cases else "null"
    return f"{of_event}, {WHO} as who, {raw} as raw, {suppression} as suppression"


def _find_rule_actions(
    con: duckdb.DuckDBPyConnection,
    rules: Sequence[tuple[Detection, ConvertedRule]],
    bounded: Sequence[int],
    free: Sequence[int],
    events_relation: str,
) -> None:
    """Table `rule_actions`: the actions of a source that can satisfy a rule, one row a rule and action."""
    sources = sorted({source for _, rule in rules for source in rule.sources})
    con.execute(
        f"create or replace temp table seen_actions as "
        f"select distinct source, action from {identifier(events_relation)} where list_contains($sources, source)",
        {"sources": sources},
    )

    def actions(number: int, names: Iterable[str], bound: str) -> str:
        listed = ", ".join(map(literal, names))
        return f"select {number} as rule, source as seen_source, action as seen_action from seen_actions where source in ({listed}) and {bound}"

    selects = [actions(number, rules[number][1].sources, rules[number][1].action_bound) for number in bounded]
    if free:
        names = sorted({source for number in free for source in rules[number][1].sources})
        selects.append(actions(FREE, names, "true"))
    con.execute("create or replace temp table rule_actions as " + "\nunion all\n".join(selects))
    con.execute("drop table seen_actions")


def _create_matches(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create or replace temp table rule_matches (rule integer, source varchar, tenant_id varchar, event_id varchar, "
        "occurred_at timestamp, who varchar, raw varchar, suppression varchar)"
    )


def _is_of_a_lake(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Whether staging has filled it: rows made by hand may lack the columns that candidates are found by."""
    columns = {row[0] for row in con.execute(f"describe {identifier(relation)}").fetchall()}
    return columns.issuperset(name for name, _ in COLUMNS)


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
