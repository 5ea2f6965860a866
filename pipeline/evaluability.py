"""Whether a rule could match on this lake at all: are the logs there that it reads, the fields it asks, the values it names?

It is never the same as "no match". The fields and values are looked for in the lake itself by the SQL of the rules, in
every event of a source or, where there are too many, in a sample whose size is told with the answer.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import duckdb

from pipeline.asked_values import PLACEHOLDER, AskedValue, Question, can_be_true, is_slip, questions_of
from pipeline.conversion import convert_what_can_be
from pipeline.detection import Detection
from pipeline.detection_sources import known_sources, named_sources
from pipeline.looked_at import SAMPLE_SIZE, Looked, SeenValues, has_value, is_seen, look_at
from pipeline.sigma_duckdb import ConvertedRule
from pipeline.sigma_duckdb.log_sources import WRAPPERS, split_path

Verdict = Literal["evaluable", "partly", "not on this data"]


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

    @property
    def sentence(self) -> str:
        """How many could not match whatever happened, and for want of what; empty where all could."""
        missing = [rule for rule in self.rules if rule.verdict == "not on this data"]
        partly = self.count("partly")
        if not missing and not partly:
            return ""
        sources = Counter(
            source for rule in missing if not rule.fields_unseen for source in rule.sources_unseen[:1]
        )
        without_fields = sum(bool(rule.fields_unseen) for rule in missing)
        reasons = []
        if sources:
            listed = ", ".join(f"{source} {count}" for source, count in sorted(sources.most_common()))
            reasons.append(f"{sources.total()} read logs that are not here: {listed}")
        if without_fields:
            reasons.append(f"{without_fields} ask for fields never seen here")
        words = f"{len(missing)} of {len(self.rules)} detections are not evaluable on these logs"
        words += f" ({'; '.join(reasons)})" if reasons else ""
        words += f", {partly} only in part" if partly else ""
        return f"{words}: that is not the same as no match. `postreset detections coverage` names them."


def assess(
    con: duckdb.DuckDBPyConnection,
    detections: Sequence[Detection],
    events_relation: str = "events",
    sample_size: int = SAMPLE_SIZE,
    *,
    look_at_values: bool = True,
) -> Coverage:
    """Looks at about `sample_size` events of each source, the rare actions before the common ones. The values are what a
    binding report needs; without them the answer takes a third of the time, and `is_bound` means nothing."""
    runnable, _ = convert_what_can_be(detections)
    questions = [(detection, rule, questions_of(detection)) for detection, rule in runnable.rules]
    asked = {source for _, rule, _ in questions for source in rule.sources}
    sql = [detection for detection in detections if detection.kind == "correlation"]
    sources = sorted(asked.union(*map(named_sources, sql)) if asked or not sql else known_sources())
    looked = look_at(con, sources, events_relation, sample_size)
    events = {one.source: one.events for one in looked}
    seen = _seen_fields(con, questions)
    values = SeenValues(con)
    by_rule: dict[int, RuleEvaluability] = {}
    assessed: list[RuleEvaluability] = []
    for detection, rule, question in questions:
        found = _assess_rule(detection, rule, question, events, seen, values if look_at_values else None)
        by_rule[id(rule)] = found
        if detection.name not in runnable.inputs:
            assessed.append(found)
    for detection, correlation in runnable.correlations:
        if detection.name not in runnable.inputs:
            assessed.append(_assess_correlation(detection, [by_rule[id(rule)] for rule in correlation.rules]))
    assessed += [_assess_sql(detection, events) for detection in sql]
    return Coverage(tuple(sorted(assessed, key=lambda rule: rule.name)), tuple(looked))


def _seen_fields(
    con: duckdb.DuckDBPyConnection, questions: Iterable[tuple[Detection, ConvertedRule, Question]]
) -> dict[tuple[tuple[str, ...], str], bool]:
    """Whether each field has a value in any event of the sources."""
    asked = {
        (rule.sources, name): rule.log_source for _, rule, question in questions for name in question.fields
    }
    # one query a field: it ends at the first event that has it, and most fields are in most events
    return {
        (sources, name): is_seen(con, sources, has_value(log_source, name))
        for (sources, name), log_source in sorted(asked.items(), key=lambda item: item[0])
    }


def _assess_rule(
    detection: Detection,
    rule: ConvertedRule,
    question: Question,
    events: Mapping[str, int],
    seen: Mapping[tuple[tuple[str, ...], str], bool],
    values: SeenValues | None,
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
        if values and value.field not in unseen_fields and not values.occurs(rule, value)
    )
    doubts = tuple(
        doubt for value in unseen_values if values and (doubt := _doubt(rule, value, question, values))
    )
    doubts += tuple(
        Doubt(value.field, value.text, "placeholder", "the author meant it to be filled in")
        for value in question.values
        if value.field in unseen_fields and PLACEHOLDER.search(value.text)
    )
    doubts += tuple(doubt for name in unseen_fields if values and (doubt := _field_doubt(rule, name, values)))
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


def _doubt(rule: ConvertedRule, value: AskedValue, question: Question, values: SeenValues) -> Doubt | None:
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


def _field_doubt(rule: ConvertedRule, name: str, values: SeenValues) -> Doubt | None:
    """A field that is spelt almost like one that the records have."""
    keys = [key for key in split_path(name) if key not in WRAPPERS]
    folded = {key.lower(): key for key in values.keys(rule)}
    near = get_close_matches(keys[0].lower(), folded, n=1, cutoff=0.8) if keys else []
    if near and folded[near[0]] != keys[0]:
        return Doubt(name, "", "misspelt field", f"the logs have {folded[near[0]]}")
    return None


def _assess_sql(detection: Detection, events: Mapping[str, int]) -> RuleEvaluability:
    """By the sources that its SQL names; one that names none reads the models of a hunt, which any log may fill."""
    named = sorted(named_sources(detection))
    unseen = tuple(source for source in named if not events.get(source))
    if not any(events.values()) or (named and len(unseen) == len(named)):
        why = f"no log of {', '.join(named) or 'any source'} is in the lake"
        return RuleEvaluability(detection.name, "not on this data", why, unseen)
    if unseen:
        why = f"never seen: {', '.join(f'the source {source}' for source in unseen)}"
        return RuleEvaluability(detection.name, "partly", why, unseen)
    return RuleEvaluability(
        detection.name, "evaluable", "it reads the models of a hunt, which any log may fill"
    )


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
