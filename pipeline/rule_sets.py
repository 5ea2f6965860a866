"""The detections of a run: ours and the user's own folders (a SigmaHQ checkout among them), filtered and overridden.

A fault of ours stops the run. A fault of a folder that the user brings costs that rule: all faults are told at once, with
path and line, and the others load.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pipeline.conversion import convert_what_can_be
from pipeline.detection import NO_LINE, Detection, Problem
from pipeline.detection_files import LEVELS, SUFFIXES
from pipeline.detections import load_detections, read_detections
from pipeline.errors import DetectionError, SettingsError
from pipeline.rule_overrides import Overrides, Suppression, read_overrides
from pipeline.settings import RuleSettings, resource_root
from pipeline.sigma_duckdb.log_sources import find_log_source

FILTERS = ("status", "level", "product", "tag")
STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """Which of the user's rules to take; an empty part asks nothing. A tag asks for itself and what is below it
    (`attack.t1078` takes `attack.t1078.004`)."""

    statuses: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        statuses: Iterable[str] = (),
        levels: Iterable[str] = (),
        products: Iterable[str] = (),
        tags: Iterable[str] = (),
    ) -> "RuleFilter":
        """From what a person wrote: a level may be `high+`, that one and above. Raises SettingsError for a word that is none."""
        wanted: set[str] = set()
        for level in levels:
            name = level.lower().removesuffix("+")
            _known(name, LEVELS, "level")
            wanted.update(LEVELS[LEVELS.index(name) :] if level.endswith("+") else [name])
        for status in statuses:
            _known(status.lower(), STATUSES, "status")
        return cls(
            frozenset(status.lower() for status in statuses),
            frozenset(wanted),
            frozenset(product.lower() for product in products),
            frozenset(tag.lower() for tag in tags),
        )

    @classmethod
    def parse(cls, conditions: Iterable[str]) -> "RuleFilter":
        """From `level=medium+`, `status=test`, `product=aws`, `tag=attack.t1078`; several of one kind widen it."""
        named: dict[str, list[str]] = {kind: [] for kind in FILTERS}
        for condition in conditions:
            kind, _, value = condition.partition("=")
            if kind not in FILTERS or not value:
                raise SettingsError(
                    f"{condition!r} is no condition on rules",
                    hint=f"write {', '.join(f'{name}=…' for name in FILTERS)}",
                )
            named[kind].append(value.strip())
        return cls.of(*(named[kind] for kind in FILTERS))

    def takes(self, detection: Detection) -> bool:
        return (
            (not self.statuses or detection.status.lower() in self.statuses)
            and (not self.levels or detection.level in self.levels)
            and (not self.products or not detection.product or detection.product.lower() in self.products)
            and (not self.tags or any(self._has(tag.lower()) for tag in detection.tags))
        )

    def _has(self, tag: str) -> bool:
        return any(tag == wanted or tag.startswith(f"{wanted}.") for wanted in self.tags)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What runs. `passed_over` counts, by reason, what is no fault and does not run: rules of logs that we do not read, rules
    that the filter leaves out, files that are none."""

    detections: tuple[Detection, ...]
    suppressions: tuple[Suppression, ...] = ()
    expired: tuple[Suppression, ...] = ()
    problems: tuple[Problem, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """Decides what a run finds: the text of every detection, what it is worth, and the suppressions in force."""
        worth = sorted(f"{d.content_hash} {d.level} {d.points} {d.control_domain}" for d in self.detections)
        suppressed = sorted(f"{s.rule} {sorted(s.values.items())} {s}" for s in self.suppressions)
        return hashlib.sha256("\n".join([*worth, "", *suppressed]).encode()).hexdigest()


def load_rules(settings: RuleSettings | None = None, today: date = date.max) -> RuleSet:
    """Our detections and those that the settings bring."""
    settings = settings or RuleSettings()
    return load_rule_set(
        resource_root() / "detections",
        settings.folders,
        RuleFilter.parse(settings.only),
        settings.overrides,
        today,
    )


def load_rule_set(
    own: Path,
    extra: Sequence[Path] = (),
    wanted: RuleFilter | None = None,
    overrides_file: Path | None = None,
    today: date = date.max,
) -> RuleSet:
    """`own` must be without fault (DetectionError). A suppression that ended before `today` is not applied."""
    ours = load_detections([own])
    read, problems = read_detections(extra)
    passed_over: Counter[str] = Counter()
    for folder in extra:
        passed_over.update(_other_files(folder))
    theirs: list[Detection] = []
    for detection in read:
        if detection.kind == "sigma" and find_log_source(detection.product, detection.service) is None:
            named = "/".join(filter(None, [detection.product, detection.service])) or "no product"
            passed_over[f"rules of logs that are not read here ({named})"] += 1
        else:
            theirs.append(detection)
    theirs, doubles = _without_doubles(ours, theirs)
    detections, faults = _that_run(ours, theirs)
    is_ours = {id(detection) for detection in ours}
    kept = [d for d in detections if id(d) in is_ours or wanted is None or wanted.takes(d)]
    passed_over["rules that the filter leaves out"] += len(detections) - len(kept)
    # a correlation that is kept needs the rules that it counts, whatever the filter says of them
    kept = [*kept, *_counted_by(kept, detections)]
    overrides = read_overrides(overrides_file) if overrides_file else Overrides()
    problems = [*problems, *doubles, *faults, *overrides.problems]
    if overrides_file:
        what = "names no detection that is loaded"
        problems += [
            Problem(overrides_file, NO_LINE, f"{name} {what}", "correct it")
            for name in overrides.unknown(detections)
        ]
    kept, orphan_count = _without_orphans(overrides.apply(kept))
    passed_over["correlations that count a rule which is switched off"] += orphan_count
    return RuleSet(
        tuple(sorted(kept, key=lambda d: (d.name, str(d.path)))),
        overrides.in_force(today),
        overrides.expired(today),
        tuple(sorted(problems, key=lambda problem: (str(problem.path), problem.line, problem.what))),
        {reason: count for reason, count in sorted(passed_over.items()) if count},
    )


def _known(name: str, names: Sequence[str], what: str) -> None:
    if name not in names:
        raise SettingsError(f"{name!r} is no {what}", hint=f"use one of {', '.join(names)}")


def _other_files(folder: Path) -> Counter[str]:
    """Files that hold no detection, by their suffix."""
    if not folder.is_dir():
        return Counter()
    others: Counter[str] = Counter()
    for path in folder.rglob("*"):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix not in SUFFIXES and not is_hidden and path.is_file():
            others[f"other files ({path.suffix or 'without a suffix'})"] += 1
    return others


def _without_doubles(
    ours: Sequence[Detection], theirs: Sequence[Detection]
) -> tuple[list[Detection], list[Problem]]:
    """Of two rules with one id the first stays. Two of one name are told apart by the beginning of their ids."""
    by_id = {detection.id.lower(): detection for detection in ours}
    names = {detection.name for detection in ours}
    kept: list[Detection] = []
    problems: list[Problem] = []
    for detection in theirs:
        first = by_id.setdefault(detection.id.lower(), detection)
        if first is not detection:
            what = f"the id {detection.id} is that of {first.where('id')}"
            problems.append(Problem(detection.path, detection.line("id"), what, "give it an id of its own"))
            continue
        if detection.name in names:
            detection = replace(
                detection, name=f"{detection.name}_{detection.id.removeprefix('sha256:')[:8]}"
            )
        names.add(detection.name)
        kept.append(detection)
    return kept, problems


def _that_run(
    ours: Sequence[Detection], theirs: Sequence[Detection]
) -> tuple[list[Detection], list[Problem]]:
    """The detections that can be converted, and the faults of the others. One of ours that cannot stops the run."""
    _, faults = convert_what_can_be([*ours, *theirs])
    own = {id(detection) for detection in ours}
    if stopping := [error for detection, error in faults if id(detection) in own]:
        raise DetectionError("\n".join(map(str, stopping)))
    broken = {id(detection) for detection, _ in faults}
    problems = [_problem(detection, error) for detection, error in faults]
    return [detection for detection in (*ours, *theirs) if id(detection) not in broken], problems


def _problem(detection: Detection, error: DetectionError) -> Problem:
    places = re.findall(r":(\d+)", error.where.removeprefix(str(detection.path)))
    line, column = (int(place) for place in (*places, "0", "0")[:2])
    return Problem(detection.path, line or detection.line(), error.what, error.hint, column)


def _without_orphans(detections: Sequence[Detection]) -> tuple[list[Detection], int]:
    """Without the correlations that count a rule which is switched off. Whatever else cannot be converted is gone already."""
    _, faults = convert_what_can_be(detections)
    orphans = {id(detection) for detection, _ in faults}
    return [detection for detection in detections if id(detection) not in orphans], len(orphans)


def _counted_by(kept: Sequence[Detection], every: Sequence[Detection]) -> list[Detection]:
    runnable, _ = convert_what_can_be(every)
    converted = {id(detection): one for detection, one in (*runnable.rules, *runnable.correlations)}
    present = {id(detection) for detection in kept}
    wanted = [converted[id(d)] for d in kept if d.kind == "sigma_correlation" and id(d) in converted]
    needed: set[int] = set()
    while wanted:
        for reference in getattr(wanted.pop(), "references", ()):
            needed.add(id(reference.of))
            wanted.append(reference.of)
    return [d for d in every if id(d) not in present and id(converted.get(id(d))) in needed]
