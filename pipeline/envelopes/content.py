"""The bytes of a file as they come out of its compression, a chunk at a time, up to where they break or must end."""

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.limits import DEFAULT_LIMITS, Limits

CHUNK = 1 << 16


@dataclass(slots=True)
class Content:
    """Chunks of a file; once they have ended, `problem` says what stopped them before the end, if anything did."""

    path: Path
    limits: Limits = DEFAULT_LIMITS
    problem: str | None = None

    def chunks(self) -> Iterator[bytes]:
        """Decompressed bytes; never raises for what the file holds."""
        packed = unpacked = 0
        try:
            with self.path.open("rb") as file:
                is_gzip = file.read(2) == b"\x1f\x8b"
                file.seek(0)
                for chunk in self._gzip(file) if is_gzip else iter(lambda: file.read(CHUNK), b""):
                    unpacked += len(chunk)
                    packed = file.tell()
                    self.problem = self.limits.excess(packed, unpacked) or self.problem
                    yield chunk
                    if self.problem:
                        return
        except OSError as error:
            self.problem = f"cannot be read ({error.strerror or error})"

    def _gzip(self, file: BinaryIO) -> Iterator[bytes]:
        """Every byte that comes out, one member after the other."""
        member = zlib.decompressobj(wbits=31)
        chunk = file.read(CHUNK)
        while chunk:
            before = member.copy()
            try:
                yield member.decompress(chunk, CHUNK * 16)
                while member.unconsumed_tail:
                    yield member.decompress(member.unconsumed_tail, CHUNK * 16)
            except zlib.error as error:
                self.problem = f"broken gzip ({error}): fetch the file again"
                yield _until_broken(before, chunk)
                return
            chunk = member.unused_data.lstrip(b"\0") or file.read(CHUNK)  # tape padding is no member
            if member.eof and chunk:
                member = zlib.decompressobj(wbits=31)
        if not member.eof:
            self.problem = "the gzip ends too early: fetch the file again"

    def texts(self) -> Iterator[str]:
        """The same as text: UTF-8, or UTF-16 where a mark says so. A byte that is neither becomes a lone surrogate, so that
        the record that holds it can be told (`readable`)."""
        chunks = self.chunks()
        first = next(chunks, b"")
        mark = first[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        decoder = codecs.getincrementaldecoder("utf-16" if mark else "utf-8")(
            "replace" if mark else "surrogateescape"
        )
        yield decoder.decode(first.removeprefix(codecs.BOM_UTF8))
        for chunk in chunks:
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def is_broken_text(text: str) -> bool:
    """Whether a byte that is not UTF-8 stood in this text."""
    return not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)


def readable(text: str) -> str:
    """The text with such bytes written as \\xff."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _until_broken(member: "zlib._Decompress", chunk: bytes) -> bytes:
    """What a chunk gives before its first broken byte: zlib itself drops the output of the chunk that fails."""
    content = bytearray()
    try:
        for index in range(len(chunk)):
            content += member.decompress(chunk[index : index + 1])
    except zlib.error:
        pass
    return bytes(content)
