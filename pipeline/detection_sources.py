"""Which logs a detection reads: what their absence hides widens the band of a score."""

import re
from collections.abc import Iterable
from functools import cache

import duckdb

from pipeline.conversion import Runnable
from pipeline.detection import Detection
from pipeline.sigma_duckdb.log_sources import read_log_sources


@cache
def known_sources() -> frozenset[str]:
    return frozenset(source for known in read_log_sources() for source in known.sources)


def named_sources(detection: Detection) -> frozenset[str]:
    """The sources that a correlation in SQL names; one that names none reads the models, which any log may fill."""
    return known_sources().intersection(re.findall(r"'(\w+)'", detection.query))


def create_sources(con: duckdb.DuckDBPyConnection) -> None:
    """Table `detection_sources`, empty."""
    con.execute("create or replace table detection_sources (detection varchar, source varchar)")


def register_sources(
    con: duckdb.DuckDBPyConnection, runnable: Runnable, correlations: Iterable[Detection] = ()
) -> None:
    """Adds the sources of these rules and correlations."""
    pairs = {(detection.name, source) for detection, rule in runnable.rules for source in rule.sources}
    pairs |= {
        (detection.name, source)
        for detection, correlation in runnable.correlations
        for rule in correlation.rules
        for source in rule.sources
    }
    pairs |= {(detection.name, source) for detection in correlations for source in named_sources(detection)}
    names = sorted(pairs)
    con.execute(
        "insert into detection_sources select unnest($detections), unnest($sources)",
        {"detections": [name for name, _ in names], "sources": [source for _, source in names]},
    )
