"""What waits in the outbox → messages: whatever's time has come is grouped, laid out, and queued to be sent.

    archive.waiting ─→ plan ─┬─→ held: must wait longer, and why ─┐
                             └─→ bundles ─→ compose (worker) ─────┴─→ archive.queue_messages, one transaction

What is queued is decided by "not yet in a message", never by a date, and a message's identity by what it tells of: a
crash anywhere in between means that it is composed again, the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import logs
from monitor.alert import destinations
from monitor.archive import Archive, ArchiveThread
from monitor.config import Config
from monitor.errors import WorkerFailed
from monitor.grouping import HOUR, digest_bundles, plan
from monitor.model import Bundle, ChannelSpec, DigestSpec, Held, NewMessage, Reader
from monitor.render import Job, compose, compose_plainly

# Bundles, and deliveries in them, between two transactions: what they say of their articles is in memory meanwhile.
BUNDLES_AT_ONCE = 200
DELIVERIES_AT_ONCE = 1_000

Layout = Callable[[Sequence[Job]], Awaitable[Sequence[NewMessage]]]

log = logs.get()


async def laid_out_here(jobs: Sequence[Job]) -> Sequence[NewMessage]:
    """Lays messages out in this process, for a command that has no workers."""
    return [compose(job) for job in jobs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """What composing needs: the archive, the configuration, the time, and who lays messages out."""

    config: Config
    archive: Archive
    thread: ArchiveThread
    now: Callable[[], datetime]
    layout: Layout = laid_out_here

    async def begin(self) -> None:
        """To be called once, and after every change of the configuration: when digests are due, who is told of what an
        earlier version left."""
        await self.thread(self.archive.sync_digests, tuple(self.config.digests.values()), self.now())
        to = {rule.name: destinations([rule], self.config.channels) for rule in self.config.rules}
        await self.thread(self.archive.address, to, self.now())

    async def compose_due(self, *, everything: bool = False) -> int:
        """Queues what goes now, digests too; with `everything` also what waits for others. How many messages."""
        now = self.now()
        waiting = await self.thread(self.archive.waiting, now, everything=everything)
        composed = 0
        if waiting:
            planned = plan(
                waiting,
                rules={rule.name: rule for rule in self.config.rules},
                channels=self.config.channels,
                mutes=await self.thread(self.archive.mutes, now),
                recent=await self.thread(self.archive.recent_messages, now - HOUR),
                now=now,
                everything=everything,
            )
            composed = await self._queue(planned.bundles, planned.held, now)
        for name, since in (await self.thread(self.archive.due_digests, now)).items():
            if (digest := self.config.digests.get(name)) is not None:
                composed += await self.compose_digest(digest, since=since)
        return composed

    async def compose_digest(self, digest: DigestSpec, *, since: datetime | None = None) -> int:
        """Queues a digest of all that waits for it; how many messages.

        `since` is when it was last due, and it is next due as its time table says. None: somebody asks for it now,
        before its time.
        """
        now = self.now()
        done = None if since is None else digest
        if since is None:
            since = await self.thread(self.archive.digest_last_at, digest.name) or now - timedelta(days=1)
        waiting = await self.thread(self.archive.waiting_for, digest.name)
        bundles = digest_bundles(digest.name, waiting, mutes=await self.thread(self.archive.mutes, now), now=now)
        if digest.empty:
            bundles += self._empty(digest, bundles)
        composed = await self._queue(bundles, (), now, since=since, done=done)
        log.info("digest queued", digest=digest.name, messages=composed, alerts=len({each.alert for each in waiting}))
        return composed

    def _empty(self, digest: DigestSpec, bundles: Iterable[Bundle]) -> tuple[Bundle, ...]:
        """The digest to those who have nothing in it."""
        served = {(bundle.channel, bundle.recipient) for bundle in bundles}
        rules = [rule for rule in self.config.rules if rule.digest == digest.name and rule.enabled]
        return tuple(
            Bundle(kind="digest", channel=channel, recipient=recipient, why="digest", deliveries=(), digest=digest.name)
            for channel, recipient in destinations(rules, self.config.channels)
            if (channel, recipient) not in served
        )

    async def _queue(
        self,
        bundles: Sequence[Bundle],
        held: Sequence[Held],
        now: datetime,
        *,
        since: datetime | None = None,
        done: DigestSpec | None = None,
    ) -> int:
        batches = [*_batches(bundles)] or [()]
        for number, batch in enumerate(batches, 1):
            messages = await self._laid_out([await self._job(bundle, now, since) for bundle in batch])
            is_last = number == len(batches)
            await self.thread(
                self.archive.queue_messages,
                messages,
                held if number == 1 else (),
                now,
                done=done if is_last else None,
            )
        return len(bundles)

    async def _laid_out(self, jobs: Sequence[Job]) -> Sequence[NewMessage]:
        if not jobs:
            return ()
        try:
            return await self.layout(jobs)
        except WorkerFailed as failure:
            if len(jobs) > 1:  # one of them; the others are as they should be
                return [message for job in jobs for message in await self._laid_out([job])]
            log.error("message could not be laid out", kind=jobs[0].bundle.kind, why=str(failure))
            return [compose_plainly(jobs[0], why=str(failure))]

    async def _job(self, bundle: Bundle, now: datetime, since: datetime | None) -> Job:
        articles = await self.thread(self.archive.telling, [each.alert for each in bundle.deliveries])
        told = {article.rule for article in articles}
        rules = {rule.name: rule for rule in self.config.rules if rule.name in told}
        channel = self.config.channels_and_operator.get(bundle.channel)
        answers = await self.thread(self.archive.thread, bundle) if bundle.kind in ("followup", "summary") else ()
        trends = (
            await self.thread(self.archive.trends, sorted(told), since=since, now=now)
            if since is not None and told
            else ()
        )
        return Job(
            bundle=bundle,
            articles=articles,
            form="mail" if channel is None else channel.form,
            house=self.config.house,
            reader=_reader(channel, bundle.recipient),
            now=now,
            rules=rules,
            answers=answers,
            trends=trends,
            told_lately=await self._told_lately(bundle, now),
        )

    async def _told_lately(self, bundle: Bundle, now: datetime) -> int:
        if bundle.kind != "summary":
            return 0
        recent = await self.thread(self.archive.recent_messages, now - HOUR)
        whom = (bundle.rule, bundle.channel, bundle.recipient)
        return sum(each.stories for each in recent if (each.rule, each.channel, each.recipient) == whom)


def _batches(bundles: Iterable[Bundle]) -> Iterator[Sequence[Bundle]]:
    """The bundles, in order, as many at a time as may be in memory."""
    batch: list[Bundle] = []
    for bundle in bundles:
        deliveries = sum(len(each.deliveries) for each in (*batch, bundle))
        if batch and (len(batch) == BUNDLES_AT_ONCE or deliveries > DELIVERIES_AT_ONCE):
            yield batch
            batch = []
        batch.append(bundle)
    if batch:
        yield batch


def _reader(channel: ChannelSpec | None, recipient: str) -> Reader:
    if channel is None:
        return Reader()
    return channel.readers.get(recipient, channel.reader)
