from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.simulate import identifiers, simulate

ReadRows = Callable[[Path], list[dict[str, Any]]]


def test_bench_files_hold_the_asked_number_of_whole_events(tmp_path: Path, rows_of: ReadRows):
    summary = simulate(tmp_path / "bench", "bench", seed=3, event_count=9_000)
    files = sorted(summary.out.rglob("*.json.gz"))
    records = [record for path in files for record in rows_of(path)]
    assert len(files) == summary.file_count == 3
    assert len(records) == len({record["eventID"] for record in records}) == 9_000
    text_length = sum(len(str(record)) for record in records) / len(records)
    assert 1_400 < text_length < 2_100
    for record in records[::50]:
        key_id = record["userIdentity"].get("accessKeyId")
        if key_id:
            assert identifiers.account_of_key(key_id) == record["recipientAccountId"]
        assert "@object@" not in str(record)
        assert summary.first_at.strftime("%Y-%m-%d") <= record["eventTime"][:10]


def test_bench_is_the_same_for_the_same_seed(tmp_path: Path):
    first, second = (simulate(tmp_path / name, "bench", seed=3, event_count=500) for name in ("a", "b"))
    left, right = (sorted(summary.out.rglob("*.json.gz")) for summary in (first, second))
    assert [path.read_bytes() for path in left] == [path.read_bytes() for path in right]
