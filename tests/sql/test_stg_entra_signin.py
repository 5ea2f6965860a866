"""Sign-ins of users to Entra ID in all their shapes: what each gives in the columns of `events`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, read_records, staged_columns
from tests.sql.stage import stage

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
WORKSPACE = "aaaaaaaa-0000-4000-8000-000000000002"
USER = "cccccccc-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
WHEN = "2026-03-02T09:14:05.1234567Z"

REAL: list[tuple[str, str, int, dict[str, Any]]] = [
    ("entra_signin", "elastic/test-signinlogs-raw.log", 0, {
        "event_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "occurred_at": "2019-10-18T09:45:48.072989",
        "received_at": "2019-10-18T09:45:48.072989", "tenant_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "action": "Sign-in activity",
        "outcome": "failure", "error_code": "50140", "is_read_only": False, "principal_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "principal_name": "test@elastic.co", "principal_kind": "user", "app_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "source_ip": "81.2.69.144", "country": "FR", "target_kind": "application",
    }),
    ("entra_signin", "elastic/test-signinlogs-raw.log", 1, {
        "event_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "occurred_at": "2019-10-18T09:45:48.072989",
        "received_at": "2019-10-18T09:45:48.072989", "tenant_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "action": "Sign-in activity",
        "outcome": "failure", "error_code": "50140", "is_read_only": False, "principal_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "principal_name": "c3813493-bf92-5123-2717-8a8b2979c38b", "principal_kind": "user",
        "app_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "source_ip": "81.2.69.144", "country": "FR", "target_kind": "application",
    }),
    ("entra_signin", "elastic/test-signinlogs-sample.log", 0, {
        "event_id": "933f20c0-efdf-477f-9586-e5cc566d2e00", "occurred_at": "2022-01-24T05:10:08.681666",
        "received_at": "2022-01-24T05:10:08.681666", "tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
        "service": "Windows Azure Service Management API", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "2ce85a15-8640-465d-b916-d2eac620a717", "principal_name": "mpliftrelastic20210901@outlook.com",
        "principal_kind": "user", "principal_tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
        "token_id": "OTMzZjIwYzAtZWZkZi00NzdmLTk1ODYtZTVjYzU2NmQyZTAw", "is_mfa": False,
        "app_id": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "source_ip": "1.128.3.4",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/97.0.4692.99 Safari/537.36 Edg/97.0.1072.69",
        "country": "IN", "asn": 55836, "target_id": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "target_name": "Windows Azure Service Management API", "target_kind": "application",
        "target_tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
    }),
    ("entra_signin", "sekoia/azure-ad.jsonl", 7, {
        "event_id": "88888888-8888-8888-8888-888888888888", "occurred_at": "2022-04-05T13:07:16.779653",
        "received_at": "2022-04-05T13:07:16.779653", "tenant_id": "22222222-2222-2222-2222-222222222222",
        "service": "Office 365 Exchange Online", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "user1", "principal_name": "ANONYMIZED", "principal_kind": "user",
        "principal_tenant_id": "66666666-6666-6666-6666-666666666666", "token_id": "11111111111111111111111111", "is_mfa": False,
        "app_id": "66666666-6666-6666-6666-666666666666", "source_ip": "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "user_agent": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14326; Pro)",
        "target_id": "66666666-6666-6666-6666-666666666666", "target_name": "Office 365 Exchange Online", "target_kind": "application",
        "target_tenant_id": "66666666-6666-6666-6666-666666666666",
    }),
    ("entra_signin", "sekoia/azure-ad.jsonl", 17, {
        "event_id": "44444444-4444-4444-4444-444444444444", "occurred_at": "2023-10-04T13:06:18.961719",
        "received_at": "2023-10-04T13:09:02.679994", "tenant_id": "11111111-1111-1111-1111-111111111111", "action": "Sign-in activity",
        "outcome": "success", "is_read_only": False, "principal_id": "22222222-2222-2222-2222-222222222222",
        "principal_name": "jane.doe@example.org", "principal_kind": "user",
        "principal_tenant_id": "11111111-1111-1111-1111-111111111111", "token_id": "aaaaaaaaaaaaaaaaaaaaaa", "is_mfa": False,
        "app_id": "66666666-6666-6666-6666-666666666666", "device_id": "44444444-4444-4444-4444-444444444444", "source_ip": "5.6.7.8",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1.2.3.4 Safari/537.36 Edg/116.0.1938.98",
        "country": "FR", "asn": 5410, "target_id": "77777777-7777-7777-7777-777777777777", "target_kind": "application",
        "target_tenant_id": "11111111-1111-1111-1111-111111111111",
    }),
    ("entra_signin", "sekoia/azure-ad.jsonl", 18, {
        "event_id": "11111111-1111-1111-6666-111111111111", "occurred_at": "2025-02-17T08:35:37.654480",
        "received_at": "2025-02-17T08:38:07.599102", "tenant_id": "11111111-1111-1111-6666-777777777777",
        "service": "Windows Azure Active Directory", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "user1", "principal_name": "john.doe@example.com", "principal_kind": "user",
        "principal_tenant_id": "11111111-1111-1111-1111-222222222222", "session_id": "11111111-1111-1111-1111-666666666666",
        "token_id": "aEQ2qLOsqkS86zz3OHIeAA", "is_mfa": True, "app_id": "11111111-1111-1111-2222-999999999999", "source_ip": "1.2.3.4",
        "user_agent": "aaa", "country": "FR", "asn": 16509, "target_id": "11111111-1111-1111-1111-222222222222",
        "target_name": "Windows Azure Active Directory", "target_kind": "application",
        "target_tenant_id": "11111111-1111-1111-1111-222222222222",
    }),
    ("entra_signin", "sekoia/microsoft-entraid-graphapi.jsonl", 78, {
        "event_id": "00000000-0000-0000-0000-000000000000", "occurred_at": "2023-12-01T16:03:35", "service": "Microsoft Graph",
        "action": "Sign-in activity", "outcome": "success", "is_read_only": False, "principal_id": "user1",
        "principal_name": "ANONYMIZED_VALUE", "principal_kind": "user", "app_id": "00000000-0000-0000-0000-000000000000",
        "source_ip": "192.0.2.1", "country": "US", "target_id": "00000000-0000-0000-0000-000000000000",
        "target_name": "Microsoft Graph", "target_kind": "application",
    }),
    ("entra_signin", "msgraph-docs/signin_directoryaudit_examples.jsonl", 14, {
        "event_id": "66ea54eb-blah-4ee5-be62-ff5a759b0100", "occurred_at": "2020-03-13T19:15:41.619583", "service": "Microsoft Graph",
        "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "26be570a-1111-5555-b4e2-a37c6808512d", "principal_name": "testaccount1@contoso.com", "principal_kind": "user",
        "is_mfa": True, "app_id": "de8bc8b5-5555-6666-a8ad-b748da725064", "source_ip": "131.107.159.37",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0.3987.132 Safari/537.36 Edg/80.0.361.66",
        "country": "US", "target_id": "00000003-0000-0000-c000-000000000000", "target_name": "Microsoft Graph",
        "target_kind": "application",
    }),
    ("entra_signin", "msgraph-docs/signin_directoryaudit_examples.jsonl", 15, {
        "event_id": "b01b1726-0147-425e-a7f7-21f252050400", "occurred_at": "2018-11-06T18:48:33.852714",
        "service": "Windows Azure Service Management API", "action": "Sign-in activity", "outcome": "unknown", "is_read_only": False,
        "principal_id": "d7cc485d-2c1b-422c-98fd-5ce52859a4a3", "principal_name": "jdoe@contoso.com", "principal_kind": "user",
        "is_mfa": False, "app_id": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "source_ip": "131.107.159.37", "country": "US",
        "target_id": "797f4846-ba00-4fd7-ba43-dac1f8f63013", "target_name": "Windows Azure Service Management API",
        "target_kind": "application",
    }),
    ("entra_signin", "msgraph-docs/signin_directoryaudit_examples.jsonl", 22, {
        "event_id": "66ea54eb-6301-4ee5-be62-ff5a759b0100", "occurred_at": "2020-03-13T19:15:41.619583", "service": "Microsoft Graph",
        "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "26be570a-ae82-4189-b4e2-a37c6808512d", "principal_name": "testaccount1@contoso.com", "principal_kind": "user",
        "app_id": "de8bc8b5-d9f9-48b1-a8ad-b748da725064", "source_ip": "131.107.159.37", "country": "US",
        "target_id": "00000003-0000-0000-c000-000000000000", "target_name": "Microsoft Graph", "target_kind": "application",
    }),
    ("entra_signin_noninteractive", "elastic/test-activitylogs-edgecases.log", 2, {
        "event_id": "29dcc432-5e8a-4659-9f03-6ede18400300", "occurred_at": "2022-03-22T10:48:48.855881",
        "received_at": "2022-03-22T10:48:48.855881", "tenant_id": "c7f1e3ce-ba66-40a7-91bd-9594b36223fc", "service": "Microsoft Graph",
        "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "bc9c1bee-4c9b-499f-bbbb-11ec68546d75", "principal_name": "Michell Lan@zzzz.com", "principal_kind": "user",
        "principal_tenant_id": "c7f1e3ce-ba66-40a7-91bd-9594b36223fc", "token_id": "MjlkY2M0MzItNWU4YS00NjU5LTlmMDMtNmVkZTE4NDAwMzAw",
        "is_mfa": True, "app_id": "d3590ed6-52b3-4102-aeff-aad2292ab01c",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.102 Safari/537.36 Edge/18.19043",
        "country": "GB", "asn": 5607, "target_id": "00000003-0000-0000-c000-000000000000", "target_name": "Microsoft Graph",
        "target_kind": "application", "target_tenant_id": "c7f1e3ce-ba66-40a7-91bd-9594b36223fc",
    }),
    ("entra_signin_noninteractive", "elastic/test-non-interactive-user-sample.log", 0, {
        "event_id": "290faffa-477b-4b28-ae92-579daae7b000", "occurred_at": "2022-01-24T05:10:14.187560",
        "received_at": "2022-01-24T05:10:14.187560", "tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
        "service": "Windows Azure Service Management API", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "2ce85a15-8640-465d-b916-d2eac620a717", "principal_name": "mpliftrelastic20210901@outlook.com",
        "principal_kind": "user", "principal_tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
        "token_id": "MjkwZmFmZmEtNDc3Yi00YjI4LWFlOTItNTc5ZGFhZTdiMDAw", "is_mfa": False,
        "app_id": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "source_ip": "1.128.3.4", "country": "IN", "asn": 55836,
        "target_id": "797f4846-ba00-4fd7-ba43-dac1f8f63013", "target_name": "Windows Azure Service Management API",
        "target_kind": "application", "target_tenant_id": "4bbb79f7-5724-4c9e-95f3-de075f6ec090",
    }),
    ("entra_signin_noninteractive", "elastic/test-non-interactive-user.log", 0, {
        "event_id": "22222222-fb7b-4f83-bf74-3876f9ef3900", "occurred_at": "2021-07-30T11:20:59.778916",
        "received_at": "2021-07-30T11:20:59.778916", "tenant_id": "22222222-902d-4dea-8026-5a790862fede",
        "service": "Office 365 Exchange Online", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "22222222-473d-4f4e-a526-ff54e71afe84", "principal_name": "hello.world@company.de", "principal_kind": "user",
        "principal_tenant_id": "22222222-902d-4dea-8026-5a790862fede", "is_mfa": False,
        "app_id": "22222222-bce4-4aaf-ab1b-5451cc387264", "device_id": "22222222-1e7a-44dc-8bc9-5736d8e2b063",
        "source_ip": "81.2.69.144",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.102 Safari/537.36 Edge/18.18363",
        "country": "DE", "asn": 3320, "target_id": "22222222-0000-0ff1-ce00-000000000000", "target_name": "Office 365 Exchange Online",
        "target_kind": "application", "target_tenant_id": "22222222-902d-4dea-8026-5a790862fede",
    }),
    ("entra_signin_noninteractive", "sekoia/azure-ad.jsonl", 19, {
        "event_id": "77777777-7777-7777-7777-777777777777", "occurred_at": "2025-07-24T15:30:17.797441",
        "received_at": "2025-07-24T15:32:44.244219", "tenant_id": "22222222-1111-1111-1111-222222222222",
        "service": "Microsoft Intune Checkin", "action": "Sign-in activity", "outcome": "success", "is_read_only": False,
        "principal_id": "user1", "principal_name": "john.doe@company.com", "principal_kind": "user",
        "principal_tenant_id": "99999999-9999-9999-9999-999999999999", "session_id": "22222222-2222-2222-2222-222222222222",
        "token_id": "URB3vEvKUUuClWlFhN4gAA", "is_mfa": False, "app_id": "66666666-6666-6666-6666-666666666666",
        "device_id": "11111111-1111-1111-1111-111111111111", "source_ip": "1.2.3.4",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.102 Safari/537.36 Edge/18.22631",
        "country": "FR", "asn": 62044, "target_id": "99999999-9999-9999-9999-999999999999", "target_name": "Microsoft Intune Checkin",
        "target_kind": "application", "target_tenant_id": "99999999-9999-9999-9999-999999999999",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("source", "file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, source: str, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, source)
    assert_columns(found, {"source": source, "provider": "azure", **expected})


def test_a_row_without_any_time_is_given_none(real_logs: Path) -> None:
    rows = stage(
        read_records(real_logs / "azure/sentinel-training-lab/disable_accounts.csv"), "entra_signin", reshape
    )
    assert len(rows) == 4
    assert {row["occurred_at"] for row in rows} == {None}
    assert rows[0]["event_id"] == "698711b3-cf4e-45f4-ae04-d4e340f06b00"
    assert {(row["error_code"], row["country"], row["source_ip"]) for row in rows} == {
        ("50057", "KP", "175.45.176.99")
    }


def one(record: dict[str, Any], source: str) -> dict[str, Any]:
    return stage([record], source, reshape)[0]


def test_a_sign_in_at_adfs() -> None:
    adfs = {
        "TimeGenerated": WHEN,
        "Type": "ADFSSignInLogs",
        "Category": "ADFSSignInLogs",
        "Id": "f-1",
        "UserPrincipalName": "ada@example.com",
        "ResultType": "300030",
    }
    found = one(adfs, "entra_signin")
    assert (found["event_id"], found["principal_name"], found["error_code"]) == (
        "f-1",
        "ada@example.com",
        "300030",
    )


def test_a_portals_csv_of_log_analytics() -> None:
    row = {
        "TimeGenerated [UTC]": "4/28/2021, 2:32:14.029 PM", "CreatedDateTime [UTC]": "4/28/2021, 2:30:01.5 PM", "$table": "AADNonInteractiveUserSignInLogs",
        "Status_dynamic": "", "Status_string": "{'errorCode': 50126}", "DeviceDetail_dynamic": json.dumps({"deviceId": "d-1"}), "DeviceDetail_string": "",
        "LocationDetails": json.dumps({"countryOrRegion": "NL"}), "ResultType": "", "UserId": USER, "AADTenantId": TENANT, "TenantId": WORKSPACE, "IsRisky": "",
    }  # fmt: skip
    found = one(row, "entra_signin_noninteractive")
    assert found["occurred_at"] == datetime(2021, 4, 28, 14, 30, 1, 500000)
    assert (found["outcome"], found["error_code"], found["device_id"], found["country"]) == (
        "failure",
        "50126",
        "d-1",
        "NL",
    )
    assert (found["tenant_id"], found["principal_id"]) == (TENANT, USER)


def test_a_download_of_the_admin_center() -> None:
    row = {
        "Date (UTC)": "2026-03-02T09:14:05Z", "Request ID": "s-1", "User ID": USER, "Username": "ada@example.com", "IP address": "2001:db8::1",
        "Location": "Haarlem, Noord-Holland, NL", "Status": "Success", "Sign-in error code": "", "Application ID": APP, "Device ID": "d-1",
        "Authentication requirement": "Multifactor authentication", "Session ID": "sess-1", "Autonomous system  number": "64500", "Browser": "Edge",
        "Resource tenant ID": TENANT, "User agent": "curl", "Unique token identifier": "uti-1", "Resource ID": SP, "Resource": "Microsoft Graph",
    }  # fmt: skip
    found = one(row, "entra_signin")
    expected = {
        "event_id": "s-1", "occurred_at": datetime(2026, 3, 2, 9, 14, 5), "received_at": None, "tenant_id": TENANT, "outcome": "success", "error_code": None,
        "principal_id": USER, "principal_name": "ada@example.com", "principal_kind": "user", "source_ip": "2001:db8::1", "country": "NL", "asn": 64500,
        "app_id": APP, "device_id": "d-1", "is_mfa": True, "session_id": "sess-1", "token_id": "uti-1", "user_agent": "curl", "target_id": SP,
        "target_name": "Microsoft Graph", "service": "Microsoft Graph",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "outcome", "error_code"),
    [
        ({"resultType": "0"}, "success", None),
        ({"resultType": 0}, "success", None),
        ({"resultType": "Success"}, "success", None),
        ({"resultType": "50126"}, "failure", "50126"),
        ({"resultType": "Failure"}, "failure", "failure"),
        ({"resultType": "Failure", "properties": {"status": {"errorCode": 50126}}}, "failure", "50126"),
        ({"properties": {"status": {"errorCode": 0}}}, "success", None),
        ({"properties": {"status": '{"errorCode": 50140}'}}, "failure", "50140"),
        ({"properties": {"status": "Success"}}, "success", None),
        ({"properties": {"status": {}}}, "unknown", None),
        ({"resultType": {"a": 1}}, "unknown", None),
        ({}, "unknown", None),
    ],
)
def test_the_outcome_is_a_code_or_a_word(
    fields: dict[str, Any], outcome: str, error_code: str | None
) -> None:
    found = one({"time": WHEN, "category": "SignInLogs", **fields}, "entra_signin")
    assert (found["outcome"], found["error_code"]) == (outcome, error_code)


@pytest.mark.parametrize(
    "address", ["<null>", SP, "127.0.0.0/8", "", None, "<Redacted>:58555", "host.example.com"]
)
def test_what_is_no_address_is_none(address: str | None) -> None:
    record = {
        "time": WHEN,
        "category": "SignInLogs",
        "callerIpAddress": address,
        "properties": {"ipAddress": address},
    }
    assert one(record, "entra_signin")["source_ip"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"properties": {"location": {"countryOrRegion": "NL"}}},
        {"properties": {"location": '{"countryOrRegion": "NL"}'}},
        {"properties": {"location": "NL"}},
        {"location": "NL", "properties": {"location": {"countryOrRegion": ""}}},
        {"location": {"countryOrRegion": "NL"}},
    ],
)
def test_the_country_is_in_a_text_or_an_object(fields: dict[str, Any]) -> None:
    assert one({"time": WHEN, "category": "SignInLogs", **fields}, "entra_signin")["country"] == "NL"
