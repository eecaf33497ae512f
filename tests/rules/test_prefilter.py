"""A search of the archive finds what a look at every article would: the full-text index loses none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from random import Random

import pytest

from monitor.archive import Archive, SearchRow, open_archive
from monitor.errors import RuleError
from monitor.model import FeedSpec, Finding, LanguageGuess, New
from monitor.rules import Document, compile_query, fts_prefilter
from monitor.rules.ruleset import Query
from tests.archive.builders import an_outcome
from tests.examples import TIMES
from tests.factories import NOW
from tests.rules.chance import Feed, a_feed_by_chance, a_query, an_article_by_chance
from tests.rules.plain import Plain

FEEDS = 24
ARTICLES = 16  # of each
QUERIES = 20 * TIMES  # about each


@dataclass(frozen=True, slots=True)
class Room:
    """An archive, its feeds, and what a plain reader knows of each article, by its text and its feed."""

    archive: Archive
    feeds: tuple[Feed, ...]
    plain: dict[int, Plain]  # by the article's number in the archive


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A real archive, filled as polls fill it."""
    chance = Random(7)
    feeds = tuple(a_feed_by_chance(chance, number) for number in range(FEEDS))
    with closing(open_archive(str(tmp_path_factory.mktemp("room") / "archive.db"), now=NOW)) as archive:
        archive.sync_feeds(
            [
                FeedSpec(
                    key=feed.outlet.feed,
                    url=f"https://news.example/{feed.outlet.feed}",
                    title=feed.outlet.title,
                    tags=feed.outlet.tags,
                    country=feed.outlet.country,
                )
                for feed in feeds
            ],
            NOW,
        )
        plain: dict[int, Plain] = {}
        for number, feed in enumerate(feeds):
            findings = []
            for index in range(ARTICLES):
                article, known = an_article_by_chance(chance, feed, number * ARTICLES + index)
                guess = LanguageGuess(language=known.language, confidence=0.9, source="detected")
                findings.append(Finding(verdict=New(article=article), language=guess))
                plain[len(plain) + 1] = known
            archive.record(an_outcome(*findings, feed=feed.outlet.feed))
        yield Room(archive, feeds, plain)


def compiled(query: str, feed: Feed) -> Query | None:
    """A query; None when it is refused."""
    try:
        return compile_query(query, feed.aliases)
    except RuleError:
        return None


def document(row: SearchRow) -> Document:
    """An article of the archive, as a search reads it."""
    return Document.of(
        row.title,
        row.text,
        author="\n".join(row.authors),
        link=row.link or "",
        outlet=row.carriers[0],
        categories=row.categories,
        language=row.language,
    )


def test_a_search_finds_what_a_look_at_every_article_finds_and_what_a_plain_reader_would(room: Room) -> None:
    pairs = matching = narrowed = refused = 0
    lost, misread = [], []
    for number, feed in enumerate(room.feeds):
        chance = Random(number)
        rows = {row.id: row for row in room.archive.search(None, feed=feed.outlet.feed)}
        documents = {key: document(row) for key, row in rows.items()}
        assert len(rows) == ARTICLES
        for _ in range(QUERIES):
            text = a_query(chance, feed)
            query = compiled(text, feed)
            if query is None:
                refused += 1
                continue
            every = {key for key, each in documents.items() if query.matches(each) is not None}
            expression = fts_prefilter(query)
            candidates = {row.id for row in room.archive.search(expression, feed=feed.outlet.feed)}
            plainly = {key for key in documents if room.plain[key].matches(query.tree)}
            if missed := every - candidates:
                lost.append((text, expression, [(rows[key].title, rows[key].text) for key in missed]))
            if differing := every ^ plainly:
                misread.append((text, [(rows[key].title, rows[key].text, key in every) for key in differing]))
            pairs += ARTICLES
            matching += len(every)
            narrowed += expression is not None

    assert lost == []
    assert misread == []
    assert matching > 0.2 * pairs, (matching, pairs)
    assert narrowed > 0.2 * FEEDS * QUERIES, narrowed
    assert refused < 0.3 * FEEDS * QUERIES, refused
