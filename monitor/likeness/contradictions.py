"""Where one text has other words than another in the same surroundings.

What two texts share is not enough: bulletins from one mould share most of their words and differ in the few that
matter, numbers and names.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from monitor.likeness.words import SHORT, WORDS, Reading, Words, is_name, is_number, stems
from monitor.text import fold

LONG = 90  # words
# Contradictions: one in so many words is an edit, more are another event told in the same sentences.
_WORDS_TO_ONE = 60
_NUMBERS_TO_ONE = 8  # of the same outlet within hours, if only numbers differ: a toll, a score, a count
_NUMBERS = 4  # but no more than so many: a bulletin of figures
_GAP = 12  # words; where more are different a sentence was replaced, not a detail


@dataclass(frozen=True, slots=True)
class Difference:
    """What stands in one text where the other has something else, in the same surroundings."""

    numbers: float = 0
    names: float = 0
    others: float = 0

    @property
    def weight(self) -> float:
        return self.numbers + self.names + self.others


NOTHING = Difference()


def agree(words: float, texts: Difference, titles: Difference, *, soon: bool) -> bool:
    """Whether two texts from one mould tell of one event; `soon`: they are one outlet's, within hours."""
    no_date = not (titles.numbers and titles.others)  # "Monday 10" and "Tuesday 11" are two
    if soon and no_date and texts.names == titles.names == 0 and texts.others <= words / _WORDS_TO_ONE:
        return texts.numbers <= max(min(words / _NUMBERS_TO_ONE, _NUMBERS), words / _WORDS_TO_ONE)
    if texts.weight > words / _WORDS_TO_ONE:
        return False
    if titles.names:
        return words >= LONG and texts.weight <= words / (2 * _WORDS_TO_ONE)
    return not titles.numbers or words >= SHORT


def differences(one: Words, other: Words, shared: Collection[int]) -> Difference:
    """Every detail in which two texts differ counts once, however often it stands there."""
    places: dict[int, list[int]] = defaultdict(list)
    for place, shingle in enumerate(other.shingles):
        if shingle in shared:
            places[shingle].append(place)
    details: dict[tuple[frozenset[int], frozenset[int]], Difference] = {}
    widest = _GAP * one.size // WORDS
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
    return Difference(sum(d.numbers for d in found), sum(d.names for d in found), sum(d.others for d in found))


def _detail(
    one: Words, here: slice, right: Collection[int], other: Words, there: slice, left: Collection[int]
) -> Difference:
    """What two short passages between the same words differ in."""
    ours = [word for word, crc in zip(one.written[here], one.crcs[here], strict=True) if crc not in right]
    theirs = [word for word, crc in zip(other.written[there], other.crcs[there], strict=True) if crc not in left]
    length = (here.stop - here.start) * WORDS // one.size
    if length > 4 and len(ours) > 0.7 * (here.stop - here.start):
        return NOTHING  # not the same sentence
    return _contradiction(ours, theirs)


def _contradiction(ours: Sequence[str], theirs: Sequence[str]) -> Difference:
    if not ours or not theirs:
        return NOTHING
    numbers = min(_count(ours, is_number), _count(theirs, is_number))
    ours, theirs = _unlike(ours, theirs), _unlike(theirs, ours)
    names = min(_count(ours, is_name), _count(theirs, is_name), 2)
    if names or not ours or not theirs:
        return Difference(numbers, names)
    # Where letters have no case, any word may be a name.
    return Difference(numbers, others=0.3 if ours[0].lower() != ours[0].upper() else 0.7)


def _count(words: Sequence[str], is_one: Callable[[str], bool]) -> int:
    return sum(map(is_one, words))


def _unlike(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """The words that are no number and no other spelling or ending of one of the others."""
    folded = [fold(other) for other in others]
    return [word for word in words if not is_number(word) and not any(_is_spelled_like(fold(word), o) for o in folded)]


def _is_spelled_like(one: str, other: str) -> bool:
    """Whether two words begin alike for two thirds of the longer one: Zelensky and Zelenskyy, not Rosa and Rosario."""
    enough = max(4, (2 * max(len(one), len(other)) + 2) // 3)
    return one[:enough] == other[:enough] and min(len(one), len(other)) >= enough


def between_titles(one: Reading, other: Reading) -> Difference:
    """What two titles of the same pattern differ in. In a title of capitals a name is what the text writes so, too."""
    return _contradiction(_own_words(one, other), _own_words(other, one))


def _own_words(reading: Reading, other: Reading) -> list[str]:
    left = Counter(other.title.crcs)
    words = []
    for word, crc in zip(reading.title.written, reading.title.crcs, strict=True):
        left[crc] -= 1
        if left[crc] < 0:
            words.append(word)
    if all(word[0].isupper() for word in reading.title.written if len(word) > 3):
        # A Title in Capitals, where Words Are No Names that its text writes small.
        small = stems(reading.text.written, of_capitals=False)
        return [word.lower() if stems([word]) & small else word for word in words]
    return words
