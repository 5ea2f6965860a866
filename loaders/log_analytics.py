"""Tables of Log Analytics workspaces, by the time at which rows arrived there, so that a late row is never missed.

A row's own time (TimeGenerated) may be hours before the workspace had it. So windows are of `ingestion_time()`, half-open, and
the last ones are read again each time, because a row can be asked for only some minutes after that. How much each hour holds is
asked first; an answer that was cut, or took too long, is asked for in halves, and a second that is still too much in parts by a
hash of the row. Answers land as received: the SDK would cut times to microseconds.
Sources: https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time, the docstring of log_analytics_query.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Self

from loaders.base import Discovery, Fetched, Item, Probe
from loaders.graph_credentials import TokenCredential
from loaders.http_addresses import checked_address
from loaders.http_waits import Clock, clock_probe
from loaders.http_windows import EPOCH, Plan, Window, plan, whole_second, window_of, written
from loaders.log_analytics_query import ENDPOINTS, Answer, NoTable, Workspaces
from loaders.options import read_options
from pipeline.errors import LoadError, PostresetError, SettingsError

log = logging.getLogger("postreset.load")

TABLES = (
    "SigninLogs",
    "AADNonInteractiveUserSignInLogs",
    "AADServicePrincipalSignInLogs",
    "AADManagedIdentitySignInLogs",
    "AADUserRiskEvents",
    "AADServicePrincipalRiskEvents",
    "AuditLogs",
    "AzureActivity",
    "AzureDiagnostics",
    "AZKVAuditLogs",
    "StorageBlobLogs",
    "StorageFileLogs",
    "MicrosoftGraphActivityLogs",
    "OfficeActivity",
    "AWSCloudTrail",
)
CONDITIONS = {
    "AzureDiagnostics": ' | where ResourceProvider =~ "MICROSOFT.KEYVAULT"'
}  # a table of everything
LATENESS = timedelta(hours=1)  # from the event to the workspace, of nearly all
OLDER, NEWER = timedelta(days=3), timedelta(days=2)  # a row's own time is at most so far from its arrival
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
WINDOW_ROWS, WINDOW_BYTES = 50_000, 16 << 20  # of one answer, as the service estimates it; its JSON is larger
MAX_PARTS = 1024
GUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class LogAnalyticsOptions:
    """`workspaces` are their ids; without `tables` all that we read and the workspace has. `look_back` is how long it may take
    until a row that arrived can be asked for. `endpoint` stands in for the cloud's own address."""

    workspaces: tuple[str, ...]
    tables: tuple[str, ...] = ()
    cloud: str = "public"
    endpoint: str | None = None
    look_back: timedelta = timedelta(hours=1)


class LogAnalyticsLoader:
    kind = "log_analytics"

    def __init__(
        self,
        name: str,
        options: LogAnalyticsOptions,
        credential: TokenCredential | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Without a `credential` the Azure SDK's own chain is used. Raises SettingsError."""
        self.name, self.options, self._clock = name, options, clock or Clock()
        self._where = f"source {name} (log_analytics)"
        _check(options, f"sources.{name}")
        address = checked_address(options.endpoint or ENDPOINTS[options.cloud], f"sources.{name} endpoint")
        self._workspaces = Workspaces(options.cloud, address, self._where, credential, self._clock)
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> Self:
        return cls(name, read_options(LogAnalyticsOptions, table, f"sources.{name}"))

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        for workspace in self.options.workspaces:
            now = self._service_now(workspace)
            arrived_until = whole_second(min(until + OLDER, now))
            for table in self._tables_there(workspace, now):
                stream = f"{workspace.lower()} {table}"
                look_back = self.options.look_back
                found = plan(checkpoints.get(stream, ""), since, arrived_until, look_back, EPOCH)
                items = (
                    window.item(stream) for window in self._windows(workspace, table, found, arrived_until)
                )
                complete = arrived_until - LATENESS if found.spans else None
                yield Discovery(stream, items, found.checkpoint, complete)

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        window = window_of(item, self._where)
        workspace, _, table = item.stream.partition(" ")
        if table not in TABLES or not GUID.fullmatch(workspace):
            raise LoadError(f"{item.stream[:100]!r} is no table of a workspace", self._where)
        answer = self._ask(workspace, table, window, _part(window))
        if answer.is_cut:
            smaller = window.halves(SECOND) or _parts(window)
            if not smaller:
                raise LoadError(f"{item.key} cannot be had in any part: {answer.told}", self._where)
            return Fetched(tuple(each.item(item.stream) for each in smaller), is_kept=False)
        if answer.row_count:
            write(answer.body)
        return Fetched(is_kept=answer.row_count > 0)

    def probe(self) -> list[Probe]:
        probes = []
        for workspace in self.options.workspaces:
            tried = f"workspace {workspace} can be read"
            try:
                now = self._service_now(workspace)
                there = list(self._tables_there(workspace, now))
            except PostresetError as error:
                probes.append(Probe(tried, False, error.what, error.hint))
                continue
            absent = [table for table in self._wanted() if table not in there]
            told = f"{len(there)} tables" + (f"; not there: {', '.join(absent)}" if absent else "")
            hint = "" if there else "add diagnostic settings that send these logs to the workspace"
            probes.append(Probe(tried, bool(there), told, hint))
            probes.append(clock_probe(self._clock.now() - (now - EPOCH).total_seconds()))
        return probes

    def _wanted(self) -> tuple[str, ...]:
        return self.options.tables or TABLES

    def _tables_there(self, workspace: str, now: datetime) -> Iterator[str]:
        """Which of the tables the workspace has. One that was asked for by name must be there."""
        for table in self._wanted():
            try:
                self._workspaces.ask(workspace, f"{table} | take 0", now - HOUR, now)
                yield table
            except NoTable:
                if self.options.tables:
                    log.warning("%s: workspace %s has no table %s", self.name, workspace, table)

    def _service_now(self, workspace: str) -> datetime:
        """By the service's clock, which is the one that rows are stamped with. Naive UTC."""
        here = EPOCH + timedelta(seconds=self._clock.now())
        answer = self._workspaces.ask(workspace, "print now = now()", here - HOUR, here)
        rows = answer.objects()
        if len(rows) != 1 or not isinstance(rows[0].get("now"), datetime):
            raise LoadError("the service does not tell its time", self._where)
        return rows[0]["now"].replace(tzinfo=None)

    def _windows(self, workspace: str, table: str, found: Plan, asked_at: datetime) -> Iterator[Window]:
        """What is to be read, by what each hour holds: small hours together, a large one in equal parts."""
        settled = asked_at - self.options.look_back
        for day in found.windows(timedelta(days=1), asked_at, self.options.look_back):
            counted = self._ask(workspace, table, day, " | " + SIZES)
            if counted.is_cut:
                log.info("%s: %s %s cannot be counted: %s", self.name, table, day.since, counted.told)
                sizes = None
            else:
                sizes = {_naive(row["hour"]): (row["rows"], row["bytes"]) for row in counted.objects()}
            for since, until in _cut(day.since, day.until, sizes):
                yield Window(since, until, None if until <= settled else asked_at)

    def _ask(self, workspace: str, table: str, window: Window, rest: str) -> Answer:
        """`table` is one of ours and the times are written by us, so the query holds nothing foreign."""
        arrived = (
            f"ingestion_time() >= datetime({written(window.since)})"
            f" and ingestion_time() < datetime({written(window.until)})"
        )
        query = f"{table} | where {arrived}{CONDITIONS.get(table, '')}{rest}"
        return self._workspaces.ask(workspace, query, window.since - OLDER, window.until + NEWER)


SIZES = "summarize rows = count(), bytes = sum(estimate_data_size(*)) by hour = bin(ingestion_time(), 1h)"


def _cut(
    since: datetime, until: datetime, sizes: Mapping[datetime, tuple[int, float]] | None
) -> Iterator[tuple[datetime, datetime]]:
    """[since, until) in windows that hold about as much as one answer should; hours that hold nothing are left out. Where
    sizes are not known, each hour."""
    start, shares = since, 0.0
    at = since
    while at < until:
        hour = at.replace(minute=0, second=0, microsecond=0)
        end = min(hour + HOUR, until)
        rows, size = (WINDOW_ROWS, 0) if sizes is None else sizes.get(hour, (0, 0))
        share = max(rows / WINDOW_ROWS, size / WINDOW_BYTES)
        if shares and shares + share > 1:
            yield start, at
            shares = 0.0
        if share > 1:
            yield from _equal_parts(at, end, ceil(share))
        elif share:
            start = start if shares else at
            shares += share
        at = end
    if shares:
        yield start, until


def _equal_parts(since: datetime, until: datetime, count: int) -> Iterator[tuple[datetime, datetime]]:
    step = max(SECOND, whole_second(since + (until - since) / count) - since)
    while since < until:
        yield since, min(since + step, until)
        since += step


def _part(window: Window) -> str:
    """A page stands for a part of its window by the rows' hash: page `parts + remainder`, so 1 is all of it."""
    parts = 1 << window.page.bit_length() - 1
    return f" | where hash(tostring(pack_all()), {parts}) == {window.page - parts}" if parts > 1 else ""


def _parts(window: Window) -> tuple[Window, ...]:
    parts = 1 << window.page.bit_length() - 1
    if parts >= MAX_PARTS:
        return ()
    first = replace(window, page=window.page + parts)
    return first, replace(window, page=window.page + 2 * parts)


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def _check(options: LogAnalyticsOptions, where: str) -> None:
    if options.cloud not in ENDPOINTS:
        raise SettingsError(f"{options.cloud!r} is no cloud", f"{where} cloud", ", ".join(ENDPOINTS))
    if not options.workspaces or not all(GUID.fullmatch(workspace) for workspace in options.workspaces):
        hint = "the GUID that a workspace's overview shows as Workspace ID"
        raise SettingsError("is no list of ids of workspaces", f"{where} workspaces", hint)
    if unknown := [table for table in options.tables if table not in TABLES]:
        raise SettingsError(
            f"{', '.join(unknown)} cannot be read", f"{where} tables", f"known are {', '.join(TABLES)}"
        )
    if options.look_back < timedelta(minutes=5):
        raise SettingsError("is too short", f"{where} look_back", "5m or longer")
