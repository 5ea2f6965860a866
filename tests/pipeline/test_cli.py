"""The command line as people and scripts use it: exit codes, streams, one clear line for each mistake."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.lake import Lake
from tests.conftest import ROOT


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_ingest_prints_its_account(run, tmp_path: Path) -> None:
    code, out, _ = run(
        "ingest", ROOT / "data" / "samples" / "quiet-day", "--lake", tmp_path / "lake", "--json"
    )
    account = json.loads(out)
    assert code == 0
    assert {"files", "records", "events", "duplicates", "quarantined", "by_source"} <= set(account)
    assert account["records"] == account["events"] + account["duplicates"] + account["quarantined"]
    for numbers in account["by_source"].values():
        assert list(numbers) == ["records", "events", "duplicates", "quarantined"]
    code, out, _ = run("ingest", ROOT / "data" / "samples" / "quiet-day", "--lake", tmp_path / "lake")
    assert code == 0
    assert "aws_cloudtrail" in out
    assert "duplicates" in out


def test_hunt_json_has_the_promised_shape(run, sample_lake: Lake, tmp_path: Path) -> None:
    code, out, err = run(
        "hunt", "alice@example.com", "--lake", sample_lake.folder, "--out", tmp_path, "--json"
    )
    hunt = json.loads(out)
    assert (code, err) == (0, "")
    assert list(hunt) == ["hunt_id", "reset", "score", "verdict", "findings", "reach", "visibility", "out"]
    assert {
        "reset_id",
        "person",
        "principal_ids",
        "occurred_at",
        "kinds",
        "performed_by",
        "by_somebody_else",
        "provider",
        "tenant_id",
        "cut_off_at",
    } <= set(hunt["reset"])
    assert {"control_domain", "score", "signals"} <= set(hunt["findings"][0])
    assert {"thing_id", "kind", "first_reached_at", "depth", "confidence", "seed", "path"} <= set(
        hunt["reach"][0]
    )
    line = json.loads((Path(hunt["out"]) / "timeline.jsonl").read_text().splitlines()[0])
    assert list(line) == [
        "occurred_at", "event_id", "source", "provider", "tenant_id", "principal_id", "principal_name", "action", "target_id", "outcome",
        "source_ip", "control_domain", "signals", "points", "why", "thing_id", "depth", "seed",
    ]  # fmt: skip


def test_explain_prints_every_part(run, sample_lake: Lake, tmp_path: Path) -> None:
    code, out, _ = run("hunt", "alice", "--explain", "--lake", sample_lake.folder, "--out", tmp_path)
    assert code == 0
    assert "How the score came about" in out and "before any signal: most resets are ordinary" in out
    assert "99 → " in out and "path confidence" in out


def test_a_window_makes_a_queue_and_a_folder_each(run, sample_lake: Lake, tmp_path: Path) -> None:
    code, out, _ = run(
        "hunt", "--from", "2026-03-01", "--to", "2026-03-04", "--lake", sample_lake.folder, "--out", tmp_path
    )
    assert code == 0
    assert out.index("alice@example.com") < out.index("bob@example.com")
    queue = [json.loads(line) for line in (tmp_path / "queue.jsonl").read_text().splitlines()]
    assert [entry["rank"] for entry in queue] == list(range(1, len(queue) + 1))
    assert queue[0]["reset"]["person"] == "alice@example.com"
    for entry in queue:
        assert (tmp_path / entry["out"] / "report.html").is_file()


def test_fail_on(run, sample_lake: Lake, tmp_path: Path) -> None:
    arguments = ("--lake", sample_lake.folder, "--out", tmp_path, "--fail-on", 50)
    assert run("hunt", "alice", *arguments)[0] == 1
    assert run("hunt", "bob", *arguments)[0] == 0


def test_an_empty_window_is_no_mistake(run, sample_lake: Lake, tmp_path: Path) -> None:
    code, out, _ = run(
        "hunt", "--from", "2026-01-01", "--to", "2026-01-02", "--lake", sample_lake.folder, "--out", tmp_path
    )
    assert (code, out.splitlines()[0]) == (0, "No reset in this window.")
    assert (
        run(
            "hunt",
            "--from",
            "2026-01-01",
            "--to",
            "2026-01-02",
            "--lake",
            sample_lake.folder,
            "--out",
            tmp_path,
            "--json",
        )[1]
        == "[]\n"
    )


MISTAKES = [
    (("ingest", "nowhere", "--lake", "{tmp}/lake"), 3, "nowhere: no such file or folder: check the path"),
    (
        ("hunt", "alice", "--lake", "{tmp}/nolake"),
        3,
        "there is no lake here: make one with `postreset ingest",
    ),
    (("resets", "--lake", "{tmp}/nolake"), 3, "there is no lake here"),
    (("query", "select 1", "--lake", "{tmp}/nolake"), 3, "there is no lake here"),
    (
        ("hunt", "nobody@nowhere", "--lake", "{lake}"),
        3,
        "nobody@nowhere: nobody in this lake goes by that name: `postreset resets`",
    ),
    (("hunt", "example.com", "--lake", "{lake}"), 3, "people match: alice@example.com, bob@example.com"),
    (
        ("hunt", "kai@example.com", "--lake", "{lake}"),
        3,
        "no password or MFA reset of this person is in the lake",
    ),
    (
        ("hunt", "alice", "--at", "2026-01-01", "--lake", "{lake}"),
        3,
        "no reset of this person within a day of 2026-01-01T00:00Z: theirs are at 2026-03-02T09:14Z",
    ),
    (
        ("hunt", "alice", "--at", "noon", "--lake", "{lake}"),
        2,
        "--at: not a time: 'noon': write 2026-03-02T09:14Z",
    ),
    (("hunt", "--from", "yesterday", "--lake", "{lake}"), 2, "--from: not a time"),
    (
        ("hunt", "alice", "--window", "0h", "--lake", "{lake}"),
        2,
        "--window: a duration of zero holds no event",
    ),
    (("hunt", "alice", "--window", "three days", "--lake", "{lake}"), 2, "--window: not a duration"),
    (("hunt", "--lake", "{lake}"), 2, "whom to hunt?: name a person, or give --from and --to"),
    (("hunt", "alice", "--from", "2026-03-01", "--lake", "{lake}"), 2, "leave one out"),
    (
        ("hunt", "--from", "2026-03-04", "--to", "2026-03-01", "--lake", "{lake}"),
        2,
        "--from is not before --to",
    ),
    (("query", "drop table events", "--lake", "{lake}"), 2, "is not a read"),
    (("query", "select nonsense from events", "--lake", "{lake}"), 2, "nonsense"),
    (("query", "select * from read_csv('/etc/passwd')", "--lake", "{lake}"), 2, "query:"),
    (("query", "copy (select 1) to '/tmp/x.csv'", "--lake", "{lake}"), 2, "is not a read"),
    (("detections", "list", "--rules", "{tmp}/norules"), 4, "there is nothing here"),
    (("frobnicate",), 2, "frobnicate"),
    (("hunt", "--colour"), 2, "--colour"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "says"), MISTAKES, ids=[" ".join(case[0])[:60] for case in MISTAKES]
)
def test_each_mistake_is_one_clear_line(
    run, sample_lake: Lake, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    filled = [argument.format(tmp=tmp_path, lake=sample_lake.folder) for argument in arguments]
    if filled[0] == "hunt":
        filled += ["--out", str(tmp_path / "out")]
    returned, out, err = run(*filled)
    assert returned == code
    assert says in err
    assert "Traceback" not in err
    if code != 3 or arguments[0] != "ingest":
        assert out == ""


def test_bad_input_is_one_line_and_the_rest_is_kept(run, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    good = sorted((ROOT / "data" / "samples" / "quiet-day").rglob("*CloudTrail*.gz"))[0].read_bytes()
    (logs / "good.json.gz").write_bytes(good)
    (logs / "broken.json.gz").write_bytes(good[: len(good) // 2])
    (logs / "cut.json").write_bytes(gzip.decompress(good)[:-20])
    (logs / "notes.txt").write_text("not a log")
    (logs / "link").symlink_to(tmp_path / "gone")
    code, out, err = run("ingest", logs, "--lake", tmp_path / "lake", "--json")
    account = json.loads(out)
    assert (code, err) == (0, "")
    assert account["records"] == account["events"] + account["duplicates"] + account["quarantined"]
    assert account["events"] > 0
    assert account["duplicates"] > 0
    reasons = " | ".join(account["quarantine_reasons"])
    for part in (
        "the gzip ends too early",
        "the list is cut here",
        "neither JSON nor a table (starts with 'not a log')",
        "cannot be read (No such file or directory)",
    ):
        assert part in reasons


def test_hostile_names_do_not_act_on_the_terminal(run, tmp_path: Path) -> None:
    event = {
        "eventVersion": "1.11", "eventSource": "iam.amazonaws.com", "eventName": "UpdateLoginProfile", "eventTime": "2026-03-01T10:00:00Z", "eventID": "x",
        "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser", "principalId": "AIDAX", "accountId": "111122223333", "userName": "\u202e[red]eve[/red]\x1b[2J"},
        "requestParameters": {"userName": "=cmd|' /C calc'!A0<script>alert(1)</script>"},
    }  # fmt: skip
    (tmp_path / "log.json").write_text(json.dumps(event))
    run("ingest", tmp_path / "log.json", "--lake", tmp_path / "lake")
    for arguments in (
        ("resets",),
        ("hunt", "cmd", "--out", tmp_path / "out"),
        ("query", "select principal_name, target_id from events"),
    ):
        code, out, _ = run(*arguments, "--lake", tmp_path / "lake")
        assert code == 0
        assert "\x1b[2J" not in out
        assert "\u202e" not in out
    assert "<script>" not in next((tmp_path / "out").rglob("report.html")).read_text()
    assert "[red]eve[/red]" in run("resets", "--lake", tmp_path / "lake")[1]


def test_query_formats(run, sample_lake: Lake) -> None:
    sql = "select source, count(*) as n from events group by all order by all limit 1"
    assert json.loads(run("query", sql, "--lake", sample_lake.folder, "--json")[1]) == [
        {"source": "aws_cloudtrail", "n": 3349}
    ]
    assert (
        run("query", sql, "--lake", sample_lake.folder, "--format", "csv")[1]
        == "source,n\naws_cloudtrail,3349\n"
    )
    assert "aws_cloudtrail" in run("query", sql, "--lake", sample_lake.folder)[1]
    assert (
        run("query", "select count(*) from int_resets", "--lake", sample_lake.folder, "--format", "csv")[1]
        == "count_star()\n13\n"
    )
    assert (
        run("query", "select score from score where person like 'alice%'", "--lake", sample_lake.folder)[0]
        == 2
    )


def test_stdout_is_data_in_a_pipe(sample_lake: Lake, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from pipeline.cli import run; run()",
        "hunt",
        "bob",
        "--lake",
        str(sample_lake.folder),
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "bob@example.com" in done.stdout


def test_help_names_every_command(run) -> None:
    _, out, _ = run("--help")
    for command in ("ingest", "resets", "hunt", "query", "detections", "lake", "simulate"):
        assert command in out


def test_odd_names_of_a_lake_work_or_are_refused(run, tmp_path: Path) -> None:
    logs = ROOT / "data" / "samples" / "quiet-day"
    for name in ("it's a lake", 'läke "q" [1]'):
        assert run("ingest", logs, "--lake", tmp_path / name)[0] == 0
        code, out, _ = run(
            "query",
            "select count(*) > 0 as is_filled from events",
            "--lake",
            tmp_path / name,
            "--format",
            "csv",
        )
        assert (code, out) == (0, "is_filled\nTrue\n")
    for name in ("lake #1", "lake?x", "lake%20x"):
        code, _, err = run("ingest", logs, "--lake", tmp_path / name)
        assert code == 3
        assert "choose another folder" in err
