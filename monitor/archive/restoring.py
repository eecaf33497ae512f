"""A copy put in an archive's place; or, as a drill, only tried."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.archive.condition import faults
from monitor.archive.connecting import check_ours, connect_read_only, unusable
from monitor.archive.copies import copy, put_back
from monitor.archive.locking import Lock
from monitor.archive.opening import open_for_writing
from monitor.errors import ArchiveError


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What is in a copy that was put in place, or could be; the fields are the keys of `monitor db restore --json`."""

    aside: Path | None  # where the archive that was there is now; None: there was none, or it was a drill
    articles: int
    last_seen_at: str | None  # when its newest article was first seen; None: it has none
    waiting: int  # alerts' deliveries that are still to be composed
    queued: int  # messages that are still to be sent
    dead: int  # messages that were given up


def restore(target: Path, backup: Path, *, now: datetime, drill: bool) -> Restored:
    """Puts a copy in the place of an archive that nobody holds; as a drill does all but that, beside it."""
    if not backup.is_file():
        raise ArchiveError(f"there is no backup {backup}.")
    target = Path(os.path.realpath(target))
    if drill:
        try:
            with TemporaryDirectory(prefix="drill-", dir=target.parent) as folder:
                return _tried(Path(folder) / "archive.db", backup, now)
        except OSError as error:
            raise ArchiveError(f"the drill needs room beside {target}: {error.strerror}.") from error
    lock = Lock(target, now=now)
    try:
        aside = put_back(backup, target, now=now)
        lock.forget()
    except BaseException:
        lock.close(in_order=False)
        raise
    lock.close(in_order=True)
    return _counted(target, aside)


def _tried(target: Path, backup: Path, now: datetime) -> Restored:
    """Opens a copy of the copy as a daemon would, and looks at all of it."""
    check_ours(backup)
    copy(backup, target)
    held = open_for_writing(target, now=now, back_up=False)
    held.connection.close()
    held.turns.close()
    held.lock.close(in_order=True)
    if found := faults(target, thorough=True, index=True):
        raise ArchiveError(f"{backup} is not whole: {'; '.join(found)}. Take another copy.")
    return _counted(target, None)


def _counted(path: Path, aside: Path | None) -> Restored:
    def count(question: str) -> int:
        return int(db.execute(question).fetchone()[0])

    try:
        with closing(connect_read_only(path)) as db:
            return Restored(
                aside=aside,
                articles=count("SELECT count(*) FROM articles"),
                last_seen_at=db.execute("SELECT max(first_seen_at) FROM articles").fetchone()[0],
                waiting=count("SELECT count(*) FROM deliveries WHERE state = 'waiting'"),
                queued=count("SELECT count(DISTINCT message) FROM deliveries WHERE state = 'queued'"),
                dead=count("SELECT count(DISTINCT message) FROM deliveries WHERE state = 'dead'"),
            )
    except sqlite3.Error as error:
        raise unusable(path, error) from error
