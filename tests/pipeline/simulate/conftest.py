import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate import SimulationSummary, simulate


@dataclass(frozen=True)
class Simulated:
    """A written scenario, its rows by folder kind, and its ground truth."""

    summary: SimulationSummary
    expected: dict[str, Any]
    trail: list[dict[str, Any]]
    rows: list[dict[str, Any]]


def read_rows(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()).decode()
    if "CloudTrail" in path.parts:
        return json.loads(text)["Records"]
    return [json.loads(line) for line in text.splitlines()]


def read_simulated(summary: SimulationSummary) -> Simulated:
    trail, rows = [], []
    for path in sorted(summary.out.rglob("*.json.gz")):
        (trail if "CloudTrail" in path.parts else rows).extend(read_rows(path))
    assert summary.expected
    return Simulated(summary, json.loads(summary.expected.read_text()), trail, rows)


@pytest.fixture(scope="session")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return read_simulated(simulate(tmp_path_factory.mktemp("simulated") / "incident", "incident", seed=7))


@pytest.fixture(scope="session")
def quiet_day(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return read_simulated(simulate(tmp_path_factory.mktemp("simulated") / "quiet-day", "quiet_day", seed=7))


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Path], list[dict[str, Any]]]:
    return read_rows
