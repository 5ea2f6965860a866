"""Names that are kept once for many parts of the index are the names of those parts, and no others; a hunt is the same with them,
without them and with old ones."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import connection, kept_together
from pipeline.hunt import Request, hunt_resets
from pipeline.ingest import ingest
from pipeline.kept_facts import keep_facts
from pipeline.kept_together import MOST_APART, keep_together, names_paths
from pipeline.lake import Lake
from pipeline.settings import resource_root

NOW = datetime(2026, 3, 9)
BATCHES = MOST_APART + 3
INCIDENT = resource_root() / "data" / "samples" / "incident"


@pytest.fixture(scope="module")
def indexed_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake whose index has grown by a part with each batch."""
    folder = tmp_path_factory.mktemp("indexed") / "lake"
    paths = sorted(path for path in INCIDENT.rglob("*") if path.is_file())
    for number in range(BATCHES):
        ingest(folder, paths[number::BATCHES], NOW)
        lake = Lake.open(folder)
        keep_facts(lake, lake.data_files())
    return lake


def parts_of(lake: Lake) -> list[Path]:
    return keep_facts(lake, lake.data_files())


def togethers(parts: list[Path]) -> list[Path]:
    return sorted(parts[0].parent.glob("together-*"))


def names_in(paths: list[str]) -> list[Any]:
    with connection.connect() as con:
        con.read_parquet(paths, hive_partitioning=False).create_view("names")
        return con.execute(
            """select names.* exclude (occurred_at, event_id),
                min(struct_pack(occurred_at := names.occurred_at, event_id := names.event_id))
            from names group by all order by all"""
        ).fetchall()


def names_apart(parts: list[Path]) -> list[str]:
    return [str(part / "names.parquet") for part in parts]


def test_names_together_are_the_names_of_the_parts(indexed_lake: Lake) -> None:
    parts = parts_of(indexed_lake)
    assert len(parts) == BATCHES
    paths = names_paths(parts)
    assert len(paths) < BATCHES
    assert names_in(paths) == names_in(names_apart(parts))
    (covering,) = togethers(parts)
    covered = [part for part in parts if part.name in json.loads((covering / "files.json").read_text())]
    assert len(covered) > MOST_APART
    # each name once, with the columns of a part
    with connection.connect() as con:
        again = con.read_parquet(names_apart([covering]), hive_partitioning=False)
        one = con.read_parquet(names_apart(parts[:1]), hive_partitioning=False)
        assert (again.columns, again.types) == (one.columns, one.types)
        assert len(again.fetchall()) == len(names_in(names_apart(covered)))


def test_the_next_one_is_made_from_the_last_and_the_new_parts(
    indexed_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(indexed_lake)
    monkeypatch.setattr(kept_together, "MOST_APART", 0)
    keep_together(parts, indexed_lake.folder / "tmp")
    assert len(names_paths(parts)) == 1
    assert names_in(names_paths(parts)) == names_in(names_apart(parts))


def test_one_that_covers_a_part_that_went_is_passed_over(indexed_lake: Lake) -> None:
    parts = parts_of(indexed_lake)
    (one, *_) = togethers(parts)
    gone = json.loads((one / "files.json").read_text())[0]
    left = [part for part in parts if part.name != gone]
    assert str(one / "names.parquet") not in names_paths(left)
    assert names_in(names_paths(left)) == names_in(names_apart(left))


@pytest.mark.parametrize("fault", ["files.json is broken", "files.json is missing", "another SQL made it"])
def test_one_that_cannot_be_used_is_passed_over(indexed_lake: Lake, tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "facts"
    shutil.copytree(parts_of(indexed_lake)[0].parent, folder)
    parts = sorted(path for path in folder.iterdir() if not kept_together.is_together(path))
    for each in togethers(parts):
        if fault == "files.json is broken":
            (each / "files.json").write_text("[")
        elif fault == "files.json is missing":
            (each / "files.json").unlink()
        else:
            each.rename(each.with_name("together-00000000-" + each.name.rpartition("-")[2]))
    assert names_paths(parts) == names_apart(parts)


def test_few_are_kept(indexed_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "facts"
    shutil.copytree(parts_of(indexed_lake)[0].parent, folder)
    parts = sorted(path for path in folder.iterdir() if not kept_together.is_together(path))
    monkeypatch.setattr(kept_together, "MOST_APART", 0)
    for count in range(2, len(parts) + 1):
        keep_together(parts[:count], tmp_path)
    assert len(togethers(parts)) == kept_together.KEPT
    assert names_in(names_paths(parts)) == names_in(names_apart(parts))


def hunted(lake: Lake) -> list[Any]:
    request = Request(since=datetime(2026, 3, 2), until=datetime(2026, 3, 5), sift_from=0)
    found = [
        (hunt.hunt_id, hunt.score, hunt.score_parts, hunt.timeline.to_pylist())
        for hunt in hunt_resets(lake, request)
    ]
    shutil.rmtree(lake.folder / "history")
    return found


def test_an_index_without_them_gives_the_same_hunts(indexed_lake: Lake) -> None:
    parts = parts_of(indexed_lake)
    together = hunted(indexed_lake)
    assert len(together) > 3
    for each in togethers(parts):
        shutil.rmtree(each)
    assert hunted(indexed_lake) == together
    assert togethers(parts)
