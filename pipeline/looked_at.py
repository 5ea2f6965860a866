"""The events that are looked at to tell which fields and values occur in a lake, and the questions put to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from pipeline.asked_values import AskedValue
from pipeline.matching import identifier
from pipeline.sigma_duckdb import ConvertedRule, literal
from pipeline.sigma_duckdb.fields import found_values, texts
from pipeline.sigma_duckdb.log_sources import LogSource

SAMPLE_SIZE = 20_000
DISTINCT_VALUES = 2_000


@dataclass(frozen=True, slots=True)
class Looked:
    """How much of a source was looked at."""

    source: str
    events_looked_at: int
    events: int

    @property
    def is_whole(self) -> bool:
        return self.events_looked_at == self.events


def look_at(
    con: duckdb.DuckDBPyConnection, sources: Sequence[str], events_relation: str, sample_size: int
) -> list[Looked]:
    """Temp table `looked_at`: every event of a source, or of each of its actions as many as share the sample: what is rare is
    looked at whole. Which ones is decided by their ids, so it is the same each time."""
    relation = identifier(events_relation)
    con.execute(
        f"""
        create or replace temp table looked_shares as
        with actions as (
            select source, action, count(*) as event_count from {relation} as events
            where list_contains($sources, source) group by all
        )
        select source as of_source, action as of_action, event_count,
            case
                when sum(event_count) over (partition by source) <= $size then 1
                else greatest(1, event_count // greatest(1, $size // count(*) over (partition by source)))
            end as share
        from actions
        """,
        {"sources": list(sources), "size": sample_size},
    )
    con.execute(f"""
        create or replace temp table looked_at as
        select source, {", ".join(_columns(con, relation))}, raw from {relation} as events
        inner join looked_shares
            on events.source = looked_shares.of_source and events.action is not distinct from looked_shares.of_action
        where hash(events.event_id) % looked_shares.share = 0
    """)
    counts = dict(
        con.execute(
            "select of_source, sum(event_count)::bigint from looked_shares group by of_source"
        ).fetchall()
    )
    looked = dict(con.execute("select source, count(*) from looked_at group by source").fetchall())
    return [Looked(source, looked.get(source, 0), counts.get(source, 0)) for source in sources]


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    there = [row[0] for row in con.execute(f"describe {relation}").fetchall()]
    wanted = ("action", "service", "region", "user_agent", "error_code", "principal_kind")
    return [column for column in wanted if column in there]


def is_seen(con: duckdb.DuckDBPyConnection, sources: Sequence[str], predicate: str) -> bool:
    """Whether any event of the sample satisfies it."""
    named = ", ".join(map(literal, sources))
    found = con.execute(f"select 1 from looked_at where source in ({named}) and {predicate} limit 1")
    return found.fetchone() is not None


def has_value(log_source: LogSource, name: str) -> str:
    if log_source.root(name).words:
        return f"len(list_filter({texts(log_source, name)}, lambda v: v is not null)) > 0"
    return f"len(list_filter({found_values(log_source, name)}, lambda v: json_type(v) <> 'NULL')) > 0"


@dataclass(slots=True)
class SeenValues:
    """What is asked of the sample value by value, each question once."""

    con: duckdb.DuckDBPyConnection
    occurring: dict[tuple[tuple[str, ...], str], bool] = field(default_factory=dict)
    distinct: dict[tuple[tuple[str, ...], str], list[str]] = field(default_factory=dict)
    known_keys: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def occurs(self, rule: ConvertedRule, value: AskedValue) -> bool:
        """Whether any event satisfies this one value's test."""
        key = (rule.sources, value.predicate)
        if key not in self.occurring:
            self.occurring[key] = is_seen(self.con, rule.sources, value.predicate)
        return self.occurring[key]

    def keys(self, rule: ConvertedRule) -> list[str]:
        """The keys at the top of the records, and below `properties`."""
        if rule.sources not in self.known_keys:
            sources = ", ".join(map(literal, rule.sources))
            inner = "json_keys(case json_type(raw, '$.properties') when 'OBJECT' then json_extract(raw, '$.properties') end)"
            sql = f"select distinct unnest(list_concat(json_keys(raw), {inner})) as key from looked_at where source in ({sources}) order by key"
            self.known_keys[rule.sources] = [row[0] for row in self.con.execute(sql).fetchall()]
        return self.known_keys[rule.sources]

    def seen(self, rule: ConvertedRule, name: str) -> list[str]:
        """The texts that the field was seen with, the most frequent first."""
        key = (rule.sources, name)
        if key not in self.distinct:
            sources = ", ".join(map(literal, rule.sources))
            sql = (
                f"select value from (select unnest({texts(rule.log_source, name)}) as value from looked_at where source in ({sources})) "
                f"where value is not null and length(value) < 200 group by value order by count(*) desc, value limit {DISTINCT_VALUES}"
            )
            self.distinct[key] = [row[0] for row in self.con.execute(sql).fetchall()]
        return self.distinct[key]
