"""The other records of diagnostic settings: what each gives in the columns of `events`."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
WORKSPACE = "aaaaaaaa-0000-4000-8000-000000000002"
SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000003"
USER = "cccccccc-0000-4000-8000-000000000003"
SP = "cccccccc-0000-4000-8000-000000000005"
WHEN = "2026-03-02T09:14:05.1234567Z"

HUB = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.EventHub/namespaces/hub1"

REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("elastic/test-application-gateway-raw.log", 0, {
        "event_id": "sha256:", "occurred_at": "2017-04-26T19:27:38", "tenant_id": "23103928-b2cf-472a-8cdb-0146e2849129",
        "service": "microsoft.network", "action": "ApplicationGatewayAccess", "outcome": "failure", "error_code": "404",
        "source_ip": "67.43.156.7",
        "target_id": "/subscriptions/23103928-b2cf-472a-8cdb-0146e2849129/resourcegroups/peeringtest/providers/microsoft.network/applicationgateways/application-gateway-name",
        "target_name": "application-gateway-name", "target_kind": "applicationgateways",
    }),
    ("elastic/test-application-gateway-raw.log", 3, {
        "event_id": "sha256:", "occurred_at": "2023-01-20T21:25:55", "tenant_id": "1496a758-b2ff-43ef-b738-8e9eb5161a86",
        "service": "microsoft.network", "action": "ApplicationGatewayFirewall", "outcome": "unknown", "source_ip": "52.161.109.147",
        "target_id": "/subscriptions/1496a758-b2ff-43ef-b738-8e9eb5161a86/resourcegroups/yam-development/providers/microsoft.network/applicationgateways/ag-yams-dev-01",
        "target_name": "ag-yams-dev-01", "target_kind": "applicationgateways",
    }),
    ("elastic/test-platformlogs-edgecases.log", 0, {
        "event_id": "sha256:", "occurred_at": "2020-11-03T09:06:42", "tenant_id": "7657426d-c4c3-44ac-88a2-3b2cd59e6dba",
        "region": "West Europe", "service": "microsoft.eventhub", "action": "Retreive ConsumerGroup", "outcome": "success",
        "principal_name": "Portal", "source_ip": "2a02:cf40:add:4002:91f2:a9b2:e09a:6fc6",
        "target_id": "/subscriptions/7657426d-c4c3-44ac-88a2-3b2cd59e6dba/resourcegroups/obs-test/providers/microsoft.eventhub/namespaces/obstesteventhubs",
        "target_name": "obstesteventhubs", "target_kind": "namespaces",
    }),
    ("elastic/test-platformlogs-identity-raw.log", 0, {
        "event_id": "sha256:", "occurred_at": "2020-11-09T10:57:31", "tenant_id": "70bd6e77-4b1e-4835-8896-db77b8eef364",
        "service": "microsoft.containerservice", "action": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
        "outcome": "unknown", "principal_name": "Michael Dell",
        "target_id": "/subscriptions/70bd6e77-4b1e-4835-8896-db77b8eef364/resourcegroups/obs-infrastructure/providers/microsoft.containerservice/managedclusters/obskube",
        "target_name": "obskube", "target_kind": "managedclusters",
    }),
    ("elastic/test-platformlogs-invalid-raw.log", 2, {
        "event_id": "sha256:", "occurred_at": "2022-04-16T09:22:24", "tenant_id": "2f4c7d23-b548-4fcc-8d25-7f6c4404642e",
        "region": "westeurope", "service": "microsoft.devices", "action": "deviceDisconnect", "outcome": "failure",
        "error_code": "DeviceConnectionClosedRemotely",
        "target_id": "/subscriptions/2f4c7d23-b548-4fcc-8d25-7f6c4404642e/resourcegroups/warema-devicecloud-prod-we-rg/providers/microsoft.devices/iothubs/devicecloud-prod-we-iothub",
        "target_name": "devicecloud-prod-we-iothub", "target_kind": "iothubs",
    }),
    ("elastic/test-provisioninglogs-raw.log", 0, {
        "event_id": "d6cbb0bd-c3ec-6455-bd3e-4282141ce369", "occurred_at": "2022-08-23T13:36:50.353893",
        "received_at": "2022-08-23T13:36:50.353893", "tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "service": "microsoft.aadiam",
        "action": "Provisioning activity", "outcome": "unknown",
        "target_id": "/tenants/5611623b-9128-461e-9d7f-a0d9c270ead2/providers/microsoft.aadiam", "target_name": "microsoft.aadiam",
    }),
    ("elastic/test-provisioninglogs-raw.log", 2, {
        "event_id": "ebc7b845-7505-2dfa-269a-93257fab469a", "occurred_at": "2022-08-23T13:36:52.869547",
        "received_at": "2022-08-23T13:36:52.869547", "tenant_id": "5611623b-9128-461e-9d7f-a0d9c270ead2", "service": "microsoft.aadiam",
        "action": "Provisioning activity", "outcome": "failure", "error_code": "failure",
        "target_id": "/tenants/5611623b-9128-461e-9d7f-a0d9c270ead2/providers/microsoft.aadiam", "target_name": "microsoft.aadiam",
    }),
    ("elastic/test-springcloudlogs-edgecases.log", 1, {
        "event_id": "sha256:", "occurred_at": "2021-07-01T19:30:30.535404", "tenant_id": "edd63b67-0ba2-4837-a4eb-cd484e9ff623",
        "service": "microsoft.appplatform", "action": "Microsoft.AppPlatform/Spring/logs", "outcome": "unknown",
        "target_id": "/subscriptions/edd63b67-0ba2-4837-a4eb-cd484e9ff623/resourcegroups/sa-hemant/providers/microsoft.appplatform/spring/hm-sc-petclinic",
        "target_name": "hm-sc-petclinic", "target_kind": "spring",
    }),
    ("elastic/test-networkrules-raw.log", 3, {
        "event_id": "sha256:", "occurred_at": "2022-06-08T20:40:56.452538", "tenant_id": "23103928-b2cf-472a-8cdb-0146e2849129",
        "service": "microsoft.network", "action": "AzureFirewallNatRuleLog", "outcome": "unknown",
        "target_id": "/subscriptions/23103928-b2cf-472a-8cdb-0146e2849129/resourcegroups/test-fw-rg/providers/microsoft.network/azurefirewalls/test-fw01",
        "target_name": "test-fw01", "target_kind": "azurefirewalls",
    }),
    ("sumologic/blob_fixtures.json", 0, {
        "event_id": "sha256:", "occurred_at": "2024-08-19T18:00:06.894438", "tenant_id": "11111111-2222-3333-a4b6-000000000000",
        "service": "microsoft.network", "action": "NetworkSecurityGroupFlowEvents", "outcome": "unknown",
        "target_id": "/subscriptions/11111111-2222-3333-a4b6-000000000000/resourcegroups/vm-test/providers/microsoft.network/networksecuritygroups/test-nsg",
        "target_name": "test-nsg", "target_kind": "networksecuritygroups",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, "azure_resource")
    assert_columns(found, {"source": "azure_resource", "provider": "azure", **expected})


def one(**fields: object) -> dict[str, Any]:
    return stage([{"time": WHEN, "category": "X", "resourceId": HUB, **fields}], "azure_resource", reshape)[0]


def test_a_row_of_azure_diagnostics() -> None:
    row = {
        "TimeGenerated": WHEN, "Category": "OperationalLogs", "ResourceId": HUB.upper(), "OperationName": "Create Queue", "ResultType": "Failed",
        "ResultDescription": "denied", "CallerIPAddress": "192.0.2.7", "Location": "westeurope", "TenantId": WORKSPACE, "Caller": "ada@example.com",
    }  # fmt: skip
    found = stage([row], "azure_resource")[0]
    expected = {
        "occurred_at": datetime(2026, 3, 2, 9, 14, 5, 123456), "tenant_id": SUBSCRIPTION, "region": "westeurope", "service": "microsoft.eventhub",
        "action": "Create Queue", "outcome": "failure", "error_code": "denied", "principal_name": "ada@example.com", "principal_kind": "user",
        "source_ip": "192.0.2.7", "target_id": HUB.lower(), "target_name": "hub1", "target_kind": "namespaces",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"resultType": "Success"}, "success"), ({"resultType": "Succeeded."}, "success"), ({"resultType": "0"}, "success"), ({"resultType": 200}, "success"),
        ({"status": "Failed"}, "failure"), ({"Status": "Succeeded"}, "success"), ({"resultType": "404104"}, "failure"), ({"resultSignature": "403"}, "failure"),
        ({"properties": {"httpStatus": 502}}, "failure"), ({"properties": '{"statusCode": "200"}'}, "success"), ({"resultType": "Skipped"}, "unknown"), ({}, "unknown"),
    ],
)  # fmt: skip
def test_the_outcome_is_told_in_many_ways_or_not(fields: dict[str, Any], outcome: str) -> None:
    assert one(**fields)["outcome"] == outcome


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("Ada", (None, "Ada", None)),
        ("ada@example.com", (None, "ada@example.com", "user")),
        ({"claims": {"upn": "ada@example.com", "oid": USER}}, (USER, "ada@example.com", "user")),
        ({"claim": {"oid": SP}}, (SP, None, "service_principal")),
        ('{"claim": {"oid": "x"}}', ("x", None, "service_principal")),
        ([], (None, None, None)),
    ],
)
def test_an_identity_is_a_name_or_claims(identity: object, expected: tuple[str | None, ...]) -> None:
    found = one(identity=identity)
    assert (found["principal_id"], found["principal_name"], found["principal_kind"]) == expected


def test_a_provisioning_of_graph_is_known_by_its_tenant() -> None:
    item = {
        "id": "p-1", "activityDateTime": WHEN, "provisioningAction": "create", "tenantId": TENANT, "provisioningStatusInfo": {"status": "failure"},
    }  # fmt: skip
    found = stage([item], "azure_resource", reshape)[0]
    assert (found["event_id"], found["tenant_id"], found["outcome"]) == ("p-1", TENANT, "failure")
    assert found["occurred_at"] == datetime(2026, 3, 2, 9, 14, 5, 123456)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-02T09:14:05Z", "2026-03-02T09:14:05"), ("2026-03-02T09:14:05.12Z", "2026-03-02T09:14:05.120000"),
        ("2026-03-02T09:14:05.123Z", "2026-03-02T09:14:05.123000"), ("2026-03-02T09:14:05.12345Z", "2026-03-02T09:14:05.123450"),
        ("2026-03-02T09:14:05.123456Z", "2026-03-02T09:14:05.123456"), ("2026-03-02T09:14:05.1234567Z", "2026-03-02T09:14:05.123456"),
        ("2026-03-02T09:14:05.123456789Z", "2026-03-02T09:14:05.123456"), ("2026-03-02T09:14:05.1234567+00:00", "2026-03-02T09:14:05.123456"),
        ("2026-03-02T11:14:05+02:00", "2026-03-02T09:14:05"), ("2026-03-02 09:14:05.000000000", "2026-03-02T09:14:05"),
        ("2026-03-02T9:14:05.1Z", "2026-03-02T09:14:05.100000"), ("12/13/2024 4:34:03 PM", "2024-12-13T16:34:03"),
        ("1/9/2007 10:41:00 AM +01:00", "2007-01-09T09:41:00"), ("4/28/2021, 2:32:14.029 PM", "2021-04-28T14:32:14.029000"),
        ("4/28/2021, 2:32:14\u202fPM", "2021-04-28T14:32:14"), (638754711120000000, "2025-02-18T10:25:12"), (1739874011, "2025-02-18T10:20:11"),
        (1739874011123, "2025-02-18T10:20:11.123000"), ("1739874011.5", "2025-02-18T10:20:11.500000"), ("/Date(1739874011123)/", "2025-02-18T10:20:11.123000"),
        ("28/4/2021, 2:32:14 PM", None), ("4/5/2021 14:32:14", None), ("REDACTED", None), ("", None), ({}, None), (True, None), (12, None),
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_form_that_exports_have_and_never_guessed(
    written: object, expected: str | None
) -> None:
    found = one(time=written)["occurred_at"]
    assert (found and found.isoformat()) == expected
