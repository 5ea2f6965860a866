"""Writes a logbook in the vendors' own layout: CloudTrail's `AWSLogs/…`, the `insights-logs-…` of diagnostic settings, and for
what is fetched by API (Okta, Microsoft 365) a list a day.

Samples hold a day or a week of arrivals in a file, where a real bucket has one for every few minutes or hours. Gzip headers
are written here, because the standard library's differ between Python versions.
"""

import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from pipeline.simulate import identifiers
from pipeline.simulate.estate import GLOBAL_REGION, Estate
from pipeline.simulate.logbook import Delivery, Logbook

GZIP_HEADER = (
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # no name, no time, best compression, unknown system
)
ORGANIZATION_TRAIL = "organization-trail"
ACCOUNT_TRAIL = "account-trail"
DIAGNOSTICS = "diagnostics"
FETCHED = {"okta_system": "okta", "m365_audit": "microsoft-365"}
WEEKLY = {
    "ServicePrincipalSignInLogs",
    "AuditLogs",
    "ActivityLogs",
    "StorageRead",
    "StorageWrite",
    "AuditEvent",
}


def gzip_bytes(content: bytes, level: int = 9) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(content) + packer.flush()
    return GZIP_HEADER + body + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_file(path: Path, content: bytes, level: int = 9) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip_bytes(content, level))
    return path


def period_end(arrived_at: datetime, days: int, first_day: datetime) -> datetime:
    """The midnight that ends the period of `days` in which a record arrived."""
    periods = (arrived_at - first_day) // timedelta(days=days) + 1
    return first_day + timedelta(days=days * periods)


def by_period(
    deliveries: Iterable[Delivery], days: int, first_day: datetime
) -> dict[datetime, list[Delivery]]:
    periods = defaultdict(list)
    for delivery in sorted(deliveries, key=lambda delivery: delivery.arrived_at):
        periods[period_end(delivery.arrived_at, days, first_day)].append(delivery)
    return dict(sorted(periods.items()))


@dataclass(frozen=True, slots=True)
class Packing:
    """How many days of arrivals go into a file, and how hard it is compressed."""

    days: int = 1
    level: int = 9


ONE_DAY = Packing()


def write_logs(
    out: Path, logbook: Logbook, estate: Estate, seed: int, first_day: datetime, packing: Packing = ONE_DAY
) -> tuple[list[Path], int]:
    """Writes every file. Returns their paths, and how many CloudTrail records were written a second time."""
    streams = defaultdict(list)
    for delivery in logbook.deliveries:
        streams[delivery.source, delivery.stream].append(delivery)
    rng = Random(f"{seed}/files")
    files: list[Path] = []
    repeats = 0
    for (source, stream), deliveries in sorted(streams.items()):
        if source in FETCHED:
            files += write_fetched(out / FETCHED[source] / stream, deliveries, first_day, packing)
            continue
        if source != "aws_cloudtrail":
            files += write_diagnostics(out / DIAGNOSTICS, stream, deliveries, estate, first_day, packing)
            continue
        account_id, region = stream.split("/")
        trail = out / ORGANIZATION_TRAIL / "AWSLogs" / estate.organization_id / account_id
        files += write_cloudtrail(trail, account_id, region, deliveries, rng, first_day, packing)
        if (account_id, region) == (estate.platform_account, GLOBAL_REGION):
            # An older trail of the account itself is still switched on: the same events again, under the same ids.
            trail = out / ACCOUNT_TRAIL / "AWSLogs" / account_id
            files += write_cloudtrail(trail, account_id, region, deliveries, rng, first_day, packing)
            repeats += len(deliveries)
    return files, repeats


def write_cloudtrail(
    trail: Path, account_id: str, region: str, deliveries: list[Delivery], rng: Random, first_day: datetime,
    packing: Packing,
) -> list[Path]:  # fmt: skip
    files = []
    for ends_at, rows in by_period(deliveries, packing.days, first_day).items():
        delivered_at = ends_at + timedelta(minutes=5)
        suffix = identifiers.text_of(
            identifiers.UPPER_ALPHANUMERIC + identifiers.LOWER_ALPHANUMERIC[:26], 16, rng
        )
        name = f"{account_id}_CloudTrail_{region}_{delivered_at:%Y%m%dT%H%MZ}_{suffix}.json.gz"
        folder = trail / "CloudTrail" / region / f"{delivered_at:%Y/%m/%d}"
        content = json_text({"Records": [row.record for row in rows]}).encode()
        files.append(write_file(folder / name, content, packing.level))
    return files


def write_diagnostics(
    folder: Path,
    category: str,
    deliveries: list[Delivery],
    estate: Estate,
    first_day: datetime,
    packing: Packing,
) -> list[Path]:
    container, resource = {
        "ActivityLogs": (
            "insights-activity-logs",
            f"resourceId=/SUBSCRIPTIONS/{estate.subscription_id.upper()}",
        ),
        "AuditEvent": ("insights-logs-auditevent", f"resourceId={estate.vault_resource_id}"),
        "StorageRead": (
            "insights-logs-storageread",
            f"resourceId={estate.storage_resource_id}/blobServices/default",
        ),
        "StorageWrite": (
            "insights-logs-storagewrite",
            f"resourceId={estate.storage_resource_id}/blobServices/default",
        ),
    }.get(category, (f"insights-logs-{category.lower()}", f"tenantId={estate.tenant_id}"))
    files = []
    for rows in by_period(deliveries, 7 if category in WEEKLY else packing.days, first_day).values():
        begins_at = rows[0].arrived_at
        path = folder / container / resource / f"{begins_at:y=%Y/m=%m/d=%d/h=%H/m=00}" / "PT1H.json.gz"
        content = "".join(json_text(row.record) + "\n" for row in rows).encode()
        files.append(write_file(path, content, packing.level))
    return files


def write_fetched(
    folder: Path, deliveries: list[Delivery], first_day: datetime, packing: Packing
) -> list[Path]:
    """What an API answers: a JSON list of the records that arrived on a day, or on those of a period."""
    return [
        write_file(
            folder / f"{ends_at - timedelta(days=1):%Y-%m-%d}.json.gz",
            json_text([row.record for row in rows]).encode(),
            packing.level,
        )
        for ends_at, rows in by_period(deliveries, packing.days, first_day).items()
    ]
