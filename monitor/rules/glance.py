"""What can be told of a text at a glance: that no rule can match it, without reading its words.

To read an article takes a quarter of a millisecond; to look for the letters of one word, each in any form that folds to
it, a twentieth of that. A search of the archive meets many articles that FTS5 has no say about; a glance passes over
most of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import chain
from typing import NamedTuple

from monitor.rules.ruleset import Rule
from monitor.rules.tree import Part
from monitor.text import fold

MOST_WORDS = 20  # beyond, it takes no less to look for each than to read the words once

# Where characters are that may fold to another one. Elsewhere (Chinese, Korean, private use) each is itself.
_MAY_FOLD = (
    *((0x80, 0x3400), (0xA000, 0xAC00), (0xF900, 0x12000), (0x16000, 0x17000), (0x1B000, 0x1B200)),
    *((0x1D400, 0x1F200), (0x2F800, 0x2FA20)),
)
# Parts of Korean syllables and the sound marks of kana: several characters that become one.
_COMPOSED = "\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\u3099-\u309c\uff9e-\uffdc"
_UNFIT = re.compile(r"\d")  # numbers have separators in them


class _Forms(NamedTuple):
    of: dict[str, str]  # letter → the other characters that fold to it
    silent: str  # characters that fold to nothing, as a class
    wide: re.Pattern[str]  # characters that fold to several letters, or make up one with others


@cache
def _forms() -> _Forms:
    of: dict[str, str] = {}
    silent, wide = [], []
    for char in map(chr, chain(range(ord("A"), ord("Z") + 1), *(range(*block) for block in _MAY_FOLD))):
        folded = fold(char)
        if not folded:
            silent.append(char)
        elif len(folded) > 1:
            if unicodedata.category(char)[0] in "LMN":
                wide.append(char)
        elif folded != char:
            of[folded] = of.get(folded, "") + char
    return _Forms(of, f"[{''.join(map(re.escape, silent))}]*", re.compile(f"[{''.join(wide)}{_COMPOSED}]"))


def may_match(rules: Sequence[Rule]) -> Callable[[str], bool]:
    """Whether one of the rules may match an article of this title and text together; where it is not clear, it may."""
    words = set(chain.from_iterable(rule.gate for rule in rules))
    if len(words) > MOST_WORDS or not all(rule.gate for rule in rules) or not all(map(_is_fit, words)):
        return lambda _: True
    return _Glance(sorted({part.letters for part in words}))


def _is_fit(part: Part) -> bool:
    # № is `n`, with a sign.
    return part.stem is None and part.letters != "n" and not _UNFIT.search(part.letters)


class _Glance:
    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    # Made when the first text comes: it takes a tenth of a second, and most searches meet none.
    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        forms = _forms()
        return [
            re.compile(forms.silent.join(f"[{re.escape(char + forms.of.get(char, ''))}]" for char in letters))
            for letters in self._words
        ]

    def __call__(self, text: str) -> bool:
        return any(word.search(text) for word in self._patterns) or _forms().wide.search(text) is not None
