"""What is configured, what is there and whole, what is missing and what that hides from a hunt.

Nothing is written: a lake may be looked at while it is taken in, and where the disk is full.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.doctor.checks import CHECKS, Finding
from pipeline.doctor.seen import Seen, look
from pipeline.doctor.services import PROBE_SECONDS, look_at_services


@dataclass(frozen=True, slots=True)
class Diagnosis:
    seen: Seen
    findings: list[Finding]

    @property
    def is_good(self) -> bool:
        return all(finding.state != "bad" for finding in self.findings)


def examine(
    folder: Path, now: datetime, config: Path | None = None, probe_seconds: float = PROBE_SECONDS
) -> Diagnosis:
    """Looks at a lake and at what is around it, and asks the configured sources. `now` is naive UTC. A lake that cannot be opened
    is a finding, too, and so is a source that does not answer in time."""
    seen = look(folder.absolute(), now, config)
    seen = replace(seen, services=look_at_services(folder.absolute(), config, probe_seconds))
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
        "services": [asdict(service) for service in seen.services],
        "findings": [asdict(finding) for finding in diagnosis.findings],
    }
