"""Other shapes of the vendors' logs, brought into the one that staging reads.

Each module holds one vendor. Its `reshape` takes a record that no source claims and gives it back in the vendor's own
shape, or None where it is none of this vendor's. The order is explicit: the first that takes a record wins.
"""

from collections.abc import Callable
from typing import Any

from pipeline.shapes import cloudtrail, microsoft, okta, unified_audit

Reshape = Callable[[dict[str, Any]], dict[str, Any] | None]

RESHAPERS: tuple[Reshape, ...] = (
    cloudtrail.reshape,
    okta.reshape,
    unified_audit.reshape,
    microsoft.reshape,  # last: it takes any row of Log Analytics and any record of Azure
)
