"""How long a rule takes over a large archive: `monitor rules test` as a user runs it. One JSON line a query.

    python bench/backtest.py [ARTICLES] [--all]

The archive is made in a temporary folder: sentences by chance, the same at every run, one article in a thousand about
NATO and Ukraine, one in fifty with Chinese in it, which the full-text index splits otherwise than rules do. `--all`
also asks for what the index cannot narrow, which reads every article.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from monitor.archive import open_archive
from monitor.rules import fts_text

FEEDS = 200
DAYS = 365
BATCH = 10_000
QUERIES = {
    "one in a thousand": "Ukraine NEAR/10 (OTAN OR NATO)",
    "an alias in several scripts": '(OTAN OR НАТО OR 北约 OR नाटो OR "Alliance atlantique") NEAR/10 ukrain*',
    "one in a hundred thousand": '"Ukraine gagne" BEFORE/20 "Alliance atlantique"',
    "none": "Zaporijjia",
    "Chinese": "北约",
}
UNNARROWED = {"regular expression": "/Ukr[ai]+ne/", "stem": "~ukrainien"}

SETTINGS = """
monitor: {{contact: desk@example.org, archive: archive.db, timezone: UTC}}
feeds: [{feeds}]
"""

chance = random.Random(7)


def sentences(number: int) -> list[str]:
    """Sentences of words drawn as often as words are (Zipf)."""
    words = ["".join(chance.choices("abcdefghilmnoprstuvé", k=chance.randint(2, 11))) for _ in range(50_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    return [
        " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(8, 24))).capitalize() + "."
        for _ in range(number)
    ]


def rows(articles: int, until: datetime) -> Iterator[dict[str, object]]:
    """Articles of about 1,500 characters, oldest first."""
    pool = sentences(20_000)
    step = timedelta(days=DAYS) / articles
    for number in range(1, articles + 1):
        parts = chance.sample(pool, 12)
        if number % 1000 == 0:
            parts.insert(6, "L’Ukraine, dit l’OTAN, attend.")
        if number % 100_000 == 0:
            parts.insert(6, "« Ukraine gagne », dit l’Alliance atlantique.")
        if number % 50 == 0:
            parts.append("他们说北约与美国。" if number % 1000 == 0 else "他们说美国。")
        title, text = parts[0], " ".join(parts[1:])
        yield {
            "id": number,
            "feed": f"feed{number % FEEDS}",
            "at": f"{until - timedelta(days=DAYS) + step * number:%Y-%m-%dT%H:%M:%SZ}",
            "title": title,
            "text": text,
            "link": f"https://gazette.example/{number}",
            "title_words": fts_text(title),
            "text_words": fts_text(text),
        }


def fill(path: Path, articles: int) -> None:
    """Makes the archive; without what finds copies, which no search looks at."""
    now = datetime.now(UTC)
    open_archive(str(path), now=now).close()
    archive = sqlite3.connect(path, isolation_level=None)
    archive.executescript("PRAGMA foreign_keys = off; PRAGMA synchronous = off; PRAGMA cache_size = -262144")
    archive.execute("INSERT INTO hosts (host) VALUES ('gazette.example')")
    archive.executemany(
        "INSERT INTO feeds (key, url, given_url, host, state, first_seen_at, next_poll_at) "
        "VALUES (?1, ?1, ?1, 'gazette.example', 'ok', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z')",
        [(f"feed{number}",) for number in range(FEEDS)],
    )
    batch: list[dict[str, object]] = []
    for row in rows(articles, now):
        batch.append(row)
        if len(batch) == BATCH or row["id"] == articles:
            archive.execute("BEGIN")
            archive.executemany(
                "INSERT INTO stories (id, first_article, first_seen_at, last_seen_at) VALUES (:id, :id, :at, :at)",
                batch,
            )
            archive.executemany(
                "INSERT INTO articles (id, feed, story, first_seen_at, published_source, language, language_confidence,"
                " language_source, link, canon_version, content_digest, title, text, title_words, text_words) "
                "VALUES (:id, :feed, :id, :at, 'none', 'fr', 0.9, 'detected', :link, 1, :id, :title, :text,"
                " :title_words, :text_words)",
                batch,
            )
            archive.executemany(
                "INSERT INTO sightings (feed, entry_key, article, seen_at) VALUES (:feed, :id, :id, :at)", batch
            )
            archive.execute("COMMIT")
            batch.clear()
    archive.close()


def ask(folder: Path, query: str) -> dict[str, object]:
    """One query over the whole archive: seconds to the first article shown, and to the end."""
    command = [sys.executable, "-m", "monitor", "-q", "--config", str(folder / "feeds.yaml"), "rules", "test"]
    begun = time.monotonic()
    with subprocess.Popen(
        [*command, "--since", "3650d", "--query", query], stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        first_at = time.monotonic() - begun
        told = [first, *process.stdout]
    found = next((line.split()[1] for line in told if line.startswith("articles")), "0")
    return {
        "query": query,
        "found": int(found),
        "first_seconds": round(first_at, 2),
        "all_seconds": round(time.monotonic() - begun, 2),
    }


def main(articles: int, *, everything: bool) -> None:
    """Makes the archive, then asks each query twice: the second time finds the file in memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feeds = ", ".join(f'{{key: feed{number}, url: "https://gazette.example/{number}"}}' for number in range(FEEDS))
        (folder / "feeds.yaml").write_text(SETTINGS.format(feeds=feeds))
        begun = time.monotonic()
        fill(folder / "archive.db", articles)
        size = (folder / "archive.db").stat().st_size
        print(
            json.dumps({"articles": articles, "mb": size // 10**6, "made_in_seconds": round(time.monotonic() - begun)}),
            flush=True,
        )
        for what, query in {**QUERIES, **(UNNARROWED if everything else {})}.items():
            for _ in range(1 if what in UNNARROWED else 2):
                print(json.dumps({"what": what, **ask(folder, query)}), flush=True)


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:] if each.isdecimal()]
    main(*(numbers or [1_000_000]), everything="--all" in sys.argv)
