"""Logs for the benches, made in a process of their own: `python -m tests.bench.logs KIND FOLDER EVENTS [EVENTS_A_SECOND]
[EVENTS_A_FILE]`, or `… one-file FOLDER BYTES`."""

import gzip
import sys
from pathlib import Path
from random import Random

from pipeline.simulate.bench import make_holders, make_templates, render, write_cloudtrail_bench
from pipeline.simulate.bench_azure import write_signins_bench, write_storage_bench
from pipeline.simulate.bench_templates import EVENTS_A_FILE, EVENTS_A_SECOND, Pace
from pipeline.simulate.estate import DATA_ACCOUNT, make_estate

KINDS = {
    "cloudtrail": write_cloudtrail_bench,
    "signins": write_signins_bench,
    "storage": write_storage_bench,
}
SEED = 7
EVENTS_AT_A_TIME = 10_000


def write_one_file(folder: Path, byte_count: int) -> None:
    """One CloudTrail document of so many bytes, and beside it how many events it holds."""
    rng, estate, pace = Random(SEED), make_estate(SEED), Pace()
    templates = make_templates(estate, DATA_ACCOUNT)
    holders = make_holders(DATA_ACCOUNT, estate, pace.time_of(0), rng)
    folder.mkdir(parents=True)
    events = written = 0
    with gzip.open(folder / "one.json.gz", "wb", compresslevel=1) as file:
        file.write(b'{"Records":[')
        while written < byte_count:
            numbers = range(events, events + EVENTS_AT_A_TIME)
            text = ",".join(render(templates, holders, numbers, pace, rng))
            written += file.write((("," if events else "") + text).encode())
            events += EVENTS_AT_A_TIME
        file.write(b"]}")
    (folder / "events.txt").write_text(str(events))


def main(kind: str, folder: Path, amount: int, pace: list[str]) -> None:
    if kind == "one-file":
        write_one_file(folder, amount)
        return
    a_second = float(pace[0]) if pace else EVENTS_A_SECOND
    a_file = int(pace[1]) if pace[1:] else EVENTS_A_FILE
    KINDS[kind](folder, amount, SEED, Pace(a_second, a_file))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
