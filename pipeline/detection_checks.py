"""What a detection must show before it may run: that it says who, what and why, and that its cases hold.

A check is a name for what is wrong and what to do about it. All problems of all files are reported at once.
"""

import csv
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipeline.case_checks import check_cases, check_leftover_cases
from pipeline.conversion import convert_what_can_be
from pipeline.correlation_cases import convert_correlation_of
from pipeline.detection_cases import correlation_columns
from pipeline.detection_files import HEADER
from pipeline.detections import Detection, Problem, read_detections
from pipeline.errors import DetectionError
from pipeline.settings import resource_root
from pipeline.sigma_duckdb import convert

Fault = tuple[str, str, str]
"""The key whose line it concerns, what is wrong, and what to do."""

SIGNAL_COLUMNS = [
    "detection",
    "source",
    "tenant_id",
    "event_id",
    "occurred_at",
    "reset_id",
    "thing_id",
    "why",
]
PLACEHOLDERS = re.compile(
    r"\b(todo|fixme|tbd|xxx+|lorem|placeholder|unknown|n/a|legitimate (admin\w*|activity|use))\b",
    re.IGNORECASE,
)
MIN_FALSE_POSITIVE_WORDS = 6
MAX_POINTS = 5.0
FRAMEWORKS = {
    "owasp_nhi": (re.compile(r"NHI([1-9]|10):2025"), "write OWASP NHI ids as NHI1:2025 to NHI10:2025"),
    "csf": (re.compile(r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-\d{2}"), "write NIST CSF 2.0 ids as PR.AA-01"),
    "maestro": (re.compile(r"L[1-7]"), "write MAESTRO layers as L1 to L7"),
}


def check_detections(folders: Sequence[Path], cases_root: Path | None = None) -> list[Problem]:
    """Every problem of the detections in these folders; empty is good. Cases are run where `cases_root` is given."""
    pack, problems = read_detections(folders)
    inputs = find_inputs(pack)
    detections = [detection for detection in pack if id(detection) not in inputs]
    for detection in pack:
        for check in CHECKS if id(detection) not in inputs else (check_input_name, check_query):
            problems += [_problem(detection, *fault) for fault in check(detection)]
        if detection.kind == "sigma_correlation":
            problems += [_problem(detection, *fault) for fault in check_correlation(detection, pack)]
    problems += _check_uniqueness(pack)
    problems += _check_silenced(pack)
    if cases_root is not None:
        for detection in detections:
            problems += check_cases(detection, cases_root, pack)
        problems += check_leftover_cases(detections, cases_root)
    return sorted(problems, key=lambda problem: (str(problem.path), problem.line, problem.what))


def find_inputs(detections: Sequence[Detection]) -> set[int]:
    """Those (by `id()`) that stand in the file of a correlation to be counted by it, and are worth nothing by themselves."""
    homes = {d.path for d in detections if d.kind == "sigma_correlation" and "points" in d.lines}
    return {id(d) for d in detections if d.path in homes and "points" not in d.lines}


def check_input_name(detection: Detection) -> Iterator[Fault]:
    """A correlation finds it by its name, which must be nobody else's."""
    if not detection.name.startswith(f"{detection.path.stem}_"):
        yield (
            "name",
            f"the name {detection.name} of an input does not begin with its file's stem",
            f"call it {detection.path.stem}_…",
        )


def check_name(detection: Detection) -> Iterator[Fault]:
    if detection.path.stem != detection.name:
        yield (
            "name",
            f"the name {detection.name} is not the file's stem",
            f"rename the file to {detection.name}{detection.path.suffix}",
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", detection.name):
        yield "name", f"the name {detection.name!r} is not in snake_case", "use small letters, digits and _"
    try:
        uuid.UUID(detection.id)
    except ValueError:
        yield "id", f"the id {detection.id!r} is no UUID", "make one with `python -m uuid`"


def check_words(detection: Detection) -> Iterator[Fault]:
    texts = {
        "title": detection.title,
        "description": detection.description,
        "close_when": detection.close_when,
        "author": detection.author,
        "falsepositives": " ".join(detection.falsepositives),
        "references": " ".join(detection.references),
    }
    for key, text in texts.items():
        if found := PLACEHOLDERS.search(text):
            yield key, f"{key} holds the placeholder {found[0]!r}", "say what it is"
    if len(re.findall(r"[.;]\s", detection.description + " ")) < 2:
        yield "description", "the description is one sentence", "say what it detects, then why it matters"


def check_false_positives(detection: Detection) -> Iterator[Fault]:
    if not detection.falsepositives:
        yield (
            "falsepositives",
            "no false positive is named",
            "name a situation in life, and how to tell it apart",
        )
    # a colon in a sentence makes a mapping of it
    for entry in _keys(detection).get("falsepositives") or []:
        if not isinstance(entry, str):
            yield "falsepositives", f"the false positive {entry!r} is no text", "put it in quotes"
    for text in detection.falsepositives:
        if len(text.split()) < MIN_FALSE_POSITIVE_WORDS:
            yield (
                "falsepositives",
                f"the false positive {text!r} says too little",
                "name the situation, and how to tell it apart",
            )


def check_references(detection: Detection) -> Iterator[Fault]:
    if not detection.references:
        yield "references", "there is no reference", "name a report of the attack"
    for reference in detection.references:
        if not reference.startswith("https://"):
            yield "references", f"the reference {reference!r} is no https address", "give its address"
    for key, (pattern, recommendation) in FRAMEWORKS.items():
        for reference in getattr(detection, key):
            if not pattern.fullmatch(reference):
                yield key, f"{reference!r} is no such id", recommendation


def check_attack(detection: Detection) -> Iterator[Fault]:
    known_ids, known_tactics = read_attack()
    tags = [tag.removeprefix("attack.") for tag in detection.tags if tag.startswith("attack.")]
    techniques = [tag.upper() for tag in tags if re.match(r"t\d", tag)]
    if not techniques:
        yield "tags", "no ATT&CK technique is named", "add a tag such as attack.t1078.004"
    for technique in techniques:
        if technique not in known_ids:
            yield (
                "tags",
                f"the ATT&CK id {technique} is not known",
                "correct it, or add it to detections/attack.csv",
            )
    for tactic in set(tags) - {technique.lower() for technique in techniques}:
        if tactic not in known_tactics:
            yield (
                "tags",
                f"the ATT&CK tactic {tactic!r} is not known",
                "correct it, or add it to detections/attack.csv",
            )


def check_points(detection: Detection) -> Iterator[Fault]:
    if not 0 < detection.points <= MAX_POINTS:
        yield (
            "points",
            f"{detection.points} points",
            f"give more than 0 and at most {MAX_POINTS} log-odds points",
        )


def check_query(detection: Detection) -> Iterator[Fault]:
    """The rule converts; the correlation is one SELECT that binds, with the columns of `signals`."""
    try:
        if detection.kind == "sigma":
            convert(detection.query, detection.where("detection"))
        if detection.kind != "correlation":
            return
        if [statement.type for statement in duckdb.extract_statements(detection.query)] != [
            duckdb.StatementType.SELECT
        ]:
            yield "", "the SQL is not one SELECT", "write one SELECT"
            return
        columns = correlation_columns(detection)
        if columns != SIGNAL_COLUMNS:
            yield "", f"the columns are {columns}", f"select exactly {', '.join(SIGNAL_COLUMNS)}"
    except DetectionError as error:
        yield "detection", error.what, error.hint
    except duckdb.Error as error:
        yield "", f"the SQL does not parse: {error}", "mend the SQL"


def check_correlation(detection: Detection, pack: Sequence[Detection]) -> Iterator[Fault]:
    try:
        convert_correlation_of(detection, pack)
    except DetectionError as error:
        yield "correlation", error.what, error.hint


CHECKS: tuple[Callable[[Detection], Iterator[Fault]], ...] = (
    check_name,
    check_words,
    check_false_positives,
    check_references,
    check_attack,
    check_points,
    check_query,
)


@cache
def read_attack() -> tuple[frozenset[str], frozenset[str]]:
    """The ATT&CK technique ids and tactic names that detections may carry."""
    with (resource_root() / "detections" / "attack.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    tactics = frozenset(row["name"] for row in rows if row["id"].startswith("TA"))
    return frozenset(row["id"] for row in rows if not row["id"].startswith("TA")), tactics


def _check_uniqueness(detections: Sequence[Detection]) -> Iterator[Problem]:
    for key in ("id", "title", "name"):
        first: dict[str, Detection] = {}
        for detection in detections:
            value = str(getattr(detection, key)).lower()
            if value in first:
                yield _problem(
                    detection, key, f"the {key} is that of {first[value].path}", f"give it {key} of its own"
                )
            first.setdefault(value, detection)


def _check_silenced(pack: Sequence[Detection]) -> Iterator[Problem]:
    """Sigma has it that what a correlation counts makes no signals of its own."""
    runnable, _ = convert_what_can_be(pack)
    for detection in pack:
        if detection.name in runnable.inputs and "points" in detection.lines:
            yield _problem(
                detection,
                "name",
                f"a correlation silences {detection.name}",
                "write generate: true there, or put what it counts into its own file",
            )


def _keys(detection: Detection) -> dict[str, Any]:
    """What the file says, before it was made texts of."""
    if detection.kind != "correlation":
        return yaml.load(detection.query, Loader=yaml.CSafeLoader)
    header = HEADER.match(detection.path.read_text(encoding="utf-8-sig"))
    return yaml.load(header["metadata"], Loader=yaml.CSafeLoader) if header else {}


def _problem(detection: Detection, key: str, what: str, recommendation: str) -> Problem:
    return Problem(detection.path, detection.line(key), what, recommendation)
