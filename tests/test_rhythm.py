"""What is learnt of a feed: when it publishes, how fast its document rolls; and how that is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.model import Rhythm
from monitor.rhythm import GAP_ROLLS_IN, observed, pack_rhythm, rolls_in, unpack_rhythm
from tests.factories import NOW, later

HOUR = timedelta(hours=1)


def first(at: datetime = NOW, dates: tuple[datetime, ...] = ()) -> Rhythm:
    """The rhythm after a first answer."""
    return observed(None, at=at, since=None, entries=20, fresh=20, dates=dates)


def then(rhythm: Rhythm, **given: Any) -> Rhythm:
    """The rhythm after another answer, an hour later unless said otherwise."""
    usual: dict[str, Any] = {"since": rhythm.until, "at": rhythm.until + HOUR, "entries": 20, "fresh": 0, "dates": ()}
    return observed(rhythm, **(usual | given))


def test_a_first_document_without_dates_tells_nothing() -> None:
    rhythm = first()

    assert (rhythm.since, rhythm.days, sum(rhythm.hours), rhythm.rolls_in) == (NOW, 0.0, 0.0, None)


def test_a_first_document_tells_its_past_by_its_dates() -> None:
    rhythm = first(dates=(later(hours=-4), later(hours=-2), later(hours=-1), later(days=-400), later(hours=9)))

    assert rhythm.days == pytest.approx(4 / 24, rel=0.01)
    assert {hour: items for hour, items in enumerate(rhythm.hours) if items} == {
        10: pytest.approx(1, rel=0.01),
        11: pytest.approx(1, rel=0.01),
    }


def test_an_item_counts_in_the_hour_of_its_date() -> None:
    rhythm = then(first(), at=later(hours=3), fresh=1, dates=(later(hours=1.5),))

    assert rhythm.hours[13] == sum(rhythm.hours) == 1.0


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param((), id="without a date"),
        pytest.param((later(hours=-30),), id="dated late"),
        pytest.param((later(hours=9),), id="dated ahead"),
    ],
)
def test_an_item_whose_date_says_nothing_is_spread_over_the_time_it_came_in(dates: tuple[datetime, ...]) -> None:
    rhythm = then(first(), at=later(hours=2), fresh=1, dates=dates)

    assert (rhythm.hours[12], rhythm.hours[13]) == (0.5, 0.5)


def test_older_items_fade_by_half_in_a_week() -> None:
    rhythm = then(first(), fresh=8)

    week_later = then(rhythm, at=later(days=7, hours=1))

    assert sum(week_later.hours) == pytest.approx(sum(rhythm.hours) / 2, rel=0.01)


def test_the_days_watched_fade_with_the_items() -> None:
    watched = first(dates=tuple(later(days=-day) for day in range(28)))

    week_later = then(watched, at=later(days=7))

    assert week_later.days == pytest.approx(watched.days / 2 + 7, rel=0.01)


def test_a_thousand_polls_a_day_fade_no_faster_than_one() -> None:
    rhythm = often = then(first(), fresh=8)
    for minute in range(2, 1440, 2):
        often = then(often, at=rhythm.until + timedelta(minutes=minute))

    once = then(rhythm, at=often.until)

    assert often.hours == once.hours
    assert often.days == pytest.approx(once.days, rel=0.1)


@pytest.mark.parametrize(
    ("fresh", "expected"),
    [
        pytest.param(0, None, id="nothing new"),
        pytest.param(1, None, id="one item has no speed"),
        pytest.param(5, 5 * HOUR, id="a part of it"),
        pytest.param(11, 2 * HOUR, id="half of it"),
        pytest.param(20, GAP_ROLLS_IN, id="all of it: faster than it was asked"),
    ],
)
def test_overlap_tells_how_soon_a_document_rolls(fresh: int, expected: timedelta | None) -> None:
    assert then(first(), fresh=fresh).rolls_in == expected


def test_the_fastest_roll_is_remembered_and_slowly_let_go() -> None:
    fast = then(first(), fresh=11)

    slower = then(fast, fresh=2)

    assert slower.rolls_in == fast.rolls_in
    assert rolls_in(fast, fast.until) == 2 * HOUR
    assert rolls_in(fast, fast.until + timedelta(days=1)) == 8 * HOUR


def test_an_empty_document_is_no_gap() -> None:
    assert then(first(), entries=0).rolls_in is None


def test_a_clock_set_back_begins_the_learning_anew() -> None:
    rhythm = then(first(), at=later(days=-400), fresh=3)

    assert rhythm.since == rhythm.until == later(days=-400)


def test_a_rhythm_is_kept_as_text() -> None:
    rhythm = then(then(first(), fresh=11), fresh=3, dates=(later(hours=1.2),))

    assert unpack_rhythm(pack_rhythm(rhythm)) == rhythm
    assert len(pack_rhythm(rhythm)) < 500


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "7",
        "{}",
        pack_rhythm(first()).replace("[0.0,", "["),
        pack_rhythm(first()).replace("0.0,", "NaN,", 1),
        pack_rhythm(first()).replace("0.0,", "-1,", 1),
        pack_rhythm(first()).replace("0.0,", "1e400,", 1),
        pack_rhythm(first()).replace("+00:00", ""),
        pack_rhythm(first()).replace('"rolls_in":null', '"rolls_in":1e99'),
    ],
)
def test_a_text_that_cannot_be_read_is_no_rhythm(text: str | None) -> None:
    assert unpack_rhythm(text) is None
