"""Mails that tell of no article: what the operator hears of feeds, a channel's test, a mail in another's place."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor import render
from monitor.model import Condition, End, FeedTrouble, Notice, Outcome, Pulse, Reader, Told
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


def a_notice(*, language: str = "en", **given: Any) -> bytes:
    notice = Notice(**({"failing": (TROUBLE,), "feeds": 40} | given))
    return render.notice_message(
        mail_id="<3@example.org>",
        notice=notice,
        house=HOUSE,
        recipient="desk@example.org",
        now=NOW,
        reader=Reader(language=language),
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
        assert "echo (L’Écho)\nreported on Sun 22 Nov 2026, 13:00 CET" in said.replace("\n  ", "\n")
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


# ── what is out of the ordinary ──────────────────────────────────────────────────────────────────────────────────────

SILENT = Condition(kind="feed_silent", subject="phare", since=NOW - timedelta(days=2), usual=34.4)
LOUD = Condition(kind="rule_spike", subject="O'Neill", since=NOW, count=81, usual=20.5)
QUIET = Condition(kind="rule_silent", subject="O'Neill", since=NOW - timedelta(days=9), usual=4.0)
DOWN = Condition(kind="channel_down", subject="desk", since=NOW - timedelta(hours=1), error="mail.example: refused")


def test_what_is_out_of_the_ordinary_is_said_with_its_figures_and_what_to_do() -> None:
    mail = a_notice(failing=(), begun=(SILENT, LOUD, QUIET, DOWN))

    assert subject(mail) == (
        "[monitor] 1 channel is down: desk; 1 feed is silent: phare; 1 rule finds nothing any more: O'Neill; "
        "1 rule finds far more than usual: O'Neill"
    )
    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        flat = " ".join(said.split())
        assert "Nothing new since Fri 20 Nov 2026, 13:00 CET; usually 34 times a day." in flat
        assert "81 articles in 24 hours, where 20 are usual." in flat
        assert "mail.example: refused" in flat
    assert """`monitor rules test 'O'"'"'Neill'`""" in " ".join(body(mail, "plain").split())


def test_what_is_over_is_said_with_when_it_was_reported() -> None:
    over = tuple(replace(each, told_at=NOW - timedelta(hours=3), ended_at=NOW) for each in (SILENT, LOUD, QUIET, DOWN))

    mail = a_notice(failing=(), ended=over)

    assert subject(mail) == (
        "[monitor] 1 channel works again: desk; 1 feed publishes again: phare; 1 rule finds something again: O'Neill; "
        "1 rule is back to its usual: O'Neill"
    )
    assert body(mail, "plain").count("reported on Sun 22 Nov 2026, 10:00 CET") == 4


def test_a_notice_speaks_french_to_who_reads_french() -> None:
    mail = a_notice(language="fr", begun=(SILENT,), working=(BACK,), storms=(("elbe", 12),))

    text = " ".join(body(mail, "plain").split())
    assert subject(mail).startswith("[monitor] 1 flux échoue : gazette; 1 flux est muet : phare; 1 flux fonc")
    assert "5 relevés ont échoué, depuis dim. 22 nov. 2026, 07:00 CET." in text
    assert "Son serveur ou la ligne est trop lent." in text
    assert "Vous recevez cet e-mail parce que vous exploitez monitor." in text
    assert not re.search(r"\b(the|feeds?|since|polls?)\b", text.replace("feeds.yaml", ""))


# ── the heartbeat ────────────────────────────────────────────────────────────────────────────────────────────────────

PULSE = Pulse(
    since=NOW - timedelta(days=1),
    feeds=42,
    failing=0,
    articles=1310,
    sent=17,
    waiting=0,
    queued=0,
    dead=0,
    coverage=0.99849,
    gaps=(),
    conditions=(),
)


def a_heartbeat(*, language: str = "en", **given: Any) -> bytes:
    return a_notice(failing=(), pulse=replace(PULSE, **given), language=language)


def test_a_heartbeat_says_in_one_line_that_all_is_well() -> None:
    mail = a_heartbeat()

    assert subject(mail) == "[monitor] all well: 42 feeds, 1,310 articles, 0 waiting, coverage 99.8 %, gaps: none"
    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        for expected in ("1,310", "99.8 %", "Sat 21 Nov 2026, 13:00 CET"):
            assert expected in said


def test_a_heartbeat_says_what_needs_a_look_first() -> None:
    mail = a_heartbeat(failing=2, dead=3, conditions=(SILENT,), gaps=(("gazette", 2), ("elbe", 1)), coverage=0.5)

    assert subject(mail) == (
        "[monitor] needs a look: 2 feeds fail, 3 messages given up, 1 feed is silent: phare, 42 feeds, 1,310 articles, "
        "0 waiting, coverage 50 %, gaps: gazette (2), elbe (1)"
    )
    assert "`monitor alerts list --state dead`" in " ".join(body(mail, "plain").split())


def test_coverage_is_never_rounded_up_to_the_whole() -> None:
    assert "coverage 99.9 %" in subject(a_heartbeat(coverage=0.99999))
    assert "coverage 100 %" in subject(a_heartbeat(coverage=1.0))
    assert "coverage" not in subject(a_heartbeat(coverage=None, feeds=0))


def test_a_heartbeat_in_french_counts_in_french() -> None:
    assert subject(a_heartbeat(language="fr")) == (
        "[monitor] tout va bien : 42 flux, 1 310 articles, 0 en attente, couverture 99,8 %, lacunes : aucune"
    )


# ── the daemon's own end ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_end_of_the_daemon_is_told_with_its_last_words_and_what_to_do() -> None:
    end = End(host="news", unit="monitor.service", since=NOW, why="exit-code exited 1", log=("disk is full", "bye"))

    mail = a_notice(failing=(), end=end)

    assert subject(mail) == "[monitor] monitor has stopped on news"
    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        flat = " ".join(said.split())
        assert "exit-code exited 1" in flat
        assert "disk is full bye" in flat
        assert "`systemctl restart monitor.service`" in flat


def test_an_end_of_which_nothing_more_is_known_leaves_no_gap() -> None:
    text = body(a_notice(failing=(), end=End(host="news", unit="monitor.service", since=NOW)), "plain")

    assert "\n\n\n" not in text


def test_its_return_is_told_with_since_when_it_was_away() -> None:
    mail = a_notice(failing=(), end=End(host="news", unit="monitor.service", since=NOW, is_over=True))

    assert subject(mail) == "[monitor] monitor runs again on news"
    assert "It had stopped on Sun 22 Nov 2026, 13:00 CET." in " ".join(body(mail, "plain").split())


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
