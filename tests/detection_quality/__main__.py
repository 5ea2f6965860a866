"""`python -m tests.detection_quality [--organisations N] [--small N] [--tuning] [--write]`: the benchmark of `make bench-detection`.

`--organisations` for the main figures and `--small` for each harder world and each missing source; `--tuning` uses the seeds
that weights may be tuned on, and never writes the page.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from time import perf_counter

from pipeline.simulate.campaign.writing import CampaignPlan
from tests.conftest import ROOT
from tests.detection_quality.page import page_text
from tests.detection_quality.seeds import MEASURING_SEEDS, TUNING_SEEDS
from tests.detection_quality.trials import Trial, run_trial

DOCUMENT = ROOT / "docs" / "detection-quality.md"
LEFT_OUT = (
    "aws_cloudtrail", "entra_signin", "entra_signin_noninteractive", "entra_signin_service_principal", "entra_audit",
    "azure_activity", "azure_key_vault", "azure_storage", "m365_audit", "graph_activity", "okta_system",
)  # fmt: skip


def plans(organisations: int, small: int) -> dict[str, list[CampaignPlan]]:
    """One plan an organisation, by the world it stands for."""
    plan = CampaignPlan()
    worlds = {"ordinary": [plan] * organisations}
    if small:
        worlds |= {
            "busy": [replace(plan, busy_automation=True)] * small,
            "same network": [replace(plan, same_network=True)] * small,
            "whole": [plan] * small,
        }
        worlds |= {
            f"without {source}": [replace(plan, left_out_sources=frozenset({source}))] * small
            for source in LEFT_OUT
        }
    return worlds


def run(worlds: dict[str, list[CampaignPlan]], seeds: range) -> dict[str, list[Trial]]:
    """Two at a time. `ordinary` takes the first seeds, every other world the first of them again, so that they compare."""
    started = perf_counter()
    jobs = [
        (name, seeds[number], plan) for name, planned in worlds.items() for number, plan in enumerate(planned)
    ]
    trials: dict[str, list[Trial]] = {name: [] for name in worlds}
    with ProcessPoolExecutor(max_workers=int(os.environ.get("WORKERS", "2"))) as pool:
        found = pool.map(run_trial, [seed for _, seed, _ in jobs], [plan for _, _, plan in jobs])
        for number, ((name, seed, _), trial) in enumerate(zip(jobs, found, strict=True), start=1):
            trials[name].append(trial)
            sys.stderr.write(
                f"{number} of {len(jobs)}: {name}, seed {seed}, {perf_counter() - started:.0f} s\n"
            )
    return trials


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.detection_quality")
    parser.add_argument("--organisations", type=int, default=40)
    parser.add_argument("--small", type=int, default=4)
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    seeds = TUNING_SEEDS if options.tuning else MEASURING_SEEDS
    trials = run(plans(options.organisations, options.small), seeds)
    text = page_text(trials, "tuning" if options.tuning else "measuring")
    if options.write and not options.tuning:
        DOCUMENT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
