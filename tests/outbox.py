"""An archive with messages in its outbox, and a channel that says what a test tells it to."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from monitor.archive import Archive, ArchiveThread, DeliveryRow, open_archive
from monitor.model import Delivered, Delivery, DeliveryResult
from tests.archive.builders import an_alert, an_outcome, found, numbered, queue_each
from tests.factories import NOW, a_feed

TAKEN = Delivered(reply="250 queued")


class Scripted:
    """A channel that answers by recipient; whatever is not set is taken. It keeps what it was offered, in order."""

    def __init__(self, name: str = "desk", answers: Mapping[str, DeliveryResult] | None = None) -> None:
        self.name = name
        self.answers = dict(answers or {})
        self.offered: list[Delivery] = []
        self.waiting_for: asyncio.Barrier | None = None  # met before the first answer
        self.closed = 0  # how often an offer was ended, early or not

    async def send(self, deliveries: AsyncIterable[Delivery]) -> AsyncGenerator[tuple[Delivery, DeliveryResult], None]:
        """Offers each message once."""
        try:
            if self.waiting_for is not None:
                await self.waiting_for.wait()
            async for delivery in deliveries:
                self.offered.append(delivery)
                yield delivery, self.answers.get(delivery.recipient, TAKEN)
        finally:
            self.closed += 1

    @property
    def recipients(self) -> list[str]:
        """Whom it was offered messages for, in order."""
        return [delivery.recipient for delivery in self.offered]


class Outbox:
    """A real archive on its thread; ended with `aclose`."""

    def __init__(self, folder: Path) -> None:
        self.thread = ArchiveThread()
        self._folder = folder
        self._articles = 0  # so many were queued before
        self.archive: Archive

    async def open(self) -> None:
        """Opens it, with one feed to hang articles on."""
        self.archive = await self.thread(open_archive, str(self._folder / "archive.db"), now=NOW)
        await self.thread(self.archive.sync_feeds, [a_feed()], NOW)

    async def aclose(self) -> None:
        """Ends the archive and its thread."""
        await self.thread(self.archive.close)
        await self.thread.aclose()

    async def queue(self, *recipients: str, channel: str = "desk", now: datetime = NOW) -> None:
        """Queues one message for each recipient, each of an alert and a story of its own."""
        findings = []
        for recipient in recipients:
            alert = an_alert((channel, recipient), due_at=now)
            findings.append(found(numbered(self._articles, seen_at=now), rules=("ukraine",), alerts=(alert,)))
            self._articles += 1
        assert await self.thread(self.archive.record, an_outcome(*findings, at=now))
        await self.thread(queue_each, self.archive, now)

    async def say(self, message: bytes) -> None:
        """Puts these bytes into the place of every message."""

        def put() -> None:
            with closing(sqlite3.connect(self._folder / "archive.db")) as db, db:
                db.execute("UPDATE messages SET bytes = ?", (message,))

        await asyncio.to_thread(put)

    async def leased(self) -> int:
        """How many messages a channel has in its hands."""

        def count() -> int:
            with closing(sqlite3.connect(self._folder / "archive.db")) as db:
                (number,) = db.execute("SELECT count(*) FROM deliveries WHERE leased_until IS NOT NULL").fetchone()
                return int(number)

        return await asyncio.to_thread(count)

    async def rows(self) -> list[DeliveryRow]:
        """What became of all deliveries, in the order of raising."""
        alerts = await self.thread(self.archive.alert_rows, limit=10_000)
        rows = {row.id: row for alert in alerts for row in await self.thread(self.archive.delivery_rows, alert.id)}
        return [rows[number] for number in sorted(rows)]

    async def states(self) -> list[str]:
        """The states of all deliveries, in the order of raising."""
        return [row.state for row in await self.rows()]
