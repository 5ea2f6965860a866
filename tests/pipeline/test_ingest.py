"""Records into the lake: exact counts, exact values, nothing lost and nothing doubled."""

import contextlib
import gzip
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest import IngestSummary, MissingPaths, ingest
from pipeline.lake import Lake
from pipeline.query import run_query
from pipeline.schema import COLUMNS

NOW = datetime(2026, 3, 10, 12)
KILLS = 50
EVENT: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "accountId": "111122223333",
        "accessKeyId": "AKIAEXAMPLE",
        "userName": "ada",
    },
    "eventTime": "2026-03-01T10:00:00Z",
    "eventSource": "iam.amazonaws.com",
    "eventName": "ListUsers",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.10",
    "userAgent": "aws-cli",
    "eventID": "e-1",
    "recipientAccountId": "111122223333",
    "readOnly": True,
}


def event(**changes: Any) -> dict[str, Any]:
    return {**EVENT, **changes}


def take_in(lake: Path, tmp_path: Path, *records: Any, name: str = "log.json") -> IngestSummary:
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(record) for record in records))
    return ingest(lake, [path], NOW)


def rows(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    return run_query(Lake.open(lake), sql)[1]


def numbers(summary: IngestSummary) -> tuple[int, int, int, int]:
    total = summary.total
    assert total.records == total.events + total.duplicates + total.quarantined
    return total.records, total.events, total.duplicates, total.quarantined


def test_the_events_table_has_every_column_of_the_design(fresh_lake: Path, tmp_path: Path) -> None:
    take_in(fresh_lake, tmp_path, event())
    described = run_query(Lake.open(fresh_lake), "describe events")[1]
    assert [(row[0], row[1].lower()) for row in described] == list(COLUMNS)


@pytest.mark.parametrize("shape", ["Records", "list", "object", "lines", "gzip"])
def test_every_shape_of_cloudtrail_gives_the_same_events(
    fresh_lake: Path, tmp_path: Path, shape: str
) -> None:
    records = [event(eventID="e-1"), event(eventID="e-2")]
    contents = {
        "Records": json.dumps({"Records": records}).encode(),
        "list": json.dumps(records, indent=2).encode(),
        "object": "\n".join(json.dumps(record, indent=2) for record in records).encode(),
        "lines": "\n".join(json.dumps(record) for record in records).encode(),
        "gzip": gzip.compress(json.dumps({"Records": records}).encode()),
    }
    path = tmp_path / "log"
    path.write_bytes(contents[shape])
    assert numbers(ingest(fresh_lake, [path], NOW)) == (2, 2, 0, 0)
    assert rows(
        fresh_lake, "select event_id, source, action, principal_name, source_row from events order by 1"
    ) == [
        ("e-1", "aws_cloudtrail", "ListUsers", "ada", 1),
        ("e-2", "aws_cloudtrail", "ListUsers", "ada", 2),
    ]


def test_duplicates_within_a_batch_and_across_runs_are_counted(fresh_lake: Path, tmp_path: Path) -> None:
    assert numbers(take_in(fresh_lake, tmp_path, event(), event())) == (2, 1, 1, 0)
    assert numbers(take_in(fresh_lake, tmp_path, event(), event(eventID="e-2"), name="again.json")) == (
        2,
        1,
        1,
        0,
    )
    assert rows(fresh_lake, "select count(*) from events") == [(2,)]


def test_two_recipients_of_one_call_stay_two_events(fresh_lake: Path, tmp_path: Path) -> None:
    assert numbers(take_in(fresh_lake, tmp_path, event(), event(recipientAccountId="444455556666"))) == (
        2,
        2,
        0,
        0,
    )


def test_one_id_at_two_times_is_two_events(fresh_lake: Path, tmp_path: Path) -> None:
    assert numbers(take_in(fresh_lake, tmp_path, event(), event(eventTime="2026-03-01T10:00:01Z"))) == (
        2,
        2,
        0,
        0,
    )


def test_what_is_no_event_is_set_aside_with_a_reason(fresh_lake: Path, tmp_path: Path) -> None:
    summary = take_in(
        fresh_lake, tmp_path, event(), {"what": "is this"}, event(eventID="e-3", eventTime="soon"), 5
    )
    assert numbers(summary) == (4, 1, 0, 3)
    assert dict(summary.reasons) == {
        "no known source (keys: what)": 1,
        "no time that can be read": 1,
        "not an object": 1,
    }
    assert rows(fresh_lake, "select reason, source, source_row from quarantine order by source_row") == [
        ("no known source (keys: what)", None, 2),
        ("no time that can be read", "aws_cloudtrail", 3),
        ("not an object", None, 4),
    ]


def test_a_second_run_quarantines_nothing_twice(fresh_lake: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert numbers(take_in(fresh_lake, tmp_path, {"what": "is this"})) == (1, 0, 0, 1)
    assert rows(fresh_lake, "select count(*) from quarantine") == [(1,)]


def test_a_broken_file_costs_itself_and_keeps_what_is_whole(fresh_lake: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.json").write_text(json.dumps({"Records": [event(eventID="a-1")]}))
    (logs / "b.json").write_text(json.dumps({"Records": [event(eventID="b-1"), event(eventID="b-2")]})[:-30])
    (logs / "c.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [event(eventID="c-1")]}).encode()))
    (logs / "d.json.gz").write_bytes(
        gzip.compress(b"\n".join(json.dumps(event(eventID=f"d-{i}")).encode() for i in range(500)))[:-200]
    )
    (logs / "e.txt").write_text("a directory with other things in it")
    (logs / "f.zip").write_bytes(b"PK\x03\x04")
    summary = ingest(fresh_lake, [logs], NOW)
    numbers(summary)
    kept = {row[0] for row in rows(fresh_lake, "select event_id from events")}
    assert {"a-1", "b-1", "c-1"} <= kept
    assert len([event_id for event_id in kept if event_id.startswith("d-")]) > 10
    reasons = " | ".join(summary.reasons)
    for part in (
        "the list is cut here",
        "the gzip ends too early",
        "neither JSON nor a table (starts with 'a directory with oth')",
        "broken zip",
    ):
        assert part in reasons


def test_a_missing_path_is_told_after_the_others_were_taken_in(fresh_lake: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(event()))
    with pytest.raises(MissingPaths, match="nowhere: no such file or folder: check the path") as caught:
        ingest(fresh_lake, [tmp_path / "nowhere", path], NOW)
    assert numbers(caught.value.summary) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10)),
        ("2026-03-01T12:00:00.1234567+02:00", datetime(2026, 3, 1, 10, 0, 0, 123456)),
        ("2026-03-01 10:00:00.000000000", datetime(2026, 3, 1, 10)),
        ("20260301T100000Z", datetime(2026, 3, 1, 10)),
        ("3/1/2026, 10:00:00.029 AM", datetime(2026, 3, 1, 10, 0, 0, 29000)),
        ("infinity", None),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_times_to_utc_microseconds(
    fresh_lake: Path, tmp_path: Path, written: str, expected: datetime | None
) -> None:
    summary = take_in(fresh_lake, tmp_path, event(eventTime=written))
    assert numbers(summary) == ((1, 1, 0, 0) if expected else (1, 0, 0, 1))
    if expected:
        assert rows(fresh_lake, "select occurred_at from events") == [(expected,)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("2001:0DB8::0001", "2001:db8::1"),
        ("AWS Internal", None),
        ("ec2.amazonaws.com", None),
        ("08.1.250.216", None),
        ("251.234.045.249", None),
        ("<null>", None),
        ("192.0.2.10:44321", "192.0.2.10"),
        ("[2001:db8::1]:443", "2001:db8::1"),
    ],
)
def test_addresses(fresh_lake: Path, tmp_path: Path, written: str, expected: str | None) -> None:
    take_in(fresh_lake, tmp_path, event(sourceIPAddress=written))
    assert rows(fresh_lake, "select source_ip from events") == [(expected,)]


def test_secrets_are_masked_wherever_they_are_stored(fresh_lake: Path, tmp_path: Path) -> None:
    planted = ["TOKENplantedTOKEN", "SIGNATUREplanted", 'PASS"WORD\\planted', "KEYplanted", 'NESTED"planted']
    take_in(
        fresh_lake,
        tmp_path,
        event(
            responseElements={"credentials": {"accessKeyId": "ASIAEXAMPLE", "sessionToken": planted[0]}},
            requestParameters={
                "url": f"https://a.blob.core.windows.net/c?sv=1&sig={planted[1]}&se=2",
                "password": planted[2],
                "connection": f"AccountName=a;AccountKey={planted[3]};EndpointSuffix=x",
                "body": json.dumps({"clientSecret": planted[4]}),
            },
        ),
        {"unknown": {"sessionToken": planted[0]}},
    )
    assert rows(fresh_lake, "select issued_credential_id from events") == [("ASIAEXAMPLE",)]
    raw = json.loads(rows(fresh_lake, "select raw from events")[0][0])
    assert raw["responseElements"]["credentials"] == {"accessKeyId": "ASIAEXAMPLE", "sessionToken": "***"}
    assert json.loads(raw["requestParameters"]["body"]) == {"clientSecret": "***"}
    stored = [
        raw_text
        for (raw_text,) in rows(fresh_lake, "select raw from events union all select record from quarantine")
    ]
    for secret in ("TOKENplanted", "SIGNATUREplanted", "PASS", "planted", "KEYplanted", "NESTED"):
        assert not any(secret in text for text in stored), secret


def test_an_overflowing_number_or_a_wrong_type_costs_a_column_at_most(
    fresh_lake: Path, tmp_path: Path
) -> None:
    odd = event(
        userIdentity="a string",
        requestParameters=[1, 2],
        readOnly="maybe",
        additionalEventData={"bytesTransferredOut": 1e30},
    )
    assert numbers(take_in(fresh_lake, tmp_path, odd)) == (1, 1, 0, 0)
    assert rows(fresh_lake, "select principal_id, is_read_only, bytes_out from events") == [
        (None, None, None)
    ]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**31), 2**31)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), children, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["requestParameters", "responseElements", "additionalEventData", "extra"]),
            JSON_VALUES,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_record_comes_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, changes: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("property")
    records = [event(eventID=f"e-{number}", **change) for number, change in enumerate(changes)]
    assert numbers(take_in(folder / "lake", folder, *records)) == (len(records), len(records), 0, 0)
    stored = rows(folder / "lake", "select raw from events order by event_id")
    assert [json.loads(raw) for (raw,) in stored] == records


def test_parquet_is_in_the_order_of_time_and_partitioned(sample_lake: Lake) -> None:
    files = sample_lake.plan_files()
    assert len(files) > 50
    for path in files[:5]:
        with duckdb.connect() as con:
            times = con.execute(
                "select occurred_at, source from read_parquet($path, hive_partitioning = false)",
                {"path": path},
            ).fetchall()
        assert [row[0] for row in times] == sorted(row[0] for row in times)
        assert {(row[0].date().isoformat(), row[1]) for row in times} == {
            (path.split("occurred_day=")[1][:10], times[0][1])
        }


def test_planning_prunes_by_day_and_source(sample_lake: Lake) -> None:
    one_day = sample_lake.plan_files(datetime(2026, 3, 2), datetime(2026, 3, 3), ["entra_signin"])
    assert one_day
    assert all("occurred_day=2026-03-02/source=entra_signin/" in path for path in one_day)


# records, events, duplicates, quarantined. What is unrecognised is of no source of ours (results of scheduled queries, S3 access
# logs, alerts, pieces of documentation) or broken on purpose
REAL_TOTALS = {
    "aws_cloudtrail": (1174, 917, 257, 0),
    "aws_cloudtrail_digest": (1, 1, 0, 0),
    "aws_cloudtrail_insight": (2, 2, 0, 0),
    "azure_activity": (535, 531, 2, 2),
    "azure_key_vault": (32, 31, 1, 0),
    "azure_resource": (49, 48, 1, 0),
    "azure_storage": (23, 23, 0, 0),
    "entra_audit": (100, 93, 7, 0),
    "entra_risk": (22, 12, 8, 2),
    "entra_signin": (21, 13, 4, 4),
    "entra_signin_managed_identity": (34, 34, 0, 0),
    "entra_signin_noninteractive": (21, 19, 2, 0),
    "entra_signin_service_principal": (9, 9, 0, 0),
    "graph_activity": (3, 3, 0, 0),
    "m365_audit": (572, 408, 164, 0),
    "okta_system": (100, 41, 51, 8),
    "unrecognised": (71, 0, 0, 71),
}


def test_real_logs_are_read_to_the_last_record(real_logs: Path, tmp_path: Path) -> None:
    summary = ingest(tmp_path / "lake", [real_logs], NOW)
    counted = {c.source: (c.records, c.events, c.duplicates, c.quarantined) for c in summary.counts.values()}
    assert counted == REAL_TOTALS
    assert all(count[0] == sum(count[1:]) for count in counted.values())
    assert sum(summary.reasons.values()) == summary.total.quarantined
    again = ingest(tmp_path / "lake", [real_logs], NOW)
    assert (again.total.records, again.total.events, again.total.quarantined) == (
        summary.total.records,
        0,
        summary.total.quarantined,
    )


@pytest.fixture
def many_files(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(12):
        records = [
            event(eventID=f"{number}-{i}", eventTime=f"2026-03-{i % 9 + 1:02}T10:00:00Z") for i in range(300)
        ]
        (logs / f"{number:02}.json.gz").write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    return logs


CHILD = """
import sys
from datetime import datetime
from pathlib import Path
import pipeline.ingest as module
module.BATCH_FILES = 2
module.ingest(Path(sys.argv[1]), [Path(sys.argv[2])], datetime(2026, 3, 10, 12))
"""


def table(lake: Path) -> list[tuple[Any, ...]]:
    columns = ", ".join(name for name, _ in COLUMNS if name not in ("batch_id", "ingested_at"))
    return rows(lake, f"select {columns} from events order by all")


def killings() -> Iterator[str]:
    """Where a run is killed: before a file is written, between the files and the commit, between the commit and the ledger."""
    yield from ("_write_events", "append", "finish")


@pytest.mark.parametrize("point", list(killings()))
def test_a_run_killed_at_the_worst_moment_loses_and_doubles_nothing(
    many_files: Path, tmp_path: Path, point: str
) -> None:
    killed = tmp_path / "killed"
    code = CHILD.replace(
        "module.ingest(Path",
        f"""
import os, signal
from pipeline.lake import Lake
from pipeline.ledger import Ledger
owner = next(owner for owner in (module, Lake, Ledger) if hasattr(owner, {point!r}))
original, calls = getattr(owner, {point!r}), []
def dying(*arguments, **named):
    calls.append(1)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **named)
setattr(owner, {point!r}, dying)
module.ingest(Path""",
    )
    died = subprocess.run(
        [sys.executable, "-c", code, str(killed), str(many_files)], capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert 0 < rows(killed, "select count(*) from events")[0][0] < 3600
    ingest(killed, [many_files], NOW)
    ingest(tmp_path / "undisturbed", [many_files], NOW)
    assert table(killed) == table(tmp_path / "undisturbed")
    assert len(table(killed)) == 3600
    registered = set(Lake.open(killed).plan_files())
    assert {str(path) for path in (killed / "warehouse").rglob("*.parquet")} == registered


@pytest.mark.slow
def test_a_run_killed_at_fifty_moments_loses_and_doubles_nothing(many_files: Path, tmp_path: Path) -> None:
    """One run over the logs, killed again and again: half of the kills while a batch is pending, the rest anywhere."""
    ingest(tmp_path / "undisturbed", [many_files], NOW)
    expected = table(tmp_path / "undisturbed")
    killed = tmp_path / "killed"
    moments = random.Random(7)
    kills = 0
    while kills < KILLS:
        if (
            kills and kills % 10 == 0
        ):  # from the beginning again, or the last kills would find nothing left to do
            ingest(killed, [many_files], NOW)
            assert table(killed) == expected
            shutil.rmtree(killed)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(killed), str(many_files)], stderr=subprocess.DEVNULL
        )
        if kills % 2:
            wait_for_a_pending_batch(killed, child)
            time.sleep(moments.uniform(0, 0.1))
        else:
            time.sleep(moments.uniform(0.2, 2.5))
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
            kills += 1
        elif kills % 2 == 0:
            kills += 1  # it was quicker than the moment: as good as a kill after the end
        child.wait()
    ingest(killed, [many_files], NOW)
    assert table(killed) == expected
    registered = set(Lake.open(killed).plan_files())
    assert {str(path) for path in (killed / "warehouse").rglob("*.parquet")} == registered
    assert not list((killed / "tmp").glob("*"))


def wait_for_a_pending_batch(lake: Path, child: "subprocess.Popen[bytes]") -> None:
    while child.poll() is None:
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{lake / 'ledger.db'}?mode=ro", uri=True)
            ) as ledger:
                if ledger.execute("select 1 from batches where state = 'pending'").fetchone():
                    return
        except sqlite3.Error:
            pass
        time.sleep(0.002)


def test_recognising_joins_nothing_because_a_join_loses_the_reading_order(tmp_path: Path) -> None:
    from pipeline.settings import sql_text

    with duckdb.connect() as con:
        con.execute(sql_text("ingest/macros"))
        con.execute(
            "create table read_records (source_file varchar, source_row bigint, record varchar, problem varchar)"
        )
        plan = con.execute(
            f"explain {sql_text('ingest/recognised')}", {"max_record_bytes": 1, "is_peeled": False}
        ).fetchall()[0][1]
    assert "READ" in plan.upper() or "SCAN" in plan.upper()
    assert "JOIN" not in plan.upper()


def test_what_strays_in_cloudtrails_envelope_is_recognised_or_set_aside(
    fresh_lake: Path, tmp_path: Path
) -> None:
    notification = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-03-01T10:00:00Z",
    }
    audit = {
        "time": "2026-03-01T10:00:00Z",
        "category": "AuditLogs",
        "operationName": "Update user",
        "properties": {
            "id": "a-1",
            "activityDateTime": "2026-03-01T10:00:00Z",
            "activityDisplayName": "Update user",
            "result": "success",
        },
    }
    path = tmp_path / "log.json"
    path.write_text(
        json.dumps({"Records": [event(eventID="e-1"), 5, None, notification, audit, event(eventID="e-6")]})
    )
    summary = ingest(fresh_lake, [path], NOW)
    assert numbers(summary) == (6, 3, 0, 3)
    assert rows(fresh_lake, "select event_id, source, source_row from events order by source_row") == [
        ("e-1", "aws_cloudtrail", 1),
        ("a-1", "entra_audit", 5),
        ("e-6", "aws_cloudtrail", 6),
    ]
    assert [row[0] for row in rows(fresh_lake, "select source_row from quarantine order by all")] == [2, 3, 4]


def test_the_delivery_time_is_read_from_the_name_of_a_cloudtrail_file(
    fresh_lake: Path, tmp_path: Path
) -> None:
    name = "111122223333_CloudTrail_us-east-1_20260301T1015Z_AbCdEfGhIjKlMnOp.json"
    for content in (json.dumps({"Records": [event(eventID="e-1")]}), json.dumps([event(eventID="e-2")])):
        (tmp_path / name).write_text(content)
        ingest(fresh_lake, [tmp_path / name], NOW)
    assert rows(fresh_lake, "select distinct received_at from events") == [(datetime(2026, 3, 1, 10, 15),)]


@pytest.mark.parametrize(
    ("source", "request_parameters", "target"),
    [
        ("ssm.amazonaws.com", {"name": "/prod/a"}, "/prod/a"),
        ("ssm.amazonaws.com", {"names": ["/prod/a", "/prod/b"]}, "/prod/a,/prod/b"),
        ("ssm.amazonaws.com", {"path": "/prod"}, "/prod"),
        ("secretsmanager.amazonaws.com", {"secretIdList": ["db", "api"]}, "db,api"),
        ("secretsmanager.amazonaws.com", {"secretId": "db"}, "db"),
    ],
)
def test_what_was_read_is_named(
    fresh_lake: Path, tmp_path: Path, source: str, request_parameters: dict, target: str
) -> None:
    take_in(fresh_lake, tmp_path, event(eventSource=source, requestParameters=request_parameters))
    assert rows(fresh_lake, "select target_id from events") == [(target,)]
