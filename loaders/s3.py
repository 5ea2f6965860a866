"""Objects of a bucket: CloudTrail as trails write it, one account or an organisation, or any files under a prefix.

A trail's keys name account, region and day of delivery, so only the days asked for are listed, several prefixes at a time. Keys of
a day do not come in the order of their names: the days of the look-back are listed anew each time, and the ledger drops what is
landed (the same key with the same ETag). With a queue of notifications nothing is listed twice. Sources: CloudTrail user guide, "Finding your CloudTrail log files"; boto3.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from loaders.ahead import LISTED_AT_ONCE, Ahead
from loaders.aws_clients import AwsAccess, AwsClients, explained
from loaders.base import Discovery, Fetched, Finding, Item, Probe
from loaders.bucket_notices import Queue, discover_by_notice
from loaders.covered_days import Covered, days_to_list
from loaders.options import read_options
from loaders.trail_keys import ACCOUNT, LATENESS, ORGANISATION, stream_of
from pipeline.errors import LoadError, PostresetError, SettingsError

PIECE = 256 << 10
RESUMES = 5  # of one object whose connection is cut
LIST, GET = "s3:ListBucket on the bucket", "s3:GetObject on its objects"
LAYOUTS = ("cloudtrail", "flat")
FILES = "files"  # the one stream of a flat layout


@dataclass(frozen=True, slots=True)
class S3Options:
    """`prefix` is what stands before AWSLogs/ (cloudtrail), or before the files (flat). Accounts and regions are found by their
    prefixes unless they are named. `role` is assumed, with `external_id`; `request_payer` lets this account pay. `queue_url` is
    the SQS queue that the bucket's notifications go to; what it names is not listed."""

    bucket: str
    prefix: str = ""
    layout: str = "cloudtrail"
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    look_back: timedelta = timedelta(hours=48)
    region: str | None = None
    profile: str | None = None
    role: str | None = None
    external_id: str | None = None
    request_payer: bool = False
    endpoint_url: str | None = None
    public_keys: str | None = None
    queue_url: str | None = None


class S3Loader:
    kind = "s3"

    def __init__(self, name: str, options: S3Options) -> None:
        self.name, self.options = name, options
        self.where = f"source {name} (s3 bucket {options.bucket})"
        access = AwsAccess(
            options.region, options.profile, options.role, options.external_id, options.endpoint_url
        )
        self.clients = AwsClients(access, self.where)
        self._queue = Queue(self.clients, options.queue_url, self.where) if options.queue_url else None
        self._payer = {"RequestPayer": "requester"} if options.request_payer else {}

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> Self:
        """Raises SettingsError for what cannot be set."""
        where = f"sources.{name}"
        options = read_options(S3Options, table, where)
        if options.layout not in LAYOUTS:
            raise SettingsError(
                f"{options.layout!r} is not known", f"{where} layout", f"known are {', '.join(LAYOUTS)}"
            )
        if bad := [account for account in options.accounts if not ACCOUNT.fullmatch(account)]:
            raise SettingsError(f"not 12 digits: {', '.join(bad)}", f"{where} accounts")
        if options.external_id and not options.role:
            raise SettingsError("is set without a role", f"{where} external_id")
        if options.prefix and not options.prefix.endswith("/"):
            raise SettingsError("does not end in /", f"{where} prefix")
        return cls(name, options)

    # what is new

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        """A stream for each account and region. Days that a checkpoint covers are listed again as far as the look-back goes,
        unless a queue tells what is new."""
        if self._queue:
            yield from discover_by_notice(self, self._queue, checkpoints, since, until)
        else:
            yield from self.listed(checkpoints, since, until, self.streams())

    def listed(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime, streams: list[str]
    ) -> Iterator[Discovery]:
        if self.options.layout == "flat":
            for stream in streams:
                yield Discovery(stream, self._flat_items(), f"{since.date()}/{until.date()}", None)
            return
        spans = {
            stream: days_to_list(
                Covered.read(checkpoints.get(stream)), since.date(), until.date(), self.options.look_back
            )
            for stream in streams
        }
        prefixes = [
            f"{self.trail_folder(stream)}{day:%Y/%m/%d}/"
            for stream, (days, _) in spans.items()
            for day in days
        ]
        with ThreadPoolExecutor(LISTED_AT_ONCE) as pool:
            listings = Ahead(pool, self.list_objects, prefixes)
            for stream, (days, covered) in spans.items():
                yield Discovery(stream, self._items(stream, days, listings), str(covered), until - LATENESS)

    def streams(self) -> list[str]:
        """`account/region` of each that has a folder in the bucket, `o-id/account/region` in an organisation's; one of all
        files where the layout is flat."""
        if self.options.layout == "flat":
            return [FILES]
        root = f"{self.options.prefix}AWSLogs/"
        above: list[str] = []
        accounts: list[str] = []
        for name in self._folders(root):
            if ACCOUNT.fullmatch(name):
                accounts.append(name)
            elif ORGANISATION.fullmatch(name):
                above.append(name)
        for organisation in above:
            found = self._folders(f"{root}{organisation}/")
            accounts += [f"{organisation}/{name}" for name in found if ACCOUNT.fullmatch(name)]
        wanted = set(self.options.accounts)
        streams = []
        for account in accounts:
            if wanted and account.rpartition("/")[2] not in wanted:
                continue
            regions = self._folders(f"{root}{account}/CloudTrail/")
            streams += [
                f"{account}/{region}"
                for region in regions
                if not self.options.regions or region in self.options.regions
            ]
        if not streams:
            raise LoadError(
                f"no trail is under {root}",
                self.where,
                "see prefix, accounts and regions, and what the bucket holds",
            )
        return streams

    def trail_folder(self, stream: str, kind: str = "CloudTrail") -> str:
        account, _, region = stream.rpartition("/")
        return f"{self.options.prefix}AWSLogs/{account}/{kind}/{region}/"

    def stream_of(self, key: str) -> str | None:
        """The stream of a log file that is to be loaded; None for another object."""
        if self.options.layout == "flat":
            return FILES if key.startswith(self.options.prefix) else None
        stream = stream_of(key, self.options.prefix)
        if stream is None:
            return None
        *_, account, region = stream.split("/")
        is_wanted = account in (self.options.accounts or [account]) and region in (
            self.options.regions or [region]
        )
        return stream if is_wanted else None

    def _items(self, stream: str, days: list[date], listings: Ahead) -> Iterator[Item]:
        for day in days:
            for found in listings.take(f"{self.trail_folder(stream)}{day:%Y/%m/%d}/"):
                if found["Key"].endswith(".json.gz"):
                    yield _item(stream, found)

    def _flat_items(self) -> Iterator[Item]:
        """Everything under the prefix: their names say nothing of time, and the ledger knows what is landed."""
        for page in self._pages(self.options.prefix):
            yield from (_item(FILES, found) for found in page.get("Contents", []) if found["Size"])

    def _folders(self, prefix: str) -> list[str]:
        pages = self._pages(prefix, Delimiter="/")
        found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
        return [name[len(prefix) :].rstrip("/") for name in found]

    def list_objects(self, prefix: str) -> list[dict[str, Any]]:
        return [found for page in self._pages(prefix) for found in page.get("Contents", [])]

    def _pages(self, prefix: str, **more: str) -> Iterator[dict[str, Any]]:
        try:
            pages = self.clients.client("s3").get_paginator("list_objects_v2")
            yield from pages.paginate(Bucket=self.options.bucket, Prefix=prefix, **self._payer, **more)
        except Exception as error:
            raise explained(error, f"{self.where} {prefix}", LIST) from None

    # one object

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        """Goes on where a connection was cut; the ETag must still be the one that was listed."""
        self.read_object(item.key, write, item.version, item.byte_count)
        return Fetched()

    def read_object(
        self, key: str, write: Callable[[bytes], object], etag: str = "", size: int | None = None
    ) -> dict[str, str]:
        """The bytes of an object piece by piece; returns its user metadata."""
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        where = f"{self.where} {key}"
        offset, tries = 0, 0
        while True:
            asked = {"Bucket": self.options.bucket, "Key": key} | self._payer
            if etag:
                asked["IfMatch"] = f'"{etag}"'
            if offset:
                asked["Range"] = f"bytes={offset}-"
            try:
                answer = self.clients.client("s3").get_object(**asked)
                if not etag and offset == 0:
                    etag = answer["ETag"].strip('"')
                if size is None:
                    size = answer["ContentLength"]
                for piece in answer["Body"].iter_chunks(PIECE):
                    write(piece)
                    offset += len(piece)
                if offset >= size:
                    return answer.get("Metadata", {})
                told: Exception = LoadError("ended early", where)
            except ClientError as error:
                raise explained(error, where, GET) from None
            except (BotoCoreError, HTTPError) as error:
                told = error
            tries += 1
            if tries > RESUMES:
                raise explained(told, where, GET) from None

    # doctor

    def probe(self) -> list[Probe]:
        """Lists, and reads one object."""
        tried = f"list {self.options.bucket}"
        try:
            if self.options.layout == "cloudtrail":
                streams = self.streams()
                told = f"{len(streams)} accounts and regions"
                prefix = self.trail_folder(streams[0])
            else:
                told, prefix = "", self.options.prefix
            page = next(iter(self._pages(prefix)), {})
        except PostresetError as error:
            return [Probe(tried, False, error.what, error.hint)]
        listed = Probe(tried, True, told)
        keys = [found["Key"] for found in page.get("Contents", []) if found["Size"]]
        if not keys:
            return [
                listed,
                Probe("read an object", False, f"nothing is under {prefix}", "see prefix and layout"),
            ]
        try:
            self.read_object(keys[0], lambda piece: None)
        except PostresetError as error:
            return [listed, Probe("read an object", False, error.what, error.hint)]
        return [listed, Probe("read an object", True), *self._probe_queue()]

    def _probe_queue(self) -> list[Probe]:
        if self._queue is None:
            return []
        tried = "ask the queue"
        try:
            return [Probe(tried, True, f"{self._queue.waiting_count()} messages wait")]
        except PostresetError as error:
            return [Probe(tried, False, error.what, error.hint)]

    @property
    def has_proofs(self) -> bool:
        return self.options.layout == "cloudtrail"

    def verify(self, since: datetime, until: datetime) -> Iterator[Finding]:
        """What CloudTrail's digests prove to be edited, deleted, forged or added. Raises LoadError."""
        from loaders.trail_digests import verify_trail

        if not self.has_proofs:
            raise LoadError(
                "only trails have digests", self.where, 'set layout = "cloudtrail", or leave --verify out'
            )
        yield from verify_trail(self, since, until)


def _item(stream: str, found: dict[str, Any]) -> Item:
    return Item(stream, found["Key"], found["ETag"].strip('"'), byte_count=found["Size"])
