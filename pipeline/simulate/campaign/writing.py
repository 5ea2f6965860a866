"""Writes one organisation's logs with its attacks and its ordinary resets, and the ground truth beside them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from pipeline.errors import SettingsError
from pipeline.simulate import audit_twins
from pipeline.simulate.campaign import background, machines
from pipeline.simulate.campaign.attacks import mark_victims, needs_okta, perform_attack, plan_attacks
from pipeline.simulate.campaign.benign import holiday_before, mark_calendar, mark_journeys, plan_benign
from pipeline.simulate.campaign.benign_work import do_work
from pipeline.simulate.campaign.calendar import Period, at_work, make_period
from pipeline.simulate.campaign.ordinary import OrdinaryPlan
from pipeline.simulate.campaign.organisation import Organisation, found
from pipeline.simulate.campaign.truth import CampaignTruth, KnownReset, write_truth
from pipeline.simulate.writer import Packing, write_logs

WEEKLY_FILES = Packing(days=7, level=1)  # read once and thrown away
DEFAULT_GAPS = (timedelta(minutes=20), timedelta(hours=3), timedelta(hours=12))


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What one organisation's logs shall hold. `scenarios` are S1 to S13 or a variant of one, as
    `S10/late`; none for all in turn.

    `slowest_gaps`: each attack draws its pace from these. `busy_automation`: people's own machines use their keys and
    service principals all day. `same_network`: the attackers come through the victim's own provider.
    """

    attack_count: int = 5
    benign_count: int = 50
    scenarios: tuple[str, ...] = ()
    size: int = 40
    baseline_days: int = 30
    days: int = 14
    slowest_gaps: tuple[timedelta, ...] = DEFAULT_GAPS
    left_out_sources: frozenset[str] = frozenset()
    busy_automation: bool = False
    same_network: bool = False


def write_campaign(out: Path, seed: int, plan: CampaignPlan) -> CampaignTruth:
    """Writes the logs into the folder `out` and the truth as `<out>.expected.json`. Raises SettingsError if `out` is not empty."""
    if out.is_dir() and any(out.iterdir()):
        raise SettingsError("the folder is not empty", str(out), "choose a new folder, or empty this one")
    period = make_period(seed, plan.baseline_days, plan.days)
    organisation = found(seed, plan.size, period, plan.attack_count > 0 and needs_okta(plan.scenarios))
    rng = Random(f"{seed}/campaign")
    attacks = plan_attacks(
        organisation, plan.attack_count, plan.scenarios, plan.slowest_gaps, plan.same_network
    )
    mark_victims(organisation, attacks)
    ordinary = plan_benign(organisation, plan.benign_count, [attack.victim.login for attack in attacks], rng)
    mark_calendar(organisation, ordinary, rng)
    holiday_before(organisation, ordinary, rng)
    mark_journeys(organisation, rng)
    background.live(organisation)
    resets = [perform_ordinary(organisation, planned) for planned in ordinary]
    background.write_other_logs(organisation, ordinary)
    resets += [perform_attack(organisation, attack) for attack in attacks]
    machines.run(organisation, plan.busy_automation)
    if organisation.traits.has_office_logs:
        twins = audit_twins.run(organisation.world)
        resets = [reset.with_twins(twins) for reset in resets]
    return keep(organisation, out, seed, plan, resets)


def time_of_work(plan: OrdinaryPlan, period: Period, rng: Random) -> datetime:
    """From minutes after the first sign-in to four days, each scale as likely; what is days later is in working hours."""
    at = plan.at + timedelta(minutes=46 + 3 * 1900 ** rng.random())
    if at - plan.at < timedelta(hours=4):
        return at
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    while period.is_free(day):
        day += timedelta(days=1)
    return max(at_work(plan.person, day, rng), plan.at + timedelta(hours=1))


def perform_ordinary(organisation: Organisation, plan: OrdinaryPlan) -> KnownReset:
    refs = plan.kind.perform(organisation, plan)
    subject = plan.kind.subject(organisation, plan.person)
    if plan.work:
        rng = organisation.world.stream(f"work after reset/{plan.person.login}/{plan.at}")
        do_work(organisation, plan.person, plan.work, time_of_work(plan, organisation.period, rng), rng)
    return KnownReset(
        who=subject.who,
        principal_id=subject.principal_id,
        provider=plan.kind.provider,
        occurred_at=min(ref.occurred_at for ref in refs),
        is_attack=False,
        scenario="S14" if plan.work else None,
        kind=plan.kind.name,
        kinds=plan.kind.kinds,
        performed_by=plan.agent.upn if plan.agent else None,
        by_somebody_else=plan.kind.by_somebody_else,
        place=plan.place,
        work=f"{plan.work.name} ({plan.work.twin_of})" if plan.work else None,
        story=plan.story,
        events=tuple(refs),
    )


def keep(
    organisation: Organisation, out: Path, seed: int, plan: CampaignPlan, resets: Sequence[KnownReset]
) -> CampaignTruth:
    world, period = organisation.world, organisation.period
    book = world.logbook
    book.deliveries = [
        delivery for delivery in book.deliveries if delivery.source not in plan.left_out_sources
    ]
    _, repeat_count = write_logs(out, book, world.estate, seed, period.first_day, WEEKLY_FILES)
    counts = Counter(delivery.source for delivery in book.deliveries)
    if repeat_count:
        counts["aws_cloudtrail"] += repeat_count
    truth = CampaignTruth(
        seed=seed,
        out=out,
        expected=out.with_name(f"{out.name}.expected.json"),
        organisation=world.estate.name,
        traits=asdict(organisation.traits),
        begins_at=period.first_day,
        resets_begin_at=period.resets_begin_at,
        ends_at=period.ends_at,
        left_out_sources=tuple(sorted(plan.left_out_sources)),
        record_counts=dict(sorted(counts.items())),
        resets=tuple(sorted(resets, key=lambda reset: (reset.occurred_at, reset.who))),
    )
    write_truth(truth)
    return truth
