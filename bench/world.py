"""A made-up world of feeds for the simulated week: when each publishes, what it shows and says, when it is ill.

Rates, lengths and ttl are in the proportions of 241 feeds of real publishers; hours, bursts and odd dates follow their
example and that of seven series of real polls. How many publish in batches, sit behind a cache or fall ill is a guess.
Times are seconds since the world's beginning, a Monday at midnight UTC. Everything follows from the seed.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model import Outcome

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

# Of the real feeds: a tenth publish less than 0.06 items a day, half less than 1.3, a tenth more than 33.
MEDIAN_RATE, SPREAD_OF_RATES = 1.3 / DAY, 2.45
SLOWEST, FASTEST = 1 / (30 * DAY), 20 / HOUR
DEAD = 0.06  # share of feeds that publish nothing any more
LENGTHS = (5, 10, 10, 10, 12, 15, 15, 20, 20, 20, 25, 25, 30, 30, 40, 50, 50, 100)
ZONES = (-8, -6, -5, -5, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 5.5, 8, 9)
# A newsroom's day by local hour; a feed follows it more or less.
DAY_CURVE = (2, 1, 1, 1, 2, 4, 8, 11, 13, 14, 14, 13, 12, 13, 13, 13, 13, 13, 11, 9, 8, 7, 5, 3)
FIXED_HOURS = ((6,), (7, 13), (6, 12, 18), (5, 9, 13, 17, 21))

TTLS = (1, 2, 2, 3, 5, 5, 10, 10, 10, 30, 40, 60, 60, 60, 120, 600)  # minutes

ILL = 0.05  # share of feed-hours
SHORTEST_ILLNESS, LONGEST_ILLNESS = 2 * MINUTE, DAY
LIE, CUT = "304 that lies", "truncated"
ILLNESSES: dict[str, tuple[Outcome, int | None]] = {
    "dns": (Outcome.DNS, None),
    "connect": (Outcome.CONNECT, None),
    "timeout": (Outcome.TIMEOUT, None),
    "tls": (Outcome.TLS, None),
    "protocol": (Outcome.PROTOCOL, None),
    "404": (Outcome.HTTP_ERROR, 404),
    "400": (Outcome.HTTP_ERROR, 400),
    "500": (Outcome.HTTP_ERROR, 500),
    "502": (Outcome.HTTP_ERROR, 502),
    "blocked": (Outcome.BLOCKED, 403),
    "rate limited": (Outcome.RATE_LIMITED, 429),
    "a page instead": (Outcome.NOT_A_FEED, 200),
    "redirects": (Outcome.REDIRECTS, 302),
    CUT: (Outcome.TRUNCATED, 200),
    LIE: (Outcome.NOT_MODIFIED, 304),
}


@dataclass(frozen=True, kw_only=True)
class Illness:
    """From when to when a feed gives another answer than its document."""

    start: float
    end: float
    kind: str
    retry_after: float | None


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One feed of the world. Times are seconds since its beginning."""

    published: list[float]  # each item, in order
    shown: list[float]  # when it is in the document that a request gets
    dates: list[float | None]  # what the item says; None: nothing believable
    length: int  # the document holds the newest so many
    ttl: float | None
    cached_for: float | None  # the server renews its answer so often, and says so (max-age less Age)
    cached_at: float
    illnesses: list[Illness]
    ill_from: list[float]


def make_world(seed: int, feeds: int, until: float) -> list[Feed]:
    """The feeds of a seed; the same for every policy."""
    return [make_feed(random.Random(f"{seed}/{number}"), until) for number in range(feeds)]


def make_feed(rng: random.Random, until: float) -> Feed:
    rate = 0.0
    while not SLOWEST <= rate <= FASTEST:
        rate = math.exp(rng.gauss(math.log(MEDIAN_RATE), SPREAD_OF_RATES))
    last = until if rng.random() >= DEAD else rng.uniform(-60 * DAY, until)
    published = [at for at in happenings(rng, rate, until) if at < last]
    if rng.random() < 0.2:
        published = in_batches(rng, published)
    cached_for = rng.choice((1, 5, 5, 10, 15, 30, 60)) * MINUTE if rng.random() < 0.2 else None
    cached_at = rng.uniform(0, cached_for or 1)
    shown = published
    if cached_for is not None:
        shown = [math.ceil((at - cached_at) / cached_for) * cached_for + cached_at for at in published]
    illnesses = make_illnesses(rng, until)
    return Feed(
        published=published,
        shown=shown,
        dates=make_dates(rng, published),
        length=rng.choice(LENGTHS),
        ttl=rng.choice(TTLS) * MINUTE if rng.random() < 0.11 else None,
        cached_for=cached_for,
        cached_at=cached_at,
        illnesses=illnesses,
        ill_from=[illness.start for illness in illnesses],
    )


def happenings(rng: random.Random, rate: float, until: float) -> list[float]:
    """When a feed of this mean rate has something to publish: by the hours of its day and week, in bursts."""
    zone, night, weekend = rng.choice(ZONES), rng.uniform(0.0, 1.0), min(math.exp(rng.gauss(-0.7, 0.5)), 1.3)
    mean_curve = statistics.fmean(DAY_CURVE)
    week = [
        (night * DAY_CURVE[hour] / mean_curve + (1 - night)) * (weekend if day >= 5 else 1.0)
        for day in range(7)
        for hour in range(24)
    ]
    of_a_burst, gap = rng.choice((1.0, 1.0, 1.2, 1.5, 2.0, 3.0)), rng.uniform(0.5, 15) * MINUTE
    scale = rate / statistics.fmean(week) / of_a_burst
    found: list[float] = []
    ahead = rng.expovariate(1)
    level, today = 1.0, -1
    for hour in range(int(until / HOUR)):
        if hour // 24 != today:
            today, level = hour // 24, math.exp(rng.gauss(-0.06, 0.35))  # some days are full of news
        due = scale * level * week[int(hour + zone) % 168] * HOUR
        passed = 0.0
        while ahead <= due - passed:
            passed += ahead
            at = (hour + passed / due) * HOUR
            while True:
                found.append(at)
                at += rng.expovariate(1 / gap)
                if rng.random() < 1 / of_a_burst:
                    break
            ahead = rng.expovariate(1)
        ahead -= due - passed
    return sorted(at for at in found if at < until)


def in_batches(rng: random.Random, published: Sequence[float]) -> list[float]:
    """The same items, put out together: on the hour, every few minutes, or at fixed hours of the day."""
    if rng.random() < 0.7:
        every = rng.choice((10, 15, 30, 60, 60, 120, 360)) * MINUTE
        at = rng.choice((0, 0, rng.uniform(0, every)))
        return [math.ceil((item - at) / every) * every + at for item in published]
    slots = [rng.choice((0, 0, 30)) * MINUTE + hour * HOUR for hour in rng.choice(FIXED_HOURS)]
    slots.append(slots[0] + DAY)
    batched = []
    for item in published:
        midnight = item // DAY * DAY
        batched.append(midnight + next(slot for slot in slots if midnight + slot >= item))
    return batched


def make_dates(rng: random.Random, published: Sequence[float]) -> list[float | None]:
    kind = rng.random()
    if kind < 0.05:
        return [None] * len(published)
    if kind < 0.10:  # only the day
        return [at // DAY * DAY for at in published]
    if kind < 0.15:  # the wrong zone, behind; those before the clock are not believed
        return [at - 4 * HOUR for at in published]
    late = 0.3 if kind < 0.35 else 0.02
    return [at - rng.expovariate(1 / (6 * HOUR)) if rng.random() < late else at for at in published]


def make_illnesses(rng: random.Random, until: float) -> list[Illness]:
    mean = (LONGEST_ILLNESS - SHORTEST_ILLNESS) / math.log(LONGEST_ILLNESS / SHORTEST_ILLNESS)
    well = mean * (1 - ILL) / ILL
    illnesses: list[Illness] = []
    at = rng.expovariate(1 / well)
    while at < until:
        lasts = SHORTEST_ILLNESS * (LONGEST_ILLNESS / SHORTEST_ILLNESS) ** rng.random()
        kind = rng.choice(list(ILLNESSES))
        retry_after = rng.choice((None, 60.0, 600.0, HOUR)) if kind == "rate limited" else None
        illnesses.append(Illness(start=at, end=at + lasts, kind=kind, retry_after=retry_after))
        at += lasts + rng.expovariate(1 / well)
    return illnesses
