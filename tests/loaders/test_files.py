"""A folder that others write into: what is new or grown is landed once, what still changes is left for later."""

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loaders.bounds import Bounds
from loaders.files import FilesLoader
from loaders.landing import Landing, LoadSummary
from pipeline.errors import LoadError, SettingsError

AT = datetime(2026, 3, 10, 12)


class Synced:
    """A folder, its loader and its landing; `load` is one night."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "synced"
        self.folder.mkdir()
        self.landing = Landing.open(tmp_path / "lake", Bounds(min_free_bytes=0))
        self.loader = FilesLoader.from_settings("synced", {"kind": "files", "folder": str(self.folder)})
        self.seen: set[Path] = set()

    def write(self, name: str, content: bytes, at: datetime = AT - timedelta(minutes=5)) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        seconds = at.replace(tzinfo=UTC).timestamp()
        os.utime(path, (seconds, seconds))
        return path

    def load(self, at: datetime = AT) -> LoadSummary:
        return self.landing.load(self.loader, at - timedelta(days=1), at)

    def new(self, at: datetime = AT) -> list[bytes]:
        """What one more load lands."""
        summary = self.load(at)
        assert (summary.error, summary.failed_count, summary.waiting_count) == (None, 0, 0)
        fresh = [path for path in self.landing.not_ingested() if path not in self.seen]
        self.seen.update(fresh)
        return sorted(path.read_bytes() for path in fresh)


@pytest.fixture
def synced(tmp_path: Path) -> Synced:
    return Synced(tmp_path)


def later(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def test_each_file_is_landed_once(synced: Synced) -> None:
    synced.write("a.json.gz", b"a")
    synced.write("deep/er/b.parquet", b"b", at=AT - timedelta(days=900))
    assert synced.new() == [b"a", b"b"]
    assert synced.new() == []
    synced.write("a.json.gz", b"A, all of it", at=later(1))
    assert synced.new(later(10)) == [b"A, all of it"]


def test_what_was_written_just_now_is_left_for_later(synced: Synced) -> None:
    synced.write("a.csv", b"a", at=AT - timedelta(seconds=20))
    assert synced.new() == []
    assert synced.new(later(1)) == [b"a"]
    synced.write("b.csv", b"b", at=later(600))  # the clock of another machine
    assert synced.new(later(2)) == [b"b"]


def test_unfinished_hidden_and_linked_files_are_passed_over(synced: Synced, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.json").write_bytes(b"no log")
    (synced.folder / "link.json").symlink_to(tmp_path / "secret" / "key.json")
    (synced.folder / "linked").symlink_to(tmp_path / "secret")
    os.mkfifo(synced.folder / "pipe.json")
    for name in ("a.json.part", ".a.json.Xy12", ".sync/a.json"):
        synced.write(name, b"{}")
    assert synced.new() == []


def test_of_lines_that_grew_the_new_whole_ones_are_landed(synced: Synced) -> None:
    one, two, three = (json.dumps({"n": n}).encode() + b"\n" for n in range(3))
    synced.write("PT1H.json", one + two[:4])
    assert synced.new() == [one]
    assert synced.new(later(1)) == []
    synced.write("PT1H.json", one + two + three[:3], at=later(5))
    assert synced.new(later(10)) == [two]
    synced.write("PT1H.json", one + two + three, at=later(15))
    assert synced.new(later(20)) == [three]


def test_a_last_line_without_its_end_is_a_record_all_the_same(synced: Synced) -> None:
    synced.write("a.jsonl", b'{"n": 0}\n{"n": 1}')
    assert synced.new() == [b'{"n": 0}\n{"n": 1}']
    synced.write("a.jsonl", b'{"n": 0}\n{"n": 1}\n{"n": 2}\n', at=later(5))
    assert synced.new(later(10)) == [b'\n{"n": 2}\n']


def test_a_last_line_that_never_ends_is_landed_in_the_end(synced: Synced) -> None:
    synced.write("a.jsonl", b'{"n": 0}\n{"n"')
    assert synced.new() == [b'{"n": 0}\n']
    assert synced.new(later(30)) == []
    assert synced.new(later(70)) == [b'{"n"']
    assert synced.new(later(90)) == []


def test_a_file_that_was_written_anew_is_taken_whole(synced: Synced) -> None:
    synced.write("a.jsonl", b'{"n": 0}\n' * 10)
    synced.write("b.json", b'{\n "Records": [1]\n}')
    assert len(synced.new()) == 2
    synced.write("a.jsonl", b'{"n": 7}\n' * 12, at=later(5))
    synced.write("b.json", b'{\n "Records": [1, 2]\n}', at=later(5))
    assert synced.new(later(10)) == [b'{\n "Records": [1, 2]\n}', b'{"n": 7}\n' * 12]
    synced.write("a.jsonl", b'{"n": 7}\n', at=later(15))
    assert synced.new(later(20)) == [b'{"n": 7}\n']


def test_what_changes_between_naming_and_reading_is_lost_in_neither(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [json.dumps({"n": n}).encode() + b"\n" for n in range(4)]
    synced.write("grows.jsonl", lines[0])
    synced.write("anew.jsonl", lines[0])
    synced.write("goes.csv", b"a,b\n")
    fetch, turn = synced.loader.fetch, threading.Lock()

    def fetch_late(item, write):
        with turn:
            if (synced.folder / "goes.csv").exists():
                synced.write("grows.jsonl", lines[0] + lines[1], at=later(1))
                synced.write("anew.jsonl", lines[2] + lines[3], at=later(1))
                (synced.folder / "goes.csv").unlink()
        return fetch(item, write)

    with monkeypatch.context() as patch:
        patch.setattr(synced.loader, "fetch", fetch_late)
        summary = synced.load()
    assert summary.gone_count == 2
    assert [path.read_bytes() for path in synced.landing.not_ingested()] == [lines[0]]
    synced.new(later(10))
    everything = b"".join(path.read_bytes() for path in synced.landing.not_ingested())
    assert sorted(everything.splitlines(True)) == lines


def test_a_folder_that_is_not_there(synced: Synced, tmp_path: Path) -> None:
    loader = FilesLoader.from_settings("other", {"kind": "files", "folder": str(tmp_path / "nothing")})
    summary = synced.landing.load(loader, AT, AT)
    assert "there is no such folder" in str(summary.error)
    (probe,) = loader.probe()
    assert not probe.is_well and "No such file" in probe.told
    assert synced.loader.probe()[0].is_well


def test_a_folder_below_that_cannot_be_read_stops_only_itself(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.write("closed/a.csv", b"a")
    synced.write("open/b.csv", b"b")
    scandir = os.scandir

    def refuse(path: Path | int):
        if not isinstance(path, int) and Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        summary = synced.load()
    assert summary.item_count == 1 and "Permission denied" in str(summary.error)
    assert synced.load().item_count == 1


def test_how_complete_it_is(tmp_path: Path) -> None:
    landing = Landing.open(tmp_path / "lake", Bounds(min_free_bytes=0))
    table = {"kind": "files", "folder": str(tmp_path)}
    assert landing.load(FilesLoader.from_settings("a", table), AT, AT).complete_until is None
    told = FilesLoader.from_settings("b", table | {"late_by": "6h"})
    assert landing.load(told, AT, AT).complete_until == AT - timedelta(hours=6)
    with pytest.raises(SettingsError, match="unknown: path"):
        FilesLoader.from_settings("c", table | {"path": "x"})


def test_a_folder_that_became_a_link_is_not_entered(synced: Synced, tmp_path: Path) -> None:
    synced.write("deep/a.csv", b"a")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.csv").write_bytes(b"no log")
    (discovery,) = [d for d in synced.loader.discover({}, AT, AT) if d.stream == "deep"]
    (item,) = discovery.items
    (synced.folder / "deep").rename(synced.folder / "moved")
    (synced.folder / "deep").symlink_to(tmp_path / "secret")
    with pytest.raises(LoadError, match="no longer there"):
        synced.loader.fetch(item, lambda piece: None)
