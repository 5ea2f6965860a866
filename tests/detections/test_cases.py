"""Every case of every detection, run: one record with one change for rules, given rows and signals for correlations."""

from pathlib import Path

import pytest

from pipeline.detection_cases import case_path, read_cases, run_cases
from pipeline.detection_checks import find_inputs
from pipeline.detections import Detection, load_detections

CHECKOUT = Path(__file__).parents[2]
DETECTIONS = load_detections([CHECKOUT / "detections"])
INPUTS = find_inputs(DETECTIONS)
RULES = [detection for detection in DETECTIONS if detection.kind == "sigma" and id(detection) not in INPUTS]
CORRELATIONS = [
    detection for detection in DETECTIONS if detection.kind != "sigma" and id(detection) not in INPUTS
]


@pytest.mark.parametrize("detection", RULES, ids=lambda detection: detection.name)
def test_rule_cases(detection: Detection) -> None:
    assert run_cases(detection, read_cases(case_path(CHECKOUT / "tests" / "detections", detection))) == {}


@pytest.mark.parametrize("detection", CORRELATIONS, ids=lambda detection: detection.name)
def test_correlation_cases(detection: Detection) -> None:
    cases = read_cases(case_path(CHECKOUT / "tests" / "detections", detection))
    assert run_cases(detection, cases, DETECTIONS) == {}


def test_every_control_domain_has_three_rules() -> None:
    domains = [detection.control_domain for detection in RULES]
    assert {domain: domains.count(domain) for domain in set(domains) if domains.count(domain) < 3} == {}
    assert set(domains) == {
        "help_desk",
        "sessions",
        "entitlements",
        "non_human_identities",
        "secrets",
        "data_access",
    }
