"""The command line: the only module that prints. stdout is data, stderr is talk.

Exit codes: 0 done · 1 findings at or above --fail-on · 2 usage or settings · 3 input · 4 detection or model · 130 interrupted.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from pipeline.errors import InputError, PostresetError, SettingsError
from pipeline.settings import DEFAULT_LAKE, resource_root
from pipeline.times import parse_duration, parse_time

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="What happened after this person's password or MFA was reset, and is it over?",
)
detections_app = typer.Typer(no_args_is_help=True, help="The rule set.")
lake_app = typer.Typer(no_args_is_help=True, help="The lake.")
app.add_typer(detections_app, name="detections")
app.add_typer(lake_app, name="lake")

LakeOption = Annotated[
    Path,
    typer.Option(
        "--lake", envvar="POSTRESET_LAKE", help="Folder of the lake.", show_default=str(DEFAULT_LAKE)
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
RulesOption = Annotated[
    list[Path] | None, typer.Option("--rules", help="Folder of detections of your own, besides ours.")
]


class Sample(StrEnum):
    incident = "incident"
    quiet_day = "quiet-day"


class QueryFormat(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


@app.callback()
def set_up(
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="One line a stage on stderr.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Nothing on stderr but errors.")] = False,
) -> None:
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("pyiceberg", "sqlalchemy", "urllib3", "fsspec"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def out() -> Console:
    return Console(
        highlight=False, width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "110"))
    )


def talk() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def write_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, default=_json_value, ensure_ascii=False, indent=2) + "\n")


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return str(value)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=talk(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


# --- ingest ----------------------------------------------------------------------------------------------------------


@app.command()
def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files and folders of logs; format and source are recognised.", show_default=False
        ),
    ] = None,
    sample: Annotated[
        Sample | None, typer.Option("--sample", help="The logs that come with postreset.")
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Take logs into the lake, and account for every record."""
    from pipeline.ingest import MissingPaths
    from pipeline.ingest import ingest as take_in

    given = [*(paths or []), *([resource_root() / "data" / "samples" / sample] if sample else [])]
    if not given:
        raise SettingsError(
            "what to ingest?", hint="name files or folders of logs, or give --sample incident"
        )
    missing: InputError | None = None
    with _progress() as progress:
        task = progress.add_task("ingest: reading")
        try:
            summary = take_in(
                lake,
                given,
                utc_now(),
                lambda done, every: progress.update(task, description=f"ingest: {done} of {every} files"),
            )
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


# --- resets, hunt ----------------------------------------------------------------------------------------------------


@app.command()
def resets(lake: LakeOption = DEFAULT_LAKE, as_json: JsonOption = False) -> None:
    """The resets found in the lake, newest first."""
    from pipeline.hunt import list_resets
    from pipeline.lake import Lake

    found = list_resets(Lake.open(lake))
    if as_json:
        write_json(found)
        return
    from pipeline.report.tables import resets_view

    out().print(resets_view(found))


@app.command()
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
    rules: RulesOption = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Follow one reset, or every reset of a window, and write a scored timeline of each."""
    from pipeline.hunt import Request, hunt_resets
    from pipeline.lake import Lake
    from pipeline.report.files import folder_name, write_hunt_folder
    from pipeline.report.queue import queue_entry, write_queue
    from pipeline.report.shapes import hunt_summary
    from pipeline.report.terminal import hunt_view, queue_view

    is_window = since is not None or until is not None
    request = Request(
        who=who,
        at=parse_time(at, "--at") if at else None,
        since=parse_time(since, "--from") if since else None,
        until=parse_time(until, "--to") if until else None,
        window=parse_duration(window, "--window"),
        look_back=parse_duration(look_back, "--look-back"),
        rules=tuple(rules or ()),
    )
    entries, summaries, view = [], [], None
    with _progress() as progress:
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


# --- query -----------------------------------------------------------------------------------------------------------


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One read-only statement.")],
    lake: LakeOption = DEFAULT_LAKE,
    shape: Annotated[QueryFormat, typer.Option("--format", help="How rows are written.")] = QueryFormat.table,
    as_json: JsonOption = False,
) -> None:
    """Read-only SQL over the lake: events, quarantine and the models."""
    from pipeline.lake import Lake
    from pipeline.query import run_query
    from pipeline.report.tables import rows_view

    columns, rows = run_query(Lake.open(lake), sql)
    if as_json or shape is QueryFormat.json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif shape is QueryFormat.csv:
        from pipeline.report.tables import write_rows_csv

        write_rows_csv(sys.stdout, columns, rows)
    else:
        out().print(rows_view(columns, rows))


# --- detections ------------------------------------------------------------------------------------------------------


@detections_app.command("list")
def detections_list(rules: RulesOption = None, as_json: JsonOption = False) -> None:
    """Every detection, by control domain."""
    from pipeline.hunt import load_rule_set
    from pipeline.report.tables import rows_view

    columns = ("name", "kind", "control_domain", "points", "level", "title")
    found = sorted(load_rule_set(tuple(rules or ())), key=lambda d: (d.control_domain, d.name))
    rows = [tuple(getattr(d, column) for column in columns) for d in found]
    if as_json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        out().print(rows_view(columns, rows))


@detections_app.command("check")
def detections_check(rules: RulesOption = None) -> None:
    """Check every detection, run its cases, and say all faults at once."""
    from pipeline.detection_checks import check_detections
    from pipeline.errors import DetectionError

    cases = resource_root() / "tests" / "detections"
    problems = check_detections(
        [resource_root() / "detections", *(rules or [])], cases if cases.is_dir() else None
    )
    if problems:
        raise DetectionError(f"{len(problems)} problems\n" + "\n".join(str(problem) for problem in problems))
    talk().print("detections check: no problems")


@detections_app.command("coverage")
def detections_coverage(
    lake: LakeOption = DEFAULT_LAKE, rules: RulesOption = None, as_json: JsonOption = False
) -> None:
    """Which detections can be evaluated on this lake: is there any log of the source they read?"""
    from pipeline.detect import unseen_sources
    from pipeline.hunt import connect, load_rule_set
    from pipeline.lake import Lake
    from pipeline.report.tables import rows_view

    opened = Lake.open(lake)
    con = connect(opened)
    opened.create_events_view(con)
    found = load_rule_set(tuple(rules or ()))
    unseen = unseen_sources(con, found)
    columns = ("name", "evaluable", "sources_never_seen")
    rows = [(d.name, "no" if d.name in unseen else "yes", ", ".join(unseen.get(d.name, ()))) for d in found]
    if as_json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        out().print(rows_view(columns, rows))


# --- lake, simulate --------------------------------------------------------------------------------------------------


@lake_app.command("stats")
def lake_stats(lake: LakeOption = DEFAULT_LAKE, as_json: JsonOption = False) -> None:
    """Events by source, tenant and time span, and what is quarantined."""
    from pipeline.lake import Lake
    from pipeline.query import run_query
    from pipeline.report.tables import rows_view

    columns, rows = run_query(
        Lake.open(lake),
        """select source, tenant_id, count(*) as events, min(occurred_at) as first_at, max(occurred_at) as last_at
        from events group by all order by all""",
    )
    if as_json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        out().print(rows_view(columns, rows))


@app.command()
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; an error of ours is one line on stderr."""
    command = " ".join(["postreset", *([arguments[0]] if arguments else sys.argv[1:2])])
    try:
        code = app(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except PostresetError as error:
        talk().print(f"{command}: {error}", markup=False, style="bold red" if sys.stderr.isatty() else None)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        talk().print(f"{command}: interrupted; what was committed is kept, run it again to go on")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        talk().print(f"{command}: {usage()}: see `{command} --help`", markup=False)
        return SettingsError.exit_code
    return code if isinstance(code, int) else 0  # what a command raised with typer.Exit


def run() -> None:
    sys.exit(main())


if __name__ == "__main__":
    run()
