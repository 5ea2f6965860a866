"""`detections list`, `check`, `coverage` and `scan`: the rule set, and its signals over the lake."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from pipeline.cli.rule_choice import chosen_rules, rule_settings, tell_problems
from pipeline.cli.streams import (
    ConfigOption,
    JsonOption,
    LakeOption,
    OnlyOption,
    OverridesOption,
    RulesOption,
    out,
    talk,
    utc_now,
    write_json,
)
from pipeline.settings import DEFAULT_LAKE, resource_root


class Shown(StrEnum):
    all = "all"
    blind = "blind"
    doubtful = "doubtful"


def detections_list(
    rules: RulesOption = None,
    only: OnlyOption = None,
    overrides: OverridesOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every detection, by control domain."""
    from pipeline.conversion import convert_detections
    from pipeline.report.tables import rows_view

    rule_set = chosen_rules(rules, only, overrides, config)
    columns = ("name", "kind", "control_domain", "points", "level", "title")
    told = ("id", "status", "tags", "author", "licence", "link", "is_imported", "content_hash")
    inputs = convert_detections(rule_set.detections).inputs  # parts of correlations
    found = sorted(
        (d for d in rule_set.detections if d.name not in inputs), key=lambda d: (d.control_domain, d.name)
    )
    if as_json:
        write_json([{column: getattr(d, column) for column in (*columns, *told)} for d in found])
        return
    rows = [tuple(getattr(d, column) for column in columns) for d in found]
    out().print(rows_view(columns, rows))
    for reason, count in rule_set.passed_over.items():
        out().print(f"left out: {reason}: {count}", markup=False)


def detections_check(
    rules: RulesOption = None,
    only: OnlyOption = None,
    overrides: OverridesOption = None,
    config: ConfigOption = None,
) -> None:
    """Check every detection and say all faults at once: those of your folders and overrides, or else ours with their cases."""
    from pipeline.detection_checks import check_detections
    from pipeline.errors import DetectionError
    from pipeline.rule_sets import load_rules

    brought = rule_settings(rules, only, overrides, config)
    cases = resource_root() / "tests" / "detections"
    has_cases = cases.is_dir() and not brought.folders and not brought.overrides
    problems = check_detections([resource_root() / "detections"], cases if has_cases else None)
    if not problems:
        rule_set = load_rules(brought, utc_now().date())
        problems = list(rule_set.problems)
        for reason, count in rule_set.passed_over.items():
            talk().print(f"left out: {reason}: {count}", markup=False)
        loaded = sum(detection.is_imported for detection in rule_set.detections)
        if loaded or problems:
            talk().print(f"{loaded} rules of others load, {len(problems)} faults", markup=False)
    if problems:
        tell_problems(tuple(problems))
        noun = "problem" if len(problems) == 1 else "problems"
        raise DetectionError(f"{len(problems)} {noun}, listed above")
    talk().print("detections check: no problems")


def detections_coverage(
    lake: LakeOption = DEFAULT_LAKE,
    rules: RulesOption = None,
    only: OnlyOption = None,
    overrides: OverridesOption = None,
    config: ConfigOption = None,
    show: Annotated[
        Shown, typer.Option("--show", help="all, blind (not or partly evaluable), or doubtful.")
    ] = Shown.all,
    as_json: JsonOption = False,
) -> None:
    """Which detections could match on this lake at all: are the logs, the fields and the values there that they ask for?"""
    from pipeline.evaluability import assess
    from pipeline.hunt import connect
    from pipeline.lake import Lake
    from pipeline.report.tables import rows_view

    rule_set = chosen_rules(rules, only, overrides, config)
    opened = Lake.open(lake)
    con = connect(opened)
    opened.create_events_view(con)
    coverage = assess(con, rule_set.detections)
    shown = [
        rule
        for rule in coverage.rules
        if show is Shown.all or (rule.verdict != "evaluable" if show is Shown.blind else rule.doubts)
    ]
    bound, imported = coverage.binding()
    if as_json:
        write_json(
            {
                "rules": [{**asdict(rule), "is_bound": rule.is_bound} for rule in shown],
                "sources": [asdict(looked) for looked in coverage.looked],
                "binding": {"bound": bound, "imported": imported},
            }
        )
        return
    columns = ("name", "evaluable", "why", "never seen and doubtful")
    rows: list[tuple[Any, ...]] = [
        (
            rule.name,
            {"evaluable": "yes", "partly": "partly"}.get(rule.verdict, "no"),
            rule.why,
            "; ".join(f"{doubt.field} {doubt.value}: {doubt.reason}, {doubt.hint}" for doubt in rule.doubts),
        )
        for rule in shown
    ]
    out().print(rows_view(columns, rows))
    out().print(coverage.sentence or "Every detection is evaluable on this lake.", markup=False)
    sampled = [looked for looked in coverage.looked if not looked.is_whole]
    for looked in sampled:
        out().print(
            f"{looked.source}: {looked.events_looked_at:,} of {looked.events:,} events were looked at, of each action some",
            markup=False,
        )
    if imported:
        out().print(
            f"Binding: {bound} of {imported} rules of others name only fields and values that were seen here.",
            markup=False,
        )


def detections_scan(
    lake: LakeOption = DEFAULT_LAKE,
    again: Annotated[
        list[str] | None,
        typer.Option(
            "--again", help="Run this rule over all events once more, or `changed`; may be repeated."
        ),
    ] = None,
    rules: RulesOption = None,
    only: OnlyOption = None,
    overrides: OverridesOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Match the detections with the events that came since the last scan, and keep their signals in the lake's folder."""
    from pipeline.errors import SettingsError
    from pipeline.lake import Lake
    from pipeline.scan import changed_rules, rescan, scan_new

    rule_set = chosen_rules(rules, only, overrides, config)
    opened = Lake.open(lake)
    summary = scan_new(opened, rule_set.detections, utc_now(), rule_set.suppressions)
    if again:
        names = {d.name for d in rule_set.detections}
        wanted = {name for name in again if name != "changed"}
        if strange := sorted(wanted - names):
            raise SettingsError(
                f"no detection is called {strange[0]!r}", hint="see `postreset detections list`"
            )
        if "changed" in again:
            wanted |= set(changed_rules(opened, rule_set.detections))
        summary = rescan(
            opened, rule_set.detections, sorted(wanted), utc_now(), suppressions=rule_set.suppressions
        )
    if as_json:
        write_json(asdict(summary))
        return
    out().print(
        f"{summary.event_count:,} events, {summary.signal_count:,} new signals, {summary.suppressed_count:,} suppressed",
        markup=False,
    )
    if summary.unscanned:
        are = "rule is" if len(summary.unscanned) == 1 else "rules are"
        out().print(
            f"{len(summary.unscanned)} {are} new or changed and did not see earlier events: "
            "`postreset detections scan --again changed`",
            markup=False,
        )
