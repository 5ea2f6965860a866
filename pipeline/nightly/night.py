"""What one night is asked to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.hunt import SMALL_LAKE
from pipeline.rule_sets import RuleSet


@dataclass(frozen=True, slots=True)
class Night:
    """Every reset of [`since`, `until`), and those of earlier nights that new logs bear on. Times are naive UTC; `out` holds a
    folder for each night, `channels` are addresses to notify, which hold secrets."""

    since: datetime
    until: datetime
    rule_set: RuleSet
    out: Path
    window: timedelta = timedelta(hours=72)
    look_back: timedelta = timedelta(days=30)
    inventory: Path | None = None
    notify_above: int = 40
    channels: tuple[str, ...] = ()
    sift_from: int = SMALL_LAKE

    @property
    def name(self) -> str:
        """The day on which the period ends: the name of the night's folder."""
        return f"{self.until:%Y-%m-%d}"

    @property
    def folder(self) -> Path:
        return self.out / self.name
