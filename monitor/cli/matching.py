"""Rules held against the archive, as they are held against what a poll brings: for `search` and the group `rules`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from monitor.model import Article, FeedSpec, Match, Outlet

if TYPE_CHECKING:
    from monitor.archive import SearchRow
    from monitor.rules import Document, Rule, RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An article that a search or a rule found; the fields are the keys of `monitor search --json`."""

    id: int
    feed: str  # its first carrier
    language: str
    first_seen_at: datetime
    published_at: datetime | None
    title: str
    title_marks: tuple[tuple[int, int], ...]  # (start, end) of the matched words in the title
    link: str | None
    excerpt: str
    marks: tuple[tuple[int, int], ...]  # (start, end) of the matched words in the excerpt
    score: float  # 1 where the rule has no weights


def hit_of(row: SearchRow, match: Match) -> Hit:
    """A match as people and scripts get it."""
    from monitor.text import excerpt

    passage = excerpt(row.text, [(span.start, span.end) for span in match.spans if span.field == "text"])
    return Hit(
        id=row.id,
        feed=row.feed,
        language=row.language,
        first_seen_at=row.first_seen_at,
        published_at=row.published_at,
        title=row.title,
        title_marks=tuple((span.start, span.end) for span in match.spans if span.field == "title"),
        link=row.link,
        excerpt=passage.text,
        marks=passage.marks,
        score=match.score,
    )


def print_hit(hit: Hit, *, with_score: bool = False, before: str = "") -> None:
    """An article with what was found in it, and a line of air."""
    from monitor import show

    score = f"  score {hit.score:g}" if with_score else ""
    show.line(f"{before}{show.cell(hit.first_seen_at)}  {hit.feed}  [{hit.language}]  #{hit.id}{score}")
    show.marked(hit.title, hit.title_marks, indent=2)
    show.marked(hit.excerpt, hit.marks, indent=2)
    show.line(f"  {hit.link or '(no link)'}")
    show.line()


def documents_of(row: SearchRow, feeds: Mapping[str, FeedSpec]) -> Iterator[Document]:
    """An archived article as each feed that carries it brings it to the rules, the first carrier first.

    What feeds.yaml says of a feed comes before what the archive knows of it: a tag counts as soon as it is written.
    """
    from monitor.rules import Document

    for carrier in row.carriers:
        yield Document.of(
            row.title,
            row.text,
            author="\n".join(row.authors),
            link=row.link or "",
            outlet=_as_configured(carrier, feeds.get(carrier.feed)),
            categories=row.categories,
            language=row.language,
        )


def article_of(row: SearchRow) -> Article:
    """An archived article as a mail tells of it. What entries are compared by is not known any more, nor needed."""
    return Article(
        feed=row.feed,
        entry_key=row.entry_key,
        guid=row.guid,
        link=row.link,
        link_key=None,
        title=row.title,
        text=row.text,
        authors=row.authors,
        categories=row.categories,
        published_at=row.published_at,
        published_source=row.published_source,
        seen_at=row.first_seen_at,
        declared_language=None,
        digest=0,
        content_digest=0,
        fingerprint=None,
    )


def _as_configured(outlet: Outlet, spec: FeedSpec | None) -> Outlet:
    if spec is None:
        return outlet
    return replace(outlet, title=outlet.title or spec.title, tags=spec.tags, country=spec.country)


def finder(rules: RuleSet, feeds: Mapping[str, FeedSpec]) -> Callable[[SearchRow], tuple[Match, ...]]:
    """What tells what the rules find in an archived article, in their order."""
    from monitor.rules import may_match

    glance = may_match(rules.rules)

    def matches_of(row: SearchRow) -> tuple[Match, ...]:
        if not row.is_alike and not glance(f"{row.title}\n{row.text}"):  # else the index found it
            return ()
        return matches_in(documents_of(row, feeds), rules, row.first_seen_at)

    return matches_of


def matches_in(documents: Iterable[Document], rules: RuleSet, at: datetime) -> tuple[Match, ...]:
    """What the rules find in the documents of an article first seen then: each in one of its carriers'."""
    found: dict[str, Match] = {}
    for document in documents:
        for match in rules.match(document, at=at):
            found.setdefault(match.rule, match)
        if not any(rule.asks_of_feed for rule in rules.rules if rule.spec.name not in found):
            break
    return tuple(found[rule.spec.name] for rule in rules.rules if rule.spec.name in found)


def candidates_for(rules: Iterable[Rule]) -> str | None:
    """An FTS5 expression that finds what any of the rules may match; None: only reading everything does."""
    from monitor.rules import fts_prefilter_of

    expressions = []
    for rule in rules:
        expression = fts_prefilter_of(rule)
        if expression is None:
            return None
        expressions.append(expression)
    return " OR ".join(dict.fromkeys(expressions)) or None


def by_key(feeds: Sequence[FeedSpec]) -> dict[str, FeedSpec]:
    """The feeds by key."""
    return {feed.key: feed for feed in feeds}


PROGRESS_AFTER = 1.0  # seconds: what is done sooner needs none
_PROGRESS_EVERY = 0.2


class Progress:
    """How far back a search has come, on one line of a terminal, once it takes longer than a moment."""

    def __init__(self, newest: datetime, oldest: datetime | None) -> None:
        self._newest, self._oldest = newest, oldest
        self._shown = False
        self._next = monotonic() + PROGRESS_AFTER
        self.matches = 0

    def reached(self, at: datetime) -> None:
        """The search has come to an article first seen then."""
        if not sys.stderr.isatty() or monotonic() < self._next:
            return
        self._next = monotonic() + _PROGRESS_EVERY
        self._shown = True
        done = ""
        if self._oldest is not None and self._newest > self._oldest:
            share = (self._newest - at) / (self._newest - self._oldest)
            done = f"{min(max(share, 0.0), 1.0):.0%}, "
        print(f"\r\x1b[K{done}back to {at:%Y-%m-%d}: {self.matches} found", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Takes the line away, before something else is printed and at the end."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False


@contextmanager
def progress(newest: datetime, oldest: datetime | None) -> Iterator[Progress]:
    """A progress line from the newest article back to the oldest, gone in the end, also when that comes early."""
    line = Progress(newest, oldest)
    try:
        yield line
    finally:
        line.clear()


def each_match(
    rows: Iterable[SearchRow],
    match: Callable[[SearchRow], tuple[Match, ...]],
    line: Progress,
) -> Iterator[tuple[SearchRow, tuple[Match, ...]]]:
    """The articles in which something is found, with what it is."""
    for row in rows:
        line.reached(row.first_seen_at)
        if matches := match(row):
            line.matches += 1
            yield row, matches
