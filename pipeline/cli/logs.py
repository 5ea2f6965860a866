"""`ingest` and `simulate`: logs in, and logs made up."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.streams import (
    ConfigOption,
    JsonOption,
    LakeOption,
    out,
    show_progress,
    talk,
    utc_now,
    write_json,
)
from pipeline.errors import InputError, SettingsError
from pipeline.settings import DEFAULT_LAKE, read_settings, resource_root


class Sample(StrEnum):
    incident = "incident"
    quiet_day = "quiet-day"


def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files and folders of logs; format and source are recognised. Without: what `load` brought.",
            show_default=False,
        ),
    ] = None,
    sample: Annotated[
        Sample | None, typer.Option("--sample", help="The logs that come with postreset.")
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take logs into the lake, and account for every record."""
    from pipeline.ingest import MissingPaths
    from pipeline.ingest import ingest as take_in
    from pipeline.load import ingest_landed, was_loaded

    given = [*(paths or []), *([resource_root() / "data" / "samples" / sample] if sample else [])]
    settings = read_settings(config)
    if not given and not was_loaded(lake):
        hint = "name files or folders of logs, or give --sample incident"
        if settings.sources:
            hint = f"`postreset load` brings what the configured sources have; or {hint}"
        raise SettingsError("what to ingest?", hint=hint)
    missing: InputError | None = None
    with show_progress() as progress:
        task = progress.add_task("ingest: reading")

        def tell(done: int, every: int) -> None:
            progress.update(task, description=f"ingest: {done} of {every} files")

        try:
            if given:
                summary = take_in(lake, given, utc_now(), tell, settings.limits)
            else:
                summary = ingest_landed(lake, utc_now(), settings.limits, tell, settings.landing)
        except MissingPaths as error:
            summary, missing = error.summary, error
    total = summary.total
    if as_json:
        write_json(
            {
                "files": summary.files,
                "records": total.records,
                "events": total.events,
                "duplicates": total.duplicates,
                "quarantined": total.quarantined,
                "by_source": {
                    c.source: {
                        "records": c.records,
                        "events": c.events,
                        "duplicates": c.duplicates,
                        "quarantined": c.quarantined,
                    }
                    for c in summary.counts.values()
                },
                "quarantine_reasons": dict(summary.reasons.most_common()),
            }
        )
    else:
        from pipeline.report.tables import ingest_view

        out().print(ingest_view(summary.files, summary.counts.values(), total, summary.reasons.most_common()))
    if missing:
        raise missing


def simulate(
    folder: Annotated[Path, typer.Argument(help="A new folder for the logs.", show_default=False)],
    scenario: Annotated[str, typer.Option("--scenario", help="incident, quiet_day or bench.")] = "incident",
    seed: Annotated[int, typer.Option("--seed", help="The same seed writes the same bytes.")] = 7,
    events: Annotated[int, typer.Option("--events", help="How many events (bench only).", min=1)] = 200_000,
    as_json: JsonOption = False,
) -> None:
    """Write made-up logs in the vendors' own formats."""
    from pipeline.simulate import simulate as write_logs

    summary = write_logs(folder, scenario.replace("-", "_"), seed, events)
    if as_json:
        write_json(
            {"files": summary.file_count, "bytes": summary.byte_count, "records": summary.record_counts}
        )
    else:
        talk().print(
            f"simulate: {sum(summary.record_counts.values())} records in {summary.file_count} files "
            f"({summary.byte_count / 1e6:.1f} MB) in {folder}"
        )
