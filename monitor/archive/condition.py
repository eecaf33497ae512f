"""Whether an archive's file is whole: what SQLite says of its pages, and what its rows promise one another.

The full-text index holds nothing that the articles do not. Where it differs from them it is made anew, which is no
damage; SQLite's own check does not look into it (https://www.sqlite.org/fts5.html#the_integrity_check_command).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.archive.connecting import check_ours, connect_read_only
from monitor.archive.locking import Lock
from monitor.archive.migrations import SCHEMA_VERSION
from monitor.errors import ArchiveBusy, ArchiveError

MOST_TOLD = 5  # of SQLite's complaints

# What holds between tables beside the foreign keys: what is asked, and what it means when a row comes back.
_PROMISES = (
    (
        "SELECT 1 FROM deliveries LEFT JOIN messages ON messages.id = deliveries.message"
        " WHERE deliveries.state <> 'waiting' AND messages.id IS NULL LIMIT 1",
        "a delivery has no message",
    ),
    (
        "SELECT 1 FROM alerts WHERE state IN ('waiting', 'queued')"
        " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.alert = alerts.id) LIMIT 1",
        "an alert waits that tells nobody",
    ),
    (
        "SELECT 1 FROM alerts WHERE state = 'sent'"
        " AND EXISTS (SELECT 1 FROM deliveries WHERE deliveries.alert = alerts.id AND deliveries.state = 'queued')"
        " LIMIT 1",
        "an alert counts as sent of which a message is still to go out",
    ),
)
# The index has a row of sizes for each article that it holds.
_INDEX_DIFFERS = """
SELECT EXISTS (SELECT id FROM articles EXCEPT SELECT id FROM articles_fts_docsize)
    OR EXISTS (SELECT id FROM articles_fts_docsize EXCEPT SELECT id FROM articles)
"""
INDEX_DIFFERS = "the full-text index differs from the articles (`monitor db reindex` makes it anew; nothing is lost)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a look at an archive came to; the fields are the keys of `monitor db check --json`."""

    faults: tuple[str, ...]  # what is wrong, a line each; none: it is whole
    every_word: bool  # False: somebody holds the archive, so the full-text index was compared by numbers only


def check(path: Path, *, now: datetime) -> Checked:
    """Looks at an archive; thoroughly where nobody holds it. Raises ArchiveError where there is none to look at."""
    path = Path(os.path.realpath(path))
    if not path.exists():
        raise ArchiveError(f"archive {path} does not exist.")
    check_ours(path)
    try:
        lock = Lock(path, now=now)
    except ArchiveBusy:
        return Checked(faults=tuple(faults(path, thorough=False, index=False)), every_word=False)
    try:
        return Checked(faults=tuple(faults(path, thorough=True, index=True)), every_word=True)
    finally:
        lock.close(in_order=False)


def faults(path: Path, *, thorough: bool, index: bool) -> list[str]:
    """What is wrong with an archive's file, a line each; none: it is whole.

    `thorough` compares every index with its table, too. `index` compares the full-text index with every article: that
    asks for a file that nobody else writes to, for SQLite wants to write for it, though nothing is changed. Without,
    it is compared by its articles' numbers.
    """
    try:
        with closing(connect_read_only(path)) as db:
            found = list(_faults(db, thorough=thorough))
        if index and not found:
            with closing(sqlite3.connect(path, isolation_level=None)) as db:
                found = list(_index_faults(db))
    except sqlite3.Error as error:
        return [str(error)]
    return found


def faults_of(db: sqlite3.Connection, *, index: bool) -> list[str]:
    """The same of an archive that is open and held; SQLite's errors pass."""
    found = list(_faults(db, thorough=False))
    return found if found or not index else list(_index_faults(db))


def page_faults(db: sqlite3.Connection, *, thorough: bool = False) -> list[str]:
    """What SQLite says of the pages of a file; none: they are whole."""
    said = [row[0] for row in db.execute(f"PRAGMA {'integrity_check' if thorough else 'quick_check'}({MOST_TOLD})")]
    return [] if said == ["ok"] else [" ".join(line.split()) for line in said]


def _faults(db: sqlite3.Connection, *, thorough: bool) -> Iterator[str]:
    if found := page_faults(db, thorough=thorough):
        yield from found
        return
    for table, _, parent, _ in db.execute("PRAGMA foreign_key_check").fetchmany(MOST_TOLD):
        yield f"a row of {table} refers to a row of {parent} that is not there"
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for question, meaning in _PROMISES if version == SCHEMA_VERSION else ():
        if db.execute(question).fetchone() is not None:
            yield meaning
    if db.execute(_INDEX_DIFFERS).fetchone()[0]:
        yield INDEX_DIFFERS


def _index_faults(db: sqlite3.Connection) -> Iterator[str]:
    try:
        db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_CORRUPT"):
            yield INDEX_DIFFERS
            return
        raise


def reindex(db: sqlite3.Connection) -> None:
    """Makes the full-text index anew from the articles, inside the caller's transaction."""
    db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')")
