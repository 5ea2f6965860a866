"""The fortnight of the simulated estate, and time as each vendor writes it. Nothing here reads a clock."""

from datetime import UTC, datetime, timedelta
from random import Random

FORTNIGHT_START = datetime(2026, 2, 23, tzinfo=UTC)  # a Monday
FORTNIGHT_DAYS = 14
QUIET_DAY = datetime(2026, 2, 18, tzinfo=UTC)  # a Wednesday, before the fortnight


def moment(text: str) -> datetime:
    """`2026-03-02 09:14:05` or without seconds, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def seconds_text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def ticks_text(at: datetime) -> str:
    """Azure prints seven decimals: 100 ns ticks."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}{at.microsecond * 7 % 10}Z"


def offset_text(at: datetime) -> str:
    """The same tick as `ticks_text`, as Entra prints it inside `properties`."""
    return ticks_text(at)[:-1] + "+00:00"


def sts_expiration_text(at: datetime) -> str:
    """`Mar 2, 2026, 11:03:10 AM`, as STS responses print it (strftime's month names depend on the locale)."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    hour = at.hour % 12 or 12
    half = "AM" if at.hour < 12 else "PM"
    return f"{months[at.month - 1]} {at.day}, {at.year}, {hour}:{at:%M:%S} {half}"


def later(at: datetime, seconds: float) -> datetime:
    return at + timedelta(seconds=seconds)


def jitter(at: datetime, seconds: float, rng: Random) -> datetime:
    """A moment up to `seconds` after `at`, with microseconds."""
    return at + timedelta(microseconds=int(rng.random() * seconds * 1_000_000))


def is_weekend(day: datetime) -> bool:
    return day.weekday() >= 5
