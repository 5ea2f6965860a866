"""What a detection is, whatever it was read from, and what a fault of one is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

NO_LINE = 1

Kind = Literal["sigma", "sigma_correlation", "correlation"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a detection: where, what, and what to do about it."""

    path: Path
    line: int
    what: str
    recommendation: str
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}" if self.column else str(self.line)
        return f"{self.path}:{place}: {self.what}: {self.recommendation}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound parameter of a correlation. Durations are text with their unit (`72h`)."""

    name: str
    default: str | int | float | bool
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class Detection:
    """One detection. `query` is its Sigma YAML, on the lines of its file, or the SELECT; `lines` says on which line each
    top-level key stands."""

    path: Path
    kind: Kind
    name: str
    title: str
    id: str
    status: str
    description: str
    author: str
    date: str
    level: str
    control_domain: str
    points: float
    close_when: str
    references: tuple[str, ...]
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    owasp_nhi: tuple[str, ...]
    csf: tuple[str, ...]
    maestro: tuple[str, ...]
    product: str
    service: str
    parameters: tuple[Parameter, ...]
    query: str
    content_hash: str
    lines: Mapping[str, int] = field(compare=False)
    sigma_name: str = ""
    """The name by which other rules may refer to it, which need not be unique in a set; they may use the id as well."""
    is_imported: bool = False
    waits_for: str = ""
    """What must not have happened, in words: the signal waits until its source is complete past the hunt's window."""
    licence: str = ""
    link: str = ""

    def where(self, key: str = "") -> str:
        return f"{self.path}:{self.line(key)}"

    def line(self, key: str = "") -> int:
        return self.lines.get(
            key, NO_LINE if self.kind == "correlation" else min(self.lines.values(), default=NO_LINE)
        )

    @property
    def credit(self) -> str:
        """What a message about a match of somebody else's rule must carry."""
        if not self.is_imported:
            return ""
        return ", ".join(
            filter(None, ["imported", f"by {self.author}", f"rule {self.id}", self.licence, self.link])
        )
