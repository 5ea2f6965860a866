"""A hunt on the terminal, in about 40 lines: what happened, what it scores and why, what to close, what is not known.

Everything is `rich.text.Text`, never a string: rich reads markup in strings, and log text may hold `[link=…]`.
Colours only underline what the words say, so a pipe loses nothing.
"""

from collections.abc import Iterable
from datetime import timedelta

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.report import narrative
from pipeline.report.chain import chain
from pipeline.report.explain import score_table
from pipeline.report.queue import QueueEntry, ranked
from pipeline.report.result import NO_OWNER, PRIOR, Finding, Hunt
from pipeline.report.text import clock, shorten, span, visible

VERDICT_STYLES = {
    "likely_takeover": "bold white on red",
    "suspicious": "bold black on yellow",
    "unclear": "bold reverse",
    "likely_benign": "bold black on green",
}
DOMAIN_STYLES = {
    "help_desk": "magenta",
    "sessions": "blue",
    "entitlements": "yellow",
    "non_human_identities": "green",
    "secrets": "bright_magenta",
    "data_access": "red",
}
STATEMENT_LIMIT = 5
EXPLAINED_PARTS = 60
STEP_WIDTH = 150  # two lines at 120 columns, three at 80; the report has all of it
BAR_WIDTH = 10
SCALE = "a chance of 1 / (1 + e^-x), from 0 at the first line to 100:"


def safe(value: object, style: str = "") -> Text:
    """Log text for the terminal: no control character, no bidi override, no markup."""
    return Text(visible(value), style=style)


def hunt_view(hunt: Hunt, folder: str | None = None, step_limit: int = 12) -> RenderableType:
    """The whole hunt, to print at any width."""
    parts: list[RenderableType] = [_head(hunt), Text()]
    parts += [
        _title("How it went", f"from {hunt.reset.occurred_at:%Y-%m-%d}, UTC; points in log-odds"),
        _chain(hunt, step_limit),
        Text(),
    ]
    if hunt.findings:
        parts += [_title("To close", _owners(hunt)), _findings(hunt)]
    else:
        parts.append(Text("No finding: no detection matched what was reached."))
    parts += [_score_line(hunt)]
    if band := narrative.band_sentence(hunt):
        parts.append(Text.assemble(("Band  ", "bold"), safe(band)))
    parts += [Text(), _reach(hunt)]
    if followed := narrative.followed_sentence(hunt):
        parts.append(Text.assemble(("Made  ", "bold"), safe(followed)))
    parts += _not_ruled_out(hunt)
    if folder:
        parts += [Text(), Text.assemble(("Report  ", "bold"), safe(f"{folder.rstrip('/')}/report.html"))]
    return Group(*parts)


def _head(hunt: Hunt) -> Text:
    reset = hunt.reset
    where = " ".join(part for part in (reset.provider, reset.tenant_id) if part)
    return Text.assemble(
        (f" {narrative.verdict_words(hunt.verdict)} ", VERDICT_STYLES.get(hunt.verdict, "bold reverse")),
        (f"  {hunt.score} of 100\n", "bold"), safe(hunt.verdict_sentence), "\n\n",
        safe(narrative.reset_sentence(reset), "bold"), "\n",
        safe(f"{clock(reset.occurred_at)} UTC, {where}. {narrative.cut_off_sentence(reset)}", "dim"),
    )  # fmt: skip


def _chain(hunt: Hunt, limit: int) -> RenderableType:
    table = _grid()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim", justify="right")
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right")
    day = hunt.reset.occurred_at.date()
    for step in chain(hunt, limit):
        at = clock(step.occurred_at)
        since = "reset" if step.is_reset else _since(step.occurred_at - hunt.reset.occurred_at)
        # The reset is told in full above; here it is one line like the others.
        sentence = f"{narrative.kinds_words(hunt.reset.kinds)} reset" if step.is_reset else step.sentence
        dot = ("● ", DOMAIN_STYLES.get(step.control_domain or "", "dim"))
        words = Text.assemble(
            dot,
            safe(
                set_cell_size(text, STEP_WIDTH).rstrip() + "…"
                if cell_len(text := visible(sentence)) > STEP_WIDTH
                else text
            ),
        )
        if step.count > 1 and not step.is_reset:
            words.append(f" (×{step.count:,})", "dim")
        table.add_row(
            Text(at[5:] if step.occurred_at.date() != day else at[11:]),
            Text(since),
            words,
            _points(step.points),
        )
        day = step.occurred_at.date()
    return table if table.row_count else Text("Nothing in the window bears on this reset.")


def _findings(hunt: Hunt) -> RenderableType:
    table = _grid()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")  # the titles in full are in the report
    most = max(abs(finding.points) for finding in hunt.findings) or 1
    for finding in hunt.findings:
        style = DOMAIN_STYLES.get(finding.control_domain, "")
        bar = "█" * max(1, round(abs(finding.points) / most * BAR_WIDTH))
        table.add_row(
            safe(narrative.domain_words(finding.control_domain), style), _points(finding.points), Text(bar, style),
            _finding_words(hunt, finding),
        )  # fmt: skip
    return table


def _finding_words(hunt: Hunt, finding: Finding) -> Text:
    titles = safe("; ".join(hunt.detection_titles.get(name, name) for name in finding.detections))
    return titles if finding.owner == NO_OWNER else Text.assemble(safe(f"{finding.owner}: "), titles)


def _owners(hunt: Hunt) -> str:
    domains = narrative.counted(len(hunt.findings), "control domain")
    missing = sum(finding.owner == NO_OWNER for finding in hunt.findings)
    return (
        f"{domains}, {'none' if missing == len(hunt.findings) else 'not all'} with an owner"
        if missing
        else domains
    )


def _score_line(hunt: Hunt) -> Text:
    """The parts by control domain, so that the sum fits on a line; each part is in the report."""
    prior = sum(part.points for part in hunt.score_parts if part.part_id == PRIOR)
    sums: dict[str, float] = {}
    for part in hunt.score_parts:
        if part.part_id != PRIOR:
            name = narrative.domain_words(part.control_domain) or "the chain through them"
            sums[name] = sums.get(name, 0.0) + part.points
    ordered = sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0]))
    terms = [
        f"{_signed(prior)} before any signal",
        *(f"{_signed(points)} {name}" for name, points in ordered),
    ]
    line = Text.assemble(
        ("Score  ", "bold"),
        safe(" ".join(terms)),
        f" = {_signed(hunt.log_odds)}, that is {hunt.score} of 100",
    )
    if not score_table(hunt).adds_up:
        line.append(
            f". The parts add up to {_signed(score_table(hunt).total)}: read the score with care.",
            "bold yellow",
        )
    return line


def _reach(hunt: Hunt) -> Text:
    return Text.assemble(("Reach  ", "bold"), safe(narrative.reach_sentence(hunt)))


def _not_ruled_out(hunt: Hunt) -> Iterable[RenderableType]:
    statements = hunt.visibility.statements
    if not statements:
        return [
            Text.assemble(
                ("Visibility  ", "bold"), "no gap was noted; hours without events are in the report."
            )
        ]
    lines = [
        Text.assemble(("! ", "bold yellow"), safe(statement)) for statement in statements[:STATEMENT_LIMIT]
    ]
    if len(statements) > STATEMENT_LIMIT:
        lines.append(Text(f"! and {len(statements) - STATEMENT_LIMIT} more in the report", "yellow"))
    return [Text("What cannot be ruled out", "bold"), *lines]


def explain_view(hunt: Hunt) -> RenderableType:
    """How the score came about: every part with its running sum, its factors, and what the score would be without it."""
    table = score_table(hunt, limit=EXPLAINED_PARTS)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True, header_style="dim")
    for name in ("points", "sum", "without"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("reason", ratio=1)
    for part in table.parts:
        reason = safe(part.reason)
        if part.count > 1:
            reason.append(f" (×{part.count:,})")
        told = ". ".join(filter(None, (part.title, part.factors)))
        if told:
            reason.append("\n").append_text(safe(told, "dim"))
        without = "" if part.score_without is None else f"{hunt.score} → {part.score_without}"
        grid.add_row(Text(_signed(part.points)), Text(_signed(part.after)), Text(without), reason)
    total = f"{_signed(table.total)} log-odds, {SCALE} {hunt.score} of 100"
    band = narrative.band_sentence(hunt)
    return Group(_title("How the score came about", total), grid, *([safe(band)] if band else []))


def queue_view(entries: Iterable[QueueEntry]) -> RenderableType:
    """A ranked list of resets, one or two lines each."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True, header_style="dim")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("reset (UTC)", no_wrap=True)
    table.add_column("person and what happened", ratio=1)
    for entry in ranked(entries):
        reset = entry.reset
        by = (
            ""
            if not reset.by_somebody_else
            else f" by {reset.performed_by or reset.performed_by_id or 'somebody else'}"
        )
        line = Text.assemble(
            safe(shorten(visible(reset.person), 60), "bold"),
            safe(f": {narrative.kinds_words(reset.kinds)} reset{by}"),
        )
        if entry.top_findings:
            domains = ", ".join(
                f"{narrative.domain_words(name)} {_signed(points)}" for name, points in entry.top_findings
            )
            line.append("\n").append_text(safe(domains, "dim"))
        verdict = Text(
            f" {narrative.verdict_words(entry.verdict)} ", VERDICT_STYLES.get(entry.verdict, "bold reverse")
        )
        table.add_row(Text(str(entry.score), "bold"), verdict, Text(clock(reset.occurred_at)[:16]), line)
    return table if table.row_count else Text("No reset in this window.")


def _grid() -> Table:
    return Table.grid(padding=(0, 2, 0, 0), expand=True)


def _title(words: str, note: str) -> Text:
    return Text.assemble((words, "bold"), (f"  {note}", "dim"))


def _points(points: float) -> Text:
    return Text(_signed(points) if points else "")


def _signed(points: float) -> str:
    return f"{points:+.1f}"


def _since(after: timedelta) -> str:
    return f"{'+' if after >= timedelta() else '-'}{span(after)}"
