"""Which detections could match on a lake, kept beside it: the answer changes with the events and the rules, and with no reset.

It is kept under the hash of both and of the code that finds it, the newest few only. A lake that cannot be written is asked
each time.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from pipeline import asked_values, evaluability, looked_at
from pipeline.detection import Detection
from pipeline.evaluability import Coverage, Doubt, RuleEvaluability, assess
from pipeline.looked_at import Looked

KEPT = 8
CODE = (evaluability, looked_at, asked_values)


def coverage_of(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    detections: Sequence[Detection],
    rule_set_hash: str,
    files: Iterable[str],
    events_relation: str = "events",
) -> Coverage:
    """As `assess` without values, of the events that these files (or parts) hold."""
    code = [Path(str(module.__file__)).read_bytes() for module in CODE]
    seen = "\n".join([rule_set_hash, events_relation, *sorted(files)]).encode()
    path = folder / "coverage" / f"{hashlib.sha256(b''.join([seen, *code])).hexdigest()[:24]}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    coverage = assess(con, detections, events_relation, look_at_values=False)
    with suppress(OSError):
        _keep(path, coverage)
    return coverage


def _keep(path: Path, coverage: Coverage) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(json.dumps(asdict(coverage)), encoding="utf-8")
    new.replace(path)
    by_age = sorted(path.parent.glob("*.json"), key=lambda kept: (kept.stat().st_mtime, kept.name))
    for earlier in by_age[:-KEPT]:
        earlier.unlink(missing_ok=True)


def _from_json(read: dict[str, Any]) -> Coverage:
    return Coverage(
        tuple(
            RuleEvaluability(
                **rule
                | {
                    "sources_unseen": tuple(rule["sources_unseen"]),
                    "fields_unseen": tuple(rule["fields_unseen"]),
                    "values_unseen": tuple((field, value) for field, value in rule["values_unseen"]),
                    "doubts": tuple(Doubt(**doubt) for doubt in rule["doubts"]),
                }
            )
            for rule in read["rules"]
        ),
        tuple(Looked(**looked) for looked in read["looked"]),
    )
