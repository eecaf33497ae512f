"""The archive searched with the language of the rules, as `search`, the group `rules` and the web pages do.

The full-text index narrows, newest first; what is found is what the rule itself finds, in the words of the article and
of each feed that carries it. Ranking and counting go over the newest so many, so that a common word costs no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from monitor.model import FeedSpec, Match, Outlet, RuleSpec
from monitor.text import excerpt

if TYPE_CHECKING:  # the commands that do not search need not wait for these to be loaded
    from monitor.archive import Archive, SearchRow
    from monitor.model import AliasItems
    from monitor.rules import Aliases, Document, Rule, RuleSet

RANKED = 1_000  # the newest so many are ranked
COUNTED = 10_000  # the newest so many are counted
_BATCH = 500  # articles whose rules are asked for at once


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """How many articles were found, by what they are; the fields are the keys of `monitor search --facets --json`."""

    articles: int
    complete: bool  # False: there are more; these are the newest
    oldest_at: datetime | None  # when the oldest that was counted was first seen; None: nothing was found
    languages: Mapping[str, int]  # most first, as the next two
    feeds: Mapping[str, int]  # each that carries it
    rules: Mapping[str, int]  # those that matched it
    days: Mapping[str, int]  # YYYY-MM-DD (UTC) of the first sighting, newest first


def search(
    archive: Archive,
    query: str,
    *,
    aliases: Aliases | Mapping[str, AliasItems],
    feeds: Mapping[str, FeedSpec],
    since: datetime | None = None,
    feed: str | None = None,
    language: str | None = None,
    rule: str | None = None,
    reached: Callable[[datetime], None] = lambda _: None,
) -> Iterator[tuple[SearchRow, Match]]:
    """What a query finds, newest first. Raises RuleError for a query that is none, before anything is read.

    `reached` is told of each article that is looked at when it was first seen.
    """
    from monitor.rules import RuleSet, compile_rule

    rules = RuleSet([compile_rule(RuleSpec(name="search", query=query), aliases)])
    rows = archive.search(candidates_for(rules.rules), since=since, feed=feed, language=language, rule=rule)
    find = finder(rules, feeds)

    def found() -> Iterator[tuple[SearchRow, Match]]:
        for row in rows:
            reached(row.first_seen_at)
            for match in find(row):
                yield row, match

    return found()


def best(found: Iterable[tuple[SearchRow, Match]]) -> list[tuple[SearchRow, Match]]:
    """The newest of them (RANKED), those that are most about it first; of two alike the newer.

    A match in the title counts for four in the text; what counts is how often it matches for so long a text, with less
    and less for each further time (BM25 with one term, k1 1.2, b 0.75:
    https://en.wikipedia.org/wiki/Okapi_BM25; the average length is that of what was found).
    """
    ranked = list(islice(found, RANKED))
    if not ranked:
        return []
    average = sum(len(row.text) for row, _ in ranked) / len(ranked) or 1.0

    def weight(each: tuple[SearchRow, Match]) -> float:
        row, match = each
        times = sum(4 if span.field == "title" else 1 for span in match.spans)
        return times / (times + 1.2 * (0.25 + 0.75 * len(row.text) / average))

    return sorted(ranked, key=weight, reverse=True)


def facets(archive: Archive, found: Iterator[tuple[SearchRow, Match]]) -> Facets:
    """How the newest of what was found (COUNTED) is made up."""
    languages: Counter[str] = Counter()
    feeds: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    days: Counter[str] = Counter()
    oldest = None
    counted = islice(found, COUNTED)
    while batch := [row for row, _ in islice(counted, _BATCH)]:
        languages.update(row.language for row in batch)
        feeds.update(carrier.feed for row in batch for carrier in row.carriers)
        days.update(f"{row.first_seen_at:%Y-%m-%d}" for row in batch)
        rules.update(archive.rules_matching(row.id for row in batch))
        oldest = batch[-1].first_seen_at
    return Facets(
        articles=languages.total(),
        complete=next(found, None) is None,
        oldest_at=oldest,
        languages=_most_first(languages),
        feeds=_most_first(feeds),
        rules=_most_first(rules),
        days=dict(sorted(days.items(), reverse=True)),
    )


def _most_first(counts: Counter[str]) -> Mapping[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


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


def _as_configured(outlet: Outlet, spec: FeedSpec | None) -> Outlet:
    if spec is None:
        return outlet
    return replace(outlet, title=outlet.title or spec.title, tags=spec.tags, country=spec.country)


def finder(rules: RuleSet, feeds: Mapping[str, FeedSpec]) -> Callable[[SearchRow], tuple[Match, ...]]:
    """What tells what the rules find in an archived article, in their order."""
    return lambda row: matches_in(documents_of(row, feeds), rules, row.first_seen_at)


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


def written(rule: RuleSpec) -> str:
    """What a rule looks for, on one line."""
    lists = {"any": rule.any, "all": rule.all, "none": rule.none}
    parts = [rule.query] if rule.query else []
    parts += [f"{name}: {', '.join(items)}" for name, items in lists.items() if items]
    if rule.score:
        weights = ", ".join(f"{query}: {weight:g}" for query, weight in rule.score)
        parts.append(f"score: {weights}, threshold: {rule.threshold or 0:g}")
    return "; ".join(parts)
