"""Ingest of three kinds of logs beside `gzip -dc` and DuckDB's own read_json_auto → Parquet, on the same files."""

import json
import shutil
import sys
from pathlib import Path

from tests.bench.measuring import (
    POSTRESET,
    Figure,
    Run,
    in_turn,
    memory_figure,
    pair_ratio,
    python,
    ratio_figure,
    run,
    runs_table,
    say,
)
from tests.bench.sizes import EVENTS, FEW_ROUNDS, ROUNDS

KINDS = {"cloudtrail": "CloudTrail", "signins": "Entra sign-ins", "storage": "Storage logs"}
PLAIN = """
import duckdb, sys
con = duckdb.connect(config={"memory_limit": "6GB"})
columns = "unnest(Records) as record, filename" if sys.argv[2] == "cloudtrail" else "*"
con.execute(
    f"copy (select {columns} from read_json_auto($files, filename = true, union_by_name = true)) "
    "to '" + sys.argv[1] + "' (format parquet, compression zstd)", {"files": sys.argv[3:]}
)
"""
GZIP_AIM = 4.0


def measure(folder: Path) -> list[Figure]:
    figures = []
    for kind, name in KINDS.items():
        say(f"{EVENTS:,} events of {name}")
        logs = folder / kind
        python("tests.bench.logs", kind, logs, EVENTS)
        figures += measure_kind(folder, logs, kind, name)
        shutil.rmtree(logs)
    return figures


def measure_kind(folder: Path, logs: Path, kind: str, name: str) -> list[Figure]:
    files = sorted(str(path) for path in logs.rglob("*.json.gz"))
    account = folder / "account.json"

    def ingest(number: int) -> Run:
        lake = folder / f"lake-{number}"
        measured = run([*POSTRESET, "ingest", str(logs), "--lake", str(lake), "--json"], account)
        events = json.loads(account.read_text())["events"]
        assert events == EVENTS, events
        shutil.rmtree(lake)
        return measured

    plain = [sys.executable, "-c", PLAIN, str(folder / "plain.parquet"), kind, *files]
    rounds = ROUNDS if kind == "cloudtrail" else FEW_ROUNDS
    works = {
        "gzip -dc": lambda _: run(["gzip", "-dc", *files]),
        "read_json_auto": lambda _: run(plain),
        "ingest": ingest,
    }
    runs = in_turn(works, rounds)
    packed = sum(Path(path).stat().st_size for path in files) / 1e6
    say(f"{name}: {len(files)} files, {packed:.0f} MB gzip, {rounds} rounds\n{runs_table(runs, 'gzip -dc')}")
    ratio = pair_ratio(runs["ingest"], runs["gzip -dc"])
    beside = pair_ratio(runs["ingest"], runs["read_json_auto"])
    speed = EVENTS / (sum(each.seconds for each in runs["ingest"]) / rounds)
    return [
        ratio_figure(f"{name}: ingest / gzip -dc", ratio, GZIP_AIM, f" ({speed:,.0f} events/s)"),
        Figure(f"{name}: ingest / read_json_auto", f"{beside:.2f}×"),
        memory_figure(f"{name}: ingest", runs["ingest"]),
    ]
