"""Which attack befalls whom and when, and what it is given to play with. The attacks themselves are written in `raids`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate.campaign.addresses import attacker_origins
from pipeline.simulate.campaign.calendar import at_work
from pipeline.simulate.campaign.ordinary import DESK
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.campaign.raids import RAIDS
from pipeline.simulate.campaign.stage import Stage
from pipeline.simulate.campaign.truth import KnownReset
from pipeline.simulate.people import Person
from pipeline.simulate.times import later

LEAVES_BEFORE = 600
BY_HELP_DESK = {"help_desk_reset", "writeback_reset"}


@dataclass(frozen=True, slots=True)
class PlannedAttack:
    """`name` is the scenario, with its variant after a slash."""

    name: str
    victim: Person
    at: datetime
    stage: Stage


def plan_attacks(
    organisation: Organisation, count: int, scenarios: Sequence[str], slowest_gaps: Sequence[timedelta],
    has_same_network: bool,
) -> list[PlannedAttack]:  # fmt: skip
    rng = Random(f"{organisation.world.seed}/attacks")
    attacks: list[PlannedAttack] = []
    for number in range(count):
        taken = {attack.victim.login for attack in attacks}
        possible = [
            (name, victims)
            for name in in_turn(names_of(scenarios), organisation, number)
            if (victims := victims_of(organisation, RAIDS[name].needs, taken))
        ]
        if not possible:
            break
        name, victims = possible[0]
        victim = rng.choice(victims)
        desk = rng.choice([agent for agent in organisation.with_job(*DESK) if agent.login != victim.login])
        at = at_work(desk, rng.choice(organisation.period.working_days()), rng)
        stage = Stage(
            organisation.world, victim, desk, at, attacker_origins(victim, has_same_network, organisation.world.stream(f"origins/{victim.login}")),
            organisation.world.stream(f"raid/{name}/{victim.login}"), rng.choice(list(slowest_gaps)),
        )  # fmt: skip
        attacks.append(PlannedAttack(name, victim, at, stage))
    return attacks


def names_of(scenarios: Sequence[str]) -> list[str]:
    """`S10` stands for all its variants, `S10/late` for one; nothing for everything."""
    names = [name for name, raid in RAIDS.items() if not scenarios or {name, raid.scenario} & set(scenarios)]
    return sorted(names, key=lambda name: (len(name.partition("/")[0]), name))


def in_turn(names: Sequence[str], organisation: Organisation, number: int) -> list[str]:
    """All of them, each organisation beginning elsewhere. Okta's come first, for two attacks, as few organisations have it."""
    of_okta = [name for name in names if "okta" in RAIDS[name].needs]
    others = [name for name in names if name not in of_okta]
    start = organisation.world.seed + number
    turned = [
        [group[(start + step) % len(group)] for step in range(len(group))] for group in (of_okta, others)
    ]
    return [*turned[0], *turned[1]] if number < 2 else [*turned[1], *turned[0]]


def needs_okta(scenarios: Sequence[str]) -> bool:
    """Whether any of these can only happen where Okta is."""
    return bool(scenarios) and any("okta" in RAIDS[name].needs for name in names_of(scenarios))


def victims_of(organisation: Organisation, needs: Collection[str], taken: Collection[str]) -> list[Person]:
    """Nobody of the desk, nobody twice; none at all where the organisation has not what the attack needs."""
    estate = organisation.world.estate
    if ("okta" in needs and not organisation.traits.has_okta) or (
        "identity_center" in needs and not estate.identity_store_id
    ):
        return []
    jobs = set(needs) - {"okta", "iam_user", "identity_center"}
    return [
        person
        for person in organisation.people
        if person.job not in DESK
        and person.login not in taken
        and (not jobs or person.job in jobs)
        and ("iam_user" not in needs or person.login in estate.own_users)
    ]


def mark_victims(organisation: Organisation, attacks: Sequence[PlannedAttack]) -> None:
    """The victim is away: whatever their accounts do from then on, the attack itself writes."""
    for attack in attacks:
        pause = (later(attack.at, -LEAVES_BEFORE), organisation.period.ends_at + timedelta(days=400))
        calendar = organisation.world.calendar
        calendar.absences[attack.victim.login] = (*calendar.absences.get(attack.victim.login, ()), pause)


def perform_attack(organisation: Organisation, attack: PlannedAttack) -> KnownReset:
    """Writes it. The step that begins at the planned moment is the reset: some attacks begin before theirs."""
    raid, book = RAIDS[attack.name], organisation.world.logbook
    told = len(book.steps)
    raid.perform(attack.stage)
    steps = tuple(book.steps[told:])
    moments = {step: min(ref.occurred_at for ref in step.events) for step in steps}
    reset = min(steps, key=lambda step: abs(moments[step] - attack.at))
    subject = raid.subject(attack.stage)
    return KnownReset(
        who=subject.who,
        principal_id=subject.principal_id,
        provider=subject.provider,
        occurred_at=moments[reset],
        is_attack=True,
        scenario=raid.scenario,
        kind=attack.name,
        kinds=(),
        performed_by=attack.stage.help_desk.upn if reset.name in BY_HELP_DESK else None,
        by_somebody_else=True,
        place=attack.stage.origins[0].network.name,
        work=None,
        story=raid.title,
        events=reset.events,
        steps=steps,
    )
