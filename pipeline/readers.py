"""Reads files of logs into the temp table `landed_records`, or, where a file is CloudTrail's own, straight into `staged`.

DuckDB reads what it can in one statement for all files of a shape, decompressing and recognising as it goes. A file that
breaks its group is found by halves and read patiently, alone. Records that no source claims are peeled in a second pass.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.connection import connect
from pipeline.envelopes.content import readable
from pipeline.envelopes.merging import MERGED_READERS, is_worth_merging, merge
from pipeline.envelopes.opening import PROBLEM_KEY
from pipeline.envelopes.peeling import Record, peel
from pipeline.envelopes.pieces import Piece, read_patiently, read_table
from pipeline.envelopes.sniffing import Sniffed
from pipeline.limits import Limits
from pipeline.settings import sql_text

log = logging.getLogger("postreset.ingest")

Parameters = dict[str, object]
Insert = Callable[[str, Parameters], None]  # takes a SELECT of source_file, source_row, record, problem

READERS = {
    "Records": ("read_cloudtrail_envelope", None),
    "records": ("read_azure_envelope", None),
    "array": ("read_objects", "array"),
    "lines": ("read_objects", "newline_delimited"),
    "objects": ("read_objects", "unstructured"),
}
DIRECT = "Records"
WHOLE_SHAPES = ("Records", "records", "objects")  # DuckDB holds the whole document
PIECES_AT_A_TIME = 20_000
TEXT_AT_A_TIME = 64 << 20
OUR_MISTAKES = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)  # no fault of a file


@dataclass(frozen=True, slots=True)
class Landing:
    """One batch's connection, the bounds of what is read, and a folder for what is written on the way."""

    con: duckdb.DuckDBPyConnection
    limits: Limits
    scratch: Path

    def create_tables(self) -> None:
        self.con.execute(
            """create temp table landed_records (
                source_file varchar, source_row bigint, record varchar, source varchar, problem varchar
            )"""
        )
        self.con.execute("create table file_names (source_file varchar, name varchar, row_offset bigint)")

    def land(
        self, records: str, parameters: Parameters, into: str = "landed_records", *, is_peeled: bool = False
    ) -> None:
        """Recognises records and adds them to a table. One statement: it inserts all of them or nothing."""
        self.con.execute(
            f"insert into {into} by name with read_records as ({records}) from ({sql_text('ingest/recognised')})",
            parameters | {"max_record_bytes": self.limits.max_record_bytes, "is_peeled": is_peeled},
        )

    def read_files(self, files: list[Sniffed], stage_directly: Insert) -> None:
        """`stage_directly` takes the records of CloudTrail's own envelope; everything else lands."""
        self._name_files(files)
        for (shape, compression), group in groupby(files, key=lambda file: (file.shape, file.compression)):
            if shape in READERS:
                insert = stage_directly if shape == DIRECT else self.land
                self._read_group(list(group), shape, compression, insert)
            else:
                for file in group:
                    self._land_pieces(file, _pieces_of(self.con, file, self.limits))
        for file in files:
            if file.tail_problem:
                self._land_pieces(file, [Piece("", file.tail_problem)])

    def _name_files(self, files: list[Sniffed]) -> None:
        renamed = [file for file in files if file.name != str(file.path) or file.row_offset]
        if renamed:
            rows = [(_path_text(file), file.name, file.row_offset) for file in renamed]
            self.con.executemany("insert into file_names values (?, ?, ?)", rows)

    def _read_group(self, files: list[Sniffed], shape: str, compression: str, insert: Insert) -> None:
        """All files in one statement; where one of them breaks it, half and half, until the broken one stands alone."""
        reader, json_format = READERS[shape]
        parameters: Parameters = {
            "files": [str(file.path) for file in files],
            "compression": compression,
            "maximum_object_size": max(
                self.limits.max_record_bytes,
                *(file.byte_count + 1024 for file in files if shape in WHOLE_SHAPES),
                0,
            ),
        }
        if json_format:
            parameters["format"] = json_format
        merged = self.scratch / "merged.json"
        if is_worth_merging(files) and merge(files, merged):
            reader = MERGED_READERS[shape]
            parameters = {
                "files": [str(merged)],
                "maximum_object_size": parameters["maximum_object_size"],
            }
        try:
            insert(
                f"""select source_file, null::bigint as source_row, record::varchar as record, null::varchar as problem
                from ({sql_text(f"ingest/{reader}")})""",
                parameters,
            )
        except OUR_MISTAKES:
            raise
        except duckdb.Error as error:
            if len(files) == 1:
                log.debug("%s: read patiently, because: %s", files[0].name, error)
                self._land_pieces(files[0], read_patiently(files[0].path, self.limits))
                return
            middle = len(files) // 2
            self._read_group(files[:middle], shape, compression, insert)
            self._read_group(files[middle:], shape, compression, insert)

    def _land_pieces(self, file: Sniffed, pieces: Iterable[Piece]) -> None:
        for some in _portions(pieces):
            rows = pa.table(
                {
                    "source_file": [_path_text(file)] * len(some),
                    "record": [piece.text for piece in some],
                    "problem": pa.array([piece.problem for piece in some], pa.string()),
                }
            )
            self.con.register("pieces", rows)
            self.land(
                """select
                    source_file, null::bigint as source_row, record,
                    case when problem is null and not json_valid(record) then 'not valid JSON' else problem end as problem
                from pieces""",
                {},
            )
            self.con.unregister("pieces")

    def peel_unknown(self) -> None:
        """What no source claims, peeled and recognised again, in its place among the records of its file."""
        self.con.execute(f"create temp table unpeeled as {sql_text('ingest/unpeeled')}")
        if self.con.execute("select count(*) from unpeeled").fetchall() == [(0,)]:
            return
        self.con.execute("delete from landed_records where rowid in (select outer_id from unpeeled)")
        self.con.execute(
            "create temp table leaves (outer_id bigint, source_file varchar, source_row bigint, record varchar, problem varchar)"
        )
        self.con.execute("create temp table recognised_leaves as from landed_records limit 0")
        for rows in self._unknown():
            self.con.register("peeled", rows)
            self.con.execute("insert into leaves by name from peeled")
            self.con.unregister("peeled")
        leaves = "select source_file, source_row, record, problem from leaves"
        self.land(leaves, {}, "recognised_leaves", is_peeled=True)
        self.con.execute(sql_text("ingest/relanded"))

    def _unknown(self) -> Iterator[pa.Table]:
        """Portions of the peeled records, with the row each came from."""
        after = -1
        while True:
            outer = self.con.execute(
                """select outer_id, source_file, source_row, record from unpeeled
                where is_unknown and outer_id > $after order by outer_id limit 1000""",
                {"after": after},
            ).fetchall()
            if not outer:
                return
            after = outer[-1][0]
            leaves = [
                (outer_id, source_file, source_row, *leaf)
                for outer_id, source_file, source_row, record in outer
                for leaf in peeled_texts(record)
            ]
            names = ("outer_id", "source_file", "source_row", "record", "problem")
            types = (pa.int64(), pa.string(), pa.int64(), pa.string(), pa.string())
            columns = list(zip(*leaves, strict=True)) or [()] * len(names)
            yield pa.table(
                {
                    name: pa.array(column, kind)
                    for name, column, kind in zip(names, columns, types, strict=True)
                }
            )


def peeled_texts(record: str) -> Iterator[tuple[str, str | None]]:
    """The text of each record inside a record's text, or the text itself, with the problem of what is none."""
    try:
        value = json.loads(record)
    except (ValueError, RecursionError):
        yield record, None
        return
    yield from _texts_of(value, record)


def _texts_of(value: Record, record: str | None = None) -> Iterator[tuple[str, str | None]]:
    for leaf in peel(value):
        problem = leaf.get(PROBLEM_KEY)
        if isinstance(problem, str):
            yield str(leaf.get("record", record or "")), problem
        else:
            yield record if leaf is value and record else _dumped(leaf), None


def _pieces_of(con: duckdb.DuckDBPyConnection, file: Sniffed, limits: Limits) -> Iterator[Piece]:
    match file.shape:
        case "csv":
            yield from _peeled_rows(read_table(file.path, limits))
        case "parquet":
            yield from _peeled_rows(_parquet_rows(con, file, limits))
        case "none":
            yield Piece("", file.problem)
        case _:
            yield from read_patiently(file.path, limits)


def _peeled_rows(rows: Iterable[Piece]) -> Iterator[Piece]:
    for row in rows:
        if row.problem:
            yield row
        else:
            yield from (Piece(text, problem) for text, problem in _texts_of(json.loads(row.text)))


def _parquet_rows(con: duckdb.DuckDBPyConnection, file: Sniffed, limits: Limits) -> Iterator[Piece]:
    size, unpacked = file.byte_count, 0
    try:
        with connect(memory_limit="400MB") as reading:
            rows = reading.execute(sql_text("ingest/read_parquet_rows"), {"file": str(file.path)})
            while some := rows.fetchmany(1_000):
                for (text,) in some:
                    unpacked += len(text)
                    if problem := limits.excess(size, unpacked):
                        yield Piece("", problem)
                        return
                    yield Piece(text)
    except duckdb.Error as error:
        yield Piece("", f"broken Parquet ({str(error).splitlines()[0][:200]})")


def _portions(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    some: list[Piece] = []
    size = 0
    for piece in pieces:
        some.append(piece)
        size += len(piece.text)
        if len(some) >= PIECES_AT_A_TIME or size >= TEXT_AT_A_TIME:
            yield some
            some, size = [], 0
    if some:
        yield some


def _dumped(record: Record) -> str:
    """JSON may spell half of a surrogate pair, which no text can hold: then it stays spelled."""
    text = json.dumps(record, ensure_ascii=False, default=str, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(record, default=str, separators=(",", ":"))
    return text


def _path_text(file: Sniffed) -> str:
    return str(file.path) if file.shape != "none" else readable(str(file.path))
