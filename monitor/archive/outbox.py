"""The outbox, in SQL: the messages that are to be sent, and what became of them.

A message and its deliveries, one for each alert it tells of, share one fate. Each function runs inside its caller's
transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from monitor.archive import watching
from monitor.archive.values import Bindable, due, instant, instant_or_none, instant_text, json_array, params
from monitor.model import (
    ChannelState,
    Condition,
    Delivered,
    Delivery,
    DeliveryIntent,
    DeliveryResult,
    HeartbeatSpec,
    Held,
    NewMessage,
    Refused,
    Told,
    TryAgain,
)

# ── into it ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def queue_messages(db: sqlite3.Connection, messages: Sequence[NewMessage], held: Sequence[Held], now: datetime) -> None:
    """Queues composed messages with the deliveries they are for, and lets others wait longer.

    A delivery that no longer waits stays as it is: what was composed twice is queued once.
    """
    for message in messages:
        _queue_message(db, message, now)
    db.executemany(
        """
        UPDATE deliveries SET due_at = :until, why = :why
        WHERE state = 'waiting' AND id IN (SELECT value FROM json_each(:ids))
        """,
        [params(until=due(each.until), why=each.why, ids=each.deliveries) for each in held],
    )


def _queue_message(db: sqlite3.Connection, message: NewMessage, now: datetime) -> None:
    bundle = message.bundle
    given = params(
        message_id=message.message_id,
        kind=bundle.kind,
        channel=bundle.channel,
        recipient=bundle.recipient,
        rule=bundle.rule,
        digest=bundle.digest,
        stories=message.stories,
        now=now,
        bytes=message.message,
        subject=message.subject,
        ids=[each.id for each in bundle.deliveries],
    )
    waits = db.execute(
        """
        SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'waiting' AND id IN (SELECT value FROM json_each(:ids)))
        """,
        given,
    ).fetchone()[0]
    if bundle.deliveries and not waits:
        return
    number = db.execute(_INSERT_MESSAGE, given).fetchone()
    if number is None:  # the very same was composed before
        return
    given["message"] = number["id"]
    if not bundle.deliveries:
        _queue_empty_digest(db, given)
    db.execute(
        """
        UPDATE deliveries SET state = 'queued', message = :message, message_id = :message_id, next_attempt_at = :now
        WHERE state = 'waiting' AND id IN (SELECT value FROM json_each(:ids))
        """,
        given,
    )
    _bring_alerts_up_to_date(db, number["id"])


_INSERT_MESSAGE = """
    INSERT INTO messages (message_id, kind, channel, recipient, rule, digest, stories, created_at, bytes)
    VALUES (:message_id, :kind, :channel, :recipient, :rule, :digest, :stories, :now, :bytes)
    ON CONFLICT DO NOTHING RETURNING id
"""


def _queue_empty_digest(db: sqlite3.Connection, given: dict[str, Bindable]) -> None:
    """A digest of nothing has no alert, so it gets one of its own, for all its recipients."""
    db.execute(
        """
        INSERT INTO alerts (key, kind, digest, subject, created_at, state)
        VALUES ('digest ' || :digest || ' ' || :now, 'digest', :digest, :subject, :now, 'queued')
        ON CONFLICT DO NOTHING
        """,
        given,
    )
    db.execute(
        """
        INSERT INTO deliveries (alert, channel, recipient, state, message, message_id, created_at, next_attempt_at)
        SELECT id, :channel, :recipient, 'queued', :message, :message_id, :now, :now FROM alerts
        WHERE key = 'digest ' || :digest || ' ' || :now
        """,
        given,
    )


def record_notice(
    db: sqlite3.Connection,
    subject: str,
    deliveries: Sequence[DeliveryIntent],
    *,
    key: str | None,
    failing: Sequence[str],
    working: Sequence[str],
    conditions: Sequence[Condition],
    heartbeat: HeartbeatSpec | None,
    now: datetime,
) -> None:
    """Queues a notice and marks what it tells of as told."""
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
    watching.mark_told(db, conditions, now)
    if heartbeat is not None:
        watching.heartbeat_done(db, heartbeat, now)
    for intent in deliveries:
        _queue_intent(db, raised["id"], intent, now)


def _queue_intent(db: sqlite3.Connection, alert: int, intent: DeliveryIntent, now: datetime) -> None:
    given = params(
        alert=alert,
        message_id=intent.message_id,
        kind="notice",
        channel=intent.channel,
        recipient=intent.recipient,
        rule=None,
        digest=None,
        stories=0,
        now=now,
        bytes=intent.message,
        due_at=due(intent.due_at),
    )
    number = db.execute(_INSERT_MESSAGE, given).fetchone()
    if number is not None:
        db.execute(
            """
            INSERT INTO deliveries (alert, channel, recipient, state, message, message_id, created_at, next_attempt_at)
            VALUES (:alert, :channel, :recipient, 'queued', :message, :message_id, :now, :due_at)
            """,
            {**given, "message": number["id"]},
        )


def last_notice_at(db: sqlite3.Connection) -> datetime | None:
    """When the operator last got a notice; None: never."""
    (at,) = db.execute("SELECT max(created_at) FROM alerts WHERE kind = 'notice' AND key GLOB 'notice *'").fetchone()
    return instant_or_none(at)


# ── out of it ────────────────────────────────────────────────────────────────────────────────────────────────────────

_IS_DUE = """
    state = 'queued' AND (leased_until IS NULL OR leased_until <= :now)
    AND (:everything OR (next_attempt_at <= :now
                         AND NOT EXISTS (SELECT 1 FROM channels
                                         WHERE channels.channel = deliveries.channel AND next_at > :now)))
"""


def due_channels(db: sqlite3.Connection, now: datetime, *, everything: bool) -> tuple[ChannelState, ...]:
    """The channels that have messages to send now, with how they are doing."""
    rows = db.execute(
        f"""
        SELECT due.channel, coalesce(failures, 0) AS failures, coalesce(recovering, 0) AS recovering,
               (SELECT count(DISTINCT message) FROM deliveries
                WHERE state = 'sent' AND deliveries.channel = due.channel AND recovering AND sent_at > :minute_ago)
                   AS sent_lately
        FROM (SELECT DISTINCT channel FROM deliveries WHERE {_IS_DUE}) AS due
        LEFT JOIN channels ON channels.channel = due.channel ORDER BY due.channel
        """,
        params(now=now, everything=everything, minute_ago=now - timedelta(minutes=1)),
    )
    return tuple(
        ChannelState(
            channel=row["channel"],
            failures=row["failures"],
            recovering=bool(row["recovering"]),
            sent_lately=row["sent_lately"] or 0,
        )
        for row in rows
    )


def lease_messages(
    db: sqlite3.Connection,
    channel: str,
    now: datetime,
    *,
    after: int,
    limit: int,
    until: datetime,
    everything: bool,
    quietly: bool,
) -> tuple[Delivery, ...]:
    """Leases the channel's messages that are due, oldest first, those after a number; nobody else gets them `until`."""
    given = params(
        channel=channel, now=now, after=after, limit=limit, until=until, everything=everything, quietly=quietly
    )
    rows = db.execute(
        f"""
        SELECT message, messages.recipient, messages.message_id, bytes, is_stub, attempts, refusals,
               max(due.created_at, messages.created_at) AS queued_at
        FROM (SELECT message, max(attempts) AS attempts, max(refusals) AS refusals, min(created_at) AS created_at
              FROM deliveries WHERE {_IS_DUE} AND channel = :channel AND message > :after
                   AND (NOT :quietly OR EXISTS (SELECT 1 FROM messages WHERE messages.id = message
                                                AND kind IN ('digest', 'notice')))
              GROUP BY message ORDER BY message LIMIT :limit) AS due
        JOIN messages ON messages.id = message ORDER BY message
        """,
        given,
    ).fetchall()
    db.execute(
        "UPDATE deliveries SET leased_until = :until WHERE message IN (SELECT value FROM json_each(:ids))",
        {**given, "ids": json_array(row["message"] for row in rows)},
    )
    return tuple(
        Delivery(
            id=row["message"],
            channel=channel,
            recipient=row["recipient"],
            message_id=row["message_id"],
            message=row["bytes"],
            attempts=row["attempts"],
            created_at=instant(row["queued_at"]),
            refusals=row["refusals"],
            is_stub=bool(row["is_stub"]),
        )
        for row in rows
    )


def release_messages(db: sqlite3.Connection, messages: Sequence[int]) -> None:
    """Ends the leases of messages that were not offered after all."""
    db.execute(
        "UPDATE deliveries SET leased_until = NULL WHERE message IN (SELECT value FROM json_each(:ids))",
        params(ids=list(messages)),
    )


def recover_leases(db: sqlite3.Connection) -> None:
    """Ends the leases that an ended process left. What it was about to send may have arrived; it is sent again."""
    db.execute(
        """
        UPDATE deliveries SET leased_until = NULL, attempts = attempts + 1, phase = 'interrupted',
               last_error = 'monitor ended while this was being sent; it may have arrived, and is sent again'
        WHERE state = 'queued' AND leased_until IS NOT NULL
        """
    )


def told(db: sqlite3.Connection, message: int) -> tuple[Told, ...]:
    """The articles a message tells of, in the order of raising; none for a notice."""
    rows = db.execute(
        """
        SELECT rule, articles.title, articles.link
        FROM deliveries JOIN alerts ON alerts.id = deliveries.alert JOIN articles ON articles.id = alerts.article
        WHERE message = :message ORDER BY alerts.id
        """,
        {"message": message},
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
    """Writes what came of an attempt; a message that is no longer queued stays as it is.

    `next_attempt_at` None: there is none. `stub` is what goes out then, in place of a message that was refused. A
    channel that was down is no attempt at the message: that costs it none of its patience.
    """
    counts = True
    match result:
        case Delivered(reply=reply):
            became = params(state="sent", sent_at=now, reply=reply, next_attempt_at=None, last_error=None, phase=None)
        case TryAgain(why=why, phase=phase) | Refused(why=why, phase=phase, about="recipient" | "message") if (
            next_attempt_at is not None
        ):
            counts = not (isinstance(result, TryAgain) and result.channel_wide)
            became = params(
                state="queued",
                sent_at=None,
                reply=None,
                next_attempt_at=due(next_attempt_at),
                last_error=why,
                phase=phase,
            )
        case TryAgain(why=why, phase=phase) | Refused(why=why, phase=phase):
            became = params(state="dead", sent_at=None, reply=None, next_attempt_at=None, last_error=why, phase=phase)
        case unreachable:
            assert_never(unreachable)
    db.execute(
        """
        UPDATE deliveries SET state = :state, attempts = attempts + :counts, sent_at = :sent_at, reply = :reply,
                              next_attempt_at = :next_attempt_at, last_error = :last_error, phase = :phase,
                              refusals = refusals + :refused, leased_until = NULL
        WHERE message = :id AND state = 'queued'
        """,
        {
            **became,
            "id": delivery.id,
            "counts": counts,
            "refused": isinstance(result, Refused) and result.about == "recipient",
        },
    )
    if stub is not None:
        db.execute("UPDATE messages SET bytes = ?, is_stub = 1 WHERE id = ?", (stub, delivery.id))
    _bring_alerts_up_to_date(db, delivery.id)


def _bring_alerts_up_to_date(db: sqlite3.Connection, message: int) -> None:
    """The states of the alerts that a message tells of."""
    db.execute(
        f"UPDATE alerts SET state = {STATE_OF_ALERT} WHERE id IN (SELECT alert FROM deliveries WHERE message = ?)",
        (message,),
    )


# Queued while any of its messages is, then waiting, then dead if one was given up, else sent.
STATE_OF_ALERT = """
    CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE alert = alerts.id AND state = 'queued') THEN 'queued'
         WHEN EXISTS (SELECT 1 FROM deliveries WHERE alert = alerts.id AND state = 'waiting') THEN 'waiting'
         WHEN EXISTS (SELECT 1 FROM deliveries WHERE alert = alerts.id AND state = 'dead') THEN 'dead'
         WHEN EXISTS (SELECT 1 FROM deliveries WHERE alert = alerts.id) THEN 'sent'
         ELSE 'joined' END
"""


def resend(db: sqlite3.Connection, alerts: Sequence[int] | None, now: datetime) -> tuple[int, ...]:
    """Queues the messages that were given up anew: those that tell of these alerts, or all; the alerts of each.

    The messages stay what they are, under the Message-ID they have. Their patience begins anew.
    """
    wanted = db.execute(
        """
        UPDATE deliveries SET state = 'queued', next_attempt_at = :now, created_at = :now, attempts = 0, refusals = 0
        WHERE state = 'dead' AND (:alerts IS NULL OR message IN
            (SELECT message FROM deliveries WHERE alert IN (SELECT value FROM json_each(:alerts))))
        RETURNING alert, message
        """,
        params(now=now, alerts=None if alerts is None else list(alerts)),
    ).fetchall()
    for message in sorted({row["message"] for row in wanted}):
        _bring_alerts_up_to_date(db, message)
    return tuple(row["alert"] for row in wanted)


# ── the ways out ─────────────────────────────────────────────────────────────────────────────────────────────────────


def note_down(db: sqlite3.Connection, channel: str, *, why: str, next_at: datetime, now: datetime) -> None:
    """A channel is down: none of its messages is tried before `next_at`, and then one."""
    db.execute(
        """
        INSERT INTO channels (channel, down_since, failures, next_at, last_error, recovering)
        VALUES (:channel, :now, 1, :next_at, :why, 1)
        ON CONFLICT DO UPDATE SET down_since = coalesce(down_since, :now), failures = failures + 1,
                                  next_at = :next_at, last_error = :why, recovering = 1
        """,
        params(channel=channel, why=why, next_at=due(next_at), now=now),
    )


def note_up(db: sqlite3.Connection, channel: str) -> None:
    """A channel that was down works again."""
    db.execute(
        "UPDATE channels SET down_since = NULL, failures = 0, next_at = NULL, last_error = NULL WHERE channel = ?",
        (channel,),
    )


def note_caught_up(db: sqlite3.Connection, channel: str) -> None:
    """A channel has sent what waited while it was down."""
    db.execute("UPDATE channels SET recovering = 0 WHERE channel = ? AND failures = 0", (channel,))
