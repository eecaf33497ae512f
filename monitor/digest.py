"""Digests into the outbox: what waited since the last one, as one message to each recipient.

What a digest holds is decided by "not yet in a digest", never by a date: an alert is in exactly one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.alert import digest_deliveries
from monitor.archive import Archive, ArchiveThread
from monitor.model import ChannelSpec, House, RuleSpec


async def queue_digest(
    thread: ArchiveThread,
    archive: Archive,
    digest: str,
    *,
    rules: Mapping[str, RuleSpec],
    channels: Mapping[str, ChannelSpec],
    house: House,
    now: datetime,
) -> int:
    """Queues the digest's messages and marks the alerts they carry, in one transaction; how many messages.

    0: nothing waited, or no rule with this digest has anywhere to send any more. The alerts then go on waiting.
    """
    waiting = await thread(archive.waiting_alerts, digest)
    if not waiting:
        return 0
    deliveries = digest_deliveries(digest, waiting, rules=rules, channels=channels, house=house, now=now)
    if deliveries:
        await thread(archive.record_digest, digest, waiting, deliveries, now)
    return len(deliveries)
