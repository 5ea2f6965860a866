"""docs/operations.md can be followed: its settings are read, its policies are JSON, its commands and options exist."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from loaders.bounds import DEFAULT_BOUNDS
from pipeline.cli import main
from pipeline.load import make_loaders
from pipeline.settings import read_settings
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "operations.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """In blocks, in services and jobs, and within lines."""
    joined = TEXT.replace("-q nightly", "nightly").replace(", ", " ").replace("]", "\n")
    found = re.findall(
        r"(?:^|[/`\[])(?<!/etc/)(postreset (?:lake |detections )?[a-z]+(?: -[^`\n)]*)?)", joined, re.MULTILINE
    )
    return sorted({" ".join(command.split()) for command in found})


def test_every_settings_block_is_read(tmp_path: Path) -> None:
    assert len(blocks("toml")) >= 2
    path = tmp_path / "postreset.toml"
    for text in blocks("toml"):
        path.write_text(text)
        settings = read_settings(path)
        if settings.sources:
            assert [loader.name for loader in make_loaders(settings)] == list(settings.sources)
            assert settings.landing == DEFAULT_BOUNDS, "the figures shown are those that hold unless set"
        else:
            assert settings.notify_file == Path("/run/secrets/postreset-notify")


def test_policies_and_jobs_can_be_parsed() -> None:
    assert len([json.loads(text) for text in blocks("json")]) >= 2
    (job,) = map(yaml.safe_load, blocks("yaml"))
    assert job["spec"]["concurrencyPolicy"] == "Forbid"


@pytest.mark.parametrize("command", commands(), ids=lambda command: command[:50])
def test_commands_and_their_options_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command)[1:]
    is_group = words[0] in ("detections", "lake")
    assert main([*words[: 2 if is_group else 1], "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert {word for word in words if word.startswith("--")} <= known


def test_the_commands_are_found() -> None:
    named = {command.split()[1] for command in commands()}
    assert {"nightly", "load", "doctor", "lake", "detections"} <= named
