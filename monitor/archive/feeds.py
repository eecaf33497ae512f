"""The feed list and the leases, in SQL. Each function runs inside its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from monitor.archive import pages
from monitor.archive.values import due, instant, instant_or_none, json_array, params, seconds_or_none, unpacked
from monitor.cadence import unpack_rhythm
from monitor.identity import unpack_identity
from monitor.model import FeedSpec, FeedState, FeedTrouble, HostLease, Outcome, Validators
from monitor.text import digest

STATE_COLUMNS = """
    key, url, given_url, host, state, etag, last_modified, body_digest, entry_digests, primed, failures,
    failing_since, next_poll_at, last_outcome, whole_at, lied_at, moved_to, moved_polls, ttl_seconds, period_seconds,
    rhythm, identity, identity_seen
"""

# Which feeds a lease is for. The first is worded like the index `feeds_due`, which answers it.
DUE = "next_poll_at <= :now AND state NOT IN ('paused', 'removed')"
NAMED = "key IN (SELECT value FROM json_each(:keys)) AND state <> 'removed'"
UNPAUSED = "state NOT IN ('paused', 'removed')"


# The state of a feed that is in the configuration, from what its last poll left.
STATE = """
    CASE WHEN :paused THEN 'paused'
         WHEN failures > 0 AND last_outcome IN ('blocked', 'gone') THEN last_outcome
         WHEN failures > 0 THEN 'failing'
         WHEN polled_at IS NOT NULL THEN 'ok'
         ELSE 'new' END
"""


def sync_feeds(db: sqlite3.Connection, feeds: Sequence[FeedSpec], now: datetime, *, spread: timedelta) -> None:
    """Makes the feed list what the configuration says."""
    known = {row["key"] for row in db.execute("SELECT key FROM feeds")}
    # By digest, so that the feeds of one host, which stand together in most lists, do not begin together.
    new = sorted((feed.key for feed in feeds if feed.key not in known), key=digest)
    begins = {key: now + spread * position for position, key in enumerate(new)}
    db.executemany("INSERT INTO hosts (host) VALUES (:host) ON CONFLICT DO NOTHING", [{"host": f.host} for f in feeds])
    db.executemany(
        f"""
        INSERT INTO feeds (key, url, given_url, host, title, given_title, language, given_language, country, tags,
                           state, first_seen_at, next_poll_at)
        VALUES (:key, :url, :url, :host, :title, :title, :language, :language, :country, :tags,
                CASE WHEN :paused THEN 'paused' ELSE 'new' END, :now, :begins)
        ON CONFLICT (key) DO UPDATE SET
            title = coalesce(:title, own_title), given_title = :title,
            language = coalesce(:language, own_language), given_language = :language,
            country = :country, tags = :tags, state = {STATE},
            -- A failing feed keeps its date: the server may have told us when to come back.
            next_poll_at = CASE WHEN given_url <> :url THEN :now
                                WHEN failures = 0 THEN min(next_poll_at, :latest)
                                ELSE next_poll_at END,
            -- What the old address gave us to compare by means nothing at the new one.
            etag = iif(given_url = :url, etag, NULL),
            last_modified = iif(given_url = :url, last_modified, NULL),
            body_digest = iif(given_url = :url, body_digest, NULL),
            entry_digests = iif(given_url = :url, entry_digests, x''),
            whole_at = iif(given_url = :url, whole_at, NULL),
            lied_at = iif(given_url = :url, lied_at, NULL),
            rhythm = iif(given_url = :url, rhythm, NULL),
            identity = iif(given_url = :url, identity, 'guid'),
            identity_seen = iif(given_url = :url, identity_seen, '[0, 0, 0, 0]'),
            ttl_seconds = iif(given_url = :url, ttl_seconds, NULL),
            period_seconds = iif(given_url = :url, period_seconds, NULL),
            moved_to = iif(given_url = :url, moved_to, NULL),
            moved_polls = iif(given_url = :url, moved_polls, 0),
            url = iif(given_url = :url, url, :url), host = iif(given_url = :url, host, :host), given_url = :url
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
                begins=due(begins.get(feed.key, now)),
                latest=due(now + feed.max_every),
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


def troubles(db: sqlite3.Connection) -> tuple[FeedTrouble, ...]:
    """The feeds that fail and those that are still reported as failing, longest failing first."""
    rows = db.execute(
        """
        SELECT key, coalesce(title, key) AS title, last_outcome, failures, failing_since, last_error, next_poll_at,
               reported_at,
               (SELECT status FROM polls WHERE polls.feed = feeds.key ORDER BY polls.at DESC, polls.id DESC LIMIT 1)
               AS status
        FROM feeds
        WHERE (failures > 0 OR reported_at IS NOT NULL) AND state NOT IN ('paused', 'removed')
        ORDER BY failing_since, key
        """
    )
    return tuple(
        FeedTrouble(
            feed=row["key"],
            title=row["title"],
            outcome=Outcome(row["last_outcome"]),
            status=row["status"],
            failures=row["failures"],
            since=instant_or_none(row["failing_since"]),
            error=row["last_error"],
            next_poll_at=instant(row["next_poll_at"]),
            reported_at=instant_or_none(row["reported_at"]),
        )
        for row in rows
    )


def lease(
    db: sqlite3.Connection,
    now: datetime,
    *,
    hosts: int,
    ttl: timedelta,
    keys: Collection[str] | None,
    everything: bool,
    pages_only: bool,
) -> tuple[HostLease, ...]:
    """Leases hosts that nobody holds, with their feeds to poll and pages to read: those with feeds first, then those
    longest due."""
    wanted = "FALSE" if pages_only else NAMED if keys is not None else UNPAUSED if everything else DUE
    given = params(
        now=now,
        until=due(now + ttl),
        named=keys is not None,
        keys=sorted(keys or ()),
        hosts=hosts,
        # Who names the feeds, or asks for all, does not want to hear that their host would rather be left alone.
        asked_for=keys is not None or everything,
    )
    leased = {
        row["host"]: row
        for row in db.execute(
            f"""
            UPDATE hosts SET lease_token = lease_token + 1, lease_until = :until
            WHERE host IN (
                SELECT host FROM (
                    SELECT host, 0 AS turn, next_poll_at AS due_at FROM feeds WHERE {wanted}
                    UNION ALL
                    SELECT pages.host, 1, pages.next_attempt_at FROM pages JOIN feeds ON feeds.key = pages.feed
                    WHERE {pages.DUE}
                ) JOIN hosts USING (host)
                WHERE (lease_until IS NULL OR lease_until <= :now)
                      AND (:asked_for OR hold_until IS NULL OR hold_until <= :now)
                GROUP BY host ORDER BY min(turn), min(due_at), host LIMIT :hosts
            )
            RETURNING host, lease_token, last_request_at
            """,
            given,
        ).fetchall()
    }
    if not leased:
        return ()
    feeds: dict[str, list[FeedState]] = {host: [] for host in leased}
    for row in db.execute(
        f"""
        SELECT {STATE_COLUMNS} FROM feeds
        WHERE {wanted} AND host IN (SELECT value FROM json_each(:leased)) ORDER BY next_poll_at, key
        """,
        {**given, "leased": json_array(leased)},
    ):
        feeds[row["host"]].append(_feed_state(row))
    # Longest due first; the hosts that are leased for their pages alone come after them.
    order = sorted(
        leased, key=lambda host: (not feeds[host], feeds[host][0].next_poll_at if feeds[host] else now, host)
    )
    return tuple(
        HostLease(
            host=host,
            token=leased[host]["lease_token"],
            feeds=tuple(feeds[host]),
            last_request_at=instant_or_none(leased[host]["last_request_at"]),
            pages=pages.due_pages(db, host, given),
        )
        for host in order
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
        given_url=row["given_url"],
        state=row["state"],
        validators=Validators(etag=row["etag"], last_modified=row["last_modified"]),
        body_digest=row["body_digest"],
        entry_digests=unpacked(row["entry_digests"]),
        primed=bool(row["primed"]),
        failures=row["failures"],
        next_poll_at=instant(row["next_poll_at"]),
        failing_since=instant_or_none(row["failing_since"]),
        last_outcome=None if row["last_outcome"] is None else Outcome(row["last_outcome"]),
        whole_at=instant_or_none(row["whole_at"]),
        lied_at=instant_or_none(row["lied_at"]),
        moved_to=row["moved_to"],
        moved_polls=row["moved_polls"],
        ttl=seconds_or_none(row["ttl_seconds"]),
        period=seconds_or_none(row["period_seconds"]),
        rhythm=unpack_rhythm(row["rhythm"]),
        identity=unpack_identity(row["identity"], row["identity_seen"]),
    )
