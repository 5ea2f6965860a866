"""How an attack's reset comes about: a caller believed by the help desk, self-service with a stolen number, an automation, a
directory on the premises. And what follows at once: a method of the attacker's own, the first sign-in, the victim's old session.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.simulate import identifiers
from pipeline.simulate.audit_parts import (
    Actor,
    access_pass_registered,
    by_app,
    by_person,
    changed,
    phone_deleted_by_admin,
    phone_registered,
    user_target,
)
from pipeline.simulate.campaign.attack_parts import PHONES, Hands
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import BROKER, EXCHANGE, GRAPH, OFFICE_HOME, PORTAL, SECURITY_INFO, TEAMS, App
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import Origin
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter, later


def desk_of(stage: Stage, at: datetime) -> Origin:
    """Where the help desk agent sits."""
    return office_of(stage, stage.help_desk, at)


def office_of(stage: Stage, person: Person, at: datetime) -> Origin:
    network, address = stage.world.address(person, "office", at, stage.rng)
    host = address.removeprefix(network.prefix)
    return Origin(network, int(host, 16) if ":" in network.prefix else int(host))


def reset_by_help_desk(
    stage: Stage, at: datetime, person: Person | None = None, *, deletes_method: bool = True,
    has_access_pass: bool = False, has_cut_off: bool | None = None,
) -> datetime:  # fmt: skip
    """A new password, then the old authenticator deleted or a Temporary Access Pass; half of the time no cut-off."""
    world, person, rng = stage.world, person or stage.victim, stage.rng
    cut_off = rng.random() < 0.5 if has_cut_off is None else has_cut_off
    desk = desk_of(stage, at)
    actor = by_person(stage.help_desk, desk.address)
    refs = world.audit.password_reset(actor, person, at, cut_off)
    if deletes_method:
        at = jitter(later(at, 60), 300, rng)
        refs += world.audit.security_info(actor, person, at, phone_deleted_by_admin(person.phone.name))
    if has_access_pass:
        at = jitter(later(at, 60), 300, rng)
        refs += world.audit.security_info(actor, person, at, access_pass_registered(person.phone.name))
    story = f"The help desk resets {person.display_name}'s credentials for a caller who is somebody else."
    stage.tell("help_desk_reset", f"entra-user:{person.object_id}", desk, refs, story)
    return at


def reset_by_self_service(stage: Stage, at: datetime) -> datetime:
    person, origin = stage.victim, stage.origins[0]
    refs = stage.world.audit.self_service_reset(person, origin.address, at)
    story = f"{person.display_name}'s password is reset by self-service, with a phone number taken over."
    stage.tell("self_service_reset", f"entra-user:{person.object_id}", origin, refs, story)
    return at


def reset_by_automation(stage: Stage, at: datetime) -> datetime:
    """A ticket system resets passwords by its own identity: whoever writes the ticket has the password."""
    world, person = stage.world, stage.victim
    principal = world.estate.principals["svc-deploy-automation"]
    actor = by_app(App(principal.name, principal.app_id, principal.object_id))
    origin = Origin(world.estate.places.azure, 12)
    refs = world.audit.password_reset(
        Actor(actor.initiated_by, origin.address), person, at, stage.rng.random() < 0.5
    )
    at = jitter(later(at, 60), 200, stage.rng)
    refs += world.audit.security_info(actor, person, at, phone_deleted_by_admin(person.phone.name))
    story = f"{principal.name} resets {person.display_name}'s password for a ticket that is not {person.display_name}'s."
    stage.tell("automation_reset", f"entra-user:{person.object_id}", origin, refs, story)
    return at


def reset_on_premises(stage: Stage, at: datetime, person: Person | None = None) -> datetime:
    """A directory on the premises sets the password; its hash comes with the next synchronisation. No cut-off, no method."""
    world, person = stage.world, person or stage.victim
    estate = world.estate
    account = f"Sync_{estate.name[:6].upper()}-AADC01_{estate.tenant_id[:12].replace('-', '')}"
    sync: Record = {
        "id": identifiers.guid(world.stream("synchronisation account")),
        "displayName": None,
        "userPrincipalName": f"{account}@{estate.name}.onmicrosoft.com",
        "ipAddress": None,
        "roles": [],
    }
    actor, correlation_id = Actor({"user": sync}, ""), identifiers.guid(stage.rng)
    modified = [
        changed("LastDirSyncTime", ["2026-01-01T00:00:00Z"], [f"{at:%Y-%m-%dT%H:%M:%SZ}"]),
        changed("Included Updated Properties", None, "LastDirSyncTime"),
    ]
    refs = [
        world.audit.row(actor, at, "Change user password", [user_target(person)], correlation_id=correlation_id),
        world.audit.row(actor, later(at, 0.4), "Update user", [user_target(person, modified)], correlation_id=correlation_id),
    ]  # fmt: skip
    story = f"{person.display_name}'s password is set in the directory on the premises and synchronised."
    stage.tell(
        "on_premises_reset", f"entra-user:{person.object_id}", Origin(estate.places.office, 5), refs, story
    )
    return at


def reset_with_writeback(stage: Stage, at: datetime) -> datetime:
    """The help desk resets in the cloud, and Entra Connect writes it back; tokens that need no password live on."""
    world, person = stage.world, stage.victim
    desk = desk_of(stage, at)
    actor, correlation_id = by_person(stage.help_desk, desk.address), identifiers.guid(stage.rng)
    refs = [
        world.audit.row(
            actor, at, "Reset password (by admin)", [user_target(person)], correlation_id=correlation_id,
            service="Self-service Password Management", reason="Successfully completed reset.",
            details=[("OnPremisesAgent", "Microsoft Entra Connect")],
        ),
        world.audit.row(actor, later(at, 1), "Reset user password", [user_target(person)], correlation_id=correlation_id),
    ]  # fmt: skip
    story = f"The help desk resets {person.display_name}'s password for a caller; it is written back, and no token is cut off."
    stage.tell("writeback_reset", f"entra-user:{person.object_id}", desk, refs, story)
    return at


def register_method(session: Hands, at: datetime) -> datetime:
    """The new password asks for a method, and gets a phone of the attacker's."""
    stage, person = session.stage, session.person
    refs: list[EventRef] = [session.sign_in(at, SECURITY_INFO, SECURITY_INFO, mfa=None, error_code=50072).ref]
    at = jitter(later(at, 30), 200, stage.rng)
    change = phone_registered(None, stage.rng.choice(PHONES))
    refs += stage.world.audit.security_info(session.actor, person, at, change)
    story = f"A phone of the attacker's becomes {person.display_name}'s authenticator."
    stage.tell("register_method", f"entra-user:{person.object_id}", session.origin, refs, story)
    return at


def first_sign_in(
    session: Hands, at: datetime, client: App = PORTAL, resource: App = GRAPH,
    mfa: str | None = "Mobile app notification",
) -> datetime:  # fmt: skip
    """The session begins, and refreshes follow it."""
    stage = session.stage
    refs = [session.sign_in(at, client, resource, mfa).ref]
    story = f"A session of {session.person.display_name}'s begins on the attacker's host."
    stage.tell("sign_in", session.thing_id, session.origin, refs, story)
    refreshes = []
    for _ in range(2 + int(stage.rng.random() * 3)):
        at = jitter(later(at, 30), 700, stage.rng)
        next_client, next_resource = stage.rng.choice(
            ((PORTAL, GRAPH), (OFFICE_HOME, EXCHANGE), (OFFICE_HOME, GRAPH))
        )
        refreshes.append(session.refresh(at, next_client, next_resource).ref)
    stage.tell(
        "refresh_in_session", session.thing_id, session.origin, refreshes, "Refreshes in that session."
    )
    return at


def take_over(session: Hands, at: datetime) -> datetime:
    """Reset by whichever way, a method of one's own unless a pass or a stolen number makes it needless, and the sign-in."""
    stage, draw = session.stage, session.stage.rng.random()
    if draw < 0.12:
        at = reset_by_self_service(stage, at)
        return first_sign_in(session, stage.after(at, longest=timedelta(hours=1)), mfa="Text message")
    if draw < 0.24:
        at = reset_by_automation(stage, at)
    elif draw < 0.45:
        at = reset_by_help_desk(stage, at, deletes_method=stage.rng.random() < 0.5, has_access_pass=True)
        session.last = {}
        at = first_sign_in(session, stage.after(at, longest=timedelta(hours=2)), mfa="Temporary Access Pass")
        return register_again(session, stage.after(at, longest=timedelta(hours=2)))
    else:
        at = reset_by_help_desk(stage, at)
    at = register_method(session, stage.after(at, longest=timedelta(hours=1)))
    return first_sign_in(session, stage.after(at, longest=timedelta(minutes=30)))


def register_again(session: Hands, at: datetime) -> datetime:
    """After a pass: the method is added from inside the session."""
    stage, person = session.stage, session.person
    refs: list[EventRef] = [session.refresh(later(at, -40), SECURITY_INFO, SECURITY_INFO).ref]
    change = phone_registered(person.phone.name, stage.rng.choice(PHONES))
    refs += stage.world.audit.security_info(session.actor, person, at, change)
    story = f"A phone of the attacker's becomes another authenticator of {person.display_name}'s."
    stage.tell("register_method", f"entra-user:{person.object_id}", session.origin, refs, story)
    return at


def victim_goes_on(stage: Stage, since: datetime, hours: float = 2, is_shut_out: bool = True) -> None:
    """The victim's laptop, which signs in with Windows Hello: not by the password, so it is let in for a while. No step."""
    person, rng = stage.victim, stage.rng
    session_id, _ = stage.world.session(person, "laptop", later(since, -1))
    network, source_ip = stage.world.address(person, rng.choice(("office", "home")), since, rng)
    moments = sorted(jitter(later(since, 60), hours * 3600, rng) for _ in range(2 + int(rng.random() * 4)))
    uses: Sequence[tuple[datetime, int]] = [(at, 0) for at in moments]
    if is_shut_out:
        uses = [*uses, (later(moments[-1], 1900), 50173)]
    for at, error_code in uses:
        client, resource = rng.choice(((TEAMS, GRAPH), (BROKER, GRAPH), (TEAMS, EXCHANGE)))
        stage.world.signins.user(
            person, at, network, source_ip, person.laptop, session_id, client, resource,
            mfa_method=None if error_code else "Previously satisfied", error_code=error_code,
            incoming_token="primaryRefreshToken",
        )  # fmt: skip
