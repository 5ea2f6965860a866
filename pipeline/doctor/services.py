"""The configured sources: whether each answers and lets itself be read, how far it is loaded, and what waits."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loaders.base import Loader, Probe, Verifier
from loaders.kinds import make_loader
from loaders.landing import Landing
from loaders.ledger_rows import Counts, Verification
from pipeline.errors import PostresetError, SettingsError
from pipeline.settings import read_settings

PROBE_SECONDS = 30.0  # that all sources together are given to answer


@dataclass(frozen=True, slots=True)
class Service:
    """One source of the settings file. `counts` are its items in the ledger of landing. `can_verify`: whether it has proofs
    that its logs are whole, which `verified` is about."""

    name: str
    kind: str
    probes: tuple[Probe, ...]
    counts: Counts
    complete_until: datetime | None = None
    can_verify: bool = False
    verified: Verification | None = None


def look_at_services(folder: Path, config: Path | None, seconds: float = PROBE_SECONDS) -> list[Service]:
    """Asks all at once. One that does not answer in time is seen as such; its thread is left behind."""
    try:
        sources = read_settings(config).sources
    except SettingsError:
        return []  # told by the settings' own check
    asked = [_Asked(name, table.get("kind"), _loader(name, table)) for name, table in sources.items()]
    until = time.monotonic() + seconds
    for one in asked:
        one.join(max(0.0, until - time.monotonic()))
    return [
        Service(one.name, one.kind, one.answer(seconds), *_loaded(folder, one.name), one.can_verify, verified)
        for one in asked
        for verified in [_verified(folder, one.name)]
    ]


class _Asked(threading.Thread):
    """A source that is asked. A daemon, so that it holds nobody."""

    def __init__(self, name: str, kind: object, loader: Loader | Probe) -> None:
        super().__init__(daemon=True, name=name)
        self.kind = kind if isinstance(kind, str) else ""
        self._loader = loader
        self.can_verify = isinstance(loader, Verifier) and loader.has_proofs
        self._found: tuple[Probe, ...] | None = None
        self.start()

    def run(self) -> None:
        if isinstance(self._loader, Probe):
            self._found = (self._loader,)
            return
        try:
            self._found = tuple(self._loader.probe())
        except Exception as error:
            self._found = (Probe("ask it", False, f"a fault in the loader ({type(error).__name__})"),)

    def answer(self, seconds: float) -> tuple[Probe, ...]:
        hint = "look at its address, at the network and at proxies"
        return self._found or (Probe("ask it", False, f"no answer in {seconds:.0f} seconds", hint),)


def _loader(name: str, table: dict[str, object]) -> Loader | Probe:
    try:
        return make_loader(name, table, f"[sources.{name}]")
    except PostresetError as error:
        return Probe("use its settings", False, error.what, error.hint)


def _loaded(folder: Path, name: str) -> tuple[Counts, datetime | None]:
    try:
        landing = Landing.look(folder)
        if landing is None:
            return Counts(), None
        with landing:
            return landing.counts(name), landing.complete_until(name)
    except PostresetError as error:
        return Counts(error=str(error)), None


def _verified(folder: Path, name: str) -> Verification | None:
    try:
        landing = Landing.look(folder)
        if landing is None:
            return None
        with landing:
            return landing.verification(name)
    except PostresetError:
        return None  # told with the counts
