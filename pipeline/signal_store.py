"""The signals that scans have found, in the lake's folder.

`signals/signals.parquet` holds every signal with its rule's id and the hash of its text, `signals/scanned.json` the batches
that were looked at and the hash of each rule. Both are replaced as a whole, so that a reader never sees half of one.
"""

import fcntl
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipeline.detection import Detection
from pipeline.lake import Lake
from pipeline.settings import make_folder

STORED_COLUMNS = (
    "detection varchar, rule_id varchar, content_hash varchar, title varchar, level varchar, control_domain varchar, "
    "is_imported boolean, author varchar, licence varchar, link varchar, source varchar, tenant_id varchar, "
    "event_id varchar, occurred_at timestamp, why varchar, found_at timestamp"
)
KEY = "detection, source, tenant_id, event_id"


class SignalStore:
    """The signals of a lake and what they were made from, in the lake's folder."""

    def __init__(self, lake: Lake) -> None:
        self.folder = lake.folder / "signals"

    @property
    def signals_file(self) -> Path:
        return self.folder / "signals.parquet"

    @property
    def state_file(self) -> Path:
        return self.folder / "scanned.json"

    @contextmanager
    def locked(self) -> Generator[None]:
        make_folder(self.folder)
        with (self.folder / "scan.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read_state(self) -> dict[str, Any]:
        try:
            state = json.loads(self.state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            state = {}
        return {"batches": state.get("batches", []), "rules": state.get("rules", {})}

    def create_stored_table(self, con: duckdb.DuckDBPyConnection) -> None:
        """Temp table `stored_signals`: what has been found so far."""
        con.execute(f"create or replace temp table stored_signals ({STORED_COLUMNS})")
        if self.signals_file.is_file():
            con.read_parquet(str(self.signals_file)).create_view("signals_file", replace=True)
            con.execute("insert into stored_signals by name from signals_file")

    def write(self, con: duckdb.DuckDBPyConnection, state: dict[str, Any]) -> None:
        """The signals first: where the state is lost, batches are scanned again, and no signal is stored twice."""
        new = self.signals_file.with_suffix(".new")
        con.sql(f"from stored_signals order by occurred_at, {KEY}").write_parquet(
            str(new), compression="zstd"
        )
        new.replace(self.signals_file)
        new = self.state_file.with_suffix(".new")
        new.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        new.replace(self.state_file)


def store_found(con: duckdb.DuckDBPyConnection, detections: Sequence[Detection], now: datetime) -> None:
    """Adds to `stored_signals` what `found_signals` has more, with what is told of each rule."""
    con.execute(
        "create or replace temp table rule_texts (detection varchar, rule_id varchar, content_hash varchar, title varchar, "
        "level varchar, control_domain varchar, is_imported boolean, author varchar, licence varchar, link varchar)"
    )
    rows = [
        (
            d.name,
            d.id,
            d.content_hash,
            d.title,
            d.level,
            d.control_domain,
            d.is_imported,
            d.author,
            d.licence,
            d.link,
        )
        for d in detections
    ]
    if rows:
        con.executemany(f"insert into rule_texts values ({', '.join('?' * 10)})", rows)
    con.execute(
        """
        insert into stored_signals by name
        select rule_texts.*, found_signals.source, found_signals.tenant_id, found_signals.event_id,
            found_signals.occurred_at, found_signals.why, $now as found_at
        from found_signals
        inner join rule_texts using (detection)
        anti join stored_signals
            on found_signals.detection = stored_signals.detection and found_signals.source = stored_signals.source
            and found_signals.event_id = stored_signals.event_id
            and found_signals.tenant_id is not distinct from stored_signals.tenant_id
        """,
        {"now": now},
    )
