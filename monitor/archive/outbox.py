"""The outbox, in SQL: what is to be sent, what became of it, what waits for a digest.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from monitor.archive.values import due, instant, instant_or_none, instant_text, json_array, marks, params
from monitor.model import (
    Delivered,
    Delivery,
    DeliveryIntent,
    DeliveryResult,
    Excerpt,
    Refused,
    Told,
    TryAgain,
    WaitingAlert,
)


def queue_deliveries(db: sqlite3.Connection, alert: int, deliveries: Sequence[DeliveryIntent], now: datetime) -> None:
    """Queues an alert's messages. One whose Message-ID is in the outbox already is the same mail, and goes once."""
    db.executemany(
        """
        INSERT INTO deliveries (alert, channel, recipient, message_id, state, created_at, next_attempt_at, message)
        VALUES (:alert, :channel, :recipient, :message_id, 'queued', :created_at, :next_attempt_at, :message)
        ON CONFLICT (message_id) DO NOTHING
        """,
        [
            params(
                alert=alert,
                channel=intent.channel,
                recipient=intent.recipient,
                message_id=intent.message_id,
                created_at=now,
                next_attempt_at=due(intent.due_at),
                message=intent.message,
            )
            for intent in deliveries
        ],
    )
    _bring_alert_up_to_date(db, alert)


def due_deliveries(db: sqlite3.Connection, now: datetime, *, limit: int, everything: bool) -> tuple[Delivery, ...]:
    """Queued deliveries whose time has come, or all that are queued; oldest first."""
    rows = db.execute(
        """
        SELECT id, alert, channel, recipient, message_id, message, attempts, created_at, refusals, is_stub
        FROM deliveries
        WHERE state = 'queued' AND (next_attempt_at <= :now OR :everything) ORDER BY id LIMIT :limit
        """,
        params(now=now, everything=everything, limit=limit),
    )
    return tuple(
        Delivery(
            id=row["id"],
            alert=row["alert"],
            channel=row["channel"],
            recipient=row["recipient"],
            message_id=row["message_id"],
            message=row["message"],
            attempts=row["attempts"],
            created_at=instant(row["created_at"]),
            refusals=row["refusals"],
            is_stub=bool(row["is_stub"]),
        )
        for row in rows
    )


def told(db: sqlite3.Connection, alert: int) -> tuple[Told, ...]:
    """What an alert tells of, or the alerts that a digest carries, in the order of raising; none for a notice."""
    rows = db.execute(
        """
        SELECT rule, articles.title, articles.link FROM alerts JOIN articles ON articles.id = alerts.article
        WHERE alerts.id = :alert OR alerts.digest_alert = :alert ORDER BY alerts.id
        """,
        {"alert": alert},
    )
    return tuple(Told(rule=row["rule"], title=row["title"], link=row["link"]) for row in rows)


def settle(
    db: sqlite3.Connection,
    delivery: Delivery,
    result: DeliveryResult,
    *,
    now: datetime,
    next_attempt_at: datetime | None,
    stub: bytes | None = None,
) -> None:
    """Writes what came of an attempt; a delivery that is no longer queued stays as it is.

    `next_attempt_at` None: there is none. `stub` is what goes out then, in place of a message that was refused.
    """
    match result:
        case Delivered(reply=reply):
            became = params(state="sent", sent_at=now, reply=reply, next_attempt_at=None, last_error=None)
        case TryAgain(why=why) | Refused(why=why, about="recipient" | "message") if next_attempt_at is not None:
            became = params(
                state="queued", sent_at=None, reply=None, next_attempt_at=due(next_attempt_at), last_error=why
            )
        case TryAgain(why=why) | Refused(why=why):
            became = params(state="dead", sent_at=None, reply=None, next_attempt_at=None, last_error=why)
        case unreachable:
            assert_never(unreachable)
    db.execute(
        """
        UPDATE deliveries SET state = :state, attempts = attempts + 1, sent_at = :sent_at, reply = :reply,
                              next_attempt_at = :next_attempt_at, last_error = :last_error,
                              refusals = refusals + :refused,
                              message = coalesce(:stub, message), is_stub = max(is_stub, :stub IS NOT NULL)
        WHERE id = :id AND state = 'queued'
        """,
        {
            **became,
            "id": delivery.id,
            "refused": isinstance(result, Refused) and result.about == "recipient",
            "stub": stub,
        },
    )
    _bring_alert_up_to_date(db, delivery.alert)


def _bring_alert_up_to_date(db: sqlite3.Connection, alert: int) -> None:
    """Queued while any of its messages is, then dead if one was given up, else sent. What a digest carried follows."""
    db.execute(
        """
        UPDATE alerts SET state = CASE
            WHEN EXISTS (SELECT 1 FROM deliveries WHERE alert = alerts.id AND state = 'queued') THEN 'queued'
            WHEN EXISTS (SELECT 1 FROM deliveries WHERE alert = alerts.id AND state = 'dead') THEN 'dead'
            ELSE 'sent' END
        WHERE id = :alert
        """,
        {"alert": alert},
    )
    db.execute(
        "UPDATE alerts SET state = (SELECT state FROM alerts WHERE id = :alert) WHERE digest_alert = :alert",
        {"alert": alert},
    )


def resend(db: sqlite3.Connection, alerts: Sequence[int] | None, now: datetime) -> tuple[int, ...]:
    """Queues the messages that were given up anew: of these alerts, or all; the alerts, once for each message.

    The messages stay what they are, under the Message-ID they have. Their patience begins anew.
    """
    wanted = db.execute(
        """
        UPDATE deliveries SET state = 'queued', next_attempt_at = :now, created_at = :now, attempts = 0, refusals = 0
        WHERE state = 'dead' AND (:alerts IS NULL OR alert IN (SELECT value FROM json_each(:alerts)))
        RETURNING alert
        """,
        params(now=now, alerts=None if alerts is None else list(alerts)),
    ).fetchall()
    queued = tuple(row["alert"] for row in wanted)
    for alert in sorted(set(queued)):
        _bring_alert_up_to_date(db, alert)
    return queued


def hold_channel(db: sqlite3.Connection, channel: str, *, until: datetime) -> None:
    """Puts off a channel's queued deliveries; one that is due later anyway keeps its time."""
    db.execute(
        """
        UPDATE deliveries SET next_attempt_at = :until
        WHERE state = 'queued' AND next_attempt_at < :until AND channel = :channel
        """,
        params(channel=channel, until=due(until)),
    )


def digests_waited_for(db: sqlite3.Connection) -> dict[str, int]:
    """Digest → how many alerts wait for it."""
    rows = db.execute("SELECT digest, count(*) AS alerts FROM alerts WHERE state = 'waiting' GROUP BY digest")
    return {row["digest"]: row["alerts"] for row in rows}


def waiting_alerts(db: sqlite3.Connection, digest: str) -> tuple[WaitingAlert, ...]:
    """The alerts that wait for a digest, oldest first."""
    rows = db.execute(
        """
        SELECT alerts.id, alerts.rule, articles.title, articles.link, coalesce(matches.excerpt, '') AS excerpt,
               coalesce(matches.marks, '[]') AS marks, articles.feed, coalesce(feeds.title, feeds.key) AS feed_title,
               articles.language, articles.published_at, articles.first_seen_at,
               (SELECT count(DISTINCT feed) FROM sightings WHERE article = articles.id) AS carriers
        FROM alerts
        JOIN articles ON articles.id = alerts.article
        JOIN feeds ON feeds.key = articles.feed
        LEFT JOIN matches ON matches.rule = alerts.rule AND matches.article = alerts.article
        WHERE alerts.state = 'waiting' AND alerts.digest = :digest
        ORDER BY alerts.id
        """,
        params(digest=digest),
    )
    return tuple(
        WaitingAlert(
            id=row["id"],
            rule=row["rule"],
            title=row["title"],
            link=row["link"],
            excerpt=Excerpt(text=row["excerpt"], marks=marks(row["marks"])),
            feed=row["feed"],
            feed_title=row["feed_title"],
            language=row["language"],
            published_at=instant_or_none(row["published_at"]),
            first_seen_at=instant(row["first_seen_at"]),
            carriers=row["carriers"],
        )
        for row in rows
    )


def last_notice_at(db: sqlite3.Connection) -> datetime | None:
    """When the operator last got a notice; None: never."""
    (at,) = db.execute("SELECT max(created_at) FROM alerts WHERE kind = 'notice' AND key GLOB 'notice *'").fetchone()
    return instant_or_none(at)


def record_notice(
    db: sqlite3.Connection,
    subject: str,
    deliveries: Sequence[DeliveryIntent],
    *,
    key: str | None,
    failing: Sequence[str],
    working: Sequence[str],
    now: datetime,
) -> None:
    """Queues a notice and marks the feeds that it tells of as told."""
    raised = db.execute(
        """
        INSERT INTO alerts (key, kind, subject, created_at, state) VALUES (:key, 'notice', :subject, :now, 'queued')
        ON CONFLICT DO NOTHING RETURNING id
        """,
        params(key=key or f"notice {instant_text(now)}", subject=subject, now=now),
    ).fetchone()
    if raised is None:  # told already; or two in one second, and the next notice tells of these feeds
        return
    db.execute(
        "UPDATE feeds SET reported_at = :now WHERE key IN (SELECT value FROM json_each(:keys))",
        params(now=now, keys=list(failing)),
    )
    db.execute(
        "UPDATE feeds SET reported_at = NULL WHERE key IN (SELECT value FROM json_each(:keys))",
        params(keys=list(working)),
    )
    queue_deliveries(db, raised["id"], deliveries, now)


def record_digest(
    db: sqlite3.Connection,
    digest: str,
    waiting: Sequence[WaitingAlert],
    deliveries: Sequence[DeliveryIntent],
    now: datetime,
) -> None:
    """Queues one sending of a digest and marks the alerts it carries. An alert is carried once, so the first tells."""
    if not waiting or not deliveries:
        return
    raised = db.execute(
        """
        INSERT INTO alerts (key, kind, digest, created_at, state)
        VALUES (:key, 'digest', :digest, :created_at, 'queued') ON CONFLICT DO NOTHING RETURNING id
        """,
        params(key=f"digest {digest} {min(alert.id for alert in waiting)}", digest=digest, created_at=now),
    ).fetchone()
    if raised is None:
        return
    db.execute(
        """
        UPDATE alerts SET digest_alert = :digest_alert
        WHERE state = 'waiting' AND id IN (SELECT value FROM json_each(:ids))
        """,
        {"digest_alert": raised["id"], "ids": json_array(alert.id for alert in waiting)},
    )
    queue_deliveries(db, raised["id"], deliveries, now)
