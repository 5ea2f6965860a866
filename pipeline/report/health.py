"""Quality and diagnosis on the terminal."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.report.tables import plain_table
from pipeline.report.text import clock, shorten, visible

MARKS = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}
TENANT_LIMIT = 2


def quality_view(quality: Any) -> RenderableType:
    """The expectations that do not hold with where and what was seen, the reasons, and where the data docs are."""
    if not quality.checks:
        return Text("There is nothing to check: the lake holds no events.")
    lines: list[RenderableType] = []
    if quality.failed:
        table = plain_table("events", "source", "fact", "expected", "seen", "where")
        for check in quality.failed:
            table.add_row(
                check.scope,
                check.source,
                check.fact,
                bounds_words(check.least, check.most),
                f"{check.value:,.0f}" if check.value >= 100 else f"{check.value:.3g}",
                Text(_where(check), overflow="fold"),
            )
        lines += [table, Text("")]
        reasons = {check.fact: check.reason for check in quality.failed}
        lines += [
            Text.assemble((f"{fact}  ", "bold"), (visible(reason), "dim")) for fact, reason in reasons.items()
        ]
        lines.append(Text(""))
    held = len(quality.checks) - len(quality.failed)
    new = f" (new: events {visible(quality.new_words)})" if quality.new_words else ""
    lines.append(
        Text(
            f"{held} of {len(quality.checks)} expectations hold, in {len(quality.event_counts)} suites{new}. "
            f"Data docs: {quality.index}"
        )
    )
    return Group(*lines)


def bounds_words(least: float | None, most: float | None) -> str:
    """`0`, `0 to 0.05`, `26 at most`, `1 at least`."""
    if least is None:
        return f"{most:g} at most"
    if most is None:
        return f"{least:g} at least"
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"


def _where(check: Any) -> str:
    """Which tenants, where not all, and examples of the first."""
    tenants = [visible(offender.tenant_id or "no tenant") for offender in check.offenders]
    named = ", ".join(tenants[:TENANT_LIMIT])
    if len(tenants) > TENANT_LIMIT:
        named += f" and {len(tenants) - TENANT_LIMIT} more"
    if len(tenants) == check.tenant_count:
        named = "" if len(tenants) == 1 else f"all {len(tenants)} tenants"
    return "\n".join(filter(None, [named, *map(visible, check.offenders[0].examples)]))


def doctor_view(diagnosis: Any) -> RenderableType:
    """What each source holds, then what was found, the gravest last where the eye rests."""
    lines: list[RenderableType] = []
    coverage = diagnosis.seen.coverage
    if coverage:
        table = plain_table(
            "source", "tenant", "events", "first", "last (UTC)", "hours", "silence", "late by"
        )
        table.columns[0].no_wrap = True
        for row in coverage:
            table.add_row(
                row.source,
                Text(shorten(visible(row.tenant_id or "unnamed"), 13)),
                f"{row.event_count:,}",
                clock(row.first_at)[:10],
                clock(row.last_at)[:16],
                f"{row.hour_count:,}",
                f"{row.longest_silence_hours:,} h" if row.longest_silence_hours else "none",
                _delay(row.half_within_minutes, row.most_within_minutes),
            )
        note = "Hours with events; the longest silence between two; half and 95 of 100 events are late by at most."
        lines += [table, Text(note, style="dim"), Text("")]
    if services := diagnosis.seen.services:
        table = plain_table(
            "configured source", "kind", "tried", "complete until (UTC)", "waiting", "to ingest"
        )
        for service in services:
            well = sum(probe.is_well for probe in service.probes)
            table.add_row(
                Text(visible(service.name)),
                Text(visible(service.kind)),
                f"{well} of {len(service.probes)} well",
                clock(service.complete_until)[:16] or "not known",
                f"{service.counts.waiting:,}",
                f"{service.counts.landed:,}",
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


def _delay(half: int | None, most: int | None) -> str:
    if half is None or most is None:
        return "not told"
    return f"{half:,}, {most:,} min" if abs(most) < 120 else f"{half / 60:,.0f}, {most / 60:,.0f} h"
