"""Ordinary resets in Entra: by the person, by the desk, with a pass, brought from on-premises, of an account of machines."""

from collections.abc import Callable
from datetime import datetime

from pipeline.simulate import identifiers, resets
from pipeline.simulate.audit_parts import Actor, by_person, user_target
from pipeline.simulate.campaign.acting import Acting, at_place
from pipeline.simulate.campaign.ordinary import DESK, Kind, OrdinaryPlan, Subject
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.estate import GRAPH, OFFICE_HOME, TEAMS
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.people import Person
from pipeline.simulate.reset_plan import PlannedReset
from pipeline.simulate.times import jitter, later

Perform = Callable[[Organisation, OrdinaryPlan], list[EventRef]]


def in_entra(*acts: str) -> Perform:
    def perform(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
        planned = PlannedReset(
            plan.person.login, plan.at, acts, plan.agent.login if plan.agent else None, plan.has_cut_off,
            plan.place_of_work, plan.story,
        )  # fmt: skip
        refs = resets.perform(organisation.world, planned)
        if plan.has_cut_off:
            knock_in_vain(organisation, plan)
        return refs

    return perform


def knock_in_vain(organisation: Organisation, plan: OrdinaryPlan) -> None:
    """The laptop goes on trying with what was cut off, and is refused once or twice, until its owner signs in again."""
    world, person = organisation.world, plan.person
    rng = world.stream(f"refused/{person.login}/{plan.at}")
    session_id, _ = world.session(person, "laptop", later(plan.at, -1))
    for number in range(1 + rng.randrange(2)):
        at = jitter(later(plan.at, 300 + 900 * number), 600, rng)
        network, source_ip = world.address(person, plan.place_of_work, at, rng)
        world.signins.user(
            person, at, network, source_ip, person.laptop, session_id, TEAMS, GRAPH, error_code=50173,
            incoming_token="primaryRefreshToken",
        )  # fmt: skip


def desk(organisation: Organisation, agent: Person) -> Actor:
    return by_person(agent, organisation.world.estate.places.office.address(agent.office_host))


def sign_in_later(organisation: Organisation, plan: OrdinaryPlan, seconds: float) -> None:
    rng = organisation.world.stream(f"sign in later/{plan.person.login}/{plan.at}")
    Acting(organisation, plan.person, plan.place_of_work, rng).sign_in(later(plan.at, seconds))


def write_back(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    """The desk resets in the cloud, and an agent carries the password into the directory on the premises."""
    audit, agent = organisation.world.audit, plan.agent
    actor = desk(organisation, agent) if agent else by_person(plan.person, "")
    correlation_id = identifiers.guid(organisation.world.stream(f"write back/{plan.person.login}/{plan.at}"))
    refs = [
        audit.row(
            actor, plan.at, "Reset user password", [user_target(plan.person)], correlation_id=correlation_id,
            details=[("UserType", "Member")],
        ),
        audit.row(
            actor, later(plan.at, 2), "Reset password (by admin)", [user_target(plan.person)],
            correlation_id=correlation_id, service="Self-service Password Management",
            reason="Successfully completed reset.", details=[("OnPremisesAgent", "Microsoft Entra Connect")],
        ),
    ]  # fmt: skip
    if plan.has_cut_off:
        refs.append(audit.token_cut_off(actor, plan.person, later(plan.at, 2), correlation_id))
    sign_in_later(organisation, plan, 420)
    return refs


def synchronise(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    """Reset on the premises; the directory hears of it from the synchronisation's account, and not by whom."""
    world = organisation.world
    rng = world.stream("synchronisation account")
    name = f"Sync_DC01_{rng.getrandbits(48):012x}@{world.estate.name}.onmicrosoft.com"
    user = {
        "id": identifiers.guid(rng),
        "displayName": None,
        "userPrincipalName": name,
        "ipAddress": "",
        "roles": [],
    }
    refs = [
        world.audit.row(
            Actor({"user": user}, ""), plan.at, "Change user password", [user_target(plan.person)]
        )
    ]
    sign_in_later(organisation, plan, 300)
    return refs


def service_account(organisation: Organisation, person: Person) -> Person:
    accounts = organisation.service_accounts
    return accounts[sum(map(ord, person.login)) % len(accounts)]


def rotate_service_account(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    """Its owner sets a new password; the machine signs in with it within the hour, from where it always does."""
    world, account = organisation.world, service_account(organisation, plan.person)
    rng = world.stream(f"service account/{plan.at}")
    acting = at_place(organisation, plan.person, plan.at, rng)
    acting.token(later(plan.at, -150), GRAPH)
    refs = world.audit.password_reset(acting.actor(plan.at), account, plan.at, has_cut_off=plan.has_cut_off)
    service_sign_in(organisation, account, jitter(later(plan.at, 300), 2400, rng))
    return refs


def service_sign_in(organisation: Organisation, account: Person, at: datetime) -> None:
    world = organisation.world
    network = world.estate.places.office
    session_id = identifiers.guid(world.stream(f"service session/{account.login}/{at:%Y-%m-%d}"))
    world.signins.user(
        account, at, network, network.address(200 + account.office_host % 40), account.laptop, session_id, OFFICE_HOME,
        GRAPH, is_interactive=True, is_known_device=False,
    )  # fmt: skip


def service_subject(organisation: Organisation, person: Person) -> Subject:
    account = service_account(organisation, person)
    return Subject(account.upn, account.object_id)


def is_platform(_organisation: Organisation, person: Person) -> bool:
    return person.job == "platform"


def register_hello(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    """A newcomer's first hour: a temporary password and a pass from the desk, then a phone."""
    return in_entra("password", "temporary_access_pass")(organisation, plan)


ENTRA_KINDS = (
    Kind(
        "entra_self_service", "azure", 28, ("password",),
        ("forgot it", "password expired", "back from leave, forgot it", "locked out by an old phone"),
        in_entra("self_service"), cut_off_share=1.0,
    ),
    Kind(
        "entra_desk_password", "azure", 24, ("password",),
        ("typed it wrong too often", "forgot it over the weekend", "back from parental leave"),
        in_entra("password"), by=DESK, cut_off_share=0.6, by_somebody_else=True,
    ),
    Kind(
        "entra_new_phone", "azure", 14, ("mfa_method",), ("a new phone, old one at hand",), in_entra("new_phone"),
        has_new_phone=True,
    ),
    Kind(
        "entra_desk_mfa", "azure", 10, ("mfa_method",),
        ("the phone fell into the harbour", "the phone was stolen", "a new phone, the old one sold already"),
        in_entra("mfa_method"), by=DESK, cut_off_share=0.6, by_somebody_else=True, has_new_phone=True,
    ),
    Kind(
        "entra_desk_both", "azure", 6, ("mfa_method", "password"), ("a new phone and no password",),
        in_entra("password", "mfa_method"), by=DESK, cut_off_share=0.7, by_somebody_else=True, has_new_phone=True,
    ),
    Kind(
        "entra_access_pass", "azure", 6, ("mfa_method", "password", "temporary_access_pass"),
        ("lost the phone", "left the phone on a train"), in_entra("password", "temporary_access_pass"),
        by=DESK, cut_off_share=0.7, by_somebody_else=True, has_new_phone=True,
    ),
    Kind(
        "entra_write_back", "azure", 5, ("password",), ("forgot it, and works on the premises too",), write_back,
        by=DESK, cut_off_share=0.5, by_somebody_else=True,
    ),
    Kind(
        "entra_synchronised", "azure", 4, ("password",), ("changed on the premises",), synchronise,
        by_somebody_else=True,
    ),
    Kind(
        "entra_service_account", "azure", 2, ("password",), ("rotated by its owner, as every quarter",),
        rotate_service_account, cut_off_share=0.5, by_somebody_else=True, suits=is_platform, subject=service_subject,
    ),
)  # fmt: skip
ONBOARDING = Kind(
    "entra_onboarding", "azure", 0, ("mfa_method", "password", "temporary_access_pass"), ("first day",),
    register_hello, by=DESK, by_somebody_else=True,
)  # fmt: skip
