"""Files of logs into events of the lake: read, recognise, stage, drop duplicates, write, commit.

Files are taken in batches in the order of their names. Each batch is one DuckDB run and one Iceberg commit. Every record
that was read becomes an event, a duplicate or a quarantined record, and the three add up; the SQL is in sql/ingest and
sql/staging.
"""

import errno
import logging
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipeline.addenda import find_uncorrected, note_supersessions, write_without_superseded
from pipeline.connection import connect, cursor
from pipeline.envelopes.opening import Opener
from pipeline.envelopes.sniffing import Sniffed, list_files
from pipeline.errors import InputError
from pipeline.ledger import Count, Ledger
from pipeline.limits import DEFAULT_LIMITS, Limits
from pipeline.runs import batch_files, run_folder, settle_batch, settle_dead_runs
from pipeline.schema import COLUMNS, FILE_ROWS, parquet_options
from pipeline.settings import make_folder, quoted, sql_text
from pipeline.staging import stage_files

if TYPE_CHECKING:
    from pipeline.lake import Lake

log = logging.getLogger("postreset.ingest")

BATCH_BYTES = 384 << 20  # decompressed: enough rows for all cores, few enough for MEMORY_LIMIT
BATCH_FILES = 20_000
MEMORY_LIMIT = "1200MB"
MAX_CONFLICTS = 100  # commits in which another writer was first
DISK_ERRORS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the folder cannot be written (read-only file system)",
    errno.EACCES: "the folder cannot be written (permission denied)",
    errno.EPERM: "the folder cannot be written (not permitted)",
    errno.EFBIG: "a file would be larger than this system allows",
}
DISK_WORDS = {
    "No space left": "the disk is full",
    "disk is full": "the disk is full",
    "disk I/O error": "the disk failed",
    "max_temp_directory_size": "the disk is full",
    "readonly database": "the folder cannot be written (permission denied)",
    "unable to open database": "the folder cannot be written (permission denied)",
    "Permission denied": "the folder cannot be written (permission denied)",
    "Read-only file system": "the folder cannot be written (read-only file system)",
    "File too large": "a file would be larger than this system allows",
}


@dataclass(frozen=True, slots=True)
class Part:
    """The events of one source in [since, until), a day at most: one file."""

    source: str
    since: datetime
    until: datetime
    row_count: int  # about


class MissingPaths(InputError):
    """Some of the paths are not there; the others were taken in, and `summary` says what became of them."""

    def __init__(self, missing: list[Path], summary: "IngestSummary") -> None:
        super().__init__("no such file or folder", ", ".join(str(path) for path in missing), "check the path")
        self.summary = summary


@dataclass(slots=True)
class IngestSummary:
    """What became of all records, in all and by source. `reasons` counts the quarantined by reason."""

    files: int = 0
    counts: dict[str, Count] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, counts: Iterable[Count]) -> None:
        for new in counts:
            old = self.counts.get(new.source, Count(new.source, 0, 0, 0, 0))
            self.counts[new.source] = Count(
                new.source,
                old.records + new.records,
                old.events + new.events,
                old.duplicates + new.duplicates,
                old.quarantined + new.quarantined,
            )

    @property
    def total(self) -> Count:
        of = self.counts.values()
        return Count(
            "all",
            sum(c.records for c in of),
            sum(c.events for c in of),
            sum(c.duplicates for c in of),
            sum(c.quarantined for c in of),
        )


def ingest(
    lake_folder: Path,
    paths: list[Path],
    now: datetime,
    on_files: Callable[[int, int], None] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    quarantined_again: frozenset[str] = frozenset(),
) -> IngestSummary:
    """Takes every file at and under `paths` into the lake; `now` is naive UTC and becomes `ingested_at`.
    `on_files(done, all)` is called after each batch. Raises MissingPaths for paths that are not there, after the others
    were taken in, and InputError where the lake cannot be written. Several may run at once. What is in quarantine already is
    not set aside again, except for the content hashes in `quarantined_again`."""
    missing = [path for path in paths if not path.exists()]
    files = list_files([path for path in paths if path.exists()])
    summary = IngestSummary()
    if files or not missing:
        folder = lake_folder.absolute()
        with _disk_faults(folder):
            make_folder(folder)
            with run_folder(folder) as run, ThreadPoolExecutor(1) as pool:
                opening = pool.submit(_open_lake, folder)
                with closing(Ledger(folder / "ledger.db")) as ledger:
                    _Run(run, opening, ledger, now, limits, summary, quarantined_again).take_in(
                        files, on_files
                    )
    if missing:
        raise MissingPaths(missing, summary)
    return summary


@contextmanager
def _disk_faults(folder: Path) -> Generator[None]:
    """What a full or read-only disk raises, from whichever library, as one line of ours."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # DuckDB, SQLite, SQLAlchemy, pyarrow and the system each raise their own
        what = DISK_ERRORS.get(getattr(error, "errno", None) or 0) or next(
            (meaning for words, meaning in DISK_WORDS.items() if words in str(error)), None
        )
        if what is None or isinstance(error, FileNotFoundError):
            raise
        hint = "what was committed before is kept; make room or give another folder with --lake, and run it again"
        raise InputError(what, str(folder), hint) from error


def _open_lake(folder: Path) -> "Lake":
    """Imports pyiceberg, too: that takes as long as reading 50,000 events, so both happen at once."""
    from pipeline.lake import Lake

    return Lake.open(folder, create=True)


@dataclass(slots=True)
class _Run:
    """One run of ingest: its folder, its ledger, and the sums of what it did."""

    folder: Path
    opening: "Future[Lake]"
    ledger: Ledger
    now: datetime
    limits: Limits
    summary: IngestSummary
    quarantined_again: frozenset[str]

    def take_in(self, files: list[Path], on_files: Callable[[int, int], None] | None) -> None:
        lake: Lake | None = None
        for number, batch in enumerate(_batches(files, Opener(self.folder / "unpacked", self.limits))):
            batch_id = f"{self.now:%Y%m%dT%H%M%S}-{self.folder.name}-{number:05d}"
            with closing(_connect(self.folder)) as con:
                stage_files(con, batch, batch_id, self.now, self.folder, self.limits)
                if lake is None:
                    lake = self.opening.result()
                    settle_dead_runs(lake, self.ledger)
                self._commit(con, lake, batch, batch_id)
            for file in batch:
                if file.is_stand_in:
                    file.path.unlink(missing_ok=True)
            if on_files:
                on_files(self.summary.files, len(files))
        if lake is None:
            settle_dead_runs(self.opening.result(), self.ledger)

    def _commit(
        self, con: duckdb.DuckDBPyConnection, lake: "Lake", batch: list[Sniffed], batch_id: str
    ) -> None:
        """From `staged` to the lake: duplicates dropped, files written, one commit, and what became of each record. Where
        another writer commits first, its events may be ours: the duplicates are looked for again."""
        con.execute(f"create table quarantined as {sql_text('ingest/quarantined')}")
        con.execute(f"create table read_counts as {sql_text('ingest/read_counts')}")
        self.ledger.begin(batch_id, self.now, list(dict.fromkeys(file.name for file in batch)))
        con.execute("drop table landed_records cascade")
        note_supersessions(con, self.ledger, batch_id)
        try:
            counts = self._append(con, lake, batch_id)
        except BaseException:
            settle_batch(lake, self.ledger, batch_id)
            raise
        self.summary.files += sum(file.is_first for file in batch)
        self.summary.add(counts)
        self.summary.reasons.update(
            dict(
                con.execute("select reason, count(*) from quarantined group by reason order by 1").fetchall()
            )
        )
        log.info(
            "batch %s: %d files, %d records", batch_id, len(batch), sum(count.records for count in counts)
        )

    def _append(self, con: duckdb.DuckDBPyConnection, lake: "Lake", batch_id: str) -> list[Count]:
        for _ in range(MAX_CONFLICTS):
            with lake.writing():
                find_uncorrected(con, lake)
                _keep_new(con, lake)
                counts = [Count(*row) for row in con.execute(sql_text("ingest/counts")).fetchall()]
                con.execute("delete from staged where rowid not in (select staged_id from kept)")
                _write_quarantine(con, lake, batch_id, self.now, self.quarantined_again)
                rewritten = write_without_superseded(con, lake, batch_id)
                files = [*_write_events(con, lake, batch_id), *rewritten.new]
                if not (files or rewritten.old) or lake.append(files, batch_id, rewritten.old):
                    self.ledger.finish(batch_id, lake.snapshot_id, counts)
                    return counts
            for path in batch_files(lake.folder, batch_id):
                path.unlink(missing_ok=True)
            log.info("batch %s: another writer was first, looking for duplicates again", batch_id)
        raise InputError("other writers leave no turn to this one", str(lake.folder), "run it again")


def _batches(files: list[Path], opener: Opener) -> Iterator[list[Sniffed]]:
    batch: list[Sniffed] = []
    byte_count = 0
    for file in (found for path in files for found in opener.open(path)):
        if batch and (byte_count + file.byte_count > BATCH_BYTES or len(batch) >= BATCH_FILES):
            yield batch
            batch, byte_count = [], 0
        batch.append(file)
        byte_count += file.byte_count
    if batch:
        yield batch


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    con = connect(folder / "duckdb", MEMORY_LIMIT)
    con.execute(sql_text("ingest/macros"))
    return con


# --- duplicates, writing ------------------------------------------------------------------------------------


def _keep_new(con: duckdb.DuckDBPyConnection, lake: "Lake") -> None:
    """Table `kept`: the rows of `staged` that are new to the batch and to the lake."""
    first_at: datetime | None
    last_at: datetime | None
    con.execute(f"create or replace table firsts as {sql_text('ingest/firsts')}")
    first_at, last_at = con.execute("select min(occurred_at), max(occurred_at) from firsts").fetchall()[0]
    sources = [row[0] for row in con.execute("select distinct source from firsts").fetchall()]
    con.execute("create or replace table suspects as from firsts limit 0")
    if first_at is not None and last_at is not None:
        lake.create_events_view(con, first_at, last_at + timedelta(microseconds=1), sources)
        con.execute(
            f"insert into suspects {sql_text('ingest/suspects')}", {"first_at": first_at, "last_at": last_at}
        )
    if con.execute("select count(*) from suspects").fetchall() == [(0,)]:
        con.execute("create or replace table kept as select staged_id from firsts")
        return
    con.execute(
        f"create or replace table kept as {sql_text('ingest/kept')}",
        {"first_at": first_at, "last_at": last_at},
    )


def _write_events(con: duckdb.DuckDBPyConnection, lake: "Lake", batch_id: str) -> list[Path]:
    """Parquet files of the kept rows, each of one day and source, in the order of time. (One partitioned COPY of all took
    three times as long as a COPY for each; several at a time use all cores.)"""
    columns = ", ".join(name for name, _ in COLUMNS)

    def write(part: Part) -> Path:
        folder = lake.data_folder / f"occurred_day={part.since:%Y-%m-%d}" / f"source={part.source}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"events-{batch_id}-{part.since:%H%M%S%f}.parquet"
        cursor(con).execute(
            f"""copy (
                select {columns} from numbered
                where source = $source and occurred_at >= $since and occurred_at < $until
                order by occurred_at
            ) to {quoted(path)} ({parquet_options(part.row_count)})""",
            {"source": part.source, "since": part.since, "until": part.until},
        )
        return path

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(write, _parts(con)))


def _parts(con: duckdb.DuckDBPyConnection) -> list[Part]:
    """The kept rows cut by source and day, and a large day by time into about FILE_ROWS each."""
    parts = []
    for source, day, count in con.execute(sql_text("ingest/day_counts")).fetchall():
        pieces = -(-count // FILE_ROWS)
        inner: list[datetime] = []
        if pieces > 1:
            row = con.execute(
                "select quantile_disc(occurred_at, $shares) from staged where source = $source and occurred_at::date = $day",
                {"source": source, "day": day, "shares": [number / pieces for number in range(1, pieces)]},
            ).fetchone()
            inner = sorted(set(row[0])) if row else []
        midnight = datetime.combine(day, time())
        bounds = [midnight, *(bound for bound in inner if bound > midnight), midnight + timedelta(days=1)]
        parts += [Part(source, since, until, -(-count // pieces)) for since, until in pairwise(bounds)]
    return parts


def _quarantine_folder(lake: "Lake") -> Path:
    return lake.folder / "quarantine"


def _write_quarantine(
    con: duckdb.DuckDBPyConnection, lake: "Lake", batch_id: str, now: datetime, again: frozenset[str]
) -> None:
    """One Parquet file of what was set aside, less what an earlier batch set aside already."""
    folder = _quarantine_folder(lake)
    folder.mkdir(exist_ok=True)
    earlier = sorted(str(path) for path in folder.glob("*.parquet"))
    if earlier:
        con.read_parquet(earlier, union_by_name=True).create_view("quarantine", replace=True)
    else:
        con.execute("create or replace view quarantine as select * from quarantined limit 0")
    con.execute("create or replace temp table again (content_hash varchar)")
    if again:
        con.executemany("insert into again values (?)", [(content_hash,) for content_hash in sorted(again)])
    con.execute(
        f"create or replace temp table newly_quarantined as {sql_text('ingest/newly_quarantined')}",
        {"now": now, "batch_id": batch_id},
    )
    if con.execute("select count(*) from newly_quarantined").fetchall() == [(0,)]:
        return
    target = quoted(folder / f"{batch_id}.parquet")
    con.execute(f"copy newly_quarantined to {target} (format parquet, compression zstd)")
