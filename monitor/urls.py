"""Links: make them absolute, and bring them to a normal form that says when two links are the same article.

Links for people stay the publisher's own (`resolve`); only the key for comparison is rewritten (`link_key`).
RFC 3986: https://www.rfc-editor.org/rfc/rfc3986
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from w3lib.url import canonicalize_url

# Keys are stored. Raise this number when `link_key` gives another key for the same link.
CANON_VERSION = 1

MAX_LINK = 2048  # code points; browsers and feeds in practice stay below

# User and password stand before the last "@" of the authority (RFC 3986 §3.2.1). Rather too much is hidden than too
# little: a secret's raw quote or bracket must not end it early, so only what ends a query parameter does.
_USERINFO = re.compile(r"//[^\s/?#]*@")
_SECRET_PARAMETER = re.compile(
    r"([?&;#][\w.%-]*(?:token|key|password|passwd|pwd|secret|sig|signature|auth)=)[^&#\s]*", re.IGNORECASE
)

# Only names that say where a reader came from. Never id, p, article, story, page, v, ref, source, uid or q: somewhere
# each of them chooses the article, and two articles under one key is the costlier mistake.
_TRACKERS = frozenset(
    "_ga _gl _hsenc _hsmi _openstat cmp cmpid dclid echobox fbclid ftag gbraid gclid gclsrc guccounter "
    "guce_referrer guce_referrer_sig igsh igshid ito li_fat_id maca mc_cid mc_eid mkt_tok msclkid ncid ocid "
    "oly_anon_id oly_enc_id phpsessid pk_campaign pk_kwd ref_src s_cid srsltid traffic_source ttclid twclid "
    "vero_id wbraid wt.mc_id wt_mc wt_zmc xtcr xtor xts yclid ysclid".split()
)
_TRACKER_PREFIXES = ("utm_", "at_", "ns_", "mtm_", "piwik_", "hsa_")
_TRACKER_PAIRS = frozenset({"partner=rss", "emc=rss"})  # nytimes.com adds them to every link of its feeds

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\t\r\n]+\s*")  # XML pretty-printers fold long links
_BAD_IN_LINK = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
# Of these a link shows nothing, or something else than it leads to; escaped they lead where they led.
_HIDDEN_IN_LINK = re.compile(
    "[ \x80-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e0fff]"
)
_BAD_IN_HOST = re.compile(r"[\s<>\"{}|^`%]|" + _HIDDEN_IN_LINK.pattern)
_EMPTY_ENDS = ("/", ";", "/.", "/..")
_CHEAT = re.compile(r"/\.\.?;")  # to slip past path checks; no article has that address
_SESSION = re.compile(r";jsessionid=[^/?#;]*", re.IGNORECASE)


def resolve(link: str | None, *bases: str | None) -> str | None:
    """The link as an absolute http(s) URL, relative ones taken from the first base that is absolute itself.

    A base's own query is not inherited, as RFC 3986 §5.2.2 would have it for a bare fragment: in a feed's address it is
    where the reader's token stands.

    None for what nobody can follow or should: `javascript:`, `data:`, `tag:`, junk, anything over 2,048 characters.
    """
    if not link or len(link) > MAX_LINK:
        return None
    link = _LINE_BREAKS.sub("", link.strip())
    if not link or _BAD_IN_LINK.search(link):
        return None
    if not _SCHEME.match(link):
        base = next((base for base in bases if _split(base)), None)
        if base is None:
            return None
        try:
            link = urljoin(urlsplit(base)._replace(query="").geturl(), link)
        except ValueError:
            return None
    parts = _split(link)
    if parts is None or len(link) > MAX_LINK:
        return None
    link = parts._replace(scheme=parts.scheme.lower()).geturl()
    return _HIDDEN_IN_LINK.sub(lambda hidden: quote(hidden[0]), link)


def link_key(url: str | None) -> str | None:
    """The link's normal form, for comparison only: equal keys mean the same article.

    http and https, `www.` or not, a slash at the end, the order of parameters, tracking parameters and fragments make
    no difference; path case does. None for no link and for a bare home page, which identifies nothing.
    """
    parts = _split(url)
    if parts is None:
        return None
    try:
        parts = urlsplit(canonicalize_url(parts.geturl(), keep_fragments=True))
        host, port = parts.hostname or "", parts.port
    except ValueError:  # what urllib and the IDNA codec say to host names that are none
        return None
    host = host.strip(".")
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    if not host or _CHEAT.search(parts.path):
        return None
    if ":" in host:
        host = f"[{host}]"  # IPv6
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    path = _SESSION.sub("", parts.path)
    while path.endswith(_EMPTY_ENDS):
        path = path[:-1]
    query = "&".join(pair for pair in parts.query.split("&") if pair and not _is_tracker(pair))
    fragment = parts.fragment if parts.fragment.startswith("!") else ""  # `#!` once addressed pages inside a page
    if not (path or query or fragment):
        return None
    return host + path + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _is_tracker(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return name in _TRACKERS or name.startswith(_TRACKER_PREFIXES) or pair in _TRACKER_PAIRS


def _split(url: str | None) -> SplitResult | None:
    """The parts of an absolute http(s) URL; None for anything else."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # unbalanced brackets, a port that is no number
        return None
    return parts if usable and not _BAD_IN_HOST.search(parts.netloc.rpartition("@")[2]) else None


def without_secrets(url: str) -> str:
    """The URL without user and password, and without the parameters that `redacted` hides."""
    url = _USERINFO.sub("//", url)
    cut, number = _SECRET_PARAMETER.subn(lambda found: found[1][0] if found[1][0] in "?#" else "", url)
    return re.sub(r"(?<=[?#])[&;]+", "", cut).rstrip("?#") if number else url


def redacted(text: str) -> str:
    """The text with the credentials of its URLs hidden: user and password, and parameters such as `token` or `key`."""
    return _SECRET_PARAMETER.sub(r"\1***", _USERINFO.sub("//***@", text))
