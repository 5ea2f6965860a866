"""A wheel built from the repo, installed where there is no checkout, can hunt, and is a plugin of sigma-cli."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import duckdb
import pytest

from pipeline.lake import Lake
from tests.conftest import ROOT

RULE = """\
title: Root signs in
id: aaaaaaaa-0000-4000-8000-000000000001
logsource: {product: aws}
detection:
    selection: {eventName: consolelogin, userIdentity.type: IAMUser}
    condition: selection
"""
RESOURCES = "pipeline/_resources/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True, cwd=folder)
    (built,) = folder.glob("postreset-*.whl")
    return built


def make_environment(folder: Path, lock: str, wheel: Path) -> Path:
    """The `bin` of an environment that holds what is locked, and the wheel."""
    venv.create(folder, with_pip=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*install, "--require-hashes", "-r", ROOT / ".ci" / lock], check=True, cwd=folder)
    subprocess.run([*install, wheel], check=True, cwd=folder)
    return folder / "bin"


@pytest.mark.slow
def test_a_wheel_holds_what_it_needs(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "sql/marts/reach.sql",
        "detections/aws/",
        "data/samples/incident/",
        "data/samples/README.md",
    ):
        assert any(name.startswith(RESOURCES + part) for name in names), part
    assert any(name.endswith("templates/report.html.j2") for name in names)
    plugin = {name for name in names if name.startswith("sigma/")}
    assert plugin == {"sigma/backends/duckdb/__init__.py", "sigma/pipelines/postreset/__init__.py"}, (
        "pySigma's own folders are namespaces: a file in them would hide it"
    )


@pytest.mark.slow
def test_a_wheel_in_an_empty_environment_can_hunt(wheel: Path, tmp_path: Path) -> None:
    postreset = make_environment(tmp_path / "environment", "requirements.lock", wheel) / "postreset"
    ingest = [postreset, "ingest", "--sample", "incident", "--lake", "lake"]
    subprocess.run(ingest, check=True, cwd=tmp_path, capture_output=True)
    hunt = subprocess.run(
        [postreset, "hunt", "alice", "--lake", "lake"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "likely takeover" in hunt.stdout
    assert list((tmp_path / "out").glob("*-alice-*/report.html"))


@pytest.mark.slow
def test_sigma_convert_finds_the_wheel(wheel: Path, sample_lake: Lake, tmp_path: Path) -> None:
    """With sigma-cli as it is published, and so with the pySigma that it asks for, which is older than the one of the lock. The
    SQL that it prints is run, and the conformance cases with that pySigma."""
    programs = make_environment(tmp_path / "environment", "requirements-sigma.lock", wheel)
    (tmp_path / "rule.yml").write_text(RULE)

    def sigma(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / "sigma", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert "duckdb" in sigma("list", "targets").stdout
    assert "aws_cloudtrail" in sigma("list", "pipelines", "duckdb").stdout
    converted = sigma("convert", "-t", "duckdb", "-p", "aws_cloudtrail", "rule.yml")
    assert converted.returncode == 0, converted.stderr
    con = duckdb.connect()
    sample_lake.create_events_view(con)
    found = con.execute(converted.stdout).fetchall()
    expected = con.execute(
        "select count(*) from events where action = 'ConsoleLogin' and raw ->> '$.userIdentity.type' = 'IAMUser'"
    ).fetchone()
    assert expected == (len(found),) and found
    (tmp_path / "rule.yml").write_text(RULE.replace("eventName:", "eventName|re: (?!x)"))
    refused = sigma("convert", "-t", "duckdb", "-p", "aws_cloudtrail", "rule.yml")
    assert refused.returncode != 0 and "select" not in refused.stdout.lower()

    cases = [
        programs / "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/sigma/test_sigma_conformance.py",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(cases, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
