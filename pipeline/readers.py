"""Reads files of logs into the temp table `landed_records`, or, where a file is CloudTrail's own, straight into `staged`.

DuckDB reads what it can in one statement for all files of a shape, decompressing and recognising as it goes. A file that
breaks its group is found by halves and read patiently, alone.
"""

import logging
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.envelopes import Sniffed, read_patiently
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
PIECES_AT_A_TIME = 20_000
OUR_MISTAKES = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)  # no fault of a file


def create_landing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """create temp table landed_records (
            source_file varchar, source_row bigint, record varchar, source varchar, problem varchar
        )"""
    )


def land(con: duckdb.DuckDBPyConnection, records: str, parameters: Parameters) -> None:
    """Recognises records and adds them to `landed_records`. One statement: it inserts all of them or nothing."""
    con.execute(
        f"insert into landed_records by name with read_records as ({records}) from ({sql_text('ingest/recognised')})",
        parameters,
    )


def read_files(con: duckdb.DuckDBPyConnection, files: list[Sniffed], stage_directly: Insert) -> None:
    """`stage_directly` takes the records of CloudTrail's own envelope; everything else lands."""
    for (shape, compression), group in groupby(files, key=lambda file: (file.shape, file.compression)):
        if shape in READERS:
            insert = stage_directly if shape == DIRECT else lambda records, given: land(con, records, given)
            _read_group(con, list(group), shape, compression, insert)
            continue
        for file in group:
            if shape == "none":
                _land_pieces(con, file.path, [("", file.problem)])
            else:
                _land_patiently(con, file.path)


def _read_group(
    con: duckdb.DuckDBPyConnection, files: list[Sniffed], shape: str, compression: str, insert: Insert
) -> None:
    """All files in one statement; where one of them breaks it, half and half, until the broken one stands alone."""
    reader, json_format = READERS[shape]
    parameters: Parameters = {
        "files": [str(file.path) for file in files],
        "compression": compression,
        "maximum_object_size": max(16 << 20, *(file.byte_count + 1024 for file in files)),
    }
    if json_format:
        parameters["format"] = json_format
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
            log.debug("%s: read patiently, because: %s", files[0].path, error)
            _land_patiently(con, files[0].path)
            return
        middle = len(files) // 2
        _read_group(con, files[:middle], shape, compression, insert)
        _read_group(con, files[middle:], shape, compression, insert)


def _land_patiently(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    pieces: list[tuple[str, str | None]] = []
    for piece in read_patiently(path):
        pieces.append((piece.text, piece.problem))
        if len(pieces) >= PIECES_AT_A_TIME:
            _land_pieces(con, path, pieces)
            pieces = []
    _land_pieces(con, path, pieces)


def _land_pieces(con: duckdb.DuckDBPyConnection, path: Path, pieces: list[tuple[str, str | None]]) -> None:
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
    land(
        con,
        """select
            source_file, null::bigint as source_row, record,
            case when problem is null and not json_valid(record) then 'not valid JSON' else problem end as problem
        from pieces""",
        {},
    )
    con.unregister("pieces")
