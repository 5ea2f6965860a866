"""Cases of Sigma correlations: records at times, and how often the correlation must signal.

`records` names what happens, each with its `source` and the vendor's record as `raw`. `given` is a list of
`{record, at}`, with `times`, `every` and `change` where something is repeated; `{n}` in a changed text is the number of the
repetition. A case changes one of them by its position: `0.at`, `0.times`, `0.every`, `0.record`, or a place in its record.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.conversion import convert_what_can_be
from pipeline.detect import evaluate_rules
from pipeline.detection_case_files import Case, CaseFile, changed
from pipeline.detection_case_tables import case_tables, insert_rows, read_signals
from pipeline.detections import Detection
from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import Converted, ConvertedCorrelation, ConvertedRule, column_text

KEYS_OF_AN_EVENT = ("record", "at", "times", "every")
KEYS_OF_TIME = ("at", "times", "every")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def convert_correlation_of(
    detection: Detection, pack: Sequence[Detection]
) -> tuple[ConvertedCorrelation, list[Detection]]:
    """The correlation, and the detections of the pack below it, itself among them. Raises DetectionError."""
    runnable, faults = convert_what_can_be(pack)
    for faulty, error in faults:
        if faulty is detection:
            raise error
    converted: dict[int, Converted] = {id(one): of for one, of in (*runnable.rules, *runnable.correlations)}
    if not isinstance(correlation := converted.get(id(detection)), ConvertedCorrelation):
        raise DetectionError("the correlation is not among the detections", detection.where(), "add it")
    below = {id(of) for of in _below(correlation)}
    return correlation, [one for one in pack if id(converted.get(id(one))) in below]


def _below(of: Converted) -> Iterator[Converted]:
    yield of
    if isinstance(of, ConvertedCorrelation):
        for reference in of.references:
            yield from _below(reference.of)


def run_correlation_cases(
    detection: Detection, case_file: CaseFile, pack: Sequence[Detection]
) -> dict[str, str]:
    """What came out instead, by the name of each case that does not hold. The rules it refers to are those of the pack."""
    correlation, needed = convert_correlation_of(detection, pack)
    failures: dict[str, str] = {}
    with case_tables() as con:
        for case in case_file.cases:
            con.execute("delete from events; delete from signals")
            insert_rows(con, "events", list(_rows(correlation, events_of(case_file, case))))
            evaluate_rules(con, needed)
            signals = [signal for signal in read_signals(con) if signal["detection"] == detection.name]
            wanted = case.expect
            if isinstance(wanted, list):
                shown = [
                    {key: signal.get(key) for key in columns}
                    for signal, columns in zip(signals, wanted, strict=False)
                ]
                holds = len(signals) == len(wanted) and shown == wanted
            elif isinstance(wanted, int):
                holds = len(signals) == wanted
            else:
                holds = bool(signals) == (wanted == "match")
            if not holds:
                failures[case.name] = f"expected {wanted}, found {len(signals)} signals {signals}"
    return failures


def _rows(
    correlation: ConvertedCorrelation, events: Iterable[tuple[str, datetime, Mapping[str, Any]]]
) -> Iterator[dict[str, Any]]:
    for number, (source, at, record) in enumerate(events):
        of_event = {"event_id": str(number), "source": source, "occurred_at": at, "raw": json.dumps(record)}
        yield of_event | _columns(correlation.rules, source, record)


def _columns(rules: Sequence[ConvertedRule], source: str, record: Mapping[str, Any]) -> dict[str, str | None]:
    of_source = [rule.log_source for rule in rules if source in rule.sources]
    if not of_source:
        raise DetectionError(f"no rule of the correlation looks at {source}", hint="correct the source")
    return {
        column.name: column_text(column, record)
        for log_source in of_source
        for column in log_source.columns.values()
    }


def events_of(case_file: CaseFile, case: Case) -> list[tuple[str, datetime, Mapping[str, Any]]]:
    """Source, time and record of each event of the case."""
    events: list[dict[str, Any]] = copy.deepcopy(case_file.base)
    for path, value in case.change.items():
        event, place = events[int(path.partition(".")[0])], path.partition(".")[2]
        if place in KEYS_OF_AN_EVENT:
            event[place] = value
        else:
            event["change"] = (event.get("change") or {}) | {place: value}
    return [one for event in (*events, *case.add) for one in _repetitions(case_file, event)]


def is_of_time(path: str) -> bool:
    """Whether a change is of when or how often, and of nothing else."""
    return path.partition(".")[2] in KEYS_OF_TIME


def _repetitions(
    case_file: CaseFile, event: Mapping[str, Any]
) -> Iterator[tuple[str, datetime, Mapping[str, Any]]]:
    if strange := sorted(event.keys() - {*KEYS_OF_AN_EVENT, "change"}):
        raise DetectionError(f"{strange[0]} is no key of an event", str(case_file.path), "correct it")
    named = case_file.records[event["record"]]
    step = _duration(str(event.get("every") or "1s"))
    for number in range(1, int(event.get("times", 1)) + 1):
        change = {path: _numbered(value, number) for path, value in (event.get("change") or {}).items()}
        yield named["source"], event["at"] + (number - 1) * step, changed(named["raw"], change)


def _numbered(value: Any, number: int) -> Any:
    return value.replace("{n}", str(number)) if isinstance(value, str) else value


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if not match:
        raise DetectionError(f"{text!r} is no duration", hint="write 30s, 10m, 1h or 1d")
    return timedelta(seconds=int(match[1]) * SECONDS[match[2]])
