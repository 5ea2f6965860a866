"""Entra audit logs in all their shapes: what each gives in the columns of `events`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
USER = "cccccccc-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
KEY = "cccccccc-0000-4000-8000-000000000006"
WHEN = "2026-03-02T09:14:05.1234567Z"

REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("elastic/test-audit-logs-edgecases.log", 0, {
        "event_id": "Directory_87979703-118b-498f-99c2-ccd1a56f1a5a_ULAYA_144938566", "occurred_at": "2022-01-22T18:15:02.387542",
        "received_at": "2022-01-22T18:15:02.387542", "tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090", "service": "Core Directory",
        "action": "Update service principal", "outcome": "success", "is_read_only": False,
        "principal_id": "b9814691-9ca1-4e55-a1ac-8ef5dd010ec0", "principal_name": "Managed Service Identity",
        "principal_kind": "service_principal", "source_ip": "2a02:cf40:add:4002:91f2:a9b2:e09a:6fc6",
        "user_agent": "Microsoft Azure Graph Client Library 2.1.17-internal", "target_id": "a7d5dcbe-0627-4ddf-a2f4-86b6785bcc42",
        "target_name": "billing-test-wus", "target_kind": "serviceprincipal",
    }),
    ("elastic/test-audit-logs-sample.log", 0, {
        "event_id": "Directory_53161141-e3f4-4944-85b6-7b953f17265e_6X649_134684731", "occurred_at": "2022-01-22T18:15:02.516809",
        "received_at": "2022-01-22T18:15:02.516809", "tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090", "service": "Core Directory",
        "action": "Add service principal credentials", "outcome": "success", "is_read_only": False,
        "principal_id": "b9814691-9ca1-4e55-a1ac-8ef5dd010ec0", "principal_name": "Managed Service Identity",
        "principal_kind": "service_principal", "source_ip": "1.128.3.4",
        "user_agent": "Microsoft Azure Graph Client Library 2.1.17-internal", "target_id": "a7d5dcbe-0627-4ddf-a2f4-86b6785bcc42",
        "target_name": "billing-test-wus", "target_kind": "serviceprincipal",
        "issued_credential_id": "d747da7e-e11b-4af2-aede-0487c44067af",
    }),
    ("elastic/test-auditlogs-raw.log", 0, {
        "event_id": "Directory_ESQ", "occurred_at": "2019-10-18T15:30:51.027371", "received_at": "2019-10-18T15:30:51.027371",
        "tenant_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "service": "Core Directory", "action": "Update device",
        "outcome": "success", "is_read_only": False, "principal_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "principal_name": "Device Registration Service", "principal_kind": "service_principal", "app_id": "id",
        "target_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "target_name": "LAPTOP-12", "target_kind": "device",
    }),
    ("sekoia/azure-ad.jsonl", 0, {
        "event_id": "Directory_5P1YA_52883815", "occurred_at": "2019-06-24T09:21:27.369418",
        "received_at": "2019-06-24T09:21:27.369418", "tenant_id": "22222222-2222-2222-2222-222222222222", "service": "Core Directory",
        "action": "Add unverified domain", "outcome": "success", "is_read_only": False, "principal_id": "user1",
        "principal_name": "user1", "principal_kind": "user", "target_name": "examplecorp.onmicrosoft.com",
    }),
    ("sekoia/azure-ad.jsonl", 1, {
        "event_id": "Directory_FI4U8_64698073", "occurred_at": "2020-01-02T13:36:37.951568",
        "received_at": "2020-01-02T13:36:37.951568", "tenant_id": "22222222-2222-2222-2222-222222222222", "service": "Core Directory",
        "action": "Add member to group", "outcome": "success", "is_read_only": False, "principal_id": "user1",
        "principal_name": "user1", "principal_kind": "service_principal", "user_agent": "SkypeSpaces/1.0a$*+", "target_id": "user1",
        "target_name": "user1", "target_kind": "user",
    }),
    ("sekoia/azure-ad.jsonl", 3, {
        "event_id": "Directory_GMR7H_185505965", "occurred_at": "2019-06-24T09:18:23.586020",
        "received_at": "2019-06-24T09:18:23.586020", "tenant_id": "33333333-3333-3333-3333-333333333333", "service": "Core Directory",
        "action": "Add service principal", "outcome": "failure", "error_code": "Microsoft.Online.Workflows.SpnValidationException",
        "is_read_only": False, "target_id": "44444444-4444-4444-4444-444444444444", "target_name": "Azure AD Identity Protection",
        "target_kind": "serviceprincipal",
    }),
    ("sekoia/azure-ad.jsonl", 5, {
        "event_id": "Directory_88888888-8888-8888-8888-888888888888_SAMPLE_123456", "occurred_at": "2025-10-27T10:15:15.844264",
        "received_at": "2025-10-27T10:15:15.844264", "tenant_id": "55555555-5555-5555-5555-555555555555", "service": "Core Directory",
        "action": "Add app role assignment to service principal", "outcome": "success", "is_read_only": False,
        "principal_id": "66666666-6666-6666-6666-666666666666", "principal_name": "JDOE-AAD@example.onmicrosoft.com",
        "principal_kind": "user", "source_ip": "5.6.7.8",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1.2.3.4 Safari/537.36 Edg/1.2.3.4",
        "target_id": "88888888-8888-8888-8888-888888888888", "target_name": "Office 365 Exchange Online",
        "target_kind": "serviceprincipal",
    }),
    ("sekoia/microsoft-entraid-graphapi.jsonl", 0, {
        "event_id": "id", "occurred_at": "2018-01-09T21:20:02.721537", "service": "Core Directory", "action": "Add member to group",
        "outcome": "success", "is_read_only": False, "principal_id": "user1", "principal_name": "test@test.test",
        "principal_kind": "user", "source_ip": "127.0.0.1", "target_id": "00000000-0000-0000-0000-000000000000",
        "target_name": "bob@contoso.com", "target_kind": "user",
    }),
    ("sekoia/microsoft-entraid-graphapi.jsonl", 2, {
        "event_id": "Device Registration Service_00000000-0000-0000-0000-000000000000_XJROS_218764547",
        "occurred_at": "2025-11-12T13:51:01.550249", "service": "Device Registration Service",
        "action": "Recover device local administrator password", "outcome": "success", "is_read_only": False, "principal_id": "user1",
        "principal_name": "ANONYMIZED_VALUE", "principal_kind": "user", "source_ip": "192.0.2.1",
        "target_id": "00000000-0000-0000-0000-000000000000", "target_name": "example.com", "target_kind": "device",
    }),
    ("sekoia/microsoft-entraid-graphapi.jsonl", 77, {
        "event_id": "Directory_000000-000000000-000000-0000000", "occurred_at": "2025-11-25T10:52:22.177578",
        "service": "Core Directory", "action": "Create application - Certificates and secrets management", "outcome": "success",
        "is_read_only": False, "principal_id": "user1", "principal_name": "ANONYMIZED_VALUE", "principal_kind": "user",
        "source_ip": "192.0.2.1", "user_agent": "O365AdminPortal", "target_id": "test-service-id", "target_name": "ChatGPT for Excel",
        "target_kind": "application",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 0, {
        "event_id": "id", "occurred_at": "2018-01-09T21:20:02.721537", "service": "Core Directory", "action": "Add member to group",
        "outcome": "success", "is_read_only": False, "principal_id": "72xx09ae-1x37-49x7-9xfe-e3xx964db09b",
        "principal_name": "jdoe@wingtiptoysonline.com", "principal_kind": "user", "source_ip": "127.0.0.1",
        "target_id": "1x0exxf5-3xx1-4xxb-9xx0-d4xx572xxbb7", "target_name": "jdoe@contoso.com", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 1, {
        "event_id": "id", "occurred_at": "2018-01-09T21:20:02.721537", "service": "Core Directory", "action": "Add member to group",
        "outcome": "success", "is_read_only": False, "principal_id": "7283x9ae-1a37-4937-9aex-e35d964db09b",
        "principal_name": "jdoe@wingtiptoysonline.com", "principal_kind": "user", "source_ip": "127.0.0.1",
        "target_id": "1f0ex8f5-3x61-4x6b-9x50-d4xx572f2bb7", "target_name": "jdoe@contoso.com", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 16, {
        "event_id": "id", "occurred_at": "2018-01-09T21:20:02.721537", "service": "Core Directory", "action": "Add member to group",
        "outcome": "success", "is_read_only": False, "principal_id": "728309ae-1a37-4937-9afe-e35d964db09b",
        "principal_name": "bob@wingtiptoysonline.com", "principal_kind": "user", "source_ip": "127.0.0.1",
        "target_id": "1f0e98f5-3161-4c6b-9b50-d488572f2bb7", "target_name": "example@contoso.com", "target_kind": "user",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, "entra_audit")
    assert_columns(found, {"source": "entra_audit", "provider": "azure", **expected})


def export(properties: dict[str, Any]) -> dict[str, Any]:
    return {"time": WHEN, "category": "AuditLogs", "operationName": "Update user", "properties": properties}


def one(record: dict[str, Any]) -> dict[str, Any]:
    return stage([record], "entra_audit", reshape)[0]


def test_the_user_agent_of_a_log_analytics_row_is_in_its_details() -> None:
    details = [{"key": "AppId", "value": APP}, {"key": "User-Agent", "value": "curl/8"}]
    row = {
        "TimeGenerated": WHEN,
        "Type": "AuditLogs",
        "LoggedByService": "Core Directory",
        "AdditionalDetails": json.dumps(details),
    }
    assert one(row)["user_agent"] == "curl/8"
    assert one(row | {"AdditionalDetails": details})["user_agent"] == "curl/8"
    assert one(export({"userAgent": "own", "additionalDetails": details}))["user_agent"] == "own"


def test_a_download_of_the_admin_center() -> None:
    row = {
        "Date (UTC)": "2026-03-02T09:14:05.1234567+00:00", "CorrelationId": "c-1", "Service": "Core Directory", "Category": "ApplicationManagement",
        "Activity": "Update application – Certificates and secrets management ", "Result": "Failure", "ResultReason": "denied", "User Agent": "curl",
        "ActorType": "Application", "ActorDisplayName": "robot", "ActorServicePrincipalId": SP.upper(), "ActorHomeTenantId": TENANT,
        "Target1Type": "Application", "Target1ObjectId": APP, "Target1DisplayName": "app", "Target1ModifiedProperty1Name": "KeyDescription",
        "Target1ModifiedProperty1OldValue": "[]", "Target1ModifiedProperty1NewValue": f'["[KeyIdentifier={KEY},KeyType=Password]"]',
    }  # fmt: skip
    found = one(row)
    expected = {
        "occurred_at": datetime(2026, 3, 2, 9, 14, 5, 123456), "received_at": None, "service": "Core Directory", "outcome": "failure", "error_code": "denied",
        "action": "Update application - Certificates and secrets management", "user_agent": "curl", "principal_id": SP, "principal_name": "robot",
        "principal_kind": "service_principal", "target_id": APP, "target_name": "app", "target_kind": "application", "issued_credential_id": KEY,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert found["event_id"].startswith("sha256:")


@pytest.mark.parametrize(
    "changes",
    [
        [{"displayName": "KeyDescription", "oldValue": None, "newValue": f'["[KeyIdentifier={KEY}]"]'}],
        json.dumps(
            [{"displayName": "KeyDescription", "oldValue": "[]", "newValue": f'["[KeyIdentifier={KEY}]"]'}]
        ),
        ["Group.DisplayName", {"displayName": "KeyDescription", "newValue": [f"[KeyIdentifier={KEY}]"]}],
    ],
)
def test_a_new_key_is_found_in_any_form_of_the_changes(changes: object) -> None:
    targets = [{"id": SP, "type": "ServicePrincipal", "modifiedProperties": changes}]
    assert one(export({"targetResources": targets}))["issued_credential_id"] == KEY
    assert one(export({"targetResources": json.dumps(targets)}))["issued_credential_id"] == KEY


@pytest.mark.parametrize(
    "changes", [None, [], "", ["KeyDescription"], [None, 3], {"displayName": "KeyDescription"}]
)
def test_changes_without_a_key_issue_none(changes: object) -> None:
    assert (
        one(export({"targetResources": [{"id": SP, "modifiedProperties": changes}]}))["issued_credential_id"]
        is None
    )


@pytest.mark.parametrize(
    ("initiated_by", "expected"),
    [
        ({"user": {"id": USER, "userPrincipalName": None, "ipAddress": None}}, (USER, None, "user")),
        (
            {"user": {"id": "", "userPrincipalName": "ada@example.com"}, "app": None},
            (None, "ada@example.com", "user"),
        ),
        (
            {"app": {"appId": APP, "servicePrincipalId": None, "displayName": "robot"}},
            (APP, "robot", "service_principal"),
        ),
        ({"app": {"appId": None, "displayName": ""}}, (None, None, None)),
        ({}, (None, None, None)),
        ("", (None, None, None)),
        ("nobody", (None, None, None)),
        (None, (None, None, None)),
        (json.dumps({"user": {"id": USER}}), (USER, None, "user")),
    ],
)
def test_an_initiator_is_a_user_an_application_or_nobody(
    initiated_by: object, expected: tuple[str | None, ...]
) -> None:
    found = one(export({"initiatedBy": initiated_by}))
    assert (found["principal_id"], found["principal_name"], found["principal_kind"]) == expected
