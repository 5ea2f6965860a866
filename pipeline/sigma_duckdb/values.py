"""From the values of a Sigma rule to tests of one text: which kind of value asks what."""

from sigma.exceptions import SigmaFeatureNotSupportedByBackendError
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExpansion,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
)

from pipeline.sigma_duckdb import predicates
from pipeline.sigma_duckdb.fields import Column, normalised_operation, with_plain_dashes
from pipeline.sigma_duckdb.predicates import Test


def is_text_value(value: SigmaType) -> bool:
    return isinstance(value, SigmaString) or (
        isinstance(value, SigmaNumber) and not isinstance(value, SigmaTimestampPart)
    )


def text_test(values: list[SigmaType], column: Column | None) -> Test:
    """One test for all values of a field: plain ones together, wildcards beside them."""
    plain: dict[bool, list[str]] = {}
    tests: list[Test] = []
    for value in values:
        if isinstance(value, SigmaNumber):
            plain.setdefault(False, []).append(str(value.number))
            continue
        assert isinstance(value, SigmaString)
        is_cased = isinstance(value, SigmaCasedString)
        is_operation = column is not None and column.is_operation and not is_cased
        text = predicates.plain_text(value)
        if text is not None:
            plain.setdefault(is_cased, []).append(normalised_operation(text) if is_operation else text)
        else:
            tests.append(
                predicates.matches_wildcards(_with_plain_dashes(value) if is_operation else value, is_cased)
            )
    return predicates.any_of(
        [predicates.equals_any(texts, is_cased) for is_cased, texts in plain.items()] + tests
    )


def _with_plain_dashes(value: SigmaString) -> SigmaString:
    changed = SigmaString("")
    changed.s = [with_plain_dashes(part) if isinstance(part, str) else part for part in value.s]
    return changed


def value_test(value: SigmaType) -> Test:
    match value:
        case SigmaBool():
            return predicates.equals_any(["true" if value.boolean else "false"], is_cased=False)
        case SigmaRegularExpression():
            return predicates.matches_regex(value)
        case SigmaCIDRExpression():
            return predicates.in_network(value.network)
        case SigmaTimestampPart():
            return predicates.equals_timestamp_part(value)
        case SigmaCompareExpression():
            return predicates.compares_number(value.number, value.op)
    raise SigmaFeatureNotSupportedByBackendError(f"{type(value).__name__} cannot be asked of a field")


def keyword_test(value: SigmaType) -> Test:
    match value:
        case SigmaString():
            return predicates.contains_anywhere(value, isinstance(value, SigmaCasedString))
        case SigmaNumber():
            return predicates.contains_anywhere(SigmaString(str(value.number)), is_cased=False)
        case SigmaRegularExpression():
            return predicates.matches_regex(value)
        case SigmaExpansion():
            return predicates.any_of([keyword_test(part) for part in value.values])
    raise SigmaFeatureNotSupportedByBackendError(f"{type(value).__name__} cannot be a keyword")
