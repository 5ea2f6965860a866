"""Every shape in which the unified audit log is handed on gives the record of the Management Activity API."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.shapes.unified_audit import reshape

RECORD = {
    "CreationTime": "2026-03-02T09:14:05",
    "Id": "aaaaaaaa-0000-4000-8000-000000000001",
    "Operation": "Add member to role.",
    "OrganizationId": "aaaaaaaa-0000-4000-8000-0000000000ff",
    "RecordType": 8,
    "ResultStatus": "Success",
    "UserKey": "1003200000000001@example.com",
    "UserType": 0,
    "Workload": "AzureActiveDirectory",
    "ObjectId": "bob@example.com",
    "UserId": "ada@example.com",
}
# as PowerShell's Search-UnifiedAuditLog | Export-Csv writes it
SEARCH_ROW = {
    "RecordType": "AzureActiveDirectory",
    "CreationDate": "3/2/2026 9:14:05 AM",
    "UserIds": "ada@example.com",
    "Operations": "Add member to role.",
    "AuditData": json.dumps(RECORD),
    "ResultIndex": "1",
    "ResultCount": "40",
    "Identity": RECORD["Id"],
    "IsValid": "True",
    "ObjectState": "Unchanged",
}
# as the portal writes it
PORTAL_ROW = {
    "RecordId": RECORD["Id"],
    "CreationDate": "2026-03-02T09:14:05.0000000Z",
    "RecordType": "8",
    "Operation": "Add member to role.",
    "UserId": "ada@example.com",
    "AuditData": json.dumps(RECORD),
    "AssociatedAdminUnits": "",
    "AssociatedAdminUnitsNames": "Finance",
}
OFFICE_ROW = {
    "TenantId": "bbbbbbbb-0000-4000-8000-000000000002",
    "SourceSystem": "OfficeActivityManager",
    "TimeGenerated": "2026-03-02T09:14:05Z",
    "RecordType": "ExchangeItem",
    "Operation": "MailItemsAccessed",
    "OrganizationId": "aaaaaaaa-0000-4000-8000-0000000000ff",
    "OrganizationId_": "aaaaaaaa-0000-4000-8000-0000000000ff",
    "UserType": "Regular",
    "OfficeWorkload": "Exchange",
    "OfficeId": "aaaaaaaa-0000-4000-8000-000000000001",
    "OfficeObjectId": "",
    "UserId": "ada@example.com",
    "ClientIP": "192.0.2.7",
    "Client_IPAddress": "192.0.2.7",
    "Logon_Type": "Owner",
    "Site_Url": "",
    "OperationProperties": '[{"Name":"MailAccessType","Value":"Bind"}]',
    "Folders": '[{"Path":"\\\\Inbox","FolderItems":[{"SizeInBytes":12}]}]',
    "Type": "OfficeActivity",
}


def without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


def test_a_record_of_the_api_is_as_it_is() -> None:
    assert reshape(RECORD) == RECORD


def test_a_search_row_gives_the_record_and_keeps_what_the_record_does_not_say() -> None:
    assert reshape(SEARCH_ROW) == RECORD | {
        "CreationDate": "3/2/2026 9:14:05 AM",
        "ResultIndex": "1",
        "ResultCount": "40",
        "IsValid": "True",
        "ObjectState": "Unchanged",
        "AuditRow": {"RecordType": "AzureActiveDirectory"},
    }


def test_a_portal_row_gives_the_record_and_its_administrative_units() -> None:
    assert reshape(PORTAL_ROW) == RECORD | {
        "CreationDate": "2026-03-02T09:14:05.0000000Z",
        "AssociatedAdminUnitsNames": "Finance",
    }


@pytest.mark.parametrize(
    "written", [RECORD, json.dumps(RECORD), json.dumps(json.dumps(RECORD)), f"\n {json.dumps(RECORD)} "]
)
def test_audit_data_is_an_object_or_its_text(written: Any) -> None:
    assert reshape({"CreationDate": "x", "AuditData": written}) == RECORD | {"CreationDate": "x"}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "AuditData is empty"),
        (" \r\n", "AuditData is empty"),
        (None, "AuditData is empty"),
        (json.dumps(RECORD)[:100], "AuditData is no JSON object, or is cut off"),
        ("[1, 2]", "AuditData is no JSON object, or is cut off"),
        (7, "AuditData is no JSON object, or is cut off"),
        ("[" * 100_000, "AuditData is no JSON object, or is cut off"),
    ],
)
def test_a_search_row_without_a_record_is_a_problem(written: Any, problem: str) -> None:
    for row in (SEARCH_ROW | {"AuditData": written}, PORTAL_ROW | {"AuditData": written}):
        assert reshape(row) == {"postreset_problem": problem, "record": json.dumps(row)}
    assert reshape({"AuditData": written, "product": "another"}) is None


def test_what_the_record_lacks_comes_from_the_row() -> None:
    bare = without(RECORD, "CreationTime", "Id", "UserId", "Operation", "RecordType") | {"Id": ""}
    shaped = reshape(SEARCH_ROW | {"AuditData": json.dumps(bare)})
    assert shaped is not None
    assert (shaped["CreationTime"], shaped["Id"]) == ("3/2/2026 9:14:05 AM", RECORD["Id"])
    assert (shaped["UserId"], shaped["Operation"]) == ("ada@example.com", "Add member to role.")
    assert shaped["RecordType"] == "AzureActiveDirectory"


@pytest.mark.parametrize(
    "date",
    [
        "/Date(1772442845000)/",
        "/Date(1772442845000+0100)/",
        {"value": "/Date(1772442845000)/", "DateTime": "Monday, March 2, 2026 9:14:05 AM"},
    ],
)
def test_powershell_dates(date: Any) -> None:
    shaped = reshape({"CreationDate": date, "AuditData": without(RECORD, "CreationTime")})
    assert shaped == RECORD | {"CreationTime": "2026-03-02T09:14:05Z", "CreationDate": date}


def test_a_powershell_date_beyond_all_years_stays() -> None:
    shaped = reshape(
        {"CreationDate": "/Date(9999999999999999)/", "AuditData": without(RECORD, "CreationTime")}
    )
    assert shaped == RECORD | {"CreationTime": "/Date(9999999999999999)/"}


def test_the_time_of_the_record_stands_whatever_the_row_says() -> None:
    shaped = reshape(SEARCH_ROW | {"CreationDate": "3/9/2026 1:00:00 AM", "Identity": "another"})
    assert shaped is not None
    assert (shaped["CreationTime"], shaped["Id"]) == (RECORD["CreationTime"], RECORD["Id"])
    assert (shaped["CreationDate"], shaped["Identity"]) == ("3/9/2026 1:00:00 AM", "another")


def test_a_graph_audit_record() -> None:
    row = {
        "id": RECORD["Id"],
        "createdDateTime": "2026-03-02T09:14:05Z",
        "auditLogRecordType": "azureActiveDirectory",
        "operation": "Add member to role.",
        "userPrincipalName": "ada@example.com",
        "service": "AzureActiveDirectory",
        "administrativeUnits": ["Finance"],
        "auditData": RECORD,
    }
    assert reshape(row) == RECORD | {
        "createdDateTime": "2026-03-02T09:14:05Z",
        "auditLogRecordType": "azureActiveDirectory",
        "administrativeUnits": ["Finance"],
    }


def test_filebeat_keeps_the_record_under_its_own_key_and_its_text_beside_it() -> None:
    assert reshape({"o365audit": RECORD, "event": {"original": json.dumps(RECORD)}}) == RECORD
    assert reshape({"o365audit": RECORD, "event": {"original": "{broken", "module": "o365"}}) == RECORD | {
        "event": {"original": "{broken", "module": "o365"}
    }


def test_keys_in_small_letters() -> None:
    small = {key.lower(): value for key, value in RECORD.items()} | {"p_log_type": "Audit"}
    assert reshape(small) == RECORD | {"p_log_type": "Audit"}
    assert reshape({key.upper(): value for key, value in RECORD.items()}) == RECORD
    both = without(small, "id") | {"Id": "1", "ID": "2"}
    assert reshape(both) == RECORD | {"Id": "1", "ID": "2", "p_log_type": "Audit"}


def test_an_office_activity_row() -> None:
    assert reshape(OFFICE_ROW) == {
        "TenantId": "bbbbbbbb-0000-4000-8000-000000000002",  # the workspace, not the tenant
        "SourceSystem": "OfficeActivityManager",
        "CreationTime": "2026-03-02T09:14:05Z",
        "RecordType": "ExchangeItem",
        "Operation": "MailItemsAccessed",
        "OrganizationId": "aaaaaaaa-0000-4000-8000-0000000000ff",
        "OrganizationId_": "aaaaaaaa-0000-4000-8000-0000000000ff",
        "UserType": "Regular",
        "Workload": "Exchange",
        "Id": "aaaaaaaa-0000-4000-8000-000000000001",
        "ObjectId": "",
        "UserId": "ada@example.com",
        "ClientIP": "192.0.2.7",
        "ClientIPAddress": "192.0.2.7",
        "LogonType": "Owner",
        "SiteUrl": "",
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}],
        "Folders": [{"Path": "\\Inbox", "FolderItems": [{"SizeInBytes": 12}]}],
        "Type": "OfficeActivity",
    }


def test_an_office_activity_row_of_the_portal() -> None:
    row = {
        "TimeGenerated [UTC]": "3/2/2026, 9:14:05.000 AM",
        "Operation": "FileDownloaded",
        "OfficeWorkload": "SharePoint",
        "SourceRecordId": "r-1",
        "OfficeTenantId": "t-1",
        "UserId_": "ada@example.com",
        "UserId": "",
        "AppAccessContext_dynamic": '{"AADSessionId": "s-1"}',
        "AppAccessContext_string": "",
    }
    shaped = reshape(row)
    assert shaped is not None
    assert (shaped["CreationTime"], shaped["Workload"], shaped["Operation"]) == (
        "3/2/2026, 9:14:05.000 AM",
        "SharePoint",
        "FileDownloaded",
    )
    assert (shaped["Id"], shaped["OrganizationId"], shaped["UserId"]) == ("r-1", "t-1", "ada@example.com")
    assert shaped["AppAccessContext"] == {"AADSessionId": "s-1"}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "id": "1"},
        {"operationName": "Sign-in activity", "category": "SignInLogs", "properties": {}},
        {"operation": "delete", "id": "1", "creationTime": "2026-03-02", "recordType": "A"},  # a DNS record
        {"o365audit": "text"},
        {"AuditData": {"score": 1}},
        {"Operation": "read", "RecordType": "x"},
    ],
)
def test_records_of_other_logs_are_left_alone(record: dict[str, Any]) -> None:
    assert reshape(record) is None


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SPELLINGS = "auditData o365audit event operation id ID recordtype creationtime workload createdDateTime X_dynamic X_string"
KEYS = st.sampled_from(
    [*RECORD, *SEARCH_ROW, *PORTAL_ROW, *OFFICE_ROW, *SPELLINGS.split(), "TimeGenerated [UTC]"]
)
RECORDS = st.dictionaries(KEYS | st.text(), JSON, max_size=10)
WRAPPED = st.builds(
    lambda outer, key, inner, is_text: outer | {key: json.dumps(inner) if is_text else inner},
    RECORDS,
    st.sampled_from(["AuditData", "auditData", "o365audit", "Parameters", "Target"]),
    RECORDS,
    st.booleans(),
)


def leaves(value: Any) -> Iterator[str]:
    """The scalars within, as text, JSON within text opened: what a search finds in a record."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str) and value.lstrip()[:1] in {"{", "[", '"'}:
        try:
            yield from leaves(json.loads(value, strict=False))
        except ValueError:
            yield value
    elif value is not None and value != "":
        yield str(value)


@settings(max_examples=250, deadline=None)
@given(RECORDS | WRAPPED)
def test_nothing_raises_and_no_value_is_lost(record: dict[str, Any]) -> None:
    before = json.dumps(record)
    shaped = reshape(record)
    assert json.dumps(record) == before, "the record that was given is not changed"
    assert shaped == reshape(record)
    if shaped is not None and "postreset_problem" in shaped:
        shaped = json.loads(shaped["record"])
    if shaped is not None:
        assert set(leaves(record)) <= set(leaves(shaped))


def test_every_search_row_of_the_real_exports_gives_its_record(real_logs: Path) -> None:
    rows = []
    for path in sorted((real_logs / "m365" / "det-eng-samples").glob("*.csv")):
        rows += csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))
    assert len(rows) == 46
    for row in rows:
        shaped = reshape(row)
        assert shaped is not None
        assert json.loads(row["AuditData"]).items() <= shaped.items()
        assert shaped["CreationDate"] == row["CreationDate"]


def test_the_rows_of_a_real_powershell_export(real_logs: Path) -> None:
    folder = real_logs / "m365" / "det-eng-samples"
    listed = json.loads((folder / "t1114.003_rule_mail_forward_same_dest.json").read_text("utf-8-sig"))
    single = json.loads((folder / "t1564.008_rule_mark_as_read_move.json").read_text("utf-8-sig"))
    shaped = [reshape(row) for row in [*listed, single]]
    assert [(row or {}).get("Id") for row in shaped] == [
        "80ab29e3-9b72-425c-deba-08dce867426a",
        "80ab29e3-9b72-425c-deba-08dce757425a",
        "67c49fce-3920-4f29-1393-08dce72b48fc",
    ]
    assert [(row or {}).get("CreationTime") for row in shaped] == [
        "2024-10-08T05:08:37",
        "2024-10-08T05:11:07",
        "2024-10-07T23:46:37",
    ]
    assert shaped[2] is not None
    assert shaped[2]["CreationDate"] == "/Date(1728344797000)/"
    assert (shaped[2]["ResultIndex"], shaped[2]["AuditRow"]) == (2, {"RecordType": "ExchangeAdmin"})


def test_the_documents_of_real_filebeat_samples(real_logs: Path) -> None:
    documents = []
    for path in sorted((real_logs / "m365" / "elastic").glob("*.json")):
        documents += json.loads(path.read_text("utf-8"))["events"]
    assert len(documents) == 357
    broken = 0
    for document in documents:
        shaped = reshape(document)
        assert shaped is not None
        broken += "event" in shaped  # its text is not the record
        assert {key: value for key, value in shaped.items() if key != "event"} == document["o365audit"]
    assert broken == 2


def test_the_labelled_events_of_real_rule_tests(real_logs: Path) -> None:
    lines = (real_logs / "m365" / "panther" / "microsoft_rules.jsonl").read_text("utf-8").splitlines()
    shaped = [reshape(json.loads(line)["log"]) for line in lines]
    assert [index for index, record in enumerate(shaped) if record is None] == [19, 20, 21, 22, 23, 24]
    assert all(record["Id"] and record["CreationTime"] for record in shaped if record is not None)
    assert shaped[9] == {
        "ClientIP": "1.2.3.4",
        "CreationTime": "2022-12-12 22:19:00",
        "ExternalAccess": False,
        "Id": "111-22-33",
        "ObjectId": "homer.simpson",
        "Operation": "Set-Mailbox",
        "OrganizationId": "11-aa-bb",
        "OrganizationName": "simpsons.onmicrosoft.com",
        "OriginatingServer": "QWERTY (1.2.3.4)",
        "Parameters": [
            {"Name": "Identity", "Value": "homer.simpson@simpsons.onmicrosoft.com"},
            {"Name": "ForwardingSmtpAddress", "Value": "smtp:peter.griffin@familyguy.com"},
            {"Name": "DeliverToMailboxAndForward", "Value": "False"},
        ],
        "RecordType": 1,
        "ResultStatus": "True",
        "UserId": "homer.simpson@simpsons.onmicrosoft.com",
        "UserKey": "12345",
        "UserType": 2,
        "Workload": "Exchange",
    }
