"""Cases of Sigma correlations: they run on records at times, and each thing that they must show is asked for."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from test_detections import RULE

from pipeline.conversion import convert_detections
from pipeline.detect import evaluate_rules
from pipeline.detection_case_tables import case_tables, insert_rows, read_signals
from pipeline.detection_checks import check_detections, find_inputs
from pipeline.detections import load_detections
from pipeline.settings import resource_root

OTHER = (
    RULE.replace("thing_done", "other_done")
    .replace("A Thing Is Done", "Another Thing Is Done")
    .replace("0b7a2c1e", "1b7a2c1e")
    .replace("DoThing", "DoOther")
)
PAIR = (
    RULE.split("logsource")[0]
    .replace("thing_done", "pair_done")
    .replace("A Thing Is Done", "Both Are Done")
    .replace("0b7a2c1e", "2b7a2c1e")
    + "correlation: {type: temporal_ordered, rules: [thing_done, other_done], generate: true, group-by: [userIdentity.arn], timespan: 10m}\n"
    + RULE[RULE.index("falsepositives") :]
)
ALONE = (
    PAIR.replace("[thing_done, other_done]", "[pair_done_first, pair_done_last]").replace(
        "generate: true, ", ""
    )
    + """\
---
title: First
name: pair_done_first
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: DoThing}, condition: selection}
---
title: Last
name: pair_done_last
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: DoOther}, condition: selection}
"""
)
CASES = """\
records:
  thing: {source: aws_cloudtrail, raw: {eventName: DoThing, userIdentity: {arn: alice}}}
  other: {source: aws_cloudtrail, raw: {eventName: DoOther, userIdentity: {arn: alice}}}
given:
  - {record: thing, at: 2026-03-02 09:00:00}
  - {record: other, at: 2026-03-02 09:10:00}
cases:
  - {case: both, expect: match}
  - {case: a second later, expect: miss, change: {1.at: 2026-03-02 09:10:01}}
  - {case: by two, expect: miss, change: {1.userIdentity.arn: bob}}
  - {case: by nobody, expect: miss, change: {0.userIdentity: null}}
"""
OF_A_RULE = """\
base: {eventName: %s}
cases:
  - {case: done, expect: match}
  - {case: not done, expect: miss, change: {eventName: DoNothing}}
"""


def problems_of(tmp_path: Path, pair: str = PAIR, cases: str | None = CASES) -> list[str]:
    rules, folder = tmp_path / "rules", tmp_path / "cases" / "rules"
    rules.mkdir()
    folder.mkdir(parents=True)
    for name, rule, of_rule in (
        ("thing_done", RULE, OF_A_RULE % "DoThing"),
        ("other_done", OTHER, OF_A_RULE % "DoOther"),
        ("pair_done", pair, cases),
    ):
        (rules / f"{name}.yml").write_text(rule)
        if of_rule is not None:
            (folder / f"{name}.yml").write_text(of_rule)
    problems = check_detections([rules], tmp_path / "cases")
    return [str(problem).replace(str(tmp_path), "") for problem in problems]


def test_a_good_correlation_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == []


def test_what_it_counts_may_stand_in_its_own_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path, ALONE) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  - {case: both, expect: match}\n", "", "no case expects a match"),
        ("{1.at: 2026-03-02 09:10:01}", "{1.userIdentity.arn: eve}", "no case is a miss by time or number"),
        ("{1.userIdentity.arn: bob}", "{1.eventName: DoNothing}", "no case is a miss by another group"),
        ("{0.userIdentity: null}", "{0.eventName: null}", "takes away the group-by field userIdentity.arn"),
        ("09:10:01}", "09:10:00}", "'a second later' does not hold: expected miss, found 1 signals"),
        ("expect: match", "expect: 2", "'both' does not hold: expected 2, found 1 signals"),
        ("expect: match", "expect: [{event_id: '0'}]", "'both' does not hold"),
        ("source: aws_cloudtrail, raw: {eventName: DoO", "source: okta_system, raw: {eventName: DoO", "no rule of the correlation looks at okta_system"),
        ("{record: other,", "{record: nothing,", "a change names a place that the base does not have"),
        ("{record: other,", "{recrod: other, record: other,", "recrod is no key of an event"),
        ("{1.at: 2026-03-02 09:10:01}", "{3.at: 2026-03-02 09:10:01}", "a change names a place"),
        ("{record: thing, at", "{record: thing, every: soon, at", "'soon' is no duration"),
    ],
)  # fmt: skip
def test_faults_of_cases(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in CASES
    assert any(words in problem for problem in problems_of(tmp_path, cases=CASES.replace(old, new)))


def test_cases_are_asked_for(tmp_path: Path) -> None:
    assert "there are no cases" in "".join(problems_of(tmp_path, cases=None))


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (PAIR.replace("generate: true, ", ""), "a correlation silences thing_done"),
        (PAIR.replace("other_done]", "nothing_done]"), "no rule is called 'nothing_done'"),
        (PAIR.replace("timespan: 10m", "timespan: soon"), "cannot be converted"),
        (PAIR.replace("tags: [attack.t1078.004]", "tags: []"), "no ATT&CK technique"),
        (ALONE.replace("pair_done_last", "last"), "does not begin with its file's stem"),
        (ALONE.replace("{eventName: DoOther}", "{eventName|re: '(?=x)'}"), "cannot be converted"),
        (
            ALONE.replace("condition: selection}", "filter: {errorCode: Denied}, condition: selection and not filter}"),
            "no case takes away the negated field errorCode",
        ),
    ],
)  # fmt: skip
def test_faults_of_a_correlation(tmp_path: Path, pair: str, words: str) -> None:
    assert any(words in problem for problem in problems_of(tmp_path, pair))


def test_repetitions_are_numbered(tmp_path: Path) -> None:
    count = PAIR.replace(
        "{type: temporal_ordered, rules: [thing_done, other_done], generate: true,",
        "{type: value_count, rules: [thing_done], generate: true, condition: {field: what, gte: 3},",
    )
    cases = CASES.replace(
        "  - {record: thing, at: 2026-03-02 09:00:00}\n",
        "  - {record: thing, at: 2026-03-02 09:00:00, times: 2, every: 5m, change: {what: 'w{n}'}}\n",
    ).replace("{record: other, at", "{record: thing, change: {what: w3}, at")
    assert problems_of(tmp_path, count, cases) == []


def test_a_false_positive_is_a_text(tmp_path: Path) -> None:
    faulty = PAIR.replace(
        "[Somebody does the thing on purpose and says so beforehand.]",
        "[Somebody: does the thing on purpose, says so.]",
    )
    assert any("is no text" in problem for problem in problems_of(tmp_path, faulty))


def test_our_correlations_silence_no_rule() -> None:
    detections = load_detections([resource_root() / "detections"])
    inputs = find_inputs(detections)
    silent = convert_detections(detections).inputs
    assert silent == {detection.name for detection in detections if id(detection) in inputs}
    assert any(detection.kind == "sigma_correlation" for detection in detections)


@pytest.mark.parametrize(
    ("technique", "found"),
    [
        (
            "aws.persistence.iam-create-admin-user",
            {"identity_created_then_made_administrator", "user_created_then_given_credentials"},
        ),
        ("aws.persistence.iam-create-backdoor-role", {"identity_created_then_made_administrator"}),
        ("aws.credential-access.secretsmanager-retrieve-secrets", {"many_secrets_read"}),
        ("aws.credential-access.ssm-retrieve-securestring-parameters", {"many_parameters_read"}),
        ("aws.defense-evasion.cloudtrail-stop", set()),
        ("aws.exfiltration.ec2-share-ebs-snapshot", set()),
    ],
)
def test_on_records_that_aws_wrote(real_logs: Path, technique: str, found: set[str]) -> None:
    records = json.loads((real_logs / "cloudtrail" / "stratus-red-team" / f"{technique}.json").read_text())
    rows = [
        {
            "event_id": str(number),
            "source": "aws_cloudtrail",
            "occurred_at": datetime.fromisoformat(record["eventTime"]).replace(tzinfo=None),
            "action": record["eventName"],
            "service": record["eventSource"],
            "raw": json.dumps(record),
        }
        for number, record in enumerate(records)
    ]
    detections = load_detections([resource_root() / "detections"])
    names = {detection.name for detection in detections if detection.kind == "sigma_correlation"}
    with case_tables() as con:
        insert_rows(con, "events", rows)
        evaluate_rules(con, detections)
        assert {signal["detection"] for signal in read_signals(con)} & names == found
