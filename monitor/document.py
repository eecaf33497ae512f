"""A body made ready for the XML parser: decoded, without its prolog, bounded, closed again where it was cut off.

All of it is plain text work, before any parser sees the bytes: feedparser slows down without bound on long prologs and
many entries, expands entities, raises on some character references, and believes whatever charset is declared.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from monitor.text import one_line

MAX_ENTRIES = 2_000
MAX_PROLOG = 65_536  # code points before the root element


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An XML document from its root element on."""

    text: str
    root: str  # the root element's name in lower case, without prefix: rss, feed, rdf, urlset, html, …
    netscape: bool  # the DOCTYPE is that of Netscape's RSS 0.91
    truncated: str | None  # why it is known to be cut off; its text then ends after the last complete entry
    problems: tuple[str, ...]


# ── bytes to text ────────────────────────────────────────────────────────────────────────────────────────────────────

# Only encodings of text that feeds use: Python's registry also knows codecs that unescape, decompress or raise at will.
_CHARSETS = frozenset(
    "utf-8 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be ascii cp437 cp850 cp852 cp855 cp857 cp866 cp874 cp932 "
    "cp949 cp950 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-1 iso8859-2 iso8859-3 "
    "iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 "
    "iso8859-15 iso8859-16 koi8-r koi8-u koi8-t mac-roman mac-cyrillic big5 big5hkscs gb2312 gbk gb18030 shift_jis "
    "euc_jp iso2022_jp euc_kr johab tis-620 ptcp154".split()
)
# What publishers mean by these is the larger set that browsers read (WHATWG Encoding Standard).
_WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
}  # fmt: skip

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark its own begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE_STARTS = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"'>]{1,40})[\"']", re.IGNORECASE)
_DECLARED_WITHIN = 4096  # bytes; the HTML standard asks for 1,024, which pages with long heads do not keep
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")

# Bytes a charset cannot read, for each character beyond ASCII that it can; above this it is the wrong charset.
_MAX_UNREADABLE = 0.1

# What XML 1.0 §2.2 forbids; feedparser's strict parser gives up on it, its loose one passes it on or raises.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:[xX]0*([0-9a-fA-F]+)|0*([0-9]+));?")


def decode(
    body: bytes, content_type: str | None, *, declaration: re.Pattern[bytes] = _XML_CHARSET
) -> tuple[str, tuple[str, ...]]:
    """The body as text without characters that XML forbids, and what had to be mended.

    A byte order mark decides, then valid UTF-8 with anything beyond ASCII in it (which no other encoding produces by
    chance), then the Content-Type's charset (RFC 7303 §3), then the document's own `declaration`, then UTF-8.
    """
    text, problem = _decoded(body, content_type, declaration)
    problems = [problem] if problem else []
    text = text.lstrip("\ufeff\x00 \t\r\n")
    text, forbidden = _FORBIDDEN.subn("", text)
    if "&#" in text:
        unreadable = text.count("\ufffd")
        text = _REFERENCE.sub(_readable_reference, text)
        forbidden += text.count("\ufffd") - unreadable
    if forbidden:
        problems.append(f"characters that XML forbids, left out: {forbidden}")
    return text, tuple(problems)


def _decoded(body: bytes, content_type: str | None, declaration: re.Pattern[bytes]) -> tuple[str, str | None]:
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace"), None
    for start, charset in _WIDE_STARTS:
        if body.startswith(start):
            return body.decode(charset, "replace"), None
    header = _HEADER_CHARSET.search(content_type or "")
    declared = declaration.search(body[:_DECLARED_WITHIN])
    named = [header[1]] if header else []
    named += [declared[1].decode("ascii", "replace")] if declared else []
    if _HIGH_BYTE.search(body):
        try:
            return body.decode("utf-8", "surrogatepass"), None  # surrogates are left out with what XML forbids
        except UnicodeDecodeError:
            pass
    for name in (*named, "utf-8"):
        known = _charset(name)
        if known is None or known.startswith(("utf-16", "utf-32")):
            continue  # its bytes do not look like that, whatever it says
        text = body.decode(known, "replace")
        unreadable = text.count("\ufffd")
        if not unreadable:
            return text, None
        readable = len(text) - len(text.encode("ascii", "ignore")) - unreadable
        if unreadable <= _MAX_UNREADABLE * readable:
            return text, f"bytes that are not {known}, left unread: {unreadable}"
    text = body.decode("cp1252", "replace")
    return text, f"the text is not {one_line(' or '.join(named), 80) or 'utf-8'}; it was read as windows-1252"


def _charset(name: str) -> str | None:
    """The Python codec for a declared charset; None for one that is unknown or no encoding of text."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    return _WIDER.get(codec, codec) if codec in _CHARSETS else None


def _readable_reference(reference: re.Match[str]) -> str:
    """The character reference as it stands, U+FFFD for one that stands for no character, ’ for &#146;."""
    digits = reference[1] or reference[2] or ""
    code = int(digits, 16 if reference[1] else 10) if len(digits) <= 7 else 0x110000
    allowed = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    if 0x80 <= code < 0xA0:
        # Written by those who think in windows-1252; HTML reads it so as well (§13.2.5.80 of the WHATWG's standard).
        return bytes([code]).decode("cp1252", "replace")
    return reference[0] if allowed else "\ufffd"


# ── text to document ─────────────────────────────────────────────────────────────────────────────────────────────────

_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)(?=[\s/>])")
FEED_ROOTS = ("rss", "feed", "rdf", "channel")  # the last without its rss, or CDF
SITEMAP_ROOTS = ("urlset", "sitemapindex")
_FEED_INSIDE = re.compile(
    r"<(?:[\w.-]+:)?(rss|feed|rdf|urlset|sitemapindex)(?=\s[^<>]*(?:version|xmlns))", re.IGNORECASE
)
_NOT_ELEMENTS = re.compile(r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE\b([^\[>]*)(\[.*?\]\s*(?=>))?>?", re.DOTALL | re.IGNORECASE)
_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_ENTRY_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
# Not in feeds, where `url` is a part of `image`.
SITEMAP_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:url|sitemap)(?=[\s>])", re.IGNORECASE)
SITEMAP_ENTRY_END = re.compile(r"</(?:[\w.-]+:)?(?:url|sitemap)\s*>", re.IGNORECASE)
_CHANNEL_END = re.compile(r"</channel\s*>", re.IGNORECASE)

# feedparser looks for a mail address in a name in time quadratic in its length: 14 s for 60 KB.
_LONG_NAME = re.compile(
    r"(<(?:[\w.-]+:)?(?:author|creator|managingeditor|webmaster|name)\b[^<>]*>(?:<!\[CDATA\[)?[^<\]]{500})[^<\]]+",
    re.IGNORECASE,
)


def document(text: str) -> Document | str:
    """The document from its root element on; or, when it has none within the first 65,536 characters, why not.

    The prolog (declaration, comments, DTD) is dropped whole: all that feeds have there, beyond the entities that we do
    not expand, is the mark of Netscape's RSS 0.91.
    """
    prolog = text[: MAX_PROLOG + 100]
    # Blanked out rather than cut, so that positions stay those of the text.
    markup = _NOT_ELEMENTS.sub(lambda found: " " * len(found[0]), prolog)
    doctype = _DOCTYPE.search(markup)
    if doctype:
        markup = markup[: doctype.start()] + " " * len(doctype[0]) + markup[doctype.end() :]
    root = _ROOT.search(markup)
    if root is None:
        return f"no element begins within its first {MAX_PROLOG} characters" if len(text) > MAX_PROLOG else "no element"
    if root[1].lower() not in (*FEED_ROOTS, *SITEMAP_ROOTS):
        # Server messages before the feed (`<br /><b>Warning</b>: … <rss`), or a whole page around it.
        root = _FEED_INSIDE.search(markup, root.end()) or root
    problems = []
    if doctype and "<!ENTITY" in doctype[0]:
        problems.append("entities declared in the document were not expanded")
    if markup[: root.start()].strip():
        problems.append("text before the root element was ignored")
    name = root[0][1:]
    if root[1].lower() in SITEMAP_ROOTS:
        cap_problem: tuple[str, ...] = ()  # in no order: `sitemap` reads all to find the newest
        text, truncated = _completed(text[root.start() :], name, SITEMAP_ENTRY, SITEMAP_ENTRY_END)
    else:
        text, cap_problem = _capped(text[root.start() :])
        text, truncated = _completed(text, name, _ENTRY, _ENTRY_END)
    return Document(
        text=_LONG_NAME.sub(r"\1", text),
        root=root[1].lower(),
        netscape=bool(doctype and "netscape" in doctype[0].lower()),
        truncated=truncated,
        problems=(*problems, *cap_problem),
    )


def _capped(text: str) -> tuple[str, tuple[str, ...]]:
    """The document with its first 2,000 entries, and a problem that says so when there were more."""
    starts = [found.start() for found in _ENTRY.finditer(text)]
    if len(starts) <= MAX_ENTRIES:
        return text, ()
    after = [found.end() for found in _ENTRY_END.finditer(text, starts[MAX_ENTRIES])]
    kept = text[: starts[MAX_ENTRIES]] + (text[after[-1] :] if after else "")
    return kept, (too_many(len(starts)),)


def too_many(entries: int) -> str:
    """The problem of a document with more entries than we read."""
    return f"of {entries} entries only the first {MAX_ENTRIES} were read"


def _completed(text: str, root: str, entry: re.Pattern[str], entry_end: re.Pattern[str]) -> tuple[str, str | None]:
    """The document, closed after its last complete entry when its end is missing, and why it is taken to be cut off."""
    if text[: text.find(">")].endswith("/"):
        return text, None
    last_end = 0
    for end in entry_end.finditer(text):
        last_end = end.end()
    if re.compile(rf"</{re.escape(root)}\s*>", re.IGNORECASE).search(text, last_end):
        return text, None
    if root.lower() == "rss" and _CHANNEL_END.search(text, last_end):
        return f"{text}</{root}>", None  # forgotten rather than cut off: nothing can be missing
    first_entry = entry.search(text)
    if last_end:
        text = text[:last_end]
    elif first_entry:
        text = text[: first_entry.start()]
    closing = "</channel>" if root.lower() == "rss" else ""
    return f"{text}{closing}</{root}>", f"it ends without </{root}>"
