"""A bucket's notifications by a queue: named before they are deleted, in every form they come in, and nothing is listed twice."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.bucket_notices import Notice, notices_of
from loaders.landing import Landing
from pipeline.errors import SettingsError
from tests.loaders.sqs_queue import SqsQueue
from tests.loaders.test_s3 import (
    ACCOUNT,
    DAY,
    bucket,
    credentials,
    fill,
    key_of,
    landing,
    load,
    loader_of,
    log_file,
    weed,
)
from tests.loaders.vendor_server import CUT_BEFORE, Fault, VendorServer
from tests.loaders.weed import Weed, proxy

__all__ = ["bucket", "credentials", "landing", "proxy", "weed"]

pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[SqsQueue]:
    monkeypatch.setattr("loaders.bucket_notices.WAIT_SECONDS", 0)
    with VendorServer() as server:
        yield SqsQueue(server)


def s3_event(bucket: str, key: str, **made: Any) -> dict[str, Any]:
    where = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/"), **made}}
    return {
        "Records": [
            {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": where}
        ]
    }


def event_bridge(bucket: str, key: str, **made: Any) -> dict[str, Any]:
    detail = {"bucket": {"name": bucket}, "object": {"key": key, **made}}
    return {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def cloudtrail_notice(bucket: str, *keys: str) -> dict[str, Any]:
    return {"s3Bucket": bucket, "s3ObjectKey": list(keys)}


def by_sns(body: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": json.dumps(body)}


KEY = "AWSLogs/a b+c/ü.json.gz"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (s3_event("b", KEY, eTag="e", size=7), [Notice("b", KEY, "e", 7)]),
        (by_sns(s3_event("b", KEY, eTag="e", size=7)), [Notice("b", KEY, "e", 7)]),
        (event_bridge("b", KEY, etag="e", size=7), [Notice("b", KEY, "e", 7)]),
        (by_sns(cloudtrail_notice("b", KEY, "k")), [Notice("b", KEY), Notice("b", "k")]),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}, []),
        ({"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {}}]}, []),
        ({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {}}, []),
        ("no JSON", None),
        ("[]", None),
        ({"hello": "world"}, None),
        ({"Records": [{"eventName": "ObjectCreated:Put"}]}, None),
        ({"Records": "x"}, None),
        ({"s3Bucket": 1, "s3ObjectKey": ["k"]}, None),
        (s3_event("b", "k" * 2000), None),
        (by_sns(by_sns(by_sns(by_sns(by_sns(s3_event("b", "k")))))), None),
        (
            {
                "Records": [
                    {
                        "eventName": "ObjectCreated:Put",
                        "s3": {"bucket": {"name": "b"}, "object": {"key": "%ff"}},
                    }
                ]
            },
            None,
        ),
    ],
)
def test_what_a_message_says(body: Any, found: list[Notice] | None) -> None:
    assert notices_of(body if isinstance(body, str) else json.dumps(body)) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Records", "s3", "Message", "source", "detail", "detail-type", "eventName", "object", "bucket", "name", "key", "s3ObjectKey", "s3Bucket"]),
        inner | st.sampled_from(["aws.s3", "Object Created", "ObjectCreated:Put"]),
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_no_message_is_an_error(body: Any) -> None:
    found = notices_of(json.dumps(body))
    assert found is None or all(isinstance(notice, Notice) for notice in found)


def test_the_first_run_lists_and_later_ones_ask_the_queue_only(
    weed: Weed, bucket: str, queue: SqsQueue, proxy: VendorServer, landing: Landing
) -> None:
    keys = [key_of(number) for number in range(30)]
    fill(weed, bucket, keys[:10])
    loader = loader_of(bucket, proxy.url, queue_url=queue.url)
    queue.send(s3_event(bucket, keys[0]), {"Event": "s3:TestEvent"})
    first = load(landing, loader)
    assert (first.error, first.waiting_count) == (None, 0)
    assert {path.read_bytes() for path in landing.not_ingested()} == {log_file(n) for n in range(10)}
    fill(weed, bucket, keys)  # ten of them again, with the same content
    queue.send(*[s3_event(bucket, key) for key in keys[10:15]])
    queue.send(
        *[by_sns(event_bridge(bucket, key)) for key in keys[15:20]],
        by_sns(cloudtrail_notice(bucket, *keys[20:])),
    )
    queue.send(s3_event(bucket, f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/03/02/d.json.gz"))
    proxy.seen.clear()
    second = load(landing, loader, days=2)
    assert (second.item_count, second.error, second.waiting_count) == (20, None, 0)
    assert {path.read_bytes() for path in landing.not_ingested()} == {log_file(n) for n in range(30)}
    listed = [seen.query.get("prefix", "") for seen in proxy.seen if "list-type" in seen.query]
    assert not [prefix for prefix in listed if "/2026/" in prefix], "no day is listed"
    assert queue.bodies == {}
    assert second.complete_until == DAY + timedelta(days=2) - timedelta(minutes=25, seconds=1)


def test_a_message_is_deleted_only_when_its_objects_are_noted(
    weed: Weed, bucket: str, queue: SqsQueue, landing: Landing
) -> None:
    fill(weed, bucket, [key_of(1)])
    loader = loader_of(bucket, weed.url, queue_url=queue.url)
    load(landing, loader)
    fill(weed, bucket, [key_of(2), key_of(3)])
    queue.send(s3_event(bucket, key_of(2)), s3_event(bucket, key_of(3)))
    found = loader.discover({}, DAY, DAY + timedelta(hours=23))
    assert len(list(next(found).items)) == 2
    assert queue.deleted == [], "whoever asked may be killed now"
    next(found)
    assert len(queue.deleted) == 2


def test_what_was_taken_and_not_noted_comes_again(
    weed: Weed, bucket: str, queue: SqsQueue, landing: Landing
) -> None:
    fill(weed, bucket, [key_of(1)])
    loader = loader_of(bucket, weed.url, queue_url=queue.url)
    load(landing, loader)
    weed.put(bucket, key_of(2), log_file(2))
    queue.send(s3_event(bucket, key_of(2)))
    next(loader.discover({}, DAY, DAY + timedelta(hours=23)))  # a run that was killed here
    assert load(landing, loader).item_count == 0, "hidden still"
    queue.reveal()
    assert load(landing, loader).item_count == 1
    queue.send(s3_event(bucket, key_of(2)), s3_event(bucket, key_of(2)))
    queue.twice = True
    assert load(landing, loader).item_count == 0, "it is landed, however often it is named"


def test_messages_of_others_stay(
    weed: Weed, bucket: str, queue: SqsQueue, landing: Landing, caplog: Any
) -> None:
    fill(weed, bucket, [key_of(1)])
    queue.send(s3_event("another-bucket", key_of(2)), "no JSON", s3_event(bucket, key_of(1)))
    assert load(landing, loader_of(bucket, weed.url, queue_url=queue.url)).error is None
    assert sorted(queue.bodies) == ["m0", "m1"]
    assert "2 messages are not of this bucket, or not understood" in caplog.text


def test_faults_of_the_queue(weed: Weed, bucket: str, queue: SqsQueue, landing: Landing) -> None:
    fill(weed, bucket, [key_of(number) for number in range(25)])
    queue.send(*[s3_event(bucket, key_of(number)) for number in range(25)])
    queue.server.plan(Fault(503), CUT_BEFORE, Fault(500))
    summary = load(landing, loader_of(bucket, weed.url, queue_url=queue.url))
    assert (summary.error, summary.waiting_count) == (None, 0)
    assert {path.read_bytes() for path in landing.not_ingested()} == {log_file(n) for n in range(25)}
    other = queue.url.replace("trail-notices", "none")
    assert "QueueDoesNotExist" in str(load(landing, loader_of(bucket, weed.url, queue_url=other)).error)


def test_the_probe_of_a_queue(weed: Weed, bucket: str, queue: SqsQueue) -> None:
    fill(weed, bucket, [key_of(1)])
    queue.send(s3_event(bucket, key_of(1)))
    probes = loader_of(bucket, weed.url, queue_url=queue.url).probe()
    assert [probe.is_well for probe in probes] == [True, True, True]
    assert "1 messages wait" in probes[-1].told
    denied = {"__type": "com.amazonaws.sqs#AccessDeniedException", "message": "no"}
    queue.server.plan(Fault(403, body=denied))
    last = loader_of(bucket, weed.url, queue_url=queue.url).probe()[-1]
    assert not last.is_well and "sqs:GetQueueAttributes" in last.hint


@pytest.mark.parametrize("url", ["trail-notices", "http://sqs.eu-west-1.amazonaws.com/1/q", "ftp://a/b"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(SettingsError):
        loader_of("b", "http://127.0.0.1:1", queue_url=url)
