"""One article's page, read once: what the web page adds to the text in the feed.

    fetch ─┬─ failed ───────────────────────────────────┬─→ later, or given up: the feed's text stays
           └─ body ─→ read_page (worker: main text,     │
                      language, rules) ─┬─ no article ──┘
                                        └─ full text ─→ alerts

A part of `poll`, which calls it under a host's lease, at the host's pace, and records what came of it. The article is
in the archive long before, and what the feed's own text earned has alerted: a page only ever adds.

robots.txt is not asked: it is for robots that follow links by themselves. This is one visit to an address that the
publisher's feed hands out for it, as a feed reader makes it when its user opens an item.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never
from urllib.parse import urlsplit

from monitor.alert import alerts_for
from monitor.cadence import next_page_attempt
from monitor.errors import WorkerFailed
from monitor.fetch import PAGE
from monitor.model import (
    FeedSpec,
    Fetched,
    FetchFailed,
    FullText,
    Join,
    NoPage,
    NotModified,
    Outcome,
    Outlet,
    PageOutcome,
    PageWanted,
    Validators,
)

if TYPE_CHECKING:
    from monitor.poll import Poller

# Asking again would bring the same answer.
_FINAL = frozenset({Outcome.BLOCKED, Outcome.GONE, Outcome.REFUSED_ADDRESS, Outcome.REDIRECTS, Outcome.TOO_LARGE})
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})  # of the statuses that lay the fault on us


async def read_page(poller: Poller, spec: FeedSpec | None, wanted: PageWanted) -> PageOutcome:
    """What reading this page now would write. Fetches and reads; changes nothing.

    `spec` is the feed that asked for the page; None when it is no longer configured.
    """
    at = poller.now()
    if spec is None or not spec.fulltext:
        return _given_up(wanted, at, "the feed's fulltext was switched off before the page was read")
    fetched = await poller.fetcher.fetch(wanted.url, Validators(), allow_private=spec.allow_private, now=at, wish=PAGE)
    match fetched:
        case FetchFailed():
            return _not_fetched(poller, wanted, at, fetched)
        case NotModified():  # impossible without validators: the fetcher calls it a protocol failure
            return _given_up(wanted, at, "304 although nothing was asked", 304)
        case Fetched(truncated=str() as why) if (again := _again(poller, wanted)) is not None:
            # The last try takes what there is: half an article is more than its teaser.
            return PageOutcome(wanted=wanted, at=at, status=fetched.status, error=why, next_attempt_at=again)
        case Fetched() if _is_front_page(fetched.url) and not _is_front_page(wanted.url):
            return _given_up(wanted, at, "the page's address leads to the front page", fetched.status)
        case Fetched():
            async with poller.desk:
                return await _read(poller, spec, wanted, at, fetched)
        case unreachable:
            assert_never(unreachable)


async def _read(poller: Poller, spec: FeedSpec, wanted: PageWanted, at: datetime, fetched: Fetched) -> PageOutcome:
    try:
        outlet = Outlet(feed=spec.key, title=wanted.feed_title, tags=spec.tags, country=spec.country)
        read = await poller.workers.read_page(
            fetched.body, url=fetched.url, content_type=fetched.content_type, wanted=wanted, outlet=outlet
        )
        if isinstance(read, NoPage):
            return _given_up(wanted, at, read.why, fetched.status)
        return await _with_alerts(poller, spec, wanted, at, fetched, read)
    except WorkerFailed as failure:
        why, again = f"the page could not be read: {failure}", _again(poller, wanted)
        return PageOutcome(wanted=wanted, at=at, status=fetched.status, error=why, next_attempt_at=again)


async def _with_alerts(
    poller: Poller, spec: FeedSpec, wanted: PageWanted, at: datetime, fetched: Fetched, full_text: FullText
) -> PageOutcome:
    """The reading with what its text adds: matches of rules that had none, alerts where the article is news."""
    found = full_text.enrichment
    # As in a poll, a reload may have reached the workers before it reached this reading.
    matches = tuple(match for match in found.matches if match.rule in poller.rules and match.rule not in wanted.rules)
    outcome = PageOutcome(
        wanted=wanted,
        at=at,
        status=fetched.status,
        error=None,
        full_text=full_text,
        story=await _story(poller, wanted, at, full_text),
        matches=matches,
        failures=tuple(each for each in found.failures if each.rule in poller.rules),
    )
    if not matches or not wanted.news:
        return outcome
    return replace(outcome, alerts=alerts_for(matches, rules=poller.rules, channels=poller.config.channels, now=at))


async def _story(poller: Poller, wanted: PageWanted, at: datetime, full_text: FullText) -> Join | None:
    """The story the whole text belongs to: two teasers of one report may have little in common. Raises WorkerFailed."""
    whole = replace(wanted.article, text=full_text.text, signature=full_text.signature)
    near = await poller.thread(poller.archive.near, wanted.id, whole, at)
    return await poller.workers.story_of(whole, near) if near else None


def _not_fetched(poller: Poller, wanted: PageWanted, at: datetime, failed: FetchFailed) -> PageOutcome:
    refused = failed.status is not None and 400 <= failed.status < 500 and failed.status not in _WORTH_ANOTHER_TRY
    final = refused or failed.kind in _FINAL
    hold = None
    if failed.kind is Outcome.RATE_LIMITED:
        # It is the host that is too busy, not this page: the others wait with it.
        hold = next_page_attempt(attempts=1, retry_after=failed.retry_after, now=poller.now(), jitter=poller.jitter())
    return PageOutcome(
        wanted=wanted,
        at=at,
        status=failed.status,
        error=failed.detail,
        next_attempt_at=None if final else _again(poller, wanted, failed.retry_after),
        hold_host_until=hold,
    )


def _again(poller: Poller, wanted: PageWanted, retry_after: timedelta | None = None) -> datetime | None:
    return next_page_attempt(
        attempts=wanted.attempts + 1, retry_after=retry_after, now=poller.now(), jitter=poller.jitter()
    )


def _given_up(wanted: PageWanted, at: datetime, why: str, status: int | None = None) -> PageOutcome:
    return PageOutcome(wanted=wanted, at=at, status=status, error=why)


def _is_front_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query
