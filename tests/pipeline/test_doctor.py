"""Doctor: what is there is counted, each gap is told with what it hides, and a lake that cannot be opened is one finding."""

import json
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main
from pipeline.doctor import Diagnosis, examine
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.ledger import Ledger
from pipeline.visibility import HIDDEN_WITHOUT
from tests.pipeline.planted import Row, events, plant

NOW = datetime(2026, 3, 10, 12)
HOUR = timedelta(hours=1)
ACCOUNT, OTHER = "111122223333", "444455556666"


def trail(at: datetime = NOW - HOUR, source: str = "aws_cloudtrail", **more: Any) -> list[Row]:
    return events(1, source, at, **{"tenant_id": ACCOUNT} | more)


def diagnose(folder: Path, rows: Sequence[Row]) -> Diagnosis:
    plant(folder, rows)
    return examine(folder, NOW)


def told(diagnosis: Diagnosis, area: str) -> dict[str, str]:
    return {finding.what: finding.advice for finding in diagnosis.findings if finding.area == area}


def test_coverage_of_a_source_and_tenant(tmp_path: Path) -> None:
    times = [NOW - 9 * HOUR, NOW - 8.5 * HOUR, NOW - 3 * HOUR]
    rows = [
        row
        for number, at in enumerate(times)
        for row in trail(at, event_id=f"e{number}", received_at=at + (number + 1) * HOUR)
    ]
    (row,) = diagnose(tmp_path, rows).seen.coverage
    assert (row.source, row.tenant_id, row.event_count) == ("aws_cloudtrail", ACCOUNT, 3)
    assert (row.first_at, row.last_at, row.hour_count) == (times[0], times[2], 2)
    assert (row.longest_silence_hours, row.longest_silence_from) == (5, NOW - 8 * HOUR)
    assert (row.half_within_minutes, row.most_within_minutes) == (120, 180)


def test_each_source_never_seen_is_told_with_what_it_hides(tmp_path: Path) -> None:
    gaps = told(diagnose(tmp_path, trail()), "visibility")
    for source, hidden in HIDDEN_WITHOUT.items():
        assert (gaps.get(f"no {source} logs") == f"this hides {hidden}") == (source != "aws_cloudtrail")


def test_a_whole_lake_has_no_gap(tmp_path: Path) -> None:
    rows = [row for source in HIDDEN_WITHOUT for row in trail(source=source)]
    rows += trail(event_id="o", target_kind="object", service="s3.amazonaws.com")
    rows += trail(source="aws_cloudtrail_digest")
    diagnosis = diagnose(tmp_path, rows)
    assert told(diagnosis, "visibility") == {}
    assert told(diagnosis, "source") == {}
    assert diagnosis.is_good


def test_object_reads_and_digests_are_told_by_account(tmp_path: Path) -> None:
    rows = (
        trail(target_kind="object", service="s3.amazonaws.com")
        + trail(tenant_id=OTHER)
        + trail(tenant_id="777788889999")
        + trail(source="aws_cloudtrail_digest", tenant_id=OTHER)
    )
    gaps = told(diagnose(tmp_path, rows), "visibility")
    assert f"no S3 data events of {OTHER}, 777788889999" in gaps
    assert f"no CloudTrail digests of {ACCOUNT}, 777788889999" in gaps


def test_a_source_that_one_tenant_lacks(tmp_path: Path) -> None:
    one, two = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
    rows = [row for tenant in (one, two) for row in trail(source="entra_signin", tenant_id=tenant)]
    rows += trail(source="entra_signin_noninteractive", tenant_id=one.upper())
    gaps = told(diagnose(tmp_path / "one", rows), "visibility")
    assert f"no entra_signin_noninteractive logs of tenant {two}, which has other logs" in gaps
    rows += trail(source="entra_signin_noninteractive", tenant_id=None, event_id="x")
    gaps = told(diagnose(tmp_path / "two", rows), "visibility")
    assert not any("other logs" in what for what in gaps)


def test_what_ended_and_what_comes_late(tmp_path: Path) -> None:
    rows = trail() + trail(NOW - 80 * HOUR, tenant_id=OTHER, received_at=NOW - 70 * HOUR)
    gaps = told(diagnose(tmp_path / "one", rows), "source")
    assert f"has ended while others go on: aws_cloudtrail of {OTHER}" in gaps
    assert any(what.endswith(f"6 hours late: aws_cloudtrail of {OTHER}") for what in gaps)
    (gap,) = told(diagnose(tmp_path / "two", trail(NOW - 80 * HOUR)), "source")
    assert gap == "every source has ended, the last one at 2026-03-07 04:00 UTC"


def test_a_source_that_was_as_silent_before_has_not_ended(tmp_path: Path) -> None:
    rows = trail(NOW - 40 * HOUR, event_id="b") + trail(NOW - 90 * HOUR, event_id="a")
    assert told(diagnose(tmp_path, rows), "source") == {}


def test_the_account_of_what_was_read(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text('{"what": 1}\n{"what": 2}\n')
    ingest(tmp_path / "lake", [tmp_path / "log.json"], NOW)
    found = told(examine(tmp_path / "lake", NOW), "lake")
    assert found == {
        "the lake holds no events": "take logs in with `postreset ingest PATH`",
        "2 of 2 records read were set aside (100.0%)": "`postreset quarantine list` shows why",
    }
    ledger = Ledger(tmp_path / "lake" / "ledger.db")
    ledger.begin("20260310T120000-run-aa-00000", NOW, [])
    ledger.close()
    assert "1 batch is pending" in told(examine(tmp_path / "lake", NOW), "lake")


def test_settings(tmp_path: Path) -> None:
    lake, settings = tmp_path / "lake", tmp_path / "postreset.toml"
    plant(lake, trail())
    settings.write_text("[ingest]\nmax_members = 5\n")
    (what,) = told(examine(lake, NOW, settings), "settings")
    assert what == f"settings from {settings}, with limits of its own for ingest"
    settings.write_text("[ingest]\nmax_member = 5\n")
    diagnosis = examine(lake, NOW, settings)
    (what,) = told(diagnosis, "settings")
    assert "max_member = 5" in what
    assert not diagnosis.is_good


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**10, 10**10, 2**20))  # type: ignore[attr-defined]
    diagnosis = diagnose(tmp_path, trail())
    assert "only 0.0 GB of disk are free" in told(diagnosis, "machine")
    assert not diagnosis.is_good


def test_nothing_is_written(tmp_path: Path) -> None:
    lake = plant(tmp_path / "lake", trail())
    before = {path: path.stat().st_mtime_ns for path in lake.folder.rglob("*") if path.is_file()}
    examine(lake.folder, NOW)
    after = {path: path.stat().st_mtime_ns for path in lake.folder.rglob("*") if path.is_file()}
    assert after == before
    examine(tmp_path / "nothing", NOW)
    assert not (tmp_path / "nothing").exists()


def test_a_lake_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--lake", str(tmp_path / "nothing")]) == 3
    printed, err = capsys.readouterr()
    assert "there is no lake here" in printed.replace("\n", "")
    assert err.count("\n") == 1
    lake = plant(tmp_path / "lake", trail())
    next(lake.data_folder.rglob("*.parquet")).write_bytes(b"no Parquet")
    assert main(["doctor", "--lake", str(lake.folder), "--json"]) == 3
    assert "cannot be read" in json.loads(capsys.readouterr().out)["lake"]["problem"]
    (lake.folder / "catalog.db").write_bytes(b"no database" * 100)
    assert main(["doctor", "--lake", str(lake.folder)]) == 3
    assert "not a database" in " ".join(capsys.readouterr().out.split())


def test_the_command_in_a_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(tmp_path, trail(tenant_id="\x1b[31mred\x1b[0m"))
    assert main(["doctor", "--lake", str(tmp_path)]) == 0
    printed, err = capsys.readouterr()
    assert "\x1b" not in printed and err == ""
    assert "no graph_activity logs: this hides reads of mail" in printed


def test_json_is_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot_id = plant(tmp_path, trail()).snapshot_id
    assert main(["doctor", "--lake", str(tmp_path), "--json"]) == 0
    shape = json.loads(capsys.readouterr().out)
    assert list(shape) == [
        "is_good", "versions", "settings", "free_bytes", "lake", "sources", "never_seen", "services",
        "findings",
    ]  # fmt: skip
    assert shape["lake"]["snapshot_id"] == str(snapshot_id)
    assert (shape["lake"]["file_count"], shape["lake"]["problem"]) == (1, None)
    assert shape["versions"].keys() >= {"postreset", "python", "duckdb", "pyiceberg", "great-expectations"}
    assert shape["sources"][0]["first_at"] == "2026-03-10T11:00:00.000000Z"
    assert shape["never_seen"] == {
        source: hidden for source, hidden in HIDDEN_WITHOUT.items() if source != "aws_cloudtrail"
    }


def test_an_empty_lake(tmp_path: Path) -> None:
    Lake.open(tmp_path / "lake", create=True)
    diagnosis = examine(tmp_path / "lake", NOW)
    assert told(diagnosis, "visibility") == {}
    assert "the lake holds no events" in told(diagnosis, "lake")
    assert not diagnosis.is_good
