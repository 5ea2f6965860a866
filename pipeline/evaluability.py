"""Whether a rule could match on this lake at all: are the logs there that it reads, the fields it asks, the values it names?

It is never the same as "no match". The fields and values are looked for in the lake itself by the SQL of the rules, in
every event of a source or, where there are too many, in a sample whose size is told with the answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

import duckdb

from pipeline.asked_values import PLACEHOLDER, AskedValue, Question, can_be_true, is_slip, questions_of
from pipeline.conversion import convert_what_can_be
from pipeline.detection import Detection
from pipeline.matching import identifier
from pipeline.sigma_duckdb import ConvertedRule, literal
from pipeline.sigma_duckdb.fields import found_values, texts
from pipeline.sigma_duckdb.log_sources import WRAPPERS, LogSource, split_path

Verdict = Literal["evaluable", "partly", "not on this data"]
SAMPLE_SIZE = 20_000
FIELDS_A_QUERY = 40
DISTINCT_VALUES = 2_000


@dataclass(frozen=True, slots=True)
class Looked:
    """How much of a source was looked at."""

    source: str
    events_looked_at: int
    events: int

    @property
    def is_whole(self) -> bool:
        return self.events_looked_at == self.events


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value, or a field, that never occurs and probably never can: why, and what was seen instead."""

    field: str
    value: str
    reason: Literal["placeholder", "misspelt", "in another field", "misspelt field"]
    hint: str


@dataclass(frozen=True, slots=True)
class RuleEvaluability:
    """One rule on this lake. `is_bound`: it names only fields and values that exist in the logs that were seen."""

    name: str
    verdict: Verdict
    why: str
    sources_unseen: tuple[str, ...] = ()
    fields_unseen: tuple[str, ...] = ()
    values_unseen: tuple[tuple[str, str], ...] = ()
    doubts: tuple[Doubt, ...] = ()
    is_imported: bool = False

    @property
    def is_bound(self) -> bool:
        return self.verdict == "evaluable" and not self.values_unseen


@dataclass(frozen=True, slots=True)
class Coverage:
    """All rules on this lake, and what the answers stand on."""

    rules: tuple[RuleEvaluability, ...]
    looked: tuple[Looked, ...]

    def count(self, verdict: Verdict) -> int:
        return sum(rule.verdict == verdict for rule in self.rules)

    def binding(self, *, imported_only: bool = True) -> tuple[int, int]:
        """x of y rules name only what exists."""
        rules = [rule for rule in self.rules if rule.is_imported or not imported_only]
        return sum(rule.is_bound for rule in rules), len(rules)


def assess(
    con: duckdb.DuckDBPyConnection,
    detections: Sequence[Detection],
    events_relation: str = "events",
    sample_size: int = SAMPLE_SIZE,
) -> Coverage:
    """Looks at up to `sample_size` events of each source; the same events each time, spread over the whole of it."""
    runnable, _ = convert_what_can_be(detections)
    questions = [(detection, rule, questions_of(detection)) for detection, rule in runnable.rules]
    sources = sorted({source for _, rule, _ in questions for source in rule.sources})
    looked = _sample(con, sources, events_relation, sample_size)
    events = {one.source: one.events for one in looked}
    seen = _seen_fields(con, questions)
    values = _Values(con)
    by_rule: dict[int, RuleEvaluability] = {}
    assessed: list[RuleEvaluability] = []
    for detection, rule, question in questions:
        found = _assess_rule(detection, rule, question, events, seen, values)
        by_rule[id(rule)] = found
        assessed.append(found)
    for detection, correlation in runnable.correlations:
        assessed.append(_assess_correlation(detection, [by_rule[id(rule)] for rule in correlation.rules]))
    for detection in detections:
        if detection.kind == "correlation":
            why = "it reads the models of a hunt, which any log may fill"
            assessed.append(
                RuleEvaluability(detection.name, "evaluable" if sum(events.values()) else "partly", why)
            )
    return Coverage(tuple(sorted(assessed, key=lambda rule: rule.name)), tuple(looked))


def _sample(
    con: duckdb.DuckDBPyConnection, sources: Sequence[str], events_relation: str, sample_size: int
) -> list[Looked]:
    """Temp table `looked_at`: of each source every event, or those whose hash falls into the sample."""
    relation = identifier(events_relation)
    counts = dict(
        con.execute(
            f"select source, count(*) from {relation} where list_contains($sources, source) group by source",
            {"sources": list(sources)},
        ).fetchall()
    )
    shares = {source: max(1, -(-count // sample_size)) for source, count in counts.items()}
    cases = " ".join(f"when {literal(source)} then {share}" for source, share in shares.items())
    share = f"case source {cases} end" if cases else "null"
    con.execute(
        f"create or replace temp table looked_at as select source, {', '.join(_columns(con, relation))}, raw from {relation} "
        f"where hash(event_id) % ({share}) = 0"
    )
    looked = dict(con.execute("select source, count(*) from looked_at group by source").fetchall())
    return [Looked(source, looked.get(source, 0), counts.get(source, 0)) for source in sources]


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    there = [row[0] for row in con.execute(f"describe {relation}").fetchall()]
    wanted = ("action", "service", "region", "user_agent", "error_code", "principal_kind")
    return [column for column in wanted if column in there]


def _seen_fields(
    con: duckdb.DuckDBPyConnection, questions: Iterable[tuple[Detection, ConvertedRule, Question]]
) -> dict[tuple[tuple[str, ...], str], int]:
    """In how many events of the sources each field has a value."""
    asked = {
        (rule.sources, name): rule.log_source for _, rule, question in questions for name in question.fields
    }
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    keys = sorted(asked)
    for first in range(0, len(keys), FIELDS_A_QUERY):
        part = keys[first : first + FIELDS_A_QUERY]
        counts = ", ".join(
            f"count(*) filter (source in ({', '.join(map(literal, sources))}) and {_has_value(asked[sources, name], name)})"
            for sources, name in part
        )
        seen |= dict(zip(part, con.execute(f"select {counts} from looked_at").fetchall()[0], strict=True))
    return seen


def _has_value(log_source: LogSource, name: str) -> str:
    if log_source.root(name).words:
        return f"len(list_filter({texts(log_source, name)}, lambda v: v is not null)) > 0"
    return f"len(list_filter({found_values(log_source, name)}, lambda v: json_type(v) <> 'NULL')) > 0"


@dataclass(slots=True)
class _Values:
    """What is asked of the sample value by value, each question once."""

    con: duckdb.DuckDBPyConnection
    counts: dict[tuple[tuple[str, ...], str], int] = field(default_factory=dict)
    distinct: dict[tuple[tuple[str, ...], str], list[str]] = field(default_factory=dict)
    known_keys: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def count(self, rule: ConvertedRule, value: AskedValue) -> int:
        """How many events satisfy this one value's test."""
        key = (rule.sources, value.predicate)
        if key not in self.counts:
            sources = ", ".join(map(literal, rule.sources))
            sql = f"select count(*) from looked_at where source in ({sources}) and {value.predicate}"
            self.counts[key] = self.con.execute(sql).fetchall()[0][0]
        return self.counts[key]

    def keys(self, rule: ConvertedRule) -> list[str]:
        """The keys at the top of the records, and below `properties`."""
        if rule.sources not in self.known_keys:
            sources = ", ".join(map(literal, rule.sources))
            inner = "json_keys(case json_type(raw, '$.properties') when 'OBJECT' then json_extract(raw, '$.properties') end)"
            sql = f"select distinct unnest(list_concat(json_keys(raw), {inner})) as key from looked_at where source in ({sources}) order by key"
            self.known_keys[rule.sources] = [row[0] for row in self.con.execute(sql).fetchall()]
        return self.known_keys[rule.sources]

    def seen(self, rule: ConvertedRule, name: str) -> list[str]:
        """The texts that the field was seen with, the most frequent first."""
        key = (rule.sources, name)
        if key not in self.distinct:
            sources = ", ".join(map(literal, rule.sources))
            sql = (
                f"select value from (select unnest({texts(rule.log_source, name)}) as value from looked_at where source in ({sources})) "
                f"where value is not null and length(value) < 200 group by value order by count(*) desc, value limit {DISTINCT_VALUES}"
            )
            self.distinct[key] = [row[0] for row in self.con.execute(sql).fetchall()]
        return self.distinct[key]


def _assess_rule(
    detection: Detection,
    rule: ConvertedRule,
    question: Question,
    events: Mapping[str, int],
    seen: Mapping[tuple[tuple[str, ...], str], int],
    values: _Values,
) -> RuleEvaluability:
    unseen_sources = tuple(source for source in rule.sources if not events.get(source))
    if len(unseen_sources) == len(rule.sources):
        why = f"no log of {', '.join(rule.sources)} is in the lake"
        return RuleEvaluability(
            detection.name, "not on this data", why, unseen_sources, is_imported=detection.is_imported
        )
    unseen_fields = tuple(name for name in question.fields if not seen[rule.sources, name])
    unseen_values = tuple(
        value
        for value in question.values
        if value.field not in unseen_fields and not values.count(rule, value)
    )
    doubts = tuple(doubt for value in unseen_values if (doubt := _doubt(rule, value, question, values)))
    doubts += tuple(
        Doubt(value.field, value.text, "placeholder", "the author meant it to be filled in")
        for value in question.values
        if value.field in unseen_fields and PLACEHOLDER.search(value.text)
    )
    doubts += tuple(doubt for name in unseen_fields if (doubt := _field_doubt(rule, name, values)))
    verdict: Verdict = "evaluable"
    why = "every field that it asks was seen"
    if not can_be_true(detection, set(unseen_fields)):
        verdict, why = "not on this data", f"it needs {', '.join(unseen_fields)}, never seen in these logs"
    elif unseen_fields or unseen_sources:
        verdict = "partly"
        missing = [*unseen_fields, *(f"the source {source}" for source in unseen_sources)]
        why = f"never seen: {', '.join(missing)}"
    return RuleEvaluability(
        detection.name,
        verdict,
        why,
        unseen_sources,
        unseen_fields,
        tuple((value.field, value.text) for value in unseen_values),
        doubts,
        detection.is_imported,
    )


def _doubt(rule: ConvertedRule, value: AskedValue, question: Question, values: _Values) -> Doubt | None:
    """Why a value that was never seen is more than a thing that nobody has done yet."""
    if PLACEHOLDER.search(value.text):
        return Doubt(value.field, value.text, "placeholder", "the author meant it to be filled in")
    if not value.is_plain or len(value.text) < 5 or value.text.isdigit():
        return None
    folded = {text.lower(): text for text in values.seen(rule, value.field)}
    named = {other.text.lower() for other in question.values}
    near = [
        text
        for text in get_close_matches(value.text.lower(), folded, n=3, cutoff=0.8)
        if text not in named and not text.isdigit() and is_slip(value.text.lower(), text)
    ]
    if near:
        return Doubt(value.field, value.text, "misspelt", f"seen: {folded[near[0]]}")
    for name in question.fields:
        if name != value.field and value.text.lower() in (text.lower() for text in values.seen(rule, name)):
            return Doubt(value.field, value.text, "in another field", f"seen in {name}")
    return None


def _field_doubt(rule: ConvertedRule, name: str, values: _Values) -> Doubt | None:
    """A field that is spelt almost like one that the records have."""
    keys = [key for key in split_path(name) if key not in WRAPPERS]
    folded = {key.lower(): key for key in values.keys(rule)}
    near = get_close_matches(keys[0].lower(), folded, n=1, cutoff=0.8) if keys else []
    if near and folded[near[0]] != keys[0]:
        return Doubt(name, "", "misspelt field", f"the logs have {folded[near[0]]}")
    return None


def _assess_correlation(detection: Detection, parts: Sequence[RuleEvaluability]) -> RuleEvaluability:
    """As good as the worst of what it counts."""
    order: tuple[Verdict, ...] = ("not on this data", "partly", "evaluable")
    worst = min(parts, key=lambda part: order.index(part.verdict))
    return RuleEvaluability(
        detection.name,
        worst.verdict,
        f"of the rules that it counts {worst.name}: {worst.why}",
        tuple(dict.fromkeys(source for part in parts for source in part.sources_unseen)),
        tuple(dict.fromkeys(name for part in parts for name in part.fields_unseen)),
        tuple(dict.fromkeys(value for part in parts for value in part.values_unseen)),
        tuple(doubt for part in parts for doubt in part.doubts),
        detection.is_imported,
    )
