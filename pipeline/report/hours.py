"""Visibility as a grid: a row for each source and tenant, a cell for each hour (or more hours, in a long window)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.report.narrative import counted
from pipeline.report.result import Hunt
from pipeline.report.text import clock, visible

CELL_LIMIT = 120
ROW_LIMIT = 60


@dataclass(frozen=True, slots=True)
class HourCell:
    level: int  # 0 no events, 1 few … 4 the busiest of this row
    title: str


@dataclass(frozen=True, slots=True)
class HourRow:
    source: str
    tenant_id: str
    event_count: int
    silent_count: int  # cells without an event
    cells: tuple[HourCell, ...]


@dataclass(frozen=True, slots=True)
class HourGrid:
    rows: tuple[HourRow, ...]
    cell_hours: int
    reset_cell: int | None
    days: tuple[tuple[int, str], ...]
    left_out_count: int
    cell_count: int


def hour_grid(hunt: Hunt) -> HourGrid:
    """Rows in order of source and tenant. Hours run over the window, wider when there are events outside it."""
    hours = hunt.visibility.hours
    first = min([_floor(hunt.window_from), *(hour.hour for hour in hours)])
    last = max([hunt.window_to, *(hour.hour + timedelta(hours=1) for hour in hours)])
    hour_count = max(1, -(-(last - first) // timedelta(hours=1)))
    size = -(-hour_count // CELL_LIMIT)
    cell_count = -(-hour_count // size)
    counts: dict[tuple[str, str], list[int]] = {}
    for hour in hours:
        row = counts.setdefault((hour.source, hour.tenant_id or ""), [0] * cell_count)
        row[(hour.hour - first) // timedelta(hours=size)] += hour.event_count
    rows = [_row(source, tenant, row, first, size) for (source, tenant), row in sorted(counts.items())]
    reset_cell = (hunt.reset.occurred_at - first) // timedelta(hours=size)
    return HourGrid(
        rows=tuple(rows[:ROW_LIMIT]),
        cell_hours=size,
        reset_cell=reset_cell if 0 <= reset_cell < cell_count else None,
        days=_days(first, size, cell_count),
        left_out_count=max(0, len(rows) - ROW_LIMIT),
        cell_count=cell_count,
    )


def _row(source: str, tenant: str, counts: list[int], first: datetime, size: int) -> HourRow:
    most = max(counts) or 1
    cells = []
    for index, count in enumerate(counts):
        # Square root: a quiet night must not look like silence beside a busy noon.
        level = 0 if not count else min(4, 1 + int(3.999 * (count / most) ** 0.5))
        at = first + timedelta(hours=size * index)
        cells.append(HourCell(level, f"{clock(at)[:16]} UTC, {counted(count, 'event')}"))
    return HourRow(
        visible(source), visible(tenant), sum(counts), sum(not count for count in counts), tuple(cells)
    )


def _days(first: datetime, size: int, cell_count: int) -> tuple[tuple[int, str], ...]:
    found, seen = [], None
    for index in range(cell_count):
        at = first + timedelta(hours=size * index)
        if at.date() != seen and (not found or index - found[-1][0] >= 6):
            found.append((index, f"{at.day} {at:%b}" if at.hour < size else f"{at.day} {at:%b} {at:%H:%M}"))
        seen = at.date()
    return tuple(found)


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
