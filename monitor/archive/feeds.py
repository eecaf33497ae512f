"""The feed list and the leases, in SQL. Each function runs inside its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from monitor.archive.values import due, instant, instant_or_none, json_array, params, unpacked
from monitor.model import FeedSpec, FeedState, HostLease, Validators

STATE_COLUMNS = """
    key, url, host, state, etag, last_modified, body_digest, entry_digests, primed, failures, next_poll_at
"""

# Which feeds a lease is for. The first is worded like the index `feeds_due`, which answers it.
DUE = "next_poll_at <= :now AND state NOT IN ('paused', 'removed')"
NAMED = "key IN (SELECT value FROM json_each(:keys)) AND state <> 'removed'"
UNPAUSED = "state NOT IN ('paused', 'removed')"


def sync_feeds(db: sqlite3.Connection, feeds: Sequence[FeedSpec], now: datetime) -> None:
    """Makes the feed list what the configuration says."""
    db.executemany("INSERT INTO hosts (host) VALUES (:host) ON CONFLICT DO NOTHING", [{"host": f.host} for f in feeds])
    db.executemany(
        """
        INSERT INTO feeds (key, url, host, title, given_title, language, given_language, country, tags, state,
                           first_seen_at, next_poll_at)
        VALUES (:key, :url, :host, :title, :title, :language, :language, :country, :tags,
                CASE WHEN :paused THEN 'paused' ELSE 'new' END, :now, :now)
        ON CONFLICT (key) DO UPDATE SET
            title = coalesce(:title, own_title), given_title = :title,
            language = coalesce(:language, own_language), given_language = :language,
            country = :country, tags = :tags,
            state = CASE WHEN :paused THEN 'paused'
                         WHEN failures > 0 THEN 'failing'
                         WHEN polled_at IS NOT NULL THEN 'ok'
                         ELSE 'new' END,
            -- A failing feed keeps its date: the server may have told us when to come back.
            next_poll_at = CASE WHEN url <> :url THEN :now
                                WHEN failures = 0 THEN min(next_poll_at, :latest)
                                ELSE next_poll_at END,
            -- What the old address gave us to compare by means nothing at the new one.
            etag = iif(url = :url, etag, NULL),
            last_modified = iif(url = :url, last_modified, NULL),
            body_digest = iif(url = :url, body_digest, NULL),
            entry_digests = iif(url = :url, entry_digests, x''),
            moved_to = iif(url = :url, moved_to, NULL),
            url = :url, host = :host
        """,
        [
            params(
                key=feed.key,
                url=feed.url,
                host=feed.host,
                title=feed.title,
                language=feed.language,
                country=feed.country,
                tags=feed.tags,
                paused=feed.paused,
                now=now,
                latest=due(now + feed.every),
            )
            for feed in feeds
        ],
    )
    db.execute(
        """
        UPDATE feeds SET state = 'removed'
        WHERE state <> 'removed' AND key NOT IN (SELECT value FROM json_each(:keys))
        """,
        {"keys": json_array(feed.key for feed in feeds)},
    )


def feed_states(db: sqlite3.Connection) -> tuple[FeedState, ...]:
    """Every feed of the configuration, by key."""
    rows = db.execute(f"SELECT {STATE_COLUMNS} FROM feeds WHERE state <> 'removed' ORDER BY key")
    return tuple(map(_feed_state, rows))


def lease(
    db: sqlite3.Connection, now: datetime, *, hosts: int, ttl: timedelta, keys: Collection[str] | None, everything: bool
) -> tuple[HostLease, ...]:
    """Leases hosts that nobody holds, longest due first, with their feeds to poll, longest due first."""
    wanted = NAMED if keys is not None else UNPAUSED if everything else DUE
    given = params(now=now, until=due(now + ttl), keys=sorted(keys or ()), hosts=hosts)
    leased = {
        row["host"]: row
        for row in db.execute(
            f"""
            UPDATE hosts SET lease_token = lease_token + 1, lease_until = :until
            WHERE host IN (
                SELECT host FROM feeds JOIN hosts USING (host)
                WHERE {wanted} AND (lease_until IS NULL OR lease_until <= :now)
                GROUP BY host ORDER BY min(next_poll_at), host LIMIT :hosts
            )
            RETURNING host, lease_token, last_request_at
            """,
            given,
        ).fetchall()
    }
    if not leased:
        return ()
    feeds: dict[str, list[FeedState]] = {}
    for row in db.execute(
        f"""
        SELECT {STATE_COLUMNS} FROM feeds
        WHERE {wanted} AND host IN (SELECT value FROM json_each(:leased)) ORDER BY next_poll_at, key
        """,
        {**given, "leased": json_array(leased)},
    ):
        feeds.setdefault(row["host"], []).append(_feed_state(row))
    return tuple(
        HostLease(
            host=host,
            token=leased[host]["lease_token"],
            feeds=tuple(states),
            last_request_at=instant_or_none(leased[host]["last_request_at"]),
        )
        for host, states in feeds.items()
    )


def release(db: sqlite3.Connection, lease: HostLease, *, last_request_at: datetime | None) -> None:
    """Ends a lease that is still ours."""
    db.execute(
        """
        UPDATE hosts SET lease_until = NULL, last_request_at = coalesce(:last_request_at, last_request_at)
        WHERE host = :host AND lease_token = :token
        """,
        # Rounded up: the pause between two requests must not become shorter for it.
        params(host=lease.host, token=lease.token, last_request_at=last_request_at and due(last_request_at)),
    )


def _feed_state(row: sqlite3.Row) -> FeedState:
    return FeedState(
        key=row["key"],
        url=row["url"],
        state=row["state"],
        validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
        body_digest=row["body_digest"],
        entry_digests=unpacked(row["entry_digests"]),
        primed=bool(row["primed"]),
        failures=row["failures"],
        next_poll_at=instant(row["next_poll_at"]),
    )
