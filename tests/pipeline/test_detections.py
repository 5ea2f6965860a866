"""Detections are read from both kinds of file, and every fault is named with its path and line, all at once."""

from pathlib import Path

import pytest

from pipeline.detections import (
    CONTROL_DOMAINS,
    Detection,
    Parameter,
    load_detections,
    read_detection,
    read_detections,
)
from pipeline.errors import DetectionError
from pipeline.settings import resource_root

RULE = """\
title: A Thing Is Done
id: 0b7a2c1e-3f5d-4a68-9c1b-2d3e4f5a6b7c
name: thing_done
status: test
description: |
    Detects a thing. It matters because of another.
references: [https://example.com/report]
author: somebody
date: 2026-11-24
tags: [attack.t1078.004]
logsource: {product: aws, service: cloudtrail}
detection:
    selection: {eventName: DoThing}
    condition: selection
falsepositives: [Somebody does the thing on purpose and says so beforehand.]
level: low
control_domain: sessions
points: 0.5
close_when: The thing is undone.
"""
CORRELATION = (
    "/*\n"
    + RULE.split("logsource")[0].replace("thing_done", "things_done")
    + RULE[RULE.index("falsepositives") :]
    + "params:\n    window: {default: 72h, unit: duration, reason: the span of a hunt}\n*/\n-- One signal. Grain: event.\nselect $window as why\n"
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_both_kinds_give_the_same_dataclass(tmp_path: Path) -> None:
    write(tmp_path, "thing_done.yml", RULE)
    write(tmp_path, "things_done.sql", CORRELATION)
    rule, correlation = load_detections([tmp_path])
    assert (rule.kind, rule.name, rule.points, rule.product, rule.service) == (
        "sigma",
        "thing_done",
        0.5,
        "aws",
        "cloudtrail",
    )
    assert (
        rule.date == "2026-11-24"
        and rule.tags == ("attack.t1078.004",)
        and rule.where("level").endswith("thing_done.yml:16")
    )
    assert (correlation.kind, correlation.name) == ("correlation", "things_done")
    assert correlation.parameters == (Parameter("window", "72h", "duration", "the span of a hunt"),)
    assert correlation.query == "-- One signal. Grain: event.\nselect $window as why"
    assert correlation.where("title").endswith("things_done.sql:2")


def test_a_hash_tells_texts_apart(tmp_path: Path) -> None:
    first = read_detection(write(tmp_path, "a.yml", RULE))
    second = read_detection(write(tmp_path, "b.yml", RULE.replace("DoThing", "DoOther")))
    assert isinstance(first, Detection) and isinstance(second, Detection)
    assert first.content_hash != second.content_hash


def test_all_faults_at_once_with_their_lines(tmp_path: Path) -> None:
    write(
        tmp_path, "a.yml", RULE.replace("level: low", "level: bad").replace("points: 0.5\n", "points: many\n")
    )
    write(tmp_path, "b.yml", "title: [\n")
    write(tmp_path, "c.sql", "select 1\n")
    write(tmp_path, "d.yml", RULE.replace("control_domain: sessions", "control_domain: everything"))
    with pytest.raises(DetectionError) as refused:
        load_detections([tmp_path])
    message = str(refused.value)
    for expected in (
        "a.yml:16: the level 'bad'",
        "a.yml:18: points",
        "b.yml:2:1: not YAML",
        "c.sql:1:1: no leading",
        "d.yml:17: unknown control domain",
    ):
        assert expected in message, message
    assert "5 faults" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("status: test\n", ""), "status is missing"),
        (("tags: [attack.t1078.004]", "tags: attack.t1078.004"), "tags is not a list"),
        (("level: low\n", "level: low\nlevel: high\n"), "'level' is given twice"),
        (("eventName: DoThing", "eventName: DoThing, eventName: Other"), "'eventName' is given twice"),
        (
            ("detection:\n    selection: {eventName: DoThing}\n    condition: selection\n", ""),
            "there is no detection",
        ),
        (
            ("logsource: {product: aws, service: cloudtrail}", "correlation: event_count"),
            "correlation is no mapping",
        ),
        (("points: 0.5", "points: true"), "points are missing or no number"),
    ],
)
def test_faults_of_a_rule(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    assert change[0] in RULE
    problems = read_detection(write(tmp_path, "thing_done.yml", RULE.replace(*change)))
    assert isinstance(problems, list)
    assert any(words in str(problem) for problem in problems), problems


def test_a_parameter_has_default_unit_and_reason(tmp_path: Path) -> None:
    problems = read_detection(
        write(tmp_path, "things_done.sql", CORRELATION.replace(", reason: the span of a hunt", ""))
    )
    assert isinstance(problems, list) and "default, unit and reason" in str(problems[0])


def test_yaml_makes_no_objects(tmp_path: Path) -> None:
    problems = read_detection(write(tmp_path, "a.yml", "title: !!python/object/apply:os.getcwd []\n"))
    assert isinstance(problems, list) and "not YAML" in str(problems[0])


def test_a_missing_folder_is_a_fault(tmp_path: Path) -> None:
    assert "nothing here" in str(read_detections([tmp_path / "absent"])[1][0])


def test_our_own_detections_load() -> None:
    detections = load_detections([resource_root() / "detections"])
    assert {detection.kind for detection in detections} == {"sigma", "sigma_correlation", "correlation"}
    assert {detection.control_domain for detection in detections} == set(CONTROL_DOMAINS)
