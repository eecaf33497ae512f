"""What a reader finds in the mail on one story: what it says, where, when, and why it came."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from monitor.model import LanguageGuess, Reader
from tests.factories import HOUSE, NOW, later
from tests.mails import body, parsed
from tests.render.builders import a_mail, a_story, flowing, in_french, marked, preview, shown, told


def test_both_bodies_say_what_where_when_and_why() -> None:
    mail = a_story(words=("OTAN", "Ukraine"), authors=("Claire Martin",), first_seen_at=later(minutes=7))

    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        assert "La Gazette (FR)" in said
        assert "OTAN, Ukraine" in said
        assert "French (fr), 98% sure" in said
        assert "Sun 22 Nov 2026, 13:00 CET" in said
        assert "Sun 22 Nov 2026, 13:07 CET" in said
        assert "Claire Martin" in said
        assert "because the rule “ukraine” sends its matches to you" in flowing(said)
        assert "Questions: desk@example.org" in said
    assert "\nhttps://gazette.example/2026/11/22/otan-ukraine\n" in body(mail, "plain")
    assert 'href="https://gazette.example/2026/11/22/otan-ukraine"' in body(mail, "html")


def test_both_bodies_say_how_to_pause_the_story_and_the_rule() -> None:
    mail = a_mail(told(story=1207, rule="l’OTAN & co"))

    for said in (body(mail, "plain"), shown(body(mail, "html")).replace("&#39;", "'").replace("&amp;", "&")):
        assert "To pause this story, run: monitor alerts mute --story 1207 --for 1d" in said
        assert "To pause this rule, run: monitor alerts mute --rule 'l’OTAN & co' --for 1d" in said


def test_a_rule_named_to_end_the_quotes_stays_within_them() -> None:
    text = body(a_mail(told(rule="x'; rm -rf ~ #")), "plain")

    assert """--rule 'x'"'"'; rm -rf ~ #' --for 1d""" in text


def test_a_phone_shows_who_says_it_and_where_it_matched() -> None:
    mail = a_story(lead="Rien ici. " * 100 + "Puis l’Ukraine est nommée.")

    assert re.fullmatch(r"La Gazette: ….*Puis l’Ukraine.*", preview(body(mail, "html")))
    assert body(mail, "plain").startswith("La Gazette (FR) · Sun 22 Nov")


def test_a_phone_shows_first_what_is_new_of_a_story() -> None:
    mail = in_french(told(kind="revision"), kind="followup")

    assert preview(body(mail, "html")).startswith("Nouvelle version d’un sujet déjà signalé. La Gazette : Les ")
    assert body(mail, "plain").startswith("Nouvelle version d’un sujet déjà signalé.\n")


def test_the_footer_is_a_signature_to_a_mail_program() -> None:
    """RFC 3676 §4.3: a line of two dashes and a space."""
    text = body(a_story(), "plain")

    assert text.count("\n-- \n") == 1
    assert text.endswith("Questions: desk@example.org\n")


def test_a_story_says_who_else_has_it() -> None:
    papers = ("La Gazette", *(f"Journal {number}" for number in range(1, 40)))

    text = flowing(body(a_story(outlets=papers), "plain"))

    assert "Also carried by Journal 1, Journal 2," in text
    assert "Journal 8 and 31 more --" in text
    assert "Journal 9" not in text


def test_further_articles_of_a_story_are_named_with_their_links() -> None:
    first = told(title="Un", outlets=("La Gazette", "Le Phare"))
    second = told(alert=2, story=1, title="Deux", outlet="Le Phare", link="https://phare.example/2")

    mail = a_mail(first, second)

    assert "\n+ Deux\n  Le Phare\n  https://phare.example/2\n" in body(mail, "plain")
    assert "Deux</a>" in body(mail, "html")


# ── what is new ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"kind": "revision"}, "A new version of a story you were told of.", id="a revision"),
        pytest.param({"kind": "carrier"}, "La Gazette carries this story now, too.", id="another carrier"),
        pytest.param({"relation": "update"}, "A new version of a story you were told of.", id="an update"),
        pytest.param({"relation": "copy"}, "The same text, now also here.", id="a copy"),
        pytest.param({"relation": "cut"}, "The same text, now also here.", id="a cut copy"),
    ],
)
def test_a_followup_says_what_is_new(given: dict[str, Any], said: str) -> None:
    mail = a_mail(told(**given), kind="followup")

    assert body(mail, "plain").startswith(f"{said}\n")
    assert said in shown(body(mail, "html"))


def test_a_new_title_is_shown_with_the_one_before() -> None:
    mail = a_mail(told(kind="revision", before="L’ancien titre"), kind="followup")

    assert "\nIt was titled: L’ancien titre\n" in body(mail, "plain")
    assert "L’ancien titre" in shown(body(mail, "html"))


def test_the_first_mail_on_a_story_speaks_of_no_version() -> None:
    assert "version" not in body(a_story(relation="update"), "plain")


# ── when, and in which language ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({}, ["Published:     Sun 22 Nov 2026, 13:00 CET"], id="seen in the minute it was published"),
        pytest.param(
            {"first_seen_at": later(minutes=7)},
            ["Published:     Sun 22 Nov 2026, 13:00 CET", "First seen:    Sun 22 Nov 2026, 13:07 CET"],
            id="seen later",
        ),
        pytest.param(
            {"published_at": None, "published_source": "none"},
            ["Published:     the feed does not say", "First seen:    Sun 22 Nov 2026, 13:00 CET"],
            id="no date",
        ),
        pytest.param(
            {"published_source": "clamped"},
            ["Published:     the feed names a moment in the future", "First seen:    Sun 22 Nov 2026, 13:00 CET"],
            id="a date in the future",
        ),
        pytest.param(
            {"published_source": "updated"}, ["Updated:       Sun 22 Nov 2026, 13:00 CET"], id="only an update"
        ),
        pytest.param(
            {"published_at": NOW.replace(month=7)},
            ["Published:     Wed 22 Jul 2026, 14:00 CEST", "First seen:    Sun 22 Nov 2026, 13:00 CET"],
            id="in summer the zone is another",
        ),
    ],
)
def test_times_are_those_of_the_house(given: dict[str, Any], said: list[str]) -> None:
    lines = body(a_story(**given), "plain").splitlines()

    times = [line for line in lines if line.startswith(("Published:", "Updated:", "First seen:"))]
    assert times == said


def test_a_reader_has_a_language_and_a_zone_of_their_own() -> None:
    mail = a_mail(told(), reader=Reader(language="fr", timezone="Asia/Tokyo"))

    text = body(mail, "plain")
    assert "La Gazette (FR) · dim. 22 nov. 2026, 21:00 JST\n" in text
    assert "Règle\u00a0:        ukraine\n" in text
    assert "Langue\u00a0:       français (fr), sûr à 98\u00a0%\n" in text
    assert "Vous recevez cet e-mail parce que la règle «\u00a0ukraine\u00a0» vous" in text
    assert "Pour une pause de ce sujet\u00a0: monitor alerts mute --story 1 --for 1d\n" in text
    assert '<html lang="fr">' in body(mail, "html")
    assert "L’*OTAN*" not in text  # what the article says stays as it is
    assert "L’OTAN réunit ses ministres sur l’*Ukraine*" in text


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        pytest.param(("fr", 0.98, "detected"), "French (fr), 98% sure", id="guessed"),
        pytest.param(("fr", 0.9999, "detected"), "French (fr), 99% sure", id="a guess is never certain"),
        pytest.param(("zh-CN", 1.0, "script"), "Chinese (zh-CN), by its script", id="only one language is written so"),
        pytest.param(("uk", 0.5, "feed"), "Ukrainian (uk), as the feed says", id="the feed's hint"),
        pytest.param(("uk", 0.5, "declared"), "Ukrainian (uk), as the feed says", id="the feed's declaration"),
        pytest.param(("qaa", 0.5, "declared"), "qaa, as the feed says", id="a tag without a name"),
        pytest.param(("und", 0.0, "none"), "not recognised", id="nothing known"),
    ],
)
def test_the_language_is_said_with_how_we_know(guess: tuple[str, float, str], said: str) -> None:
    language = LanguageGuess(language=guess[0], confidence=guess[1], source=guess[2])

    assert f"Language:      {said}\n" in body(a_story(language=language), "plain")


# ── what matched ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_matched_words_are_marked_in_title_and_text() -> None:
    mail = a_story(words=("OTAN", "Ukraine"))

    assert marked(body(mail, "html")) == ["OTAN", "Ukraine", "OTAN", "Ukraine"]
    assert "L’*OTAN* réunit ses ministres sur l’*Ukraine*" in body(mail, "plain")


def test_a_match_far_down_is_shown_in_its_context() -> None:
    mail = a_story(title="Conseil", lead="Rien ici. " * 100 + "Puis l’Ukraine est nommée.")

    assert marked(body(mail, "html")) == ["Ukraine"]
    assert "Further down:" in body(mail, "plain")
    assert "Puis l’*Ukraine* est nommée." in flowing(body(mail, "plain"))


def test_a_match_in_the_beginning_is_shown_once() -> None:
    mail = a_story(title="Conseil", lead="L’Ukraine est nommée. " + "Rien d’autre. " * 100)

    assert marked(body(mail, "html")) == ["Ukraine"]
    assert "Further down:" not in body(mail, "plain")


def test_a_rule_of_nots_says_that_nothing_had_to_match() -> None:
    text = body(a_story(words=()), "plain")

    assert "Matched:       the article has none of the excluded words\n" in text


def test_many_matched_words_are_counted() -> None:
    words = [f"mot{number}" for number in range(11, 22)]

    text = body(a_story(words=words, title="x", lead=" ".join(words)), "plain")

    assert "mot11, mot12, mot13, mot14, mot15, mot16, mot17, mot18 and 3 more" in text


@pytest.mark.parametrize(
    ("language", "word", "title", "text", "way"),
    [
        ("uk", "НАТО", "НАТО збирає міністрів", "Об’єднання зусиль у НАТО — єдиний шлях.", "ltr"),
        ("ar", "الناتو", "وزراء الناتو في بروكسل", "يجتمع وزراء دول الناتو يوم الثلاثاء.", "rtl"),
        ("he", "NATO", "NATO: שרי החוץ ייפגשו בבריסל", "שרי החוץ של מדינות NATO ייפגשו.", "rtl"),
        ("fa", "ناتو", "وزیران ناتو در بروکسل", "می\u200cگویند ناتو تصمیم می\u200cگیرد.", "rtl"),
        ("zh", "北约", "北约外长讨论乌克兰", "北约外长将于周二举行会议。", "ltr"),
        ("ko", "우크라이나", "외무장관들이 우크라이나를 논의", "브뤼셀에서 우크라이나 회의.", "ltr"),
        ("fr", "Œuvre", "Œuvre d’été à l’Élysée", "L’Œuvre — déjà vue — coûte 3 €.", "ltr"),
    ],
)
def test_every_script_arrives_as_it_is_written(language: str, word: str, title: str, text: str, way: str) -> None:
    guess = LanguageGuess(language=language, confidence=1, source="script")

    mail = a_story(words=(word,), title=title, lead=text, language=guess)

    plain, html = body(mail, "plain").replace("\u00a0", " "), body(mail, "html")
    assert title.replace(word, f"*{word}*") in plain or language == "ko"  # where the word has an ending
    assert title in shown(html).replace("\u00a0", " ")
    assert text in shown(html).replace("\u00a0", " ")
    assert word in marked(html)
    assert f'<h1 dir="{way}" lang="{language}"' in html
    assert f'<p dir="{way}" lang="{language}"' in html
    assert parsed(mail)["X-Monitor-Language"] == language


def test_a_name_in_another_script_stays_apart_from_the_line_it_is_in() -> None:
    html = body(a_story(outlet="صحيفة"), "html")

    assert "<bdi>صحيفة</bdi>" in html


def test_a_zone_that_is_gone_costs_no_mail() -> None:
    mail = a_mail(told(), house=replace(HOUSE, timezone="Nowhere/Land"))

    assert "Title: L’OTAN réunit ses ministres sur l’Ukraine\n" in body(mail, "plain")
    assert "Nowhere/Land" in body(mail, "plain")


def test_a_mail_is_readable_on_light_and_on_dark() -> None:
    """Every colour set on a text brings its own background; no background comes without its text's colour."""
    html = body(a_story(), "html")

    styles = re.findall(r'style="([^"]*)"|<style>\w+{([^}]*)}', html)
    assert '<meta name="color-scheme" content="light dark">' in html
    assert len(styles) > 10
    assert all(bool(re.search(r"(^|;)color:", style)) == ("background" in style) for style in map("".join, styles))
