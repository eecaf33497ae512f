"""Which texts are old enough to go, and their going, in SQL.

What goes is text: the article's, what it said before, what its page was compared with, and its words in the full-text
index. What stays is that it was there: title, link, dates, language, story, who carried it, what matched and was sent.
So an old entry that comes again is still known, and alerts nobody.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.archive.values import params
from monitor.model import RetentionSpec

FOREVER_SECONDS = 10**12
BATCH = 500  # articles looked at in one transaction
BEGINNING = ("", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a look at some of the old articles came to."""

    articles: Mapping[str, int]  # first carrier → how many texts go
    characters: int  # of these texts
    after: tuple[str, int] | None  # where to look on, to be given to the next look; None: that was all


def prune(db: sqlite3.Connection, spec: RetentionSpec, now: datetime, *, after: tuple[str, int], dry: bool) -> Pruned:
    """Looks at the next BATCH articles that are old enough for some rule, and drops the texts that are to go; if `dry`,
    only counts them."""
    going, next_ = _going(db, spec, now, after)
    counted = _counted(db, going)
    if not dry and going:
        _drop(db, going, now)
    return Pruned(
        articles={feed: articles for feed, (articles, _) in counted.items()},
        characters=sum(characters for _, characters in counted.values()),
        after=next_,
    )


def _going(
    db: sqlite3.Connection, spec: RetentionSpec, now: datetime, after: tuple[str, int]
) -> tuple[list[int], tuple[str, int] | None]:
    """Whose texts are to go, and where to look on.

    Nothing of an article goes of which an alert or its page still waits.
    """
    if spec.shortest == timedelta.max:
        return [], None
    rows = db.execute(
        """
        WITH old AS (
            SELECT id, first_seen_at, max(first_seen_at, coalesce(updated_at, '')) AS new_at FROM articles
            WHERE pruned_at IS NULL AND first_seen_at < :cutoff AND (first_seen_at, id) > (:after_at, :after)
            ORDER BY first_seen_at, id LIMIT :batch
        )
        SELECT id, first_seen_at,
               unixepoch(new_at) + max(
                   (SELECT max(coalesce(keep.value, :keep)) FROM sightings
                    LEFT JOIN json_each(:feeds) AS keep ON keep.key = sightings.feed
                    WHERE sightings.article = old.id),
                   coalesce((SELECT max(coalesce(keep.value, :keep_matched)) FROM matches
                             LEFT JOIN json_each(:rules) AS keep ON keep.key = matches.rule
                             WHERE matches.article = old.id), 0)
               ) < unixepoch(:now)
               AND NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.article = old.id
                               AND alerts.state IN ('waiting', 'queued'))
               AND NOT EXISTS (SELECT 1 FROM pages WHERE pages.article = old.id AND pages.state = 'waiting')
               AS goes
        FROM old ORDER BY first_seen_at, id
        """,
        {
            **params(cutoff=now - spec.shortest, now=now, after_at=after[0], after=after[1], batch=BATCH),
            "keep": _seconds(spec.keep),
            "keep_matched": _seconds(spec.keep_matched),
            "feeds": json.dumps({feed: _seconds(keep) for feed, keep in spec.feeds}),
            "rules": json.dumps({rule: _seconds(keep) for rule, keep in spec.rules}),
        },
    ).fetchall()
    following = (rows[-1]["first_seen_at"], rows[-1]["id"]) if len(rows) == BATCH else None
    return [row["id"] for row in rows if row["goes"]], following


def _drop(db: sqlite3.Connection, articles: Sequence[int], now: datetime) -> None:
    """Drops the texts of articles."""
    db.execute("PRAGMA defer_foreign_keys = ON")  # until the transaction ends: a row is away for a moment
    _rewrite(db, "articles", "id", "text = '', text_words = NULL, signature = NULL, pruned_at = :now", articles, now)
    _rewrite(db, "revisions", "article", "text = ''", articles, now)
    _rewrite(db, "pages", "article", "feed_text = ''", articles, now)


def _rewrite(
    db: sqlite3.Connection, table: str, key: str, changes: str, articles: Sequence[int], now: datetime
) -> None:
    """Changes the rows of articles by taking them out and putting them back.

    A row that only becomes shorter leaves its page half empty for ever; one that is taken out lets SQLite join pages.
    """
    given = params(articles=list(articles), now=now)
    among = f"{key} IN (SELECT value FROM json_each(:articles))"
    db.execute(f"CREATE TEMP TABLE taken AS SELECT * FROM {table} WHERE {among}", given)
    db.execute(f"UPDATE taken SET {changes}", given)
    db.execute(f"DELETE FROM {table} WHERE {among}", given)
    db.execute(f"INSERT INTO {table} SELECT * FROM taken")
    db.execute("DROP TABLE taken")


def _counted(db: sqlite3.Connection, articles: Sequence[int]) -> Mapping[str, tuple[int, int]]:
    """First carrier → how many of these articles, and of how many characters their texts are."""
    rows = db.execute(
        """
        SELECT feed, count(*) AS articles, sum(length(text)) AS characters FROM articles
        WHERE id IN (SELECT value FROM json_each(:articles)) GROUP BY feed
        """,
        params(articles=list(articles)),
    )
    return {row["feed"]: (row["articles"], row["characters"]) for row in rows}


def _seconds(span: timedelta) -> int:
    return min(int(span.total_seconds()), FOREVER_SECONDS)
