"""Reached things over time as swimlanes: a lane for each thing in the order it was reached, marks for what it did, a
connector where one thing brought the next into being.

The drawing is a Jinja template of SVG (templates/swimlanes.svg.j2) rather than a chart library's output: it follows the
page's light and dark colours, its marks have readable titles, its events are binned here, and it takes milliseconds.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.report.narrative import domain_words, givers, short_id, thing_names, thing_words
from pipeline.report.result import Hunt, Reached
from pipeline.report.text import clock, shorten, span, visible
from pipeline.report.timescale import TimeScale, time_scale

LANE_LIMIT = 40
LANE_HEIGHT = 38
LABEL_WIDTH = 250
CHART_WIDTH = 900
TOP = 44
BIN_WIDTH = 6
PROMINENT = 0.3  # log-odds points from which an event is drawn as a mark of its own, above the band of the rest


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    width: float  # 0: a dot
    radius: float
    control_domain: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Lane:
    y: float
    kind: str
    label: str
    title: str
    seed: str
    start_x: float
    end_x: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Connector:
    x: float
    from_y: float
    to_y: float
    title: str


@dataclass(frozen=True, slots=True)
class Rule:
    x: float
    kind: str
    label: str
    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Swimlanes:
    lanes: tuple[Lane, ...]
    connectors: tuple[Connector, ...]
    rules: tuple[Rule, ...]
    ticks: tuple[tuple[float, str], ...]
    cuts: tuple[tuple[float, str], ...]
    height: float
    left_out_count: int
    label_width: int = LABEL_WIDTH
    chart_width: int = CHART_WIDTH
    top: int = TOP


@dataclass(slots=True)
class _Bin:
    first: datetime
    last: datetime
    start: int
    end: int
    count: int = 0
    points: float = 0.0
    actions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def swimlanes(hunt: Hunt, lane_limit: int = LANE_LIMIT) -> Swimlanes | None:
    """The chart of a hunt, or None when nothing was reached."""
    if not hunt.reach:
        return None
    rows = _rows_of_reach(hunt)
    shown = _lanes_to_show(hunt, rows, lane_limit)
    reset = hunt.reset
    times = [row["occurred_at"] for row in rows] + [reached.first_reached_at for reached in shown] + [reset.occurred_at]
    if reset.cut_off_at and hunt.window_from <= reset.cut_off_at <= hunt.window_to:
        times.append(reset.cut_off_at)
    scale = time_scale(times, CHART_WIDTH)
    names = thing_names(hunt)
    bins = _binned(rows, scale)
    lanes = tuple(_lane(reached, index, names, bins, scale) for index, reached in enumerate(shown))
    return Swimlanes(
        lanes=lanes,
        connectors=_connectors(shown, lanes, names, scale),
        rules=_rules(hunt, scale),
        ticks=_tick_labels(scale),
        cuts=tuple((x, f"{span(length)} quiet") for x, length in scale.cuts()),
        height=TOP + LANE_HEIGHT * len(lanes) + 14,
        left_out_count=len(hunt.reach) - len(shown),
    )


def _rows_of_reach(hunt: Hunt) -> list[dict[str, Any]]:
    things = pa.array(sorted({reached.thing_id for reached in hunt.reach}), pa.string())
    columns = ["occurred_at", "thing_id", "control_domain", "points", "action", "why", "signals"]
    return hunt.timeline.filter(pc.is_in(hunt.timeline["thing_id"], value_set=things)).select(columns).to_pylist()


def _lanes_to_show(hunt: Hunt, rows: list[dict[str, Any]], limit: int) -> list[Reached]:
    """All of them, or those with most points together with what they came from."""
    in_order = sorted(hunt.reach, key=lambda reached: (reached.first_reached_at, reached.depth, reached.thing_id))
    if len(in_order) <= limit:
        return in_order
    points: dict[str, float] = dict.fromkeys((reached.thing_id for reached in in_order), 0.0)
    for row in rows:
        points[row["thing_id"]] += row["points"] or 0.0
    came_from = givers(hunt.reach)
    kept: set[str] = set()
    for thing in sorted(points, key=lambda thing: (-points[thing], thing)):
        line: list[str] = [thing]
        while (giver := came_from.get(line[-1])) and giver not in line:
            line.append(giver)
        if len(kept | set(line)) <= limit:
            kept |= set(line)
    return [reached for reached in in_order if reached.thing_id in kept]


def _binned(rows: list[dict[str, Any]], scale: TimeScale) -> dict[tuple[str, str, bool], list[_Bin]]:
    """(thing, control domain, prominent) → bins in order; bins of plain events that touch are one band."""
    found: dict[tuple[str, str, bool], list[_Bin]] = {}
    for row in rows:
        prominent = (row["points"] or 0.0) >= PROMINENT
        at, index = row["occurred_at"], int(scale.x(row["occurred_at"]) // BIN_WIDTH)
        bins = found.setdefault((row["thing_id"], row["control_domain"] or "", prominent), [])
        reach = 0 if prominent else 1
        if not bins or index > bins[-1].end + reach:
            bins.append(_Bin(at, at, index, index))
        bin_ = bins[-1]
        bin_.last, bin_.end = max(bin_.last, at), max(bin_.end, index)
        bin_.count += 1
        bin_.points += row["points"] or 0.0
        bin_.actions[row["action"] or "event"] += 1
        if row["why"] and row["points"]:
            bin_.reasons[row["why"]] += 1
    return found


def _lane(
    reached: Reached,
    index: int,
    names: dict[str, str],
    bins: dict[tuple[str, str, bool], list[_Bin]],
    scale: TimeScale,
) -> Lane:
    mine = [(domain, bin_, large) for (thing, domain, large), found in bins.items() if thing == reached.thing_id for bin_ in found]
    mine.sort(key=lambda item: (item[2], item[1].points, item[1].first, item[0]))  # the weightiest are drawn last, on top
    marks = tuple(_mark(domain, bin_, large) for domain, bin_, large in mine)
    name, words = names[reached.thing_id], thing_words(reached.kind)
    start = scale.x(reached.first_reached_at)
    if name != short_id(reached.thing_id):
        words = f"{words} {shorten(visible(short_id(reached.thing_id)), 20)}"
    seed = "from before the reset" if reached.seed == "residual" else "begun after the reset"
    title = (
        f"{name}\n{reached.thing_id}\n{seed}, reached {clock(reached.first_reached_at)} UTC, "
        f"{reached.depth} steps from the reset, confidence {reached.confidence:.0%}" + (f"\n{reached.why}" if reached.why else "")
    )
    return Lane(
        y=TOP + LANE_HEIGHT * index + LANE_HEIGHT / 2,
        kind=shorten(visible(words), 42),
        label=shorten(visible(name), 34),
        title=_lines(title),
        seed=reached.seed,
        start_x=start,
        end_x=max([start, *(mark.x + mark.width for mark in marks)]),
        marks=marks,
    )


def _mark(domain: str, bin_: _Bin, large: bool) -> Mark:
    start, end = bin_.start * BIN_WIDTH, (bin_.end + 1) * BIN_WIDTH
    when = clock(bin_.first) if bin_.first == bin_.last else f"{clock(bin_.first)} to {clock(bin_.last)[11:]}"
    actions = ", ".join(f"{action} ×{count}" if count > 1 else action for action, count in bin_.actions.most_common(4))
    points = f", {bin_.points:+.1f} points" if bin_.points else ""
    reasons = "".join(f"\n{reason}" for reason, _ in bin_.reasons.most_common(3))
    title = f"{when} UTC{points}\n{domain_words(domain) or 'no signal'}: {actions}{reasons}"
    if large:
        radius = round(4.2 + min(6.0, 2.1 * max(0.0, bin_.points) ** 0.5), 1)
        return Mark((start + end) / 2, 0, radius, domain, _lines(title), bin_.count)
    return Mark(start, end - start, 3, domain, _lines(title), bin_.count)


def _connectors(
    shown: list[Reached], lanes: tuple[Lane, ...], names: dict[str, str], scale: TimeScale
) -> tuple[Connector, ...]:
    place = {reached.thing_id: lane.y for reached, lane in zip(shown, lanes, strict=True)}
    came_from = givers(shown)
    found = []
    for reached in shown:
        giver = came_from.get(reached.thing_id)
        if giver in place and giver:
            title = reached.why or f"{names[giver]} gave {names[reached.thing_id]}"
            found.append(
                Connector(scale.x(reached.first_reached_at), place[giver], place[reached.thing_id], _lines(title))
            )
    return tuple(found)


def _rules(hunt: Hunt, scale: TimeScale) -> tuple[Rule, ...]:
    reset, rules = hunt.reset, []
    marks: list[tuple[datetime, str, str]] = [(reset.occurred_at, "reset", "reset")]
    if reset.cut_off_at and hunt.window_from <= reset.cut_off_at <= hunt.window_to:
        marks.append((reset.cut_off_at, "cut-off", "cut-off"))
    for at, kind, label in marks:
        x = scale.x(at)
        anchor = "start" if x < CHART_WIDTH - 60 else "end"
        rules.append(Rule(x, kind, label, f"{label}: {clock(at)} UTC", anchor))
    return tuple(rules)


def _tick_labels(scale: TimeScale) -> tuple[tuple[float, str], ...]:
    labels, day = [], None
    for x, at in scale.ticks():
        labels.append((x, at.strftime("%H:%M") if at.date() == day else f"{at.day} {at:%b %H:%M}"))
        day = at.date()
    return tuple(labels)


def _lines(text: str) -> str:
    """Line breaks are what a tooltip may keep; nothing else in it acts."""
    return "\n".join(visible(line) for line in text.split("\n"))
