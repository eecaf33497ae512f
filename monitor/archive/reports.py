"""What the archive tells the commands: frozen rows, each field documented where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import Condition, Outlet

STUCK_AFTER = timedelta(hours=1)  # a message that waits longer is worth a look


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One feed and how it is doing."""

    key: str
    url: str
    title: str | None  # the configuration's, else the feed's own; None: neither is known
    language: str | None  # BCP 47; None: neither the configuration nor the feed says
    country: str | None
    tags: tuple[str, ...]
    state: str  # new, ok, failing, paused, removed
    next_poll_at: datetime
    polled_at: datetime | None  # None: never polled
    changed_at: datetime | None  # None: no new or revised article yet
    failures: int  # in a row
    last_error: str | None  # None: the last poll succeeded
    moved_to: str | None  # None: the server does not say that the feed has moved
    articles: int  # those it was the first to carry


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert and what became of it."""

    id: int
    created_at: datetime
    kind: str  # article, revision, carrier, digest, notice
    rule: str | None  # None: a digest or a notice
    digest: str | None  # None: not meant for one
    title: str  # the article's, or what the digest or notice says
    link: str | None  # None: a digest, a notice, or an article without a link
    state: str  # waiting, queued, sent, dead, joined
    recipients: tuple[str, ...]  # "channel: address"
    waits_for: str | None  # what it waits for, as `deliveries.why` names it; None: it does not wait
    due_at: datetime | None  # when that is over; None: with its digest, or it does not wait
    last_error: str | None  # of a delivery that is not sent; None: none failed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One delivery of an alert, without its message."""

    id: int
    alert: int
    channel: str
    recipient: str
    state: str  # waiting, queued, sent, dead
    why: str | None  # what it waits or waited for; None: it never waited
    due_at: datetime | None  # until when; None: for its digest, or it never waited
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None  # None: waiting, sent or dead
    sent_at: datetime | None  # None: not sent
    message: int | None  # the message's number; None: not composed yet
    message_id: str | None  # None: not composed yet
    reply: str | None  # the channel's words when it took it; None: not sent
    phase: str | None  # how far the last failed attempt came; None: none failed
    last_error: str | None  # None: no attempt failed


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRow:
    """One article as a search finds it."""

    id: int
    story: int
    carriers: tuple[Outlet, ...]  # the feeds that carry it, as the archive knows them; the first one first
    entry_key: str  # of the entry that brought it
    guid: str | None  # as the first carrier gives it
    link: str | None
    title: str
    text: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    language: str  # BCP 47, or und
    language_confidence: float
    language_source: str  # script, detected, feed, declared, none
    published_at: datetime | None  # None: no believable date
    published_source: str  # published, updated, clamped, none
    first_seen_at: datetime
    updated_at: datetime | None  # None: its title and text never changed
    is_news: bool  # not of its feed's first poll, which alerts nobody

    @property
    def feed(self) -> str:
        """The key of the first carrier."""
        return self.carriers[0].feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One article of a story or an event."""

    id: int
    story: int
    feed: str  # the first carrier
    feeds: int  # how many carry it
    language: str  # BCP 47, or und
    first_seen_at: datetime
    title: str
    link: str | None
    other: int | None  # the article it was put with; None: it is the first
    relation: str | None  # copy, cut, retitled, update, report; None: it is the first
    score: float | None  # 0 to 1; None: it is the first


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRow:
    """Articles that belong together: copies and versions of one text, or reports of one event."""

    id: int
    kind: str  # story, event
    title: str  # of its first article
    languages: tuple[str, ...]  # BCP 47, most articles first
    articles: int
    feeds: int
    first_seen_at: datetime
    last_seen_at: datetime
    members: tuple[Member, ...]  # as they were first seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """An entry that carried an article."""

    feed: str
    seen_at: datetime
    why: str | None  # what told the article: new, link, words, content, date, title; None: not kept at the time
    entry_key: str
    guid: str | None
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an article said before."""

    seen_at: datetime
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A rule that matched an article, and the alert that came of it."""

    rule: str
    matched_at: datetime
    excerpt: str
    marks: tuple[tuple[int, int], ...]  # (start, end) of the matched words in the excerpt
    alert: int | None  # None: the article was no news, or the rule alerts nobody
    state: str | None  # waiting, queued, sent, dead, joined; None: there is no alert
    deliveries: tuple[DeliveryRow, ...] = ()  # of that alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All there is to know of one article."""

    id: int
    title: str
    link: str | None
    link_key: str | None  # None: it has no link, or one that identifies nothing
    first_seen_at: datetime
    published_at: datetime | None  # None: no believable date
    published_source: str  # published, updated, clamped, none
    updated_at: datetime | None  # None: never changed
    text_source: str  # feed, page
    language: str  # BCP 47, or und
    language_confidence: float
    language_source: str  # script, detected, feed, declared, none
    changes: int  # of title or text
    carriers: tuple[Carrier, ...]  # as they were first seen
    versions: tuple[Version, ...]  # what it said before, oldest first
    story: StoryRow
    event: StoryRow | None  # None: no other newsroom's report is known
    rules: tuple[Raised, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedProblem:
    """A feed whose last poll failed."""

    feed: str
    state: str  # failing, blocked, gone
    outcome: str  # the kind of failure
    failures: int  # in a row
    since: datetime  # of the first of them
    error: str
    advice: str  # what it means and what helps
    next_poll_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRemark:
    """Something to know of a feed that works."""

    feed: str
    kind: str  # moved, gaps, mended (its documents), untrue_304, idle, identity
    remark: str  # with what to do


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldHost:
    """A host that asked to be left alone."""

    host: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDown:
    """A channel that nothing can be sent on at the moment."""

    channel: str
    since: datetime  # when it was first found so
    failures: int  # how often in a row
    next_at: datetime  # when it is tried again
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryProblem:
    """What a channel fails with: messages of one state that failed alike."""

    channel: str
    state: str  # queued (will be tried again), dead (given up)
    messages: int
    error: str  # what the latest of them failed with


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the whole is doing at one instant. "Today" is the 24 hours before it."""

    feeds: Mapping[str, int]  # state → how many, most frequent first
    articles: int
    articles_today: int
    polls_today: int
    failed_polls_today: int
    last_success_at: datetime | None  # of any feed; None: no poll on record succeeded
    queued: int  # messages to be sent
    oldest_queued: timedelta | None  # how long the oldest of them has waited; None: none is queued
    waiting: int  # alerts that wait for their time
    held: Mapping[str, int]  # what for, as `deliveries.why` names it → how many of them, most first
    dead: int  # messages given up
    pages_waiting: int  # articles whose page is still to be read
    pages_failed_today: int  # articles whose page was given up today: they keep the feed's text
    problems: tuple[FeedProblem, ...]  # longest failing first
    remarks: tuple[FeedRemark, ...]  # by feed
    held_hosts: tuple[HeldHost, ...]
    channels_down: tuple[ChannelDown, ...]
    failing_rules: tuple[Condition, ...]  # by name
    upkeep: tuple[Condition, ...]  # a backup that fails, a log that grows
    delivery_problems: tuple[DeliveryProblem, ...]

    @property
    def gets_through(self) -> bool:
        """Whether alerts reach whom they are for, as far as we know."""
        stuck = self.oldest_queued is not None and self.oldest_queued > STUCK_AFTER
        return not (self.dead or self.channels_down or self.failing_rules or stuck)
