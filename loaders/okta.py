"""The System Log of an Okta org, by its API: bounded requests for windows of time, page by page.

A polling request never ends, so each has `since` and `until`, which go by `published`. Okta says that events may come late then,
if rarely: the last hours are read again each time, and ingest drops what it has. Okta gives back 90 days.
Source: https://developer.okta.com/docs/reference/api/system-log/ (request types, next link, data retention).
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self
from urllib.parse import urlsplit

from loaders.base import Discovery, Fetched, Item, Probe
from loaders.http_addresses import checked_address, following_query
from loaders.http_pages import HttpError, Pages
from loaders.http_waits import Clock, clock_probe
from loaders.http_windows import MAX_PAGES, instead, plan, whole_second, window_of
from loaders.okta_credentials import SCOPE, authorization
from loaders.options import read_options
from pipeline.errors import LoadError, PostresetError, SettingsError

log = logging.getLogger("postreset.load")

PATH = "/api/v1/logs"
CLOCK_PATH = "/.well-known/okta-organization"  # needs no credentials
PAGE_SIZE = "1000"
KEPT = timedelta(days=90)
AT_ONCE = 4
OVERLAP = timedelta(milliseconds=1)  # Okta does not say whether `since` itself is in
ROLE = f"grant the app the scope {SCOPE} and the role Report Administrator; of an API token, the owner must be Read-only Administrator"
HINTS = {
    "E0000011": "set OKTA_API_TOKEN anew: a token dies with its owner's account, and after 30 days without use",
    "E0000006": ROLE,
    "invalid_scope": f"grant {SCOPE} under Okta API Scopes of the app",
    "consent_required": f"grant {SCOPE} under Okta API Scopes of the app",
    "access_denied": ROLE,
    "invalid_client": "the app's public key and OKTA_PRIVATE_KEY must be one pair, and OKTA_CLIENT_ID the app's",
    "invalid_dpop_proof": "switch off Require Demonstrating Proof of Possession (DPoP) in the app: it is not built",
    "E0000053": "the option filter is a SCIM expression without the attribute published",
    "E0000031": "the option filter has an operator that Okta does not take for that field",
}


@dataclass(frozen=True, slots=True)
class OktaOptions:
    """`look_back` is read again each time, `lateness` taken off what counts as complete. With a `filter`, complete means: of
    what it lets through."""

    org_url: str
    filter: str | None = None
    look_back: timedelta = timedelta(hours=2)
    lateness: timedelta = timedelta(minutes=10)
    window: timedelta = timedelta(hours=4)


class OktaLoader:
    kind = "okta"

    def __init__(self, name: str, options: OktaOptions, clock: Clock | None = None) -> None:
        """Raises SettingsError for an address that credentials cannot be sent to."""
        self.name, self.options, self._clock = name, options, clock
        self._where = f"source {name} (okta)"
        self._address = checked_address(options.org_url, f"sources.{name} org_url")
        host = urlsplit(self._address).hostname or ""
        if host.partition(".")[0].endswith("-admin"):
            raise SettingsError(
                f"{host} is the admin console",
                f"sources.{name} org_url",
                "leave out -admin: the API is at the org's own address",
            )
        if options.window < timedelta(minutes=1):
            raise SettingsError("is too short", f"sources.{name} window", "a minute or longer")
        self._stream = f"{host} system_log"
        if options.filter:  # another filter is another stream: nothing of it is landed yet
            self._stream += f" {sha256(options.filter.encode()).hexdigest()[:8]}"
        self._lock = threading.Lock()
        self._made: Pages | None = None

    @classmethod
    def from_settings(cls, name: str, table: dict[str, Any]) -> Self:
        return cls(name, read_options(OktaOptions, table, f"sources.{name}"))

    def discover(
        self, checkpoints: Mapping[str, str], since: datetime, until: datetime
    ) -> Iterator[Discovery]:
        pages = self._pages()
        now = pages.service_now()
        if not (clocks := clock_probe(pages.seconds_ahead())).is_well:
            log.warning("%s: %s", self.name, clocks.told)
        if since < now - KEPT:
            log.warning("%s: Okta keeps 90 days, so nothing before %s", self.name, f"{now - KEPT:%Y-%m-%d}")
        until = whole_second(min(until, now))
        found = plan(checkpoints.get(self._stream, ""), since, until, self.options.look_back, now - KEPT)
        windows = found.windows(self.options.window, until, self.options.look_back)
        items = (window.item(self._stream) for window in windows)
        complete = until - self.options.lateness if found.spans else None
        yield Discovery(self._stream, items, found.checkpoint, complete)

    def fetch(self, item: Item, write: Callable[[bytes], object]) -> Fetched:
        window = window_of(item, self._where)
        try:
            page = self._pages().page(PATH, window.following or self._query(window.since, window.until))
        except HttpError as error:
            return instead(window, item.stream, error)
        if not isinstance(page.content, list):
            raise LoadError("a page of the System Log is no list", self._where)
        if not page.content:  # a link that may be there leads to no more
            return Fetched(is_kept=False)
        more: tuple[Item, ...] = ()
        if link := page.links.get("next"):
            following = following_query(link, self._address, PATH, self._where)
            if following == window.following or window.page >= MAX_PAGES:
                raise LoadError("the pages do not end", self._where)
            more = (window.next_page(following).item(item.stream),)
        write(page.body)
        return Fetched(more)

    def probe(self) -> list[Probe]:
        tried = "the System Log can be read"
        try:
            pages = self._pages()
            now = pages.service_now()
            query = self._query(now - timedelta(hours=1), now) | {"limit": "1"}
            is_list = isinstance(pages.page(PATH, query).content, list)
        except PostresetError as error:
            return [Probe(tried, False, error.what, error.hint)]
        return [Probe(tried, is_list, self._address), clock_probe(pages.seconds_ahead())]

    def _query(self, since: datetime, until: datetime) -> dict[str, str]:
        query = {
            "since": (since - OVERLAP).isoformat(timespec="milliseconds") + "Z",
            "until": until.isoformat(timespec="milliseconds") + "Z",
            "sortOrder": "ASCENDING",
            "limit": PAGE_SIZE,
        }
        return query | ({"filter": self.options.filter} if self.options.filter else {})

    def _pages(self) -> Pages:
        with self._lock:
            if self._made is None:
                self._made = Pages(
                    self._address,
                    self._where,
                    authorization(self.name, self._where),
                    _hint,
                    at_once=AT_ONCE,
                    clock=self._clock,
                    clock_path=CLOCK_PATH,
                )
            return self._made


def _hint(status: int, code: str) -> str:
    if code in HINTS:
        return HINTS[code]
    if status in (401, 403):
        return ROLE
    return "is org_url the address of an Okta org?" if status == 404 else ""
