"""Log fields are written by attackers: the same hostile text in every field, through every output."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from pipeline.report.files import write_hunt_folder
from pipeline.report.html import report_html
from pipeline.report.queue import queue_entry, write_queue
from pipeline.report.result import TIMELINE_SCHEMA, Hunt, Visibility, timeline_table
from pipeline.report.terminal import hunt_view, queue_view
from pipeline.report.text import FORMULA_STARTS, visible

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>' onmouseover='alert(1)",
    "</title></style></svg><iframe src=javascript:alert(1)>",
    "{{ 7*7 }}{% include '/etc/passwd' %}",
    "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07\x1b[2J\x9b31m",
    "[bold red]markup[/bold red][link=http://evil.example]x[/link] :skull:",
    "=cmd|' /C calc'!A0",
    "\t=HYPERLINK(\"http://evil.example\")",
    "invoice\u202efdp.exe\u2066\u200f",
    "arn:aws:sts::111122223333:assumed-role/" + "VeryLongRoleName" * 10 + "/session",
    "王小明の監査ログ・مرحبا بالعالم",
    "null\x00byte\r\nSet-Cookie: a=b\u2028line",
    "a" * 40_000,
]  # fmt: skip
VOID = {"meta", "br", "link", "col", "hr", "img"}
ALLOWED_LINKS = ("#", "timeline.", "findings.json", "hunt.json", "queue.json", "./")


def with_text(hunt: Hunt, text: str) -> Hunt:
    """The hunt with this text in every field that a log can fill."""
    rows = hunt.timeline.slice(0, 25).to_pylist()
    words = [
        column.name
        for column in TIMELINE_SCHEMA
        if column.type == "string" and column.name not in ("thing_id", "event_id")
    ]
    rows = [
        row
        | {name: text for name in words if row[name] is not None}
        | {"signals": [text] * bool(row["signals"])}
        for row in rows
    ]
    reset = replace(
        hunt.reset, person=text, principal_names=(text, "x" + text), performed_by=text, performed_from=text, tenant_id=text,
        provider=text, kinds=(text,),
    )  # fmt: skip
    return replace(
        hunt,
        hunt_id=text,
        reset=reset,
        verdict_sentence=text,
        timeline=timeline_table(rows),
        score_parts=tuple(
            replace(part, reason=text, detection=text, control_domain=text) for part in hunt.score_parts
        ),
        findings=tuple(
            replace(finding, detections=(text,), close_when=text, owner=text, control_domain=text)
            for finding in hunt.findings
        ),
        reach=tuple(replace(reached, name=text, why=text, kind=text) for reached in hunt.reach),
        visibility=Visibility(
            hours=tuple(replace(hour, source=text, tenant_id=text) for hour in hunt.visibility.hours[:5]),
            statements=(text,),
        ),
        parameters={text: text},
        rule_set_hash=text,
        versions={text: text},
        detection_titles={text: text},
        detection_levels={text: text},
    )


class Page(HTMLParser):
    """Reads a page and refuses what our templates never write."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "iframe", "img", "object", "embed", "form", "base", "link"}, tag
        for name, value in attributes:
            assert not name.startswith("on"), name
            if name in ("href", "src", "xlink:href", "action"):
                assert value is not None and value.startswith(ALLOWED_LINKS), value
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open and tag not in (
            "tr",
            "td",
            "th",
            "li",
            "p",
            "dd",
            "dt",
            "thead",
            "tbody",
            "tfoot",
        ):
            assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def check_page(page: str) -> str:
    reader = Page()
    reader.feed(page)
    reader.close()
    text = "".join(reader.text)
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\(", page.partition("<style>")[2].partition("</style>")[0])
    return text


@pytest.mark.parametrize("text", HOSTILE)
def test_the_page_shows_and_does_not_run(alice_hunt: Hunt, text: str) -> None:
    assert visible(text)[:200] in check_page(report_html(with_text(alice_hunt, text)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_any_text_on_the_page(bob_hunt: Hunt, text: str) -> None:
    check_page(report_html(with_text(bob_hunt, text)))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("text", HOSTILE)
def test_the_terminal_stays_in_hand(alice_hunt: Hunt, text: str, width: int) -> None:
    hunt = with_text(alice_hunt, text)
    for view in (hunt_view(hunt, "out/x"), queue_view([queue_entry(hunt, "x")])):
        plain = Console(file=io.StringIO(), width=width)
        plain.print(view)
        shown = plain.file.getvalue()  # type: ignore[attr-defined]
        assert all(line.isprintable() for line in shown.splitlines())
        coloured = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor")
        coloured.print(view)
        assert "\x1b]8" not in coloured.file.getvalue()  # type: ignore[attr-defined]


def test_markup_is_shown_not_read(alice_hunt: Hunt) -> None:
    console = Console(file=io.StringIO(), width=300)
    console.print(hunt_view(with_text(alice_hunt, "[bold]x[/bold] :skull:")))
    assert "[bold]x[/bold] :skull:" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", HOSTILE)
def test_files_keep_the_text_and_let_nothing_act(alice_hunt: Hunt, text: str, tmp_path: Path) -> None:
    folder = write_hunt_folder(with_text(alice_hunt, text), tmp_path)
    lines = [json.loads(line) for line in (folder / "timeline.jsonl").read_bytes().split(b"\n")[:-1]]
    assert all(line["action"] == text for line in lines)
    assert json.loads((folder / "findings.json").read_bytes())[0]["finding_info"]["desc"] == text
    assert json.loads((folder / "hunt.json").read_bytes())["reset"]["person"] == text
    csv.field_size_limit(10**7)
    with (folder / "timeline.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == len(lines) + 1
    for cell in (cell for row in rows[1:] for cell in row):
        assert cell.isprintable() and len(cell.encode()) < 32_766
        assert not cell.startswith(FORMULA_STARTS) or is_number(cell)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_queue_page(alice_hunt: Hunt, text: str, tmp_path: Path) -> None:
    entry = replace(queue_entry(with_text(alice_hunt, text), "javascript:alert(1)/../x"), hunt_id=text)
    page = write_queue([entry], tmp_path, alice_hunt.window_from, alice_hunt.window_to)
    assert visible(text)[:100] in check_page(page.read_text(encoding="utf-8"))
    assert json.loads((tmp_path / "queue.jsonl").read_bytes().splitlines()[0])["hunt_id"] == text


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
