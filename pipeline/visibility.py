"""Which logs exist for a hunt's window, and in words what their absence hides.

Silence is evidence only where logs are complete. Each sentence names what is missing and what cannot be ruled out for it;
what is alike is said once, with all the tenants, so that the list stays short enough to be read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb

from pipeline.settings import sql_text

# source → what stays unseen without it; only sources that a hunt can do something with
HIDDEN_WITHOUT = {
    "aws_cloudtrail": "what was done in AWS",
    "entra_signin": "interactive sign-ins, and with them sessions begun after the reset",
    "entra_signin_noninteractive": "the use of refresh tokens, and with it old sessions that live on",
    "entra_signin_service_principal": "sign-ins of service principals, and with them the use of an added secret",
    "entra_signin_managed_identity": "sign-ins of managed identities",
    "entra_audit": "changes in the directory: roles, secrets, consent, MFA methods",
    "graph_activity": "reads of mail, files and the directory through Microsoft Graph",
    "azure_activity": "changes to Azure resources and role assignments",
    "azure_key_vault": "reads of Key Vault secrets",
    "azure_storage": "reads of blobs and files in Azure Storage",
    "m365_audit": "acts in Exchange, SharePoint and Teams, mail rules among them",
    "okta_system": "sign-ins and resets in Okta, where it is used",
}
# of which nothing at all may be there; then it is said in one word
FAMILIES = {
    "Entra ID": [source for source in HIDDEN_WITHOUT if source.startswith(("entra_", "graph_"))],
    "Azure": [source for source in HIDDEN_WITHOUT if source.startswith("azure_")],
}
NEEDED_BY = {"tenant": [*FAMILIES["Entra ID"], "m365_audit"], "subscription": FAMILIES["Azure"]}
LOGS_OF = {"storage account": ("azure_storage", "blobs and files"), "vault": ("azure_key_vault", "secrets")}
SILENT_HOURS = 6  # and at least as long as this source was ever silent before: a quiet source is no gap
KNOWN_DAYS = 7  # of logs, before a hole in them is unlike them


@dataclass(frozen=True, slots=True)
class LogSpan:
    """The logs of one source and tenant beside the window: a row of sql/checks/log_spans.sql."""

    source: str
    tenant_id: str | None
    ends_at: datetime
    event_count: int
    longest_silence_hours: int
    longest_before_hours: int
    day_count_before: int
    longest_hole: dict[str, Any] | None

    def ends_before(self, time: datetime) -> bool:
        return self.ends_at + timedelta(hours=max(SILENT_HOURS, self.longest_silence_hours)) < time

    @property
    def hole_hours(self) -> int:
        """Of the longest hole in the window, where there was none nearly as long before; else 0."""
        if self.longest_hole is None or self.day_count_before < KNOWN_DAYS:
            return 0
        hours = self.longest_hole["hours"] - 1
        return hours if hours >= max(SILENT_HOURS, 1.5 * self.longest_before_hours) else 0


def visibility_statements(
    con: duckdb.DuckDBPyConnection, reset_id: str, window_from: datetime, window_to: datetime
) -> list[str]:
    """Sentences, the gravest first. Needs `int_log_coverage`, `int_event_holders`, `int_resets`, `reach` and `timeline`."""
    window = {"from_hour": _hour(window_from), "until": window_to}
    spans = [LogSpan(*row) for row in con.execute(sql_text("checks/log_spans"), window).fetchall()]
    tenants: dict[str, set[str | None]] = defaultdict(set)
    for span in spans:
        tenants[span.source].add(span.tenant_id and span.tenant_id.lower())
    places: dict[str, list[str]] = defaultdict(list)
    for kind, place_id in con.execute(sql_text("checks/reached_places"), {"reset_id": reset_id}).fetchall():
        places[kind].append(place_id)
    wanted = [span for span in spans if span.source in HIDDEN_WITHOUT]
    return [
        *_ends(wanted, window_to),
        *_holes(wanted),
        *_silent_regions(con, window_to),
        *_unlogged_objects(con, places["account"]),
        *_unlogged_resources(con, places),
        *_not_in_window(wanted),
        *_not_of_place(tenants, places),
        *_never_seen(tenants.keys()),
    ]


def visibility_hours(
    con: duckdb.DuckDBPyConnection, window_from: datetime, window_to: datetime
) -> list[dict[str, object]]:
    """Rows of source, tenant_id, hour, event_count from the window's first hour to its last."""
    cursor = con.execute(
        """select source, tenant_id, hour, sum(event_count)::bigint as event_count from int_log_coverage
        where hour >= $from_hour and hour < $to group by all order by source, tenant_id, hour""",
        {"from_hour": _hour(window_from), "to": window_to},
    )
    return [
        dict(zip(("source", "tenant_id", "hour", "event_count"), row, strict=True))
        for row in cursor.fetchall()
    ]


def _ends(spans: list[LogSpan], window_to: datetime) -> Iterator[str]:
    present = [span for span in spans if span.event_count]
    ending = [span for span in present if span.ends_before(window_to)]
    if len(ending) > 1 and len(ending) == len(present):
        yield f"All logs end {_end_words(ending, window_to)}: nothing later can be ruled out."
        return
    for source, group in _by_source(ending):
        verb = "ends" if len(group) == 1 else "end"
        yield (
            f"{source} of {_tenants(group)} {verb} {_end_words(group, window_to)}: nothing later can be ruled out."
        )


def _end_words(spans: list[LogSpan], window_to: datetime) -> str:
    first, last = min(span.ends_at for span in spans), max(span.ends_at for span in spans)
    when = "at" if first == last else "at the latest at"
    return f"{when} {_minute(last)} UTC, {_duration(window_to - last)} before the window does"


def _holes(spans: list[LogSpan]) -> Iterator[str]:
    for span in spans:
        if span.hole_hours and span.longest_hole:
            yield (
                f"Nothing from {span.source} of {_tenants([span])} from {_minute(span.longest_hole['since'])} to "
                f"{_minute(span.longest_hole['until'])} UTC, longer than ever before: "
                "what happened then cannot be ruled out."
            )


def _silent_regions(con: duckdb.DuckDBPyConnection, window_to: datetime) -> Iterator[str]:
    silent: dict[str | None, list[tuple[str, datetime]]] = defaultdict(list)
    for account, region, ends_at in con.execute(
        sql_text("checks/silent_regions"), {"until": window_to}
    ).fetchall():
        silent[account].append((region, ends_at))
    for account, regions in silent.items():
        first = min(ends_at for _, ends_at in regions)
        yield (
            f"aws_cloudtrail of {account or 'an unnamed account'} falls silent in {_some([name for name, _ in regions])} "
            f"at {_minute(first)} UTC and goes on elsewhere: what was done there later cannot be ruled out."
        )


def _unlogged_objects(con: duckdb.DuckDBPyConnection, accounts: list[str]) -> Iterator[str]:
    rows = con.execute(
        "select distinct lower(tenant_id) from int_log_coverage where source = 'aws_cloudtrail' and object_event_count > 0"
    ).fetchall()
    blind = [account for account in accounts if (account,) not in rows]
    if blind:
        noun = "account" if len(blind) == 1 else "accounts"
        yield f"Exfiltration from {noun} {_some(blind)} cannot be ruled out: no S3 data events."


def _unlogged_resources(con: duckdb.DuckDBPyConnection, places: dict[str, list[str]]) -> Iterator[str]:
    if not any(places[kind] for kind in LOGS_OF):
        return
    logged = set(con.execute(sql_text("checks/logged_resources")).fetchall())
    for kind, (source, content) in LOGS_OF.items():
        blind = [place_id for place_id in places[kind] if (kind, place_id) not in logged]
        if blind:
            noun = kind if len(blind) == 1 else f"{kind}s"
            yield f"No {source} of {noun} {_some(blind)}, which the reach touched: reads of {content} there cannot be ruled out."


def _not_in_window(spans: list[LogSpan]) -> Iterator[str]:
    for source, group in _by_source(span for span in spans if not span.event_count):
        yield (
            f"No {source} of {_tenants(group)} in the window: {HIDDEN_WITHOUT[source]} cannot be ruled out."
        )


def _not_of_place(tenants: dict[str, set[str | None]], places: dict[str, list[str]]) -> Iterator[str]:
    """Tenants and subscriptions that were reached and lack a source which others have. A source with rows of an unnamed
    tenant is passed over: they may be this one's."""
    for kind, sources in NEEDED_BY.items():
        for source in sources:
            if source in tenants and None not in tenants[source]:
                blind = [place_id for place_id in places[kind] if place_id not in tenants[source]]
                if blind:
                    yield (
                        f"No {source} of {kind} {_some(blind)}, which others have: {HIDDEN_WITHOUT[source]} "
                        "there cannot be ruled out."
                    )


def _never_seen(seen: Iterable[str]) -> Iterator[str]:
    missing = dict(HIDDEN_WITHOUT)
    for source in seen:
        missing.pop(source, None)
    whole = [name for name, sources in FAMILIES.items() if missing.keys() >= set(sources)]
    parts = [f"any log of {' or '.join(whole)}"] if whole else []
    folded = {source for name in whole for source in FAMILIES[name]}
    parts += [f"{source} ({hidden})" for source, hidden in missing.items() if source not in folded]
    if parts:
        yield f"Not in this lake, so none of it can be ruled out: {'; '.join(parts)}."


def _by_source(spans: Iterable[LogSpan]) -> Iterable[tuple[str, list[LogSpan]]]:
    groups: dict[str, list[LogSpan]] = defaultdict(list)
    for span in spans:
        groups[span.source].append(span)
    return groups.items()


def _tenants(spans: list[LogSpan]) -> str:
    return _some([span.tenant_id or "an unnamed tenant" for span in spans])


def _some(names: list[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b, c and 4 more`."""
    shown = names if len(names) <= most else [*names[:most], f"{len(names) - most} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _duration(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)
