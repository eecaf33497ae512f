"""One feed, one poll: what was fetched becomes what is written, in one transaction.

    fetch ─┬─ failed ──────────────────────────────────────────────────────────────┐
           ├─ 304, or the same body as last time ──────────────────────────────────┤
           └─ body ─→ read (worker: parse, normalise) ─┬─ no feed, parser failed ──┤
                                                       └─ entries not seen before  │
                       ┌────────────────────────────────────────────┘              │
                       ↓                                                           │
             look_up (archive) ─→ sort_out ─→ enrich (worker: language, rules)     │
                       ↑                          ↓                                │
                       │                      with_alerts                          │
                       │                          ↓                                ↓
                       └── judged too late ── archive.record(PollOutcome), one transaction

Of a feed with `fulltext`, the transaction also notes which articles' pages are to be read; `fulltext` reads them
afterwards, under the same lease.

Everything above the last line is `poll_feed`, which changes nothing: `monitor poll --dry-run` runs the same code and
leaves out the last line. Two feeds that carry one article at the same moment meet in `record`, which refuses the
second; its entries are then judged again, with the first one's in sight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import assert_never

from monitor import __version__, logs
from monitor.archive import Archive, ArchiveThread
from monitor.conditional import may_ask_conditionally
from monitor.config import Config
from monitor.dedupe import is_storm, named_anew, sort_out
from monitor.errors import ArchiveError, WorkerFailed
from monitor.fetch import Fetcher
from monitor.findings import findings_of, is_gap, with_alerts, with_prospects, with_storm
from monitor.fulltext import read_page
from monitor.identity import learn, unchanged
from monitor.kinship import Surroundings
from monitor.model import (
    SUCCESSES,
    Archived,
    Duplicate,
    Enrichment,
    FeedSpec,
    FeedState,
    Fetched,
    FetchFailed,
    FetchResult,
    HostLease,
    Identity,
    Known,
    Lookup,
    New,
    NotAFeed,
    NotModified,
    Outcome,
    Outlet,
    PageOutcome,
    PageWanted,
    PollOutcome,
    ReadFeed,
    Revised,
    RuleSpec,
    Validators,
    Verdict,
)
from monitor.policy import decide
from monitor.workers import Brief, Workers

# A feed whose documents are always cut off would never count as stored whole and so never alert. After this many such
# polls in a row its items count as news all the same.
PRIMED_AFTER_TRUNCATED = 2

# Pages are read under the lease that a host's feeds are polled under, so that no host gets more than its share. After
# this long the lease goes back, for a feed of the host that has become due.
PAGES_FOR = timedelta(seconds=30)

LEASE_TTL = timedelta(minutes=30)  # far longer than a host's feeds take; only a crash lets one run out
HOSTS_AT_ONCE = 100  # more in flight makes a request dearer and gains nothing (measured)

# Two feeds that meet in `record` are judged again at once. More rounds than this would be a fault of ours.
JUDGE_ROUNDS = 20


log = logs.get()


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """What a poll needs: the ways out, the archive, the rules, and the time."""

    config: Config
    fetcher: Fetcher
    workers: Workers
    archive: Archive
    thread: ArchiveThread
    now: Callable[[], datetime]
    jitter: Callable[[], float]  # in [0, 1)
    desk: asyncio.Semaphore  # documents read and judged at once: each has all its articles in memory meanwhile
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def feeds(self) -> Mapping[str, FeedSpec]:
        """The configured feeds by key."""
        return {feed.key: feed for feed in self.config.feeds}

    @property
    def rules(self) -> Mapping[str, RuleSpec]:
        """The configured rules by name."""
        return {rule.name: rule for rule in self.config.rules}


def brief_for(config: Config) -> Brief:
    """What the worker processes must know of a configuration."""
    fulltext = any(feed.fulltext for feed in config.feeds)
    return Brief(
        languages=config.languages,
        rules=config.rules,
        aliases=config.aliases,
        fulltext=fulltext,
        links=config.links,
        detector=config.detector,
    )


async def sync(
    config: Config, *, archive: Archive, thread: ArchiveThread, now: datetime, spread: timedelta = timedelta(0)
) -> None:
    """Brings an archive in line with a configuration, as must be done before the first poll: its feeds, its keys.

    New feeds are due `spread` apart.
    """
    await thread(archive.sync_feeds, config.feeds, now, spread=spread)
    if changed := await thread(archive.rekey, config.links):
        log.info("keys brought up to date with what links are compared by", keys=changed)


def user_agent(config: Config) -> str:
    """Who we say we are: program, version, and whom to write to (RFC 9110 §10.1.5)."""
    return config.user_agent or f"monitor/{__version__} (+mailto:{config.contact}; feeds)"


def open_fetcher(config: Config, *, proxy_password: str | None) -> Fetcher:
    """The client as the configuration wants it, not yet entered."""
    return Fetcher(user_agent=user_agent(config), proxy=config.proxy, proxy_password=proxy_password)


@asynccontextmanager
async def open_poller(
    config: Config,
    *,
    archive: Archive,
    thread: ArchiveThread,
    now: Callable[[], datetime],
    jitter: Callable[[], float],
    proxy_password: str | None = None,
) -> AsyncIterator[Poller]:
    """A poller with its client and worker processes started; both are ended on the way out."""
    workers = Workers(config.workers, brief_for(config))
    await workers.start()
    try:
        async with open_fetcher(config, proxy_password=proxy_password) as fetcher:
            yield Poller(
                config=config,
                fetcher=fetcher,
                workers=workers,
                archive=archive,
                thread=thread,
                now=now,
                jitter=jitter,
                desk=asyncio.Semaphore(2 * config.workers + 2),  # enough to keep every worker and the archive busy
            )
    finally:
        await workers.aclose()


def _nobody(_: PageOutcome) -> None:
    """Who hears of pages when nobody asked to."""


async def poll_hosts(
    poller: Poller,
    leases: Iterable[HostLease],
    *,
    done: Callable[[PollOutcome], None],
    page_done: Callable[[PageOutcome], None] = _nobody,
    insist: bool = False,
) -> None:
    """Polls the feeds of all these hosts, HOSTS_AT_ONCE hosts side by side, and returns when all are done.

    `insist` is as in `poll_host`.
    """
    free = asyncio.Semaphore(HOSTS_AT_ONCE)

    async def one(lease: HostLease) -> None:
        try:
            await poll_host(poller, lease, done=done, page_done=page_done, insist=insist)
        finally:
            free.release()

    async with asyncio.TaskGroup() as hosts:
        for lease in leases:
            await free.acquire()
            hosts.create_task(one(lease))
            await asyncio.sleep(0)  # a hundred beginnings at once would hold up the loop for a tenth of a second


async def poll_host(
    poller: Poller,
    lease: HostLease,
    *,
    done: Callable[[PollOutcome], None],
    page_done: Callable[[PageOutcome], None] = _nobody,
    insist: bool = False,
) -> None:
    """Polls a host's leased feeds, then reads its leased pages: `host_connections` at a time, requests started
    `host_delay` apart.

    When the host asks for fewer requests the rest is left for later, unless we `insist`, because somebody named its
    feeds. Every outcome is recorded before `done`, or `page_done`, hears of it. The lease is released whatever happens,
    so that what was not reached stays due.
    """
    turn = _Turn(poller=poller, lease=lease, done=done, page_done=page_done, insist=insist)
    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(min(poller.config.host_connections, len(turn.waiting))):
                lanes.create_task(turn.lane())
    finally:
        await poller.thread(poller.archive.release, lease, last_request_at=turn.last_request_at)


class _Turn:
    """A host's turn: what of its lease is still waiting, and when the next request may go out."""

    def __init__(
        self,
        *,
        poller: Poller,
        lease: HostLease,
        done: Callable[[PollOutcome], None],
        page_done: Callable[[PageOutcome], None],
        insist: bool,
    ) -> None:
        self.poller, self.done, self.page_done, self.insist = poller, done, page_done, insist
        self.waiting: list[FeedState | PageWanted] = [*reversed(lease.pages), *reversed(lease.feeds)]
        self.last_request_at = lease.last_request_at
        self.pages_until: datetime | None = None  # None: no page was reached yet
        self._pace = asyncio.Lock()

    async def lane(self) -> None:
        """One connection's share of the work."""
        while self.waiting:
            match self.waiting.pop():
                case FeedState() as state:
                    await self.poll(state)
                case PageWanted() as page:
                    await self.read(page)

    async def poll(self, state: FeedState) -> None:
        """Polls a feed."""
        spec = self.poller.feeds.get(state.key)
        if spec is None:  # removed from the configuration since the lease
            return
        await self.take_turn()
        try:
            outcome = await poll_and_record(self.poller, spec, state)
        except ArchiveError:
            raise  # nothing can be recorded, whatever is polled
        except Exception as fault:
            # A fault of ours. Were it not charged to the feed, the feed would stay due and be asked every second.
            log.exception("poll failed in an unforeseen way", feed=spec.key)
            outcome = _unforeseen(self.poller, spec, state, fault)
            await self.poller.thread(self.poller.archive.record, outcome)
        self.done(outcome)
        if outcome.hold is not None and not self.insist:
            self.waiting.clear()  # they stay due, and the host is not leased again before

    async def read(self, page: PageWanted) -> None:
        """Reads an article's page, unless the time for pages is over: the feeds are through, and come first again."""
        now = self.poller.now()
        self.pages_until = self.pages_until or now + PAGES_FOR
        if now > self.pages_until:
            self.waiting.clear()
            return
        spec = self.poller.feeds.get(page.feed)
        if spec is not None and spec.fulltext:
            await self.take_turn()
        outcome = await read_page(self.poller, spec, page)
        if outcome.hold_host_until is not None:
            self.waiting.clear()
        if await self.poller.thread(self.poller.archive.record_page, outcome):
            self.page_done(outcome)

    async def take_turn(self) -> None:
        """Returns when the next request may go out."""
        delay = self.poller.config.host_delay
        async with self._pace:
            if self.last_request_at is not None:
                # A clock set back must not make us wait for longer than the delay itself.
                pause = min(self.last_request_at + delay - self.poller.now(), delay)
                if pause > timedelta(0):
                    await self.poller.sleep(pause.total_seconds())
            self.last_request_at = self.poller.now()


async def poll_and_record(poller: Poller, spec: FeedSpec, state: FeedState) -> PollOutcome:
    """Polls one feed and writes what came of it, judged against the archive as it was at that moment."""
    asked = await _ask(poller, spec, state)
    async with poller.desk:
        outcome, read = await _answered(poller, asked)
        for _ in range(JUDGE_ROUNDS):
            judged = await _judge(poller, asked, outcome, read)
            if await poller.thread(poller.archive.record, judged):
                return judged
    raise AssertionError(f"feed {spec.key}: the archive refused the same poll {JUDGE_ROUNDS} times")


def _unforeseen(poller: Poller, spec: FeedSpec, state: FeedState, fault: Exception) -> PollOutcome:
    """What is recorded of a poll in which the program itself failed."""
    kind = Outcome.PARSER
    # The text of the fault may hold anything, an address with a password too; the log has it, redacted.
    failed = FetchFailed(kind=kind, detail=f"a fault of monitor's own: {type(fault).__name__}. The log says more")
    asked = _Asked(spec=spec, state=state, at=poller.now(), conditional=False, answer=failed)
    return _decided(poller, asked, _outcome(poller, asked, kind, error=failed.detail))


async def poll_feed(poller: Poller, spec: FeedSpec, state: FeedState) -> PollOutcome:
    """What a poll of this feed would write now. Fetches and judges; changes nothing."""
    asked = await _ask(poller, spec, state)
    async with poller.desk:
        outcome, read = await _answered(poller, asked)
        return await _judge(poller, asked, outcome, read)


# ── fetch and read ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A feed, what we knew of it, and what it answered."""

    spec: FeedSpec
    state: FeedState
    at: datetime
    conditional: bool  # the request carried validators
    answer: FetchResult


async def _ask(poller: Poller, spec: FeedSpec, state: FeedState) -> _Asked:
    at = poller.now()
    # Validators are only ever stored together with a complete body that was read, so they say nothing untrue.
    conditional = may_ask_conditionally(whole_at=state.whole_at, lied_at=state.lied_at, now=at)
    validators = state.validators if conditional else Validators()
    answer = await poller.fetcher.fetch(state.url, validators, allow_private=spec.allow_private, now=at)
    return _Asked(spec=spec, state=state, at=at, conditional=conditional, answer=answer)


async def _answered(poller: Poller, asked: _Asked) -> tuple[PollOutcome, ReadFeed | None]:
    """The outcome as far as it is known without the archive, and the entries still to be judged, if any."""
    match asked.answer:
        case NotModified(validators=validators):
            stored = asked.state.validators
            kept = replace(
                stored,
                etag=validators.etag or stored.etag,
                last_modified=validators.last_modified or stored.last_modified,
            )
            return replace(_outcome(poller, asked, Outcome.NOT_MODIFIED), validators=kept), None
        case FetchFailed(kind=kind, detail=detail):
            return _outcome(poller, asked, kind, error=detail), None
        case Fetched() as fetched:
            return await _read(poller, asked, fetched)
        case unreachable:
            assert_never(unreachable)


async def _read(poller: Poller, asked: _Asked, fetched: Fetched) -> tuple[PollOutcome, ReadFeed | None]:
    spec, state = asked.spec, asked.state
    body_digest = blake2b(fetched.body, digest_size=16).digest()
    if fetched.truncated is None and body_digest == state.body_digest:
        same = _outcome(poller, asked, Outcome.UNCHANGED)
        return replace(same, validators=fetched.validators, whole=True), None
    try:
        read = await poller.workers.read(
            fetched.body,
            url=fetched.url,
            content_type=fetched.content_type,
            feed=spec.key,
            feed_language=spec.language,
            known=state.entry_digests,
            truncated=fetched.truncated,
            now=asked.at,
        )
    except WorkerFailed as failure:
        return _outcome(poller, asked, Outcome.PARSER, error=str(failure)), None
    match read:
        case NotAFeed():
            return _outcome(poller, asked, read.kind, error=read.detail), None
        case ReadFeed(truncated=str() as why):
            # Its complete entries are kept. Validators are not advanced: the next request must get the whole again.
            cut = _outcome(poller, asked, Outcome.TRUNCATED, error=why)
            primed = state.failures >= PRIMED_AFTER_TRUNCATED
            return replace(cut, entries=read.entries, primed=primed, problems=read.problems), read
        case ReadFeed():
            complete = replace(
                _outcome(poller, asked, Outcome.NOTHING_NEW),
                entries=read.entries,
                title=read.title,
                language=read.language,
                ttl=read.ttl,
                period=read.period,
                whole=True,
                validators=fetched.validators,
                body_digest=body_digest,
                entry_digests=read.digests,
                primed=True,
                problems=read.problems,
            )
            return complete, read
        case unreachable:
            assert_never(unreachable)


def _outcome(poller: Poller, asked: _Asked, outcome: Outcome, *, error: str | None = None) -> PollOutcome:
    """The part of an outcome that every ending has; when the feed is due again is decided last."""
    ended = poller.now()
    answer = asked.answer
    return PollOutcome(
        feed=asked.spec.key,
        at=asked.at,
        outcome=outcome,
        status=304 if isinstance(answer, NotModified) else answer.status,
        error=error,
        duration=max(ended - asked.at, timedelta(0)),
        wire_bytes=answer.wire_bytes if isinstance(answer, Fetched) else None,
        next_poll_at=ended,
    )


def _decided(
    poller: Poller,
    asked: _Asked,
    outcome: PollOutcome,
    read: ReadFeed | None = None,
    verdicts: Sequence[Verdict] = (),
) -> PollOutcome:
    """The outcome with what later polls go by."""
    return decide(
        outcome,
        spec=asked.spec,
        state=asked.state,
        answer=asked.answer,
        read=read,
        verdicts=verdicts,
        conditional=asked.conditional,
        taken={feed.url for feed in poller.config.feeds if feed.key != asked.spec.key},
        now=poller.now(),
        jitter=poller.jitter(),
    )


# ── judge ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _judge(poller: Poller, asked: _Asked, outcome: PollOutcome, read: ReadFeed | None) -> PollOutcome:
    """The outcome with every entry's fate (verdict, language, matches, alerts) and what later polls go by."""
    if read is None:
        if outcome.outcome in SUCCESSES:
            outcome = replace(outcome, identity=unchanged(asked.state.identity))
        return _decided(poller, asked, outcome)
    spec = asked.spec
    sorted_out = await _sorted_out(poller, asked, outcome, read)
    verdicts = sorted_out.verdicts
    try:
        enriched = await _enriched(poller, spec, read, verdicts, sorted_out.lookup)
        findings = findings_of(verdicts, enriched, rules=poller.rules)
        findings = tuple(with_prospects(finding, spec, asked.state, outcome.at) for finding in findings)
    except WorkerFailed as failure:
        # Nothing of the document is stored or advanced: the next poll meets it again, whole.
        return _decided(poller, asked, _outcome(poller, asked, Outcome.PARSER, error=str(failure)))
    findings = tuple(
        with_alerts(finding, asked.state, rules=poller.rules, channels=poller.config.channels, now=outcome.at)
        for finding in findings
    )
    judged = replace(outcome, findings=findings, gap=is_gap(asked.state, read, verdicts))
    if is_storm(sorted_out.again, verdicts):
        judged = with_storm(judged, sorted_out.again)
    if judged.whole:
        judged = replace(judged, identity=sorted_out.identity)
    if judged.outcome is Outcome.NOTHING_NEW and judged.new:
        judged = replace(judged, outcome=Outcome.NEW)
    return _decided(poller, asked, judged, read, verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SortedOut:
    """What each entry of a document is, what was known of it, and what that says of the feed."""

    lookup: Lookup
    verdicts: tuple[Verdict, ...]
    again: frozenset[str]  # entry keys of new articles under old headlines
    identity: Identity


async def _sorted_out(poller: Poller, asked: _Asked, outcome: PollOutcome, read: ReadFeed) -> _SortedOut:
    """The entries judged by what the feed's entries are known by; by what lasts, where they show that this does not."""
    before = asked.state.identity
    judged = await _sorted_out_by(before.by, poller, asked, outcome, read)
    if not judged.again or judged.identity.by == before.by:
        return judged
    return await _sorted_out_by(judged.identity.by, poller, asked, outcome, read)


async def _sorted_out_by(
    identity: str, poller: Poller, asked: _Asked, outcome: PollOutcome, read: ReadFeed
) -> _SortedOut:
    lookup = Lookup()
    if read.articles:
        lookup = await poller.thread(
            poller.archive.look_up, asked.spec.key, read.articles, outcome.at, identity=identity
        )
    verdicts = sort_out(read.articles, lookup, identity=identity, present=read.entry_keys)
    again = named_anew(verdicts, lookup) if asked.state.primed else frozenset()
    learned = learn(asked.state.identity, verdicts, again=len(again), stood=read.entries - len(read.articles))
    return _SortedOut(lookup=lookup, verdicts=verdicts, again=again, identity=learned)


async def _enriched(
    poller: Poller, spec: FeedSpec, read: ReadFeed, verdicts: Sequence[Verdict], lookup: Lookup
) -> dict[str, Enrichment]:
    """Language, matches, story and event of the articles that say something new, by entry key. Raises WorkerFailed."""
    articles = [verdict.article for verdict in verdicts if not isinstance(verdict, Known)]
    if not articles:
        return {}
    new = [verdict.article.entry_key for verdict in verdicts if isinstance(verdict, New)]
    enriched = await poller.workers.enrich(
        articles,
        outlet=Outlet(feed=spec.key, title=read.title or spec.title, tags=spec.tags, country=spec.country),
        history=lookup.languages,
        surroundings=Surroundings(
            near={key: lookup.near.get(key, ()) for key in new},
            edited={
                verdict.article.entry_key: tuple(
                    near for near in lookup.near.get(verdict.article.entry_key, ()) if near.id != verdict.of.id
                )
                for verdict in verdicts
                if isinstance(verdict, Revised | Duplicate) and isinstance(verdict.of, Archived)
            },
            frequency=lookup.frequency,
            reports=lookup.reports,
            boilerplate=read.boilerplate,
        ),
    )
    return dict(zip((article.entry_key for article in articles), enriched, strict=True))


# ── without an archive ───────────────────────────────────────────────────────────────────────────────────────────────


def fresh_state(spec: FeedSpec, now: datetime) -> FeedState:
    """What the archive would remember of a feed that was never polled."""
    return FeedState(
        key=spec.key,
        url=spec.url,
        given_url=spec.url,
        state="new",
        validators=Validators(),
        body_digest=None,
        entry_digests=frozenset(),
        primed=False,
        failures=0,
        next_poll_at=now,
    )
