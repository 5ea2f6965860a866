"""A real Blob endpoint for tests: Azurite on loopback, and a proxy in front of it that makes faults.

It is found in .ci/azurite/node_modules (`npm ci` there), or in the folder of node modules that AZURITE names.
"""

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import ROOT
from tests.loaders.vendor_server import Answer, Request, VendorServer

ACCOUNT = "devstoreaccount1"
# the emulator's own, the same everywhere: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
PUBLIC_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
STARTING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Azurite:
    """The account's address, and a client that may do everything."""

    url: str
    client: Any


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    modules = Path(os.environ.get("AZURITE") or ROOT / ".ci" / "azurite" / "node_modules")
    main = modules / "azurite" / "dist" / "src" / "blob" / "main.js"
    node = shutil.which("node")
    if node is None or not main.is_file():
        pytest.skip("there is no Blob endpoint: install node, and `npm ci` in .ci/azurite")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = [
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        str(port),
        "--location",
        str(tmp_path_factory.mktemp("azurite")),
    ]
    command = [node, str(main), *place, "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/{ACCOUNT}"
        _wait(process, port)
        from azure.storage.blob import BlobServiceClient

        yield Azurite(url, BlobServiceClient(url, credential=PUBLIC_KEY))
    finally:
        process.kill()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("Azurite does not start")


@pytest.fixture
def blob_proxy(azurite: Azurite) -> Iterator[VendorServer]:
    """Faults that are planned meet requests on their way; all else goes through as it is. The signature is over the path
    and the query, not over the host."""
    upstream = urlsplit(azurite.url).netloc

    def through(request: Request) -> Answer:
        connection = http.client.HTTPConnection(upstream, timeout=30)
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in request.query.items())
        connection.putrequest(
            request.method,
            quote(request.path, safe="/%=") + (f"?{query}" if query else ""),
            skip_accept_encoding=True,
        )
        for name, value in request.headers.items():
            if name not in ("host", "content-length", "connection"):
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        headers = {
            name: value
            for name, value in answer.getheaders()
            if name.lower()
            not in ("content-length", "transfer-encoding", "connection", "keep-alive", "date", "server")
        }
        connection.close()
        return Answer(body, answer.status, headers)

    with VendorServer({"GET /*": through, "HEAD /*": through}) as server:
        yield server
