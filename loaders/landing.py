"""The landing folder of a lake: raw bytes as received, and the ledger that says which they are.

`<lake>/landing/<source>/…` holds files that never change; `landing.db` is the ledger. One load of a source runs at a time: it
holds a lock for as long as it lives, so the next one may remove what a killed one left. Loads of several sources run side by side.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from loaders.account import Account, Trouble
from loaders.base import Loader
from loaders.bounds import DEFAULT_BOUNDS, Bounds
from loaders.file_names import SOURCE_NAME
from loaders.ledger import LandingLedger, utc_now
from loaders.ledger_rows import Counts, Verification, Watermark
from loaders.run import Run
from loaders.sink import LandingStopped
from pipeline.errors import LoadError

__all__ = ["Account", "Landing", "LandingStopped", "LoadSummary", "Trouble", "Watermark"]

SCRATCH = ".tmp"  # no source is called so
REMOVED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What one load of one source did, and how the source stands. `error` says why it, or a part of it, could not be read;
    `troubles` and `gone` name the first few of `failed_count` and `gone_count`."""

    source: str
    kind: str
    since: datetime
    until: datetime
    item_count: int
    byte_count: int
    gone_count: int
    failed_count: int
    waiting_count: int
    complete_until: datetime | None
    error: str | None = None
    gone: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()


class Landing:
    def __init__(self, folder: Path, ledger: LandingLedger, bounds: Bounds) -> None:
        self.folder, self.ledger, self.bounds = folder, ledger, bounds

    @classmethod
    def open(cls, lake_folder: Path, bounds: Bounds = DEFAULT_BOUNDS) -> Self:
        """The landing of a lake, made where there is none. Raises LoadError where that cannot be done."""
        folder = lake_folder.absolute() / "landing"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LoadError(f"the landing folder cannot be made ({error.strerror})", str(folder)) from error
        return cls(folder, LandingLedger(folder / "landing.db"), bounds)

    @classmethod
    def look(cls, lake_folder: Path) -> Self | None:
        """To read only; None where nothing was ever loaded."""
        folder = lake_folder.absolute() / "landing"
        path = folder / "landing.db"
        return cls(folder, LandingLedger(path, is_read_only=True), DEFAULT_BOUNDS) if path.is_file() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.ledger.close()

    def load(
        self,
        loader: Loader,
        since: datetime,
        until: datetime,
        on_progress: Callable[[Account], object] | None = None,
        in_flight: int | None = None,
    ) -> LoadSummary:
        """Lands what the source has of [since, until), naive UTC; from further back where an earlier load did not end well or
        the source is complete to an earlier time only, so that no gap stays. What a service refuses is told in the summary.
        Raises LandingStopped where the disk is full, LoadError where another load of this source runs."""
        name = loader.name
        if not SOURCE_NAME.fullmatch(name):
            raise LoadError(
                "cannot be the name of a source", repr(name), "letters, digits, _ and -, 64 at most"
            )
        since = self.begin_at(name, since)
        bounds = replace(self.bounds, in_flight=in_flight or self.bounds.in_flight)
        with self._loading(name) as scratch:
            self.ledger.begin(name, since)
            run = Run(loader, self.ledger, self.folder / name, scratch, bounds)
            run.load(since, until, on_progress)
        account = run.account
        return LoadSummary(
            name,
            loader.kind,
            since,
            until,
            account.item_count,
            account.byte_count,
            account.gone_count,
            account.failed_count,
            self.counts(name).waiting,
            self.complete_until(name),
            account.error,
            tuple(account.gone),
            tuple(account.troubles),
        )

    def begin_at(self, source: str, since: datetime) -> datetime:
        """From when a load must ask so that it leaves no gap."""
        return min(filter(None, (since, self.complete_until(source), self.ledger.open_since(source))))

    def not_ingested(self) -> list[Path]:
        """The landed files that ingest has not taken. One that is no more waits to be fetched again."""
        files = self.ledger.landed()
        if missing := [file for file in files if not (self.folder / file).is_file()]:
            self.ledger.wait_again(missing)
        gone = set(missing)
        return [self.folder / file for file in files if file not in gone]

    def mark_ingested(self, paths: Iterable[Path], at: datetime | None = None) -> int:
        """How many of the paths were landed and not marked before; others are passed over."""
        files = [path.absolute() for path in paths]
        inside = [str(file.relative_to(self.folder)) for file in files if file.is_relative_to(self.folder)]
        return self.ledger.mark_ingested(inside, at or utc_now())

    def remove_ingested(self, now: datetime, keep: timedelta | None = None) -> int:
        """Removes the files that were ingested longer ago than they are kept; the ledger knows them still. How many."""
        before = now - (self.bounds.keep if keep is None else keep)
        count = 0
        while files := self.ledger.ingested_before(before, REMOVED_AT_ONCE):
            for file in files:
                (self.folder / file).unlink(missing_ok=True)
            self.ledger.forget_files(files)
            count += len(files)
        return count

    def complete_until(self, source: str) -> datetime | None:
        """The least over the source's streams; None where one of them was never complete, or nobody can tell."""
        marks = [mark.complete_until for mark in self.watermarks() if mark.source == source]
        known = [mark for mark in marks if mark is not None]
        is_known = known and len(known) == len(marks) and self.ledger.is_discovered(source)
        return min(known) if is_known else None

    def watermarks(self) -> list[Watermark]:
        return self.ledger.watermarks()

    def counts(self, source: str) -> Counts:
        return self.ledger.counts(source)

    def verification(self, source: str) -> Verification | None:
        """What the last check of its logs found."""
        return self.ledger.verification(source)

    def is_empty(self) -> bool:
        """Whether nothing was ever loaded."""
        return self.ledger.is_empty()

    @contextmanager
    def _loading(self, name: str) -> Generator[Path]:
        """A folder for temporary files, while this load holds the lock of its source; a dead load's are removed."""
        scratch = self.folder / SCRATCH
        try:
            scratch.mkdir(exist_ok=True)
            lock = (scratch / f"{name}.lock").open("w")
        except OSError as error:
            raise LandingStopped(f"cannot be written ({error.strerror})", str(self.folder)) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LoadError("another load of it is running", f"source {name}") from error
            shutil.rmtree(scratch / name, ignore_errors=True)
            own = scratch / name / os.urandom(6).hex()
            try:
                own.mkdir(parents=True)
                (self.folder / name).mkdir(exist_ok=True)
                yield own
            except OSError as error:
                raise LandingStopped(f"cannot be written ({error.strerror})", str(self.folder)) from error
            finally:
                shutil.rmtree(scratch / name, ignore_errors=True)
