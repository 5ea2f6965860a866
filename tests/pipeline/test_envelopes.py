"""Files as they come: recognised by their first bytes, and cut into records with a reason for each that is lost."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.envelopes.pieces import read_patiently
from pipeline.envelopes.sniffing import list_files, sniff

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)
RECORDS = st.lists(
    st.dictionaries(st.text(min_size=1, max_size=8), JSON_VALUES, min_size=1, max_size=4), max_size=6
)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "shape", "problem"),
    [
        (b'{"Records":[{"a":1}]}', "Records", None),
        (b'\n {  "records" : [ {"a":1}]}', "records", None),
        (b'[{"a":1}]', "array", None),
        (b'{"a":1}\n{"a":2}\n', "lines", None),
        (b'{\n "a": 1\n}', "objects", None),
        (b'\xef\xbb\xbf{"a":1}\n', "lines", None),
        (b"", "lines", None),
        (b"   \n", "none", "empty"),
        (b"PK\x03\x04rest", "zip", None),
        (b"\x28\xb5\x2f\xfdrest", "zstd", None),
        (b"PAR1rest", "parquet", None),
        (b"TimeGenerated,Id,Name\n", "csv", None),
        ("TimeGenerated;Id;Name\n".encode("utf-16"), "csv", None),
        ('{"a":1}'.encode("utf-16"), "patient", None),
        (
            b"It is late, and dark, and {cold}",
            "none",
            "neither JSON nor a table (starts with 'It is late, and dark')",
        ),
        (b"TimeGenerated,Id\n", "none", "neither JSON nor a table (starts with 'TimeGenerated,Id')"),
        (gzip.compress(b'{"Records":[]}'), "Records", None),
        (b"\x1f\x8b\x08\x00broken", "none", None),
    ],
)
def test_shape_is_told_from_the_first_bytes(
    tmp_path: Path, content: bytes, shape: str, problem: str | None
) -> None:
    found = sniff(write(tmp_path / "file", content))
    assert found.shape == shape or (found.problem or "").startswith("broken gzip")
    if problem:
        assert found.problem == problem


def test_a_very_dense_gzip_is_read_patiently(tmp_path: Path) -> None:
    assert (
        sniff(write(tmp_path / "bomb.json.gz", gzip.compress(b'{"a":"' + b"0" * 20_000_000 + b'"}'))).shape
        == "patient"
    )


def test_what_cannot_be_opened_has_a_problem(tmp_path: Path) -> None:
    assert sniff(tmp_path / "missing").problem == "cannot be read (No such file or directory)"


@settings(max_examples=60, deadline=None)
@given(
    records=RECORDS,
    shape=st.sampled_from(["lines", "array", "Records", "records", "pretty"]),
    compressed=st.booleans(),
)
def test_every_record_comes_back_whole(
    tmp_path_factory: pytest.TempPathFactory, records: list, shape: str, compressed: bool
) -> None:
    texts = {
        "lines": "\n".join(json.dumps(record, ensure_ascii=False) for record in records),
        "array": json.dumps(records),
        "Records": json.dumps({"Records": records}),
        "records": json.dumps({"records": records}, indent=2),
        "pretty": "\n".join(json.dumps(record, indent=1) for record in records),
    }
    content = texts[shape].encode()
    path = write(tmp_path_factory.mktemp("f") / "file", gzip.compress(content) if compressed else content)
    pieces = list(read_patiently(path))
    # a top-level object that itself holds a list named Records is an envelope, as it should be
    if any(isinstance(record.get(key), list) for record in records for key in ("Records", "records")):
        return
    assert [piece.problem for piece in pieces] == [None] * len(records)
    assert [json.loads(piece.text) for piece in pieces] == records


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=200))
def test_no_bytes_make_it_fail(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = write(tmp_path_factory.mktemp("f") / "file", content)
    sniff(path)
    for piece in read_patiently(path):
        assert piece.problem or json.loads(piece.text) is not None


def pieces_of(tmp_path: Path, content: bytes) -> list[tuple[str, bool]]:
    return [
        (piece.text, piece.problem is None) for piece in read_patiently(write(tmp_path / "file", content))
    ]


def test_a_cut_list_keeps_what_is_whole(tmp_path: Path) -> None:
    assert pieces_of(tmp_path, b'{"Records":[{"a":1},{"a":2},{"a":') == [
        ('{"a":1}', True),
        ('{"a":2}', True),
        ('{"a":', False),
    ]


def test_a_broken_element_costs_itself(tmp_path: Path) -> None:
    assert pieces_of(tmp_path, b'[{"a":1},{"b":},{"a":"}"}]') == [
        ('{"a":1}', True),
        ('{"b":}', False),
        ('{"a":"}"}', True),
    ]


def test_a_broken_line_costs_itself(tmp_path: Path) -> None:
    assert pieces_of(tmp_path, b'{"a":1}\nnonsense\n{"a":2}\n5\n') == [
        ('{"a":1}', True),
        ("nonsense", False),
        ('{"a":2}', True),
        ("5", False),
    ]


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    assert pieces_of(tmp_path, b'{"n":12345678901234567890.10}') == [('{"n":12345678901234567890.10}', True)]


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity"])
def test_what_only_python_calls_json_is_refused(tmp_path: Path, constant: bytes) -> None:
    assert [whole for _, whole in pieces_of(tmp_path, b'{"n":' + constant + b"}")] == [False]


def test_bytes_that_are_no_text_cost_their_record(tmp_path: Path) -> None:
    assert [whole for _, whole in pieces_of(tmp_path, b'{"a":"\xff"}\n{"a":"ok"}\n')] == [False, True]


def test_a_gzip_that_ends_too_early_gives_all_before_its_end(tmp_path: Path) -> None:
    lines = [json.dumps({"number": number, "text": f"text {number * 7919}"}) for number in range(5_000)]
    packed = gzip.compress("\n".join(lines).encode())
    pieces = list(read_patiently(write(tmp_path / "cut.gz", packed[: len(packed) // 2])))
    whole = [piece.text for piece in pieces if piece.problem is None]
    assert whole == lines[: len(whole)]
    assert len(whole) > 1_000
    assert pieces[-1].problem == "the gzip ends too early: fetch the file again"


def test_a_gzip_broken_in_the_middle_gives_all_before_the_break(tmp_path: Path) -> None:
    lines = [json.dumps({"number": number, "text": f"text {number * 7919}"}) for number in range(5_000)]
    packed = bytearray(gzip.compress("\n".join(lines).encode()))
    middle = len(packed) // 2
    packed[middle : middle + 400] = b"\x00" * 400
    pieces = list(read_patiently(write(tmp_path / "broken.gz", bytes(packed))))
    whole = [piece.text for piece in pieces if piece.problem is None]
    assert whole[:1_000] == lines[:1_000]
    assert (pieces[-1].problem or "").startswith(("broken gzip", "the gzip ends"))


def test_two_gzip_members_are_one_file(tmp_path: Path) -> None:
    assert pieces_of(tmp_path, gzip.compress(b'{"a":1}\n') + gzip.compress(b'{"a":2}\n')) == [
        ('{"a":1}', True),
        ('{"a":2}', True),
    ]


def test_files_are_listed_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b/2.json", "a/1.json", "c.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    found = list_files([tmp_path, tmp_path / "c.json"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/1.json", "b/2.json", "c.json"]
