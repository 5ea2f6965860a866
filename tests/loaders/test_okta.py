"""The System Log of a made-up org over a real connection: whole, once, whatever happens on the way."""

import base64
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.bounds import Bounds
from loaders.landing import Landing, LoadSummary
from loaders.okta import OktaLoader
from loaders.options import read_options
from pipeline.errors import LoadError, SettingsError
from pipeline.ingest import ingest
from pipeline.lake import Lake
from tests.loaders.clocks import SkippingClock
from tests.loaders.okta_org import OktaOrg, event, events_between
from tests.loaders.vendor_server import (
    CUT_BEFORE,
    CUT_WITHIN,
    SLOW,
    TRUNCATED,
    Answer,
    Fault,
    VendorServer,
    throttled,
)

TOKEN = "00-api-token-of-the-test"
HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 10, 12)
ROOT = Path(__file__).parent.parent.parent
SMALL = Bounds(min_free_bytes=0)


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Iterator[OktaOrg]:
    monkeypatch.setenv("OKTA_API_TOKEN", TOKEN)
    with VendorServer() as server:
        server.valid_tokens = {TOKEN}
        server.set_time(NOW)
        yield OktaOrg(server)


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    with Landing.open(tmp_path / "lake", SMALL) as landing:
        yield landing


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def make_loader(org: OktaOrg, clock: SkippingClock | None = None, **options: Any) -> OktaLoader:
    table = {"kind": "okta", "org_url": org.server.url} | options
    loader = OktaLoader.from_settings("acme", table)
    loader._clock = clock or SkippingClock.showing(NOW)
    return loader


def load(landing: Landing, loader: OktaLoader, since: datetime, until: datetime) -> LoadSummary:
    return landing.load(loader, since, until)


def landed(landing: Landing) -> list[str]:
    """The ids of all landed events, those that were landed twice as well."""
    return sorted(e["uuid"] for path in landing.not_ingested() for e in json.loads(path.read_bytes()))


def logs_asked(org: OktaOrg) -> list[dict[str, str]]:
    return [request.query for request in org.server.seen if request.path == "/api/v1/logs"]


def test_ten_thousand_events_land_whole_and_reach_the_lake_once(org: OktaOrg, landing: Landing) -> None:
    since, until = NOW - 24 * HOUR, NOW
    org.put(*events_between(since, until, 10_000))
    loader = make_loader(org, window="12h")
    summary = load(landing, loader, since, until)
    assert (summary.failed_count, summary.waiting_count, summary.error) == (0, 0, None)
    assert summary.complete_until == until - loader.options.lateness
    assert sorted(set(landed(landing))) == org.uuids()
    assert max(len(json.loads(path.read_bytes())) for path in landing.not_ingested()) == 1000
    assert {asked["sortOrder"] for asked in logs_asked(org)} == {"ASCENDING"}
    lake = landing.folder.parent
    told = ingest(lake, landing.not_ingested(), until)
    assert (told.total.events, told.total.quarantined) == (10_000, 0)
    assert event_ids(lake) == org.uuids()


def test_a_page_lands_as_it_was_received(org: OktaOrg, landing: Landing) -> None:
    body = b'[ {"uuid":"1",  "published":"x", "eventType":"y", "\\u00e9": 1.0} ]\n'
    org.server.routes["GET /api/v1/logs"] = lambda request: Answer(body)
    load(landing, make_loader(org), NOW - HOUR, NOW)
    assert {path.read_bytes() for path in landing.not_ingested()} == {body}
    assert all(path.suffix == ".json" for path in landing.not_ingested())


def test_late_events_come_with_the_look_back_and_are_in_the_lake_once(org: OktaOrg, landing: Landing) -> None:
    since, until = NOW - 12 * HOUR, NOW - HOUR
    org.put(*events_between(since, until, 500))
    load(landing, make_loader(org), since, until)
    org.put(event(9001, until - HOUR), event(9002, until - 10 * HOUR), event(9003, until))
    summary = load(landing, make_loader(org), until, NOW)
    assert summary.error is None
    lake = landing.folder.parent
    told = ingest(lake, landing.not_ingested(), until)
    assert told.total.duplicates > 0
    late_beyond_look_back = event(9002, until)["uuid"]
    assert event_ids(lake) == [uuid for uuid in org.uuids() if uuid != late_beyond_look_back]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_event_is_lost_or_doubled_at_the_bounds_of_windows(org: OktaOrg, data: st.DataObject) -> None:
    """Whatever Okta means by its bounds. Events lie on them, a millisecond before, and after. A driver without landing."""
    start = NOW.replace(minute=0, second=0) - 8 * HOUR
    bounds = [start + HOUR * number for number in range(7)]
    offsets = st.sampled_from([timedelta(milliseconds=m) for m in (-1, 0, 1, 400)])
    times = data.draw(st.lists(st.tuples(st.sampled_from(bounds), offsets), max_size=25))
    org.since_is_in, org.until_is_in = data.draw(st.booleans()), data.draw(st.booleans())
    org._events = []
    org.put(*[event(number, at + offset) for number, (at, offset) in enumerate(times)])
    runs = sorted(data.draw(st.sets(st.sampled_from(bounds[1:]), min_size=1, max_size=3)))
    checkpoint, bodies = "", []
    for until in runs:
        loader = make_loader(org, window="1h")
        for discovery in loader.discover({loader._stream: checkpoint}, start, until):
            waiting = list(discovery.items)
            while waiting:
                waiting += loader.fetch(waiting.pop(), bodies.append).more
            checkpoint = discovery.checkpoint
    found = {e["uuid"] for body in bodies for e in json.loads(body)}
    within = {
        e["uuid"] for e in org._events if start <= datetime.fromisoformat(e["published"][:-1]) < runs[-1]
    }
    assert within <= found
    at_most_a_millisecond_out = {
        e["uuid"]
        for e in org._events
        if start - timedelta(milliseconds=1) <= datetime.fromisoformat(e["published"][:-1]) <= runs[-1]
    }
    assert found <= at_most_a_millisecond_out


def test_every_fault_at_once_loses_nothing(org: OktaOrg, landing: Landing) -> None:
    since, until = NOW - 6 * HOUR, NOW
    org.put(*events_between(since, until, 3000))
    org.server.plan(
        throttled(retry_after=30),
        CUT_BEFORE,
        throttled(reset_in=20),
        TRUNCATED,
        Fault(503),
        CUT_WITHIN,
        Fault(504),
        throttled(retry_after=9, as_date=True),
        Fault(500, body={"errorCode": "E0000009", "errorSummary": "took too long"}),
        on="/api/v1/logs",
    )
    clock = SkippingClock.showing(NOW)
    summary = load(landing, make_loader(org, clock, window="1h"), since, until)
    assert (summary.failed_count, summary.waiting_count, summary.error) == (0, 0, None)
    assert org.server.planned() == 0
    assert sorted(set(landed(landing))) == org.uuids()
    assert max(clock.slept) > 15


def test_a_query_that_is_too_slow_is_halved(org: OktaOrg, landing: Landing) -> None:
    since, until = NOW - 4 * HOUR, NOW
    org.put(*events_between(since, until, 300))
    answer = org.server.routes["GET /api/v1/logs"]

    def slow_for_long_windows(request: Any) -> Answer:
        span = datetime.fromisoformat(request.query["until"][:-1]) - datetime.fromisoformat(
            request.query["since"][:-1]
        )
        if span > HOUR + timedelta(seconds=1):
            return Answer({"errorCode": "E0000009", "errorSummary": "took too long"}, 500)
        return answer(request)

    org.server.routes["GET /api/v1/logs"] = slow_for_long_windows
    summary = load(landing, make_loader(org, window="4h"), since, until)
    assert (summary.failed_count, summary.waiting_count) == (0, 0)
    assert sorted(set(landed(landing))) == org.uuids()


def test_a_load_that_was_killed_goes_on_where_it_was(org: OktaOrg, tmp_path: Path) -> None:
    """The ledger of a run that could not go on, and a new loader: pages that were landed are not asked for again."""
    since, until = NOW - 48 * HOUR, NOW - 24 * HOUR
    org.put(*events_between(since, until, 5000))
    answer, count = org.server.routes["GET /api/v1/logs"], 0

    def ends(request: Any) -> Answer:
        nonlocal count
        count += 1
        return answer(request) if count <= 3 else Answer(b"", 403)

    org.server.routes["GET /api/v1/logs"] = ends
    lake = tmp_path / "lake"
    with Landing.open(lake, SMALL) as landing:
        summary = landing.load(make_loader(org, window="12h"), since, until, in_flight=1)
        assert summary.waiting_count > 0
        assert summary.complete_until is None
        first = landed(landing)
        assert len(first) == 3000
    org.server.routes["GET /api/v1/logs"] = answer
    org.server.seen.clear()
    with Landing.open(lake, SMALL) as landing:
        summary = landing.load(make_loader(org, window="12h"), since, until, in_flight=1)
        assert (summary.waiting_count, summary.error) == (0, None)
        assert sorted(set(landed(landing))) == org.uuids()
        assert len(landed(landing)) <= 5000 + 1  # of windows a millisecond overlaps
        assert len(logs_asked(org)) == 3


LOAD = """
import sys
from datetime import datetime
from pathlib import Path
from loaders.landing import Landing
from loaders.okta import OktaLoader, OktaOptions
from tests.loaders.clocks import SkippingClock

url, lake, since, now = sys.argv[1:]
now = datetime.fromisoformat(now)
loader = OktaLoader("acme", OktaOptions(url), SkippingClock.showing(now))
with Landing.open(Path(lake)) as landing:
    summary = landing.load(loader, datetime.fromisoformat(since), now)
sys.exit(0 if summary.waiting_count == 0 and summary.error is None else 1)
"""


@pytest.mark.slow
def test_kills_at_any_moment_lose_nothing_and_double_nothing(org: OktaOrg, tmp_path: Path) -> None:
    since, lake, chance = NOW - 72 * HOUR, tmp_path / "lake", random.Random(6)
    org.put(*events_between(since, NOW, 30_000))
    org.server.plan(*[SLOW] * 30, on="/api/v1/logs")
    kills = 0
    while True:
        args = [sys.executable, "-c", LOAD, org.server.url, str(lake), since.isoformat(), NOW.isoformat()]
        process = subprocess.Popen(args, cwd=ROOT)
        target = len(logs_asked(org)) + chance.randint(1, 6)
        while process.poll() is None and (len(logs_asked(org)) < target or kills >= 8):
            org.server.ended.wait(0.01)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kills += 1
    assert (process.returncode, kills) == (0, 8)
    with Landing.open(lake) as landing:
        assert sorted(set(landed(landing))) == org.uuids()
        assert landing.complete_until("acme") == NOW - timedelta(minutes=10)
        told = ingest(lake, landing.not_ingested(), NOW)
    assert (told.total.events, told.total.quarantined) == (30_000, 0)
    assert event_ids(lake) == org.uuids()


def test_a_cursor_that_expired_begins_its_window_anew(org: OktaOrg, landing: Landing) -> None:
    since, until = NOW - 4 * HOUR, NOW
    org.put(*events_between(since, until, 2500))
    org.expired = {"1000"}
    loader = make_loader(org, window="1d")
    answer = org.server.routes["GET /api/v1/logs"]

    def lives_again(request: Any) -> Answer:
        reply = answer(request)
        if reply.status == 400:
            org.expired.clear()
        return reply

    org.server.routes["GET /api/v1/logs"] = lives_again
    summary = load(landing, loader, since, until)
    assert (summary.failed_count, summary.waiting_count) == (0, 0)
    assert sorted(set(landed(landing))) == org.uuids()


def test_a_next_link_to_elsewhere_gets_no_token(org: OktaOrg, landing: Landing) -> None:
    since, until = NOW - 4 * HOUR, NOW
    org.put(*events_between(since, until, 1500))
    with VendorServer({"GET /*": lambda request: Answer([])}) as other:
        org.link_origin = other.url
        summary = load(landing, make_loader(org, window="1d"), since, until)
        assert other.seen == []
    assert summary.failed_count > 0
    assert "the next link leads to" in summary.troubles[0].told
    assert summary.complete_until is None
    assert TOKEN not in repr(summary)


def test_an_empty_page_ends_though_it_has_a_link(org: OktaOrg, landing: Landing) -> None:
    org.put(*events_between(NOW - 2 * HOUR, NOW - HOUR, 10))
    org.always_links = True
    summary = load(landing, make_loader(org, window="1d"), NOW - 4 * HOUR, NOW)
    assert (summary.failed_count, summary.waiting_count) == (0, 0)
    assert sorted(set(landed(landing))) == org.uuids()


def test_pages_that_lead_to_themselves_are_an_error(org: OktaOrg, landing: Landing) -> None:
    link = f'<{org.server.url}/api/v1/logs?since=x&until=y&after=1>; rel="next"'
    org.server.routes["GET /api/v1/logs"] = lambda request: Answer([event(1, NOW)], headers={"Link": link})
    summary = load(landing, make_loader(org, window="1d"), NOW - HOUR, NOW)
    assert "the pages do not end" in summary.troubles[0].told


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_a_clock_that_is_an_hour_wrong_claims_nothing_that_is_not_yet(
    org: OktaOrg, landing: Landing, ahead: int, caplog: pytest.LogCaptureFixture
) -> None:
    local_now = NOW + timedelta(seconds=ahead)
    org.put(*events_between(NOW - 3 * HOUR, NOW, 200))
    loader = make_loader(org, SkippingClock.showing(NOW, ahead))
    summary = load(landing, loader, NOW - 4 * HOUR, local_now)
    service_now = org.server.now().replace(tzinfo=None)
    assert summary.complete_until is not None
    assert summary.complete_until <= min(service_now, local_now) - loader.options.lateness
    assert all(datetime.fromisoformat(asked["until"][:-1]) <= service_now for asked in logs_asked(org))
    assert "the clock here is" in caplog.text
    assert [probe.is_well for probe in loader.probe()] == [True, False]
    org.put(event(9001, NOW))
    org.server.set_time(NOW + HOUR)
    load(landing, make_loader(org), NOW - HOUR, NOW + HOUR)
    assert sorted(set(landed(landing))) == org.uuids()


def test_what_okta_no_longer_keeps_is_said_and_not_asked(
    org: OktaOrg, landing: Landing, caplog: pytest.LogCaptureFixture
) -> None:
    load(landing, make_loader(org, window="30d"), NOW - timedelta(days=400), NOW)
    assert "Okta keeps 90 days" in caplog.text
    first = min(datetime.fromisoformat(asked["since"][:-1]) for asked in logs_asked(org))
    assert first > NOW - timedelta(days=91)


def test_a_filter_is_sent_and_is_a_stream_of_its_own(org: OktaOrg) -> None:
    loader = make_loader(org, filter='eventType eq "user.session.start"')
    other = make_loader(org)
    (discovery,) = loader.discover({}, NOW - HOUR, NOW)
    loader.fetch(next(iter(discovery.items)), lambda body: None)
    assert logs_asked(org)[-1]["filter"] == 'eventType eq "user.session.start"'
    assert discovery.stream != next(iter(other.discover({}, NOW - HOUR, NOW))).stream


# credentials


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def with_app(monkeypatch: pytest.MonkeyPatch, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    monkeypatch.delenv("OKTA_API_TOKEN")
    monkeypatch.setenv("OKTA_CLIENT_ID", "0oaclientofthetest")
    monkeypatch.setenv("OKTA_PRIVATE_KEY", str(path))


def pem(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def jwk(key: RSAPrivateKey) -> bytes:
    numbers = key.private_numbers()
    named = {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e, "d": numbers.d, "p": numbers.p}
    named |= {"q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    text = {
        name: base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        .decode()
        .rstrip("=")
        for name, value in named.items()
    }
    return json.dumps({"kty": "RSA", "kid": "key-1"} | text).encode()


@pytest.mark.parametrize("write", [pem, jwk])
@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_service_app_signs_by_the_clock_of_the_org(
    org: OktaOrg,
    landing: Landing,
    key: RSAPrivateKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Any,
    ahead: int,
) -> None:
    with_app(monkeypatch, tmp_path / "key", write(key))
    org.put(*events_between(NOW - 3 * HOUR, NOW, 50))
    load(landing, make_loader(org, SkippingClock.showing(NOW, ahead)), NOW - 4 * HOUR, NOW)
    assert sorted(set(landed(landing))) == org.uuids()
    assert org.scopes == ["okta.logs.read"]
    asked = next(request for request in org.server.seen if request.path == "/oauth2/v1/token")
    header, claims, signature = asked.form()["client_assertion"].split(".")
    key.public_key().verify(b64(signature), f"{header}.{claims}".encode(), PKCS1v15(), SHA256())
    said = json.loads(b64(claims))
    assert said["iss"] == said["sub"] == "0oaclientofthetest"
    assert said["aud"] == f"{org.server.url}/oauth2/v1/token"
    assert abs(said["iat"] - org.server.now().timestamp()) < 60
    assert json.loads(b64(header)).get("kid") == ("key-1" if write is jwk else None)


def test_a_token_that_expires_between_pages_is_replaced(
    org: OktaOrg, landing: Landing, key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_app(monkeypatch, tmp_path / "key", pem(key))
    since, until = NOW - 4 * HOUR, NOW
    org.put(*events_between(since, until, 3500))
    answer, count = org.server.routes["GET /api/v1/logs"], 0

    def expiring(request: Any) -> Answer:
        nonlocal count
        count += 1
        if count == 2:
            org.server.valid_tokens = set()
        return answer(request)

    org.server.routes["GET /api/v1/logs"] = expiring
    summary = load(landing, make_loader(org, window="1d"), since, until)
    assert (summary.failed_count, summary.waiting_count) == (0, 0)
    assert sorted(set(landed(landing))) == org.uuids()
    assert len(org.scopes) == 2


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (401, {"errorCode": "E0000011", "errorSummary": "Invalid token provided"}, "OKTA_API_TOKEN anew"),
        (403, {"errorCode": "E0000006", "errorSummary": "You do not have permission"}, "okta.logs.read"),
        (403, {}, "okta.logs.read"),
        (404, {"errorCode": "E0000007", "errorSummary": "Not found"}, "org_url"),
        (400, {"errorCode": "E0000053", "errorSummary": "Invalid filter"}, "SCIM"),
    ],
)
def test_a_refusal_names_what_to_mend(
    org: OktaOrg, landing: Landing, status: int, said: dict[str, str], hint: str
) -> None:
    org.server.routes["GET /api/v1/logs"] = lambda request: Answer(said, status)
    loader = make_loader(org)
    summary = load(landing, loader, NOW - HOUR, NOW)
    assert hint in summary.troubles[0].told
    (probe,) = loader.probe()
    assert not probe.is_well
    assert hint in probe.hint
    assert summary.complete_until is None


@pytest.mark.parametrize(
    ("said", "hint"),
    [("invalid_dpop_proof", "DPoP"), ("invalid_client", "one pair"), ("invalid_scope", "okta.logs.read")],
)
def test_a_refused_app_is_told_what_to_mend(
    org: OktaOrg, key: RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, hint: str
) -> None:
    with_app(monkeypatch, tmp_path / "key", pem(key))
    seen = []

    def refuse(request: Any) -> Answer:
        seen.append(request.form()["client_assertion"])
        return Answer({"error": said, "error_description": f"of {seen[-1]}"}, 400)

    org.server.routes["POST /oauth2/v1/token"] = refuse
    (probe,) = make_loader(org).probe()
    assert not probe.is_well
    assert hint in probe.hint
    assert seen[0] not in probe.told


def test_a_key_that_is_none_is_told_without_its_content(
    org: OktaOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in (
        b"secret words",
        b'{"kty": "secret words"}',
        b"-----BEGIN PRIVATE KEY-----\nsecret words\n",
    ):
        with_app_again = tmp_path / "key"
        monkeypatch.setenv("OKTA_API_TOKEN", TOKEN)
        with_app(monkeypatch, with_app_again, content)
        (probe,) = make_loader(org).probe()
        assert not probe.is_well
        assert "OKTA_PRIVATE_KEY" in probe.told
        assert "secret words" not in repr(probe)
    monkeypatch.setenv("OKTA_PRIVATE_KEY", str(tmp_path / "nowhere"))
    assert "cannot be read" in make_loader(org).probe()[0].told


def test_no_credentials_are_told(org: OktaOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OKTA_API_TOKEN")
    (probe,) = make_loader(org).probe()
    assert (probe.is_well, probe.told) == (False, "no credentials")
    with pytest.raises(LoadError, match="OKTA_API_TOKEN"):
        list(make_loader(org).discover({}, NOW - HOUR, NOW))


def test_a_source_may_have_a_token_of_its_own(org: OktaOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OKTA_API_TOKEN", "another")
    monkeypatch.setenv("OKTA_API_TOKEN_ACME", TOKEN)
    assert all(probe.is_well for probe in make_loader(org).probe())


@pytest.mark.parametrize(
    "table",
    [
        {"org_url": "http://example.okta.com"},
        {"org_url": "https://example-admin.okta.com"},
        {"org_url": "https://example.okta.com/api/v1"},
        {"org_url": "https://example.okta.com", "token": "x"},
        {"org_url": "https://example.okta.com", "window": "0s"},
        {},
    ],
)
def test_settings_that_cannot_be(table: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"sources\.acme"):
        OktaLoader.from_settings("acme", table)


def test_options_have_no_place_for_a_secret() -> None:
    from loaders.okta import OktaOptions

    shown = repr(read_options(OktaOptions, {"org_url": "https://example.okta.com"}, "here")).lower()
    assert not any(word in shown for word in ("token", "secret", "key", "password"))


def event_ids(lake: Path) -> list[str]:
    opened = Lake.open(lake)
    with duckdb.connect() as con:
        opened.create_events_view(con)
        return [row[0] for row in con.sql("select event_id from events order by event_id").fetchall()]
