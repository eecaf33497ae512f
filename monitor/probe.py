"""Feeds asked once, outside the pipeline: is this one fine, and where are the feeds of that page?

    check_feeds   every configured feed → how it is, and what to do      (monitor check --online)
    discover      a page → the feeds it points to, each fetched and read (monitor feeds discover)
    checked       an address somebody gives for a feed → the feed meant  (monitor feeds add)

Nothing is written. Hosts are asked as politely as by the daemon: requests to one host `host_delay` apart, at most
`host_connections` at a time, and no further guesses at one that asks for fewer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.advice import advice
from monitor.discover import Candidate, Where, well_known
from monitor.errors import WorkerFailed
from monitor.fetch import Fetcher
from monitor.model import (
    FeedSpec,
    Fetched,
    FetchFailed,
    NotAFeed,
    NotModified,
    Outcome,
    ProxySpec,
    ReadFeed,
    Validators,
)
from monitor.urls import redacted
from monitor.workers import Brief, Workers

HOSTS_AT_ONCE = 20  # side by side; each may bring a body of 10 MB

# Two feeds that share this part of the larger one's entries are one feed in two formats.
VARIANT = 0.8


# ── asking politely ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Host:
    """What one host has been asked."""

    places: asyncio.Semaphore
    pace: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: datetime | None = None  # the last request's beginning
    wants_fewer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """What asking takes: the way out, the workers that read, the time, and how polite to be."""

    fetcher: Fetcher
    workers: Workers
    now: Callable[[], datetime]
    host_delay: timedelta
    host_connections: int
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    hosts: dict[str, _Host] = field(default_factory=dict)  # by host, as FeedSpec has it


@asynccontextmanager
async def open_prober(
    *,
    user_agent: str,
    proxy: ProxySpec | None = None,
    proxy_password: str | None = None,
    brief: Brief,
    workers: int,
    now: Callable[[], datetime],
    host_delay: timedelta,
    host_connections: int,
) -> AsyncIterator[Prober]:
    """A prober with its client and worker processes started; both are ended on the way out."""
    pool = Workers(workers, brief)
    await pool.start()
    try:
        async with Fetcher(user_agent=user_agent, proxy=proxy, proxy_password=proxy_password) as fetcher:
            yield Prober(
                fetcher=fetcher, workers=pool, now=now, host_delay=host_delay, host_connections=host_connections
            )
    finally:
        await pool.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What an address answered, and what its body reads as; None without one."""

    answer: Fetched | FetchFailed
    read: ReadFeed | NotAFeed | None = None

    @property
    def place(self) -> str | None:
        """Where a feed was found after redirects, however it is reached; None when none was."""
        if not isinstance(self.answer, Fetched) or not isinstance(self.read, ReadFeed):
            return None
        return self.answer.url.partition("://")[2].rstrip("/")


async def _ask(prober: Prober, spec: FeedSpec, *, insist: bool = False) -> _Asked:
    """Fetches and reads an address once, when it is its host's turn.

    When the host has asked for fewer requests, only what we `insist` on is asked: a feed somebody wants to hear of.
    """
    host = prober.hosts.setdefault(spec.host, _Host(asyncio.Semaphore(prober.host_connections)))
    async with host.places:
        if insist or not host.wants_fewer:
            async with host.pace:
                await _take_turn(prober, host)
        if host.wants_fewer and not insist:  # said so while we waited
            detail = "not asked: a moment ago its host asked for fewer requests"
            return _Asked(answer=FetchFailed(kind=Outcome.RATE_LIMITED, detail=detail))
        answer = await prober.fetcher.fetch(spec.url, Validators(), allow_private=spec.allow_private, now=prober.now())
    if isinstance(answer, FetchFailed):
        host.wants_fewer = host.wants_fewer or answer.kind is Outcome.RATE_LIMITED
        return _Asked(answer=answer)
    assert not isinstance(answer, NotModified), "nothing was asked on condition"
    try:
        read = await prober.workers.read(
            answer.body,
            url=answer.url,
            content_type=answer.content_type,
            feed=spec.key,
            feed_language=spec.language,
            known=frozenset(),
            truncated=answer.truncated,
            now=prober.now(),
        )
    except WorkerFailed as failure:
        return _Asked(answer=answer, read=NotAFeed(detail=str(failure), kind=Outcome.PARSER))
    return _Asked(answer=answer, read=read)


async def _take_turn(prober: Prober, host: _Host) -> None:
    if host.asked_at is not None:
        pause = min(host.asked_at + prober.host_delay - prober.now(), prober.host_delay)
        if pause > timedelta(0):
            await prober.sleep(pause.total_seconds())
    host.asked_at = prober.now()


async def _candidates(prober: Prober, page: Fetched) -> tuple[Candidate, ...]:
    try:
        return await prober.workers.candidates(page.body, url=page.url, content_type=page.content_type)
    except WorkerFailed:  # a page that is too much for a worker points nowhere
        return ()


def _newest(read: ReadFeed) -> datetime | None:
    return max((article.published_at for article in read.articles if article.published_at), default=None)


_ADDRESS_ADVICE = re.compile(r"\. (?:Look there for|Check) the feed's [^.]*\.$")


def _what_it_is(page: NotAFeed) -> str:
    """What is there instead of a feed, without the advice that is meant for a feed that once was one."""
    return redacted(_ADDRESS_ADVICE.sub("", page.detail))


def _sentences(*given: str | None) -> str | None:
    """The remarks as sentences, one after the other; None when there are none."""
    return " ".join(f"{text.rstrip('.')}." for text in given if text) or None


# ── the configured feeds ─────────────────────────────────────────────────────────────────────────────────────────────


class Answer(StrEnum):
    """How a feed is, in one word or two."""

    FINE = "fine"
    REDIRECTED = "redirected"  # fine too, at another address
    INCOMPLETE = "incomplete"  # cut off
    BLOCKED = "blocked"  # the server will not have us
    DEAD = "dead"  # 404, 410, no such host
    NO_FEED = "no feed"
    FAILING = "failing"  # anything else, and it may pass


GOOD = frozenset({Answer.FINE, Answer.REDIRECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCheck:
    """What a feed answered when it was asked once. The fields are the keys of `monitor check --online --json`."""

    feed: str
    answer: Answer
    status: int | None = None  # of the HTTP answer; None: none came
    format: str | None = None
    entries: int | None = None
    newest: datetime | None = None  # None: no entry has a believable date
    language: str | None = None  # as the feed declares it
    bytes: int | None = None  # of the body, decoded
    robots: str | None = None  # the X-Robots-Tag it was sent with
    url: str | None = None  # where it came from, after redirects, without credentials
    outcome: Outcome | None = None  # what a poll would be recorded as; None: it would be a success
    detail: str | None = None  # what is to be said, and what helps; None: nothing


async def check_feeds(prober: Prober, specs: Sequence[FeedSpec]) -> tuple[FeedCheck, ...]:
    """Asks every feed once, 20 hosts side by side, and says how each is; in their order."""
    by_host: dict[str, list[FeedSpec]] = {}
    for spec in specs:
        by_host.setdefault(spec.host, []).append(spec)
    free = asyncio.Semaphore(HOSTS_AT_ONCE)
    places: dict[str, str | None] = {}
    checks: dict[str, FeedCheck] = {}

    async def one(spec: FeedSpec) -> None:
        answer = await _ask(prober, spec, insist=True)
        checks[spec.key] = await _check(prober, spec, answer)
        places[spec.key] = answer.place

    async def host(feeds: Sequence[FeedSpec]) -> None:
        async with free, asyncio.TaskGroup() as requests:
            for spec in feeds:
                requests.create_task(one(spec))

    async with asyncio.TaskGroup() as hosts:
        for feeds in by_host.values():
            hosts.create_task(host(feeds))
    return _with_duplicates([(checks[spec.key], places[spec.key]) for spec in specs])


async def _check(prober: Prober, spec: FeedSpec, asked: _Asked) -> FeedCheck:
    answer, read = asked.answer, asked.read
    if isinstance(answer, FetchFailed):
        said = _sentences(redacted(answer.detail), advice(answer.kind, answer.status))
        verdict = _verdict(answer.kind, answer.status)
        return FeedCheck(feed=spec.key, answer=verdict, status=answer.status, outcome=answer.kind, detail=said)
    check = FeedCheck(
        feed=spec.key,
        answer=Answer.FINE,
        status=answer.status,
        bytes=len(answer.body),
        robots=answer.robots,
        url=redacted(answer.url),
    )
    if not isinstance(read, ReadFeed):
        assert read is not None
        said = _sentences(_what_it_is(read), await _announced(prober, answer) or advice(read.kind, answer.status))
        return replace(check, answer=_verdict(read.kind, None), outcome=read.kind, detail=said)
    check = replace(check, format=read.format, entries=read.entries, newest=_newest(read), language=read.language)
    if read.truncated:
        said = _sentences(read.truncated, advice(Outcome.TRUNCATED, answer.status))
        return replace(check, answer=Answer.INCOMPLETE, outcome=Outcome.TRUNCATED, detail=said)
    redirected = None
    if answer.redirects:
        redirected = f"redirected for now to {check.url}"
    if answer.moved_to:
        redirected = f"moved for good; write {redacted(answer.moved_to)}"
    verdict = Answer.REDIRECTED if answer.redirects else Answer.FINE
    return replace(check, answer=verdict, detail="; ".join(filter(None, [redirected, *read.problems])) or None)


def _verdict(kind: Outcome, status: int | None) -> Answer:
    """The word for a failure; `status` is the HTTP status, None without an answer."""
    if kind is Outcome.BLOCKED:
        return Answer.BLOCKED
    if kind in (Outcome.GONE, Outcome.DNS) or (kind is Outcome.HTTP_ERROR and status == 404):
        return Answer.DEAD
    return Answer.NO_FEED if kind is Outcome.NOT_A_FEED else Answer.FAILING


async def _announced(prober: Prober, page: Fetched) -> str | None:
    """The feeds that a page in a feed's place announces; None when it announces none."""
    announced = [redacted(each.url) for each in await _candidates(prober, page) if each.where is Where.ANNOUNCED]
    return f"It announces {' and '.join(announced[:3])}" if announced else None


def _with_duplicates(checks: Sequence[tuple[FeedCheck, str | None]]) -> tuple[FeedCheck, ...]:
    """The checks, with a remark on each feed that ends where one before it does."""
    first: dict[str, str] = {}  # place → the feed that was first to end there
    remarked = []
    for check, place in checks:
        if place is not None and (other := first.setdefault(place, check.feed)) != check.feed:
            same = f'the same as feed "{other}": both end at {check.url}. Remove one of them'
            check = replace(check, detail="; ".join(filter(None, [check.detail, same])))
        remarked.append(check)
    return tuple(remarked)


# ── the feeds of a page ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed that was asked and read. The fields are the keys of `monitor feeds discover --json`."""

    url: str  # what to write into feeds.yaml; may carry the credentials that were asked with
    title: str | None  # its own, else as the page calls it
    format: str
    entries: int
    newest: datetime | None  # None: no entry has a believable date
    language: str | None  # as it declares it
    where: Where
    same_as: str | None = None  # the address of one before it that carries the same entries; None: no other does


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What came of looking for the feeds of an address."""

    feeds: tuple[FoundFeed, ...]  # the likeliest first
    detail: str | None = None  # what it is instead, or why it could not be asked; None: it is a feed
    looked: bool = False  # it was a page, and what it points to was asked
    refused: tuple[tuple[str, str], ...] = ()  # what the page announces and is none: address without credentials, why


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralFeeds:
    """The address is a page with more than one feed; somebody must choose."""

    feeds: tuple[FoundFeed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFeed:
    """No feed was found. `detail` says what is there instead and what helps, without credentials."""

    detail: str


async def discover(prober: Prober, url: str, *, allow_private: Collection[str] = ()) -> Discovery:
    """The feeds at an address: itself, those it points to, or, when it announces none, where feeds mostly are.

    At most 20 candidates are asked, and 12 guesses until the first is right.
    """
    spec = FeedSpec(key="discovery", url=url, allow_private=tuple(allow_private))
    asked = await _ask(prober, spec)
    if isinstance(asked.answer, FetchFailed):
        failed = asked.answer
        return Discovery(feeds=(), detail=_sentences(redacted(failed.detail), _advice(failed.kind, failed.status)))
    if isinstance(asked.read, ReadFeed):
        return Discovery(feeds=(_found(asked.answer, asked.read, Candidate(url=url, where=Where.GIVEN)),))
    assert asked.read is not None
    page = asked.answer
    search = _Search(prober=prober, spec=spec)
    pointed_to = await _candidates(prober, page)
    await search.ask(pointed_to)
    if not search.feeds and not any(candidate.where is Where.ANNOUNCED for candidate in pointed_to):
        guesses = [Candidate(url=guess, where=Where.GUESSED) for guess in well_known(page.url)]
        await search.ask(guesses, enough=1)
    return Discovery(
        feeds=tuple(search.feeds), looked=True, detail=_what_it_is(asked.read), refused=tuple(search.refused)
    )


async def checked(
    prober: Prober, url: str, *, allow_private: Collection[str] = ()
) -> FoundFeed | SeveralFeeds | NoFeed:
    """The feed that is meant by an address: the feed there, or the only one of the page there.

    Another format of the same feed, and feeds of comments beside another, do not make several.
    """
    found = await discover(prober, url, allow_private=allow_private)
    distinct = [feed for feed in found.feeds if feed.same_as is None]
    articles = [feed for feed in distinct if feed.where is not Where.COMMENTS] or distinct
    if len(articles) == 1:
        return articles[0]
    if articles:
        return SeveralFeeds(feeds=tuple(articles))
    refused = [f"it announces {address}, but: {why}" for address, why in found.refused[:1]]
    return NoFeed(detail=_sentences(found.detail, *refused) or "")


@dataclass(slots=True, kw_only=True)
class _Search:
    """Candidates asked one after the other, and what came of them."""

    prober: Prober
    spec: FeedSpec  # what each is asked like
    feeds: list[FoundFeed] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    entries: dict[str, frozenset[str]] = field(default_factory=dict)  # by a feed's address, what it carries
    places: set[str | None] = field(default_factory=set)  # where the feeds came from, after redirects

    async def ask(self, candidates: Sequence[Candidate], *, enough: int | None = None) -> None:
        """Asks these in turn, until `enough` are feeds; None: all of them."""
        for candidate in candidates:
            if enough is not None and len(self.feeds) >= enough:
                return
            asked = await _ask(self.prober, replace(self.spec, url=candidate.url))
            if isinstance(asked.answer, Fetched) and isinstance(asked.read, ReadFeed):
                if asked.place not in self.places:
                    self.places.add(asked.place)
                    self._keep(candidate, asked.answer, asked.read)
            elif candidate.where is Where.ANNOUNCED:
                trouble = asked.answer if isinstance(asked.answer, FetchFailed) else asked.read
                assert isinstance(trouble, FetchFailed | NotAFeed)
                why = _what_it_is(trouble) if isinstance(trouble, NotAFeed) else redacted(trouble.detail)
                self.refused.append((redacted(candidate.url), why))

    def _keep(self, candidate: Candidate, answer: Fetched, read: ReadFeed) -> None:
        feed = _found(answer, read, candidate)
        carried = frozenset(article.link_key or article.entry_key for article in read.articles)
        same_as = next((url for url, other in self.entries.items() if _is_variant(carried, other)), None)
        self.entries.setdefault(feed.url, carried)
        self.feeds.append(replace(feed, same_as=same_as))


def _is_variant(one: frozenset[str], other: frozenset[str]) -> bool:
    larger = max(len(one), len(other))
    return larger > 0 and len(one & other) >= VARIANT * larger


def _found(answer: Fetched, read: ReadFeed, candidate: Candidate) -> FoundFeed:
    return FoundFeed(
        url=answer.moved_to or candidate.url,
        title=read.title or candidate.title,
        format=read.format,
        entries=read.entries,
        newest=_newest(read),
        language=read.language,
        where=candidate.where,
    )


def _advice(kind: Outcome, status: int | None) -> str:
    """What helps when an address cannot be asked that is not yet in feeds.yaml."""
    if kind in (Outcome.DNS, Outcome.GONE) or status == 404:
        return "Look whether the address is spelt right, and begin from the publisher's home page"
    if kind is Outcome.REFUSED_ADDRESS:
        return "Or say --allow-private with that address and port"
    return advice(kind, status)
