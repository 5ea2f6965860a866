"""Azure's logs in Blob storage: diagnostic settings, data export rules and export jobs, as Azure files them.

Each resource is a stream. Only the days asked for are listed, and those of the look-back again, because an hour's blob grows after
its hour. Of an append blob that grew only what is new is read, in whole lines; any other blob is read whole, and again where it was
changed. Sources: blob_places, blob_tails; https://learn.microsoft.com/azure/storage/blobs/.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Self

from loaders.ahead import LISTED_AT_ONCE, Ahead
from loaders.base import Discovery, Fetched, Item, Probe
from loaders.blob_clients import BlobClients, explained
from loaders.blob_places import Root, roots_below
from loaders.blob_tails import PIECE, Tail, Taken, copy_lines, read_taken, tail_of, written
from loaders.covered_days import Covered, days_to_list
from loaders.graph_credentials import AUTHORITIES
from loaders.http_addresses import checked_account_address
from loaders.http_waits import http_time
from loaders.options import read_options
from pipeline.errors import ItemGone, LoadError, PostresetError, SettingsError

CONTAINERS = ("insights-logs-", "insights-activity-logs", "am-")  # what Azure Monitor calls those it makes
SUFFIXES = (".json", ".jsonl", ".json.gz", ".parquet")
LATENESS = timedelta(hours=1)
STILL = timedelta(hours=1)  # without an append: nobody is in the middle of a line
PAGE = 5000


@dataclass(frozen=True, slots=True)
class BlobOptions:
    """`account_url` is the account's Blob endpoint. Without `containers` all that Azure Monitor writes. `prefix` is of the names
    of blobs. `look_back`: how long a blob may grow after the day it is filed under."""

    account_url: str
    containers: tuple[str, ...] = ()
    prefix: str = ""
    look_back: timedelta = timedelta(hours=48)
    cloud: str = "public"


@dataclass(frozen=True, slots=True)
class Blob:
    name: str
    size: int
    etag: str
    is_append: bool
    made: str
    changed_at: datetime


class BlobLoader:
    kind = "blob"

    def __init__(self, name: str, options: BlobOptions, credential: Any = None) -> None:
        """Without a `credential` the Azure SDK's own chain is used. Raises SettingsError."""
        self.name, self.options = name, options
        self._where = f"source {name} (blob)"
        if options.cloud not in AUTHORITIES:
            raise SettingsError(
                f"{options.cloud!r} is no cloud", f"sources.{name} cloud", ", ".join(AUTHORITIES)
            )
        address = checked_account_address(options.account_url, f"sources.{name} account_url")
        self._clients = BlobClients(address, options.cloud, self._where, credential)
        self._clock = _ServiceClock()

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> Self:
        return cls(name, read_options(BlobOptions, table, f"sources.{name}"))

    # what is new

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        with ThreadPoolExecutor(LISTED_AT_ONCE) as pool:
            for container in self._containers():
                yield from self._discover_container(container, checkpoints, since, until, pool)

    def _discover_container(
        self,
        container: str,
        checkpoints: Mapping[str, str],
        since: datetime,
        until: datetime,
        pool: ThreadPoolExecutor,
    ) -> Iterator[Discovery]:
        plans = []
        for root in roots_below(
            self.options.prefix, lambda path: self._folders(container, path), self._where
        ):
            stream = f"{container}/{root.path}" + ("" if root.layout == "hours" else "timestamp=")
            covered, taken = _read_checkpoint(checkpoints.get(stream))
            days, covering = days_to_list(covered, since.date(), until.date(), self.options.look_back)
            plans.append((stream, [root.day(day) for day in days], covering, taken))
        prefixes = [prefix for _, days, _, _ in plans for prefix in days]
        listings = Ahead(pool, lambda prefix: self._blobs(container, prefix), prefixes)
        for stream, days, covering, taken in plans:
            blobs = [blob for day in days for blob in listings.take(day)]
            items, left = self._items(stream, blobs, taken, until)
            yield Discovery(stream, items, _checkpoint(covering, left), until - LATENESS)

    def _items(
        self, stream: str, blobs: list[Blob], taken: Mapping[str, Taken], until: datetime
    ) -> tuple[list[Item], dict[str, Taken]]:
        """What is new of the listed blobs, and how far those that may grow further are taken then."""
        items: list[Item] = []
        left: dict[str, Taken] = {}
        still_before = min(until, self._clock.now() or until) - STILL
        growing_since = until - self.options.look_back - timedelta(days=2)  # what is listed again
        for blob in blobs:
            if not blob.is_append:
                items.append(Item(stream, blob.name, blob.etag, json.dumps(blob.etag), blob.size))
                continue
            name = _digest(blob.name)
            tail = tail_of(taken.get(name), blob.made, blob.size, blob.changed_at <= still_before)
            if tail is not None:
                items.append(tail.item(stream, blob.name))
            if blob.changed_at > growing_since or name in taken:
                whole = tail.is_whole if tail else taken[name].is_whole
                left[name] = Taken(blob.made, blob.size, whole)
        return items, left

    def _containers(self) -> list[str]:
        if self.options.containers:
            return list(self.options.containers)
        try:
            found = [
                each.name
                for prefix in CONTAINERS
                for each in self._clients.account().list_containers(name_starts_with=prefix)
            ]
        except Exception as error:
            raise explained(error, f"{self._where} containers") from None
        if not found:
            told = f"no container of Azure Monitor ({', '.join(CONTAINERS)}) is in the account"
            raise LoadError(told, self._where, "set containers, or see account_url")
        return found

    def _folders(self, container: str, path: str) -> list[str]:
        """The folders in a folder, as whole names that end in `/`."""
        try:
            pages = self._clients.container(container).walk_blobs(
                name_starts_with=path or None, delimiter="/", results_per_page=PAGE
            )
            return [each.name for each in pages if each.name.endswith("/") and each.name != path]
        except Exception as error:
            raise explained(error, f"{self._where} {container}") from None

    def _blobs(self, container: str, prefix: str) -> list[Blob]:
        try:
            pages = self._clients.container(container).list_blobs(
                name_starts_with=prefix, results_per_page=PAGE, raw_response_hook=self._clock.hear
            )
            return [_blob(each) for each in pages if each.size and each.name.lower().endswith(SUFFIXES)]
        except Exception as error:
            raise explained(error, f"{self._where} {container}/{prefix}") from None

    # one blob

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        container = item.stream.partition("/")[0]
        where = f"{self._where} {container}/{item.key}"
        try:
            cursor = json.loads(item.cursor)
        except ValueError:
            raise LoadError("the ledger's cursor cannot be read", where) from None
        blob = self._clients.container(container).get_blob_client(item.key)
        if isinstance(cursor, str):
            for since in range(0, item.byte_count or 0, PIECE):
                until = min(since + PIECE, item.byte_count or 0)
                write(self._read(blob, since, until, where, etag=cursor))
            return Fetched()
        tail = Tail.read(item.cursor, where)
        is_kept = copy_lines(
            tail, lambda since, until: self._read(blob, since, until, where, made=tail.made), write, where
        )
        return Fetched(is_kept=is_kept)

    def _read(self, blob: Any, since: int, until: int, where: str, etag: str = "", made: str = "") -> bytes:
        """Bytes [since, until) of the blob that has this ETag, or was made at this time. Raises ItemGone, LoadError."""
        from azure.core import MatchConditions

        asked = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        try:
            reader = blob.download_blob(offset=since, length=until - since, **asked)
            found = reader.readall()
        except Exception as error:
            raise explained(error, where) from None
        if made and _made(reader.properties) != made:
            raise ItemGone("was made anew since it was listed; the next load lists it", where)
        if len(found) != until - since:
            raise ItemGone("is shorter than it was listed; the next load lists it anew", where)
        return found

    # doctor

    def probe(self) -> list[Probe]:
        """Lists, and reads one byte."""
        tried = "list the containers"
        try:
            containers = self._containers()
            probes = [Probe(tried, True, f"{len(containers)} of them")]
            tried = "list blobs"
            root = next(iter(self._roots(containers)), None)
            if root is None:
                hint = "see containers and prefix, and whether a diagnostic setting writes here"
                return [*probes, Probe(tried, False, "no folder names a time", hint)]
            tried = "read a blob"
            client = self._clients.container(root[0])
            page = next(client.list_blobs(name_starts_with=root[1].path, results_per_page=1).by_page(), ())
            for each in page:
                self._read(
                    client.get_blob_client(each.name), 0, min(1, each.size), f"{self._where} {each.name}"
                )
            return [*probes, Probe(tried, True)]
        except PostresetError as error:
            return [Probe(tried, False, error.what, error.hint)]
        except Exception as error:
            told = explained(error, self._where)
            return [Probe(tried, False, told.what, told.hint)]

    def _roots(self, containers: list[str]) -> Iterator[tuple[str, Root]]:
        for container in containers:
            for root in roots_below(
                self.options.prefix, lambda path, of=container: self._folders(of, path), self._where
            ):
                yield container, root


class _ServiceClock:
    """The latest time that the service told in an answer."""

    def __init__(self) -> None:
        self._latest: float | None = None

    def hear(self, response: Any) -> None:
        told = http_time(response.http_response.headers.get("Date", ""))
        if told is not None:
            self._latest = max(told, self._latest or told)

    def now(self) -> datetime | None:
        return datetime.fromtimestamp(self._latest, UTC).replace(tzinfo=None) if self._latest else None


def _blob(found: Any) -> Blob:
    is_append = getattr(found.blob_type, "value", found.blob_type) == "AppendBlob"
    changed_at = found.last_modified.astimezone(UTC).replace(tzinfo=None)
    return Blob(found.name, found.size, found.etag.strip('"'), is_append, _made(found), changed_at)


def _made(properties: Any) -> str:
    return properties.creation_time.astimezone(UTC).isoformat() if properties.creation_time else ""


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _checkpoint(covered: Covered, taken: dict[str, Taken]) -> str:
    return json.dumps({"days": str(covered), "taken": written(taken)}, separators=(",", ":"))


def _read_checkpoint(text: str | None) -> tuple[Covered | None, dict[str, Taken]]:
    try:
        found = json.loads(text or "{}")
        return Covered.read(found.get("days")), dict(read_taken(found.get("taken")))
    except (ValueError, AttributeError, TypeError):
        return None, {}
