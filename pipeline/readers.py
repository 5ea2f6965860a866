"""Reads a batch of files into the temp table `landed_records`: source_file, record, source, problem, in reading order.

DuckDB reads what it can in one statement for all files of a shape, decompressing and recognising as it goes. A file that
breaks its group is found by halves and read patiently, alone.
"""

import logging
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.envelopes import Sniffed, read_patiently
from pipeline.settings import sql_text

log = logging.getLogger("postreset.ingest")

READERS = {
    "Records": ("read_cloudtrail_envelope", None),
    "records": ("read_azure_envelope", None),
    "array": ("read_objects", "array"),
    "lines": ("read_objects", "newline_delimited"),
    "objects": ("read_objects", "unstructured"),
}
PIECES_AT_A_TIME = 20_000
OUR_MISTAKES = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)  # no fault of a file


def read_files(con: duckdb.DuckDBPyConnection, batch: list[Sniffed]) -> None:
    con.execute(
        "create temp table landed_records (source_file varchar, record varchar, source varchar, problem varchar)"
    )
    for (shape, compression), group in groupby(batch, key=lambda file: (file.shape, file.compression)):
        files = list(group)
        if shape in READERS:
            _read_group(con, files, shape, compression)
            continue
        for file in files:
            if shape == "none":
                _insert_pieces(con, file.path, [("", file.problem)])
            else:
                _insert_file_patiently(con, file.path)


def _read_group(con: duckdb.DuckDBPyConnection, files: list[Sniffed], shape: str, compression: str) -> None:
    """All files in one statement; where one of them breaks it, half and half, until the broken one stands alone."""
    reader, json_format = READERS[shape]
    parameters: dict[str, object] = {
        "files": [str(file.path) for file in files],
        "compression": compression,
        "maximum_object_size": max(16 << 20, *(file.byte_count + 1024 for file in files)),
    }
    if json_format:
        parameters["format"] = json_format
    try:
        _insert(
            con,
            f"select source_file, record::varchar as record, null::varchar as problem from ({sql_text(f'ingest/{reader}')})",
            parameters,
        )
    except OUR_MISTAKES:
        raise
    except duckdb.Error as error:
        if len(files) == 1:
            log.debug("%s: read patiently, because: %s", files[0].path, error)
            _insert_file_patiently(con, files[0].path)
            return
        middle = len(files) // 2
        _read_group(con, files[:middle], shape, compression)
        _read_group(con, files[middle:], shape, compression)


def _insert_file_patiently(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    pieces: list[tuple[str, str | None]] = []
    for piece in read_patiently(path):
        pieces.append((piece.text, piece.problem))
        if len(pieces) >= PIECES_AT_A_TIME:
            _insert_pieces(con, path, pieces)
            pieces = []
    _insert_pieces(con, path, pieces)


def _insert_pieces(con: duckdb.DuckDBPyConnection, path: Path, pieces: list[tuple[str, str | None]]) -> None:
    if not pieces:
        return
    rows = pa.table(
        {
            "source_file": [str(path)] * len(pieces),
            "record": [text.encode("utf-8", "replace").decode() for text, _ in pieces],
            "problem": pa.array([problem for _, problem in pieces], pa.string()),
        }
    )
    con.register("pieces", rows)
    _insert(
        con,
        """select source_file, record, case when problem is null and not json_valid(record) then 'not valid JSON' else problem end as problem
        from pieces""",
        {},
    )
    con.unregister("pieces")


def _insert(con: duckdb.DuckDBPyConnection, records: str, parameters: dict[str, object]) -> None:
    """`records` is a SELECT of source_file, record, problem. One statement: it inserts all of it or nothing."""
    con.execute(
        f"insert into landed_records with read_records as ({records}) from ({sql_text('ingest/recognised')})",
        parameters,
    )
