"""Lists of feeds in OPML, as feed readers exchange them: bytes ↔ `ListedFeed`. Sole importer of listparser.

OPML 2.0: http://opml.org/spec2.opml. What readers write is rarely that, and often no well-formed XML: bare ampersands,
HTML entities, other attribute names, a file that is cut off. So it is read as HTML is, tag by tag, and what cannot be
used is named rather than passed over.

listparser knows the dialects (OPML, iGoogle's, FOAF) and the folders. We compose its parts rather than call its
`parse`, which asks the network when it is given a URL, and gives other results where lxml happens to be installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from listparser.foaf import FoafMixin
from listparser.igoogle import IgoogleMixin
from listparser.opml import OpmlMixin
from listparser.xml_handler import XMLHandler

from monitor.document import decode
from monitor.language import bcp47
from monitor.text import one_line
from monitor.urls import MAX_LINK, redacted, resolve

MAX_LIST = 20_000_000  # bytes; a list of 50,000 feeds
MAX_DEPTH = 100  # folders within one another; every outline carries the path to it
MAX_TITLE = 300
MAX_TAG = 100  # what feeds.yaml takes
MAX_TAGS = 20  # of one feed

# Our own attribute in what we write, so that a list we read back keeps the names that rules use.
NAMESPACE = "https://media-monitor.example/opml"
_KEY = "monitor:key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFeed:
    """A feed as a list names it."""

    url: str  # absolute http(s); may carry credentials
    title: str | None = None  # None: the list gives none
    tags: tuple[str, ...] = ()  # the folders it is in, outermost first, then its categories
    language: str | None = None  # BCP 47
    key: str | None = None  # our name for it; None in a list that is not ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """An outline that is meant as a feed and cannot be one for us."""

    name: str  # its title, else its address without credentials
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedList:
    """What a list holds, in its order. A feed that stands in several folders is in `feeds` as often."""

    feeds: tuple[ListedFeed, ...]
    unusable: tuple[Unusable, ...] = ()
    lists: tuple[str, ...] = ()  # other lists and pages it refers to (include, link), by name; they are not followed
    problems: tuple[str, ...] = ()  # what was wrong with the document, one line each


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpml:
    """The bytes are no list of feeds. `detail` says what they are, or why they are not read."""

    detail: str


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_BARE_AMPERSAND = re.compile(r"&(?!(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});)", re.IGNORECASE)
# Readers copy a feed's description as it is, and with it tags whose quotation marks end the attribute early. We have no
# use for it, so it goes before it does harm. (plenaryapp/awesome-rss-feeds: How I Built This; Feeder: Signal v. Noise)
_DESCRIPTION = re.compile(r"""\sdescription\s*=\s*"(?:[^"<]|</?[a-z][^<>]*>)*+\"""", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_XML_URL = re.compile(r"\sxmlurl\s*=", re.IGNORECASE)
_FEED_ROOT = re.compile(r"<(?:rss|feed|rdf:RDF)[\s>]")
_PAGE = re.compile(r"<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_OPML_END = re.compile(r"</opml\s*>", re.IGNORECASE)

# Where `url` stands for `xmlUrl`. With link and include it is another list or a page; without a type, anything.
_FEED_TYPES = frozenset({"rss", "rss1", "rss2", "atom", "rdf", "feed", "jsonfeed", "json"})
_FEED_SCHEME = re.compile(r"(?:feed|itpc|pcast):(?:(?://)?(?=https?:)|(//))", re.IGNORECASE)
_HOST_AND_PATH = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?=[/?]|$)", re.IGNORECASE)
_NOT_IN_URL = re.compile("[\\s\x00-\x1f\x7f-\x9f]")  # as feeds.yaml has it


def read(body: bytes) -> FeedList | NotOpml:
    """The feeds of a list. Documents over 20 MB, or with over 100 folders within one another, are not read."""
    if len(body) > MAX_LIST:
        return NotOpml(detail=f"it has over {MAX_LIST // 1_000_000} MB; no list of feeds has")
    text, problems = decode(body, None)
    if not text:
        return NotOpml(detail="it is empty")
    text = _DESCRIPTION.sub("", _COMMENT.sub("", text))
    reader = _Reader()
    try:
        # An HTML parser takes `&copy=1` in an address for a sign and a value.
        reader.feed(_BARE_AMPERSAND.sub("&amp;", text))
    except _TooDeep:
        return NotOpml(detail=f"it has over {MAX_DEPTH} folders within one another")
    if not (reader.outlines or reader.harvest["feeds"] or reader.harvest.get("version")):
        return NotOpml(detail=_what_it_is(text))
    outside = [_listed_elsewhere(each) for each in reader.harvest["feeds"] if each["url"] not in reader.seen]
    found = [*reader.found, *(each for each in outside if each)]
    return FeedList(
        feeds=tuple(each for each in found if isinstance(each, ListedFeed)),
        unusable=tuple(each for each in found if isinstance(each, Unusable)),
        lists=tuple(reader.lists),
        problems=(*problems, *_losses(text, reader)),
    )


class _TooDeep(Exception):
    pass


class _Reader(OpmlMixin, FoafMixin, IgoogleMixin, XMLHandler):
    """listparser's reader, which keeps every outline as it comes: it would merge those of one address, and drop
    languages, and outlines that give their address under another name."""

    def __init__(self) -> None:
        super().__init__()
        self.harvest.update(feeds=[], lists=[], opportunities=[], meta={})
        self.outlines = 0
        self.addresses = 0  # outlines with an xmlUrl
        self.seen: set[str] = set()  # as listparser knows them
        self.found: list[ListedFeed | Unusable] = []
        self.lists: list[str] = []

    def start_opml_outline(self, attrs: dict[str, str]) -> None:
        if len(self.hierarchy) >= MAX_DEPTH:
            raise _TooDeep
        self.outlines += 1
        self.addresses += "xmlurl" in attrs
        kind = attrs.get("type", "").strip().lower()
        if "xmlurl" not in attrs and "url" in attrs and kind in _FEED_TYPES:
            attrs = {**attrs, "xmlurl": attrs["url"]}
        folders = list(self.hierarchy)
        super().start_opml_outline(attrs)
        if "xmlurl" in attrs:
            self.seen.add(attrs["xmlurl"].strip())
            self.found.append(_listed(attrs, folders))
        elif kind in ("link", "include"):
            self.lists.append(_name(attrs.get("text") or attrs.get("title"), attrs.get("url", "")))

    def end_opml_outline(self) -> None:
        if self.hierarchy:  # an end without a beginning
            super().end_opml_outline()


def _listed(attrs: Mapping[str, str], folders: Sequence[str]) -> ListedFeed | Unusable:
    """An outline as a feed, or why it cannot be one."""
    text, title, address = (attrs.get(name, "").strip() for name in ("text", "title", "xmlurl"))
    key = one_line(attrs.get(_KEY, ""), 200) or None
    url = _usable(address)
    if url is None:
        page = resolve(attrs.get("htmlurl"))
        why = f"{redacted(one_line(address, 100))!r} is no web address" if address else "it has no address of a feed"
        if page:
            why += f"; monitor feeds discover {redacted(page)} looks for its feed"
        return Unusable(name=_name(text or title, address or page or ""), why=why)
    return ListedFeed(
        url=url,
        # In a list of ours a text without a title is the key, which stands there because a text must.
        title=one_line(title if key else text or title, MAX_TITLE) or None,
        tags=_tags([*folders, *_categories(attrs.get("category", ""))]),
        language=bcp47(attrs.get("language") or attrs.get("xml:lang")),
        key=key,
    )


def _listed_elsewhere(feed: Mapping[str, object]) -> ListedFeed | Unusable | None:
    """A feed of iGoogle's or a FOAF list, as listparser gives it."""
    title, address = str(feed.get("title") or ""), str(feed["url"])
    url = _usable(address)
    if url is None:
        return Unusable(name=_name(title, address), why="it has no web address")
    categories = feed.get("categories")
    folders = [name for path in categories for name in path] if isinstance(categories, list) else []
    return ListedFeed(url=url, title=one_line(title, MAX_TITLE) or None, tags=_tags(folders))


def _usable(address: str) -> str | None:
    """The address as one that feeds.yaml takes; None when it cannot be."""
    address = address.strip()
    if scheme := _FEED_SCHEME.match(address):
        address = ("http://" if scheme[1] else "") + address[scheme.end() :]
    if _HOST_AND_PATH.match(address):
        address = f"http://{address}"
    url = resolve(address)
    return url if url and len(url) <= MAX_LINK and not _NOT_IN_URL.search(url) else None


def _categories(given: str) -> list[str]:
    """The names in a `category`: comma-separated paths of names, such as `/Economy/Banks,europe`."""
    return [_ESCAPED.sub(_unescaped, name) for path in given.split(",") for name in path.split("/")]


def _tags(names: Iterable[str]) -> tuple[str, ...]:
    tags = dict.fromkeys(one_line(name, MAX_TAG) for name in names)
    return tuple(tag for tag in tags if tag)[:MAX_TAGS]


def _name(title: str | None, address: str) -> str:
    return one_line(title or "", MAX_TITLE) or redacted(one_line(address, MAX_TITLE)) or "(no name)"


def _losses(text: str, reader: _Reader) -> list[str]:
    losses = []
    if reader.harvest.get("version", "").startswith("opml") and not _OPML_END.search(text):
        losses.append("it ends without </opml>: it seems to be cut off, and what stood behind is missing")
    # What a quotation mark that was never closed has swallowed.
    written = len(_XML_URL.findall(text))
    if written > reader.addresses:
        losses.append(f"{written - reader.addresses} of its {written} xmlUrl attributes could not be read")
    return losses


def _what_it_is(text: str) -> str:
    beginning = text[:65_536]
    if _FEED_ROOT.search(beginning):
        return "it is a feed, not a list of feeds. Add it by its address: monitor feeds add URL"
    if _PAGE.search(beginning):
        return "it is an HTML page, not a list of feeds"
    return "there is no <opml> and no <outline> in it"


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# A comma or a slash would end a name in `category`.
_TO_ESCAPE = re.compile(r"%(?=2[5CF])|[,/]")
_ESCAPED = re.compile(r"%(?:25|2C|2F)")


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[0][1:], 16))


def write(feeds: Iterable[ListedFeed], *, title: str = "Feeds") -> bytes:
    """An OPML 2.0 document: each feed in a folder named after its first tag, all its tags as categories."""
    root = ElementTree.Element("opml", {"version": "2.0", "xmlns:monitor": NAMESPACE})
    ElementTree.SubElement(ElementTree.SubElement(root, "head"), "title").text = title
    body = ElementTree.SubElement(root, "body")
    folders: dict[str, ElementTree.Element] = {}
    for feed in feeds:
        parent = body
        if feed.tags:
            first = feed.tags[0]
            if first not in folders:
                folders[first] = ElementTree.SubElement(body, "outline", {"text": first, "title": first})
            parent = folders[first]
        attributes = {
            "type": "rss",  # of whatever format: that is how the specification has it
            "text": feed.title or feed.key or feed.url,
            "title": feed.title,
            "xmlUrl": feed.url,
            "language": feed.language,
            "category": ",".join(_TO_ESCAPE.sub(lambda found: f"%{ord(found[0]):02X}", tag) for tag in feed.tags),
            _KEY: feed.key,
        }
        ElementTree.SubElement(parent, "outline", {name: value for name, value in attributes.items() if value})
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
