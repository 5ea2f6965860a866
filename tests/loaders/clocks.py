"""A clock for tests: it may be wrong, and waiting takes no time."""

import time
from datetime import UTC, datetime
from typing import Self

from loaders.http_waits import Clock


class SkippingClock(Clock):
    """`ahead` seconds before the true time. What was slept is kept, and the clock goes on by it."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self.slept: list[float] = []

    @classmethod
    def showing(cls, at: datetime, ahead: float = 0.0) -> Self:
        """It is `at` (naive UTC) now, or would be if it did not go wrong."""
        return cls(at.replace(tzinfo=UTC).timestamp() - time.time() + ahead)

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
