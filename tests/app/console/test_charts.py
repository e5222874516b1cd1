"""The arithmetic of charts and journeys: nothing is hidden, nothing exceeds its frame, time stays in order."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.console.charts import (
    FLOOR,
    LEFT,
    MOST_TICKS,
    RIGHT,
    TOP,
    Line,
    columns,
    line,
    named,
    place_in_spread,
    shown_parts,
    slot,
    ticks,
    y_of,
)
from app.console.journeys import (
    LEAST_PIECE,
    Happened,
    Stretch,
    axis_of,
    labels_of,
    marks_of,
    stretches_of,
    total,
    waits_of,
)
from app.console.number_words import compared, compared_shares, compared_times, lasting, part, per_cent, short
from app.console.periods import in_words, read_period, this_week
from timeline.interactions import InvalidField
from timeline.tickets.reporting import BOUNDS

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (0, (0, 1)),
        (1, (0, 1)),
        (3, (0, 1, 2, 3)),
        (5, (0, 2, 4, 6)),
        (17, (0, 5, 10, 15, 20)),
        (100, (0, 25, 50, 75, 100)),
        (101, (0, 50, 100, 150)),
        (99_000, (0, 25_000, 50_000, 75_000, 100_000)),
    ],
)
def test_ticks_of_a_count_are_whole_and_reach_the_top(top: float, expected: tuple[float, ...]) -> None:
    assert ticks(top) == expected


@given(st.floats(min_value=0, max_value=1e9))
@settings(max_examples=50, deadline=None)
def test_ticks_reach_whatever_is_drawn_and_are_few(top: float) -> None:
    for times in (False, True):
        marks = ticks(top, times=times)
        assert marks[0] == 0
        assert marks[-1] >= top * (1 - 1e-9)
        assert 2 <= len(marks) <= MOST_TICKS + 2
        assert all(one == int(one) for one in marks)


@given(st.lists(st.integers(min_value=0, max_value=10**6), max_size=120))
@settings(max_examples=50, deadline=None)
def test_columns_stay_in_their_frame_and_show_whatever_is_there(values: list[int]) -> None:
    top = ticks(max(values, default=0))[-1]
    boxes = columns(values, top)
    for value, box in zip(values, boxes, strict=True):
        assert box.x >= LEFT
        assert box.x + box.width <= RIGHT + 0.01
        assert TOP - 0.01 <= box.y <= FLOOR
        assert (box.height > 0) == (value > 0)
        assert abs(box.y + box.height - FLOOR) < 0.02
    assert [one.x for one in boxes] == sorted(one.x for one in boxes)


def test_a_line_goes_through_what_is_known_and_no_gap() -> None:
    found = line([1, 2, None, 4, None, 3, 3], 4)
    assert found.path.count("M") == 2
    assert found.path.count("L") == 2
    assert [(dot.x, dot.y) for dot in found.alone] == [(slot(3.5, 7), y_of(4, 4))]
    assert line([], 1) == Line(path="", alone=[])


def test_names_are_few_and_the_last_one_is_there() -> None:
    for count in range(1, 120):
        found = named(count)
        assert found[-1] == count - 1
        assert len(found) <= 5
        assert found == sorted(set(found))


@given(st.floats(min_value=0, max_value=1e8))
@settings(max_examples=50, deadline=None)
def test_a_mark_lies_in_the_slot_that_holds_its_time(seconds: float) -> None:
    slots = len(BOUNDS) + 1
    at = sum(seconds >= one for one in BOUNDS)
    assert slot(at, slots) - 0.01 <= place_in_spread(seconds, BOUNDS) <= slot(at + 1, slots) + 0.01


def test_a_spread_shows_every_slot_that_holds_something() -> None:
    assert shown_parts([0] * 15) == range(15)
    assert set(shown_parts([0, 0, 0, 7, *[0] * 11])) >= {2, 3, 4}
    assert set(shown_parts([1, *[0] * 13, 1])) == set(range(15))
    assert len(shown_parts([3, *[0] * 14])) >= 4


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"),
     (3_570, "60 min"), (3_599, "1 h"), (3_600, "1 h"), (5_400, "1.5 h"), (86_399, "1 d"),
     (86_400 * 2.4, "2.4 d"), (86_400 * 1_500, "1,500 d")],
)  # fmt: skip
def test_how_long_is_said_in_one_unit(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_a_few_are_never_told_in_per_cent() -> None:
    assert part(1, 1) == "1 of 1"
    assert part(19, 19) == "19 of 19"
    assert part(30, 30) == "100 % of 30"
    assert per_cent(9_999, 10_000) == "99.9"
    assert per_cent(1, 10_000) == "0.1"
    assert compared(8, 5, "before") == "3 more than before (5)."
    assert compared(112, 100, "before") == "12 % more than before (100)."
    assert compared(0, 3, "before") == "3 fewer than before (3)."
    assert compared(0, 0, "before") == "None before either."
    assert compared(5, 0, "before") == "None before."
    assert compared_shares((3, 4), (40, 40), "before") == "100 % of 40 before."
    assert compared_shares((45, 50), (40, 50), "before") == "10 points more than before (80 % of 50)."
    assert compared_times(60, None, 0, "before") == "None before."
    assert compared_times(90, 60, 7, "before") == "30 s longer than before (1 min, 7 then)."
    assert [short(one) for one in (0, 950, 1_000, 1_500, 25_000)] == ["0", "950", "1k", "1.5k", "25k"]


def test_a_period_is_compared_with_as_much_of_the_time_before() -> None:
    """Today is not over: neither is the last day that it is compared with."""
    period = read_period({}, BERLIN, NOON)
    assert (period.span.first, period.span.last) == (date(2026, 2, 11), date(2026, 3, 10))
    assert period.before is not None
    assert period.span.start - period.before.start == period.span.end - period.before.end == timedelta(days=28)
    assert len(period.steps(period.span)) == len(period.steps(period.before)) == 28
    year = read_period({"versus": "year", "days": "7"}, BERLIN, NOON)
    assert year.before is not None
    assert year.before.first.weekday() == year.span.first.weekday()
    assert year.span.first - year.before.first == timedelta(weeks=52)


def test_days_have_their_length_when_clocks_change() -> None:
    period = read_period({"from": "2025-10-25", "to": "2025-10-27", "versus": "none"}, BERLIN, NOON)
    starts = [*period.steps(period.span), period.span.end]
    assert [(b - a).total_seconds() / 3_600 for a, b in pairwise(starts)] == [24, 25, 24]
    assert not period.runs
    assert in_words(period.span) == "25 to 27 October 2025"
    hours = read_period({"from": "2025-10-26", "to": "2025-10-26"}, BERLIN, NOON)
    assert (hours.step, len(hours.steps(hours.span))) == ("hour", 25)


@pytest.mark.parametrize(
    ("asked", "step"),
    [({"from": "2026-01-01", "to": "2026-03-01"}, "day"), ({"from": "2025-01-01", "to": "2026-03-01"}, "week"),
     ({"from": "2020-01-01", "to": "2026-03-01"}, "month")],
)  # fmt: skip
def test_long_times_are_cut_into_longer_steps_that_cover_them(asked: dict[str, str], step: str) -> None:
    period = read_period(asked, BERLIN, NOON)
    starts = period.steps(period.span)
    assert period.step == step
    assert starts[0] <= period.span.start < starts[1]
    assert starts[-1] < period.span.end
    assert len(starts) < 120


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"days": "3"}, "days"), ({"days": "x"}, "days"), ({"from": "yesterday", "to": "2026-01-01"}, "from"),
     ({"from": "2026-02-30", "to": "2026-03-01"}, "from"), ({"from": "2026-01-01"}, "to"),
     ({"from": "2026-03-02", "to": "2026-03-01"}, "to"), ({"from": "2030-01-01", "to": "2030-02-01"}, "from"),
     ({"from": "0001-01-01", "to": "2026-03-01"}, "from"), ({"from": "2010-01-01", "to": "2026-03-01"}, "to"),
     ({"from": "2026-01-01", "to": "9999-12-31"}, "to"), ({"versus": "moon"}, "versus")],
)  # fmt: skip
def test_nonsense_is_named(asked: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        read_period(asked, BERLIN, NOON)
    assert refused.value.field == field


def test_a_week_begins_on_monday_where_one_is() -> None:
    late = datetime(2026, 3, 8, 23, 30, tzinfo=UTC)
    assert this_week(BERLIN, late).first == date(2026, 3, 9)
    assert this_week(ZoneInfo("UTC"), late).first == date(2026, 3, 2)


# -- journeys --------------------------------------------------------------------------------------------------------

minutes = st.lists(st.integers(min_value=0, max_value=3_000_000), min_size=1, max_size=60)


def after(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


@given(minutes)
@settings(max_examples=100, deadline=None)
def test_an_axis_keeps_the_order_of_time_and_its_frame(told: list[int]) -> None:
    moments = [after(one) for one in told]
    axis = axis_of(moments)
    places = [axis.x(one) for one in sorted(moments)]
    assert places == sorted(places)
    assert places[0] >= 0
    assert places[-1] <= 100
    assert len(axis.breaks) == len(axis.pieces) - 1
    pieces = [(p.right - p.left - LEAST_PIECE, (p.end - p.start).total_seconds()) for p in axis.pieces]
    scale = sum(wide for wide, _ in pieces) / (sum(seconds for _, seconds in pieces) or 1)
    assert all(abs(wide - scale * seconds) < 0.05 for wide, seconds in pieces if scale * seconds > 0), "to one scale"
    labels = [x for x, _ in labels_of(axis)]
    assert all(b - a >= 13 for a, b in pairwise(labels))


def test_only_what_is_long_is_drawn_short_and_says_how_long() -> None:
    even = axis_of([after(60 * one) for one in range(20)])
    assert not even.breaks
    axis = axis_of([after(one) for one in (0, 5, 9, 14, 20_000, 20_004, 20_010)])
    assert [one.seconds for one in axis.breaks] == [(20_000 - 14) * 60]
    assert axis.x(after(10_000)) == pytest.approx((axis.breaks[0].left + axis.breaks[0].right) / 2, abs=0.01)
    alone = axis_of([NOON])
    assert alone.x(NOON) == alone.pieces[0].left


def happened(at: float, side: str = "fact") -> Happened:
    return Happened(id=f"{at}", at=after(at), lane="x", side=side, kind="message", words="w", who="w")  # type: ignore[arg-type]


def test_two_thousand_items_are_a_hundred_marks_and_none_is_lost() -> None:
    items = [happened(at, "customer" if at == 700 else "fact") for at in range(2_000)]
    marks = marks_of(items, axis_of([one.at for one in items]))
    assert len(marks) <= 100
    assert sum(len(one.items) for one in marks) == 2_000
    assert [one.side for one in marks].count("customer") == 1


def test_who_waited_for_whom() -> None:
    turns = [
        (after(0), "asks"), (after(5), "asks"), (after(30), "answers"), (after(31), "answers"), (after(90), "asks"),
        (after(100), "ends"), (after(500), "asks"),
    ]  # fmt: skip
    waits = waits_of(turns, after(560))  # type: ignore[arg-type]
    assert [(one.waiting, one.seconds / 60, one.open) for one in waits] == [
        ("customer", 30, False), ("desk", 60, False), ("customer", 10, False), ("customer", 60, True),
    ]  # fmt: skip
    assert total(waits, "customer") == 100 * 60
    assert [one.open for one in waits_of(turns, None)] == [False] * 3  # type: ignore[arg-type]


def test_a_matter_is_open_until_it_ends_and_again_when_it_comes_back() -> None:
    turns = [(after(10), False), (after(11), False), (after(50), True)]
    assert stretches_of(after(0), turns, after(60)) == [
        Stretch(start=after(0), end=after(10), open=False), Stretch(start=after(50), end=after(60), open=True),
    ]  # fmt: skip
