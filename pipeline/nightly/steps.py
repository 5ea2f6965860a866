"""What comes before the hunts of a night: what is new is loaded and taken into the lake, and the new events are held against what
is expected of them. What goes wrong with a source or an expectation is told, and the night goes on.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import InputError, SettingsError
from pipeline.lake import Lake
from pipeline.load import ingest_landed, load_sources, make_loaders
from pipeline.report.narrative import counted
from pipeline.settings import Settings

COMPARED_WITH = timedelta(days=8)  # an hour is held against the same hour of the seven days before
NOT_INSTALLED = (
    "quality was not checked: Great Expectations is not installed (pip install 'postreset[quality]')"
)


def bring_in(
    lake_folder: Path,
    settings: Settings,
    now: datetime,
    tell: Callable[[str], None] = lambda stage: None,
    where: str = "",
) -> tuple[str, ...]:
    """Loads every configured source and takes in what is landed; returns what could not be read, by source. Raises
    SettingsError for a source that cannot be used as it is set."""
    problems: tuple[str, ...] = ()
    if settings.sources:
        loaders = make_loaders(settings, where=where)
        loaded = load_sources(
            lake_folder,
            loaders,
            None,
            now,
            settings.landing,
            lambda source, account: tell(f"load {source}: {counted(account.item_count, 'item')}"),
        )
        problems = loaded.problems
    tell("taking in what was landed")
    ingest_landed(
        lake_folder,
        now,
        settings.limits,
        lambda done, every: tell(f"ingest: {done} of {every} files"),
        settings.landing,
    )
    return problems


def check_new_events(lake: Lake, since: datetime, until: datetime, out: Path) -> list[str]:
    """What is not as expected of the events that arrived since, as sentences; reads the last days of the lake alone."""
    if find_spec("great_expectations") is None:
        return [NOT_INSTALLED]
    if lake.snapshot_id is None:
        return []
    from pipeline.quality import check_quality

    occurred_since = datetime.combine((since - COMPARED_WITH).date(), time())
    try:
        quality = check_quality(lake, until, out, since, occurred_since=occurred_since)
    except (InputError, SettingsError) as error:
        return [f"quality was not checked: {error}"]
    return [
        f"quality: {check.source}, {check.fact} is {check.value:g}"
        f"{'' if check.most is None else f', at most {check.most:g} expected'}: {counted(len(check.offenders), 'tenant')}"
        for check in quality.failed
        if check.value is not None
    ]
