"""Entra ID Protection and the sign-ins of managed identities, as diagnostic settings export them.

A risk detection comes again, under the same id, with each new state. Its `time` is in American writing, unlike all others'.
"""

from datetime import datetime, timedelta

from pipeline.simulate import identifiers
from pipeline.simulate.azure_resources import principal_caller
from pipeline.simulate.entra_signins import SignIn
from pipeline.simulate.estate import GRAPH, MANAGEMENT, OFFICE_HOME, VAULT_SERVICE, App, ServicePrincipal
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import AZURE, MOBILE
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter, later, offset_text, ticks_text
from pipeline.simulate.world import World

UNFAMILIAR = ["UnfamiliarASN", "UnfamiliarDevice", "UnfamiliarIP", "UnfamiliarTenantIPsubnet"]
AZURE_ACTIONS = {
    6: "Microsoft.Compute/virtualMachines/start/action",
    20: "Microsoft.Compute/virtualMachines/deallocate/action",
}


def run(world: World, day: datetime) -> None:
    pass_risky_sign_in(world, world.estate.people["petra"], day + timedelta(hours=18, minutes=20))
    run_automation_account(world, day)


def american_text(at: datetime) -> str:
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"


def millisecond_text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def pass_risky_sign_in(world: World, person: Person, at: datetime) -> None:
    """Her phone on the mobile network, in a browser that keeps no cookies: unfamiliar, of low risk, and settled by the second factor."""
    network, source_ip = MOBILE[1], MOBILE[1].address(91)
    session_id = identifiers.guid(world.stream("risky session"))
    sign_in = world.signins.user(
        person, at, network, source_ip, person.phone, session_id, OFFICE_HOME, GRAPH,
        is_interactive=True, mfa_method="Mobile app notification", is_known_device=False,
    )  # fmt: skip
    properties = world.logbook.deliveries[-1].record["properties"]
    properties |= {
        "riskDetail": "userPassedMFADrivenByRiskBasedPolicy",
        "riskLevelAggregated": "low",
        "riskLevelDuringSignIn": "low",
        "riskState": "remediated",
        "riskEventTypes": ["unfamiliarFeatures"],
        "riskEventTypes_v2": ["unfamiliarFeatures"],
    }
    detection_id = identifiers.key_hash(f"{world.seed}/risk/{sign_in.token_id}").lower()
    for state, detail, minutes in (
        ("atRisk", "none", 1.5),
        ("remediated", "userPassedMFADrivenByRiskBasedPolicy", 3.2),
    ):
        updated_at = later(at, minutes * 60)
        write_detection(world, person, properties, detection_id, state, detail, at, updated_at)
    write_risky_user(world, person, later(at, 200))


def write_detection(
    world: World, person: Person, sign_in: Record, detection_id: str, state: str, detail: str, at: datetime,
    updated_at: datetime,
) -> EventRef:  # fmt: skip
    information = (
        '[{"Key":"riskReasons","Value":['
        + ",".join(f'"{reason}"' for reason in UNFAMILIAR)
        + ']},{"Key":"userAgent","Value":"'
        + sign_in["userAgent"]
        + '"},{"Key":"mitreTechniques","Value":"T1078.004"}]'
    )
    properties: Record = {
        "id": detection_id,
        "requestId": sign_in["id"],
        "correlationId": sign_in["correlationId"],
        "riskType": "unfamiliarFeatures",
        "riskEventType": "unfamiliarFeatures",
        "riskState": state,
        "riskLevel": "low",
        "riskDetail": detail,
        "source": "IdentityProtection",
        "detectionTimingType": "realtime",
        "activity": "signin",
        "ipAddress": sign_in["ipAddress"],
        "location": sign_in["location"],
        "activityDateTime": millisecond_text(at),
        "detectedDateTime": millisecond_text(at),
        "lastUpdatedDateTime": millisecond_text(updated_at),
        "userId": person.object_id,
        "userDisplayName": person.display_name,
        "userPrincipalName": person.upn,
        "additionalInfo": information,
        "tokenIssuerType": "AzureAD",
        "resourceTenantId": None,
        "homeTenantId": world.estate.tenant_id,
        "userType": "member",
        "crossTenantAccessType": "none",
        "mitreTechniqueId": "T1078.004",
    }
    row = risk_row(world, "UserRiskEvents", "User Risk Detection", person, detection_id, properties)
    return keep(world, row | {"callerIpAddress": sign_in["ipAddress"]}, updated_at)


def write_risky_user(world: World, person: Person, at: datetime) -> EventRef:
    properties: Record = {
        "id": person.object_id,
        "userDisplayName": person.display_name,
        "userPrincipalName": person.upn,
        "riskLastUpdatedDateTime": millisecond_text(at),
        "riskState": "remediated",
        "riskDetail": "userPassedMFADrivenByRiskBasedPolicy",
        "riskLevel": "none",
        "isGuest": False,
        "isDeleted": False,
        "isProcessing": False,
    }
    return keep(world, risk_row(world, "RiskyUsers", "Risky user", person, person.object_id, properties), at)


def risk_row(
    world: World, category: str, operation: str, person: Person, correlation_id: str, properties: Record
) -> Record:
    return {
        "time": "",
        "resourceId": f"/tenants/{world.estate.tenant_id}/providers/microsoft.aadiam",
        "operationName": operation,
        "operationVersion": "1.0",
        "category": category,
        "tenantId": world.estate.tenant_id,
        "resultSignature": "None",
        "durationMs": 0,
        "correlationId": correlation_id,
        "identity": person.display_name.lower(),
        "Level": 4,
        "location": "de",
        "properties": properties,
    }


def keep(world: World, row: Record, at: datetime) -> EventRef:
    arrived_at = world.logbook.arrival_after("entra_risk", at)
    row["time"] = american_text(arrived_at)
    return world.logbook.keep("entra_risk", row["category"], at, arrived_at, row["properties"]["id"], row)


def run_automation_account(world: World, day: datetime) -> None:
    """A managed identity takes tokens through the day, starts a machine in the morning and stops it at night."""
    rng = world.stream("automation account")
    identity = ServicePrincipal("aa-nightly-maintenance", *(identifiers.guid(rng) for _ in range(4)))
    for hour in range(0, 24, 2):
        at = jitter(day + timedelta(hours=hour, minutes=2), 400, rng)
        resource = VAULT_SERVICE if hour % 6 == 4 else MANAGEMENT
        sign_in = managed_identity_sign_in(world, identity, at, resource)
        if action := AZURE_ACTIONS.get(hour):
            caller = principal_caller(identity, AZURE.address(21), sign_in.token_id)
            path = "Microsoft.Compute/virtualMachines/vm-build-01"
            world.resources.write(caller, later(at, 3), action, path, "Action")


def managed_identity_sign_in(world: World, identity: ServicePrincipal, at: datetime, resource: App) -> SignIn:
    """Without an address: the platform asks in the identity's name."""
    rng = world.stream(f"managed identity/{at}")
    request_id, correlation_id = identifiers.request_guid(rng), identifiers.guid(rng)
    token_id = identifiers.token_id_of(request_id)
    properties: Record = {
        "id": request_id,
        "createdDateTime": offset_text(at),
        "userId": None,
        "appId": identity.app_id,
        "ipAddress": "",
        "status": {"errorCode": 0},
        "location": {
            "city": "", "state": "", "countryOrRegion": "", "geoCoordinates": {"latitude": 0.0, "longitude": 0.0},
        },
        "correlationId": correlation_id,
        "conditionalAccessStatus": "notApplied",
        "appliedConditionalAccessPolicies": [],
        "isInteractive": False,
        "tokenIssuerType": "AzureAD",
        "processingTimeInMilliseconds": 0,
        "riskDetail": "none",
        "riskLevelAggregated": "low",
        "riskLevelDuringSignIn": "low",
        "riskState": "none",
        "resourceDisplayName": resource.name,
        "resourceId": resource.app_id,
        "servicePrincipalName": identity.name,
        "servicePrincipalId": identity.object_id,
        "flaggedForReview": False,
        "isTenantRestricted": False,
        "crossTenantAccessType": "none",
        "uniqueTokenIdentifier": token_id,
        "incomingTokenType": "none",
        "authenticationProtocol": "none",
    }  # fmt: skip
    source, category = "entra_signin_managed_identity", "ManagedIdentitySignInLogs"
    arrived_at = world.logbook.arrival_after(source, at)
    row = {
        "time": ticks_text(arrived_at),
        "resourceId": f"/tenants/{world.estate.tenant_id}/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity",
        "operationVersion": "1.0",
        "category": category,
        "tenantId": world.estate.tenant_id,
        "resultType": "0",
        "resultSignature": "None",
        "durationMs": 0,
        "correlationId": correlation_id,
        "Level": 4,
        "properties": properties,
    }
    return SignIn(world.logbook.keep(source, category, at, arrived_at, request_id, row), token_id)
