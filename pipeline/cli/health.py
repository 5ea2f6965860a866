"""`quality` and `doctor`: whether the lake can be believed, and what it does not show."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.streams import JsonOption, LakeOption, out, show_progress, utc_now, write_json
from pipeline.settings import DEFAULT_LAKE
from pipeline.times import parse_duration


def quality(
    since: Annotated[
        str, typer.Option("--since", help="What arrived in the last 24h, 7d … counts as new.")
    ] = "24h",
    folder: Annotated[Path, typer.Option("--out", help="Folder of the data docs (HTML).")] = Path(
        "out/quality"
    ),
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Hold the expectations of each source against new events and the whole lake. Deletes nothing."""
    from pipeline.lake import Lake
    from pipeline.quality import check_quality
    from pipeline.report.health import quality_view

    now = utc_now()
    opened = Lake.open(lake)
    span = parse_duration(since, "--since")
    folder.mkdir(parents=True, exist_ok=True)
    with show_progress() as progress:
        progress.add_task("quality: measuring")
        checks = check_quality(opened, now, now - span, folder.absolute())
    if as_json:
        write_json(
            {
                "data_docs": str(folder / "index.html"),
                "checks": [
                    {name: getattr(check, name) for name in check.__dataclass_fields__} for check in checks
                ],
            }
        )
    else:
        out().print(quality_view(checks, str(folder / "index.html")))


def doctor(lake: LakeOption = DEFAULT_LAKE, as_json: JsonOption = False) -> None:
    """What is there, complete and reachable; what is missing, and what that hides."""
    from pipeline.doctor import as_json as diagnosis_json
    from pipeline.doctor import examine
    from pipeline.lake import Lake
    from pipeline.report.health import doctor_view

    diagnosis = examine(Lake.open(lake), utc_now())
    if as_json:
        write_json(diagnosis_json(diagnosis))
    else:
        out().print(doctor_view(diagnosis))
