"""What became no event: found, shown, and taken in again once its cause is mended."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.errors import InputError, SettingsError
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.limits import Limits
from pipeline.quarantine import read_entries, retry
from pipeline.query import run_query
from pipeline.settings import read_settings
from tests.pipeline.test_opening import event, lines

NOW = datetime(2026, 3, 10, 12)


@pytest.fixture
def lake_with_quarantine(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.json").write_text(
        "\n".join([json.dumps(event("e-1")), '{"eventID": broken}', json.dumps({"what": "is this"})])
    )
    (logs / "b.json").write_text(json.dumps(event("e-2", eventTime="soon", password="hunter2")))
    ingest(tmp_path / "lake", [logs], NOW)
    return tmp_path / "lake"


def test_entries_say_what_where_and_why(lake_with_quarantine: Path) -> None:
    entries = read_entries(Lake.open(lake_with_quarantine))
    assert [(Path(e.source_file).name, e.source_row, e.source, e.reason, e.record) for e in entries[:2]] == [
        ("a.json", 2, None, "not JSON (Expecting value at character 12)", '{"eventID": broken}'),
        ("a.json", 3, None, "no known source (keys: what)", '{"what": "is this"}'),
    ]
    assert entries[2].source == "aws_cloudtrail"
    assert entries[2].reason == "no time that can be read"
    assert "hunter2" not in entries[2].record
    assert entries[2].byte_count > 0


def test_entries_are_found_by_reason_source_and_id(lake_with_quarantine: Path) -> None:
    lake = Lake.open(lake_with_quarantine)
    assert len(read_entries(lake, reason="NO TIME")) == 1
    assert len(read_entries(lake, source="aws_cloudtrail")) == 1
    first = read_entries(lake)[0]
    assert read_entries(lake, [first.entry_id[:8]]) == [first]
    with pytest.raises(InputError, match="no such entry"):
        read_entries(lake, ["ffffffffffff"])


def test_a_mended_file_leaves_the_quarantine_and_the_rest_stays(lake_with_quarantine: Path) -> None:
    mended = lake_with_quarantine.parent / "logs" / "a.json"
    mended.write_text("\n".join(json.dumps(event(f"e-{n}")) for n in (1, 7, 8)))
    lake = Lake.open(lake_with_quarantine)
    summary, left = retry(lake, read_entries(lake), NOW)
    assert (summary.total.events, summary.total.duplicates, summary.total.quarantined, left) == (2, 1, 1, 2)
    assert [entry.reason for entry in read_entries(lake)] == ["no time that can be read"]
    assert run_query(lake, "select count(*) from quarantine")[1] == [(1,)]


def test_what_came_from_a_file_that_is_gone_is_read_from_the_lake(lake_with_quarantine: Path) -> None:
    for path in (lake_with_quarantine.parent / "logs").iterdir():
        path.unlink()
    lake = Lake.open(lake_with_quarantine)
    summary, left = retry(lake, read_entries(lake), NOW)
    assert (summary.total.records, summary.total.quarantined) == (3, 3)
    assert left == 3  # each is in quarantine again, under the name of the stored text
    assert len(read_entries(lake)) == 3
    assert not list((lake_with_quarantine / "quarantine").glob("*.jsonl"))


def test_a_retry_that_changes_nothing_changes_nothing(lake_with_quarantine: Path) -> None:
    lake = Lake.open(lake_with_quarantine)
    before = [entry.content_hash for entry in read_entries(lake)]
    summary, left = retry(lake, read_entries(lake), NOW)
    assert (summary.total.events, left) == (0, 0)
    assert [entry.content_hash for entry in read_entries(lake)] == before


def test_the_command_line_lists_shows_and_tries_again(
    lake_with_quarantine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--lake", str(lake_with_quarantine)]
    assert main(["quarantine", "list", "--json", *options]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 3
    assert main(["quarantine", "list", *options]) == 0
    assert "3 in quarantine, by reason" in capsys.readouterr().out
    assert main(["quarantine", "show", listed[0]["entry_id"], *options]) == 0
    assert "broken" in capsys.readouterr().out
    assert main(["quarantine", "show", "nothing", *options]) == 3
    assert main(["quarantine", "show", *options]) == 2
    capsys.readouterr()
    assert main(["quarantine", "retry", "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out)["retried"] == 3


def test_settings_bound_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "postreset.toml"
    path.write_text("[ingest]\nmax_ratio = 20\nmax_record_bytes = 1000\n")
    assert read_settings(path).limits == Limits(max_ratio=20, max_record_bytes=1000)
    assert read_settings(None).limits == Limits()


@pytest.mark.parametrize(
    "text",
    [
        "[ingest]\nmax_ration = 20",
        "[ingest]\nmax_ratio = '20'",
        "[ingest]\nmax_ratio = 0",
        "[loud]\na = 1",
        "not toml",
        "ingest = 3",
    ],
)
def test_a_setting_nobody_reads_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "postreset.toml"
    path.write_text(text)
    with pytest.raises(SettingsError):
        read_settings(path)
    assert main(["ingest", str(tmp_path), "--config", str(path), "--lake", str(tmp_path / "lake")]) == 2


def test_a_settings_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "missing.toml")


def test_the_bound_of_the_settings_is_used(tmp_path: Path) -> None:
    (tmp_path / "postreset.toml").write_text("[ingest]\nmax_record_bytes = 300\n")
    (tmp_path / "log.json").write_bytes(
        lines("e-1") + b"\n" + json.dumps(event("e-2", note="x" * 400)).encode()
    )
    arguments = ["--config", str(tmp_path / "postreset.toml"), "--lake", str(tmp_path / "lake")]
    assert main(["ingest", str(tmp_path / "log.json"), *arguments]) == 0
    assert [entry.reason for entry in read_entries(Lake.open(tmp_path / "lake"))] == ["larger than 300 bytes"]
