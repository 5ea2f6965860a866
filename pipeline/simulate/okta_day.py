"""An ordinary day in Okta: everybody signs in and opens applications, a few need help, and three machines do their work.

What looks like an attack and is none stands in the functions below `run`; every person has one such story at the most.
"""

from datetime import datetime, timedelta

from pipeline.simulate.networks import AZURE
from pipeline.simulate.okta_log import Client
from pipeline.simulate.okta_sessions import (
    FAST_PASS,
    PUSH,
    OktaDay,
    fail,
    open_app,
    open_apps,
    send_push,
    sign_in,
    verify,
)
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import jitter, later
from pipeline.simulate.truth import OrdinaryReset
from pipeline.simulate.world import World

RECORDS_TOKEN = "00Tstaffrecords0sync"
WITH_A_STORY = {"georg", "tara", "wanda", "yusuf"}  # their first sign-in is part of it
LATER_TODAY = {"quentin": 7200}  # first he had to get into Entra again


def run(world: World, shifts: dict[str, Shift], day: datetime) -> list[OrdinaryReset]:
    okta = OktaDay(world, world.okta, shifts, world.stream("okta stories"))
    for login in shifts:
        work(okta, login)
    lock_out(okta, "tara")
    deny_a_push(okta, "georg")
    read_on_the_phone(okta, "xenia")
    synchronise_staff(okta, day)
    push_groups(okta, day)
    return [
        change_password(okta, "rosa"),
        forget_password(okta, "yusuf"),
        call_help_desk(okta, "wanda", "hugo"),
        replace_phone(okta, "chidi"),
    ]


def work(okta: OktaDay, login: str) -> None:
    shift, rng = okta.shifts[login], okta.world.stream(f"okta/{login}")
    client = okta.laptop(login)
    at = jitter(later(shift.begins_at, LATER_TODAY.get(login, 120)), 900, rng)
    if login in WITH_A_STORY:
        return
    session_id = sign_in(okta, login, client, at, FAST_PASS if rng.random() < 0.6 else PUSH)
    okta.sessions[login] = session_id
    open_apps(okta, login, client, at, session_id, rng)
    if rng.random() < 0.4:
        user = okta.log.user(shift.person)
        okta.log.event(
            "user.session.end", shift.ends_at, user, client, session_id=session_id, uri="/login/signout"
        )


def lock_out(okta: OktaDay, login: str) -> None:
    """Five wrong passwords with the shift key stuck, and the unlock page."""
    log, user, client = okta.log, okta.log.user(okta.person(login)), okta.laptop(login)
    at = later(okta.shifts[login].begins_at, 240)
    for number in range(5):
        fail(okta, login, client, later(at, 14 * number))
    log.event(
        "user.account.lock", later(at, 56.2), user, client, [user], result="FAILURE", reason="LOCKED_OUT"
    )
    at = later(at, 410)
    log.event("user.account.unlock", at, user, client, [user], uri="/idp/idx/unlock-account")
    session_id = sign_in(okta, login, client, later(at, 35), PUSH)
    open_apps(okta, login, client, later(at, 60), session_id, okta.rng)


def deny_a_push(okta: OktaDay, login: str) -> None:
    """The thumb slips: the push is refused, and the next one, half a minute later, is not."""
    log, user, client = okta.log, okta.log.user(okta.person(login)), okta.laptop(login)
    at, transaction_id = later(okta.shifts[login].begins_at, 300), log.transaction_id()
    send_push(okta, user, client, at, transaction_id)
    log.event(
        "user.mfa.okta_verify.deny_push", later(at, 9), user, client, [user], transaction_id=transaction_id,
        result="FAILURE", reason="USER_REJECTED",
    )  # fmt: skip
    verify(okta, user, client, later(at, 9.1), "unknown", transaction_id, PUSH, result="FAILURE")
    session_id = sign_in(okta, login, client, later(at, 38), PUSH)
    open_apps(okta, login, client, later(at, 60), session_id, okta.rng)


def read_on_the_phone(okta: OktaDay, login: str) -> None:
    """A known phone behind its carrier's proxy, and a token that is renewed once."""
    log, user, client = okta.log, okta.log.user(okta.person(login)), okta.phone(login, is_proxy=True)
    at = later(okta.shifts[login].ends_at, 5400)
    session_id = sign_in(okta, login, client, at, FAST_PASS)
    open_app(okta, login, client, later(at, 20), session_id, "Wiki")
    app = log.entity("0oa", "PublicClientApp", log.named_id("0oa", "Wiki"), "Wiki")
    log.event(
        "app.oauth2.token.grant.refresh_token", later(at, 3700), app, client,
        [user, log.entity("oar", "refresh_token", "unknown", "Refresh Token")], uri="/oauth2/v1/token",
    )  # fmt: skip


def change_password(okta: OktaDay, login: str) -> OrdinaryReset:
    """On the settings page, signed in, as the last thing of the day."""
    person, client = okta.person(login), okta.laptop(login)
    user, at = okta.log.user(person), later(okta.shifts[login].ends_at, -300)
    ref = okta.log.event(
        "user.account.update_password", at, user, client, [user], session_id=okta.sessions[login],
        uri=f"/api/v1/users/{user['id']}/credentials/change_password",
    )  # fmt: skip
    return OrdinaryReset(
        person.upn, user["id"], "okta", None, False, "a new password, changed by herself", (ref,)
    )


def forget_password(okta: OktaDay, login: str) -> OrdinaryReset:
    """By the link on the sign-in page: Okta resets in its own name, within the person's transaction."""
    log, person, client = okta.log, okta.person(login), okta.laptop(login)
    user, at = log.user(person), later(okta.shifts[login].ends_at, -1500)
    transaction_id = log.transaction_id()
    fail(okta, login, client, later(at, -70))
    reset = log.event(
        "user.account.reset_password", at, log.platform(), client, [user], transaction_id=transaction_id,
        uri="/idp/idx/recover",
    )  # fmt: skip
    changed = log.event("user.account.update_password", later(at, 95), user, client, [user])
    session_id = sign_in(okta, login, client, later(at, 110), PUSH)
    open_apps(okta, login, client, later(at, 140), session_id, okta.rng)
    story = "forgot it, and reset it on the sign-in page"
    return OrdinaryReset(person.upn, user["id"], "okta", None, False, story, (reset, changed))


def call_help_desk(okta: OktaDay, login: str, agent_login: str) -> OrdinaryReset:
    """The agent opens the ticket, then the administration, resets, and closes the ticket; the caller chooses a password."""
    log, person, client = okta.log, okta.person(login), okta.laptop(login)
    user, agent, desk = log.user(person), log.user(okta.person(agent_login)), okta.laptop(agent_login)
    at = later(min(okta.shifts[login].ends_at, okta.shifts[agent_login].ends_at), -1800)
    fail(okta, login, client, later(at, -500))
    fail(okta, login, client, later(at, -480))
    session_id = okta.sessions[agent_login]
    open_app(okta, agent_login, desk, later(at, -200), session_id, "Service Desk")
    admin = log.app("Okta Admin Console")
    log.event(
        "user.session.access_admin_app", later(at, -60), agent, desk, [admin, agent | {"type": "AppUser"}],
        session_id=session_id, uri="/admin/sso/callback",
    )  # fmt: skip
    reset = log.event(
        "user.account.reset_password", at, agent, desk, [user], session_id=session_id,
        uri=f"/api/v1/users/{user['id']}/lifecycle/reset_password",
    )  # fmt: skip
    changed = log.event("user.account.update_password", later(at, 210), user, client, [user])
    own_session_id = sign_in(okta, login, client, later(at, 225), PUSH)
    open_app(okta, agent_login, desk, later(at, 400), session_id, "Service Desk")
    open_apps(okta, login, client, later(at, 260), own_session_id, okta.rng)
    story = "back from leave, forgot it; ticket SD-4471"
    return OrdinaryReset(
        person.upn, user["id"], "okta", okta.person(agent_login).upn, False, story, (reset, changed)
    )


def replace_phone(okta: OktaDay, login: str) -> OrdinaryReset:
    """In the evening, at home: the new phone is enrolled with the old one at hand, which its owner then removes."""
    log, person = okta.log, okta.person(login)
    client = okta.at_home(login, person.laptop)
    user, at = log.user(person), later(okta.shifts[login].ends_at, 5400)
    session_id = sign_in(okta, login, client, later(at, -90), PUSH)
    device = log.entity("guo", "UDDevice", "unknown", f"{person.phone.name} (new)")
    refs = [
        log.event("device.enrollment.create", at, user, client, [device, user], session_id=session_id),
        log.event("device.user.add", later(at, 0.3), user, client, [device, user], session_id=session_id),
        log.event(
            "user.mfa.factor.activate", later(at, 1), user, client, [user], session_id=session_id,
            reason="User set up OKTA_VERIFY_PUSH factor", debug={"factor": PUSH[0]},
        ),
        log.event(
            "user.mfa.factor.deactivate", later(at, 240), user, client, [user], session_id=session_id,
            reason="User reset OKTA_VERIFY_PUSH factor", debug={"factor": PUSH[0]},
        ),
    ]  # fmt: skip
    sign_in(okta, login, okta.at_home(login, person.phone), later(at, 1200), FAST_PASS, device="POSITIVE")
    return OrdinaryReset(
        person.upn, user["id"], "okta", None, False, "a new phone, old one at hand", tuple(refs)
    )


def synchronise_staff(okta: OktaDay, day: datetime) -> None:
    """The staff records' connector writes through the API with its token: changed profiles, and somebody who joins."""
    log = okta.log
    connector = log.entity("00u", "User", "svc-staff-records@example.com", "Staff Records Connector")
    client = Client(AZURE, AZURE.address(18), "StaffRecordsSync/3.2 okta-sdk-python/2.9.8")
    joiner = log.entity("00u", "User", "mira@example.com", "Mira Sanchez")
    for hour in (5, 11, 17):
        at = jitter(day + timedelta(hours=hour, minutes=10), 300, okta.rng)
        changes = [
            ("user.account.update_profile", [log.user(okta.person(login))])
            for login in okta.rng.sample(sorted(okta.world.estate.people), 2)
        ]
        if hour == 5:
            changes += [("user.lifecycle.create", [joiner]), ("user.lifecycle.activate", [joiner])]
        for number, (event_type, targets) in enumerate(changes):
            log.event(
                event_type, later(at, 1.5 * number), connector, client, targets,
                uri="/api/v1/users", api_token_id=RECORDS_TOKEN,
            )  # fmt: skip
    at = day + timedelta(hours=5, minutes=17)
    log.event("group.user_membership.add", at, log.platform(), None, [joiner, log.group("Sales")])
    for number, name in enumerate(("CRM", "Wiki")):
        targets = [joiner | {"type": "AppUser"}, log.app(name), joiner]
        log.event("application.user_membership.add", later(at, 1 + number), log.platform(), None, targets)
        log.event("application.provision.user.sync", later(at, 4 + number), log.platform(), None, targets)


def push_groups(okta: OktaDay, day: datetime) -> None:
    for hour in range(0, 24, 4):
        at = jitter(day + timedelta(hours=hour, minutes=30), 120, okta.rng)
        for group in ("Sales", "Finance", "Developers"):
            okta.log.event(
                "application.provision.group_push.push_memberships", at, okta.log.platform(), None,
                [okta.log.group(group), okta.log.app("Wiki", "SAML_2_0")],
            )  # fmt: skip
