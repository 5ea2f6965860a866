"""A load that is killed at any moment loses nothing and doubles nothing: the next one goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loaders.bounds import Bounds
from loaders.landing import Landing
from tests.conftest import ROOT

PAGES, OBJECTS = 30, 120
CHILD = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from loaders import run, sink
from loaders.base import Discovery, Fetched, Item
from loaders.bounds import Bounds
from loaders.landing import Landing
from tests.loaders.shelf import AT, SINCE

lake, die_at = Path(sys.argv[1]), sys.argv[2]
run.NOTED_AT_ONCE, run.GROUP, run.NOTED_WITHIN = 7, 11, 0.01
asked = 0

def die(*anything):
    os.kill(os.getpid(), signal.SIGKILL)

class Service:
    name, kind = "service", "made-up"
    def discover(self, checkpoints, since, until):
        objects = (Item("objects", f"{n}.json") for n in range(OBJECTS))
        yield Discovery("objects", objects, "all objects", until)
        yield Discovery("pages", [Item("pages", "page0.json")], "all pages", until)
    def fetch(self, item, write):
        global asked
        asked += 1
        for _ in range(20):
            write(f"{item.stream}/{item.key}\\n".encode() * 500)
        number = int(item.key.strip("page.json"))
        more = (Item("pages", f"page{number + 1}.json"),) if item.stream == "pages" and number + 1 < PAGES else ()
        return Fetched(more)
    def probe(self):
        return []

if die_at == "before the ledger":
    settle = run.LandingLedger.settle
    def settle_or_die(*given):
        if asked > 40:
            die()
        return settle(*given)
    run.LandingLedger.settle = settle_or_die
elif die_at == "after the ledger":
    settle = run.LandingLedger.settle
    def settle_and_die(*given):
        brought = settle(*given)
        if asked > 40:
            die()
        return brought
    run.LandingLedger.settle = settle_and_die
elif die_at == "before the name":
    keep_as = sink.Sink.keep_as
    run.Sink.keep_as = lambda self, path: die() if asked > 40 else keep_as(self, path)
print("begun", flush=True)
Landing.open(lake, Bounds(min_free_bytes=0, in_flight=4)).load(Service(), SINCE, AT)
""".replace("PAGES", str(PAGES)).replace("OBJECTS", str(OBJECTS))


def start(lake: Path, die_at: str = "never") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(lake), die_at],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(child: "subprocess.Popen[str]") -> int:
    _, told = child.communicate(timeout=60)
    assert child.returncode in (0, -signal.SIGKILL), told
    return child.returncode


def check(lake: Path, is_whole: bool) -> None:
    """What the ledger calls landed is whole on disk; a checkpoint stands only where everything before it is."""
    wanted = {f"objects/{n}.json" for n in range(OBJECTS)} | {f"pages/page{n}.json" for n in range(PAGES)}
    with Landing.open(lake, Bounds(min_free_bytes=0)) as landing:
        files = landing.not_ingested()
        seen = []
        for path in files:
            lines = path.read_text().splitlines()
            assert len(lines) == 20 * 500 and len(set(lines)) == 1
            seen.append(lines[0])
        assert len(seen) == len(set(seen))
        for stream in landing.ledger.checkpoints("service"):
            assert {name for name in wanted if name.startswith(stream)} <= set(seen)
        if is_whole:
            assert set(seen) == wanted
            assert landing.ledger.checkpoints("service") == {"objects": "all objects", "pages": "all pages"}
            assert landing.counts("service").waiting == 0
            kept = {*files, landing.folder / "landing.db"}
            left = [p for p in landing.folder.rglob("*") if p.is_file() and p not in kept]
            assert [path.suffix for path in left] == [".lock"]


@pytest.mark.parametrize("moment", ["before the name", "before the ledger", "after the ledger"])
def test_killed_at_the_worst_moment(tmp_path: Path, moment: str) -> None:
    assert ended(start(tmp_path, moment)) == -signal.SIGKILL
    check(tmp_path, is_whole=False)
    assert ended(start(tmp_path)) == 0
    check(tmp_path, is_whole=True)


@pytest.mark.slow
def test_killed_thirty_times_at_random(tmp_path: Path) -> None:
    chance = random.Random(7)
    kills, lakes = 0, 1
    while kills < 30:
        assert lakes < 100, "it ends before it can be killed"
        lake = tmp_path / f"lake{lakes}"
        child = start(lake)
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        time.sleep(chance.random() * 0.25)
        child.kill()
        was_killed = ended(child) == -signal.SIGKILL
        kills += was_killed
        check(lake, is_whole=False)
        lakes += not was_killed or chance.random() < 0.2  # several in a row on one lake, unless one ended
    for lake in sorted(tmp_path.iterdir()):
        assert ended(start(lake)) == 0
        check(lake, is_whole=True)


def test_two_processes_at_once(tmp_path: Path) -> None:
    """One has the source's lock; the other says so."""
    first = start(tmp_path)
    assert first.stdout is not None and first.stdout.readline() == "begun\n"
    told = []
    for child in (start(tmp_path), first):
        _, err = child.communicate(timeout=60)
        told.append((child.returncode, "another load of it is running" in err))
    assert (0, False) in told and all(one in ((0, False), (1, True)) for one in told)
    check(tmp_path, is_whole=True)


def test_a_ledger_that_was_being_written_can_be_looked_at(tmp_path: Path) -> None:
    """What a killed writer left beside it is rolled back, though only reading was asked for."""
    Landing.open(tmp_path).close()
    path = tmp_path / "landing" / "landing.db"
    writing = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("pragma cache_size = 1")
db.execute("begin")
many = (("s", "one", str(n), "", "", "landed", f"s/{n}", "r") for n in range(20_000))
db.executemany("insert into items (source, stream, key, version, cursor, state, file, run) values (?, ?, ?, ?, ?, ?, ?, ?)", many)
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", writing, str(path)], check=False)
    assert path.with_name("landing.db-journal").exists()
    looked = Landing.look(tmp_path)
    assert looked is not None and looked.is_empty()
