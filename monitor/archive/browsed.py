"""An archive as the web pages read it: what everybody may ask, and what only they show, within a time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from monitor.archive import browsing, reading
from monitor.archive.adhoc import MEMORY_BYTES, STEPS_BETWEEN_LOOKS
from monitor.archive.browsing import Day, FeedHealth, MatchLine, Mentions, PollLine, StoryLine
from monitor.archive.opening import open_for_reading
from monitor.archive.reports import FeedProblem, FeedRemark
from monitor.archive.sqlite import SqliteArchive
from monitor.errors import QueryRefused


class BrowsedArchive(SqliteArchive):
    """An archive, read-only, for one page: what is asked of it after its time is over raises QueryRefused."""

    def __init__(self, path: Path, *, seconds: float) -> None:
        connection = open_for_reading(path)
        super().__init__(connection, path=path)
        self._seconds = seconds
        connection.execute(f"PRAGMA hard_heap_limit = {MEMORY_BYTES}")
        deadline = time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() >= deadline, STEPS_BETWEEN_LOOKS)

    def day(self, since: datetime) -> Day:
        """What happened since an instant."""
        with self._explained() as db:
            return browsing.day(db, since)

    def rule_stories(
        self, since: datetime, until: datetime, *, each: int, rule: str | None = None
    ) -> tuple[StoryLine, ...]:
        """The newest stories of each rule, or of one, that it matched between two instants: so many of each."""
        with self._explained() as db:
            return browsing.rule_stories(db, since, until, each=each, rule=rule)

    def rule_matches(self, rule: str, *, before: int | None, limit: int) -> tuple[MatchLine, ...]:
        """The latest articles that a rule matched, newest first; only those with a smaller number, when given."""
        with self._explained() as db:
            return browsing.rule_matches(db, rule, before=before, limit=limit)

    def mentions(self, rule: str, since: datetime) -> Mentions:
        """How many articles a rule matched since an instant."""
        with self._explained() as db:
            return browsing.mentions(db, rule, since)

    def rule_days(self, since: datetime) -> Mapping[str, Mapping[str, int]]:
        """Rule → day (UTC) → how many articles it matched, since an instant."""
        with self._explained() as db:
            return browsing.rule_days(db, since)

    def rule_names(self) -> tuple[str, ...]:
        """The rules that ever matched, by name."""
        with self._explained() as db:
            return browsing.rule_names(db)

    def matched_words(self, article: int) -> tuple[str, ...]:
        """The words of an article that any rule matched, as it writes them."""
        with self._explained() as db:
            return browsing.matched_words(db, article)

    def feed_health(self, since: datetime, *, feed: str | None = None) -> tuple[FeedHealth, ...]:
        """How each feed, or one, did since an instant; removed ones only when asked for."""
        with self._explained() as db:
            return browsing.feed_health(db, since, feed=feed)

    def feed_hours(self, feed: str, since: datetime) -> Mapping[datetime, int]:
        """Beginning of an hour → how many articles the feed was the first to carry in it, since an instant."""
        with self._explained() as db:
            return browsing.feed_hours(db, feed, since)

    def feed_polls(self, feed: str, *, limit: int, kind: str = "all") -> tuple[PollLine, ...]:
        """The latest polls of a feed, newest first: all, those that failed, or those with a gap."""
        with self._explained() as db:
            return browsing.feed_polls(db, feed, limit=limit, kind=kind)

    def feed_problems(self) -> tuple[FeedProblem, ...]:
        """The feeds whose last poll failed, with what helps."""
        with self._explained() as db:
            return reading.feed_problems(db)

    def feed_remarks(self, now: datetime) -> tuple[FeedRemark, ...]:
        """What is to be known of feeds that work."""
        with self._explained() as db:
            return reading.remarks(db, now)

    def matched_since(self, rule: str, since: datetime) -> Mapping[int, datetime]:
        """The articles first seen since an instant that a rule matched, with when they were."""
        with self._explained() as db:
            return browsing.matched_since(db, rule, since)

    def feed_titles(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Feed → what it is called."""
        with self._explained() as db:
            return browsing.feed_titles(db, keys)

    @contextmanager
    def _explained(self) -> Iterator[sqlite3.Connection]:
        try:
            with super()._explained() as db:
                yield db
        except MemoryError:
            raise QueryRefused("this page needs more memory than it may have. Ask for a shorter time.") from None
        except Exception as error:
            if getattr(error.__cause__, "sqlite_errorname", None) == "SQLITE_INTERRUPT":
                raise QueryRefused(
                    f"this page took longer than {self._seconds:g} s. Ask for a shorter time, or for rarer words."
                ) from error
            raise


@contextmanager
def browse(path: str | Path, *, seconds: float) -> Iterator[BrowsedArchive]:
    """The archive for one page, which gets so many seconds. Raises ArchiveError when it cannot be opened."""
    archive = BrowsedArchive(Path(path), seconds=seconds)
    try:
        yield archive
    finally:
        archive.close()
