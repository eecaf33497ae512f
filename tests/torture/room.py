"""The real parts put together for the torture: fetcher, workers and archive, with a watch on the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor import config as configuration
from monitor.archive import Archive, ArchiveThread, open_archive
from monitor.config import Config
from monitor.fetch import Fetcher, Limits
from monitor.guard import GuardedTransport
from monitor.model import PollOutcome
from monitor.poll import Poller, brief_for, poll_hosts, user_agent
from monitor.resolver import Resolver
from monitor.workers import JobLimits, Workers
from tests.factories import NOW

SETTINGS = """
monitor: {{contact: desk@example.org, workers: 2, host_delay: 0s, host_connections: 16, languages: [en, fr]}}
feeds:
{feeds}
rules:
  - {{name: ukraine, query: Ukraine, channels: [desk]}}
channels: {{desk: {{kind: maildir}}}}
"""

LONGEST_LAG = 0.2  # seconds the loop may be held up at a time

QUICK = Limits(total=timedelta(seconds=2), connect=timedelta(seconds=1))
PATIENT = Limits(total=timedelta(seconds=8), connect=timedelta(seconds=4))  # where nobody may be waited for
QUICK_JOBS = JobLimits(seconds=timedelta(seconds=2.5), seconds_per_megabyte=timedelta(seconds=0.5))


@dataclass
class Lag:
    """How long the event loop was held up at most, in seconds, by work of ours.

    Work takes the processor: of a delay without any, the other programs on the machine are the cause.
    """

    worst: float = 0.0

    async def watch(self) -> None:
        """Samples every 5 ms, for ever."""
        while True:
            due, used = time.monotonic() + 0.005, time.process_time()
            await asyncio.sleep(0.005)
            self.worst = max(self.worst, min(time.monotonic() - due, time.process_time() - used))


@asynccontextmanager
async def lag_watched() -> AsyncIterator[Lag]:
    """Watches the loop during the block."""
    lag = Lag()
    watcher = asyncio.create_task(lag.watch())
    try:
        yield lag
        await asyncio.sleep(0.01)  # what held the loop up at the very end counts too
    finally:
        watcher.cancel()


@dataclass
class Room:
    """A newsroom at work. Its clock starts at NOW, runs with the real one, and jumps an hour from poll to poll."""

    poller: Poller
    archive: Archive
    thread: ArchiveThread
    database: Path
    started: float = field(default_factory=time.monotonic)
    jumped: timedelta = timedelta(0)
    took: dict[str, float] = field(default_factory=dict)  # seconds from the start of the last poll to each outcome
    work: float = 0.0  # seconds of the processor that the last poll took in this process
    lag: Lag = field(default_factory=Lag)  # of the last poll

    def now(self) -> datetime:
        """This room's time."""
        return NOW + self.jumped + timedelta(seconds=time.monotonic() - self.started)

    async def poll(self, *keys: str) -> dict[str, PollOutcome]:
        """Polls the named feeds (or all) once, all hosts side by side."""
        self.jumped += timedelta(hours=1)
        outcomes: dict[str, PollOutcome] = {}
        self.took = {}
        begin, worked = time.monotonic(), time.process_time()

        def done(outcome: PollOutcome) -> None:
            outcomes[outcome.feed] = outcome
            self.took[outcome.feed] = time.monotonic() - begin

        leases = await self.thread(
            self.archive.lease, self.now(), hosts=1000, ttl=timedelta(hours=1), keys=keys or None, everything=True
        )
        async with lag_watched() as self.lag:
            await poll_hosts(self.poller, leases, done=done)
        self.work = time.process_time() - worked
        return outcomes

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Asks the archive file, as a user would."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def column(self, sql: str) -> list[Any]:
        """The one column a question has."""
        return [value for (value,) in self.rows(sql)]


def settings(
    folder: Path, feeds: Mapping[str, str], *, allow: Collection[str] = (), more: str = "", rules: str | None = None
) -> Config:
    """Writes feeds.yaml over these addresses, each feed with leave for the pairs of `allow`, and reads it."""
    pairs = ", ".join(f'"{pair}"' for pair in allow)
    lines = "\n".join(f"  - {{key: {key}, url: '{url}', allow_private: [{pairs}]}}" for key, url in feeds.items())
    text = SETTINGS.format(feeds=lines) + more
    if rules is not None:
        before, _, after = text.partition("rules:\n")
        text = f"{before}rules:\n{rules}channels: {{desk:{after.partition('channels: {desk:')[2]}"
    (folder / "feeds.yaml").write_text(text)
    return configuration.load(folder / "feeds.yaml", environ={})


@asynccontextmanager
async def room(
    config: Config, *, limits: Limits = QUICK, jobs: JobLimits = QUICK_JOBS, resolver: Resolver | None = None
) -> AsyncIterator[Room]:
    """The whole of it, open."""
    thread = ArchiveThread()
    archive = await thread(open_archive, config.archive, now=NOW)
    await thread(archive.sync_feeds, config.feeds, NOW)
    workers = Workers(config.workers, brief_for(config), limits=jobs)
    await workers.start()
    transport = GuardedTransport(connections=limits.connections, keepalive=limits.keepalive, resolver=resolver)
    opened: Room
    async with Fetcher(user_agent=user_agent(config), transport=transport, limits=limits) as fetcher:
        poller = Poller(
            config=config,
            fetcher=fetcher,
            workers=workers,
            archive=archive,
            thread=thread,
            now=lambda: opened.now(),
            jitter=lambda: 0.5,
            desk=asyncio.Semaphore(2 * config.workers + 2),
        )
        opened = Room(poller, archive, thread, Path(config.archive))
        yield opened
    await workers.aclose()
    await thread(archive.close)
    await thread.aclose()


SPY = """
import os, sys

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        os.write(out, b"open " + os.fsencode(arguments[0]) + b"\\n")
    elif event == "socket.connect":
        os.write(out, f"connect {arguments[1]}\\n".encode())

out = os.open(PATH, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
sys.addaudithook(watch)
"""


def spied_on(folder: Path, **variables: str) -> tuple[dict[str, str], Path]:
    """Environment variables for a command that make it, and every Python process it starts, write down each file it
    opens and each address it connects to; and where they are written down."""
    found = folder / "seen"
    (folder / "spy").mkdir()
    (folder / "spy" / "sitecustomize.py").write_text(SPY.replace("PATH", repr(str(found))))
    return {"PYTHONPATH": f"{folder / 'spy'}:{Path(__file__).parents[2]}", **variables}, found
