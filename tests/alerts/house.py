"""A house on loopback: a feed, an archive, rules, and a mail server, under one clock that the test moves.

async with a_house(folder, server) as house:
    house.publish("Report on Ukraine")
    await house.poll()
    await house.send()
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor import config as configuration
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.channels import Channel, EmailChannel, open_channels
from monitor.compose import Composer
from monitor.config import Config
from monitor.deliver import Deliveries, deliver_due
from monitor.model import PollOutcome
from monitor.poll import Poller, open_poller, poll_host, sync
from monitor.watch import queue_notice
from tests.channels.mailserver import Running, trusting
from tests.factories import NOW
from tests.loopback import Answer, Site
from tests.rss import item, rss

RULE = "{name: ukraine, query: Ukraine, channels: [desk], group_wait: 0s, burst: 0}"
DESK = "desk: {kind: email, to: [anna@example.org]}"

SHORT = 0.1  # seconds a mail server gets to answer, where the test has one that does not
PATIENT = 20.0  # never waited for


def words(number: int) -> str:
    """A text of an article that is like no other's."""
    return " ".join(f"w{number * 31 + place * place}" for place in range(60)) + " in Ukraine."


@dataclass
class House:
    """Everything at hand; `config` may be put in place by `reload`."""

    folder: Path
    site: Site
    config: Config
    archive: Archive
    thread: ArchiveThread
    poller: Poller
    channels: Mapping[str, Channel]
    clock: datetime = NOW
    items: list[str] = field(default_factory=list)
    published: int = 0

    def publish(self, *titles: str, **given: str | None) -> None:
        """Puts items before the others in the feed, each with a text of its own unless one is given."""
        for title in titles:
            self.published += 1
            values = {"title": title, "description": words(self.published)} | given
            self.items.insert(0, item(self.published, published=self.clock, **values))
        self.serve(rss(*self.items))

    def serve(self, document: bytes, path: str = "/gazette") -> None:
        """Serves a document as a feed."""
        self.site.routes[path] = Answer(body=document)

    async def poll(self) -> list[PollOutcome]:
        """Polls every feed, ten minutes after the last time."""
        self.clock += timedelta(minutes=10)
        outcomes: list[PollOutcome] = []
        for lease in await self.thread(
            self.archive.lease, self.clock, hosts=100, ttl=timedelta(hours=1), everything=True
        ):
            await poll_host(self.poller, lease, done=outcomes.append)
        return outcomes

    @property
    def composer(self) -> Composer:
        """Who makes messages of what waits."""
        return Composer(config=self.config, archive=self.archive, thread=self.thread, now=lambda: self.clock)

    async def compose(self) -> int:
        """Makes messages of what is due; how many."""
        return await self.composer.compose_due()

    async def send(self, channels: Mapping[str, Channel] | None = None) -> Deliveries:
        """Makes messages of what is due and sends what is due."""
        await self.compose()
        return await deliver_due(
            self.thread, self.archive, channels or self.channels, now=lambda: self.clock, jitter=lambda: 0.5
        )

    async def watch(self) -> str | None:
        """What the operator is told now."""
        return await queue_notice(self.thread, self.archive, self.config, now=self.clock)

    async def goes_by(self, span: timedelta, *, step: timedelta) -> Deliveries:
        """Lets time pass, sending at every step."""
        whole, end = Deliveries(), self.clock + span
        while self.clock < end:
            self.clock = min(self.clock + step, end)
            counts = await self.send()
            whole.sent += counts.sent
            whole.retried += counts.retried
            whole.dead += counts.dead
        return whole

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the clock and takes no time."""
        self.clock += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Asks the archive file, as a user would."""
        with closing(sqlite3.connect(f"file:{self.config.archive}?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchall()

    def states(self) -> dict[str, int]:
        """State of deliveries → how many."""
        return dict(self.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))

    def channel(
        self, server: Running | int, *, host: str = "127.0.0.1", patience: float = PATIENT, **given: Any
    ) -> None:
        """Lets all channels send by another server, or with other settings."""
        assert self.config.smtp is not None
        port = server if isinstance(server, int) else server.port
        smtp = {name: given.pop(name) for name in ("security", "user") if name in given}
        spec = replace(self.config.smtp, host=host, port=port, **smtp)
        rest: dict[str, Any] = {"password": None, "tls_context": trusting(), "sender": "desk@example.org"}
        rest |= {"command_seconds": patience, "final_dot_seconds": patience}
        names = self.config.channels_and_operator
        self.channels = {name: EmailChannel(name, spec, **(rest | given)) for name in names}


def settings(site: Site, port: int, *, rules: str, channels: str, more: str) -> str:
    """The house's feeds.yaml."""
    return (
        "monitor: {contact: desk@example.org, workers: 0, host_delay: 0s, languages: [en, fr],"
        " timezone: Europe/Berlin}\n"
        f"feeds: [{{key: gazette, url: '{site.url('/gazette')}', allow_private: ['{site.pair}']}}]\n"
        f"rules: [{rules}]\nchannels: {{{channels}}}\n"
        f"smtp: {{host: 127.0.0.1, port: {port}}}\n{more}\n"
    )


@asynccontextmanager
async def a_house(
    folder: Path, server: Running | int, *, rules: str = RULE, channels: str = DESK, more: str = ""
) -> AsyncIterator[House]:
    """A house whose feed has been polled once, with two items that alert nobody."""
    port = server if isinstance(server, int) else server.port
    async with Site() as site:
        (folder / "feeds.yaml").write_text(settings(site, port, rules=rules, channels=channels, more=more))
        config = configuration.load(folder / "feeds.yaml", environ={})
        thread = ArchiveThread()
        archive = await thread(open_archive, config.archive, now=NOW)
        await sync(config, archive=archive, thread=thread, now=NOW)
        house: House
        async with open_poller(
            config, archive=archive, thread=thread, now=lambda: house.clock, jitter=lambda: 0.5
        ) as poller:
            opened = open_channels(
                config.channels_and_operator,
                smtp=config.smtp,
                sender=config.house.sender,
                password=None,
                maildir=config.maildir,
            )
            house = House(folder, site, config, archive, thread, poller, opened)
            house.poller = replace(poller, sleep=house.sleep)
            await house.composer.begin()
            house.publish("The harbour", "The weather", description="Nothing of interest.")
            await house.poll()
            yield house
        await thread(archive.close)
        await thread.aclose()
