"""Nothing lost, nothing doubled: any record in any envelope is accounted for, and neither order nor batching matters."""

import gzip
import json
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import ingest as ingest_module
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.schema import COLUMNS
from tests.pipeline.test_opening import event, zipped

NOW = datetime(2026, 3, 10, 12)
# where an event came from and when it was taken in depends on the run; what it is does not
RUN_COLUMNS = ("batch_id", "ingested_at", "source_file", "source_row", "received_at")


def table(lake: Path) -> list[tuple[Any, ...]]:
    columns = ", ".join(name for name, _ in COLUMNS if name not in RUN_COLUMNS)
    return run_query(Lake.open(lake), f"select {columns} from events order by all")[1]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
# keys of real logs, so that records come near to being recognised
KEYS = st.sampled_from(
    ["eventSource", "eventName", "eventTime", "eventID", "userIdentity", "category", "Category", "time", "resourceId", "operationName", "properties", "uuid",
     "eventType", "published", "Operation", "RecordType", "CreationTime", "Id", "TimeGenerated", "Type", "identity", "actor", "AuditData", "CloudTrailEvent"]
)  # fmt: skip
OBJECTS = st.dictionaries(
    KEYS | TEXT.filter(lambda key: key not in ("Records", "records", "value", "Events", "events")),
    VALUES,
    min_size=1,
    max_size=5,
)


def compact(value: Any) -> str:
    """As vendors write it."""
    return json.dumps(value, separators=(",", ":"))


ENVELOPES: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "lines": lambda records: "\n".join(compact(record) for record in records).encode(),
    "list": lambda records: compact(records).encode(),
    "pretty": lambda records: "\n".join(json.dumps(record, indent=2) for record in records).encode(),
    "Records": lambda records: compact({"Records": records}).encode(),
    "records, gzip": lambda records: gzip.compress(compact({"records": records}).encode()),
    "value": lambda records: compact({"@odata.context": "x", "value": records}).encode(),
    "zip": lambda records: zipped({"a.json": compact(records).encode()}),
    "_raw": lambda records: "\n".join(compact({"_time": 1, "_raw": compact(record)}) for record in records).encode(),
    "event hub lines": lambda records: "\n".join(compact({"records": [record]}) for record in records).encode(),
    "logEvents": lambda records: compact({"messageType": "DATA_MESSAGE", "logEvents": [{"message": compact(record)} for record in records]}).encode(),
    "Messages": lambda records: compact({"Messages": [{"Body": compact({"Message": compact(record)})} for record in records]}).encode(),
    "QueryResultRows": lambda records: compact({"QueryResultRows": [[{"eventJson": compact(record)}] for record in records]}).encode(),
    "ResultSet": lambda records: compact({"ResultSet": {"Rows": [{"Data": [{"VarCharValue": cell}]} for cell in ["message", *map(compact, records)]]}}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("envelope", ENVELOPES)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=st.lists(OBJECTS, min_size=1, max_size=5))
def test_any_object_in_any_envelope_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, envelope: str, records: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "log").write_bytes(ENVELOPES[envelope](records))
    summary = ingest(folder / "lake", [folder / "log"], NOW)
    total = summary.total
    assert total.records >= len(records) or any(_wraps(record) for record in records)
    assert total.records == total.events + total.duplicates + total.quarantined
    lake = Lake.open(folder / "lake")
    assert run_query(lake, "select count(*) from events")[1] == [(total.events,)]
    assert run_query(lake, "select count(*) from quarantine")[1] == [(total.quarantined,)]


def _wraps(record: dict[str, Any]) -> bool:
    """Whether the record itself holds a list of none, which is an envelope of nothing."""
    return any(value == [] for value in record.values())


def logs_of_many_kinds(folder: Path) -> Path:
    """Two files of each kind with duplicates within and between them."""
    folder.mkdir()
    chance = random.Random(3)
    for number in range(2 * len(ENVELOPES)):
        ids = [chance.randrange(70) for _ in range(10)]
        records = [event(f"e-{n}", eventTime=f"2026-03-{n % 9 + 1:02}T10:00:{n % 60:02}Z") for n in ids]
        name, pack = list(ENVELOPES.items())[number % len(ENVELOPES)]
        (folder / f"{number:02}-{name.replace(' ', '')}").write_bytes(pack(records))
    return folder


def test_neither_order_nor_batching_changes_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = logs_of_many_kinds(tmp_path / "logs")
    ingest(tmp_path / "once", [logs], NOW)
    expected = table(tmp_path / "once")
    assert len(expected) > 50
    files = sorted(logs.iterdir())
    for number in range(3):
        lake = tmp_path / f"shuffled-{number}"
        monkeypatch.setattr(ingest_module, "BATCH_FILES", number * 3 + 2)
        random.Random(number).shuffle(files)
        for start in range(0, len(files), 10):
            ingest(lake, files[start : start + 10], NOW)
        assert table(lake) == expected


def test_real_logs_give_the_same_table_in_any_order(
    real_logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of one event that differ are left out: the first taken in stays, whichever it is."""
    folders = [real_logs / "cloudtrail" / name for name in ("flaws-cloud", "stratus-red-team", "plaso")] + [
        real_logs / "okta" / "elastic"
    ]
    ingest(tmp_path / "once", folders, NOW)
    monkeypatch.setattr(ingest_module, "BATCH_FILES", 7)
    for folder in reversed(folders):
        ingest(tmp_path / "reversed", [folder], NOW)
    assert table(tmp_path / "reversed") == table(tmp_path / "once")
