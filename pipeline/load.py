"""Services into landing, and landing into the lake: what is new in each configured source, one after the other.

A source that cannot be read is told and does not stop the others. Only a full disk stops them all. Everything that was landed
stays, and what was not is asked for again by the next load.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders.account import Account
from loaders.base import Finding, Loader, Verifier
from loaders.bounds import DEFAULT_BOUNDS, Bounds
from loaders.kinds import make_loader
from loaders.landing import Landing, LandingStopped, LoadSummary
from loaders.ledger_rows import Verification
from pipeline.errors import LoadError, SettingsError
from pipeline.limits import DEFAULT_LIMITS, Limits
from pipeline.settings import SETTINGS_FILE, Settings

if TYPE_CHECKING:
    from pipeline.ingest import IngestSummary

log = logging.getLogger("postreset.load")

FILES_AT_ONCE = 20_000  # landed files between two notes in the ledger: what a kill costs to read again


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of each source that was tried. `stopped` says why the rest was not."""

    summaries: tuple[LoadSummary, ...]
    stopped: LoadError | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read, by source."""
        told = [f"{one.source}: {problem_of(one)}" for one in self.summaries if problem_of(one)]
        return (*told, *([str(self.stopped)] if self.stopped else []))


def problem_of(summary: LoadSummary) -> str:
    """Why a source was not read whole, or nothing."""
    if summary.error or not summary.failed_count:
        return summary.error or ""
    first = summary.troubles[0]
    items = "1 item" if summary.failed_count == 1 else f"{summary.failed_count:,} items"
    return f"{items} could not be fetched, {first.place}: {first.told}"


def make_loaders(settings: Settings, names: Iterable[str] = (), where: str = "") -> list[Loader]:
    """The loaders of the named sources, or of all that are configured. Raises one SettingsError for all faults."""
    wanted = list(dict.fromkeys(names)) or list(settings.sources)
    if unknown := [name for name in wanted if name not in settings.sources]:
        known = f"known are {', '.join(settings.sources)}" if settings.sources else "none is configured"
        raise SettingsError(f"no such source: {', '.join(unknown)}", where or str(SETTINGS_FILE), known)
    loaders: list[Loader] = []
    faults: list[SettingsError] = []
    for name in wanted:
        try:
            loaders.append(make_loader(name, settings.sources[name], f"[sources.{name}]"))
        except SettingsError as error:
            faults.append(error)
    if len(faults) == 1:
        raise SettingsError(faults[0].what, f"{where or SETTINGS_FILE} {faults[0].where}", faults[0].hint)
    if faults:
        raise SettingsError(
            "\n".join(["these sources cannot be used:", *map(str, faults)]), where or str(SETTINGS_FILE)
        )
    return loaders


def load_sources(
    lake_folder: Path,
    loaders: Iterable[Loader],
    since: datetime | None,
    until: datetime,
    bounds: Bounds = DEFAULT_BOUNDS,
    on_progress: Callable[[str, Account], object] = lambda source, account: None,
) -> Loaded:
    """Lands what is new of [since, until), naive UTC; `until` is now or before. Without `since`: from where the source is
    complete, or as far as the bounds look back. Raises LoadError where there can be no landing folder."""
    summaries: list[LoadSummary] = []
    with Landing.open(lake_folder, bounds) as landing:
        for loader in loaders:
            begin = until - bounds.look_back if since is None else since
            try:
                summary = landing.load(
                    loader, begin, until, lambda account, of=loader.name: on_progress(of, account)
                )
            except LandingStopped as error:
                return Loaded(tuple(summaries), error)
            except LoadError as error:
                summary = _untried(landing, loader, begin, until, error)
            summaries.append(summary)
            log.info("%s: %d items, %d bytes", loader.name, summary.item_count, summary.byte_count)
    return Loaded(tuple(summaries))


def verify_sources(
    lake_folder: Path, loaders: Iterable[Loader], since: datetime, until: datetime
) -> tuple[list[tuple[str, Finding]], list[str]]:
    """What is wrong with the logs themselves, by source, and which sources could not be asked. It is kept, for doctor; `until`
    is now."""
    found: list[tuple[str, Finding]] = []
    problems: list[str] = []
    with Landing.open(lake_folder) as landing:
        for loader in loaders:
            if not isinstance(loader, Verifier):
                continue
            try:
                wrong = tuple(loader.verify(since, until))
            except LoadError as error:
                problems.append(f"{loader.name}: {error}")
                continue
            landing.ledger.note_verification(
                loader.name, Verification(since, until, until, len(wrong), wrong)
            )
            found += [(loader.name, finding) for finding in wrong]
    return found, problems


def ingest_landed(
    lake_folder: Path,
    now: datetime,
    limits: Limits = DEFAULT_LIMITS,
    on_files: Callable[[int, int], None] = lambda done, every: None,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> "IngestSummary":
    """Takes every landed file that is not in the lake into it, and marks it; removes files that were marked long enough ago.
    One that was taken in and not marked, because the run was killed between the two, is read again and all duplicates."""
    from pipeline.ingest import IngestSummary, MissingPaths, ingest  # DuckDB, which a load does not need

    whole = IngestSummary()
    looked = Landing.look(lake_folder)
    if looked is None:
        return whole
    looked.close()
    with Landing.open(lake_folder, bounds) as landing:
        waiting = landing.not_ingested()
        for start in range(0, len(waiting), FILES_AT_ONCE):
            group = waiting[start : start + FILES_AT_ONCE]
            try:
                summary = ingest(
                    lake_folder,
                    group,
                    now,
                    lambda done, _, before=start: on_files(before + done, len(waiting)),
                    limits,
                )
            except MissingPaths as error:  # somebody removed it meanwhile: it is fetched again
                summary = error.summary
                group = [path for path in group if path.exists()]
            landing.mark_ingested(group, now)
            whole.files += summary.files
            whole.add(summary.counts.values())
            whole.reasons.update(summary.reasons)
        landing.remove_ingested(now)
    return whole


def was_loaded(lake_folder: Path) -> bool:
    """Whether a load ever ran here."""
    looked = Landing.look(lake_folder)
    if looked is None:
        return False
    with looked:
        return not looked.is_empty()


def as_json(loaded: Loaded, found: Iterable[tuple[str, Finding]] | None = None) -> dict[str, Any]:
    """For `load --json`."""
    shape: dict[str, Any] = {
        "sources": [
            {
                "source": one.source,
                "kind": one.kind,
                "since": one.since,
                "until": one.until,
                "items": one.item_count,
                "bytes": one.byte_count,
                "gone": one.gone_count,
                "failed": one.failed_count,
                "waiting": one.waiting_count,
                "complete_until": one.complete_until,
                "problem": problem_of(one) or None,
                "troubles": [{"place": trouble.place, "told": trouble.told} for trouble in one.troubles],
                "gone_items": list(one.gone),
            }
            for one in loaded.summaries
        ],
        "stopped": str(loaded.stopped) if loaded.stopped else None,
    }
    if found is not None:
        shape["findings"] = [
            {
                "source": source,
                "kind": finding.kind,
                "place": finding.place,
                "told": finding.told,
                "control_domain": finding.control_domain,
            }
            for source, finding in found
        ]
    return shape


def _untried(
    landing: Landing, loader: Loader, since: datetime, until: datetime, error: LoadError
) -> LoadSummary:
    name = loader.name
    waiting = landing.counts(name).waiting
    return LoadSummary(
        name, loader.kind, since, until, 0, 0, 0, 0, waiting, landing.complete_until(name), str(error)
    )
