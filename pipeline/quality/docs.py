"""The data docs: an index and a page for each suite, in postreset's own frame.

What Great Expectations renders of a result is taken as it is, but not its pages: they load styles, scripts and an image from
six hosts, and without them the index stays empty. Ours load nothing, run nothing, and say so in their security policy.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipeline.quality.suites import Suite
from pipeline.report.health import bounds_words
from pipeline.report.html import render

if TYPE_CHECKING:
    from pipeline.quality import Quality


def write_docs(quality: "Quality", suites: list[Suite], out: Path) -> None:
    """`out`/index.html and `out`/suites/<source>-<scope>.html; pages of suites that are no more go."""
    folder = out / "suites"
    folder.mkdir(parents=True, exist_ok=True)
    for page in folder.glob("*.html"):
        page.unlink()
    for suite in suites:
        failed = sum(bool(rows) for rows in suite.offending_rows.values())
        page = render(
            "quality_suite.html.j2",
            quality=quality,
            suite=suite,
            failed_count=failed,
            event_count=quality.event_counts[suite.scope, suite.source],
            body=Markup(suite.body),
        )
        (folder / f"{suite.name}.html").write_text(page, encoding="utf-8")
    index = render("quality_index.html.j2", quality=quality, suites=suites, bounds_words=bounds_words)
    (out / "index.html").write_text(index, encoding="utf-8")
