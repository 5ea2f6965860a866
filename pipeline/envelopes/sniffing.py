"""What a file of logs looks like from outside: its first bytes say which reader takes it."""

import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.envelopes.tables import looks_like_table

SNIFF_BYTES = 65_536
DENSE_RATIO = 150  # a gzip that starts denser than this is read patiently, where its size is bounded
WHOLE_BYTES = 192 << 20  # one JSON document above this is not given to DuckDB, which would hold all of it
ENVELOPE_KEYS = ("Records", "records")
ARCHIVES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`shape`: `Records` or `records` (one object around a list), `array`, `lines`, `objects` (pretty-printed or one by
    one), `csv`, `parquet`, `patient` (no fast reader dares), `zip`, `zstd`, `bzip2`, `xz`, `tar` (to be opened first), or
    `none` with the `problem` that says why the file is set aside whole.

    `path` is what is opened, `name` what it is called: they differ for members of archives and for names that DuckDB
    cannot take. A file cut into parts has `row_offset` rows before this part. `tail_problem` says what was not read."""

    path: Path
    shape: str
    compression: str = "none"
    byte_count: int = 0  # decompressed, estimated for gzip
    problem: str | None = None
    name: str = ""
    row_offset: int = 0
    tail_problem: str | None = None
    is_stand_in: bool = False
    is_first: bool = True  # of the parts and members of a file


def sniff(path: Path) -> Sniffed:
    """Looks at the start of a file. Never raises: what cannot be opened has the shape `none` and a problem."""
    return replace(_sniff(path), name=plain_name(path))


def plain_name(path: Path) -> str:
    """The path as text; bytes that are not UTF-8 as \\xff."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _sniff(path: Path) -> Sniffed:
    try:
        size = path.stat().st_size
        if not path.is_file():
            return Sniffed(path, "none", problem="not a regular file")
        with path.open("rb") as file:
            start = file.read(SNIFF_BYTES)
            if start[:2] == b"\x1f\x8b":
                file.seek(max(0, size - 4))
                return _sniff_gzip(path, start, max(int.from_bytes(file.read(4), "little"), size))
    except OSError as error:
        return Sniffed(path, "none", problem=f"cannot be read ({error.strerror or error})")
    return _sniff_content(path, start, "none", size)


def _sniff_gzip(path: Path, start: bytes, byte_count: int) -> Sniffed:
    try:
        content = zlib.decompressobj(wbits=31).decompress(start, SNIFF_BYTES * (DENSE_RATIO + 1))
    except zlib.error as error:
        return Sniffed(path, "none", "gzip", problem=f"broken gzip ({error})")
    found = _sniff_content(path, content[:SNIFF_BYTES], "gzip", byte_count)
    if len(content) > DENSE_RATIO * len(start) and found.shape not in ("none", "csv"):
        return replace(found, shape="patient")
    return found


def _sniff_content(path: Path, start: bytes, compression: str, byte_count: int) -> Sniffed:
    found = Sniffed(path, "none", compression, byte_count)
    for magic, shape in ARCHIVES:
        if start.startswith(magic):
            return replace(found, shape=shape)
    if start[257:262] == b"ustar":
        return replace(found, shape="tar")
    if start.startswith(b"PAR1"):
        if compression == "none":
            return replace(found, shape="parquet")
        return replace(found, problem="Parquet within gzip: unzip it first")
    if start.startswith(UTF16_MARKS):
        return _sniff_text(found, start.decode("utf-16", "replace"), is_plain=False)
    return _sniff_text(found, start.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"), is_plain=True)


def _sniff_text(found: Sniffed, start: str, *, is_plain: bool) -> Sniffed:
    text = start.lstrip()
    if not text:
        return replace(found, problem="empty") if found.byte_count else replace(found, shape="lines")
    if not text.startswith(("{", "[")):
        if looks_like_table(text):
            return replace(found, shape="csv")
        shown = text[:20].split("\n")[0]
        return replace(found, problem=f"neither JSON nor a table (starts with {shown!r})")
    if not is_plain:
        return replace(found, shape="patient")
    return replace(found, shape=_json_shape(text, found.byte_count))


def _json_shape(text: str, byte_count: int) -> str:
    if text.startswith("["):
        return "array"
    for key in ENVELOPE_KEYS:
        if re.match(r'\{\s*"' + key + r'"\s*:\s*\[', text):
            return key if byte_count <= WHOLE_BYTES else "patient"
    if _is_whole_object(text.split("\n", 1)[0]):
        return "lines"
    return "objects" if byte_count <= WHOLE_BYTES else "patient"


def _is_whole_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def list_files(paths: Iterable[Path]) -> list[Path]:
    """All files at and under the given paths, each once, in the order of their names. Links are followed, but no folder is
    entered twice on one way, so no loop of links can hold it."""
    found: set[str] = set()
    for path in paths:
        whole = str(path.absolute())
        found.update(_files_under(whole, frozenset()) if path.is_dir() else [whole])
    return [Path(name) for name in sorted(found)]


def _files_under(folder: str, entered: frozenset[tuple[int, int]]) -> Iterator[str]:
    """Names, not Paths, which take ten times as long to make and to sort."""
    try:
        status = os.stat(folder)  # noqa: PTH116
        entries = list(os.scandir(folder))
    except OSError:
        yield folder  # sniffing it says why
        return
    here = entered | {(status.st_dev, status.st_ino)}
    for entry in entries:
        if not _is_folder(entry):
            yield entry.path
        elif (entry.stat().st_dev, entry.stat().st_ino) not in here:
            yield from _files_under(entry.path, here)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
