"""Made-up records of the Azure activity log, Key Vault, storage and Graph as diagnostic settings export them, and of the
unified audit log."""

import json

from tests.sql.cloud_records import ATTACKER, SUBSCRIPTION, TENANT, Pair, Record, oid, time_text
from tests.sql.conftest import at


def activity_rows(
    when: str,
    action: str,
    path: str,
    who: str = "alice@example.com",
    source_ip: str = ATTACKER,
    body: Record | None = None,
    uti: str = "",
) -> list[Pair]:
    """The start row, which holds the body, and the end row, which holds the outcome."""
    correlation = oid(f"{when}{action}{path}")
    claims = {
        "http://schemas.microsoft.com/identity/claims/objectidentifier": oid(who),
        "appid": oid("portal"),
        "uti": uti,
    }
    if "@" in who:
        claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] = who
    elif "/" in who:
        claims |= {"xms_mirid": who, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": ""}
    pairs = []
    for result in ("Start", "Success"):
        properties = {"eventCategory": "Administrative", "entity": path}
        if body and result == "Start":
            properties["requestbody"] = json.dumps(body)
        evidence = {
            "role": "Owner",
            "principalId": oid(who).replace("-", ""),
            "principalType": "User" if "@" in who else "ServicePrincipal",
        }
        record = {
            "time": time_text(when),
            "resourceId": f"/SUBSCRIPTIONS/{SUBSCRIPTION}/RESOURCEGROUPS/RG/PROVIDERS/{path}".upper(),
            "operationName": action.upper(),
            "resultType": result,
            "callerIpAddress": source_ip,
            "correlationId": correlation,
            "identity": {"authorization": {"evidence": evidence}, "claims": claims},
            "properties": properties,
        }
        pairs.append(("azure_activity", record))
    return pairs


def vault_row(
    when: str,
    operation: str,
    name: str | None = "backup-key",
    who: str = "alice@example.com",
    source_ip: str = ATTACKER,
    **more: object,
) -> Pair:
    vault = "https://kv-example.vault.azure.net"
    record = {
        "time": time_text(when),
        "category": "AuditEvent",
        "operationName": operation,
        "resultType": "Success",
        "resourceId": f"/SUBSCRIPTIONS/{SUBSCRIPTION}/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV-EXAMPLE",
        "callerIpAddress": source_ip,
        "correlationId": oid(f"{when}{operation}{name}"),
        "identity": {
            "claim": {"oid": oid(who), "appid": oid("portal")} | ({"upn": who} if "@" in who else {})
        },
        "properties": {"id": f"{vault}/secrets/{name}/1" if name else f"{vault}/", "httpStatusCode": 200}
        | more,
    }
    return "azure_key_vault", record


def storage_row(
    when: str,
    kind: str,
    token_hash: str,
    source_ip: str = ATTACKER,
    who: str | None = None,
    operation: str = "GetBlob",
) -> Pair:
    requester = {"objectId": oid(who), "upn": who, "appId": oid("portal"), "tenantId": TENANT} if who else {}
    record = {
        "time": time_text(when),
        "resourceId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/exampledata",
        "category": "StorageRead",
        "operationName": operation,
        "statusCode": 200,
        "callerIpAddress": f"[{source_ip}]:45123" if ":" in source_ip else f"{source_ip}:45123",
        "correlationId": oid(f"{when}{token_hash}{source_ip}"),
        "identity": {"type": kind, "tokenHash": token_hash} | ({"requester": requester} if who else {}),
        "uri": "https://exampledata.blob.core.windows.net/c/a.csv",
        "properties": {"accountName": "exampledata", "objectKey": "/exampledata/c/a.csv"},
    }
    return "azure_storage", record


def unified_row(when: str, operation: str, who: str = "alice@example.com", **more: object) -> Pair:
    record = {
        "CreationTime": at(when).isoformat(),
        "Id": oid(f"ual {when}{operation}"),
        "Operation": operation,
        "OrganizationId": TENANT,
        "RecordType": 8 if operation.endswith(".") else 1,
        "ResultStatus": "Success",
        "UserType": 0,
        "UserId": who,
        "Workload": "AzureActiveDirectory" if operation.endswith(".") else "Exchange",
        "ClientIP": ATTACKER,
        "Actor": [{"ID": who, "Type": 5}, {"ID": f"User_{oid(who)}", "Type": 2}],
    } | more
    return "m365_audit", record


def graph_row(
    when: str, who: str, uti: str, source_ip: str = ATTACKER, method: str = "GET", path: str = "/users"
) -> Pair:
    properties = {
        "timeGenerated": time_text(when),
        "requestId": oid(f"graph {when}{uti}"),
        "requestMethod": method,
        "requestUri": f"https://graph.microsoft.com/v1.0{path}",
        "responseStatusCode": 200,
        "signInActivityId": uti,
        "userId": oid(who),
        "ipAddress": source_ip,
    }
    return "graph_activity", {"time": time_text(when), "tenantId": TENANT, "properties": properties}
