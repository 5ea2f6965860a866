"""A local HTTP server that speaks a vendor's protocol: routes are functions, faults are planned, requests are remembered.

    with VendorServer({"GET /api/v1/logs": logs, "POST /oauth2/*": token}) as server:
        server.valid_tokens = {"first"}                            # others get 401; `open_paths` need none
        server.plan(throttled(retry_after=3), Fault(503), CUT_BEFORE, on="/api/v1/logs")
        ... requests.get(server.url + "/api/v1/logs") ...
        assert [request.status for request in server.seen] == [429, 503, None, 200]

A route takes the `Request` and gives an `Answer`. Each planned fault meets one request, in order, and the route is not asked
unless the fault is one of the body (`CUT_WITHIN`, `TRUNCATED`, `SLOW`, `STALLED`): those spoil what it gives.
`clock_skew` (or `set_time`) moves the server's `Date`; `now()` is its own time, for answers that tell one. Ends with its `with` block:
bodies that are slow or stalled end then, too. Plain HTTP on 127.0.0.1, a random port, one thread a connection.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True)
class Request:
    """What came. Header names are in small letters; `status` is what was answered, None for a connection that was cut."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    status: int | None = None

    @property
    def token(self) -> str:
        """What follows the scheme (`Bearer`, `SSWS`) of the Authorization header."""
        return self.headers.get("authorization", "").partition(" ")[2]

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is sent as it is where it is bytes, else as JSON. A header may be a list, which is sent as several."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)

    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Route = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Fault:
    """A status with its headers and body, or a `way` to spoil what the route gives. `headers` may be a function of the
    server, for times that go by its clock."""

    status: int = 0
    headers: Mapping[str, str] | Callable[["VendorServer"], Mapping[str, str]] = field(default_factory=dict)
    body: Any = b""
    way: str = ""


CUT_BEFORE = Fault(way="cut before")  # the connection ends with no answer
CUT_WITHIN = Fault(way="cut within")  # it ends after half of the body that was announced
TRUNCATED = Fault(way="truncated")  # an answer that is whole for HTTP and half a JSON document
SLOW = Fault(way="slow")  # the body comes in pieces, some hundredths of a second apart
STALLED = Fault(way="stalled")  # half of the body, and the other half when the server ends
SLOW_PIECES, SLOW_PAUSE = 20, 0.02


def throttled(
    *,
    retry_after: int | None = None,
    as_date: bool = False,
    reset_in: int | None = None,
    status: int = 429,
    body: Any = b"",
) -> Fault:
    """`Retry-After` in seconds or as an HTTP date, or `X-Rate-Limit-Reset` in epoch seconds, by the server's clock."""

    def headers(server: "VendorServer") -> Mapping[str, str]:
        if reset_in is not None:
            at = int(server.now().timestamp()) + reset_in
            return {"X-Rate-Limit-Limit": "60", "X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(at)}
        if retry_after is None:
            return {}
        if as_date:
            return {
                "Retry-After": format_datetime(server.now() + timedelta(seconds=retry_after), usegmt=True)
            }
        return {"Retry-After": str(retry_after)}

    return Fault(status, headers, body)


class VendorServer:
    """`routes`: `"GET /path"` or, for all that begins so, `"GET /path/*"`; the longest wins, 404 where none fits."""

    def __init__(self, routes: Mapping[str, Route] | None = None) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.seen: list[Request] = []
        self.valid_tokens: set[str] | None = None
        self.open_paths: tuple[str, ...] = ()
        self.refusal = Answer({"error": "the token has expired"}, 401)
        self.clock_skew = timedelta()
        self.ended = threading.Event()
        self._faults: list[tuple[str, Fault]] = []
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.vendor = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def plan(self, *faults: Fault, on: str = "/") -> None:
        """Each meets one request whose path begins with `on`, in this order."""
        with self._lock:
            self._faults += [(on, fault) for fault in faults]

    def planned(self) -> int:
        """How many faults wait still."""
        return len(self._faults)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_skew

    def set_time(self, at: datetime) -> None:
        """Its clock shows `at` (naive UTC) now, and goes on from there."""
        self.clock_skew = at.replace(tzinfo=UTC) - datetime.now(UTC)

    def __enter__(self) -> "VendorServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._http.shutdown()
        self._http.server_close()

    def remember(self, request: Request) -> Fault | None:
        """Called for each request: keeps it, and takes the fault that is planned for it."""
        with self._lock:
            self.seen.append(request)
            for place, (on, fault) in enumerate(self._faults):
                if request.path.startswith(on):
                    del self._faults[place]
                    return fault
        return None

    def answer(self, request: Request) -> Answer:
        if self.valid_tokens is not None and not request.path.startswith(self.open_paths or ("\0",)):
            with self._lock:
                is_valid = request.token in self.valid_tokens
            if not is_valid:
                return self.refusal
        wanted = f"{request.method} {request.path}"
        fitting = [
            pattern
            for pattern in self.routes
            if wanted == pattern or (pattern.endswith("*") and wanted.startswith(pattern[:-1]))
        ]
        if not fitting:
            return Answer({"error": f"no route for {wanted}"}, 404)
        return self.routes[max(fitting, key=len)](request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    vendor: VendorServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault of ours; a route that raises shows as a cut connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    @property
    def vendor(self) -> VendorServer:
        return cast(_Server, self.server).vendor

    def do_GET(self) -> None:
        vendor = self.vendor
        address = urlsplit(self.path)
        request = Request(
            self.command,
            address.path,
            {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()},
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        fault = vendor.remember(request)
        if fault is CUT_BEFORE:
            return self._cut()
        if fault and fault.status:
            told = fault.headers
            headers = told if isinstance(told, Mapping) else told(vendor)
            return self._send(request, Answer(fault.body, fault.status, headers), "")
        return self._send(request, vendor.answer(request), fault.way if fault else "")

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def _send(self, request: Request, answer: Answer, way: str) -> None:
        body = answer.bytes()
        half = len(body) // 2
        if way == "truncated":
            body = body[:half]
        request.status = answer.status
        self.send_response(answer.status)
        for name, value in ({"Content-Type": "application/json"} | dict(answer.headers)).items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, one)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if way == "cut within":
            self.wfile.write(body[:half])
            self._cut()
        elif way == "stalled":
            self.wfile.write(body[:half])
            self.vendor.ended.wait(self.timeout)
            self._cut()
        elif way == "slow":
            step = max(1, len(body) // SLOW_PIECES)
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                self.vendor.ended.wait(SLOW_PAUSE)
        else:
            self.wfile.write(body)

    def _cut(self) -> None:
        """A reset, not an orderly end: what a dying proxy does."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.vendor.now(), usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Standard error stays empty."""
