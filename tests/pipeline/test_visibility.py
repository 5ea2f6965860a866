"""What a hunt cannot rule out, in words: one sentence for each kind of gap, and none where the logs are whole."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from pipeline.models import build_models
from pipeline.schema import create_empty_events
from pipeline.visibility import HIDDEN_WITHOUT, visibility_hours, visibility_statements
from tests.sql.conftest import at, give

ACCOUNT, SUBSCRIPTION, TENANT = (
    "111122223333",
    "bbbbbbbb-0000-4000-8000-000000000001",
    "aaaaaaaa-0000-4000-8000-000000000001",
)
FIRST, WINDOW = at("1"), (at("20 09:14"), at("23 09:14"))
END = at("24")
TENANT_OF = {
    "aws": ACCOUNT,
    "azure": SUBSCRIPTION,
    "entra": TENANT,
    "graph": TENANT,
    "m365": TENANT,
    "okta": "example.okta.com",
}
Events = list[dict[str, Any]]


def hourly(
    source: str, since: datetime = FIRST, until: datetime = END, hole: Iterable[int] = (), **more: Any
) -> Events:
    """An event every hour of [since, until); `hole` leaves out hours counted from the window's first."""
    left_out = {WINDOW[0].replace(minute=0) + timedelta(hours=hour) for hour in hole}
    event = {"source": source, "tenant_id": TENANT_OF[source.partition("_")[0]]} | more
    hours = [since + timedelta(hours=n) for n in range(int((until - since) / timedelta(hours=1)))]
    return [event | {"occurred_at": hour} for hour in hours if hour not in left_out]


def whole() -> Events:
    """Every source that a hunt can use, for one tenant of each kind, with reads of objects."""
    events = [event for source in HIDDEN_WITHOUT for event in hourly(source)]
    return events + hourly("aws_cloudtrail", until=at("2"), target_kind="object")


def without(source: str) -> Events:
    return [event for event in whole() if event["source"] != source]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def statements(con: duckdb.DuckDBPyConnection):
    """What is said of events, given the acts of reached things and the keys that were listed."""

    def say(
        events: Events,
        acts: Events = (),
        storage_keys: Iterable[str] = (),
        provider: str = "azure",
        tenant: str = TENANT,
    ) -> list[str]:
        create_empty_events(con)
        give(con, "events", events)
        build_models(
            con,
            {"since": FIRST, "until": WINDOW[1] + timedelta(days=2)},
            ["int_hourly_counts", "int_log_coverage"],
        )
        con.execute("create or replace temp view int_event_holders as select * from events")
        con.execute(
            "create or replace temp table int_resets as select 'r' as reset_id, $p as provider, $t as tenant_id",
            {"p": provider, "t": tenant},
        )
        con.execute("create or replace temp table reach (reset_id varchar, thing_id varchar, kind varchar)")
        give(
            con,
            "reach",
            [
                {"reset_id": "r", "thing_id": f"storage-keys:{name}", "kind": "storage_keys"}
                for name in storage_keys
            ],
        )
        con.execute(
            "create or replace temp table timeline (reset_id varchar, thing_id varchar, source varchar, tenant_id varchar, target_id varchar)"
        )
        give(con, "timeline", [{"reset_id": "r", "thing_id": "x"} | act for act in acts])
        return visibility_statements(con, "r", *WINDOW)

    return say  # fmt: skip


def test_nothing_is_said_of_whole_logs(statements) -> None:
    acts = [
        {"source": "aws_cloudtrail", "tenant_id": ACCOUNT},
        {"source": "azure_activity", "tenant_id": SUBSCRIPTION},
    ]
    assert statements(whole(), acts) == []


def test_sources_never_seen_are_one_sentence(statements) -> None:
    events = [
        event for event in whole() if event["source"] not in ("graph_activity", "m365_audit", "okta_system")
    ]
    assert statements(events) == [
        "Not in this lake, so none of it can be ruled out: graph_activity (reads of mail, files and the directory through "
        "Microsoft Graph); m365_audit (acts in Exchange, SharePoint and Teams, mail rules among them); okta_system (sign-ins "
        "and resets in Okta, where it is used)."
    ]


def test_a_cloud_without_any_log_is_one_word(statements) -> None:
    (said,) = statements(hourly("aws_cloudtrail"), provider="aws", tenant="999900001111")[1:]
    assert said.startswith(
        "Not in this lake, so none of it can be ruled out: any log of Entra ID or Azure; m365_audit ("
    )


def test_a_source_of_other_tenants_only(statements) -> None:
    other = "aaaaaaaa-0000-4000-8000-000000000002"
    events = without("entra_signin_noninteractive") + hourly("entra_signin_noninteractive", tenant_id=other)
    assert statements(events) == [
        f"No entra_signin_noninteractive of tenant {TENANT}, which others have: the use of refresh tokens, and with it old "
        "sessions that live on there cannot be ruled out."
    ]
    assert statements(events + hourly("entra_signin_noninteractive", tenant_id=None)) == []


def test_a_source_that_others_of_the_window_lack(statements) -> None:
    events = without("azure_activity") + hourly("azure_activity", until=at("19"))
    assert statements(events) == [
        f"No azure_activity of {SUBSCRIPTION} in the window: changes to Azure resources and role assignments cannot be ruled out."
    ]


def test_tenants_of_one_source_share_a_sentence(statements) -> None:
    accounts = [f"11112222000{n}" for n in range(5)]
    events = whole() + [
        event for account in accounts for event in hourly("aws_cloudtrail", until=at("19"), tenant_id=account)
    ]
    assert statements(events) == [
        "No aws_cloudtrail of 111122220000, 111122220001, 111122220002 and 2 more in the window: what was done in AWS cannot "
        "be ruled out."
    ]


def test_logs_that_end_before_the_window(statements) -> None:
    events = without("entra_signin") + hourly("entra_signin", until=at("21 12:00"))
    assert statements(events) == [
        f"entra_signin of {TENANT} ends at 2026-03-21 12:00 UTC, 45 hours before the window does: nothing later can be ruled out."
    ]


def test_a_lake_that_ends_is_one_sentence(statements) -> None:
    events = [event for event in whole() if event["occurred_at"] < at("21 12:00")]
    assert statements(events) == [
        "All logs end at 2026-03-21 12:00 UTC, 45 hours before the window does: nothing later can be ruled out."
    ]


def test_a_quiet_source_has_not_ended(statements) -> None:
    """Nine hours of silence each night, and the window ends in one of them."""
    nights = [event for event in hourly("azure_activity") if 8 <= event["occurred_at"].hour < 23]
    assert statements(without("azure_activity") + nights) == []


def test_a_hole_in_the_window(statements) -> None:
    events = without("aws_cloudtrail") + hourly("aws_cloudtrail", hole=range(10, 22), target_kind="object")
    assert statements(events) == [
        f"Nothing from aws_cloudtrail of {ACCOUNT} from 2026-03-20 19:00 to 2026-03-21 07:00 UTC, longer than ever before: "
        "what happened then cannot be ruled out."
    ]
    young = [event for event in events if event["occurred_at"] >= at("18")]
    assert not any("Nothing from" in said for said in statements(young))


def test_a_region_that_falls_silent(statements) -> None:
    events = (
        whole()
        + hourly("aws_cloudtrail", region="us-east-1")
        + hourly("aws_cloudtrail", until=at("21 15:00"), region="eu-west-1")
        + hourly("aws_cloudtrail", since=at("3"), until=at("5"), region="sa-east-1")
    )
    assert statements(events) == [
        f"aws_cloudtrail of {ACCOUNT} falls silent in eu-west-1 at 2026-03-21 15:00 UTC and goes on elsewhere: what was done "
        "there later cannot be ruled out."
    ]


def test_no_data_events_of_reached_accounts(statements) -> None:
    acts = [{"source": "aws_cloudtrail", "tenant_id": account} for account in (ACCOUNT, "444455556666")]
    events = whole() + hourly("aws_cloudtrail", tenant_id="444455556666")
    assert statements(events, acts) == [
        "Exfiltration from account 444455556666 cannot be ruled out: no S3 data events."
    ]
    assert statements(events) == []  # not reached
    assert statements(events, acts[:1], provider="aws", tenant="444455556666") == statements(events, acts)


def test_storage_accounts_and_vaults_without_logs(statements) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg/providers"
    acts = [
        {"source": "azure_activity", "tenant_id": SUBSCRIPTION, "target_id": f"{path}/Microsoft.Storage/storageAccounts/ExampleLake"},
        {"source": "azure_activity", "tenant_id": SUBSCRIPTION, "target_id": f"{path}/MICROSOFT.KEYVAULT/VAULTS/KV-EXAMPLE/secrets/s"},
    ]  # fmt: skip
    logged = hourly("azure_storage", target_name="examplelake") + hourly(
        "azure_key_vault", target_id="https://kv-example.vault.azure.net/secrets/s"
    )
    assert statements(whole() + logged, acts) == []
    assert statements(whole(), acts, storage_keys=["otherlake"]) == [
        "No azure_storage of storage accounts examplelake and otherlake, which the reach touched: reads of blobs and files "
        "there cannot be ruled out.",
        "No azure_key_vault of vault kv-example, which the reach touched: reads of secrets there cannot be ruled out.",
    ]


def test_a_subscription_without_storage_logs(statements) -> None:
    other = "bbbbbbbb-0000-4000-8000-000000000002"
    acts = [{"source": "azure_activity", "tenant_id": other}]
    events = whole() + hourly("azure_activity", tenant_id=other) + hourly("azure_key_vault", tenant_id=other)
    assert statements(events, acts) == [
        f"No azure_storage of subscription {other}, which others have: reads of blobs and files in Azure Storage there cannot "
        "be ruled out."
    ]


def test_sources_that_hunts_do_not_need_are_not_missed(statements) -> None:
    events = whole() + hourly("aws_cloudtrail_insight", until=at("5"), tenant_id=ACCOUNT)
    assert statements(events) == []


def test_hours_are_those_of_the_window_whatever_the_region(con: duckdb.DuckDBPyConnection) -> None:
    create_empty_events(con)
    times = [at("20 09:00"), at("20 08:59"), at("23 09:00"), at("23 09:14")]
    events = [{"occurred_at": time, "region": region} for time in times for region in ("a", "b")]
    give(con, "events", [{"source": "aws_cloudtrail", "tenant_id": ACCOUNT} | event for event in events])
    build_models(con, {"since": FIRST, "until": END}, ["int_hourly_counts", "int_log_coverage"])
    assert visibility_hours(con, *WINDOW) == [
        {"source": "aws_cloudtrail", "tenant_id": ACCOUNT, "hour": at("20 09:00"), "event_count": 2},
        {"source": "aws_cloudtrail", "tenant_id": ACCOUNT, "hour": at("23 09:00"), "event_count": 4},
    ]
