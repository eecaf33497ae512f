"""The web pages served on loopback, by a clock that stands, to a client that sees what a browser is sent."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

from monitor.cli.asking import instant_of
from monitor.web.app import listen, make_app, names_of, server_of
from monitor.web.site import Site
from tests.factories import later

CLOCK = later(hours=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def page(self) -> Page:
        """The body as a page."""
        page = Page()
        page.feed(self.text)
        page.close()
        return page


class Page(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [given["href"] or "" for tag, given in self.elements if tag == "a" and "href" in given]


class Client:
    """Asks the server of these pages."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, *, method: str = "GET", password: str | None = None, **headers: str) -> Answer:
        """What the server answers; a header's `_` is a `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if password is not None:
            given["Authorization"] = "Basic " + base64.b64encode(f"me:{password}".encode()).decode()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, quote(path, safe="/?&=%#+:*()'\",;@$!~"), headers=given)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@contextmanager
def served(
    archive: Path, settings: Path | None = None, *, clock: datetime = CLOCK, password: str | None = None
) -> Iterator[Client]:
    """Serves the pages of an archive."""
    site = Site(archive=str(archive), settings=settings, environ={}, clock=lambda: clock)
    app = make_app(site, hosts=names_of("127.0.0.1", ()), password=password, instant_of=instant_of)
    with listen("127.0.0.1", 0) as door:
        server = server_of(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield Client(door.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
            site.close()
