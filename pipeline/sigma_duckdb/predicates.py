"""One Sigma value as a SQL test of one text. Two-valued on a text that is there; the caller sees to what is missing.

No LIKE where a function does: its `_` and `%` are wildcards and it has no escape unless told. Both sides go through
DuckDB's own lower(), so that folding is the same for the rule and the record.
"""

import ipaddress
from collections.abc import Callable
from functools import cache, partial

import duckdb
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
    TimestampPart,
)

from pipeline.sigma_duckdb.fields import literal

Test = Callable[[str], str]
"""From the SQL of a text to the SQL of a condition on it."""

WILDCARDS = {SpecialChars.WILDCARD_MULTI: "%", SpecialChars.WILDCARD_SINGLE: "_"}
OPERATORS = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
    CompareOperators.NEQ: "<>",
}
FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
TIMESTAMP_PARTS = {
    TimestampPart.MINUTE: "minute",
    TimestampPart.HOUR: "hour",
    TimestampPart.DAY: "day",
    TimestampPart.WEEK: "week",
    TimestampPart.MONTH: "month",
    TimestampPart.YEAR: "year",
}
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"


def plain_text(value: SigmaString) -> str | None:
    """The value where it holds no wildcard, else None."""
    parts = _parts(value)
    return (
        "".join(part for part in parts if isinstance(part, str))
        if all(isinstance(p, str) for p in parts)
        else None
    )


def equals_any(texts: list[str], is_cased: bool) -> Test:
    fold = _fold_for("".join(texts), is_cased)
    literals = [fold(literal(text)) for text in dict.fromkeys(texts)]
    if len(literals) == 1:
        return lambda v: f"{fold(v)} = {literals[0]}"
    return lambda v: f"{fold(v)} in ({', '.join(literals)})"


def matches_wildcards(value: SigmaString, is_cased: bool) -> Test:
    parts = _parts(value)
    texts = [part for part in parts if isinstance(part, str)]
    shape = "".join("t" if isinstance(part, str) else WILDCARDS[part] for part in parts)
    fold = _fold_for("".join(texts), is_cased)
    if set(shape) == {"%"}:
        return lambda v: f"{v} is not null"
    functions = {"t%": "starts_with", "%t": "ends_with", "%t%": "contains"}
    if shape in functions:
        return lambda v: f"{functions[shape]}({fold(v)}, {fold(literal(texts[0]))})"
    pattern = "".join(_escaped(part) if isinstance(part, str) else WILDCARDS[part] for part in parts)
    return lambda v: f"{fold(v)} like {fold(literal(pattern))} escape '\\'"


def contains_anywhere(value: SigmaString, is_cased: bool) -> Test:
    """A keyword: found anywhere in a value, whether or not the rule wrote wildcards around it."""
    many = SpecialChars.WILDCARD_MULTI
    parts = _parts(value)
    if not parts:
        raise ValueError("an empty keyword matches every event")
    around = SigmaString("")
    around.s = [many, *parts, many]
    return matches_wildcards(around, is_cased)


def matches_regex(value: SigmaRegularExpression) -> Test:
    pattern = str(value.regexp)
    if value.regexp.contains_placeholder():
        raise ValueError(f"the placeholder in {pattern!r} is not resolved")
    if flags := "".join(sorted(FLAGS[flag] for flag in value.flags)):
        pattern = f"(?{flags}){pattern}"
    if problem := _regex_problem(pattern):
        raise ValueError(f"the regular expression {pattern!r} is not RE2: {problem}")
    return lambda v: f"regexp_matches({v}, {literal(pattern)})"


@cache
def _regex_problem(pattern: str) -> str | None:
    """DuckDB's own word on a pattern: it refuses lookaround and backreferences, and would do so at run time."""
    with duckdb.connect() as con:
        try:
            con.execute("select regexp_matches('', $pattern)", {"pattern": pattern})
        except duckdb.Error as error:
            return str(error).splitlines()[0]
    return None


def in_network(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Test:
    first, last = int(network.network_address), int(network.broadcast_address)
    if isinstance(network, ipaddress.IPv4Network):
        return lambda v: (
            f"case when regexp_full_match({v}, '(?:{OCTET}\\.){{3}}{OCTET}') then {_ipv4(v)} between {first} and {last} else false end"
        )
    shape = f"(?:[0-9A-Fa-f]{{0,4}}:){{1,8}}(?:[0-9A-Fa-f]{{0,4}}|(?:{OCTET}\\.){{3}}{OCTET})"
    return lambda v: (
        f"case when regexp_full_match({v}, '{shape}') and not regexp_matches({v}, ':::|^:[^:]|[^:]:$')"
        f" then coalesce({_ipv6(v)} between '{first:032x}' and '{last:032x}', false) else false end"
    )


def compares_number(number: SigmaNumber, operator: CompareOperators) -> Test:
    if isinstance(number, SigmaTimestampPart):
        return lambda v: (
            f"coalesce({_timestamp_part(number.timestamp_part, v)} {OPERATORS[operator]} {number.number}, false)"
        )
    return lambda v: f"coalesce({number_of(v)} {OPERATORS[operator]} {number.number}, false)"


def number_of(v: str) -> str:
    """SQL: the number that a text says, or null. NaN sorts above every number in DuckDB and 1_000 is one to it."""
    read = f"try_cast({v} as double)"
    return f"case when isfinite({read}) and not contains({v}, '_') then {read} end"


def equals_timestamp_part(value: SigmaTimestampPart) -> Test:
    return lambda v: f"coalesce({_timestamp_part(value.timestamp_part, v)} = {value.number}, false)"


def equals_text_of(other: str, starts_with: bool, ends_with: bool) -> Test:
    match starts_with, ends_with:
        case True, True:
            function = "contains"
        case True, False:
            function = "starts_with"
        case False, True:
            function = "ends_with"
        case _:
            return lambda v: f"lower(upper({v})) = lower(upper({other}))"
    return lambda v: f"{function}(lower(upper({v})), lower(upper({other})))"


def any_of(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else partial(_joined, tests)


def _joined(tests: list[Test], v: str) -> str:
    return "(" + " or ".join(test(v) for test in tests) + ")"


def _parts(value: SigmaString) -> tuple[str | SpecialChars, ...]:
    parts: list[str | SpecialChars] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise ValueError(f"the placeholder %{part.name}% is not resolved")
        if part == SpecialChars.WILDCARD_MULTI and parts and parts[-1] == part:
            continue
        parts.append(part)
    return tuple(part for part in parts if part != "")


def _fold_for(rule_text: str, is_cased: bool) -> Test:
    """SQL of a text without its case. Beyond ASCII two small letters may share a capital (σ and ς), so it goes by way of it."""
    if is_cased:
        return lambda v: v
    return (lambda v: f"lower({v})") if rule_text.isascii() else (lambda v: f"lower(upper({v}))")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _timestamp_part(part: TimestampPart, v: str) -> str:
    # The offset is cut, not applied: Sigma asks for the part as written.
    return f"date_part('{TIMESTAMP_PARTS[part]}', try_cast(regexp_replace({v}, '(Z|[+-]\\d\\d:?\\d\\d)$', '') as timestamp))"


def _ipv4(v: str) -> str:
    return " + ".join(
        f"{256 ** (4 - place)} * split_part({v}, '.', {place})::bigint" for place in (1, 2, 3, 4)
    )


def _ipv6(v: str) -> str:
    """SQL: the address as 32 hex digits, or null where the colons do not make an address."""
    tail = f"regexp_extract({v}, '[^:]*$')"
    octets = ", ".join(f"split_part({tail}, '.', {place})::integer" for place in (1, 2, 3, 4))
    head = f"left({v}, length({v}) - length({tail}))"
    hexed = f"case when contains({v}, '.') then {head} || printf('%02x%02x:%02x%02x', {octets}) else lower({v}) end"
    sides = f"list_transform(string_split({hexed}, '::'), lambda s: list_filter(string_split(s, ':'), lambda g: g <> ''))"
    groups = f"len({sides}[1]) + coalesce(len({sides}[2]), 0)"
    zeros = f"repeat('0', 32 - 4 * ({groups}))"
    padded = [f"array_to_string(list_transform({sides}[{n}], lambda g: lpad(g, 4, '0')), '')" for n in (1, 2)]
    whole = f"{padded[0]} || {zeros} || coalesce({padded[1]}, '')"
    # :: stands for one group of zeros or more
    is_address = f"case len({sides}) when 1 then {groups} = 8 when 2 then {groups} < 8 else false end"
    return f"case when {is_address} then {whole} end"
