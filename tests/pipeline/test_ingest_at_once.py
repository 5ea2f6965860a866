"""Several writers and readers at once, and disks that are full or cannot be written."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from pipeline import ingest as ingest_module
from pipeline.errors import InputError
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.ledger import Ledger
from pipeline.query import run_query
from tests.pipeline.test_opening import event, lines

NOW = datetime(2026, 3, 10, 12)
CHILD = """
import sys
from datetime import datetime
from pathlib import Path
import pipeline.ingest as module
module.BATCH_FILES = 2
summary = module.ingest(Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]], datetime(2026, 3, 10, 12))
total = summary.total
print(total.records, total.events, total.duplicates, total.quarantined)
"""


def write_logs(folder: Path, first: int, last: int) -> Path:
    folder.mkdir()
    for number in range(first, last):
        records = [event(f"{number}-{i}", eventTime=f"2026-03-{i % 9 + 1:02}T10:00:00Z") for i in range(200)]
        (folder / f"{number:02}.json.gz").write_bytes(
            gzip.compress(json.dumps({"Records": records}).encode())
        )
    return folder


def start(lake: Path, *paths: Path) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-c", CHILD, str(lake), *map(str, paths)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count(lake: Path) -> tuple[int, int]:
    sql = "select count(*), count(distinct event_id) from events"
    return run_query(Lake.open(lake), sql)[1][0]  # ty: ignore[invalid-return-type]


def test_two_runs_that_share_half_their_logs_write_each_event_once(tmp_path: Path) -> None:
    mine, shared, theirs = (
        write_logs(tmp_path / name, number * 4, number * 4 + 4) for number, name in enumerate("abc")
    )
    lake = tmp_path / "lake"
    runs = [start(lake, mine, shared), start(lake, shared, theirs)]
    seen = []
    while any(run.poll() is None for run in runs):
        if (lake / "catalog.db").exists() and (lake / "warehouse" / "events" / "metadata").exists():
            seen.append(count(lake))  # a reader sees whole batches only
        time.sleep(0.2)
    told = []
    for run in runs:
        stdout, stderr = run.communicate()
        assert run.returncode == 0, stderr
        told.append([int(number) for number in stdout.split()])
    assert count(lake) == (2400, 2400)
    assert [numbers[0] for numbers in told] == [1600, 1600]
    assert sum(numbers[1] for numbers in told) == 2400
    assert sum(numbers[2] for numbers in told) == 800
    assert all(rows == distinct and rows % 400 == 0 for rows, distinct in seen)
    registered = set(Lake.open(lake).plan_files())
    assert {str(path) for path in (lake / "warehouse").rglob("*.parquet")} == registered


def test_a_writer_from_elsewhere_makes_us_look_for_duplicates_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lock reaches another machine: the commit itself tells that somebody was first."""
    logs = write_logs(tmp_path / "logs", 0, 2)
    (tmp_path / "one.json").write_bytes(lines("only-here"))
    lake = tmp_path / "lake"
    ingest(lake, [tmp_path / "one.json"], NOW)
    original = ingest_module._write_events

    @contextmanager
    def unlocked(opened: Lake) -> Iterator[None]:
        opened.refresh()
        yield

    calls = []

    def interfere(con: object, opened: Lake, batch_id: str) -> list[Path]:
        files = original(con, opened, batch_id)  # ty: ignore[invalid-argument-type]
        calls.append(batch_id)
        if len(calls) == 1:
            with monkeypatch.context() as patch:
                patch.setattr(ingest_module, "_write_events", original)
                patch.setattr(Lake, "writing", unlocked)
                ingest(lake, [logs / "00.json.gz"], NOW)
        return files

    monkeypatch.setattr(ingest_module, "_write_events", interfere)
    summary = ingest(lake, [logs], NOW)
    assert len(calls) == 2
    assert (summary.total.records, summary.total.events, summary.total.duplicates) == (400, 200, 200)
    assert count(lake) == (401, 401)
    registered = set(Lake.open(lake).plan_files())
    assert {str(path) for path in (lake / "warehouse").rglob("*.parquet")} == registered


def test_a_run_that_is_alive_is_not_taken_for_dead(tmp_path: Path) -> None:
    from pipeline.runs import run_folder, settle_dead_runs

    lake = tmp_path / "lake"
    ingest(lake, [write_logs(tmp_path / "logs", 0, 1)], NOW)
    ledger = Ledger(lake / "ledger.db")
    with run_folder(lake) as run:
        batch_id = f"20260310T120000-{run.name}-00000"
        ledger.begin(batch_id, NOW, ["a"])
        settle_dead_runs(Lake.open(lake), ledger)
        assert ledger.batches("pending") == [batch_id]
    settle_dead_runs(Lake.open(lake), ledger)
    assert ledger.batches("pending") == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_in_one_line_and_nothing_half_visible(small_disk: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(12):
        rows = [event(f"{number}-{i}", note=os.urandom(2000).hex()) for i in range(300)]
        (logs / f"{number:02}.json").write_text(json.dumps({"Records": rows}))
    lake = small_disk / "lake"
    run = start(lake, logs)
    _, stderr = run.communicate()
    assert run.returncode != 0
    assert "InputError" in stderr.splitlines()[-1]
    assert "the disk is full" in stderr.splitlines()[-1]
    rows, distinct = count(lake) if (lake / "catalog.db").exists() else (0, 0)
    assert rows == distinct
    assert rows % 600 == 0
    registered = set(Lake.open(lake).plan_files())
    assert {str(path) for path in (lake / "warehouse").rglob("*.parquet")} == registered


def test_a_folder_that_cannot_be_written_is_told_in_one_line(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(lines("e-1"))
    lake = small_disk / "lake"
    ingest(lake, [tmp_path / "one.json"], NOW)
    (tmp_path / "two.json").write_bytes(lines("e-2"))
    view = tmp_path / "view"
    view.mkdir()
    subprocess.run(["mount", "--bind", str(small_disk), str(view)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(view)], check=True)
        with pytest.raises(InputError, match="cannot be written"):
            ingest(view / "lake", [tmp_path / "two.json"], NOW)
        with pytest.raises(InputError, match="cannot be made"):
            ingest(view / "new", [tmp_path / "two.json"], NOW)
    finally:
        subprocess.run(["umount", "--lazy", str(view)], check=True)
    assert count(lake) == (1, 1)


def test_a_file_that_cannot_be_made_there_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file, no folder")
    (tmp_path / "one.json").write_bytes(lines("e-1"))
    with pytest.raises(InputError, match="the lake's folder cannot be made"):
        ingest(tmp_path / "lake", [tmp_path / "one.json"], NOW)
