"""Sign-ins and storage calls for benches: as many as asked, each its own, and such that ingest knows them all."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.simulate.bench import write_cloudtrail_bench
from pipeline.simulate.bench_azure import write_signins_bench, write_storage_bench
from pipeline.simulate.bench_templates import Pace

NOW = datetime(2026, 3, 10)
WRITERS = {
    "cloudtrail": write_cloudtrail_bench,
    "signins": write_signins_bench,
    "storage": write_storage_bench,
}


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        (
            "signins",
            {
                "entra_signin": 100,
                "entra_signin_noninteractive": 400,
                "entra_signin_service_principal": 100,
            },
        ),
        ("storage", {"azure_storage": 600}),
        ("cloudtrail", {"aws_cloudtrail": 600}),
    ],
)
def test_every_record_becomes_an_event_of_its_own(
    fresh_lake: Path, tmp_path: Path, kind: str, counts: dict[str, int]
) -> None:
    summary = WRITERS[kind](tmp_path / "logs", 600, 3, Pace(events_a_file=100))
    assert (summary.record_counts, summary.file_count) == (counts, 6)
    taken = ingest(fresh_lake, [tmp_path / "logs"], NOW)
    assert {source: count.events for source, count in taken.counts.items()} == counts
    assert taken.total.records == 600
    rows = run_query(
        Lake.open(fresh_lake),
        "select event_id, principal_id, source_ip, raw from events where raw like '%@%@%'",
    )[1]
    assert [row for row in rows if marks_left(row[3])] == []


def marks_left(text: str) -> Any:
    from pipeline.simulate.bench_templates import MARK

    return MARK.search(text)


def test_the_pace_spreads_events_over_the_time_asked_for(tmp_path: Path) -> None:
    days, events = 30, 300
    summary = write_storage_bench(tmp_path / "logs", events, 3, Pace(events / (days * 86_400), 50))
    assert timedelta(days=29) < summary.last_at - summary.first_at < timedelta(days=30)
    folders = Counter(path.parent for path in (tmp_path / "logs").rglob("*.json.gz"))
    assert len(folders) == 6


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, kind: str) -> None:
    for name in ("a", "b"):
        WRITERS[kind](tmp_path / name, 300, 3, Pace(events_a_file=100))
    left, right = (sorted((tmp_path / name).rglob("*.json.gz")) for name in ("a", "b"))
    assert [path.read_bytes() for path in left] == [path.read_bytes() for path in right]
