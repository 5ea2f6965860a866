"""Runs the models under sql/ in the order of their dependencies.

One file is one SELECT and makes one temp table of its name. A model depends on each model or seed whose name occurs in
its text. Parameters are bound: a file gets the ones it names, and DuckDB refuses one that is missing.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from graphlib import CycleError, TopologicalSorter
from time import perf_counter

import duckdb

from pipeline.errors import ModelError
from pipeline.settings import resource_root

log = logging.getLogger("postreset.models")

Parameter = datetime | timedelta | str | int | float | list[str] | None


LAYERS = ("intermediate", "marts")


@cache
def read_models() -> dict[str, str]:
    """Name → SQL text of every model, in an order in which each can be built."""
    folder = resource_root() / "sql"
    texts = {
        path.stem: path.read_text() for layer in LAYERS for path in sorted((folder / layer).glob("*.sql"))
    }
    graph = {name: upstream(name, text, texts) for name, text in texts.items()}
    try:
        return {name: texts[name] for name in TopologicalSorter(graph).static_order()}
    except CycleError as error:
        raise ModelError(
            f"models depend on each other in a circle: {' → '.join(error.args[1])}", "sql/"
        ) from error


def upstream(name: str, text: str, names: Iterable[str]) -> list[str]:
    """The tables of `names` that a model reads: those whose name occurs in its SQL, comments and literals left out."""
    words = set(re.findall(r"\w+", re.sub(r"--[^\n]*|'(?:[^']|'')*'", " ", text)))
    return sorted(other for other in names if other != name and other in words)


def models_before(table: str) -> list[str]:
    """Every model that needs neither `table` nor anything made from it, in building order."""
    texts = read_models()
    needing = {table}
    for name, text in texts.items():
        if upstream(name, text, needing):
            needing.add(name)
    return [name for name in texts if name not in needing]


def seed_names() -> list[str]:
    return [path.stem for path in sorted((resource_root() / "sql" / "seeds").glob("*.csv"))]


def load_seeds(con: duckdb.DuckDBPyConnection) -> None:
    """Every CSV of sql/seeds as a temp table of its name."""
    for path in sorted((resource_root() / "sql" / "seeds").glob("*.csv")):
        con.read_csv(str(path), header=True).create_view("seed_file", replace=True)
        con.execute(f"create or replace temp table {path.stem} as from seed_file")


def bound(text: str, parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Those of `parameters` that an SQL text names."""
    return {key: parameters[key] for key in set(re.findall(r"\$(\w+)", text)) if key in parameters}


def build_model(
    con: duckdb.DuckDBPyConnection, name: str, text: str, parameters: Mapping[str, Parameter]
) -> None:
    """Makes the temp table `name` from a model's SQL. Raises ModelError with DuckDB's own words."""
    started = perf_counter()
    try:
        con.execute(
            f"create or replace temp table {name} as {text}",
            bound(text, parameters),
        )
    except duckdb.Error as error:
        raise ModelError(str(error), f"sql model {name}") from error
    log.debug("model %s: %.3f s", name, perf_counter() - started)


def build_models(
    con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Parameter], names: Iterable[str]
) -> None:
    """Builds these models, in building order."""
    wanted = set(names)
    for name, text in read_models().items():
        if name in wanted:
            build_model(con, name, text, parameters)
