"""People's own machines: an application and a batch user that each made for their jobs, working from a host of their own.

Written last, because by then it is known which key each uses when.
"""

from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import aws_calls
from pipeline.simulate.azure_resources import principal_caller
from pipeline.simulate.campaign.acting import at_place
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.cloudtrail import SDK_AGENT, user_caller
from pipeline.simulate.estate import VAULT_SERVICE
from pipeline.simulate.people import Person
from pipeline.simulate.times import jitter, later

LIBRARY = "azsdk-python-identity/1.23.0 Python/3.12.11 (Linux)"
RUNS_A_DAY = 1
BUSY_RUNS_A_DAY = 14


def owners(organisation: Organisation) -> list[Person]:
    estate = organisation.world.estate
    return [person for person in organisation.people if f"own/{person.login}" in estate.principals]


def make_them(organisation: Organisation) -> None:
    """In the first days each owner adds the secret and the key that the jobs use from then on."""
    world, period = organisation.world, organisation.period
    for person in owners(organisation):
        rng = world.stream(f"own machines/{person.login}")
        day = period.first_day + timedelta(days=rng.randrange(3))
        at = jitter(day + timedelta(minutes=person.starts_at_minute + 60), 4 * 3600, rng)
        acting, principal = (
            at_place(organisation, person, at, rng),
            world.estate.principals[f"own/{person.login}"],
        )
        world.audit.add_secret(acting.actor(at), principal, at, principal.credential_key_id, "first")
        user = world.estate.users.get(f"own/{person.login}")
        if user:
            caller = acting.command_line(later(at, 600), world.estate.platform_account)
            key_id, _ = aws_calls.create_access_key(world.trail, caller, later(at, 700), user)
            world.rotations[f"user/{user.name}"] = [(later(at, 900), key_id)]


def run(organisation: Organisation, is_busy: bool) -> None:
    period = organisation.period
    for person in owners(organisation):
        rng = organisation.world.stream(f"runs of own machines/{person.login}")
        host = 100 + rng.randrange(100)
        for number in range(3, period.day_count):
            day = period.first_day + timedelta(days=number)
            runs = BUSY_RUNS_A_DAY if is_busy and day >= period.resets_begin_at else RUNS_A_DAY + 2 * is_busy
            for run_number in range(runs):
                at = jitter(day + timedelta(hours=24 * run_number / runs), 3600, rng)
                run_once(organisation, person, at, host, is_busy, rng)


def run_once(
    organisation: Organisation, person: Person, at: datetime, host: int, is_busy: bool, rng: Random
) -> None:
    world = organisation.world
    estate, places = world.estate, world.estate.places
    principal, user = estate.principals[f"own/{person.login}"], estate.users.get(f"own/{person.login}")
    signed_in = world.signins.service_principal(
        principal,
        at,
        places.azure,
        places.azure.address(host),
        VAULT_SERVICE,
        world.credential(principal, at),
        LIBRARY,
    )
    if rng.random() < 0.3:
        caller = principal_caller(principal, places.azure.address(host), signed_in.token_id)
        secret = estate.secrets[host % len(estate.secrets)]
        world.resources.secret(
            caller, later(at, 5), "SecretGet", secret, "azsdk-python-keyvault-secrets/4.10.0"
        )
    keys = (
        [key_id for since, key_id in world.rotations.get(f"user/{user.name}", ()) if since <= at]
        if user
        else []
    )
    machine = places.aws.address(host)
    if user and keys:
        caller = user_caller(user, machine, SDK_AGENT, keys[-1])
        world.trail.call(caller, later(at, 40), "sts", "GetCallerIdentity")
        key = f"batch/{at:%Y/%m/%d/%H}.json"
        size = 20_000 + rng.randrange(900_000)
        aws_calls.object_call(world.trail, caller, later(at, 44), estate.bucket("data-lake"), key, size)
    own_user = estate.own_users.get(person.login)
    if is_busy and own_user:
        own_key = world.rotations.get(f"user/{own_user.name}", [])
        taken = [key_id for since, key_id in own_key if since <= at]
        caller = user_caller(own_user, machine, SDK_AGENT, taken[-1] if taken else None)
        world.trail.call(caller, later(at, 90), "cloudwatch", "ListMetrics", {"namespace": "batch"})
