"""What the archive knows about the articles of a poll, in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.archive.stories import candidates
from monitor.archive.values import instant, instant_or_none, instant_text, json_array, params, storable, texts
from monitor.language import SURE
from monitor.likeness import MAX_CHARACTERS
from monitor.model import Archived, Article, Carried, Lookup
from monitor.text import fold

# For how long two articles with the same words are one article. Later it is news again, such as a yearly notice.
SAME_WORDS_FOR = timedelta(days=14)

# A feed's languages are judged by so many of its latest articles: one that changes its language is believed in days.
LANGUAGES_OF = 200

# What a feed carried so lately may come again edited, under another name.
EDITED_WITHIN = timedelta(days=3)
_LATELY = 500  # articles at least

ARCHIVED_COLUMNS = """
    articles.id, articles.feed, articles.link_key, articles.title, articles.fingerprint, articles.language,
    articles.first_seen_at, articles.published_at, articles.story
"""
# What a feed said last of an article is what it says now is compared with; another feed's words are not its own.
SAID = """
    coalesce((SELECT said.content_digest FROM sightings AS said WHERE said.article = articles.id AND said.feed = :feed
              ORDER BY said.seen_at DESC LIMIT 1), articles.content_digest) AS content_digest
"""


def look_up(
    db: sqlite3.Connection, feed: str, articles: Sequence[Article], now: datetime, *, identity: str = "guid"
) -> Lookup:
    """What is known about these articles of a feed, whose entries are known by `identity`, as in `Identity.by`."""
    by_entry_key = db.execute(
        f"""
        SELECT wanted.value, {ARCHIVED_COLUMNS},
               coalesce(sightings.content_digest, articles.content_digest) AS content_digest
        FROM json_each(:keys) AS wanted
        CROSS JOIN sightings ON sightings.feed = :feed AND sightings.entry_key = wanted.value
        JOIN articles ON articles.id = sightings.article
        """,
        params(feed=feed, keys=[article.entry_key for article in articles]),
    ).fetchall()
    by_link = db.execute(
        f"""
        SELECT wanted.value, {ARCHIVED_COLUMNS}, {SAID} FROM json_each(:keys) AS wanted
        CROSS JOIN articles ON articles.id = (SELECT min(id) FROM articles WHERE link_key = wanted.value)
        """,
        params(feed=feed, keys=link_keys(articles)),
    ).fetchall()
    by_fingerprint = db.execute(
        f"""
        SELECT wanted.value, {ARCHIVED_COLUMNS}, {SAID} FROM json_each(:keys) AS wanted
        CROSS JOIN articles ON articles.id =
            (SELECT min(id) FROM articles WHERE fingerprint = wanted.value AND first_seen_at >= :since)
        """,
        params(feed=feed, keys=fingerprints(articles), since=now - SAME_WORDS_FOR),
    ).fetchall()
    by_content = db.execute(
        f"""
        SELECT articles.content_digest AS value, {ARCHIVED_COLUMNS}, {SAID} FROM articles
        WHERE feed = :feed AND first_seen_at >= :since
              AND articles.content_digest IN (SELECT value FROM json_each(:keys)) ORDER BY id DESC
        """,
        params(feed=feed, keys=content_digests(articles), since=now - SAME_WORDS_FOR),
    ).fetchall()
    sighted = {row["value"] for row in by_entry_key}
    unknown = [article for article in articles if storable(article.entry_key) not in sighted]
    said_before = {row["value"]: row["content_digest"] for row in by_entry_key}
    edited = [a for a in articles if said_before.get(storable(a.entry_key), a.content_digest) != a.content_digest]
    lately = _lately(db, feed, unknown, now, identity)
    rows = [*by_entry_key, *by_link, *by_fingerprint, *by_content, *lately]
    rules = _rules(db, {row["id"] for row in rows})
    known = {row["value"]: _archived(row, rules) for row in by_entry_key}
    said = _texts(db, feed, {row["id"] for row in by_link} - {row["id"] for row in by_entry_key})
    linked = {row["value"]: replace(_archived(row, rules), text=said.get(row["id"], "")) for row in by_link}
    carried = db.execute(
        "SELECT DISTINCT article FROM sightings WHERE feed = :feed AND article IN (SELECT value FROM json_each(:ids))",
        params(feed=feed, ids=list({row["id"] for row in rows})),
    )
    found = candidates(db, [*unknown, *edited], now)
    return Lookup(
        by_entry_key={a.entry_key: known[key] for a in articles if (key := storable(a.entry_key)) in known},
        by_link={a.link_key: linked[key] for a in articles if a.link_key and (key := storable(a.link_key)) in linked},
        by_fingerprint={row["value"]: _archived(row, rules) for row in by_fingerprint},
        by_content={row["value"]: _archived(row, rules) for row in by_content},
        carried=frozenset(row["article"] for row in carried),
        headlines=_headlines(db, feed, now) if unknown else frozenset(),
        lately=tuple(Carried(article=_archived(row, rules), entry_keys=texts(row["entry_keys"])) for row in lately),
        languages=_languages(db, feed),
        near=found.near,
        frequency=found.frequency,
        reports=found.reports,
    )


def _lately(
    db: sqlite3.Connection, feed: str, unknown: Sequence[Article], now: datetime, identity: str
) -> list[sqlite3.Row]:
    """What a feed carried that unknown entries of it may stand for: of the same second, or, where entries have nothing
    else to go by, all that is recent."""
    if not unknown:
        return []
    dates = {article.published_at for article in unknown if article.published_source == "published"}
    return db.execute(
        f"""
        SELECT {ARCHIVED_COLUMNS}, {SAID},
               (SELECT json_group_array(entry_key) FROM sightings
                WHERE sightings.article = articles.id AND sightings.feed = :feed) AS entry_keys
        FROM articles
        WHERE feed = :feed AND first_seen_at >= :since
              AND (:everything OR published_at IN (SELECT value FROM json_each(:dates)))
        ORDER BY first_seen_at DESC, id DESC LIMIT :limit
        """,
        params(
            feed=feed,
            # Where not even links last, an entry is as old as its feed lets it become.
            since="" if identity == "title" else instant_text(now - EDITED_WITHIN),
            everything=identity == "title" or any(a.guid is None and a.link_key is None for a in unknown),
            dates=sorted(instant_text(date) for date in dates if date is not None),
            limit=max(_LATELY, 2 * len(unknown)),
        ),
    ).fetchall()


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


def _texts(db: sqlite3.Connection, feed: str, articles: Collection[int]) -> dict[int, str]:
    """The texts of those of the articles that this feed carries."""
    rows = db.execute(
        """
        SELECT id, substr(text, 1, :most) AS text FROM articles
        WHERE id IN (SELECT value FROM json_each(:ids))
              AND EXISTS (SELECT 1 FROM sightings WHERE article = articles.id AND sightings.feed = :feed)
        """,
        params(ids=sorted(articles), feed=feed, most=MAX_CHARACTERS),
    )
    return {row["id"]: row["text"] for row in rows}


def _rules(db: sqlite3.Connection, articles: Collection[int]) -> dict[int, set[str]]:
    """The rules that matched each of these articles."""
    rules: dict[int, set[str]] = {}
    for match in db.execute(
        "SELECT article, rule FROM matches WHERE article IN (SELECT value FROM json_each(:ids))",
        {"ids": json_array(sorted(articles))},
    ):
        rules.setdefault(match["article"], set()).add(match["rule"])
    return rules


def _archived(row: sqlite3.Row, rules: Mapping[int, Collection[str]]) -> Archived:
    return Archived(
        id=row["id"],
        feed=row["feed"],
        link_key=row["link_key"],
        title=row["title"],
        content_digest=row["content_digest"],
        fingerprint=row["fingerprint"],
        language=row["language"],
        first_seen_at=instant(row["first_seen_at"]),
        rules=frozenset(rules.get(row["id"], ())),
        story=row["story"],
        published_at=instant_or_none(row["published_at"]),
    )


def last_article(db: sqlite3.Connection) -> int:
    """The id of the article archived last; 0 for none. Later ones are greater."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'articles'").fetchone()
    return row["seq"] if row else 0
