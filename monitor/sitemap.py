"""News sitemaps, which many outlets keep instead of a feed, in the shape feedparser gives the XML formats.

https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap and https://www.sitemaps.org/protocol.html

A `<url>` with a `<news:news>` is an entry, known by its `<loc>`. One without is a page that is no news (any more: two
days after publication the news part is to be taken out), and is passed over. What publishers get wrong is borne: other
prefixes, namespaces undeclared or misspelt, capitals, stray "&" and "<", one broken `<url>` among good ones.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

from monitor.document import MAX_ENTRIES, SITEMAP_ENTRY, SITEMAP_ENTRY_END, Document
from monitor.model import NotAFeed
from monitor.text import one_line
from monitor.urls import resolve
from monitor.w3cdate import w3c_date

# What is read: an element in its parent, both without prefix, in lower case → our name for it.
_FIELDS = {
    ("url", "loc"): "loc",
    ("sitemap", "loc"): "loc",
    ("url", "lastmod"): "lastmod",
    ("news", "title"): "title",
    ("news", "publication_date"): "published",
    ("news", "keywords"): "keywords",
    ("news", "genres"): "genres",
    ("publication", "name"): "name",
    ("publication", "language"): "language",
}
_LONGEST_FIELD = 65_536  # characters; `parse` bounds each field more tightly
_NEWS_NAMESPACE = re.compile(r"schemas/sitemap-news", re.IGNORECASE)
_LIST = re.compile(r"[,;،，、]")

_NAMED = 3  # sitemaps of an index that the advice names
_LONGEST_NAMED = 120  # characters of an address in the advice

Page = dict[str, str]  # by the names of _FIELDS, and "news" when there is a <news:news>


def read(document: Document, url: str) -> tuple[dict[str, Any], tuple[str, ...]] | NotAFeed:
    """The sitemap in a `urlset` or `sitemapindex` as feedparser would give it, and what was wrong with it.

    Of more than 2,000 entries the newest by publication date are kept, in the document's order. `url` is the document's
    own; an index, which is no feed, is answered with the addresses of its sitemaps.
    """
    pages, problems = _pages(document.text)
    if document.root == "sitemapindex":
        return NotAFeed(detail=_advice(pages, url))
    news = [page for page in pages if "news" in page and page.get("loc")]
    if not news and not _NEWS_NAMESPACE.search(document.text[: document.text.find(">")]):
        return NotAFeed(
            detail=f"a sitemap <urlset> of {len(pages)} pages without any news entries, no feed. "
            "The site's robots.txt may name a news sitemap."
        )
    if len(news) > MAX_ENTRIES:
        problems += (f"of {len(news)} entries only the newest {MAX_ENTRIES} by publication date were read",)
        news = _newest(news)
    names = Counter(page["name"] for page in news if page.get("name"))
    languages = {page.get("language", "").lower() for page in news}
    return {
        "version": "news-sitemap",
        "feed": {
            "title": names.most_common(1)[0][0] if names else None,
            "language": languages.pop() if len(languages) == 1 else None,
        },
        "entries": [_entry(page) for page in news],
    }, problems


def _entry(page: Page) -> dict[str, Any]:
    published, updated = w3c_date(page.get("published")), w3c_date(page.get("lastmod"))
    tags = _LIST.split(f"{page.get('keywords', '')},{page.get('genres', '')}")
    return {
        "id": page["loc"],
        "links": [{"rel": "alternate", "href": page["loc"]}],
        "title": page.get("title", ""),
        "tags": [{"term": tag.strip()} for tag in tags],
        "language": page.get("language"),
        "published_parsed": published and published.utctimetuple(),
        "updated_parsed": updated and updated.utctimetuple(),
    }


def _newest(pages: list[Page]) -> list[Page]:
    """The 2,000 newest in their order; those without a date count as oldest, of equals the first are kept."""
    dates = [w3c_date(page.get("published")) or w3c_date(page.get("lastmod")) for page in pages]
    oldest = datetime.min.replace(tzinfo=UTC)
    newest_first = sorted(range(len(pages)), key=lambda index: dates[index] or oldest, reverse=True)
    return [pages[index] for index in sorted(newest_first[:MAX_ENTRIES])]


def _advice(pages: list[Page], url: str) -> str:
    """What an index of sitemaps is, and which of them to watch instead."""
    links = dict.fromkeys(resolve(page.get("loc"), url) for page in pages)
    # In a message: no address that fills the line, none with a password in it.
    nameable = [link for link in links if link and len(link) <= _LONGEST_NAMED and "@" not in link]
    nameable.sort(key=lambda link: "news" not in link.lower())
    named = ", ".join(one_line(link, _LONGEST_NAMED) for link in nameable[:_NAMED])
    index = f"an index <sitemapindex> of {len(pages)} sitemaps, no feed"
    return f"{index}; watch one of these: {named}" if named else f"{index}. Look there for a news sitemap."


# ── markup ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pages(text: str) -> tuple[list[Page], tuple[str, ...]]:
    """The `<url>`s (or `<sitemap>`s) of a document; read one by one when it is not well-formed as a whole."""
    whole = _Reader()
    error = whole.read(text)
    if error is None:
        return whole.pages, ()
    pages, broken = [], 0
    for piece in _pieces(text):
        reader = _Reader()
        if reader.read(piece) is not None:
            reader = _Reader()
            broken += reader.read(_mended(piece)) is not None
        pages += reader.pages
    problems = [f"not well-formed, read all the same: {error}"]
    if broken:
        problems.append(f"entries that are broken, read as far as they go: {broken}")
    return pages, tuple(problems)


def _pieces(text: str) -> Iterator[str]:
    """Each `<url>…</url>`, without what stands between them."""
    starts = [found.start() for found in SITEMAP_ENTRY.finditer(text)]
    for start, next_start in zip(starts, [*starts[1:], len(text)], strict=True):
        end = SITEMAP_ENTRY_END.search(text, start, next_start)
        yield text[start : end.end() if end else next_start]


_STRAY = re.compile(
    r"&(?!(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)([a-zA-Z][a-zA-Z0-9]{1,31};)?|<(?![a-zA-Z_/!?])"
)


def _mended(text: str) -> str:
    """The text with HTML's entities as characters and stray "&" and "<" escaped, CDATA sections as they are."""
    first, *sections = text.split("<![CDATA[")
    mended = [_STRAY.sub(_escaped, first)]
    for section in sections:
        inside, end, after = section.partition("]]>")
        mended += ["<![CDATA[", inside, end, _STRAY.sub(_escaped, after)]
    return "".join(mended)


def _escaped(stray: re.Match[str]) -> str:
    return html.escape(html.unescape(stray[0]) if stray[1] else stray[0])


class _Reader:
    """Collects `pages` from expat's events, so that what was read before an error stays. Reads once.

    Names are told apart by their parents instead of their namespaces, which are often wrong.
    """

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self._path: list[str] = []
        self._field: str | None = None  # being read
        self._depth = 0  # of its element
        self._text: list[str] = []

    def read(self, text: str) -> str | None:
        """Reads a document or a part of one; why it broke off, None when it is well-formed."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            self._close()
            return one_line(str(error), 100)
        return None

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2].lower()
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if name in ("url", "sitemap") and len(self._path) <= 2:
            self.pages.append({})
        elif self.pages and self._field is None:
            if name == "news":
                self.pages[-1]["news"] = ""
            self._field = _FIELDS.get((parent, name))
            self._depth = len(self._path)
            self._text.clear()

    def _end(self, _tag: str) -> None:
        if len(self._path) == self._depth:
            self._close()
        self._path.pop()

    def _close(self) -> None:
        if self._field is not None:
            text = "".join(self._text)[:_LONGEST_FIELD].strip()
            self.pages[-1].setdefault(self._field, text)
            self._field = None
        self._text.clear()
