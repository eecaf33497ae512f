"""Which of the candidates an article's text is a copy, a cut or another state of: by the words themselves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from monitor.likeness.boilerplate import without
from monitor.likeness.contradictions import LONG, NOTHING, agree, between_titles, differences
from monitor.likeness.words import MAX_TITLE, SHORT, WORDS, Reading, Words, read, stems, tells, words_of
from monitor.model import Article, Join, Near

_WINDOW = timedelta(days=8)  # between two articles of one story
_SERIES = timedelta(hours=20)  # between two numbers of a series
_SOON = timedelta(hours=12)  # within which an outlet brings its own news up to date

_BRIEF = 30  # words of the shorter text; between that and LONG the share wanted falls from the one to the other
_SHARE_OF_BRIEF, _SHARE_OF_LONG = 0.8, 0.55
_BARELY_A_TEXT = 8  # words; a text that has fewer does not say what the title does not
_SENTENCE = 15  # words that two articles may have in common by chance, when their titles differ
_HEADLINE = 10  # words that say it all, with little or no text
_PART = 0.35  # of the longer text; a smaller common part may be a quote, a paragraph, an item of a round-up
_MOST = 0.6  # of the longer text
_NEARLY_ALL = 0.85  # of the words of both
_SAME_LENGTH = 0.8  # the shorter by the longer
_ALIKE = 0.5  # of two titles' words
_TAKEN_UP = 0.25  # of a title's words, by a text that is about it


def story_of(article: Article, others: Sequence[Near], *, boilerplate: Collection[int] = ()) -> Join | None:
    """The candidate whose text this article is a copy, cut, retitled copy or update of; None: it is none of theirs.

    `boilerplate` as in `signature`. Relations: "copy" (nearly all words shared, the title too), "retitled" (the title
    is another), "cut" (one is contained in the other), "update" (mostly shared, another state of the same outlet's).
    The score is the share of common shingles: of both texts, for a cut of the shorter one.
    """
    if article.signature is None:
        return None
    mine: Reading | None = None
    best: tuple[float, Join] | None = None
    for near in others:
        if near.signature is None or abs(_when(article) - _when(near)) > _WINDOW:
            continue
        mine = mine or read(article.title, without(boilerplate, article.title, article.text))
        judged = _judge(article, mine, near, read(near.title, without(boilerplate, near.title, near.text)))
        if judged is not None and (best is None or judged[0] > best[0]):
            best = judged
    return None if best is None else best[1]


def _when(article: Article | Near) -> datetime:
    return article.published_at or article.seen_at


def _judge(article: Article, mine: Reading, near: Near, other: Reading) -> tuple[float, Join] | None:
    """How much two articles share, and how the one joins the other; None: it does not."""
    same_feed = article.feed == near.feed
    apart = abs(_when(article) - _when(near))
    if same_feed and article.seen_at == near.seen_at and None in (article.published_at, near.published_at):
        apart = _SERIES  # two undated entries of one document: numbers of a series more likely than an update
    titles = likeness_of_titles(mine.terms(), other.terms())
    shorter, longer = sorted((mine, other), key=lambda reading: len(reading.text.crcs))
    words = shorter.text.count
    if words < _BARELY_A_TEXT:
        said = mine.title.count + (words if mine.text.crcs == other.text.crcs else 0)
        is_copy = mine.title.crcs == other.title.crcs and said >= _HEADLINE and apart < _SERIES
        return (1.0, Join(to=near.id, relation="copy", score=1.0)) if is_copy else None
    shared = mine.shingles & other.shingles
    common = _Common.of(shorter.text, longer.text, shared)
    if common.of_shorter < _share_wanted(words):
        return None
    like_titles = titles >= _ALIKE
    headlines = between_titles(shorter, longer) if like_titles else NOTHING
    if like_titles:
        if headlines.weight and common.of_longer < _PART:
            return None
        if headlines.names and (same_feed or not all(common.takes_up(shorter, longer))):
            return None
    elif not _may_be_retitled(shorter, longer, common, same_feed=same_feed):
        return None
    details = differences(shorter.text, longer.text, shared)
    if not agree(words * common.of_shorter, details, headlines, soon=same_feed and apart <= _SOON):
        return None
    changed = details.weight > 0 or headlines.weight > 0
    jaccard = len(shared) / max(len(mine.shingles | other.shingles), 1)
    if same_feed and apart >= _SERIES and (changed or words < SHORT or (like_titles and jaccard < _NEARLY_ALL)):
        return None
    is_cut = words < _SAME_LENGTH * longer.text.count
    if same_feed and (changed or mine.text.crcs != other.text.crcs):
        relation = "cut" if is_cut and mine is shorter and not changed else "update"
    else:
        relation = "cut" if is_cut else "copy" if like_titles else "retitled"
    contained = len(shared) / max(min(len(mine.shingles), len(other.shingles)), 1)
    return jaccard, Join(to=near.id, relation=relation, score=contained if relation == "cut" else jaccard)


def _share_wanted(words: int) -> float:
    """The part of the shorter text that must stand in the longer one."""
    length = min(max(words, _BRIEF), LONG)
    return _SHARE_OF_BRIEF - (_SHARE_OF_BRIEF - _SHARE_OF_LONG) * (length - _BRIEF) / (LONG - _BRIEF)


def likeness_of_titles(one: Collection[object], other: Collection[object]) -> float:
    """The Jaccard of two titles' terms; that of the shorter one alone where the other says more around it."""
    if not one or not other:
        return float(not one and not other)
    shared = len(set(one) & set(other))
    shorter = min(len(one), len(other))
    if shorter >= 4 and shared >= 0.8 * shorter:
        return shared / shorter
    return shared / (len(one) + len(other) - shared)


@dataclass(frozen=True)
class _Common:
    """What stands in both of two texts, in passages of a shingle and more."""

    shorter: Words
    longer: Words
    here: Sequence[int]  # the places of their words in the shorter one, ascending
    there: Sequence[int]  # and in the longer one

    @staticmethod
    def of(shorter: Words, longer: Words, shared: Collection[int]) -> _Common:
        """The passages that are made of the shared shingles."""
        return _Common(shorter, longer, _places(shorter, shared), _places(longer, shared))

    @property
    def words(self) -> int:
        return len(self.here) * WORDS // self.shorter.size

    @property
    def of_shorter(self) -> float:
        if self.shorter.crcs == self.longer.crcs:
            return 1.0
        return len(self.here) / max(len(self.shorter.crcs), 1)

    @property
    def of_longer(self) -> float:
        return len(self.there) / max(len(self.longer.crcs), 1)

    @property
    def from_the_start(self) -> bool:
        """Whether most of either text's first words are in it."""
        first = min(_BRIEF * self.shorter.size // WORDS, len(self.shorter.crcs))
        return 2 * min(bisect_left(self.here, first), bisect_left(self.there, first)) >= first

    @property
    def tells(self) -> bool:
        """Whether it holds names or numbers."""
        return tells(self._passages)

    @property
    def _passages(self) -> list[str]:
        return [self.shorter.written[place] for place in self.here]

    # Most pairs have too little in common for anybody to ask.
    @cached_property
    def passages(self) -> frozenset[str]:
        """The beginnings of its words."""
        return stems(self._passages)

    @cached_property
    def rest(self) -> frozenset[str]:
        """The beginnings of the words outside it, in the longer one."""
        inside = set(self.there)
        return stems([word for place, word in enumerate(self.longer.written) if place not in inside])

    def takes_up(self, shorter: Reading, longer: Reading) -> tuple[bool, bool]:
        """Whether it takes up what the one title says and the other does not, and the other way round."""
        one, other = stems(shorter.title.written), stems(longer.title.written)
        return _takes_up(self.passages, one - other), _takes_up(self.passages, other - one)

    def is_its_matter(self, longer: Reading) -> bool:
        """Whether the title of the longer one is about it rather than about the rest."""
        title = stems(longer.title.written)
        return len(title & self.passages) >= len(title & self.rest)


def _places(words: Words, shared: Collection[int]) -> list[int]:
    places: list[int] = []
    end = 0
    for start, shingle in enumerate(words.shingles):
        if shingle in shared:
            places.extend(range(max(start, end), start + words.size))
            end = start + words.size
    return places


def _may_be_retitled(shorter: Reading, longer: Reading, common: _Common, *, same_feed: bool) -> bool:
    """Whether unlike titles may be two for one text.

    What is common may be a quote, an item of a round-up, or what stands under any title: about the programme, the
    section. Then it does not take the titles up.
    """
    if common.words < _SENTENCE:
        return False
    about_shorter, about_longer = common.takes_up(shorter, longer)
    if same_feed:
        # A blurb names all its episodes' guests; each title but one.
        two = between_titles(shorter, longer).names >= 2
        is_no_part = common.from_the_start or common.of_longer >= _PART
        return about_shorter and about_longer and is_no_part and not two
    if common.from_the_start and common.words >= SHORT and common.of_shorter >= _NEARLY_ALL:
        return True
    if common.of_longer < _MOST:
        begins_so = common.from_the_start and common.words >= _BRIEF
        if not begins_so and not (common.of_longer >= _PART and about_longer and common.is_its_matter(longer)):
            return False
    elif common.of_longer >= _NEARLY_ALL and (common.words >= SHORT or common.tells):
        return True
    return about_shorter or about_longer


def _takes_up(passages: frozenset[str], title: frozenset[str]) -> bool:
    found = len(passages & title)
    return found >= max(_TAKEN_UP * len(title), min(2, len(title)))


# ── one item of one feed ─────────────────────────────────────────────────────────────────────────────────────────────

_COMMON_WORDS = 0.35  # of the shorter version's, from which two versions are of one item


def same_item(title_a: str, text_a: str, title_b: str, text_b: str) -> bool:
    """Whether two entries of one feed under one link or guid are versions of one item, not two items in turn.

    A page may show one item after the other: a section's front, a live blog, "today". Its versions then have hardly a
    word in common. Titles that differ in numbers alone are of two items where their texts differ too.
    """
    one, other = read(title_a, text_a), read(title_b, text_b)
    if one.terms() == other.terms() or (one.text.crcs and one.text.crcs == other.text.crcs):
        return True
    if _common_stems(one.text, other.text) >= 2 * _COMMON_WORDS:
        return True
    titles = likeness_of_titles(one.terms(), other.terms())
    if titles >= _ALIKE and between_titles(one, other).numbers and one.text.crcs and other.text.crcs:
        return False
    ours, theirs = words_of(f"{title_a[:MAX_TITLE]}\n{text_a}"), words_of(f"{title_b[:MAX_TITLE]}\n{text_b}")
    return titles >= _ALIKE or _common_stems(ours, theirs) >= _COMMON_WORDS


def _common_stems(one: Words, other: Words) -> float:
    """How many of the shorter text's words, by their beginnings, the other has: of those that tell something."""
    left, right = stems(one.written), stems(other.written)
    return len(left & right) / max(min(len(left), len(right)), 1)
