"""What a bucket's notifications say is new, from an SQS queue: instead of listing days again and again.

A queue gives each message at least once, in no order. A message is deleted when the objects it names are in the ledger, not
before: what a run took and did not note comes again. S3's own events are understood, those by EventBridge, those that SNS passed
on, and what CloudTrail itself sends to SNS. A message that is none of them stays, for the queue's own dead letters.
Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html, ev-events.html, and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlsplit

from loaders import trail_keys
from loaders.aws_clients import AwsClients, explained
from loaders.base import Discovery, Item
from loaders.covered_days import Covered
from loaders.http_addresses import checked_address

if TYPE_CHECKING:
    from loaders.s3 import S3Loader

log = logging.getLogger("postreset.load")

LATENESS = timedelta(minutes=10)  # from the object to its message
REGION = re.compile(r"(?:^|\.)sqs\.([a-z0-9-]+)\.")

RECEIVED_AT_ONCE = 10  # SQS gives no more
BATCH_MESSAGES = 200  # whose objects are named before they are deleted
MAX_MESSAGES = 100_000  # of one run
WAIT_SECONDS = 2  # a long poll: all of the queue's servers are asked
HIDDEN_SECONDS = 300  # how long others do not see what we took
RECEIVE, DELETE = "sqs:ReceiveMessage on the queue", "sqs:DeleteMessage on the queue"
MAX_DEPTH = 3  # SNS within a queue, S3's event within it


@dataclass(frozen=True, slots=True)
class Notice:
    """An object that was made. `etag` is empty where the notification does not say it."""

    bucket: str
    key: str
    etag: str = ""
    byte_count: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """`notices` is None where it is not understood."""

    receipt: str
    notices: list[Notice] | None


def discover_by_notice(
    loader: "S3Loader",
    queue: "Queue",
    checkpoints: Mapping[str, str],
    since: datetime,
    until: datetime,
) -> Iterator[Discovery]:
    """What the queue names. A stream is listed only where it never was, or when earlier days are asked for."""
    is_empty, left_count = False, 0
    for messages in queue.batches():
        ours = [message for message in messages if _is_of(message, loader.options.bucket)]
        for stream, items in _items(loader, ours).items():
            yield Discovery(stream, items, checkpoints.get(stream, ""))
        queue.delete([message.receipt for message in ours])  # their objects are in the ledger now
        left_count += len(messages) - len(ours)
        is_empty = not messages
    if left_count:
        log.warning("%s: %d messages are not of this bucket, or not understood", loader.name, left_count)
    is_trail = loader.options.layout == "cloudtrail"
    complete = until - trail_keys.LATENESS - LATENESS if is_empty and is_trail else None
    fresh = []
    for stream in loader.streams():
        covered = Covered.read(checkpoints.get(stream))
        if covered is None or since.date() < covered.since:
            fresh.append(stream)
        else:
            yield Discovery(stream, (), str(covered.until_day(until.date())), complete)
    yield from loader.listed(checkpoints, since, until, fresh)


def _items(loader: "S3Loader", messages: list[Message]) -> dict[str, list[Item]]:
    """By stream. What is no log file, such as a digest, is left out."""
    found: dict[str, list[Item]] = {}
    for notice in (notice for message in messages for notice in message.notices or ()):
        if stream := loader.stream_of(notice.key):
            item = Item(stream, notice.key, notice.etag, byte_count=notice.byte_count)
            found.setdefault(stream, []).append(item)
    return found


def _is_of(message: Message, bucket: str) -> bool:
    return message.notices is not None and all(notice.bucket == bucket for notice in message.notices)


class Queue:
    """Its address names its endpoint and region."""

    def __init__(self, clients: AwsClients, url: str, where: str) -> None:
        """Raises SettingsError for what is no address of a queue."""
        self._url, self._where = url, f"{where} queue"
        parts = urlsplit(url)
        endpoint = checked_address(f"{parts.scheme}://{parts.netloc}", self._where)
        region = REGION.search(parts.hostname or "")
        self._client = lambda: clients.client("sqs", region[1] if region else None, endpoint)

    def batches(self) -> Iterator[list[Message]]:
        """Until the queue is empty, which an empty batch says, or enough was taken. Raises LoadError."""
        taken = 0
        while taken < MAX_MESSAGES:
            messages: list[Message] = []
            while len(messages) < BATCH_MESSAGES and (received := self._receive()):
                messages += received
            yield messages
            if not messages:
                return
            taken += len(messages)

    def delete(self, receipts: list[str]) -> None:
        """Ten at a time. What cannot be deleted comes again, and is in the ledger then."""
        client = self._client()
        for start in range(0, len(receipts), RECEIVED_AT_ONCE):
            some = receipts[start : start + RECEIVED_AT_ONCE]
            entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(some)]
            try:
                client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            except Exception as error:
                raise explained(error, self._where, DELETE) from None

    def waiting_count(self) -> int:
        """About how many messages are in it. Raises LoadError."""
        try:
            answer = self._client().get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
            return int(answer.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))
        except Exception as error:
            raise explained(error, self._where, "sqs:GetQueueAttributes on the queue") from None

    def _receive(self) -> list[Message]:
        try:
            answer = self._client().receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=RECEIVED_AT_ONCE,
                WaitTimeSeconds=WAIT_SECONDS,
                VisibilityTimeout=HIDDEN_SECONDS,
            )
        except Exception as error:
            raise explained(error, self._where, RECEIVE) from None
        received = answer.get("Messages", [])
        return [Message(one["ReceiptHandle"], notices_of(one.get("Body", ""))) for one in received]


def notices_of(body: object, depth: int = 0) -> list[Notice] | None:
    """The objects that a message names, none for S3's test event and for what was removed; None where it is not understood."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return None
    if not isinstance(body, dict) or depth > MAX_DEPTH:
        return None
    try:
        if isinstance(body.get("Message"), str):
            return notices_of(body["Message"], depth + 1)
        if body.get("Event") == "s3:TestEvent":
            return []
        if isinstance(keys := body.get("s3ObjectKey"), list):
            return [_notice(body["s3Bucket"], key) for key in keys]
        if body.get("source") == "aws.s3":
            return _of_event_bridge(body)
        if isinstance(records := body.get("Records"), list):
            return [notice for record in records for notice in _of_record(record)]
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError):
        return None
    return None


def _of_event_bridge(body: dict[str, Any]) -> list[Notice]:
    if body["detail-type"] != "Object Created":
        return []
    made = body["detail"]["object"]
    return [_notice(body["detail"]["bucket"]["name"], made["key"], made.get("etag"), made.get("size"))]


def _of_record(record: dict[str, Any]) -> list[Notice]:
    """Here alone the key is written as in an address."""
    if not record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
        return []
    made = record["s3"]["object"]
    key = unquote_plus(made["key"], errors="strict")
    return [_notice(record["s3"]["bucket"]["name"], key, made.get("eTag"), made.get("size"))]


def _notice(bucket: object, key: object, etag: object = None, size: object = None) -> Notice:
    if not isinstance(bucket, str) or not isinstance(key, str) or not 0 < len(key) <= 1024:
        raise TypeError
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return Notice(bucket, key, etag.strip('"') if isinstance(etag, str) else "", size if is_size else None)
