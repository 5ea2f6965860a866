"""Sign-ins of service principals and managed identities to Entra ID: what each gives in the columns of `events`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
WORKSPACE = "aaaaaaaa-0000-4000-8000-000000000002"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
KEY = "cccccccc-0000-4000-8000-000000000006"
WHEN = "2026-03-02T09:14:05.1234567Z"

REAL: list[tuple[str, str, int, dict[str, Any]]] = [
    ("entra_signin_service_principal", "elastic/test-service-principal.log", 0, {
        "event_id": "22222222-5ec0-4795-bf9f-9017bcc32f00", "occurred_at": "2021-07-30T11:29:26.673366",
        "received_at": "2021-07-30T11:29:26.673366", "tenant_id": "1111111111-902d-4dea-8026-5a790862fede",
        "service": "Configuration Manager Microservice", "action": "Sign-in activity", "outcome": "failure", "error_code": "7000222",
        "is_read_only": False, "principal_id": "22222222-4677-43b4-a1dc-ecb3230e9350",
        "principal_name": "ConfigMgrSvc_22222222-dfb4-4070-ad95-cf1e68280bb0", "principal_kind": "service_principal",
        "app_id": "22222222-ddf2-4ab6-b25f-f23d5d614338", "source_ip": "81.2.69.144", "country": "DE",
        "target_id": "22222222-c916-4293-8373-d584996f60ae", "target_name": "Configuration Manager Microservice",
        "target_kind": "application",
    }),
    ("entra_signin_service_principal", "elastic/test-service-principal-signinlogs-sample.log", 0, {
        "event_id": "d5935dca-86f2-4ac9-a42c-3593b00af801", "occurred_at": "2022-02-08T06:22:28.351840",
        "received_at": "2022-02-08T06:22:28.351840", "tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
        "service": "Windows Azure Service Management API", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "b029d485-a308-4311-8720-fb3192e5284e", "principal_name": "Terraform-Datadog-CLI",
        "principal_kind": "service_principal", "credential_id": "dbcd79c0-c3ea-46b9-9604-ff40d43b8618",
        "credential_kind": "service_principal_key", "token_id": "ZDU5MzVkY2EtODZmMi00YWM5LWE0MmMtMzU5M2IwMGFmODAx",
        "app_id": "6131d760-7fda-4db5-8bb1-b771898e9f15", "source_ip": "1.128.3.4", "country": "IN",
        "target_id": "797f4846-ba00-4fd7-ba43-dac1f8f63013", "target_name": "Windows Azure Service Management API",
        "target_kind": "application",
    }),
    ("entra_signin_service_principal", "sekoia/azure-ad.jsonl", 20, {
        "event_id": "66666666-6666-6666-6666-666666666666", "occurred_at": "2025-10-14T07:33:50.149897",
        "received_at": "2025-10-14T07:34:57.914489", "tenant_id": "77777777-7777-7777-7777-777777777777", "service": "Azure Storage",
        "action": "Sign-in activity", "outcome": "success", "is_read_only": False, "principal_id": "parseme",
        "principal_name": "ParseMe", "principal_kind": "service_principal", "credential_id": "55555555-5555-5555-5555-555555555555",
        "credential_kind": "service_principal_key", "session_id": "99999999-9999-9999-9999-999999999999",
        "token_id": "tOkEnIdEnTiFiEr123", "app_id": "88888888-8888-8888-8888-888888888888", "user_agent": "okhttp/4.8.1",
        "target_id": "77777777-7777-7777-7777-777777777777", "target_name": "Azure Storage", "target_kind": "application",
    }),
    ("entra_signin_managed_identity", "elastic/test-managed-identity.log", 0, {
        "event_id": "22222222-0b57-4b77-bf1a-317a88591a00", "occurred_at": "2021-01-23T20:44:29.768898",
        "received_at": "2021-01-23T20:44:29.768898", "tenant_id": "tenantid", "service": "Windows Azure Service Management API",
        "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "22222222-864d-4e00-9882-ff649530f186", "principal_name": "ASC provisioning Dependency agent for Linux",
        "principal_kind": "managed_identity", "app_id": "22222222-b540-4792-a2a2-81818990a95b",
        "target_id": "22222222-ba00-4fd7-ba43-dac1f8f63013", "target_name": "Windows Azure Service Management API",
        "target_kind": "application",
    }),
    ("entra_signin_managed_identity", "elastic/test-managed-identity-sample.log", 0, {
        "event_id": "a08869a8-3b15-46e4-8de3-273849e60100", "occurred_at": "2022-01-24T04:59:49.227983",
        "received_at": "2022-01-24T04:59:49.227983", "tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
        "service": "Windows Azure Service Management API", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "9d370547-cb61-4753-be23-68534909af90", "principal_name": "testplatformlogslube",
        "principal_kind": "managed_identity", "token_id": "YTA4ODY5YTgtM2IxNS00NmU0LThkZTMtMjczODQ5ZTYwMTAw",
        "app_id": "b3b975ac-995b-426e-8b5d-363a165df41c", "target_id": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "target_name": "Windows Azure Service Management API", "target_kind": "application",
    }),
    ("entra_signin_managed_identity", "elastic/test-managed-identity-sample.log", 1, {
        "event_id": "a300df78-a761-4f2b-b181-c48e5efe0400", "occurred_at": "2022-01-24T04:59:40.227286",
        "received_at": "2022-01-24T04:59:40.227286", "tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
        "service": "Windows Azure Service Management API", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "9d370547-cb61-4753-be23-68534909af90", "principal_name": "testplatformlogslube",
        "principal_kind": "managed_identity", "token_id": "YTMwMGRmNzgtYTc2MS00ZjJiLWIxODEtYzQ4ZTVlZmUwNDAw",
        "app_id": "b3b975ac-995b-426e-8b5d-363a165df41c", "target_id": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "target_name": "Windows Azure Service Management API", "target_kind": "application",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("source", "file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, source: str, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, source)
    assert_columns(found, {"source": source, "provider": "azure", **expected})


def test_a_managed_identitys_row_of_log_analytics() -> None:
    row = {
        "TimeGenerated": "2026-03-02T09:16:00Z", "Type": "AADManagedIdentitySignInLogs", "Category": "ManagedIdentitySignInLogs", "TenantId": WORKSPACE,
        "AADTenantId": TENANT, "CreatedDateTime": WHEN, "Id": "m-1", "ServicePrincipalId": SP.upper(), "ServicePrincipalName": "vm-1", "AppId": APP,
        "ResultType": "0", "ResourceDisplayName": "Azure Key Vault", "ResourceIdentity": KEY, "IPAddress": "", "UniqueTokenIdentifier": "dXRp==",
        "LocationDetails": json.dumps({"countryOrRegion": ""}), "UserId": "",
    }  # fmt: skip
    found = stage([row], "entra_signin_managed_identity")[0]
    assert found["event_id"] == "m-1"
    assert (found["occurred_at"], found["received_at"]) == (
        datetime(2026, 3, 2, 9, 14, 5, 123456),
        datetime(2026, 3, 2, 9, 16),
    )
    assert (found["principal_id"], found["principal_name"], found["principal_kind"]) == (
        SP,
        "vm-1",
        "managed_identity",
    )
    assert (found["tenant_id"], found["app_id"], found["target_id"]) == (TENANT, APP, KEY)
    assert (found["outcome"], found["error_code"], found["source_ip"], found["country"]) == (
        "success",
        None,
        None,
        None,
    )
    assert found["token_id"] == "dXRp"


def test_a_sign_in_of_one_of_microsofts_own_services() -> None:
    own = {
        "time": WHEN, "category": "MicrosoftServicePrincipalSignInLogs", "resourceId": f"/tenants/{TENANT.upper()}/providers/Microsoft.aadiam",
        "resultType": 0, "properties": {"id": "o-1", "servicePrincipalId": SP, "appDisplayName": "Office 365"},
    }  # fmt: skip
    found = stage([own], "entra_signin_service_principal")[0]
    assert (found["tenant_id"], found["principal_id"], found["principal_name"]) == (TENANT, SP, "Office 365")
    assert (found["principal_kind"], found["outcome"]) == ("service_principal", "success")
