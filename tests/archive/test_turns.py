"""Several processes may write to an archive: each in its turn, none of them in vain."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.archive import Access, open_archive, turns
from monitor.errors import ArchiveError
from monitor.model import FeedSpec
from tests.commands import environment
from tests.factories import NOW

WRITES = 150  # of each process; enough pages for several checkpoints

WRITER = """
import sys
from monitor.archive import open_archive
from monitor.model import FeedSpec
from tests.factories import NOW

path, access, name, writes = sys.argv[1:]
archive = open_archive(path, access=access, now=NOW)
print("open", flush=True)
sys.stdin.readline()
for number in range(int(writes)):
    archive.note_up("desk")
    key = f"{name}-{number}"
    archive.sync_feeds([FeedSpec(key=key, url=f"https://{key}.example/", title="x" * 20_000)], NOW)
archive.close()
"""

TAKER = """
import sys
from pathlib import Path
from monitor.archive.turns import Turns

with Turns(Path(sys.argv[1]), mode=0o640).taken():
    print("taken", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def started(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has said its first word; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive without content."""
    file = tmp_path / "archive.db"
    open_archive(str(file), now=NOW).close()
    return file


def test_what_a_daemon_and_two_commands_write_at_once_is_all_there(path: Path) -> None:
    with (
        started(WRITER, str(path), "hold", "daemon", str(WRITES)) as daemon,
        started(WRITER, str(path), "amend", "one", str(WRITES)) as one,
        started(WRITER, str(path), "amend", "other", str(WRITES)) as other,
    ):
        for process in (daemon, one, other):
            process.communicate("go\n")

        assert [process.returncode for process in (daemon, one, other)] == [0, 0, 0]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        kept = {key for (key,) in database.execute("SELECT key FROM feeds")}
    assert kept == {f"{name}-{number}" for name in ("daemon", "one", "other") for number in range(WRITES)}


@pytest.mark.parametrize("access", ["hold", "amend"])
def test_who_has_the_turn_keeps_the_others_from_writing(
    access: Access, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.02)
    with closing(open_archive(str(path), access=access, now=NOW)) as archive:
        with started(TAKER, str(path)):
            with pytest.raises(ArchiveError, match=r"another monitor command has been writing for 0.02 s.*db.turn"):
                archive.note_up("desk")
            with pytest.raises(ArchiveError, match="another monitor command has been writing"):
                open_archive(str(path), access="amend", now=NOW)
            archive.ping()  # reading needs no turn

        archive.note_up("desk")


def test_the_turn_of_a_killed_process_is_free(path: Path) -> None:
    with closing(open_archive(str(path), access="amend", now=NOW)) as archive, started(TAKER, str(path)) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

        archive.note_up("desk")


def test_nobody_amends_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="does not exist"):
        open_archive(str(tmp_path / "archive.db"), access="amend", now=NOW)

    assert list(tmp_path.iterdir()) == []


def test_an_older_archive_is_not_amended_but_brought_up_to_date_first(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")

    with pytest.raises(ArchiveError, match="Run `monitor db migrate`, or start the daemon"):
        open_archive(str(path), access="amend", now=NOW)


def test_amending_takes_no_lease_away(path: Path) -> None:
    with closing(open_archive(str(path), now=NOW)) as daemon:
        daemon.sync_feeds([FeedSpec(key="gazette", url="https://gazette.example/")], NOW)
        (lease,) = daemon.lease(NOW, hosts=1, ttl=timedelta(hours=1))

        open_archive(str(path), access="amend", now=NOW).close()

        assert daemon.lease(NOW, hosts=1, ttl=timedelta(hours=1)) == ()
        daemon.release(lease, last_request_at=None)
