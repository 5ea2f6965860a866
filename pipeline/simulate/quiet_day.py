"""One working day of people and machines in every log: Entra, Azure, AWS, Okta, Microsoft 365 and Graph, and nobody's attack.

Who is at work, from where and in which sessions, is read off the Entra sign-ins, so that the other logs agree with them.
"""

from collections import defaultdict
from datetime import datetime

from pipeline.simulate import (
    audit_twins,
    automation,
    entra_risk,
    graph_day,
    office_day,
    okta_day,
    quiet_administration,
    quiet_aws,
    resets,
    workdays,
)
from pipeline.simulate.logbook import Record
from pipeline.simulate.networks import OFFICE
from pipeline.simulate.reset_plan import PlannedReset, make_calendar
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import QUIET_DAY, later
from pipeline.simulate.truth import OrdinaryReset, planned_resets
from pipeline.simulate.world import World, make_world

QUIET_RESET = PlannedReset(
    "quentin", later(QUIET_DAY, 9 * 3600 + 1271), ("self_service",), None, True, "office", "forgot it"
)


def live(seed: int) -> tuple[World, list[OrdinaryReset]]:
    """The day, and everybody whose credential was replaced on it."""
    world = make_world(seed, make_calendar((QUIET_RESET,), {}))
    workdays.live(world, QUIET_DAY, 1, has_changes=False)
    automation.run(world, QUIET_DAY, 1)
    written = {QUIET_RESET.login: tuple(resets.perform(world, QUIET_RESET))}
    shifts = shifts_of_day(world)
    entra_risk.run(world, QUIET_DAY)
    hello = quiet_administration.run(world, shifts)
    quiet_aws.run(world, shifts["carol"])
    graph_day.run(world, shifts, QUIET_DAY)
    office_day.run(world, shifts, QUIET_DAY)
    audit_twins.run(world)
    okta = okta_day.run(world, shifts, QUIET_DAY)
    return world, [*planned_resets(world, written, (QUIET_RESET,)), hello, *okta]


def shifts_of_day(world: World) -> dict[str, Shift]:
    """By login, in the order of the staff; nobody without an interactive sign-in."""
    moments: dict[str, list[datetime]] = defaultdict(list)
    sign_ins: dict[str, list[tuple[datetime, Record]]] = defaultdict(list)
    for delivery in world.logbook.deliveries:
        properties = delivery.record.get("properties", {})
        if delivery.source == "entra_signin" and not properties["status"]["errorCode"]:
            sign_ins[properties["userPrincipalName"]].append((delivery.occurred_at, properties))
        elif delivery.source == "entra_signin_noninteractive" and is_laptop(properties):
            moments[properties["userPrincipalName"]].append(delivery.occurred_at)
    shifts = {}
    for login, person in world.estate.people.items():
        if not (own := sorted(sign_ins[person.upn], key=lambda pair: pair[0])):
            continue
        begins_at = own[0][0]
        is_at_office = own[0][1]["ipAddress"].startswith(OFFICE.prefix)
        network, source_ip = world.address(
            person, "office" if is_at_office else "home", begins_at, world.stream(f"shift/{login}")
        )
        ends_at = max([*moments[person.upn], own[-1][0]])
        shifts[login] = Shift(person, network, source_ip, begins_at, ends_at, tuple(own))
    return shifts


def is_laptop(properties: Record) -> bool:
    return properties["deviceDetail"]["operatingSystem"] in {"Windows10", "MacOs"}
