"""The whole rule pack on an ordinary working day: nothing above medium, and of every source that a rule reads there are logs.

An ordinary day sets off rules of low and medium level, and some of them are named here: without them the silence above
would say nothing.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipeline.detect import evaluate_rules
from pipeline.detections import load_detections
from pipeline.evaluability import assess
from pipeline.hunt import Request, connect, hunt_resets
from pipeline.ingest import IngestSummary, ingest
from pipeline.lake import Lake

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "samples" / "quiet-day"
NOW = datetime(2026, 3, 10)
DETECTIONS = load_detections([ROOT / "detections"])
LEVELS = {detection.name: detection.level for detection in DETECTIONS}
# of 222 rules and correlations, 187 when this was written; rules that are added and logs that are enriched only raise it
LEAST_EVALUABLE = 185
ORDINARY = {
    "azure_key_vault_secret_read",
    "azure_storage_keys_listed",
    "entra_application_consent_granted",
    "entra_device_registered",
    "entra_guest_invited",
    "m365_anonymous_link_created",
    "m365_application_consent_granted",
    "m365_inbox_rule_forwards_mail",
    "m365_inbox_rule_hides_mail",
    "okta_mfa_push_denied",
    "okta_password_reset_by_somebody_else",
}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, IngestSummary]:
    folder = tmp_path_factory.mktemp("quiet-lake")
    summary = ingest(folder, [SAMPLE], NOW)
    return Lake.open(folder), summary


@pytest.fixture(scope="module")
def evaluated(ingested: tuple[Lake, IngestSummary]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the day's `events`, and `signals` of every Sigma rule and correlation."""
    lake, _ = ingested
    con = connect(lake)
    lake.create_events_view(con)
    evaluate_rules(con, DETECTIONS)
    yield con
    con.close()


def test_no_rule_above_medium_has_a_signal(evaluated: duckdb.DuckDBPyConnection) -> None:
    signals = evaluated.execute("""
        select signals.detection, signals.source, signals.event_id, signals.occurred_at, signals.why, events.raw
        from signals
        left join events using (source, event_id)
        order by signals.detection, signals.occurred_at
    """).fetchall()
    offending = [
        f"{LEVELS[detection]} {detection}: {why}\n  {source} {event_id} at {at}\n  {str(raw)[:600]}"
        for detection, source, event_id, at, why, raw in signals
        if LEVELS[detection] in {"high", "critical"}
    ]
    assert not offending, "ordinary, and above medium:\n" + "\n".join(offending)


def test_an_ordinary_day_sets_off_rules_of_lower_levels(evaluated: duckdb.DuckDBPyConnection) -> None:
    found = Counter(row[0] for row in evaluated.execute("select detection from signals").fetchall())
    assert set(found) >= ORDINARY
    assert {LEVELS[name] for name in ORDINARY} == {"low", "medium"}


def test_every_record_is_read(ingested: tuple[Lake, IngestSummary]) -> None:
    _, summary = ingested
    assert {source: count.quarantined for source, count in summary.counts.items() if count.quarantined} == {}
    assert all(count.events for count in summary.counts.values())


def test_every_source_that_a_rule_reads_has_logs(evaluated: duckdb.DuckDBPyConnection) -> None:
    coverage = assess(evaluated, DETECTIONS, look_at_values=False)
    assert {one.source for one in coverage.looked if not one.events} == set()
    blind = [f"{rule.name}: {rule.why}" for rule in coverage.rules if rule.verdict == "not on this data"]
    assert coverage.count("evaluable") >= LEAST_EVALUABLE, "\n".join(blind)
    # what is left are settings that nobody touches on an ordinary day
    for product in ("aws", "azure", "entra", "m365", "okta"):
        rules = [rule for rule in coverage.rules if rule.name.startswith(f"{product}_")]
        unseen = [f"{rule.name}: {rule.why}" for rule in rules if rule.verdict == "not on this data"]
        assert len(unseen) <= len(rules) / 4, "\n".join(unseen)


def test_the_day_has_the_resets_that_its_ground_truth_names(ingested: tuple[Lake, IngestSummary]) -> None:
    lake, _ = ingested
    expected = json.loads(SAMPLE.with_name("quiet-day.expected.json").read_text())["ordinary_resets"]
    hunts = list(hunt_resets(lake, Request(since=datetime(2020, 1, 1), until=datetime(2030, 1, 1))))
    assert {hunt.reset.person for hunt in hunts} == {reset["who"] for reset in expected}
    assert [hunt.reset.person for hunt in hunts if hunt.reset.by_somebody_else] == ["wanda@example.com"]
