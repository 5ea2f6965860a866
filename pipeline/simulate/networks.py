"""The address plan. Documentation and benchmark ranges only (RFC 5737, 2544, 3849) with documentation AS numbers (RFC 5398).

Homes are one /24 a person at one of four providers; the attacker's networks are not used by anybody else.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Network:
    name: str
    prefix: str  # everything before the host part, "192.0.2."
    asn: int
    country: str
    city: str
    state: str
    latitude: float
    longitude: float
    is_trusted: bool = False

    def address(self, host: int) -> str:
        return f"{self.prefix}{host:x}" if ":" in self.prefix else f"{self.prefix}{host}"


@dataclass(frozen=True, slots=True)
class Origin:
    """One host of a network."""

    network: Network
    host: int

    @property
    def address(self) -> str:
        return self.network.address(self.host)


def german(name: str, prefix: str, asn: int, city: str = "Hamburg", is_trusted: bool = False) -> Network:
    latitude, longitude = {"Hamburg": (53.5505, 9.9928), "Frankfurt am Main": (50.1169, 8.6837)}[city]
    state = {"Hamburg": "Hamburg", "Frankfurt am Main": "Hessen"}[city]
    return Network(name, prefix, asn, "DE", city, state, latitude, longitude, is_trusted)


OFFICE = german("office", "192.0.2.", 64500, is_trusted=True)
VPN = german("VPN egress", "198.51.100.", 64501, "Frankfurt am Main", is_trusted=True)
HOME_PROVIDERS = (64502, 64503, 64504, 64505)
MOBILE = tuple(german("mobile carrier", f"198.19.{third}.", 64506) for third in (16, 17, 18))
CI = german("CI runners", "198.19.64.", 64507, "Frankfurt am Main")
AWS = german("AWS eu-central-1", "198.19.80.", 64508, "Frankfurt am Main")
AZURE = german("Azure germanywestcentral", "198.19.96.", 64509, "Frankfurt am Main")
HOTEL_SPAIN = Network("hotel in Spain", "198.19.128.", 64510, "ES", "Valencia", "Valencia", 39.4697, -0.3774)
HOTEL_PORTUGAL = Network("hotel in Portugal", "198.19.129.", 64511, "PT", "Porto", "Porto", 41.1496, -8.611)


@dataclass(frozen=True, slots=True)
class Places:
    """Where an organisation's traffic comes from. After `vpn_moves_at` its VPN comes out elsewhere."""

    office: Network = OFFICE
    vpn: Network = VPN
    mobile: tuple[Network, ...] = MOBILE
    ci: Network = CI
    aws: Network = AWS
    azure: Network = AZURE
    next_vpn: Network | None = None
    vpn_moves_at: datetime | None = None

    def vpn_at(self, at: datetime) -> Network:
        has_moved = self.vpn_moves_at is not None and at >= self.vpn_moves_at
        return self.next_vpn if self.next_vpn and has_moved else self.vpn


ATTACKER_DESK = Network(
    "attacker's desk", "203.0.113.", 65540, "NL", "Amsterdam", "Noord-Holland", 52.374, 4.8897
)
ATTACKER_SERVER = Network(
    "attacker's server", "198.19.200.", 65541, "SE", "Stockholm", "Stockholm", 59.3326, 18.0649
)
ATTACKER_ELSEWHERE = Network(
    "elsewhere", "198.19.201.", 65542, "MD", "Chisinau", "Chisinau", 47.0056, 28.8575
)


def home_network(number: int) -> Network:
    return german(f"home {number}", f"198.18.{number}.", HOME_PROVIDERS[number % len(HOME_PROVIDERS)])


def home_network_v6(number: int) -> Network:
    asn = HOME_PROVIDERS[number % len(HOME_PROVIDERS)]
    return german(f"home {number} (IPv6)", f"2001:db8:{0x4000 + number:x}:1::", asn)
