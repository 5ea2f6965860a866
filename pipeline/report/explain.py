"""The score told so that it adds up: parts in order with a running sum, what is folded together, what each control
domain is worth. Nothing is recomputed: a sum that does not meet the score is shown as one."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.report.result import PRIOR, Finding, Hunt, ScorePart
from pipeline.score import Evidence, Weights, log_odds_of, score_of

SHOWN_PARTS = 16
SUMS = (PRIOR, "spread")  # parts that are no event's own


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
    is_logistic: bool  # the score follows from the sum, so that one can say what it would be without a part
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
    told = [group for group in ordered if abs(_sum(group)) >= 0.005][:limit]
    rest = [part for group in ordered if group not in told for part in group]
    parts, running = [], 0.0
    for group in told + ([rest] if rest else []):
        gained, first = _sum(group), group[0]
        folded = group is rest
        parts.append(
            ShownPart(
                points=gained,
                before=running,
                after=running + gained,
                reason=_rest_words(rest) if folded else first.reason,
                control_domain=None if folded else first.control_domain,
                detection=None if folded else first.detection,
                title=""
                if folded
                else hunt.detection_titles.get(first.detection or "", first.detection or ""),
                factors="" if folded or len(group) > 1 else _factors(first),
                count=1 if folded else len(group),
                is_prior=first.part_id == PRIOR,
                score_without=None if first.part_id in SUMS else score_without_parts(hunt, group),
            )
        )
        running += gained
    total = math.fsum(part.points for part in hunt.score_parts)
    sums = [0.0, *(part.after for part in parts)]
    return ScoreTable(
        parts=tuple(parts),
        total=total,
        adds_up=math.isclose(total, hunt.log_odds, abs_tol=0.005),
        is_logistic=_is_made_of_parts(hunt),
        low=min(sums),
        high=max(sums),
    )


def score_without(hunt: Hunt, finding: Finding) -> int | None:
    """What the score would be if this finding were explained away; None when the score is not made of the parts."""
    return score_without_parts(
        hunt, [part for part in hunt.score_parts if part.control_domain == finding.control_domain]
    )


def score_without_parts(hunt: Hunt, parts: list[ScorePart]) -> int | None:
    """What the score would be if these events had not happened: repetitions and what a cap cut away then move up, and the
    chain through the control domains may break. None when the score is not made of the parts."""
    if not _is_made_of_parts(hunt):
        return None
    left_out = {part.part_id for part in parts}
    weights = Weights.of(hunt.parameters)
    kept = [part for part in hunt.score_parts if part.part_id not in left_out]
    return score_of(log_odds_of(_evidence(kept), weights), weights.prior_log_odds)


def _is_made_of_parts(hunt: Hunt) -> bool:
    weights = Weights.of(hunt.parameters)
    return abs(score_of(hunt.log_odds, weights.prior_log_odds) - hunt.score) <= 1


def _evidence(parts: Iterable[ScorePart]) -> list[Evidence]:
    return [
        Evidence(
            family=part.family or part.detection,
            control_domain=part.control_domain,
            occurred_at=part.occurred_at,
            points_once=part.points if part.points_once is None else part.points_once,
            follows=part.follows is not False,
        )
        for part in parts
        if part.detection is not None and part.control_domain is not None and part.occurred_at is not None
    ]


def _rest_words(rest: list[ScorePart]) -> str:
    noun = "further signal" if len(rest) == 1 else "further signals"
    if abs(_sum(rest)) < 0.005:
        return f"{len(rest)} {noun} that add nothing: repetitions, or more than one domain can give; each in hunt.json"
    return f"{len(rest)} {noun}, each in hunt.json"


def _sum(group: list[ScorePart]) -> float:
    return math.fsum(part.points for part in group)


def _factors(part: ScorePart) -> str:
    """`3.0 base × 0.9 rarity`: only the factors that change something."""
    named = (
        (part.rarity, "rarity"),
        (part.confidence, "confidence"),
        (part.novelty, "novelty"),
        (part.repetition, "repetition"),
    )
    weakened = [
        f"{value:.2g} {name}" for value, name in named if value is not None and not math.isclose(value, 1)
    ]
    if part.points_base is None or not weakened:
        return ""
    return " × ".join([f"{part.points_base:.2g} base", *weakened])
