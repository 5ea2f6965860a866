"""The result of a hunt: one typed document that every view renders (terminal, HTML, files).

Filled from the model tables, one dataclass for each; `from_row` takes a row as a dict and ignores columns that no
view shows. Times are naive datetimes in UTC, as DuckDB gives them. Nothing here reads a clock, so the same hunt
gives the same bytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

import pyarrow as pa

CONTROL_DOMAINS = ("help_desk", "sessions", "entitlements", "non_human_identities", "secrets", "data_access")
VERDICTS = ("likely_takeover", "suspicious", "unclear", "likely_benign")
NO_OWNER = "no owner named"
PRIOR = "prior"  # part_id of the score part that holds before any signal is seen

# The keys and their order are a promise: other people's scripts read timeline.jsonl.
TIMELINE_SCHEMA = pa.schema(
    [
        ("occurred_at", pa.timestamp("us")),
        ("event_id", pa.string()),
        ("source", pa.string()),
        ("provider", pa.string()),
        ("tenant_id", pa.string()),
        ("principal_id", pa.string()),
        ("principal_name", pa.string()),
        ("action", pa.string()),
        ("target_id", pa.string()),
        ("outcome", pa.string()),
        ("source_ip", pa.string()),
        ("control_domain", pa.string()),
        ("signals", pa.list_(pa.string())),
        ("points", pa.float64()),
        ("why", pa.string()),
        ("thing_id", pa.string()),
        ("depth", pa.int64()),
        ("seed", pa.string()),
    ]
)


class FromRow:
    """`from_row` for the dataclasses below: a column that is missing is an error, one that is not shown is ignored."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        return cls(
            **{name: _frozen(value) for name, value in row.items() if name in cls.__dataclass_fields__}
        )

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> tuple[Self, ...]:
        return tuple(cls.from_row(row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(FromRow):
    """A row of `int_resets`."""

    reset_id: str
    person_id: str | None
    person: str
    principal_ids: tuple[str, ...]
    principal_names: tuple[str, ...] = ()
    provider: str
    tenant_id: str | None
    occurred_at: datetime
    ended_at: datetime | None = None
    kinds: tuple[str, ...]
    performed_by: str | None
    performed_by_id: str | None = None
    by_somebody_else: bool | None
    is_self_service: bool = False
    is_help_desk: bool = False
    help_desk_reason: str | None = None
    performed_from: str | None = None
    on_premises_agent: str | None = None
    is_guest: bool = False
    is_automation: bool = False
    automation_reason: str | None = None
    still_alive: tuple[str, ...] = ()
    may_be_alive: tuple[str, ...] = ()
    cut_off_at: datetime | None = None
    event_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(FromRow):
    """A row of `int_identities` for the person reset: an alias, the event that says so, and how. Ambiguous where one address
    has several users of an identity store: the same person hired again, or another of that name."""

    alias: str
    kind: str
    provider: str | None
    evidence_event_id: str | None
    how: str
    is_ambiguous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationTie(FromRow):
    """A row of `int_automation_ties`: what hangs on the person, and how it is known."""

    thing: str
    how: str
    evidence_event_id: str | None
    confidence: float
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedIdentity(FromRow):
    """A row of `followed_identities`: what the reached holder made, and what became of it until the logs end."""

    thing_id: str
    kind: str
    made_how: str
    why: str | None
    made_by: str
    event_id: str
    verdict: str
    first_use_event_id: str | None
    use_count: int
    networks: tuple[str, ...] = ()
    made_at: datetime
    first_used_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart(FromRow):
    """A row of `score_parts`. The points of all parts, the prior among them, add up to the log-odds."""

    part_id: str
    control_domain: str | None
    detection: str | None
    event_id: str | None = None
    source: str | None = None
    tenant_id: str | None = None
    thing_id: str | None = None
    occurred_at: datetime | None = None
    points_base: float | None = None
    rarity: float | None = None
    confidence: float | None = None
    novelty: float | None = None
    repetition: float | None = None
    follows: bool | None = None
    family: str | None = None
    points_once: float | None = None
    points: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BandPart(FromRow):
    """A row of `score_bands`: by how much a control domain may be worth more (`hidden`: its logs are not whole) or less
    (`doubtful`: it rests on inferred paths, or on newness that short logs cannot show)."""

    kind: str
    control_domain: str
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(FromRow):
    """A row of `findings`: the signals of one reset in one control domain."""

    control_domain: str
    points: float
    score: int
    signal_count: int
    detections: tuple[str, ...]
    first_at: datetime | None
    last_at: datetime | None
    close_when: str | None
    owner: str = NO_OWNER


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached(FromRow):
    """A row of `reach`. `path` is the event ids from the reset to this thing, the last one brought it into being.

    `name` and `from_thing_id` are shown when known; otherwise the name comes from the id and the giver from the path.
    """

    thing_id: str
    kind: str
    seed: str
    first_reached_at: datetime
    depth: int
    confidence: float
    path: tuple[str, ...]
    why: str | None = None
    name: str | None = None
    from_thing_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityHour(FromRow):
    """How many events one source has for one tenant in one hour; an hour without a row has none."""

    source: str
    tenant_id: str | None
    hour: datetime
    event_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionVisibility:
    """A detection that could not match, or not all that it should, whatever happened: the logs or fields that it reads were
    never seen. `evaluable` is `partly` or `not on this data`."""

    name: str
    evaluable: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """Which logs exist for the window, what their absence hides, and which detections had nothing to look at."""

    hours: tuple[VisibilityHour, ...] = ()
    statements: tuple[str, ...] = ()
    detections: tuple[DetectionVisibility, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """One reset, followed. `timeline` has the columns of TIMELINE_SCHEMA (see `timeline_table`), in order of time.

    `lake_snapshot_id` is text because Iceberg's ids are 64-bit and JSON readers keep 53. `detection_titles` maps a
    detection's name to its title, `detection_levels` to Sigma's level; a name that is missing is shown as it is. `detection_credits` are the author, rule,
    licence and link of those that others wrote.
    """

    hunt_id: str
    reset: Reset
    score: int
    score_low: int
    score_high: int
    score_band: tuple["BandPart", ...] = ()
    log_odds: float
    verdict: str
    verdict_sentence: str
    score_parts: tuple[ScorePart, ...]
    findings: tuple[Finding, ...]
    reach: tuple[Reached, ...]
    timeline: pa.Table
    visibility: Visibility
    window_from: datetime
    window_to: datetime
    parameters: Mapping[str, Any]
    lake_snapshot_id: str | None
    rule_set_hash: str
    versions: Mapping[str, str]
    identities: tuple[Identity, ...] = ()
    automation_ties: tuple[AutomationTie, ...] = ()
    followed_identities: tuple[FollowedIdentity, ...] = ()
    detection_titles: Mapping[str, str] = field(default_factory=dict)
    detection_levels: Mapping[str, str] = field(default_factory=dict)
    detection_credits: Mapping[str, str] = field(default_factory=dict)


def timeline_table(rows: pa.Table | Iterable[Mapping[str, Any]]) -> pa.Table:
    """The timeline with our columns, types and order, from a table or dicts; other columns are dropped, missing are null.

    Sorted here, ties included, so that the order of the input never changes a byte of the output.
    """
    if isinstance(rows, pa.Table):
        columns = []
        for column in TIMELINE_SCHEMA:
            given = rows.column(column.name) if column.name in rows.column_names else pa.nulls(rows.num_rows)
            columns.append(given.cast(column.type))
        table = pa.Table.from_arrays(columns, schema=TIMELINE_SCHEMA)
    else:
        names = TIMELINE_SCHEMA.names
        table = pa.Table.from_pylist(
            [{name: row.get(name) for name in names} for row in rows], schema=TIMELINE_SCHEMA
        )
    keys = ("occurred_at", "source", "tenant_id", "event_id", "thing_id")
    return table.sort_by([(key, "ascending") for key in keys]).combine_chunks()


def text_array(values: Iterable[str]) -> pa.Array:
    """Distinct values to filter by. Typed, because Arrow takes an empty list for one of nulls and refuses it."""
    return pa.array(sorted(set(values)), pa.string())


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
