"""Entra ID's logs by Microsoft Graph, where there is no workspace: sign-ins of four kinds, directory audits, risk detections.

Only the beta endpoint has sessions and token ids, and other sign-ins than interactive ones. Graph gives 5 requests in 10 seconds
to an app in a tenant, newest events first, and its links to a next page expire; so times are cut into windows, one that Graph is
too slow for is halved, and one whose link expired is begun anew. Events come late: the last hours are read again each time.
Sources: https://learn.microsoft.com/graph/api/signin-list, directoryaudit-list, riskdetection-list, /graph/throttling-limits.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from loaders.base import Discovery, Fetched, Item, Probe
from loaders.graph_credentials import CLOUDS, AzureToken, TokenCredential
from loaders.http_addresses import checked_address, following_query
from loaders.http_pages import HttpError, Pages
from loaders.http_waits import Clock, clock_probe
from loaders.http_windows import MAX_PAGES, Window, instead, plan, whole_second, window_of, written
from loaders.options import read_options
from pipeline.errors import LoadError, PostresetError, SettingsError

log = logging.getLogger("postreset.load")

LATENESS = timedelta(hours=1)  # of nearly all; detections that are made offline, days later, nobody waits for
KEPT = timedelta(days=30)  # 7 without a P1 licence
AT_ONCE = 2
SECOND = timedelta(seconds=1)
NO_LICENCE = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


@dataclass(frozen=True, slots=True)
class Log:
    """One log of Graph: its path, the time that it is asked by, and what its app must be granted."""

    path: str
    time: str
    permission: str
    condition: str = ""
    page_size: int = 1000
    is_sign_in: bool = False
    look_back: timedelta = timedelta()  # at least


def _sign_ins(kind: str) -> Log:
    condition = f"signInEventTypes/any(t: t eq '{kind}')"
    permission = "AuditLog.Read.All and Directory.Read.All"
    return Log("auditLogs/signIns", "createdDateTime", permission, condition, is_sign_in=True)


LOGS = {
    "sign_ins": _sign_ins("interactiveUser"),
    "non_interactive_sign_ins": _sign_ins("nonInteractiveUser"),
    "service_principal_sign_ins": _sign_ins("servicePrincipal"),
    "managed_identity_sign_ins": _sign_ins("managedIdentity"),
    "directory_audits": Log("auditLogs/directoryAudits", "activityDateTime", "AuditLog.Read.All"),
    "risk_detections": Log(
        "identityProtection/riskDetections",
        "detectedDateTime",  # it may be days after the sign-in
        "IdentityRiskEvent.Read.All",
        page_size=500,
        look_back=timedelta(days=7),  # they are few, and their state changes: dismissed, remediated
    ),
}
IN_V1 = ("sign_ins", "directory_audits", "risk_detections")


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """`tenant` is the directory's id: a token of another is refused. `version` is that of the sign-ins; the rest is v1.0.
    `endpoint` stands in for the cloud's own address."""

    tenant: str
    logs: tuple[str, ...] = ()
    version: str = "beta"
    cloud: str = "public"
    endpoint: str | None = None
    look_back: timedelta = timedelta(hours=6)
    window: timedelta = timedelta(hours=6)


class GraphLoader:
    kind = "graph"

    def __init__(
        self,
        name: str,
        options: GraphOptions,
        credential: TokenCredential | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Without a `credential` the Azure SDK's own chain is used. Raises SettingsError."""
        self.name, self.options, self._clock, self._credential = name, options, clock, credential
        self._where = f"source {name} (graph)"
        self.logs = _checked_logs(options, f"sources.{name}")
        self._address = checked_address(options.endpoint or CLOUDS[options.cloud], f"sources.{name} endpoint")
        self._lock = threading.Lock()
        self._made: Pages | None = None

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> Self:
        return cls(name, read_options(GraphOptions, table, f"sources.{name}"))

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        pages, options = self._pages(), self.options
        now = pages.service_now()
        if not (clocks := clock_probe(pages.seconds_ahead())).is_well:
            log.warning("%s: %s", self.name, clocks.told)
        if since < now - KEPT:
            log.warning("%s: Graph keeps 30 days, so nothing before %s", self.name, f"{now - KEPT:%Y-%m-%d}")
        until = whole_second(min(until, now))
        for log_name in self.logs:
            stream = f"{options.tenant.lower()} {log_name}"
            look_back = max(options.look_back, LOGS[log_name].look_back)
            found = plan(checkpoints.get(stream, ""), since, until, look_back, now - KEPT)
            windows = found.windows(options.window, until, look_back)
            complete = until - LATENESS if found.spans else None
            yield Discovery(stream, (w.item(stream) for w in windows), found.checkpoint, complete)

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        window = window_of(item, self._where)
        log_name = item.stream.rpartition(" ")[2]
        if log_name not in LOGS:
            raise LoadError(f"{log_name!r} is no log of Graph", self._where)
        path = self._path(LOGS[log_name])
        try:
            page = self._pages().page(path, window.following or self._query(LOGS[log_name], window))
        except HttpError as error:
            if error.status in (401, 403) and error.code != NO_LICENCE:
                error = _with_permission(error, LOGS[log_name])
            return instead(window, item.stream, error)
        content = page.content
        if not isinstance(content, dict) or not isinstance(content.get("value"), list):
            raise LoadError(f"a page of {log_name} has no list of values", self._where)
        more: tuple[Item, ...] = ()
        if link := content.get("@odata.nextLink"):
            following = following_query(str(link), self._address, path, self._where)
            if following == window.following or window.page >= MAX_PAGES:
                raise LoadError("the pages do not end", self._where)
            more = (window.next_page(following).item(item.stream),)
        if content["value"]:
            write(page.body)
        return Fetched(more, is_kept=bool(content["value"]))

    def probe(self) -> list[Probe]:
        probes = []
        for log_name in self.logs:
            tried = f"{log_name} can be read"
            try:
                now = self._pages().service_now()
                window = Window(whole_second(now) - timedelta(hours=1), whole_second(now), None)
                query = self._query(LOGS[log_name], window) | {"$top": "1"}
                self._pages().page(self._path(LOGS[log_name]), query)
                probes.append(Probe(tried, True, self._address))
            except HttpError as error:
                if error.status in (401, 403) and error.code != NO_LICENCE:
                    error = _with_permission(error, LOGS[log_name])
                probes.append(Probe(tried, False, error.what, error.hint))
            except PostresetError as error:
                return [*probes, Probe(tried, False, error.what, error.hint)]
        return [*probes, clock_probe(self._pages().seconds_ahead())]

    def _path(self, wanted: Log) -> str:
        return f"/{self.options.version if wanted.is_sign_in else 'v1.0'}/{wanted.path}"

    def _query(self, wanted: Log, window: Window) -> dict[str, str]:
        """Graph documents `ge` and `le` for times and no `lt`; it counts in ticks of 100 ns, so this is [since, until)."""
        last_tick = f"{written(window.until - SECOND)[:-1]}.9999999Z"
        asked = f"{wanted.time} ge {written(window.since)} and {wanted.time} le {last_tick}"
        if wanted.condition and self.options.version != "v1.0":  # which has no such field, and one kind only
            asked += f" and {wanted.condition}"
        return {"$filter": asked, "$top": str(wanted.page_size)}

    def _pages(self) -> Pages:
        with self._lock:
            if self._made is None:
                scope = f"{self._address}/.default"
                token = AzureToken(
                    self.options.cloud, scope, self.options.tenant, self._where, self._credential
                )
                self._made = Pages(
                    self._address,
                    self._where,
                    token,
                    _hint,
                    at_once=AT_ONCE,
                    clock=self._clock,
                    clock_path="/v1.0/",  # refuses who is not signed in
                )
            return self._made


def _checked_logs(options: GraphOptions, where: str) -> tuple[str, ...]:
    if options.version not in ("v1.0", "beta"):
        raise SettingsError(f"{options.version!r} is no version", f"{where} version", "v1.0 or beta")
    if options.cloud not in CLOUDS:
        raise SettingsError(f"{options.cloud!r} is no cloud", f"{where} cloud", ", ".join(CLOUDS))
    if not re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", options.tenant):
        raise SettingsError(
            "is no id of a tenant", f"{where} tenant", "the GUID, not a name, of the directory"
        )
    if options.window < timedelta(minutes=1):
        raise SettingsError("is too short", f"{where} window", "a minute or longer")
    known = IN_V1 if options.version == "v1.0" else tuple(LOGS)
    if unknown := [name for name in options.logs if name not in known]:
        hint = f"of version {options.version} are {', '.join(known)}"
        raise SettingsError(f"{', '.join(unknown)} cannot be read", f"{where} logs", hint)
    return options.logs or known


def _with_permission(error: HttpError, wanted: Log) -> HttpError:
    hint = (
        f"grant the app {wanted.permission} (application permissions of Microsoft Graph, with admin consent)"
    )
    return HttpError(error.what, error.where, hint, status=error.status, code=error.code)


def _hint(status: int, code: str) -> str:
    if code == NO_LICENCE:
        return "sign-ins by Graph need an Entra ID P1 or P2 licence; leave them out of logs, or take them from a workspace"
    return "is endpoint the address of Microsoft Graph?" if status == 404 else ""
