"""A wheel built from the repo, installed where there is no checkout, can hunt."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_a_wheel_in_an_empty_environment_can_hunt(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("postreset-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "sql/marts/reach.sql",
        "detections/aws/",
        "data/samples/incident/",
        "data/samples/README.md",
    ):
        assert any(name.startswith(f"pipeline/_resources/{part}") for name in names), part
    assert any(name.endswith("templates/report.html.j2") for name in names)

    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "-r",
        ROOT / ".ci" / "requirements.lock",
    ]
    subprocess.run(install, check=True, cwd=tmp_path)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", wheel], check=True, cwd=tmp_path)
    postreset = environment / "bin" / "postreset"
    subprocess.run(
        [postreset, "ingest", "--sample", "incident", "--lake", "lake"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
    )
    hunt = subprocess.run(
        [postreset, "hunt", "alice", "--lake", "lake"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "likely takeover" in hunt.stdout
    assert list((tmp_path / "out").glob("*-alice-*/report.html"))
