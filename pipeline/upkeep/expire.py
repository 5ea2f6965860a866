"""Letting go: whole days of events that are older than they need be kept, and snapshots that nobody will return to.

A file leaves the disk only when no kept snapshot names it. So the rows of a dropped day are gone from the table at once, and
from the disk when the last snapshot that held them is expired.
"""

import contextlib
import logging
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table.snapshots import Snapshot

from pipeline.errors import InputError
from pipeline.lake import Lake
from pipeline.ledger import Ledger
from pipeline.runs import settle_dead_runs
from pipeline.upkeep.files import (
    EPOCH,
    files_on_disk,
    live_files,
    named_files,
    only_upkeep,
    path_of,
    table_of,
)

log = logging.getLogger("postreset.expire")

ORPHAN_AGE = timedelta(hours=1)  # a file that no snapshot names may be one that is being written
COMMIT_TRIES = 20


@dataclass(frozen=True, slots=True)
class Day:
    """The events of one day and source that go."""

    day: date
    source: str
    events: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class GoneSnapshot:
    snapshot_id: int
    committed_at: datetime


@dataclass(slots=True)
class ExpireSummary:
    """What goes, or went: `files` and `bytes` are those that leave the disk. The two bounds are None where not asked for."""

    first_kept_day: date | None = None
    days: list[Day] = field(default_factory=list)
    snapshots_before: datetime | None = None
    snapshots: list[GoneSnapshot] = field(default_factory=list)
    kept_snapshots: int = 0
    files: int = 0
    bytes: int = 0
    is_done: bool = False


def expire(
    lake: Lake,
    now: datetime,
    older_than: timedelta | None = None,
    snapshots_older_than: timedelta | None = None,
    *,
    dry_run: bool = True,
) -> ExpireSummary:
    """Drops the days that ended `older_than` ago and expires the snapshots committed `snapshots_older_than` ago, the newest
    one never; `now` is naive UTC. Raises InputError while an ingest is at work: its batch is known by its snapshot."""
    with only_upkeep(lake):
        if not dry_run:
            _refuse_while_pending(lake)
        lake.refresh()
        summary = ExpireSummary(is_done=not dry_run)
        dropped: list[DataFile] = []
        if older_than:
            summary.first_kept_day = (now - older_than).date()
            dropped = _drop_days(lake, summary.first_kept_day, dry_run)
            summary.days = _days(dropped)
        if snapshots_older_than:
            summary.snapshots_before = now - snapshots_older_than
            _expire_snapshots(lake, now, summary.snapshots_before, dropped, summary)
        else:
            summary.kept_snapshots = len(table_of(lake).metadata.snapshots)
    return summary


def _refuse_while_pending(lake: Lake) -> None:
    with closing(Ledger(lake.folder / "ledger.db")) as ledger:
        settle_dead_runs(lake, ledger)
        pending = ledger.batches("pending")
    if pending:
        raise InputError(
            f"an ingest is at work ({len(pending)} pending)",
            str(lake.folder),
            "run it again when that has ended",
        )


# --- days ---------------------------------------------------------------------------------------------------


def _drop_days(lake: Lake, first_kept: date, dry_run: bool) -> list[DataFile]:
    if dry_run:
        return _files_before(lake, first_kept)
    for _ in range(COMMIT_TRIES):
        with lake.writing():
            files = _files_before(lake, first_kept)
            if not files:
                return []
            try:
                with (
                    table_of(lake).transaction() as transaction,
                    transaction.update_snapshot({"postreset.upkeep": "expire"}).overwrite() as overwrite,
                ):
                    for file in files:
                        overwrite.delete_data_file(file)
                return files
            except CommitFailedException:
                log.info("another writer was first, trying again")
    raise InputError("other writers leave no turn to this one", str(lake.folder), "run it again")


def _files_before(lake: Lake, first_kept: date) -> list[DataFile]:
    last = (first_kept - EPOCH).days
    return [file for file in live_files(lake) if file.partition[0] < last]


def _days(files: Iterable[DataFile]) -> list[Day]:
    parts: dict[tuple[int, str], list[DataFile]] = {}
    for file in files:
        parts.setdefault((file.partition[0], file.partition[1]), []).append(file)
    return [
        Day(
            EPOCH + timedelta(days=day),
            source,
            sum(file.record_count for file in some),
            len(some),
            sum(file.file_size_in_bytes for file in some),
        )
        for (day, source), some in sorted(parts.items())
    ]


# --- snapshots ----------------------------------------------------------------------------------------------


def _expire_snapshots(
    lake: Lake, now: datetime, before: datetime, dropped: Sequence[DataFile], summary: ExpireSummary
) -> None:
    """While it holds the writers off, so that no file is taken for an orphan between its writing and its commit."""
    for _ in range(COMMIT_TRIES):
        with lake.writing():
            snapshots = table_of(lake).metadata.snapshots
            going = _going(lake, before, is_new_to_come=bool(dropped) and not summary.is_done)
            gone_ids = {each.snapshot_id for each in going}
            kept = [each for each in snapshots if each.snapshot_id not in gone_ids]
            needed = _needed(lake, kept, dropped)
            expired = set().union(*named_files(lake, going))
            try:
                if going and summary.is_done:
                    table_of(lake).maintenance.expire_snapshots().by_ids(sorted(gone_ids)).commit()
            except CommitFailedException:
                log.info("another writer was first, trying again")
                continue
            files = _unnamed(lake, needed, expired, now)
            summary.snapshots = [GoneSnapshot(each.snapshot_id, _committed_at(each)) for each in going]
            summary.kept_snapshots = len(kept)
            summary.files, summary.bytes = len(files), sum(path.stat().st_size for path in files)
            if summary.is_done:
                _remove(files)
            return
    raise InputError("other writers leave no turn to this one", str(lake.folder), "run it again")


def _going(lake: Lake, before: datetime, *, is_new_to_come: bool) -> list[Snapshot]:
    """The snapshots committed earlier, less those that a branch or tag names. `is_new_to_come`: where this is a dry run
    that would drop days, the newest one is not going to be the newest."""
    metadata = table_of(lake).metadata
    named = {ref.snapshot_id for ref in metadata.refs.values()}
    if is_new_to_come and lake.snapshot_id is not None:
        named.discard(lake.snapshot_id)
    return [
        each for each in metadata.snapshots if _committed_at(each) < before and each.snapshot_id not in named
    ]


def _committed_at(snapshot: Snapshot) -> datetime:
    return datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC).replace(tzinfo=None)


def _needed(lake: Lake, kept: Sequence[Snapshot], dropped: Iterable[DataFile]) -> set[Path]:
    """What the kept snapshots name, and the newest one without the dropped files. Raises InputError where some of it is
    not on disk: then the lake is not what it takes itself for, and nothing may be removed."""
    data, metadata = named_files(lake, kept)
    to_stay = {file.file_path for file in live_files(lake)} - {file.file_path for file in dropped}
    needed = data | metadata | {path_of(address) for address in to_stay}
    if missing := needed - set(files_on_disk(lake)):
        raise InputError(
            f"{len(missing)} files of kept snapshots are not in the lake's folder, such as {min(missing).name}",
            str(lake.folder),
            "nothing was removed from disk; was the lake moved or copied?",
        )
    return needed


def _unnamed(lake: Lake, needed: set[Path], expired: set[Path], now: datetime) -> list[Path]:
    """The files on disk that nobody needs: those of the expired snapshots, and others once they are ORPHAN_AGE old."""
    table = table_of(lake)
    history = {path_of(entry.metadata_file) for entry in table.metadata.metadata_log}
    unnamed = set(files_on_disk(lake)) - needed - history - {path_of(table.metadata_location)}
    youngest = (now - ORPHAN_AGE).replace(tzinfo=UTC).timestamp()
    return sorted(path for path in unnamed if path in expired or path.stat().st_mtime < youngest)


def _remove(files: Iterable[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a folder that still holds something stays
            path.parent.rmdir()
