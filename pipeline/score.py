"""The score of one reset added up anew from its parts, as sql/marts/score_parts.sql does: what it would be without some of
them. A test holds the two against each other.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pipeline.settings import resource_root


@dataclass(frozen=True, slots=True)
class Domain:
    """A control domain: its place in the chain of an attack, and the most points it can give."""

    stage: int
    cap_points: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signal; those of one family tell the same fact. `points_once` before repetition and cap; `follows` unless it is an act of the reset itself."""

    family: str
    control_domain: str
    occurred_at: datetime
    points_once: float
    follows: bool


@dataclass(frozen=True, slots=True)
class Weights:
    prior_log_odds: float
    repetition_exponent: float
    spread_points: float
    link_min_points: float

    @classmethod
    def of(cls, parameters: Mapping[str, object]) -> "Weights":
        """From the parameters of a hunt; what is not named there has the shipped value."""
        shipped = shipped_parameters()
        return cls(**{name: float(str(parameters.get(name, shipped[name]))) for name in cls.__slots__})


@cache
def shipped_parameters() -> dict[str, float]:
    with (resource_root() / "sql" / "seeds" / "score_parameters.csv").open(encoding="utf-8") as file:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(file)}


@cache
def read_domains() -> dict[str, Domain]:
    with (resource_root() / "sql" / "seeds" / "control_domains.csv").open(encoding="utf-8") as file:
        return {
            row["control_domain"]: Domain(int(row["stage"]), float(row["cap_points"]))
            for row in csv.DictReader(file)
        }


def log_odds_of(evidence: Sequence[Evidence], weights: Weights) -> float:
    """The sum of all parts, the prior among them; to the rounding of the parts."""
    if not any(signal.follows for signal in evidence):
        return weights.prior_log_odds
    by_family: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for signal in evidence:
        by_family[signal.control_domain, signal.family].append(signal)
    by_domain: dict[str, float] = defaultdict(float)
    for signals in by_family.values():
        ranked = sorted(signals, key=lambda signal: (-signal.points_once, signal.occurred_at))
        for number, signal in enumerate(ranked, start=1):
            by_domain[signal.control_domain] += round(
                signal.points_once * number**-weights.repetition_exponent, 4
            )
    domains = read_domains()
    capped = math.fsum(min(points, domains[name].cap_points) for name, points in by_domain.items())
    links = longest_chain(
        (domains[signal.control_domain].stage, signal.occurred_at)
        for signal in evidence
        if signal.points_once >= weights.link_min_points
    )
    return weights.prior_log_odds + capped + weights.spread_points * max(links - 1, 0)


def longest_chain(links: Iterable[tuple[int, datetime]]) -> int:
    """The most (stage, time) pairs in a row whose stages rise and whose times do not fall."""
    best: dict[int, int] = {}  # stage → most links of a chain that ends there, so far
    for stage, _ in sorted(links, key=lambda link: (link[1], link[0])):
        longest = 1 + max((count for earlier, count in best.items() if earlier < stage), default=0)
        best[stage] = max(best.get(stage, 0), longest)
    return max(best.values(), default=0)


def score_of(log_odds: float, prior_log_odds: float | None = None) -> int:
    """0 to 99: 0 at the prior, and never 100, for a sum of reasons is no certainty (sql/marts/scores.sql)."""
    prior = _chance(shipped_parameters()["prior_log_odds"] if prior_log_odds is None else prior_log_odds)
    return min(max(math.floor(100 * (_chance(log_odds) - prior) / (1 - prior) + 0.5), 0), 99)


def _chance(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0
