"""Poll outcomes, findings and alerts for the archive's tests: state only what matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from monitor.archive import Archive
from monitor.model import (
    AlertIntent,
    Archived,
    Article,
    Delivered,
    Delivery,
    DeliveryIntent,
    Duplicate,
    Excerpt,
    FeedSpec,
    Finding,
    LanguageGuess,
    Match,
    New,
    Outcome,
    PageOutcome,
    PollOutcome,
    Refused,
    Revised,
    Span,
    TryAgain,
    Validators,
)
from tests.factories import NOW, a_feed, an_article, later

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
    )


def a_message(**given: Any) -> DeliveryIntent:
    """A mail to the desk, due now."""
    number = given.pop("number", 1)
    intent = DeliveryIntent(
        channel="desk",
        recipient="desk@example.org",
        message_id=f"<{number}@example.org>",
        message=b"Subject: Ukraine\r\n\r\nUkraine\r\n",
        due_at=NOW,
    )
    return replace(intent, **given)


def an_alert(*deliveries: DeliveryIntent, rule: str = "ukraine", digest: str | None = None) -> AlertIntent:
    """An alert with these messages; with none it waits for its digest."""
    return AlertIntent(rule=rule, digest=digest, deliveries=deliveries)


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
    sent, dead, tried = (a_message(number=number) for number in (1, 2, 3))
    archive.record(
        an_outcome(
            found(shared, rules=("ukraine", "otan"), alerts=(an_alert(sent), an_alert(rule="otan", digest="morning"))),
            found(numbered(3), rules=("ukraine",), alerts=(an_alert(dead),)),
            replace(
                found(numbered(4), rules=("ukraine",), alerts=(an_alert(tried),)), page="https://gazette.example/4"
            ),
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
    for delivery in archive.due_deliveries(NOW, limit=10):
        match delivery.message_id:
            case "<1@example.org>":
                settle_sent(archive, delivery)
            case "<2@example.org>":
                archive.settle(delivery, Refused(why="550 no such user"), now=NOW, next_attempt_at=None)
            case _:
                archive.settle(delivery, TryAgain(why="451 later"), now=NOW, next_attempt_at=later(minutes=5))


def settle_sent(archive: Archive, delivery: Delivery) -> None:
    """The channel took it."""
    archive.settle(delivery, Delivered(reply="250 queued"), now=later(minutes=1), next_attempt_at=None)
