"""docs/detection-quality.md: the figures beside their aims."""

from collections.abc import Mapping, Sequence

from tests.detection_quality.figures import Figures, by_scenario, figures_of
from tests.detection_quality.seeds import MEASURING_SEEDS, TUNING_SEEDS
from tests.detection_quality.trials import NOISE_LINE, HuntRow, Trial

AIMS = (
    ("ROC AUC of the ranking", "auc", "≥ 0.99", "{:.4f}"),
    ("precision@attacks", "precision_at_attacks", "≥ 0.95", "{:.3f}"),
    ("attack steps on the timeline", "step_recall", "≥ 95 %", "{:.1%}"),
    ("attack events on the timeline", "event_recall", "", "{:.1%}"),
    ("median rank of an attack in its day", "median_rank", "1", "{:.0f}"),
    ("ordinary resets above 50", "benign_above_50", "< 1 %", "{:.2%}"),
    ("attacks above 50", "attacks_above_50", "", "{:.1%}"),
    (f"scored timeline rows (≥ {NOISE_LINE} points) of attacks that are the attack's", "row_precision", "", "{:.1%}"),
    ("resets of the truth that were not found", "not_found", "0", "{}"),
)  # fmt: skip
TITLES = {
    "ordinary": "As it is",
    "busy": "The person's own automation is busy all day",
    "same network": "The attacker comes through the victim's own provider",
}


def page_text(trials: Mapping[str, Sequence[Trial]], seeds: str) -> str:
    """The whole page. `trials`: `ordinary`, `busy`, `same network` and `without <source>`."""
    ordinary = trials["ordinary"]
    main = figures_of(rows_of(ordinary))
    lines = [
        "# How well attacks are told from ordinary resets",
        "",
        "<!-- Written by `make bench-detection`; what is changed here by hand is lost. -->",
        "",
        f"{len(ordinary)} made-up organisations with {main.attack_count} attacks and {main.benign_count:,} ordinary resets,",
        f"from {seeds} seeds ({_span(MEASURING_SEEDS if seeds == 'measuring' else TUNING_SEEDS)} in",
        "`tests/detection_quality/seeds.py`; weights and rules were tuned on the other ones only). Each organisation has a month of",
        "people, machines and administration before its fortnight of resets; the attacks are those of published incidents",
        "(S1 to S13), with names, times, networks, orders and gaps that vary. Everything is made up by the same project that",
        "scores it: these figures say that the parts work together, not how often your intruders are found.",
        "",
        "| | aim | measured |",
        "| --- | --- | --- |",
        *(f"| {title} | {aim} | {_cell(main, name, form)} |" for title, name, aim, form in AIMS),
        "",
        "## By scenario",
        "",
        "Each scenario's attacks against all ordinary resets.",
        "",
        *_table("scenario", by_scenario(ordinary)),
    ]
    others = {
        TITLES[name]: figures_of(rows_of(trials[name])) for name in ("busy", "same network") if name in trials
    }
    if others:
        lines += ["", "## Harder worlds", "", *_table("world", {TITLES["ordinary"]: main, **others})]
    without = {
        name: figures_of(rows_of(found)) for name, found in trials.items() if name.startswith("without")
    }
    if without:
        lines += [
            "",
            "## With a log source missing",
            "",
            "The same organisations each time, hunted without one source. Steps whose events are all in the missing source do not count.",
            "",
            *_table("logs", {"all logs": figures_of(rows_of(trials["whole"])), **without}),
        ]
    lines += ["", "## What went wrong", "", *_worst(ordinary)]
    return "\n".join(lines).rstrip() + "\n"


def rows_of(trials: Sequence[Trial]) -> list[HuntRow]:
    return [row for trial in trials for row in trial.rows]


def _table(first: str, named: Mapping[str, Figures]) -> list[str]:
    return [
        f"| {first} | attacks | ordinary | AUC | precision@attacks | steps told | rank | ordinary > 50 | attacks > 50 | scored rows right |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {name} | {found.attack_count} | {found.benign_count:,} | {_cell(found, 'auc', '{:.4f}')} | "
            f"{_cell(found, 'precision_at_attacks', '{:.3f}')} | {_cell(found, 'step_recall', '{:.1%}')} | "
            f"{_cell(found, 'median_rank', '{:.0f}')} | {_cell(found, 'benign_above_50', '{:.2%}')} | "
            f"{_cell(found, 'attacks_above_50', '{:.1%}')} | {_cell(found, 'row_precision', '{:.1%}')} |"
            for name, found in named.items()
        ),
    ]


def _worst(trials: Sequence[Trial]) -> list[str]:
    rows = rows_of(trials)
    high = sorted(
        (row for row in rows if not row.is_attack and (row.score or 0) > 50), key=lambda row: -row.log_odds
    )
    low = sorted(
        (row for row in rows if row.is_attack and (row.score or 0) <= 50), key=lambda row: row.log_odds
    )
    unknown = sum(len(trial.unknown) for trial in trials)
    return [
        f"Ordinary resets above 50 ({len(high)}; the ten highest):",
        "",
        *(f"- {row.score}: {row.kind}, {row.story} ({', '.join(row.detections[:4])})" for row in high[:10]),
        "",
        f"Attacks at or below 50 ({len(low)}; the ten lowest):",
        "",
        *(
            f"- {'not found' if row.score is None else row.score}: {row.scenario}, {row.story} ({', '.join(row.detections[:4])})"
            for row in low[:10]
        ),
        "",
        f"Resets that were found and that the truth does not name: {unknown}.",
    ]


def _cell(figures: Figures, name: str, form: str) -> str:
    value = getattr(figures, name)
    return "–" if value is None else form.format(value)


def _span(seeds: range) -> str:
    return f"{seeds.start} to {seeds.stop - 1}"
