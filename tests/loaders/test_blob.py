"""Exports in Blob storage over a real connection: hours that grow, whole lines, once each, whatever happens on the way."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loaders import blob as blob_module
from loaders.blob import BlobLoader, BlobOptions
from loaders.bounds import Bounds
from loaders.landing import Landing, LoadSummary
from pipeline.errors import SettingsError
from pipeline.ingest import ingest
from tests.loaders.azurite import PUBLIC_KEY, Azurite, azurite, blob_proxy
from tests.loaders.vendor_server import CUT_BEFORE, CUT_WITHIN, Fault, VendorServer

__all__ = ["azurite", "blob_proxy"]

TENANT = "72f988bf-0000-4000-8000-00000000aaaa"
ROOT = f"tenantId={TENANT}/"
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)  # the emulator stamps its blobs with its own time
TODAY = NOW.replace(hour=0, minute=0, second=0)
numbers = count()


@pytest.fixture
def container(azurite: Azurite) -> str:
    name = f"insights-logs-auditlogs-{next(numbers)}-{os.getpid()}"
    azurite.client.create_container(name)
    return name


@pytest.fixture
def landing(tmp_path: Path) -> Iterator[Landing]:
    with Landing.open(tmp_path / "lake", Bounds(min_free_bytes=0)) as landing:
        yield landing


def hour(number: int, day: datetime = TODAY, root: str = ROOT, name: str = "PT1H.json") -> str:
    return f"{root}y={day:%Y}/m={day:%m}/d={day:%d}/h={number:02}/m=00/{name}"


def line(number: int) -> bytes:
    record = {
        "time": "2026-03-02T09:00:00.1234567Z", "resourceId": f"/tenants/{TENANT}/providers/Microsoft.aadiam", "operationName": "Reset user password",
        "category": "AuditLogs", "tenantId": TENANT, "resultSignature": "None", "correlationId": f"c{number}", "level": "Informational",
        "properties": {
            "id": f"Directory_{number}", "category": "UserManagement", "result": "success", "activityDisplayName": "Reset user password",
            "activityDateTime": "2026-03-02T09:00:00.1234567+00:00", "loggedByService": "Core Directory",
            "initiatedBy": {"user": {"id": "u1", "userPrincipalName": "desk@example.com"}},
            "targetResources": [{"id": "u2", "type": "User", "userPrincipalName": "a@example.com"}],
        },
    }  # fmt: skip
    return json.dumps(record).encode() + b"\r\n"


def append(azurite: Azurite, container: str, name: str, *pieces: bytes) -> None:
    blob = azurite.client.get_blob_client(container, name)
    if not blob.exists():
        blob.create_append_blob()
    for piece in pieces:
        blob.append_block(piece)


def loader_of(url: str, container: str, credential: Any = PUBLIC_KEY, **more: Any) -> BlobLoader:
    return BlobLoader("exports", BlobOptions(url, (container,), **more), credential)


def load(landing: Landing, loader: BlobLoader, since: datetime = TODAY, until: datetime = NOW) -> LoadSummary:
    return landing.load(loader, since, until)


def assert_well(summary: LoadSummary) -> None:
    assert (summary.failed_count, summary.waiting_count, summary.error) == (0, 0, None)


def landed(landing: Landing) -> list[bytes]:
    """Every line that was landed, as often as it was."""
    return sorted(line for path in landing.not_ingested() for line in path.read_bytes().splitlines(True))


def lines(*which: int) -> list[bytes]:
    return sorted(map(line, which))


def test_exports_reach_the_lake_and_nothing_is_read_twice(
    azurite: Azurite, container: str, landing: Landing, tmp_path: Path
) -> None:
    for number in range(24):
        append(azurite, container, hour(number), *[line(number * 10 + n) for n in range(10)])
    append(azurite, container, hour(3, TODAY - timedelta(days=9)), line(9_000))
    loader = loader_of(azurite.url, container)
    summary = load(landing, loader)
    assert_well(summary)
    assert (summary.item_count, summary.complete_until) == (24, NOW - timedelta(hours=1))
    assert landed(landing) == lines(*range(240))
    assert load(landing, loader_of(azurite.url, container)).item_count == 0
    total = ingest(tmp_path / "lake", landing.not_ingested(), NOW).total
    assert (total.events, total.duplicates, total.quarantined) == (240, 0, 0)
    assert load(landing, loader, TODAY - timedelta(days=9)).item_count == 1, "from further back"


def test_of_an_hour_that_grew_only_what_is_new_is_read_in_whole_lines(
    azurite: Azurite, container: str, landing: Landing
) -> None:
    half = line(3)[:40]
    append(azurite, container, hour(1), line(1), line(2), half)
    assert_well(load(landing, loader_of(azurite.url, container)))
    assert landed(landing) == lines(1, 2)
    append(azurite, container, hour(1), line(3)[40:], line(4))
    append(azurite, container, hour(0), line(5))  # an hour that comes late
    summary = load(landing, loader_of(azurite.url, container))
    assert_well(summary)
    assert landed(landing) == lines(1, 2, 3, 4, 5)
    assert summary.byte_count == len(line(3) + line(4) + line(5))


def test_a_blob_that_is_still_is_taken_to_its_end(
    azurite: Azurite, container: str, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(azurite, container, hour(1), line(1), line(2).rstrip())
    load(landing, loader_of(azurite.url, container))
    assert landed(landing) == lines(1)
    monkeypatch.setattr(blob_module, "STILL", timedelta(hours=-1))
    load(landing, loader_of(azurite.url, container))
    assert landed(landing) == sorted([line(1), line(2).rstrip()])
    assert load(landing, loader_of(azurite.url, container)).item_count == 0
    append(azurite, container, hour(1), b"\r\n", line(3))
    load(landing, loader_of(azurite.url, container))
    assert [each for each in landed(landing) if each.strip()] == sorted([line(1), line(2).rstrip(), line(3)])


def test_it_grows_while_it_is_read(azurite: Azurite, container: str, monkeypatch: pytest.MonkeyPatch) -> None:
    append(azurite, container, hour(1), *map(line, range(50)))
    monkeypatch.setattr("loaders.blob_tails.PIECE", 4096)
    loader = loader_of(azurite.url, container)
    (found,) = loader.discover({}, TODAY, NOW)
    (item,) = found.items
    got: list[bytes] = []

    def write(piece: bytes) -> None:
        if not got:
            append(azurite, container, hour(1), line(50))
        got.append(piece)

    assert loader.fetch(item, write).is_kept
    assert b"".join(got) == b"".join(map(line, range(50)))
    (found,) = loader.discover({found.stream: found.checkpoint}, TODAY, NOW)
    got = [b""]
    (item,) = found.items
    loader.fetch(item, got.append)
    assert b"".join(got) == line(50)


def test_blobs_that_were_made_anew_replaced_and_deleted(
    azurite: Azurite, container: str, landing: Landing
) -> None:
    append(azurite, container, hour(1), line(1), line(2))
    client = azurite.client.get_container_client(container)
    client.upload_blob(hour(2), line(3))
    client.upload_blob(hour(3), b'{"records": [' + line(4) + b",\n" + line(5) + b"]}")
    load(landing, loader_of(azurite.url, container))
    client.delete_blob(hour(1))
    append(azurite, container, hour(1), line(6))
    client.upload_blob(hour(2), line(3) + line(7), overwrite=True)
    assert load(landing, loader_of(azurite.url, container)).item_count == 2
    assert set(lines(1, 2, 3, 6, 7)) <= set(landed(landing))
    append(azurite, container, hour(4), line(8))
    append(azurite, container, hour(5), line(9))
    loader = loader_of(azurite.url, container)
    fetch = loader.fetch

    def after_deletion(item: Any, write: Any) -> Any:
        if item.key == hour(4) and client.get_blob_client(hour(4)).exists():
            client.delete_blob(hour(4))
        return fetch(item, write)

    loader.fetch = after_deletion  # type: ignore[method-assign]
    summary = load(landing, loader)
    assert (summary.gone_count, summary.failed_count, summary.item_count) == (1, 0, 1)


def test_data_export_and_export_jobs(
    azurite: Azurite, container: str, landing: Landing, tmp_path: Path
) -> None:
    root = "WorkspaceResourceId=/subscriptions/s/resourcegroups/g/providers/microsoft.operationalinsights/workspaces/w/"
    append(azurite, container, hour(1, root=root, name="PT05M.json"), line(1))
    append(azurite, container, hour(1, root=root, name="PT05M_1.json"), line(2))
    table = pa.table({"Type": ["AuditLogs"], "Id": ["Directory_7"], "TimeGenerated": [datetime(2026, 3, 2)]})
    pq.write_table(table, tmp_path / "part.parquet")
    client = azurite.client.get_container_client(container)
    parquet = (tmp_path / "part.parquet").read_bytes()
    client.upload_blob(f"job/AuditLogs/timestamp={TODAY:%Y-%m-%d}T03/part-0.parquet", parquet)
    client.upload_blob(f"job/AuditLogs/timestamp={TODAY:%Y-%m-%d}T03/_SUCCESS", b"done")
    assert_well(load(landing, loader_of(azurite.url, container)))
    files = sorted(landing.not_ingested(), key=lambda path: path.suffix)
    assert [path.suffix for path in files] == [".json", ".json", ".parquet"]
    assert files[2].read_bytes() == parquet
    assert sorted(path.read_bytes() for path in files[:2]) == lines(1, 2)


def test_all_pages_and_hostile_names(
    azurite: Azurite, container: str, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blob_module, "PAGE", 3)
    names = [f"resourceId=/SUBSCRIPTIONS/{n}/" for n in range(7)]
    names += [
        "resourceId=/ä b+c&?#/",
        "resourceId=/'; drop table x/",
        "resourceId=/<script>/",
        "resourceId=/-rf/~/",
    ]
    for number, name in enumerate(names):
        append(azurite, container, hour(1, root=name), line(number))
    assert_well(load(landing, loader_of(azurite.url, container)))
    assert landed(landing) == lines(*range(len(names)))
    assert all(path.resolve().is_relative_to(landing.folder) for path in landing.not_ingested())


def test_faults_on_the_way_lose_nothing(
    azurite: Azurite,
    container: str,
    blob_proxy: VendorServer,
    landing: Landing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loaders.blob_tails.PIECE", 2048)
    append(azurite, container, hour(1), *map(line, range(40)))
    append(azurite, container, hour(2), *map(line, range(40, 50)))
    busy = Fault(503, {"x-ms-error-code": "ServerBusy", "Retry-After": "1"})
    blob_proxy.plan(busy, CUT_BEFORE, on=f"/devstoreaccount1/{container}")
    blob_proxy.plan(busy, CUT_WITHIN, Fault(500), CUT_BEFORE, on=f"/devstoreaccount1/{container}/tenantId")
    summary = load(landing, loader_of(f"{blob_proxy.url}/devstoreaccount1", container))
    assert_well(summary)
    assert blob_proxy.planned() == 0
    assert landed(landing) == lines(*range(50))


def test_what_is_missing_is_named(
    azurite: Azurite, container: str, landing: Landing, blob_proxy: VendorServer
) -> None:
    append(azurite, container, hour(1), line(1))
    assert all(probe.is_well for probe in loader_of(azurite.url, container).probe())
    wrong = loader_of(azurite.url, container, "d3Jvbmc=")
    (refused,) = [probe for probe in wrong.probe() if not probe.is_well]
    assert "refused" in refused.told and "Storage Blob Data Reader" in refused.hint
    assert "d3Jvbmc" not in repr(refused) and "refused" in str(load(landing, wrong).error)
    absent = loader_of(azurite.url, "insights-logs-absent").probe()[-1]
    assert not absent.is_well and "containers" in absent.hint
    denied = {"x-ms-error-code": "AuthorizationPermissionMismatch"}
    blob_proxy.plan(Fault(403, denied))
    told = loader_of(f"{blob_proxy.url}/devstoreaccount1", container).probe()[-1]
    assert "Storage Blob Data Reader" in told.hint
    nowhere = loader_of("http://127.0.0.1:9/devstoreaccount1", container)
    nowhere._clients.account()._config.retry_policy.total_retries = 0
    assert "cannot be reached" in nowhere.probe()[-1].told


def test_containers_of_azure_monitor_are_found(azurite: Azurite, container: str) -> None:
    azurite.client.create_container(f"other-{container}"[:60])
    found = BlobLoader("exports", BlobOptions(azurite.url), PUBLIC_KEY)._containers()
    assert container in found and all(name.startswith(blob_module.CONTAINERS) for name in found)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "not set: account_url"),
        ({"account_url": "http://example.blob.core.windows.net"}, "in the clear"),
        ({"account_url": "https://example.blob.core.windows.net/?sv=2024&sig=x"}, "no address"),
        ({"account_url": "https://example.blob.core.windows.net", "cloud": "moon"}, "no cloud"),
    ],
)
def test_settings_that_make_no_sense(table: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        BlobLoader.from_settings("exports", table)
