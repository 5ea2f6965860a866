"""Each part of the index names the people of its days, most of them every day: here each name is kept once for many parts.

`facts/<version>/together-<digest>/names.parquet`; its `files.json` lists the parts that it covers. It says nothing that the
parts do not, so it may be deleted at any time. It is made when some parts are not in it, from the one before and those parts.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline import connection
from pipeline.settings import quoted, sql_text

PREFIX = "together-"
MOST_APART = 4  # parts that are read beside it before it is made anew
KEPT = 2  # a hunt that began before may still be reading the last one
MEMORY_LIMIT = "1500MB"


@dataclass(frozen=True, slots=True)
class Together:
    folder: Path
    parts: frozenset[str]


def is_together(folder: Path) -> bool:
    return folder.name.startswith(PREFIX)


def names_paths(parts: Sequence[Path]) -> list[str]:
    """The files that hold the names of these parts and no others."""
    widest = _widest(parts)
    apart = [part for part in parts if not widest or part.name not in widest.parts]
    folders = [widest.folder, *apart] if widest else apart
    return [str(folder / "names.parquet") for folder in folders]


def keep_together(parts: Sequence[Path], temporary: Path) -> None:
    """Makes it anew where too many parts would be read beside it, whole or not at all. The parts lie in one folder."""
    paths = names_paths(parts)
    if len(paths) <= MOST_APART + 1:
        return
    covered = sorted(part.name for part in parts)
    place = parts[0].parent / (_prefix() + _digest(covered))
    new = place.with_name(f"{place.name}.{os.getpid()}.new")
    new.mkdir()
    with closing(connection.connect(temporary, MEMORY_LIMIT)) as con:
        con.read_parquet(paths, hive_partitioning=False).create_view("part_names")
        con.execute(
            f"copy ({sql_text('working_set/names_together')}) to {quoted(new / 'names.parquet')} "
            "(format parquet, compression zstd, compression_level 1)"
        )
    (new / "files.json").write_text(json.dumps(covered))
    try:
        new.rename(place)
    except OSError:  # another hunt was first with the same
        shutil.rmtree(new, ignore_errors=True)
    _remove_earlier(place)


def _widest(parts: Sequence[Path]) -> Together | None:
    """The one that covers the most of these parts and nothing else."""
    names = {part.name for part in parts}
    usable = []
    for folder in parts[0].parent.glob(f"{_prefix()}*"):
        with suppress(OSError, ValueError):
            covered = frozenset(json.loads((folder / "files.json").read_text()))
            if covered <= names and folder.suffix != ".new":  # another hunt may be writing it
                usable.append(Together(folder, covered))
    return max(usable, key=lambda one: (len(one.parts), one.folder.name), default=None)


def _remove_earlier(place: Path) -> None:
    others = []
    for other in place.parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if other != place and other.suffix != ".new":
                others.append((other.stat().st_mtime_ns, other))
    for _, other in sorted(others, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(other, ignore_errors=True)


def _prefix() -> str:
    """Those that another SQL made are not found."""
    return f"{PREFIX}{_digest([sql_text('working_set/names_together')])[:8]}-"


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
