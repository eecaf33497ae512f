"""Which of the articles around it a new article belongs with: those of its document, and recent ones of the archive.

What it is to be a copy says `likeness`, what it is to report the same `events`; here is who is compared with whom.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.events import event_of
from monitor.likeness import bands, story_of
from monitor.model import Article, Join, Near

_BESIDES = 12  # earlier articles of the same document that one is compared with, the likeliest


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the new articles of a document are compared with; `frequency` and `reports` as in `Lookup`."""

    near: Mapping[str, Sequence[Near]]  # by entry key, for each that is new: articles of the archive
    edited: Mapping[str, Sequence[Near]] = field(default_factory=dict)  # the same for articles that say something else
    frequency: Mapping[int, int] = field(default_factory=dict)
    reports: int = 0
    boilerplate: Collection[int] = ()  # as in ReadFeed


def kinship(
    articles: Sequence[Article], languages: Sequence[str], surroundings: Surroundings
) -> list[tuple[Join | None, Join | None]]:
    """The story and the event of each article, in step with `articles`; None where it has none but its own.

    `languages` are the articles' own. One that was known before, and says something else or more now, may turn out to
    be a copy; what event it reports was told by what it said first. Of those that `surroundings` does not name nothing
    is asked.
    """
    besides = _Besides()
    found: list[tuple[Join | None, Join | None]] = []
    for article, language in zip(articles, languages, strict=True):
        near = surroundings.near.get(article.entry_key)
        around = surroundings.edited.get(article.entry_key) if near is None else near
        if around is None:
            found.append((None, None))
            continue
        copies = [each for each in around if each.signature is not None] + besides.like(article)
        story = story_of(article, copies, boilerplate=surroundings.boilerplate) if copies else None
        if near is None:
            found.append((story, None))
            continue
        # A report in another language cannot be told to be of the same event by its words.
        reports = [each for each in near if _base(each.language) == _base(language)]
        event = None
        if reports:
            event = event_of(article, reports, frequency=surroundings.frequency, reports=surroundings.reports)
        besides.add(article, language)
        found.append((story, event))
    return found


class _Besides:
    """The earlier articles of the document, found by their signatures."""

    def __init__(self) -> None:
        self._articles: list[Near] = []
        self._holders: dict[int, list[int]] = defaultdict(list)

    def like(self, article: Article) -> list[Near]:
        """Those that share most with an article."""
        shared: Counter[int] = Counter()
        for band in bands(article.signature) if article.signature else ():
            shared.update(self._holders.get(band, [])[-_BESIDES:])
        likeliest = sorted(shared, key=lambda index: (-shared[index], -index))[:_BESIDES]
        return [self._articles[index] for index in likeliest]

    def add(self, article: Article, language: str) -> None:
        """Lets those that follow be compared with an article."""
        if article.signature is None:
            return
        for band in bands(article.signature):
            self._holders[band].append(len(self._articles))
        self._articles.append(
            Near(
                id=article.entry_key,
                feed=article.feed,
                title=article.title,
                text=article.text,
                published_at=article.published_at,
                seen_at=article.seen_at,
                signature=article.signature,
                headline=article.headline,
                language=language,
            )
        )


def _base(tag: str) -> str:
    return tag.partition("-")[0]
