"""What the SQLite archive promises beyond the contract: which files it opens, who may write, what survives a kill."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from monitor.archive import Access, Archive, open_archive
from monitor.archive.connecting import APPLICATION_ID
from monitor.archive.locking import Lock
from monitor.archive.migrations import SCHEMA_VERSION, m0001_first, m0003_pages
from monitor.archive.values import due, instant, instant_text, packed, unpacked
from monitor.errors import ArchiveBusy, ArchiveError, ArchiveForeign
from monitor.model import Duplicate, Finding, Revised
from tests.archive.builders import FRENCH, a_failure, an_outcome, fill, found, numbered, the_archived
from tests.archive.writer import ARTICLES_A_POLL
from tests.factories import NOW, a_feed, an_article, later


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.db"


def opened(path: Path) -> closing[Archive]:
    """The archive, to be closed at the end of a `with`."""
    return closing(open_archive(str(path), now=NOW))


def ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query, asked past the archive."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def change(path: Path, sql: str) -> None:
    """Changes an archive behind its back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_missing_archive_is_created_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "var" / "lib" / "archive.db"

    open_archive(str(path), now=NOW).close()

    assert ask(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert ask(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert path.with_name("archive.db.lock").exists()
    assert not path.with_name("archive.db.new").exists()


@pytest.mark.parametrize(("mask", "mode"), [(0o000, 0o640), (0o022, 0o640), (0o077, 0o600)], ids=oct)
def test_nobody_but_owner_and_group_may_read_a_new_archive(mask: int, mode: int, path: Path) -> None:
    with umask(mask), opened(path):
        modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}

    assert modes.pop("archive.db.lock") == mode
    assert set(modes.values()) == {mode}


def test_a_commit_waits_for_the_disk(path: Path) -> None:
    with opened(path) as archive:
        (journal,) = archive._db.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = archive._db.execute("PRAGMA synchronous").fetchone()
        (foreign_keys,) = archive._db.execute("PRAGMA foreign_keys").fetchone()

    assert (journal, synchronous, foreign_keys) == ("wal", 2, 1)  # 2 is FULL


def empty(path: Path) -> None:
    path.touch()


def not_sqlite(path: Path) -> None:
    path.write_bytes(b"feeds:\n  - {key: gazette}\n" * 100)


def of_another_program(path: Path) -> None:
    change(path, "CREATE TABLE places (id INTEGER)")
    change(path, "PRAGMA application_id = 252006675")


def of_no_program(path: Path) -> None:
    change(path, "CREATE TABLE articles (id INTEGER)")


def of_another_program_with_a_log(path: Path) -> None:
    of_another_program(path)
    change(path, "PRAGMA journal_mode = WAL")


def of_a_newer_monitor(path: Path) -> None:
    open_archive(str(path), now=NOW).close()
    change(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


FOREIGN = {
    empty: "empty file",
    not_sqlite: "no SQLite file",
    of_another_program: "belongs to another program",
    of_no_program: "belongs to another program",
    of_another_program_with_a_log: "belongs to another program",
    of_a_newer_monitor: f"newer monitor (schema {SCHEMA_VERSION + 1}, this one knows {SCHEMA_VERSION})",
}


@pytest.mark.parametrize("access", ["hold", "amend", "read"])
@pytest.mark.parametrize("make", FOREIGN, ids=lambda make: make.__name__)
def test_a_file_that_is_not_ours_is_refused_and_not_touched(
    make: Callable[[Path], None], access: Access, path: Path
) -> None:
    make(path)
    before = path.read_bytes(), path.stat().st_mtime_ns

    with pytest.raises(ArchiveForeign) as refusal:
        open_archive(str(path), access=access, now=NOW)

    assert FOREIGN[make] in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


@pytest.mark.parametrize("make", [empty, not_sqlite, of_another_program_with_a_log], ids=lambda make: make.__name__)
def test_a_refused_file_gets_no_company(make: Callable[[Path], None], path: Path) -> None:
    make(path)

    with pytest.raises(ArchiveForeign):
        open_archive(str(path), now=NOW)

    assert [each.name for each in path.parent.iterdir()] == ["archive.db"]


def test_a_schema_number_that_is_only_in_the_log_counts(path: Path) -> None:
    with opened(path), closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

        with pytest.raises(ArchiveForeign, match="newer monitor"):
            open_archive(str(path), access="read", now=NOW)


def test_an_archive_whose_checkpoint_was_cut_off_is_opened_with_its_log(path: Path) -> None:
    with opened(path) as archive:
        archive.sync_feeds([a_feed()], NOW)
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("CREATE TABLE much AS SELECT randomblob(1000000) AS blob")
        log = Path(f"{path}-wal").read_bytes()
    page = int.from_bytes(before[16:18], "big")
    # What a kill leaves: the first page says how long the file will be, the others are in the log still.
    path.write_bytes(path.read_bytes()[:page] + before[page:])
    Path(f"{path}-wal").write_bytes(log)

    open_archive(str(path), access="read", now=NOW).close()
    with opened(path):
        pass

    assert ask(path, "SELECT length(blob) FROM much") == [(1_000_000,)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_damaged_archive_is_said_to_be_damaged(path: Path) -> None:
    open_archive(str(path), now=NOW).close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8 * 4096)

    with pytest.raises(ArchiveError, match="damaged"), opened(path) as archive:
        archive.sync_feeds([a_feed()], NOW)


def test_a_folder_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is not a file"):
        open_archive(str(tmp_path), now=NOW)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ArchiveError, match="file/db cannot be created: Not a directory"):
        open_archive(str(tmp_path / "file" / "db" / "archive.db"), now=NOW)


def test_another_kind_of_archive_is_refused_by_name_and_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="archive postgresql://…") as refusal:
        open_archive("postgresql://monitor:secret@db.example/monitor", now=NOW)

    assert "secret" not in str(refusal.value)


def test_no_archive_is_begun_beside_the_log_of_another(path: Path) -> None:
    log = Path(f"{path}-wal")
    log.write_bytes(b"pages")

    with pytest.raises(ArchiveError, match="Put the archive back"):
        open_archive(str(path), now=NOW)

    assert not path.exists()
    assert log.read_bytes() == b"pages"


def test_a_missing_archive_is_not_created_by_reading(path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"does not exist\. `monitor run`"):
        open_archive(str(path), access="read", now=NOW)

    assert list(path.parent.iterdir()) == []


def test_an_older_archive_is_read_after_it_was_migrated(path: Path) -> None:
    open_archive(str(path), now=NOW).close()
    change(path, f"PRAGMA user_version = {SCHEMA_VERSION - 1}")

    with pytest.raises(ArchiveError, match="Run `monitor db migrate`"):
        open_archive(str(path), access="read", now=NOW)


def test_a_migration_that_fails_leaves_no_trace(path: Path) -> None:
    open_archive(str(path), now=NOW).close()
    change(path, "DELETE FROM _sqlite_migrations")
    change(path, "PRAGMA user_version = 0")
    change(path, "DROP TABLE hosts")

    with pytest.raises(ArchiveError, match="table feeds already exists"):
        open_archive(str(path), now=NOW)

    assert ask(path, "PRAGMA user_version") == [(0,)]
    assert ask(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'hosts'") == [(0,)]


def test_an_archive_can_be_read_where_nothing_can_be_written(path: Path) -> None:
    with opened(path) as archive:
        fill(archive)
    path.with_name("archive.db.lock").unlink()
    path.with_name("archive.db-shm").symlink_to("nowhere/shm")  # as in a folder we may not write to: it cannot be made

    with closing(open_archive(str(path), access="read", now=NOW)) as archive:
        assert archive.status(NOW).articles == 4


# ── one writer ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_writer_is_refused_and_told_who_holds_the_archive(path: Path) -> None:
    with opened(path), pytest.raises(ArchiveBusy) as refusal:
        open_archive(str(path), now=NOW)

    assert f"pid {os.getpid()} since 2026-11-22T12:00:00Z (" in str(refusal.value)


def test_one_archive_has_one_lock_whatever_it_is_called(path: Path) -> None:
    (path.parent / "link.db").symlink_to(path)

    with opened(path), pytest.raises(ArchiveBusy):
        open_archive(str(path.parent / "link.db"), now=NOW)


def test_a_closed_archive_can_be_opened_by_another(path: Path) -> None:
    open_archive(str(path), now=NOW).close()

    open_archive(str(path), now=NOW).close()


def test_an_archive_that_could_not_be_opened_is_not_held(path: Path) -> None:
    open_archive(str(path), now=NOW).close()
    change(path, "DELETE FROM _sqlite_migrations")
    change(path, "PRAGMA user_version = 0")

    with pytest.raises(ArchiveError, match="already exists"):
        open_archive(str(path), now=NOW)

    Lock(path, now=NOW).close(in_order=True)


def test_readers_do_not_wait_for_the_writer_and_write_nothing(path: Path) -> None:
    with opened(path) as writer, closing(open_archive(str(path), access="read", now=NOW)) as reader:
        writer.sync_feeds([a_feed()], NOW)

        assert [row.key for row in reader.feed_rows()] == ["gazette"]
        with pytest.raises(ArchiveError, match="readonly"):
            reader.sync_feeds([], NOW)


def test_opening_for_reading_does_not_let_go_of_the_writers_locks(path: Path) -> None:
    with opened(path) as archive:
        open_archive(str(path), access="read", now=NOW).close()

        # A process that may take the whole file for itself would fold the log into it under the writer's hands.
        taking = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('PRAGMA journal_mode = DELETE')"
        other = subprocess.run([sys.executable, "-c", taking, path], capture_output=True, text=True, check=False)
        archive.sync_feeds([a_feed()], NOW)

    assert "database is locked" in other.stderr
    assert ask(path, "SELECT key FROM feeds") == [("gazette",)]


def test_an_archive_that_was_taken_away_is_not_written_to(path: Path) -> None:
    with opened(path) as archive:
        path.unlink()

        with pytest.raises(ArchiveError, match="moved, deleted or replaced"):
            archive.sync_feeds([a_feed()], NOW)


def test_a_full_disk_is_said_and_what_was_begun_is_undone(path: Path) -> None:
    with opened(path) as archive:
        archive.sync_feeds([a_feed()], NOW)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("archive.db-wal").stat().st_size + 4096, hard))
        try:
            with pytest.raises(ArchiveError, match=r"archive\.db: .*disk"):
                archive.record(an_outcome(*(found(numbered(number, text="mot " * 9_000)) for number in range(50))))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)

        assert archive.status(NOW).articles == 0
        assert archive.record(an_outcome(found(an_article())))


def test_killing_the_writer_loses_nothing_it_acknowledged(path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.archive.writer", path],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    acknowledged = [int(next(writer.stdout)) for _ in range(25)]
    writer.kill()
    acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    writer.wait()
    writer.stdout.close()

    with opened(path) as archive:  # the kernel has let go of the lock
        archive._db.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")

    (polls,) = ask(path, "SELECT count(*) FROM polls")[0]
    counts = ask(
        path,
        """
        SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM sightings), (SELECT count(*) FROM matches),
               (SELECT count(*) FROM alerts), (SELECT count(*) FROM deliveries)
        """,
    )
    assert polls >= len(acknowledged) == acknowledged[-1] + 1
    assert counts == [(polls * ARTICLES_A_POLL,) * 5]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "PRAGMA foreign_key_check") == []


# ── what is written ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def archive(path: Path) -> Iterator[Archive]:
    """An archive that knows the gazette and the courier."""
    with opened(path) as archive:
        archive.sync_feeds([a_feed(), a_feed(key="courier", url="https://courier.example/atom.xml")], NOW)
        yield archive


def test_a_poll_leaves_one_row_with_its_figures(archive: Archive, path: Path) -> None:
    archive.record(an_outcome(found(an_article()), gap=True))
    archive.record(a_failure(at=later(minutes=1)))

    columns = "feed, at, status, outcome, duration_ms, bytes, entries, new, gap, error"
    assert ask(path, f"SELECT {columns} FROM polls ORDER BY id") == [
        ("gazette", "2026-11-22T12:00:00Z", 200, "new", 120, 4096, 1, 1, 1, None),
        ("gazette", "2026-11-22T12:01:00Z", None, "timeout", 120, None, 0, 0, None, "no answer"),
    ]


def test_each_new_article_begins_a_story_and_its_copies_join_it(archive: Archive, path: Path) -> None:
    article = an_article()
    archive.record(an_outcome(found(article), found(numbered(2))))
    copy = replace(article, feed="courier", entry_key="c", seen_at=later(minutes=5))
    verdict = Duplicate(article=copy, of=the_archived(archive, article), why="link")

    archive.record(an_outcome(Finding(verdict=verdict, language=FRENCH), feed="courier"))

    assert ask(path, "SELECT id, story FROM articles ORDER BY id") == [(1, 1), (2, 2)]
    assert ask(path, "SELECT * FROM stories ORDER BY id") == [
        (1, 1, 1, 2, "2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z"),
        (2, 2, 1, 1, "2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"),
    ]
    assert ask(path, "SELECT feed, entry_key, seen_at FROM sightings WHERE article = 1 ORDER BY feed") == [
        ("courier", "c", "2026-11-22T12:05:00Z"),
        ("gazette", article.entry_key, "2026-11-22T12:00:00Z"),
    ]


def test_a_revision_is_kept_with_the_instant_it_was_first_seen(archive: Archive, path: Path) -> None:
    article = an_article(title="Un")
    archive.record(an_outcome(found(article)))
    for hours, title in ((1, "Deux"), (2, "Trois"), (2, "Trois")):
        revised = replace(article, title=title, content_digest=hours, seen_at=later(hours=hours))
        verdict = Revised(article=revised, of=the_archived(archive, article))
        archive.record(an_outcome(Finding(verdict=verdict), at=later(hours=hours)))

    assert ask(path, "SELECT title, seen_at FROM revisions ORDER BY id") == [
        ("Un", "2026-11-22T12:00:00Z"),
        ("Deux", "2026-11-22T13:00:00Z"),
    ]
    assert ask(path, "SELECT title, updated_at, revisions, language, first_seen_at FROM articles") == [
        ("Trois", "2026-11-22T14:00:00Z", 2, "fr", "2026-11-22T12:00:00Z")
    ]
    assert ask(path, "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'trois NOT deux'") == [(1,)]
    assert ask(path, "SELECT last_seen_at FROM stories") == [("2026-11-22T14:00:00Z",)]


def test_lists_are_json_that_people_can_read(archive: Archive, path: Path) -> None:
    archive.sync_feeds([a_feed(tags=("presse", "région"))], NOW)
    archive.record(an_outcome(found(an_article(authors=("Ж. Дюпон", 'J. "Jo" Doe'))), next_poll_at=NOW))

    assert ask(path, "SELECT tags FROM feeds WHERE key = 'gazette'") == [('["presse", "région"]',)]
    assert ask(path, "SELECT value FROM articles, json_each(authors)") == [("Ж. Дюпон",), ('J. "Jo" Doe',)]


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("UPDATE feeds SET polled_at = '2026-11-22 12:00:00'", id="an instant in another form"),
        pytest.param("UPDATE feeds SET state = 'fine'", id="an unknown state"),
        pytest.param("UPDATE feeds SET failures = 1", id="a failure without an error"),
        pytest.param("UPDATE feeds SET tags = '{}'", id="tags that are no list"),
        pytest.param("UPDATE feeds SET failures = 'many'", id="a value of another type"),
        pytest.param("UPDATE polls SET error = 'x'", id="a success with an error"),
        pytest.param("UPDATE articles SET feed = 'nobody'", id="an article of no feed"),
        pytest.param("DELETE FROM articles", id="an article whose sightings stay"),
        pytest.param("UPDATE alerts SET rule = NULL WHERE kind = 'article'", id="an article's alert of no rule"),
        pytest.param("UPDATE deliveries SET why = NULL WHERE state = 'waiting'", id="waiting for nothing"),
        pytest.param("UPDATE deliveries SET message = NULL WHERE state = 'sent'", id="sent without a message"),
        pytest.param("UPDATE deliveries SET leased_until = created_at WHERE state = 'sent'", id="sent and under way"),
        pytest.param("UPDATE channels SET next_at = NULL", id="a channel that is down for good"),
        pytest.param(
            "INSERT INTO mutes (created_at, until) SELECT next_at, next_at FROM digests", id="a mute of nothing"
        ),
        pytest.param("UPDATE deliveries SET state = 'sent', sent_at = NULL", id="sent at no time"),
        pytest.param("UPDATE messages SET message_id = '<1@example.org>'", id="two mails with one Message-ID"),
    ],
)
def test_the_schema_holds(sql: str, path: Path) -> None:
    with opened(path) as archive:
        fill(archive)

        with pytest.raises(sqlite3.IntegrityError):
            archive._db.execute(sql)


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        pytest.param(
            "SELECT host FROM feeds WHERE next_poll_at <= 'x' AND state NOT IN ('paused', 'removed')",
            "feeds_due",
            id="what is due",
        ),
        pytest.param("SELECT min(id) FROM articles WHERE link_key = 'x'", "articles_by_link_key", id="a link"),
        pytest.param("SELECT id FROM articles WHERE fingerprint = 1", "articles_by_fingerprint", id="the same words"),
        pytest.param(
            "SELECT id FROM deliveries WHERE state = 'queued' AND next_attempt_at < 'x'", "deliveries_due", id="mail"
        ),
        pytest.param("SELECT count(*) FROM deliveries WHERE state = 'dead'", "deliveries_dead", id="dead mail"),
        pytest.param(
            "SELECT id FROM deliveries WHERE state = 'waiting' AND due_at <= 'x'", "deliveries_waiting", id="what waits"
        ),
        pytest.param("SELECT state FROM deliveries WHERE message = 1", "deliveries_by_message", id="a message's fate"),
        pytest.param("SELECT id FROM deliveries WHERE alert = 1", "sqlite_autoindex_deliveries", id="an alert's"),
        pytest.param("SELECT id FROM alerts WHERE story = 1 AND rule = 'x'", "alerts_by_story", id="who was told"),
        pytest.param("SELECT id FROM alerts WHERE state = 'waiting' AND digest = 'x'", "alerts_waiting", id="a digest"),
        pytest.param("SELECT count(*) FROM articles WHERE feed = 'x'", "articles_by_feed", id="a feed's articles"),
        pytest.param(
            "SELECT language FROM articles WHERE feed = 'x' ORDER BY first_seen_at DESC LIMIT 200",
            "articles_by_feed",
            id="a feed's languages",
        ),
    ],
)
def test_a_frequent_question_is_answered_by_an_index(sql: str, index: str, path: Path) -> None:
    with opened(path):
        plan = str(ask(path, f"EXPLAIN QUERY PLAN {sql}"))

    assert index in plan


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_instant_is_kept_in_utc_and_whole_seconds() -> None:
    paris = timezone(timedelta(hours=1))

    assert instant_text(datetime(2026, 11, 22, 13, 0, 0, 999_999, tzinfo=paris)) == "2026-11-22T12:00:00Z"
    assert instant("2026-11-22T12:00:00Z") == NOW
    assert instant_text(datetime(1, 1, 1, tzinfo=NOW.tzinfo)) == "0001-01-01T00:00:00Z"


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        instant_text(NOW.replace(tzinfo=None))


def test_what_is_due_is_rounded_up() -> None:
    assert due(later(microseconds=1)) == later(seconds=1)
    assert due(NOW) == NOW


def test_digests_are_packed_in_order_and_unpacked() -> None:
    assert packed({2, 1}) == struct.pack(">QQ", 1, 2)
    assert unpacked(packed({2, 1})) == {1, 2}
    assert unpacked(b"") == frozenset()


def test_articles_from_before_there_were_pages_have_their_text_from_the_feed(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in m0001_first.STATEMENTS:
        connection.execute(statement)
    connection.executescript(
        """
        BEGIN;
        INSERT INTO hosts (host) VALUES ('gazette.example');
        INSERT INTO feeds (key, url, host, state, first_seen_at, next_poll_at)
        VALUES ('gazette', 'https://gazette.example/', 'gazette.example', 'new',
                '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
        INSERT INTO stories (id, first_article, first_seen_at, last_seen_at)
        VALUES (1, 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
        INSERT INTO articles (feed, story, first_seen_at, published_source, language, language_confidence,
                              language_source, canon_version, content_digest, fts_alike, title, text)
        VALUES ('gazette', 1, '2026-01-01T00:00:00Z', 'none', 'fr', 1, 'feed', 1, 1, 1, 'Titre', 'Texte');
        COMMIT;
        """
    )

    for statement in m0003_pages.STATEMENTS:
        connection.execute(statement)

    assert connection.execute("SELECT text, text_source FROM articles").fetchall() == [("Texte", "feed")]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
