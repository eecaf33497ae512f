"""Whatever a feed wrote is words in a mail: nothing runs, nothing is loaded, nothing leads away but the article."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from monitor.model import Excerpt
from tests.mails import body
from tests.render.builders import Markup, a_mail, a_story, told

LINK = "https://gazette.example/2026/11/22/otan-ukraine"
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
    pytest.param("</div></body><meta http-equiv=refresh content=0;//e.example>", id="another page"),
    pytest.param('x" style="background:url(//evil.example)', id="a style of its own"),
    pytest.param("<base href=//e.example><link rel=prefetch href=//e.example>", id="where links lead"),
    pytest.param("<math><mtext><mglyph><style><img src onerror=alert(1)>", id="mutation"),
]
ELEMENTS = set("html head meta title style body div p h1 h2 a mark table tr td bdi ul li span code br b".split())
OUR_STYLE = "mark{background-color:#ffe08a;color:#1b1b1b;border-radius:2px}a{text-decoration:none}"
ATTRIBUTES = set("name content charset lang dir style href role".split())


def assert_inert(html: str, *links: str) -> None:
    """Nothing that runs or is loaded from anywhere, and no way out but these links."""
    tags = Markup(html).tags
    assert {tag for tag, _ in tags} <= ELEMENTS
    assert {name for _, attributes in tags for name in attributes} <= ATTRIBUTES
    assert {attributes["href"] for _, attributes in tags if "href" in attributes} == set(links)
    assert not [attributes for _, attributes in tags if "url(" in (attributes.get("style") or "")]
    assert re.findall(r"<style>(.*?)</style>", html, re.DOTALL) == [OUR_STYLE]


def texts(html: str) -> str:
    """What stands between the tags, shown or not."""
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", ["title", "lead", "authors", "outlet", "outlets", "rule", "words", "country"])
def test_markup_in_a_story_is_text(field: str, attack: str) -> None:
    given: Any = {"title": attack + " Ukraine"} if field == "title" else {}
    given |= {field: ("La Gazette", attack)} if field in ("authors", "outlets", "words") else {field: attack}

    html = body(a_mail(told(**given)), "html")

    assert_inert(html, LINK)
    assert attack in texts(html)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", ["group", "summary", "overflow", "digest"])
def test_markup_in_a_mail_of_many_is_text(kind: str, attack: str) -> None:
    article = told(
        title=attack, outlet=attack, rule=attack, excerpt=Excerpt(text=f"{attack} …", marks=((0, 3),)), country=attack
    )
    further = told(alert=2, story=1, title=attack, outlet=attack, rule=attack, link="https://phare.example/")

    html = body(a_mail(article, further, kind=kind), "html")

    assert_inert(html, LINK, "https://phare.example/")
    assert texts(html).count(attack) >= 5


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_what_is_new_of_a_story_is_text(attack: str) -> None:
    html = body(a_mail(told(kind="carrier", outlet=attack, before=attack), kind="followup"), "html")

    assert_inert(html, LINK)
    assert attack in texts(html)


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
    further = told(alert=2, story=1, link=link)

    for mail in (a_story(link=link), a_mail(told(link=link), further, kind="digest")):
        assert not [tag for tag, _ in Markup(body(mail, "html")).tags if tag == "a"]
        assert "evil.example" not in body(mail, "plain")


def test_a_link_keeps_its_every_character() -> None:
    link = "https://a.example/новини?a=1&b=2&copy=%22#l’été"

    mail = a_story(link=link)

    assert_inert(body(mail, "html"), link)
    assert f"\n{link}\n" in body(mail, "plain")


@pytest.mark.parametrize("words", ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\rb", "a\x08b"])
def test_nothing_steers_the_terminal_that_shows_the_text(words: str) -> None:
    """What comes from a feed is clean by then; what is not stays within its line as far as a mail can see to it."""
    text = body(a_story(outlet=words, authors=(words,)), "plain")

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\x08" not in text
