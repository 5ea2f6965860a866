"""Where pySigma looks for pipelines: one for each log source of ours, `sigma convert -t duckdb -p azure_auditlogs`."""

from pipeline.sigma_duckdb.pipelines import pipelines

__all__ = ["pipelines"]
