from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.simulate.campaign.writing import CampaignPlan, write_campaign
from tests.pipeline.simulate.test_simulated_quiet_day import (
    ADDRESS_KEYS,
    RANGES,
    UNSEEN_KEYS,
    paths_of,
    read_values,
    real_paths,
)

Rows = dict[str, list[dict[str, Any]]]
# Documented by AWS: no real record at hand has it.
_USER = "userIdentity.onBehalfOf"
UNSEEN_IN_CLOUDTRAIL = {_USER, f"{_USER}.userId", f"{_USER}.identityStoreArn"}
UNSEEN_PARAMETERS = {"durationSeconds"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, rows_of: Callable[[Path], list[dict[str, Any]]]) -> Rows:
    """An organisation that keeps every log, without an attack."""
    plan = CampaignPlan(attack_count=0, benign_count=40, size=40, baseline_days=6, days=14)
    truth = write_campaign(tmp_path_factory.mktemp("shapes") / "logs", 18, plan)
    assert truth.traits["has_okta"] and truth.traits["has_office_logs"] and truth.traits["has_risk_logs"]
    found: Rows = {}
    for path in sorted(truth.out.rglob("*.json.gz")):
        top = path.relative_to(truth.out).parts[0]
        found.setdefault("trail" if top.endswith("-trail") else top, []).extend(rows_of(path))
    return found


def of_category(rows: Rows, category: str) -> list[dict[str, Any]]:
    return [row for row in rows["diagnostics"] if row["category"] == category]


def test_okta_records_have_the_keys_of_real_ones(rows: Rows, real_logs: Path):
    ours = {path for row in rows["okta"] for path in paths_of(row)}
    assert ours - real_paths(real_logs / "okta", "eventType") - UNSEEN_KEYS["okta"] == set()


def test_unified_audit_records_have_the_keys_of_real_ones(rows: Rows, real_logs: Path):
    ours = {path for row in rows["microsoft-365"] for path in paths_of(row)}
    assert ours - real_paths(real_logs / "m365", "Workload") - UNSEEN_KEYS["microsoft-365"] == set()


@pytest.mark.parametrize(
    "category", ["SignInLogs", "AuditLogs", "UserRiskEvents", "MicrosoftGraphActivityLogs"]
)
def test_entra_rows_have_the_keys_of_real_ones(rows: Rows, category: str, real_logs: Path):
    ours = {path for row in of_category(rows, category) for path in paths_of(row)}
    assert ours
    assert ours - real_paths(real_logs / "azure", "category") == set()


def real_calls(folder: Path) -> list[dict[str, Any]]:
    found = []
    for file in sorted(folder.rglob("*.*")):
        if file.suffix not in {".gz", ".md"}:
            try:
                found += [
                    value for value in read_values(file) if isinstance(value, dict) and "eventName" in value
                ]
            except UnicodeDecodeError:
                continue
    return found


def test_cloudtrail_records_have_the_keys_of_real_ones(rows: Rows, real_logs: Path):
    """What an API is asked and answers is its own; all around it is CloudTrail's."""
    apart = ("requestParameters.", "responseElements.", "additionalEventData.")
    real = real_calls(real_logs / "cloudtrail")
    known = {path for call in real for path in paths_of(call)}
    ours = {path for row in rows["trail"] for path in paths_of(row) if not path.startswith(apart)}
    assert ours - known - UNSEEN_IN_CLOUDTRAIL == set()


def test_calls_of_iam_and_sts_ask_with_real_parameters(rows: Rows, real_logs: Path):
    """For each call of which a real one that was let through is at hand."""
    real = defaultdict(set)
    for call in real_calls(real_logs / "cloudtrail"):
        if isinstance(call.get("requestParameters"), dict):
            real[call["eventName"]] |= set(call["requestParameters"])
    ours = defaultdict(set)
    for row in rows["trail"]:
        if row["eventSource"].partition(".")[0] in {"iam", "sts"}:
            ours[row["eventName"]] |= set(row["requestParameters"] or {})
    compared = {name: keys - real[name] for name, keys in ours.items() if real[name]}
    assert len(compared) > 5
    assert {name: keys for name, keys in compared.items() if keys - UNSEEN_PARAMETERS} == {}


def test_addresses_are_from_documentation_ranges(rows: Rows):
    def addresses(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key in ADDRESS_KEYS and isinstance(inner, str) and inner:
                    yield inner.removeprefix("::ffff:").removeprefix("[")
                yield from addresses(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from addresses(inner)

    seen = {address for kind in rows.values() for record in kind for address in addresses(record)}
    services = {address for address in seen if address.endswith(".amazonaws.com")}
    assert {address for address in seen - services if not address.startswith(RANGES)} == set()
