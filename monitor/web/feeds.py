"""The feeds: how each does, when it publishes, what may be missing and what helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor.advice import advice
from monitor.archive.browsing import FeedHealth
from monitor.charts import Bar, stacked, week
from monitor.errors import QueryRefused
from monitor.model import Outcome
from monitor.render.words import Words
from monitor.urls import redacted
from monitor.web.shown import day_name
from monitor.web.site import Ask, NotFound, Site

HEALTH = timedelta(days=7)
RHYTHM = timedelta(days=56)
POLLS = 20
_RANK = {"failing": 0, "blocked": 0, "gone": 0, "new": 1, "ok": 2, "paused": 3, "removed": 4}


def feed_list(site: Site, ask: Ask) -> Mapping[str, Any]:
    """Every feed, those that fail first."""
    with site.reading() as archive:
        health = archive.feed_health(ask.now - HEALTH)
        problems = {problem.feed: problem for problem in archive.feed_problems()}
    rows = sorted(health, key=lambda feed: (_RANK.get(feed.state, 2), -feed.gaps, feed.key))
    known = [feed.coverage for feed in health if feed.coverage is not None]
    return {
        "feeds": rows,
        "problems": problems,
        "failing": sum(feed.state in ("failing", "blocked", "gone") for feed in health),
        "gaps": sum(feed.gaps for feed in health),
        "coverage": ask.words.percent(sum(known) / len(known)) if known else None,
    }


def feed(site: Site, ask: Ask) -> Mapping[str, Any]:
    """One feed."""
    key = ask.named["key"]
    with site.reading() as archive:
        found = archive.feed_health(ask.now - HEALTH, feed=key)
        if not found:
            raise NotFound(ask.words("web_no_feed", feed=key))
        (health,) = found
        hours = archive.feed_hours(key, ask.now - RHYTHM)
        polls = archive.feed_polls(key, limit=POLLS)
        failed = archive.feed_polls(key, limit=POLLS, kind="failed")
        gaps = archive.feed_polls(key, limit=POLLS, kind="gap")
        remarks = [remark for remark in archive.feed_remarks(ask.now) if remark.feed == key]
    last = next((poll for poll in failed), None)
    return {
        "feed": health,
        "spec": site.feeds.get(key),
        "address": redacted(health.url),
        "advice": _advice(health, last.outcome, last.status, ask.words) if last else "",
        "remarks": remarks,
        "polls": polls,
        "failed": failed,
        "gaps": gaps,
        "rhythm": Markup(_rhythm(hours, ask.words)),
        "days": Markup(_days(hours, ask)),
        "articles": sum(hours.values()),
    }


def _advice(health: FeedHealth, outcome: str, status: int | None, words: Words) -> str:
    if health.failing_since is None:
        return ""
    try:
        return advice(Outcome(outcome), status, language=words.language)
    except (ValueError, QueryRefused):
        return ""


def _rhythm(hours: Mapping[datetime, int], words: Words) -> str:
    """When it publishes, by the reader's clock."""
    zone = ZoneInfo(words.timezone)
    counts = [0] * 168
    for hour, articles in hours.items():
        local = hour.astimezone(zone)
        counts[local.weekday() * 24 + local.hour] += articles
    days = words.weekdays
    cells = [words("web_cell", day=days[at // 24], hour=f"{at % 24:02}:00", n=count) for at, count in enumerate(counts)]
    return week(
        counts,
        days=days,
        cells=cells,
        title=words("web_rhythm_title"),
        description=words("web_rhythm_told", n=sum(counts), zone=words.timezone),
    )


def _days(hours: Mapping[datetime, int], ask: Ask) -> str:
    words, zone = ask.words, ZoneInfo(ask.words.timezone)
    today = ask.now.astimezone(zone).date()
    counts = [0] * RHYTHM.days
    for hour, articles in hours.items():
        back = (today - hour.astimezone(zone).date()).days
        if 0 <= back < len(counts):
            counts[-1 - back] += articles
    bars = _bars(counts, [str(today - timedelta(days=len(counts) - 1 - at)) for at in range(len(counts))], words)
    description = words("web_chart_told", n=sum(counts), days=RHYTHM.days)
    return stacked(bars, title=words("web_days_title"), description=description, height=140)


def _bars(counts: Sequence[int], days: Sequence[str], words: Words) -> list[Bar]:
    labels = [day_name(day, words) for day in days]
    return [
        Bar(label=label if at % 8 == 0 else "", told=words("web_bar", day=label, n=count), parts=(count,))
        for at, (label, count) in enumerate(zip(labels, counts, strict=True))
    ]
