"""Calls of Microsoft Graph: what each gives in the columns of `events`."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
WORKSPACE = "aaaaaaaa-0000-4000-8000-000000000002"
USER = "cccccccc-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
WHEN = "2026-03-02T09:14:05.1234567Z"

REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("sekoia/azure-ad.jsonl", 8, {
        "event_id": "TEST_CORRELATION_UNIQUE_ID", "occurred_at": "2025-02-18T10:25:12.277914",
        "tenant_id": "11111111-1111-1111-1111-111111111111", "region": "North Europe", "service": "Microsoft Graph", "action": "GET /",
        "outcome": "failure", "error_code": "403", "is_read_only": True, "principal_id": "user1", "principal_kind": "user",
        "token_id": "JgW9XEOQM0WNakyHMghCAA", "app_id": "test_app_id", "source_ip": "1.2.3.4",
        "user_agent": "MruService/16.0.18604.40126", "target_id": "/", "bytes_out": 324,
    }),
    ("sekoia/azure-ad.jsonl", 9, {
        "event_id": "11111111-1111-1111-1111-111111111111", "occurred_at": "2025-02-18T10:25:12.277914",
        "tenant_id": "44444444-4444-4444-4444-444444444444", "region": "North Europe", "service": "Microsoft Graph", "action": "GET /",
        "outcome": "failure", "error_code": "403", "is_read_only": True, "principal_id": "user1", "principal_kind": "user",
        "token_id": "activityId", "app_id": "testappid", "source_ip": "1.2.3.4", "user_agent": "MruService/16.0.18604.40126",
        "target_id": "/", "bytes_out": 324,
    }),
    ("sekoia/azure-ad.jsonl", 10, {
        "event_id": "33333333-3333-3333-3333-333333333333", "occurred_at": "2025-10-02T08:56:25.071773",
        "tenant_id": "66666666-6666-6666-6666-666666666666", "region": "France Central", "service": "Microsoft Graph",
        "action": "GET /", "outcome": "success", "is_read_only": True, "principal_id": "user1", "principal_kind": "user",
        "session_id": "11111111-1111-1111-1111-111111111111", "token_id": "nCIzipjKBXc87y9rpX8dAA",
        "app_id": "22222222-2222-2222-2222-222222222222", "source_ip": "1.2.3.4", "user_agent": "python-requests/2.32.5",
        "target_id": "/", "bytes_out": 4088,
    }),
]  # fmt: skip


@pytest.mark.parametrize(("file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, "graph_activity")
    assert_columns(found, {"source": "graph_activity", "provider": "azure", **expected})


def one(record: dict[str, Any]) -> dict[str, Any]:
    return stage([record], "graph_activity", reshape)[0]


def call(**properties: object) -> dict[str, Any]:
    return {"time": WHEN, "category": "MicrosoftGraphActivityLogs", "properties": properties}


def test_a_row_of_log_analytics() -> None:
    row = {
        "TimeGenerated": WHEN, "TenantId": WORKSPACE, "AadTenantId": TENANT.upper(), "RequestId": "q-1", "RequestMethod": "POST", "ApiVersion": "v1.0",
        "RequestUri": f"https://graph.microsoft.com/v1.0/applications/{APP}/addPassword", "ResponseStatusCode": 200, "ResponseSizeBytes": 512,
        "SignInActivityId": "dXRp==", "SessionId": "sess-1", "ServicePrincipalId": SP, "UserId": "", "AppId": APP, "IPAddress": "192.0.2.7",
        "UserAgent": "curl", "Location": "West Europe", "TokenIssuedAt": "2026-03-02T08:00:00Z", "DeviceId": "d-1",
    }  # fmt: skip
    found = one(row)
    expected = {
        "event_id": "q-1", "occurred_at": datetime(2026, 3, 2, 9, 14, 5, 123456), "received_at": None, "tenant_id": TENANT, "region": "West Europe",
        "action": "POST /applications/{id}/addPassword", "target_id": f"/v1.0/applications/{APP}/addPassword", "target_kind": "applications",
        "outcome": "success", "error_code": None, "is_read_only": False, "principal_id": SP, "principal_kind": "service_principal", "app_id": APP,
        "session_id": "sess-1", "session_started_at": None, "token_id": "dXRp", "device_id": "d-1", "source_ip": "192.0.2.7", "user_agent": "curl",
        "bytes_out": 512,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (f"https://graph.microsoft.com/v1.0/users/{USER}/messages?$top=5", "/users/{id}/messages"),
        ("https://graph.microsoft.com/beta/users/ada@example.com/mailFolders/inbox/messages/AAMkAGI2TAAA=", "/users/{id}/mailFolders/inbox/messages/{id}"),
        ("https://graph.microsoft.com/v1.0/users/ada%40example.com", "/users/{id}"),
        (f"https://graph.microsoft.com/v1.0/directoryObjects('{USER}')/microsoft.graph.getMemberGroups", "/directoryObjects({id})/microsoft.graph.getMemberGroups"),
        ("https://graph.microsoft.com/v1.0/me/drive/root:/Secret plans/a.docx:/content", "/me/drive/root:/{id}:/content"),
        ("https://graph.microsoft.com/v1.0/sites/example.sharepoint.com,1,2/drives/b!x/items/01BYE5RZ6QN3ZWBTUFOF", "/sites/{id}/drives/{id}/items/{id}"),
        ("https://graph.microsoft.com/v1.0/oauth2PermissionGrants", "/oauth2PermissionGrants"),
        ("https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies", "/identity/conditionalAccess/policies"),
        ("https://graph.microsoft.com/v1.0/users/%24count", "/users/$count"),
        ("https://graph.microsoft.com/v1.0/$batch", "/$batch"),
        ("https://graph.microsoft.com/v1.0/users/delta()", "/users/delta()"),
        ("/v1.0/groups/42", "/groups/{id}"),
        ("https://graph.microsoft.com/v1.0", "/"),
        ("https://graph.microsoft.com", "/"),
    ],
)  # fmt: skip
def test_one_operation_has_one_name(uri: str, path: str) -> None:
    assert one(call(requestMethod="get", requestUri=uri))["action"] == f"GET {path}"


@pytest.mark.parametrize("key", ["C_Sid", "c_Sid", "c_sid", "sessionId"])
def test_the_session_is_found_in_any_spelling(key: str) -> None:
    assert one(call(**{key: "sess-1"}))["session_id"] == "sess-1"


def test_ticks_are_a_time_where_there_is_no_other() -> None:
    record = {
        "category": "MicrosoftGraphActivityLogs",
        "properties": {"__UDI_RequiredFields_EventTime": 638754711120000000},
    }
    assert one(record)["occurred_at"] == datetime(2025, 2, 18, 10, 25, 12)
