"""From the tables of a hunt to its result: one reset's score, findings, reach, timeline and visibility as one document."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import duckdb

from pipeline import __version__
from pipeline.evaluability import Coverage
from pipeline.models import Parameter
from pipeline.report.narrative import counted
from pipeline.report.result import (
    AutomationTie,
    BandPart,
    DetectionVisibility,
    Finding,
    FollowedIdentity,
    Hunt,
    Identity,
    Reached,
    Reset,
    ScorePart,
    Visibility,
    VisibilityHour,
    timeline_table,
)
from pipeline.rule_sets import RuleSet
from pipeline.visibility import visibility_hours, visibility_statements

VERDICTS = ((75, "likely_takeover"), (40, "suspicious"), (20, "unclear"), (0, "likely_benign"))
VERDICT_WORDS = {
    "likely_takeover": "Likely a takeover",
    "suspicious": "Suspicious",
    "unclear": "Unclear",
    "likely_benign": "Likely benign",
}


def read_hunt(
    con: duckdb.DuckDBPyConnection,
    reset_id: str,
    parameters: dict[str, Parameter],
    snapshot_id: int,
    rule_set: RuleSet,
    coverage: Coverage,
) -> Hunt:
    """The result of one reset. Needs every model built with these parameters (`window` and `look_back` among them)."""
    window, look_back = parameters["window"], parameters["look_back"]
    assert isinstance(window, timedelta)
    where = {"reset_id": reset_id}
    reset = Reset.from_row(read_rows(con, "select * from int_resets where reset_id = $reset_id", where)[0])
    (scores,) = read_rows(con, "select * from scores where reset_id = $reset_id", where)
    parts = ScorePart.from_rows(
        read_rows(
            con,
            "select * from score_parts where reset_id = $reset_id order by detection is null desc, points desc, part_id",
            where,
        )
    )
    findings = Finding.from_rows(
        read_rows(
            con,
            "select * from findings where reset_id = $reset_id order by points desc, control_domain",
            where,
        )
    )
    reach = Reached.from_rows(
        read_rows(
            con,
            "select * from reach where reset_id = $reset_id order by first_reached_at, depth, thing_id",
            where,
        )
    )
    timeline = con.sql("select * from timeline where reset_id = $reset_id", params=where).to_arrow_table()
    window_to = reset.occurred_at + window
    given = [parameters["inventory"]] if "inventory" in parameters else []
    identity = json.dumps([reset_id, str(window), str(look_back), snapshot_id, rule_set.content_hash, *given])
    statements = visibility_statements(con, reset_id, reset.occurred_at, window_to)
    statements[:0] = [*_waiting_statements(con, reset_id), *_cut_statements(con, reset_id)]
    statements += [*([coverage.sentence] if coverage.sentence else []), *_rule_statements(con, rule_set)]
    verdict = next(name for floor, name in VERDICTS if scores["score"] >= floor)
    return Hunt(
        hunt_id=_hunt_id(reset, identity),
        reset=reset,
        score=scores["score"],
        score_low=scores["score_low"],
        score_high=scores["score_high"],
        score_band=BandPart.from_rows(
            read_rows(
                con,
                "select * from score_bands where reset_id = $reset_id order by kind, control_domain",
                where,
            )
        ),
        log_odds=scores["log_odds"],
        verdict=verdict,
        verdict_sentence=_verdict_sentence(verdict, parts, findings, reach),
        score_parts=parts,
        findings=findings,
        reach=reach,
        timeline=timeline_table(timeline),
        visibility=Visibility(
            hours=VisibilityHour.from_rows(visibility_hours(con, reset.occurred_at, window_to)),
            statements=tuple(statements),
            detections=tuple(
                DetectionVisibility(name=rule.name, evaluable=rule.verdict, why=rule.why)
                for rule in coverage.rules
                if rule.verdict != "evaluable"
            ),
        ),
        window_from=reset.occurred_at,
        window_to=window_to,
        parameters={key: str(value) for key, value in sorted(parameters.items())},
        lake_snapshot_id=str(snapshot_id),
        rule_set_hash=rule_set.content_hash,
        versions=_versions(),
        identities=Identity.from_rows(
            read_rows(
                con,
                "select * from int_identities where person_id = $person_id order by alias",
                {"person_id": reset.person_id},
            )
        ),
        automation_ties=AutomationTie.from_rows(
            read_rows(
                con,
                "select * from int_automation_ties where reset_id = $reset_id order by confidence desc, thing, how",
                where,
            )
        ),
        followed_identities=FollowedIdentity.from_rows(
            read_rows(
                con,
                "select * from followed_identities where reset_id = $reset_id order by made_at, thing_id",
                where,
            )
        ),
        detection_titles={d.name: d.title for d in rule_set.detections},
        detection_levels={d.name: d.level for d in rule_set.detections},
        detection_credits={d.name: d.credit for d in rule_set.detections if d.credit},
    )


def _cut_statements(con: duckdb.DuckDBPyConnection, reset_id: str) -> list[str]:
    """Which paths were not followed to their end."""
    cuts = con.execute(
        "select thing_id, why from reach_cuts where reset_id = $reset_id order by thing_id, kind",
        {"reset_id": reset_id},
    ).fetchall()
    return [f"Not followed beyond {thing_id}: {why}." for thing_id, why in cuts]


def _waiting_statements(con: duckdb.DuckDBPyConnection, reset_id: str) -> list[str]:
    """Which signals about what did not happen are not counted yet, and until when."""
    waiting = con.execute(
        """select detection, source, any_value(waits_for), count(*), any_value(complete_until), any_value(complete_needed_at)
        from waiting_signals where reset_id = $reset_id group by detection, source order by all""",
        {"reset_id": reset_id},
    ).fetchall()
    return [
        f"Waiting, {_times(count)}: {detection} counts once {source} is complete past {needed:%Y-%m-%d %H:%M} UTC and "
        f"{waits_for} is still not in it; it is complete until {complete:%Y-%m-%d %H:%M}."
        for detection, source, waits_for, count, complete, needed in waiting
    ]


def _rule_statements(con: duckdb.DuckDBPyConnection, rule_set: RuleSet) -> list[str]:
    """What the user's own rules and suppressions keep from sight."""
    suppressed = con.execute(
        "select suppression, count(*) from suppressed_signals group by all order by all"
    ).fetchall()
    statements = [f"Suppressed, {_times(count)}: {reason}." for reason, count in suppressed]
    if rule_set.expired:
        listed = ", ".join(sorted({suppression.rule for suppression in rule_set.expired}))
        statements.append(f"Suppressions that have expired are not applied: {listed}.")
    if rule_set.problems:
        noun = "rule that was given does" if len(rule_set.problems) == 1 else "rules that were given do"
        statements.append(f"{len(rule_set.problems)} {noun} not load: `postreset detections check` says why.")
    return statements


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _hunt_id(reset: Reset, identity: str) -> str:
    """When, who, and a hash of everything that decides the result: `20260302T0914Z-alice-0f3a9c21`."""
    name = re.sub(r"[^a-z0-9]+", "-", re.split(r"[@]", reset.person.rpartition("/")[2])[0].lower()).strip(
        "-"
    )[:40]
    return f"{reset.occurred_at:%Y%m%dT%H%MZ}-{name or 'unnamed'}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def _verdict_sentence(
    verdict: str, parts: Sequence[ScorePart], findings: Sequence[Finding], reach: Sequence[Reached]
) -> str:
    signal_count = sum(part.detection is not None for part in parts)
    beyond = sum(1 for thing in reach if thing.depth > 0)
    words = VERDICT_WORDS[verdict]
    if not signal_count:
        return f"{words}: no detection matched what followed the reset; {len(reach)} sessions and credentials were followed."
    return (
        f"{words}: {counted(signal_count, 'signal')}, findings in {counted(len(findings), 'control domain')}; "
        f"{counted(len(reach), 'thing')} reached, {beyond} of them beyond the person's own sessions."
    )


def _versions() -> dict[str, str]:
    found = {"postreset": __version__}
    for package in ("duckdb", "pyiceberg", "pysigma"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def read_rows(
    con: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    cursor = con.execute(query, parameters or {})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
