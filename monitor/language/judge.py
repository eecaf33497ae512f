"""Evidence into a guess: what the text says, weighed with what is known of the feed and the house (Bayes' rule)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from monitor.language.detectors import DETECTORS, LANGDETECT, Detector
from monitor.language.scripts import (
    LANGUAGE_OF_SCRIPT,
    SYLLABIC,
    chinese,
    dominant_script,
    has_kana,
    of_script,
    writes,
)
from monitor.language.statistics import BY_WORDS, OTHER, PROFILES, UNPROFILED, has_small_word
from monitor.language.tags import base, bcp47
from monitor.model import UNDETERMINED, LanguageGuess

_SAMPLE = 300  # code points of title and lead; more adds nothing to accuracy and costs time in proportion
_LINKS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")  # where a word may be broken: no letter, and no gap either
_NAME = re.compile(r"[^\W\d_]{4,}")  # shorter ones are mostly small words, which are evidence

_MIN_LETTERS = 4  # fewer say nothing in any script
_BY_SCRIPT = 0.99

# How often a text is in a language, before anything is known of it, as against one of the other languages with
# statistics.
_COMMON = frozenset("de en es fr it pt ru".split())
_OF_COMMON = 5.0
_NATIONAL = frozenset("be kk ky mn sr tg".split())  # without statistics, but with newspapers of their own
_OF_NATIONAL = 0.5
_OF_UNPROFILED = 0.05  # these are rare
_OF_BY_WORDS = 0.02
_TWINS = frozenset("bs ms nn".split())  # with the statistics of a larger neighbour, and newspapers of their own
_OF_TWIN = 0.15
_OF_OTHER = 0.01
_OF_CANDIDATE = 50.0  # one the house expects: ten times as often as a common one

# Of a feed's articles, so many are in any language at all, whatever it declares and has carried.
_STRAY = 0.05
_MISDECLARED = 0.1  # so many feeds declare a language they are not in: often their template's
_DECLARED_COUNTS = 3.0  # the declaration weighs as much as three articles
_HISTORY = 50  # more articles make a feed's language no surer

# From probability to share of right guesses: logit = _SHIFT + _SLOPE * logit. Fitted on half of the labelled texts.
_SHIFT, _SLOPE = 0.5, 0.7
# Of a language whose sisters we know nothing of, unless its feed declares or its house expects it.
_MOST_BY_WORDS = 0.85
_MOST_BY_LETTERS = 0.85  # so a sister of the language would look: without one of its small words
_FLOOR = 0.5  # a guess more likely wrong than right is not made
SURE = 0.8  # from here on a guess by the text itself counts as its feed's language
_NO_TEXT = 0.9  # a title of digits or a bare name in a feed that has only ever carried one language


def detect(
    title: str,
    text: str,
    *,
    candidates: Sequence[str],
    declared: str | None,
    history: Mapping[str, int] | None = None,
    outlet: str | None = None,
    detector: Detector = DETECTORS[LANGDETECT],
) -> LanguageGuess:
    """The language of an article, judged by its title, the beginning of its text, and its feed.

    `candidates` are the languages this house expects and `declared` what the feed claims, both BCP 47. `history` is how
    many of the feed's recent articles were surely in each language, `outlet` the feed's title, whose names say nothing
    of an article. All of these are a preference, never an order. `und` where a guess would more likely be wrong than
    right. The same arguments give the same answer. Never raises.
    """
    sample = _sample(title, text, outlet)
    letters = [character for character in sample if character.isalpha()]
    script = dominant_script(letters)
    feed = _Feed(candidates, declared, history or {})
    guess = None
    if script in SYLLABIC:
        guess = _east_asian(letters, script, feed)
    elif script in LANGUAGE_OF_SCRIPT and len(letters) >= _MIN_LETTERS:
        guess = LanguageGuess(language=of_script(sample, script), confidence=_BY_SCRIPT, source="script")
    elif script in PROFILES and len(letters) >= _MIN_LETTERS:
        guess = _by_text(sample, script, feed, detector)
    return guess or _by_feed(script, feed)


def detect_all(
    articles: Sequence[tuple[str, str, str | None]],
    *,
    candidates: Sequence[str],
    history: Mapping[str, int],
    outlet: str | None,
    detector: Detector = DETECTORS[LANGDETECT],
) -> tuple[LanguageGuess, ...]:
    """The languages of a document's articles, in step: title, text and declared language of each.

    Each is judged twice: the second time, those of the others whose own text decided have joined the feed's history, so
    that a feed's first document is judged as well as its next.
    """

    def guess(article: tuple[str, str, str | None], carried: Mapping[str, int]) -> LanguageGuess:
        title, text, declared = article
        return detect(
            title,
            text,
            candidates=candidates,
            declared=declared,
            history=carried,
            outlet=outlet,
            detector=detector,
        )

    guesses = [guess(article, history) for article in articles]
    carried = Counter(found.language for found in guesses if _is_sure(found))
    if not carried:
        return tuple(guesses)
    carried.update(history)
    return tuple(
        guess(article, carried - Counter([found.language]) if _is_sure(found) else carried)
        for article, found in zip(articles, guesses, strict=True)
    )


def _is_sure(guess: LanguageGuess) -> bool:
    return guess.source in ("script", "detected") and guess.confidence >= SURE


def _sample(title: str, text: str, outlet: str | None) -> str:
    sample = _LINKS.sub(" ", _INVISIBLE.sub("", f"{title[:_SAMPLE]}\n{text[: 2 * _SAMPLE]}"))
    names = {name for name in _NAME.findall((outlet or "")[:200]) if name[0].isupper()}
    if names:
        sample = _NAME.sub(lambda found: " " if found[0] in names else found[0], sample)
    return sample[:_SAMPLE]


class _Feed:
    """What is known of an article before it is read."""

    def __init__(self, candidates: Sequence[str], declared: str | None, history: Mapping[str, int]) -> None:
        self.candidates = candidates
        self.declared = declared
        counts: dict[str, float] = {}
        for tag, count in history.items():
            if bcp47(tag) is None:
                continue  # `und` is no language
            counts[base(tag)] = counts.get(base(tag), 0.0) + max(count, 0)
        total = math.fsum(counts.values())
        scale = min(1.0, _HISTORY / total) if total else 0.0
        self.counts = {_named(language): scale * count for language, count in sorted(counts.items())}

    def expects(self, language: str) -> bool:
        """Whether the feed declares the language or the house expects it."""
        return language in {_named(base(tag)) for tag in (*self.candidates, self.declared)}

    def house_prior(self, languages: Sequence[str], script: str) -> Mapping[str, float]:
        """How often an article is in each of these languages, as far as the house knows."""
        return _house_prior(tuple(self.candidates), tuple(languages), script)

    def prior(self, house: Mapping[str, float], script: str) -> dict[str, float]:
        """The same, as far as the feed's declaration and history tell."""
        claimed = _named(base(self.declared))
        declares = bool(claimed) and writes(claimed, script)
        if claimed not in house:
            claimed = OTHER
        prior = {}
        total = math.fsum(self.counts.values())
        for language, share in house.items():
            said = (1 - _MISDECLARED) * (language == claimed) + _MISDECLARED * share if declares else share
            carried = (self.counts.get(language, 0.0) + _DECLARED_COUNTS * said) / (total + _DECLARED_COUNTS)
            prior[language] = (1 - _STRAY) * carried + _STRAY * share
        return prior


@lru_cache(maxsize=64)
def _house_prior(candidates: tuple[str, ...], languages: tuple[str, ...], script: str) -> Mapping[str, float]:
    expected = {_named(base(tag)) for tag in candidates}
    weights = {}
    for language in languages:
        if language in expected:
            weights[language] = _OF_CANDIDATE
        elif language in _COMMON:
            weights[language] = _OF_COMMON
        elif language in _NATIONAL:
            weights[language] = _OF_NATIONAL
        elif language == OTHER:
            weights[language] = _OF_OTHER
        elif language in _TWINS:
            weights[language] = _OF_TWIN
        elif language in UNPROFILED[script]:
            weights[language] = _OF_UNPROFILED
        else:
            weights[language] = _OF_BY_WORDS if language in BY_WORDS[script] else 1.0
    total = math.fsum(weights.values())
    return {language: weight / total for language, weight in weights.items()}


def _by_text(sample: str, script: str, feed: _Feed, detector: Detector) -> LanguageGuess | None:
    shouted = sum(map(str.isupper, sample)) > sum(map(str.islower, sample))
    likelihoods = detector.log_likelihoods(sample, script, shouted=shouted)
    if not likelihoods:
        return None
    house = feed.house_prior(tuple(likelihoods), script)
    language, confidence = _likeliest(likelihoods, feed.prior(house, script))
    if confidence < _FLOOR:
        return None
    if language == OTHER:
        # None of those we know. The feed may: it declares one that has no statistics.
        declared = feed.declared
        if declared and writes(base(declared), script) and _named(base(declared)) not in likelihoods:
            return LanguageGuess(language=declared, confidence=round(confidence, 3), source="feed")
        return UNDETERMINED
    if language in BY_WORDS[script]:
        # What the feed has carried does not help: its other articles may be in the same sister.
        most = 1.0 if feed.expects(language) else _MOST_BY_WORDS
    else:
        known = confidence <= _MOST_BY_LETTERS or feed.expects(language) or language in feed.counts
        most = 1.0 if known or has_small_word(sample, script, language) else _MOST_BY_LETTERS
    confidence = min(confidence, most)
    alone, certainty = _likeliest(likelihoods, house)
    source = "detected" if alone == language and certainty >= _FLOOR else "feed"
    return LanguageGuess(language=_tag(language, feed.candidates), confidence=round(confidence, 3), source=source)


def _likeliest(likelihoods: Mapping[str, float], prior: Mapping[str, float]) -> tuple[str, float]:
    """The likeliest language, and how often such a guess is right."""
    scores = {language: each + math.log(prior[language]) for language, each in likelihoods.items()}
    best = max(scores, key=scores.__getitem__)
    against = math.fsum(math.exp(score - scores[best]) for language, score in scores.items() if language != best)
    if against <= 0.0:
        return best, 1.0
    return best, 1 / (1 + math.exp(-_SHIFT + _SLOPE * math.log(against)))


def _east_asian(letters: Sequence[str], script: str, feed: _Feed) -> LanguageGuess | None:
    kana, characters = has_kana(letters)
    if script == "HANGUL":
        if len(letters) < _MIN_LETTERS:
            return None
        return LanguageGuess(language="ko", confidence=_BY_SCRIPT, source="script")
    if kana + characters < _MIN_LETTERS:
        return None
    japanese = base(feed.declared) == "ja" or feed.counts.get("ja", 0) > feed.counts.get("zh", 0)
    # A Japanese sentence needs kana; Chinese borrows one at times.
    if kana * 15 >= characters or (kana and japanese):
        return LanguageGuess(language="ja", confidence=_BY_SCRIPT, source="script")
    way = chinese(letters)
    if japanese and way != "zh-Hans":
        return LanguageGuess(language="ja", confidence=0.9, source="feed")  # a headline may do without kana
    if base(feed.declared) == "yue" and way != "zh-Hans":
        return None
    return LanguageGuess(language=way, confidence=0.9 if way == "zh" else _BY_SCRIPT, source="script")


def _by_feed(script: str, feed: _Feed) -> LanguageGuess:
    """The guess for a text that says nothing: what the feed carries, else what it declares."""
    counts = {language: count for language, count in feed.counts.items() if not script or writes(language, script)}
    total = math.fsum(feed.counts.values())
    if counts:
        language = max(counts, key=counts.__getitem__)
        confidence = _NO_TEXT * counts[language] / (total + _DECLARED_COUNTS)
        if confidence >= _FLOOR:
            return LanguageGuess(
                language=_tag(language, feed.candidates), confidence=round(confidence, 3), source="feed"
            )
    if feed.declared and (not script or writes(base(feed.declared), script)):
        return LanguageGuess(language=feed.declared, confidence=0.5, source="declared")
    return UNDETERMINED


def _named(language: str) -> str:
    """The language as our statistics name it: Norwegian is Bokmål unless it says otherwise."""
    return {"no": "nb", "fil": "tl"}.get(language, language)


def _tag(language: str, candidates: Sequence[str]) -> str:
    """The tag for a language; a house that says `no` for Norwegian gets `no`."""
    return "no" if language == "nb" and "no" in candidates and "nb" not in candidates else language
