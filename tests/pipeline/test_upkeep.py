"""Upkeep changes no event, harms no reader, and a kill at any moment leaves a whole lake."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.cli import main
from pipeline.errors import InputError
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.ledger import Ledger
from pipeline.runs import run_folder
from pipeline.upkeep import compact as compacting
from pipeline.upkeep.compact import CompactSummary, commit, compact, plan, rewrite
from pipeline.upkeep.expire import expire
from pipeline.upkeep.files import files_on_disk, live_files, named_files, only_upkeep, table_of
from pipeline.upkeep.stats import read_stats

NOW = datetime(2026, 3, 10, 12)
LATER = datetime(2100, 1, 1)  # than the clock, from which snapshots have their times
ROOT = Path(__file__).parent.parent.parent
FILES = 6
EVENTS_A_FILE = 8


def event(number: int, at: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": f"user-{number % 3}"},
        "eventTime": at,
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListUsers",
        "sourceIPAddress": "192.0.2.10",
        "eventID": f"e-{number}",
        "recipientAccountId": "111122223333",
    }


def take_in(lake: Path, tmp_path: Path, name: str, *records: Any) -> None:
    path = tmp_path / f"{name}.json"
    path.write_text("\n".join(json.dumps(record) for record in records))
    ingest(lake, [path], NOW)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake of two days of six batches each, the times of the batches of a day mixed; and a copy to put back there."""
    folder = tmp_path_factory.mktemp("upkeep")
    for number in range(FILES):
        records = [
            event(100 * day + number + FILES * each, f"2026-03-0{day}T{2 * each:02}:{number:02}:00Z")
            for day in (1, 5)
            for each in range(EVENTS_A_FILE)
        ]
        take_in(folder / "lake", folder, f"batch-{number}", *records)
    shutil.copytree(folder / "lake", folder / "copy")
    return folder / "lake", folder / "copy"


@pytest.fixture
def lake_of_small_files(built_once: tuple[Path, Path]) -> Lake:
    """Six small files of each of two days, anew for each test: the catalog knows its files by their whole paths."""
    lake, copy = built_once
    shutil.rmtree(lake)
    shutil.copytree(copy, lake)
    return Lake.open(lake)


def content(lake: Lake, snapshot_id: int | None = None) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        lake.create_events_view(con, snapshot_id=snapshot_id)
        return con.execute("select * from events order by event_id").fetchall()


def unnamed_data(lake: Lake) -> set[Path]:
    lake.refresh()
    named, _ = named_files(lake, table_of(lake).metadata.snapshots)
    return {path for path in files_on_disk(lake) if path.suffix == ".parquet"} - named


# --- compact ------------------------------------------------------------------------------------------------


def test_compact_makes_one_sorted_file_of_a_day_and_source(lake_of_small_files: Lake) -> None:
    lake = lake_of_small_files
    before, snapshot_id, old_files = content(lake), lake.snapshot_id, lake.plan_files()
    summary = compact(lake)
    assert (summary.partitions, summary.files_before, summary.files_after) == (2, 12, 2)
    assert (summary.events, summary.left) == (2 * FILES * EVENTS_A_FILE, [])
    assert content(lake) == content(Lake.open(lake.folder)) == before
    assert len(lake.plan_files()) == 2
    for path in lake.plan_files():
        times = [row[0] for row in run_query_of_file(path, "select occurred_at from events")]
        assert times == sorted(times)
    assert content(lake, snapshot_id) == before, "the earlier snapshot is read as it was"
    assert all(Path(path).is_file() for path in old_files)
    assert unnamed_data(lake) == set()


def run_query_of_file(path: str, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        con.read_parquet(path, hive_partitioning=False).create_view("events")
        return con.execute(sql).fetchall()


def test_a_second_compact_finds_nothing_to_do(lake_of_small_files: Lake) -> None:
    compact(lake_of_small_files)
    snapshot_id = lake_of_small_files.snapshot_id
    assert compact(lake_of_small_files) == CompactSummary()
    assert lake_of_small_files.snapshot_id == snapshot_id


def test_few_small_files_are_left_alone(lake_of_small_files: Lake) -> None:
    assert plan(lake_of_small_files, more_than=FILES) == []
    assert [str(each) for each in plan(lake_of_small_files, more_than=FILES - 1)] == [
        "2026-03-01 aws_cloudtrail",
        "2026-03-05 aws_cloudtrail",
    ]


def test_files_that_are_not_small_are_left_alone(
    lake_of_small_files: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "SMALL_ROWS", EVENTS_A_FILE)
    assert plan(lake_of_small_files) == []


def test_a_large_day_is_cut_by_time_and_scans_are_still_pruned(
    lake_of_small_files: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "FILE_ROWS", 16)
    lake, before = lake_of_small_files, content(lake_of_small_files)
    summary = compact(lake)
    assert summary.files_after == 6
    assert content(lake) == before
    hour = (datetime(2026, 3, 1, 2), datetime(2026, 3, 1, 3))
    assert len(lake.plan_files(*hour)) == 1
    assert len(lake.plan_files(*hour, sources=["okta_system"])) == 0
    assert len(lake.plan_files(datetime(2026, 3, 1), datetime(2026, 3, 2))) == 3


def test_new_files_carry_the_metrics_of_every_column(lake_of_small_files: Lake) -> None:
    old = {field: len(file.lower_bounds) for file in live_files(lake_of_small_files) for field in ("bounds",)}
    compact(lake_of_small_files)
    for file in live_files(lake_of_small_files):
        assert len(file.lower_bounds) == old["bounds"]
        assert (
            file.record_count == FILES * EVENTS_A_FILE
            and file.file_size_in_bytes == Path(file.file_path[7:]).stat().st_size
        )


def test_ids_have_bloom_filters_after_compaction(lake_of_small_files: Lake) -> None:
    compact(lake_of_small_files)
    with duckdb.connect() as con:
        with_filter = con.execute(
            "select count(*) from parquet_metadata($files) where path_in_schema = 'event_id' and bloom_filter_length > 0",
            {"files": lake_of_small_files.plan_files()},
        ).fetchall()
    assert with_filter == [(2,)]


def test_an_ingest_between_plan_and_commit_loses_nothing(
    lake_of_small_files: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, before = lake_of_small_files, content(lake_of_small_files)

    def late(*arguments: Any) -> None:
        take_in(
            lake.folder,
            tmp_path,
            "late",
            event(999, "2026-03-01T23:59:59Z"),
            event(1000, "2026-03-06T00:00:00Z"),
        )
        commit(*arguments)

    monkeypatch.setattr(compacting, "commit", late)
    summary = compact(lake)
    assert (summary.partitions, summary.left) == (2, [])
    after = content(lake)
    assert [row for row in after if row[0] not in ("e-999", "e-1000")] == before
    assert len(after) == len(before) + 2
    assert len(lake.plan_files()) == 4


def test_duplicates_are_still_found_in_compacted_files(lake_of_small_files: Lake, tmp_path: Path) -> None:
    compact(lake_of_small_files)
    before = content(lake_of_small_files)
    take_in(lake_of_small_files.folder, tmp_path, "again", event(100, "2026-03-01T00:00:00Z"))
    lake_of_small_files.refresh()
    assert content(lake_of_small_files) == before


def test_a_writer_elsewhere_that_is_first_is_met_with_another_try(
    lake_of_small_files: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer on another machine does not see our lock: its commit makes ours fail, once."""
    lake, before = lake_of_small_files, content(lake_of_small_files)
    replace, tries = compacting._replace, []

    def beaten(*arguments: Any) -> bool:
        tries.append(None)
        if len(tries) == 1:
            other = Lake.open(lake.folder)
            with table_of(other).transaction() as transaction:
                transaction.set_properties({"note": "another writer"})
            with (
                table_of(other).transaction() as transaction,
                transaction.update_snapshot().overwrite() as nothing,
            ):
                nothing.append_data_file(live_files(other)[0])
                nothing.delete_data_file(live_files(other)[0])
        return replace(*arguments)

    monkeypatch.setattr(compacting, "_replace", beaten)
    assert compact(lake).left == []
    assert len(tries) == 2
    assert content(lake) == before


def test_a_partition_that_changed_meanwhile_is_left_for_the_next_time(lake_of_small_files: Lake) -> None:
    lake, before = lake_of_small_files, content(lake_of_small_files)
    partition = plan(lake)[0]
    with closing(duckdb.connect()) as con, closing(duckdb.connect()) as other:
        first, second = rewrite(con, lake, partition), rewrite(other, lake, partition)
    assert not isinstance(first, str)
    assert not isinstance(second, str)
    summary = CompactSummary()
    commit(lake, [first], summary)
    commit(lake, [second], summary)
    assert summary.partitions == 1
    assert summary.left == [
        "2026-03-01 aws_cloudtrail: changed by another writer meanwhile, left for the next time"
    ]
    assert not second.files[0].exists()
    assert content(lake) == before


def test_what_cannot_be_read_is_left_and_said_in_a_line(lake_of_small_files: Lake) -> None:
    lake = lake_of_small_files
    Path(lake.plan_files()[0]).write_bytes(b"PAR1 no more")
    summary = compact(lake)
    assert summary.partitions == 1
    (line,) = summary.left
    assert line.startswith("2026-03-01 aws_cloudtrail: cannot be rewritten (")
    assert unnamed_data(lake) == set()


def test_rows_that_differ_are_not_committed(
    lake_of_small_files: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, before, seen = lake_of_small_files, content(lake_of_small_files), []

    def other_each_time(*_: Any) -> tuple[int, int]:
        seen.append(None)
        return 48, len(seen)

    monkeypatch.setattr(compacting, "_fingerprint", other_each_time)
    summary = compact(lake)
    assert [line.partition(": ")[2] for line in summary.left] == [
        "what was written is not what was read: check the disk"
    ] * 2
    assert content(lake) == before
    assert unnamed_data(lake) == set()


KILLED_AT = {
    "while it writes": "compacting._spans = lambda con, partition: os._exit(9)",
    "between writing and commit": "compacting.commit = lambda *arguments: os._exit(9)",
    "within the commit": "import pyiceberg.catalog.sql as sql; sql.SqlCatalog.commit_table = lambda *arguments: os._exit(9)",
    "after the commit": "compacting._add = lambda *arguments: os._exit(9)",
}


@pytest.mark.parametrize("moment", KILLED_AT)
def test_a_killed_compaction_leaves_a_whole_lake_and_the_next_one_cleans_up(
    lake_of_small_files: Lake, moment: str
) -> None:
    lake, before = lake_of_small_files, content(lake_of_small_files)
    code = f"""
import os, sys
from pathlib import Path
from pipeline.lake import Lake
from pipeline.upkeep import compact as compacting
{KILLED_AT[moment]}
compacting.compact(Lake.open(Path(sys.argv[1])))
"""
    killed = subprocess.run(
        [sys.executable, "-c", code, str(lake.folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert killed.returncode == 9, killed.stderr
    lake.refresh()
    assert content(lake) == before
    compact(lake)
    assert content(lake) == before
    assert len(lake.plan_files()) == 2
    assert unnamed_data(lake) == set()
    assert (
        list((lake.folder / "tmp").glob("run-*")) == [] or moment
    )  # the folders of dead runs go with the next ingest


def test_one_upkeep_at_a_time(lake_of_small_files: Lake) -> None:
    with only_upkeep(lake_of_small_files):
        with pytest.raises(InputError, match="another compact or expire is at work"):
            compact(lake_of_small_files)
        with pytest.raises(InputError, match="another compact or expire is at work"):
            expire(lake_of_small_files, NOW, timedelta(days=400))


# --- expire -------------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing(lake_of_small_files: Lake) -> None:
    lake = lake_of_small_files
    compact(lake)
    on_disk, snapshot_id = set(files_on_disk(lake)), lake.snapshot_id
    summary = expire(lake, LATER, timedelta(days=2), timedelta(days=1))
    assert (len(summary.days), summary.is_done) == (2, False)
    assert summary.files > 0
    lake.refresh()
    assert (set(files_on_disk(lake)), lake.snapshot_id) == (on_disk, snapshot_id)


def test_old_days_go_and_are_listed(lake_of_small_files: Lake) -> None:
    lake, before = lake_of_small_files, content(lake_of_small_files)
    old = lake.snapshot_id
    summary = expire(lake, datetime(2026, 3, 7, 12), timedelta(days=4), dry_run=False)
    assert [(day.day, day.source, day.events, day.files) for day in summary.days] == [
        (date(2026, 3, 1), "aws_cloudtrail", FILES * EVENTS_A_FILE, FILES)
    ]
    after = content(lake)
    assert after == [row for row in before if row[2] >= datetime(2026, 3, 2)]
    assert len(after) == FILES * EVENTS_A_FILE
    assert content(lake, old) == before, "the snapshot before is read as it was"


@pytest.mark.parametrize(
    ("now", "gone"),
    [
        (datetime(2026, 3, 2, 23, 59), 0),  # the first day ended less than a day ago
        (datetime(2026, 3, 3), 1),
        (datetime(2026, 3, 6, 23, 59), 1),
        (datetime(2026, 3, 7), 2),
    ],
)
def test_whole_days_only(lake_of_small_files: Lake, now: datetime, gone: int) -> None:
    assert len(expire(lake_of_small_files, now, timedelta(days=1)).days) == gone


def test_expired_snapshots_take_their_files_along_and_no_other(lake_of_small_files: Lake) -> None:
    lake, before = lake_of_small_files, content(lake_of_small_files)
    compact(lake)
    summary = expire(lake, LATER, snapshots_older_than=timedelta(days=1), dry_run=False)
    assert (len(summary.snapshots), summary.kept_snapshots) == (6, 1)
    parquet = sorted(str(path) for path in files_on_disk(lake) if path.suffix == ".parquet")
    assert parquet == lake.plan_files()
    assert len(parquet) == 2
    assert content(Lake.open(lake.folder)) == before


def test_a_kept_snapshot_keeps_what_it_needs(lake_of_small_files: Lake) -> None:
    """The snapshot before a compaction is tagged: its small files stay, those of its elders' metadata go."""
    lake, before = lake_of_small_files, content(lake_of_small_files)
    evidence = lake.snapshot_id
    assert evidence
    table_of(lake).manage_snapshots().create_tag(evidence, "case-7").commit()
    compact(lake)
    summary = expire(lake, LATER, snapshots_older_than=timedelta(days=1), dry_run=False)
    assert (len(summary.snapshots), summary.kept_snapshots) == (5, 2)
    assert content(lake, evidence) == content(lake) == before


def test_young_snapshots_stay(lake_of_small_files: Lake) -> None:
    summary = expire(lake_of_small_files, NOW, snapshots_older_than=timedelta(days=36_000), dry_run=False)
    assert (summary.snapshots, summary.kept_snapshots, summary.files) == ([], 6, 0)


def test_dropped_days_leave_the_disk_with_the_last_snapshot_that_holds_them(
    lake_of_small_files: Lake,
) -> None:
    lake = lake_of_small_files
    day = lake.data_folder / "occurred_day=2026-03-01"
    expire(lake, datetime(2026, 3, 7), timedelta(days=4), dry_run=False)
    assert len(list(day.rglob("*.parquet"))) == FILES
    expire(lake, LATER, snapshots_older_than=timedelta(days=1), dry_run=False)
    assert list(day.rglob("*.parquet")) == []
    assert len(content(lake)) == FILES * EVENTS_A_FILE


def test_a_dry_run_tells_what_the_run_will_remove(lake_of_small_files: Lake) -> None:
    lake, now = lake_of_small_files, LATER
    foretold = expire(lake, now, timedelta(days=1), timedelta(days=1))
    done = expire(lake, now, timedelta(days=1), timedelta(days=1), dry_run=False)
    assert foretold.days == done.days
    assert len(foretold.snapshots) == len(done.snapshots) == FILES
    assert [path for path in files_on_disk(lake) if path.suffix == ".parquet"] == []
    assert content(lake) == []


def test_orphans_go_when_they_are_an_hour_old(lake_of_small_files: Lake) -> None:
    lake = lake_of_small_files
    young, old = (lake.data_folder / f"{name}.parquet" for name in ("young", "old"))
    for path, minutes in ((young, 50), (old, 70)):
        path.write_bytes(b"left by somebody")
        at = (NOW - timedelta(minutes=minutes)).replace(tzinfo=UTC).timestamp()
        os.utime(path, (at, at))
    summary = expire(lake, NOW, snapshots_older_than=timedelta(days=36_000), dry_run=False)
    assert (summary.files, young.exists(), old.exists()) == (1, True, False)


def test_nothing_expires_while_a_batch_is_pending(lake_of_small_files: Lake) -> None:
    lake, before = lake_of_small_files, content(lake_of_small_files)
    with closing(Ledger(lake.folder / "ledger.db")) as ledger:
        with run_folder(lake.folder) as run:
            ledger.begin(f"20260310T120000-{run.name}-00000", NOW, ["a.json"])
            with pytest.raises(InputError, match=r"an ingest is at work \(1 pending\)"):
                expire(lake, NOW, timedelta(days=1), timedelta(days=1), dry_run=False)
            assert content(lake) == before
        assert expire(lake, NOW, timedelta(days=1), dry_run=False).days, "the dead run is settled first"
        assert ledger.batches("pending") == []


def test_a_killed_expire_is_finished_by_the_next(lake_of_small_files: Lake) -> None:
    lake, before = lake_of_small_files, content(lake_of_small_files)
    compact(lake)
    code = """
import os, sys
from datetime import datetime, timedelta
from pathlib import Path
from pipeline.lake import Lake
from pipeline.upkeep import expire as expiring
expiring._remove = lambda *arguments: os._exit(9)
expiring.expire(Lake.open(Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2]), None, timedelta(days=1), dry_run=False)
"""
    now = LATER
    killed = subprocess.run(
        [sys.executable, "-c", code, str(lake.folder), now.isoformat()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == 9, killed.stderr
    lake.refresh()
    assert content(lake) == before
    assert len(unnamed_data(lake)) == 2 * FILES
    expire(lake, now, snapshots_older_than=timedelta(days=1), dry_run=False)
    assert unnamed_data(lake) == set()
    assert content(lake) == before


def test_a_lake_opened_by_another_way_loses_nothing(lake_of_small_files: Lake, tmp_path: Path) -> None:
    before = content(lake_of_small_files)
    (tmp_path / "link").symlink_to(lake_of_small_files.folder)
    lake = Lake.open(tmp_path / "link")
    compact(lake)
    expire(lake, LATER, snapshots_older_than=timedelta(days=1), dry_run=False)
    compact(lake)
    assert content(Lake.open(lake_of_small_files.folder)) == content(lake) == before


def test_a_lake_with_files_missing_is_not_touched(lake_of_small_files: Lake) -> None:
    lake = lake_of_small_files
    Path(lake.plan_files()[0]).unlink()
    on_disk = set(files_on_disk(lake))
    with pytest.raises(InputError, match="1 files of kept snapshots are not in the lake's folder"):
        expire(lake, LATER, snapshots_older_than=timedelta(days=1), dry_run=False)
    assert set(files_on_disk(lake)) == on_disk


def test_an_expired_snapshot_is_told_in_one_line(lake_of_small_files: Lake) -> None:
    lake = lake_of_small_files
    gone = lake.snapshot_id
    compact(lake)
    expire(lake, LATER, snapshots_older_than=timedelta(days=1), dry_run=False)
    with pytest.raises(InputError, match=f"snapshot {gone} is not kept"):
        lake.plan_files(snapshot_id=gone)


# --- stats and the command line -----------------------------------------------------------------------------


def test_stats_of_a_lake(lake_of_small_files: Lake, tmp_path: Path) -> None:
    take_in(
        lake_of_small_files.folder, tmp_path, "more", event(100, "2026-03-01T00:00:00Z"), {"what": "is this"}
    )
    lake_of_small_files.refresh()
    stats = read_stats(lake_of_small_files)
    (held,) = stats.sources
    assert (held.source, held.tenant_id, held.events) == ("aws_cloudtrail", "111122223333", 96)
    assert (held.first_at, held.last_at) == (datetime(2026, 3, 1), datetime(2026, 3, 5, 14, 5))
    assert (stats.files, stats.snapshots, stats.batches, stats.pending_batches) == (12, 6, 7, 0)
    assert stats.mean_file_bytes == stats.bytes // 12
    assert stats.quarantined == {"no known source (keys: what)": 1}
    assert stats.duplicates == {"aws_cloudtrail": 1}
    assert stats.last_batch
    last = stats.last_batch
    assert (last.state, last.records, last.events, last.duplicates, last.quarantined) == ("done", 2, 0, 1, 1)


def test_stats_of_an_empty_lake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Lake.open(tmp_path / "lake", create=True)
    assert main(["lake", "stats", "--lake", str(tmp_path / "lake")]) == 0
    assert "The lake is empty." in capsys.readouterr().out


def test_the_commands(lake_of_small_files: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--lake", str(lake_of_small_files.folder), "--json"]
    assert main(["lake", "compact", *where]) == 0
    compacted = json.loads(capsys.readouterr().out)
    assert (compacted["files_before"], compacted["files_after"], compacted["left"]) == (12, 2, [])
    assert main(["lake", "expire", "--older-than", "1d", *where]) == 0
    expired = json.loads(capsys.readouterr().out)
    assert (expired["done"], [day["day"] for day in expired["days"]]) == (False, ["2026-03-01", "2026-03-05"])
    assert main(["lake", "expire", "--older-than", "1d", "--yes", *where]) == 0
    assert json.loads(capsys.readouterr().out)["done"]
    assert main(["lake", "stats", *where]) == 0
    stats = json.loads(capsys.readouterr().out)
    assert (stats["events"], stats["snapshots"], stats["sources"]) == (0, 8, [])


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([], "what shall go?"),
        (["--older-than", "soon"], "--older-than: not a duration"),
        (["--older-than", "1d", "--yes", "--dry-run"], "contradict each other"),
    ],
)
def test_expire_asks_for_sense(
    lake_of_small_files: Lake, capsys: pytest.CaptureFixture[str], options: list[str], line: str
) -> None:
    assert main(["lake", "expire", *options, "--lake", str(lake_of_small_files.folder)]) == 2
    assert line in capsys.readouterr().err
