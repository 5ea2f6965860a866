"""Files made ready to be read: archives opened, large files cut, and a plain name for what DuckDB could not open.

What is unpacked or cut lies in a scratch folder until its batch is committed, so a file of any size costs the disk a part
at a time. A name within an archive never becomes a path.
"""

import bz2
import itertools
import json
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from pipeline.envelopes.content import CHUNK, Content
from pipeline.envelopes.pieces import Piece, read_patiently
from pipeline.envelopes.sniffing import Sniffed, plain_name, sniff
from pipeline.limits import Limits

PART_BYTES = 256 << 20
CUT_ABOVE = 3 * PART_BYTES
MAX_DEPTH = 3  # archives within archives
JSON_SHAPES = ("Records", "records", "array", "lines", "objects", "patient")
UNREADABLE = (OSError, EOFError, RuntimeError, NotImplementedError, ValueError, zlib.error, lzma.LZMAError)
UNREADABLE_ARCHIVE = (*UNREADABLE, zipfile.BadZipFile, tarfile.TarError)


class Stream(Protocol):
    """What gives bytes until it gives none."""

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


OPENERS: dict[str, Callable[[Path], Stream]] = {
    "zstd": lambda path: pa.input_stream(str(path), compression="zstd"),
    "bzip2": lambda path: bz2.open(path, "rb"),  # noqa: SIM115
    "xz": lambda path: lzma.open(path, "rb"),  # noqa: SIM115
}


class Opener:
    """Opens files one after the other; `scratch` is a folder of its own that the caller removes in the end."""

    def __init__(self, scratch: Path, limits: Limits) -> None:
        self.scratch = scratch
        self.limits = limits
        self._numbers = itertools.count()

    def open(self, path: Path) -> Iterator[Sniffed]:
        """The file itself, the members of an archive or the parts of a large file; each to be read before the next but
        one. Raises OSError only where the scratch folder cannot be written."""
        for number, found in enumerate(self._opened(sniff(path), depth=0)):
            yield replace(found, is_first=number == 0)

    def _opened(self, found: Sniffed, depth: int) -> Iterator[Sniffed]:
        if found.shape in ("zip", "tar", *OPENERS):
            if depth == MAX_DEPTH:
                yield replace(found, shape="none", problem="an archive within archives: unpack it first")
            else:
                yield from self._unpacked(found, depth)
        elif found.shape in JSON_SHAPES and _estimated_bytes(found) > CUT_ABOVE:
            yield from self._cut(found)
        elif not found.is_stand_in and not _is_plain(found.path):
            yield self._stand_in(found)
        else:
            yield found

    def _new_path(self, suffix: str = "") -> Path:
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self.scratch / f"{next(self._numbers):08}{suffix}"

    def _stand_in(self, found: Sniffed) -> Sniffed:
        link = self._new_path()
        link.symlink_to(found.path)
        return replace(found, path=link, is_stand_in=True)

    # --- archives ----------------------------------------------------------------------------------------

    def _unpacked(self, found: Sniffed, depth: int) -> Iterator[Sniffed]:
        try:
            if found.shape == "zip":
                yield from self._zip_members(found, depth)
            elif found.shape == "tar":
                yield from self._tar_members(found, depth)
            else:
                with closing(OPENERS[found.shape](found.path)) as stream:
                    yield from self._member(stream, found.name, found.path.stat().st_size, depth)
        except UNREADABLE_ARCHIVE as error:
            yield replace(found, shape="none", problem=f"broken {found.shape} ({error})")
        if found.is_stand_in:
            found.path.unlink(missing_ok=True)

    def _zip_members(self, found: Sniffed, depth: int) -> Iterator[Sniffed]:
        with zipfile.ZipFile(found.path) as archive:
            for number, member in enumerate(archive.infolist()):
                name = f"{found.name}!{member.filename}"
                if number == self.limits.max_members:
                    yield replace(
                        found, shape="none", problem=f"more than {number:,} members: the rest is not read"
                    )
                    return
                if member.is_dir():
                    continue
                try:
                    with archive.open(member) as stream:
                        yield from self._member(stream, name, member.compress_size, depth)
                except UNREADABLE_ARCHIVE as error:
                    yield replace(found, shape="none", name=name, problem=f"cannot be unpacked ({error})")

    def _tar_members(self, found: Sniffed, depth: int) -> Iterator[Sniffed]:
        with tarfile.open(found.path, "r|*") as archive:
            for number, member in enumerate(archive):
                if number == self.limits.max_members:
                    yield replace(
                        found, shape="none", problem=f"more than {number:,} members: the rest is not read"
                    )
                    return
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield from self._member(stream, f"{found.name}!{member.name}", member.size, depth)

    def _member(self, stream: Stream, name: str, packed: int, depth: int) -> Iterator[Sniffed]:
        """Unpacks one member, as far as its bounds and its bytes allow, and looks at it as at any file."""
        path, unpacked, problem = self._new_path(), 0, None
        with path.open("wb") as file:
            while problem is None:
                try:
                    chunk = stream.read(CHUNK * 16)
                except UNREADABLE_ARCHIVE as error:
                    problem = f"broken after {unpacked:,} bytes ({error})"
                    break
                if not chunk:
                    break
                unpacked += len(chunk)
                problem = self.limits.excess(packed, unpacked)
                file.write(chunk)
        shown = name.encode("utf-8", "backslashreplace").decode()
        found = replace(sniff(path), name=shown, is_stand_in=True, tail_problem=problem)
        yield from self._opened(found, depth + 1)

    # --- large files -------------------------------------------------------------------------------------

    def _cut(self, found: Sniffed) -> Iterator[Sniffed]:
        """Parts of at most PART_BYTES and one record, as lines."""
        content = Content(found.path, self.limits)
        if found.shape == "lines":
            parts = self._cut_lines(content)
        else:
            parts = self._cut_pieces(read_patiently(found.path, self.limits))
        row_offset = 0
        for path, row_count in parts:
            yield Sniffed(
                path,
                "lines",
                byte_count=path.stat().st_size,
                name=found.name,
                row_offset=row_offset,
                is_stand_in=True,
            )
            row_offset += row_count
        problem = content.problem or found.tail_problem
        if problem:
            yield replace(found, shape="none", problem=problem, row_offset=row_offset)
        elif found.is_stand_in:
            found.path.unlink(missing_ok=True)

    def _cut_lines(self, content: Content) -> Iterator[tuple[Path, int]]:
        path, rest, row_count = self._new_path(), b"", 0
        file = path.open("wb")
        try:
            for chunk in content.chunks():
                whole, newline, rest_of_chunk = chunk.rpartition(b"\n")
                lines = rest + whole + newline
                file.write(lines)
                row_count += sum(1 for line in lines.split(b"\n") if line.strip())
                rest = rest_of_chunk if newline else rest + rest_of_chunk
                if file.tell() >= PART_BYTES and newline:
                    file.close()
                    yield path, row_count
                    path, row_count = self._new_path(), 0
                    file = path.open("wb")
            file.write(rest)
        finally:
            file.close()
        yield path, row_count + bool(rest.strip())

    def _cut_pieces(self, pieces: Iterator[Piece]) -> Iterator[tuple[Path, int]]:
        path, row_count = self._new_path(), 0
        file = path.open("w", encoding="utf-8")
        try:
            for piece in pieces:
                line = piece.text.replace("\n", " ") if piece.problem is None else problem_record(piece)
                file.write(line + "\n")
                row_count += 1
                if row_count % 256 == 0 and file.tell() >= PART_BYTES:
                    file.close()
                    yield path, row_count
                    path, row_count = self._new_path(), 0
                    file = path.open("w", encoding="utf-8")
        finally:
            file.close()
        yield path, row_count


PROBLEM_KEY = "postreset_problem"


def problem_record(piece: Piece) -> str:
    """A piece that is no record as an object that ingest sets aside."""
    return json.dumps({PROBLEM_KEY: piece.problem, "record": piece.text}, ensure_ascii=False)


def _estimated_bytes(found: Sniffed) -> int:
    """The length a gzip tells of itself is modulo 4 GiB and that of its last member: a large one is taken for 8 times its
    size."""
    if found.compression != "gzip":
        return found.byte_count
    with suppress(OSError):
        return max(found.byte_count, 8 * found.path.stat().st_size)
    return found.byte_count


def _is_plain(path: Path) -> bool:
    """Whether DuckDB takes the name as it is: UTF-8, and no pattern."""
    name = os.fsencode(path)
    return not set(b"*?[") & set(name) and plain_name(path).encode() == name
