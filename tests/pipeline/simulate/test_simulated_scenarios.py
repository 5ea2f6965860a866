from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import resource_root
from pipeline.simulate import identifiers, simulate

if TYPE_CHECKING:
    from tests.pipeline.simulate.conftest import Simulated

SAMPLES = resource_root() / "data" / "samples"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def opened(folder: Path) -> dict[str, bytes]:
    return {name: gzip.decompress(content) for name, content in contents(folder).items()}


def test_the_same_seed_writes_the_same_bytes(incident: Simulated, tmp_path: Path):
    again = simulate(tmp_path / "incident", "incident", seed=7)
    assert contents(again.out) == contents(incident.summary.out)
    assert again.expected and incident.summary.expected
    assert again.expected.read_bytes() == incident.summary.expected.read_bytes()


def test_another_seed_writes_another_estate(tmp_path: Path, quiet_day: Simulated):
    other = simulate(tmp_path / "quiet-day", "quiet_day", seed=8)
    ours, others = contents(quiet_day.summary.out), contents(other.out)
    # what is fetched by API lies in files named by their day alone
    assert all(name.startswith(("okta/", "microsoft-365/")) for name in set(ours) & set(others))
    assert not set(ours.values()) & set(others.values())


@pytest.mark.parametrize("name", ["incident", "quiet-day"])
def test_the_committed_sample_is_what_the_command_writes(
    name: str, incident: Simulated, quiet_day: Simulated
):
    """The records, not the packed bytes: another zlib may pack them otherwise."""
    fresh = (incident if name == "incident" else quiet_day).summary
    assert opened(SAMPLES / name) == opened(fresh.out)
    assert fresh.expected
    assert (SAMPLES / f"{name}.expected.json").read_text() == fresh.expected.read_text()


def test_the_sample_is_small(incident: Simulated):
    assert incident.summary.byte_count < 3_000_000
    assert incident.summary.file_count < 120


def test_the_summary_counts_what_is_written(incident: Simulated):
    assert incident.summary.record_counts["aws_cloudtrail"] == len(incident.trail)
    assert sum(incident.summary.record_counts.values()) == len(incident.trail) + len(incident.rows)


def test_cloudtrail_repeats_are_the_deliberate_ones(incident: Simulated):
    repeats = [
        count for count in Counter(record["eventID"] for record in incident.trail).values() if count > 1
    ]
    assert set(repeats) == {2}
    assert len(repeats) == incident.summary.duplicate_count
    assert 0.02 < len(repeats) / len(incident.trail) < 0.08


def test_other_rows_have_an_id_of_their_own(incident: Simulated):
    ids = Counter(row["properties"].get("id") for row in incident.rows if row["category"].endswith("Logs"))
    assert ids.most_common(1)[0][1] == 1


def test_every_key_id_belongs_to_its_account(incident: Simulated):
    for record in incident.trail:
        identity = record["userIdentity"]
        if "accessKeyId" in identity:
            assert identifiers.account_of_key(identity["accessKeyId"]) == identity["accountId"]
        issued = (record["responseElements"] or {}).get("credentials")
        if issued:
            role = record["resources"][0]
            assert identifiers.account_of_key(issued["accessKeyId"]) == role["accountId"]


def test_arrival_is_later_than_the_event(incident: Simulated):
    for row in incident.rows:
        created = row["properties"].get("createdDateTime")
        if created:
            assert row["time"][:19] > created[:19]


def test_twins_of_a_cross_account_call_share_one_id(incident: Simulated):
    twins = defaultdict(set)
    for record in incident.trail:
        if "sharedEventID" in record:
            twins[record["sharedEventID"]].add((record["eventID"], record["userIdentity"]["type"]))
    assert twins
    for pair in twins.values():
        assert len(pair) == 2
        assert {kind for _, kind in pair} == {"IAMUser", "AWSAccount"}


def test_every_step_of_the_attack_is_in_the_logs(incident: Simulated):
    written = {record["eventID"] for record in incident.trail}
    for row in incident.rows:
        written |= {row["correlationId"], row["properties"].get("id")}
    steps = incident.expected["steps"]
    assert len(steps) == 19
    for step in steps:
        assert {event["event_id"] for event in step["events"]} <= written, step["step"]
    assert [step["first_at"] for step in steps] == sorted(step["first_at"] for step in steps)


def test_the_chain_of_the_attack_closes(incident: Simulated):
    """What one step brings is what the next one uses."""
    things = {step["step"]: step["thing_id"] for step in incident.expected["steps"]}
    key_id = things["add_service_principal_secret"].partition(":")[2]
    rows = [row for row in incident.rows if row["category"] == "ServicePrincipalSignInLogs"]
    uses = [row for row in rows if row["properties"]["servicePrincipalCredentialKeyId"] == key_id]
    assert len(uses) == 2
    deploy_key = things["read_secrets"].partition(":")[2]
    assert things["aws_key_from_new_network"] == things["read_secrets"]
    assumed = [
        record["responseElements"]["credentials"]["accessKeyId"]
        for record in incident.trail
        if record["eventName"] == "AssumeRole"
        and record["userIdentity"].get("accessKeyId") == deploy_key
        and record["sourceIPAddress"].startswith("203.0.113.")
    ]
    assert {f"aws-key:{key}" for key in assumed} == {things["assume_role_across_accounts"]}
    taken = [
        r
        for r in incident.trail
        if r["userIdentity"].get("accessKeyId") == assumed[0] and r["eventName"] == "GetObject"
    ]
    assert len(taken) == 420
    assert sum(record["additionalEventData"]["bytesTransferredOut"] for record in taken) > 5e9


def test_the_storage_call_carries_the_token_of_alices_new_session(incident: Simulated):
    step = next(step for step in incident.expected["steps"] if step["step"] == "list_storage_keys")
    token_ids = {
        row["properties"]["uniqueTokenIdentifier"]: row["properties"]["sessionId"]
        for row in incident.rows
        if row["category"] == "NonInteractiveUserSignInLogs"
    }
    calls = [
        row
        for row in incident.rows
        if row["correlationId"] in {event["event_id"] for event in step["events"]}
    ]
    listed = [row for row in calls if "LISTKEYS" in row["operationName"]]
    assert [row["resultType"] for row in sorted(listed, key=lambda row: row["time"])] == ["Start", "Success"]
    session = next(
        s["thing_id"] for s in incident.expected["steps"] if s["step"] == "sign_in_from_new_network"
    )
    assert f"entra-session:{token_ids[listed[0]['identity']['claims']['uti']]}" == session


def test_the_old_session_began_before_the_reset(incident: Simulated):
    step = next(step for step in incident.expected["steps"] if step["seed"] == "residual")
    session_id = step["thing_id"].partition(":")[2]
    seen = [
        row["properties"]["createdDateTime"]
        for row in incident.rows
        if row["properties"].get("sessionId") == session_id
    ]
    assert min(seen) < "2026-02-24"
    assert max(seen) > incident.expected["attacked_reset"]["occurred_at"]


def test_only_travellers_meet_a_new_network_after_their_first_days(incident: Simulated):
    first_seen: dict[tuple[str, int], datetime] = {}
    for row in sorted(incident.rows, key=lambda row: row["properties"].get("createdDateTime", "")):
        properties = row["properties"]
        if properties.get("userPrincipalName"):
            key = (properties["userPrincipalName"], properties["autonomousSystemNumber"])
            first_seen.setdefault(key, datetime.fromisoformat(properties["createdDateTime"][:19]))
    late = {login for (login, _), at in first_seen.items() if at > datetime(2026, 2, 26)}
    assert late == {"alice@example.com", "petra@example.com", "sven@example.com"}


def test_there_are_ordinary_resets_and_bobs_is_one(incident: Simulated):
    resets = incident.expected["ordinary_resets"]
    assert 8 <= len(resets) <= 12
    assert "bob@example.com" in {reset["who"] for reset in resets}


def test_addresses_are_from_documentation_ranges(incident: Simulated):
    for row in incident.rows:
        address = row["callerIpAddress"] or "192.0.2.1"
        if row["category"].startswith("Storage"):
            address = address.rpartition(":")[0]
        assert address.startswith(
            ("192.0.2.", "198.51.100.", "203.0.113.", "198.18.", "198.19.", "2001:db8:")
        ), address


def test_an_unknown_scenario_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="choose one of incident, quiet_day, bench"):
        simulate(tmp_path / "x", "storm")


def test_a_folder_with_files_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="not empty"):
        simulate(tmp_path, "quiet_day")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
