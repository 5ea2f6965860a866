"""Detections → `signals`. Sigma rules run over `events` in one pass, correlations over the models of a hunt.

A rule says nothing about most actions, so the (source, action) pairs that occur are asked first which rules can match
them; only those rows' `raw` is then read, each rule on its own rows. `evaluate_rules_one_by_one` is the plain form of
the same thing, kept to check it. Literals in this SQL are a rule's, escaped by the backend; log values never become SQL.
"""

import logging
import time
from collections.abc import Mapping, Sequence

import duckdb

from pipeline.detections import Detection
from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import ConvertedRule, convert, literal

log = logging.getLogger("postreset.detect")

SIGNAL_COLUMNS = (
    "detection varchar, source varchar, tenant_id varchar, event_id varchar, occurred_at timestamp, "
    "reset_id varchar, thing_id varchar, why varchar"
)
DETECTION_COLUMNS = (
    "detection varchar, title varchar, kind varchar, control_domain varchar, points double, level varchar, "
    "content_hash varchar, close_when varchar"
)
WHY = """
    rule_actions.title || ': ' || coalesce(events.principal_name, events.principal_id, 'somebody the log does not name')
    || coalesce(' on ' || coalesce(events.target_name, events.target_id), '') || coalesce(' from ' || events.source_ip, '')
"""


def register_detections(con: duckdb.DuckDBPyConnection, detections: Sequence[Detection]) -> None:
    """Make the table `detections`: what each one is worth, whose it is and what closes it."""
    con.execute(f"create or replace table detections ({DETECTION_COLUMNS})")
    rows = [
        (d.name, d.title, d.kind, d.control_domain, d.points, d.level, d.content_hash, d.close_when)
        for d in detections
    ]
    if rows:
        con.executemany("insert into detections values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def evaluate_rules(
    con: duckdb.DuckDBPyConnection, detections: Sequence[Detection], events_relation: str = "events"
) -> None:
    """Make `signals` afresh from the Sigma rules among `detections`. Raises DetectionError for a rule that cannot be converted."""
    started_at = time.monotonic()
    rules = convert_rules(detections)
    _create_signals(con)
    con.execute(
        "create or replace temp table rule_actions (rule integer, detection varchar, title varchar, seen_source varchar, seen_action varchar)"
    )
    if rules:
        _find_rule_actions(con, rules, events_relation)
        # The inner CASE makes DuckDB stop at the first AND that is false; as a plain result it would parse `raw` for each.
        tests = "\n".join(
            f"when {number} then case when {rule.predicate} then true end"
            for number, (_, rule) in enumerate(rules)
        )
        con.execute(f"""
            insert into signals by name
            select
                rule_actions.detection, events.source, events.tenant_id, events.event_id, events.occurred_at,
                null::varchar as reset_id, null::varchar as thing_id, {WHY} as why
            from {_identifier(events_relation)} as events
            inner join rule_actions
                on events.source = rule_actions.seen_source and events.action is not distinct from rule_actions.seen_action
            where case rule_actions.rule {tests} end
        """)
    con.execute("drop table rule_actions")
    signal_count = _signal_count(con)
    log.info("detect: %d rules, %d signals, %.1f s", len(rules), signal_count, time.monotonic() - started_at)


def evaluate_rules_one_by_one(
    con: duckdb.DuckDBPyConnection, detections: Sequence[Detection], events_relation: str = "events"
) -> None:
    """The same signals as `evaluate_rules`, one full query a rule: the reference it is checked against."""
    _create_signals(con)
    for detection, rule in convert_rules(detections):
        con.execute(
            f"""
            insert into signals by name
            with rule_actions as (select $detection as detection, $title as title)
            select
                rule_actions.detection, events.source, events.tenant_id, events.event_id, events.occurred_at,
                null::varchar as reset_id, null::varchar as thing_id, {WHY} as why
            from {_identifier(events_relation)} as events
            cross join rule_actions
            where list_contains($sources, events.source) and {rule.predicate}
            """,
            {"detection": detection.name, "title": detection.title, "sources": list(rule.sources)},
        )


def evaluate_correlations(
    con: duckdb.DuckDBPyConnection,
    detections: Sequence[Detection],
    params: Mapping[str, object] | None = None,
) -> None:
    """Append the signals of the correlations to `signals`; needs `events`, the int_* models and `reach`.

    `params` replaces defaults by parameter name, in every correlation that declares that name.
    """
    if not _has_table(con, "signals"):
        _create_signals(con)
    for detection in (d for d in detections if d.kind == "correlation"):
        started_at = time.monotonic()
        bound = {p.name: (params or {}).get(p.name, p.default) for p in detection.parameters}
        before = _signal_count(con)
        try:
            con.execute(f"insert into signals by name {detection.query}", bound)
        except duckdb.Error as error:
            raise DetectionError(
                f"the correlation does not run: {error}", detection.where(), "mend its SQL or its params"
            ) from error
        log.info(
            "detect: %s, %d signals, %.1f s",
            detection.name,
            _signal_count(con) - before,
            time.monotonic() - started_at,
        )


def convert_rules(detections: Sequence[Detection]) -> list[tuple[Detection, ConvertedRule]]:
    """The Sigma rules as SQL. One DetectionError names every rule that cannot be converted."""
    converted: list[tuple[Detection, ConvertedRule]] = []
    faults: list[str] = []
    for detection in detections:
        if detection.kind != "sigma":
            continue
        try:
            converted.append((detection, convert(detection.query, detection.where("detection"))))
        except DetectionError as error:
            faults.append(str(error))
    if faults:
        raise DetectionError("\n".join(faults))
    return converted


def unseen_sources(
    con: duckdb.DuckDBPyConnection, detections: Sequence[Detection], events_relation: str = "events"
) -> dict[str, tuple[str, ...]]:
    """Rules that could not match whatever happened: by name, the sources they read of which no event was seen."""
    seen = {
        row[0]
        for row in con.execute(f"select distinct source from {_identifier(events_relation)}").fetchall()
    }
    return {
        detection.name: rule.sources
        for detection, rule in convert_rules(detections)
        if not seen & set(rule.sources)
    }


def _find_rule_actions(
    con: duckdb.DuckDBPyConnection, rules: Sequence[tuple[Detection, ConvertedRule]], events_relation: str
) -> None:
    sources = sorted({source for _, rule in rules for source in rule.sources})
    con.execute(
        f"create or replace temp table seen_actions as "
        f"select distinct source, action from {_identifier(events_relation)} where list_contains($sources, source)",
        {"sources": sources},
    )
    selects = [
        f"select {number} as rule, {literal(detection.name)} as detection, {literal(detection.title)} as title, source, action "
        f"from seen_actions where source in ({', '.join(map(literal, rule.sources))}) and {rule.action_bound}"
        for number, (detection, rule) in enumerate(rules)
    ]
    con.execute("insert into rule_actions " + "\nunion all\n".join(selects))
    con.execute("drop table seen_actions")


def _create_signals(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"create or replace table signals ({SIGNAL_COLUMNS})")


def _signal_count(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select count(*) from signals").fetchone()
    return row[0] if row else 0


def _has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    return (
        con.execute("select 1 from duckdb_tables() where table_name = $name", {"name": name}).fetchone()
        is not None
    )


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
