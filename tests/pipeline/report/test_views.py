"""The terminal view, the report and the queue as a hunter meets them."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from pipeline.report.html import report_html
from pipeline.report.queue import queue_entry, ranked, write_queue
from pipeline.report.result import Hunt, Visibility
from pipeline.report.terminal import hunt_view, queue_view


def printed(view: RenderableType, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("width", "line_limit"), [(80, 56), (120, 44)])
def test_the_terminal_view_fits(alice_hunt: Hunt, width: int, line_limit: int) -> None:
    lines = printed(hunt_view(alice_hunt, "out/alice"), width).splitlines()
    assert len(lines) <= line_limit
    assert max(map(len, lines)) <= width
    assert lines[0].split() == ["likely", "takeover", "99", "of", "100"]
    assert lines[-1] == "Report  out/alice/report.html"


def test_the_terminal_view_says_what_matters(alice_hunt: Hunt) -> None:
    words = " ".join(printed(hunt_view(alice_hunt), 120).split())
    for wanted in (
        "password and MFA method reset by helpdesk.hank@example.com, somebody else",
        "-7.0 before any signal",
        "= +9.7, that is 99 of 100",
        "non-human identities +4.6",
        "No S3 data events for account 111122223333",
        "none with an owner",
        "backup-sync: shared snap-0a1b2c3d4e5f67890 with account 999988887777",
    ):
        assert wanted in words


def test_a_named_owner_is_shown(alice_hunt: Hunt) -> None:
    findings = tuple(replace(finding, owner="Identity Team") for finding in alice_hunt.findings)
    assert "Identity Team: " in printed(hunt_view(replace(alice_hunt, findings=findings)), 120)


def test_a_quiet_reset_is_short(bob_hunt: Hunt) -> None:
    words = printed(hunt_view(bob_hunt), 80)
    assert "No finding" in words
    assert len(words.splitlines()) < 22


def test_a_hunt_with_nothing_at_all(bob_hunt: Hunt) -> None:
    empty = replace(
        bob_hunt, reach=(), timeline=bob_hunt.timeline.slice(0, 0), visibility=Visibility(), score_parts=()
    )
    assert "Nothing in the window bears on this reset" in printed(hunt_view(empty), 80)
    page = report_html(empty)
    assert "Nothing can be ruled out" in page
    assert "The parts add up to 0.0, not to −7.0" in page


def test_the_report_says_what_matters(alice_hunt: Hunt) -> None:
    page = report_html(alice_hunt)
    for wanted in (
        "likely takeover",
        "How it went",
        "no owner named",
        "Run it again",
        "sha256:5e884898",
        "8123456789012345678",
    ):
        assert wanted in page
    assert page.count('<section class="card') == 6
    assert "<script" not in page and "http-equiv" in page


def test_rows_that_are_not_shown_are_told(long_hunt) -> None:
    page = report_html(long_hunt(5_000))
    assert "3,000 more are in" in page
    assert len(page) < 1_500_000


def test_the_queue_is_ranked(alice_hunt: Hunt, bob_hunt: Hunt, tmp_path: Path) -> None:
    entries = [queue_entry(bob_hunt, "bob"), queue_entry(alice_hunt, "alice #1")]
    assert [entry.score for entry in ranked(entries)] == [99, 0]
    page = write_queue(entries, tmp_path, alice_hunt.window_from, alice_hunt.window_to).read_text(
        encoding="utf-8"
    )
    assert page.index("alice@example.com") < page.index("bob@example.com")
    assert 'href="./alice%20%231/report.html"' in page
    lines = [json.loads(line) for line in (tmp_path / "queue.jsonl").read_text(encoding="utf-8").splitlines()]
    assert json.loads((tmp_path / "queue.json").read_text(encoding="utf-8"))["resets"] == lines
    assert [line["rank"] for line in lines] == [1, 2]
    assert lines[0]["top_findings"][0] == {
        "control_domain": "non_human_identities",
        "points": pytest.approx(4.6),
    }
    assert printed(queue_view(ranked(entries)), 80).index("Alice") < printed(
        queue_view(ranked(entries)), 80
    ).index("bob")


def test_an_empty_queue(tmp_path: Path, bob_hunt: Hunt) -> None:
    page = write_queue([], tmp_path, bob_hunt.window_from, bob_hunt.window_to)
    assert "No reset in this window" in page.read_text(encoding="utf-8")
    assert "No reset in this window" in printed(queue_view([]), 80)
