"""Hunts in a made-up lake by one process, with what they took after start-up: `python -m tests.bench.hunt_work LAKE WHO…` hunts
each of them, `… LAKE night` everybody who was reset in the night. Prints JSON.

Start-up is what a hunt does not do again: imports, reading the rules, and the index of the lake if it is not there yet.
"""

import json
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

from pipeline.hunt import Request, hunt_resets
from pipeline.kept_facts import keep_facts
from pipeline.lake import Lake
from pipeline.rule_sets import load_rules
from tests.bench.planting import NIGHT


def main(folder: Path, wanted: list[str]) -> None:
    lake = Lake.open(folder)
    rule_set = load_rules()
    started = time.perf_counter()
    keep_facts(lake, lake.data_files())
    index_seconds = time.perf_counter() - started
    found = []
    for who in wanted:
        request = (
            Request(since=NIGHT, until=NIGHT + timedelta(days=1), rule_set=rule_set, sift_from=0)
            if who == "night"
            else Request(who=who, rule_set=rule_set, sift_from=0)
        )
        started, cpu = time.perf_counter(), time.process_time()
        scores = [hunt.score for hunt in hunt_resets(lake, request)]
        found.append(
            {
                "who": who,
                "hunts": len(scores),
                "highest": max(scores),
                "seconds": time.perf_counter() - started,
                "cpu_seconds": time.process_time() - cpu,
            }
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        json.dumps({"hunts": found, "index_seconds": index_seconds, "peak_megabytes": peak}) + "\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
