"""Where a page's feeds may be: announced in its head, linked from its text, or at the addresses feeds mostly have.

Nothing is asked here; `probe` asks, and only what then reads as a feed is one. The page is hostile like any other body:
it is read in a worker, up to 500,000 characters of it, and gives a bounded number of candidates.

Autodiscovery: https://www.rssboard.org/rss-autodiscovery, https://html.spec.whatwg.org/#rel-alternate
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from urllib.parse import urldefrag, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.document import decode
from monitor.text import one_line
from monitor.urls import resolve

MAX_PAGE = 500_000  # characters that are looked at; feeds are announced near the top
MAX_CANDIDATES = 20
MAX_LINKS = 5_000  # of a page, that are looked at
MAX_TITLE = 200


class Where(StrEnum):
    """Where an address was found, the likeliest to be what is looked for first."""

    GIVEN = "given"  # it is the address that was asked for
    ANNOUNCED = "announced"  # <link rel="alternate"> with the type of a feed
    LINKED = "linked"  # <a href> that looks like a feed's
    COMMENTS = "comments"  # either, of a feed of comments
    GUESSED = "guessed"  # nothing points there


_RANK = {where: rank for rank, where in enumerate(Where)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address that may be a feed's."""

    url: str  # absolute http(s), without a fragment
    where: Where
    title: str | None = None  # as the page calls it; None: it does not


_FEED_TYPES = frozenset(
    "application/rss+xml application/atom+xml application/rdf+xml application/feed+json application/x-rss+xml "
    "application/rss application/atom text/rss text/atom text/rss+xml text/atom+xml".split()
)
# Types that a feed may have, and much else; then the address must look like one.
_VAGUE_TYPES = frozenset("application/xml text/xml application/json".split())

_FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:rss|atom|feeds?|rdf)(?:[12](?:\.0)?)?(?:\.(?:xml|rss|atom|rdf|json|php|aspx?|html?))?/?$"
    r"|\.(?:rss|atom|rdf)$|/(?:index|feed|rss|atom|news)\.(?:xml|json)$|^/feeds?/.|/(?:rss|feeds?)/[^/]*\.xml$",
    re.IGNORECASE,
)
_FEED_QUERY = re.compile(
    r"(?:^|[&;])(?:feed|format|type|output|alt)=(?:rss|atom|feed|rdf|xml)\d?(?:$|[&;])", re.IGNORECASE
)
_FEED_TEXT = re.compile(r"\b(?:rss|atom feed|rss-feed|news ?feed|web ?feed|feed rss)\b", re.IGNORECASE)
_XML_PATH = re.compile(r"\.xml$", re.IGNORECASE)
_COMMENTS = re.compile(
    r"comment|kommentar|commentaire|comentario|replies|comentários|коментар|комментар", re.IGNORECASE
)
# Feed readers' subscription pages, share buttons and articles about RSS are linked with the same words.
_NO_FEED = re.compile(
    r"\.(?:png|gif|jpe?g|svg|ico|css|js|pdf|mp3|mp4|zip)$|^/(?:dialog|wp-json|xmlrpc|sitemap|opensearch)|/opml$|\.opml$",
    re.IGNORECASE,
)
_NO_FEED_TYPES = ("oembed", "opensearch", "wlwmanifest", "rsd+xml")

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)


def candidates(body: bytes, *, url: str, content_type: str | None) -> tuple[Candidate, ...]:
    """The feeds a page points to, the likeliest first; at most 20, none of them the page itself.

    `url` is where the page came from. Announced ones come first, feeds of comments last, otherwise the page's order
    counts.
    """
    charset = _META_CHARSET.search(body[:4096])
    if charset and "charset" not in (content_type or ""):
        content_type = f"text/html; charset={charset[1].decode('ascii', 'replace')}"
    text, _ = decode(body, content_type)
    page = LexborHTMLParser(_links_only(text[:MAX_PAGE]))
    base = _base(page, url)
    found: dict[str, Candidate] = {}
    for candidate in (*_announced(page, base), *_linked(page, base)):
        if candidate.url != urldefrag(url).url:
            known = found.get(candidate.url)
            if known is None or _RANK[candidate.where] < _RANK[known.where]:
                found[candidate.url] = candidate
    return tuple(sorted(found.values(), key=lambda candidate: _RANK[candidate.where])[:MAX_CANDIDATES])


_NO_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1|\Z)", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(r"<(?:base|link|(a))\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>?")
_END = re.compile(r"</a\b", re.IGNORECASE)


def _links_only(text: str) -> str:
    """The page's links one after the other, each with the first words in it.

    A tree of the whole would be deep where a page nests its elements, and take a time that grows with the square of
    that (100,000 nested <div>: 112 s).
    """
    text = _NO_MARKUP.sub("", text)
    kept = []
    for found in islice(_LINK.finditer(text), 2 * MAX_LINKS):
        kept.append(found[0])
        if found[1]:
            inside = _END.split(text[found.end() : found.end() + 400], maxsplit=1)[0]
            kept.append(_TAG.sub(" ", inside) + "</a>")
    return "".join(kept)


def _base(page: LexborHTMLParser, url: str) -> str:
    """What the page's relative links are relative to (HTML §4.2.3)."""
    node = page.css_first("base[href]")
    return (resolve(node.attributes.get("href"), url) if node else None) or url


def _announced(page: LexborHTMLParser, base: str) -> Iterator[Candidate]:
    for link in page.css("link[href]")[:MAX_LINKS]:
        relations = (link.attributes.get("rel") or "").lower().split()
        kind = (link.attributes.get("type") or "").partition(";")[0].strip().lower()
        if not {"alternate", "feed", "service.feed"} & set(relations) or "stylesheet" in relations:
            continue
        address = resolve(_without_feed_scheme(link.attributes.get("href")), base)
        if address is None or any(other in kind for other in _NO_FEED_TYPES):
            continue
        if kind in _FEED_TYPES or "feed" in relations or (kind in _VAGUE_TYPES and _looks_like_feed(address)):
            yield _candidate(address, link.attributes.get("title"), Where.ANNOUNCED)


def _linked(page: LexborHTMLParser, base: str) -> Iterator[Candidate]:
    for link in page.css("a[href]")[:MAX_LINKS]:
        address = resolve(_without_feed_scheme(link.attributes.get("href")), base)
        if address is None or _NO_FEED.search(urlsplit(address).path):
            continue
        if _looks_like_feed(address) or _XML_PATH.search(urlsplit(address).path) or _says_feed(link):
            yield _candidate(address, link.text(strip=True) or link.attributes.get("title"), Where.LINKED)


def _says_feed(link: LexborNode) -> bool:
    words = (link.text(), *(link.attributes.get(name) for name in ("title", "aria-label", "class", "type")))
    return any(_FEED_TEXT.search(text[:200]) for text in words if text)


def _looks_like_feed(address: str) -> bool:
    parts = urlsplit(address)
    return bool(_FEED_PATH.search(parts.path) or _FEED_QUERY.search(parts.query))


def _candidate(address: str, title: str | None, where: Where) -> Candidate:
    address = urldefrag(address).url
    name = one_line(title or "", MAX_TITLE) or None
    if _COMMENTS.search(urlsplit(address).path) or _COMMENTS.search(name or ""):
        where = Where.COMMENTS
    return Candidate(url=address, where=where, title=name)


def _without_feed_scheme(href: str | None) -> str | None:
    """`feed://host/path` and `feed:https://…` as browsers took them: the address behind."""
    if href is None or href[:5].lower() != "feed:":
        return href
    rest = href[5:]
    return rest if rest[:4].lower() == "http" else f"http:{rest}"


# ── where nothing points ─────────────────────────────────────────────────────────────────────────────────────────────

# Most frequent first, over the feed lists and WordPress, Hugo, Ghost, Jekyll, Drupal and news systems.
_WELL_KNOWN = (
    "feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json", "feeds", "index.rss",
    "news-sitemap.xml", "sitemap-news.xml", "sitemap_news.xml",
)  # fmt: skip
_BESIDE = ("feed", "rss.xml")  # under the page itself: a section may have a feed of its own


def well_known(url: str) -> tuple[str, ...]:
    """The addresses feeds mostly have on the host of a page, at most 12; those under the page itself first."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    # A page with an extension, or a deep one, is rather an article.
    beside = [f"{path}/{name}" for name in _BESIDE] if path and "." not in path and path.count("/") <= 2 else []
    paths = [*beside, *(f"/{name}" for name in _WELL_KNOWN)]
    return tuple(urlunsplit((parts.scheme, parts.netloc, path, "", "")) for path in paths[:12])
