"""The hunt folder: timeline (JSON lines, Timesketch CSV, Parquet), findings (OCSF), report and hunt.json.

Each file is written beside its place and then renamed, and hunt.json goes last: a folder with hunt.json is whole, one
without it was interrupted. The same hunt gives the same bytes.
"""

import hashlib
import io
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow.parquet as pq

from pipeline.report.html import report_html
from pipeline.report.ocsf import detection_findings
from pipeline.report.result import Hunt
from pipeline.report.shapes import hunt_document, timeline_rows
from pipeline.report.text import iso, json_text
from pipeline.report.timesketch import write_csv

LAST = "hunt.json"


def write_hunt_folder(hunt: Hunt, folder: Path) -> Path:
    """Writes the six files into the folder, made if needed, and returns it. An OSError goes to the caller."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LAST).unlink(missing_ok=True)
    for name, write in WRITERS.items():
        with whole_file(folder / name) as stream:
            write(hunt, stream)
    return folder


def folder_name(hunt_id: str) -> str:
    """A name for the hunt's folder that is safe on any file system, whatever the log put into the id."""
    name = re.sub(r"[^A-Za-z0-9@._+-]+", "-", hunt_id).strip("-. ")[:100]
    if name and name == hunt_id:
        return name
    # Two ids must not meet in one folder because they differ in the characters that were replaced.
    return f"{name}-{hashlib.sha256(hunt_id.encode(errors='surrogatepass')).hexdigest()[:8]}".lstrip("-.")


@contextmanager
def whole_file(path: Path) -> Generator[IO[bytes]]:
    """A stream to a file that appears under its name when it is whole, or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_jsonl(hunt: Hunt, stream: IO[bytes]) -> None:
    for row in timeline_rows(hunt.timeline):
        row["occurred_at"] = iso(row["occurred_at"])
        row["signals"] = row["signals"] or []
        stream.write(json_text(row).encode() + b"\n")


def _write_csv(hunt: Hunt, stream: IO[bytes]) -> None:
    # No byte-order mark: Timesketch would read it as part of the first column's name.
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    write_csv(timeline_rows(hunt.timeline), text)
    text.flush()
    text.detach()  # or closing the wrapper would close the file before it is synced


def _write_parquet(hunt: Hunt, stream: IO[bytes]) -> None:
    pq.write_table(hunt.timeline, stream, compression="zstd")


def _write_findings(hunt: Hunt, stream: IO[bytes]) -> None:
    stream.write(json_text(detection_findings(hunt), indent=2).encode() + b"\n")


def _write_report(hunt: Hunt, stream: IO[bytes]) -> None:
    stream.write(report_html(hunt).encode())


def _write_hunt(hunt: Hunt, stream: IO[bytes]) -> None:
    stream.write(json_text(hunt_document(hunt), indent=2).encode() + b"\n")


WRITERS: dict[str, Callable[[Hunt, IO[bytes]], None]] = {
    "timeline.jsonl": _write_jsonl,
    "timeline.csv": _write_csv,
    "timeline.parquet": _write_parquet,
    "findings.json": _write_findings,
    "report.html": _write_report,
    LAST: _write_hunt,
}
