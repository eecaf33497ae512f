"""Templates tried on what they will meet, before they are needed: each mail there is, in each language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from traceback import extract_tb

from jinja2 import TemplateError, TemplateSyntaxError

from monitor.model import (
    Bundle,
    Condition,
    End,
    Excerpt,
    FeedTrouble,
    House,
    LanguageGuess,
    Notice,
    Outcome,
    Pulse,
    Reader,
    TellingArticle,
    Trend,
    Waiting,
)
from monitor.render.layout import Facts, Templates, laid_out
from monitor.render.notices import notice_facts, test_facts
from monitor.render.telling import Job, facts_of
from monitor.render.words import LANGUAGES

_NOW = datetime(2027, 3, 31, 12, tzinfo=UTC)


def faults(templates: Templates) -> tuple[tuple[str, str], ...]:
    """What is wrong with a user's templates: (file name, what), each file once. Empty: nothing."""
    found: dict[str, str] = {}
    for template, facts in _trials(templates):
        try:
            laid_out(template, facts, templates)
        except TemplateSyntaxError as fault:
            found.setdefault(fault.name or template, f"line {fault.lineno}: {fault.message}")
        except Exception as fault:  # whatever a template's expressions may raise
            what = fault.message if isinstance(fault, TemplateError) else f"{type(fault).__name__}: {fault}"
            name, line = _blamed(fault, templates) or (f"{template}.txt.j2", 1)
            found.setdefault(name, f"line {line}: {what}")
    return tuple(sorted(found.items()))


def _blamed(fault: BaseException, templates: Templates) -> tuple[str, int] | None:
    """The innermost of the user's templates that a fault came through, and the line."""
    names = {name for name, _ in templates}
    frames = extract_tb(fault.__traceback__)
    return next(((frame.filename, frame.lineno or 1) for frame in reversed(frames) if frame.filename in names), None)


def _trials(templates: Templates) -> Iterator[tuple[str, Facts]]:
    house = House(contact="desk@example.org", sender="desk@example.org", timezone="UTC", templates=templates)
    articles = (_article(1), _article(2, kind="revision", before="Before"), _article(3, rule="other", words=()))
    for language in LANGUAGES:
        for kind, told in (
            ("story", articles[:1]),
            ("followup", articles[1:2]),
            ("group", articles[:2]),
            ("summary", articles[:2]),
            ("overflow", articles),
            ("digest", articles),
            ("digest", ()),
        ):
            yield facts_of(_job(kind, told, house, language))
    trouble = FeedTrouble(
        feed="gazette",
        title="La Gazette",
        outcome=Outcome.TIMEOUT,
        status=None,
        failures=5,
        since=_NOW,
        error="no answer",
        next_poll_at=_NOW,
        reported_at=_NOW,
    )
    began = Condition(kind="rule_spike", subject="Ukraine", since=_NOW, count=40, usual=8.5)
    pulse = Pulse(
        since=_NOW,
        feeds=42,
        failing=1,
        articles=1310,
        sent=12,
        waiting=0,
        queued=0,
        dead=1,
        coverage=0.998,
        gaps=(("gazette", 2),),
        conditions=(began,),
    )
    end = End(host="desk", unit="monitor.service", since=_NOW, why="exit-code", log=("a line",))
    for language in LANGUAGES:
        for notice in (
            Notice(
                failing=(trouble,),
                working=(trouble,),
                storms=(("gazette", 40),),
                begun=(began,),
                ended=(began,),
                feeds=5,
            ),
            Notice(pulse=pulse, feeds=42),
            Notice(end=end, feeds=42),
        ):
            yield "notice", notice_facts(notice, house=house, now=_NOW, reader=Reader(language=language))
        reader = Reader(language=language)
        yield "test", test_facts(channel="desk", house=house, recipient="desk@example.org", now=_NOW, reader=reader)


def _job(kind: str, articles: tuple[TellingArticle, ...], house: House, language: str) -> Job:
    one_rule = kind in ("story", "followup", "group", "summary")
    whys = {"followup": "followup", "summary": "burst", "overflow": "quiet", "digest": "digest"}
    bundle = Bundle(
        kind=kind,
        channel="desk",
        recipient="desk@example.org",
        why=whys.get(kind, "group"),
        deliveries=tuple(_waiting(article) for article in articles),
        rule=articles[0].rule if one_rule else None,
        digest="morning" if kind == "digest" else None,
    )
    return Job(
        bundle=bundle,
        articles=articles,
        form="mail",
        house=house,
        reader=Reader(language=language),
        now=_NOW,
        rules={},
        trends=(Trend(rule="Ukraine", matches=12, usual=8.5),),
        told_lately=20,
    )


def _waiting(article: TellingArticle) -> Waiting:
    return Waiting(
        id=article.alert,
        alert=article.alert,
        rule=article.rule,
        story=article.story,
        channel="desk",
        recipient="desk@example.org",
        created_at=_NOW,
        due_at=_NOW,
        why="group",
        digest=None,
    )


def _article(
    number: int,
    *,
    kind: str = "article",
    rule: str = "Ukraine",
    before: str | None = None,
    words: tuple[str, ...] = ("Ukraine",),
) -> TellingArticle:
    return TellingArticle(
        alert=number,
        kind=kind,
        rule=rule,
        story=number,
        article=number,
        identity=f"gazette {number}",
        feed="gazette",
        outlet="La Gazette",
        country="FR" if number == 1 else None,
        title="L’Ukraine au menu" if number < 3 else "",
        lead="Une dépêche de l’Ukraine.\nEt sa suite.",
        is_whole=True,
        link="https://gazette.example/1" if number == 1 else None,
        authors=("Anne Auteur",) if number == 1 else (),
        language=LanguageGuess(language="fr" if number < 3 else "und", confidence=0.9, source="detected"),
        published_at=_NOW - timedelta(hours=1) if number == 1 else None,
        published_source="published" if number == 1 else "none",
        first_seen_at=_NOW,
        excerpt=Excerpt(text="… de l’Ukraine.", marks=((7, 14),)) if words else Excerpt(text="", marks=()),
        words=words,
        score=1.0,
        relation=None,
        before=before,
        outlets=("La Gazette", "Le Courrier") if number == 1 else ("La Gazette",),
    )
