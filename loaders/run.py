"""One load of one source: a thread that discovers, several that fetch, and one that keeps the ledger.

Bytes go to a temporary file as they come, so memory holds pieces, and the names of some items that are next. A file is on
disk under its own name before the ledger says so; the ledger is told of many at once. Nothing is lost whenever the process
ends: what was not noted is named and fetched again, to the same name.
"""

import logging
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from loaders.account import Account
from loaders.base import Discovery, Fetched, Loader
from loaders.bounds import Bounds
from loaders.file_names import landed_name
from loaders.ledger import LandingLedger, utc_now
from loaders.ledger_rows import End, Waiting
from loaders.sink import DiskFault, LandingStopped, Sink, Stopped, TooLarge, look_at_disk, sync_folder
from pipeline.errors import ItemGone, LoadError

log = logging.getLogger("postreset.load")

NAMED_AHEAD = 2_000  # items that are named and wait in memory for a free thread
GROUP = 500  # items that are named in one transaction
NOTED_AT_ONCE = 200  # fetches whose end is noted in one transaction,
NOTED_WITHIN = 0.5  # or those of so many seconds
STREAM_FAILURES = 25  # in a row: then the stream is ill, not its items,
SOURCE_FAILURES = 100  # or the source
LEAVE_SECONDS = 10  # that the threads are given to end


@dataclass(frozen=True, slots=True)
class _Enumerated:
    """All items of a stream are named, or there is an error."""

    discovery: Discovery
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Discovered:
    """No stream is left to ask. `error` of the service, or a `fault` of ours."""

    error: str | None = None
    fault: BaseException | None = None


class Run:
    def __init__(
        self, loader: Loader, ledger: LandingLedger, folder: Path, scratch: Path, bounds: Bounds
    ) -> None:
        """`folder` is the source's, for landed files; `scratch` is this run's alone, on the same disk."""
        self.account = Account()
        self.run_id = os.urandom(6).hex()
        self._loader, self._ledger, self._bounds = loader, ledger, bounds
        self._folder, self._scratch = folder, scratch
        self._todo: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._heard: queue.SimpleQueue[End | _Enumerated | _Discovered] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._disk_fault: LandingStopped | None = None
        self._named = 0  # written by the discovering thread alone
        self._watching = threading.Lock()
        self._failures: Counter[str] = Counter()  # in a row, by stream
        self._failures_of_all = 0
        self._given_up: set[str] = set()
        self._unasked: set[str] = set()
        self._enumerated: dict[str, Discovery] = {}  # and not advanced
        self._ends: list[End] = []  # not noted yet
        self._touched: set[str] = set()  # streams that may be done by what was heard since the last note

    def load(self, since: datetime, until: datetime, on_progress: Callable[[Account], object] | None) -> None:
        """Raises LandingStopped where the disk is full; what a service refuses is in the account."""
        look_at_disk(self._folder, self._bounds)
        threads = [
            threading.Thread(target=self._fetch_all, args=(number,), daemon=True)
            for number in range(self._bounds.in_flight)
        ]
        threads.append(threading.Thread(target=self._discover, args=(since, until), daemon=True))
        for thread in threads:
            thread.start()
        try:
            discovered = self._keep_ledger(on_progress)
        finally:
            self._stop.set()
            for _ in threads:
                self._todo.put(None)
            leave_at = time.monotonic() + LEAVE_SECONDS
            for thread in threads:
                thread.join(max(0.0, leave_at - time.monotonic()))
            while (heard := self._listen(0)) is not None:
                if isinstance(heard, End):
                    self._ends.append(heard)
            self._note()
        if discovered.error is None:
            is_complete = not (self._unasked or self._enumerated)
            self._ledger.end(self._loader.name, self.run_id, is_complete)

    # the thread that keeps the ledger

    def _keep_ledger(self, on_progress: Callable[[Account], object] | None) -> _Discovered:
        discovered: _Discovered | None = None
        ended_count = brought_count = 0
        noted_at = time.monotonic()
        while discovered is None or ended_count < self._named + brought_count:
            heard = self._listen(NOTED_WITHIN)
            if isinstance(heard, _Discovered):
                discovered = heard
                if heard.fault is not None:
                    raise heard.fault
                self.account.error = heard.error or self.account.error
            elif isinstance(heard, _Enumerated):
                self._close_stream(heard)
            elif heard is not None:
                ended_count += 1
                self._ends.append(heard)
            if self._disk_fault:
                raise self._disk_fault
            is_time = heard is None or time.monotonic() - noted_at > NOTED_WITHIN
            has_more = bool(self._ends and self._ends[-1].more)  # the next page is not kept waiting
            if is_time or has_more or len(self._ends) >= NOTED_AT_ONCE:
                brought_count += self._note()
                noted_at = time.monotonic()
                if on_progress:
                    on_progress(self.account)
        return discovered

    def _listen(self, seconds: float) -> End | _Enumerated | _Discovered | None:
        try:
            return self._heard.get(timeout=seconds)
        except queue.Empty:
            return None

    def _note(self) -> int:
        """Notes what ended and moves the streams that are done by it. Gives out what the fetches brought to
        fetch besides, and returns how many these are."""
        ends, self._ends = self._ends, []
        landed = [end for end in ends if end.file]
        for folder in {(self._folder.parent / str(end.file)).parent for end in landed}:
            sync_folder(folder)
        tried = [end for end in ends if end.state != "waiting" or end.error]
        brought = self._ledger.settle(self._loader.name, self.run_id, tried, utc_now()) if tried else []
        for waiting in brought:
            self._todo.put(waiting)
        account = self.account
        account.named_count = self._named
        account.item_count += len(landed)
        account.byte_count += sum(end.byte_count for end in landed)
        for end in tried:
            if end.state == "gone":
                account.note_gone(end.waiting.item.key)
            elif end.error:
                account.failed_count += 1
                account.note_trouble(end.waiting.item.key, end.error)
        self._touched |= {end.waiting.item.stream for end in tried}
        if may_move := self._touched & (self._enumerated.keys() | self._unasked):
            found = [self._enumerated[stream] for stream in may_move & self._enumerated.keys()]
            name = self._loader.name
            for stream in self._ledger.advance(name, self.run_id, found, may_move & self._unasked):
                del self._enumerated[stream]
        self._touched.clear()
        return len(brought)

    def _close_stream(self, heard: _Enumerated) -> None:
        stream = heard.discovery.stream
        self._touched.add(stream)
        if heard.error is not None:
            self._unasked.add(stream)
            self._enumerated.pop(stream, None)
            self.account.note_trouble(stream, heard.error)
            self.account.error = self.account.error or heard.error
        elif stream not in self._unasked:
            self._enumerated[stream] = heard.discovery

    # the thread that discovers

    def _discover(self, since: datetime, until: datetime) -> None:
        name = self._loader.name
        ended = _Discovered()
        try:
            try:
                for discovery in self._loader.discover(self._ledger.checkpoints(name), since, until):
                    self._heard.put(self._name_all(discovery))
            except LoadError as error:
                ended = _Discovered(error=str(error))
            while left_over := self._ledger.left_over(name, self.run_id, GROUP):
                self._give_out(left_over)
        except Stopped:
            pass
        except BaseException as error:
            ended = _Discovered(fault=error)
        self._heard.put(ended)

    def _name_all(self, discovery: Discovery) -> _Enumerated:
        try:
            items = iter(discovery.items)
            while group := list(islice(items, GROUP)):
                self._give_out(self._ledger.name(self._loader.name, self.run_id, group))
                if self._is_given_up(discovery.stream):
                    return _Enumerated(discovery, "not asked further: its items cannot be fetched")
        except LoadError as error:
            return _Enumerated(discovery, str(error))
        return _Enumerated(discovery)

    def _give_out(self, named: Iterable[Waiting]) -> None:
        for waiting in named:
            while self._todo.qsize() >= NAMED_AHEAD and not self._stop.wait(0.02):
                pass
            if self._stop.is_set():
                raise Stopped
            self._named += 1
            self._todo.put(waiting)

    def _is_given_up(self, stream: str) -> bool:
        return stream in self._given_up or self._failures_of_all >= SOURCE_FAILURES

    # the threads that fetch

    def _fetch_all(self, number: int) -> None:
        path = self._scratch / f"{number}.part"
        while (waiting := self._todo.get()) is not None and not self._stop.is_set():
            try:
                end = self._fetch(waiting, path)
                self._watch_failures(end)
                self._heard.put(end)
            except DiskFault as error:
                self._disk_fault = self._disk_fault or _told(error.__cause__, self._folder)
            except Stopped:
                return

    def _fetch(self, waiting: Waiting, path: Path) -> End:
        """Raises Stopped, as the sink does."""
        item = waiting.item
        if self._is_given_up(item.stream):
            return End(waiting, "waiting")
        sink = Sink(path, self._bounds, self._stop.is_set, item.byte_count or 0)
        try:
            fetched = self._loader.fetch(item, sink.write)
            if not fetched.is_kept:
                return End(waiting, "ingested", more=fetched.more)
            return self._keep(waiting, sink, fetched)
        except ItemGone as error:
            return End(waiting, "gone", error=str(error))
        except LoadError as error:
            return End(waiting, "waiting", error=str(error))
        except TooLarge:
            bound = f"{self._bounds.max_item_bytes >> 20:,} MiB"
            return End(waiting, "waiting", error=f"larger than {bound}, see max_item_bytes under [landing]")
        except Exception as error:  # one answer that a loader does not understand costs that item
            log.debug("a fault in the loader", exc_info=True)
            return End(waiting, "waiting", error=f"a fault in the loader ({type(error).__name__})")
        finally:
            sink.close()

    def _watch_failures(self, end: End) -> None:
        stream = end.waiting.item.stream
        with self._watching:
            if end.state != "waiting":
                self._failures_of_all = self._failures[stream] = 0
            elif end.error:
                self._failures_of_all += 1
                self._failures[stream] += 1
                if self._failures[stream] >= STREAM_FAILURES or self._failures_of_all >= SOURCE_FAILURES:
                    self._given_up.add(stream)
                    told = f"not tried further after many failures in a row, the last: {end.error}"
                    self.account.error = told

    def _keep(self, waiting: Waiting, sink: Sink, fetched: Fetched) -> End:
        name = f"{self._folder.name}/{landed_name(waiting.item)}"
        path = self._folder.parent / name
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise DiskFault from error
        sink.keep_as(path)
        return End(waiting, "landed", name, sink.byte_count, sink.digest.hexdigest(), more=fetched.more)


def _told(cause: BaseException | None, folder: Path) -> LandingStopped:
    if isinstance(cause, LandingStopped):
        return cause
    words = getattr(cause, "strerror", None) or type(cause).__name__
    return LandingStopped(
        f"the landing folder cannot be written ({words})",
        str(folder),
        "make room or give another lake; what was landed is kept and the rest waits",
    )
