"""A newsroom on this machine: ten feeds of nine invented papers on loopback, with new articles as time passes.

    python examples/newsroom.py [PORT]      serves the feeds and publishes in real time, until Ctrl-C

The articles lie in `newsroom/`, one file a feed; nothing in them is real. Each item has an `at`: how many seconds after
the newsroom opened it is published (0: it was there before), and `alerts`: the rules of the demonstration that must
alert on it. The server behaves as a good publisher's does: an ETag that follows the bytes, Last-Modified, and a 304 to
whoever has the document already (RFC 9110 §13). Standard library only.
"""

from __future__ import annotations

import html
import json
import sys
import threading
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

ARTICLES = Path(__file__).parent / "newsroom"

_SUFFIXES = {"rss": "xml", "atom": "atom", "json": "json"}
_CONTENT_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json",
}
_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_CREATOR = "http://purl.org/dc/elements/1.1/"
for _prefix, _namespace in (("atom", _ATOM), ("content", _CONTENT), ("dc", _CREATOR)):
    ElementTree.register_namespace(_prefix, _namespace)


# ── what there is to publish ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an item says from a moment on."""

    at: float  # seconds after the newsroom opened
    title: str
    html: str
    alerts: tuple[str, ...]  # rules of the demonstration that alert on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a feed: first published with its first version, corrected by each later one."""

    id: str
    link: str
    author: str | None
    categories: tuple[str, ...]
    age: timedelta | None  # how old it was when the newsroom opened; None: the feed gives no date
    versions: tuple[Version, ...]  # earliest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One feed."""

    key: str
    title: str
    home: str
    language: str
    format: str  # rss, atom, json
    encoding: str
    summary_only: bool  # RSS: the text stands in <description>, there is no <content:encoded>
    items: tuple[Item, ...]

    @property
    def path(self) -> str:
        """Where the newsroom serves it."""
        return f"/{self.key}.{_SUFFIXES[self.format]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Something that has just appeared in a feed."""

    outlet: Outlet
    item: Item
    version: Version

    @property
    def is_correction(self) -> bool:
        """Whether the item was there before and now says something else."""
        return self.version is not self.item.versions[0]


def load(folder: Path = ARTICLES) -> tuple[Outlet, ...]:
    """Every feed of the folder, by name."""
    return tuple(_outlet(path.stem, tomllib.loads(path.read_text())) for path in sorted(folder.glob("*.toml")))


def _outlet(key: str, written: Mapping[str, Any]) -> Outlet:
    return Outlet(
        key=key,
        title=written["title"],
        home=written["home"],
        language=written["language"],
        format=written["format"],
        encoding=written.get("encoding", "utf-8"),
        summary_only=written.get("summary_only", False),
        items=tuple(map(_item, written["item"])),
    )


def _item(written: Mapping[str, Any]) -> Item:
    minutes = written.get("minutes_ago")
    return Item(
        id=written["id"],
        link=written["link"],
        author=written.get("author"),
        categories=tuple(written.get("categories", ())),
        age=None if minutes is None else timedelta(minutes=minutes),
        versions=tuple(
            Version(
                at=float(each.get("at", 0)),
                title=each["title"],
                html=each["html"].strip(),
                alerts=tuple(each.get("alerts", ())),
            )
            for each in (written, *written.get("edit", ()))
        ),
    )


# ── the newsroom ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Newsroom:
    """Feeds over HTTP, and a clock of its own that only moves when it is told to.

        with Newsroom() as newsroom:
            fetch(newsroom.url("courrier"))
            newsroom.publish_until(8)

    `now` gives the instants that dates are counted from; the newsroom opens when it is made.
    """

    def __init__(
        self,
        outlets: Iterable[Outlet] | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        port: int = 0,
    ) -> None:
        self.outlets = {outlet.key: outlet for outlet in (load() if outlets is None else outlets)}
        self.opened_at = now()
        self.clock = 0.0  # seconds on the newsroom's own clock; all that is due by then is published
        self.answers: Counter[int] = Counter()  # HTTP status → how often it was given
        self._now = now
        self._changed_at = dict.fromkeys(self.outlets, self.opened_at)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="newsroom", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where it listens, as `127.0.0.1:port`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, key: str) -> str:
        """The address of a feed."""
        return f"http://{self.address}{self.outlets[key].path}"

    def schedule(self) -> tuple[float, ...]:
        """The moments at which something is published, after the newsroom has opened."""
        return tuple(sorted({published.version.at for published in self._everything() if published.version.at > 0}))

    def publish_until(self, seconds: float) -> tuple[Published, ...]:
        """Moves the newsroom's clock forward and publishes what is due by then; gives that, in order of its time."""
        with self._lock:
            due = [each for each in self._everything() if self.clock < each.version.at <= seconds]
            for published in due:
                self._changed_at[published.outlet.key] = self._now()
            self.clock = max(self.clock, seconds)
        return tuple(sorted(due, key=lambda published: published.version.at))

    def advance(self) -> tuple[Published, ...]:
        """Publishes what is next on the schedule; nothing when all is out."""
        ahead = [at for at in self.schedule() if at > self.clock]
        return self.publish_until(ahead[0]) if ahead else ()

    def published(self) -> tuple[Published, ...]:
        """All that has been published so far, corrections included."""
        return tuple(each for each in self._everything() if each.version.at <= self.clock)

    def document(self, key: str) -> tuple[bytes, datetime]:
        """A feed as it is now, newest item first, and when it last changed."""
        with self._lock:
            outlet = self.outlets[key]
            current = [
                (item, [version for version in item.versions if version.at <= self.clock][-1])
                for item in outlet.items
                if item.versions[0].at <= self.clock
            ]
            current.sort(key=lambda pair: pair[1].at, reverse=True)
            write = {"rss": self._rss, "atom": self._atom, "json": self._json}[outlet.format]
            return write(outlet, current), self._changed_at[key]

    def _everything(self) -> Iterator[Published]:
        for outlet in self.outlets.values():
            for item in outlet.items:
                for version in item.versions:
                    yield Published(outlet=outlet, item=item, version=version)

    def _date(self, item: Item) -> datetime | None:
        return None if item.age is None else self.opened_at - item.age

    # ── the three formats ────────────────────────────────────────────────────────────────────────────────────────────

    def _rss(self, outlet: Outlet, current: list[tuple[Item, Version]]) -> bytes:
        rss = ElementTree.Element("rss", version="2.0")
        channel = ElementTree.SubElement(rss, "channel")
        _add(channel, "title", outlet.title)
        _add(channel, "link", outlet.home)
        _add(channel, "description", outlet.title)
        _add(channel, "language", outlet.language)
        for item, version in current:
            entry = ElementTree.SubElement(channel, "item")
            _add(entry, "title", version.title)
            _add(entry, "link", item.link)
            _add(entry, "guid", item.id, isPermaLink="true" if item.id == item.link else "false")
            if (date := self._date(item)) is not None:
                _add(entry, "pubDate", format_datetime(date))
            if item.author:
                _add(entry, f"{{{_CREATOR}}}creator", item.author)
            for category in item.categories:
                _add(entry, "category", category)
            if outlet.summary_only:
                _add(entry, "description", version.html)
            else:
                _add(entry, "description", version.html.partition("</p>")[0] + "</p>")
                _add(entry, f"{{{_CONTENT}}}encoded", version.html)
        return _xml(rss, outlet.encoding)

    def _atom(self, outlet: Outlet, current: list[tuple[Item, Version]]) -> bytes:
        feed = ElementTree.Element(f"{{{_ATOM}}}feed", {"xml:lang": outlet.language})
        _add(feed, f"{{{_ATOM}}}id", outlet.home)
        _add(feed, f"{{{_ATOM}}}title", outlet.title)
        _add(feed, f"{{{_ATOM}}}link", None, href=outlet.home)
        _add(feed, f"{{{_ATOM}}}updated", f"{self._changed_at[outlet.key]:%Y-%m-%dT%H:%M:%SZ}")
        for item, version in current:
            entry = ElementTree.SubElement(feed, f"{{{_ATOM}}}entry")
            _add(entry, f"{{{_ATOM}}}id", item.id)
            _add(entry, f"{{{_ATOM}}}title", version.title)
            _add(entry, f"{{{_ATOM}}}link", None, href=item.link, rel="alternate")
            date = self._date(item) or self.opened_at
            _add(entry, f"{{{_ATOM}}}published", f"{date:%Y-%m-%dT%H:%M:%SZ}")
            corrected = self._changed_at[outlet.key] if version is not item.versions[0] else date
            _add(entry, f"{{{_ATOM}}}updated", f"{corrected:%Y-%m-%dT%H:%M:%SZ}")
            author = ElementTree.SubElement(entry, f"{{{_ATOM}}}author")
            _add(author, f"{{{_ATOM}}}name", item.author or outlet.title)
            for category in item.categories:
                _add(entry, f"{{{_ATOM}}}category", None, term=category)
            _add(entry, f"{{{_ATOM}}}content", version.html, type="html")
        return _xml(feed, outlet.encoding)

    def _json(self, outlet: Outlet, current: list[tuple[Item, Version]]) -> bytes:
        items = []
        for item, version in current:
            entry: dict[str, object] = {
                "id": item.id,
                "url": item.link,
                "title": html.unescape(version.title),
                "content_html": version.html,
                "tags": item.categories,
            }
            if (date := self._date(item)) is not None:
                entry["date_published"] = date.isoformat(timespec="seconds")
            if item.author:
                entry["authors"] = [{"name": item.author}]
            items.append(entry)
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": outlet.title,
            "home_page_url": outlet.home,
            "language": outlet.language,
            "items": items,
        }
        return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _add(parent: ElementTree.Element, tag: str, text: str | None, **attributes: str) -> None:
    ElementTree.SubElement(parent, tag, attributes).text = text


def _xml(root: ElementTree.Element, encoding: str) -> bytes:
    """The document in its encoding; characters that encoding lacks become references."""
    written: bytes = ElementTree.tostring(root, encoding=encoding, xml_declaration=True)
    return written


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Server(ThreadingHTTPServer):
    """One thread a connection; none keeps the program alive."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that goes away in the middle of an answer is not worth a word."""


def _handler(newsroom: Newsroom) -> type[BaseHTTPRequestHandler]:
    feeds = {outlet.path: key for key, outlet in newsroom.outlets.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/":
                self._answer(200, _front_page(newsroom), {"Content-Type": "text/html; charset=utf-8"})
            elif self.path in feeds:
                self._answer_feed(feeds[self.path])
            else:
                self._answer(404, b"no such feed\n", {"Content-Type": "text/plain; charset=utf-8"})

        def _answer_feed(self, key: str) -> None:
            body, changed_at = newsroom.document(key)
            etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
            validators = {"ETag": etag, "Last-Modified": format_datetime(changed_at.astimezone(UTC), usegmt=True)}
            if _has_it(self.headers, etag, changed_at):
                self._answer(304, None, validators)
                return
            outlet = newsroom.outlets[key]
            content_type = _CONTENT_TYPES[outlet.format]
            if outlet.format == "rss":
                content_type = f"{content_type}; charset={outlet.encoding}"
            self._answer(200, body, validators | {"Content-Type": content_type})

        def _answer(self, status: int, body: bytes | None, headers: Mapping[str, str]) -> None:
            newsroom.answers[status] += 1
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if body is not None:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if body is not None:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: who reads the feeds says so itself."""

    return Handler


def _has_it(headers: Any, etag: str, changed_at: datetime) -> bool:
    """Whether a conditional request names the document as it is. If-None-Match alone decides when it is there
    (RFC 9110 §13.2.2)."""
    if (known := headers.get("If-None-Match")) is not None:
        return known.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in known.split(","))
    if (since := headers.get("If-Modified-Since")) is not None:
        try:
            return changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (ValueError, TypeError):  # not a date, or one without its zone: the condition does not count
            return False
    return False


def _front_page(newsroom: Newsroom) -> bytes:
    rows = "".join(
        f'<li><a href="{outlet.path}">{html.escape(outlet.title)}</a> ({outlet.language}, {outlet.format})</li>'
        for outlet in newsroom.outlets.values()
    )
    return f"<!doctype html><meta charset=utf-8><title>Newsroom</title><h1>Newsroom</h1><ul>{rows}</ul>\n".encode()


def main() -> None:
    """Serves the feeds and publishes in real time, until Ctrl-C."""
    with Newsroom(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0) as newsroom:
        print(f"the newsroom is open: http://{newsroom.address}/ (Ctrl-C closes it)", flush=True)
        started = time.monotonic()
        try:
            while True:
                for published in newsroom.publish_until(time.monotonic() - started):
                    what = "corrects" if published.is_correction else "publishes"
                    print(f"{published.outlet.title} {what}: {html.unescape(published.version.title)}", flush=True)
                time.sleep(0.2)
        except KeyboardInterrupt:
            print("the newsroom is closed")


if __name__ == "__main__":
    main()
