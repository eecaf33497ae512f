"""What the watchman asks and notes, in SQL. Each function runs inside its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from monitor.archive.values import due, instant, instant_or_none, json_array, params
from monitor.baseline import Activity
from monitor.hours import next_strike
from monitor.model import SUCCESSES, Condition, HeartbeatSpec, Pulse, RuleFailure

# ── what came when ───────────────────────────────────────────────────────────────────────────────────────────────────


def quiet_feeds(db: sqlite3.Connection, since: datetime) -> tuple[str, ...]:
    """The feeds that work and have brought nothing since an instant, by key."""
    rows = db.execute(
        "SELECT key FROM feeds WHERE state = 'ok' AND changed_at <= :since ORDER BY key", params(since=since)
    )
    return tuple(row["key"] for row in rows)


def feed_activity(db: sqlite3.Connection, feed: str, since: datetime) -> Activity | None:
    """When a feed brought new articles since an instant, in polls an hour. None: there is no such feed."""
    row = db.execute("SELECT first_seen_at FROM feeds WHERE key = ?", (feed,)).fetchone()
    if row is None:
        return None
    rows = db.execute(
        """
        SELECT substr(at, 1, 13) AS hour, count(*) AS polls, max(at) AS last_at
        FROM polls WHERE feed = :feed AND at >= :since AND new > 0 GROUP BY hour
        """,
        params(feed=feed, since=since),
    ).fetchall()
    return Activity(
        began=instant(row["first_seen_at"]),
        hours={_hour(row["hour"]): row["polls"] for row in rows},
        last_at=max((instant(row["last_at"]) for row in rows), default=None),
    )


def rule_activity(db: sqlite3.Connection, since: datetime) -> dict[str, Activity]:
    """Rule → when it found news since an instant, in articles an hour."""
    rows = db.execute(
        """
        SELECT rule, substr(created_at, 1, 13) AS hour, count(*) AS articles, min(created_at) AS first_at,
               max(created_at) AS last_at
        FROM alerts WHERE created_at >= :since AND kind = 'article' GROUP BY rule, hour ORDER BY rule, hour
        """,
        params(since=since),
    )
    found: dict[str, list[sqlite3.Row]] = {}
    for row in rows:
        found.setdefault(row["rule"], []).append(row)
    return {
        rule: Activity(
            began=instant(hours[0]["first_at"]),
            hours={_hour(row["hour"]): row["articles"] for row in hours},
            last_at=instant(hours[-1]["last_at"]),
        )
        for rule, hours in found.items()
    }


def _hour(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00:00").replace(tzinfo=UTC)


# ── rules that fail ──────────────────────────────────────────────────────────────────────────────────────────────────


def note_failures(db: sqlite3.Connection, failures: Iterable[RuleFailure], article: int, at: datetime) -> None:
    """Notes which rules could not be held against an article."""
    db.executemany(
        """
        INSERT INTO rule_failures (rule, article, failed_at, error) VALUES (:rule, :article, :at, :error)
        ON CONFLICT DO UPDATE SET error = :error
        """,
        [params(rule=each.rule, article=article, at=at, error=each.error) for each in failures],
    )


def forget_failures(db: sqlite3.Connection, rule: str, since: datetime) -> None:
    """A rule was held against all articles first seen since an instant, and did not fail."""
    db.execute(
        """
        DELETE FROM rule_failures
        WHERE rule = :rule AND article IN (SELECT id FROM articles WHERE first_seen_at >= :since)
        """,
        params(rule=rule, since=since),
    )


def failing_rules(db: sqlite3.Connection) -> tuple[Condition, ...]:
    """The rules that failed on articles which they were not held against since, by name."""
    rows = db.execute(
        """
        SELECT rule, count(*) AS articles, min(failed_at) AS since,
               (SELECT error FROM rule_failures AS last WHERE last.rule = rule_failures.rule
                ORDER BY failed_at DESC, article DESC LIMIT 1) AS error
        FROM rule_failures GROUP BY rule ORDER BY rule
        """
    )
    return tuple(
        Condition(
            kind="rule_fails",
            subject=row["rule"],
            since=instant(row["since"]),
            count=row["articles"],
            error=row["error"],
        )
        for row in rows
    )


# ── what the operator is told ────────────────────────────────────────────────────────────────────────────────────────


def note_conditions(db: sqlite3.Connection, kinds: Collection[str], found: Iterable[Condition], now: datetime) -> None:
    """Notes which conditions of these kinds there are now. One that is over is forgotten, unless the operator was told
    of it and is to hear the end."""
    there = list(found)
    given = [
        params(
            kind=each.kind,
            subject=each.subject,
            since=each.since,
            count=each.count,
            usual=each.usual,
            error=each.error,
        )
        for each in there
    ]
    db.executemany(
        """
        INSERT INTO conditions (kind, subject, since, count, usual, error)
        VALUES (:kind, :subject, :since, :count, :usual, :error)
        ON CONFLICT DO UPDATE SET count = :count, usual = :usual, error = :error, ended_at = NULL
        """,
        given,
    )
    still = params(kinds=list(kinds), now=now, there=json_array(f"{each.kind} {each.subject}" for each in there))
    over = """
        kind IN (SELECT value FROM json_each(:kinds))
        AND kind || ' ' || subject NOT IN (SELECT value FROM json_each(:there))
    """
    db.execute(f"DELETE FROM conditions WHERE told_at IS NULL AND {over}", still)
    db.execute(f"UPDATE conditions SET ended_at = :now WHERE ended_at IS NULL AND {over}", still)


def conditions(db: sqlite3.Connection) -> tuple[Condition, ...]:
    """The conditions there are, and those of whose end the operator is to hear; oldest first."""
    rows = db.execute("SELECT * FROM conditions ORDER BY since, kind, subject")
    return tuple(
        Condition(
            kind=row["kind"],
            subject=row["subject"],
            since=instant(row["since"]),
            count=row["count"],
            usual=row["usual"],
            error=row["error"],
            told_at=instant_or_none(row["told_at"]),
            ended_at=instant_or_none(row["ended_at"]),
        )
        for row in rows
    )


def mark_told(db: sqlite3.Connection, told: Sequence[Condition], now: datetime) -> None:
    """The operator was told of these: that they are there, or that they are over."""
    db.executemany(
        "UPDATE conditions SET told_at = :now WHERE kind = :kind AND subject = :subject",
        [params(kind=each.kind, subject=each.subject, now=now) for each in told if each.ended_at is None],
    )
    db.executemany(
        "DELETE FROM conditions WHERE kind = :kind AND subject = :subject AND ended_at IS NOT NULL",
        [params(kind=each.kind, subject=each.subject) for each in told if each.ended_at is not None],
    )


# ── the heartbeat ────────────────────────────────────────────────────────────────────────────────────────────────────


def sync_heartbeat(db: sqlite3.Connection, spec: HeartbeatSpec | None, now: datetime) -> None:
    """Notes when the heartbeat is sent next. One whose time table stayed keeps its time, also if that is over."""
    if spec is None:
        db.execute("DELETE FROM heartbeat")
        return
    db.execute(
        """
        INSERT INTO heartbeat (id, cron, next_at) VALUES (1, :cron, :next_at)
        ON CONFLICT DO UPDATE SET cron = :cron, next_at = :next_at WHERE cron <> :cron
        """,
        params(cron=_table(spec), next_at=due(next_strike(spec.cron, spec.timezone, now))),
    )


def heartbeat_due(db: sqlite3.Connection, now: datetime) -> datetime | None:
    """Since when the heartbeat that is due tells: the last one, or a day before the first. None: none is due."""
    row = db.execute("SELECT next_at, last_at FROM heartbeat WHERE next_at <= :now", params(now=now)).fetchone()
    if row is None:
        return None
    return instant_or_none(row["last_at"]) or instant(row["next_at"]) - timedelta(days=1)


def heartbeat_done(db: sqlite3.Connection, spec: HeartbeatSpec, now: datetime) -> None:
    """The heartbeat was queued; it is due again at the next time of its table."""
    db.execute(
        "UPDATE heartbeat SET last_at = :now, next_at = :next_at",
        params(now=now, next_at=due(next_strike(spec.cron, spec.timezone, now))),
    )


def _table(spec: HeartbeatSpec) -> str:
    return f"{spec.cron} {spec.timezone}"


def pulse(db: sqlite3.Connection, since: datetime, now: datetime) -> Pulse:
    """How the whole did since an instant.

    Covered is the time of a feed in which nothing can have been missed. What lies before a poll that found nothing of
    the document before (a gap) is not, nor is what lies behind the last success of a feed that fails.
    """
    given = {**params(since=since, now=now), "successes": json_array(sorted(SUCCESSES))}
    counts = db.execute(
        """
        SELECT (SELECT count(*) FROM feeds WHERE state NOT IN ('removed', 'paused')) AS feeds,
               (SELECT count(*) FROM feeds WHERE failures > 0 AND state NOT IN ('removed', 'paused')) AS failing,
               (SELECT count(*) FROM articles WHERE first_seen_at > :since) AS articles,
               (SELECT count(DISTINCT message) FROM deliveries WHERE sent_at > :since) AS sent,
               (SELECT count(*) FROM alerts WHERE state = 'waiting') AS waiting,
               (SELECT count(DISTINCT message) FROM deliveries WHERE state = 'queued') AS queued,
               (SELECT count(DISTINCT message) FROM deliveries WHERE state = 'dead') AS dead
        """,
        given,
    ).fetchone()
    gaps = db.execute(
        """
        SELECT feed, sum(gap) AS gaps, sum(iif(gap, strftime('%s', at) - strftime('%s', before), 0)) AS seconds
        FROM (SELECT feed, at, coalesce(gap, 0) AS gap, coalesce(lag(at) OVER (PARTITION BY feed ORDER BY at), :since)
                     AS before
              FROM polls WHERE at > :since AND at <= :now AND outcome IN (SELECT value FROM json_each(:successes)))
        GROUP BY feed HAVING gaps > 0 ORDER BY gaps DESC, feed
        """,
        given,
    ).fetchall()
    (failing_seconds,) = db.execute(
        """
        SELECT coalesce(sum(strftime('%s', :now) - strftime('%s', max(failing_since, :since))), 0)
        FROM feeds WHERE failures > 0 AND state NOT IN ('removed', 'paused')
        """,
        given,
    ).fetchone()
    watched = counts["feeds"] * (now - since).total_seconds()
    missed = failing_seconds + sum(row["seconds"] for row in gaps)
    return Pulse(
        since=since,
        feeds=counts["feeds"],
        failing=counts["failing"],
        articles=counts["articles"],
        sent=counts["sent"],
        waiting=counts["waiting"],
        queued=counts["queued"],
        dead=counts["dead"],
        coverage=max(1 - missed / watched, 0.0) if watched else None,
        gaps=tuple((row["feed"], row["gaps"]) for row in gaps),
        conditions=tuple(each for each in conditions(db) if each.ended_at is None),
    )
