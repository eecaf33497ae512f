"""What the archive knows about the articles of a poll, in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from monitor.archive.values import instant, json_array, params, storable
from monitor.dedupe import STORM
from monitor.language import SURE
from monitor.model import Archived, Article, Lookup
from monitor.text import fold

# For how long two articles with the same words are one article. Later it is news again, such as a yearly notice.
SAME_WORDS_FOR = timedelta(days=14)

# A feed's languages are judged by so many of its latest articles: one that changes its language is believed in days.
LANGUAGES_OF = 200

ARCHIVED_COLUMNS = """
    articles.id, articles.feed, articles.link_key, articles.title, articles.content_digest, articles.fingerprint,
    articles.language, articles.first_seen_at, articles.story
"""


def look_up(db: sqlite3.Connection, feed: str, articles: Sequence[Article], now: datetime) -> Lookup:
    """What is known about these articles of a feed."""
    by_entry_key = db.execute(
        f"""
        SELECT wanted.value, {ARCHIVED_COLUMNS} FROM json_each(:keys) AS wanted
        CROSS JOIN sightings ON sightings.feed = :feed AND sightings.entry_key = wanted.value
        JOIN articles ON articles.id = sightings.article
        """,
        params(feed=feed, keys=[article.entry_key for article in articles]),
    ).fetchall()
    by_link = db.execute(
        f"""
        SELECT wanted.value, {ARCHIVED_COLUMNS} FROM json_each(:keys) AS wanted
        CROSS JOIN articles ON articles.id = (SELECT min(id) FROM articles WHERE link_key = wanted.value)
        """,
        {"keys": json_array(link_keys(articles))},
    ).fetchall()
    by_fingerprint = db.execute(
        f"""
        SELECT wanted.value, {ARCHIVED_COLUMNS} FROM json_each(:keys) AS wanted
        CROSS JOIN articles ON articles.id =
            (SELECT min(id) FROM articles WHERE fingerprint = wanted.value AND first_seen_at >= :since)
        """,
        params(keys=fingerprints(articles), since=now - SAME_WORDS_FOR),
    ).fetchall()
    by_content = db.execute(
        f"""
        SELECT content_digest AS value, {ARCHIVED_COLUMNS} FROM articles
        WHERE feed = :feed AND first_seen_at >= :since
              AND content_digest IN (SELECT value FROM json_each(:keys)) ORDER BY id DESC
        """,
        params(feed=feed, keys=content_digests(articles), since=now - SAME_WORDS_FOR),
    ).fetchall()
    found = _archived(db, [*by_entry_key, *by_link, *by_fingerprint, *by_content])
    sighted = {row["value"]: found[row["id"]] for row in by_entry_key}
    linked = {row["value"]: found[row["id"]] for row in by_link}
    carried = db.execute(
        "SELECT DISTINCT article FROM sightings WHERE feed = :feed AND article IN (SELECT value FROM json_each(:ids))",
        params(feed=feed, ids=list(found)),
    )
    return Lookup(
        by_entry_key={a.entry_key: sighted[key] for a in articles if (key := storable(a.entry_key)) in sighted},
        by_link={a.link_key: linked[key] for a in articles if a.link_key and (key := storable(a.link_key)) in linked},
        by_fingerprint={row["value"]: found[row["id"]] for row in by_fingerprint},
        by_content={row["value"]: found[row["id"]] for row in by_content},
        carried=frozenset(row["article"] for row in carried),
        headlines=_headlines(db, feed, now) if len(articles) - len(sighted) >= STORM else frozenset(),
        languages=_languages(db, feed),
    )


def _headlines(db: sqlite3.Connection, feed: str, now: datetime) -> frozenset[str]:
    rows = db.execute(
        "SELECT DISTINCT title FROM articles WHERE feed = :feed AND first_seen_at >= :since",
        params(feed=feed, since=now - SAME_WORDS_FOR),
    )
    return frozenset(fold(row["title"]) for row in rows)


def _languages(db: sqlite3.Connection, feed: str) -> dict[str, int]:
    """How many of a feed's recent articles were surely in each language, by their own text."""
    rows = db.execute(
        f"""
        SELECT language, count(*) AS articles FROM
            (SELECT language, language_source, language_confidence FROM articles WHERE feed = :feed
             ORDER BY first_seen_at DESC LIMIT {LANGUAGES_OF})
        WHERE language_source IN ('script', 'detected') AND language_confidence >= {SURE}
        GROUP BY language ORDER BY language
        """,
        params(feed=feed),
    )
    return {row["language"]: row["articles"] for row in rows}


def link_keys(articles: Iterable[Article]) -> list[str]:
    """The canonical links of the articles that have one."""
    return [article.link_key for article in articles if article.link_key is not None]


def fingerprints(articles: Iterable[Article]) -> list[int]:
    """The fingerprints of the articles that have one."""
    return [article.fingerprint for article in articles if article.fingerprint is not None]


def content_digests(articles: Iterable[Article]) -> list[int]:
    """The content digests of the articles that have neither link nor enough words to be known by."""
    return [a.content_digest for a in articles if a.link_key is None and a.fingerprint is None]


def _archived(db: sqlite3.Connection, rows: Iterable[sqlite3.Row]) -> dict[int, Archived]:
    distinct = {row["id"]: row for row in rows}
    rules: dict[int, set[str]] = {}
    for match in db.execute(
        "SELECT article, rule FROM matches WHERE article IN (SELECT value FROM json_each(:ids))",
        {"ids": json_array(distinct)},
    ):
        rules.setdefault(match["article"], set()).add(match["rule"])
    return {
        article: Archived(
            id=article,
            feed=row["feed"],
            link_key=row["link_key"],
            title=row["title"],
            content_digest=row["content_digest"],
            fingerprint=row["fingerprint"],
            language=row["language"],
            first_seen_at=instant(row["first_seen_at"]),
            rules=frozenset(rules.get(article, ())),
            story=row["story"],
        )
        for article, row in distinct.items()
    }


def last_article(db: sqlite3.Connection) -> int:
    """The id of the article archived last; 0 for none. Later ones are greater."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'articles'").fetchone()
    return row["seq"] if row else 0
