"""The outbox → the channels: each due message is offered to its channel, and settled on the channel's word.

A message is settled only after the channel spoke, and leased before: a crash in between is known afterwards, and means
that it is offered again, the same bytes under the same Message-ID, so that a mail program can tell.

A channel that is down is a fault of none of its messages. It is tried again with one of them, later and later; once it
works, what has waited goes out oldest first, and no faster than a server that has just come back will bear.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from monitor import logs
from monitor.alert import notice_deliveries, recipients
from monitor.archive import Archive, ArchiveThread
from monitor.cadence import next_after_refusal, next_attempt, next_probe
from monitor.channels import Channel
from monitor.errors import ArchiveError
from monitor.model import (
    ChannelSpec,
    ChannelState,
    Delivered,
    Delivery,
    DeliveryResult,
    House,
    Notice,
    Refused,
    TryAgain,
)
from monitor.render import channel_test, message_id, plainer_mail

BATCH = 20  # messages leased at once: so many may be told twice after a crash, at most
LEASED_FOR = timedelta(minutes=30)  # longer than a batch can take: a final dot may be answered after ten minutes
A_MINUTE_WHEN_RECOVERING = 60  # messages

log = logs.get()


def never(_: str) -> bool:
    """No channel is ever quiet."""
    return False


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
    quiet: Callable[[str], bool] = never,
    everything: bool = False,
) -> Deliveries:
    """Sends what is due, oldest first, all channels side by side; with `everything`, also what waits for its time.

    On a channel that is `quiet` now only digests and notices go, whatever was to be sent before it became so.
    A channel that is down is left alone after the first message says so. Raises ArchiveError when the archive cannot be
    read or written; what was not settled then is offered again.
    """
    sending = _Sending(thread, archive, now, jitter, quiet, everything)
    while True:
        due = await thread(archive.due_channels, now(), everything=everything)
        due = tuple(state for state in due if state.channel not in sending.done)
        if not due:
            return sending.counts
        try:
            async with asyncio.TaskGroup() as side_by_side:
                for state in due:
                    sending.done.add(state.channel)
                    side_by_side.create_task(sending.send(state, channels.get(state.channel)))
        except ExceptionGroup as failed:
            # Whoever calls knows what to do about an archive that broke, and nothing about groups.
            raise failed.exceptions[0] from None


@dataclass(slots=True)
class Senders:
    """The channels at work, each by itself: a server that is slow to answer holds up no other."""

    thread: ArchiveThread
    archive: Archive
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    quiet: Callable[[str], bool] = never  # whether a channel is to be quiet now
    _at_work: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)  # channels that have something since they last looked
    _unoffered: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # by channel

    async def start(self, channels: Mapping[str, Channel]) -> None:
        """Lets each channel that has something due send it; one that is at work looks again when it is done."""
        due = [state.channel for state in await self.thread(self.archive.due_channels, self.now(), everything=False)]
        for name in dict.fromkeys([*due, *(name for name, left in self._unoffered.items() if left)]):
            self._asked.add(name)
            if name not in self._at_work:
                self._at_work[name] = asyncio.create_task(self._work(name, channels), name=f"send {name}")

    @property
    def busy(self) -> bool:
        """Whether a channel is at work."""
        return bool(self._at_work)

    async def finish(self, *, within: float) -> bool:
        """Lets who is at work finish, for so many seconds, then stops them; whether all did. What is stopped is sent
        again, the same."""
        self._asked.clear()
        if not (tasks := list(self._at_work.values())):
            return True
        _, late = await asyncio.wait(tasks, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late

    async def _work(self, name: str, channels: Mapping[str, Channel]) -> None:
        left = self._unoffered[name]
        sending = _Sending(
            self.thread, self.archive, self.now, self.jitter, self.quiet, everything=False, unoffered=left
        )
        try:
            await sending.release()
            while name in self._asked:
                self._asked.discard(name)
                for state in await self.thread(self.archive.due_channels, self.now(), everything=False):
                    if state.channel == name:
                        await sending.send(state, channels.get(name))
        except ArchiveError as error:
            # What was leased is offered again once its lease is over, or at the next start.
            log.error("sending stopped, the archive cannot be used", channel=name, why=str(error))
        except Exception:
            log.exception("sending failed in an unforeseen way", channel=name)
        finally:
            del self._at_work[name]


@dataclass(slots=True)
class _Turn:
    """A channel's turn at sending."""

    state: ChannelState
    is_down: bool
    left: int | None  # messages it may still be offered; None: as many as there are
    after: int = 0  # the last message leased
    waiting: deque[Delivery] = field(default_factory=deque)  # leased, to be offered next
    open: set[int] = field(default_factory=set)  # messages leased and not settled


@dataclass(frozen=True, slots=True)
class _Sending:
    thread: ArchiveThread
    archive: Archive
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    quiet: Callable[[str], bool]
    everything: bool
    counts: Deliveries = field(default_factory=Deliveries)
    done: set[str] = field(default_factory=set)  # channels that had their turn in this call
    unoffered: set[int] = field(default_factory=set)  # messages leased and not offered

    async def send(self, state: ChannelState, channel: Channel | None) -> None:
        """Offers a channel what is due, until there is no more, it is down, or it recovers and has had enough."""
        turn = _Turn(
            state=state,
            is_down=state.failures > 0,
            left=A_MINUTE_WHEN_RECOVERING - state.sent_lately if state.recovering and not self.everything else None,
        )
        try:
            if channel is None:
                await self.miss(turn)
                return
            async with aclosing(self.offers(turn)) as offers, aclosing(channel.send(offers)) as results:
                async for delivery, result in results:
                    turn.open.discard(delivery.id)
                    if isinstance(result, TryAgain) and result.channel_wide:
                        await self.hold(turn.state, delivery, result)
                        return
                    plainer = await self.settle(delivery, result)
                    turn.waiting.extend(plainer)
                    turn.open.update(each.id for each in plainer)
                    if turn.is_down:
                        await self.thread(self.archive.note_up, state.channel)
                        log.info("channel works again", channel=state.channel)
                        turn.state, turn.is_down = replace(state, failures=0), False
        finally:
            # First noted: an archive that cannot be used now can be later, and they need not wait for their lease.
            self.unoffered.update(turn.open)
            await self.release()

    async def release(self) -> None:
        """Ends the leases of what was not offered after all."""
        if self.unoffered:
            await self.thread(self.archive.release_messages, sorted(self.unoffered))
            self.unoffered.clear()

    async def offers(self, turn: _Turn) -> AsyncGenerator[Delivery, None]:
        """The channel's messages one after the other, leased a few at a time, each when the one before is settled."""
        while await self.lease(turn):
            while turn.waiting:
                yield turn.waiting.popleft()

    async def lease(self, turn: _Turn) -> bool:
        """Leases the next few messages; False when the turn is over."""
        if turn.left is not None and turn.left <= 0:
            return False
        most = BATCH if turn.left is None else min(BATCH, turn.left)
        quietly = self.quiet(turn.state.channel)
        leased = await self.thread(
            self.archive.lease_messages,
            turn.state.channel,
            self.now(),
            after=turn.after,
            limit=1 if turn.is_down else most,
            until=self.now() + LEASED_FOR,
            everything=self.everything,
            quietly=quietly,
        )
        if not leased:
            if turn.state.recovering and not turn.is_down and not quietly:
                await self.thread(self.archive.note_caught_up, turn.state.channel)
            return False
        turn.waiting.extend(leased)
        turn.open.update(delivery.id for delivery in leased)
        turn.after = leased[-1].id
        turn.left = None if turn.left is None else turn.left - len(leased)
        return True

    async def miss(self, turn: _Turn) -> None:
        """Holds the messages for a channel that there is no more."""
        turn.is_down = True  # one of them is enough to say so
        if await self.lease(turn):
            name = turn.state.channel
            why = f'the configuration has no channel "{name}" any more; name one so, or drop the message'
            await self.hold(turn.state, turn.waiting[0], TryAgain(why=why, channel_wide=True))

    async def hold(self, state: ChannelState, delivery: Delivery, result: TryAgain) -> None:
        """Notes that a channel is down, and what it said to the message it was tried with."""
        at = self.now()
        next_at = next_probe(failures=state.failures + 1, now=at, jitter=self.jitter(), retry_after=result.after)
        await self.thread(self.archive.settle, delivery, result, now=at, next_attempt_at=at)
        await self.thread(self.archive.note_down, state.channel, why=result.why, next_at=next_at, now=at)
        self.tell(delivery, result, next_at)

    async def settle(self, delivery: Delivery, result: DeliveryResult) -> Sequence[Delivery]:
        """Writes the channel's word on a message down; what is to be offered in its place at once."""
        at = self.now()
        next_attempt_at = None
        match result:
            case TryAgain(after=after):
                next_attempt_at = next_attempt(
                    attempts=delivery.attempts + 1,
                    created_at=delivery.created_at,
                    now=at,
                    jitter=self.jitter(),
                    retry_after=after,
                )
            case Refused(about="recipient"):
                next_attempt_at = next_after_refusal(refusals=delivery.refusals + 1, now=at, jitter=self.jitter())
            case Refused(about="message") if not delivery.is_stub and _is_mail(delivery.message):
                return (await self.make_plainer(delivery, result),)
        await self.thread(self.archive.settle, delivery, result, now=at, next_attempt_at=next_attempt_at)
        self.tell(delivery, result, next_attempt_at)
        return ()

    async def make_plainer(self, delivery: Delivery, refused: Refused) -> Delivery:
        """Puts a plainer message in the place of one that was refused as it was."""
        at = self.now()
        told = await self.thread(self.archive.told, delivery.id)
        stub = plainer_mail(delivery.message, told, why=refused.why)
        await self.thread(self.archive.settle, delivery, refused, now=at, next_attempt_at=at, stub=stub)
        log.warning(
            "message refused, a plainer one is sent", channel=delivery.channel, message=delivery.id, why=refused.why
        )
        return replace(delivery, message=stub, is_stub=True, attempts=delivery.attempts + 1)

    def tell(self, delivery: Delivery, result: DeliveryResult, next_attempt_at: datetime | None) -> None:
        """Counts and logs what became of a message."""
        facts = {"channel": delivery.channel, "message": delivery.id, "attempt": delivery.attempts + 1}
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


def _is_mail(message: bytes) -> bool:
    """Whether a message is a mail, which has a plainer form. What programs are sent is a JSON object, and has none."""
    return not message.startswith(b"{")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentByHand:
    """What a channel said to a message that was sent past the outbox."""

    channel: str
    recipient: str
    delivered: bool
    said: str


async def send_test(
    specs: Sequence[ChannelSpec], channels: Mapping[str, Channel], *, house: House, now: datetime
) -> tuple[SentByHand, ...]:
    """Sends a test message to every recipient of these channels at once, past the outbox."""
    results = []
    for spec in specs:
        async for sent in channels[spec.name].send(_test_messages(spec, house, now)):
            results.append(_result(spec.name, sent))
    return tuple(results)


async def send_notice(
    notice: Notice, spec: ChannelSpec, channel: Channel, *, house: House, now: datetime
) -> tuple[SentByHand, ...]:
    """Sends a notice to every recipient of a channel at once, past the outbox: for when that cannot be trusted."""
    _, intents = notice_deliveries(notice, channel=spec, house=house, now=now)

    async def messages() -> AsyncGenerator[Delivery, None]:
        for number, intent in enumerate(intents):
            yield Delivery(
                id=number,
                channel=spec.name,
                recipient=intent.recipient,
                message_id=intent.message_id,
                message=intent.message,
                attempts=0,
                created_at=now,
            )

    return tuple([_result(spec.name, each) async for each in channel.send(messages())])


def _result(channel: str, sent: tuple[Delivery, DeliveryResult]) -> SentByHand:
    delivery, result = sent
    match result:
        case Delivered(reply=said):
            delivered = True
        case TryAgain(why=said) | Refused(why=said):
            delivered = False
    return SentByHand(channel=channel, recipient=delivery.recipient, delivered=delivered, said=said)


async def _test_messages(spec: ChannelSpec, house: House, now: datetime) -> AsyncGenerator[Delivery, None]:
    for number, recipient in enumerate(recipients(spec)):
        mail_id = message_id("test", spec.name, recipient, now.isoformat(), contact=house.contact)
        yield Delivery(
            id=number,
            channel=spec.name,
            recipient=recipient,
            message_id=mail_id,
            message=channel_test(
                mail_id=mail_id,
                channel=spec.name,
                house=house,
                recipient=recipient,
                now=now,
                reader=spec.readers.get(recipient, spec.reader),
                form=spec.form,
            ),
            attempts=0,
            created_at=now,
        )
