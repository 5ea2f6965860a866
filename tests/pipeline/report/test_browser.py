"""The report in a real browser: it opens offline, asks the network for nothing, and runs nothing of the logs."""

import re
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.report.files import write_hunt_folder
from pipeline.report.result import Hunt

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def chromium(*arguments: str, profile: Path) -> str:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "no Chromium here: apt-get install chromium"
    command = [program, *FLAGS, f"--user-data-dir={profile}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.parametrize(("width", "scheme"), [(1280, "1"), (1280, "0"), (500, "1")])
def test_the_report_paints(alice_hunt: Hunt, tmp_path: Path, width: int, scheme: str) -> None:
    page, picture = write_hunt_folder(alice_hunt, tmp_path / "hunt") / "report.html", tmp_path / "page.png"
    chromium(
        f"--blink-settings=preferredColorScheme={scheme}", f"--window-size={width},1600", f"--screenshot={picture}",
        page.as_uri(), profile=tmp_path / "profile",
    )  # fmt: skip
    content = picture.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (width, 1600)
    assert len(content) > 50_000  # an empty page is a few kB


def test_hostile_text_does_not_run(alice_hunt: Hunt, tmp_path: Path) -> None:
    attack = "</title></style><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    hunt = replace(alice_hunt, reset=replace(alice_hunt.reset, person=attack), verdict_sentence=attack)
    page = write_hunt_folder(hunt, tmp_path / "hunt") / "report.html"
    document = chromium("--dump-dom", page.as_uri(), profile=tmp_path / "profile")
    title = re.search(r"<title>(.*?)</title>", document, re.DOTALL)
    assert title and title[1] != "owned"
    assert "<script" not in document and "<img" not in document


def test_nothing_is_wider_than_a_phone(alice_hunt: Hunt, tmp_path: Path) -> None:
    """A long ARN wraps: the page in a 390-pixel frame has no sideways scroll (measured by a page around it)."""
    hunt = replace(
        alice_hunt, verdict_sentence="arn:aws:sts::111122223333:assumed-role/" + "VeryLongRoleName" * 12
    )
    page = write_hunt_folder(hunt, tmp_path / "hunt") / "report.html"
    (tmp_path / "frame.html").write_text(
        f'<iframe id="f" src="{page.as_uri()}" style="width:390px;height:800px"></iframe>'
        "<script>f.onload = () => { const d = f.contentDocument.documentElement;"
        "document.title = d.scrollWidth + ' in ' + d.clientWidth }</script>"
    )
    document = chromium(
        "--allow-file-access-from-files",
        "--dump-dom",
        (tmp_path / "frame.html").as_uri(),
        profile=tmp_path / "profile",
    )
    measured = re.search(r"<title>(\d+) in (\d+)</title>", document)
    assert measured and int(measured[1]) <= int(measured[2])
