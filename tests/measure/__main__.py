"""`python -m tests.measure [LOGS] [--write]` prints the measure, or writes it into docs/detections.md."""

import sys
from pathlib import Path

from tests.conftest import REAL_LOGS, ROOT
from tests.measure.labels import own_rules, read_labels, run_labels
from tests.measure.table import measure_text, replaced

DOCUMENT = ROOT / "docs" / "detections.md"


def main(arguments: list[str]) -> None:
    folders = [Path(argument) for argument in arguments if argument != "--write"]
    labels = read_labels(folders[0] if folders else REAL_LOGS)
    if not labels:
        sys.exit("no labelled records: name the folder of the logs")
    text = measure_text(run_labels(labels, own_rules()))
    if "--write" in arguments:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
