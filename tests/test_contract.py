"""The contract: what people's scripts rely on. A change here breaks somebody.

Commands and options, exit statuses, tables and columns, configuration keys, the values of `polls.outcome`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click
import pytest

from monitor.archive import open_archive
from monitor.cli import cli
from monitor.model import Outcome
from tests.commands import monitor
from tests.factories import NOW

COMMANDS = {
    "run": set(),
    "check": {"--online"},
    "poll": {"--all", "--dry-run"},
    "deliver": {"--now"},
    "search": {"--since", "--feed", "--lang", "--limit", "--best", "--facets", "--json", "--csv", "-0"},
    "export": {
        "--rule",
        "--format",
        "--since",
        "--feed",
        "--lang",
        "--limit",
        "--stories",
        "--text",
        "--output",
        "--each-rule",
    },
    "web": {"--host", "--port", "--password-credential", "--allow-host"},
    "sql": {"--json", "--csv", "--md", "--file", "--list", "--explain", "--show", "--rows", "--seconds"},
    "rules list": {"--json"},
    "rules test": {"--query", "--since", "--limit", "--backfill", "--alert", "--json"},
    "rules diff": {"--since", "--limit", "--json"},
    "rules explain": {"--rule", "--json"},
    "rules bench": {"--articles", "--json"},
    "alerts list": {"--json"},
    "alerts send-test": set(),
    "alerts rate": {"--note"},
    "feeds list": {"--json"},
    "status": {"--json"},
    "db migrate": set(),
    "db backup": {"--keep", "--json"},
    "db restore": {"--drill", "--json"},
    "db check": {"--json"},
    "db reindex": set(),
    "db vacuum": set(),
    "db prune": {"--dry-run", "--json"},
    "db salvage": {"--json"},
}

GLOBAL_OPTIONS = {"--config", "--archive", "-v", "-q", "--version"}

TABLES = {
    "feeds": "key url title language country tags state next_poll_at polled_at changed_at failures last_error",
    "articles": (
        "id feed guid link title text authors published_at published_source first_seen_at updated_at language"
        " language_confidence language_source story revisions"
    ),
    "sightings": "article feed guid link seen_at",
    "revisions": "article seen_at title text",
    "stories": "id first_article articles feeds first_seen_at last_seen_at",
    "matches": "rule article matched_at excerpt score",
    "alerts": "id rule story article kind created_at state",
    "deliveries": "id alert channel recipient state attempts next_attempt_at sent_at message_id last_error",
    "polls": "feed at status outcome duration_ms bytes entries new gap error",
    "articles_fts": "title text",
}

OUTCOMES = {
    "new",
    "nothing_new",
    "unchanged",
    "not_modified",
    "dns",
    "connect",
    "tls",
    "timeout",
    "refused_address",
    "redirects",
    "http_error",
    "gone",
    "blocked",
    "rate_limited",
    "too_large",
    "truncated",
    "not_a_feed",
    "parser",
}

EVERY_KEY = """\
monitor:
  contact: desk@example.org
  archive: db/archive.db
  languages: [fr, en, uk, ru, de]
  timezone: Europe/Paris
  workers: 2
  host_delay: 1s
  host_connections: 2
defaults: {every: 15m, alert_backlog: 0}
feeds:
  - {key: lemonde, url: "https://www.lemonde.fr/rss/une.xml", language: fr, tags: [presse], every: 5m, fulltext: true}
  - {key: intranet, url: "http://10.0.0.5:8080/feed", allow_private: ["10.0.0.5:8080"]}
aliases:
  OTAN: [OTAN, NATO, "Alliance atlantique", НАТО, 北约]
rules:
  - name: Ukraine
    query: Ukraine
    channels: [desk]
  - name: otan-ukraine
    query: '@OTAN NEAR/12 ukrain*'
    languages: [fr, en]
    channels: [desk]
    digest: morning
    examples: {match: ["L'OTAN et l'Ukraine se parlent."], no_match: ["Une recette de soupe."]}
  - name: lists
    any: [OTAN, Ukraine]
    all: [guerre]
    none: [football]
channels:
  desk: {kind: email, to: [desk@example.org]}
digests:
  morning: {cron: "0 7 * * 1-5"}
smtp: {host: localhost, port: 25, security: none}
"""


def command(path: str) -> click.Command:
    """The click command of a path such as `rules list`."""
    found: click.Command = cli
    for name in path.split():
        assert isinstance(found, click.Group)
        found = found.commands[name]
    return found


def options(of: click.Command) -> set[str]:
    """Every spelling of every option of a command."""
    return {spelling for parameter in of.params for spelling in parameter.opts}


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_takes_the_options_people_use(path: str) -> None:
    assert options(command(path)) >= COMMANDS[path]


def test_the_global_options_stand_before_every_command() -> None:
    assert options(cli) >= GLOBAL_OPTIONS


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_columns_people_query(table: str, tmp_path: Path) -> None:
    archive = open_archive(str(tmp_path / "archive.db"), now=NOW)
    archive.close()
    connection = sqlite3.connect(f"file:{tmp_path}/archive.db?mode=ro", uri=True)

    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    connection.close()

    assert columns >= set(TABLES[table].split())


def test_the_outcomes_of_a_poll_keep_their_names() -> None:
    assert {outcome.value for outcome in Outcome} >= OUTCOMES


def test_every_configuration_key_of_the_contract_is_understood(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(EVERY_KEY)

    result = monitor("check", cwd=tmp_path)

    assert result.status == 0, result.err


def test_help_names_the_exit_statuses() -> None:
    said = " ".join(monitor("--help").out.split())

    for status in ("0 fine", "1 failed", "2 usage", "3 some or all feeds failed", "69 ", "75 ", "78 "):
        assert status in said


def test_bad_configuration_ends_with_78(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text("monitor: {contact: desk@example.org}\nfeedz: []\n")

    result = monitor("check", cwd=tmp_path)

    assert result.status == 78
    assert "feeds.yaml:2:1" in result.err


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(EVERY_KEY)

    assert monitor("poll", "nosuchfeed", cwd=tmp_path).status == 2
    assert monitor("nosuchcommand", cwd=tmp_path).status == 2


def test_an_archive_that_cannot_be_reached_ends_with_69(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(EVERY_KEY)

    assert monitor("status", cwd=tmp_path).status == 69


def test_a_second_writer_ends_with_75_and_names_the_first(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(EVERY_KEY)
    first = open_archive(str(tmp_path / "db" / "archive.db"), now=NOW)

    second = monitor("deliver", cwd=tmp_path)
    first.close()

    assert second.status == 75
    assert "pid" in second.err


def test_sql_json_is_one_array_of_objects(tmp_path: Path) -> None:
    open_archive(str(tmp_path / "archive.db"), now=NOW).close()

    result = monitor("--archive", "archive.db", "sql", "SELECT 1 AS one, 'ы' AS two", "--json", cwd=tmp_path)

    assert result.json() == [{"one": 1, "two": "ы"}]
