"""The night's run: what it writes, what it says has changed, its exit codes, its lock, and the signals that wait."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from loaders.files import FilesLoader, FilesOptions
from loaders.landing import Landing
from pipeline.cli import main
from pipeline.errors import InputError
from pipeline.lake import Lake
from pipeline.load import ingest_landed
from pipeline.models import build_model, read_models
from pipeline.nightly.changes import changes
from pipeline.nightly.folder import _text
from pipeline.nightly.memory import HuntedDay, Memory, Said
from pipeline.nightly.turn import turn
from pipeline.query import run_query
from pipeline.signal_history import COLUMNS, history_file, load_history
from pipeline.watermarks import create_watermarks, read_watermarks
from tests.pipeline.test_opening import event

NOW = datetime(2026, 3, 3, 2)
HOLDER = """
import sys, time
from datetime import datetime
from pathlib import Path
from pipeline.nightly.turn import turn
with turn(Path(sys.argv[1]), datetime(2026, 3, 3, 2)):
    print("mine", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def lake(sample_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sample incident in a lake of its own place, which cannot be moved, without what nights and hunts remember of it."""
    left = [sample_lake.folder / name for name in ("nightly", "history")]
    yield sample_lake.folder
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)


def run(lake: Path, out: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    capsys.readouterr()
    period = ("--until", "2026-03-03T00:00Z", "--since", "24h")
    code = main(["nightly", "--lake", str(lake), "--out", str(out), *period, *more])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "quality" not in path.parts
    }


def test_a_second_run_of_the_period_hunts_nothing_and_writes_the_same_bytes(
    lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSTRESET_NOTIFY", raising=False)
    monkeypatch.setattr("pipeline.nightly.steps.find_spec", lambda name: None)
    code, printed, err = run(lake, tmp_path, capsys)
    assert code == 1 and "alice@example.com" in printed
    assert "quality was not checked: Great Expectations is not installed" in err
    folder = tmp_path / "2026-03-03"
    queue = json.loads((folder / "queue.json").read_text())
    (alice,) = [reset for reset in queue["resets"] if reset["reset"]["person"] == "alice@example.com"]
    assert alice["score"] > 90 and alice["notes"] == ["new: no earlier night knew this reset"]
    assert (folder / alice["out"] / "hunt.json").is_file()
    assert alice["out"] in (folder / "queue.md").read_text()
    assert "no earlier night knew" in (folder / "queue.html").read_text()
    (folder / "interrupted").mkdir()
    (folder / "interrupted" / "timeline.jsonl").write_text("")
    before = hashes(folder)
    code, printed, _ = run(lake, tmp_path, capsys, "--json", "--fail-on", "100")
    told = json.loads(printed)
    assert code == 0 and told["hunted_days"] == 0 and told["notified"] == 0
    after = hashes(folder)
    assert before.keys() - after.keys() == {"interrupted/timeline.jsonl"}
    assert after.items() <= before.items()


def test_there_is_no_lake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(tmp_path / "none", tmp_path / "out", capsys)
    assert code == 3 and "there is no lake here" in err


def test_a_source_that_cannot_be_read_is_told_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.nightly.steps.find_spec", lambda name: None)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.json").write_text(json.dumps({"Records": [event("1")]}))
    settings = tmp_path / "postreset.toml"
    good = '[sources.good]\nkind = "files"\nfolder = "logs"\nrest = "0s"\n'
    settings.write_text(f'{good}[sources.bad]\nkind = "files"\nfolder = "nowhere"\n')
    lake, out = tmp_path / "lake", tmp_path / "out"
    code, printed, err = run(lake, out, capsys, "--config", str(settings))
    assert code == 3 and "No reset in this window." in printed
    assert "postreset nightly: bad: " in err
    assert run_query(Lake.open(lake), "select event_id from events")[1] == [("1",)]
    (told,) = json.loads((out / "2026-03-03" / "run.json").read_text())["load"]
    assert told.startswith("bad: ")
    settings.write_text(good)
    code, _, err = run(lake, out, capsys, "--config", str(settings))
    assert code == 0 and "bad" not in err


# --- one at a time -------------------------------------------------------------------------------------------------


def test_one_night_at_a_time_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "mine\n"
        with (
            pytest.raises(InputError, match=f"process {holder.pid} on .* since 2026-03-03 02:00 UTC"),
            turn(tmp_path, NOW),
        ):
            pass
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    assert f"process {holder.pid}" in (tmp_path / "nightly" / "nightly.lock").read_text()
    with turn(tmp_path, NOW):
        assert f"process {os.getpid()}" in (tmp_path / "nightly" / "nightly.lock").read_text()


# --- what is remembered, and what has changed ----------------------------------------------------------------------


def said(night: str, score: int = 12, reset_id: str = "R-1", **more: object) -> Said:
    entry = {
        "score": score,
        "verdict": "likely_benign" if score < 20 else "suspicious",
        "signals": {},
        "domains": [],
        "waiting": [],
        "marks": {"aws_cloudtrail": "2026-03-03T00:00:00.000000Z"},
    } | more
    return Said(night, "2026-03-02", reset_id, datetime(2026, 3, 2, 9), entry, b"")


def test_changes_are_told_in_words() -> None:
    before = said("2026-03-03", signals={"Mail read": 2, "Role taken": 1}, waiting=["Waiting, once: …"])
    now = said("2026-03-04", 71, signals={"Mail read": 1, "Key made": 3}).entry
    rows = [
        {"source": "aws_cloudtrail", "occurred_at": datetime(2026, 3, 2, 12)},
        {"source": "aws_cloudtrail", "occurred_at": datetime(2026, 3, 3, 12)},
        {"source": "entra_audit", "occurred_at": datetime(2026, 3, 2, 12)},
    ]
    assert changes(before, now, rows, 1) == [
        "score 12 → 71 since 2026-03-03",
        "likely benign → suspicious",
        "new signal: Key made (×3)",
        "signal gone: Mail read",
        "signal gone: Role taken",
        "3 new rows in the timeline",
        "1 row gone from the timeline",
        "late: 1 row of aws_cloudtrail came after that night had its logs until 2026-03-03T00:00",
        "no signal waits any more",
    ]
    assert changes(before, before.entry, [], 0) == []


def test_a_night_is_compared_with_the_night_before_and_not_with_itself(tmp_path: Path) -> None:
    with Memory.open(tmp_path) as memory:
        for night, score in (("2026-03-03", 1), ("2026-03-04", 2), ("2026-03-05", 3), ("2026-03-05", 4)):
            memory.keep_day(HuntedDay("2026-03-02", night, f"key {score}", ""), [said(night, score)])
        found = memory.before("2026-03-05", "R-1")
        assert found is not None and (found.night, found.score) == ("2026-03-04", 2)
        assert memory.before("2026-03-03", "R-1") is None
        (latest,) = memory.latest(datetime(2026, 3, 2), datetime(2026, 3, 3), "2026-03-05")
        assert latest.score == 4
        assert memory.hunted_days()["2026-03-02"].hunt_key == "key 4"


def test_a_reset_that_late_logs_took_away_is_not_in_the_queue_any_more(tmp_path: Path) -> None:
    with Memory.open(tmp_path) as memory:
        both = [said("2026-03-03"), said("2026-03-03", reset_id="R-2")]
        memory.keep_day(HuntedDay("2026-03-02", "2026-03-03", "a", ""), both)
        memory.keep_day(HuntedDay("2026-03-02", "2026-03-04", "b", ""), [said("2026-03-04")])
        latest = memory.latest(datetime(2026, 3, 2), datetime(2026, 3, 3), "2026-03-04")
        assert [one.reset_id for one in latest] == ["R-1"]


def test_memory_forgets_old_nights_but_not_the_last_word(tmp_path: Path) -> None:
    with Memory.open(tmp_path) as memory:
        for night in ("2026-03-03", "2026-03-04"):
            memory.keep_day(HuntedDay("2026-03-02", night, "a", ""), [said(night)])
        assert memory.begin("2026-03-04", datetime(2026, 3, 3), datetime(2026, 3, 4)) == date(2026, 3, 3)
        assert memory.before("2026-03-04", "R-1") is not None
        assert memory.begin("2026-12-01", datetime(2026, 11, 30), datetime(2026, 12, 1)) == date(2026, 3, 3)
        assert memory.before("2026-03-04", "R-1") is None
        assert len(memory.latest(datetime(2026, 3, 2), datetime(2026, 3, 3), "")) == 1


def test_markdown_of_a_log_is_no_markdown() -> None:
    assert _text("[x](https://a.example) <b> `c` *d* www.e.example\x1b|") == (
        r"\[x\]\(https\://a.example\) \<b\> \`c\` \*d\* www\.e.example\\x1b\|"
    )


# --- signals that wait, and the history ---------------------------------------------------------------------------


def test_a_signal_about_what_did_not_happen_waits_for_its_source(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create temp table int_resets as select 'R-1' as reset_id, timestamp '2026-03-02 09:00' as occurred_at"
    )
    con.execute(
        "create temp table detections as select unnest(['absent', 'seen']) as detection, unnest(['a rotation', '']) as waits_for"
    )
    con.execute(
        """create table signals as select 'R-1' as reset_id, unnest(['absent', 'seen', 'absent']) as detection,
        unnest(['aws_cloudtrail', 'aws_cloudtrail', 'azure_key_vault']) as source, '1' as tenant_id, 'e' as event_id,
        null as thing_id, timestamp '2026-03-02 10:00' as occurred_at"""
    )

    def waiting(**marks: datetime) -> list[tuple[str, str]]:
        create_watermarks(con, marks)
        window = {"window": datetime(2026, 3, 4) - datetime(2026, 3, 1)}
        build_model(con, "waiting_signals", read_models()["waiting_signals"], window)
        return con.execute("select detection, source from waiting_signals order by all").fetchall()

    assert waiting() == []
    assert waiting(aws_cloudtrail=datetime(2026, 3, 5, 8, 59)) == [("absent", "aws_cloudtrail")]
    assert waiting(aws_cloudtrail=datetime(2026, 3, 5, 9), azure_key_vault=datetime(2026, 3, 3)) == [
        ("absent", "azure_key_vault")
    ]


def test_watermarks_of_a_lake_that_was_filled_by_hand_are_its_own_last_events(sample_lake: Lake) -> None:
    with duckdb.connect() as con:
        marks = read_watermarks(con, sample_lake, sample_lake.data_files())
    assert marks["aws_cloudtrail"] == datetime(2026, 3, 9, 0, 5), "when the last file was delivered"
    assert marks["azure_activity"].date() == date(2026, 3, 8), (
        "the last event, where nothing tells of its delivery"
    )


def test_watermarks_of_a_loaded_source_are_its_ledger_s_once_all_that_is_landed_was_taken_in(
    tmp_path: Path,
) -> None:
    logs, lake = tmp_path / "logs", tmp_path / "lake"
    logs.mkdir()
    records = [event("1", eventTime="2026-03-02T10:00:00Z"), event("2", eventTime="2026-03-02T11:00:00Z")]
    (logs / "a.json").write_text(json.dumps({"Records": records}))
    loader = FilesLoader("trail", FilesOptions(str(logs), rest=timedelta(), late_by=timedelta(hours=2)))
    until = datetime(2026, 3, 3)
    with Landing.open(lake) as landing:
        assert landing.load(loader, until - timedelta(days=2), until).error is None
    ingest_landed(lake, datetime(2026, 3, 3, 1))
    marks = watermarks_of(lake)
    assert marks == {"aws_cloudtrail": datetime(2026, 3, 2, 22)}
    (logs / "b.json").write_text(json.dumps({"Records": [event("3", eventTime="2026-03-03T10:00:00Z")]}))
    with Landing.open(lake) as landing:
        landing.load(loader, until, until + timedelta(days=1))
    assert watermarks_of(lake) == {"aws_cloudtrail": datetime(2026, 3, 2, 11)}, (
        "landed, and not in the lake yet"
    )
    ingest_landed(lake, datetime(2026, 3, 4, 1))
    assert watermarks_of(lake) == {"aws_cloudtrail": datetime(2026, 3, 3, 22)}


def watermarks_of(folder: Path) -> dict[str, datetime]:
    lake = Lake.open(folder)
    with duckdb.connect() as con:
        return read_watermarks(con, lake, lake.data_files())


def test_history_leaves_out_what_is_hunted_and_what_is_no_reset_any_more(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lake = Lake.open(tmp_path / "empty")
    history_file(lake).parent.mkdir()
    con.execute(f"create temp table kept ({COLUMNS})")
    for reset_id, day in (("expired", 1), ("hunted", 12), ("known", 13), ("gone", 14), ("later", 20)):
        con.execute("insert into kept values (?, 'p', ?, 1, [], '')", (reset_id, datetime(2026, 3, day)))
    con.table("kept").write_parquet(str(history_file(lake)))
    con.execute("create temp table int_resets as select 'hunted' as reset_id")
    con.execute(
        "create temp table known_resets as select reset_id, occurred_at from kept where reset_id in ('hunted', 'known', 'later')"
    )
    assert load_history(con, lake, datetime(2026, 3, 15))
    assert con.execute("select reset_id from past_resets order by occurred_at").fetchall() == [
        ("expired",),
        ("known",),
    ]
