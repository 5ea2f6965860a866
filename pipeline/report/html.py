"""report.html: one file that opens offline, without JavaScript, in light, dark, print and on a phone.

What a log says is written by attackers: Jinja escapes everything, `visible` spells out characters that would act
(before escaping, in every expression), and a Content-Security-Policy forbids scripts and all loading.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pipeline.report import narrative
from pipeline.report.chain import chain
from pipeline.report.explain import score_table, score_without
from pipeline.report.hours import hour_grid
from pipeline.report.html_timeline import shown_timeline
from pipeline.report.result import CONTROL_DOMAINS, Hunt
from pipeline.report.shapes import credits_shape
from pipeline.report.swimlanes import swimlanes
from pipeline.report.text import clock, json_text, shorten, span, visible

TEMPLATES = Path(__file__).parent / "templates"
FILES = (
    ("timeline.jsonl", "every event, one JSON object a line"),
    ("timeline.csv", "the same for Timesketch or a spreadsheet"),
    ("timeline.parquet", "the same for SQL"),
    ("findings.json", "OCSF Detection Findings"),
    ("hunt.json", "parameters, score parts, reach, visibility"),
)


def report_html(hunt: Hunt) -> str:
    """The page of one hunt. The same hunt gives the same text."""
    timeline = shown_timeline(hunt)
    names = narrative.thing_names(hunt)
    return render(
        "report.html.j2",
        hunt=hunt,
        reset=hunt.reset,
        chain=chain(hunt),
        score=score_table(hunt),
        findings=[(finding, score_without(hunt, finding)) for finding in hunt.findings],
        quiet_domains=_quiet_domains(hunt),
        chart=swimlanes(hunt),
        reach=[(reached, names[reached.thing_id]) for reached in hunt.reach],
        grid=hour_grid(hunt),
        timeline=timeline,
        credits=credits_shape(hunt),
        files=FILES,
        words=narrative,
    )


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # for every file name: `.html.j2` is none that select_autoescape knows
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(value),
    )
    environment.filters |= {
        "clock": clock,
        "json": json_text,
        "middle": lambda value, limit: shorten(visible(value), limit),
        "tooltip": _tooltip,
        "domain_class": domain_class,
        "domain": narrative.domain_words,
        "points": lambda value: f"{value:+.1f}".replace("-", "−") if abs(value) >= 0.05 else "0.0",
        "since": _since,
        "capitalize_first": lambda text: text[:1].upper() + text[1:],
    }
    return environment


def domain_class(control_domain: str | None) -> str:
    """A class name that the style sheet knows: a user's own rules may name any domain."""
    return f"d-{control_domain}" if control_domain in CONTROL_DOMAINS else "d-none"


def _since(at: datetime, reset_at: datetime) -> str:
    return f"{'+' if at >= reset_at else '−'}{span(at - reset_at)}"


def _tooltip(text: str) -> Markup:
    """Line breaks stay, all else is spelt out and escaped."""
    return Markup("\n").join(escape(visible(line)) for line in text.split("\n"))


def _quiet_domains(hunt: Hunt) -> Iterable[str]:
    found = {finding.control_domain for finding in hunt.findings}
    return [domain for domain in CONTROL_DOMAINS if domain not in found]
