"""Times and durations as people write them on a command line."""

import re
from datetime import UTC, datetime, timedelta

from pipeline.errors import SettingsError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_time(text: str, option: str) -> datetime:
    """`2026-03-02`, `2026-03-02T09:14Z` or with an offset → naive UTC. Raises SettingsError."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise SettingsError(
            f"not a time: {text!r}", option, "write 2026-03-02T09:14Z or 2026-03-02"
        ) from error
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def parse_duration(text: str, option: str) -> timedelta:
    """`90m`, `72h`, `3d`, `2w` → timedelta above zero. Raises SettingsError."""
    match = re.fullmatch(r"(\d{1,5})([mhdw])", text.strip())
    if not match:
        raise SettingsError(f"not a duration: {text!r}", option, "write 90m, 72h, 3d or 2w")
    duration = timedelta(**{UNITS[match[2]]: int(match[1])})
    if not duration:
        raise SettingsError("a duration of zero holds no event", option, "write 90m, 72h, 3d or 2w")
    return duration
