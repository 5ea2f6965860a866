"""What a load did, on the terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.report.tables import plain_table
from pipeline.report.text import clock, shorten, visible

TOLD = 5  # items of a source that are named
PLACE_WIDTH = 80


def load_view(summaries: Sequence[Any], found: Sequence[tuple[str, Any]] | None = None) -> RenderableType:
    """A line a source, then what could not be had, and what verification found."""
    lines: list[RenderableType] = []
    if summaries:
        table = plain_table("source", "items", "bytes", "gone", "failed", "waiting", "complete until (UTC)")
        for column in table.columns[1:6]:
            column.justify = "right"
        for one in summaries:
            numbers = (one.item_count, one.byte_count, one.gone_count, one.failed_count, one.waiting_count)
            until = clock(one.complete_until)[:16] or "not known"
            table.add_row(Text(one.source), *(f"{number:,}" for number in numbers), until)
        lines.append(table)
    for one in summaries:
        if one.error:
            lines.append(Text.assemble(("\n✗ ", "red"), f"{one.source}: {visible(one.error)}"))
        lines += _told(one.source, "could not be fetched", one.failed_count, [
            f"{shorten(visible(trouble.place), PLACE_WIDTH)}: {visible(trouble.told)}" for trouble in one.troubles
        ])  # fmt: skip
        lines += _told(one.source, "deleted before it could be fetched", one.gone_count, [
            shorten(visible(key), PLACE_WIDTH) for key in one.gone
        ])  # fmt: skip
    if found is not None:
        lines.append(
            Text("\nThe logs are as their service wrote them." if not found else "\nNot as it was written")
        )
        lines += [
            Text.assemble(
                ("✗ ", "red"),
                f"{source}: {visible(finding.kind)}, {shorten(visible(finding.place), PLACE_WIDTH)}",
                (f": {visible(finding.told)}", "dim"),
            )
            for source, finding in found
        ]
    return Group(*lines)


def progress_words(source: str, account: Any, begun_at: datetime, now: datetime) -> str:
    """`load: okta, 1,200 of 3,400 named, 12.5 MB, 0.8 MB/s`."""
    seconds = max((now - begun_at).total_seconds(), 0.1)
    done = account.item_count + account.gone_count + account.failed_count
    megabytes = account.byte_count / 1e6
    return (
        f"load: {source}, {done:,} of {max(done, account.named_count):,} named, "
        f"{megabytes:,.1f} MB, {megabytes / seconds:,.1f} MB/s"
    )


def _told(source: str, what: str, count: int, named: list[str]) -> list[RenderableType]:
    if not count:
        return []
    lines: list[RenderableType] = [Text(f"\n{source}: {count:,} {what}", style="yellow")]
    lines += [Text(f"    {text}", style="dim") for text in named[:TOLD]]
    if count > TOLD:
        lines.append(Text(f"    and {count - min(TOLD, len(named)):,} more", style="dim"))
    return lines
