"""The daemon as a service manager meets it: a real process, real signals, a real notify socket."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import environment, monitor
from tests.rss import item, rss

SETTINGS = """
monitor: {{contact: desk@example.org, host_delay: 0s, workers: 1}}
feeds:
  - {{key: gazette, url: "http://127.0.0.1:{port}/gazette", every: 1s, allow_private: ["127.0.0.1:{port}"]}}
rules:
  - {{name: ukraine, query: {query}, channels: [desk]}}
channels: {{desk: {{kind: maildir}}}}
"""

PATIENCE = 60  # seconds until a test gives up; nothing waits for as long unless it is broken


class Feed:
    """A feed over loopback; `body` may change, `wait_for_requests` waits without sleeping."""

    def __init__(self) -> None:
        self.body = rss(item(1))
        self.asked = threading.Condition()
        self.requests = 0
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
        self.socket.settimeout(PATIENCE)
        self.socket.bind(str(folder / "notify"))
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "-v", "run"],
            cwd=folder,
            env=environment(NOTIFY_SOCKET=str(folder / "notify"), WATCHDOG_USEC="1000000"),
            stderr=self.log,
        )

    def wait_for(self, word: str) -> str:
        """The next datagram that holds this word."""
        while word not in (said := self.socket.recv(4096).decode()):
            pass
        return said

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

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
def running(folder: Path, feed: Feed) -> Iterator[Manager]:
    """The daemon, ready."""
    (folder / "feeds.yaml").write_text(SETTINGS.format(port=feed.port, query="Ukraine"))
    manager = Manager(folder)
    try:
        manager.wait_for("READY=1")
        yield manager
    finally:
        manager.process.kill()
        manager.process.wait()
        manager.socket.close()
        manager.log.close()


def archived(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Asks the archive file."""
    connection = sqlite3.connect(f"file:{folder}/db/archive.db?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_the_daemon_polls_alerts_and_ends_on_sigterm_with_status_0(tmp_path: Path, feed: Feed) -> None:
    with running(tmp_path, feed) as manager:
        feed.wait_for_requests(2)
        feed.body = rss(item(2), item(1))
        feed.wait_for_requests(2)

        assert manager.stop() == 0

    assert archived(tmp_path, "SELECT state FROM alerts") in ([("sent",)], [("queued",)])
    assert archived(tmp_path, "SELECT count(*) FROM articles") == [(2,)]


def test_the_service_manager_hears_of_readiness_life_and_the_end(tmp_path: Path, feed: Feed) -> None:
    with running(tmp_path, feed) as manager:
        manager.wait_for("WATCHDOG=1")
        manager.process.send_signal(signal.SIGTERM)

        assert "STOPPING=1" in manager.wait_for("STOPPING=1")


def test_sighup_takes_the_new_rules(tmp_path: Path, feed: Feed) -> None:
    with running(tmp_path, feed) as manager:
        feed.wait_for_requests(2)
        (tmp_path / "feeds.yaml").write_text(SETTINGS.format(port=feed.port, query="Kyiv"))
        manager.process.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1")
        manager.wait_for("READY=1")
        feed.body = rss(item(2), item(3, title="Rain in Kyiv", description="It rains."), item(1))
        feed.wait_for_requests(2)
        manager.stop()

    titles = "SELECT a.title FROM alerts JOIN articles a ON a.id = alerts.article"
    assert archived(tmp_path, titles) == [("Rain in Kyiv",)]


def test_a_reload_of_a_broken_file_keeps_the_old_configuration_and_says_so(tmp_path: Path, feed: Feed) -> None:
    with running(tmp_path, feed) as manager:
        feed.wait_for_requests(2)
        (tmp_path / "feeds.yaml").write_text("monitor: {contact: desk@example.org}\nfeedz: []\n")
        manager.process.send_signal(signal.SIGHUP)
        manager.wait_for("reload refused")
        feed.body = rss(item(2), item(1))
        feed.wait_for_requests(2)
        manager.stop()

        assert "feeds.yaml:2:1" in manager.logged()
    assert archived(tmp_path, "SELECT rule FROM alerts") == [("ukraine",)]


def test_alerts_whose_digest_was_taken_out_of_the_file_are_named(tmp_path: Path, feed: Feed) -> None:
    with_digest = SETTINGS.replace("channels: [desk]}}", "channels: [desk], digest: morning}}")
    digests = 'digests: {morning: {cron: "0 7 * * *"}}\n'
    (tmp_path / "feeds.yaml").write_text(with_digest.format(port=feed.port, query="Ukraine") + digests)
    monitor("poll", "--all", cwd=tmp_path)
    feed.body = rss(item(2), item(1))
    monitor("poll", "--all", cwd=tmp_path)

    with running(tmp_path, feed) as manager:
        logged = manager.logged()

    assert "digest=morning alerts=1" in logged


def test_questions_are_answered_while_the_daemon_runs(tmp_path: Path, feed: Feed) -> None:
    with running(tmp_path, feed):
        feed.wait_for_requests(2)

        asked = monitor("sql", "SELECT count(*) AS n FROM articles", "--json", cwd=tmp_path)
        second = monitor("poll", "--all", cwd=tmp_path)

    assert asked.json() == [{"n": 1}]
    assert second.status == 75


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
