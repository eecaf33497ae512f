"""The commands as a user types them: what they print, and where."""

from __future__ import annotations

import asyncio
import email
import email.policy
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.archive import open_archive
from tests.commands import Result, monitor
from tests.factories import NOW
from tests.loopback import Answer, Site
from tests.rss import item, rss

TEASER = "What happened in Ukraine on this day, told in a sentence of some length by our correspondent."

SETTINGS = """
monitor: {{contact: desk@example.org, host_delay: 0s, workers: 0, languages: [en, fr]}}
feeds:
  - {{key: gazette, url: "{url}/gazette", title: Gazette, allow_private: ["{pair}"]}}
  - {{key: herald, url: "{url}/herald", allow_private: ["{pair}"]}}
aliases: {{ALLIANCE: [NATO, OTAN, "North Atlantic Treaty"]}}
rules:
  - {{name: ukraine, query: Ukraine, channels: [desk]}}
  - {{name: alliance, any: ["@ALLIANCE"], channels: [desk]}}
channels: {{desk: {{kind: email, to: [desk@example.org]}}}}
"""


class ServedSite:
    """A loopback site on a thread of its own, so that commands in other processes can reach it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.site = Site()
        asyncio.run_coroutine_threadsafe(self.site.__aenter__(), self.loop).result()
        self.routes = self.site.routes

    def close(self) -> None:
        """Ends the server and its loop."""
        asyncio.run_coroutine_threadsafe(self.site.__aexit__(None, None, None), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@contextmanager
def watched(folder: Path) -> Iterator[ServedSite]:
    """Two feeds on loopback and a feeds.yaml that watches them; the herald answers 404."""
    served = ServedSite()
    served.routes["/gazette"] = Answer(
        body=rss(item(1), item(2, title="NATO meets", description="About the alliance."))
    )
    url = served.site.url("").rstrip("/")
    (folder / "feeds.yaml").write_text(SETTINGS.format(url=url, pair=served.site.pair))
    yield served
    served.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ServedSite]:
    """The same, for one test."""
    with watched(tmp_path) as served:
        yield served


@pytest.fixture(scope="module")
def polled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with feeds.yaml and an archive with the first poll's articles, and one alert of a later one."""
    folder = tmp_path_factory.mktemp("polled")
    with watched(folder) as site:
        monitor("poll", "--all", cwd=folder)
        site.routes["/gazette"] = Answer(body=rss(item(3, title="Ukraine again"), item(1)))
        monitor("poll", "--all", cwd=folder)
    return folder


@pytest.fixture
def polled(polled_once: Path, tmp_path: Path) -> Path:
    """The same folder, a copy for one test."""
    return Path(shutil.copytree(polled_once, tmp_path / "polled"))


def test_poll_tells_of_every_feed_and_ends_with_3_when_some_failed(tmp_path: Path, site: ServedSite) -> None:
    result = monitor("poll", "--all", cwd=tmp_path)

    assert result.status == 3
    gazette, herald = (line for line in result.out.splitlines() if line.startswith(("gazette", "herald")))
    assert gazette.split()[:4] == ["gazette", "new", "2", "2"]
    assert herald.split()[1] == "http_error"
    assert "404" in herald


def test_poll_polls_only_what_is_due(tmp_path: Path, site: ServedSite) -> None:
    monitor("poll", "--all", cwd=tmp_path)

    again = monitor("poll", cwd=tmp_path)

    assert again.status == 0
    assert "no feed is due" in again.err


def test_a_named_feed_is_polled_alone(tmp_path: Path, site: ServedSite) -> None:
    result = monitor("poll", "gazette", "--json", cwd=tmp_path)

    assert [(poll["feed"], poll["outcome"], poll["new"]) for poll in result.json()] == [("gazette", "new", 2)]


def test_an_unknown_feed_gets_a_suggestion(tmp_path: Path, site: ServedSite) -> None:
    result = monitor("poll", "gazete", cwd=tmp_path)

    assert result.status == 2
    assert "did you mean 'gazette'" in result.err


def test_a_dry_run_shows_what_would_match_and_leaves_no_archive(tmp_path: Path, site: ServedSite) -> None:
    result = monitor("poll", "gazette", "--dry-run", cwd=tmp_path)

    assert result.status == 0, result.err
    assert "alliance: NATO meets" in result.out
    assert "nothing was written" in result.err
    assert not (tmp_path / "db").exists()


def keyed_by_an_older_version(folder: Path) -> None:
    """Makes the archive's keys others than today's, as an upgrade finds them."""
    with closing(sqlite3.connect(folder / "db" / "archive.db", isolation_level=None)) as connection:
        connection.execute("UPDATE articles SET link_key = 'http://' || link_key")
        connection.execute("UPDATE sightings SET entry_key = 'http://' || entry_key")
        connection.execute("UPDATE settings SET value = '1 0' WHERE name = 'canon'")


def test_migrate_brings_keys_up_to_date_and_a_dry_run_waits_for_it(tmp_path: Path, site: ServedSite) -> None:
    site.routes["/gazette"] = Answer(body=rss(item(1, guid=None), item(2, guid=None)))
    monitor("poll", "gazette", cwd=tmp_path)
    keyed_by_an_older_version(tmp_path)
    site.routes["/gazette"] = Answer(body=rss(item(3, guid=None), item(1, guid=None), item(2, guid=None)))

    too_early = monitor("poll", "gazette", "--dry-run", "--json", cwd=tmp_path)
    migrated, again = monitor("db", "migrate", cwd=tmp_path), monitor("db", "migrate", cwd=tmp_path)
    dry = monitor("poll", "gazette", "--dry-run", "--json", cwd=tmp_path)

    assert (too_early.status, too_early.out) == (69, "")
    assert "compared by other rules" in too_early.err
    assert "Run `monitor db migrate`" in too_early.err
    assert migrated.out == "4 keys of articles and entries brought up to date with the rules for links\n", migrated.err
    assert again.out == "the archive is up to date\n"
    assert [(fact["entries"], fact["new"]) for fact in dry.json()] == [(3, 1)], dry.err


def test_a_dry_run_waits_for_migrate_after_a_change_of_tracking_too(tmp_path: Path, site: ServedSite) -> None:
    monitor("poll", "gazette", cwd=tmp_path)
    settings = tmp_path / "feeds.yaml"
    settings.write_text(settings.read_text().replace("workers: 0,", "workers: 0, tracking: {drop: [campagne]},"))

    too_early = monitor("poll", "gazette", "--dry-run", cwd=tmp_path)
    monitor("db", "migrate", cwd=tmp_path)
    dry = monitor("poll", "gazette", "--dry-run", cwd=tmp_path)

    assert (too_early.status, dry.status) == (69, 0), dry.err


def test_migrate_leaves_keys_alone_where_no_configuration_says_what_they_should_be(
    tmp_path: Path, site: ServedSite
) -> None:
    monitor("poll", "gazette", cwd=tmp_path)
    keyed_by_an_older_version(tmp_path)
    (tmp_path / "feeds.yaml").unlink()

    result = monitor("--archive", "db/archive.db", "db", "migrate", cwd=tmp_path)

    assert result.status == 0, result.err
    assert result.out == "the archive's tables are up to date\n"
    assert "feeds.yaml: there is none here" in result.err
    assert "links stay as they were compared" in result.err


def test_deliver_sends_what_is_queued_once(polled: Path) -> None:
    first, second = monitor("deliver", cwd=polled), monitor("deliver", cwd=polled)

    assert first.out.startswith("1 sent")
    assert second.out.startswith("0 sent")
    (mail,) = (polled / "db" / "maildir" / "new").iterdir()
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert "Ukraine again" in message["Subject"]


def test_search_speaks_the_rule_language(polled: Path) -> None:
    result = monitor("search", "@ALLIANCE OR again", "--json", cwd=polled)

    assert {hit["title"] for hit in result.json()} == {"NATO meets", "Ukraine again"}


@pytest.mark.parametrize(
    "query",
    [
        "source:gazette",
        "feed:gazette",
        "link:gazette",
        "lang:en",
        "/NATO|again/ feed:gaz*",
        "count(alliance OR again) >= 1",
    ],
)
def test_search_asks_of_an_article_what_rules_ask(query: str, polled: Path) -> None:
    result = monitor("search", f"(@ALLIANCE OR again) {query}", "--json", cwd=polled)

    assert {hit["title"] for hit in result.json()} == {"NATO meets", "Ukraine again"}


def test_search_shows_the_matched_words(polled: Path) -> None:
    result = monitor("search", "alliance", "--limit", "1", cwd=polled)

    assert "About the *alliance*." in result.out


def test_a_question_takes_an_age_and_a_word_in_any_script(polled: Path) -> None:
    lately = monitor("sql", "mentions-by-day", "word=Ukraine", "since=7d", "--json", cwd=polled)
    never = monitor("sql", "mentions-by-day", "word=北约", "--json", cwd=polled)

    assert sum(row["articles"] for row in lately.json()) > 0
    assert never.json() == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(("sql", "mentions-by-dya"), "did you mean mentions-by-day?", id="a name misspelt"),
        pytest.param(("sql", "nonsense"), "`monitor sql --list` names them", id="no such name"),
        pytest.param(("sql", "mentions-by-day", "wrd=x"), "'wrd'; it has now, since, word", id="a parameter"),
        pytest.param(("sql", "SELECT 1", "x=1"), "no parameter 'x'; it has none", id="a parameter of none"),
        pytest.param(("sql", "SELECT 1", "x"), "write NAME=VALUE", id="no value"),
        pytest.param(("sql", "SELECT 1", "--json", "--md"), "choose one", id="two ways to print"),
        pytest.param(("sql",), "give a query", id="nothing"),
    ],
)
def test_a_question_that_is_none_says_what_to_write(command: tuple[str, ...], said: str, polled: Path) -> None:
    result = monitor(*command, cwd=polled)

    assert result.status == 2
    assert said in result.err


def test_an_answer_is_printed_as_people_paste_it_and_explained_as_sqlite_would_go_about_it(polled: Path) -> None:
    pasted = monitor("sql", "SELECT key, failures FROM feeds WHERE key = 'gazette'", "--md", cwd=polled)
    plan = monitor("sql", "SELECT * FROM articles WHERE id = 1", "--explain", cwd=polled)
    query = monitor("sql", "mentions-by-day", "--show", cwd=polled)
    listed = monitor("sql", "--list", cwd=polled)

    assert pasted.out == "| key | failures |\n| --- | --- |\n| gazette | 0 |\n"
    assert plan.out == "SEARCH articles USING INTEGER PRIMARY KEY (rowid=?)\n"
    assert query.out.startswith("-- How many articles a day mention a word")
    assert "mentions-by-day: How many articles a day" in listed.out
    assert "word=  the word or words" in listed.out


def test_more_rows_than_wanted_are_refused_and_never_cut_off(polled: Path) -> None:
    result = monitor("sql", "SELECT value FROM json_each('[1, 2, 3]')", "--rows", "2", cwd=polled)

    assert (result.status, result.out) == (1, "")
    assert "more than 2 rows" in result.err


def test_an_alert_is_rated_and_rated_anew_while_others_write(polled: Path) -> None:
    first = monitor("alerts", "rate", "1", "wrong", "--note", "another Ukraine", cwd=polled)
    second = monitor("alerts", "rate", "1", "useful", cwd=polled)
    none = monitor("alerts", "rate", "99", "useful", cwd=polled)

    assert (first.out, second.out) == ("alert 1 is noted as wrong\n", "alert 1 is noted as useful\n")
    assert monitor("sql", "SELECT verdict, note FROM feedback", "--json", cwd=polled).json() == [
        {"verdict": "useful", "note": None}
    ]
    assert none.status == 2
    assert "there is no alert 99" in none.err


def test_a_search_counts_what_it_finds_by_language_feed_rule_and_day(polled: Path) -> None:
    counts = monitor("search", "@ALLIANCE OR again", "--facets", "--json", cwd=polled).json()
    shown = monitor("search", "@ALLIANCE OR again", "--facets", cwd=polled)
    none = monitor("search", "nowhere", "--facets", cwd=polled)

    assert (counts["articles"], counts["complete"]) == (2, True)
    assert counts["feeds"] == {"gazette": 2}
    assert sum(counts["languages"].values()) == sum(counts["days"].values()) == 2
    assert counts["rules"] == {"alliance": 1, "ukraine": 1}
    assert "gazette" in shown.out
    assert "2 articles" in shown.err
    assert (none.out, none.err, none.status) == ("", "no article matches\n", 0)


def test_a_search_prints_what_spreadsheets_and_other_programs_read(polled: Path) -> None:
    as_csv = monitor("search", "@ALLIANCE OR again", "--csv", cwd=polled).out.splitlines()
    links = monitor("search", "@ALLIANCE OR again", "-0", cwd=polled).out.split("\0")

    assert as_csv[0].split(",")[:3] == ["id", "feed", "language"]
    assert len(as_csv) == 3
    assert len(links) == 3
    assert links[-1] == ""
    assert all(link.startswith("http") for link in links[:-1])


def test_a_search_that_is_to_be_printed_in_two_ways_is_refused(polled: Path) -> None:
    assert monitor("search", "again", "--csv", "--json", cwd=polled).status == 2
    assert monitor("search", "again", "--facets", "-0", cwd=polled).status == 2


def test_a_search_that_cannot_be_read_says_where(polled: Path) -> None:
    result = monitor("search", "(ukraine", cwd=polled)

    assert result.status == 2
    assert "never closed" in result.err


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(("feeds", "list"), "gazette", id="feeds"),
        pytest.param(("rules", "list"), "any: @ALLIANCE", id="rules written as lists"),
        pytest.param(("alerts", "list"), "Ukraine again", id="alerts"),
        pytest.param(("status",), "1 failing, 1 ok", id="status"),
        pytest.param(("sql", "--list"), "matched-today", id="the cookbook"),
        pytest.param(("sql", "failing-feeds"), "herald", id="a question of the cookbook"),
        pytest.param(("sql", "SELECT key FROM feeds", "--csv"), "key\ngazette\nherald\n", id="csv"),
        pytest.param(("db", "migrate"), "up to date", id="migrate"),
    ],
)
def test_a_command_prints_for_people(command: tuple[str, ...], expected: str, polled: Path) -> None:
    result = monitor(*command, cwd=polled)

    assert result.status == 0, result.err
    assert expected in result.out


@pytest.mark.parametrize("command", [("feeds", "list"), ("rules", "list"), ("alerts", "list"), ("status",)])
def test_a_command_prints_for_machines(command: tuple[str, ...], polled: Path) -> None:
    result = monitor(*command, "--json", cwd=polled)

    assert result.json()


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM articles",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "SELECT load_extension('x')",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    ],
)
def test_sql_cannot_harm(query: str, polled: Path) -> None:
    files = files_of_ours(polled)

    result = monitor("sql", query, "--seconds", "0.3", cwd=polled)

    assert result.status == 1
    assert result.err.startswith("monitor: ")
    assert files_of_ours(polled) == files


def files_of_ours(folder: Path) -> list[tuple[Path, int]]:
    """Every file and its size, but for the two that SQLite keeps beside an open archive."""
    return sorted((path, path.stat().st_size) for path in folder.rglob("*") if not path.name.endswith(("-shm", "-wal")))


def test_check_online_asks_every_feed(tmp_path: Path, site: ServedSite) -> None:
    result = monitor("check", "--online", cwd=tmp_path)

    assert result.status == 3
    gazette, herald = (line.split() for line in result.out.splitlines() if line.startswith(("gazette", "herald")))
    assert gazette[:5] == ["gazette", "fine", "HTTP", "200,", "rss20,"]
    assert herald[:4] == ["herald", "dead", "HTTP", "404;"]
    assert "remove it from feeds.yaml" in result.out


def test_check_online_leaves_paused_feeds_out_and_is_content_with_fine_and_redirected(
    tmp_path: Path, site: ServedSite
) -> None:
    site.routes["/new"] = Answer(status=301, headers={"Location": "/gazette"})
    settings = (tmp_path / "feeds.yaml").read_text().replace("{key: herald", "{paused: true, key: herald")
    (tmp_path / "feeds.yaml").write_text(settings.replace("/gazette", "/new"))

    result = monitor("check", "--online", "--json", cwd=tmp_path)

    (gazette,) = result.json()
    assert (gazette["answer"], gazette["status"], gazette["entries"]) == ("redirected", 200, 2)
    assert result.status == 0
    assert "1 paused feed not asked" in result.err


# ── discover ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def discover(site: ServedSite, *arguments: str, cwd: Path) -> Result:
    """`monitor feeds discover` at the site's home page."""
    url = site.site.url("/", userinfo="desk:secret@")
    return monitor("feeds", "discover", url, "--allow-private", site.site.pair, *arguments, cwd=cwd)


def test_discover_shows_the_feeds_of_a_page_and_the_command_that_adds_one(tmp_path: Path, site: ServedSite) -> None:
    site.routes["/"] = Answer(body=b'<html><link rel="alternate" type="application/rss+xml" href="/gazette"></html>')

    shown = discover(site, cwd=tmp_path)
    as_json = discover(site, "--json", cwd=tmp_path)

    url = site.site.url("/gazette")
    assert shown.status == 0
    assert shown.out.splitlines()[1].startswith(url)
    assert shown.err.splitlines()[-1] == f"to watch it: monitor feeds add {url}"
    assert [(feed["url"], feed["where"]) for feed in as_json.json()] == [(url, "announced")]


def test_discover_says_that_an_address_is_a_feed_itself_and_needs_no_configuration(
    tmp_path: Path, site: ServedSite
) -> None:
    site.routes["/"] = site.routes["/gazette"]
    (tmp_path / "feeds.yaml").unlink()

    result = discover(site, cwd=tmp_path)

    assert result.status == 0
    assert "is a feed itself" in result.err
    assert "there is no feeds.yaml" in result.err
    assert "secret" not in result.out + result.err
    (agent,) = {request.header("User-Agent") for request in site.site.requests}
    assert agent is not None
    assert agent.startswith(b"monitor/")


def test_discover_ends_with_1_and_advice_when_there_is_none(tmp_path: Path, site: ServedSite) -> None:
    site.routes["/"] = Answer(body=b"<html><title>Hello</title></html>")

    result = discover(site, cwd=tmp_path)

    assert (result.status, result.out) == (1, "")
    assert "an HTML page titled 'Hello'" in result.err
    assert "ask the publisher" in result.err
    assert "secret" not in result.err


def test_send_test_says_where_the_mail_went(tmp_path: Path, site: ServedSite) -> None:
    result = monitor("alerts", "send-test", cwd=tmp_path)

    assert result.status == 0, result.err
    assert "desk: desk@example.org" in result.out
    assert len(list((tmp_path / "db" / "maildir" / "new").iterdir())) == 1


def test_a_message_that_was_given_up_is_sent_once_more_beside_a_daemon(polled: Path) -> None:
    monitor("deliver", cwd=polled)
    database = sqlite3.connect(polled / "db" / "archive.db", isolation_level=None)
    (alert,) = database.execute(
        "UPDATE deliveries SET state = 'dead', next_attempt_at = NULL, sent_at = NULL, last_error = '550 no' "
        "WHERE id = (SELECT min(id) FROM deliveries) RETURNING alert"
    ).fetchone()
    database.close()

    with closing(open_archive(str(polled / "db" / "archive.db"), now=NOW)):
        resent = monitor("alerts", "resend", str(alert), cwd=polled)
        again = monitor("alerts", "resend", str(alert), cwd=polled)
        nothing = monitor("alerts", "resend", cwd=polled)

    assert (resent.status, resent.out) == (0, "1 alert queued once more; the daemon or `monitor deliver` sends them\n")
    assert (again.status, again.out) == (1, "")
    assert f"alert {alert}: no message of it was given up" in again.err
    assert nothing.status == 0
    assert nothing.out.startswith("0 alerts queued")


def test_without_a_configuration_the_next_step_is_said(tmp_path: Path) -> None:
    result = monitor("run", cwd=tmp_path)

    assert result.status == 78
    assert "feeds.yaml" in result.err


def test_a_reader_that_leaves_early_is_no_error(polled: Path) -> None:
    import subprocess
    import sys

    from tests.commands import environment

    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000) SELECT i FROM n"

    done = subprocess.run(
        f"{sys.executable} -m monitor sql '{many}' --csv | head -1",
        shell=True,
        cwd=polled,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "i\n"
    assert done.stderr == ""


def test_check_says_what_a_proxy_means_and_that_its_password_is_missing(tmp_path: Path) -> None:
    (tmp_path / "feeds.yaml").write_text(
        "monitor: {contact: desk@example.org, proxy: 'http://desk@proxy.example.org:3128'}\n"
    )
    (tmp_path / "password").write_text("open sesame\n")

    without = monitor("check", cwd=tmp_path)
    with_password = monitor("check", cwd=tmp_path, MONITOR_PROXY_PASSWORD_FILE=str(tmp_path / "password"))

    assert (without.status, with_password.status) == (0, 0)
    assert without.err.count("it alone can refuse addresses inside your network") == 1
    assert "MONITOR_PROXY_PASSWORD_FILE" in without.err
    assert "MONITOR_PROXY_PASSWORD_FILE" not in with_password.err


def test_poll_reads_the_pages_that_its_polls_made_due_and_a_dry_run_reads_none(
    site: ServedSite, tmp_path: Path
) -> None:
    sentences = (
        "The ministers agreed on a corridor for grain ships that leads along the western coast of the country. " * 3
    )
    page = f"<html><body><article><h1>Report 3 on Ukraine</h1><p>{TEASER}</p><p>{sentences}</p></article></body></html>"
    site.routes["/3"] = Answer(body=page.encode(), headers={"Content-Type": "text/html"})
    monitor("poll", cwd=tmp_path)
    settings = tmp_path / "feeds.yaml"
    settings.write_text(settings.read_text().replace("title: Gazette,", "title: Gazette, fulltext: true,"))
    site.routes["/gazette"] = Answer(body=rss(item(3, link=site.site.url("/3"), description=TEASER)))

    dry = monitor("poll", "--all", "--dry-run", "gazette", "--json", cwd=tmp_path)
    asked = [request.target for request in site.site.requests]
    polled = monitor("poll", "--all", "--json", cwd=tmp_path)

    assert dry.status == 0, dry.err
    assert "/3" not in asked
    assert [fact["new"] for fact in polled.json() if fact["feed"] == "gazette"] == [1], polled.err
    rows = monitor("sql", "SELECT state, text_source FROM pages JOIN articles ON id = article WHERE url LIKE '%/3'",
                   "--json", cwd=tmp_path)  # fmt: skip
    assert rows.json() == [{"state": "read", "text_source": "page"}]


def test_a_page_that_announces_one_feed_stands_for_it(tmp_path: Path, site: ServedSite) -> None:
    announcement = '<link rel="alternate" type="application/rss+xml" href="{}">'
    site.routes |= {
        "/one": Answer(body=f"<html>{announcement.format('/more')}</html>".encode()),
        "/two": Answer(body=f"<html>{announcement.format('/gazette')}{announcement.format('/more')}</html>".encode()),
        "/none": Answer(body=b"<html><title>Nothing here</title></html>"),
        "/more": Answer(body=rss(item(7), title="The Évening Post")),
    }
    before = (tmp_path / "feeds.yaml").read_text()

    def add(path: str) -> Result:
        return monitor("feeds", "add", site.site.url(path), "--allow-private", site.site.pair, cwd=tmp_path)

    two, none, twice = add("/two"), add("/none"), add("/gazette")
    unchanged = (tmp_path / "feeds.yaml").read_text() == before
    one = add("/one")

    assert [result.status for result in (two, none, twice, one)] == [1, 1, 1, 0]
    assert "several feeds" in two.err
    assert "Nothing here" in none.err
    assert 'feed "gazette" already has this URL' in twice.err
    assert unchanged
    assert one.out.startswith(f"added the-evening-post: {site.site.url('/more')};")
