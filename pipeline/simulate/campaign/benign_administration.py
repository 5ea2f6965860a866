"""Ordinary work in Okta's administration: a colleague becomes an administrator of the desk, an application gets its users."""

from datetime import datetime

from pipeline.simulate.campaign.acting import Acting
from pipeline.simulate.logbook import Record
from pipeline.simulate.okta_log import Client
from pipeline.simulate.okta_sessions import FAST_PASS, OktaDay, sign_in
from pipeline.simulate.times import later


def open_administration(acting: Acting, at: datetime) -> tuple[Record, Client, str]:
    """Signs in and opens it. The actor, where they sit, and their session."""
    world, log = acting.world, acting.world.okta
    okta = OktaDay(world, log, {}, acting.rng)
    actor, client = log.user(acting.person), acting.okta_client(at)
    session_id = sign_in(okta, acting.person.login, client, later(at, -200), FAST_PASS)
    log.event(
        "user.session.access_admin_app", later(at, -60), actor, client,
        [log.app("Okta Admin Console"), actor | {"type": "AppUser"}], session_id=session_id, uri="/admin/sso/callback",
    )  # fmt: skip
    return actor, client, session_id


def grant_desk_privilege(acting: Acting, at: datetime) -> None:
    """The narrowest one that can reset passwords, to somebody of the desk."""
    log = acting.world.okta
    actor, client, session_id = open_administration(acting, at)
    colleague = log.user(acting.rng.choice(acting.organisation.with_job("help desk")))
    log.event(
        "user.account.privilege.grant", at, actor, client, [colleague], session_id=session_id,
        uri=f"/api/internal/administrators/{colleague['id']}", debug={"privilegeGranted": "Help desk administrator"},
    )  # fmt: skip


def assign_application(acting: Acting, at: datetime) -> None:
    log, rng = acting.world.okta, acting.rng
    actor, client, session_id = open_administration(acting, at)
    app = log.app(rng.choice(("CRM", "Code Review", "Travel")))
    for number, person in enumerate(rng.sample(acting.organisation.people, 3)):
        user = log.user(person)
        log.event(
            "application.user_membership.add", later(at, 12 * number), actor, client,
            [user | {"type": "AppUser"}, app, user], session_id=session_id, uri=f"/api/v1/apps/{app['id']}/users",
        )  # fmt: skip
