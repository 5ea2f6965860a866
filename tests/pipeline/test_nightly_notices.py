"""Notifications over a real connection: once for each hunt, again when it grew or when the first try failed, and no secret told."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.nightly.memory import HuntedDay, Memory, Said
from pipeline.nightly.night import Night
from pipeline.nightly.notices import Told, notify, read_channels
from pipeline.rule_sets import RuleSet

SECRET = "hunter2-token"


class Receiver:
    """A server that keeps what it is told, and answers with `status`."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.status = 200
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.messages.append(json.loads(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server.server_address[1]}/{SECRET}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory.open(tmp_path / "lake") as memory:
        yield memory


def night(*channels: str, name: str = "2026-03-03") -> Night:
    until = datetime.fromisoformat(name)
    return Night(datetime(2026, 3, 2), until, RuleSet(()), Path("out"), channels=channels)


def said(score: int, *domains: str, reset_id: str = "R-1", was: int | None = None) -> Said:
    entry = {
        "score": score,
        "was": was,
        "domains": list(domains),
        "verdict": "suspicious" if score < 75 else "likely_takeover",
        "verdict_sentence": "Signals\x1b[31m in a domain.",
        "reset": {"person": "alice@example.com"},
    }
    return Said("2026-03-03", "2026-03-02", reset_id, datetime(2026, 3, 2, 9, 14), entry, b"")


def test_a_hunt_is_told_once_and_again_when_it_grew(memory: Memory, receiver: Receiver) -> None:
    one = night(receiver.address)
    assert notify(memory, one, [said(50, "sessions")]) == Told(1)
    assert notify(memory, one, [said(50, "sessions")]) == Told()
    assert notify(memory, one, [said(60, "sessions")]) == Told(), "the same band"
    assert notify(memory, one, [said(60, "sessions", "secrets", was=50)]) == Told(1), "a control domain more"
    assert notify(memory, one, [said(80, "sessions", was=60)]) == Told(1), "a band up"
    assert notify(memory, one, [said(45, "sessions")]) == Told()
    assert [message["title"][:40] for message in receiver.messages] == [
        "postreset 2026-03-03: 1 reset to look at"
    ] * 3
    assert (
        "80 (was 60) likely takeover: alice@example.com, 2026-03-02 09:14 UTC."
        in receiver.messages[2]["message"]
    )
    assert "\x1b" not in receiver.messages[0]["message"]


def test_what_scores_low_is_not_told(memory: Memory, receiver: Receiver) -> None:
    low = [said(39, "sessions"), said(0, reset_id="R-2")]
    assert notify(memory, night(receiver.address), low) == Told() and not receiver.messages


def test_a_failed_notice_is_told_and_comes_the_next_night(memory: Memory, receiver: Receiver) -> None:
    receiver.status = 503
    told = notify(memory, night(receiver.address), [said(50, "sessions")])
    assert told == Told(0, ("notification channel 1 failed; 1 reset will be told in the next run",))
    receiver.status = 200
    assert notify(memory, night(receiver.address, name="2026-03-04"), [said(50, "sessions")]) == Told(1)
    assert len(receiver.messages) == 1


def test_a_failed_notice_comes_even_when_the_next_queue_has_it_no_more(
    memory: Memory, receiver: Receiver
) -> None:
    one = said(50, "sessions")
    memory.keep_day(HuntedDay(one.day, one.night, "key", ""), [one])
    assert notify(memory, night(receiver.address), [one]) == Told(1)
    receiver.status = 503
    grown = said(80, "sessions", was=50)
    memory.keep_day(HuntedDay(one.day, one.night, "key", ""), [grown])
    assert notify(memory, night(receiver.address), [grown]).problems
    receiver.status = 200
    assert notify(memory, night(receiver.address, name="2026-03-04"), []) == Told(1)
    assert notify(memory, night(receiver.address, name="2026-03-05"), []) == Told()
    assert [message["message"][:2] for message in receiver.messages] == ["50", "80"]


def test_channels_fail_and_are_told_one_by_one(memory: Memory, receiver: Receiver) -> None:
    dead = f"json://127.0.0.1:1/{SECRET}"
    told = notify(memory, night(dead, f"nonsense://{SECRET}", receiver.address), [said(90, "secrets")])
    assert told.reset_count == 1 and len(told.problems) == 2 and len(receiver.messages) == 1
    assert notify(memory, night(receiver.address), [said(90, "secrets")]) == Told()


def test_many_resets_are_one_message_and_the_rest_is_counted(memory: Memory, receiver: Receiver) -> None:
    many = [said(40 + number, "sessions", reset_id=f"R-{number}") for number in range(30)]
    assert notify(memory, night(receiver.address), many) == Told(30)
    (message,) = receiver.messages
    assert message["message"].startswith("69 suspicious") and "and 10 more" in message["message"]


def test_no_secret_is_told_logged_or_kept(
    memory: Memory, receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 401
    with caplog.at_level(logging.DEBUG):
        addresses = (receiver.address, f"json://127.0.0.1:1/{SECRET}", f"slack://{SECRET}")
        told = notify(memory, night(*addresses), [said(90, "secrets")])
    receiver.status = 200
    assert notify(memory, night(receiver.address), [said(90, "secrets")]).reset_count == 1
    assert len(told.problems) == 3 and SECRET not in "".join(told.problems)
    assert [record.name for record in caplog.records if SECRET in record.getMessage()] == []
    kept = b"".join(path.read_bytes() for path in (tmp_path / "lake").rglob("*") if path.is_file())
    assert b"R-1" in kept and SECRET.encode() not in kept


def test_addresses_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "addresses"
    file.write_text("# whom to tell\njson://a.example\n\njson://b.example json://a.example\n")
    assert read_channels(None, None) == ()
    assert read_channels(None, file) == ("json://a.example", "json://b.example")
    assert read_channels(" json://c.example\njson://d.example ", file) == (
        "json://c.example",
        "json://d.example",
    )
    file.write_bytes(b"\xff" + SECRET.encode())
    with pytest.raises(SettingsError, match="not UTF-8 text") as error:
        read_channels(None, file)
    assert SECRET not in str(error.value)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_channels(None, tmp_path / "none")
