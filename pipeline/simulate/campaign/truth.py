"""The ground truth of a campaign, beside its logs: every reset, benign or an attack, and each attack's steps."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.simulate.logbook import EventRef, Step
from pipeline.simulate.times import seconds_text
from pipeline.simulate.truth import event_json, step_json


@dataclass(frozen=True, slots=True)
class KnownReset:
    """`who` is the name that `postreset resets` shows; `scenario` is S1…S13 for an attack, S14 for a benign twin's resets."""

    who: str
    principal_id: str
    provider: str
    occurred_at: datetime
    is_attack: bool
    scenario: str | None
    kind: str
    kinds: tuple[str, ...]
    performed_by: str | None
    by_somebody_else: bool
    place: str
    work: str | None
    story: str
    events: tuple[EventRef, ...]
    steps: tuple[Step, ...] = ()

    def with_twins(self, twins: Mapping[str, EventRef]) -> "KnownReset":
        """The same, where the unified audit log tells its events a second time: `twins` are those, by the first one's id."""

        def both(refs: Sequence[EventRef]) -> tuple[EventRef, ...]:
            return (*refs, *(twins[ref.event_id] for ref in refs if ref.event_id in twins))

        steps = tuple(replace(step, events=both(step.events)) for step in self.steps)
        return replace(self, events=both(self.events), steps=steps)


@dataclass(frozen=True, slots=True)
class CampaignTruth:
    seed: int
    out: Path
    expected: Path
    organisation: str
    traits: dict[str, bool]
    begins_at: datetime
    resets_begin_at: datetime
    ends_at: datetime
    left_out_sources: tuple[str, ...]
    record_counts: dict[str, int]
    resets: tuple[KnownReset, ...]

    @property
    def attacks(self) -> tuple[KnownReset, ...]:
        return tuple(reset for reset in self.resets if reset.is_attack)

    @property
    def benign(self) -> tuple[KnownReset, ...]:
        return tuple(reset for reset in self.resets if not reset.is_attack)

    def known_by(self, event_ids: Collection[str]) -> KnownReset | None:
        """The reset that one of these events is of. An attack resets other accounts, too: what a step of it tells is the attack."""
        for reset in self.resets:
            if any(ref.event_id in event_ids for ref in reset.events):
                return reset
        for attack in self.attacks:
            if any(ref.event_id in event_ids for step in attack.steps for ref in step.events):
                return attack
        return None


def reset_json(reset: KnownReset) -> dict[str, Any]:
    return {
        **asdict(reset),
        "occurred_at": seconds_text(reset.occurred_at),
        "events": [event_json(ref) for ref in reset.events],
        "steps": [step_json(step) for step in reset.steps],
    }


def write_truth(truth: CampaignTruth) -> Path:
    expected = {
        "seed": truth.seed,
        "organisation": truth.organisation,
        "traits": truth.traits,
        "begins_at": seconds_text(truth.begins_at),
        "resets_begin_at": seconds_text(truth.resets_begin_at),
        "ends_at": seconds_text(truth.ends_at),
        "left_out_sources": list(truth.left_out_sources),
        "record_counts": truth.record_counts,
        "resets": [reset_json(reset) for reset in truth.resets],
    }
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    truth.expected.write_text(text + "\n", encoding="utf-8")
    return truth.expected
