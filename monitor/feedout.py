"""Articles as a feed for others: RSS 2.0 (https://www.rssboard.org/rss-specification), Atom (RFC 4287), JSON Feed 1.1
(https://www.jsonfeed.org/version/1.1/). And names that are safe for files."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import blake2b
from xml.etree import ElementTree as ET

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
LONGEST_NAME = 160  # bytes; a file's name may have 255

_SAFE_LINK = re.compile("https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article, as a feed tells of it. Texts are plain."""

    id: str  # a URI that stays
    title: str
    link: str | None  # None: it has none, or none that people should follow
    summary: str
    text: str | None  # the whole text; None: it is not given
    published_at: datetime
    updated_at: datetime
    language: str | None  # BCP 47; None: undetermined
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    outlet: str  # who carries it


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is told."""

    id: str  # a URI that stays
    title: str
    home: str  # where people ask about it: a URL or mailto:
    updated_at: datetime
    entries: Sequence[Entry]


def rss(feed: Feed) -> bytes:
    """RSS 2.0, with Dublin Core for what it has no word for."""
    ET.register_namespace("dc", DC)
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.title)
    _add(channel, "lastBuildDate", format_datetime(feed.updated_at))
    _add(channel, "generator", "monitor")
    for entry in feed.entries:
        item = ET.SubElement(channel, "item")
        _add(item, "title", entry.title)
        if link := _followed(entry.link):
            _add(item, "link", link)
        _add(item, "guid", entry.id, isPermaLink="false")
        _add(item, "pubDate", format_datetime(entry.published_at))
        _add(item, "description", _as_html(entry.text if entry.text is not None else entry.summary))
        for author in entry.authors:
            _add(item, f"{{{DC}}}creator", author)
        _add(item, f"{{{DC}}}source", entry.outlet)
        if entry.language:
            _add(item, f"{{{DC}}}language", entry.language)
        for category in entry.categories:
            _add(item, "category", category)
    return _bytes(root)


def atom(feed: Feed) -> bytes:
    """Atom."""
    ET.register_namespace("", ATOM)
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, f"{{{ATOM}}}id", feed.id)
    _add(root, f"{{{ATOM}}}title", feed.title)
    _add(root, f"{{{ATOM}}}updated", _instant(feed.updated_at))
    _add(root, f"{{{ATOM}}}generator", "monitor")
    for entry in feed.entries:
        given = {"{http://www.w3.org/XML/1998/namespace}lang": entry.language} if entry.language else {}
        item = ET.SubElement(root, f"{{{ATOM}}}entry", given)
        _add(item, f"{{{ATOM}}}id", entry.id)
        _add(item, f"{{{ATOM}}}title", entry.title)
        if link := _followed(entry.link):
            ET.SubElement(item, f"{{{ATOM}}}link", href=link)
        _add(item, f"{{{ATOM}}}published", _instant(entry.published_at))
        _add(item, f"{{{ATOM}}}updated", _instant(entry.updated_at))
        for author in entry.authors or (entry.outlet,):
            _add(ET.SubElement(item, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", author)
        _add(item, f"{{{ATOM}}}summary", entry.summary)
        if entry.text is not None:
            _add(item, f"{{{ATOM}}}content", entry.text, type="text")
        for category in entry.categories:
            ET.SubElement(item, f"{{{ATOM}}}category", term=category)
        _add(ET.SubElement(item, f"{{{ATOM}}}source"), f"{{{ATOM}}}title", entry.outlet)
    return _bytes(root)


def json_feed(feed: Feed) -> bytes:
    """JSON Feed; what it has no word for is in `_monitor`."""
    items = []
    for entry in feed.entries:
        item: dict[str, object] = {
            "id": entry.id,
            "title": entry.title,
            "content_text": entry.text if entry.text is not None else entry.summary,
            "summary": entry.summary,
            "date_published": _instant(entry.published_at),
            "date_modified": _instant(entry.updated_at),
            "authors": [{"name": author} for author in entry.authors],
            "tags": list(entry.categories),
            "_monitor": {"outlet": entry.outlet},
        }
        if link := _followed(entry.link):
            item["url"] = link
        if entry.language:
            item["language"] = entry.language
        items.append(item)
    document = {"version": "https://jsonfeed.org/version/1.1", "title": feed.title, "items": items}
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def file_name(name: str, suffix: str) -> str:
    """A name for a file, of letters, digits, `-` and `_` only, that no other name has: what was changed is hashed."""
    plain = re.sub(r"[^\w-]+", "-", unicodedata.normalize("NFC", name)).strip("-_")
    kept = plain.encode(errors="replace")[:LONGEST_NAME].decode(errors="ignore")
    if not kept or kept != name or kept.upper() in _RESERVED:
        kept = f"{kept or 'unnamed'}-{blake2b(name.encode(errors='replace'), digest_size=4).hexdigest()}"
    return f"{kept}.{suffix}"


# Names that Windows, where such a folder may be copied to, keeps for devices.
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}


def _followed(link: str | None) -> str | None:
    """A link that may be followed from a feed: no javascript:, no file:."""
    return link if link and _SAFE_LINK.match(link) else None


def _as_html(text: str) -> str:
    """Plain text as RSS readers take a description: as HTML, escaped."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"<p>{line}</p>" for line in escaped.split("\n") if line)


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _add(parent: ET.Element, tag: str, text: str, **given: str) -> None:
    ET.SubElement(parent, tag, given).text = text


def _bytes(root: ET.Element) -> bytes:
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"
