"""A simulated week: does our polling policy bring the news sooner, with fewer requests, than others do? No network.

    python bench/week.py [--seed N] [--feeds N] [--weeks N]

`world` makes the feeds from the seed. Each policy polls the same world under an injected clock, with up to three weeks
of history before the weeks that are measured. Pacing between the feeds of one host is left out. Of all feed-hours 5 %
are ill, in fifteen ways, for two minutes to a day.

The table: items caught; of those that stayed in their document for five minutes or longer; how many of these were
missed without an illness as the reason; the delay from publication to archive in minutes (median, 95 % below, mean), of
all items and of those whose feed was well from a day before until an hour after; requests per item, and per feed and
day; the share of them that brought nothing.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from world import CUT, DAY, HOUR, ILLNESSES, MINUTE, Feed, Illness, make_world

from monitor.cadence import next_poll
from monitor.model import SUCCESSES, Outcome, Pace, Rhythm
from monitor.rhythm import observed

START = datetime(2026, 10, 19, tzinfo=UTC)  # a Monday; the world's second 0
WARM_UP = 21 * DAY
TOO_LATE = "polled too late"
TAIL = 3 * DAY  # after the measured weeks, for the last items to be found
PACE = Pace(every=timedelta(minutes=15), min=timedelta(minutes=5), max=timedelta(hours=1))

# ── policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Answer:
    """What a policy learns from one poll."""

    at: float
    outcome: Outcome
    status: int | None
    failures: int
    since: float | None  # of the last whole answer
    entries: int
    fresh: Sequence[int]  # items, by number
    retry_after: float | None
    fresh_for: float | None


class Policy:
    """One feed's poller."""

    name: str
    warm_up = 2 * DAY

    def wait(self, feed: Feed, answer: Answer, jitter: float) -> float:
        """Seconds until the next poll."""
        raise NotImplementedError


class Ours(Policy):
    """monitor, with the bounds of its defaults."""

    name = "monitor"
    warm_up = WARM_UP
    pace = PACE

    def __init__(self) -> None:
        self.rhythm: Rhythm | None = None

    def wait(self, feed: Feed, answer: Answer, jitter: float) -> float:
        now = START + timedelta(seconds=answer.at)
        if answer.outcome in SUCCESSES:
            self.learn(feed, answer)
        due = next_poll(
            pace=self.pace,
            rhythm=self.rhythm,
            fresh_for=seconds(answer.fresh_for),
            ttl=seconds(feed.ttl),
            period=None,
            outcome=answer.outcome,
            status=answer.status,
            failures=answer.failures,
            retry_after=seconds(answer.retry_after),
            now=now,
            jitter=jitter,
        )
        return (due - now) / timedelta(seconds=1)

    def learn(self, feed: Feed, answer: Answer) -> None:
        self.rhythm = observed(
            self.rhythm,
            at=START + timedelta(seconds=answer.at),
            since=None if answer.since is None else START + timedelta(seconds=answer.since),
            entries=answer.entries,
            fresh=len(answer.fresh),
            dates=[
                START + timedelta(seconds=date)
                for item in answer.fresh
                if (date := feed.dates[item]) is not None and date <= answer.at
            ],
        )


def seconds(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


class Sparing(Ours):
    """monitor with miniflux's bounds."""

    name = "monitor, every 2h"
    pace = Pace(every=timedelta(hours=2), min=timedelta(minutes=5), max=timedelta(hours=24))


class Polite(Ours):
    """monitor without the rhythm: every quarter of an hour, with our back-off and what the publisher asks for."""

    name = "15 min, polite"
    warm_up = 2 * DAY

    def learn(self, feed: Feed, answer: Answer) -> None:
        pass


class Fixed(Policy):
    """Every quarter of an hour, whatever happens."""

    name = "fixed 15 min"

    def wait(self, feed: Feed, answer: Answer, jitter: float) -> float:
        return max(15 * MINUTE * (0.95 + jitter / 10), answer.retry_after or 0.0)


class Miniflux(Policy):
    """miniflux's entry_frequency with factor 1 and its default bounds.

    A week ÷ the mean gap between the items of the last week, and never sooner than ttl, max-age and Retry-After say.
    That it stops asking after three errors is left out, in its favour.
    """

    name = "miniflux"

    def __init__(self) -> None:
        self.dates: list[float] = []

    def wait(self, feed: Feed, answer: Answer, jitter: float) -> float:
        self.dates += [
            min(date if (date := feed.dates[item]) is not None else answer.at, answer.at) for item in answer.fresh
        ]
        self.dates = [date for date in self.dates if date >= answer.at - 7 * DAY]
        interval = DAY
        if len(self.dates) > 1 and (span := max(self.dates) - min(self.dates)):
            interval = min(max(7 * DAY / math.ceil(7 * DAY * (len(self.dates) - 1) / span), 5 * MINUTE), DAY)
        return max(interval, feed.ttl or 0.0, answer.fresh_for or 0.0, answer.retry_after or 0.0)


class Overlap(Policy):
    """Media Cloud's rss-fetcher: slower while two thirds are known, faster when less than one third is."""

    name = "overlap"
    warm_up = WARM_UP

    def __init__(self) -> None:
        self.interval = 6 * HOUR

    def wait(self, feed: Feed, answer: Answer, jitter: float) -> float:
        if answer.outcome in SUCCESSES and answer.since is not None and answer.entries:
            new = len(answer.fresh) / answer.entries
            if new <= 1 / 3:
                self.interval += 10 * MINUTE if answer.fresh else 60 * MINUTE
            elif new > 2 / 3:
                self.interval -= 60 * MINUTE
            self.interval = min(max(self.interval, 10 * MINUTE), DAY)
        return max(self.interval, answer.retry_after or 0.0)


POLICIES: tuple[type[Policy], ...] = (Ours, Sparing, Fixed, Polite, Miniflux, Overlap)

# ── the simulation ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Tally:
    """What one policy got out of the world."""

    items: int = 0
    caught: int = 0
    stayed: int = 0  # items that were in their document for the shortest interval or longer
    stayed_caught: int = 0
    missed: Counter[str] = field(default_factory=Counter)  # of those: why
    delays: list[float] = field(default_factory=list)
    well_delays: list[float] = field(default_factory=list)  # of items whose feed was well from a day before
    polls: int = 0
    empty: int = 0


def follow(feed: Feed, policy: Policy, rng: random.Random, measured: tuple[float, float], tally: Tally) -> None:
    """Polls one feed from before the measured weeks until after them."""
    start, end = measured
    now = start - policy.warm_up + rng.uniform(0, 15 * MINUTE)
    seen_at: dict[int, float] = {}
    failed: list[tuple[float, float, str]] = []  # stretches without a whole answer, and why
    since: float | None = None
    whole_at, why = now, ""
    upto = failures = 0
    while now < end + TAIL:
        illness = illness_at(feed, now)
        there = bisect_right(feed.shown, now)
        entries = min(there, feed.length)
        fresh = range(max(upto, there - entries), there) if illness is None else range(0)
        outcome, status = Outcome.NEW if fresh else Outcome.NOTHING_NEW, 200
        if illness is not None:
            outcome, status = ILLNESSES[illness.kind]
            why = illness.kind
        got = range(there - entries // 2, there) if why == CUT and illness is not None else fresh
        found = [item for item in got if item not in seen_at]
        seen_at.update(dict.fromkeys(found, now))
        failures = 0 if outcome in SUCCESSES else failures + 1
        answer = Answer(
            at=now,
            outcome=outcome,
            status=status,
            failures=failures,
            since=since,
            entries=entries,
            fresh=fresh,
            retry_after=None if illness is None else illness.retry_after,
            fresh_for=None
            if failures or feed.cached_for is None
            else feed.cached_for - (now - feed.cached_at) % feed.cached_for,
        )
        if start <= now < end:
            tally.polls += 1
            tally.empty += not found
        if illness is None:
            if why:
                failed.append((whole_at, now, why))
            whole_at, why, upto = now, "", there
        if not failures:
            since = now
        now += max(policy.wait(feed, answer, rng.random()), 1.0)
    count(feed, seen_at, failed, measured, tally)


def illness_at(feed: Feed, now: float) -> Illness | None:
    """What a feed suffers from at a time."""
    last = bisect_right(feed.ill_from, now) - 1
    return feed.illnesses[last] if last >= 0 and feed.illnesses[last].end > now else None


def count(
    feed: Feed,
    seen_at: dict[int, float],
    failed: list[tuple[float, float, str]],
    measured: tuple[float, float],
    tally: Tally,
) -> None:
    start, end = measured
    for item in range(bisect_left(feed.published, start), bisect_left(feed.published, end)):
        published, shown = feed.published[item], feed.shown[item]
        gone = feed.shown[item + feed.length] if item + feed.length < len(feed.shown) else math.inf
        stayed = gone - shown >= 5 * MINUTE
        caught = item in seen_at
        tally.items += 1
        tally.caught += caught
        tally.stayed += stayed
        tally.stayed_caught += stayed and caught
        if caught:
            delay = seen_at[item] - published
            tally.delays.append(delay)
            where = bisect_right(feed.ill_from, published + HOUR) - 1
            if where < 0 or feed.illnesses[where].end < published - DAY:
                tally.well_delays.append(delay)
        elif stayed:
            tally.missed[next((why for a, b, why in failed if a < gone and b > shown), TOO_LATE)] += 1


def run(policy: type[Policy], world: Sequence[Feed], seed: int, measured: tuple[float, float]) -> Tally:
    tally = Tally()
    for number, feed in enumerate(world):
        follow(feed, policy(), random.Random(f"{seed}/{number}/jitter"), measured, tally)
    return tally


COLUMNS = ("caught", "stayed", "late", "med", "p95", "mean", "well:med", "p95", "mean", "req/item", "req/day", "empty")


def row(name: str, tally: Tally, feeds: int, days: float) -> str:
    """One line of the table."""
    cells = [
        f"{tally.caught / tally.items:.2%}",
        f"{tally.stayed_caught / tally.stayed:.2%}",
        f"{tally.missed[TOO_LATE]}",
        *delays(tally.delays),
        *delays(tally.well_delays),
        f"{tally.polls / tally.items:.2f}",
        f"{tally.polls / feeds / days:.1f}",
        f"{tally.empty / tally.polls:.1%}",
    ]
    return f"{name:22}" + "".join(f"{cell:>9}" for cell in cells)


def delays(of: list[float]) -> list[str]:
    ordered = sorted(of)
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100]
    return [f"{delay / MINUTE:.1f}" for delay in (middle, late, statistics.fmean(ordered))]


def main() -> None:
    """The world, and a line for each policy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--weeks", type=int, default=1)
    given = parser.parse_args()
    measured = (WARM_UP, WARM_UP + given.weeks * 7 * DAY)
    world = make_world(given.seed, given.feeds, measured[1] + TAIL)
    print(f"seed {given.seed}, {given.feeds} feeds, {given.weeks} week(s)")
    print(f"{'':22}" + "".join(f"{column:>9}" for column in COLUMNS), flush=True)
    reasons = ""
    for policy in POLICIES:
        tally = run(policy, world, given.seed, measured)
        print(row(policy.name, tally, given.feeds, given.weeks * 7), flush=True)
        if policy is Ours:
            reasons = ", ".join(f"{why} {number}" for why, number in tally.missed.most_common())
    print(f"what monitor missed of the items that stayed: {reasons}")


if __name__ == "__main__":
    main()
