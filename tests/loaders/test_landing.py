"""Landing: what is named is on disk once, whole, under a harmless name, or waits; and a checkpoint never runs ahead."""

import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders import run as run_module
from loaders.account import Account
from loaders.base import Fetched, Item
from loaders.bounds import Bounds
from loaders.file_names import landed_name
from loaders.landing import Landing, LandingStopped, LoadSummary
from pipeline.errors import LoadError
from tests.loaders.shelf import AT, GONE, REFUSED, SINCE, Shelf

SMALL = Bounds(min_free_bytes=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing.open(tmp_path, SMALL)


def load(landing: Landing, shelf: Shelf, until: datetime = AT) -> LoadSummary:
    return landing.load(shelf, SINCE, until)


def contents(landing: Landing) -> list[bytes]:
    return sorted(path.read_bytes() for path in landing.not_ingested())


def leftovers(landing: Landing) -> list[Path]:
    """Files besides the landed ones."""
    kept = {*landing.not_ingested(), landing.folder / "landing.db"}
    return [p for p in landing.folder.rglob("*") if p.is_file() and p not in kept and p.suffix != ".lock"]


def test_each_item_is_one_file_with_its_bytes(landing: Landing) -> None:
    shelf = Shelf()
    bodies = [f"{number}".encode() * 1000 for number in range(50)]
    for number, body in enumerate(bodies):
        shelf.put(f"logs/2026/{number}.json.gz", body, stream=f"s{number % 3}")
    summary = load(landing, shelf)
    assert contents(landing) == sorted(bodies)
    assert (summary.item_count, summary.byte_count) == (50, sum(map(len, bodies)))
    assert (summary.waiting_count, summary.failed_count, summary.error) == (0, 0, None)
    assert all(path.name.endswith(".json.gz") for path in landing.not_ingested())
    assert leftovers(landing) == []
    digests = landing.ledger._rows("select file, bytes, sha256 from items")
    for file, byte_count, digest in digests:
        body = (landing.folder / file).read_bytes()
        assert (len(body), sha256(body).hexdigest()) == (byte_count, digest)


def test_what_is_landed_is_not_fetched_again(landing: Landing) -> None:
    shelf = Shelf()
    shelf.put("a.json")
    load(landing, shelf)
    shelf.put("b.json")
    shelf.put("a.json", b"changed", version="2")
    assert load(landing, shelf).item_count == 2
    assert sorted(shelf.fetched) == ["a.json", "a.json", "b.json"]
    assert contents(landing) == [b"changed", b"{}\n", b"{}\n"]
    assert shelf.asked[1][0] == {"one": "to 10"}


def test_pages_that_follow(landing: Landing) -> None:
    shelf = Shelf()
    shelf.put("page0.json", Fetched(more=(Item("one", "page1.json", cursor="after 0"),)))
    for number in range(1, 40):
        following = Item("one", f"page{number + 1}.json", cursor=f"after {number}")
        shelf.answers[f"page{number}.json"] = Fetched(more=(following,))
    shelf.answers["page40.json"] = Fetched()
    summary = load(landing, shelf)
    assert (summary.item_count, summary.waiting_count) == (41, 0)
    assert shelf.fetched == [f"page{number}.json" for number in range(41)]
    assert summary.complete_until == AT - HOUR


def test_a_page_that_fails_holds_the_checkpoint_and_is_tried_again(landing: Landing) -> None:
    shelf = Shelf()
    shelf.put("page0.json", Fetched(more=(Item("one", "page1.json", cursor="after 0"),)))
    shelf.answers["page1.json"] = REFUSED
    summary = load(landing, shelf)
    assert (summary.item_count, summary.waiting_count, summary.failed_count) == (1, 1, 1)
    assert summary.complete_until is None
    shelf.streams["one"] = []  # the service names it no more
    shelf.answers["page1.json"] = b"the rest"
    summary = load(landing, shelf)
    assert shelf.asked[1][0] == {}
    assert (summary.item_count, summary.waiting_count) == (1, 0)
    assert summary.complete_until == AT - HOUR


def test_a_window_that_is_replaced_leaves_no_file(landing: Landing) -> None:
    shelf = Shelf()
    halves = (Item("one", "half1.json"), Item("one", "half2.json"))
    shelf.put("window.json", Fetched(more=halves, is_kept=False))
    shelf.answers |= {"half1.json": b"1", "half2.json": b"2"}
    assert load(landing, shelf).item_count == 2
    assert contents(landing) == [b"1", b"2"]
    assert load(landing, shelf).item_count == 0
    assert sorted(shelf.fetched) == ["half1.json", "half2.json", "window.json"]
    assert leftovers(landing) == []


def test_what_is_gone_is_told_and_holds_nothing(landing: Landing) -> None:
    shelf = Shelf()
    shelf.put("here.json")
    shelf.put("gone.json", GONE)
    summary = load(landing, shelf)
    assert (summary.item_count, summary.gone_count, summary.gone) == (1, 1, ("gone.json",))
    assert (summary.waiting_count, summary.complete_until) == (0, AT - HOUR)
    load(landing, shelf)
    assert shelf.fetched.count("gone.json") == 1


def test_an_item_that_fails_waits_and_stops_no_other(landing: Landing) -> None:
    shelf = Shelf()
    for number in range(10):
        shelf.put(f"{number}.json", stream="well")
        shelf.put(f"ill{number}.json", REFUSED if number == 5 else b"{}", stream="ill")
    summary = load(landing, shelf)
    assert (summary.item_count, summary.failed_count, summary.waiting_count) == (19, 1, 1)
    assert summary.troubles[0].place == "ill5.json" and "refused" in summary.troubles[0].told
    assert landing.ledger.checkpoints("shelf") == {"well": "to 10"}
    assert summary.complete_until is None
    load(landing, shelf)
    counts = landing.counts("shelf")
    assert (counts.attempts, counts.waiting) == (2, 1)
    assert counts.error is not None and "refused" in counts.error
    shelf.answers["ill5.json"] = b"at last"
    assert load(landing, shelf).item_count == 1
    assert landing.ledger.checkpoints("shelf") == {"well": "to 10", "ill": "to 10"}


def test_a_fault_of_the_loader_costs_its_item(landing: Landing) -> None:
    shelf = Shelf()
    shelf.put("a.json", KeyError("sig=SECRET"))
    shelf.put("b.json")
    summary = load(landing, shelf)
    assert (summary.item_count, summary.failed_count) == (1, 1)
    assert summary.troubles[0].told == "a fault in the loader (KeyError)"


def test_a_stream_that_cannot_be_asked_stops_only_itself(landing: Landing) -> None:
    shelf = Shelf(streams={"denied": REFUSED})
    shelf.put("a.json")
    summary = load(landing, shelf)
    assert summary.item_count == 1 and "refused" in str(summary.error)
    assert landing.ledger.checkpoints("shelf") == {"one": "to 10"}
    assert {mark.stream: mark.complete_until for mark in landing.watermarks()} == {
        "denied": None,
        "one": AT - HOUR,
    }
    assert summary.complete_until is None


def test_a_denied_source_is_told_and_the_next_load_goes_back_as_far(landing: Landing) -> None:
    shelf = Shelf(denied=REFUSED)
    shelf.put("a.json")
    summary = load(landing, shelf)
    assert summary.item_count == 1 and "refused" in str(summary.error)
    assert summary.complete_until is None  # nobody knows whether there are other streams
    shelf.denied = None
    later = AT + timedelta(days=5)
    assert landing.load(shelf, later - HOUR, later).since == SINCE
    assert landing.load(shelf, later, later + HOUR).since == later - HOUR


def test_many_failures_in_a_row_end_the_trying(landing: Landing) -> None:
    shelf = Shelf()
    for number in range(1000):
        shelf.put(f"{number}.json", REFUSED, stream="ill")
        shelf.put(f"{number}well.json", stream="well")
    summary = load(landing, shelf)
    assert summary.item_count == 1000
    assert run_module.STREAM_FAILURES <= summary.failed_count < 200
    assert "in a row" in str(summary.error) and "refused" in str(summary.error)
    assert landing.ledger.checkpoints("shelf") == {"well": "to 10"}
    for number in range(1000):
        shelf.answers[f"{number}.json"] = b""
    assert load(landing, shelf).item_count == 1000


def test_memory_holds_some_names_only(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "NAMED_AHEAD", 20)
    monkeypatch.setattr(run_module, "GROUP", 10)
    shelf, most = Shelf(), 0
    named = 0

    def items(self: Shelf, given: list[Item]):
        nonlocal named, most
        for item in given:
            named += 1
            most = max(most, named - len(shelf.fetched))
            yield item

    monkeypatch.setattr(Shelf, "_items", items)
    for number in range(500):
        shelf.put(f"{number}.json")
    assert load(landing, shelf).item_count == 500
    assert most <= 20 + 10 + 10


def test_several_are_in_flight(landing: Landing) -> None:
    together = threading.Barrier(4, timeout=20)

    def meet(write: Callable[[bytes], object]) -> Fetched:
        together.wait()
        write(b"x")
        return Fetched()

    shelf = Shelf()
    for number in range(8):
        shelf.put(f"{number}.json", meet)
    assert landing.load(shelf, SINCE, AT, in_flight=4).item_count == 8


def test_a_full_disk_stops_the_load_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    for number in range(30):
        shelf.put(f"{number}.json")
    free = [10**10] * 12

    def disk_usage(folder: Path) -> object:
        return shutil._ntuple_diskusage(10**11, 0, free.pop() if free else 10**9)  # type: ignore[attr-defined]

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    landing = Landing.open(tmp_path)
    with pytest.raises(LandingStopped, match="must stay free"):
        load(landing, shelf)
    landed = len(landing.not_ingested())
    assert 0 < landed < 30
    assert leftovers(landing) == []
    free = [10**10] * 1000
    assert load(landing, shelf).item_count == 30 - landed
    assert len(contents(landing)) == 30


def test_an_item_that_is_too_large_costs_itself(tmp_path: Path) -> None:
    def endless(write: Callable[[bytes], object]) -> Fetched:
        while True:
            write(b"x" * 1000)

    landing = Landing.open(tmp_path, Bounds(min_free_bytes=0, max_item_bytes=100_000))
    shelf = Shelf()
    shelf.put("endless.json", endless)
    shelf.put("a.json")
    summary = load(landing, shelf)
    assert (summary.item_count, summary.failed_count) == (1, 1)
    assert "max_item_bytes" in summary.troubles[0].told
    assert leftovers(landing) == []


def test_the_landing_folder_cannot_be_written(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *more: object, **named: object) -> object:
        raise OSError(28, "No space left on device")

    shelf = Shelf()
    shelf.put("a.json")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(LandingStopped, match="No space left"):
            load(landing, shelf)
    assert load(landing, shelf).item_count == 1


def test_an_interrupted_load_keeps_what_it_has(landing: Landing) -> None:
    shelf, begun = Shelf(), threading.Event()

    def slow(write: Callable[[bytes], object]) -> Fetched:
        begun.wait(20)
        for _ in range(10**6):
            write(b"x")
        return Fetched()

    shelf.put("a.json")
    shelf.put("slow.json", slow)

    def interrupt(account: Account) -> None:
        if account.item_count:
            begun.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        landing.load(shelf, SINCE, AT, interrupt, in_flight=2)
    assert len(landing.not_ingested()) == 1
    assert leftovers(landing) == []
    shelf.answers["slow.json"] = b"done"
    assert load(landing, shelf).item_count == 1


def test_one_load_of_a_source_at_a_time(landing: Landing) -> None:
    shelf, other = Shelf(), Shelf(name="other")
    told = []

    def meanwhile(write: Callable[[bytes], object]) -> Fetched:
        second = Landing.open(landing.folder.parent, SMALL)
        other.put("b.json")
        told.append(second.load(other, SINCE, AT).item_count)
        try:
            second.load(shelf, SINCE, AT)
        except LoadError as error:
            told.append(str(error))
        second.close()
        return Fetched()

    shelf.put("a.json", meanwhile)
    assert load(landing, shelf).item_count == 1
    assert told == [1, "source shelf: another load of it is running"]


def test_what_a_killed_load_left_is_removed(landing: Landing) -> None:
    left = landing.folder / ".tmp" / "shelf" / "0a1b2c" / "3.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    other = landing.folder / ".tmp" / "other" / "0a1b2c" / "3.part"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"half")
    load(landing, Shelf())
    assert not left.exists() and other.exists()


def test_ingested_files_are_not_given_again_and_go_in_time(landing: Landing) -> None:
    shelf = Shelf()
    shelf.put("a.json")
    shelf.put("b.json")
    load(landing, shelf)
    first, second = landing.not_ingested()
    assert landing.mark_ingested([first, Path("/elsewhere/x.json")]) == 1
    assert landing.not_ingested() == [second]
    now = datetime.now() + timedelta(days=2)
    assert landing.remove_ingested(now, timedelta(days=4)) == 0
    assert landing.remove_ingested(now, timedelta(days=1)) == 1
    assert not first.exists() and second.exists()
    assert load(landing, shelf).item_count == 0  # it is known still


def test_a_landed_file_that_was_removed_is_fetched_again(landing: Landing) -> None:
    shelf = Shelf()
    shelf.put("a.json", b"a")
    load(landing, shelf)
    (path,) = landing.not_ingested()
    path.unlink()
    assert landing.not_ingested() == []
    assert load(landing, shelf).item_count == 1
    assert landing.not_ingested() == [path]


def test_a_watermark_never_goes_back_and_follows_the_least_stream(landing: Landing) -> None:
    shelf = Shelf(streams={"one": [], "two": []})
    load(landing, shelf)
    load(landing, shelf, AT - 5 * HOUR)
    assert landing.complete_until("shelf") == AT - HOUR
    shelf.streams["two"] = REFUSED
    load(landing, shelf, AT + 5 * HOUR)
    assert landing.complete_until("shelf") == AT - HOUR
    del shelf.streams["two"]  # closed for ever
    load(landing, shelf, AT + 5 * HOUR)
    assert landing.complete_until("shelf") == AT + 4 * HOUR
    assert landing.complete_until("another") is None


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    assert Landing.look(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    with Landing.open(tmp_path) as landing:
        assert landing.is_empty()
    looked = Landing.look(tmp_path)
    assert looked is not None and looked.not_ingested() == []


NAMES = ["..", "/etc/passwd", "a/../../b.json", "\x00", "a" * 5000, "x\n\x1b[31m.json", ".gz", "\ud800.json", "con", "-rf"]  # fmt: skip
keys = st.one_of(st.sampled_from(NAMES), st.text(max_size=300))


@given(st.lists(st.builds(Item, keys, keys, keys), min_size=1, max_size=20, unique=True))
def test_no_key_leaves_the_folder_and_no_two_share_a_file(items: list[Item]) -> None:
    root = Path("/lake/landing/source")
    names = [landed_name(item) for item in items]
    for name in names:
        assert (root / name).resolve().is_relative_to(root)
        folder, _, file = name.partition("/")
        assert folder and file and "/" not in file
        assert all(part.isascii() and part.isprintable() and len(part) < 200 for part in (folder, file))
        assert not name.startswith((".", "-")) and not file.startswith((".", "-"))
    folded = {name.lower() for name in names}
    assert len(folded) == len({(item.stream, item.key, item.version) for item in items})


def test_hostile_names_land(landing: Landing) -> None:
    shelf = Shelf()
    for number, name in enumerate(NAMES):
        shelf.put(name, f"{number}".encode(), stream=NAMES[-number])
    before = set(landing.folder.parent.iterdir())
    assert load(landing, shelf).item_count == len(NAMES)
    assert contents(landing) == sorted(f"{number}".encode() for number in range(len(NAMES)))
    assert set(landing.folder.parent.iterdir()) == before
    assert load(landing, shelf).item_count == 0
    with pytest.raises(LoadError, match="name of a source"):
        load(landing, Shelf(name="../out"))
