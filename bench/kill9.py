"""Kill the daemon at random moments, start it again, and count: no alert may be missing, no repeat may differ.

    python bench/kill9.py [--rounds 50] [--seed 1]

A feed of numbered items grows while the daemon polls it; every item matches the rule, and what came with one poll
goes in one mail. Mails go by SMTP to a sink in this process. After each kill -9 the archive must pass SQLite's
integrity check and FTS5's comparison of index and content. At the end the daemon runs until the outbox is empty; then
every item published since the first poll must have reached the sink, in one message and no other, and a message that
came twice must have come as the same bytes under the same Message-ID.

Prints one line a round and a summary; exit status 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from measure import free_port

WINDOW = 400  # items the feed shows at once; far more than come in between two polls
PRIMING = 5  # items that are there before the first poll, and so must not alert


class NumberedFeed:
    """A feed whose items are numbered; `publish` adds the next ones."""

    def __init__(self) -> None:
        self.count = PRIMING
        self.asked = threading.Event()
        feed = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                feed.asked.set()
                count = feed.count
                etag = f'"{count}"'
                if self.headers.get("If-None-Match") == etag:
                    self.send_response(304)
                    self.send_header("ETag", etag)
                    self.end_headers()
                    return
                body = feed.document(count)
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self, count: int) -> bytes:
        """The newest WINDOW items as RSS."""
        items = "".join(
            f"<item><title>Item {n} on Ukraine</title><guid isPermaLink='false'>item-{n}</guid>"
            f"<link>http://numbers.example/{n}</link>"
            f"<description>{' '.join(f'w{n * 31 + i * i}' for i in range(60))} in Ukraine.</description></item>"
            for n in range(count - 1, max(count - WINDOW, 0) - 1, -1)
        )
        return f"<rss version='2.0'><channel><title>Numbers</title>{items}</channel></rss>".encode()


class Sink:
    """An SMTP server that keeps what it accepts, by item."""

    def __init__(self) -> None:
        self.messages: dict[int, list[tuple[str, bytes]]] = defaultdict(list)

    # aiosmtpd calls its hooks by the command's name.
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        message = message_from_bytes(content)
        for number in items_of(message):
            self.messages[number].append((message["Message-ID"], content))
        return "250 OK"


def items_of(message: Message) -> set[int]:
    """The items that a mail tells of."""
    (text,) = (part for part in message.walk() if part.get_content_type() == "text/plain")
    body = text.get_payload(decode=True)
    assert isinstance(body, bytes)
    return {int(number) for number in re.findall(rb"http://numbers\.example/(\d+)", body)}


def configuration(feed: int, smtp: int) -> str:
    """feeds.yaml of the trial."""
    return (
        "monitor: {contact: desk@example.org, host_delay: 0s, workers: 1}\n"
        f"feeds: [{{key: numbers, url: 'http://127.0.0.1:{feed}/', every: 1s, allow_private: ['127.0.0.1:{feed}']}}]\n"
        "rules: [{name: ukraine, query: Ukraine, channels: [desk], group_wait: 0s, burst: 0}]\n"
        "channels: {desk: {kind: email, to: [desk@example.org]}}\n"
        f"smtp: {{host: 127.0.0.1, port: {smtp}, security: none}}\n"
    )


def start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """The real daemon."""
    with log.open("ab") as out:
        return subprocess.Popen([sys.executable, "-m", "monitor", "run"], cwd=folder, stdout=out, stderr=out)


def check_archive(folder: Path) -> list[str]:
    """What is wrong with the archive as the kill left it; looked at in a copy."""
    if not (folder / "db" / "archive.db").exists():
        return []
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "db", copy)
    connection = sqlite3.connect(copy / "archive.db")
    wrong = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    wrong += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    try:
        connection.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        wrong.append(f"FTS: {error}")
    connection.close()
    return wrong


def outbox_left(folder: Path) -> int:
    """Messages not sent yet."""
    connection = sqlite3.connect(f"file:{folder}/db/archive.db?mode=ro", uri=True)
    left = connection.execute("SELECT count(*) FROM deliveries WHERE state != 'sent'").fetchone()[0]
    connection.close()
    return int(left)


def verdict(feed: NumberedFeed, sink: Sink) -> list[str]:
    """The promises that were broken."""
    expected = set(range(PRIMING, feed.count))
    missing = sorted(expected - set(sink.messages))
    unexpected = sorted(set(sink.messages) - expected)
    differing = sorted(number for number, copies in sink.messages.items() if len(set(copies)) > 1)
    return [
        f"{what}: items {numbers}"
        for what, numbers in (
            ("alerts missing", missing),
            ("alerts nobody asked for", unexpected),
            ("repeats that differ", differing),
        )
        if numbers
    ]


def main() -> int:
    """The trial."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    feed, sink = NumberedFeed(), Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "feeds.yaml").write_text(configuration(feed.port, controller.port))
        log = folder / "log"
        subprocess.run(
            [sys.executable, "-m", "monitor", "-q", "poll", "--all"], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        for number in range(1, options.rounds + 1):
            feed.asked.clear()
            daemon = start(folder, log)
            if number % 3:  # of three daemons one may die before it has done anything
                feed.asked.wait(30)
                feed.count += 1
            deadline = time.monotonic() + chance.uniform(0.1, 2.5)
            while time.monotonic() < deadline and daemon.poll() is None:
                feed.count += chance.randint(0, 4)
                time.sleep(chance.uniform(0.02, 0.2))
            if daemon.poll() is not None:
                broken.append(f"round {number}: the daemon ended by itself with {daemon.returncode}")
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
            wrong = check_archive(folder)
            broken += [f"round {number}: {each}" for each in wrong]
            print(f"round {number:3}: {feed.count} items, {len(sink.messages)} alerts arrived, {wrong or 'archive ok'}")
        daemon = start(folder, log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (len(sink.messages) < feed.count - PRIMING or outbox_left(folder)):
            time.sleep(0.2)
        daemon.terminate()
        if (status := daemon.wait(30)) != 0:
            broken.append(f"the daemon ended with {status} on SIGTERM")
        broken += verdict(feed, sink) + check_archive(folder)
        if broken:
            print(log.read_text()[-5000:], file=sys.stderr)
    controller.stop()
    repeats = sum(len(copies) - 1 for copies in sink.messages.values())
    print(
        f"{options.rounds} kills, {feed.count - PRIMING} alerts expected, {len(sink.messages)} came, {repeats} repeats"
    )
    print("\n".join(broken) if broken else "every promise held")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
