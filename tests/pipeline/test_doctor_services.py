"""Doctor asks every configured source: what is missing is named, what waits is told, and none of them holds it."""

import json
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loaders import kinds
from pipeline.cli import main
from pipeline.doctor import Diagnosis, examine
from pipeline.load import load_sources, verify_sources
from tests.loaders.shelf import AT, REFUSED, Proving, Shelf
from tests.pipeline.planted import events, plant

HOUR = timedelta(hours=1)


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Proving]:
    """Two configured sources in a folder with a lake."""
    made = {name: Proving(name=name) for name in ("left", "right")}
    monkeypatch.setattr(Proving, "made", made)
    monkeypatch.setitem(kinds.KINDS, "made-up", "tests.loaders.shelf:Proving")
    text = "".join(f"[sources.{name}]\nkind = 'made-up'\n" for name in made)
    (tmp_path / "postreset.toml").write_text(text)
    plant(tmp_path / "lake", events(1, "aws_cloudtrail", AT - HOUR))
    return made


def diagnose(tmp_path: Path, now: datetime = AT, seconds: float = 20) -> Diagnosis:
    return examine(tmp_path / "lake", now, tmp_path / "postreset.toml", seconds)


def told(diagnosis: Diagnosis) -> dict[str, tuple[str, str]]:
    found = diagnosis.findings
    return {finding.what: (finding.state, finding.advice) for finding in found if finding.area == "service"}


def test_sources_that_answer(tmp_path: Path, shelves: dict[str, Proving]) -> None:
    diagnosis = diagnose(tmp_path)
    good = {what for what, (state, _) in told(diagnosis).items() if state == "good"}
    assert good == {f"{name} (made-up) answers; until when it is complete is not known" for name in shelves}
    assert not (tmp_path / "lake" / "landing").exists()


def test_what_is_missing_is_named(tmp_path: Path, shelves: dict[str, Proving]) -> None:
    shelves["left"].denied = REFUSED
    (tmp_path / "postreset.toml").open("a").write(
        "[sources.typo]\nkind = 's4'\n[sources.bare]\nkind = 'files'\n"
    )
    diagnosis = diagnose(tmp_path)
    found = told(diagnosis)
    bad = {what: advice for what, (state, advice) in found.items() if state == "bad"}
    assert bad["left: the shelf: refused: ask the keeper (tried: read the shelf)"] == "put up a ladder"
    assert "known are s3" in bad["typo: kind = 's4' is not known (tried: use its settings)"]
    assert "bare: not set: folder (tried: use its settings)" in bad
    assert len(bad) == 3 and any(what.startswith("right") for what in found)
    assert not diagnosis.is_good


def test_a_source_that_hangs_holds_nobody(tmp_path: Path, shelves: dict[str, Proving]) -> None:
    shelves["left"].hangs = threading.Event()
    found = told(diagnose(tmp_path, seconds=0.5))
    assert any(what.startswith("left: no answer in") for what in found)
    assert any(what.startswith("right (made-up) answers") for what in found)
    shelves["left"].hangs.set()


def test_a_fault_in_a_probe(
    tmp_path: Path, shelves: dict[str, Proving], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Shelf) -> list[object]:
        raise KeyError("sig=SECRET")

    monkeypatch.setattr(Proving, "probe", fail)
    found = told(diagnose(tmp_path))
    assert "left: a fault in the loader (KeyError) (tried: ask it)" in found
    assert "SECRET" not in str(found)


def test_how_far_it_is_loaded_and_what_waits(tmp_path: Path, shelves: dict[str, Proving]) -> None:
    shelves["left"].put("a.json")
    shelves["right"].put("b.json", REFUSED)
    load_sources(tmp_path / "lake", shelves.values(), None, AT)
    found = told(diagnose(tmp_path))
    assert "left (made-up) answers; complete until 2026-03-10 11:00 UTC" in found
    assert "left: 1 file landed and not in the lake" in found
    waits = "right: 1 item not fetched yet, the last try said: the shelf: refused: ask the keeper"
    assert found[waits] == ("note", "`postreset load` tries again")
    late = told(diagnose(tmp_path, AT + timedelta(days=3)))
    assert "left was last loaded whole 3 d 1 h ago" in late


def test_the_command(tmp_path: Path, shelves: dict[str, Proving], capsys: pytest.CaptureFixture[str]) -> None:
    shelves["left"].put("a.json")
    load_sources(tmp_path / "lake", shelves.values(), None, AT)
    here = ["--lake", str(tmp_path / "lake"), "--config", str(tmp_path / "postreset.toml")]
    assert main(["doctor", *here, "--json"]) == 0
    services = {one["name"]: one for one in json.loads(capsys.readouterr().out)["services"]}
    assert services["left"]["counts"]["landed"] == 1
    assert services["left"]["complete_until"] == "2026-03-10T11:00:00.000000Z"
    assert services["right"]["probes"][0]["is_well"] is True
    assert main(["doctor", *here]) == 0
    printed = capsys.readouterr().out
    assert "configured source" in printed and "1 of 1 well" in printed


def test_logs_that_somebody_changed_are_told(tmp_path: Path, shelves: dict[str, Proving]) -> None:
    never = told(diagnose(tmp_path))["left: its log files were never held against their digests"]
    assert never[0] == "note" and "postreset load left --verify" in never[1]
    lake = tmp_path / "lake"
    found, problems = verify_sources(lake, [shelves["left"]], AT - 24 * HOUR, AT - HOUR)
    assert len(found) == 1 and not problems
    shelves["right"].verify = lambda since, until: iter(())  # type: ignore[method-assign]
    verify_sources(lake, [shelves["right"]], AT - 24 * HOUR, AT - HOUR)
    services = told(diagnose(tmp_path))
    (bad,) = [what for what, (state, _) in services.items() if state == "bad"]
    assert bad.startswith(
        "left: 1 fault in the logs themselves: edited 1 (2026-03-09 to 2026-03-10, looked at 1 h ago"
    )
    assert "data_access" in services[bad][1]
    assert any(what.startswith("right: every log file is as it was delivered") for what in services)
    shelves["left"].denied = REFUSED
    assert verify_sources(lake, [shelves["left"]], AT - HOUR, AT)[1]
    shelves["left"].denied = None
    assert bad in told(diagnose(tmp_path)), "what could not be asked changes nothing"


def test_a_ledger_of_before_verifications(tmp_path: Path, shelves: dict[str, Proving]) -> None:
    load_sources(tmp_path / "lake", [shelves["left"]], AT - HOUR, AT)
    with sqlite3.connect(tmp_path / "lake" / "landing" / "landing.db") as db:
        db.execute("drop table verifications")
    assert any("never held" in what for what in told(diagnose(tmp_path)))
