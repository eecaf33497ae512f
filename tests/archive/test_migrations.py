"""An archive of an earlier version keeps everything it holds when it is brought up to date."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from monitor.archive import migrations, open_archive
from monitor.archive.connecting import APPLICATION_ID
from monitor.archive.migrations import SCHEMA_VERSION, STEPS, migrate
from monitor.model import DigestSpec
from tests.archive.builders import leased, settle_sent
from tests.factories import NOW, later

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
    after = {table: old.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}
    assert after == before | {"alerts": (1,)}  # a digest stands for itself in `messages` now
    assert old.execute("SELECT key, state, url = given_url, hex(etag) FROM feeds ORDER BY key").fetchall() == [
        ("blocked", "blocked", 1, ""),
        ("gazette", "ok", 1, "22"),
    ]
    assert old.execute("SELECT id, rule, digest, kind, state FROM alerts").fetchall() == [
        (8, "otan", "morning", "article", "sent")
    ]
    assert old.execute("SELECT alert, message_id, state FROM deliveries").fetchall() == [(8, "<1@example.org>", "sent")]


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


# What the outbox held before it was in two: every kind of alert in every state, to one recipient or two.
OUTBOX = """
INSERT INTO alerts (id, key, kind, rule, story, article, digest, digest_alert, subject, created_at, state)
VALUES (20, 'article 5 nato', 'article', 'nato', 5, 5, NULL, NULL, NULL, '2026-11-01T12:00:00Z', 'sent'),
       (21, 'article 5 kyiv', 'article', 'kyiv', 5, 5, NULL, NULL, NULL, '2026-11-01T12:00:00Z', 'queued'),
       (22, 'article 5 odesa', 'article', 'odesa', 5, 5, NULL, NULL, NULL, '2026-11-01T12:00:00Z', 'dead'),
       (23, 'article 5 lviv', 'article', 'lviv', 5, 5, 'morning', NULL, NULL, '2026-11-01T12:00:00Z', 'waiting'),
       (24, 'notice 2026-11-01T13:00:00Z', 'notice', NULL, NULL, NULL, NULL, NULL, '1 feed fails',
        '2026-11-01T13:00:00Z', 'queued'),
       (27, 'digest 2', 'digest', NULL, NULL, NULL, 'morning', NULL, NULL, '2026-11-01T14:00:00Z', 'queued'),
       (25, 'article 5 a', 'article', 'a', 5, 5, 'morning', 27, NULL, '2026-11-01T12:00:00Z', 'queued'),
       (26, 'article 5 b', 'article', 'b', 5, 5, 'morning', 27, NULL, '2026-11-01T12:00:00Z', 'queued');
INSERT INTO deliveries (id, alert, channel, recipient, message_id, state, attempts, refusals, created_at,
                        next_attempt_at, sent_at, reply, last_error, is_stub, message)
VALUES (30, 20, 'desk', 'anna', '<30@x>', 'sent', 1, 0, '2026-11-01T12:00:00Z', NULL, '2026-11-01T12:01:00Z', '250 ok',
        NULL, 0, x'30'),
       (31, 21, 'desk', 'anna', '<31@x>', 'sent', 1, 0, '2026-11-01T12:00:00Z', NULL, '2026-11-01T12:01:00Z', '250 ok',
        NULL, 0, x'31'),
       (32, 21, 'desk', 'bela', '<32@x>', 'queued', 2, 1, '2026-11-01T12:00:00Z', '2026-11-01T15:00:00Z', NULL, NULL,
        '550 greylisted', 0, x'3200ff'),
       (33, 22, 'desk', 'anna', '<33@x>', 'dead', 3, 3, '2026-11-01T12:00:00Z', NULL, NULL, NULL, '550 no', 1, x'33'),
       (34, 24, 'desk', 'anna', '<34@x>', 'queued', 0, 0, '2026-11-01T13:00:00Z', '2026-11-01T13:00:00Z', NULL, NULL,
        NULL, 0, x'34'),
       (35, 27, 'desk', 'anna', '<35@x>', 'sent', 1, 0, '2026-11-01T14:00:00Z', NULL, '2026-11-01T14:00:01Z', '250 ok',
        NULL, 0, x'35'),
       (36, 27, 'desk', 'bela', '<36@x>', 'queued', 0, 0, '2026-11-01T14:00:00Z', '2026-11-01T14:00:00Z', NULL, NULL,
        NULL, 0, x'36');
"""


@pytest.fixture
def posted(old: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """An archive of the version before the outbox was in two, with messages in it."""
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "STEPS", STEPS[:7])
        patched.setattr(migrations, "SCHEMA_VERSION", 7)
        migrate(old)
    old.executescript(OUTBOX)
    return old


def test_a_message_of_the_older_outbox_keeps_its_bytes_its_name_and_its_fate(posted: sqlite3.Connection) -> None:
    before = posted.execute(
        """
        SELECT message_id, channel, recipient, hex(message), is_stub, state, attempts, refusals, created_at,
               next_attempt_at, sent_at, reply, last_error FROM deliveries ORDER BY message_id
        """
    ).fetchall()

    migrate(posted)

    after = posted.execute(
        """
        SELECT DISTINCT messages.message_id, messages.channel, messages.recipient, hex(bytes), is_stub, state, attempts,
               refusals, deliveries.created_at, next_attempt_at, sent_at, reply, last_error
        FROM messages JOIN deliveries ON deliveries.message = messages.id
                          AND (deliveries.message_id, deliveries.channel, deliveries.recipient)
                              = (messages.message_id, messages.channel, messages.recipient)
        ORDER BY messages.message_id
        """
    ).fetchall()
    assert after == before
    assert posted.execute("SELECT message_id, kind, rule, digest, stories FROM messages ORDER BY id").fetchall() == [
        ("<1@example.org>", "digest", None, "morning", 1),
        ("<30@x>", "story", "nato", None, 1),
        ("<31@x>", "story", "kyiv", None, 1),
        ("<32@x>", "story", "kyiv", None, 1),
        ("<33@x>", "story", "odesa", None, 1),
        ("<34@x>", "notice", None, None, 0),
        ("<35@x>", "digest", None, "morning", 1),
        ("<36@x>", "digest", None, "morning", 1),
    ]


def test_who_was_to_be_told_of_what_is_told_of_it_still(posted: sqlite3.Connection) -> None:
    migrate(posted)

    rows = posted.execute(
        """
        SELECT id, state, (SELECT group_concat(told, ', ') FROM
                           (SELECT recipient || ' ' || deliveries.state AS told FROM deliveries
                            WHERE alert = alerts.id ORDER BY deliveries.id))
        FROM alerts ORDER BY id
        """
    ).fetchall()
    assert rows == [
        (8, "sent", "desk@example.org sent"),
        (20, "sent", "anna sent"),
        (21, "queued", "anna sent, bela queued"),
        (22, "dead", "anna dead"),
        (23, "waiting", None),
        (24, "queued", "anna queued"),
        (25, "queued", "anna sent, bela queued"),
        (26, "queued", "anna sent, bela queued"),
    ]
    posted.execute(
        "INSERT INTO alerts (key, kind, subject, created_at, state) VALUES ('n', 'notice', 's', '2026-11-02T00:00:00Z',"
        " 'queued')"
    )
    assert posted.execute("SELECT max(id) FROM alerts").fetchone() == (28,)  # no number is used twice


def test_what_the_older_outbox_held_is_sent_once_and_nothing_else(posted: sqlite3.Connection, tmp_path: Path) -> None:
    migrate(posted)
    posted.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    posted.close()

    archive = open_archive(str(tmp_path / "archive.db"), now=NOW)
    offered = leased(archive)
    for delivery in offered:
        settle_sent(archive, delivery)
    again = leased(archive, now=later(days=9), everything=True)
    archive.sync_digests([DigestSpec(name="morning", cron="0 7 * * *")], NOW)
    told = {"lviv": [("desk", "anna"), ("desk", "bela")]}
    addressed = [archive.address(told, NOW), archive.address(told, NOW)]
    waiting = [(each.alert, each.recipient, each.why, each.due_at) for each in archive.waiting_for("morning")]
    revived = archive.resend(None, NOW)
    plain = leased(archive)
    archive.close()

    assert [(each.message_id, each.recipient, each.message) for each in offered] == [
        ("<32@x>", "bela", b"2\x00\xff"),
        ("<34@x>", "anna", b"4"),
        ("<36@x>", "bela", b"6"),
    ]
    assert again == ()
    assert addressed == [1, 0]
    assert waiting == [(23, "anna", "digest", None), (23, "bela", "digest", None)]
    assert revived == (22,)
    assert [(each.message_id, each.message, each.is_stub) for each in plain] == [("<33@x>", b"3", True)]


def test_an_alert_that_waited_for_a_digest_that_is_gone_is_told_at_once(
    posted: sqlite3.Connection, tmp_path: Path
) -> None:
    migrate(posted)
    posted.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    posted.close()

    archive = open_archive(str(tmp_path / "archive.db"), now=NOW)
    archive.address({"other": [("desk", "anna")], "another": [("desk", "anna")]}, NOW)
    waiting = archive.waiting(NOW)
    archive.close()

    assert [(each.alert, each.recipient, each.due_at) for each in waiting] == [(23, "anna", NOW)]


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
