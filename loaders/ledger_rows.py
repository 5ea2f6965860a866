"""What is told to the ledger of landing, and what it tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from loaders.base import Finding, Item


@dataclass(frozen=True, slots=True)
class Waiting:
    item_id: int
    item: Item


@dataclass(frozen=True, slots=True)
class End:
    """How one try to fetch an item ended. `file` is relative to the landing folder."""

    waiting: Waiting
    state: Literal["landed", "gone", "ingested", "waiting"]
    file: str | None = None
    byte_count: int = 0
    sha256: str | None = None
    error: str | None = None
    more: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Watermark:
    """`complete_until` is naive UTC; none where the stream was never complete or its service does not tell."""

    source: str
    stream: str
    complete_until: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one source: its items by state, the most attempts at one that waits, and what was said at the last of them."""

    waiting: int = 0
    landed: int = 0
    gone: int = 0
    ingested: int = 0
    attempts: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found when the logs of [since, until) were last held against their proofs, naive UTC. `findings` are the
    first of `finding_count`."""

    since: datetime
    until: datetime
    verified_at: datetime
    finding_count: int
    findings: tuple[Finding, ...]
