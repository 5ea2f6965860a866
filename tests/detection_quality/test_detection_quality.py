"""The benchmark itself: its seeds do not mix, its figures are those of the textbook, and a small run goes through."""

from dataclasses import replace
from datetime import datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.simulate.campaign.writing import CampaignPlan
from tests.detection_quality.__main__ import LEFT_OUT, plans
from tests.detection_quality.figures import auc, by_scenario, figures_of, precision_at, ranks_in_day
from tests.detection_quality.page import page_text
from tests.detection_quality.seeds import MEASURING_SEEDS, TUNING_SEEDS
from tests.detection_quality.trials import HuntRow, StepRow, Trial, run_trial

VALUES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=12)


def row(log_odds: float, is_attack: bool, day: int = 1, **more) -> HuntRow:
    return HuntRow(
        1,
        "who",
        datetime(2026, 3, day),
        is_attack,
        "S1" if is_attack else None,
        "kind",
        "story",
        50,
        log_odds,
        **more,
    )


def test_no_seed_is_tuned_on_and_measured_on() -> None:
    assert not set(TUNING_SEEDS) & set(MEASURING_SEEDS)


@given(VALUES, VALUES)
def test_auc_counts_all_pairs(positives: list[float], negatives: list[float]) -> None:
    wins = sum((a > b) + (a == b) / 2 for a, b in product(positives, negatives))
    assert auc(positives, negatives) == pytest.approx(wins / len(positives) / len(negatives))


def test_ties_are_broken_against_us() -> None:
    rows = [row(1.0, True), row(1.0, False), row(0.0, False), row(5.0, False, day=2)]
    assert precision_at(rows, 2) == 0.0
    assert ranks_in_day(rows) == [2]


def test_figures_of_nothing_are_nothing() -> None:
    figures = figures_of([])
    assert (figures.auc, figures.step_recall, figures.benign_above_50, figures.not_found) == (
        None,
        None,
        None,
        0,
    )


def test_a_step_is_told_when_one_of_its_events_is() -> None:
    steps = (StepRow("a", "x", 3, 1), StepRow("b", "x", 2, 0))
    figures = figures_of([row(1.0, True, steps=steps, scored_rows=4, right_rows=3)])
    assert (figures.step_recall, figures.event_recall, figures.row_precision) == (0.5, 0.2, 0.75)


def test_a_reset_that_was_not_found_counts() -> None:
    assert figures_of([replace(row(-99.0, True), score=None), row(0.0, False)]).not_found == 1


def test_the_whole_benchmark_is_large_enough() -> None:
    worlds = plans(40, 4)
    assert sum(plan.attack_count for plan in worlds["ordinary"]) >= 200
    assert sum(plan.benign_count for plan in worlds["ordinary"]) >= 2_000
    assert {next(iter(worlds[f"without {source}"][0].left_out_sources)) for source in LEFT_OUT} == set(
        LEFT_OUT
    )


@pytest.mark.slow
def test_one_organisation_goes_through() -> None:
    """A small one, on a seed for tuning: every reset is found, and the page names what it counted."""
    trial = run_trial(TUNING_SEEDS[7], CampaignPlan(attack_count=2, benign_count=12))
    figures = figures_of(trial.rows)
    assert (figures.attack_count, figures.not_found) == (2, 0)
    assert figures.benign_count >= 12
    assert figures.auc is not None and figures.auc > 0.9
    assert figures.step_recall is not None and figures.step_recall > 0.8
    page = page_text({"ordinary": [trial], "whole": [trial], "without okta_system": [trial]}, "tuning")
    assert all(name in page for name in by_scenario([trial]))
    assert isinstance(trial, Trial)
