"""The events that can matter to the resets that are hunted, out of a lake of any size, as the temp table `events`.

First everything that the people reset did in the look-back and the window; then, round by round, who used what those acts
issued, used, changed or named, and everything that these did. It follows more than the models do and asks the index that is
kept beside the lake (`kept_facts`), so its cost grows with what is reached and not with the lake. The record (`raw`) is there
for events from a day before the first reset on, and before that for acts that give power.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import duckdb

from pipeline.kept_facts import create_daily_models, create_kept_views
from pipeline.lake import Lake
from pipeline.missing_records import create_missing_records
from pipeline.models import Parameter, build_model, build_models
from pipeline.schema import create_empty_events
from pipeline.settings import sql_text

log = logging.getLogger("postreset.hunt")

MOST_ROUNDS = 20
MOST_HOLDERS = 1_000  # of one id: what more use than that is no thread to follow
MOST_ACTS = 20_000  # of one holder that is no person reset: beyond that its past is thinned
BEFORE = timedelta(days=1)  # detections that count look back so far from the first reset


@dataclass(frozen=True, slots=True)
class Bounds:
    """[since, until) is what the models see; the window of the first reset begins at `reset_at`."""

    since: datetime
    reset_at: datetime
    until: datetime

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {
            "since": self.since,
            "until": self.until,
            "window_from": self.reset_at - timedelta(minutes=5),
            "most_holders": MOST_HOLDERS,
            "most_acts": MOST_ACTS,
        }


def create_identity_events(con: duckdb.DuckDBPyConnection, parts: list[Path]) -> None:
    """View `events` of what people and resets are found by, over all time."""
    create_kept_views(con, parts)
    create_sample(con)
    create_empty_events(con, "no_events")
    con.execute(
        """create or replace temp view events as
        from no_events union all by name from kept_names
        union all by name from kept_resets"""
    )


def create_sample(con: duckdb.DuckDBPyConnection) -> None:
    """View `sample_events`: a few events of each action in the lake."""
    con.execute(f"create or replace temp view sample_events as {sql_text('working_set/sample_events')}")


def create_working_events(
    con: duckdb.DuckDBPyConnection, lake: Lake, bounds: Bounds, snapshot_id: int
) -> None:
    """Table `events` for the resets in `int_resets`, and the daily models. Needs the views of `create_identity_events`."""
    started = perf_counter()
    parameters = bounds.parameters
    create_daily_models(con, bounds.since, bounds.until)
    build_models(con, parameters, ["int_networks"])
    _build(con, "new_keys", "new_keys", parameters)
    _build(con, "new_holders", "seed_holders", parameters)
    con.execute("create or replace temp table known_holders as from new_holders")
    con.execute("create or replace temp table beside as select *, false as is_person from kept_acts limit 0")
    rounds: list[str] = []
    while len(rounds) < MOST_ROUNDS and con.table("new_holders").shape[0]:
        rounds.append(f"round_{len(rounds) + 1}")
        _gather_round(con, rounds, parameters)
        _build(con, "next_holders", "next_holders", parameters)
        for more in ("holders_of_new_keys", "holders_from_new_networks"):
            _build(con, more, more, parameters)
        con.execute(
            """create or replace temp table new_holders as
            from next_holders union from holders_of_new_keys union from holders_from_new_networks"""
        )
        con.execute("insert into known_holders from new_holders")
    _take_records(con, lake, bounds, snapshot_id)
    for name in (*rounds, "beside"):
        con.execute(f"drop table {name}")
    log.info(
        "hunt: %d events of %d holders gathered in %d rounds, %.1f s",
        con.table("events").shape[0],
        con.table("known_holders").shape[0],
        len(rounds),
        perf_counter() - started,
    )


def _gather_round(
    con: duckdb.DuckDBPyConnection, rounds: list[str], parameters: dict[str, Parameter]
) -> None:
    """View `round_acts`: what the new holders did, and what belongs to it; `gathered` is that of all rounds. Each round is a
    table of its own: what is added to a table of many columns is copied twice."""
    *_, acts = rounds
    _build(con, "gathered_acts", "gathered_acts", parameters)
    is_busy = con.execute(
        """select count(*) from gathered_acts where not is_person
        group by holder_key having count(*) > $most_acts limit 1""",
        {"most_acts": MOST_ACTS},
    ).fetchall()
    if is_busy:
        _build(con, acts, "thinned_acts", parameters)
    else:
        con.execute(f"alter table gathered_acts rename to {acts}")
    # what was gathered beside others' acts comes again with the rest of its holder's
    con.execute("delete from beside where holder_key in (select holder_key from new_holders)")
    tables = " union all by name from ".join((*rounds, "beside"))
    con.execute(f"create or replace temp view gathered as from {tables}")
    con.execute(f"create or replace temp view round_acts as from {acts}")
    _build(con, "gathered_beside", "gathered_beside", parameters)
    con.execute("insert into beside by name select * exclude (is_same_operation) from gathered_beside")
    # who else wrote to a secret or did something to the person is seen and not followed
    con.execute(
        f"""create or replace temp view round_acts as from {acts}
        union all by name select * exclude (is_same_operation) from gathered_beside where is_same_operation"""
    )


def _take_records(con: duckdb.DuckDBPyConnection, lake: Lake, bounds: Bounds, snapshot_id: int) -> None:
    create_missing_records(con, lake, bounds.reset_at - BEFORE, bounds.until, snapshot_id)
    con.execute(f"create or replace temp view working_events as {sql_text('working_set/working_events')}")
    create_empty_events(con, "no_events")
    con.execute("drop view if exists events")
    con.execute("create or replace temp table events as from no_events union all by name from working_events")
    con.execute("drop table missing_records")


def _build(con: duckdb.DuckDBPyConnection, table: str, model: str, parameters: dict[str, Parameter]) -> None:
    build_model(con, table, sql_text(f"working_set/{model}"), parameters)
