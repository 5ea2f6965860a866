"""Risk detections and risk states in all their shapes: what each gives in the columns of `events`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

WORKSPACE = "aaaaaaaa-0000-4000-8000-000000000002"
USER = "cccccccc-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
WHEN = "2026-03-02T09:14:05.1234567Z"

REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("elastic/test-userriskevents-raw.log", 0, {
        "event_id": "ce0ed07f9ccf5be15e4b97d2979af6569b1f67db87ddc9b88b5bb743ea091e47", "occurred_at": "2022-08-22T18:05:06.133000",
        "received_at": "2022-08-22T18:07:16", "tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "service": "IdentityProtection",
        "action": "anonymizedIPAddress", "outcome": "unknown", "is_read_only": False,
        "principal_id": "51e26eae-d07b-44e5-bb0b-249f49569a8c", "principal_name": "joe.danger@mauriziobrancaoutlook.onmicrosoft.com",
        "principal_kind": "user", "principal_tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "source_ip": "67.43.156.42",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; rv:91.0) Gecko/20100101 Firefox/91.0", "country": "DE",
        "target_id": "51e26eae-d07b-44e5-bb0b-249f49569a8c", "target_name": "joe.danger@mauriziobrancaoutlook.onmicrosoft.com",
        "target_kind": "user",
    }),
    ("elastic/test-userriskevents-raw.log", 1, {
        "event_id": "d93ffb8db664e4e8bd08db6e183b6390dacf00553cc5768aac83012e2dc7c2c9", "occurred_at": "2022-09-08T12:53:53.895000",
        "received_at": "2022-09-09T09:54:27", "tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "service": "IdentityProtection",
        "action": "passwordSpray", "outcome": "unknown", "is_read_only": False, "principal_id": "e3b2b242-4ccb-4cf1-9b8b-004cf034a458",
        "principal_name": "joel.miller@mauriziobrancaoutlook.onmicrosoft.com", "principal_kind": "user",
        "principal_tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "source_ip": "67.43.156.42",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; rv:91.0) Gecko/20100101 Firefox/91.0", "country": "US",
        "target_id": "e3b2b242-4ccb-4cf1-9b8b-004cf034a458", "target_name": "joel.miller@mauriziobrancaoutlook.onmicrosoft.com",
        "target_kind": "user",
    }),
    ("elastic/test-rickyusers-raw.log", 0, {
        "event_id": "51e26eae-d07b-44e5-bb0b-249f49569a8c", "occurred_at": "2022-08-22T18:11:52.702000",
        "received_at": "2022-08-22T18:11:52", "tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "service": "IdentityProtection",
        "action": "Risky user", "outcome": "unknown", "is_read_only": False, "target_id": "51e26eae-d07b-44e5-bb0b-249f49569a8c",
        "target_name": "joe.danger@mauriziobrancaoutlook.onmicrosoft.com", "target_kind": "user",
    }),
    ("elastic/test-rickyusers-raw.log", 1, {
        "event_id": "e3b2b242-4ccb-4cf1-9b8b-004cf034a458", "occurred_at": "2022-09-09T09:59:27.958000",
        "received_at": "2022-09-09T09:59:27", "tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "service": "IdentityProtection",
        "action": "Risky user", "outcome": "unknown", "is_read_only": False, "target_id": "e3b2b242-4ccb-4cf1-9b8b-004cf034a458",
        "target_name": "joel.miller@mauriziobrancaoutlook.onmicrosoft.com", "target_kind": "user",
    }),
    ("sekoia/azure-ad.jsonl", 22, {
        "event_id": "7c7668bf6b9324b33680508b470da8193ff9bb551d9b420f64111b1e3b257b7f/dismissed",
        "occurred_at": "2022-03-24T14:40:04.234000", "received_at": "2022-03-24T14:42:35",
        "tenant_id": "11111111-1111-1111-1111-111111111111", "service": "IdentityProtection", "action": "unfamiliarFeatures",
        "outcome": "unknown", "is_read_only": False, "principal_id": "user1", "principal_name": "ANONYMIZED", "principal_kind": "user",
        "principal_tenant_id": "22222222-2222-2222-2222-222222222222", "source_ip": "1.2.3.4",
        "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "country": "FR", "target_id": "user1", "target_name": "ANONYMIZED", "target_kind": "user",
    }),
    ("sekoia/azure-ad.jsonl", 23, {
        "event_id": "527e981ab0f7ca8b686173c77337138107d8854ce5f7307b06f1edb19398d18b", "occurred_at": "2023-10-26T05:32:08.107000",
        "received_at": "2022-03-24T14:42:35", "tenant_id": "11111111-1111-1111-1111-111111111111", "service": "IdentityProtection",
        "action": "unfamiliarFeatures", "outcome": "unknown", "is_read_only": False, "principal_id": "user1",
        "principal_name": "ANONYMIZED", "principal_kind": "user", "principal_tenant_id": "22222222-2222-2222-2222-222222222222",
        "source_ip": "5.6.7.8",
        "user_agent": "Mozilla/5.0 (Linux; Android 12; CPH2005 Build/RKQ1.211103.002; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/1.2.3.4 Mobile Safari/537.36 PKeyAuth/1.0",
        "country": "FR", "target_id": "user1", "target_name": "ANONYMIZED", "target_kind": "user",
    }),
    ("sekoia/azure-ad.jsonl", 24, {
        "event_id": "111111111111111111111111111111111111/dismissed", "occurred_at": "2024-12-13T16:31:49.945000",
        "received_at": "2024-12-13T16:34:03", "tenant_id": "22222222-2222-2222-2222-222222222222", "service": "IdentityProtection",
        "action": "unfamiliarFeatures", "outcome": "unknown", "is_read_only": False, "principal_id": "user1",
        "principal_name": "ANONYMIZED", "principal_kind": "user", "principal_tenant_id": "33333333-3333-3333-3333-333333333333",
        "source_ip": "1.2.3.4",
        "user_agent": "Mozilla/5.0 (Linux; Android 14; SM-S911B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.105 Mobile Safari/537.36 PKeyAuth/1.0",
        "country": "FR", "target_id": "user1", "target_name": "ANONYMIZED", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 2, {
        "event_id": "6a5874ca-abcd-9d82-5ad39bd71600/remediated", "occurred_at": "2018-09-05T00:09:18.782285",
        "service": "activeDirectory", "action": "unfamiliarFeatures", "outcome": "unknown", "is_read_only": False,
        "principal_id": "abcdefab-af90-4edf-ac4c-742ff06735d0", "principal_name": "olack@adatum.com", "principal_kind": "user",
        "source_ip": "123.456.7.89",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/68.0.3440.106 Safari/537.36",
        "country": "US", "target_id": "abcdefab-af90-4edf-ac4c-742ff06735d0", "target_name": "olack@adatum.com", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 6, {
        "event_id": "1d68fc3d60d012ff80ad4b16818bf304df1bde295fdf1db31fa5389ba9532cd1", "occurred_at": "2018-09-05T00:09:18.782285",
        "service": "Identity Protection", "action": "unfamiliarFeatures", "outcome": "unknown", "is_read_only": False,
        "principal_id": "abcdefab-af90-4edf-ac4c-742ff06735d0", "principal_name": "user@abcde.com", "principal_kind": "user",
        "source_ip": "123.456.7.89",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/68.0.3440.106 Safari/537.36",
        "country": "US", "target_id": "abcdefab-af90-4edf-ac4c-742ff06735d0", "target_name": "user@abcde.com", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 7, {
        "event_id": "41a31b00-3b3b-42d9-8f1c-6d4f14e74c69/remediated", "occurred_at": "2019-05-03T03:50:34.956557",
        "service": "IdentityProtection", "action": "Risky user", "outcome": "unknown", "is_read_only": False,
        "principal_id": "68ca8ec0-11f8-456b-a785-70d9936650d5", "target_id": "41a31b00-3b3b-42d9-8f1c-6d4f14e74c69",
        "target_name": "AllanD@contoso.OnMicrosoft.com", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 9, {
        "event_id": "c2b6c2b9-dddc-acd0-2b39-d519d803dbc3", "occurred_at": "2016-01-29T20:03:57.787242",
        "service": "IdentityProtection", "action": "Risky user", "outcome": "unknown", "is_read_only": False,
        "target_id": "c2b6c2b9-dddc-acd0-2b39-d519d803dbc3", "target_name": "alexw@contoso.com", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 18, {
        "event_id": "6a5874ca-abcd-9d82-5ad39bd71600/remediated", "occurred_at": "2018-09-05T00:09:18.782285",
        "service": "activeDirectory", "action": "unfamiliarFeatures", "outcome": "unknown", "is_read_only": False,
        "principal_id": "abcdefab-af90-4edf-ac4c-742ff06735d0", "principal_name": "olack@adatum.com", "principal_kind": "user",
        "source_ip": "123.456.7.89",
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/68.0.3440.106 Safari/537.36",
        "country": "US", "target_id": "abcdefab-af90-4edf-ac4c-742ff06735d0", "target_name": "olack@adatum.com", "target_kind": "user",
    }),
    ("msgraph-docs/signin_directoryaudit_examples.jsonl", 20, {
        "event_id": "d1d4a5d4-a5d4-d1d4-d4a5-d4d1d4a5d4d1/string", "service": "IdentityProtection", "action": "Risky user",
        "outcome": "unknown", "is_read_only": False, "target_id": "d1d4a5d4-a5d4-d1d4-d4a5-d4d1d4a5d4d1", "target_name": "String",
        "target_kind": "user",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, "entra_risk")
    assert_columns(found, {"source": "entra_risk", "provider": "azure", **expected})


def one(record: dict[str, Any]) -> dict[str, Any]:
    return stage([record], "entra_risk", reshape)[0]


def test_a_detection_in_log_analytics() -> None:
    row = {
        "TimeGenerated": "2026-03-02T10:00:00Z", "Type": "AADUserRiskEvents", "TenantId": WORKSPACE, "Id": "r-1", "ActivityDateTime": WHEN, "Source": "IdentityProtection",
        "DetectedDateTime": "2026-03-02T09:50:00Z", "RiskEventType": "anomalousToken", "RiskState": "atRisk", "UserId": USER, "UserPrincipalName": "ada@example.com",
        "IpAddress": "192.0.2.7", "Location": json.dumps({"countryOrRegion": "NL"}), "OperationName": "User Risk Detection",
        "AdditionalInfo": json.dumps([{"Key": "userAgent", "Value": "curl"}]),
    }  # fmt: skip
    found = one(row)
    expected = {
        "event_id": "r-1", "occurred_at": datetime(2026, 3, 2, 9, 14, 5, 123456), "received_at": datetime(2026, 3, 2, 10), "tenant_id": None,
        "action": "anomalousToken", "service": "IdentityProtection", "outcome": "unknown", "principal_id": USER, "principal_name": "ada@example.com",
        "principal_kind": "user", "target_id": USER, "target_kind": "user", "source_ip": "192.0.2.7", "country": "NL", "user_agent": "curl",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_a_service_principal_at_risk() -> None:
    row = {
        "TimeGenerated": WHEN, "Type": "AADServicePrincipalRiskEvents", "Id": "r-2", "DetectedDateTime": WHEN, "RiskEventType": "leakedCredentials",
        "RiskState": "atRisk", "ServicePrincipalId": SP, "ServicePrincipalDisplayName": "robot", "AppId": APP,
    }  # fmt: skip
    found = one(row)
    assert (found["principal_id"], found["principal_name"], found["principal_kind"]) == (
        SP,
        "robot",
        "service_principal",
    )
    assert (found["target_id"], found["target_kind"], found["app_id"]) == (SP, "serviceprincipal", APP)
    state = {
        "category": "RiskyServicePrincipals",
        "properties": {
            "id": SP,
            "riskState": "atRisk",
            "riskLastUpdatedDateTime": WHEN,
            "displayName": "robot",
        },
    }
    found = one(state)
    assert (found["principal_id"], found["target_id"], found["target_name"]) == (None, SP, "robot")
    assert found["action"] == "Risky service principal"


def test_each_state_of_a_detection_is_an_event_of_its_own() -> None:
    detection = {"id": "r-1", "riskEventType": "x", "activityDateTime": WHEN}
    records = [
        {"category": "UserRiskEvents", "properties": detection | {"riskState": state}}
        for state in ("atRisk", "remediated", "dismissed", None)
    ]
    assert [row["event_id"] for row in stage(records, "entra_risk")] == [
        "r-1",
        "r-1/remediated",
        "r-1/dismissed",
        "r-1",
    ]
