"""The hunt folder: whole or absent, the same bytes twice, and every file readable by what it is for."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.report.files import WRITERS, folder_name, write_hunt_folder
from pipeline.report.result import TIMELINE_SCHEMA, Hunt, timeline_table
from pipeline.report.shapes import hunt_summary
from pipeline.report.text import json_text

TIMELINE_KEYS = [
    "occurred_at", "event_id", "source", "provider", "tenant_id", "principal_id", "principal_name", "action", "target_id",
    "outcome", "source_ip", "control_domain", "signals", "points", "why", "thing_id", "depth", "seed",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(alice_hunt: Hunt, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hunt_folder(alice_hunt, tmp_path_factory.mktemp("out") / "alice")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_folder_holds_six_files(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(WRITERS)


def test_the_same_hunt_gives_the_same_bytes(alice_hunt: Hunt, folder: Path, tmp_path: Path) -> None:
    shuffled = replace(alice_hunt, timeline=timeline_table(alice_hunt.timeline.to_pylist()[::-1]))
    again = write_hunt_folder(shuffled, tmp_path)
    assert {name: (again / name).read_bytes() for name in WRITERS} == {
        name: (folder / name).read_bytes() for name in WRITERS
    }


def test_a_failed_write_leaves_no_half_file_and_no_hunt_json(
    alice_hunt: Hunt, folder: Path, tmp_path: Path
) -> None:
    write_hunt_folder(alice_hunt, tmp_path)
    before = (tmp_path / "findings.json").read_bytes()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_hunt_folder(
            replace(alice_hunt, findings=(replace(alice_hunt.findings[0], points=float("nan")),)), tmp_path
        )
    assert not (tmp_path / "hunt.json").exists()
    assert (tmp_path / "findings.json").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_lines_have_the_promised_keys(alice_hunt: Hunt, folder: Path) -> None:
    lines = [
        json.loads(line) for line in (folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(lines) == alice_hunt.timeline.num_rows
    assert all(list(line) == TIMELINE_KEYS for line in lines)
    assert lines[0]["occurred_at"] == "2026-03-02T09:14:05.000000Z"
    assert [line["occurred_at"] for line in lines] == sorted(line["occurred_at"] for line in lines)


def test_csv_for_timesketch(alice_hunt: Hunt, folder: Path) -> None:
    with (folder / "timeline.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == alice_hunt.timeline.num_rows
    assert list(rows[0])[:4] == ["message", "datetime", "timestamp", "timestamp_desc"]
    for row, given in zip(rows, alice_hunt.timeline.to_pylist(), strict=True):
        at = datetime.fromisoformat(row["datetime"])
        assert row["datetime"].endswith("+00:00") and len(row["datetime"]) == 32
        assert at == given["occurred_at"].replace(tzinfo=UTC)
        assert int(row["timestamp"]) == round(at.timestamp() * 1_000_000)
    shared = next(row for row in rows if row["event_id"] == "snapshot-shared")
    assert json.loads(shared["tag"]) == [
        "aws_snapshot_shared_with_unknown_account",
        "control_domain:data_access",
        "seed:fresh",
    ]
    assert shared["message"].startswith(
        "backup-sync: ModifySnapshotAttribute on snap-0a1b2c3d4e5f67890 (success). Snapshot"
    )


def test_microseconds_survive_the_csv(bob_hunt: Hunt, tmp_path: Path) -> None:
    rows = bob_hunt.timeline.slice(0, 1).to_pylist()
    rows[0]["occurred_at"] = datetime(2026, 3, 2, 9, 14, 5, 123457)
    folder = write_hunt_folder(replace(bob_hunt, timeline=timeline_table(rows)), tmp_path)
    with (folder / "timeline.csv").open(encoding="utf-8", newline="") as stream:
        row = next(csv.DictReader(stream))
    assert row["datetime"] == "2026-03-02T09:14:05.123457+00:00"
    assert row["timestamp"] == str(
        round(datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC).timestamp()) * 1_000_000 + 123_457
    )


def test_parquet_is_the_table(alice_hunt: Hunt, folder: Path) -> None:
    table = pq.read_table(folder / "timeline.parquet")
    assert table.schema.equals(TIMELINE_SCHEMA)
    assert table.equals(alice_hunt.timeline)


def test_findings_are_ocsf_detection_findings(alice_hunt: Hunt, folder: Path) -> None:
    findings = read_json(folder / "findings.json")
    assert [finding["unmapped"]["control_domain"] for finding in findings] == [
        finding.control_domain for finding in alice_hunt.findings
    ]
    for finding in findings:
        assert (
            finding["class_uid"],
            finding["category_uid"],
            finding["activity_id"],
            finding["type_uid"],
        ) == (2004, 2, 1, 200401)
        assert finding["severity_id"] in range(1, 6)
        assert finding["metadata"]["version"].startswith("1.")
        assert finding["metadata"]["product"]["name"] == "postreset"
        assert finding["finding_info"]["uid"] and finding["finding_info"]["title"]
        assert finding["start_time"] <= finding["end_time"] == finding["time"]
        assert finding["time"] > 1_700_000_000_000  # milliseconds
        # OCSF: an evidence has at least one of these.
        assert all(
            {"actor", "api", "src_endpoint", "resources", "data"} & set(evidence)
            for evidence in finding["evidences"]
        )
    secrets = next(finding for finding in findings if finding["unmapped"]["control_domain"] == "secrets")
    assert len(secrets["evidences"]) == 6
    assert secrets["evidences"][0]["actor"]["user"] == {"name": "payroll-sync", "uid": "payroll-sync-oid"}


def test_hunt_json_is_enough_to_run_again(alice_hunt: Hunt, folder: Path) -> None:
    document = read_json(folder / "hunt.json")
    assert document["window"] == {"from": "2026-03-02T09:14:05.000000Z", "to": "2026-03-05T09:14:05.000000Z"}
    assert document["lake_snapshot_id"] == "8123456789012345678"
    assert {
        "reset",
        "parameters",
        "rule_set_hash",
        "versions",
        "visibility",
        "score_parts",
        "findings",
        "reach",
    } <= set(document)
    assert sum(part["points"] for part in document["score_parts"]) == pytest.approx(document["log_odds"])


def test_the_summary_has_the_promised_shape(alice_hunt: Hunt) -> None:
    summary = json.loads(json_text(hunt_summary(alice_hunt, "out/alice")))
    assert list(summary) == ["hunt_id", "reset", "score", "verdict", "findings", "reach", "visibility", "out"]
    assert {"control_domain", "score", "signals"} <= set(summary["findings"][0])
    assert {"thing_id", "kind", "first_reached_at", "depth", "confidence", "seed", "path"} <= set(
        summary["reach"][0]
    )
    assert {
        "reset_id", "person", "principal_ids", "occurred_at", "kinds", "performed_by", "by_somebody_else", "provider",
        "tenant_id", "cut_off_at",
    } <= set(summary["reset"])  # fmt: skip


@pytest.mark.parametrize(
    "hunt_id", ["../../etc/passwd", "a/b", "..", "", "a\x00b", "x" * 400, "王", ".hidden", "-rf"]
)
def test_a_folder_name_stays_in_its_folder(hunt_id: str, tmp_path: Path) -> None:
    name = folder_name(hunt_id)
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert not name.startswith((".", "-")) and len(name) < 120


def test_a_plain_hunt_id_is_its_folder_name() -> None:
    assert folder_name("alice-20260302T091405") == "alice-20260302T091405"
    assert folder_name("a/b") != folder_name("a:b")
