"""Collects records as they are made, and gives each an arrival time later than its event time.

A stream is one place of delivery: a CloudTrail account and region, or a diagnostic category of one resource. Files are
cut and ordered by arrival, so their rows are not sorted by event time, as in life.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pipeline.simulate.networks import Origin

Record = dict[str, Any]

# Source → (shortest, longest) delay in seconds between event and arrival.
ARRIVAL_DELAY = {
    "aws_cloudtrail": (60, 600),
    "entra_signin": (60, 240),
    "entra_signin_noninteractive": (60, 300),
    "entra_signin_service_principal": (50, 200),
    "entra_audit": (40, 180),
    "azure_activity": (180, 900),
    "azure_storage": (60, 420),
    "azure_key_vault": (60, 540),
    "entra_signin_managed_identity": (50, 200),
    "entra_risk": (90, 300),
    "graph_activity": (240, 1500),
    "m365_audit": (1200, 5400),
    "okta_system": (2, 20),
}


@dataclass(frozen=True, slots=True)
class EventRef:
    """One record, named by the id its vendor gave it (`id_field` says where that id stands in the record)."""

    source: str
    event_id: str
    id_field: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    source: str
    stream: str
    occurred_at: datetime
    arrived_at: datetime
    record: Record


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the attack: what happened, in which events, and the thing that it brought into the attacker's hands."""

    name: str
    story: str
    thing_id: str
    seed: str  # fresh or residual
    origin: Origin
    events: tuple[EventRef, ...]


@dataclass(slots=True)
class Logbook:
    rng: Random
    deliveries: list[Delivery] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def arrival_after(self, source: str, occurred_at: datetime) -> datetime:
        shortest, longest = ARRIVAL_DELAY[source]
        return occurred_at + timedelta(seconds=shortest + self.rng.random() * (longest - shortest))

    def keep(
        self,
        source: str,
        stream: str,
        occurred_at: datetime,
        arrived_at: datetime,
        event_id: str,
        record: Record,
    ) -> EventRef:
        id_field = {
            "aws_cloudtrail": "eventID",
            "azure_activity": "correlationId",
            "azure_storage": "correlationId",
            "azure_key_vault": "correlationId",
            "graph_activity": "properties.requestId",
            "m365_audit": "Id",
            "okta_system": "uuid",
        }.get(source, "properties.id")
        self.deliveries.append(Delivery(source, stream, occurred_at, arrived_at, record))
        return EventRef(source, event_id, id_field, occurred_at)

    def step(
        self,
        name: str,
        thing_id: str,
        origin: Origin,
        events: Sequence[EventRef],
        story: str,
        seed: str = "fresh",
    ) -> None:
        self.steps.append(Step(name, story, thing_id, seed, origin, tuple(events)))
