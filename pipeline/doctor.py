"""What is there, what is whole, and what is missing: of a lake, and for each gap what it hides from a hunt.

Each check is a function that gives findings; the list of them is explicit. A finding says what was seen and, where
something is wrong, what that hides and what to do.
"""

import importlib.metadata
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pipeline.hunt import connect
from pipeline.lake import Lake
from pipeline.ledger import Ledger
from pipeline.settings import sql_text
from pipeline.visibility import HIDDEN_WITHOUT

State = Literal["good", "note", "bad"]
LIBRARIES = ("duckdb", "pyiceberg", "pyarrow", "pysigma")
LITTLE_DISK = 5 << 30
MUCH_QUARANTINE = 0.01
LONG_SILENCE_HOURS = 24
LATE_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Finding:
    """`area`: lake, source, visibility, machine. `advice` is empty where nothing is to be done."""

    area: str
    state: State
    what: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One source of one tenant in the lake."""

    source: str
    tenant_id: str | None
    event_count: int
    first_at: datetime
    last_at: datetime
    hour_count: int
    longest_silence_hours: int
    s3_object_event_count: int
    median_lag_seconds: float | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    coverage: list[Coverage]
    findings: list[Finding]

    @property
    def is_good(self) -> bool:
        return all(finding.state != "bad" for finding in self.findings)


def examine(lake: Lake, now: datetime) -> Diagnosis:
    """Looks at a lake. `now` is naive UTC."""
    con = connect(lake)
    try:
        lake.create_events_view(con)
        coverage = [Coverage(*row) for row in con.execute(sql_text("checks/source_coverage")).fetchall()]
    finally:
        con.close()
    checks: list[Callable[[Lake, list[Coverage], datetime], Iterator[Finding]]] = [
        _lake_state,
        _ledger_state,
        _sources_seen,
        _sources_never_seen,
        _object_reads,
        _digests,
        _machine,
    ]
    return Diagnosis(coverage, [finding for check in checks for finding in check(lake, coverage, now)])


def _lake_state(lake: Lake, coverage: list[Coverage], now: datetime) -> Iterator[Finding]:
    count = sum(row.event_count for row in coverage)
    if not count:
        yield Finding("lake", "bad", "the lake holds no events", "take logs in with `postreset ingest PATH`")
        return
    yield Finding("lake", "good", f"{count:,} events, snapshot {lake.snapshot_id}")


def _ledger_state(lake: Lake, coverage: list[Coverage], now: datetime) -> Iterator[Finding]:
    with closing(Ledger(lake.folder / "ledger.db")) as ledger:
        pending = ledger.batches("pending")
        totals = ledger.totals()
    if pending:
        yield Finding(
            "lake",
            "note",
            f"{len(pending)} batches are pending",
            "an ingest is running, or was killed: the next one settles them",
        )
    records = sum(total.records for total in totals)
    quarantined = sum(total.quarantined for total in totals)
    if records and quarantined / records > MUCH_QUARANTINE:
        yield Finding(
            "lake",
            "note",
            f"{quarantined:,} of {records:,} records read were set aside ({quarantined / records:.1%})",
            "`postreset quarantine list` shows why",
        )


def _sources_seen(lake: Lake, coverage: list[Coverage], now: datetime) -> Iterator[Finding]:
    silent = sorted(
        (row for row in coverage if row.longest_silence_hours > LONG_SILENCE_HOURS),
        key=lambda row: -row.longest_silence_hours,
    )
    if silent:
        yield Finding(
            "source",
            "note",
            f"silent for more than a day on end: {_listed([_name(row) for row in silent])}",
            "are they so quiet, or are files missing? The table says how long",
        )
    late = [_name(row) for row in coverage if (row.median_lag_seconds or 0) > LATE_SECONDS]
    if late:
        yield Finding(
            "source",
            "note",
            f"half of the events arrive more than {LATE_SECONDS // 3600} hours late: {_listed(late)}",
            "wait as long before saying that nothing more came",
        )


def _name(row: Coverage) -> str:
    return f"{row.source} of {row.tenant_id or 'an unnamed tenant'}"


def _listed(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _sources_never_seen(lake: Lake, coverage: list[Coverage], now: datetime) -> Iterator[Finding]:
    seen = {row.source for row in coverage}
    for source, hidden in HIDDEN_WITHOUT.items():
        if source not in seen:
            yield Finding("visibility", "note", f"no {source} logs", f"without them nobody sees {hidden}")


def _object_reads(lake: Lake, coverage: list[Coverage], now: datetime) -> Iterator[Finding]:
    blind = [
        row.tenant_id
        for row in coverage
        if row.source == "aws_cloudtrail" and not row.s3_object_event_count and row.tenant_id
    ]
    if blind:
        yield Finding(
            "visibility",
            "note",
            f"no S3 data events of {_listed(blind)}",
            "reads of objects there cannot be ruled out: switch on data events for S3 in the trail",
        )


def _digests(lake: Lake, coverage: list[Coverage], now: datetime) -> Iterator[Finding]:
    sources = {row.source for row in coverage}
    if "aws_cloudtrail" in sources and "aws_cloudtrail_digest" not in sources:
        yield Finding(
            "visibility",
            "note",
            "no CloudTrail digests",
            "nothing proves that no log file was deleted: switch on log file validation and take CloudTrail-Digest in, too",
        )


def _machine(lake: Lake, coverage: list[Coverage], now: datetime) -> Iterator[Finding]:
    free = shutil.disk_usage(lake.folder).free
    yield Finding(
        "machine",
        "good" if free > LITTLE_DISK else "bad",
        f"{free / 1e9:,.1f} GB of disk free",
        "" if free > LITTLE_DISK else "make room: an ingest needs twice its largest batch",
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    yield Finding("machine", "good", versions)


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """For `doctor --json`."""
    return {
        "is_good": diagnosis.is_good,
        "sources": [
            {name: getattr(row, name) for name in Coverage.__dataclass_fields__} for row in diagnosis.coverage
        ],
        "findings": [
            {name: getattr(finding, name) for name in Finding.__dataclass_fields__}
            for finding in diagnosis.findings
        ],
    }
