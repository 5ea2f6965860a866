"""What is configured, what is there and whole, what is missing and what that hides from a hunt.

Nothing is written: a lake may be looked at while it is taken in, and where the disk is full.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.doctor.checks import CHECKS, Finding
from pipeline.doctor.seen import Seen, look


@dataclass(frozen=True, slots=True)
class Diagnosis:
    seen: Seen
    findings: list[Finding]

    @property
    def is_good(self) -> bool:
        return all(finding.state != "bad" for finding in self.findings)


def examine(folder: Path, now: datetime, config: Path | None = None) -> Diagnosis:
    """Looks at a lake and at what is around it. `now` is naive UTC. A lake that cannot be opened is a finding, too."""
    seen = look(folder.absolute(), now, config)
    return Diagnosis(seen, [finding for check in CHECKS for finding in check(seen)])


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """For `doctor --json`."""
    seen = diagnosis.seen
    return {
        "is_good": diagnosis.is_good,
        "versions": seen.versions,
        "settings": seen.config,
        "free_bytes": seen.free_bytes,
        "lake": asdict(seen.lake)
        | {
            "snapshot_id": None if seen.lake.snapshot_id is None else str(seen.lake.snapshot_id),
            "records": seen.lake.records,
            "quarantined": seen.lake.quarantined,
        },
        "sources": [asdict(row) for row in seen.coverage],
        "never_seen": seen.never_seen,
        "findings": [asdict(finding) for finding in diagnosis.findings],
    }
