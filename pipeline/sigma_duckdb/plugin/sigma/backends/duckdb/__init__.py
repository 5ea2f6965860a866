"""Where pySigma looks for backends: `sigma convert -t duckdb` finds ours here."""

from pipeline.sigma_duckdb.backend import DuckDBBackend

__all__ = ["DuckDBBackend"]
