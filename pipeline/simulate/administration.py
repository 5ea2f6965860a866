"""Administrative acts of an ordinary fortnight, so that privileged rows are not the attack's alone: group members, devices,
a secret rotated on plan, storage keys looked at, a vault browsed. All of it from the office, by people whose work it is.
"""

from datetime import datetime

from pipeline.simulate import identifiers
from pipeline.simulate.audit_parts import by_person, changed, user_target
from pipeline.simulate.azure_resources import person_caller
from pipeline.simulate.estate import MANAGEMENT, PORTAL, VAULT_SERVICE, App
from pipeline.simulate.networks import OFFICE
from pipeline.simulate.people import Person
from pipeline.simulate.times import later, moment
from pipeline.simulate.world import World

ROTATION_AT = moment("2026-02-26 12:20:00")
ROTATED_PRINCIPAL = "svc-reporting"
GROUP_CHANGES = (
    ("ulla", "anton", "Finance", moment("2026-02-24 09:31:40")),
    ("birte", "viktor", "Developers", moment("2026-02-27 13:02:11")),
    ("ulla", "zoe", "Sales", moment("2026-03-03 08:47:29")),
    ("birte", "chidi", "Data", moment("2026-03-05 14:25:53")),
)
NEW_DEVICES = (("yusuf", moment("2026-02-25 10:12:05")), ("wanda", moment("2026-03-04 09:20:48")))


def run(world: World) -> None:
    for login, member, group, at in GROUP_CHANGES:
        add_to_group(world, world.estate.people[login], world.estate.people[member], group, at)
    for login, at in NEW_DEVICES:
        register_device(world, world.estate.people[login], at)
    rotate_secret(world)
    look_at_storage_keys(world)
    browse_vault(world)


def at_office(person: Person) -> str:
    return OFFICE.address(person.office_host)


def add_to_group(world: World, actor: Person, member: Person, group: str, at: datetime) -> None:
    group_id = identifiers.guid(world.stream(f"group/{group}"))
    modified = [changed("Group.ObjectID", None, group_id), changed("Group.DisplayName", None, group)]
    group_target = {
        "id": group_id,
        "displayName": None,
        "type": "Group",
        "modifiedProperties": [],
        "administrativeUnits": [],
    }
    world.audit.row(
        by_person(actor, at_office(actor)), at, "Add member to group", [user_target(member, modified), group_target],
        category="GroupManagement", operation="Assign",
    )  # fmt: skip


def register_device(world: World, person: Person, at: datetime) -> None:
    device = {
        "id": person.laptop.device_id,
        "displayName": person.laptop.name,
        "type": "Device",
        "modifiedProperties": [],
    }
    world.audit.row(
        by_person(person, at_office(person)), at, "Register device", [device],
        service="Device Registration Service", category="Device", operation="Add",
    )  # fmt: skip


def rotated_key_id(world: World) -> str:
    return identifiers.guid(world.stream("rotation"))


def plan_rotation(world: World) -> None:
    """The automation takes the new secret at its next run."""
    world.rotations[ROTATED_PRINCIPAL] = [(later(ROTATION_AT, 600), rotated_key_id(world))]


def rotate_secret(world: World) -> None:
    """Kai rotates svc-reporting's secret on plan."""
    kai = world.estate.people["kai"]
    office_token(world, kai, later(ROTATION_AT, -300), MANAGEMENT)
    principal = world.estate.principals[ROTATED_PRINCIPAL]
    actor = by_person(kai, at_office(kai))
    world.audit.add_secret(actor, principal, ROTATION_AT, rotated_key_id(world), "2026-H1 rotation")


def office_token(world: World, person: Person, at: datetime, resource: App) -> str:
    session_id, is_new = world.session(person, f"browser {at:%Y-%m-%d}", at)
    if is_new:
        world.signins.user(
            person, later(at, -60), OFFICE, at_office(person), person.laptop, session_id, PORTAL, MANAGEMENT,
            is_interactive=True, mfa_method="Mobile app notification",
        )  # fmt: skip
    return world.signins.user(
        person, at, OFFICE, at_office(person), person.laptop, session_id, PORTAL, resource,
        mfa_method="Previously satisfied", incoming_token="refreshToken",
    ).token_id  # fmt: skip


def look_at_storage_keys(world: World) -> None:
    carol, at = world.estate.people["carol"], moment("2026-02-24 13:40:26")
    caller = person_caller(carol, at_office(carol), office_token(world, carol, at, MANAGEMENT))
    world.resources.list_keys(caller, later(at, 45))


def browse_vault(world: World) -> None:
    kai, at = world.estate.people["kai"], moment("2026-02-25 09:05:33")
    caller = person_caller(kai, at_office(kai), office_token(world, kai, at, VAULT_SERVICE))
    agent = kai.laptop.user_agent
    world.resources.secret(caller, later(at, 12), "SecretList", None, agent)
    world.resources.secret(caller, later(at, 31), "SecretGet", "smtp-relay-password", agent)
