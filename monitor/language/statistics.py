"""How likely a word is in each language: chains of letters out of langdetect's profiles, and small words.

A profile counts a language's groups of one, two and three letters. From these comes a chain: how likely is each letter
after the two before it? Unlike the counts themselves, which overlap and so say everything three times, a chain's
likelihoods may be multiplied. The only importer of langdetect.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from monitor.language.letters import ALPHABETS, OWN
from monitor.language.words import NEIGHBOURS, WORDS

# Languages with a profile, by script; a profile competes in its own script only.
PROFILES = {
    "LATIN": "af ca cs cy da de en es et fi fr hr hu id it lt lv nb nl pl pt ro sk sl so sq sv sw tl tr vi".split(),
    "CYRILLIC": "bg mk ru uk".split(),
    "ARABIC": "ar fa ur".split(),
    "DEVANAGARI": "hi mr ne".split(),
}
_FILE_OF = {"nb": "no"}

# Languages without one: told by their small words and own letters, and else like their neighbours.
UNPROFILED = {
    "LATIN": "az br bs eo eu ga gl is la lb mi ms mt nn sr yo".split(),
    "CYRILLIC": "be ky kk mn sr tg tt".split(),
    "ARABIC": "ckb ps".split(),
    "DEVANAGARI": ["mai"],
}
# The same, but with sisters that we know nothing of, as Zulu has Swazi: by a text alone their names are never certain.
BY_WORDS = {
    "LATIN": "ast ceb co fo fy gd ha ht ig ilo jv ku lg mg nds ny oc om rw sco sn st su tk tn ts uz xh zu".split(),
    "CYRILLIC": [],
    "ARABIC": "sd ug".split(),
    "DEVANAGARI": "bho sa".split(),
}
OTHER = ""  # a language that none of these is

_OWN_LETTER = 0.02  # about as frequent as a letter of medium rank
_NO_LETTER = 4.0  # a word with such a letter is e⁴ times less likely: one word in fifty is quoted or misprinted

# Serbian is written in two alphabets letter by letter, and differs from Croatian in a word here and there: its Cyrillic
# words are judged by Croatian statistics.
_SERBIAN = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "ђ": "đ", "е": "e", "ж": "ž", "з": "z", "и": "i", "ј": "j",
    "к": "k", "л": "l", "љ": "lj", "м": "m", "н": "n", "њ": "nj", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "ћ": "ć", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "č", "џ": "dž", "ш": "š",
})  # fmt: skip

# How much the chain trusts three letters, two, one, none. Profiles leave out what is rarer than one in 100,000, so a
# group they lack says little. Flatter than usual; measured on half of the titles, a plateau.
_BY_THREE, _BY_TWO, _BY_ONE, _BY_NONE = 0.5, 0.35, 0.12, 0.03 / 60
_END = 0.17  # one character in six ends a word

# Small words make a third of a text. Their share by rank follows Zipf's law.
_SMALL_WORDS = 0.3

# A language unlike its neighbours would foretell its own letters better than the mean of other languages does. Texts in
# a language with a profile lie 0.3 to 0.9 nats a letter above that mean, others 0 to 0.2: the line is drawn between.
# The few profiles in other scripts have no such mean.
_STRANGER = {"LATIN": 0.2}

# A word may be a name or a quotation, in a language other than the text's. With a capital it often is, in Latin
# letters: elsewhere names are respelled in the language's own alphabet, and the letters they lack or have tell a lot.
_FOREIGN = 0.03
_FOREIGN_CAPITAL = 0.3
_FOREIGN_CAPITAL_ELSEWHERE = 0.1


class Chain:
    """How likely each letter is after the two before it, in one language."""

    def __init__(self, profile: Mapping[str, int]) -> None:
        counts: Counter[str] = Counter()
        for group, count in profile.items():
            counts[group.lower()] += count
        begins: Counter[str] = Counter()
        for group, count in counts.items():
            if len(group) > 1:
                begins[group[:-1]] += count
        # What begins a group is counted more often than all listed groups it begins: the rare ones are not listed.
        begins |= counts
        letters = sum(count for group, count in counts.items() if len(group) == 1)
        self._begins = frozenset(begins)
        self._share = {
            group: count / (begins[group[:-1]] if len(group) > 1 else letters) for group, count in counts.items()
        }
        self._share[" "] = _END

    def probability(self, group: str) -> float:
        """Of a group's last letter after its first one or two; a blank stands for the beginning or end of a word."""
        share, begins = self._share, self._begins
        one = share.get(group[-1], 0.0)
        pair = group[-2:]
        two = share.get(pair, 0.0) if pair[0] in begins else one
        if len(group) == 2:
            return (_BY_THREE + _BY_TWO) * two + _BY_ONE * one + _BY_NONE
        three = share.get(group, 0.0) if group[:2] in begins else two
        return _BY_THREE * three + _BY_TWO * two + _BY_ONE * one + _BY_NONE


class Script:
    """The languages of one script, and how likely words are in each."""

    def __init__(self, script: str) -> None:
        self._latin = script == "LATIN"
        self._foreign_capital = _FOREIGN_CAPITAL if self._latin else _FOREIGN_CAPITAL_ELSEWHERE
        self._stranger = _STRANGER.get(script, 0.0)
        profiled = PROFILES[script]
        self.languages = (*profiled, *UNPROFILED[script], *BY_WORDS[script], OTHER)
        self._other = len(self.languages) - 1
        self._chains = [_chain(language) for language in profiled]
        place = {language: number for number, language in enumerate((*profiled, "*"))}
        keys = [_key(script, language) for language in self.languages]
        borrowed = [[place[each] for each in NEIGHBOURS.get(key, "*").split()] for key in keys[len(profiled) :]]
        self._borrowed = [(places[0], places[-1]) for places in borrowed]  # one neighbour is both
        self._own: dict[str, list[int]] = {}  # letter → places of the languages that have it and cannot borrow it
        self._has: dict[str, set[int]] = {}  # letter → places of the languages that have it
        alphabets = ALPHABETS.get(script, {})
        self._alphabets = {number for number, language in enumerate(self.languages) if language in alphabets}
        for number, language in enumerate(self.languages):
            for letter in dict.fromkeys(map(normal, OWN.get(language, "") if number >= len(profiled) else "")):
                self._own.setdefault(letter, []).append(number)
            for letter in map(normal, alphabets.get(language, "")):
                self._has.setdefault(letter, set()).add(number)
        self._serbian = self.languages.index("sr") if script == "CYRILLIC" else None
        self._small: dict[str, dict[int, float]] = {}
        for number, key in enumerate(keys):
            words = list(dict.fromkeys("".join(map(normal, WORDS.get(key, ""))).split()))
            total = sum(1 / (rank + 2) for rank in range(len(words)))
            for rank, word in enumerate(words):
                self._small.setdefault(word, {})[number] = 1 / (rank + 2) / total
        self.group = lru_cache(maxsize=32768)(self._group)
        self.word = lru_cache(maxsize=16384)(self._word)

    def _group(self, group: str) -> tuple[float, ...]:
        """Log-probability of a group's last letter in each language that has statistics, and in their mean."""
        known = [chain.probability(group) for chain in self._chains]
        return (*map(math.log, known), math.log(sum(known) / len(known)) + self._stranger)

    def _spelt(self, word: str) -> tuple[list[float], float]:
        """How likely a normalised word's letters are in each language, as against the likeliest, and log of that."""
        padded = f" {word} "
        groups = [self.group(padded[:2]), *[self.group(padded[at : at + 3]) for at in range(len(word))]]
        sums: list[float] = list(map(sum, zip(*groups, strict=True)))
        top = max(sums)
        likely = [math.exp(each - top) for each in sums]
        mean = likely.pop()
        known = (*likely, mean)
        likely += [(known[one] + known[two]) / 2 for one, two in self._borrowed]
        plain = self._latin and word.isascii()  # most are
        for number in () if plain else {number for letter in word for number in self._own.get(letter, ())}:
            own = [number in self._own.get(letter, ()) for letter in f"{word} "]
            places = self._borrowed[number - len(self._chains)]
            rest = [
                math.fsum(group[place] for group, is_own in zip(groups, own, strict=True) if not is_own)
                for place in places
            ]
            likely[number] = sum(math.exp(each - top) for each in rest) / len(places) * _OWN_LETTER ** sum(own)
        if self._serbian is not None:
            likely[self._serbian] = math.exp(_in_serbian(word) - top)
        return likely, top

    def _word(self, word: str, capital: bool) -> tuple[float, ...]:
        """Log-likelihood of a normalised word in each language, against a word of any language."""
        spelt, top = self._spelt(word)
        likely = [(1 - _SMALL_WORDS) * each for each in spelt]
        likely[self._other] = spelt[self._other]  # its small words are spelt like its others, for all we know
        for number, share in self._small.get(word, {}).items():
            likely[number] += _SMALL_WORDS * share * math.exp(-top)
        foreign = self._foreign_capital if capital else _FOREIGN
        own = (1 - foreign) * len(likely) / sum(likely)
        weights = [math.log(own * each + foreign) for each in likely]
        if not (capital and self._latin):  # names in Latin letters keep theirs wherever they are printed
            for number in self._lacking(word):
                weights[number] -= _NO_LETTER
        return tuple(weights)

    def _lacking(self, word: str) -> set[int]:
        """Places of the languages that have not all letters of the word."""
        if self._latin and word.isascii():
            return set()
        letters = {letter for letter in word if not (self._latin and letter.isascii())}
        return {number for letter in letters for number in self._alphabets - self._has.get(letter, set())}


@cache
def script_statistics(script: str) -> Script:
    """The statistics of a script in `PROFILES`. Built whole before anyone else can see them: threads need no lock."""
    return Script(script)


def has_small_word(text: str, script: str, language: str) -> bool:
    """Whether one of the language's small words stands in the text; True where none are listed."""
    small = _small_words(script, language)
    return not small or not small.isdisjoint("".join(map(normal, text)).split())


@cache
def _small_words(script: str, language: str) -> frozenset[str]:
    return frozenset("".join(map(normal, WORDS.get(_key(script, language), ""))).split())


def _key(script: str, language: str) -> str:
    """The language in `WORDS` and `NEIGHBOURS`: Serbian has two alphabets."""
    return "sr_c" if (script, language) == ("CYRILLIC", "sr") else language


@cache
def _chain(language: str) -> Chain:
    from langdetect.detector_factory import PROFILES_DIRECTORY

    text = Path(PROFILES_DIRECTORY, _FILE_OF.get(language, language)).read_text("utf-8")
    return Chain(json.loads(text)["freq"])


def _in_serbian(word: str) -> float:
    """Log-probability of a Cyrillic word in Serbian."""
    padded = f" {word.translate(_SERBIAN)} "
    chain = _chain("hr")
    groups = [padded[:2], *(padded[at : at + 3] for at in range(len(padded) - 2))]
    return math.fsum(math.log(chain.probability(group)) for group in groups)


@lru_cache(maxsize=4096)
def normal(character: str) -> str:
    """A character as the profiles have it: in lower case, a blank for what is no letter, some letters merged."""
    from langdetect.utils.ngram import NGram

    lower = character.lower()
    return str(NGram.normalize(lower if len(lower) == 1 else character))
