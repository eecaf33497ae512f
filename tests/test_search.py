"""Searches: what is best comes first, what is counted is said, and a long search can be seen to move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from monitor import search as searching
from monitor.archive import Archive, open_archive
from monitor.errors import RuleError
from monitor.model import Duplicate, Finding, LanguageGuess, New
from monitor.search import best, facets, search
from tests.archive.builders import an_outcome, the_archived
from tests.factories import NOW, a_feed, an_article, later

LANGUAGES = ("fr", "uk", "zh-Hans")
TEXTS = (
    ("Rain", "It rains. " * 40 + "Nobody spoke of Ukraine."),
    ("Ukraine", "Talks on Ukraine go on; Ukraine agrees."),
    ("Talks", "Talks on Ukraine go on."),
    ("天气", "北约和乌克兰"),
)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Four articles, the last of them in Chinese."""
    with closing(open_archive(str(tmp_path / "archive.db"), now=NOW)) as opened:
        opened.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/rss")], NOW)
        for number, (title, text) in enumerate(TEXTS):
            guess = LanguageGuess(language=LANGUAGES[number % 3], confidence=0.9, source="detected")
            article = an_article(
                title=title, text=text, link=f"https://gazette.example/{number}", seen_at=later(days=number)
            )
            opened.record(an_outcome(Finding(verdict=New(article=article), language=guess), at=later(days=number)))
        yield opened


def titles(archive: Archive, query: str, **given: object) -> list[str]:
    return [row.title for row, _ in search(archive, query, aliases={}, feeds={}, **given)]  # type: ignore[arg-type]


def test_the_newest_come_first(archive: Archive) -> None:
    assert titles(archive, "Ukraine") == ["Talks", "Ukraine", "Rain"]


def test_two_characters_of_a_chinese_sentence_are_found(archive: Archive) -> None:
    assert titles(archive, "北约") == ["天气"]
    assert titles(archive, "约和") == ["天气"]
    assert titles(archive, "约北") == []


def test_what_is_most_about_it_comes_first(archive: Archive) -> None:
    found = best(search(archive, "Ukraine", aliases={}, feeds={}))

    assert [row.title for row, _ in found] == ["Ukraine", "Talks", "Rain"]
    assert best([]) == []


def test_only_the_newest_are_ranked(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "RANKED", 1)

    assert [row.title for row, _ in best(search(archive, "Ukraine", aliases={}, feeds={}))] == ["Talks"]


def test_a_count_that_did_not_come_to_the_end_says_so(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = facets(archive, search(archive, "Ukraine", aliases={}, feeds={}))
    monkeypatch.setattr(searching, "COUNTED", 2)
    newest = facets(archive, search(archive, "Ukraine", aliases={}, feeds={}))

    assert (whole.articles, whole.complete, whole.oldest_at) == (3, True, NOW)
    assert whole.languages == {"fr": 1, "uk": 1, "zh-Hans": 1}
    assert list(whole.days) == ["2026-11-24", "2026-11-23", "2026-11-22"]
    assert (newest.articles, newest.complete, newest.oldest_at) == (2, False, later(days=1))


def test_a_search_of_one_feed_finds_what_it_carries_though_another_was_first(archive: Archive) -> None:
    known = an_article(title="Talks", text=TEXTS[2][1], link="https://gazette.example/2", seen_at=later(days=2))
    again = replace(known, feed="courier", seen_at=later(days=4))
    duplicate = Duplicate(article=again, of=the_archived(archive, known), why="link")
    archive.record(an_outcome(Finding(verdict=duplicate), feed="courier", at=later(days=4)))

    assert titles(archive, "Ukraine", feed="courier") == ["Talks"]


def test_a_search_says_how_far_it_has_come(archive: Archive) -> None:
    seen: list[datetime] = []

    assert titles(archive, "/天气/", reached=seen.append) == ["天气"]
    assert seen == [later(days=3), later(days=2), later(days=1), NOW]


def test_a_query_that_is_none_is_refused_at_once(archive: Archive) -> None:
    with pytest.raises(RuleError):
        search(archive, "(Ukraine", aliases={}, feeds={})
