"""When to ask an HTTP API again: as it says, by its own clock, else later each time."""

import random
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from loaders.base import Probe

LONGEST_BACK_OFF = 60.0
WRONG_CLOCK_SECONDS = 300
LONGEST_HOLD = 2 * LONGEST_BACK_OFF  # for others' sake; a limit is counted by the minute


class Clock:
    """The time here, and waiting. Tests have another."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def told_wait(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until the service wants to be asked again; None where it does not say. Its times are taken against its own
    `Date`; `now`, epoch seconds here, stands in where it has none. Okta tells of its limit in every answer, so
    `X-Rate-Limit-Reset` counts with a 429 only."""
    date = http_time(headers.get("date", ""))
    now = now if date is None else date
    after, reset = headers.get("retry-after", ""), headers.get("x-rate-limit-reset", "")
    if _is_number(after):
        return float(after)
    if (at := http_time(after)) is not None:
        return max(0.0, at - now)
    return max(0.0, float(reset) - now + 1) if status == 429 and _is_number(reset) else None


def courtesy_wait(headers: Mapping[str, str], now: float) -> float:
    """Seconds to leave the last tenth of a rate limit, which is the whole organisation's, to others."""
    limit, left = headers.get("x-rate-limit-limit", ""), headers.get("x-rate-limit-remaining", "")
    if not (_is_number(limit) and _is_number(left) and int(left) * 10 < int(limit)):
        return 0.0
    reset = {name: headers[name] for name in ("x-rate-limit-reset", "date") if name in headers}
    return min(told_wait(429, reset, now) or 0.0, LONGEST_HOLD)


def clock_probe(seconds_ahead: float) -> Probe:
    """Whether the clock here and the service's agree."""
    side = "ahead of" if seconds_ahead > 0 else "behind"
    told = f"the clock here is {abs(seconds_ahead):.0f} s {side} the service's, which counts"
    is_well = abs(seconds_ahead) <= WRONG_CLOCK_SECONDS
    return Probe(
        "the clocks agree", is_well, "" if is_well else told, "" if is_well else "set the clock (NTP)"
    )


def back_off(tries: int) -> float:
    """Seconds, twice as many each time, and never the same for two who ask at once."""
    return random.uniform(0.5, 1.0) * min(LONGEST_BACK_OFF, 2.0**tries)


def jittered(seconds: float) -> float:
    """A little later than was told, so that not all come back in the same moment."""
    return seconds + random.uniform(0.1, 1.0)


def http_time(text: str) -> float | None:
    """An HTTP date in epoch seconds."""
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=at.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 12
