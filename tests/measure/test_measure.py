"""docs/detections.md says what the measure yields, and every topic and difference has its reason."""

from pathlib import Path

from pipeline.detections import load_detections
from tests.conftest import ROOT
from tests.measure.labels import own_rules, read_labels, run_labels
from tests.measure.table import measure_text, read_csv, replaced

DOCUMENT = ROOT / "docs" / "detections.md"


def test_the_document_holds_the_measure(real_logs: Path) -> None:
    labels = read_labels(real_logs)
    assert len(labels) > 300
    text = measure_text(run_labels(labels, own_rules()))
    written = DOCUMENT.read_text(encoding="utf-8")
    assert replaced(written, text) == written, "run `python -m tests.measure --write`"


def test_topics_name_detections_that_are_there() -> None:
    names = {detection.name for detection in load_detections([ROOT / "detections"])}
    for row in read_csv("topics.csv"):
        assert set(row["ours"].split()) <= names, row["topic"]
        assert bool(row["ours"]) != bool(row["note"]), row["topic"]
    assert all(row["reason"] for row in read_csv("differences.csv"))
