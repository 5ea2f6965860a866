"""The estate with its log writers and its calendar: who is away, who travels, when a person's tokens were cut off.

Sessions live here. A laptop and a phone keep one Entra session until a token cut-off ends it, a browser begins one a day.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.azure_resources import AzureResources
from pipeline.simulate.cloudtrail import CloudTrail
from pipeline.simulate.entra_audit import EntraAudit
from pipeline.simulate.entra_signins import EntraSignIns
from pipeline.simulate.estate import Estate, ServicePrincipal, make_estate
from pipeline.simulate.graph_activity import GraphActivity
from pipeline.simulate.logbook import Logbook
from pipeline.simulate.networks import Network
from pipeline.simulate.okta_log import OktaLog
from pipeline.simulate.people import Device, Person
from pipeline.simulate.times import is_weekend
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
    trips: dict[str, tuple[Trip, ...]] = field(default_factory=dict)
    absences: dict[str, tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    devices: dict[tuple[str, str], tuple[tuple[datetime, Device], ...]] = field(
        default_factory=dict
    )  # later ones

    def is_absent(self, login: str, at: datetime) -> bool:
        return any(begins_at <= at < ends_at for begins_at, ends_at in self.absences.get(login, ()))

    def trip(self, login: str, at: datetime) -> Trip | None:
        return next((trip for trip in self.trips.get(login, ()) if trip.begins_at <= at < trip.ends_at), None)

    def new_devices(self, login: str, kind: str, at: datetime) -> list[Device]:
        """Those that came in the place of the person's first `laptop` or `phone`, up to that time."""
        return [device for since, device in self.devices.get((login, kind), ()) if since <= at]

    def is_free_day(self, day: datetime) -> bool:
        return is_weekend(day) or day.date() in self.holidays


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
    rotations: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)  # by service principal

    def stream(self, name: str) -> Random:
        """A random stream of its own for each part, so that one part's change leaves the others as they were."""
        return Random(f"{self.seed}/{name}")

    def session(self, person: Person, device: str, at: datetime) -> tuple[str, bool]:
        """The Entra session of `laptop`, `phone` or `browser 2026-03-02`, and whether it must begin with a sign-in now."""
        cut_offs = sum(1 for cut_off in self.calendar.cut_offs.get(person.login, ()) if cut_off <= at)
        replaced = len(self.calendar.new_devices(person.login, device, at))
        key = (person.login, f"{device} {replaced}" if replaced else device, cut_offs)
        is_new = key not in self.sessions and (cut_offs + replaced > 0 or device.startswith("browser"))
        if key not in self.sessions:
            self.sessions[key] = identifiers.guid(self.stream(f"session/{key}"))
        return self.sessions[key], is_new

    def device(self, person: Person, kind: str, at: datetime) -> Device:
        """The `laptop` or `phone` that the person has at that time."""
        later_ones = self.calendar.new_devices(person.login, kind, at)
        return later_ones[-1] if later_ones else getattr(person, kind)

    def credential(self, principal: ServicePrincipal, at: datetime) -> str:
        """The key id of the secret that an automation itself signs in with at that time."""
        taken = [key_id for since, key_id in self.rotations.get(principal.name, ()) if since <= at]
        return taken[-1] if taken else principal.credential_key_id

    def address(self, person: Person, place: str, at: datetime, rng: Random) -> tuple[Network, str]:
        """Where a person's traffic comes from: `office`, `home`, `vpn` or `mobile`, unless they travel."""
        places, trip = self.estate.places, self.calendar.trip(person.login, at)
        if trip and place != "mobile":
            return trip.network, trip.network.address(trip.host)
        if place == "office":
            return places.office, places.office.address(person.office_host)
        if place == "vpn" and person.vpn_host:
            network = places.vpn_at(at)
            return network, network.address(person.vpn_host)
        if place == "mobile":
            carriers = places.mobile
            number = person.mobile_number if rng.random() < 0.7 else int(rng.random() * len(carriers))
            network = carriers[number]
            return network, network.address(1 + int(rng.random() * 250))
        if person.home_v6 and rng.random() < 0.4:
            return person.home_v6, person.home_v6.address(person.home_host)
        return person.home, person.home.address(person.home_host)


def make_world(seed: int, calendar: Calendar) -> World:
    return world_of(seed, make_estate(seed), calendar)


def world_of(seed: int, estate: Estate, calendar: Calendar) -> World:
    logbook = Logbook(Random(f"{seed}/arrival"))
    return World(
        seed,
        estate,
        logbook,
        CloudTrail(
            logbook,
            Random(f"{seed}/cloudtrail"),
            estate.home_region,
            estate.name_qualifier,
            estate.saml_provider,
        ),
        EntraSignIns(estate, logbook, Random(f"{seed}/signins")),
        EntraAudit(estate, logbook, Random(f"{seed}/audit")),
        AzureResources(estate, logbook, Random(f"{seed}/azure")),
        OktaLog(seed, logbook, Random(f"{seed}/okta")),
        UnifiedAudit(seed, estate, logbook, Random(f"{seed}/unified audit")),
        GraphActivity(estate, logbook, Random(f"{seed}/graph")),
        calendar,
    )
