"""What a load did, as it goes on."""

from dataclasses import dataclass, field

TOLD = 20  # failures and deleted items that are named


@dataclass(frozen=True, slots=True)
class Trouble:
    """An item or a stream that was not had, and what was said."""

    place: str
    told: str


@dataclass(slots=True)
class Account:
    """What a run did. `troubles` and `gone` name the first few."""

    named_count: int = 0
    item_count: int = 0  # landed with a file
    byte_count: int = 0
    gone_count: int = 0
    failed_count: int = 0
    gone: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    error: str | None = None  # why the source, or a stream of it, could not be read

    def note_gone(self, key: str) -> None:
        self.gone_count += 1
        if len(self.gone) < TOLD:
            self.gone.append(key)

    def note_trouble(self, place: str, told: str) -> None:
        if len(self.troubles) < TOLD:
            self.troubles.append(Trouble(place, told))
