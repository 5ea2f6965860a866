"""Which logs exist for a hunt's window, and in words what their absence hides.

Silence is evidence only where logs are complete. Each sentence names a source or an account and what cannot be ruled out.
"""

from datetime import datetime, timedelta

import duckdb

# source → what stays unseen without it; only sources that a hunt across AWS and Entra/Azure can do something with
HIDDEN_WITHOUT = {
    "aws_cloudtrail": "what the person's sessions did in AWS",
    "entra_signin": "interactive sign-ins: which sessions began after the reset",
    "entra_signin_noninteractive": "the use of refresh tokens: whether old sessions live on",
    "entra_signin_service_principal": "sign-ins of service principals: whether an added secret was used",
    "entra_audit": "changes in the directory: roles, secrets, consent, MFA methods",
    "azure_activity": "changes to Azure resources and role assignments",
    "azure_key_vault": "reads of Key Vault secrets",
    "azure_storage": "reads of blobs and files in Azure Storage",
    "graph_activity": "reads through Microsoft Graph: mail, files, directory",
    "m365_audit": "acts in Exchange, SharePoint and Teams, mail rules among them",
}
SILENT_HOURS = 6  # and at least as long as this source was ever silent before: a quiet source is no gap


COVERAGE = """
with by_tenant as (
    select source, tenant_id, hour, sum(event_count) as event_count from int_log_coverage group by all
),
silences as (
    select *, date_diff('hour', lag(hour) over (partition by source, tenant_id order by hour), hour) as hours_since_last
    from by_tenant
)
select
    source, tenant_id, max(hour), sum(event_count) filter (hour >= $from_hour and hour < $to),
    coalesce(max(hours_since_last), 0)
from silences group by source, tenant_id order by source, tenant_id
"""
# a region in daily use, and then nothing while the account goes on elsewhere
SILENT_REGIONS = """
with regions as (
    select
        tenant_id, region,
        count(distinct hour::date) filter (hour < $from_hour) as day_count,
        coalesce(sum(event_count) filter (hour >= $from_hour and hour < $to), 0) as event_count
    from int_log_coverage where source = 'aws_cloudtrail' and region is not null group by all
)
select tenant_id, list(region order by region) filter (day_count >= 5 and event_count = 0) as silent
from regions group by tenant_id having len(silent) > 0 and sum(event_count) > 0 order by tenant_id
"""


def visibility_statements(
    con: duckdb.DuckDBPyConnection, reset_id: str, window_from: datetime, window_to: datetime
) -> list[str]:
    """Sentences, the gravest first. Needs `int_log_coverage`, `int_event_holders` and `reach`."""
    statements: list[str] = []
    hours = {"from_hour": window_from.replace(minute=0, second=0), "to": window_to}
    coverage = con.execute(COVERAGE, hours).fetchall()
    seen = {row[0] for row in coverage}
    for source, tenant_id, last_hour, in_window, longest_gap in coverage:
        where = f"{source} of {tenant_id or 'an unnamed tenant'}"
        if not in_window:
            statements.append(
                f"No {where} in the window: {HIDDEN_WITHOUT.get(source, 'its events')} cannot be ruled out."
            )
        elif last_hour + timedelta(hours=max(SILENT_HOURS, longest_gap)) < window_to:
            statements.append(
                f"{where} ends at {last_hour + timedelta(hours=1):%Y-%m-%d %H:%M} UTC, "
                f"{_hours(window_to - last_hour)} before the window does: nothing later can be ruled out."
            )
    for account, regions in con.execute(SILENT_REGIONS, hours).fetchall():
        statements.append(
            f"No aws_cloudtrail of {account} from {_some(regions)} in the window, which had events before: "
            "what was done there cannot be ruled out."
        )
    for account in _reached_accounts_without_object_events(con, reset_id):
        statements.append(
            f"No S3 data events for account {account}: reads of objects in its buckets cannot be ruled out."
        )
    for subscription in _reached_subscriptions_without_storage_logs(con, reset_id):
        statements.append(
            f"No Storage logs for subscription {subscription}: reads of blobs and files in its accounts cannot be ruled out."
        )
    for source in HIDDEN_WITHOUT:
        if source not in seen:
            statements.append(f"No {source} logs in this lake: {HIDDEN_WITHOUT[source]} cannot be ruled out.")
    return statements


def visibility_hours(
    con: duckdb.DuckDBPyConnection, window_from: datetime, window_to: datetime
) -> list[dict[str, object]]:
    """Rows of source, tenant_id, hour, event_count from the window's first hour to its last."""
    cursor = con.execute(
        """select source, tenant_id, hour, sum(event_count)::bigint as event_count from int_log_coverage
        where hour >= $from_hour and hour < $to group by all order by source, tenant_id, hour""",
        {"from_hour": window_from.replace(minute=0, second=0, microsecond=0), "to": window_to},
    )
    return [
        dict(zip(("source", "tenant_id", "hour", "event_count"), row, strict=True))
        for row in cursor.fetchall()
    ]


def _reached_accounts_without_object_events(con: duckdb.DuckDBPyConnection, reset_id: str) -> list[str]:
    rows = con.execute(
        """
        with accounts as (
            select distinct holders.tenant_id
            from reach
            inner join int_event_holders as holders on reach.thing_id = holders.thing_id and holders.occurred_at >= reach.first_reached_at
            where reach.reset_id = $reset_id and holders.source = 'aws_cloudtrail' and holders.tenant_id is not null
        )
        select accounts.tenant_id from accounts
        anti join (select tenant_id from int_log_coverage where source = 'aws_cloudtrail' and object_event_count > 0) as covered using (tenant_id)
        order by 1
        """,
        {"reset_id": reset_id},
    ).fetchall()
    return [row[0] for row in rows]


def _reached_subscriptions_without_storage_logs(con: duckdb.DuckDBPyConnection, reset_id: str) -> list[str]:
    """Subscriptions in whose storage accounts a reached thing acted, and that never logged a read."""
    rows = con.execute(
        """
        with subscriptions as (
            select distinct holders.tenant_id
            from reach
            inner join int_event_holders as holders on reach.thing_id = holders.thing_id and holders.occurred_at >= reach.first_reached_at
            where reach.reset_id = $reset_id and holders.source = 'azure_activity' and holders.tenant_id is not null
                and holders.service = 'microsoft.storage'
        )
        select subscriptions.tenant_id from subscriptions
        anti join (select tenant_id from int_log_coverage where source = 'azure_storage') as covered using (tenant_id)
        order by 1
        """,
        {"reset_id": reset_id},
    ).fetchall()
    return [row[0] for row in rows]


def _some(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _hours(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
