"""Texts go when they were kept for as long as the file says, and nothing else goes with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.archive import Archive, open_archive
from monitor.archive import pruning as pruning_sql
from monitor.model import Duplicate, Finding, New, RetentionSpec, Revised
from tests.archive.builders import (
    FRENCH,
    an_alert,
    an_outcome,
    found,
    leased,
    numbered,
    queue_each,
    settle_sent,
    the_archived,
)
from tests.commands import monitor
from tests.factories import NOW, a_feed, later
from tests.keeping.archives import LONG, ask, whole

DAYS = timedelta(days=1)
LATER = later(days=100)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


@pytest.fixture
def archive(path: Path) -> Iterator[Archive]:
    """Nine articles of the gazette, of which the first three were matched by rules, and one of the courier's."""
    with closing(open_archive(str(path), now=NOW)) as opened:
        opened.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/rss")], NOW)
        rules = {1: ("ukraine",), 2: ("otan",), 3: ("ukraine", "otan")}
        opened.record(an_outcome(*(found(article(n), rules=rules.get(n, ())) for n in range(1, 10))))
        opened.record(an_outcome(found(article(10, feed="courier")), feed="courier"))
        yield opened


def article(number: int, **given: object):  # type: ignore[no-untyped-def]
    return numbered(number, text=f"{LONG} {number}", **given)


def prune(archive: Archive, now: datetime = LATER, **given: object) -> int:
    """Prunes by such a policy; how many texts went."""
    spec = RetentionSpec(**given)  # type: ignore[arg-type]
    after: tuple[str, int] | None = ("", 0)
    total = 0
    while after is not None:
        pruned = archive.prune_texts(spec, now, after=after)
        total += sum(pruned.articles.values())
        after = pruned.after
    return total


def kept(path: Path) -> set[object]:
    """The articles whose texts are there."""
    return {number for (number,) in ask(path, "SELECT id FROM articles WHERE text <> ''")}


def test_without_a_policy_everything_is_kept_for_ever(archive: Archive, path: Path) -> None:
    assert prune(archive, NOW + 10_000 * DAYS) == 0
    assert kept(path) == set(range(1, 11))


def test_what_no_rule_matched_goes_after_its_time_and_not_before(archive: Archive, path: Path) -> None:
    assert prune(archive, NOW + 30 * DAYS, keep=30 * DAYS) == 0
    assert prune(archive, NOW + 30 * DAYS + timedelta(seconds=1), keep=30 * DAYS) == 7
    assert kept(path) == {1, 2, 3}


def test_a_rules_own_time_comes_before_that_of_all_matched_and_the_longest_counts(archive: Archive, path: Path) -> None:
    prune(archive, keep=1 * DAYS, keep_matched=50 * DAYS, rules=(("ukraine", 400 * DAYS),))

    assert kept(path) == {1, 3}


def test_a_rules_time_never_makes_that_of_its_feed_shorter(archive: Archive, path: Path) -> None:
    prune(archive, keep=400 * DAYS, keep_matched=1 * DAYS, rules=(("ukraine", 2 * DAYS),))

    assert kept(path) == set(range(1, 11))


def test_a_feeds_time_counts_for_all_it_carries_also_where_it_was_not_the_first(archive: Archive, path: Path) -> None:
    known = article(5)
    again = replace(known, feed="courier", entry_key="c5", seen_at=later(minutes=5))
    verdict = Duplicate(article=again, of=the_archived(archive, known), why="link")
    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH), feed="courier", at=later(minutes=5)))

    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS, feeds=(("gazette", 2 * DAYS), ("courier", 400 * DAYS)))

    assert kept(path) == {5, 10}


def test_feeds_that_are_gone_from_the_file_are_kept_as_all(archive: Archive, path: Path) -> None:
    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS, feeds=(("gazette", timedelta.max),))

    assert kept(path) == set(range(1, 10))


def test_an_article_that_changed_lately_is_as_young_as_its_change(archive: Archive, path: Path) -> None:
    changed = replace(article(6), text="Autre chose.", content_digest=6, seen_at=later(days=90))
    verdict = Revised(article=changed, of=the_archived(archive, article(6)))
    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH), at=later(days=90)))

    prune(archive, keep=50 * DAYS, keep_matched=1 * DAYS)

    assert kept(path) == {6}
    prune(archive, later(days=200), keep=50 * DAYS, keep_matched=1 * DAYS)
    assert kept(path) == set()
    assert ask(path, "SELECT count(*), max(text) FROM revisions") == [(1, "")]


def test_nothing_goes_of_which_an_alert_waits(archive: Archive, path: Path) -> None:
    archive.record(an_outcome(found(article(20), rules=("ukraine",), alerts=(an_alert(),))))
    archive.record(an_outcome(found(article(21), rules=("ukraine",), alerts=(an_alert(digest="morning"),))))

    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS)
    assert kept(path) == {11, 12}

    queue_each(archive)
    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS)
    assert kept(path) == {11, 12}

    for delivery in leased(archive):
        settle_sent(archive, delivery)
    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS)
    assert kept(path) == {12}


def test_everything_but_the_text_stays_and_the_index_forgets_the_text_only(archive: Archive, path: Path) -> None:
    columns = "id, feed, title, link, guid, published_at, first_seen_at, language, story, authors, fingerprint"
    before = [
        ask(path, f"SELECT {columns} FROM articles"),
        ask(path, "SELECT * FROM sightings"),
        ask(path, "SELECT * FROM matches"),
    ]

    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS)

    assert before == [
        ask(path, f"SELECT {columns} FROM articles"),
        ask(path, "SELECT * FROM sightings"),
        ask(path, "SELECT * FROM matches"),
    ]
    assert ask(path, "SELECT DISTINCT text, text_words, pruned_at FROM articles") == [
        ("", None, "2027-03-02T12:00:00Z")
    ]
    assert [row.id for row in archive.search('"titre" AND "7"')] == [7]
    assert list(archive.search('"ministres"')) == []
    assert whole(path)


def test_an_old_entry_that_comes_again_is_known_and_its_copy_brings_no_text_back(archive: Archive, path: Path) -> None:
    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS)
    held = archive.look_up("gazette", [article(7)], LATER)
    assert article(7).entry_key in held.by_entry_key

    again = replace(article(7), feed="courier", entry_key="c7", seen_at=LATER, content_digest=77)
    verdict = Duplicate(article=again, of=the_archived(archive, article(7)), why="link")
    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH), feed="courier", at=LATER))

    assert ask(path, "SELECT text, revisions FROM articles WHERE id = 7") == [("", 0)]


def test_what_an_old_article_says_anew_is_kept_again(archive: Archive, path: Path) -> None:
    prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS)
    changed = replace(article(7), text="Mise à jour.", content_digest=7, seen_at=LATER)
    verdict = Revised(article=changed, of=the_archived(archive, article(7)))
    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH), at=LATER))

    assert ask(path, "SELECT text, pruned_at, revisions FROM articles WHERE id = 7") == [("Mise à jour.", None, 1)]


def test_many_are_looked_at_a_few_at_a_time_and_room_is_given_back(
    archive: Archive, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning_sql, "BATCH", 7)
    archive.record(an_outcome(*(Finding(verdict=New(article=article(n)), language=FRENCH) for n in range(100, 600))))
    archive.cut_log()
    before = path.stat().st_size

    assert prune(archive, keep=1 * DAYS, keep_matched=1 * DAYS) == 510
    while archive.give_back(10):
        pass
    archive.close()
    assert path.stat().st_size < before / 2
    assert whole(path)


SETTINGS = """
monitor: {contact: desk@example.org, archive: archive.db}
feeds:
  - {key: gazette, url: "https://gazette.example/rss.xml", tags: [press]}
  - {key: courier, url: "https://courier.example/rss", keep: forever}
rules: [{name: otan, query: OTAN, channels: [desk], keep: 20w}]
channels: {desk: {kind: console}}
retention: {keep: 400d, keep_matched: 30d, tags: {press: 10d}}
"""


def test_a_dry_run_says_what_would_go_and_the_command_lets_it_go(archive: Archive, path: Path, tmp_path: Path) -> None:
    archive.close()
    (tmp_path / "feeds.yaml").write_text(SETTINGS)  # the clock is today's, a day or more after NOW: age the articles
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE articles SET first_seen_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-100 days')")
        db.commit()

    dry = monitor("db", "prune", "--dry-run", cwd=tmp_path)
    again = monitor("db", "prune", "--dry-run", "--json", cwd=tmp_path)
    assert kept(path) == set(range(1, 11))
    done = monitor("db", "prune", cwd=tmp_path)

    assert "gazette      7" in dry.out
    assert "7 texts would go" in dry.out
    assert again.json()["articles"] == {"gazette": 7}
    assert done.out.endswith("7 texts pruned\n")
    assert kept(path) == {2, 3, 10}
