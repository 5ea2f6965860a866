"""What people do on a day: a phone at breakfast, a sign-in, refreshes all day, roaming, and for some work in AWS and Azure.

Everybody is seen at home, at the office and on the mobile carrier in the first days, so later use of these is not new.
"""

from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import aws_work, azure_resources
from pipeline.simulate.entra_signins import SignIn
from pipeline.simulate.estate import (
    BROKER,
    EXCHANGE,
    GRAPH,
    MANAGEMENT,
    OFFICE_HOME,
    ONE_DRIVE,
    OUTLOOK_MOBILE,
    PERMISSION_SETS,
    PORTAL,
    SHAREPOINT,
    TEAMS,
    App,
)
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter
from pipeline.simulate.world import World

LAPTOP_APPS = ((TEAMS, GRAPH), (ONE_DRIVE, SHAREPOINT), (BROKER, GRAPH), (TEAMS, EXCHANGE))
AZURE_CHANGES = (
    ("Microsoft.Resources/deployments/write", "Microsoft.Resources/deployments/release"),
    ("Microsoft.Network/networkSecurityGroups/write", "Microsoft.Network/networkSecurityGroups/nsg-data"),
    ("Microsoft.Compute/virtualMachines/write", "Microsoft.Compute/virtualMachines/vm-build-01"),
    ("Microsoft.Insights/diagnosticSettings/write", "Microsoft.Insights/diagnosticSettings/to-archive"),
)


def live(world: World, first_day: datetime, day_count: int, has_changes: bool = True) -> None:
    """`has_changes` False leaves out changes to Azure resources."""
    for number in range(day_count):
        day = first_day + timedelta(days=number)
        for person in world.estate.people.values():
            rng = world.stream(f"workday/{person.login}/{day:%Y-%m-%d}")
            if world.calendar.is_free_day(day):
                rest(world, person, day, rng)
            else:
                work(world, person, day, rng, number < 2, has_changes)


def work(
    world: World, person: Person, day: datetime, rng: Random, is_settling_in: bool, has_changes: bool
) -> None:
    begins_at = jitter(day + timedelta(minutes=person.starts_at_minute), 25 * 60, rng)
    ends_at = jitter(begins_at + timedelta(minutes=person.works_minutes), 30 * 60, rng)
    place = "office" if day.weekday() in person.office_weekdays and rng.random() < 0.93 else "home"
    uses_vpn = place == "home" and person.vpn_host is not None
    plans: list[tuple[datetime, str, str]] = [
        (begins_at - timedelta(minutes=20 + rng.random() * 60), "phone", "home")
    ]
    if place == "office" and (is_settling_in or rng.random() < 0.5):
        plans.append((begins_at - timedelta(minutes=4 + rng.random() * 12), "phone", "mobile"))
    if is_settling_in and person.vpn_host:
        plans.append((begins_at - timedelta(minutes=3), "laptop", "vpn"))
    plans.append((begins_at, "browser", place))
    length = (ends_at - begins_at).total_seconds()
    for _ in range(5 + int(rng.random() * 5)):
        at = jitter(begins_at, length, rng)
        plans.append((at, "laptop", "vpn" if uses_vpn and rng.random() < 0.5 else place))
    if rng.random() < 0.6:
        plans.append((jitter(begins_at, length, rng), "browser", place))
    if rng.random() < 0.4:
        plans.append((jitter(begins_at + timedelta(seconds=length / 2), 3600, rng), "phone", "mobile"))
    if rng.random() < 0.8:
        plans.append((jitter(ends_at + timedelta(minutes=30), 3 * 3600, rng), "phone", "home"))
    if person.job in PERMISSION_SETS and rng.random() < 0.8:
        plans.append(
            (
                jitter(begins_at + timedelta(minutes=20), length * 0.7, rng),
                "aws",
                "vpn" if uses_vpn else place,
            )
        )
    if has_changes and person.job == "platform" and rng.random() < 0.5:
        plans.append((jitter(begins_at + timedelta(minutes=20), length * 0.7, rng), "azure", place))
    follow(world, person, sorted(plans), rng)


def rest(world: World, person: Person, day: datetime, rng: Random) -> None:
    plans = [
        (jitter(day + timedelta(hours=8), 10 * 3600, rng), "phone", "home")
        for _ in range(1 + int(rng.random() * 2))
    ]
    if rng.random() < 0.3:
        plans.append((jitter(day + timedelta(hours=10), 8 * 3600, rng), "phone", "mobile"))
    if rng.random() < 0.12:
        plans.append((jitter(day + timedelta(hours=9), 9 * 3600, rng), "laptop", "home"))
    follow(world, person, sorted(plans), rng)


def follow(world: World, person: Person, plans: list[tuple[datetime, str, str]], rng: Random) -> None:
    for at, what, place in plans:
        if world.calendar.is_absent(person.login, at):
            continue
        if what == "browser":
            browse(world, person, at, place, rng)
        elif what == "aws":
            browse(world, person, at, place, rng, world.estate.identity_center_app)
            source_ip = world.address(person, place, at, rng)[1]
            # Identity Center does not say which Entra token it accepted: name and time alone link the two clouds.
            aws_work.session(world, person, jitter(at + timedelta(seconds=5), 90, rng), source_ip, rng)
        elif what == "azure":
            change_azure(world, person, at, place, rng)
        else:
            refresh(world, person, at, what, place, rng)


def refresh(world: World, person: Person, at: datetime, device_name: str, place: str, rng: Random) -> SignIn:
    """A token renewed without the person: by the laptop's primary refresh token or the phone's mail app."""
    network, source_ip = world.address(person, place, at, rng)
    session_id, is_new = world.session(person, device_name, at)
    is_phone = device_name == "phone"
    device = world.device(person, device_name, at)
    client, resource = (
        (OUTLOOK_MOBILE, EXCHANGE) if is_phone else LAPTOP_APPS[int(rng.random() * len(LAPTOP_APPS))]
    )
    if is_new:
        world.signins.user(
            person, at, network, source_ip, device, session_id, BROKER, GRAPH,
            is_interactive=True, mfa_method="Mobile app notification",
        )  # fmt: skip
        at = jitter(at + timedelta(seconds=4), 20, rng)
    return world.signins.user(
        person, at, network, source_ip, device, session_id, client, resource,
        mfa_method="Previously satisfied", incoming_token="refreshToken" if is_phone else "primaryRefreshToken",
    )  # fmt: skip


def browse(
    world: World, person: Person, at: datetime, place: str, rng: Random, resource: App | None = None
) -> SignIn:
    """An interactive sign-in in the day's browser session; the first of a day asks for the second factor."""
    network, source_ip = world.address(person, place, at, rng)
    session_id, is_new = world.session(person, f"browser {at:%Y-%m-%d}", at)
    if is_new and rng.random() < 0.06:
        world.signins.user(
            person, at - timedelta(seconds=25), network, source_ip, person.laptop, session_id, OFFICE_HOME, GRAPH,
            is_interactive=True, error_code=50126,
        )  # fmt: skip
    return world.signins.user(
        person, at, network, source_ip, person.laptop, session_id, resource or OFFICE_HOME, resource or GRAPH,
        is_interactive=True, mfa_method="Mobile app notification" if is_new else "Previously satisfied",
    )  # fmt: skip


def change_azure(world: World, person: Person, at: datetime, place: str, rng: Random) -> None:
    """A platform engineer's change in the portal: a management token, then the two rows of the call."""
    browse(world, person, at, place, rng, PORTAL)
    network, source_ip = world.address(person, place, at, rng)
    session_id, _ = world.session(person, f"browser {at:%Y-%m-%d}", at)
    at = jitter(at + timedelta(seconds=5), 60, rng)
    token = world.signins.user(
        person, at, network, source_ip, person.laptop, session_id, PORTAL, MANAGEMENT,
        mfa_method="Previously satisfied", incoming_token="refreshToken",
    )  # fmt: skip
    action, path = AZURE_CHANGES[int(rng.random() * len(AZURE_CHANGES))]
    caller = azure_resources.person_caller(person, source_ip, token.token_id)
    world.resources.write(caller, jitter(at + timedelta(seconds=30), 600, rng), action, path)
