"""Buckets over a real connection: only what is new, whole, once, whatever happens on the way."""

import gzip
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from loaders.bounds import Bounds
from loaders.landing import Landing, LoadSummary
from loaders.s3 import S3Loader
from pipeline.errors import ItemGone, LoadError, SettingsError
from pipeline.ingest import ingest
from tests.loaders.vendor_server import CUT_BEFORE, CUT_WITHIN, TRUNCATED, Fault, VendorServer
from tests.loaders.weed import Weed, credentials, proxy, weed

__all__ = ["credentials", "proxy", "weed"]

pytestmark = pytest.mark.usefixtures("credentials")
DAY = datetime(2026, 3, 2)
ACCOUNT, OTHER = "111122223333", "444455556666"
SLOW_DOWN = Fault(
    503, body=b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>"
)
numbers = count()


@pytest.fixture
def bucket(weed: Weed) -> str:
    return weed.make_bucket(f"trail-{next(numbers)}-{os.getpid()}")


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    with Landing.open(tmp_path / "lake", Bounds(min_free_bytes=0)) as landing:
        yield landing


def key_of(number: int, day: datetime = DAY, account: str = ACCOUNT, region: str = "eu-west-1") -> str:
    folder = f"AWSLogs/{account}/CloudTrail/{region}/{day:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_{region}_{day:%Y%m%d}T{number % 24:02}05Z_{number:016}.json.gz"


def log_file(number: int) -> bytes:
    record = {
        "eventVersion": "1.11", "eventID": f"{number:032}", "eventTime": "2026-03-02T09:00:00Z",
        "eventSource": "sts.amazonaws.com", "eventName": "GetCallerIdentity", "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli", "recipientAccountId": ACCOUNT, "eventType": "AwsApiCall",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "userName": "alice", "accountId": ACCOUNT},
    }  # fmt: skip
    return gzip.compress(json.dumps({"Records": [record]}).encode(), mtime=0)


def fill(weed: Weed, bucket: str, keys: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: weed.put(bucket, each[1], log_file(each[0])), enumerate(keys)))


def loader_of(bucket: str, url: str, **more: Any) -> S3Loader:
    return S3Loader.from_settings("trail", {"kind": "s3", "bucket": bucket, "endpoint_url": url, **more})


def load(landing: Landing, loader: S3Loader, days: int = 1, since: datetime = DAY) -> LoadSummary:
    return landing.load(loader, since, since + timedelta(days=days) - timedelta(seconds=1))


def test_accounts_regions_and_days_are_found_and_all_pages_are_read(
    weed: Weed, bucket: str, landing: Landing, tmp_path: Path
) -> None:
    keys = [key_of(number) for number in range(1_100)]
    keys += [
        key_of(n, account=a, region=r)
        for n, (a, r) in enumerate([(ACCOUNT, "us-east-1"), (OTHER, "eu-west-1")])
    ]
    fill(weed, bucket, [*keys, key_of(1, DAY - timedelta(days=1)), key_of(1, DAY + timedelta(days=1))])
    weed.put(bucket, f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/03/02/digest.json.gz", b"digest")
    weed.put(bucket, f"AWSLogs/{ACCOUNT}/Config/eu-west-1/2026/03/02/config.json.gz", b"no trail")
    loader = loader_of(bucket, weed.url)
    assert loader.streams() == [f"{ACCOUNT}/eu-west-1", f"{ACCOUNT}/us-east-1", f"{OTHER}/eu-west-1"]
    summary = load(landing, loader)
    assert (summary.item_count, summary.waiting_count, summary.error) == (1_102, 0, None)
    assert summary.complete_until == DAY + timedelta(days=1) - timedelta(minutes=15, seconds=1)
    assert load(landing, loader_of(bucket, weed.url)).item_count == 0
    total = ingest(tmp_path / "lake", landing.not_ingested(), DAY).total
    assert (total.records, total.events, total.quarantined) == (1_102, 1_102, 0)


def test_an_organisation_s_trail_and_what_is_asked_of_it(weed: Weed, bucket: str) -> None:
    for account in (ACCOUNT, OTHER):
        for region in ("eu-west-1", "us-east-1"):
            weed.put(
                bucket,
                "audit/"
                + key_of(1, account=account, region=region).replace("AWSLogs/", "AWSLogs/o-abcdefghij/"),
                b"x",
            )
    assert len(loader_of(bucket, weed.url, prefix="audit/").streams()) == 4
    chosen = loader_of(bucket, weed.url, prefix="audit/", accounts=[OTHER], regions=["us-east-1"])
    assert chosen.streams() == [f"o-abcdefghij/{OTHER}/us-east-1"]


def test_a_file_that_comes_late_is_found_within_the_look_back(
    weed: Weed, bucket: str, landing: Landing
) -> None:
    fill(weed, bucket, [key_of(5)])
    load(landing, loader_of(bucket, weed.url))
    weed.put(bucket, key_of(1), log_file(99))
    weed.put(bucket, key_of(5), log_file(98))  # another file under the same name
    weed.put(bucket, key_of(1, DAY - timedelta(days=5)), log_file(97))
    weed.put(bucket, key_of(7, DAY + timedelta(days=1)), log_file(96))
    loader = loader_of(bucket, weed.url)
    assert load(landing, loader, since=DAY + timedelta(days=1)).item_count == 3
    assert load(landing, loader, since=DAY - timedelta(days=5)).item_count == 1


def test_a_load_from_further_back_reads_the_days_before(weed: Weed, bucket: str, landing: Landing) -> None:
    fill(weed, bucket, [key_of(1, DAY - timedelta(days=n)) for n in range(6)])
    assert load(landing, loader_of(bucket, weed.url)).item_count == 1
    assert load(landing, loader_of(bucket, weed.url), days=6, since=DAY - timedelta(days=5)).item_count == 5


def test_faults_on_the_way_lose_nothing(
    weed: Weed, bucket: str, proxy: VendorServer, landing: Landing
) -> None:
    keys = [key_of(number) for number in range(60)]
    fill(weed, bucket, keys)
    big = os.urandom(3 << 20)
    weed.put(bucket, key_of(60), big)
    proxy.plan(SLOW_DOWN, CUT_BEFORE, on=f"/{bucket}/AWSLogs")
    proxy.plan(SLOW_DOWN, Fault(500, body=b"<Error><Code>InternalError</Code></Error>"))
    proxy.plan(TRUNCATED, CUT_WITHIN, CUT_BEFORE, on=f"/{bucket}/{key_of(60)}")
    summary = load(landing, loader_of(bucket, proxy.url))
    assert (summary.item_count, summary.waiting_count, summary.error) == (61, 0, None)
    assert proxy.planned() == 0
    bodies = sorted(path.read_bytes() for path in landing.not_ingested())
    assert bodies == sorted([*(log_file(number) for number in range(60)), big])
    resumed = [request.headers["range"] for request in proxy.seen if "range" in request.headers]
    assert resumed and all(0 < int(each.removeprefix("bytes=").rstrip("-")) < len(big) for each in resumed)


def test_an_object_that_is_deleted_or_replaced_while_it_is_read(
    weed: Weed, bucket: str, landing: Landing
) -> None:
    fill(weed, bucket, [key_of(1), key_of(2), key_of(3)])
    loader = loader_of(bucket, weed.url)

    class Deleting(S3Loader):
        def fetch(self, item: Any, write: Any) -> Any:
            if item.key == key_of(2):
                weed.client.delete_object(Bucket=bucket, Key=item.key)
            if item.key == key_of(3):
                weed.put(bucket, item.key, log_file(77))
            return super().fetch(item, write)

    summary = load(landing, Deleting("trail", loader.options))
    assert (summary.item_count, summary.gone_count, summary.error) == (1, 2, None)
    assert load(landing, loader).item_count == 1  # the one that was replaced, as it is now
    with pytest.raises(ItemGone):
        loader.read_object(key_of(2), lambda piece: None)


@pytest.mark.parametrize(
    "more, change, told",
    [
        ({}, {"AWS_SECRET_ACCESS_KEY": "wrong-secret-of-the-test"}, "SignatureDoesNotMatch"),
        ({}, {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}, "InvalidAccessKeyId"),
        ({"bucket": "no-such-bucket"}, {}, "NoSuchBucket"),
        ({"endpoint_url": "http://127.0.0.1:9"}, {}, "cannot be reached"),
        ({"prefix": "elsewhere/"}, {}, "no trail is under elsewhere/AWSLogs/"),
    ],
)
def test_what_refuses_is_told_with_what_mends_it_and_no_secret(
    weed: Weed, bucket: str, monkeypatch: pytest.MonkeyPatch, more: dict, change: dict, told: str
) -> None:
    fill(weed, bucket, [key_of(1)])
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("loaders.aws_clients.ATTEMPTS", 1)
    loader = loader_of(
        **({"bucket": bucket, "url": weed.url} | {k.replace("endpoint_", ""): v for k, v in more.items()})
    )
    with pytest.raises(LoadError, match=told) as caught:
        list(loader.discover({}, DAY, DAY))
    assert caught.value.hint
    assert "wrong-secret-of-the-test" not in str(caught.value)
    (probe, *_) = loader.probe()
    assert not probe.is_well and probe.hint


def test_the_probe_lists_and_reads(weed: Weed, bucket: str) -> None:
    fill(weed, bucket, [key_of(1)])
    assert [probe.is_well for probe in loader_of(bucket, weed.url).probe()] == [True, True]


def test_any_files_under_a_prefix(weed: Weed, bucket: str, landing: Landing) -> None:
    for name in ("okta/2026/a.json", "okta/b.jsonl", "other/c.json"):
        weed.put(bucket, name, name.encode())
    loader = loader_of(bucket, weed.url, layout="flat", prefix="okta/")
    assert load(landing, loader).item_count == 2
    weed.put(bucket, "okta/b.jsonl", b"more")
    summary = load(landing, loader)
    assert (summary.item_count, summary.complete_until) == (1, None)


@pytest.mark.parametrize(
    "table",
    [{}, {"bucket": "b", "layout": "odd"}, {"bucket": "b", "accounts": ["1"]}, {"bucket": "b", "external_id": "x"},
     {"bucket": "b", "prefix": "a"}, {"bucket": "b", "secret": "x"}, {"bucket": 1}],
)  # fmt: skip
def test_settings_that_cannot_be(table: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        S3Loader.from_settings("trail", table)


@pytest.mark.slow
def test_ten_thousand_objects(weed: Weed, bucket: str, landing: Landing) -> None:
    fill(weed, bucket, [key_of(number) for number in range(10_000)])
    summary = load(landing, loader_of(bucket, weed.url))
    assert (summary.item_count, summary.waiting_count, summary.error) == (10_000, 0, None)
    assert len({path.read_bytes() for path in landing.not_ingested()}) == 10_000
    assert load(landing, loader_of(bucket, weed.url)).item_count == 0
