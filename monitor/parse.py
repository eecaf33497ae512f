"""Bytes → `ParsedFeed`: RSS, Atom, RDF, JSON Feed and news sitemaps in one shape, decoded and bounded.

Sole importer of feedparser.

Nothing is judged here: titles still hold markup, dates are as the feed gives them. What bounds the time feedparser may
take is done before it sees the text, in `document`; what is left runs in a worker process that can be killed.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser

from monitor import jsonfeed, sitemap
from monitor.document import FEED_ROOTS, SITEMAP_ROOTS, Document, decode, document
from monitor.inflate import BadBody, Inflater
from monitor.language import bcp47
from monitor.model import NotAFeed, Outcome, ParsedEntry, ParsedFeed
from monitor.text import digest, one_line, title_text
from monitor.urls import MAX_LINK, resolve

# Bytes of UTF-8.
MAX_TITLE = 1_024
MAX_NAME = 256  # an author, a category
MAX_GUID = 2_048
MAX_BODY = 1_048_576
MAX_NAMES = 64  # authors or categories of one entry
MAX_UNPACKED = 10_000_000  # bytes of a file that comes gzipped; as much as a body may have

_NETSCAPE = b'<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "rss-0.91.dtd">\n'


def parse(body: bytes, *, url: str, content_type: str | None) -> ParsedFeed | NotAFeed:
    """The feed in a response body that came from `url`, or what the body is instead. Raises nothing but MemoryError.

    `content_type` is the header's value. A feed that is not well-formed is read as far as it goes, a cut off one up to
    its last complete entry.
    """
    try:
        return _parse(body, url, content_type)
    except MemoryError:
        raise  # the process is spoilt, not the document alone
    except Exception as error:  # whatever a parser makes of a stranger's bytes is that feed's failure, not ours
        detail = one_line(f"the parser failed on it: {type(error).__name__}: {error}", 300)
        return NotAFeed(kind=Outcome.PARSER, detail=detail)


def _parse(body: bytes, url: str, content_type: str | None) -> ParsedFeed | NotAFeed:
    cut_off = None
    if body.startswith(_GZIP):
        unpacked = _unpacked(body)
        if isinstance(unpacked, NotAFeed):
            return unpacked
        body, cut_off = unpacked
    text, problems = decode(body, content_type)
    if not text.strip():
        return NotAFeed(detail="an empty body. If it stays so, check the feed's address.")
    read = jsonfeed.read(text) if text[0] in "{[" else _xml(text, url)
    if isinstance(read, NotAFeed):
        return read
    found, truncated, more_problems = read
    if not found.get("version"):
        return NotAFeed(detail=f"{_looks_like(text)}. Check the feed's address.")
    return _feed(found, url, cut_off or truncated, problems + more_problems)


# A document as feedparser gives it, why it is known to be cut off, what was wrong with it.
_Found = tuple[Mapping[str, Any], str | None, tuple[str, ...]]


def _xml(text: str, url: str) -> _Found | NotAFeed:
    xml = document(text)
    if isinstance(xml, str):
        return NotAFeed(detail=f"{_looks_like(text)}: {xml}. Check the feed's address.")
    if xml.root == "html":
        return NotAFeed(detail=f"{_looks_like(text)}. Look there for the feed's new address.")
    if xml.root in SITEMAP_ROOTS:
        read = sitemap.read(xml, url)
        return read if isinstance(read, NotAFeed) else (read[0], xml.truncated, xml.problems + read[1])
    return _rss_or_atom(xml)


def _rss_or_atom(xml: Document) -> _Found:
    found = feedparser.parse(
        # A stream: given bytes or text, feedparser first tries to open a file or URL of that name.
        io.BytesIO((_NETSCAPE if xml.netscape else b"") + xml.text.encode()),
        sanitize_html=False,
        resolve_relative_uris=False,
        response_headers={"content-type": "application/xml; charset=utf-8"},
    )
    problems = xml.problems
    if found.get("bozo"):
        problems += (one_line(f"not well-formed, read all the same: {found.get('bozo_exception')}", 200),)
    if found.get("entries") and not found.get("version"):
        found["version"] = xml.root if xml.root in FEED_ROOTS else ""  # RSS 0.90 in a namespace of its own, …
    return found, xml.truncated, problems


_GZIP = b"\x1f\x8b"
_PIECE = 65_536  # bytes


def _unpacked(body: bytes) -> tuple[bytes, str | None] | NotAFeed:
    """A file that is gzip itself (`sitemap.xml.gz`, sent as what it is) unpacked, and why its end is missing."""
    inflater = Inflater("gzip", MAX_UNPACKED)
    unpacked = bytearray()
    why = None
    try:
        for start in range(0, len(body), _PIECE):
            for part in inflater.inflate(body[start : start + _PIECE]):
                unpacked += part
    except (zlib.error, BadBody):
        why = "its gzip data is damaged"
    if len(unpacked) > MAX_UNPACKED:
        return NotAFeed(
            kind=Outcome.TOO_LARGE,
            detail=f"a gzip file that unpacks to more than {MAX_UNPACKED:,} bytes, which is more than a feed may have",
        )
    if not unpacked:
        return NotAFeed(detail="begins like a gzip file, but cannot be unpacked. Check the feed's address.")
    if why is None and not inflater.complete:
        why = "its gzip data ends before its end mark"
    return bytes(unpacked), why


def _looks_like(text: str) -> str:
    """What a body that is no feed seems to be, as a noun phrase."""
    beginning = text[:65_536]
    if re.search(r"<opml\b", beginning, re.IGNORECASE):
        return "an OPML list of feeds (`monitor feeds import-opml` reads those)"
    if re.search(r"<(?:!doctype html|html|head|body)\b", beginning, re.IGNORECASE):
        title = re.search(r"<title[^>]*>([^<]*)", beginning, re.IGNORECASE)
        name = one_line(title_text(title[1]), 80) if title else ""
        return f"an HTML page titled '{name}'" if name else "an HTML page"
    root = re.search(r"<([A-Za-z][\w:.-]{0,60})[\s/>]", beginning)
    if root:
        return f"an XML document <{root[1]}>, no feed"
    return f"plain text beginning '{one_line(text[:200], 60)}'"


# ── the document ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _feed(found: Mapping[str, Any], url: str, truncated: str | None, problems: tuple[str, ...]) -> ParsedFeed:
    feed: dict[str, Any] = found["feed"]
    link = resolve(_text(feed, "link") or _alternate(feed), url)
    # What an entry's xml:lang is when it has none of its own.
    inherited = _text(_mapping(feed, "title_detail"), "language")
    cuts = _Cuts()
    entries = tuple(_entry(entry, (link, url), inherited, cuts) for entry in found["entries"])
    return ParsedFeed(
        title=title_text(_Cuts().line("title", _text(feed, "title"), MAX_TITLE)) or None,
        link=link,
        language=bcp47(_text(feed, "language") or inherited),
        format=found["version"],
        ttl=_ttl(_text(feed, "ttl")),
        period=_period(_text(feed, "sy_updateperiod"), _text(feed, "sy_updatefrequency")),
        entries=entries,
        truncated=truncated,
        problems=problems + cuts.problems(),
    )


class _Cuts:
    """What was cut or left out of the entries, for the problems."""

    def __init__(self) -> None:
        self._entries: dict[str, int] = {}  # what happened → in how many entries

    def line(self, what: str, value: str | None, limit: int) -> str:
        """The text on one line of at most `limit` bytes, without hidden characters; "…" stands last where it was cut.

        Markup stays.
        """
        value = value or ""
        # Before any work that takes long: white space and hidden characters may make up the rest.
        kept = _cut(value, limit * 4)
        is_cut = bool(value[len(kept) :].strip())
        return self._shortened(f"{what} cut to its allowed length", one_line(kept, limit * 4), limit, is_cut=is_cut)

    def text(self, value: str) -> str:
        """The text of an article, its lines and tabs kept, without hidden characters."""
        if _HIDDEN.search(value):
            value = _HIDDEN.sub("", _BREAK.sub("\n", value))
        kept = _cut(value, MAX_BODY)
        if len(kept) < len(value):
            self.count("text cut to its allowed length")
        return kept

    def names(self, what: str, given: Iterable[str | None]) -> tuple[str, ...]:
        """Authors or categories as plain text, none twice."""
        names = []
        for name in dict.fromkeys(filter(None, given)):
            plain = title_text(_cut(name, MAX_NAME * 16))
            names.append(self._shortened(f"{what} cut to its allowed length", plain, MAX_NAME))
            if len(names) > MAX_NAMES:
                break
        found = tuple(dict.fromkeys(filter(None, names)))
        if len(found) > MAX_NAMES:
            self.count(f"{what} beyond number {MAX_NAMES} left out")
        return found[:MAX_NAMES]

    def count(self, what: str) -> None:
        """One more of it."""
        self._entries[what] = self._entries.get(what, 0) + 1

    def problems(self) -> tuple[str, ...]:
        """A line for each kind of cut."""
        return tuple(f"{what} in {times} entries" for what, times in self._entries.items())

    def _shortened(self, what: str, line: str, limit: int, *, is_cut: bool = False) -> str:
        if len(line.encode()) <= limit and not is_cut:
            return line
        self.count(what)
        return _cut(line, limit - len("…".encode())).rstrip() + "…"


def _entry(
    entry: dict[str, Any], bases: Sequence[str | None], inherited_language: str | None, cuts: _Cuts
) -> ParsedEntry:
    body, body_is_plain, body_language = _body(entry)
    own_language = _text(entry, "language") or body_language or _text(_mapping(entry, "title_detail"), "language")
    return ParsedEntry(
        guid=_guid(_text(entry, "id"), cuts),
        link=_link(entry, bases, cuts),
        title=cuts.line("title", _text(entry, "title"), MAX_TITLE),
        body=cuts.text(body),
        body_is_plain=body_is_plain,
        authors=_authors(entry, cuts),
        categories=cuts.names("category", (_text(tag, "label") or _text(tag, "term") for tag in _list(entry, "tags"))),
        published=_instant(entry, "published") or _instant(entry, "created"),
        updated=_instant(entry, "updated"),
        language=bcp47(own_language if own_language != inherited_language else None),
    )


_MINUTES = re.compile("[0-9]{1,6}")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_TIMES = re.compile("[0-9]{1,4}")
_A_YEAR = timedelta(days=365)


def _ttl(given: str | None) -> timedelta | None:
    """RSS 2.0 `ttl`, in minutes: at least one, at most a year; None for anything else."""
    ttl = timedelta(minutes=int(given)) if given and _MINUTES.fullmatch(given) else None
    return ttl if ttl and ttl <= _A_YEAR else None


def _period(given: str | None, times: str | None) -> timedelta | None:
    """How often the feed says it is updated: so many times (once if it does not say) in a period; None for nonsense.

    https://web.resource.org/rss/1.0/modules/syndication/
    """
    period = _PERIODS.get((given or "").lower())
    if period is None or not _TIMES.fullmatch(times or "1") or not int(times or "1"):
        return None
    return period / int(times or "1")


# Controls, line and paragraph separators, direction overrides: nothing that a text needs, and much to deceive with.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


# ── the parts of an entry ────────────────────────────────────────────────────────────────────────────────────────────


def _guid(given: str | None, cuts: _Cuts) -> str | None:
    """The entry's own id; one that is too long keeps its difference from others in a digest."""
    if given is None or len(given.encode()) <= MAX_GUID:
        return one_line(given or "", MAX_GUID) or None
    cuts.count("guid cut to its allowed length")
    return f"{one_line(_cut(given, MAX_GUID - 24), MAX_GUID)}…{digest(given)}"


def _link(entry: dict[str, Any], bases: Sequence[str | None], cuts: _Cuts) -> str | None:
    """The entry's page: its link, else its first alternate link, else a guid that is a URL of its own."""
    link = _text(entry, "link")
    given = [_text(each, "href") for each in _list(entry, "links")]
    if len(link or _alternate(entry) or "") > MAX_LINK:
        cuts.count(f"a link of more than {MAX_LINK:,} characters left out")
    if link in given:
        found = resolve(link, *bases)
        if found:
            return found
    # Otherwise `link` is the guid: RSS 2.0 makes it a link unless isPermaLink says no, also where it is just a number.
    return resolve(_alternate(entry), *bases) or resolve(link)


def _alternate(found: dict[str, Any]) -> str | None:
    alternates = (_text(each, "href") for each in _list(found, "links") if each.get("rel") == "alternate")
    return next(filter(None, alternates), None)


def _body(entry: dict[str, Any]) -> tuple[str, bool, str | None]:
    """The longest text of the entry, whether it is plain text rather than HTML, and the xml:lang in force at it."""
    parts = [(_text(each, "value") or "", each) for each in _list(entry, "content")]
    parts.append((_text(entry, "summary") or "", _mapping(entry, "summary_detail")))
    typed = [(value, _text(part, "type") or "", part) for value, part in parts]
    readable = [each for each in typed if each[1].startswith("text/") or each[1].endswith("xml") or not each[1]]
    value, kind, part = max(readable, key=lambda text: len(text[0]), default=("", "", {}))
    return value, kind == "text/plain", _text(part, "language")


# RSS 2.0 wants "mail address (name)". feedparser takes the two apart, but knows no top-level domain of five letters.
_ADDRESS_AND_NAME = re.compile(r"\S+@\S+\s*\(([^()]+)\)|([^<>]+)<\S+@\S+>")


def _authors(entry: dict[str, Any], cuts: _Cuts) -> tuple[str, ...]:
    authors = [_text(author, "name") or _text(author, "email") for author in _list(entry, "authors")]
    last = _text(entry, "author")
    named = _ADDRESS_AND_NAME.fullmatch(last[:1_000]) if last else None
    if named:
        authors[-1:] = [named[1] or named[2]]
    return cuts.names("author", authors) or cuts.names("author", [last])


# feedparser knows the zones of RFC 822 and takes any other name for UTC. Ambiguous ones as most feeds mean them:
# BST is British, IST Indian.
_ZONES = {
    name: timedelta(hours=hours)
    for names, hours in (
        ("WEST BST", 1), ("CET WAT", 1), ("CEST EET SAST CAT", 2), ("EEST MSK TRT EAT", 3), ("MSD GST", 4), ("PKT", 5),
        ("IST", 5.5), ("WIB ICT", 7), ("HKT SGT AWST PHT", 8), ("JST KST", 9), ("ACST", 9.5), ("AEST", 10),
        ("ACDT", 10.5), ("AEDT", 11), ("NZST", 12), ("NZDT", 13), ("BRT ART", -3), ("COT PET", -5),
        ("AKDT", -8), ("AKST", -9), ("HST", -10),
    )
    for name in names.split()
}  # fmt: skip
_CLOCK_AND_ZONE = re.compile(r"\b(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*([A-Z]{3,4})\b")


def _instant(entry: dict[str, Any], field: str) -> datetime | None:
    """An instant feedparser read, in UTC; None when there is none, or it lies beyond the calendar."""
    parsed = dict.get(entry, f"{field}_parsed")
    if not parsed:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    try:
        instant = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        written = _CLOCK_AND_ZONE.search(_text(entry, field) or "")
        # The clock unchanged: feedparser did not know the zone.
        if written and written[3] in _ZONES and (int(written[1]), int(written[2])) == (hour, minute):
            instant -= _ZONES[written[3]]
    except (ValueError, OverflowError, TypeError):
        return None
    return instant


# ── values out of feedparser's dictionaries ──────────────────────────────────────────────────────────────────────────
# `dict.get` throughout: feedparser's own `get` maps `updated` to `published`, with a warning.


def _text(found: dict[str, Any], key: str) -> str | None:
    """A text as it may be stored: without blanks around it, NUL and lone surrogates; None for an empty one."""
    value = dict.get(found, key)
    if not isinstance(value, str):
        return None
    if not value.isascii():
        value = value.encode("utf-8", "ignore").decode()
    return value.replace("\0", "").strip() or None


def _list(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = dict.get(found, key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _mapping(found: dict[str, Any], key: str) -> dict[str, Any]:
    value = dict.get(found, key)
    return value if isinstance(value, dict) else {}


def _cut(value: str, limit: int) -> str:
    """The text's first `limit` bytes of UTF-8, no character split."""
    return value if len(value) * 4 <= limit else value.encode()[:limit].decode("utf-8", "ignore")
