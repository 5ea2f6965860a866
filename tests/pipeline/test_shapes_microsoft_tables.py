"""Rows of Log Analytics and of the Entra admin center, from any export, brought into those of the tables."""

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


# --- Log Analytics ----------------------------------------------------------------------------------------------


def test_a_row_of_the_portals_csv_has_the_tables_names_and_no_empty_cells() -> None:
    row = {
        "TimeGenerated [UTC]": "4/28/2021, 2:32:14.029 PM", "CreatedDateTime [UTC]": "4/28/2021, 2:30:00.000 PM", "$table": "SigninLogs",
        "Status_dynamic": '{"errorCode":0}', "Status_string": "", "DeviceDetail_dynamic": "", "DeviceDetail_string": "{'deviceId': 'd-1'}",
        "IsInteractive": "TRUE", "IsRisky": "", "UserId": USER, "id_s": "kept",
    }  # fmt: skip
    assert reshaped(row) == {
        "TimeGenerated": "4/28/2021, 2:32:14.029 PM", "CreatedDateTime": "4/28/2021, 2:30:00.000 PM", "Type": "SigninLogs",
        "Status": '{"errorCode":0}', "DeviceDetail": {"deviceId": "d-1"}, "IsInteractive": True, "UserId": USER, "id_s": "kept",
    }  # fmt: skip


def test_a_time_of_another_zone_keeps_its_header() -> None:
    row = {"TimeGenerated [Local Time]": "4/28/2021, 2:32:14.029 PM", "Type": "SigninLogs"}
    assert reshape(row) is row


@pytest.mark.parametrize(
    ("row", "table", "column"),
    [
        ({"timegenerated": WHEN, "category": "SignInLogs", "ipaddress": "192.0.2.7"}, "SigninLogs", "IPAddress"),
        ({"timeGenerated": WHEN, "type": "AADUserRiskEvents", "ipaddress": "192.0.2.7"}, "AADUserRiskEvents", "IpAddress"),
        ({"TIMEGENERATED": WHEN, "RISKEVENTTYPE": "x", "USERID": USER}, "AADUserRiskEvents", "RiskEventType"),
        ({"TimeGenerated": WHEN, "RiskEventType": "x", "ServicePrincipalId": SP}, "AADServicePrincipalRiskEvents", "ServicePrincipalId"),
        ({"TimeGenerated": WHEN, "RiskLastUpdatedDateTime": WHEN}, "AADRiskyUsers", "RiskLastUpdatedDateTime"),
        ({"TimeGenerated": WHEN, "RequestUri": "/", "RequestMethod": "GET", "ApiVersion": "v1.0"}, "MicrosoftGraphActivityLogs", "RequestUri"),
        ({"TimeGenerated": WHEN, "LoggedByService": "Core Directory"}, "AuditLogs", "LoggedByService"),
        ({"TimeGenerated": WHEN, "OperationNameValue": "A/B/WRITE"}, "AzureActivity", "OperationNameValue"),
        ({"TimeGenerated": WHEN, "Category": "StorageRead", "ServiceType": "file"}, "StorageFileLogs", "ServiceType"),
        ({"TimeGenerated": WHEN, "_ResourceId": "/x/microsoft.keyvault/vaults/v", "OperationName": "SecretGet"}, "AZKVAuditLogs", "_ResourceId"),
        (
            {"TimeGenerated": WHEN, "ResourceProvider": "MICROSOFT.KEYVAULT", "Category": "AuditEvent", "OperationName": "x"},
            "AzureDiagnostics",
            "ResourceProvider",
        ),
        ({"TimeGenerated": WHEN, "CreatedDateTime": WHEN, "ConditionalAccessStatus": "x", "UserId": USER, "IsInteractive": False},
         "AADNonInteractiveUserSignInLogs", "UserId"),
        ({"TimeGenerated": WHEN, "CreatedDateTime": WHEN, "ConditionalAccessStatus": "x", "ServicePrincipalId": SP, "UserId": ""},
         "AADServicePrincipalSignInLogs", "ServicePrincipalId"),
        ({"TimeGenerated": WHEN, "CreatedDateTime": WHEN, "ConditionalAccessStatus": "x", "ServicePrincipalId": SP, "SourceAppClientId": APP},
         "AADManagedIdentitySignInLogs", "SourceAppClientId"),
    ],
)  # fmt: skip
def test_a_row_without_the_name_of_its_table_is_known_by_its_columns(
    row: Record, table: str, column: str
) -> None:
    found = reshaped(row)
    assert found["Type"] == table
    assert column in found
    assert found["TimeGenerated"] == WHEN


def test_an_old_row_of_azure_activity_has_its_operation_from_what_was_authorized() -> None:
    row = {
        "TimeGenerated [UTC]": "4/26/2021, 7:17:58.447 PM", "OperationName": "Update Incidents", "ActivityStatus": "Succeeded",
        "Authorization": '{"action": "Microsoft.SecurityInsights/incidents/write"}', "EventDataId": "e-1", "CallerIpAddress": "",
    }  # fmt: skip
    found = reshaped(row)
    assert found["OperationNameValue"] == "Microsoft.SecurityInsights/incidents/write"
    assert (found["OperationName"], found["ActivityStatusValue"]) == ("Update Incidents", "Succeeded")
    assert found["Type"] == "AzureActivity"


@pytest.mark.parametrize(
    "cell",
    [
        "{'a': " * 5000 + "1" + "}" * 5000,
        "{'a': 1" + " " * 70_000 + "}",
        "{'a': {1, 2}}",
        "{1: 'a'}",
        "{'a': 1e999}",
        "{'a': b'x'}",
        "{'a': __import__('os')}",
        '{"a": "it\'s JSON"}',
    ],
)
def test_a_cell_that_is_no_plain_python_literal_stays_as_it_is(cell: str) -> None:
    row = {"TimeGenerated [UTC]": WHEN, "Type": "SigninLogs", "Status": cell}
    assert reshaped(row)["Status"] == cell


def test_two_columns_of_one_name_both_stay() -> None:
    row = {
        "TimeGenerated": WHEN,
        "Type": "SigninLogs",
        "status": "first",
        "Status": "second",
        "Status_string": "third",
    }
    assert sorted(map(str, reshaped(row).values())) == sorted(
        [WHEN, "SigninLogs", "first", "second", "third"]
    )


# --- downloads of the Entra admin center ------------------------------------------------------------------------


def test_a_downloaded_sign_in_becomes_a_row_of_its_table() -> None:
    row = {
        "Date (UTC)": "2026-03-02T09:14:05Z", "Request ID": "s-1", "User agent": "curl", "Correlation ID": "c-1", "User ID": USER, "User": "Ada",
        "Username": "ada@example.com", "Incoming token type": "none", "Incoming token type (2)": "none", "Application": "Portal",
        "Application ID ": APP, "Resource": "Graph", "Resource ID ": SP, "Home tenant ID": TENANT, "IP address": "192.0.2.7",
        "Location": "Haarlem, Noord-Holland, NL", "Status": "Failure", "Sign-in error code": "50126", "Failure reason": "Invalid password",
        "Device ID": "d-1", "Browser": "Edge", "Compliant": "", "Session ID": "sess-1", "Autonomous system  number": "64500",
        "Multifactor authentication result": "", "Authentication requirement": "Multifactor authentication", "Managed Identity type": "",
    }  # fmt: skip
    assert reshaped(row) == {
        "Type": "SigninLogs", "Category": "SignInLogs", "OperationName": "Sign-in activity", "CreatedDateTime": "2026-03-02T09:14:05Z",
        "Id": "s-1", "UserAgent": "curl", "CorrelationId": "c-1", "UserId": USER, "UserDisplayName": "Ada", "UserPrincipalName": "ada@example.com",
        "IncomingTokenType": "none", "Incoming token type (2)": "none", "AppDisplayName": "Portal", "AppId": APP, "ResourceDisplayName": "Graph",
        "ResourceIdentity": SP, "HomeTenantId": TENANT, "IPAddress": "192.0.2.7", "Location": "Haarlem, Noord-Holland, NL",
        "LocationDetails": {"city": "Haarlem", "state": "Noord-Holland", "countryOrRegion": "NL"}, "ResultSignature": "Failure",
        "ResultType": "50126", "ResultDescription": "Invalid password", "DeviceDetail": {"deviceId": "d-1", "browser": "Edge"},
        "SessionId": "sess-1", "AutonomousSystemNumber": "64500", "AuthenticationRequirement": "Multifactor authentication",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "table", "result_type"),
    [
        ({"Username": "ada@example.com", "Status": "Success"}, "SigninLogs", "0"),
        ({"Username": "ada@example.com", "Status": "Interrupted"}, "SigninLogs", "Interrupted"),
        ({"User ID": USER, "Interactive": "No", "Sign-in error code": "0"}, "AADNonInteractiveUserSignInLogs", "0"),
        ({"Service principal ID": SP, "Credential key ID": "k", "Sign-in error code": "7000215"}, "AADServicePrincipalSignInLogs", "7000215"),
        (
            {"Service principal ID": SP, "Managed Identity type": "System assigned", "Status": "Success"},
            "AADManagedIdentitySignInLogs",
            "0",
        ),
    ],
)  # fmt: skip
def test_a_downloaded_sign_in_is_of_the_kind_that_it_tells(
    cells: Record, table: str, result_type: str
) -> None:
    found = reshaped({"Date (UTC)": "2026-03-02T09:14:05Z", "Request ID": "s-1", **cells})
    assert (found["Type"], found["ResultType"]) == (table, result_type)


def test_a_downloaded_audit_row_becomes_a_row_of_its_table() -> None:
    row = {
        "Date (UTC)": "2026-03-02T09:14:05.1234567+00:00", "CorrelationId": "c-1", "Service": "Core Directory", "Category": "UserManagement",
        "Activity": "Reset user password", "Result": "Success", "ResultReason": "", "User Agent": "curl", "ActorType": "User",
        "ActorDisplayName": "Ada", "ActorObjectId": USER, "ActorUserPrincipalName": "ada@example.com", "IPAddress": "192.0.2.7",
        "Target1Type": "User", "Target1ObjectId": SP, "Target1UserPrincipalName": "bob@example.com", "Target1ModifiedProperty2Name": "B",
        "Target1ModifiedProperty1Name": "A", "Target1ModifiedProperty1OldValue": "[]", "Target1ModifiedProperty1NewValue": '["x"]',
        "Target2Type": "", "AdditionalDetail1Key": "AppId", "AdditionalDetail1Value": APP,
    }  # fmt: skip
    assert reshaped(row) == {
        "Type": "AuditLogs", "ActivityDateTime": "2026-03-02T09:14:05.1234567+00:00", "CorrelationId": "c-1", "LoggedByService": "Core Directory",
        "Category": "UserManagement", "OperationName": "Reset user password", "Result": "Success",
        "InitiatedBy": {"user": {"actorType": "User", "displayName": "Ada", "id": USER, "userPrincipalName": "ada@example.com", "ipAddress": "192.0.2.7"}},
        "TargetResources": [
            {"type": "User", "id": SP, "userPrincipalName": "bob@example.com",
             "modifiedProperties": [{"displayName": "A", "oldValue": "[]", "newValue": '["x"]'}, {"displayName": "B"}]},
        ],
        "AdditionalDetails": [{"key": "User-Agent", "value": "curl"}, {"key": "AppId", "value": APP}],
    }  # fmt: skip


def test_an_application_that_acted_is_told_by_its_service_principal() -> None:
    row = {
        "Date (UTC)": WHEN,
        "Service": "s",
        "Activity": "a",
        "CorrelationId": "c",
        "ActorType": "Application",
        "ActorObjectId": SP,
    }
    assert reshaped(row)["InitiatedBy"] == {"app": {"actorType": "Application", "servicePrincipalId": SP}}
