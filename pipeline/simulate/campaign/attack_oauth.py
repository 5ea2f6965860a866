"""S8: applications instead of people: a forgotten one gets a secret, a new one every right to everybody's mail."""

from dataclasses import replace
from datetime import datetime

from pipeline.simulate import directory_changes, identifiers
from pipeline.simulate.campaign import attack_azure_steps as steps
from pipeline.simulate.campaign.attack_mail import divert_mail, read_mailboxes
from pipeline.simulate.campaign.attack_parts import Hands, hands, play
from pipeline.simulate.campaign.attack_resets import take_over, victim_goes_on
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import EXCHANGE, GRAPH, PORTAL, ServicePrincipal
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter, later

NEW_APPS = ("mail-archiver", "calendar-sync", "crm-connector", "survey-tool")
NEW_ACCOUNTS = (("sam.keller", "Sam Keller"), ("it.onboarding", "IT Onboarding"), ("alex.frei", "Alex Frei"))


def applications(stage: Stage) -> None:
    """S8. The old application first or the new one; consent by an account made for it; mail read from proxies."""
    session = hands(stage)
    at = take_over(session, stage.reset_at)
    victim_goes_on(stage, later(stage.reset_at, 120))
    at = play(
        stage, at, lambda at: steps.enumerate_directory(session, at), lambda at: divert_mail(session, at), chance=0.6
    )  # fmt: skip

    def old_application(begins_at: datetime) -> datetime:
        principal = stage.world.estate.principals["svc-reporting"]
        key_id, ended_at = steps.add_secret(session, begins_at, principal)
        return use(stage, principal, key_id, stage.after(ended_at))

    def new_application(begins_at: datetime) -> datetime:
        app, ended_at = make_application(session, begins_at)
        key_id, ended_at = steps.add_secret(session, stage.after(ended_at), app)
        actor_session = session
        if stage.rng.random() < 0.6:
            actor_session, ended_at = account_of_ones_own(session, stage.after(ended_at))
        ended_at = give_rights(actor_session, app, stage.after(ended_at))
        return use(stage, app, key_id, stage.after(ended_at))

    play(stage, at, new_application)
    if stage.rng.random() < 0.6:
        play(stage, stage.after(at), old_application)


def make_application(session: Hands, at: datetime) -> tuple[ServicePrincipal, datetime]:
    stage, rng = session.stage, session.stage.rng
    app = ServicePrincipal(
        f"{rng.choice(NEW_APPS)}-{rng.randrange(9)}", *(identifiers.guid(rng) for _ in range(4))
    )
    refs = [session.refresh(later(at, -30), PORTAL, GRAPH).ref]
    refs += directory_changes.add_application(stage.world.audit, session.actor, app, at)
    thing_id = f"principal:{stage.world.estate.tenant_id}/{app.object_id}"
    stage.tell("add_application", thing_id, session.origin, refs, f"A new application, {app.name}.")
    return app, later(at, 1)


def account_of_ones_own(session: Hands, at: datetime) -> tuple[Hands, datetime]:
    """A user whose whole work is to consent."""
    stage, rng = session.stage, session.stage.rng
    login, name = rng.choice(NEW_ACCOUNTS)
    made: Person = new_person(session.person, login, name, stage)
    refs = [session.refresh(later(at, -30), PORTAL, GRAPH).ref]
    refs += directory_changes.add_user(stage.world.audit, session.actor, made, at)
    thing_id = f"principal:{stage.world.estate.tenant_id}/{made.object_id}"
    stage.tell("add_user", thing_id, session.origin, refs, f"A new user, {made.display_name}.")
    at = stage.after(at)
    refs = directory_changes.add_member_to_role(
        stage.world.audit, session.actor, made, at, "Global Administrator"
    )
    grant = f"grant:{stage.world.estate.tenant_id}/{made.object_id}/Global Administrator"
    stage.tell(
        "add_to_role", grant, session.origin, refs, f"{made.display_name} becomes Global Administrator."
    )
    at = stage.after(at)
    own = hands(stage, made, stage.origin())
    signed_in = own.sign_in(at, PORTAL, GRAPH)
    stage.tell(
        "new_user_signs_in", own.thing_id, own.origin, [signed_in.ref], f"{made.display_name} signs in."
    )
    return own, later(at, 60)


def new_person(like: Person, login: str, name: str, stage: Stage) -> Person:
    return replace(
        like,
        login=login,
        display_name=name,
        upn=f"{login}@{stage.world.estate.domain}",
        object_id=identifiers.guid(stage.rng),
    )


def give_rights(session: Hands, app: ServicePrincipal, at: datetime) -> datetime:
    """Admin consent, or a right without any user; mostly both."""
    stage, audit, tenant = session.stage, session.stage.world.audit, session.stage.world.estate.tenant_id
    role = stage.rng.choice(("full_access_as_app", "Mail.Read", "Mail.ReadWrite"))
    if stage.rng.random() < 0.7:
        refs = directory_changes.consent(
            audit, session.actor, app, EXCHANGE, "Mail.Read offline_access User.Read.All", at
        )
        stage.tell(
            "consent",
            f"grant:{tenant}/{app.object_id}",
            session.origin,
            refs,
            f"Consent for everybody to {app.name}.",
        )
        at = stage.after(at)
    refs = directory_changes.grant_app_role(audit, session.actor, app, EXCHANGE, role, at)
    stage.tell(
        "grant_app_role",
        f"grant:{tenant}/{app.object_id}/{role}",
        session.origin,
        refs,
        f"{app.name} may {role}.",
    )
    return at


def use(stage: Stage, app: ServicePrincipal, key_id: str, at: datetime) -> datetime:
    """From one proxy after another."""
    for _ in range(1 + int(stage.rng.random() * 3)):
        origin = stage.origin()
        steps.sign_in_as_principal(stage, app, key_id, at, origin, EXCHANGE)
        sign_in = stage.world.logbook.deliveries[-1].record["properties"]
        at = read_mailboxes(stage, app, key_id, origin, jitter(later(at, 20), 60, stage.rng), sign_in)
        at = stage.after(at)
    return at
