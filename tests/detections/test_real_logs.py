"""Our rules on records that AWS wrote: each attack technique is caught by its rules, and a refused call by none.

The records lie beside the checkout and are no part of it; the tests skip, with the reason, where they are absent.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipeline.detect import evaluate_rules
from pipeline.detections import load_detections
from pipeline.schema import create_empty_events
from pipeline.sigma_duckdb import column_text, log_source_of

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
    "aws.persistence.iam-create-backdoor-role": {
        "aws_administrator_access_attached",
        "aws_role_created_for_another_account",
    },
    "aws.persistence.iam-create-user-login-profile": {"aws_login_profile_created_for_another_user"},
    "aws.persistence.lambda-backdoor-function": {"aws_lambda_opened_to_everybody"},
    "aws.persistence.lambda-layer-extension": {"aws_lambda_code_changed"},
    "aws.persistence.lambda-overwrite-code": {"aws_lambda_code_changed"},
    "aws.persistence.rolesanywhere-create-trust-anchor": {
        "aws_identity_provider_added",
        "aws_identity_provider_detail_changed",
    },
    "aws.persistence.sts-federation-token": {"aws_federation_token_issued"},
    "aws.privilege-escalation.iam-update-user-login-profile": {"aws_password_set_by_somebody_else"},
    "aws.discovery.ec2-download-user-data": set(),
    "aws.initial-access.console-login-without-mfa": {"aws_console_login_without_mfa"},
    "aws.credential-access.ec2-get-password-data": set(),  # every call was refused
    "aws.credential-access.ec2-steal-instance-credentials": {"aws_command_sent_to_instances"},
    "aws.defense-evasion.cloudtrail-event-selectors": {"aws_trail_weakened"},
    "aws.defense-evasion.dns-delete-logs": {"aws_network_logs_deleted"},
    "aws.defense-evasion.organizations-leave": set(),  # refused
    "aws.defense-evasion.vpc-remove-flow-logs": {"aws_network_logs_deleted"},
    "aws.execution.ec2-user-data": {"aws_instance_user_data_changed"},
    "aws.execution.ssm-send-command": {"aws_command_sent_to_instances"},
    "aws.execution.ssm-start-session": {"aws_session_opened_on_instance"},
    "aws.lateral-movement.ec2-instance-connect": {"aws_session_opened_on_instance"},
    "aws.lateral-movement.ec2-serial-console-send-ssh-public-key": {"aws_serial_console_used"},
}

pytestmark = pytest.mark.skipif(not CLOUDTRAIL.is_dir(), reason=f"no real logs at {CLOUDTRAIL}")


def found_in(records: list[dict[str, Any]]) -> set[str]:
    """The names of the rules that match any of the records, all rules in one pass."""
    columns = log_source_of("aws", "cloudtrail").columns.values()
    rows = [
        {"event_id": str(number), "source": "aws_cloudtrail", "raw": json.dumps(record)}
        | {column.name: column_text(column, record) for column in columns}
        for number, record in enumerate(records)
    ]
    con = duckdb.connect()
    create_empty_events(con)
    con.register("records", pa.Table.from_pylist(rows))
    con.execute("insert into events by name select * from records")
    evaluate_rules(con, RULES)
    return {name for (name,) in con.execute("select distinct detection from signals").fetchall()}


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
