"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/) in the shape feedparser gives the XML formats.

So `parse` has one way from a document to entries, whatever it was written in.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from monitor.model import NotAFeed

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/(1(?:\.1)?)/?", re.IGNORECASE)
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN_ITEMS = re.compile(r"[\s,]*")


class _Digits(str):
    """A number as it was written: an id is an id, and Python refuses to read numbers of 4,301 digits."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_int=_Digits, parse_float=_Digits, parse_constant=lambda _name: None)


def read(text: str) -> tuple[dict[str, Any], str | None] | NotAFeed:
    """The document as feedparser would give it, and why it is known to be cut off (None: it is whole).

    Of a document that is cut off, the complete items are read.
    """
    truncated = None
    try:
        found = _DECODER.decode(text)
    except RecursionError:
        return NotAFeed(detail="JSON nested too deeply to be a feed. Check the feed's address.")
    except ValueError as error:
        found = _complete_part(text)
        if found is None:
            return NotAFeed(detail=f"looks like JSON but cannot be read: {error}. Check the feed's address.")
        truncated = f"its JSON ends too early: {error}"
    version = _VERSION.fullmatch(found["version"].strip()) if _is_text(found, "version") else None
    if version is None or not isinstance(found.get("items"), list):
        return NotAFeed(
            detail="JSON, but no JSON Feed: it lacks a version of jsonfeed.org or its items. Check the feed's address."
        )
    language = _text(found, "language")
    authors = _authors(found)
    return {
        "version": "json11" if version[1] == "1.1" else "json1",
        "feed": {"title": _text(found, "title"), "link": _text(found, "home_page_url"), "language": language},
        "entries": [_entry(item, authors) for item in found["items"] if isinstance(item, dict)],
    }, truncated


def _complete_part(text: str) -> Any:
    """What stands before the items and the items that are complete; None when it breaks off, or is no JSON, before."""
    items_begin = _ITEMS.search(text)
    if items_begin is None:
        return None
    try:
        found = _DECODER.decode(text[: items_begin.start()].rstrip().removesuffix(",") + "}")
    except (ValueError, RecursionError):
        return None
    items, position = [], items_begin.end()
    while True:
        position = _end_of(_BETWEEN_ITEMS, text, position)
        try:
            item, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        items.append(item)
    return found | {"items": items}


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _entry(item: dict[str, Any], feed_authors: list[dict[str, str]]) -> dict[str, Any]:
    contents = [("text/html", _text(item, "content_html")), ("text/plain", _text(item, "content_text"))]
    tags = item.get("tags")
    published, updated = _text(item, "date_published"), _text(item, "date_modified")
    return {
        "id": item.get("id"),
        "title": _text(item, "title") or "",
        "links": [{"rel": "alternate", "href": _text(item, "url") or _text(item, "external_url") or ""}],
        "content": [{"type": kind, "value": value} for kind, value in contents if value],
        "summary": _text(item, "summary") or "",
        "summary_detail": {"type": "text/plain"},
        "authors": _authors(item) or feed_authors,
        "tags": [{"term": tag} for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        "language": _text(item, "language"),
        "published": published,
        "published_parsed": _instant(published),
        "updated": updated,
        "updated_parsed": _instant(updated),
    }


def _is_text(found: Any, key: str) -> bool:
    return isinstance(found, dict) and type(found.get(key)) is str


def _text(found: dict[str, Any], key: str) -> str | None:
    return found[key] if _is_text(found, key) else None


def _authors(found: dict[str, Any]) -> list[dict[str, str]]:
    """Version 1.1 has a list, 1.0 one author; both are read in both."""
    listed = found.get("authors")
    authors = [*(listed if isinstance(listed, list) else []), found.get("author")]
    return [{"name": author["name"]} for author in authors if _is_text(author, "name")]


def _instant(written: str | None) -> tuple[int, ...] | None:
    """An RFC 3339 instant as a UTC time tuple, as feedparser has it; None when it cannot be read."""
    try:
        instant = datetime.fromisoformat((written or "").strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).utctimetuple()
    except (ValueError, OverflowError):
        return None
