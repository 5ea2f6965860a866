"""Correlations by brute force, written from the same words as the SQL and sharing none of it.

The input is what each referenced rule found; every window and every chain of events is tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Found:
    """An event that a rule matched: its moment in seconds, its keys (any of each list) and the values asked for."""

    event: str
    at: int
    keys: tuple[tuple[str, ...], ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    event: str
    at: int
    steps: frozenset[int]
    values: tuple[str, ...]


Group = tuple[str, ...]
COMPARISONS = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
}


def holding(
    kind: str, found: Sequence[Sequence[Found]], span: int, operator: str, threshold: float, percentile: float
) -> set[tuple[Group, str]]:
    """The groups and events at which the correlation holds; of `temporal` kinds all rules must have been found."""
    result: set[tuple[Group, str]] = set()
    for group, rows in grouped(found).items():
        for row in rows:
            window = [other for other in rows if row.at - span <= other.at <= row.at]
            if holds(kind, row, window, rows, len(found), span, operator, threshold, percentile):
                result.add((group, row.event))
    return result


def grouped(found: Sequence[Sequence[Found]]) -> dict[Group, list[Row]]:
    by_group: dict[Group, dict[str, Row]] = {}
    for step, matches in enumerate(found, start=1):
        for match in matches:
            for keys in product(*match.keys):
                rows = by_group.setdefault(tuple(key.lower() for key in keys), {})
                known = rows.get(match.event, Row(match.event, match.at, frozenset(), match.values))
                rows[match.event] = Row(match.event, match.at, known.steps | {step}, known.values)
    return {group: list(rows.values()) for group, rows in by_group.items()}


def holds(
    kind: str,
    row: Row,
    window: Sequence[Row],
    rows: Sequence[Row],
    step_count: int,
    span: int,
    operator: str,
    threshold: float,
    percentile: float,
) -> bool:
    match kind:
        case "event_count":
            return COMPARISONS[operator](len(window), threshold)
        case "temporal":
            return {step for other in window for step in other.steps} == set(range(1, step_count + 1))
        case "temporal_ordered":
            return any(is_chain(chain, span) for chain in chains(row, rows, step_count))
        case "value_count":
            values = {value.lower() for other in window for value in other.values}
            return bool(row.values) and COMPARISONS[operator](len(values), threshold)
    numbers = sorted(number for other in window for value in other.values for number in numbers_of(value))
    if not any(numbers_of(value) for value in row.values):
        return False
    match kind:
        case "value_sum":
            aggregate = sum(numbers)
        case "value_avg":
            aggregate = fmean(numbers)
        case _:
            aggregate = interpolated(numbers, percentile / 100)
    return COMPARISONS[operator](aggregate, threshold)


def chains(last: Row, rows: Sequence[Row], step_count: int) -> list[tuple[Row, ...]]:
    """Every choice of one row a step, ending with `last`."""
    if step_count not in last.steps:
        return []
    choices = [[row for row in rows if step in row.steps] for step in range(1, step_count)]
    return [(*chosen, last) for chosen in product(*choices)]


def is_chain(chain: Sequence[Row], span: int) -> bool:
    steps = pairwise(chain)
    return chain[-1].at - chain[0].at <= span and all(a.at <= b.at and a.event != b.event for a, b in steps)


def interpolated(numbers: Sequence[float], quantile: float) -> float:
    place = quantile * (len(numbers) - 1)
    below = int(place)
    above = min(below + 1, len(numbers) - 1)
    return numbers[below] + (numbers[above] - numbers[below]) * (place - below)


def numbers_of(value: str) -> list[float]:
    try:
        number = float(value)
    except ValueError:
        return []
    return [number] if abs(number) < float("inf") else []
