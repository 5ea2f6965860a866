"""Plain tables for the terminal: what an ingest did, the resets, the rows of a query."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.ledger import Count
from pipeline.report.text import clock, csv_cell, visible

REASON_LIMIT = 12


def ingest_view(
    file_count: int, counts: Iterable[Count], total: Count, reasons: Sequence[tuple[str, int]]
) -> RenderableType:
    """The account of an ingest: records = events + duplicates + quarantined, by source, and why records were set aside."""
    table = plain_table("source", "records", "events", "duplicates", "quarantined", numbers=4)
    for count in [*sorted(counts, key=lambda count: count.source), total]:
        name = f"{file_count:,} file{'' if file_count == 1 else 's'}" if count is total else count.source
        numbers = (count.records, count.events, count.duplicates, count.quarantined)
        table.add_row(name, *(f"{number:,}" for number in numbers), style="bold" if count is total else None)
    lines: list[RenderableType] = [table]
    if reasons:
        lines.append(Text("\nQuarantined, by reason (`postreset quarantine list` shows the records)"))
        lines += [Text(f"{number:>8,}  {visible(reason)}") for reason, number in reasons[:REASON_LIMIT]]
        rest = sum(number for _, number in reasons[REASON_LIMIT:])
        if rest:
            lines.append(Text(f"{rest:>8,}  for {len(reasons) - REASON_LIMIT} other reasons"))
    return Group(*lines)


def quarantine_view(entries: Sequence[Any], count: int, reasons: Sequence[tuple[str, int]]) -> RenderableType:
    """Entries of the quarantine, and below them how many there are for each reason."""
    if not count:
        return Text("Nothing is in quarantine.")
    table = plain_table("id", "set aside (UTC)", "source", "reason", "file", "row")
    for entry in entries:
        table.add_row(
            Text(entry.entry_id),
            Text(clock(entry.quarantined_at)[:16]),
            Text(visible(entry.source or "")),
            Text(visible(entry.reason)),
            Text(visible(entry.source_file.rpartition("/")[2])),
            Text("" if entry.source_row is None else str(entry.source_row)),
        )
    lines: list[RenderableType] = [table, Text(f"\n{count:,} in quarantine, by reason")]
    lines += [Text(f"{number:>8,}  {visible(reason)}") for reason, number in reasons[:REASON_LIMIT]]
    if len(reasons) > REASON_LIMIT:
        rest = sum(number for _, number in reasons[REASON_LIMIT:])
        lines.append(Text(f"{rest:>8,}  for {len(reasons) - REASON_LIMIT} other reasons"))
    return Group(*lines)


def quarantine_entry_view(entry: Any) -> RenderableType:
    """One entry whole."""
    where = f"{entry.source_file}, row {entry.source_row}" if entry.source_row else entry.source_file
    lines = [
        Text(f"{entry.entry_id}  {visible(entry.reason)}", style="bold"),
        Text(
            f"{visible(where)}, {entry.byte_count:,} bytes, set aside {clock(entry.quarantined_at)[:19]} UTC"
        ),
        Text(visible(entry.record)),
    ]
    return Group(*lines)


def resets_view(resets: Sequence[Mapping[str, Any]]) -> RenderableType:
    from pipeline.report import narrative  # what it imports takes longer than a query's lookup

    if not resets:
        return Text("No password or MFA reset in this lake.")
    table = plain_table("reset (UTC)", "person", "what", "by", "tokens cut off", "where")
    for reset in resets:
        by = visible(reset["performed_by"] or "somebody the log does not name")
        table.add_row(
            Text(clock(reset["occurred_at"])[:16]),
            Text(visible(reset["person"]), style="bold"),
            Text(narrative.kinds_words(reset["kinds"])),
            Text(by if reset["by_somebody_else"] else "the person"),
            Text(clock(reset["cut_off_at"])[:16] if reset["cut_off_at"] else "no"),
            Text(
                visible(" ".join(part for part in (reset["provider"], reset["tenant_id"]) if part)),
                style="dim",
            ),
        )
    return table


def rows_view(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> RenderableType:
    table = plain_table(*columns)
    for row in rows:
        table.add_row(*(Text("" if value is None else visible(value), overflow="fold") for value in row))
    return table


def write_rows_csv(stream: IO[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """CSV whose cells no spreadsheet runs."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([csv_cell(column) for column in columns])
    for row in rows:
        writer.writerow([value if isinstance(value, (int, float)) else csv_cell(value) for value in row])


def plain_table(*names: str, numbers: int = 0) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for position, name in enumerate(names):
        table.add_column(
            Text(visible(name)),
            justify="right" if numbers and position >= len(names) - numbers else "left",
            overflow="fold",
        )
    return table
