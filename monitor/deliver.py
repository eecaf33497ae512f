"""The outbox → the channels: each due message is offered to its channel, and settled on the channel's word.

A message is settled only after the channel spoke. A crash in between means that it is offered again: the same bytes
under the same Message-ID, so that a mail program can tell.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from monitor import logs
from monitor.alert import recipients
from monitor.archive import Archive, ArchiveThread
from monitor.cadence import next_after_refusal, next_attempt
from monitor.channels import Channel
from monitor.model import (
    ChannelSpec,
    Delivered,
    Delivery,
    DeliveryResult,
    House,
    Refused,
    TryAgain,
)
from monitor.render import message_id, plainer_mail, test_mail

BATCH = 200  # messages read from the outbox at once; bounds memory, not what is sent

# A server that is down is no fault of the message: after five days of that it is still offered, this often.
ASK_A_DOWN_CHANNEL_EVERY = timedelta(hours=1)

log = logs.get()


@dataclass(slots=True)
class Deliveries:
    """What one round of sending came to."""

    sent: int = 0
    retried: int = 0  # to be tried again later
    dead: int = 0  # given up: refused for good, or tried for too long


async def deliver_due(
    thread: ArchiveThread,
    archive: Archive,
    channels: Mapping[str, Channel],
    *,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    everything: bool = False,
) -> Deliveries:
    """Sends what is due, oldest first, all channels side by side; with `everything`, also what waits for its time.

    A channel that is down is left alone after the first message says so, and what waits for it is put off with it.
    Raises ArchiveError when the archive cannot be read or written; what was not settled then is offered again.
    """
    sending = _Sending(thread, archive, now, jitter)
    while True:
        # With `everything`, what is left queued comes back with every reading.
        limit = BATCH + len(sending.left)
        due = await thread(archive.due_deliveries, now(), limit=limit, everything=everything)
        by_channel: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in due:
            if delivery.id not in sending.left:
                by_channel[delivery.channel].append(delivery)
                sending.left.add(delivery.id)
        if not by_channel:
            return sending.counts
        try:
            async with asyncio.TaskGroup() as side_by_side:
                for name in by_channel.keys() - sending.down:
                    side_by_side.create_task(sending.send(name, channels.get(name), by_channel[name]))
        except ExceptionGroup as failed:
            # Whoever calls knows what to do about an archive that broke, and nothing about groups.
            raise failed.exceptions[0] from None


@dataclass(frozen=True, slots=True)
class _Sending:
    thread: ArchiveThread
    archive: Archive
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    counts: Deliveries = field(default_factory=Deliveries)
    left: set[int] = field(default_factory=set)  # messages met in this call that are still queued
    down: set[str] = field(default_factory=set)  # channels that said so in this call

    async def send(self, name: str, channel: Channel | None, deliveries: Sequence[Delivery]) -> None:
        if channel is None:
            why = TryAgain(why=f'the configuration has no channel "{name}" any more; name one so, or drop the message')
            for delivery in deliveries:
                await self.settle(delivery, why)
            return
        results = channel.send(deliveries)
        try:
            async for delivery, result in results:
                next_attempt_at = await self.settle(delivery, result)
                if isinstance(result, TryAgain) and result.channel_wide and next_attempt_at is not None:
                    self.down.add(name)
                    await self.thread(self.archive.hold_channel, name, until=next_attempt_at)
                    return
        finally:
            await results.aclose()

    async def settle(self, delivery: Delivery, result: DeliveryResult) -> datetime | None:
        """Writes the channel's word down; when the message is tried again, None when it is not."""
        at = self.now()
        next_attempt_at = None
        stub = None
        match result:
            case TryAgain(channel_wide=channel_wide):
                next_attempt_at = next_attempt(
                    attempts=delivery.attempts + 1, created_at=delivery.created_at, now=at, jitter=self.jitter()
                )
                if next_attempt_at is None and channel_wide:
                    next_attempt_at = at + ASK_A_DOWN_CHANNEL_EVERY
            case Refused(about="recipient"):
                next_attempt_at = next_after_refusal(refusals=delivery.refusals + 1, now=at, jitter=self.jitter())
            case Refused(about="message", why=why) if not delivery.is_stub:
                told = await self.thread(self.archive.told, delivery.alert)
                stub = plainer_mail(delivery.message, told, why=why)
                next_attempt_at = at
        await self.thread(self.archive.settle, delivery, result, now=at, next_attempt_at=next_attempt_at, stub=stub)
        self.tell(delivery, result, next_attempt_at)
        return next_attempt_at

    def tell(self, delivery: Delivery, result: DeliveryResult, next_attempt_at: datetime | None) -> None:
        """Counts and logs what became of a message."""
        facts = {"channel": delivery.channel, "delivery": delivery.id, "attempt": delivery.attempts + 1}
        if next_attempt_at is None:
            self.left.discard(delivery.id)
        match result:
            case Delivered():
                self.counts.sent += 1
                log.info("message sent", **facts)
            case TryAgain(why=why) | Refused(why=why) if next_attempt_at is not None:
                self.counts.retried += 1
                log.warning("message not sent", **facts, why=why, next=f"{next_attempt_at:%Y-%m-%dT%H:%M:%SZ}")
            case TryAgain(why=why) | Refused(why=why):
                self.counts.dead += 1
                log.error("message given up", **facts, recipient=delivery.recipient, why=why)
            case unreachable:
                assert_never(unreachable)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What a channel said to a test message."""

    channel: str
    recipient: str
    delivered: bool
    said: str


async def send_test(
    specs: Sequence[ChannelSpec], channels: Mapping[str, Channel], *, house: House, now: datetime
) -> tuple[TestResult, ...]:
    """Sends a test message to every recipient of these channels at once, past the outbox."""
    results = []
    for spec in specs:
        async for delivery, result in channels[spec.name].send(_test_messages(spec, house, now)):
            match result:
                case Delivered(reply=said):
                    delivered = True
                case TryAgain(why=said) | Refused(why=said):
                    delivered = False
            results.append(TestResult(channel=spec.name, recipient=delivery.recipient, delivered=delivered, said=said))
    return tuple(results)


def _test_messages(spec: ChannelSpec, house: House, now: datetime) -> list[Delivery]:
    messages = []
    for number, recipient in enumerate(recipients(spec)):
        mail_id = message_id("test", spec.name, recipient, now.isoformat(), contact=house.contact)
        messages.append(
            Delivery(
                id=number,
                alert=0,
                channel=spec.name,
                recipient=recipient,
                message_id=mail_id,
                message=test_mail(mail_id=mail_id, channel=spec.name, house=house, recipient=recipient, now=now),
                attempts=0,
                created_at=now,
            )
        )
    return messages
