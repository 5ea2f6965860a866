"""Upkeep for the terminal: what the lake holds, what compact did, what expire takes."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.report.text import clock, visible
from pipeline.upkeep.compact import CompactSummary
from pipeline.upkeep.expire import ExpireSummary
from pipeline.upkeep.stats import LakeStats


def stats_view(stats: LakeStats) -> RenderableType:
    if not stats.sources and not stats.quarantined:
        return Text("The lake is empty.")
    table = _table(("source", "tenant", "first (UTC)", "last (UTC)"), ("events",))
    for held in stats.sources:
        times = (clock(held.first_at)[:16], clock(held.last_at)[:16])
        table.add_row(held.source, visible(held.tenant_id), *times, f"{held.events:,}")
    table.add_row("all", "", "", "", f"{stats.events:,}", style="bold")
    lines: list[RenderableType] = [
        table,
        Text(
            f"\n{_count(stats.files, 'file')}, {size(stats.bytes)}, {size(stats.mean_file_bytes)} each in the mean"
        ),
    ]
    if stats.first_snapshot_at and stats.last_snapshot_at:
        since, until = clock(stats.first_snapshot_at)[:16], clock(stats.last_snapshot_at)[:16]
        lines.append(Text(f"{_count(stats.snapshots, 'snapshot')}, {since} to {until} UTC"))
    if batch := stats.last_batch:
        lines.append(
            Text(
                f"last batch {batch.batch_id} of {clock(batch.started_at)[:16]} UTC, {batch.state}: "
                f"{batch.records:,} records, {batch.events:,} events, {batch.duplicates:,} duplicates, "
                f"{batch.quarantined:,} quarantined"
            )
        )
    if stats.pending_batches:
        lines.append(Text(f"{_count(stats.pending_batches, 'pending batch', 'pending batches')}"))
    lines += _counts("Duplicates that were read, by source", stats.duplicates)
    lines += _counts("In quarantine, by reason (`postreset quarantine list`)", stats.quarantined)
    return Group(*lines)


def compact_view(summary: CompactSummary) -> RenderableType:
    if not summary.partitions:
        return Text("No day and source has so many small files: nothing to do.")
    return Text(
        f"{summary.files_before:,} files ({size(summary.bytes_before)}) of {_count(summary.partitions, 'day and source', 'days and sources')} "
        f"are now {summary.files_after:,} ({size(summary.bytes_after)}) with the same {_count(summary.events, 'event')}. "
        "The old ones stay on disk until their snapshots are expired."
    )


def expire_view(summary: ExpireSummary) -> RenderableType:
    lines: list[RenderableType] = []
    if summary.days:
        table = _table(("day", "source"), ("events", "files", "size"))
        for day in summary.days:
            table.add_row(str(day.day), day.source, f"{day.events:,}", f"{day.files:,}", size(day.bytes))
        lines += [table, Text("")]
    done = "were" if summary.is_done else "would be"
    if summary.first_kept_day:
        events, days = sum(day.events for day in summary.days), len({day.day for day in summary.days})
        lines.append(
            Text(
                f"Before {summary.first_kept_day}: {_count(events, 'event')} of {_count(days, 'day')} {done} dropped."
            )
        )
    if summary.snapshots_before:
        lines.append(
            Text(
                f"Before {clock(summary.snapshots_before)[:16]} UTC: {_count(len(summary.snapshots), 'snapshot')} {done} expired, "
                f"{summary.kept_snapshots:,} kept; {_count(summary.files, 'file')} ({size(summary.bytes)}) {done} removed from disk."
            )
        )
    elif summary.days:
        lines.append(Text("Their files stay on disk until the snapshots that hold them are expired."))
    if not summary.is_done:
        lines.append(Text("Nothing was changed: give --yes to do it."))
    return Group(*lines)


def size(byte_count: int) -> str:
    amount = float(byte_count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _counts(title: str, counts: dict[str, int]) -> Iterable[RenderableType]:
    if counts:
        yield Text(f"\n{title}")
        yield from (Text(f"{number:>10,}  {visible(name)}") for name, number in counts.items())


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _table(texts: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table
