"""The script of a text, and the languages that are written in it: a script of one language names it at once."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from monitor.language.statistics import BY_WORDS, PROFILES, UNPROFILED

# One script, one language that is in the news. By the first word of the letters' Unicode names.
LANGUAGE_OF_SCRIPT = {
    "GREEK": "el", "HEBREW": "he", "HANGUL": "ko", "THAI": "th", "GEORGIAN": "ka", "ARMENIAN": "hy", "BENGALI": "bn",
    "GURMUKHI": "pa", "GUJARATI": "gu", "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn",
    "MALAYALAM": "ml", "SINHALA": "si", "LAO": "lo", "KHMER": "km", "MYANMAR": "my", "ETHIOPIC": "am", "TIBETAN": "bo",
    "THAANA": "dv",
}  # fmt: skip

# A script's other language in the news, by letters that stand in one place of thirty or by small words.
_SISTERS = {
    "BENGALI": ("as", frozenset("ৰৱ"), frozenset[str]()),
    "ETHIOPIC": ("ti", frozenset("ኣቐቑቒቓቔቕ"), frozenset("ናይ እዩ ኣብ እቲ ኣሎ ድማ ካብ ነቲ ከም እዚ ምስ ብዛዕባ ነይሩ ኢሉ ሓደ".split())),
    "HEBREW": ("yi", frozenset("װױײ"), frozenset("און איז דער די דאס מיט פון פֿון נישט אז האט זיך אויף וועט".split())),
}
_LETTERS_A_TOKEN = 30
_TOKENS = 2  # one alone may be a name or a quotation

# More languages that are not written in Latin letters; what the declared language is checked against.
_OTHER_SCRIPTS = {
    "CYRILLIC": "ba ce cv os sah tk uz".split(),
    "ARABIC": ["ku"],
    "DEVANAGARI": ["kok"],
    "HEBREW": ["yi"],
    "BENGALI": ["as"],
    "ETHIOPIC": ["ti"],
    "CJK": ["zh", "ja", "yue"],
    "KANA": ["ja"],
}
_BOTH_SCRIPTS = frozenset({"sr", "uz", "tk", "ku"})  # these are written in Latin letters too

ABJADS = frozenset({"ARABIC", "DEVANAGARI"})
SYLLABIC = frozenset({"CJK", "KANA", "HANGUL"})

# Chinese: characters that only one of the two ways of writing has, among the most frequent ones.
_SIMPLIFIED = frozenset(
    "们这为说时会来个对发过还没进开关东车长门问间马见现让认议论设战争军队俄联导达选举经济应该后并华国学"
)
_TRADITIONAL = frozenset(
    "們這為說時會來個對發過還沒進開關東車長門問間馬見現讓認議論設戰爭軍隊聯導達選舉經濟應該後並華國學"
)


@lru_cache(maxsize=8192)
def script_of(letter: str) -> str:
    """The script of a letter as the first word of its Unicode name; kana are one script, modifiers none."""
    name = unicodedata.name(letter, "").partition(" ")[0]
    if name in ("HIRAGANA", "HALFWIDTH") or name.startswith("KATAKANA"):
        return "KANA"
    return "" if name in ("MODIFIER", "FULLWIDTH", "MATHEMATICAL") else name


def dominant_script(letters: Iterable[str]) -> str:
    """The script most of the text is in; empty when there are no letters."""
    scripts = Counter(map(script_of, letters))
    del scripts[""]
    if not scripts:
        return ""
    # A syllable or word a character: three of them say as much as nine letters. Latin letters count half: names, brands
    # and addresses are written in them everywhere.
    weights = {
        script: count * (6 if script in SYLLABIC else 1 if script == "LATIN" else 2)
        for script, count in scripts.items()
    }
    east_asian = [script for script in weights if script in SYLLABIC]
    script, weight = max(weights.items(), key=lambda item: item[1])
    if east_asian and sum(weights[each] for each in east_asian) >= weight:
        return max(east_asian, key=lambda each: weights[each])
    return script


def of_script(text: str, script: str) -> str:
    """The language of a text in a script of `LANGUAGE_OF_SCRIPT`."""
    if script not in _SISTERS:
        return LANGUAGE_OF_SCRIPT[script]
    sister, letters, words = _SISTERS[script]
    plain = "".join(each for each in text if not unicodedata.combining(each)) if script == "HEBREW" else text
    tokens = sum(each in letters for each in plain) + len(words.intersection(plain.split()))
    needed = max(_TOKENS, sum(map(str.isalpha, plain)) / _LETTERS_A_TOKEN)
    return sister if tokens >= needed else LANGUAGE_OF_SCRIPT[script]


def writes(language: str, script: str) -> bool:
    """Whether the language is written in this script; one we know nothing of counts as written in Latin letters."""
    for each in sorted({*PROFILES, *_OTHER_SCRIPTS}):
        known = (
            *PROFILES.get(each, ()),
            *UNPROFILED.get(each, ()),
            *BY_WORDS.get(each, ()),
            *_OTHER_SCRIPTS.get(each, ()),
        )
        if each != "LATIN" and language in known:
            return each == script or (script == "LATIN" and language in _BOTH_SCRIPTS)
    own_script = next((each for each, only in LANGUAGE_OF_SCRIPT.items() if only == language), "LATIN")
    return own_script == script


def has_kana(letters: Sequence[str]) -> tuple[int, int]:
    """How many of the letters are kana, and how many are Chinese characters."""
    scripts = Counter(map(script_of, letters))
    return scripts["KANA"], scripts["CJK"]


def chinese(letters: Iterable[str]) -> str:
    """Which way of writing Chinese: `zh-Hans`, `zh-Hant`, or `zh` where the characters are common to both."""
    simplified = traditional = 0
    for letter in letters:
        simplified += letter in _SIMPLIFIED
        traditional += letter in _TRADITIONAL
    if simplified == traditional:
        return "zh"
    return "zh-Hans" if simplified > traditional else "zh-Hant"
