"""Files of logs into events of the lake: read, recognise, stage, drop duplicates, write, commit.

Files are taken in batches in the order of their names. Each batch is one DuckDB run and one Iceberg commit. Every record
that was read becomes an event, a duplicate or a quarantined record, and the three add up; the SQL is in sql/ingest and
sql/staging.
"""

import fcntl
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

from pipeline.envelopes import Sniffed, list_files, sniff
from pipeline.errors import InputError
from pipeline.ledger import Count, Ledger
from pipeline.schema import COLUMNS
from pipeline.settings import make_folder, quoted, sql_text
from pipeline.staging import stage_files

if TYPE_CHECKING:
    from pipeline.lake import Lake

log = logging.getLogger("postreset.ingest")

BATCH_BYTES = 384 << 20  # decompressed: enough rows for all cores, few enough for MEMORY_LIMIT
BATCH_FILES = 2_000
FILE_ROWS = 50_000
MEMORY_LIMIT = "1200MB"


@dataclass(frozen=True, slots=True)
class Part:
    """The events of one source in [since, until), a day at most: one file."""

    source: str
    since: datetime
    until: datetime


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
    lake_folder: Path, paths: list[Path], now: datetime, on_files: Callable[[int, int], None] | None = None
) -> IngestSummary:
    """Takes every file at and under `paths` into the lake; `now` is naive UTC and becomes `ingested_at`.
    `on_files(done, all)` is called after each batch. Raises MissingPaths for paths that are not there, after the others
    were taken in, and InputError where another ingest writes to the same lake."""
    missing = [path for path in paths if not path.exists()]
    files = list_files([path for path in paths if path.exists()])
    summary = IngestSummary()
    if files or not missing:
        folder = lake_folder.absolute()
        make_folder(folder)
        with _sole_writer(folder), ThreadPoolExecutor(1) as pool:
            opening = pool.submit(_open_lake, folder)
            with closing(Ledger(folder / "ledger.db")) as ledger:
                _ingest_batches(folder, opening, ledger, files, now, summary, on_files)
    if missing:
        raise MissingPaths(missing, summary)
    return summary


@contextmanager
def _sole_writer(folder: Path) -> Generator[None]:
    with (folder / "ingest.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                "another ingest is writing to this lake", str(folder), "wait until it has ended"
            ) from error
        yield


def _recover(lake: "Lake", ledger: Ledger) -> None:
    """Settles what a killed run left: a pending batch is in the table, then it is done, or it is not and never was."""
    for batch_id in ledger.batches("pending"):
        if lake.has_batch(batch_id):
            ledger.finish(batch_id, None, [])
            log.info("recovered: batch %s was committed before the earlier run ended", batch_id)
            continue
        for path in [
            *lake.data_folder.rglob(f"*{batch_id}*"),
            *_quarantine_folder(lake).glob(f"{batch_id}*"),
        ]:
            path.unlink()
        ledger.forget(batch_id)
        log.info("recovered: batch %s was not committed, its files are removed", batch_id)


def _batches(files: list[Path]) -> Iterator[list[Sniffed]]:
    batch: list[Sniffed] = []
    byte_count = 0
    for file in map(sniff, files):
        if batch and (byte_count + file.byte_count > BATCH_BYTES or len(batch) >= BATCH_FILES):
            yield batch
            batch, byte_count = [], 0
        batch.append(file)
        byte_count += file.byte_count
    if batch:
        yield batch


def _open_lake(folder: Path) -> "Lake":
    """Imports pyiceberg, too: that takes as long as reading 50,000 events, so both happen at once."""
    from pipeline.lake import Lake

    return Lake.open(folder, create=True)


def _ingest_batches(
    folder: Path,
    opening: "Future[Lake]",
    ledger: Ledger,
    files: list[Path],
    now: datetime,
    summary: IngestSummary,
    on_files: Callable[[int, int], None] | None,
) -> None:
    lake: Lake | None = None
    for number, batch in enumerate(_batches(files)):
        batch_id = f"{now:%Y%m%dT%H%M%S}-{number:05d}-{os.urandom(4).hex()}"
        with closing(_connect(folder)) as con:
            stage_files(con, batch, batch_id, now)
            if lake is None:
                lake = opening.result()
                _recover(lake, ledger)
            _commit_batch(con, lake, ledger, batch, batch_id, now, summary)
        if on_files:
            on_files(summary.files, len(files))
    if lake is None:
        _recover(opening.result(), ledger)


def _commit_batch(
    con: duckdb.DuckDBPyConnection,
    lake: "Lake",
    ledger: Ledger,
    batch: list[Sniffed],
    batch_id: str,
    now: datetime,
    summary: IngestSummary,
) -> None:
    """From `staged` to the lake: duplicates dropped, files written, one commit, and what became of each record."""
    _keep_new(con, lake)
    con.execute(f"create table quarantined as {sql_text('ingest/quarantined')}")
    counts = [Count(*row) for row in con.execute(sql_text("ingest/counts")).fetchall()]
    ledger.begin(batch_id, now, [str(file.path) for file in batch])
    _write_quarantine(con, lake, batch_id, now)
    con.execute("drop table landed_records cascade")
    con.execute("delete from staged where rowid not in (select staged_id from kept)")
    files = _write_events(con, lake, batch_id)
    snapshot_id = lake.append(files, batch_id) if files else lake.snapshot_id
    ledger.finish(batch_id, snapshot_id, counts)
    summary.files += len(batch)
    summary.add(counts)
    summary.reasons.update(
        dict(con.execute("select reason, count(*) from quarantined group by reason").fetchall())
    )
    log.info("batch %s: %d files, %d records", batch_id, len(batch), sum(count.records for count in counts))


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(folder / "tmp")})
    con.execute("set timezone = 'UTC'")
    con.execute(sql_text("ingest/macros"))
    return con


# --- duplicates, writing ------------------------------------------------------------------------------------


def _keep_new(con: duckdb.DuckDBPyConnection, lake: "Lake") -> None:
    """Table `kept`: the rows of `staged` that are new to the batch and to the lake."""
    first_at: datetime | None
    last_at: datetime | None
    first_at, last_at = con.execute("select min(occurred_at), max(occurred_at) from staged").fetchall()[0]
    sources = [row[0] for row in con.execute("select distinct source from staged").fetchall()]
    if first_at is None or last_at is None:
        con.execute("create table kept (staged_id bigint)")
        return
    lake.create_events_view(con, first_at, last_at + timedelta(microseconds=1), sources)
    con.execute(f"create table kept as {sql_text('ingest/kept')}", {"first_at": first_at, "last_at": last_at})


def _write_events(con: duckdb.DuckDBPyConnection, lake: "Lake", batch_id: str) -> list[Path]:
    """Parquet files of the kept rows, each of one day and source, in the order of time. (One partitioned COPY of all took
    three times as long as a COPY for each; several at a time use all cores.)"""
    columns = ", ".join(name for name, _ in COLUMNS)

    def write(part: Part) -> Path:
        folder = lake.data_folder / f"occurred_day={part.since:%Y-%m-%d}" / f"source={part.source}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"events-{batch_id}-{part.since:%H%M%S%f}.parquet"
        con.cursor().execute(
            f"""copy (
                select {columns} from numbered
                where source = $source and occurred_at >= $since and occurred_at < $until
                order by occurred_at
            ) to {quoted(path)} (format parquet, compression zstd, compression_level 1)""",
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
        parts += [Part(source, since, until) for since, until in pairwise(bounds)]
    return parts


def _quarantine_folder(lake: "Lake") -> Path:
    return lake.folder / "quarantine"


def _write_quarantine(con: duckdb.DuckDBPyConnection, lake: "Lake", batch_id: str, now: datetime) -> None:
    """One Parquet file of what was set aside, less what an earlier batch set aside already."""
    folder = _quarantine_folder(lake)
    folder.mkdir(exist_ok=True)
    earlier = sorted(str(path) for path in folder.glob("*.parquet"))
    if earlier:
        con.read_parquet(earlier).create_view("earlier_quarantined")
        new = "select * from quarantined anti join earlier_quarantined using (content_hash)"
    else:
        new = "select * from quarantined"
    if con.execute(f"select count(*) from ({new})").fetchall() == [(0,)]:
        return
    target = quoted(folder / f"{batch_id}.parquet")
    con.execute(
        f"copy (select *, $now as quarantined_at, $batch_id as batch_id from ({new}) order by source_file, source_row) to {target} (format parquet, compression zstd)",
        {"now": now, "batch_id": batch_id},
    )
