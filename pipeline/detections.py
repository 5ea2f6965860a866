"""Detections as files: Sigma rules of one event (`*.yml`) and correlations of several (`*.sql`), read into one dataclass.

A correlation carries the same keys as a rule in a leading `/* … */`, and `params` besides. All faults of all files are
reported at once, each with its path and line. Nothing here runs a query.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from pipeline.errors import DetectionError

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
NO_LINE = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a detection: where, what, and what to do about it."""

    path: Path
    line: int
    what: str
    recommendation: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}: {self.recommendation}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound parameter of a correlation. Durations are text with their unit (`72h`)."""

    name: str
    default: str | int | float | bool
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Detection:
    """One detection. `query` is the Sigma YAML or the SELECT; `lines` says on which line each top-level key stands."""

    path: Path
    kind: Literal["sigma", "correlation"]
    name: str
    title: str
    id: str
    status: str
    description: str
    author: str
    date: str
    level: str
    control_domain: str
    points: float
    close_when: str
    references: tuple[str, ...]
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    owasp_nhi: tuple[str, ...]
    csf: tuple[str, ...]
    maestro: tuple[str, ...]
    product: str
    service: str
    parameters: tuple[Parameter, ...]
    query: str
    content_hash: str
    lines: Mapping[str, int] = field(compare=False)

    def where(self, key: str = "") -> str:
        return f"{self.path}:{self.line(key)}"

    def line(self, key: str = "") -> int:
        return self.lines.get(key, NO_LINE)


def load_detections(folders: Sequence[Path]) -> list[Detection]:
    """All detections of the folders, by name. Raises one DetectionError that names every fault."""
    detections, problems = read_detections(folders)
    if problems:
        noun = "fault" if len(problems) == 1 else "faults"
        lines = "\n".join(str(problem) for problem in problems)
        raise DetectionError(
            f"{len(problems)} {noun} in the detections\n{lines}", hint="mend them, or leave the files out"
        )
    return detections


def read_detections(folders: Sequence[Path]) -> tuple[list[Detection], list[Problem]]:
    """What can be read of the folders, and the faults of the rest."""
    detections: list[Detection] = []
    problems: list[Problem] = []
    for path in _detection_files(folders):
        found = read_detection(path)
        if isinstance(found, Detection):
            detections.append(found)
        else:
            problems.extend(found)
    for path in (folder for folder in folders if not folder.exists()):
        problems.append(
            Problem(path, NO_LINE, "there is nothing here", "give a folder or file of detections")
        )
    return sorted(detections, key=lambda detection: (detection.name, str(detection.path))), problems


def read_detection(path: Path) -> Detection | list[Problem]:
    """One detection, or its faults."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [Problem(path, NO_LINE, f"cannot be read ({error})", "save it as UTF-8 text")]
    if path.suffix == ".yml":
        return _build(path, "sigma", text, text, text)
    header = HEADER.match(text)
    if header is None:
        return [
            Problem(
                path,
                NO_LINE,
                "no leading /* … */ with the detection's keys",
                "begin the file with the header",
            )
        ]
    metadata = "\n" * text[: header.start("metadata")].count("\n") + header["metadata"]
    return _build(path, "correlation", text, metadata, header["sql"].strip())


def _detection_files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        paths = [folder] if folder.is_file() else sorted([*folder.rglob("*.yml"), *folder.rglob("*.sql")])
        yield from (path for path in paths if path.suffix in (".yml", ".sql"))


def _build(
    path: Path, kind: Literal["sigma", "correlation"], text: str, metadata: str, query: str
) -> Detection | list[Problem]:
    keys, lines, problems = _read_mapping(path, metadata)
    if keys is None:
        return problems

    def fault(key: str, what: str, recommendation: str) -> None:
        problems.append(Problem(path, lines.get(key, NO_LINE), what, recommendation))

    if "correlation" in keys:
        fault(
            "correlation",
            "a Sigma correlation in YAML is not read",
            "several events are SQL: detections/correlation/<name>.sql",
        )
        return problems
    for key in TEXT_KEYS:
        if not str(keys.get(key) or "").strip():
            fault(key, f"{key} is missing", f"write {key}")
    for key in LIST_KEYS:
        if not isinstance(keys.get(key, []), list):
            fault(key, f"{key} is not a list", f"write {key}: [ … ]")
    if keys.get("level") not in LEVELS:
        fault(
            "level",
            f"the level {keys.get('level')!r} is not one of Sigma's",
            f"use one of {', '.join(LEVELS)}",
        )
    if keys.get("control_domain") not in CONTROL_DOMAINS:
        fault(
            "control_domain",
            f"unknown control domain {keys.get('control_domain')!r}",
            f"use one of {', '.join(CONTROL_DOMAINS)}",
        )
    points = keys.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float):
        fault(
            "points",
            "points are missing or no number",
            "write points: the log-odds of something bad, given a path from a reset",
        )
    if kind == "sigma" and not isinstance(keys.get("detection"), dict):
        fault("detection", "there is no detection", "write detection: with a condition")
    if kind == "correlation" and not query:
        fault("", "there is no SELECT below the header", "write one SELECT with the columns of signals")
    log_source: dict[str, Any] = keys["logsource"] if isinstance(keys.get("logsource"), dict) else {}
    parameters = _read_parameters(keys.get("params") or {}, fault)
    if problems:
        return problems

    def text_of(key: str) -> str:
        return str(keys[key]).strip()

    def items_of(key: str) -> tuple[str, ...]:
        return tuple(str(item).strip() for item in keys.get(key) or [])

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
        points=float(keys["points"]),
        close_when=text_of("close_when"),
        references=items_of("references"),
        tags=items_of("tags"),
        falsepositives=items_of("falsepositives"),
        owasp_nhi=items_of("owasp_nhi"),
        csf=items_of("csf"),
        maestro=items_of("maestro"),
        product=str(log_source.get("product", "")),
        service=str(log_source.get("service", "")),
        parameters=parameters,
        query=query,
        content_hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        lines=lines,
    )


def _read_parameters(params: Any, fault: Any) -> tuple[Parameter, ...]:
    if not isinstance(params, dict):
        fault("params", "params is no mapping", "write params: {name: {default, unit, reason}}")
        return ()
    parameters: list[Parameter] = []
    for name, param in params.items():
        if not isinstance(param, dict) or set(param) != {"default", "unit", "reason"}:
            fault(
                "params",
                f"the parameter {name} does not have exactly default, unit and reason",
                "write all three",
            )
            continue
        parameters.append(Parameter(str(name), param["default"], str(param["unit"]), str(param["reason"])))
    return tuple(parameters)


def _read_mapping(path: Path, text: str) -> tuple[dict[str, Any] | None, dict[str, int], list[Problem]]:
    """The YAML mapping, the line of each top-level key, and faults. A key given twice would lose the first in silence."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            return None, {}, [Problem(path, NO_LINE, "not a mapping of keys", "write one detection a file")]
        problems = [
            Problem(path, line, f"the key {key!r} is given twice", "keep one of them")
            for key, line in _double_keys(node)
        ]
        lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
        return yaml.safe_load(text), lines, problems
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else NO_LINE
        return (
            None,
            {},
            [Problem(path, line, f"not YAML ({getattr(error, 'problem', None) or error})", "mend the YAML")],
        )


def _double_keys(node: yaml.Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(str(key.value))
            yield from _double_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _double_keys(item)
