"""What a rule would have found and sent: held against the archive, shown as it is found, counted."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from monitor import show
from monitor.cli.matching import each_match, print_hit, progress
from monitor.cli.session import Session, now
from monitor.model import RuleSpec
from monitor.search import Hit, by_key, candidates_for, finder, hit_of, written

if TYPE_CHECKING:
    from monitor.archive import SearchRow
    from monitor.rules import Rule


@dataclass(kw_only=True)
class Test:
    """What a rule found, counted as it came."""

    spec: RuleSpec
    zone: ZoneInfo
    since: datetime
    until: datetime
    searched: int = 0  # articles there were to find something in
    first_day: date  # of the archive, or since when it was looked at
    hits: list[Hit] = field(default_factory=list)  # those shown
    articles: int = 0
    days: Counter[date] = field(default_factory=Counter)  # articles
    feeds: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    stories: set[int] = field(default_factory=set)
    mails: Counter[date] = field(default_factory=Counter)  # one an article, as the daemon sends them

    def add(self, row: SearchRow) -> None:
        """Counts an article; they come newest first."""
        day = row.first_seen_at.astimezone(self.zone).date()
        self.articles += 1
        self.days[day] += 1
        self.feeds[row.feed] += 1
        self.languages[row.language] += 1
        self.stories.add(row.story)
        if row.is_news:
            self.mails[day] += 1

    @property
    def each_day(self) -> list[date]:
        """Every day that was looked at, first to last."""
        last = self.until.astimezone(self.zone).date()
        return [self.first_day + timedelta(days=n) for n in range((last - self.first_day).days + 1)]

    def as_json(self) -> dict[str, object]:
        """The whole; the keys are those of `monitor rules test --json`."""
        a_day = [self.mails[day] for day in self.each_day]
        return {
            "rule": self.spec.name or None,
            "looks_for": written(self.spec),
            "since": self.since,
            "searched": self.searched,
            "articles": self.articles,
            "stories": len(self.stories),
            "feeds": dict(self.feeds.most_common()),
            "languages": dict(self.languages.most_common()),
            "mails": sum(a_day),
            "mails_a_day_median": median(a_day),
            "mails_a_day_most": max(a_day),
            "days": [{"day": str(day), "articles": self.days[day], "mails": self.mails[day]} for day in self.each_day],
            "hits": self.hits,
        }


def back_test(session: Session, rule: Rule, age: timedelta, limit: int, *, print_them: bool) -> Test:
    """Holds a rule against the archive, newest articles first, and prints the first ones as they are found."""
    from monitor.rules import RuleSet

    config = session.config
    zone, until = ZoneInfo(config.timezone), now()
    since = until - age
    rule_set, feeds = RuleSet([rule]), by_key(config.feeds)
    with session.reading() as archive:
        earliest = archive.earliest(since)
        test = Test(
            spec=rule.spec,
            zone=zone,
            since=since,
            until=until,
            first_day=(earliest or since).astimezone(zone).date(),
        )
        rows = archive.search(candidates_for([rule]), since=since)
        with progress(until, earliest) as line:
            for row, matches in each_match(rows, finder(rule_set, feeds), line):
                test.add(row)
                if len(test.hits) < limit:
                    test.hits.append(hit_of(row, matches[0]))
                    if print_them:
                        line.clear()
                        print_hit(test.hits[-1], with_score=bool(rule.scores))
                        sys.stdout.flush()
        test.searched = archive.count(since)  # counting a million takes a while: not before the first result
    return test


_SHOWN = 8  # feeds and languages named; the others are counted


def print_test(test: Test) -> None:
    looked = f"{show.counted(test.searched, 'article')} since {test.since.astimezone(test.zone):%Y-%m-%d}"
    if not test.articles:
        show.line(f"nothing found in {looked}")
        over = test.spec.until
        if over is not None and over <= test.until:
            show.note(f"rule {test.spec.name} has been over since {over.astimezone(test.zone):%Y-%m-%d} (until)")
        return
    if test.hits and (more := test.articles - len(test.hits)):
        show.line(f"… and {more} more; --limit shows more")
        show.line()
    show.line(f"articles   {test.articles} of {looked}, in {show.counted(len(test.stories), 'story', 'stories')}")
    show.line(f"feeds      {_most(test.feeds)}")
    show.line(f"languages  {_most(test.languages)}")
    show.line(f"mails      {_mails(test)}")
    days = test.each_day
    if len(days) > 1:
        width = -(-len(days) // _WIDEST)  # days a block, so that a year fits on a line
        counts = [sum(test.days[day] for day in days[at : at + width]) for at in range(0, len(days), width)]
        each = "day" if width == 1 else f"{width} days"
        show.line(f"a {each:<8} {days[0]} {blocks(counts)} {days[-1]}  (most: {max(counts)})")


def _mails(test: Test) -> str:
    """How many mails the rule would have sent; what came with a feed's first poll is sent to nobody."""
    mails, spec = test.mails, test.spec
    if not spec.channels:
        return "none: the rule names no channel"
    if spec.digest is not None:
        return f"none of their own: {sum(mails.values())} would stand in the digest {spec.digest}"
    a_day = [mails[day] for day in test.each_day]
    if not any(a_day):
        return "none: all came with the first poll of their feed, which alerts nobody"
    most = max(a_day)
    on = next(day for day, count in sorted(mails.items(), reverse=True) if count == most)
    return f"{sum(a_day)}, one an article: {median(a_day):g} on a usual day, {most} on the fullest, {on}"


def _most(counts: Counter[str]) -> str:
    shown = ", ".join(f"{name} {count}" for name, count in counts.most_common(_SHOWN))
    return shown + (f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else "")


_WIDEST = 60  # blocks
_BLOCKS = " ▁▂▃▄▅▆▇█"


def blocks(counts: Sequence[int]) -> str:
    """Numbers as a row of blocks; nothing for 0, something for all others."""
    most = max(counts, default=0) or 1
    return "".join(_BLOCKS[-(-count * (len(_BLOCKS) - 1) // most)] for count in counts)
