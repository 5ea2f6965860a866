"""Cases of detections, really run: rules on records, correlations in SQL on rows of the models, Sigma correlations on
records at times."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from pipeline.correlation_cases import run_correlation_cases
from pipeline.detect import evaluate_correlations, evaluate_rules
from pipeline.detection_case_files import Case, CaseFile, case_path, changed, read_cases
from pipeline.detection_case_tables import TABLES_FILE, case_tables, insert_rows, read_signals
from pipeline.detections import Detection
from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import column_text, log_source_of

__all__ = [
    "TABLES_FILE",
    "Case",
    "CaseFile",
    "case_path",
    "changed",
    "correlate",
    "correlation_columns",
    "matches",
    "read_cases",
    "run_cases",
]


def run_cases(detection: Detection, case_file: CaseFile, pack: Sequence[Detection] = ()) -> dict[str, str]:
    """What came out instead, by the name of each case that does not hold. `pack` has the rules that a Sigma correlation
    refers to."""
    if detection.kind == "sigma_correlation":
        return run_correlation_cases(detection, case_file, pack or (detection,))
    if detection.kind == "sigma":
        records = [changed(case_file.base, case.change) for case in case_file.cases]
        found = ["match" if is_match else "miss" for is_match in matches(detection, records)]
        return {
            case.name: f"expected {case.expect}, found {outcome}"
            for case, outcome in zip(case_file.cases, found, strict=True)
            if outcome != case.expect
        }
    failures = ((case.name, _correlation_failure(detection, case_file, case)) for case in case_file.cases)
    return {name: failure for name, failure in failures if failure}


def matches(detection: Detection, records: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether the rule matches each of these vendor records."""
    log_source = log_source_of(detection.product, detection.service)
    rows = [
        {"event_id": str(number), "source": log_source.sources[0], "raw": json.dumps(record)}
        | {column.name: column_text(column, record) for column in log_source.columns.values()}
        for number, record in enumerate(records)
    ]
    with case_tables() as con:
        insert_rows(con, "events", rows)
        evaluate_rules(con, [detection])
        matched = {int(row[0]) for row in con.execute("select event_id from signals").fetchall()}
    return [number in matched for number in range(len(records))]


def _correlation_failure(detection: Detection, case_file: CaseFile, case: Case) -> str | None:
    given = changed(case_file.base, case.change)
    for table, rows in dict(case.add).items():
        given[table] = [*given.get(table, []), *rows]
    signals = correlate(detection, given, case.params)
    wanted = case.expect if isinstance(case.expect, list) else []
    shown = [
        {key: signal.get(key) for key in columns} for signal, columns in zip(signals, wanted, strict=False)
    ]
    return None if len(signals) == len(wanted) and shown == wanted else f"expected {wanted}, found {signals}"


def correlate(
    detection: Detection, given: Mapping[str, list[dict[str, Any]]], params: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The signals of the correlation on these rows, in the order of time. Rows of `signals` may be given as well."""
    with case_tables() as con:
        for table, rows in given.items():
            insert_rows(con, table, rows)
        evaluate_correlations(con, [detection], params)
        return [signal for signal in read_signals(con) if signal["detection"] == detection.name]


def correlation_columns(detection: Detection) -> list[str]:
    """The columns of the correlation's SELECT. Raises DetectionError where it does not bind to the models."""
    with case_tables() as con:
        try:
            cursor = con.execute(
                detection.query, {parameter.name: parameter.default for parameter in detection.parameters}
            )
        except duckdb.Error as error:
            raise DetectionError(
                f"the correlation does not run: {error}", detection.where(), "mend its SQL or its params"
            ) from error
        return [column[0] for column in cursor.description]
