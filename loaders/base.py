"""What every loader is: it tells what is new in a service, and fetches one object or page of it as bytes.

A service is seen as streams (an account and region of a bucket, a table of a workspace, a log of an API). `discover` names
the items of each stream that are not landed yet; `fetch` brings one. Landing writes them to disk, several at a time, and
keeps in its ledger which items wait, which are on disk, and each stream's checkpoint. So a run may end anywhere: what was
named and not fetched waits, and a checkpoint moves only when every item before it is on disk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Item:
    """One object, page or window of time to fetch. The same stream, key and version are the same records for ever: an object
    that changed is another version of it. `cursor` is what `fetch` needs besides, as text that no secret is part of."""

    stream: str
    key: str  # becomes the landed file's name, made safe; ends in the suffix that tells its format (.json.gz, .json, .parquet)
    version: str = ""
    cursor: str = ""
    byte_count: int | None = None  # on the wire, where the service tells


@dataclass(frozen=True, slots=True)
class Discovery:
    """What is new in one stream. When all its items are on disk, `checkpoint` is kept for the next `discover`, and the stream
    counts as complete for all that occurred before `complete_until` (naive UTC; the service's usual lateness is taken off)."""

    stream: str
    items: Iterable[Item]
    checkpoint: str
    complete_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one fetch brought. `more` are pages that follow or smaller windows in place of this one; what was written is
    thrown away unless `is_kept`."""

    more: tuple[Item, ...] = ()
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that `doctor` tried at a service: what, whether it went well, and the permission or setting to mend."""

    tried: str
    is_well: bool
    told: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What `verify` found wrong with the logs themselves: that somebody edited, removed, forged or added some of them."""

    kind: str  # one word or a few, the same for all of its kind: `edited`, `deleted`, `digest missing`
    place: str  # the object or the hour, as the service names it
    told: str
    control_domain: str = "data_access"


class Loader(Protocol):
    """A source of logs that was configured. Used by several threads at once. Credentials come from the SDK's own chain."""

    name: str
    kind: str

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        """The streams and their items with records of [since, until), as far as `checkpoints` (stream → text) do not say that
        they are landed. Naive UTC; `until` is at most now. When the next stream is asked for, the items of the one before are in
        the ledger: what named them may be forgotten. Raises LoadError where the service cannot be asked."""
        ...

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        """Writes the item's bytes as received, piece by piece. Raises LoadError; ItemGone for what was deleted meanwhile."""
        ...

    def probe(self) -> list[Probe]:
        """Whether the service can be reached and read, without landing anything. Raises nothing."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """A loader whose service proves that its logs are whole; `has_proofs`: as it is set up here."""

    @property
    def has_proofs(self) -> bool: ...

    def verify(self, since: datetime, until: datetime) -> Iterator[Finding]:
        """What is wrong with the logs of [since, until), naive UTC. Raises LoadError."""
        ...
