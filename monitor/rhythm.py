"""When a feed publishes: learnt answer by answer, read ahead hour by hour.

For the least mean delay under a budget of requests, a source with posting rate λ is asked at intervals in proportion
to 1/√λ: K. C. Sia, J. Cho, H.-K. Cho, "Efficient Monitoring Algorithm for Fast News Alerts", IEEE Transactions on
Knowledge and Data Engineering 19(7), 2007, pp. 950–961, which also follows the rate through the day; for the older
problem of fresh copies see J. Cho, H. Garcia-Molina, "Effective Page Refresh Policies for Web Crawlers", ACM
Transactions on Database Systems 28(4), 2003, pp. 390–426. A document that holds only the last few entries sets a second
bound: `rolls_in`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from monitor.model import Rhythm

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

REFERENCE = 4.0  # items a day: a feed that publishes so many is asked at `every`

# Older items fade, once a day at midnight UTC: fading a little at every poll would drown in rounding.
HALF_LIFE_DAYS = 7.0
REMEMBERED = timedelta(days=28)  # dates in a first document older than this tell nothing about today

# What a feed is taken for before anything is seen: half a day at the reference rate.
PRIOR_DAYS = 0.5
PRIOR_PER_HOUR = 0.5  # items: so strongly is each hour of the day drawn towards the mean

# What was seen of a document rolling is half as urgent after this. It comes at once and goes slowly.
RELEASE = timedelta(hours=12)
GAP_ROLLS_IN = timedelta(minutes=1)  # nothing of the last document was left: sooner than anybody polls
SLOWEST_ROLL = timedelta(days=365)  # slower is as good as not at all

BELIEVABLE = 1e6  # items in an hour of the day, or days: a packed rhythm with more is damaged


def observed(
    rhythm: Rhythm | None,
    *,
    at: datetime,
    since: datetime | None,
    entries: int,
    fresh: int,
    dates: Sequence[datetime],
) -> Rhythm:
    """The rhythm after an answer that tells what the feed holds.

    `at`: when it was asked. `since`: when the last whole answer (200 or 304) came; None at the first, and the rhythm
    then starts anew. `entries` in the document, `fresh` of them not in the last one (none for a 304 or an unchanged
    body). `dates`: the believable dates of the fresh entries, at the first answer of all of them; some may have none.
    """
    if rhythm is None or since is None:
        return _first(at, dates)
    elapsed = max(at - since, timedelta(0))
    days, hours = rhythm.days, rhythm.hours
    if at.date() > rhythm.until.date():
        fading = 0.5 ** ((at.date() - rhythm.until.date()).days / HALF_LIFE_DAYS)
        days, hours = days * fading, tuple(round(items * fading, 4) for items in hours)
    if fresh > 0:
        hours = _with_fresh(hours, at - elapsed, at, fresh, dates)
    seen = _rolled(elapsed, entries, fresh)
    believed = rolls_in(rhythm, at)
    faster = seen is not None and (believed is None or seen <= believed)
    return Rhythm(
        since=min(rhythm.since, at),
        until=at,
        days=round(days + elapsed / DAY, 6),
        hours=hours,
        rolls_in=seen if faster else rhythm.rolls_in,
        rolled_at=at if faster else rhythm.rolled_at,
    )


def _first(at: datetime, dates: Sequence[datetime]) -> Rhythm:
    """What the first document's dates tell: from its oldest recent date on it is complete."""
    recent = sorted(date for date in dates if at - REMEMBERED < date <= at)
    hours = [0.0] * 24
    for date in recent[1:]:  # the oldest only opens the time the others came in
        hours[date.astimezone(UTC).hour] += 0.5 ** ((at - date) / DAY / HALF_LIFE_DAYS)
    span = (at - recent[0]) / DAY if recent else 0.0
    return Rhythm(
        since=at,
        until=at,
        days=round(HALF_LIFE_DAYS / math.log(2) * (1 - 0.5 ** (span / HALF_LIFE_DAYS)), 6),
        hours=tuple(round(items, 4) for items in hours),
        rolls_in=None,
        rolled_at=None,
    )


def _with_fresh(
    hours: Sequence[float], start: datetime, end: datetime, fresh: int, dates: Sequence[datetime]
) -> tuple[float, ...]:
    """The hours with the fresh items added.

    They appeared between the two answers, whatever they say: those dated elsewhere (late, or in a wrong zone) and those
    without a date are spread over that time.
    """
    counts = list(hours)
    dated = [date.astimezone(UTC).hour for date in dates[:fresh] if start <= date <= end]
    for hour in dated:
        counts[hour] += 1
    if undated := fresh - len(dated):
        pieces = list(_by_hour(max(start, end - DAY), end)) or [(end.astimezone(UTC).hour, 1.0)]
        whole = sum(length for _, length in pieces)
        for hour, length in pieces:
            counts[hour] += undated * length / whole
    return tuple(round(items, 4) for items in counts)


def _by_hour(start: datetime, end: datetime) -> Iterator[tuple[int, float]]:
    """The pieces of a stretch of time: the hour of the day (UTC), and how many hours of it."""
    at = start.astimezone(UTC)
    while at < end:
        until = min(at.replace(minute=0, second=0, microsecond=0) + HOUR, end)
        yield at.hour, (until - at) / HOUR
        at = until


def _rolled(elapsed: timedelta, entries: int, fresh: int) -> timedelta | None:
    """How soon the whole document is replaced, going by how much of it was. None: that cannot be told."""
    if 0 < entries <= fresh:
        return GAP_ROLLS_IN
    if fresh < 2 or not elapsed:  # a single entry has no speed
        return None
    seconds = elapsed.total_seconds() * entries / (fresh - 1)
    return min(max(timedelta(seconds=round(seconds)), GAP_ROLLS_IN), SLOWEST_ROLL)


def rolls_in(rhythm: Rhythm, now: datetime) -> timedelta | None:
    """How soon the document is replaced at the fastest that was seen, believed less as time passes. None: not seen."""
    if rhythm.rolls_in is None or rhythm.rolled_at is None:
        return None
    passed = max((now - rhythm.rolled_at) / RELEASE, 0.0)
    return min(rhythm.rolls_in, SLOWEST_ROLL) * math.pow(2.0, min(passed, 10.0))


def interval(rhythm: Rhythm, *, every: timedelta, now: datetime) -> timedelta:
    """How long to wait from `now` on, by the rates of the hours ahead; `every` at the reference rate. Not clamped.

    With a rate that changes, polls come at a pace of √(λ/reference) per `every`; the next is due when that pace, added
    up hour by hour, makes one. So a feed that sleeps is left alone at night and met again when its morning begins.
    """
    total = sum(rhythm.hours)
    mean = (total + REFERENCE * PRIOR_DAYS) / (rhythm.days + PRIOR_DAYS)
    scale = mean / REFERENCE / (total / 24 + PRIOR_PER_HOUR)
    polls_an_hour = HOUR / every
    due, waited = 0.0, 0.0
    hour, length = now.hour, 1 - (now.minute * 60 + now.second) / 3600
    for _ in range(24):
        polls = polls_an_hour * math.sqrt(scale * (rhythm.hours[hour] + PRIOR_PER_HOUR))
        if due + polls * length >= 1:
            return HOUR * (waited + (1 - due) / polls)
        due, waited = due + polls * length, waited + length
        hour, length = (hour + 1) % 24, 1.0
    return HOUR * (waited / due)


def pack_rhythm(rhythm: Rhythm) -> str:
    """The rhythm as a short JSON text; equal rhythms give equal text."""
    value = {
        "since": rhythm.since.isoformat(),
        "until": rhythm.until.isoformat(),
        "days": round(rhythm.days, 6),
        "hours": [round(items, 4) for items in rhythm.hours],
        "rolls_in": None if rhythm.rolls_in is None else round(rhythm.rolls_in.total_seconds()),
        "rolled_at": None if rhythm.rolled_at is None else rhythm.rolled_at.isoformat(),
    }
    return json.dumps(value, separators=(",", ":"))


def unpack_rhythm(text: str | None) -> Rhythm | None:
    """A packed rhythm; None when there is none or it cannot be read, and the feed is learnt anew."""
    try:
        value = json.loads(text or "null")
        rhythm = Rhythm(
            since=datetime.fromisoformat(value["since"]),
            until=datetime.fromisoformat(value["until"]),
            days=float(value["days"]),
            hours=tuple(float(items) for items in value["hours"]),
            rolls_in=None if value["rolls_in"] is None else timedelta(seconds=value["rolls_in"]),
            rolled_at=None if value["rolled_at"] is None else datetime.fromisoformat(value["rolled_at"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    instants = [instant for instant in (rhythm.since, rhythm.until, rhythm.rolled_at) if instant is not None]
    numbers = [rhythm.days, *rhythm.hours]
    sound = len(rhythm.hours) == 24 and all(0 <= number <= BELIEVABLE for number in numbers)
    return rhythm if sound and all(instant.tzinfo for instant in instants) else None
