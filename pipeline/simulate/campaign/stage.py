"""What an attack is given to play with: its victim, its hosts, its pace, and a notebook for what it really did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pipeline.simulate.logbook import EventRef
from pipeline.simulate.networks import Origin
from pipeline.simulate.people import Person
from pipeline.simulate.world import World


@dataclass(frozen=True, slots=True)
class Stage:
    """One attack in one organisation. `origins`: the attacker's hosts, the first is where the sessions begin."""

    world: World
    victim: Person
    help_desk: Person
    reset_at: datetime
    origins: tuple[Origin, ...]
    rng: Random
    slowest_gap: timedelta  # steps follow each other by minutes, hours or days; never by more than this

    def after(self, at: datetime, shortest_seconds: float = 40, longest: timedelta | None = None) -> datetime:
        """The moment of the next step: the log of the gap is even, as minutes are as likely as hours."""
        most = max((longest or self.slowest_gap).total_seconds(), shortest_seconds * 1.01)
        seconds = shortest_seconds * (most / shortest_seconds) ** self.rng.random()
        return at + timedelta(microseconds=int(seconds * 1_000_000))

    def origin(self) -> Origin:
        return self.origins[int(self.rng.random() * len(self.origins))]

    def tell(
        self,
        name: str,
        thing_id: str,
        origin: Origin,
        events: Sequence[EventRef],
        story: str,
        seed: str = "fresh",
    ) -> None:
        """Writes a step into the ground truth."""
        self.world.logbook.step(name, thing_id, origin, events, story, seed)
