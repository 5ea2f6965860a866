"""The kind `files`: a folder that others write into, such as a synced one.

Everything in it is taken, whatever its age: when a file was written says nothing of its records. A file is taken once it has
rested, and again when it changed. Of JSON lines that only grew, the new whole lines are landed. Links are not followed.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Self

from loaders.base import Discovery, Fetched, Item, Probe
from loaders.options import read_options
from pipeline.errors import ItemGone, LoadError

PIECE_BYTES = 1 << 20
LINE_BYTES = 16 << 20  # a longer one is no record
PROOF_BYTES = 4096
LINES = (".jsonl", ".ndjson", ".json")
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", "~")
GIVEN_UP = timedelta(hours=1)  # a last line that is no JSON is landed as it is when nobody wrote for so long


@dataclass(frozen=True, slots=True)
class FilesOptions:
    """`rest` is how long a file must be unchanged. With `late_by` the source counts as complete up to so long ago; else nobody
    can tell."""

    folder: str
    rest: timedelta = timedelta(minutes=1)
    late_by: timedelta | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    """How far a file was taken: up to `offset`, when it had this size and time; `proof` of the bytes before it."""

    size: int
    changed_ns: int
    offset: int
    proof: str


class FilesLoader:
    kind = "files"

    def __init__(self, name: str, options: FilesOptions) -> None:
        self.name, self._options = name, options
        self._folder = Path(options.folder).expanduser().absolute()

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> Self:
        return cls(name, read_options(FilesOptions, table, f"sources.{name}"))

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        """A stream is one folder, by its path below the source's."""
        late_by = self._options.late_by
        complete_until = None if late_by is None else until - late_by
        for stream, folder in self._folders("", self._folder):
            if isinstance(folder, LoadError):
                yield Discovery(stream, _refuse(folder), "")
                continue
            taken = _read_checkpoint(checkpoints.get(stream or ".", ""))
            items: list[Item] = []
            after: dict[str, _Taken] = {}
            for entry in folder:
                item, state = self._look(stream, entry, taken.get(entry.name), until)
                if state is not None:
                    after[entry.name] = state
                if item is not None:
                    items.append(item)
            yield Discovery(stream or ".", items, _write_checkpoint(after), complete_until)

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        """Raises ItemGone for a file that is no more, or is not what it was when it was named."""
        start, end, size, changed_ns, proof = json.loads(item.cursor)
        gone = ItemGone("it changed after it was named: what it is now comes with the next load", item.key)
        try:
            with self._open(item.key) as file:
                status = os.fstat(file.fileno())
                is_same = (status.st_size, status.st_mtime_ns) == (size, changed_ns)
                if not is_same and not (proof and status.st_size >= end and _proof(file, end) == proof):
                    raise gone
                file.seek(start)
                left = end - start
                while left:
                    piece = file.read(min(PIECE_BYTES, left))
                    if not piece:
                        raise gone
                    write(piece)
                    left -= len(piece)
        except FileNotFoundError as error:
            raise ItemGone("it is no longer there", item.key) from error
        except OSError as error:
            raise LoadError(f"cannot be read ({error.strerror})", item.key) from error
        return Fetched()

    def probe(self) -> list[Probe]:
        tried = f"list {self._folder}"
        try:
            count = sum(1 for _ in os.scandir(self._folder))
        except OSError as error:
            hint = (
                "make it, or name another as folder"
                if isinstance(error, FileNotFoundError)
                else "let this user read it"
            )
            return [Probe(tried, False, error.strerror or "cannot be read", hint)]
        return [Probe(tried, True, f"{count:,} names")]

    def _folders(
        self, stream: str, folder: Path
    ) -> Iterator[tuple[str, "list[os.DirEntry[str]] | LoadError"]]:
        """Each folder with its files, in the order of their names."""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError as error:
            if not stream:
                raise LoadError("there is no such folder", str(folder), "make it, or name another") from error
            return
        except OSError as error:
            refused = LoadError(f"cannot be read ({error.strerror})", str(folder), "let this user read it")
            if not stream:
                raise refused from error
            yield stream, refused
            return
        shown = [entry for entry in entries if not entry.name.startswith(".")]
        yield (
            stream,
            [
                entry
                for entry in shown
                if entry.is_file(follow_symlinks=False) and not entry.name.endswith(UNFINISHED)
            ],
        )
        for entry in shown:
            if entry.is_dir(follow_symlinks=False):
                yield from self._folders(f"{stream}/{entry.name}".lstrip("/"), Path(entry.path))

    def _look(
        self, stream: str, entry: "os.DirEntry[str]", taken: _Taken | None, until: datetime
    ) -> tuple[Item | None, _Taken | None]:
        """What is new of a file, and what will have been taken of it."""
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return None, taken
        size, changed_ns = status.st_size, status.st_mtime_ns
        rested = until - datetime.fromtimestamp(changed_ns / 1e9, UTC).replace(tzinfo=None)
        is_given_up = rested > GIVEN_UP
        if taken and (taken.size, taken.changed_ns) == (size, changed_ns):
            if taken.offset == size or not is_given_up:
                return None, taken
        elif abs(rested) < self._options.rest:  # a time to come is a wrong clock's
            return None, taken
        key = f"{stream}/{entry.name}".lstrip("/")
        start, end, proof = 0, size, ""
        if entry.name.lower().endswith(LINES):
            try:
                with self._open(key) as file:
                    start = taken.offset if taken and _goes_on(file, taken, size) else 0
                    end = size if is_given_up else _whole_until(file, start, size)
                    proof = _proof(file, end)
            except OSError:  # fetch says why
                start, end, proof = 0, size, ""
        state = _Taken(size, changed_ns, end, proof)
        if end <= start:
            return None, state
        cursor = json.dumps([start, end, size, changed_ns, proof])
        return Item(stream or ".", key, f"{changed_ns}-{start}-{end}", cursor, end - start), state

    def _open(self, key: str) -> BinaryIO:
        path = self._folder / key
        if path.parent.resolve() != self._folder.resolve() / Path(key).parent:
            raise FileNotFoundError  # a folder on the way has become a link
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError
        return open(descriptor, "rb")  # noqa: PTH123


def _refuse(error: LoadError) -> Iterator[Item]:
    raise error
    yield


def _goes_on(file: BinaryIO, taken: _Taken, size: int) -> bool:
    """Whether what was taken is still the beginning of the file."""
    return 0 < taken.offset <= size and bool(taken.proof) and _proof(file, taken.offset) == taken.proof


def _proof(file: BinaryIO, end: int) -> str:
    """A digest of the first bytes and of the last before `end`."""
    file.seek(0)
    digest = sha256(file.read(min(PROOF_BYTES, end)))
    file.seek(max(0, end - PROOF_BYTES))
    digest.update(file.read(min(PROOF_BYTES, end)))
    return digest.hexdigest()[:32]


def _whole_until(file: BinaryIO, start: int, size: int) -> int:
    """The end of the last whole line; the size where the rest is a record, too, or where the file is not of lines."""
    low = max(start, size - LINE_BYTES)
    file.seek(low)
    tail = file.read(size - low)
    newline = tail.rfind(b"\n")
    rest = tail[newline + 1 :]
    if not rest.strip() or _is_json(rest):
        return size
    file.seek(0)
    is_of_lines = start > 0 or _is_json(file.readline(LINE_BYTES))
    if newline < 0:
        return start if is_of_lines and low == start else size
    return low + newline + 1 if is_of_lines else size


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _read_checkpoint(text: str) -> dict[str, _Taken]:
    return {name: _Taken(*state) for name, state in json.loads(text or "{}").items()}


def _write_checkpoint(taken: dict[str, _Taken]) -> str:
    states = {name: [t.size, t.changed_ns, t.offset, t.proof] for name, t in taken.items()}
    return json.dumps(states, separators=(",", ":"))
