"""Records for benchmarks from templates, so that millions are quick: a record of the real builders, cut at marks.

An event is a template's pieces joined with fresh values. A caller works some hours in one session, then a new one begins.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.simulate.logbook import Record
from pipeline.simulate.times import FORTNIGHT_START, seconds_text
from pipeline.simulate.writer import json_text

EVENTS_A_FILE = 4_000
EVENTS_A_SECOND = 3.0
HOURS_A_SESSION = 4
FAST_COMPRESSION = 6
MARK = re.compile(r"@(\w+)@")


@dataclass(frozen=True, slots=True)
class BenchSummary:
    record_counts: dict[str, int]
    file_count: int
    byte_count: int
    first_at: datetime
    last_at: datetime

    @property
    def event_count(self) -> int:
        return sum(self.record_counts.values())


@dataclass(frozen=True, slots=True)
class Pace:
    """How densely events lie in time from the fortnight's start on, and in files."""

    events_a_second: float = EVENTS_A_SECOND
    events_a_file: int = EVENTS_A_FILE

    def time_of(self, number: int) -> datetime:
        """The whole second of event `number`."""
        return FORTNIGHT_START + timedelta(seconds=int(number / self.events_a_second))

    def files(self, event_count: int) -> list[tuple[int, int]]:
        """The first and the end of each file's event numbers."""
        size = self.events_a_file
        return [(first, min(first + size, event_count)) for first in range(0, event_count, size)]


@dataclass(frozen=True, slots=True)
class Template:
    """Text pieces and the marks between them: `pieces[0] marks[0] pieces[1] …`."""

    pieces: tuple[str, ...]
    marks: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        parts = [self.pieces[0]]
        for mark, piece in zip(self.marks, self.pieces[1:], strict=True):
            parts += (values[mark], piece)
        return "".join(parts)


def cut_at_marks(record: Record, patterns: tuple[tuple[str, str], ...] = ()) -> Template:
    """The record's JSON cut at its marks `@name@`, after each pattern was replaced by its mark."""
    text = json_text(record)
    for pattern, mark in patterns:
        text = re.sub(pattern, mark, text)
    cut = MARK.split(text)
    return Template(tuple(cut[::2]), tuple(cut[1::2]))


def session_start(at: datetime) -> datetime:
    return at.replace(hour=at.hour // HOURS_A_SESSION * HOURS_A_SESSION, minute=0, second=0)


def guid_text(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def ticks_of(at: datetime, digits: str) -> str:
    """`2026-02-23T00:00:00.1234567`: the second of `at` and seven decimals made of six hexadecimal digits."""
    return f"{seconds_text(at)[:-1]}.{int(digits[:6], 16) % 10_000_000:07d}"
