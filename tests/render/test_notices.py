"""Mails that tell of no article: what the operator hears of feeds, a channel's test, a mail in another's place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor import render
from monitor.model import FeedTrouble, Notice, Outcome, Told
from tests.factories import HOUSE, NOW
from tests.mails import HOSTILE, body, parsed, subject
from tests.render.builders import a_story, preview, shown

TROUBLE = FeedTrouble(
    feed="gazette",
    title="La Gazette",
    outcome=Outcome.TIMEOUT,
    status=None,
    failures=5,
    since=NOW - timedelta(hours=6),
    error="no answer within 30 seconds",
    next_poll_at=NOW + timedelta(hours=1),
    reported_at=None,
)
BACK = replace(TROUBLE, feed="echo", title="L’Écho", failures=0, since=None, error=None, reported_at=NOW)


def a_notice(**given: object) -> bytes:
    notice = Notice(**({"failing": (TROUBLE,), "feeds": 40} | given))
    return render.notice_message(
        mail_id="<3@example.org>", notice=notice, house=HOUSE, recipient="desk@example.org", now=NOW
    )


def a_test() -> bytes:
    return render.channel_test(
        mail_id="<4@example.org>", channel="desk", house=HOUSE, recipient="desk@example.org", now=NOW
    )


def test_a_notice_says_which_feeds_why_since_when_and_what_helps() -> None:
    mail = a_notice(working=(BACK,), storms=(("phare", 212),))

    assert subject(mail) == "[monitor] 1 feed fails: gazette; 1 feed works again: echo; 1 feed repeats itself: phare"
    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        assert "gazette (La Gazette)" in said
        assert "5 polls failed, since Sun 22 Nov 2026, 07:00 CET." in said
        assert "no answer within 30 seconds" in said
        assert "Its server or the line is too slow." in said
        assert "echo (L’Écho), reported on Sun 22 Nov 2026, 13:00 CET" in said
        assert "brought 212 entries as new" in said


def test_a_notice_begins_with_what_is_wrong() -> None:
    mail = a_notice()

    assert body(mail, "plain").startswith("1 feed fails: gazette\n")
    assert preview(body(mail, "html")) == "gazette: no answer within 30 seconds"


def test_when_most_feeds_fail_at_once_it_is_probably_us() -> None:
    three = tuple(replace(TROUBLE, feed=name) for name in ("gazette", "phare", "elbe"))

    assert "this machine's own connection" in body(a_notice(failing=three, feeds=5), "plain")
    assert "this machine's own connection" not in body(a_notice(failing=three, feeds=40), "plain")


def test_a_notice_of_many_feeds_names_the_first_in_its_subject() -> None:
    many = tuple(replace(TROUBLE, feed=f"feed-{number}") for number in range(1, 9))

    mail = a_notice(failing=many)

    assert subject(mail) == "[monitor] 8 feeds fail: feed-1, feed-2, feed-3, feed-4, feed-5 and 3 more"
    assert all(f"feed-{number}" in body(mail, "plain") for number in range(1, 9))


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_error_is_only_ever_an_error(words: str) -> None:
    mail = a_notice(failing=(replace(TROUBLE, feed=words, title=words, error=words),), storms=((words, 1),))

    assert set(parsed(mail).keys()) - {"Content-Transfer-Encoding"} == set(parsed(a_notice()).keys())
    assert subject(mail).isprintable()


def test_a_test_message_names_its_channel() -> None:
    mail = a_test()

    assert subject(mail) == "[monitor] the channel desk works"
    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        assert "The channel “desk” works" in said
        assert "This test was sent at Sun 22 Nov 2026, 13:00 CET to desk@example.org." in said


@pytest.mark.parametrize("mail", [a_notice(), a_test()], ids=["notice", "test"])
def test_they_are_nobodys_answer(mail: bytes) -> None:
    header = parsed(mail)

    assert header["Auto-Submitted"] == "auto-generated"
    assert header["List-Unsubscribe"] is None
    assert body(mail, "plain").count("\n-- \n") == 1


# ── in another mail's place ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_refused_mail_goes_once_more_in_the_fewest_words() -> None:
    articles = (
        Told(rule="ukraine", title="Un", link="https://a.example/1"),
        Told(rule="otan", title="Deux", link=None),
    )

    mail = render.plainer_mail(a_story(), articles, why="554 looks like spam")

    assert parsed(mail)["Message-ID"] == parsed(a_story())["Message-ID"]
    assert parsed(mail).get_content_type() == "text/plain"
    lines = body(mail, "plain").splitlines()
    assert lines[:5] == ["ukraine: Un", "https://a.example/1", "", "otan: Deux", ""]
    assert lines[-1] == "The mail server refused this message as it was: 554 looks like spam"


def test_of_very_many_articles_a_plain_mail_names_the_first_and_says_where_the_rest_is() -> None:
    articles = [Told(rule="ukraine", title=f"Titre {number}", link=None) for number in range(150)]

    text = body(render.plainer_mail(a_story(), articles, why="552 too big"), "plain")

    assert text.count("Titre") == 100
    assert "and 50 more articles; `monitor alerts list` has them all" in text
