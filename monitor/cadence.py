"""When next: a feed's next poll, a page's or a delivery's next attempt.

Chance arrives as `jitter`, a number in [0, 1), so that feeds and mails that fell into step drift apart again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.model import SUCCESSES, Outcome, Pace, Rhythm

LONGEST_WAIT = timedelta(days=1)  # between two polls of a feed that fails: it is asked daily, for ever
LONGEST_RETRY_AFTER = timedelta(days=1)  # a publisher's own wish is obeyed up to here

# Nothing reached the publisher, and as often as not it is our own line that is down: coming back within the hour
# disturbs nobody and loses less.
UNREACHED = frozenset({Outcome.DNS, Outcome.CONNECT, Outcome.TIMEOUT})
LONGEST_WAIT_UNREACHED = timedelta(hours=1)

# The server said that we ask too much, or that it does not want us: the first failure already counts double.
UNWELCOME = frozenset({Outcome.RATE_LIMITED, Outcome.BLOCKED})

# A truncated document still brought its complete entries, so the feed keeps its rhythm.
AT_ITS_PACE = SUCCESSES | {Outcome.TRUNCATED}

# A page that cannot be had within three hours is given up: its article has the feed's text, and has alerted by it.
PAGE_ATTEMPTS_AFTER = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))

# RFC 5321 §4.5.4.1 asks for retries at least half an hour apart and for four to five days; RFC 1123 §5.3.1.1 for two
# tries in the first hour. The quick ones at the start are for greylisting and servers that restart.
ATTEMPTS_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
ATTEMPTS_THEN_EVERY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=5)

# Age alone never kills a message: after a week of downtime, or with a clock that jumped, the old ones get these tries.
FEWEST_ATTEMPTS = len(ATTEMPTS_AFTER) + 1


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
    """When to poll a feed again.

    After a success (or a truncated document): in `every`, give or take 5 %. After a failure: `every`, doubled with each
    further failure, at most a day (an hour when the publisher was not even reached); a feed that is gone (410) is asked
    daily at once. Never None: no feed is given up. `failures` counts failures in a row including this one.
    `retry_after` is obeyed on top of all that, also beyond our own longest wait, up to 31 days.
    """
    every = pace.every
    spread = 0.95 + jitter / 10
    wait = every * spread
    if outcome not in AT_ITS_PACE:
        wait = min(_backed_off(every, outcome, failures) * spread, _ceiling(every, outcome))
    return now + max(wait, min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))


def _backed_off(every: timedelta, outcome: Outcome, failures: int) -> timedelta:
    if outcome is Outcome.GONE:
        return LONGEST_WAIT
    doublings = max(failures, 1) - (outcome not in UNWELCOME)
    # 2**20 seconds are 12 days: doubling further could only overflow.
    return min(every, LONGEST_WAIT) * (1 << min(doublings, 20))


def _ceiling(every: timedelta, outcome: Outcome) -> timedelta:
    if outcome in UNREACHED:
        return min(max(every, LONGEST_WAIT_UNREACHED), LONGEST_WAIT)
    return LONGEST_WAIT


def next_page_attempt(*, attempts: int, retry_after: timedelta | None, now: datetime, jitter: float) -> datetime | None:
    """When to try an article's page again after `attempts` tries, the last of them just now.

    After 5 minutes, half an hour and two hours, each give or take 5 %, or later where `retry_after` says so, up to 31
    days. None: give up, because it was tried four times.
    """
    if attempts > len(PAGE_ATTEMPTS_AFTER):
        return None
    wait = PAGE_ATTEMPTS_AFTER[max(attempts, 1) - 1] * (0.95 + jitter / 10)
    return now + max(wait, min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))


def next_attempt(*, attempts: int, created_at: datetime, now: datetime, jitter: float) -> datetime | None:
    """When to try a delivery again after `attempts` tries, the last of them just now.

    After 1, 5, 15 and 30 minutes, then hourly, each give or take 20 %. None: give up, because the message is five days
    old and has had at least five tries.
    """
    if now - created_at >= GIVE_UP_AFTER and attempts >= FEWEST_ATTEMPTS:
        return None
    step = max(attempts, 1) - 1
    wait = ATTEMPTS_AFTER[step] if step < len(ATTEMPTS_AFTER) else ATTEMPTS_THEN_EVERY
    return now + wait * (0.8 + jitter * 0.4)


def observed(
    rhythm: Rhythm | None,
    *,
    at: datetime,
    since: datetime | None,
    entries: int,
    fresh: int,
    dates: Sequence[datetime],
) -> Rhythm:
    """The rhythm after an answer that tells what the feed holds."""
    return Rhythm(since=rhythm.since if rhythm else at, until=at, hours=(0.0,) * 24, rolls_in=None)


def pack_rhythm(rhythm: Rhythm) -> str:
    """The rhythm as the archive keeps it."""
    return json.dumps([rhythm.since.isoformat(), rhythm.until.isoformat()])


def unpack_rhythm(text: str | None) -> Rhythm | None:
    """The rhythm that `pack_rhythm` made a text of; None for anything else."""
    if not text:
        return None
    since, until = json.loads(text)
    return Rhythm(
        since=datetime.fromisoformat(since), until=datetime.fromisoformat(until), hours=(0.0,) * 24, rolls_in=None
    )
