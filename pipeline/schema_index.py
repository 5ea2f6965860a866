"""The models' part of docs/schema.md: what each SQL file says of its table at its head, and the columns that it makes.

`python -m pipeline.schema_index` writes it; a test holds that it is the one that is written.
"""

import re
import sys
import textwrap
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipeline.connection import connect
from pipeline.detect import create_signals, register_detections
from pipeline.models import Parameter, build_models, load_seeds, models_before, read_models
from pipeline.schema import create_empty_events
from pipeline.score import shipped_parameters
from pipeline.settings import resource_root
from pipeline.signal_history import create_history_tables
from pipeline.watermarks import create_watermarks

BEGIN, END = "<!-- models: written by `make format` -->", "<!-- end of models -->"
EVENT_KEY = "source, tenant_id, event_id, occurred_at"


def models_text() -> str:
    """A section for each model, in the order of their names."""
    con = connect()
    load_seeds(con)
    create_history_tables(con)
    create_watermarks(con)
    create_empty_events(con)
    times: dict[str, Parameter] = {
        "since": datetime(2026, 1, 1),
        "until": datetime(2026, 2, 1),
        "window": timedelta(hours=72),
        "look_back": timedelta(days=30),
    }
    parameters: dict[str, Parameter] = {**shipped_parameters(), **times}
    before = models_before("signals")
    build_models(con, parameters, before)
    register_detections(con, [])
    create_signals(con)
    build_models(con, parameters, read_models().keys() - set(before))
    return "\n\n".join(_section(con, name, text) for name, text in sorted(read_models().items()))


def replaced(document: str) -> str:
    """docs/schema.md with its models written anew."""
    head, _, rest = document.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{models_text()}\n\n{END}{rest.partition(END)[2]}"


def _section(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> str:
    lines = re.match(r"(?:--[^\n]*\n)+", sql)
    words = " ".join(line.removeprefix("--").strip() for line in lines[0].splitlines()) if lines else ""
    grain = re.search(r"Grain: ([^.;]*)[.;]?\s*", words)
    prose = (words[: grain.start()] + words[grain.end() :]).strip() if grain else words
    columns = [
        f"`{column}`" + ("" if kind == "VARCHAR" else f" ({kind.lower()})")
        for column, kind, *_ in con.execute(f"describe {name}").fetchall()
    ]
    told = f"{prose} Grain: {_grain(grain[1])}." if grain else prose
    return "\n\n".join([f"### `{name}`", _wrapped(told), _wrapped(f"Columns: {', '.join(columns)}.")])


def _grain(words: str) -> str:
    words = re.sub(r"\([^)]*\)|\bof the span\b", "", words)
    names = re.sub(r"\bevent\b(?!_)", EVENT_KEY, words)
    return ", ".join(f"`{name.strip()}`" for name in names.split(",") if name.strip())


def _wrapped(text: str) -> str:
    return textwrap.fill(text, width=125, break_long_words=False, break_on_hyphens=False)


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else resource_root() / "docs" / "schema.md"
    path.write_text(replaced(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
