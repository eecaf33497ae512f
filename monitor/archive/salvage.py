"""What can still be read of a damaged archive, as a new archive that is whole.

Every row that a page gives up is taken, table by table; where a stretch cannot be read it is halved, down to the single
row. Then what the rows promise one another is made true again, so that nothing that was still to be sent is lost for
want of something beside it: a message goes out though its alert's article is gone, and an alert whose message is gone
is composed anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.archive.condition import faults_of
from monitor.archive.connecting import APPLICATION_ID, connect
from monitor.archive.copies import create_empty
from monitor.archive.migrations import NOT_OURS, SCHEMA_VERSION, migrate
from monitor.errors import ArchiveError

_BATCH = 500  # rows
_KEPT_OUT = ("articles_fts",)  # the index follows from the articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What was saved of a table."""

    table: str
    rows: int
    lost: int | None  # rows that could not be read; None: how many cannot be told


def salvage(damaged: Path, target: Path) -> tuple[Salvaged, ...]:
    """Makes a new archive, `target`, of what can be read of a damaged one, which is only read. By table.

    Raises ArchiveError when `target` is there already, or when not even the list of tables can be read.
    """
    if target.exists():
        raise ArchiveError(f"{target} is there already. Name a file that is not.")
    part = Path(f"{target}.part")
    try:
        create_empty(part)
        with closing(_open_damaged(damaged)) as old, closing(connect(part, "mode=rw")) as new:
            saved = _salvage(old, new)
        part.rename(target)
    except OSError as error:
        raise ArchiveError(f"{target} cannot be written: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise ArchiveError(f"nothing can be had from {damaged}: {error}. Restore a backup.") from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{part}{suffix}").unlink(missing_ok=True)
    return saved


def _open_damaged(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise ArchiveError(f"{path} is no file.")
    db = connect(path, "mode=ro")
    with suppress(sqlite3.Error):
        db.execute("PRAGMA cell_size_check = ON")  # a page that cannot be right is refused, not read
    db.execute("PRAGMA query_only = ON")
    return db


def _salvage(old: sqlite3.Connection, new: sqlite3.Connection) -> tuple[Salvaged, ...]:
    (application_id,) = old.execute("PRAGMA application_id").fetchone()
    (version,) = old.execute("PRAGMA user_version").fetchone()
    if application_id != APPLICATION_ID:
        raise ArchiveError("this is no archive of monitor's, or nothing of it is left.")
    if version != SCHEMA_VERSION:
        raise ArchiveError(
            f"this archive was written by another version of monitor (schema {version}, this one knows"
            f" {SCHEMA_VERSION})."
            " Use that version."
        )
    new.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    new.execute("PRAGMA synchronous = OFF")  # what is not complete is thrown away
    migrate(new)
    new.execute("PRAGMA foreign_keys = OFF")
    new.execute("BEGIN")
    saved = tuple(_save_table(old, new, table) for table in _tables(new))
    _mend(new)
    new.execute("COMMIT")
    if found := faults_of(new, index=True):
        raise ArchiveError(f"what could be read does not make an archive: {'; '.join(found)}.")
    return saved


def _tables(db: sqlite3.Connection) -> list[str]:
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")]
    return [name for name in names if not name.startswith((*NOT_OURS, *_KEPT_OUT))]


def _save_table(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> Salvaged:
    columns = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    rows = lost = 0
    keyed = new.execute(
        "SELECT 1 FROM pragma_table_list WHERE name = ? AND schema = 'main' AND wr = 0", (table,)
    ).fetchone()
    found = _by_number(old, table, columns) if keyed else _from_both_ends(old, table, columns)
    for row in found:
        if row is None:
            lost += 1
            continue
        try:
            rows += new.execute(insert, row).rowcount
        except sqlite3.Error:  # what the page gave up is no such row
            lost += 1
    return Salvaged(table=table, rows=rows, lost=lost if keyed else None)


def _by_number(old: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[object, ...] | None]:
    """The rows of a table that has numbers; None for one that is there, as far as can be told, and cannot be read."""
    chosen = f"SELECT rowid, {', '.join(columns)} FROM {table}"
    stretches = [(1, _highest(old, table))]
    while stretches:
        low, high = stretches.pop()
        if low > high:
            continue
        try:
            read = old.execute(
                f"{chosen} WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT {_BATCH}", (low, high)
            ).fetchall()
            if len(read) == _BATCH:
                stretches.append((read[-1][0] + 1, high))
            for _, *row in read:
                yield tuple(row)
        except sqlite3.Error:
            if low == high:
                yield None
                continue
            middle = (low + high) // 2
            stretches += [(middle + 1, high), (low, middle)]


def _highest(old: sqlite3.Connection, table: str) -> int:
    """The highest number of a table; where its last page cannot be read, what it was counted up to."""
    for question in (
        f"SELECT max(rowid) FROM {table}",
        f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",
        "SELECT max(seq) FROM sqlite_sequence",
    ):
        with suppress(sqlite3.Error):
            row = old.execute(question).fetchone()
            if row is not None:
                return int(row[0] or 0)
    return 0


def _from_both_ends(old: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[object, ...]]:
    """The rows of a table without numbers, up to the first that cannot be read, from either end."""
    key = [
        name
        for name, place in old.execute("SELECT name, pk FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,))
        if place
    ]
    for order in ("ASC", "DESC"):
        by = ", ".join(f"{name} {order}" for name in key)
        try:
            yield from old.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {by}")
            return
        except sqlite3.Error:
            continue


# ── what the rows promise one another ────────────────────────────────────────────────────────────────────────────────

_LONG_AGO = "2000-01-01T00:00:00Z"

# Each makes one promise true again, in an order in which the next finds it so.
_MENDING = (
    # Feeds and hosts are named by nearly everything.
    "INSERT OR IGNORE INTO hosts (host) SELECT host FROM feeds",
    """
    INSERT OR IGNORE INTO hosts (host) SELECT 'salvaged.invalid' FROM articles
    WHERE feed NOT IN (SELECT key FROM feeds) LIMIT 1
    """,
    """
    INSERT OR IGNORE INTO feeds (key, url, given_url, host, state, first_seen_at, next_poll_at)
    SELECT DISTINCT feed, 'https://salvaged.invalid/', 'https://salvaged.invalid/', 'salvaged.invalid', 'removed',
           :long_ago, :long_ago
    FROM articles WHERE feed NOT IN (SELECT key FROM feeds)
    """,
    # An article whose story is gone begins one; what waits for a story that is gone, of an article that is not, too.
    """
    INSERT OR IGNORE INTO stories (id, first_article, first_seen_at, last_seen_at)
    SELECT story, min(id), min(first_seen_at), max(first_seen_at) FROM articles
    WHERE story NOT IN (SELECT id FROM stories) GROUP BY story
    """,
    "DELETE FROM stories WHERE id NOT IN (SELECT story FROM articles)",
    "UPDATE stories SET first_article = (SELECT min(id) FROM articles WHERE story = stories.id)"
    " WHERE first_article NOT IN (SELECT id FROM articles)",
    """
    UPDATE articles SET event = NULL WHERE event NOT IN (
        SELECT id FROM events WHERE first_article IN (SELECT id FROM articles))
    """,
    # A message whose alert, or whose alert's article, is gone is still a message: it is told as a notice is.
    """
    INSERT OR IGNORE INTO alerts (id, key, kind, subject, created_at, state)
    SELECT deliveries.alert, 'salvaged ' || deliveries.alert, 'notice', 'salvaged from a damaged archive',
           min(deliveries.created_at), 'queued'
    FROM deliveries JOIN messages ON messages.id = deliveries.message
    WHERE deliveries.alert NOT IN (SELECT id FROM alerts) GROUP BY deliveries.alert
    """,
    """
    UPDATE alerts SET kind = 'notice', rule = NULL, story = NULL, article = NULL, feed = NULL, digest = NULL,
                      subject = 'salvaged from a damaged archive: ' || rule
    WHERE rule IS NOT NULL
      AND (article NOT IN (SELECT id FROM articles) OR story NOT IN (SELECT id FROM stories)
           OR coalesce(feed NOT IN (SELECT key FROM feeds), FALSE))
      AND id IN (SELECT alert FROM deliveries WHERE message IN (SELECT id FROM messages))
    """,
    # An alert whose message is gone is composed anew; what was sent stays so, under a message without bytes.
    """
    UPDATE deliveries SET state = 'waiting', why = coalesce(why, 'group'), due_at = created_at, message = NULL,
                          message_id = NULL, next_attempt_at = NULL, leased_until = NULL, last_error = NULL,
                          phase = NULL
    WHERE state IN ('queued', 'dead') AND message NOT IN (SELECT id FROM messages)
    """,
    """
    INSERT OR IGNORE INTO messages (id, message_id, kind, channel, recipient, created_at, bytes)
    SELECT message, message_id, 'notice', channel, recipient, min(created_at), x'' FROM deliveries
    WHERE state = 'sent' AND message NOT IN (SELECT id FROM messages) GROUP BY message
    """,
    "UPDATE alerts SET state = 'waiting' WHERE id IN (SELECT alert FROM deliveries WHERE state = 'waiting')",
)
_MOST_ROUNDS = 10


def _mend(db: sqlite3.Connection) -> None:
    for statement in _MENDING:
        db.execute(statement, {"long_ago": _LONG_AGO} if ":long_ago" in statement else {})
    for _ in range(_MOST_ROUNDS):  # what is dropped may have been what another row referred to
        broken = db.execute("PRAGMA foreign_key_check").fetchall()
        for table, number, _, _ in broken:
            if number is not None:
                db.execute(f"DELETE FROM {table} WHERE rowid = ?", (number,))
            else:
                _drop_orphans(db, table)
        if not broken:
            break
    db.execute("DELETE FROM alerts WHERE state IN ('waiting', 'queued') AND id NOT IN (SELECT alert FROM deliveries)")


def _drop_orphans(db: sqlite3.Connection, table: str) -> None:
    """Drops the rows of a table without numbers whose other end is gone."""
    for _, _, parent, column, to, *_ in db.execute(f"PRAGMA foreign_key_list({table})").fetchall():
        db.execute(
            f"DELETE FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {to or 'rowid'} FROM {parent})"
        )
