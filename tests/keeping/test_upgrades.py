"""An upgrade that is killed, or runs out of room, leaves the archive as it was; and a copy of that is there first."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from monitor.archive import migrations, open_archive
from monitor.archive.connecting import APPLICATION_ID
from monitor.archive.migrations import SCHEMA_VERSION, migrate
from monitor.errors import ArchiveError
from tests.archive.test_migrations import ROWS
from tests.factories import NOW
from tests.keeping.archives import ask, whole

OLD = 1  # the schema that is upgraded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive as the first version left it."""
    path = tmp_path / "db" / "archive.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as old, pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrations, "STEPS", migrations.STEPS[:OLD])
        migrate(old)
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(ROWS)
    return path


def dump(path: Path) -> list[str]:
    """All that is in a file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return [*db.iterdump(), str(db.execute("PRAGMA user_version").fetchone())]


def test_an_older_archive_is_copied_before_it_is_brought_up_to_date(path: Path) -> None:
    before = dump(path)

    with closing(open_archive(str(path), now=NOW)) as archive:
        assert len(archive.migrated) == SCHEMA_VERSION - OLD

    copied = Path(f"{path}.schema{OLD}")
    assert dump(copied) == before
    assert copied.stat().st_mode & 0o777 == 0o600
    assert whole(path)


def test_an_archive_that_is_up_to_date_is_not_copied(path: Path) -> None:
    open_archive(str(path), now=NOW).close()
    Path(f"{path}.schema{OLD}").unlink()

    open_archive(str(path), now=NOW).close()

    assert list(path.parent.glob("*.schema*")) == []


def test_without_room_for_a_copy_nothing_is_changed_unless_it_is_not_wanted(path: Path) -> None:
    Path(f"{path}.schema{OLD}").mkdir()  # nothing can be written in its place
    before = dump(path)

    with pytest.raises(ArchiveError, match=r"could not be copied first.*--no-backup"):
        open_archive(str(path), now=NOW)
    assert dump(path) == before

    open_archive(str(path), now=NOW, back_up=False).close()
    assert ask(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


# Dies at its n-th statement, as a machine does: nothing is rolled back by us. Forked, so that each costs milliseconds.
KILLER = """
import os, shutil, sqlite3, sys
from contextlib import closing
from monitor.archive.migrations import SCHEMA_VERSION, migrate
from tests.keeping.test_upgrades import dump

source, folder = sys.argv[1:]
import sqlite_utils  # noqa: F401  # loaded once, before the forks

at = 0
while True:
    at += 1
    work = f"{folder}/{at}.db"
    shutil.copy(source, work)
    child = os.fork()
    if not child:
        db = sqlite3.connect(work, isolation_level=None)
        db.execute("PRAGMA foreign_keys = ON")
        seen = 0
        def count(statement):
            global seen
            seen += 1
            if seen == at:
                os._exit(9)
        db.set_trace_callback(count)
        migrate(db)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    with closing(sqlite3.connect(work)) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",), at
        assert db.execute("PRAGMA foreign_key_check").fetchall() == [], at
        steps = len(db.execute("SELECT name FROM _sqlite_migrations").fetchall())
        assert steps == version, (at, steps, version)
        migrate(db) if version < SCHEMA_VERSION else None
        assert db.execute("SELECT count(*), max(title) FROM articles").fetchone() == (1, "OTAN"), at
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (1,), at
    for name in os.listdir(folder):
        os.unlink(f"{folder}/{name}")
    if os.waitstatus_to_exitcode(status) == 0:
        break
print(at)
"""


def test_an_upgrade_that_is_killed_at_any_statement_does_no_harm_and_is_done_the_next_time(
    path: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    folder = tmp_path / "killed"
    folder.mkdir()

    run = subprocess.run(
        [sys.executable, "-c", KILLER, str(path), str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 150  # statements


# The kernel refuses to let a file grow beyond the limit: the disk is full, at whatever the upgrade writes next.
FULL = """
import resource, signal, sys
from monitor.archive import open_archive
from monitor.errors import ArchiveError
from tests.factories import NOW

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    open_archive(sys.argv[1], now=NOW, back_up=sys.argv[3] == "copy").close()
except ArchiveError as error:
    print(error)
    sys.exit(69)
"""


@pytest.mark.parametrize("copied", ["copy", "no copy"])
def test_an_upgrade_on_a_full_disk_leaves_the_old_archive_and_is_done_when_there_is_room(
    copied: str, path: Path, tmp_path: Path
) -> None:
    before = dump(path)
    refused = 0
    for room in (8_000, 100_000, 200_000, 300_000, 2_000_000):
        work = tmp_path / f"{room}.db"
        shutil.copy(path, work)
        run = subprocess.run(
            [sys.executable, "-c", FULL, str(work), str(room), copied],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode == 0:
            continue
        assert run.returncode == 69, run.stderr
        refused += 1
        with closing(sqlite3.connect(work)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            (version,) = db.execute("PRAGMA user_version").fetchone()
        assert version < SCHEMA_VERSION
        if version == OLD:
            assert dump(work) == before
        open_archive(str(work), now=NOW).close()
        assert whole(work)
    assert 0 < refused < 5
