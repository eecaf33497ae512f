"""Stored keys brought up to date after a change of what links are compared by, in SQL.

A key that is not the one of today would make an entry that is known look new, and alert again. Everything runs inside
the caller's transaction, in batches, because an archive may hold millions of rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from monitor.archive.values import params, storable
from monitor.normalise import rekeyed
from monitor.urls import CANON_VERSION, LinkRules, canon, link_key

BATCH = 10_000  # rows in memory at once


def rekey(db: sqlite3.Connection, rules: LinkRules) -> int:
    """Makes every stored key what it is under these rules; how many were others. Nothing when that was done before."""
    today = canon(rules)
    if _canon(db) == today:
        return 0
    changed = _rekey_articles(db, rules)
    feeds = db.execute("SELECT key FROM feeds ORDER BY key").fetchall()
    changed += sum(_rekey_sightings(db, feed["key"], rules) for feed in feeds)
    db.execute(
        "INSERT INTO settings (name, value) VALUES ('canon', :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params(value=today),
    )
    return changed


def keyed_by(db: sqlite3.Connection, rules: LinkRules) -> bool:
    """Whether every stored key is what it is under these rules. Where none is stored, every one is."""
    if _canon(db) == canon(rules):
        return True
    (any_stored,) = db.execute("SELECT EXISTS (SELECT 1 FROM sightings)").fetchone()
    return not any_stored


def _canon(db: sqlite3.Connection) -> str | None:
    """What the stored keys were made by; None: not noted, as before there was a note."""
    stored = db.execute("SELECT value FROM settings WHERE name = 'canon'").fetchone()
    return None if stored is None else str(stored["value"])


def _rekey_articles(db: sqlite3.Connection, rules: LinkRules) -> int:
    """Of the articles with a link key; those without share their link with others, or it identifies nothing."""
    changed = 0
    last = 0
    while rows := db.execute(
        "SELECT id, link, link_key FROM articles WHERE id > :last AND link_key IS NOT NULL ORDER BY id LIMIT :limit",
        params(last=last, limit=BATCH),
    ).fetchall():
        last = rows[-1]["id"]
        keys = [(row["id"], row["link_key"], link_key(row["link"], rules)) for row in rows]
        others = [params(id=number, link_key=new, today=CANON_VERSION) for number, old, new in keys if new != old]
        # A row whose key stays is left alone: noting today's version in every row would write the whole archive anew.
        db.executemany("UPDATE articles SET link_key = :link_key, canon_version = :today WHERE id = :id", others)
        changed += len(others)
    return changed


def _rekey_sightings(db: sqlite3.Connection, feed: str, rules: LinkRules) -> int:
    """Of one feed. Of two entries that come to have one key, the one seen earlier gets it; the other stays as it is."""
    moves = sorted(_moves(db, feed, rules))
    changed = 0
    while moves:
        left = [
            move
            for move in moves
            if not db.execute(
                "UPDATE OR IGNORE sightings SET entry_key = :new WHERE feed = :feed AND entry_key = :old",
                params(feed=feed, old=move[1], new=move[2]),
            ).rowcount
        ]
        if len(left) == len(moves):
            break
        # A key may have become free meanwhile.
        changed += len(moves) - len(left)
        moves = left
    return changed


def _moves(db: sqlite3.Connection, feed: str, rules: LinkRules) -> Iterator[tuple[str, str, str]]:
    """When an entry was seen, its key, and the one it should have, where those differ."""
    last = ""
    while rows := db.execute(
        """
        SELECT entry_key, seen_at, guid, link FROM sightings
        WHERE feed = :feed AND entry_key > :last ORDER BY entry_key LIMIT :limit
        """,
        params(feed=feed, last=last, limit=BATCH),
    ).fetchall():
        last = rows[-1]["entry_key"]
        for row in rows:
            new = storable(rekeyed(row["entry_key"], guid=row["guid"], link=row["link"], rules=rules))
            if new != row["entry_key"]:
                yield row["seen_at"], row["entry_key"], new
