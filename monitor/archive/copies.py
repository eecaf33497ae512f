"""Copies of an archive: made while it is written to, checked, kept in a folder, put back in place.

A copy is one moment of the archive: it is read in one transaction, page by page, beside whoever writes. It becomes a
file without a log, 0600, under a name of its own only when it has been checked and is on the disk; until then it is
called `.part`, and what a process that was killed left of one is taken away by the next.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.archive.condition import faults
from monitor.archive.connecting import check_ours, connect_read_only, unusable
from monitor.errors import ArchiveError

COPY_MODE = 0o600
STEP_PAGES = 2_000  # 8 MB between two looks at whether to go on
REST = 0.5  # of the time a step took: what is left to whoever writes
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that was made and checked."""

    path: Path
    size: int  # bytes
    seconds: float
    dropped: tuple[Path, ...]  # older copies that were more than were to be kept


def back_up(
    source: Path,
    folder: Path,
    *,
    now: datetime,
    keep: int | None = None,
    going_on: Callable[[], bool] = lambda: True,
) -> Copy:
    """Copies an archive into a folder, checks the copy, and drops the oldest beyond `keep` (None: none).

    Meanwhile others may write. Raises ArchiveError, with no copy of that name left, when it cannot be made, is not
    whole, or `going_on` says no.
    """
    target = folder / f"{source.stem}-{now:{_STAMP}}.db"
    began = time.monotonic()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(f"{_escaped(source.stem)}-*.db.part*"):
            left.unlink(missing_ok=True)
        if target.exists():
            raise ArchiveError(f"{target} exists already; a copy is never written over.")
        copy(source, target, going_on=going_on)
        dropped = _rotate(folder, source.stem, keep)
        size = target.stat().st_size
    except OSError as error:
        raise ArchiveError(f"no copy of {source} could be made in {folder}: {error.strerror}.") from error
    return Copy(path=target, size=size, seconds=time.monotonic() - began, dropped=dropped)


def copy(source: Path, target: Path, *, going_on: Callable[[], bool] = lambda: True) -> None:
    """Copies an archive to a file that is not there yet, and checks it. Raises ArchiveError or OSError."""
    part = Path(f"{target}.part")
    create_empty(part)
    try:
        _copy_pages(source, part, going_on)
        if found := faults(part, thorough=False, index=True):
            raise ArchiveError(f"the copy of {source} is not whole: {'; '.join(found)}. Run `monitor db check`.")
        _sync(part)
        part.rename(target)
        _sync(target.parent)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                Path(f"{part}{suffix}").unlink(missing_ok=True)


def create_empty(path: Path) -> None:
    """An empty file that nobody else may read; one of that name, which an earlier try left, goes."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, COPY_MODE))


def _copy_pages(source: Path, part: Path, going_on: Callable[[], bool]) -> None:
    last = time.monotonic()

    def look(*_: int) -> None:
        nonlocal last
        if not going_on():
            raise ArchiveError(f"the copy of {source} was broken off; nothing was written over.")
        time.sleep((time.monotonic() - last) * REST)
        last = time.monotonic()

    try:
        with closing(connect_read_only(source)) as reading, closing(sqlite3.connect(part)) as writing:
            writing.execute("PRAGMA synchronous = OFF")  # it is synced as a whole, once it is complete
            # One transaction over all steps: without, a commit between two would begin the copy anew, again and again.
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            reading.backup(writing, pages=STEP_PAGES, progress=look)
            writing.execute("PRAGMA journal_mode = DELETE").fetchone()  # one file, without a log beside it
    except sqlite3.Error as error:
        raise unusable(source, error) from error


def copies(folder: Path, stem: str) -> list[Path]:
    """The copies in a folder, oldest first."""
    named = re.compile(rf"{re.escape(stem)}-\d{{8}}T\d{{6}}Z\.db")
    return sorted(path for path in folder.iterdir() if named.fullmatch(path.name) and path.is_file())


def last_at(source: Path, folder: Path) -> datetime | None:
    """When the newest copy in a folder was made, by its name; None: there is none."""
    try:
        there = copies(folder, source.stem)
    except OSError:
        return None
    if not there:
        return None
    return datetime.strptime(there[-1].stem.rpartition("-")[2], _STAMP).replace(tzinfo=UTC)


def _rotate(folder: Path, stem: str, keep: int | None) -> tuple[Path, ...]:
    """Drops the oldest; only files that are named as ours are."""
    dropped = tuple(copies(folder, stem)[:-keep]) if keep else ()
    for path in dropped:
        path.unlink()
    return dropped


def put_back(source: Path, target: Path, *, now: datetime) -> Path | None:
    """Puts a copy in an archive's place; what was there is moved aside. The caller holds the lock.

    Returns where to it was moved. None: nothing was there. Raises ArchiveError; then what was there still is.
    """
    check_ours(source)
    aside = Path(f"{target}.replaced-{now:{_STAMP}}")
    fresh = Path(f"{target}.restored")
    try:
        fresh.unlink(missing_ok=True)
        copy(source, fresh)
        was_there = target.exists()
        for suffix in ("-wal", "-shm", ""):  # the log first: without its archive it is never taken for another one's
            with suppress(FileNotFoundError):
                Path(f"{target}{suffix}").rename(f"{aside}{suffix}")
        fresh.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise ArchiveError(
            f"{source} could not be put in place of {target}: {error.strerror}. What was moved aside is {aside}."
        ) from error
    return aside if was_there else None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _escaped(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)
