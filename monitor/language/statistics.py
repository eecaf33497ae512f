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
    "LATIN": "az br bs eo eu ga gl is la lb lg mi ms mt nn sn sr st tn ts xh yo zu".split(),
    "CYRILLIC": "be ky kk mn sr tg tt".split(),
    "ARABIC": "ckb ps".split(),
    "DEVANAGARI": ["mai"],
}
OTHER = ""  # a language that none of these is

# Letters a language has that its neighbours' statistics know nothing of, and letters that it never has.
_OWN_LETTERS = {
    "az": "ə", "be": "ў", "ckb": "ڕڵۆێە", "eo": "ĉĝĥĵŝŭ", "is": "þðæö", "kk": "әғқңұһ", "ky": "ңөү", "lb": "ë",
    "mi": "āēīōū", "mn": "өү", "mt": "ħġżċ", "ps": "ټډړښځڅېۍ", "sr": "ђћјљњџ", "tg": "ғӣқӯҳҷ", "tt": "әҗңөүһ",
    "yo": "ẹọṣàá",
}  # fmt: skip
_NO_LETTERS = {
    "bg": "ыэёіїєґўѓќѕјљњџћђ", "mk": "йщъьыэюяёіїєґўћђ", "ru": "іїєґўѓќѕјљњџћђ", "uk": "ыэёъўѓќѕјљњџћђ",
    "be": "ищъїєґѓќѕјљњџћђ", "sr": "йщъьыэюяёіїєґўѓќѕ", "kk": "їєґўѓќѕјљњџћђ", "ky": "іїєґўѓќѕјљњџћђ",
    "mn": "іїєґўѓќѕјљњџћђ", "tg": "іїєґўѓќѕјљњџћђщыц", "tt": "іїєґўѓќѕјљњџћђ",
    "ar": "پچژگٹڈڑےںہھ", "fa": "ٹڈڑےںہھ",
    "cs": "ľĺŕôäåøæßñãõłąę", "sk": "řěůåøæßñãõłąę", "da": "äöß", "nb": "äöß", "nn": "äöß", "sv": "æøß", "sl": "ćđ",
    "es": "àèòùçãõêôâß", "ca": "ñáãõâêôß", "pt": "ñèìòùäöß", "gl": "ãõêâôçß", "fr": "ñãõáíóúäöß", "it": "ñçãõâêôäöß",
}  # fmt: skip
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
_STRANGER = {"LATIN": math.exp(0.2)}

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
        self._foreign_capital = _FOREIGN_CAPITAL if script == "LATIN" else _FOREIGN_CAPITAL_ELSEWHERE
        self.profiled = PROFILES[script]
        self.languages = (*self.profiled, *UNPROFILED[script], OTHER)
        self._chains = [_chain(language) for language in self.profiled]
        place = {language: number for number, language in enumerate(self.profiled)}
        keys = ["sr_c" if (script, language) == ("CYRILLIC", "sr") else language for language in self.languages]
        place["*"] = len(self.profiled)
        self._neighbours = [
            [place[each] for each in NEIGHBOURS.get(key, "*").split()] for key in keys[len(self.profiled) :]
        ]
        self._stranger = [
            1.0 if key in NEIGHBOURS else _STRANGER.get(script, 1.0) for key in keys[len(self.profiled) :]
        ]
        self._own = [
            dict.fromkeys(map(normal, _OWN_LETTERS.get(language, "")), _OWN_LETTER)
            for language in self.languages[len(self.profiled) :]
        ]
        self._never: dict[str, list[int]] = {}  # letter → places of the languages that do not have it
        for number, (language, key) in enumerate(zip(self.languages, keys, strict=True)):
            if key != "sr":  # in Latin letters it has others
                for letter in dict.fromkeys(map(normal, _NO_LETTERS.get(language, ""))):
                    self._never.setdefault(letter, []).append(number)
        self._serbian = self.languages.index("sr") if script == "CYRILLIC" else None
        self._small: dict[str, dict[int, float]] = {}
        for number, key in enumerate(keys):
            words = list(dict.fromkeys("".join(map(normal, word)) for word in WORDS.get(key, "").split()))
            total = sum(1 / (rank + 2) for rank in range(len(words)))
            for rank, word in enumerate(words):
                self._small.setdefault(word, {})[number] = 1 / (rank + 2) / total
        self.group = lru_cache(maxsize=32768)(self._group)
        self.word = lru_cache(maxsize=16384)(self._word)

    def _group(self, group: str) -> tuple[float, ...]:
        """Log-probability of a group's last letter in each language."""
        known = [chain.probability(group) for chain in self._chains]
        known_and_mean = (*known, sum(known) / len(known))
        borrowed = [
            own.get(group[-1]) or stranger * sum([known_and_mean[each] for each in places]) / len(places)
            for places, own, stranger in zip(self._neighbours, self._own, self._stranger, strict=True)
        ]
        return tuple(map(math.log, (*known, *borrowed)))

    def _word(self, word: str, capital: bool) -> tuple[float, ...]:
        """Log-likelihood of a normalised word in each language, against a word of any language."""
        padded = f" {word} "
        groups = [padded[:2], *(padded[at : at + 3] for at in range(len(word)))]
        sums: list[float] = list(map(sum, zip(*map(self.group, groups), strict=True)))
        if self._serbian is not None:
            sums[self._serbian] = _in_serbian(word)
        top = max(sums)
        likely = [math.exp(each - top) for each in sums]
        if small := self._small.get(word):
            likely = [(1 - _SMALL_WORDS) * each for each in likely]
            for number, share in small.items():
                likely[number] += _SMALL_WORDS * share * math.exp(-top)
        foreign = self._foreign_capital if capital else _FOREIGN
        own = (1 - foreign) * len(likely) / sum(likely)
        weights = [math.log(own * each + foreign) for each in likely]
        if not (capital and self._latin):  # names in Latin letters keep theirs wherever they are printed
            for number in {number for letter in word for number in self._never.get(letter, ())}:
                weights[number] -= _NO_LETTER
        return tuple(weights)


@cache
def script_statistics(script: str) -> Script:
    """The statistics of a script in `PROFILES`. Built whole before anyone else can see them: threads need no lock."""
    return Script(script)


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
