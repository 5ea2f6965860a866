"""Azure resource rows as diagnostic settings export them: the activity log, blob reads and writes, Key Vault audits.

Shapes: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema,
https://learn.microsoft.com/azure/storage/blobs/monitor-blob-storage-reference, https://learn.microsoft.com/azure/key-vault/general/logging
"""

import json
from dataclasses import dataclass
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.estate import PORTAL, Estate, ServicePrincipal
from pipeline.simulate.logbook import EventRef, Logbook, Record
from pipeline.simulate.people import Person
from pipeline.simulate.times import later, ticks_text

CLAIMS = "http://schemas.microsoft.com/identity/claims/"
SOAP_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
VERSION_OF_SECRETS = "7.6"


@dataclass(frozen=True, slots=True)
class AzureCaller:
    """A token at an address: a person's (with the `uti` of its sign-in) or a service principal's."""

    object_id: str
    app_id: str
    upn: str | None
    source_ip: str
    token_id: str
    is_confidential: bool = False


def person_caller(person: Person, source_ip: str, token_id: str) -> AzureCaller:
    return AzureCaller(person.object_id, PORTAL.app_id, person.upn, source_ip, token_id)


def principal_caller(principal: ServicePrincipal, source_ip: str, token_id: str) -> AzureCaller:
    return AzureCaller(principal.object_id, principal.app_id, None, source_ip, token_id, is_confidential=True)


@dataclass(slots=True)
class AzureResources:
    estate: Estate
    logbook: Logbook
    rng: Random

    def claims(self, caller: AzureCaller, at: datetime) -> Record:
        issued = int(at.timestamp()) - 120
        issuer = f"https://sts.windows.net/{self.estate.tenant_id}/"
        claims = {
            "aud": "https://management.core.windows.net/",
            "iss": issuer,
            "iat": str(issued),
            "nbf": str(issued),
            "exp": str(issued + 3900),
            "appid": caller.app_id,
            "appidacr": "1" if caller.is_confidential else "0",
            "ipaddr": caller.source_ip,
            f"{CLAIMS}objectidentifier": caller.object_id,
            f"{CLAIMS}tenantid": self.estate.tenant_id,
            "uti": caller.token_id,
            "ver": "1.0",
        }
        if caller.upn:
            claims |= {
                "http://schemas.microsoft.com/claims/authnmethodsreferences": "pwd,mfa",
                f"{CLAIMS}scope": "user_impersonation",
                f"{SOAP_CLAIMS}name": caller.upn,
                f"{SOAP_CLAIMS}upn": caller.upn,
            }
        return claims

    def write(
        self,
        caller: AzureCaller,
        at: datetime,
        action: str,
        provider_path: str,
        category: str = "Write",
        body: Record | None = None,
    ) -> list[EventRef]:
        """A control-plane call: its start row and its success row share one `correlationId`.

        The start row holds what was asked for, the success row what came of it: both are `body`, as JSON text.
        """
        scope = f"/subscriptions/{self.estate.subscription_id}/resourceGroups/{self.estate.resource_group}/providers/{provider_path}"
        correlation_id = identifiers.guid(self.rng)
        refs = []
        seconds = 1 + self.rng.random() * 4
        for row_at, result, signature in (
            (at, "Start", "Started."),
            (later(at, seconds), "Success", "Succeeded.OK"),
        ):
            properties: Record = {
                "eventCategory": "Administrative",
                "entity": scope,
                "message": action,
                "hierarchy": "",
            }
            if result == "Success":
                properties |= {"statusCode": "OK", "serviceRequestId": identifiers.guid(self.rng)}
            if body:
                key = "requestbody" if result == "Start" else "responseBody"
                properties[key] = json.dumps(body, separators=(",", ":"))
            record: Record = {
                "time": ticks_text(row_at),
                "resourceId": scope.upper(),
                "operationName": action.upper(),
                "category": category,
                "resultType": result,
                "resultSignature": signature,
                "durationMs": "0" if result == "Start" else str(int(seconds * 1000)),
                "callerIpAddress": caller.source_ip,
                "correlationId": correlation_id,
                "identity": {
                    "authorization": {
                        "scope": scope,
                        "action": action,
                        "evidence": {
                            "role": "Contributor",
                            "roleAssignmentScope": f"/subscriptions/{self.estate.subscription_id}",
                            "principalId": caller.object_id.replace("-", ""),
                            "principalType": "User" if caller.upn else "ServicePrincipal",
                        },
                    },
                    "claims": self.claims(caller, at),
                },
                "level": "Information",
                "properties": properties,
                "tenantId": self.estate.tenant_id,
            }
            arrived_at = self.logbook.arrival_after("azure_activity", row_at)
            refs.append(
                self.logbook.keep(
                    "azure_activity", "ActivityLogs", row_at, arrived_at, correlation_id, record
                )
            )
        return refs

    def list_keys(self, caller: AzureCaller, at: datetime) -> list[EventRef]:
        path = f"Microsoft.Storage/storageAccounts/{self.estate.storage_account}"
        return self.write(caller, at, "Microsoft.Storage/storageAccounts/listKeys/action", path, "Action")

    def blob(
        self,
        at: datetime,
        operation: str,
        object_path: str,
        source_ip: str,
        size: int,
        user_agent: str,
        oauth: AzureCaller | None = None,
    ) -> EventRef:
        """A blob call with the account's key1, or with `oauth`'s bearer token. The address carries its port."""
        correlation_id = identifiers.guid(self.rng)
        is_read = operation in {"GetBlob", "ListBlobs", "GetBlobProperties"}
        identity: Record = {"type": "AccountKey", "tokenHash": f"key1({self.estate.storage_key_hash})"}
        if oauth:
            identity = {
                "type": "OAuth",
                "tokenHash": identifiers.key_hash(oauth.token_id),
                "requester": {
                    "appId": oauth.app_id,
                    "audience": "https://storage.azure.com/",
                    "objectId": oauth.object_id,
                    "tenantId": self.estate.tenant_id,
                    "tokenIssuer": f"https://sts.windows.net/{self.estate.tenant_id}/",
                },
            }
        latency = 4 + int(self.rng.random() * 60)
        record = {
            "time": ticks_text(at),
            "resourceId": f"{self.estate.storage_resource_id}/blobServices/default",
            "category": "StorageRead" if is_read else "StorageWrite",
            "operationName": operation,
            "operationVersion": "2024-11-04",
            "schemaVersion": "1.0",
            "statusCode": 200 if is_read else 201,
            "statusText": "Success",
            "durationMs": latency + 3,
            "callerIpAddress": f"{source_ip}:{1024 + int(self.rng.random() * 60000)}",
            "correlationId": correlation_id,
            "identity": identity,
            "location": "germanywestcentral",
            "properties": {
                "accountName": self.estate.storage_account,
                "userAgentHeader": user_agent,
                "clientRequestId": identifiers.guid(self.rng),
                "etag": f'"0x8DE{self.rng.getrandbits(48):012X}"',
                "serviceType": "blob",
                "objectKey": f"/{self.estate.storage_account}/{object_path}",
                "metricResponseType": "Success",
                "serverLatencyMs": latency,
                "requestHeaderSize": 420,
                "requestBodySize": 0 if is_read else size,
                "responseHeaderSize": 310,
                "responseBodySize": size if is_read else 0,
                "tlsVersion": "TLS 1.3",
            },
            "uri": f"https://{self.estate.storage_account}.blob.core.windows.net:443/{object_path}",
            "protocol": "HTTPS",
            "resourceType": "Microsoft.Storage/storageAccounts/blobServices",
        }
        arrived_at = self.logbook.arrival_after("azure_storage", at)
        return self.logbook.keep("azure_storage", record["category"], at, arrived_at, correlation_id, record)

    def secret(
        self, caller: AzureCaller, at: datetime, operation: str, name: str | None, user_agent: str
    ) -> EventRef:
        """SecretGet of a name, or SecretList without one."""
        vault = f"https://{self.estate.key_vault}.vault.azure.net"
        correlation_id = identifiers.guid(self.rng)
        version = identifiers.key_hash(f"{self.estate.tenant_id}/{name}")[:32].lower()
        properties: Record = {
            "id": f"{vault}/secrets/{name}/{version}" if name else f"{vault}/secrets",
            "clientInfo": user_agent,
            "httpStatusCode": 200,
            "requestUri": f"{vault}/secrets/{f'{name}/' if name else ''}?api-version={VERSION_OF_SECRETS}",
            "isRbacAuthorized": True,
            "tlsVersion": "TLS1_3",
        }
        claim = {
            "oid": caller.object_id,
            "appid": caller.app_id,
            "appidacr": "1" if caller.is_confidential else "0",
            "xms_az_nwperimid": [],
        }
        if caller.upn:
            claim |= {"upn": caller.upn, "scp": "user_impersonation", "ipaddr": caller.source_ip}
        record = {
            "time": ticks_text(at),
            "category": "AuditEvent",
            "operationName": operation,
            "resultType": "Success",
            "correlationId": correlation_id,
            "callerIpAddress": caller.source_ip,
            "identity": {"claim": claim},
            "properties": properties,
            "resourceId": self.estate.vault_resource_id,
            "operationVersion": VERSION_OF_SECRETS,
            "resultSignature": "OK",
            "durationMs": str(8 + int(self.rng.random() * 60)),
        }
        arrived_at = self.logbook.arrival_after("azure_key_vault", at)
        return self.logbook.keep("azure_key_vault", "AuditEvent", at, arrived_at, correlation_id, record)
