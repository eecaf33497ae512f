"""A feed keeps its rhythm, backs off when it fails, is never given up; a delivery is tried for five days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitor.cadence import next_attempt, next_poll
from monitor.model import SUCCESSES, Outcome, Pace
from tests.factories import NOW

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIDDLE = 0.5  # the jitter that changes nothing
FAILURES = sorted(set(Outcome) - SUCCESSES)


def wait(**given: Any) -> timedelta:
    """How long until the next poll of a feed; states only what matters."""
    usual: dict[str, Any] = {
        "pace": Pace(every=QUARTER, min=QUARTER, max=QUARTER),
        "rhythm": None,
        "fresh_for": None,
        "ttl": None,
        "period": None,
        "status": None,
        "outcome": Outcome.HTTP_ERROR,
        "failures": 1,
        "retry_after": None,
        "now": NOW,
        "jitter": MIDDLE,
    }
    return next_poll(**(usual | given)) - NOW


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
        pytest.param({"failures": 4}, 8 * QUARTER, id="each further one doubles it again"),
        pytest.param({"failures": 8}, DAY, id="up to a day"),
        pytest.param({"failures": 100_000}, DAY, id="a hundred thousand failures are still a day"),
        pytest.param({"failures": 1, "every": timedelta(days=7)}, DAY, id="a weekly feed is tried again after a day"),
        pytest.param({"failures": 100, "every": timedelta(days=9999)}, DAY, id="an absurd interval does not overflow"),
        pytest.param(
            {"failures": 30, "every": timedelta(seconds=1)}, DAY, id="a feed polled each second reaches a day"
        ),
        pytest.param({"outcome": Outcome.GONE}, DAY, id="a feed that is gone is asked daily at once"),
        pytest.param({"outcome": Outcome.TRUNCATED, "failures": 9}, QUARTER, id="a truncated feed keeps its rhythm"),
        pytest.param({"outcome": Outcome.RATE_LIMITED}, 2 * QUARTER, id="asked too often: doubled at once"),
        pytest.param({"outcome": Outcome.BLOCKED}, 2 * QUARTER, id="not welcome: doubled at once"),
        pytest.param({"outcome": Outcome.DNS, "failures": 50}, HOUR, id="no name: at most an hour"),
        pytest.param({"outcome": Outcome.TIMEOUT, "failures": 50}, HOUR, id="no answer: at most an hour"),
        pytest.param(
            {"outcome": Outcome.CONNECT, "failures": 50, "every": 3 * HOUR}, 3 * HOUR, id="or the feed's own interval"
        ),
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
        pytest.param(timedelta(days=3), timedelta(days=3), id="beyond our longest wait: theirs all the same"),
        pytest.param(timedelta(days=3650), timedelta(days=31), id="beyond a month: a month"),
    ],
)
def test_retry_after_is_obeyed(asked: timedelta, expected: timedelta) -> None:
    assert wait(retry_after=asked) == expected


def attempt(attempts: int, *, age: timedelta = timedelta(0), jitter: float = MIDDLE) -> timedelta | None:
    """How long until the next attempt of a delivery of that age; None when it is given up."""
    at = next_attempt(attempts=attempts, created_at=NOW - age, now=NOW, jitter=jitter)
    return at and at - NOW


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
