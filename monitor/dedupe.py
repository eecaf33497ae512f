"""An article and what the archive knows → New, Revised, Duplicate or Known.

The surest question first: does this feed know the entry key, does anyone know the link, does anyone know the words, did
this feed carry the same under another name? Two news items folded into one is an alert lost; one item kept twice is an
alert too many. Where the signs disagree, it is New.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.likeness import same_item
from monitor.model import Archived, Article, Duplicate, Known, Lookup, New, Revised, Verdict
from monitor.text import digest, fold, fold_words, tokenize, written_words

_LIKE_TITLE = 0.5  # shared words of two titles, of all their words, from which one is a rewording of the other
# A feed that brings so many of its headlines again as new entries at once, and hardly any others, has new identities
# for old items, not news.
STORM = 10
_MOSTLY = 0.5

_TELLING_WORDS = 60  # a text this long does not come twice by coincidence, or by being a form letter
_SENTENCE = 12  # words; a shorter text may be a phrase that stands under every title
_SOON = timedelta(days=1)  # within which an undated item of the same title, and nothing else to go by, is the same


@dataclass(slots=True)
class _Document:
    """The document at hand, and what the articles before this one in it turned out to be."""

    identity: str  # as in Identity.by
    titles: set[str]  # folded, that stand over several of its articles
    gone: list[Archived]  # what this feed carried lately and no longer does, newest first
    verdicts: dict[str, Verdict] = field(default_factory=dict)  # by entry key
    by_link: dict[str, Article] = field(default_factory=dict)  # new ones
    by_fingerprint: dict[int, Article] = field(default_factory=dict)  # new ones
    carried: set[int] = field(default_factory=set)  # archived articles this feed carries
    met: set[int] = field(default_factory=set)  # archived articles that stand in this document


def sort_out(
    articles: Sequence[Article], lookup: Lookup, *, identity: str = "guid", present: Collection[int] = ()
) -> tuple[Verdict, ...]:
    """What each article of one feed's document is, in step with `articles`, the earlier ones judged first.

    `identity` is `Identity.by` of the feed, `present` the `ReadFeed.entry_keys` of the document.
    """
    titles = Counter(fold(article.title) for article in articles)
    document = _Document(
        identity=identity,
        titles={title for title, number in titles.items() if number > 1},
        gone=[
            carried.article
            for carried in lookup.lately
            if not any(digest(key) in present for key in carried.entry_keys)
        ],
        carried=set(lookup.carried),
        met={held.id for held in lookup.by_entry_key.values()},
    )
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
        return _known_or_revised(article, known, "entry")
    return (
        _by_link(article, lookup, document)
        or _by_words(article, lookup, document)
        or _by_content(article, lookup)
        or _by_date(article, document)
        or _by_title(article, document)
        or New(article=article)
    )


def _remember(verdict: Verdict, document: _Document) -> None:
    article = verdict.article
    document.verdicts.setdefault(article.entry_key, verdict)
    if not isinstance(verdict, New):
        if isinstance(verdict.of, Archived):
            document.carried.add(verdict.of.id)
            document.met.add(verdict.of.id)
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
    # uses for one item after the other (a live blog, a section front). Where guids do not last, the link decides.
    if archived is not None and (document.identity != "guid" or _same_item(article, archived)):
        return _known_or_revised(article, archived, "link")
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
            return Duplicate(article=article, of=archived, why="words")
        if _tells_enough(article, archived.first_seen_at):
            return Known(article=article, of=archived, why="words")
    earlier = document.by_fingerprint.get(article.fingerprint)
    if earlier is not None and _tells_enough(article, _day_of(earlier)):
        return Duplicate(article=article, of=earlier, why="words")
    return None


def _by_content(article: Article, lookup: Lookup) -> Known | None:
    """An item without link and of few words is known by saying the same, unless it is dated after we saw the other."""
    if article.link_key is not None or article.fingerprint is not None:
        return None
    archived = lookup.by_content.get(article.content_digest)
    if archived is None or (article.published_at is not None and article.published_at > archived.first_seen_at):
        return None
    return Known(article=article, of=archived, why="content")


def _by_date(article: Article, document: _Document) -> Verdict | None:
    """An item that stands where another has gone, of the same second: edited, and given another name with that."""
    if article.published_source != "published":
        return None
    for archived in document.gone:
        if (
            archived.published_at == article.published_at
            and archived.id not in document.met
            and _half_the_same(article, archived)
        ):
            return _known_or_revised(article, archived, "date")
    return None


def _half_the_same(article: Article, archived: Archived) -> bool:
    """Whether one of title and text is as it was: agencies date many items alike, and titles follow patterns."""
    if fold(article.title) == fold(archived.title):
        return True
    words, other_words = set(tokenize(article.title).words), set(tokenize(archived.title).words)
    return (
        digest(archived.title, article.text) == archived.content_digest
        and len(written_words(article.text)) >= _SENTENCE
        and not any(word[0].isdigit() for word in words ^ other_words)
        and len(words & other_words) >= _LIKE_TITLE * len(words | other_words)
    )


def _by_title(article: Article, document: _Document) -> Verdict | None:
    """An item of the same title and day, in a feed of which nothing else lasts, or without anything else to go by."""
    nameless = article.guid is None and article.link_key is None
    title = fold(article.title)
    if (document.identity != "title" and not nameless) or not title:
        return None
    lasting = document.identity == "title"
    one_of_many = title in document.titles
    for archived in document.gone:
        if fold(archived.title) != title or not _same_day(article, archived, lasting):
            continue
        unmet = archived.id not in document.met and not one_of_many
        if unmet or archived.content_digest == article.content_digest:
            return _known_or_revised(article, archived, "title")
    return None


def _same_day(article: Article, archived: Archived, lasting: bool) -> bool:
    """Whether two items are of one day; undated ones, if the feed's items are known by titles, always are."""
    if article.published_at is not None and archived.published_at is not None:
        return article.published_at.date() == archived.published_at.date()
    return lasting or article.seen_at - archived.first_seen_at < _SOON


def named_anew(verdicts: Sequence[Verdict], lookup: Lookup) -> frozenset[str]:
    """The entry keys of new articles under headlines that the feed carried before."""
    new = (verdict.article for verdict in verdicts if isinstance(verdict, New))
    return frozenset(article.entry_key for article in new if fold(article.title) in lookup.headlines)


def is_storm(again: Collection[str], verdicts: Sequence[Verdict]) -> bool:
    """Whether the articles `named_anew` are a storm: old items under new identities.

    They are kept and matched like others, because each may be news after all; only how their alerts are sent differs.
    """
    new = sum(isinstance(verdict, New) for verdict in verdicts)
    return len(again) >= max(STORM, _MOSTLY * new)


def _known_or_revised(article: Article, archived: Archived, why: str) -> Known | Revised:
    if article.content_digest == archived.content_digest:
        return Known(article=article, of=archived, why=why)
    return Revised(article=article, of=archived, why=why)


def _same_item(article: Article, other: Archived | Article) -> bool:
    """Whether two entries of one feed under one link are versions of one item, judged by title and content."""
    if article.content_digest == other.content_digest or fold(article.title) == fold(other.title):
        return True
    return same_item(article.title, article.text, other.title, other.text)


def _tells_enough(article: Article, other: datetime) -> bool:
    """Whether equal words are the same item, although the same feed gives it another guid and another link.

    Daily form letters ("Today's exchange rates: …") say the same every day.
    """
    return _day_of(article).date() == other.date() or len(tokenize(article.text).words) >= _TELLING_WORDS


def _day_of(article: Article) -> datetime:
    return article.published_at or article.seen_at


_MUCH_MORE = 1.5  # times as long: a teaser against the text
_MORE = 200  # code points; below that it is another ending


def says_more(text: str, other: str) -> bool:
    """Whether one feed's text of an article is so much longer than another's that it is the one to keep."""
    return len(text) >= _MUCH_MORE * len(other) and len(text) - len(other) >= _MORE


def only_numbers_differ(title: str, text: str, other_title: str, other_text: str) -> bool:
    """Whether two versions of an article differ only in numbers in the text: a counter, a time of day.

    A number in the title is news: "12 dead" is not "5 dead".
    """
    return fold(title) == fold(other_title) and _numberless(text) == _numberless(other_text)


def _numberless(text: str) -> list[str]:
    return [word for word in fold_words(written_words(text)) if not word[0].isdigit()]
