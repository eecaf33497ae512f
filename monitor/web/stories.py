"""A story: who carried it when, and what changed; and an article, with all there is to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from monitor.archive import Explanation, StoryRow
from monitor.archive.browsed import BrowsedArchive
from monitor.changes import Paragraph, changes
from monitor.charts import spread
from monitor.render.passages import marks_of
from monitor.render.words import Words
from monitor.web.shown import Passage, passage
from monitor.web.site import Ask, NotFound, Site

MEMBERS = 60  # articles of a story that are gone into
POINTS = 25  # outlets in the chart
VERSIONS = 20  # of an article, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of an article's title and text at an instant."""

    at: datetime
    article: int
    title: tuple[Paragraph, ...]  # empty: it stayed
    text: tuple[Paragraph, ...]  # those that changed, with what stands before and after


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A line of a story's timeline."""

    at: datetime
    kind: str  # first, carrier, joined, change, alert
    article: int
    outlet: str
    title: str = ""
    link: str | None = None
    language: str = "und"
    relation: str = ""  # how the article belongs to the story
    score: float | None = None
    change: Change | None = None
    alert: int | None = None
    rule: str = ""
    state: str = ""


def story(site: Site, ask: Ask) -> Mapping[str, Any]:
    """One story, or one event."""
    kind = "event" if ask.named.get("kind") == "events" else "story"
    number = int(ask.named["number"])
    with site.reading() as archive:
        row = archive.story_row(number, kind)
        if row is None:
            raise NotFound(ask.words("web_no_story", number=number))
        members = row.members[:MEMBERS]
        known = [found for member in members if (found := archive.explain(member.id)) is not None]
        texts = {found.id: _text(archive, found.id) for found in known if found.versions}
        titles = archive.feed_titles({carrier.feed for found in known for carrier in found.carriers})
        words = archive.matched_words(row.members[0].id) if row.members else ()
    happenings = sorted(_happenings(known, texts, titles, row), key=lambda each: (each.at, each.article))
    rules = sorted({raised.rule for found in known for raised in found.rules})
    return {
        "story": row,
        "kind": kind,
        "title": passage(row.title, marks_of(row.title, words), members[0].language if members else "und"),
        "happenings": happenings,
        "rules": rules,
        "more": len(row.members) - len(members),
        "chart": Markup(_spread(happenings, row, ask.words)),
        "link": members[0].link if members else None,
        "event": known[0].event.id if kind == "story" and known and known[0].event else None,
    }


def _happenings(
    known: Sequence[Explanation], texts: Mapping[int, tuple[str, str]], titles: Mapping[str, str], row: StoryRow
) -> list[Happening]:
    found: list[Happening] = []
    members = {member.id: member for member in row.members}
    for article in known:
        member = members[article.id]
        for number, carrier in enumerate(article.carriers):
            first = number == 0
            found.append(
                Happening(
                    at=carrier.seen_at,
                    kind=("joined" if member.relation else "first") if first else "carrier",
                    article=article.id,
                    outlet=titles.get(carrier.feed, carrier.feed),
                    title=article.title,
                    link=carrier.link or article.link,
                    language=article.language,
                    relation=member.relation or "",
                    score=member.score if first else None,
                )
            )
        for change in changes_of(article, texts.get(article.id, ("", ""))):
            outlet = titles.get(member.feed, member.feed)
            found.append(Happening(at=change.at, kind="change", article=article.id, outlet=outlet, change=change))
        found += [
            Happening(
                at=raised.matched_at,
                kind="alert",
                article=article.id,
                outlet=titles.get(member.feed, member.feed),
                alert=raised.alert,
                rule=raised.rule,
                state=raised.state or "",
            )
            for raised in article.rules
            if raised.alert is not None
        ]
    return found


def changes_of(article: Explanation, now_says: tuple[str, str]) -> tuple[Change, ...]:
    """What changed of an article from version to version, oldest first."""
    versions = [(version.seen_at, version.title, version.text) for version in article.versions]
    if not versions or article.updated_at is None:
        return ()
    versions.append((article.updated_at, *now_says))
    versions = versions[-VERSIONS:]
    found = []
    for (_, title, text), (at, new_title, new_text) in pairwise(versions):
        found.append(
            Change(
                at=at,
                article=article.id,
                title=changes(title, new_title) if title != new_title else (),
                text=_around(changes(text, new_text)),
            )
        )
    return tuple(found)


def _around(paragraphs: Sequence[Paragraph]) -> tuple[Paragraph, ...]:
    """What changed, with a paragraph before and after."""
    near = {at + step for at, paragraph in enumerate(paragraphs) if paragraph.changed for step in (-1, 0, 1)}
    return tuple(paragraph for at, paragraph in enumerate(paragraphs) if at in near)


def _text(archive: BrowsedArchive, number: int) -> tuple[str, str]:
    row = archive.search_row(number)
    return (row.title, row.text) if row else ("", "")


def _spread(happenings: Sequence[Happening], row: StoryRow, words: Words) -> str:
    """Who carried the story when; empty for a story of one outlet."""
    firsts: dict[str, datetime] = {}
    for each in happenings:
        if each.kind in ("first", "joined", "carrier"):
            firsts.setdefault(each.outlet, each.at)
    if len(firsts) < 2:
        return ""
    begin = min(firsts.values())
    whole = max((max(firsts.values()) - begin).total_seconds(), 1.0)
    points = [
        ((at - begin).total_seconds() / whole, name, f"{name}: {words.moment(at)}")
        for name, at in list(firsts.items())[:POINTS]
    ]
    return spread(
        points,
        ends=(words.moment(begin), words.moment(max(firsts.values()))),
        title=words("web_spread_title"),
        description=words("web_spread_told", n=len(firsts)),
    )


# ── an article ───────────────────────────────────────────────────────────────────────────────────────────────────────


def article(site: Site, ask: Ask) -> Mapping[str, Any]:
    """One article."""
    number = int(ask.named["number"])
    with site.reading() as archive:
        known = archive.explain(number)
        row = archive.search_row(number)
        if known is None or row is None:
            raise NotFound(ask.words("web_no_article", number=number))
        words = archive.matched_words(number)
        titles = archive.feed_titles({carrier.feed for carrier in known.carriers})
    paragraphs = [
        passage(paragraph, marks_of(paragraph, words), row.language) for paragraph in row.text.split("\n") if paragraph
    ]
    return {
        "article": known,
        "row": row,
        "title": passage(row.title, marks_of(row.title, words), row.language),
        "paragraphs": paragraphs,
        "excerpts": {raised.rule: _excerpt(raised.excerpt, raised.marks, row.language) for raised in known.rules},
        "titles": titles,
        "changes": changes_of(known, (row.title, row.text)),
    }


def _excerpt(text: str, marks: tuple[tuple[int, int], ...], language: str) -> Passage:
    return passage(text, marks, language)
