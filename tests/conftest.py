"""Fixtures, named for their state, and where the real logs lie (tests that read them skip where they are absent)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.hunt import connect
from pipeline.ingest import ingest
from pipeline.lake import Lake

ROOT = Path(__file__).parent.parent
REAL_LOGS = ROOT.parent / "shared" / "logs"
NOW = datetime(2026, 3, 10)


@pytest.fixture(autouse=True)
def no_width_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed does not depend on the terminal that the tests run in."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session")
def real_logs() -> Path:
    if not REAL_LOGS.is_dir():
        pytest.skip("the real logs are not on this machine")
    return REAL_LOGS


@pytest.fixture(scope="session")
def sample_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The sample incident, ingested. Read only."""
    folder = tmp_path_factory.mktemp("sample-lake")
    ingest(folder, [ROOT / "data" / "samples" / "incident"], NOW)
    return Lake.open(folder)


@pytest.fixture
def fresh_lake(tmp_path: Path) -> Path:
    """The path of a lake that is not there yet."""
    return tmp_path / "lake"


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the seeds and an empty `events`."""
    lake = Lake.open(tmp_path / "empty", create=True)
    connection = connect(lake)
    lake.create_events_view(connection)
    yield connection
    connection.close()
