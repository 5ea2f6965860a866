"""60 and 150 rules: over events in the lake, one scan beside one query a rule; and from gzip JSON to signals beside a peer.

Seconds are taken inside the processes, without the start of Python, which is told apart where it counts. The peer is
zargunlite 0.1.3, because Zircolite has no package.
"""

import json
import statistics
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from tests.bench import sizes
from tests.bench.measuring import POSTRESET, ROOT, Figure, python, ratio_figure, run, say
from tests.bench.rule_data import write_administration, write_rules

RULE_COUNTS = (60, 150)
ADMINISTRATION_SHARE = 0.03
SEED = 7
PEER = ("zargunlite==0.1.3", "pysigma-backend-sqlite==2.1.1", "pysigma==2.0.1")
SECONDS_AIM, END_TO_END_AIM, AGAIN_AIM = 2.0, 3.0, 20.0


def measure(folder: Path) -> list[Figure]:
    rules = {str(count): write_rules(folder / f"rules-{count}", count) for count in RULE_COUNTS}
    rules["60 and 3 noisy"] = write_rules(folder / "rules-noisy", 60, noisy_count=3)
    return [*_in_the_lake(folder, rules), *_from_gzip(folder, rules)]


def _in_the_lake(folder: Path, rules: dict[str, Path]) -> list[Figure]:
    logs, lake = folder / "rule-logs", folder / "rule-lake"
    _write_logs(logs, sizes.RULE_EVENTS)
    run([*POSTRESET, "ingest", str(logs), "--lake", str(lake), "--json"])
    figures = []
    for name, where in rules.items():
        together = _work("together", lake, where, sizes.ROUNDS)
        one_by_one = _work("one-by-one", lake, where, 1)
        assert together["signals"] == one_by_one["signals"], (together, one_by_one)
        seconds = statistics.median(together["seconds"])
        figures += [
            Figure(
                f"{name} rules over {sizes.RULE_EVENTS:,} events ({together['signals']:,} signals)",
                f"{seconds:.2f} s",
                f"≤ {SECONDS_AIM:g} s" if name == "60" else "",
                seconds <= SECONDS_AIM if name == "60" else None,
            ),
            Figure(
                f"{name} rules: one query a rule / one scan", f"{one_by_one['seconds'][0] / seconds:.1f}×"
            ),
        ]
    return figures


def _from_gzip(folder: Path, rules: dict[str, Path]) -> list[Figure]:
    logs, lake = folder / "peer-logs", folder / "peer-lake"
    _write_logs(logs, sizes.PEER_EVENTS)
    peer = _peer_python(folder)
    figures = []
    for name in map(str, RULE_COUNTS):
        ours: list[float] = []
        theirs: list[float] = []
        what = f"{name} rules, {sizes.PEER_EVENTS:,} events"
        for number in range(sizes.FEW_ROUNDS):  # in turn, so that both meet the same noise
            where = lake / f"{name}-{number}"
            ingested = run([*POSTRESET, "ingest", str(logs), "--lake", str(where), "--json"])
            scanned = _work("scan", where, rules[name], 1)
            ours.append(ingested.seconds + scanned["seconds"][0])
            if peer is not None:
                command = [
                    str(peer),
                    str(ROOT / "tests" / "bench" / "peer_work.py"),
                    str(logs),
                    str(rules[name]),
                ]
                found = _ask(command)
                theirs += found["seconds"]
                say(f"{what}: {scanned['signals']:,} signals, the peer {found['signals']:,}")
        seconds = statistics.median(ours)
        again = statistics.median(_work("again", where, rules[name], sizes.ROUNDS)["seconds"])
        figures.append(Figure(f"{what}: gzip JSON to signals, lake written", f"{seconds:.1f} s"))
        figures.append(Figure(f"{what}: a changed rule again", f"{again:.2f} s"))
        if theirs:
            peer_seconds = statistics.median(theirs)
            figures += [
                Figure(f"{what}: the peer", f"{peer_seconds:.1f} s"),
                ratio_figure(
                    f"{what}: peer / end to end", peer_seconds / seconds, END_TO_END_AIM, at_least=True
                ),
                ratio_figure(f"{what}: peer / second look", peer_seconds / again, AGAIN_AIM, at_least=True),
            ]
    return figures


def _write_logs(folder: Path, count: int) -> None:
    administration = int(count * ADMINISTRATION_SHARE)
    python("tests.bench.logs", "cloudtrail", folder, count - administration)
    write_administration(folder / "administration", administration, SEED)


def _work(how: str, lake: Path, rules: Path, rounds: int) -> dict[str, Any]:
    return _ask([sys.executable, "-m", "tests.bench.rule_work", how, str(lake), str(rules), str(rounds)])


def _ask(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def _peer_python(folder: Path) -> Path | None:
    """The Python of the peer's environment; None, and a line, where it cannot be had."""
    if sizes.PEER_PYTHON:
        return Path(sizes.PEER_PYTHON)
    where = folder / "peer"
    venv.create(where, with_pip=True)
    install = [str(where / "bin" / "python"), "-m", "pip", "install", "--quiet", *PEER]
    if subprocess.run(install, check=False).returncode:
        say(f"no peer: {', '.join(PEER)} cannot be installed here")
        return None
    return where / "bin" / "python"
