"""One event of each source, as a diagnostic-settings export and as a Log Analytics row: the same columns of `events`; and a
value of a wrong type in each field, one at a time: an event all the same.

Shapes: Azure Monitor reference tables and the export schemas of Entra ID, the activity log, Storage and Key Vault.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.settings import sql_text
from tests.sql.stage import stage

TENANT, SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
USER, APP, SP, KEY = (f"cccccccc-0000-4000-8000-00000000000{n}" for n in range(3, 7))
WHEN = "2026-03-02T09:14:05.1234567Z"
VAULT = f"/SUBSCRIPTIONS/{SUBSCRIPTION.upper()}/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV1"
STORE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/store1"
OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
CLAIMS = {
    OBJECT_ID: USER,
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "Ada@Example.com",
    "uti": "IdP3SUJGtkGlt7dDQVRPAA",
    "appid": APP,
}
INITIATED_BY = {"user": {"id": USER, "userPrincipalName": "Ada@Example.com", "ipAddress": "192.0.2.7"}}
TARGETS = [
    {
        "id": SP,
        "displayName": "svc",
        "type": "ServicePrincipal",
        "modifiedProperties": [
            {
                "displayName": "KeyDescription",
                "oldValue": '["[KeyIdentifier=cccccccc-0000-4000-8000-0000000000ff,KeyType=Password]"]',
                "newValue": f'["[KeyIdentifier=cccccccc-0000-4000-8000-0000000000ff,KeyType=Password]","[KeyIdentifier={KEY},KeyType=Password]"]',
            }
        ],
    }
]


def text(value: Any) -> str:
    return json.dumps(value)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "entra_signin": (
        {
            "time": "2026-03-02T09:16:00Z", "category": "SignInLogs", "operationName": "Sign-in activity", "tenantId": TENANT, "resultType": "50126",
            "properties": {
                "id": "s-1", "createdDateTime": WHEN, "userId": USER, "userPrincipalName": "ada@example.com", "appId": APP, "ipAddress": "192.0.2.7",
                "sessionId": "sess-1", "uniqueTokenIdentifier": "uti-1", "autonomousSystemNumber": 64500, "deviceDetail": {"deviceId": "dev-1"},
                "location": {"countryOrRegion": "NL"}, "authenticationRequirement": "multiFactorAuthentication", "status": {"errorCode": 50126},
            },
        },
        {
            "TimeGenerated": "2026-03-02T09:16:00Z", "Type": "SigninLogs", "Category": "SignInLogs", "OperationName": "Sign-in activity", "AADTenantId": TENANT,
            "ResultType": "50126", "Id": "s-1", "CreatedDateTime": WHEN, "UserId": USER, "UserPrincipalName": "ada@example.com", "AppId": APP,
            "IPAddress": "192.0.2.7", "SessionId": "sess-1", "UniqueTokenIdentifier": "uti-1", "AutonomousSystemNumber": "64500",
            "DeviceDetail": text({"deviceId": "dev-1"}), "LocationDetails": text({"countryOrRegion": "NL"}), "Location": "NL",
            "AuthenticationRequirement": "multiFactorAuthentication",
        },
        {
            "event_id": "s-1", "tenant_id": TENANT, "outcome": "failure", "error_code": "50126", "principal_id": USER, "principal_name": "ada@example.com",
            "principal_kind": "user", "session_id": "sess-1", "token_id": "uti-1", "app_id": APP, "device_id": "dev-1", "source_ip": "192.0.2.7",
            "country": "NL", "asn": 64500, "is_mfa": True, "received_at": datetime(2026, 3, 2, 9, 16),
        },
    ),
    "entra_signin_service_principal": (
        {
            "time": WHEN, "category": "ServicePrincipalSignInLogs", "operationName": "Sign-in activity", "tenantId": TENANT, "resultType": "0",
            "properties": {"id": "p-1", "createdDateTime": WHEN, "servicePrincipalId": SP, "servicePrincipalName": "svc", "appId": APP, "userId": None,
                           "servicePrincipalCredentialKeyId": KEY.upper(), "ipAddress": "2001:DB8::1", "sessionId": "sess-2"},
        },
        {
            "TimeGenerated": WHEN, "Type": "AADServicePrincipalSignInLogs", "Category": "ServicePrincipalSignInLogs", "AADTenantId": TENANT, "ResultType": "0",
            "Id": "p-1", "CreatedDateTime": WHEN, "ServicePrincipalId": SP, "ServicePrincipalName": "svc", "AppId": APP,
            "ServicePrincipalCredentialKeyId": KEY.upper(), "IPAddress": "2001:DB8::1", "SessionId": "sess-2",
        },
        {
            "outcome": "success", "error_code": None, "principal_id": SP, "principal_name": "svc", "principal_kind": "service_principal", "credential_id": KEY,
            "credential_kind": "service_principal_key", "source_ip": "2001:db8::1",
        },
    ),
    "entra_audit": (
        {
            "time": WHEN, "category": "AuditLogs", "operationName": "Update application – Certificates and secrets management ", "tenantId": TENANT,
            "properties": {"id": "a-1", "activityDateTime": WHEN, "activityDisplayName": "Update application – Certificates and secrets management ",
                           "loggedByService": "Core Directory", "result": "success", "initiatedBy": INITIATED_BY, "targetResources": TARGETS},
        },
        {
            "TimeGenerated": WHEN, "Type": "AuditLogs", "Category": "ApplicationManagement", "AADTenantId": TENANT, "Id": "a-1", "ActivityDateTime": WHEN,
            "OperationName": "Update application – Certificates and secrets management ", "LoggedByService": "Core Directory", "Result": "success",
            "InitiatedBy": text(INITIATED_BY), "TargetResources": text(TARGETS),
        },
        {
            "event_id": "a-1", "action": "Update application - Certificates and secrets management", "service": "Core Directory", "outcome": "success",
            "principal_id": USER, "principal_name": "Ada@Example.com", "source_ip": "192.0.2.7", "target_id": SP, "target_name": "svc",
            "target_kind": "serviceprincipal", "issued_credential_id": KEY, "tenant_id": TENANT,
        },
    ),
    "azure_activity": (
        {
            "time": WHEN, "category": "Action", "operationName": "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION", "resourceId": STORE.upper(),
            "resultType": "Success", "callerIpAddress": "192.0.2.7", "correlationId": "c-1", "identity": {"claims": CLAIMS},
        },
        {
            "TimeGenerated": WHEN, "Type": "AzureActivity", "CategoryValue": "Administrative", "OperationNameValue": "Microsoft.Storage/storageAccounts/listKeys/action",
            "_ResourceId": STORE, "SubscriptionId": SUBSCRIPTION, "ActivityStatusValue": "Success", "CallerIpAddress": "192.0.2.7", "CorrelationId": "c-1",
            "Caller": "Ada@Example.com", "Claims_d": text(CLAIMS), "EventDataId": "d-1",
        },
        {
            "action": "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION", "service": "microsoft.storage", "outcome": "success", "tenant_id": SUBSCRIPTION,
            "principal_id": USER, "principal_name": "Ada@Example.com", "principal_kind": "user", "token_id": "IdP3SUJGtkGlt7dDQVRPAA", "app_id": APP,
            "source_ip": "192.0.2.7", "target_name": "store1", "target_id": STORE.lower(),
        },
    ),
    "azure_storage": (
        {
            "time": WHEN, "category": "StorageRead", "operationName": "GetBlob", "resourceId": STORE + "/blobServices/default", "statusCode": 200,
            "statusText": "Success", "callerIpAddress": "192.0.2.7:45123", "correlationId": "c-2", "identity": {"type": "AccountKey", "tokenHash": "key1(ABC)"},
            "uri": "https://store1.blob.core.windows.net/c/b.txt?sig=XXXXX",
            "properties": {"accountName": "store1", "objectKey": "/store1/c/b.txt", "responseBodySize": 1234, "userAgentHeader": "AzCopy"},
        },
        {
            "TimeGenerated": WHEN, "Type": "StorageBlobLogs", "Category": "StorageRead", "OperationName": "GetBlob", "_ResourceId": STORE + "/blobServices/default",
            "StatusCode": "200", "StatusText": "Success", "CallerIpAddress": "192.0.2.7:45123", "CorrelationId": "c-2", "AuthenticationType": "AccountKey",
            "AuthenticationHash": "key1(ABC)", "Uri": "https://store1.blob.core.windows.net/c/b.txt?sig=XXXXX", "AccountName": "store1",
            "ObjectKey": "/store1/c/b.txt", "ResponseBodySize": 1234, "UserAgentHeader": "AzCopy",
        },
        {
            "action": "GetBlob", "outcome": "success", "tenant_id": SUBSCRIPTION, "credential_id": "key1(ABC)", "credential_kind": "account_key",
            "source_ip": "192.0.2.7", "target_id": "store1/c/b.txt", "target_name": "store1", "target_kind": "object", "bytes_out": 1234, "is_read_only": True,
            "principal_id": None, "user_agent": "AzCopy",
        },
    ),
    "azure_key_vault": (
        {
            "time": WHEN, "category": "AuditEvent", "operationName": "SecretGet", "resourceId": VAULT, "resultType": "Success", "callerIpAddress": "192.0.2.7",
            "identity": {"claim": {"oid": SP, "appid": APP}},
            "properties": {"id": "https://kv1.vault.azure.net/secrets/Db/0123456789", "httpStatusCode": 403, "clientInfo": "curl"},
        },
        {
            "TimeGenerated": WHEN, "Type": "AZKVAuditLogs", "Category": "AuditEvent", "OperationName": "SecretGet", "_ResourceId": VAULT.lower(),
            "ResultType": "Success", "CallerIpAddress": "192.0.2.7", "Identity": text({"claim": {"oid": SP, "appid": APP}}),
            "Id": "https://kv1.vault.azure.net/secrets/Db/0123456789", "HttpStatusCode": 403, "ClientInfo": "curl",
        },
        {
            "action": "SecretGet", "outcome": "failure", "error_code": "403", "tenant_id": SUBSCRIPTION, "principal_id": SP,
            "principal_kind": "service_principal", "app_id": APP, "source_ip": "192.0.2.7", "target_id": "https://kv1.vault.azure.net/secrets/db",
            "target_name": "db", "target_kind": "secret", "is_read_only": True, "user_agent": "curl",
        },
    ),
    "entra_signin_managed_identity": (
        {
            "time": "2026-03-02T09:16:00Z", "category": "ManagedIdentitySignInLogs", "operationName": "Sign-in activity", "tenantId": TENANT, "resultType": "0",
            "properties": {"id": "m-1", "createdDateTime": WHEN, "servicePrincipalId": SP, "servicePrincipalName": "vm-1", "appId": APP, "userId": None,
                           "resourceDisplayName": "Azure Key Vault", "resourceId": KEY, "uniqueTokenIdentifier": "uti-3", "ipAddress": ""},
        },
        {
            "TimeGenerated": "2026-03-02T09:16:00Z", "Type": "AADManagedIdentitySignInLogs", "Category": "ManagedIdentitySignInLogs", "AADTenantId": TENANT,
            "ResultType": "0", "Id": "m-1", "CreatedDateTime": WHEN, "ServicePrincipalId": SP, "ServicePrincipalName": "vm-1", "AppId": APP,
            "ResourceDisplayName": "Azure Key Vault", "ResourceIdentity": KEY, "UniqueTokenIdentifier": "uti-3", "IPAddress": "",
        },
        {
            "event_id": "m-1", "outcome": "success", "principal_id": SP, "principal_name": "vm-1", "principal_kind": "managed_identity", "app_id": APP,
            "service": "Azure Key Vault", "target_id": KEY, "target_kind": "application", "token_id": "uti-3", "source_ip": None, "tenant_id": TENANT,
        },
    ),
    "entra_risk": (
        {
            "time": "2026-03-02T09:16:00Z", "category": "UserRiskEvents", "operationName": "User Risk Detection", "tenantId": TENANT,
            "properties": {"id": "r-1", "riskEventType": "anomalousToken", "riskState": "atRisk", "activityDateTime": WHEN, "userId": USER, "source": "IdentityProtection",
                           "userPrincipalName": "ada@example.com", "ipAddress": "192.0.2.7", "location": {"countryOrRegion": "NL"},
                           "additionalInfo": text([{"Key": "userAgent", "Value": "curl"}])},
        },
        {
            "TimeGenerated": "2026-03-02T09:16:00Z", "Type": "AADUserRiskEvents", "Id": "r-1", "RiskEventType": "anomalousToken", "RiskState": "atRisk",
            "ActivityDateTime": WHEN, "UserId": USER, "Source": "IdentityProtection", "UserPrincipalName": "ada@example.com", "IpAddress": "192.0.2.7",
            "Location": text({"countryOrRegion": "NL"}), "AdditionalInfo": text([{"Key": "userAgent", "Value": "curl"}]),
        },
        {
            "event_id": "r-1", "action": "anomalousToken", "outcome": "unknown", "principal_id": USER, "principal_name": "ada@example.com", "target_id": USER,
            "source_ip": "192.0.2.7", "country": "NL", "user_agent": "curl", "received_at": datetime(2026, 3, 2, 9, 16),
        },
    ),
    "graph_activity": (
        {
            "time": WHEN, "category": "MicrosoftGraphActivityLogs", "tenantId": TENANT, "location": "West Europe",
            "properties": {"requestId": "q-1", "requestMethod": "GET", "requestUri": f"https://graph.microsoft.com/v1.0/users/{USER}", "responseStatusCode": 403,
                           "signInActivityId": "uti-1", "C_Sid": "sess-1", "C_DeviceId": "dev-1", "userId": USER, "appId": APP, "ipAddress": "192.0.2.7",
                           "userAgent": "curl", "responseSizeBytes": 324},
        },
        {
            "TimeGenerated": WHEN, "Type": "MicrosoftGraphActivityLogs", "AadTenantId": TENANT, "Location": "West Europe", "RequestId": "q-1", "RequestMethod": "GET",
            "RequestUri": f"https://graph.microsoft.com/v1.0/users/{USER}", "ResponseStatusCode": 403, "SignInActivityId": "uti-1", "SessionId": "sess-1",
            "DeviceId": "dev-1", "UserId": USER, "AppId": APP, "IPAddress": "192.0.2.7", "UserAgent": "curl", "ResponseSizeBytes": 324,
        },
        {
            "event_id": "q-1", "action": "GET /users/{id}", "target_id": f"/v1.0/users/{USER}", "outcome": "failure", "error_code": "403", "is_read_only": True,
            "principal_id": USER, "principal_kind": "user", "session_id": "sess-1", "token_id": "uti-1", "device_id": "dev-1", "app_id": APP, "bytes_out": 324,
            "source_ip": "192.0.2.7", "user_agent": "curl", "region": "West Europe", "tenant_id": TENANT,
        },
    ),
    "azure_resource": (
        {
            "time": WHEN, "category": "OperationalLogs", "operationName": "Create Queue", "resourceId": STORE.upper(), "resultType": "Failed",
            "resultDescription": "denied", "callerIpAddress": "192.0.2.7", "location": "westeurope", "identity": {"claims": {"oid": USER, "upn": "ada@example.com"}},
        },
        {
            "TimeGenerated": WHEN, "Type": "AzureDiagnostics", "Category": "OperationalLogs", "OperationName": "Create Queue", "ResourceId": STORE.upper(),
            "ResultType": "Failed", "ResultDescription": "denied", "CallerIPAddress": "192.0.2.7", "Location": "westeurope", "identity_claim_oid_g": USER,
            "identity_claim_upn_s": "ada@example.com",
        },
        {
            "action": "Create Queue", "service": "microsoft.storage", "outcome": "failure", "error_code": "denied", "tenant_id": SUBSCRIPTION, "target_id": STORE.lower(),
            "target_name": "store1", "principal_id": USER, "principal_name": "ada@example.com", "principal_kind": "user", "source_ip": "192.0.2.7",
            "region": "westeurope",
        },
    ),
}  # fmt: skip


def noninteractive(case: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The same sign-in in the non-interactive category, whose Log Analytics table has other column types."""
    export, row, expected = case
    return (
        export | {"category": "NonInteractiveUserSignInLogs"},
        row | {"Category": "NonInteractiveUserSignInLogs", "Type": "AADNonInteractiveUserSignInLogs"},
        expected,
    )


ALL = CASES | {"entra_signin_noninteractive": noninteractive(CASES["entra_signin"])}


@pytest.mark.parametrize("shape", ["export", "log_analytics"])
@pytest.mark.parametrize("source", sorted(ALL))
def test_both_shapes_of_a_source_give_the_same_columns(tmp_path: Path, source: str, shape: str) -> None:
    export, row, expected = ALL[source]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(export if shape == "export" else row) + "\n")
    summary = ingest(tmp_path / "lake", [path], datetime(2026, 3, 10))
    assert summary.total.events == 1, summary.reasons
    columns, rows = run_query(Lake.open(tmp_path / "lake"), "select * from events")
    found = dict(zip(columns, rows[0], strict=True))
    assert found["source"] == source
    assert found["occurred_at"] == datetime(2026, 3, 2, 9, 14, 5, 123456)
    assert {name: found[name] for name in expected} == expected


WRONG: list[Any] = [
    "", "text", "\x00", "[1]", '{"a": 1}', "9" * 40, "inf", 0, -1, 1.5, 1e308, 10**30, True, None, [], {}, ["a"], [{"a": 1}], [None], {"a": {"b": 1}},
]  # fmt: skip


def structures(source: str) -> list[dict[str, Any]]:
    """What a staging model reads of a record: the structures that it parses records and their parts into."""
    name = "entra_signin_fields" if source.startswith("entra_signin") else source
    found = re.findall(r"from_json\([^']*'(\{.*?\})'\s*\)", sql_text(f"staging/stg_{name}"), re.DOTALL)
    return [json.loads(structure) for structure in found]


def filled(structure: Any) -> Any:
    return {key: filled(inner) for key, inner in structure.items()} if isinstance(structure, dict) else "text"


def spoiled(record: Any) -> Iterator[Any]:
    """The record with one value after the other replaced by one of each wrong type."""
    keys = record if isinstance(record, dict) else range(len(record)) if isinstance(record, list) else ()
    for key in keys:
        for wrong in [*WRONG, *spoiled(record[key])]:
            copy = record.copy()
            copy[key] = wrong
            yield copy


@pytest.mark.parametrize("source", sorted(ALL))
def test_a_wrong_type_in_any_field_is_an_event_all_the_same(source: str) -> None:
    export, row, _ = ALL[source]
    starts = [export, row, *(filled(structure) for structure in structures(source)[:2])]
    records = [record for start in starts for record in spoiled(start)]
    staged = stage(records, source)
    assert len(staged) == len(records)
    assert all(event["event_id"] and event["outcome"] for event in staged)
    assert [json.loads(event["raw"]).keys() for event in staged] == [record.keys() for record in records]


def test_the_structures_are_found() -> None:
    assert all(len(structures(source)) >= 2 for source in ALL)
    assert structures("entra_audit")[0]["properties"]["initiatedBy"] == "JSON"
