"""Stories and events, in SQL: which recent articles may tell the same, and what it means that they do.

Candidates are found by parts of what an article is known by: bands of its signature, words of its headline. Both are
kept for recent articles only. What the candidates are is judged elsewhere (`likeness`, `events`). Each function runs
inside its caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from monitor.archive.values import instant, instant_or_none, json_array, params
from monitor.events import LEAD, WORDS, headline
from monitor.likeness import MAX_CHARACTERS, bands
from monitor.model import Article, Join, Near

STORIES_WITHIN = timedelta(days=7)  # between two articles of one story
EVENTS_WITHIN = timedelta(days=3)  # between two reports of one event
LONGEST_EVENT = timedelta(days=7)  # from an event's first report to its last: a war is not one event

# How many are looked at, the likeliest first. A band that very many share is a form letter's, a word that very many
# have tells nothing; neither may cost more than the rest.
_COPIES = 12
_REPORTS = 30
_HOLDERS_OF_BAND = 50
_HOLDERS_OF_WORD = 200
_COUNTED = 2_000  # a word that so many articles have is common, however many more there are
_LEAD_CHARACTERS = 600  # of a report's text; its headline needs no more
_headline = lru_cache(maxsize=2_000)(headline)  # what is in the news is met again with the next article; about 3 MB


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the archive has to compare some articles with; see `Lookup`, whose fields these are."""

    near: Mapping[str, tuple[Near, ...]]
    frequency: Mapping[int, int]
    reports: int


def candidates(db: sqlite3.Connection, articles: Sequence[Article], now: datetime, *, but: int = 0) -> Candidates:
    """Recent articles that may be copies of these, or report the same; `but` is one that is left out."""
    stories_from, events_from = _first_since(db, now - STORIES_WITHIN), _first_since(db, now - EVENTS_WITHIN)
    frequency: dict[int, int] = {}
    near = {}
    for article in articles:
        copies = _copies(db, article, stories_from) if stories_from else []
        reports = _reports(db, article, events_from, frequency) if events_from else []
        texts = _read(db, [number for number in copies if number != but], MAX_CHARACTERS)
        leads = _read(db, [number for number in reports if number != but and number not in texts], _LEAD_CHARACTERS)
        if texts or leads:
            near[article.entry_key] = (*texts.values(), *leads.values())
    last = db.execute("SELECT max(id) AS id FROM articles").fetchone()["id"]
    return Candidates(near, frequency, last - events_from + 1 if events_from else 0)


def _first_since(db: sqlite3.Connection, since: datetime) -> int | None:
    """The first of the articles seen since then; numbers ascend with time. None: there are none."""
    row = db.execute(
        "SELECT id FROM articles WHERE first_seen_at >= :since ORDER BY first_seen_at, id LIMIT 1", params(since=since)
    ).fetchone()
    return None if row is None else int(row["id"])


# One statement for all bands, or words: a round trip for each costs more than finding what it holds.
_HOLDERS = """
    SELECT CAST(wanted.value AS INTEGER) AS key,
           (SELECT json_group_array(article) FROM
               (SELECT article FROM {table} WHERE {column} = wanted.value AND article >= :first
                ORDER BY article DESC LIMIT :most)) AS holders
    FROM json_each(:keys) AS wanted
"""
_HOLDERS_OF_BANDS = _HOLDERS.format(table="bands", column="band")
_HOLDERS_OF_WORDS = _HOLDERS.format(table="headline_words", column="word")


def _copies(db: sqlite3.Connection, article: Article, first: int) -> list[int]:
    """Those that share bands with an article, those that share most first, the newest of equals first."""
    if article.signature is None:
        return []
    given = {"keys": json_array(bands(article.signature)), "first": first, "most": _HOLDERS_OF_BAND}
    shared: Counter[int] = Counter()
    for row in db.execute(_HOLDERS_OF_BANDS, given):
        if row["holders"] != "[]":
            shared.update(json.loads(row["holders"]))
    return sorted(shared, key=lambda number: (-shared[number], -number))[:_COPIES]


def _reports(db: sqlite3.Connection, article: Article, first: int, frequency: dict[int, int]) -> list[int]:
    """Those that share two words of a headline, those that share the rarest first. Counts the words on the way."""
    given = {"keys": json_array(_title_words(article.headline)), "first": first, "most": _HOLDERS_OF_WORD}
    shared: Counter[int] = Counter()
    rarity: dict[int, float] = defaultdict(float)
    for row in db.execute(_HOLDERS_OF_WORDS, given).fetchall():
        word, holders = row["key"], json.loads(row["holders"])
        if word not in frequency:
            frequency[word] = len(holders) if len(holders) < _HOLDERS_OF_WORD else _count(db, word, first)
        for number in holders:
            shared[number] += 1
            rarity[number] += 1 / frequency[word]
    likely = [number for number, words in shared.items() if words > 1]
    return sorted(likely, key=lambda number: (-rarity[number], -number))[:_REPORTS]


def _count(db: sqlite3.Connection, word: int, first: int) -> int:
    row = db.execute(
        "SELECT count(*) AS articles FROM (SELECT 1 FROM headline_words WHERE word = ? AND article >= ? LIMIT ?)",
        (word, first, _COUNTED),
    ).fetchone()
    return int(row["articles"])


def _title_words(words: Sequence[int]) -> list[int]:
    """Of a headline's numbers those of words in its title."""
    title = words[: words.index(LEAD)] if LEAD in words else words
    return [word for word in title if word >= WORDS]


def _read(db: sqlite3.Connection, ids: Collection[int], characters: int) -> dict[int, Near]:
    rows = db.execute(
        """
        SELECT articles.id, feed, title, substr(text, 1, :characters) AS text, language, published_at, first_seen_at,
               signature
        FROM json_each(:ids) AS wanted CROSS JOIN articles ON articles.id = wanted.value
        """,
        params(ids=list(ids), characters=characters),
    )
    return {
        row["id"]: Near(
            id=row["id"],
            feed=row["feed"],
            title=row["title"],
            text=row["text"],
            published_at=instant_or_none(row["published_at"]),
            seen_at=instant(row["first_seen_at"]),
            signature=row["signature"],
            headline=_headline(row["title"], row["text"][:_LEAD_CHARACTERS]),
            language=row["language"],
        )
        for row in rows
    }


# ── what is kept to find them by ─────────────────────────────────────────────────────────────────────────────────────


def index(db: sqlite3.Connection, number: int, article: Article) -> None:
    """Makes an article one that others are compared with."""
    index_signature(db, number, article.signature)
    db.executemany(
        "INSERT INTO headline_words (word, article) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(word, number) for word in _title_words(article.headline)],
    )


def index_signature(db: sqlite3.Connection, number: int, signature: bytes | None) -> None:
    """Gives an article another signature, or its first; None takes it away."""
    row = db.execute("SELECT signature FROM articles WHERE id = ?", (number,)).fetchone()
    if row["signature"] is not None and row["signature"] != signature:
        old = [(band, number) for band in bands(row["signature"])]
        db.executemany("DELETE FROM bands WHERE band = ? AND article = ?", old)
    db.execute("UPDATE articles SET signature = ? WHERE id = ? AND signature IS NOT ?", (signature, number, signature))
    if signature is not None:
        rows = [(band, number) for band in bands(signature)]
        db.executemany("INSERT INTO bands (band, article) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)


def is_overtaken(db: sqlite3.Connection, articles: Iterable[Article], judged_up_to: int) -> bool:
    """Whether an article archived after the judgement shares a band with one of these."""
    wanted = [band for article in articles if article.signature for band in bands(article.signature)]
    row = db.execute(
        """
        SELECT EXISTS (SELECT 1 FROM json_each(:bands) AS wanted
                       CROSS JOIN bands ON bands.band = wanted.value AND bands.article > :judged_up_to) AS overtaken
        """,
        params(bands=wanted, judged_up_to=judged_up_to),
    ).fetchone()
    return bool(row["overtaken"])


def forget(db: sqlite3.Connection, now: datetime, *, part: int, of: int) -> int:
    """Drops a part of what is kept of articles that are too old to be compared with; how many rows that were.

    All parts together drop all; each is a short transaction, so that nobody waits for long.
    """
    dropped = 0
    for table, column, since in (("bands", "band", STORIES_WITHIN), ("headline_words", "word", EVENTS_WITHIN)):
        first = _first_since(db, now - since)
        width = 2**63 // of
        dropped += db.execute(
            f"DELETE FROM {table} WHERE {column} BETWEEN :low AND :high AND article < :first",
            {
                "low": part * width,
                "high": 2**63 - 1 if part == of - 1 else (part + 1) * width - 1,
                "first": first or 2**63 - 1,
            },
        ).rowcount
    return dropped


# ── what it means ────────────────────────────────────────────────────────────────────────────────────────────────────


def join_story(db: sqlite3.Connection, number: int, other: int, join: Join, at: datetime) -> None:
    """Puts an article, and all that are in its story, into the story of another one."""
    stories = dict(
        db.execute("SELECT id, story FROM articles WHERE id IN (:number, :other)", params(number=number, other=other))
    )
    # A story is named for its first article, whichever of the two it was in.
    theirs, mine = sorted((stories[number], stories[other]))
    if mine == theirs:
        return
    _note(db, "story", number, other, join, at)
    events = db.execute(
        "SELECT event FROM articles WHERE story IN (:mine, :theirs) AND event IS NOT NULL ORDER BY event LIMIT 1",
        params(mine=mine, theirs=theirs),
    ).fetchone()
    given = params(mine=mine, theirs=theirs)
    db.execute("UPDATE articles SET story = :theirs WHERE story = :mine", given)
    db.execute("UPDATE alerts SET story = :theirs WHERE story = :mine", given)
    db.execute("DELETE FROM stories WHERE id = :mine", given)
    count_stories(db, [number])
    if events is not None:
        _move_to_event(db, theirs, events["event"])


def join_event(db: sqlite3.Connection, number: int, other: int, join: Join, at: datetime) -> None:
    """Puts an article, and its story, into the event that another one reports; not when that is long past."""
    found = {
        row["id"]: row
        for row in db.execute(
            """
            SELECT articles.id, articles.story, articles.event, articles.first_seen_at, events.first_seen_at AS began_at
            FROM articles LEFT JOIN events ON events.id = articles.event WHERE articles.id IN (:number, :other)
            """,
            params(number=number, other=other),
        )
    }
    mine, theirs = found[number], found[other]
    if mine["event"] is not None or mine["story"] == theirs["story"]:
        return
    event = theirs["event"]
    if event is not None and instant(theirs["began_at"]) < instant(mine["first_seen_at"]) - LONGEST_EVENT:
        return
    if event is None:
        event = theirs["story"]
        db.execute(
            """
            INSERT INTO events (id, first_article, articles, stories, feeds, first_seen_at, last_seen_at)
            VALUES (:id, :id, 1, 1, 1, :at, :at) ON CONFLICT DO NOTHING
            """,
            params(id=event, at=instant(theirs["first_seen_at"])),
        )
        db.execute("UPDATE articles SET event = ? WHERE story = ?", (event, theirs["story"]))
    _note(db, "event", number, other, join, at)
    _move_to_event(db, mine["story"], event)


def _note(db: sqlite3.Connection, kind: str, number: int, other: int, join: Join, at: datetime) -> None:
    db.execute(
        """
        INSERT INTO relations (article, kind, other, relation, score, joined_at)
        VALUES (:article, :kind, :other, :relation, :score, :at)
        ON CONFLICT (article, kind) DO UPDATE SET
            other = excluded.other, relation = excluded.relation, score = excluded.score, joined_at = excluded.joined_at
        """,
        params(article=number, kind=kind, other=other, relation=join.relation, score=float(join.score), at=at),
    )


def _move_to_event(db: sqlite3.Connection, story: int, event: int) -> None:
    left = [row["event"] for row in db.execute("SELECT DISTINCT event FROM articles WHERE story = ?", (story,))]
    db.execute("UPDATE articles SET event = ? WHERE story = ?", (event, story))
    _count_events(db, [event, *(each for each in left if each is not None)])


def count_stories(db: sqlite3.Connection, articles: Iterable[int]) -> None:
    """Counts the stories of these articles anew, and their events."""
    given = {"ids": json_array(sorted(set(articles)))}
    db.execute(
        """
        UPDATE stories SET
            first_article = (SELECT min(id) FROM articles WHERE story = stories.id),
            articles = (SELECT count(*) FROM articles WHERE story = stories.id),
            feeds = (SELECT count(DISTINCT sightings.feed)
                     FROM articles JOIN sightings ON sightings.article = articles.id WHERE story = stories.id),
            first_seen_at = (SELECT min(first_seen_at) FROM articles WHERE story = stories.id),
            last_seen_at = (SELECT max(max(sightings.seen_at), max(coalesce(updated_at, first_seen_at)))
                            FROM articles JOIN sightings ON sightings.article = articles.id WHERE story = stories.id)
        WHERE id IN (SELECT story FROM articles WHERE id IN (SELECT value FROM json_each(:ids)))
        """,
        given,
    )
    events = db.execute(
        """
        SELECT DISTINCT event FROM articles
        WHERE id IN (SELECT value FROM json_each(:ids)) AND event IS NOT NULL
        """,
        given,
    )
    _count_events(db, [row["event"] for row in events])


def _count_events(db: sqlite3.Connection, events: Collection[int]) -> None:
    if not events:
        return
    given = {"ids": json_array(sorted(set(events)))}
    db.execute(
        """
        DELETE FROM events WHERE id IN (SELECT value FROM json_each(:ids))
        AND NOT EXISTS (SELECT 1 FROM articles WHERE event = events.id)
        """,
        given,
    )
    db.execute(
        """
        UPDATE events SET
            first_article = (SELECT min(id) FROM articles WHERE event = events.id),
            articles = (SELECT count(*) FROM articles WHERE event = events.id),
            stories = (SELECT count(DISTINCT story) FROM articles WHERE event = events.id),
            feeds = (SELECT count(DISTINCT sightings.feed)
                     FROM articles JOIN sightings ON sightings.article = articles.id WHERE event = events.id),
            first_seen_at = (SELECT min(first_seen_at) FROM articles WHERE event = events.id),
            last_seen_at = (SELECT max(max(sightings.seen_at), max(coalesce(updated_at, first_seen_at)))
                            FROM articles JOIN sightings ON sightings.article = articles.id WHERE event = events.id)
        WHERE id IN (SELECT value FROM json_each(:ids))
        """,
        given,
    )
