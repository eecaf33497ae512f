"""How likely a text is in each language, by one of two libraries: the seam between the evidence and its judgement."""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Protocol

from monitor.language.statistics import PROFILES, normal, script_statistics

LANGDETECT, LINGUA = "langdetect", "lingua"

# What a reader is told who chose lingua without having it.
NO_LINGUA = "lingua is not installed. Install it (pip install 'media-monitor[lingua]'), or choose langdetect"

# Neighbouring letters and words say partly the same, so the evidence weighs half of what it claims to: where the
# probabilities of half the labelled texts became likeliest.
_TEMPER = 0.5

# lingua is as cautious of its own probabilities as of its evidence, so they weigh double, likewise measured. It adds
# them up in no fixed order; beyond so many digits they differ from run to run.
_TEMPER_LINGUA = 2.0
_LINGUA_DIGITS = 9
_LINGUA_LEAST = 1e-9

# Fewer are a name or an acronym, longer ones no words.
_MIN_WORDS, _MIN_LETTERS = 2, 8
_LONGEST_WORD = 40
_WORD = re.compile(r"\S+")


class Detector(Protocol):
    """Judges a text of one script. The same text gives the same answer, in every process. Never raises."""

    memory_bytes: int  # what its statistics take beyond the usual

    def warm_up(self) -> None:
        """Loads what it needs, so that the first text does not pay for it."""

    def log_likelihoods(self, sample: str, script: str, *, shouted: bool) -> Mapping[str, float]:
        """How well each language explains the text, up to a constant; `""` is a language it does not know.

        `script` is one of several languages, a key of `PROFILES`. A `shouted` text has capitals that say nothing.
        Empty when the text holds no evidence at all.
        """


class ByLetters:
    """By langdetect's letter statistics and the languages' small words."""

    memory_bytes = 0

    def warm_up(self) -> None:
        """Loads the statistics: an eighth of a second, some 20 MB."""
        for script in PROFILES:
            script_statistics(script)

    def log_likelihoods(self, sample: str, script: str, *, shouted: bool) -> Mapping[str, float]:
        """As the protocol says."""
        return _evidence(sample, script, shouted)


@lru_cache(maxsize=256)  # an article is judged twice: with and without what its document's others are
def _evidence(sample: str, script: str, shouted: bool) -> Mapping[str, float]:
    statistics = script_statistics(script)
    text = "".join(map(normal, sample))
    words: dict[str, bool] = {}  # each once: said twice it proves no more
    for found in _WORD.finditer(text):
        # Latin letters in another script are names, brands and addresses.
        if len(found[0]) <= _LONGEST_WORD and (script == "LATIN" or not found[0].isascii()):
            capital = not shouted and sample[found.start()].isupper()
            words[found[0]] = capital and words.get(found[0], True)
    if len(words) < _MIN_WORDS or sum(map(len, words)) < _MIN_LETTERS:
        return {}
    evidence = [statistics.word(word, capital) for word, capital in words.items()]
    sums = map(math.fsum, zip(*evidence, strict=True))
    return {language: _TEMPER * each for language, each in zip(statistics.languages, sums, strict=True)}


class ByLingua:
    """By lingua (an optional extra): groups of up to five letters. Larger, slower, and knows other languages."""

    memory_bytes = 1536 * 1024**2

    def warm_up(self) -> None:
        """Loads all its statistics: six seconds, 1.3 GB."""
        lingua_detector().detect_language_of("The statistics are loaded by the first text.")

    def log_likelihoods(self, sample: str, script: str, *, shouted: bool) -> Mapping[str, float]:
        """As the protocol says; lingua knows no unknown language."""
        text = sample.lower() if shouted else sample
        values = lingua_detector().compute_language_confidence_values(text.encode("utf-8", "replace").decode())
        if not any(each.value for each in values):
            return {}
        return {
            each.language.iso_code_639_1.name.lower(): _TEMPER_LINGUA
            * math.log(round(each.value, _LINGUA_DIGITS) + _LINGUA_LEAST)
            for each in values
        }


@cache
def lingua_detector() -> Any:
    """lingua's detector with all its languages, in its exact mode."""
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()


DETECTORS: Mapping[str, Detector] = {LANGDETECT: ByLetters(), LINGUA: ByLingua()}


def installed(name: str) -> bool:
    """Whether the library behind a detector is there; langdetect always is."""
    return importlib.util.find_spec(name) is not None
