"""What is usual of a feed or a rule, hour of the week by hour of the week; and when it is silent, or too loud.

A pause is measured in what would usually have come in it: a night or a weekend in which little comes is short by that
clock. A silence is a pause that is longer, by that clock, than chance makes one and than any that was seen before
(bursty sources have long ones). A spike follows the alert levels of the Europe Media Monitor: what came in a day
against what usually comes in such a day (C. Best, E. van der Goot, K. Blackler, T. Garcia, D. Horby, "Europe Media
Monitor – System Description", EUR 22173 EN, 2005), and beyond what its own days vary by.

Hours are those of UTC: a week in which clocks change is an hour off, which the longest pause seen makes up for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean, pstdev

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
HOURS = 168  # of a week
REMEMBERED = timedelta(days=56)  # of the past that counts

KNOWN_AFTER = timedelta(days=14)  # two of each hour of the week
FEWEST = 8  # hours with something: of less no rhythm can be told
DRAWN_TO_MEAN = 0.25  # weeks of the mean added to each hour, so that none is quite impossible

# By chance alone, the longest of n pauses is about ln n of what usually comes (a pause of a Poisson process is
# exponential); one that is longer by 7 happens once in a thousand times so long a past.
BEYOND_CHANCE = 7.0
BEYOND_LONGEST = 1.5  # times the longest pause that was seen
SHORTEST_SILENCE = timedelta(hours=3)

FEWEST_IN_A_SPIKE = 10
SPIKE_LEVEL = 3.0  # times the usual
SPIKE_DEVIATIONS = 4.0  # beyond the mean of its days
SPIKE_OVER_LEVEL = 2.0  # a spike is over below so many times the usual: not where it began, so that it ends once


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What came of one source, by the hour."""

    began: datetime  # since when it is watched
    hours: Mapping[datetime, int]  # beginning of an hour → how much came in it; hours without anything are missing
    last_at: datetime | None  # when the last came; None: nothing did


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What is usual of one source."""

    rates: tuple[float, ...]  # what comes in each hour of the week, from Monday 0:00 UTC
    hours: int  # in which something came
    longest: float  # the longest pause, in what usually comes in so long a time

    @property
    def a_day(self) -> float:
        """What comes in a day, on average."""
        return sum(self.rates) / 7


def usual(activity: Activity, until: datetime) -> Usual | None:
    """What is usual, by what came before an instant. None: too little is known."""
    start = max(activity.began, until - REMEMBERED)
    if until - start < KNOWN_AFTER:
        return None
    came = {at: n for at, n in activity.hours.items() if start <= at < until and n > 0}
    if len(came) < FEWEST:
        return None
    weeks = (until - start) / WEEK
    counts = [0.0] * HOURS
    for at, n in came.items():
        counts[_hour(at)] += n
    mean = sum(came.values()) / weeks / HOURS
    rates = tuple((count + DRAWN_TO_MEAN * mean) / (weeks + DRAWN_TO_MEAN) for count in counts)
    marks = sorted(came)
    pauses = (expected(rates, one + HOUR, other) for one, other in pairwise(marks))
    return Usual(rates=rates, hours=len(came), longest=max(pauses))


def expected(rates: tuple[float, ...], start: datetime, end: datetime) -> float:
    """What usually comes between two instants; none when the second is not after the first."""
    if end <= start:
        return 0.0
    weeks, rest = divmod(end - start, WEEK)
    total, at = weeks * sum(rates), end - rest
    while at < end:
        until = min(at.replace(minute=0, second=0, microsecond=0) + HOUR, end)
        total += rates[_hour(at)] * ((until - at) / HOUR)
        at = until
    return total


def _hour(at: datetime) -> int:
    at = at.astimezone(UTC)
    return at.weekday() * 24 + at.hour


def silent_since(activity: Activity, now: datetime) -> tuple[datetime, float] | None:
    """Since when a source is silent beyond its own history, and what usually comes in a day. None: it is not."""
    last = activity.last_at
    if last is None or now - last < SHORTEST_SILENCE:
        return None
    known = usual(activity, last + HOUR)  # what is silent now says nothing of what is usual
    if known is None:
        return None
    missed = expected(known.rates, last, now)
    if missed < max(math.log(known.hours) + BEYOND_CHANCE, BEYOND_LONGEST * known.longest):
        return None
    return last, known.a_day


def spike(activity: Activity, now: datetime, *, goes_on: bool) -> tuple[int, float] | None:
    """What came in the last 24 hours and what usually does, if that is far more than usual. None: it is not.

    `goes_on`: it was so when last looked at. It then has to come down further than where it began.
    """
    since = now - DAY
    known = usual(activity, since)
    if known is None:
        return None
    count = _between(activity, since, now)
    ordinary = expected(known.rates, since, now)
    if goes_on:
        return (count, ordinary) if count >= max(SPIKE_OVER_LEVEL * ordinary, FEWEST_IN_A_SPIKE / 2) else None
    days = _days(activity, since)
    varies = max(pstdev(days), math.sqrt(fmean(days)), 1.0)
    least = max(FEWEST_IN_A_SPIKE, SPIKE_LEVEL * ordinary, fmean(days) + SPIKE_DEVIATIONS * varies, max(days) + 1)
    return (count, ordinary) if count >= least else None


def _days(activity: Activity, until: datetime) -> list[int]:
    """What came in each whole day before an instant, as far as is remembered; there is one at least."""
    days = min(until - activity.began, REMEMBERED) // DAY
    return [_between(activity, until - (day + 1) * DAY, until - day * DAY) for day in range(max(days, 1))]


def _between(activity: Activity, start: datetime, end: datetime) -> int:
    """What came in the hours that begin between two instants."""
    return sum(n for at, n in activity.hours.items() if start <= at < end)
