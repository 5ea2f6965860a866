"""The documents are true: the output they show, the commands they name, their links, and every column of the schema.

A command on the sample (its lake, or logs under data/samples) is really run, in an empty folder that has both; of any other
the command must exist and its help must name each option.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pytest

from pipeline import __version__
from pipeline.cli import main
from pipeline.detect import evaluate_correlations, evaluate_rules, register_detections
from pipeline.detection_index import index_text
from pipeline.detections import load_detections
from pipeline.hunt import FAR_AHEAD, LONG_AGO, Request, connect, read_score_parameters
from pipeline.lake import Lake
from pipeline.models import build_models, models_before, read_models
from pipeline.query import create_quarantine_view
from pipeline.rule_sets import load_rules
from pipeline.schema import COLUMNS
from pipeline.schema_index import replaced
from pipeline.settings import RuleSettings, read_settings
from tests.conftest import ROOT

README, CONTRIBUTING, SCHEMA = ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "schema.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "data").rglob("README.md")])
WIDTH = "110"
PLACEHOLDER = re.compile(r"<\w+>|\b(?:PATH|DIR)\b")


def fences(document: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    found = re.findall(r"^```(\w*)\n(.*?)\n```$", document.read_text(), re.DOTALL | re.MULTILINE)
    return [(language, text) for language, text in found]


def commands(program: str) -> list[str]:
    """Every command of the program in the README and in CONTRIBUTING, in blocks and within lines."""
    found: list[str] = []
    for document in (README, CONTRIBUTING):
        for language, text in fences(document):
            found += text.splitlines() if language == "sh" else []
        prose = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
        found += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
    return sorted({line for line in found if line.startswith(f"{program} ")})


def is_on_sample(command: str) -> bool:
    return ("out/sample-lake" in command or "data/samples" in command) and not PLACEHOLDER.search(command)


def name_of(command: str) -> str:
    return command[:60]


@pytest.fixture(scope="module")
def desk(sample_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the checkout after `make hunt`, as far as commands name it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "out").mkdir()
    (folder / "data").mkdir()
    (folder / "out" / "sample-lake").symlink_to(sample_lake.folder)
    (folder / "data" / "samples").symlink_to(ROOT / "data" / "samples")
    return folder


@pytest.fixture
def run(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def call(arguments: list[str]) -> tuple[int, str, str]:
        monkeypatch.chdir(desk)
        monkeypatch.setenv("COLUMNS", WIDTH)
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def dry_make(*words: str) -> str:
    """What make would run. Its own environment only, so that a make around the tests leaves no trace in it."""
    done = subprocess.run(
        ["make", "-n", *words], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- the README's first screen ---------------------------------------------------------------------------------------


def test_the_readme_shows_what_make_hunt_prints(run) -> None:
    (first, command), (_, shown) = fences(README)[:2]
    assert (first, command) == ("sh", "make hunt")
    recipe = dry_make("hunt").replace("\\\n", " ")
    program, *arguments = shlex.split(recipe[recipe.rindex(".venv/bin/postreset hunt") :])
    assert program == ".venv/bin/postreset"
    code, printed, err = run(arguments)
    assert (code, err) == (0, "")
    # The hash names the lake's snapshot, whose id each ingest draws anew.
    any_hash = re.compile(r"(?<=-alice-)[0-9a-f]{8}(?=/report\.html)")
    lines = [line.rstrip() for line in any_hash.sub("########", printed).splitlines()]
    assert any_hash.sub("########", shown).splitlines() == lines, (
        "put `COLUMNS=110 make hunt` into the README"
    )


def test_the_folder_map_has_eight_lines_and_each_is_there() -> None:
    entries = [line.split()[0] for line in fences(README)[2][1].splitlines()]
    assert len(entries) == 8
    assert [entry for entry in entries if not (ROOT / entry).is_dir()] == []


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [line for line in commands("postreset") if is_on_sample(line)], ids=name_of
)
def test_commands_on_the_sample_run(run, command: str) -> None:
    code, out, err = run(shlex.split(command)[1:])
    assert (code, err) == (0, "")
    assert out


@pytest.mark.parametrize(
    "command", [line for line in commands("postreset") if not is_on_sample(line)], ids=name_of
)
def test_other_commands_and_their_options_exist(run, command: str) -> None:
    words = shlex.split(command)[1:]
    is_group = words[0] in ("detections", "lake")
    code, out, _ = run([*words[: 2 if is_group else 1], "--help"])
    assert code == 0
    assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", out))


@pytest.mark.parametrize("command", commands("make"))
def test_make_targets_and_their_variables_exist(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    words = shlex.split(command)[1:]
    for word in words:
        name, is_variable, _ = word.partition("=")
        assert re.search(rf"^{name} \??=" if is_variable else rf"^{name}:.*## \w", makefile, re.MULTILINE), (
            word
        )
    dry_make(*words)


def test_the_sample_is_read_without_a_record_set_aside(run) -> None:
    code, out, _ = run(
        ["query", "select count(*) as n from quarantine", "--lake", "out/sample-lake", "--format", "csv"]
    )
    assert (code, out) == (0, "n\n0\n")


# --- links, sources, versions ----------------------------------------------------------------------------------------


def slugs(document: Path) -> set[str]:
    """The anchors that a renderer makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in slugs(target), link


def test_the_readme_names_every_source_that_is_read() -> None:
    recognised = re.findall(r"then '([a-z0-9_]+)'", (ROOT / "sql" / "ingest" / "recognised.sql").read_text())
    section = README.read_text().split("## What is read")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(recognised)
    for source in set(recognised):
        assert (ROOT / "sql" / "staging" / f"stg_{source}.sql").is_file()


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == __version__


# --- schema ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(sample_lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the sample: events, quarantine, seeds, signals and all models."""
    con = connect(sample_lake)
    sample_lake.create_events_view(con)
    create_quarantine_view(con, sample_lake)
    times = {
        "since": LONG_AGO,
        "until": FAR_AHEAD,
        "window": Request().window,
        "look_back": Request().look_back,
    }
    parameters = {**read_score_parameters(con), **times}
    before = models_before("signals")
    build_models(con, parameters, before)
    detections = load_rules().detections
    register_detections(con, detections)
    evaluate_rules(con, detections)
    evaluate_correlations(con, detections)
    build_models(con, parameters, read_models().keys() - set(before))
    yield con
    con.close()


@cache
def sections() -> dict[str, str]:
    """The text below each heading of the schema that is a table's name."""
    parts = re.split(r"^##+ `?([^`\n]+)`?$", SCHEMA.read_text(), flags=re.MULTILINE)[1:]
    names, texts = parts[::2], parts[1::2]
    return {
        name: " ".join(text.split()) for name, text in zip(names, texts, strict=True) if "Columns: " in text
    }


def test_the_models_of_the_schema_are_those_that_are_written() -> None:
    written = SCHEMA.read_text(encoding="utf-8")
    assert written == replaced(written), "run `make format`"


def listed(text: str) -> list[tuple[str, str]]:
    """Names and types in a list such as "`a`, `b` (bigint)"; text where no type is given."""
    named = re.findall(r"`(\w+)`(?: \(((?:[^()]|\([^()]*\))+)\))?", text)
    return [(name, kind.replace("text", "varchar") or "varchar") for name, kind in named]


def test_the_schema_lists_exactly_the_columns_of_events() -> None:
    section = SCHEMA.read_text().split("## `events`")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    assert [(row[0].strip("`"), row[1]) for row in rows] == [(name, kind) for name, kind in COLUMNS]
    for row in rows:
        assert len(row) == 5, row
        assert row[2] and re.match(r"`|—$", row[3]) and re.match(r"`|—$", row[4]), row


def test_the_schema_has_a_section_for_every_table() -> None:
    seeds = {path.stem for path in (ROOT / "sql" / "seeds").glob("*.csv")}
    assert set(sections()) == {*read_models(), *seeds, "signals", "detections", "quarantine"}


@pytest.mark.parametrize("table", sections())
def test_the_schema_lists_exactly_the_columns_of_each_table(
    built: duckdb.DuckDBPyConnection, table: str
) -> None:
    described = [(row[0], row[1].lower()) for row in built.execute(f"describe {table}").fetchall()]
    columns = sections()[table].split("Columns: ")[1].split(". ")[0]
    assert listed(columns) == described


@pytest.mark.parametrize("table", sections())
def test_the_grain_that_the_schema_states_holds_on_the_sample(
    built: duckdb.DuckDBPyConnection, table: str
) -> None:
    grain = ", ".join(name for name, _ in listed(sections()[table].split("Grain: ")[1].split(". ")[0]))
    doubled = f"select {grain}, count(*) as row_count from {table} group by all having count(*) > 1 limit 3"
    assert grain
    assert built.execute(doubled).fetchall() == []


# --- rules -----------------------------------------------------------------------------------------------------------


def blocks_of(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


def test_the_overrides_and_settings_of_the_readme_are_read(tmp_path: Path) -> None:
    (overrides,) = blocks_of("yaml")
    (tmp_path / "overrides.yml").write_text(overrides)
    rule_set = load_rules(RuleSettings(overrides=tmp_path / "overrides.yml"), date(2026, 11, 24))
    assert rule_set.problems == ()
    assert [suppression.rule for suppression in rule_set.suppressions] == ["azure_storage_keys_listed"]
    worth = {detection.name: (detection.level, detection.points) for detection in rule_set.detections}
    assert worth["aws_access_key_created"] == ("low", 0.5) and "okta_mfa_push_denied" not in worth
    (settings,) = blocks_of("toml")
    (tmp_path / "postreset.toml").write_text(settings)
    assert read_settings(tmp_path / "postreset.toml").rules.overrides == tmp_path / "overrides.yml"


def test_the_index_of_detections_is_the_one_that_is_written() -> None:
    folder = ROOT / "detections"
    written = (folder / "README.md").read_text(encoding="utf-8")
    assert written == index_text(load_detections([folder]), folder), "run `make format`"
