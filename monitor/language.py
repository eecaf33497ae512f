"""Which language a text is in: the script decides first, then letter statistics, then what the feed declares.

The only importer of langdetect, for its letter statistics. Its own detector draws letter groups at random until one
language has a probability of 0.99999, so it is as sure of "NATO summit" as of a page, and priors wash out; here every
letter group counts once, which is exact, three times as fast, and gives probabilities one can compare with a floor.
Tags are BCP 47 (RFC 5646, https://www.rfc-editor.org/rfc/rfc5646).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from monitor.model import LanguageGuess

# ── tags ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_TAG = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?((?:-[a-z0-9]{1,8})*)", re.IGNORECASE)

# Three-letter codes that have a two-letter form, and country codes that feeds give as a language. Only country codes
# that are no language themselves: `se` is Northern Sami, `kr` Kanuri.
_MEANT = {
    "ara": "ar", "bul": "bg", "ces": "cs", "cze": "cs", "deu": "de", "ger": "de", "ell": "el", "gre": "el", "eng": "en",
    "est": "et", "fas": "fa", "per": "fa", "fin": "fi", "fra": "fr", "fre": "fr", "heb": "he", "hun": "hu", "ita": "it",
    "jpn": "ja", "kor": "ko", "lav": "lv", "lit": "lt", "nld": "nl", "dut": "nl", "pol": "pl", "por": "pt", "ron": "ro",
    "rum": "ro", "rus": "ru", "slk": "sk", "slo": "sk", "spa": "es", "swe": "sv", "tur": "tr", "ukr": "uk", "zho": "zh",
    "chi": "zh", "iw": "he", "in": "id", "ji": "yi",
    "ua": "uk", "by": "be", "rs": "sr", "cz": "cs", "gr": "el", "dk": "da", "jp": "ja", "cn": "zh",
}  # fmt: skip
_NO_LANGUAGE = frozenset({"und", "zxx", "mul", "mis"})  # codes that say "none in particular"


def bcp47(tag: str | None) -> str | None:
    """The tag in its usual form: `fr_FR` is `fr-FR`, `EN` is `en`, `ua` is `uk`. None for what is no language tag."""
    parts = _TAG.fullmatch((tag or "").strip()[:36].replace("_", "-"))
    if parts is None:
        return None
    language = parts[1].lower()
    if language in _NO_LANGUAGE:
        return None
    script, region, rest = (parts[2] or "").title(), (parts[3] or "").upper(), parts[4].lower()
    return _MEANT.get(language, language) + script + region + rest


def _base(tag: str | None) -> str:
    return (tag or "").partition("-")[0]


# ── scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# One script, one language that is in the news. By the first word of the letters' Unicode names.
_LANGUAGE_OF_SCRIPT = {
    "GREEK": "el", "HEBREW": "he", "HANGUL": "ko", "THAI": "th", "GEORGIAN": "ka", "ARMENIAN": "hy", "BENGALI": "bn",
    "GURMUKHI": "pa", "GUJARATI": "gu", "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn",
    "MALAYALAM": "ml", "SINHALA": "si", "LAO": "lo", "KHMER": "km", "MYANMAR": "my", "ETHIOPIC": "am", "TIBETAN": "bo",
    "THAANA": "dv",
}  # fmt: skip

# Scripts of several languages: langdetect's profiles compete, each in its own script only.
_PROFILES = {
    "LATIN": "af ca cs cy da de en es et fi fr hr hu id it lt lv nl no pl pt ro sk sl so sq sv sw tl tr vi".split(),
    "CYRILLIC": "bg mk ru uk".split(),
    "ARABIC": "ar fa ur".split(),
    "DEVANAGARI": "hi mr ne".split(),
}
_PROFILE_OF = {"nb": "no", "nn": "no", "fil": "tl"}
_LANGUAGE_OF_PROFILE = {"no": "nb"}

# Languages without a profile that are not written in Latin letters; what the declared language is checked against.
_OTHER_SCRIPTS = {
    "CYRILLIC": "be ba ce cv kk ky mn os sah sr tg tk tt uz".split(),
    "ARABIC": "ckb ku ps sd ug".split(),
    "DEVANAGARI": "bho kok mai sa".split(),
    "HEBREW": ["yi"],
    "BENGALI": ["as"],
    "ETHIOPIC": ["ti"],
    "CJK": ["zh", "ja", "yue"],
    "KANA": ["ja"],
}
_BOTH_SCRIPTS = frozenset({"sr", "uz", "tk", "ku"})  # these are written in Latin letters too

_ABJADS = frozenset({"ARABIC", "DEVANAGARI"})
_SYLLABIC = frozenset({"CJK", "KANA", "HANGUL"})

# Chinese: characters that only one of the two ways of writing has, among the most frequent ones.
_SIMPLIFIED = frozenset(
    "们这为说时会来个对发过还没进开关东车长门问间马见现让认议论设战争军队俄联导达选举经济应该后并华"
)
_TRADITIONAL = frozenset(
    "們這為說時會來個對發過還沒進開關東車長門問間馬見現讓認議論設戰爭軍隊聯導達選舉經濟應該後並華國學"
)

# ── letters that tell ────────────────────────────────────────────────────────────────────────────────────────────────

# Letters that rule out the profiles on the right, unless that would leave none.
_RULES_OUT = (
    (frozenset("ыэё"), {"uk", "bg", "mk"}),
    (frozenset("іїєґ"), {"ru", "bg", "mk"}),
    (frozenset("ѓќѕјљњџ"), {"ru", "bg", "uk"}),
    (frozenset("щъйьюя"), {"mk"}),
    (frozenset("ٹڈڑےں"), {"ar", "fa"}),
    (frozenset("پچژگ"), {"ar"}),
)

# Languages langdetect has no profile for, by letters of their own; without these it names a neighbour, confidently.
# The number is their least share of all letters: names in a text stay below, and so does Turkish in a wrong charset.
_OWN_LETTERS = (
    ("CYRILLIC", "sr", frozenset("ћђ"), 0.008),
    ("CYRILLIC", "kk", frozenset("қғұ"), 0.008),
    ("CYRILLIC", "", frozenset("ңҗҡҙӑӗ"), 0.008),  # Kyrgyz, Tatar, Bashkir, Chuvash, …: none of those we can name
    ("CYRILLIC", "mn", frozenset("өү"), 0.02),
    ("ARABIC", "ps", frozenset("ټډړښځ"), 0.008),
    ("LATIN", "az", frozenset("ə"), 0.03),
    ("LATIN", "is", frozenset("þð"), 0.03),
    ("LATIN", "eo", frozenset("ĉĝĥĵŝŭ"), 0.015),
)
_SERBIAN_OR_MACEDONIAN = frozenset("јљњџ")
_SERBIAN_WORDS = frozenset("је су у који која које као ће што био била из".split())
_MACEDONIAN_WORDS = frozenset("е во со ќе ги што кој која кои како беше од".split())

# ── detection ────────────────────────────────────────────────────────────────────────────────────────────────────────

_SAMPLE = 250  # code points; more adds nothing to accuracy (measured up to 400) and costs time in proportion
_LINKS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+")
_WORD = re.compile(r"\S*[^\W\d_]\S+")

_MIN_LETTERS = 12
_MIN_CONSONANTS = 10  # in the scripts that write vowels above and below, or not at all
_MIN_WORDS = 2
_MIN_SYLLABLES = 4  # in a script that names its language
_FLOOR = 0.6  # probability below which the guess says nothing

# How much likelier than another language: decides among few words and near neighbours, is nothing to a sentence.
_CANDIDATE_WEIGHT = 10.0
_DECLARED_WEIGHT = 10.0

# Letter groups of one, two and three overlap, so their evidence counts several times over. Divided by this, a
# probability of 0.9 is right nine times in ten (measured on headlines of 31 to 60 characters).
_OVERLAP = 4.0
_UNSEEN = 0.5 / 10_000  # langdetect's weight for a letter group a profile does not have

# Mean log-probability of a text's letter groups under the best profile, for a long text: texts in a language of ours
# lie at -5.2 and hardly below -5.4, texts in one without a profile (Irish, Zulu, Basque) mostly below. The mean of
# few groups scatters more.
_POOR_FIT = -5.35
_POOR_FIT_OF_EXPECTED = -5.65  # the house or the feed expects this very language
_POOR_FIT_IF_DECLARED_OTHER = -5.15  # the feed declares a language without a profile
_FIT_SCATTER = 5.0  # over the square root of the number of groups
_FIT_WIDTH = 0.04


def warm_up() -> None:
    """Load the letter statistics (0.3 s, some 50 MB). Without it the first `detect` of each script pays."""
    for script in _PROFILES:
        _statistics(script)


def detect(title: str, text: str, *, candidates: Sequence[str], declared: str | None) -> LanguageGuess:
    """The language of an article, judged by its title and the beginning of its text.

    `candidates` are the languages this house expects and `declared` what the feed claims, both BCP 47: a preference,
    never an order. Too little text, or an undecided result, gives the declared language when the script allows it, else
    `und`. The same arguments give the same answer. Never raises.
    """
    sample = _sample(title, text)
    letters = [character for character in sample if character.isalpha()]
    script = _dominant_script(letters)
    guess = _guess(sample, letters, script, candidates, declared)
    if guess is not None and guess.confidence >= _FLOOR:
        return guess
    if declared and (not script or _can_be_written(_base(declared), script)):
        return LanguageGuess(language=declared, confidence=0.5, source="declared")
    return LanguageGuess(language="und", confidence=0.0, source="none")


def _guess(
    sample: str, letters: Sequence[str], script: str, candidates: Sequence[str], declared: str | None
) -> LanguageGuess | None:
    if script in _SYLLABIC:
        return _east_asian(letters, script, declared)
    if script in _LANGUAGE_OF_SCRIPT:
        if len(letters) < _MIN_SYLLABLES:
            return None
        return LanguageGuess(language=_LANGUAGE_OF_SCRIPT[script], confidence=0.99, source="script")
    least = _MIN_CONSONANTS if script in _ABJADS else _MIN_LETTERS
    if script not in _PROFILES or len(letters) < least or len(_WORD.findall(sample)) < _MIN_WORDS:
        return None
    return _by_letters(sample, letters, script, candidates, declared)


def _sample(title: str, text: str) -> str:
    sample = _LINKS.sub(" ", f"{title[:_SAMPLE]}\n{text[: 2 * _SAMPLE]}")[:_SAMPLE]
    # langdetect skips words in capitals, so a headline set in them would leave it nothing to read.
    return sample.lower() if sum(map(str.isupper, sample)) > sum(map(str.islower, sample)) else sample


@lru_cache(maxsize=8192)
def _script(letter: str) -> str:
    """The script of a letter as the first word of its Unicode name; kana are one script, modifiers none."""
    name = unicodedata.name(letter, "").partition(" ")[0]
    if name in ("HIRAGANA", "HALFWIDTH") or name.startswith("KATAKANA"):
        return "KANA"
    return "" if name in ("MODIFIER", "FULLWIDTH", "MATHEMATICAL") else name


def _dominant_script(letters: Iterable[str]) -> str:
    """The script most of the text is in; empty when there are no letters."""
    scripts = Counter(map(_script, letters))
    del scripts[""]
    if not scripts:
        return ""
    # A syllable or word a character: three of them say as much as nine Latin letters.
    weights = {script: count * (3 if script in _SYLLABIC else 1) for script, count in scripts.items()}
    east_asian = [script for script in weights if script in _SYLLABIC]
    script, weight = max(weights.items(), key=lambda item: item[1])
    if east_asian and sum(weights[each] for each in east_asian) >= weight:
        return max(east_asian, key=lambda each: weights[each])
    return script


def _east_asian(letters: Sequence[str], script: str, declared: str | None) -> LanguageGuess | None:
    scripts = Counter(map(_script, letters))
    if sum(scripts[each] for each in _SYLLABIC) < _MIN_SYLLABLES:
        return None
    if script == "HANGUL":
        return LanguageGuess(language="ko", confidence=0.99, source="script")
    # A Japanese sentence needs kana; Chinese borrows one at times.
    if scripts["KANA"] * 15 >= scripts["CJK"] or (scripts["KANA"] and _base(declared) == "ja"):
        return LanguageGuess(language="ja", confidence=0.99, source="script")
    simplified = sum(letter in _SIMPLIFIED for letter in letters)
    traditional = sum(letter in _TRADITIONAL for letter in letters)
    if _base(declared) in ("ja", "yue") and simplified <= traditional:
        return None  # a headline without kana is no proof against Japanese
    if simplified == traditional:
        return LanguageGuess(language="zh", confidence=0.9, source="script")
    return LanguageGuess(
        language="zh-Hans" if simplified > traditional else "zh-Hant", confidence=0.99, source="script"
    )


def _by_letters(
    sample: str, letters: Sequence[str], script: str, candidates: Sequence[str], declared: str | None
) -> LanguageGuess | None:
    counts = Counter(map(str.lower, letters))
    own = _by_own_letters(sample, counts, script)
    if own is not None:
        return LanguageGuess(language=own, confidence=0.9, source="script") if own else None
    possible = _not_ruled_out(script, counts)
    expected = {_PROFILE_OF.get(_base(tag), _base(tag)) for tag in candidates}
    claimed = _PROFILE_OF.get(_base(declared), _base(declared))
    prior = {
        profile: (_CANDIDATE_WEIGHT if profile in expected else 1.0) * (_DECLARED_WEIGHT if profile == claimed else 1.0)
        for profile in possible
    }
    best = _likeliest(sample, script, prior)
    if best is None:
        return None
    profile, probability, fit = best
    if claimed and claimed not in _PROFILES[script] and _can_be_written(claimed, script):
        poor = _POOR_FIT_IF_DECLARED_OTHER
    elif profile == claimed or profile in expected:
        poor = _POOR_FIT_OF_EXPECTED
    else:
        poor = _POOR_FIT
    confidence = probability / (1 + math.exp((poor - fit) / _FIT_WIDTH))
    return LanguageGuess(language=_tag(profile, candidates), confidence=round(confidence, 3), source="detected")


def _by_own_letters(sample: str, counts: Counter[str], script: str) -> str | None:
    """A language without a profile, told by its letters; "" for one that has no name here, None for no such sign."""
    total = counts.total()
    for own_script, language, own, share in _OWN_LETTERS:
        if own_script == script and sum(counts[letter] for letter in own) >= share * total:
            return language
    if script != "CYRILLIC":
        return None
    # Belarusian alone has і but no и; ў, or і beside ы, settles it.
    if counts["і"] and not counts["и"] and (counts["ў"] or counts["ы"]):
        return "be"
    if any(counts[letter] for letter in _SERBIAN_OR_MACEDONIAN) and not (counts["ѓ"] or counts["ќ"] or counts["ѕ"]):
        words = sample.lower().split()
        serbian = sum(word in _SERBIAN_WORDS for word in words)
        macedonian = sum(word in _MACEDONIAN_WORDS for word in words)
        if serbian >= macedonian:
            return "sr" if serbian > macedonian else ""
    return None


def _likeliest(sample: str, script: str, prior: Mapping[str, float]) -> tuple[str, float, float] | None:
    """The likeliest profile, its probability, and how well it fits for so many letter groups;
    None when no letter group of the text is known."""
    profiles, _ = _statistics(script)
    evidence = [_word_evidence(script, word) for word in sample.split()]
    groups = sum(count for count, _ in evidence)
    if not groups:
        return None
    sums = dict(zip(profiles, map(sum, zip(*(weights for _, weights in evidence), strict=True)), strict=True))
    scores = {profile: sums[profile] / _OVERLAP + math.log(weight) for profile, weight in prior.items()}
    best = max(scores, key=scores.__getitem__)
    probability = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
    return best, probability, sums[best] / groups + _FIT_SCATTER / math.sqrt(groups)


# Letter groups never reach over a space, so a text is the sum of its words, and the same words come again and again:
# with most of them remembered, a text costs a tenth.
@lru_cache(maxsize=8192)
def _word_evidence(script: str, word: str) -> tuple[int, tuple[float, ...]]:
    """How many letter groups of a word are known, and the sum of their log-probabilities in each profile."""
    profiles, statistics = _statistics(script)
    seen = [statistics[group] for group in _letter_groups(f"{word} ") if group in statistics]
    return len(seen), tuple(map(math.fsum, zip(*seen, strict=True))) if seen else (0.0,) * len(profiles)


def _letter_groups(sample: str) -> Iterator[str]:
    """One to three letters in a row, as langdetect counted them for its profiles; words in capitals are left out."""
    from langdetect.utils.ngram import NGram

    window = NGram()
    for character in NGram.normalize_vi(sample):
        window.add_char(character)
        for length in range(1, NGram.N_GRAM + 1):
            group = window.get(length)
            if group and len(group) == length:
                yield group


def _not_ruled_out(script: str, counts: Counter[str]) -> list[str]:
    """The script's profiles that the letters allow; all of them when the letters contradict one another."""
    out: set[str] = set()
    for letters, languages in _RULES_OUT:
        if any(counts[letter] for letter in letters):
            out |= languages
    return [profile for profile in _PROFILES[script] if profile not in out] or _PROFILES[script]


def _tag(profile: str, candidates: Sequence[str]) -> str:
    """The tag for a profile; a house that says `no` for Norwegian gets `no`."""
    return profile if profile in candidates else _LANGUAGE_OF_PROFILE.get(profile, profile)


def _can_be_written(language: str, script: str) -> bool:
    """Whether the language is written in this script; one we know nothing of counts as written in Latin letters."""
    for each in (*_PROFILES, *_OTHER_SCRIPTS):
        if each != "LATIN" and language in (*_PROFILES.get(each, ()), *_OTHER_SCRIPTS.get(each, ())):
            return each == script or (script == "LATIN" and language in _BOTH_SCRIPTS)
    own_script = next((each for each, only in _LANGUAGE_OF_SCRIPT.items() if only == language), "LATIN")
    return own_script == script


@cache
def _statistics(script: str) -> tuple[tuple[str, ...], dict[str, tuple[float, ...]]]:
    """The profiles of a script, and for each letter group its log-probability in each of them.

    Built whole before anyone else can see it, so threads need no lock.
    """
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_json_profile([Path(PROFILES_DIRECTORY, name).read_text("utf-8") for name in _PROFILES[script]])
    return tuple(factory.langlist), {
        group: tuple(math.log(_UNSEEN + share) for share in shares)
        for group, shares in factory.word_lang_prob_map.items()
    }
