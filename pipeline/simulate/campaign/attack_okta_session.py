"""An Okta session in the attacker's hands: all factors reset by the service desk, a factor of one's own, a sign-in by a proxy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.simulate.campaign.attack_parts import PHONES, browser_device
from pipeline.simulate.campaign.attack_resets import desk_of
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import PERMISSION_SETS
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import Origin
from pipeline.simulate.okta_log import Client, OktaLog
from pipeline.simulate.okta_sessions import PUSH, OktaDay, sign_in
from pipeline.simulate.people import Device, Person
from pipeline.simulate.times import jitter, later

ADMIN_APP = "Okta Admin Console"


@dataclass(slots=True)
class OktaHands:
    """The attacker in Okta as `person`, behind a proxy."""

    stage: Stage
    person: Person
    origin: Origin
    device: Device
    session_id: str = "unknown"

    @property
    def log(self) -> OktaLog:
        return self.stage.world.okta

    @property
    def thing_id(self) -> str:
        return f"okta-session:{self.session_id}"

    @property
    def client(self) -> Client:
        return Client(
            self.origin.network, self.origin.address, self.device.user_agent, self.device, is_proxy=True
        )

    def event(
        self, event_type: str, at: datetime, targets: list[Record], uri: str, debug: Record | None = None
    ) -> EventRef:
        return self.log.event(
            event_type, at, self.log.user(self.person), self.client, targets, session_id=self.session_id, uri=uri, debug=debug
        )  # fmt: skip


def somebody_with_a_role(stage: Stage) -> Person:
    """Whoever the new provider shall vouch for: somebody else, with a role in AWS."""
    people = [
        person
        for person in stage.world.estate.people.values()
        if person.job in PERMISSION_SETS and person is not stage.victim
    ]
    return stage.rng.choice(people)


def take_over_okta(stage: Stage, at: datetime) -> tuple[OktaHands, datetime]:
    """All factors reset, most times the password too; a factor of the attacker's, and the session."""
    log, rng, person = stage.world.okta, stage.rng, stage.victim
    desk, user, agent = desk_of(stage, at), log.user(person), log.user(stage.help_desk)
    device = stage.help_desk.laptop
    agent_client = Client(desk.network, desk.address, device.user_agent, device)
    agent_session, uri = log.session_id(), f"/api/v1/users/{user['id']}/lifecycle"
    refs = [
        log.event(
            "user.mfa.factor.reset_all", at, agent, agent_client, [user], session_id=agent_session, uri=f"{uri}/reset_factors"
        )
    ]  # fmt: skip
    if rng.random() < 0.7:
        at = jitter(later(at, 20), 200, rng)
        refs.append(
            log.event(
                "user.account.reset_password", at, agent, agent_client, [user], session_id=agent_session,
                uri=f"{uri}/reset_password",
            )
        )  # fmt: skip
    story = f"The service desk resets all factors of {person.display_name} for a caller who is somebody else."
    stage.tell("help_desk_reset", f"okta-user:{user['id']}", desk, refs, story)
    intruder = OktaHands(stage, person, stage.origins[0], browser_device(rng))
    at = stage.after(at, longest=timedelta(hours=1))
    refs = []
    if rng.random() < 0.8:
        refs.append(intruder.event("user.account.update_password", at, [user], "/idp/idx/recover"))
        at = jitter(later(at, 10), 60, rng)
    factor = log.entity(
        "ufs",
        "AuthenticatorEnrollment",
        "unknown",
        "Okta Verify",
        {"methodTypeUsed": "Get a push notification"},
    )
    debug = {"factor": "OKTA_VERIFY_PUSH", "deviceName": rng.choice(PHONES)}
    refs.append(
        intruder.event("user.mfa.factor.activate", at, [user, factor], "/idp/idx/challenge/poll", debug)
    )
    stage.tell(
        "enrol_factor",
        f"okta-user:{user['id']}",
        intruder.origin,
        refs,
        "A factor of the attacker's is enrolled.",
    )
    at = jitter(later(at, 5), 120, rng)
    intruder.session_id, refs = begin(intruder, at)
    at = jitter(later(at, 20), 200, rng)
    refs.append(
        intruder.event(
            "user.session.access_admin_app",
            at,
            [log.app(ADMIN_APP), user | {"type": "AppUser"}],
            "/admin/sso/callback",
        )
    )
    stage.tell(
        "sign_in",
        intruder.thing_id,
        intruder.origin,
        refs,
        "A session through a proxy, and the administration.",
    )
    return intruder, at


def begin(intruder: OktaHands, at: datetime) -> tuple[str, list[EventRef]]:
    """Policy, push, second factor, session; the events of the session."""
    world = intruder.stage.world
    before = len(world.logbook.deliveries)
    session_id = sign_in(
        OktaDay(world, world.okta, {}, intruder.stage.rng),
        intruder.person.login,
        intruder.client,
        at,
        PUSH,
        "POSITIVE",
    )
    written = [delivery.record for delivery in world.logbook.deliveries[before:]]
    refs = [
        EventRef("okta_system", record["uuid"], "uuid", delivery.occurred_at)
        for record, delivery in zip(written, world.logbook.deliveries[before:], strict=True)
        if record["authenticationContext"]["rootSessionId"] == session_id
    ]
    return session_id, refs
