"""`nightly`: everything new, hunted, ranked and told.

Exit codes: 0 nothing needs a person · 1 a score is at or above --fail-on · 3 none is, and a source could not be read.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from pipeline.cli.hunts import InventoryOption
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
    talk,
    utc_now,
    write_json,
)
from pipeline.errors import InputError
from pipeline.report.text import visible
from pipeline.settings import DEFAULT_LAKE, SETTINGS_FILE, Settings, read_settings
from pipeline.times import parse_duration, parse_time

if TYPE_CHECKING:
    from pipeline.nightly import Night, NightResult


def nightly(
    since: Annotated[
        str, typer.Option("--since", help="How far back resets are looked for: 24h, 7d.")
    ] = "24h",
    until: Annotated[
        str | None,
        typer.Option("--until", help="End of the period; by default the hour that has begun."),
    ] = None,
    window: Annotated[
        str, typer.Option("--window", help="How long after the reset to follow: 90m, 72h, 3d.")
    ] = "72h",
    look_back: Annotated[
        str,
        typer.Option(
            "--look-back", help="How much past to compare with; late logs are followed as far back."
        ),
    ] = "30d",
    to_folder: Annotated[
        Path, typer.Option("--out", help="Where each night gets a folder of its date.")
    ] = Path("out/nightly"),
    fail_on: Annotated[
        int, typer.Option("--fail-on", help="Exit 1 if a score is at or above this.", min=0, max=100)
    ] = 40,
    notify_above: Annotated[
        int, typer.Option("--notify-above", help="Notify of scores at or above this.", min=0, max=100)
    ] = 40,
    rules: RulesOption = None,
    only: OnlyOption = None,
    overrides: OverridesOption = None,
    inventory: InventoryOption = None,
    config: ConfigOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Load, ingest, check, hunt every reset of the period and those that new logs bear on, rank, notify."""
    from pipeline.nightly import Night
    from pipeline.nightly.notices import VARIABLE, read_channels
    from pipeline.nightly.turn import turn

    now = utc_now()
    end = parse_time(until, "--until") if until else now.replace(minute=0, second=0, microsecond=0)
    settings = read_settings(config)
    night = Night(
        since=end - parse_duration(since, "--since"),
        until=end,
        rule_set=chosen_rules(rules, only, overrides, config),
        out=to_folder,
        window=parse_duration(window, "--window"),
        look_back=parse_duration(look_back, "--look-back"),
        inventory=inventory or settings.inventory,
        notify_above=notify_above,
        channels=read_channels(os.environ.get(VARIABLE), settings.notify_file),
    )
    with turn(lake, now):
        result, told = _run(lake, night, settings, config)
    _show(night, result, told, as_json)
    if any(entry.score >= fail_on for entry in result.entries):
        raise typer.Exit(1)
    if told["load"]:
        raise typer.Exit(InputError.exit_code)


def _run(
    lake: Path, night: "Night", settings: Settings, config: Path | None
) -> "tuple[NightResult, dict[str, list[str]]]":
    """The steps in their order. What went wrong with a source, and what is not as expected of the logs, is told at once."""
    from pipeline.lake import Lake
    from pipeline.nightly import hunt_night
    from pipeline.nightly.steps import bring_in, check_new_events

    with show_progress() as progress:
        task = progress.add_task("nightly")

        def tell(stage: str) -> None:
            progress.update(task, description=f"nightly: {visible(stage)}")

        if not settings.sources:
            _warn(["no source is configured, so nothing is loaded"])
        problems = list(bring_in(lake, settings, utc_now(), tell, str(config or SETTINGS_FILE)))
        _warn(problems)
        opened = Lake.open(lake)
        tell("checking the new events")
        quality = check_new_events(opened, night.since, night.until, night.folder / "quality")
        _warn(quality)
        told = {"load": problems, "quality": quality}
        result = hunt_night(opened, night, told, tell)
    _warn(result.told.problems)
    return result, told


def _show(night: "Night", result: "NightResult", told: dict[str, list[str]], as_json: bool) -> None:
    if as_json:
        from pipeline.report.queue import queue_shape

        write_json(
            {
                "night": night.name,
                "out": str(night.folder),
                "resets": [
                    queue_shape(rank, entry) | {"notes": list(result.notes[entry.reset.reset_id])}
                    for rank, entry in enumerate(result.entries, start=1)
                ],
                **told,
                "hunted_days": result.hunted_days,
                "notified": result.told.reset_count,
                "notify": list(result.told.problems),
            }
        )
        return
    from pipeline.report.terminal import queue_view

    lines: list[Any] = [queue_view(result.entries)]
    changed = [entry for entry in result.entries if entry.reset.reset_id in result.changed]
    if changed:
        lines.append(Text("\nWhat changed", style="bold"))
    for entry in changed:
        lines.append(Text(visible(f"{entry.score:>5}  {entry.reset.person}")))
        lines += [Text(visible(f"       {note}"), style="dim") for note in result.notes[entry.reset.reset_id]]
    lines.append(Text(f"\nQueue   {night.folder / 'queue.html'}", style="bold"))
    out().print(Group(*lines))


def _warn(sentences: Any) -> None:
    for sentence in sentences:
        talk().print(visible(f"postreset nightly: {sentence}"), markup=False)
