"""What is known of one article, and of the stories and events it is in, in SQL. Nothing here writes."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from monitor.archive.reading import delivery_rows
from monitor.archive.reports import Carrier, Explanation, Member, Raised, StoryRow, Version
from monitor.archive.values import instant, instant_or_none, marks, params

_TABLES = {"story": "stories", "event": "events"}


def story_rows(
    db: sqlite3.Connection, kind: str, *, since: datetime | None, limit: int, several: bool
) -> tuple[StoryRow, ...]:
    """Stories, or events, that were seen since: those carried by most feeds first."""
    rows = db.execute(
        f"""
        SELECT groups.id, groups.articles, groups.feeds, groups.first_seen_at, groups.last_seen_at, title
        FROM {_TABLES[kind]} AS groups JOIN articles ON articles.id = groups.first_article
        WHERE (:since IS NULL OR groups.last_seen_at >= :since)
              AND (NOT :several OR groups.articles > 1 OR groups.feeds > 1)
        ORDER BY groups.feeds DESC, groups.articles DESC, groups.last_seen_at DESC, groups.id DESC LIMIT :limit
        """,
        params(since=since, limit=limit, several=several),
    )
    return tuple(_story(db, kind, row) for row in rows.fetchall())


def story_row(db: sqlite3.Connection, kind: str, number: int) -> StoryRow | None:
    """One story or event; None: there is none of that number."""
    row = db.execute(
        f"""
        SELECT groups.id, groups.articles, groups.feeds, groups.first_seen_at, groups.last_seen_at, title
        FROM {_TABLES[kind]} AS groups JOIN articles ON articles.id = groups.first_article WHERE groups.id = :number
        """,
        params(number=number),
    ).fetchone()
    return None if row is None else _story(db, kind, row)


def _story(db: sqlite3.Connection, kind: str, row: sqlite3.Row) -> StoryRow:
    members = _members(db, kind, row["id"])
    languages = [member.language for member in members]
    return StoryRow(
        id=row["id"],
        kind=kind,
        title=row["title"],
        languages=tuple(sorted(set(languages), key=lambda language: (-languages.count(language), language))),
        articles=row["articles"],
        feeds=row["feeds"],
        first_seen_at=instant(row["first_seen_at"]),
        last_seen_at=instant(row["last_seen_at"]),
        members=members,
    )


def _members(db: sqlite3.Connection, kind: str, number: int) -> tuple[Member, ...]:
    rows = db.execute(
        f"""
        SELECT articles.id, story, feed, language, first_seen_at, title, link, other, relation, score,
               (SELECT count(DISTINCT feed) FROM sightings WHERE sightings.article = articles.id) AS feeds
        FROM articles LEFT JOIN relations ON relations.article = articles.id AND relations.kind = :kind
        WHERE articles.{kind} = :number ORDER BY articles.id
        """,
        params(kind=kind, number=number),
    )
    return tuple(
        Member(
            id=row["id"],
            story=row["story"],
            feed=row["feed"],
            feeds=row["feeds"],
            language=row["language"],
            first_seen_at=instant(row["first_seen_at"]),
            title=row["title"],
            link=row["link"],
            other=row["other"],
            relation=row["relation"],
            score=row["score"],
        )
        for row in rows
    )


def find_articles(db: sqlite3.Connection, *, link: str, link_key: str | None) -> tuple[int, ...]:
    """The articles with this link, as any feed gives it or in the form we compare by; the latest first."""
    rows = db.execute(
        """
        SELECT id FROM articles WHERE link_key = :link_key
        UNION SELECT id FROM articles WHERE link = :link AND :link_key IS NULL
        UNION SELECT article FROM sightings WHERE link = :link AND :link_key IS NULL
        ORDER BY id DESC
        """,
        params(link=link, link_key=link_key),
    ).fetchall()
    if not rows and link_key is not None:
        return find_articles(db, link=link, link_key=None)
    return tuple(row["id"] for row in rows)


def explain(db: sqlite3.Connection, number: int) -> Explanation | None:
    """All there is to know of an article; None: there is none of that number."""
    row = db.execute(
        """
        SELECT id, title, link, link_key, first_seen_at, published_at, published_source, updated_at, text_source,
               language, language_confidence, language_source, revisions, story, event
        FROM articles WHERE id = :number
        """,
        params(number=number),
    ).fetchone()
    if row is None:
        return None
    story = story_row(db, "story", row["story"])
    assert story is not None, "every article has a story"
    return Explanation(
        id=row["id"],
        title=row["title"],
        link=row["link"],
        link_key=row["link_key"],
        first_seen_at=instant(row["first_seen_at"]),
        published_at=instant_or_none(row["published_at"]),
        published_source=row["published_source"],
        updated_at=instant_or_none(row["updated_at"]),
        text_source=row["text_source"],
        language=row["language"],
        language_confidence=row["language_confidence"],
        language_source=row["language_source"],
        changes=row["revisions"],
        carriers=_carriers(db, number),
        versions=_versions(db, number),
        story=story,
        event=None if row["event"] is None else story_row(db, "event", row["event"]),
        rules=_rules(db, number),
    )


def _carriers(db: sqlite3.Connection, article: int) -> tuple[Carrier, ...]:
    rows = db.execute(
        """
        SELECT feed, seen_at, why, entry_key, guid, link FROM sightings WHERE article = :article
        ORDER BY seen_at, why <> 'new', feed, entry_key
        """,
        params(article=article),
    )
    return tuple(
        Carrier(
            feed=row["feed"],
            seen_at=instant(row["seen_at"]),
            why=row["why"],
            entry_key=row["entry_key"],
            guid=row["guid"],
            link=row["link"],
        )
        for row in rows
    )


def _versions(db: sqlite3.Connection, article: int) -> tuple[Version, ...]:
    rows = db.execute(
        "SELECT seen_at, title, text FROM revisions WHERE article = :article ORDER BY id", params(article=article)
    )
    return tuple(Version(seen_at=instant(row["seen_at"]), title=row["title"], text=row["text"]) for row in rows)


def _rules(db: sqlite3.Connection, article: int) -> tuple[Raised, ...]:
    rows = db.execute(
        """
        SELECT matches.rule, matched_at, excerpt, marks, alerts.id AS alert, alerts.state
        FROM matches LEFT JOIN alerts ON alerts.rule = matches.rule AND alerts.article = matches.article
                                   AND alerts.kind = 'article'
        WHERE matches.article = :article ORDER BY matches.rule
        """,
        params(article=article),
    )
    return tuple(
        Raised(
            rule=row["rule"],
            matched_at=instant(row["matched_at"]),
            excerpt=row["excerpt"],
            marks=marks(row["marks"]),
            alert=row["alert"],
            state=row["state"],
            deliveries=() if row["alert"] is None else delivery_rows(db, row["alert"]),
        )
        for row in rows
    )
