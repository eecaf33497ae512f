"""What the web pages show, in SQL. Each query stays short at a million articles: by an index, and over so many rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.archive import reading
from monitor.archive.values import instant, instant_or_none, json_array, params, texts
from monitor.model import SUCCESSES

_OUTLETS = 4  # of a story that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """A story that a rule matched, as a line of a page."""

    rule: str
    story: int
    article: int  # the newest of it that was matched
    title: str
    link: str | None
    language: str  # of that article
    languages: tuple[str, ...]  # of those that were matched
    seen_at: datetime  # when that article was first seen
    outlet: str  # its first carrier
    outlets: tuple[str, ...]  # who carries the story, the first so many
    feeds: int  # how many carry it
    articles: int  # how many of it were matched in the time
    excerpt: str
    marks: tuple[tuple[int, int], ...]
    of_stories: int  # how many stories the rule matched in the time
    of_articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchLine:
    """An article that a rule matched."""

    article: int
    story: int
    title: str
    link: str | None
    language: str
    seen_at: datetime
    outlet: str
    excerpt: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """How many articles a rule matched."""

    days: Mapping[str, Mapping[str, int]]  # YYYY-MM-DD (UTC) of the first sighting → language → articles
    feeds: Mapping[str, int]  # first carrier → articles, most first

    @property
    def articles(self) -> int:
        """All of them."""
        return sum(self.feeds.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened since an instant, in numbers."""

    articles: int
    matches: int
    alerts_sent: int
    waiting: int  # alerts that wait for their time
    dead: int  # messages given up
    feeds: int
    feeds_failing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """A feed and how it does."""

    key: str
    title: str | None
    url: str
    language: str | None
    country: str | None
    state: str
    polled_at: datetime | None
    changed_at: datetime | None
    next_poll_at: datetime
    failing_since: datetime | None
    last_error: str | None
    articles: int  # that it was the first to carry, since the instant asked for
    polls: int
    failed: int
    gaps: int  # polls that had nothing in common with the one before
    compared: int  # polls of which that can be told

    @property
    def coverage(self) -> float | None:
        """Which share of the polls that can tell had an overlap with the one before; None: none can tell."""
        return 1 - self.gaps / self.compared if self.compared else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollLine:
    """A poll."""

    at: datetime
    status: int | None
    outcome: str
    duration_ms: int
    entries: int | None
    new: int
    gap: bool
    error: str | None


def day(db: sqlite3.Connection, since: datetime) -> Day:
    """What happened since an instant."""
    row = db.execute(
        """
        SELECT (SELECT count(*) FROM articles WHERE first_seen_at >= :since) AS articles,
               (SELECT count(*) FROM matches WHERE matched_at >= :since) AS matches,
               (SELECT count(*) FROM alerts WHERE created_at >= :since AND state = 'sent') AS alerts_sent,
               (SELECT count(*) FROM alerts WHERE state = 'waiting') AS waiting,
               (SELECT count(DISTINCT message) FROM deliveries WHERE state = 'dead') AS dead,
               (SELECT count(*) FROM feeds WHERE state NOT IN ('removed', 'paused')) AS feeds,
               (SELECT count(*) FROM feeds WHERE state IN ('failing', 'blocked', 'gone')) AS feeds_failing
        """,
        params(since=since),
    ).fetchone()
    return Day(**{name: row[name] for name in row.keys()})  # noqa: SIM118  # a Row iterates over its values


def rule_stories(
    db: sqlite3.Connection, since: datetime, until: datetime, *, each: int, rule: str | None = None
) -> tuple[StoryLine, ...]:
    """The newest stories of each rule, or of one, that it matched between two instants: so many of each."""
    rows = db.execute(
        f"""
        WITH found AS (
            SELECT matches.rule, articles.story, max(articles.id) AS newest, count(*) AS articles,
                   json_group_array(DISTINCT articles.language) AS languages
            FROM matches CROSS JOIN articles ON articles.id = matches.article
            WHERE matches.matched_at >= :since AND matches.matched_at < :until
              {"" if rule is None else "AND matches.rule = :rule"}
            GROUP BY matches.rule, articles.story
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY rule ORDER BY newest DESC) AS place,
                   count(*) OVER (PARTITION BY rule) AS of_stories,
                   sum(articles) OVER (PARTITION BY rule) AS of_articles
            FROM found
        )
        SELECT ranked.*, articles.title, articles.link, articles.language, articles.first_seen_at,
               coalesce(feeds.title, feeds.key) AS outlet, stories.feeds, matches.excerpt, matches.marks,
               (SELECT json_group_array(title) FROM (
                    SELECT coalesce(carrier.title, carrier.key) AS title, min(sightings.seen_at) AS seen_at
                    FROM articles AS member
                    JOIN sightings ON sightings.article = member.id
                    JOIN feeds AS carrier ON carrier.key = sightings.feed
                    WHERE member.story = ranked.story GROUP BY carrier.key ORDER BY seen_at LIMIT {_OUTLETS}
               )) AS outlets
        FROM ranked
        JOIN articles ON articles.id = ranked.newest
        JOIN stories ON stories.id = ranked.story
        JOIN feeds ON feeds.key = articles.feed
        JOIN matches ON matches.rule = ranked.rule AND matches.article = ranked.newest
        WHERE place <= :each
        ORDER BY ranked.rule, place
        """,
        params(since=since, until=until, each=each, rule=rule),
    )
    return tuple(
        StoryLine(
            rule=row["rule"],
            story=row["story"],
            article=row["newest"],
            title=row["title"],
            link=row["link"],
            language=row["language"],
            languages=texts(row["languages"]),
            seen_at=instant(row["first_seen_at"]),
            outlet=row["outlet"],
            outlets=texts(row["outlets"]),
            feeds=row["feeds"],
            articles=row["articles"],
            excerpt=row["excerpt"],
            marks=_marks(row["marks"]),
            of_stories=row["of_stories"],
            of_articles=row["of_articles"],
        )
        for row in rows
    )


def rule_matches(db: sqlite3.Connection, rule: str, *, before: int | None, limit: int) -> tuple[MatchLine, ...]:
    """The latest articles that a rule matched, newest first; only those with a smaller number, when given."""
    rows = db.execute(
        """
        SELECT matches.article, matches.excerpt, matches.marks, articles.story, articles.title, articles.link,
               articles.language, articles.first_seen_at, coalesce(feeds.title, feeds.key) AS outlet
        FROM matches
        JOIN articles ON articles.id = matches.article
        JOIN feeds ON feeds.key = articles.feed
        WHERE matches.rule = :rule AND (:before IS NULL OR matches.article < :before)
        ORDER BY matches.article DESC LIMIT :limit
        """,
        params(rule=rule, before=before, limit=limit),
    )
    return tuple(
        MatchLine(
            article=row["article"],
            story=row["story"],
            title=row["title"],
            link=row["link"],
            language=row["language"],
            seen_at=instant(row["first_seen_at"]),
            outlet=row["outlet"],
            excerpt=row["excerpt"],
            marks=_marks(row["marks"]),
        )
        for row in rows
    )


def mentions(db: sqlite3.Connection, rule: str, since: datetime) -> Mentions:
    """How many articles a rule matched since an instant."""
    rows = db.execute(
        """
        WITH found AS MATERIALIZED (
            SELECT date(articles.first_seen_at) AS day, articles.language, articles.feed
            FROM matches CROSS JOIN articles ON articles.id = matches.article
            WHERE matches.rule = :rule AND matches.article >= :first
        )
        SELECT day, language, NULL AS feed, count(*) AS articles FROM found GROUP BY day, language
        UNION ALL
        SELECT NULL, NULL, feed, count(*) FROM found GROUP BY feed
        """,
        params(rule=rule, first=reading.first_since(db, since) or 2**62),
    )
    days: dict[str, dict[str, int]] = {}
    feeds: dict[str, int] = {}
    for row in rows:
        if row["feed"] is None:
            days.setdefault(row["day"], {})[row["language"]] = row["articles"]
        else:
            feeds[row["feed"]] = row["articles"]
    return Mentions(days=days, feeds=dict(sorted(feeds.items(), key=lambda item: (-item[1], item[0]))))


def matched_since(db: sqlite3.Connection, rule: str, since: datetime) -> Mapping[int, datetime]:
    """The articles first seen since an instant that a rule matched, with when they were."""
    rows = db.execute(
        """
        SELECT articles.id, articles.first_seen_at FROM matches CROSS JOIN articles ON articles.id = matches.article
        WHERE matches.rule = :rule AND matches.article >= :first AND articles.first_seen_at >= :since
        """,
        params(rule=rule, since=since, first=reading.first_since(db, since) or 2**62),
    )
    return {row["id"]: instant(row["first_seen_at"]) for row in rows}


def rule_days(db: sqlite3.Connection, since: datetime) -> Mapping[str, Mapping[str, int]]:
    """Rule → day (UTC) → how many articles it matched, since an instant."""
    rows = db.execute(
        "SELECT rule, date(matched_at) AS day, count(*) AS articles FROM matches WHERE matched_at >= :since"
        " GROUP BY rule, day",
        params(since=since),
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["rule"], {})[row["day"]] = row["articles"]
    return found


def rule_names(db: sqlite3.Connection) -> tuple[str, ...]:
    """The rules that ever matched, by name."""
    # Skips from one name to the next: reading all matches for a dozen names would take a while.
    rows = db.execute(
        """
        WITH RECURSIVE names (rule) AS (
            SELECT min(rule) FROM matches
            UNION ALL
            SELECT (SELECT min(rule) FROM matches WHERE rule > names.rule) FROM names WHERE names.rule IS NOT NULL
        )
        SELECT rule FROM names WHERE rule IS NOT NULL
        """
    )
    return tuple(row["rule"] for row in rows)


def matched_words(db: sqlite3.Connection, article: int) -> tuple[str, ...]:
    """The words of an article that any rule matched, as it writes them."""
    rows = db.execute(
        "SELECT DISTINCT value FROM matches, json_each(matches.words) WHERE matches.article = :article",
        params(article=article),
    )
    return tuple(row["value"] for row in rows)


def feed_health(db: sqlite3.Connection, since: datetime, *, feed: str | None = None) -> tuple[FeedHealth, ...]:
    """How each feed, or one, did since an instant; removed ones only when asked for."""
    grouped = "+feed" if feed is None else "feed"  # else all there ever was is read, in the order of the feeds
    counted = db.execute(
        f"""
        SELECT feed, count(*) AS polls, count(error) AS failed, coalesce(sum(gap), 0) AS gaps, count(gap) AS compared
        FROM polls WHERE at >= :since {"" if feed is None else "AND feed = :feed"} GROUP BY {grouped}
        """,
        params(since=since, feed=feed),
    )
    polls = {row["feed"]: row for row in counted}
    brought = db.execute(
        f"""
        SELECT feed, count(*) AS articles FROM articles
        WHERE first_seen_at >= :since {"" if feed is None else "AND feed = :feed"} GROUP BY {grouped}
        """,
        params(since=since, feed=feed),
    )
    articles = {row["feed"]: row["articles"] for row in brought}
    rows = db.execute(
        f"""
        SELECT key, title, url, language, country, state, polled_at, changed_at, next_poll_at, failing_since, last_error
        FROM feeds WHERE {"state <> 'removed'" if feed is None else "key = :feed"} ORDER BY key
        """,
        params(feed=feed),
    )
    return tuple(
        FeedHealth(
            key=row["key"],
            title=row["title"],
            url=row["url"],
            language=row["language"],
            country=row["country"],
            state=row["state"],
            polled_at=instant_or_none(row["polled_at"]),
            changed_at=instant_or_none(row["changed_at"]),
            next_poll_at=instant(row["next_poll_at"]),
            failing_since=instant_or_none(row["failing_since"]),
            last_error=row["last_error"],
            articles=articles.get(row["key"], 0),
            **{
                name: polls[row["key"]][name] if row["key"] in polls else 0
                for name in ("polls", "failed", "gaps", "compared")
            },
        )
        for row in rows
    )


def feed_hours(db: sqlite3.Connection, feed: str, since: datetime) -> Mapping[datetime, int]:
    """Beginning of an hour → how many articles the feed was the first to carry in it, since an instant."""
    rows = db.execute(
        """
        SELECT strftime('%Y-%m-%dT%H:00:00Z', first_seen_at) AS hour, count(*) AS articles FROM articles
        WHERE feed = :feed AND first_seen_at >= :since GROUP BY hour
        """,
        params(feed=feed, since=since),
    )
    return {instant(row["hour"]): row["articles"] for row in rows}


def feed_polls(db: sqlite3.Connection, feed: str, *, limit: int, kind: str = "all") -> tuple[PollLine, ...]:
    """The latest polls of a feed, newest first: all, those that failed, or those with a gap."""
    only = {
        "all": "TRUE",
        "failed": "outcome NOT IN (SELECT value FROM json_each(:successes))",
        "gap": "gap = 1",
    }[kind]
    rows = db.execute(
        f"""
        SELECT at, status, outcome, duration_ms, entries, new, gap, error FROM polls
        WHERE feed = :feed AND {only} ORDER BY at DESC LIMIT :limit
        """,
        {**params(feed=feed, limit=limit), "successes": json_array(sorted(SUCCESSES))},
    )
    return tuple(
        PollLine(
            at=instant(row["at"]),
            status=row["status"],
            outcome=row["outcome"],
            duration_ms=row["duration_ms"],
            entries=row["entries"],
            new=row["new"],
            gap=bool(row["gap"]),
            error=row["error"],
        )
        for row in rows
    )


def feed_titles(db: sqlite3.Connection, keys: Iterable[str]) -> Mapping[str, str]:
    """Feed → what it is called."""
    rows = db.execute(
        "SELECT key, coalesce(title, key) AS title FROM feeds WHERE key IN (SELECT value FROM json_each(:keys))",
        params(keys=list(keys)),
    )
    return {row["key"]: row["title"] for row in rows}


def _marks(value: str) -> tuple[tuple[int, int], ...]:
    return tuple((low, high) for low, high in json.loads(value))
