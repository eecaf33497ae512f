"""Today: the stories of each rule, newest first; how the day went; what needs a look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from markupsafe import Markup

from monitor.archive.browsing import StoryLine
from monitor.charts import spark
from monitor.web.site import Ask, Site

SPANS = {
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}
EACH = 8  # stories of a rule
SPARK_DAYS = 21
_RANK = {"high": 0, "normal": 1, "low": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one rule matched."""

    rule: str
    stories: tuple[StoryLine, ...]
    of_stories: int
    of_articles: int
    usual: float | None  # articles in so long a time; None: not known for long enough
    spark: Markup


def today(site: Site, ask: Ask) -> Mapping[str, Any]:
    """What the page shows."""
    chosen, span = ask.one_of("span", SPANS, "24h")
    since = ask.now - span
    with site.reading() as archive:
        lines = archive.rule_stories(since, ask.now + timedelta(days=1), each=EACH)
        days = archive.rule_days(ask.now - timedelta(days=SPARK_DAYS))
        trends = {
            trend.rule: trend for trend in archive.trends({line.rule for line in lines}, since=since, now=ask.now)
        }
        day = archive.day(since)
        carried = [row for row in archive.story_rows(since=since, limit=5) if row.feeds > 1] if span.days < 2 else []
    rules = site.rules
    sections = []
    for rule, stories in groupby(lines, key=lambda line: line.rule):
        told = tuple(stories)
        usual = trends[rule].usual if rule in trends else None
        counts = [days.get(rule, {}).get(_day(ask, back), 0) for back in range(SPARK_DAYS - 1, -1, -1)]
        title = ask.words("web_spark", rule=rule, days=SPARK_DAYS, n=sum(counts))
        sections.append(
            Section(
                rule=rule,
                stories=told,
                of_stories=told[0].of_stories,
                of_articles=told[0].of_articles,
                usual=usual,
                spark=Markup(spark(counts, title=title)),
            )
        )
    sections.sort(key=lambda each: (_RANK[rules[each.rule].priority] if each.rule in rules else 3, each.rule))
    silent = sorted(
        rule.name for rule in rules.values() if rule.enabled and rule.name not in {s.rule for s in sections}
    )
    return {
        "sections": sections,
        "day": day,
        "span": chosen,
        "spans": list(SPANS),
        "silent": silent,
        "carried": carried,
    }


def _day(ask: Ask, back: int) -> str:
    return f"{ask.now - timedelta(days=back):%Y-%m-%d}"
