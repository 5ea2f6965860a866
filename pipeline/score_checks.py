"""Every hunt is checked before it is told: the parts of each score add up to it, and each part has its reason."""

from collections.abc import Mapping

import duckdb

from pipeline.errors import ModelError
from pipeline.models import Parameter, bound
from pipeline.settings import resource_root

CHECKS = ("score_sums", "score_parts_unexplained")


def check_scores(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Parameter]) -> None:
    """Runs sql/checks/score_*.sql over `scores` and `score_parts`. Raises ModelError with the first offending row."""
    for name in CHECKS:
        text = (resource_root() / "sql" / "checks" / f"{name}.sql").read_text()
        offending = con.execute(text, bound(text, parameters)).fetchone()
        if offending is not None:
            raise ModelError(f"a score does not hold: {offending}", f"sql/checks/{name}.sql")
