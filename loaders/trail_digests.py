"""Log file validation of CloudTrail: what the signed digests prove of the files in a bucket.

Each hour a region's trail writes a digest that lists the hash of every log file it delivered, the hash of the digest before it, and
bears a signature. The chain is walked from the newest to the oldest. A digest that nobody can link to is as telling as a file
that none lists. Hashes are of what is inside the gzip. Source: CloudTrail user guide, "Validating CloudTrail log file integrity".
"""

import base64
import hashlib
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders.base import Finding
from pipeline.errors import ItemGone, LoadError

if TYPE_CHECKING:
    from loaders.s3 import S3Loader

DIGEST_KEY = re.compile(
    r"(?P<chain>.*_CloudTrail-Digest_.+)_(?P<at>\d{8}T\d{6}Z)(?P<late>_backfill)?\.json\.gz"
)
LOG_AT = re.compile(r"_(\d{8}T\d{4})Z_[^/]*\.json\.gz$")
READ_AT_ONCE = 8
MAX_BYTES = 512 << 20  # unpacked, of one file: CloudTrail writes 50 MB packed at most
SETTLES = timedelta(minutes=15)  # a file of the last minutes of an hour may be in the next digest


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest as it lies in the bucket. `sha256` is of the unpacked bytes."""

    key: str
    signature: str
    sha256: str
    content: dict[str, Any]

    def text(self, name: str) -> str:
        return str(self.content.get(name) or "")

    @property
    def log_files(self) -> list[dict[str, Any]]:
        found = self.content.get("logFiles")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def verify_trail(loader: "S3Loader", since: datetime, until: datetime) -> Iterator[Finding]:
    """Findings of every account and region, naive UTC. Raises LoadError where the bucket or the public keys cannot be read."""
    for stream in loader.streams():
        yield from _Region(loader, stream, since, until).findings()


class _Region:
    def __init__(self, loader: "S3Loader", stream: str, since: datetime, until: datetime) -> None:
        self.loader, self.stream, self.since, self.until = loader, stream, since, until
        self.region = stream.rpartition("/")[2]
        self.listed: set[str] = set()  # log files that some digest names
        self.spans: list[tuple[datetime, datetime]] = []
        self._keys: dict[str, bytes] | None = None

    def findings(self) -> Iterator[Finding]:
        chains: dict[tuple[str, bool], list[str]] = defaultdict(list)
        folder = self.loader.trail_folder(self.stream, "CloudTrail-Digest")
        for found in self._days(folder):
            match = DIGEST_KEY.fullmatch(found)
            at = _time(match["at"], "%Y%m%dT%H%M%SZ") if match else None
            if match is None or at is None:
                yield Finding("injected", found, "no name of a digest")
            elif self.since <= at < self.until + timedelta(hours=1):
                chains[match["chain"], match["late"] is not None].append(found)
        if not any(not is_late for _, is_late in chains):
            yield Finding(
                "unverifiable",
                folder,
                "no digest is here: log file validation is off, or its digests were deleted",
            )
            return
        for (_, is_late), keys in sorted(chains.items()):
            yield from self._chain(sorted(keys, reverse=True), is_late)
        yield from self._injected()

    def _chain(self, keys: list[str], is_late: bool) -> Iterator[Finding]:
        """From the newest digest back. Late ones (backfill) are a chain of their own, with gaps in time."""
        newer: Digest | None = None
        left = list(keys)
        while left:
            key = left.pop(0)
            digest, faults = self._read(key)
            yield from faults
            if digest is None:
                newer = None
                continue
            if newer is not None:
                yield from _links(newer, digest, is_late)
            yield from self._files(digest)
            previous = digest.text("previousDigestS3Object")
            if not previous:
                yield Finding(
                    "gap", key, "the chain begins here: validation was switched on, or off and on again"
                )
            elif previous not in left and _digest_time(previous) >= self.since:
                yield Finding(
                    "digest missing", previous, f"{key} names it as the one before, and it is not there"
                )
                newer = None
                continue
            newer = digest

    def _read(self, key: str) -> tuple[Digest | None, list[Finding]]:
        try:
            raw, metadata = self._bytes(key)
            content = json.loads(raw)
        except ItemGone:
            return None, [Finding("digest missing", key, "it was deleted while it was read")]
        except (ValueError, OSError, EOFError, zlib.error):
            return None, [Finding("forged", key, "not a digest: it cannot be unpacked or read")]
        if not isinstance(content, dict):
            return None, [Finding("forged", key, "not a digest")]
        digest = Digest(key, metadata.get("signature", ""), hashlib.sha256(raw).hexdigest(), content)
        faults = []
        if (
            digest.text("digestS3Object") != key
            or digest.text("digestS3Bucket") != self.loader.options.bucket
        ):
            place = f"{digest.text('digestS3Bucket')}/{digest.text('digestS3Object')}"
            faults.append(Finding("moved", key, f"it says that it lies at {place}"))
        fault = self._signature_fault(digest)
        if fault is not None:
            faults.append(fault)
            return (digest if fault.kind == "unverifiable" else None), faults
        return digest, faults

    def _signature_fault(self, digest: Digest) -> Finding | None:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        der = self._public_keys().get(digest.text("digestPublicKeyFingerprint"))
        if der is None:
            return Finding(
                "unverifiable",
                digest.key,
                "the public key with its fingerprint is not among those of this region and time",
            )
        place = f"{digest.text('digestS3Bucket')}/{digest.text('digestS3Object')}"
        before = digest.text("previousDigestSignature") or "null"
        signed = "\n".join([digest.text("digestEndTime"), place, digest.sha256, before]).encode()
        try:
            key = load_der_public_key(der)
            if not isinstance(key, RSAPublicKey):
                raise ValueError
            key.verify(bytes.fromhex(digest.signature), signed, PKCS1v15(), SHA256())
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return Finding(
                "forged",
                digest.key,
                "its signature does not fit: it was edited, or CloudTrail did not write it",
            )
        return None

    def _files(self, digest: Digest) -> Iterator[Finding]:
        start, end = (
            _time(digest.text(name), "%Y-%m-%dT%H:%M:%SZ") for name in ("digestStartTime", "digestEndTime")
        )
        if start and end:
            self.spans.append((start, end))
        files = digest.log_files
        self.listed |= {str(each.get("s3Object")) for each in files}
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            yield from (fault for fault in pool.map(self._file, files) if fault is not None)

    def _file(self, listed: dict[str, Any]) -> Finding | None:
        key = str(listed.get("s3Object"))
        if listed.get("s3Bucket") != self.loader.options.bucket:
            return Finding("unverifiable", key, "the digest names another bucket")
        try:
            raw, _ = self._bytes(key)
        except ItemGone:
            return Finding("deleted", key, "a digest lists it, and it is not there")
        except (ValueError, OSError, EOFError, zlib.error):
            return Finding("edited", key, "it cannot be unpacked")
        if hashlib.sha256(raw).hexdigest() != listed.get("hashValue"):
            return Finding("edited", key, "its hash is not the one that the digest lists")
        return None

    def _injected(self) -> Iterator[Finding]:
        """Log files of hours that digests cover, and that none lists."""
        if not self.spans:
            return
        begins_at = min(start for start, _ in self.spans)
        ends_at = max(end for _, end in self.spans) - SETTLES
        for key in self._days(self.loader.trail_folder(self.stream)):
            match = LOG_AT.search(key)
            at = _time(match[1], "%Y%m%dT%H%M") if match else None
            if key not in self.listed and (at is None or begins_at + SETTLES <= at < ends_at):
                yield Finding("injected", key, "no digest lists it")

    def _days(self, folder: str) -> Iterator[str]:
        day = self.since.date()
        while day <= (self.until + timedelta(hours=1)).date():
            yield from (str(found["Key"]) for found in self.loader.list_objects(f"{folder}{day:%Y/%m/%d}/"))
            day += timedelta(days=1)

    def _bytes(self, key: str) -> tuple[bytes, dict[str, str]]:
        """Unpacked, up to MAX_BYTES, and the metadata."""
        unpacking, pieces, count = zlib.decompressobj(zlib.MAX_WBITS | 16), [], 0

        def take(piece: bytes) -> None:
            nonlocal count
            unpacked = unpacking.decompress(piece, MAX_BYTES + 1 - count)
            count += len(unpacked)
            if count > MAX_BYTES:
                raise ValueError("too large")
            pieces.append(unpacked)

        metadata = self.loader.read_object(key, take)
        if not unpacking.eof:
            raise EOFError
        return b"".join(pieces), metadata

    def _public_keys(self) -> dict[str, bytes]:
        """Fingerprint → DER, of the region and time; or those of the file that the settings name."""
        if self._keys is None:
            path = self.loader.options.public_keys
            self._keys = _keys_of_file(Path(path)) if path else self._keys_of_service()
        return self._keys

    def _keys_of_service(self) -> dict[str, bytes]:
        from loaders.aws_clients import explained

        where = f"{self.loader.where} {self.region}"
        try:
            pages = self.loader.clients.client("cloudtrail", self.region).get_paginator("list_public_keys")
            answers = pages.paginate(
                StartTime=self.since.replace(tzinfo=UTC) - timedelta(days=1),
                EndTime=self.until.replace(tzinfo=UTC),
            )
            return {key["Fingerprint"]: key["Value"] for answer in answers for key in answer["PublicKeyList"]}
        except Exception as error:
            raise explained(error, where, "cloudtrail:ListPublicKeys") from None


def _links(newer: Digest, older: Digest, is_late: bool) -> Iterator[Finding]:
    if newer.text("previousDigestS3Object") != older.key:
        yield Finding("injected", older.key, f"{newer.key} names another digest as the one before")
        return
    if newer.text("previousDigestHashValue") != older.sha256:
        yield Finding("forged", older.key, f"its hash is not the one that {newer.key} names")
    elif newer.text("previousDigestSignature") != older.signature:
        yield Finding("forged", older.key, f"its signature is not the one that {newer.key} names")
    if not is_late and newer.text("digestStartTime") != older.text("digestEndTime"):
        span = f"{older.text('digestEndTime')} to {newer.text('digestStartTime')}"
        yield Finding("gap", newer.key, f"no digest covers {span}")


def _keys_of_file(path: Path) -> dict[str, bytes]:
    """JSON as `aws cloudtrail list-public-keys` prints it: Value is base64 of the DER."""
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["PublicKeyList"]
        return {str(key["Fingerprint"]): base64.b64decode(key["Value"], validate=True) for key in listed}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoadError(
            f"cannot be read as public keys ({type(error).__name__})",
            str(path),
            "save what `aws cloudtrail list-public-keys` prints",
        ) from None


def _digest_time(key: str) -> datetime:
    match = DIGEST_KEY.fullmatch(key)
    return (_time(match["at"], "%Y%m%dT%H%M%SZ") if match else None) or datetime.max


def _time(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None
