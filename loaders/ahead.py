"""Listings that take their time, several of them under way."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Found = TypeVar("Found")

LISTED_AT_ONCE = 8


class Ahead(Generic[Found]):
    """Listings of prefixes in the order in which they are asked for, a few of them begun before."""

    def __init__(
        self, pool: ThreadPoolExecutor, read: Callable[[str], list[Found]], prefixes: Iterable[str]
    ) -> None:
        self._pool, self._read = pool, read
        self._left = deque(prefixes)
        self._begun: dict[str, Future[list[Found]]] = {}

    def take(self, prefix: str) -> list[Found]:
        while prefix not in self._begun and self._left:
            self._begin()
        future = self._begun.pop(prefix)
        while self._left and len(self._begun) < LISTED_AT_ONCE:
            self._begin()
        return future.result()

    def _begin(self) -> None:
        prefix = self._left.popleft()
        self._begun[prefix] = self._pool.submit(self._read, prefix)
