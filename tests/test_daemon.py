"""The daemon as a service manager meets it: a real process, real signals, a real notify socket."""

from __future__ import annotations

import http.server
import os
import queue
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.archive import migrations, open_archive
from monitor.archive.connecting import APPLICATION_ID
from tests.archive.test_migrations import ROWS
from tests.commands import Result, environment, monitor
from tests.rss import item, rss

SETTINGS = """
monitor: {{contact: desk@example.org, host_delay: 0s, workers: 1}}
feeds:
  - {{key: gazette, url: "http://127.0.0.1:{port}/gazette", every: 1s, allow_private: ["127.0.0.1:{port}"]}}
rules:
  - {{name: ukraine, query: {query}, channels: [desk], group_wait: 0s}}
channels: {{desk: {{kind: maildir}}}}
"""

PATIENCE = 60  # seconds until a test gives up; nothing waits for as long unless it is broken


class Feed:
    """A feed over loopback; `body` may change, `wait_for_requests` waits without sleeping."""

    def __init__(self) -> None:
        self.body = rss(item(1))
        self.asked = threading.Condition()
        self.requests = 0
        self.pinged = threading.Event()
        feed = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = feed.body
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                with feed.asked:
                    feed.requests += 1
                    feed.asked.notify_all()

            def do_POST(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                feed.pinged.set()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def wait_for_requests(self, more: int) -> None:
        """Returns when this many further requests have been answered."""
        with self.asked:
            wanted = self.requests + more
            assert self.asked.wait_for(lambda: self.requests >= wanted, PATIENCE), "the daemon did not poll"

    def close(self) -> None:
        """Ends the server."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Manager:
    """The service manager's side: starts the daemon, hears its datagrams, signals it."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "notify"))
        self.heard: queue.Queue[str] = queue.Queue()
        self.listener = threading.Thread(target=self.listen)
        self.listener.start()
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "-v", "run"],
            cwd=folder,
            env=environment(NOTIFY_SOCKET=str(folder / "notify"), WATCHDOG_USEC="1000000"),
            stderr=self.log,
        )

    def listen(self) -> None:
        """Takes every datagram as it comes, as a service manager does: the daemon waits for one that does not."""
        while said := self.socket.recv(4096):
            self.heard.put(said.decode())

    def wait_for(self, word: str) -> str:
        """The next datagram that holds this word."""
        while word not in (said := self.heard.get(timeout=PATIENCE)):
            pass
        return said

    def close(self) -> None:
        """Ends the daemon, however it is, and the listener."""
        self.process.kill()
        self.process.wait()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", self.socket.getsockname())
        self.listener.join()
        self.socket.close()
        self.log.close()

    def logged(self) -> str:
        """All the daemon has logged."""
        self.log.flush()
        return Path(self.log.name).read_text()


@pytest.fixture
def feed() -> Iterator[Feed]:
    """A feed with one item."""
    served = Feed()
    yield served
    served.close()


@contextmanager
def running(folder: Path, feed: Feed, *, more: str = "") -> Iterator[Manager]:
    """The daemon, ready."""
    (folder / "feeds.yaml").write_text(SETTINGS.format(port=feed.port, query="Ukraine") + more)
    manager = Manager(folder)
    try:
        manager.wait_for("READY=1")
        yield manager
    finally:
        manager.close()


def archived(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Asks the archive file."""
    connection = sqlite3.connect(f"file:{folder}/db/archive.db?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@dataclass(frozen=True, kw_only=True)
class Run:
    """What there is to say of a daemon that ran for a while."""

    status: int  # with which it ended
    logged: str
    asked: Result  # how many articles there are, of the archive while it ran
    second: Result  # a poll by another process meanwhile
    stopping: str  # what the service manager heard last
    alerts: list[tuple[object, ...]]  # title and state, in order
    articles: list[tuple[object, ...]]  # titles, in order


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One daemon's life: three reports on Ukraine, a reload of a broken file before the third, then one of new rules.

    A request that has been answered is the beginning of a poll; the next one comes only when that poll is recorded.
    """
    folder = tmp_path_factory.mktemp("run")
    feed = Feed()
    try:
        with running(folder, feed) as manager:
            feed.wait_for_requests(1)
            feed.body = rss(item(2), item(1))
            feed.wait_for_requests(1)
            (folder / "feeds.yaml").write_text("monitor: {contact: desk@example.org}\nfeedz: []\n")
            manager.process.send_signal(signal.SIGHUP)
            manager.wait_for("reload refused")
            feed.body = rss(item(3), item(2), item(1))
            feed.wait_for_requests(2)

            (folder / "feeds.yaml").write_text(SETTINGS.format(port=feed.port, query="Kyiv"))
            asked = monitor("sql", "SELECT count(*) AS n FROM articles", "--json", cwd=folder)
            second = monitor("poll", "--all", cwd=folder)
            manager.wait_for("WATCHDOG=1")
            manager.process.send_signal(signal.SIGHUP)
            manager.wait_for("RELOADING=1")
            manager.wait_for("READY=1")
            feed.body = rss(item(4), item(5, title="Rain in Kyiv", description="It rains."), item(3))
            feed.wait_for_requests(1)

            manager.process.send_signal(signal.SIGTERM)
            stopping = manager.wait_for("STOPPING=1")
            status = manager.process.wait(PATIENCE)
            logged = manager.logged()
    finally:
        feed.close()
    alerts = "SELECT a.title, alerts.state FROM alerts JOIN articles a ON a.id = alerts.article ORDER BY alerts.id"
    return Run(
        status=status,
        logged=logged,
        asked=asked,
        second=second,
        stopping=stopping,
        alerts=archived(folder, alerts),
        articles=archived(folder, "SELECT title FROM articles ORDER BY id"),
    )


def test_the_daemon_polls_and_alerts(run: Run) -> None:
    assert run.alerts[0] in (("Report 2 on Ukraine", "sent"), ("Report 2 on Ukraine", "queued"))


def test_sigterm_ends_the_daemon_with_status_0_after_the_polls_under_way(run: Run) -> None:
    assert run.status == 0
    assert ("Rain in Kyiv",) in run.articles


def test_the_service_manager_hears_of_readiness_life_and_the_end(run: Run) -> None:
    assert "STOPPING=1" in run.stopping  # the run had waited for READY=1 and WATCHDOG=1


def test_sighup_takes_the_new_rules(run: Run) -> None:
    assert ("Report 4 on Ukraine",) in run.articles
    assert [title for title, _ in run.alerts[2:]] == ["Rain in Kyiv"]


def test_a_reload_of_a_broken_file_keeps_the_old_configuration_and_says_so(run: Run) -> None:
    assert "feeds.yaml:2:1" in run.logged
    assert run.alerts[1][0] == "Report 3 on Ukraine"


def test_questions_are_answered_while_the_daemon_runs(run: Run) -> None:
    assert run.asked.json() == [{"n": 3}]
    assert run.second.status == 75


def test_alerts_whose_digest_was_taken_out_of_the_file_are_named(tmp_path: Path, feed: Feed) -> None:
    with_digest = SETTINGS.replace("group_wait: 0s}}", "digest: morning}}")
    digests = 'digests: {morning: {cron: "0 7 * * *"}}\n'
    (tmp_path / "feeds.yaml").write_text(with_digest.format(port=feed.port, query="Ukraine") + digests)
    monitor("poll", "--all", cwd=tmp_path)
    feed.body = rss(item(2), item(1))
    monitor("poll", "--all", cwd=tmp_path)

    with running(tmp_path, feed) as manager:
        logged = manager.logged()

    assert "digest=morning alerts=1" in logged


def test_somebody_else_is_pinged_as_long_as_the_daemon_lives(tmp_path: Path, feed: Feed) -> None:
    address = f"127.0.0.1:{feed.port}"
    beating = f"heartbeat: {{ping: 'http://{address}/ping', ping_every: 1s, allow_private: ['{address}']}}\n"

    with running(tmp_path, feed, more=beating):
        assert feed.pinged.wait(PATIENCE)
        feed.pinged.clear()
        assert feed.pinged.wait(PATIENCE)


def test_a_channel_that_is_down_silences_the_ping(tmp_path: Path, feed: Feed) -> None:
    address = f"127.0.0.1:{feed.port}"
    beating = f"heartbeat: {{ping: 'http://{address}/ping', ping_every: 1s, allow_private: ['{address}']}}\n"
    (tmp_path / "feeds.yaml").write_text(SETTINGS.format(port=feed.port, query="Ukraine"))
    monitor("poll", "--all", cwd=tmp_path)
    with closing(open_archive(str(tmp_path / "db" / "archive.db"), now=datetime.now(UTC))) as archive:
        archive.note_down("desk", why="gone", next_at=datetime.now(UTC) + timedelta(hours=1), now=datetime.now(UTC))

    with running(tmp_path, feed, more=beating) as manager:
        while "no ping why=down: desk" not in manager.logged().replace('"', "").replace("'", ""):
            manager.wait_for("WATCHDOG")

    assert not feed.pinged.is_set()


def an_old_archive(database: Path, deliveries: int) -> None:
    """An archive of the first schema with so many deliveries, which takes a moment to bring up to date."""
    database.parent.mkdir()
    with closing(sqlite3.connect(database, isolation_level=None)) as old, pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrations, "STEPS", migrations.STEPS[:1])
        migrations.migrate(old)
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.executescript(ROWS)
        old.execute(
            "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n LIMIT ?)"
            " INSERT INTO deliveries (alert, channel, recipient, message_id, state, created_at, sent_at, message)"
            " SELECT 9, 'desk', 'x' || i, '<' || i || '@x>', 'sent', '2026-11-01T13:00:00Z', '2026-11-01T13:00:01Z',"
            " x'00' FROM n",
            (deliveries - 1,),  # ROWS has one
        )


@pytest.mark.parametrize("reloads", [False, True])
def test_what_is_asked_of_it_while_an_old_archive_is_brought_up_to_date_is_done_after_that(
    tmp_path: Path, feed: Feed, *, reloads: bool
) -> None:
    an_old_archive(tmp_path / "db" / "archive.db", deliveries=30_000)
    (tmp_path / "feeds.yaml").write_text(SETTINGS.format(port=feed.port, query="Ukraine"))
    manager = Manager(tmp_path)
    try:
        manager.wait_for("EXTEND_TIMEOUT")
        if reloads:
            manager.process.send_signal(signal.SIGHUP)
            manager.wait_for("RELOADING=1")
            manager.wait_for("READY=1")
        manager.process.send_signal(signal.SIGTERM)

        assert manager.process.wait(PATIENCE) == 0
    finally:
        manager.close()

    assert archived(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    assert archived(tmp_path, "SELECT count(*) FROM messages") == [(30_000,)]


def test_no_worker_outlives_a_daemon_that_was_killed(tmp_path: Path, feed: Feed) -> None:
    with running(tmp_path, feed) as manager:
        feed.wait_for_requests(1)
        workers = descendants(manager.process.pid)
        assert workers

        manager.process.kill()
        manager.process.wait()

        for worker in workers:
            ended(worker)


def descendants(pid: int) -> list[int]:
    """The processes below a process, as file descriptors that can be waited on."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        children = [child for child, of in parents.items() if of == parent]
        found += children
        todo += children
    return [os.pidfd_open(child) for child in found]


def ended(process: int) -> None:
    """Waits for the end of the process behind a descriptor of `descendants`."""
    import select

    readable, _, _ = select.select([process], [], [], PATIENCE)
    os.close(process)
    assert readable, "a worker process is still there"
