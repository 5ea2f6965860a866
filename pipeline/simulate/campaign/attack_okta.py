"""S2, S4: all factors of an Okta administrator reset by the service desk; a second identity provider that vouches for anybody;
and from there by single sign-on into AWS, or into Entra besides.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.simulate import aws_calls
from pipeline.simulate.campaign import attack_aws_steps as aws_steps
from pipeline.simulate.campaign import attack_azure_steps as azure_steps
from pipeline.simulate.campaign.attack_aws_steps import AwsHands
from pipeline.simulate.campaign.attack_parts import AWS_TOOLS, PHONES, browser_device, hands, play
from pipeline.simulate.campaign.attack_resets import (
    desk_of,
    first_sign_in,
    register_method,
    reset_by_help_desk,
)
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import PERMISSION_SETS
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import Origin
from pipeline.simulate.okta_log import Client, OktaLog
from pipeline.simulate.okta_sessions import PUSH, OktaDay, sign_in
from pipeline.simulate.people import Device, Person
from pipeline.simulate.times import jitter, later

AWS_APP = "AWS IAM Identity Center"
ADMIN_APP = "Okta Admin Console"


@dataclass(slots=True)
class OktaHands:
    """The attacker in Okta as `person`, behind a proxy."""

    stage: Stage
    person: Person
    origin: Origin
    device: Device
    session_id: str = "unknown"
    since: int = field(default=0)

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


def cross_tenant(stage: Stage) -> None:
    """S2."""
    intruder, at = take_over_okta(stage, stage.reset_at)
    provider, at = second_provider(intruder, stage.after(at))
    impersonated = somebody_with_a_role(stage)
    session, at = vouched_sign_in(intruder, impersonated, provider, stage.after(at))
    entrant, at = into_aws(session, stage.after(at))
    play(
        stage, at, lambda at: aws_steps.look_around(entrant, at), lambda at: aws_steps.read_secrets(entrant, at),
        lambda at: aws_steps.read_bucket(entrant, at), chance=0.85,
    )  # fmt: skip


def both_providers(stage: Stage) -> None:
    """S4. The same caller has the second factors taken off in Okta and the password reset in Entra."""
    intruder, at = take_over_okta(stage, stage.reset_at)
    at = reset_by_help_desk(stage, jitter(later(stage.reset_at, 240), 900, stage.rng), deletes_method=True)
    session = hands(stage)
    at = register_method(session, stage.after(at, longest=timedelta(hours=1)))
    at = first_sign_in(session, stage.after(at, longest=timedelta(minutes=30)))

    def provider_and_its_use(begins_at: datetime) -> datetime:
        provider, ended_at = second_provider(intruder, begins_at)
        return vouched_sign_in(intruder, somebody_with_a_role(stage), provider, stage.after(ended_at))[1]

    at = play(
        stage, at, provider_and_its_use, lambda at: azure_steps.enumerate_directory(session, at),
        lambda at: azure_steps.add_to_role(session, at), is_shuffled=True,
    )  # fmt: skip
    play(
        stage, at, lambda at: azure_steps.elevate(session, at), lambda at: azure_steps.take_storage(session, at),
        lambda at: azure_steps.federate(session, at), chance=0.8, is_shuffled=True,
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


def second_provider(intruder: OktaHands, at: datetime) -> tuple[Record, datetime]:
    """Sometimes administrator's rights for another account first; then the provider, made and switched on."""
    stage, log, rng = intruder.stage, intruder.log, intruder.stage.rng
    if rng.random() < 0.6:
        colleague = log.user(somebody_with_a_role(stage))
        debug = {"privilegeGranted": rng.choice(("Super administrator", "Organization administrator"))}
        ref = intruder.event(
            "user.account.privilege.grant",
            at,
            [colleague],
            f"/api/internal/administrators/{colleague['id']}",
            debug,
        )
        story = f"{colleague['displayName']} becomes an administrator."
        stage.tell("grant_privilege", f"grant:{colleague['id']}", intruder.origin, [ref], story)
        at = stage.after(at)
    name = rng.choice(("SAML 2.0 IdP", "Partner SSO", "Corporate SSO"))
    provider = log.entity("0oi", "AppInstance", name, name)
    refs = []
    for event_type in ("system.idp.lifecycle.create", "system.idp.lifecycle.activate"):
        refs.append(intruder.event(event_type, at, [provider], "/api/v1/idps"))
        at = jitter(later(at, 3), 90, rng)
    stage.tell(
        "create_provider",
        f"trust:{provider['id']}",
        intruder.origin,
        refs,
        f"Another identity provider, {name}.",
    )
    return provider, at


def vouched_sign_in(
    intruder: OktaHands, person: Person, provider: Record, at: datetime
) -> tuple[OktaHands, datetime]:
    """The new provider says that the attacker is `person`: no password, no factor of Okta's is asked for."""
    stage, log, origin = intruder.stage, intruder.log, intruder.stage.origin()
    session = OktaHands(stage, person, origin, intruder.device, log.session_id())
    user, transaction_id = log.user(person), log.transaction_id()
    refs = [
        log.event(
            "user.authentication.auth_via_IDP", at, log.platform(), session.client, [provider, user],
            session_id=session.session_id, transaction_id=transaction_id, uri="/sso/saml2/callback",
        )
    ]  # fmt: skip
    context = stage.world.logbook.deliveries[-1].record["authenticationContext"]
    context |= {
        "authenticationProvider": "FEDERATION",
        "credentialType": "ASSERTION",
        "interface": "IDP Instance",
    }
    refs.append(
        log.event(
            "user.session.start", later(at, 0.6), user, session.client, session_id=session.session_id,
            transaction_id=transaction_id, uri="/sso/saml2/callback",
        )
    )  # fmt: skip
    story = f"A session of {person.display_name}'s begins by the word of the new provider."
    stage.tell("vouched_sign_in", session.thing_id, origin, refs, story)
    return session, later(at, 1)


def into_aws(session: OktaHands, at: datetime) -> tuple[AwsHands, datetime]:
    """Single sign-on to AWS, and the role of whoever that is."""
    stage, log, estate = session.stage, session.log, session.stage.world.estate
    app, user = log.app(AWS_APP, "SAML_2_0"), log.user(session.person)
    refs = [
        session.event(
            "user.authentication.sso", at, [app, user | {"type": "AppUser"}], "/app/amazon_aws_sso/sso/saml",
            {"initiatedType": "IDP_INITIATED", "signOnMode": "SAML 2.0"},
        )
    ]  # fmt: skip
    at = jitter(later(at, 3), 25, stage.rng)
    account = stage.rng.choice((estate.platform_account, estate.data_account))
    caller, assumed = aws_calls.assume_role_with_saml(
        stage.world.trail, estate.person_role(session.person, account), session.person.upn, at, session.origin.address,
        stage.rng.choice(AWS_TOOLS),
    )  # fmt: skip
    entrant = AwsHands(stage, aws_calls.on_behalf_of(caller, estate, session.person.login), session.origin)
    entrant.tell(
        "single_sign_on_to_aws", [*refs, assumed], f"From Okta into AWS as {session.person.display_name}."
    )
    return entrant, later(at, 5)
