"""Entra ID's logs by a made-up Microsoft Graph over a real connection: each log whole, once, and known to ingest."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.bounds import Bounds
from loaders.graph import LOGS, GraphLoader, GraphOptions
from loaders.landing import Landing, LoadSummary
from pipeline.errors import SettingsError
from pipeline.ingest import ingest
from pipeline.lake import Lake
from tests.loaders.clocks import SkippingClock
from tests.loaders.graph_tenant import (
    TENANT,
    Credential,
    GraphTenant,
    directory_audit,
    risk_detection,
    sign_in,
)
from tests.loaders.vendor_server import (
    CUT_BEFORE,
    CUT_WITHIN,
    TRUNCATED,
    Answer,
    Fault,
    VendorServer,
    throttled,
)

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 10, 12)
SMALL = Bounds(min_free_bytes=0)
KINDS = ("interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity")


@pytest.fixture
def tenant() -> Iterator[GraphTenant]:
    with VendorServer() as server:
        server.set_time(NOW)
        yield GraphTenant(server)


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    with Landing.open(tmp_path / "lake", SMALL) as landing:
        yield landing


def make_loader(tenant: GraphTenant, clock: SkippingClock | None = None, **options: Any) -> GraphLoader:
    given_options = GraphOptions(TENANT, endpoint=tenant.server.url, **options)
    clock = clock or SkippingClock.showing(NOW)
    return GraphLoader("contoso", given_options, Credential(tenant.server), clock)


def fill(tenant: GraphTenant, since: datetime, until: datetime, count: int) -> None:
    step = (until - since) / count
    for number in range(count):
        tenant.sign_ins.append(sign_in(number, since + step * number, KINDS[number % 4]))
    for number in range(count // 4):
        tenant.audits.append(directory_audit(number, since + 4 * step * number))
        tenant.risks.append(risk_detection(number, since + 4 * step * number))


def objects(landing: Landing) -> list[dict[str, Any]]:
    """All that was landed, what was landed twice as well."""
    return [o for path in landing.not_ingested() for o in json.loads(path.read_bytes())["value"]]


def ids(landing: Landing) -> list[str]:
    return sorted({o["id"] for o in objects(landing)})


def assert_well(summary: LoadSummary) -> None:
    assert (summary.failed_count, summary.waiting_count, summary.error) == (0, 0, None)


def test_ten_thousand_events_of_six_logs_reach_the_lake_once_each_in_its_place(
    tenant: GraphTenant, landing: Landing
) -> None:
    since = NOW - 24 * HOUR
    fill(tenant, since, NOW, 7000)
    assert_well(landing.load(make_loader(tenant), since, NOW))
    assert ids(landing) == tenant.ids()
    lake = landing.folder.parent
    told = ingest(lake, landing.not_ingested(), NOW)
    assert told.total.quarantined == 0
    assert told.total.events == 10_500
    assert count_by_source(lake) == {
        "entra_signin": 1750,
        "entra_signin_noninteractive": 1750,
        "entra_signin_service_principal": 1750,
        "entra_signin_managed_identity": 1750,
        "entra_audit": 1750,
        "entra_risk": 1750,
    }
    assert landing.complete_until("contoso") == NOW - HOUR


def test_a_page_lands_as_it_was_received(tenant: GraphTenant, landing: Landing) -> None:
    body = b'{ "@odata.context":"x",\n "value":[ {"id":"1", "\\u00e9": 1.0} ] }\r\n'
    tenant.server.routes["GET /v1.0/auditLogs/directoryAudits"] = lambda request: Answer(body)
    assert_well(landing.load(make_loader(tenant, logs=("directory_audits",)), NOW - HOUR, NOW))
    assert {path.read_bytes() for path in landing.not_ingested()} == {body}


def test_a_page_without_values_may_still_lead_on(tenant: GraphTenant, landing: Landing) -> None:
    fill(tenant, NOW - HOUR, NOW, 40)
    answer = tenant.server.routes["GET /v1.0/auditLogs/directoryAudits"]

    def empty_first(request: Any) -> Answer:
        if "$skiptoken" in request.query:
            request.query.pop("$skiptoken")
            return answer(request)
        link = f"{tenant.server.url}/v1.0/auditLogs/directoryAudits?%24filter={request.query['$filter']}"
        return Answer({"value": [], "@odata.nextLink": f"{link}&$top=1000&$skiptoken=1"})

    tenant.server.routes["GET /v1.0/auditLogs/directoryAudits"] = empty_first
    assert_well(landing.load(make_loader(tenant, logs=("directory_audits",)), NOW - 2 * HOUR, NOW))
    assert ids(landing) == sorted(o["id"] for o in tenant.audits)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_event_is_lost_or_doubled_at_the_bounds_of_windows(
    tenant: GraphTenant, data: st.DataObject
) -> None:
    """Audits are logged to 100 ns: on a bound, one tick before it, and after. A driver without landing."""
    start = NOW - 8 * HOUR
    bounds = [start + HOUR * number for number in range(7)]
    offsets = ("-1s.9999999", ".0000000", ".0000001", ".5000000")
    drawn = data.draw(st.lists(st.tuples(st.sampled_from(bounds), st.sampled_from(offsets)), max_size=25))
    tenant.audits = []
    for number, (at, offset) in enumerate(drawn):
        second = at - timedelta(seconds=1) if offset.startswith("-") else at
        text = f"{second.isoformat()}{offset.removeprefix('-1s')}Z"
        tenant.audits.append(directory_audit(number, at) | {"activityDateTime": text})
    runs = sorted(data.draw(st.sets(st.sampled_from(bounds[1:]), min_size=1, max_size=3)))
    checkpoint, bodies = "", []
    for until in runs:
        loader = make_loader(tenant, logs=("directory_audits",), window=HOUR, look_back=timedelta())
        for discovery in loader.discover({f"{TENANT} directory_audits": checkpoint}, start, until):
            waiting = list(discovery.items)
            while waiting:
                waiting += loader.fetch(waiting.pop(), bodies.append).more
            checkpoint = discovery.checkpoint
    found = Counter(o["id"] for body in bodies for o in json.loads(body)["value"])
    wanted = [
        o["id"]
        for o in tenant.audits
        if f"{start.isoformat()}.0000000Z" <= o["activityDateTime"] < f"{runs[-1].isoformat()}.0000000Z"
    ]
    assert found == Counter(wanted)


def test_late_events_come_with_the_look_back_and_are_in_the_lake_once(
    tenant: GraphTenant, landing: Landing
) -> None:
    since = NOW - 12 * HOUR
    tenant.sign_ins = [sign_in(number, since + number * timedelta(minutes=1)) for number in range(600)]
    tenant.risks = [risk_detection(1, NOW - 4 * 24 * HOUR)]
    logs = ("sign_ins", "risk_detections")
    assert_well(landing.load(make_loader(tenant, logs=logs), NOW - 5 * 24 * HOUR, NOW))
    tenant.sign_ins.append(sign_in(9001, NOW - 2 * HOUR))
    tenant.risks = [
        tenant.risks[0] | {"riskState": "dismissed", "riskDetail": "adminDismissedAllRiskForUser"}
    ]
    tenant.server.set_time(NOW + HOUR)
    loader = make_loader(tenant, SkippingClock.showing(NOW + HOUR), logs=logs)
    assert_well(landing.load(loader, NOW, NOW + HOUR))
    lake = landing.folder.parent
    told = ingest(lake, landing.not_ingested(), NOW)
    assert told.total.duplicates > 0
    assert count_by_source(lake) == {"entra_signin": 601, "entra_risk": 2}  # a state is an event too


def test_every_fault_at_once_loses_nothing(tenant: GraphTenant, landing: Landing) -> None:
    since = NOW - 12 * HOUR
    fill(tenant, since, NOW, 2000)
    tenant.server.plan(
        throttled(retry_after=30),
        CUT_BEFORE,
        TRUNCATED,
        Fault(503, {"Retry-After": "5"}),
        CUT_WITHIN,
        Fault(504, body={"error": {"code": "UnknownError", "message": ""}}),
        throttled(retry_after=9, as_date=True),
        on="/beta/auditLogs/signIns",
    )
    clock = SkippingClock.showing(NOW, ahead=3600)
    assert_well(landing.load(make_loader(tenant, clock), since, NOW))
    assert tenant.server.planned() == 0
    assert ids(landing) == tenant.ids()
    assert 20 < max(clock.slept) < 60


def test_a_token_that_expires_between_pages_is_replaced_by_the_challenge(
    tenant: GraphTenant, landing: Landing
) -> None:
    since = NOW - 5 * HOUR
    tenant.sign_ins = [sign_in(number, since + number * timedelta(seconds=5)) for number in range(3500)]
    answer, count = tenant.server.routes["GET /beta/auditLogs/signIns"], 0

    def expiring(request: Any) -> Answer:
        nonlocal count
        count += 1
        if count == 2:
            tenant.server.valid_tokens = set()
        return answer(request)

    tenant.server.routes["GET /beta/auditLogs/signIns"] = expiring
    loader = make_loader(tenant, logs=("sign_ins",))
    assert_well(landing.load(loader, since, NOW))
    assert ids(landing) == tenant.ids()
    assert isinstance(loader._credential, Credential)
    assert {scope for scope, _ in loader._credential.asked} == {f"{tenant.server.url}/.default"}
    assert [claims for _, claims in loader._credential.asked if claims] == [
        '{"access_token":{"nbf":{"essential":true}}}'
    ]


def test_a_link_that_expired_begins_its_window_anew(tenant: GraphTenant, landing: Landing) -> None:
    tenant.sign_ins = [sign_in(number, NOW - HOUR + timedelta(seconds=number)) for number in range(2500)]
    tenant.expired = {"page2"}
    assert_well(landing.load(make_loader(tenant, logs=("sign_ins",)), NOW - HOUR, NOW))
    assert ids(landing) == tenant.ids()


def test_a_load_that_was_killed_goes_on_where_it_was(tenant: GraphTenant, tmp_path: Path) -> None:
    since, until = NOW - 48 * HOUR, NOW - 24 * HOUR
    tenant.sign_ins = [sign_in(number, since + number * timedelta(seconds=17)) for number in range(5000)]
    answer, count = tenant.server.routes["GET /beta/auditLogs/signIns"], 0

    def ends(request: Any) -> Answer:
        nonlocal count
        count += 1
        return answer(request) if count <= 3 else Answer(b"", 403)

    tenant.server.routes["GET /beta/auditLogs/signIns"] = ends
    lake = tmp_path / "lake"
    options: dict[str, Any] = {"logs": ("sign_ins",), "window": 12 * HOUR}
    with Landing.open(lake, SMALL) as landing:
        summary = landing.load(make_loader(tenant, **options), since, until, in_flight=1)
        assert summary.waiting_count > 0
        assert summary.complete_until is None
        assert len(objects(landing)) == 3000
    tenant.server.routes["GET /beta/auditLogs/signIns"] = answer
    tenant.server.seen.clear()
    with Landing.open(lake, SMALL) as landing:
        assert_well(landing.load(make_loader(tenant, **options), since, until, in_flight=1))
        assert sorted(o["id"] for o in objects(landing)) == tenant.ids()
        asked = [r for r in tenant.server.seen if r.path.endswith(("signIns", "signins"))]
        assert len(asked) == 3


def test_a_window_that_graph_is_too_slow_for_is_halved(tenant: GraphTenant, landing: Landing) -> None:
    fill(tenant, NOW - 6 * HOUR, NOW, 400)
    answer = tenant.server.routes["GET /beta/auditLogs/signIns"]

    def slow_for_long_windows(request: Any) -> Answer:
        times = [part for part in request.query["$filter"].split() if part.endswith("Z")]
        since, until = (datetime.fromisoformat(text[:19]) for text in times)
        return Answer(b"", 504) if until - since > HOUR else answer(request)

    tenant.server.routes["GET /beta/auditLogs/signIns"] = slow_for_long_windows
    assert_well(landing.load(make_loader(tenant), NOW - 6 * HOUR, NOW))
    assert ids(landing) == tenant.ids()


def test_a_next_link_to_elsewhere_gets_no_token(tenant: GraphTenant, landing: Landing) -> None:
    tenant.sign_ins = [sign_in(number, NOW - HOUR + timedelta(seconds=number)) for number in range(1500)]
    with VendorServer({"GET /*": lambda request: Answer({"value": []})}) as other:
        tenant.link_origin = other.url
        loader = make_loader(tenant, logs=("sign_ins",))
        summary = landing.load(loader, NOW - HOUR, NOW)
        assert other.seen == []
    assert summary.failed_count == 1
    assert "the next link leads to" in summary.troubles[0].told
    assert isinstance(loader._credential, Credential)
    assert loader._credential.current not in repr(summary)


@pytest.mark.parametrize("link", ["same", 5, {"a": 1}, "x" * 100_000, "https://[", "\u0000"])
def test_an_odd_next_link_is_an_error_of_that_page(tenant: GraphTenant, landing: Landing, link: Any) -> None:
    def odd(request: Any) -> Answer:
        here = f"{tenant.server.url}{request.path}?a=1"
        return Answer({"value": [sign_in(1, NOW)], "@odata.nextLink": here if link == "same" else link})

    tenant.server.routes["GET /beta/auditLogs/signIns"] = odd
    summary = landing.load(make_loader(tenant, logs=("sign_ins",)), NOW - HOUR, NOW)
    assert summary.waiting_count == 1
    assert "the pages do not end" in summary.troubles[0].told or "next link" in summary.troubles[0].told


@pytest.mark.parametrize("content", [[], "text", 7, {}, {"value": None}, {"value": {"a": 1}}])
def test_a_page_of_another_shape_is_an_error_of_that_page(
    tenant: GraphTenant, landing: Landing, content: Any
) -> None:
    tenant.server.routes["GET /beta/auditLogs/signIns"] = lambda request: Answer(content)
    summary = landing.load(make_loader(tenant, logs=("sign_ins",)), NOW - HOUR, NOW)
    assert summary.waiting_count == 1
    assert "has no list of values" in summary.troubles[0].told
    assert landing.not_ingested() == []


@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_a_clock_that_is_an_hour_wrong_claims_nothing_that_is_not_yet(
    tenant: GraphTenant, landing: Landing, ahead: int, caplog: pytest.LogCaptureFixture
) -> None:
    local_now = NOW + timedelta(seconds=ahead)
    fill(tenant, NOW - 3 * HOUR, NOW, 100)
    summary = landing.load(make_loader(tenant, SkippingClock.showing(NOW, ahead)), NOW - 4 * HOUR, local_now)
    assert_well(summary)
    assert summary.complete_until is not None
    service_now = tenant.server.now().replace(tzinfo=None)
    assert summary.complete_until <= min(service_now, local_now) - HOUR
    assert "the clock here is 3600 s" in caplog.text
    tenant.server.set_time(NOW + HOUR)
    assert_well(landing.load(make_loader(tenant, SkippingClock.showing(NOW + HOUR)), NOW, NOW + HOUR))
    assert ids(landing) == tenant.ids()


def test_without_a_licence_the_other_logs_are_landed_and_it_is_said(
    tenant: GraphTenant, landing: Landing
) -> None:
    fill(tenant, NOW - 2 * HOUR, NOW, 40)
    tenant.is_premium = False
    loader = make_loader(tenant)
    summary = landing.load(loader, NOW - 3 * HOUR, NOW)
    assert summary.complete_until is None
    assert any("P1 or P2 licence" in trouble.told for trouble in summary.troubles)
    assert ids(landing) == sorted(o["id"] for o in (*tenant.audits, *tenant.risks))
    probes = {probe.tried: probe for probe in loader.probe()}
    assert "P1 or P2" in probes["sign_ins can be read"].hint
    assert probes["directory_audits can be read"].is_well


@pytest.mark.parametrize(
    ("log", "path", "permission"),
    [
        ("sign_ins", "/beta/auditLogs/signIns", "AuditLog.Read.All and Directory.Read.All"),
        ("directory_audits", "/v1.0/auditLogs/directoryAudits", "AuditLog.Read.All"),
        ("risk_detections", "/v1.0/identityProtection/riskDetections", "IdentityRiskEvent.Read.All"),
    ],
)
def test_a_refusal_names_the_permission(
    tenant: GraphTenant, landing: Landing, log: str, path: str, permission: str
) -> None:
    said = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}
    tenant.server.routes[f"GET {path}"] = lambda request: Answer(said, 403)
    loader = make_loader(tenant, logs=(log,))
    summary = landing.load(loader, NOW - HOUR, NOW)
    assert f"grant the app {permission}" in summary.troubles[0].told
    probe = loader.probe()[0]
    assert not probe.is_well
    assert permission in probe.hint


def test_all_well_is_said_of_each_log_and_of_the_clocks(tenant: GraphTenant) -> None:
    probes = make_loader(tenant).probe()
    assert [probe.is_well for probe in probes] == [True] * 7
    assert all(r.query.get("$top", "1") == "1" for r in tenant.server.seen)


def test_a_token_of_another_tenant_is_not_used(tenant: GraphTenant, landing: Landing) -> None:
    other = "11111111-0000-4000-8000-000000000000"
    credential = Credential(tenant.server, tenant=other)
    options = GraphOptions(TENANT, endpoint=tenant.server.url, logs=("sign_ins",))
    loader = GraphLoader("contoso", options, credential, SkippingClock.showing(NOW))
    summary = landing.load(loader, NOW - HOUR, NOW)
    assert f"the credential is of tenant {other}" in summary.troubles[0].told
    assert not any("authorization" in request.headers for request in tenant.server.seen)
    assert credential.current not in repr(summary)


def test_a_credential_that_fails_is_told_without_its_words(tenant: GraphTenant) -> None:
    class Failing:
        def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> Any:
            raise RuntimeError("client_secret=words")

    options = GraphOptions(TENANT, endpoint=tenant.server.url)
    probes = GraphLoader("contoso", options, Failing(), SkippingClock.showing(NOW)).probe()
    assert len(probes) == 1
    assert "no token (RuntimeError)" in probes[0].told
    assert "words" not in repr(probes)
    assert "AZURE_CLIENT_ID" in probes[0].hint


def test_the_oldest_version_has_interactive_sign_ins_only(tenant: GraphTenant, landing: Landing) -> None:
    fill(tenant, NOW - 2 * HOUR, NOW, 40)
    loader = make_loader(tenant, version="v1.0")
    assert loader.logs == ("sign_ins", "directory_audits", "risk_detections")
    assert_well(landing.load(loader, NOW - 3 * HOUR, NOW))
    assert {r.path.split("/")[1] for r in tenant.server.seen} == {"v1.0"}
    kinds = {kind for o in objects(landing) for kind in o.get("signInEventTypes", [])}
    assert kinds == {"interactiveUser"}


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"tenant": "contoso.example.com"},
        {"tenant": TENANT, "version": "v2"},
        {"tenant": TENANT, "cloud": "moon"},
        {"tenant": TENANT, "logs": ["signins"]},
        {"tenant": TENANT, "version": "v1.0", "logs": ["managed_identity_sign_ins"]},
        {"tenant": TENANT, "endpoint": "http://graph.example.com"},
        {"tenant": TENANT, "client_secret": "x"},
        {"tenant": TENANT, "window": "5s"},
    ],
)
def test_settings_that_cannot_be(table: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"sources\.contoso"):
        GraphLoader.from_settings("contoso", table)


def test_each_cloud_has_its_own_address() -> None:
    addresses = {
        cloud: GraphLoader.from_settings("g", {"tenant": TENANT, "cloud": cloud})._address
        for cloud in ("public", "usgov", "usgov_dod", "china")
    }
    assert addresses["public"] == "https://graph.microsoft.com"
    assert len(set(addresses.values())) == 4
    assert set(GraphLoader.from_settings("g", {"tenant": TENANT}).logs) == set(LOGS)


def count_by_source(lake: Path) -> dict[str, int]:
    opened = Lake.open(lake)
    with duckdb.connect() as con:
        opened.create_events_view(con)
        return dict(con.sql("select source, count(*) from events group by all").fetchall())
