"""Writes the ordinary resets of the plan, Bob's among them: what their help desk and their people would really do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import aws_calls, identifiers
from pipeline.simulate.audit_parts import (
    Actor,
    MethodChange,
    access_pass_registered,
    by_person,
    old_phone_deleted,
    phone_deleted_by_admin,
    phone_registered,
    user_target,
)
from pipeline.simulate.cloudtrail import AwsCaller, user_caller
from pipeline.simulate.estate import GRAPH, OFFICE_HOME, PLATFORM_ACCOUNT, SECURITY_INFO
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.networks import OFFICE
from pipeline.simulate.people import Person
from pipeline.simulate.reset_plan import (
    CHANGE_OWN_PASSWORD,
    ORDINARY_RESETS,
    UPDATE_LOGIN_PROFILE,
    PlannedReset,
)
from pipeline.simulate.times import later
from pipeline.simulate.world import World


def run(world: World) -> dict[str, tuple[EventRef, ...]]:
    """Writes every ordinary reset. The event ids of each, by login or IAM user name."""
    written = {reset.login: tuple(perform(world, reset)) for reset in ORDINARY_RESETS}
    written[CHANGE_OWN_PASSWORD[0]] = (change_own_password(world),)
    written[UPDATE_LOGIN_PROFILE[0]] = (update_login_profile(world),)
    return written


def perform(world: World, reset: PlannedReset) -> list[EventRef]:
    """Writes one Entra reset, and the person's sign-in right after it."""
    person, rng = world.estate.people[reset.login], world.stream(f"reset/{reset.login}")
    source_ip = world.address(person, reset.place, reset.at, rng)[1]
    episode = Episode(world, reset, person, rng, source_ip)
    at, refs = reset.at, []
    for kind in reset.kinds:
        refs += ACTS[kind](episode, at)
        at = later(at, 150 + episode.rng.random() * 60)
    signed_in_at = later(max(ref.occurred_at for ref in refs), 50 + episode.rng.random() * 60)
    sign_in_again(world, episode.person, reset.place, signed_in_at)
    return refs


@dataclass(frozen=True, slots=True)
class Episode:
    """One reset while it is written."""

    world: World
    reset: PlannedReset
    person: Person
    rng: Random
    source_ip: str

    @property
    def phones(self) -> tuple[str, str]:
        return self.person.phone.name, f"{self.person.phone.name} (new)"

    def help_desk(self) -> Actor:
        agent = self.world.estate.people[self.reset.help_desk or "hana"]
        return by_person(agent, self.world.estate.places.office.address(agent.office_host))


def reset_own_password(episode: Episode, at: datetime) -> list[EventRef]:
    return episode.world.audit.self_service_reset(episode.person, episode.source_ip, at)


def reset_password(episode: Episode, at: datetime) -> list[EventRef]:
    """Without a cut-off the new password is temporary, and the person chooses another at the next sign-in."""
    audit, person = episode.world.audit, episode.person
    refs = audit.password_reset(episode.help_desk(), person, at, episode.reset.has_cut_off)
    if not episode.reset.has_cut_off:
        changed_at = later(at, 400 + episode.rng.random() * 300)
        actor = by_person(person, episode.source_ip)
        refs.append(audit.row(actor, changed_at, "Change user password", [user_target(person)]))
    return refs


def reset_method(episode: Episode, at: datetime) -> list[EventRef]:
    audit, person, reset = episode.world.audit, episode.person, episode.reset
    old_phone, new_phone = episode.phones
    refs = audit.security_info(episode.help_desk(), person, at, phone_deleted_by_admin(old_phone))
    if reset.has_cut_off and "password" not in reset.kinds:
        refs.append(audit.token_cut_off(episode.help_desk(), person, later(at, 40)))
    registered_at = later(at, 300 + episode.rng.random() * 500)
    return refs + register_phone(
        episode.world, person, reset.place, registered_at, phone_registered(None, new_phone)
    )


def issue_access_pass(episode: Episode, at: datetime) -> list[EventRef]:
    world, person, (old_phone, new_phone) = episode.world, episode.person, episode.phones
    refs = world.audit.security_info(episode.help_desk(), person, at, access_pass_registered(old_phone))
    registered_at = later(at, 900 + episode.rng.random() * 900)
    change = phone_registered(old_phone, new_phone)
    return refs + register_phone(world, person, episode.reset.place, registered_at, change)


def change_phone(episode: Episode, at: datetime) -> list[EventRef]:
    world, person, (old_phone, new_phone) = episode.world, episode.person, episode.phones
    refs = register_phone(world, person, episode.reset.place, at, phone_registered(old_phone, new_phone))
    actor = by_person(person, episode.source_ip)
    return refs + world.audit.security_info(actor, person, later(at, 260), old_phone_deleted(new_phone))


ACTS = {
    "self_service": reset_own_password,
    "password": reset_password,
    "mfa_method": reset_method,
    "temporary_access_pass": issue_access_pass,
    "new_phone": change_phone,
}


def sign_in_again(world: World, person: Person, place: str, at: datetime) -> None:
    network, source_ip = world.address(person, place, at, world.stream(f"sign in again/{person.login}"))
    session_id, _ = world.session(person, f"browser {at:%Y-%m-%d}", at)
    world.signins.user(
        person, at, network, source_ip, person.laptop, session_id, OFFICE_HOME, GRAPH,
        is_interactive=True, mfa_method="Mobile app notification",
    )  # fmt: skip


def register_phone(
    world: World, person: Person, place: str, at: datetime, change: MethodChange
) -> list[EventRef]:
    """The person signs in to the security info page from where they are, and registers the phone."""
    network, source_ip = world.address(person, place, at, world.stream(f"register/{person.login}"))
    session_id, _ = world.session(person, f"browser {at:%Y-%m-%d}", at)
    has_method = change.old_phone is not None
    world.signins.user(
        person, later(at, -95), network, source_ip, person.laptop, session_id, SECURITY_INFO, SECURITY_INFO,
        is_interactive=True, error_code=0 if has_method else 50072,
        mfa_method="Previously satisfied" if has_method else None,
    )  # fmt: skip
    return world.audit.security_info(by_person(person, source_ip), person, at, change)


def change_own_password(world: World) -> EventRef:
    name, login, at = CHANGE_OWN_PASSWORD
    person = world.estate.people[login]
    source_ip = OFFICE.address(person.office_host)
    user = world.estate.users[name]
    agent = person.laptop.user_agent
    aws_calls.console_login(world.trail, user, later(at, -70), source_ip, agent, has_mfa=True)
    key_id = identifiers.access_key_id("ASIA", user.account_id, world.trail.rng)
    caller = user_caller(user, source_ip, agent, key_id)
    caller.identity["sessionContext"] = {
        "attributes": {"creationDate": f"{later(at, -70):%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "true"}
    }
    caller = AwsCaller(user.account_id, caller.identity, source_ip, agent, is_console=True)
    return world.trail.call(caller, at, "iam", "ChangePassword", None, None, read_only=False)


def update_login_profile(world: World) -> EventRef:
    """A platform engineer sets a new console password for an IAM user, who then signs in from the office."""
    name, login, at = UPDATE_LOGIN_PROFILE
    admin, user = world.estate.people[login], world.estate.users[name]
    source_ip = OFFICE.address(admin.office_host)
    role = world.estate.person_role(admin, PLATFORM_ACCOUNT)
    caller, _ = aws_calls.assume_role_with_saml(
        world.trail, role, admin.upn, later(at, -300), source_ip, admin.laptop.user_agent
    )
    request = {"userName": name, "passwordResetRequired": True}
    ref = world.trail.call(caller, at, "iam", "UpdateLoginProfile", request, read_only=False)
    person = world.estate.people["erik"]
    erik_ip = OFFICE.address(person.office_host)
    signed_in_at = at + timedelta(minutes=11)
    aws_calls.console_login(world.trail, user, signed_in_at, erik_ip, person.laptop.user_agent, has_mfa=True)
    return ref
