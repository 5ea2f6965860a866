"""One batch over everything and a slice each night come to the same results, whatever is late, double or missed."""

from pathlib import Path

import pytest

from pipeline.hunt import Request, hunt_resets
from pipeline.lake import Lake
from pipeline.rule_sets import load_rules
from tests.pipeline.nights import (
    at_midnight,
    content,
    disturbed,
    in_one_batch,
    last_words,
    night_by_night,
    organisation,
)

SMALL = {"attack_count": 1, "benign_count": 1, "size": 6, "baseline_days": 3, "days": 1}


def test_two_nights_say_what_one_batch_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = load_rules()
    arrivals = organisation(tmp_path / "logs", monkeypatch, 3, **SMALL)
    batch = in_one_batch(tmp_path / "batch", tmp_path / "out-batch", arrivals, rules)
    night_by_night(tmp_path / "nights", tmp_path / "out-nights", arrivals, rules)
    assert content(tmp_path / "nights") == content(tmp_path / "batch")
    assert last_words(tmp_path / "nights") == last_words(tmp_path / "batch")
    assert max(entry.score for entry in batch.entries) >= 75


@pytest.mark.slow
def test_thirty_nights_say_what_one_batch_and_one_hunt_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = load_rules()
    arrivals = organisation(
        tmp_path / "logs",
        monkeypatch,
        11,
        attack_count=2,
        benign_count=10,
        size=12,
        baseline_days=14,
        days=30,
    )
    in_one_batch(tmp_path / "batch", tmp_path / "out-batch", arrivals, rules)
    nights = night_by_night(tmp_path / "nights", tmp_path / "out-nights", arrivals, rules)
    assert len(nights) >= 30
    words = last_words(tmp_path / "nights")
    assert words == last_words(tmp_path / "batch")
    assert len(words) >= 12 and len({verdict for _, _, verdict, *_ in words.values()}) > 1
    request = Request(since=arrivals.begins_at, until=at_midnight(arrivals.mornings[-1]), rule_set=rules)
    hunted = {
        hunt.reset.reset_id: (hunt.score, hunt.verdict)
        for hunt in hunt_resets(Lake.open(tmp_path / "batch"), request)
    }
    assert {reset_id: (word[1], word[2]) for reset_id, word in words.items()} == hunted


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 8])
def test_seven_nights_with_late_and_double_files_and_one_night_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rules = load_rules()
    arrivals = organisation(
        tmp_path / "logs",
        monkeypatch,
        seed,
        attack_count=2,
        benign_count=14,
        size=14,
        baseline_days=14,
        days=7,
    )
    late = disturbed(arrivals, tmp_path / "again", seed)
    assert late.files != arrivals.files
    in_one_batch(tmp_path / "batch", tmp_path / "out-batch", arrivals, rules)
    nights = night_by_night(tmp_path / "nights", tmp_path / "out-nights", late, rules, missed=(4,))
    assert any(result.changed for result in nights)
    assert content(tmp_path / "nights") == content(tmp_path / "batch")
    assert last_words(tmp_path / "nights") == last_words(tmp_path / "batch")
