"""What a reader finds in an alert, a digest and a test message, whatever a feed wrote into them."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from monitor import render
from monitor.model import Excerpt, LanguageGuess, Match, Span, WaitingAlert
from monitor.text import excerpt, one_line
from tests.factories import HOUSE, NOW, an_article, later
from tests.mails import HOSTILE, body, parsed, subject

FRENCH = LanguageGuess(language="fr", confidence=0.98, source="detected")
HALF_A_PAIR = (
    "l’Ukraine \ud800"  # half of a surrogate pair; no encoding has bytes for it, so no template's output with it
)


def spans_of(article: Any, *words: str) -> tuple[Span, ...]:
    """Where the words stand in title and text."""
    return tuple(
        Span(field=field, start=hit.start(), end=hit.end())
        for field, text in (("title", article.title), ("text", article.text))
        for hit in re.finditer("|".join(map(re.escape, words)), text)
    )


def a_mail(*words: str, **given: Any) -> bytes:
    """The bytes of an alert; what is not an argument of `article_mail` describes the article."""
    asked = {"recipient", "house", "language", "feed_title", "rule", "now", "mail_id", "priority"}
    article = replace(an_article(), **{name: value for name, value in given.items() if name not in asked})
    spans = spans_of(article, *(words or ("Ukraine",)))
    in_text = [(span.start, span.end) for span in spans if span.field == "text"]
    values: dict[str, Any] = {
        "mail_id": "<1@example.org>",
        "rule": "ukraine",
        "language": FRENCH,
        "feed_title": "La Gazette",
        "house": HOUSE,
        "recipient": "desk@example.org",
        "now": NOW,
    }
    values |= {name: value for name, value in given.items() if name in asked}
    match = Match(rule=values["rule"], spans=spans, excerpt=excerpt(article.text, in_text))
    return render.article_mail(article=article, match=match, **values)


def a_waiting(**given: Any) -> WaitingAlert:
    """An alert that waits for its digest."""
    values = WaitingAlert(
        id=1,
        rule="ukraine",
        title="L’OTAN réunit ses ministres",
        link="https://gazette.example/1",
        excerpt=Excerpt(text="… de l’Ukraine.", marks=((7, 14),)),
        feed="gazette",
        feed_title="La Gazette",
        language="fr",
        published_at=NOW,
        first_seen_at=NOW,
        carriers=1,
    )
    return replace(values, **given)


def a_digest(*waiting: WaitingAlert) -> bytes:
    return render.digest_mail(
        mail_id="<2@example.org>",
        digest="morning",
        waiting=waiting,
        house=HOUSE,
        recipient="desk@example.org",
        now=NOW,
    )


def a_test() -> bytes:
    return render.test_mail(
        mail_id="<3@example.org>", channel="desk", house=HOUSE, recipient="desk@example.org", now=NOW
    )


class Markup(HTMLParser):
    """The tags of a document, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def marked(html: str) -> list[str]:
    return re.findall(r"<mark[^>]*>([^<]*)</mark>", html)


def unmarked(html: str) -> str:
    """The text between the tags."""
    return re.sub(r"<[^>]*>", "", html)


def flowing(text: str) -> str:
    """Plain text without its lines."""
    return " ".join(text.split())


# ── the mail as such ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_values_give_the_same_bytes() -> None:
    assert a_mail(title="НАТО та Україна") == a_mail(title="НАТО та Україна")
    assert a_digest(a_waiting()) == a_digest(a_waiting())


def test_mails_carry_the_headers_to_file_them_by_and_no_others() -> None:
    ours = {
        "article": parsed(a_mail()),
        "digest": parsed(a_digest(a_waiting())),
        "test": parsed(a_test()),
    }

    common = "Content-Type MIME-Version From To Subject Date Message-ID List-Id Auto-Submitted X-Auto-Response-Suppress"
    assert ours["article"].keys() == [*common.split(), "X-Monitor-Rule", "X-Monitor-Feed"]
    assert ours["digest"].keys() == [*common.split(), "X-Monitor-Digest"]
    assert ours["test"].keys() == common.split()
    assert {mail["Auto-Submitted"] for mail in ours.values()} == {"auto-generated"}
    assert [mail["List-Id"] for mail in ours.values()] == [
        "<ukraine.monitor.example.org>",
        "<morning.monitor.example.org>",
        "<test.monitor.example.org>",
    ]
    assert (ours["article"]["X-Monitor-Rule"], ours["article"]["X-Monitor-Feed"]) == ("ukraine", "gazette")
    assert ours["digest"]["X-Monitor-Digest"] == "morning"


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_only_ever_a_title(title: str) -> None:
    mail = a_mail(title=title, text="")

    assert parsed(mail).keys() == parsed(a_mail()).keys()
    assert parsed(mail).get_all("To") == ["desk@example.org"]
    assert subject(mail) == f"[ukraine] {one_line(title, 200) or '(no title)'}"
    assert subject(mail).isprintable()
    assert "could not be laid out" not in body(mail, "plain")


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("field", ["rule", "feed_title", "recipient", "feed", "link"])
def test_no_other_field_adds_a_header(field: str, words: str) -> None:
    names = set(parsed(a_mail(**{field: words})).keys())

    assert names - {"Content-Transfer-Encoding"} == set(parsed(a_mail()).keys())  # which only a stub has at its top


def test_the_subject_is_the_rule_and_the_title() -> None:
    mail = a_mail(rule="OTAN & Україна", title="« L’OTAN » : 北约, الناتو")

    assert subject(mail) == "[OTAN & Україна] « L’OTAN » : 北约, الناتو"


def test_an_article_that_cannot_be_laid_out_arrives_as_a_stub() -> None:
    mail = a_mail(title="Україна", text=HALF_A_PAIR)

    header = parsed(mail)
    assert header.get_content_type() == "text/plain"
    assert header["Message-ID"] == "<1@example.org>"
    assert header["To"] == "desk@example.org"
    assert header["X-Monitor-Rule"] == "ukraine"
    assert header["Subject"] == "[ukraine] ???????"
    rule, title, link, _, excuse = body(mail, "plain").splitlines()
    assert rule == "Rule: ukraine"
    assert title == "Title: Україна"
    assert link == "Link: https://gazette.example/2026/11/22/otan-ukraine"
    assert excuse.startswith("This mail could not be laid out as usual (UnicodeEncodeError: ")


def test_a_digest_that_cannot_be_laid_out_still_names_its_articles() -> None:
    mail = a_digest(a_waiting(), a_waiting(title="Kyiv", link=None, excerpt=Excerpt(text=HALF_A_PAIR, marks=())))

    assert parsed(mail)["Subject"] == "[morning] 2 articles"
    assert body(mail, "plain").startswith(
        "ukraine: L’OTAN réunit ses ministres https://gazette.example/1\nukraine: Kyiv \n\nThis mail could not"
    )


def test_a_zone_that_is_gone_costs_no_mail() -> None:
    mail = a_mail(house=replace(HOUSE, timezone="Nowhere/Land"))

    assert "Title: L’OTAN réunit ses ministres sur l’Ukraine\n" in body(mail, "plain")
    assert "Nowhere/Land" in body(mail, "plain")


# ── what a reader sees ───────────────────────────────────────────────────────────────────────────────────────────────


def test_both_bodies_say_why_the_mail_came() -> None:
    mail = a_mail("Ukraine", "OTAN", authors=("Claire Martin",), seen_at=later(minutes=7))

    for said in (body(mail, "plain"), unmarked(body(mail, "html"))):
        assert "La Gazette" in said
        assert "ukraine" in said
        assert "OTAN, Ukraine" in said
        assert "French (fr), 98% sure" in said
        assert "Sun 22 Nov 2026, 13:00 CET" in said
        assert "Sun 22 Nov 2026, 13:07 CET" in said
        assert "Claire Martin" in said
        assert "desk@example.org" in said
    assert "https://gazette.example/2026/11/22/otan-ukraine" in body(mail, "plain")


def test_matched_words_are_marked_in_title_and_text() -> None:
    mail = a_mail("Ukraine", "OTAN")

    assert marked(body(mail, "html")) == ["OTAN", "Ukraine", "OTAN", "Ukraine"]
    assert "L’*OTAN* réunit ses ministres sur l’*Ukraine*" in body(mail, "plain")


def test_marks_that_touch_are_one() -> None:
    mail = a_mail("北", "约", title="北约讨论", text="北约外长")

    assert marked(body(mail, "html")) == ["北约", "北约"]
    assert "Matched:     北约\n" in body(mail, "plain")


def test_a_match_far_down_is_shown_in_its_context() -> None:
    mail = a_mail(title="Conseil", text="Rien ici. " * 100 + "Puis l’Ukraine est nommée.")

    assert marked(body(mail, "html")) == ["Ukraine"]
    assert "Further down:" in body(mail, "plain")
    assert "Puis l’*Ukraine* est nommée." in flowing(body(mail, "plain"))


def test_a_match_in_the_beginning_is_shown_once() -> None:
    mail = a_mail(title="Conseil", text="L’Ukraine est nommée. " + "Rien d’autre. " * 100)

    assert marked(body(mail, "html")) == ["Ukraine"]
    assert "Further down:" not in body(mail, "plain")


def test_a_long_article_is_shown_as_far_as_its_beginning() -> None:
    text = body(a_mail(text="Ukraine. " + "mot " * 500), "plain")

    assert "mot\u00a0…\n" in text
    assert text.count("mot") < 160


def test_paragraphs_stay_paragraphs() -> None:
    mail = a_mail(text="Première.\nSeconde, sur l’Ukraine.")

    assert "\n\n  Première.\n\n  Seconde, sur l’*Ukraine*.\n\n" in body(mail, "plain")
    assert [tag for tag, _ in Markup(body(mail, "html")).tags].count("p") == 5  # source, two of text, link, footer


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Les ministres parlent de l’Ukraine.", id="French"),
        pytest.param("외무장관들이 우크라이나를 논의한다.", id="Korean, two columns a letter"),
    ],
)
def test_plain_text_fits_a_terminal(sentence: str) -> None:
    mail = a_mail("Ukraine", "우크라이나", title=(sentence + " ") * 5, text=f"{sentence} " * 40)

    text = body(mail, "plain")
    columns = [sum(2 if "가" <= char <= "힣" else 1 for char in line) for line in text.splitlines()]
    assert 60 < max(columns) <= 78
    assert flowing(text).count(sentence.replace("Ukraine", "*Ukraine*").replace("우크라이나", "*우크라이나*")) > 15


def test_a_word_too_long_for_a_line_is_not_cut() -> None:
    address = "https://gazette.example/" + "a" * 90

    assert f"\n  {address}\n  *Ukraine*" in body(a_mail(text=f"{address} Ukraine"), "plain")


def test_french_spaces_bind_where_no_line_may_end() -> None:
    said = "« Un accord » : qui paiera les 5 % de l’Ukraine ? Tous ; et vite !"
    bound = "«\u00a0Un accord\u00a0»\u00a0: qui paiera les 5\u00a0% de l’{}\u00a0? Tous\u00a0; et vite\u00a0!"

    mail = a_mail(title=said, text=said)

    text, html = body(mail, "plain"), body(mail, "html")
    assert text.count(bound.format("*Ukraine*")) == 2
    assert unmarked(html).count(bound.format("Ukraine")) == 2
    assert marked(html) == ["Ukraine", "Ukraine"]
    assert subject(mail) == f"[ukraine] {said}"


def test_the_footer_is_a_signature_to_a_mail_program() -> None:
    """RFC 3676 §4.3: a line of two dashes and a space."""
    for mail in (a_mail(), a_digest(a_waiting()), a_test()):
        text = body(mail, "plain")
        assert text.count("\n-- \n") == 1
        assert text.endswith("Questions: desk@example.org\n")


@pytest.mark.parametrize(
    ("language", "words", "title", "text"),
    [
        pytest.param("uk", "НАТО", "НАТО збирає міністрів", "Об’єднання зусиль у НАТО — єдиний шлях.", id="Ukrainian"),
        pytest.param("ar", "الناتو", "وزراء الناتو في بروكسل", "يجتمع وزراء دول الناتو يوم الثلاثاء.", id="Arabic"),
        pytest.param("zh", "北约", "北约外长讨论乌克兰", "北约外长将于周二举行会议。", id="Chinese"),
        pytest.param("fr", "Œuvre", "Œuvre d’été à l’Élysée", "L’Œuvre — déjà vue — coûte 3 €.", id="French"),
    ],
)
def test_every_script_arrives_with_its_words_marked(language: str, words: str, title: str, text: str) -> None:
    guess = LanguageGuess(language=language, confidence=1, source="script")

    mail = a_mail(words, title=title, text=text, language=guess)

    assert subject(mail) == f"[ukraine] {title}"
    plain, html = body(mail, "plain").replace("\u00a0", " "), unmarked(body(mail, "html")).replace("\u00a0", " ")
    for passage in (title, text):
        assert passage.replace(words, f"*{words}*") in plain
        assert passage in html
    assert marked(body(mail, "html")) == [words, words]
    assert f'lang="{language}"' in body(mail, "html")


def test_an_article_without_title_is_named_by_its_beginning() -> None:
    assert subject(a_mail(title="", text="Un début.")) == "[ukraine] Un début."
    assert subject(a_mail(title="", text="")) == "[ukraine] (no title)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({}, ["Published:   Sun 22 Nov 2026, 13:00 CET"], id="seen in the minute it was published"),
        pytest.param(
            {"seen_at": later(minutes=7)},
            ["Published:   Sun 22 Nov 2026, 13:00 CET", "First seen:  Sun 22 Nov 2026, 13:07 CET"],
            id="seen later",
        ),
        pytest.param(
            {"published_at": None, "published_source": "none"},
            ["Published:   the feed does not say", "First seen:  Sun 22 Nov 2026, 13:00 CET"],
            id="no date",
        ),
        pytest.param(
            {"published_source": "clamped"},
            ["Published:   the feed names a moment in the future", "First seen:  Sun 22 Nov 2026, 13:00 CET"],
            id="a date in the future",
        ),
        pytest.param({"published_source": "updated"}, ["Updated:     Sun 22 Nov 2026, 13:00 CET"], id="only an update"),
        pytest.param(
            {"published_at": NOW.replace(month=7)},
            ["Published:   Wed 22 Jul 2026, 14:00 CEST", "First seen:  Sun 22 Nov 2026, 13:00 CET"],
            id="in summer the zone is another",
        ),
    ],
)
def test_times_are_the_readers(given: dict[str, Any], said: list[str]) -> None:
    lines = body(a_mail(**given), "plain").splitlines()

    times = [line for line in lines if line.startswith(("Published:", "Updated:", "First seen:"))]
    assert times == said


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

    assert f"Language:    {said}\n" in body(a_mail(language=language), "plain")


def test_a_passage_says_its_language_and_finds_its_direction() -> None:
    html = body(a_mail(language=LanguageGuess(language="ar", confidence=1, source="script")), "html")

    assert '<p dir="auto" lang="ar"' in html


def test_a_rule_of_nots_says_that_nothing_had_to_match() -> None:
    article = an_article()
    match = Match(rule="quiet", spans=(), excerpt=excerpt(article.text, ()))

    mail = render.article_mail(
        mail_id="<1@example.org>",
        rule="quiet",
        article=article,
        match=match,
        language=FRENCH,
        feed_title="La Gazette",
        house=HOUSE,
        recipient="desk@example.org",
        now=NOW,
    )

    assert "none of the excluded words" in body(mail, "plain")


def test_many_matched_words_are_counted() -> None:
    words = [f"mot{number}" for number in range(11, 22)]

    text = body(a_mail(*words, title="x", text=" ".join(words)), "plain")

    assert "mot11, mot12, mot13, mot14, mot15, mot16, mot17, mot18 and 3 more" in text


# ── hostile words in HTML ────────────────────────────────────────────────────────────────────────────────────────────

ATTACKS = [
    pytest.param("<script>alert(1)</script>", id="a script"),
    pytest.param('"><img src=x onerror=alert(1)>', id="an image that ends an attribute first"),
    pytest.param("' onmouseover='alert(1)", id="an attribute within an attribute"),
    pytest.param("<svg/onload=alert(1)>", id="a drawing that runs when loaded"),
    pytest.param("</title><iframe src=//evil.example>", id="a frame after the head's title"),
    pytest.param("{{ 7*7 }}{%raw%}", id="our templates' own language"),
    pytest.param("<a href=javascript:alert(1)>x</a>", id="a link that runs"),
    pytest.param('<img src="https://evil.example/pixel.gif">', id="an image that tells on the reader"),
    pytest.param("<style>@import url(//evil.example)</style>", id="a style sheet from elsewhere"),
    pytest.param("--><!-- <b>", id="the end of a comment"),
    pytest.param("&lt;script&gt;", id="markup that is escaped already"),
    pytest.param('<form action="https://evil.example"><input name=password>', id="a form"),
]
OURS = "html head meta title body div p h1 h2 a mark table tr td bdi".split()


def assert_inert(html: str, link: str) -> None:
    """Nothing that runs or is loaded from anywhere, and no way out but the link."""
    tags = Markup(html).tags
    assert {tag for tag, _ in tags} <= set(OURS)
    assert {name for _, attributes in tags for name in attributes} <= {
        *"name content charset lang dir style href role".split()
    }
    assert {attributes["href"] for _, attributes in tags if "href" in attributes} == {link}
    assert not [attributes for _, attributes in tags if "url(" in (attributes.get("style") or "")]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", ["title", "text", "authors", "feed_title", "rule"])
def test_markup_in_a_feed_is_text_in_the_mail(field: str, attack: str) -> None:
    mail = a_mail("alert", **{field: (attack,) if field == "authors" else attack})

    assert_inert(body(mail, "html"), "https://gazette.example/2026/11/22/otan-ukraine")
    assert attack in unescape(unmarked(body(mail, "html")))


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_a_feed_is_text_in_the_digest(attack: str) -> None:
    waiting = a_waiting(title=attack, feed_title=attack, rule=attack, excerpt=Excerpt(text=attack, marks=((0, 3),)))

    html = body(a_digest(waiting), "html")

    assert_inert(html, "https://gazette.example/1")
    assert unescape(unmarked(html)).count(attack) == 4  # title, excerpt, feed, rule


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("javascript:alert(1)", id="a script"),
        pytest.param("JaVaScRiPt:alert(1)", id="a script in mixed case"),
        pytest.param("java\tscript:alert(1)", id="a script with a tab that browsers overlook"),
        pytest.param("javascript://a.example/%0aalert(1)", id="a script with a host"),
        pytest.param("data:text/html,x", id="a page within the link"),
        pytest.param("//evil.example/x", id="no scheme"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("https:///nohost", id="no host"),
        pytest.param("https://[broken/", id="no address between the brackets"),
        pytest.param('https://a.example/"onclick="x', id="a quote"),
        pytest.param("https://a.example/\r\nx", id="two lines"),
        pytest.param("https://a.example/ x", id="a space"),
        pytest.param("https://a.example/\u202egpj.exe", id="letters that read backwards"),
        pytest.param(None, id="no link"),
    ],
)
def test_only_web_links_are_links(link: str | None) -> None:
    article, digest = a_mail(link=link), a_digest(a_waiting(link=link))

    for mail in (article, digest):
        assert not [tag for tag, _ in Markup(body(mail, "html")).tags if tag == "a"]
        assert "evil.example" not in body(mail, "plain")


def test_a_link_keeps_its_every_character() -> None:
    link = "https://a.example/новини?a=1&b=2&copy=%22#l’été"

    mail = a_mail(link=link)

    assert_inert(body(mail, "html"), link)
    assert f"\n{link}\n" in body(mail, "plain")


def test_a_mail_is_readable_on_light_and_on_dark() -> None:
    """Every colour set on a text brings its own background; no background comes without its text's colour."""
    html = body(a_mail(), "html")

    styles = [attributes.get("style") or "" for _, attributes in Markup(html).tags]
    assert '<meta name="color-scheme" content="light dark">' in html
    assert all(bool(re.search(r"(^|;)color:", style)) == ("background" in style) for style in styles)


# ── digests and tests ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_groups_by_rule_and_begins_with_the_newest() -> None:
    mail = a_digest(
        a_waiting(id=1, title="early", rule="ukraine"),
        a_waiting(id=2, title="undated", rule="ukraine", published_at=None, first_seen_at=later(minutes=30)),
        a_waiting(id=3, title="other", rule="otan"),
        a_waiting(id=4, title="late", rule="ukraine", published_at=later(hours=1)),
    )

    text = body(mail, "plain")
    order = ["== ukraine (3) ==", "late", "undated", "early", "== otan (1) ==", "other"]
    assert [text.index(piece) for piece in order] == sorted(text.index(piece) for piece in order)
    assert subject(mail) == "[morning] 4 articles: ukraine (3), otan (1)"
    assert "Sun 22 Nov 2026, 14:00 CET · La Gazette" in text
    assert "first seen Sun 22 Nov 2026, 13:30 CET · La Gazette" in text


def test_a_digest_of_one_says_article() -> None:
    assert subject(a_digest(a_waiting())) == "[morning] 1 article: ukraine (1)"


def test_a_digest_item_says_where_when_and_what_matched() -> None:
    mail = a_digest(a_waiting(carriers=3))

    assert "Sun 22 Nov 2026, 13:00 CET · La Gazette · French (fr) · carried by 3 feeds\n" in body(mail, "plain")
    assert "La Gazette · Sun 22 Nov 2026, 13:00 CET · French (fr) · carried by 3 feeds\n" in unmarked(
        body(mail, "html")
    )
    assert "\nhttps://gazette.example/1\n  … de l’*Ukraine*.\n" in body(mail, "plain")
    assert marked(body(mail, "html")) == ["Ukraine"]


def test_a_match_in_a_title_is_not_shown_twice_in_a_digest() -> None:
    title = "L’Ukraine à l’ordre du jour"

    text = body(a_digest(a_waiting(title=title, excerpt=Excerpt(text=title, marks=((2, 9),)))), "plain")

    assert text.count("ordre du jour") == 1
    assert "L’*Ukraine* à l’ordre du jour" in text


def test_a_digest_item_without_any_words_is_still_there() -> None:
    mail = a_digest(a_waiting(title="", excerpt=Excerpt(text="", marks=()), language="und", carriers=1))

    assert "\n(no title)\n" in body(mail, "plain")
    assert "· language not recognised\n" in body(mail, "plain")


def test_a_test_message_names_its_channel() -> None:
    mail = a_test()

    assert subject(mail) == "[monitor] the channel desk works"
    for said in (body(mail, "plain"), body(mail, "html")):
        assert "The channel “desk” works" in said
        assert "This test was sent at Sun 22 Nov 2026, 13:00 CET to desk@example.org." in said


@pytest.mark.parametrize(
    ("priority", "headers"), [("high", ("high", "1")), ("low", ("low", "5")), ("normal", (None, None))]
)
def test_a_mail_is_marked_as_its_rule_says(priority: str, headers: tuple[str | None, str | None]) -> None:
    message = parsed(a_mail(priority=priority))

    assert (message["Importance"], message["X-Priority"]) == headers
