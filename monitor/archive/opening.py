"""Who may write to an archive, and how it is opened.

One process holds it, behind a lock file beside the archive, and works on it:
the daemon, or a command in its place. Commands that only add a few rows may do so beside it, in turn (`turns`); all
others open it read-only.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from monitor.archive.condition import page_faults
from monitor.archive.connecting import APPLICATION_ID, check_ours, connect, connect_read_only, has_content, unusable
from monitor.archive.copies import copy
from monitor.archive.locking import ARCHIVE_MODE, Lock
from monitor.archive.migrations import SCHEMA_VERSION, migrate
from monitor.archive.outbox import recover_leases
from monitor.archive.turns import Turns
from monitor.errors import ArchiveError, ArchiveForeign

OLDEST_SQLITE = (3, 40)

Access = Literal["hold", "amend", "read"]

# The largest size the write-ahead log keeps after a checkpoint; a long reader can make it grow beyond.
WAL_KEPT_BYTES = 64 * 2**20

CACHE_KIBIBYTES = 16 * 2**10


@dataclass(frozen=True, slots=True)
class Held:
    """An archive that this process holds."""

    connection: sqlite3.Connection
    lock: Lock
    turns: Turns
    migrated: tuple[str, ...]  # the names of the migrations that were applied, in order


def open_for_writing(path: Path, *, now: datetime, back_up: bool = True) -> Held:
    """Takes hold of an archive. Creates what is missing, brings an older one up to date, and clears what leases an
    ended process left.

    Before it is brought up to date it is copied, unless `back_up` says no. Where its last holder did not come to close
    it, its pages are checked.
    """
    _check_sqlite()
    if _exists(path):
        check_ours(path)
    else:
        _make_directory(path.parent)
    lock = Lock(path, now=now)
    try:
        if not _exists(path):
            lock.refuse_if_gone()
            _create(path)
        check_ours(path)
        turns = Turns(path, mode=ARCHIVE_MODE)
        connection = connect(path, "mode=rw")
        try:
            with turns.taken():
                _prepare(connection)
                if lock.was_left:
                    _check_pages(path, connection)
                if back_up:
                    _copy_older(path, connection)
                migrated = _bring_up(connection)
            lock.note(_name_of(connection))
            return Held(connection, lock, turns, migrated)
        except BaseException:
            connection.close()
            turns.close()
            raise
    except sqlite3.Error as error:
        lock.close(in_order=False)
        raise unusable(path, error) from error
    except BaseException:
        lock.close(in_order=False)
        raise


def _check_pages(path: Path, connection: sqlite3.Connection) -> None:
    """Raises ArchiveForeign when the file is damaged."""
    try:
        found = page_faults(connection)
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found:
        raise ArchiveForeign(
            f"archive {path} was not closed by its last user, and is damaged: {found[0]}. It was not touched. Keep a"
            " copy of all its files; then `monitor db restore` puts a backup in its place, and `monitor db salvage`"
            " makes a new one of what can still be read."
        )


def _copy_older(path: Path, connection: sqlite3.Connection) -> None:
    """Copies an archive that is to be brought up to date: an upgrade is never the end of what was there before."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version in (0, SCHEMA_VERSION):
        return
    target = Path(f"{path}.schema{version}")
    try:
        target.unlink(missing_ok=True)  # of an upgrade that was broken off: the archive is as it was
        copy(path, target)
    except (OSError, ArchiveError) as error:
        raise ArchiveError(
            f"archive {path} is to be brought up to date, and could not be copied first: {error} Make room for"
            f" {path.stat().st_size / 1e6:,.0f} MB beside it; or copy it elsewhere, and run"
            " `monitor db migrate --no-backup`."
        ) from error


def _name_of(connection: sqlite3.Connection) -> str:
    """What the archive is known by, whatever its file is called."""
    (name,) = connection.execute("SELECT value FROM settings WHERE name = 'archive'").fetchone()
    return str(name)


def open_to_amend(path: Path) -> tuple[sqlite3.Connection, Turns]:
    """A connection that may write beside the archive's holder, each time it has the turn; to this version's schema."""
    _check_there(path)
    turns = Turns(path, mode=ARCHIVE_MODE)
    try:
        connection = connect(path, "mode=rw")
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


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise ArchiveError(
            f"archive {path} cannot be reached: {error.strerror}. Check the rights on its folder."
        ) from error


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
    if has_content(path, "-wal"):  # SQLite would write its pages into the new file
        raise ArchiveError(
            f"archive {path} does not exist, but its log {path.name}-wal does. Put the archive back beside it; or, to"
            " begin a new one, move the log away."
        )
    unfinished = Path(f"{path}.new")
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, ARCHIVE_MODE))
        with closing(connect(unfinished, "mode=rw")) as connection:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # or freed room could only be had by a whole copy
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        unfinished.rename(path)
    except OSError as error:
        raise ArchiveError(f"archive {path} cannot be created: {error.strerror}.") from error


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
