"""One person doing something somewhere: the address, the sign-in and the token that each log asks for, all of one piece."""

from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from pipeline.simulate import aws_calls, workdays
from pipeline.simulate.audit_parts import Actor, by_person
from pipeline.simulate.azure_resources import AzureCaller, person_caller
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.cloudtrail import CLI_AGENT, TERRAFORM_AGENT, AwsCaller, user_caller
from pipeline.simulate.entra_signins import SignIn
from pipeline.simulate.estate import MANAGEMENT, PORTAL, App, IamUser
from pipeline.simulate.logbook import Record
from pipeline.simulate.networks import Network
from pipeline.simulate.okta_log import Client
from pipeline.simulate.people import Person
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import later
from pipeline.simulate.world import World


@dataclass(frozen=True, slots=True)
class Acting:
    """`place` is `office`, `home`, `vpn` or `mobile`; whoever travels is where the journey took them."""

    organisation: Organisation
    person: Person
    place: str
    rng: Random

    @property
    def world(self) -> World:
        return self.organisation.world

    def where(self, at: datetime) -> tuple[Network, str]:
        """IPv4 only, as most of the services here are reached by it."""
        network, address = self.world.address(self.person, self.place, at, self.rng)
        if ":" in address:
            return self.person.home, self.person.home.address(self.person.home_host)
        return network, address

    def actor(self, at: datetime) -> Actor:
        return by_person(self.person, self.where(at)[1])

    def sign_in(self, at: datetime, app: App | None = None) -> Record:
        """Interactive, in the day's browser session. The properties of the row."""
        workdays.browse(self.world, self.person, at, self.place, self.rng, app)
        return self.world.logbook.deliveries[-1].record["properties"]

    def token(self, at: datetime, resource: App, client: App = PORTAL) -> SignIn:
        """A token for `resource`, with the sign-in before it."""
        network, source_ip = self.where(at)
        session_id, is_new = self.world.session(self.person, f"browser {at:%Y-%m-%d}", at)
        if is_new:
            self.world.signins.user(
                self.person, later(at, -50), network, source_ip, self.person.laptop, session_id, client, resource,
                is_interactive=True, mfa_method="Mobile app notification",
            )  # fmt: skip
        return self.world.signins.user(
            self.person, at, network, source_ip, self.person.laptop, session_id, client, resource,
            mfa_method="Previously satisfied", incoming_token="refreshToken",
        )  # fmt: skip

    def azure(self, at: datetime, resource: App = MANAGEMENT) -> AzureCaller:
        token = self.token(at, resource)
        return person_caller(self.person, self.where(at)[1], token.token_id)

    def aws(self, at: datetime, account_id: str, agent: str | None = None) -> AwsCaller:
        """An Identity Center role session; without an `agent` in the console."""
        estate, source_ip = self.world.estate, self.where(at)[1]
        self.sign_in(later(at, -20), estate.identity_center_app)
        is_console = agent is None
        caller, _ = aws_calls.assume_role_with_saml(
            self.world.trail, estate.person_role(self.person, account_id), self.person.upn, at, source_ip,
            agent or self.person.laptop.user_agent,
        )  # fmt: skip
        caller = aws_calls.on_behalf_of(caller, estate, self.person.login)
        return replace(caller, is_console=is_console)

    def terraform(self, at: datetime, account_id: str) -> AwsCaller:
        return self.aws(at, account_id, TERRAFORM_AGENT)

    def command_line(self, at: datetime, account_id: str) -> AwsCaller:
        return self.aws(at, account_id, CLI_AGENT)

    def own_key(self, at: datetime, agent: str = CLI_AGENT) -> AwsCaller:
        """The person's own IAM user, by the key it has then."""
        keys = [
            key_id
            for since, key_id in self.world.rotations.get(f"user/{self.own_user.name}", ())
            if since <= at
        ]
        return user_caller(self.own_user, self.where(at)[1], agent, keys[-1] if keys else None)

    @property
    def own_user(self) -> IamUser:
        return self.world.estate.own_users[self.person.login]

    def shift(self, at: datetime) -> Shift:
        """A stretch of work for the unified audit log, with the sign-in that its records name."""
        network, source_ip = self.where(at)
        signed_in_at = later(at, -90)
        return Shift(
            self.person,
            network,
            source_ip,
            signed_in_at,
            later(at, 3600),
            ((signed_in_at, self.sign_in(signed_in_at)),),
        )

    def okta_client(self, at: datetime, is_phone: bool = False) -> Client:
        network, source_ip = self.where(at)
        device = self.person.phone if is_phone else self.person.laptop
        return Client(network, source_ip, device.user_agent, device)


def at_place(organisation: Organisation, person: Person, at: datetime, rng: Random) -> Acting:
    """Where the person would be working from on that day."""
    is_office_day = at.weekday() in person.office_weekdays and not organisation.period.is_free(at)
    return Acting(organisation, person, "office" if is_office_day else "home", rng)
