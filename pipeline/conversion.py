"""Detections as SQL: each Sigma rule converted once, each correlation with the rules that it refers to.

A rule that a correlation refers to makes no signals of its own, unless a correlation that refers to it says
`generate: true`: so Sigma has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.detection import Detection
from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import (
    Converted,
    ConvertedCorrelation,
    ConvertedRule,
    convert,
    convert_correlation_text,
)


@dataclass(frozen=True, slots=True)
class Runnable:
    """A detection set as SQL. `rules` are all that must be matched; of `inputs` (their names) no signals are made."""

    rules: tuple[tuple[Detection, ConvertedRule], ...]
    correlations: tuple[tuple[Detection, ConvertedCorrelation], ...]
    inputs: frozenset[str]


def convert_detections(detections: Sequence[Detection]) -> Runnable:
    """Raises one DetectionError that names every rule and correlation that cannot be converted."""
    runnable, faults = convert_what_can_be(detections)
    if faults:
        raise DetectionError("\n".join(str(fault) for _, fault in faults))
    return runnable


def convert_what_can_be(
    detections: Sequence[Detection],
) -> tuple[Runnable, list[tuple[Detection, DetectionError]]]:
    """What can be converted, and the faults of the rest."""
    work = _Conversion(detections)
    for detection in detections:
        work.convert(detection)
    rules: list[tuple[Detection, ConvertedRule]] = []
    correlations: list[tuple[Detection, ConvertedCorrelation]] = []
    for detection in detections:
        converted = work.converted.get(id(detection))
        if isinstance(converted, ConvertedRule):
            rules.append((detection, converted))
        elif isinstance(converted, ConvertedCorrelation):
            correlations.append((detection, converted))
    return Runnable(tuple(rules), tuple(correlations), _inputs(rules, correlations)), work.faults


def _inputs(
    rules: Sequence[tuple[Detection, ConvertedRule]],
    correlations: Sequence[tuple[Detection, ConvertedCorrelation]],
) -> frozenset[str]:
    """The names of those that are only counted. One correlation that says `generate: true` is enough to hear a rule, and a
    correlation that the user brings silences none of ours."""
    own = {id(converted) for detection, converted in (*rules, *correlations) if not detection.is_imported}
    silent: set[int] = set()
    heard: set[int] = set()
    for detection, correlation in correlations:
        named = {id(reference.of) for reference in correlation.references}
        if correlation.generates:
            heard |= named
        else:
            silent |= named - own if detection.is_imported else named
    return frozenset(
        detection.name for detection, converted in (*rules, *correlations) if id(converted) in silent - heard
    )


@lru_cache(maxsize=8192)
def convert_rule(query: str, where: str) -> ConvertedRule:
    return convert(query, where)


@dataclass(slots=True)
class _Conversion:
    """Converts each detection once, those that others refer to first."""

    detections: Sequence[Detection]
    converted: dict[int, Converted] = field(default_factory=dict)
    faults: list[tuple[Detection, DetectionError]] = field(default_factory=list)
    under_way: list[int] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)

    def convert(self, detection: Detection) -> Converted | None:
        key = id(detection)
        if key in self.converted or key in self.failed or detection.kind == "correlation":
            return self.converted.get(key)
        where = detection.where("correlation" if detection.kind == "sigma_correlation" else "detection")
        try:
            if key in self.under_way:
                raise DetectionError(
                    "the correlation refers to itself", where, "leave one of the references out"
                )
            self.under_way.append(key)
            if detection.kind == "sigma":
                self.converted[key] = convert_rule(detection.query, where)
            else:
                self.converted[key] = convert_correlation_text(detection.query, where, self._find)
        except DetectionError as error:
            if key not in self.failed:
                self.faults.append((detection, error))
            self.failed.add(key)
        finally:
            self.under_way = [other for other in self.under_way if other != key]
        return self.converted.get(key)

    def _find(self, name: str) -> Converted | None:
        """By id, or by the name in the rule; two of one name are none."""
        for known_as in (_ids, _names):
            found = [detection for detection in self.detections if name in known_as(detection)]
            if len(found) == 1:
                return self.convert(found[0])
        return None


def _ids(detection: Detection) -> tuple[str, ...]:
    return (detection.id, detection.id.lower())


def _names(detection: Detection) -> tuple[str, ...]:
    return tuple(filter(None, (detection.sigma_name, detection.name)))
