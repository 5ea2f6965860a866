"""Can the lake's events be believed? Expectations per source, held against facts that DuckDB measures.

Facts are counted in SQL (`sql/checks/`), one row a source and tenant, so a lake of any size makes small tables; bounds are
data (`sql/seeds/quality_expectations.csv`); Great Expectations holds one against the other and its data docs say how it went.
A failed expectation is told. Nothing is deleted for it.
"""

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from pipeline.errors import InputError, SettingsError
from pipeline.lake import Lake
from pipeline.quality.docs import write_docs
from pipeline.quality.facts import Expectation, Measured, ScopeName, measure
from pipeline.quality.suites import Suite, validate
from pipeline.report.text import iso, visible

log = logging.getLogger("postreset.quality")


@dataclass(frozen=True, slots=True)
class Offender:
    """A tenant whose fact lies outside the bounds. `examples` name events or hours, at most three."""

    tenant_id: str | None
    value: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of one source: the fact of each of its tenants lies in [least, most]. `value` is the greatest of the
    tenants', or none where none of them has enough events to say."""

    scope: ScopeName
    source: str
    fact: str
    value: float | None
    least: float | None
    most: float | None
    reason: str
    is_met: bool
    tenant_count: int
    offenders: tuple[Offender, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """`new` are the events of one batch, or those that arrived since a time; `lake` are all. `index` opens the data docs."""

    checked_at: datetime
    new_words: str
    event_counts: dict[tuple[ScopeName, str], int]
    checks: tuple[Check, ...]
    index: Path

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.is_met)


def check_quality(
    lake: Lake,
    now: datetime,
    out: Path,
    since: datetime | None = None,
    batch_id: str | None = None,
    occurred_since: datetime | None = None,
) -> Quality:
    """Holds the expectations against the new events, which are those of a batch (its id or the beginning of it) or those
    that arrived since a time, and against the whole lake; with `occurred_since`, a midnight, against the new events alone and
    without reading what occurred before. Writes `out`/index.html, a page for each suite, and quality.json.
    Times are naive UTC. Raises InputError for a batch that the lake does not have and
    a folder that cannot be written, SettingsError where Great Expectations, an extra, is not installed."""
    if find_spec("great_expectations") is None:
        raise SettingsError(
            "Great Expectations is not installed",
            "quality",
            "pip install 'postreset[quality]', or `make quality`",
        )
    started = perf_counter()
    measured = measure(lake, now, since, batch_id, occurred_since)
    measured_at = perf_counter()
    if batch_id and not any(scope == "new" for scope, _ in measured.facts):
        raise InputError(
            "the lake holds no events of such a batch",
            f"batch {batch_id}",
            "`postreset lake stats` shows the last one",
        )
    suites = validate(measured)
    log.info(
        "quality: facts in %.1f s, %d suites in %.1f s",
        measured_at - started,
        len(suites),
        perf_counter() - measured_at,
    )
    quality = Quality(
        now,
        f"of batch {batch_id}" if batch_id else f"since {since:%Y-%m-%d %H:%M}" if since else "",
        {key: sum(row["event_count"] for row in rows) for key, rows in measured.facts.items()},
        tuple(check for suite in suites for check in _checks(suite, measured)),
        out / "index.html",
    )
    try:
        write_docs(quality, suites, out)
        (out / "quality.json").write_text(
            json.dumps(as_json(quality), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            str(error.filename or out),
            "give another folder with --out",
        ) from error
    return quality


def as_json(quality: Quality) -> dict[str, Any]:
    """For `quality --json` and quality.json."""
    return {
        "checked_at": iso(quality.checked_at),
        "new": quality.new_words,
        "data_docs": str(quality.index),
        "failed": len(quality.failed),
        "events": [
            {"scope": scope, "source": source, "events": count}
            for (scope, source), count in quality.event_counts.items()
        ],
        "checks": [asdict(check) for check in quality.checks],
    }


def _checks(suite: Suite, measured: Measured) -> list[Check]:
    rows = measured.facts[suite.scope, suite.source]
    checks = []
    for expectation in suite.expectations:
        values = [float(row[expectation.fact]) for row in rows if row[expectation.fact] is not None]
        offending = suite.offending_rows[expectation.fact]
        checks.append(
            Check(
                suite.scope,
                suite.source,
                expectation.fact,
                max(values, default=None),
                expectation.least,
                expectation.most,
                expectation.reason,
                not offending,
                len(rows),
                tuple(_offender(rows[number], suite, expectation, measured) for number in offending),
            )
        )
    return checks


def _offender(row: dict[str, Any], suite: Suite, expectation: Expectation, measured: Measured) -> Offender:
    key = (expectation.fact, suite.source, row["tenant_id"])
    examples = [words for is_new, words in measured.examples.get(key, ()) if is_new or suite.scope == "lake"]
    return Offender(
        row["tenant_id"], float(row[expectation.fact]), tuple(visible(words) for words in examples[:3])
    )
