"""What a hunt needs of the whole lake, kept beside it: an index of the events by who acted, and facts about every day.

`facts/<version>/<part>/<kind>.parquet`; a part is what one set of data files says. A part lives as long as all its files do,
so an ingest adds parts, and after a compaction or an expiry the parts of the files that went are made anew. Nothing is kept
that the events do not say: the folder may be deleted at any time, and the next hunt makes it again.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from time import perf_counter

import duckdb

from pipeline import connection
from pipeline.kept_together import is_together, keep_together, names_paths
from pipeline.lake import DataFile, Lake
from pipeline.models import build_model, load_seeds, read_models
from pipeline.settings import quoted, resource_root, sql_text

log = logging.getLogger("postreset.facts")

INDEXES = ("acts", "ids", "beside", "names", "resets", "key_uses", "sample")
DAILY_MODELS = (
    "int_address_uses",
    "int_client_uses",
    "int_hourly_counts",
    "int_bucket_days",
    "int_named_tenants",
)
SEEDS = ("reset_actions", "empowering_actions", "granting_actions", "aws_powers")
LARGE_DAY = (
    200_000  # events of new files of one day: a part of its own, so that other days' files cost it nothing
)
SMALL_PARTS = 8  # parts of fewer events than that, before they become one
PART_EVENTS = 2_000_000
ROW_GROUP = 20_480  # so few, that the events of one principal are not read with too many others'
MEMORY_LIMIT = "1500MB"
LONG_AGO, FAR_AHEAD = datetime(1990, 1, 1), datetime(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class Part:
    folder: Path
    files: frozenset[str]
    event_count: int


def keep_facts(
    lake: Lake, files: Sequence[DataFile], tell: Callable[[str], None] = lambda stage: None
) -> list[Path]:
    """The folders of the parts that together cover these data files, made where they are missing."""
    started = perf_counter()
    root = lake.folder / "facts"
    folder = root / _version()
    folder.mkdir(parents=True, exist_ok=True)
    _remove_others(root, folder)
    live = {file.path: file for file in files}
    parts = _usable_parts(folder, live)
    covered = frozenset[str]().union(*(part.files for part in parts))
    groups = list(_groups([file for file in files if file.path not in covered]))
    for number, group in enumerate(groups, start=1):
        tell(f"indexing new events, {number} of {len(groups)}")
        parts.append(_make_part(lake, folder, group))
    if groups:
        log.info("facts: %d parts made, %.1f s", len(groups), perf_counter() - started)
    folders = sorted(part.folder for part in parts)
    if folders:
        keep_together(folders, lake.folder / "tmp")
    return folders


def create_kept_views(con: duckdb.DuckDBPyConnection, parts: Sequence[Path]) -> None:
    """Views `kept_<index>` and `kept_<daily model>` over all parts."""
    for kind in (*INDEXES, *DAILY_MODELS):
        paths = names_paths(parts) if kind == "names" else [str(part / f"{kind}.parquet") for part in parts]
        con.read_parquet(paths, hive_partitioning=False).create_view(f"kept_{kind}", replace=True)


def create_daily_models(con: duckdb.DuckDBPyConnection, since: datetime, until: datetime) -> None:
    """The daily models of [since, until) from what is kept, as temp tables. `since` is a midnight: a day is not divided."""
    for name in DAILY_MODELS:
        con.execute(
            f"create or replace temp table {name} as from kept_{name} where first_at >= $since and first_at < $until",
            {"since": since, "until": until},
        )


@cache
def _kinds() -> dict[str, str]:
    """Kind → SQL over `events`."""
    texts = {name: sql_text(f"working_set/kept_{name}") for name in INDEXES}
    return texts | {name: read_models()[name] for name in DAILY_MODELS}


@cache
def _version() -> str:
    """Changes when what is kept would."""
    texts = [
        *_kinds().values(),
        sql_text("working_set/acting_actions"),
        sql_text("working_set/resetting_actions"),
    ]
    texts += [(resource_root() / "sql" / "seeds" / f"{name}.csv").read_text() for name in SEEDS]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]


def _remove_others(root: Path, folder: Path) -> None:
    for other in root.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)


def _usable_parts(folder: Path, live: dict[str, DataFile]) -> list[Part]:
    """The parts whose files are all live and in no part before; the others are removed. Too many small ones are, too."""
    parts: list[Part] = []
    taken: set[str] = set()
    small: list[Part] = []
    for path in sorted(folder.iterdir()):
        if is_together(path):
            continue
        files: frozenset[str] = frozenset()
        with suppress(OSError, ValueError):
            files = frozenset(json.loads((path / "files.json").read_text()))
        if not files or not files <= live.keys() or files & taken:
            if path.suffix != ".new":  # another hunt may be writing it
                shutil.rmtree(path, ignore_errors=True)
            continue
        taken |= files
        part = Part(path, files, sum(live[name].event_count for name in files))
        (small if part.event_count < LARGE_DAY else parts).append(part)
    if len(small) > SMALL_PARTS:
        for part in small:
            shutil.rmtree(part.folder, ignore_errors=True)
        return parts
    return parts + small


def _groups(files: Sequence[DataFile]) -> Iterator[list[DataFile]]:
    """A large day for itself, all small ones together."""
    days: dict[str, list[DataFile]] = {}
    for file in files:
        days.setdefault(file.day, []).append(file)
    mixed: list[DataFile] = []
    for _, group in sorted(days.items()):
        if sum(file.event_count for file in group) >= LARGE_DAY:
            yield group
            continue
        mixed += group
        if sum(file.event_count for file in mixed) >= PART_EVENTS:
            yield mixed
            mixed = []
    if mixed:
        yield mixed


def _make_part(lake: Lake, folder: Path, files: Sequence[DataFile]) -> Part:
    """Written beside its place and moved there: whole or not at all."""
    paths = sorted(file.path for file in files)
    place = folder / hashlib.sha256("\n".join(paths).encode()).hexdigest()[:16]
    new = place.with_name(f"{place.name}.{os.getpid()}.new")
    new.mkdir()
    event_count = sum(file.event_count for file in files)
    with closing(connection.connect(lake.folder / "tmp", MEMORY_LIMIT)) as con:
        load_seeds(con)
        for name in ("acting_actions", "resetting_actions"):
            build_model(con, name, sql_text(f"working_set/{name}"), {})
        con.read_parquet(paths, hive_partitioning=False).create_view("events")
        for kind, text in _kinds().items():
            started = perf_counter()
            parameters = {"since": LONG_AGO, "until": FAR_AHEAD} if "$since" in text else {}
            con.execute(
                f"copy ({text}) to {quoted(new / f'{kind}.parquet')} "
                f"(format parquet, compression zstd, compression_level 1, row_group_size {ROW_GROUP})",
                parameters,
            )
            log.debug("kept %s: %.2f s", kind, perf_counter() - started)
    (new / "files.json").write_text(json.dumps(paths))
    try:
        new.rename(place)
    except OSError:  # another hunt was first with the same
        shutil.rmtree(new, ignore_errors=True)
    return Part(place, frozenset(paths), event_count)
