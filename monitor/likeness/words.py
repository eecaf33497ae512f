"""A text as it is compared: its words, its shingles, and what of it tells something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from monitor.text import LONGEST_CACHED, fold, written_words

MAX_CHARACTERS = 50_000  # of a text; what follows is not looked at
MAX_TITLE = 1_000  # characters, likewise
SHORT = 60  # words; of a shorter text the title is part of what it says

# Spaceless scripts give one token a character. So many tokens in a row say about as much as three words:
WORDS, _HAN, _LETTERS = 3, 5, 9
_UNSPACED_LETTERS = (("\u0e00", "\u0f00"), ("\u1000", "\u10a0"), ("\u1780", "\u1800"))  # Thai, Lao; Myanmar; Khmer
_SAMPLE = 200  # tokens to tell the script by

# Multilinear hashing (Carter and Wegman 1979) over the words' CRCs: the middle 32 bits of a sum. Odd numbers by chance;
# with ones of 64 bits the products took half as long again.
FIRST, SECOND, _THIRD = 0xC2B2AE3D, 0x9E3779B1, 0x85EBCA77
_MASK = 0xFFFFFFFF


def _crc(written: str) -> int:
    return crc32(fold(written).encode("utf-8", "surrogatepass"))


_cached_crc = lru_cache(maxsize=50_000)(_crc)


@dataclass(slots=True)
class Words:
    """A text as it is compared."""

    written: list[str]
    crcs: list[int]  # of the folded words, in step
    size: int  # tokens in a shingle
    shingles: list[int]  # each begins at the word of its index

    @property
    def count(self) -> int:
        """How many words they are, or as good as."""
        return len(self.crcs) * WORDS // self.size


def words_of(text: str) -> Words:
    written = written_words(text[:MAX_CHARACTERS])
    crcs = [_cached_crc(word) if len(word) <= LONGEST_CACHED else _crc(word) for word in written]
    size = _shingle_size(written)
    return Words(written, crcs, size, _shingles(crcs, size))


def _shingle_size(written: Sequence[str]) -> int:
    sample = written[:_SAMPLE]
    single = [word[0] for word in sample if len(word) <= 2 and word[0] >= "\u0e00"]
    letters = sum(any(low <= one < high for low, high in _UNSPACED_LETTERS) for one in single)
    han = sum("\u2e80" <= one < "\ua000" or one >= "\U00020000" for one in single)
    if max(han, letters) * 2 <= len(sample):
        return WORDS
    return _HAN if han >= letters else _LETTERS


def _shingles(crcs: list[int], size: int) -> list[int]:
    """32 bits for every `size` words in a row."""
    threes = [
        (first * FIRST + second * SECOND + third * _THIRD) >> 16 & _MASK
        for first, second, third in zip(crcs, crcs[1:], crcs[2:], strict=False)
    ]
    if size == WORDS:
        return threes
    step = (size - 3) // 2
    return [
        (first * FIRST + second * SECOND + third * _THIRD) >> 16 & _MASK
        for first, second, third in zip(threes, threes[step:], threes[2 * step :], strict=False)
    ]


@dataclass(slots=True)
class Reading:
    """An article as it is compared."""

    title: Words
    text: Words
    shingles: set[int]  # of the text

    def terms(self) -> frozenset[object]:
        """What its title is made of: words, or pairs of characters."""
        crcs = self.title.crcs
        return frozenset(crcs if self.title.size == WORDS else pairwise(crcs))


def read(title: str, text: str) -> Reading:
    """The article ready to be compared."""
    words = words_of(text)
    return Reading(words_of(title[:MAX_TITLE]), words, set(words.shingles))


# ── what words tell ──────────────────────────────────────────────────────────────────────────────────────────────────


def stems(words: Sequence[str], *, of_capitals: bool = True) -> frozenset[str]:
    """What words tell by, without their endings; pairs of characters where there is nothing between words."""
    if len(words) > 3 and sum(map(len, words)) < 2 * len(words):
        return frozenset(map("".join, pairwise(map(fold, words))))
    stems = set()
    for word in words:
        if not of_capitals and word[0].isupper():
            continue
        least, most = _stem_length(word[0])
        if len(word) >= least:
            stems.add(fold(word)[:most])
    return frozenset(stems)


def _stem_length(first: str) -> tuple[int, int]:
    """Letters that a word must have to tell something, and that are looked at: what follows may be an ending."""
    if "\uac00" <= first <= "\ud7a3":
        return 2, 2  # syllables
    if "\u0590" <= first <= "\u07ff":
        return 3, 4  # consonants alone
    return (4 if first.isupper() else 5), 5  # Iran and NATO, not plus and over


def tells(words: Sequence[str]) -> bool:
    """Whether a passage says something of its own: names or numbers."""
    return len({word for word in words[1:] if word[0].isnumeric() or is_name(word)}) >= 3


def is_number(word: str) -> bool:
    return word[0].isnumeric()


def is_name(word: str) -> bool:
    return len(word) > 2 and word[0].isupper()
