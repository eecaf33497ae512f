"""Stems of words: what the Snowball algorithm of a language leaves of them (https://snowballstem.org)."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Protocol

from monitor.language import base
from monitor.text import LONGEST_CACHED, fold

_ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's name


@cache
def _stemmer(algorithm: str) -> _Stemmer | None:
    import snowballstemmer

    # Older releases know fewer languages.
    return snowballstemmer.stemmer(algorithm) if algorithm in snowballstemmer.algorithms() else None


def stem_keys(word: str, language: str) -> frozenset[str]:
    """What words of one stem share: the folded stems of the word as it is written, and of the word without accents.

    `word` is in lower case. A language without an algorithm, or an unknown one, gives the folded word; so does a word
    too long to be one, which the stemmers would keep in memory as we keep the others.
    """
    return _keys(word, language) if len(word) <= LONGEST_CACHED else frozenset([fold(word)])


@lru_cache(maxsize=50_000)
def _keys(word: str, language: str) -> frozenset[str]:
    algorithm = _ALGORITHMS.get(base(language))
    stemmer = _stemmer(algorithm) if algorithm else None
    if stemmer is None:
        return frozenset([fold(word)])
    return frozenset([fold(stemmer.stemWord(word)), stemmer.stemWord(fold(word))])
