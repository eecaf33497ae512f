"""A large archive for measuring, made of real words: `python bench/library.py FILE [ARTICLES]`.

Texts are pieced together from passages of real articles in twenty languages (../shared/data, where it is; else from
made-up words drawn as often as words are), with rare names among them, so that words, phrases and lengths are as
frequent as they are in the news. Around the articles there is all that a year leaves behind: sightings, stories,
revisions, matches, alerts and polls. Everything follows from one seed. `feeds.yaml` is written beside the file.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from multiprocessing import Pool
from pathlib import Path

from monitor.archive import open_archive
from monitor.rules import fts_text

DATA = Path(__file__).parents[2] / "shared" / "data"
FEEDS, DAYS, BATCH = 500, 365, 2_000
MEAN_BYTES = 2_900  # of a text
POLL_DAYS, POLLS_A_DAY = 90, 24
CARRIERS = ((0, 1, 2, 6), (90, 6, 3, 1))  # other feeds that have it, and how often
COUNTRIES = ("FR", "UA", "GB", "US", "DE", "ES", "RU", "CN")
Row = dict[str, object]
UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}

# How often each language comes; what the material does not have falls to English.
LANGUAGES = {
    "en": 30, "fr": 14, "ru": 9, "uk": 8, "de": 7, "es": 7, "ar": 5, "zh": 4, "it": 3, "pt": 3, "tr": 2, "pl": 2,
    "ja": 2, "fa": 1, "ro": 1, "nl": 1, "ko": 1, "hi": 1, "th": 1, "id": 1, "be": 1, "el": 1,
}  # fmt: skip
# Rules: what share of the articles each should find; the words are taken from the texts by that.
SHARES = (0.08, 0.05, 0.03, 0.02, 0.02, 0.01, 0.01, 0.005, 0.005, 0.002, 0.002, 0.001, 0.001, 0.0005, 0.0002)
SETTINGS = """\
monitor: {{contact: desk@news.example, archive: {archive}, timezone: UTC}}
channels:
  desk: {{kind: maildir, path: mail}}
rules:
{rules}
feeds:
{feeds}
"""


@cache
def passages() -> dict[str, list[list[str]]]:
    """Language → texts as lists of words (of characters, where words are not spaced)."""
    found: dict[str, list[list[str]]] = {}
    for name in ("pages/gold.jsonl", "neardup/articles.jsonl", "lang/lang-dev.jsonl"):
        if not (DATA / name).is_file():
            continue
        for line in (DATA / name).read_text("utf-8").splitlines():
            row = json.loads(line)
            words = list(row["text"] or "") if row["lang"] in UNSPACED else (row["text"] or "").split()
            if len(words) > 8:
                found.setdefault(row["lang"], []).append(words)
    for language, texts in found.items():
        # One word in sixty passages would make nearly every text one that the index is given otherwise.
        plain = [words for words in texts if fts_text(" ".join(words)) is None]
        found[language] = plain if 2 * len(plain) > len(texts) else texts
    return found or {"en": made_up()}


def made_up() -> list[list[str]]:
    """Texts of words that do not exist, drawn as often as words are (Zipf)."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghilmnoprstuvé", k=chance.randint(2, 11))) for _ in range(50_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    return [chance.choices(words, cum_weights=weights, k=400) for _ in range(2_000)]


@cache
def rare_names() -> tuple[list[str], list[float]]:
    """Names that few articles have, as the news is full of them."""
    chance = random.Random(8)
    names = ["".join(chance.choices("abdeiklmnorstuvz", k=chance.randint(5, 10))).capitalize() for _ in range(150_000)]
    return names, list(accumulate(1 / rank for rank in range(1, len(names) + 1)))


@cache
def rules() -> list[tuple[str, str]]:
    """Name and word of each rule: English words of the texts, about as frequent as SHARES says."""
    texts = passages()["en"]
    holders: dict[str, int] = {}
    for words in texts:
        for word in {word for word in words if re.fullmatch(r"[a-z]{5,}|[A-Z][a-z]{3,}", word)}:
            holders[word] = holders.get(word, 0) + 1
    chosen: list[tuple[str, str]] = []
    for share in SHARES:
        aim = share * len(texts)
        word = min(
            (word for word in holders if word not in {one for _, one in chosen}), key=lambda w: abs(holders[w] - aim)
        )
        chosen.append((word.lower(), word))
    return chosen


def text_of(chance: random.Random, language: str, size: int) -> str:
    """A text of about so many bytes."""
    texts = passages()[language]
    spaced = language not in UNSPACED
    names, weights = rare_names()
    parts: list[str] = []
    length = sentence = 0
    while length < size:
        words = texts[int(chance.random() * len(texts))]
        run = chance.randint(4, 12) if spaced else chance.randint(8, 24)
        begin = int(chance.random() * max(len(words) - run, 1))
        part = (" " if spaced else "").join(words[begin : begin + run])
        if spaced and chance.random() < 0.15:
            part += " " + chance.choices(names, cum_weights=weights)[0]
        sentence += 1
        if sentence % 4 == 0:
            part += ". " if spaced else "。"
            if sentence % 12 == 0:
                part += "\n"
        parts.append(part)
        length += len(part.encode()) + 1
    return re.sub(" *\n *", "\n", (" " if spaced else "").join(parts)).strip()


def batch_of(job: tuple[int, int, int, float]) -> list[Row]:
    """So many articles, the first of this number, of a year that ends then."""
    first, number, of, until = job
    chance = random.Random(first)
    have = [(tag, share) for tag, share in LANGUAGES.items() if tag in passages()] or [("en", 1)]
    tags, shares = zip(*have, strict=True)
    words = [(name, re.compile(rf"\b{word}\b")) for name, word in rules()]
    rows: list[Row] = []
    for article in range(first, first + number):
        language = chance.choices(tags, shares)[0]
        size = int(min(max(chance.lognormvariate(0, 0.8) / 1.377, 0.03), 12) * MEAN_BYTES)
        text, title = (
            text_of(chance, language, size),
            text_of(chance, language, chance.randint(40, 90)).replace("\n", " "),
        )
        seen = datetime.fromtimestamp(until - DAYS * 86400 * (1 - article / of), UTC)
        slug = re.sub("[^a-z]+", "-", title.lower())
        matches = []
        for name, word in words:
            if found := word.search(text):
                begin = max(found.start() - 100, 0)
                excerpt = text[begin : found.end() + 100].replace("\n", " ")
                matches.append((name, excerpt, json.dumps([[found.start() - begin, found.end() - begin]]), found[0]))
        copied = article > 1000 and chance.random() < 0.12
        rows.append({
            "id": article,
            "feed": f"feed{int(FEEDS * chance.random() ** 2.5):03}",
            "story": article - chance.randint(1, 900) if copied else article,
            "at": f"{seen:%Y-%m-%dT%H:%M:%SZ}",
            "published": f"{seen - timedelta(minutes=chance.randint(2, 60)):%Y-%m-%dT%H:%M:%SZ}",
            "language": language,
            "guid": f"https://outlet{article % FEEDS}.example/?p={chance.randrange(10**8)}",
            "link": f"https://outlet{article % FEEDS}.example/{seen:%Y/%m/%d}/{slug[:50]}-{article}",
            "digest": chance.getrandbits(63),
            "fingerprint": chance.getrandbits(63),
            "signature": chance.randbytes(320) if len(text) > 200 else None,
            "authors": json.dumps([" ".join(chance.choices(rare_names()[0], k=2))]),
            "title": title,
            "text": text,
            "title_words": fts_text(title),
            "text_words": fts_text(text),
            "revision": text[: len(text) // 2] if chance.random() < 0.03 else None,
            "carriers": [f"feed{chance.randrange(FEEDS):03}" for _ in range(chance.choices(*CARRIERS)[0])],
            "matches": matches,
        })  # fmt: skip
    return rows


INSERTS = (
    """INSERT INTO stories (id, first_article, first_seen_at, last_seen_at) SELECT :id, :id, :at, :at
       WHERE :id = :story""",
    """INSERT INTO articles (id, feed, story, first_seen_at, published_at, published_source, revisions, updated_at,
                             language, language_confidence, language_source, guid, link, link_key, canon_version,
                             content_digest, fingerprint, signature, authors, title, text, title_words, text_words)
       VALUES (:id, :feed, :story, :at, :published, 'published', :revision IS NOT NULL,
               iif(:revision IS NULL, NULL, :at), :language, 0.98, 'detected', :guid, :link, :link, 1, :digest,
               :fingerprint, :signature, :authors, :title, :text, :title_words, :text_words)""",
    """INSERT INTO revisions (article, seen_at, title, text) SELECT :id, :at, :title, :revision
       WHERE :revision IS NOT NULL""",
)


def store(db: sqlite3.Connection, rows: Sequence[Row], chance: random.Random) -> None:
    """Writes a batch, with what belongs to its articles; ONE transaction."""
    stories = {row["id"] for row in rows if row["id"] == row["story"]}
    for row in rows:  # a copy of a copy belongs to the first one's story
        if row["story"] != row["id"] and row["story"] not in stories:
            found = db.execute("SELECT story FROM articles WHERE id = ?", (row["story"],)).fetchone()
            row["story"] = found[0] if found else next(each["story"] for each in rows if each["id"] == row["story"])
    plain = [{name: value for name, value in row.items() if name not in ("carriers", "matches")} for row in rows]
    db.execute("BEGIN")
    for statement in INSERTS:
        db.executemany(statement, plain)
    db.executemany(
        "INSERT OR IGNORE INTO sightings (feed, entry_key, article, seen_at, guid, link, why)"
        " VALUES (?, ?, ?, ?, ?, ?, 'new')",
        [
            (feed, row["guid"], row["id"], row["at"], row["guid"], row["link"])
            for row in rows
            for feed in (row["feed"], *row["carriers"])  # type: ignore[misc]
        ],
    )
    db.executemany(
        "UPDATE stories SET articles = articles + 1, feeds = feeds + 1, last_seen_at = :at WHERE id = :story",
        [row for row in plain if row["story"] != row["id"]],
    )
    db.executemany(
        "INSERT OR IGNORE INTO relations (article, kind, other, relation, score, joined_at)"
        " VALUES (:id, 'story', :story, 'copy', 0.9, :at)",
        [row for row in plain if row["story"] != row["id"]],
    )
    for row in rows:
        for rule, excerpt, marks, word in row["matches"]:  # type: ignore[attr-defined]
            db.execute(
                "INSERT INTO matches (rule, article, matched_at, score, excerpt, marks, words)"
                " VALUES (?, ?, ?, 1, ?, ?, ?)",
                (rule, row["id"], row["at"], excerpt, marks, json.dumps([word])),
            )
            if chance.random() < 0.2:
                alert(db, rule, row)
    db.execute("COMMIT")


def alert(db: sqlite3.Connection, rule: str, row: Row) -> None:
    """An alert that was sent, with its message."""
    number = db.execute(
        "INSERT INTO alerts (key, kind, rule, story, article, created_at, state)"
        " VALUES (?, 'article', ?, ?, ?, ?, 'sent') RETURNING id",
        (f"{rule} {row['id']}", rule, row["story"], row["id"], row["at"]),
    ).fetchone()[0]
    message = db.execute(
        "INSERT INTO messages (message_id, kind, channel, recipient, rule, stories, created_at, bytes)"
        " VALUES (?, 'story', 'desk', 'desk@news.example', ?, 1, ?, zeroblob(6000)) RETURNING id",
        (f"<{number}@news.example>", rule, row["at"]),
    ).fetchone()[0]
    db.execute(
        "INSERT INTO deliveries (alert, channel, recipient, state, message, message_id, attempts, created_at, sent_at,"
        " reply) VALUES (?, 'desk', 'desk@news.example', 'sent', ?, ?, 1, ?, ?, '250 2.0.0 Ok')",
        (number, message, f"<{number}@news.example>", row["at"], row["at"]),
    )


def polls(db: sqlite3.Connection, until: datetime) -> None:
    """What each feed's polls of the last months were like."""
    chance = random.Random(3)
    rows: list[tuple[object, ...]] = []
    for feed in range(FEEDS):
        for number in range(POLL_DAYS * POLLS_A_DAY):
            at = until - timedelta(hours=24 / POLLS_A_DAY * number, seconds=chance.randrange(3000))
            kind = chance.choices(("not_modified", "nothing_new", "new", "timeout"), (55, 20, 22, 3))[0]
            gap = None if kind in ("not_modified", "timeout") else int(chance.random() < 0.003)
            rows.append((
                f"feed{feed:03}", f"{at:%Y-%m-%dT%H:%M:%SZ}", None if kind == "timeout" else 200, kind,
                chance.randrange(40, 900), 30_000, 30, chance.randint(1, 6) if kind == "new" else 0, gap,
                "no answer within 30 s" if kind == "timeout" else None,
            ))  # fmt: skip
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO polls (feed, at, status, outcome, duration_ms, bytes, entries, new, gap, error)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        sorted(rows, key=lambda row: str(row[1])),
    )
    db.execute("COMMIT")


def jobs(articles: int, until: datetime) -> Iterator[tuple[int, int, int, float]]:
    for first in range(1, articles + 1, BATCH):
        yield first, min(BATCH, articles - first + 1), articles, until.timestamp()


def make(path: Path, articles: int) -> None:
    """Makes the archive, and feeds.yaml beside it."""
    until = datetime.now(UTC).replace(microsecond=0)
    countries = random.Random(5).choices(COUNTRIES, k=FEEDS)
    feeds = [
        f"  - {{key: feed{number:03}, url: 'https://outlet{number}.example/rss.xml', country: {country}}}"
        for number, country in enumerate(countries)
    ]
    named = [f"  - {{name: {name}, query: {word}, channels: [desk]}}" for name, word in rules()]
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.format(archive=path.name, rules="\n".join(named), feeds="\n".join(feeds))
    (path.parent / "feeds.yaml").write_text(settings)
    open_archive(str(path), now=until).close()
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA foreign_keys = off; PRAGMA synchronous = off; PRAGMA cache_size = -1048576")
    db.execute("INSERT INTO hosts (host) VALUES ('outlet.example')")
    begin = f"{until - timedelta(days=DAYS):%Y-%m-%dT%H:%M:%SZ}"
    db.executemany(
        "INSERT INTO feeds (key, url, given_url, host, title, own_title, country, state, first_seen_at, next_poll_at,"
        " polled_at, changed_at, last_outcome, primed)"
        " VALUES (?1, ?2, ?2, 'outlet.example', ?3, ?3, ?6, 'ok', ?4, ?5, ?5, ?5, 'new', 1)",
        [
            (
                f"feed{number:03}",
                f"https://outlet{number}.example/rss.xml",
                f"Outlet {number}",
                begin,
                f"{until:%Y-%m-%dT%H:%M:%SZ}",
                country,
            )
            for number, country in enumerate(countries)
        ],
    )
    chance = random.Random(1)
    with Pool(2) as pool:
        for rows in pool.imap(batch_of, jobs(articles, until)):
            store(db, rows, chance)
    polls(db, until)
    db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('optimize')")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def main() -> None:
    """Makes it, and says what came of it as a JSON line."""
    path, articles = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    begun = time.monotonic()
    make(path, articles)
    print(json.dumps({"articles": articles, "bytes": path.stat().st_size, "seconds": round(time.monotonic() - begun)}))


if __name__ == "__main__":
    main()
