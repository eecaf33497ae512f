"""Reports of the same event by different newsrooms: the weak relation, which groups and never suppresses.

Two steps. `headline` reduces an article to its telling words, once, when it is read; `event_of` compares those with
the few recent articles that share rare ones, and names the one that surely reports the same, or none. A wrong join
misleads the reader of the group, a missed one costs him a line: where the signs disagree, there is no join.

A headline is numbers only, so that it can be kept and looked up: first the words of the title, then `LEAD`, then words
that only the lead has. From `WORDS` on a number is the digest of a word, and equal means the same word. Below are
the figures of the title, which are no words to look up by: dates from `DATES` on, other numbers as their value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from monitor.model import Article, Join, Near
from monitor.text import digest, fold, fold_words, written_words
from monitor.vocabulary import FUNCTION_WORDS, MONTH_OF, NUMBER_OF, OPPOSITES, WEEKDAY_OF

# Goes up when `headline` gives other numbers for the same text: kept ones must then be computed again.
HEADLINE_VERSION = 1

LEAD = 0  # stands between the words of the title and those of the lead
DATES = 1 << 32  # weekdays, days of a month
WORDS = 1 << 62  # words; those with the next lower bit set are pairs of characters
_PAIRS = 1 << 61

_MOST = 24  # numbers in a headline
_LONGEST_TITLE = 500  # code points that are looked at
_LEAD_WORDS = 40  # words of the text that are looked at

# ── stems ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# A word is known by its first letters: inflected and derived forms meet there (Syria, Syrian; президент,
# президентский), and so do most spellings of a name (Zelensky, Zelenskyy), in languages nobody made a stemmer for. In
# English 3 to 8 letters are much the same; where words inflect, 4 finds 9 of 10 of our own pairs and 8 letters 7, as
# right. Words that only seem the same (Slovakia, Slovenia) are the price; beginnings of many words (inter-, пред-) are
# frequent in the archive and weigh little.
_STEM = 4
_LONGEST_WORD = 40  # letters that are looked at
_NOTHING = -1
_ARABIC_PREFIX = re.compile("^(?:وال|بال|كال|فال|لل|ال)(?=..)")  # "and the", "by the", "the"
_HANGUL_PARTICLE = re.compile("(?:에서|으로|[은는이가을를의에도로와과])$")


def _stem(word: str) -> str:
    """What a folded word has in common with its other forms."""
    if "가" <= word[0] <= "힣":
        return _HANGUL_PARTICLE.sub("", word) if len(word) > 2 else word
    if "\u0600" <= word[0] <= "\u06ff":
        word = _ARABIC_PREFIX.sub("", word)
    if len(word) == _STEM:
        word = word.removesuffix("s")
    return word[:_STEM] if word.isalpha() else word


# ── the telling words ────────────────────────────────────────────────────────────────────────────────────────────────

# "… - Outlet", "… | Outlet": what stands after the last bar, or after the last dash if it looks like a name.
_TAIL = re.compile(r"^(.*\S)\s*(?:\s[-–—·•]\s|\s\|\s?|｜|\|)\s*(\S.*)$")
_LONGEST_OUTLET = 4  # words

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# Katakana are words of their own; hiragana are endings and particles, and part what stands around them.
_UNSPACED = re.compile(f"[{_SPACELESS}]+|[\u30a1-\u30ff\uff66-\uff9f]{{2,}}|[\u3041-\u309f]+")
_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*日|\b(\d{1,2})[./](\d{1,2})[./](?:20)?\d\d\b")
_DECIMAL = re.compile(r"(?<![\d.,])(\d{1,6})[.,](\d{1,2})(?![\d.,]*\d)")
_DECIMALS = 1 << 30  # figures from here on are hundredths
_THOUSANDS = re.compile(r"(?<=\d)[,. \u00a0\u202f](?=\d{3}(?!\d))")


def headline(title: str, text: str) -> tuple[int, ...]:
    """The telling words of title and lead, as numbers: see the module. Empty: there is nothing to tell an event by.

    At most 24. Where there are more, those of the smallest digests stay, so that two long titles keep the same ones.
    Without a title the beginning of the text is the title.
    """
    if not title.strip():
        title, text = text[:200].partition("\n")[0], ""
    words, figures = _telling(without_outlet(title[:_LONGEST_TITLE]))
    if not words:
        return ()
    kept = _few(words, _MOST - min(len(figures), 4))
    numbers = [*kept, *figures[:4]]
    room = _MOST - len(numbers) - 1
    lead = " ".join(text[:600].split()[:_LEAD_WORDS])
    more = [word for word in _telling(lead)[0] if word not in kept and not word & _PAIRS] if lead else []
    if room > 0 and more:
        numbers += [LEAD, *_few(more, room)]
    return tuple(numbers)


def without_outlet(title: str) -> str:
    """The title without the name of the newsroom that many append to it: "… - Le Monde", "… | BBC News"."""
    tail = _TAIL.match(title)
    if tail is None:
        return title
    before, outlet = written_words(tail[1]), written_words(tail[2])
    bar = title[len(tail[1]) :].lstrip()[0] in "|｜"
    if not before or len(outlet) > (_LONGEST_OUTLET if outlet and len(outlet[0]) > 1 else 12):
        return title
    return tail[1] if bar or all(word[0].isupper() or not word[0].islower() for word in outlet) else title


def _few(words: list[int], most: int) -> list[int]:
    if len(words) <= most:
        return words
    kept = set(sorted(words)[:most])
    return [word for word in words if word in kept]


def _telling(text: str) -> tuple[list[int], list[int]]:
    """The distinct telling words, in the order of the text; the distinct dates and numbers."""
    figures: list[int] = []

    def dated(found: re.Match[str]) -> str:
        month, day = (found[1], found[2]) if found[1] else (found[4], found[3])
        figures.append(DATES + 32 * int(month) + int(day))
        return " "

    def broken(found: re.Match[str]) -> str:
        figures.append(_DECIMALS + 100 * int(found[1]) + int(found[2].ljust(2, "0")))
        return " "

    if _DIGIT.search(text):
        text = _DECIMAL.sub(broken, _THOUSANDS.sub("", _DATE.sub(dated, text)))
    words = [] if text.isascii() else [pair for run in _UNSPACED.finditer(text) for pair in _unspaced(run[0])]
    folded = fold_words(written_words(_UNSPACED.sub(" ", text) if words else text))
    for index, word in enumerate(folded):
        number = _meaning(word[:_LONGEST_WORD])
        if number >= WORDS:
            if word not in MONTH_OF or not _beside_number(folded, index):
                words.append(number)
        elif number != _NOTHING:
            beside = folded[max(index - 1, 0) : index + 2] if word.isdecimal() and 1 <= number <= 31 else ()
            month = next((MONTH_OF[name] for name in beside if name in MONTH_OF), 0)
            figures.append(DATES + 32 * month + number if month else number)
    return list(dict.fromkeys(words)), list(dict.fromkeys(figures))


@lru_cache(maxsize=50_000)
def _meaning(word: str) -> int:
    """What a folded word is in a headline; `_NOTHING`: it tells nothing."""
    if word.isdecimal():
        return int(word[:9])
    if word in NUMBER_OF:
        return NUMBER_OF[word]
    if word in WEEKDAY_OF:
        return DATES + WEEKDAY_OF[word]
    return _NOTHING if len(word) < 2 or word in FUNCTION_WORDS else _word(_stem(word))


def _beside_number(words: Sequence[str], index: int) -> bool:
    return any(word.isdecimal() for word in words[max(index - 1, 0) : index + 2])


def _unspaced(run: str) -> Iterable[int]:
    run = fold(run)
    if "\u3041" <= run[0] <= "\u309f":
        return ()
    if "\u30a1" <= run[0] <= "\u30ff":
        return (_word(run[:_LONGEST_WORD]),)
    size = 2 if run[0] >= "\u3000" else 4
    return [_word(run[at : at + size]) | _PAIRS for at in range(max(len(run) - size + 1, 1))]


def _word(stem: str) -> int:
    return (digest(stem) & (_PAIRS - 1)) | WORDS


# ── the comparison ───────────────────────────────────────────────────────────────────────────────────────────────────

_SURE = 0.55  # the score from which the labelled joins were right in nine of ten cases, the uncertainty allowed for
_FEWEST_SHARED = 3  # words and numbers of two titles,
_FEWEST_WORDS = 2  # so many of them words; with fewer a score is
_TOO_FEW = 0.5  # only this part of itself, too little to be sure whatever the words
_SHORT = 2.0  # words; what every comparison has to overcome, so that a few words prove less than many
_SMALLEST_ARCHIVE = 500  # reports; a smaller one knows too little of what is rare
_UNKNOWN = 0.75  # the rarity of a word whose frequency nobody asked for
_HALF = 0.5  # what a pair of characters weighs, and a word that the leads have in common
_MOST_BY_LEAD = 2.0  # words; as much as one word more in both titles
_LONG_LEAD = 6  # words beside those of the title, from which a lead can contradict
_OTHER_LEAD = 0.85  # what is left of a score when the leads have nothing more in common
_ENOUGH_SHARED = 4  # words and numbers; with fewer, and other words in both titles, they may be of one pattern:
_OTHER_WORDS = 0.9  # what is left of the score of "Macron meets Merz in Paris", "Macron meets Zelensky in Paris"
_OTHER_FIGURES = 0.75  # what is left of a score when both titles give numbers, and none in common
_OPPOSITE = 0.75  # when one says up and the other down


@dataclass(frozen=True, slots=True)
class _Parts:
    """A headline taken apart."""

    title: set[int]  # its words
    numbers: set[int]  # of the title
    days: set[int]  # that the title names
    all: set[int]  # words of title and lead


def _directions(words: str) -> frozenset[int]:
    return frozenset(word for text in words.split() for word in _telling(text)[0])


_DIRECTIONS = tuple((_directions(one), _directions(other)) for one, other in OPPOSITES)


def likeness_of(
    headline_a: Sequence[int], headline_b: Sequence[int], frequency: Mapping[int, int], reports: int
) -> float:
    """How surely two headlines tell of the same event, 0 to 1; the same either way round.

    `frequency`: in how many of the archive's `reports` recent articles a word stands.
    """
    return _likeness(_parts(headline_a), _parts(headline_b), _weights({*headline_a, *headline_b}, frequency, reports))


def _likeness(a: _Parts, b: _Parts, weights: Mapping[int, float]) -> float:
    both, agreed = a.title & b.title, a.numbers & b.numbers
    if not both or (a.days and b.days and not a.days & b.days):
        return 0.0

    def weight(words: Iterable[int]) -> float:
        # fsum: the same sum whatever the order of a set.
        return math.fsum([weights[word] if word in weights else _UNKNOWN * _size(word) for word in words])

    beyond = (a.all & b.all) - both  # what a lead has in common with the other's title or lead
    confirmed = min(_HALF * weight(beyond), _MOST_BY_LEAD)
    all_words = weight(a.title) + weight(b.title) + 2 * weight(agreed)
    score = (2 * weight(both | agreed) + confirmed) / (all_words + _SHORT)

    words = sum(map(_size, both))
    if words < _FEWEST_WORDS or words + len(agreed) < _FEWEST_SHARED:
        score *= _TOO_FEW
    if words + len(agreed) < _ENOUGH_SHARED and a.title - b.all and b.title - a.all:
        score *= _OTHER_WORDS
    if len(beyond) < 2 and min(len(a.all) - len(a.title), len(b.all) - len(b.title)) >= _LONG_LEAD:
        score *= _OTHER_LEAD
    if a.numbers and b.numbers and not agreed:
        score *= _OTHER_FIGURES
    if any(_opposed(a.title, b.title, one, other) for one, other in _DIRECTIONS):
        score *= _OPPOSITE
    return min(1.0, max(0.0, score))


def _opposed(title_a: set[int], title_b: set[int], one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether one title goes only one way, the other only the other."""
    ways_a, ways_b = (bool(title_a & one), bool(title_a & other)), (bool(title_b & one), bool(title_b & other))
    return {ways_a, ways_b} == {(True, False), (False, True)}


def event_of(article: Article, others: Sequence[Near], *, frequency: Mapping[int, int], reports: int) -> Join | None:
    """The report that most surely tells of the same event as an article, with the score. None: none is sure enough.

    Only reports of other feeds: what one newsroom says twice is a version or a series. Of equally sure ones the oldest.
    """
    parts, weights = _parts(article.headline), _weights(article.headline, frequency, reports)
    best: tuple[float, float, str] | None = None
    found: Near | None = None
    for other in others:
        if other.feed == article.feed:
            continue
        score = _likeness(parts, _parts(other.headline), weights)
        rank = (-score, other.seen_at.timestamp(), str(other.id))
        if score >= _SURE and (best is None or rank < best):
            best, found = rank, other
    return Join(to=found.id, relation="report", score=round(-best[0], 3)) if best and found else None


def _parts(headline: Sequence[int]) -> _Parts:
    end = headline.index(LEAD) if LEAD in headline else len(headline)
    figures = {number for number in headline[:end] if number < WORDS}
    title = {number for number in headline[:end] if number >= WORDS}
    return _Parts(
        title=title,
        numbers={figure for figure in figures if figure < DATES},
        days={figure for figure in figures if figure >= DATES},
        all=title | set(headline[end + 1 :]),
    )


def _weights(words: Iterable[int], frequency: Mapping[int, int], reports: int) -> dict[int, float]:
    """1 for a word nobody else has, towards 0 for one that every article has (inverse document frequency)."""
    archive = max(reports, _SMALLEST_ARCHIVE)
    most = math.log(archive + 1)
    return {
        word: _size(word) * (1 - math.log(min(max(frequency[word], 0), archive) + 1) / most)
        for word in words
        if word in frequency
    }


def _size(word: int) -> float:
    """How much of a word this is."""
    return _HALF if word >= WORDS and word & _PAIRS else 1.0
