"""`make bench`: ingest beside `gzip -dc` and DuckDB's own read_json_auto → Parquet, on the same files, in turn.

Whole processes, timed from outside, several rounds in turn so that a machine whose speed drifts hurts all three alike.
Ratios of medians are what counts; the memory is the peak of the process as the system accounts it.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

EVENTS = int(os.environ.get("EVENTS", "200000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
ROOT = Path(__file__).parent.parent

PLAIN = """
import duckdb, sys
con = duckdb.connect(config={"memory_limit": "6GB"})
con.execute(
    "copy (select unnest(Records) as record, filename from read_json_auto($files, filename = true)) "
    "to '" + sys.argv[1] + "' (format parquet, compression zstd)", {"files": sys.argv[2:]}
)
"""


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def run(command: list[str], stdout: str = os.devnull) -> Run:
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"bench: {command[0]} failed with {status}")
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="postreset-bench-"))
    try:
        sys.stderr.write(f"bench: writing {EVENTS:,} CloudTrail events\n")
        postreset = str(Path(sys.executable).with_name("postreset"))
        run([postreset, "simulate", str(folder / "logs"), "--scenario", "bench", "--events", str(EVENTS)])
        files = sorted(str(path) for path in (folder / "logs").rglob("*.json.gz"))
        packed = sum(Path(path).stat().st_size for path in files) / 1e6
        runs: dict[str, list[Run]] = {"gzip -dc": [], "read_json_auto": [], "postreset ingest": []}
        for number in range(ROUNDS + 1):
            lake = folder / f"lake-{number}"
            once = {
                "gzip -dc": run(["gzip", "-dc", *files]),
                "read_json_auto": run(
                    [sys.executable, "-c", PLAIN, str(folder / f"plain-{number}.parquet"), *files]
                ),
                "postreset ingest": run(
                    [postreset, "ingest", str(folder / "logs"), "--lake", str(lake), "--json"],
                    str(folder / "account.json"),
                ),
            }
            account = json.loads((folder / "account.json").read_text())
            assert account["events"] == EVENTS, account
            (folder / "account.json").unlink()
            shutil.rmtree(lake)
            if number:  # the first round warms the caches
                for name, measured in once.items():
                    runs[name].append(measured)
        report(runs, packed, len(files))
    finally:
        shutil.rmtree(folder)


def report(runs: dict[str, list[Run]], packed: float, file_count: int) -> None:
    base = statistics.median(measured.seconds for measured in runs["gzip -dc"])
    out = [
        f"{EVENTS:,} events, {file_count} files, {packed:.0f} MB gzip, {os.cpu_count()} cores, {ROUNDS} rounds in turn, medians"
    ]
    out.append(f"{'':18} {'seconds':>8} {'(min–max)':>13} {'× gzip -dc':>11} {'CPU s':>7} {'peak MB':>8}")
    for name, measured in runs.items():
        seconds = sorted(each.seconds for each in measured)
        out.append(
            f"{name:18} {statistics.median(seconds):8.2f} {f'({seconds[0]:.2f}–{seconds[-1]:.2f})':>13} {statistics.median(seconds) / base:11.2f} "
            f"{statistics.median(each.cpu_seconds for each in measured):7.2f} {max(each.peak_megabytes for each in measured):8.0f}"
        )
    pairs = [
        ours.seconds / gzip.seconds
        for ours, gzip in zip(runs["postreset ingest"], runs["gzip -dc"], strict=True)
    ]
    out.append(
        f"postreset ingest / gzip -dc, pair by pair: {statistics.median(pairs):.2f} (aim: at most 4), below 2,000 MB"
    )
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
