"""What every archive promises, whatever it is kept in. A new backend is one more name in BACKENDS."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.archive import AlertRow, Archive, ArchiveThread, FeedRow, open_archive
from monitor.model import (
    Article,
    Delivered,
    Duplicate,
    FeedSpec,
    FeedState,
    Finding,
    Known,
    LanguageGuess,
    Outcome,
    Refused,
    Revised,
    TryAgain,
    Validators,
)
from monitor.urls import DEFAULT, LinkRules, link_key
from tests.archive.builders import (
    FRENCH,
    a_failure,
    a_message,
    an_alert,
    an_outcome,
    fill,
    found,
    numbered,
    the_archived,
)
from tests.factories import NOW, a_feed, an_article, later

Open = Callable[[], Archive]

TTL = timedelta(minutes=10)
BACKENDS = ["sqlite"]


@pytest.fixture(params=BACKENDS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the test's archive; called again, closes it first."""
    opened: list[Archive] = []

    def reopen() -> Archive:
        if opened:
            opened.pop().close()
        opened.append(open_archive(str(tmp_path / "archive.db"), now=NOW))
        return opened[0]

    yield reopen
    opened.pop().close()


@pytest.fixture
def archive(reopen: Open) -> Archive:
    """An archive that knows the gazette and the courier."""
    archive = reopen()
    archive.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/atom.xml")], NOW)
    return archive


def leased(archive: Archive, now: datetime = NOW, **given: Any) -> list[str]:
    """The keys of the feeds that a lease gives."""
    leases = archive.lease(now, **({"hosts": 10, "ttl": TTL} | given))
    return [feed.key for lease in leases for feed in lease.feeds]


def the_state(archive: Archive, key: str = "gazette") -> FeedState:
    return next(state for state in archive.feed_states() if state.key == key)


def the_row(archive: Archive, key: str = "gazette") -> FeedRow:
    return next(row for row in archive.feed_rows() if row.key == key)


# ── the feed list ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_feed_is_due_at_once(archive: Archive) -> None:
    assert leased(archive) == ["courier", "gazette"]
    assert the_state(archive).state == "new"


def test_what_is_known_of_a_feed_survives_a_restart(archive: Archive, reopen: Open) -> None:
    validators = Validators(etag=b'W/"\xff"', last_modified=b"Sun, 22 Nov 2026 12:00:00 GMT")
    archive.record(
        an_outcome(validators=validators, body_digest=b"digest", entry_digests=frozenset({0, 2**63 - 1}), primed=True)
    )

    archive = reopen()

    state = the_state(archive)
    assert (state.validators, state.body_digest, state.primed) == (validators, b"digest", True)
    assert state.entry_digests == {0, 2**63 - 1}
    assert state.next_poll_at == later(minutes=15)


def test_a_feed_with_another_url_forgets_what_the_old_one_gave(archive: Archive) -> None:
    archive.record(
        an_outcome(
            validators=Validators(etag=b"1"),
            body_digest=b"d",
            entry_digests=frozenset({1}),
            primed=True,
            moved_to="https://new.example/rss",
        )
    )

    archive.sync_feeds([a_feed(url="https://new.example/rss")], later(minutes=1))

    state = the_state(archive)
    assert (state.url, state.validators, state.body_digest) == ("https://new.example/rss", Validators(), None)
    assert state.entry_digests == frozenset()
    assert state.next_poll_at == later(minutes=1)
    assert state.primed
    assert the_row(archive).moved_to is None


def test_a_feed_taken_from_the_list_is_kept_and_not_polled(archive: Archive) -> None:
    archive.sync_feeds([a_feed()], NOW)

    assert the_row(archive, "courier").state == "removed"
    assert leased(archive) == ["gazette"]
    assert leased(archive, later(hours=1), everything=True) == ["gazette"]
    assert [state.key for state in archive.feed_states()] == ["gazette"]


@pytest.mark.parametrize("given", [{"paused": True}, None], ids=["paused", "removed"])
def test_a_feed_that_comes_back_is_as_it_was(given: dict[str, bool] | None, archive: Archive) -> None:
    archive.record(a_failure(validators=Validators(etag=b"1")))
    before = the_row(archive), the_state(archive)

    archive.sync_feeds([a_feed(**given)] if given else [], later(minutes=1))
    archive.sync_feeds([a_feed()], later(minutes=2))

    assert (the_row(archive), the_state(archive)) == before


@pytest.mark.parametrize("feeds", [[a_feed(paused=True)], []], ids=["paused", "removed"])
def test_a_poll_leaves_a_feed_paused_or_removed(feeds: list[FeedSpec], archive: Archive) -> None:
    archive.sync_feeds(feeds, NOW)
    before = the_row(archive).state

    archive.record(an_outcome())
    after_success = the_row(archive).state
    archive.record(a_failure())

    assert before == after_success == the_row(archive).state == ("paused" if feeds else "removed")


def test_the_configuration_names_a_feed_before_the_feed_does(archive: Archive) -> None:
    archive.sync_feeds([a_feed(title="La Gazette", language="fr")], NOW)

    archive.record(an_outcome(title="gazette.example RSS", language="en"))

    assert (the_row(archive).title, the_row(archive).language) == ("La Gazette", "fr")


def test_a_feed_without_a_given_title_goes_by_its_own(archive: Archive) -> None:
    archive.sync_feeds([a_feed(title="La Gazette")], NOW)
    archive.record(an_outcome(title="gazette.example RSS", language="fr"))

    archive.sync_feeds([a_feed()], NOW)

    assert (the_row(archive).title, the_row(archive).language) == ("gazette.example RSS", "fr")


def test_a_shorter_interval_takes_effect_at_once(archive: Archive) -> None:
    archive.record(an_outcome(next_poll_at=later(days=1)))

    archive.sync_feeds([a_feed(every=timedelta(minutes=5), max_every=timedelta(minutes=10))], NOW)

    assert the_state(archive).next_poll_at == later(minutes=10)


def test_a_shorter_interval_does_not_cut_short_what_a_failing_server_asked_for(archive: Archive) -> None:
    archive.record(a_failure(outcome=Outcome.RATE_LIMITED, next_poll_at=later(days=1)))

    archive.sync_feeds([a_feed(every=timedelta(minutes=5))], NOW)

    assert the_state(archive).next_poll_at == later(days=1)


# ── leases ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_host_is_leased_once_at_a_time(archive: Archive) -> None:
    first = leased(archive)

    second = leased(archive)

    assert (first, second) == (["courier", "gazette"], [])


def test_a_released_host_can_be_leased_again(archive: Archive) -> None:
    for lease in archive.lease(NOW, hosts=10, ttl=TTL):
        archive.release(lease, last_request_at=NOW)

    again = archive.lease(later(minutes=1), hosts=10, ttl=TTL)

    assert [lease.last_request_at for lease in again] == [NOW, NOW]


def test_a_lapsed_lease_can_be_taken_and_its_holder_releases_nothing(archive: Archive) -> None:
    (late,) = archive.lease(NOW, hosts=1, ttl=TTL)
    (taken,) = archive.lease(NOW + TTL, hosts=1, ttl=TTL, keys=[feed.key for feed in late.feeds])

    archive.release(late, last_request_at=later(hours=1))

    assert taken.token > late.token
    assert leased(archive, NOW + TTL, keys=[feed.key for feed in taken.feeds]) == []


def test_leases_of_a_process_that_died_are_cleared_when_the_archive_is_opened(archive: Archive, reopen: Open) -> None:
    (before,) = archive.lease(NOW, hosts=1, ttl=TTL)

    archive = reopen()

    again = {lease.host: lease for lease in archive.lease(NOW, hosts=10, ttl=TTL)}
    assert again[before.host].token > before.token


def test_feeds_of_one_host_come_in_one_lease_longest_due_first(archive: Archive) -> None:
    feeds = [a_feed(key=key, url=f"https://press.example/{key}") for key in ("a", "b", "c")]
    archive.sync_feeds(feeds, NOW)
    archive.record(an_outcome(feed="a", next_poll_at=later(minutes=3)))
    archive.record(an_outcome(feed="b", next_poll_at=later(minutes=2)))
    archive.record(an_outcome(feed="c", next_poll_at=later(minutes=9)))

    (lease,) = archive.lease(later(minutes=5), hosts=10, ttl=TTL)

    assert lease.host == "press.example"
    assert [feed.key for feed in lease.feeds] == ["b", "a"]


def test_the_host_that_has_waited_longest_is_leased_first(archive: Archive) -> None:
    archive.record(an_outcome(feed="courier", next_poll_at=later(minutes=2)))
    archive.record(an_outcome(feed="gazette", next_poll_at=later(minutes=1)))

    assert leased(archive, later(minutes=5), hosts=1) == ["gazette"]


def test_a_feed_is_never_due_too_early(archive: Archive) -> None:
    archive.record(an_outcome(next_poll_at=later(seconds=10, milliseconds=1)))
    archive.record(an_outcome(feed="courier", next_poll_at=later(hours=1)))

    assert leased(archive, later(seconds=10, milliseconds=999)) == []
    assert leased(archive, later(seconds=11)) == ["gazette"]


def test_named_feeds_are_leased_due_or_not_paused_or_not(archive: Archive) -> None:
    archive.sync_feeds([a_feed(paused=True), a_feed(key="courier", url="https://courier.example/atom.xml")], NOW)
    archive.record(an_outcome(next_poll_at=later(hours=5)))

    assert leased(archive, keys=["gazette"]) == ["gazette"]


def test_everything_means_all_feeds_that_are_not_paused(archive: Archive) -> None:
    archive.sync_feeds([a_feed(paused=True), a_feed(key="courier", url="https://courier.example/atom.xml")], NOW)
    archive.record(an_outcome(feed="courier", next_poll_at=later(hours=5)))

    assert leased(archive, everything=True) == ["courier"]


def test_a_pause_between_requests_is_not_shortened_by_keeping_it(archive: Archive) -> None:
    (lease,) = archive.lease(NOW, hosts=1, ttl=TTL)
    archive.release(lease, last_request_at=later(milliseconds=400))

    (again,) = archive.lease(later(minutes=1), hosts=1, ttl=TTL, keys=[feed.key for feed in lease.feeds])

    assert again.last_request_at is not None
    assert again.last_request_at >= later(milliseconds=400)


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

WITH_ORIGIN = DEFAULT.extended(keep=["utm_source"])


def carried(number: int, query: str = "", *, rules: LinkRules, **given: Any) -> Article:
    """An article known by its link, as a poll under these rules makes it."""
    link = f"https://gazette.example/{number}{query}"
    key = link_key(link, rules)
    return numbered(number, **({"link": link, "guid": None, "link_key": key, "entry_key": key} | given))


def test_an_article_is_known_after_a_change_of_rules(archive: Archive, reopen: Open) -> None:
    archive.rekey(WITH_ORIGIN)
    for number in (1, 2):
        archive.record(an_outcome(found(carried(number, "?utm_source=rss", rules=WITH_ORIGIN))))

    archive = reopen()

    assert archive.rekey(DEFAULT) == 4
    today = carried(1, "?utm_source=mail", rules=DEFAULT)
    lookup = archive.look_up("gazette", [today], NOW)
    assert lookup.by_entry_key.keys() == {"gazette.example/1"}
    assert lookup.by_link.keys() == {"gazette.example/1"}


def test_keys_are_made_anew_only_when_the_rules_have_changed(archive: Archive) -> None:
    archive.rekey(WITH_ORIGIN)
    archive.record(an_outcome(found(carried(1, "?utm_source=rss", rules=WITH_ORIGIN))))

    assert [archive.rekey(rules) for rules in (WITH_ORIGIN, DEFAULT, DEFAULT, WITH_ORIGIN)] == [0, 2, 0, 2]


def test_an_archive_says_whether_its_keys_are_those_of_todays_rules(archive: Archive) -> None:
    empty = archive.keyed_by(DEFAULT)
    archive.record(an_outcome(found(carried(1, "?utm_source=rss", rules=DEFAULT))))

    unknown = archive.keyed_by(DEFAULT)
    archive.rekey(DEFAULT)

    assert (empty, unknown) == (True, False)
    assert (archive.keyed_by(DEFAULT), archive.keyed_by(WITH_ORIGIN)) == (True, False)


def test_of_two_entries_that_come_to_have_one_key_the_earlier_gets_it(archive: Archive) -> None:
    early = carried(1, "?utm_source=mail", rules=WITH_ORIGIN)
    late = carried(1, "?utm_source=a", rules=WITH_ORIGIN, title="Autre chose", seen_at=later(minutes=5))
    elsewhere = replace(late, feed="courier", link_key=None, seen_at=later(minutes=9))
    archive.record(an_outcome(found(early)))
    archive.record(an_outcome(found(late), at=later(minutes=5)))
    archive.record(an_outcome(found(elsewhere), feed="courier", at=later(minutes=9)))

    archive.rekey(DEFAULT)

    assert the_archived(archive, replace(early, entry_key="gazette.example/1")).title == "Titre 1"
    assert the_archived(archive, late).title == "Autre chose"
    assert the_archived(archive, replace(elsewhere, entry_key="gazette.example/1")).title == "Autre chose"


def test_a_key_that_becomes_free_can_be_taken(archive: Archive) -> None:
    before, after = DEFAULT.extended(drop=["part"]), DEFAULT.extended(drop=["shift"])
    archive.rekey(before)
    taker = carried(1, "?page=2&shift=1", rules=before, title="Deux")
    holder = carried(1, "?page=2&part=3", rules=before, title="Trois", seen_at=later(minutes=5))
    archive.record(an_outcome(found(taker), found(holder)))

    archive.rekey(after)

    assert the_archived(archive, replace(taker, entry_key="gazette.example/1?page=2")).title == "Deux"
    assert the_archived(archive, replace(holder, entry_key="gazette.example/1?page=2&part=3")).title == "Trois"


def test_an_article_without_a_link_key_gets_none(archive: Archive) -> None:
    shared = carried(1, "?utm_source=rss", rules=WITH_ORIGIN, link_key=None)
    archive.record(an_outcome(found(shared)))

    archive.rekey(DEFAULT)

    assert the_archived(archive, replace(shared, entry_key="gazette.example/1")).link_key is None


# ── a poll ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_article_is_found_by_entry_link_and_words(archive: Archive) -> None:
    article = an_article(fingerprint=42)

    assert archive.record(an_outcome(found(article, rules=("ukraine",))))

    lookup = archive.look_up("courier", [replace(article, feed="courier", entry_key="other")], later(days=1))
    (held,) = lookup.by_link.values()
    assert (held.feed, held.title, held.content_digest) == ("gazette", article.title, article.content_digest)
    assert (held.language, held.rules, held.first_seen_at) == ("fr", {"ukraine"}, NOW)
    assert lookup.by_link == {article.link_key: held}
    assert lookup.by_fingerprint == {42: held}
    assert (lookup.by_entry_key, lookup.carried) == ({}, frozenset())
    own = archive.look_up("gazette", [article], later(days=1))
    assert own.by_entry_key == {article.entry_key: held}
    assert own.carried == {held.id}


def test_the_same_words_after_two_weeks_are_news_again(archive: Archive) -> None:
    archive.record(an_outcome(found(an_article(fingerprint=42))))
    again = numbered(2, fingerprint=42)

    assert archive.look_up("gazette", [again], later(days=14)).by_fingerprint
    assert not archive.look_up("gazette", [again], later(days=14, seconds=1)).by_fingerprint


def test_a_feeds_languages_are_those_its_recent_articles_were_surely_in(archive: Archive) -> None:
    def guessed(number: int, language: str, confidence: float = 0.9, source: str = "detected") -> Finding:
        guess = LanguageGuess(language=language, confidence=confidence, source=source)
        return replace(found(numbered(number)), language=guess)

    archive.record(
        an_outcome(
            guessed(1, "fr"),
            guessed(2, "fr", 0.8, "script"),
            guessed(3, "zh-Hans", 0.99, "script"),
            guessed(4, "en", 0.79),
            guessed(5, "de", 0.95, "feed"),
            guessed(6, "und", 0.0, "none"),
        )
    )

    assert archive.look_up("gazette", [numbered(7)], NOW).languages == {"fr": 2, "zh-Hans": 1}
    assert archive.look_up("courier", [numbered(7)], NOW).languages == {}

    archive.record(an_outcome(*(guessed(number, "uk") for number in range(10, 210)), at=later(days=1)))

    assert archive.look_up("gazette", [numbered(7)], NOW).languages == {"uk": 200}


def test_the_oldest_article_stands_for_those_with_one_link(archive: Archive) -> None:
    first, second = numbered(1, link_key="live"), numbered(2, link_key="live")
    archive.record(an_outcome(found(first), found(second)))

    lookup = archive.look_up("courier", [numbered(3, link_key="live")], NOW)

    assert lookup.by_link["live"].title == "Titre 1"


def test_looking_up_a_long_document_finds_every_entry(archive: Archive) -> None:
    articles = [numbered(number) for number in range(3_000)]
    archive.record(an_outcome(*map(found, articles)))

    lookup = archive.look_up("gazette", articles, NOW)

    assert len(lookup.by_entry_key) == len(lookup.carried) == 3_000


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param({"feed": "courier", "fingerprint": 42, "link_key": "x", "entry_key": "x"}, id="the same words"),
        pytest.param({"feed": "courier", "entry_key": "x"}, id="the same link"),
        pytest.param({"link_key": "x"}, id="the same entry"),
    ],
)
def test_a_poll_that_was_overtaken_writes_nothing_and_is_judged_again(
    meanwhile: dict[str, object], archive: Archive
) -> None:
    article = an_article(fingerprint=42)
    other = replace(article, **({"fingerprint": None} | meanwhile))
    archive.look_up("gazette", [article], NOW)
    archive.record(an_outcome(found(other), feed=other.feed))
    before = archive.status(NOW), archive.feed_rows()

    written = archive.record(an_outcome(found(article), found(numbered(2))))

    assert not written
    assert (archive.status(NOW), archive.feed_rows()) == before


def test_an_article_judged_new_in_sight_of_another_with_its_link_is_recorded(archive: Archive) -> None:
    archive.record(an_outcome(found(numbered(1, link_key="live"))))
    second = numbered(2, link_key="live")
    archive.look_up("gazette", [second], NOW)

    assert archive.record(an_outcome(found(second)))
    assert archive.status(NOW).articles == 2


def test_two_new_articles_of_one_document_may_share_a_link_or_have_none(archive: Archive) -> None:
    articles = [
        numbered(1, link_key="live"),
        numbered(2, link_key="live"),
        numbered(3, link=None, guid="a", link_key=None),
    ]

    assert archive.record(an_outcome(*map(found, articles)))
    assert archive.status(NOW).articles == 3


def test_the_same_poll_recorded_twice_archives_once(archive: Archive) -> None:
    outcome = an_outcome(found(an_article(), rules=("ukraine",), alerts=(an_alert(a_message()),)))

    first, second = archive.record(outcome), archive.record(outcome)

    assert (first, second) == (True, False)
    assert archive.status(NOW).articles == archive.status(NOW).queued == 1


def test_a_copy_in_another_feed_is_a_sighting_of_the_same_article(archive: Archive) -> None:
    article = an_article()
    archive.record(an_outcome(found(article)))
    copy = replace(article, feed="courier", entry_key="c1", seen_at=later(minutes=5))
    verdict = Duplicate(article=copy, of=the_archived(archive, article), why="link")

    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH), feed="courier", at=later(minutes=5)))

    lookup = archive.look_up("courier", [copy], later(minutes=5))
    assert lookup.by_entry_key["c1"].feed == "gazette"
    assert archive.status(NOW).articles == 1


@pytest.mark.parametrize("kind", [Duplicate, Known], ids=["a copy", "a known entry"])
def test_a_verdict_may_point_to_an_article_of_its_own_document(kind: type[Duplicate | Known], archive: Archive) -> None:
    article, copy = numbered(1), numbered(1, guid="again")
    verdict = kind(article=copy, of=article, **({"why": "link"} if kind is Duplicate else {}))

    archive.record(an_outcome(Finding(verdict=verdict), found(article)))

    lookup = archive.look_up("gazette", [article, copy], NOW)
    assert lookup.by_entry_key["again"] == lookup.by_entry_key[article.entry_key]


def test_an_entry_that_its_document_repeats_is_one_article(archive: Archive) -> None:
    article = an_article()

    archive.record(an_outcome(found(article), Finding(verdict=Known(article=article, of=article))))

    assert archive.status(NOW).articles == 1


def test_a_known_entry_keeps_its_first_sighting(archive: Archive) -> None:
    article = an_article()
    archive.record(an_outcome(found(article)))
    held = the_archived(archive, article)
    renamed = replace(article, entry_key="new guid", seen_at=later(hours=1))
    again = replace(article, seen_at=later(hours=1))

    archive.record(
        an_outcome(Finding(verdict=Known(article=renamed, of=held)), Finding(verdict=Known(article=again, of=held)))
    )

    assert archive.look_up("gazette", [renamed], NOW).by_entry_key["new guid"] == held


def test_a_revision_says_the_new_and_keeps_the_old(archive: Archive) -> None:
    article = an_article(fingerprint=1)
    archive.record(an_outcome(found(article)))
    revised = replace(article, title="Autre titre", content_digest=99, fingerprint=2, seen_at=later(hours=1))
    verdict = Revised(article=revised, of=the_archived(archive, article))

    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH), at=later(hours=1)))

    held = the_archived(archive, article)
    assert (held.title, held.content_digest, held.fingerprint) == ("Autre titre", 99, 2)
    assert held.first_seen_at == NOW
    assert [row.title for row in archive.search(None)] == ["Autre titre"]
    assert the_row(archive).changed_at == later(hours=1)


def test_an_alert_is_raised_once_for_a_rule_and_an_article(archive: Archive) -> None:
    article = an_article()
    archive.record(an_outcome(found(article, rules=("ukraine",), alerts=(an_alert(a_message()),))))
    copy = replace(article, feed="courier", entry_key="c1")
    verdict = Duplicate(article=copy, of=the_archived(archive, article), why="link")
    again = Finding(verdict=verdict, language=FRENCH, alerts=(an_alert(a_message(number=2)),))

    archive.record(an_outcome(again, feed="courier"))

    assert [delivery.message_id for delivery in archive.due_deliveries(NOW, limit=10)] == ["<1@example.org>"]


def test_a_message_is_queued_once_whatever_raises_it(archive: Archive) -> None:
    alerts = (an_alert(a_message()), an_alert(a_message(), rule="otan"))

    archive.record(an_outcome(found(an_article(), alerts=alerts)))

    assert len(archive.due_deliveries(NOW, limit=10)) == 1


def test_a_failed_poll_is_counted_and_a_success_clears_it(archive: Archive) -> None:
    archive.record(a_failure())
    archive.record(a_failure(at=later(minutes=30), error="still no answer"))
    failing, problems = the_row(archive), archive.status(later(hours=1)).problems
    archive.record(an_outcome(at=later(hours=1)))
    mended = the_row(archive)

    assert (failing.state, failing.failures, failing.last_error) == ("failing", 2, "still no answer")
    assert (problems[0].feed, problems[0].outcome, problems[0].since) == ("gazette", "timeout", NOW)
    assert (mended.state, mended.failures, mended.last_error) == ("ok", 0, None)
    assert archive.status(later(hours=1)).problems == ()


def test_a_truncated_document_gives_its_articles_and_advances_nothing(archive: Archive) -> None:
    whole = an_outcome(validators=Validators(etag=b"1"), body_digest=b"d", entry_digests=frozenset({1}), primed=True)
    archive.record(whole)
    before = the_state(archive)

    archive.record(a_failure(outcome=Outcome.TRUNCATED, error="cut off", findings=(found(an_article()),)))

    after = the_state(archive)
    assert (after.validators, after.body_digest) == (before.validators, before.body_digest)
    assert (after.entry_digests, after.primed) == (before.entry_digests, True)
    assert after.failures == 1
    assert archive.status(NOW).articles == 1


def test_new_validators_replace_both_of_the_old(archive: Archive) -> None:
    archive.record(an_outcome(validators=Validators(etag=b"1", last_modified=b"x")))

    archive.record(an_outcome(validators=Validators(etag=b"2")))

    assert the_state(archive).validators == Validators(etag=b"2")


def test_a_poll_without_news_changes_no_date_of_change(archive: Archive) -> None:
    archive.record(an_outcome(found(an_article())))

    archive.record(an_outcome(at=later(minutes=15)))

    assert (the_row(archive).changed_at, the_row(archive).polled_at) == (NOW, later(minutes=15))


def test_a_feed_back_at_its_own_address_has_not_moved(archive: Archive) -> None:
    archive.record(an_outcome(moved_to="https://new.example/rss", whole=True))
    archive.record(a_failure())
    still = the_row(archive).moved_to
    archive.record(an_outcome(whole=True))

    assert (still, the_row(archive).moved_to) == ("https://new.example/rss", None)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(
            {"title": "half \ud83d of a pair", "entry_key": "\ud83d", "link_key": "\udfff"}, id="lone surrogates"
        ),
        pytest.param({"entry_key": "a\0b", "text": "c\0d"}, id="NUL"),
        pytest.param({"content_digest": 2**70, "fingerprint": 2**63}, id="numbers beyond 63 bits"),
        pytest.param({"entry_key": "'; DROP TABLE articles; --"}, id="SQL"),
        pytest.param({"entry_key": '[1, "2"]'}, id="JSON"),
    ],
)
def test_a_hostile_value_is_kept_in_some_form_and_known_again(given: dict[str, object], archive: Archive) -> None:
    article = replace(an_article(), **given)

    archive.record(an_outcome(found(article)))

    assert article.entry_key in archive.look_up("gazette", [article], NOW).by_entry_key


# ── the outbox ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def outbox(archive: Archive) -> Archive:
    """An archive with one alert, to two recipients."""
    messages = a_message(), a_message(number=2, recipient="chief@example.org")
    archive.record(an_outcome(found(an_article(), rules=("ukraine",), alerts=(an_alert(*messages),))))
    return archive


def the_alert(archive: Archive) -> AlertRow:
    return archive.alert_rows(limit=1)[0]


def test_a_message_is_kept_byte_for_byte(archive: Archive) -> None:
    message = bytes(range(256))
    archive.record(an_outcome(found(an_article(), alerts=(an_alert(a_message(message=message)),))))

    (delivery,) = archive.due_deliveries(NOW, limit=10)

    assert (delivery.message, delivery.attempts, delivery.created_at) == (message, 0, NOW)


def test_deliveries_come_due_in_their_time_and_oldest_first(archive: Archive) -> None:
    messages = [a_message(number=number, due_at=later(minutes=9 - number)) for number in range(9)]
    archive.record(an_outcome(found(an_article(), alerts=(an_alert(*messages),))))

    due = archive.due_deliveries(later(minutes=3), limit=2)
    everything = archive.due_deliveries(NOW, limit=100, everything=True)

    assert [delivery.message_id for delivery in due] == ["<6@example.org>", "<7@example.org>"]
    assert len(everything) == 9


def test_an_alert_is_sent_when_its_last_message_is(outbox: Archive) -> None:
    first, second = outbox.due_deliveries(NOW, limit=10)

    outbox.settle(first, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)
    half_way = the_alert(outbox).state
    outbox.settle(second, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    assert (half_way, the_alert(outbox).state) == ("queued", "sent")
    assert outbox.due_deliveries(NOW, limit=10, everything=True) == ()
    assert {row.reply for row in outbox.delivery_rows(the_alert(outbox).id)} == {"250 ok"}


def test_a_refused_message_is_dead_and_shown(outbox: Archive) -> None:
    first, second = outbox.due_deliveries(NOW, limit=10)

    outbox.settle(first, Refused(why="550 no such user"), now=NOW, next_attempt_at=later(minutes=1))
    outbox.settle(second, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    assert (the_alert(outbox).state, the_alert(outbox).last_error) == ("dead", "550 no such user")
    assert outbox.due_deliveries(later(days=9), limit=10, everything=True) == ()
    assert outbox.status(NOW).dead == 1


def test_a_message_to_be_tried_again_is_due_when_told(outbox: Archive) -> None:
    first, _ = outbox.due_deliveries(NOW, limit=10)

    outbox.settle(first, TryAgain(why="451 later"), now=NOW, next_attempt_at=later(minutes=5))

    assert first.id not in {delivery.id for delivery in outbox.due_deliveries(later(minutes=4), limit=10)}
    again = outbox.due_deliveries(later(minutes=5), limit=10)[0]
    assert (again.id, again.attempts, again.message) == (first.id, 1, first.message)
    (problem,) = outbox.status(NOW).delivery_problems
    assert (problem.channel, problem.messages, problem.error) == ("desk", 1, "451 later")


def test_a_message_without_a_next_attempt_is_given_up(outbox: Archive) -> None:
    first, _ = outbox.due_deliveries(NOW, limit=10)

    outbox.settle(first, TryAgain(why="451 later"), now=NOW, next_attempt_at=None)

    assert outbox.delivery_rows(first.alert)[0].state == "dead"


def test_what_was_given_up_is_sent_once_more_when_asked_with_fresh_patience(outbox: Archive) -> None:
    first, second = outbox.due_deliveries(NOW, limit=10)
    outbox.settle(first, Refused(why="550 no such user"), now=NOW, next_attempt_at=None)
    outbox.settle(second, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    queued = outbox.resend([first.alert], later(days=9))

    assert queued == (first.alert,)
    (again,) = outbox.due_deliveries(later(days=9), limit=10)
    assert (again.message_id, again.message) == (first.message_id, first.message)
    assert (again.attempts, again.created_at) == (0, later(days=9))
    assert (the_alert(outbox).state, outbox.status(later(days=9)).dead) == ("queued", 0)
    assert outbox.resend(None, later(days=9)) == ()  # nothing else was given up


def test_only_the_alerts_that_were_named_are_sent_once_more(outbox: Archive) -> None:
    first, _ = outbox.due_deliveries(NOW, limit=10)
    outbox.settle(first, Refused(why="550 no such user"), now=NOW, next_attempt_at=None)

    assert outbox.resend([first.alert + 1], NOW) == ()
    assert outbox.resend(None, NOW) == (first.alert,)


def test_what_was_sent_stays_sent(outbox: Archive) -> None:
    first, _ = outbox.due_deliveries(NOW, limit=10)
    outbox.settle(first, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    outbox.settle(first, Refused(why="late"), now=NOW, next_attempt_at=None)

    row = outbox.delivery_rows(first.alert)[0]
    assert (row.state, row.attempts, row.last_error) == ("sent", 1, None)


def test_a_held_channel_is_left_alone_until_then(outbox: Archive) -> None:
    copy = a_message(number=3, channel="chat")
    outbox.record(an_outcome(found(numbered(3), alerts=(an_alert(copy, a_message(number=4, due_at=later(days=1))),))))

    outbox.hold_channel("desk", until=later(hours=1))

    assert [delivery.channel for delivery in outbox.due_deliveries(later(minutes=59), limit=10)] == ["chat"]
    assert len(outbox.due_deliveries(later(hours=1), limit=10)) == 3
    assert len(outbox.due_deliveries(later(days=1), limit=10)) == 4


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def digesting(archive: Archive) -> Archive:
    """An archive with two alerts that wait for the morning digest and one that waits for another."""
    archive.sync_feeds([a_feed(title="La Gazette")], NOW)
    archive.record(
        an_outcome(
            found(an_article(), rules=("ukraine",), alerts=(an_alert(digest="morning"),)),
            found(numbered(2), alerts=(an_alert(digest="morning"),)),
            found(numbered(3), alerts=(an_alert(digest="evening"),)),
        )
    )
    return archive


def test_a_waiting_alert_brings_what_its_digest_says_of_it(digesting: Archive) -> None:
    first, _ = digesting.waiting_alerts("morning")

    assert (first.rule, first.feed, first.feed_title, first.language) == ("ukraine", "gazette", "La Gazette", "fr")
    assert (first.title, first.link) == (an_article().title, an_article().link)
    assert (first.excerpt.text, first.excerpt.marks) == ("… de l’Ukraine.", ((7, 14),))
    assert (first.published_at, first.first_seen_at, first.carriers) == (NOW, NOW, 1)


def test_the_digests_that_alerts_wait_for_are_counted(digesting: Archive) -> None:
    digesting.record_digest("evening", digesting.waiting_alerts("evening"), [a_message()], NOW)

    assert digesting.digests_waited_for() == {"morning": 2}


def test_a_digest_carries_its_alerts_once(digesting: Archive) -> None:
    waiting = digesting.waiting_alerts("morning")

    digesting.record_digest("morning", waiting, [a_message()], later(hours=1))
    digesting.record_digest("morning", waiting, [a_message(number=2)], later(hours=2))

    assert digesting.waiting_alerts("morning") == ()
    assert len(digesting.waiting_alerts("evening")) == 1
    assert [each.message_id for each in digesting.due_deliveries(later(days=1), limit=10)] == ["<1@example.org>"]
    digest = the_alert(digesting)
    assert (digest.kind, digest.digest, digest.rule, digest.title) == ("digest", "morning", None, "2 alerts")


def test_alerts_share_the_fate_of_the_digest_that_carries_them(digesting: Archive) -> None:
    digesting.record_digest("morning", digesting.waiting_alerts("morning"), [a_message()], NOW)
    queued = [row.state for row in digesting.alert_rows(limit=10) if row.digest == "morning"]

    (delivery,) = digesting.due_deliveries(NOW, limit=10)
    digesting.settle(delivery, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    rows = [row for row in digesting.alert_rows(limit=10) if row.digest == "morning"]
    assert queued == ["queued"] * 3
    assert [row.state for row in rows] == ["sent"] * 3
    assert [row.recipients for row in rows] == [("desk: desk@example.org",)] * 3


def test_a_digest_without_a_message_leaves_its_alerts_waiting(digesting: Archive) -> None:
    digesting.record_digest("morning", digesting.waiting_alerts("morning"), [], NOW)

    assert len(digesting.waiting_alerts("morning")) == 2


# ── for the commands ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def filled(reopen: Open) -> Archive:
    """An archive with a little of everything."""
    archive = reopen()
    fill(archive)
    return archive


def test_status_counts_what_there_is(filled: Archive) -> None:
    status = filled.status(later(hours=1))

    assert status.feeds == {"ok": 3, "failing": 1}
    assert (status.articles, status.articles_today) == (4, 4)
    assert (status.polls_today, status.failed_polls_today) == (5, 1)
    assert status.last_success_at == later(minutes=15)
    assert (status.queued, status.waiting, status.dead) == (1, 1, 1)
    assert status.oldest_queued == timedelta(hours=1)
    assert [problem.feed for problem in status.problems] == ["down"]
    assert [(each.state, each.error) for each in status.delivery_problems] == [
        ("dead", "550 no such user"),
        ("queued", "451 later"),
    ]


def test_status_of_another_day_has_nothing_of_today(filled: Archive) -> None:
    status = filled.status(later(days=2))

    assert (status.articles, status.articles_today, status.polls_today) == (4, 0, 0)


def test_status_of_an_empty_archive_is_all_nothing(reopen: Open) -> None:
    status = reopen().status(NOW)

    assert (status.feeds, status.articles, status.last_success_at, status.oldest_queued) == ({}, 0, None, None)


def test_feeds_are_listed_by_key_with_what_they_were_first_to_carry(filled: Archive) -> None:
    assert [(row.key, row.articles, row.tags) for row in filled.feed_rows()] == [
        ("courier", 1, ("press",)),
        ("down", 0, ()),
        ("gazette", 3, ()),
        ("quiet", 0, ()),
    ]


def test_alerts_are_listed_newest_first_and_by_state(filled: Archive) -> None:
    rows = filled.alert_rows(limit=10)

    assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True)
    assert [row.state for row in rows] == ["queued", "dead", "waiting", "sent"]
    assert [row.title for row in filled.alert_rows(limit=10, state="dead")] == ["Titre 3"]
    assert filled.alert_rows(limit=10, since=later(seconds=1)) == ()
    assert len(filled.alert_rows(limit=2)) == 2


def test_rule_hits_are_counted_ever_and_this_week(filled: Archive) -> None:
    assert filled.rule_hits(later(days=1)) == {"ukraine": (3, 3), "otan": (1, 1)}
    assert filled.rule_hits(later(days=8)) == {"ukraine": (3, 0), "otan": (1, 0)}


@pytest.mark.parametrize(
    ("given", "titles"),
    [
        pytest.param({"fts": None}, ["Titre 2", "Titre 4", "Titre 3", "L’OTAN se réunit"], id="all, newest first"),
        pytest.param({"fts": '"otan"'}, ["L’OTAN se réunit"], id="by a word, as the article says it now"),
        pytest.param({"fts": '"reunit"'}, ["L’OTAN se réunit"], id="accents do not matter"),
        pytest.param({"fts": "title : titre"}, ["Titre 2", "Titre 4", "Titre 3"], id="by a word of the title"),
        pytest.param({"fts": "titre", "feed": "courier"}, ["Titre 2"], id="of one feed"),
        pytest.param({"fts": None, "language": "und"}, ["Titre 2"], id="in one language"),
        pytest.param({"fts": None, "since": later(days=1)}, [], id="since tomorrow"),
        pytest.param({"fts": "titre", "since": NOW}, ["Titre 2", "Titre 4", "Titre 3"], id="since now"),
    ],
)
def test_a_search_finds(given: dict[str, Any], titles: list[str], filled: Archive) -> None:
    assert [row.title for row in filled.search(**given)] == titles


def test_a_search_also_gives_articles_whose_words_the_index_splits_otherwise(archive: Archive) -> None:
    glued = an_article(title="北约NATO峰会", text="Le sommet.")
    archive.record(an_outcome(found(numbered(1)), found(glued), found(numbered(2))))

    assert [row.title for row in archive.search('"nato"')] == ["北约NATO峰会"]


def test_a_search_reads_on_beyond_its_first_batch_while_the_archive_is_written(archive: Archive) -> None:
    archive.record(an_outcome(*(found(numbered(number)) for number in range(500))))

    rows = archive.search("texte")
    first = next(rows)
    archive.record(an_outcome(found(numbered(500)), feed="courier"))

    assert [first.title, *(row.title for row in rows)] == [f"Titre {number}" for number in reversed(range(500))]


def test_a_search_since_an_instant_holds_after_the_clock_was_set_back(archive: Archive) -> None:
    archive.record(an_outcome(found(numbered(1, seen_at=later(hours=2))), found(numbered(2, seen_at=NOW))))

    assert [row.title for row in archive.search(None, since=later(hours=1))] == ["Titre 1"]


def test_old_polls_are_dropped_and_nothing_else(filled: Archive) -> None:
    dropped = filled.prune_polls(later(minutes=1))

    assert dropped == 3
    assert filled.prune_polls(later(minutes=1)) == 0
    assert filled.status(NOW).articles == 4


def test_opening_again_migrates_nothing(filled: Archive, reopen: Open) -> None:
    assert filled.migrated
    assert reopen().migrated == ()


# ── the thread ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_call_whose_caller_gave_up_is_completed(archive: Archive) -> None:
    thread, started, go_on = ArchiveThread(), threading.Event(), threading.Event()

    def record_slowly() -> None:
        started.set()
        go_on.wait(10)
        archive.record(an_outcome(found(an_article())))

    running = asyncio.create_task(thread(record_slowly))
    waiting = asyncio.create_task(thread(archive.record, an_outcome(found(numbered(2)))))
    await asyncio.to_thread(started.wait, 10)
    running.cancel()
    waiting.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
    go_on.set()
    await thread.aclose()

    assert running.cancelled()
    assert waiting.cancelled()
    assert archive.status(NOW).articles == 2


async def test_calls_run_on_one_thread_in_the_order_they_were_made() -> None:
    thread, order = ArchiveThread(), []

    def note(number: int) -> int:
        order.append(number)
        return threading.get_ident()

    idents = await asyncio.gather(*(thread(note, number) for number in range(50)))
    await thread.aclose()

    assert order == list(range(50))
    assert len(set(idents)) == 1


async def test_what_a_call_raises_reaches_its_caller() -> None:
    thread = ArchiveThread()

    with pytest.raises(ZeroDivisionError):
        await thread(divmod, 1, 0)
    await thread.aclose()
