"""What it costs to tell stories: signature, bands, judging a candidate, an index of many articles. One JSON line each.

    python bench/likeness.py [ARTICLES]

Medians of CPU time. The texts are words by chance, drawn as often as words are (Zipf), the same at every run. Where
datasketch or rensa can be imported, their MinHash of the same words stands beside ours.
"""

from __future__ import annotations

import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from itertools import accumulate
from pathlib import Path

from monitor.likeness import bands, signature, story_of
from monitor.model import Article, Near

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
chance = random.Random(7)
WORDS = ["".join(chance.choices("abcdefghilmnoprstuv", k=chance.randint(2, 11))) for _ in range(20_000)]
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))


def a_text(length: int) -> str:
    """Sentences of that many characters together."""
    text = ""
    while len(text) < length:
        text += " ".join(chance.choices(WORDS, cum_weights=WEIGHTS, k=chance.randint(8, 24))).capitalize() + ". "
    return text[:length]


def microseconds(of: Callable[[str], object], texts: list[str]) -> float:
    """The median over the texts, each the first time it is seen."""
    spent = []
    for text in texts:
        start = time.process_time_ns()
        of(text)
        spent.append((time.process_time_ns() - start) / 1000)
    return round(statistics.median(spent), 1)


def near(name: int, text: str) -> Near:
    """As the archive gives it."""
    sketch = signature("A title", text)
    return Near(
        id=name, feed="f", title="A title", text=text, published_at=NOW, seen_at=NOW, signature=sketch, headline=()
    )


def an_article(text: str) -> Article:
    """As it comes from another feed."""
    return Article(
        feed="g",
        entry_key="k",
        guid=None,
        link=None,
        link_key=None,
        title="A title",
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
        signature=signature("A title", text),
    )


def peers() -> Iterator[tuple[str, Callable[[str], object]]]:
    """Other people's MinHash over the same shingles, as far as it is installed."""

    def shingles(text: str) -> list[str]:
        words = text.lower().split()
        return [" ".join(words[at : at + 3]) for at in range(len(words) - 2)]

    for name in ("datasketch", "rensa"):
        try:
            module = import_module(name)
        except ImportError:
            continue
        if name == "datasketch":

            def sketch(text: str, module=module) -> object:  # type: ignore[no-untyped-def]
                made = module.MinHash(num_perm=64)
                made.update_batch([shingle.encode() for shingle in shingles(text)])
                return made

        else:

            def sketch(text: str, module=module) -> object:  # type: ignore[no-untyped-def]
                made = module.RMinHash(num_perm=64, seed=7)
                made.update(shingles(text))
                return made.digest()

        yield name, sketch


def index(articles: int, texts: list[str]) -> dict[str, float]:
    """Insert and look-up beside so many articles of 1,500 characters, in SQLite on disk."""
    with tempfile.TemporaryDirectory() as folder:
        archive = sqlite3.connect(Path(folder) / "index.db")
        archive.executescript("PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA cache_size = -65536")
        archive.execute("CREATE TABLE bands (band INTEGER, article INTEGER, PRIMARY KEY (band, article)) WITHOUT ROWID")
        inserted = []
        for first in range(0, articles, 1000):
            rows = [
                [(band, article) for band in bands(signature("A title", a_text(1500)) or b"")]
                for article in range(first, min(first + 1000, articles))
            ]
            start = time.process_time_ns()
            for row in rows:
                archive.executemany("INSERT INTO bands VALUES (?, ?)", row)
            archive.commit()
            inserted.append((time.process_time_ns() - start) / 1000 / len(rows))
        found = []

        def look_up(text: str) -> None:
            asked = bands(signature("A title", text) or b"")
            marks = ",".join("?" * len(asked))
            found.append(
                archive.execute(
                    f"SELECT article, count(*) FROM bands WHERE band IN ({marks}) GROUP BY article "
                    "ORDER BY count(*) DESC LIMIT 16",
                    asked,
                ).fetchall()
            )

        both, alone = microseconds(look_up, texts), microseconds(lambda text: signature("A title", text), texts)
        archive.close()
        size = (Path(folder) / "index.db").stat().st_size
    return {
        "insert_us": round(statistics.median(inserted[-20:]), 1),
        "signature_and_look_up_us": both,
        "look_up_us": round(both - alone, 1),
        "candidates": statistics.mean(map(len, found)),
        "mb": round(size / 1e6),
    }


def costs(texts: list[str]) -> dict[str, float]:
    """Of each step, a text; the candidate judged is a light edit of it, or has hardly a word in common."""
    edited = {text: text.replace(". ", ". Really ", 3) for text in texts}
    nears, news = {text: near(1, text) for text in texts}, {text: an_article(edited[text]) for text in texts}
    signatures = {text: signature("A title of eight words that says it", text) for text in texts}
    return {
        "signature_us": microseconds(lambda text: signature("A title of eight words that says it", text), texts),
        "bands_us": microseconds(lambda text: bands(signatures[text] or bytes(320)), texts),
        "story_of_one_candidate_us": microseconds(lambda text: story_of(news[text], [nears[text]]), texts),
        "story_of_an_unlike_one_us": microseconds(lambda text: story_of(news[text], [nears[texts[0]]]), texts),
    }


def main(articles: int) -> None:
    """Everything, shortest texts first."""
    for length in (60, 250, 2500):
        texts = [a_text(length) for _ in range(400)]
        print(json.dumps({"characters": length, **costs(texts)}))
        for name, sketch in peers():
            print(json.dumps({"characters": length, "peer": name, "signature_us": microseconds(sketch, texts)}))
    print(json.dumps({"articles": articles, **index(articles, [a_text(2500) for _ in range(400)])}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
