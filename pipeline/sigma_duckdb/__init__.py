"""Sigma rules of one event as DuckDB SQL over the table `events`.

`convert(text, where)` gives a rule's predicate, its sources and the bound on `action` that finds its candidates.
Rules speak the vendor's field names, looked up in `raw`; `log_sources.yaml` says where they stand.
"""

from dataclasses import dataclass

from sigma.exceptions import SigmaError, SigmaTypeError
from sigma.rule import SigmaRule

from pipeline.errors import DetectionError
from pipeline.sigma_duckdb.backend import DuckDBBackend, negated_fields
from pipeline.sigma_duckdb.fields import LogSource, column_text, find_log_source, literal

__all__ = [
    "ConvertedRule",
    "DuckDBBackend",
    "LogSource",
    "column_text",
    "convert",
    "literal",
    "log_source_of",
]


@dataclass(frozen=True, slots=True)
class ConvertedRule:
    """A rule as SQL: it may look at `sources` only, and a match satisfies `action_bound` and `predicate`."""

    sources: tuple[str, ...]
    predicate: str
    action_bound: str
    negated_fields: frozenset[str]


def convert(text: str, where: str = "", log_source: LogSource | None = None) -> ConvertedRule:
    """The Sigma rule in `text` as SQL; a DetectionError at `where` for a rule that cannot be said exactly."""
    backend = DuckDBBackend()
    backend.fixed_log_source = log_source
    try:
        rule = _parse(text)
        predicates = backend.convert_rule(rule, "predicate")
        bound = backend.action_bound(rule)
    except SigmaError as error:
        raise DetectionError(f"the rule cannot be converted: {error}", where, "change the rule") from error
    if len(predicates) != 1:
        raise DetectionError("the rule gives no query", where, "it needs a detection with a condition")
    return ConvertedRule(backend.log_source.sources, predicates[0], bound, frozenset(negated_fields(rule)))


def _parse(text: str) -> SigmaRule:
    try:
        rule = SigmaRule.from_yaml(text)
        if not all(isinstance(condition, str) for condition in rule.detection.condition):
            raise SigmaTypeError("a condition is text, or a list of texts")
        return rule
    except (
        AttributeError,
        TypeError,
        KeyError,
    ) as error:  # pySigma's, on a value of a type that it does not expect
        raise SigmaTypeError(f"a value has a type that Sigma does not know ({error})") from error


def log_source_of(product: str, service: str) -> LogSource:
    """The log source a rule names. Raises DetectionError where we have no such logs."""
    known = find_log_source(product, service)
    if known is None:
        raise DetectionError(
            f"no source of events answers to the log source {product}/{service}",
            hint="see sigma_duckdb/log_sources.yaml",
        )
    return known
