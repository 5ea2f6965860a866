"""Time on an axis, with quiet stretches cut out: an attack is an hour of work in three days of window, and on a plain
axis that hour is a smear. Cuts are drawn and say how long they are, so nobody reads them as time."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

CUT_WIDTH = 34.0
MAX_CUTS = 6
CUT_SHARE = 0.22  # a quiet stretch is cut while it takes more of the axis than this
STEPS = tuple(timedelta(minutes=count) for count in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 40320))
TICK_WIDTH = 78.0


@dataclass(frozen=True, slots=True)
class Segment:
    start: datetime
    end: datetime
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Where a time lies between 0 and `width`. Segments are the busy stretches in order; between two lies a cut."""

    segments: tuple[Segment, ...]
    width: float

    def x(self, at: datetime) -> float:
        """A time inside a cut or beyond the ends is drawn at the nearest edge of a busy stretch."""
        index = max(0, bisect_right(self.segments, at, key=lambda segment: segment.start) - 1)
        segment = self.segments[index]
        share = (at - segment.start) / (segment.end - segment.start)
        return round(segment.x + min(1.0, max(0.0, share)) * segment.width, 1)

    def cuts(self) -> list[tuple[float, timedelta]]:
        """The middle of each cut and how long it is."""
        pairs = zip(self.segments, self.segments[1:], strict=False)
        return [(round(left.x + left.width + CUT_WIDTH / 2, 1), right.start - left.end) for left, right in pairs]

    def ticks(self) -> list[tuple[float, datetime]]:
        """Whole times, never closer than a label is wide; every busy stretch has at least one."""
        busy = sum((segment.end - segment.start for segment in self.segments), timedelta())
        pixels = sum(segment.width for segment in self.segments)
        step = next((step for step in STEPS if step / busy * pixels >= TICK_WIDTH), STEPS[-1])
        found: list[tuple[float, datetime]] = []
        for segment in self.segments:
            midnight = segment.start.replace(hour=0, minute=0, second=0, microsecond=0)
            at = midnight + -(-(segment.start - midnight) // step) * step
            inside = []
            while at <= segment.end:
                inside.append((self.x(at), at))
                at += step
            for x, at in inside or [(self.x(segment.start), segment.start)]:
                if not found or x - found[-1][0] >= TICK_WIDTH * 0.8:
                    found.append((x, at))
        return found


def time_scale(times: Iterable[datetime], width: float) -> TimeScale:
    """A scale that holds all these times. Deterministic: only the set of times matters."""
    stops = sorted({at.replace(second=0, microsecond=0) for at in times})
    if not stops:
        raise ValueError("no time to scale")
    first, last = stops[0], stops[-1] + timedelta(minutes=1)
    gaps = sorted(zip(stops, stops[1:], strict=False), key=lambda gap: (gap[0] - gap[1], gap[0]))
    left, cuts = last - first, []
    for start, end in gaps[:MAX_CUTS]:
        length = end - start
        if length < timedelta(minutes=20) or length / left < CUT_SHARE:
            break
        # The busy stretches keep a margin, so that a mark at their edge is not cut through.
        margin = min(timedelta(minutes=5), length / 10)
        cuts.append((start + timedelta(minutes=1) + margin, end - margin))
        left -= cuts[-1][1] - cuts[-1][0]
    margin = max(timedelta(minutes=1), left / 60)
    edges = [first - margin, *(edge for cut in sorted(cuts) for edge in cut), last + margin]
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    pixels = width - CUT_WIDTH * len(cuts)
    busy = sum((end - start for start, end in spans), timedelta())
    # A lone event after a quiet night still gets room for its mark and its label.
    least = min(46.0, pixels / len(spans))
    shares = [max(least, (end - start) / busy * pixels) for start, end in spans]
    factor = pixels / sum(shares)
    segments, x = [], 0.0
    for (start, end), share in zip(spans, shares, strict=True):
        segments.append(Segment(start, end, x, share * factor))
        x += share * factor + CUT_WIDTH
    return TimeScale(tuple(segments), width)
