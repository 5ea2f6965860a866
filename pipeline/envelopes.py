"""What a file of logs looks like from outside, and a patient reader for the ones that DuckDB cannot take whole.

`sniff` looks at the first bytes of a file and says which of DuckDB's readers takes it. `read_patiently` is for what is
left: it cuts a file into the text of its records, keeps each that is whole, and gives a reason for each that is not.
The text of a record is never written anew, so numbers keep all their digits.
"""

import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SNIFF_BYTES = 65_536
MAX_TEXT_BYTES = 1 << 30  # of one file read patiently, decompressed
MAX_RATIO = 150  # a gzip that starts denser than this is read patiently, where its size is bounded
OTHER_FORMATS = (
    (b"PK\x03\x04", "a zip archive: unzip it first"),
    (b"\x28\xb5\x2f\xfd", "zstd: decompress it first"),
    (b"PAR1", "a Parquet file of another tool"),
    (b"BZh", "bzip2: decompress it first"),
)
ENVELOPE_KEYS = ("Records", "records")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """`shape`: `Records` or `records` (one object around a list), `array`, `lines`, `objects` (pretty-printed or one by
    one), `patient` (no fast reader dares), or `none` with the `problem` that says why the file is set aside whole."""

    path: Path
    shape: str
    compression: str = "none"
    byte_count: int = 0  # decompressed, estimated for gzip
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """One record's text, or with a `problem` the text that is no record."""

    text: str
    problem: str | None = None


def sniff(path: Path) -> Sniffed:
    """Looks at the start of a file. Never raises: what cannot be opened has the shape `none` and a problem."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            return Sniffed(path, "none", problem="not a regular file")
        with path.open("rb") as file:
            start = file.read(SNIFF_BYTES)
            if start[:2] == b"\x1f\x8b":
                return _sniff_gzip(path, start, size, file)
    except OSError as error:
        return Sniffed(path, "none", problem=f"cannot be read ({error.strerror or error})")
    return _sniff_text(path, start, "none", size)


def _sniff_gzip(path: Path, start: bytes, size: int, file: BinaryIO) -> Sniffed:
    file.seek(max(0, size - 4))
    byte_count = max(int.from_bytes(file.read(4), "little"), size)
    try:
        text = zlib.decompressobj(wbits=31).decompress(start, SNIFF_BYTES * (MAX_RATIO + 1))
    except zlib.error as error:
        return Sniffed(path, "none", "gzip", problem=f"broken gzip ({error})")
    if len(text) > MAX_RATIO * len(start):
        return Sniffed(path, "patient", "gzip", byte_count)
    return _sniff_text(path, text[:SNIFF_BYTES], "gzip", byte_count)


def _sniff_text(path: Path, start: bytes, compression: str, byte_count: int) -> Sniffed:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return Sniffed(
            path, "none" if byte_count else "lines", compression, byte_count, "empty" if byte_count else None
        )
    for magic, name in OTHER_FORMATS:
        if start.startswith(magic):
            return Sniffed(path, "none", compression, byte_count, name)
    if any(character in str(path) for character in "*?["):
        return Sniffed(path, "patient", compression, byte_count)  # DuckDB would take the name for a pattern
    if text.startswith(b"["):
        return Sniffed(path, "array", compression, byte_count)
    if not text.startswith(b"{"):
        shown = text[:20].decode("utf-8", "replace").split("\n")[0]
        return Sniffed(path, "none", compression, byte_count, f"not JSON (starts with {shown!r})")
    for key in ENVELOPE_KEYS:
        if re.match(rb'\{\s*"' + key.encode() + rb'"\s*:\s*\[', text):
            return Sniffed(path, key, compression, byte_count)
    return Sniffed(
        path, "lines" if _is_whole_object(text.split(b"\n", 1)[0]) else "objects", compression, byte_count
    )


def _is_whole_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read_patiently(path: Path) -> Iterator[Piece]:
    """All pieces of a file, whole records first to last; ends with a piece that has a problem where the rest is lost."""
    content, problem = _read_bytes(path)
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    yield from _pieces(text)
    if problem:
        yield Piece("", problem)


def _read_bytes(path: Path) -> tuple[bytes, str | None]:
    """All that can be read, and what stopped it."""
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if is_gzip:
                return _read_gzip(file)
            content = file.read(MAX_TEXT_BYTES + 1)
            return content[:MAX_TEXT_BYTES], _size_problem(len(content))
    except OSError as error:
        return b"", f"cannot be read ({error.strerror or error})"


def _read_gzip(file: BinaryIO) -> tuple[bytes, str | None]:
    """Every byte that comes out of a gzip, one member after the other, up to where it breaks or ends too early."""
    content = bytearray()
    member = zlib.decompressobj(wbits=31)
    chunk = file.read(1 << 16)
    while chunk and len(content) <= MAX_TEXT_BYTES:
        before = member.copy()
        try:
            content += member.decompress(chunk)
        except zlib.error as error:
            content += _until_broken(before, chunk)
            return bytes(content), f"broken gzip ({error}): fetch the file again"
        chunk = member.unused_data or file.read(1 << 16)
        if member.eof and chunk:
            member = zlib.decompressobj(wbits=31)
    problem = _size_problem(len(content))
    if problem is None and not member.eof:
        problem = "the gzip ends too early: fetch the file again"
    return bytes(content[:MAX_TEXT_BYTES]), problem


def _until_broken(member: "zlib._Decompress", chunk: bytes) -> bytes:
    """What a chunk gives before its first broken byte: zlib itself drops the output of the chunk that fails."""
    content = bytearray()
    try:
        for index in range(len(chunk)):
            content += member.decompress(chunk[index : index + 1])
    except zlib.error:
        pass
    return bytes(content)


def _size_problem(byte_count: int) -> str | None:
    return f"larger than {MAX_TEXT_BYTES >> 20} MiB: split it" if byte_count > MAX_TEXT_BYTES else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
BLANK = re.compile(r"[\s,]*")
LIST_START = re.compile(r'\{\s*"(?:Records|records)"\s*:\s*\[')


def _after_blank(text: str, position: int) -> int:
    """Past the white space and commas from here on."""
    match = BLANK.match(text, position)
    return match.end() if match else position


def _pieces(text: str) -> Iterator[Piece]:
    position = _after_blank(text, 0)
    while position < len(text):
        value, end, problem = _decode(text, position)
        if problem is None:
            yield from _expand(text, position, end, value)
        elif opened := re.compile(r"\[").match(text, position) or LIST_START.match(text, position):
            end = yield from _list_pieces(text, opened.end())
        else:
            end = _end_of_object(text, position) or _end_of_line(text, position)
            yield Piece(text[position:end], problem)
        position = _after_blank(text, end)


def _expand(text: str, start: int, end: int, value: object) -> Iterator[Piece]:
    """A whole top-level value: a list or an envelope is cut into its elements, an object is a record."""
    opened = LIST_START.match(text, start)
    if isinstance(value, list):
        yield from _list_pieces(text, start + 1)
    elif opened and isinstance(value, dict):
        yield from _list_pieces(text, opened.end())
    elif isinstance(value, dict) and any(isinstance(value.get(key), list) for key in ENVELOPE_KEYS):
        for element in next(value[key] for key in ENVELOPE_KEYS if isinstance(value.get(key), list)):
            yield _judged(json.dumps(element, ensure_ascii=False), element)
    else:
        yield _judged(text[start:end], value)


def _list_pieces(text: str, position: int):
    """The elements of a list whose `[` is behind us; returns where it ends. A broken element costs itself if its end can
    be found, else the rest of the list."""
    position = _after_blank(text, position)
    while position < len(text) and text[position] != "]":
        value, end, problem = _decode(text, position)
        if problem is None:
            yield _judged(text[position:end], value)
        else:
            end = _end_of_object(text, position) or len(text)
            yield Piece(
                text[position:end], problem if end < len(text) else f"the list is cut here: {problem}"
            )
        position = _after_blank(text, end)
    rest = re.compile(r"\]\s*\}?").match(text, position)
    return rest.end() if rest else len(text)


def _decode(text: str, position: int) -> tuple[object, int, str | None]:
    try:
        value, end = DECODER.raw_decode(text, position)
        return value, end, None
    except json.JSONDecodeError as error:
        return None, position, f"not JSON ({error.msg} at character {error.pos})"
    except RecursionError:
        return None, position, "not JSON that we read (nested too deep)"
    except ValueError as error:
        return None, position, f"not JSON ({error})"


def _judged(record: str, value: object) -> Piece:
    if not isinstance(value, dict):
        return Piece(record, "not an object")
    if "\ufffd" in record:
        return Piece(record, "holds bytes that are not UTF-8")
    return Piece(record)


def _end_of_object(text: str, position: int) -> int | None:
    """Where the object that starts here closes, strings respected; None where it does not or none starts."""
    if text[position : position + 1] != "{":
        return None
    depth = 0
    for token in re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL).finditer(text, position):
        depth += {"{": 1, "}": -1}.get(token.group(), 0)
        if depth == 0:
            return token.end()
    return None


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def list_files(paths: list[Path]) -> list[Path]:
    """All files at and under the given paths, each once, in the order of their names. Links to folders are not followed."""
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            for folder, _, names in os.walk(path):
                found.update(Path(folder, name).absolute() for name in names)
        else:
            found.add(path.absolute())
    return sorted(found)
