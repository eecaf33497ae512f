"""Which file is an archive, and how it is connected to.

An archive is an SQLite file with our application id. What a file is gets looked at before anything is written, and a
file that is not ours is never touched.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from monitor.archive.migrations import SCHEMA_VERSION
from monitor.errors import ArchiveError, ArchiveForeign, ArchiveLost

APPLICATION_ID = 0x6D6F6E69  # "moni"; SQLite keeps it at byte 68 of the file

BUSY_SECONDS = 5.0

# What SQLite calls damage of the file, and of what FTS5 keeps in it, which the articles can be had again from.
LOST = frozenset({"SQLITE_CORRUPT", "SQLITE_CORRUPT_INDEX", "SQLITE_CORRUPT_SEQUENCE", "SQLITE_NOTADB"})
INDEX_BROKEN = "SQLITE_CORRUPT_VTAB"


def connect(path: Path, query: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    # Opened on one thread, used on another, never by two at once: `ArchiveThread` sees to that. Transactions are begun
    # and ended by our own statements.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=factory,
    )


def connect_read_only(path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """A connection that cannot write. Raises sqlite3.Error."""
    connection = connect(path, "mode=ro", factory)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        # A WAL archive cannot be read where its index cannot be made: on a read-only file system, or in a folder we may
        # not write to. While there is nothing in the log, nobody is writing, and the file alone is the whole archive.
        # Not so with a rollback journal, which only a writer can undo.
        if has_content(path, "-wal") or has_content(path, "-journal"):
            raise
        connection = connect(path, "mode=ro&immutable=1", factory)
    except sqlite3.Error:  # damaged
        connection.close()
        raise
    return connection


def check_ours(path: Path) -> None:
    """Raises ArchiveForeign unless the file is an archive that this version can use. Changes nothing in it."""
    if not path.is_file():
        raise ArchiveError(f"archive {path} is not a file. Name a file, such as {path / 'archive.db'}.")
    logged = has_content(path, "-wal")
    if path.stat().st_size == 0:
        if logged:  # SQLite, even read-only, would delete the log: for it, an empty file has none
            raise ArchiveForeign(
                f"archive {path} is an empty file, so its content was lost, but not its log {path}-wal. Neither was"
                " touched. Keep a copy of the log, move both away, and restore a backup."
            )
        raise ArchiveForeign(
            f"archive {path} is an empty file, so either it is not an archive or its content was lost."
            " Restore it from a backup, or remove it to begin a new one."
        )
    try:
        application_id, version, blank = _first_page(path, logged=logged)
        ours = application_id == APPLICATION_ID or (blank and logged)
        # What is in the log comes after what is in the file. A rollback journal only a writer can undo: until then the
        # file itself must do.
        if ours and (logged or version <= SCHEMA_VERSION) and not has_content(path, "-journal"):
            with closing(connect_read_only(path)) as connection:
                application_id, version = _numbers(connection)
    except sqlite3.OperationalError as error:
        raise unusable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise ArchiveForeign(
            f"archive {path} is no SQLite file, or is damaged: {error}. It was not touched. Name another file; or, if"
            " this is your archive, keep a copy of all its files, then `monitor db restore` puts a backup in its place,"
            " and `monitor db salvage` makes a new one of what can still be read."
        ) from error
    if application_id != APPLICATION_ID:
        raise ArchiveForeign(
            f"archive {path} belongs to another program (its application id is {application_id:#010x}, ours is"
            f" {APPLICATION_ID:#010x}). It was not touched. Name another file."
        )
    if version > SCHEMA_VERSION:
        raise ArchiveForeign(
            f"archive {path} was written by a newer monitor (schema {version}, this one knows {SCHEMA_VERSION})."
            " It was not touched. Upgrade monitor, or open a copy."
        )


def _first_page(path: Path, *, logged: bool) -> tuple[int, int, bool]:
    """The application id and the schema's number in the file itself, and whether it holds no table, as one whose first
    transaction is still in the log.

    They stand in the header (https://www.sqlite.org/fileformat2.html#the_database_header), so the log is not read, and
    no file is made beside a stranger's. SQLite reads them for us: to open and close the file in any other way would let
    go of the locks this process holds on it (https://www.sqlite.org/howtocorrupt.html, "Posix advisory locks").
    """
    with closing(connect(path, "mode=ro&immutable=1")) as connection:
        if logged:
            # During a checkpoint, and after one that was killed, the file is shorter than its header says. To SQLite,
            # which does not look into the log here, that is damage, unless one comes to repair it.
            connection.execute("PRAGMA writable_schema = ON")
        application_id, version = _numbers(connection)
        if (application_id, version) != (0, 0):
            return application_id, version, False
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        return application_id, version, pages == 1  # a table has a page of its own


def _numbers(connection: sqlite3.Connection) -> tuple[int, int]:
    """The application id and the schema's number."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def unusable(path: Path, error: sqlite3.Error) -> ArchiveError:
    """What a failure of SQLite means, and what to do about it."""
    advice = {
        "SQLITE_FULL": "The disk is full: make room. A daemon goes on by itself then.",
        "SQLITE_CANTOPEN": "Check that it exists and that this user may read it and write to its folder.",
        "SQLITE_READONLY_ROLLBACK": "A change to it was cut off. Run `monitor db migrate`: that undoes it.",
        "SQLITE_READONLY": "This user, or the file system, does not allow writing to it.",
        "SQLITE_BUSY": "Another program holds it: close what has it open for writing.",
        INDEX_BROKEN: "The full-text index differs from the articles. It is made anew before the next write.",
        "SQLITE_CORRUPT": "It is damaged: keep a copy of all its files, then `monitor db restore`.",
        "SQLITE_NOTADB": "It is damaged: keep a copy of all its files, then `monitor db restore`.",
        "SQLITE_IOERR": "The disk or file system failed: check it before starting again.",
    }
    name = getattr(error, "sqlite_errorname", "")
    kind = ArchiveLost if name in LOST else ArchiveError
    told = next((text for code, text in advice.items() if name.startswith(code)), "See docs/operations.md.")
    return kind(f"archive {path}: {error}. {told}")


def has_content(path: Path, suffix: str) -> bool:
    """Whether there is more than an empty file of that suffix beside the archive."""
    try:
        return Path(f"{path}{suffix}").stat().st_size > 0
    except FileNotFoundError:
        return False
