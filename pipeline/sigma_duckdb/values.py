"""From the values of a Sigma rule to tests of one text: which kind of value asks what."""

import re

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
    SpecialChars,
)

from pipeline.sigma_duckdb import predicates
from pipeline.sigma_duckdb.fields import normalised_operation, with_plain_dashes
from pipeline.sigma_duckdb.log_sources import Column
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
            plain.setdefault(False, []).extend(number_texts(value))
            continue
        assert isinstance(value, SigmaString)
        is_cased = isinstance(value, SigmaCasedString)
        is_operation = column is not None and column.is_operation and not is_cased
        text = predicates.plain_text(value)
        if text is not None:
            plain.setdefault(is_cased, []).append(normalised_operation(text) if is_operation else text)
        else:
            tests.append(
                _operation_test(value) if is_operation else predicates.matches_wildcards(value, is_cased)
            )
    return predicates.any_of(
        [predicates.equals_any(texts, is_cased) for is_cased, texts in plain.items()] + tests
    )


def is_number(value: SigmaType) -> bool:
    """Whether the value is a number or the digits of one, which a log may write with a fraction of zero."""
    if isinstance(value, SigmaString):
        return all(isinstance(part, str) for part in value.s) and bool(
            re.fullmatch(r"-?\d+", "".join(map(str, value.s)))
        )
    return isinstance(value, SigmaNumber)


def number_texts(value: SigmaNumber) -> list[str]:
    """How a log writes the number: as text, because a field may hold 50126, '50126' or 'n/a', and '050126' is another value."""
    text = str(value.number)
    return list(
        dict.fromkeys([text, re.sub(r"e([+-]?)0*(?=\d)", lambda e: "e" + e[1].removeprefix("+"), text)])
    )


def is_asked_of_column(value: SigmaType) -> bool:
    """Columns are made for what is there, in any case of its letters: staging makes an empty text null. The rest is asked of
    the record."""
    if isinstance(value, SigmaCasedString):
        return False
    return not isinstance(value, SigmaString) or any(
        part not in ("", SpecialChars.WILDCARD_MULTI) for part in value.s
    )


def _operation_test(value: SigmaString) -> Test:
    """A pattern with a dot is also asked of the name with the trailing dot that staging took from it."""
    test = predicates.matches_wildcards(_with_plain_dashes(value), is_cased=False)
    if not any(isinstance(part, str) and "." in part for part in value.s):
        return test
    return lambda v: f"({test(v)} or {test(f'({v} || {chr(39)}.{chr(39)})')})"


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
        case SigmaBool():
            return predicates.contains_anywhere(SigmaString(str(value.boolean)), is_cased=False)
        case SigmaRegularExpression():
            return predicates.matches_regex(value)
        case SigmaExpansion():
            return predicates.any_of([keyword_test(part) for part in value.values])
    raise SigmaFeatureNotSupportedByBackendError(f"{type(value).__name__} cannot be a keyword")
