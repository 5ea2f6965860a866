"""Windows of time: together they are what was asked for, no gap and no overlap but the look-back, whatever the runs."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.base import Item
from loaders.http_pages import HttpError
from loaders.http_windows import MAX_AGAIN, Window, instead, plan, window_of, written
from pipeline.errors import LoadError

NOON = datetime(2026, 3, 10, 12)
HOUR = timedelta(hours=1)
LONG_AGO = datetime(2020, 1, 1)
instants = st.integers(0, 5 * 86_400).map(lambda seconds: datetime(2026, 2, 1) + timedelta(seconds=seconds))
lengths = st.sampled_from([timedelta(minutes=17), timedelta(minutes=47), HOUR, 4 * HOUR, timedelta(days=2)])


@given(instants, instants, lengths, st.integers(0, 300).map(lambda m: timedelta(minutes=m)))
def test_windows_are_the_span_cut_at_the_same_times_in_every_run(
    since: datetime, until: datetime, length: timedelta, look_back: timedelta
) -> None:
    windows = list(plan("", since, until, look_back, LONG_AGO).windows(length, until, look_back))
    if since >= until:
        assert windows == []
        return
    assert windows[0].since == since
    assert windows[-1].until == until
    assert all(one.until == next_one.since for one, next_one in pairwise(windows))
    epoch = datetime(1970, 1, 1)
    assert all((window.until - epoch) % length == timedelta() for window in windows[:-1])
    assert all((window.asked_at is None) == (window.until <= until - look_back) for window in windows)
    assert len({(item.key, item.version) for item in (w.item("s") for w in windows)}) == len(windows)


@given(st.lists(st.tuples(instants, instants), min_size=1, max_size=6), st.integers(0, 600))
def test_runs_in_any_order_leave_no_gap_in_what_the_checkpoint_says(
    runs: list[tuple[datetime, datetime]], minutes: int
) -> None:
    look_back = timedelta(minutes=minutes)
    checkpoint = ""
    read: list[tuple[datetime, datetime]] = []
    for since, until in runs:
        found = plan(checkpoint, since, until, look_back, LONG_AGO)
        assert all(start < end for start, end in found.spans)
        if checkpoint:
            taken = [datetime.fromisoformat(text[:-1]) for text in checkpoint.split("/")]
            twice = [min(end, taken[1]) - max(start, taken[0]) for start, end in found.spans]
            assert sum((length for length in twice if length > timedelta()), timedelta()) <= look_back
        read += found.spans
        checkpoint = found.checkpoint
    if not checkpoint:
        assert read == []
        return
    taken_since, taken_until = (datetime.fromisoformat(text[:-1]) for text in checkpoint.split("/"))
    reached = taken_since
    for start, end in sorted(read):
        assert start <= reached, "a gap"
        reached = max(reached, end)
    assert reached == taken_until
    asked = [(since, until) for since, until in runs if since < until]
    assert taken_since <= min(since for since, _ in asked)
    assert taken_until >= max(until for _, until in asked)


def test_the_next_run_reads_the_look_back_and_what_is_new() -> None:
    checkpoint = f"{written(NOON - 24 * HOUR)}/{written(NOON)}"
    found = plan(checkpoint, NOON - HOUR, NOON + HOUR, 2 * HOUR, LONG_AGO)
    assert found.spans == ((NOON - 2 * HOUR, NOON + HOUR),)
    assert found.checkpoint == f"{written(NOON - 24 * HOUR)}/{written(NOON + HOUR)}"


def test_an_earlier_since_is_read_up_to_what_was_taken() -> None:
    checkpoint = f"{written(NOON)}/{written(NOON + HOUR)}"
    found = plan(checkpoint, NOON - 24 * HOUR, NOON + HOUR, timedelta(0), LONG_AGO)
    assert found.spans == ((NOON - 24 * HOUR, NOON),)


def test_nothing_is_asked_that_the_service_does_not_keep() -> None:
    kept = NOON - 90 * 24 * HOUR
    found = plan("", NOON - 200 * 24 * HOUR, NOON, HOUR, kept)
    assert found.spans == ((kept, NOON),)


@pytest.mark.parametrize("checkpoint", ["nonsense", "/", "2026-01-01T00:00:00Z/", "2026-01-01T00:00:00Z/x"])
def test_a_checkpoint_that_cannot_be_read_means_all_again(checkpoint: str) -> None:
    assert plan(checkpoint, NOON - HOUR, NOON, HOUR, LONG_AGO).spans == ((NOON - HOUR, NOON),)


@pytest.mark.parametrize(
    "window",
    [
        Window(NOON, NOON + HOUR, None),
        Window(NOON, NOON + HOUR, NOON + HOUR, page=17, following="after=1%22&x=\u00e9", again=2),
    ],
)
def test_a_window_is_told_by_its_item_alone(window: Window) -> None:
    assert window_of(window.item("s"), "here") == window


@pytest.mark.parametrize("cursor", ["", "{}", "[]", "null", '{"since": ""}', "x" * 100])
def test_a_cursor_that_no_window_wrote_is_an_error(cursor: str) -> None:
    with pytest.raises(LoadError, match="cursor"):
        window_of(Item("s", "k", cursor=cursor), "here")


def test_a_service_that_is_too_slow_gets_halves_down_to_minutes() -> None:
    slow = HttpError("slow", "here", is_slow=True)
    waiting, read = [Window(NOON, NOON + HOUR, None)], []
    while waiting:
        window = waiting.pop()
        try:
            waiting += [window_of(item, "here") for item in instead(window, "s", slow).more]
        except HttpError:
            read.append(window)
    read.sort(key=lambda window: window.since)
    assert (read[0].since, read[-1].until) == (NOON, NOON + HOUR)
    assert all(one.until == other.since for one, other in pairwise(read))
    assert len(read) == 8


def test_a_link_that_expired_begins_its_window_anew_a_few_times() -> None:
    expired = HttpError("gone", "here", status=410)
    window = Window(NOON, NOON + HOUR, None, page=3, following="after=1")
    versions = set()
    for _ in range(MAX_AGAIN):
        (item,) = instead(window, "s", expired).more
        versions.add(item.version)
        fresh = window_of(item, "here")
        assert (fresh.page, fresh.following) == (1, "")
        window = fresh.next_page("after=1")
    assert len(versions) == MAX_AGAIN
    with pytest.raises(HttpError):
        instead(window, "s", expired)
    with pytest.raises(HttpError):  # a first page has no link: the request itself is wrong
        instead(Window(NOON, NOON + HOUR, None), "s", HttpError("bad", "here", status=400))
