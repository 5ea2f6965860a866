"""LookupEvents as its service speaks it, on loopback: every page, at its pace, from anywhere on."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loaders.bounds import Bounds
from loaders.cloudtrail_api import CloudTrailApiLoader
from loaders.landing import Landing, LoadSummary
from pipeline.errors import LoadError, SettingsError
from pipeline.ingest import ingest
from tests.loaders.vendor_server import CUT_BEFORE, Answer, Fault, Request, VendorServer
from tests.loaders.weed import credentials

__all__ = ["credentials"]

pytestmark = pytest.mark.usefixtures("credentials")
NOW = datetime(2026, 3, 10, 12)
THROTTLED = Fault(
    400,
    {"x-amzn-errortype": "ThrottlingException"},
    {"__type": "ThrottlingException", "message": "Rate exceeded"},
)


def refused(code: str) -> Fault:
    return Fault(400, {}, {"__type": code, "message": "no"})


class Trail:
    """Events of one minute each, newest first, fifty a page."""

    def __init__(self, server: VendorServer, event_count: int) -> None:
        self.events = [self.event(number) for number in range(event_count)]
        self.asked: list[dict[str, Any]] = []
        self.asked_at: list[float] = []
        server.routes["POST /*"] = self.lookup

    @staticmethod
    def event(number: int) -> dict[str, Any]:
        at = NOW - timedelta(minutes=number + 1)
        record = {
            "eventVersion": "1.11", "eventID": f"{number:032}", "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "iam.amazonaws.com", "eventName": "ListUsers", "awsRegion": "us-east-1", "eventType": "AwsApiCall",
            "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli", "recipientAccountId": "111122223333", "note": 'a "quote" \u2603',
            "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "userName": "alice", "accountId": "111122223333"},
        }  # fmt: skip
        return {
            "EventId": record["eventID"],
            "EventTime": at.replace(tzinfo=UTC).timestamp(),
            "CloudTrailEvent": json.dumps(record),
        }

    def lookup(self, request: Request) -> Answer:
        self.asked_at.append(time.monotonic())
        asked = json.loads(request.body)
        self.asked.append(asked)
        first = int(base64.b64decode(asked["NextToken"])) if "NextToken" in asked else 0
        found = [each for each in self.events if asked["StartTime"] <= each["EventTime"] <= asked["EndTime"]]
        page = found[first : first + asked["MaxResults"]]
        more = first + len(page) < len(found)
        token = {"NextToken": base64.b64encode(str(first + len(page)).encode()).decode()} if more else {}
        return Answer({"Events": page} | token, headers={"Content-Type": "application/x-amz-json-1.1"})


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    with Landing.open(tmp_path / "lake", Bounds(min_free_bytes=0)) as landing:
        yield landing


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loaders.cloudtrail_api.BETWEEN", 0.02)


def loader_of(server: VendorServer, **more: Any) -> CloudTrailApiLoader:
    table = {"kind": "cloudtrail_api", "regions": ["us-east-1"], "endpoint_url": server.url, **more}
    return CloudTrailApiLoader.from_settings("triage", table)


def load(landing: Landing, loader: CloudTrailApiLoader, until: datetime = NOW) -> LoadSummary:
    return landing.load(loader, NOW - timedelta(days=2), until)


def test_every_page_lands_and_every_event_is_in_the_lake_once(
    server: VendorServer, landing: Landing, tmp_path: Path
) -> None:
    Trail(server, 505)
    server.plan(THROTTLED, Fault(503), CUT_BEFORE)
    summary = load(landing, loader_of(server))
    assert (summary.item_count, summary.waiting_count, summary.error) == (11, 0, None)
    total = ingest(tmp_path / "lake", landing.not_ingested(), NOW).total
    assert (total.events, total.duplicates, total.quarantined) == (505, 0, 0)


def test_the_next_load_asks_for_what_is_new_and_the_look_back(
    server: VendorServer, landing: Landing, tmp_path: Path
) -> None:
    trail = Trail(server, 300)
    load(landing, loader_of(server), NOW - timedelta(hours=3))
    trail.asked.clear()
    summary = load(landing, loader_of(server, look_back="1h"))
    assert trail.asked[0]["StartTime"] == (NOW - timedelta(hours=4)).replace(tzinfo=UTC).timestamp()
    assert summary.complete_until == NOW - timedelta(minutes=15)
    total = ingest(tmp_path / "lake", landing.not_ingested(), NOW).total
    assert (total.events, total.quarantined) == (300, 0)


def test_a_token_that_is_refused_begins_the_window_anew(
    server: VendorServer, landing: Landing, tmp_path: Path
) -> None:
    trail = Trail(server, 120)
    lookup, refusals = trail.lookup, [1]

    def forgetful(request: Request) -> Answer:
        if "NextToken" in json.loads(request.body) and refusals:
            refusals.pop()
            return Answer({"__type": "InvalidNextTokenException", "message": "expired"}, 400)
        return lookup(request)

    server.routes["POST /*"] = forgetful
    summary = load(landing, loader_of(server))
    assert (summary.waiting_count, summary.error) == (0, None)
    total = ingest(tmp_path / "lake", landing.not_ingested(), NOW).total
    assert (total.events, total.quarantined) == (120, 0)


def test_two_requests_a_second(
    server: VendorServer, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.cloudtrail_api.BETWEEN", 0.3)
    trail = Trail(server, 200)
    load(landing, loader_of(server))
    assert len(trail.asked_at) == 4
    assert trail.asked_at[-1] - trail.asked_at[0] >= 3 * 0.3 - 0.05


@pytest.mark.parametrize(
    "option, attribute",
    [
        ({"access_key_id": "AKIAEXAMPLE"}, ("AccessKeyId", "AKIAEXAMPLE")),
        ({"user_name": "alice"}, ("Username", "alice")),
    ],
)
def test_one_attribute_is_looked_up_by(
    server: VendorServer, landing: Landing, option: dict[str, str], attribute: tuple[str, str]
) -> None:
    trail = Trail(server, 1)
    assert load(landing, loader_of(server, **option)).item_count == 1
    assert trail.asked[0]["LookupAttributes"] == [
        {"AttributeKey": attribute[0], "AttributeValue": attribute[1]}
    ]


def test_what_is_older_than_ninety_days_is_not_asked_for(server: VendorServer, landing: Landing) -> None:
    trail = Trail(server, 1)
    landing.load(loader_of(server), NOW - timedelta(days=400), NOW)
    assert trail.asked[0]["StartTime"] == (NOW - timedelta(days=90)).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "code, hint",
    [("AccessDeniedException", "cloudtrail:LookupEvents"), ("ExpiredTokenException", "log in again"), ("UnrecognizedClientException", "access key")],
)  # fmt: skip
def test_what_is_missing_is_named(server: VendorServer, landing: Landing, code: str, hint: str) -> None:
    Trail(server, 1)
    server.plan(refused(code), refused(code))
    summary = load(landing, loader_of(server))
    assert summary.waiting_count == 1 and code in str(summary.troubles)
    (probe,) = loader_of(server).probe()
    assert not probe.is_well and hint in probe.hint
    assert load(landing, loader_of(server)).waiting_count == 0


def test_regions_are_those_that_are_switched_on(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName></item></regionInfo></DescribeRegionsResponse>"
    with VendorServer({"POST /*": lambda request: Answer(body, headers={"Content-Type": "text/xml"})}) as ec2:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", ec2.url)
        loader = CloudTrailApiLoader.from_settings("triage", {})
        assert loader.regions() == ["eu-west-1", "us-east-1"]
        ec2.plan(
            Fault(
                403,
                body=b"<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>",
            )
        )
        with pytest.raises(LoadError, match="refused"):
            loader.regions()


def test_two_attributes_cannot_be(server: VendorServer) -> None:
    with pytest.raises(SettingsError, match="only one"):
        loader_of(server, access_key_id="a", user_name="b")
