"""What attacks are made of: a session in somebody else's hands, the tools it is used with, and acts one after another.

An act takes the moment at which it begins and gives the moment at which it ended; what lies between two acts, the stage says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.audit_parts import Actor, by_person
from pipeline.simulate.azure_resources import AzureCaller, person_caller
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.cloudtrail import CLI_AGENT, SDK_AGENT
from pipeline.simulate.entra_signins import SignIn
from pipeline.simulate.estate import MANAGEMENT, PORTAL, App
from pipeline.simulate.graph_activity import GraphCaller
from pipeline.simulate.logbook import EventRef, Record
from pipeline.simulate.networks import Origin
from pipeline.simulate.people import Device, Person
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import jitter, later

Act = Callable[[datetime], datetime]

BROWSERS = (
    ("Windows10", "Chrome 143.0.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36"),
    ("Linux", "Firefox 140.0", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("MacOs", "Safari 18.5", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"),
    ("Windows10", "Edge 144.0.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36 Edg/144.0.0.0"),
)  # fmt: skip
PHONES = ("iPhone 14", "Pixel 8", "SM-S921B", "iPhone 16 Pro")
AWS_TOOLS = (
    CLI_AGENT,
    SDK_AGENT,
    "aws-cli/2.23.6 md/awscrt#0.23.4 ua/2.0 os/windows#11 md/arch#amd64 lang/python#3.12.7 md/pyimpl#CPython",
    "Boto3/1.34.162 md/Botocore#1.34.162 ua/2.0 os/macos#24.5.0 md/arch#arm64 lang/python#3.11.9",
)
S3_TOOLS = (
    "S3 Browser/12.2.9 (https://s3browser.com)",
    "rclone/v1.70.3",
    "Boto3/1.40.11 md/Botocore#1.40.11 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.3",
    "aws-cli/2.27.49 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4",
)
BLOB_TOOLS = (
    "AzCopy/10.29.1 azsdk-go-azblob/v1.6.0 (go1.24.2; linux)",
    "AzCopy/10.27.1 azsdk-go-azblob/v1.4.0 (go1.22.7; windows)",
    "rclone/v1.70.3",
    "azsdk-python-storage-blob/12.25.1 Python/3.12.3 (Windows-11-10.0.26100-SP0)",
)
GRAPH_TOOLS = (
    "python-requests/2.32.3",
    "AADInternals",
    "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.26100.4061",
    "azurehound/v2.4.1",
)
VAULT_TOOLS = (
    "azsdk-python-keyvault-secrets/4.9.0 Python/3.12.3 (Linux)",
    "azsdk-net-Security.KeyVault.Secrets/4.7.0 (.NET 8.0.11; Microsoft Windows 10.0.26100)",
    "python-requests/2.32.3",
)
IDENTITY_TOOLS = ("azsdk-python-identity/1.23.0 Python/3.12.3 (Linux)", "python-requests/2.32.3")


def play(stage: Stage, at: datetime, *acts: Act, chance: float = 1.0, is_shuffled: bool = False) -> datetime:
    """One act after another; each comes with `chance`, and in any order if shuffled. When the last one ended."""
    order = list(acts)
    if is_shuffled:
        stage.rng.shuffle(order)
    for act in order:
        if chance >= 1 or stage.rng.random() < chance:
            at = act(stage.after(at))
    return at


def browser_device(rng: Random) -> Device:
    """A device that the directory does not know: all it has is a user agent."""
    system, browser, agent = rng.choice(BROWSERS)
    return Device("", "", system, browser, agent, "", False)


def keeps(stage: Stage, source: str) -> bool:
    """Whether the organisation has that log: what lived there before the attack has left rows in it."""
    return any(delivery.source == source for delivery in stage.world.logbook.deliveries)


@dataclass(slots=True)
class Hands:
    """An Entra session in somebody's hands: whose account, which host, which browser. `last` is the latest row's properties."""

    stage: Stage
    person: Person
    origin: Origin
    session_id: str
    device: Device
    is_known_device: bool = False
    incoming_token: str = "refreshToken"
    last: Record = field(default_factory=dict)

    @property
    def thing_id(self) -> str:
        return f"entra-session:{self.session_id}"

    @property
    def actor(self) -> Actor:
        return by_person(self.person, self.origin.address)

    def sign_in(
        self, at: datetime, client: App, resource: App, mfa: str | None = "Mobile app notification",
        error_code: int = 0,
    ) -> SignIn:  # fmt: skip
        return self.enter(at, client, resource, mfa, error_code, is_interactive=True)

    def refresh(self, at: datetime, client: App, resource: App) -> SignIn:
        return self.enter(at, client, resource, "Previously satisfied", 0, is_interactive=False)

    def enter(
        self, at: datetime, client: App, resource: App, mfa: str | None, error_code: int, is_interactive: bool
    ) -> SignIn:
        signed_in = self.stage.world.signins.user(
            self.person, at, self.origin.network, self.origin.address, self.device, self.session_id, client, resource,
            is_interactive=is_interactive, mfa_method=mfa, error_code=error_code, is_known_device=self.is_known_device,
            incoming_token="none" if is_interactive else self.incoming_token,
        )  # fmt: skip
        self.last = self.stage.world.logbook.deliveries[-1].record["properties"]
        return signed_in

    def azure(
        self, at: datetime, resource: App = MANAGEMENT, client: App = PORTAL
    ) -> tuple[AzureCaller, EventRef]:
        """A token for Azure and the row of its issue, some seconds before `at`."""
        signed_in = self.refresh(later(at, -25), client, resource)
        return person_caller(self.person, self.origin.address, signed_in.token_id), signed_in.ref

    def graph(self, agent: str | None = None) -> GraphCaller:
        """A caller with the latest token."""
        return GraphCaller(
            self.last["appId"], self.origin.address, agent or self.device.user_agent, self.last
        )

    def shift(self, at: datetime) -> Shift:
        """For the unified audit log: what is done there names the latest token."""
        return Shift(
            self.person, self.origin.network, self.origin.address, at, later(at, 3600), ((at, self.last),)
        )


def hands(stage: Stage, person: Person | None = None, origin: Origin | None = None) -> Hands:
    """A session of its own from the attacker's first host, not yet signed in."""
    session_id = identifiers.guid(stage.rng)
    return Hands(
        stage, person or stage.victim, origin or stage.origins[0], session_id, browser_device(stage.rng)
    )


def call_graph(
    session: Hands,
    at: datetime,
    calls: Sequence[tuple[str, str]],
    agent: str | None = None,
    status: int = 200,
) -> tuple[datetime, list[EventRef]]:
    """Calls with the latest token, seconds apart. Nothing where the organisation has no such log."""
    refs: list[EventRef] = []
    if not keeps(session.stage, "graph_activity"):
        return at, refs
    for method, path in calls:
        refs.append(session.stage.world.graph.call(session.graph(agent), at, method, path, status))
        at = jitter(later(at, 1), 40, session.stage.rng)
    return at, refs
