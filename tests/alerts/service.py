"""What surrounds a real daemon: a feed of numbered items and a mail server, both on threads of this process.

with Newsfeed() as feed, Post() as post:
    (folder / "feeds.yaml").write_text(settings(feed, post))
"""

from __future__ import annotations

import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.alerts.house import words
from tests.mails import body
from tests.rss import item, rss

PATIENCE = 60.0  # seconds until a test gives up; nothing waits for as long unless it is broken


class Newsfeed:
    """A feed of numbered items with an ETag; item 0 is there from the start."""

    def __init__(self) -> None:
        self.count = 1
        self.asked: list[str | None] = []  # If-None-Match of each request
        self.answered = threading.Condition()
        self.before_answer: Callable[[], None] | None = None
        self.after_answer: Callable[[], None] | None = None
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if feed.before_answer:
                    feed.before_answer()
                count = feed.count
                etag, given = f'"{count}"', self.headers.get("If-None-Match")
                body = rss(
                    *(
                        item(n, title=f"Item {n} on Ukraine", link=f"http://numbers.example/{n}", description=words(n))
                        for n in reversed(range(max(count - 300, 0), count))
                    )
                )
                self.send_response(304 if given == etag else 200)
                self.send_header("ETag", etag)
                if given != etag:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if given != etag:
                    self.wfile.write(body)
                    self.wfile.flush()
                with feed.answered:
                    feed.asked.append(given)
                    feed.answered.notify_all()
                if feed.after_answer:
                    feed.after_answer()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def publish(self, items: int = 1) -> None:
        """Adds items."""
        self.count += items

    def wait_for_polls(self, more: int) -> None:
        """Until so many further requests were answered."""
        with self.answered:
            wanted = len(self.asked) + more
            assert self.answered.wait_for(lambda: len(self.asked) >= wanted, PATIENCE), "the daemon did not poll"


class Post:
    """A mail server that keeps what it takes, by item: (Message-ID, bytes) of each copy."""

    def __init__(self) -> None:
        self.items: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        self.on_data: Callable[[], None] | None = None  # called with a message in its hands, before it answers
        self._taken = threading.Condition()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        if self.on_data:
            self.on_data()
        numbers = {int(n) for n in re.findall(r"http://numbers\.example/(\d+)", body(content, "plain"))}
        with self._taken:
            for number in numbers:
                self.items[number].append((message_from_bytes(content)["Message-ID"], content))
            self._taken.notify_all()
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def wait_for(self, item: int) -> None:
        """Until a message told of an item."""
        with self._taken:
            assert self._taken.wait_for(lambda: item in self.items, PATIENCE), f"no message told of item {item}"


def settings(feed: Newsfeed, post: Post) -> str:
    """feeds.yaml of a daemon between the two."""
    return (
        "monitor: {contact: desk@example.org, host_delay: 0s, workers: 1}\n"
        f"feeds: [{{key: numbers, url: 'http://127.0.0.1:{feed.port}/', every: 1s,"
        f" allow_private: ['127.0.0.1:{feed.port}']}}]\n"
        "rules: [{name: ukraine, query: Ukraine, channels: [desk], group_wait: 0s, burst: 0}]\n"
        "channels: {desk: {kind: email, to: [desk@example.org]}}\n"
        f"smtp: {{host: 127.0.0.1, port: {post.port}}}\n"
    )
