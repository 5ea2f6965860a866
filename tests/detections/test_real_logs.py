"""Our rules on records that AWS wrote: each attack technique is caught by its rules, and a refused call by none.

The records lie beside the checkout and are no part of it; the tests skip, with the reason, where they are absent.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.detection_cases import matches
from pipeline.detections import load_detections

CHECKOUT = Path(__file__).parents[2]
CLOUDTRAIL = CHECKOUT.parent / "shared" / "logs" / "cloudtrail"
RULES = [rule for rule in load_detections([CHECKOUT / "detections" / "aws"]) if rule.kind == "sigma"]
TECHNIQUES = {
    "aws.credential-access.secretsmanager-retrieve-secrets": {"aws_secret_read"},
    "aws.credential-access.secretsmanager-batch-retrieve-secrets": {"aws_secrets_read_in_batch"},
    "aws.credential-access.ssm-retrieve-securestring-parameters": {"aws_parameter_decrypted"},
    "aws.defense-evasion.cloudtrail-delete": {"aws_trail_stopped"},
    "aws.defense-evasion.cloudtrail-stop": {"aws_trail_stopped"},
    "aws.exfiltration.ec2-share-ami": {"aws_snapshot_shared"},
    "aws.exfiltration.ec2-share-ebs-snapshot": {"aws_snapshot_shared"},
    "aws.exfiltration.rds-share-snapshot": {"aws_snapshot_shared"},
    "aws.persistence.iam-backdoor-role": {"aws_role_trust_policy_changed"},
    "aws.persistence.iam-backdoor-user": {"aws_access_key_created"},
    "aws.persistence.iam-create-admin-user": {
        "aws_user_created",
        "aws_administrator_access_attached",
        "aws_access_key_created",
    },
    "aws.persistence.iam-create-backdoor-role": {"aws_administrator_access_attached"},
    "aws.persistence.iam-create-user-login-profile": {"aws_login_profile_created_for_another_user"},
    "aws.persistence.rolesanywhere-create-trust-anchor": {"aws_identity_provider_added"},
    "aws.persistence.sts-federation-token": {"aws_federation_token_issued"},
    "aws.privilege-escalation.iam-update-user-login-profile": {"aws_password_set_by_somebody_else"},
    "aws.discovery.ec2-download-user-data": set(),
    "aws.initial-access.console-login-without-mfa": set(),
}

pytestmark = pytest.mark.skipif(not CLOUDTRAIL.is_dir(), reason=f"no real logs at {CLOUDTRAIL}")


def found_in(records: list[dict[str, Any]]) -> set[str]:
    return {rule.name for rule in RULES if any(matches(rule, records))}


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_techniques(technique: str) -> None:
    records = json.loads((CLOUDTRAIL / "stratus-red-team" / f"{technique}.json").read_text())
    assert found_in(records) == TECHNIQUES[technique]


def test_a_refused_call_is_no_act() -> None:
    texts = [path.read_text() for path in sorted((CLOUDTRAIL / "traildiscover").glob("*.cloudtrail"))]
    records = [record for text in texts for record in _records(json.loads(text)) if record.get("errorCode")]
    assert len(records) > 100
    assert found_in(records) == set()


def _records(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, dict):
        return content.get("Records", [content])
    return [record for part in content for record in _records(part)]
