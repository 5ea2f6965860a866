"""Who has an ordinary reset, when, of which kind, from where, and what they do afterwards; nine of ten do nothing special.

The plan is made before anybody lives, because the calendar follows from it: pauses, journeys, cut-offs, new phones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.campaign.addresses import hotel, new_home
from pipeline.simulate.campaign.benign_entra import ENTRA_KINDS, ONBOARDING
from pipeline.simulate.campaign.benign_iam import IAM_KINDS
from pipeline.simulate.campaign.benign_okta import OKTA_KINDS
from pipeline.simulate.campaign.benign_work import WORKS, Work
from pipeline.simulate.campaign.calendar import at_work
from pipeline.simulate.campaign.names import FIRST_NAMES, SURNAMES
from pipeline.simulate.campaign.ordinary import DESK, Kind, OrdinaryPlan
from pipeline.simulate.campaign.organisation import Organisation, make_person
from pipeline.simulate.people import Person
from pipeline.simulate.times import later
from pipeline.simulate.world import Trip

KINDS: tuple[Kind, ...] = (*ENTRA_KINDS, *OKTA_KINDS, *IAM_KINDS)
PAUSE_BEFORE = 15 * 60
PAUSE_AFTER = 45 * 60
SHARE_WITH_WORK = 0.1
SHARE_ON_FREE_DAYS = 0.04
REST_BETWEEN = timedelta(days=2)
PLACES = (("office", 45), ("home", 25), ("vpn", 8), ("mobile", 6), ("hotel", 9), ("new line", 7))


@dataclass(slots=True)
class Schedule:
    """When accounts have their resets: none has two within days, or they would be one."""

    taken: dict[str, list[datetime]] = field(default_factory=dict)

    def take(self, names: Sequence[str], at: datetime) -> bool:
        if any(abs(at - other) < REST_BETWEEN for name in names for other in self.taken.get(name, ())):
            return False
        for name in names:
            self.taken.setdefault(name, []).append(at)
        return True


def plan_benign(
    organisation: Organisation, count: int, victims: Sequence[str], rng: Random
) -> list[OrdinaryPlan]:
    """`count` resets, or fewer where the organisation has too few people. Nobody among `victims` has one."""
    people = [person for person in organisation.people if person.login not in victims]
    plans = (
        plan_onboarding(organisation, min(20, int(0.4 * count)), rng)
        if organisation.traits.has_onboarding
        else []
    )
    schedule = Schedule()
    desk_day = rng.choice(organisation.period.working_days()) if organisation.traits.has_busy_desk else None
    of_desk_day = min(40, int(0.7 * count)) if desk_day else 0
    for _ in range(100 * count):
        if len(plans) >= count:
            break
        is_desk_day = of_desk_day > 0
        of_desk_day -= 1
        day = desk_day if is_desk_day and desk_day else day_of_reset(organisation, rng)
        person, work = choose_person(organisation, people, rng)
        plan = plan_one(organisation, person, work, day, is_desk_day, rng)
        if plan and schedule.take(
            [plan.person.login, plan.kind.subject(organisation, plan.person).who], plan.at
        ):
            plans.append(plan)
    return sorted(plans, key=lambda plan: (plan.at, plan.person.login))


def day_of_reset(organisation: Organisation, rng: Random) -> datetime:
    period = organisation.period
    return rng.choice(period.reset_days() if rng.random() < SHARE_ON_FREE_DAYS else period.working_days())


def choose_person(
    organisation: Organisation, people: Sequence[Person], rng: Random
) -> tuple[Person, Work | None]:
    """Anybody; or, for one in ten, somebody who has such work to do."""
    if rng.random() < SHARE_WITH_WORK:
        work = rng.choice(WORKS)
        able = [person for person in people if work.suits(organisation, person)]
        if able:
            return rng.choice(able), work
    return rng.choice(people), None


def plan_one(
    organisation: Organisation,
    person: Person,
    work: Work | None,
    day: datetime,
    is_desk_day: bool,
    rng: Random,
) -> OrdinaryPlan | None:
    possible = [
        kind for kind in KINDS if kind.suits(organisation, person) and (not is_desk_day or kind.by == DESK)
    ]
    if not possible:
        return None
    kind = rng.choices(possible, [weight_of(organisation, kind) for kind in possible])[0]
    agents = [agent for agent in organisation.with_job(*kind.by) if agent.login != person.login]
    if kind.by and not agents:
        return None
    agent = (agents[0] if is_desk_day else rng.choice(agents)) if kind.by else None
    at = at_work(agent or person, day, rng)
    return OrdinaryPlan(
        person=person,
        at=at,
        kind=kind,
        agent=agent,
        place=choose_place(person, rng),
        work=work,
        has_cut_off=rng.random() < kind.cut_off_share,
        story=rng.choice(kind.stories),
    )


def weight_of(organisation: Organisation, kind: Kind) -> float:
    """Where Okta is the identity provider, most resets happen there."""
    return kind.weight * (0.35 if organisation.traits.has_okta and kind.provider == "azure" else 1.0)


def choose_place(person: Person, rng: Random) -> str:
    place = rng.choices([place for place, _ in PLACES], [weight for _, weight in PLACES])[0]
    return "home" if place == "vpn" and not person.vpn_host else place


def plan_onboarding(organisation: Organisation, count: int, rng: Random) -> list[OrdinaryPlan]:
    """Newcomers of one Monday: one agent gives each a password and a pass, one after the other."""
    period, estate = organisation.period, organisation.world.estate
    mondays = [day for day in period.working_days() if day.weekday() == 0] or period.working_days()
    agent, at = organisation.with_job("help desk")[0], rng.choice(mondays)
    at = later(at, agent.starts_at_minute * 60 + 1500)
    plans, names = [], unused_names(organisation, count, rng)
    for number in range(count):
        at = later(at, 120 + rng.random() * 500)
        first, last = names.pop()
        login = f"{first}.{last}".lower()
        person = make_person(
            login, f"{first} {last}", f"{login}@{estate.domain}", rng.choice(("sales", "finance", "developer", "analyst")),
            100 + number, organisation.addresses, rng,
        )  # fmt: skip
        estate.people[login] = person
        estate.identity_center_ids[login] = identifiers.guid(rng)
        organisation.world.calendar.absences[login] = ((period.first_day - timedelta(days=1), at),)
        plans.append(OrdinaryPlan(person, at, ONBOARDING, agent, "office", None, False, "first day"))
    return plans


def unused_names(organisation: Organisation, count: int, rng: Random) -> list[tuple[str, str]]:
    taken = {person.display_name for person in organisation.people}
    pairs = [(first, last) for first in FIRST_NAMES for last in SURNAMES if f"{first} {last}" not in taken]
    return rng.sample(pairs, count)


def mark_calendar(organisation: Organisation, plans: Sequence[OrdinaryPlan], rng: Random) -> None:
    """Nobody works between the call to the desk and the first sign-in after it, which the reset itself writes."""
    calendar = organisation.world.calendar
    for plan in plans:
        login = plan.person.login
        pause = (later(plan.at, -PAUSE_BEFORE), later(plan.at, PAUSE_AFTER))
        calendar.absences[login] = (*calendar.absences.get(login, ()), pause)
        if plan.kind.provider == "azure" and (plan.has_cut_off or plan.kind is ONBOARDING):
            calendar.cut_offs[login] = (*calendar.cut_offs.get(login, ()), plan.at)
        if plan.kind.has_new_phone:
            old = plan.person.phone
            phone = replace(old, device_id=identifiers.guid(rng), name=f"{old.name} (new)")
            since = later(plan.at, PAUSE_AFTER)
            calendar.devices[login, "phone"] = (*calendar.devices.get((login, "phone"), ()), (since, phone))
        if plan.place in {"hotel", "new line"}:
            set_out(organisation, plan, rng)


def set_out(organisation: Organisation, plan: OrdinaryPlan, rng: Random) -> None:
    """They left the evening before: half are seen there that evening, of the others the reset is the first thing from there."""
    calendar, person = organisation.world.calendar, plan.person
    left_at = evening(person, plan.at - timedelta(days=1))
    back_at = evening(person, plan.at + timedelta(days=1 + rng.randrange(4 if plan.place == "hotel" else 14)))
    network = hotel(rng) if plan.place == "hotel" else new_home(person.home, rng)
    trip = Trip(network, rng.randrange(20, 240), left_at, back_at)
    calendar.trips[person.login] = (trip, *calendar.trips.get(person.login, ()))
    if rng.random() < 0.5:
        away = (left_at, later(plan.at, -PAUSE_BEFORE))
        calendar.absences[person.login] = (*calendar.absences.get(person.login, ()), away)


def evening(person: Person, day: datetime) -> datetime:
    """After work: nobody leaves their desk in one country and sits at another within the hour."""
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(minutes=person.starts_at_minute + person.works_minutes + 45)


def holiday_before(organisation: Organisation, plans: Sequence[OrdinaryPlan], rng: Random) -> None:
    """Who comes back from leave was away: a fifth of the people a week or two before their reset."""
    calendar = organisation.world.calendar
    for plan in plans:
        if rng.random() < 0.2 or "leave" in plan.story:
            begins_at = plan.at - timedelta(days=7 + rng.randrange(14))
            login = plan.person.login
            away = (begins_at, later(plan.at, -PAUSE_BEFORE))
            calendar.absences[login] = (*calendar.absences.get(login, ()), away)


def mark_journeys(organisation: Organisation, rng: Random) -> None:
    """People travel and change their lines without any reset, too: a third of them within these weeks."""
    calendar, period = organisation.world.calendar, organisation.period
    for person in organisation.people:
        for chance, days in ((0.3, 5), (0.25, 1)):
            if rng.random() >= chance:
                continue
            day = period.first_day + timedelta(days=rng.randrange(period.day_count))
            network = hotel(rng) if rng.random() < 0.6 else new_home(person.home, rng)
            ends_at = evening(person, day + timedelta(days=1 + rng.randrange(days)))
            trip = Trip(network, rng.randrange(20, 240), evening(person, day), ends_at)
            calendar.trips[person.login] = (*calendar.trips.get(person.login, ()), trip)
