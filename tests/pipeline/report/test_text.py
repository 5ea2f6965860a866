"""The sanitisers: what an attacker writes into a log must not act in a terminal, a spreadsheet or a JSON line."""

import json
import re
import sys
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pipeline.report.text import (
    ACTING,
    CELL_BYTES,
    FORMULA_STARTS,
    csv_cell,
    json_text,
    shorten,
    span,
    visible,
)

ANY_TEXT = st.text(st.characters(codec=None))  # lone surrogates, too


def acts(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def test_the_class_of_acting_characters_is_that_of_unicode() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    missed = [hex(ord(found)) for found in re.sub(f"[{ACTING}]", "", everything) if acts(found)]
    assert missed == []


@given(ANY_TEXT)
def test_visible_text_has_no_acting_character(text: str) -> None:
    assert not any(acts(character) for character in visible(text))


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("a\nb\tc\x00", r"a\nb\tc\x00"),
        ("\U000e0041", r"\U000e0041"),
        ("王小明 مرحبا 👩", "王小明 مرحبا 👩"),
        (None, ""),
    ],
)
def test_visible(given_text: str | None, shown: str) -> None:
    assert visible(given_text) == shown


@given(
    st.one_of(
        ANY_TEXT,
        st.sampled_from(FORMULA_STARTS).flatmap(lambda start: ANY_TEXT.map(lambda rest: start + rest)),
    )
)
def test_no_cell_is_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.lstrip().startswith(FORMULA_STARTS)
    assert not any(acts(character) for character in cell)


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\x00=1", "＝1"]
)
def test_a_formula_gets_a_quote(text: str) -> None:
    assert csv_cell(text).startswith("'")


def test_a_cell_stays_below_the_keyword_limit_of_opensearch() -> None:
    assert len(csv_cell("王" * 20_000).encode()) <= CELL_BYTES + 4


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_parses_back_and_does_not_act(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert not any(acts(character) for character in text)
    assert json.loads(json_text(value, indent=2)) == value


def test_json_takes_a_lone_surrogate() -> None:
    assert json.loads(json_text("\ud800").encode()) == "\ud800"


@given(st.text(), st.integers(1, 60))
def test_shorten_keeps_to_its_width(text: str, limit: int) -> None:
    assert cell_len(shorten(visible(text), limit)) <= limit


def test_shorten_keeps_both_ends() -> None:
    assert shorten("arn:aws:iam::111122223333:role/payroll", 15) == "arn:aws…payroll"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (420, "7 min"),
        (3600, "1 h"),
        (5700, "1 h 35 min"),
        (187200, "2 d 4 h"),
        (-60, "1 min"),
    ],
)
def test_span(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words
