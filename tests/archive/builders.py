"""Poll outcomes, findings and alerts for the archive's tests: state only what matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.archive import Archive
from monitor.model import (
    AlertIntent,
    Archived,
    Article,
    Bundle,
    Delivered,
    Delivery,
    DeliveryIntent,
    DigestSpec,
    Duplicate,
    Excerpt,
    FeedSpec,
    Finding,
    LanguageGuess,
    Match,
    New,
    NewMessage,
    Outcome,
    PageOutcome,
    PollOutcome,
    Refused,
    Revised,
    Span,
    TryAgain,
    Validators,
    Waiting,
)
from tests.factories import NOW, a_feed, an_article, later

DESK = ("desk", "desk@example.org")
FRENCH = LanguageGuess(language="fr", confidence=0.98, source="detected")
UNSURE = LanguageGuess(language="und", confidence=0.0, source="none")


def an_outcome(*findings: Finding, **given: Any) -> PollOutcome:
    """A poll of the gazette that succeeded, with these findings."""
    outcome = PollOutcome(
        feed="gazette",
        at=NOW,
        outcome=Outcome.NEW if findings else Outcome.NOTHING_NEW,
        status=200,
        error=None,
        duration=timedelta(milliseconds=120),
        wire_bytes=4_096,
        next_poll_at=later(minutes=15),
        entries=len(findings),
        gap=False,
        findings=findings,
    )
    return replace(outcome, **given)


def a_failure(**given: Any) -> PollOutcome:
    """A poll of the gazette that failed."""
    values: dict[str, Any] = {
        "outcome": Outcome.TIMEOUT,
        "status": None,
        "error": "no answer",
        "wire_bytes": None,
        "gap": None,
    }
    return an_outcome(**(values | given))


def found(article: Article, *, rules: tuple[str, ...] = (), alerts: tuple[AlertIntent, ...] = ()) -> Finding:
    """A new article in French."""
    return Finding(verdict=New(article=article), language=FRENCH, matches=tuple(map(a_match, rules)), alerts=alerts)


def a_match(rule: str = "ukraine") -> Match:
    """A match on one word of the text."""
    return Match(
        rule=rule,
        spans=(Span(field="text", start=0, end=7),),
        excerpt=Excerpt(text="… de l’Ukraine.", marks=((7, 14),)),
        words=("Ukraine",),
    )


def an_alert(*to: tuple[str, str], rule: str = "ukraine", digest: str | None = None, **given: Any) -> AlertIntent:
    """An alert to the desk, or to these (channel, recipient); due now, or with its digest."""
    intent = AlertIntent(
        rule=rule,
        to=to or (DESK,),
        due_at=NOW if digest is None else None,
        digest=digest,
        why="group" if digest is None else "digest",
    )
    return replace(intent, **given)


def a_message(*deliveries: Waiting, **given: Any) -> NewMessage:
    """A mail of one rule to one recipient that tells of deliveries which wait; the first one's number is its name."""
    first = deliveries[0]
    bundle = Bundle(
        kind="story" if first.digest is None else "digest",
        channel=first.channel,
        recipient=first.recipient,
        why=first.why,
        deliveries=deliveries,
        rule=first.rule if first.digest is None else None,
        digest=first.digest,
    )
    message = NewMessage(
        bundle=bundle,
        message_id=f"<{first.id}@example.org>",
        message=b"Subject: Ukraine\r\n\r\nUkraine\r\n",
        stories=len({each.story for each in deliveries}),
    )
    return replace(message, **given)


def a_notice(**given: Any) -> DeliveryIntent:
    """A mail to the desk that is about no article, due now."""
    number = given.pop("number", 1)
    intent = DeliveryIntent(
        channel="desk",
        recipient="desk@example.org",
        message_id=f"<notice-{number}@example.org>",
        message=b"Subject: 1 feed fails\r\n\r\nCourier\r\n",
        due_at=NOW,
    )
    return replace(intent, **given)


def queue_each(archive: Archive, now: datetime = NOW) -> None:
    """Puts each delivery that waits outside digests into a message of its own."""
    archive.queue_messages([a_message(each) for each in archive.waiting(now, everything=True)], (), now)


def leased(archive: Archive, channel: str = "desk", now: datetime = NOW, **given: Any) -> tuple[Delivery, ...]:
    """The channel's messages that are due, leased for half an hour."""
    values: dict[str, Any] = {"after": 0, "limit": 100, "until": now + timedelta(minutes=30)}
    return archive.lease_messages(channel, now, **(values | given))


def numbered(number: int, **given: Any) -> Article:
    """One of many articles that share nothing."""
    values = {"link": f"https://gazette.example/{number}", "title": f"Titre {number}", "text": f"Texte {number}"}
    return an_article(**(values | given))


def the_archived(archive: Archive, article: Article) -> Archived:
    """What the archive holds for an article's entry."""
    return archive.look_up(article.feed, [article], article.seen_at).by_entry_key[article.entry_key]


def fill(archive: Archive) -> None:
    """Gives an archive a little of everything, so that every question has an answer."""
    feeds: list[FeedSpec] = [
        a_feed(),
        a_feed(key="courier", url="https://courier.example/atom.xml", language="en", tags=("press",)),
        a_feed(key="down", url="https://down.example/rss"),
        a_feed(key="quiet", url="https://quiet.example/rss"),
    ]
    archive.sync_feeds(feeds, NOW)
    shared, short = an_article(), numbered(2, text="?", feed="courier")
    archive.record(
        an_outcome(
            found(shared, rules=("ukraine", "otan"), alerts=(an_alert(), an_alert(rule="otan", digest="morning"))),
            found(numbered(3), rules=("ukraine",), alerts=(an_alert(),)),
            replace(found(numbered(4), rules=("ukraine",), alerts=(an_alert(),)), page="https://gazette.example/4"),
            gap=True,
            validators=Validators(etag=b'"1"'),
        )
    )
    copy = replace(shared, feed="courier", entry_key="c", seen_at=later(minutes=3))
    archive.record(
        an_outcome(
            Finding(verdict=Duplicate(article=copy, of=the_archived(archive, shared), why="link"), language=FRENCH),
            Finding(verdict=New(article=short), language=UNSURE),
            feed="courier",
            at=later(minutes=3),
        )
    )
    changed = replace(shared, title="L’OTAN se réunit", content_digest=7, seen_at=later(minutes=15))
    archive.record(
        an_outcome(
            Finding(verdict=Revised(article=changed, of=the_archived(archive, shared)), language=FRENCH),
            at=later(minutes=15),
        )
    )
    (lease,) = archive.lease(later(minutes=15), hosts=9, ttl=timedelta(minutes=1), pages_only=True)
    archive.record_page(PageOutcome(wanted=lease.pages[0], at=later(minutes=15), status=404, error="nothing there"))
    archive.release(lease, last_request_at=later(minutes=15))
    archive.record(a_failure(feed="down"))
    archive.record(an_outcome(feed="quiet"))
    archive.sync_digests([DigestSpec(name="morning", cron="0 7 * * *", timezone="Europe/Paris")], NOW)
    archive.mute(rule="otan", until=later(days=1), now=NOW)
    queue_each(archive)
    sent, dead, tried = leased(archive)
    settle_sent(archive, sent)
    archive.settle(dead, Refused(why="550 no such user"), now=NOW, next_attempt_at=None)
    archive.settle(tried, TryAgain(why="451 later"), now=NOW, next_attempt_at=later(minutes=5))
    archive.note_down("chat", why="connection refused", next_at=later(minutes=1), now=NOW)
    archive.rate(1, "useful", None, later(minutes=2))


def settle_sent(archive: Archive, delivery: Delivery) -> None:
    """The channel took it."""
    archive.settle(delivery, Delivered(reply="250 queued"), now=later(minutes=1), next_attempt_at=None)
