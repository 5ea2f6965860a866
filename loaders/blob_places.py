"""How Azure files exported logs in a container, and which of their blobs lie in a day.

Three layouts are known, each below folders that name a resource, a tenant or a workspace: diagnostic settings write an append blob
an hour, `y=2026/m=03/d=02/h=09/m=00/PT1H.json`; data export rules a blob every five minutes, `…/h=09/m=05/PT05M.json`; export jobs
Parquet in `timestamp=2026-03-02T09`. The folders are those of the time a log was received.
Sources: https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs#send-to-azure-storage, ../logs/logs-data-export.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipeline.errors import LoadError

MAX_DEPTH = 24  # folders above the first that names a time
MAX_ROOTS = 20_000


@dataclass(frozen=True, slots=True)
class Root:
    """The folder above those that name times; it ends in `/`, or is empty."""

    path: str
    layout: Literal["hours", "timestamp"]

    def day(self, day: date) -> str:
        """What the names of the day's blobs begin with."""
        if self.layout == "timestamp":
            return f"{self.path}timestamp={day:%Y-%m-%d}T"
        return f"{self.path}y={day:%Y}/m={day:%m}/d={day:%d}/"


def roots_below(prefix: str, folders: Callable[[str], list[str]], where: str) -> Iterator[Root]:
    """Every root under the prefix; `folders` gives the folders in one, whole and ending in `/`. Raises LoadError for a tree
    that is deeper or wider than any export."""
    todo = [(prefix, 0)]
    found = 0
    while todo:
        path, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise LoadError("its folders do not end", f"{where} {path[:200]}", "set prefix")
        below = folders(path)
        names = [each[len(path) :] for each in below]
        layouts: set[Literal["hours", "timestamp"]] = set()
        if any(name.startswith("y=") for name in names):
            layouts.add("hours")
        if any(name.startswith("timestamp=") for name in names):
            layouts.add("timestamp")
        for layout in sorted(layouts):
            found += 1
            if found > MAX_ROOTS:
                raise LoadError(f"more than {MAX_ROOTS:,} resources", where, "set containers or prefix")
            yield Root(path, layout)
        todo += [
            (each, depth + 1)
            for each, name in zip(below, names, strict=True)
            if not name.startswith(("y=", "timestamp="))
        ]
