"""Messages for tests: what they tell of, and how a reader's program takes them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from monitor.model import Bundle, LanguageGuess, NewMessage, Reader, RuleSpec, TellingArticle, Waiting
from monitor.render import Job, compose
from monitor.text import excerpt
from tests.factories import HOUSE, NOW, later

FRENCH = LanguageGuess(language="fr", confidence=0.98, source="detected")
HALF_A_PAIR = "l’Ukraine \ud800"  # half of a surrogate pair: no encoding has bytes for it


def told(*, alert: int = 1, words: Sequence[str] = ("Ukraine",), **given: Any) -> TellingArticle:
    """What an alert tells of. Its words are those that matched; its excerpt follows from text and words."""
    text = given.get("lead", "Les ministres de l’OTAN se réunissent mardi à Bruxelles pour parler de l’Ukraine.")
    spans = [found.span() for found in re.finditer("|".join(map(re.escape, words)), text)] if words else []
    article = TellingArticle(
        alert=alert,
        kind="article",
        rule="ukraine",
        story=alert,
        article=alert,
        identity=f"gazette {alert}",
        feed="gazette",
        outlet="La Gazette",
        country="FR",
        title="L’OTAN réunit ses ministres sur l’Ukraine",
        lead=text,
        is_whole=True,
        link="https://gazette.example/2026/11/22/otan-ukraine",
        authors=(),
        language=FRENCH,
        published_at=NOW,
        published_source="published",
        first_seen_at=NOW,
        excerpt=excerpt(text, spans),
        words=tuple(words),
        score=1.0,
        relation=None,
        before=None,
        outlets=("La Gazette",),
    )
    return replace(article, **given)


def a_job(*articles: TellingArticle, kind: str = "story", why: str | None = None, **given: Any) -> Job:
    """A message in the making; what is no field of a job describes its bundle."""
    is_of_rule = kind in ("story", "followup", "group", "summary")
    whys = {"followup": "followup", "summary": "burst", "overflow": "quiet", "digest": "digest"}
    bundle = Bundle(
        kind=kind,
        channel=given.pop("channel", "desk"),
        recipient=given.pop("recipient", "desk@example.org"),
        why=why or whys.get(kind, "group"),
        deliveries=tuple(_waiting(article) for article in articles),
        rule=articles[0].rule if is_of_rule else None,
        digest=given.pop("digest", "morning") if kind == "digest" else None,
        part=given.pop("part", (1, 1)),
    )
    rules = {article.rule: RuleSpec(name=article.rule, query="Ukraine") for article in articles}
    job = Job(
        bundle=bundle, articles=articles, form="mail", house=HOUSE, reader=Reader(), now=later(minutes=1), rules=rules
    )
    return replace(job, **given)


def a_message(*articles: TellingArticle, **given: Any) -> NewMessage:
    """A composed message."""
    return compose(a_job(*articles, **given))


def a_mail(*articles: TellingArticle, **given: Any) -> bytes:
    """The bytes of one."""
    return a_message(*articles, **given).message


def a_story(*, words: Sequence[str] = ("Ukraine",), **given: Any) -> bytes:
    """The mail on one article, which is what is given of it."""
    return a_mail(told(words=words, **given))


def in_french(*articles: TellingArticle, **given: Any) -> bytes:
    """The mail to somebody who reads French."""
    return a_mail(*articles, reader=Reader(language="fr"), **given)


def _waiting(article: TellingArticle) -> Waiting:
    return Waiting(
        id=article.alert,
        alert=article.alert,
        rule=article.rule,
        story=article.story,
        channel="desk",
        recipient="desk@example.org",
        created_at=NOW,
        due_at=NOW,
        why="group",
        digest=None,
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
    """The words that are marked."""
    return re.findall(r"<mark>([^<]*)</mark>", html)


def shown(html: str) -> str:
    """The text of the body, of which nothing is hidden."""
    body = html.partition("</head>")[2]
    return re.sub(r"<[^>]*>", "", re.sub(r'<div style="display:none[^>]*>[^<]*</div>', "", body))


def preview(html: str) -> str:
    """What a phone shows beside the subject."""
    found = re.search(r'<div style="display:none[^>]*>([^<]*)</div>', html)
    return found[1] if found else ""


def flowing(text: str) -> str:
    """Plain text without its lines."""
    return " ".join(text.split())
