"""From a file to the detections in it, and to the faults of the others in it, each with its line."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.detection import NO_LINE, Detection, Kind, Parameter, Problem
from pipeline.imported_rules import Origin, is_imported, with_defaults
from pipeline.settings import resource_root
from pipeline.sigma_duckdb.documents import MAX_BYTES, Document, DocumentError, read_documents

CONTROL_DOMAINS = ("help_desk", "sessions", "entitlements", "non_human_identities", "secrets", "data_access")
LEVELS = ("informational", "low", "medium", "high", "critical")
TEXT_KEYS = (
    "title",
    "id",
    "name",
    "status",
    "description",
    "author",
    "date",
    "level",
    "control_domain",
    "close_when",
)
LIST_KEYS = ("references", "tags", "falsepositives", "owasp_nhi", "csf", "maestro")
HEADER = re.compile(r"\A\s*/\*(?P<metadata>.*?)\*/\s*(?P<sql>.*)\Z", re.DOTALL)
SUFFIXES = (".yml", ".yaml", ".sql")


def detection_files(folder: Path) -> list[Path]:
    """The files that may hold detections; what is hidden is not ours to read."""
    if folder.is_file():
        return [folder]
    paths = (path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return sorted(
        path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def read_file(path: Path, origin: Origin | None = None) -> tuple[list[Detection], list[Problem]]:
    """The detections of one file, and the faults of the others in it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentError(f"larger than {MAX_BYTES:,} bytes, which no detection is")
        text = path.read_text(encoding="utf-8-sig")
        documents, sql = _documents_of(path, text)
    except (OSError, UnicodeDecodeError) as error:
        return [], [Problem(path, NO_LINE, f"cannot be read ({error})", "save it as UTF-8 text")]
    except DocumentError as error:
        return [], [
            Problem(path, error.place[0], error.what, "mend it, or leave the file out", error.place[1])
        ]
    if not documents:
        return [], [
            Problem(path, NO_LINE, "there is nothing in it", "write a detection, or leave the file out")
        ]
    referenced = {str(name) for document in documents for name in _references(document.keys)}
    detections: list[Detection] = []
    problems: list[Problem] = []
    for number, document in enumerate(documents):
        found = _build(path, document, number, sql, origin or Origin(path.parent), referenced)
        if isinstance(found, Detection):
            detections.append(found)
        else:
            problems += found
    return detections, problems


def _documents_of(path: Path, text: str) -> tuple[list[Document], str | None]:
    if path.suffix != ".sql":
        return read_documents(text), None
    header = HEADER.match(text)
    if header is None:
        raise DocumentError("no leading /* … */ with the detection's keys")
    metadata = "\n" * text[: header.start("metadata")].count("\n") + header["metadata"]
    documents = read_documents(metadata)
    if len(documents) != 1:
        raise DocumentError("the header is not one mapping of keys")
    return documents, header["sql"].strip()


def _references(keys: Mapping[str, Any]) -> Iterable[Any]:
    correlation = keys.get("correlation")
    named = correlation.get("rules") if isinstance(correlation, Mapping) else None
    if isinstance(correlation, Mapping) and isinstance(condition := correlation.get("condition"), str):
        yield from re.findall(r"\w+", condition)
    yield from named if isinstance(named, list) else [named]


def _build(
    path: Path, document: Document, number: int, sql: str | None, origin: Origin, referenced: set[str]
) -> Detection | list[Problem]:
    keys = document.keys
    lines = {where[0]: place[0] for where, place in document.places.items() if len(where) == 1}
    kind: Kind = (
        "correlation" if sql is not None else "sigma_correlation" if "correlation" in keys else "sigma"
    )
    is_ours = path.resolve().is_relative_to((resource_root() / "detections").resolve())
    # a rule that a correlation of ours counts needs no points of its own
    is_input = not {str(keys.get("name")), str(keys.get("id"))}.isdisjoint(referenced)
    is_others = kind != "correlation" and is_imported(keys) and (is_input or not is_ours)
    first_line = min(lines.values(), default=NO_LINE)
    if is_others:
        if what := _no_rule(keys):
            return [Problem(path, first_line, what, "leave the file out")]
        keys = with_defaults(keys, path, number)
    problems = [
        Problem(path, lines.get(key, first_line), what, recommendation)
        for key, what, recommendation in _faults(keys, kind, sql)
    ]
    parameters, faults = _read_parameters(keys.get("params") or {})
    problems += [Problem(path, lines.get("params", first_line), what, "write all three") for what in faults]
    if problems:
        return problems

    def text_of(key: str) -> str:
        return str(keys[key]).strip()

    def items_of(key: str) -> tuple[str, ...]:
        return tuple(str(item).strip() for item in keys.get(key) or [])

    log_source: dict[str, Any] = keys["logsource"] if isinstance(keys.get("logsource"), dict) else {}
    return Detection(
        path=path,
        kind=kind,
        name=text_of("name"),
        title=text_of("title"),
        id=text_of("id"),
        status=text_of("status"),
        description=text_of("description"),
        author=text_of("author"),
        date=text_of("date"),
        level=text_of("level"),
        control_domain=text_of("control_domain"),
        close_when=text_of("close_when"),
        references=items_of("references"),
        tags=items_of("tags"),
        falsepositives=items_of("falsepositives"),
        owasp_nhi=items_of("owasp_nhi"),
        csf=items_of("csf"),
        maestro=items_of("maestro"),
        points=float(keys["points"]),
        product=str(log_source.get("product") or ""),
        service=str(log_source.get("service") or ""),
        parameters=parameters,
        query=document.text if sql is None else sql,
        content_hash=hashlib.sha256((document.text + (sql or "")).strip().encode()).hexdigest()[:16],
        lines=lines,
        sigma_name=str(keys.get("name") or ""),
        is_imported=is_others and not is_ours,
        waits_for=str(keys.get("waits_for") or "").strip() if kind == "correlation" else "",
        licence=str(keys.get("license") or origin.licence) if is_others else "",
        link=origin.link(path) if is_others else "",
    )


def _no_rule(keys: Mapping[str, Any]) -> str:
    if "action" in keys:
        return "a collection with `action` is not read: Sigma has given it up"
    if "filter" in keys:
        return "a Sigma filter is not read: suppressions are exact values with a reason and an end"
    if "detection" not in keys and "correlation" not in keys:
        return "not a Sigma rule: it has neither detection nor correlation"
    return "" if str(keys.get("title") or "").strip() else "a rule without a title"


def _faults(keys: Mapping[str, Any], kind: Kind, sql: str | None) -> Iterable[tuple[str, str, str]]:
    """The key, what is wrong with it, and what to do."""
    for key in TEXT_KEYS:
        if not str(keys.get(key) or "").strip():
            yield key, f"{key} is missing", f"write {key}"
    for key in LIST_KEYS:
        if not isinstance(keys.get(key, []), list):
            yield key, f"{key} is not a list", f"write {key}: [ … ]"
    if keys.get("level") not in LEVELS:
        what = f"the level {keys.get('level')!r} is not one of Sigma's"
        yield "level", what, f"use one of {', '.join(LEVELS)}"
    if keys.get("control_domain") not in CONTROL_DOMAINS:
        what = f"unknown control domain {keys.get('control_domain')!r}"
        yield "control_domain", what, f"use one of {', '.join(CONTROL_DOMAINS)}"
    points = keys.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float):
        what = "points are missing or no number"
        yield "points", what, "write points: the log-odds of something bad, given a path from a reset"
    if kind == "sigma" and not isinstance(keys.get("detection"), dict):
        yield "detection", "there is no detection", "write detection: with a condition"
    if kind == "sigma_correlation" and not isinstance(keys.get("correlation"), dict):
        yield "correlation", "correlation is no mapping", "write correlation: with type, rules and timespan"
    if kind == "correlation" and not sql:
        yield "", "there is no SELECT below the header", "write one SELECT with the columns of signals"


def _read_parameters(params: Any) -> tuple[tuple[Parameter, ...], list[str]]:
    if not isinstance(params, dict):
        return (), ["params is no mapping of {name: {default, unit, reason}}"]
    parameters: list[Parameter] = []
    faults: list[str] = []
    for name, param in params.items():
        if isinstance(param, dict) and set(param) == {"default", "unit", "reason"}:
            parameters.append(
                Parameter(str(name), param["default"], str(param["unit"]), str(param["reason"]))
            )
        else:
            faults.append(f"the parameter {name} does not have exactly default, unit and reason")
    return tuple(parameters), faults
