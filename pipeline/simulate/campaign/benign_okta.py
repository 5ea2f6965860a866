"""Ordinary resets in Okta: forgotten passwords, the desk, all factors taken off, a new phone."""

from datetime import datetime

from pipeline.simulate.campaign.acting import Acting
from pipeline.simulate.campaign.ordinary import DESK, Kind, OrdinaryPlan, Subject
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.okta_log import Client
from pipeline.simulate.okta_sessions import FAST_PASS, PUSH, OktaDay, fail, open_app, sign_in
from pipeline.simulate.people import Person
from pipeline.simulate.times import later


class Call:
    """One person's reset while it is written: the log, the person there, and from where."""

    def __init__(self, organisation: Organisation, plan: OrdinaryPlan) -> None:
        self.rng = organisation.world.stream(f"okta reset/{plan.person.login}/{plan.at}")
        self.okta = OktaDay(organisation.world, organisation.world.okta, {}, self.rng)
        self.log, self.login, self.at = organisation.world.okta, plan.person.login, plan.at
        self.user = self.log.user(plan.person)
        self.acting = Acting(organisation, plan.person, plan.place_of_work, self.rng)
        self.client = self.acting.okta_client(plan.at)
        self.organisation, self.agent = organisation, plan.agent

    def sign_in(self, at: datetime, client: Client | None = None, device: str = "NEGATIVE") -> str:
        """With an application or two after it."""
        client = client or self.client
        method = PUSH if self.rng.random() < 0.6 else FAST_PASS
        session_id = sign_in(self.okta, self.login, client, at, method, device)
        for number, name in enumerate(self.rng.sample(("Wiki", "Expenses", "Travel"), 2)):
            open_app(self.okta, self.login, client, later(at, 60 + 500 * number), session_id, name)
        return session_id

    def by_agent(self, event_type: str, at: datetime, path: str) -> EventRef:
        """The desk opens the administration, then does it."""
        agent = self.agent or self.acting.person
        network = self.organisation.world.estate.places.office
        client = Client(network, network.address(agent.office_host), agent.laptop.user_agent, agent.laptop)
        actor, session_id = (
            self.log.user(agent),
            sign_in(self.okta, agent.login, client, later(at, -200), FAST_PASS),
        )
        admin = self.log.app("Okta Admin Console")
        self.log.event(
            "user.session.access_admin_app", later(at, -60), actor, client, [admin, actor | {"type": "AppUser"}],
            session_id=session_id, uri="/admin/sso/callback",
        )  # fmt: skip
        uri = f"/api/v1/users/{self.user['id']}/lifecycle/{path}"
        return self.log.event(event_type, at, actor, client, [self.user], session_id=session_id, uri=uri)

    def by_self(
        self, event_type: str, at: datetime, targets: list[Record] | None = None, **more: str
    ) -> EventRef:
        session_id, reason = more.get("session_id", "unknown"), more.get("reason")
        debug = {"factor": PUSH[0]} if "factor" in event_type else None
        return self.log.event(
            event_type, at, self.user, self.client, targets or [self.user], session_id=session_id, reason=reason,
            debug=debug,
        )  # fmt: skip


def forget_password(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    call = Call(organisation, plan)
    fail(call.okta, call.login, call.client, later(call.at, -70))
    transaction_id = call.log.transaction_id()
    reset = call.log.event(
        "user.account.reset_password", call.at, call.log.platform(), call.client, [call.user],
        transaction_id=transaction_id, uri="/idp/idx/recover",
    )  # fmt: skip
    changed = call.by_self("user.account.update_password", later(call.at, 95))
    call.sign_in(later(call.at, 130))
    return [reset, changed]


def call_desk(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    call = Call(organisation, plan)
    fail(call.okta, call.login, call.client, later(call.at, -500))
    refs = [call.by_agent("user.account.reset_password", call.at, "reset_password")]
    if plan.has_cut_off:
        call.by_agent("user.session.clear", later(call.at, 20), "sessions")
    refs.append(call.by_self("user.account.update_password", later(call.at, 240)))
    call.sign_in(later(call.at, 280))
    return refs


def change_password(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    call = Call(organisation, plan)
    session_id = call.sign_in(later(call.at, -700))
    return [call.by_self("user.account.update_password", call.at, session_id=session_id)]


def reset_factors(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    """The desk takes all factors off; the person enrols a phone at the next sign-in."""
    call = Call(organisation, plan)
    refs = [call.by_agent("user.mfa.factor.reset_all", call.at, "reset_factors")]
    reason = "User set up OKTA_VERIFY_PUSH factor"
    refs.append(call.by_self("user.mfa.factor.activate", later(call.at, 600), reason=reason))
    call.sign_in(later(call.at, 660), device="POSITIVE" if call.rng.random() < 0.5 else "NEGATIVE")
    return refs


def replace_phone(organisation: Organisation, plan: OrdinaryPlan) -> list[EventRef]:
    call = Call(organisation, plan)
    session_id = call.sign_in(later(call.at, -120))
    device = call.log.entity("guo", "UDDevice", "unknown", f"{plan.person.phone.name} (new)")
    refs = [
        call.by_self("device.enrollment.create", call.at, [device, call.user], session_id=session_id),
        call.by_self("device.user.add", later(call.at, 0.3), [device, call.user], session_id=session_id),
        call.by_self("user.mfa.factor.activate", later(call.at, 1), session_id=session_id, reason="User set up OKTA_VERIFY_PUSH factor"),
        call.by_self("user.mfa.factor.deactivate", later(call.at, 240), session_id=session_id, reason="User reset OKTA_VERIFY_PUSH factor"),
    ]  # fmt: skip
    call.sign_in(
        later(call.at, 1300), call.acting.okta_client(later(call.at, 1300), is_phone=True), "POSITIVE"
    )
    return refs


def has_okta(organisation: Organisation, _person: Person) -> bool:
    return organisation.traits.has_okta


def okta_account(organisation: Organisation, person: Person) -> Subject:
    return Subject(person.upn, organisation.world.okta.user(person)["id"])


OKTA_KINDS = (
    Kind("okta_forgot", "okta", 24, ("password",), ("forgot it", "locked out"), forget_password, suits=has_okta, subject=okta_account),
    Kind("okta_desk_password", "okta", 22, ("password",), ("back from leave, forgot it", "typed it wrong too often"),
         call_desk, by=DESK, cut_off_share=0.4, by_somebody_else=True, suits=has_okta, subject=okta_account),
    Kind("okta_own_change", "okta", 12, ("password",), ("changed by themselves",), change_password, suits=has_okta, subject=okta_account),
    Kind("okta_desk_factors", "okta", 14, ("mfa_method",), ("the phone is lost", "the phone broke"),
         reset_factors, by=DESK, by_somebody_else=True, suits=has_okta, subject=okta_account),
    Kind("okta_new_phone", "okta", 12, ("device", "mfa_method"), ("a new phone, old one at hand",), replace_phone,
         suits=has_okta, subject=okta_account),
)  # fmt: skip
