"""The unified audit log as events: real records of every shape field by field, then one quirk at a time."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.addresses import canonical_address
from pipeline.schema import COLUMNS
from pipeline.shapes.unified_audit import reshape
from tests.sql.stage import stage

SOURCE = "m365_audit"
TENANT, ADA, BOB, APP, KEY, OLD_KEY = (f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n in range(6))
COMMON = {
    "CreationTime": "2026-03-02T09:14:05",
    "Id": "bbbbbbbb-0000-4000-8000-000000000001",
    "OrganizationId": TENANT.upper(),
    "UserId": "Ada@Example.com",
    "UserType": 0,
}
SIGN_IN = COMMON | {
    "RecordType": 15,
    "Operation": "UserLoggedIn",
    "Workload": "AzureActiveDirectory",
    "ResultStatus": "Success",
    "UserKey": ADA,
    "ApplicationId": APP,
    "ErrorNumber": "0",
    "ExtendedProperties": [
        {"Name": "UserAgent", "Value": "Mozilla/5.0"},
        {"Name": "UserAuthenticationMethod", "Value": "1"},
        {"Name": "RequestType", "Value": "OAuth2:Authorize"},
    ],
    "Actor": [{"ID": ADA, "Type": 0}, {"ID": "Ada@Example.com", "Type": 5}],
    "Target": [{"ID": "00000003-0000-0000-C000-000000000000", "Type": 0}],
}
DIRECTORY = COMMON | {
    "RecordType": 8,
    "Operation": "Reset user password.",
    "Workload": "AzureActiveDirectory",
    "ResultStatus": "Success",
    "ObjectId": "bob@example.com",
    "Actor": [
        {"ID": "Ada@Example.com", "Type": 5},
        {"ID": "1003200000000001", "Type": 3},
        {"ID": "Azure Portal", "Type": 1},
        {"ID": APP, "Type": 2},
        {"ID": f"User_{ADA.upper()}", "Type": 2},
        {"ID": ADA.upper(), "Type": 2},
        {"ID": "User", "Type": 2},
    ],
    "Target": [
        {"ID": f"User_{BOB}", "Type": 2},
        {"ID": BOB, "Type": 2},
        {"ID": "User", "Type": 2},
        {"ID": "bob@example.com", "Type": 5},
        {"ID": "1003200000000002", "Type": 3},
    ],
}
FILE = COMMON | {
    "RecordType": 6,
    "Operation": "FileDownloaded",
    "Workload": "SharePoint",
    "ObjectId": "https://example.sharepoint.com/sites/hr/Pay.xlsx",
    "ItemType": "File",
    "SourceFileName": "Pay.xlsx",
    "FileSizeBytes": 4096,
    "ClientIP": "192.0.2.7",
    "UserAgent": "Mozilla/5.0",
    "AppAccessContext": {"AADSessionId": "sess-1", "UniqueTokenId": "uti-1", "ClientAppId": APP.upper()},
}
MAIL = COMMON | {
    "RecordType": 50,
    "Operation": "MailItemsAccessed",
    "Workload": "Exchange",
    "ResultStatus": "Succeeded",
    "UserKey": "1003200000000001",
    "MailboxGuid": "CCCCCCCC-0000-4000-8000-000000000001",
    "MailboxOwnerUPN": "bob@example.com",
    "ClientIPAddress": "192.0.2.7",
    "SessionId": "sess-2",
    "ClientInfoString": "Client=OWA;Action=ViaProxy",
    "Folders": [
        {"Path": "\\Inbox", "FolderItems": [{"SizeInBytes": 100}, {"SizeInBytes": 20}]},
        {"Path": "\\Sent", "FolderItems": [{"SizeInBytes": 3}, {"Id": "no size"}]},
        {"Path": "\\Empty"},
    ],
}


def told(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says, without what is the same in all rows of this source and without the record itself."""
    same = {"source", "provider", "raw", "source_file", "source_row"}
    return {column: value for column, value in row.items() if column not in same and value is not None}


def staged(record: dict[str, Any]) -> dict[str, Any]:
    return stage([record], SOURCE, reshape)[0]


def check(columns: Sequence[str], cases: Sequence[tuple[dict[str, Any], Sequence[Any]]]) -> None:
    """All records in one batch, each with what it says in these columns."""
    rows = stage([record for record, _ in cases], SOURCE, reshape)
    found = [[row[column] for column in columns] for row in rows]
    assert found == [list(expected) for _, expected in cases]


def documents(path: Path) -> list[dict[str, Any]]:
    """The records of a real file, out of the wrappers that any shipper may put around a record."""
    text = path.read_text("utf-8-sig")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text)))
    return [record.get("log", record) for record in _objects(text)]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    while (at := at + len(text[at:]) - len(text[at:].lstrip())) < len(text):
        found, at = decoder.raw_decode(text, at)
        yield from found if isinstance(found, list) else found.get("events", [found])


CONTOSO = "8d4121ed-0008-406d-bff9-0d5bb312183c"
STINGER = {
    "principal_id": "7dccacb0-c3ff-4b02-964b-dd04c5a8f9fe",
    "principal_name": "stinger@contoso.onmicrosoft.com",
    "principal_kind": "user",
}
TESTSIEM = "b86ab9d4-fcf1-4b11-8a06-7a8f91b47fbd"
FIREFOX = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.14; rv:72.0) Gecko/20100101 Firefox/72.0"
DATACENTER = {
    "principal_id": "nt authority\\system (microsoft.exchange.servicehost)",
    "principal_name": "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.Servicehost)",
    "principal_kind": "service",
}
INBOX_RULE = {
    "tenant_id": CONTOSO, "service": "Exchange", "action": "New-InboxRule", "outcome": "success", "is_read_only": False,
    "principal_kind": "user", "app_id": "00000002-0000-0ff1-ce00-000000000000", "source_ip": "104.28.196.199:28491", "target_kind": "inboxrule",
}  # fmt: skip
HOSTED = "PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/contoso.onmicrosoft.com"

# folder and file under m365, number of the record in it, and all that the row says
# fmt: off
REAL: list[tuple[str, int, dict[str, Any]]] = [
    # the Management Activity API
    ("det-eng-samples/t1098.003_add_role_global_admin.json", 0, STINGER | {
        "event_id": "4ae7e0d5-e96b-4f29-9557-7264d43722a8", "occurred_at": datetime(2023, 11, 21, 23, 44, 5),
        "tenant_id": "8e5121ed-0008-406d-bff9-0d5bb312183c", "service": "AzureActiveDirectory", "action": "Add member to role",
        "outcome": "success", "is_read_only": False, "principal_tenant_id": "8e5121ed-0008-406d-bff9-0d5bb312183c",
        "target_id": "0b1a6a83-9f7b-48a6-9bb3-a95ca454451f", "target_name": "deltatango@contoso.onmicrosoft.com", "target_kind": "user",
        "target_tenant_id": "8e5121ed-0008-406d-bff9-0d5bb312183c"}),
    ("det-eng-samples/t1110.003_msolspray-powershell.json", 0, {
        "event_id": "f8a2e606-c46c-40b7-9663-a12b467d0300", "occurred_at": datetime(2023, 7, 12, 12, 38, 43),
        "tenant_id": CONTOSO, "service": "AzureActiveDirectory", "action": "UserLoginFailed", "outcome": "failure", "error_code": "50126",
        "is_read_only": False, "principal_id": "cccea98b-92f6-4e15-8e52-452bad586d7c", "principal_name": "Miriam@contoso.onmicrosoft.com",
        "principal_kind": "user", "principal_tenant_id": CONTOSO, "app_id": "1b730954-1685-4b74-9bfd-dac224a7b894",
        "source_ip": "2a09:bac1:820:8::1a:9c",
        "user_agent": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.3031",
        "target_id": "00000002-0000-0000-c000-000000000000", "target_kind": "application", "target_tenant_id": CONTOSO}),
    ("det-eng-samples/t1550.001_default_rclone_app_registration.json", 0, STINGER | {
        "event_id": "f4ca135c-2262-4b9e-9eea-7fb930007a4b", "occurred_at": datetime(2023, 6, 27, 10, 40, 37),
        "tenant_id": CONTOSO, "service": "AzureActiveDirectory", "action": "Add application", "outcome": "success", "is_read_only": False,
        "principal_tenant_id": CONTOSO, "app_id": "18ed3507-a475-4ccb-b669-d66bc9f2a36e",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36",
        "target_id": "cee72eb3-e2d1-47e4-aee9-2035ef580de1", "target_name": "clony", "target_kind": "application", "target_tenant_id": CONTOSO}),
    ("det-eng-samples/t1098.002_Mail Account Delegation full access permissions.json", 0, {
        "event_id": "97fc1f52-4cd1-498b-f05e-08db8b78efd7", "occurred_at": datetime(2023, 7, 23, 12, 32, 53),
        "tenant_id": CONTOSO, "service": "Exchange", "action": "Add-MailboxPermission", "outcome": "success", "is_read_only": False,
        "principal_id": "stinger@contoso.onmicrosoft.com", "principal_name": "stinger@contoso.onmicrosoft.com", "principal_kind": "user",
        "session_id": "9c3eaae9-a913-4161-b3f5-e25c7da47797", "app_id": "fb78d390-0c51-40cd-8e17-fdbfab77341b",
        "source_ip": "[2a09:bac5:114:105::1a:9b]:54809", "target_id": "e4ad2d28-703e-4189-9752-6b827ef9107d",
        "target_name": "Henrietta@contoso.onmicrosoft.com", "target_kind": "mailboxpermission"}),
    # Search-UnifiedAuditLog | ConvertTo-Json
    ("det-eng-samples/t1114.003_rule_mail_forward_same_dest.json", 0, INBOX_RULE | {
        "event_id": "80ab29e3-9b72-425c-deba-08dce867426a", "occurred_at": datetime(2024, 10, 8, 5, 8, 37),
        "principal_id": "adam@contoso.onmicrosoft.com", "principal_name": "adam@contoso.onmicrosoft.com",
        "session_id": "87bfd35a-633e-41ae-8656-d9029c255b94", "target_id": f"APCPR02A013.{HOSTED}/adam_b5cd7fb7af\\ForwardToHeaven"}),
    ("det-eng-samples/t1114.003_rule_mail_forward_same_dest.json", 1, INBOX_RULE | {
        "event_id": "80ab29e3-9b72-425c-deba-08dce757425a", "occurred_at": datetime(2024, 10, 8, 5, 11, 7),
        "principal_id": "stinger@contoso.onmicrosoft.com", "principal_name": "stinger@contoso.onmicrosoft.com",
        "session_id": "9c3eaae9-a913-4161-b3f5-e25c7da47797", "target_id": f"APCPR02A013.{HOSTED}/stinger_b5cd7fb7af\\ForwardToHeaven"}),
    ("det-eng-samples/t1564.008_rule_mark_as_read_move.json", 0, INBOX_RULE | {
        "event_id": "67c49fce-3920-4f29-1393-08dce72b48fc", "occurred_at": datetime(2024, 10, 7, 23, 46, 37),
        "principal_id": "stinger@contoso.onmicrosoft.com", "principal_name": "stinger@contoso.onmicrosoft.com",
        "session_id": "9c3eaae9-a913-4161-b3f5-e25c7da47797", "target_id": f"APCPR02A013.{HOSTED}/stinger_b5cd7fb7af\\."}),
    # Search-UnifiedAuditLog | Export-Csv
    ("det-eng-samples/t1098.001_Add a user to company administrator role.csv", 0, STINGER | {
        "event_id": "c27d7322-9cdc-41b7-9b56-26995b89e68f", "occurred_at": datetime(2023, 6, 1, 13, 12, 18),
        "tenant_id": CONTOSO, "service": "AzureActiveDirectory", "action": "Add member to role", "outcome": "success", "is_read_only": False,
        "principal_tenant_id": CONTOSO, "target_id": "a88ae17c-f562-4c1f-a377-8910b6847d76", "target_name": "Alex@contoso.onmicrosoft.com",
        "target_kind": "user", "target_tenant_id": CONTOSO}),
    # signed in, and asked whether to stay signed in: ErrorNumber 50140
    ("det-eng-samples/t1592.004_mfa_sweep.csv", 0, {
        "event_id": "5b3b1d1a-0b7f-44b7-be72-3966d4dc0500", "occurred_at": datetime(2023, 6, 18, 12, 2, 47),
        "tenant_id": CONTOSO, "service": "AzureActiveDirectory", "action": "UserLoggedIn", "outcome": "success", "is_read_only": False,
        "principal_id": "f23cb258-50ca-4092-9027-5c4ca2f1d999", "principal_name": "Lidia@contoso.onmicrosoft.com", "principal_kind": "user",
        "principal_tenant_id": CONTOSO, "session_id": "31bbdbf0-dc1e-4a35-a2fb-610b34f83f02",
        "app_id": "00000002-0000-0ff1-ce00-000000000000", "source_ip": "104.28.196.199",
        "user_agent": "Mozilla/5.0 (X11; Ubuntu; Linux i686; rv:24.0) Gecko/20100101 Firefox/24.0",
        "target_id": "00000002-0000-0ff1-ce00-000000000000", "target_kind": "application", "target_tenant_id": CONTOSO}),
    ("det-eng-samples/t1564.008_Update existing mailbox rule using Set-InboxRule.csv", 0, {
        "event_id": "b6803747-7641-49ea-0f70-08db64a9e08a", "occurred_at": datetime(2023, 6, 4, 3, 14, 58),
        "tenant_id": CONTOSO, "service": "Exchange", "action": "Set-InboxRule", "outcome": "success", "is_read_only": False,
        "principal_id": "matt@contoso.onmicrosoft.com", "principal_name": "Matt@contoso.onmicrosoft.com", "principal_kind": "user",
        "session_id": "6a47fe53-21af-4c4b-a752-93153af43cd3", "app_id": "00000002-0000-0ff1-ce00-000000000000",
        "source_ip": "[2a09:bac5:110:105::1a:98]:52629", "target_id": "311b45d6-1a3e-46ac-8434-721367961e19\\17639250888751054849",
        "target_name": "Accounts", "target_kind": "inboxrule"}),
    # Filebeat: a key added to an application; a sign-in that LogonError says failed; a sign-out of nobody known
    ("elastic/test-azuread-events.json", 72, {
        "event_id": "20a82fa1-625b-491a-a3e8-54d779a9b17e", "occurred_at": datetime(2020, 2, 11, 16, 42, 45),
        "tenant_id": TESTSIEM, "service": "AzureActiveDirectory", "action": "Update application - Certificates and secrets management",
        "outcome": "success", "is_read_only": False, "principal_id": "755e500a-6c03-46b0-b53b-282f23374e3b",
        "principal_name": "asr@testsiem.onmicrosoft.com", "principal_kind": "user", "principal_tenant_id": TESTSIEM,
        "app_id": "18ed3507-a475-4ccb-b669-d66bc9f2a36e", "source_ip": "67.43.156.15", "user_agent": FIREFOX,
        "target_id": "33cdc459-1335-4d6c-b773-f5eef4df7793", "target_name": "siem2", "target_kind": "application",
        "target_tenant_id": TESTSIEM, "issued_credential_id": "6d944a5f-234c-4879-8de4-39f089d8b96b"}),
    ("elastic/test-azuread-sts-logon-events.json", 29, {
        "event_id": "b0c1c4a7-c6db-4f14-b628-54e37a7a6785", "occurred_at": datetime(2020, 2, 7, 16, 42, 59),
        "tenant_id": TESTSIEM, "service": "AzureActiveDirectory", "action": "UserLoggedIn", "outcome": "failure",
        "error_code": "FlowTokenExpired", "is_read_only": False, "principal_id": "755e500a-6c03-46b0-b53b-282f23374e3b",
        "principal_name": "asr@testsiem.onmicrosoft.com", "principal_kind": "user", "principal_tenant_id": TESTSIEM,
        "app_id": "4345a7b9-9a63-4910-a426-35363201d503", "source_ip": "67.43.156.15", "user_agent": FIREFOX,
        "target_id": "00000002-0000-0000-c000-000000000000", "target_kind": "application", "target_tenant_id": TESTSIEM}),
    ("elastic/test-azuread-sts-logon-events.json", 31, {
        "event_id": "e5e2c41a-55ea-4681-9d64-78ddd7145bd2", "occurred_at": datetime(2020, 2, 12, 21, 38, 19),
        "tenant_id": TESTSIEM, "service": "AzureActiveDirectory", "action": "UserLoggedIn", "outcome": "success", "is_read_only": False,
        "principal_tenant_id": TESTSIEM, "source_ip": "67.43.156.13", "user_agent": FIREFOX, "target_tenant_id": TESTSIEM}),
    # ExtendedProperties is a text; ModifiedProperties are bare names
    ("elastic/test-parameter-string.json", 0, {
        "event_id": "550ed0e2-27da-4cbc-9fb8-46add4018800", "occurred_at": datetime(2021, 2, 5, 9, 6, 7),
        "tenant_id": "48622b8f-44d3-420c-b4a2-510c8165767e", "service": "AzureActiveDirectory", "action": "UserLoggedIn", "outcome": "success",
        "is_read_only": False, "principal_id": "21119711-1517-43d4-8138-b537dafad016", "principal_name": "root@testsiem4.onmicrosoft.com",
        "principal_kind": "user", "principal_tenant_id": "48622b8f-44d3-420c-b4a2-510c8165767e",
        "app_id": "89bee1f7-5e6e-4d8a-9f3d-ecd601259da7", "source_ip": "67.43.156.13",
        "target_tenant_id": "48622b8f-44d3-420c-b4a2-510c8165767e"}),
    ("elastic/test-modified-properites.json", 0, {
        "event_id": "aabbccdd-eeff-0011-2233-445566778899", "occurred_at": datetime(2022, 4, 1, 0, 0, 1),
        "tenant_id": "00112233-4455-6677-8899-aabbccddeeff", "service": "Exchange", "action": "Update", "outcome": "success",
        "is_read_only": False, "principal_id": "user@example.com", "principal_name": "user@example.com", "principal_kind": "user",
        "app_id": "00112233-4455-6677-8899-aabbccddeeff", "source_ip": "2603:10b6:5:1f4:cafe::28",
        "user_agent": "Client=REST;Client=RESTSystem;;", "target_id": "00112233-4455-6677-8899-aabbccddeeff",
        "target_name": "user@example.com", "target_kind": "mailbox"}),
    ("elastic/test-sp-sharing-op-events.json", 0, {
        "event_id": "4d1a6a2b-360c-423d-96e5-08d7b3cacd83", "occurred_at": datetime(2020, 2, 17, 16, 59, 50),
        "tenant_id": TESTSIEM, "service": "SharePoint", "action": "AddedToGroup", "outcome": "success", "is_read_only": False,
        "principal_id": "app@sharepoint", "principal_name": "app@sharepoint", "principal_kind": "service",
        "target_id": "https://testsiem.sharepoint.com/sites/SIEMTest", "target_kind": "web"}),
    # rule tests, the event under `log`: a failure whose status is Success, a service principal, keys in small letters
    ("panther/microsoft_rules.jsonl", 0, {
        "event_id": "abc-def-123", "occurred_at": datetime(2022, 12, 12, 15, 57, 57), "tenant_id": "11-aa-22-bb",
        "service": "AzureActiveDirectory", "action": "UserLoginFailed", "outcome": "failure", "error_code": "InvalidUserNameOrPassword",
        "is_read_only": False, "principal_id": "012345-abcde-543-xyz", "principal_name": "sample.user@yourorg.onmicrosoft.com",
        "principal_kind": "user", "principal_tenant_id": "123-abc-xyz-567", "app_id": "123-abc-sfa-321", "source_ip": "1.2.3.4",
        "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0.0.0 Safari/537.36",
        "target_id": "11-22-33", "target_kind": "application", "target_tenant_id": "11-22-33-44"}),
    ("panther/microsoft_rules.jsonl", 3, {
        "event_id": "111-aa-234", "occurred_at": datetime(2022, 12, 12, 19, 31, 41), "tenant_id": "11-22-abc", "service": "OneDrive",
        "action": "AddedToSecureLink", "outcome": "success", "is_read_only": False, "principal_id": "my.user@yourorg.onmicrosoft.com",
        "principal_name": "my.user@yourorg.onmicrosoft.com", "principal_kind": "user", "session_id": "aa-bb-cc", "source_ip": "1.2.3.4",
        "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.0.0 Safari/537.36",
        "target_id": "https://yourorg.sharepoint.com/personal/user_yourorg/Documents/External/public.docx", "target_name": "public.docx",
        "target_kind": "file"}),
    ("panther/microsoft_rules.jsonl", 7, {
        "event_id": "123-abc-123", "occurred_at": datetime(2022, 12, 12, 17, 28, 35), "tenant_id": "111-222-333",
        "service": "AzureActiveDirectory", "action": "Update user", "outcome": "success", "is_read_only": False, "principal_id": "123-abc",
        "principal_name": "Azure MFA StrongAuthenticationService", "principal_kind": "service_principal", "principal_tenant_id": "123-abc-456",
        "target_id": "111-222-bbb", "target_name": "sample.user@yourorg.onmicrosoft.com", "target_kind": "user",
        "target_tenant_id": "aaa-bb-222"}),
    ("panther/microsoft_rules.jsonl", 18, {
        "event_id": "111-22-33", "occurred_at": datetime(2025, 7, 7, 9, 11, 11), "tenant_id": "11-aa-bb", "service": "Exchange",
        "action": "New-InboxRule", "outcome": "success", "is_read_only": False, "principal_id": "homer.simpson@simpsons.onmicrosoft",
        "principal_name": "homer.simpson@simpsons.onmicrosoft", "principal_kind": "user", "source_ip": "1.2.3.4:10736",
        "target_id": "ABC001.prod.outlook.com/Microsoft Exchange Hosted Organizations/simpsons.onmicrosoft.com/444-55-66\\Move GitHub emails",
        "target_kind": "inboxrule"}),
    # one record a line
    ("sekoia/o365.jsonl", 2, {
        "event_id": "99999999-9999-9999-9999-999999999999", "occurred_at": datetime(2025, 11, 18, 19, 56, 44), "tenant_id": "redacted",
        "service": "AzureActiveDirectory", "action": "Consent to application", "outcome": "success", "is_read_only": False,
        "principal_id": "55555555-5555-5555-5555-555555555555", "principal_name": "john.doe@example.com", "principal_kind": "user",
        "principal_tenant_id": "redacted", "app_id": "44444444-4444-4444-4444-444444444444", "user_agent": "EvoSTS",
        "target_id": "33333333-3333-3333-3333-333333333333", "target_name": "APPNAME", "target_kind": "serviceprincipal",
        "target_tenant_id": "redacted"}),
    ("sekoia/o365.jsonl", 26, {
        "event_id": "609745a8-8ec0-4305-8607-fa95f45cf370", "occurred_at": datetime(2024, 11, 29, 12, 31, 12), "tenant_id": "anonymized",
        "region": "EUR", "service": "OneDrive", "action": "FileDownloaded", "outcome": "success", "is_read_only": True,
        "principal_id": "john.doe@example.com", "principal_name": "john.doe@example.com", "principal_kind": "user", "source_ip": "1.2.3.4",
        "user_agent": "OneDriveMpc-Transform_Zip/1.0", "target_id": "https://example.com/1.zip", "target_name": "1.zip",
        "target_kind": "file", "bytes_out": 26860827}),
    ("sekoia/o365.jsonl", 60, {
        "event_id": "4e3612b5-9cf5-4c6d-8213-2ba12af15334", "occurred_at": datetime(2024, 6, 10, 11, 50, 24), "tenant_id": "anonymized",
        "service": "MicrosoftTeams", "action": "ChatCreated", "outcome": "success", "is_read_only": False, "principal_id": "user1",
        "principal_name": "user1", "principal_kind": "user", "token_id": "mYyWp_-UrEa4Z_pZM7FlAA", "source_ip": "192.0.2.1",
        "target_id": "19:2546ebff-72fd-4fda-b537-bc31bf5e1d4c_ba359007-06c1-497f-bc4a-41ea45df4cbd@unq.gbl.spaces",
        "target_name": "19:2546ebff-72fd-4fda-b537-bc31bf5e1d4c_ba359007-06c1-497f-bc4a-41ea45df4cbd@unq.gbl.spaces",
        "target_kind": "chat", "target_tenant_id": "6db03b45-27a2-4662-9121-fa5773a8e043"}),
    ("sekoia/o365.jsonl", 72, {
        "event_id": "4af0b443-42dd-4dc6-9bd1-751a55441000", "occurred_at": datetime(2022, 10, 14, 13, 48, 3), "tenant_id": "anonymized",
        "service": "AzureActiveDirectory", "action": "UserLoginFailed", "outcome": "failure", "error_code": "500121", "is_read_only": False,
        "principal_id": "user1", "principal_name": "user1", "principal_kind": "user", "principal_tenant_id": "anonymized",
        "session_id": "b3a9b2b4-57c9-406b-9a2d-106b7f612248", "app_id": "00000003-0000-0ff1-ce00-000000000000", "source_ip": "192.0.2.1",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:105.0) Gecko/20100101 Firefox/105.0",
        "target_id": "00000003-0000-0ff1-ce00-000000000000", "target_kind": "application", "target_tenant_id": "anonymized"}),
    ("plaso/microsoft_audit_log.jsonl", 0, DATACENTER | {
        "event_id": "c9d2d808-0efe-48cb-eaec-08da3028eb80", "occurred_at": datetime(2022, 5, 7, 12, 55, 53),
        "tenant_id": "5a0f38c6-710b-4503-92c0-3a9f6e00f726", "service": "Exchange", "action": "Install-DefaultSharingPolicy",
        "outcome": "success", "is_read_only": False, "target_id": "sst5f.onmicrosoft.com\\952cae95-808b-4aa7-b783-a9151be9a05a",
        "target_kind": "defaultsharingpolicy"}),
    ("plaso/microsoft_audit_log.jsonl", 2, DATACENTER | {
        "event_id": "cc0bb5b2-b540-4640-5e1c-08da3028fe4f", "occurred_at": datetime(2022, 5, 7, 12, 56, 24),
        "tenant_id": "5a0f38c6-710b-4503-92c0-3a9f6e00f726", "service": "Exchange", "action": "Set-AdminAuditLogConfig",
        "outcome": "success", "is_read_only": False, "target_id": "sst5f.onmicrosoft.com\\Admin Audit Log Settings",
        "target_name": "EURP193A005.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/sst5f.onmicrosoft.com",
        "target_kind": "adminauditlogconfig"}),
    ("plaso/microsoft_audit_log.jsonl", 3, {
        "event_id": "0a454a7b-fbac-4329-a20c-72bad3bc5000", "occurred_at": datetime(2022, 5, 8, 15, 13, 41),
        "tenant_id": "5a0f38c6-710b-4503-92c0-3a9f6e00f726", "service": "AzureActiveDirectory", "action": "UserLoggedIn",
        "outcome": "success", "is_read_only": False, "principal_id": "55425677-a6b7-4df1-8068-709eb4162d42",
        "principal_name": "piet@sst5f.onmicrosoft.com", "principal_kind": "user", "source_ip": "0.0.0.0",
        "target_id": "00000003-0000-0000-c000-000000000000", "target_kind": "application"}),
]
# fmt: on


@pytest.fixture(scope="module")
def real_rows(real_logs: Path) -> list[dict[str, Any]]:
    return stage([documents(real_logs / "m365" / file)[number] for file, number, _ in REAL], SOURCE, reshape)


@pytest.mark.parametrize("number", range(len(REAL)), ids=[f"{file} {number}" for file, number, _ in REAL])
def test_a_real_record_field_by_field(real_rows: list[dict[str, Any]], number: int) -> None:
    assert told(real_rows[number]) == REAL[number][2]
    assert (real_rows[number]["source"], real_rows[number]["provider"]) == (SOURCE, "m365")


def test_all_real_records(real_logs: Path) -> None:
    """573 records, of which 395 have an id of their own; all have a time."""
    records = [record for path in sorted((real_logs / "m365").glob("*/*")) for record in documents(path)]
    shaped = [record for record in map(reshape, records) if record]
    others = [record for record in records if reshape(record) is None]
    # sixteen of Filebeat's have no operation, and come without their wrapper elsewhere
    assert (len(shaped), len(others)) == (573, 6)
    rows = stage(shaped, SOURCE)
    assert len({row["event_id"] for row in rows}) == 395
    assert all(row["occurred_at"] for row in rows)
    assert sum(row["action"] is None for row in rows) == 16
    failed = [row for row in rows if row["outcome"] == "failure"]
    assert len(failed) == 62
    assert all(row["error_code"] for row in failed)
    assert {row["action"] for row in rows if row["is_read_only"]} == {
        "FileAccessed", "FileDownloaded", "FilePreviewed", "FileSyncDownloadedFull", "FileVisited", "ListViewed",
        "MailItemsAccessed", "PageViewed", "ViewReport",
    }  # fmt: skip
    assert [row["bytes_out"] for row in rows if row["bytes_out"] is not None] == [
        274985,
        13220,
        123456,
        26860827,
        1344200,
    ]


def test_the_addresses_of_real_records(real_logs: Path) -> None:
    rows = stage(documents(real_logs / "m365" / "elastic" / "test-ip-formats-events.json"), SOURCE, reshape)
    addresses = [row["source_ip"] and canonical_address(row["source_ip"]) for row in rows]
    client = "2a02:cf40:add:4002:91f2:a9b2:e09a:6fc6"
    assert addresses == [*["10.11.12.13"] * 5, client, client, client, "10.11.12.13", *[None] * 6]


def test_the_columns_are_those_of_events() -> None:
    assert set(staged(FILE)) | {"batch_id", "ingested_at", "event_key"} == {name for name, _ in COLUMNS}


# --- who -------------------------------------------------------------------------------------------------------------

ROBOT = [
    {"ID": "Sync Service", "Type": 1},
    {"ID": APP, "Type": 2},
    {"ID": f"ServicePrincipal_{BOB}", "Type": 2},
    {"ID": BOB, "Type": 2},
    {"ID": "ServicePrincipal", "Type": 2},
]
WHO = ("principal_id", "principal_name", "principal_kind")


def test_who_acted() -> None:
    cases = [
        (DIRECTORY, (ADA, "Ada@Example.com", "user")),
        (SIGN_IN, (ADA, "Ada@Example.com", "user")),
        (DIRECTORY | {"Actor": ROBOT, "UserId": f"ServicePrincipal_{BOB}", "UserType": 4}, (BOB, "Sync Service", "service_principal")),
        (DIRECTORY | {"Actor": None, "UserId": f"ServicePrincipal_{BOB}", "UserType": 4}, (BOB, f"ServicePrincipal_{BOB}", "service_principal")),
        (DIRECTORY | {"Actor": [{"ID": "User_00000000-0000-0000-0000-000000000000", "Type": 2}]}, ("ada@example.com", "Ada@Example.com", "user")),
        (DIRECTORY | {"UserId": None, "Actor": [{"ID": "ada@example.com", "Type": 5}]}, ("ada@example.com", "ada@example.com", "user")),
        # the passport id of Exchange and SharePoint is no object id; Teams' key is one; a token names one
        (MAIL, ("ada@example.com", "Ada@Example.com", "user")),
        (MAIL | {"TokenObjectId": ADA.upper()}, (ADA, "Ada@Example.com", "user")),
        (FILE | {"UserKey": "i:0h.f|membership|1003200000000001@live.com"}, ("ada@example.com", "Ada@Example.com", "user")),
        (FILE | {"UserKey": ADA.upper()}, (ADA, "Ada@Example.com", "user")),
        (FILE | {"UserId": "urn:spo:guest#eve@example.net"}, ("eve@example.net", "eve@example.net", "user")),
        (FILE | {"UserId": "urn:spo:anon#abc"}, ("urn:spo:anon#abc", "urn:spo:anon#abc", "anonymous")),
        (FILE | {"UserId": "anonymous"}, ("anonymous", "anonymous", "anonymous")),
        (FILE | {"UserId": "app@sharepoint"}, ("app@sharepoint", "app@sharepoint", "service")),
        (FILE | {"UserId": "SHAREPOINT\\system"}, ("sharepoint\\system", "SHAREPOINT\\system", "service")),
        (MAIL | {"UserId": "NT AUTHORITY\\SYSTEM (X)", "UserType": 3}, ("nt authority\\system (x)", "NT AUTHORITY\\SYSTEM (X)", "service")),
        (MAIL | {"UserId": "svc", "UserType": 5}, ("svc", "svc", "service_principal")),
        (MAIL | {"UserId": "svc", "UserType": "ServicePrincipal"}, ("svc", "svc", "service_principal")),
        (MAIL | {"UserId": "svc", "UserType": "DcAdmin"}, ("svc", "svc", "service")),
        (MAIL | {"UserId": "svc", "UserType": "Regular"}, ("svc", "svc", "user")),
        (MAIL | {"UserId": "svc", "UserType": 99}, ("svc", "svc", None)),
        (MAIL | {"UserId": "Unknown", "UserType": 5}, (None, None, None)),
        (MAIL | {"UserId": "Not Available", "UserKey": "Not Available"}, (None, None, None)),
    ]  # fmt: skip
    check(WHO, cases)


def test_the_tenants() -> None:
    check(
        ("tenant_id", "principal_tenant_id", "target_tenant_id"),
        [
            (DIRECTORY | {"ActorContextId": "AAAA", "TargetContextId": "BBBB"}, (TENANT, "aaaa", "bbbb")),
            (MAIL | {"TokenTenantId": "CCCC", "ActorContextId": ""}, (TENANT, "cccc", None)),
            (FILE | {"ResourceTenantId": "DDDD", "OrganizationId": ""}, (None, None, "dddd")),
        ],
    )


# --- whether it worked -----------------------------------------------------------------------------------------------


def test_a_sign_in_worked_if_its_errors_say_so() -> None:
    cases = [
        ({}, "success", None),
        ({"ErrorNumber": "50140"}, "success", None),
        ({"ErrorNumber": 50140, "LogonError": "KmsiInterrupt"}, "success", None),
        ({"ErrorNumber": "0", "LogonError": "None"}, "success", None),
        ({"ErrorNumber": None, "ResultStatus": None}, "success", None),
        ({"ErrorNumber": "50126"}, "failure", "50126"),
        ({"ErrorNumber": None, "ErrorCode": "50053"}, "failure", "50053"),
        ({"ErrorNumber": None, "LogonError": "FlowTokenExpired"}, "failure", "FlowTokenExpired"),
        ({"ResultStatus": "Failed"}, "failure", "Failed"),
        ({"Operation": "UserLoginFailed"}, "failure", "Success"),
        ({"Operation": "UserLoginFailed", "ErrorNumber": "50126", "LogonError": "X"}, "failure", "50126"),
        ({"Operation": "UserLoginFailed", "ErrorNumber": "0", "LogonError": "X"}, "failure", "X"),
        ({"Operation": "PasswordLogonInitialAuthUsingPassword", "RecordType": 9, "ErrorNumber": None, "LoginStatus": -2147217390}, "failure", "-2147217390"),
        ({"Operation": "ForeignRealmIndexLogon", "RecordType": "AzureActiveDirectoryStsLogon", "ErrorNumber": "50034"}, "failure", "50034"),
    ]  # fmt: skip
    check(("outcome", "error_code"), [(SIGN_IN | change, told) for change, *told in cases])


def test_anything_else_worked_if_its_status_says_so() -> None:
    cases = [
        *[(DIRECTORY | {"ResultStatus": status}, "success") for status in ("Success", "Succeeded", "True", "TRUE", True, "PartiallySucceeded", "Successful")],
        *[(DIRECTORY | {"ResultStatus": status}, "failure") for status in ("Failed", "Failure", "False", False)],
        *[(DIRECTORY | {"ResultStatus": status}, "unknown") for status in (None, "", "New", {"a": 1})],
        # an error number on what is no sign-in says nothing
        (DIRECTORY | {"ErrorNumber": "7"}, "success"),
        (FILE, "success"),
        (FILE | {"ResultStatus": ""}, "success"),
        (FILE | {"ResultStatus": "Failed"}, "failure"),
        (FILE | {"Workload": "MicrosoftTeams"}, "success"),
        (FILE | {"Workload": "PowerBI"}, "unknown"),
        (FILE | {"Workload": "PowerBI", "IsSuccess": True}, "success"),
        (FILE | {"Workload": "PowerBI", "IsSuccess": False}, "failure"),
    ]  # fmt: skip
    check(("outcome",), [(record, [outcome]) for record, outcome in cases])


# --- what was done, to what ------------------------------------------------------------------------------------------


def test_the_action_is_spelled_as_in_the_directory_log() -> None:
    cases = [
        ("Reset user password.", "Reset user password"),
        ("Update StsRefreshTokenValidFrom Timestamp.", "Update StsRefreshTokenValidFrom Timestamp"),
        ("Update application – Certificates and secrets management ", "Update application - Certificates and secrets management"),
        ("New-InboxRule", "New-InboxRule"),
        (None, None),
    ]  # fmt: skip
    check(("action",), [(DIRECTORY | {"Operation": operation}, [action]) for operation, action in cases])


def test_what_only_reads() -> None:
    cases = [
        *[(name, True) for name in (
            "MailItemsAccessed", "FileAccessed", "FileAccessedExtended", "FileDownloaded", "FilePreviewed", "FileSyncDownloadedFull",
            "FileSyncDownloadedPartial", "PageViewed", "PagePrefetched", "ListViewed", "SearchQueryPerformed", "ViewReport", "Get-Mailbox",
            "Search-Mailbox", "FolderBind", "MessageBind")],
        *[(name, False) for name in (
            "FileModified", "FileUploaded", "FileSyncUploadedFull", "UserLoggedIn", "Set-Mailbox", "New-InboxRule", "HardDelete",
            "AccessRequestCreated", "Add member to role.", "SearchCreated")],
        (None, None),
    ]  # fmt: skip
    check(("is_read_only",), [(FILE | {"Operation": operation}, [reads]) for operation, reads in cases])


TO_WHAT = ("target_id", "target_name", "target_kind")


def test_what_it_was_done_to() -> None:
    cases = [
        (DIRECTORY, (BOB, "bob@example.com", "user")),
        (DIRECTORY | {"Target": None}, ("bob@example.com", "bob@example.com", "user")),
        (DIRECTORY | {"Target": [], "ObjectId": "Not Available"}, (None, None, None)),
        (DIRECTORY | {"Target": None, "ObjectId": APP.upper()}, (APP, None, None)),
        (DIRECTORY | {"Target": [{"ID": f"ServicePrincipal_{APP}", "Type": 2}, {"ID": "payroll", "Type": 1}]}, (APP, "payroll", "serviceprincipal")),
        (DIRECTORY | {"Target": json.dumps([{"ID": f"Group_{APP}", "Type": 2}])}, (APP, "bob@example.com", "group")),
        (SIGN_IN, ("00000003-0000-0000-c000-000000000000", None, "application")),
        (SIGN_IN | {"Target": [{"ID": "Unknown", "Type": 0}], "ObjectId": "ABC"}, ("abc", None, "application")),
        (SIGN_IN | {"Target": [{"ID": "Unknown", "Type": 0}], "ObjectId": "Unknown"}, (None, None, None)),
        (FILE, ("https://example.sharepoint.com/sites/hr/Pay.xlsx", "Pay.xlsx", "file")),
        (MAIL, ("cccccccc-0000-4000-8000-000000000001", "bob@example.com", "mailbox")),
        (COMMON | {"RecordType": 1, "Operation": "Set-Mailbox", "ObjectId": "bob_1", "Parameters": [{"Name": "Identity", "Value": "bob"}]}, ("bob_1", "bob", "mailbox")),
        (COMMON | {"RecordType": 1, "Operation": "New-InboxRule", "ObjectId": "bob_1\\r", "Parameters": [{"Name": "Mailbox", "Value": "bob"}]}, ("bob_1\\r", "bob", "inboxrule")),
        (COMMON | {"RecordType": 1, "Operation": "Set-Mailbox", "ObjectId": "bob_1", "Parameters": '-Identity "bob"'}, ("bob_1", None, "mailbox")),
        (COMMON | {"RecordType": 25, "Operation": "MemberAdded", "ObjectId": "Unknown (Unknown)", "TeamGuid": "19:a@thread", "TeamName": "HR"}, ("19:a@thread", "HR", "team")),
    ]  # fmt: skip
    check(TO_WHAT, cases)


def test_the_key_that_was_added() -> None:
    cases = [
        ([{"Name": "KeyDescription", "OldValue": "[]", "NewValue": f'["[KeyIdentifier={KEY.upper()},KeyType=Password]"]'}], KEY),
        ([{"Name": "KeyDescription", "OldValue": f'["[KeyIdentifier={OLD_KEY},K]"]', "NewValue": f'["[KeyIdentifier={OLD_KEY},K]","[KeyIdentifier={KEY},K]"]'}], KEY),
        ([{"Name": "KeyDescription", "NewValue": f"KeyIdentifier={KEY}"}], KEY),
        ([{"Name": "KeyDescription", "OldValue": f"KeyIdentifier={OLD_KEY}", "NewValue": "[]"}], None),
        ([{"Name": "DisplayName", "NewValue": f"KeyIdentifier={KEY}"}], None),
        (["KeyDescription"], None),
        ("KeyDescription", None),
        (json.dumps([{"Name": "KeyDescription", "NewValue": f"KeyIdentifier={KEY}"}]), KEY),
    ]  # fmt: skip
    base = DIRECTORY | {"Operation": "Add service principal credentials."}
    check(
        ("issued_credential_id",), [(base | {"ModifiedProperties": changes}, [key]) for changes, key in cases]
    )


def test_how_much_was_read() -> None:
    cases = [
        (FILE, 4096),
        (FILE | {"FileSizeBytes": "4096"}, 4096),
        (FILE | {"FileSizeBytes": -1}, None),
        (FILE | {"FileSizeBytes": 2**63}, None),
        (FILE | {"FileSizeBytes": "many"}, None),
        (FILE | {"Operation": "FileModified"}, None),
        (FILE | {"Operation": "FileSyncDownloadedFull", "FileSizeBytes": None, "FileSyncBytesCommitted": "99"}, 99),
        (MAIL, 123),
        (MAIL | {"Folders": None}, None),
        (MAIL | {"Folders": json.dumps(MAIL["Folders"])}, 123),
        (MAIL | {"Folders": ["x", {"FolderItems": "y"}, {"FolderItems": [7]}]}, None),
        (MAIL | {"Operation": "HardDelete"}, None),
    ]  # fmt: skip
    check(("bytes_out",), [(record, [size]) for record, size in cases])


# --- from where, with what -------------------------------------------------------------------------------------------


def test_the_address() -> None:
    cases = [
        ({"ClientIP": "192.0.2.7"}, "192.0.2.7"),
        ({"ClientIP": "192.0.2.7:443"}, "192.0.2.7"),
        ({"ClientIP": "[2001:DB8::1]:443"}, "2001:db8::1"),
        ({"ClientIP": "[2001:db8::1]"}, "2001:db8::1"),
        ({"ClientIP": "2001:db8::1"}, "2001:db8::1"),
        ({"ClientIP": "::ffff:192.0.2.7"}, "192.0.2.7"),
        ({"ClientIP": "[::ffff:192.0.2.7]:443"}, "192.0.2.7"),
        ({"ClientIP": "[192.0.2.7]:443"}, "192.0.2.7"),
        ({"ClientIP": "::1"}, "::1"),
        ({"ClientIP": "[localhost]:12345"}, None),
        ({"ClientIP": "mail.example.com:25"}, None),
        ({"ClientIP": "", "ClientIPAddress": "192.0.2.8"}, "192.0.2.8"),
        ({"ClientIP": "<null>", "ActorIpAddress": "192.0.2.9"}, "192.0.2.9"),
        (
            {"ClientIP": "192.0.2.7", "ClientIPAddress": "192.0.2.8", "ActorIpAddress": "192.0.2.9"},
            "192.0.2.7",
        ),
        ({"ClientIPAddress": "NOT AN ADDRESS (192.0.2.8)"}, None),
        ({"ClientIP": None}, None),
        ({"ClientIP": ["192.0.2.7"]}, None),
    ]
    rows = stage([DIRECTORY | addresses for addresses, _ in cases], SOURCE)
    found = [row["source_ip"] and canonical_address(row["source_ip"]) for row in rows]
    assert found == [expected for _, expected in cases]


def test_session_token_application_and_device() -> None:
    columns = ("session_id", "token_id", "app_id", "device_id")
    device = [{"Name": "SessionId", "Value": "sess-3"}, {"Name": "Id", "Value": "dev-1"}]
    rows = stage(
        [
            FILE,
            SIGN_IN | {"DeviceProperties": device},
            MAIL | {"ClientAppId": "", "AppId": APP.upper(), "DeviceId": "dev-2"},
            DIRECTORY,
            FILE | {"AppAccessContext": json.dumps(FILE["AppAccessContext"])},
            FILE | {"AppAccessContext": {"AADSessionId": "", "UniqueTokenId": ""}, "SessionId": "sess-4"},
        ],
        SOURCE,
    )
    assert [tuple(row[column] for column in columns) for row in rows] == [
        ("sess-1", "uti-1", APP, None),
        ("sess-3", None, APP, "dev-1"),
        ("sess-2", None, APP, "dev-2"),
        (None, None, APP, None),
        ("sess-1", "uti-1", APP, None),
        ("sess-4", None, None, None),
    ]


def test_a_second_factor_where_the_record_tells_of_one() -> None:
    cases = [
        ([], None),
        ([{"Name": "RequestType", "Value": "Login:login"}], None),
        ([{"Name": "RequestType", "Value": "SAS:ProcessAuth"}], True),
        ([{"Name": "UserAuthenticationMethod", "Value": "1"}], None),
        ([{"Name": "UserAuthenticationMethod", "Value": "272"}], None),
        ([{"Name": "UserAuthenticationMethod", "Value": "262144"}], True),
        ([{"Name": "UserAuthenticationMethod", "Value": "33554704"}], True),
        ([{"Name": "UserAuthenticationMethod", "Value": "passkey"}], None),
        ("-RequestType SAS:ProcessAuth", None),
    ]
    signed_in = [SIGN_IN | {"ExtendedProperties": properties} for properties, _ in cases]
    check(("is_mfa",), [(record, [is_mfa]) for record, (_, is_mfa) in zip(signed_in, cases, strict=True)])
    check(("is_mfa",), [(record | {"Operation": "UserLoginFailed"}, [None]) for record in signed_in])


def test_the_user_agent() -> None:
    agent = [{"Name": "additionalDetails", "Value": '{"User-Agent":"curl/8","AppId":"x"}'}]
    broken = [{"Name": "additionalDetails", "Value": '{"User-Agent'}]
    rows = stage(
        [
            FILE,
            SIGN_IN,
            DIRECTORY | {"ExtendedProperties": agent},
            DIRECTORY | {"ExtendedProperties": broken},
            MAIL,
        ],
        SOURCE,
    )
    assert [row["user_agent"] for row in rows] == [
        "Mozilla/5.0",
        "Mozilla/5.0",
        "curl/8",
        None,
        "Client=OWA;Action=ViaProxy",
    ]


# --- when, which -----------------------------------------------------------------------------------------------------


def test_the_time() -> None:
    cases = [
        ("2026-03-02T09:14:05", datetime(2026, 3, 2, 9, 14, 5)),  # no offset is UTC
        ("2026-03-02 09:14:05", datetime(2026, 3, 2, 9, 14, 5)),
        ("2026-03-02T09:14:05.1234567Z", datetime(2026, 3, 2, 9, 14, 5, 123456)),
        ("2026-03-02 09:14:05.000000000", datetime(2026, 3, 2, 9, 14, 5)),
        ("2026-03-02T09:14:05+02:00", datetime(2026, 3, 2, 7, 14, 5)),
        ("3/2/2026 9:14:05 PM", datetime(2026, 3, 2, 21, 14, 5)),
        ("yesterday", None),
        ("", None),
        (None, None),
        ({"a": 1}, None),
    ]
    check(("occurred_at",), [(FILE | {"CreationTime": written}, [time]) for written, time in cases])


def test_the_id_is_the_records_own_else_its_hash() -> None:
    assert staged(FILE)["event_id"] == FILE["Id"]
    rows = stage(
        [FILE | {"Id": ""}, FILE | {"Id": None}, FILE | {"Id": "", "ObjectId": "another"}, FILE | {"Id": ""}],
        SOURCE,
    )
    ids = [row["event_id"] for row in rows]
    assert all(event_id.startswith("sha256:") for event_id in ids)
    assert ids[0] == ids[3]
    assert len(set(ids)) == 3


def test_secrets_are_masked_and_the_rest_of_the_record_is_whole() -> None:
    record = FILE | {"ObjectId": "https://x.blob.core.windows.net/c/b?sv=1&sig=abcdef", "password": "hunter2"}
    raw = staged(record)["raw"]
    assert "abcdef" not in raw
    assert "hunter2" not in raw
    assert json.loads(raw) == record | {
        "ObjectId": "https://x.blob.core.windows.net/c/b?sv=1&sig=***",
        "password": "***",
    }


# --- Log Analytics ---------------------------------------------------------------------------------------------------


def test_office_activity_rows_say_what_the_records_of_the_api_say() -> None:
    file_row = {
        "TenantId": "dddddddd-0000-4000-8000-00000000000d", "Type": "OfficeActivity", "TimeGenerated": "2026-03-02T09:14:05Z",
        "OfficeId": FILE["Id"], "RecordType": "SharePointFileOperation", "Operation": "FileDownloaded", "OfficeWorkload": "SharePoint",
        "OrganizationId": TENANT, "UserId": "Ada@Example.com", "UserType": "Regular", "OfficeObjectId": FILE["ObjectId"], "ItemType": "File",
        "SourceFileName": "Pay.xlsx", "ClientIP": "192.0.2.7", "UserAgent": "Mozilla/5.0", "ResultStatus": "", "UserKey": "",
        "AppAccessContext": json.dumps(FILE["AppAccessContext"]), "MailboxGuid": "", "Parameters": "",
    }  # fmt: skip
    mail_row = {
        "Type": "OfficeActivity", "TimeGenerated": "2026-03-02T09:14:05Z", "OfficeId": MAIL["Id"], "RecordType": "ExchangeItemAggregated",
        "Operation": "MailItemsAccessed", "OfficeWorkload": "Exchange", "OrganizationId": TENANT, "UserId": "Ada@Example.com",
        "UserType": "Admin", "UserKey": "1003200000000001", "ResultStatus": "Succeeded", "MailboxGuid": MAIL["MailboxGuid"],
        "MailboxOwnerUPN": "bob@example.com", "Client_IPAddress": "192.0.2.7", "ClientIP": "", "ClientInfoString": MAIL["ClientInfoString"],
        "Folders": json.dumps(MAIL["Folders"]), "OfficeObjectId": "", "SessionId": "sess-2",
    }  # fmt: skip
    rule_row = {
        "Type": "OfficeActivity", "TimeGenerated [UTC]": "3/2/2026, 9:14:05.000 AM", "OfficeId": COMMON["Id"], "RecordType": "ExchangeAdmin",
        "Operation": "New-InboxRule", "OfficeWorkload": "Exchange", "OrganizationId": TENANT, "UserId": "Ada@Example.com",
        "UserType": "Regular", "ResultStatus": "True", "OfficeObjectId": "bob_1\\rule", "ClientIP": "[2001:db8::1]:443",
        "Parameters": '[{"Name":"Identity","Value":"bob"},{"Name":"ForwardTo","Value":"eve@example.net"}]',
    }  # fmt: skip
    rows = [told(row) for row in stage([file_row, mail_row, rule_row], SOURCE, reshape)]
    expected = [told(row) for row in stage([FILE, MAIL], SOURCE)]
    expected[0].pop("bytes_out")  # the table has no size
    assert rows[:2] == expected
    assert rows[2] == {
        "event_id": COMMON["Id"], "occurred_at": datetime(2026, 3, 2, 9, 14, 5), "tenant_id": TENANT, "service": "Exchange",
        "action": "New-InboxRule", "outcome": "success", "is_read_only": False, "principal_id": "ada@example.com",
        "principal_name": "Ada@Example.com", "principal_kind": "user", "source_ip": "[2001:db8::1]:443", "target_id": "bob_1\\rule",
        "target_name": "bob", "target_kind": "inboxrule",
    }  # fmt: skip


# --- hostile records -------------------------------------------------------------------------------------------------

COLUMNS_READ = sorted(
    {*SIGN_IN, *DIRECTORY, *FILE, *MAIL, "ClientIP", "ActorIpAddress", "ModifiedProperties", "DeviceProperties", "Parameters"}
    | {"ErrorCode", "LoginStatus", "LogonError", "IsSuccess", "TokenObjectId", "TokenTenantId", "ActorContextId", "TargetContextId"}
    | {"ResourceTenantId", "ClientAppId", "AppId", "DeviceId", "GeoLocation", "TeamGuid", "TeamName", "ChatThreadId", "ItemName"}
    | {"ModifiedObjectResolvedName", "FileSyncBytesCommitted"}
)  # fmt: skip
WRONG: list[Any] = [
    None, True, 7, -1.5, 2**70, 1e308, "", "text", "\0", "{", "[]", '[{"ID": {"a": [1]}, "Type": 2}]', "x" * 70_000, {}, [], [None],
    [[]], ["text"], [{"Name": "KeyDescription", "NewValue": ["a"]}], [{"ID": f"User_{BOB}", "Type": [2]}], {"AADSessionId": {"a": 1}},
    [{"FolderItems": [{"SizeInBytes": -1}, {"SizeInBytes": "x"}, 3]}], {"a": {"b": {"c": [{"d": "e"}]}}}, "' or 1=1 --", "٣", "\ud83d\ude00",
]  # fmt: skip


@pytest.mark.parametrize(
    "base", [SIGN_IN, DIRECTORY, FILE, MAIL], ids=["sign_in", "directory", "file", "mail"]
)
def test_a_wrong_type_in_any_field_costs_that_field_only(base: dict[str, Any]) -> None:
    changed = [(column, base | {column: wrong}) for column in COLUMNS_READ for wrong in WRONG]
    rows = stage([record for _, record in changed], SOURCE)
    assert len(rows) == len(changed)
    for (column, _), row in zip(changed, rows, strict=True):
        assert row["event_id"] == base["Id"] or column == "Id"
        assert row["occurred_at"] == datetime(2026, 3, 2, 9, 14, 5) or column == "CreationTime"
        assert row["outcome"] in {"success", "failure", "unknown"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(COLUMNS_READ),
            st.sampled_from(WRONG)
            | st.recursive(
                st.none() | st.integers() | st.text(),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["Name", "Value", "ID", "Type", "FolderItems", "SizeInBytes"]), inner
                    )
                ),
                max_leaves=6,
            ),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_no_record_breaks_its_batch(records: list[dict[str, Any]]) -> None:
    assert len(stage(records, SOURCE)) == len(records)
