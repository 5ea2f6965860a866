"""Tables as text: portal and PowerShell exports. Each row becomes an object of its header's names and the cells' text."""

import csv
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

DELIMITERS = ",;\t"
SAMPLE_LINES = 3
CELL_BYTES = 16 << 20


def looks_like_table(text: str) -> bool:
    """Whether the first line reads as a header: three names or more between one kind of delimiter."""
    return _delimiter(_header_line(text)) is not None


def _header_line(text: str) -> str:
    """The first line; PowerShell writes `#TYPE …` before it, Excel `sep=,`."""
    lines = [line for line in text.splitlines()[:SAMPLE_LINES] if line.strip()]
    while lines and lines[0].lower().startswith(("#type", "sep=")):
        lines.pop(0)
    return lines[0] if lines else ""


def _delimiter(line: str) -> str | None:
    best = max(DELIMITERS, key=line.count)
    names = next(csv.reader([line], delimiter=best), [])
    return best if len(names) >= 3 and all(_is_name(name) for name in names) else None


def _is_name(cell: str) -> bool:
    cell = cell.strip()
    return (
        0 < len(cell) <= 300 and cell.isprintable() and not cell[0].isdigit() and not set('{}"') & set(cell)
    )


def read_rows(lines: Iterable[str]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each row as an object and, where it does not fit the header, the problem. Empty lines are no rows."""
    csv.field_size_limit(CELL_BYTES)
    lines = iter(lines)
    before = list(itertools.islice(lines, SAMPLE_LINES))
    header_line = _header_line("".join(before))
    while before and before[0].rstrip("\r\n") != header_line:
        before.pop(0)
    delimiter = _delimiter(header_line) or ","
    reader = csv.reader(itertools.chain(before, lines), delimiter=delimiter)
    header = _each_once([name.strip() for name in next(reader, [])])
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield {}, f"not a row of the table ({error})"
            continue
        if not cells or cells == [""]:
            continue
        row: dict[str, Any] = dict(zip(header, cells, strict=False))
        if len(cells) > len(header):
            yield row | {"cells": cells}, f"{len(cells)} cells under {len(header)} names"
        else:
            yield row, None


def _each_once(names: list[str]) -> list[str]:
    """A name that comes again gets its number, so that no cell hides another."""
    seen: dict[str, int] = {}
    header = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        header.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return header
