"""`resets`, `hunt` and `query`: what the lake says."""

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from pipeline.cli.rule_choice import chosen_rules
from pipeline.cli.streams import (
    ConfigOption,
    JsonOption,
    LakeOption,
    OnlyOption,
    OverridesOption,
    RulesOption,
    out,
    show_progress,
    write_json,
)
from pipeline.errors import InputError
from pipeline.settings import DEFAULT_LAKE, read_settings
from pipeline.times import parse_duration, parse_time


class QueryFormat(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


InventoryOption = Annotated[
    Path | None,
    typer.Option(
        "--inventory",
        help="CSV of thing, kind, owner, team, note; by default inventory.csv in the lake's folder.",
    ),
]


def resets(
    inventory: InventoryOption = None,
    config: ConfigOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """The resets found in the lake, newest first."""
    from pipeline.hunt import list_resets
    from pipeline.lake import Lake

    found = list_resets(Lake.open(lake), inventory or read_settings(config).inventory)
    if as_json:
        write_json(found)
        return
    from pipeline.report.tables import resets_view

    out().print(resets_view(found))


def hunt(
    who: Annotated[
        str | None,
        typer.Argument(help="UPN, e-mail, object id, ARN or login, or an unambiguous part of one."),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="About when the reset was, e.g. 2026-03-02T09:14Z.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Every reset from this time …")] = None,
    until: Annotated[str | None, typer.Option("--to", help="… to this, ranked.")] = None,
    window: Annotated[
        str, typer.Option("--window", help="How long after the reset to follow: 90m, 72h, 3d.")
    ] = "72h",
    look_back: Annotated[str, typer.Option("--look-back", help="How much past to compare with.")] = "30d",
    to_folder: Annotated[Path, typer.Option("--out", help="Where the hunt folders go.")] = Path("out"),
    fail_on: Annotated[
        int | None, typer.Option("--fail-on", help="Exit 1 if a score is at or above this.", min=0, max=100)
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print how each part of the score came about.")
    ] = False,
    rules: RulesOption = None,
    only: OnlyOption = None,
    overrides: OverridesOption = None,
    inventory: InventoryOption = None,
    config: ConfigOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Follow one reset, or every reset of a window, and write a scored timeline of each."""
    from pipeline.hunt import Request, hunt_resets
    from pipeline.lake import Lake
    from pipeline.report.files import folder_name, write_hunt_folder
    from pipeline.report.queue import queue_entry, write_queue
    from pipeline.report.shapes import hunt_summary
    from pipeline.report.terminal import explain_view, hunt_view, queue_view

    is_window = since is not None or until is not None
    request = Request(
        who=who,
        at=parse_time(at, "--at") if at else None,
        since=parse_time(since, "--from") if since else None,
        until=parse_time(until, "--to") if until else None,
        window=parse_duration(window, "--window"),
        look_back=parse_duration(look_back, "--look-back"),
        rule_set=chosen_rules(rules, only, overrides, config),
        inventory=inventory or read_settings(config).inventory,
    )
    entries, summaries, view = [], [], None
    with show_progress() as progress:
        task = progress.add_task("hunt")
        for result in hunt_resets(
            Lake.open(lake), request, lambda stage: progress.update(task, description=f"hunt: {stage}")
        ):
            name = folder_name(result.hunt_id)
            folder = _written(write_hunt_folder, result, to_folder / name)
            entries.append(queue_entry(result, name))
            if as_json:
                summaries.append(hunt_summary(result, str(folder)))
            elif not is_window:
                view = hunt_view(result, str(folder))
                if explain:
                    view = Group(explain_view(result), Text(), view)
        if is_window:
            queue = _written(
                write_queue,
                entries,
                to_folder,
                request.since or request.until,
                request.until or request.since,
            )
            view = Group(queue_view(entries), Text(f"\nQueue   {queue}", style="bold"))
    if as_json:
        write_json(summaries if is_window else summaries[0])
    else:
        out().print(view)
    if fail_on is not None and any(entry.score >= fail_on for entry in entries):
        raise typer.Exit(1)


def _written(write: Callable[..., Path], *arguments: Any) -> Path:
    """The path that `write` returns; a folder that cannot be written is the user's to mend."""
    try:
        return write(*arguments)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            str(error.filename or ""),
            "give another folder with --out",
        ) from error


def query(
    sql: Annotated[str, typer.Argument(help="One read-only statement.")],
    lake: LakeOption = DEFAULT_LAKE,
    shape: Annotated[QueryFormat, typer.Option("--format", help="How rows are written.")] = QueryFormat.table,
    as_json: JsonOption = False,
) -> None:
    """Read-only SQL over the lake: events, quarantine and the models."""
    from pipeline.planned import open_planned
    from pipeline.query import run_query
    from pipeline.report.tables import rows_view

    columns, rows = run_query(open_planned(lake), sql)
    if as_json or shape is QueryFormat.json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif shape is QueryFormat.csv:
        from pipeline.report.tables import write_rows_csv

        write_rows_csv(sys.stdout, columns, rows)
    else:
        out().print(rows_view(columns, rows))
