"""The address plan of one organisation: its office, VPN, carriers, homes, and the places people travel to.

Addresses are of documentation and benchmark ranges, AS numbers of the documentation and private ranges (RFC 5398, 6996).
Providers of homes, carriers, hotels and of attackers are the same for all organisations, as in life: an AS number alone
tells nobody apart.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate.networks import Network, Origin, Places
from pipeline.simulate.people import Person

# country, city, state, latitude, longitude
Town = tuple[str, str, float, float]
TOWNS: dict[str, tuple[Town, ...]] = {
    "DE": (("Hamburg", "Hamburg", 53.5505, 9.9928), ("Leipzig", "Sachsen", 51.3397, 12.3731)),
    "NL": (("Utrecht", "Utrecht", 52.0907, 5.1214), ("Rotterdam", "Zuid-Holland", 51.9244, 4.4777)),
    "GB": (("Leeds", "England", 53.8008, -1.5491), ("Bristol", "England", 51.4545, -2.5879)),
    "SE": (("Malmo", "Skane", 55.605, 13.0038), ("Uppsala", "Uppsala", 59.8586, 17.6389)),
    "US": (("Denver", "Colorado", 39.7392, -104.9903), ("Austin", "Texas", 30.2672, -97.7431)),
    "PL": (("Gdansk", "Pomorskie", 54.352, 18.6466), ("Lublin", "Lubelskie", 51.2465, 22.5684)),
}
HOME_COUNTRIES = ("DE", "NL", "GB", "SE", "US", "PL")
ABROAD: tuple[tuple[str, str, str, float, float], ...] = (
    ("ES", "Valencia", "Valencia", 39.4697, -0.3774),
    ("PT", "Porto", "Porto", 41.1496, -8.611),
    ("IT", "Bologna", "Emilia-Romagna", 44.4949, 11.3426),
    ("FR", "Lyon", "Auvergne-Rhone-Alpes", 45.764, 4.8357),
    ("AT", "Graz", "Steiermark", 47.0707, 15.4395),
    ("IE", "Cork", "Munster", 51.8985, -8.4756),
    ("CA", "Ottawa", "Ontario", 45.4215, -75.6972),
    ("TR", "Izmir", "Izmir", 38.4237, 27.1428),
)
HIDEOUTS: tuple[tuple[str, str, str, float, float], ...] = (
    ("NL", "Amsterdam", "Noord-Holland", 52.374, 4.8897),
    ("MD", "Chisinau", "Chisinau", 47.0056, 28.8575),
    ("RO", "Bucharest", "Bucuresti", 44.4268, 26.1025),
    ("US", "Newark", "New Jersey", 40.7357, -74.1724),
    ("GB", "London", "England", 51.5072, -0.1276),
    ("NG", "Lagos", "Lagos", 6.5244, 3.3792),
    ("DE", "Nuremberg", "Bayern", 49.4521, 11.0767),
)
CONSUMER_ASNS = {country: tuple(64512 + 20 * place + n for n in range(4)) for place, country in enumerate(HOME_COUNTRIES)}  # fmt: skip
CARRIER_ASNS = {country: 64900 + place for place, country in enumerate(HOME_COUNTRIES)}
CLOUD_ASNS = {"aws": 65010, "azure": 65011, "ci": 65012}
HOSTING_ASNS = (65100, 65101, 65102, 65103, 65104, 65105, 65106, 65107)
HOTEL_ASNS = (65200, 65201, 65202, 65203, 65204, 65205)


@dataclass(frozen=True, slots=True)
class AddressPlan:
    country: str
    places: Places
    has_shared_egress: bool


def network_in(
    town: tuple[str, str, float, float],
    country: str,
    name: str,
    prefix: str,
    asn: int,
    is_trusted: bool = False,
) -> Network:
    city, state, latitude, longitude = town
    return Network(name, prefix, asn, country, city, state, latitude, longitude, is_trusted)


def plan_addresses(rng: Random, begins_at: datetime, days: int) -> AddressPlan:
    """A third lets all traffic out of one proxy; a quarter moves its VPN to another exit in the `days` from `begins_at`."""
    country = rng.choice(HOME_COUNTRIES)
    office_town, other_town = TOWNS[country]
    own_asn = 65300 + rng.randrange(200)
    vpn_asn = 65500 + rng.randrange(30)
    has_shared_egress = rng.random() < 0.3
    vpn = network_in(other_town, country, "VPN egress", "198.51.100.", vpn_asn, True)
    office = network_in(office_town, country, "office", "192.0.2.", own_asn, True)
    if has_shared_egress:
        office = vpn = replace(vpn, name="secure web proxy", asn=rng.choice(HOSTING_ASNS))
    moves_at = begins_at + timedelta(days=rng.randrange(days), hours=3)
    next_vpn = network_in(other_town, country, "new VPN egress", "198.19.40.", vpn_asn + 30)
    carrier = CARRIER_ASNS[country]
    return AddressPlan(
        country,
        Places(
            office=office,
            vpn=vpn,
            mobile=tuple(
                network_in(office_town, country, "mobile carrier", f"198.19.{third}.", carrier)
                for third in (16, 17, 18)
            ),
            ci=network_in(other_town, country, "CI runners", "198.19.64.", CLOUD_ASNS["ci"]),
            aws=network_in(other_town, country, "AWS", "198.19.80.", CLOUD_ASNS["aws"]),
            azure=network_in(other_town, country, "Azure", "198.19.96.", CLOUD_ASNS["azure"]),
            next_vpn=next_vpn,
            vpn_moves_at=moves_at if rng.random() < 0.25 else None,
        ),
        has_shared_egress,
    )


def home_of(number: int, country: str, rng: Random) -> tuple[Network, Network | None]:
    """One of four big providers of the country, by IPv4, and in a fifth of the homes by IPv6 too."""
    town, asn = rng.choice(TOWNS[country]), rng.choice(CONSUMER_ASNS[country])
    home = network_in(town, country, f"home {number}", f"198.18.{number % 256}.", asn)
    v6 = network_in(town, country, f"home {number} (IPv6)", f"2001:db8:{0x4000 + number:x}:1::", asn)
    return home, v6 if rng.random() < 0.2 else None


def hotel(rng: Random) -> Network:
    country, city, state, latitude, longitude = rng.choice(ABROAD)
    number = rng.randrange(128, 190)
    return Network(
        "hotel", f"198.19.{number}.", rng.choice(HOTEL_ASNS), country, city, state, latitude, longitude
    )


def new_home(home: Network, rng: Random) -> Network:
    """Another provider of the same country: a move, a new contract, a hotspot."""
    others = [asn for asn in CONSUMER_ASNS.get(home.country, HOTEL_ASNS) if asn != home.asn]
    return replace(home, name="new line", prefix=f"198.19.{rng.randrange(100, 127)}.", asn=rng.choice(others))


def attacker_origins(victim: Person, has_same_network: bool, rng: Random) -> tuple[Origin, ...]:
    """Two or three hosts. With `has_same_network` the first is a line of the victim's own provider, in the victim's town.

    Of the others every seventh first one is a residential proxy: anybody's line.
    """
    origins = [Origin(first_host(victim, has_same_network, rng), rng.randrange(2, 250))]
    for _ in range(1 + rng.randrange(2)):
        network = hideout(f"198.19.{rng.randrange(200, 250)}.", rng)
        origins.append(Origin(network, rng.randrange(2, 250)))
    return tuple(origins)


def hideout(prefix: str, rng: Random) -> Network:
    country, city, state, latitude, longitude = rng.choice(HIDEOUTS)
    return Network(
        "attacker's host", prefix, rng.choice(HOSTING_ASNS), country, city, state, latitude, longitude
    )


def first_host(victim: Person, has_same_network: bool, rng: Random) -> Network:
    network = hideout("203.0.113.", rng)
    if has_same_network:
        return replace(victim.home, name="residential proxy", prefix="203.0.113.")
    if rng.random() < 0.15:
        return replace(
            network, name="residential proxy", asn=rng.choice(CONSUMER_ASNS[rng.choice(HOME_COUNTRIES)])
        )
    return network
