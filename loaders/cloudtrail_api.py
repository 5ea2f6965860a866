"""CloudTrail's LookupEvents: management events of the last 90 days, with no trail and no bucket. For quick triage.

Two requests a second for each account and region, 50 events each, newest first; one attribute to look up by. Each page lands as
`{"Records": […]}` of the events as CloudTrail wrote them. Source: CloudTrail API reference, LookupEvents.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from loaders.aws_clients import AwsAccess, AwsClients, explained
from loaders.base import Discovery, Fetched, Item, Probe
from loaders.options import read_options
from pipeline.errors import PostresetError, SettingsError

KEPT = timedelta(days=90)
LATENESS = timedelta(minutes=15)
BETWEEN = 0.5  # seconds from one request to the next, of one region
PAGE_SIZE = 50
PERMISSION = "cloudtrail:LookupEvents"
GLOBAL_REGION = "us-east-1"  # where IAM and the console's sign-in are logged
FORM = "%Y-%m-%dT%H:%M:%SZ"
BEGINNINGS = 3  # of one window whose page token was refused


@dataclass(frozen=True, slots=True)
class CloudTrailApiOptions:
    """`regions` are all that this account has switched on, unless named. At most one of `access_key_id` and `user_name`."""

    regions: tuple[str, ...] = ()
    access_key_id: str | None = None
    user_name: str | None = None
    look_back: timedelta = timedelta(hours=2)
    region: str | None = None
    profile: str | None = None
    role: str | None = None
    external_id: str | None = None
    endpoint_url: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Where a lookup stands, as an item's cursor."""

    since: str
    until: str
    token: str | None = None
    number: int = 1
    beginning: int = 1

    def item(self, stream: str) -> Item:
        name = f"{self.since}_{self.until}_{self.number:05}.json".replace(":", "")
        version = "" if self.beginning == 1 else f"beginning {self.beginning}"
        return Item(stream, name, version, json.dumps(asdict(self)))


class CloudTrailApiLoader:
    kind = "cloudtrail_api"

    def __init__(self, name: str, options: CloudTrailApiOptions) -> None:
        self.name, self.options = name, options
        self.where = f"source {name} (cloudtrail_api)"
        access = AwsAccess(
            options.region, options.profile, options.role, options.external_id, options.endpoint_url
        )
        self.clients = AwsClients(access, self.where)
        self._lock = threading.Lock()
        self._next_at: dict[str, float] = {}

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> Self:
        where = f"sources.{name}"
        options = read_options(CloudTrailApiOptions, table, where)
        if options.access_key_id and options.user_name:
            raise SettingsError(
                "only one of access_key_id and user_name can be looked up by",
                where,
                "make two sources of them",
            )
        return cls(name, options)

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        """One lookup for each region: of all that is not landed, and the look-back again."""
        oldest = until - KEPT
        for region in self.regions():
            stream = self._stream(region)
            begin, landed_since = since, since
            first, _, last = checkpoints.get(stream, "").partition("/")
            covered = _time(first), _time(last)
            if covered[0] and covered[1] and covered[0] <= since <= covered[1]:
                begin, landed_since = covered[1] - self.options.look_back, covered[0]
            page = Page(f"{max(begin, oldest):{FORM}}", f"{until:{FORM}}")
            checkpoint = f"{landed_since:{FORM}}/{until:{FORM}}"
            yield Discovery(stream, [page.item(stream)], checkpoint, until - LATENESS)

    def regions(self) -> list[str]:
        """Those that are named, or all that the account has switched on; us-east-1 is one of them always."""
        if self.options.regions:
            return list(self.options.regions)
        try:
            answer = self.clients.client("ec2", self.options.region or GLOBAL_REGION).describe_regions()
        except Exception as error:
            raise explained(
                error, self.where, "ec2:DescribeRegions, or name the regions in the settings"
            ) from None
        return sorted({GLOBAL_REGION, *(each["RegionName"] for each in answer["Regions"])})

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        """One page; the token of the next is in the item that follows."""
        from botocore.exceptions import ClientError

        page = Page(**json.loads(item.cursor))
        region = item.stream.partition(" ")[0]
        asked: dict[str, Any] = {
            "StartTime": _time(page.since, UTC),
            "EndTime": _time(page.until, UTC),
            "MaxResults": PAGE_SIZE,
        }
        if page.token:
            asked["NextToken"] = page.token
        if attribute := self._attribute():
            asked["LookupAttributes"] = [attribute]
        client = self.clients.client("cloudtrail", region)
        self._wait(region)
        try:
            answer = client.lookup_events(**asked)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code")
            if code == "InvalidNextTokenException" and page.beginning < BEGINNINGS:
                again = replace(page, token=None, number=1, beginning=page.beginning + 1)
                return Fetched((again.item(item.stream),), is_kept=False)
            raise explained(error, f"{self.where} {region}", PERMISSION) from None
        except Exception as error:
            raise explained(error, f"{self.where} {region}", PERMISSION) from None
        records = [
            each["CloudTrailEvent"] for each in answer.get("Events", []) if each.get("CloudTrailEvent")
        ]
        write(f'{{"Records": [{", ".join(records)}]}}'.encode())
        token = answer.get("NextToken")
        more = (replace(page, token=token, number=page.number + 1).item(item.stream),) if token else ()
        return Fetched(more, is_kept=bool(records))

    def probe(self) -> list[Probe]:
        try:
            regions = self.regions()
        except PostresetError as error:
            return [Probe("find the regions", False, error.what, error.hint)]
        tried = f"look up an event in {regions[0]}"
        now = datetime.now(UTC)
        try:
            self._wait(regions[0])
            self.clients.client("cloudtrail", regions[0]).lookup_events(
                StartTime=now - timedelta(hours=1), EndTime=now, MaxResults=1
            )
        except Exception as error:
            told = explained(error, self.where, PERMISSION)
            return [Probe(tried, False, told.what, told.hint)]
        return [Probe(tried, True, f"{len(regions)} regions")]

    def _stream(self, region: str) -> str:
        attribute = self._attribute()
        return f"{region} {attribute['AttributeKey']} {attribute['AttributeValue']}" if attribute else region

    def _attribute(self) -> dict[str, str] | None:
        if self.options.access_key_id:
            return {"AttributeKey": "AccessKeyId", "AttributeValue": self.options.access_key_id}
        if self.options.user_name:
            return {"AttributeKey": "Username", "AttributeValue": self.options.user_name}
        return None

    def _wait(self, region: str) -> None:
        """Until it is this request's turn."""
        with self._lock:
            now = time.monotonic()
            turn_at = max(now, self._next_at.get(region, now))
            self._next_at[region] = turn_at + BETWEEN
        time.sleep(max(turn_at - now, 0))


def _time(text: str | None, zone: Any = None) -> Any:
    try:
        return datetime.strptime(text or "", FORM).replace(tzinfo=zone)
    except ValueError:
        return None
