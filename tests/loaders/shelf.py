"""A made-up service for the tests of landing: shelves (streams) of items that answer as they are told to."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from loaders.base import Discovery, Fetched, Finding, Item, Probe
from pipeline.errors import ItemGone, LoadError

Answer = bytes | Exception | Fetched | Callable[[Callable[[bytes], object]], Fetched]
AT = datetime(2026, 3, 10, 12)
SINCE = AT - timedelta(days=1)


@dataclass
class Shelf:
    """`streams`: stream → its items; `answers`: key → what fetch does (bytes are written in pieces, errors raised)."""

    streams: dict[str, list[Item] | LoadError] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    name: str = "shelf"
    kind: str = "made-up"
    denied: LoadError | None = None
    fetched: list[str] = field(default_factory=list)
    asked: list[tuple[dict[str, str], datetime]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, key: str, answer: Answer = b"{}\n", stream: str = "one", version: str = "") -> Item:
        item = Item(stream, key, version)
        items = self.streams.setdefault(stream, [])
        assert isinstance(items, list)
        items.append(item)
        self.answers[key] = answer
        return item

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        self.asked.append((dict(checkpoints), since))
        for stream, items in self.streams.items():
            yield Discovery(stream, self._items(items), f"to {until:%d}", until - timedelta(hours=1))
        if self.denied:
            raise self.denied

    def _items(self, items: list[Item] | LoadError) -> Iterator[Item]:
        if isinstance(items, LoadError):
            raise items
        yield from items

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        with self.lock:
            self.fetched.append(item.key)
        answer = self.answers.get(item.key, b"{}\n")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            for start in range(0, len(answer), 1000):
                write(answer[start : start + 1000])
            return Fetched()
        if isinstance(answer, Fetched):
            write(b"page\n")
            return answer
        return answer(write)

    def probe(self) -> list[Probe]:
        return [Probe("read the shelf", self.denied is None, str(self.denied or ""), "put up a ladder")]


class Proving(Shelf):
    """One whose service proves its logs. Settings come to the one that was put into `made`."""

    made: ClassVar[dict[str, "Proving"]] = {}
    hangs: threading.Event | None = None  # until it is set
    has_proofs = True

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> "Proving":
        return cls.made[name]

    def probe(self) -> list[Probe]:
        if self.hangs:
            self.hangs.wait(60)
        return super().probe()

    def verify(self, since: datetime, until: datetime) -> Iterator[Finding]:
        if self.denied:
            raise self.denied
        yield Finding("edited", "logs/\x1b[31ma.json.gz", "its digest tells another content")


GONE = ItemGone("it is no longer there")
REFUSED = LoadError("refused", "the shelf", "ask the keeper")
