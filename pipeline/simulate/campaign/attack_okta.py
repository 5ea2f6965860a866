"""S2, S4: all factors of an Okta administrator reset by the service desk; a second identity provider that vouches for anybody;
and from there by single sign-on into AWS, or into Entra besides.
"""

from datetime import datetime, timedelta

from pipeline.simulate import aws_calls
from pipeline.simulate.campaign import attack_aws_steps as aws_steps
from pipeline.simulate.campaign import attack_azure_steps as azure_steps
from pipeline.simulate.campaign.attack_aws_steps import AwsHands
from pipeline.simulate.campaign.attack_okta_session import OktaHands, somebody_with_a_role, take_over_okta
from pipeline.simulate.campaign.attack_parts import AWS_TOOLS, hands, play
from pipeline.simulate.campaign.attack_resets import (
    first_sign_in,
    register_method,
    reset_by_help_desk,
)
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.logbook import Record
from pipeline.simulate.okta_log import Client
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter, later

AWS_APP = "AWS IAM Identity Center"


def cross_tenant(stage: Stage) -> None:
    """S2."""
    intruder, at = take_over_okta(stage, stage.reset_at)
    provider, at = second_provider(intruder, stage.after(at))
    at = play(stage, at, lambda at: api_token(intruder, at), chance=0.4)
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


def api_token(intruder: OktaHands, at: datetime) -> datetime:
    """A token of the session's person, used from another host to put somebody into a group."""
    stage, log, rng = intruder.stage, intruder.log, intruder.stage.rng
    name = rng.choice(("hr-sync", "monitoring", "terraform"))
    token_id = log.named_id("00T", f"{name}/{intruder.person.login}")
    token = {
        "id": token_id,
        "type": "Token",
        "alternateId": "unknown",
        "displayName": name,
        "detailEntry": None,
    }
    ref = intruder.event("system.api_token.create", at, [token], "/api/internal/tokens")
    stage.tell("api_token", f"okta-token:{token_id}", intruder.origin, [ref], f"An API token {name}.")
    at, origin = stage.after(at), stage.origins[-1]
    group, member = log.group("Platform Administrators"), log.user(somebody_with_a_role(stage))
    used = log.event(
        "group.user_membership.add", at, log.user(intruder.person), Client(origin.network, origin.address, "python-requests/2.32.3"),
        [member, group], uri=f"/api/v1/groups/{group['id']}/users/{member['id']}", api_token_id=token_id,
    )  # fmt: skip
    stage.tell(
        "api_token_used", f"okta-token:{token_id}", origin, [used], "The token puts somebody into a group."
    )
    return at


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
