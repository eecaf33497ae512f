"""What is usual, hour of the week by hour of the week: silences and spikes beyond a source's own history."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from monitor.baseline import HOURS, Activity, expected, silent_since, spike, usual

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 9, 28, tzinfo=UTC)  # eight weeks before
NOW = MONDAY + timedelta(days=56)  # a Monday, 0:00

Rate = Callable[[datetime], float]


def an_activity(moments: Iterable[datetime], *, began: datetime = MONDAY) -> Activity:
    """What came at these moments."""
    came = sorted(moments)
    hours = Counter(at.replace(minute=0, second=0, microsecond=0) for at in came)
    return Activity(began=began, hours=hours, last_at=came[-1] if came else None)


def by_chance(rate: Rate, *, seed: int = 1, since: datetime = MONDAY, until: datetime = NOW) -> list[datetime]:
    """Moments of a Poisson process whose rate, an hour, is that at the hour's beginning."""
    chance, moments, at = random.Random(seed), [], since
    while at < until:
        gap = at + HOUR
        inside = at
        while (r := rate(at)) > 0 and (inside := inside + HOUR * chance.expovariate(r)) < gap:
            moments.append(inside)
        at = gap
    return [moment for moment in moments if moment < until]


def in_office_hours(a_day: float) -> Rate:
    """So many a working day, from 8 to 18; nothing at night and at weekends."""
    return lambda at: a_day / 10 if at.weekday() < 5 and 8 <= at.hour < 18 else 0.0


def all_day(a_day: float) -> Rate:
    """So many a day, at any hour."""
    return lambda at: a_day / 24


def test_a_weekend_is_no_silence_for_who_never_publishes_then() -> None:
    friday = NOW - timedelta(days=2, hours=6)

    activity = an_activity(by_chance(in_office_hours(40), until=friday))

    for hours in range(0, 60, 3):
        assert silent_since(activity, friday + hours * HOUR) is None


def test_the_same_pause_in_the_week_is_a_silence() -> None:
    tuesday = NOW - timedelta(days=6) + 8 * HOUR
    activity = an_activity(by_chance(in_office_hours(40), until=tuesday))

    found = silent_since(activity, tuesday + 24 * HOUR)

    assert found is not None
    since, a_day = found
    assert since == activity.last_at
    assert 20 < a_day < 40  # of seven days, of which two are empty


def test_a_busy_source_is_silent_after_hours_and_a_slow_one_after_days() -> None:
    busy, slow = an_activity(by_chance(all_day(240))), an_activity(by_chance(all_day(4)))

    assert silent_since(busy, NOW + 4 * HOUR) is not None
    assert silent_since(slow, NOW + 12 * HOUR) is None
    assert silent_since(slow, NOW + 5 * DAY) is not None


def test_a_silence_ends_with_what_comes_next() -> None:
    moments = by_chance(all_day(240))
    back = NOW + 8 * HOUR

    assert silent_since(an_activity(moments), back) is not None
    assert silent_since(an_activity([*moments, back]), back + HOUR) is None


def test_who_has_been_away_for_so_long_before_is_not_missed_sooner() -> None:
    away = (MONDAY + timedelta(days=20), MONDAY + timedelta(days=23))
    moments = [at for at in by_chance(all_day(40)) if not away[0] < at < away[1]]

    assert silent_since(an_activity(moments), NOW + 2 * DAY) is None
    assert silent_since(an_activity(moments), NOW + 5 * DAY) is not None


@pytest.mark.parametrize(
    "activity",
    [
        pytest.param(an_activity([]), id="nothing came yet"),
        pytest.param(an_activity(by_chance(all_day(40), since=NOW - 10 * DAY), began=NOW - 10 * DAY), id="new"),
        pytest.param(an_activity([MONDAY + n * 9 * DAY for n in range(5)]), id="hardly ever"),
    ],
)
def test_of_what_is_hardly_known_nothing_is_said(activity: Activity) -> None:
    assert silent_since(activity, NOW + 30 * DAY) is None
    assert spike(activity, NOW, goes_on=False) is None


def test_in_a_year_of_hundred_feeds_by_chance_hardly_a_silence_is_told() -> None:
    told = 0
    for seed in range(100):
        a_day = random.Random(seed).choice([2, 8, 40, 100])
        rate = in_office_hours(a_day) if seed % 2 else all_day(a_day)
        moments = by_chance(rate, seed=seed)
        for day in range(28, 56):
            now = MONDAY + day * DAY + 12 * HOUR
            before = [at for at in moments if at < now]
            told += silent_since(an_activity(before), now) is not None
    assert told <= 2


def test_a_day_of_four_times_the_usual_is_a_spike_and_says_what_is_usual() -> None:
    moments = by_chance(all_day(20))
    burst = [NOW - HOUR * (n / 10) for n in range(1, 81)]

    found = spike(an_activity([at for at in moments if at < NOW - DAY] + burst), NOW, goes_on=False)

    assert found is not None
    count, ordinary = found
    assert count == 80
    assert 17 < ordinary < 23


@pytest.mark.parametrize("more", [5, 12, 25])
def test_what_a_rule_varies_by_anyway_is_no_spike(more: int) -> None:
    moments = [*by_chance(all_day(20)), *(NOW - HOUR * (n / 10) for n in range(more))]

    assert spike(an_activity(moments), NOW, goes_on=False) is None


def test_a_handful_is_no_spike_of_a_rule_that_matches_hardly_anything() -> None:
    moments = [MONDAY + n * 2 * DAY for n in range(27)]

    assert spike(an_activity([*moments, *(NOW - HOUR * n for n in range(9))]), NOW, goes_on=False) is None


def test_a_spike_is_over_further_down_than_where_it_began() -> None:
    moments = [at for at in by_chance(all_day(20)) if at < NOW - DAY]

    def of(count: int, *, goes_on: bool) -> object:
        burst = [NOW - HOUR * (n * 20 / count) for n in range(1, count + 1)]
        return spike(an_activity(moments + burst), NOW, goes_on=goes_on)

    assert of(50, goes_on=False) is None
    assert of(50, goes_on=True) is not None
    assert of(30, goes_on=True) is None


def test_what_is_expected_is_counted_by_the_hour_of_the_week_over_any_span() -> None:
    rates = tuple(float(hour == 9) for hour in range(HOURS))  # one, on Mondays from 9 to 10

    assert expected(rates, MONDAY, MONDAY + 9 * HOUR) == 0
    assert expected(rates, MONDAY, MONDAY + 9.5 * HOUR) == 0.5
    assert expected(rates, MONDAY, MONDAY + 22 * DAY) == 4
    assert expected(rates, MONDAY + DAY, MONDAY) == 0


def test_the_usual_is_what_came_in_each_hour_of_the_week() -> None:
    known = usual(an_activity(at for at in by_chance(in_office_hours(100))), NOW)

    assert known is not None
    assert known.rates[10] > 50 * known.rates[3]  # Monday at ten, Monday at three
    assert known.a_day == pytest.approx(100 * 5 / 7, rel=0.05)
