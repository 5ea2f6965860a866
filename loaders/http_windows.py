"""Which times to ask an HTTP API for, cut into windows, so that a run may end anywhere and the next goes on.

A stream's checkpoint is the span that was taken: `<since>/<until>`. What lies before it or after it is read, and its last hours
once more (the look-back), because events arrive late; ingest drops those it has. A gap between two runs is always closed.
Bounds are whole seconds, half-open. A window that ends before the look-back is settled: it is one item for ever, and is not
read twice. A younger one has the time it was asked at as its version: read again, it may hold more.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from loaders.base import Fetched, Item
from loaders.http_pages import HttpError
from pipeline.errors import LoadError

MAX_PAGES = 20_000  # of one window: a chain of links that never ends is no log
MAX_AGAIN = 3
SHORTEST = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until) of a stream and one page of it: the first, or that which the query `following` leads to. `again`
    counts how often the window was begun anew because a link to a page of it had expired."""

    since: datetime
    until: datetime
    asked_at: datetime | None
    page: int = 1
    following: str = ""
    again: int = 0

    def item(self, stream: str) -> Item:
        key = f"{_compact(self.since)}_{_compact(self.until)}_{self.page:05}.json"
        asked_at = written(self.asked_at) if self.asked_at else ""
        version = f"{asked_at} again {self.again}".strip() if self.again else asked_at
        cursor = {
            "since": written(self.since),
            "until": written(self.until),
            "asked_at": asked_at,
            "page": self.page,
            "following": self.following,
            "again": self.again,
        }
        return Item(stream, key, version, json.dumps(cursor))

    def next_page(self, following: str) -> "Window":
        return replace(self, page=self.page + 1, following=following)

    def anew(self) -> "Window":
        return replace(self, page=1, following="", again=self.again + 1)

    def halves(self, shortest: timedelta = SHORTEST) -> tuple["Window", ...]:
        """Two windows in place of this one; none where a half would be shorter than `shortest`."""
        middle = whole_second(self.since + (self.until - self.since) / 2)
        if middle - self.since < shortest:
            return ()
        first = replace(self, until=middle, page=1, following="")
        return first, replace(first, since=middle, until=self.until)


def window_of(item: Item, where: str) -> Window:
    """The window that an item stands for. Raises LoadError for a cursor that no window wrote."""
    try:
        found = json.loads(item.cursor)
        since, until, asked_at = (_read(found[name]) for name in ("since", "until", "asked_at"))
        if since is None or until is None:
            raise ValueError
        return Window(
            since, until, asked_at, int(found["page"]), str(found["following"]), int(found["again"])
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LoadError(f"the ledger's cursor of {item.key} cannot be read", where) from error


def instead(window: Window, stream: str, error: HttpError) -> Fetched:
    """What to fetch in place of a page that cannot be had. Raises the error where nothing would help."""
    if error.is_slow and (halves := window.halves()):
        return Fetched(tuple(half.item(stream) for half in halves), is_kept=False)
    if window.following and error.status in (400, 404, 410) and window.again < MAX_AGAIN:
        return Fetched((window.anew().item(stream),), is_kept=False)  # the link has expired
    raise error


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read of one stream, oldest first, and its checkpoint when that is landed."""

    spans: tuple[tuple[datetime, datetime], ...]
    checkpoint: str

    def windows(self, length: timedelta, asked_at: datetime, look_back: timedelta) -> Iterator[Window]:
        """Cut where all runs cut: at whole lengths since 1970."""
        settled = asked_at - look_back
        for since, until in self.spans:
            while since < until:
                end = min(since - (since - EPOCH) % length + length, until)
                yield Window(since, end, None if end <= settled else asked_at)
                since = end


def plan(
    checkpoint: str, since: datetime, until: datetime, look_back: timedelta, kept_since: datetime
) -> Plan:
    """The spans to read for [since, until), given what is taken. Nothing before `kept_since` is there to be had."""
    since, until = max(whole_second(since), whole_second(kept_since)), whole_second(until)
    taken = _taken(checkpoint)
    if taken is None:
        if since >= until:
            return Plan((), "")
        return Plan(((since, until),), f"{written(since)}/{written(until)}")
    taken_since, taken_until = taken
    spans = []
    if since < min(taken_since, until):
        spans.append((since, taken_since))
        taken_since = since
    start = max(taken_until - look_back, taken[0], whole_second(kept_since))
    if start < until:
        spans.append((start, until))
    return Plan(tuple(spans), f"{written(taken_since)}/{written(max(until, taken_until))}")


def whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def written(at: datetime) -> str:
    return at.isoformat(timespec="seconds") + "Z"


def _compact(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _read(text: str) -> datetime | None:
    return datetime.fromisoformat(text.removesuffix("Z")) if text else None


def _taken(checkpoint: str) -> tuple[datetime, datetime] | None:
    """None for none, and for one that cannot be read: all is asked for again then, and ingest drops what it has."""
    since, _, until = checkpoint.partition("/")
    try:
        taken = _read(since), _read(until)
    except ValueError:
        return None
    return (taken[0], taken[1]) if taken[0] and taken[1] else None
