"""The newsroom behaves as a good publisher does, and its articles are what the demonstration says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from itertools import permutations

import pytest

from examples.newsroom import Newsroom, load
from monitor.events import event_of, headline
from monitor.likeness import signature, story_of
from monitor.model import Article, Near, Outlet, ParsedFeed, RuleSpec
from monitor.normalise import entry_keys, normalise
from monitor.parse import parse
from monitor.rules import Document, RuleSet
from tests.factories import NOW, later

FEEDS = [outlet.key for outlet in load()]


@pytest.fixture
def newsroom() -> Iterator[Newsroom]:
    with Newsroom(now=lambda: NOW) as opened:
        yield opened


def get(newsroom: Newsroom, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    """One GET; header names are given with underscores."""
    connection = HTTPConnection(newsroom.address, timeout=5)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def parsed(newsroom: Newsroom, key: str) -> ParsedFeed:
    """A feed of the newsroom as the program parses it."""
    response, body = get(newsroom, newsroom.outlets[key].path)
    feed = parse(body, url=newsroom.url(key), content_type=response.headers["Content-Type"])
    assert isinstance(feed, ParsedFeed)
    return feed


def articles(newsroom: Newsroom, key: str) -> dict[str, Article]:
    """A feed's articles as the program normalises them, by title."""
    feed = parsed(newsroom, key)
    keys = entry_keys(feed.entries)
    made = [
        normalise(entry, entry_key=entry_key, feed=key, feed_language=feed.language, seen_at=NOW)
        for entry, entry_key in zip(feed.entries, keys, strict=True)
    ]
    return {article.title: article for article in made}


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", FEEDS)
def test_who_has_the_document_gets_a_304_without_a_body(newsroom: Newsroom, key: str) -> None:
    path = newsroom.outlets[key].path
    first, _ = get(newsroom, path)

    again, body = get(newsroom, path, If_None_Match=first.headers["ETag"])

    assert (first.status, again.status, body) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_date_alone_is_enough_for_a_304(newsroom: Newsroom) -> None:
    first, _ = get(newsroom, "/courrier.xml")

    again, _ = get(newsroom, "/courrier.xml", If_Modified_Since=first.headers["Last-Modified"])

    assert again.status == 304


def test_an_etag_that_is_not_ours_counts_more_than_a_date_that_is(newsroom: Newsroom) -> None:
    """RFC 9110 §13.2.2"""
    first, _ = get(newsroom, "/courrier.xml")

    again, body = get(
        newsroom, "/courrier.xml", If_None_Match='"old"', If_Modified_Since=first.headers["Last-Modified"]
    )

    assert again.status == 200
    assert body


@pytest.mark.parametrize("date", ["yesterday", "Sun, 22 Nov 2026 12:00:00 -0000"])
def test_a_date_nobody_can_read_is_no_condition(newsroom: Newsroom, date: str) -> None:
    response, _ = get(newsroom, "/courrier.xml", If_Modified_Since=date)

    assert response.status == 200


def test_publishing_changes_the_validators_of_that_feed_alone() -> None:
    moments = iter([NOW, later(seconds=3)])
    with Newsroom(now=lambda: next(moments)) as newsroom:
        before = {key: get(newsroom, outlet.path)[0].headers for key, outlet in newsroom.outlets.items()}

        newsroom.publish_until(2)

        after = {key: get(newsroom, outlet.path)[0].headers for key, outlet in newsroom.outlets.items()}
    changed = {key for key in FEEDS if before[key]["ETag"] != after[key]["ETag"]}
    assert changed == {key for key in FEEDS if before[key]["Last-Modified"] != after[key]["Last-Modified"]}
    assert changed == {"courrier"}


def test_what_is_not_there_is_a_404_and_the_front_page_names_the_feeds(newsroom: Newsroom) -> None:
    missing, _ = get(newsroom, "/nothing.xml")
    _, front = get(newsroom, "/")

    assert missing.status == 404
    assert all(outlet.path.encode() in front for outlet in newsroom.outlets.values())


# ── the schedule ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_published_twice_and_nothing_is_left_out(newsroom: Newsroom) -> None:
    there_before = len(newsroom.published())

    later_on = []
    while news := newsroom.advance():
        later_on += news

    everything = [version for outlet in newsroom.outlets.values() for item in outlet.items for version in item.versions]
    assert there_before + len(later_on) == len(everything) == len(newsroom.published())
    assert [published.version.at for published in later_on] == sorted(published.version.at for published in later_on)


def test_the_clock_does_not_run_backwards(newsroom: Newsroom) -> None:
    newsroom.publish_until(8)

    assert newsroom.publish_until(3) == ()
    assert newsroom.clock == 8


# ── the articles, as the program reads them ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", FEEDS)
def test_every_feed_is_read_without_a_complaint(newsroom: Newsroom, key: str) -> None:
    newsroom.publish_until(60)

    feed = parsed(newsroom, key)

    outlet = newsroom.outlets[key]
    assert (feed.title, feed.language) == (outlet.title, outlet.language)
    assert len(feed.entries) == len(outlet.items)
    assert feed.truncated is None
    assert feed.problems == ()


def test_three_papers_carry_one_wire_text_under_their_own_names(newsroom: Newsroom) -> None:
    newsroom.publish_until(60)
    carriers = [
        next(article for title, article in articles(newsroom, key).items() if "calendrier de livraisons" in title)
        for key in ("courrier", "echo", "leman")
    ]

    assert len({article.fingerprint for article in carriers}) == 1
    assert carriers[0].fingerprint is not None
    assert len({article.guid for article in carriers}) == 3
    assert len({article.link_key for article in carriers}) == 3


def test_a_section_links_to_the_articles_of_the_front_page(newsroom: Newsroom) -> None:
    newsroom.publish_until(60)
    front = {article.link_key for article in articles(newsroom, "courrier").values()}
    section = {article.link_key for article in articles(newsroom, "courrier-monde").values()}

    assert len(front & section) == 3


def test_a_correction_keeps_its_guid_and_changes_what_it_says(newsroom: Newsroom) -> None:
    newsroom.publish_until(8)
    before = {article.guid: article for key in ("courrier", "echo") for article in articles(newsroom, key).values()}

    corrections = [published for published in newsroom.publish_until(60) if published.is_correction]

    after = {article.guid: article for key in ("courrier", "echo") for article in articles(newsroom, key).values()}
    assert [published.outlet.key for published in corrections] == ["courrier", "echo"]
    for corrected in corrections:
        assert before[corrected.item.id].content_digest != after[corrected.item.id].content_digest
        assert after[corrected.item.id].title == corrected.version.title


@pytest.mark.parametrize("moment", [9, 60], ids=["before the correction", "after it"])
def test_a_wire_report_is_known_in_a_paper_that_adds_to_it_and_in_one_that_cuts_and_retitles_it(
    newsroom: Newsroom, moment: int
) -> None:
    newsroom.publish_until(moment)
    wire, added, cut, own = (about(newsroom, key, "baleine") for key in ("courrier", "echo", "leman", "phare"))

    relations = [relation(one, other) for one, other in permutations((wire, added, cut, own), 2)]

    assert [relation(wire, added), relation(wire, cut), relation(added, cut)] == ["copy", "cut", "cut"]
    assert relations.count(None) == 6  # the one that tells it in its own words is none of them


@pytest.mark.parametrize(("word", "one", "other"), [("baleine", "courrier", "phare"), ("stocks", "harbour", "gazette")])
def test_another_newsroom_reports_the_same_in_its_own_words(
    newsroom: Newsroom, word: str, one: str, other: str
) -> None:
    newsroom.publish_until(60)
    reports = about(newsroom, one, word), about(newsroom, other, word)

    joined = [
        event_of(article, [near(report)], frequency={}, reports=0) for article, report in (reports, reports[::-1])
    ]

    assert [join and join.relation for join in joined] == ["report", "report"]


def about(newsroom: Newsroom, key: str, word: str) -> Article:
    """The article of a feed whose title has that word, with what it is compared by."""
    [article] = (article for title, article in articles(newsroom, key).items() if word in title)
    assert len(article.text.split()) >= 60
    return replace(
        article,
        signature=signature(article.title, article.text),
        headline=headline(article.title, article.text),
    )


def near(article: Article) -> Near:
    """An article as one that others are compared with."""
    return Near(
        id=article.entry_key,
        feed=article.feed,
        title=article.title,
        text=article.text,
        published_at=article.published_at,
        seen_at=article.seen_at,
        signature=article.signature,
        headline=article.headline,
    )


def relation(article: Article, other: Article) -> str | None:
    """What the one is to the other's text."""
    join = story_of(article, [near(other)])
    return join and join.relation


def test_one_article_comes_without_a_date(newsroom: Newsroom) -> None:
    newsroom.publish_until(60)

    undated = [article for key in FEEDS for article in articles(newsroom, key).values() if article.published_at is None]

    assert [article.published_source for article in undated] == ["none"]


def test_entities_and_hard_spaces_become_plain_text(newsroom: Newsroom) -> None:
    newsroom.publish_until(60)

    article = articles(newsroom, "courrier")["Le port accueille deux navires ukrainiens chargés de blé"]

    assert "« Nous avons attendu onze jours" in article.text
    assert "Ferrand & Fils" in article.text
    assert not {"&", "\xa0"} & set(article.text.replace("Ferrand & Fils", ""))


def test_each_article_calls_for_the_alerts_it_names(newsroom: Newsroom) -> None:
    """What the demonstration expects, without the demonstration: carriers after the first add no alert."""
    rules = RuleSet.of(
        [
            RuleSpec(name="Ukraine", query="ukrain* OR україн* OR украин*"),
            RuleSpec(name="OTAN", query="OTAN OR NATO OR НАТО"),
        ],
        {},
    )
    raised: set[tuple[str, object]] = set()  # rule and article, by whichever of its identities
    found, named = [], []
    while news := newsroom.advance():
        for published in news:
            key = published.outlet.key
            article = next(each for each in articles(newsroom, key).values() if each.guid == published.item.id)
            identities = {article.link_key, article.fingerprint} - {None}
            document = Document.of(article.title, article.text, outlet=Outlet(feed=key))
            for match in rules.match(document):
                pairs = {(match.rule, identity) for identity in identities}
                if pairs.isdisjoint(raised):
                    found.append((match.rule, article.title))
                raised |= pairs
            named += [(rule, article.title) for rule in published.version.alerts]

    assert sorted(found) == sorted(named)
    assert len(found) > 8
