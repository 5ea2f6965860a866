"""Many small files of a day and source into few, sorted by time, with the same rows.

New files are written and compared with the old ones first; then one commit for a group of partitions puts them in the place
of the old. Killed before that commit, a run leaves files that no snapshot names, and the next run removes them. The old
files stay on disk, for the snapshots that name them, until these are expired.
"""

import logging
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import duckdb
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile

from pipeline.connection import connect
from pipeline.lake import Lake
from pipeline.runs import run_folder
from pipeline.settings import quoted, sql_text
from pipeline.upkeep.files import EPOCH, live_files, named_files, only_upkeep, path_of, table_of

log = logging.getLogger("postreset.compact")

SMALL_ROWS = 25_000
FILE_ROWS = 100_000
GROUP_ROWS = 2_000_000  # how much work a kill can cost
MORE_THAN = 4
MEMORY_LIMIT = "1200MB"
COMMIT_TRIES = 20
NAME = "compacted"
OUR_MISTAKES = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)


@dataclass(frozen=True, slots=True)
class Partition:
    """The small files of one day and source."""

    day: date
    source: str
    files: tuple[DataFile, ...]

    @property
    def event_count(self) -> int:
        return sum(file.record_count for file in self.files)

    @property
    def byte_count(self) -> int:
        return sum(file.file_size_in_bytes for file in self.files)

    @property
    def paths(self) -> list[str]:
        return [str(path_of(file.file_path)) for file in self.files]

    def __str__(self) -> str:
        return f"{self.day} {self.source}"


@dataclass(slots=True)
class CompactSummary:
    """What became of the small files. `left` says in a line each which partitions were left as they are, and why."""

    partitions: int = 0
    events: int = 0
    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rewrite:
    partition: Partition
    files: list[Path]


def plan(lake: Lake, more_than: int = MORE_THAN) -> list[Partition]:
    """The partitions with more than so many small files, in the order of day and source."""
    small: defaultdict[tuple[int, str], list[DataFile]] = defaultdict(list)
    for file in live_files(lake):
        if file.record_count < SMALL_ROWS:
            small[file.partition[0], file.partition[1]].append(file)
    return [
        Partition(EPOCH + timedelta(days=day), source, tuple(files))
        for (day, source), files in sorted(small.items())
        if len(files) > more_than
    ]


def compact(
    lake: Lake, more_than: int = MORE_THAN, on_partition: Callable[[Partition], None] | None = None
) -> CompactSummary:
    """Rewrites what `plan` names. Raises InputError where another upkeep is at work."""
    summary = CompactSummary()
    with only_upkeep(lake), run_folder(lake.folder) as run:
        lake.refresh()
        remove_leftovers(lake)
        for group in _groups(plan(lake, more_than)):
            rewrites = []
            for partition in group:
                if on_partition:
                    on_partition(partition)
                with closing(connect(run / "duckdb", MEMORY_LIMIT)) as con:
                    rewritten = rewrite(con, lake, partition)
                if isinstance(rewritten, str):
                    summary.left.append(f"{partition}: {rewritten}")
                else:
                    rewrites.append(rewritten)
            commit(lake, rewrites, summary)
    return summary


def _groups(partitions: Sequence[Partition]) -> Iterator[list[Partition]]:
    group: list[Partition] = []
    for partition in partitions:
        if group and sum(each.event_count for each in [*group, partition]) > GROUP_ROWS:
            yield group
            group = []
        group.append(partition)
    if group:
        yield group


def rewrite(con: duckdb.DuckDBPyConnection, lake: Lake, partition: Partition) -> Rewrite | str:
    """Writes the rows of the small files into files of FILE_ROWS and reads these back. A line instead where that cannot be
    done or the rows are not the same."""
    written: list[Path] = []
    try:
        con.read_parquet(partition.paths, hive_partitioning=False, union_by_name=True).create_view("small")
        before = _fingerprint(con, "small")
        spans = _spans(con, partition)
        options = _parquet_options(-(-partition.event_count // len(spans)))
        for since, until in spans:
            path = _new_path(lake, partition)
            written.append(path)
            con.execute(
                f"""copy (
                    select * from small where occurred_at >= $since and occurred_at < $until order by occurred_at, event_id
                ) to {quoted(path)} ({options})""",
                {"since": since, "until": until},
            )
        new = con.read_parquet([str(path) for path in written], hive_partitioning=False)
        new.create_view("compacted")
        if _fingerprint(con, "compacted") == before:
            return Rewrite(partition, written)
        problem = "what was written is not what was read: check the disk"
    except OUR_MISTAKES:
        raise
    except duckdb.Error as error:
        problem = f"cannot be rewritten ({str(error).splitlines()[0]})"
    for path in written:
        path.unlink(missing_ok=True)
    return problem


def _parquet_options(row_count: int) -> str:
    """A dictionary of every id is what makes DuckDB write a Bloom filter of it. It allocates so many entries for each
    column of each file, so a small file asks for few."""
    return (
        "format parquet, compression zstd, compression_level 1, row_group_size 122880, "
        f"dictionary_size_limit {row_count * 6 // 5 + 16}, string_dictionary_page_size_limit 4800000"
    )


def _fingerprint(con: duckdb.DuckDBPyConnection, view: str) -> tuple[int, int]:
    """Number and sum of the hashes of all rows, whatever their order."""
    con.execute(f"create or replace temp view rows_to_compare as from {view}")
    return con.execute(sql_text("upkeep/fingerprint")).fetchall()[0]


def _spans(con: duckdb.DuckDBPyConnection, partition: Partition) -> list[tuple[datetime, datetime]]:
    """The day in half-open spans of about FILE_ROWS events."""
    midnight = datetime(partition.day.year, partition.day.month, partition.day.day)
    pieces = -(-partition.event_count // FILE_ROWS)
    inner: list[datetime] = []
    if pieces > 1:
        shares = [number / pieces for number in range(1, pieces)]
        found = con.execute("select quantile_disc(occurred_at, $shares) from small", {"shares": shares})
        inner = sorted(set(found.fetchall()[0][0]))
    bounds = [midnight, *(bound for bound in inner if bound > midnight), midnight + timedelta(days=1)]
    return list(pairwise(bounds))


def _new_path(lake: Lake, partition: Partition) -> Path:
    folder = lake.data_folder / f"occurred_day={partition.day}" / f"source={partition.source}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{NAME}-{uuid4().hex}.parquet"


def commit(lake: Lake, rewrites: Sequence[Rewrite], summary: CompactSummary) -> None:
    """Puts the new files in the place of the old in one commit, on top of whatever was committed meanwhile. A partition
    whose old files are no longer the table's is left for the next time."""
    for _ in range(COMMIT_TRIES):
        with lake.writing():
            live = {file.file_path for file in live_files(lake)}
            current = [
                each for each in rewrites if live.issuperset(f.file_path for f in each.partition.files)
            ]
            if not current or _replace(lake, current):
                break
        log.info("another writer was first, trying again")
    else:
        current = []
    for each in rewrites:
        if each in current:
            _add(summary, each)
        else:
            summary.left.append(
                f"{each.partition}: changed by another writer meanwhile, left for the next time"
            )
            for path in each.files:
                path.unlink(missing_ok=True)


def _replace(lake: Lake, rewrites: Sequence[Rewrite]) -> bool:
    table = table_of(lake)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        new = [
            parquet_file_to_data_file(table.io, table.metadata, f"file://{path}")
            for each in rewrites
            for path in each.files
        ]
        try:
            with (
                table.transaction() as transaction,
                transaction.update_snapshot({"postreset.upkeep": "compact"}).overwrite() as overwrite,
            ):
                for each in rewrites:
                    for file in each.partition.files:
                        overwrite.delete_data_file(file)
                for file in new:
                    overwrite.append_data_file(file)
        except CommitFailedException:
            return False
    return True


def _add(summary: CompactSummary, rewrite: Rewrite) -> None:
    summary.partitions += 1
    summary.events += rewrite.partition.event_count
    summary.files_before += len(rewrite.partition.files)
    summary.files_after += len(rewrite.files)
    summary.bytes_before += rewrite.partition.byte_count
    summary.bytes_after += sum(path.stat().st_size for path in rewrite.files)


def remove_leftovers(lake: Lake) -> int:
    """Removes what a killed compaction wrote and did not commit; how many files that were."""
    written = set(lake.data_folder.resolve().rglob(f"{NAME}-*.parquet"))
    written -= {path_of(file.file_path) for file in live_files(lake)}
    if written:
        written -= named_files(lake, table_of(lake).metadata.snapshots)[0]
    for path in written:
        path.unlink(missing_ok=True)
    if written:
        log.info("removed %d files of an earlier run that was killed", len(written))
    return len(written)
