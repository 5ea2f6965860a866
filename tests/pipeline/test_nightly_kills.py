"""Killed at random moments over load, ingest and the night's hunts: nothing is lost, nothing is doubled, the queue is the same."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from loaders.landing import Landing
from pipeline.lake import Lake
from pipeline.ledger import Ledger
from pipeline.query import run_query
from tests.pipeline.nights import content, last_words, organisation

NIGHT = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from loaders.files import FilesLoader
from loaders.landing import Landing
from pipeline.conversion import convert_what_can_be
from pipeline.lake import Lake
from pipeline.nightly import Night, hunt_night
from pipeline.nightly.turn import turn
from pipeline.rule_sets import RuleSet, load_rules
import pipeline.ingest
import pipeline.load
pipeline.ingest.BATCH_FILES = 40
pipeline.load.FILES_AT_ONCE = 100
lake, logs, out = map(Path, sys.argv[1:4])
since, until = (datetime.fromisoformat(text) for text in sys.argv[4:6])
now = datetime(2027, 1, 1)
some = load_rules().detections[::6]
without_their_inputs = {id(rule) for rule, _ in convert_what_can_be(some)[1]}
runnable = tuple(rule for rule in some if id(rule) not in without_their_inputs)
with turn(lake, now):
    loader = FilesLoader.from_settings("logs", {"kind": "files", "folder": str(logs), "rest": "0s"})
    with Landing.open(lake) as landing:
        summary = landing.load(loader, since, until)
    assert summary.error is None, summary
    pipeline.load.ingest_landed(lake, now)
    hunt_night(Lake.open(lake), Night(since, until, RuleSet(runnable), out))
"""


def start(folder: Path, logs: Path, since: datetime, until: datetime) -> "subprocess.Popen[bytes]":
    arguments = [str(folder / "lake"), str(logs), str(folder / "out"), since.isoformat(), until.isoformat()]
    return subprocess.Popen([sys.executable, "-c", NIGHT, *arguments], stderr=subprocess.PIPE)


def finish(run: "subprocess.Popen[bytes]") -> None:
    _, err = run.communicate(timeout=500)
    assert run.returncode == 0, err.decode()[-2000:]


def folders(folder: Path) -> list[str]:
    """The hunt folders by person: their names end in a hash of the lake's snapshot."""
    return sorted(path.name.rpartition("-")[0] for path in folder.glob("out/*/*") if path.is_dir())


def kill_and_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, **plan: int) -> None:
    arrivals = organisation(tmp_path / "logs", monkeypatch, 5, **plan)
    since, until = arrivals.begins_at, datetime.fromisoformat(str(arrivals.mornings[-1]))
    (tmp_path / "whole").mkdir()
    began = time.monotonic()
    finish(start(tmp_path / "whole", tmp_path / "logs", since, until))
    lasted = time.monotonic() - began
    rng = Random(kills)
    killed = tmp_path / "killed"
    killed.mkdir()
    ended = 0
    for _ in range(kills):
        run = start(killed, tmp_path / "logs", since, until)
        try:
            # a run goes on where the last one ended, so later ones are shorter
            run.wait(rng.uniform(0.3, lasted * 0.5))
            ended += 1
        except subprocess.TimeoutExpired:
            os.kill(run.pid, signal.SIGKILL)
        run.communicate()
    assert ended < kills, "some run was killed"
    finish(start(killed, tmp_path / "logs", since, until))
    assert content(killed / "lake") == content(tmp_path / "whole" / "lake")
    sql = "select count(*) - count(distinct event_key) from events"
    assert (
        run_query(Lake.open(killed / "lake"), sql)[1]
        == run_query(Lake.open(tmp_path / "whole" / "lake"), sql)[1]
    )
    assert last_words(killed / "lake") == last_words(tmp_path / "whole" / "lake")
    assert folders(killed) == folders(tmp_path / "whole")
    with Landing.open(killed / "lake") as landing:
        assert landing.not_ingested() == [] and landing.counts("logs").waiting == 0
    ledger = Ledger(killed / "lake" / "ledger.db")
    assert ledger.batches("pending") == []
    ledger.close()


def test_three_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_and_compare(
        tmp_path, monkeypatch, 3, attack_count=0, benign_count=1, size=5, baseline_days=2, days=1
    )


@pytest.mark.slow
def test_thirty_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_and_compare(
        tmp_path, monkeypatch, 30, attack_count=1, benign_count=5, size=12, baseline_days=10, days=3
    )
