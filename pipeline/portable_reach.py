"""Reach without a recursive query, for engines that have no `using key`: frontier joined to edges until nothing is new.

It gives the table that sql/intermediate/int_reach_steps.sql gives; a test holds both against a plain walk.
"""

from collections.abc import Mapping

import duckdb

from pipeline.models import Parameter, build_model
from pipeline.settings import resource_root

KEY = "reset_id, edge_id"


def build_reach_steps(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Parameter]) -> int:
    """Temp table `int_reach_steps`; returns the number of rounds. Needs int_reach_seeds, int_trust_edges, int_wide_things
    and int_resets. Raises ModelError."""
    build_model(con, "steps_so_far", read_portable("reach_seed_steps"), parameters)
    con.execute("create or replace temp table frontier as select * from steps_so_far")
    round_sql = read_portable("reach_round")
    rounds = 0
    while con.table("frontier").shape[0]:
        rounds += 1
        build_model(con, "next_frontier", round_sql, parameters)
        con.execute("create or replace temp table frontier as select * from next_frontier")
        con.execute(
            f"""create or replace temp table steps_so_far as
            select * from steps_so_far anti join frontier using ({KEY}) union all by name select * from frontier"""
        )
    con.execute("create or replace temp table int_reach_steps as select * from steps_so_far")
    return rounds


def read_portable(name: str) -> str:
    """The text of sql/portable/<name>.sql."""
    return (resource_root() / "sql" / "portable" / f"{name}.sql").read_text()
