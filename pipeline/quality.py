"""Quality of the lake's events: expectations per source, held against facts that DuckDB measures.

A suite of Great Expectations per source and scope: `new` is what arrived since a time, `lake` is all of it. The facts are
one row a source (`sql/checks/quality_facts.sql`), the bounds are data (`sql/seeds/quality_expectations.csv`). Nothing is
deleted for a failed expectation. Great Expectations is imported only here: that takes seconds.
"""

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import SettingsError
from pipeline.hunt import LONG_AGO, connect
from pipeline.lake import Lake
from pipeline.report.health import quality_html
from pipeline.settings import sql_text

if TYPE_CHECKING:
    import great_expectations as gx

SCOPES = ("new", "lake")
ONLY_NEW = ("newest_age_hours",)  # a lake may end long ago and be right


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of one source: the fact's `value` is to lie in [least, most]."""

    scope: str
    source: str
    fact: str
    value: float | None
    least: float | None
    most: float | None
    reason: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A row of the seed: what is expected of a fact of one source."""

    fact: str
    least: float | None
    most: float | None
    reason: str


def check_quality(lake: Lake, now: datetime, since: datetime | None, out: Path) -> list[Check]:
    """Holds the expectations against what arrived since a time (none: nothing is new) and against the whole lake, and
    writes Great Expectations' data docs to `out`/index.html. `now` and `since` are naive UTC."""
    con = connect(lake)
    try:
        lake.create_events_view(con)
        bounds = con.execute(
            "select source, fact, min_value, max_value, reason from quality_expectations"
        ).fetchall()
        starts = {"new": since, "lake": LONG_AGO}
        facts: dict[tuple[str, str], dict[str, Any]] = {}
        for scope in SCOPES:
            if starts[scope] is None:
                continue
            cursor = con.execute(sql_text("checks/quality_facts"), {"since": starts[scope], "now": now})
            names = [column[0] for column in cursor.description or []]
            for row in cursor.fetchall():
                values = dict(zip(names, row, strict=True))
                facts[scope, values.pop("source")] = values
    finally:
        con.close()
    return _validate(facts, bounds, out, now)


def _bounds_of(source: str, scope: str, rows: Iterable[tuple[Any, ...]]) -> list[Bound]:
    """The bounds of a source: its own where it has one, else everybody's."""
    chosen: dict[str, Bound] = {}
    for of_source in ("*", source):
        for row_source, fact, least, most, reason in rows:
            if row_source == of_source and not (scope == "lake" and fact in ONLY_NEW):
                chosen[fact] = Bound(fact, least, most, reason)
    return list(chosen.values())


def _validate(
    facts: dict[tuple[str, str], dict[str, Any]], bounds: list[tuple[Any, ...]], out: Path, now: datetime
) -> list[Check]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    try:
        import great_expectations as gx
        import pandas
    except ImportError as error:
        raise SettingsError(
            "Great Expectations is not installed", "quality", "pip install 'postreset[quality]', or `make quality`"
        ) from error

    project = out / "great_expectations"
    shutil.rmtree(project, ignore_errors=True)
    with redirect_stderr(StringIO()):  # progress bars
        context = gx.get_context(mode="file", project_root_dir=project)
        context.enable_analytics(False)
        source_of_facts = context.data_sources.add_pandas("facts")
        checks: list[Check] = []
        for (scope, source), values in facts.items():
            name = f"{scope}-{source}"
            of_source = _bounds_of(source, scope, bounds)
            batch = source_of_facts.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
            suite = context.suites.add(gx.ExpectationSuite(name=name))
            for bound in of_source:
                suite.add_expectation(
                    gx.expectations.ExpectColumnValuesToBeBetween(
                        column=bound.fact, min_value=bound.least, max_value=bound.most, notes=bound.reason
                    )
                )
            definition = context.validation_definitions.add(
                gx.ValidationDefinition(name=name, data=batch, suite=suite)
            )
            frame = pandas.DataFrame([{key: _number(value) for key, value in values.items()}])
            results = _run(gx, context, name, definition, frame)
            checks += [
                Check(
                    scope,
                    source,
                    bound.fact,
                    _number(values[bound.fact]),
                    bound.least,
                    bound.most,
                    bound.reason,
                    results[bound.fact],
                )
                for bound in of_source
            ]
    site = project / "gx" / "uncommitted" / "data_docs" / "local_site"
    _make_offline(site)
    links = {
        path.parts[-4]: str(path.relative_to(out)) for path in sorted((site / "validations").rglob("*.html"))
    }
    (out / "index.html").write_text(quality_html(checks, links, now), encoding="utf-8")
    return checks


def _run(
    gx: Any, context: Any, name: str, definition: "gx.ValidationDefinition", frame: object
) -> dict[str, bool]:
    """Fact → whether what is expected of it holds."""
    action = gx.checkpoint.UpdateDataDocsAction(name="data docs")
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=name, validation_definitions=[definition], actions=[action])
    )
    outcome = checkpoint.run(batch_parameters={"dataframe": frame})
    return {
        result.expectation_config.kwargs["column"]: bool(result.success)
        for validation in outcome.run_results.values()
        for result in validation.results
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


REMOTE = re.compile(
    r"<script[^>]*\ssrc=[\"']https?:[^>]*>\s*</script>|<(?:link|img)[^>]*\s(?:href|src)=[\"']https?:[^>]*>",
    re.IGNORECASE,
)
STYLE = """<style>body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8886;padding:.35rem .6rem;text-align:left;vertical-align:top}
.modal,.navbar,.fa-search,footer,.footer{display:none}.fa-check-circle::before{content:"✓";color:#1a7f37}.fa-times::before{content:"✗";color:#b42318}</style>"""


def _make_offline(site: Path) -> None:
    """Great Expectations' pages load styles, scripts and a counting image from elsewhere. Here they load nothing."""
    for page in site.rglob("*.html"):
        text = REMOTE.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8")
