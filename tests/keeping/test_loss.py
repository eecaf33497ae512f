"""An archive that is gone, another one, damaged, or out of step with its index is noticed, said, and not made worse."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.archive import Archive, check, open_archive, restore, salvage
from monitor.errors import ArchiveError, ArchiveForeign, ArchiveLost
from tests.alerts.service import Newsfeed, Post, settings
from tests.archive.builders import an_outcome, found, leased, numbered
from tests.commands import environment
from tests.factories import NOW, a_feed, later
from tests.keeping.archives import LONG, ask, contents, damage, fill, whole

A_MINUTE = 60.0  # seconds within which a daemon notices


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A filled archive in a folder of its own."""
    path = tmp_path / "db" / "archive.db"
    path.parent.mkdir()
    fill(path)
    return path


def change(path: Path, *statements: str) -> None:
    """What another program does to an archive."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


# ── at the start ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_archive_that_is_gone_is_not_begun_anew(path: Path) -> None:
    path.unlink()

    with pytest.raises(ArchiveForeign, match=r"is gone.*monitor db restore.*remove .*archive\.db\.lock"):
        open_archive(str(path), now=NOW)
    assert not path.exists()

    Path(f"{path}.lock").unlink()
    open_archive(str(path), now=NOW).close()
    assert ask(path, "SELECT count(*) FROM articles") == [(0,)]


def test_another_archive_in_its_place_is_not_written_to(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    open_archive(str(other), now=NOW).close()
    path.rename(tmp_path / "mine.db")
    other.rename(path)
    before = path.read_bytes()

    with pytest.raises(ArchiveForeign, match="is another one than was here before"):
        open_archive(str(path), now=NOW)
    with pytest.raises(ArchiveForeign, match="is another one than was here before"):
        open_archive(str(path), now=NOW)
    assert path.read_bytes() == before

    (tmp_path / "mine.db").rename(path)
    open_archive(str(path), now=NOW).close()


def left_open(path: Path) -> None:
    """The archive is held by a process that is killed."""
    code = (
        "import os, signal, sys\nfrom monitor.archive import open_archive\nfrom tests.factories import NOW\n"
        "archive = open_archive(sys.argv[1], now=NOW)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL


def test_damage_is_found_at_the_start_after_a_kill_and_nothing_is_written(path: Path) -> None:
    left_open(path)
    damage(path, pages=8)
    before = contents(path.parent)

    for _ in range(2):
        with pytest.raises(ArchiveForeign, match=r"is damaged: .*not touched.*monitor db restore.*monitor db salvage"):
            open_archive(str(path), now=NOW)

    assert contents(path.parent) == before


def test_a_whole_archive_is_opened_after_a_kill(path: Path) -> None:
    left_open(path)

    with closing(open_archive(str(path), now=NOW)) as archive:
        assert archive.status(NOW).articles == 300


# ── while it is open ─────────────────────────────────────────────────────────────────────────────────────────────────


def use(archive: Archive) -> None:
    """Reads and writes all over an archive."""
    for number in range(1, 300):
        archive.explain(number)
        archive.record(an_outcome(found(numbered(1_000 + number, text=LONG))))


def test_damage_that_is_met_while_it_is_open_is_looked_for_at_the_next_start(path: Path) -> None:
    with closing(open_archive(str(path), now=NOW)) as archive:
        damage(path, pages=60)
        archive._db.execute("PRAGMA shrink_memory")  # type: ignore[attr-defined]
        with pytest.raises(ArchiveLost):
            use(archive)

    with pytest.raises(ArchiveForeign, match="is damaged"):
        open_archive(str(path), now=NOW)


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.rename(f"{path}.old"), id="renamed"),
        pytest.param(lambda path: (path.parent.parent / "other.db").replace(path), id="replaced"),
    ],
)
def test_nothing_is_written_to_an_archive_without_its_name(harm, path: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    open_archive(str(tmp_path / "other.db"), now=NOW).close()
    with closing(open_archive(str(path), now=NOW)) as archive:
        harm(path)

        with pytest.raises(ArchiveLost, match="was moved, deleted or replaced"):
            archive.ping()
        with pytest.raises(ArchiveLost, match="was moved, deleted or replaced"):
            archive.record(an_outcome(found(numbered(1_000))))


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "run"], cwd=folder, env=environment(), stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_daemon_whose_archive_is_deleted_ends_within_a_minute_and_sends_nothing_more(tmp_path: Path) -> None:
    with Newsfeed() as feed, Post() as post:
        (tmp_path / "feeds.yaml").write_text(settings(feed, post))
        with running(tmp_path) as daemon:
            feed.wait_for_polls(2)
            (tmp_path / "db" / "archive.db").unlink()
            feed.publish(5)

            assert daemon.wait(A_MINUTE) == 69
            with running(tmp_path) as again:
                assert again.wait(A_MINUTE) == 69
        assert not post.items
    assert not (tmp_path / "db" / "archive.db").exists()
    log = (tmp_path / "log").read_text()
    assert "the archive is lost, the daemon ends" in log
    assert "is gone: there was one" in log
    assert "Traceback" not in log


def test_a_daemon_that_meets_damage_ends_and_does_not_start_again_on_it(tmp_path: Path) -> None:
    with Newsfeed() as feed, Post() as post:
        path = tmp_path / "db" / "archive.db"
        path.parent.mkdir()
        fill(path)
        (tmp_path / "feeds.yaml").write_text(settings(feed, post))
        damage(path, pages=path.stat().st_size // 4096 * 3 // 4)
        with running(tmp_path) as daemon:
            assert daemon.wait(A_MINUTE) == 69
        with running(tmp_path) as daemon:
            assert daemon.wait(A_MINUTE) == 69
    log = (tmp_path / "log").read_text()
    assert "monitor db restore" in log
    assert "Traceback" not in log


# ── the index ────────────────────────────────────────────────────────────────────────────────────────────────────────

WITHOUT_TRIGGERS = ("DROP TRIGGER articles_fts_update", "DROP TRIGGER articles_fts_delete")


def test_an_index_that_lacks_an_article_is_found_and_mended_and_a_search_equals_a_look_at_all(path: Path) -> None:
    change(path, "DROP TRIGGER articles_fts_delete", "PRAGMA foreign_keys = OFF")
    change(
        path,
        "INSERT INTO articles_fts (articles_fts, rowid, title, text) SELECT 'delete', id, title, text"
        " FROM articles WHERE id = 7",
    )

    with closing(open_archive(str(path), now=NOW)):
        held = check(str(path), now=NOW)
    alone = check(str(path), now=NOW)

    assert held.every_word is False
    assert alone.every_word is True
    for checked in (held, alone):
        (fault,) = checked.faults
        assert "monitor db reindex" in fault

    with closing(open_archive(str(path), now=NOW)) as archive:
        archive.reindex()
        assert {row.id for row in archive.search('"ukraine"')} == {row.id for row in archive.search(None)}
    assert check(str(path), now=NOW).faults == ()


def test_an_index_that_holds_other_words_is_found_when_nobody_holds_the_archive(path: Path) -> None:
    change(path, "DROP TRIGGER articles_fts_update", "UPDATE articles SET text = 'quite another' WHERE id = 7")

    (fault,) = check(str(path), now=NOW).faults

    assert "full-text index differs" in fault


def test_an_index_that_cannot_be_read_is_made_anew_before_the_next_write(path: Path) -> None:
    change(path, "UPDATE articles_fts_data SET block = x'ffffffff' WHERE id > 10")

    with closing(open_archive(str(path), now=NOW)) as archive:
        with pytest.raises(ArchiveError, match="made anew before the next write") as told:
            list(archive.search('"ministres"'))
        assert not isinstance(told.value, ArchiveLost)
        archive.sync_feeds([a_feed()], later(minutes=1))
        assert len(list(archive.search('"ministres"'))) >= 300
    assert check(str(path), now=NOW).faults == ()


def test_to_look_at_an_archive_changes_nothing(path: Path, tmp_path: Path) -> None:
    before = contents(path.parent)

    assert check(str(path), now=NOW).faults == ()

    assert contents(path.parent) == before
    with pytest.raises(ArchiveError, match="does not exist"):
        check(str(tmp_path / "none.db"), now=NOW)
    assert not (tmp_path / "none.db").exists()


# ── what is still to be had ──────────────────────────────────────────────────────────────────────────────────────────


def test_everything_is_had_from_an_archive_that_is_whole(path: Path, tmp_path: Path) -> None:
    saved = salvage(path, tmp_path / "new.db")

    new = tmp_path / "new.db"
    assert whole(new)
    assert new.stat().st_mode & 0o777 == 0o600
    for table in ("articles", "sightings", "matches", "alerts", "messages", "deliveries", "feeds", "polls"):
        assert ask(new, f"SELECT * FROM {table}") == ask(path, f"SELECT * FROM {table}"), table
    assert all(each.lost in (0, None) for each in saved)


@pytest.mark.parametrize("seed", range(12))
def test_what_can_be_read_of_a_damaged_archive_makes_a_whole_one_and_what_was_to_be_sent_is_sent(
    seed: int, path: Path, tmp_path: Path
) -> None:
    unsent = dict(ask(path, "SELECT message_id, bytes FROM messages"))
    damage(path, pages=3 + seed, seed=seed, spare="sqlite_schema")  # without which nothing can be had
    new = tmp_path / "new.db"

    saved = {each.table: each for each in salvage(path, new)}

    assert whole(new)
    messages = dict(ask(new, "SELECT message_id, bytes FROM messages WHERE length(bytes) > 0"))
    assert messages.items() <= unsent.items()
    assert len(messages) + (saved["messages"].lost or 0) >= len(unsent)
    restore(str(path), new, now=later(days=1))
    with closing(open_archive(str(path), now=later(days=1))) as archive:
        for delivery in leased(archive, now=later(days=1)):
            assert delivery.message == unsent[delivery.message_id]
        archive.telling(each.alert for each in archive.waiting(later(days=1), everything=True))
        archive.record(an_outcome(found(numbered(5_000))))
    assert check(str(path), now=NOW).faults == ()


def test_only_what_is_an_archive_is_salvaged_and_nothing_is_written_over(path: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "notes"
    stranger.write_text("dear diary\n" * 1000)

    with pytest.raises(ArchiveError, match="nothing can be had"):
        salvage(stranger, tmp_path / "new.db")
    with pytest.raises(ArchiveError, match="is there already"):
        salvage(path, stranger)
    with pytest.raises(ArchiveError, match="is no file"):
        salvage(tmp_path / "none", tmp_path / "new.db")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["db", "notes"]


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_log_that_a_reader_holds_up_is_cut_when_the_reader_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.archive.sqlite.WAL_KEPT_BYTES", 100_000)
    monkeypatch.setattr("monitor.archive.opening.WAL_KEPT_BYTES", 100_000)
    with closing(open_archive(str(path), now=NOW)) as archive:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as reader:
            cursor = reader.execute("SELECT id FROM articles")
            cursor.fetchone()
            for start in range(1_000, 3_000, 100):
                archive.record(an_outcome(*(found(numbered(n, text=LONG)) for n in range(start, start + 100))))
            held_up = archive.cut_log()
            cursor.close()

        assert held_up > 2_000_000
        assert archive.cut_log() == 0


def test_a_thread_that_waits_for_its_turn_does_not_hang_a_copy(path: Path, tmp_path: Path) -> None:
    copied = threading.Event()
    with closing(open_archive(str(path), now=NOW)):
        thread = threading.Thread(target=lambda: (check(str(path), now=NOW), copied.set()))
        thread.start()
        assert copied.wait(A_MINUTE)
        thread.join()
