"""An article and what the archive knows → New, Revised, Duplicate or Known.

Three questions, the surest first: does this feed know the entry key, does anyone know the link, does anyone know the
words? Two news items folded into one is an alert lost; one item kept twice is an alert too many. Where the signs
disagree, it is New.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model import Archived, Article, Duplicate, Known, Lookup, New, Revised, Verdict
from monitor.text import fold, tokenize

_SAME_TITLE = 0.5  # shared words of two titles, of all their words, from which one is a rewording of the other
# A feed that brings so many of its headlines again as new entries at once, and hardly any others, has new identities
# for old items, not news.
STORM = 10
_MOSTLY = 0.5

_TELLING_WORDS = 60  # a text this long does not come twice by coincidence, or by being a form letter


@dataclass(slots=True)
class _Document:
    """What the articles before this one in the same document turned out to be."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)  # by entry key
    by_link: dict[str, Article] = field(default_factory=dict)  # new ones
    by_fingerprint: dict[int, Article] = field(default_factory=dict)  # new ones
    carried: set[int] = field(default_factory=set)  # archived articles this feed carries


def sort_out(articles: Sequence[Article], lookup: Lookup) -> tuple[Verdict, ...]:
    """What each article of one feed's document is, in step with `articles`, the earlier ones judged first."""
    document = _Document(carried=set(lookup.carried))
    verdicts = []
    for article in articles:
        verdict = _judge(article, lookup, document)
        _remember(verdict, document)
        verdicts.append(verdict)
    return tuple(verdicts)


def _judge(article: Article, lookup: Lookup, document: _Document) -> Verdict:
    repeated = document.verdicts.get(article.entry_key)
    if repeated is not None:
        return Known(article=article, of=repeated.article if isinstance(repeated, New) else repeated.of)
    known = lookup.by_entry_key.get(article.entry_key)
    if known is not None:
        return _known_or_revised(article, known)
    return (
        _by_link(article, lookup, document)
        or _by_words(article, lookup, document)
        or _by_content(article, lookup)
        or New(article=article)
    )


def _remember(verdict: Verdict, document: _Document) -> None:
    article = verdict.article
    document.verdicts.setdefault(article.entry_key, verdict)
    if not isinstance(verdict, New):
        if isinstance(verdict.of, Archived):
            document.carried.add(verdict.of.id)
        return
    if article.link_key is not None:
        document.by_link.setdefault(article.link_key, article)
    if article.fingerprint is not None:
        document.by_fingerprint.setdefault(article.fingerprint, article)


def _by_link(article: Article, lookup: Lookup, document: _Document) -> Verdict | None:
    if article.link_key is None:
        return None
    archived = lookup.by_link.get(article.link_key)
    if archived is not None and archived.id not in document.carried:
        return Duplicate(article=article, of=archived, why="link")
    # From here on it is this feed's own link under another guid: the same item renumbered, or a page that the feed
    # uses for one item after the other (a live blog, a section front).
    if archived is not None and _same_item(article, archived):
        return _known_or_revised(article, archived)
    earlier = document.by_link.get(article.link_key)
    if earlier is not None and _same_item(article, earlier):
        return Duplicate(article=article, of=earlier, why="link")
    return None


def _by_words(article: Article, lookup: Lookup, document: _Document) -> Verdict | None:
    if article.fingerprint is None:
        return None
    archived = lookup.by_fingerprint.get(article.fingerprint)
    if archived is not None:
        if archived.id not in document.carried:
            return Duplicate(article=article, of=archived, why="fingerprint")
        if _tells_enough(article, archived.first_seen_at):
            return Known(article=article, of=archived)
    earlier = document.by_fingerprint.get(article.fingerprint)
    if earlier is not None and _tells_enough(article, _day_of(earlier)):
        return Duplicate(article=article, of=earlier, why="fingerprint")
    return None


def _by_content(article: Article, lookup: Lookup) -> Known | None:
    """An item without link and of few words is known by saying the same, unless it is dated after we saw the other."""
    if article.link_key is not None or article.fingerprint is not None:
        return None
    archived = lookup.by_content.get(article.content_digest)
    if archived is None or (article.published_at is not None and article.published_at > archived.first_seen_at):
        return None
    return Known(article=article, of=archived)


def storm(verdicts: Sequence[Verdict], lookup: Lookup) -> frozenset[str]:
    """The entry keys of new articles that are a storm: old headlines under new identities. Empty: there is none.

    They are kept and matched like others, because each may be news after all; only how their alerts are sent differs.
    """
    new = [verdict.article for verdict in verdicts if isinstance(verdict, New)]
    again = frozenset(article.entry_key for article in new if fold(article.title) in lookup.headlines)
    return again if len(again) >= max(STORM, _MOSTLY * len(new)) else frozenset()


def _known_or_revised(article: Article, archived: Archived) -> Known | Revised:
    if article.content_digest == archived.content_digest:
        return Known(article=article, of=archived)
    return Revised(article=article, of=archived)


def _same_item(article: Article, other: Archived | Article) -> bool:
    """Whether two entries of one feed under one link are versions of one item, judged by title and content."""
    if article.content_digest == other.content_digest or fold(article.title) == fold(other.title):
        return True
    words, other_words = set(tokenize(article.title).words), set(tokenize(other.title).words)
    return len(words & other_words) >= _SAME_TITLE * len(words | other_words) > 0


def _tells_enough(article: Article, other: datetime) -> bool:
    """Whether equal words are the same item, although the same feed gives it another guid and another link.

    Daily form letters ("Today's exchange rates: …") say the same every day.
    """
    return _day_of(article).date() == other.date() or len(tokenize(article.text).words) >= _TELLING_WORDS


def _day_of(article: Article) -> datetime:
    return article.published_at or article.seen_at
