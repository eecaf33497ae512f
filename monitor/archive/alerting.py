"""What the rules found in an article, in SQL: matches, and the alerts that come of them.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from monitor.alert import to_tell
from monitor.archive.values import params
from monitor.archive.waiting import tell, told_of
from monitor.model import AlertIntent, Backfill, Match


def store_matches(db: sqlite3.Connection, matches: Iterable[Match], article: int, at: datetime) -> int:
    """Notes which rules matched an article; how many had not. A rule that had keeps its first match."""
    stored = 0
    for match in matches:
        stored += db.execute(
            """
            INSERT INTO matches (rule, article, matched_at, score, excerpt, marks, words)
            VALUES (:rule, :article, :matched_at, :score, :excerpt, :marks, :words) ON CONFLICT DO NOTHING
            """,
            params(
                rule=match.rule,
                article=article,
                matched_at=at,
                score=match.score,
                excerpt=match.excerpt.text,
                marks=match.excerpt.marks,
                words=match.words,
            ),
        ).rowcount
    return stored


def store_alert(
    db: sqlite3.Connection,
    alert: AlertIntent,
    article: int,
    at: datetime,
    *,
    relation: str | None = None,
    feed: str | None = None,
) -> bool:
    """Raises an alert, and lets wait what tells of it; False when it had been raised, or tells nobody.

    Who was told of its story hears more of it only if the rule says so. An alert on an article that therefore tells
    nobody is kept, as joined to its story. `relation` is how the article belongs to that; `feed` another one that has
    it now.
    """
    said = db.execute("SELECT story, revisions FROM articles WHERE id = ?", (article,)).fetchone()
    telling = to_tell(alert, told=told_of(db, alert.rule, said["story"]), relation=relation, now=at)
    if not telling and alert.kind != "article":
        return False
    which = {"article": "", "revision": f" {said['revisions']}", "carrier": f" {feed}"}[alert.kind]
    raised = db.execute(
        """
        INSERT INTO alerts (key, kind, rule, story, article, feed, digest, created_at, state)
        VALUES (:key, :kind, :rule, :story, :article, :feed, :digest, :created_at, 'joined')
        ON CONFLICT DO NOTHING RETURNING id
        """,
        params(
            key=f"{alert.kind} {article}{which} {alert.rule}",
            kind=alert.kind,
            rule=alert.rule,
            story=said["story"],
            article=article,
            feed=feed if alert.kind == "carrier" else None,
            digest=alert.digest,
            created_at=at,
        ),
    ).fetchone()
    if raised is None:
        return False
    tell(db, raised["id"], telling, at)
    return bool(telling)


def record_backfill(db: sqlite3.Connection, found: Iterable[Backfill], now: datetime) -> tuple[int, int]:
    """Matches found afterwards, each of the instant its article was first seen; how many matches are new, and
    alerts that tell somebody."""
    matches = alerts = 0
    for each in found:
        matches += store_matches(db, each.matches, each.article, each.first_seen_at)
        alerts += sum(store_alert(db, alert, each.article, now) for alert in each.alerts)
    return matches, alerts


def rate(db: sqlite3.Connection, alert: int, verdict: str, note: str | None, now: datetime) -> bool:
    """Notes what somebody thought of an alert, in place of what was noted before; False: there is no such alert."""
    return bool(
        db.execute(
            """
            INSERT INTO feedback (alert, verdict, at, note)
            SELECT id, :verdict, :now, :note FROM alerts WHERE id = :alert
            ON CONFLICT (alert) DO UPDATE SET verdict = :verdict, at = :now, note = :note
            """,
            params(alert=alert, verdict=verdict, note=note, now=now),
        ).rowcount
    )
