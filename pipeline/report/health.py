"""Quality and diagnosis, on the terminal and as a page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.report.tables import plain_table
from pipeline.report.text import clock, visible

MARKS = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}


def quality_view(checks: Sequence[Any], data_docs: str) -> RenderableType:
    """The expectations that do not hold, or that all do, and where the data docs are."""
    if not checks:
        return Text("There is nothing to check: the lake holds no events.")
    failed = [check for check in checks if not check.is_met]
    suites = {(check.scope, check.source) for check in checks}
    lines: list[RenderableType] = []
    if failed:
        table = plain_table("scope", "source", "expected", "seen", "why")
        told: set[str] = set()
        for check in sorted(failed, key=lambda check: (check.fact, check.scope, check.source)):
            reason = "" if check.reason in told else visible(check.reason)
            told.add(check.reason)
            table.add_row(
                check.scope,
                check.source,
                f"{check.fact} {_interval(check)}",
                _seen(check.value),
                Text(reason, style="dim"),
            )
        lines += [table, Text("")]
    lines.append(
        Text(
            f"{len(checks) - len(failed)} of {len(checks)} expectations hold, in {len(suites)} suites. Data docs: {data_docs}"
        )
    )
    return Group(*lines)


def quality_html(checks: Sequence[Any], links: Mapping[str, str], now: datetime) -> str:
    """The page of all checks, what failed first; `links` leads from `scope-source` to the suite's own page."""
    from pipeline.report.html import render

    order = sorted(checks, key=lambda check: (check.is_met, check.scope, check.source, check.fact))
    rows = [
        (check, _interval(check), _seen(check.value), links.get(f"{check.scope}-{check.source}", ""))
        for check in order
    ]
    return render("quality.html.j2", checks=rows, met=sum(check.is_met for check in checks), now=now)


def _seen(value: float | None) -> str:
    if value is None:
        return "nothing"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def _interval(check: Any) -> str:
    if check.least is None:
        return f"≤ {check.most:g}"
    return f"= {check.least:g}" if check.least == check.most else f"from {check.least:g} to {check.most:g}"


def doctor_view(diagnosis: Any) -> RenderableType:
    """What each source holds, then what was found, the gravest last where the eye rests."""
    lines: list[RenderableType] = []
    if diagnosis.coverage:
        table = plain_table(
            "source", "tenant", "events", "first (UTC)", "last (UTC)", "hours", "longest silence", "late by"
        )
        for row in diagnosis.coverage:
            table.add_row(
                row.source,
                Text(visible(row.tenant_id or "")),
                f"{row.event_count:,}",
                clock(row.first_at)[:16],
                clock(row.last_at)[:16],
                f"{row.hour_count:,}",
                f"{row.longest_silence_hours:,} h",
                "" if row.median_lag_seconds is None else _lag(row.median_lag_seconds),
            )
        lines += [table, Text("")]
    order = {"good": 0, "note": 1, "bad": 2}
    for finding in sorted(diagnosis.findings, key=lambda finding: order[finding.state]):
        mark, colour = MARKS[finding.state]
        line = Text(f"{mark} ", style=colour)
        line.append(visible(finding.what), style="default")
        if finding.advice:
            line.append(f": {visible(finding.advice)}", style="dim")
        lines.append(line)
    return Group(*lines)


def _lag(seconds: float) -> str:
    if abs(seconds) < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if abs(seconds) < 5400 else f"{seconds / 3600:.1f} h"
