"""What it costs to name an article's language: ms an article at three lengths, beside the libraries that do the same.

    python bench/language.py [ARTICLES]

CPU time of this process, first over articles it has never seen, then over the same ones again: headlines of a day share
most of their words. py3langid and lingua only where they are installed. One JSON line a detector and length.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from monitor.language import DETECTORS, LINGUA, detect, installed, warm_up
from monitor.language.words import WORDS

LENGTHS = (60, 250, 2_500)
LANGUAGES = ("fr", "en", "de", "uk", "ru", "es", "it", "pl")
MATERIAL = Path(__file__).parents[2] / "shared" / "data" / "lang" / "lang-dev.jsonl"


def articles(count: int, length: int) -> list[str]:
    """Texts of that length: of real sentences where they are at hand, else of invented words among small ones."""
    chance = random.Random(length)
    if MATERIAL.is_file():
        rows = [json.loads(line) for line in MATERIAL.read_text("utf-8").splitlines()]
        by_language = {code: [row["text"] for row in rows if row["lang"] == code] for code in LANGUAGES}
    else:
        by_language = {code: [_invented(WORDS[code].split(), chance) for _ in range(200)] for code in LANGUAGES}
    made = []
    for number in range(count):
        sentences = by_language[LANGUAGES[number % len(LANGUAGES)]]
        text = ""
        while len(text) < length:
            text += chance.choice(sentences) + " "
        made.append(text[:length])
    return made


def _invented(words: list[str], chance: random.Random) -> str:
    def word() -> str:
        return chance.choice(words) if chance.random() < 0.4 else "".join(chance.sample("".join(words), 7))

    return " ".join(word() for _ in range(15))


def measured(answer: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """Median and 95th percentile of the CPU time for one text, in ms."""
    taken = []
    for text in texts:
        start = time.process_time()
        answer(text)
        taken.append((time.process_time() - start) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def answerers() -> dict[str, Callable[[str], object]]:
    """Every detector by name, warm."""
    from langdetect import DetectorFactory
    from langdetect import detect_langs as langdetect

    def ours(name: str) -> Callable[[str], object]:
        warm_up(DETECTORS[name])
        return lambda text: detect(text[:60], text[60:], candidates=(), declared="fr", detector=DETECTORS[name])

    DetectorFactory.seed = 0
    found: dict[str, Callable[[str], object]] = {"ours": ours("langdetect"), "langdetect, seeded": langdetect}
    if installed("py3langid"):
        import py3langid

        found["py3langid"] = py3langid.classify
    if installed(LINGUA):
        from monitor.language.detectors import lingua_detector

        found["ours with lingua"] = ours(LINGUA)
        found["lingua, high accuracy"] = lingua_detector().detect_language_of
    for answer in found.values():
        answer("So that nothing is loaded while the clock runs.")
    return found


def main(count: int) -> None:
    """Every detector over the same texts."""
    for name, answer in answerers().items():
        for length in LENGTHS:
            texts = articles(count, length)
            median, slow = measured(answer, texts)
            again, _ = measured(answer, texts)
            figures = {"median_ms": median, "p95_ms": slow, "again_ms": again}
            print(json.dumps({"detector": name, "characters": length, **{k: round(v, 3) for k, v in figures.items()}}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
