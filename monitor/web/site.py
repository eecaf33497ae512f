"""What all pages share: the configuration as it is now, the reader's language, the archive for as long as a page takes.

A page is made by a plain function on a thread of its own: only so many at once, each with so much time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, unquote

import structlog

from monitor.archive.browsed import BrowsedArchive, browse
from monitor.config import Config, load
from monitor.errors import ConfigError
from monitor.model import FeedSpec, RuleSpec
from monitor.render import LANGUAGES
from monitor.render.words import Words

PAGE_SECONDS = 10.0
PAGES_AT_ONCE = 4
LONGEST_QUERY = 2_000  # characters of a query in the rule language
LANGUAGE_COOKIE = "monitor-language"

R = TypeVar("R")
log = structlog.get_logger()


class Request(Protocol):
    """A request as Datasette gives it to a view, as far as we look at it."""

    url_vars: Mapping[str, str]
    headers: Mapping[str, str]
    scope: Mapping[str, Any]

    @property
    def query_string(self) -> str: ...


class NotFound(Exception):
    """There is nothing under this address; the message says what is not there."""


class BadRequest(Exception):
    """What was asked for cannot be; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, taken apart: what a page is made from."""

    words: Words
    now: datetime
    named: Mapping[str, str]  # the parts of the address, decoded
    given: Mapping[str, str]  # the parameters; of one that is repeated the first

    def number(self, name: str, default: int | None = None) -> int | None:
        """A parameter that is a whole number. Raises BadRequest for one that is none."""
        value = self.given.get(name, "")
        if not value:
            return default
        if not re.fullmatch(r"\d{1,18}", value, re.ASCII):
            raise BadRequest(self.words("web_no_number", name=name))
        return int(value)

    def one_of(self, name: str, values: Mapping[str, R], default: str) -> tuple[str, R]:
        """A parameter that names one of these, with what it names; any other value is the default."""
        chosen = self.given.get(name, default)
        if chosen not in values:
            chosen = default
        return chosen, values[chosen]


class Site:
    """What all pages share."""

    def __init__(
        self,
        *,
        archive: str,
        settings: Path | None,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        self.archive = archive
        self._settings = settings  # None: there is no file
        self._environ = environ
        self._clock = clock
        self._stamp = _stamp(settings)
        self._config = self._load()
        self._threads = ThreadPoolExecutor(PAGES_AT_ONCE, thread_name_prefix="page")

    def _load(self) -> Config | None:
        return load(self._settings, environ=self._environ, archive=self.archive) if self._settings else None

    @property
    def config(self) -> Config | None:
        """The configuration as its file is now; while that has a mistake, as it was before. None: there is no file."""
        stamp = _stamp(self._settings)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._config = self._load()
            except ConfigError as error:
                log.warning("configuration_kept", why=str(error))
        return self._config

    @property
    def rules(self) -> Mapping[str, RuleSpec]:
        """The rules in force, by name."""
        config = self.config
        return {rule.name: rule for rule in config.rules} if config else {}

    @property
    def feeds(self) -> Mapping[str, FeedSpec]:
        """The feeds of the configuration, by key."""
        config = self.config
        return {feed.key: feed for feed in config.feeds} if config else {}

    def words(self, request: Request | None) -> Words:
        """What we say to the reader: in the language of the cookie, else of the browser, else in English."""
        config = self.config
        return Words(_language(request.headers if request else {}), config.timezone if config else "UTC")

    def ask(self, request: Request) -> Ask:
        """A request, taken apart. Raises BadRequest."""
        given = parse_qs(request.query_string, keep_blank_values=True, max_num_fields=50)
        return Ask(
            words=self.words(request),
            now=self._clock(),
            named={name: unquote(value) for name, value in request.url_vars.items() if value is not None},
            given={name: values[0].strip() for name, values in given.items()},
        )

    @contextmanager
    def reading(self) -> Iterator[BrowsedArchive]:
        """The archive, for one page."""
        with browse(self.archive, seconds=PAGE_SECONDS) as archive:
            yield archive

    async def run(self, call: Callable[..., R], *args: Any) -> R:
        """Makes a page on a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *args))

    def close(self) -> None:
        """Waits for the pages under way."""
        self._threads.shutdown()


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        stat = path.stat() if path else None
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size) if stat else None


def _language(headers: Mapping[str, str]) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(LANGUAGE_COOKIE)
    except CookieError:
        cookie = None
    if cookie is not None and cookie.value in LANGUAGES:
        return cookie.value
    accepted: list[tuple[float, str]] = []
    for part in headers.get("accept-language", "").split(",")[:20]:
        tag, _, weight = part.strip().partition(";")
        found = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)", weight) if weight else None
        accepted.append((-float(found[1]) if found else -1.0, tag.partition("-")[0].lower()))
    return next((tag for _, tag in sorted(accepted, key=lambda each: each[0]) if tag in LANGUAGES), "en")
