"""Many small files as one of JSON lines, because opening a file costs DuckDB more than reading ten records does.

A line is `{"<path of the file>": <its content>}`: an object of one key. Content that closes the object early, to say that
what follows came from another file, makes a line of two keys or of none, which the SQL refuses; then the files are read
one by one.
"""

import json
import zlib
from pathlib import Path

from pipeline.envelopes.sniffing import Sniffed

SMALL_BYTES = 128 << 10  # mean of the decompressed sizes
FEW = 16
LINE_ENDS = bytes.maketrans(b"\n\r", b"  ")  # within JSON they stand between tokens only
MERGED_READERS = {
    "Records": "read_cloudtrail_merged",
    "records": "read_azure_merged",
    "array": "read_array_merged",
    "lines": "read_lines_merged",
}


def is_worth_merging(files: list[Sniffed]) -> bool:
    return (
        len(files) >= FEW
        and files[0].shape in MERGED_READERS
        and sum(file.byte_count for file in files) < SMALL_BYTES * len(files)
    )


def merge(files: list[Sniffed], target: Path) -> bool:
    """Writes the files of one shape into `target`. False where a file does not hold what was seen of it."""
    with target.open("wb") as out:
        for file in files:
            content = _content(file)
            if content is None:
                return False
            head = b"{" + json.dumps(str(file.path)).encode() + b":"
            if file.shape != "lines":
                out.write(head + content.translate(LINE_ENDS) + b"}\n")
                continue
            lines = [line for line in content.split(b"\n") if line.strip()]
            if lines:
                out.write(head + (b"}\n" + head).join(lines) + b"}\n")
    return True


def _content(file: Sniffed) -> bytes | None:
    """All bytes, decompressed, without a mark of their order; None where they are more than `byte_count` or break."""
    try:
        content = file.path.read_bytes()
        if file.compression == "gzip":
            member = zlib.decompressobj(wbits=31)
            content = member.decompress(content, file.byte_count + 1)
            if not member.eof or member.unused_data:
                return None
    except (OSError, zlib.error):
        return None
    return None if len(content) > file.byte_count else content.removeprefix(b"\xef\xbb\xbf")
