"""The pages of articles, in SQL: which are wanted, which are due, what became of them.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from urllib.parse import urlsplit

from monitor.archive import stories, watching
from monitor.archive.alerting import store_alert, store_matches
from monitor.archive.values import Bindable, due, instant, instant_or_none, params, texts
from monitor.model import Article, PageOutcome, PageWanted, PollOutcome
from monitor.rules import fts_text

# How many pages of a host one lease takes: a feed of that host that becomes due meanwhile waits for them.
PAGES_A_LEASE = 10

# Which pages a lease is for. A feed that is paused has none read unless it is polled by name.
DUE = """
    pages.state = 'waiting' AND pages.next_attempt_at <= :now AND feeds.state <> 'removed'
    AND iif(:named, feeds.key IN (SELECT value FROM json_each(:keys)), feeds.state <> 'paused')
"""


def want(db: sqlite3.Connection, outcome: PollOutcome, ids: tuple[int, ...]) -> None:
    """Notes of which articles the pages are to be read; `ids` are those of the findings, in step.

    A page that was read before is wanted anew, because its article was revised; but not within the hour: some feeds
    say something else at every poll.
    """
    wanted = [
        params(
            article=article,
            feed=outcome.feed,
            host=urlsplit(finding.page).netloc.rpartition("@")[2].lower(),
            url=finding.page,
            news=finding.news,
            at=outcome.at,
            feed_text=finding.verdict.article.text,
        )
        for finding, article in zip(outcome.findings, ids, strict=True)
        if finding.page is not None
    ]
    db.executemany("INSERT INTO hosts (host) VALUES (:host) ON CONFLICT DO NOTHING", wanted)
    db.executemany(
        """
        INSERT INTO pages (article, feed, host, url, state, news, next_attempt_at, feed_text)
        VALUES (:article, :feed, :host, :url, 'waiting', :news, :at, :feed_text)
        ON CONFLICT (article) DO UPDATE SET
            feed = :feed, host = :host, url = :url, state = 'waiting', news = :news, attempts = 0, error = NULL,
            next_attempt_at = max(:at, coalesce(strftime('%Y-%m-%dT%H:%M:%SZ', fetched_at, '+1 hour'), :at)),
            feed_text = :feed_text
        """,
        wanted,
    )


def due_pages(db: sqlite3.Connection, host: str, given: Mapping[str, Bindable]) -> tuple[PageWanted, ...]:
    """The pages of a host to be read now, those of the newest articles first. `given` are the parameters of DUE."""
    rows = db.execute(
        f"""
        SELECT pages.article, pages.feed AS asked_by, pages.url, pages.attempts, pages.news, pages.feed_text,
               feeds.title AS feed_title, feeds.language AS feed_language,
               articles.feed, articles.guid, articles.link, articles.link_key, articles.title, articles.authors,
               articles.categories, articles.published_at, articles.published_source, articles.first_seen_at,
               articles.content_digest, articles.fingerprint,
               (SELECT entry_key FROM sightings WHERE article = articles.id AND feed = articles.feed
                ORDER BY seen_at, entry_key LIMIT 1) AS entry_key,
               (SELECT json_group_array(rule) FROM matches WHERE article = articles.id) AS rules
        FROM pages JOIN articles ON articles.id = pages.article JOIN feeds ON feeds.key = pages.feed
        WHERE pages.host = :host AND {DUE}
        ORDER BY pages.article DESC LIMIT {PAGES_A_LEASE}
        """,
        {**given, "host": host},
    )
    return tuple(map(_page_wanted, rows))


def _page_wanted(row: sqlite3.Row) -> PageWanted:
    return PageWanted(
        id=row["article"],
        url=row["url"],
        article=Article(
            feed=row["feed"],
            entry_key=row["entry_key"],
            guid=row["guid"],
            link=row["link"],
            link_key=row["link_key"],
            title=row["title"],
            text=row["feed_text"],
            authors=texts(row["authors"]),
            categories=texts(row["categories"]),
            published_at=instant_or_none(row["published_at"]),
            published_source=row["published_source"],
            seen_at=instant(row["first_seen_at"]),
            declared_language=row["feed_language"],
            digest=0,
            content_digest=row["content_digest"],
            fingerprint=row["fingerprint"],
        ),
        feed=row["asked_by"],
        feed_title=row["feed_title"] or row["asked_by"],
        attempts=row["attempts"],
        news=bool(row["news"]),
        rules=frozenset(texts(row["rules"])),
    )


def record_page(db: sqlite3.Connection, outcome: PageOutcome) -> bool:
    """Writes a reading of a page, or nothing and False when the article was revised since it was asked for."""
    wanted = outcome.wanted
    full = outcome.full_text
    settled = db.execute(
        """
        UPDATE pages SET
            state = iif(:next_attempt_at IS NOT NULL, 'waiting', iif(:error IS NULL, 'read', 'failed')),
            attempts = :attempts, next_attempt_at = :next_attempt_at, fetched_at = :at, status = :status,
            chars = coalesce(:chars, chars), error = :error
        WHERE article = :article AND state = 'waiting' AND attempts < :attempts
          AND (SELECT content_digest FROM articles WHERE id = :article) = :content_digest
        """,
        params(
            article=wanted.id,
            content_digest=wanted.article.content_digest,
            attempts=wanted.attempts + 1,
            next_attempt_at=outcome.next_attempt_at and due(outcome.next_attempt_at),
            at=outcome.at,
            status=outcome.status,
            chars=full and len(full.text) - len(wanted.article.text),
            error=outcome.error,
        ),
    )
    if outcome.hold_host_until is not None:
        db.execute(
            """
            UPDATE pages SET next_attempt_at = max(next_attempt_at, :until)
            WHERE state = 'waiting' AND host = (SELECT host FROM pages WHERE article = :article)
            """,
            params(article=wanted.id, until=due(outcome.hold_host_until)),
        )
    if not settled.rowcount:
        return False
    if full is not None:
        guess = full.enrichment.language
        db.execute(
            """
            UPDATE articles SET
                text = :text, text_source = 'page', text_words = :text_words, language = :language,
                language_confidence = :confidence, language_source = :source
            WHERE id = :article
            """,
            params(
                article=wanted.id,
                text=full.text,
                text_words=fts_text(full.text),
                language=guess.language,
                confidence=guess.confidence,
                source=guess.source,
            ),
        )
        stories.index_signature(db, wanted.id, full.signature)
        if outcome.story is not None and isinstance(outcome.story.to, int):
            stories.join_story(db, wanted.id, outcome.story.to, outcome.story, outcome.at)
        store_matches(db, outcome.matches, wanted.id, outcome.at)
        watching.note_failures(db, outcome.failures, wanted.id, outcome.at)
        relation = outcome.story.relation if outcome.story else None
        for alert in outcome.alerts:
            store_alert(db, alert, wanted.id, outcome.at, relation=relation)
    return True
