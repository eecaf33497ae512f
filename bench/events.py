"""What telling events costs: the headline of an article, and its comparison with 30 others. One JSON line a stage.

    python bench/events.py [ROUNDS]

Medians of CPU time over rounds; a round is 300 articles with titles of 10 words and leads of 40, made of 5,000 words
of two alphabets. The 30 others share at least two words with each.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, datetime

from monitor.events import event_of, headline
from monitor.model import Article, Near

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ARTICLES, OTHERS = 300, 30


def words(chance: random.Random) -> list[str]:
    """Words of 4 to 11 letters, half of them Cyrillic."""
    alphabets = "abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщыьэюя"
    return ["".join(chance.choices(alphabets[number % 2], k=chance.randint(4, 11))) for number in range(5_000)]


def article(title: str, text: str) -> Article:
    """As normalisation makes it."""
    return Article(
        feed="gazette",
        entry_key=title,
        guid=None,
        link=None,
        link_key=None,
        title=title,
        text=text,
        authors=(),
        categories=(),
        published_at=NOW,
        published_source="published",
        seen_at=NOW,
        declared_language=None,
        digest=0,
        content_digest=0,
        fingerprint=None,
        headline=headline(title, text),
    )


def near(number: int, title: str, text: str) -> Near:
    """As the archive gives it."""
    return Near(
        id=number,
        feed="tribune",
        title=title,
        text=text,
        published_at=NOW,
        seen_at=NOW,
        signature=None,
        headline=headline(title, text),
    )


def main(rounds: int) -> None:
    """Each round other articles."""
    chance = random.Random(1)
    vocabulary = words(chance)
    spent: dict[str, list[float]] = {"headline": [], f"event_of, {OTHERS} candidates": []}
    for _ in range(rounds):
        texts = [
            (" ".join(chance.choices(vocabulary, k=10)), " ".join(chance.choices(vocabulary, k=40)))
            for _ in range(ARTICLES)
        ]
        start = time.process_time()
        for title, text in texts:
            headline(title, text)
        spent["headline"].append((time.process_time() - start) / ARTICLES)

        judged = []
        for title, text in texts:
            kept = title.split()[:4]
            others = [
                near(
                    number, " ".join(kept + chance.choices(vocabulary, k=6)), " ".join(chance.choices(vocabulary, k=40))
                )
                for number in range(OTHERS)
            ]
            judged.append((article(title, text), others))
        frequency = Counter(number for ready, _ in judged for number in ready.headline)
        start = time.process_time()
        for ready, others in judged:
            event_of(ready, others, frequency=frequency, reports=ARTICLES)
        spent[f"event_of, {OTHERS} candidates"].append((time.process_time() - start) / ARTICLES)
    for stage, seconds in spent.items():
        print(json.dumps({"stage": stage, "us": round(statistics.median(seconds) * 1e6, 1)}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
