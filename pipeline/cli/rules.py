"""`detections list`, `check` and `coverage`: the rule set."""

from pipeline.cli.streams import JsonOption, LakeOption, RulesOption, out, talk, write_json
from pipeline.settings import DEFAULT_LAKE, resource_root


def detections_list(rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Every detection, by control domain."""
    from pipeline.hunt import load_rule_set
    from pipeline.report.tables import rows_view

    columns = ("name", "kind", "control_domain", "points", "level", "title")
    found = sorted(load_rule_set(tuple(rules or ())), key=lambda d: (d.control_domain, d.name))
    rows = [tuple(getattr(d, column) for column in columns) for d in found]
    if as_json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        out().print(rows_view(columns, rows))


def detections_check(rules: RulesOption = None) -> None:
    """Check every detection, run its cases, and say all faults at once."""
    from pipeline.detection_checks import check_detections
    from pipeline.errors import DetectionError

    cases = resource_root() / "tests" / "detections"
    problems = check_detections(
        [resource_root() / "detections", *(rules or [])], cases if cases.is_dir() else None
    )
    if problems:
        raise DetectionError(f"{len(problems)} problems\n" + "\n".join(str(problem) for problem in problems))
    talk().print("detections check: no problems")


def detections_coverage(
    lake: LakeOption = DEFAULT_LAKE, rules: RulesOption = None, as_json: JsonOption = False
) -> None:
    """Which detections can be evaluated on this lake: is there any log of the source they read?"""
    from pipeline.detect import unseen_sources
    from pipeline.hunt import connect, load_rule_set
    from pipeline.lake import Lake
    from pipeline.report.tables import rows_view

    opened = Lake.open(lake)
    con = connect(opened)
    opened.create_events_view(con)
    found = load_rule_set(tuple(rules or ()))
    unseen = unseen_sources(con, found)
    columns = ("name", "evaluable", "sources_never_seen")
    rows = [(d.name, "no" if d.name in unseen else "yes", ", ".join(unseen.get(d.name, ()))) for d in found]
    if as_json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        out().print(rows_view(columns, rows))
