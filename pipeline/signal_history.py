"""What earlier hunts saw after the resets of this organisation, in the lake's folder: the history that rarity is measured by.

`history/resets.parquet` holds one row a reset that a hunt of a whole period followed: how ordinary it looked, and which
detections matched. A hunt of one person reads it and writes nothing, so that looking never changes what is looked at.
"""

import hashlib
import logging
import os
from datetime import datetime
from pathlib import Path

import duckdb

from pipeline.lake import Lake
from pipeline.settings import make_folder

log = logging.getLogger("postreset.hunt")

COLUMNS = "reset_id varchar, person_id varchar, occurred_at timestamp, ordinary double, detections varchar[], rule_set_hash varchar"


def history_file(lake: Lake) -> Path:
    return lake.folder / "history" / "resets.parquet"


def create_history_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Temp tables `past_resets` and `past_signals`, empty."""
    con.execute(f"create or replace temp table past_resets ({COLUMNS})")
    con.execute("create or replace temp table past_signals (reset_id varchar, detection varchar)")


def load_history(con: duckdb.DuckDBPyConnection, lake: Lake, before: datetime) -> str:
    """Fills both tables with what is kept of resets before `before`; returns a hash of it, empty where there is none. Left out
    are those in `int_resets`, which are hunted anew, and those that the lake's logs of their time (`known_resets`) do not tell of
    any more: late logs make another reset of them.

    A file that cannot be read is as good as none, and the log says so."""
    create_history_tables(con)
    path = history_file(lake)
    if not path.is_file():
        return ""
    try:
        con.read_parquet(str(path)).create_view("history_file", replace=True)
        con.execute(
            """insert into past_resets by name select * from history_file anti join int_resets using (reset_id)
            where occurred_at < $before
                and (
                    reset_id in (select reset_id from known_resets)
                    or occurred_at < (select min(known_resets.occurred_at) from known_resets)
                )""",
            {"before": before},
        )
    except duckdb.Error as error:
        log.warning("hunt: the history of past resets cannot be read and is left out (%s)", error)
        create_history_tables(con)
        return ""
    con.execute("insert into past_signals select reset_id, unnest(detections) as detection from past_resets")
    rows = con.execute("select reset_id, ordinary, detections from past_resets order by reset_id").fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16] if rows else ""


def keep_history(con: duckdb.DuckDBPyConnection, lake: Lake, reset_ids: list[str], rule_set_hash: str) -> int:
    """Adds these resets to what is kept, in place of what was kept of the same; returns how many are kept then.

    Needs `reset_outlooks` and `weighed_signals`. The file is replaced as a whole; a lake that cannot be written keeps what
    it has."""
    path = history_file(lake)
    create = f"create or replace temp table kept_history ({COLUMNS})"
    con.execute(create)
    con.execute(
        """insert into kept_history by name
        select outlooks.reset_id, outlooks.person_id, outlooks.occurred_at, outlooks.ordinary::double as ordinary,
            coalesce(list_sort(list(distinct weighed.detection) filter (weighed.detection is not null)), []) as detections,
            $rule_set_hash as rule_set_hash
        from reset_outlooks as outlooks
        left join weighed_signals as weighed using (reset_id)
        where list_contains($reset_ids, outlooks.reset_id)
        group by all""",
        {"rule_set_hash": rule_set_hash, "reset_ids": reset_ids},
    )
    try:
        make_folder(path.parent)
        if path.is_file():
            con.read_parquet(str(path)).create_view("history_file", replace=True)
            con.execute(
                "insert into kept_history by name select * from history_file anti join kept_history using (reset_id)"
            )
        new = path.with_name(f"{path.name}.{os.getpid()}")
        con.table("kept_history").order("occurred_at, reset_id").write_parquet(str(new))
        new.replace(path)
    except (OSError, duckdb.Error) as error:
        log.warning("hunt: the history of past resets is not kept (%s)", error)
        return 0
    return con.table("kept_history").shape[0]
