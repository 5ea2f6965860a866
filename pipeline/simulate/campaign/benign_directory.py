"""Ordinary work in Entra: hours of a role, a secret of one's own application and its use, consent, a conference room, a laptop."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.simulate import identifiers
from pipeline.simulate.audit_parts import by_app, changed, secret_text, user_target
from pipeline.simulate.campaign.acting import Acting
from pipeline.simulate.estate import BROKER, GRAPH, MANAGEMENT, OFFICE_HOME, TEAMS, App, ServicePrincipal
from pipeline.simulate.logbook import Record
from pipeline.simulate.people import windows_laptop
from pipeline.simulate.times import jitter, later

ROLES = (
    ("User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1"),
    ("Application Administrator", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"),
    ("Cloud Device Administrator", "7698a772-787b-4ac8-901f-60d6b08affd2"),
)
AZURE_CLI = App("Microsoft Azure CLI", "04b07795-8ddb-461a-bbee-02f9e1bf7b46")
ROOM_AGENT = "Mozilla/5.0 (Linux; Android 12; RoomBar) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
LIBRARY = "azsdk-python-identity/1.23.0 Python/3.12.11 (Linux)"


def target(kind: str, object_id: str, name: str | None, modified: Sequence[Record] = ()) -> Record:
    return {
        "id": object_id,
        "displayName": name,
        "type": kind,
        "modifiedProperties": list(modified),
        "administrativeUnits": [],
    }


def activate_role(acting: Acting, at: datetime) -> None:
    """PIM's rows name the person, the directory's rows PIM; hours later the role is gone again."""
    world, person = acting.world, acting.person
    role, template_id = acting.rng.choice(ROLES)
    role_id = identifiers.guid(world.stream(f"role/{role}"))
    pim = by_app(App("MS-PIM", "", identifiers.guid(world.stream("MS-PIM"))))
    acting.token(later(at, -120), GRAPH)
    correlation_id = identifiers.guid(acting.rng)
    asked = [
        target("Role", role_id, role),
        target("Request", identifiers.guid(acting.rng), None),
        user_target(person),
    ]
    ticket = f"CHG-{acting.rng.randrange(10_000, 99_999)}: planned work"
    for number, step in enumerate(("requested", "completed")):
        world.audit.row(
            acting.actor(at), later(at, 4 * number), f"Add member to role {step} (PIM activation)", asked,
            service="PIM", category="RoleManagement", operation="Create", reason=ticket,
            details=(("RoleDefinitionOriginId", template_id), ("RoleDefinitionOriginType", "BuiltInRole")),
            correlation_id=correlation_id,
        )  # fmt: skip
    values = {"Role.ObjectID": role_id, "Role.DisplayName": role, "Role.TemplateId": template_id}
    hours = 1 + acting.rng.randrange(8)
    for activity, operation, moment, is_end in (
        ("Add member to role", "Assign", later(at, 3), False),
        ("Remove member from role", "Unassign", later(at, hours * 3600 + 3), True),
    ):
        modified = [
            changed(name, *((value, None) if is_end else (None, value))) for name, value in values.items()
        ]
        world.audit.row(
            pim, moment, activity, [user_target(person, modified), target("Role", role_id, None)],
            category="RoleManagement", operation=operation,
        )  # fmt: skip


def own_application(acting: Acting) -> ServicePrincipal:
    return acting.world.estate.principals[f"own/{acting.person.login}"]


def renew_own_secret(acting: Acting, at: datetime) -> None:
    """A new secret for the person's own application, taken up by its pipeline within hours; the old one goes days later."""
    world, principal = acting.world, own_application(acting)
    old_key_id, key_id = world.credential(principal, at), identifiers.guid(acting.rng)
    acting.token(later(at, -200), GRAPH)
    world.audit.add_secret(acting.actor(at), principal, at, key_id, f"ci {at:%Y-%m}")
    taken_at = jitter(later(at, 300), 5 * 3600, acting.rng)
    world.rotations.setdefault(principal.name, []).append((taken_at, key_id))
    network = world.estate.places.ci
    for number in range(4):
        use_at = jitter(taken_at + timedelta(hours=11 * number), 3 * 3600, acting.rng)
        source_ip = network.address(20 + acting.rng.randrange(60))
        world.signins.service_principal(principal, use_at, network, source_ip, MANAGEMENT, key_id, LIBRARY)
    removed_at = jitter(taken_at + timedelta(days=1), 3 * 86400, acting.rng)
    texts = [secret_text(old_key_id, "ci"), secret_text(key_id, f"ci {at:%Y-%m}")]
    modified = [
        changed("KeyDescription", texts, texts[1:]),
        changed("Included Updated Properties", None, "KeyDescription"),
    ]
    correlation_id = identifiers.guid(acting.rng)
    for activity, kind, object_id in (
        ("Update application \N{EN DASH} Certificates and secrets management ", "Application", principal.application_object_id),
        ("Remove service principal credentials", "ServicePrincipal", principal.object_id),
    ):  # fmt: skip
        world.audit.row(
            acting.actor(removed_at), removed_at, activity, [target(kind, object_id, principal.name, modified)],
            category="ApplicationManagement", correlation_id=correlation_id,
        )  # fmt: skip


def consent_to_tool(acting: Acting, at: datetime) -> None:
    """To read one's own profile and calendar, for oneself alone."""
    world, rng = acting.world, acting.rng
    app = App(rng.choice(("Graph Explorer", "Whiteboard Plus", "Scheduling Helper")), identifiers.guid(rng))
    acting.sign_in(later(at, -30), app)
    service_principal_id, correlation_id = identifiers.guid(rng), identifiers.guid(rng)
    context = {"IsAdminConsent": "False", "IsAppOnly": "False", "OnBehalfOfAll": "False", "Tags": ""}
    modified = [changed(f"ConsentContext.{name}", None, value) for name, value in context.items()]
    modified.append(changed(
        "ConsentAction.Permissions", None,
        f"[] => [[Id: x, ClientId: {service_principal_id}, ConsentType: Principal, Scope: User.Read Calendars.Read]]; ",
    ))  # fmt: skip
    grant = target("ServicePrincipal", identifiers.guid(world.stream("graph")), "Microsoft Graph", [
        changed("DelegatedPermissionGrant.Scope", None, "User.Read Calendars.Read openid profile"),
        changed("DelegatedPermissionGrant.ConsentType", None, "Principal"),
    ])  # fmt: skip
    client = target("ServicePrincipal", service_principal_id, app.name, modified)
    for activity, targets in (
        ("Add delegated permission grant", [grant]),
        ("Add app role assignment grant to user", [client, user_target(acting.person)]),
        ("Consent to application", [client]),
    ):
        world.audit.row(
            acting.actor(at), at, activity, targets, category="ApplicationManagement", operation="Assign",
            correlation_id=correlation_id,
        )  # fmt: skip


def sign_in_room(acting: Acting, at: datetime) -> None:
    """A conference room's panel shows a code, which the person types in on their laptop: a session on the panel."""
    world, person = acting.world, acting.person
    network = world.estate.places.office
    session_id = identifiers.guid(acting.rng)
    acting.sign_in(later(at, -40))
    panel = replace(
        person.phone,
        device_id="",
        name="",
        operating_system="Android",
        browser="Chrome 138.0",
        user_agent=ROOM_AGENT,
    )
    for number, client in enumerate((TEAMS, TEAMS, TEAMS)):
        world.signins.user(
            person, jitter(later(at, 900 * number), 600 if number else 10, acting.rng), network, network.address(9), panel,
            session_id, client, GRAPH, is_interactive=number == 0,
            mfa_method="Previously satisfied", is_known_device=False, incoming_token="refreshToken" if number else "none",
        )  # fmt: skip
        properties = world.logbook.deliveries[-1].record["properties"]
        properties |= {"originalTransferMethod": "deviceCodeFlow"}
        if number == 0:
            properties |= {"authenticationProtocol": "deviceCode"}


def set_up_laptop(acting: Acting, at: datetime) -> None:
    """A laptop from the shop: joined by its owner, who has a primary refresh token on it from then on."""
    world, person, rng = acting.world, acting.person, acting.rng
    laptop = windows_laptop(f"LT-{rng.randrange(400, 999)}", rng)
    network, source_ip = acting.where(at)
    session_id = identifiers.guid(rng)
    device_registration = App("Device Registration Service", "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9")
    world.signins.user(
        person, later(at, -75), network, source_ip, laptop, session_id, BROKER, device_registration,
        is_interactive=True, mfa_method="Mobile app notification", is_known_device=False,
    )  # fmt: skip
    shown = target("Device", laptop.device_id, laptop.name)
    service = "Device Registration Service"
    for number, (activity, targets) in enumerate(
        (("Register device", [shown]), ("Add registered owner to device", [user_target(person), shown]))
    ):
        world.audit.row(
            acting.actor(at),
            later(at, number),
            activity,
            targets,
            service=service,
            category="Device",
            operation="Add",
        )
    for number in range(5):
        world.signins.user(
            person, jitter(later(at, 120 + 5000 * number), 3000, rng), network, source_ip, laptop, session_id,
            (TEAMS, OFFICE_HOME)[number % 2], GRAPH, mfa_method="Previously satisfied", incoming_token="primaryRefreshToken",
        )  # fmt: skip
