"""What the rules found in an article, in SQL. Each function runs inside its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from monitor.archive.outbox import queue_deliveries
from monitor.archive.values import params
from monitor.model import AlertIntent, Match


def store_matches(db: sqlite3.Connection, matches: Iterable[Match], article: int, at: datetime) -> None:
    """Notes which rules matched an article. A rule that matched it before keeps its first match."""
    for match in matches:
        db.execute(
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
        )


def store_alert(db: sqlite3.Connection, alert: AlertIntent, article: int, at: datetime) -> None:
    """Raises an alert, unless this rule has on this article, and queues its messages."""
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
