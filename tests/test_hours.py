"""Wall clocks: quiet hours end when their hands say so, and what is daily comes once a day, however long that is."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.hours import end_of_quiet, is_within, next_strike
from monitor.model import Window

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
EVERY_DAY = frozenset(range(7))
MINUTE = timedelta(minutes=1)
WHOLE_MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_window(start: str, end: str, *, days: frozenset[int] = EVERY_DAY, timezone: str = BERLIN) -> Window:
    return Window(days=days, start=time.fromisoformat(start), end=time.fromisoformat(end), timezone=timezone)


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-11-23T20:59", False),
        ("2026-11-23T21:00", True),
        ("2026-11-24T05:59", True),
        ("2026-11-24T06:00", False),
    ],
)
def test_a_night_begins_on_one_day_and_ends_on_the_next(at: str, inside: bool) -> None:
    assert is_within(a_window("22:00", "07:00"), instant(at)) is inside


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = a_window("22:00", "07:00", days=frozenset({4}))

    assert is_within(friday_night, instant("2026-11-28T03:00"))  # Saturday
    assert not is_within(friday_night, instant("2026-11-27T03:00"))


def test_quiet_hours_end_at_their_last_minute() -> None:
    assert end_of_quiet([a_window("22:00", "07:00")], instant("2026-11-23T23:30")) == instant("2026-11-24T06:00")


def test_outside_quiet_hours_nothing_has_to_end() -> None:
    assert end_of_quiet([a_window("22:00", "07:00")], instant("2026-11-23T12:00")) is None
    assert end_of_quiet([], instant("2026-11-23T12:00")) is None


def test_a_weekend_between_two_nights_is_one_silence() -> None:
    nights = a_window("22:00", "07:00")
    weekend = a_window("00:00", "23:59:59.999999", days=frozenset({5, 6}))

    assert end_of_quiet([nights, weekend], instant("2026-11-27T22:00")) == instant("2026-11-30T06:00")


def test_silence_without_end_is_looked_at_again() -> None:
    end = end_of_quiet([a_window("00:00", "23:59:59.999999")], instant("2026-11-23T12:00"))

    assert end is not None
    assert end - instant("2026-11-23T12:00") <= timedelta(days=9)


@pytest.mark.parametrize(
    ("night", "begins", "ends"),
    [
        pytest.param("spring", "2026-03-28T22:00", "2026-03-29T05:00", id="the night that lacks an hour"),
        pytest.param("autumn", "2026-10-24T21:00", "2026-10-25T06:00", id="the night that has one more"),
    ],
)
def test_a_night_ends_by_the_hands_of_the_clock_also_when_it_is_changed(night: str, begins: str, ends: str) -> None:
    assert end_of_quiet([a_window("22:00", "07:00")], instant(begins)) == instant(ends)


@given(
    start=WHOLE_MINUTES,
    end=WHOLE_MINUTES,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    zone=st.sampled_from([BERLIN, NEW_YORK, "Asia/Kathmandu", "UTC"]),
    minutes=st.integers(0, 275 * 24 * 60),
)
def test_the_end_of_quiet_is_the_first_instant_outside(
    start: time, end: time, days: frozenset[int], zone: str, minutes: int
) -> None:
    window = Window(days=days, start=start, end=end, timezone=zone)
    now = instant("2026-03-01T00:00") + minutes * MINUTE

    over = end_of_quiet([window], now)

    if over is None:
        assert not is_within(window, now)
    elif over - now < timedelta(days=7):
        assert not is_within(window, over)
        walk = now
        while walk < over:  # quarters of an hour: zones are offset by no less
            assert is_within(window, walk), (walk, over)
            walk += timedelta(minutes=15)


# ── time tables ──────────────────────────────────────────────────────────────────────────────────────────────────────


def strikes(cron: str, zone: str, since: str, until: str) -> list[str]:
    """All strikes after one instant and up to another, in UTC."""
    found = []
    at = instant(since)
    while (at := next_strike(cron, zone, at)) <= instant(until):
        found.append(f"{at:%m-%dT%H:%M}")
    return found


@pytest.mark.parametrize(
    ("cron", "zone", "since", "until", "expected"),
    [
        pytest.param(
            "0 7 * * *",
            BERLIN,
            "2026-03-27T12:00",
            "2026-03-30T12:00",
            ["03-28T06:00", "03-29T05:00", "03-30T05:00"],
            id="seven in the morning, spring",
        ),
        pytest.param(
            "0 7 * * *",
            BERLIN,
            "2026-10-23T12:00",
            "2026-10-26T12:00",
            ["10-24T05:00", "10-25T06:00", "10-26T06:00"],
            id="seven in the morning, autumn",
        ),
        pytest.param(
            "30 2 * * *",
            BERLIN,
            "2026-03-27T12:00",
            "2026-03-30T12:00",
            ["03-28T01:30", "03-29T01:30", "03-30T00:30"],
            id="half past two, which spring skips: as long after the gap",
        ),
        pytest.param(
            "30 2 * * *",
            BERLIN,
            "2026-10-23T12:00",
            "2026-10-26T12:00",
            ["10-24T00:30", "10-25T00:30", "10-26T01:30"],
            id="half past two, which autumn shows twice: the first of them",
        ),
        pytest.param(
            "30 1 * * *",
            NEW_YORK,
            "2026-10-31T12:00",
            "2026-11-02T12:00",
            ["11-01T05:30", "11-02T06:30"],
            id="half past one in New York, autumn",
        ),
        pytest.param(
            "30 2 * * *",
            NEW_YORK,
            "2026-03-07T12:00",
            "2026-03-09T12:00",
            ["03-08T07:30", "03-09T06:30"],
            id="half past two in New York, spring",
        ),
    ],
)
def test_a_daily_strike_comes_once_a_day_when_the_clock_is_changed(
    cron: str, zone: str, since: str, until: str, expected: list[str]
) -> None:
    assert strikes(cron, zone, since, until) == expected


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    zone=st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
)
def test_a_year_has_one_strike_for_every_day(minute: int, hour: int, zone: str) -> None:
    at = instant("2026-01-01T00:00") - timedelta(days=1)
    days = []
    while len(days) < 365:
        at = next_strike(f"{minute} {hour} * * *", zone, at)
        days.append(at)

    assert all(timedelta(hours=21) < later - earlier < timedelta(hours=27) for earlier, later in pairwise(days))


def test_a_strike_is_after_the_instant_not_at_it() -> None:
    assert next_strike("0 7 * * *", "UTC", instant("2026-11-23T07:00")) == instant("2026-11-24T07:00")


def test_days_of_the_week_are_named() -> None:
    assert next_strike("0 8 * * mon", "UTC", instant("2026-11-22T12:00")) == instant("2026-11-23T08:00")
