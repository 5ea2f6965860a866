"""How a trail names its log files.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html.
"""

import re
from datetime import timedelta

LATENESS = timedelta(minutes=15)  # CloudTrail delivers within about 5 minutes on average, and says no more
ACCOUNT, ORGANISATION = re.compile(r"\d{12}"), re.compile(r"o-[a-z0-9]{10,32}")
LOG_FILE = re.compile(
    r"AWSLogs/((?:o-[a-z0-9]{10,32}/)?\d{12})/CloudTrail/([a-z0-9-]+)/\d{4}/\d\d/\d\d/[^/]+\.json\.gz"
)


def stream_of(key: str, prefix: str) -> str | None:
    """`account/region`, or `o-id/account/region`, of a log file's key; None for any other key."""
    found = LOG_FILE.fullmatch(key.removeprefix(prefix)) if key.startswith(prefix) else None
    return f"{found[1]}/{found[2]}" if found else None
