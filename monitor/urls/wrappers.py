"""Redirecting addresses whose target stands in them: search engines, feed proxies, caches, ways out of a network.

Only services that are known to lead to what they name: a page that merely carries another address in a parameter, to
share it or to come back to it, is a page of its own. Nothing is fetched, so an address that hides its target stays.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, unquote

from monitor.urls.absolute import MAX_LINK, split_http
from monitor.urls.tracking import and_parents

MAX_WRAPPINGS = 3  # one inside the other; more of them is nobody's link

_GOOGLE = re.compile(r"(?:[a-z0-9-]+\.)*google(?:\.com?)?\.[a-z]{2,3}")
_AMP_OF_GOOGLE = re.compile(r"/amp/(s/)?([^/]+\.[^/]+/.+)")
_AMP_OF_CACHE = re.compile(r"/(?:c|v|wp|a)/(s/)?([^/]+\.[^/]+/.+)")
_GOOGLE_NEWS = re.compile(r"/(?:__i/rss/rd/|rss/)?(?:articles|read)/([\w-]{16,})=*")
_ARCHIVED = re.compile(r"/web/[0-9]{4,14}(?:[a-z]{2}_)?/(https?):/{1,2}(.+)")
_AT_THE_END = re.compile(r"/~r/[^?]*?/(https?)(?::|%3A)/{1,2}(.+)", re.IGNORECASE)
_AFTER_A_STAR = re.compile(r"[^?*]*\*+(https?)(?::|%3A)/{1,2}(.+)", re.IGNORECASE)
_YAHOO_SEARCH = re.compile(r".*?/RU=([^/]+)/")
_FEEDSPORTAL = re.compile(r"/c/.*?/l/(0[LM][^/]+)/[a-z0-9]+\.htm")

# What feedsportal.com wrote for characters and for the commonest parts of addresses.
_FEEDSPORTAL_SIGNS = dict(zip("ABCDEFGHIJKPQRTUVWXYZ", "0./?-=&,_%+;|:#$~!()Z", strict=True)) | {
    "L": "http://",
    "M": "https://",
    "N": ".com",
    "O": ".co.uk",
    "S": "www.",
}

# Host, with those under it → the path that redirects (without a slash at the end) → the parameters that may hold the
# target, the likeliest first. A star stands for every path.
_BY_PARAMETER: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "bing.com": {"/news/apiclick.aspx": ("url",)},
    "consent.google.com": {"/m": ("continue",), "/ml": ("continue",)},
    "duckduckgo.com": {"/l": ("uddg",)},
    "flipboard.com": {"/redirect": ("url",)},
    "l.facebook.com": {"/l.php": ("u",)},
    "l.instagram.com": {"": ("u",)},
    "l.messenger.com": {"/l.php": ("u",)},
    "linkedin.com": {"/redir/redirect": ("url",)},
    "lm.facebook.com": {"/l.php": ("u",)},
    "medium.com": {"/r": ("url",)},
    "out.reddit.com": {"*": ("url",)},
    "retriever-info.com": {"/go": ("u",)},
    "safelinks.protection.outlook.com": {"*": ("url",)},
    "slack-redir.net": {"/link": ("url",)},
    "t.umblr.com": {"/redirect": ("z",)},
    "vk.com": {"/away.php": ("to",)},
    "youtube.com": {"/redirect": ("q",)},
}
_OF_GOOGLE = {"/url": ("url", "q"), "/news/url": ("url",), "/imgres": ("imgrefurl",)}


def unwrapped(parts: SplitResult) -> SplitResult:
    """The address at the end of a chain of known redirections that stand one in the other; without any, itself.

    Itself too where the chain is longer than three.
    """
    inner = parts
    for _ in range(MAX_WRAPPINGS):
        target = _target(inner)
        if target is None:
            return inner
        inner = target
    return inner if _target(inner) is None else parts


def _target(parts: SplitResult) -> SplitResult | None:
    """What a known redirecting address leads to; None for any other address, and where that is no web page."""
    host = (parts.hostname or "").rstrip(".")
    found = None
    for name in and_parents(host):
        if name in _BY_PARAMETER:
            paths = _BY_PARAMETER[name]
            names = paths.get(parts.path.rstrip("/").lower()) or paths.get("*", ())
            found = _parameter(parts.query, names)
        elif name in _BY_PLACE:
            found = _BY_PLACE[name](parts)
        if found:
            break
    if found is None and "google." in host and _GOOGLE.fullmatch(host):
        found = _parameter(parts.query, _OF_GOOGLE.get(parts.path.rstrip("/"), ())) or _amp_of_google(parts)
    if found is None or len(found) > MAX_LINK:
        return None
    target = split_http(found)
    # A name without a dot is a machine of the reader's own network.
    return target if target is not None and "." in (target.hostname or "").strip(".") else None


def _parameter(query: str, names: tuple[str, ...]) -> str | None:
    if not names:
        return None
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        values.setdefault(name.lower(), value)
    targets = (unquote(values.get(name, "")) for name in names)
    return next((target for target in targets if target[:4].lower() == "http"), None)


def _rest(parts: SplitResult) -> str:
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _amp_of_google(parts: SplitResult) -> str | None:
    return _amp(_AMP_OF_GOOGLE.fullmatch(_rest(parts)))


def _amp_of_cache(parts: SplitResult) -> str | None:
    return _amp(_AMP_OF_CACHE.fullmatch(_rest(parts)))


def _amp(found: re.Match[str] | None) -> str | None:
    return f"http{'s' if found[1] else ''}://{found[2]}" if found else None


def _at_the_end(pattern: re.Pattern[str]) -> Callable[[SplitResult], str | None]:
    def target(parts: SplitResult) -> str | None:
        found = pattern.fullmatch(_rest(parts))
        return f"{found[1]}://{found[2]}" if found else None

    return target


def _whole_query(parts: SplitResult) -> str | None:
    return unquote(parts.query) if "%3A" in parts.query[:8].upper() else parts.query or None


def _yahoo_search(parts: SplitResult) -> str | None:
    found = _YAHOO_SEARCH.match(parts.path)
    return unquote(found[1]) if found else None


def _google_news(parts: SplitResult) -> str | None:
    """The address in the older form of Google News' article ids: bytes 08 13 22, its length, itself.

    Ids since 2024 hold only a reference, which nobody but Google can look up.
    """
    found = _GOOGLE_NEWS.fullmatch(parts.path)
    if found is None or len(found[1]) > MAX_LINK:
        return None
    try:
        held = urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
        if held[:3] != b"\x08\x13\x22" or len(held) < 6:
            return None
        # The length takes a second byte, worth 128 each, where the first has its highest bit set.
        length, start = (held[3] - 128 + 128 * held[4], 5) if held[3] >= 128 else (held[3], 4)
        address = held[start : start + length].decode("utf-8")
    except ValueError:
        return None
    return address if len(address.encode()) == length and address[:4].lower() == "http" else None


def _feedsportal(parts: SplitResult) -> str | None:
    found = _FEEDSPORTAL.match(parts.path)
    if found is None:
        return None
    try:
        return re.sub("0(.?)", lambda sign: _FEEDSPORTAL_SIGNS[sign[1]], found[1], flags=re.DOTALL)
    except KeyError:
        return None


_BY_PLACE: Mapping[str, Callable[[SplitResult], str | None]] = {
    "bing-amp.com": _amp_of_cache,
    "cdn.ampproject.org": _amp_of_cache,
    "feedproxy.google.com": _at_the_end(_AT_THE_END),
    "feeds.feedburner.com": _at_the_end(_AT_THE_END),
    "feedsportal.com": _feedsportal,
    "href.li": _whole_query,
    "news.google.com": _google_news,
    "r.search.yahoo.com": _yahoo_search,
    "rd.yahoo.com": _at_the_end(_AFTER_A_STAR),
    "web.archive.org": _at_the_end(_ARCHIVED),
}
