"""Sigma rules and correlations as DuckDB SQL over the table `events`.

`convert(text, where)` gives a rule's predicate, its sources and the bound on `action` that finds its candidates.
Rules speak the vendor's field names, looked up in `raw`; `log_sources.yaml` says where they stand.
"""

import re
from collections.abc import Callable

from sigma.correlations import SigmaRuleReference
from sigma.exceptions import SigmaError, SigmaRuleNotFoundError

from pipeline.errors import DetectionError
from pipeline.sigma_duckdb.backend import DuckDBBackend
from pipeline.sigma_duckdb.correlation_sql import correlation_sql, expression_of_keys
from pipeline.sigma_duckdb.correlations import (
    Converted,
    ConvertedCorrelation,
    ConvertedRule,
    convert_correlation,
)
from pipeline.sigma_duckdb.documents import Document, DocumentError, Place, read_documents
from pipeline.sigma_duckdb.fields import column_text, literal
from pipeline.sigma_duckdb.log_sources import LogSource, find_log_source
from pipeline.sigma_duckdb.rules import fault_place, parse_correlation, parse_rule

__all__ = [
    "Converted",
    "ConvertedCorrelation",
    "ConvertedRule",
    "DuckDBBackend",
    "LogSource",
    "column_text",
    "convert",
    "convert_correlation_text",
    "correlation_sql",
    "expression_of_keys",
    "literal",
    "log_source_of",
]


def convert(text: str, where: str = "", log_source: LogSource | None = None) -> ConvertedRule:
    """The Sigma rule in `text` as SQL; a DetectionError with path, line and column for one that cannot be said exactly."""
    document = _only_document(text, where)
    try:
        return _converted(document.keys, log_source)
    except SigmaError as error:
        place = fault_place(document, error, lambda keys: _converted(keys, log_source))
        raise _refusal(error, where, place) from error


def convert_correlation_text(
    text: str, where: str, find: Callable[[str], Converted | None]
) -> ConvertedCorrelation:
    """The Sigma correlation in `text`; `find` knows the rules by name or id. A DetectionError as `convert`."""
    document = _only_document(text, where)

    def referenced(reference: SigmaRuleReference) -> Converted:
        found = find(str(reference.reference))
        if found is None:
            raise SigmaRuleNotFoundError(f"no rule is called {reference.reference!r}")
        return found

    try:
        rule = parse_correlation(document.keys)
        return convert_correlation(rule, document.keys["correlation"], referenced)
    except SigmaError as error:
        raise _refusal(error, where, fault_place(document, error, lambda keys: None)) from error


def log_source_of(product: str, service: str) -> LogSource:
    """The log source a rule names. Raises DetectionError where we have no such logs."""
    known = find_log_source(product, service)
    if known is None:
        raise DetectionError(
            f"no source of events answers to the log source {product}/{service}",
            hint="see sigma_duckdb/log_sources.yaml",
        )
    return known


def _converted(keys: dict[str, object], log_source: LogSource | None) -> ConvertedRule:
    backend = DuckDBBackend()
    backend.fixed_log_source = log_source
    converted = backend.converted_rule(parse_rule(keys))
    if converted is None:
        raise SigmaError("the rule gives no query: it needs a detection with a condition")
    return converted


def _only_document(text: str, where: str) -> Document:
    try:
        documents = read_documents(text)
    except DocumentError as error:
        raise DetectionError(error.what, _at(where, error.place), "mend the YAML") from error
    if len(documents) != 1:
        raise DetectionError(f"{len(documents)} documents where one is asked for", where, "part the file")
    return documents[0]


def _refusal(error: SigmaError, where: str, place: Place) -> DetectionError:
    return DetectionError(f"the rule cannot be converted: {error}", _at(where, place), "change the rule")


def _at(where: str, place: Place) -> str:
    """The place in the file: `where` may already carry a line of it."""
    path = re.sub(r"(:\d+){1,2}$", "", where)
    return f"{path}:{place[0]}:{place[1]}" if path else ""
