"""One person's working day, as the Entra sign-ins already written tell it: other logs are made to agree with these."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.simulate.logbook import Record
from pipeline.simulate.networks import Network
from pipeline.simulate.people import Person


@dataclass(frozen=True, slots=True)
class Shift:
    person: Person
    network: Network
    source_ip: str
    begins_at: datetime
    ends_at: datetime
    sign_ins: tuple[
        tuple[datetime, Record], ...
    ]  # the properties of the interactive ones that worked, in order

    def sign_in(self, at: datetime) -> Record:
        """The latest before that time: what is done then is done in its session."""
        before = [properties for moment, properties in self.sign_ins if moment <= at]
        return before[-1] if before else self.sign_ins[0][1]
