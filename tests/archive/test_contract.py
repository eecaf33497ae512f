"""What every archive promises, whatever it is kept in. Of its outbox: test_outbox.py."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.archive import Archive, ArchiveThread, FeedRow
from monitor.model import (
    Article,
    Duplicate,
    FeedSpec,
    FeedState,
    Finding,
    Known,
    LanguageGuess,
    Outcome,
    Revised,
    Validators,
)
from monitor.urls import DEFAULT, LinkRules, link_key
from tests.archive.builders import (
    FRENCH,
    a_failure,
    an_alert,
    an_outcome,
    fill,
    found,
    numbered,
    the_archived,
)
from tests.archive.conftest import Open
from tests.factories import NOW, a_feed, an_article, later

TTL = timedelta(minutes=10)


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
    outcome = an_outcome(found(an_article(), rules=("ukraine",), alerts=(an_alert(),)))

    first, second = archive.record(outcome), archive.record(outcome)

    assert (first, second) == (True, False)
    assert archive.status(NOW).articles == archive.status(NOW).waiting == 1


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
    assert status.held == {"digest": 1}
    assert [each.channel for each in status.channels_down] == ["chat"]
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
    assert [row.waits_for for row in rows] == [None, None, "digest", None]
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
