"""The command line: the only package that prints. stdout is data, stderr is talk.

Exit codes: 0 done · 1 findings at or above --fail-on · 2 usage or settings · 3 input · 4 detection or model · 130 interrupted.
"""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from pipeline.cli import health, hunts, loading, logs, night, quarantine, rules, upkeep
from pipeline.cli.streams import talk
from pipeline.errors import PostresetError, SettingsError
from pipeline.report.text import visible

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
quarantine_app = typer.Typer(no_args_is_help=True, help="What became no event.")
app.add_typer(quarantine_app, name="quarantine")

app.command()(loading.load)
app.command()(logs.ingest)
app.command()(hunts.resets)
app.command()(hunts.hunt)
app.command()(night.nightly)
app.command()(hunts.query)
app.command()(logs.simulate)
app.command()(health.quality)
app.command()(health.doctor)
detections_app.command("list")(rules.detections_list)
detections_app.command("check")(rules.detections_check)
detections_app.command("coverage")(rules.detections_coverage)
detections_app.command("scan")(rules.detections_scan)
quarantine_app.command("list")(quarantine.quarantine_list)
quarantine_app.command("show")(quarantine.quarantine_show)
quarantine_app.command("retry")(quarantine.quarantine_retry)
lake_app.command("stats")(upkeep.lake_stats)
lake_app.command("compact")(upkeep.lake_compact)
lake_app.command("expire")(upkeep.lake_expire)


@app.callback()
def set_up(
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="One line a stage on stderr.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Nothing on stderr but errors.")] = False,
) -> None:
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("pyiceberg", "sqlalchemy", "urllib3", "fsspec"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; an error of ours is one line on stderr."""
    command = " ".join(["postreset", *([arguments[0]] if arguments else sys.argv[1:2])])
    try:
        code = app(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except PostresetError as error:
        lines = [visible(line) for line in f"{command}: {error}".split("\n")]  # it may quote a log
        talk().print("\n".join(lines), markup=False, style="bold red" if sys.stderr.isatty() else None)
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
