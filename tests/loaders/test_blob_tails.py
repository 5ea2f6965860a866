"""Append blobs in ranges: whatever the ranges, every line comes once and whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import blob_tails
from loaders.blob_tails import Tail, Taken, copy_lines, read_taken, tail_of, written
from pipeline.errors import LoadError

LINES = st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=12)


def copied(tail: Tail, content: bytes) -> bytes:
    found: list[bytes] = []

    def read(since: int, until: int) -> bytes:
        assert 0 <= since <= until <= len(content)
        return content[since:until]

    wrote = copy_lines(tail, read, found.append, "here")
    assert wrote == bool(found)
    return b"".join(found)


@settings(max_examples=200, deadline=None)
@given(LINES, st.lists(st.integers(0, 200), max_size=6), st.booleans(), st.integers(1, 7))
def test_every_line_comes_once_wherever_ranges_meet(
    lines: list[bytes], cuts: list[int], ends_in_a_line: bool, piece: int
) -> None:
    content = b"".join(line + b"\n" for line in lines)
    if not ends_in_a_line:
        content = content[:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blob_tails, "PIECE", piece)
        patch.setattr(blob_tails, "READ_BACK", 2)
        taken: Taken | None = None
        found = b""
        for size in [*sorted({min(cut, len(content)) for cut in cuts}), len(content)]:
            is_last = size == len(content)
            tail = tail_of(taken, "made", size, is_last)
            if tail is not None:
                found += copied(tail, content[:size])
                taken = Taken("made", size, tail.is_whole)
    assert found == content
    assert tail_of(taken, "made", len(content), True) is None or not content


def test_a_blob_that_was_made_anew_or_is_shorter_is_read_whole() -> None:
    taken = Taken("then", 100, False)
    assert tail_of(taken, "later", 300, False) == Tail("later", 0, 300, True, False)
    assert tail_of(taken, "then", 50, False) == Tail("then", 0, 50, True, False)
    assert tail_of(taken, "then", 100, False) is None
    assert tail_of(taken, "then", 100, True) == Tail("then", 100, 100, False, True)
    assert tail_of(Taken("then", 100, True), "then", 120, False) == Tail("then", 100, 120, True, False)


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_tails, "MAX_LINE", 10)
    with pytest.raises(LoadError, match="a line is longer"):
        copied(Tail("made", 0, 50, True, False), b"x" * 50)
    monkeypatch.setattr(blob_tails, "READ_BACK", 2)
    with pytest.raises(LoadError, match="a line is longer"):
        copied(Tail("made", 40, 50, False, False), b"x" * 50)


@given(
    st.dictionaries(st.text(max_size=4), st.builds(Taken, st.text(max_size=4), st.integers(), st.booleans()))
)
def test_what_is_kept_is_read_again(taken: dict[str, Taken]) -> None:
    assert dict(read_taken(written(taken))) == taken


@pytest.mark.parametrize("cursor", ["", "[]", "{}", '["a", "x", 1, true, true]', "null"])
def test_a_cursor_that_none_wrote(cursor: str) -> None:
    with pytest.raises(LoadError):
        Tail.read(cursor, "here")
