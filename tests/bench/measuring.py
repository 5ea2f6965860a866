"""Processes run and accounted for, and the table of figures. Imports nothing large: a child's peak begins at its parent's."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

POSTRESET = [
    sys.executable,
    "-m",
    "pipeline.cli",
]  # with `-c` DuckDB takes it for a console and shows its progress
MEMORY_AIM = 2_000
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    cpu_seconds: float
    peak_megabytes: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `is_met` is None where there is no aim."""

    name: str
    value: str
    aim: str = ""
    is_met: bool | None = None


def run(command: list[str], stdout: str | Path = os.devnull) -> Run:
    """Runs one process in the project's folder and waits for it; ends the bench where it fails."""
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.chdir(ROOT)
        os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"bench: {' '.join(command)[:200]} failed with {status}")
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def python(module: str, *arguments: object) -> None:
    """Runs a module of the bench in a process of its own."""
    subprocess.run([sys.executable, "-m", module, *(str(each) for each in arguments)], cwd=ROOT, check=True)


def in_turn(works: Mapping[str, Callable[[int], Run]], rounds: int) -> dict[str, list[Run]]:
    """Each work once a round; the first round warms the caches and is not counted."""
    runs: dict[str, list[Run]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            measured = work(number)
            if number:
                runs[name].append(measured)
    return runs


def pair_ratio(runs: list[Run], bases: list[Run]) -> float:
    """The median of the ratios of runs of the same round."""
    return statistics.median(run.seconds / base.seconds for run, base in zip(runs, bases, strict=True))


def seconds(runs: Iterable[Run]) -> float:
    return statistics.median(each.seconds for each in runs)


def peak(runs: Iterable[Run]) -> float:
    return max(each.peak_megabytes for each in runs)


def ratio_figure(name: str, ratio: float, aim: float, note: str = "", *, at_least: bool = False) -> Figure:
    is_met = ratio >= aim if at_least else ratio <= aim
    return Figure(name, f"{ratio:.2f}×{note}", f"{'≥' if at_least else '≤'} {aim:g}×", is_met)


def memory_figure(name: str, runs: Iterable[Run]) -> Figure:
    highest = peak(runs)
    return Figure(f"{name}: peak memory", f"{highest:,.0f} MB", f"< {MEMORY_AIM:,} MB", highest < MEMORY_AIM)


def runs_table(runs: dict[str, list[Run]], base: str) -> str:
    """Seconds, their span, the ratio of medians, CPU and memory of each work."""
    lines = [f"  {'':28} {'seconds':>8} {'(min–max)':>15} {f'× {base}':>17} {'CPU s':>7} {'peak MB':>8}"]
    for name, measured in runs.items():
        times = sorted(each.seconds for each in measured)
        span = f"({times[0]:.2f}–{times[-1]:.2f})"
        cpu = statistics.median(each.cpu_seconds for each in measured)
        lines.append(
            f"  {name:28} {seconds(measured):8.2f} {span:>15} {seconds(measured) / seconds(runs[base]):17.2f} "
            f"{cpu:7.2f} {peak(measured):8.0f}"
        )
    return "\n".join(lines)


def figures_table(figures: list[Figure]) -> str:
    width = max(len(figure.name) for figure in figures)
    marks = {True: "met", False: "MISSED", None: ""}
    return "\n".join(
        f"{figure.name:{width}}  {figure.value:>26}  {figure.aim:>12}  {marks[figure.is_met]}"
        for figure in figures
    )


def say(line: str) -> None:
    sys.stderr.write(f"bench: {line}\n")
