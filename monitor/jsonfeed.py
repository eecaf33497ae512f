"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/) in the shape feedparser gives the XML formats.

So `parse` has one way from a document to entries, whatever it was written in. A value of the wrong type counts as
missing, except that ids, titles and tags may be numbers. Not looked at: `next_url` (older items, which we saw when
they were new), `hubs` (we poll), images and attachments (an article has none).
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, TypeGuard

from monitor.document import MAX_ENTRIES, too_many
from monitor.model import NotAFeed
from monitor.w3cdate import w3c_date

_VERSION = re.compile(r"https?://(?:www\.)?jsonfeed\.org/version/(1(?:\.1)?)/?", re.IGNORECASE)
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN_ITEMS = re.compile(r"[\s,]*")
_MOST_TRIES = 10


class _Digits(str):
    """A number as it was written: an id is an id, and Python refuses to read numbers of 4,301 digits."""

    __slots__ = ()


_DECODER = json.JSONDecoder(
    parse_int=_Digits,
    parse_float=_Digits,
    parse_constant=lambda _name: None,
    strict=False,  # bare line breaks and tabs in texts are common, and clear
)


def read(text: str) -> tuple[dict[str, Any], str | None, tuple[str, ...]] | NotAFeed:
    """The document as feedparser would give it, why it is known to be cut off (None: it is whole), what was wrong.

    Of a document that is cut off, the complete items are read; of more than 2,000 items the first.
    """
    truncated = None
    problems: tuple[str, ...] = ()
    try:
        found, end = _DECODER.raw_decode(text)
        if text[end:].strip():
            problems += ("text after the end of the document was ignored",)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        found = _complete_part(text)
        if found is None:
            return NotAFeed(detail=f"looks like JSON but cannot be read: {why}. Check the feed's address.")
        truncated = f"its JSON cannot be read to the end: {why}"
    version = _VERSION.fullmatch(found["version"].strip()) if _is_text(found, "version") else None
    if version is None or not isinstance(found.get("items"), list):
        return NotAFeed(
            detail="JSON, but no JSON Feed: it lacks a version of jsonfeed.org or its items. Check the feed's address."
        )
    if found.get("expired") is True:
        problems += ("the feed says that it has ended: nothing new will come",)
    items = [item for item in found["items"] if isinstance(item, dict)]
    if len(items) > MAX_ENTRIES:
        problems += (too_many(len(items)),)
    authors = _authors(found)
    feed = {
        "title": _text(found, "title"),
        "link": _text(found, "home_page_url"),
        "language": _text(found, "language"),
    }
    return (
        {
            "version": "json11" if version[1] == "1.1" else "json1",
            "feed": feed,
            "entries": [_entry(item, authors) for item in items[:MAX_ENTRIES]],
        },
        truncated,
        problems,
    )


def _complete_part(text: str) -> Any:
    """What stands before the items and the items that are complete; None when it breaks off, or is no JSON, before."""
    for items_begin in islice(_ITEMS.finditer(text), _MOST_TRIES):
        try:
            # Fails where these are the items of something else, inside an extension.
            found = _DECODER.decode(text[: items_begin.start()].rstrip().removesuffix(",") + "}")
        except (ValueError, RecursionError):
            continue
        return found | {"items": _complete_items(text, items_begin.end())}
    return None


def _complete_items(text: str, position: int) -> list[Any]:
    items: list[Any] = []
    while between := _BETWEEN_ITEMS.match(text, position):
        try:
            item, position = _DECODER.raw_decode(text, between.end())
        except (ValueError, RecursionError):
            break
        items.append(item)
    return items


def _entry(item: dict[str, Any], feed_authors: list[dict[str, str]]) -> dict[str, Any]:
    html, plain = _text(item, "content_html"), _text(item, "content_text")
    tags = item.get("tags")
    published, updated = w3c_date(_text(item, "date_published")), w3c_date(_text(item, "date_modified"))
    return {
        "id": _text_or_number(item, "id"),
        "title": _text_or_number(item, "title") or "",
        # A link blog's `external_url` is what it writes about; its own page goes first.
        "links": [{"rel": "alternate", "href": _text(item, "url") or _text(item, "external_url") or ""}],
        "content": [{"type": "text/html", "value": html} if html else {"type": "text/plain", "value": plain or ""}],
        "summary": _text(item, "summary") or "",
        "summary_detail": {"type": "text/plain"},
        "authors": _authors(item) or feed_authors,
        "tags": [{"term": tag} for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        "language": _text(item, "language"),
        "published_parsed": published and published.utctimetuple(),
        "updated_parsed": updated and updated.utctimetuple(),
    }


def _is_text(found: Any, key: str) -> TypeGuard[dict[str, Any]]:
    return isinstance(found, dict) and type(found.get(key)) is str


def _text(found: dict[str, Any], key: str) -> str | None:
    return found[key] if _is_text(found, key) else None


def _text_or_number(found: dict[str, Any], key: str) -> str | None:
    """Ids are often numbers, and a title may be "1984"."""
    value = found.get(key)
    return str(value) if isinstance(value, str) else None


def _authors(found: dict[str, Any]) -> list[dict[str, str]]:
    """The list of version 1.1, else the one author of 1.0; each is read in both versions."""
    listed = found.get("authors")
    for authors in (listed if isinstance(listed, list) else [], [found.get("author")]):
        named = [{"name": author["name"]} for author in authors if _is_text(author, "name")]
        if named:
            return named
    return []
