"""What an ordinary reset is before it is written: a kind, a person, a moment, a place, and what follows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.simulate.campaign.benign_work import Work
from pipeline.simulate.campaign.organisation import Organisation
from pipeline.simulate.logbook import EventRef
from pipeline.simulate.people import Person

DESK = ("help desk",)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom `postreset resets` names: by the name shown and by the id of the account."""

    who: str
    principal_id: str


def entra_account(_organisation: Organisation, person: Person) -> Subject:
    return Subject(person.upn, person.object_id)


def anybody(_organisation: Organisation, _person: Person) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """`by` are the jobs of those who perform it for others; empty for what people do themselves.

    `kinds` and `by_somebody_else` are what `postreset resets` says of it.
    """

    name: str
    provider: str
    weight: float
    kinds: tuple[str, ...]
    stories: tuple[str, ...]
    perform: "Callable[[Organisation, OrdinaryPlan], list[EventRef]]"
    by: tuple[str, ...] = ()
    cut_off_share: float = 0.0
    by_somebody_else: bool = False
    has_new_phone: bool = False
    suits: Callable[[Organisation, Person], bool] = field(default=anybody)
    subject: Callable[[Organisation, Person], Subject] = field(default=entra_account)


@dataclass(frozen=True, slots=True)
class OrdinaryPlan:
    """`place` is where the person is: office, home, vpn, mobile, or a journey to a `hotel` or a `new line`."""

    person: Person
    at: datetime
    kind: Kind
    agent: Person | None
    place: str
    work: Work | None
    has_cut_off: bool
    story: str

    @property
    def place_of_work(self) -> str:
        return self.place if self.place in {"office", "home", "vpn", "mobile"} else "home"
