"""The archive in an SQLite file: the transactions. The statements are in the modules named for their subject."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from monitor.archive import (
    alerting,
    condition,
    explaining,
    lookup,
    outbox,
    pages,
    pruning,
    reading,
    recording,
    rekeying,
    stories,
    waiting,
    watching,
)
from monitor.archive import feeds as feed_list
from monitor.archive.connecting import BUSY_SECONDS, INDEX_BROKEN, unusable
from monitor.archive.locking import Lock
from monitor.archive.opening import WAL_KEPT_BYTES, Access, open_for_reading, open_for_writing, open_to_amend
from monitor.archive.pruning import BEGINNING, Pruned
from monitor.archive.reports import (
    AlertRow,
    ChannelDown,
    DeliveryRow,
    Explanation,
    FeedRow,
    SearchRow,
    Status,
    StoryRow,
)
from monitor.archive.turns import Turns
from monitor.archive.values import params
from monitor.baseline import Activity
from monitor.errors import ArchiveLost
from monitor.model import (
    Article,
    Backfill,
    Bundle,
    ChannelState,
    Composed,
    Condition,
    Delivery,
    DeliveryIntent,
    DeliveryResult,
    DigestSpec,
    FeedSpec,
    FeedState,
    FeedTrouble,
    HeartbeatSpec,
    Held,
    HostLease,
    Lookup,
    Mute,
    Near,
    NewMessage,
    PageOutcome,
    PollOutcome,
    Pulse,
    RetentionSpec,
    TellingArticle,
    Told,
    Trend,
    Waiting,
)
from monitor.urls import LinkRules

_INCREMENTAL = 2  # of PRAGMA auto_vacuum: freed pages go back when they are asked for


def open_sqlite(path: str, *, access: Access, now: datetime, back_up: bool = True) -> SqliteArchive:
    """Opens an archive file. Links are followed first: one file has one lock, whatever name it goes by."""
    real = Path(os.path.realpath(path))
    if access == "read":
        return SqliteArchive(open_for_reading(real), path=real)
    if access == "amend":
        connection, turns = open_to_amend(real)
        return SqliteArchive(connection, path=real, turns=turns)
    held = open_for_writing(real, now=now, back_up=back_up)
    return SqliteArchive(held.connection, path=real, turns=held.turns, lock=held.lock, migrated=held.migrated)


class SqliteArchive:
    """An open archive file. See `Archive` for what each method promises."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        path: Path,
        turns: Turns | None = None,
        lock: Lock | None = None,
        migrated: tuple[str, ...] = (),
    ) -> None:
        connection.row_factory = sqlite3.Row
        self._db = connection
        self._path = path
        self._turns = turns  # None: opened read-only
        self._lock = lock  # None: somebody else holds the archive
        self._identity = _identity(path)
        self._is_lost = False  # its pages are to be checked before it is used again
        self._is_index_broken = False
        self._judged_up_to: dict[str, int] = {}  # feed → the last article there was when it was last looked up
        self.migrated = migrated

    # ── feeds and leases ─────────────────────────────────────────────────────────────────────────────────────────────

    def sync_feeds(self, feeds: Sequence[FeedSpec], now: datetime, *, spread: timedelta = timedelta(0)) -> None:
        with self._transaction() as db:
            feed_list.sync_feeds(db, feeds, now, spread=spread)

    def rekey(self, rules: LinkRules) -> int:
        with self._transaction() as db:
            return rekeying.rekey(db, rules)

    def keyed_by(self, rules: LinkRules) -> bool:
        with self._explained() as db:
            return rekeying.keyed_by(db, rules)

    def feed_states(self) -> tuple[FeedState, ...]:
        with self._explained() as db:
            return feed_list.feed_states(db)

    def lease(
        self,
        now: datetime,
        *,
        hosts: int,
        ttl: timedelta,
        keys: Collection[str] | None = None,
        everything: bool = False,
        pages_only: bool = False,
    ) -> tuple[HostLease, ...]:
        with self._transaction() as db:
            return feed_list.lease(
                db, now, hosts=hosts, ttl=ttl, keys=keys, everything=everything, pages_only=pages_only
            )

    def release(self, lease: HostLease, *, last_request_at: datetime | None) -> None:
        with self._transaction() as db:
            feed_list.release(db, lease, last_request_at=last_request_at)

    # ── a poll ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def look_up(self, feed: str, articles: Sequence[Article], now: datetime, *, identity: str = "guid") -> Lookup:
        with self._explained() as db:
            self._judged_up_to[feed] = lookup.last_article(db)
            return lookup.look_up(db, feed, articles, now, identity=identity)

    def near(self, number: int, article: Article, now: datetime) -> tuple[Near, ...]:
        with self._explained() as db:
            return stories.candidates(db, [article], now, but=number).near.get(article.entry_key, ())

    def record(self, outcome: PollOutcome) -> bool:
        # Without a look-up nothing was judged: every article in the archive then counts as come meanwhile.
        judged_up_to = self._judged_up_to.pop(outcome.feed, 0)
        with self._transaction() as db:
            return recording.record(db, outcome, judged_up_to=judged_up_to)

    def record_page(self, outcome: PageOutcome) -> bool:
        with self._transaction() as db:
            return pages.record_page(db, outcome)

    # ── the outbox ───────────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self, now: datetime, *, everything: bool = False) -> tuple[Waiting, ...]:
        with self._explained() as db:
            return waiting.waiting(db, now, everything=everything)

    def waiting_for(self, digest: str) -> tuple[Waiting, ...]:
        with self._explained() as db:
            return waiting.waiting_for(db, digest)

    def recent_messages(self, since: datetime) -> tuple[Composed, ...]:
        with self._explained() as db:
            return waiting.recent_messages(db, since)

    def telling(self, alerts: Iterable[int]) -> tuple[TellingArticle, ...]:
        with self._explained() as db:
            return waiting.telling(db, alerts)

    def thread(self, bundle: Bundle) -> tuple[str, ...]:
        with self._explained() as db:
            return waiting.thread(db, bundle)

    def trends(self, rules: Iterable[str], *, since: datetime, now: datetime) -> tuple[Trend, ...]:
        with self._explained() as db:
            return waiting.trends(db, rules, since=since, now=now)

    def queue_messages(
        self,
        messages: Sequence[NewMessage],
        held: Sequence[Held],
        now: datetime,
        *,
        done: DigestSpec | None = None,
    ) -> None:
        with self._transaction() as db:
            outbox.queue_messages(db, messages, held, now)
            if done is not None:
                waiting.digest_done(db, done, now)

    def address(self, to: Mapping[str, Sequence[tuple[str, str]]], now: datetime) -> int:
        with self._transaction() as db:
            return waiting.address(db, to, now)

    def sync_digests(self, digests: Iterable[DigestSpec], now: datetime) -> None:
        with self._transaction() as db:
            waiting.sync_digests(db, digests, now)

    def due_digests(self, now: datetime) -> Mapping[str, datetime]:
        with self._explained() as db:
            return waiting.due_digests(db, now)

    def digest_last_at(self, digest: str) -> datetime | None:
        with self._explained() as db:
            return waiting.digest_last_at(db, digest)

    def mutes(self, now: datetime) -> tuple[Mute, ...]:
        with self._explained() as db:
            return waiting.mutes(db, now)

    def mute(self, *, rule: str | None = None, story: int | None = None, until: datetime, now: datetime) -> int:
        with self._transaction() as db:
            return waiting.mute(db, rule=rule, story=story, until=until, now=now)

    def unmute(self, *, rule: str | None = None, story: int | None = None, now: datetime) -> int:
        with self._transaction() as db:
            return waiting.unmute(db, rule=rule, story=story, now=now)

    def due_channels(self, now: datetime, *, everything: bool = False) -> tuple[ChannelState, ...]:
        with self._explained() as db:
            return outbox.due_channels(db, now, everything=everything)

    def lease_messages(
        self,
        channel: str,
        now: datetime,
        *,
        after: int,
        limit: int,
        until: datetime,
        everything: bool = False,
        quietly: bool = False,
    ) -> tuple[Delivery, ...]:
        with self._transaction() as db:
            return outbox.lease_messages(
                db, channel, now, after=after, limit=limit, until=until, everything=everything, quietly=quietly
            )

    def release_messages(self, messages: Sequence[int]) -> None:
        with self._transaction() as db:
            outbox.release_messages(db, messages)

    def told(self, message: int) -> tuple[Told, ...]:
        with self._explained() as db:
            return outbox.told(db, message)

    def settle(
        self,
        delivery: Delivery,
        result: DeliveryResult,
        *,
        now: datetime,
        next_attempt_at: datetime | None,
        stub: bytes | None = None,
    ) -> None:
        with self._transaction() as db:
            outbox.settle(db, delivery, result, now=now, next_attempt_at=next_attempt_at, stub=stub)

    def resend(self, alerts: Sequence[int] | None, now: datetime) -> tuple[int, ...]:
        with self._transaction() as db:
            return outbox.resend(db, alerts, now)

    def rate(self, alert: int, verdict: str, note: str | None, now: datetime) -> bool:
        with self._transaction() as db:
            return alerting.rate(db, alert, verdict, note, now)

    def note_down(self, channel: str, *, why: str, next_at: datetime, now: datetime) -> None:
        with self._transaction() as db:
            outbox.note_down(db, channel, why=why, next_at=next_at, now=now)

    def note_up(self, channel: str) -> None:
        with self._transaction() as db:
            outbox.note_up(db, channel)

    def note_caught_up(self, channel: str) -> None:
        with self._transaction() as db:
            outbox.note_caught_up(db, channel)

    def digests_waited_for(self) -> Mapping[str, int]:
        with self._explained() as db:
            return waiting.digests_waited_for(db)

    def feed_troubles(self) -> tuple[FeedTrouble, ...]:
        with self._explained() as db:
            return feed_list.troubles(db)

    def last_notice_at(self) -> datetime | None:
        with self._explained() as db:
            return outbox.last_notice_at(db)

    def record_notice(
        self,
        subject: str,
        deliveries: Sequence[DeliveryIntent],
        *,
        key: str | None = None,
        failing: Sequence[str] = (),
        working: Sequence[str] = (),
        conditions: Sequence[Condition] = (),
        heartbeat: HeartbeatSpec | None = None,
        now: datetime,
    ) -> None:
        with self._transaction() as db:
            outbox.record_notice(
                db,
                subject,
                deliveries,
                key=key,
                failing=failing,
                working=working,
                conditions=conditions,
                heartbeat=heartbeat,
                now=now,
            )

    # ── for the watchman ─────────────────────────────────────────────────────────────────────────────────────────────

    def channels_down(self) -> tuple[ChannelDown, ...]:
        with self._explained() as db:
            return reading.channels_down(db)

    def failing_rules(self) -> tuple[Condition, ...]:
        with self._explained() as db:
            return watching.failing_rules(db)

    def forget_failures(self, rule: str, since: datetime) -> None:
        with self._transaction() as db:
            watching.forget_failures(db, rule, since)

    def quiet_feeds(self, since: datetime) -> tuple[str, ...]:
        with self._explained() as db:
            return watching.quiet_feeds(db, since)

    def feed_activity(self, feed: str, since: datetime) -> Activity | None:
        with self._explained() as db:
            return watching.feed_activity(db, feed, since)

    def rule_activity(self, since: datetime) -> Mapping[str, Activity]:
        with self._explained() as db:
            return watching.rule_activity(db, since)

    def note_conditions(self, kinds: Collection[str], found: Sequence[Condition], now: datetime) -> None:
        with self._transaction() as db:
            watching.note_conditions(db, kinds, found, now)

    def conditions(self) -> tuple[Condition, ...]:
        with self._explained() as db:
            return watching.conditions(db)

    def sync_heartbeat(self, spec: HeartbeatSpec | None, now: datetime) -> None:
        with self._transaction() as db:
            watching.sync_heartbeat(db, spec, now)

    def heartbeat_due(self, now: datetime) -> datetime | None:
        with self._explained() as db:
            return watching.heartbeat_due(db, now)

    def pulse(self, since: datetime, now: datetime) -> Pulse:
        with self._explained() as db:
            return watching.pulse(db, since, now)

    # ── for the commands ─────────────────────────────────────────────────────────────────────────────────────────────

    def feed_rows(self) -> tuple[FeedRow, ...]:
        with self._explained() as db:
            return reading.feed_rows(db)

    def alert_rows(
        self, *, limit: int, state: str | None = None, since: datetime | None = None
    ) -> tuple[AlertRow, ...]:
        with self._explained() as db:
            return reading.alert_rows(db, limit=limit, state=state, since=since)

    def delivery_rows(self, alert: int) -> tuple[DeliveryRow, ...]:
        with self._explained() as db:
            return reading.delivery_rows(db, alert)

    def rule_hits(self, now: datetime) -> Mapping[str, tuple[int, int]]:
        with self._explained() as db:
            return reading.rule_hits(db, now)

    def status(self, now: datetime) -> Status:
        with self._explained() as db:
            return reading.status(db, now)

    def search(
        self,
        fts: str | None,
        *,
        since: datetime | None = None,
        feed: str | None = None,
        language: str | None = None,
        rule: str | None = None,
    ) -> Iterator[SearchRow]:
        with self._explained() as db:
            yield from reading.search(db, fts, since=since, feed=feed, language=language, rule=rule)

    def passages(self, articles: Iterable[int]) -> Mapping[int, Mapping[str, str]]:
        with self._explained() as db:
            return reading.passages(db, articles)

    def rules_matching(self, articles: Iterable[int]) -> Mapping[str, int]:
        with self._explained() as db:
            return reading.rules_matching(db, articles)

    def is_indexed(self, fts: str) -> bool:
        with self._explained() as db:
            return reading.is_indexed(db, fts)

    def search_row(self, number: int) -> SearchRow | None:
        with self._explained() as db:
            return reading.search_row(db, number)

    def earliest(self, since: datetime | None) -> datetime | None:
        with self._explained() as db:
            return reading.earliest(db, since)

    def count(self, since: datetime | None) -> int:
        with self._explained() as db:
            return reading.count(db, since)

    def record_backfill(self, found: Sequence[Backfill], now: datetime) -> tuple[int, int]:
        with self._transaction() as db:
            return alerting.record_backfill(db, found, now)

    def story_rows(
        self, kind: str = "story", *, since: datetime | None = None, limit: int, several: bool = True
    ) -> tuple[StoryRow, ...]:
        with self._explained() as db:
            return explaining.story_rows(db, kind, since=since, limit=limit, several=several)

    def story_row(self, number: int, kind: str = "story") -> StoryRow | None:
        with self._explained() as db:
            return explaining.story_row(db, kind, number)

    def find_articles(self, link: str, link_key: str | None) -> tuple[int, ...]:
        with self._explained() as db:
            return explaining.find_articles(db, link=link, link_key=link_key)

    def explain(self, number: int) -> Explanation | None:
        with self._explained() as db:
            return explaining.explain(db, number)

    # ── the archive itself ───────────────────────────────────────────────────────────────────────────────────────────

    def prune_polls(self, before: datetime) -> int:
        with self._transaction() as db:
            return db.execute("DELETE FROM polls WHERE at < :before", params(before=before)).rowcount

    def prune_texts(
        self, spec: RetentionSpec, now: datetime, *, after: tuple[str, int] = BEGINNING, dry: bool = False
    ) -> Pruned:
        if dry:
            with self._explained() as db:
                return pruning.prune(db, spec, now, after=after, dry=True)
        with self._transaction() as db:
            return pruning.prune(db, spec, now, after=after, dry=False)

    def give_back(self, pages: int) -> bool:
        with self._explained() as db, self._turn():
            db.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
            (kind,) = db.execute("PRAGMA auto_vacuum").fetchone()
            (left,) = db.execute("PRAGMA freelist_count").fetchone()
            return bool(kind == _INCREMENTAL and left)

    def forget_words(self, now: datetime, *, part: int, of: int) -> int:
        with self._transaction() as db:
            return stories.forget(db, now, part=part, of=of)

    def reindex(self) -> None:
        with self._transaction() as db:
            condition.reindex(db)

    def vacuum(self) -> int:
        before = self._path.stat().st_size
        with self._explained() as db, self._turn():
            (kind,) = db.execute("PRAGMA auto_vacuum").fetchone()
            if kind != _INCREMENTAL:  # an archive of before it was made so: once, and as a whole
                db.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
                db.execute("VACUUM")
            else:
                db.execute("PRAGMA incremental_vacuum").fetchall()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return before - self._path.stat().st_size

    def cut_log(self) -> int:
        log = Path(f"{self._path}-wal")
        if log.exists() and log.stat().st_size > 2 * WAL_KEPT_BYTES:
            with self._explained() as db, self._turn():
                db.execute("PRAGMA busy_timeout = 0")  # who reads goes on reading; it is tried again
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                db.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
        return log.stat().st_size if log.exists() else 0

    def ping(self) -> None:
        self._refuse_another()
        with self._explained() as db:
            db.execute("SELECT 1")

    def close(self) -> None:
        with self._turn():
            self._db.close()  # the last one to close it makes a checkpoint
        if self._turns is not None:
            self._turns.close()
            self._turns = None
        if self._lock is not None:
            self._lock.close(in_order=not self._is_lost)
            self._lock = None

    def _turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self._turns is None else self._turns.taken()

    def _refuse_another(self) -> None:
        """Raises ArchiveLost when SQLite would go on writing into a file that no longer has its name."""
        if _identity(self._path) != self._identity:
            raise ArchiveLost(
                f"archive {self._path} was moved, deleted or replaced while it was open. Nothing more is written."
                " Put it back, or restore a backup, and start again."
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction, begun as a writer: one that begins reading can be refused when it comes to write."""
        with self._explained() as db, self._turn():
            self._refuse_another()
            db.execute("BEGIN IMMEDIATE")
            try:
                if mending := self._is_index_broken:
                    condition.reindex(db)
                yield db
                db.execute("COMMIT")
                self._is_index_broken &= not mending
            except BaseException:
                if db.in_transaction:  # some failures, such as a full disk, have ended it already
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[sqlite3.Connection]:
        """The connection; what the file or the disk does to us becomes an ArchiveError, a mistake of ours stays one."""
        try:
            yield self._db
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
            raise
        except sqlite3.Error as error:
            self._is_index_broken |= getattr(error, "sqlite_errorname", "") == INDEX_BROKEN
            told = unusable(self._path, error)
            self._is_lost |= isinstance(told, ArchiveLost)
            raise told from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path names now; None: none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
