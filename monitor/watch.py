"""Watching over ourselves: the operator hears of a feed that goes on failing, once, and when it works again, once.

Also of a feed whose items come again and again under new identities, once a day.

What is to be told lies in the archive (`feeds.reported_at`), so that a restart neither forgets nor repeats it. Feeds
that begin to fail together, as they do when our own line is down, come in one notice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.alert import notice_deliveries
from monitor.archive import Archive, ArchiveThread
from monitor.config import OPERATOR, Config
from monitor.model import Notice
from monitor.policy import persists

NOTICE_EVERY = timedelta(hours=1)  # at most


async def queue_notice(thread: ArchiveThread, archive: Archive, config: Config, *, now: datetime) -> str | None:
    """Queues one notice about all there is to tell, in one transaction; its subject. None: nothing, or not yet."""
    troubles = await thread(archive.feed_troubles)
    failing = [
        trouble
        for trouble in troubles
        if trouble.reported_at is None and persists(trouble.failures, trouble.since, now)
    ]
    working = [trouble for trouble in troubles if trouble.reported_at is not None and not trouble.failures]
    if not failing and not working:
        return None
    last = await thread(archive.last_notice_at)
    if last is not None and timedelta(0) <= now - last < NOTICE_EVERY:
        return None
    subject, deliveries = notice_deliveries(
        Notice(failing=tuple(failing), working=tuple(working), feeds=len(config.feeds)),
        channel=config.channels_and_operator[OPERATOR],
        house=config.house,
        now=now,
    )
    await thread(
        archive.record_notice,
        subject,
        deliveries,
        failing=[trouble.feed for trouble in failing],
        working=[trouble.feed for trouble in working],
        now=now,
    )
    return subject


async def queue_storm_notice(
    thread: ArchiveThread, archive: Archive, config: Config, *, feed: str, entries: int, now: datetime
) -> str:
    """Queues the notice of a storm of `entries` old items under new identities, unless the feed had one that day."""
    subject, deliveries = notice_deliveries(
        Notice(storms=((feed, entries),), feeds=len(config.feeds)),
        channel=config.channels_and_operator[OPERATOR],
        house=config.house,
        now=now,
    )
    await thread(archive.record_notice, subject, deliveries, key=f"storm {feed} {now:%Y-%m-%d}", now=now)
    return subject
