"""`make bench` (`python -m tests.bench [PART…]`): what ingest and lookups cost, as ratios in one run, beside their aims.

Whole processes, timed from outside and in turn, so that a machine whose speed drifts hurts all alike; memory is the peak of
the process as the system accounts it. Sizes by environment variables, see `python -m tests.bench --help`.
"""
