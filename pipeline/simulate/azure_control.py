"""Control-plane calls of Azure that hand out power: access to every subscription, role assignments, vault policies, SAS.

They are rows of the activity log as `AzureResources.write` makes them, with the scope that each has in life.
"""

from collections.abc import Sequence
from datetime import datetime

from pipeline.simulate import identifiers
from pipeline.simulate.azure_resources import CLAIMS, SOAP_CLAIMS, AzureCaller, AzureResources
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.times import later, ticks_text

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
VAULT_API = "2023-08-01-preview"


def at_scope(resources: AzureResources, refs: list[EventRef], scope: str) -> list[EventRef]:
    """The rows just written, with another scope than a resource of the group."""
    for delivery in resources.logbook.deliveries[-len(refs) :]:
        delivery.record["resourceId"] = scope.upper()
        delivery.record["identity"]["authorization"]["scope"] = scope
        delivery.record["properties"]["entity"] = scope
    return refs


def elevate_access(resources: AzureResources, caller: AzureCaller, at: datetime) -> list[EventRef]:
    """A Global Administrator takes access to every subscription of the tenant."""
    action = "Microsoft.Authorization/elevateAccess/action"
    refs = resources.write(caller, at, action, "Microsoft.Authorization", "Action")
    return at_scope(resources, refs, "/providers/Microsoft.Authorization")


def assign_role(
    resources: AzureResources, caller: AzureCaller, at: datetime, principal_id: str, role: str = OWNER
) -> list[EventRef]:
    """A role on the whole subscription. The start row holds what was asked for, in a `requestbody` of text."""
    subscription = f"/subscriptions/{resources.estate.subscription_id}"
    assignment = identifiers.guid(resources.rng)
    body = {
        "Id": assignment,
        "Properties": {
            "PrincipalId": principal_id,
            "RoleDefinitionId": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
            "Scope": subscription,
        },
    }
    path = f"Microsoft.Authorization/roleAssignments/{assignment}"
    refs = resources.write(caller, at, "Microsoft.Authorization/roleAssignments/write", path, body=body)
    return at_scope(resources, refs, f"{subscription}/providers/{path}")


def list_sas(
    resources: AzureResources, caller: AzureCaller, at: datetime, kind: str = "listAccountSas"
) -> list[EventRef]:
    path = f"Microsoft.Storage/storageAccounts/{resources.estate.storage_account}"
    return resources.write(caller, at, f"Microsoft.Storage/storageAccounts/{kind}/action", path, "Action")


def open_account(resources: AzureResources, caller: AzureCaller, at: datetime) -> list[EventRef]:
    """The storage account is opened to all networks and to public blobs."""
    body = {
        "properties": {
            "allowBlobPublicAccess": True,
            "publicNetworkAccess": "Enabled",
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
        }
    }
    path = f"Microsoft.Storage/storageAccounts/{resources.estate.storage_account}"
    return resources.write(caller, at, "Microsoft.Storage/storageAccounts/write", path, body=body)


def delete(
    resources: AzureResources, caller: AzureCaller, at: datetime, kinds: Sequence[str]
) -> list[EventRef]:
    """One delete call for each `Microsoft.Compute/snapshots` or the like."""
    refs: list[EventRef] = []
    for kind in kinds:
        provider, _, path = kind.partition("/")
        name = f"{path.split('/')[0]}-{resources.rng.getrandbits(20):05x}"
        parts = path.split("/")
        full = "/".join([f"{provider}/{parts[0]}/{name}", *(f"{part}/default" for part in parts[1:])])
        refs += resources.write(caller, at, f"{kind}/delete", full, "Delete")
        at = later(at, 2 + resources.rng.random() * 25)
    return refs


def give_vault_access(
    resources: AzureResources, caller: AzureCaller, at: datetime, object_id: str, by_policy_call: bool
) -> list[EventRef]:
    """Who may write a vault that works with access policies may let himself in: the activity log and the vault's own."""
    estate = resources.estate
    permissions = {"keys": ["get", "list"], "secrets": ["get", "list"], "certificates": []}
    policy = {"tenantId": estate.tenant_id, "objectId": object_id, "permissions": permissions}
    body = {"properties": {"accessPolicies": [policy]}}
    vault = f"Microsoft.KeyVault/vaults/{estate.key_vault}"
    action, path = (
        ("Microsoft.KeyVault/vaults/accessPolicies/write", f"{vault}/accessPolicies/add")
        if by_policy_call
        else ("Microsoft.KeyVault/vaults/write", vault)
    )
    refs = resources.write(caller, at, action, path, body=body)
    return [*refs, vault_patch(resources, caller, later(at, 1.5), policy)]


def vault_patch(resources: AzureResources, caller: AzureCaller, at: datetime, policy: Record) -> EventRef:
    """The vault tells of a change in its own words; the caller's claims have long names in such rows."""
    estate = resources.estate
    correlation_id = identifiers.guid(resources.rng)
    group = f"/subscriptions/{estate.subscription_id}/resourceGroups/{estate.resource_group}"
    claim = {f"{CLAIMS}objectidentifier": caller.object_id, "appid": caller.app_id}
    if caller.upn:
        claim |= {f"{SOAP_CLAIMS}upn": caller.upn, f"{SOAP_CLAIMS}name": caller.upn}
    properties: Record = {
        "id": f"https://{estate.key_vault}.vault.azure.net/",
        "clientInfo": "Mozilla/5.0",
        "requestUri": (
            f"https://management.azure.com{group}/providers/Microsoft.KeyVault/vaults/{estate.key_vault}"
            f"?api-version={VAULT_API}"
        ),
        "httpStatusCode": 200,
        "addedAccessPolicy": {
            "TenantId": policy["tenantId"],
            "ObjectId": policy["objectId"],
            "Permissions": policy["permissions"],
        },
        "properties": {
            "sku": {"Family": "A", "Name": "Standard", "Capacity": None},
            "tenantId": estate.tenant_id,
            "networkAcls": None,
            "enabledForDeployment": False,
            "enabledForDiskEncryption": False,
            "enabledForTemplateDeployment": False,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
            "enableRbacAuthorization": False,
            "enablePurgeProtection": None,
        },
    }
    record = {
        "time": ticks_text(at),
        "category": "AuditEvent",
        "operationName": "VaultPatch",
        "resultType": "Success",
        "correlationId": correlation_id,
        "callerIpAddress": caller.source_ip,
        "identity": {"claim": claim},
        "properties": properties,
        "resourceId": estate.vault_resource_id,
        "operationVersion": VAULT_API,
        "resultSignature": "OK",
        "durationMs": str(40 + int(resources.rng.random() * 90)),
    }
    arrived_at = resources.logbook.arrival_after("azure_key_vault", at)
    return resources.logbook.keep("azure_key_vault", "AuditEvent", at, arrived_at, correlation_id, record)


def by_access_policy(resources: AzureResources) -> None:
    """The vault row just written, of a vault that asks its access policies."""
    properties = resources.logbook.deliveries[-1].record["properties"]
    del properties["isRbacAuthorized"]
    properties["isAccessPolicyMatch"] = True


def with_sas(resources: AzureResources, signature: str) -> str:
    """The blob row just written, under a SAS: no requester, only two hashes, and the signature cut out of the address. Its hash."""
    record = resources.logbook.deliveries[-1].record
    token_hash = f"key1({resources.estate.storage_key_hash}),SasSignature({identifiers.key_hash(signature)})"
    record["identity"] = {"type": "SAS", "tokenHash": token_hash}
    record["uri"] += "?sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2027-01-01T00:00:00Z&sig=XXXXX"
    return token_hash
