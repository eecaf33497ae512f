"""What language is it in? Measured on labelled headlines, sentences and paragraphs, alone and in feeds, beside others.

Constants were fitted on half A. Half B was not fitted to, but its totals, and early on some of its errors, were seen
while the method was made, and a synthetic feed mixes both halves: B is a check, not a blind test. The labels are not
sacred: a headline carries the language of its whole feed or page, so that an English headline of a German site counts
as German. The wrong ones are printed, to be read before the figure is believed.
"""

from __future__ import annotations

import json
import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pytest

from monitor.language import DETECTORS, LANGDETECT, LINGUA, detect, detect_all, installed
from monitor.language.detectors import lingua_detector
from monitor.model import LanguageGuess
from tests.quality.figures import percent, publish, table
from tests.quality.material import DATA
from tests.strangers import LOOKED_AT, ONLY_SCORED

pytestmark = pytest.mark.skipif(
    not (DATA / "lang").is_dir(), reason="the labelled texts are not here (../shared/data/lang beside the checkout)"
)

KINDS = ("title", "sentence", "paragraph")
KNOWN = frozenset(  # to langdetect; the figures are over these unless they say otherwise
    "af ar bg bn ca cs cy da de el en es et fa fi fr gu he hi hr hu id it ja kn ko lt lv mk ml mr nb ne nl pa pl pt ro "
    "ru sk sl so sq sv sw ta te th tl tr uk ur vi zh".split()
)


@dataclass(frozen=True, slots=True)
class Text:
    """A labelled text."""

    id: str
    language: str
    kind: str
    text: str

    @property
    def half(self) -> str:
        """A: looked at, B: only scored."""
        return "AB"[zlib.crc32(self.id.encode()) % 2]


Answers = Sequence[tuple[Text, LanguageGuess]]


@cache
def texts() -> tuple[Text, ...]:
    lines = (DATA / "lang" / "lang-dev.jsonl").read_text("utf-8").splitlines()
    rows = map(json.loads, lines)
    return tuple(Text(row["id"], row["lang"], row["kind"], row["text"]) for row in rows)


def is_right(text: Text, guess: LanguageGuess) -> bool:
    return guess.language.partition("-")[0] == text.language


# ── who answers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def certain(language: str) -> LanguageGuess:
    return LanguageGuess(language={"no": "nb"}.get(language, language), confidence=1.0, source="detected")


def by_langdetect(seed: int | None) -> Callable[[str], LanguageGuess]:
    from langdetect import DetectorFactory, LangDetectException
    from langdetect import detect as langdetect

    def answer(text: str) -> LanguageGuess:
        DetectorFactory.seed = seed
        try:
            return certain(langdetect(text))
        except LangDetectException:
            return certain("und")

    return answer


def by_py3langid() -> Callable[[str], LanguageGuess]:
    import py3langid

    return lambda text: certain(py3langid.classify(text)[0])


def by_lingua() -> Callable[[str], LanguageGuess]:
    detector = lingua_detector()

    def answer(text: str) -> LanguageGuess:
        found = detector.detect_language_of(text)
        return certain(found.iso_code_639_1.name.lower() if found else "und")

    return answer


def ours(name: str = LANGDETECT) -> Callable[[str], LanguageGuess]:
    return lambda text: detect(text, "", candidates=(), declared=None, detector=DETECTORS[name])


def alone(answer: Callable[[str], LanguageGuess]) -> Answers:
    return [(text, answer(text.text)) for text in texts()]


def in_feeds(declared: str, name: str = LANGDETECT) -> Answers:
    """The same texts in feeds of 30 of one kind and language, one in ten from elsewhere; each document is a first one.

    What the feed declares is its language (`right`), another (`wrong`: English, as most templates do; French in an
    English feed), or nothing (`missing`).
    """
    chance = random.Random(1)
    answers: list[tuple[Text, LanguageGuess]] = []
    for kind in KINDS:
        pool = [text for text in texts() if text.kind == kind]
        by_language = defaultdict(list)
        for text in pool:
            by_language[text.language].append(text)
        for language, own in sorted(by_language.items()):
            chance.shuffle(own)
            elsewhere = [text for text in pool if text.language != language]
            claim = {"right": language, "wrong": "fr" if language == "en" else "en", "missing": None}[declared]
            for at in range(0, len(own), 27):
                feed = own[at : at + 27]
                feed = feed + chance.sample(elsewhere, -(-len(feed) // 9))
                chance.shuffle(feed)
                guesses = detect_all(
                    [(text.text, "", claim) for text in feed],
                    candidates=(),
                    history={},
                    outlet=None,
                    detector=DETECTORS[name],
                )
                answers += zip(feed, guesses, strict=True)
    return answers


@cache
def all_answers() -> dict[str, Answers]:
    """Every answerer by name."""
    found = {"langdetect, not seeded": alone(by_langdetect(None)), "langdetect, seeded": alone(by_langdetect(0))}
    if installed("py3langid"):
        found["py3langid"] = alone(by_py3langid())
    if installed(LINGUA):
        found["lingua, high accuracy"] = alone(by_lingua())
    found["ours, text alone"] = alone(ours())
    for declared in ("right", "wrong", "missing"):
        found[f"ours in a feed, declaration {declared}"] = in_feeds(declared)
    if installed(LINGUA):
        found["ours with lingua, text alone"] = alone(ours(LINGUA))
        found["ours with lingua in a feed, declaration right"] = in_feeds("right", LINGUA)
    return found


# ── what is counted ──────────────────────────────────────────────────────────────────────────────────────────────────


def pick(answers: Answers, *, kind: str = "", half: str = "", languages: Iterable[str] = KNOWN) -> Answers:
    wanted = frozenset(languages)
    return [
        (text, guess)
        for text, guess in answers
        if (not kind or text.kind == kind) and (not half or text.half == half) and text.language in wanted
    ]


def share(answers: Answers) -> tuple[int, int]:
    return sum(is_right(text, guess) for text, guess in answers), len(answers)


def surely_wrong(answers: Answers) -> int:
    return sum(guess.confidence >= 0.9 and not is_right(text, guess) for text, guess in answers)


def short(answers: Answers) -> str:
    right, of = share(answers)
    return f"{100 * right / of:.1f}" if of else "–"


def calibration(answers: Answers) -> tuple[list[tuple[int, int, float, int]], float]:
    """For each tenth of confidence: the tenth, how many guesses, their mean confidence, how many were right; and the
    expected calibration error over all."""
    tenths: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for text, guess in answers:
        if guess.language != "und":
            tenths[min(int(guess.confidence * 10), 9)].append((guess.confidence, is_right(text, guess)))
    rows = [
        (tenth, len(of), sum(confidence for confidence, _ in of) / len(of), sum(right for _, right in of))
        for tenth, of in sorted(tenths.items())
    ]
    error = sum(abs(right - mean * of) for _, of, mean, right in rows) / sum(of for _, of, _, _ in rows)
    return rows, error


def everywhere() -> frozenset[str]:
    return frozenset(text.language for text in texts())


# ── the promises ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("half", ["A", "B"])
@pytest.mark.parametrize(
    # The aim for headlines is 98 %. Of those of half A that count as wrong, about a third are in the language they were
    # given, not the labelled one (read one by one): 0.9 % of all. The bound holds what is reached by the labels.
    ("kind", "least"),
    [("paragraph", 0.995), ("sentence", 0.99), ("title", 0.97)],
)
def test_in_a_feed_that_declares_its_language_hardly_one_is_wrong(kind: str, least: float, half: str) -> None:
    right, of = share(pick(all_answers()["ours in a feed, declaration right"], kind=kind, half=half))

    assert right / of >= least


def test_headlines_alone_are_told_as_well_as_by_lingua() -> None:
    if not installed(LINGUA):
        pytest.skip("lingua is not installed (make lingua)")
    right, of = share(pick(all_answers()["ours, text alone"], kind="title"))
    theirs, _ = share(pick(all_answers()["lingua, high accuracy"], kind="title"))

    assert right / of >= theirs / of - 0.01


@pytest.mark.parametrize("half", ["A", "B"])
@pytest.mark.parametrize(
    "whose",
    [
        "ours, text alone",
        "ours in a feed, declaration right",
        "ours in a feed, declaration wrong",
        "ours in a feed, declaration missing",
    ],
)
def test_a_confidence_is_the_share_of_such_guesses_that_are_right(whose: str, half: str) -> None:
    _, error = calibration(pick(all_answers()[whose], half=half, languages=everywhere()))

    assert error <= 0.03


def test_a_french_article_in_an_english_feed_is_french() -> None:
    french = [text for text in texts() if text.language == "fr" and text.kind == "sentence" and len(text.text) >= 60]
    guesses = [detect(text.text, "", candidates=("en",), declared="en", history={"en": 200}) for text in french]

    assert sum(guess.language == "fr" for guess in guesses) >= 0.98 * len(french)
    assert {guess.source for guess in guesses if guess.language == "fr"} == {"detected"}


@pytest.mark.parametrize("half", ["A", "B"])
def test_a_language_without_statistics_is_not_taken_for_another_with_confidence(half: str) -> None:
    strangers = pick(all_answers()["ours, text alone"], half=half, languages=everywhere() - KNOWN)

    assert surely_wrong(strangers) <= 0.01 * len(strangers)


# ── the report ───────────────────────────────────────────────────────────────────────────────────────────────────────


def by_kind() -> str:
    rows = []
    for name, answers in all_answers().items():
        cells = [percent(*share(pick(answers, kind=kind))) for kind in KINDS]
        halves = [" / ".join(short(pick(answers, kind=kind, half=half)) for kind in KINDS) for half in "AB"]
        undetermined = sum(guess.language == "und" for _, guess in pick(answers))
        rows.append((name, *cells, *halves, f"{100 * undetermined / len(pick(answers)):.1f} %"))
    return table(("% right", *(f"{kind}s" for kind in KINDS), "half A", "half B", "`und`"), rows)


def by_language() -> str:
    columns = [
        (heading, all_answers()[name])
        for heading, name in (
            ("langdetect, seeded", "langdetect, seeded"),
            ("lingua", "lingua, high accuracy"),
            ("ours alone", "ours, text alone"),
            ("ours in a feed", "ours in a feed, declaration right"),
        )
        if name in all_answers()
    ]
    rows = []
    for language in sorted(everywhere()):
        counts = Counter(text.kind for text in texts() if text.language == language)
        cells = []
        for _, answers in columns:
            shares = [short(pick(answers, kind=kind, languages=(language,))).removesuffix(".0") for kind in KINDS]
            cells.append(" · ".join(shares))
        name = language if language in KNOWN else f"{language} *"
        rows.append((name, " · ".join(str(counts[kind]) for kind in KINDS), *cells))
    return table(("language", "texts", *(heading for heading, _ in columns)), rows)


def strangers() -> str:
    unknown = everywhere() - KNOWN
    answerers = [
        (f"{name}, half {half}", pick(all_answers()[name], half=half, languages=unknown))
        for name in ("ours, text alone", "ours in a feed, declaration right")
        for half in "AB"
    ]
    for name, sentences in (("looked at", LOOKED_AT), ("only scored", ONLY_SCORED)):
        own = [Text("", language, "sentence", each) for language, found in sentences.items() for each in found]
        answers = [(text, ours()(text.text)) for text in own]
        answerers.append((f"sentences of our own in {len(sentences)} languages, {name}, alone", answers))
    rows = []
    for name, answers in answerers:
        right, of = share(answers)
        und = sum(guess.language == "und" for _, guess in answers)
        shares = (right, und, of - right - und, surely_wrong(answers))
        rows.append((name, *(percent(each, of) for each in shares)))
    return table(("languages without statistics", "named", "`und`", "wrong", "wrong at 0.9 or more"), rows)


def by_confidence() -> str:
    names = ("ours, text alone", "ours in a feed, declaration right", "ours in a feed, declaration missing")
    rows = []
    for name in names:
        for half in "AB":
            tenths, error = calibration(pick(all_answers()[name], half=half, languages=everywhere()))
            found = {tenth: f"{100 * right / of:.0f} % of {of} at {mean:.2f}" for tenth, of, mean, right in tenths}
            rows.append((f"{name}, half {half}", *(found.get(tenth, "–") for tenth in range(5, 10)), f"{error:.3f}"))
    return table(("right, at a confidence of", *(f"0.{tenth} to" for tenth in range(5, 10)), "expected error"), rows)


def test_what_was_measured_is_published() -> None:
    for name in ("ours, text alone", "ours in a feed, declaration right"):
        wrong = [(t, g) for t, g in pick(all_answers()[name], kind="title", half="A") if not is_right(t, g)]
        print(f"\n{name}: headlines of half A that count as wrong")
        for text, guess in wrong:
            print(f"  {text.language} → {guess.language} {guess.confidence:.2f} {guess.source:9} {text.text[:110]}")
    left_out = [name for name in ("py3langid", LINGUA) if not installed(name)]

    parts = [
        f"{len(texts()):,} texts of {len(everywhere())} languages; the first table over the {len(KNOWN)} that "
        "langdetect knows. In parentheses the 95 % interval. Titles, sentences and paragraphs stand in this "
        "order where three figures share a cell.",
        by_kind(),
        strangers(),
        by_confidence(),
        "By language; * has no langdetect statistics.",
        by_language(),
    ]
    if left_out:
        parts.insert(1, f"Not installed, so not compared: {', '.join(left_out)}.")
    publish("language", "\n\n".join(parts))
