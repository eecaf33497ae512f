"""`monitor alerts …`: what waits for what, mutes, digests, and the mail about the daemon's own end."""

from __future__ import annotations

import email
import email.policy
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from monitor.archive import open_archive
from tests.archive.builders import an_alert, an_outcome, found, numbered
from tests.commands import Result, monitor
from tests.factories import a_feed

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)

SETTINGS = """
monitor: {contact: desk@example.org, archive: archive.db, timezone: UTC}
feeds: [{key: gazette, url: "https://gazette.example/rss.xml"}]
rules:
  - {name: ukraine, query: Ukraine, channels: [desk]}
  - {name: daily, query: Kyiv, channels: [desk], digest: morning}
channels: {desk: {kind: email, to: [anna@example.org]}}
digests: {morning: {cron: "0 7 * * *"}}
"""

ANNA = ("desk", "anna@example.org")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stories that wait for others to go with, and one that waits for the digest."""
    (tmp_path / "feeds.yaml").write_text(SETTINGS)
    with closing(open_archive(str(tmp_path / "archive.db"), now=NOW)) as archive:
        archive.sync_feeds([a_feed()], NOW)
        soon = NOW + timedelta(minutes=20)
        findings = [
            found(numbered(n, seen_at=NOW), rules=("ukraine",), alerts=(an_alert(ANNA, due_at=soon),)) for n in (1, 2)
        ]
        daily = an_alert(ANNA, rule="daily", digest="morning")
        findings.append(found(numbered(3, seen_at=NOW), rules=("daily",), alerts=(daily,)))
        archive.record(an_outcome(*findings, at=NOW))
    return tmp_path


def ask(folder: Path, *arguments: str, **variables: str) -> Result:
    return monitor("-q", *arguments, cwd=folder, TZ="UTC", **variables)


def mails(folder: Path) -> list[EmailMessage]:
    """What lies in the maildir, oldest first."""
    files = sorted((folder / "maildir" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]  # type: ignore[misc]


def test_what_waits_is_listed_with_what_for_and_until_when(folder: Path) -> None:
    result = ask(folder, "alerts", "list", "--state", "waiting")

    assert result.status == 0
    assert result.out.count("waiting: for others to go with until ") == 2
    assert "waiting: for its digest morning" in result.out
    assert ask(folder, "alerts", "list", "--state", "dead").out.splitlines()[1:] == []


def test_status_counts_what_waits_and_is_content(folder: Path) -> None:
    result = ask(folder, "status")

    assert result.status == 0
    assert "3 alerts: 2 for others to go with, 1 for its digest" in result.out


def test_status_is_not_content_with_a_message_that_was_given_up(folder: Path) -> None:
    ask(folder, "deliver")
    with closing(sqlite3.connect(folder / "archive.db", isolation_level=None)) as db:
        db.execute("UPDATE deliveries SET state = 'dead', sent_at = NULL, last_error = '550 no' WHERE state = 'sent'")

    result = ask(folder, "status")

    assert result.status == 1
    assert "550 no" in result.out


def test_status_is_not_content_with_a_channel_that_is_down_or_a_message_that_waits_for_long(folder: Path) -> None:
    with closing(open_archive(str(folder / "archive.db"), now=NOW)) as archive:
        archive.note_down("desk", why="mail.example: refused", next_at=NOW, now=NOW)
    down = ask(folder, "status")
    with closing(open_archive(str(folder / "archive.db"), now=NOW)) as archive:
        archive.note_up("desk")
    up = ask(folder, "status")
    ask(folder, "deliver")
    with closing(sqlite3.connect(folder / "archive.db", isolation_level=None)) as db:
        db.execute(
            "UPDATE deliveries SET state = 'queued', sent_at = NULL, next_attempt_at = created_at,"
            " created_at = '2026-01-01T00:00:00Z' WHERE state = 'sent'"
        )
    stuck = ask(folder, "status")

    assert (down.status, up.status, stuck.status) == (1, 0, 1)
    assert "mail.example: refused" in down.out


def test_a_muted_rule_is_held_back_and_told_when_it_is_unmuted(folder: Path) -> None:
    muted = ask(folder, "alerts", "mute", "--rule", "ukraine", "--for", "2h")
    listed = ask(folder, "alerts", "mutes")
    held = ask(folder, "deliver")
    waiting = ask(folder, "alerts", "list", "--state", "waiting")
    unmuted = ask(folder, "alerts", "unmute", "--rule", "ukraine")
    told = ask(folder, "deliver")

    assert (muted.status, unmuted.status) == (0, 0)
    assert "ukraine" in listed.out
    assert held.out.startswith("0 sent")
    assert waiting.out.count("because it is muted") == 2
    assert told.out.startswith("1 sent")
    (mail,) = mails(folder)
    assert mail["X-Monitor-Kind"] == "overflow"


def test_a_muted_story_holds_back_no_other(folder: Path) -> None:
    ask(folder, "alerts", "mute", "--story", "1", "--for", "2h")

    assert ask(folder, "deliver").out.startswith("1 sent")
    (mail,) = mails(folder)
    assert mail["X-Monitor-Kind"] == "story"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["mute", "--for", "2h"], id="nothing named"),
        pytest.param(["mute", "--rule", "nobody", "--for", "2h"], id="a rule there is not"),
        pytest.param(["mute", "--story", "999", "--for", "2h"], id="a story there is not"),
        pytest.param(["mute", "--rule", "ukraine"], id="no time"),
    ],
)
def test_a_mute_that_cannot_be_meant_is_refused_with_what_to_write(folder: Path, arguments: list[str]) -> None:
    result = ask(folder, "alerts", *arguments)

    assert result.status != 0
    assert result.err
    assert ask(folder, "sql", "SELECT count(*) AS n FROM mutes", "--json").json() == [{"n": 0}]


def test_a_digest_asked_for_holds_what_waits_for_it_and_only_once(folder: Path) -> None:
    first = ask(folder, "digest", "morning")
    ask(folder, "deliver")
    again = ask(folder, "digest", "morning")

    assert first.status == again.status == 0
    kinds = [mail["X-Monitor-Kind"] for mail in mails(folder)]
    assert sorted(kinds) == ["digest", "group"]


# ── explain ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_article_is_explained_down_to_the_last_word_of_the_mail_server(folder: Path) -> None:
    waiting = ask(folder, "explain", "https://gazette.example/1")
    ask(folder, "deliver")
    sent = ask(folder, "explain", "https://gazette.example/1")

    for said in (waiting.out, sent.out):
        assert "gazette" in said
        assert "ukraine" in said
    assert "for others to go with" in waiting.out
    assert "anna@example.org" in waiting.out
    assert "sent" in sent.out
    (row,) = ask(folder, "sql", "SELECT reply FROM deliveries WHERE alert = 1", "--json").json()
    assert row["reply"] in sent.out


# ── the daemon's own end ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_daemons_end_is_mailed_once_even_with_an_archive_that_is_broken(folder: Path) -> None:
    (folder / "archive.db").write_bytes(b"not a database")
    said = {"MONITOR_SERVICE_RESULT": "exit-code", "MONITOR_EXIT_CODE": "exited", "MONITOR_EXIT_STATUS": "69"}

    first = ask(folder, "alerts", "tell-end", "monitor.service", **said)
    again = ask(folder, "alerts", "tell-end", "monitor.service", **said)

    assert (first.status, again.status) == (0, 0)
    assert "desk@example.org" in first.out
    (mail,) = mails(folder)
    assert "monitor has stopped on" in mail["Subject"]
    assert mail["To"] == "desk@example.org"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "exit-code exited 69" in body.get_content()
    assert (folder / "archive.db").read_bytes() == b"not a database"


def test_an_end_that_could_not_be_mailed_is_tried_again_the_next_time(folder: Path) -> None:
    (folder / "feeds.yaml").write_text(SETTINGS + "smtp: {host: 127.0.0.1, port: 1}\n")

    results = [ask(folder, "alerts", "tell-end", "monitor.service") for _ in range(2)]

    assert [result.status for result in results] == [1, 1]
    assert all("127.0.0.1:1" in result.out for result in results)
