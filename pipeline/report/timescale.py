"""Time on an axis, with dull stretches pressed together: an attack is an hour of work in three days of window, and on
a plain axis that hour is a smear. Pressed stretches are shaded and say how long they are, so nobody misreads them."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

PRESSED_WIDTH = 44.0
MAX_PRESSED = 6
PRESSED_SHARE = 0.2  # a dull stretch is pressed while it takes more of the axis than this
STEPS = tuple(
    timedelta(minutes=count)
    for count in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 40320)
)
TICK_WIDTH = 78.0
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Segment:
    start: datetime
    end: datetime
    x: float
    width: float
    is_pressed: bool


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Where a time lies between 0 and `width`: segments in order, without gaps, each linear in itself."""

    segments: tuple[Segment, ...]
    width: float

    def x(self, at: datetime) -> float:
        """A time beyond the ends is drawn at the end."""
        index = max(0, bisect_right(self.segments, at, key=lambda segment: segment.start) - 1)
        segment = self.segments[index]
        share = (at - segment.start) / (segment.end - segment.start)
        return round(segment.x + min(1.0, max(0.0, share)) * segment.width, 1)

    def ticks(self) -> list[tuple[float, datetime]]:
        """Whole times, never closer than a label is wide; or than the label of a pressed stretch."""
        wide = [segment for segment in self.segments if not segment.is_pressed]
        busy = sum((segment.end - segment.start for segment in wide), timedelta())
        pixels = sum(segment.width for segment in wide)
        step = next((step for step in STEPS if step / busy * pixels >= TICK_WIDTH), STEPS[-1])
        labelled = [segment.x + segment.width / 2 for segment in self.segments if segment.is_pressed]
        found: list[tuple[float, datetime]] = []
        for segment in wide:
            midnight = segment.start.replace(hour=0, minute=0, second=0, microsecond=0)
            at = midnight + -(-(segment.start - midnight) // step) * step
            inside = []
            while at <= segment.end:
                inside.append((self.x(at), at))
                at += step
            for x, at in inside or [(self.x(segment.start), segment.start)]:
                near_label = any(abs(x - middle) < TICK_WIDTH * 0.7 for middle in labelled)
                if not near_label and (not found or x - found[-1][0] >= TICK_WIDTH * 0.8):
                    found.append((x, at))
        return found


def time_scale(weighty: Iterable[datetime], others: Iterable[datetime], width: float) -> TimeScale:
    """A scale that holds all these times and gives its width to the weighty ones (at least one). Deterministic: only
    the set of times matters."""
    stops = sorted({at.replace(second=0, microsecond=0) for at in weighty})
    outer = [at.replace(second=0, microsecond=0) for at in others]
    first, last = min([stops[0], *outer]), max([stops[-1], *outer]) + MINUTE
    gaps = [(start + MINUTE, end) for start, end in pairwise(stops)]
    gaps += [(first, stops[0]), (stops[-1] + MINUTE, last)]
    left, pressed = last - first, []
    for start, end in sorted(gaps, key=lambda gap: (gap[0] - gap[1], gap[0]))[:MAX_PRESSED]:
        length = end - start
        if length < timedelta(hours=1) or length / left < PRESSED_SHARE:
            break
        # Busy stretches keep a margin, so that a mark at their edge is not in the shade.
        margin = min(timedelta(minutes=4), length / 10)
        pressed.append((start if start == first else start + margin, end if end == last else end - margin))
        left -= pressed[-1][1] - pressed[-1][0]
    return TimeScale(tuple(_segments(first, last, sorted(pressed), width)), width)


def _segments(
    first: datetime, last: datetime, pressed: list[tuple[datetime, datetime]], width: float
) -> list[Segment]:
    busy_length = last - first - sum((end - start for start, end in pressed), timedelta())
    margin = max(MINUTE, busy_length / 60)
    tail = last if pressed and pressed[-1][1] == last else last + margin
    edges = [first - margin, *(edge for stretch in pressed for edge in stretch), tail]
    busy = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end > start]
    pixels = width - PRESSED_WIDTH * len(pressed)
    total = sum((end - start for start, end in busy), timedelta())
    least = min(40.0, pixels / len(busy))  # a lone event after a quiet night still gets room for its mark
    shares = {stretch: max(least, (stretch[1] - stretch[0]) / total * pixels) for stretch in busy}
    factor = pixels / sum(shares.values())
    found, x = [], 0.0
    for start, end in sorted([*busy, *pressed]):
        share = shares[start, end] * factor if (start, end) in shares else PRESSED_WIDTH
        found.append(Segment(start, end, x, share, (start, end) not in shares))
        x += share
    return found
