"""A copy of the archive is one moment of it, whole, and private; what is not whole never has a copy's name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.archive import back_up, last_backup_at, open_archive, restore
from monitor.archive import copies as making
from monitor.errors import ArchiveBusy, ArchiveError, ArchiveForeign
from tests.archive.builders import leased
from tests.factories import NOW, later
from tests.keeping.archives import ask, being_written, contents, damage, fill, whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A filled archive in a folder of its own."""
    path = tmp_path / "db" / "archive.db"
    path.parent.mkdir()
    fill(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "copies"


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_copy_holds_everything_is_one_file_and_nobody_elses_to_read(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)

    assert made.path == folder / "archive-20261122T120000Z.db"
    assert [each.name for each in folder.iterdir()] == [made.path.name]
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert whole(made.path)
    for table in ("articles", "alerts", "messages", "deliveries"):
        assert ask(made.path, f"SELECT * FROM {table}") == ask(path, f"SELECT * FROM {table}")


def test_a_copy_made_under_full_load_is_whole_and_keeps_nobody_from_writing(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "STEP_PAGES", 10)
    steps: list[int] = []

    with being_written(path):
        before = ask(path, "SELECT count(*) FROM articles")[0][0]

        def going_on() -> bool:  # a copy without a transaction around it would begin anew at each commit, for ever
            steps.append(1)
            return len(steps) < 10_000

        made = back_up(str(path), folder, now=NOW, going_on=going_on)
        after = ask(path, "SELECT count(*) FROM articles")[0][0]

    ((copied,),) = ask(made.path, "SELECT count(*) FROM articles")
    assert before <= copied <= after  # type: ignore[operator]
    assert after > before  # type: ignore[operator]
    assert whole(made.path)
    assert ask(made.path, "SELECT count(*) FROM matches WHERE article NOT IN (SELECT id FROM articles)") == [(0,)]


def test_the_oldest_copies_go_and_nothing_else_in_the_folder(path: Path, folder: Path) -> None:
    folder.mkdir()
    others = ["archive-of-mine.db", "archive-20261122T120000Z.db.txt", "other-20200101T000000Z.db", "notes"]
    for name in others:
        (folder / name).write_text("mine")

    made = [back_up(str(path), folder, now=later(days=day), keep=2) for day in range(4)]

    left = sorted(each.name for each in folder.iterdir())
    assert left == sorted([*others, made[2].path.name, made[3].path.name])
    assert made[3].dropped == (made[1].path,)
    assert last_backup_at(str(path), folder) == later(days=3)


def test_a_copy_is_never_written_over(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)
    before = made.path.read_bytes()

    with pytest.raises(ArchiveError, match="exists already"):
        back_up(str(path), folder, now=NOW)

    assert made.path.read_bytes() == before


def test_a_copy_that_is_broken_off_leaves_nothing(path: Path, folder: Path) -> None:
    with pytest.raises(ArchiveError, match="broken off"):
        back_up(str(path), folder, now=NOW, going_on=lambda: False)

    assert list(folder.iterdir()) == []


def test_a_copy_of_a_damaged_archive_is_refused_and_older_copies_stay(path: Path, folder: Path) -> None:
    good = back_up(str(path), folder, now=NOW)
    damage(path, pages=8)

    with pytest.raises(ArchiveError, match=r"not whole|damaged"):
        back_up(str(path), folder, now=later(days=1), keep=1)

    assert [each.name for each in folder.iterdir()] == [good.path.name]


def test_a_copy_that_cannot_be_written_says_why(path: Path, folder: Path) -> None:
    folder.write_text("a file")

    with pytest.raises(ArchiveError, match="File exists"):
        back_up(str(path), folder, now=NOW)


KILLED = """
import sys
from pathlib import Path
from monitor.archive import back_up, copies
from tests.factories import NOW

copies.STEP_PAGES = 5
print("begun", flush=True)
back_up(sys.argv[1], Path(sys.argv[2]), now=NOW)
"""


def test_a_process_killed_while_it_copies_leaves_no_copy_and_the_next_takes_its_rest_away(
    path: Path, folder: Path
) -> None:
    partly = 0
    for delay in (0.0, 0.005, 0.02, 0.05, 0.1):
        command = [sys.executable, "-c", KILLED, str(path), str(folder)]
        with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            until = time.monotonic() + delay
            while time.monotonic() < until and process.poll() is None:
                os.sched_yield()
            process.send_signal(signal.SIGKILL)
        found = [each.name for each in folder.iterdir()] if folder.exists() else []
        partly += any(".part" in name for name in found)
        for name in found:
            assert ".part" in name or whole(folder / name)
            if ".part" not in name:
                (folder / name).unlink()
    assert partly > 0  # it was killed in time at least once

    made = back_up(str(path), folder, now=NOW)

    assert [each.name for each in folder.iterdir()] == [made.path.name]


# ── put back ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_copy_is_put_back_with_its_outbox_and_what_was_there_is_kept(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)
    unsent = ask(path, "SELECT message_id, bytes FROM messages")
    damage(path, pages=8)
    damaged = path.read_bytes()

    restored = restore(str(path), made.path, now=later(days=1))

    assert restored.aside is not None
    assert restored.aside.read_bytes() == damaged
    assert (restored.articles, restored.dead) == (300, 0)
    assert restored.queued > 0
    assert restored.waiting > 0
    assert whole(path)
    assert ask(path, "SELECT message_id, bytes FROM messages") == unsent
    assert made.path.exists()
    with closing(open_archive(str(path), now=later(days=1))) as archive:
        assert len(leased(archive, now=later(days=1))) == restored.queued


def test_what_was_written_after_the_copy_never_mixes_with_it(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)
    before = ask(path, "SELECT count(*) FROM articles")
    with being_written(path):
        pass

    restore(str(path), made.path, now=later(days=1))

    assert ask(path, "SELECT count(*) FROM articles") == before
    assert whole(path)


def test_a_drill_looks_at_everything_and_changes_nothing(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)
    before = contents(path.parent) | contents(folder)

    tried = restore(str(path), made.path, now=NOW, drill=True)

    assert tried.articles == 300
    assert tried.aside is None
    assert contents(path.parent) | contents(folder) == before


def test_a_drill_and_a_restore_refuse_a_damaged_copy_and_leave_the_archive_as_it_is(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)
    damage(made.path, pages=8)
    before = contents(path.parent)

    for drill in (True, False):
        with pytest.raises(ArchiveError, match=r"not whole|damaged"):
            restore(str(path), made.path, now=NOW, drill=drill)

    assert contents(path.parent) == before


def test_nothing_is_put_in_the_place_of_an_archive_that_somebody_holds(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)

    with closing(open_archive(str(path), now=NOW)), pytest.raises(ArchiveBusy, match="in use by pid"):
        restore(str(path), made.path, now=NOW)


def test_a_file_that_is_no_archive_is_not_put_in_its_place(path: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "notes.txt"
    stranger.write_text("dear diary\n" * 1000)
    before = contents(path.parent)

    with pytest.raises(ArchiveForeign):
        restore(str(path), stranger, now=NOW)
    with pytest.raises(ArchiveError, match="there is no backup"):
        restore(str(path), tmp_path / "none.db", now=NOW)

    assert contents(path.parent) == before


def test_where_no_archive_is_left_a_copy_becomes_it(path: Path, folder: Path) -> None:
    made = back_up(str(path), folder, now=NOW)
    path.unlink()
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)

    restored = restore(str(path), made.path, now=NOW + timedelta(days=1))

    assert restored.aside is None
    assert whole(path)
    open_archive(str(path), now=NOW).close()
