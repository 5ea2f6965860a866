"""An Okta org of our own: its System Log answers bounded requests page by page, as Okta documents them."""

import itertools
import json
from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from tests.loaders.vendor_server import Answer, Request, VendorServer


def event(number: int, published: datetime) -> dict[str, Any]:
    """A sign-in of a person, with the fields that Okta has in each event."""
    return {
        "actor": {
            "id": f"00u{number % 97:014}",
            "type": "User",
            "alternateId": f"u{number % 97}@example.com",
        },
        "client": {
            "userAgent": {"rawUserAgent": "Mozilla/5.0"},
            "ipAddress": f"198.51.100.{number % 250 + 1}",
        },
        "authenticationContext": {"externalSessionId": f"102s{number}", "rootSessionId": f"102s{number}"},
        "displayMessage": "User login to Okta",
        "eventType": "user.session.start",
        "outcome": {"result": "SUCCESS", "reason": None},
        "published": f"{published.isoformat(timespec='milliseconds')}Z",
        "securityContext": {"asNumber": 64496, "isProxy": False},
        "severity": "INFO",
        "debugContext": {"debugData": {"requestUri": "/idp/idx/identify"}},
        "legacyEventType": "core.user_auth.login_success",
        "transaction": {"type": "WEB", "id": f"W{number}", "detail": {}},
        "uuid": f"00000000-0000-4000-8000-{number:012x}",
        "version": "0",
        "request": {"ipChain": []},
        "target": None,
    }


class OktaOrg:
    """`since_is_in`, `until_is_in`: Okta does not say whether the bounds themselves are. Links bear `link_origin` where it is
    set. `expired`: cursors of pages that are refused."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.since_is_in, self.until_is_in = True, False
        self.link_origin = ""
        self.always_links = False
        self.expired: set[str] = set()
        self.scopes: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._times: list[datetime] = []
        self._tokens = itertools.count(1)
        server.routes |= {
            "GET /api/v1/logs": self._logs,
            "POST /oauth2/v1/token": self._token,
            "GET /.well-known/okta-organization": lambda request: Answer({"pipeline": "idx"}),
        }
        server.open_paths = ("/oauth2/", "/.well-known/")
        server.refusal = Answer({"errorCode": "E0000011", "errorSummary": "Invalid token provided"}, 401)

    def put(self, *events: dict[str, Any]) -> None:
        """Events may come late: each is found by when it was published."""
        self._events = sorted([*self._events, *events], key=lambda e: (e["published"], e["uuid"]))
        self._times = [_read(e["published"]) for e in self._events]

    def uuids(self) -> list[str]:
        return sorted(e["uuid"] for e in self._events)

    def _logs(self, request: Request) -> Answer:
        query = request.query
        if "until" not in query or "since" not in query:
            return Answer({"errorCode": "E0000001", "errorSummary": "a polling request never ends"}, 400)
        if query.get("after") in self.expired:
            return Answer({"errorCode": "E0000053", "errorSummary": "Invalid parameter: after"}, 400)
        find_since = bisect_left if self.since_is_in else bisect_right
        find_until = bisect_right if self.until_is_in else bisect_left
        start = find_since(self._times, _read(query["since"]))
        end = find_until(self._times, _read(query["until"]))
        if "after" in query:
            start = max(start, int(query["after"]))
        stop = min(start + int(query.get("limit", "100")), end)
        origin = self.link_origin or self.server.url
        links = [f'<{origin}/api/v1/logs?{urlencode(query, quote_via=quote)}>; rel="self"']
        if stop < end or self.always_links:
            following = urlencode(query | {"after": str(stop)}, quote_via=quote)
            links.append(f'<{origin}/api/v1/logs?{following}>; rel="next"')
        headers = {"Link": links, "X-Rate-Limit-Limit": "60", "X-Rate-Limit-Remaining": "59"}
        reset = int(self.server.now().timestamp()) + 60
        body = json.dumps(self._events[start:stop]).encode()
        return Answer(body, headers=headers | {"X-Rate-Limit-Reset": str(reset)})

    def _token(self, request: Request) -> Answer:
        self.scopes.append(request.form()["scope"])
        token = f"oauth-token-{next(self._tokens)}"
        self.server.valid_tokens = {token}
        return Answer({"token_type": "Bearer", "expires_in": 3600, "access_token": token})


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z"))


def events_between(since: datetime, until: datetime, count: int) -> list[dict[str, Any]]:
    """So many events, evenly spaced over [since, until)."""
    step = (until - since) / count
    return [event(number, _milliseconds(since + step * number)) for number in range(count)]


def _milliseconds(at: datetime) -> datetime:
    return at - timedelta(microseconds=at.microsecond % 1000)
