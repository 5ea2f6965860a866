"""Objects of Microsoft Graph, in the spelling of any client, brought into the shape of diagnostic settings."""

from typing import Any

import pytest

from pipeline.shapes.microsoft import reshape

Record = dict[str, Any]

TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
USER = "cccccccc-0000-4000-8000-000000000003"
APP = "cccccccc-0000-4000-8000-000000000004"
SP = "cccccccc-0000-4000-8000-000000000005"
WHEN = "2026-03-02T09:14:05.1234567Z"


def reshaped(record: Record) -> Record:
    found = reshape(record)
    assert found is not None
    return found


GRAPH_SIGN_IN = {
    "id": "s-1",
    "createdDateTime": WHEN,
    "userPrincipalName": "ada@example.com",
    "userId": USER,
    "appId": APP,
    "isInteractive": True,
    "conditionalAccessStatus": "success",
    "status": {"errorCode": 0},
}


@pytest.mark.parametrize(
    ("change", "category"),
    [
        ({}, "SignInLogs"),
        ({"isInteractive": False}, "NonInteractiveUserSignInLogs"),
        ({"isInteractive": False, "signInEventTypes": ["interactiveUser"]}, "SignInLogs"),
        ({"signInEventTypes": ["nonInteractiveUser"]}, "NonInteractiveUserSignInLogs"),
        ({"signInEventTypes": ["servicePrincipal"]}, "ServicePrincipalSignInLogs"),
        ({"signInEventTypes": ["managedIdentity"]}, "ManagedIdentitySignInLogs"),
        ({"userId": "", "userPrincipalName": None, "servicePrincipalId": SP}, "ServicePrincipalSignInLogs"),
        (
            {
                "userId": "",
                "userPrincipalName": "",
                "servicePrincipalId": SP,
                "managedServiceIdentity": {"msiType": "x"},
            },
            "ManagedIdentitySignInLogs",
        ),
    ],
)
def test_a_graph_sign_in_gets_the_category_of_its_kind(change: Record, category: str) -> None:
    sign_in = GRAPH_SIGN_IN | change
    assert reshaped(sign_in) == {
        "category": category,
        "operationName": "Sign-in activity",
        "properties": sign_in,
    }


def test_a_graph_sign_in_is_read_in_the_spelling_of_powershell_and_of_python() -> None:
    powershell = {
        "Id": "s-1", "CreatedDateTime": WHEN, "UserPrincipalName": "ada@example.com", "IPAddress": "192.0.2.7",
        "IsInteractive": False, "Status": {"ErrorCode": 50126, "FailureReason": "Invalid"}, "AppliedConditionalAccessPolicies": [{"DisplayName": "p"}],
    }  # fmt: skip
    assert reshaped(powershell) == {
        "category": "NonInteractiveUserSignInLogs",
        "operationName": "Sign-in activity",
        "properties": {
            "id": "s-1", "createdDateTime": WHEN, "userPrincipalName": "ada@example.com", "ipAddress": "192.0.2.7",
            "isInteractive": False, "status": {"errorCode": 50126, "failureReason": "Invalid"},
            "appliedConditionalAccessPolicies": [{"displayName": "p"}],
        },
    }  # fmt: skip
    python = {
        "id": "s-1",
        "created_date_time": WHEN,
        "user_id": USER,
        "is_interactive": True,
        "status": {"error_code": 0},
    }
    assert reshaped(python)["properties"] == {
        "id": "s-1", "createdDateTime": WHEN, "userId": USER, "isInteractive": True, "status": {"errorCode": 0},
    }  # fmt: skip


def test_a_graph_audit_says_what_its_targets_are() -> None:
    audit = {
        "id": "a-1", "activityDateTime": WHEN, "activityDisplayName": "Add member to group", "category": "GroupManagement",
        "initiatedBy": {"user": {"id": USER}}, "tenantId": TENANT,
        "targetResources": [
            {"id": "g", "Type": "Group"},
            {"id": USER, "@odata.type": "#microsoft.graph.targetResourceUser"},
            {"id": "d", "type": "Device"},
            "junk",
        ],
    }  # fmt: skip
    found = reshaped(audit)
    assert (found["category"], found["operationName"], found["tenantId"]) == (
        "AuditLogs",
        "Add member to group",
        TENANT,
    )
    assert found["properties"]["category"] == "GroupManagement"
    assert found["properties"]["targetResources"] == [
        {"id": "g", "type": "Group"},
        {"id": USER, "@odata.type": "#microsoft.graph.targetResourceUser", "type": "User"},
        {"id": "d", "type": "Device"},
        "junk",
    ]


@pytest.mark.parametrize(
    ("item", "category", "operation_name"),
    [
        ({"riskEventType": "x", "riskState": "atRisk", "activityDateTime": WHEN, "userId": USER}, "UserRiskEvents", "User Risk Detection"),
        ({"riskType": "x", "riskState": "atRisk", "detectedDateTime": WHEN, "userId": USER}, "UserRiskEvents", "User Risk Detection"),
        (
            {"riskEventType": "x", "riskState": "atRisk", "activityDateTime": WHEN, "servicePrincipalId": SP},
            "ServicePrincipalRiskEvents",
            "Service Principal Risk Detection",
        ),
        ({"riskState": "atRisk", "riskLastUpdatedDateTime": WHEN, "userPrincipalName": "a@example.com"}, "RiskyUsers", "Risky user"),
        ({"riskState": "atRisk", "riskLastUpdatedDateTime": WHEN, "appId": APP}, "RiskyServicePrincipals", "Risky service principal"),
    ],
)  # fmt: skip
def test_graph_risk_goes_to_its_category(item: Record, category: str, operation_name: str) -> None:
    assert reshaped(item) == {"category": category, "operationName": operation_name, "properties": item}


def test_graph_provisioning_gets_the_resource_that_its_export_has() -> None:
    item = {"id": "p-1", "activityDateTime": WHEN, "provisioningAction": "create", "tenantId": TENANT}
    assert reshaped(item) == {
        "category": "ProvisioningLogs",
        "operationName": "Provisioning activity",
        "tenantId": TENANT,
        "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam",
        "time": WHEN,
        "properties": item,
    }
