"""The same CloudTrail events as a few large files and as very many tiny ones, and one file of gigabytes."""

import json
import shutil
from pathlib import Path

from tests.bench.measuring import POSTRESET, Figure, Run, memory_figure, python, ratio_figure, run, say
from tests.bench.sizes import LAYOUT_EVENTS, LAYOUT_FILES, ONE_FILE_BYTES

LARGE_FILES = 20
TINY_AIM = 0.5


def measure(folder: Path) -> list[Figure]:
    runs = {}
    for name, files in {"large": LARGE_FILES, "tiny": LAYOUT_FILES}.items():
        say(f"{LAYOUT_EVENTS:,} events in {files:,} files")
        logs = folder / name
        python("tests.bench.logs", "cloudtrail", logs, LAYOUT_EVENTS, 3, -(-LAYOUT_EVENTS // files))
        runs[name] = ingest(folder, logs, LAYOUT_EVENTS)
        say(f"{runs[name].seconds:.1f} s, {runs[name].cpu_seconds:.1f} CPU s")
        shutil.rmtree(logs)
    ratio = runs["large"].seconds / runs["tiny"].seconds
    note = f" ({LAYOUT_EVENTS / runs['tiny'].seconds:,.0f} events/s)"
    return [
        ratio_figure(
            f"{LAYOUT_FILES:,} tiny files / {LARGE_FILES} large, events per second",
            ratio,
            TINY_AIM,
            note,
            at_least=True,
        ),
        memory_figure("Tiny files", [runs["tiny"]]),
        memory_figure("Large files", [runs["large"]]),
    ]


def measure_one_file(folder: Path) -> list[Figure]:
    say(f"one file of {ONE_FILE_BYTES / 1e9:g} GB decompressed")
    logs = folder / "one"
    python("tests.bench.logs", "one-file", logs, ONE_FILE_BYTES)
    events = int((logs / "events.txt").read_text())
    (logs / "events.txt").unlink()
    measured = ingest(folder, logs, events)
    shutil.rmtree(logs)
    return [
        Figure(
            f"One file of {ONE_FILE_BYTES / 1e9:g} GB ({events:,} events)",
            f"{measured.seconds:.0f} s ({events / measured.seconds:,.0f} events/s)",
        ),
        memory_figure(f"One file of {ONE_FILE_BYTES / 1e9:g} GB", [measured]),
    ]


def ingest(folder: Path, logs: Path, events: int) -> Run:
    lake, account = folder / "lake", folder / "account.json"
    measured = run([*POSTRESET, "ingest", str(logs), "--lake", str(lake), "--json"], account)
    taken = json.loads(account.read_text())["events"]
    assert taken == events, taken
    shutil.rmtree(lake)
    return measured
