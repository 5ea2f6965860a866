"""What the checks look at: the machine, the lake's folder and ledger, and what the lake holds of each source and tenant."""

import platform
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path

from pipeline import __version__
from pipeline.connection import connect
from pipeline.doctor.services import Service
from pipeline.errors import PostresetError
from pipeline.lake import Lake
from pipeline.ledger import Count
from pipeline.settings import SETTINGS_FILE, sql_text
from pipeline.visibility import HIDDEN_WITHOUT

LIBRARIES = ("duckdb", "pyarrow", "pyiceberg", "pysigma", "great-expectations")


@dataclass(frozen=True, slots=True)
class Coverage:
    """One source of one tenant in the lake: a row of sql/checks/source_coverage.sql. `*_within_minutes`: how long after the
    event the vendor delivered half and 95 of 100; none where the log does not say."""

    source: str
    tenant_id: str | None
    event_count: int
    first_at: datetime
    last_at: datetime
    hour_count: int
    longest_silence_hours: int
    longest_silence_from: datetime | None
    s3_object_event_count: int
    half_within_minutes: int | None
    most_within_minutes: int | None


@dataclass(frozen=True, slots=True)
class LakeState:
    """What lies in the lake's folder. `records` and `quarantined` are of all ingests so far, as the ledger has them."""

    folder: Path
    snapshot_id: int | None = None
    file_count: int = 0
    byte_count: int = 0
    counts: tuple[Count, ...] = ()
    done_batches: int = 0
    pending_batches: int = 0
    problem: str | None = None  # why it cannot be opened or read

    @property
    def records(self) -> int:
        return sum(count.records for count in self.counts)

    @property
    def quarantined(self) -> int:
        return sum(count.quarantined for count in self.counts)


@dataclass(frozen=True, slots=True)
class Seen:
    """All that the checks look at. Where the lake cannot be opened, `lake.problem` says why and there is no coverage."""

    now: datetime
    versions: dict[str, str]
    free_bytes: int
    config: Path | None  # the settings file, if there is one
    lake: LakeState
    coverage: list[Coverage] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)

    @property
    def never_seen(self) -> dict[str, str]:
        """Source → what is hidden without it; of a lake with events."""
        seen = {row.source for row in self.coverage}
        return {source: hidden for source, hidden in HIDDEN_WITHOUT.items() if seen and source not in seen}


def look(folder: Path, now: datetime, config: Path | None) -> Seen:
    """A lake that cannot be opened is seen as such."""
    config = config or (SETTINGS_FILE if SETTINGS_FILE.is_file() else None)
    around = _versions(), _free_bytes(folder), config
    try:
        return Seen(now, *around, *_look_into(folder))
    except PostresetError as error:
        problem = error.what
    except Exception as error:  # a broken catalog, manifest, file or ledger raises what its library raises
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        problem = f"it cannot be read ({words})"
    return Seen(now, *around, LakeState(folder, problem=problem))


def _look_into(folder: Path) -> tuple[LakeState, list[Coverage]]:
    lake = Lake.open(folder)
    files = lake.plan_files()
    byte_count = sum(Path(file).stat().st_size for file in files)
    with connect() as con:
        lake.create_events_view(con)
        coverage = [Coverage(*row) for row in con.execute(sql_text("checks/source_coverage")).fetchall()]
    ledger = _read_ledger(folder / "ledger.db")
    return LakeState(folder, lake.snapshot_id, len(files), byte_count, *ledger), coverage


def _read_ledger(path: Path) -> tuple[tuple[Count, ...], int, int]:
    """Counts by source, batches that are done, batches that are pending. Read only: `Ledger` would make what is not there."""
    if not path.is_file():
        return (), 0, 0
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        counts = db.execute(
            """select source, sum(records), sum(events), sum(duplicates), sum(quarantined)
            from counts group by source order by source"""
        ).fetchall()
        states = dict(db.execute("select state, count(*) from batches group by state").fetchall())
    return tuple(Count(*row) for row in counts), states.get("done", 0), states.get("pending", 0)


def _versions() -> dict[str, str]:
    found = {"postreset": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "not installed"
    return found


def _free_bytes(folder: Path) -> int:
    """Of the disk where the folder is, or would be."""
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
