"""Objects of Microsoft Graph (sign-ins, directory audits, risk, provisioning) as records of diagnostic settings.

Graph has the names that an export has under `properties`, so the object becomes `properties`, whole. The category is that of
the export which the same event would come in. Graph does not say when it was delivered, so there is no `time`.
PowerShell writes the names with a capital first, the Python SDK with underscores.
"""

from typing import Any

from pipeline.shapes.microsoft.spelling import in_camel_case

Record = dict[str, Any]

TIME_NAMES = ("createdDateTime", "activityDateTime", "detectedDateTime", "riskLastUpdatedDateTime")
OTHER_TIME_NAMES = (
    "CreatedDateTime", "ActivityDateTime", "DetectedDateTime", "RiskLastUpdatedDateTime",
    "created_date_time", "activity_date_time", "detected_date_time", "risk_last_updated_date_time",
)  # fmt: skip
SIGN_IN_NAMES = frozenset(
    (
        "conditionalAccessStatus",
        "signInEventTypes",
        "isInteractive",
        "clientAppUsed",
        "authenticationRequirement",
    )
)
WHO_NAMES = frozenset(("userPrincipalName", "userId", "servicePrincipalId", "appId", "appDisplayName"))
AUDIT_NAMES = frozenset(("initiatedBy", "targetResources", "targetResource", "loggedByService"))
SIGN_IN_CATEGORIES = {
    "interactiveuser": "SignInLogs",
    "noninteractiveuser": "NonInteractiveUserSignInLogs",
    "serviceprincipal": "ServicePrincipalSignInLogs",
    "managedidentity": "ManagedIdentitySignInLogs",
}
RESOURCE_TYPE_PREFIX = "#microsoft.graph.targetresource"


def reshape_graph_object(record: Record) -> Record | None:
    """The object as `{"category", "operationName", "properties"}`, or None where Graph has no such object."""
    if "properties" in record or "TimeGenerated" in record:
        return None
    if any(name in record for name in TIME_NAMES):
        item = record
    elif any(name in record for name in OTHER_TIME_NAMES):
        item = in_camel_case(record)
    else:
        return None
    names = item.keys()
    if "activityDisplayName" in item and "activityDateTime" in item and not names.isdisjoint(AUDIT_NAMES):
        return _exported(item, "AuditLogs", item["activityDisplayName"] or "", _with_targets(item))
    if "riskState" in item and ("riskEventType" in item or "riskType" in item):
        return _risk(item, "ServicePrincipalRiskEvents", "UserRiskEvents", "Risk Detection")
    if "riskState" in item and "riskLastUpdatedDateTime" in item:
        return _risk(item, "RiskyServicePrincipals", "RiskyUsers", "")
    if "provisioningAction" in item or "provisioningSteps" in item:
        return _provisioning(item)
    if "createdDateTime" in item and not names.isdisjoint(SIGN_IN_NAMES) and not names.isdisjoint(WHO_NAMES):
        return _exported(item, _sign_in_category(item), "Sign-in activity", item)
    return None


def _exported(item: Record, category: str, operation_name: object, properties: Record) -> Record:
    exported: Record = {"category": category, "operationName": operation_name, "properties": properties}
    if item.get("tenantId"):
        exported["tenantId"] = item["tenantId"]
    return exported


def _sign_in_category(item: Record) -> str:
    kinds = item.get("signInEventTypes")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if str(kind).lower() in SIGN_IN_CATEGORIES:
            return SIGN_IN_CATEGORIES[str(kind).lower()]
    if item.get("userId") or item.get("userPrincipalName"):
        is_interactive = str(item.get("isInteractive")).lower() != "false"
        return "SignInLogs" if is_interactive else "NonInteractiveUserSignInLogs"
    if item.get("managedServiceIdentity") or item.get("managedIdentityType"):
        return "ManagedIdentitySignInLogs"
    return "ServicePrincipalSignInLogs" if item.get("servicePrincipalId") else "SignInLogs"


def _with_targets(item: Record) -> Record:
    """Targets say their `type` in three ways: so, `Type`, or by the type of the object."""
    properties = dict(item)
    if "targetResources" not in properties and "targetResource" in properties:
        properties["targetResources"] = properties.pop("targetResource")
    targets = properties.get("targetResources")
    if isinstance(targets, list):
        properties["targetResources"] = [_typed_target(target) for target in targets]
    return properties


def _typed_target(target: object) -> object:
    if not isinstance(target, dict) or "type" in target:
        return target
    if "Type" in target:
        return {"type" if key == "Type" else key: value for key, value in target.items()}
    object_type = target.get("@odata.type")
    if isinstance(object_type, str) and object_type.lower().startswith(RESOURCE_TYPE_PREFIX):
        return target | {"type": object_type[len(RESOURCE_TYPE_PREFIX) :]}
    return target


def _risk(item: Record, of_service_principal: str, of_user: str, detection: str) -> Record:
    object_type = str(item.get("@odata.type", "")).lower()
    is_service_principal = (
        "serviceprincipal" in object_type
        or bool(item.get("servicePrincipalId") or item.get("servicePrincipalType"))
        or ("appId" in item and "userPrincipalName" not in item and "userId" not in item)
    )
    whose = "Service Principal" if is_service_principal else "User"
    operation_name = f"{whose} {detection}" if detection else f"Risky {whose.lower()}"
    return _exported(item, of_service_principal if is_service_principal else of_user, operation_name, item)


def _provisioning(item: Record) -> Record:
    """Its export has a resource, the tenant's directory, and is known by it."""
    exported = _exported(item, "ProvisioningLogs", "Provisioning activity", item)
    exported["resourceId"] = f"/tenants/{item.get('tenantId') or ''}/providers/Microsoft.aadiam"
    if "activityDateTime" in item:
        exported["time"] = item["activityDateTime"]
    return exported
