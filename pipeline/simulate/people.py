"""The thirty people of example.com: what they do, where they live, which devices they carry."""

from dataclasses import dataclass
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.networks import Network, home_network, home_network_v6

# (login, surname, job). Jobs decide who works in AWS and Azure, see `estate.PERMISSION_SETS` and `azure_work`.
STAFF = (
    ("alice", "Nowak", "platform"),
    ("bob", "Lindqvist", "data"),
    ("carol", "Mensah", "platform"),
    ("dmitri", "Petrov", "developer"),
    ("erik", "Holm", "analyst"),
    ("fatima", "Haddad", "developer"),
    ("georg", "Keller", "manager"),
    ("hana", "Sato", "help desk"),
    ("hugo", "Brandt", "help desk"),
    ("ines", "Costa", "data"),
    ("jonas", "Weber", "developer"),
    ("kai", "Lorenz", "platform"),
    ("lena", "Fischer", "finance"),
    ("marco", "Ricci", "sales"),
    ("nina", "Dahl", "developer"),
    ("oscar", "Silva", "data"),
    ("petra", "Novakova", "sales"),
    ("quentin", "Moreau", "finance"),
    ("rosa", "Vega", "platform"),
    ("sven", "Berg", "sales"),
    ("tara", "Quinn", "analyst"),
    ("ulla", "Hansen", "people"),
    ("viktor", "Szabo", "developer"),
    ("wanda", "Kowalska", "analyst"),
    ("xenia", "Papas", "manager"),
    ("yusuf", "Demir", "developer"),
    ("zoe", "Martin", "sales"),
    ("anton", "Graf", "finance"),
    ("birte", "Jensen", "people"),
    ("chidi", "Okafor", "data"),
)
WITH_IPV6_AT_HOME = {"fatima", "jonas", "tara"}
WITHOUT_VPN = {"marco", "petra", "sven", "zoe", "ulla", "birte"}


@dataclass(frozen=True, slots=True)
class Device:
    device_id: str
    name: str
    operating_system: str
    browser: str
    user_agent: str
    trust_type: str
    is_managed: bool


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    display_name: str
    upn: str
    object_id: str
    job: str
    home: Network
    home_v6: Network | None
    home_host: int
    office_host: int
    vpn_host: int | None
    mobile_number: int
    laptop: Device
    phone: Device
    office_weekdays: frozenset[int]
    starts_at_minute: int  # of the UTC day
    works_minutes: int


def windows_laptop(name: str, rng: Random) -> Device:
    agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/144.0.0.0 Safari/537.36 Edg/144.0.0.0"
    )
    return Device(identifiers.guid(rng), name, "Windows10", "Edge 144.0.0", agent, "Azure AD joined", True)


def mac_laptop(name: str, rng: Random) -> Device:
    agent = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/144.0.0.0 Safari/537.36"
    )
    return Device(identifiers.guid(rng), name, "MacOs", "Chrome 144.0.0", agent, "Azure AD registered", True)


def iphone(name: str, rng: Random) -> Device:
    agent = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Mobile/15E148 PKeyAuth/1.0"
    )
    return Device(
        identifiers.guid(rng), name, "Ios 18.6", "Mobile Safari", agent, "Azure AD registered", True
    )


def android_phone(name: str, rng: Random) -> Device:
    agent = (
        "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/144.0.0.0 Mobile Safari/537.36 PKeyAuth/1.0"
    )
    return Device(
        identifiers.guid(rng), name, "Android 15", "Chrome Mobile 144.0.0", agent, "Azure AD registered", True
    )


def make_people(rng: Random) -> dict[str, Person]:
    people = {}
    for number, (login, surname, job) in enumerate(STAFF, start=1):
        first = login.capitalize()
        is_mac = job in {"developer", "data"}
        laptop = (mac_laptop if is_mac else windows_laptop)(f"{'MBP' if is_mac else 'LT'}-{number:03d}", rng)
        phone = (iphone if rng.random() < 0.6 else android_phone)(f"{first}'s phone", rng)
        at_office = {day for day in range(5) if rng.random() < 0.65} | {0, 2}
        people[login] = Person(
            login=login,
            display_name=f"{first} {surname}",
            upn=f"{login}@example.com",
            object_id=identifiers.guid(rng),
            job=job,
            home=home_network(number),
            home_v6=home_network_v6(number) if login in WITH_IPV6_AT_HOME else None,
            home_host=20 + int(rng.random() * 200),
            office_host=10 + int(rng.random() * 6),
            vpn_host=None if login in WITHOUT_VPN else 30 + int(rng.random() * 4),
            mobile_number=int(rng.random() * 3),
            laptop=laptop,
            phone=phone,
            office_weekdays=frozenset(range(5)) if job == "help desk" else frozenset(at_office),
            starts_at_minute=6 * 60 + 40 + int(rng.random() * 95),
            works_minutes=8 * 60 + int(rng.random() * 75),
        )
    return people
