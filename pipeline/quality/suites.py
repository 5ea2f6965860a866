"""Great Expectations: a suite for each source and scope, held against its facts, and its own words on how that went.

It works on data frames here, one row a tenant. Its SQL data source needs an SQLAlchemy dialect, and with DuckDB's it does not
get as far as the first metric (https://github.com/great-expectations/great_expectations/issues/10738). The import takes
seconds, so it is done where it is needed. Nothing is sent anywhere, and nothing is stored: the context lives in memory.
"""

import html
import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import SettingsError
from pipeline.quality.facts import Expectation, Measured, Row, ScopeName
from pipeline.report.health import bounds_words
from pipeline.report.text import visible

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.data_context import EphemeralDataContext

NO_TENANT = "(no tenant)"


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite, held: of each fact the numbers of the rows outside its bounds, and the rendered result (HTML)."""

    scope: ScopeName
    source: str
    expectations: list[Expectation]
    offending_rows: dict[str, list[int]]
    body: str

    @property
    def name(self) -> str:
        return f"{self.source}-{self.scope}"


def validate(measured: Measured) -> list[Suite]:
    if not measured.facts:
        return []
    context = _context()
    return [
        _validate(context, scope, source, rows, measured.expectations[scope, source])
        for (scope, source), rows in measured.facts.items()
    ]


def _context() -> "EphemeralDataContext":
    logging.getLogger("great_expectations").setLevel(
        logging.ERROR
    )  # it tells of each class that it registers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import great_expectations as gx
            from great_expectations.data_context.types.base import (
                DataContextConfig,
                InMemoryStoreBackendDefaults,
                ProgressBarsConfig,
            )
        except ImportError as error:
            raise SettingsError(
                "Great Expectations is not installed",
                "quality",
                "pip install 'postreset[quality]', or `make quality`",
            ) from error

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _validate(
    context: "EphemeralDataContext",
    scope: ScopeName,
    source: str,
    rows: list[Row],
    expectations: list[Expectation],
) -> Suite:
    import great_expectations as gx
    import pandas

    name = f"{source}-{scope}"
    frame = pandas.DataFrame({e.fact: [row[e.fact] for row in rows] for e in expectations}, dtype="float64")
    # Great Expectations writes values into its pages as they are
    frame["tenant"] = [html.escape(visible(row["tenant_id"] or NO_TENANT)) for row in rows]
    frame["row"] = range(len(rows))
    asset = context.data_sources.add_or_update_pandas(name).add_dataframe_asset(source)
    batch = asset.add_batch_definition_whole_dataframe(scope).get_batch(batch_parameters={"dataframe": frame})
    suite = context.suites.add(gx.ExpectationSuite(name=name))
    for expectation in expectations:
        suite.add_expectation(
            gx.expectations.ExpectColumnValuesToBeBetween(
                column=expectation.fact,
                min_value=expectation.least,
                max_value=expectation.most,
                description=f"{expectation.reason}. Expected: {bounds_words(expectation.least, expectation.most)}.",
            )
        )
    result = batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["tenant", "row"],
            "return_unexpected_index_query": False,
        },
    )
    offending: dict[str, list[int]] = {}
    for outcome in result.results:
        assert outcome.expectation_config is not None
        offending[outcome.expectation_config.kwargs["column"]] = _offending(outcome)
    return Suite(scope, source, expectations, offending, _render(result))


def _offending(outcome: Any) -> list[int]:
    if outcome.exception_info.get("raised_exception"):
        raise RuntimeError(outcome.exception_info.get("exception_message"))
    return [int(row["row"]) for row in outcome.result.get("unexpected_index_list") or []]


def _render(result: "ExpectationSuiteValidationResult") -> str:
    """The sections of Great Expectations' own page, without the one that says when the data frame was made."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    for outcome in result.results:
        for row in outcome.result.get("unexpected_index_list") or []:
            row.pop("row")
        outcome.result["unexpected_index_column_names"] = ["tenant"]
    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result).to_json_dict()
    sections = [
        section
        for section in document["sections"]
        if section.get("section_name") not in ("Overview", "Run Info")
    ]
    template = (
        "{% for section in sections %}{% set section_loop = loop %}{% include 'section.j2' %}{% endfor %}"
    )
    return DefaultJinjaPageView().env.from_string(template).render(sections=sections)
