"""What a kill leaves of an archive is opened; what is not ours, or no longer whole, is refused as it is.

A process may be killed while it folds the log into the file. The file then has the first pages of its new state and a
header that tells of all of them; the rest is in the log. Until the log has been read, the file alone looks damaged.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.archive import Access, Archive, open_archive
from monitor.archive.adhoc import run_sql
from monitor.archive.connecting import APPLICATION_ID
from monitor.archive.migrations import SCHEMA_VERSION
from monitor.errors import ArchiveError, ArchiveForeign
from tests.archive.builders import an_outcome, found, numbered
from tests.factories import NOW, a_feed

PAGE = 4096
ARTICLES = 40
LONG = "mot " * 1_500
ANOTHER_ID = 252006675

READ_OR_WRITTEN = pytest.mark.parametrize("access", ["read", "amend", "hold"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


def log_of(path: Path) -> Path:
    """The write-ahead log beside an archive."""
    return path.with_name(f"{path.name}-wal")


def opened(path: Path, *, access: Access = "hold") -> closing[Archive]:
    """The archive, to be closed at the end of a `with`."""
    return closing(open_archive(str(path), access=access, now=NOW))


def header(path: Path) -> tuple[int, int, int]:
    """How many pages the file says it has, its schema's number and its application id."""
    head = path.read_bytes()[:100]
    pages, version, application_id = (struct.unpack_from(">I", head, at)[0] for at in (28, 60, 68))
    return pages, version, application_id


def files(path: Path) -> dict[str, bytes]:
    """What is in each file of the folder; the index of a log, which every reader makes anew, left out."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")}


def grow(path: Path) -> None:
    """Records articles enough for hundreds of new pages."""
    with opened(path) as archive:
        archive.sync_feeds([a_feed()], NOW)
        archive.record(an_outcome(*(found(numbered(number, text=LONG)) for number in range(ARTICLES))))


def left_by_a_kill(
    path: Path, *, checkpointed: int, begun: Callable[[Path], None], then: Callable[[Path], None]
) -> None:
    """An archive as `begun` made it, with all that `then` wrote in the log and that many pages of it in the file."""
    begun(path)
    before = path.read_bytes() if path.exists() else b""
    with closing(sqlite3.connect(path, isolation_level=None)) as bystander:
        if before:
            bystander.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        then(path)  # whose last connection is not the last one, so that the log stays
        log = log_of(path).read_bytes()
    after = path.read_bytes()  # the bystander has folded the log into the file
    size = checkpointed * PAGE
    path.write_bytes(after[:size] + before[size:])
    log_of(path).write_bytes(log)


def complete(path: Path) -> bool:
    """Whether nothing that was acknowledged is missing."""
    ((articles,),) = run_sql(path, "SELECT count(*) FROM articles WHERE text = :text", params={"text": LONG})[1]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return articles == ARTICLES and connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def created(path: Path) -> None:
    open_archive(str(path), now=NOW).close()


# ── killed while the log was folded into the file ────────────────────────────────────────────────────────────────────

# The kernel kills who writes beyond the limit: here, at the third new page of a checkpoint.
KILLED_IN_A_CHECKPOINT = f"""
import os, resource, signal, sys
from pathlib import Path
from monitor.archive import open_archive
from tests.archive.test_opening import LONG, ARTICLES
from tests.archive.builders import an_outcome, found, numbered
from tests.factories import NOW, a_feed

archive = open_archive(sys.argv[1], now=NOW)
archive._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
archive._db.execute("PRAGMA wal_autocheckpoint = 0")
archive.sync_feeds([a_feed()], NOW)
archive.record(an_outcome(*(found(numbered(number, text=LONG)) for number in range(ARTICLES))))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(sys.argv[1]) + 2 * {PAGE},) * 2)
archive._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""


@READ_OR_WRITTEN
def test_a_process_killed_in_a_checkpoint_loses_nothing(access: Access, path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_A_CHECKPOINT, path], cwd=Path(__file__).parents[2], check=False
    )

    assert killed.returncode == -signal.SIGXFSZ
    assert path.stat().st_size < header(path)[0] * PAGE  # else it was not killed where it should be

    with opened(path, access=access) as archive:
        assert archive.status(NOW).articles == ARTICLES
    assert complete(path)


@READ_OR_WRITTEN
@pytest.mark.parametrize("checkpointed", [1, 2, 3, 30, 60, 90, 120])
def test_however_far_the_checkpoint_came_everything_is_there(checkpointed: int, access: Access, path: Path) -> None:
    left_by_a_kill(path, checkpointed=checkpointed, begun=created, then=grow)

    with opened(path, access=access) as archive:
        assert archive.status(NOW).articles == ARTICLES
    assert complete(path)


@READ_OR_WRITTEN
@pytest.mark.parametrize("checkpointed", [1, 2, 30])
def test_an_archive_killed_in_its_first_checkpoint_is_opened(checkpointed: int, access: Access, path: Path) -> None:
    """Its tables too are in the log then, and so is the list of them, which needs more than the first page."""
    left_by_a_kill(path, checkpointed=checkpointed, begun=named, then=grow)

    with opened(path, access=access) as archive:
        assert archive.status(NOW).articles == ARTICLES
    assert complete(path)


def named(path: Path) -> None:
    """An archive without tables, as it is before its first migration."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL")


def blank(path: Path) -> None:
    """What SQLite writes before the first transaction of a log: one page, nobody's."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def naming(application_id: int) -> Callable[[Path], None]:
    """Names the file's owner, in the log."""

    def name(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA application_id = {application_id}")

    return name


def numbering(version: int) -> Callable[[Path], None]:
    """Sets the schema's number."""

    def number(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")

    return number


def each(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    """One after the other."""

    def do(path: Path) -> None:
        for step in steps:
            step(path)

    return do


@READ_OR_WRITTEN
def test_an_archive_that_only_its_log_names_ours_is_opened(access: Access, path: Path) -> None:
    left_by_a_kill(path, checkpointed=0, begun=blank, then=each(naming(APPLICATION_ID), grow))
    assert header(path) == (1, 0, 0)

    with opened(path, access=access) as archive:
        assert archive.status(NOW).articles == ARTICLES
    assert complete(path)


@READ_OR_WRITTEN
@pytest.mark.parametrize("in_the_file", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1], ids=["older", "newer"])
def test_the_schema_number_in_the_log_comes_after_the_one_in_the_file(
    in_the_file: int, access: Access, path: Path
) -> None:
    left_by_a_kill(path, checkpointed=0, begun=each(created, numbering(in_the_file)), then=numbering(SCHEMA_VERSION))
    assert header(path)[1] == in_the_file

    with opened(path, access=access) as archive:
        assert archive.status(NOW).articles == 0


# ── refused as it is ─────────────────────────────────────────────────────────────────────────────────────────────────


def of_another_in_a_log(path: Path) -> None:
    left_by_a_kill(path, checkpointed=0, begun=blank, then=each(naming(ANOTHER_ID), a_table))


def of_another_killed_in_a_checkpoint(path: Path) -> None:
    left_by_a_kill(path, checkpointed=2, begun=each(blank, naming(ANOTHER_ID)), then=a_table)
    assert path.stat().st_size < header(path)[0] * PAGE


def of_nobody_with_a_log(path: Path) -> None:
    left_by_a_kill(path, checkpointed=0, begun=each(blank, a_table), then=a_table)


def a_table(path: Path) -> None:
    """Somebody's table of some pages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS places (text TEXT)")
        connection.executemany("INSERT INTO places VALUES (:text)", [{"text": LONG}] * 5)


def of_nobody_beside_our_log(path: Path) -> None:
    left_by_a_kill(path, checkpointed=0, begun=blank, then=each(naming(APPLICATION_ID), grow))
    theirs = path.with_name("places.db")
    a_table(theirs)
    theirs.rename(path)


def no_sqlite_beside_our_log(path: Path) -> None:
    left_by_a_kill(path, checkpointed=0, begun=created, then=grow)
    path.write_text("feeds:\n  - {key: gazette}\n" * 500)


def empty_beside_our_log(path: Path) -> None:
    left_by_a_kill(path, checkpointed=0, begun=created, then=grow)
    path.write_bytes(b"")


def killed_in_a_checkpoint_and_its_log_lost(path: Path) -> None:
    left_by_a_kill(path, checkpointed=3, begun=created, then=grow)
    path.write_bytes(path.read_bytes()[: 3 * PAGE])
    log_of(path).unlink()


def killed_in_a_checkpoint_and_its_log_damaged(path: Path) -> None:
    left_by_a_kill(path, checkpointed=3, begun=created, then=grow)
    path.write_bytes(path.read_bytes()[: 3 * PAGE])
    log = log_of(path).read_bytes()
    log_of(path).write_bytes(log[:40] + b"\xff" * 40 + log[80:])


REFUSED = {
    of_another_in_a_log: "belongs to another program (its application id is 0x0f055113",
    of_another_killed_in_a_checkpoint: "belongs to another program (its application id is 0x0f055113",
    of_nobody_with_a_log: "belongs to another program (its application id is 0x00000000",
    of_nobody_beside_our_log: "belongs to another program (its application id is 0x00000000",
    no_sqlite_beside_our_log: "no SQLite file, or is damaged: file is not a database",
    empty_beside_our_log: "its content was lost, but not its log",
    killed_in_a_checkpoint_and_its_log_lost: "is damaged: database disk image is malformed",
    killed_in_a_checkpoint_and_its_log_damaged: "is damaged: database disk image is malformed",
}


@READ_OR_WRITTEN
@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_what_is_refused_stays_as_it_is(make: Callable[[Path], None], access: Access, path: Path) -> None:
    make(path)
    path.with_name("archive.db.lock").unlink(missing_ok=True)
    before = files(path)

    with pytest.raises(ArchiveForeign) as refusal:
        open_archive(str(path), access=access, now=NOW)

    assert REFUSED[make] in str(refusal.value)
    assert files(path) == before


def cut_off_in_a_rollback_journal(path: Path) -> None:
    """An archive that another tool put into that mode, wrote to and was killed in."""
    grow(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 2")  # so that changes reach the file before they are committed
        connection.execute("BEGIN")
        connection.execute("UPDATE articles SET text = ''")
        for name in ("archive.db", "archive.db-journal"):
            shutil.copyfile(path.with_name(name), path.with_name(f"{name}.killed"))
    for name in ("archive.db", "archive.db-journal"):
        path.with_name(f"{name}.killed").rename(path.with_name(name))


def test_what_a_rollback_journal_would_undo_is_not_read(path: Path) -> None:
    cut_off_in_a_rollback_journal(path)

    with pytest.raises(ArchiveError, match="A change to it was cut off"):
        open_archive(str(path), access="read", now=NOW)

    created(path)  # opened for writing
    assert complete(path)
