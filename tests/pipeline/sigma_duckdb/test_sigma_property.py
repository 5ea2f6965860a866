"""The SQL and the plain matcher agree on random rules and random records with fields missing."""

import json
from typing import Any

import duckdb
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plain_matcher import is_match
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import LogSource, convert

FIELDS = ("f", "g", "o", "o.b", "o.b.c", "l", "l.b")
WORDS = st.sampled_from(("a", "A", "ab", "AB", "b", "é", "É", "", "_", "%", "a_b", "a%b", "5", "10", "0.5", "true", "a'b", 'a"b', "a\\b", "*", "a*b", "null"))
JSON_TEXT = st.sampled_from(('{"b":"ab"}', '[{"b":"a"},{"b":5}]', '{"b":{"c":"A"}}', "[1]", "10.16.0.1", "10.32.0.1", "2001:db8::1", "::ffff:10.16.0.1", "n/a"))
SCALARS = st.one_of(WORDS, JSON_TEXT, st.integers(-5, 12), st.booleans(), st.none(), st.just(0.5))
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("bc"), inner, max_size=2)), max_leaves=5
)
RECORDS = st.dictionaries(st.sampled_from("fgol"), VALUES, max_size=4)

PATTERNS = st.sampled_from(("a", "*", "a*", "*b", "*a*", "a?", "?", "a*b", "\\*", "a\\*b", "a_b", "*%*", "_", "é", "", "5", "A", "a'b", "a\\b"))
TEXTS = st.one_of(PATTERNS, st.lists(PATTERNS, min_size=1, max_size=3))
ITEMS = st.one_of(
    st.tuples(st.sampled_from(("", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq")), TEXTS),
    st.tuples(st.just("|contains|all"), st.lists(PATTERNS, min_size=2, max_size=3)),
    st.tuples(st.just(""), st.one_of(st.integers(-5, 12), st.booleans(), st.none(), st.just(0.5), st.lists(st.integers(0, 12), min_size=1, max_size=2))),
    st.tuples(st.sampled_from(("|gt", "|gte", "|lt", "|lte")), st.one_of(st.integers(-2, 11), st.just(0.5))),
    st.tuples(st.just("|exists"), st.booleans()),
    st.tuples(st.sampled_from(("|fieldref", "|fieldref|startswith", "|fieldref|contains")), st.sampled_from(FIELDS)),
    st.tuples(st.sampled_from(("|re", "|re|i")), st.sampled_from(("a.b", "^a", "[0-9]+", "b$", "a|É", "'"))),
    st.tuples(st.just("|cidr"), st.sampled_from(("10.16.0.0/12", "0.0.0.0/0", "2001:db8::/33", "::/0", "::ffff:0:0/96"))),
)
SELECTIONS = st.one_of(
    st.dictionaries(st.sampled_from(FIELDS), ITEMS, min_size=1, max_size=2).map(
        lambda items: {field + modifier: value for field, (modifier, value) in items.items()}
    ),
    st.lists(st.sampled_from(("a", "A*b", "5", "%", "tru", 'a"b')), min_size=1, max_size=2),
)
CONDITIONS = st.sampled_from(("s1", "not s1", "s1 and s2", "s1 or s2", "s1 and not s2", "not (s1 or s2)", "not (not s1)", "1 of s*", "all of s*", "s1 or s2 and not s3"))


def rule_text(selections: list[Any], condition: str) -> str:
    detection = {f"s{number}": selection for number, selection in enumerate(selections, start=1)}
    return yaml.safe_dump({"title": "t", "logsource": {"product": "test"}, "detection": {**detection, "condition": condition}})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(selections=st.lists(SELECTIONS, min_size=3, max_size=3), condition=CONDITIONS, records=st.lists(RECORDS, min_size=1, max_size=8))
@example(selections=[{"f": "a"}, {"g": "b"}, {"o": "c"}], condition="s1 and not s2", records=[{"f": "a"}, {"f": "A", "g": "B"}, {"f": ["b", "a"]}])
def test_sql_equals_plain_matcher(selections: list[Any], condition: str, records: list[dict[str, Any]]) -> None:
    text = rule_text(selections, condition)
    try:
        predicate = convert(text, log_source=LogSource()).predicate
        rule = SigmaRule.from_yaml(text)
    except (DetectionError, SigmaError):
        return
    with duckdb.connect() as con:
        con.execute("create table events (number integer, action varchar, raw varchar)")
        con.executemany("insert into events values (?, null, ?)", [(n, json.dumps(record)) for n, record in enumerate(records)])
        found = {row[0] for row in con.execute(f"select number from events where {predicate}").fetchall()}
    assert found == {number for number, record in enumerate(records) if is_match(rule, record)}, text
