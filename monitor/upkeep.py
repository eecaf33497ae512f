"""What keeps the archive in good order: backups by cron, old texts that go, a log that is cut.

A backup is due when the time table has struck since the newest copy in its folder was made, so one that was missed
while we were away is made up for, and nothing need be remembered. One that fails is tried again every hour, and the
operator is told, once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from monitor import logs
from monitor.archive import Archive, ArchiveThread, back_up, last_backup_at
from monitor.archive.pruning import BEGINNING
from monitor.config import Config
from monitor.errors import ArchiveError
from monitor.hours import next_strike
from monitor.model import BackupSpec, Condition, RetentionSpec

GIVEN_BACK = 1_000  # pages at once
AGAIN_AFTER = timedelta(hours=1)  # when one failed
LOG_GROWN = 256 * 2**20  # bytes; after each checkpoint the log is cut to a quarter of this

log = logs.get()


class Backups:
    """Makes copies when they are due, one at a time, beside all else."""

    def __init__(self, thread: ArchiveThread, archive: Archive, now: Callable[[], datetime]) -> None:
        self.thread = thread
        self.archive = archive
        self.now = now
        self.stopping = False
        self._failed_at: datetime | None = None  # the last time; None: it did not fail since we run
        self._at_work = asyncio.Lock()

    async def back_up_if_due(self, config: Config) -> None:
        """Makes a copy if one is due and none is being made; notes whether that fails."""
        if config.backup is None or self._at_work.locked() or self.stopping:
            return
        async with self._at_work:
            if await asyncio.to_thread(is_due, config.archive, config.backup, self.now(), self._failed_at):
                await self._back_up(config.archive, config.backup)

    async def _back_up(self, archive: str, spec: BackupSpec) -> None:
        began, found = self.now(), []
        try:
            made = await asyncio.to_thread(
                back_up,
                archive,
                Path(spec.folder),
                now=began,
                keep=spec.keep,
                going_on=lambda: not self.stopping,
            )
            self._failed_at = None
            log.info("archive copied", copy=str(made.path), bytes=made.size, seconds=round(made.seconds, 1))
        except ArchiveError as error:
            if self.stopping:
                return
            self._failed_at = began
            log.error("the archive could not be copied, it is tried again in an hour", why=str(error))
            found = [Condition(kind="backup_fails", subject=spec.folder, since=began, error=str(error))]
        await self.thread(self.archive.note_conditions, ("backup_fails",), found, self.now())

    async def finish(self) -> None:
        """Breaks off a copy under way; nothing is left of it."""
        self.stopping = True
        async with self._at_work:
            pass


def is_due(archive: str, spec: BackupSpec, now: datetime, failed_at: datetime | None) -> bool:
    """Whether the time table has struck since the newest copy was made, and no try failed within the hour."""
    if failed_at is not None and timedelta(0) <= now - failed_at < AGAIN_AFTER:
        return False
    last = last_backup_at(archive, Path(spec.folder))
    return last is None or next_strike(spec.cron, spec.timezone, last) <= now


async def look_at_log(thread: ArchiveThread, archive: Archive, config: Config, *, now: datetime) -> None:
    """Cuts the archive's log where it has grown, and notes for the next notice when somebody who reads prevents it."""
    size = await thread(archive.cut_log)
    open_ = [each for each in await thread(archive.conditions) if each.kind == "log_grows" and each.ended_at is None]
    if size < LOG_GROWN and not open_:
        return
    since = open_[0].since if open_ else now
    grown = Condition(kind="log_grows", subject=config.archive, since=since, count=size // 10**6)
    await thread(archive.note_conditions, ("log_grows",), [grown] if size >= LOG_GROWN else [], now)


async def prune_texts(thread: ArchiveThread, archive: Archive, spec: RetentionSpec, *, now: datetime) -> Counter[str]:
    """Drops the texts that were kept for long enough, a few at a time, and gives their room back; how many, by feed."""
    pruned: Counter[str] = Counter()
    after: tuple[str, int] | None = BEGINNING
    while after is not None:
        found = await thread(archive.prune_texts, spec, now, after=after)
        pruned.update(found.articles)
        after = found.after
    if pruned:
        log.info("old texts pruned", articles=pruned.total())
        while await thread(archive.give_back, GIVEN_BACK):
            pass
    return pruned
