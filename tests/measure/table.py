"""The measure as text: by topic what theirs expects and what ours did, and each difference with its reason."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.measure.labels import Outcome

HERE = Path(__file__).parent
BEGIN, END = "<!-- measure -->", "<!-- /measure -->"
CELLS = {(True, True): "both", (True, False): "theirs", (False, True): "ours", (False, False): "neither"}


def read_csv(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measure_text(outcomes: Sequence[Outcome]) -> str:
    """Markdown. Raises KeyError for a topic that topics.csv does not name."""
    topics = {row["topic"]: row for row in read_csv("topics.csv")}
    reasons = {(row["topic"], row["test"]): row["reason"] for row in read_csv("differences.csv")}
    counts: dict[str, Counter[str]] = {}
    differences: list[str] = []
    elsewhere = 0
    for outcome in outcomes:
        labelled, ours = outcome.labelled, set(topics[outcome.labelled.topic]["ours"].split())
        if not ours:
            elsewhere += not labelled.is_expected and bool(outcome.matched)
            continue
        cell = CELLS[labelled.is_expected, not ours.isdisjoint(outcome.matched)]
        counts.setdefault(labelled.topic, Counter())[cell] += 1
        if cell in ("theirs", "ours"):
            reason = reasons[labelled.topic, labelled.test]
            differences.append(f"{labelled.topic} | {labelled.test} | {cell} alone | {reason}")
    total = sum(counts.values(), Counter())
    expected, not_expected = total["both"] + total["theirs"], total["ours"] + total["neither"]
    left_out = Counter(
        topics[outcome.labelled.topic]["note"]
        for outcome in outcomes
        if not topics[outcome.labelled.topic]["ours"]
    )
    rows = [_row(topic, topics[topic]["ours"], cells) for topic, cells in sorted(counts.items())]
    return "\n".join(
        [
            f"{len(outcomes)} labelled records, {sum(outcome.is_event for outcome in outcomes)} of them events of our sources. Of "
            f"{len({outcome.labelled.topic for outcome in outcomes})} topics {len(counts)} have a rule of ours. There **{total['both']} of "
            f"{expected}** records that theirs expects are matched by ours, and **{total['ours']} of {not_expected}** that theirs spares.",
            "",
            *_table(["topic", "rules of ours", "both", "theirs alone", "ours alone", "neither"], rows),
            "",
            "Each difference, after a look at the record:",
            "",
            *_table(
                ["topic", "their test", "matched by", "reason"],
                [line.split(" | ") for line in sorted(differences)],
            ),
            "",
            f"Topics without a rule of ours, by reason and records ({sum(left_out.values())}; on {elsewhere} of these that theirs spares, a "
            "rule of ours for something else matches):",
            "",
            *_table(["reason", "records"], [[note, str(count)] for note, count in sorted(left_out.items())]),
        ]
    )


def replaced(document: str, text: str) -> str:
    """The document with what stands between the marks replaced."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _row(topic: str, ours: str, cells: Counter[str]) -> list[str]:
    names = ", ".join(f"`{name}`" for name in ours.split())
    return [topic, names, *(str(cells[cell] or "") for cell in ("both", "theirs", "ours", "neither"))]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]
