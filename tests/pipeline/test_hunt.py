"""The main job, end to end: the sample incident is found, explained and ranked; ordinary resets and a quiet day are not."""

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.hunt import Request, hunt_resets, list_resets
from pipeline.ingest import ingest
from pipeline.lake import Lake
from pipeline.report.files import write_hunt_folder
from pipeline.report.result import Hunt
from tests.conftest import NOW, ROOT

FORTNIGHT = Request(since=datetime(2026, 2, 20), until=datetime(2026, 3, 10))
STEPS = (  # each step of the story in data/samples/README.md → an action that shows it
    ("Reset user password", "entra_audit"),
    ("Admin deleted security info", "entra_audit"),
    ("User registered security info", "entra_audit"),
    ("Sign-in activity", "entra_signin"),
    ("Add service principal credentials", "entra_audit"),
    ("Sign-in activity", "entra_signin_service_principal"),
    ("SecretGet", "azure_key_vault"),
    ("GetCallerIdentity", "aws_cloudtrail"),
    ("AssumeRole", "aws_cloudtrail"),
    ("GetObject", "aws_cloudtrail"),
    ("ModifySnapshotAttribute", "aws_cloudtrail"),
    ("CreateAccessKey", "aws_cloudtrail"),
    ("MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION", "azure_activity"),
    ("GetBlob", "azure_storage"),
)


@pytest.fixture(scope="module")
def fortnight(sample_lake: Lake) -> list[Hunt]:
    return list(hunt_resets(sample_lake, FORTNIGHT))


@pytest.fixture(scope="module")
def alice(sample_lake: Lake) -> Hunt:
    return next(hunt_resets(sample_lake, Request(who="alice@example.com")))


def rows(hunt: Hunt) -> Iterator[dict]:
    return iter(hunt.timeline.to_pylist())


def test_the_whole_chain_is_on_the_timeline_in_order(alice: Hunt) -> None:
    remaining = rows(alice)
    for action, source in STEPS:
        found = next((row for row in remaining if row["action"] == action and row["source"] == source), None)
        assert found, f"{action} ({source}) is missing, or comes too early"


def test_every_step_says_by_which_path_it_was_reached(alice: Hunt) -> None:
    reached = {thing.thing_id: thing for thing in alice.reach}
    for row in rows(alice):
        assert row["why"]
        if row["thing_id"]:
            thing = reached[row["thing_id"]]
            assert thing.path
            assert row["occurred_at"] >= thing.first_reached_at
    last = next(thing for thing in alice.reach if thing.kind == "foreign_account")
    actions = {row["event_id"]: row["action"] for row in rows(alice)}
    assert [actions[event_id] for event_id in last.path] == [
        "Sign-in activity",
        "Update application - Certificates and secrets management",
        "Sign-in activity",
        "SecretGet",
        "GetCallerIdentity",
        "AssumeRole",
        "ModifySnapshotAttribute",
    ]


def test_every_event_of_the_attack_is_on_the_timeline(alice: Hunt) -> None:
    """The ground truth that the simulator wrote beside the sample, against what the hunt found."""
    truth = json.loads((ROOT / "data" / "samples" / "incident.expected.json").read_text())
    found = {row["event_id"] for row in rows(alice)} | {row["event_id"].split("/")[0] for row in rows(alice)}
    vault = sum(row["source"] == "azure_key_vault" for row in rows(alice))
    missed = []
    for step in truth["steps"]:
        events = [event for event in step["events"] if event["source"] != "azure_key_vault"]
        missed += [(step["step"], event["event_id"]) for event in events if event["event_id"] not in found]
        vault -= len(step["events"]) - len(events)
    assert missed == []
    assert vault == 0  # Key Vault rows have no id of their own in the log: they are counted


def test_nothing_benign_is_on_the_timeline(alice: Hunt) -> None:
    """Every row is from an address of the attack or of Alice's own laptop, or the reset itself; the estate's automation,
    which uses the same key, role and service principal in the same hours, is not there."""
    truth = json.loads((ROOT / "data" / "samples" / "incident.expected.json").read_text())
    addresses = {step["source_ip"] for step in truth["steps"]}
    assert [row for row in rows(alice) if row["source_ip"] and row["source_ip"] not in addresses] == []


def test_scores(fortnight: list[Hunt]) -> None:
    scores = {hunt.reset.person: hunt.score for hunt in fortnight}
    assert fortnight[0].reset.person == "alice@example.com"
    assert scores["alice@example.com"] > 90
    assert scores["bob@example.com"] < 20
    assert len(scores) == 13
    assert all(score < 20 for person, score in scores.items() if person != "alice@example.com")


def test_every_control_domain_that_was_touched_has_a_finding(alice: Hunt) -> None:
    assert {finding.control_domain for finding in alice.findings} == {
        "help_desk",
        "sessions",
        "non_human_identities",
        "secrets",
        "data_access",
    }
    assert all(finding.close_when for finding in alice.findings)


def test_the_parts_add_up_to_the_score(fortnight: list[Hunt]) -> None:
    for hunt in fortnight:
        assert sum(part.points for part in hunt.score_parts) == pytest.approx(hunt.log_odds, abs=1e-6)
        for part in hunt.score_parts:
            assert part.reason
            factors = [part.rarity, part.confidence, part.repetition]
            if part.part_id not in ("prior", "spread"):
                assert all(0 <= factor <= 1 for factor in factors if factor is not None)
                assert 0 <= part.points <= part.points_base


def test_a_residual_session_is_told_from_the_fresh_one(alice: Hunt) -> None:
    seeds = {thing.thing_id: thing.seed for thing in alice.reach if thing.kind == "sign_in_session"}
    assert sorted(seeds.values()) == ["fresh", "residual"]


def test_the_same_hunt_gives_the_same_bytes(sample_lake: Lake, tmp_path: Path) -> None:
    request = Request(who="alice")
    for name in ("one", "two"):
        write_hunt_folder(next(hunt_resets(sample_lake, request)), tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        "findings.json",
        "hunt.json",
        "report.html",
        "timeline.csv",
        "timeline.jsonl",
        "timeline.parquet",
    ]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert pq.read_table(tmp_path / "one" / "timeline.parquet").num_rows == len(
        (tmp_path / "one" / "timeline.jsonl").read_text().splitlines()
    )


def test_one_hunt_and_the_same_reset_in_a_window_reach_the_same(alice: Hunt, fortnight: list[Hunt]) -> None:
    assert [thing.thing_id for thing in alice.reach] == [thing.thing_id for thing in fortnight[0].reach]


@pytest.mark.parametrize("batches", [1, 3])
def test_the_batching_of_the_input_changes_no_score(alice: Hunt, tmp_path: Path, batches: int) -> None:
    files = sorted(path for path in (ROOT / "data" / "samples" / "incident").rglob("*.gz"))
    shares = [files[number::batches] for number in range(batches)]
    for share in reversed(shares):
        ingest(tmp_path, share, NOW)
    again = next(hunt_resets(Lake.open(tmp_path), Request(who="alice")))
    assert [(thing.thing_id, thing.path) for thing in again.reach] == [
        (thing.thing_id, thing.path) for thing in alice.reach
    ]
    assert again.log_odds == pytest.approx(alice.log_odds)
    assert again.timeline.drop_columns([]).num_rows == alice.timeline.num_rows


def test_a_quiet_day_has_no_finding(tmp_path: Path) -> None:
    ingest(tmp_path, [ROOT / "data" / "samples" / "quiet-day"], NOW)
    lake = Lake.open(tmp_path)
    hunts = list(hunt_resets(lake, Request(since=datetime(2020, 1, 1), until=datetime(2030, 1, 1))))
    assert hunts, "the quiet day holds an ordinary reset"
    assert all(not hunt.findings and hunt.score < 20 for hunt in hunts)


def test_a_short_window_ends_the_reach(sample_lake: Lake) -> None:
    hunt = next(hunt_resets(sample_lake, Request(who="alice", window=timedelta(minutes=30))))
    assert max(row["occurred_at"] for row in rows(hunt)) < hunt.reset.occurred_at + timedelta(minutes=30)
    assert not any(thing.kind == "access_key_use" for thing in hunt.reach)


def test_what_cannot_be_ruled_out_is_said(alice: Hunt, tmp_path: Path) -> None:
    assert any(
        "graph_activity" in statement or "Graph" in statement for statement in alice.visibility.statements
    )
    entra_only = [
        path for path in (ROOT / "data" / "samples" / "incident").rglob("*.gz") if "tenantId=" in str(path)
    ]
    ingest(tmp_path, entra_only, NOW)
    hunt = next(hunt_resets(Lake.open(tmp_path), Request(who="alice")))
    assert any("aws_cloudtrail" in statement for statement in hunt.visibility.statements)
    assert any("not evaluable on these logs" in statement for statement in hunt.visibility.statements)


def test_resets_newest_first_with_the_keys_of_the_contract(sample_lake: Lake) -> None:
    resets = list_resets(sample_lake)
    # further keys may follow those of the contract
    assert list(resets[0])[:10] == [
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
    ]
    times = [reset["occurred_at"] for reset in resets]
    assert times == sorted(times, reverse=True)


def test_timelines_are_in_order(fortnight: list[Hunt]) -> None:
    for hunt in fortnight:
        times = [row["occurred_at"] for row in rows(hunt)]
        assert all(earlier <= later for earlier, later in itertools.pairwise(times))
