"""Azure Storage in all its shapes: what each gives in the columns of `events`."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000003"
USER = "cccccccc-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
WHEN = "2026-03-02T09:14:05.1234567Z"

STORE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/store1"

REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("dynatrace/log_extracted.json", 0, {
        "event_id": "4dff5193-801e-001e-22f4-2c3e77000000/0/SetBlobMetadata", "occurred_at": "2023-12-12T12:13:59.551912",
        "tenant_id": "69349acf-2a6c-409d-a925-96ba0c5f099f", "region": "eastus", "service": "microsoft.storage",
        "action": "SetBlobMetadata", "outcome": "success", "is_read_only": False,
        "credential_id": "key1(67F8F5A218837386F94E75FC7AAC530CD99957355C86E173D139401AC15D6011)", "credential_kind": "account_key",
        "source_ip": "10.50.0.204:38208",
        "user_agent": "azsdk-net-Storage.Blobs/12.16.0 (.NET 6.0.25; Linux 5.15.131.1-2.cm2 #1 SMP Sun Sep 24 03:38:45 UTC 2023)",
        "target_id": "functiondynatracesa4ni6/azure-webjobs-eventhub/nippon.servicebus.windows.net/http/$default/checkpoint/0",
        "target_name": "functiondynatracesa4ni6", "target_kind": "object",
    }),
    ("dynatrace/log1_extracted.json", 0, {
        "event_id": "4dfed43b-801e-001e-47f4-2c3e77000000/0/SetBlobMetadata", "occurred_at": "2023-12-12T12:12:19.135760",
        "tenant_id": "69349acf-2a6c-409d-a925-96ba0c5f099f", "region": "eastus", "service": "microsoft.storage",
        "action": "SetBlobMetadata", "outcome": "success", "is_read_only": False,
        "credential_id": "key1(67F8F5A218837386F94E75FC7AAC530CD99957355C86E173D139401AC15D6011)", "credential_kind": "account_key",
        "source_ip": "10.50.0.204:38208",
        "user_agent": "azsdk-net-Storage.Blobs/12.16.0 (.NET 6.0.25; Linux 5.15.131.1-2.cm2 #1 SMP Sun Sep 24 03:38:45 UTC 2023)",
        "target_id": "functiondynatracesa4ni6/azure-webjobs-eventhub/nippon.servicebus.windows.net/http/$default/checkpoint/0",
        "target_name": "functiondynatracesa4ni6", "target_kind": "object",
    }),
    ("sekoia/azure-files.jsonl", 0, {
        "event_id": "e3ae0a7a-5817-4fd4-91f2-f8eb1df0aaaf/0/DeleteFile", "occurred_at": "2023-12-01T17:55:31.469915",
        "tenant_id": "af8a6d76-d0d2-4f4d-9591-f917957d9675", "region": "westeurope", "service": "microsoft.storage",
        "action": "DeleteFile", "outcome": "success", "is_read_only": False,
        "credential_id": "key1(1111111111111111111111111111111111111111111111111111111111111111),SasSignature(2222222222222222222222222222222222222222222222222222222222222222)",
        "credential_kind": "sas", "source_ip": "1.2.3.4:39221",
        "user_agent": "Mozilla/5.0(X11;Linuxx86_64)AppleWebKit/537.36(KHTML,likeGecko)Chrome/119.0.0.0Safari/537.36",
        "target_id": "example/mystorage/docs/myimage.jpg", "target_name": "example", "target_kind": "object",
    }),
    ("sekoia/azure-files.jsonl", 1, {
        "event_id": "e3ae0a7a-5817-4fd4-91f2-f8eb1df0aaaf/0/GetShareProperties", "occurred_at": "2023-12-01T17:55:39.949266",
        "tenant_id": "af8a6d76-d0d2-4f4d-9591-f917957d9675", "region": "westeurope", "service": "microsoft.storage",
        "action": "GetShareProperties", "outcome": "success", "is_read_only": True,
        "credential_id": "key1(1111111111111111111111111111111111111111111111111111111111111111)", "credential_kind": "account_key",
        "source_ip": "10.0.0.10:49539", "user_agent": "Azure-Storage/9.3.2(.NETCLR4.0.30319.42000;Win32NT6.2.9200.0)",
        "target_id": "example/mystorage", "target_name": "example", "target_kind": "storage_account",
    }),
    ("sekoia/azure-files.jsonl", 2, {
        "event_id": "e3ae0a7a-5817-4fd4-91f2-f8eb1df0aaaf/0/CreateFile", "occurred_at": "2023-12-01T17:54:47.271927",
        "tenant_id": "af8a6d76-d0d2-4f4d-9591-f917957d9675", "region": "westeurope", "service": "microsoft.storage",
        "action": "CreateFile", "outcome": "success", "is_read_only": False,
        "credential_id": "key1(1111111111111111111111111111111111111111111111111111111111111111),SasSignature(2222222222222222222222222222222222222222222222222222222222222222)",
        "credential_kind": "sas", "source_ip": "1.2.3.4:39221",
        "user_agent": "Mozilla/5.0(X11;Linuxx86_64)AppleWebKit/537.36(KHTML,likeGecko)Chrome/119.0.0.0Safari/537.36",
        "target_id": "example/mystorage/docs/myimage.jpg", "target_name": "example", "target_kind": "object",
    }),
    ("panther/azure_activity_rules.jsonl", 157, {
        "event_id": "sha256:", "occurred_at": "2024-12-19T16:37:50.733000", "tenant_id": "12345678-1234-1234-1234-123456789abc",
        "region": "eastus", "service": "microsoft.storage", "action": "deleteblob", "outcome": "success", "is_read_only": False,
        "source_ip": "5.5.5.5:3832", "user_agent": "AZURECLI/2.79.0 (RPM) azsdk-python-storage-blob/12.16.0 Python/3.12.9",
        "target_id": "mystorageaccount/corporate-files/documents/board_meeting_notes.docx", "target_name": "mystorageaccount",
        "target_kind": "object",
    }),
    ("panther/azure_activity_rules.jsonl", 162, {
        "event_id": "sha256:", "occurred_at": "2025-01-28T18:02:00", "tenant_id": "12345678-1234-1234-1234-123456789abc",
        "region": "eastus", "service": "microsoft.storage", "action": "GetBlob", "outcome": "failure",
        "error_code": "AuthorizationFailure", "is_read_only": True, "source_ip": "9.9.9.9:33333",
        "target_id": "mystorageaccount/secrets/config.json", "target_name": "mystorageaccount", "target_kind": "object",
    }),
    ("panther/azure_activity_rules.jsonl", 163, {
        "event_id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890/0/GetBlobMetadata", "occurred_at": "2024-12-19T19:15:07.295000",
        "tenant_id": "12345678-1234-1234-1234-123456789abc", "region": "westus2", "service": "microsoft.storage",
        "action": "GetBlobMetadata", "outcome": "failure", "error_code": "BlobUsesCustomerSpecifiedEncryption", "is_read_only": True,
        "credential_id": "key1(EXAMPLE_HASH)", "credential_kind": "sas", "source_ip": "1.1.1.1:57485",
        "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/7.7.7.7 Safari/537.36",
        "target_id": "mystorageaccount/corporate-files/documents/internal_doc_8.txt.ENCRYPTED", "target_name": "mystorageaccount",
        "target_kind": "object",
    }),
    ("panther/azure_activity_rules.jsonl", 187, {
        "event_id": "sha256:", "occurred_at": "2025-01-28T15:30:00", "service": "microsoft.storage", "action": "GetBlob",
        "outcome": "success", "is_read_only": True, "source_ip": "8.8.8.8:45123", "user_agent": "python-requests/2.31.0",
        "target_id": "criticaldata001/backups/data.zip", "target_name": "criticaldata001", "target_kind": "object",
    }),
    ("panther/azure_activity_rules.jsonl", 190, {
        "event_id": "sha256:", "occurred_at": "2025-01-28T17:00:00", "service": "microsoft.storage", "action": "GetBlob",
        "outcome": "success", "is_read_only": True, "credential_kind": "account_key", "source_ip": "9.9.9.9:55555",
        "user_agent": "Microsoft.Azure.Storage/9.0", "target_id": "publicdata/downloads/file.pdf", "target_name": "publicdata",
        "target_kind": "object",
    }),
    ("panther/azure_activity_rules.jsonl", 191, {
        "event_id": "sha256:", "occurred_at": "2025-01-28T17:30:00", "service": "microsoft.storage", "action": "GetBlob",
        "outcome": "failure", "error_code": "AuthenticationFailed", "is_read_only": True, "source_ip": "4.4.4.4:33333",
        "target_id": "securedata/secrets/key.txt", "target_name": "securedata", "target_kind": "object",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, "azure_storage")
    assert_columns(found, {"source": "azure_storage", "provider": "azure", **expected})


def one(record: dict[str, Any]) -> dict[str, Any]:
    return stage([record], "azure_storage", reshape)[0]


@pytest.mark.parametrize(
    ("table", "service", "operation", "uri", "target", "kind"),
    [
        (
            "StorageBlobLogs",
            "blob",
            "GetBlob",
            "https://store1.blob.core.windows.net/c/b.txt?sig=x",
            "store1/c/b.txt",
            "object",
        ),
        (
            "StorageFileLogs",
            "file",
            "GetFile",
            "https://store1.file.core.windows.net/share/f.txt",
            "store1/share/f.txt",
            "object",
        ),
        (
            "StorageQueueLogs",
            "queue",
            "PeekMessages",
            "https://store1.queue.core.windows.net/q/messages",
            "store1/q/messages",
            "object",
        ),
        (
            "StorageTableLogs",
            "table",
            "QueryEntities",
            "https://store1.table.core.windows.net/t()",
            "store1/t()",
            "storage_account",
        ),
    ],
)
def test_a_row_of_log_analytics(
    table: str, service: str, operation: str, uri: str, target: str, kind: str
) -> None:
    row = {
        "TimeGenerated": WHEN, "Category": "StorageRead", "OperationName": operation, "_ResourceId": f"{STORE}/{service}Services/default", "StatusCode": "200",
        "StatusText": "Success", "CallerIpAddress": "192.0.2.7:45123", "CorrelationId": "c-1", "AuthenticationType": "OAuth", "AuthenticationHash": "ABC",
        "RequesterObjectId": USER.upper(), "RequesterUpn": "ada@example.com", "RequesterTenantId": TENANT, "RequesterAppId": APP, "Uri": uri,
        "AccountName": "store1", "ServiceType": service, "ResponseBodySize": 1234, "OperationCount": 0, "UserAgentHeader": "AzCopy", "Location": "westeurope",
    }  # fmt: skip
    assert (reshape(row) or {})["Type"] == table
    found = one(row)
    expected = {
        "event_id": f"c-1/0/{operation}", "tenant_id": SUBSCRIPTION, "region": "westeurope", "action": operation, "outcome": "success", "is_read_only": True,
        "principal_id": USER, "principal_name": "ada@example.com", "principal_kind": "user", "principal_tenant_id": TENANT, "app_id": APP, "credential_id": "ABC",
        "credential_kind": "oauth_token", "target_id": target, "target_name": "store1", "target_kind": kind, "bytes_out": 1234, "user_agent": "AzCopy",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "outcome", "error_code"),
    [
        ({"statusCode": 206, "statusText": "Success"}, "success", None),
        ({"statusCode": "403", "statusText": "AuthenticationFailed"}, "failure", "AuthenticationFailed"),
        ({"statusCode": 404}, "failure", "404"),
        ({"properties": {"metricResponseType": "SASSuccess"}}, "success", None),
        ({"properties": {"metricResponseType": "AuthorizationFailure"}}, "failure", "AuthorizationFailure"),
        ({"statusText": "Success"}, "success", None),
        ({}, "unknown", None),
    ],
)
def test_the_outcome_is_the_status_or_its_words(
    fields: dict[str, Any], outcome: str, error_code: str | None
) -> None:
    found = one({"time": WHEN, "category": "StorageRead", "operationName": "GetBlob", **fields})
    assert (found["outcome"], found["error_code"]) == (outcome, error_code)
