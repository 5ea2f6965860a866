"""One page over HTTP: every fault that a service or the way to it has, and what is told of it."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from loaders import http_pages
from loaders.http_addresses import checked_address, following_query
from loaders.http_pages import HttpError, Pages
from pipeline.errors import LoadError, SettingsError
from tests.loaders.clocks import SkippingClock
from tests.loaders.vendor_server import (
    CUT_BEFORE,
    CUT_WITHIN,
    SLOW,
    STALLED,
    TRUNCATED,
    Answer,
    Fault,
    Request,
    VendorServer,
    throttled,
)

TOKEN = "secret-token-of-the-test"
BODY = {"value": list(range(2000))}


class Tokens:
    """Authorization that has `count` tokens, one after the other."""

    def __init__(self, count: int = 1) -> None:
        self.count, self.at = count, 1

    def header(self, pages: Pages) -> str:
        return f"Bearer {TOKEN}-{self.at}"

    def renew(self, pages: Pages, rejected: str, challenge: str) -> bool:
        if self.at < self.count:
            self.at += 1
        return self.header(pages) != rejected


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer({"GET /page": lambda request: Answer(BODY)}) as server:
        yield server


def make_pages(server: VendorServer, clock: SkippingClock | None = None, tokens: int = 1) -> Pages:
    clock = clock or SkippingClock()
    return Pages(server.url, "source test", Tokens(tokens), lambda status, code: f"hint {code}", clock=clock)


def statuses(server: VendorServer) -> list[int | None]:
    return [request.status for request in server.seen]


@pytest.mark.parametrize(
    "fault", [CUT_BEFORE, CUT_WITHIN, TRUNCATED, Fault(500), Fault(502), Fault(503), Fault(504)]
)
def test_a_passing_fault_is_tried_again(server: VendorServer, fault: Fault) -> None:
    server.plan(fault, fault)
    clock = SkippingClock()
    page = make_pages(server, clock).page("/page", {})
    assert page.content == BODY
    assert len(server.seen) == 3
    assert len(clock.slept) == 2
    assert all(0.5 <= seconds <= http_pages.PATIENCE for seconds in clock.slept)


def test_a_slow_body_comes_whole(server: VendorServer) -> None:
    server.plan(SLOW)
    assert make_pages(server).page("/page", {}).content == BODY
    assert statuses(server) == [200]


def test_a_stalled_body_is_given_up_and_asked_for_again(
    server: VendorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_pages, "TIMEOUT", (5.0, 0.3))
    server.plan(STALLED)
    assert make_pages(server).page("/page", {}).content == BODY
    server.plan(*[STALLED] * 3)
    with pytest.raises(HttpError, match="did not answer in time") as error:
        make_pages(server).page("/page", {})
    assert error.value.is_slow


def test_a_body_that_trickles_has_its_time_too(server: VendorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pages, "BODY_SECONDS", -1.0)
    with pytest.raises(HttpError, match="took more than") as error:
        make_pages(server).page("/page", {})
    assert error.value.is_slow


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("server_ahead_hours", [-1, 0, 1])
def test_retry_after_is_waited_for_whatever_the_clocks_say(
    server: VendorServer, as_date: bool, server_ahead_hours: int
) -> None:
    server.clock_skew = timedelta(hours=server_ahead_hours)
    server.plan(throttled(retry_after=40, as_date=as_date))
    clock = SkippingClock()
    assert make_pages(server, clock).page("/page", {}).content == BODY
    assert len(clock.slept) == 1
    assert 38 <= clock.slept[0] <= 42


@pytest.mark.parametrize("local_ahead", [-3600, 0, 3600])
def test_the_reset_of_a_rate_limit_is_by_the_clock_of_the_service(
    server: VendorServer, local_ahead: int
) -> None:
    server.plan(throttled(reset_in=30))
    clock = SkippingClock(local_ahead)
    assert make_pages(server, clock).page("/page", {}).content == BODY
    assert len(clock.slept) == 1
    assert 29 <= clock.slept[0] <= 33


def test_a_reset_counts_for_429_only_as_it_is_in_every_answer(server: VendorServer) -> None:
    server.plan(Fault(500, lambda s: {"X-Rate-Limit-Reset": str(int(s.now().timestamp()) + 50)}))
    clock = SkippingClock()
    make_pages(server, clock).page("/page", {})
    assert max(clock.slept) < 10


def test_throttling_without_a_time_backs_off_and_ends(server: VendorServer) -> None:
    server.plan(*[throttled()] * 100)
    clock = SkippingClock()
    with pytest.raises(HttpError, match=r"busy \(429\).*run load again later"):
        make_pages(server, clock).page("/page", {})
    assert server.planned() > 0
    assert sum(clock.slept) <= http_pages.PATIENCE
    assert clock.slept[0] < clock.slept[5]


def test_a_wait_of_zero_does_not_go_on_for_ever(server: VendorServer) -> None:
    server.plan(*[throttled(retry_after=0)] * 100)
    with pytest.raises(HttpError, match="busy"):
        make_pages(server).page("/page", {})
    assert len(server.seen) == http_pages.THROTTLED_TRIES


@pytest.mark.parametrize("told", ["99999999", "9" * 5000, "-5", "soon", "٣", "Thu, 99 Foo 2026 99:99:99 GMT"])
def test_an_odd_retry_after_neither_hangs_nor_breaks(server: VendorServer, told: str) -> None:
    server.plan(Fault(429, {"Retry-After": told.encode().decode("latin-1")}))
    clock = SkippingClock()
    if told == "99999999":
        with pytest.raises(HttpError, match="busy"):
            make_pages(server, clock).page("/page", {})
    else:
        assert make_pages(server, clock).page("/page", {}).content == BODY
    assert sum(clock.slept) < 60


def test_all_threads_wait_when_one_is_told_to(server: VendorServer) -> None:
    server.plan(throttled(retry_after=40))
    clock = SkippingClock()
    pages = make_pages(server, clock)
    first = threading.Thread(target=pages.page, args=("/page", {}))
    first.start()
    first.join()
    pages._hold(25)  # what another thread was told meanwhile
    pages.page("/page", {})
    assert len(clock.slept) == 2
    assert 20 <= clock.slept[1] <= 25


def test_the_last_tenth_of_a_rate_limit_is_left_to_others(server: VendorServer) -> None:
    left = iter([7, 5, 60])

    def limited(request: Request) -> Answer:
        reset = str(int(server.now().timestamp()) + 20)
        headers = {
            "X-Rate-Limit-Limit": "60",
            "X-Rate-Limit-Remaining": str(next(left)),
            "X-Rate-Limit-Reset": reset,
        }
        return Answer(BODY, headers=headers)

    server.routes["GET /page"] = limited
    clock = SkippingClock()
    pages = make_pages(server, clock)
    for _ in range(2):
        pages.page("/page", {})
    assert clock.slept == []
    pages.page("/page", {})
    assert len(clock.slept) == 1
    assert 18 <= clock.slept[0] <= 22


def test_an_expired_token_is_renewed_once_a_page(server: VendorServer) -> None:
    server.valid_tokens = {f"{TOKEN}-2"}
    pages = make_pages(server, tokens=2)
    pages.page("/page", {})
    pages.page("/page", {})
    assert statuses(server) == [401, 200, 200]
    server.valid_tokens = set()
    with pytest.raises(HttpError, match="401") as error:
        make_pages(server, tokens=9).page("/page", {})
    assert statuses(server)[3:] == [401, 401]
    assert error.value.status == 401


def test_no_error_text_holds_the_token_or_control_characters(server: VendorServer) -> None:
    said = {
        "errorCode": f"E1 {TOKEN}-1",
        "errorSummary": f"bad token {TOKEN}-1 \x1b[31m\nof you" + "x" * 5000,
    }
    server.routes["GET /page"] = lambda request: Answer(said, 403)
    with pytest.raises(HttpError) as error:
        make_pages(server).page("/page", {})
    text = str(error.value)
    assert "403" in text
    assert TOKEN not in text
    assert text.isprintable()
    assert len(text) < 600
    chain: BaseException | None = error.value
    while chain is not None:
        assert TOKEN not in repr(chain)
        chain = chain.__cause__


def test_a_redirect_is_not_followed(server: VendorServer) -> None:
    with VendorServer({"GET /*": lambda request: Answer(BODY)}) as other:
        server.plan(Fault(302, {"Location": f"{other.url}/page"}))
        with pytest.raises(HttpError, match="sends elsewhere"):
            make_pages(server).page("/page", {})
        assert other.seen == []


def test_a_netrc_does_not_stand_in_for_the_token(
    server: VendorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    make_pages(server).page("/page", {})
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}-1"


def test_a_cookie_is_not_kept(server: VendorServer) -> None:
    server.routes["GET /page"] = lambda request: Answer(BODY, headers={"Set-Cookie": "a=b; Path=/"})
    pages = make_pages(server)
    pages.page("/page", {})
    pages.page("/page", {})
    assert "cookie" not in server.seen[1].headers


def test_a_body_has_a_bound(server: VendorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pages, "MAX_BODY_BYTES", 4000)
    with pytest.raises(HttpError, match="a page has more than"):
        make_pages(server).page("/page", {})
    assert len(server.seen) == 1


def test_json_too_deep_to_read_is_no_crash(server: VendorServer) -> None:
    server.routes["GET /page"] = lambda request: Answer(b"[" * 200_000)
    with pytest.raises(HttpError, match="not whole JSON"):
        make_pages(server).page("/page", {})


def test_the_time_is_that_of_the_service(server: VendorServer) -> None:
    server.clock_skew = timedelta(hours=-1)
    pages = make_pages(server, SkippingClock(ahead=600))
    server.plan(CUT_BEFORE, CUT_BEFORE)
    told = pages.service_now()
    assert abs(told - server.now().replace(tzinfo=None)) < timedelta(seconds=10)
    assert 4190 < pages.seconds_ahead() < 4210
    assert statuses(server) == [None, None, 404]  # anybody may ask
    assert not any("authorization" in request.headers for request in server.seen)


def test_a_service_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer() as server:
        address = server.url
    pages = Pages(address, "source gone", Tokens(), lambda status, code: "", clock=SkippingClock())
    with pytest.raises(LoadError, match="source gone: it cannot be reached"):
        pages.page("/page", {})


LINKS = {
    "https://example.okta.com/api/v1/logs?after=1": "after=1",
    "https://EXAMPLE.okta.com/api/v1/LOGS?after=1&since=2": "after=1&since=2",
    "https://evil.example/api/v1/logs?after=1": None,
    "http://example.okta.com/api/v1/logs?after=1": None,
    "https://example.okta.com:444/api/v1/logs?after=1": None,
    "https://example.okta.com.evil.example/api/v1/logs?after=1": None,
    "https://example.okta.com@evil.example/api/v1/logs?after=1": None,
    "https://evil.example\\@example.okta.com/api/v1/logs?after=1": None,
    "https://u:p@example.okta.com/api/v1/logs?after=1": None,
    "//evil.example/api/v1/logs?after=1": None,
    "/api/v1/logs?after=1": None,
    "https://example.okta.com/api/v1/users?after=1": None,
    "https://example.okta.com/api/v1/logs/../users?after=1": None,
    "https://example.okta.com/api/v1/logs": None,
    "https://example.okta.com/api/v1/logs?after=" + "1" * 9000: None,
    "https://example.okta.com/api/v1/logs?after=é": None,
    "https://[::1/api/v1/logs?after=1": None,
    "": None,
}


@pytest.mark.parametrize("link", LINKS)
def test_of_a_next_link_the_query_is_kept_and_only_of_our_own(link: str) -> None:
    def follow() -> str:
        return following_query(link, "https://example.okta.com", "/api/v1/logs", "here")

    if LINKS[link] is None:
        with pytest.raises(LoadError, match="the next link"):
            follow()
    else:
        assert follow() == LINKS[link]


@pytest.mark.parametrize(
    ("address", "checked"),
    [
        ("https://example.okta.com", "https://example.okta.com"),
        ("https://Example.okta.com/", "https://example.okta.com"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://example.okta.com", None),
        ("http://127.0.0.1.example.com", None),
        ("https://user:word@example.okta.com", None),
        ("https://example.okta.com/api", None),
        ("https://example.okta.com?x", None),
        ("https://example .com", None),
        ("https://example.com:port", None),
        ("example.okta.com", None),
        ("ftp://example.com", None),
        ("", None),
    ],
)
def test_credentials_go_to_https_addresses_and_this_machine_only(address: str, checked: str | None) -> None:
    if checked is None:
        with pytest.raises(SettingsError, match=re.escape(repr(address))):
            checked_address(address, "here")
    else:
        assert checked_address(address, "here") == checked
