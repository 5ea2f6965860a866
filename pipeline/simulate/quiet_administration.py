"""Administrative acts of the quiet day in Entra and Azure: a role activated for hours, a newcomer, a guest, a new laptop, a
first-party consent, an application's reply address, and changes of resources that open nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pipeline.simulate import administration, identifiers
from pipeline.simulate.audit_parts import Actor, by_app, by_person, changed, user_target
from pipeline.simulate.azure_resources import person_caller
from pipeline.simulate.estate import MANAGEMENT, STORAGE_ACCOUNT, App
from pipeline.simulate.graph_day import GRAPH_EXPLORER
from pipeline.simulate.logbook import Record
from pipeline.simulate.people import Person, windows_laptop
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import later
from pipeline.simulate.truth import OrdinaryReset
from pipeline.simulate.world import World

ACTIVATED_ROLE = ("User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1")


def run(world: World, shifts: dict[str, Shift]) -> OrdinaryReset:
    """Writes them all. Windows Hello on a new laptop is a new credential, so it is handed back as a reset."""
    activate_role(world, shifts["hana"], *ACTIVATED_ROLE)
    renew_managed_identity(world, later(shifts["hana"].begins_at, -14_000))
    welcome(world, shifts["ulla"])
    consent(world, shifts["jonas"])
    change_application(world, shifts["kai"])
    change_resources(world, shifts["kai"])
    recover_local_password(world, shifts["hugo"], shifts["sven"].person)
    return set_up_laptop(world, newcomer(world), later(shifts["ulla"].begins_at, 3600))


def acting(shift: Shift) -> Actor:
    return by_person(shift.person, shift.source_ip)


def target(kind: str, object_id: str, name: str | None, modified: Sequence[Record] = ()) -> Record:
    return {
        "id": object_id,
        "displayName": name,
        "type": kind,
        "modifiedProperties": list(modified),
        "administrativeUnits": [],
    }


def fixed_guid(world: World, name: str) -> str:
    return identifiers.guid(world.stream(f"quiet administration/{name}"))


def activate_role(world: World, shift: Shift, role: str, template_id: str) -> None:
    """Hours of a role that its holder is eligible for: PIM's rows name the person, the directory's rows PIM."""
    at, role_id = later(shift.begins_at, 12 * 60), fixed_guid(world, role)
    pim = by_app(App("MS-PIM", "", fixed_guid(world, "MS-PIM")))
    asked = [
        target("Role", role_id, role),
        target("Request", fixed_guid(world, "request"), None),
        user_target(shift.person),
    ]
    correlation_id = fixed_guid(world, "activation")
    details = (("RoleDefinitionOriginId", template_id), ("RoleDefinitionOriginType", "BuiltInRole"))
    for number, step in enumerate(("requested", "completed")):
        world.audit.row(
            acting(shift), later(at, 4 * number), f"Add member to role {step} (PIM activation)", asked,
            service="PIM", category="RoleManagement", operation="Create", reason="SD-4468: unlock and reset",
            details=details, correlation_id=correlation_id,
        )  # fmt: skip
    for activity, operation, moment, old in (
        ("Add member to role", "Assign", later(at, 3), False),
        ("Remove member from role", "Unassign", later(at, 4 * 3600 + 3), True),
    ):
        values = {"Role.ObjectID": role_id, "Role.DisplayName": role, "Role.TemplateId": template_id}
        modified = [
            changed(name, value if old else None, None if old else value) for name, value in values.items()
        ]
        world.audit.row(
            pim, moment, activity, [user_target(shift.person, modified), target("Role", role_id, None)],
            category="RoleManagement", operation=operation,
        )  # fmt: skip


def renew_managed_identity(world: World, at: datetime) -> None:
    """The platform renews the certificate of a managed identity, every few weeks and by itself."""
    service = by_app(App("Managed Service Identity", "", fixed_guid(world, "Managed Service Identity")))
    app_id, identity_id = (fixed_guid(world, f"managed identity {part}") for part in ("app", "object"))
    keys = [
        f"[KeyIdentifier={fixed_guid(world, f'certificate {number}')},KeyType=AsymmetricX509Cert,KeyUsage=Verify,"
        f"DisplayName=CN={app_id}]"
        for number in range(3)
    ]
    names = changed(
        "TargetId.ServicePrincipalNames", None, f"{app_id};https://identity.azure.net/x1Yb0wGq3vTn5cKe="
    )
    key_change = changed("KeyDescription", keys[:2], [keys[1], keys[0], keys[2]])
    included = changed("Included Updated Properties", None, "KeyDescription")
    correlation_id = fixed_guid(world, "renewal")
    for activity, modified in (
        ("Add service principal credentials", [key_change, included, names]),
        ("Update service principal", [included, names]),
    ):
        world.audit.row(
            service, at, activity, [target("ServicePrincipal", identity_id, "aa-nightly-maintenance", modified)],
            category="ApplicationManagement", correlation_id=correlation_id,
            details=[("User-Agent", "Microsoft Azure Graph Client Library 2.1.17-internal"), ("AppId", app_id)],
        )  # fmt: skip


def newcomer(world: World) -> Person:
    """Not of the staff yet: on this day there are an account, a laptop and no habits."""
    laptop = windows_laptop("LT-031", world.stream("quiet administration/laptop"))
    return replace(
        world.estate.people["zoe"], login="mira", display_name="Mira Sanchez", upn="mira@example.com",
        object_id=fixed_guid(world, "mira"), laptop=laptop,
    )  # fmt: skip


def welcome(world: World, shift: Shift) -> None:
    """A newcomer's account comes from the staff records; Ulla adds a colleague to a group and invites a supplier."""
    provisioning = by_app(App("Staff Records to Entra", "", fixed_guid(world, "provisioning")))
    person = newcomer(world)
    modified = [changed("AccountEnabled", [], [True]), changed("DisplayName", [], [person.display_name])]
    world.audit.row(
        provisioning,
        later(shift.begins_at, -3600),
        "Add user",
        [user_target(person, modified)],
        operation="Add",
    )
    administration.add_to_group(
        world, shift.person, world.estate.people["zoe"], "Sales", later(shift.begins_at, 5400)
    )
    guest = target("User", fixed_guid(world, "guest"), "Supplier")
    world.audit.row(
        acting(shift), later(shift.begins_at, 9000), "Invite external user", [guest],
        service="Invited Users", operation="Add", details=[("InvitedUserEmailAddress", "orders@supplier.example")],
    )  # fmt: skip


def consent(world: World, shift: Shift) -> None:
    """Jonas lets Microsoft's own Graph Explorer read his own profile; nothing for others, nothing for ever."""
    at, correlation_id = later(shift.begins_at, 2 * 3600 + 20), fixed_guid(world, "consent")
    service_principal_id = fixed_guid(world, "graph explorer")
    context = {"IsAdminConsent": "False", "IsAppOnly": "False", "OnBehalfOfAll": "False", "Tags": ""}
    modified = [changed(f"ConsentContext.{name}", None, value) for name, value in context.items()]
    permissions = (
        f"[] => [[Id: x, ClientId: {service_principal_id}, ConsentType: Principal, Scope: User.Read]]; "
    )
    modified.append(changed("ConsentAction.Permissions", None, permissions))
    explorer = target("ServicePrincipal", service_principal_id, GRAPH_EXPLORER.name, modified)
    grant = target("ServicePrincipal", fixed_guid(world, "graph"), "Microsoft Graph", [
        changed("DelegatedPermissionGrant.Scope", None, "User.Read openid profile"),
        changed("DelegatedPermissionGrant.ConsentType", None, "Principal"),
    ])  # fmt: skip
    for activity, targets, operation in (
        ("Add delegated permission grant", [grant], "Assign"),
        ("Add app role assignment grant to user", [explorer, user_target(shift.person)], "Assign"),
        ("Consent to application", [explorer], "Assign"),
    ):
        world.audit.row(
            acting(shift), at, activity, targets,
            category="ApplicationManagement", operation=operation, correlation_id=correlation_id,
        )  # fmt: skip


def change_application(world: World, shift: Shift) -> None:
    """Another reply address: the application is updated, and no credential of it."""
    principal = world.estate.principals["svc-reporting"]
    old, new = "https://reports.example.com/signin", "https://reports.example.com/signin-oidc"
    address = [
        {"AddressType": 0, "Address": value, "ReplyAddressClientType": 1, "ReplyAddressIndex": None}
        for value in (old, new)
    ]
    modified = [
        changed("AppAddress", address[:1], address),
        changed("Included Updated Properties", None, "AppAddress"),
    ]
    for activity, kind, object_id in (
        ("Update application", "Application", principal.application_object_id),
        ("Update service principal", "ServicePrincipal", principal.object_id),
    ):
        world.audit.row(
            acting(shift), later(shift.begins_at, 7200), activity, [target(kind, object_id, principal.name, modified)],
            category="ApplicationManagement",
        )  # fmt: skip


def change_resources(world: World, shift: Shift) -> None:
    """Logs sent to one more place, and a storage account that goes on forbidding public access."""
    at = later(shift.begins_at, 3 * 3600)
    token_id = administration.office_token(world, shift.person, at, MANAGEMENT)
    caller = person_caller(shift.person, administration.at_office(shift.person), token_id)
    account = f"Microsoft.Storage/storageAccounts/{STORAGE_ACCOUNT}"
    world.resources.write(
        caller, later(at, 60), "Microsoft.Insights/diagnosticSettings/write",
        f"{account}/providers/Microsoft.Insights/diagnosticSettings/to-archive",
        body={"properties": {"logs": [{"category": "StorageRead", "enabled": True}]}},
    )  # fmt: skip
    kept = {
        "allowBlobPublicAccess": False, "minimumTlsVersion": "TLS1_2", "publicNetworkAccess": "Disabled",
        "networkAcls": {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": []},
    }  # fmt: skip
    world.resources.write(
        caller, later(at, 420), "Microsoft.Storage/storageAccounts/write", account,
        body={"tags": {"cost-centre": "4711"}, "properties": kept},
    )  # fmt: skip
    recovery = {"isVersioningEnabled": True, "deleteRetentionPolicy": {"enabled": True, "days": 30}}
    world.resources.write(
        caller, later(at, 540), "Microsoft.Storage/storageAccounts/blobServices/write", f"{account}/blobServices/default",
        body={"properties": recovery},
    )  # fmt: skip


def recover_local_password(world: World, shift: Shift, owner: Person) -> None:
    laptop = target("Device", owner.laptop.device_id, owner.laptop.name)
    world.audit.row(
        acting(shift), later(shift.begins_at, 3 * 3600), "Recover device local administrator password", [laptop],
        service="Device Registration Service", category="Device", operation="Update",
    )  # fmt: skip


def set_up_laptop(world: World, person: Person, at: datetime) -> OrdinaryReset:
    """The newcomer's laptop: registered, with an owner, and Windows Hello set up on it by that owner."""
    administration.register_device(world, person, at)
    actor = by_person(person, administration.at_office(person))
    laptop = target("Device", person.laptop.device_id, person.laptop.name)
    world.audit.row(
        actor, later(at, 1), "Add registered owner to device", [user_target(person), laptop],
        service="Device Registration Service", category="Device", operation="Add",
    )  # fmt: skip
    ref = world.audit.row(
        actor, later(at, 240), "Add Windows Hello for Business credential", [user_target(person)],
        service="Device Registration Service", operation="Add",
    )  # fmt: skip
    story = "Windows Hello on a newcomer's laptop"
    return OrdinaryReset(person.upn, person.object_id, "azure", None, False, story, (ref,))
