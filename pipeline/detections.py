"""Detections of folders: Sigma rules (`*.yml`), Sigma correlations, and correlations in SQL (`*.sql`), as one dataclass.

A correlation in SQL carries the same keys as a rule in a leading `/* … */`, and `params` besides. A rule of others, which
says nothing of points and control domains, is read with defaults and marked as imported. All faults of all files are
reported at once, each with its path and line. Nothing here runs a query.
"""

from collections.abc import Sequence
from pathlib import Path

from pipeline.detection import NO_LINE, Detection, Parameter, Problem
from pipeline.detection_files import CONTROL_DOMAINS, LEVELS, detection_files, read_file
from pipeline.errors import DetectionError
from pipeline.imported_rules import find_origin

__all__ = [
    "CONTROL_DOMAINS",
    "LEVELS",
    "Detection",
    "Parameter",
    "Problem",
    "load_detections",
    "read_detection",
    "read_detections",
]


def load_detections(folders: Sequence[Path]) -> list[Detection]:
    """All detections of the folders, by name. Raises one DetectionError that names every fault."""
    detections, problems = read_detections(folders)
    if problems:
        noun = "fault" if len(problems) == 1 else "faults"
        lines = "\n".join(str(problem) for problem in problems)
        raise DetectionError(
            f"{len(problems)} {noun} in the detections\n{lines}", hint="mend them, or leave the files out"
        )
    return detections


def read_detections(folders: Sequence[Path]) -> tuple[list[Detection], list[Problem]]:
    """What can be read of the folders, and the faults of the rest."""
    detections: list[Detection] = []
    problems: list[Problem] = []
    for folder in folders:
        if not folder.exists():
            what = "there is nothing here"
            problems.append(Problem(folder, NO_LINE, what, "give a folder or file of detections"))
        for path in detection_files(folder):
            found, faults = read_file(path, find_origin(folder if folder.is_dir() else folder.parent))
            detections += found
            problems += faults
    return sorted(detections, key=lambda detection: (detection.name, str(detection.path))), problems


def read_detection(path: Path) -> Detection | list[Problem]:
    """The only detection of a file, or its faults."""
    found, problems = read_file(path)
    return found[0] if len(found) == 1 and not problems else problems
