"""One trial: an organisation's logs are written, taken in and hunted, and each hunt is laid beside the truth."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.connection import connect
from pipeline.hunt import Request, hunt_resets
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.report.result import Hunt
from pipeline.simulate.campaign.truth import CampaignTruth, KnownReset
from pipeline.simulate.campaign.writing import CampaignPlan, write_campaign
from pipeline.simulate.logbook import EventRef

NOISE_LINE = 0.25  # timeline rows with fewer points are context
SAME_RESET = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of an attack: how many of its events are in the lake, and how many of these on the timeline."""

    name: str
    thing_id: str
    event_count: int
    told_count: int


@dataclass(frozen=True, slots=True)
class HuntRow:
    """One reset: what the truth says, and what the hunt did. `score` None: the reset was not found."""

    seed: int
    who: str
    occurred_at: datetime
    is_attack: bool
    scenario: str | None
    kind: str
    story: str
    score: int | None
    log_odds: float
    steps: tuple[StepRow, ...] = ()
    scored_rows: int = 0
    right_rows: int = 0
    detections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    seed: int
    plan: CampaignPlan
    rows: tuple[HuntRow, ...]
    unknown: tuple[HuntRow, ...] = field(default=())
    """Resets that were found and that the truth does not know."""


def run_trial(seed: int, plan: CampaignPlan, folder: Path | None = None) -> Trial:
    """Everything in a folder of its own that goes away again, unless one is given."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="postreset-trial-") as name:
            return run_trial(seed, plan, Path(name))
    truth = write_campaign(folder / "logs", seed, plan)
    ingest(folder / "lake", [folder / "logs"], truth.ends_at.replace(tzinfo=None))
    return hunt_trial(Lake.open(folder / "lake"), truth, plan)


def hunt_trial(lake: Lake, truth: CampaignTruth, plan: CampaignPlan) -> Trial:
    request = Request(
        since=truth.resets_begin_at.replace(tzinfo=None), until=truth.ends_at.replace(tzinfo=None)
    )
    ids = _event_ids(lake, truth)
    nearest: dict[int, tuple[timedelta, HuntRow]] = {}  # an attacker's own resets on the way are the attack's
    unknown = []
    for hunt in hunt_resets(lake, request):
        known = truth.known_by(hunt.reset.event_ids)
        row = _row(hunt, truth.seed, known, ids)
        if known is None:
            unknown.append(row)
            continue
        distance = abs(known.occurred_at.replace(tzinfo=None) - hunt.reset.occurred_at)
        if id(known) not in nearest or distance < nearest[id(known)][0]:
            nearest[id(known)] = (distance, row)
    rows = [row for distance, row in nearest.values() if distance <= SAME_RESET]
    rows += [
        HuntRow(truth.seed, reset.who, reset.occurred_at, reset.is_attack, reset.scenario, reset.kind, reset.story, None, -99.0)
        for reset in truth.resets
        if (id(reset) not in nearest or nearest[id(reset)][0] > SAME_RESET) and _in_lake(reset, ids)
    ]  # fmt: skip
    return Trial(truth.seed, plan, tuple(rows), tuple(unknown))


def _row(hunt: Hunt, seed: int, known: KnownReset | None, ids: dict[tuple[str, str], set[str]]) -> HuntRow:
    timeline = hunt.timeline.select(["event_id", "points"]).to_pylist()
    told = {row["event_id"] for row in timeline}
    true_ids = {event_id for step in known.steps for event_id in _of(step.events, ids)} if known else set()
    if known:
        true_ids |= set(_of(known.events, ids))
    scored = [row for row in timeline if row["points"] >= NOISE_LINE]
    return HuntRow(
        seed=seed,
        who=hunt.reset.person,
        occurred_at=hunt.reset.occurred_at,
        is_attack=bool(known and known.is_attack),
        scenario=known.scenario if known else None,
        kind=known.kind if known else "unknown",
        story=known.story if known else "",
        score=hunt.score,
        log_odds=hunt.log_odds,
        steps=tuple(
            StepRow(step.name, step.thing_id, len(found), sum(event_id in told for event_id in found))
            for step in (known.steps if known else ())
            if (found := set(_of(step.events, ids)))
        ),
        scored_rows=len(scored),
        right_rows=sum(row["event_id"] in true_ids for row in scored),
        detections=tuple(
            f"{part.detection or part.part_id} {part.points:+.2f}"
            for part in sorted(hunt.score_parts, key=lambda part: -part.points)[:8]
        ),
    )


def _event_ids(lake: Lake, truth: CampaignTruth) -> dict[tuple[str, str], set[str]]:
    """(source, id in the truth) → event ids in the lake. Azure rows are named by their correlation id there, and one id may
    name several rows; Key Vault rows also by their time, for many of them share one."""
    con = connect()
    lake.create_events_view(con)
    found: dict[tuple[str, str], set[str]] = {}
    for source, event_id, correlation_id, at in con.execute(
        """select source, event_id, case when starts_with(source, 'azure_') then raw ->> '$.correlationId' end, occurred_at
        from events"""
    ).fetchall():
        found.setdefault((source, event_id), set()).add(event_id)
        if correlation_id:
            found.setdefault((source, correlation_id), set()).add(event_id)
            found.setdefault((source, f"{correlation_id}@{at:%Y-%m-%dT%H:%M:%S}"), set()).add(event_id)
    con.close()
    return found


def _of(events: Iterable[EventRef], ids: dict[tuple[str, str], set[str]]) -> list[str]:
    named: list[str] = []
    for ref in events:
        timed = ids.get((ref.source, f"{ref.event_id}@{ref.occurred_at:%Y-%m-%dT%H:%M:%S}"))
        named += timed or ids.get((ref.source, ref.event_id), set())
    return named


def _in_lake(reset: KnownReset, ids: dict[tuple[str, str], set[str]]) -> bool:
    """Whether any event of the reset itself was taken in: one whose source is left out cannot be found."""
    return bool(_of(reset.events, ids))
