"""Searching: the language of the rules, newest first or best first, counted by what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic
from typing import Any

from monitor.archive import SearchRow
from monitor.archive.browsed import BrowsedArchive
from monitor.errors import RuleError
from monitor.model import Match
from monitor.search import Hit, best, facets, hit_of, search
from monitor.web.site import LONGEST_QUERY, Ask, BadRequest, Site

SPANS: Mapping[str, timedelta | None] = {
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "365d": timedelta(days=365),
    "all": None,
}
PAGE = 20
LAST_PAGE = 50
SECONDS = 4.0  # that a search may look for more


class Within:
    """What a search finds until its time is over; `back_to` then says how far back it had come, and is None before."""

    def __init__(self, seconds: float | None) -> None:
        self._over = None if seconds is None else monotonic() + seconds
        self.back_to: datetime | None = None

    def reached(self, at: datetime) -> None:
        """The search has come to an article first seen then. Raises _Over when it is to stop."""
        if self._over is not None and monotonic() > self._over:
            self.back_to = at
            raise _Over

    def until_over(self, found: Iterator[tuple[SearchRow, Match]]) -> Iterator[tuple[SearchRow, Match]]:
        """What is found, up to then."""
        with suppress(_Over):
            yield from found


class _Over(Exception):
    """Time is up."""


def find(site: Site, ask: Ask) -> Mapping[str, Any]:
    """What is found, a page of it."""
    query = ask.given.get("q", "")
    page = min(ask.number("page", 1) or 1, LAST_PAGE)
    chosen, _ = ask.one_of("span", SPANS, "all")
    counted = bool(ask.given.get("counts"))
    shown: dict[str, Any] = {
        "q": query,
        "span": chosen,
        "spans": list(SPANS),
        "lang": ask.given.get("lang", ""),
        "feed": ask.given.get("feed", ""),
        "best": bool(ask.given.get("best")),
        "page": page,
        "hits": [],
        "more": False,
        "facets": None,
        "back_to": None,
        "error": "",
    }
    if not query:
        return shown
    with site.reading() as archive:
        try:
            clock = Within(SECONDS)
            found = clock.until_over(searched(site, ask, archive, clock))
            hits: list[Hit] = []
            if counted:
                shown["facets"] = facets(archive, found)
            elif shown["best"]:
                ranked = best(found)
                hits = [hit_of(row, match) for row, match in ranked[(page - 1) * PAGE : page * PAGE]]
                shown["more"] = len(ranked) > page * PAGE
            else:
                hits = [hit_of(row, match) for row, match in islice(found, (page - 1) * PAGE, page * PAGE + 1)]
                shown["more"] = len(hits) > PAGE
            shown["back_to"] = clock.back_to
            shown["hits"] = hits[:PAGE]
            shown["titles"] = archive.feed_titles({hit.feed for hit in hits})
        except RuleError as error:
            shown["error"] = str(error)
    return shown


def searched(site: Site, ask: Ask, archive: BrowsedArchive, clock: Within) -> Iterator[tuple[SearchRow, Match]]:
    """What a request's query finds, newest first. Raises RuleError, BadRequest."""
    query = ask.given.get("q", "")
    if len(query) > LONGEST_QUERY:
        raise BadRequest(ask.words("web_too_long", n=LONGEST_QUERY))
    config = site.config
    _, span = ask.one_of("span", SPANS, "all")
    return search(
        archive,
        query,
        aliases=config.aliases if config else {},
        feeds=site.feeds,
        since=ask.now - span if span else None,
        feed=ask.given.get("feed") or None,
        language=ask.given.get("lang") or None,
        rule=ask.given.get("rule") or None,
        reached=clock.reached,
    )
