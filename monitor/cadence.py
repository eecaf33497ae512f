"""When next: a feed's next poll, a page's or a delivery's next attempt.

Chance arrives as `jitter`, a number in [0, 1), so that feeds and mails that fell into step drift apart again. What is
learnt of a feed, and what follows for its interval, is in `rhythm`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model import SUCCESSES, Outcome, Pace, Rhythm
from monitor.rhythm import interval, observed, pack_rhythm, rolls_in, unpack_rhythm

__all__ = [
    "LONGEST_RETRY_AFTER",
    "next_after_refusal",
    "next_attempt",
    "next_page_attempt",
    "next_poll",
    "next_probe",
    "observed",
    "pack_rhythm",
    "unpack_rhythm",
]

LEARNING = timedelta(days=2)  # until a feed has been watched for so long, it is polled at `every`
POLLS_PER_ROLL = 3  # a document is read so many times while all of it is replaced

# WordPress says "hourly" of every feed: a period up to that tells nothing.
USUAL_PERIOD = timedelta(hours=1)

LONGEST_WAIT = timedelta(days=1)  # between two polls of a feed that fails: it is asked daily, for ever
LONGEST_RETRY_AFTER = timedelta(days=1)  # a server's own wish is obeyed up to here: 10^12 seconds are a day

# For about its first day a broken feed is asked no less often than a healthy one that publishes nothing. In a simulated
# week (make week) doubling straight to a day lost 1 % of all items and made the mean delay 18 minutes instead of 15, to
# save 1.2 requests a feed and day.
LONGEST_WAIT_AT_FIRST = timedelta(hours=1)
RETRIES_AT_FIRST = 24  # hourly ones

# Nothing reached the publisher, and as often as not it is our own line that is down: the first retry is sooner.
UNREACHED = frozenset({Outcome.DNS, Outcome.CONNECT, Outcome.TIMEOUT})
SOONER = 3

# The server said that we ask too much, or that it does not want us: the first failure already counts double.
UNWELCOME = frozenset({Outcome.RATE_LIMITED, Outcome.BLOCKED})

# A truncated document still brought its complete entries, so the feed keeps its rhythm.
AT_ITS_PACE = SUCCESSES | {Outcome.TRUNCATED}

# RFC 5321 §4.5.4.1 asks for retries at least half an hour apart and for four to five days; RFC 1123 §5.3.1.1 for two
# tries in the first hour. The quick ones at the start are for greylisting and servers that restart.
ATTEMPTS_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
ATTEMPTS_THEN_EVERY = timedelta(hours=1)
REFUSED_AGAIN_AFTER = (timedelta(hours=1), timedelta(hours=23))
GIVE_UP_AFTER = timedelta(days=5)

# Age alone never kills a message: after a week of downtime, or with a clock that jumped, the old ones get these tries.
FEWEST_ATTEMPTS = len(ATTEMPTS_AFTER) + 1

# A page that cannot be had within three hours is given up: its article has the feed's text, and has alerted by it.
PAGE_ATTEMPTS_AFTER = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))


def next_poll(
    *,
    pace: Pace,
    rhythm: Rhythm | None,
    fresh_for: timedelta | None,
    ttl: timedelta | None,
    period: timedelta | None,
    outcome: Outcome,
    status: int | None,
    failures: int,
    retry_after: timedelta | None,
    now: datetime,
    jitter: float,
) -> datetime:
    """When to poll a feed again. Never None: no feed is given up.

    After a success (or a truncated document): at the interval its rhythm asks for, between `pace.min` and `pace.max`,
    give or take 5 %; at `pace.every` while too little is known. `fresh_for` (how much longer the answer stays fresh)
    and `ttl` are floors: asking earlier gives a cached copy, or is not what the publisher asked for. `period` is one
    only while the rhythm is not known. None of them reaches beyond `pace.max`, and a document that was seen to roll is
    read three times before it is replaced, whatever they say.

    After a failure: `pace.every`, doubled with each further failure. It stays at an hour for about a day, then goes on
    to a day; straight to a day when the server refuses us (4xx), daily at once when the feed is gone (410). The rhythm
    does not count here: retries at the learnt interval gained nothing in the simulated week. `failures` counts failures
    in a row including this one, `status` is that of the answer (None: there was none).

    `retry_after` is obeyed on top of all that, up to a day.
    """
    spread = 0.95 + jitter / 10
    if outcome in AT_ITS_PACE:
        wait = _at_its_pace(pace, rhythm, now, spread)
        known = _known(rhythm, now)
        hints = (fresh_for, ttl, None if known or (period or USUAL_PERIOD) <= USUAL_PERIOD else period)
        # Not a moment before a copy expires, and a little after it: else the cache is as old as ever.
        wait = max(
            wait, *(min(hint, pace.max) * (1 + jitter / 100) for hint in hints if hint is not None), timedelta(0)
        )
        if (rolls := rolls_in(rhythm, now) if rhythm else None) is not None:
            wait = min(wait, max(rolls / POLLS_PER_ROLL, pace.min) * spread)
    else:
        wait = min(_backed_off(pace.every, outcome, status, failures) * spread, LONGEST_WAIT)
        if outcome is Outcome.RATE_LIMITED and retry_after:
            wait = min(wait, pace.max * spread)  # the server says itself when to come back
    return now + max(wait, min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))


def _known(rhythm: Rhythm | None, now: datetime) -> bool:
    """Whether the rhythm has been watched for long enough. The dates in a first document are a claim, no experience."""
    return rhythm is not None and now - rhythm.since >= LEARNING


def _at_its_pace(pace: Pace, rhythm: Rhythm | None, now: datetime, spread: float) -> timedelta:
    if rhythm is None or not _known(rhythm, now):
        return pace.every * spread
    return min(max(interval(rhythm, every=pace.every, now=now), pace.min), pace.max) * spread


def _backed_off(every: timedelta, outcome: Outcome, status: int | None, failures: int) -> timedelta:
    every, failures = min(every, LONGEST_WAIT), max(failures, 1)
    client_error = outcome is Outcome.HTTP_ERROR and status is not None and 400 <= status < 500
    if outcome is Outcome.GONE:
        return LONGEST_WAIT
    if client_error and status == 404:
        # One retry in an hour: it may be a site being rebuilt, and a day's silence for that loses items.
        return max(every, LONGEST_WAIT_AT_FIRST) if failures == 1 else LONGEST_WAIT
    if client_error or outcome in UNWELCOME:
        return _doubled(every, failures)
    if outcome in UNREACHED:
        if failures == 1:
            return every / SOONER
        failures -= 1
    return _at_first_within_the_hour(every, failures)


def _at_first_within_the_hour(every: timedelta, failures: int) -> timedelta:
    """Doubling to an hour, staying there for about a day, then doubling to a day."""
    quick = 1
    while quick < 20 and _doubled(every, quick - 1) < LONGEST_WAIT_AT_FIRST:
        quick += 1
    at_first = max(every, LONGEST_WAIT_AT_FIRST)
    if failures < quick + RETRIES_AT_FIRST:
        return min(_doubled(every, failures - 1), at_first)
    return _doubled(at_first, failures - quick - RETRIES_AT_FIRST + 1)


def _doubled(wait: timedelta, times: int) -> timedelta:
    # 2**20 seconds are 12 days: doubling further could only overflow.
    return min(wait * (1 << min(times, 20)), LONGEST_WAIT)


def next_attempt(
    *, attempts: int, created_at: datetime, now: datetime, jitter: float, retry_after: timedelta | None = None
) -> datetime | None:
    """When to try a delivery again after `attempts` tries, the last of them just now.

    After 1, 5, 15 and 30 minutes, then hourly, each give or take 20 %, or later where `retry_after` says so, up to a
    day. None: give up, because the message is five days old and has had at least five tries.
    """
    if now - created_at >= GIVE_UP_AFTER and attempts >= FEWEST_ATTEMPTS:
        return None
    return now + _wait(attempts, jitter, retry_after)


def next_probe(*, failures: int, now: datetime, jitter: float, retry_after: timedelta | None = None) -> datetime:
    """When to try a channel again that was found down so often in a row, the last time just now.

    After 1, 5, 15 and 30 minutes, then hourly, each give or take 20 %, or later where `retry_after` says so, up to a
    day. Never None: no channel is given up.
    """
    return now + _wait(failures, jitter, retry_after)


def _wait(failures: int, jitter: float, retry_after: timedelta | None) -> timedelta:
    step = max(failures, 1) - 1
    wait = ATTEMPTS_AFTER[step] if step < len(ATTEMPTS_AFTER) else ATTEMPTS_THEN_EVERY
    return max(wait * (0.8 + jitter * 0.4), min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))


def next_after_refusal(*, refusals: int, now: datetime, jitter: float) -> datetime | None:
    """When to offer a recipient again whom the server has refused so often, the last time just now.

    After an hour, then after the rest of a day, each give or take 5 %. None: give up, because it was refused three
    times over a day. 550 is what greylists and policies say, too, not only of people who are not there.
    """
    if refusals > len(REFUSED_AGAIN_AFTER):
        return None
    return now + REFUSED_AGAIN_AFTER[max(refusals, 1) - 1] * (0.95 + jitter / 10)


def next_page_attempt(*, attempts: int, retry_after: timedelta | None, now: datetime, jitter: float) -> datetime | None:
    """When to try an article's page again after `attempts` tries, the last of them just now.

    After 5 minutes, half an hour and two hours, each give or take 5 %, or later where `retry_after` says so, up to a
    day. None: give up, because it was tried four times.
    """
    if attempts > len(PAGE_ATTEMPTS_AFTER):
        return None
    wait = PAGE_ATTEMPTS_AFTER[max(attempts, 1) - 1] * (0.95 + jitter / 10)
    return now + max(wait, min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))
