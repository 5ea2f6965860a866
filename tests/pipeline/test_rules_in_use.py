"""Rules that a user brings, from the settings and options to what a hunt says of them."""

import json
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.errors import SettingsError
from pipeline.lake import Lake
from pipeline.settings import RuleSettings, read_settings

KEYS_LISTED = """\
title: Keys Were Listed
id: bbbbbbbb-0000-4000-8000-0000000000aa
status: test
author: Ann Author
tags: [attack.credential-access, attack.t1552]
logsource: {product: azure, service: activitylogs}
detection:
    selection: {operationName: Microsoft.Storage/storageAccounts/listKeys/action}
    condition: selection
level: high
"""
SUPPRESSION = """\
suppressions:
  - rule: keys_listed
    values: {operationName: MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION}
    reason: the key job
    expires: 2999-01-01
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "rules"
    made.mkdir()
    (made / "keys_listed.yml").write_text(KEYS_LISTED)
    (made / "broken.yml").write_text("title: [\n")
    (made / "LICENSE").write_text("Detection Rule License (DRL) 1.1\n")
    return made


def test_settings_name_rules(tmp_path: Path) -> None:
    path = tmp_path / "postreset.toml"
    path.write_text('[rules]\nfolders = ["mine"]\nonly = ["level=high+"]\noverrides = "overrides.yml"\n')
    assert read_settings(path).rules == RuleSettings(
        (tmp_path / "mine",), ("level=high+",), tmp_path / "overrides.yml"
    )
    for wrong in ("folders = 1", 'folders = "mine"', "only = [1]", "overrides = []", 'folder = ["mine"]'):
        path.write_text(f"[rules]\n{wrong}\n")
        with pytest.raises(SettingsError, match="cannot be set"):
            read_settings(path)


def test_a_hunt_says_whose_rule_gave_points(run, sample_lake: Lake, folder: Path, tmp_path: Path) -> None:
    code, _, err = run(
        "hunt", "alice", "--rules", folder, "--lake", sample_lake.folder, "--out", tmp_path / "out"
    )
    assert code == 0
    assert f"{folder / 'broken.yml'}:2:1: not YAML" in err
    (hunt_folder,) = (tmp_path / "out").iterdir()
    credit = "imported, by Ann Author, rule bbbbbbbb-0000-4000-8000-0000000000aa, DRL 1.1"
    hunt = json.loads((hunt_folder / "hunt.json").read_text())
    assert hunt["credits"]["keys_listed"].startswith(credit)
    assert any("1 rule that was given does not load" in line for line in hunt["visibility"]["statements"])
    findings = json.loads((hunt_folder / "findings.json").read_text())
    analytics = [rule for finding in findings for rule in finding["finding_info"]["related_analytics"]]
    assert [rule["desc"][: len(credit)] for rule in analytics if rule["uid"] == "keys_listed"] == [credit]
    assert credit in (hunt_folder / "report.html").read_text()
    assert credit in (hunt_folder / "timeline.jsonl").read_text()


def test_what_is_suppressed_is_counted_not_hidden(
    run, sample_lake: Lake, folder: Path, tmp_path: Path
) -> None:
    overrides = tmp_path / "overrides.yml"
    overrides.write_text(SUPPRESSION)
    options = ("--rules", folder, "--overrides", overrides, "--lake", sample_lake.folder, "--out", tmp_path)
    code, out, _ = run("hunt", "alice", *options, "--json")
    hunt = json.loads(out)
    assert code == 0
    assert not any("keys_listed" in finding["signals"] for finding in hunt["findings"])
    assert any(
        line.startswith("Suppressed, ") and "the key job (until 2999-01-01)" in line
        for line in hunt["visibility"]["statements"]
    )
    overrides.write_text(SUPPRESSION.replace("2999", "2001"))
    code, out, err = run("hunt", "alice", *options, "--json")
    assert "the suppression of keys_listed ended on 2001-01-01" in err
    assert any("keys_listed" in finding["signals"] for finding in json.loads(out)["findings"])


def test_only_leaves_rules_out_and_says_so(run, folder: Path) -> None:
    code, out, _ = run("detections", "list", "--rules", folder, "--only", "level=critical")
    assert code == 0 and "Keys Were Listed" not in out
    assert "left out: rules that the filter leaves out: 1" in out
    code, _, err = run("detections", "list", "--rules", folder, "--only", "colour=red")
    assert code == 2 and "no condition on rules" in err


def test_check_lists_every_fault_of_a_folder(run, folder: Path) -> None:
    (folder / "look.yml").write_text(
        KEYS_LISTED.replace("00aa", "00ab").replace("operationName:", "operationName|re: (?!x)")
    )
    code, _, err = run("detections", "check", "--rules", folder)
    assert code == 4
    assert "broken.yml:2:1" in err and "look.yml:8" in err and "2 problems" in err


def test_sql_of_others_reads_the_lake_alone(run, sample_lake: Lake, tmp_path: Path) -> None:
    text = (Path("detections") / "correlation" / "secret_read_not_rotated.sql").read_text()
    secret = tmp_path / "secret.csv"
    secret.write_text("a\nhunter2\n")
    header = text[: text.index("*/") + 2].replace("secret_read_not_rotated", "theirs")
    (tmp_path / "theirs.sql").write_text(
        header.replace("id: ", "id: aaaa", 1) + f"\nselect a as why, $window as reset_id from '{secret}'\n"
    )
    code, _, err = run(
        "hunt",
        "alice",
        "--rules",
        tmp_path / "theirs.sql",
        "--lake",
        sample_lake.folder,
        "--out",
        tmp_path / "out",
    )
    assert code == 4 and "does not run" in err and "hunter2" not in err


def test_coverage_tells_no_match_from_nothing_to_look_at(run, sample_lake: Lake, folder: Path) -> None:
    code, out, _ = run("detections", "coverage", "--rules", folder, "--lake", sample_lake.folder, "--json")
    told = json.loads(out)
    rules = {rule["name"]: rule for rule in told["rules"]}
    assert code == 0 and told["binding"] == {"bound": 1, "imported": 1}
    assert rules["keys_listed"]["verdict"] == "evaluable"
    assert rules["okta_api_token_created"]["verdict"] == "not on this data"
    assert rules["okta_api_token_created"]["why"] == "no log of okta_system is in the lake"
    code, out, _ = run("detections", "coverage", "--show", "blind", "--lake", sample_lake.folder)
    assert code == 0 and "okta_api_token_created" in out and "aws_secret_read" not in out
    assert "not evaluable on these logs" in out


def test_scan_keeps_signals_and_names_changed_rules(run, tmp_path: Path, folder: Path) -> None:
    lake = tmp_path / "lake"
    run("ingest", "--sample", "quiet-day", "--lake", lake)
    code, out, _ = run("detections", "scan", "--lake", lake, "--json")
    first = json.loads(out)
    assert code == 0 and first["event_count"] > 500 and first["unscanned"] == []
    code, out, err = run("detections", "scan", "--rules", folder, "--lake", lake)
    assert code == 0 and "0 events, 0 new signals" in out and "1 rule is new or changed" in out
    code, out, _ = run(
        "detections", "scan", "--rules", folder, "--again", "changed", "--lake", lake, "--json"
    )
    assert json.loads(out)["unscanned"] == [] and json.loads(out)["event_count"] == first["event_count"]
    code, out, _ = run("detections", "scan", "--rules", folder, "--lake", lake)
    assert "new or changed" not in out
    code, _, err = run("detections", "scan", "--again", "nobody", "--lake", lake)
    assert code == 2 and "no detection is called 'nobody'" in err


def test_a_correlation_goes_with_the_rule_that_it_counts(run, sample_lake: Lake, tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.yml"
    overrides.write_text(
        "overrides:\n  - {rule: aws_user_created, enabled: false, reason: users are made by the hundred here}\n"
    )
    code, out, _ = run("detections", "list", "--overrides", overrides)
    assert code == 0 and "user_created_then_given_credentials" not in out
    assert "left out: correlations that count a rule which is switched off: 2" in out
