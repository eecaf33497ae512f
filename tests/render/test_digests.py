"""What a reader finds in a mail on many stories: groups, summaries, what was held back, digests."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from monitor.model import Excerpt, LanguageGuess, Reader, RuleSpec, Trend
from tests.factories import NOW, later
from tests.mails import body, subject
from tests.render.builders import a_mail, flowing, in_french, marked, preview, shown, told

RULES = {name: RuleSpec(name=name, query="x") for name in ("otan", "ukraine")}


def in_order(text: str, *pieces: str) -> bool:
    """Whether all of these stand in a text, in this order."""
    places = [text.find(piece) for piece in pieces]
    return -1 not in places and places == sorted(places)


# ── order and counts ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_goes_by_rule_as_the_file_has_them_and_begins_with_the_newest() -> None:
    mail = a_mail(
        told(alert=1, title="early"),
        told(alert=2, title="undated", published_at=None, first_seen_at=later(minutes=30)),
        told(alert=3, title="other", rule="otan"),
        told(alert=4, title="late", published_at=later(hours=1)),
        told(alert=5, title="gone", rule="removed"),
        kind="digest",
        rules=RULES,
    )

    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        assert in_order(said, "otan", "other", "ukraine", "3 stories", "late", "undated", "early", "removed", "gone")
    assert subject(mail) == "[morning] 5 stories: otan (1), ukraine (3), removed (1)"


def test_a_story_stands_once_with_its_carriers_beneath() -> None:
    mail = a_mail(
        told(alert=1, title="First", story=1, outlets=("La Gazette", "Le Phare")),
        told(alert=2, title="Second story", story=2),
        told(alert=3, title="Copy", story=1, outlet="Le Phare", relation="copy", link="https://phare.example/"),
        kind="digest",
    )

    text = body(mail, "plain")
    assert in_order(text, "2 stories, 3 articles", "Second story", "First", "Also carried by Le Phare", "+ Copy")
    assert "\n+ Copy · Le Phare\n  https://phare.example/\n" in text
    assert text.count("First") == 1


def test_an_item_says_where_when_in_which_language_and_what_matched() -> None:
    mail = a_mail(told(outlets=("La Gazette", "Le Phare")), kind="digest")

    line = "La Gazette (FR) · Sun 22 Nov 2026, 13:00 CET · French (fr)\n"
    assert line in body(mail, "plain")
    assert line in shown(body(mail, "html"))
    assert "Also carried by Le Phare\nhttps://gazette.example/2026/11/22/otan-ukraine\n  Les " in body(mail, "plain")
    assert marked(body(mail, "html")) == ["Ukraine", "Ukraine"]


def test_an_item_without_a_date_says_when_we_saw_it() -> None:
    mail = a_mail(told(published_at=None, published_source="none"), kind="digest")

    assert "· first seen Sun 22 Nov 2026, 13:00 CET ·" in body(mail, "plain")


def test_an_item_without_any_words_is_still_there() -> None:
    unknown = LanguageGuess(language="und", confidence=0, source="none")
    mail = a_mail(told(title="", lead="", words=(), language=unknown), kind="digest")

    assert "\n(no title)\n" in body(mail, "plain")
    assert "· language not recognised\n" in body(mail, "plain")


def test_a_match_in_a_title_is_not_shown_twice() -> None:
    title = "L’Ukraine à l’ordre du jour"

    text = body(a_mail(told(title=title, excerpt=Excerpt(text=title, marks=((2, 9),))), kind="digest"), "plain")

    assert text.count("ordre du jour") == 1
    assert "L’*Ukraine* à l’ordre du jour" in text


def test_a_phone_shows_the_newest_headlines_and_who_has_them() -> None:
    mail = a_mail(told(title="One"), told(alert=2, title="Two", outlet="Le Phare"), kind="digest")

    assert preview(body(mail, "html")) == "Two (Le Phare) · One (La Gazette)"


@pytest.mark.parametrize(
    ("matches", "usual", "said"),
    [
        pytest.param(7, 2.5, "7 articles found, usually 2.5 ↑", id="more than usual"),
        pytest.param(2, 9.0, "2 articles found, usually 9 ↓", id="fewer than usual"),
        pytest.param(10, 9.0, "10 articles found, usually 9)", id="about as many"),
        pytest.param(1, 0.0, "1 article found, usually 0 ↑", id="the first in a month"),
    ],
)
def test_a_digest_holds_each_rule_against_what_it_usually_finds(matches: int, usual: float, said: str) -> None:
    mail = a_mail(told(), kind="digest", trends=(Trend(rule="ukraine", matches=matches, usual=usual),))

    assert said in body(mail, "plain")
    assert said.rstrip(")") in shown(body(mail, "html"))


def test_nothing_is_called_usual_before_it_is_known() -> None:
    mail = a_mail(told(), kind="digest", trends=(Trend(rule="ukraine", matches=3, usual=None),))

    assert "usually" not in body(mail, "plain")


# ── length ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_two_hundred_stories_all_are_named_and_the_newest_forty_told() -> None:
    stories = [
        told(alert=number, title=f"Title {number}.", published_at=NOW + timedelta(minutes=number))
        for number in range(1, 201)
    ]

    text = body(a_mail(*stories, kind="digest"), "plain")

    assert all(f"\nTitle {number}.\n" in text for number in range(1, 201))
    assert text.count("Les ministres") == 40
    assert in_order(text, "Title 200.", "Title 161.", "Title 160.", "Title 1.")
    assert "Les ministres" not in text.partition("Title 160.")[2]


def test_a_part_says_which_of_how_many_it_is() -> None:
    mail = a_mail(told(), kind="digest", part=(2, 3))

    assert body(mail, "plain").startswith("morning (part 2 of 3): 1 story\n")
    assert "(part 2 of 3)" in shown(body(mail, "html"))


def test_a_mail_of_two_hundred_stories_is_shown_whole_by_mail_programs() -> None:
    """Gmail cuts off what is beyond 102 KB of HTML, with what stands at its end."""
    stories = [told(alert=number, title=f"Les ministres parlent de l’Ukraine, {number}") for number in range(1, 201)]

    assert len(body(a_mail(*stories, kind="digest"), "html").encode()) < 102_000


# ── why they come together ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "topic", "said"),
    [
        ("mute", "after the mute", "while their rule or story was muted"),
        ("quiet", "after the quiet hours", "These came during quiet hours."),
        ("cap", "over the limit", "more than the limit of mails an hour lets through"),
        ("storm", "republished", "A feed brought old articles under new names."),
        ("backlog", "backlog", "A feed was away for hours"),
    ],
)
def test_what_was_held_back_says_why(why: str, topic: str, said: str) -> None:
    mail = a_mail(told(), told(alert=2, rule="otan"), kind="overflow", why=why)

    assert subject(mail).startswith(f"[{topic}] 2 stories: ")
    assert said in flowing(body(mail, "plain"))
    assert said in shown(body(mail, "html"))


def test_a_summary_says_how_much_there_was_in_the_hour() -> None:
    mail = a_mail(told(), told(alert=2), kind="summary", told_lately=31)

    assert body(mail, "plain").startswith("ukraine: 2 stories · 33 stories in the last hour\n")
    assert "summed up every quarter of an hour" in flowing(body(mail, "plain"))


def test_a_mail_of_one_rule_says_how_to_pause_it() -> None:
    for kind in ("group", "summary"):
        assert "\nTo pause this rule, run: monitor alerts mute --rule ukraine --for 1d\n" in body(
            a_mail(told(), told(alert=2), kind=kind), "plain"
        )


def test_a_mail_of_several_rules_says_how_to_pause_one() -> None:
    mail = in_french(told(), told(alert=2, rule="otan"), kind="digest")

    assert "\nPour une pause d’une règle\u00a0: monitor alerts mute --rule NOM --for 1d\n" in body(mail, "plain")


def test_an_empty_digest_says_that_nothing_came() -> None:
    mail = a_mail(kind="digest")

    for said in (body(mail, "plain"), shown(body(mail, "html"))):
        assert "morning: nothing new" in said
        assert "No article matched since the last digest." in said


def test_a_digest_speaks_the_readers_language() -> None:
    mail = a_mail(
        *(told(alert=number) for number in (1, 2)),
        kind="digest",
        reader=Reader(language="fr", timezone="America/Montreal"),
        trends=(Trend(rule="ukraine", matches=2, usual=1200.0),),
    )

    text = body(mail, "plain")
    assert text.startswith("morning\u00a0: 2 sujets\ndim. 22 nov. 2026, 07:01 EST\n")
    assert "2 sujets · 2 articles trouvés, d’ordinaire 1\u202f200 ↓" in text
    assert "morning\u00a0: 2 sujets" in shown(body(mail, "html")).replace("</bdi>", "")
    assert re.search("ce\\s+qu’elles\\s+trouvent\\s+dans\\s+«\u00a0morning\u00a0»", text)
