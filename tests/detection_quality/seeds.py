"""Which organisations weights and rules may be tuned on, and which they are measured on. A test holds the two apart."""

TUNING_SEEDS = range(1_000, 2_000)
MEASURING_SEEDS = range(700_000, 701_000)
