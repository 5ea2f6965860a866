"""How much a load may hold, write and keep. All can be set under `[landing]` in postreset.toml."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Bounds:
    """`look_back` is how far back the first load of a source begins where `--since` does not say. `keep` is how long the file
    of what was ingested stays: the lake has its records, and who wants the bytes as received keeps them longer."""

    in_flight: int = 8
    min_free_bytes: int = 2 << 30
    max_item_bytes: int = 16 << 30
    look_back: timedelta = timedelta(days=7)
    keep: timedelta = timedelta(days=30)


DEFAULT_BOUNDS = Bounds()
