"""The swimlanes and the hour grid: what is drawn, what is binned, what is left out and said so."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.hours import hour_grid
from pipeline.report.html_timeline import shown_timeline
from pipeline.report.result import Hunt, Reached, Visibility, VisibilityHour
from pipeline.report.swimlanes import swimlanes
from pipeline.report.timescale import time_scale

TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1))


@given(st.lists(TIMES, min_size=1, max_size=30), st.lists(TIMES, max_size=30))
def test_the_scale_keeps_the_order_of_time(weighty: list[datetime], others: list[datetime]) -> None:
    scale = time_scale(weighty, others, 900)
    places = [scale.x(at) for at in sorted(weighty + others)]
    assert places == sorted(places)
    assert all(0 <= place <= 900.1 for place in places)
    assert abs(sum(segment.width for segment in scale.segments) - 900) < 0.01
    labels = [x for x, _ in scale.ticks()]
    assert all(later - earlier >= 40 for earlier, later in pairwise(labels))


def test_a_quiet_night_is_pressed() -> None:
    start = datetime(2026, 3, 2, 9)
    scale = time_scale([start, start + timedelta(minutes=40)], [start + timedelta(hours=60)], 900)
    assert scale.x(start + timedelta(minutes=40)) > 700
    assert [segment.is_pressed for segment in scale.segments] == [False, True]


def test_lanes_in_order_of_reach_with_their_givers(alice_hunt: Hunt) -> None:
    chart = swimlanes(alice_hunt)
    assert chart is not None
    assert [lane.start_x for lane in chart.lanes] == sorted(lane.start_x for lane in chart.lanes)
    assert len(chart.connectors) == 9
    assert [rule.kind for rule in chart.rules] == ["reset", "cut-off"]
    assert chart.left_out_count == 0


def test_like_things_that_did_nothing_share_a_lane(alice_hunt: Hunt) -> None:
    chart = swimlanes(alice_hunt)
    assert chart is not None
    assert [lane.kind for lane in chart.lanes if lane.kind.startswith("secret")] == [
        "secret",
        "secret, and 4 more",
    ]


def test_thousands_of_events_are_bins(alice_hunt: Hunt, long_hunt) -> None:
    chart = swimlanes(long_hunt(5_000))
    assert chart is not None
    marks = [mark for lane in chart.lanes for mark in lane.marks]
    assert len(marks) < 300
    assert sum(mark.count for mark in marks) == 5_000 - 2  # the reset itself happens on no reached thing


def test_lanes_beyond_the_limit_are_counted(alice_hunt: Hunt) -> None:
    chart = swimlanes(alice_hunt, lane_limit=6)
    assert chart is not None
    assert len(chart.lanes) <= 6
    assert chart.left_out_count == len(alice_hunt.reach) - sum(len(lane.begins) for lane in chart.lanes)
    assert any("ModifySnapshotAttribute" in mark.title for lane in chart.lanes for mark in lane.marks)


def test_nothing_reached_no_chart(bob_hunt: Hunt) -> None:
    assert swimlanes(replace(bob_hunt, reach=())) is None


def test_a_thing_without_events_is_drawn(bob_hunt: Hunt) -> None:
    lonely = Reached(
        thing_id="odd",
        kind="odd_kind",
        seed="fresh",
        first_reached_at=bob_hunt.window_from,
        depth=0,
        confidence=0.5,
        path=(),
    )
    chart = swimlanes(replace(bob_hunt, reach=(lonely,), timeline=bob_hunt.timeline.slice(0, 0)))
    assert chart is not None
    assert chart.lanes[0].label == "odd"


def test_silent_hours_are_level_zero(alice_hunt: Hunt) -> None:
    grid = hour_grid(alice_hunt)
    vault = next(row for row in grid.rows if row.source == "azure_key_vault")
    assert vault.silent_count == 11 + 1  # the gap, and the last hour of the window
    assert [cell.level for cell in vault.cells][19:32] == [
        vault.cells[19].level,
        *[0] * 11,
        vault.cells[31].level,
    ]
    assert grid.reset_cell == 0


def test_a_long_window_has_wider_cells(alice_hunt: Hunt) -> None:
    start = alice_hunt.window_from
    hours = tuple(
        VisibilityHour(
            source="okta_system", tenant_id=None, hour=start + timedelta(hours=index), event_count=1
        )
        for index in range(24 * 90)
    )
    grid = hour_grid(
        replace(alice_hunt, window_to=start + timedelta(days=90), visibility=Visibility(hours=hours))
    )
    assert grid.cell_count <= 120
    assert grid.rows[0].event_count == 24 * 90
    assert grid.rows[0].silent_count == 0


def test_no_logs_at_all(bob_hunt: Hunt) -> None:
    assert hour_grid(replace(bob_hunt, visibility=Visibility())).rows == ()


def test_the_timeline_shows_the_steps_and_folds_the_rest(alice_hunt: Hunt, long_hunt) -> None:
    shown = shown_timeline(alice_hunt)
    open_events = [row["event_id"] for stretch in shown.stretches if stretch.is_open for row in stretch.rows]
    assert {"reset-password", "sign-in", "assume-role", "get-object-00000", "snapshot-shared"} <= set(
        open_events
    )
    assert (
        sum(len(stretch.rows) for stretch in shown.stretches)
        == shown.shown_count
        == alice_hunt.timeline.num_rows
    )
    assert any("GetObject ×" in stretch.summary for stretch in shown.stretches)
    long = shown_timeline(long_hunt(5_000))
    assert (long.shown_count, long.row_count) == (2_000, 5_000)
    assert {"snapshot-shared", "key-used"} <= {
        row["event_id"] for stretch in long.stretches for row in stretch.rows
    }
