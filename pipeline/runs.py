"""Runs of ingest: which are alive, and what the dead ones left.

A run holds a lock on its own folder `tmp/run-…` in the lake for as long as it lives, and its batches carry its id. So a
batch that is pending in the ledger belongs either to a run that is alive or to one that was killed, and then it is settled:
it is in the table, or it never was.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.ledger import Ledger

if TYPE_CHECKING:
    from pipeline.lake import Lake

log = logging.getLogger("postreset.ingest")


@contextmanager
def run_folder(lake_folder: Path) -> Generator[Path]:
    """A new folder that is this run's while it lives; its name is the run's id."""
    with _starting(lake_folder):
        path = lake_folder / "tmp" / f"run-{os.urandom(6).hex()}"
        path.mkdir(parents=True)
        lock = (path / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        lock.close()


def settle_dead_runs(lake: "Lake", ledger: Ledger) -> None:
    """Removes what killed runs left and settles their pending batches."""
    with _starting(lake.folder):
        alive = set()
        for folder in _folders(lake.folder):
            if _is_alive(folder):
                alive.add(folder.name)
            else:
                shutil.rmtree(folder, ignore_errors=True)
        for batch_id in ledger.batches("pending"):
            if run_of(batch_id) not in alive:
                settle_batch(lake, ledger, batch_id)


def settle_batch(lake: "Lake", ledger: Ledger, batch_id: str) -> None:
    """A pending batch whose writer is gone is in the table, then it is done, or it is not and never was."""
    if lake.has_batch(batch_id):
        ledger.finish(batch_id, None, [])
        log.info("recovered: batch %s was committed before the earlier run ended", batch_id)
        return
    for path in batch_files(lake.folder, batch_id):
        path.unlink(missing_ok=True)
    ledger.forget(batch_id)
    log.info("recovered: batch %s was not committed, its files are removed", batch_id)


def batch_files(lake_folder: Path, batch_id: str) -> Iterator[Path]:
    """What a batch has written, in the table's folder and in the quarantine."""
    yield from (lake_folder / "warehouse" / "events" / "data").rglob(f"*{batch_id}*")
    yield from (lake_folder / "quarantine").glob(f"{batch_id}*")


def run_of(batch_id: str) -> str:
    """`20260302T091400-run-0a1b2c3d4e5f-00000` → `run-0a1b2c3d4e5f`."""
    return batch_id.partition("-")[2].rpartition("-")[0]


def _folders(lake_folder: Path) -> list[Path]:
    return sorted((lake_folder / "tmp").glob("run-*"))


def _is_alive(folder: Path) -> bool:
    try:
        with (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _starting(lake_folder: Path) -> Generator[None]:
    """Runs begin and are settled one at a time, so that none is taken for dead before it holds its lock."""
    with (lake_folder / "ingest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
