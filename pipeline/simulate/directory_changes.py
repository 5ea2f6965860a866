"""Entra audit rows that hand out power: roles, applications and their permissions, domains, devices, users.

Shapes follow exported rows; values of modified properties are JSON inside a string.
"""

from collections.abc import Sequence
from datetime import datetime

from pipeline.simulate import identifiers
from pipeline.simulate.audit_parts import Actor, by_app, changed, user_target
from pipeline.simulate.entra_audit import EntraAudit
from pipeline.simulate.estate import App, ServicePrincipal
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.people import Device, Person
from pipeline.simulate.times import later

DIRECTORY_ROLES = {
    "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
    "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
    "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
}
EXCHANGE_NAMES = (
    "https://outlook.office.com;https://outlook.office365.com/;Office 365 Exchange Online;Microsoft.Exchange"
)
BROWSER = ("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36")
DEVICE_SERVICE = App(
    "Device Registration Service",
    "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9",
    "0f8b1a7e-95c3-4a9e-8f3c-2d7c4c7f6a10",
)


def target(kind: str, object_id: str | None, name: str | None, modified: Sequence[Record] = ()) -> Record:
    return {
        "id": object_id,
        "displayName": name,
        "type": kind,
        "modifiedProperties": list(modified),
        "administrativeUnits": [],
    }


def add_member_to_role(
    audit: EntraAudit, actor: Actor, member: Person, at: datetime, role: str
) -> list[EventRef]:
    modified = [
        changed("Role.ObjectID", None, identifiers.guid(audit.rng)),
        changed("Role.DisplayName", None, role),
        changed("Role.TemplateId", None, DIRECTORY_ROLES[role]),
    ]
    return [
        audit.row(
            actor, at, "Add member to role", [user_target(member, modified)], category="RoleManagement", operation="Assign"
        )
    ]  # fmt: skip


def add_user(audit: EntraAudit, actor: Actor, made: Person, at: datetime) -> list[EventRef]:
    modified = [
        changed("AccountEnabled", [], [True]),
        changed("DisplayName", [], [made.display_name]),
        changed("UserPrincipalName", [], [made.upn]),
        changed("UserType", [], ["Member"]),
        changed(
            "Included Updated Properties", None, "AccountEnabled, DisplayName, UserPrincipalName, UserType"
        ),
    ]
    return [audit.row(actor, at, "Add user", [user_target(made, modified)], operation="Add")]


def add_application(audit: EntraAudit, actor: Actor, app: ServicePrincipal, at: datetime) -> list[EventRef]:
    """The application and, a moment later, its service principal in this tenant."""
    correlation_id = identifiers.guid(audit.rng)
    in_app = [
        changed("AppId", [], [app.app_id]),
        changed("DisplayName", [], [app.name]),
        changed("Included Updated Properties", None, "AppId, DisplayName"),
    ]
    in_principal = [
        changed("AccountEnabled", [], [True]),
        changed("AppPrincipalId", [], [app.app_id]),
        changed("DisplayName", [], [app.name]),
        changed(
            "Included Updated Properties", None, "AccountEnabled, AppPrincipalId, DisplayName, Credential"
        ),
    ]
    rows = (
        ("Add application", target("Application", app.application_object_id, app.name, in_app)),
        ("Add service principal", target("ServicePrincipal", app.object_id, app.name, in_principal)),
    )
    return [
        audit.row(
            actor, later(at, number * 0.7), activity, [row], category="ApplicationManagement", operation="Add",
            correlation_id=correlation_id, details=[BROWSER, ("AppId", app.app_id)],
        )
        for number, (activity, row) in enumerate(rows)
    ]  # fmt: skip


def consent(
    audit: EntraAudit, actor: Actor, app: ServicePrincipal, resource: App, scope: str, at: datetime
) -> list[EventRef]:
    """Admin consent for everybody: the grant, then the consent."""
    correlation_id = identifiers.guid(audit.rng)
    permissions = (
        f"[] => [[Id: {identifiers.guid(audit.rng)}, ClientId: {app.object_id}, PrincipalId: , ResourceId: "
        f"{resource.app_id}, ConsentType: AllPrincipals, Scope: {scope}, CreatedDateTime: , LastModifiedDateTime ]]; "
    )
    granted = [
        changed("DelegatedPermissionGrant.Scope", None, f" {scope}"),
        changed("DelegatedPermissionGrant.ConsentType", None, "AllPrincipals"),
        changed("ServicePrincipal.ObjectID", None, app.object_id),
        changed("ServicePrincipal.AppId", None, app.app_id),
        changed("TargetId.ServicePrincipalNames", None, EXCHANGE_NAMES),
    ]
    consented = [
        changed("ConsentContext.IsAdminConsent", None, "True"),
        changed("ConsentContext.IsAppOnly", None, "False"),
        changed("ConsentContext.OnBehalfOfAll", None, "True"),
        changed("ConsentContext.Tags", None, "WindowsAzureActiveDirectoryIntegratedApp"),
        changed("ConsentAction.Permissions", None, permissions),
        changed("TargetId.ServicePrincipalNames", None, app.app_id),
    ]
    rows = (
        (
            "Add delegated permission grant",
            [
                target("ServicePrincipal", resource.app_id, resource.name, granted),
                target("ServicePrincipal", app.object_id, app.name),
            ],
        ),
        ("Consent to application", [target("ServicePrincipal", app.object_id, app.name, consented)]),
    )
    return [
        audit.row(
            actor, later(at, number * 0.4), activity, targets, category="ApplicationManagement", operation="Assign",
            correlation_id=correlation_id, details=[BROWSER, ("AppId", app.app_id)],
        )
        for number, (activity, targets) in enumerate(rows)
    ]  # fmt: skip


def grant_app_role(
    audit: EntraAudit, actor: Actor, app: ServicePrincipal, resource: App, role: str, at: datetime
) -> list[EventRef]:
    modified = [
        changed("AppRole.Id", None, identifiers.guid(audit.rng)),
        changed("AppRole.Value", None, role),
        changed("AppRole.DisplayName", None, role.replace("_", " ")),
        changed("AppRoleAssignment.CreatedDateTime", None, f"{at:%Y-%m-%dT%H:%M:%S}.0000000Z"),
        changed("ServicePrincipal.ObjectID", None, app.object_id),
        changed("ServicePrincipal.DisplayName", None, app.name),
        changed("ServicePrincipal.AppId", None, app.app_id),
        changed("ServicePrincipal.Name", None, app.app_id),
        changed("TargetId.ServicePrincipalNames", None, EXCHANGE_NAMES),
    ]
    targets = [
        target("ServicePrincipal", resource.app_id, resource.name, modified),
        target("ServicePrincipal", app.object_id, app.app_id),
    ]
    activity = "Add app role assignment to service principal"
    return [
        audit.row(
            actor, at, activity, targets, category="ApplicationManagement", operation="Assign",
            details=[BROWSER, ("AppId", resource.app_id)],
        )
    ]  # fmt: skip


def federate_domain(audit: EntraAudit, actor: Actor, domain: str, at: datetime) -> list[EventRef]:
    """A domain is added, verified, and then signed in to by somebody else's word."""
    rows = (
        ("Add unverified domain", 0, [changed("Name", [""], [domain]), changed("LiveType", ["None"], ["Managed"])]),
        ("Verify domain", 340, [changed("Name", [domain], [domain])]),
        ("Set domain authentication", 460, [changed("LiveType", ["Managed"], ["Federated"])]),
        ("Set federation settings on domain", 461, [
            changed("IssuerUri", None, f"http://{domain}/adfs/services/trust"),
            changed("PassiveLogOnUri", None, f"https://sso.{domain}/adfs/ls/"),
        ]),
    )  # fmt: skip
    return [
        audit.row(
            actor, later(at, seconds), activity, [target("Domain", None, domain, modified)],
            category="DirectoryManagement", operation="Add" if seconds == 0 else "Update",
        )
        for activity, seconds, modified in rows
    ]  # fmt: skip


def register_device(
    audit: EntraAudit, actor: Actor, person: Person, device: Device, at: datetime
) -> list[EventRef]:
    """The registration service adds the device and its owner in its own name, then writes a row in the person's."""
    correlation_id = identifiers.guid(audit.rng)
    service = by_app(DEVICE_SERVICE)
    made = target("Device", device.device_id, device.name, [
        changed("AccountEnabled", [], [True]),
        changed("DeviceId", [], [device.device_id]),
        changed("DeviceOSType", [], ["Windows"]),
        changed("DeviceTrustType", [], ["AzureAd"]),
        changed("DisplayName", [], [device.name]),
    ])  # fmt: skip
    owned = [
        changed("Device.ObjectID", None, device.device_id),
        changed("Device.DisplayName", None, device.name),
    ]
    details = [
        ("Device Id", device.device_id),
        ("Device OS", "Windows"),
        ("Device OS Version", "10.0.26100.4061"),
        ("Device Trust Type", "AzureAD"),
    ]
    return [
        audit.row(service, at, "Add device", [made], category="Device", operation="Add", correlation_id=correlation_id),
        audit.row(
            service, later(at, 0.3), "Add registered owner to device",
            [user_target(person, owned), target("Device", device.device_id, device.name)],
            category="Device", operation="Assign", correlation_id=correlation_id,
        ),
        audit.row(
            actor, later(at, 0.6), "Register device", [target("Device", device.device_id, device.name)],
            service="Device Registration Service", category="Device", operation="Add", correlation_id=correlation_id,
            details=details,
        ),
    ]  # fmt: skip
