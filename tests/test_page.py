"""A page becomes the article on it, or the reason why not."""

from __future__ import annotations

import json

import pytest

from monitor.model import NoPage, Page
from monitor.page import extract

SENTENCE = "Les dirigeants de trente et un pays se sont réunis mardi à Vilnius pour parler de la sécurité du continent."
ARTICLE = "".join(
    f"<p>{sentence}</p>"
    for sentence in (
        SENTENCE,
        "Le président ukrainien a demandé une invitation claire, que plusieurs gouvernements refusent encore.",
        "« Nous avons besoin d'une date », a-t-il déclaré devant les journalistes rassemblés au palais.",
        "Les discussions doivent reprendre mercredi matin, avant une conférence de presse prévue à midi.",
    )
)


def a_page(article: str = ARTICLE, *, head: str = "", before: str = "", after: str = "") -> bytes:
    """A page as newsrooms make them: navigation, the article, what else there is to read."""
    menu = '<nav><ul><li><a href="/">Accueil</a></li><li><a href="/monde">Monde</a></li></ul></nav>'
    title = "<h1>Un sommet à Vilnius</h1>"
    body = f"{menu}<main><article>{title}{before}{article}{after}</article></main><footer>Mentions légales</footer>"
    return f"<!DOCTYPE html><html lang='fr'><head>{head}</head><body>{body}</body></html>".encode()


def read(body: bytes, content_type: str | None = "text/html; charset=utf-8") -> Page | NoPage:
    """The page, as it came from one address."""
    return extract(body, url="https://gazette.example/monde/sommet?x=1", content_type=content_type)


def text_of(body: bytes, content_type: str | None = "text/html; charset=utf-8") -> str:
    """The text of a page that has one."""
    page = read(body, content_type)
    assert isinstance(page, Page), page
    return page.text


def test_the_article_is_its_paragraphs_a_line_each_without_the_title_and_what_surrounds_it() -> None:
    lines = text_of(a_page()).split("\n")

    assert lines[0] == SENTENCE
    assert len(lines) == 4
    assert lines[-1].endswith("prévue à midi.")


def test_a_page_says_how_it_is_called_and_in_which_language_and_under_which_address() -> None:
    head = '<link rel="canonical" href="/monde/sommet"><meta property="og:title" content="Vilnius">'

    page = read(a_page(head=head))

    assert isinstance(page, Page)
    assert (page.title, page.language) == ("Un sommet à Vilnius", "fr")
    assert page.canonical == "https://gazette.example/monde/sommet"
    assert page.free


@pytest.mark.parametrize(
    ("root", "head", "language"),
    [
        pytest.param("lang='uk'", "<meta property='og:locale' content='ru_RU'>", "uk", id="the root element is first"),
        pytest.param("", "<meta property='og:locale' content='pt_BR'>", "pt-BR", id="then Open Graph"),
        pytest.param("", "<meta http-equiv='Content-Language' content='de, en'>", "de", id="then Content-Language"),
        pytest.param("lang='???'", "", None, id="what is no tag is no language"),
    ],
)
def test_the_declared_language_is_read_where_pages_declare_it(root: str, head: str, language: str | None) -> None:
    page = read(f"<html {root}><head>{head}</head><body><article>{ARTICLE}</article></body></html>".encode())

    assert isinstance(page, Page)
    assert page.language == language


def test_the_standfirst_above_the_article_is_part_of_it_when_the_page_declares_it() -> None:
    standfirst = "Une réunion de deux jours que personne ne voulait manquer"
    head = f'<meta property="og:description" content="{standfirst}…">'
    body = f"<html><head>{head}</head><body><header><h2>{standfirst}, selon nos informations</h2></header><article>"

    assert text_of(f"{body}{ARTICLE}</article></body></html>".encode()).startswith(f"{standfirst}, selon nos")


def test_a_description_that_nobody_can_read_on_the_page_is_not_made_part_of_it() -> None:
    head = '<meta name="description" content="Abonnez-vous pour lire le meilleur de toute la presse">'

    assert "Abonnez" not in text_of(a_page(head=head))


def test_a_paragraph_that_only_leads_elsewhere_is_left_out() -> None:
    signpost = '<p>À lire aussi : <a href="/autre">Ce que Vilnius attend de ses hôtes étrangers</a></p>'
    linked = 'Le texte cite <a href="/doc">un document</a> que la presse a publié lundi soir sans commentaire.'

    text = text_of(a_page(after=f"{signpost}<p>{linked}</p>"))

    assert "attend de ses hôtes" not in text
    assert "un document que la presse" in text


def test_a_text_that_only_the_linked_data_holds_is_the_article() -> None:
    about = {"@graph": [{"@type": "NewsArticle", "articleBody": f"<p>{SENTENCE}</p><p>{SENTENCE}</p>"}]}
    head = f'<script type="application/ld+json">{json.dumps(about)}</script>'

    assert text_of(a_page("<div id='app'></div>", head=head)) == f"{SENTENCE}\n{SENTENCE}"


def test_linked_data_that_says_so_marks_a_page_as_not_open_to_everybody() -> None:
    head = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>'

    page = read(a_page(head=head))

    assert isinstance(page, Page)
    assert not page.free


@pytest.mark.parametrize(
    ("encoding", "content_type", "head"),
    [
        pytest.param("utf-8", None, "", id="nothing said"),
        pytest.param("utf-8", "text/html; charset=iso-8859-1", "", id="a wrong header"),
        pytest.param("iso-8859-15", "text/html; charset=iso-8859-15", "", id="the header"),
        pytest.param("cp1252", "text/html", "<meta charset=windows-1252>", id="the page"),
        pytest.param(
            "iso-8859-1",
            None,
            '<meta http-equiv="Content-Type" content="text/html; charset=latin1">',
            id="in the old way",
        ),
        pytest.param("utf-16", "text/html", "", id="a byte order mark"),
        pytest.param("cp1252", "text/html; charset=rot13", "<meta charset=hex>", id="codecs that are no encodings"),
    ],
)
def test_the_text_is_decoded_as_it_was_encoded(encoding: str, content_type: str | None, head: str) -> None:
    assert SENTENCE in text_of(a_page(head=head).decode().encode(encoding), content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        pytest.param(b"", "text/html", "the page is empty", id="nothing"),
        pytest.param(
            b"%PDF-1.7 ...", "application/pdf", "the page is application/pdf, not a web page", id="another type"
        ),
        pytest.param(b"%PDF-1.7 ...", "text/html", "the page is not HTML", id="another type that is not named"),
        pytest.param(bytes(range(256)) * 40, None, "the page is not HTML", id="bytes"),
        pytest.param(b"<html><body>Soon.</body></html>", None, "the page has hardly any text", id="a stub"),
        pytest.param(
            b"<html><title>Just a moment...</title><body><script src=/cdn-cgi/challenge-platform/x.js></script>"
            b"<p>Checking your browser before you reach the site. This takes a few seconds only. Please wait for us "
            b"to be done with it and do not close this window.</p></body></html>",
            "text/html",
            "the page wants to be shown that a browser asks",
            id="a challenge",
        ),
        pytest.param(
            b"<html><body><h1>Welcome back</h1><form><p>Log in with your address and your password to read on, or "
            b"become a subscriber today; it takes a minute and costs little.</p><input type=password></form></body>",
            "text/html",
            "the page wants a login",
            id="a login",
        ),
        pytest.param(
            b"<html><body><form action=https://consent.example/save><p>We and our partners store cookies. Say yes."
            b"</p></form></body></html>",
            "text/html",
            "the page wants consent first",
            id="a consent wall",
        ),
        pytest.param(
            b'<html><script type="application/ld+json">{"isAccessibleForFree": false}</script><p>Subscribe.</p>',
            "text/html",
            "the page is for subscribers",
            id="a paywall",
        ),
    ],
)
def test_a_page_without_an_article_says_why(body: bytes, content_type: str | None, why: str) -> None:
    assert read(body, content_type) == NoPage(why=why)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html><body>" + b"<a " * 20_000, id="60 KB of unfinished links"),
        pytest.param(b"<html><body>" + b"<a " * 300_000, id="more tags than any page has"),
        pytest.param(b"<html><body>" + b"<div>" * 100_000 + b"text", id="nested 100,000 deep"),
        pytest.param(b"<html><body><p>" + b"word " * 2_000_000, id="10 MB of text"),
        pytest.param(b"<html><body>" + b"<table><tr><td>" * 3_000, id="tables in tables"),
        pytest.param(b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script><p>x", id="deep JSON"),
        pytest.param(b'<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><p>&b;&b;', id="entities"),
        pytest.param(b"<html><body>\0\0<p>\0" + b"\xed\xa0\x80" * 100, id="NULs and lone surrogates"),
        pytest.param(
            b"<html lang='\xff'><base href='http://['><link rel=canonical href='http://['><p>x", id="bad links"
        ),
    ],
)
def test_a_hostile_page_is_a_page_without_an_article(body: bytes) -> None:
    assert isinstance(read(body), NoPage)


def test_what_is_hostile_in_a_page_with_an_article_is_gone_from_its_text() -> None:
    text = text_of(a_page(f"{ARTICLE}<p>Deux\0 mots\u202e de trop, ou\u200b peut-être trois, disait-on encore.</p>"))

    assert text.endswith("Deux mots de trop, ou peut-être trois, disait-on encore.")


def test_the_same_page_gives_the_same_text_however_often_it_is_read() -> None:
    assert len({text_of(a_page()) for _ in range(5)}) == 1
