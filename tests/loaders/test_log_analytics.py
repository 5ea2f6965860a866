"""Tables of a made-up workspace over a real connection, through the SDK: each row once, however it is cut and whenever it comes."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.bounds import Bounds
from loaders.landing import Landing, LoadSummary
from loaders.log_analytics import WINDOW_BYTES, WINDOW_ROWS, LogAnalyticsLoader, LogAnalyticsOptions, _cut
from pipeline.errors import SettingsError
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from tests.loaders.clocks import SkippingClock
from tests.loaders.vendor_server import (
    CUT_BEFORE,
    CUT_WITHIN,
    TRUNCATED,
    Answer,
    Fault,
    VendorServer,
    throttled,
)
from tests.loaders.workspace import WORKSPACE, LogWorkspace, Row, directory_audit, sign_in, spread

NOW = datetime(2026, 3, 10, 12)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUERY = f"/v1/workspaces/{WORKSPACE}/query"


class Credential:
    """As azure-identity's: a token of its own each time, an hour long, and what it was asked for."""

    def __init__(self, server: VendorServer) -> None:
        self.server, self.scopes = server, []

    def get_token(self, *scopes: str, **options: Any) -> Any:
        from azure.core.credentials import AccessToken

        self.scopes.append(scopes[0])
        token = f"token-{len(self.scopes)}"
        self.server.valid_tokens = {token}
        return AccessToken(token, 4_000_000_000)


@pytest.fixture
def workspace() -> Iterator[LogWorkspace]:
    with VendorServer() as server:
        server.set_time(NOW)
        yield LogWorkspace(server, {"SigninLogs": []})


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    with Landing.open(tmp_path / "lake", Bounds(min_free_bytes=0)) as landing:
        yield landing


def make_loader(workspace: LogWorkspace, **options: Any) -> LogAnalyticsLoader:
    given_options = LogAnalyticsOptions((WORKSPACE,), endpoint=workspace.server.url, **options)
    clock = SkippingClock.showing(NOW)
    return LogAnalyticsLoader("sentinel", given_options, Credential(workspace.server), clock)


def landed(landing: Landing) -> list[str]:
    """The id of each row that was landed, as often as it was."""
    found = []
    for path in landing.not_ingested():
        (table,) = json.loads(path.read_bytes())["tables"]
        place = [column["name"] for column in table["columns"]].index("Id")
        found += [row[place] for row in table["rows"]]
    return sorted(found)


def assert_well(summary: LoadSummary) -> None:
    assert (summary.failed_count, summary.waiting_count, summary.error) == (0, 0, None)


def test_rows_of_two_tables_reach_the_lake_as_received(workspace: LogWorkspace, landing: Landing) -> None:
    workspace.tables["SigninLogs"] = spread(500, NOW - DAY, NOW - HOUR)
    workspace.tables["AuditLogs"] = [
        Row(NOW - HOUR, directory_audit(number, NOW - 2 * HOUR)) for number in range(20)
    ]
    assert_well(landing.load(make_loader(workspace), NOW - DAY, NOW))
    assert landed(landing) == workspace.ids()
    assert landing.complete_until("sentinel") == NOW - HOUR
    lake = landing.folder.parent
    told = ingest(lake, landing.not_ingested(), NOW)
    assert (told.total.events, told.total.quarantined) == (520, 0)
    sql = """select source, count(*), max(raw) like '%7Z%' or max(raw) like '%3Z%' from events
    group by source order by source"""
    rows = run_query(Lake.open(lake), sql)[1]
    assert [tuple(row) for row in rows] == [("entra_audit", 20, True), ("entra_signin", 500, True)]


def test_what_is_cut_is_asked_for_in_smaller_parts(workspace: LogWorkspace, landing: Landing) -> None:
    workspace.tables["SigninLogs"] = spread(3000, NOW - 5 * HOUR, NOW - HOUR)
    workspace.cap = 170
    assert_well(landing.load(make_loader(workspace), NOW - DAY, NOW))
    assert landed(landing) == workspace.ids()


def test_what_takes_too_long_is_asked_for_in_smaller_parts(workspace: LogWorkspace, landing: Landing) -> None:
    workspace.tables["SigninLogs"] = spread(800, NOW - 5 * HOUR, NOW - HOUR)
    workspace.slow_above, workspace.refuse_counting = 90, True
    assert_well(landing.load(make_loader(workspace), NOW - DAY, NOW))
    assert landed(landing) == workspace.ids()
    counted = [query for query in workspace.asked if "summarize" in query]
    assert len(counted) == len(set(counted)), "what took too long is not asked a second time"


def test_one_second_that_is_too_much_is_asked_for_by_hash(workspace: LogWorkspace, landing: Landing) -> None:
    arrived_at = NOW - 3 * HOUR
    workspace.tables["SigninLogs"] = [Row(arrived_at, sign_in(n, arrived_at)) for n in range(1000)]
    workspace.cap = 150
    assert_well(landing.load(make_loader(workspace), NOW - DAY, NOW))
    assert landed(landing) == workspace.ids()
    assert any("hash(" in query for query in workspace.asked)


def test_what_cannot_be_had_in_any_part_waits_and_is_told(workspace: LogWorkspace, landing: Landing) -> None:
    arrived_at = NOW - 3 * HOUR
    workspace.tables["SigninLogs"] = [Row(arrived_at, sign_in(1, arrived_at)) for _ in range(3)]
    workspace.cap = 2
    summary = landing.load(make_loader(workspace), NOW - DAY, NOW)
    assert summary.failed_count == 1 and summary.waiting_count == 1
    assert landing.complete_until("sentinel") is None, "nothing is complete while a row waits"


def test_rows_on_the_bounds_of_windows_come_once(workspace: LogWorkspace, landing: Landing) -> None:
    hours = [NOW - HOUR * number for number in range(2, 40)]
    edges = [at + timedelta(microseconds=offset) for at in hours for offset in (-1, 0, 1)]
    workspace.tables["SigninLogs"] = [Row(at, sign_in(n, at)) for n, at in enumerate(edges)]
    workspace.cap = 4
    assert_well(landing.load(make_loader(workspace), NOW - 2 * DAY, NOW))
    assert landed(landing) == workspace.ids()


def test_the_next_run_reads_what_arrived_since_however_old_it_is(
    workspace: LogWorkspace, landing: Landing
) -> None:
    workspace.tables["SigninLogs"] = spread(200, NOW - DAY, NOW - HOUR)
    assert_well(landing.load(make_loader(workspace), NOW - DAY, NOW))
    later = NOW + 6 * HOUR
    workspace.server.set_time(later)
    late = [Row(later - 2 * HOUR, sign_in(10_000 + n, NOW - 20 * HOUR)) for n in range(5)]
    shown_late = [
        Row(NOW - timedelta(minutes=30), sign_in(20_000, NOW - HOUR))
    ]  # could not be asked for before
    workspace.tables["SigninLogs"] += late + shown_late
    workspace.asked.clear()
    assert_well(landing.load(make_loader(workspace), NOW - DAY, later))
    assert set(landed(landing)) == set(workspace.ids())
    oldest = min(
        query.split("datetime(")[1][:20] for query in workspace.asked if "ingestion_time() >=" in query
    )
    assert oldest == "2026-03-10T11:00:00Z", "of what was read, only the look-back is asked for again"


def test_a_gap_between_two_runs_is_closed(workspace: LogWorkspace, landing: Landing) -> None:
    workspace.server.set_time(NOW - 2 * DAY)
    workspace.tables["SigninLogs"] = spread(300, NOW - 4 * DAY, NOW - 2 * HOUR)
    assert_well(landing.load(make_loader(workspace), NOW - 4 * DAY, NOW - 2 * DAY))
    workspace.server.set_time(NOW)
    assert_well(landing.load(make_loader(workspace), NOW - 6 * HOUR, NOW))
    assert set(landed(landing)) == set(workspace.ids())


def test_time_is_the_services(workspace: LogWorkspace, landing: Landing) -> None:
    """A clock that goes two days ahead here would call hours complete that have not been."""
    workspace.tables["SigninLogs"] = spread(50, NOW - DAY, NOW - HOUR)
    loader = make_loader(workspace)
    loader._clock.ahead += 2 * 86400  # type: ignore[attr-defined]
    assert_well(landing.load(loader, NOW - DAY, NOW + 2 * DAY))
    assert landing.complete_until("sentinel") == NOW - HOUR
    assert not loader.probe()[1].is_well


@pytest.mark.parametrize(
    "fault",
    [
        throttled(retry_after=1),
        Fault(503),
        Fault(502, {"Retry-After": "1"}),
        CUT_BEFORE,
        CUT_WITHIN,
        TRUNCATED,
        Fault(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}),
    ],
    ids=["429", "503", "502", "cut before", "cut within", "half a document", "expired token"],
)
def test_a_fault_on_the_way_loses_nothing(workspace: LogWorkspace, landing: Landing, fault: Fault) -> None:
    workspace.tables["SigninLogs"] = spread(100, NOW - DAY, NOW - HOUR)
    loader = make_loader(workspace)
    workspace.server.plan(*[replace(fault)] if fault.status else [fault], on=QUERY)
    assert_well(landing.load(loader, NOW - DAY, NOW))
    assert workspace.server.planned() == 0
    assert landed(landing) == workspace.ids()


def test_the_token_is_for_the_cloud_and_not_for_the_stand_in(workspace: LogWorkspace) -> None:
    loader = make_loader(workspace, cloud="usgov")
    assert loader.probe()[0].is_well
    assert set(loader._workspaces._credential.scopes) == {"https://api.loganalytics.us/.default"}  # type: ignore[union-attr]


def test_a_redirect_is_not_followed(workspace: LogWorkspace, landing: Landing) -> None:
    with VendorServer({"POST /v1/*": lambda request: Answer({"tables": []})}) as other:
        workspace.server.plan(*[Fault(307, {"Location": other.url + QUERY})] * 20, on=QUERY)
        summary = landing.load(make_loader(workspace), NOW - DAY, NOW)
        assert summary.error and "307" in summary.error
        assert other.seen == []


def test_no_credentials_are_told_at_once_and_in_a_line(workspace: LogWorkspace) -> None:
    class Absent:
        def get_token(self, *scopes: str, **options: Any) -> Any:
            from azure.identity import CredentialUnavailableError

            raise CredentialUnavailableError(
                "EnvironmentCredential authentication unavailable.\nAnd six more lines"
            )

    options = LogAnalyticsOptions((WORKSPACE,), endpoint=workspace.server.url)
    (refused,) = LogAnalyticsLoader("sentinel", options, Absent(), SkippingClock.showing(NOW)).probe()
    assert (refused.is_well, refused.told) == (False, "no token")
    assert "az login" in refused.hint


def test_what_is_missing_is_named(workspace: LogWorkspace) -> None:
    (read, clocks) = make_loader(workspace).probe()
    assert read.is_well and read.told.startswith("1 tables; not there: AADNonInteractive")
    assert clocks.is_well
    refusal = {
        "error": {
            "code": "InsufficientAccessError",
            "message": "The provided credentials have insufficient access",
        }
    }
    workspace.server.plan(Fault(403, body=refusal), on=QUERY)
    (refused,) = make_loader(workspace).probe()
    assert not refused.is_well and "insufficient access" in refused.told
    assert "Log Analytics Reader" in refused.hint
    other = LogAnalyticsOptions(("0f1e2d3c-0000-4000-8000-00000000cccc",), endpoint=workspace.server.url)
    (unknown,) = LogAnalyticsLoader("x", other, Credential(workspace.server)).probe()
    assert "404" in unknown.told and "GUID" in unknown.hint


def test_an_empty_workspace_has_nothing_to_land(workspace: LogWorkspace, landing: Landing) -> None:
    assert_well(landing.load(make_loader(workspace), NOW - DAY, NOW))
    assert landing.not_ingested() == []
    assert landing.complete_until("sentinel") == NOW - HOUR


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"workspaces": ["contoso"]}, "no list of ids"),
        ({"workspaces": []}, "no list of ids"),
        ({"workspaces": [WORKSPACE], "cloud": "moon"}, "no cloud"),
        ({"workspaces": [WORKSPACE], "tables": ["Perf | union *"]}, "cannot be read"),
        ({"workspaces": [WORKSPACE], "look_back": "1m"}, "too short"),
        ({"workspaces": [WORKSPACE], "endpoint": "http://example.com"}, "in the clear"),
    ],
)
def test_settings_that_make_no_sense(table: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        LogAnalyticsLoader.from_settings("sentinel", table)


SIZES = st.dictionaries(
    st.integers(0, 30).map(lambda hour: datetime(2026, 3, 9) + hour * HOUR),
    st.tuples(st.integers(1, 5 * WINDOW_ROWS), st.integers(1, 3 * WINDOW_BYTES)),
)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 86_400), st.integers(1, 86_400))
def test_windows_are_in_order_apart_and_over_every_hour_that_holds_rows(
    sizes: dict[datetime, tuple[int, int]], start: int, length: int
) -> None:
    since = datetime(2026, 3, 9) + timedelta(seconds=start)
    until = since + timedelta(seconds=length)
    windows = list(_cut(since, until, sizes))
    assert all(a < b for a, b in windows)
    assert all(first[1] <= second[0] for first, second in pairwise(windows))
    covered = Counter(at for a, b in windows for at in _seconds(a, b))
    for hour, (_, _) in sizes.items():
        for at in (max(hour, since), min(hour + HOUR, until) - timedelta(seconds=1)):
            if since <= at < until and hour <= at < hour + HOUR:
                assert covered[at] == 1
    unknown = list(_cut(since, until, None))
    assert (unknown[0][0], unknown[-1][1]) == (since, until)
    assert all(first[1] == second[0] for first, second in pairwise(unknown))


def _seconds(since: datetime, until: datetime) -> Iterator[datetime]:
    """The first and the last second of each hour that a window covers."""
    at = since
    while at < until:
        end = min(at.replace(minute=0, second=0) + HOUR, until)
        yield from {at, end - timedelta(seconds=1)}
        at = end
