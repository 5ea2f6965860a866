"""Pages of JSON from an HTTP API: bounded, tried again as the service asks, and never with credentials to another address.

A service that is busy says when to come back (`Retry-After`, `X-Rate-Limit-Reset`): all threads wait until then, and times are
taken against the service's own `Date`, because a clock that is wrong here would wait for ever or not at all. Of a next link
only the query is used, so nothing that a service sends can lead a token elsewhere. No error text holds a token.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from loaders.http_waits import Clock, back_off, courtesy_wait, http_time, jittered, told_wait
from pipeline.errors import LoadError

MAX_BODY_BYTES = 64 << 20  # 1,000 sign-ins take about 10 MB
BODY_SECONDS = 300.0
TIMEOUT = (10.0, 100.0)  # to connect, between two pieces of a body; Okta gives up after 30 s, Graph later
TRIES = 6
THROTTLED_TRIES = 60
SHORTEST_SECRET = 8
PATIENCE = 15 * 60.0  # seconds that one page waits because the service said so
TRANSIENT = frozenset((408, 425, 429, 500, 502, 503, 504))


class Authorization(Protocol):
    """What the Authorization header holds; a token is had through the same session. `renew` is called after a 401: False
    where no other token can be had."""

    def header(self, pages: "Pages") -> str: ...

    def renew(self, pages: "Pages", rejected: str, challenge: str) -> bool: ...


class HttpError(LoadError):
    """The service refused, or did not answer. `status` 0: no whole answer came; `is_slow`: it ran out of time."""

    def __init__(
        self, what: str, where: str, hint: str = "", *, status: int = 0, code: str = "", is_slow: bool = False
    ) -> None:
        super().__init__(what, where, hint)
        self.status, self.code, self.is_slow = status, code, is_slow


@dataclass(frozen=True, slots=True)
class Page:
    """The body as received, and as read."""

    body: bytes
    content: Any
    links: Mapping[str, str]  # by their rel


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    links: Mapping[str, str]


class Pages:
    """One session with one service. Used by several threads; at most `at_once` requests are under way."""

    def __init__(
        self,
        address: str,
        where: str,
        authorization: Authorization,
        explain: Callable[[int, str], str],
        *,
        at_once: int = 2,
        clock: Clock | None = None,
        clock_path: str = "/",
    ) -> None:
        """`explain` (status, the vendor's error code) gives the hint of an error. `clock_path` answers anybody, if only
        with a refusal: its Date is the service's time."""
        import requests
        from requests.adapters import HTTPAdapter

        self.address, self.where = address, where
        self._authorization, self._explain = authorization, explain
        self._clock, self._clock_path = clock or Clock(), clock_path
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._hold_until = 0.0
        self._ahead: float | None = None  # of the service's clock before ours, in seconds
        self._session = requests.Session()
        self._session.mount(address, HTTPAdapter(pool_maxsize=at_once, max_retries=0))
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def page(self, path: str, query: Mapping[str, str] | str) -> Page:
        """One page, whole and read. Raises HttpError when the service refuses or stays busy or broken."""
        text = query if isinstance(query, str) else urlencode(query, quote_via=quote)
        return self._page("GET", f"{path}?{text}", None)

    def post(self, path: str, form: Mapping[str, str]) -> Any:
        """What a token endpoint answers to a form; no authorization goes with it."""
        return self._page("POST", path, form).content

    def service_now(self) -> datetime:
        """The time at the service, naive UTC. Asks it once if nothing was heard of it yet."""
        failed = 0
        while self._ahead is None:
            try:
                self._attempt("GET", self._clock_path, None, "")
                break
            except HttpError:
                failed += 1
                if failed >= TRIES:
                    raise
                self._clock.sleep(back_off(failed))
        return datetime.fromtimestamp(self._clock.now() + (self._ahead or 0.0), UTC).replace(tzinfo=None)

    def seconds_ahead(self) -> float:
        """How far the clock here is ahead of the service's; 0 where nothing was heard of it."""
        return -(self._ahead or 0.0)

    def _page(self, method: str, target: str, form: Mapping[str, str] | None) -> Page:
        failed = throttled = 0
        waited = 0.0
        is_renewed = False
        while True:
            header = "" if form else self._authorization.header(self)
            try:
                reply = self._attempt(method, target, form, header)
            except HttpError as error:
                failed += 2 if error.is_slow else 1  # each took its full time already
                if not error.status and failed < TRIES:
                    self._clock.sleep(back_off(failed))
                    continue
                raise
            if reply.status == 200:
                content = _read(reply.body)
                if content is not None:
                    return Page(reply.body, content, reply.links)
                error = HttpError("what it sent is not whole JSON", self.where)
            else:
                error = self._refusal(reply, [*header.split()[1:], *(form or {}).values()])
            if reply.status == 401 and not form and not is_renewed:
                is_renewed = True
                if self._authorization.renew(self, header, reply.headers.get("www-authenticate", "")):
                    continue
            if reply.status != 200 and reply.status not in TRANSIENT:
                raise error
            wait = None
            if reply.status != 200:
                wait = told_wait(reply.status, reply.headers, self._clock.now())
            if reply.status == 429 or wait is not None:
                throttled += 1
                wait = back_off(throttled) if wait is None else jittered(wait)
                if throttled >= THROTTLED_TRIES or waited + wait > PATIENCE:
                    raise HttpError(
                        f"it is busy ({reply.status}) and asks to wait {wait:.0f} s, after {waited:.0f} s of waiting",
                        self.where,
                        "run load again later; what is landed stays",
                        status=reply.status,
                    )
                waited += wait
                self._hold(wait)
            else:
                failed += 1
                if failed >= TRIES:
                    raise error
                self._clock.sleep(back_off(failed))

    def _attempt(self, method: str, target: str, form: Mapping[str, str] | None, header: str) -> _Reply:
        """One request and its whole body, whatever its status."""
        import requests

        with self._lock:
            wait = self._hold_until - self._clock.monotonic()
        if wait > 0:
            self._clock.sleep(wait)
        with self._places:
            try:
                with self._session.request(
                    method,
                    self.address + target,
                    data=form,
                    headers={"Accept": "application/json"},
                    auth=_Header(header),
                    allow_redirects=False,
                    stream=True,
                    timeout=TIMEOUT,
                ) as response:
                    headers = {name.lower(): value for name, value in response.headers.items()}
                    self._note(headers)
                    links = {rel: link.get("url", "") for rel, link in response.links.items()}
                    return _Reply(response.status_code, headers, self._body(response), links)
            except (requests.RequestException, ValueError) as error:
                if "ReadTimeout" in repr(error):  # requests calls it a ConnectionError within a body
                    raise HttpError("it did not answer in time", self.where, is_slow=True) from None
                what = f"it cannot be reached, or broke off ({type(error).__name__})"
                hint = "is the address right, and the network open to it?"
                raise HttpError(what, self.where, hint) from None

    def _body(self, response: Any) -> bytes:
        pieces, size = [], 0
        until = self._clock.monotonic() + BODY_SECONDS
        for piece in response.iter_content(1 << 16):
            size += len(piece)
            if size > MAX_BODY_BYTES:
                what = f"a page has more than {MAX_BODY_BYTES >> 20} MB"
                raise HttpError(what, self.where, status=response.status_code)
            if self._clock.monotonic() > until:
                raise HttpError(f"a page took more than {BODY_SECONDS:.0f} s", self.where, is_slow=True)
            pieces.append(piece)
        return b"".join(pieces)

    def _refusal(self, reply: _Reply, secrets: list[str]) -> HttpError:
        if 300 <= reply.status < 400:
            host = urlsplit(reply.headers.get("location", "")).netloc[:100]
            what = f"it sends elsewhere ({reply.status} to {host!r}), where nothing was sent"
            return HttpError(what, self.where, "set that address, if it is yours", status=reply.status)
        code, message = _vendor_error(_read(reply.body))
        for secret in secrets:
            if len(secret) > SHORTEST_SECRET:
                code, message = code.replace(secret, "…"), message.replace(secret, "…")
        what = f"{reply.status} {code}".strip() + (f": {message}" if message else "")
        hint = self._explain(reply.status, code)
        is_slow = reply.status == 504 or code == "E0000009"  # Okta's 500 for a query of more than 30 s
        return HttpError(what, self.where, hint, status=reply.status, code=code, is_slow=is_slow)

    def _note(self, headers: Mapping[str, str]) -> None:
        """Keeps the service's time, and leaves some of its rate limit."""
        now = self._clock.now()
        if (date := http_time(headers.get("date", ""))) is not None:
            self._ahead = date - now
        if wait := courtesy_wait(headers, now):
            self._hold(wait)

    def _hold(self, seconds: float) -> None:
        with self._lock:
            self._hold_until = max(self._hold_until, self._clock.monotonic() + seconds)


class _Header:
    """Given as `auth`, or requests would put what a .netrc says in its place."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        if self._value:
            request.headers["Authorization"] = self._value
        return request


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _vendor_error(content: Any) -> tuple[str, str]:
    """Code and message as Okta (`errorCode`), Graph (`error: {code}`) and OAuth (`error`) have them, one short line each."""
    found = content if isinstance(content, dict) else {}
    inner = found.get("error")
    if isinstance(inner, dict):
        code, message = inner.get("code"), inner.get("message")
    else:
        code = found.get("errorCode") or inner
        message = found.get("errorSummary") or found.get("error_description")
    return _line(code, 80), _line(message, 200)


def _line(value: object, length: int) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in text[: 4 * length]).strip()[:length]
