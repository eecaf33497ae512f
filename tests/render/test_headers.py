"""What a mail's header says: whom, what, in which thread, to file it by; and nothing a stranger wrote into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from monitor.mail import HEADER_LIMIT
from monitor.model import LanguageGuess, Reader, RuleSpec
from monitor.text import one_line
from tests.factories import HOUSE, NOW
from tests.mails import HOSTILE, body, parsed, subject
from tests.render.builders import a_mail, a_message, a_story, in_french, told

COMMON = "Content-Type MIME-Version From To Subject Date Message-ID List-Id Auto-Submitted X-Auto-Response-Suppress"
OF_A_STORY = "X-Monitor-Rule X-Monitor-Feed X-Monitor-Story X-Monitor-Language X-Monitor-Alerts"
THREAD = ("<first@example.org>", "<second@example.org>")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"kind": "story"}, OF_A_STORY, id="a story"),
        pytest.param({"kind": "group"}, "X-Monitor-Rule X-Monitor-Alerts", id="a group"),
        pytest.param({"kind": "summary"}, "X-Monitor-Rule X-Monitor-Alerts", id="a summary"),
        pytest.param({"kind": "overflow"}, "X-Monitor-Alerts", id="what was held back"),
        pytest.param({"kind": "digest"}, "X-Monitor-Digest X-Monitor-Alerts", id="a digest"),
    ],
)
def test_mails_carry_the_headers_to_file_them_by_and_no_others(given: dict[str, Any], expected: str) -> None:
    mail = parsed(a_mail(told(), **given))

    assert mail.keys() == [*COMMON.split(), "List-Unsubscribe", "X-Monitor-Kind", *expected.split()]
    assert mail["X-Monitor-Kind"] == given["kind"]


def test_the_headers_say_what_the_mail_tells_of() -> None:
    mail = parsed(a_mail(told(alert=7, feed="lemonde", story=3)))

    assert mail["From"] == "monitor <desk@example.org>"
    assert mail["To"] == "desk@example.org"
    assert mail["Date"] == "Sun, 22 Nov 2026 12:01:00 +0000"
    assert mail["List-Id"] == "<ukraine.monitor.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Monitor-Rule"] == "ukraine"
    assert mail["X-Monitor-Feed"] == "lemonde"
    assert mail["X-Monitor-Story"] == "3"
    assert mail["X-Monitor-Language"] == "fr"
    assert mail["X-Monitor-Alerts"] == "7"


def test_a_digest_is_filed_by_its_own_name() -> None:
    mail = parsed(a_mail(told(), kind="digest"))

    assert mail["List-Id"] == "<morning.monitor.example.org>"
    assert mail["X-Monitor-Digest"] == "morning"


def test_of_many_alerts_the_header_names_the_first_twenty() -> None:
    mail = parsed(a_mail(*(told(alert=number) for number in range(1, 30)), kind="group"))

    assert mail["X-Monitor-Alerts"] == " ".join(map(str, range(1, 21))) + " ..."


def test_who_wants_no_more_writes_to_the_operator() -> None:
    """RFC 2369 §3.2."""
    address = parsed(a_mail(told(rule="Ukraine & co")))["List-Unsubscribe"].strip()

    assert address.startswith("<mailto:desk@example.org?subject=")
    assert unquote(address) == "<mailto:desk@example.org?subject=unsubscribe Ukraine & co (desk)>"


@pytest.mark.parametrize("rule", ["Ж" * 100, "北" * 100, "<script>" * 12])
def test_the_address_to_unsubscribe_at_is_never_cut(rule: str) -> None:
    address = parsed(a_mail(told(rule=rule), channel="ї" * 100))["List-Unsubscribe"].strip()

    assert address.isascii()
    assert len(address) <= HEADER_LIMIT
    assert address.startswith("<mailto:")
    assert address.endswith(">")


@pytest.mark.parametrize(
    ("priority", "headers"), [("high", ("high", "1")), ("low", ("low", "5")), ("normal", (None, None))]
)
def test_a_mail_is_marked_as_its_rule_says(priority: str, headers: tuple[str | None, str | None]) -> None:
    rules = {"ukraine": RuleSpec(name="ukraine", query="Ukraine", priority=priority)}

    mail = parsed(a_mail(told(), rules=rules))

    assert (mail["Importance"], mail["X-Priority"]) == headers


# ── identity and thread ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_values_give_the_same_bytes() -> None:
    for kind in ("story", "followup", "group", "summary", "overflow", "digest"):
        one, other = (a_mail(told(title="НАТО та Україна"), kind=kind) for _ in range(2))
        assert one == other


def test_a_message_is_known_by_what_it_tells_whom() -> None:
    ids = [
        a_message(told()).message_id,
        a_message(told(identity="gazette 2")).message_id,
        a_message(told(rule="nato")).message_id,
        a_message(told(), recipient="other@example.org").message_id,
        a_message(told(), channel="folder").message_id,
        a_message(told(), kind="digest").message_id,
        a_message(told(kind="revision", alert=2)).message_id,
        a_message(told(kind="revision", alert=3)).message_id,
    ]

    assert len(set(ids)) == len(ids)
    # A restored archive may number its alerts anew, and an article may be retitled until the message is composed again.
    assert a_message(told(alert=9, identity="gazette 1", title="Another")).message_id == ids[0]


def test_two_empty_digests_are_two_messages() -> None:
    morning, evening = (a_message(kind="digest", now=NOW.replace(hour=hour)).message_id for hour in (7, 19))

    assert morning != evening


def test_the_first_mail_of_a_thread_answers_nothing() -> None:
    mail = parsed(a_mail(told()))

    assert (mail["In-Reply-To"], mail["References"]) == (None, None)


def test_a_followup_answers_the_last_mail_and_names_the_first() -> None:
    """RFC 5322 §3.6.4."""
    mail = parsed(a_mail(told(kind="revision"), kind="followup", answers=THREAD))

    assert mail["In-Reply-To"] == "<second@example.org>"
    assert mail["References"] == "<first@example.org> <second@example.org>"


def test_a_long_thread_is_cut_between_its_first_and_its_last_mails() -> None:
    thread = tuple(f"<{number}{'x' * 150}@example.org>" for number in range(5))

    references = parsed(a_mail(told(), kind="followup", answers=thread))["References"].split()

    assert references[0] == thread[0]
    assert references[-1] == thread[-1]
    assert set(references) < set(thread)


# ── subjects ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def many(count: int) -> list[Any]:
    return [told(alert=number, title=f"Titre {number}", published_at=NOW) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        pytest.param(a_story(title="« L’OTAN » : 北约"), "[ukraine] « L’OTAN » : 北约", id="one outlet"),
        pytest.param(a_story(outlets=("A", "B", "C")), "(3 outlets)", id="several outlets"),
        pytest.param(in_french(told(outlets=("A", "B"))), "(2 médias)", id="in French"),
        pytest.param(a_mail(told(title="New"), kind="followup"), "Re: [ukraine] New", id="a followup"),
        pytest.param(
            a_mail(told(kind="revision", title="New", before="Old"), kind="followup"),
            "Re: [ukraine] Old",
            id="a retitled one keeps the thread's subject",
        ),
        pytest.param(a_mail(*many(3), kind="group"), "[ukraine] 3 stories: Titre 3", id="a group, newest first"),
        pytest.param(a_mail(*many(3), kind="summary"), "[ukraine] breaking: 3 stories, Titre 3", id="a summary"),
        pytest.param(
            a_mail(told(), told(alert=2, rule="nato"), kind="overflow"),
            "[after the quiet hours] 2 stories: ukraine (1), nato (1)",
            id="held back",
        ),
        pytest.param(
            a_mail(told(), told(alert=2, story=1), kind="digest"),
            "[morning] 1 story: ukraine (1)",
            id="a digest of one story in two articles",
        ),
        pytest.param(
            a_mail(told(), told(alert=2, rule="nato", story=1), kind="digest"),
            "[morning] 1 story: ukraine (1), nato (1)",
            id="a story that two rules found is one story",
        ),
        pytest.param(
            a_mail(told(), kind="digest", part=(2, 3)), "[morning] 1 story: ukraine (1) (part 2 of 3)", id="a part"
        ),
        pytest.param(a_mail(kind="digest"), "[morning] nothing new", id="an empty digest"),
        pytest.param(
            a_mail(kind="digest", reader=Reader(language="fr")), "[morning] rien de nouveau", id="empty, in French"
        ),
        pytest.param(a_story(title="", lead="Un début."), "[ukraine] Un début.", id="no title: its beginning"),
        pytest.param(a_story(title="", lead="", words=()), "[ukraine] (no title)", id="nothing at all"),
    ],
)
def test_the_subject_says_rule_story_and_number(mail: bytes, said: str) -> None:
    assert said in subject(mail)


def test_a_followup_has_the_subject_its_thread_began_with() -> None:
    """Gmail shows as one thread only what has one subject."""
    first = a_story(title="L’OTAN réunit ses ministres")

    revised = a_mail(told(kind="revision", title="Autre titre", before="L’OTAN réunit ses ministres"), kind="followup")

    assert subject(revised) == f"Re: {subject(first)}"


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("kind", ["story", "followup", "group", "summary"])
def test_a_hostile_title_is_only_ever_a_title(title: str, kind: str) -> None:
    mail = a_mail(told(title=title, lead=""), kind=kind)

    assert parsed(mail).keys() == parsed(a_mail(told(), kind=kind)).keys()
    assert parsed(mail).get_all("To") == ["desk@example.org"]
    assert (one_line(title, 200) or "(no title)")[:150] in subject(mail)
    assert subject(mail).isprintable()
    assert len(subject(mail)) <= 270
    assert "could not be laid out" not in body(mail, "plain")


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("field", ["rule", "outlet", "feed", "link", "before", "country"])
def test_no_other_field_of_an_article_adds_a_header(field: str, words: str) -> None:
    names = set(parsed(a_mail(told(**{field: words}))).keys())

    # Without a rule's name there is nothing to file by; a stub has its encoding at its top.
    assert names - {"Content-Transfer-Encoding"} >= set(parsed(a_mail(told())).keys()) - {"X-Monitor-Rule"}
    assert names - {"Content-Transfer-Encoding"} <= set(parsed(a_mail(told())).keys())


@pytest.mark.parametrize("words", HOSTILE)
def test_no_name_of_ours_adds_a_header(words: str) -> None:
    tag = LanguageGuess(language=words, confidence=1, source="declared")
    mails = [
        a_mail(told(), recipient=words, channel=words),
        a_mail(told(), kind="digest", digest=words or "x"),
        a_mail(told(language=tag)),
        a_mail(told(), house=replace(HOUSE, sender=words or "x@y.example")),
    ]

    for mail in mails:
        header = parsed(mail)
        assert header.get_all("Bcc") is None
        assert len(header.get_all("To", [])) == 1
        assert set(header.keys()) <= {*COMMON.split(), *OF_A_STORY.split()} | {
            "List-Unsubscribe",
            "X-Monitor-Kind",
            "X-Monitor-Digest",
            "Content-Transfer-Encoding",
        }
