"""What was made in a hunt's window is followed to the end of the logs, beyond the window.

The models see the events of the hunt. These uses are looked up once more in all later events, and the verdicts are made anew.
"""

from collections.abc import Mapping
from datetime import datetime

import duckdb

from pipeline.models import Parameter, build_model, read_models

END_OF_LOGS = datetime(2200, 1, 1)


def follow_through(
    con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Parameter], later_events: str
) -> None:
    """Makes `int_made_uses` and `followed_identities` anew, with the events of the table or view `later_events` from the hunt's
    end on. Needs both and `int_made_identities`."""
    if not con.table("int_made_identities").shape[0]:
        return
    con.execute("create or replace temp table window_uses as from int_made_uses")
    kind = "view" if _is_view(con, "events") else "table"
    con.execute(f"alter {kind} events rename to events_of_window")
    try:
        con.execute(f"create temp view events as from {later_events}")
        beyond = dict(parameters) | {"since": parameters["until"], "until": END_OF_LOGS}
        build_model(con, "int_made_uses", read_models()["int_made_uses"], beyond)
    finally:
        con.execute("drop view if exists events")
        con.execute(f"alter {kind} events_of_window rename to events")
    con.execute("insert into int_made_uses by name from window_uses")
    build_model(con, "followed_identities", read_models()["followed_identities"], parameters)


def _is_view(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(
        con.execute("select count(*) from duckdb_views() where view_name = $name", {"name": name}).fetchall()[
            0
        ][0]
    )
