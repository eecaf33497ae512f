"""Values for tests: state only what matters, the rest is plausible."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.model import Article, FeedSpec, FeedState, House, Outcome, RuleSpec, Validators

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUSE = House(contact="desk@example.org", sender="desk@example.org", timezone="Europe/Paris")


def later(**duration: float) -> datetime:
    """NOW plus a duration, as in `later(minutes=5)`."""
    return NOW + timedelta(**duration)


def a_feed(**given: Any) -> FeedSpec:
    """A feed to watch."""
    return replace(FeedSpec(key="gazette", url="https://gazette.example/rss.xml"), **given)


def a_state(**given: Any) -> FeedState:
    """What is remembered of a feed that works."""
    state = FeedState(
        key="gazette",
        url="https://gazette.example/rss.xml",
        given_url="https://gazette.example/rss.xml",
        state="ok",
        validators=Validators(etag=b'"1"'),
        body_digest=b"1",
        entry_digests=frozenset({1, 2}),
        primed=True,
        failures=0,
        next_poll_at=NOW,
        last_outcome=Outcome.NOTHING_NEW,
        whole_at=NOW - timedelta(minutes=15),
    )
    return replace(state, **given)


def a_rule(**given: Any) -> RuleSpec:
    """A rule that alerts the desk on Ukraine."""
    return replace(RuleSpec(name="ukraine", query="Ukraine", channels=("desk",)), **given)


def an_article(**given: Any) -> Article:
    """A normalised article; its keys and digests follow from link, title and text unless they are given."""
    link = given.get("link", "https://gazette.example/2026/11/22/otan-ukraine")
    title = given.get("title", "L’OTAN réunit ses ministres sur l’Ukraine")
    text = given.get("text", "Les ministres de l’OTAN se réunissent mardi à Bruxelles pour parler de l’Ukraine.")
    values: dict[str, Any] = {
        "feed": "gazette",
        "entry_key": given.get("guid") or link,
        "guid": link,
        "link": link,
        "link_key": link and link.removeprefix("https://"),
        "title": title,
        "text": text,
        "authors": (),
        "categories": (),
        "published_at": NOW,
        "published_source": "published",
        "seen_at": NOW,
        "declared_language": None,
        "digest": zlib.crc32(f"{link}{title}{text}".encode()),
        "content_digest": zlib.crc32(f"{title}\n{text}".encode()),
        "fingerprint": None,
    }
    return Article(**(values | given))
