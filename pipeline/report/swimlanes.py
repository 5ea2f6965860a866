"""Reached things over time as swimlanes: a lane for each thing in the order it was reached, marks for what it did, a
connector where one thing brought the next into being.

The drawing is a Jinja template of SVG (templates/swimlanes.svg.j2) rather than a chart library's output: it follows the
page's light and dark colours, its marks have readable titles, its events are binned here, and it takes milliseconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow.compute as pc

from pipeline.report.marks import Bins, Mark, binned, mark, tooltip_lines
from pipeline.report.narrative import counted, givers, short_id, thing_names, thing_words
from pipeline.report.result import Hunt, Reached, text_array
from pipeline.report.text import clock, shorten, visible
from pipeline.report.timescale import TimeScale, time_scale

LANE_LIMIT = 40
LANE_HEIGHT = 38
LABEL_WIDTH = 250
CHART_WIDTH = 900
TOP = 44
RULE_LABEL_WIDTH = 42


@dataclass(frozen=True, slots=True)
class Lane:
    y: float
    kind: str
    label: str
    title: str
    seed: str
    start_x: float
    end_x: float
    begins: tuple[float, ...]  # where each thing of this lane was reached
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
    label_x: float


@dataclass(frozen=True, slots=True)
class Swimlanes:
    lanes: tuple[Lane, ...]
    connectors: tuple[Connector, ...]
    rules: tuple[Rule, ...]
    ticks: tuple[tuple[float, str], ...]
    pressed: tuple[tuple[float, float, str], ...]
    height: float
    left_out_count: int
    label_width: int = LABEL_WIDTH
    chart_width: int = CHART_WIDTH
    top: int = TOP


def swimlanes(hunt: Hunt, lane_limit: int = LANE_LIMIT) -> Swimlanes | None:
    """The chart of a hunt, or None when nothing was reached."""
    if not hunt.reach:
        return None
    rows = _rows_of_reach(hunt)
    in_order = sorted(
        hunt.reach, key=lambda reached: (reached.first_reached_at, reached.depth, reached.thing_id)
    )
    groups = _kept(_folded(in_order, {row["thing_id"] for row in rows}), rows, lane_limit)
    shown = [reached for group in groups for reached in group]
    things = {reached.thing_id for reached in shown}
    rows = [row for row in rows if row["thing_id"] in things]
    reset = hunt.reset
    weighty = [row["occurred_at"] for row in rows if row["points"]] + [reset.occurred_at]
    weighty += [reached.first_reached_at for reached in shown]
    if reset.cut_off_at and hunt.window_from <= reset.cut_off_at <= hunt.window_to:
        weighty.append(reset.cut_off_at)
    scale = time_scale(weighty, (row["occurred_at"] for row in rows), CHART_WIDTH)
    names = thing_names(hunt)
    bins = binned(rows, scale)
    gives_until = _last_gift(shown)
    lanes = tuple(_lane(group, index, names, bins, scale, gives_until) for index, group in enumerate(groups))
    return Swimlanes(
        lanes=lanes,
        connectors=_connectors(groups, lanes, names, scale),
        rules=_rules(hunt, scale),
        ticks=_tick_labels(scale),
        pressed=tuple(
            (segment.x, segment.width, _coarse(segment.end - segment.start))
            for segment in scale.segments
            if segment.is_pressed
        ),
        height=TOP + LANE_HEIGHT * len(lanes) + 14,
        left_out_count=len(hunt.reach) - len(shown),
    )


def _rows_of_reach(hunt: Hunt) -> list[dict[str, Any]]:
    things = text_array(reached.thing_id for reached in hunt.reach)
    columns = ["occurred_at", "thing_id", "control_domain", "points", "action", "why", "signals"]
    return hunt.timeline.filter(pc.field("thing_id").isin(things)).select(columns).to_pylist()


def _kept(groups: list[list[Reached]], rows: list[dict[str, Any]], limit: int) -> list[list[Reached]]:
    """All lanes, or those with most points together with what they came from."""
    if len(groups) <= limit:
        return groups
    lane_of = {reached.thing_id: index for index, group in enumerate(groups) for reached in group}
    points = [0.0] * len(groups)
    for row in rows:
        points[lane_of[row["thing_id"]]] += row["points"] or 0.0
    came_from = givers(reached for group in groups for reached in group)
    kept: set[int] = set()
    for index in sorted(range(len(groups)), key=lambda index: (-points[index], index)):
        line, thing = {index}, groups[index][0].thing_id
        while (giver := came_from.get(thing)) and lane_of[giver] not in line:
            line.add(lane_of[giver])
            thing = giver
        if len(kept | line) <= limit:
            kept |= line
    return [group for index, group in enumerate(groups) if index in kept]


def _folded(shown: list[Reached], active: set[str]) -> list[list[Reached]]:
    """Lanes: one thing each, but things that did nothing and led nowhere (six secrets read) share one by kind and giver."""
    came_from = givers(shown)
    lead_on = set(came_from.values())
    groups: dict[tuple[str, str], list[Reached]] = {}
    for reached in shown:
        is_leaf = (
            reached.thing_id not in active
            and reached.thing_id not in lead_on
            and reached.thing_id in came_from
        )
        key = (reached.kind, came_from[reached.thing_id]) if is_leaf else (reached.thing_id, "")
        groups.setdefault(key, []).append(reached)
    return list(groups.values())


def _lane(
    group: list[Reached],
    index: int,
    names: dict[str, str],
    bins: Bins,
    scale: TimeScale,
    gives_until: dict[str, datetime],
) -> Lane:
    reached = group[0]
    mine = [
        (domain, bin_, large)
        for (thing, domain, large), found in bins.items()
        if thing == reached.thing_id
        for bin_ in found
    ]
    mine.sort(
        key=lambda item: (item[2], item[1].points, item[1].first, item[0])
    )  # the weightiest are drawn last, on top
    marks = tuple(mark(domain, bin_, large) for domain, bin_, large in mine)
    mark_ends = (drawn.x + drawn.width for drawn in marks)
    name, words = names[reached.thing_id], thing_words(reached.kind)
    begins = tuple(sorted({scale.x(member.first_reached_at) for member in group}))
    if len(group) > 1:
        words = f"{words}, and {len(group) - 1} more"
    elif name != short_id(reached.thing_id):
        words = f"{words} {shorten(visible(short_id(reached.thing_id)), 18)}"
    return Lane(
        y=TOP + LANE_HEIGHT * index + LANE_HEIGHT / 2,
        kind=shorten(visible(f"older {words}" if reached.seed == "residual" else words), 38),
        label=shorten(visible(name), 29),
        title="\n\n".join(_about(member, names[member.thing_id]) for member in group[:12]),
        seed=reached.seed,
        start_x=begins[0],
        end_x=max(
            [begins[-1], scale.x(gives_until.get(reached.thing_id, reached.first_reached_at)), *mark_ends]
        ),
        begins=begins,
        marks=marks,
    )


def _last_gift(shown: list[Reached]) -> dict[str, datetime]:
    """thing_id → when it last brought another into being: its lane runs at least so far."""
    came_from = givers(shown)
    found: dict[str, datetime] = {}
    for reached in shown:
        if giver := came_from.get(reached.thing_id):
            found[giver] = max(found.get(giver, reached.first_reached_at), reached.first_reached_at)
    return found


def _about(reached: Reached, name: str) -> str:
    seed = "from before the reset" if reached.seed == "residual" else "begun after the reset"
    return tooltip_lines(
        f"{name}\n{reached.thing_id}\n{seed}, reached {clock(reached.first_reached_at)} UTC, "
        f"{counted(reached.depth, 'step')} from the reset, confidence {reached.confidence:.0%}"
        + (f"\n{reached.why}" if reached.why else "")
    )


def _connectors(
    groups: list[list[Reached]], lanes: tuple[Lane, ...], names: dict[str, str], scale: TimeScale
) -> tuple[Connector, ...]:
    place = {reached.thing_id: lane.y for group, lane in zip(groups, lanes, strict=True) for reached in group}
    came_from = givers(reached for group in groups for reached in group)
    found = []
    for reached in (group[0] for group in groups):
        giver = came_from.get(reached.thing_id, "")
        if giver in place:
            title = reached.why or f"{names[giver]} gave {names[reached.thing_id]}"
            found.append(
                Connector(
                    scale.x(reached.first_reached_at),
                    place[giver],
                    place[reached.thing_id],
                    tooltip_lines(title),
                )
            )
    return tuple(found)


def _rules(hunt: Hunt, scale: TimeScale) -> tuple[Rule, ...]:
    reset, rules = hunt.reset, []
    marks: list[tuple[datetime, str]] = [(reset.occurred_at, "reset")]
    if reset.cut_off_at and hunt.window_from <= reset.cut_off_at <= hunt.window_to:
        marks.append((reset.cut_off_at, "cut-off"))
    for at, kind in marks:
        x = scale.x(at)
        # Side by side when they would be written over each other: often one act resets and cuts off.
        beside = bool(rules) and abs(x - rules[0].x) < RULE_LABEL_WIDTH
        anchor = "start" if x < CHART_WIDTH - 2 * RULE_LABEL_WIDTH else "end"
        shift = RULE_LABEL_WIDTH if beside else 4
        label_x = x + shift if anchor == "start" else x - shift
        rules.append(Rule(x, kind, kind, f"{kind}: {clock(at)} UTC", anchor, label_x))
    return tuple(rules)


def _tick_labels(scale: TimeScale) -> tuple[tuple[float, str], ...]:
    labels, day = [], None
    for x, at in scale.ticks():
        labels.append((x, at.strftime("%H:%M") if at.date() == day else f"{at.day} {at:%b %H:%M}"))
        day = at.date()
    return tuple(labels)


def _coarse(length: timedelta) -> str:
    """Short enough for a narrow stretch: `22 h`, `3 d`."""
    hours = round(length / timedelta(hours=1))
    return f"{round(hours / 24)} d" if hours >= 48 else f"{hours} h"
