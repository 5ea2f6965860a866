"""What the cases of a detection must show: that it catches, what it spares by one change, and what absent fields do.

Cases are run as well, so that a case that does not hold is a problem of its file and line.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.correlation_cases import convert_correlation_of, is_of_time
from pipeline.detection_case_files import Case, CaseFile, case_path, read_cases, without_positions
from pipeline.detection_cases import run_cases
from pipeline.detections import Detection, Problem
from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import ConvertedCorrelation, ConvertedRule, LogSource, convert, log_source_of

Fault = tuple[str, str]
"""What is wrong, and what to do."""


def check_cases(detection: Detection, cases_root: Path, pack: Sequence[Detection]) -> Iterator[Problem]:
    """`pack` has the rules that a Sigma correlation refers to."""
    path = case_path(cases_root, detection)
    if not path.is_file():
        yield Problem(detection.path, detection.line(""), "there are no cases", f"write {path}")
        return
    try:
        case_file = read_cases(path)
        for what, recommendation in _check_case_set(detection, case_file, pack):
            yield Problem(path, 1, what, recommendation)
        for name, failure in run_cases(detection, case_file, pack).items():
            yield Problem(
                path,
                _line_of(path, name),
                f"the case {name!r} does not hold: {failure}",
                "mend the detection or the case",
            )
    except DetectionError as error:
        yield Problem(path, 1, error.what, error.hint)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        yield Problem(
            path, 1, f"a change names a place that the base does not have ({error!r})", "correct its path"
        )


def check_leftover_cases(detections: Sequence[Detection], cases_root: Path) -> Iterator[Problem]:
    expected = {case_path(cases_root, detection) for detection in detections}
    for path in sorted(cases_root.rglob("*.yml")):
        if path not in expected:
            yield Problem(
                path,
                1,
                "these cases belong to no detection",
                "delete the file, or name it like its detection",
            )


def _check_case_set(detection: Detection, case_file: CaseFile, pack: Sequence[Detection]) -> Iterator[Fault]:
    names = [case.name for case in case_file.cases]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two cases are called {name!r}", "give each case its own name"
    if not any(case.expects_signal for case in case_file.cases):
        yield "no case expects a match", "add a case that the detection catches"
    if not any(_is_near_miss(case) for case in case_file.cases):
        yield "no case is a miss by one change", "add a case that differs in one thing and is spared"
    if detection.kind == "sigma":
        rule = convert(detection.query, detection.where("detection"))
        log_source = log_source_of(detection.product, detection.service)
        yield from _check_negated_fields(rule.negated_fields, log_source, case_file)
    if detection.kind == "sigma_correlation":
        correlation, needed = convert_correlation_of(detection, pack)
        yield from _check_correlation_cases(correlation, case_file)
        for one in needed:
            if one.path == detection.path and one.kind == "sigma":
                rule = convert(one.query, one.where("detection"))
                yield from _check_negated_fields(rule.negated_fields, rule.log_source, case_file)


def _is_near_miss(case: Case) -> bool:
    return not case.expects_signal and case.change_count == 1


def _check_negated_fields(
    fields: frozenset[str], log_source: LogSource, case_file: CaseFile
) -> Iterator[Fault]:
    absent = [
        without_positions(path)
        for case in case_file.cases
        for path, value in case.change.items()
        if value is None
    ]
    for field in sorted(fields):
        places = log_source.places(field)
        if not any(place == path or place.startswith(path + ".") for place in places for path in absent):
            yield (
                f"no case takes away the negated field {field}",
                f"add a case with the change {{{field}: null}}",
            )


def _check_correlation_cases(correlation: ConvertedCorrelation, case_file: CaseFile) -> Iterator[Fault]:
    near_misses = [case for case in case_file.cases if _is_near_miss(case)]
    changes = [(path, value) for case in near_misses for path, value in case.change.items()]
    if not any(is_of_time(path) for path, _ in changes):
        yield (
            "no case is a miss by time or number alone",
            "add one a second later than the span, or in another order, or once less",
        )
    moved = {without_positions(path) for path, value in changes if value is not None}
    absent = {without_positions(path) for path, value in changes if value is None}
    keys = {name: _places(correlation, number) for number, name in enumerate(correlation.group_by)}
    if keys and not any(moved & places for places in keys.values()):
        yield "no case is a miss by another group", "add a case in which one event has another key"
    for name, places in keys.items():
        if not any(place == path or place.startswith(path + ".") for place in places for path in absent):
            yield f"no case takes away the group-by field {name}", "add a miss with a change of it to null"


def _places(correlation: ConvertedCorrelation, number: int) -> set[str]:
    """Where records hold the group-by field of this number."""
    found: set[str] = set()
    for reference in correlation.references:
        key = reference.keys[number]
        if isinstance(reference.of, ConvertedRule):
            found |= reference.of.log_source.places(key)
        else:
            found |= _places(reference.of, reference.of.group_by.index(key))
    return found


def _line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, start=1) if text in line), 1)
