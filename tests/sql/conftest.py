"""Models are tested on tiny tables: give the rows that matter, build the models, look at the result."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipeline.models import build_models, models_before
from pipeline.schema import create_empty_events
from pipeline.score import shipped_parameters

SINCE, UNTIL = datetime(2026, 1, 1), datetime(2026, 12, 31)
Rows = list[tuple[Any, ...]]


def at(text: str) -> datetime:
    """`2 09:14` → 2 March 2026, 09:14."""
    day, _, clock = text.partition(" ")
    return datetime.fromisoformat(f"2026-03-{int(day):02}T{clock or '00:00'}")


def give(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Fills a table with rows that name only the columns that matter; an unknown column is an error."""
    con.execute(f"create or replace temp table {table} as from {table} limit 0")
    if rows:
        names = sorted({name for row in rows for name in row})
        con.register("batch", pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]))
        con.execute(f"insert into {table} by name from batch")
        con.unregister("batch")


@pytest.fixture
def build(con: duckdb.DuckDBPyConnection) -> Callable[..., Callable[[str], Rows]]:
    """`build(events)` builds every model up to reach over these events and returns a function that queries them."""

    def run(events: list[dict[str, Any]], window: timedelta = timedelta(hours=72)) -> Callable[[str], Rows]:
        create_empty_events(con)
        numbered = [
            {
                "event_id": f"e{number}",
                "outcome": "success",
                "provider": "azure",
                "tenant_id": "t1",
                "raw": "{}",
            }
            | row
            for number, row in enumerate(events, start=1)
        ]
        give(con, "events", numbered)
        times = {"since": SINCE, "until": UNTIL, "window": window, "look_back": timedelta(days=30)}
        parameters = {**shipped_parameters(), **times}
        build_models(con, parameters, models_before("signals"))
        return lambda sql: con.execute(sql).fetchall()

    return run


def audit(
    when: str,
    action: str,
    target: str | None = "alice@example.com",
    actor: str = "helga@example.com",
    **more: Any,
) -> dict[str, Any]:
    return {
        "source": "entra_audit",
        "service": "Core Directory",
        "occurred_at": at(when),
        "action": action,
        "principal_id": f"oid-{actor.partition('@')[0]}",
        "principal_name": actor,
        "principal_kind": "user",
        "target_id": f"oid-{target.partition('@')[0]}" if target else None,
        "target_name": target,
        "target_kind": "user" if target else None,
        "source_ip": "192.0.2.1",
    } | more


def sign_in(when: str, who: str = "alice@example.com", session: str = "s1", **more: Any) -> dict[str, Any]:
    return {
        "source": "entra_signin",
        "occurred_at": at(when),
        "action": "Sign-in activity",
        "principal_id": f"oid-{who.partition('@')[0]}",
        "principal_name": who,
        "principal_kind": "user",
        "session_id": session,
        "source_ip": "192.0.2.9",
        "asn": 64500,
    } | more


def cloudtrail(
    when: str,
    action: str,
    key: str | None = "AKIAADA",
    user: str = "ada",
    service: str = "iam.amazonaws.com",
    **more: Any,
) -> dict[str, Any]:
    return {
        "source": "aws_cloudtrail",
        "provider": "aws",
        "tenant_id": "111122223333",
        "service": service,
        "occurred_at": at(when),
        "action": action,
        "principal_id": f"AIDA{user.upper()}",
        "principal_name": user,
        "principal_kind": "user",
        "principal_tenant_id": "111122223333",
        "credential_id": key,
        "credential_kind": "temporary_key"
        if key and key.startswith("ASIA")
        else "access_key"
        if key
        else None,
        "source_ip": "192.0.2.9",
    } | more
