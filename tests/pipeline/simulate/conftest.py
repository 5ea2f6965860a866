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
    """A written scenario, its rows by folder kind, and its ground truth. `rows` are those of diagnostic settings."""

    summary: SimulationSummary
    expected: dict[str, Any]
    trail: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    okta: list[dict[str, Any]]
    office: list[dict[str, Any]]


def read_rows(path: Path) -> list[dict[str, Any]]:
    text = gzip.decompress(path.read_bytes()).decode()
    if "CloudTrail" in path.parts:
        return json.loads(text)["Records"]
    if text.startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]


def read_simulated(summary: SimulationSummary) -> Simulated:
    kinds: dict[str, list[dict[str, Any]]] = {"diagnostics": [], "okta": [], "microsoft-365": [], "trail": []}
    for path in sorted(summary.out.rglob("*.json.gz")):
        top = path.relative_to(summary.out).parts[0]
        kinds[top if top in kinds else "trail"].extend(read_rows(path))
    assert summary.expected
    expected = json.loads(summary.expected.read_text())
    return Simulated(
        summary, expected, kinds["trail"], kinds["diagnostics"], kinds["okta"], kinds["microsoft-365"]
    )


@pytest.fixture(scope="session")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return read_simulated(simulate(tmp_path_factory.mktemp("simulated") / "incident", "incident", seed=7))


@pytest.fixture(scope="session")
def quiet_day(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return read_simulated(simulate(tmp_path_factory.mktemp("simulated") / "quiet-day", "quiet_day", seed=7))


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Path], list[dict[str, Any]]]:
    return read_rows
