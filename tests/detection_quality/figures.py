"""The figures of many trials: how the ranking separates attacks from ordinary resets, and what the timelines hold."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.detection_quality.trials import HuntRow, Trial


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one set of hunts. A share is None where there is nothing to count."""

    attack_count: int
    benign_count: int
    auc: float | None
    precision_at_attacks: float | None
    median_rank: float | None  # of an attack within its day and organisation; 1 is the top
    step_recall: float | None
    event_recall: float | None
    row_precision: float | None
    benign_above_50: float | None
    attacks_above_50: float | None
    not_found: int


def figures_of(rows: Sequence[HuntRow]) -> Figures:
    attacks = [row for row in rows if row.is_attack]
    benign = [row for row in rows if not row.is_attack]
    steps = [step for row in attacks for step in row.steps]
    scored = sum(row.scored_rows for row in attacks)
    return Figures(
        attack_count=len(attacks),
        benign_count=len(benign),
        auc=auc([row.log_odds for row in attacks], [row.log_odds for row in benign]),
        precision_at_attacks=precision_at(rows, len(attacks)),
        median_rank=median(ranks) if (ranks := ranks_in_day(rows)) else None,
        step_recall=share(sum(step.told_count > 0 for step in steps), len(steps)),
        event_recall=share(sum(step.told_count for step in steps), sum(step.event_count for step in steps)),
        row_precision=share(sum(row.right_rows for row in attacks), scored),
        benign_above_50=share(sum((row.score or 0) > 50 for row in benign), len(benign)),
        attacks_above_50=share(sum((row.score or 0) > 50 for row in attacks), len(attacks)),
        not_found=sum(row.score is None for row in rows),
    )


def auc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """The chance that an attack ranks above an ordinary reset, a tie counting half (Mann-Whitney U over all pairs)."""
    if not positives or not negatives:
        return None
    counted: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for value in positives:
        counted[value][0] += 1
    for value in negatives:
        counted[value][1] += 1
    below, wins = 0, 0.0
    for value in sorted(counted):
        positive, negative = counted[value]
        wins += positive * (below + negative / 2)
        below += negative
    return wins / (len(positives) * len(negatives))


def precision_at(rows: Sequence[HuntRow], count: int) -> float | None:
    """Of the `count` highest, how many are attacks; ties are broken against us."""
    ordered = sorted(rows, key=lambda row: (-row.log_odds, row.is_attack))[:count]
    return share(sum(row.is_attack for row in ordered), len(ordered))


def ranks_in_day(rows: Iterable[HuntRow]) -> list[int]:
    """Of each attack among the resets of its organisation and day; ties are broken against us."""
    days: dict[tuple[int, str], list[HuntRow]] = defaultdict(list)
    for row in rows:
        days[row.seed, f"{row.occurred_at:%Y-%m-%d}"].append(row)
    return [
        1 + sum(other.log_odds >= row.log_odds for other in day if not other.is_attack)
        for day in days.values()
        for row in day
        if row.is_attack
    ]


def by_scenario(trials: Iterable[Trial]) -> dict[str, Figures]:
    """Each scenario's attacks against all ordinary resets of the same trials."""
    rows = [row for trial in trials for row in trial.rows]
    benign = [row for row in rows if not row.is_attack]
    scenarios = sorted(
        {row.scenario or "?" for row in rows if row.is_attack}, key=lambda name: (len(name), name)
    )
    return {
        name: figures_of([*(row for row in rows if row.is_attack and row.scenario == name), *benign])
        for name in scenarios
    }


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
