"""What waits in the outbox, in SQL: deliveries that are not composed yet, and all that composing them takes.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.archive.outbox import STATE_OF_ALERT
from monitor.archive.values import due, instant, instant_or_none, json_array, marks, params, texts
from monitor.hours import next_strike
from monitor.model import (
    Bundle,
    Composed,
    DigestSpec,
    Excerpt,
    LanguageGuess,
    Mute,
    TellingArticle,
    Trend,
    Waiting,
)

LEAD_CHARACTERS = 1_200  # of an article's text: more than any message shows
_TREND_OVER = timedelta(days=28)  # what is usual is the mean of so long
_TREND_NEEDS = timedelta(days=7)  # and is not known before

_WAITING = """
    SELECT deliveries.id, alert, rule, story, channel, recipient, deliveries.created_at, due_at, why, digest
    FROM deliveries JOIN alerts ON alerts.id = deliveries.alert
"""


def waiting(db: sqlite3.Connection, now: datetime, *, everything: bool = False) -> tuple[Waiting, ...]:
    """The deliveries outside digests of each rule and recipient that have one whose time has come, in the order of
    raising; with `everything` all."""
    rows = db.execute(
        f"""
        {_WAITING}
        WHERE deliveries.state = 'waiting' AND due_at IS NOT NULL
              AND (:everything OR (rule, channel, recipient) IN
                   (SELECT rule, channel, recipient FROM deliveries JOIN alerts ON alerts.id = deliveries.alert
                    WHERE deliveries.state = 'waiting' AND due_at <= :now))
        ORDER BY deliveries.id
        """,
        params(now=now, everything=everything),
    )
    return tuple(map(_waiting, rows))


def waiting_for(db: sqlite3.Connection, digest: str) -> tuple[Waiting, ...]:
    """The deliveries that wait for a digest, in the order of raising."""
    rows = db.execute(
        f"""
        {_WAITING}
        WHERE deliveries.state = 'waiting' AND due_at IS NULL AND digest = :digest ORDER BY deliveries.id
        """,
        params(digest=digest),
    )
    return tuple(map(_waiting, rows))


def _waiting(row: sqlite3.Row) -> Waiting:
    return Waiting(
        id=row["id"],
        alert=row["alert"],
        rule=row["rule"],
        story=row["story"],
        channel=row["channel"],
        recipient=row["recipient"],
        created_at=instant(row["created_at"]),
        due_at=instant_or_none(row["due_at"]),
        why=row["why"],
        digest=row["digest"],
    )


def digests_waited_for(db: sqlite3.Connection) -> dict[str, int]:
    """Digest → how many alerts wait for it."""
    rows = db.execute(
        "SELECT digest, count(*) AS alerts FROM alerts WHERE state = 'waiting' AND digest IS NOT NULL GROUP BY digest"
    )
    return {row["digest"]: row["alerts"] for row in rows}


def address(db: sqlite3.Connection, to: Mapping[str, Sequence[tuple[str, str]]], now: datetime) -> int:
    """Gives alerts that wait and tell nobody yet their recipients, by rule; how many alerts.

    Only an archive of an earlier version has such alerts: recipients were found out when a digest was composed.
    """
    alone = db.execute(
        """
        SELECT id, rule FROM alerts
        WHERE state = 'waiting' AND NOT EXISTS (SELECT 1 FROM deliveries WHERE alert = alerts.id)
        """
    ).fetchall()
    everybody = tuple(dict.fromkeys(whom for recipients in to.values() for whom in recipients))
    rows = [
        params(alert=row["id"], channel=channel, recipient=recipient, now=now)
        for row in alone
        for channel, recipient in to.get(row["rule"]) or everybody
    ]
    db.executemany(
        """
        INSERT INTO deliveries (alert, channel, recipient, state, why, due_at, created_at)
        SELECT id, :channel, :recipient, 'waiting', iif(digest IN (SELECT digest FROM digests), 'digest', 'storm'),
               iif(digest IN (SELECT digest FROM digests), NULL, :now), :now
        FROM alerts WHERE id = :alert
        """,
        rows,
    )
    return len(alone)


# ── what composing takes ─────────────────────────────────────────────────────────────────────────────────────────────


def recent_messages(db: sqlite3.Connection, since: datetime) -> tuple[Composed, ...]:
    """The messages composed since an instant, in that order."""
    rows = db.execute(
        """
        SELECT kind, rule, channel, recipient, created_at, stories FROM messages WHERE created_at > :since ORDER BY id
        """,
        params(since=since),
    )
    return tuple(
        Composed(
            kind=row["kind"],
            rule=row["rule"],
            channel=row["channel"],
            recipient=row["recipient"],
            at=instant(row["created_at"]),
            stories=row["stories"],
        )
        for row in rows
    )


def telling(db: sqlite3.Connection, alerts: Iterable[int]) -> tuple[TellingArticle, ...]:
    """What a message may say of these alerts, in the order of raising."""
    rows = db.execute(
        """
        SELECT alerts.id, alerts.kind, alerts.rule, alerts.story, articles.id AS article,
               coalesce(alerts.feed, articles.feed) AS feed, articles.feed AS brought_by,
               (SELECT entry_key FROM sightings WHERE article = articles.id AND feed = articles.feed
                ORDER BY seen_at, entry_key LIMIT 1) AS entry_key,
               coalesce(feeds.title, feeds.key) AS outlet, feeds.country, articles.title,
               substr(articles.text, 1, :lead) AS lead, length(articles.text) <= :lead AS is_whole,
               coalesce((SELECT link FROM sightings WHERE article = articles.id AND feed = alerts.feed
                         ORDER BY seen_at DESC LIMIT 1), articles.link) AS link,
               articles.authors, articles.language, language_confidence, language_source, published_at,
               published_source, articles.first_seen_at, coalesce(excerpt, '') AS excerpt,
               coalesce(matches.marks, '[]') AS marks, coalesce(words, '[]') AS words, coalesce(score, 1.0) AS score,
               (SELECT relation FROM relations WHERE relations.article = articles.id AND kind = 'story') AS relation,
               iif(alerts.kind = 'revision', (SELECT title FROM revisions WHERE revisions.article = articles.id
                                              ORDER BY id DESC LIMIT 1), NULL) AS before,
               (SELECT json_group_array(title) FROM
                   (SELECT coalesce(carriers.title, carriers.key) AS title, min(sightings.seen_at) AS seen_at
                    FROM articles AS told JOIN sightings ON sightings.article = told.id
                    JOIN feeds AS carriers ON carriers.key = sightings.feed
                    WHERE told.story = alerts.story GROUP BY carriers.key ORDER BY seen_at, carriers.key)) AS outlets
        FROM json_each(:alerts) AS wanted
        JOIN alerts ON alerts.id = wanted.value
        JOIN articles ON articles.id = alerts.article
        JOIN feeds ON feeds.key = coalesce(alerts.feed, articles.feed)
        LEFT JOIN matches ON matches.rule = alerts.rule AND matches.article = alerts.article
        ORDER BY alerts.id
        """,
        {"alerts": json_array(alerts), "lead": LEAD_CHARACTERS},
    )
    return tuple(map(_telling_article, rows))


def _telling_article(row: sqlite3.Row) -> TellingArticle:
    return TellingArticle(
        alert=row["id"],
        kind=row["kind"],
        rule=row["rule"],
        story=row["story"],
        article=row["article"],
        identity=f"{row['brought_by']} {row['entry_key']}",
        feed=row["feed"],
        outlet=row["outlet"],
        country=row["country"],
        title=row["title"],
        lead=row["lead"],
        is_whole=bool(row["is_whole"]),
        link=row["link"],
        authors=texts(row["authors"]),
        language=LanguageGuess(
            language=row["language"], confidence=row["language_confidence"], source=row["language_source"]
        ),
        published_at=instant_or_none(row["published_at"]),
        published_source=row["published_source"],
        first_seen_at=instant(row["first_seen_at"]),
        excerpt=Excerpt(text=row["excerpt"], marks=marks(row["marks"])),
        words=texts(row["words"]),
        score=row["score"],
        relation=row["relation"],
        before=row["before"],
        outlets=texts(row["outlets"]),
    )


def thread(db: sqlite3.Connection, bundle: Bundle) -> tuple[str, ...]:
    """The Message-IDs that a message answers, the first of its thread first; none: it begins one.

    A followup answers what told its story; a summary the rule's last mail to the same recipient.
    """
    given = params(
        rule=bundle.rule,
        channel=bundle.channel,
        recipient=bundle.recipient,
        story=bundle.deliveries[0].story if bundle.deliveries else None,
    )
    if bundle.kind == "followup":
        rows = db.execute(
            """
            SELECT DISTINCT messages.id, messages.message_id
            FROM alerts JOIN deliveries ON deliveries.alert = alerts.id
            JOIN messages ON messages.id = deliveries.message
            WHERE alerts.story = :story AND alerts.rule = :rule AND deliveries.channel = :channel
                  AND deliveries.recipient = :recipient
            ORDER BY messages.id
            """,
            given,
        ).fetchall()
        ids = [row["message_id"] for row in rows]
        return tuple(ids[:1] + ids[1:][-4:])  # RFC 5322 §3.6.4: References may be cut in the middle
    if bundle.kind == "summary":
        rows = db.execute(
            """
            SELECT message_id FROM messages WHERE channel = :channel AND recipient = :recipient AND rule = :rule
            ORDER BY id DESC LIMIT 1
            """,
            given,
        ).fetchall()
        return tuple(row["message_id"] for row in rows)
    return ()


def trends(db: sqlite3.Connection, rules: Iterable[str], *, since: datetime, now: datetime) -> tuple[Trend, ...]:
    """How much rules matched since an instant, and usually match in so long a time."""
    period = max(now - since, timedelta(minutes=1))
    (began,) = db.execute("SELECT min(matched_at) FROM matches").fetchone()
    known = min(since - instant(began), _TREND_OVER) if began is not None else timedelta(0)
    rows = db.execute(
        """
        SELECT wanted.value AS rule,
               (SELECT count(*) FROM matches WHERE rule = wanted.value AND matched_at > :since) AS matches,
               (SELECT count(*) FROM matches
                WHERE rule = wanted.value AND matched_at > :before AND matched_at <= :since) AS earlier
        FROM json_each(:rules) AS wanted
        """,
        {**params(since=since, before=since - _TREND_OVER), "rules": json_array(rules)},
    )
    return tuple(
        Trend(
            rule=row["rule"],
            matches=row["matches"],
            usual=row["earlier"] * (period / known) if known >= _TREND_NEEDS else None,
        )
        for row in rows
    )


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def sync_digests(db: sqlite3.Connection, digests: Iterable[DigestSpec], now: datetime) -> None:
    """Notes when each digest is sent next. One whose time table stayed keeps its time, also if that is over."""
    db.executemany(
        """
        INSERT INTO digests (digest, cron, next_at) VALUES (:digest, :cron, :next_at)
        ON CONFLICT DO UPDATE SET cron = :cron, next_at = :next_at WHERE cron <> :cron
        """,
        [
            params(
                digest=digest.name,
                cron=_table(digest),
                next_at=due(next_strike(digest.cron, digest.timezone, now)),
            )
            for digest in digests
        ],
    )


def due_digests(db: sqlite3.Connection, now: datetime) -> dict[str, datetime]:
    """The digests whose time has come, with when they were last due; for the first time, a day before."""
    rows = db.execute("SELECT digest, next_at, last_at FROM digests WHERE next_at <= :now", params(now=now))
    return {
        row["digest"]: instant_or_none(row["last_at"]) or instant(row["next_at"]) - timedelta(days=1) for row in rows
    }


def digest_last_at(db: sqlite3.Connection, digest: str) -> datetime | None:
    """When a digest was last due; None: it was not yet."""
    row = db.execute("SELECT last_at FROM digests WHERE digest = :digest", params(digest=digest)).fetchone()
    return None if row is None else instant_or_none(row["last_at"])


def digest_done(db: sqlite3.Connection, digest: DigestSpec, now: datetime) -> None:
    """A digest was composed; it is due again at the next time of its table."""
    db.execute(
        "UPDATE digests SET last_at = :now, next_at = :next_at WHERE digest = :digest AND next_at <= :now",
        params(digest=digest.name, now=now, next_at=due(next_strike(digest.cron, digest.timezone, now))),
    )


def _table(digest: DigestSpec) -> str:
    return f"{digest.cron} {digest.timezone}"


# ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def mutes(db: sqlite3.Connection, now: datetime) -> tuple[Mute, ...]:
    """The mutes that have not ended, in the order they were made."""
    rows = db.execute(
        "SELECT id, rule, story, created_at, until FROM mutes WHERE until > :now ORDER BY id", params(now=now)
    )
    return tuple(
        Mute(
            id=row["id"],
            rule=row["rule"],
            story=row["story"],
            created_at=instant(row["created_at"]),
            until=instant(row["until"]),
        )
        for row in rows
    )


def mute(db: sqlite3.Connection, *, rule: str | None, story: int | None, until: datetime, now: datetime) -> int:
    """Mutes a rule or a story; the mute's number."""
    (number,) = db.execute(
        "INSERT INTO mutes (rule, story, created_at, until) VALUES (:rule, :story, :now, :until) RETURNING id",
        params(rule=rule, story=story, now=now, until=due(until)),
    ).fetchone()
    return int(number)


def unmute(db: sqlite3.Connection, *, rule: str | None, story: int | None, now: datetime) -> int:
    """Ends the mutes of a rule or a story, or all when neither is named; how many. What they held back is due now."""
    given = params(rule=rule, story=story, now=now)
    ended = db.execute(
        """
        UPDATE mutes SET until = :now
        WHERE until > :now AND (:rule IS NULL OR rule = :rule) AND (:story IS NULL OR story = :story)
        """,
        given,
    ).rowcount
    db.execute(
        """
        UPDATE deliveries SET due_at = :now
        WHERE state = 'waiting' AND why = 'mute' AND due_at IS NOT NULL AND alert IN
              (SELECT id FROM alerts WHERE (:rule IS NULL OR rule = :rule) AND (:story IS NULL OR story = :story))
        """,
        given,
    )
    return ended


# ── alerts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def told_of(db: sqlite3.Connection, rule: str, story: int) -> dict[tuple[str, str], datetime]:
    """Who was told of a story by a rule, or will be, and when that was last decided; not who was given up."""
    rows = db.execute(
        """
        SELECT channel, recipient, max(deliveries.created_at) AS at
        FROM alerts JOIN deliveries ON deliveries.alert = alerts.id
        WHERE alerts.story = :story AND alerts.rule = :rule AND deliveries.state <> 'dead'
        GROUP BY channel, recipient
        """,
        params(rule=rule, story=story),
    )
    return {(row["channel"], row["recipient"]): instant(row["at"]) for row in rows}


def tell(
    db: sqlite3.Connection, alert: int, telling: Sequence[tuple[str, str, datetime | None, str]], now: datetime
) -> None:
    """Lets an alert's deliveries wait for their time: channel, recipient, when, what for."""
    db.executemany(
        """
        INSERT INTO deliveries (alert, channel, recipient, state, why, due_at, created_at)
        VALUES (:alert, :channel, :recipient, 'waiting', :why, :due_at, :now) ON CONFLICT DO NOTHING
        """,
        [
            params(
                alert=alert,
                channel=channel,
                recipient=recipient,
                why=why,
                due_at=None if at is None else due(at),
                now=now,
            )
            for channel, recipient, at, why in telling
        ],
    )
    db.execute(f"UPDATE alerts SET state = {STATE_OF_ALERT} WHERE id = ?", (alert,))
