"""The marks of a swimlane: events in bins, because thousands in one lane are a smear and a slow page."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipeline.report.narrative import domain_words
from pipeline.report.text import clock, visible
from pipeline.report.timescale import TimeScale

BIN_WIDTH = 6
PROMINENT = 0.3  # log-odds points from which an event is a mark of its own, above the band of the rest


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    width: float  # 0: a dot
    radius: float
    control_domain: str
    title: str
    count: int


@dataclass(slots=True)
class Bin:
    first: datetime
    last: datetime
    start: int
    end: int
    count: int = 0
    points: float = 0.0
    actions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


Bins = dict[tuple[str, str, bool], list[Bin]]


def binned(rows: list[dict[str, Any]], scale: TimeScale) -> Bins:
    """(thing, control domain, prominent) → bins in order; bins of plain events that touch are one band."""
    found: Bins = {}
    for row in rows:
        prominent = (row["points"] or 0.0) >= PROMINENT
        at, index = row["occurred_at"], int(scale.x(row["occurred_at"]) // BIN_WIDTH)
        bins = found.setdefault((row["thing_id"], row["control_domain"] or "", prominent), [])
        slack = 0 if prominent else 1
        if not bins or index > bins[-1].end + slack:
            bins.append(Bin(at, at, index, index))
        bin_ = bins[-1]
        bin_.last, bin_.end = max(bin_.last, at), max(bin_.end, index)
        bin_.count += 1
        bin_.points += row["points"] or 0.0
        bin_.actions[row["action"] or "event"] += 1
        if row["why"] and row["points"]:
            bin_.reasons[row["why"]] += 1
    return found


def mark(domain: str, bin_: Bin, large: bool) -> Mark:
    start, end = bin_.start * BIN_WIDTH, (bin_.end + 1) * BIN_WIDTH
    when = clock(bin_.first) if bin_.first == bin_.last else f"{clock(bin_.first)} to {clock(bin_.last)[11:]}"
    actions = ", ".join(
        f"{action} ×{count}" if count > 1 else action for action, count in bin_.actions.most_common(4)
    )
    points = f", {bin_.points:+.1f} points" if bin_.points else ""
    reasons = "".join(f"\n{reason}" for reason, _ in bin_.reasons.most_common(3))
    title = f"{when} UTC{points}\n{domain_words(domain) or 'no signal'}: {actions}{reasons}"
    if large:
        radius = round(4.2 + min(6.0, 2.1 * max(0.0, bin_.points) ** 0.5), 1)
        return Mark((start + end) / 2, 0, radius, domain, tooltip_lines(title), bin_.count)
    return Mark(start, end - start, 3, domain, tooltip_lines(title), bin_.count)


def tooltip_lines(text: str) -> str:
    """Line breaks are what a tooltip may keep; nothing else in it acts."""
    return "\n".join(visible(line) for line in text.split("\n"))
