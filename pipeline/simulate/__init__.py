"""Simulated logs: an attack after a help-desk reset, a quiet day, and bulk for benchmarks. Same seed, same records."""

from pipeline.simulate.scenarios import SCENARIOS, SimulationSummary, simulate

__all__ = ["SCENARIOS", "SimulationSummary", "simulate"]
