"""What lies in the lake's folder and what its snapshots name; one upkeep at a time."""

import fcntl
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path

from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from pipeline.errors import InputError
from pipeline.lake import Lake

EPOCH = date(1970, 1, 1)  # Iceberg counts days from here


@contextmanager
def only_upkeep(lake: Lake) -> Generator[None]:
    """Holds off any other compact or expire of this lake. Raises InputError where one is at work."""
    with (lake.folder / "upkeep.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                "another compact or expire is at work", str(lake.folder), "run it again when that has ended"
            ) from error
        yield


def table_of(lake: Lake) -> Table:
    return lake._table


def path_of(address: str) -> Path:
    """The real path: a lake may be opened by another way than the one by which it was made, and what is compared here
    decides what is removed."""
    path = Path(address.removeprefix("file://"))
    return _real_folder(path.parent) / path.name


@cache
def _real_folder(folder: Path) -> Path:
    return folder.resolve()


def live_files(lake: Lake) -> list[DataFile]:
    """The data files of the newest snapshot, in the order of their paths."""
    if lake.snapshot_id is None:
        return []
    files = (task.file for task in table_of(lake).scan().plan_files())
    return sorted(files, key=lambda file: file.file_path)


def named_files(lake: Lake, snapshots: Iterable[Snapshot]) -> tuple[set[Path], set[Path]]:
    """All that these snapshots need: data files, and the files of metadata that lead to them."""
    io = table_of(lake).io
    data: set[Path] = set()
    metadata: set[Path] = set()
    for snapshot in snapshots:
        metadata.add(path_of(snapshot.manifest_list))
        for manifest in snapshot.manifests(io):
            path = path_of(manifest.manifest_path)
            if path not in metadata:  # snapshots share most of their manifests
                metadata.add(path)
                entries = manifest.fetch_manifest_entry(io, discard_deleted=True)
                data.update(path_of(entry.data_file.file_path) for entry in entries)
    return data, metadata


def files_on_disk(lake: Lake) -> Iterator[Path]:
    """The real path of every file of data and metadata under the table's folder."""
    folder = lake.data_folder.resolve()
    yield from (path for path in folder.rglob("*") if path.is_file())
    yield from (path for path in (folder.parent / "metadata").glob("*") if path.is_file())
