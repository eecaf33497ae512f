"""What every archive promises of its outbox: who is told of what, from when on, in which message, and how it went."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.archive import AlertRow, Archive
from monitor.model import (
    AlertIntent,
    Article,
    Bundle,
    Delivered,
    DigestSpec,
    Duplicate,
    Finding,
    Held,
    Join,
    NewMessage,
    Refused,
    Revised,
    TryAgain,
)
from tests.archive.builders import (
    DESK,
    FRENCH,
    a_failure,
    a_message,
    a_notice,
    an_alert,
    an_outcome,
    found,
    leased,
    numbered,
    queue_each,
    settle_sent,
    the_archived,
)
from tests.archive.conftest import Open
from tests.factories import NOW, a_feed, an_article, later

ANNA, BELA = ("desk", "anna@example.org"), ("desk", "bela@example.org")


def raised(archive: Archive, article: Article, *alerts: AlertIntent, at: datetime = NOW) -> None:
    """Archives a new article with these alerts."""
    rules = tuple(dict.fromkeys(alert.rule for alert in alerts))
    assert archive.record(an_outcome(found(replace(article, seen_at=at), rules=rules, alerts=alerts), at=at))


def carried_by(archive: Archive, feed: str, article: Article, *alerts: AlertIntent, at: datetime) -> None:
    """Another feed carries an article, with these alerts."""
    copy = replace(article, feed=feed, entry_key=f"{feed} {article.entry_key}", seen_at=at)
    verdict = Duplicate(article=copy, of=the_archived(archive, article), why="link")
    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH, alerts=alerts), feed=feed, at=at))


def revised(archive: Archive, article: Article, *alerts: AlertIntent, at: datetime) -> None:
    """The gazette says this of its article from now on, with these alerts."""
    verdict = Revised(article=replace(article, seen_at=at), of=the_archived(archive, article))
    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH, alerts=alerts), at=at))


def version(article: Article, number: int, title: str) -> Article:
    """The article under another title."""
    return replace(article, title=title, content_digest=number)


def in_story_of(archive: Archive, first: Article, article: Article, *alerts: AlertIntent, at: datetime) -> None:
    """Archives a new article as an update of another one's story, with these alerts."""
    join = Join(to=the_archived(archive, first).id, relation="update", score=0.9)
    finding = found(replace(article, seen_at=at), rules=("ukraine",), alerts=alerts)
    assert archive.record(an_outcome(replace(finding, story=join), at=at))


def those_waiting(archive: Archive) -> list[tuple[int, str, str, datetime | None]]:
    """Alert, recipient, what it waits for and until when, of all that waits outside digests."""
    return [(each.alert, each.recipient, each.why, each.due_at) for each in archive.waiting(NOW, everything=True)]


def states(archive: Archive) -> list[str]:
    """The states of all alerts, oldest first."""
    return [row.state for row in reversed(archive.alert_rows(limit=100))]


def the_alert(archive: Archive) -> AlertRow:
    """The latest alert."""
    return archive.alert_rows(limit=1)[0]


# ── what waits ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_alert_waits_for_each_recipient_from_the_poll_that_raised_it(archive: Archive, reopen: Open) -> None:
    raised(archive, an_article(), an_alert(ANNA, BELA, due_at=later(seconds=30)))

    archive = reopen()

    assert those_waiting(archive) == [
        (1, ANNA[1], "group", later(seconds=30)),
        (1, BELA[1], "group", later(seconds=30)),
    ]
    assert states(archive) == ["waiting"]


def test_an_alert_is_raised_once_for_a_rule_and_an_article(archive: Archive) -> None:
    raised(archive, an_article(), an_alert(ANNA))

    carried_by(archive, "courier", an_article(), an_alert(ANNA), an_alert(BELA), at=later(minutes=5))

    assert those_waiting(archive) == [(1, ANNA[1], "group", NOW)]
    assert states(archive) == ["waiting"]


def test_nothing_is_given_before_its_time_and_then_with_its_company(archive: Archive) -> None:
    raised(archive, numbered(1), an_alert(ANNA, due_at=later(seconds=30)))
    raised(archive, numbered(2), an_alert(ANNA, due_at=later(seconds=45)), an_alert(rule="otan", due_at=later(days=1)))

    early, on_time = archive.waiting(later(seconds=29)), archive.waiting(later(seconds=30))

    assert early == ()
    assert [(each.alert, each.rule, each.due_at) for each in on_time] == [
        (1, "ukraine", later(seconds=30)),
        (2, "ukraine", later(seconds=45)),
    ]
    assert len(archive.waiting(NOW, everything=True)) == 3


def test_a_time_is_never_over_too_early(archive: Archive) -> None:
    raised(archive, an_article(), an_alert(due_at=later(milliseconds=1)))

    assert archive.waiting(later(milliseconds=999)) == ()
    assert len(archive.waiting(later(seconds=1))) == 1


def test_a_story_is_told_once_for_a_rule_and_a_recipient(archive: Archive) -> None:
    first = an_article()
    raised(archive, first, an_alert(ANNA), an_alert(ANNA, rule="otan"))

    in_story_of(archive, first, numbered(2), an_alert(ANNA), an_alert(ANNA, rule="nato"), at=later(minutes=9))

    told = [(each.alert, each.rule) for each in archive.waiting(NOW, everything=True)]
    assert told == [(1, "ukraine"), (2, "otan"), (4, "nato")]
    assert states(archive) == ["waiting", "waiting", "joined", "waiting"]


def test_who_was_not_told_of_a_story_is_told_of_what_joins_it(archive: Archive) -> None:
    first = an_article()
    raised(archive, first, an_alert(ANNA))

    in_story_of(archive, first, numbered(2), an_alert(ANNA, BELA), at=later(minutes=9))

    assert [row[:2] for row in those_waiting(archive)] == [(1, ANNA[1]), (2, BELA[1])]


def test_who_was_given_up_is_told_of_what_joins_the_story(archive: Archive) -> None:
    first = an_article()
    raised(archive, first, an_alert(ANNA))
    queue_each(archive)
    (delivery,) = leased(archive)
    archive.settle(delivery, Refused(why="550 no such user"), now=NOW, next_attempt_at=None)

    in_story_of(archive, first, numbered(2), an_alert(ANNA), at=later(minutes=9))

    assert [row[:3] for row in those_waiting(archive)] == [(2, ANNA[1], "group")]


def test_who_wants_updates_hears_of_them_after_the_interval(archive: Archive) -> None:
    first, wants = an_article(), an_alert(ANNA, followups="updates", group_interval=timedelta(minutes=5))
    raised(archive, first, wants)

    in_story_of(archive, first, numbered(2), wants, at=later(minutes=9))

    assert those_waiting(archive)[1] == (2, ANNA[1], "followup", later(minutes=14))


def test_a_story_is_told_anew_after_the_time_to_repeat(archive: Archive) -> None:
    first, repeats = an_article(), an_alert(ANNA, repeat=timedelta(days=1))
    raised(archive, first, repeats)

    in_story_of(archive, first, numbered(2), repeats, at=later(hours=23))
    in_story_of(archive, first, numbered(3), repeats, at=later(days=1))

    assert [row[0] for row in those_waiting(archive)] == [1, 3]
    assert states(archive) == ["waiting", "joined", "waiting"]


def test_a_revision_alerts_once_for_each_version(archive: Archive) -> None:
    article, wants = an_article(), an_alert(ANNA, kind="revision", followups="updates")
    raised(archive, article, an_alert(ANNA))

    revised(archive, version(article, 7, "Autre titre"), wants, at=later(hours=1))
    revised(archive, version(article, 8, "Encore un autre titre"), wants, at=later(hours=2))

    assert [row[:3] for row in those_waiting(archive)] == [
        (1, ANNA[1], "group"),
        (2, ANNA[1], "followup"),
        (3, ANNA[1], "followup"),
    ]
    (told,) = archive.telling([3])
    assert (told.kind, told.before, told.title) == ("revision", "Autre titre", "Encore un autre titre")


@pytest.mark.parametrize(
    ("given", "alerts"),
    [
        pytest.param({"text": "Mis à jour à 12 h 30, 41 commentaires"}, 1, id="another number in the text"),
        pytest.param({"text": "Mis à jour à midi, 40 commentaires"}, 2, id="another word"),
        pytest.param({"title": "L’OTAN : 13 ministres réunis"}, 2, id="another number in the title"),
    ],
)
def test_a_revision_that_only_counts_on_alerts_nobody(given: dict[str, str], alerts: int, archive: Archive) -> None:
    article = an_article(title="L’OTAN : 12 ministres réunis", text="Mis à jour à 12 h, 40 commentaires")
    changed = replace(article, content_digest=7, **given)
    raised(archive, article, an_alert(ANNA))

    revised(archive, changed, an_alert(ANNA, kind="revision", followups="all"), at=later(hours=1))

    assert len(states(archive)) == alerts
    assert the_archived(archive, article).content_digest == 7


def test_nobody_hears_of_a_change_to_what_they_were_not_told_of(archive: Archive) -> None:
    article, wants = an_article(), an_alert(ANNA, kind="revision", followups="all")
    archive.record(an_outcome(found(article, rules=("ukraine",))))

    revised(archive, version(article, 7, "Autre titre"), wants, at=later(hours=1))

    assert states(archive) == []


def test_a_carrier_alerts_once_for_each_feed(archive: Archive) -> None:
    archive.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/", title="The Courier")], NOW)
    article, wants = an_article(), an_alert(ANNA, kind="carrier", followups="all")
    raised(archive, article, an_alert(ANNA))

    carried_by(archive, "courier", article, wants, at=later(hours=1))
    carried_by(archive, "courier", article, wants, at=later(hours=2))

    assert [row[:3] for row in those_waiting(archive)] == [(1, ANNA[1], "group"), (2, ANNA[1], "followup")]
    (told,) = archive.telling([2])
    assert (told.kind, told.feed, told.outlet) == ("carrier", "courier", "The Courier")
    assert told.outlets == ("gazette", "The Courier")


def test_a_message_may_say_of_an_article_what_the_archive_knows(archive: Archive) -> None:
    archive.sync_feeds([a_feed(title="La Gazette", country="FR")], NOW)
    article = an_article(text="a" * 1_300)
    raised(archive, article, an_alert(), an_alert(rule="otan"))
    raised(archive, numbered(2), an_alert())

    first, second, third = archive.telling([3, 2, 1])

    assert [(each.alert, each.rule) for each in (first, second, third)] == [(1, "ukraine"), (2, "otan"), (3, "ukraine")]
    assert (first.story, second.article, first.identity) == (1, 1, f"gazette {article.entry_key}")
    assert (first.outlet, first.country, first.outlets) == ("La Gazette", "FR", ("La Gazette",))
    assert (first.title, first.link, first.lead, first.is_whole) == (article.title, article.link, "a" * 1_200, False)
    assert (third.lead, third.is_whole) == ("Texte 2", True)
    assert (first.excerpt.text, first.excerpt.marks, first.words) == ("… de l’Ukraine.", ((7, 14),), ("Ukraine",))
    assert (first.language, first.published_at, first.first_seen_at) == (FRENCH, NOW, NOW)
    assert (first.relation, first.before) == (None, None)


def test_what_joined_a_story_says_how(archive: Archive) -> None:
    raised(archive, an_article(), an_alert(ANNA))
    in_story_of(archive, an_article(), numbered(2), an_alert(BELA), at=later(hours=1))

    (told,) = archive.telling([2])

    assert (told.story, told.relation) == (1, "update")


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_deliveries_of_one_message_share_its_fate(archive: Archive) -> None:
    raised(archive, numbered(1), an_alert())
    raised(archive, numbered(2), an_alert())
    archive.queue_messages([a_message(*archive.waiting(NOW))], (), NOW)

    queued = states(archive)
    (delivery,) = leased(archive)
    settle_sent(archive, delivery)

    assert (queued, states(archive)) == (["queued"] * 2, ["sent"] * 2)
    rows = [archive.delivery_rows(alert)[0] for alert in (1, 2)]
    assert {(row.state, row.message, row.message_id, row.attempts) for row in rows} == {
        ("sent", delivery.id, "<1@example.org>", 1)
    }
    assert [told.title for told in archive.told(delivery.id)] == ["Titre 1", "Titre 2"]


def test_a_message_is_kept_byte_for_byte(archive: Archive) -> None:
    message = bytes(range(256))
    raised(archive, an_article(), an_alert())
    archive.queue_messages([a_message(*archive.waiting(NOW), message=message)], (), NOW)

    (delivery,) = leased(archive)

    assert (delivery.message, delivery.attempts, delivery.created_at, delivery.is_stub) == (message, 0, NOW, False)


def test_what_was_composed_twice_is_queued_once(archive: Archive) -> None:
    raised(archive, an_article(), an_alert())
    waiting = archive.waiting(NOW)
    archive.queue_messages([a_message(*waiting)], (), NOW)

    archive.queue_messages([a_message(*waiting)], (), later(seconds=1))
    archive.queue_messages([a_message(*waiting, message_id="<other@example.org>")], (), later(seconds=1))

    assert archive.waiting(NOW, everything=True) == ()
    assert [delivery.message_id for delivery in leased(archive, now=later(minutes=1))] == ["<1@example.org>"]
    assert len(archive.recent_messages(later(hours=-1))) == 1


def test_what_must_wait_longer_does_and_says_why(archive: Archive) -> None:
    raised(archive, numbered(1), an_alert())
    raised(archive, numbered(2), an_alert())
    first, second = archive.waiting(NOW)

    held = Held(deliveries=(first.id, second.id), until=later(hours=6, milliseconds=1), why="quiet")
    archive.queue_messages([a_message(first)], [held], NOW)

    assert those_waiting(archive) == [(2, DESK[1], "quiet", later(hours=6, seconds=1))]
    assert len(leased(archive)) == 1  # what was queued is not held back


def test_the_messages_of_the_last_hour_are_known(archive: Archive) -> None:
    raised(archive, numbered(1), an_alert())
    queue_each(archive)
    raised(archive, numbered(2), an_alert(), at=later(hours=1))
    queue_each(archive, later(hours=1))

    recent = archive.recent_messages(NOW)

    assert [(each.kind, each.rule, each.recipient, each.at, each.stories) for each in recent] == [
        ("story", "ukraine", DESK[1], later(hours=1), 1)
    ]


def test_a_followup_answers_what_told_its_story(archive: Archive) -> None:
    first, wants = an_article(), an_alert(ANNA, followups="all")
    raised(archive, first, wants, an_alert(ANNA, rule="otan"), an_alert(BELA, rule="nato"))
    for number in range(2, 9):
        queue_each(archive)
        in_story_of(archive, first, numbered(number), wants, at=later(hours=number))
    (late,) = archive.waiting(later(days=1))
    bundle = replace(a_message(late).bundle, kind="followup")

    # The first one, and the last four: what lies between may be left out (RFC 5322 §3.6.4).
    assert archive.thread(bundle) == tuple(f"<{number}@example.org>" for number in (1, 6, 7, 8, 9))
    assert archive.thread(replace(bundle, recipient="new@example.org")) == ()
    assert archive.thread(replace(bundle, kind="story")) == ()


def test_a_summary_answers_the_last_mail_of_its_rule(archive: Archive) -> None:
    raised(archive, numbered(1), an_alert(ANNA))
    raised(archive, numbered(2), an_alert(ANNA), an_alert(ANNA, rule="otan"))
    queue_each(archive)
    raised(archive, numbered(3), an_alert(ANNA))
    bundle = replace(a_message(*archive.waiting(NOW)).bundle, kind="summary")

    assert archive.thread(bundle) == ("<2@example.org>",)


def test_how_much_a_rule_usually_matches_is_known_after_a_week(archive: Archive) -> None:
    raised(archive, numbered(0), an_alert())
    raised(archive, numbered(1), an_alert(), an_alert(rule="otan"), at=later(days=1))
    early = archive.trends(["ukraine"], since=later(days=6), now=later(days=7))

    for number in range(2, 5):
        raised(archive, numbered(number), an_alert(), at=later(days=10, hours=number))
    usual = archive.trends(["nobody", "otan", "ukraine"], since=later(days=10), now=later(days=11))

    assert [(each.rule, each.matches, each.usual) for each in early] == [("ukraine", 0, None)]
    assert [(each.rule, each.matches, each.usual) for each in usual] == [
        ("nobody", 0, 0.0),
        ("otan", 0, 0.1),
        ("ukraine", 3, 0.2),
    ]


# ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mute_lasts_until_its_end_or_until_somebody_ends_it(archive: Archive) -> None:
    raised(archive, an_article(), an_alert())
    archive.mute(rule="ukraine", until=later(hours=1), now=NOW)
    of_story = archive.mute(story=1, until=later(hours=2), now=NOW)

    during, after = archive.mutes(NOW), archive.mutes(later(hours=1))
    ended = archive.unmute(rule="ukraine", now=NOW)

    assert [(each.rule, each.story, each.until) for each in during] == [
        ("ukraine", None, later(hours=1)),
        (None, 1, later(hours=2)),
    ]
    assert [each.id for each in after] == [of_story]
    assert ended == 1
    assert [each.id for each in archive.mutes(NOW)] == [of_story]
    assert archive.unmute(now=NOW) == 1
    assert archive.mutes(NOW) == ()


def test_what_a_mute_held_back_is_due_when_somebody_ends_it(archive: Archive) -> None:
    raised(archive, an_article(), an_alert(), an_alert(rule="otan"))
    muted, capped = archive.waiting(NOW)
    archive.mute(rule="ukraine", until=later(days=1), now=NOW)
    held = [
        Held(deliveries=(muted.id,), until=later(days=1), why="mute"),
        Held(deliveries=(capped.id,), until=later(days=1), why="cap"),
    ]
    archive.queue_messages((), held, NOW)
    before = archive.waiting(later(hours=1))

    archive.unmute(now=later(hours=1))

    assert before == ()
    assert [each.id for each in archive.waiting(later(hours=1))] == [muted.id]


# ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def outbox(archive: Archive) -> Archive:
    """An archive with one alert, in a message to each of two recipients."""
    raised(archive, an_article(), an_alert(ANNA, BELA))
    queue_each(archive)
    return archive


def channels_due(archive: Archive, now: datetime = NOW, **given: Any) -> list[str]:
    """The channels that have something to send."""
    return [state.channel for state in archive.due_channels(now, **given)]


def test_a_leased_message_is_nobody_elses_until_the_lease_is_over(outbox: Archive) -> None:
    first = leased(outbox, limit=1, until=later(minutes=30))

    others = leased(outbox, until=later(minutes=30), now=later(minutes=1))
    nobody = leased(outbox, now=later(minutes=29), everything=True)
    due_meanwhile = channels_due(outbox, later(minutes=29), everything=True)

    assert [each.recipient for each in (*first, *others)] == [ANNA[1], BELA[1]]
    assert (nobody, due_meanwhile) == ((), [])
    assert len(leased(outbox, now=later(minutes=30))) == 2
    assert {row.attempts for row in outbox.delivery_rows(1)} == {0}


def test_what_was_leased_and_not_offered_is_given_back(outbox: Archive) -> None:
    _, second = leased(outbox)

    outbox.release_messages([second.id])

    assert [each.id for each in leased(outbox)] == [second.id]


def test_messages_come_oldest_first_and_each_once_in_a_round(outbox: Archive) -> None:
    for number in range(2, 5):
        raised(outbox, numbered(number), an_alert(ANNA))
        queue_each(outbox)

    first = leased(outbox, limit=2)
    outbox.release_messages([each.id for each in first])
    rest = leased(outbox, after=first[-1].id)

    assert [each.message_id for each in (*first, *rest)] == [f"<{number}@example.org>" for number in range(1, 6)]


def test_what_an_ended_process_left_leased_is_tried_again_and_says_so(outbox: Archive, reopen: Open) -> None:
    leased(outbox, limit=1)

    outbox = reopen()

    first, second = leased(outbox)
    assert (first.attempts, second.attempts) == (1, 0)
    interrupted, untouched = outbox.delivery_rows(1)
    assert (interrupted.phase, untouched.phase, untouched.last_error) == ("interrupted", None, None)
    assert interrupted.last_error is not None
    assert "may have arrived" in interrupted.last_error


def test_a_lease_is_over_once_the_channel_has_spoken(outbox: Archive, reopen: Open) -> None:
    first, second = leased(outbox)
    outbox.settle(first, TryAgain(why="451 later"), now=NOW, next_attempt_at=later(minutes=1))
    settle_sent(outbox, second)

    outbox = reopen()

    assert [(row.state, row.attempts, row.phase) for row in outbox.delivery_rows(1)] == [
        ("queued", 1, None),
        ("sent", 1, None),
    ]


def test_an_alert_is_sent_when_its_last_message_is(outbox: Archive) -> None:
    first, second = leased(outbox)

    outbox.settle(first, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)
    half_way = the_alert(outbox).state
    outbox.settle(second, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    assert (half_way, the_alert(outbox).state) == ("queued", "sent")
    assert leased(outbox, everything=True) == ()
    assert {row.reply for row in outbox.delivery_rows(1)} == {"250 ok"}


def test_a_refused_message_is_dead_and_shown(outbox: Archive) -> None:
    first, second = leased(outbox)
    refused = Refused(why="550 no such user", phase="recipient")

    outbox.settle(first, refused, now=NOW, next_attempt_at=later(minutes=1))
    outbox.settle(second, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    assert (the_alert(outbox).state, the_alert(outbox).last_error) == ("dead", "550 no such user")
    assert outbox.delivery_rows(1)[0].phase == "recipient"
    assert leased(outbox, now=later(days=9), everything=True) == ()
    assert outbox.status(NOW).dead == 1


def test_a_message_to_be_tried_again_is_due_when_told(outbox: Archive) -> None:
    first, second = leased(outbox)
    settle_sent(outbox, second)

    outbox.settle(first, TryAgain(why="451 later"), now=NOW, next_attempt_at=later(minutes=5))

    assert leased(outbox, now=later(minutes=4)) == ()
    (again,) = leased(outbox, now=later(minutes=5))
    assert (again.id, again.attempts, again.message) == (first.id, 1, first.message)
    (problem,) = outbox.status(NOW).delivery_problems
    assert (problem.channel, problem.messages, problem.error) == ("desk", 1, "451 later")


def test_a_message_without_a_next_attempt_is_given_up(outbox: Archive) -> None:
    first, _ = leased(outbox)

    outbox.settle(first, TryAgain(why="451 later"), now=NOW, next_attempt_at=None)

    assert outbox.delivery_rows(1)[0].state == "dead"


def test_a_plainer_message_takes_the_place_of_one_that_was_refused(outbox: Archive) -> None:
    first, _ = leased(outbox)
    refused = Refused(why="554 spam", about="message")

    outbox.settle(first, refused, now=NOW, next_attempt_at=NOW, stub=b"plainer")

    (again,) = leased(outbox)
    assert (again.message_id, again.message, again.is_stub) == (first.message_id, b"plainer", True)


def test_refusals_of_the_recipient_are_counted(outbox: Archive) -> None:
    first, _ = leased(outbox)
    refused = Refused(why="550 greylisted", about="recipient")

    outbox.settle(first, refused, now=NOW, next_attempt_at=later(hours=1))

    again, _ = leased(outbox, now=later(hours=1))
    assert (again.id, again.refusals, again.attempts) == (first.id, 1, 1)


def test_what_was_given_up_is_sent_once_more_when_asked_with_fresh_patience(outbox: Archive) -> None:
    first, second = leased(outbox)
    outbox.settle(first, Refused(why="550 no such user", about="recipient"), now=NOW, next_attempt_at=None)
    outbox.settle(second, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    queued = outbox.resend([1], later(days=9))

    assert queued == (1,)
    (again,) = leased(outbox, now=later(days=9))
    assert (again.message_id, again.message) == (first.message_id, first.message)
    assert (again.attempts, again.refusals, again.created_at) == (0, 0, later(days=9))
    assert (the_alert(outbox).state, outbox.status(later(days=9)).dead) == ("queued", 0)
    assert outbox.resend(None, later(days=9)) == ()  # nothing else was given up


def test_only_the_alerts_that_were_named_are_sent_once_more(outbox: Archive) -> None:
    first, _ = leased(outbox)
    outbox.settle(first, Refused(why="550 no such user"), now=NOW, next_attempt_at=None)

    assert outbox.resend([2], NOW) == ()
    assert outbox.resend(None, NOW) == (1,)


def test_what_shared_a_message_that_was_given_up_is_sent_once_more_with_it(archive: Archive) -> None:
    raised(archive, numbered(1), an_alert())
    raised(archive, numbered(2), an_alert())
    archive.queue_messages([a_message(*archive.waiting(NOW))], (), NOW)
    (delivery,) = leased(archive)
    archive.settle(delivery, Refused(why="550 no such user"), now=NOW, next_attempt_at=None)

    queued = archive.resend([2], NOW)

    assert (queued, states(archive)) == ((1, 2), ["queued", "queued"])
    assert [each.id for each in leased(archive)] == [delivery.id]


def test_what_was_sent_stays_sent(outbox: Archive) -> None:
    first, _ = leased(outbox)
    outbox.settle(first, Delivered(reply="250 ok"), now=NOW, next_attempt_at=None)

    outbox.settle(first, Refused(why="late", about="message"), now=NOW, next_attempt_at=NOW, stub=b"plainer")

    row = outbox.delivery_rows(1)[0]
    assert (row.state, row.attempts, row.last_error) == ("sent", 1, None)


# ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_channel_that_is_down_is_left_alone_until_then(outbox: Archive) -> None:
    raised(outbox, numbered(3), an_alert(("chat", "chat")))
    queue_each(outbox)

    outbox.note_down("desk", why="connection refused", next_at=later(minutes=5), now=NOW)

    assert channels_due(outbox, later(minutes=4)) == ["chat"]
    assert leased(outbox, now=later(minutes=4)) == ()
    assert channels_due(outbox, later(minutes=4), everything=True) == ["chat", "desk"]
    assert channels_due(outbox, later(minutes=5)) == ["chat", "desk"]
    assert len(leased(outbox, now=later(minutes=5))) == 2


def test_a_channel_that_is_down_is_shown_with_since_when(outbox: Archive) -> None:
    outbox.note_down("desk", why="connection refused", next_at=later(minutes=1), now=NOW)
    outbox.note_down("desk", why="no answer", next_at=later(minutes=6), now=later(minutes=1))

    (down,) = outbox.status(NOW).channels_down

    assert (down.channel, down.since, down.failures) == ("desk", NOW, 2)
    assert (down.next_at, down.error) == (later(minutes=6), "no answer")


def test_a_channel_recovers_until_it_has_caught_up(outbox: Archive) -> None:
    def how(now: datetime) -> tuple[int, bool, int]:
        (state,) = outbox.due_channels(now, everything=True)
        return state.failures, state.recovering, state.sent_lately

    outbox.note_down("desk", why="no answer", next_at=later(minutes=5), now=NOW)
    outbox.note_caught_up("desk")  # it has not, for it is down
    down = how(NOW)
    (first,) = leased(outbox, limit=1, now=later(minutes=5))
    outbox.settle(first, Delivered(reply="250"), now=later(minutes=5), next_attempt_at=None)
    outbox.note_up("desk")
    works, a_minute_on = how(later(minutes=5)), how(later(minutes=6))
    outbox.note_caught_up("desk")

    assert down == (1, True, 0)
    assert (works, a_minute_on) == ((0, True, 1), (0, True, 0))
    assert how(later(minutes=5)) == (0, False, 0)
    assert outbox.status(NOW).channels_down == ()


def test_a_channel_that_was_down_is_no_try_of_its_message(outbox: Archive) -> None:
    first, _ = leased(outbox)
    down = TryAgain(why="connection refused", channel_wide=True, phase="connect")

    outbox.settle(first, down, now=NOW, next_attempt_at=NOW)

    row = outbox.delivery_rows(1)[0]
    assert (row.state, row.attempts, row.last_error, row.phase) == ("queued", 0, "connection refused", "connect")


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────────────────

MORNING = DigestSpec(name="morning", cron="0 7 * * *", timezone="Europe/Paris")  # 06:00 UTC in November
EVENING = DigestSpec(name="evening", cron="0 19 * * *", timezone="Europe/Paris")
AT_SEVEN = later(hours=18)  # of the next morning, in Paris


@pytest.fixture
def digesting(archive: Archive) -> Archive:
    """An archive with two alerts that wait for the morning digest and one that waits for another."""
    archive.sync_digests([MORNING, EVENING], NOW)
    archive.record(
        an_outcome(
            found(an_article(), rules=("ukraine",), alerts=(an_alert(digest="morning"),)),
            found(numbered(2), alerts=(an_alert(digest="morning"),)),
            found(numbered(3), alerts=(an_alert(digest="evening"),)),
        )
    )
    return archive


def test_what_waits_for_a_digest_waits_for_that_alone(digesting: Archive) -> None:
    assert [each.alert for each in digesting.waiting_for("morning")] == [1, 2]
    assert [each.alert for each in digesting.waiting_for("evening")] == [3]
    assert digesting.waiting(later(days=9), everything=True) == ()
    assert digesting.digests_waited_for() == {"morning": 2, "evening": 1}


def test_a_digest_is_due_at_its_time_and_then_at_the_next(digesting: Archive) -> None:
    early, on_time = digesting.due_digests(AT_SEVEN - timedelta(minutes=1)), digesting.due_digests(AT_SEVEN)

    digesting.queue_messages([a_message(*digesting.waiting_for("morning"))], (), AT_SEVEN, done=MORNING)

    assert early.keys() == {"evening"}
    assert on_time["morning"] == AT_SEVEN - timedelta(days=1)
    assert (digesting.digest_last_at("morning"), digesting.digest_last_at("evening")) == (AT_SEVEN, None)
    assert digesting.due_digests(AT_SEVEN).keys() == {"evening"}
    assert digesting.due_digests(AT_SEVEN + timedelta(days=1))["morning"] == AT_SEVEN
    assert digesting.digests_waited_for() == {"evening": 1}


def test_a_digest_that_is_made_before_its_time_is_due_all_the_same(digesting: Archive) -> None:
    digesting.queue_messages([a_message(*digesting.waiting_for("morning"))], (), NOW)

    assert "morning" in digesting.due_digests(AT_SEVEN)


def test_a_digest_keeps_its_time_unless_its_time_table_changes(digesting: Archive) -> None:
    missed = later(days=3)

    digesting.sync_digests([MORNING, EVENING], missed)  # nobody was there to send it
    kept = digesting.due_digests(missed).keys()
    digesting.sync_digests([replace(MORNING, timezone="Asia/Tokyo"), EVENING], missed)
    changed = digesting.due_digests(missed).keys()

    assert (kept, changed) == ({"morning", "evening"}, {"evening"})


def test_an_empty_digest_goes_to_each_recipient_under_one_alert(digesting: Archive) -> None:
    empty = Bundle(kind="digest", channel="desk", recipient=ANNA[1], why="digest", deliveries=(), digest="morning")
    to_anna = NewMessage(bundle=empty, message_id="<a>", message=b"nothing", stories=0, subject="morning: nothing")
    to_bela = replace(to_anna, bundle=replace(empty, recipient=BELA[1]), message_id="<b>", message=b"rien")

    for _ in range(2):
        digesting.queue_messages([to_anna, to_bela], (), AT_SEVEN, done=MORNING)

    alert = the_alert(digesting)
    assert (alert.kind, alert.digest, alert.title, alert.state) == ("digest", "morning", "morning: nothing", "queued")
    assert [row.recipient for row in digesting.delivery_rows(alert.id)] == [ANNA[1], BELA[1]]
    assert [each.message for each in leased(digesting, now=AT_SEVEN)] == [b"nothing", b"rien"]
    assert len(digesting.waiting_for("morning")) == 2


# ── notices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_notice_is_queued_and_its_feeds_are_marked_as_told(archive: Archive) -> None:
    archive.record(a_failure())
    before = archive.feed_troubles()

    archive.record_notice("1 feed fails", [a_notice()], failing=["gazette"], now=later(minutes=1))

    assert [each.reported_at for each in before] == [None]
    assert [each.reported_at for each in archive.feed_troubles()] == [later(minutes=1)]
    alert = the_alert(archive)
    assert (alert.kind, alert.title, alert.state) == ("notice", "1 feed fails", "queued")
    assert archive.last_notice_at() == later(minutes=1)
    (delivery,) = leased(archive, now=later(minutes=1))
    assert (delivery.message, archive.told(delivery.id)) == (a_notice().message, ())
    settle_sent(archive, delivery)
    assert the_alert(archive).state == "sent"


def test_a_notice_of_one_key_is_queued_once(archive: Archive) -> None:
    for number in (1, 2):
        archive.record_notice("the disk is full", [a_notice(number=number)], key="disk", now=later(hours=number))

    assert [each.message_id for each in leased(archive, now=later(days=1))] == ["<notice-1@example.org>"]
    assert archive.last_notice_at() is None  # only those about feeds keep a distance from one another


def test_a_message_is_as_old_as_itself_and_not_as_what_it_tells_of(outbox: Archive) -> None:
    outbox.record(an_outcome(found(numbered(9), rules=("ukraine",), alerts=(an_alert(digest="weekly"),))))
    (waiting,) = outbox.waiting_for("weekly")
    outbox.queue_messages([a_message(waiting)], (), later(days=6))

    delivery = leased(outbox, now=later(days=6))[-1]

    assert delivery.created_at == later(days=6)
