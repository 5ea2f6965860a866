"""Parts of a day in Okta: a sign-in with its policy, its second factor and its session, and the applications opened in it."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import MOBILE
from pipeline.simulate.okta_log import Client, OktaLog
from pipeline.simulate.people import Device, Person
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import jitter, later
from pipeline.simulate.world import World

APPS = {
    "sales": ("CRM", "Quotes"),
    "people": ("Staff Records",),
    "help desk": ("Service Desk",),
    "developer": ("Code Review",),
    "finance": ("Ledger",),
    "manager": ("CRM", "Ledger"),
}
APPS_OF_ALL = ("Wiki", "Expenses", "Travel")
FAST_PASS = ("SIGNED_NONCE", "Use Okta FastPass")
PUSH = ("OKTA_VERIFY_PUSH", "Get a push notification")
BEHAVIORS = (
    "New Geo-Location", "New Device", "New IP", "New State", "New Country", "Velocity", "New City",
)  # fmt: skip


@dataclass(slots=True)
class OktaDay:
    """The log, the stories' random stream, and the session that each person opened in the morning."""

    world: World
    log: OktaLog
    shifts: dict[str, Shift]
    rng: Random
    sessions: dict[str, str] = field(default_factory=dict)

    def person(self, login: str) -> Person:
        return self.world.estate.people[login]

    def laptop(self, login: str) -> Client:
        shift = self.shifts[login]
        device = shift.person.laptop
        return Client(shift.network, shift.source_ip, device.user_agent, device)

    def phone(self, login: str, is_proxy: bool = False) -> Client:
        """On the mobile network, where a carrier's web proxy may stand between."""
        device = self.person(login).phone
        return Client(MOBILE[2], MOBILE[2].address(44), device.user_agent, device, is_proxy)

    def at_home(self, login: str, device: Device) -> Client:
        home, host = self.person(login).home, self.person(login).home_host
        return Client(home, home.address(host), device.user_agent, device)


def open_apps(
    okta: OktaDay, login: str, client: Client, since: datetime, session_id: str, rng: Random
) -> None:
    names = [*APPS.get(okta.person(login).job, ()), *rng.sample(APPS_OF_ALL, 1 + int(rng.random() * 2))]
    left = max((okta.shifts[login].ends_at - since).total_seconds(), 1800)
    for name in names:
        open_app(okta, login, client, jitter(later(since, 60), left * 0.8, rng), session_id, name)


def open_app(okta: OktaDay, login: str, client: Client, at: datetime, session_id: str, name: str) -> None:
    user, app, transaction_id = (
        okta.log.user(okta.person(login)),
        okta.log.app(name),
        okta.log.transaction_id(),
    )
    allow(okta, user, client, at, session_id, transaction_id, f"{name} policy", [app])
    okta.log.event(
        "user.authentication.sso", later(at, 0.4), user, client, [app, user | {"type": "AppUser"}],
        session_id=session_id, transaction_id=transaction_id, uri="/oauth2/v1/authorize",
        debug={"initiatedType": "SP_INITIATED", "signOnMode": "OpenID Connect"},
    )  # fmt: skip


def allow(
    okta: OktaDay, user: Record, client: Client, at: datetime, session_id: str, transaction_id: str,
    policy: str, targets: list[Record],
) -> None:  # fmt: skip
    kind = "OktaSignOn" if policy == "Default Policy" else "Okta:SignOn"
    rule = okta.log.entity("0pr", "PolicyRule", okta.log.named_id("00p", policy), f"{policy}: everybody")
    okta.log.event(
        "policy.evaluate_sign_on", at, user, client,
        [*targets, okta.log.entity("00p", "PolicyEntity", "unknown", policy, {"policyType": kind}), rule],
        session_id=session_id, transaction_id=transaction_id, result="ALLOW",
        reason="Sign-on policy evaluation resulted in ALLOW", uri="/idp/idx/identify",
    )  # fmt: skip


def behaviors(device: str = "NEGATIVE") -> Record:
    """What Okta found new about a sign-in: once as text for people, once as JSON for those who only log it."""
    found = dict.fromkeys(BEHAVIORS, "NEGATIVE") | {"New Device": device}
    logged = {"risk": {"level": "LOW"}, "behaviors": found}
    return {
        "behaviors": f"{{{', '.join(f'{name}={value}' for name, value in found.items())}}}",
        "risk": "{level=LOW}",
        "logOnlySecurityData": json.dumps(logged, separators=(",", ":")),
    }


def sign_in(
    okta: OktaDay, login: str, client: Client, at: datetime, method: tuple[str, str], device: str = "NEGATIVE"
) -> str:
    """Policy, second factor, session. `device` says whether Okta saw this one for the first time. The new session."""
    log, user = okta.log, okta.log.user(okta.person(login))
    session_id, transaction_id = log.session_id(), log.transaction_id()
    allow(okta, user, client, at, session_id, transaction_id, "Default Policy", [])
    if method == PUSH:
        send_push(okta, user, client, later(at, 1), transaction_id)
    verify(okta, user, client, later(at, 7), session_id, transaction_id, method, device)
    log.event(
        "user.session.start", later(at, 7.2), user, client, session_id=session_id, transaction_id=transaction_id,
        debug=behaviors(device),
    )  # fmt: skip
    return session_id


def send_push(okta: OktaDay, user: Record, client: Client, at: datetime, transaction_id: str) -> None:
    okta.log.event(
        "system.push.send_factor_verify_push", at, user, client, [user], transaction_id=transaction_id,
        uri="/idp/idx/challenge", debug={"factor": PUSH[0]},
    )  # fmt: skip


def verify(
    okta: OktaDay, user: Record, client: Client, at: datetime, session_id: str, transaction_id: str,
    method: tuple[str, str], device: str = "NEGATIVE", result: str = "SUCCESS",
) -> EventRef:  # fmt: skip
    factor, method_name = method
    enrolment = okta.log.entity(
        "pfd", "AuthenticatorEnrollment", "unknown", "Okta Verify", {"methodTypeUsed": method_name}
    )
    return okta.log.event(
        "user.authentication.auth_via_mfa", at, user, client, [user, enrolment], session_id=session_id,
        transaction_id=transaction_id, result=result, reason=None if result == "SUCCESS" else "INVALID_CREDENTIALS",
        debug={"factor": factor, **behaviors(device)},
    )  # fmt: skip


def fail(okta: OktaDay, login: str, client: Client, at: datetime) -> None:
    okta.log.event(
        "user.session.start", at, okta.log.user(okta.person(login)), client, result="FAILURE",
        reason="INVALID_CREDENTIALS", debug=behaviors(),
    )  # fmt: skip
