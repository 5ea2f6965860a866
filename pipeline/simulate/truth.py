"""The ground truth of a scenario, as JSON beside the logs: the attack step by step, and the resets that are ordinary.

An event is named by its vendor's id. Key Vault, storage and activity rows have no id of their own: their
`correlationId` stands here (the two rows of one activity-log call share it).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.simulate import attack
from pipeline.simulate.logbook import EventRef, Step
from pipeline.simulate.reset_plan import PlannedReset
from pipeline.simulate.times import seconds_text
from pipeline.simulate.world import World


@dataclass(frozen=True, slots=True)
class OrdinaryReset:
    """A reset outside the plan of Entra and AWS: whose, by whom, and in which events."""

    who: str
    principal_id: str
    provider: str
    performed_by: str | None
    has_cut_off: bool
    story: str
    events: tuple[EventRef, ...]


def event_json(ref: EventRef) -> dict[str, str]:
    return {**asdict(ref), "occurred_at": seconds_text(ref.occurred_at)}


def step_json(step: Step) -> dict[str, Any]:
    events = sorted(step.events, key=lambda ref: ref.occurred_at)
    return {
        "step": step.name,
        "story": step.story,
        "first_at": seconds_text(events[0].occurred_at),
        "last_at": seconds_text(events[-1].occurred_at),
        "thing_id": step.thing_id,
        "seed": step.seed,
        "network": step.origin.network.name,
        "source_ip": step.origin.address,
        "events": [event_json(ref) for ref in events],
    }


def planned_resets(
    world: World, written: Mapping[str, tuple[EventRef, ...]], plans: Sequence[PlannedReset]
) -> list[OrdinaryReset]:
    planned = {reset.login: reset for reset in plans}
    resets = []
    for login, refs in written.items():
        plan, person = planned.get(login), world.estate.people.get(login)
        resets.append(
            OrdinaryReset(
                who=person.upn if person else login,
                principal_id=person.object_id if person else world.estate.users[login].user_id,
                provider="azure" if person else "aws",
                performed_by=f"{plan.help_desk}@example.com" if plan and plan.help_desk else None,
                has_cut_off=plan.has_cut_off if plan else False,
                story=plan.story if plan else "an IAM user's console password",
                events=refs,
            )
        )
    return resets


def reset_json(reset: OrdinaryReset) -> dict[str, Any]:
    return {
        "who": reset.who,
        "principal_id": reset.principal_id,
        "provider": reset.provider,
        "occurred_at": seconds_text(min(ref.occurred_at for ref in reset.events)),
        "performed_by": reset.performed_by,
        "has_cut_off": reset.has_cut_off,
        "story": reset.story,
        "events": [event_json(ref) for ref in reset.events],
    }


def write_expected(
    out: Path, scenario: str, seed: int, world: World, resets: Sequence[OrdinaryReset]
) -> Path:
    steps = sorted(world.logbook.steps, key=lambda step: min(ref.occurred_at for ref in step.events))
    alice = world.estate.people["alice"]
    attacked = {
        "who": alice.upn,
        "principal_id": alice.object_id,
        "occurred_at": seconds_text(attack.RESET_AT),
        "performed_by": "hana@example.com",
    }
    expected = {
        "scenario": scenario,
        "seed": seed,
        "attacked_reset": attacked if steps else None,
        "steps": [step_json(step) for step in steps],
        "ordinary_resets": sorted(map(reset_json, resets), key=lambda row: row["occurred_at"]),
    }
    path = out.with_name(f"{out.name}.expected.json")
    path.write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
