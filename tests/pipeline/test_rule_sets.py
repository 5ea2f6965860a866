"""Rules of others: every fault is told with its place, the others load, and whose they are goes into every signal."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.detect import evaluate_rules, register_detections
from pipeline.detections import load_detections
from pipeline.errors import DetectionError, SettingsError
from pipeline.imported_rules import Origin, control_domain, find_origin
from pipeline.rule_sets import RuleFilter, RuleSet, load_rule_set
from pipeline.schema import create_empty_events
from pipeline.settings import resource_root

OWN = resource_root() / "detections"
TODAY = date(2026, 11, 24)
RULE = """\
title: A Key Is Made
id: bbbbbbbb-0000-4000-8000-000000000001
status: stable
author: Ann Author
tags: [attack.persistence, attack.t1098.001]
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {eventName: CreateAccessKey}
    condition: selection
level: high
"""
LOOK_AROUND = RULE.replace("{eventName: CreateAccessKey}", "{'eventName|re': '^(?!Get)'}")


def with_id(text: str, number: int) -> str:
    return text.replace("000000000001", f"{number:012}")


def load(folder: Path, files: dict[str, str], **more: object) -> RuleSet:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_rule_set(OWN, [folder], today=TODAY, **more)  # type: ignore[arg-type]


def theirs(rule_set: RuleSet) -> list[str]:
    return [detection.name for detection in rule_set.detections if detection.is_imported]


def test_a_foreign_rule_loads_with_defaults(tmp_path: Path) -> None:
    rule_set = load(tmp_path, {"key_made.yml": RULE})
    (rule,) = (detection for detection in rule_set.detections if detection.is_imported)
    assert (rule.name, rule.control_domain, rule.points, rule.author) == (
        "key_made",
        "non_human_identities",
        1.0,
        "Ann Author",
    )
    assert rule_set.problems == () and rule.close_when
    assert len(rule_set.detections) == len(load_detections([OWN])) + 1


BAD = {
    "broken.yml": ("title: [\n", 2, "not YAML"),
    "object.yml": ("title: !!python/object/apply:os.getcwd []\n", 1, "not YAML"),
    "modifier.yml": (RULE.replace("eventName:", "eventName|fuzzy:"), 8, "fuzzy"),
    "placeholder.yml": (RULE.replace("{eventName: CreateAccessKey}", "{'eventName|expand': '%calls%'}"), 8, "placeholder"),
    "pipe.yml": (RULE.replace("condition: selection", "condition: selection | count() by x > 5"), 9, "pipe"),
    "look_around.yml": (LOOK_AROUND, 8, "RE2|Regular"),
    "no_title.yml": (RULE.replace("title: A Key Is Made\n", ""), 1, "without a title"),
    "no_detection.yml": ("title: A workflow\non: push\njobs: {}\n", 1, "neither detection nor correlation"),
    "list.yml": ("- a\n- b\n", 1, "not a mapping"),
    "empty.yml": ("# nothing\n", 1, "nothing in it"),
    "alias_bomb.yml": ("a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)), 6, "aliases"),
    "itself.yml": ("title: t\ndetection: &d {s: *d}\n", 2, "holds itself"),
    "deep.yml": ("title: " + "[" * 50_000, 1, "nested too deep"),
    "double.yml": (RULE + "level: low\n", 11, "given twice"),
    "action.yml": ("action: global\n" + RULE, 1, "given it up"),
    "filter.yml": ("title: f\nlogsource: {product: aws}\nfilter: {rules: [x], selection: {a: b}, condition: selection}\n", 1, "Sigma filter"),
    "nowhere.yml": ("title: c\ncorrelation: {type: event_count, rules: [nowhere], timespan: 5m, condition: {gte: 2}}\n", 2, "nowhere"),
    "turning.yml": ("title: c\nname: c\ncorrelation: {type: event_count, rules: [c], timespan: 5m, condition: {gte: 2}}\n", 3, "itself"),
}  # fmt: skip


def test_every_fault_is_told_and_the_others_load(tmp_path: Path) -> None:
    files = {name: with_id(text, 100 + number) for number, (name, (text, _, _)) in enumerate(BAD.items())}
    rule_set = load(tmp_path, files | {"good.yml": RULE})
    (tmp_path / "huge.yml").write_text("title: " + "x" * 10_000_000)
    (tmp_path / "bytes.yml").write_bytes(b"title: \xff\xfe\n")
    rule_set = load(tmp_path, {})
    assert theirs(rule_set) == ["good"]
    told = {problem.path.name: problem for problem in rule_set.problems}
    assert told.keys() == {*BAD, "huge.yml", "bytes.yml"}
    for name, (_, line, words) in BAD.items():
        assert told[name].line == line, told[name]
        assert any(word in str(told[name]) for word in words.split("|")), told[name]
    assert "larger than" in told["huge.yml"].what and "cannot be read" in told["bytes.yml"].what
    assert str(told["modifier.yml"]).startswith(f"{tmp_path}/modifier.yml:8:17: ")


def test_what_is_no_fault_is_counted(tmp_path: Path) -> None:
    windows = RULE.replace(
        "{product: aws, service: cloudtrail}", "{product: windows, category: process_creation}"
    )
    rule_set = load(
        tmp_path,
        {
            "a.yml": with_id(windows, 2),
            "b.yml": with_id(windows, 3),
            "README.md": "#",
            ".github/x.yml": "a: 1",
            "c.py": "",
            "d.yaml": RULE,
        },
    )
    assert theirs(rule_set) == ["d"] and rule_set.problems == ()
    assert rule_set.passed_over == {
        "other files (.md)": 1,
        "other files (.py)": 1,
        "rules of logs that are not read here (windows)": 2,
    }


def test_of_two_rules_with_one_id_the_first_stays(tmp_path: Path) -> None:
    rule_set = load(
        tmp_path,
        {"a.yml": RULE, "b.yml": RULE.replace("A Key", "Another Key"), "sub/a.yml": with_id(RULE, 5)},
    )
    assert theirs(rule_set) == ["a", "a_bbbbbbbb"]
    (problem,) = rule_set.problems
    assert problem.path.name == "b.yml" and problem.line == 2 and "a.yml:2" in problem.what


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ({"statuses": ["stable"]}, ["low", "made"]),
        ({"statuses": ["test"]}, ["other"]),
        ({"levels": ["high+"]}, ["made"]),
        ({"levels": ["low", "medium"]}, ["low", "other"]),
        ({"products": ["AWS"]}, ["low", "made"]),
        ({"tags": ["attack.t1098"]}, ["low", "made", "other"]),
        ({"tags": ["attack.t1098.001"], "products": ["azure"]}, []),
        ({"tags": ["attack.t109"]}, []),
        ({}, ["low", "made", "other"]),
    ],
)
def test_filters(tmp_path: Path, words: dict[str, list[str]], names: list[str]) -> None:
    other = (
        with_id(RULE, 2)
        .replace("stable", "test")
        .replace("level: high", "level: medium")
        .replace("t1098.001", "t1098.003")
    )
    files = {
        "made.yml": RULE,
        "low.yml": with_id(RULE, 3).replace("level: high", "level: low"),
        "other.yml": other.replace(
            "{product: aws, service: cloudtrail}", "{product: azure, service: auditlogs}"
        ),
    }
    rule_set = load(tmp_path, files, wanted=RuleFilter.of(**words))
    assert theirs(rule_set) == names
    assert len(rule_set.detections) - len(names) == len(load_detections([OWN])), "ours always run"


def test_a_filter_of_unknown_words_is_refused() -> None:
    with pytest.raises(SettingsError, match="'hihg' is no level"):
        RuleFilter.of(levels=["hihg+"])
    with pytest.raises(SettingsError, match="'new' is no status"):
        RuleFilter.of(statuses=["new"])


def test_a_correlation_keeps_what_it_counts(tmp_path: Path) -> None:
    correlation = "title: Many keys\nstatus: stable\nlevel: high\ncorrelation: {type: event_count, rules: [base], timespan: 5m, condition: {gte: 2}}\n"
    files = {
        "many.yml": correlation,
        "base.yml": RULE.replace("level: high", "level: low\nname: base").replace("stable", "test"),
    }
    rule_set = load(tmp_path, files, wanted=RuleFilter.of(levels=["high"]))
    assert theirs(rule_set) == ["base", "many"]


def test_one_of_ours_with_a_fault_stops_the_run(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.yml").write_text(LOOK_AROUND)
    with pytest.raises(DetectionError, match=r"a\.yml:8:\d+"):
        load_rule_set(own, today=TODAY)


OVERRIDES = """\
overrides:
    - {rule: key_made, level: low, points: 0.1, reason: it happens every day}
    - {rule: key_lost, enabled: false, reason: not wanted}
    - {rule: no_such_rule, level: low, reason: misspelt}
    - {rule: key_made, level: severe, reason: no such level}
    - {rule: key_made, points: 1}
suppressions:
    - {rule: key_made, values: {userIdentity.userName: [deploy, 'robot*'], sourceIPAddress: 192.0.2.7}, reason: the pipeline, expires: 2026-12-31}
    - {rule: bbbbbbbb-0000-4000-8000-000000000001, values: {userIdentity.userName: carol}, reason: on leave, expires: 2026-11-23}
    - {rule: key_made, values: {}, reason: everything, expires: 2026-12-31}
    - {rule: key_made, values: {'userName|contains': a}, reason: a pattern, expires: 2026-12-31}
    - {rule: key_made, values: {a: b}, reason: no end}
"""


def with_overrides(tmp_path: Path) -> RuleSet:
    path = tmp_path / "overrides.yml"
    path.write_text(OVERRIDES)
    rules = tmp_path / "rules"
    return load(rules, {"key_made.yml": RULE, "key_lost.yml": with_id(RULE, 2)}, overrides_file=path)


def test_overrides_change_what_a_rule_is_worth(tmp_path: Path) -> None:
    rule_set = with_overrides(tmp_path)
    (rule,) = (detection for detection in rule_set.detections if detection.is_imported)
    assert (rule.name, rule.level, rule.points) == ("key_made", "low", 0.1)
    assert [(problem.line, problem.what) for problem in rule_set.problems] == [
        (1, "no_such_rule names no detection that is loaded"),
        (5, "unknown level 'severe'"),
        (6, "reason is missing"),
        (10, "values names no field, which would suppress every match"),
        (11, "userName|contains is not asked for exact values"),
        (12, "expires is missing"),
    ]


def test_an_expired_suppression_is_reported_and_not_applied(tmp_path: Path) -> None:
    rule_set = with_overrides(tmp_path)
    assert [suppression.reason for suppression in rule_set.suppressions] == ["the pipeline"]
    assert [suppression.reason for suppression in rule_set.expired] == ["on leave"]


def events_of(*records: dict[str, object]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    create_empty_events(con, temp=False)
    for number, record in enumerate(records):
        con.execute(
            "insert into events (event_id, source, action, raw) values (?, 'aws_cloudtrail', 'CreateAccessKey', ?)",
            [str(number), json.dumps(record | {"eventName": "CreateAccessKey"})],
        )
    return con


def test_a_suppression_hides_exact_values_and_counts_them(tmp_path: Path) -> None:
    rule_set = with_overrides(tmp_path)
    con = events_of(
        {"userIdentity": {"userName": "Deploy"}, "sourceIPAddress": "192.0.2.7"},
        {"userIdentity": {"userName": "deploy"}, "sourceIPAddress": "192.0.2.8"},
        {"userIdentity": {"userName": "robot*"}, "sourceIPAddress": "192.0.2.7"},
        {"userIdentity": {"userName": "robot7"}, "sourceIPAddress": "192.0.2.7"},
        {"userIdentity": {"userName": "carol"}},
        {},
    )
    evaluate_rules(con, rule_set.detections, suppressions=rule_set.suppressions)
    found = con.execute("select event_id from signals where detection = 'key_made' order by all").fetchall()
    hidden = con.execute("select event_id, suppression from suppressed_signals order by all").fetchall()
    assert [row[0] for row in found] == ["1", "3", "4", "5"]
    assert hidden == [("0", "the pipeline (until 2026-12-31)"), ("2", "the pipeline (until 2026-12-31)")]


def test_a_suppression_keeps_events_from_being_counted(tmp_path: Path) -> None:
    correlation = "title: Many keys\ncorrelation: {type: event_count, rules: [bbbbbbbb-0000-4000-8000-000000000001], group-by: [sourceIPAddress], timespan: 5m, condition: {gte: 2}}\n"
    path = tmp_path / "overrides.yml"
    path.write_text(
        "suppressions:\n  - {rule: key_made, values: {sourceIPAddress: 192.0.2.7}, reason: r, expires: 2026-12-31}\n"
    )
    rule_set = load(tmp_path / "rules", {"key_made.yml": RULE, "many.yml": correlation}, overrides_file=path)
    con = events_of(
        *({"sourceIPAddress": address} for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.8"))
    )
    con.execute("update events set occurred_at = timestamp '2026-03-02'")
    evaluate_rules(con, rule_set.detections, suppressions=rule_set.suppressions)
    (row,) = con.execute("select detection, why from signals").fetchall()
    assert row[0] == "many" and "2 since 2026-03-02 00:00:00 of sourceIPAddress=192.0.2.8" in row[1]


def test_the_author_goes_into_every_signal(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".git" / "refs" / "heads").mkdir(parents=True)
    (checkout / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (checkout / ".git" / "refs" / "heads" / "main").write_text("0123456789abcdef0123456789abcdef01234567\n")
    (checkout / ".git" / "config").write_text(
        '[remote "origin"]\n\turl = https://user:secret@git.example.com/team/rules.git\n'
    )
    (checkout / "LICENSE.Detection.Rules.md").write_text("# Detection Rule License (DRL) 1.1\n")
    rule_set = load(checkout / "rules", {"key_made.yml": RULE})
    con = events_of({})
    evaluate_rules(con, rule_set.detections)
    (why,) = con.execute("select why from signals where detection = 'key_made'").fetchall()[0]
    link = (
        "https://git.example.com/team/rules/blob/0123456789abcdef0123456789abcdef01234567/rules/key_made.yml"
    )
    assert why.endswith(
        f"[imported, by Ann Author, rule bbbbbbbb-0000-4000-8000-000000000001, DRL 1.1, {link}]"
    )
    register_detections(con, rule_set.detections)
    row = con.execute(
        "select author, rule_id, licence, link, is_imported from detections where detection = 'key_made'"
    ).fetchone()
    assert row == ("Ann Author", "bbbbbbbb-0000-4000-8000-000000000001", "DRL 1.1", link, True)


def test_a_folder_that_is_no_checkout_has_no_origin(tmp_path: Path) -> None:
    assert find_origin(tmp_path) == Origin(tmp_path)
    assert (
        Origin(tmp_path, "https://git.example.com/a/b").link(tmp_path / "x.yml")
        == "https://git.example.com/a/b"
    )


@pytest.mark.parametrize(
    ("tags", "domain"),
    [
        (["attack.persistence", "attack.t1098.001"], "non_human_identities"),
        (["attack.t1098.003"], "entitlements"),
        (["attack.credential_access"], "secrets"),
        (["attack.credential-access", "attack.t1110.003"], "sessions"),
        (["cve.2024-1"], "sessions"),
        (None, "sessions"),
        ("attack.t1530", "sessions"),
    ],
)
def test_control_domains_follow_attack(tags: object, domain: str) -> None:
    assert control_domain(tags) == domain
