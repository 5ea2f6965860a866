"""`load`: what is new in the configured services, into landing.

Exit codes: 0 all is on disk · 1 verification found something · 3 a source could not be read whole (the others were).
"""

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
from pipeline.errors import LoadError, SettingsError
from pipeline.report.text import visible
from pipeline.settings import DEFAULT_LAKE, SETTINGS_FILE, read_settings
from pipeline.times import parse_duration, parse_time


def load(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Names of sources; all that are configured unless told.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="From when: 7d, or 2026-03-02T09:14Z; where it was complete, unless told."
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Then check that nobody edited, removed or added logs.")
    ] = False,
    lake: LakeOption = DEFAULT_LAKE,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pull what is new from the configured services into landing; `ingest` takes it from there."""
    from loaders.account import Account
    from pipeline.load import as_json as load_json
    from pipeline.load import load_sources, make_loaders, verify_sources
    from pipeline.report.loads import load_view, progress_words

    settings = read_settings(config)
    if not settings.sources:
        raise SettingsError(
            "no source is configured", str(config or SETTINGS_FILE), "add a table [sources.NAME]"
        )
    now = utc_now()
    begin = None
    if since is not None:
        begin = (
            now - parse_duration(since, "--since") if since[-1:] in "mhdw" else parse_time(since, "--since")
        )
        if begin >= now:
            raise SettingsError("a time to come", "--since", "give one that is past")
    loaders = make_loaders(settings, sources or (), str(config or SETTINGS_FILE))
    with show_progress() as progress:
        task = progress.add_task("load: asking")

        def tell(source: str, account: Account) -> None:
            progress.update(task, description=visible(progress_words(source, account, now, utc_now())))

        loaded = load_sources(lake, loaders, begin, now, settings.landing, tell)
        found, unverified = None, []
        if verify and not loaded.stopped:
            progress.update(task, description="load: verifying")
            found, unverified = verify_sources(lake, loaders, begin or now - settings.landing.look_back, now)
    if as_json:
        write_json(load_json(loaded, found))
    else:
        out().print(load_view(loaded.summaries, found), soft_wrap=True)
    if loaded.stopped:
        raise loaded.stopped
    problems = [*loaded.problems, *unverified]
    for problem in problems[1:]:
        talk().print(visible(f"postreset load: {problem}"), markup=False)
    if problems:
        raise LoadError(problems[0])
    if found:
        raise typer.Exit(1)
