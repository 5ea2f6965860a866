"""What a lake holds: events by source and tenant, files, snapshots, quarantine, duplicates, the last batch."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipeline.connection import connect
from pipeline.lake import Lake
from pipeline.settings import sql_text
from pipeline.upkeep.files import live_files, table_of


@dataclass(frozen=True, slots=True)
class Held:
    """The events of one source and tenant."""

    source: str
    tenant_id: str | None
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    batch_id: str
    state: str
    started_at: datetime
    records: int
    events: int
    duplicates: int
    quarantined: int


@dataclass(slots=True)
class LakeStats:
    """`bytes` are those of the newest snapshot's files; older snapshots may hold more on disk."""

    sources: list[Held] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    snapshots: int = 0
    first_snapshot_at: datetime | None = None
    last_snapshot_at: datetime | None = None
    quarantined: dict[str, int] = field(default_factory=dict)
    duplicates: dict[str, int] = field(default_factory=dict)
    batches: int = 0
    pending_batches: int = 0
    last_batch: Batch | None = None

    @property
    def events(self) -> int:
        return sum(held.events for held in self.sources)

    @property
    def mean_file_bytes(self) -> int:
        return self.bytes // self.files if self.files else 0


def read_stats(lake: Lake) -> LakeStats:
    stats = LakeStats()
    files = live_files(lake)
    stats.files, stats.bytes = len(files), sum(file.file_size_in_bytes for file in files)
    times = [snapshot.timestamp_ms for snapshot in table_of(lake).metadata.snapshots]
    stats.snapshots = len(times)
    if times:
        stats.first_snapshot_at, stats.last_snapshot_at = _time(min(times)), _time(max(times))
    with connect() as con:
        lake.create_events_view(con)
        stats.sources = [Held(*row) for row in con.execute(sql_text("upkeep/held")).fetchall()]
        quarantine = sorted(str(path) for path in (lake.folder / "quarantine").glob("*.parquet"))
        if quarantine:
            con.read_parquet(quarantine, union_by_name=True).create_view("quarantine")
            stats.quarantined = dict(con.execute(sql_text("upkeep/quarantined_by_reason")).fetchall())
    _read_ledger(lake.folder / "ledger.db", stats)
    return stats


def _read_ledger(path: Path, stats: LakeStats) -> None:
    if not path.is_file():
        return
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as ledger:
        stats.duplicates = dict(ledger.execute(sql_text("upkeep/duplicates_by_source")).fetchall())
        stats.batches, stats.pending_batches = ledger.execute(sql_text("upkeep/batch_counts")).fetchone()
        row = ledger.execute(sql_text("upkeep/last_batch")).fetchone()
    if row:
        stats.last_batch = Batch(row[0], row[1], datetime.fromisoformat(row[2]), *row[3:])


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)
