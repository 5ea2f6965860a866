"""The ordinary life of an organisation, in every log it keeps; thinner than life, so that forty of them can be measured.

Okta, Microsoft 365 and Graph are made to agree with the Entra sign-ins already written: same people, places and sessions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import automation, entra_risk, graph_day, identifiers, office_day, workdays
from pipeline.simulate.aws_work import DEVELOPER_CALLS
from pipeline.simulate.campaign import machines
from pipeline.simulate.campaign.acting import at_place
from pipeline.simulate.campaign.benign_entra import service_sign_in
from pipeline.simulate.campaign.benign_iam import own_console
from pipeline.simulate.campaign.benign_work import WORKS, do_work
from pipeline.simulate.campaign.calendar import at_work
from pipeline.simulate.campaign.ordinary import OrdinaryPlan
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.graph_activity import GraphCaller
from pipeline.simulate.logbook import Record
from pipeline.simulate.networks import Network
from pipeline.simulate.okta_log import Client
from pipeline.simulate.okta_sessions import FAST_PASS, PUSH, OktaDay, open_app, sign_in
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import jitter, later
from pipeline.simulate.world import World

WORKS_A_DAY = {"platform": 0.12, "data": 0.05, "developer": 0.05}  # of others hardly any
SHARE_OF_GRAPH = 0.1


def live(organisation: Organisation) -> None:
    world, period = organisation.world, organisation.period
    machines.make_them(organisation)
    workdays.live(world, period.first_day, period.day_count)
    automation.run(world, period.first_day, period.day_count)
    work_with_power(organisation)
    use_consoles(organisation)
    for account in organisation.service_accounts:
        rng = world.stream(f"service account/{account.login}")
        for number in range(period.day_count):
            service_sign_in(
                organisation, account, jitter(period.first_day + timedelta(days=number, hours=4), 3600, rng)
            )


def work_with_power(organisation: Organisation) -> None:
    """What technical people do all the time, before any reset: the past that a hunt compares with."""
    world, period = organisation.world, organisation.period
    for number in range(2, period.day_count):
        day = period.first_day + timedelta(days=number)
        if period.is_free(day):
            continue
        for person in organisation.people:
            rng = world.stream(f"power/{person.login}/{day:%Y-%m-%d}")
            if rng.random() >= WORKS_A_DAY.get(person.job, 0.012):
                continue
            works = [work for work in WORKS if work.suits(organisation, person)]
            at = at_work(person, day, rng)
            if works and not world.calendar.is_absent(person.login, at):
                do_work(organisation, person, rng.choice(works), at, rng)


def use_consoles(organisation: Organisation) -> None:
    """Who has an IAM user besides signs in with it now and then, with its second factor."""
    world, period = organisation.world, organisation.period
    for login, user in world.estate.own_users.items():
        person = world.estate.people[login]
        for number in range(period.day_count):
            day = period.first_day + timedelta(days=number)
            rng = world.stream(f"console/{login}/{day:%Y-%m-%d}")
            at = at_work(person, day, rng)
            if period.is_free(day) or rng.random() > 0.2 or world.calendar.is_absent(login, at):
                continue
            caller = own_console(at_place(organisation, person, at, rng), at)
            world.trail.call(caller, later(at, 40), "iam", "GetUser", {"userName": user.name})
            for service, name, request, is_read in rng.sample(DEVELOPER_CALLS[:5], 2):
                at = jitter(later(at, 60), 300, rng)
                world.trail.call(caller, at, service, name, request, read_only=is_read)


def write_risks(organisation: Organisation) -> None:
    """Every fourth sign-in on a journey is unfamiliar to Entra, until the second factor settles it."""
    world = organisation.world
    rng = world.stream("risk")
    by_upn = {person.upn: person for person in organisation.people}
    for delivery in list(world.logbook.deliveries):
        properties = delivery.record.get("properties", {})
        if delivery.source != "entra_signin" or properties["status"]["errorCode"]:
            continue
        person = by_upn.get(properties["userPrincipalName"])
        if (
            person is None
            or not world.calendar.trip(person.login, delivery.occurred_at)
            or rng.random() > 0.25
        ):
            continue
        properties |= {
            "riskDetail": "userPassedMFADrivenByRiskBasedPolicy",
            "riskLevelAggregated": "low",
            "riskLevelDuringSignIn": "low",
            "riskState": "remediated",
            "riskEventTypes": ["unfamiliarFeatures"],
            "riskEventTypes_v2": ["unfamiliarFeatures"],
        }
        detection_id = identifiers.key_hash(f"{world.seed}/risk/{properties['id']}").lower()
        for state, detail, seconds in (("atRisk", "none", 90), ("remediated", properties["riskDetail"], 190)):
            entra_risk.write_detection(
                world, person, properties, detection_id, state, detail, delivery.occurred_at,
                later(delivery.occurred_at, seconds),
            )  # fmt: skip


def write_other_logs(organisation: Organisation, ordinary: Sequence[OrdinaryPlan]) -> None:
    """After the resets, so that these are in the other logs too; before the attacks, which write their own."""
    shifts = first_sign_ins(organisation)
    if organisation.traits.has_okta:
        own = {(plan.person.login, plan.at.date()) for plan in ordinary if plan.kind.provider == "okta"}
        write_okta(
            organisation,
            [shift for shift in shifts if (shift.person.login, shift.begins_at.date()) not in own],
        )
    if organisation.traits.has_risk_logs:
        write_risks(organisation)
    if organisation.traits.has_office_logs:
        write_office(organisation.world, shifts)
    if organisation.traits.has_graph_logs:
        write_graph(organisation.world)


def first_sign_ins(organisation: Organisation) -> list[Shift]:
    """One shift a person and day, from the first interactive sign-in that worked."""
    by_upn = {person.upn: person for person in organisation.people}
    firsts: dict[tuple[str, str], tuple[datetime, Record]] = {}
    for delivery in organisation.world.logbook.deliveries:
        properties = delivery.record.get("properties", {})
        if delivery.source != "entra_signin" or properties["status"]["errorCode"]:
            continue
        key = (properties["userPrincipalName"], f"{delivery.occurred_at:%Y-%m-%d}")
        if key[0] in by_upn and (key not in firsts or delivery.occurred_at < firsts[key][0]):
            firsts[key] = (delivery.occurred_at, properties)
    return [
        Shift(
            by_upn[upn],
            network_of(properties),
            properties["ipAddress"],
            at,
            later(at, 8 * 3600),
            ((at, properties),),
        )
        for (upn, _), (at, properties) in sorted(firsts.items())
    ]


def network_of(properties: Record) -> Network:
    place, point = properties["location"], properties["location"]["geoCoordinates"]
    named = properties["networkLocationDetails"]
    return Network(
        named[0]["networkNames"][0] if named else "internet", "", properties["autonomousSystemNumber"],
        place["countryOrRegion"], place["city"], place["state"], point["latitude"], point["longitude"], bool(named),
    )  # fmt: skip


def write_okta(organisation: Organisation, shifts: Sequence[Shift]) -> None:
    world = organisation.world
    okta = OktaDay(world, world.okta, {}, world.stream("okta days"))
    for shift in shifts:
        rng, person = world.stream(f"okta/{shift.person.login}/{shift.begins_at:%Y-%m-%d}"), shift.person
        client = Client(shift.network, shift.source_ip, person.laptop.user_agent, person.laptop)
        at = later(shift.begins_at, -120)
        session_id = sign_in(okta, person.login, client, at, FAST_PASS if rng.random() < 0.6 else PUSH)
        for name in rng.sample(("Wiki", "Expenses", "Travel", "CRM", "Code Review"), 1 + rng.randrange(2)):
            open_app(okta, person.login, client, jitter(later(at, 60), 5 * 3600, rng), session_id, name)


def write_office(world: World, shifts: Sequence[Shift]) -> None:
    for shift in shifts:
        rng, audit = world.stream(f"office/{shift.person.login}/{shift.begins_at:%Y-%m-%d}"), world.office

        def some_time(shift: Shift = shift, rng: Random = rng) -> datetime:
            return jitter(later(shift.begins_at, 60), 7 * 3600, rng)

        audit.mailbox(shift, some_time(), "MailItemsAccessed", office_day.WEB, office_day.opened(rng))
        if rng.random() < 0.5:
            site = f"https://{world.estate.name}.sharepoint.com/sites/{office_day.TEAM_SITES.get(shift.person.job, 'engineering')}/"
            operation = rng.choice(("FileAccessed", "FileModified", "FileDownloaded"))
            audit.file(
                shift, some_time(), operation, site, "Shared Documents/2026", rng.choice(office_day.FILES)
            )


def write_graph(world: World) -> None:
    rng, others = world.stream("graph calls"), list(world.estate.people.values())
    for delivery in list(world.logbook.deliveries):
        properties = delivery.record.get("properties", {})
        calls = graph_day.CALLS.get(properties.get("appId", ""))
        if not delivery.source.startswith("entra_signin") or not calls or properties["status"]["errorCode"]:
            continue
        if rng.random() < SHARE_OF_GRAPH:
            caller = GraphCaller(
                properties["appId"], properties["ipAddress"], properties["userAgent"], properties
            )
            method, path, status = rng.choice(calls)
            path = path.format(
                user=rng.choice(others).object_id, message=f"AAMkAG{rng.getrandbits(96):024X}="
            )
            world.graph.call(caller, jitter(later(delivery.occurred_at, 2), 2400, rng), method, path, status)
