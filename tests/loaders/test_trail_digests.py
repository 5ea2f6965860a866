"""Log file validation over a real S3 server: a chain of signed digests, and each way to tamper with what it proves."""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from loaders.s3 import S3Loader
from pipeline.errors import LoadError
from tests.loaders.vendor_server import Answer, Request, VendorServer
from tests.loaders.weed import Weed, credentials, weed

__all__ = ["credentials", "weed"]

pytestmark = pytest.mark.usefixtures("credentials")
DAY = datetime(2026, 3, 2)
ACCOUNT, REGION = "111122223333", "eu-west-1"
HOURS = range(1, 5)
numbers = count()


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def public_key(key: RSAPrivateKey) -> tuple[str, bytes]:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return hashlib.md5(der, usedforsecurity=False).hexdigest(), der


def log_key(hour: int, number: int) -> str:
    name = f"{ACCOUNT}_CloudTrail_{REGION}_{DAY:%Y%m%d}T{hour:02}{number * 10:02}Z_{number:016}.json.gz"
    return f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{DAY:%Y/%m/%d}/{name}"


def digest_key(hour: int) -> str:
    name = f"{ACCOUNT}_CloudTrail-Digest_{REGION}_trail_{REGION}_{DAY:%Y%m%d}T{hour + 1:02}0000Z.json.gz"
    return f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{DAY:%Y/%m/%d}/{name}"


def log_bytes(hour: int, number: int) -> bytes:
    return json.dumps({"Records": [{"eventID": f"{hour}-{number}"}]}).encode()


class Trail:
    """Four hours of a trail with its digests; the third hour delivered nothing."""

    def __init__(self, weed: Weed, bucket: str, key: RSAPrivateKey) -> None:
        self.weed, self.bucket, self.key = weed, bucket, key
        self.previous: tuple[str, str, str] | None = None
        for hour in HOURS:
            files = [1, 2] if hour != 3 else []
            for number in files:
                self.put(log_key(hour, number), log_bytes(hour, number))
            self.write_digest(hour, files)

    def put(self, key: str, raw: bytes, **metadata: str) -> None:
        self.weed.put(self.bucket, key, gzip.compress(raw, mtime=0), **metadata)

    def delete(self, key: str) -> None:
        self.weed.client.delete_object(Bucket=self.bucket, Key=key)

    def write_digest(self, hour: int, files: list[int]) -> None:
        key = digest_key(hour)
        previous_key, previous_hash, previous_signature = self.previous or (None, None, None)
        document = {
            "awsAccountId": ACCOUNT,
            "digestStartTime": f"{DAY + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{DAY + timedelta(hours=hour + 1):%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": self.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": public_key(self.key)[0],
            "digestSignatureAlgorithm": "SHA256withRSA",
            "previousDigestS3Bucket": previous_key and self.bucket,
            "previousDigestS3Object": previous_key,
            "previousDigestHashValue": previous_hash,
            "previousDigestHashAlgorithm": previous_key and "SHA-256",
            "previousDigestSignature": previous_signature,
            "logFiles": [
                {
                    "s3Bucket": self.bucket,
                    "s3Object": log_key(hour, number),
                    "hashValue": hashlib.sha256(log_bytes(hour, number)).hexdigest(),
                    "hashAlgorithm": "SHA-256",
                }
                for number in files
            ],
        }
        raw = json.dumps(document).encode()
        digest = hashlib.sha256(raw).hexdigest()
        signed = "\n".join(
            [document["digestEndTime"], f"{self.bucket}/{key}", digest, previous_signature or "null"]
        )
        signature = self.key.sign(signed.encode(), PKCS1v15(), SHA256()).hex()
        self.put(key, raw, signature=signature, **{"signature-algorithm": "SHA256withRSA"})
        self.previous = (key, digest, signature)

    def tampered(self, hour: int, change: Callable[[bytes], bytes]) -> None:
        """The digest with other bytes, under its old signature."""
        found = self.weed.client.get_object(Bucket=self.bucket, Key=digest_key(hour))
        self.put(digest_key(hour), change(gzip.decompress(found["Body"].read())), **found["Metadata"])


@pytest.fixture
def trail(weed: Weed, key: RSAPrivateKey) -> Trail:
    return Trail(weed, weed.make_bucket(f"digests-{next(numbers)}-{os.getpid()}"), key)


@pytest.fixture
def keys_file(key: RSAPrivateKey, tmp_path: Path) -> Path:
    fingerprint, der = public_key(key)
    path = tmp_path / "keys.json"
    listed = [{"Fingerprint": fingerprint, "Value": base64.b64encode(der).decode()}]
    path.write_text(json.dumps({"PublicKeyList": listed}))
    return path


def findings(trail: Trail, keys_file: Path, since: datetime = DAY, hours: float = 6) -> set[tuple[str, str]]:
    table = {"bucket": trail.bucket, "endpoint_url": trail.weed.url, "public_keys": str(keys_file)}
    loader = S3Loader.from_settings("trail", table)
    found = list(loader.verify(since, since + timedelta(hours=hours)))
    assert all(each.told and each.control_domain == "data_access" for each in found)
    return {(each.kind, each.place) for each in found}


BEGINNING = ("gap", digest_key(1))  # the chain's own


def test_a_whole_trail(trail: Trail, keys_file: Path) -> None:
    assert findings(trail, keys_file) == {BEGINNING}
    assert findings(trail, keys_file, DAY + timedelta(hours=2, minutes=30)) == set()


@pytest.mark.parametrize(
    "tamper, found",
    [
        (lambda t: t.put(log_key(2, 1), b'{"Records":[]}'), {("edited", log_key(2, 1))}),
        (lambda t: t.weed.put(t.bucket, log_key(2, 1), b"no gzip"), {("edited", log_key(2, 1))}),
        (lambda t: t.delete(log_key(2, 1)), {("deleted", log_key(2, 1))}),
        (lambda t: t.put(log_key(2, 3), b'{"Records":[]}'), {("injected", log_key(2, 3))}),
        (lambda t: t.put(log_key(3, 1), b'{"Records":[]}'), {("injected", log_key(3, 1))}),
        (lambda t: t.delete(digest_key(3)), {("digest missing", digest_key(3))}),
        (lambda t: t.tampered(3, lambda raw: raw.replace(b"03:00:00Z", b"03:00:01Z")), {("forged", digest_key(3))}),
        (lambda t: t.tampered(2, lambda raw: raw.replace(b'"logFiles": [{', b'"logFiles": [], "was": [{')), {("forged", digest_key(2))}),
        (lambda t: t.weed.put(t.bucket, digest_key(3), b"no gzip"), {("forged", digest_key(3))}),
        (lambda t: t.put(digest_key(3), b"[]"), {("forged", digest_key(3))}),
        (lambda t: t.put(digest_key(9).replace("0000Z", "9999Z"), b"{}"), {("injected", digest_key(9).replace("0000Z", "9999Z"))}),
    ],
)  # fmt: skip
def test_what_was_tampered_with(
    trail: Trail, keys_file: Path, tamper: Callable[[Trail], None], found: set[tuple[str, str]]
) -> None:
    tamper(trail)
    told = findings(trail, keys_file)
    assert found <= told
    # what a digest listed that is not believed, is listed by none
    assert all(kind in ("gap", "injected") for kind, _ in told - found)


def test_a_digest_that_lies_elsewhere(trail: Trail, keys_file: Path) -> None:
    found = trail.weed.client.get_object(Bucket=trail.bucket, Key=digest_key(4))
    trail.weed.put(trail.bucket, digest_key(5), found["Body"].read(), **found["Metadata"])
    assert ("moved", digest_key(5)) in findings(trail, keys_file)


def test_a_chain_that_was_begun_anew(trail: Trail, keys_file: Path) -> None:
    trail.previous = None
    trail.write_digest(5, [])
    assert ("gap", digest_key(5)) in findings(trail, keys_file, hours=7)


def test_without_any_digest(trail: Trail, keys_file: Path) -> None:
    assert {kind for kind, _ in findings(trail, keys_file, DAY + timedelta(hours=12))} == {"unverifiable"}


def test_the_keys_come_from_the_service_and_another_s_proves_nothing(
    trail: Trail, key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint, der = public_key(key)

    def list_keys(request: Request) -> Answer:
        listed = {"Fingerprint": fingerprint, "Value": base64.b64encode(der).decode()}
        return Answer({"PublicKeyList": [listed]}, headers={"Content-Type": "application/x-amz-json-1.1"})

    table = {"bucket": trail.bucket}
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", trail.weed.url)
    with VendorServer({"POST /*": list_keys}) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", service.url)
        loader = S3Loader.from_settings("trail", table)
        kinds = [each.kind for each in loader.verify(DAY, DAY + timedelta(hours=6))]
        assert kinds == ["gap"]
    other = tmp_path / "other.json"
    other.write_text('{"PublicKeyList": []}')
    loader = S3Loader.from_settings("trail", table | {"public_keys": str(other)})
    kinds = [each.kind for each in loader.verify(DAY, DAY + timedelta(hours=6))]
    assert kinds.count("unverifiable") == len(HOURS)
    other.write_text("no keys")
    loader = S3Loader.from_settings("trail", table | {"public_keys": str(other)})
    with pytest.raises(LoadError, match="public keys"):
        list(loader.verify(DAY, DAY + timedelta(hours=6)))
