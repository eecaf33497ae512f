"""An archive of an earlier version keeps everything it holds when it is brought up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from monitor.archive import migrations
from monitor.archive.migrations import SCHEMA_VERSION, STEPS, migrate

ROWS = """
INSERT INTO hosts (host, lease_token) VALUES ('gazette.example', 7);
INSERT INTO feeds (key, url, host, title, state, first_seen_at, next_poll_at, polled_at, failures, failing_since,
                   last_outcome, last_error, etag, primed, entry_digests)
VALUES ('gazette', 'https://gazette.example/rss', 'gazette.example', 'La Gazette', 'ok', '2026-11-01T00:00:00Z',
        '2026-11-02T00:00:00Z', '2026-11-01T12:00:00Z', 0, NULL, 'new', NULL, x'22', 1, x'0000000000000001'),
       ('blocked', 'https://gazette.example/2', 'gazette.example', NULL, 'failing', '2026-11-01T00:00:00Z',
        '2026-11-02T00:00:00Z', '2026-11-01T12:00:00Z', 3, '2026-11-01T06:00:00Z', 'blocked', '403', NULL, 0, x'');
BEGIN;
INSERT INTO stories (id, first_article, first_seen_at, last_seen_at)
VALUES (5, 5, '2026-11-01T12:00:00Z', '2026-11-01T12:00:00Z');
INSERT INTO articles (id, feed, story, first_seen_at, published_source, language, language_confidence, language_source,
                      canon_version, content_digest, fts_alike, title, text)
VALUES (5, 'gazette', 5, '2026-11-01T12:00:00Z', 'none', 'fr', 1, 'detected', 1, 1, 1, 'OTAN', 'Ukraine');
COMMIT;
INSERT INTO alerts (id, key, kind, rule, story, article, digest, digest_alert, created_at, state)
VALUES (9, 'digest 1', 'digest', NULL, NULL, NULL, 'morning', NULL, '2026-11-01T13:00:00Z', 'sent'),
       (8, 'article 5', 'article', 'otan', 5, 5, 'morning', 9, '2026-11-01T12:00:00Z', 'sent');
INSERT INTO deliveries (alert, channel, recipient, message_id, state, created_at, sent_at, message)
VALUES (9, 'desk', 'desk@example.org', '<1@example.org>', 'sent', '2026-11-01T13:00:00Z', '2026-11-01T13:00:01Z',
        x'00');
INSERT INTO polls (feed, at, status, outcome, duration_ms, entries, new, gap)
VALUES ('gazette', '2026-11-01T12:00:00Z', 200, 'new', 5, 1, 1, 1);
"""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """An archive as the first version left it."""
    connection = sqlite3.connect(tmp_path / "archive.db", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "STEPS", STEPS[:1])
        migrate(connection)
    connection.executescript(ROWS)
    return connection


def test_every_row_is_still_there(old: sqlite3.Connection) -> None:
    tables = ("hosts", "feeds", "articles", "alerts", "deliveries", "polls")
    before = {table: old.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}

    applied = migrate(old)

    assert len(applied) == len(STEPS) - 1
    assert old.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert {table: old.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables} == before
    assert old.execute("SELECT key, state, url = given_url, hex(etag) FROM feeds ORDER BY key").fetchall() == [
        ("blocked", "blocked", 1, ""),
        ("gazette", "ok", 1, "22"),
    ]
    assert old.execute("SELECT id, rule, digest_alert, kind FROM alerts ORDER BY id").fetchall() == [
        (8, "otan", 9, "article"),
        (9, None, None, "digest"),
    ]


def test_what_belongs_together_still_does(old: sqlite3.Connection) -> None:
    migrate(old)

    assert old.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []
    assert old.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert old.execute(
        "INSERT INTO alerts (key, kind, subject, created_at, state) VALUES"
        " ('n', 'notice', 's', '2026-11-01T13:00:00Z', 'queued') RETURNING id"
    ).fetchall() == [(10,)]
    with pytest.raises(sqlite3.IntegrityError):
        old.execute("DELETE FROM feeds")


def test_a_step_that_leaves_a_reference_dangling_is_undone(
    old: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless:
        __name__ = "monitor.archive.migrations.m9999_careless"
        STATEMENTS = ("DELETE FROM feeds",)

    monkeypatch.setattr(migrations, "STEPS", (*STEPS, Careless))
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", len(STEPS) + 1)

    with pytest.raises(sqlite3.IntegrityError, match="refers to a row of feeds"):
        migrate(old)

    assert old.execute("SELECT count(*) FROM feeds").fetchone() == (2,)
    assert old.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
