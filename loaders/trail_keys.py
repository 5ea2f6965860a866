"""How a trail names its log files, and which of their days are landed.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

LATENESS = timedelta(minutes=15)  # CloudTrail delivers within about 5 minutes on average, and says no more
ACCOUNT, ORGANISATION = re.compile(r"\d{12}"), re.compile(r"o-[a-z0-9]{10,32}")
LOG_FILE = re.compile(
    r"AWSLogs/((?:o-[a-z0-9]{10,32}/)?\d{12})/CloudTrail/([a-z0-9-]+)/\d{4}/\d\d/\d\d/[^/]+\.json\.gz"
)


@dataclass(frozen=True, slots=True)
class Covered:
    """The days of a stream whose objects are landed, as a checkpoint."""

    since: date
    until: date

    @classmethod
    def read(cls, text: str | None) -> "Covered | None":
        since, _, until = (text or "").partition("/")
        try:
            return cls(date.fromisoformat(since), date.fromisoformat(until))
        except ValueError:
            return None

    def until_day(self, day: date) -> "Covered":
        return Covered(self.since, max(self.until, day))

    def __str__(self) -> str:
        return f"{self.since}/{self.until}"


def stream_of(key: str, prefix: str) -> str | None:
    """`account/region`, or `o-id/account/region`, of a log file's key; None for any other key."""
    found = LOG_FILE.fullmatch(key.removeprefix(prefix)) if key.startswith(prefix) else None
    return f"{found[1]}/{found[2]}" if found else None
