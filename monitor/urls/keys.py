"""The form of a link that is compared: equal keys mean the same article."""

from __future__ import annotations

import re
from urllib.parse import SplitResult

from w3lib.url import canonicalize_url

from monitor.urls.absolute import split_http
from monitor.urls.tracking import DEFAULT, LinkRules, kept_pairs
from monitor.urls.wrappers import unwrapped

# Keys are stored. Raise this number when `link_key` gives another key for the same link under the same rules; the
# archive then brings its keys up to date.
CANON_VERSION = 2

# A second home for the same pages. Not every "m." is one: nothing is cut from m.co.uk, nor where each name under a host
# is an author.
_SECOND_HOMES = ("m", "mobile", "mobil", "amp")
_COUNTRY_SUFFIX = re.compile(
    r"(?:ac|co|com|edu|go|gob|gouv|gov|gv|info|ltd|me|mil|ne|net|nom|or|org|plc|sch)\.[a-z]{2}"
)
_OF_AUTHORS = re.compile(
    r"blogspot\.[a-z.]+|(?:blogger|canalblog|ghost|github|gitlab|hatenablog|herokuapp|livejournal|medium|netlify|"
    r"over-blog|pages|substack|tumblr|typepad|vercel|weebly|wixsite|wordpress)\.(?:com|io|app|dev|org)"
)

# Most links are in normal form as they come; not asking w3lib halves the cost of a key.
_PLAIN_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}")
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_,-][A-Za-z0-9_.,~-]*)*/?")

_ESCAPED_TWICE = re.compile(r"&(?:amp;)+")
_SLASHES = re.compile(r"(?<!:)/{2,}")
_EMPTY_ENDS = ("/", ";", "/.", "/..")
_CHEAT = re.compile(r"/\.\.?;")  # to slip past path checks; no article has that address
_SESSION_IN_SEGMENT = re.compile(r";(?:jsessionid|phpsessid)=[^/?#;]*", re.IGNORECASE)
_SESSION_SEGMENT = re.compile(r"/\(S\([0-9a-z]{24}\)\)(?=/)", re.IGNORECASE)  # ASP.NET without cookies
_SESSION = re.compile(r"sid=(?:[0-9a-f]{32}|[0-9a-z]{26})", re.IGNORECASE)
_INDEX_PAGE = re.compile(
    r"/(?:index\.(?:html?|xhtml|shtml|php[345]?|phtml|jsp|jhtml|aspx?|cfm)|default\.(?:html?|aspx?))", re.IGNORECASE
)
_SLUG = re.compile(r"[\d._%-]")  # what the last part of an article's address has, and a section's name has not


def canon(rules: LinkRules) -> str:
    """What keys are made by, for comparison: the version of the form and a digest of the rules."""
    return f"{CANON_VERSION} {rules.digest:x}"


def link_key(url: str | None, rules: LinkRules = DEFAULT) -> str | None:
    """The link's normal form, for comparison only: equal keys mean the same article.

    Upon w3lib's normal form: http and https, `www.`, `m.` and `amp.` or not, AMP's and print's marks, index pages, a
    slash at the end, session ids, the parameters that `rules` drop and fragments make no difference; path case does.
    Known redirecting addresses count as what they lead to, where that stands in them. None for no link and for a bare
    home page, which identifies nothing.
    """
    parts = split_http(url)
    if parts is None:
        return None
    if "&amp;" in parts.query:  # a feed that escaped twice
        parts = parts._replace(query=_ESCAPED_TWICE.sub("&", parts.query))
    plain = _plain(unwrapped(parts))
    if plain is not None and (inner := unwrapped(plain)) is not plain:  # its escapes had hidden what it is
        plain = _plain(inner)
    if plain is None:
        return None
    parts, port = plain, plain.port
    host = site((parts.hostname or "").strip("."))
    if not host or _CHEAT.search(parts.path):
        return None
    pairs = _identifying(kept_pairs(parts.query, rules.for_host(host))) if parts.query else []
    path = _SESSION_SEGMENT.sub("", _SLASHES.sub("/", _SESSION_IN_SEGMENT.sub("", parts.path)))
    path = _page(path, chosen=bool(pairs))
    fragment = parts.fragment if parts.fragment.startswith("!") else ""  # `#!` once addressed pages inside a page
    if not (path or pairs or fragment):
        return None
    if ":" in host:
        host = f"[{host}]"  # IPv6
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    query = "&".join(pairs)
    return host + path + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _plain(parts: SplitResult) -> SplitResult | None:
    """The parts in w3lib's normal form; None for what is no web address."""
    bare = not parts.query and not parts.fragment.startswith(("!", "%"))
    if bare and _PLAIN_PATH.fullmatch(parts.path) and _PLAIN_HOST.fullmatch(parts.netloc):
        return parts
    try:
        return split_http(canonicalize_url(parts.geturl(), keep_fragments=True))
    except ValueError:  # what urllib and the IDNA codec say to host names that are none
        return None


def site(host: str) -> str:
    """The host without the prefixes that are only other doors to the same pages: `www.`, `m.`, `amp.` and the like."""
    while True:
        prefix, _, rest = host.partition(".")
        if "." not in rest:
            return host
        if prefix in _SECOND_HOMES and (_COUNTRY_SUFFIX.fullmatch(rest) or _OF_AUTHORS.fullmatch(rest)):
            return host
        if prefix != "www" and prefix not in _SECOND_HOMES:
            return host
        host = rest


def _page(path: str, *, chosen: bool) -> str:
    """The path without what only says how its page is shown. `chosen`: parameters say which page it is."""
    while True:
        if path.endswith(_EMPTY_ENDS):
            path = path[:-1]
        elif path.endswith(".amp") or (path.endswith("/amp") and _is_article(path[:-4])):
            path = path[:-4]
        elif path.endswith(".amp.html"):
            path = path[:-9] + ".html"
        elif path.startswith("/amp/") and _is_article(path):
            path = path[4:]
        elif "/amp/" in path and _ends_in_number(path):
            path = path.replace("/amp/", "/", 1)
        elif not chosen and (index := _INDEX_PAGE.fullmatch(path, max(0, path.rfind("/")))):
            path = path[: index.start()]
        else:
            return path


def _is_article(path: str) -> bool:
    return _SLUG.search(path, path.rfind("/")) is not None


def _ends_in_number(path: str) -> bool:
    return any(character.isdigit() for character in path[path.rfind("/") :])


def _identifying(pairs: list[str]) -> list[str]:
    """Without a session under the name of `sid`, which elsewhere is the story's id, where there is more to go by."""
    if len(pairs) < 2:
        return pairs
    return [pair for pair in pairs if not _SESSION.fullmatch(pair)] or pairs
