"""Every raid in a plain world: three times example.com, half a week of people and machines, and each attack on somebody else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest

from pipeline.connection import connect
from pipeline.hunt import list_resets
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.simulate import automation, graph_day, identifiers, office_day, okta_sessions, workdays
from pipeline.simulate.campaign.addresses import attacker_origins
from pipeline.simulate.campaign.raids import RAIDS
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.estate import IamUser
from pipeline.simulate.logbook import EventRef, Step
from pipeline.simulate.okta_log import Client
from pipeline.simulate.people import Person
from pipeline.simulate.shifts import Shift
from pipeline.simulate.times import FORTNIGHT_START, later, moment
from pipeline.simulate.world import Calendar, World, make_world
from pipeline.simulate.writer import write_logs

FIRST_RESET_AT = moment("2026-02-25 07:14:05")
DAYS = 2
SEEDS = (11, 12, 13)
# The holders and the ends of paths, as the models name them.
THING = re.compile(
    r"entra-user:[0-9a-f-]{36}|entra-session:[0-9a-f-]{36}|okta-user:00u\w{17}|okta-session:idx\w+|okta-token:00T\w+"
    r"|aws-key:(AKIA|ASIA)[A-Z2-7]{16}|aws-session:\S+/2026-\S+Z|aws-principal:AIDA\w+|aws-account:\d{12}"
    r"|sp-credential:[0-9a-f-]{36}|storage-(keys|sas):\w+|storage-key:\w+/key1\(\w{64}\)\S*@[\d.]+|device:[0-9a-f-]{36}"
    r"|grant:\S+.*|trust:\S+|principal:\S+|mail-path:\S+"
)


@dataclass(frozen=True)
class Performed:
    stage: Stage
    steps: Sequence[Step]


@dataclass(frozen=True)
class Raided:
    """One world in which every raid happened, and its lake. `quarantined` counts what the lake did not take."""

    raids: dict[str, Performed]
    lake: Lake
    quarantined: int


def raid_everything(world: World, calendar: Calendar, seed: int) -> dict[str, Performed]:
    rng, done = Random(seed), {}
    own = world.estate.own_users
    key = identifiers.access_key_id("AKIA", world.estate.platform_account, rng)
    own["kai"] = IamUser(
        world.estate.platform_account, "kai.tanaka", identifiers.principal_id("AIDA", rng), key
    )
    left = {person.login: person for person in world.estate.people.values() if person.job != "help desk"}
    plans: list[tuple[str, Person, datetime]] = []
    for name in sorted(
        RAIDS, key=lambda name: ("iam_user" not in RAIDS[name].needs, not RAIDS[name].needs, name)
    ):
        needs = RAIDS[name].needs
        jobs = needs - {"okta", "iam_user", "identity_center"}
        able = [
            person
            for person in left.values()
            if (not jobs or person.job in jobs) and ("iam_user" not in needs or person.login in own)
        ]
        victim = left.pop(rng.choice(able).login)
        at = FIRST_RESET_AT + timedelta(minutes=31 * len(plans))
        calendar.absences[victim.login] = ((at - timedelta(minutes=10), at + timedelta(days=400)),)
        plans.append((name, victim, at))
    workdays.live(world, FORTNIGHT_START, DAYS)
    automation.run(world, FORTNIGHT_START, DAYS)
    keep_other_logs(world)
    for name, victim, at in plans:
        stage = Stage(
            world, victim, world.estate.people["hana"], at, attacker_origins(victim, False, rng),
            world.stream(f"raid/{name}"), timedelta(hours=3),
        )  # fmt: skip
        told = len(world.logbook.steps)
        RAIDS[name].perform(stage)
        done[name] = Performed(stage, tuple(world.logbook.steps[told:]))
    return done


def keep_other_logs(world: World) -> None:
    """Graph, Microsoft 365 and Okta are kept: a raid writes there only what the organisation logs."""
    first = next(row for row in world.logbook.deliveries if row.source == "entra_signin")
    properties = first.record["properties"]
    person = next(p for p in world.estate.people.values() if p.object_id == properties["userId"])
    at = later(first.occurred_at, 60)
    shift = Shift(person, person.home, properties["ipAddress"], at, at, ((at, properties),))
    graph_day.call_with_sign_ins(world)
    world.office.mailbox(
        shift, at, "MailItemsAccessed", "Client=OWA;Action=ViaProxy", office_day.opened(Random(1))
    )
    okta = okta_sessions.OktaDay(world, world.okta, {}, Random(2))
    client = Client(person.home, person.home.address(9), person.laptop.user_agent, person.laptop)
    okta_sessions.sign_in(okta, person.login, client, at, okta_sessions.PUSH)


@pytest.fixture(scope="module", params=SEEDS)
def raided(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Raided:
    folder, calendar = tmp_path_factory.mktemp("raided"), Calendar()
    world = make_world(request.param, calendar)
    raids = raid_everything(world, calendar, request.param)
    write_logs(folder / "logs", world.logbook, world.estate, request.param, FORTNIGHT_START)
    summary = ingest(folder / "lake", [folder / "logs"], datetime(2026, 4, 1))
    quarantined = sum(count.quarantined for count in summary.counts.values())
    return Raided(raids, Lake.open(folder / "lake"), quarantined)


def ids_in(lake: Lake) -> set[tuple[str, str]]:
    """Azure rows are named by their correlation id."""
    con = connect()
    lake.create_events_view(con)
    rows = con.execute(
        """select source, event_id, case when starts_with(source, 'azure_') then raw ->> '$.correlationId' end from events"""
    ).fetchall()
    con.close()
    return {(source, name) for source, *names in rows for name in names if name}


def first_at(step: Step) -> datetime:
    return min(ref.occurred_at for ref in step.events)


def key_of(ref: EventRef) -> tuple[str, str]:
    return ref.source, ref.event_id


def test_every_event_of_every_step_is_taken_in(raided: Raided):
    assert raided.quarantined == 0
    taken = ids_in(raided.lake)
    for name, done in raided.raids.items():
        lost = [step.name for step in done.steps for ref in step.events if key_of(ref) not in taken]
        assert not lost, name


def test_the_reset_of_every_raid_is_found(raided: Raided):
    resets = list_resets(raided.lake)
    for name, done in raided.raids.items():
        subject = RAIDS[name].subject(done.stage)
        found = [
            reset
            for reset in resets
            if abs(
                datetime.fromisoformat(str(reset["occurred_at"])).replace(tzinfo=None)
                - done.stage.reset_at.replace(tzinfo=None)
            )
            < timedelta(minutes=5)
            and {subject.who.lower(), subject.principal_id.lower()}
            & {part.lower() for part in (reset["person"], *reset["principal_ids"])}
        ]
        assert len(found) == 1, (name, subject)


def test_steps_name_things_times_and_sources(raided: Raided):
    for name, done in raided.raids.items():
        assert len(done.steps) >= 4, name
        assert all(step.events for step in done.steps), name
        assert [step.thing_id for step in done.steps if not THING.fullmatch(step.thing_id)] == [], name
        assert {step.seed for step in done.steps} <= {"fresh", "residual"}
        assert first_at(done.steps[0]).replace(microsecond=0) == done.stage.reset_at, name
        assert first_at(done.steps[0]) == min(first_at(step) for step in done.steps), name
        assert {ref.source for step in done.steps for ref in step.events} <= RAIDS[name].sources, name


def test_seeds_vary_orders_and_gaps():
    """Without a lake: the steps alone."""
    stories: dict[str, list[Performed]] = {name: [] for name in RAIDS}
    for seed in range(20, 26):
        calendar = Calendar()
        for name, done in raid_everything(make_world(seed, calendar), calendar, seed).items():
            stories[name].append(done)
    for name, performed in stories.items():
        assert len({tuple(step.name for step in done.steps) for done in performed}) > 2, name
        gaps = {tuple(first_at(step) - done.stage.reset_at for step in done.steps) for done in performed}
        assert len(gaps) == len(performed), name


def test_the_same_seed_is_the_same_attack():
    once, again = (
        raid_everything(make_world(11, calendar), calendar, 11) for calendar in (Calendar(), Calendar())
    )
    assert {name: done.steps for name, done in once.items()} == {
        name: done.steps for name, done in again.items()
    }
