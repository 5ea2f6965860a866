"""What every command shares: the streams, the progress, JSON, and the options that several of them take."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from pipeline.settings import DEFAULT_LAKE

LakeOption = Annotated[
    Path,
    typer.Option(
        "--lake", envvar="POSTRESET_LAKE", help="Folder of the lake.", show_default=str(DEFAULT_LAKE)
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Settings file; by default postreset.toml in this folder, if there is one."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
RulesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules", help="Folder of rules to use besides ours, e.g. a SigmaHQ checkout; may be repeated."
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="Of those folders take level=medium+, status=test, product=aws or tag=attack.t1078; may be repeated.",
    ),
]
OverridesOption = Annotated[
    Path | None, typer.Option("--overrides", help="File of overrides and suppressions of rules.")
]


def out() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else _width_in_a_pipe())


def _width_in_a_pipe() -> int:
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if asked.isdecimal() and int(asked) else 110


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


def show_progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=talk(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
