"""The estate with its log writers and its calendar: who is away, who travels, when a person's tokens were cut off.

Sessions live here. A laptop and a phone keep one Entra session until a token cut-off ends it, a browser begins one a day.
"""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.azure_resources import AzureResources
from pipeline.simulate.cloudtrail import CloudTrail
from pipeline.simulate.entra_audit import EntraAudit
from pipeline.simulate.entra_signins import EntraSignIns
from pipeline.simulate.estate import Estate, make_estate
from pipeline.simulate.graph_activity import GraphActivity
from pipeline.simulate.logbook import Logbook
from pipeline.simulate.networks import MOBILE, OFFICE, VPN, Network
from pipeline.simulate.okta_log import OktaLog
from pipeline.simulate.people import Person
from pipeline.simulate.unified_audit import UnifiedAudit


@dataclass(frozen=True, slots=True)
class Trip:
    network: Network
    host: int
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Calendar:
    cut_offs: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    trips: dict[str, Trip] = field(default_factory=dict)
    absences: dict[str, tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict)

    def is_absent(self, login: str, at: datetime) -> bool:
        return any(begins_at <= at < ends_at for begins_at, ends_at in self.absences.get(login, ()))

    def trip(self, login: str, at: datetime) -> Trip | None:
        trip = self.trips.get(login)
        return trip if trip and trip.begins_at <= at < trip.ends_at else None


@dataclass(slots=True)
class World:
    seed: int
    estate: Estate
    logbook: Logbook
    trail: CloudTrail
    signins: EntraSignIns
    audit: EntraAudit
    resources: AzureResources
    okta: OktaLog
    office: UnifiedAudit
    graph: GraphActivity
    calendar: Calendar
    sessions: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def stream(self, name: str) -> Random:
        """A random stream of its own for each part, so that one part's change leaves the others as they were."""
        return Random(f"{self.seed}/{name}")

    def session(self, person: Person, device: str, at: datetime) -> tuple[str, bool]:
        """The Entra session of `laptop`, `phone` or `browser 2026-03-02`, and whether it must begin with a sign-in now."""
        cut_offs = sum(1 for cut_off in self.calendar.cut_offs.get(person.login, ()) if cut_off <= at)
        key = (person.login, device, cut_offs)
        is_new = key not in self.sessions and (cut_offs > 0 or device.startswith("browser"))
        if key not in self.sessions:
            self.sessions[key] = identifiers.guid(self.stream(f"session/{key}"))
        return self.sessions[key], is_new

    def address(self, person: Person, place: str, at: datetime, rng: Random) -> tuple[Network, str]:
        """Where a person's traffic comes from: `office`, `home`, `vpn` or `mobile`, unless they travel."""
        trip = self.calendar.trip(person.login, at)
        if trip and place != "mobile":
            return trip.network, trip.network.address(trip.host)
        if place == "office":
            return OFFICE, OFFICE.address(person.office_host)
        if place == "vpn" and person.vpn_host:
            return VPN, VPN.address(person.vpn_host)
        if place == "mobile":
            network = MOBILE[person.mobile_number if rng.random() < 0.7 else int(rng.random() * 3)]
            return network, network.address(1 + int(rng.random() * 250))
        if person.home_v6 and rng.random() < 0.4:
            return person.home_v6, person.home_v6.address(person.home_host)
        return person.home, person.home.address(person.home_host)


def make_world(seed: int, calendar: Calendar) -> World:
    estate = make_estate(seed)
    logbook = Logbook(Random(f"{seed}/arrival"))
    return World(
        seed,
        estate,
        logbook,
        CloudTrail(logbook, Random(f"{seed}/cloudtrail")),
        EntraSignIns(estate, logbook, Random(f"{seed}/signins")),
        EntraAudit(estate, logbook, Random(f"{seed}/audit")),
        AzureResources(estate, logbook, Random(f"{seed}/azure")),
        OktaLog(seed, logbook, Random(f"{seed}/okta")),
        UnifiedAudit(seed, estate, logbook, Random(f"{seed}/unified audit")),
        GraphActivity(estate, logbook, Random(f"{seed}/graph")),
        calendar,
    )
