"""The load command: what the configured sources have goes into landing, and `ingest` takes it from there."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from loaders import kinds
from loaders.landing import Landing
from pipeline.cli import main
from pipeline.errors import LoadError, SettingsError
from pipeline.load import load_sources, make_loaders
from pipeline.settings import read_settings
from tests.loaders.shelf import AT, REFUSED, Proving, Shelf
from tests.pipeline.test_opening import event

Run = Callable[..., tuple[int, str, str]]
OLD = 1_770_000_000


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        here = ["--lake", tmp_path / "lake", "--config", tmp_path / "postreset.toml"]
        code = main([str(argument) for argument in [*arguments, *here]])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def configure(tmp_path: Path, text: str) -> None:
    (tmp_path / "postreset.toml").write_text(text)


def write_log(path: Path, *names: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"Records": [event(name) for name in names]}))
    os.utime(path, (OLD, OLD))


SYNCED = '[sources.synced]\nkind = "files"\nfolder = "synced"\n[landing]\nmin_free_bytes = 0\n'


def test_load_then_ingest(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, SYNCED)
    write_log(tmp_path / "synced" / "a.json", "one", "two")
    code, out, err = run("load", "--json")
    (source,) = json.loads(out)["sources"]
    assert (code, err) == (0, "")
    assert (source["source"], source["kind"], source["items"], source["waiting"]) == ("synced", "files", 1, 0)
    code, out, _ = run("ingest", "--json")
    account = json.loads(out)
    assert (code, account["files"], account["events"]) == (0, 1, 2)
    code, out, _ = run("ingest", "--json")
    assert (code, json.loads(out)["files"]) == (0, 0)
    write_log(tmp_path / "synced" / "b.json", "two", "three")
    code, out, _ = run("load")
    assert code == 0 and "synced" in out and "not known" in out
    account = json.loads(run("ingest", "--json")[1])
    assert (account["events"], account["duplicates"]) == (1, 1)


def test_what_to_ingest(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, "")
    code, _, err = run("ingest")
    assert code == 2 and "what to ingest?" in err and "postreset load" not in err
    configure(tmp_path, SYNCED)
    assert "`postreset load` brings" in run("ingest")[2]
    assert not (tmp_path / "lake").exists()


def test_a_source_that_cannot_be_read_stops_no_other(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, '[sources.absent]\nkind = "files"\nfolder = "absent"\n' + SYNCED)
    write_log(tmp_path / "synced" / "a.json", "one")
    code, out, err = run("load")
    assert code == 3
    assert "no such folder" in out and err.startswith("postreset load: absent: ")
    assert err.count("\n") == 1
    sources = {one["source"]: one for one in json.loads(run("load", "--json")[1])["sources"]}
    assert sources["synced"]["problem"] is None and "no such folder" in sources["absent"]["problem"]
    assert json.loads(run("ingest", "--json")[1])["events"] == 1
    assert run("load", "synced")[0] == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no source is configured"),
        ("[sources]\nkind = 'files'\n", "[sources.NAME]"),
        ("[sources.a]\nfolder = 'x'\n", "kind is not set"),
        ("[sources.a]\nkind = 'ftp'\n", "known are s3,"),
        ("[sources.'../a']\nkind = 'files'\nfolder = 'x'\n", "cannot be the name of a source"),
        ("[sources.a]\nkind = 'files'\n", "not set: folder"),
        ("[sources.a]\nkind = 'files'\nfolder = 'x'\n[landing]\nin_flight = 0\n", "in_flight"),
        ("[sources.a]\nkind = 'files'\nfolder = 'x'\n[landing]\nkeep = 'long'\n", "a time such as 48h"),
        ("[sources.a]\nkind = 'files'\nfolder = 'x'\n[landing]\nkept = '3d'\n", "unknown: kept"),
    ],
)
def test_settings_that_cannot_be_used(run: Run, tmp_path: Path, text: str, told: str) -> None:
    configure(tmp_path, text)
    code, _, err = run("load")
    assert code == 2 and told in err and "postreset.toml" in err


def test_all_faults_of_the_sources_at_once(tmp_path: Path) -> None:
    configure(tmp_path, "[sources.a]\nkind = 'ftp'\n[sources.b]\nkind = 'files'\n")
    with pytest.raises(SettingsError) as caught:
        make_loaders(read_settings(tmp_path / "postreset.toml"))
    assert "sources.a" in str(caught.value) and "sources.b" in str(caught.value)


def test_names_and_times_that_cannot_be(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, SYNCED)
    assert run("load", "other")[0] == 2
    assert run("load", "--since", "yesterday")[0] == 2
    assert run("load", "--since", "2999-01-01")[0] == 2


def test_a_load_goes_on_from_where_the_source_is_complete(tmp_path: Path) -> None:
    shelf = Shelf(streams={"one": []})
    load_sources(tmp_path, [shelf], None, AT)
    load_sources(tmp_path, [shelf], AT + timedelta(days=20), AT + timedelta(days=30))
    assert [since for _, since in shelf.asked] == [AT - timedelta(days=7), AT - timedelta(hours=1)]


@pytest.fixture
def proving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Proving:
    shelf = Proving(name="trail")
    monkeypatch.setitem(kinds.KINDS, "made-up", "tests.loaders.shelf:Proving")
    monkeypatch.setitem(Proving.made, "trail", shelf)
    configure(tmp_path, "[sources.trail]\nkind = 'made-up'\n" + SYNCED)
    (tmp_path / "synced").mkdir()
    return shelf


def test_what_verification_finds(run: Run, proving: Proving) -> None:
    assert run("load")[0] == 0
    code, out, _ = run("load", "--verify", "--json")
    (found,) = json.loads(out)["findings"]
    assert code == 1
    assert (found["source"], found["kind"], found["control_domain"]) == ("trail", "edited", "data_access")
    code, out, err = run("load", "--verify")
    assert (code, err) == (1, "")
    assert "edited" in out and "\x1b" not in out
    assert run("load", "synced", "--verify")[0] == 0


def test_verification_that_is_refused(run: Run, proving: Proving) -> None:
    proving.denied = LoadError("refused", "the digests", "let it read them")
    code, _, err = run("load", "--verify")
    assert code == 3 and "the digests: refused" in err


def test_items_that_fail_are_told_with_the_first(run: Run, proving: Proving) -> None:
    proving.put("\x1b[31mill.json", REFUSED)
    proving.put("well.json")
    code, out, err = run("load", "trail")
    assert code == 3
    assert "1 item could not be fetched" in err and "refused" in out
    assert "\x1b" not in out + err


def test_an_ingest_that_ended_before_its_note_reads_again_and_doubles_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, SYNCED)
    write_log(tmp_path / "synced" / "a.json", "one", "two")
    assert run("load")[0] == 0

    def killed(self: Landing, *more: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Landing, "mark_ingested", killed)
        assert run("ingest")[0] == 130
    account = json.loads(run("ingest", "--json")[1])
    assert (account["records"], account["events"], account["duplicates"]) == (2, 0, 2)
    assert json.loads(run("ingest", "--json")[1])["records"] == 0


def test_files_go_when_they_were_kept_long_enough(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, SYNCED + 'keep = "0s"\n')
    write_log(tmp_path / "synced" / "a.json", "one")
    landed = tmp_path / "lake" / "landing" / "synced"
    assert run("load")[0] == 0
    assert len(list(landed.rglob("*.json"))) == 1
    assert run("ingest")[0] == 0
    assert list(landed.rglob("*.json")) == []
    assert json.loads(run("load", "--json")[1])["sources"][0]["items"] == 0
    assert json.loads(run("ingest", "--json")[1])["files"] == 0


def test_a_full_disk_ends_the_load(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, SYNCED.replace("min_free_bytes = 0", f"min_free_bytes = {10**18}"))
    write_log(tmp_path / "synced" / "a.json", "one")
    code, out, err = run("load", "--json")
    assert code == 3 and "min_free_bytes" in err
    assert "must stay free" in json.loads(out)["stopped"]
    configure(tmp_path, SYNCED)
    assert run("load")[0] == 0


def test_a_ledger_that_is_broken_is_one_line(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, SYNCED)
    (tmp_path / "synced").mkdir()
    assert run("load")[0] == 0
    (tmp_path / "lake" / "landing" / "landing.db").write_bytes(b"no database" * 1000)
    for command in ("load", "ingest"):
        code, _, err = run(command)
        assert code == 3 and "the ledger of landing fails" in err and err.count("\n") == 1
