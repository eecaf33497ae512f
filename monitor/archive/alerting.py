"""What the rules found in an article, in SQL. Each function runs inside its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from monitor.archive.outbox import queue_deliveries
from monitor.archive.values import params
from monitor.model import AlertIntent, Backfill, Match


def store_matches(db: sqlite3.Connection, matches: Iterable[Match], article: int, at: datetime) -> int:
    """Notes which rules matched an article; how many had not. A rule that had keeps its first match."""
    stored = 0
    for match in matches:
        stored += db.execute(
            """
            INSERT INTO matches (rule, article, matched_at, score, excerpt, marks)
            VALUES (:rule, :article, :matched_at, :score, :excerpt, :marks) ON CONFLICT DO NOTHING
            """,
            params(
                rule=match.rule,
                article=article,
                matched_at=at,
                score=match.score,
                excerpt=match.excerpt.text,
                marks=match.excerpt.marks,
            ),
        ).rowcount
    return stored


def store_alert(db: sqlite3.Connection, alert: AlertIntent, article: int, at: datetime) -> bool:
    """Raises an alert and queues its messages; False when this rule had raised one on this article."""
    raised = db.execute(
        """
        INSERT INTO alerts (key, kind, rule, story, article, digest, created_at, state)
        SELECT :key, 'article', :rule, story, id, :digest, :created_at, :state FROM articles WHERE id = :article
        ON CONFLICT DO NOTHING RETURNING id
        """,
        params(
            key=f"article {article} {alert.rule}",
            rule=alert.rule,
            article=article,
            digest=alert.digest,
            created_at=at,
            state="queued" if alert.deliveries else "waiting",
        ),
    ).fetchone()
    if raised and alert.deliveries:
        queue_deliveries(db, raised["id"], alert.deliveries, at)
    return raised is not None


def record_backfill(db: sqlite3.Connection, found: Iterable[Backfill], now: datetime) -> tuple[int, int]:
    """Matches found afterwards, each of the instant its article was first seen; how many matches and alerts are new."""
    matches = alerts = 0
    for each in found:
        matches += store_matches(db, each.matches, each.article, each.first_seen_at)
        alerts += sum(store_alert(db, alert, each.article, now) for alert in each.alerts)
    return matches, alerts
