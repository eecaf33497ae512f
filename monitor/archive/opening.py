"""Which file is an archive, who may write to it, and how it is opened.

An archive is an SQLite file with our application id. What a file is gets looked at before anything is written, and a
file that is not ours is never touched. One process holds it, behind a lock file beside the archive, and works on it:
the daemon, or a command in its place. Commands that only add a few rows may do so beside it, in turn (`turns`); all
others open it read-only.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Literal

from monitor.archive.migrations import SCHEMA_VERSION, migrate
from monitor.archive.outbox import recover_leases
from monitor.archive.turns import Turns
from monitor.archive.values import instant_text
from monitor.errors import ArchiveBusy, ArchiveError, ArchiveForeign

APPLICATION_ID = 0x6D6F6E69  # "moni"; SQLite keeps it at byte 68 of the file

OLDEST_SQLITE = (3, 40)

Access = Literal["hold", "amend", "read"]

BUSY_SECONDS = 5.0

# Owner writes, group reads. The process's umask can only take away from it.
ARCHIVE_MODE = 0o640

# The largest size the write-ahead log keeps after a checkpoint; a long reader can make it grow beyond.
WAL_KEPT_BYTES = 64 * 2**20

CACHE_KIBIBYTES = 16 * 2**10


def open_for_writing(path: Path, *, now: datetime) -> tuple[sqlite3.Connection, int, Turns, tuple[str, ...]]:
    """The connection of who holds the archive, the lock it stands behind, its turns, and the migrations applied.

    Creates what is missing, brings an older archive up to date, and clears what leases an ended process left.
    """
    _check_sqlite()
    if _exists(path):
        check_ours(path)
    else:
        _make_directory(path.parent)
    lock = acquire_lock(path, now=now)
    try:
        if not _exists(path):
            _create(path)
        check_ours(path)
        turns = Turns(path, mode=ARCHIVE_MODE)
        connection = _connect(path, "mode=rw")
        try:
            with turns.taken():
                _prepare(connection)
                return connection, lock, turns, _bring_up(connection)
        except BaseException:
            connection.close()
            turns.close()
            raise
    except sqlite3.Error as error:
        os.close(lock)
        raise unusable(path, error) from error
    except BaseException:
        os.close(lock)
        raise


def open_to_amend(path: Path) -> tuple[sqlite3.Connection, Turns]:
    """A connection that may write beside the archive's holder, each time it has the turn; to this version's schema."""
    _check_there(path)
    turns = Turns(path, mode=ARCHIVE_MODE)
    try:
        connection = _connect(path, "mode=rw")
        try:
            with turns.taken():
                _prepare(connection)
            _check_version(path, connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        turns.close()
        raise unusable(path, error) from error
    except BaseException:
        turns.close()
        raise
    return connection, turns


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, to an archive of exactly this version's schema."""
    _check_there(path)
    try:
        connection = connect_read_only(path)
        try:
            _check_version(path, connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    return connection


def _check_there(path: Path) -> None:
    _check_sqlite()
    if not _exists(path):
        raise ArchiveError(
            f"archive {path} does not exist. `monitor run` or `monitor poll` creates it; --archive names another."
        )
    check_ours(path)


def _check_version(path: Path, connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < SCHEMA_VERSION:
        raise ArchiveError(
            f"archive {path} was written by an older monitor (schema {version}, this one needs {SCHEMA_VERSION})."
            " Run `monitor db migrate`, or start the daemon, which does so by itself."
        )


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises sqlite3.Error."""
    connection = _connect(path, "mode=ro")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        # A WAL archive cannot be read where its index cannot be made: on a read-only file system, or in a folder we may
        # not write to. While there is nothing in the log, nobody is writing, and the file alone is the whole archive.
        # Not so with a rollback journal, which only a writer can undo.
        if _has_content(path, "-wal") or _has_content(path, "-journal"):
            raise
        connection = _connect(path, "mode=ro&immutable=1")
    except sqlite3.Error:  # damaged
        connection.close()
        raise
    return connection


def check_ours(path: Path) -> None:
    """Raises ArchiveForeign unless the file is an archive that this version can use. Changes nothing in it."""
    if not path.is_file():
        raise ArchiveError(f"archive {path} is not a file. Name a file, such as {path / 'archive.db'}.")
    logged = _has_content(path, "-wal")
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
        if ours and (logged or version <= SCHEMA_VERSION) and not _has_content(path, "-journal"):
            with closing(connect_read_only(path)) as connection:
                application_id, version = _numbers(connection)
    except sqlite3.OperationalError as error:
        raise unusable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise ArchiveForeign(
            f"archive {path} is no SQLite file, or is damaged: {error}. It was not touched."
            " Name another file, or restore it from a backup."
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
    with closing(_connect(path, "mode=ro&immutable=1")) as connection:
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


def acquire_lock(path: Path, *, now: datetime) -> int:
    """The lock on an archive, as an open file: held until that is closed, or the process ends in whatever way.

    Raises ArchiveBusy, naming the holder, which wrote itself into the file.
    """
    lock_path = Path(f"{path}.lock")
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, ARCHIVE_MODE)
    except OSError as error:
        raise ArchiveError(
            f"archive {path} cannot be opened for writing: {lock_path}: {error.strerror}."
            " Give the folder to the user who runs monitor."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(lock, 1000, 0).decode(errors="replace").strip()
        os.close(lock)
        raise ArchiveBusy(
            f"archive {path} is in use by {holder or 'another process'}."
            " Stop that one first; the commands that only read need not wait."
        ) from error
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"pid {os.getpid()} since {instant_text(now)} ({command})\n".encode(errors="replace"), 0)
    return lock


def unusable(path: Path, error: sqlite3.Error) -> ArchiveError:
    """What a failure of SQLite means, and what to do about it."""
    advice = {
        "SQLITE_FULL": "The disk is full: make room. A daemon goes on by itself then.",
        "SQLITE_CANTOPEN": "Check that it exists and that this user may read it and write to its folder.",
        "SQLITE_READONLY_ROLLBACK": "A change to it was cut off. Run `monitor db migrate`: that undoes it.",
        "SQLITE_READONLY": "This user, or the file system, does not allow writing to it.",
        "SQLITE_BUSY": "Another program holds it: close what has it open for writing.",
        "SQLITE_CORRUPT": "It is damaged: stop monitor, keep a copy of all its files, restore a backup.",
        "SQLITE_NOTADB": "It is damaged: stop monitor, keep a copy of all its files, restore a backup.",
        "SQLITE_IOERR": "The disk or file system failed: check it before starting again.",
    }
    name = getattr(error, "sqlite_errorname", "")
    told = next((text for code, text in advice.items() if name.startswith(code)), "See docs/operations.md.")
    return ArchiveError(f"archive {path}: {error}. {told}")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise ArchiveError(
            f"archive {path} cannot be reached: {error.strerror}. Check the rights on its folder."
        ) from error


def _has_content(path: Path, suffix: str) -> bool:
    """Whether there is more than an empty file of that suffix beside the archive."""
    try:
        return Path(f"{path}{suffix}").stat().st_size > 0
    except FileNotFoundError:
        return False


def _check_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise ArchiveError(f"this Python has SQLite {sqlite3.sqlite_version}; monitor needs {oldest} or newer.")


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(
            f"the archive's folder {directory} cannot be created: {error.strerror}."
            " Create it and give it to the user who runs monitor."
        ) from error


def _create(path: Path) -> None:
    """Makes an archive without tables, under another name first: an archive that exists always has our id in it."""
    if _has_content(path, "-wal"):  # SQLite would write its pages into the new file
        raise ArchiveError(
            f"archive {path} does not exist, but its log {path.name}-wal does. Put the archive back beside it; or, to"
            " begin a new one, move the log away."
        )
    unfinished = Path(f"{path}.new")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, ARCHIVE_MODE))
        with closing(_connect(unfinished, "mode=rw")) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        unfinished.rename(path)
    except OSError as error:
        raise ArchiveError(f"archive {path} cannot be created: {error.strerror}.") from error


def _connect(path: Path, query: str) -> sqlite3.Connection:
    # Opened on one thread, used on another, never by two at once: `ArchiveThread` sees to that. Transactions are begun
    # and ended by our own statements.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _prepare(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError(f"this file system allows no write-ahead log (journal mode stayed {mode})")
    # NORMAL would lose acknowledged commits when the power fails.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    connection.execute(f"PRAGMA cache_size = {-CACHE_KIBIBYTES}")


def _bring_up(connection: sqlite3.Connection) -> tuple[str, ...]:
    applied = migrate(connection)
    # Whoever held a lease is gone: we hold the lock. Their tokens stay used.
    connection.execute("UPDATE hosts SET lease_until = NULL WHERE lease_until IS NOT NULL")
    recover_leases(connection)
    return applied
