"""Which rules a command runs: ours, those of the settings file, and those of its options. Faults are told, and stop nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.streams import talk, utc_now
from pipeline.errors import DetectionError
from pipeline.report.text import visible
from pipeline.settings import RuleSettings, read_settings

if TYPE_CHECKING:
    from pipeline.detection import Problem
    from pipeline.rule_sets import RuleSet

SHOWN_PROBLEMS = 20


def chosen_rules(
    folders: list[Path] | None = None,
    only: list[str] | None = None,
    overrides: Path | None = None,
    config: Path | None = None,
) -> "RuleSet":
    """The rule set, after what is wrong with it was told. Folders of the options come besides those of the settings, conditions
    and overrides in their place."""
    from pipeline.rule_sets import load_rules

    rule_set = load_rules(rule_settings(folders, only, overrides, config), utc_now().date())
    tell_problems(rule_set.problems[:SHOWN_PROBLEMS])
    more = len(rule_set.problems) - SHOWN_PROBLEMS
    if more > 0:
        talk().print(f"and {more} more: `postreset detections check` lists them all", markup=False)
    for suppression in rule_set.expired:
        line = f"{suppression.where}: the suppression of {suppression.rule} ended on {suppression.expires}: renew it, or take it out"
        talk().print(visible(line), markup=False)
    return rule_set


def rule_settings(
    folders: list[Path] | None = None,
    only: list[str] | None = None,
    overrides: Path | None = None,
    config: Path | None = None,
) -> RuleSettings:
    """What is set, and what the options say. Raises DetectionError for a folder or file that is not there: that is a mistake
    of whoever asks, and no fault of a rule."""
    settings = read_settings(config).rules
    brought = RuleSettings(
        (*settings.folders, *(folders or ())), tuple(only or settings.only), overrides or settings.overrides
    )
    for path in (*brought.folders, *filter(None, [brought.overrides])):
        if not path.exists():
            raise DetectionError("there is nothing here", str(path), "give a folder or file of rules")
    return brought


def tell_problems(problems: "tuple[Problem, ...]") -> None:
    """A line each on stderr; they quote files that others wrote."""
    for problem in problems:
        talk().print(visible(str(problem)), markup=False)
