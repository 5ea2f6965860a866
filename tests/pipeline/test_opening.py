"""Archives, large files and odd names: what is inside is read, and what is hostile costs itself."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.envelopes import opening
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.limits import Limits
from pipeline.query import run_query

NOW = datetime(2026, 3, 10, 12)


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "accountId": "111122223333"},
        "eventTime": "2026-03-01T10:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListUsers",
        "awsRegion": "us-east-1",
        "eventID": event_id,
        "recipientAccountId": "111122223333",
    } | changes


def lines(*event_ids: str) -> bytes:
    return "\n".join(json.dumps(event(event_id)) for event_id in event_ids).encode()


def envelope(*event_ids: str) -> bytes:
    return json.dumps({"Records": [event(event_id) for event_id in event_ids]}).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # ty: ignore[no-matching-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zstandard(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)


def found(lake: Path) -> list[tuple[str, str, int]]:
    sql = "select event_id, source_file, source_row from events order by event_id"
    return [(row[0], Path(row[1]).name, row[2]) for row in run_query(Lake.open(lake), sql)[1]]


def set_aside(lake: Path) -> list[tuple[str, str]]:
    sql = "select source_file, reason from quarantine order by all"
    return [(Path(row[0]).name, row[1]) for row in run_query(Lake.open(lake), sql)[1]]


@pytest.mark.parametrize(
    ("pack", "inside"),
    [
        (gzip.compress, ""),
        (zstandard, ""),
        (bz2.compress, ""),
        (lzma.compress, ""),
        (lambda content: zipped({"a.json": content}), "!a.json"),
        (lambda content: zipped({"a.json.gz": gzip.compress(content)}), "!a.json.gz"),
        (lambda content: zipped({"in.zip": zipped({"a.json": content})}), "!in.zip!a.json"),
        (lambda content: tarred({"a.json": content}), "!a.json"),
        (lambda content: tarred({"a.json": content}, "w:gz"), "!a.json"),
    ],
    ids=["gzip", "zstd", "bzip2", "xz", "zip", "gzip in zip", "zip in zip", "tar", "tar.gz"],
)
@pytest.mark.parametrize("content", [lines("e-1", "e-2"), envelope("e-1", "e-2")], ids=["lines", "envelope"])
def test_what_is_packed_is_read(
    fresh_lake: Path, tmp_path: Path, pack: Callable[[bytes], bytes], inside: str, content: bytes
) -> None:
    path = tmp_path / "packed"
    path.write_bytes(pack(content))
    assert ingest(fresh_lake, [path], NOW).files == 1
    assert found(fresh_lake) == [("e-1", f"packed{inside}", 1), ("e-2", f"packed{inside}", 2)]
    assert not list((fresh_lake / "tmp").glob("*"))  # nothing unpacked stays behind


def test_an_archive_of_many_files_in_many_batches(
    fresh_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.ingest.BATCH_FILES", 2)
    path = tmp_path / "logs.zip"
    path.write_bytes(zipped({f"{n}.json": lines(f"e-{n}") for n in range(7)} | {"notes.txt": b"not a log"}))
    summary = ingest(fresh_lake, [path], NOW)
    assert (summary.files, summary.total.events, summary.total.quarantined) == (1, 7, 1)
    assert set_aside(fresh_lake) == [
        ("logs.zip!notes.txt", "neither JSON nor a table (starts with 'not a log')")
    ]


def test_a_name_in_an_archive_never_becomes_a_path(fresh_lake: Path, tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    path.write_bytes(zipped({"../../../escaped.json": lines("e-1"), "/absolute.json": lines("e-2")}))
    ingest(fresh_lake, [path], NOW)
    assert len(found(fresh_lake)) == 2
    assert not list(tmp_path.rglob("escaped.json"))
    assert not Path("/absolute.json").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 and no more", "broken zip"),
        (zstandard(lines("e-1"))[:-4], "broken after"),
        (bz2.compress(lines("e-1") * 50)[:-9], "broken after"),
        (b"PAR1 and no more", "broken Parquet"),
        (zipped({"a": zipped({"b": zipped({"c": zipped({"d": b"{}"})})})}), "an archive within archives"),
    ],
    ids=["zip", "zstd", "bzip2", "parquet", "too deep"],
)
def test_a_broken_archive_costs_itself(fresh_lake: Path, tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.packed").write_bytes(content)
    (tmp_path / "in" / "b.json").write_bytes(lines("e-9"))
    ingest(fresh_lake, [tmp_path / "in"], NOW)
    assert "e-9" in [row[0] for row in found(fresh_lake)]
    assert any(text.startswith(reason) for _, text in set_aside(fresh_lake))


def test_an_encrypted_member_is_named(fresh_lake: Path, tmp_path: Path) -> None:
    content = bytearray(zipped({"a.json": lines("e-1"), "b.json": lines("e-2")}))
    for header in (content.find(b"PK\x03\x04") + 6, content.find(b"PK\x01\x02") + 8):
        content[header] |= 1  # the flag that says encrypted
    (tmp_path / "logs.zip").write_bytes(bytes(content))
    ingest(fresh_lake, [tmp_path / "logs.zip"], NOW)
    assert [row[0] for row in found(fresh_lake)] == ["e-2"]
    assert set_aside(fresh_lake)[0][0] == "logs.zip!a.json"
    assert "encrypted" in set_aside(fresh_lake)[0][1]


@pytest.mark.parametrize("kind", ["gzip", "zip", "zstd"])
def test_a_bomb_is_read_up_to_its_bound(fresh_lake: Path, tmp_path: Path, kind: str) -> None:
    content = lines("e-1") + b"\n" + b'{"padding": "' + b"0" * 30_000_000 + b'"}\n' + lines("e-2")
    pack = {"gzip": gzip.compress, "zstd": zstandard, "zip": lambda content: zipped({"a": content})}[kind]
    (tmp_path / "bomb").write_bytes(pack(content))
    limits = Limits(max_ratio=50, free_bytes=1 << 20, max_record_bytes=1 << 20)
    ingest(fresh_lake, [tmp_path / "bomb"], NOW, limits=limits)
    assert [row[0] for row in found(fresh_lake)] == ["e-1"]
    assert "decompresses to more than 50 times its size: the rest is not read" in [
        reason for _, reason in set_aside(fresh_lake)
    ]


@pytest.mark.parametrize("content", [lines, envelope], ids=["lines", "envelope"])
def test_a_large_file_is_cut_and_its_rows_keep_their_numbers(
    fresh_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Callable[..., bytes]
) -> None:
    monkeypatch.setattr(opening, "PART_BYTES", 20_000)
    monkeypatch.setattr(opening, "CUT_ABOVE", 50_000)
    monkeypatch.setattr("pipeline.ingest.BATCH_BYTES", 50_000)
    ids = [f"e-{number:05}" for number in range(1, 1_001)]
    path = tmp_path / "large.json"
    path.write_bytes(content(*ids))
    summary = ingest(fresh_lake, [path], NOW)
    assert (summary.files, summary.total.records, summary.total.events) == (1, 1_000, 1_000)
    assert found(fresh_lake) == [(name, "large.json", number) for number, name in enumerate(ids, start=1)]


def test_a_large_file_with_a_broken_row_and_a_cut_end(
    fresh_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PART_BYTES", 5_000)
    monkeypatch.setattr(opening, "CUT_ABOVE", 20_000)
    rows = [json.dumps(event(f"e-{number:05}")) for number in range(500)]
    rows[100] = '{"eventID": broken}'
    text = '{"Records":[' + ",".join(rows) + "]}"
    (tmp_path / "large.json").write_text(text[:-200])
    summary = ingest(fresh_lake, [tmp_path / "large.json"], NOW)
    assert summary.total.events == 498
    assert summary.total.quarantined == 2
    assert run_query(Lake.open(fresh_lake), "select source_row from quarantine order by all")[1] == [
        (101,),
        (500,),
    ]


@pytest.mark.parametrize(
    "name",
    [b"a[1].json", b"a*.json", b"what?.json", b"caf\xe9.json", "naïve ☃.json".encode(), b"line\nbreak.json"],
)
def test_any_name_is_read_and_told(fresh_lake: Path, tmp_path: Path, name: bytes) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    with open(path, "wb") as file:  # noqa: PTH123 (a name that is no text)
        file.write(lines("e-1"))
    ingest(fresh_lake, [tmp_path], NOW)
    assert found(fresh_lake) == [("e-1", name.decode("utf-8", "backslashreplace"), 1)]


def test_links_that_loop_or_lead_nowhere(fresh_lake: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.json").write_bytes(lines("e-1"))
    (logs / "folder").symlink_to(logs)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.json").write_bytes(lines("e-2"))
    (logs / "linked").symlink_to(elsewhere)
    (logs / "loop").symlink_to(logs / "loop")
    (logs / "nowhere").symlink_to(logs / "missing")
    (logs / "same.json").symlink_to(logs / "a.json")
    summary = ingest(fresh_lake, [logs], NOW)
    assert (summary.total.events, summary.total.duplicates) == (2, 1)
    assert [reason for _, reason in set_aside(fresh_lake)] == [
        "cannot be read (Too many levels of symbolic links)",
        "cannot be read (No such file or directory)",
    ]


def test_a_table_of_text_is_read_row_by_row(fresh_lake: Path, tmp_path: Path) -> None:
    raw = json.dumps(event("e-1", note='a "quoted" word,\nand a second line'), indent=1).replace('"', '""')
    text = f'\ufeffTime;Kind;_raw\r\n1;a;"{raw}"\r\n\r\n2;b;\r\n3;c;d;e\r\n'
    for encoding in ("utf-8", "utf-16"):
        (tmp_path / "t.csv").write_bytes(
            text.removeprefix("\ufeff" if encoding == "utf-16" else "").encode(encoding)
        )
        summary = ingest(fresh_lake / encoding, [tmp_path / "t.csv"], NOW)
        assert found(fresh_lake / encoding) == [("e-1", "t.csv", 1)]
        assert sorted(summary.reasons) == [
            "4 cells under 3 names",
            "no known source (keys: Kind, Time, _raw)",
        ]


def test_the_rows_of_a_parquet_file_are_records(fresh_lake: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(
        pa.Table.from_pylist([event("e-1", eventTime=datetime(2026, 3, 1, 10)), {"eventID": "e-2"}]),
        tmp_path / "t.parquet",
    )
    summary = ingest(fresh_lake, [tmp_path / "t.parquet"], NOW)
    assert (summary.total.events, summary.total.quarantined) == (1, 1)
    assert run_query(Lake.open(fresh_lake), "select occurred_at from events")[1] == [
        (datetime(2026, 3, 1, 10),)
    ]


@pytest.mark.parametrize("shape", ["lines", "list", "value"])
def test_a_record_above_the_bound_costs_itself(fresh_lake: Path, tmp_path: Path, shape: str) -> None:
    records = [event("e-1"), event("e-2", padding=[{"a": "}" * 100}] * 300_000), event("e-3")]
    text = {
        "lines": lambda: "\n".join(json.dumps(record) for record in records),
        "list": lambda: json.dumps(records),
        "value": lambda: json.dumps({"@odata.context": "x", "value": records}),
    }[shape]()
    (tmp_path / "log.json").write_text(text)
    summary = ingest(fresh_lake, [tmp_path / "log.json"], NOW)
    assert [row[0] for row in found(fresh_lake)] == ["e-1", "e-3"]
    assert list(summary.reasons) == ["larger than 16,777,216 bytes"]


@pytest.mark.parametrize("shape", ["Records", "records", "array", "lines"])
@pytest.mark.parametrize("is_gzip", [False, True])
def test_many_tiny_files_are_read_as_each_of_them(
    fresh_lake: Path, tmp_path: Path, shape: str, is_gzip: bool
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(40):
        records = [event(f"{number:02}-{row}") for row in (1, 2, 3)]
        text = {
            "Records": json.dumps({"Records": records}, indent=1),
            "records": json.dumps({"records": records}),
            "array": json.dumps(records, indent=2),
            "lines": "\n".join(json.dumps(record) for record in records),
        }[shape]
        path = logs / f"{number:02}.json"
        path.write_bytes(gzip.compress(text.encode()) if is_gzip else text.encode())
    ingest(fresh_lake, [logs], NOW)
    assert found(fresh_lake) == [
        (f"{number:02}-{row}", f"{number:02}.json", row) for number in range(40) for row in (1, 2, 3)
    ]


def test_no_tiny_file_speaks_for_another(fresh_lake: Path, tmp_path: Path) -> None:
    """Content that closes its object early must not say what another file holds."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(30):
        (logs / f"{number:02}.json").write_bytes(envelope(f"e-{number:02}"))
    forged = '{"Records":[]}}\n{"' + str(logs / "00.json") + '":' + envelope("forged").decode()
    (logs / "99.json").write_text(forged)
    (logs / "98.json").write_text('{"Records":[]}, "x": {"Records":[' + json.dumps(event("slipped")) + "]}")
    ingest(fresh_lake, [logs], NOW)
    told = {event_id: name for event_id, name, _ in found(fresh_lake)}
    assert len([event_id for event_id in told if event_id.startswith("e-")]) == 30
    assert told["e-00"] == "00.json"
    assert told.get("forged", "99.json") == "99.json"
