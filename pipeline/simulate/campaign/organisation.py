"""An organisation a seed: its people, networks, accounts, machines, and which logs it keeps.

Two organisations share no id and no name; they do share the providers of homes, phones and machines, as in life.
"""

from dataclasses import dataclass, replace
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.campaign.addresses import AddressPlan, home_of, plan_addresses
from pipeline.simulate.campaign.calendar import Period
from pipeline.simulate.campaign.names import SECRETS, logins, machine_names, organisation_name
from pipeline.simulate.estate import Estate, IamUser, Role, ServicePrincipal, make_estate
from pipeline.simulate.people import Device, Person, android_phone, iphone, mac_laptop, windows_laptop
from pipeline.simulate.world import Calendar, World, world_of

JOBS = {
    "platform": 5, "data": 5, "developer": 8, "analyst": 4, "manager": 3, "help desk": 2, "finance": 4, "sales": 6,
    "people": 3,
}  # fmt: skip
BEGINNING_HOURS = {"US": 14.5, "GB": 8.0}  # elsewhere 7, of the UTC day
REGIONS = {"DE": "eu-central-1", "NL": "eu-west-1", "GB": "eu-west-2", "SE": "eu-north-1", "US": "us-west-2", "PL": "eu-central-1"}  # fmt: skip
ORDINARY_USERS = ("deploy-bot", "reports-export")


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells one organisation from another, besides its names."""

    has_okta: bool
    has_office_logs: bool
    has_graph_logs: bool
    has_risk_logs: bool
    has_shared_egress: bool
    has_busy_desk: bool  # a day on which the desk resets forty
    has_onboarding: bool  # a Monday on which many begin


@dataclass(frozen=True, slots=True)
class Organisation:
    world: World
    period: Period
    traits: Traits
    addresses: AddressPlan
    service_accounts: tuple[Person, ...]  # user accounts that only machines use; not among the people

    @property
    def people(self) -> list[Person]:
        return list(self.world.estate.people.values())

    def with_job(self, *jobs: str) -> list[Person]:
        return [person for person in self.people if person.job in jobs]


def found(seed: int, size: int, period: Period, must_have_okta: bool = False) -> Organisation:
    rng = Random(f"{seed}/founding")
    addresses = plan_addresses(rng, period.resets_begin_at, period.days)
    traits = Traits(
        has_okta=rng.random() < 1 / 3 or must_have_okta,
        has_office_logs=rng.random() < 0.7,
        has_graph_logs=rng.random() < 0.6,
        has_risk_logs=rng.random() < 0.5,
        has_shared_egress=addresses.has_shared_egress,
        has_busy_desk=rng.random() < 0.2,
        has_onboarding=rng.random() < 0.25,
    )
    estate = build_estate(seed, size, addresses, rng)
    services = tuple(
        make_person(
            f"svc-{name}",
            f"{name} service",
            f"svc-{name}@{estate.domain}",
            "service",
            size + number,
            addresses,
            rng,
        )
        for number, name in enumerate(rng.sample(("scanner", "backup", "intranet", "badge-reader", "fax"), 2))
    )
    world = world_of(seed, estate, Calendar(holidays=period.holidays))
    return Organisation(world, period, traits, addresses, services)


def build_estate(seed: int, size: int, addresses: AddressPlan, rng: Random) -> Estate:
    """The estate of any seed, with names, accounts and people of its own in the place of example.com's."""
    name, domain = organisation_name(seed)
    platform, data, foreign = (f"{rng.randrange(10**11, 10**12)}" for _ in range(3))
    region = REGIONS[addresses.country]
    machines = machine_names(rng)
    short = name[-18:]
    people = make_staff(seed, size, domain, addresses, rng)
    has_addresses_as_names = rng.random() < 0.4
    has_identity_store = rng.random() < 0.6
    estate = replace(
        make_estate(seed),
        people=people,
        roles=make_roles(platform, data, region, machines, rng),
        users={key: make_user(platform, machines[key], rng) for key in ORDINARY_USERS},
        principals={
            key: ServicePrincipal(machines[key], *(identifiers.guid(rng) for _ in range(4)))
            for key in ("svc-deploy-automation", "svc-reporting", "svc-blob-pipeline")
        },
        own_users={},
        name=name,
        domain=domain,
        platform_account=platform,
        data_account=data,
        foreign_account=foreign,
        home_region=region,
        resource_group=f"rg-{rng.choice(('data', 'core', 'shared', 'lake'))}-{rng.choice(('prod', 'prd', 'live'))}",
        storage_account=f"{short}lake",
        key_vault=f"kv-{short}",
        secrets=tuple(rng.sample(SECRETS, 6 + rng.randrange(4))),
        places=addresses.places,
        identity_store_id=f"d-{rng.getrandbits(40):010x}" if has_identity_store else None,
        identity_center_ids={login: identifiers.guid(rng) for login in people},
        name_qualifier=identifiers.text_of(identifiers.UPPER_ALPHANUMERIC, 27, rng) + "=",
        saml_provider=f"AWSSSO_{rng.getrandbits(64):016x}_DO_NOT_DELETE",
    )
    add_own_things(estate, has_addresses_as_names, rng)
    return estate


def make_user(account_id: str, name: str, rng: Random, has_key: bool = True) -> IamUser:
    key = identifiers.access_key_id("AKIA", account_id, rng) if has_key else None
    return IamUser(account_id, name, identifiers.principal_id("AIDA", rng), key)


def make_roles(
    platform: str, data: str, region: str, machines: dict[str, str], rng: Random
) -> dict[tuple[str, str], Role]:
    roles = {}
    for account_id in (platform, data):
        for permission_set in ("AdministratorAccess", "DataEngineer", "PowerUserAccess"):
            name = f"AWSReservedSSO_{permission_set}_{rng.getrandbits(64):016x}"
            path = f"/aws-reserved/sso.amazonaws.com/{region}/"
            roles[account_id, permission_set] = Role(
                account_id, name, identifiers.principal_id("AROA", rng), path
            )
        backup = "AWSBackupDefaultServiceRole"
        roles[account_id, backup] = Role(
            account_id, backup, identifiers.principal_id("AROA", rng), "/service-role/"
        )
    for account_id, key in (
        (platform, "ci-build"), (platform, "orders-service"), (data, "nightly-etl"), (data, "data-deploy"),
        (data, "analytics-read"), (data, "break-glass"),
    ):  # fmt: skip
        roles[account_id, key] = Role(
            account_id, machines.get(key, key), identifiers.principal_id("AROA", rng)
        )
    return roles


def add_own_things(estate: Estate, has_addresses_as_names: bool, rng: Random) -> None:
    """Every technical person has an application of their own; a third has an IAM user, half a machine user for jobs."""
    for person in estate.people.values():
        if person.job not in {"platform", "data", "developer"}:
            continue
        handle = person.login.replace(".", "-")
        estate.principals[f"own/{person.login}"] = ServicePrincipal(
            f"{handle}-{rng.choice(('tool', 'sync', 'api', 'jobs'))}",
            *(identifiers.guid(rng) for _ in range(4)),
        )
        if rng.random() < 0.35:
            name = person.upn if has_addresses_as_names else person.login
            estate.own_users[person.login] = make_user(estate.platform_account, name, rng)
        if rng.random() < 0.5:
            estate.users[f"own/{person.login}"] = make_user(
                estate.platform_account, f"{handle}-{rng.choice(('batch', 'runner', 'cron'))}", rng
            )


def make_staff(seed: int, size: int, domain: str, addresses: AddressPlan, rng: Random) -> dict[str, Person]:
    jobs = [job for job, weight in JOBS.items() for _ in range(round(weight * size / sum(JOBS.values())))]
    jobs = (["help desk", "help desk", "platform", *jobs] + ["sales"] * size)[:size]
    number_of_homes = 1 + rng.randrange(9)
    return {
        login: make_person(
            login, f"{first} {last}", f"{login}@{domain}", job, number_of_homes + number, addresses, rng
        )
        for number, ((login, first, last), job) in enumerate(zip(logins(size, rng), jobs, strict=True))
    }


def make_person(
    login: str, display_name: str, upn: str, job: str, number: int, addresses: AddressPlan, rng: Random
) -> Person:
    first = display_name.partition(" ")[0]
    is_mac = rng.random() < (0.6 if job in {"developer", "data"} else 0.15)
    laptop = (mac_laptop if is_mac else windows_laptop)(f"{'MBP' if is_mac else 'LT'}-{number:03d}", rng)
    phone = (iphone if rng.random() < 0.6 else android_phone)(f"{first}'s phone", rng)
    home, home_v6 = home_of(number, addresses.country, rng)
    at_office = {day for day in range(5) if rng.random() < 0.55}
    hour = BEGINNING_HOURS.get(addresses.country, 7.0)
    return Person(
        login=login,
        display_name=display_name,
        upn=upn,
        object_id=identifiers.guid(rng),
        job=job,
        home=home,
        home_v6=home_v6,
        home_host=20 + rng.randrange(200),
        office_host=10 + rng.randrange(6),
        vpn_host=30 + rng.randrange(4) if addresses.has_shared_egress or rng.random() < 0.75 else None,
        mobile_number=rng.randrange(3),
        laptop=of_version(laptop, rng),
        phone=of_version(phone, rng),
        office_weekdays=frozenset(range(5)) if job == "help desk" else frozenset(at_office),
        starts_at_minute=int(hour * 60) + rng.randrange(-25, 90),
        works_minutes=8 * 60 + rng.randrange(75),
    )


def of_version(device: Device, rng: Random) -> Device:
    """Browsers of one month are not all of one version."""
    version = str(141 + rng.randrange(5))
    return replace(
        device,
        browser=device.browser.replace("144", version),
        user_agent=device.user_agent.replace("144", version),
    )
