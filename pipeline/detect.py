"""Detections → `signals`. Sigma rules run over `events` in one pass, Sigma correlations over what their rules matched, and
correlations in SQL over the models of a hunt.

`evaluate_rules_one_by_one` is the plain form of `evaluate_rules`, kept to check it. Literals in this SQL are a rule's, escaped
by the backend; log values never become SQL.
"""

import logging
import time
from collections.abc import Mapping, Sequence, Set

import duckdb

from pipeline.conversion import Runnable, convert_detections
from pipeline.detection import Detection
from pipeline.detection_sources import create_sources, register_sources
from pipeline.errors import DetectionError
from pipeline.matching import MATCH_COLUMNS, match_one_by_one, match_rules
from pipeline.rule_overrides import Suppression
from pipeline.sigma_duckdb import Converted, ConvertedCorrelation, correlation_sql, expression_of_keys

log = logging.getLogger("postreset.detect")

SIGNAL_COLUMNS = (
    "detection varchar, source varchar, tenant_id varchar, event_id varchar, occurred_at timestamp, "
    "reset_id varchar, thing_id varchar, why varchar"
)
DETECTION_COLUMNS = (
    "detection varchar, title varchar, kind varchar, control_domain varchar, points double, level varchar, "
    "content_hash varchar, close_when varchar, rule_id varchar, author varchar, licence varchar, link varchar, "
    "is_imported boolean, waits_for varchar"
)
RULE_COLUMNS = (
    "rule integer, detection varchar, title varchar, credit varchar, is_input boolean, is_counted boolean"
)


def register_detections(con: duckdb.DuckDBPyConnection, detections: Sequence[Detection]) -> None:
    """Make the table `detections`: what each one is worth, whose it is, what closes it and who wrote it; and
    `detection_sources`, the logs that each reads, which evaluating fills."""
    con.execute(f"create or replace table detections ({DETECTION_COLUMNS})")
    create_sources(con)
    rows = [
        (
            d.name, d.title, d.kind, d.control_domain, d.points, d.level, d.content_hash, d.close_when,
            d.id, d.author, d.licence, d.link, d.is_imported, d.waits_for,
        )
        for d in detections
    ]  # fmt: skip
    if rows:
        con.executemany(f"insert into detections values ({', '.join('?' * len(rows[0]))})", rows)


def evaluate_rules(
    con: duckdb.DuckDBPyConnection,
    detections: Sequence[Detection],
    events_relation: str = "events",
    suppressions: Sequence[Suppression] = (),
) -> None:
    """Make `signals` afresh from the Sigma rules and correlations among `detections`, and `suppressed_signals` from those of
    their matches that a suppression names. Raises DetectionError for a rule that cannot be converted."""
    started_at = time.monotonic()
    runnable = convert_detections(detections)
    create_signals(con)
    _register_rules(con, runnable)
    if _has_table(con, "detection_sources"):
        register_sources(con, runnable, (d for d in detections if d.kind == "correlation"))
    match_rules(con, runnable, events_relation, suppressions)
    _write_signals(con, runnable)
    signal_count = _signal_count(con)
    rule_count = len(runnable.rules) + len(runnable.correlations)
    log.info("detect: %d rules, %d signals, %.1f s", rule_count, signal_count, time.monotonic() - started_at)


def evaluate_rules_one_by_one(
    con: duckdb.DuckDBPyConnection,
    detections: Sequence[Detection],
    events_relation: str = "events",
    suppressions: Sequence[Suppression] = (),
) -> None:
    """The same as `evaluate_rules`, one full query a rule: the reference it is checked against."""
    runnable = convert_detections(detections)
    create_signals(con)
    _register_rules(con, runnable)
    match_one_by_one(con, runnable, events_relation, suppressions)
    _write_signals(con, runnable)


def evaluate_correlations(
    con: duckdb.DuckDBPyConnection,
    detections: Sequence[Detection],
    params: Mapping[str, object] | None = None,
) -> None:
    """Append the signals of the correlations in SQL to `signals`; needs `events`, the int_* models and `reach`.

    `params` replaces defaults by parameter name, in every correlation that declares that name.
    """
    if not _has_table(con, "signals"):
        create_signals(con)
    for detection in (d for d in detections if d.kind == "correlation"):
        started_at = time.monotonic()
        bound = {p.name: (params or {}).get(p.name, p.default) for p in detection.parameters}
        before = _signal_count(con)
        _refuse_more_than_a_select(detection)
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


def _refuse_more_than_a_select(detection: Detection) -> None:
    """A file that somebody else wrote must not do more than ask."""
    try:
        statements = duckdb.extract_statements(detection.query)
    except duckdb.Error as error:
        raise DetectionError(f"not SQL ({error})", detection.where(), "mend it") from error
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise DetectionError(
            "the correlation is not one SELECT",
            detection.where(),
            "write one SELECT with the columns of signals",
        )


def create_signals(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"create or replace table signals ({SIGNAL_COLUMNS})")
    con.execute(
        "create or replace temp table suppressed_signals as "
        "select *, null::varchar as suppression from signals limit 0"
    )


def _register_rules(con: duckdb.DuckDBPyConnection, runnable: Runnable) -> None:
    con.execute(f"create or replace temp table rules ({RULE_COLUMNS})")
    counted = {id(rule) for _, correlation in runnable.correlations for rule in correlation.rules}
    rows = [
        (
            number,
            detection.name,
            detection.title,
            detection.credit,
            detection.name in runnable.inputs,
            id(rule) in counted,
        )
        for number, (detection, rule) in enumerate(runnable.rules)
    ]
    if rows:
        con.executemany("insert into rules values (?, ?, ?, ?, ?, ?)", rows)


def _write_signals(con: duckdb.DuckDBPyConnection, runnable: Runnable) -> None:
    """From `rule_matches` to `signals`, those of the correlations among them."""
    why = "rules.title || ': ' || who || case when rules.credit = '' then '' else ' [' || rules.credit || ']' end"
    for table, where, more in (
        ("signals", "suppression is null", ""),
        ("suppressed_signals", "suppression is not null", ", suppression"),
    ):
        con.execute(f"""
            insert into {table} by name
            select rules.detection, {MATCH_COLUMNS}, {why} as why{more}
            from rule_matches inner join rules using (rule)
            where not rules.is_input and {where}
        """)
    numbers = {id(rule): number for number, (_, rule) in enumerate(runnable.rules)}
    rows = con.execute("select distinct rule from rule_matches where suppression is null").fetchall()
    matched = {id(runnable.rules[number][1]) for (number,) in rows}
    for detection, correlation in runnable.correlations:
        if detection.name in runnable.inputs or not _could_hold(correlation, matched):
            continue
        credit = f" [{detection.credit}]" if detection.credit else ""
        sql = correlation_sql(
            correlation,
            lambda rule: f"(from rule_matches where rule = {numbers[id(rule)]} and suppression is null)",
        )
        keys = expression_of_keys(correlation)
        con.execute(
            f"""
            insert into signals by name
            select $detection as detection, {MATCH_COLUMNS},
                $title || ': ' || counted || ' since ' || strftime(began_at, '%Y-%m-%d %H:%M:%S')
                || case when {keys} = '' then '' else ' of ' || {keys} end || $credit as why
            from ({sql}) where is_signal
            """,
            {"detection": detection.name, "title": detection.title, "credit": credit},
        )


def _could_hold(converted: Converted, matched: Set[int]) -> bool:
    """Whether enough of the rules below it have matched. To plan a correlation's SQL takes longer than most take to run."""
    if not isinstance(converted, ConvertedCorrelation):
        return id(converted) in matched
    could = [_could_hold(reference.of, matched) for reference in converted.references]
    if converted.alternatives:
        return any(all(could[step - 1] for step in steps) for steps in converted.alternatives)
    return any(could)


def _signal_count(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("select count(*) from signals").fetchall()[0][0]


def _has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    return (
        con.execute("select 1 from duckdb_tables() where table_name = $name", {"name": name}).fetchone()
        is not None
    )
