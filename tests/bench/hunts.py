"""One hunt in a large lake beside the same hunt in one of a tenth, and all resets of one night beside one of them.

Both lakes have as many people reset for each of their events. The first run of each makes the index of the lake and is not
counted: it is made once, and then only for what is new.
"""

import json
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

from tests.bench.measuring import MEMORY_AIM, Figure, python, ratio_figure, run, say
from tests.bench.sizes import FEW_ROUNDS, HUNT_EVENTS, HUNT_LAKES, HUNT_PEOPLE

SECONDS_AIM = 3.0
GROWTH_AIM = 1.5
NIGHT_AIM = 10.0
ONE = "reset0@example.com"


def measure(folder: Path) -> list[Figure]:
    lakes = {}
    for name, share in {"large": 1, "tenth": 10}.items():
        lakes[name] = (HUNT_LAKES or folder) / f"hunts-{name}"
        if not (lakes[name] / "catalog.db").is_file():
            say(f"a lake of {HUNT_EVENTS // share:,} events and {max(HUNT_PEOPLE // share, 1)} people reset")
            python("tests.bench.biglake", lakes[name], HUNT_EVENTS // share)
            python("tests.bench.planting", lakes[name], max(HUNT_PEOPLE // share, 1))
    index = {name: hunt(folder, lake, ONE)["index_seconds"] for name, lake in lakes.items()}
    singles: dict[str, list[dict[str, Any]]] = {name: [] for name in lakes}
    for _ in range(FEW_ROUNDS + 1):
        for name, lake in lakes.items():
            singles[name].append(hunt(folder, lake, ONE))
    night = hunt(folder, lakes["large"], "night")
    if not HUNT_LAKES:
        for lake in lakes.values():
            shutil.rmtree(lake)
    seconds = {
        name: statistics.median(one["hunts"][0]["seconds"] for one in runs) for name, runs in singles.items()
    }
    cpu = {
        name: statistics.median(one["hunts"][0]["cpu_seconds"] for one in runs)
        for name, runs in singles.items()
    }
    peak = max(one["peak_megabytes"] for one in [*singles["large"], night])
    every = night["hunts"][0]
    return [
        Figure(
            f"One hunt among {HUNT_EVENTS:,} events",
            f"{seconds['large']:.1f} s ({cpu['large']:.1f} CPU s)",
            f"≤ {SECONDS_AIM:g} s",
            seconds["large"] <= SECONDS_AIM,
        ),
        ratio_figure("One hunt: large lake / a tenth", seconds["large"] / seconds["tenth"], GROWTH_AIM),
        ratio_figure("One hunt: large lake / a tenth, CPU", cpu["large"] / cpu["tenth"], GROWTH_AIM),
        ratio_figure(
            f"{every['hunts']} resets of a night / one",
            every["seconds"] / seconds["large"],
            NIGHT_AIM,
            f" ({every['seconds']:.1f} s)",
        ),
        Figure("Hunts: peak memory", f"{peak:,.0f} MB", f"< {MEMORY_AIM:,} MB", peak < MEMORY_AIM),
        Figure("Index of the large lake, once", f"{index['large']:.0f} s"),
    ]


def hunt(folder: Path, lake: Path, who: str) -> dict[str, Any]:
    answer = folder / "hunts.json"
    run([sys.executable, "-m", "tests.bench.hunt_work", str(lake), who], answer)
    shutil.rmtree(lake / "history", ignore_errors=True)
    return json.loads(answer.read_text())
