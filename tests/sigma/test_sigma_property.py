"""The SQL and the plain matcher agree on random rules and random records with fields missing."""

import json
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import LogSource, convert
from tests.sigma.plain_matcher import is_match

FIELDS = ("f", "g", "o.b", "o.b.c", "l", "l.b", "o", "absent", "absent.b")
# few words, so that rules do match; with the letters that SQL, JSON and Sigma each read in their own way
WORDS = (
    "a",
    "A",
    "ab",
    "b",
    "É",
    "",
    "a_b",
    "axb",
    "a%b",
    "5",
    "10",
    "true",
    "a'b",
    'a"b',
    "a\\b",
    "*",
    "10.16.0.1",
    "2001:db8::1",
    "::ffff:10.16.0.1",
    "ος",
    "ΟΣ",
    "a\nB",
    "x -a b",
    "x /A b",
    "xYWJjZGVm",
    "YSBhYmNkZWY=",
    "a\0b",
    "",
)
RECORD_COUNT = 120


def make_records(seed: int) -> list[dict[str, Any]]:
    """Records of one shape family: scalars, objects, objects as JSON text, lists of either; any field may be missing."""
    rng = Random(seed)

    def scalar() -> Any:
        return rng.choice((*WORDS, *WORDS, 4, 5, 6, 5.0, -1, True, False, None, 0.5))

    def inner() -> Any:
        return rng.choice((scalar(), scalar(), {"c": scalar()}, [scalar() for _ in range(rng.randrange(3))]))

    def holder() -> Any:
        thing = {"b": inner()}
        return rng.choice(
            (
                thing,
                thing,
                json.dumps(thing),
                [{"b": inner()}, rng.choice((scalar(), thing))],
                [scalar(), scalar()],
                scalar(),
            )
        )

    makers = {"f": scalar, "g": scalar, "o": holder, "l": holder}
    records = [
        {key: make() for key, make in makers.items() if rng.random() < 0.8} for _ in range(RECORD_COUNT)
    ]
    return [flattened(record, rng) if rng.random() < 0.15 else record for record in records]


def flattened(record: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The record with one of its objects written as keys with dots, as some exports do."""
    objects = [key for key, value in record.items() if isinstance(value, dict)]
    if not objects:
        return record
    chosen = rng.choice(objects)
    rest = {key: value for key, value in record.items() if key != chosen}
    return rest | {f"{chosen}.{key}": value for key, value in record[chosen].items()}


PATTERNS = st.sampled_from(
    (
        "a",
        "*",
        "a*",
        "*b",
        "*A*",
        "a?",
        "a?b",
        "a_?",
        "?%b",
        "a*b",
        "\\*",
        "a\\*b",
        "a_b",
        "*%*",
        "é",
        "",
        "5",
        "a'b",
        "a\\b",
        "*\\\\?",
        "Ος",
        "?*",
        "*\n*",
        "a\0*",
    )
)
TEXTS = st.one_of(PATTERNS, st.lists(PATTERNS, min_size=1, max_size=3))
ITEMS = st.one_of(
    st.tuples(
        st.sampled_from(("", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq")),
        TEXTS,
    ),
    st.tuples(st.just("|contains|all"), st.lists(PATTERNS, min_size=2, max_size=3)),
    st.tuples(
        st.just(""),
        st.one_of(
            st.integers(-5, 12),
            st.booleans(),
            st.none(),
            st.just(0.5),
            st.lists(st.integers(0, 12), min_size=1, max_size=2),
        ),
    ),
    st.tuples(st.sampled_from(("|gt", "|gte", "|lt", "|lte")), st.one_of(st.integers(-2, 11), st.just(0.5))),
    st.tuples(st.just("|exists"), st.booleans()),
    st.tuples(
        st.sampled_from(("|fieldref", "|fieldref|startswith", "|fieldref|contains")), st.sampled_from(FIELDS)
    ),
    st.tuples(
        st.sampled_from(("|re", "|re|i", "|re|m", "|re|s", "|re|i|m|s", "|re|all")),
        st.one_of(
            st.sampled_from(("a.b", "^a", "[0-9]+", "b$", "a|É", "'", "^B$", "^$")),
            st.lists(st.sampled_from(("^a", "b$", "x")), min_size=1, max_size=2),
        ),
    ),
    st.tuples(st.just("|windash|contains"), st.sampled_from((" -a ", " -A b"))),
    st.tuples(
        st.sampled_from(("|base64offset|contains", "|base64|contains")), st.sampled_from(("abcd", "abc"))
    ),
    st.tuples(st.just("|endswith|all"), st.lists(PATTERNS, min_size=2, max_size=2)),
    st.tuples(
        st.just("|cidr"),
        st.sampled_from(("10.16.0.0/12", "0.0.0.0/0", "2001:db8::/33", "::/0", "::ffff:0:0/96")),
    ),
)
SELECTIONS = st.one_of(
    st.tuples(st.sampled_from(FIELDS), ITEMS).map(lambda item: {item[0] + item[1][0]: item[1][1]}),
    st.dictionaries(st.sampled_from(FIELDS), ITEMS, min_size=2, max_size=2).map(
        lambda items: {field + modifier: value for field, (modifier, value) in items.items()}
    ),
    st.lists(st.sampled_from(("a", "A*b", "5", "%", "tru", 'a"b', 5)), min_size=1, max_size=2),
    st.lists(st.sampled_from(("a", "b", "5")), min_size=2, max_size=2).map(lambda words: {"|all": words}),
    st.lists(st.tuples(st.sampled_from(FIELDS), ITEMS), min_size=2, max_size=2).map(
        lambda maps: [{field + modifier: value} for field, (modifier, value) in maps]
    ),
)
CONDITIONS = st.sampled_from(
    (
        "s1",
        "not s1",
        "s1 and s2",
        "s1 or s2",
        "s1 and not s2",
        "not (s1 or s2)",
        "not (not s1)",
        "1 of s*",
        "all of s*",
        "s1 or s2 and not s3",
        "not 1 of s*",
        "not all of s*",
        "not (s1 and not (s2 or s3))",
        "all of them and not s1",
    )
)


def rule_text(selections: list[Any], condition: str) -> str:
    detection = {f"s{number}": selection for number, selection in enumerate(selections, start=1)}
    return yaml.safe_dump(
        {"title": "t", "logsource": {"product": "test"}, "detection": {**detection, "condition": condition}}
    )


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    selections=st.lists(SELECTIONS, min_size=3, max_size=3), condition=CONDITIONS, seed=st.integers(0, 10_000)
)
def test_sql_equals_plain_matcher(selections: list[Any], condition: str, seed: int) -> None:
    text, records = rule_text(selections, condition), make_records(seed)
    try:
        predicate = convert(text, log_source=LogSource()).predicate
        rule = SigmaRule.from_yaml(text)
    except (DetectionError, SigmaError):
        return
    with duckdb.connect() as con:
        con.register(
            "events",
            pa.table(
                {"number": list(range(RECORD_COUNT)), "raw": [json.dumps(record) for record in records]}
            ),
        )
        found = {row[0] for row in con.execute(f"select number from events where {predicate}").fetchall()}
    assert found == {number for number, record in enumerate(records) if is_match(rule, record)}, text


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.text("ab.|*cidrenxsto", max_size=8), inner, max_size=2),
    ),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None)
@given(
    detection=st.dictionaries(st.sampled_from(("s1", "s2", "timeframe")), ANYTHING, max_size=2),
    condition=st.one_of(CONDITIONS, ANYTHING),
)
def test_any_yaml_converts_to_sql_that_runs_or_is_refused(detection: dict[str, Any], condition: Any) -> None:
    text = yaml.safe_dump(
        {"title": "t", "logsource": {"product": "test"}, "detection": {**detection, "condition": condition}}
    )
    try:
        predicate = convert(text, log_source=LogSource()).predicate
    except DetectionError:
        return
    with duckdb.connect() as con:
        con.register("events", pa.table({"number": [1], "raw": ['{"a":{"b":[1,"x"]}}']}))
        con.execute(f"select number from events where {predicate}").fetchall()
