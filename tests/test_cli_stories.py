"""`monitor stories` and `monitor explain` as a user reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.archive import open_archive
from monitor.model import Duplicate, Finding, Join, Revised
from tests.archive.builders import FRENCH, an_alert, an_outcome, found, numbered, the_archived
from tests.commands import Result, monitor
from tests.factories import NOW, a_feed, later

SETTINGS = """
monitor: {contact: desk@example.org, archive: archive.db}
feeds: [{key: gazette, url: "https://gazette.example/rss.xml"}, {key: courier, url: "https://courier.example/atom.xml"}]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wire report, corrected twice (1), its cut (2), a report of the same (3), and an article alone (4)."""
    folder = tmp_path_factory.mktemp("stories")
    (folder / "feeds.yaml").write_text(SETTINGS)
    archive = open_archive(str(folder / "archive.db"), now=NOW)
    archive.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/atom.xml")], NOW)
    wire, alone = numbered(1, guid="g-1", title="Une baleine dans l’Arvel"), numbered(4, link=None, guid="g-4")
    archive.record(an_outcome(found(wire)))
    archive.record(
        an_outcome(
            replace(
                found(numbered(2, title="Une baleine égarée", feed="courier")),
                story=Join(to=1, relation="cut", score=0.97),
            ),
            replace(
                found(numbered(3, title="La baleine de l’écluse", feed="courier")),
                event=Join(to=1, relation="report", score=0.66),
            ),
            Finding(
                verdict=Duplicate(
                    article=replace(wire, feed="courier", entry_key="c", guid="c", link=f"{wire.link}?utm_source=x"),
                    of=the_archived(archive, wire),
                    why="link",
                )
            ),
            feed="courier",
        )
    )
    archive.record(an_outcome(found(alone, rules=("ukraine", "otan"), alerts=(an_alert(digest="morning"),))))
    for minutes, title in ((5, wire.title), (9, "Une baleine bloque l’écluse")):
        changed = replace(wire, title=title, text=f"Corrigé à {minutes}.", content_digest=minutes)
        changed = replace(changed, seen_at=later(minutes=minutes))
        revised = Finding(verdict=Revised(article=changed, of=the_archived(archive, wire)), language=FRENCH)
        archive.record(an_outcome(revised, at=later(minutes=minutes)))
    archive.close()
    return folder


def ask(folder: Path, *arguments: str) -> Result:
    return monitor("-q", *arguments, cwd=folder, TZ="UTC")


def test_stories_are_listed_with_those_that_most_feeds_carry_first(folder: Path) -> None:
    result = ask(folder, "stories", "--all", "--since", "365d")

    rows = [line.split() for line in result.out.splitlines()]
    assert rows[0] == ["id", "last_seen_at", "feeds", "articles", "languages", "title"]
    assert [(row[0], row[3], row[4]) for row in rows[1:]] == [("1", "2", "2"), ("4", "1", "1"), ("3", "1", "1")]


def test_each_article_of_a_story_says_why_it_is_there(folder: Path) -> None:
    result = ask(folder, "stories", "1")

    assert result.out.splitlines() == [
        "story 1: 2 articles in 2 feeds",
        "  #1  2026-11-22 12:00  gazette and 1 more  [fr]  the first",
        "    Une baleine bloque l’écluse",
        "  #2  2026-11-22 12:00  courier  [fr]  cut of 1, 0.97",
        "    Une baleine égarée",
    ]


def test_an_article_that_is_in_an_event_for_its_story_says_so(folder: Path) -> None:
    result = ask(folder, "stories", "--events", "1")

    assert [line for line in result.out.splitlines() if not line.startswith("    ")] == [
        "event 1: 3 articles in 2 feeds",
        "  #1  2026-11-22 12:00  gazette and 1 more  [fr]  the first",
        "  #2  2026-11-22 12:00  courier  [fr]  in story 1",
        "  #3  2026-11-22 12:00  courier  [fr]  report of 1, 0.66",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2"], "there is no story 2; article 2 is in story 1"),
        (["--events", "3"], "there is no event 3; article 3 is in event 1"),
        (["--events", "4"], "there is no event 4; `monitor stories --events` names those there are"),
        (["9"], "there is no story 9; `monitor stories` names those there are"),
    ],
)
def test_a_number_that_names_no_story_is_looked_for_among_the_articles(
    folder: Path, arguments: list[str], said: str
) -> None:
    result = ask(folder, "stories", *arguments)

    assert (result.status, result.out) == (1, "")
    assert result.err.strip() == said


def test_an_explanation_says_who_carried_it_what_changed_and_what_it_stands_with(folder: Path) -> None:
    result = ask(folder, "explain", "1")

    assert result.out.splitlines() == [
        "#1  Une baleine bloque l’écluse",
        "  https://gazette.example/1",
        "  compared by: gazette.example/1",
        "  first seen 2026-11-22 12:00, published 2026-11-22 12:00 (as its feed says)",
        "  language fr, confidence 0.98: it rests on its words",
        "carried by",
        "  2026-11-22 12:00  gazette  new: nobody had carried it",
        "    guid g-1, link https://gazette.example/1",
        "  2026-11-22 12:00  courier  known by its link",
        "    guid c, link https://gazette.example/1?utm_source=x",
        "changed 2 times; before it said",
        "  2026-11-22 12:00  (the same title, another text of 7 characters)",
        "  2026-11-22 12:05  Une baleine dans l’Arvel",
        "story 1: 2 articles in 2 feeds",
        "  #1  2026-11-22 12:00  gazette and 1 more  [fr]  the first",
        "    Une baleine bloque l’écluse",
        "  #2  2026-11-22 12:00  courier  [fr]  cut of 1, 0.97",
        "    Une baleine égarée",
        "event 1: 3 articles in 2 feeds; besides those of its story",
        "  #3  2026-11-22 12:00  courier  [fr]  report of 1, 0.66",
        "    La baleine de l’écluse",
        "no rule matched",
    ]


def test_an_explanation_says_which_rules_matched_and_what_came_of_it(folder: Path) -> None:
    result = ask(folder, "explain", "4")

    lines = result.out.splitlines()
    assert "story 4: no copy or other version of its text is known" in lines
    assert "event: no other newsroom's report of the same is known" in lines
    assert [line for line in lines[lines.index("rules that matched") :] if not line.startswith("    ")] == [
        "rules that matched",
        "  otan  2026-11-22 12:00  no alert: it was no news then, or the rule tells nobody",
        "  ukraine  2026-11-22 12:00  alert 1, waiting",
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://gazette.example/1",
        "http://www.gazette.example/1/?utm_source=newsletter#top",
        "gazette.example/1",
        "www.gazette.example/1?fbclid=2",
    ],
)
def test_an_article_is_found_by_any_link_to_it(folder: Path, link: str) -> None:
    assert ask(folder, "explain", link).out.startswith("#1  ")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("https://gazette.example/9", "https://gazette.example/9 is not in the archive."),
        ("g-1", "g-1 is not in the archive."),
        ("9", "there is no article 9;"),
        ("99999999999999999999", "there is no article 99999999999999999999;"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_try(folder: Path, what: str, said: str) -> None:
    result = ask(folder, "explain", what)

    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(said)
    assert "`monitor search`" in result.err
