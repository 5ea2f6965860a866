"""detections/README.md: the rule pack as an index and as a matrix of ATT&CK tactics and control domains.

`python -m pipeline.detection_index` writes it; a test holds that it is the one that is written.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.conversion import convert_detections
from pipeline.detection import Detection
from pipeline.detections import CONTROL_DOMAINS, load_detections
from pipeline.report.narrative import domain_words
from pipeline.settings import resource_root

INTRODUCTION = """\
# Detections

<!-- Written by `python -m pipeline.detection_index`; what is changed here by hand is lost. -->

{rule_count} rules of one event (Sigma) and {correlation_count} correlations of several ({sigma_count} in Sigma, {sql_count} in SQL). A
rule says what is suspicious once a trust chain leads there from a reset; by itself it is a fact, and its points are the
log-odds that it adds. `level` is Sigma's. Each has cases in [tests/detections](../tests/detections) that it must match and
spare. How rules are evaluated, and how they compare with other people's labels, is in [docs/detections.md](../docs/detections.md).
"""
KINDS = {"sigma": "rule", "sigma_correlation": "correlation", "correlation": "SQL"}


def index_text(detections: Sequence[Detection], folder: Path) -> str:
    """The whole document. `folder` is where it will lie: links are relative to it."""
    inputs = convert_detections(detections).inputs  # a part of a correlation is none of the pack
    detections = [detection for detection in detections if detection.name not in inputs]
    kinds = [detection.kind for detection in detections]
    parts = [
        INTRODUCTION.format(
            rule_count=kinds.count("sigma"),
            correlation_count=len(kinds) - kinds.count("sigma"),
            sigma_count=kinds.count("sigma_correlation"),
            sql_count=kinds.count("correlation"),
        ),
        "## ATT&CK and control domains\n",
        "How many detections name a tactic, by the control domain that has to close what they find; one that names two counts in both.\n",
        _matrix(detections),
    ]
    for domain in CONTROL_DOMAINS:
        parts += [f"## {domain_words(domain).capitalize()}\n", _table(_of(detections, domain), folder)]
    return "\n".join(parts)


def _matrix(detections: Sequence[Detection]) -> str:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for detection in detections:
        for tag in detection.tags:
            counts[tag.removeprefix("attack."), detection.control_domain] += 1
    rows = [
        [tactic.replace("-", " "), *(str(counts[tactic, domain] or "") for domain in CONTROL_DOMAINS)]
        for tactic in _tactics()
        if any(counts[tactic, domain] for domain in CONTROL_DOMAINS)
    ]
    return _markdown(["", *map(domain_words, CONTROL_DOMAINS)], rows)


def _tactics() -> list[str]:
    """In the order of detections/attack.csv."""
    with (resource_root() / "detections" / "attack.csv").open(encoding="utf-8", newline="") as file:
        return [row["name"] for row in csv.DictReader(file) if row["id"].startswith("TA")]


def _table(detections: Iterable[Detection], folder: Path) -> str:
    rows = [
        [
            f"[{detection.name}]({detection.path.relative_to(folder).as_posix()})",
            detection.title,
            KINDS[detection.kind],
            detection.level,
            f"{detection.points:g}",
            ", ".join(_techniques(detection)),
        ]
        for detection in detections
    ]
    return _markdown(["detection", "what", "kind", "level", "points", "ATT&CK"], rows)


def _of(detections: Iterable[Detection], domain: str) -> list[Detection]:
    found = [detection for detection in detections if detection.control_domain == domain]
    return sorted(found, key=lambda detection: (detection.kind != "sigma", detection.name))


def _techniques(detection: Detection) -> list[str]:
    named = (tag.removeprefix("attack.") for tag in detection.tags)
    return [tag.upper() for tag in named if tag[:1] == "t" and tag[1:2].isdigit()]


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        + "\n"
    )


if __name__ == "__main__":
    root = resource_root() / "detections"
    (root / "README.md").write_text(index_text(load_detections([root]), root), encoding="utf-8")
