"""What the commands ask, in SQL. Nothing here writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from monitor.advice import advice
from monitor.archive.feeds import troubles
from monitor.archive.reports import (
    AlertRow,
    ChannelDown,
    DeliveryProblem,
    DeliveryRow,
    FeedProblem,
    FeedRemark,
    FeedRow,
    HeldHost,
    SearchRow,
    Status,
)
from monitor.archive.values import instant, instant_or_none, json_array, params, texts
from monitor.archive.watching import conditions, failing_rules
from monitor.identity import remark
from monitor.model import SUCCESSES, Outlet
from monitor.moves import ADOPT_AFTER, why_not
from monitor.urls import redacted

SEARCH_BATCH = 200
UPKEEP = ("backup_fails", "log_grows")  # of the conditions those that are the archive's own


def feed_rows(db: sqlite3.Connection) -> tuple[FeedRow, ...]:
    """Every feed, by key."""
    rows = db.execute(
        """
        SELECT key, url, title, language, country, tags, state, next_poll_at, polled_at, changed_at, failures,
               last_error, moved_to, (SELECT count(*) FROM articles WHERE articles.feed = feeds.key) AS articles
        FROM feeds ORDER BY key
        """
    )
    return tuple(
        FeedRow(
            key=row["key"],
            url=row["url"],
            title=row["title"],
            language=row["language"],
            country=row["country"],
            tags=texts(row["tags"]),
            state=row["state"],
            next_poll_at=instant(row["next_poll_at"]),
            polled_at=instant_or_none(row["polled_at"]),
            changed_at=instant_or_none(row["changed_at"]),
            failures=row["failures"],
            last_error=row["last_error"],
            moved_to=row["moved_to"],
            articles=row["articles"],
        )
        for row in rows
    )


def alert_rows(
    db: sqlite3.Connection, *, limit: int, state: str | None, since: datetime | None
) -> tuple[AlertRow, ...]:
    """The latest alerts, newest first."""
    rows = db.execute(
        """
        SELECT alerts.id, alerts.created_at, alerts.kind, alerts.rule, alerts.digest, alerts.state, articles.link,
               coalesce(articles.title, alerts.subject) AS title,
               (SELECT json_group_array(channel || ': ' || recipient) FROM deliveries
                WHERE deliveries.alert = alerts.id) AS recipients,
               (SELECT why FROM deliveries WHERE deliveries.alert = alerts.id AND deliveries.state = 'waiting'
                ORDER BY due_at, deliveries.id LIMIT 1) AS waits_for,
               (SELECT min(due_at) FROM deliveries WHERE deliveries.alert = alerts.id AND deliveries.state = 'waiting')
                   AS due_at,
               (SELECT last_error FROM deliveries
                WHERE deliveries.alert = alerts.id AND last_error IS NOT NULL ORDER BY deliveries.id LIMIT 1)
                   AS last_error
        FROM alerts LEFT JOIN articles ON articles.id = alerts.article
        WHERE (:state IS NULL OR alerts.state = :state) AND (:since IS NULL OR alerts.created_at >= :since)
        ORDER BY alerts.id DESC LIMIT :limit
        """,
        params(limit=limit, state=state, since=since),
    )
    return tuple(
        AlertRow(
            id=row["id"],
            created_at=instant(row["created_at"]),
            kind=row["kind"],
            rule=row["rule"],
            digest=row["digest"],
            title=row["title"],
            link=row["link"],
            state=row["state"],
            recipients=texts(row["recipients"]),
            waits_for=row["waits_for"],
            due_at=instant_or_none(row["due_at"]),
            last_error=row["last_error"],
        )
        for row in rows
    )


def delivery_rows(db: sqlite3.Connection, alert: int) -> tuple[DeliveryRow, ...]:
    """The deliveries of an alert."""
    rows = db.execute(
        """
        SELECT id, alert, channel, recipient, state, why, due_at, attempts, created_at, next_attempt_at, sent_at,
               message, message_id, reply, phase, last_error
        FROM deliveries WHERE alert = :alert ORDER BY id
        """,
        params(alert=alert),
    )
    return tuple(
        DeliveryRow(
            id=row["id"],
            alert=row["alert"],
            channel=row["channel"],
            recipient=row["recipient"],
            state=row["state"],
            why=row["why"],
            due_at=instant_or_none(row["due_at"]),
            attempts=row["attempts"],
            created_at=instant(row["created_at"]),
            next_attempt_at=instant_or_none(row["next_attempt_at"]),
            sent_at=instant_or_none(row["sent_at"]),
            message=row["message"],
            message_id=row["message_id"],
            reply=row["reply"],
            phase=row["phase"],
            last_error=row["last_error"],
        )
        for row in rows
    )


def rule_hits(db: sqlite3.Connection, now: datetime) -> Mapping[str, tuple[int, int]]:
    """Rule → how many articles it matched: ever, and in the last seven days."""
    rows = db.execute(
        "SELECT rule, count(*) AS ever, count(*) FILTER (WHERE matched_at >= :week) AS week FROM matches GROUP BY rule",
        params(week=now - timedelta(days=7)),
    )
    return {row["rule"]: (row["ever"], row["week"]) for row in rows}


def status(db: sqlite3.Connection, now: datetime) -> Status:
    """How the whole is doing."""
    counts = db.execute(
        """
        SELECT (SELECT count(*) FROM articles) AS articles,
               (SELECT count(*) FROM articles WHERE first_seen_at >= :day_ago) AS articles_today,
               (SELECT count(*) FROM polls WHERE at >= :day_ago) AS polls_today,
               (SELECT count(*) FROM polls WHERE at >= :day_ago
                AND outcome NOT IN (SELECT value FROM json_each(:successes))) AS failed_polls_today,
               (SELECT at FROM polls WHERE outcome IN (SELECT value FROM json_each(:successes))
                ORDER BY at DESC LIMIT 1) AS last_success_at,
               (SELECT count(DISTINCT message) FROM deliveries WHERE state = 'queued') AS queued,
               (SELECT min(created_at) FROM deliveries WHERE state = 'queued') AS oldest_queued_at,
               (SELECT count(*) FROM alerts WHERE state = 'waiting') AS waiting,
               (SELECT count(DISTINCT message) FROM deliveries WHERE state = 'dead') AS dead,
               (SELECT count(*) FROM pages WHERE state = 'waiting') AS pages_waiting,
               (SELECT count(*) FROM pages WHERE state = 'failed' AND fetched_at >= :day_ago) AS pages_failed_today
        """,
        {**params(day_ago=now - timedelta(days=1)), "successes": json_array(sorted(SUCCESSES))},
    ).fetchone()
    states = db.execute("SELECT state, count(*) AS feeds FROM feeds GROUP BY state ORDER BY feeds DESC, state")
    oldest_queued_at = instant_or_none(counts["oldest_queued_at"])
    return Status(
        feeds={row["state"]: row["feeds"] for row in states},
        articles=counts["articles"],
        articles_today=counts["articles_today"],
        polls_today=counts["polls_today"],
        failed_polls_today=counts["failed_polls_today"],
        last_success_at=instant_or_none(counts["last_success_at"]),
        queued=counts["queued"],
        oldest_queued=None if oldest_queued_at is None else max(now - oldest_queued_at, timedelta(0)),
        waiting=counts["waiting"],
        held={row["why"]: row["alerts"] for row in _held(db)},
        dead=counts["dead"],
        pages_waiting=counts["pages_waiting"],
        pages_failed_today=counts["pages_failed_today"],
        problems=feed_problems(db),
        remarks=remarks(db, now),
        held_hosts=_held_hosts(db, now),
        channels_down=channels_down(db),
        failing_rules=failing_rules(db),
        upkeep=tuple(each for each in conditions(db) if each.kind in UPKEEP and each.ended_at is None),
        delivery_problems=_delivery_problems(db),
    )


def feed_problems(db: sqlite3.Connection) -> tuple[FeedProblem, ...]:
    """The feeds whose last poll failed, longest failing first."""
    states = dict(db.execute("SELECT key, state FROM feeds WHERE failures > 0").fetchall())
    return tuple(
        FeedProblem(
            feed=trouble.feed,
            state=states[trouble.feed],
            outcome=trouble.outcome,
            failures=trouble.failures,
            since=trouble.since,
            error=trouble.error,
            advice=advice(trouble.outcome, trouble.status),
            next_poll_at=trouble.next_poll_at,
        )
        for trouble in troubles(db)
        if trouble.since is not None and trouble.error is not None
    )


def remarks(db: sqlite3.Connection, now: datetime) -> tuple[FeedRemark, ...]:
    """What is to be known of feeds that work."""
    rows = db.execute(
        """
        SELECT feed, 'gaps' AS kind, iif(count(*) = 1, 'once', count(*) || ' times') || ' in the last 7 days nothing of'
                   || ' the document before was left: items may have been missed. Give it a shorter `min`.' AS remark
        FROM polls JOIN feeds ON feeds.key = feed
        WHERE gap AND at >= :week_ago AND state = 'ok' GROUP BY feed
        UNION ALL
        SELECT feeds.key, 'mended', value FROM feeds, json_each(problems) WHERE state = 'ok'
        UNION ALL
        SELECT key, 'untrue_304', 'its server says “not modified” of a feed that has changed, so it is fetched whole.'
        FROM feeds WHERE state = 'ok' AND lied_at >= :month_ago
        UNION ALL
        SELECT key, 'idle', 'works, but has brought nothing new since ' || date(coalesce(changed_at, first_seen_at))
                   || '. Is this still the right feed?'
        FROM feeds WHERE state = 'ok' AND coalesce(changed_at, first_seen_at) < :month_ago
        """,
        params(week_ago=now - timedelta(days=7), month_ago=now - timedelta(days=30)),
    )
    found = [FeedRemark(feed=row["feed"], kind=row["kind"], remark=row["remark"]) for row in rows]
    for row in db.execute("SELECT key, identity FROM feeds WHERE state = 'ok' AND identity <> 'guid' ORDER BY key"):
        if told := remark(row["identity"]):
            found.append(FeedRemark(feed=row["key"], kind="identity", remark=told))
    return tuple(sorted([*found, *_moves(db)], key=lambda remark: (remark.feed, remark.kind)))


def _moves(db: sqlite3.Connection) -> Iterator[FeedRemark]:
    """Of the feeds that have moved, or would have if nothing spoke against it."""
    urls = dict(db.execute("SELECT key, url FROM feeds WHERE state <> 'removed'").fetchall())
    for row in db.execute("SELECT key, url, given_url, moved_to, moved_polls FROM feeds WHERE state = 'ok'"):
        remark = None
        if row["url"] != row["given_url"]:
            remark = f"is polled at its new address, {redacted(row['url'])}. Write that into feeds.yaml."
        elif row["moved_polls"] >= ADOPT_AFTER:
            others = [url for key, url in urls.items() if key != row["key"]]
            reason = why_not(row["url"], row["moved_to"], others) or "that is not followed yet"
            new = redacted(row["moved_to"])
            remark = f"says that it has moved for good, to {new}, but {reason}. Change it in feeds.yaml."
        if remark:
            yield FeedRemark(feed=row["key"], kind="moved", remark=remark)


def _held_hosts(db: sqlite3.Connection, now: datetime) -> tuple[HeldHost, ...]:
    rows = db.execute(
        "SELECT host, hold_until FROM hosts WHERE hold_until > :now ORDER BY hold_until, host", params(now=now)
    )
    return tuple(HeldHost(host=row["host"], until=instant(row["hold_until"])) for row in rows)


def _held(db: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    """What alerts wait for, and how many do."""
    return db.execute(
        """
        SELECT why, count(DISTINCT alert) AS alerts FROM deliveries WHERE state = 'waiting'
        GROUP BY why ORDER BY alerts DESC, why
        """
    )


def channels_down(db: sqlite3.Connection) -> tuple[ChannelDown, ...]:
    """The channels that nothing can be sent on at the moment, by name."""
    rows = db.execute(
        "SELECT channel, down_since, failures, next_at, last_error FROM channels WHERE failures > 0 ORDER BY channel"
    )
    return tuple(
        ChannelDown(
            channel=row["channel"],
            since=instant(row["down_since"]),
            failures=row["failures"],
            next_at=instant(row["next_at"]),
            error=row["last_error"],
        )
        for row in rows
    )


def _delivery_problems(db: sqlite3.Connection) -> tuple[DeliveryProblem, ...]:
    # With max(id) SQLite takes the other columns from the row that has it: the latest error stands for its group.
    rows = db.execute(
        """
        SELECT channel, state, count(DISTINCT message) AS messages, max(id), last_error FROM deliveries
        WHERE state IN ('queued', 'dead') AND last_error IS NOT NULL
        GROUP BY channel, state ORDER BY channel, state
        """
    )
    return tuple(
        DeliveryProblem(channel=row["channel"], state=row["state"], messages=row["messages"], error=row["last_error"])
        for row in rows
    )


# What a rule may ask of an article. The first poll of a feed stores everything under its own instant.
_SEARCH_COLUMNS = """
    articles.id, articles.story, articles.feed, articles.guid, articles.link, articles.title, articles.text,
    articles.authors, articles.categories, articles.language, articles.language_confidence, articles.language_source,
    articles.published_at, articles.published_source, articles.first_seen_at, articles.updated_at,
    articles.first_seen_at > (SELECT min(first_seen_at) FROM articles AS polled WHERE polled.feed = articles.feed)
        AS is_news,
    (SELECT entry_key FROM sightings WHERE article = articles.id AND feed = articles.feed ORDER BY seen_at, entry_key
     LIMIT 1) AS entry_key,
    (SELECT json_group_array(DISTINCT sightings.feed) FROM sightings WHERE sightings.article = articles.id) AS carriers
"""


def search(
    db: sqlite3.Connection,
    fts: str | None,
    *,
    since: datetime | None,
    feed: str | None,
    language: str | None,
    rule: str | None,
) -> Iterator[SearchRow]:
    """Articles, newest first: all, or those the index finds, or those a rule matched.

    Reads in batches of short statements: a long reader would keep the log from being cut.
    """
    outlets = _outlets(db)
    given = params(fts=fts, since=since, feed=feed, language=language, rule=rule, batch=SEARCH_BATCH)
    source, number, found = "articles", "articles.id", "TRUE"
    if fts is not None:
        source = "articles_fts CROSS JOIN articles ON articles.id = articles_fts.rowid"
        number, found = "articles_fts.rowid", "articles_fts MATCH :fts"
        if rule is not None:
            found += " AND EXISTS (SELECT 1 FROM matches WHERE rule = :rule AND article = articles.id)"
    elif rule is not None:
        source = "matches CROSS JOIN articles ON articles.id = matches.article"
        number, found = "matches.article", "matches.rule = :rule"
    oldest = 0 if since is None else first_since(db, since)
    if oldest is None:
        return
    statement = f"""
        SELECT {_SEARCH_COLUMNS}
        FROM {source}
        WHERE {found} AND {number} BETWEEN :oldest AND :newest
              AND (:since IS NULL OR articles.first_seen_at >= :since)
              AND (:feed IS NULL OR articles.feed = :feed
                   OR EXISTS (SELECT 1 FROM sightings WHERE sightings.article = articles.id AND sightings.feed = :feed))
              AND (:language IS NULL OR articles.language = :language OR articles.language LIKE :language || '-%')
        ORDER BY {number} DESC LIMIT :batch
        """
    newest = 2**63 - 1
    while rows := db.execute(statement, {**given, "oldest": oldest, "newest": newest}).fetchall():
        yield from (_search_row(row, outlets) for row in rows)
        newest = rows[-1]["id"] - 1


def first_since(db: sqlite3.Connection, since: datetime) -> int | None:
    """The lowest number of the articles first seen since an instant; None: there is none."""
    # Numbers ascend as polls are recorded, instants are those at which they began: the lowest number belongs to one of
    # the earliest. For min(id) over all of them SQLite would read the articles from the first on.
    found: int | None = db.execute(
        "SELECT min(id) FROM (SELECT id FROM articles WHERE first_seen_at >= :since ORDER BY first_seen_at LIMIT 2000)",
        params(since=since),
    ).fetchone()[0]
    return found


def rules_matching(db: sqlite3.Connection, articles: Iterable[int]) -> Mapping[str, int]:
    """Rule → how many of these articles it matched, as is recorded."""
    rows = db.execute(
        """
        SELECT rule, count(*) AS articles FROM matches
        WHERE article IN (SELECT value FROM json_each(:articles)) GROUP BY rule
        """,
        params(articles=list(articles)),
    )
    return {row["rule"]: row["articles"] for row in rows}


def passages(db: sqlite3.Connection, articles: Iterable[int]) -> Mapping[int, Mapping[str, str]]:
    """Article → rule → the passage in which that rule matched it, of these articles."""
    rows = db.execute(
        "SELECT article, rule, excerpt FROM matches WHERE article IN (SELECT value FROM json_each(:articles))"
        " ORDER BY article, rule",
        params(articles=list(articles)),
    )
    found: dict[int, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["article"], {})[row["rule"]] = row["excerpt"]
    return found


def is_indexed(db: sqlite3.Connection, fts: str) -> bool:
    """Whether the full-text index finds any article for an expression; the article itself is not read."""
    found = "SELECT 1 FROM articles_fts WHERE articles_fts MATCH :fts LIMIT 1"
    return db.execute(found, params(fts=fts)).fetchone() is not None


def search_row(db: sqlite3.Connection, number: int) -> SearchRow | None:
    """One article as a search finds it; None: there is none of that number."""
    row = db.execute(f"SELECT {_SEARCH_COLUMNS} FROM articles WHERE id = :number", params(number=number)).fetchone()
    return None if row is None else _search_row(row, _outlets(db))


def earliest(db: sqlite3.Connection, since: datetime | None) -> datetime | None:
    """When the oldest article since an instant was first seen; None: there is none."""
    statement = "SELECT min(first_seen_at) AS at FROM articles WHERE first_seen_at >= coalesce(:since, '')"
    return instant_or_none(db.execute(statement, params(since=since)).fetchone()["at"])


def count(db: sqlite3.Connection, since: datetime | None) -> int:
    """How many articles were first seen since an instant."""
    statement = "SELECT count(*) AS n FROM articles WHERE first_seen_at >= coalesce(:since, '')"
    return int(db.execute(statement, params(since=since)).fetchone()["n"])


def _outlets(db: sqlite3.Connection) -> Mapping[str, Outlet]:
    """Every feed by key, as rules ask of it while it is polled: its own title comes first."""
    rows = db.execute("SELECT key, coalesce(own_title, title) AS title, tags, country FROM feeds")
    return {
        row["key"]: Outlet(feed=row["key"], title=row["title"], tags=texts(row["tags"]), country=row["country"])
        for row in rows
    }


def _search_row(row: sqlite3.Row, outlets: Mapping[str, Outlet]) -> SearchRow:
    first = row["feed"]
    others = sorted(set(texts(row["carriers"])) - {first})
    return SearchRow(
        id=row["id"],
        story=row["story"],
        carriers=tuple(outlets[key] for key in (first, *others)),
        entry_key=row["entry_key"],
        guid=row["guid"],
        link=row["link"],
        title=row["title"],
        text=row["text"],
        authors=texts(row["authors"]),
        categories=texts(row["categories"]),
        language=row["language"],
        language_confidence=row["language_confidence"],
        language_source=row["language_source"],
        published_at=instant_or_none(row["published_at"]),
        published_source=row["published_source"],
        first_seen_at=instant(row["first_seen_at"]),
        updated_at=instant_or_none(row["updated_at"]),
        is_news=bool(row["is_news"]),
    )
