"""The score told so that it adds up: parts in order with a running sum, what is folded together, what each control
domain is worth. Nothing is recomputed: a sum that does not meet the score is shown as one."""

import math
from dataclasses import dataclass

from pipeline.report.result import PRIOR, Finding, Hunt, ScorePart

SHOWN_PARTS = 16


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A score part, or several together (`count`), between the running sums `before` and `after`."""

    points: float
    before: float
    after: float
    reason: str
    control_domain: str | None
    detection: str | None
    title: str
    factors: str
    count: int
    is_prior: bool
    score_without: int | None = None
    """What the score would be without this evidence; None for the prior and where it cannot be said."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    parts: tuple[ShownPart, ...]
    total: float
    adds_up: bool
    is_logistic: bool  # score = 100 / (1 + e^-sum), so that one can say what it would be without a part
    low: float
    high: float


def score_table(hunt: Hunt, limit: int = SHOWN_PARTS) -> ScoreTable:
    """The prior first, then the parts by weight; like parts (same detection, same reason) together."""
    groups: dict[tuple[object, ...], list[ScorePart]] = {}
    for part in hunt.score_parts:
        is_prior = part.part_id == PRIOR
        key = (PRIOR,) if is_prior else (part.detection, part.reason, part.control_domain)
        groups.setdefault(key, []).append(part)
    ordered = sorted(
        groups.values(), key=lambda group: (group[0].part_id != PRIOR, -abs(_sum(group)), group[0].part_id)
    )
    rest = [part for group in ordered[limit:] for part in group]
    parts, running = [], 0.0
    for group in ordered[:limit] + ([rest] if rest else []):
        gained, first = _sum(group), group[0]
        folded = group is rest
        parts.append(
            ShownPart(
                points=gained,
                before=running,
                after=running + gained,
                reason=f"{len(rest)} further parts, each in hunt.json" if folded else first.reason,
                control_domain=None if folded else first.control_domain,
                detection=None if folded else first.detection,
                title=""
                if folded
                else hunt.detection_titles.get(first.detection or "", first.detection or ""),
                factors="" if folded or len(group) > 1 else _factors(first),
                count=1 if folded else len(group),
                is_prior=first.part_id == PRIOR,
                score_without=None if first.part_id == PRIOR else score_without_parts(hunt, group),
            )
        )
        running += gained
    total = math.fsum(part.points for part in hunt.score_parts)
    sums = [0.0, *(part.after for part in parts)]
    return ScoreTable(
        parts=tuple(parts),
        total=total,
        adds_up=math.isclose(total, hunt.log_odds, abs_tol=0.005),
        is_logistic=abs(logistic_score(hunt.log_odds) - hunt.score) <= 1,
        low=min(sums),
        high=max(sums),
    )


def score_without(hunt: Hunt, finding: Finding) -> int | None:
    """What the score would be if this finding were explained away; None when the score is not logistic in the sum."""
    if abs(logistic_score(hunt.log_odds) - hunt.score) > 1:
        return None
    return logistic_score(hunt.log_odds - finding.points)


def score_without_parts(hunt: Hunt, parts: list[ScorePart]) -> int | None:
    """What the score would be if these events had not happened: later repetitions of a detection then move up, and count more.
    None when the score is not logistic in the sum."""
    if abs(logistic_score(hunt.log_odds) - hunt.score) > 1:
        return None
    left_out = {part.part_id for part in parts}
    touched = {part.detection for part in parts}
    exponent = float(hunt.parameters.get("repetition_exponent", 1.5))
    kept: dict[str, list[float]] = {}
    total = math.fsum(part.points for part in hunt.score_parts if part.detection not in touched)
    for part in hunt.score_parts:
        if part.detection in touched and part.part_id not in left_out:
            kept.setdefault(part.detection or "", []).append(part.points / (part.repetition or 1.0))
    for points in kept.values():
        ranked = enumerate(sorted(points, reverse=True), start=1)
        total += math.fsum(once * number**-exponent for number, once in ranked)
    return logistic_score(total)


def logistic_score(log_odds: float) -> int:
    """0 to 99, as in sql/marts/scores.sql: a sum of reasons is no certainty."""
    if log_odds < -700:  # where exp overflows
        return 0
    return min(round(100 / (1 + math.exp(-log_odds))), 99)


def _sum(group: list[ScorePart]) -> float:
    return math.fsum(part.points for part in group)


def _factors(part: ScorePart) -> str:
    """`3.0 base × 0.9 rarity`: only the factors that change something."""
    named = ((part.rarity, "rarity"), (part.confidence, "confidence"), (part.repetition, "repetition"))
    weakened = [
        f"{value:.2g} {name}" for value, name in named if value is not None and not math.isclose(value, 1)
    ]
    if part.points_base is None or not weakened:
        return ""
    return " × ".join([f"{part.points_base:.2g} base", *weakened])
