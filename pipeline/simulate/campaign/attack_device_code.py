"""S10: a device code typed in by the victim gives the attacker the victim's session; a device registered with it gives a
primary refresh token, which a new password does not end.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.simulate import directory_changes, identifiers
from pipeline.simulate.campaign.attack_azure_steps import enumerate_directory
from pipeline.simulate.campaign.attack_mail import search_mail
from pipeline.simulate.campaign.attack_parts import Hands, hands, play
from pipeline.simulate.campaign.attack_resets import register_again, reset_by_help_desk, victim_goes_on
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.entra_signins import SignIn
from pipeline.simulate.estate import BROKER, EXCHANGE, GRAPH, OFFICE_HOME, TEAMS, App
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.people import windows_laptop
from pipeline.simulate.times import jitter, later

DEVICE_REGISTRATION = App("Device Registration Service", "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9")
BROKER_AGENT = "Windows-AzureAD-Authentication-Provider/1.0"


def before_the_reset(stage: Stage) -> None:
    """S10. The victim is phished, reports it, gets a new password: the attacker's device signs in as before."""
    session = victims_session(stage, stage.reset_at - timedelta(hours=2 + stage.rng.random() * 40))
    phished_at = stage.reset_at - timedelta(minutes=20 + stage.rng.random() * 70)
    by_device_code(session, phished_at)
    device_session, registered_at = device_of_ones_own(session, later(phished_at, 240))
    use_device(device_session, later(registered_at, 60), 1)
    at = reset_by_help_desk(
        stage, stage.reset_at, deletes_method=stage.rng.random() < 0.3, has_cut_off=stage.rng.random() < 0.4
    )
    victim_goes_on(stage, later(at, 300), is_shut_out=False)
    at = stage.after(at)
    tell_use(device_session, use_device(device_session, at, 3), "residual")
    go_on(device_session, later(at, 900), "residual")


def after_the_reset(stage: Stage) -> None:
    """S10, the other way round: an honest reset, and then a message about it with a device code."""
    at = reset_by_help_desk(stage, stage.reset_at, deletes_method=False, has_cut_off=True)
    began_at = later(at, 900)
    session = hands(stage)
    network, source_ip = stage.world.address(stage.victim, "home", began_at, stage.rng)
    stage.world.signins.user(
        stage.victim, began_at, network, source_ip, stage.victim.laptop, session.session_id, OFFICE_HOME, GRAPH,
        is_interactive=True, mfa_method="Mobile app notification",
    )  # fmt: skip
    at = stage.after(began_at)
    story = "The victim types in a code; the session that begins with it is used on the attacker's host."
    stage.tell("device_code", session.thing_id, session.origin, [by_device_code(session, at)], story)
    at = play(stage, at, lambda at: enumerate_directory(session, at), chance=0.5)
    device_session, at = device_of_ones_own(session, stage.after(at), is_told=True)
    at = stage.after(at)
    tell_use(device_session, use_device(device_session, at, 3), "fresh")
    go_on(device_session, later(at, 900), "fresh")


def victims_session(stage: Stage, began_at: datetime) -> Hands:
    """The victim's browser session of that day, in the attacker's hands: both use it, from two places."""
    session_id, _ = stage.world.session(stage.victim, f"browser {began_at:%Y-%m-%d}", began_at)
    return replace(hands(stage), session_id=session_id)


def by_device_code(session: Hands, at: datetime) -> EventRef:
    """The victim's sign-in satisfies it, so it names the victim's session and even the victim's device."""
    stage = session.stage
    signed_in = stage.world.signins.user(
        session.person, at, session.origin.network, session.origin.address, session.person.laptop, session.session_id,
        BROKER, DEVICE_REGISTRATION, is_interactive=True, mfa_method="Previously satisfied",
    )  # fmt: skip
    properties = stage.world.logbook.deliveries[-1].record["properties"]
    properties |= {
        "authenticationProtocol": "deviceCode",
        "originalTransferMethod": "deviceCodeFlow",
        "clientAppUsed": "Mobile Apps and Desktop clients",
    }
    session.last = properties
    return signed_in.ref


def device_of_ones_own(session: Hands, at: datetime, is_told: bool = False) -> tuple[Hands, datetime]:
    """The refresh token registers a device; the device has a session of its own from then on."""
    stage = session.stage
    token = session.refresh(at, BROKER, DEVICE_REGISTRATION)
    transferred(stage)
    device = windows_laptop(
        f"DESKTOP-{identifiers.text_of(identifiers.UPPER_ALPHANUMERIC, 7, stage.rng)}", stage.rng
    )
    device = replace(device, is_managed=False, user_agent=BROKER_AGENT)
    at = jitter(later(at, 20), 60, stage.rng)
    refs = directory_changes.register_device(stage.world.audit, session.actor, session.person, device, at)
    if is_told:
        story = f"A device {device.name} is registered to {session.person.display_name}."
        stage.tell("register_device", f"device:{device.device_id}", session.origin, [token.ref, *refs], story)
    return replace(
        hands(stage), device=device, is_known_device=True, incoming_token="primaryRefreshToken", origin=session.origin
    ), at  # fmt: skip


def transferred(stage: Stage) -> None:
    stage.world.logbook.deliveries[-1].record["properties"]["originalTransferMethod"] = "deviceCodeFlow"


def use_device(session: Hands, at: datetime, count: int) -> list[EventRef]:
    stage, refs = session.stage, []
    for _ in range(count):
        client, resource = stage.rng.choice(((TEAMS, GRAPH), (OFFICE_HOME, EXCHANGE), (BROKER, GRAPH)))
        signed_in: SignIn = session.refresh(at, client, resource)
        refs.append(signed_in.ref)
        at = jitter(later(at, 20), 400, stage.rng)
    return refs


def tell_use(session: Hands, refs: list[EventRef], seed: str) -> None:
    story = "The registered device signs in by its primary refresh token, whatever the password is."
    session.stage.tell("device_signs_in", session.thing_id, session.origin, refs, story, seed)


def go_on(session: Hands, at: datetime, seed: str) -> None:
    """Mail, another sign-in or two, and sometimes a phone of one's own besides."""
    stage = session.stage

    def again(begins_at: datetime) -> datetime:
        tell_use(session, use_device(session, begins_at, 2), seed)
        return later(begins_at, 900)

    at = play(stage, at, lambda at: search_mail(session, at, seed))
    if stage.rng.random() < 0.4:
        at = register_again(session, stage.after(at))
    at = play(stage, at, again)
    play(stage, at, again, again, chance=0.7)
