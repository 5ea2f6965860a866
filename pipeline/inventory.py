"""The inventory that somebody may give: what a thing is and whose it is, as table `inventory`.

A CSV with the columns thing, kind, owner, team and note, by default `inventory.csv` in the lake's folder. It is written by
hand, so it is read with patience: a byte order mark, any case and order of the columns, `;` or tabs. What cannot be used is
said by line and left out; only a file without things is refused.
"""

import csv
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.errors import InputError, SettingsError

log = logging.getLogger("postreset.inventory")

FILE_NAME = "inventory.csv"
COLUMNS = ("thing", "kind", "owner", "team", "note")
MOST_BYTES = 32 * 1024 * 1024
MOST_ROWS = 500_000
MOST_CHARACTERS = 2_000  # of one cell: an ARN and a sentence fit many times
SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Inventory:
    """Rows in the order of COLUMNS, empty cells as None; `problems` name the line."""

    rows: tuple[tuple[str | None, ...], ...] = ()
    problems: tuple[str, ...] = ()
    content_hash: str = ""


def read_inventory(path: Path) -> Inventory:
    """Raises InputError for a file that cannot be read, is too large or has no column `thing`."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(
                f"the inventory has {size:,} bytes", str(path), f"at most {MOST_BYTES:,} are read"
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the inventory cannot be read ({error.strerror})", str(path)) from error
    text = content.decode("utf-8-sig", errors="replace")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # what spreadsheets call Unicode text
        text = content.decode("utf-16", errors="replace")
    problems: list[str] = []
    lines = list(_lines(text, path, problems))
    header = [name.strip().lower() for name in lines[0][1]] if lines else []
    if "thing" not in header:
        raise InputError(
            "the inventory has no column `thing`", f"{path} line 1", f"the columns are {', '.join(COLUMNS)}"
        )
    if unknown := sorted({name for name in header if name and name not in COLUMNS}):
        problems.append(f"line 1: columns that nothing reads: {', '.join(unknown)}")
    rows = tuple(_rows(lines[1:], header, problems))
    return Inventory(rows, tuple(problems), hashlib.sha256(content).hexdigest()[:16])


def load_inventory(con: duckdb.DuckDBPyConnection, folder: Path, path: Path | None = None) -> Inventory:
    """Fills table `inventory` from `path`, or from `inventory.csv` in the lake's folder if there is one. Raises InputError, and
    SettingsError for a path that is not there."""
    if path is not None and not path.is_file():
        raise SettingsError("there is no such inventory", str(path), "name a CSV file")
    path = path or folder / FILE_NAME
    if not path.is_file():
        return Inventory()
    inventory = read_inventory(path)
    for problem in inventory.problems[:SHOWN_PROBLEMS]:
        log.warning("%s: %s", path, problem)
    if len(inventory.problems) > SHOWN_PROBLEMS:
        log.warning("%s: and %d more lines", path, len(inventory.problems) - SHOWN_PROBLEMS)
    columns = {
        name: pa.array([row[position] for row in inventory.rows], pa.string())
        for position, name in enumerate(COLUMNS)
    }
    con.register("inventory_rows", pa.table(columns))
    con.execute("create or replace temp table inventory as from inventory_rows")
    con.unregister("inventory_rows")
    return inventory


def _lines(text: str, path: Path, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells; the separator is the one that the first line has most of."""
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=first.count))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}; what follows is not read")


def _rows(
    lines: list[tuple[int, list[str]]], header: list[str], problems: list[str]
) -> Iterator[tuple[str | None, ...]]:
    place = {name: header.index(name) for name in COLUMNS if name in header}
    count = 0
    for number, cells in lines:
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            problems.append(f"line {number}: {len(cells)} cells for {len(header)} columns")
            continue
        found = {name: cells[at].strip() if at < len(cells) else "" for name, at in place.items()}
        if not found["thing"]:
            problems.append(f"line {number}: no thing")
        elif any(len(cell) > MOST_CHARACTERS for cell in found.values()):
            problems.append(f"line {number}: a cell of more than {MOST_CHARACTERS:,} characters")
        elif count >= MOST_ROWS:
            problems.append(f"line {number}: more than {MOST_ROWS:,} things; what follows is not read")
            return
        else:
            count += 1
            yield tuple(found.get(name) or None for name in COLUMNS)


def inventory_hash(con: duckdb.DuckDBPyConnection) -> str:
    """Of the table `inventory`, whatever the order of its rows; empty where it is."""
    ((found,),) = con.execute(
        """select md5(string_agg(concat_ws('|', thing, kind, owner, team, note), chr(10) order by thing, kind, owner, team, note))
        from inventory"""
    ).fetchall()
    return found[:16] if found else ""
