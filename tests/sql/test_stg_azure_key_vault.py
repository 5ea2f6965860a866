"""Key Vault audit in all its shapes: what each gives in the columns of `events`."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
WHEN = "2026-03-02T09:14:05.1234567Z"

VAULT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv1"
SECRET = "https://kv1.vault.azure.net/secrets/Db"
EXPECTED = {
    "tenant_id": SUBSCRIPTION, "service": "microsoft.keyvault", "action": "SecretGet", "outcome": "failure", "error_code": "403", "is_read_only": True,
    "principal_id": SP, "principal_kind": "service_principal", "app_id": APP, "source_ip": "192.0.2.7", "user_agent": "curl", "target_id": SECRET.lower(),
    "target_name": "db", "target_kind": "secret",
}  # fmt: skip

REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("sekoia/azure-key-vault.jsonl", 0, {
        "event_id": "sha256:", "occurred_at": "2024-04-03T14:03:10.788626", "tenant_id": "f40a1f1d-f2c6-4444-xxxx",
        "service": "microsoft.keyvault", "action": "CertificateCreate", "outcome": "success", "is_read_only": False,
        "principal_id": "d4ba3e84-0444-4841-aaf7-xxxx", "principal_name": "john.doe@dummy.onmicrosoft.com", "principal_kind": "user",
        "app_id": "3686488a-04fc-4d8a-b967-61f98ec41efe", "source_ip": "147.161.0.0",
        "user_agent": "Mozilla/5.0 (X11; Ubuntu; Linux x86_64) Firefox/12.0",
        "target_id": "https://testpermissionvault.vault.azure.net/certificates/fdfdffffd", "target_name": "fdfdffffd",
        "target_kind": "certificate",
    }),
    ("sekoia/azure-key-vault.jsonl", 6, {
        "event_id": "sha256:", "occurred_at": "2024-04-04T06:47:34.717861", "tenant_id": "f40a1f1d-f2c6-4444-92a6-xxxxxxxxxx",
        "service": "microsoft.keyvault", "action": "KeyDelete", "outcome": "success", "is_read_only": False,
        "principal_id": "d4ba3e84-0444-4841-aaf7-xxxxxx", "principal_name": "john.doe@dummy.onmicrosoft.com", "principal_kind": "user",
        "app_id": "3686488a-04fc-4d8a-b967-61f98ec41efe", "source_ip": "147.161.0.0",
        "user_agent": "Mozilla/5.0 (X11; Ubuntu; Linux x86_64) Firefox/12.0",
        "target_id": "https://testpermissionvault.vault.azure.net/keys/egzghfgrrg", "target_name": "egzghfgrrg", "target_kind": "key",
    }),
    ("sekoia/azure-key-vault.jsonl", 19, {
        "event_id": "sha256:", "occurred_at": "2024-04-02T08:20:49.268160", "tenant_id": "f40a1f1d-f2c6-4444-xxxx",
        "service": "microsoft.keyvault", "action": "SecretGet", "outcome": "failure", "error_code": "403", "is_read_only": True,
        "principal_id": "d4ba3e84-0444-4841-aaf7-xxxxx", "principal_name": "john.doe@dummy.onmicrosoft.com", "principal_kind": "user",
        "app_id": "3686488a-04fc-4d8a-b967-61f98ec41efe", "source_ip": "147.161.0.0",
        "user_agent": "3686488a-04fc-4d8a-b967-61f98ec41efe", "target_id": "https://keytestint.vault.azure.net/secrets/a",
        "target_name": "a", "target_kind": "secret",
    }),
    ("sekoia/azure-key-vault.jsonl", 29, {
        "event_id": "sha256:", "occurred_at": "2016-01-05T01:32:01.269122", "tenant_id": "361da5d4-a47a-4c79-afdd-xxxxxxxxxxxx",
        "service": "microsoft.keyvault", "action": "VaultGet", "outcome": "failure", "error_code": "Forbidden", "is_read_only": True,
        "principal_id": "d9da5048-2737-4770-bd64-xxxxxxxxxxxx", "principal_name": "live.com#username@outlook.com",
        "principal_kind": "user", "app_id": "1950a258-227b-4e31-a9cf-xxxxxxxxxxxx", "source_ip": "104.40.82.76",
        "user_agent": "azure-resource-manager/2.0", "target_id": "https://contosokeyvault.vault.azure.net/",
        "target_name": "contosokeyvault", "target_kind": "vault",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, "azure_key_vault")
    assert_columns(found, {"source": "azure_key_vault", "provider": "azure", **expected})


def one(record: dict[str, Any]) -> dict[str, Any]:
    return stage([record], "azure_key_vault", reshape)[0]


def test_a_row_of_the_vaults_own_table_with_and_without_its_name() -> None:
    row = {
        "TimeGenerated": WHEN, "_ResourceId": VAULT.lower(), "OperationName": "SecretGet", "CallerIpAddress": "192.0.2.7", "ResultType": "Success",
        "ResultSignature": "Forbidden", "HttpStatusCode": 403, "Id": f"{SECRET}/0123456789", "ClientInfo": "curl",
        "Identity": json.dumps({"claim": {"oid": SP, "appid": APP.upper()}}),
    }  # fmt: skip
    for found in (one(row), one(row | {"Type": "AZKVAuditLogs"})):
        assert {name: found[name] for name in EXPECTED} == EXPECTED


def test_a_row_of_azure_diagnostics() -> None:
    row = {
        "TimeGenerated": WHEN, "Category": "AuditEvent", "ResourceProvider": "MICROSOFT.KEYVAULT", "ResourceId": VAULT.upper(), "OperationName": "SecretGet",
        "CallerIPAddress": "192.0.2.7", "ResultType": "Success", "ResultSignature": "Forbidden", "httpStatusCode_d": 403.0, "id_s": f"{SECRET}/0123456789",
        "clientInfo_s": "curl", "identity_claim_appid_g": APP, "identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g": SP,
    }  # fmt: skip
    found = one(row)
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    found = one(
        row | {"identity_claim_upn_s": "ada@example.com", "httpStatusCode_d": None, "ResultSignature": "OK"}
    )
    assert (found["principal_name"], found["principal_kind"], found["outcome"]) == (
        "ada@example.com",
        "user",
        "success",
    )


@pytest.mark.parametrize(
    ("status", "signature", "outcome", "error_code"),
    [
        (200, "OK", "success", None), ("202", "Accepted", "success", None), (403, "Forbidden", "failure", "403"), (401, None, "failure", "401"),
        (200, "Forbidden", "failure", "Forbidden"), (None, "Forbidden", "failure", "Forbidden"), (None, "OK", "success", None),
        (None, "None", "unknown", None), (None, None, "unknown", None), ("many", None, "unknown", None),
    ],
)  # fmt: skip
def test_a_refused_call_is_no_success(
    status: object, signature: str | None, outcome: str, error_code: str | None
) -> None:
    record = {
        "time": WHEN, "category": "AuditEvent", "resourceId": VAULT, "operationName": "SecretGet", "resultType": "Success", "resultSignature": signature,
        "properties": {"httpStatusCode": status},
    }  # fmt: skip
    found = one(record)
    assert (found["outcome"], found["error_code"]) == (outcome, error_code)


def test_a_secret_may_be_named_by_the_address_asked_for_only() -> None:
    record = {
        "time": WHEN,
        "category": "AuditEvent",
        "resourceId": VAULT,
        "properties": {"requestUri": f"{SECRET}/0123?api-version=7.4"},
    }
    found = one(record)
    assert (found["target_id"], found["target_kind"]) == (SECRET.lower(), "secret")
