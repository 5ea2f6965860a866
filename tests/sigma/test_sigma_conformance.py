"""A conformance suite that lies beside the checkout, and our own, through a real lake. Skips, with the reason, where absent."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import DetectionError
from pipeline.sigma_duckdb import ConvertedCorrelation
from tests.sigma.lake_cases import Case, convert_case, fill_lake, found_groups, matched_events, read_suite

SHARED_SUITE = Path(__file__).parents[3] / "shared" / "sigma" / "conformance.yaml"
SUITES = [SHARED_SUITE, *sorted(Path(__file__).parent.glob("conformance_*.yaml"))]
CASES: list[tuple[str, Case]] = [
    (f"{suite.stem}-{case['id']}", case) for suite in SUITES if suite.is_file() for case in read_suite(suite)
]


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    lake = fill_lake(tmp_path_factory.mktemp("conformance"), [case for _, case in CASES])
    with duckdb.connect() as connection:
        lake.create_events_view(connection)
        yield connection


def test_the_shared_suite_is_there() -> None:
    if not SHARED_SUITE.is_file():
        pytest.skip(f"no conformance suite at {SHARED_SUITE}")
    assert sum(name.startswith("conformance-") for name, _ in CASES) >= 93


@pytest.mark.parametrize("number", range(len(CASES)), ids=[name for name, _ in CASES])
def test_conformance(number: int, con: duckdb.DuckDBPyConnection) -> None:
    _, case = CASES[number]
    if "expect_error" in case:
        with pytest.raises(DetectionError, match=r"^case\.yml:\d+:\d+: "):
            convert_case(case)
        return
    converted = convert_case(case)
    if isinstance(converted, ConvertedCorrelation):
        wanted = {tuple(str(key).lower() for key in group) for group in case["expect_groups"]}
        assert found_groups(con, number, converted) == wanted, case["trap"]
    else:
        assert matched_events(con, number, converted) == case["expect"], case["trap"]
