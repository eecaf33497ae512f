"""A feed is polled by its rhythm, backs off when it fails, is never given up; a delivery is tried for five days."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cadence import next_after_refusal, next_attempt, next_poll
from monitor.model import SUCCESSES, Outcome, Pace, Rhythm
from tests.factories import NOW, later

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIDDLE = 0.5  # the jitter that changes nothing
FAILURES = sorted(set(Outcome) - SUCCESSES)
PACE = Pace(every=QUARTER, min=timedelta(minutes=5), max=HOUR)
AT_ITS_PACE = sorted(SUCCESSES | {Outcome.TRUNCATED})


def a_rhythm(*, a_day: float = 0.0, **given: Any) -> Rhythm:
    """A rhythm watched for a month: so many items a day, spread evenly."""
    usual = Rhythm(
        since=later(days=-30),
        until=NOW,
        days=10.0,
        hours=(a_day * 10 / 24,) * 24,
        rolls_in=None,
        rolled_at=None,
    )
    return replace(usual, **given)


def wait(**given: Any) -> timedelta:
    """How long until the next poll of a feed; states only what matters."""
    usual: dict[str, Any] = {
        "pace": PACE,
        "rhythm": None,
        "fresh_for": None,
        "ttl": None,
        "period": None,
        "outcome": Outcome.HTTP_ERROR,
        "status": None,
        "failures": 1,
        "retry_after": None,
        "now": NOW,
        "jitter": MIDDLE,
    }
    return next_poll(**(usual | given)) - NOW


def paced(every: timedelta) -> Pace:
    """A feed whose interval may not vary."""
    return Pace(every=every, min=every, max=every)


def success(**given: Any) -> timedelta:
    """How long until the next poll after a success."""
    return wait(**({"outcome": Outcome.NEW, "failures": 0} | given))


@pytest.mark.parametrize("outcome", sorted(SUCCESSES))
def test_a_feed_that_answers_is_polled_at_its_own_interval(outcome: Outcome) -> None:
    assert wait(outcome=outcome, failures=0) == QUARTER


def test_the_interval_varies_by_at_most_five_percent() -> None:
    assert wait(outcome=Outcome.NEW, failures=0, jitter=0.0) == QUARTER * 0.95
    assert QUARTER < wait(outcome=Outcome.NEW, failures=0, jitter=0.999999) < QUARTER * 1.05


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"failures": 1}, QUARTER, id="the first failure changes nothing"),
        pytest.param({"failures": 2}, 2 * QUARTER, id="the second doubles the interval"),
        pytest.param({"failures": 3}, HOUR, id="each further one doubles it again"),
        pytest.param({"failures": 26}, HOUR, id="up to an hour for about the first day"),
        pytest.param({"failures": 28}, 4 * HOUR, id="then doubling on"),
        pytest.param({"failures": 31}, DAY, id="up to a day"),
        pytest.param({"failures": 100_000}, DAY, id="a hundred thousand failures are still a day"),
        pytest.param({"pace": paced(timedelta(days=7))}, DAY, id="a weekly feed is tried again after a day"),
        pytest.param(
            {"failures": 100, "pace": paced(timedelta(days=9999))}, DAY, id="an absurd interval does not overflow"
        ),
        pytest.param(
            {"failures": 34, "pace": paced(timedelta(seconds=1))},
            HOUR,
            id="a feed polled each second has its first day",
        ),
        pytest.param(
            {"failures": 100, "pace": paced(timedelta(seconds=1))}, DAY, id="a feed polled each second reaches a day"
        ),
        pytest.param(
            {"failures": 9, "pace": paced(timedelta(microseconds=1))},
            timedelta(microseconds=256),
            id="no interval stalls",
        ),
        pytest.param({"outcome": Outcome.GONE}, DAY, id="a feed that is gone is asked daily at once"),
        pytest.param({"status": 404}, HOUR, id="not found: once more in an hour"),
        pytest.param({"status": 404, "failures": 2}, DAY, id="not found again: daily"),
        pytest.param({"status": 400}, 2 * QUARTER, id="refused: doubled at once"),
        pytest.param({"status": 400, "failures": 4}, 16 * QUARTER, id="and on without a halt at an hour"),
        pytest.param({"status": 500}, QUARTER, id="an error of the server's own is no refusal"),
        pytest.param({"outcome": Outcome.NOT_A_FEED, "status": 404}, QUARTER, id="the outcome rules, not the status"),
        pytest.param({"outcome": Outcome.TRUNCATED, "failures": 9}, QUARTER, id="a truncated feed keeps its rhythm"),
        pytest.param({"outcome": Outcome.RATE_LIMITED}, 2 * QUARTER, id="asked too often: doubled at once"),
        pytest.param({"outcome": Outcome.BLOCKED}, 2 * QUARTER, id="not welcome: doubled at once"),
        pytest.param({"outcome": Outcome.BLOCKED, "failures": 7}, DAY, id="not welcome: to a day"),
        pytest.param({"outcome": Outcome.DNS}, QUARTER / 3, id="no name: the first retry is sooner"),
        pytest.param({"outcome": Outcome.CONNECT, "failures": 2}, QUARTER, id="no connection: the second is not"),
        pytest.param({"outcome": Outcome.DNS, "failures": 25}, HOUR, id="no name: at most an hour for a day"),
        pytest.param({"outcome": Outcome.TIMEOUT, "failures": 50}, DAY, id="no answer for days: daily"),
        pytest.param(
            {"outcome": Outcome.CONNECT, "failures": 9, "pace": paced(3 * HOUR)}, 3 * HOUR, id="or its own interval"
        ),
        pytest.param({"rhythm": a_rhythm(a_day=500)}, QUARTER, id="the rhythm does not count while a feed fails"),
    ],
)
def test_a_feed_that_fails_is_polled_less_often(given: dict[str, Any], expected: timedelta) -> None:
    assert wait(**given) == expected


@pytest.mark.parametrize("outcome", FAILURES)
@pytest.mark.parametrize("failures", [1, 2, 10, 10_000])
@pytest.mark.parametrize("jitter", [0.0, 0.999999])
def test_no_failing_feed_is_given_up_or_left_for_more_than_a_day(
    outcome: Outcome, failures: int, jitter: float
) -> None:
    waited = wait(outcome=outcome, failures=failures, jitter=jitter)

    assert timedelta(0) < waited <= DAY


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(timedelta(0), QUARTER, id="shorter than our own wait: ours"),
        pytest.param(HOUR, HOUR, id="longer than our own wait: theirs"),
        pytest.param(DAY, DAY, id="beyond the longest interval: theirs all the same"),
        pytest.param(timedelta(seconds=10**12), DAY, id="beyond a day: daily"),
        pytest.param(-HOUR, QUARTER, id="in the past: ours"),
    ],
)
def test_retry_after_is_obeyed(asked: timedelta, expected: timedelta) -> None:
    assert wait(retry_after=asked) == expected


@pytest.mark.parametrize("changed", [Outcome.NOTHING_NEW, Outcome.UNCHANGED, Outcome.NOT_MODIFIED])
def test_a_feed_hardly_known_keeps_being_asked_at_its_own_interval(changed: Outcome) -> None:
    every = timedelta(seconds=2)
    pace = Pace(every=every, min=every, max=HOUR)
    rhythm = a_rhythm(since=later(days=-1.9))

    assert success(outcome=changed, pace=pace, rhythm=rhythm) == every


@pytest.mark.parametrize(
    ("a_day", "expected"),
    [
        pytest.param(0.0, HOUR, id="nothing for long: as seldom as may be"),
        pytest.param(1.0, QUARTER * 1.87, id="a quarter of the reference rate: nearly twice the interval"),
        pytest.param(4.0, QUARTER, id="the reference rate: its own interval"),
        pytest.param(16.0, QUARTER / 1.96, id="four times the rate: nearly half the interval"),
        pytest.param(480.0, timedelta(minutes=5), id="twenty an hour: as often as may be"),
    ],
)
def test_the_interval_follows_the_square_root_of_the_rate(a_day: float, expected: timedelta) -> None:
    assert success(rhythm=a_rhythm(a_day=a_day)) / expected == pytest.approx(1.0, rel=0.01)


def test_the_hours_ahead_count_not_those_behind() -> None:
    mornings = a_rhythm(hours=(0.0,) * 6 + (40.0,) * 3 + (0.0,) * 15)  # from six to nine
    asleep, awake = NOW.replace(hour=0), NOW.replace(hour=6)
    before = NOW.replace(hour=5, minute=50)

    waits = [next_wait(mornings, now) for now in (asleep, before, awake)]

    assert waits[0] > 2 * waits[1] > 4 * waits[2]


def next_wait(rhythm: Rhythm, now: datetime) -> timedelta:
    """The wait after a success at another time."""
    return success(rhythm=rhythm, now=now) + NOW - now


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"ttl": timedelta(minutes=40)}, 40, id="ttl is a floor"),
        pytest.param({"fresh_for": timedelta(minutes=40)}, 40, id="so is freshness"),
        pytest.param({"ttl": timedelta(minutes=40), "fresh_for": timedelta(minutes=50)}, 50, id="the longer of both"),
        pytest.param({"ttl": timedelta(minutes=2)}, 15, id="shorter than the interval: nothing changes"),
        pytest.param({"ttl": timedelta(days=3650), "fresh_for": timedelta(days=3650)}, 60, id="ten years: the longest"),
        pytest.param({"ttl": timedelta(0), "fresh_for": -HOUR}, 15, id="none or negative: nothing changes"),
        pytest.param({"ttl": DAY, "pace": paced(QUARTER)}, 15, id="a user's fixed interval is not exceeded"),
        pytest.param({"period": DAY}, 60, id="a period counts while the rhythm is not known"),
        pytest.param({"period": HOUR}, 15, id="but not the hour WordPress always says"),
        pytest.param({"period": DAY, "rhythm": a_rhythm(a_day=4)}, 15, id="nor any, once the rhythm is known"),
        pytest.param(
            {"ttl": HOUR, "rhythm": a_rhythm(rolls_in=HOUR, rolled_at=NOW)}, 20, id="a document that rolls wins"
        ),
        pytest.param(
            {"ttl": HOUR, "rhythm": a_rhythm(rolls_in=timedelta(minutes=1), rolled_at=NOW)},
            5,
            id="down to the shortest",
        ),
    ],
)
def test_a_publishers_hints_are_floors_within_the_bounds(given: dict[str, Any], expected: float) -> None:
    assert success(**given) / timedelta(minutes=expected) == pytest.approx(1.0, rel=0.011)


def test_a_copy_that_is_still_fresh_is_never_asked_for_again() -> None:
    assert success(fresh_for=timedelta(minutes=40), jitter=0.0) >= timedelta(minutes=40)


INSTANTS = st.timedeltas(timedelta(days=-9000), timedelta(days=9000)).map(lambda away: NOW + away)
DURATIONS = st.timedeltas(timedelta(days=-3650), timedelta(days=36500))
MAYBE_DURATIONS = st.none() | DURATIONS
RHYTHMS = st.none() | st.builds(
    Rhythm,
    since=INSTANTS,
    until=INSTANTS,
    days=st.floats(0, 1e6),
    hours=st.lists(st.floats(0, 1e6), min_size=24, max_size=24).map(tuple),
    rolls_in=st.none() | st.timedeltas(timedelta(0), timedelta(days=36500)),
    rolled_at=st.none() | INSTANTS,
)
PACES = st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=365)), min_size=3, max_size=3).map(
    lambda of: Pace(min=sorted(of)[0], every=sorted(of)[1], max=sorted(of)[2])
)
TOLERANCE = timedelta(milliseconds=1)


@settings(max_examples=300, deadline=None)
@given(
    pace=PACES,
    rhythm=RHYTHMS,
    hints=st.tuples(MAYBE_DURATIONS, MAYBE_DURATIONS, MAYBE_DURATIONS),
    outcome=st.sampled_from(AT_ITS_PACE),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_after_any_success_the_next_poll_lies_within_the_bounds(
    pace: Pace, rhythm: Rhythm | None, hints: tuple[timedelta | None, ...], outcome: Outcome, jitter: float
) -> None:
    fresh_for, ttl, period = hints

    waited = success(
        pace=pace, rhythm=rhythm, fresh_for=fresh_for, ttl=ttl, period=period, outcome=outcome, jitter=jitter
    )

    assert pace.min * 0.95 - TOLERANCE <= waited <= pace.max * 1.05 + TOLERANCE
    if rhythm is None and hints == (None, None, None):
        assert abs(waited / pace.every - 1) <= 0.0501


@settings(max_examples=300, deadline=None)
@given(
    pace=PACES,
    rhythm=RHYTHMS,
    outcome=st.sampled_from(FAILURES),
    status=st.none() | st.integers(100, 999),
    failures=st.integers(0, 10**9),
    retry_after=MAYBE_DURATIONS,
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_after_any_failure_a_feed_is_asked_within_a_day(retry_after: timedelta | None, **given: Any) -> None:
    if given["outcome"] is Outcome.TRUNCATED:
        given["pace"] = PACE

    waited = wait(retry_after=retry_after, **given)

    assert timedelta(0) < waited <= DAY
    assert retry_after is None or waited >= min(retry_after, DAY)


def attempt(
    attempts: int, *, age: timedelta = timedelta(0), jitter: float = MIDDLE, retry_after: timedelta | None = None
) -> timedelta | None:
    """How long until the next attempt of a delivery of that age; None when it is given up."""
    at = next_attempt(attempts=attempts, created_at=NOW - age, now=NOW, jitter=jitter, retry_after=retry_after)
    return at and at - NOW


@pytest.mark.parametrize(("wish", "waits"), [(0.5, 1), (90, 90), (10**6, 24 * 60)], ids=["sooner", "later", "too late"])
def test_a_delivery_waits_for_what_the_other_side_asks_up_to_a_day(wish: float, waits: int) -> None:
    assert attempt(1, retry_after=timedelta(minutes=wish)) == timedelta(minutes=waits)


def test_no_wish_keeps_a_delivery_from_being_given_up() -> None:
    assert attempt(100, age=timedelta(days=5), retry_after=timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 60), (100, 60)],
    ids=lambda value: str(value),
)
def test_a_delivery_is_tried_quickly_at_first_and_then_hourly(attempts: int, minutes: int) -> None:
    assert attempt(attempts) == timedelta(minutes=minutes)


def test_attempts_vary_by_a_fifth() -> None:
    assert attempt(5, jitter=0.0) == timedelta(minutes=48)
    assert timedelta(minutes=71.99) < (attempt(5, jitter=0.999999) or DAY) < timedelta(minutes=72)


def test_a_delivery_is_given_up_after_five_days() -> None:
    assert attempt(120, age=timedelta(days=5) - HOUR) == HOUR
    assert attempt(120, age=timedelta(days=5)) is None


def test_a_message_that_was_never_really_tried_is_not_given_up_for_its_age() -> None:
    assert attempt(1, age=timedelta(days=30)) == timedelta(minutes=1)


def test_a_clock_set_back_does_not_end_a_delivery() -> None:
    assert attempt(5, age=timedelta(days=-365)) == HOUR


def test_a_server_that_says_when_to_come_back_is_not_kept_waiting_for_long_after_that() -> None:
    pace = Pace(every=QUARTER, min=QUARTER, max=HOUR)

    assert wait(outcome=Outcome.RATE_LIMITED, pace=pace, failures=9, retry_after=HOUR / 2) == HOUR
    assert wait(outcome=Outcome.RATE_LIMITED, pace=pace, failures=9, retry_after=2 * HOUR) == 2 * HOUR
    assert wait(outcome=Outcome.RATE_LIMITED, pace=pace, failures=9) == DAY


@pytest.mark.parametrize(
    ("refusals", "jitter", "expected"),
    [
        pytest.param(1, 0.5, timedelta(hours=1), id="once"),
        pytest.param(2, 0.5, timedelta(hours=23), id="twice"),
        pytest.param(2, 0.0, timedelta(hours=23) * 0.95, id="no chance"),
        pytest.param(3, 0.5, None, id="three times"),
        pytest.param(99, 0.5, None, id="for ever"),
    ],
)
def test_a_recipient_is_refused_three_times_over_a_day_at_least(
    refusals: int, jitter: float, expected: timedelta | None
) -> None:
    at = next_after_refusal(refusals=refusals, now=NOW, jitter=jitter)

    assert (None if at is None else at - NOW) == expected
