"""Cases of detections: one base, and changes of it, each with what is expected. They are data, and they are really run.

A rule's base is one record as its vendor writes it; a correlation's base is rows of the models it reads. A change names
a place by a dotted path, list positions included (`properties.targetResources.0.id`); a change to null takes it away.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from pipeline.detect import evaluate_correlations, evaluate_rules
from pipeline.detections import Detection
from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import column_text, log_source_of

TABLES_FILE = Path(__file__).with_name("detection_case_tables.sql")


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `expect` is match or miss for a rule, and the signals (any of their columns) for a correlation."""

    name: str
    expect: str | list[dict[str, Any]]
    change: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expects_signal(self) -> bool:
        return self.expect == "match" if isinstance(self.expect, str) else bool(self.expect)


@dataclass(frozen=True, slots=True)
class CaseFile:
    path: Path
    base: dict[str, Any]
    cases: tuple[Case, ...]


def case_path(cases_root: Path, detection: Detection) -> Path:
    """Cases mirror the tree of the detections: `<folder>/<name>.yml`."""
    return cases_root / detection.path.parent.name / f"{detection.name}.yml"


def read_cases(path: Path) -> CaseFile:
    """Raises DetectionError for a file that is no case file."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        base = content["base"] if "base" in content else content["given"]
        cases = tuple(
            Case(
                str(case["case"]),
                case["expect"],
                case.get("change") or {},
                case.get("add") or {},
                case.get("params") or {},
            )
            for case in content["cases"]
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise DetectionError(
            f"no case file ({error!r})", str(path), "write base: or given:, and cases: with case and expect"
        ) from error
    return CaseFile(path, base, cases)


def run_cases(detection: Detection, case_file: CaseFile) -> dict[str, str]:
    """What came out instead, by the name of each case that does not hold."""
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
    con = _connect()
    _insert(con, "events", rows)
    evaluate_rules(con, [detection])
    matched = {int(row[0]) for row in con.execute("select event_id from signals").fetchall()}
    return [number in matched for number in range(len(records))]


def _correlation_failure(detection: Detection, case_file: CaseFile, case: Case) -> str | None:
    given = changed(case_file.base, case.change)
    for table, rows in case.add.items():
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
    """The signals of the correlation on these rows, in the order of time."""
    con = _connect()
    for table, rows in given.items():
        _insert(con, table, rows)
    evaluate_correlations(con, [detection], params)
    cursor = con.execute("select * from signals order by reset_id, occurred_at, event_id")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def changed(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the base with each dotted path set, or taken away where the new value is None."""
    result = copy.deepcopy(dict(base))
    for path, value in change.items():
        *way, last = path_keys(result, path)
        holder: Any = result
        for key in way:
            if isinstance(holder, dict) and key not in holder:
                holder[key] = {}
            holder = holder[key]
        if value is not None:
            holder[last] = value
        elif isinstance(holder, dict):
            holder.pop(last, None)
        else:
            del holder[last]
    return result


def path_keys(record: Any, path: str) -> list[str | int]:
    """The keys of a dotted path; a number is a position where a list stands, and a key with dots is found whole."""
    keys: list[str | int] = []
    rest = path.split(".")
    while rest:
        if isinstance(record, list):
            position = int(rest.pop(0))
            keys.append(position)
            record = record[position] if position < len(record) else None
            continue
        held = record if isinstance(record, dict) else {}
        length = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in held), 1)
        key = ".".join(rest[:length])
        keys.append(key)
        rest = rest[length:]
        record = held.get(key)
    return keys


def _connect() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(TABLES_FILE.read_text(encoding="utf-8"))
    return con


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    batch = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])
    try:
        con.register("case_rows", batch)
        con.execute(f'insert into "{table}" by name select * from case_rows')
    except duckdb.Error as error:
        raise DetectionError(
            f"the rows given for {table} do not fit it ({error})", hint="name its columns"
        ) from error


def correlation_columns(detection: Detection) -> list[str]:
    """The columns of the correlation's SELECT. Raises DetectionError where it does not bind to the models."""
    con = _connect()
    try:
        cursor = con.execute(
            detection.query, {parameter.name: parameter.default for parameter in detection.parameters}
        )
    except duckdb.Error as error:
        raise DetectionError(
            f"the correlation does not run: {error}", detection.where(), "mend its SQL or its params"
        ) from error
    return [column[0] for column in cursor.description]
