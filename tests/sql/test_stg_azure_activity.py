"""The Azure activity log in all its shapes: what each gives in the columns of `events`."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape
from tests.sql.real_logs import assert_columns, staged_columns
from tests.sql.stage import stage

SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000003"
USER = "cccccccc-0000-4000-8000-000000000003"
SP = "cccccccc-0000-4000-8000-000000000005"
WHEN = "2026-03-02T09:14:05.1234567Z"

OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
SCOPE = "http://schemas.microsoft.com/identity/claims/scope"

REAL: list[tuple[str, int, dict[str, Any]]] = [
    ("elastic/test-activitylogs-raw.log", 0, {
        "event_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53/MICROSOFT.EVENTHUB/NAMESPACES/AUTHORIZATIONRULES/LISTKEYS/ACTION/start/",
        "occurred_at": "2019-10-24T00:13:46.355425", "tenant_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "service": "microsoft.eventhub", "action": "MICROSOFT.EVENTHUB/NAMESPACES/AUTHORIZATIONRULES/LISTKEYS/ACTION",
        "outcome": "unknown", "is_read_only": False, "principal_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "principal_kind": "service_principal", "principal_tenant_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "token_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53", "app_id": "8a4de8b5-095c-47d0-a96f-a75130c61d53",
        "source_ip": "81.2.69.144",
        "target_id": "/subscriptions/8a4de8b5-095c-47d0-a96f-a75130c61d53/resourcegroups/sa-hema/providers/microsoft.eventhub/namespaces/azurelsevents/authorizationrules/rootmanagesharedaccesskey",
        "target_name": "rootmanagesharedaccesskey", "target_kind": "namespaces/authorizationrules/listkeys",
    }),
    ("elastic/test-activitylogs-edgecases.log", 0, {
        "event_id": "1c867fe2-050c-4a74-bb1c-a83b15246fdd/MICROSOFT.RESOURCEHEALTH/HEALTHEVENT/UPDATED/ACTION/updated/",
        "occurred_at": "2021-05-25T22:04:07.220000", "tenant_id": "00000000-0000-0000-0000-000000000000",
        "service": "microsoft.resourcehealth", "action": "MICROSOFT.RESOURCEHEALTH/HEALTHEVENT/UPDATED/ACTION", "outcome": "unknown",
        "is_read_only": False,
        "target_id": "/subscriptions/00000000-0000-0000-0000-000000000000/providers/microsoft.domainregistration",
        "target_name": "microsoft.domainregistration", "target_kind": "healthevent/updated",
    }),
    ("dynatrace/log3_extracted.json", 0, {
        "event_id": "0c808bf1-beec-4a23-88d7-ed1a5adcbee6/MICROSOFT.RESOURCES/SUBSCRIPTIONS/RESOURCEGROUPS/DELETE/success/",
        "occurred_at": "2023-12-12T12:06:20.055946", "tenant_id": "69349acf-2a6c-409d-a925-96ba0c5f099f",
        "service": "microsoft.resources", "action": "MICROSOFT.RESOURCES/SUBSCRIPTIONS/RESOURCEGROUPS/DELETE", "outcome": "success",
        "is_read_only": False, "principal_id": "f7202482-ee08-4d1c-8665-1b25942e1c59",
        "principal_name": "user@gauravkcloudjournee.onmicrosoft.com", "principal_kind": "user",
        "principal_tenant_id": "4fcfc298-3c41-4567-89b7-982496662939", "token_id": "b1d2WtcbMEWnPgvXMWN6AA", "is_mfa": True,
        "app_id": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "source_ip": "49.207.199.30",
        "target_id": "/subscriptions/69349acf-2a6c-409d-a925-96ba0c5f099f/resourcegroups/defaultresourcegroup-eus",
        "target_name": "defaultresourcegroup-eus", "target_kind": "subscriptions/resourcegroups",
    }),
    ("sumologic/activity_log_fixtures.json", 0, {
        "event_id": "cdab1f54-adff-4d32-91ce-829db00381ae/MICROSOFT.WEB/SITES/CONFIG/WRITE/start/",
        "occurred_at": "2018-03-07T14:23:51.991000", "tenant_id": "c088dc46-d692-42ad-a4b6-9a542d28ad2a", "service": "microsoft.web",
        "action": "MICROSOFT.WEB/SITES/CONFIG/WRITE", "outcome": "unknown", "is_read_only": False,
        "principal_id": "95fdefa0-a7b8-47a3-b969-046862c9a979", "principal_name": "abc@itsumologic.onmicrosoft.com",
        "principal_kind": "user", "principal_tenant_id": "a39bedba-be8f-4c0f-bfe2-b8c7913501ea", "token_id": "kINdgmA35kmIMsXXinoXAA",
        "is_mfa": False, "app_id": "f64071b9-a79b-4655-9dad-3b3535e00b84", "source_ip": "111.93.54.106",
        "target_id": "/subscriptions/c088dc46-d692-42ad-a4b6-9a542d28ad2a/resourcegroups/testeventhublogs/providers/microsoft.web/sites/sumoazureauditapp/config/appsettings",
        "target_name": "appsettings", "target_kind": "sites/config",
    }),
    ("panther/azure_activity_rules.jsonl", 0, {
        "event_id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890/MICROSOFT.INSIGHTS/ACTIONGROUPS/DELETE/success/",
        "occurred_at": "2024-12-17T10:30:00", "tenant_id": "12345678-1234-1234-1234-123456789abc", "service": "microsoft.insights",
        "action": "MICROSOFT.INSIGHTS/ACTIONGROUPS/DELETE", "outcome": "success", "is_read_only": False, "source_ip": "1.1.1.1",
        "target_id": "/subscriptions/12345678-1234-1234-1234-123456789abc/resourcegroups/myresourcegroup/providers/microsoft.insights/actiongroups/securityteam",
        "target_name": "securityteam", "target_kind": "actiongroups",
    }),
    ("panther/azure_activity_rules.jsonl", 3, {
        "event_id": "00000000-0000-0000-0000-111111111111/MICROSOFT.ADVISOR/RECOMMENDATIONS/AVAILABLE/ACTION/active/",
        "occurred_at": "2025-12-22T08:46:29.678707", "tenant_id": "00000000-0000-0000-0000-111111111111",
        "service": "microsoft.advisor", "action": "MICROSOFT.ADVISOR/RECOMMENDATIONS/AVAILABLE/ACTION", "outcome": "unknown",
        "is_read_only": False, "principal_name": "Microsoft.Advisor", "source_ip": "0.0.0.0",
        "target_id": "/subscriptions/00000000-0000-0000-0000-111111111111/resourcegroups/example-rg/providers/microsoft.storage/storageaccounts/examplestorage",
        "target_name": "examplestorage", "target_kind": "recommendations/available",
    }),
    ("panther/azure_activity_rules.jsonl", 118, {
        "event_id": "f1e2d3c4-b5a6-7890-bcde-f12345678901/MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE/success/",
        "occurred_at": "2024-12-17T10:30:00", "tenant_id": "12345678-1234-1234-1234-123456789abc", "service": "microsoft.authorization",
        "action": "MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE", "outcome": "success", "is_read_only": False,
        "principal_id": "6b6d44f0-b13a-46a0-bfde-161324d4c34d", "principal_kind": "user", "source_ip": "1.1.1.1",
        "target_id": "/subscriptions/12345678-1234-1234-1234-123456789abc/providers/microsoft.authorization/roleassignments/a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "target_name": "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "target_kind": "roleassignments",
    }),
    ("panther/azure_activity_rules.jsonl", 121, {
        "event_id": "a1b2c3d4-e5f6-7890-1234-567890abcdef/MICROSOFT.AUTHORIZATION/ELEVATEACCESS/ACTION/success/",
        "occurred_at": "2024-12-24T15:45:00", "tenant_id": "87654321-4321-4321-4321-111111111111", "service": "microsoft.authorization",
        "action": "MICROSOFT.AUTHORIZATION/ELEVATEACCESS/ACTION", "outcome": "success", "is_read_only": False,
        "principal_name": "attacker@example.com", "principal_kind": "user", "source_ip": "203.0.113.42",
        "target_id": "/providers/microsoft.authorization", "target_name": "microsoft.authorization", "target_kind": "elevateaccess",
    }),
    ("panther/azure_activity_rules.jsonl", 141, {
        "event_id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890/MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION/success/",
        "occurred_at": "2024-12-24T10:30:00", "tenant_id": "12345678-1234-1234-1234-123456789abc", "service": "microsoft.storage",
        "action": "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION", "outcome": "success", "is_read_only": False,
        "principal_name": "denethor@lotr.com", "principal_kind": "user", "source_ip": "1.1.1.1",
        "target_id": "/subscriptions/12345678-1234-1234-1234-123456789abc/resourcegroups/prod-rg/providers/microsoft.storage/storageaccounts/prodstorage123",
        "target_name": "prodstorage123", "target_kind": "storageaccounts/listkeys",
    }),
    ("panther/azure_activity_rules.jsonl", 143, {
        "event_id": "c3d4e5f6-a7b8-9012-cdef-222222222222/MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION/failed/",
        "occurred_at": "2024-12-24T12:00:00", "tenant_id": "12345678-1234-1234-1234-123456789abc", "service": "microsoft.storage",
        "action": "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION", "outcome": "failure", "error_code": "403", "is_read_only": False,
        "source_ip": "3.3.3.3",
        "target_id": "/subscriptions/12345678-1234-1234-1234-123456789abc/resourcegroups/prod-rg/providers/microsoft.storage/storageaccounts/prodstorage123",
        "target_name": "prodstorage123", "target_kind": "storageaccounts/listkeys",
    }),
    ("sekoia/azure-activity-logs.jsonl", 0, {
        "event_id": "77777777-7777-7777-7777-777777777777", "occurred_at": "2018-01-29T20:42:31.381067",
        "received_at": "2018-01-29T20:42:50.072482", "tenant_id": "<subscription id>", "service": "microsoft.network",
        "action": "MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WRITE", "outcome": "success", "is_read_only": False,
        "principal_id": "88888888-8888-8888-8888-888888888888", "principal_name": "REDACTED", "principal_kind": "user",
        "principal_tenant_id": "33333333-3333-3333-3333-333333333333", "token_id": "IdP3SUJGtkGlt7dDQVRPAA", "is_mfa": True,
        "app_id": "22222222-2222-2222-2222-222222222222", "device_id": "55555555-5555-5555-5555-555555555555", "source_ip": "1.2.3.4",
        "target_id": "/subscriptions/<subscription id>/resourcegroups/myresourcegroup/providers/microsoft.network/networksecuritygroups/mynsg",
        "target_name": "mynsg", "target_kind": "networksecuritygroups",
    }),
    ("sekoia/azure-activity-logs.jsonl", 1, {
        "event_id": "dddd3d3d-ee4e-ff5f-aa6a-bbbbbb7b7b7b", "occurred_at": "2017-07-21T09:24:13.522192",
        "received_at": "2017-07-21T09:24:15.657865", "tenant_id": "<subscription id>", "service": "microsoft.insights",
        "action": "MICROSOFT.INSIGHTS/ALERTRULES/RESOLVED/ACTION", "outcome": "unknown", "is_read_only": False,
        "principal_name": "Microsoft.Insights/alertRules", "principal_kind": "service",
        "target_id": "/subscriptions/<subscription id>/resourcegroups/myresourcegroup/providers/microsoft.classiccompute/domainnames/myresourcegroup/slots/production/roles/event.backgroundjobsworker.razzle",
        "target_name": "event.backgroundjobsworker.razzle", "target_kind": "alertrules/resolved",
    }),
    ("sekoia/azure-activity-logs.jsonl", 2, {
        "event_id": "11111111-1111-1111-1111-111111111111", "occurred_at": "2019-01-15T13:19:56.122764",
        "received_at": "2019-01-15T13:20:17.107767", "tenant_id": "<subscriptionid>", "service": "microsoft.authorization",
        "action": "MICROSOFT.AUTHORIZATION/POLICIES/AUDIT/ACTION", "outcome": "success", "is_read_only": False,
        "principal_id": "33333333-3333-3333-3333-333333333333", "principal_name": "99999999-9999-9999-9999-999999999999",
        "principal_kind": "service_principal", "principal_tenant_id": "66666666-6666-6666-6666-666666666666", "token_id": "UTI",
        "app_id": "22222222-2222-2222-2222-222222222222",
        "target_id": "/subscriptions/<subscriptionid>/resourcegroups/myresourcegroup/providers/microsoft.sql/servers/contososqlpolicy",
        "target_name": "contososqlpolicy", "target_kind": "policies/audit",
    }),
    ("sekoia/azure-activity-logs.jsonl", 3, {
        "event_id": "11111111-1111-1111-1111-111111111111", "occurred_at": "2017-10-18T06:02:18.617933",
        "received_at": "2017-10-18T06:02:52.217696", "tenant_id": "<subscription id>", "service": "microsoft.security",
        "action": "MICROSOFT.SECURITY/LOCATIONS/ALERTS/ACTIVATE/ACTION", "outcome": "unknown", "is_read_only": False,
        "target_id": "/subscriptions/<subscription id>/providers/microsoft.security/locations/centralus/alerts/987654321_22222222-2222-2222-2222-222222222222",
        "target_name": "987654321_22222222-2222-2222-2222-222222222222", "target_kind": "locations/alerts/activate",
    }),
    ("plaso/azure_activity_log.jsonl", 0, {
        "event_id": "587eda65-125e-48c2-9b04-ab5e8d3a1d8e", "occurred_at": "2022-02-09T03:04:54.297853",
        "received_at": "2022-02-09T03:06:00.182686", "tenant_id": "12345678-9abc-defg-hijk-lmnopqrstuvw",
        "service": "microsoft.compute", "action": "MICROSOFT.COMPUTE/DISKS/DELETE", "outcome": "unknown", "is_read_only": False,
        "principal_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "principal_kind": "service_principal",
        "principal_tenant_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "token_id": "AAAAAAAAAAAAAAAAAAAAAA",
        "app_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "source_ip": "1.2.3.4",
        "target_id": "/subscriptions/12345678-9abc-defg-hijk-lmnopqrstuvw/resourcegroups/test-resource-group/providers/microsoft.compute/disks/test-vm_disk1_cd8883de78cb4cda97cb858dfe0cda3a",
        "target_name": "test-vm_disk1_cd8883de78cb4cda97cb858dfe0cda3a", "target_kind": "disks",
    }),
    ("plaso/azure_activity_log.jsonl", 1, {
        "event_id": "648230f9-fba4-4def-8a83-118b158b748a", "occurred_at": "2022-02-09T03:04:26.492650",
        "received_at": "2022-02-09T03:05:52.293092", "tenant_id": "12345678-9abc-defg-hijk-lmnopqrstuvw",
        "service": "microsoft.compute", "action": "MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE", "outcome": "unknown",
        "is_read_only": False, "principal_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "principal_name": "fakeemail@fakedomain.com",
        "principal_kind": "user", "principal_tenant_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "token_id": "-AAAAAAAAAAAAAAAA_AAAA",
        "is_mfa": False, "app_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "source_ip": "1.2.3.4",
        "target_id": "/subscriptions/12345678-9abc-defg-hijk-lmnopqrstuvw/resourcegroups/test-resource-group/providers/microsoft.compute/virtualmachines/test-vm",
        "target_name": "test-vm", "target_kind": "virtualmachines",
    }),
    ("plaso/azure_activity_log.jsonl", 2, {
        "event_id": "b7c5ffc4-db38-48eb-8a66-ff67bbf05f93", "occurred_at": "2022-02-09T03:00:39.333461",
        "received_at": "2022-02-09T03:01:57.272674", "tenant_id": "12345678-9abc-defg-hijk-lmnopqrstuvw",
        "service": "microsoft.compute", "action": "MICROSOFT.COMPUTE/DISKS/WRITE", "outcome": "unknown", "is_read_only": False,
        "principal_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "principal_kind": "service_principal",
        "principal_tenant_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "token_id": "AAAAAAAAAAAAAAAAAAAAAA",
        "app_id": "12345678-9abc-defg-hijk-lmnopqrstuvw", "source_ip": "1.2.3.4",
        "target_id": "/subscriptions/12345678-9abc-defg-hijk-lmnopqrstuvw/resourcegroups/test-resource-group/providers/microsoft.compute/disks/test-vm_disk1_cd8883de78cb4cda97cb858dfe0cda3a",
        "target_name": "test-vm_disk1_cd8883de78cb4cda97cb858dfe0cda3a", "target_kind": "disks",
    }),
    ("sentinel-training-lab/azure_activity.csv", 0, {
        "event_id": "245f7f29-993c-40f8-a235-eb935eb71911", "occurred_at": "2021-04-26T19:17:58.447000",
        "received_at": "2021-04-26T19:18:24.156000", "tenant_id": "1c61ccbf-70b3-45a3-a1fb-848ce46d70a6",
        "service": "microsoft.securityinsights", "action": "MICROSOFT.SECURITYINSIGHTS/INCIDENTS/WRITE", "outcome": "success",
        "is_read_only": False, "principal_name": "yanivsh@buildseccxpninja.onmicrosoft.com", "principal_kind": "user",
        "source_ip": "175.45.176.99",
        "target_id": "/subscriptions/1c61ccbf-70b3-45a3-a1fb-848ce46d70a6/resourcegroups/cxe-yanivsh/providers/microsoft.operationalinsights/workspaces/yanivsh-sentinel/providers/microsoft.securityinsights/incidents/357c7b0c-bdd8-4807-acf1-c68245bb29d3",
        "target_name": "357c7b0c-bdd8-4807-acf1-c68245bb29d3", "target_kind": "incidents",
    }),
    ("sentinel-training-lab/azure_activity.csv", 1, {
        "event_id": "5ce9b826-1904-42c4-9b5f-269dcef94062", "occurred_at": "2021-04-26T19:17:58.252000",
        "received_at": "2021-04-26T19:18:24.156000", "tenant_id": "1c61ccbf-70b3-45a3-a1fb-848ce46d70a6",
        "service": "microsoft.securityinsights", "action": "MICROSOFT.SECURITYINSIGHTS/INCIDENTS/WRITE", "outcome": "unknown",
        "is_read_only": False, "principal_name": "yanivsh@buildseccxpninja.onmicrosoft.com", "principal_kind": "user",
        "source_ip": "52.232.188.154",
        "target_id": "/subscriptions/1c61ccbf-70b3-45a3-a1fb-848ce46d70a6/resourcegroups/cxe-yanivsh/providers/microsoft.operationalinsights/workspaces/yanivsh-sentinel/providers/microsoft.securityinsights/incidents/357c7b0c-bdd8-4807-acf1-c68245bb29d3",
        "target_name": "357c7b0c-bdd8-4807-acf1-c68245bb29d3", "target_kind": "incidents",
    }),
    ("sentinel-training-lab/azure_activity.csv", 120, {
        "event_id": "c99f2c76-7a1d-4103-9995-820d31ec48c4", "occurred_at": "2021-04-26T17:55:37.353000",
        "received_at": "2021-04-26T17:56:24.182000", "tenant_id": "1c61ccbf-70b3-45a3-a1fb-848ce46d70a6",
        "service": "microsoft.storage", "action": "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTACCOUNTSAS/ACTION", "outcome": "failure",
        "error_code": "Not Found (HTTP Status Code: 404)", "is_read_only": False,
        "principal_id": "688458d0-fa72-4d04-b39e-a6bcb958e61a", "principal_kind": "service_principal", "source_ip": "40.127.170.25",
        "target_id": "/subscriptions/1c61ccbf-70b3-45a3-a1fb-848ce46d70a6/resourcegroups/cxe-inwafula/providers/microsoft.storage/storageaccounts/iwcost",
        "target_name": "iwcost", "target_kind": "storageaccounts/listaccountsas",
    }),
    ("cloudgrappler/azure.json", 0, {
        "event_id": "21371283ghjgfsdb9876123", "tenant_id": "12937812uhg3uhj2qwgrfbhsdfgb138294e12ugv", "service": "microsoft.storage",
        "action": "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION", "outcome": "success", "is_read_only": False,
        "principal_name": "test@email", "principal_kind": "user", "source_ip": "11.11.11.10",
        "target_id": "/subscriptions/12937812uhg3uhj2qwgrfbhsdfgb138294e12ugv/resourcegroups/test/providers/microsoft.storage/storageaccounts/storagetest",
        "target_name": "storagetest", "target_kind": "storageaccounts/listkeys",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("file", "index", "expected"), REAL, ids=lambda value: str(value)[:60])
def test_a_real_record_gives_these_columns(
    real_logs: Path, file: str, index: int, expected: dict[str, Any]
) -> None:
    found = staged_columns(real_logs / "azure" / file, index, "azure_activity")
    assert_columns(found, {"source": "azure_activity", "provider": "azure", **expected})


def export(**fields: object) -> dict[str, Any]:
    return {
        "time": WHEN,
        "category": "Administrative",
        "resourceId": f"/subscriptions/{SUBSCRIPTION}",
        "operationName": "A/B/WRITE",
        **fields,
    }


def one(record: dict[str, Any]) -> dict[str, Any]:
    return stage([record], "azure_activity", reshape)[0]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Start", "unknown"), ("Started", "unknown"), ("Accept", "unknown"), ("Accepted", "unknown"), ("Active", "unknown"), ("", "unknown"),
        ("Success", "success"), ("Succeeded", "success"), ("Failure", "failure"), ("Failed", "failure"), ("Canceled", "failure"),
    ],
)  # fmt: skip
def test_only_the_last_row_of_an_operation_has_an_outcome(status: str, outcome: str) -> None:
    assert one(export(resultType=status))["outcome"] == outcome
    assert one(export(resultSignature=f"{status}."))["outcome"] == outcome
    row = {"TimeGenerated": WHEN, "Type": "AzureActivity", "OperationNameValue": "A/B/WRITE"}
    assert one(row | {"ActivityStatusValue": status})["outcome"] == outcome
    assert one(row | {"ActivityStatus": status})["outcome"] == outcome


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"identity": {"claims": {OBJECT_ID: USER, "idtyp": "user"}}}, (USER, None, "user")),
        ({"identity": {"claims": {OBJECT_ID: USER, SCOPE: "user_impersonation"}}}, (USER, None, "user")),
        ({"identity": {"claims": {OBJECT_ID: SP, "idtyp": "app"}}}, (SP, None, "service_principal")),
        ({"identity": {"claims": {OBJECT_ID: SP, "xms_mirid": "/subscriptions/x"}}}, (SP, None, "managed_identity")),
        ({"identity": json.dumps({"claims": {OBJECT_ID: USER, "name": "ada@example.com"}})}, (USER, "ada@example.com", "user")),
        ({"identity": {"claims": json.dumps({OBJECT_ID: USER})}}, (USER, None, "service_principal")),
        ({"caller": SP.upper()}, (SP, None, "service_principal")),
        ({"caller": "ada@example.com"}, (None, "ada@example.com", "user")),
        ({"caller": "Microsoft.Insights/alertRules"}, (None, "Microsoft.Insights/alertRules", "service")),
        ({"identity": {"authorization": {"evidence": {"principalId": USER.replace("-", ""), "principalType": "User"}}}}, (USER, None, "user")),
        ({"identity": {"authorization": {"evidence": {"principalId": SP, "principalType": "Group"}}}}, (None, None, None)),
        ({"identity": "Ada"}, (None, None, None)),
        ({"identity": ["Ada"]}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)  # fmt: skip
def test_the_caller_is_told_in_many_ways(fields: dict[str, Any], expected: tuple[str | None, ...]) -> None:
    found = one(export(**fields))
    assert (found["principal_id"], found["principal_name"], found["principal_kind"]) == expected


def test_an_operation_may_be_an_object_and_an_identity_beside_the_claims() -> None:
    record = export(
        operationName={"value": "Microsoft.Authorization/elevateAccess/action", "localizedValue": "x"},
        httpRequest={"clientIpAddress": "192.0.2.7"},
    )
    record["claims"] = {OBJECT_ID: USER}
    found = one(record)
    assert found["action"] == "MICROSOFT.AUTHORIZATION/ELEVATEACCESS/ACTION"
    assert (found["principal_id"], found["source_ip"]) == (USER, "192.0.2.7")
