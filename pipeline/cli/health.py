"""`quality` and `doctor`: whether the lake can be believed, and what it does not show."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.streams import ConfigOption, JsonOption, LakeOption, out, show_progress, utc_now, write_json
from pipeline.errors import InputError, SettingsError
from pipeline.settings import DEFAULT_LAKE
from pipeline.times import parse_duration


def quality(
    since: Annotated[
        str | None, typer.Option("--since", help="New is what arrived in the last …; 24h unless told.")
    ] = None,
    batch: Annotated[
        str | None, typer.Option("--batch", help="New is this batch: its id, or the beginning of it.")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of the data docs (HTML).")] = Path(
        "out/quality"
    ),
    fail_on: Annotated[
        int | None, typer.Option("--fail-on", help="Exit 1 if so many expectations do not hold.", min=1)
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Hold the expectations of each source against new events and the whole lake. Deletes nothing."""
    from pipeline.lake import Lake
    from pipeline.quality import as_json as quality_json
    from pipeline.quality import check_quality
    from pipeline.report.health import quality_view

    if since and batch:
        raise SettingsError("--since and --batch both say what is new", hint="give one of them")
    now = utc_now()
    arrived_since = None if batch else now - parse_duration(since or "24h", "--since")
    with show_progress() as progress:
        progress.add_task("quality: measuring")
        result = check_quality(Lake.open(lake), now, folder, arrived_since, batch)
    if as_json:
        write_json(quality_json(result))
    else:
        out().print(quality_view(result))
    if fail_on is not None and len(result.failed) >= fail_on:
        raise typer.Exit(1)


def doctor(lake: LakeOption = DEFAULT_LAKE, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What is configured, there and whole; what is missing, and what that hides."""
    from pipeline.doctor import as_json as diagnosis_json
    from pipeline.doctor import examine
    from pipeline.report.health import doctor_view

    with show_progress() as progress:
        progress.add_task("doctor: looking")
        diagnosis = examine(lake, utc_now(), config)
    if as_json:
        write_json(diagnosis_json(diagnosis))
    else:
        out().print(doctor_view(diagnosis), soft_wrap=True)
    if diagnosis.seen.lake.problem:
        raise InputError(
            diagnosis.seen.lake.problem,
            str(lake),
            "make one with `postreset ingest PATH --lake DIR`, or give another",
        )
