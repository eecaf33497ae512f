"""The archive: what every poll finds, what the rules matched, what is still to be sent.

`Archive` is all that the rest of the program knows of it. A backend keeps SQL to itself, takes and returns the types
of `model` (and of `reports`, for the commands), and writes what belongs together in one transaction.

    sqlite      the backend: one writing connection behind a lock file
      connecting  which file is an archive, and how it is connected to
      opening     who may write to it; locking, turns: whose turn it is
      feeds       the feed list and the leases
      lookup      what is known about the articles of a poll
      stories     what may be copies, and other reports, of an article
      recording   what a poll found
      rekeying    keys after a change of what links are compared by
    pages       what the articles' pages add
    alerting    what the rules found
      outbox      what is to be sent
      waiting     what waits for its time, and what composing takes
      reading     what the commands ask
      explaining  what is known of one article, story or event
      pruning     which texts are old enough to go
      values      our values as SQLite keeps them
      migrations  the schema
    adhoc       people's own SQL, read-only
    condition   whether the file is whole
      copies      copies of it, checked; restoring: one put in its place
      salvage     what can still be read of a damaged one
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from monitor.archive import condition, copies, restoring
from monitor.archive import salvage as salvaging
from monitor.archive.condition import Checked
from monitor.archive.copies import Copy
from monitor.archive.opening import Access
from monitor.archive.pruning import BEGINNING, Pruned
from monitor.archive.reports import (
    AlertRow,
    ChannelDown,
    DeliveryProblem,
    DeliveryRow,
    Explanation,
    FeedProblem,
    FeedRow,
    SearchRow,
    Status,
    StoryRow,
)
from monitor.archive.restoring import Restored
from monitor.archive.salvage import Salvaged
from monitor.archive.sqlite import open_sqlite
from monitor.baseline import Activity
from monitor.errors import ArchiveError
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

__all__ = [
    "Access",
    "AlertRow",
    "Archive",
    "ArchiveThread",
    "Checked",
    "Copy",
    "DeliveryProblem",
    "DeliveryRow",
    "Explanation",
    "FeedProblem",
    "FeedRow",
    "Pruned",
    "Restored",
    "Salvaged",
    "SearchRow",
    "Status",
    "StoryRow",
    "back_up",
    "check",
    "last_backup_at",
    "open_archive",
    "restore",
    "salvage",
]

P = ParamSpec("P")
R = TypeVar("R")


class Archive(Protocol):
    """What an archive can do. Every method raises ArchiveError when the archive cannot be read or written."""

    @property
    def migrated(self) -> tuple[str, ...]:
        """The names of the migrations that opening it applied, in order."""
        ...

    # ── feeds and leases ─────────────────────────────────────────────────────────────────────────────────────────────

    def sync_feeds(self, feeds: Sequence[FeedSpec], now: datetime, *, spread: timedelta = timedelta(0)) -> None:
        """Makes the feed list what the configuration says, in one transaction.

        Feeds that are new are due one after the other, `spread` apart, beginning now. One with another URL is due now,
        and what its old address gave us to compare by is dropped. One that is gone is kept as `removed`; when it comes
        back it is as it was. A healthy feed whose longest interval became shorter is due within it.
        """
        ...

    def rekey(self, rules: LinkRules) -> int:
        """Makes the stored link keys and entry keys what they are under these rules, in one transaction.

        How many were others; 0 when the archive was last written under the same rules and form. To be called before
        the first poll, or what is known would look new. Where two entries of a feed come to have one key, the one seen
        earlier gets it and the other keeps its own.
        """
        ...

    def keyed_by(self, rules: LinkRules) -> bool:
        """Whether the stored keys are what they are under these rules; where not, `rekey` is wanted before a poll."""
        ...

    def feed_states(self) -> tuple[FeedState, ...]:
        """Every feed of the configuration, paused ones too, by key."""
        ...

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
        """Leases at most `hosts` hosts that nobody holds and that have feeds to poll, longest due first; then hosts
        that have pages to read.

        To poll are the feeds that are due; with `keys`, those feeds and no others, due or not, paused or not; with
        `everything`, all that are not paused; with `pages_only`, none. To read are some of the host's pages that are
        due, with `keys` those of their articles only, the newest articles first. A host that asked to be left alone is,
        until then, unless `keys` or `everything` insist. A lease lapses after `ttl`, when it is not released before.
        """
        ...

    def release(self, lease: HostLease, *, last_request_at: datetime | None) -> None:
        """Ends a lease, if it has not lapsed and gone to somebody else. None leaves the host's last request."""
        ...

    # ── a poll ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def look_up(self, feed: str, articles: Sequence[Article], now: datetime, *, identity: str = "guid") -> Lookup:
        """What is known about these articles of a feed: by entry, by link (any feed), by words (any feed, 14 days); and
        which recent articles may tell the same as those it does not know by entry.

        Where several archived articles have one link, or one fingerprint, the oldest stands for them. `identity` is
        `Identity.by` of the feed.
        """
        ...

    def near(self, number: int, article: Article, now: datetime) -> tuple[Near, ...]:
        """Which recent articles may be copies of this one, whose id is `number`, or report the same as it."""
        ...

    def record(self, outcome: PollOutcome) -> bool:
        """Writes everything a poll found: articles, sightings, matches, alerts, deliveries, feed; ONE transaction.

        False: nothing was written, because since this feed's last `look_up` another poll has archived an article with
        the entry, link or recent fingerprint of one that is New here. Look up and judge again.
        """
        ...

    def record_page(self, outcome: PageOutcome) -> bool:
        """Writes everything one reading of an article's page found: text, language, matches, alerts; ONE transaction.

        False: nothing of that was written, because the article was revised meanwhile; its page is wanted anew.
        """
        ...

    # ── the outbox ───────────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self, now: datetime, *, everything: bool = False) -> tuple[Waiting, ...]:
        """The deliveries outside digests of each rule and recipient that have one whose time has come, in the order of
        raising; with `everything` all."""
        ...

    def waiting_for(self, digest: str) -> tuple[Waiting, ...]:
        """The deliveries that wait for a digest, in the order of raising."""
        ...

    def recent_messages(self, since: datetime) -> tuple[Composed, ...]:
        """The messages composed since an instant, in that order."""
        ...

    def telling(self, alerts: Iterable[int]) -> tuple[TellingArticle, ...]:
        """What a message may say of these alerts, in the order of raising."""
        ...

    def thread(self, bundle: Bundle) -> tuple[str, ...]:
        """The Message-IDs that a message answers, the first of its thread first; none: it begins one."""
        ...

    def trends(self, rules: Iterable[str], *, since: datetime, now: datetime) -> tuple[Trend, ...]:
        """How much rules matched since an instant, and usually match in so long a time."""
        ...

    def queue_messages(
        self,
        messages: Sequence[NewMessage],
        held: Sequence[Held],
        now: datetime,
        *,
        done: DigestSpec | None = None,
    ) -> None:
        """Queues composed messages with the deliveries they are for, and lets others wait longer; ONE transaction.

        A delivery that no longer waits stays as it is: what was composed twice is queued once. `done` is the digest
        that is complete with these, and due again at the next time of its table.
        """
        ...

    def address(self, to: Mapping[str, Sequence[tuple[str, str]]], now: datetime) -> int:
        """Gives alerts that wait and tell nobody yet, as an earlier version left them, their recipients, by rule; how
        many alerts."""
        ...

    def sync_digests(self, digests: Iterable[DigestSpec], now: datetime) -> None:
        """Notes when each digest is sent next. One whose time table stayed keeps its time, also if that is over."""
        ...

    def due_digests(self, now: datetime) -> Mapping[str, datetime]:
        """The digests whose time has come, with when they were last due; for the first time, a day before."""
        ...

    def digest_last_at(self, digest: str) -> datetime | None:
        """When a digest was last due; None: it was not yet."""
        ...

    def mutes(self, now: datetime) -> tuple[Mute, ...]:
        """The mutes that have not ended, in the order they were made."""
        ...

    def mute(self, *, rule: str | None = None, story: int | None = None, until: datetime, now: datetime) -> int:
        """Mutes a rule or a story; the mute's number."""
        ...

    def unmute(self, *, rule: str | None = None, story: int | None = None, now: datetime) -> int:
        """Ends the mutes of a rule or a story, or all when neither is named; how many. What they held back is due."""
        ...

    def due_channels(self, now: datetime, *, everything: bool = False) -> tuple[ChannelState, ...]:
        """The channels that have messages to send now, with how they are doing; with `everything` also those that wait
        for a later attempt."""
        ...

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
        """Leases the channel's messages that are due, oldest first, those after a number: nobody else gets them before
        `until`. `quietly`: digests and notices only. A lease that its process did not survive ends when the archive is
        next opened to hold it."""
        ...

    def release_messages(self, messages: Sequence[int]) -> None:
        """Ends the leases of messages that were not offered after all."""
        ...

    def told(self, message: int) -> tuple[Told, ...]:
        """The articles a message tells of, in the order of raising; none for a notice."""
        ...

    def settle(
        self,
        delivery: Delivery,
        result: DeliveryResult,
        *,
        now: datetime,
        next_attempt_at: datetime | None,
        stub: bytes | None = None,
    ) -> None:
        """Writes what came of an attempt. What was not taken and has no `next_attempt_at` is given up.

        `stub` goes out then in place of a message that was refused; None: the message itself. A channel that was down
        is no attempt at the message: that costs it none of its patience.
        """
        ...

    def resend(self, alerts: Sequence[int] | None, now: datetime) -> tuple[int, ...]:
        """Queues the messages that were given up anew: of these alerts, or all; the alerts, once for each message.

        The messages stay what they are, under the Message-ID they have. Their patience begins anew.
        """
        ...

    def rate(self, alert: int, verdict: str, note: str | None, now: datetime) -> bool:
        """Notes what somebody thought of an alert, in place of what was noted before; False: there is no such alert."""
        ...

    def note_down(self, channel: str, *, why: str, next_at: datetime, now: datetime) -> None:
        """A channel is down: none of its messages is tried before `next_at`, and then one."""
        ...

    def note_up(self, channel: str) -> None:
        """A channel that was down works again."""
        ...

    def note_caught_up(self, channel: str) -> None:
        """A channel has sent what waited while it was down."""
        ...

    def digests_waited_for(self) -> Mapping[str, int]:
        """Digest → how many alerts wait for it."""
        ...

    def feed_troubles(self) -> tuple[FeedTrouble, ...]:
        """The feeds that fail and those still reported as failing, longest failing first; not the paused ones."""
        ...

    def last_notice_at(self) -> datetime | None:
        """When the operator last got a notice; None: never."""
        ...

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
        """Queues a notice, and marks what it tells of as told: feeds that fail, or work again, conditions that are
        there, or over; with `heartbeat`, that it was sent, and when it is next. ONE transaction.

        A notice of the same `key` is queued once; None makes one of the instant.
        """
        ...

    # ── for the watchman ─────────────────────────────────────────────────────────────────────────────────────────────

    def channels_down(self) -> tuple[ChannelDown, ...]:
        """The channels that nothing can be sent on at the moment, by name."""
        ...

    def failing_rules(self) -> tuple[Condition, ...]:
        """The rules that failed on articles which they were not held against since, by name."""
        ...

    def forget_failures(self, rule: str, since: datetime) -> None:
        """A rule was held against all articles first seen since an instant, and did not fail."""
        ...

    def quiet_feeds(self, since: datetime) -> tuple[str, ...]:
        """The feeds that work and have brought nothing since an instant, by key."""
        ...

    def feed_activity(self, feed: str, since: datetime) -> Activity | None:
        """When a feed brought new articles since an instant, in polls an hour. None: there is no such feed."""
        ...

    def rule_activity(self, since: datetime) -> Mapping[str, Activity]:
        """Rule → when it found news since an instant, in articles an hour."""
        ...

    def note_conditions(self, kinds: Collection[str], found: Sequence[Condition], now: datetime) -> None:
        """Notes which conditions of these kinds there are now; ONE transaction."""
        ...

    def conditions(self) -> tuple[Condition, ...]:
        """The conditions there are, and those of whose end the operator is to hear; oldest first."""
        ...

    def sync_heartbeat(self, spec: HeartbeatSpec | None, now: datetime) -> None:
        """Notes when the heartbeat is sent next. One whose time table stayed keeps its time, also if that is over."""
        ...

    def heartbeat_due(self, now: datetime) -> datetime | None:
        """Since when the heartbeat that is due tells. None: none is due."""
        ...

    def pulse(self, since: datetime, now: datetime) -> Pulse:
        """How the whole did since an instant."""
        ...

    # ── for the commands ─────────────────────────────────────────────────────────────────────────────────────────────

    def feed_rows(self) -> tuple[FeedRow, ...]:
        """Every feed, removed ones too, by key."""
        ...

    def alert_rows(
        self, *, limit: int, state: str | None = None, since: datetime | None = None
    ) -> tuple[AlertRow, ...]:
        """The latest alerts, newest first; only those in a state, or raised since an instant, when given."""
        ...

    def delivery_rows(self, alert: int) -> tuple[DeliveryRow, ...]:
        """The deliveries of an alert; for one that a digest carried, the digest's."""
        ...

    def rule_hits(self, now: datetime) -> Mapping[str, tuple[int, int]]:
        """Rule → how many articles it matched: ever, and in the last seven days."""
        ...

    def status(self, now: datetime) -> Status:
        """How the whole is doing."""
        ...

    def search(
        self,
        fts: str | None,
        *,
        since: datetime | None = None,
        feed: str | None = None,
        language: str | None = None,
        rule: str | None = None,
    ) -> Iterator[SearchRow]:
        """Articles, newest first: all, or those an FTS5 expression finds.

        `since` is when they were first seen, `feed` who carries them, `rule` what matched them, as is recorded.
        `language` fr finds fr-CA too. Read in batches: the iterator holds nothing open between two of them.
        """
        ...

    def passages(self, articles: Iterable[int]) -> Mapping[int, Mapping[str, str]]:
        """Article → rule → the passage in which that rule matched it, as is recorded, of these articles."""
        ...

    def rules_matching(self, articles: Iterable[int]) -> Mapping[str, int]:
        """Rule → how many of these articles it matched, as is recorded."""
        ...

    def is_indexed(self, fts: str) -> bool:
        """Whether the full-text index finds any article for an expression; the article itself is not read."""
        ...

    def search_row(self, number: int) -> SearchRow | None:
        """One article as a search finds it; None: there is none of that number."""
        ...

    def earliest(self, since: datetime | None) -> datetime | None:
        """When the oldest article since an instant was first seen; None: there is none."""
        ...

    def count(self, since: datetime | None) -> int:
        """How many articles were first seen since an instant."""
        ...

    def record_backfill(self, found: Sequence[Backfill], now: datetime) -> tuple[int, int]:
        """Writes matches that were found afterwards, with their alerts; ONE transaction.

        How many matches and how many alerts were not there yet. A match is of the instant its article was first seen,
        as if the rule had been there; an alert is raised now.
        """
        ...

    def story_rows(
        self, kind: str = "story", *, since: datetime | None = None, limit: int, several: bool = True
    ) -> tuple[StoryRow, ...]:
        """Stories (or, with `kind` event, events) seen since an instant, those that most feeds carry first; with
        `several` only those of more than one article or feed."""
        ...

    def story_row(self, number: int, kind: str = "story") -> StoryRow | None:
        """One story or event; None: there is none of that number."""
        ...

    def find_articles(self, link: str, link_key: str | None) -> tuple[int, ...]:
        """The articles with this link key, else those that a feed gives this very link; the latest first."""
        ...

    def explain(self, number: int) -> Explanation | None:
        """All there is to know of an article; None: there is none of that number."""
        ...

    # ── the archive itself ───────────────────────────────────────────────────────────────────────────────────────────

    def prune_polls(self, before: datetime) -> int:
        """Drops the rows of `polls` from before an instant; how many there were."""
        ...

    def prune_texts(
        self, spec: RetentionSpec, now: datetime, *, after: tuple[str, int] = BEGINNING, dry: bool = False
    ) -> Pruned:
        """Drops the texts, among some of the old articles, that have been kept for long enough; `dry` only counts them.

        To be called again with the `after` it returns, until that is None. What an article was stays: an old entry that
        comes again is known.
        """
        ...

    def give_back(self, pages: int) -> bool:
        """Gives at most so many unused pages back to the file system; whether there are more."""
        ...

    def forget_words(self, now: datetime, *, part: int, of: int) -> int:
        """Drops a part of what is kept to find copies and reports of articles too old to have any; how many rows.

        The parts from 0 to `of` - 1 together drop all of it; between two of them others get their turn.
        """
        ...

    def reindex(self) -> None:
        """Makes the full-text index anew from the articles."""
        ...

    def vacuum(self) -> int:
        """Gives unused room back to the file system; how many bytes. To be asked for by who holds the archive."""
        ...

    def cut_log(self) -> int:
        """Folds the write-ahead log into the archive where it has become large; the bytes that it has then."""
        ...

    def ping(self) -> None:
        """Returns when the archive answers, and is still the file of its name."""
        ...

    def close(self) -> None:
        """Closes the archive and lets go of it."""
        ...


def open_archive(url: str, *, access: Access = "hold", now: datetime, back_up: bool = True) -> Archive:
    """Opens the archive that `url` names: the path of an SQLite file.

    "hold": to work on it. It is created when missing, brought up to this version's schema, and held alone until it is
    closed; `now` is noted for whoever finds it held; before it is brought up to date it is copied, unless `back_up`
    says no. "amend": to add or change a few rows, also while another process
    holds it; both take turns. "read": any number of times, also while it is written.

    Raises ArchiveForeign (not our file; it is not touched), ArchiveBusy (another process holds it), ArchiveError.
    """
    return open_sqlite(_path(url), access=access, now=now, back_up=back_up)


def back_up(
    url: str,
    folder: Path,
    *,
    now: datetime,
    keep: int | None = None,
    going_on: Callable[[], bool] = lambda: True,
) -> Copy:
    """Copies an archive into a folder while others write to it, and checks the copy; see `copies.back_up`."""
    return copies.back_up(Path(_path(url)), folder, now=now, keep=keep, going_on=going_on)


def last_backup_at(url: str, folder: Path) -> datetime | None:
    """When the newest copy in a folder was made, by its name; None: there is none."""
    return copies.last_at(Path(_path(url)), folder)


def check(url: str, *, now: datetime) -> Checked:
    """Whether an archive's file is whole, and what its rows promise one another holds; see `condition.check`."""
    return condition.check(Path(_path(url)), now=now)


def restore(url: str, backup: Path, *, now: datetime, drill: bool = False) -> Restored:
    """Puts a copy in an archive's place, and moves that aside; as a drill only tries it, beside the archive.

    Raises ArchiveBusy while somebody holds the archive, ArchiveForeign, ArchiveError; then all is as it was.
    """
    return restoring.restore(Path(_path(url)), backup, now=now, drill=drill)


def salvage(damaged: Path, target: Path) -> tuple[Salvaged, ...]:
    """Makes a new archive of what can be read of a damaged one; see `salvage.salvage`."""
    return salvaging.salvage(damaged, target)


def _path(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    if separator:
        raise ArchiveError(
            f'archive {scheme}://…: this version keeps archives in SQLite only. Write a path: "db/archive.db".'
        )
    return url


class ArchiveThread:
    """The one thread an archive's methods run on: `await thread(archive.record, outcome)`.

    Calls run one after the other, in the order they were made. A call that was made is always completed: cancelling
    who awaits it neither interrupts a transaction nor takes the call back.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="archive")

    async def __call__(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs a call on the thread and returns, or raises, what it does."""
        made = asyncio.get_running_loop().run_in_executor(self._executor, partial(call, *args, **kwargs))
        return await asyncio.shield(made)

    async def aclose(self) -> None:
        """Waits for the calls that were made, then ends the thread. The event loop runs on meanwhile."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Waits for the calls that were made, then ends the thread."""
        self._executor.shutdown()
