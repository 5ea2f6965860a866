"""One way of matching rules with events, in a process of its own: `python -m tests.bench.rule_work HOW LAKE RULES ROUNDS`.

HOW is `together` (one scan for all rules), `one-by-one` (a query a rule), `scan` (what no scan has seen yet, signals stored) or
`again` (the first rule alone, changed, over all events). Prints the seconds of each round, the first not counted, and what was
found, as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipeline.detect import evaluate_rules, evaluate_rules_one_by_one
from pipeline.detection import Detection
from pipeline.detections import load_detections
from pipeline.hunt import connect
from pipeline.lake import Lake
from pipeline.scan import rescan, scan_new

NOW = datetime(2026, 11, 24)


def main(how: str, folder: Path, rules: Path, rounds: int) -> None:
    lake = Lake.open(folder)
    detections = load_detections([rules])
    work = _scanning(how, lake, detections) if how in ("scan", "again") else _matching(how, lake, detections)
    seconds: list[float] = []
    found = 0
    for _ in range(rounds + (rounds > 1)):
        started = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - started)
    sys.stdout.write(json.dumps({"seconds": seconds[rounds > 1 :], "signals": found}) + "\n")


def _matching(how: str, lake: Lake, detections: list[Detection]) -> Callable[[], int]:
    con = connect(lake)
    lake.create_events_view(con)
    evaluate = evaluate_rules if how == "together" else evaluate_rules_one_by_one

    def work() -> int:
        evaluate(con, detections)
        return con.execute("select count(*) from signals").fetchall()[0][0]

    return work


def _scanning(how: str, lake: Lake, detections: list[Detection]) -> Callable[[], int]:
    if how == "scan":
        return lambda: scan_new(lake, detections, NOW).signal_count
    first = detections[0]
    changed = [replace(first, content_hash=f"{first.content_hash}!"), *detections[1:]]
    return lambda: rescan(lake, changed, [first.name], NOW).event_count


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
