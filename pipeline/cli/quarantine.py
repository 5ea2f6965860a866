"""`postreset quarantine`: what became no event, and another try for it."""

from collections import Counter
from typing import Annotated

import typer

from pipeline.cli.streams import ConfigOption, JsonOption, LakeOption, out, show_progress, utc_now, write_json
from pipeline.settings import DEFAULT_LAKE, read_settings

Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids of entries, or their beginnings.", show_default=False)
]


def quarantine_list(
    reason: Annotated[str | None, typer.Option("--reason", help="A part of the reason.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="A source, where it was recognised.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many entries to list.", min=1)] = 50,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """What was set aside, the newest first, and how many for each reason."""
    from pipeline.lake import Lake
    from pipeline.quarantine import read_entries
    from pipeline.report.tables import quarantine_view

    entries = read_entries(Lake.open(lake), reason=reason, source=source)
    if as_json:
        write_json(
            [
                {
                    "entry_id": entry.entry_id,
                    "quarantined_at": entry.quarantined_at,
                    "source": entry.source,
                    "reason": entry.reason,
                    "source_file": entry.source_file,
                    "source_row": entry.source_row,
                    "byte_count": entry.byte_count,
                }
                for entry in entries[:limit]
            ]
        )
    else:
        reasons = Counter(entry.reason for entry in entries)
        out().print(quarantine_view(entries[:limit], len(entries), reasons.most_common()))


def quarantine_show(ids: Ids = None, lake: LakeOption = DEFAULT_LAKE, as_json: JsonOption = False) -> None:
    """Entries with what they hold (secrets are masked)."""
    from pipeline.errors import SettingsError
    from pipeline.lake import Lake
    from pipeline.quarantine import read_entries
    from pipeline.report.tables import quarantine_entry_view

    if not ids:
        raise SettingsError("which entry?", hint="`postreset quarantine list` shows the ids")
    entries = read_entries(Lake.open(lake), ids)
    if as_json:
        write_json(
            [
                {
                    "entry_id": entry.entry_id,
                    "quarantined_at": entry.quarantined_at,
                    "source": entry.source,
                    "reason": entry.reason,
                    "source_file": entry.source_file,
                    "source_row": entry.source_row,
                    "byte_count": entry.byte_count,
                    "record": entry.record,
                }
                for entry in entries
            ]
        )
        return
    for entry in entries:
        out().print(quarantine_entry_view(entry), soft_wrap=True)


def quarantine_retry(
    ids: Ids = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Those with this in their reason.")] = None,
    lake: LakeOption = DEFAULT_LAKE,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take entries in again, all of them or those named: from their files, or as stored where a file is gone."""
    from pipeline.lake import Lake
    from pipeline.quarantine import read_entries, retry

    opened = Lake.open(lake)
    entries = read_entries(opened, ids or (), reason=reason)
    with show_progress() as progress:
        progress.add_task("quarantine: reading again")
        summary, left = retry(opened, entries, utc_now(), read_settings(config).limits)
    result = {
        "retried": len(entries),
        "no_longer_quarantined": left,
        "records": summary.total.records,
        "events": summary.total.events,
        "duplicates": summary.total.duplicates,
        "quarantined": summary.total.quarantined,
    }
    if as_json:
        write_json(result)
    else:
        out().print(
            f"{len(entries):,} tried again, {left:,} of them in quarantine no more: "
            f"{summary.total.events:,} new events, {summary.total.duplicates:,} records that the lake holds already."
        )
