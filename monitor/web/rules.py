"""The rules: what each found over time, its last matches, and what another query would have found instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any

from markupsafe import Markup

from monitor.archive.browsed import BrowsedArchive
from monitor.archive.browsing import Mentions
from monitor.charts import SERIES, Bar, ranking, spark, stacked
from monitor.errors import RuleError
from monitor.model import RuleSpec
from monitor.render.words import Words
from monitor.search import Hit, candidates_for, finder, hit_of, written
from monitor.web.shown import day_name
from monitor.web.site import LONGEST_QUERY, Ask, NotFound, Site

SPANS = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
MATCHES = 20
OUTLETS = 12
TRIAL_SECONDS = 5.0
TRIAL_SHOWN = 20
_SPARK_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """A rule in the list of rules."""

    name: str
    query: str  # empty: it is no longer in the configuration
    enabled: bool
    days: int  # articles in the last so many days
    spark: Markup


def rule_list(site: Site, ask: Ask) -> Mapping[str, Any]:
    """Every rule, those too that are no longer in the configuration."""
    rules = site.rules
    with site.reading() as archive:
        names = archive.rule_names()
        found = archive.rule_days(ask.now - timedelta(days=_SPARK_DAYS))
    lines = []
    for name in [*rules, *(name for name in names if name not in rules)]:
        days = found.get(name, {})
        counts = [days.get(f"{ask.now - timedelta(days=back):%Y-%m-%d}", 0) for back in range(_SPARK_DAYS - 1, -1, -1)]
        title = ask.words("web_spark", rule=name, days=_SPARK_DAYS, n=sum(counts))
        lines.append(
            RuleLine(
                name=name,
                query=written(rules[name]) if name in rules else "",
                enabled=name in rules and rules[name].enabled,
                days=sum(counts),
                spark=Markup(spark(counts, title=title)),
            )
        )
    return {"lines": lines, "days": _SPARK_DAYS}


def rule(site: Site, ask: Ask) -> Mapping[str, Any]:
    """One rule."""
    name = ask.named["name"]
    chosen, days = ask.one_of("span", SPANS, "90d")
    before = ask.number("before")
    spec = site.rules.get(name)
    since = (ask.now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0)
    with site.reading() as archive:
        matches = archive.rule_matches(name, before=before, limit=MATCHES + 1)
        if spec is None and not matches:
            raise NotFound(ask.words("web_no_rule", name=name))
        found = archive.mentions(name, since)
        titles = archive.feed_titles(found.feeds)
        test = _trial(site, ask, archive, name)
    languages = _languages(found, ask.words)
    return {
        "name": name,
        "spec": spec,
        "query": written(spec) if spec else "",
        "span": chosen,
        "spans": list(SPANS),
        "total": found.articles,
        "legend": [label for label, _ in languages],
        "chart": Markup(_chart(found, languages, since.date(), days, ask.words)),
        "table": _table(found, ask.words),
        "outlets": Markup(_outlets(found, titles, ask.words)),
        "matches": matches[:MATCHES],
        "older": matches[MATCHES - 1].article if len(matches) > MATCHES else None,
        "before": before,
        "test": test,
    }


# ── charts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _languages(found: Mentions, words: Words) -> list[tuple[str, frozenset[str]]]:
    """The series of the chart: the languages with the most articles, the others together."""
    counts: Counter[str] = Counter()
    for languages in found.days.values():
        counts.update(languages)
    named = [tag for tag, _ in counts.most_common()]
    series = [(words.tag(tag), frozenset({tag})) for tag in named[: SERIES - 1 if len(named) > SERIES else SERIES]]
    if rest := named[len(series) :]:
        series.append((words("web_others"), frozenset(rest)))
    return series


def _chart(
    found: Mentions, languages: Sequence[tuple[str, frozenset[str]]], first: date, days: int, words: Words
) -> str:
    width = 1 if days <= 90 else 7
    place = {tag: number for number, (_, tags) in enumerate(languages) for tag in tags}
    counts = [[0] * len(languages) for _ in range(-(-days // width))]
    for day, by_language in found.days.items():
        at = (date.fromisoformat(day) - first).days // width
        if 0 <= at < len(counts):
            for tag, articles in by_language.items():
                counts[at][place[tag]] += articles
    bars = []
    every = -(-len(counts) // 8)
    for number, parts in enumerate(counts):
        label = day_name(str(first + timedelta(days=number * width)), words)
        bars.append(
            Bar(
                label=label if number % every == 0 else "",
                told=words("web_bar_week" if width > 1 else "web_bar", day=label, n=sum(parts)),
                parts=tuple(parts),
            )
        )
    description = words("web_chart_told", n=found.articles, days=days)
    return stacked(bars, title=words("web_chart_title"), description=description)


def _outlets(found: Mentions, titles: Mapping[str, str], words: Words) -> str:
    rows = [(titles.get(feed, feed), articles) for feed, articles in list(found.feeds.items())[:OUTLETS]]
    return ranking(rows, title=words("web_outlets_title"), description=words("web_outlets_told", n=len(found.feeds)))


def _table(found: Mentions, words: Words) -> list[tuple[str, int, str]]:
    """The chart's numbers: day, articles, of which in which language; newest first, days with some only."""
    return [
        (
            day,
            sum(languages.values()),
            ", ".join(
                f"{words.tag(tag)} {articles}" for tag, articles in sorted(languages.items(), key=lambda each: -each[1])
            ),
        )
        for day, languages in sorted(found.days.items(), reverse=True)
    ]


# ── trying a query ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a query would have found, beside what the rule did."""

    query: str
    days: int
    error: str  # empty: it is a query
    found: int = 0
    kept: int = 0  # of those that the rule matched
    gained: tuple[Hit, ...] = ()  # found, and not matched by the rule; the newest
    of_gained: int = 0
    lost: tuple[int, ...] = ()  # matched by the rule, and not found
    back_to: datetime | None = None  # where time was up; None: all was looked at


def _trial(site: Site, ask: Ask, archive: BrowsedArchive, name: str) -> Trial | None:
    """Holds the query that was written against the archive, within a time; None: none was."""
    query = ask.given.get("try", "")
    if not query:
        return None
    days = min(ask.number("days", 7) or 7, 365)
    if len(query) > LONGEST_QUERY:
        return Trial(query=query, days=days, error=ask.words("web_too_long", n=LONGEST_QUERY))
    from monitor.rules import RuleSet, compile_rule

    config = site.config
    try:
        compiled = compile_rule(RuleSpec(name=name, query=query), config.aliases if config else {})
    except RuleError as error:
        return Trial(query=query, days=days, error=str(error))
    since = ask.now - timedelta(days=days)
    over = monotonic() + TRIAL_SECONDS
    find = finder(RuleSet([compiled]), site.feeds)
    on_record = archive.matched_since(name, since)
    seen: set[int] = set()
    gained: list[Hit] = []
    of_gained, back_to = 0, None
    for row in archive.search(candidates_for([compiled]), since=since):
        if monotonic() > over:
            back_to = row.first_seen_at
            break
        if matches := find(row):
            seen.add(row.id)
            if row.id not in on_record:
                of_gained += 1
                if len(gained) < TRIAL_SHOWN:
                    gained.append(hit_of(row, matches[0]))
    lost = [article for article, at in on_record.items() if article not in seen and (back_to is None or at > back_to)]
    return Trial(
        query=query,
        days=days,
        error="",
        found=len(seen),
        kept=len(seen & on_record.keys()),
        gained=tuple(gained),
        of_gained=of_gained,
        lost=tuple(sorted(lost, reverse=True)),
        back_to=back_to,
    )
