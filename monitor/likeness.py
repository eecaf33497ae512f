"""Which recent article tells the same text: signatures to find candidates by, exact comparison to judge them.

Three steps. `signature` sketches an article's words (one-permutation MinHash with optimal densification: Li, Owen and
Zhang 2012; Shrivastava 2017) and `bands` makes of it what an index is asked by, so that copies and cuts meet.
`story_of` then compares the words themselves. What two texts share is not enough: bulletins from one template share
most of their words and differ in the few that matter. So the places where one text has other words than the other, in
the same surroundings, are read as contradictions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from struct import Struct
from zlib import crc32

from monitor.model import Article, Join, Near
from monitor.text import digest, fold, fold_words, written_words

SIGNATURE_VERSION = 1  # another number: signatures kept from before are not comparable

MAX_CHARACTERS = 50_000  # of a text; what follows is not looked at

# ── words and shingles ───────────────────────────────────────────────────────────────────────────────────────────────

# Spaceless scripts give one token a character. So many tokens in a row say about as much as three words:
_WORDS, _HAN, _LETTERS = 3, 5, 9
_SAMPLE = 200  # tokens to tell the script by

# Multilinear hashing (Carter and Wegman 1979) over the words' CRCs: 32 bits of a sum modulo 2⁶⁴. Odd numbers by chance.
_FIRST, _SECOND, _THIRD = 0xC2B2AE3D27D4EB4F, 0x9E3779B185EBCA87, 0xD6E8FEB86659FD93
_MASK = 0xFFFFFFFF

_LONGEST_CACHED = 40  # letters, as in `text`


def _crc(written: str) -> int:
    return crc32(fold(written).encode("utf-8", "surrogatepass"))


_cached_crc = lru_cache(maxsize=50_000)(_crc)


@dataclass(slots=True)
class _Words:
    """A text as it is compared."""

    written: list[str]
    crcs: list[int]  # of the folded words, in step
    size: int  # tokens in a shingle
    shingles: list[int]  # each begins at the word of its index

    @property
    def count(self) -> int:
        """How many words they are, or as good as."""
        return len(self.crcs) * _WORDS // self.size


def _words_of(text: str) -> _Words:
    written = written_words(text[:MAX_CHARACTERS])
    crcs = [_cached_crc(word) if len(word) <= _LONGEST_CACHED else _crc(word) for word in written]
    size = _shingle_size(written)
    return _Words(written, crcs, size, _shingles(crcs, size))


def _shingle_size(written: Sequence[str]) -> int:
    han = letters = 0
    sample = written[:_SAMPLE]
    for word in sample:
        if "\u0e00" <= word[0] < "\u0f00" or "\u1000" <= word[0] < "\u10a0" or "\u1780" <= word[0] < "\u1800":
            letters += 1
        elif "\u2e80" <= word[0] < "\ua000" or word[0] >= "\U00020000":
            han += 1
    if max(han, letters) * 2 <= len(sample):
        return _WORDS
    return _HAN if han >= letters else _LETTERS


def _shingles(crcs: list[int], size: int) -> list[int]:
    """32 bits for every `size` words in a row."""
    threes = [
        (first * _FIRST + second * _SECOND + third * _THIRD) >> 32 & _MASK
        for first, second, third in zip(crcs, crcs[1:], crcs[2:], strict=False)
    ]
    if size == _WORDS:
        return threes
    step = (size - 3) // 2
    return [
        (first * _FIRST + second * _SECOND + third * _THIRD) >> 32 & _MASK
        for first, second, third in zip(threes, threes[step:], threes[2 * step :], strict=False)
    ]


# ── signatures ───────────────────────────────────────────────────────────────────────────────────────────────────────

_SLOTS = 64  # of the whole text
_LEAD_SLOTS = 16  # of its beginning, so that a teaser and the whole text meet
_ROWS = 2  # slots in a band: of texts that share 0.3 of their shingles 95 % share one of 32 bands, of unrelated few
_LEAD = 40  # words
_FEWEST = 10  # words to compare by
_SHORT = 60  # words; of a shorter text the title is part of what it says

_SIGNATURE = Struct(f">{_SLOTS + _LEAD_SLOTS}I")
_BANDS = (_SLOTS + _LEAD_SLOTS) // _ROWS


def _donors(slots: int) -> tuple[tuple[int, ...], ...]:
    """For each slot the order in which the others are asked when it is empty: as if by chance, always the same."""
    return tuple(
        tuple(sorted(range(slots), key=lambda other: crc32(b"%d %d" % (slot, other)))) for slot in range(slots)
    )


_ORDERS = {slots: _donors(slots) for slots in (_SLOTS, _LEAD_SLOTS)}


def signature(title: str, text: str, *, boilerplate: Collection[int] = ()) -> bytes | None:
    """What an article's words are compared by, 320 bytes; the same in every process and on every machine.

    `boilerplate`: digests of lines that are left out. None: too few words to compare.
    """
    telling = without(boilerplate, title, text)
    words = beginning = _words_of(telling)
    if words.count < _SHORT:
        words = _words_of(f"{title}\n{telling}")
        if words.count < _FEWEST:
            return None
    lead = beginning.shingles[: _LEAD * beginning.size // _WORDS] or words.shingles
    return _SIGNATURE.pack(*_sketch(words.shingles, _SLOTS), *_sketch(lead, _LEAD_SLOTS))


def _sketch(shingles: Collection[int], slots: int) -> list[int]:
    """The least shingle of each slot, which the highest bits name; of an empty one that of its first donor."""
    shift = 33 - slots.bit_length()
    least = {shingle >> shift: shingle for shingle in sorted(shingles, reverse=True)}
    if len(least) == slots:
        return [least[slot] for slot in range(slots)]
    orders = _ORDERS[slots]
    return [
        least[slot] if slot in least else next(least[donor] for donor in orders[slot] if donor in least)
        for slot in range(slots)
    ]


def bands(signature: bytes) -> tuple[int, ...]:
    """What an index holds a signature under: 40 numbers from 0 to 2⁶³-1. Articles that tell the same share some."""
    slots = _SIGNATURE.unpack(signature)
    return tuple(
        ((slots[band * 2] << 32 | slots[band * 2 + 1]) * _FIRST + band * _SECOND >> 1) & 0x7FFF_FFFF_FFFF_FFFF
        for band in range(_BANDS)
    )


def estimate(a: bytes, b: bytes) -> float:
    """How many of two articles' shingles are common to both (Jaccard), 0 to 1, give or take 0.06."""
    slots = zip(_SIGNATURE.unpack(a)[:_SLOTS], _SIGNATURE.unpack(b)[:_SLOTS], strict=True)
    return len([None for one, other in slots if one == other]) / _SLOTS


# ── boilerplate ──────────────────────────────────────────────────────────────────────────────────────────────────────

_UNLIKE_HEADLINES = 3  # so many that have little in common
_OTHER_HEADLINES = 5  # or so many of any kind
_TITLE_LETTERS = 12  # a shorter title may be part of a sentence by chance


def line_digests(title: str, text: str) -> list[int]:
    """A digest of each line of a text: 63 bits over its folded words, less the title where the line repeats it.

    "The post … appeared first on …" is the same line under every title.
    """
    heading = " ".join(fold_words(written_words(title)))
    lines = (" ".join(fold_words(written_words(line))) for line in text[:MAX_CHARACTERS].split("\n"))
    if len(heading) > _TITLE_LETTERS:
        lines = (line.replace(heading, "\x1e") for line in lines)
    return [digest(line) for line in lines]


def boilerplate(entries: Sequence[tuple[str, str]]) -> frozenset[int]:
    """Digests of the lines that stand under different headlines in one document: footers, "Read more on …".

    `entries` are its (title, text) pairs. A line counts that stands under three headlines with little in common, or
    under five different ones.
    """
    headlines: dict[int, list[frozenset[str]]] = defaultdict(list)
    for title, text in entries:
        words = frozenset(fold_words(written_words(title)))
        for line in set(line_digests(title, text)):
            found = headlines[line]
            if len(found) < _OTHER_HEADLINES and words not in found:
                found.append(words)
    return frozenset(line for line, found in headlines.items() if _is_boilerplate(found))


def _is_boilerplate(headlines: Sequence[frozenset[str]]) -> bool:
    if len(headlines) >= _OTHER_HEADLINES:
        return True
    unlike: list[frozenset[str]] = []
    for words in headlines:
        if all(len(words & other) * 2 < min(len(words), len(other)) for other in unlike):
            unlike.append(words)
    return len(unlike) >= _UNLIKE_HEADLINES


def without(boilerplate: Collection[int], title: str, text: str) -> str:
    """The text without its lines of boilerplate."""
    if not boilerplate:
        return text
    lines = text[:MAX_CHARACTERS].split("\n")
    return "\n".join(line for line, key in zip(lines, line_digests(title, text), strict=True) if key not in boilerplate)


# ── stories ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_WINDOW = timedelta(days=8)  # between two articles of one story
_SERIES = timedelta(hours=20)  # between two numbers of a series
_SOON = timedelta(hours=12)  # within which an outlet brings its own news up to date

_BRIEF, _LONG = 30, 90  # words of the shorter text; in between, the share wanted falls from the one to the other
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

# Contradictions: one in so many words is an edit, more are another event told in the same sentences.
_WORDS_TO_ONE = 60
_NUMBERS_TO_ONE = 12  # of the same outlet within hours, if only numbers differ: a toll, a score, a count
_NUMBERS = 4  # but no more than so many: a bulletin of figures
_GAP = 12  # words; where more are different a sentence was replaced, not a detail


@dataclass(slots=True)
class _Reading:
    """An article as it is compared."""

    title: _Words
    text: _Words
    shingles: set[int]  # of the text

    def terms(self) -> frozenset[object]:
        """What its title is made of: words, or pairs of characters."""
        crcs = self.title.crcs
        return frozenset(crcs if self.title.size == _WORDS else pairwise(crcs))


def _read(title: str, text: str, boilerplate: Collection[int]) -> _Reading:
    words = _words_of(without(boilerplate, title, text))
    return _Reading(_words_of(title), words, set(words.shingles))


def story_of(article: Article, others: Sequence[Near], *, boilerplate: Collection[int] = ()) -> Join | None:
    """The candidate whose text this article is a copy, cut, retitled copy or update of; None: it is none of theirs.

    `boilerplate` as in `signature`. Relations: "copy" (nearly all words shared, the title too), "retitled" (the title
    is another), "cut" (one is contained in the other), "update" (mostly shared, another state of the same outlet's).
    The score is the share of common shingles: of both texts, for a cut of the shorter one.
    """
    if article.signature is None:
        return None
    mine: _Reading | None = None
    best: tuple[float, Join] | None = None
    for near in others:
        if near.signature is None or abs(_when(article) - _when(near)) > _WINDOW:
            continue
        mine = mine or _read(article.title, article.text, boilerplate)
        judged = _judge(article, mine, near, _read(near.title, near.text, boilerplate))
        if judged is not None and (best is None or judged[0] > best[0]):
            best = judged
    return None if best is None else best[1]


def _when(article: Article | Near) -> datetime:
    return article.published_at or article.seen_at


def _judge(article: Article, mine: _Reading, near: Near, other: _Reading) -> tuple[float, Join] | None:
    """How much two articles share, and how the one joins the other; None: it does not."""
    same_feed = article.feed == near.feed
    apart = abs(_when(article) - _when(near))
    if same_feed and article.seen_at == near.seen_at and None in (article.published_at, near.published_at):
        apart = _SERIES  # two undated entries of one document: numbers of a series more likely than an update
    titles = _likeness(mine.terms(), other.terms())
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
    difference = _differences(shorter.text, longer.text, shared)
    if titles >= _ALIKE:
        between_titles = _between_titles(shorter, longer)
        if between_titles.weight and common.of_longer < _PART:
            return None
        if between_titles.names and (same_feed or not all(common.takes_up(shorter, longer))):
            return None
    elif _may_be_retitled(shorter, longer, common, same_feed=same_feed):
        between_titles = _NONE
    else:
        return None
    if not _agree(words * common.of_shorter, difference, between_titles, soon=same_feed and apart <= _SOON):
        return None
    jaccard = len(shared) / max(len(mine.shingles | other.shingles), 1)
    changed = difference.weight > 0 or between_titles.weight > 0
    if same_feed and apart >= _SERIES and (changed or words < _SHORT or (titles >= _ALIKE and jaccard < _NEARLY_ALL)):
        return None
    contained = len(shared) / max(min(len(mine.shingles), len(other.shingles)), 1)
    is_cut = words < _SAME_LENGTH * longer.text.count
    if same_feed and (changed or mine.text.crcs != other.text.crcs):
        relation = "cut" if is_cut and mine is shorter and not changed else "update"
    else:
        relation = "cut" if is_cut else "copy" if titles >= _ALIKE else "retitled"
    return jaccard, Join(to=near.id, relation=relation, score=contained if relation == "cut" else jaccard)


def _share_wanted(words: int) -> float:
    """The part of the shorter text that must stand in the longer one."""
    length = min(max(words, _BRIEF), _LONG)
    return _SHARE_OF_BRIEF - (_SHARE_OF_BRIEF - _SHARE_OF_LONG) * (length - _BRIEF) / (_LONG - _BRIEF)


def _likeness(one: Collection[object], other: Collection[object]) -> float:
    """The Jaccard of two titles' terms; that of the shorter one alone where the other says more around it."""
    if not one or not other:
        return float(not one and not other)
    shared = len(set(one) & set(other))
    shorter = min(len(one), len(other))
    if shorter >= 4 and shared >= 0.8 * shorter:
        return shared / shorter
    return shared / (len(one) + len(other) - shared)


@dataclass(frozen=True, slots=True)
class _Common:
    """What stands in both of two texts, in passages of a shingle and more."""

    passages: frozenset[str]  # the beginnings of their words
    rest: frozenset[str]  # and those of the words outside them, in the longer one
    tells: bool  # they hold names or numbers
    words: int
    of_shorter: float
    of_longer: float
    from_the_start: bool  # most of either text's first words are in it

    @staticmethod
    def of(shorter: _Words, longer: _Words, shared: Collection[int]) -> _Common:
        """The passages that are made of the shared shingles."""
        here, there = _places(shorter, shared), _places(longer, shared)
        first = min(_BRIEF * shorter.size // _WORDS, len(shorter.crcs))
        passages = [shorter.written[place] for place in here]
        inside = set(there)
        return _Common(
            _stems(passages),
            _stems([word for place, word in enumerate(longer.written) if place not in inside]),
            _tells(passages),
            len(here) * _WORDS // shorter.size,
            len(here) / max(len(shorter.crcs), 1) if shorter.crcs != longer.crcs else 1.0,
            len(there) / max(len(longer.crcs), 1),
            2 * min(bisect_left(here, first), bisect_left(there, first)) >= first,
        )

    def takes_up(self, shorter: _Reading, longer: _Reading) -> tuple[bool, bool]:
        """Whether it takes up what the one title says and the other does not, and the other way round."""
        one, other = _stems(shorter.title.written), _stems(longer.title.written)
        return _takes_up(self.passages, one - other), _takes_up(self.passages, other - one)

    def is_its_matter(self, longer: _Reading) -> bool:
        """Whether the title of the longer one is about it rather than about the rest."""
        title = _stems(longer.title.written)
        return len(title & self.passages) >= len(title & self.rest)


def _places(words: _Words, shared: Collection[int]) -> list[int]:
    places: list[int] = []
    end = 0
    for start, shingle in enumerate(words.shingles):
        if shingle in shared:
            places.extend(range(max(start, end), start + words.size))
            end = start + words.size
    return places


def _may_be_retitled(shorter: _Reading, longer: _Reading, common: _Common, *, same_feed: bool) -> bool:
    """Whether unlike titles may be two for one text.

    What is common may be a quote, an item of a round-up, or what stands under any title: about the programme, the
    section. Then it does not take the titles up.
    """
    if common.words < _SENTENCE:
        return False
    about_shorter, about_longer = common.takes_up(shorter, longer)
    if same_feed:
        # A blurb names all its episodes' guests; each title but one.
        two = _between_titles(shorter, longer).names >= 2
        is_no_part = common.from_the_start or common.of_longer >= _PART
        return about_shorter and about_longer and is_no_part and not two
    if common.from_the_start and common.words >= _SHORT and common.of_shorter >= _NEARLY_ALL:
        return True
    if common.of_longer < _MOST:
        begins_so = common.from_the_start and common.words >= _BRIEF
        if not begins_so and not (common.of_longer >= _PART and about_longer and common.is_its_matter(longer)):
            return False
    elif common.of_longer >= _NEARLY_ALL and (common.words >= _SHORT or common.tells):
        return True
    return about_shorter or about_longer


def _takes_up(passages: frozenset[str], title: frozenset[str]) -> bool:
    found = len(passages & title)
    return found >= _TAKEN_UP * len(title) and (found >= 2 or len(title) < 4)


def _stems(words: Sequence[str]) -> frozenset[str]:
    """What words tell by, without their endings; pairs of characters where there is nothing between words."""
    folded = [fold(word) for word in words]
    if len(folded) > 3 and sum(map(len, folded)) < 2 * len(folded):
        return frozenset(map("".join, pairwise(folded)))
    return frozenset(word[:most] for word in folded for least, most in [_stem_length(word[0])] if len(word) >= least)


def _stem_length(first: str) -> tuple[int, int]:
    """Letters that a word must have to tell something, and that are looked at: what follows may be an ending."""
    if "\uac00" <= first <= "\ud7a3":
        return 2, 2  # syllables
    return (3, 4) if "\u0590" <= first <= "\u07ff" else (4, 5)  # consonants alone; letters


def _tells(words: Sequence[str]) -> bool:
    """Whether a passage says something of its own: names or numbers."""
    return len({word for word in words[1:] if word[0].isnumeric() or _is_name(word)}) >= 3


# ── contradictions ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Difference:
    """What stands in one text where the other has something else, in the same surroundings."""

    numbers: float = 0
    names: float = 0
    others: float = 0

    @property
    def weight(self) -> float:
        return self.numbers + self.names + self.others


_NONE = _Difference()


def _agree(words: float, texts: _Difference, titles: _Difference, *, soon: bool) -> bool:
    """Whether two texts from one mould tell of one event; `soon`: they are one outlet's, within hours."""
    no_date = not (titles.numbers and titles.others)  # "Monday 10" and "Tuesday 11" are two
    if soon and no_date and texts.names == titles.names == 0 and texts.others <= words / _WORDS_TO_ONE:
        return texts.numbers <= max(min(words / _NUMBERS_TO_ONE, _NUMBERS), words / _WORDS_TO_ONE)
    if texts.weight > words / _WORDS_TO_ONE:
        return False
    if titles.names:
        return words >= _LONG and texts.weight <= words / (2 * _WORDS_TO_ONE)
    return not titles.numbers or words >= _SHORT


def _differences(one: _Words, other: _Words, shared: Collection[int]) -> _Difference:
    """Every detail in which two texts differ counts once, however often it stands there."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, shingle in enumerate(other.shingles):
        if shingle in shared:
            places[shingle].append(place)
    details: dict[tuple[frozenset[int], frozenset[int]], _Difference] = {}
    widest = _GAP * one.size // _WORDS
    end = other_end = 0  # of what is common, so far

    def passage(start: int, other_start: int) -> None:
        if 0 < start - end <= widest and 0 < other_start - other_end <= widest:
            here, there = slice(end, start), slice(other_end, other_start)
            left, right = frozenset(one.crcs[here]), frozenset(other.crcs[there])
            details[left - right, right - left] = _detail(one, here, right, other, there, left)

    for start, shingle in enumerate(one.shingles):
        if shingle in shared:
            later = bisect_left(places[shingle], other_end - one.size + 1)
            other_start = places[shingle][later if later < len(places[shingle]) else 0]
            passage(start, other_start)
            end, other_end = start + one.size, other_start + one.size
    passage(len(one.crcs), len(other.crcs))
    found = details.values()
    return _Difference(sum(d.numbers for d in found), sum(d.names for d in found), sum(d.others for d in found))


def _detail(
    one: _Words, here: slice, right: Collection[int], other: _Words, there: slice, left: Collection[int]
) -> _Difference:
    """What two short passages between the same words differ in."""
    ours = [word for word, crc in zip(one.written[here], one.crcs[here], strict=True) if crc not in right]
    theirs = [word for word, crc in zip(other.written[there], other.crcs[there], strict=True) if crc not in left]
    length = (here.stop - here.start) * _WORDS // one.size
    if length > 4 and len(ours) > 0.7 * (here.stop - here.start):
        return _NONE  # not the same sentence
    return _contradiction(ours, theirs)


def _contradiction(ours: Sequence[str], theirs: Sequence[str]) -> _Difference:
    if not ours or not theirs:
        return _NONE
    numbers = min(_count(ours, _is_number), _count(theirs, _is_number))
    ours, theirs = _unlike(ours, theirs), _unlike(theirs, ours)
    names = min(_count(ours, _is_name), _count(theirs, _is_name), 2)
    if names or not ours or not theirs:
        return _Difference(numbers, names)
    # Where letters have no case, any word may be a name.
    return _Difference(numbers, others=0.3 if ours[0].lower() != ours[0].upper() else 0.7)


def _count(words: Sequence[str], is_one: Callable[[str], bool]) -> int:
    return sum(map(is_one, words))


def _is_number(word: str) -> bool:
    return word[0].isnumeric()


def _is_name(word: str) -> bool:
    return len(word) > 2 and word[0].isupper()


def _unlike(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """The words that are no number and no other spelling or ending of one of the others."""
    folded = [fold(other) for other in others]
    return [word for word in words if not _is_number(word) and not any(_is_spelled_like(fold(word), o) for o in folded)]


def _is_spelled_like(one: str, other: str) -> bool:
    """Whether two words begin alike for two thirds of the longer one: Zelensky and Zelenskyy, not Rosa and Rosario."""
    enough = max(4, (2 * max(len(one), len(other)) + 2) // 3)
    return one[:enough] == other[:enough] and min(len(one), len(other)) >= enough


def _between_titles(one: _Reading, other: _Reading) -> _Difference:
    """What two titles of the same pattern differ in. In a title of capitals a name is what the text writes so, too."""
    return _contradiction(_own_words(one, other), _own_words(other, one))


def _own_words(reading: _Reading, other: _Reading) -> list[str]:
    left = Counter(other.title.crcs)
    words = []
    for word, crc in zip(reading.title.written, reading.title.crcs, strict=True):
        left[crc] -= 1
        if left[crc] < 0:
            words.append(word)
    if _count(reading.title.written, lambda word: word[0].isupper()) * 2 > len(reading.title.written):
        names = set(reading.text.written)
        return [word if word in names else word.lower() for word in words]
    return words


# ── one item of one feed ─────────────────────────────────────────────────────────────────────────────────────────────

_COMMON_WORDS = 0.3  # of the shorter version's, from which two versions are of one item


def same_item(title_a: str, text_a: str, title_b: str, text_b: str) -> bool:
    """Whether two entries of one feed under one link or guid are versions of one item, not two items in turn.

    A page may show one item after the other: a section's front, a live blog, "today". Its versions then have hardly a
    word in common. Titles that differ in numbers alone are of two items where their texts differ too.
    """
    one, other = _read(title_a, text_a, ()), _read(title_b, text_b, ())
    if one.terms() == other.terms() or (one.text.crcs and one.text.crcs == other.text.crcs):
        return True
    if _common_stems(one.text, other.text) >= 2 * _COMMON_WORDS:
        return True
    titles = _likeness(one.terms(), other.terms())
    if titles >= _ALIKE and _between_titles(one, other).numbers and one.text.crcs and other.text.crcs:
        return False
    ours, theirs = _words_of(f"{title_a}\n{text_a}"), _words_of(f"{title_b}\n{text_b}")
    return titles >= _ALIKE or _common_stems(ours, theirs) >= _COMMON_WORDS


def _common_stems(one: _Words, other: _Words) -> float:
    """How many of the shorter text's words, by their beginnings, the other has: of those that tell something."""
    left, right = _stems(one.written), _stems(other.written)
    return len(left & right) / max(min(len(left), len(right)), 1)
