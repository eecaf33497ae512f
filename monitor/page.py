"""A web page → the article on it, as plain text.

trafilatura finds the main text; this module gives it a tree made of bytes that we decoded, and mends by structure what
it does not see: paragraphs that only lead elsewhere, the standfirst above the article, a text that stands only in the
page's JSON-LD. Nothing here knows any site. trafilatura is an extra (`media-monitor[fulltext]`), so it is imported when
the first page comes; of it only the extraction is used, never its fetching.

JSON-LD: https://schema.org/Article. Open Graph: https://ogp.me.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from monitor.document import decode
from monitor.model import NoPage, Page
from monitor.normalise import MAX_TEXT
from monitor.text import clean, fold, html_to_text, one_line, plain_text, written_words

if TYPE_CHECKING:
    from lxml.html import HtmlElement

FEWEST_WORDS = 20  # a page with fewer has no article on it; a short news item has thirty
_MAX_TAGS = 200_000  # the largest article pages have 10,000; a tree of millions takes gigabytes
_LONGEST_TITLE = 300  # code points

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([^\s\"'/>;]{1,40})", re.IGNORECASE)
_HTML_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain")
_HTML_TAG = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta|article|main|div|p)\b", re.IGNORECASE)
_BEGINNING = 65_536  # code points in which a page shows that it is HTML


def warm_up() -> None:
    """Loads trafilatura, which takes a fifth of a second; else the first page does."""
    import trafilatura  # noqa: F401


def extract(body: bytes, *, url: str, content_type: str | None) -> Page | NoPage:
    """The article on a page, or why none was found. `url` is where the page came from, after redirects.

    Never raises for anything a page may hold; MemoryError and a missing trafilatura (ModuleNotFoundError) excepted.
    """
    import lxml.html
    import trafilatura  # noqa: F401  # not inside the try below: that it is missing is no fault of the page

    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind and kind not in _HTML_TYPES:
        return NoPage(why=f"the page is {one_line(kind, 60)}, not a web page")
    text, _ = decode(body, content_type, declaration=_META_CHARSET)
    if not text:
        return NoPage(why="the page is empty")
    if not _HTML_TAG.search(text[:_BEGINNING]):
        return NoPage(why="the page is not HTML")
    if text.count("<") > _MAX_TAGS:
        return NoPage(why=f"the page has over {_MAX_TAGS} tags, which no article has")
    try:
        # As bytes: lxml refuses text that names an encoding of its own.
        parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        tree = lxml.html.document_fromstring(text.encode(), parser=parser)
        return _page(tree, url)
    except MemoryError:
        raise
    except Exception as error:
        return NoPage(why=one_line(f"the page could not be read: {type(error).__name__}: {error}", 200))


def _page(tree: HtmlElement, url: str) -> Page | NoPage:
    about = _linked_data(tree)
    title = _title(tree)
    description = _meta(tree, "og:description", "description", "twitter:description")
    language = _language(tree)
    canonical = _canonical(tree, url)
    standfirst = _standfirst(tree, description)
    obstacle = _obstacle(tree)
    free = not any(str(each.get("isAccessibleForFree")).lower().endswith("false") for each in about)
    _drop_surroundings(tree)
    text = _main_text(tree, url)
    declared_text = _article_body(about)
    if len(text) < _WHOLE * len(declared_text) or _folded(text) == _folded(declared_text):
        text = declared_text  # with its paragraphs, where trafilatura fell back on the same words
    text = _without_title(text, title)
    if standfirst and _folded(standfirst) not in _folded(text):
        text = f"{standfirst}\n{text}"
    words = len(written_words(text))
    if obstacle and words < _STUB_WORDS:
        return NoPage(why=obstacle)
    if words < FEWEST_WORDS:
        return NoPage(why="the page has hardly any text" if free else "the page is for subscribers")
    return Page(text=text[:MAX_TEXT], title=title, language=language, canonical=canonical, free=free)


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# Of trafilatura's own, TEI-like elements: those that begin and end a line.
_LINES = frozenset("ab body cell code div figure fw head item lb list main p quote row table".split())
_MARK = "\x1e"  # stands for a line break until the line breaks of the source have become spaces

# Paragraphs are looked at singly; a whole text inside one link is no signpost.
_PARAGRAPHS = "p li h2 h3 h4 h5 h6 strong em b i".split()
_SIGNPOST_WORDS = 40  # a signpost with its headline is shorter
_SIGNPOST_LABEL = 5  # words outside the link: "Read more about the subject:"

_STANDFIRST_WORDS = 5  # a shorter description is a label
_FEW_CHILDREN = 5  # an element with more is no paragraph

# When the page shows less than this share of the text that it gives as the article's, the rest is drawn by scripts.
_WHOLE = 0.5


def _main_text(tree: HtmlElement, url: str) -> str:
    """The main text as trafilatura sees it; empty when it sees none."""
    from trafilatura import bare_extraction

    # No deduplication: it remembers other pages, and the same bytes must give the same text.
    document = bare_extraction(tree, url=url, include_comments=False, include_tables=True, deduplicate=False)
    body = getattr(document, "body", None)
    return _lines_of(body) if body is not None else ""


def _lines_of(body: Any) -> str:
    from lxml import etree

    pieces = []
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if element.tag in _LINES:
            pieces.append(_MARK)
        pieces.append((element.text if event == "start" else element.tail) or "")
    return plain_text("\n".join(" ".join(line.split()) for line in "".join(pieces).split(_MARK)))


def _drop_surroundings(tree: HtmlElement) -> None:
    """Takes out what leads elsewhere: navigation, footers, and paragraphs that are a link with a label before it.

    trafilatura does without the former two as well, except on a page with so little text that it takes all of it.
    """
    for surrounding in list(tree.iter("nav", "footer")):
        if surrounding.getparent() is not None:
            surrounding.drop_tree()
    for paragraph in list(tree.iter(_PARAGRAPHS)):
        links = paragraph.findall(".//a[@href]")
        if not links or paragraph.getparent() is None:
            continue
        words = len(written_words(paragraph.text_content()))
        linked = sum(len(written_words(link.text_content())) for link in links)
        if linked and words <= _SIGNPOST_WORDS and words - linked <= min(_SIGNPOST_LABEL, linked):
            paragraph.drop_tree()


def _without_title(text: str, title: str | None) -> str:
    """The text less a first line that repeats the title, which the article has already."""
    first, _, rest = text.partition("\n")
    return rest if title and rest and _folded(first) == _folded(title) else text


def _standfirst(tree: HtmlElement, description: str | None) -> str | None:
    """The paragraph that the page itself declares as its summary, where it can be read on the page; None: nowhere."""
    if description is None:
        return None
    wanted = _folded(description.rstrip(".… "))
    if len(wanted.split()) < _STANDFIRST_WORDS:
        return None
    for element in tree.iter("p", "h2", "h3", "h4", "div", "span", "strong", "li"):
        if len(element) > _FEW_CHILDREN:
            continue
        text = " ".join(element.text_content().split())
        if len(text) <= 2 * len(description) and _folded(text).startswith(wanted):
            return plain_text(text)
    return None


def _folded(text: str) -> str:
    """The words of a text alone, to compare by."""
    return " ".join(written_words(fold(text)))


# ── the page and the feed ────────────────────────────────────────────────────────────────────────────────────────────

_ENOUGH_TEASER = 8  # telling words of a feed's text, from which on it can tell whether a page is the article
_SAME_ARTICLE = 0.3  # of the feed's telling words must be on the page; a summary has words of its own
_SAME_TITLE = 0.5  # the same, where the title is nearly all there is to compare
_SAID_BY_PAGE = 0.8  # of the feed's telling words: its text is the beginning of the page's, or a summary of it


def full_text(page: Page, *, title: str, feed_text: str) -> str | NoPage:
    """The text to keep for an article of which the feed gives this title and text; or why the page's does not do.

    Where the feed's text says what the page does not, it stands before the page's: what a feed said is never lost.
    """
    if len(page.text) <= len(feed_text):
        return NoPage(why="the page has no more text than the feed")
    teaser, on_page = _telling(feed_text), _telling(page.text)
    shared = _share(teaser | _telling(title), on_page | _telling(page.title or ""))
    if shared < (_SAME_ARTICLE if len(teaser) >= _ENOUGH_TEASER else _SAME_TITLE):
        return NoPage(why="the page does not seem to be the article")
    if _share(teaser, on_page) >= _SAID_BY_PAGE:
        return page.text
    return f"{feed_text}\n{page.text}"[:MAX_TEXT]


def _telling(text: str) -> frozenset[str]:
    """The folded words that tell texts apart: long ones, and those of scripts that write without spaces."""
    return frozenset(word for word in written_words(fold(text)) if len(word) > 3 or not word.isascii())


def _share(of: frozenset[str], within: frozenset[str]) -> float:
    """How many of these words are among those; 1 when there are none."""
    return len(of & within) / len(of) if of else 1.0


# ── what the page says of itself ─────────────────────────────────────────────────────────────────────────────────────

_MAX_LINKED_DATA = 1_000_000  # code points of one block
_DEEPEST = 6  # levels of JSON-LD in which an article is looked for
_NAMES_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


def _linked_data(tree: HtmlElement) -> tuple[dict[str, Any], ...]:
    """Every object in the page's JSON-LD, outer ones first."""
    found: list[dict[str, Any]] = []
    for script in tree.iter("script"):
        if "ld+json" in (script.get("type") or "") and script.text and len(script.text) <= _MAX_LINKED_DATA:
            try:
                # Line breaks inside strings are forbidden and common.
                found.extend(_objects(json.loads(script.text, strict=False), _DEEPEST))
            except (ValueError, RecursionError):
                continue
    return tuple(found)


def _objects(value: Any, levels: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list) and levels:
        for each in value:
            yield from _objects(each, levels - 1)


def _article_body(about: tuple[dict[str, Any], ...]) -> str:
    """The longest text that the JSON-LD gives as an article's; empty when it gives none."""
    texts = [each["articleBody"] for each in about if isinstance(each.get("articleBody"), str)]
    text = unescape(max(texts, key=len, default=""))
    return html_to_text(text) if "</" in text else plain_text(text)


def _meta(tree: HtmlElement, *names: str) -> str | None:
    """The content of the first of these <meta> that has any, on one line."""
    contents: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("http-equiv") or ""
        contents.setdefault(name.strip().lower(), " ".join(clean(unescape(element.get("content") or "")).split()))
    return next((contents[name] for name in names if contents.get(name)), None)


def _title(tree: HtmlElement) -> str | None:
    heading = next((" ".join(clean(h1.text_content()).split()) for h1 in tree.iter("h1")), "")
    title = heading or _meta(tree, "og:title", "twitter:title") or clean(tree.findtext(".//title") or "")
    return one_line(title, _LONGEST_TITLE) or None


def _language(tree: HtmlElement) -> str | None:
    root = tree.get("lang") or tree.get("xml:lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang")
    for named in (root, _meta(tree, "og:locale", "content-language", "language")):
        if named and (tag := _NAMES_LANGUAGE.match(named.strip())):
            return tag[0].replace("_", "-")
    return None


def _canonical(tree: HtmlElement, url: str) -> str | None:
    named = [link.get("href") for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split()]
    for address in (*named, _meta(tree, "og:url")):
        if address:
            try:
                absolute: str = urljoin(url, address.strip())
            except ValueError:
                continue
            if absolute.startswith(("http://", "https://")):
                return absolute
    return None


# ── pages that are no article ────────────────────────────────────────────────────────────────────────────────────────

_STUB_WORDS = 100  # what a page that only stands in the way says at most
_CHALLENGE = re.compile(r"captcha|challenge-platform|cf-chl|_incapsula_|datadome|perimeterx", re.IGNORECASE)
_CONSENT = re.compile(r"consent|gdpr|cookie-?wall", re.IGNORECASE)


def _obstacle(tree: HtmlElement) -> str | None:
    """What a page with little text on it shows in place of an article; None: nothing we know."""
    named = " ".join(
        value
        for element in tree.iter("script", "iframe", "form", "div", "section", "body")
        for name in ("src", "action", "id", "class")
        if (value := element.get(name))
    )
    if _CHALLENGE.search(named):
        return "the page wants to be shown that a browser asks"
    if any((field.get("type") or "").lower() == "password" for field in tree.iter("input")):
        return "the page wants a login"
    if any(_CONSENT.search(form.get("action") or form.get("id") or "") for form in tree.iter("form")):
        return "the page wants consent first"
    return None
