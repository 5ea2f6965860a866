"""Each check finds what it is for, with the path and what to do; our own detections have no problem."""

from pathlib import Path

import pytest
from test_detections import CORRELATION, RULE

from pipeline.detection_checks import check_detections
from pipeline.settings import resource_root

CASES = """\
base: {eventName: DoThing, userIdentity: {type: IAMUser, userName: alice}}
cases:
  - {case: the thing is done, expect: match}
  - {case: another thing, expect: miss, change: {eventName: DoOther}}
"""
NEGATED = RULE.replace(
    "condition: selection", "filter: {userIdentity.userName: bob}\n    condition: selection and not filter"
)
SELECT = "select 'things_done' as detection, 's' as source, 't' as tenant_id, 'e' as event_id, now()::timestamp as occurred_at, 'r' as reset_id, 'x' as thing_id, $window as why"


def problems_of(
    tmp_path: Path, rule: str = RULE, cases: str | None = CASES, name: str = "thing_done.yml"
) -> list[str]:
    rules, cases_root = tmp_path / "aws", tmp_path / "cases"
    rules.mkdir()
    (cases_root / "aws").mkdir(parents=True)
    (rules / name).write_text(rule)
    if cases is not None:
        (cases_root / "aws" / f"{Path(name).stem}.yml").write_text(cases)
    return [str(problem).replace(str(tmp_path), "") for problem in check_detections([rules], cases_root)]


def test_a_good_rule_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == []


def test_our_own_detections_have_no_problem() -> None:
    """Their cases are tests of their own; that each has a whole set of them is asked by `make check`."""
    assert check_detections([resource_root() / "detections"]) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: thing_done", "name: other_thing", "is not the file's stem"),
        (
            "attack.t1078.004",
            "attack.t9999.001",
            "/aws/thing_done.yml:10: the ATT&CK id T9999.001 is not known",
        ),
        ("attack.t1078.004", "attack.mischief, attack.t1078.004", "tactic 'mischief'"),
        ("[attack.t1078.004]", "[]", "no ATT&CK technique"),
        ("A Thing Is Done", "TODO", "placeholder 'TODO'"),
        ("[Somebody does the thing on purpose and says so beforehand.]", "[Unknown]", "says too little"),
        ("[Somebody does the thing on purpose and says so beforehand.]", "[]", "no false positive"),
        (" It matters because of another.", "", "one sentence"),
        ("points: 0.5", "points: 0", "0.0 points"),
        ("points: 0.5", "points: 50", "50.0 points"),
        ("[https://example.com/report]", "[example.com]", "no https address"),
        ("level: low", "level: low\ncsf: [PR.AA-1]", "write NIST CSF 2.0 ids"),
        ("level: low", "level: low\nowasp_nhi: [NHI11:2025]", "write OWASP NHI ids"),
        ("0b7a2c1e-3f5d-4a68-9c1b-2d3e4f5a6b7c", "17", "no UUID"),
        (
            "{eventName: DoThing}",
            "{eventName|re: '(?=x)'}",
            "/aws/thing_done.yml:12: the rule cannot be converted",
        ),
        ("service: cloudtrail", "service: eks", "no source of events"),
        ("control_domain: sessions", "control_domain: x", "unknown control domain"),
    ],
)
def test_faults_of_a_rule(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in RULE
    assert any(words in problem for problem in problems_of(tmp_path, RULE.replace(old, new)))


@pytest.mark.parametrize(
    ("rule", "cases", "words"),
    [
        (RULE, None, "there are no cases"),
        (RULE, "cases: []", "no case file"),
        (RULE, CASES.replace("expect: match", "expect: miss"), "no case expects a match"),
        (
            RULE,
            CASES.replace("expect: match", "expect: miss"),
            "thing_done.yml:3: the case 'the thing is done' does not hold: expected miss, found match",
        ),
        (
            RULE,
            CASES.replace("{eventName: DoOther}", "{eventName: DoOther, a: b}"),
            "no case is a miss by one change",
        ),
        (RULE, CASES.replace("another thing", "the thing is done"), "two cases are called"),
        (RULE, CASES.replace("{eventName: DoOther}", "{eventName.3.x: DoOther}"), "a change names a place"),
        (NEGATED, CASES, "no case takes away the negated field userIdentity.userName"),
        (
            NEGATED,
            CASES + "  - {case: nobody named, expect: match, change: {userIdentity.userName: null}}\n",
            "",
        ),
        (NEGATED, CASES + "  - {case: no identity, expect: match, change: {userIdentity: null}}\n", ""),
    ],
)
def test_faults_of_cases(tmp_path: Path, rule: str, cases: str | None, words: str) -> None:
    problems = problems_of(tmp_path, rule, cases)
    assert any(words in problem for problem in problems) if words else problems == []


def test_ids_titles_and_names_are_unique(tmp_path: Path) -> None:
    for folder in ("aws", "azure"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "thing_done.yml").write_text(RULE)
    problems = [str(problem) for problem in check_detections([tmp_path])]
    assert len(problems) == 3
    assert all("azure/thing_done.yml:" in problem and "aws/thing_done.yml" in problem for problem in problems)


def test_cases_without_a_detection_are_named(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "gone.yml").write_text(CASES)
    assert "belong to no detection" in str(check_detections([tmp_path / "rules"], tmp_path / "cases")[0])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (SELECT, ""),
        (SELECT.replace(" as thing_id", " as thing"), "the columns are"),
        (SELECT.replace("$window", "'w'"), "does not run"),
        (SELECT.replace("$window", "$other"), "does not run"),
        (SELECT + " from int_nothing", "does not run"),
        ("selec 1", "does not parse"),
        ("drop table signals", "not one SELECT"),
        (f"{SELECT}; {SELECT}", "not one SELECT"),
    ],
)
def test_faults_of_a_correlation(tmp_path: Path, query: str, words: str) -> None:
    path = tmp_path / "things_done.sql"
    path.write_text(CORRELATION.replace("select $window as why", query))
    problems = [str(problem) for problem in check_detections([tmp_path])]
    assert any(words in problem for problem in problems) if words else problems == []
