"""Append blobs that grow: which bytes of one are new, and which whole lines end in them.

A range holds the lines that end in it. So one that begins within a line reads back to its beginning, what follows the last
line end is left to the next range, and no line is cut or read twice wherever ranges meet. A blob that has been still for an hour is
taken to its end, line end or none.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loaders.base import Item
from pipeline.errors import LoadError

PIECE = 4 << 20
READ_BACK = 64 << 10
MAX_LINE = 64 << 20  # of one record; Azure Monitor's own bound is below 1 MB


@dataclass(frozen=True, slots=True)
class Taken:
    """How far a blob was taken. `made` tells it from another that had its name before; where `is_whole`, what followed the last
    line end was taken as well."""

    made: str
    until: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """Bytes [since, until) of a blob. `is_at_line`: a line begins at `since`; `is_whole`: what follows the last line end is
    a line, too."""

    made: str
    since: int
    until: int
    is_at_line: bool
    is_whole: bool

    def item(self, stream: str, name: str) -> Item:
        version = f"{self.made} {self.since}-{self.until}{' whole' if self.is_whole else ''}"
        cursor = json.dumps([self.made, self.since, self.until, self.is_at_line, self.is_whole])
        return Item(stream, name, version, cursor, self.until - self.since)

    @classmethod
    def read(cls, cursor: str, where: str) -> "Tail":
        """Raises LoadError for a cursor that none wrote."""
        try:
            made, since, until, is_at_line, is_whole = json.loads(cursor)
            return cls(str(made), int(since), int(until), bool(is_at_line), bool(is_whole))
        except (ValueError, TypeError) as error:
            raise LoadError("the ledger's cursor cannot be read", where) from error


def tail_of(taken: Taken | None, made: str, size: int, is_still: bool) -> Tail | None:
    """What is new of a blob; None where nothing is. One that was made anew, or is shorter than it was, is read whole."""
    if taken is None or taken.made != made or size < taken.until:
        return Tail(made, 0, size, True, is_still)
    if size > taken.until or (is_still and not taken.is_whole):
        is_at_line = taken.is_whole or taken.until == 0
        return Tail(made, taken.until, size, is_at_line, is_still)
    return None


def copy_lines(
    tail: Tail, read: Callable[[int, int], bytes], write: Callable[[bytes], object], where: str
) -> bool:
    """Writes the lines that end in the tail; `read` gives bytes [since, until). Whether there were any. Raises LoadError."""
    rest = b"" if tail.is_at_line else _line_before(tail.since, read, where)
    wrote = False
    for since in range(tail.since, tail.until, PIECE):
        rest += read(since, min(since + PIECE, tail.until))
        whole, end, rest = rest.rpartition(b"\n")
        if end:
            write(whole + end)
            wrote = True
        if len(rest) > MAX_LINE:
            raise LoadError(f"a line is longer than {MAX_LINE >> 20} MiB", where)
    if tail.is_whole and rest:
        write(rest)
        wrote = True
    return wrote


def _line_before(until: int, read: Callable[[int, int], bytes], where: str) -> bytes:
    """What of the line at `until` lies before it."""
    length = READ_BACK
    while True:
        since = max(0, until - length)
        found = read(since, until)
        _, end, begun = found.rpartition(b"\n")
        if end or since == 0:
            return begun
        if length > MAX_LINE:
            raise LoadError(f"a line is longer than {MAX_LINE >> 20} MiB", where)
        length *= 8


def written(taken: dict[str, Taken]) -> dict[str, list[str | int | bool]]:
    return {name: [each.made, each.until, each.is_whole] for name, each in taken.items()}


def read_taken(found: object) -> Iterator[tuple[str, Taken]]:
    """What a checkpoint holds; what cannot be read is left out, and such a blob is read whole again."""
    for name, row in found.items() if isinstance(found, dict) else ():
        if isinstance(row, list) and len(row) == 3 and isinstance(row[1], int):
            yield str(name), Taken(str(row[0]), row[1], bool(row[2]))
